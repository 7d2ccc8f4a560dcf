"""The calendar of a series: zones as rows, time as the axis, what each look shows, and the windows of events.

Readable without colour: what was seen is a filled block with its length, nothing an open ring, unknown a hatched block
with a letter for its cause; a line follows one thing, dashed where it must have come or gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imagery_diff.result_series import NO, UNKNOWN, YES
from imagery_diff.write.drawing import Sheet, fitted, measure, wrapped
from imagery_diff.write.figure import png_bytes
from imagery_diff.write.retold import REJECTED
from imagery_diff.write.words import review_words, stamp_of

if TYPE_CHECKING:
    from PIL.Image import Image

    from imagery_diff.write.retold_series import RetoldCell, RetoldSeries

_WIDTH, _MARGIN, _LABELS = 2400, 36, 470
_ROW, _HEAD, _AXIS = 62, 150, 120
_TEXT, _SMALL, _TITLE = 25, 20, 40
_APART = 46.0
"""Least distance of two looks, figure pixels; closer ones are spread, and a line leads to their true time."""
_COLOURS = {"vessel": "#0072B2", "cargo": "#D55E00", "rail": "#009E73"}
"""Okabe and Ito 2008, 10.1038/nmeth.1618 (Wong 2011)."""
_BAR_AT, _BAR_WIDE = 22.0, 9.0
"""Where the column of a yard's fill stands beside its mark, and how wide it is: looks lie 46 apart at least."""
_GREY, _LIGHT, _FAINT = "#595959", "#B8B8B8", "#E4E4E4"
_CAUSES = {
    "cloud": "C",
    "haze": "H",
    "shadow": "S",
    "snow": "W",
    "nodata": "N",
    "outside": "N",
    "not covered": "N",
    "floor": "F",
    "ambiguous": "A",
    "it differs there": "A",
    "it does not lie surely": "N",
    "present or permanent": "P",
    "a search area": "L",
    "a lasting change": "B",
    "something": "U",
    "what would be missed": "F",
    "a stretch of": "R",
    "m of it in a run": "R",  # as it was said until November 2026
    "compared with": "D",
    "a thing that another look": "D",
    "what was told there was rejected": "V",
}
_CAUSE_WORDS = (
    "C cloud, H haze, S shadow, W snow, N not covered, F how small a thing would be missed is not known or too much,"
    " A ambiguous background, P present or permanent, L not located, B a lasting change, U something of unclear kind,"
    " R a long run of it not seen, D another look denies it, V rejected in a review, X other"
)


def picture(found: RetoldSeries) -> Image:
    """Draw the calendar."""
    return _draw(found).image


def timeline_png(found: RetoldSeries) -> bytes:
    """Return timeline.png, with its credit in the file."""
    rendered = stamp_of(found.images) if found.simulated else None
    return png_bytes(picture(found), found.credit, "imagery_diff timeline", rendered)


@dataclass(frozen=True, kw_only=True)
class _Axis:
    """Where looks lie."""

    at: dict[int, float]
    """Look -> x of its column."""
    true: dict[int, float]
    """Look -> x of its time."""

    @classmethod
    def of(cls, found: RetoldSeries) -> _Axis:
        left, right = _MARGIN + _LABELS + 30.0, _WIDTH - _MARGIN - 30.0
        times = [look.time.timestamp() for look in found.looks]
        span = max(times[-1] - times[0], 1.0)
        true = [left + (t - times[0]) / span * (right - left) for t in times]
        apart = min(_APART, (right - left) / max(len(times) - 1, 1))
        placed = list(true)
        for k in range(1, len(placed)):
            placed[k] = max(placed[k], placed[k - 1] + apart)
        placed[-1] = min(placed[-1], right)
        for k in range(len(placed) - 2, -1, -1):
            placed[k] = min(placed[k], placed[k + 1] - apart)
        numbers = [look.number for look in found.looks]
        return cls(at=dict(zip(numbers, placed, strict=True)), true=dict(zip(numbers, true, strict=True)))


