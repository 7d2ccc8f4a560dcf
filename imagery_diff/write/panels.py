"""Pixels as they are shown: one stretch for both dates, nearest neighbour, and what was not seen hatched over.

A panel is computed at the size at which it is drawn, so that nothing resamples it afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from affine import Affine

from imagery_diff.errors import ImageryDiffError
from imagery_diff.scene import DEGRADED, UNSEEN, Flag, Scene

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.result import Comparison
    from imagery_diff.scene import SceneInfo

    Pixels = NDArray[np.float32]
    Layer = TypeVar("Layer", Pixels, NDArray[np.uint8])

_COLOURS = (("red", "r"), ("green", "g"), ("blue", "b"))
_OTHER_SCALE = 8.0
"""Two images whose values span so differently are not in the same numbers (reflectance against counts)."""
_PERCENTILES = (0.5, 99.5)
_MAX_SAMPLES = 100_000
_SLIVER_PX = 1e-3
_UNSEEN_GREY, _STRIPE_GREY = 0.62, 0.38
_STRIPE_PX, _THIN_STRIPE_PX = 14, 26


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A rectangle of the comparison's grid and the size at which it is drawn."""

    row: float
    """Upper edge, in pixels of the grid; may lie outside it."""
    col: float
    rows: float
    cols: float
    width: int
    """Drawn, in pixels of the figure."""
    height: int

    def to_panel(self, positions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Bring positions (n, 2) in (col, row) of the grid to (x, y) of the panel."""
        scale = np.array([self.width / self.cols, self.height / self.rows])
        moved: NDArray[np.float64] = (positions - [self.col, self.row]) * scale
        return moved

    @property
    def from_panel(self) -> Affine:
        """From (x, y) of the panel to (col, row) of the grid."""
        return Affine(self.cols / self.width, 0, self.col, 0, self.rows / self.height, self.row)


@dataclass(frozen=True, kw_only=True, eq=False)
class Stretch:
    """Which bands are shown, and which values become black and white: the same on both dates where numbers compare."""

    bands: tuple[int, ...]
    """Indexes in the comparison's layers: red, green, blue, or one band for grey."""
    names: tuple[str, ...]
    low: NDArray[np.float64]
    """(band,)"""
    high: NDArray[np.float64]
    later: Stretch | None = None
    """Limits of the after image, where its numbers are of another scale (another product)."""

    def of(self, date: int) -> Stretch:
        """Return the limits of the before (0) or after (1) image."""
        return self.later if date and self.later is not None else self

    def words(self, units: str) -> str:
        """Say the limits, for the caption."""
        kind = "true colour" if len(self.bands) > 1 else "grey"
        if self.later is not None:
            own = "a stretch of its own for each date, as their numbers are of two scales"
            return f"{kind}, linear, {own}: before {self.limits()}; after {self.later.limits()} ({units})"
        return f"{kind}, linear, one stretch for both dates: {self.limits()} ({units})"

    def limits(self) -> str:
        """Write what is black and what is white, band by band."""
        return ", ".join(
            f"{name} {_figure(low)} to {_figure(high)}"
            for name, low, high in zip(self.names, self.low, self.high, strict=True)
        )


def _figure(value: float) -> str:
    """Write a limit with three figures, never as a power of ten."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004 - three figures


def stretch_of(scenes: tuple[Scene, ...], names: list[str], frame: Frame) -> Stretch:
    """Choose bands and limits for images on one grid, from what a frame shows of them."""
    found = [next((names.index(n) for n in alike if n in names), None) for alike in _COLOURS]
    bands = tuple(i for i in found if i is not None)
    if len(bands) < len(_COLOURS):
        bands = (bands or (0,))[:1]
    rows, cols = _inside(frame, scenes[0].flags.shape)
    values = []
    for scene in scenes:
        seen = np.flatnonzero((scene.flags[rows, cols] & UNSEEN) == 0)
        at = np.unravel_index(seen[:: max(1, len(seen) // _MAX_SAMPLES)], scene.flags[rows, cols].shape)
        values.append(np.stack([scene.data[b, rows, cols][at].astype(np.float32) for b in bands]))
    shown = tuple(names[i] for i in bands)
    spans = [float(np.ptp(np.percentile(v, _PERCENTILES))) for v in values if v.size]
    if len(spans) == 2 and max(spans) > _OTHER_SCALE * min(spans) > 0:  # noqa: PLR2004 - both dates
        before, after = (_limits_of(v, bands, shown) for v in values)
        return replace(before, later=after)
    return _limits_of(np.concatenate(values, axis=1), bands, shown)


def _limits_of(values: Pixels, bands: tuple[int, ...], names: tuple[str, ...]) -> Stretch:
    """Set the limits from (band, pixel)."""
    low, high = np.percentile(values, _PERCENTILES, axis=1) if values.size else np.array([[0.0], [1.0]])
    return Stretch(bands=bands, names=names, low=low, high=np.where(high > low, high, low + 1.0))


def _inside(frame: Frame, shape: tuple[int, int]) -> tuple[slice, slice]:
    row, col = max(0, int(frame.row)), max(0, int(frame.col))
    stop = (min(shape[0], int(np.ceil(frame.row + frame.rows))), min(shape[1], int(np.ceil(frame.col + frame.cols))))
    return slice(row, max(stop[0], row + 1)), slice(col, max(stop[1], col + 1))


def grid_panel(scene: Scene, stretch: Stretch, frame: Frame, uncovered: int = 0) -> Pixels:
    """Colours (height, width, 3), 0 to 1, of a scene on the comparison's grid; where it must shrink, by block means.

    Pixels with no other flags than ``uncovered`` (bits) are shown without a hatching.
    """
    times = int(max(1, min(frame.rows / frame.height, frame.cols / frame.width)))
    flags = scene.flags & ~np.uint8(uncovered)
    bands, to_pixels = [scene.data[b] for b in stretch.bands], frame.from_panel
    if times > 1:
        bands, flags = [_block_mean(band.astype(np.float32), times) for band in bands], flags[::times, ::times]
        to_pixels = Affine.scale(1 / times) @ to_pixels
    return _paint(bands, flags, to_pixels, stretch, frame)


def delivered(
    info: SceneInfo, result: Comparison, names: tuple[str, ...], frame: Frame, *, half: float, most: int = 6_000_000
) -> tuple[Scene, Affine] | None:
    """Read a scene's own pixels of a frame, and the way to them from (col, row) of the grid.

    Parameters
    ----------
    names
        The bands.
    half
        -0.5 for the before image, +0.5 for the after image: by so much of the shift it is moved.
    most
        More pixels are not read.

    Returns
    -------
    None where they lie in another coordinate system, or cannot be read any more.

    """
    there = [band.name for band in info.bands]
    if info.grid.crs != result.grid.crs or not set(names) <= set(there):
        return None
    step = Affine.translation(half * result.shift.cols, half * result.shift.rows)
    to_source = ~info.grid.transform @ result.grid.transform @ step
    window = _window(to_source, frame, info.grid.shape)
    if window is None or window[2][0] * window[2][1] > most:
        return None
    row, col, shape = window
    try:
        scene = info.source.read(row, col, shape, tuple(there.index(name) for name in names))
    except (ImageryDiffError, OSError):
        # The file may be gone by the time a result is drawn; the layers still hold the image.
        return None
    return scene, Affine.translation(-col, -row) @ to_source


def _window(to_source: Affine, frame: Frame, shape: tuple[int, int]) -> tuple[int, int, tuple[int, int]] | None:
    """Rectangle of the source under a frame of the grid: row, col, (rows, cols); None if there is nothing of it."""
    x = np.array([frame.col, frame.col + frame.cols, frame.col, frame.col + frame.cols])
    y = np.array([frame.row, frame.row, frame.row + frame.rows, frame.row + frame.rows])
    t = to_source
    corners = np.stack([t.a * x + t.b * y + t.c, t.d * x + t.e * y + t.f], axis=1)
    # A shift of a thousandth of a pixel must not bring in another row.
    low = np.maximum(np.floor(corners.min(axis=0) + _SLIVER_PX), 0).astype(int)
    high = np.minimum(np.ceil(corners.max(axis=0) - _SLIVER_PX), [shape[1], shape[0]]).astype(int)
    size = high - low
    return None if (size < 1).any() else (int(low[1]), int(low[0]), (int(size[1]), int(size[0])))


def _block_mean(band: Pixels, times: int) -> Pixels:
    rows, cols = (-(-n // times) for n in band.shape)
    if (rows * times, cols * times) != band.shape:
        band = np.pad(band, ((0, rows * times - band.shape[0]), (0, cols * times - band.shape[1])), mode="edge")
    # Down first: lines are added faster than a few numbers each.
    lines = band.reshape(rows, times, -1).mean(axis=1)
    means: Pixels = lines[:, ::times] / times
    for part in range(1, times):
        means += lines[:, part::times] / times
    return means


def _paint(bands: list[Pixels], flags: NDArray[np.uint8], to_pixels: Affine, stretch: Stretch, frame: Frame) -> Pixels:
    """Look every pixel of the panel up in an image, stretch it, and hatch what was not seen."""
    # Columns and rows of the panel as open grids: where the axes are parallel they stay one line each, which is fast.
    x, y = np.arange(frame.width)[None] + 0.5, np.arange(frame.height)[:, None] + 0.5
    t = to_pixels
    cols = np.floor(t.a * x + (t.b * y if t.b else 0.0) + t.c).astype(np.int64)
    rows = np.floor(t.e * y + (t.d * x if t.d else 0.0) + t.f).astype(np.int64)
    outside = (rows < 0) | (cols < 0) | (rows >= flags.shape[0]) | (cols >= flags.shape[1])
    rows, cols = np.clip(rows, 0, flags.shape[0] - 1), np.clip(cols, 0, flags.shape[1] - 1)
    found = np.where(outside, np.uint8(Flag.OUTSIDE), _looked_up(flags, rows, cols))
    low, span = stretch.low.astype(np.float32), (stretch.high - stretch.low).astype(np.float32)
    colours = np.stack(
        [_scaled(_looked_up(band, rows, cols), *limits) for band, *limits in zip(bands, low, span, strict=True)],
        axis=-1,
    )
    if colours.shape[-1] == 1:
        colours = np.repeat(colours, 3, axis=-1)
    return hatch(colours, found)


def _looked_up(band: Layer, rows: NDArray[np.int64], cols: NDArray[np.int64]) -> Layer:
    """Take pixels at open grids; where these are a line each whole lines are taken, in a third of the time."""
    if rows.shape[1] == 1 and cols.shape[0] == 1:
        return np.asarray(np.take(np.take(band, rows[:, 0], axis=0), cols[0], axis=1))
    return np.asarray(band[rows, cols])


def _scaled(band: Pixels, low: np.float32, span: np.float32) -> Pixels:
    """Stretch a band to 0 to 1."""
    scaled: Pixels = np.clip(np.nan_to_num((band - low) / span), 0.0, 1.0)
    return scaled


def hatch(colours: Pixels, flags: NDArray[np.uint8]) -> Pixels:
    """Cover unseen pixels with grey stripes; lay thin light stripes, the other way, over degraded ones."""
    if not flags.any():
        return colours
    y, x = np.arange(flags.shape[0])[:, None], np.arange(flags.shape[1])[None]
    out = np.array(colours, dtype=np.float32)
    thin = ((flags & DEGRADED) != 0) & ((x - y) % _THIN_STRIPE_PX < 3)  # noqa: PLR2004 - width of the line, pixels
    out[thin] = 0.25 * out[thin] + 0.75
    unseen = (flags & UNSEEN) != 0
    stripe = np.where((x + y) % _STRIPE_PX < 4, np.float32(_STRIPE_GREY), np.float32(_UNSEEN_GREY))  # noqa: PLR2004
    out[unseen] = stripe[unseen][:, None]
    return out


def subdued(colours: Pixels) -> Pixels:
    """Make a panel grey and pale, so that outlines stand out on it."""
    grey = colours.mean(axis=-1, keepdims=True)
    return np.repeat(0.25 + 0.6 * grey, 3, axis=-1)
