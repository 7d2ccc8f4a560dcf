"""overview.png: before, after and what was flagged, side by side, and the pixels around the first regions.

Everything is laid out in pixels of the figure: panels are computed at the size they are drawn, labels are measured
before they are placed.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np
from PIL.PngImagePlugin import PngInfo

from imagery_diff.scene import Flag
from imagery_diff.write import drawing
from imagery_diff.write.drawing import Canvas, Sheet, fitted, measure, wrapped
from imagery_diff.write.model import summary, zone_title
from imagery_diff.write.panels import Frame, hatch, subdued
from imagery_diff.write.retold import SIDES, retold
from imagery_diff.write.sentences import direction_words, look_words
from imagery_diff.write.shown import Shown
from imagery_diff.write.words import MISSED, clean, flagged_words, moment_words, review_words, stamp, window_of

if TYPE_CHECKING:
    from PIL.Image import Image
    from shapely.geometry.base import BaseGeometry

    from imagery_diff.grid import Grid
    from imagery_diff.result import Comparison
    from imagery_diff.write.pictures import Pictures
    from imagery_diff.write.retold import Retold, RetoldScene

WIDTH_PX = 2400
DPI = 150
MAX_CLOSE_UPS = 4
_MARGIN, _GUTTER = 36, 24
_COLUMN = (WIDTH_PX - 2 * _MARGIN - 2 * _GUTTER) // 3
_MAX_PANEL_HEIGHT = 1150
_CLOSE_HEIGHT = 460
_WIDE = 3.0
"""Ground wider than this many times its height is stacked instead of set side by side."""
_TEXT, _SMALL, _TITLE = 25, 21, 40
_CAPTION = 3 * 34 + 8
_AROUND = 1.3
"""Ground shown around a region, in its own lengths to each side of its middle."""
_LEAST_HALF_PX, _LEAST_HALF_M = 20.0, 40.0


@dataclass(frozen=True, kw_only=True)
class _Layout:
    """Where the panels of the top row stand."""

    frame: Frame
    places: tuple[tuple[int, int], ...]
    """Left and top of each panel."""
    caption_width: int
    bottom: int
    """Below the captions."""


def overview(result: Comparison) -> Image:
    """Draw a comparison.

    Returns
    -------
    PIL.Image.Image
        2400 pixels wide; a notebook shows it by itself.

    """
    from imagery_diff.write.geojson import regions_geojson  # noqa: PLC0415 - `save` has made them already
    from imagery_diff.write.pictures import pictures_of  # noqa: PLC0415

    regions = regions_geojson(result) if result.grid.crs is not None else None
    return draw(retold(summary(result), regions), pictures_of(result)).image


def draw(told: Retold, pictures: Pictures) -> Sheet:
    """Draw a comparison on a sheet, which knows what was written where."""
    head = _MARGIN + 130 + (50 if told.simulated else 0)
    layout = _top_row(pictures.frame, _ground_aspect(told.grid), head)
    items = _shown_close(told)
    tops = list(accumulate((_row_height(item) for item in items), initial=layout.bottom))
    foot = tops[-1]
    notes = [line for note in _notes(told, pictures) for line in wrapped(note, WIDTH_PX - 2 * _MARGIN, _SMALL)]
    sheet = Sheet(WIDTH_PX, foot + 16 + round(1.4 * _SMALL * len(notes)) + _MARGIN)
    _title(sheet, told)
    shown = Shown(pictures)
    _draw_top(sheet, told, layout, shown)
    for top, item in zip(tops, items, strict=False):
        _close_up(sheet, told, shown, item, top)
    y = foot + 16.0
    for note in notes:
        sheet.text(note, _MARGIN, y, _SMALL, colour="#404040")
        y += 1.4 * _SMALL
    return sheet


def overview_png(told: Retold, pictures: Pictures) -> bytes:
    """Return overview.png, the same bytes for the same documents, pictures and libraries."""
    return png_bytes(draw(told, pictures).image, told.credit, "overview", stamp(told) if told.simulated else None)


def to_png(image: Image, result: Comparison, product: str) -> bytes:
    """Return a picture as PNG with the result's credit in it, and whether no satellite saw what it shows."""
    return png_bytes(image, result.credit, product, stamp(result) if result.simulated else None)


