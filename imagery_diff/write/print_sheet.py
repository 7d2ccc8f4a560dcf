"""What every figure for print is drawn with: its sizes, its letters, and what stands on a panel of pixels.

matplotlib draws it, so that letters and outlines stay lines in PDF and SVG; pixels are shown by nearest neighbour.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from imagery_diff.write.drawing import measure, round_length, wrapped
from imagery_diff.write.tongues import tongue_of
from imagery_diff.write.words import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from shapely.geometry.base import BaseGeometry

    from imagery_diff.grid import Grid
    from imagery_diff.write.panels import Frame

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
INK, GREY = "#1a1a1a", "#404040"
GAP_PX = 1.5
"""Between a thing and its outline, pixels of the grid."""


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
        return DPI.get(self.size, USUAL_DPI) if self.dpi is None else self.dpi


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Whose a figure is, for the file itself."""

    credit: str
    stamp: str
    """What stands across every panel; empty where satellites saw it all."""


@dataclass(frozen=True, kw_only=True)
class Length:
    """A length with its 90 % limits, metres; pixels without georeference."""

    told: float
    low: float | None
    high: float | None


def drawn(draw: Callable[[Figure], None], origin: Origin, wanted: Wanted) -> dict[str, bytes]:
    """Draw a figure in every format that is wanted.

    Parameters
    ----------
    draw
        Draws on an empty figure.

    Returns
    -------
    dict
        Format -> file; the same bytes for the same drawing and libraries.

    """
    import matplotlib as mpl  # noqa: PLC0415 - takes half a second
    from matplotlib.figure import Figure  # noqa: PLC0415

    rules: Any = {"svg.hashsalt": "imagery_diff", "svg.fonttype": "none", "pdf.fonttype": 42}
    # Dollars and underscores in names are no formulas.
    rules |= {"font.family": tongue_of(wanted.lang).families(), "text.parse_math": False}
    with mpl.rc_context(rules):
        figure = Figure(figsize=SIZES[wanted.size], dpi=wanted.dots, facecolor="white")
        draw(figure)
        return {name: _file(figure, name, origin, wanted) for name in wanted.formats}


def _file(figure: Figure, kind: str, origin: Origin, wanted: Wanted) -> bytes:
    buffer = io.BytesIO()
    credit = clean(origin.credit)
    texts: dict[str, Any] = {
        "png": {"Software": "imagery_diff", "Copyright": credit},
        "pdf": {"Creator": "imagery_diff", "Author": credit, "CreationDate": None, "ModDate": None, "Producer": None},
        "svg": {"Creator": "imagery_diff", "Rights": credit, "Date": None},
    }
    metadata = texts[kind]
    if origin.stamp and kind == "png":
        metadata["IMAGERY_DIFF_RENDERED"] = origin.stamp
    figure.savefig(buffer, format=kind, dpi=wanted.dots, metadata=metadata)
    return buffer.getvalue()


