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

from PIL.PngImagePlugin import PngInfo

from imagery_diff.scene import Flag
from imagery_diff.write import drawing
from imagery_diff.write.drawing import Canvas, Sheet, fitted, wrapped
from imagery_diff.write.model import zone_title
from imagery_diff.write.panels import Frame, Stretch, choose_stretch, grid_panel, native_panel, subdued
from imagery_diff.write.sentences import direction_words, look_words
from imagery_diff.write.words import (
    MISSED,
    clean,
    flagged_words,
    moment_words,
    pixel_words,
    stamp,
    window_of,
)

if TYPE_CHECKING:
    from PIL.Image import Image
    from shapely.geometry.base import BaseGeometry

    from imagery_diff.result import Comparison
    from imagery_diff.scene import SceneInfo

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
_SHOWN_LINES = 3
"""Lines below the reasons that say how the close-ups are shown."""
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
    return draw(result).image


def draw(result: Comparison) -> Sheet:
    """Draw a comparison on a sheet, which knows what was written where."""
    head = _MARGIN + 130 + (50 if result.simulated else 0)
    layout = _top_row(drawing.whole_ground(result), _ground_aspect(result), head)
    stretch = choose_stretch(result, layout.frame)
    shown = _shown_close(result)
    tops = list(accumulate((_row_height(item) for item in shown), initial=layout.bottom))
    foot = tops[-1]
    notes = [line for note in _notes(result, stretch) for line in wrapped(note, WIDTH_PX - 2 * _MARGIN, _SMALL)]
    sheet = Sheet(WIDTH_PX, foot + 16 + round(1.4 * _SMALL * len(notes)) + _MARGIN)
    _title(sheet, result)
    _draw_top(sheet, result, layout, stretch)
    for top, item in zip(tops, shown, strict=False):
        _close_up(sheet, result, item, top)
    y = foot + 16.0
    for note in notes:
        sheet.text(note, _MARGIN, y, _SMALL, colour="#404040")
        y += 1.4 * _SMALL
    return sheet


def overview_png(result: Comparison) -> bytes:
    """Return overview.png, the same bytes for the same result and libraries."""
    return to_png(overview(result), result, "overview")


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


def _ground_aspect(result: Comparison) -> float:
    """Height of a pixel on the ground over its width: degrees are not square."""
    width, height = result.grid.pixel_size_m
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


def _title(sheet: Sheet, result: Comparison) -> None:
    """Say what the picture is, and first of all if no satellite took it."""
    y = _MARGIN - 8
    if result.simulated:
        sheet.text(stamp(result), _MARGIN, y, 34, colour="#B00020", weight="bold")
        y += 50
    aoi = result.aoi
    place = (aoi.title or aoi.name) if aoi else "Common ground of the two images"
    sheet.text(fitted(place, WIDTH_PX - 2 * _MARGIN, _TITLE), _MARGIN, y, _TITLE, weight="bold")
    timezone = aoi.timezone if aoi else None
    when = window_of(result.before, result.after, timezone)
    line = f"{flagged_words(result)}, {when}"
    sheet.text(
        fitted(line[0].upper() + line[1:], WIDTH_PX - 2 * _MARGIN, _TEXT), _MARGIN, y + 58, _TEXT, colour="#404040"
    )


def _draw_top(sheet: Sheet, result: Comparison, layout: _Layout, stretch: Stretch) -> None:
    """Draw the whole ground: before, after, and the after image subdued with every outline on it."""
    frame = layout.frame
    before, after = (
        grid_panel(scene, stretch.of(date), frame)
        for date, scene in enumerate((result.layers.before, result.layers.after))
    )
    flagged = drawing.hatched_by(subdued(after), result.layers.flags, frame)
    for (left, top), name, image in zip(
        layout.places, ("before", "after", "flagged"), (before, after, flagged), strict=True
    ):
        sheet.text(name, left, top - 40, 30, weight="bold")
        with sheet.panel(image, left, top) as panel:
            _stamp(panel, result)
            if name == "flagged":
                _outlines(panel, result, frame)
            drawing.furniture(panel, result.grid, frame)
        if name == "flagged":
            sheet.legend(left, top + frame.height + 8, layout.caption_width, result)
        else:
            info = result.before if name == "before" else result.after
            _caption(sheet, info, result, (left, top + frame.height + 8), layout.caption_width)


def _caption(sheet: Sheet, info: SceneInfo, result: Comparison, corner: tuple[int, int], width: int) -> None:
    """Time in UTC and local, product and pixel size, file."""
    timezone = result.aoi.timezone if result.aoi else None
    size = pixel_words(info)
    parts = (moment_words(info, timezone), f"{info.product}, {size}", info.name)
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


def _outlines(panel: Canvas, result: Comparison, frame: Frame) -> None:
    """Zones thin and below, regions bold and above; ids first, then as many zone names as find room."""
    labels = drawing.Labels(panel, frame)
    for state in result.zones:
        drawing.zone_outline(panel, state.zone, result.grid, frame)
    shapes = [(region, drawing.to_pixels(region.geometry, result.grid)) for region in result.regions]
    for region, shape in shapes:
        drawing.region_outline(panel, shape, region.direction, frame)
        labels.keep_clear(shape)
    hidden = [(look, drawing.to_pixels(look.geometry, result.grid)) for look in result.look_at]
    for _, shape in hidden:
        drawing.region_outline(panel, shape, "look", frame)
        labels.keep_clear(shape)
    for region, shape in shapes:
        labels.region(region, shape)
    for look, shape in hidden:
        labels.look_at(look.id, shape)
    for state in result.zones:
        labels.zone(state.zone, drawing.to_pixels(state.zone.polygon, result.grid))


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
    uncovered: int
    """Bits of ``Flag`` under which the pixels are shown as they are."""


