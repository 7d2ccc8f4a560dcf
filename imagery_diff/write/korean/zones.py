"""What is said of a zone in Korean: absence only of a detection, only in the share that was clear.

What was not seen (관측되지 않음) is never called absent (없음).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from imagery_diff.write.korean import words
from imagery_diff.write.korean.clauses import clause
from imagery_diff.write.korean.particles import with_particle
from imagery_diff.write.zone_sentences import SOUGHT, share_words, widest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imagery_diff.result import Floor, ZoneState


def describe_zone(state: ZoneState) -> str:
    """Say what is known of a zone; see :func:`imagery_diff.write.zone_sentences.describe_zone`."""
    return _zone(state, share_words(state.clear_fraction), _lost(state))


def describe_zones(states: Sequence[ZoneState]) -> str:
    """Say the same of several zones of one state and kind, with the span of what was clear."""
    if len(states) == 1:
        return describe_zone(states[0])
    least, most = (share_words(end(state.clear_fraction for state in states)) for end in (min, max))
    span = least if least == most else f"{least.removesuffix('%')}~{most.replace('all', '100%')}"
    return _zone(widest(states), span, "")


def cause(name: str) -> str:
    """Name why something was not seen or searched; one that is not known here stays English, and says so."""
    return words.CAUSES.get(name, f"{words.ENGLISH} {name}")


def _lost(state: ZoneState) -> str:
    lost = ", ".join(f"{cause(name)} {part:.0%}" for name, part in state.unknown.items() if part >= 0.005)  # noqa: PLR2004
    return f"(나머지: {lost})" if lost else ""


def _area(state: ZoneState) -> str:
    return "구역" if state.zone.located else "탐색 구역"


def _seen(area: str, share: str, lost: str, how: tuple[str, str]) -> str:
    """Say how much of a zone was seen, with why the rest was not."""
    if share == "none":
        return f"{area}에서 {how[1]} 곳이 전혀 없다{lost}"
    whole = "전부" if share == "all" else f"가운데 {words.share(share)}"
    return f"{area} {with_particle(whole, '이/가')} {how[0]}{lost}"


def _only(area: str, share: str, lost: str, how: tuple[str, str]) -> str:
    """Say the same where it is too little to say anything of the zone."""
    if share == "none":
        return f"알 수 없음: {_seen(area, share, lost, how)}"
    return f"알 수 없음: {area} 가운데 {words.share(share)}만 {how[0]}{lost}"


_SEARCHED = ("맑게 관측되어 탐색되었다", "맑게 관측되어 탐색된")
_CLEAR = ("맑게 관측되었다", "맑게 관측된")
"""What was done with the ground, as a predicate and before a noun."""
_LEFT_OUT = "관심 영역(AOI)의 지정에 따라 제외"


def _zone(state: ZoneState, share: str, lost: str) -> str:
    area, sought = _area(state), SOUGHT.get(state.zone.kind)
    if state.state == "ignored":
        return _LEFT_OUT
    if state.state == "unknown":
        return _only(area, share, lost, _SEARCHED)
    if state.state in {"flagged", "look at this"}:
        ids = f"{', '.join(state.regions)}{'. ' if state.regions else ''}"
        under = f"구름 마스크에 가린 {', '.join(state.look_at)}: 눈으로 확인할 것. " if state.look_at else ""
        return f"{ids}{under}{_seen(area, share, lost, _SEARCHED)}{_filled(state)}{_missed(state, one=False)}"
    thing = with_particle(words.noun(sought) if sought else "변화", "은/는")
    where = f"{area} 가운데 {_SEARCHED[1]} {words.share(share)}{lost}에서"
    if share == "all":
        where = f"{area} 전부가 맑게 관측되어 탐색되었고, 거기에서"
    return f"{where} {thing} 탐지되지 않았다{_missed(state, one=True)}"


def _filled(state: ZoneState) -> str:
    """Say what share of a yard's clear ground came under things, or was cleared of them; two limits."""
    said = []
    for limits, what in (
        (state.fill_gained, "화물로 보이는 것이 나타나 맑게 관측된 지면의 {}를 덮고 있다"),
        (state.fill_lost, "화물로 보이던 것이 사라진 자리는 맑게 관측된 지면의 {}였다"),
    ):
        if limits is not None and limits[1] > 0:
            low, high = math.floor(100 * limits[0]), math.ceil(100 * limits[1] - 1e-9)
            said.append(". " + what.format(f"{low}~{high}%"))
    return "".join(said)


def _missed(state: ZoneState, *, one: bool) -> str:
    own = SOUGHT.get(state.zone.kind)
    ordered = sorted(state.floors.items(), key=lambda item: item[0] != own)
    return "".join(
        f". {floor_words(floor, '그런 것' if one and thing == own else words.noun(thing))}" for thing, floor in ordered
    )


def floor_words(floor: Floor, what: str, *, there: bool = False) -> str:
    """Say how large something must be to be missed at most one time in ten; or why that cannot be said."""
    if floor.d90_high_m is None:
        reason = clause(floor.reason) if floor.reason else "이유가 주어지지 않음"
        return f"얼마나 작은 {with_particle(what, '을/를')} 놓치는지는 말할 수 없다: {reason}"
    long = math.ceil(floor.d90_high_m - 1e-6)
    place = "거기에서 " if there else ""
    return (
        f"시험한 색이고 {long} m 이상이라면, {with_particle(what, '을/를')} {place}놓치는 일은 많아야 열 번에 한 번이다"
    )


def missed_there(state: ZoneState, activity: str) -> str:
    """Say how large a thing of a region's class would be missed there; nothing where it cannot be said."""
    floor = state.floors.get(activity)
    if floor is None or floor.d90_high_m is None:
        return ""
    return floor_words(floor, "그런 것", there=True)


def describe_looked_zone(state: ZoneState) -> str:
    """Say what one image showed of a zone."""
    share, area, lost = share_words(state.clear_fraction), _area(state), _lost(state)
    seen = _seen(area, share, lost, _CLEAR)
    return {
        "candidates": f"{', '.join(state.regions)}. {seen}",
        "nothing stood out": f"물 위에서 두드러지는 것이 없었다. {seen}",
        "not told": f"영상 한 장으로는 판단할 수 없다. {seen}",
        "unknown": _only(area, share, lost, _CLEAR),
        "ignored": _LEFT_OUT,
    }[state.state]