def png_bytes(image: Image, credit: str, product: str, rendered: str | None) -> bytes:
    """Return a picture as PNG that says whose it is, what made it, and that no satellite saw it if so."""
    information = PngInfo()
    texts = {"Software": "imagery_diff", "Copyright": credit}
    if rendered is not None:
        texts["IMAGERY_DIFF_RENDERED"] = rendered
    texts["IMAGERY_DIFF_PRODUCT"] = product
    for key, text in texts.items():
        information.add_itxt(key, clean(text))
    buffer = io.BytesIO()
    # A fixed level keeps the bytes the same.
    image.save(buffer, format="png", compress_level=1, pnginfo=information, dpi=(DPI, DPI))
    return buffer.getvalue()


def _ground_aspect(grid: Grid) -> float:
    """Height of a pixel on the ground over its width: degrees are not square."""
    width, height = grid.pixel_size_m
    return height / width


def _top_row(extent: tuple[float, float, float, float], aspect: float, top: int) -> _Layout:
    """Set three panels side by side, or, of a long strip of ground, below each other."""
    row, col, rows, cols = extent
    ratio = rows * aspect / cols
    stacked = ratio < 1 / _WIDE
    width = WIDTH_PX - 2 * _MARGIN if stacked else _COLUMN
    height = max(60, round(width * ratio))
    if height > _MAX_PANEL_HEIGHT:
        width, height = max(60, round(width * _MAX_PANEL_HEIGHT / height)), _MAX_PANEL_HEIGHT
    frame = Frame(row=row, col=col, rows=rows, cols=cols, width=width, height=height)
    if stacked:
        step = height + 44 + 44
        places = tuple((_MARGIN, top + 44 + i * step) for i in range(3))
        return _Layout(frame=frame, places=places, caption_width=width, bottom=top + 3 * step + 30)
    places = tuple((_MARGIN + i * (_COLUMN + _GUTTER), top + 44) for i in range(3))
    return _Layout(frame=frame, places=places, caption_width=_COLUMN, bottom=top + 44 + height + _CAPTION + 40)


def _title(sheet: Sheet, told: Retold) -> None:
    """Say what the picture is, and first of all if no satellite took it."""
    y = _MARGIN - 8
    if told.simulated:
        sheet.text(stamp(told), _MARGIN, y, 34, colour="#B00020", weight="bold")
        y += 50
    aoi = told.aoi
    place = (aoi.title or aoi.name) if aoi else "Common ground of the two images"
    reviewed = review_words(list(told.reviews.values()))
    room = WIDTH_PX - 2 * _MARGIN
    width = measure(reviewed, _SMALL, "bold")[0]
    sheet.text(reviewed, WIDTH_PX - _MARGIN - width, y + 14, _SMALL, colour="#5f4b00", weight="bold")
    sheet.text(fitted(place, room - width - 60, _TITLE), _MARGIN, y, _TITLE, weight="bold")
    when = window_of(told.before, told.after, aoi.timezone if aoi else None)
    line = f"{flagged_words(told.kept)}, {when}"
    sheet.text(fitted(line[0].upper() + line[1:], room, _TEXT), _MARGIN, y + 58, _TEXT, colour="#404040")


def _draw_top(sheet: Sheet, told: Retold, layout: _Layout, shown: Shown) -> None:
    """Draw the whole ground: before, after, and the after image subdued with every outline on it."""
    frame = layout.frame
    before, after = (shown.panel(side, frame) for side in SIDES)
    either = shown.flags(SIDES, frame) | np.where(shown.outside("after", frame), np.uint8(Flag.OUTSIDE), np.uint8(0))
    flagged = hatch(subdued(after), either)
    for (left, top), name, image in zip(layout.places, (*SIDES, "flagged"), (before, after, flagged), strict=True):
        sheet.text(name, left, top - 40, 30, weight="bold")
        with sheet.panel(image, left, top) as panel:
            _stamp(panel, told)
            if name == "flagged":
                _outlines(panel, told, frame)
            drawing.furniture(panel, told.grid, frame)
        if name == "flagged":
            sheet.legend((left, top + frame.height + 8), layout.caption_width, _lines(told, shown))
        else:
            info = told.before if name == "before" else told.after
            _caption(sheet, info, told, (left, top + frame.height + 8), layout.caption_width)


