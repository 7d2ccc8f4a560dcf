"""What is said of a series in Korean, from its documents: its headline, its events, and what each look shows.

A sentence is told piece by piece; a piece of no known form stays English and says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imagery_diff.mark import ALTERED
from imagery_diff.result_series import NO, YES
from imagery_diff.write import words as english
from imagery_diff.write.korean import words
from imagery_diff.write.korean.clauses import STAND_IN, told
from imagery_diff.write.report.series import least_calls

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from imagery_diff.write.retold_series import RetoldCell, RetoldLook, RetoldSeries

_SIMULATED = {"Rendered scene: ": "합성 장면: ", "Altered image: ": "변경된 영상: "}


def headline(found: RetoldSeries) -> str:
    """Say in a sentence how much was seen to change; calls are lower bounds, and silence is only of what was seen."""
    summary, number = found.summary, len(found.kept_events)
    used = sum(look.refused is None for look in found.looks)
    changes = f"상태 변화 {number}건이 관측됨" if number else "상태 변화가 관측되지 않음"
    calls = least_calls(summary["visits"])
    least = f"; 세는 크기의 선박 입항 최소 {calls}회" if calls else ""
    said = f"{found.place}: 쓸 수 있는 관측 {used}회에서 {changes}{least}."
    if not found.simulated:
        return said
    return f"{'변경된 영상' if ALTERED in found.credit else '합성 장면'}: {said}"


def event_words(event: Mapping[str, Any], found: RetoldSeries) -> str:
    """Tell an event's sentence."""
    text = str(event["description"])
    start = next((start for start in _SIMULATED if text.startswith(start)), "")
    zone = found.zones[event["zone"]]
    timezone = zone.timezone or found.timezone
    sides = [_look_at(found, event[side]) for side in ("not_before", "not_after")]
    windows = {}
    if sides[0] and sides[1]:
        pair = sides[0].info, sides[1].info
        windows = {english.window_of(*pair, timezone): words.window_of(*pair, timezone)}
    return f"{_SIMULATED.get(start, '')}{_pieces(text[len(start) :].rstrip('.'), windows, found, timezone)}."


def _look_at(found: RetoldSeries, moment: str | None) -> RetoldLook | None:
    return next((look for look in found.looks if f"{look.time:%Y-%m-%dT%H:%M:%SZ}" == moment), None)


def state_words(cell: RetoldCell, found: RetoldSeries, length: str | None) -> str:
    """Say what a look shows of a zone, hedged."""
    state = cell.states[str(cell.asked)]
    if state == YES:
        return "관측됨" if length is None else f"관측됨: {length}"
    if state == NO:
        return "보고 대상 크기의 것이 탐지되지 않음"
    # Where there is no room its end is cut off: what is left must not begin to say that the zone is empty.
    return f"알 수 없음: {reason_words(cell, found)}; 비어 있다는 뜻이 아님"


def reason_words(cell: RetoldCell, found: RetoldSeries) -> str:
    """Tell why a state is unknown."""
    if not cell.reason:
        return "까닭이 적혀 있지 않음"
    if cell.reason in words.CAUSES:
        return words.CAUSES[cell.reason]
    return _pieces(cell.reason, {}, found, cell.zone.timezone or found.timezone)


def _pieces(text: str, windows: Mapping[str, str], found: RetoldSeries, timezone: str | None) -> str:
    """Tell a text piece by piece, moments by themselves."""
    moments = {**windows, **dict(_moments(found, timezone))}
    put = {}
    for number, (theirs, ours) in enumerate(moments.items()):
        if theirs in text:
            put[chr(STAND_IN + number)] = (theirs, ours)
            text = text.replace(theirs, chr(STAND_IN + number))

    def back(piece: str, side: int) -> str:
        for sign, pair in put.items():
            piece = piece.replace(sign, pair[side])
        return piece

    whole = told(text)
    if whole is not None:
        return back(whole, 1)
    made = [(piece, told(piece)) for piece in text.split("; ")]
    return "; ".join(f"{words.ENGLISH} {back(piece, 0)}" if said is None else back(said, 1) for piece, said in made)


def _moments(found: RetoldSeries, timezone: str | None) -> Iterator[tuple[str, str]]:
    for look in found.looks:
        for clock in dict.fromkeys((timezone, found.timezone, None)):
            yield english.local_time(look.time, clock), words.local_time(look.time, clock)
