"""The contact sheet of a series: each zone on each look at the frame's own pixels, under one stretch, marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from imagery_diff.result_series import KINDS, NO, UNKNOWN, YES
from imagery_diff.write.drawing import Sheet, fitted, measure, to_pixels, wrapped
from imagery_diff.write.figure import png_bytes
from imagery_diff.write.model import zone_title
from imagery_diff.write.timeline_figure import cause_letter
from imagery_diff.write.words import stamp_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image
    from shapely.geometry.base import BaseGeometry

    from imagery_diff.grid import Grid
    from imagery_diff.result_series import Cell, Timeline
    from imagery_diff.write.drawing import Canvas

_MARGIN, _GAP, _LABELS = 36, 14, 300
_CHIP_PX = 300
"""Longest side of a chip; its pixels are drawn a whole number of times as large."""
_TEXT, _SMALL, _TITLE = 22, 17, 36
_PERCENTILES = (0.5, 99.5)
_BAND = 19
_BESIDE = 1.0
"""Pixels between a thing and the line around it."""
_RENDERED = "RENDERED, NOT A SATELLITE IMAGE"
_GREY, _MARK = "#595959", "#F0E442"


def contact_sheet_png(found: Timeline) -> bytes:
    """Return contact_sheet.png, with its credit in the file."""
    rendered = stamp_of([look.info for look in found.looks]) if found.simulated else None
    return png_bytes(contact_sheet(found), found.credit, "imagery_diff timeline", rendered)


def contact_sheet(found: Timeline) -> Image:
    """Draw each zone on each look."""
    names = [n for n in dict.fromkeys(c.zone.name for c in found.cells) if n in found.windows]
    times = {n: _times(found.windows[n]) for n in names}
    sizes = {n: tuple(side * times[n] for side in found.windows[n].shape) for n in names}
    wide = max([w for _, w in sizes.values()], default=_CHIP_PX) + _GAP
    head = 150 + (40 if found.simulated else 0)
    note = (
        "One stretch for all, in the numbers of one look. Yellow outline: what was told there. Y seen, o nothing of the"
        " reported size, ? unknown with the letter of its cause as in timeline.png; grey: not seen clearly."
    )
    width = max(_MARGIN * 2 + _LABELS + wide * len(found.looks), 1100)
    notes = wrapped(f"{note} Credit: {found.credit}", width - 2 * _MARGIN, _SMALL)
    tops, y = {}, head
    for name in names:
        tops[name], y = y, y + max(sizes[name][0], 56) + 34
    sheet = Sheet(width, y + round(1.5 * _SMALL * len(notes)) + _MARGIN)
    _title(sheet, found, width)
    for k, look in enumerate(found.looks):
        x = _MARGIN + _LABELS + k * wide
        sheet.text(f"{look.time:%d %b %Y}", x, head - 52, _SMALL, weight="bold")
        sheet.text(f"{look.time:%H:%M} UTC", x, head - 30, _SMALL, colour=_GREY)
    low, high, bands = stretch_of_series(found)
    cells = {(c.zone.name, c.look): c for c in found.cells}
    for name in names:
        zone = found.aoi.zone(name)
        for number, line in enumerate(wrapped(zone_title(zone), _LABELS - 24, _TEXT)[:3]):
            sheet.text(line, _MARGIN, tops[name] + 27 * number, _TEXT)
        for k, look in enumerate(found.looks):
            x = _MARGIN + _LABELS + k * wide
            image = shown_chip(found.chips.get((name, look.number)), (low, high, bands), sizes[name], times[name])
            cell = cells[name, look.number]
            with sheet.panel(image, x, tops[name]) as panel:
                _outline(panel, zone.polygon, found.windows[name], times[name], "#FFFFFF", 1.5)
                for thing in cell.things:
                    # Beside the pixels it marks, not over them.
                    around = thing.region.geometry.buffer(_BESIDE * max(found.windows[name].pixel_size))
                    _outline(panel, around, found.windows[name], times[name], _MARK, 2)
                if found.simulated:
                    _band(panel, sizes[name])
            sheet.text(fitted(_caption(cell), wide - 6, _SMALL), x, tops[name] + sizes[name][0] + 4, _SMALL)
    for number, line in enumerate(notes):
        sheet.text(line, _MARGIN, y + 1.5 * _SMALL * number, _SMALL, colour=_GREY)
    return sheet.image


def _title(sheet: Sheet, found: Timeline, width: int) -> None:
    y = float(_MARGIN - 10)
    if found.simulated:
        text = stamp_of([look.info for look in found.looks])
        sheet.text(text, _MARGIN, y, 28, colour="#B00020", weight="bold")
        y += 40
    place = found.aoi.title or found.aoi.name
    sheet.text(
        fitted(f"Each look, as told before any review: {place}", width - 2 * _MARGIN, _TITLE),
        _MARGIN,
        y,
        _TITLE,
        weight="bold",
    )


def _times(window: Grid) -> int:
    return max(1, _CHIP_PX // max(window.shape))


def stretch_of_series(found: Timeline) -> tuple[NDArray[np.float32], NDArray[np.float32], list[int]]:
    """Choose red, green and blue, or one band, and their limits over all chips."""
    names = list(found.names)
    bands = [names.index(n) for n in ("red", "green", "blue") if n in names]
    bands = bands if len(bands) == 3 else [0]  # noqa: PLR2004 - a colour
    values = [chip[bands].reshape(len(bands), -1)[:, ::7] for chip in found.chips.values()]
    flat = np.concatenate(values, axis=1) if values else np.zeros((len(bands), 1), np.float32)
    flat = flat[:, np.isfinite(flat).all(axis=0)]
    if not flat.size:
        flat = np.array([[0.0, 1.0]] * len(bands), np.float32)
    low, high = np.percentile(flat, _PERCENTILES, axis=1).astype(np.float32)
    return low, np.where(high > low, high, low + 1), bands


def shown_chip(
    chip: NDArray[np.float32] | None,
    stretch: tuple[NDArray[np.float32], NDArray[np.float32], list[int]],
    size: tuple[int, ...],
    times: int,
) -> NDArray[np.float32]:
    """Return colours (row, col, 3), 0 to 1; grey where nothing was seen clearly."""
    if chip is None:
        return np.full((*size, 3), 0.8, np.float32)
    low, high, bands = stretch
    image = (chip[bands] - low[:, None, None]) / (high - low)[:, None, None]
    image = np.where(np.isfinite(image), np.clip(image, 0, 1), 0.8)
    image = image if len(bands) == 3 else np.repeat(image, 3, axis=0)  # noqa: PLR2004 - a colour
    return np.repeat(np.repeat(image, times, axis=1), times, axis=2).transpose(1, 2, 0).astype(np.float32)


def _outline(panel: Canvas, shape: BaseGeometry, window: Grid, times: int, colour: str, thick: float) -> None:
    placed = to_pixels(shape, window)
    for piece in getattr(placed, "geoms", [placed]):
        panel.line([(x * times, y * times) for x, y, *_ in piece.exterior.coords], colour, thick)


def _band(panel: Canvas, size: tuple[int, ...]) -> None:
    """Write across a chip that no satellite saw it; a stamp over its middle would hide what it shows."""
    height, width = size
    panel.area([(0, height - _BAND), (width, height - _BAND), (width, height), (0, height)], "#1c1c1c")
    wide = measure(_RENDERED, 13, "bold")[0]
    text = _RENDERED if wide < width - 6 else _RENDERED.split(",", maxsplit=1)[0]
    panel.write(text, (4, height - 5), 13, "#FFFFFF", weight="bold")


def _caption(cell: Cell) -> str:
    kind = next((k for k in KINDS if cell.states[k] != "na"), None)
    if kind is None:
        return ""
    state = cell.states[kind]
    if state == YES:
        lengths = [t.region.length_m for t in cell.things if t.kind == kind]
        return f"Y {max(lengths):.0f} m"
    return {NO: "o", UNKNOWN: f"? {cause_letter(cell.reason)}"}[state]
