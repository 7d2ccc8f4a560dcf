"""Lines and letters on panels: outlines, labels that keep out of each other's way, scale bar, north arrow, stamp.

Pillow draws: what it loads and does takes a tenth of matplotlib's time. It sets letters smoothly and lines in steps, so
lines are drawn some times as large and laid through that mask.
"""

from __future__ import annotations

import importlib.util
import math
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from PIL import Image, ImageChops, ImageDraw, ImageFont

from imagery_diff.scene import Flag
from imagery_diff.write.panels import Frame, hatch
from imagery_diff.write.words import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from imagery_diff.aoi import Zone
    from imagery_diff.grid import Grid
    from imagery_diff.result import Comparison, Region
    from imagery_diff.write.panels import Pixels

    Positions = NDArray[np.float64] | Sequence[tuple[float, float]]

INK = "#1a1a1a"
COLOURS = {"appeared": "#E69F00", "disappeared": "#56B4E9", "changed": "#CC79A7", "look": "#F0E442"}
"""Okabe and Ito 2008: told apart by colour-blind eyes; the line style and the mark say the same again."""
DASHES: dict[str, tuple[float, float] | None] = {
    "appeared": None,
    "disappeared": (5, 2),
    "changed": (1.2, 1.4),
    "look": (2, 2),
}
"""Lengths of stroke and gap, in widths of the line; None for a line without gaps."""
DOTS = (1.0, 2.0)
MARKS = {
    "appeared": "\N{BLACK UP-POINTING TRIANGLE}",
    "disappeared": "\N{BLACK DOWN-POINTING TRIANGLE}",
    "changed": "\N{BLACK DIAMOND}",
}
_LABEL_PX, _ZONE_LABEL_PX = 25, 17
_GAP_PX = 4
"""Figure pixels between an outline and the pixels it marks in a close-up."""
_FAR_PX = (6, 26, 52, 84)
_MAX_LABELS = 40
_SMALL_RING_PX2 = 400
"""Rings of a region smaller than this, square figure pixels, would be two strokes of the pen."""
_PEN_PX = 0.2
_FINE = 4
"""Lines are drawn so many times as large."""
_FACES = {"normal": "DejaVuSans.ttf", "bold": "DejaVuSans-Bold.ttf"}
_ASCENT = 0.76
"""Height of its capitals, in sizes of the font."""
_HALO, _HALO_PX = "#1c1c1c", 3
"""Around light letters, which lie on pixels of any colour."""


@cache
def _face(weight: str) -> str:
    """Return the file of DejaVu Sans, which matplotlib brings; to load matplotlib for it would take half a second.

    What is no weight is the file of another font.
    """
    if weight not in _FACES:
        return weight
    spec = importlib.util.find_spec("matplotlib")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "mpl-data" / "fonts" / "ttf" / _FACES[weight]
        if path.exists():
            return str(path)
    from matplotlib.font_manager import FontProperties, findfont  # noqa: PLC0415 - only where it was packed otherwise

    return str(findfont(FontProperties(family="DejaVu Sans", weight=weight)))


@lru_cache(256)
def _font(pixels: float, weight: str) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_face(weight), pixels, layout_engine=ImageFont.Layout.BASIC)


_LONGEST = 10_000
"""Characters; Pillow refuses a million, and names come from files."""


@lru_cache(4096)
def measure(text: str, pixels: float, weight: str = "normal") -> tuple[float, float]:
    """Width and height of a text, in pixels; of the beginning of one that no picture holds.

    ``weight`` is ``normal``, ``bold``, or the file of another font.
    """
    font, text = _font(pixels, weight), text[:_LONGEST]
    _, top, _, bottom = font.getbbox(text, anchor="ls")
    return (float(font.getlength(text)), float(bottom - top))


def fitted(text: str, width: float, pixels: float, weight: str = "normal") -> str:
    """Return a text cut in its middle until it fits; both ends of a file name tell something."""
    text = clean(text)
    if measure(text, pixels, weight)[0] <= width:
        return text
    for kept in range(min(len(text), 400), 4, -2):
        short = f"{text[: kept // 2]}\N{HORIZONTAL ELLIPSIS}{text[-(kept // 2) :]}"
        if measure(short, pixels, weight)[0] <= width:
            return short
    return text[:2]


