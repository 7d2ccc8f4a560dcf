"""Lines and letters on panels: outlines, labels that keep out of each other's way, scale bar, north arrow, stamp."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from matplotlib.font_manager import FontProperties
from matplotlib.image import AxesImage
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Affine2D

from imagery_diff.scene import DEGRADED, UNSEEN, Flag
from imagery_diff.write.panels import Frame, hatch
from imagery_diff.write.words import clean

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.backend_bases import RendererBase
    from matplotlib.figure import Figure
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from imagery_diff.aoi import Zone
    from imagery_diff.grid import Grid
    from imagery_diff.result import Comparison, Region
    from imagery_diff.write.panels import Pixels

INK = "0.1"
COLOURS = {"appeared": "#E69F00", "disappeared": "#56B4E9", "changed": "#CC79A7"}
"""Okabe and Ito 2008: told apart by colour-blind eyes; the line style and the mark say the same again."""
LINES: dict[str, Any] = {"appeared": "solid", "disappeared": (0, (5, 2)), "changed": (0, (1.2, 1.4))}
MARKS = {
    "appeared": "\N{BLACK UP-POINTING TRIANGLE}",
    "disappeared": "\N{BLACK DOWN-POINTING TRIANGLE}",
    "changed": "\N{BLACK DIAMOND}",
}
_DPI = 150
_LABEL_PX, _ZONE_LABEL_PX = 25, 17
_GAP_PX = 4
"""Figure pixels between an outline and the pixels it marks in a close-up."""
_FAR_PX = (6, 26, 52, 84)
_MAX_LABELS = 40
_SMALL_RING_PX2 = 400
"""Rings of a region smaller than this, square figure pixels, would be two strokes of the pen."""


def points(pixels: float) -> float:
    """Font size or line width in points of a size in figure pixels."""
    return pixels * 72 / _DPI


def to_pixels(geometry: BaseGeometry, grid: Grid) -> BaseGeometry:
    """Bring a geometry from map units to (col, row) of the grid."""
    inverse = ~grid.transform
    matrix = np.array([[inverse.a, inverse.b], [inverse.d, inverse.e]])
    return shapely.transform(geometry, lambda xy: xy @ matrix.T + [inverse.c, inverse.f])


def hatched_by(image: Pixels, flags: NDArray[np.uint8], frame: Frame) -> Pixels:
    """Hatch a panel by the flags of both dates together."""
    y, x = np.arange(frame.height) + 0.5, np.arange(frame.width) + 0.5
    rows = np.floor(frame.row + y * frame.rows / frame.height).astype(int)
    cols = np.floor(frame.col + x * frame.cols / frame.width).astype(int)
    inside = ((rows >= 0) & (rows < flags.shape[0]))[:, None] & ((cols >= 0) & (cols < flags.shape[1]))[None]
    found = flags[np.clip(rows, 0, flags.shape[0] - 1)][:, np.clip(cols, 0, flags.shape[1] - 1)]
    return hatch(image, np.where(inside, found, np.uint8(Flag.OUTSIDE)))


class _AsIs(AxesImage):
    """An RGBA picture copied pixel by pixel where it is drawn at its own size, which resampling would not change."""

    def make_image(self, renderer: RendererBase, magnification: float = 1.0, unsampled: bool = False) -> Any:  # noqa: FBT001, FBT002 - matplotlib's own
        """Return pixels, left, bottom and a transform, as matplotlib asks for them."""
        box, pixels = self.axes.bbox, np.asarray(self.get_array())
        if magnification == 1 and pixels.shape[:2] == (round(box.height), round(box.width)):
            return pixels[::-1], round(box.x0), round(box.y0), Affine2D()
        return super().make_image(renderer, magnification, unsampled)


class Sheet:
    """A figure addressed in pixels from its upper left corner."""

    def __init__(self, figure: Figure, height: int) -> None:
        self.figure = figure
        self.height = height
        self.width = round(figure.get_figwidth() * figure.dpi)
        self._renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]  # Agg has one
        self._measured: dict[tuple[str, float, str], tuple[float, float]] = {}

    def measure(self, text: str, pixels: float, weight: str = "normal") -> tuple[float, float]:
        """Width and height of a text, in pixels."""
        key = (text, pixels, weight)
        if key not in self._measured:
            font = FontProperties(size=points(pixels), weight=weight)
            width, height, _ = self._renderer.get_text_width_height_descent(text, font, ismath=False)
            self._measured[key] = (float(width), float(height))
        return self._measured[key]

    def text(self, text: str, x: float, y: float, pixels: float, *, colour: str = INK, weight: str = "normal") -> None:
        """Write a line, its upper left corner at (x, y)."""
        self.figure.text(
            x / self.width,
            1 - y / self.height,
            clean(text),
            size=points(pixels),
            color=colour,
            weight=weight,
            va="top",
            ha="left",
            parse_math=False,
        )

    def fitted(self, text: str, width: float, pixels: float) -> str:
        """Return a text cut in its middle until it fits; both ends of a file name tell something."""
        text = clean(text)
        if self.measure(text, pixels)[0] <= width:
            return text
        for kept in range(min(len(text), 400), 4, -2):
            short = f"{text[: kept // 2]}\N{HORIZONTAL ELLIPSIS}{text[-(kept // 2) :]}"
            if self.measure(short, pixels)[0] <= width:
                return short
        return text[:2]

    def wrapped(self, text: str, width: float, pixels: float) -> list[str]:
        """Break a text into lines that fit."""
        space = self.measure("n n", pixels)[0] - 2 * self.measure("n", pixels)[0]
        lines: list[list[str]] = [[]]
        used = 0.0
        for word in clean(text).split():
            need = self.measure(word, pixels)[0]
            if lines[-1] and used + space + need > width:
                lines.append([])
                used = 0.0
            used += need + (space if lines[-1] else 0.0)
            lines[-1].append(word)
        return [self.fitted(" ".join(line), width, pixels) for line in lines]

    def paragraph(self, text: str, x: float, y: float, width: float, pixels: float, *, colour: str = INK) -> float:
        """Write a text in as many lines as it needs; return where the next may begin."""
        step = 1.4 * pixels
        for line in self.wrapped(text, width, pixels):
            self.text(line, x, y, pixels, colour=colour)
            y += step
        return y

    def panel(self, image: Pixels, left: int, top: int) -> Axes:
        """Show an image pixel by pixel, its upper left corner at (left, top)."""
        rows, cols = image.shape[:2]
        box = (left / self.width, 1 - (top + rows) / self.height, cols / self.width, rows / self.height)
        axes = self.figure.add_axes(box)
        shown = np.full((rows, cols, 4), 255, np.uint8)
        shown[..., :3] = np.rint(np.clip(image, 0, 1) * 255)
        as_is = _AsIs(axes, interpolation="nearest", extent=(0, cols, rows, 0))
        as_is.set_data(shown)
        axes.add_image(as_is)
        axes.set(xlim=(0, cols), ylim=(rows, 0), xticks=[], yticks=[])
        for spine in axes.spines.values():
            spine.set(linewidth=points(1.5), color="0.3")
        return axes

    def stamp(self, axes: Axes, words: str, frame: Frame) -> None:
        """Write across a panel, from corner to corner, that no satellite saw it."""
        diagonal = math.hypot(frame.width, frame.height)
        angle = math.atan2(frame.height, frame.width)
        width, height = self.measure(words, 100, "bold")
        # The slanted line of letters must fit between all four edges.
        fit = min(
            0.94 * frame.width / (width * math.cos(angle) + height * math.sin(angle)),
            0.94 * frame.height / (width * math.sin(angle) + height * math.cos(angle)),
            0.8 * diagonal / width,
        )
        axes.text(
            frame.width / 2,
            frame.height / 2,
            words,
            size=points(100 * fit),
            weight="bold",
            color=(1, 1, 1, 0.55),
            rotation=math.degrees(angle),
            rotation_mode="anchor",
            ha="center",
            va="center",
            zorder=8,
            path_effects=[withStroke(linewidth=points(5), foreground=(0, 0, 0, 0.4))],
        )

    def legend(self, left: int, top: int, width: int, result: Comparison) -> None:
        """Explain the lines and hatchings that occur."""
        directions = [d for d in COLOURS if any(region.direction == d for region in result.regions)]
        x, y = float(left), float(top)
        entries: list[tuple[str, str]] = [(d, f"{MARKS[d]} {d}") for d in directions]
        entries += [("none", "nothing was flagged")] if not directions else []
        if any(state.zone.located for state in result.zones):
            entries.append(("zone", "zone"))
        if any(not state.zone.located for state in result.zones):
            entries.append(("search", "search area"))
        flags = result.layers.before.flags | result.layers.after.flags
        entries += [("unseen", "not seen")] if np.any(flags & UNSEEN) else []
        entries += [("degraded", "haze, shadow, snow")] if np.any(flags & DEGRADED) else []
        for kind, words in entries:
            need = self.measure(words, 21)[0] + (70 if kind != "none" else 20)
            if x + need > left + width and x > left:
                x, y = float(left), y + 34
            if kind != "none":
                self._sample(kind, x, y)
            self.text(words, x + (50 if kind != "none" else 0), y, 21, colour="0.2")
            x += need

    def _sample(self, kind: str, x: float, y: float) -> None:
        """Draw a short piece of a line, or a swatch of a hatching."""
        if kind in {"unseen", "degraded"}:
            bits = np.full((24, 42), np.uint8(Flag.NODATA if kind == "unseen" else Flag.HAZE))
            self.panel(hatch(np.full((24, 42, 3), 0.45, np.float32), bits), round(x), round(y))
            return
        style: dict[str, Any] = {"color": COLOURS.get(kind, "0.35"), "linestyle": LINES.get(kind, "solid")}
        style["linewidth"] = points(5 if kind in COLOURS else 2)
        if kind == "search":
            style["linestyle"] = (0, (1, 2))
        axes = self.figure.add_axes((x / self.width, 1 - (y + 24) / self.height, 42 / self.width, 24 / self.height))
        axes.plot([0, 1], [0.5, 0.5], **style)
        axes.set(xlim=(0, 1), ylim=(0, 1))
        axes.axis("off")


def _rings(shape: BaseGeometry, frame: Frame) -> list[NDArray[np.float64]]:
    rings = []
    for part in shapely.get_parts(shape):
        if part.geom_type == "Polygon":
            rings += [frame.to_panel(np.asarray(ring.coords)) for ring in (part.exterior, *part.interiors)]
    return rings


def zone_outline(axes: Axes, zone: Zone, grid: Grid, frame: Frame) -> None:
    """Draw a zone thin and white; a search area dotted."""
    for ring in _rings(to_pixels(zone.polygon, grid), frame):
        axes.plot(
            *ring.T,
            color="white",
            linewidth=points(2),
            linestyle="solid" if zone.located else (0, (1, 2)),
            zorder=3,
            path_effects=[withStroke(linewidth=points(4), foreground=(0, 0, 0, 0.55))] if zone.located else [],
        )


def region_outline(axes: Axes, shape: BaseGeometry, direction: str, frame: Frame) -> None:
    """Draw a region in the colour and line of its direction, without holes too small to be drawn as such."""
    rings = [ring for ring in _rings(shape, frame) if shapely.Polygon(ring).area > _SMALL_RING_PX2] or _rings(
        shape, frame
    )
    for ring in rings:
        axes.plot(*ring.T, color="black", linewidth=points(8), zorder=4, solid_capstyle="round", alpha=0.8)
        axes.plot(*ring.T, color=COLOURS[direction], linewidth=points(4.5), linestyle=LINES[direction], zorder=5)


def region_frame(axes: Axes, shape: BaseGeometry, direction: str, frame: Frame) -> None:
    """Draw a region's outline a little outside it, so that its own pixels stay visible."""
    scale = frame.width / frame.cols
    moved = shapely.transform(shape, frame.to_panel)
    gap = max(_GAP_PX, scale)
    # Closed first: a ragged outline with holes would hide more than it shows.
    around = moved.buffer(3 * gap).buffer(-2 * gap).simplify(1.0)
    around = shapely.union_all([shapely.Polygon(part.exterior) for part in shapely.get_parts(around)])
    plain = Frame(row=0, col=0, rows=frame.height, cols=frame.width, width=frame.width, height=frame.height)
    for ring in _rings(around, plain):
        axes.plot(*ring.T, color="black", linewidth=points(5), alpha=0.6, zorder=4)
        axes.plot(*ring.T, color=COLOURS[direction], linewidth=points(3), linestyle=LINES[direction], zorder=5)


