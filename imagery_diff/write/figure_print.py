"""A figure for print or screen out of a finished comparison: two panels, what they show, and whose they are.

matplotlib draws it, so that letters and outlines stay lines in PDF and SVG; the pixels are those of the run's page,
shown by nearest neighbour.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from imagery_diff.write import drawing
from imagery_diff.write.drawing import COLOURS, MARKS, measure, round_length, wrapped
from imagery_diff.write.panels import Frame
from imagery_diff.write.retold import SIDES, Retold
from imagery_diff.write.shown import Shown
from imagery_diff.write.tongues import tongue_of
from imagery_diff.write.words import clean, stamp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from shapely.geometry.base import BaseGeometry

    from imagery_diff.result import Region
    from imagery_diff.write.pictures import Pictures

SIZES: Mapping[str, tuple[float, float]] = {
    "16:9": (12.8, 7.2),
    "1:1": (9.0, 9.0),
    "4:5": (8.0, 10.0),
    "print": (7.09, 5.12),
}
"""Width and height, inches; print is 180 by 130 mm, across both columns of a page."""
DPI = {"print": 300}
USUAL_DPI = 150
FORMATS = ("png", "pdf", "svg")
_LETTERS = {"print": 6.5}
_USUAL_LETTERS = 10.0
"""Size of the text, points."""
_DASHES: dict[str, Any] = {"appeared": "-", "disappeared": (0, (5, 2)), "changed": (0, (1.2, 1.4))}
_INK, _GREY = "#1a1a1a", "#404040"
_RULED = {"appeared": ("after",), "disappeared": ("before",), "changed": SIDES}
"""Direction -> dates on which a thing stands, so that its length can be drawn beside it."""
_GAP_PX = 1.5
"""Between a thing and its outline, pixels of the grid."""
_PANEL_PX = 1600
"""Side of the grid a panel is looked up on, at most: more than any of its formats shows."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """How a figure is to be."""

    size: str = "16:9"
    dpi: int | None = None
    """None = 300 for print, else 150."""
    region: str | None = None
    """Id of the region it is cropped to; None = the whole place."""
    formats: tuple[str, ...] = ("png",)
    lang: str = "en"
    """Language of dates, labels and sentences, of ``tongues.LANGUAGES``."""

    @property
    def dots(self) -> int:
        """Dots per inch."""
        return self.dpi or DPI.get(self.size, USUAL_DPI)


def figures(told: Retold, headline: str, pictures: Pictures, wanted: Wanted) -> dict[str, bytes]:
    """Draw a figure in every format that is wanted.

    Returns
    -------
    dict
        Format -> file; the same bytes for the same documents, pictures and libraries.

    """
    import matplotlib as mpl  # noqa: PLC0415 - takes half a second
    from matplotlib.figure import Figure  # noqa: PLC0415

    rules: Any = {"svg.hashsalt": "imagery_diff", "svg.fonttype": "none", "pdf.fonttype": 42}
    # Dollars and underscores in names are no formulas.
    rules |= {"font.family": tongue_of(wanted.lang).families(), "text.parse_math": False}
    with mpl.rc_context(rules):
        figure = Figure(figsize=SIZES[wanted.size], dpi=wanted.dots, facecolor="white")
        _Drawn(figure, told, Shown(pictures), wanted).draw(headline)
        return {name: _file(figure, name, told, wanted) for name in wanted.formats}


def _file(figure: Figure, kind: str, told: Retold, wanted: Wanted) -> bytes:
    buffer = io.BytesIO()
    credit = clean(told.credit)
    texts: dict[str, Any] = {
        "png": {"Software": "imagery_diff", "Copyright": credit},
        "pdf": {"Creator": "imagery_diff", "Author": credit, "CreationDate": None, "ModDate": None, "Producer": None},
        "svg": {"Creator": "imagery_diff", "Rights": credit, "Date": None},
    }
    metadata = texts[kind]
    if told.simulated and kind == "png":
        metadata["IMAGERY_DIFF_RENDERED"] = stamp(told)
    figure.savefig(buffer, format=kind, dpi=wanted.dots, metadata=metadata)
    return buffer.getvalue()


class _Drawn:
    """One figure while it is drawn; everything is laid out in its pixels, from the upper left corner."""

    def __init__(self, figure: Figure, told: Retold, shown: Shown, wanted: Wanted) -> None:
        self.figure, self.told, self.shown, self.wanted = figure, told, shown, wanted
        self.tongue = tongue_of(wanted.lang)
        self.faces = self.tongue.faces()
        self.width, self.height = (side * wanted.dots for side in SIZES[wanted.size])
        self.points = _LETTERS.get(wanted.size, _USUAL_LETTERS)
        self.letter = self.points * wanted.dots / 72
        self.margin = 1.6 * self.letter
        self.regions: tuple[Region, ...] = told.kept
        if wanted.region is not None:
            self.regions = tuple(r for r in told.regions if r.id == wanted.region)

    def draw(self, headline: str) -> None:
        """Draw it all: the head, the foot, and the panels in what is left between them."""
        top = self._head(headline)
        bottom = self._foot()
        room = (self.margin, top, self.width - 2 * self.margin, bottom - top - 1.9 * self.letter)
        frame, places = self._laid(room)
        for side, (left, upper, wide, high) in zip(SIDES, places, strict=True):
            timezone = self.told.aoi.timezone if self.told.aoi else None
            dated = self.tongue.dated(side, getattr(self.told, side), timezone)
            self._text(dated, left, upper, weight="bold")
            axes = self.figure.add_axes(self._box(left, upper + 1.7 * self.letter, wide, high))
            self._panel(axes, side, frame)
            if side == SIDES[0] and self.wanted.region is not None:
                self._inset(axes, frame)
        left, upper, wide, high = places[-1]
        if self.wanted.region is None:
            self._below(upper + high + 2.7 * self.letter, bottom)

    def _below(self, top: float, bottom: float) -> None:
        """Say of regions what there is room for below the panels, whole sentences alone."""
        for region in self.regions:
            words = f"{MARKS[region.direction]}{region.id}  {self.tongue.description(region, self.told)}"
            lines = len(wrapped(words, (self.width - 2 * self.margin) * 0.97, self.letter, self.faces["normal"]))
            if top + 1.35 * self.letter * lines > bottom - self.letter:
                return
            top = self._paragraph(words, top) + 0.5 * self.letter

    def _text(self, words: str, x: float, y: float, *, size: float = 1.0, colour: str = _INK, **style: Any) -> None:
        """Write a line, its upper left corner at (x, y) pixels."""
        place = (x / self.width, 1 - y / self.height)
        self.figure.text(*place, clean(words), fontsize=size * self.points, color=colour, va="top", **style)

    def _paragraph(self, words: str, y: float, *, size: float = 1.0, colour: str = _INK, **style: Any) -> float:
        """Write a text in as many lines as it needs; return where the next may begin."""
        # Bold letters are an eighth wider than those that are measured.
        room = (self.width - 2 * self.margin) * (0.86 if style.get("weight") == "bold" else 0.97)
        for line in wrapped(words, room, size * self.letter, self.faces["normal"]):
            self._text(line, self.margin, y, size=size, colour=colour, **style)
            y += 1.35 * size * self.letter
        return y

    def _head(self, headline: str) -> float:
        y = self.margin * 0.7
        if self.told.simulated:
            words = stamp(self.told)
            beside = self.tongue.beside_stamp(words)
            words += f" ({beside})" if beside else ""
            y = self._paragraph(words, y, colour="#B00020", weight="bold")
        if self.wanted.region is not None:
            return self._paragraph(self.tongue.description(self.regions[0], self.told), y) + 0.5 * self.letter
        return self._paragraph(headline, y, size=1.5, weight="bold") + 0.5 * self.letter

    def _foot(self) -> float:
        """Write what must stand below; return where it begins."""
        lines = self.tongue.foot(self.told, self.shown.pictures)
        size = 0.8
        room = (self.width - 2 * self.margin) * 0.97
        rows = [row for line in lines for row in wrapped(line, room, size * self.letter, self.faces["normal"])]
        top = self.height - self.margin * 0.7 - 1.35 * size * self.letter * len(rows)
        for number, row in enumerate(rows):
            y = top + 1.35 * size * self.letter * number
            self._text(row, self.margin, y, size=size, colour=_GREY)
        return top - 0.6 * self.letter

    def _laid(self, room: tuple[float, float, float, float]) -> tuple[Frame, list[tuple[float, float, float, float]]]:
        """Set two panels side by side, or below each other where they are larger then; the ground fills them."""
        left, top, wide, high = room
        gap, label = 1.2 * self.letter, 1.9 * self.letter
        beside = ((wide - gap) / 2, high)
        below = (wide, (high - label - gap) / 2)
        ground = self._ground()
        aspect = ground[3] / ground[2]

        def fits(panel: tuple[float, float]) -> float:
            return min(panel[0], panel[1] / aspect)

        stacked = fits(below) > fits(beside)
        panel = below if stacked else beside
        if self.wanted.region is None:
            scale = fits(panel)
            panel = (scale, scale * aspect)
        frame = self._frame(ground, panel)
        step = (0.0, panel[1] + label + gap) if stacked else (panel[0] + gap, 0.0)
        left += max(0.0, wide - panel[0] - step[0]) / 2
        return frame, [(left + n * step[0], top + n * step[1], *panel) for n in (0, 1)]

    def _ground(self) -> tuple[float, float, float, float]:
        """Return what is shown, metres: middle x and y in pixels of the grid, width and height on the ground."""
        across, down = self.told.grid.pixel_size_m
        if self.wanted.region is None:
            row, col, rows, cols = self.shown.pictures.frame
            return (col + cols / 2, row + rows / 2, cols * across, rows * down)
        left, top, right, bottom = drawing.to_pixels(self.regions[0].geometry, self.told.grid).bounds
        wide = max((right - left) * across, (bottom - top) * down)
        side = max(2.2 * wide, 80.0 if self.told.grid.crs else 40.0)
        return ((left + right) / 2, (top + bottom) / 2, side, side)

    def _frame(self, ground: tuple[float, float, float, float], panel: tuple[float, float]) -> Frame:
        """Widen the ground to the shape of a panel."""
        across, down = self.told.grid.pixel_size_m
        x, y, wide, high = ground
        scale = max(wide / panel[0], high / panel[1])
        cols, rows = panel[0] * scale / across, panel[1] * scale / down
        fine = min(1.0, _PANEL_PX / max(panel))
        return Frame(
            row=y - rows / 2,
            col=x - cols / 2,
            rows=rows,
            cols=cols,
            width=max(1, round(panel[0] * fine)),
            height=max(1, round(panel[1] * fine)),
        )

    def _box(self, left: float, top: float, wide: float, high: float) -> tuple[float, float, float, float]:
        """Return a rectangle as matplotlib wants it."""
        return (left / self.width, 1 - (top + high) / self.height, wide / self.width, high / self.height)

    def _panel(self, axes: Axes, side: str, frame: Frame) -> None:
        """Draw a date: its pixels, outlines, labels and lengths, scale bar and north."""
        close = self.wanted.region
        axes.imshow(self.shown.panel(side, frame, close=close), interpolation="nearest", aspect="auto")
        axes.set_xticks([])
        axes.set_yticks([])
        if self.told.simulated:
            self._across(axes, frame)
        for state in self.told.zones if close is None else ():
            self._outline(axes, drawing.to_pixels(state.zone.polygon, self.told.grid), frame, ("white", 0.6, "-"))
        for region in self.regions:
            self._region(axes, region, side, frame)
        self._scale(axes, frame)
        self._north(axes, frame)
        axes.set_xlim(-0.5, frame.width - 0.5)
        axes.set_ylim(frame.height - 0.5, -0.5)

    def _across(self, axes: Axes, frame: Frame) -> None:
        words = stamp(self.told)
        slope = np.degrees(np.arctan2(frame.height, frame.width))
        diagonal = np.hypot(frame.width, frame.height)
        fits = 0.74 * diagonal / measure(words, 100, "bold")[0] * 100
        points = fits * axes.get_position().width * self.width / frame.width * 72 / self.wanted.dots
        style = _letters(1.5, ha="center", va="center", weight="bold", rotation=slope, alpha=0.55, zorder=3)
        axes.text(frame.width / 2, frame.height / 2, words, fontsize=points, color="white", **style)

    def _outline(self, axes: Axes, outline: BaseGeometry, frame: Frame, style: tuple[str, float, Any]) -> None:
        """Draw an outline in a colour, a width and a line."""
        colour, wide, dashes = style
        line: dict[str, Any] = {"linewidth": wide * self.points / 10, "linestyle": dashes, "path_effects": _halo(0.8)}
        for part in shapely.get_parts(outline):
            xy = frame.to_panel(shapely.get_coordinates(part.exterior)) - 0.5
            axes.plot(*xy.T, color=colour, zorder=4, **line)

    def _region(self, axes: Axes, region: Region, side: str, frame: Frame) -> None:
        """Draw a region a little outside its pixels, its mark and id, and its length where it stands."""
        shape = drawing.to_pixels(region.geometry, self.told.grid)
        parts = shapely.get_parts(shape.buffer(3 * _GAP_PX).buffer(-2 * _GAP_PX))
        around: Any = shapely.union_all([shapely.Polygon(part.exterior) for part in parts])
        colour = COLOURS[region.direction]
        self._outline(axes, around, frame, (colour, 1.6, _DASHES[region.direction]))
        corners = frame.to_panel(shapely.get_coordinates(around))
        x, y = corners[np.argmin(corners[:, 1])]
        style = _letters(2, weight="bold", va="bottom", clip_on=True, zorder=6)
        label = f"{MARKS[region.direction]}{region.id}"
        axes.text(float(x), float(y), label, color=colour, fontsize=self.points, **style)
        if side in _RULED[region.direction] and self.wanted.region is not None:
            self._length(axes, region, shape, frame)

    def _length(self, axes: Axes, region: Region, shape: BaseGeometry, frame: Frame) -> None:
        """Draw a bar as long as the length that is told, beside the thing and along it; none where none is told."""
        if region.under_way or region.several or region.length_is_lower_bound:
            return
        corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(shape))
        sides = [corners[1] - corners[0], corners[2] - corners[1]]
        size = np.array(self.told.grid.pixel_size_m)
        long = max(sides, key=lambda side: float(np.hypot(*(side * size))))
        wide = min(float(np.hypot(*side)) for side in sides)
        along = long / np.hypot(*(long * size))
        aside = np.array([-along[1], along[0]]) / np.hypot(*along)
        # To the right of the thing, where no other label stands.
        aside = aside if aside[0] >= 0 else -aside
        middle = corners[:4].mean(axis=0) + aside * (wide / 2 + 4 * _GAP_PX)
        half = along * region.length_m / 2
        ticks = [middle + end * half + n * _GAP_PX * aside for end in (-1, 1) for n in (-1, 0, 1)]
        first, last = frame.to_panel(np.array(ticks[:3])), frame.to_panel(np.array(ticks[3:]))
        line: dict[str, Any] = {"color": "white", "linewidth": 1.5, "path_effects": _halo(1), "zorder": 6}
        for xy in (first, last, np.stack([first[1], last[1]])):
            axes.plot(*xy.T, **line)
        unit = "m" if self.told.grid.crs else "pixels"
        limits = None
        if region.length_low_m is not None:
            limits = (f"{region.length_low_m:.0f}", f"{region.length_high_m:.0f}")
        x, y = frame.to_panel((middle + 2 * _GAP_PX * aside)[None])[0]
        style = _letters(2, va="center", clip_on=True, zorder=6)
        words = self.tongue.length(f"{region.length_m:.0f}", unit, limits)
        axes.text(float(x), float(y), words, color="white", fontsize=self.points, **style)

    def _scale(self, axes: Axes, frame: Frame) -> None:
        """Draw a bar of a round length."""
        metres = self.told.grid.pixel_size_m[0] if self.told.grid.crs else 1.0
        scale = frame.width / (frame.cols * metres)
        length = round_length(0.28 * frame.width / scale)
        unit = "m" if self.told.grid.crs else "pixels"
        x, y = 0.03 * frame.width, 0.965 * frame.height
        line: dict[str, Any] = {"linewidth": 0.28 * self.points, "path_effects": _halo(1.2), "solid_capstyle": "butt"}
        axes.plot([x, x + length * scale], [y, y], color="white", zorder=6, **line)
        far = unit == "m" and length >= 1000  # noqa: PLR2004 - a kilometre
        words = self.tongue.length(*((f"{length / 1000:g}", "km") if far else (f"{length:g}", unit)))
        style = _letters(2, zorder=6)
        axes.text(x, y - 0.016 * frame.height, words, color="white", fontsize=0.9 * self.points, **style)

    def _north(self, axes: Axes, frame: Frame) -> None:
        """Point to true north."""
        azimuth = self.told.grid.up_azimuth_deg
        if azimuth is None:
            return
        angle = np.radians(-azimuth)
        ahead = np.array([np.sin(angle), -np.cos(angle)]) * 0.045 * frame.height
        middle = np.array([0.95 * frame.width, 0.1 * frame.height])
        arrow = {"arrowstyle": "-|>", "color": "white", "linewidth": 1.2, "path_effects": _halo(1.2)}
        tip, tail, letter = ((float(x), float(y)) for x, y in (middle + ahead, middle - ahead, middle + 1.6 * ahead))
        axes.annotate("", tip, tail, arrowprops=arrow, zorder=6)
        style = _letters(2, ha="center", va="center", weight="bold", zorder=6)
        axes.text(*letter, "N", color="white", fontsize=0.9 * self.points, **style)

    def _inset(self, axes: Axes, frame: Frame) -> None:
        """Show in a corner where in the place the crop lies."""
        row, col, rows, cols = self.shown.pictures.frame
        across, down = self.told.grid.pixel_size_m
        ratio = rows * down / (cols * across)
        box = axes.get_position()
        wide = 0.28 * box.width * min(1.0, 1 / ratio)
        high = wide * self.width * ratio / self.height
        inset = self.figure.add_axes((box.x1 - wide - 0.006, box.y0 + 0.01, wide, high))
        whole = Frame(row=row, col=col, rows=rows, cols=cols, width=400, height=max(1, round(400 * ratio)))
        inset.imshow(self.shown.panel("after", whole), interpolation="nearest", aspect="auto")
        corners = np.array([[frame.col, frame.row], [frame.col + frame.cols, frame.row + frame.rows]])
        (x0, y0), (x1, y1) = whole.to_panel(corners)
        inset.plot([x0, x1, x1, x0, x0], [y0, y0, y1, y1, y0], color="#F0E442", linewidth=1.4, path_effects=_halo(1))
        inset.set_xlim(-0.5, whole.width - 0.5)
        inset.set_ylim(whole.height - 0.5, -0.5)
        inset.set_xticks([])
        inset.set_yticks([])
        for spine in inset.spines.values():
            spine.set(color="white", linewidth=1.5)


def _halo(width: float) -> Any:
    from matplotlib.patheffects import withStroke  # noqa: PLC0415

    return [withStroke(linewidth=2 * width, foreground="#1c1c1c")]


def _letters(halo: float, **style: Any) -> dict[str, Any]:
    """Return the style of letters on pixels of any colour."""
    return {"path_effects": _halo(halo), **style}