def _draw(found: RetoldSeries) -> Sheet:
    rows = found.asked
    notes = [line for note in _notes(found) for line in wrapped(note, _WIDTH - 2 * _MARGIN, _SMALL)]
    top = _HEAD + (46 if found.simulated else 0) + _AXIS
    foot = top + _ROW * len(rows) + 24
    sheet = Sheet(_WIDTH, foot + round(1.4 * _SMALL * len(notes)) + _MARGIN)
    y = float(_MARGIN - 8)
    if found.simulated:
        sheet.text(stamp_of(found.images), _MARGIN, y, 32, colour="#B00020", weight="bold")
        y += 46
    sheet.text(
        fitted(f"What stood where: {found.place}", _WIDTH - 2 * _MARGIN, _TITLE), _MARGIN, y, _TITLE, weight="bold"
    )
    first, last = found.looks[0].time, found.looks[-1].time
    span = f"{len(found.looks)} looks, {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"
    hours = f", {found.summary['local_hours']}" if found.summary["local_hours"] else ""
    sheet.text(fitted(span + hours, _WIDTH - 2 * _MARGIN, _TEXT), _MARGIN, y + 54, _TEXT, colour=_GREY)
    axis = _Axis.of(found)
    _draw_axis(sheet, found, axis, top)
    for number, name in enumerate(rows):
        _row(sheet, found, name, axis, top + number * _ROW, shaded=number % 2 == 1)
    y = float(foot)
    for note in notes:
        sheet.text(note, _MARGIN, y, _SMALL, colour=_GREY)
        y += 1.4 * _SMALL
    return sheet


def _notes(found: RetoldSeries) -> list[str]:
    return [
        (
            "Filled: seen, with its length in metres (blue vessel-like, orange like goods, green like rail cars). Ring:"
            " nothing of the reported size was detected, and it would hardly have been missed. Hatched: unknown."
            " Line: one thing from look to look; dashed: between these looks it came or went."
        ),
        f"Unknown: {_CAUSE_WORDS}.",
        *(
            ["Column beside a yard: how much of its clear ground goods cover, black at least, grey at most."]
            if any(c.fill is not None for c in found.cells.values())
            else []
        ),
        f"{review_words(found.reviews, found.reviewers, 'findings')}.{_rejected_words(found)}",
        f"Credit: {found.credit}",
    ]


def _rejected_words(found: RetoldSeries) -> str:
    """Name what a reviewer rejected; it is not drawn, and its cells are unknown."""
    names = [track.id for track in found.tracks if track.review == REJECTED]
    return f" Rejected and not drawn: {', '.join(names)}." if names else ""


def _draw_axis(sheet: Sheet, found: RetoldSeries, axis: _Axis, top: int) -> None:
    """Write the day of each look over its column, and lead from the column to its true time."""
    base = top - _AXIS + 6.0
    sheet.line([(min(axis.true.values()), base), (max(axis.true.values()), base)], _GREY, 2)
    last_day, last_x = "", -1e9
    for look in found.looks:
        x, true = axis.at[look.number], axis.true[look.number]
        sheet.line([(true, base - 7), (true, base + 7)], _GREY, 2)
        sheet.line([(true, base + 7), (x, base + 30)], _LIGHT, 1.5)
        day, hour = f"{look.time:%d %b}", f"{look.time:%H:%M}"
        room = x - last_x
        if day != last_day and room > measure(day, _SMALL)[0] + 8:
            sheet.text(day, x - measure(day, _SMALL)[0] / 2, base + 36, _SMALL, weight="bold")
            last_x, last_day = x, day
        if (
            min((abs(x - other) for n, other in axis.at.items() if n != look.number), default=1e9)
            > measure(hour, 15)[0]
        ):
            sheet.text(hour, x - measure(hour, 15)[0] / 2, base + 66, 15, colour=_GREY)