@dataclass
class Labels:
    """Places labels on one panel so that none covers another, a region or the panel's edge."""

    sheet: Sheet
    axes: Axes
    frame: Frame
    taken: list[tuple[float, float, float, float]] = field(default_factory=list)
    """Left, top, right, bottom of what is occupied, panel pixels."""
    count: int = 0

    def __post_init__(self) -> None:
        width, height = self.frame.width, self.frame.height
        # Scale bar and north arrow stand here.
        self.taken += [(0, height - 60, 0.45 * width, height), (width - 70, 0, width, 90)]

    def region(self, region: Region, shape: BaseGeometry) -> None:
        """Write a region's mark and id beside it, with a line to it where there is no room close by."""
        bounds = self._bounds(shape)
        if bounds is None or self.count >= _MAX_LABELS:
            return
        text = f"{MARKS[region.direction]}{region.id}"
        place = self._room(text, _LABEL_PX, bounds)
        if place is None:
            return
        self.count += 1
        self._leader(place, bounds)
        self._write(text, place, _LABEL_PX, COLOURS[region.direction], "bold")

    def zone(self, zone: Zone, shape: BaseGeometry) -> None:
        """Write a zone's name in it if there is room; its title where that is short."""
        if not zone.located:
            return
        text = clean((zone.title or zone.name).split(" (")[0].split(",")[0])
        text = text if zone.title and len(text) <= 22 and "," not in zone.title else clean(zone.name)  # noqa: PLR2004
        width, height = self.sheet.measure(text, _ZONE_LABEL_PX)
        for x, y in self._spots(shape):
            place = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
            if self._free(place):
                self._write(text, place, _ZONE_LABEL_PX, "white", "normal")
                return

    def _spots(self, shape: BaseGeometry) -> list[tuple[float, float]]:
        """Return points in the visible part of a shape: a name beside its zone could be taken for another's."""
        frame = self.frame
        seen = shapely.transform(shape, frame.to_panel).intersection(shapely.box(0, 0, frame.width, frame.height))
        if seen.is_empty or seen.area <= 0:
            return []
        left, top, right, bottom = seen.bounds
        steps = np.linspace(0.1, 0.9, 9)
        x, y = (v.ravel() for v in np.meshgrid(left + (right - left) * steps, top + (bottom - top) * steps))
        inside = shapely.contains_xy(seen, x, y)
        middle = seen.representative_point()
        order = np.argsort(np.hypot(x - middle.x, y - middle.y), kind="stable")
        return [(middle.x, middle.y), *((float(x[i]), float(y[i])) for i in order if inside[i])]

    def _bounds(self, shape: BaseGeometry) -> tuple[float, float, float, float] | None:
        """Return the part of a shape's box that the panel shows."""
        corners = np.array(shape.bounds).reshape(2, 2)
        (left, top), (right, bottom) = self.frame.to_panel(corners)
        left, right = max(0.0, left), min(float(self.frame.width), right)
        top, bottom = max(0.0, top), min(float(self.frame.height), bottom)
        return (left, top, right, bottom) if left < right and top < bottom else None

    def _room(self, text: str, pixels: float, bounds: tuple[float, ...]) -> Any:
        """Find the nearest free place around a box; None if there is none."""
        width, height = self.sheet.measure(text, pixels, "bold")
        left, top, right, bottom = bounds
        x, y = (left + right - width) / 2, (top + bottom - height) / 2
        for gap in _FAR_PX:
            for x0, y0 in (
                (right + gap, y),
                (left - gap - width, y),
                (x, top - gap - height),
                (x, bottom + gap),
                (right + gap, top - gap - height),
                (left - gap - width, top - gap - height),
                (right + gap, bottom + gap),
                (left - gap - width, bottom + gap),
            ):
                place = (x0, y0, x0 + width, y0 + height)
                if self._free(place):
                    return place
        return None

    def _free(self, place: tuple[float, ...]) -> bool:
        left, top, right, bottom = place
        if left < 2 or top < 2 or right > self.frame.width - 2 or bottom > self.frame.height - 2:  # noqa: PLR2004 - margin
            return False
        return not any(left < r + 3 and l - 3 < right and top < b + 2 and t - 2 < bottom for l, t, r, b in self.taken)  # noqa: E741

    def keep_clear(self, shape: BaseGeometry) -> None:
        """Let no label cover a region, unless it covers much of the panel itself."""
        bounds = self._bounds(shape)
        if bounds and (bounds[2] - bounds[0]) * (bounds[3] - bounds[1]) < 0.05 * self.frame.width * self.frame.height:
            self.taken.append(bounds)

    def _leader(self, place: tuple[float, ...], bounds: tuple[float, ...]) -> None:
        """Draw a thin line from a label to its region where they stand apart."""
        start = [
            np.clip((bounds[0] + bounds[2]) / 2, place[0], place[2]),
            np.clip((bounds[1] + bounds[3]) / 2, place[1], place[3]),
        ]
        end = [np.clip(start[0], bounds[0], bounds[2]), np.clip(start[1], bounds[1], bounds[3])]
        if math.dist(start, end) > _FAR_PX[0] + 6:
            self.axes.plot([start[0], end[0]], [start[1], end[1]], color="black", linewidth=points(2), zorder=5)

    def _write(self, text: str, place: tuple[float, ...], pixels: float, colour: str, weight: str) -> None:
        self.taken.append((place[0], place[1], place[2], place[3]))
        self.axes.text(
            place[0],
            place[3],
            text,
            size=points(pixels),
            color=colour,
            weight=weight,
            ha="left",
            va="bottom",
            zorder=9,
            parse_math=False,
            path_effects=[withStroke(linewidth=points(5), foreground=(0, 0, 0, 0.85))],
        )


