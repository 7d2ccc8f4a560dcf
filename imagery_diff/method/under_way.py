"""A vessel under way: the bands of one image are taken moments apart, and show it at different places.

PlanetScope's bands follow each other by fractions of a second up to some seconds, Sentinel-2's by one or two; at ten
knots a ship goes five metres a second. So its edges stand apart from band to band, along its course, while those of
what lies still stand where the image's own bands do. Edges are compared, not brightness: a red deck and a white bridge
have different centres in different bands, and lie still. With g_b the size of the slope of band b around a thing,

    d_b = argmax_d sum_x g_r(x) g_b(x + d)

is its shift against the band r with the strongest edges (Kaab and Leprince 2014, 10.1016/j.rse.2014.09.026, measure
motion so; Heiselberg 2019, 10.3390/rs11020140, ships). The same on the strong edges of the ground says what the
image's own bands do. Three bands must bear it out. How long the bands are apart no provider of ours tells, so no speed
is given.

Assumption: a vessel goes along its length; its edges look alike in all bands. Broken by: slow ships, bands taken at
once (the colour pictures of PlanetScope's first generations), wakes that outweigh the hull, waves. Where it is found
no length is told: every band shows another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage, signal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]
    Shifts = NDArray[np.float64]

_BLUR_PX = 0.7
_MARGIN_PX = 8
"""Ground beside a thing in which its edges are looked for, pixels; three seconds at fifteen knots of 3 m pixels."""
_LIKE = 0.75
"""Correlation of the edges of two bands from which they are the same edges."""
_LEAST_PX = 0.7
"""Shift between two bands that is told, pixels: bands of delivered images lie on each other to a third of a pixel."""
_BEARING, _REST = 3, 0.4
"""Bands that must show it, and the share of the whole shift by which the others must stand apart when any of them is
left out: two thirds of four evenly spaced ones, half of three."""
_ALONG_DEG = 30.0
"""A vessel goes along its length to within this."""
_WINDOWS, _WINDOW_PX = 12, 48
_TINY = 1e-12


@dataclass(frozen=True)
class Course:
    """By how much, and where to, a thing moved between the bands that stand furthest apart."""

    shift_px: float
    bands: tuple[str, str]


def band_shifts(image: Floats, weight: Bools) -> Shifts | None:
    """Measure how far the edges of each band stand from those of the band with the strongest.

    Parameters
    ----------
    image
        (band, row, col), around a thing.
    weight
        (row, col), True where its edges are.

    Returns
    -------
    (band, 2), rows and columns; NaN for a band whose edges are others; None where fewer than two bands show the thing.

    """
    slopes = []
    for band in image:
        soft = ndimage.gaussian_filter(band.astype(np.float64), _BLUR_PX)
        slope = np.hypot(*np.gradient(soft))
        scale = float(np.median(np.abs(slope[~weight]))) if (~weight).any() else 0.0
        slopes.append(np.where(weight, np.maximum(slope - 2 * scale, 0), 0) / max(scale, _TINY))
    energy = [float((s**2).sum()) for s in slopes]
    reference = int(np.argmax(energy))
    shifts = np.full((len(image), 2), np.nan)
    for k, slope in enumerate(slopes):
        found = _shift(slopes[reference], slope)
        if found is not None:
            shifts[k] = found
    return shifts if np.isfinite(shifts[:, 0]).sum() > 1 else None


def _shift(one: NDArray[np.float64], other: NDArray[np.float64]) -> tuple[float, float] | None:
    """Return rows and columns by which the other lies further, to a part of a pixel; None where they are not alike."""
    size = float(np.sqrt((one**2).sum() * (other**2).sum()))
    if size < _TINY:
        return None
    match = signal.correlate(other, one, mode="full", method="fft") / size
    middle = (one.shape[0] - 1, one.shape[1] - 1)
    near = match[
        middle[0] - _MARGIN_PX : middle[0] + _MARGIN_PX + 1, middle[1] - _MARGIN_PX : middle[1] + _MARGIN_PX + 1
    ]
    row, col = (int(v) for v in np.unravel_index(int(near.argmax()), near.shape))
    if near[row, col] < _LIKE or not (0 < row < near.shape[0] - 1 and 0 < col < near.shape[1] - 1):
        return None
    parts = [_peak(near[row - 1 : row + 2, col]), _peak(near[row, col - 1 : col + 2])]
    return row - _MARGIN_PX + parts[0], col - _MARGIN_PX + parts[1]


def _peak(three: NDArray[np.float64]) -> float:
    """Return where a parabola through three values has its top."""
    bend = three[0] - 2 * three[1] + three[2]
    return float(np.clip(0.5 * (three[0] - three[2]) / bend, -0.5, 0.5)) if bend < -_TINY else 0.0


def standing_shifts(image: Floats, clear: Bools) -> Shifts:
    """Measure how far the bands of an image lie from each other on what stands.

    Parameters
    ----------
    image
        (band, row, col).
    clear
        (row, col), True on clear land.

    Returns
    -------
    (band, 2) against the first band, the median over windows of strong edges; 0 where they cannot be told.

    """
    none = np.zeros((len(image), 2))
    grey = ndimage.gaussian_filter(image.mean(axis=0, dtype=np.float64), 1.0)
    slope = np.where(clear, np.hypot(*np.gradient(grey)), 0)
    rows, cols = (n // _WINDOW_PX for n in slope.shape)
    if rows < 1 or cols < 1:
        return none
    tiles = (
        slope[: rows * _WINDOW_PX, : cols * _WINDOW_PX].reshape(rows, _WINDOW_PX, cols, _WINDOW_PX).mean(axis=(1, 3))
    )
    found = []
    for place in np.argsort(-tiles, axis=None)[:_WINDOWS]:
        row, col = (int(v) * _WINDOW_PX for v in np.unravel_index(int(place), tiles.shape))
        if tiles.flat[place] <= 0:
            break
        piece = image[:, row : row + _WINDOW_PX, col : col + _WINDOW_PX]
        shifts = band_shifts(piece, np.ones(piece.shape[1:], bool))
        if shifts is not None:
            found.append(shifts - shifts[0])
    if len(found) < 3:  # noqa: PLR2004 - a median of fewer is none
        return none
    with np.errstate(all="ignore"):
        middle = np.nanmedian(np.stack(found), axis=0)
    return np.where(np.isfinite(middle), middle, 0.0)


def course_of(
    image: Floats, mask: Bools, window: tuple[slice, slice], standing: Shifts, names: tuple[str, ...]
) -> Course | None:
    """Tell whether a thing moved between the bands of an image, along its length.

    Parameters
    ----------
    image
        (band, row, col) of the whole.
    mask
        (row, col) of the window, True on the thing.
    window
        Rows and columns of it in the whole.
    standing
        What :func:`standing_shifts` found.

    Returns
    -------
    None where it lies still, or nobody can tell.

    """
    rows, cols = (
        slice(max(0, s.start - _MARGIN_PX), min(n, s.stop + _MARGIN_PX))
        for s, n in zip(window, image.shape[1:], strict=True)
    )
    weight = np.zeros((rows.stop - rows.start, cols.stop - cols.start), bool)
    down, right = window[0].start - rows.start, window[1].start - cols.start
    weight[down : down + mask.shape[0], right : right + mask.shape[1]] = mask
    near = ndimage.binary_dilation(weight, np.ones((3, 3), bool), iterations=_MARGIN_PX // 2)
    shifts = band_shifts(image[:, rows, cols], near)
    if shifts is None:
        return None
    moved = shifts - standing
    known = np.flatnonzero(np.isfinite(moved[:, 0]))
    apart = moved[known][:, None] - moved[known][None]
    lengths = np.hypot(apart[..., 0], apart[..., 1])
    one, other = (int(v) for v in np.unravel_index(int(lengths.argmax()), lengths.shape))
    if lengths[one, other] < _LEAST_PX or not _along(apart[one, other], mask):
        return None
    # Whichever band is left out, the others must still stand apart: one alone may have matched other edges.
    rest = min((np.delete(np.delete(lengths, k, 0), k, 1).max() for k in range(len(known))), default=0.0)
    if len(known) < _BEARING or rest < _REST * lengths[one, other]:
        return None
    return Course(float(lengths[one, other]), (names[known[other]], names[known[one]]))


def _along(shift: NDArray[np.float64], mask: Bools) -> bool:
    """Whether a shift goes along the length of a thing; a thing as broad as long has none."""
    points = np.argwhere(mask).astype(float)
    sizes, axes = np.linalg.eigh(np.cov((points - points.mean(axis=0)).T))
    if sizes[1] < 2.25 * max(sizes[0], _TINY):  # half as long again as broad
        return True
    cosine = abs(float(axes[:, 1] @ shift)) / max(float(np.hypot(*shift)), _TINY)
    return bool(np.degrees(np.arccos(np.clip(cosine, 0, 1))) <= _ALONG_DEG)