def _lines(told: Retold, shown: Shown) -> list[tuple[str, str]]:
    """Lines and hatchings that occur, each with what it means."""
    directions = [d for d in drawing.MARKS if any(region.direction == d for region in told.kept)]
    lines = [(d, f"{drawing.MARKS[d]} {d}") for d in directions] or [("none", "nothing was flagged")]
    lines += [("look", "to look at, under the cloud mask")] if told.look_at else []
    lines += [("zone", "zone")] if any(state.zone.located for state in told.zones) else []
    lines += [("search", "search area")] if any(not state.zone.located for state in told.zones) else []
    lines += [("unseen", "not seen")] if shown.pictures.has("unseen") else []
    return lines + ([("degraded", "haze, shadow, snow")] if shown.pictures.has("degraded") else [])


def _caption(sheet: Sheet, info: RetoldScene, told: Retold, corner: tuple[int, int], width: int) -> None:
    """Time in UTC and local, product and pixel size, file."""
    timezone = told.aoi.timezone if told.aoi else None
    parts = (moment_words(info, timezone), f"{info.product}, {info.pixels}", info.name)
    x, y = corner
    if width > _COLUMN:
        sheet.text(fitted("   ".join(parts), width, _SMALL), x, y, _SMALL, colour="#333333")
        return
    for i, part in enumerate(parts):
        sheet.text(
            fitted(part, width, _TEXT if i == 0 else _SMALL),
            x,
            y + 34 * i,
            _TEXT if i == 0 else _SMALL,
            colour="#333333",
        )


def _outlines(panel: Canvas, told: Retold, frame: Frame) -> None:
    """Zones thin and below, regions bold and above; ids first, then as many zone names as find room."""
    labels = drawing.Labels(panel, frame)
    for state in told.zones:
        drawing.zone_outline(panel, state.zone, told.grid, frame)
    shapes = [(region, drawing.to_pixels(region.geometry, told.grid)) for region in told.kept]
    for region, shape in shapes:
        drawing.region_outline(panel, shape, region.direction, frame)
        labels.keep_clear(shape)
    hidden = [(look, drawing.to_pixels(look.geometry, told.grid)) for look in told.look_at]
    for _, shape in hidden:
        drawing.region_outline(panel, shape, "look", frame)
        labels.keep_clear(shape)
    for region, shape in shapes:
        labels.region(region, shape)
    for look, shape in hidden:
        labels.look_at(look.id, shape)
    for state in told.zones:
        labels.zone(state.zone, drawing.to_pixels(state.zone.polygon, told.grid))


@dataclass(frozen=True)
class _Item:
    """What a row of close-ups shows."""

    id: str
    geometry: BaseGeometry
    line: str
    """Key of its colour and dashes."""
    head: str
    description: str
    why: tuple[str, ...]
    uncovered: bool
    """Whether its pixels are shown though the cloud mask covers them."""


def _shown_close(told: Retold) -> list[_Item]:
    """Return the first regions, and what is to be looked at, its cloud mask lifted."""
    regions = [
        _Item(
            r.id,
            r.geometry,
            r.direction,
            f"{drawing.MARKS[r.direction]} {r.id} {direction_words(r)}",
            r.description,
            r.why,
            uncovered=False,
        )
        for r in told.kept[:MAX_CLOSE_UPS]
    ]
    looks = [
        _Item(look.id, look.geometry, "look", f"{look.id} to look at", look_words(look), (), uncovered=True)
        for look in told.look_at[:MAX_CLOSE_UPS]
    ]
    return regions + looks