def wrapped(text: str, width: float, pixels: float, weight: str = "normal") -> list[str]:
    """Break a text into lines that fit, between words; ``weight`` as in :func:`measure`."""
    space = measure(" ", pixels, weight)[0]
    lines: list[list[str]] = [[]]
    used = 0.0
    for word in clean(text).split():
        need = measure(word, pixels, weight)[0]
        if lines[-1] and used + space + need > width:
            lines.append([])
            used = 0.0
        used += need + (space if lines[-1] else 0.0)
        lines[-1].append(word)
    return [fitted(" ".join(line), width, pixels, weight) for line in lines]


def to_pixels(geometry: BaseGeometry, grid: Grid) -> BaseGeometry:
    """Bring a geometry from map units to (col, row) of the grid."""
    inverse = ~grid.transform
    matrix = np.array([[inverse.a, inverse.b], [inverse.d, inverse.e]])
    return shapely.transform(geometry, lambda xy: xy @ matrix.T + [inverse.c, inverse.f])


def whole_ground(result: Comparison) -> tuple[float, float, float, float]:
    """Rectangle of the grid around the AOI with a little margin: row, col, rows, cols."""
    rows, cols = result.grid.shape
    if result.aoi is None:
        return (0.0, 0.0, float(rows), float(cols))
    left, top, right, bottom = to_pixels(result.aoi.polygon, result.grid).bounds
    margin = 0.03 * max(right - left, bottom - top)
    top, left = max(0.0, top - margin), max(0.0, left - margin)
    bottom, right = min(float(rows), bottom + margin), min(float(cols), right + margin)
    if bottom <= top or right <= left:
        return (0.0, 0.0, float(rows), float(cols))
    return (top, left, bottom - top, right - left)


@dataclass(frozen=True, kw_only=True)
class Written:
    """A text, and where it stands."""

    text: str
    box: tuple[float, float, float, float]
    """Left, top, right, bottom in pixels of the sheet."""
    slanted: bool = False