class Print:
    """A figure while it is drawn; everything is laid out in its pixels, from the upper left corner."""

    def __init__(self, figure: Figure, wanted: Wanted, stamp: str) -> None:
        self.figure, self.wanted, self.stamp = figure, wanted, stamp
        self.tongue = tongue_of(wanted.lang)
        self.faces = self.tongue.faces()
        self.width, self.height = (side * wanted.dots for side in SIZES[wanted.size])
        self.points = _LETTERS.get(wanted.size, _USUAL_LETTERS)
        self.letter = self.points * wanted.dots / 72
        self.margin = 1.6 * self.letter

    def text(self, words: str, x: float, y: float, *, size: float = 1.0, colour: str = INK, **style: Any) -> None:
        """Write a line, its upper left corner at (x, y) pixels."""
        place = (x / self.width, 1 - y / self.height)
        self.figure.text(*place, clean(words), fontsize=size * self.points, color=colour, va="top", **style)

    def paragraph(self, words: str, y: float, *, size: float = 1.0, colour: str = INK, **style: Any) -> float:
        """Write a text in as many lines as it needs; return where the next may begin."""
        # Bold letters are an eighth wider than those that are measured.
        room = (self.width - 2 * self.margin) * (0.86 if style.get("weight") == "bold" else 0.97)
        for line in wrapped(words, room, size * self.letter, self.faces["normal"]):
            self.text(line, self.margin, y, size=size, colour=colour, **style)
            y += 1.35 * size * self.letter
        return y

    def foot(self, lines: Sequence[str]) -> float:
        """Write what must stand below; return where it begins."""
        size = 0.8
        room = (self.width - 2 * self.margin) * 0.97
        rows = [row for line in lines for row in wrapped(line, room, size * self.letter, self.faces["normal"])]
        top = self.height - self.margin * 0.7 - 1.35 * size * self.letter * len(rows)
        for number, row in enumerate(rows):
            self.text(row, self.margin, top + 1.35 * size * self.letter * number, size=size, colour=GREY)
        return top - 0.6 * self.letter

    def box(self, left: float, top: float, wide: float, high: float) -> tuple[float, float, float, float]:
        """Return a rectangle as matplotlib wants it."""
        return (left / self.width, 1 - (top + high) / self.height, wide / self.width, high / self.height)

    def across(self, axes: Axes, frame: Frame) -> None:
        """Write across a panel that no satellite saw it."""
        words = self.stamp
        slope = np.degrees(np.arctan2(frame.height, frame.width))
        diagonal = np.hypot(frame.width, frame.height)
        fits = 0.74 * diagonal / measure(words, 100, "bold")[0] * 100
        points = fits * axes.get_position().width * self.width / frame.width * 72 / self.wanted.dots
        style = letters(1.5, ha="center", va="center", weight="bold", rotation=slope, alpha=0.55, zorder=3)
        axes.text(frame.width / 2, frame.height / 2, words, fontsize=points, color="white", **style)

    def outline(self, axes: Axes, outline: BaseGeometry, frame: Frame, style: tuple[str, float, Any]) -> None:
        """Draw an outline in a colour, a width and a line."""
        colour, wide, dashes = style
        line: dict[str, Any] = {"linewidth": wide * self.points / 10, "linestyle": dashes, "path_effects": halo(0.8)}
        for part in shapely.get_parts(outline):
            xy = frame.to_panel(shapely.get_coordinates(part.exterior)) - 0.5
            axes.plot(*xy.T, color=colour, zorder=4, **line)

    def _per_dot(self, axes: Axes, frame: Frame) -> float:
        """Return how much of a frame a dot of the figure is."""
        return float(frame.width / (axes.get_position().width * self.width))

    def scale(self, axes: Axes, frame: Frame, grid: Grid) -> None:
        """Draw a bar of a round length."""
        metres = grid.pixel_size_m[0] if grid.crs else 1.0
        scale = frame.width / (frame.cols * metres)
        length = round_length(0.28 * frame.width / scale)
        unit = "m" if grid.crs else "pixels"
        x, y = 0.03 * frame.width, 0.965 * frame.height
        line: dict[str, Any] = {"linewidth": 0.28 * self.points, "path_effects": halo(1.2), "solid_capstyle": "butt"}
        axes.plot([x, x + length * scale], [y, y], color="white", zorder=6, **line)
        far = unit == "m" and length >= 1000  # noqa: PLR2004 - a kilometre
        words = self.tongue.length(*((f"{length / 1000:g}", "km") if far else (f"{length:g}", unit)))
        style = letters(2, zorder=6)
        axes.text(x, y - 0.016 * frame.height, words, color="white", fontsize=0.9 * self.points, **style)

    def north(self, axes: Axes, frame: Frame, grid: Grid) -> None:
        """Point to true north."""
        azimuth = grid.up_azimuth_deg
        if azimuth is None:
            return
        angle = np.radians(-azimuth)
        # On a small panel as large as its letter.
        size = self.letter * self._per_dot(axes, frame)
        long = max(0.045 * frame.height, 0.9 * size)
        ahead = np.array([np.sin(angle), -np.cos(angle)]) * long
        middle = np.array([min(0.95 * frame.width, frame.width - size), max(0.1 * frame.height, 1.6 * long + size)])
        arrow = {"arrowstyle": "-|>", "color": "white", "linewidth": 1.2, "path_effects": halo(1.2)}
        tip, tail, letter = ((float(x), float(y)) for x, y in (middle + ahead, middle - ahead, middle + 1.6 * ahead))
        axes.annotate("", tip, tail, arrowprops=arrow, zorder=6)
        style = letters(2, ha="center", va="center", weight="bold", zorder=6)
        axes.text(*letter, "N", color="white", fontsize=0.9 * self.points, **style)

    def bar(self, axes: Axes, shape: BaseGeometry, length: Length, frame: Frame, grid: Grid) -> None:
        """Draw a bar as long as the length that is told, beside a thing (in pixels of the grid) and along it."""
        corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(shape))
        sides = [corners[1] - corners[0], corners[2] - corners[1]]
        size = np.array(grid.pixel_size_m)
        long = max(sides, key=lambda side: float(np.hypot(*(side * size))))
        wide = min(float(np.hypot(*side)) for side in sides)
        along = long / np.hypot(*(long * size))
        aside = np.array([-along[1], along[0]]) / np.hypot(*along)
        # To the right of the thing, where no other label stands.
        aside = aside if aside[0] >= 0 else -aside
        middle = corners[:4].mean(axis=0) + aside * (wide / 2 + 4 * GAP_PX)
        half = along * length.told / 2
        ticks = [middle + end * half + n * GAP_PX * aside for end in (-1, 1) for n in (-1, 0, 1)]
        first, last = frame.to_panel(np.array(ticks[:3])), frame.to_panel(np.array(ticks[3:]))
        line: dict[str, Any] = {"color": "white", "linewidth": 1.5, "path_effects": halo(1), "zorder": 6}
        for xy in (first, last, np.stack([first[1], last[1]])):
            axes.plot(*xy.T, **line)
        unit = "m" if grid.crs else "pixels"
        limits = None
        if length.low is not None and length.high is not None:
            limits = (f"{length.low:.0f}", f"{length.high:.0f}")
        x, y = frame.to_panel((middle + 2 * GAP_PX * aside)[None])[0]
        style = letters(2, va="center", clip_on=True, zorder=6)
        words = self.tongue.length(f"{length.told:.0f}", unit, limits)
        # No letter beyond the panel.
        room = measure(words, 1.05 * self.letter, self.faces["normal"])[0] * self._per_dot(axes, frame)
        x = max(0.0, min(x, frame.width - room))
        axes.text(float(x), float(y), words, color="white", fontsize=self.points, **style)


def halo(width: float) -> Any:
    """Return a dark rim of a line or of letters, points."""
    from matplotlib.patheffects import withStroke  # noqa: PLC0415

    return [withStroke(linewidth=2 * width, foreground="#1c1c1c")]


def letters(edge: float, **style: Any) -> dict[str, Any]:
    """Return the style of letters on pixels of any colour; ``edge`` is as wide as their dark rim, points."""
    return {"path_effects": halo(edge), **style}