def _row_height(item: _Item) -> int:
    """Height of a row of close-ups: of the pictures, or of the words beside them if they are longer."""
    said = len(wrapped(item.description, _COLUMN, _TEXT))
    why = sum(len(wrapped(f"- {reason}", _COLUMN, _SMALL)) for reason in item.why)
    words = 84 + 1.4 * (_TEXT * said + _SMALL * why) + 2 * len(item.why) + 16
    return max(_CLOSE_HEIGHT, math.ceil(words) - 70) + 70


def _close_up(sheet: Sheet, told: Retold, shown: Shown, item: _Item, top: int) -> None:
    """Draw the delivered pixels around a region on both dates, and beside them what is said of it."""
    shape = drawing.to_pixels(item.geometry, told.grid)
    frame = _close_frame(shape.bounds, told.grid)
    for column, side in enumerate(SIDES):
        left = _MARGIN + column * (_COLUMN + _GUTTER)
        sheet.text(f"{item.id} {side}", left, top + 2, _TEXT, weight="bold")
        with sheet.panel(shown.panel(side, frame, close=item.id, uncovered=item.uncovered), left, top + 40) as panel:
            _stamp(panel, told)
            drawing.region_frame(panel, shape, item.line, frame)
            drawing.furniture(panel, told.grid, frame)
    left = _MARGIN + 2 * (_COLUMN + _GUTTER)
    sheet.text(item.head, left, top + 36, 30, weight="bold")
    y = sheet.paragraph(item.description, left, top + 84, _COLUMN, _TEXT)
    for reason in item.why:
        y = sheet.paragraph(f"- {reason}", left, y + 2, _COLUMN, _SMALL, colour="#4d4d4d")


def _close_frame(bounds: tuple[float, ...], grid: Grid) -> Frame:
    """Ground around a region, of the shape of a close-up panel."""
    left, top, right, bottom = bounds
    aspect = _ground_aspect(grid)
    least = max(_LEAST_HALF_PX, _LEAST_HALF_M / grid.pixel_size_m[0] if grid.crs else 0.0)
    shape = _CLOSE_HEIGHT / _COLUMN
    half_width = max(least / shape, _AROUND * (right - left) / 2, _AROUND * (bottom - top) * aspect / 2 / shape)
    half_width = max(half_width, 0.9 * math.hypot(right - left, (bottom - top) * aspect))
    half_height = half_width * shape / aspect
    x, y = (left + right) / 2, (top + bottom) / 2
    return Frame(
        row=y - half_height,
        col=x - half_width,
        rows=2 * half_height,
        cols=2 * half_width,
        width=_COLUMN,
        height=_CLOSE_HEIGHT,
    )


def _stamp(panel: Canvas, told: Retold) -> None:
    """Stamp what no satellite saw, before anything that is to be read is drawn on it."""
    if told.simulated:
        panel.stamp(stamp(told))


def _notes(told: Retold, pictures: Pictures) -> list[str]:
    """Lines below the panels: how it is shown, and whose images these are."""
    more = len(told.kept) - MAX_CLOSE_UPS
    first = f"The first {MAX_CLOSE_UPS} regions are shown close up; {more} more stand in summary.json."
    rejected = [region.id for region in told.regions if region not in told.kept]
    dropped = [f"Rejected by a reviewer, and not drawn: {', '.join(rejected)}."] if rejected else []
    how = f"Shown in {pictures.stretch}; what lies beyond is black or white."
    whole = [pictures.of(side) for side in SIDES]
    delivered = all(picture is not None and picture.delivered for picture in whole)
    pixels = "the pixels as delivered, not interpolated, moved to fit each other" if delivered else "resampled pixels"
    close = f" Close-ups show {pixels}." if told.kept else ""
    unknown = [zone_title(state.zone) for state in told.zones if state.state == "unknown"]
    blind = [f"Unknown, because too little was searched: {'; '.join(unknown)}."] if unknown else []
    # A picture travels alone: the doubts travel with it.
    doubts = [f"{len(told.caveats)} caveats: {'; '.join(told.caveats)}."] if told.caveats else []
    shown = [first] if more > 0 else []
    return [*shown, *dropped, MISSED, *blind, *doubts, how + close, f"Credit: {told.credit}"]