def scale_bar(axes: Axes, frame: Frame, pixel_size: float, unit: str) -> None:
    """Draw a bar of a round length, about a quarter of the panel wide."""
    scale = frame.width / frame.cols / pixel_size
    length = round_length(0.28 * frame.width / scale)
    x, y = 18, frame.height - 18
    halo = [withStroke(linewidth=points(9), foreground=(0, 0, 0, 0.75))]
    ends = ([x, x + length * scale], [y, y])
    axes.plot(
        *ends,
        color="white",
        linewidth=points(5),
        path_effects=halo,
        zorder=10,
        solid_capstyle="butt",
    )
    words = f"{length / 1000:g} km" if unit == "m" and length >= 1000 else f"{length:g} {unit}"  # noqa: PLR2004
    halo = [withStroke(linewidth=points(5), foreground=(0, 0, 0, 0.85))]
    axes.text(x, y - 8, words, size=points(22), color="white", path_effects=halo, zorder=10, va="bottom", ha="left")


def round_length(most: float) -> float:
    """Return the largest of 1, 2 and 5 times a power of ten that is not above ``most``.

    >>> round_length(730), round_length(0.3)
    (500.0, 0.2)

    """
    power = 10.0 ** math.floor(math.log10(most))
    return float(f"{max(step * power for step in (1, 2, 5) if step * power <= most * (1 + 1e-9)):.3g}")


def north_arrow(axes: Axes, frame: Frame, up_azimuth_deg: float) -> None:
    """Point to true north, in the upper right corner; ``up_azimuth_deg`` is where the panel's top points to."""
    angle = math.radians(-up_azimuth_deg)
    dx, dy = math.sin(angle), -math.cos(angle)
    x, y, half = frame.width - 36, 50, 24
    style = {"arrowstyle": "-|>,head_width=0.35,head_length=0.6", "linewidth": points(4), "shrinkA": 0, "shrinkB": 0}
    for colour, extra in (("black", 5), ("white", 0)):
        axes.annotate(
            "",
            xy=(x + half * dx, y + half * dy),
            xytext=(x - half * dx, y - half * dy),
            arrowprops=style | {"color": colour, "linewidth": points(4 + extra)},
            zorder=10,
        )
    halo = [withStroke(linewidth=points(5), foreground=(0, 0, 0, 0.85))]
    axes.text(
        x - 40 * dx,
        y - 40 * dy,
        "N",
        size=points(20),
        color="white",
        weight="bold",
        path_effects=halo,
        zorder=10,
        ha="center",
        va="center",
    )