def _shown_close(result: Comparison) -> list[_Item]:
    """Return the first regions, and what is to be looked at, its cloud mask lifted."""
    regions = [
        _Item(
            r.id,
            r.geometry,
            r.direction,
            f"{drawing.MARKS[r.direction]} {r.id} {direction_words(r)}",
            r.description,
            r.why,
            0,
        )
        for r in result.regions[:MAX_CLOSE_UPS]
    ]
    lifted = int(Flag.CLOUD | Flag.EDGE)
    looks = [
        _Item(look.id, look.geometry, "look", f"{look.id} to look at", look_words(look), (), lifted)
        for look in result.look_at[:MAX_CLOSE_UPS]
    ]
    return regions + looks


def _row_height(item: _Item) -> int:
    """Height of a row of close-ups: of the pictures, or of the words beside them if they are longer."""
    said = len(wrapped(item.description, _COLUMN, _TEXT))
    why = sum(len(wrapped(f"- {reason}", _COLUMN, _SMALL)) for reason in item.why)
    words = 84 + 1.4 * (_TEXT * said + _SMALL * (why + _SHOWN_LINES)) + 2 * len(item.why) + 16
    return max(_CLOSE_HEIGHT, math.ceil(words) - 70) + 70


def _close_up(sheet: Sheet, result: Comparison, region: _Item, top: int) -> None:
    """Draw the delivered pixels around a region on both dates, and beside them what is said of it."""
    shape = drawing.to_pixels(region.geometry, result.grid)
    frame = _close_frame(shape.bounds, _ground_aspect(result), result)
    stretch = choose_stretch(result, frame)
    pairs = ((result.before, result.layers.before, -0.5), (result.after, result.layers.after, 0.5))
    for column, (info, scene, half) in enumerate(pairs):
        left = _MARGIN + column * (_COLUMN + _GUTTER)
        own = stretch.of(column)
        image = native_panel(info, result, own, frame, half=half, uncovered=region.uncovered)
        image = grid_panel(scene, own, frame, region.uncovered) if image is None else image
        sheet.text(f"{region.id} {'before' if column == 0 else 'after'}", left, top + 2, _TEXT, weight="bold")
        with sheet.panel(image, left, top + 40) as panel:
            _stamp(panel, result)
            drawing.region_frame(panel, shape, region.line, frame)
            drawing.furniture(panel, result.grid, frame)
    left = _MARGIN + 2 * (_COLUMN + _GUTTER)
    sheet.text(region.head, left, top + 36, 30, weight="bold")
    y = sheet.paragraph(region.description, left, top + 84, _COLUMN, _TEXT)
    for reason in region.why:
        y = sheet.paragraph(f"- {reason}", left, y + 2, _COLUMN, _SMALL, colour="#4d4d4d")
    sheet.paragraph(
        f"Shown in {stretch.words(_units(result))}.", left, max(y + 16, top + 400), _COLUMN, _SMALL, colour="#737373"
    )


def _close_frame(bounds: tuple[float, ...], aspect: float, result: Comparison) -> Frame:
    """Ground around a region, of the shape of a close-up panel."""
    left, top, right, bottom = bounds
    metres = result.grid.pixel_size_m[0] if result.grid.crs else 1.0
    least = max(_LEAST_HALF_PX, _LEAST_HALF_M / metres if result.grid.crs else 0.0)
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


def _stamp(panel: Canvas, result: Comparison) -> None:
    """Stamp what no satellite saw, before anything that is to be read is drawn on it."""
    if result.simulated:
        panel.stamp(stamp(result))


def _notes(result: Comparison, stretch: Stretch) -> list[str]:
    """Lines below the panels: how it is shown, and whose images these are."""
    shown = len(result.regions) - MAX_CLOSE_UPS
    more = (
        [f"The first {MAX_CLOSE_UPS} regions are shown close up; {shown} more stand in summary.json."]
        if shown > 0
        else []
    )
    how = f"Upper row in {stretch.words(_units(result))}; what lies beyond is black or white."
    delivered = all(info.grid.crs == result.grid.crs for info in (result.before, result.after))
    pixels = "the pixels as delivered, not interpolated, moved to fit each other" if delivered else "resampled pixels"
    close = f" Close-ups show {pixels}." if result.regions else ""
    unknown = [zone_title(state.zone) for state in result.zones if state.state == "unknown"]
    blind = [f"Unknown, because too little was searched: {'; '.join(unknown)}."] if unknown else []
    # A picture travels alone: the doubts travel with it.
    doubts = [f"{len(result.caveats)} caveats: {'; '.join(result.caveats)}."] if result.caveats else []
    return [*more, MISSED, *blind, *doubts, how + close, f"Credit: {result.credit}"]


def _units(result: Comparison) -> str:
    return " / ".join(dict.fromkeys([result.before.units, result.after.units]))