class Canvas:
    """A picture addressed in pixels from its upper left corner."""

    def __init__(self, image: Image.Image, corner: tuple[int, int], written: list[Written]) -> None:
        self.image = image
        self.corner = corner
        """Left and top on the sheet."""
        self.written = written
        """Every text so far, on the whole sheet."""

    def write(
        self,
        text: str,
        at: tuple[float, float],
        pixels: float,
        colour: str,
        *,
        weight: str = "normal",
        halo: bool = False,
    ) -> None:
        """Write a line, its baseline beginning at a point."""
        font, text = _font(pixels, weight), text[:_LONGEST]
        around: dict[str, Any] = {"stroke_width": _HALO_PX, "stroke_fill": _HALO} if halo else {}
        x, y = round(at[0]), round(at[1])
        ImageDraw.Draw(self.image).text((x, y), text, fill=colour, font=font, anchor="ls", **around)
        left, top, right, bottom = font.getbbox(text, anchor="ls")
        x, y = x + self.corner[0], y + self.corner[1]
        self.written.append(Written(text=text, box=(x + left, y + top, x + right, y + bottom)))

    def line(
        self,
        points: Positions,
        colour: str,
        width: float,
        *,
        dashes: tuple[float, float] | None = None,
        opacity: float = 1.0,
    ) -> None:
        """Draw a line through points, with ``dashes`` as :data:`DASHES`."""
        xy = np.asarray(points, float)
        runs = [xy] if dashes is None else _dashed(xy, *(width * part for part in dashes))

        def paint(pen: ImageDraw.ImageDraw, corner: NDArray[np.float64]) -> None:
            for run in runs:
                fine = [tuple(p) for p in (run - corner) * _FINE]
                pen.line(fine, fill=round(255 * opacity), width=round(width * _FINE), joint="curve")

        self._smoothly(paint, xy, width, colour)

    def area(self, points: Positions, colour: str) -> None:
        """Fill a polygon."""

        def paint(pen: ImageDraw.ImageDraw, corner: NDArray[np.float64]) -> None:
            pen.polygon([tuple(p) for p in (np.asarray(points) - corner) * _FINE], fill=255)

        self._smoothly(paint, np.asarray(points, float), 1, colour)

    def _smoothly(
        self,
        paint: Callable[[ImageDraw.ImageDraw, NDArray[np.float64]], None],
        xy: NDArray[np.float64],
        width: float,
        colour: str,
    ) -> None:
        """Lay a colour through what is painted on a mask several times as large as what it covers."""
        low = np.maximum(np.floor(xy.min(axis=0) - width), 0).astype(int)
        high = np.minimum(np.ceil(xy.max(axis=0) + width), self.image.size).astype(int)
        if (high <= low).any():
            return
        mask = Image.new("L", tuple((high - low) * _FINE))
        paint(ImageDraw.Draw(mask), low.astype(float))
        self.image.paste(colour, (int(low[0]), int(low[1])), mask.reduce(_FINE))

    def stamp(self, words: str) -> None:
        """Write across the picture, from corner to corner, that no satellite saw it."""
        around, letters = _slanted(words, self.image.size)
        x, y = ((whole - part) // 2 for whole, part in zip(self.image.size, letters.size, strict=True))
        for colour, mask in (("black", around), ("white", letters)):
            self.image.paste(colour, (x, y), mask)
        x, y = x + self.corner[0], y + self.corner[1]
        self.written.append(Written(text=words, box=(x, y, x + letters.width, y + letters.height), slanted=True))


@lru_cache(4)
def _slanted(words: str, size: tuple[int, int]) -> tuple[Image.Image, Image.Image]:
    """Return masks of words from corner to corner of a picture, and of what lies around their letters."""
    diagonal, angle = math.hypot(*size), math.atan2(size[1], size[0])
    width, height = measure(words, 100, "bold")
    # The slanted line of letters must fit between all four edges.
    fit = min(
        0.94 * size[0] / (width * math.cos(angle) + height * math.sin(angle)),
        0.94 * size[1] / (width * math.sin(angle) + height * math.cos(angle)),
        0.8 * diagonal / width,
    )
    font = _font(max(100 * fit, 1.0), "bold")
    left, top, right, bottom = font.getbbox(words, anchor="ls")
    line = (math.ceil(right - left) + 2 * _HALO_PX, math.ceil(bottom - top) + 2 * _HALO_PX)
    letters, around = Image.new("L", line), Image.new("L", line)
    for mask, stroke in ((letters, 0), (around, _HALO_PX)):
        at = (_HALO_PX - left, _HALO_PX - top)
        ImageDraw.Draw(mask).text(at, words, fill=255, font=font, anchor="ls", stroke_width=stroke)
    faint = [(ImageChops.subtract(around, letters), 0.4), (letters, 0.65)]
    first, second = (
        mask.point([round(opacity * level) for level in range(256)]).rotate(
            math.degrees(angle), Image.Resampling.BICUBIC, expand=True
        )
        for mask, opacity in faint
    )
    return first, second


def _dashed(xy: NDArray[np.float64], stroke: float, gap: float) -> list[NDArray[np.float64]]:
    """Cut a line into strokes and leave out the gaps between them."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    begins = np.arange(0.0, along[-1], stroke + gap)
    runs = []
    for begin in begins:
        end = min(begin + stroke, along[-1])
        at = np.concatenate([[begin], along[(along > begin) & (along < end)], [end]])
        runs.append(np.stack([np.interp(at, along, side) for side in xy.T], axis=1))
    return runs


class Sheet(Canvas):
    """The whole figure."""

    def __init__(self, width: int, height: int) -> None:
        super().__init__(Image.new("RGB", (width, height), "white"), (0, 0), [])

    def text(self, text: str, x: float, y: float, pixels: float, *, colour: str = INK, weight: str = "normal") -> None:
        """Write a line, its upper left corner at (x, y)."""
        self.write(clean(text), (x, y + _ASCENT * pixels), pixels, colour, weight=weight)

    def paragraph(self, text: str, x: float, y: float, width: float, pixels: float, *, colour: str = INK) -> float:
        """Write a text in as many lines as it needs; return where the next may begin."""
        step = 1.4 * pixels
        for line in wrapped(text, width, pixels):
            self.text(line, x, y, pixels, colour=colour)
            y += step
        return y

    @contextmanager
    def panel(self, image: Pixels, left: int, top: int) -> Iterator[Canvas]:
        """Show an image pixel by pixel, its upper left corner at (left, top), with what is drawn on it meanwhile."""
        shown = Image.fromarray(np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8))
        yield Canvas(shown, (left, top), self.written)
        self.image.paste(shown, (left, top))
        rim = (left - 1, top - 1, left + shown.width, top + shown.height)
        ImageDraw.Draw(self.image).rectangle(rim, outline="#4d4d4d")

    def swatch(self, image: Pixels, left: int, top: int) -> None:
        """Show an image on which nothing is drawn."""
        with self.panel(image, left, top):
            pass

    def legend(self, corner: tuple[int, int], width: int, lines: Sequence[tuple[str, str]]) -> None:
        """Explain lines and hatchings: for each its kind, and what it means."""
        left, top = corner
        x, y = float(left), float(top)
        for kind, words in lines:
            need = measure(words, 21)[0] + (70 if kind != "none" else 20)
            if x + need > left + width and x > left:
                x, y = float(left), y + 34
            if kind != "none":
                self._sample(kind, x, y)
            self.text(words, x + (50 if kind != "none" else 0), y, 21, colour="#333333")
            x += need

    def _sample(self, kind: str, x: float, y: float) -> None:
        """Draw a short piece of a line, or a swatch of a hatching."""
        if kind in {"unseen", "degraded"}:
            bits = np.full((24, 42), np.uint8(Flag.NODATA if kind == "unseen" else Flag.HAZE))
            self.swatch(hatch(np.full((24, 42, 3), 0.45, np.float32), bits), round(x), round(y))
            return
        dashes = DOTS if kind == "search" else DASHES.get(kind)
        ends = [(x, y + 12), (x + 42, y + 12)]
        self.line(ends, COLOURS.get(kind, "#595959"), 5 if kind in COLOURS else 2, dashes=dashes)


def _rings(shape: BaseGeometry, frame: Frame) -> list[NDArray[np.float64]]:
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    rings = [shapely.transform(ring, frame.to_panel) for part in parts for ring in (part.exterior, *part.interiors)]
    # Corners closer than the pen can show cost its time.
    return [shapely.get_coordinates(shapely.simplify(ring, _PEN_PX)) for ring in rings]


def zone_outline(panel: Canvas, zone: Zone, grid: Grid, frame: Frame) -> None:
    """Draw a zone thin and white; a search area dotted."""
    for ring in _rings(to_pixels(zone.polygon, grid), frame):
        if zone.located:
            panel.line(ring, "black", 4, opacity=0.55)
        panel.line(ring, "white", 2, dashes=None if zone.located else DOTS)


def region_outline(panel: Canvas, shape: BaseGeometry, direction: str, frame: Frame) -> None:
    """Draw a region in the colour and line of its direction, without holes too small to be drawn as such."""
    rings = [ring for ring in _rings(shape, frame) if shapely.Polygon(ring).area > _SMALL_RING_PX2] or _rings(
        shape, frame
    )
    for ring in rings:
        panel.line(ring, "black", 8, opacity=0.8)
        panel.line(ring, COLOURS[direction], 4.5, dashes=DASHES[direction])


def region_frame(panel: Canvas, shape: BaseGeometry, direction: str, frame: Frame) -> None:
    """Draw a region's outline a little outside it, so that its own pixels stay visible."""
    scale = frame.width / frame.cols
    moved = shapely.transform(shape, frame.to_panel)
    gap = max(_GAP_PX, scale)
    # Closed first: a ragged outline with holes would hide more than it shows.
    around = moved.buffer(3 * gap).buffer(-2 * gap).simplify(1.0)
    around = shapely.union_all([shapely.Polygon(part.exterior) for part in shapely.get_parts(around)])
    plain = Frame(row=0, col=0, rows=frame.height, cols=frame.width, width=frame.width, height=frame.height)
    for ring in _rings(around, plain):
        panel.line(ring, "black", 5, opacity=0.6)
        panel.line(ring, COLOURS[direction], 3, dashes=DASHES[direction])


@dataclass
class Labels:
    """Places labels on one panel so that none covers another, a region or the panel's edge."""

    panel: Canvas
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
        self._beside(f"{MARKS[region.direction]}{region.id}", bounds, COLOURS[region.direction])

    def look_at(self, text: str, shape: BaseGeometry) -> None:
        """Write the id of something to look at beside it."""
        bounds = self._bounds(shape)
        if bounds is not None and self.count < _MAX_LABELS:
            self._beside(text, bounds, COLOURS["look"])

    def _beside(self, text: str, bounds: tuple[float, float, float, float], colour: str) -> None:
        place = self._room(text, _LABEL_PX, bounds)
        if place is None:
            return
        self.count += 1
        self._leader(place, bounds)
        self._write(text, place, _LABEL_PX, colour, "bold")

    def zone(self, zone: Zone, shape: BaseGeometry) -> None:
        """Write a zone's name in it if there is room; its title where that is short."""
        if not zone.located:
            return
        text = clean((zone.title or zone.name).split(" (")[0].split(",")[0])
        text = text if zone.title and len(text) <= 22 and "," not in zone.title else clean(zone.name)  # noqa: PLR2004
        width, height = measure(text, _ZONE_LABEL_PX)
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
        width, height = measure(text, pixels, "bold")
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
            self.panel.line([(start[0], start[1]), (end[0], end[1])], "black", 2)

    def _write(self, text: str, place: tuple[float, ...], pixels: float, colour: str, weight: str) -> None:
        self.taken.append((place[0], place[1], place[2], place[3]))
        below = _font(pixels, weight).getbbox(text, anchor="ls")[3]
        self.panel.write(text, (place[0], place[3] - below), pixels, colour, weight=weight, halo=True)


def scale_bar(panel: Canvas, frame: Frame, pixel_size: float, unit: str) -> None:
    """Draw a bar of a round length, about a quarter of the panel wide."""
    scale = frame.width / frame.cols / pixel_size
    length = round_length(0.28 * frame.width / scale)
    x, y = 18, frame.height - 18
    ends = [(x, y), (x + length * scale, y)]
    panel.line([(x - 2, y), (x + length * scale + 2, y)], "black", 9, opacity=0.75)
    panel.line(ends, "white", 5)
    words = f"{length / 1000:g} km" if unit == "m" and length >= 1000 else f"{length:g} {unit}"  # noqa: PLR2004
    panel.write(words, (x, y - 11), 22, "white", halo=True)


def round_length(most: float) -> float:
    """Return the largest of 1, 2 and 5 times a power of ten that is not above ``most``.

    >>> round_length(730), round_length(0.3)
    (500.0, 0.2)

    """
    power = 10.0 ** math.floor(math.log10(most))
    return float(f"{max(step * power for step in (1, 2, 5) if step * power <= most * (1 + 1e-9)):.3g}")


def furniture(panel: Canvas, grid: Grid, frame: Frame) -> None:
    """Draw scale bar and north arrow."""
    scale_bar(panel, frame, grid.pixel_size_m[0] if grid.crs else 1.0, "m" if grid.crs else "pixels")
    azimuth = grid.up_azimuth_deg
    if azimuth is not None:
        north_arrow(panel, frame, azimuth)


def north_arrow(panel: Canvas, frame: Frame, up_azimuth_deg: float) -> None:
    """Point to true north, in the upper right corner; ``up_azimuth_deg`` is where the panel's top points to."""
    angle = math.radians(-up_azimuth_deg)
    ahead = np.array([math.sin(angle), -math.cos(angle)])
    aside = np.array([-ahead[1], ahead[0]])
    middle, half = np.array([frame.width - 36.0, 50.0]), 24
    tip, neck, tail = (middle + along * ahead for along in (half, half - 15, -half))
    head = [tip, neck + 9 * aside, neck - 9 * aside, tip]
    panel.line([tail - 2 * ahead, neck], "black", 9)
    panel.line([*head, head[1]], "black", 5)
    panel.line([tail, neck + ahead], "white", 4)
    panel.area(head, "white")
    x, y = middle - 40 * ahead
    width, height = measure("N", 20, "bold")
    panel.write("N", (x - width / 2, y + height / 2), 20, "white", weight="bold", halo=True)