def _row(sheet: Sheet, found: RetoldSeries, name: str, axis: _Axis, top: float, *, shaded: bool) -> None:
    """Draw one zone."""
    zone = found.zones[name]
    if shaded:
        sheet.area(
            [(_MARGIN, top), (_WIDTH - _MARGIN, top), (_WIDTH - _MARGIN, top + _ROW), (_MARGIN, top + _ROW)], "#F6F6F6"
        )
    sheet.text(fitted(found.title_of(name), _LABELS - 20, _TEXT), _MARGIN + 6, top + 6, _TEXT)
    kind = str(found.cells[name, 1].asked)
    sheet.text(f"{kind}, {zone.kind}", _MARGIN + 6, top + 36, 16, colour=_GREY)
    middle = top + _ROW / 2
    for track in found.tracks:
        if track.zone != name or track.kind != kind or track.review == REJECTED:
            continue
        colour = _COLOURS[kind]
        sheet.line([(axis.at[track.first], middle), (axis.at[track.last], middle)], colour, 6)
        for one, other in ((track.absent_before, track.first), (track.last, track.absent_after)):
            if one is not None and other is not None:
                sheet.line([(axis.at[one], middle), (axis.at[other], middle)], colour, 3, dashes=(3, 2))
    for look in found.looks:
        cell = found.cells[name, look.number]
        _mark(sheet, cell, kind, axis.at[look.number], middle)
        _bar(sheet, cell, axis.at[look.number], middle)


def _bar(sheet: Sheet, cell: RetoldCell, x: float, y: float) -> None:
    """Draw how full a yard was beside its mark: an open column of the whole, dark up to the least, grey to the most."""
    if cell.fill is None:
        return
    left, right, foot, tall = x + _BAR_AT, x + _BAR_AT + _BAR_WIDE, y + _ROW / 2 - 6, _ROW - 12.0
    low, high = (foot - share * tall for share in cell.fill)
    sheet.area([(left, foot - tall), (right, foot - tall), (right, foot), (left, foot)], "#FFFFFF")
    sheet.area([(left, high), (right, high), (right, low), (left, low)], _LIGHT)
    sheet.area([(left, low), (right, low), (right, foot), (left, foot)], "#000000")
    sheet.line([(left, foot), (left, foot - tall), (right, foot - tall), (right, foot), (left, foot)], _GREY, 1.5)


def _mark(sheet: Sheet, cell: RetoldCell, kind: str, x: float, y: float) -> None:
    state = cell.states[kind]
    half = 20.0
    if state == YES:
        sheet.area([(x - half, y - 17), (x + half, y - 17), (x + half, y + 17), (x - half, y + 17)], _COLOURS[kind])
        label = "" if cell.longest_m is None else f"{cell.longest_m:.0f}"
        sheet.text(label, x - measure(label, 19, "bold")[0] / 2, y - 10, 19, colour="#FFFFFF", weight="bold")
    elif state == NO:
        turn = np.linspace(0.0, 2 * np.pi, 33)
        disc = [(x + 8 * np.cos(a), y + 8 * np.sin(a)) for a in turn]
        sheet.area(disc, "#FFFFFF")
        sheet.line(disc, _GREY, 2.5)
    elif state == UNKNOWN:
        box = [(x - 14, y - 14), (x + 14, y - 14), (x + 14, y + 14), (x - 14, y + 14)]
        sheet.area(box, _FAINT)
        for step in (-14, -4, 6):
            sheet.line([(x + step, y + 14), (x + min(step + 28, 14), y + 14 - (min(step + 28, 14) - step))], _LIGHT, 2)
        sheet.line([*box, box[0]], _LIGHT, 1.5)
        letter = cause_letter(cell.reason)
        sheet.text(letter, x - measure(letter, 17, "bold")[0] / 2, y - 9, 17, colour=_GREY, weight="bold")


def cause_letter(reason: str | None) -> str:
    """Return the letter of a cause; X of one that has none.

    >>> cause_letter("floor too large: 80 m"), cause_letter("a stretch of 17 m of it was not seen"), cause_letter(None)
    ('F', 'R', 'X')

    """
    why = (reason or "").lstrip("0123456789 ")
    return next((letter for words, letter in _CAUSES.items() if why.startswith(words)), "X")
