"""How far the after image lies from the before image: one translation, to a small part of a pixel.

Two steps. A coarse search correlates the *directions* of gradients (soft-normalised gradient correlation, after Fitch
et al. 2002, BMVC, and Argyriou and Vlachos 2003, 10.1049/el:20030666): edges count, brightness does not. A refinement
solves the linearised brightness constancy by robust least squares (Lucas and Kanade 1981; in the symmetric,
second-order form of Benhimane and Malis 2004, 10.1109/IROS.2004.1389474), both images moved by half the shift, so
that swapping them only changes the sign.

Assumption: the two images differ by one translation over the ground compared. Broken by: relief and tall objects seen
from two sides, moving shadows, plants; the independent windows then disagree, which is what the stated error measures.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import fft, ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]

_HIGH_PASS_PX = 41
"""Side of the local mean taken away before pixels are compared: illumination and haze vary more slowly."""
_JITTER_PX = 0.15
"""Registration error granted to an edge when residuals are weighed; method.md section 1."""
_BACKGROUND_PX = 32
"""Half-side of the correlation surface against which a peak must stand out, pixels."""
_PEAK_SIGMA = 5.0
"""By how many robust deviations: the largest of 4,000 chance values reaches 3.6. Measured: 3.1 and 3.9 on images of
different places, 6.4 and more on all real pairs."""
_ITERATIONS = 10
_TUKEY = 4.685
"""Tukey's biweight at 95 % efficiency (Holland and Welsch 1977, 10.1080/03610927708827533)."""
_MIN_PIXELS = 400
"""Fewer usable pixels than this carry no registration."""
_MIN_WINDOW_SHARE = 0.3


@dataclass(frozen=True, kw_only=True)
class Shift:
    """A translation: what stands at ``x`` in the before image stands at ``x + (rows, cols)`` in the after image."""

    rows: float
    """Pixels downwards."""
    cols: float
    """Pixels to the right."""
    error_px: float | None
    """Standard error from the scatter of independent windows, pixels; None where fewer than three could be used."""
    windows: int
    """Independent windows that took part."""
    reason: str | None = None
    """Why no shift could be measured (then it is 0, 0); None where it was."""

    @property
    def measured(self) -> bool:
        """Whether the images carried a registration."""
        return self.reason is None

    def in_whole_pixels(self) -> Shift:
        """Return the shift for images of speckle, which are not to be resampled.

        Between pixels speckle is interpolated into something smoother than speckle; and where a flood moved the shore,
        fractions of a pixel measure the flood.

        """
        return replace(self, rows=float(round(self.rows)), cols=float(round(self.cols)))


def estimate_shift(
    before: Floats, after: Floats, stable: Bools, *, max_shift_px: float, tile_px: int, sample_px: int
) -> Shift:
    """Measure the translation between two images on one grid.

    Parameters
    ----------
    before, after
        (band, row, col), the same bands, any linear scaling.
    stable
        (row, col), True where both images were seen and the ground is worth trusting (no cloud, no plants).
    max_shift_px
        Largest shift believed, pixels per axis.
    tile_px, sample_px
        Side of the independent windows, and how many pixels are looked at in all.

    """
    if np.count_nonzero(stable) < _MIN_PIXELS:
        return _not_measured("too little ground was seen on both dates")
    before, after = _equalise(before, stable), _equalise(after, stable)
    start = _coarse(before.mean(axis=0), after.mean(axis=0), stable, max_shift_px)
    if start is None:
        return _not_measured("no common structure was found within the search")
    refined = _refine(before, after, stable, start, tile_px=tile_px, sample_px=sample_px)
    if refined is None:
        return _not_measured("the ground common to both carries too few edges")
    shift, windows = refined
    if np.abs(shift - start).max() > 2 or np.abs(shift).max() > max_shift_px + 1:  # noqa: PLR2004 - method.md section 1
        # The refinement left its basin; the coarse value is good to about a third of a pixel.
        return Shift(rows=float(start[0]), cols=float(start[1]), error_px=None, windows=0)
    error = None
    if len(windows) >= 3:  # noqa: PLR2004 - a scatter needs three
        scatter = 1.4826 * np.median(np.abs(windows - np.median(windows, axis=0)), axis=0)
        error = float(np.hypot(*scatter) / np.sqrt(len(windows)))
    return Shift(rows=float(shift[0]), cols=float(shift[1]), error_px=error, windows=len(windows))


def _not_measured(reason: str) -> Shift:
    return Shift(rows=0.0, cols=0.0, error_px=None, windows=0, reason=reason)


def _equalise(image: Floats, stable: Bools) -> Floats:
    """Give every band the same spread, and unstable pixels the median, so that no band and no gap dominates."""
    out = np.empty_like(image)
    for i, band in enumerate(image):
        low, middle, high = np.percentile(band[stable], [16, 50, 84])
        out[i] = np.where(stable, (band - middle) / max(high - low, 1e-12), 0.0)
    return np.clip(out, -5, 5, out=out)


def _coarse(before: Floats, after: Floats, stable: Bools, max_shift_px: float) -> NDArray[np.float64] | None:
    """Find the whole-pixel shift with a parabola on top, from the correlation of gradient directions."""
    inner = ndimage.binary_erosion(stable, iterations=4, border_value=0)
    fields = [_gradient_directions(image, inner) for image in (before, after)]
    if not all(np.any(f) for f in fields):
        return None
    reach = int(np.ceil(max_shift_px))
    # The surroundings of the peak are looked at further than a shift is believed: they say what chance gives.
    wide = max(reach, _BACKGROUND_PX)
    shape = [fft.next_fast_len(n + 2 * wide) for n in before.shape]
    spectra = [fft.fft2(f, shape) for f in fields]
    correlation = fft.ifft2(np.conj(spectra[0]) * spectra[1]).real
    span = np.arange(-wide, wide + 1)
    background = correlation[np.ix_(span, span)]
    margin = wide - reach
    window = background[margin : len(span) - margin, margin : len(span) - margin]
    span = np.arange(-reach, reach + 1)
    row, col = np.unravel_index(np.argmax(window), window.shape)
    scatter = 1.4826 * float(np.median(np.abs(background - np.median(background))))
    if window[row, col] - np.median(background) <= _PEAK_SIGMA * scatter:
        return None
    return np.array([span[row] + _vertex(window[:, col], int(row)), span[col] + _vertex(window[row], int(col))])


def _gradient_directions(image: Floats, inner: Bools) -> NDArray[np.complex64]:
    """Complex gradient divided by its own size plus a constant: strong edges count alike, noise hardly."""
    smooth = ndimage.gaussian_filter(image, 1.0)
    gradient = ndimage.sobel(smooth, axis=1) + 1j * ndimage.sobel(smooth, axis=0)
    size = np.abs(gradient)
    if not inner.any():
        return np.zeros(image.shape, np.complex64)
    soft = np.quantile(size[inner], 0.98)
    if soft <= 0:
        return np.zeros(image.shape, np.complex64)
    return np.where(inner, gradient / (size + soft), 0).astype(np.complex64)


def _vertex(values: Floats, peak: int) -> float:
    """Offset of a parabola's top from the middle of three values around ``peak``."""
    if not 0 < peak < len(values) - 1:
        return 0.0
    left, middle, right = (float(v) for v in values[peak - 1 : peak + 2])
    curvature = left - 2 * middle + right
    return 0.0 if curvature >= 0 else float(np.clip(0.5 * (left - right) / curvature, -0.5, 0.5))


def _refine(
    before: Floats, after: Floats, stable: Bools, start: NDArray[np.float64], *, tile_px: int, sample_px: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Solve for the sub-pixel shift on all sampled tiles together, then once more on each alone.

    Returns
    -------
    shift, windows
        (2,) rows and cols, and (n, 2) of the tiles that carry a solution of their own; None if the whole does not.

    """
    whole = np.round(start).astype(int)
    before, after, stable = _overlap(before, after, stable, whole)
    if before.size == 0:
        return None
    tiles = _tiles(stable, tile_px, sample_px)
    chosen = np.zeros(stable.shape, bool)
    for tile in tiles:
        chosen[tile] = stable[tile]
    shift = start - whole
    normal: _NormalEquations | None = None
    for iteration in range(_ITERATIONS):
        normal = _normal_equations(before, after, chosen, shift, jitter=2 * _JITTER_PX if iteration < 3 else _JITTER_PX)  # noqa: PLR2004
        step = normal.solve(np.s_[:, :])
        if step is None:
            return None
        shift = shift + np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-3:  # noqa: PLR2004 - a thousandth of a pixel
            break
    if normal is None:
        return None
    alone = [normal.solve(tile) for tile in tiles]
    windows = np.array([shift + whole + s for s in alone if s is not None and np.abs(s).max() < 1])
    return shift + whole, windows.reshape(-1, 2)


def _overlap(before: Floats, after: Floats, stable: Bools, whole: NDArray[np.int_]) -> tuple[Floats, Floats, Bools]:
    """Cut both images to the ground they share once a whole-pixel shift is taken out."""
    (r, c), (rows, cols) = whole, stable.shape
    b = np.s_[max(0, -r) : rows - max(0, r), max(0, -c) : cols - max(0, c)]
    a = np.s_[max(0, r) : rows - max(0, -r), max(0, c) : cols - max(0, -c)]
    return before[:, b[0], b[1]], after[:, a[0], a[1]], stable[b] & stable[a]


def _tiles(stable: Bools, tile_px: int, sample_px: int) -> list[tuple[slice, slice]]:
    """Return windows at positions fixed to the grid, thinned evenly until they hold about ``sample_px`` pixels."""
    rows, cols = stable.shape
    corners = [(r, c) for r in range(0, rows, tile_px) for c in range(0, cols, tile_px)]
    every = max(1, round(rows * cols / sample_px))
    return [(slice(r, r + tile_px), slice(c, c + tile_px)) for r, c in corners[::every]]


@dataclass(frozen=True, eq=False)
class _NormalEquations:
    """Per-pixel terms of the least squares, so that any window can be summed without computing again."""

    terms: NDArray[np.float64]
    """(5, row, col): weight times gy*gy, gx*gx, gy*gx, gy*r, gx*r."""
    weight: Floats
    """(row, col), mean robust weight over the bands."""

    def solve(self, window: tuple[slice, slice]) -> NDArray[np.float64] | None:
        """Return the step (rows, cols) for a window, or None where it carries no solution in both directions."""
        part = self.terms[:, window[0], window[1]]
        if np.count_nonzero(self.weight[window]) < max(
            _MIN_PIXELS / 4, _MIN_WINDOW_SHARE * self.weight[window].size * 0.2
        ):
            return None
        yy, xx, yx, yr, xr = part.sum(axis=(1, 2))
        trace, determinant = yy + xx, yy * xx - yx * yx
        # The smaller eigenvalue must be a fair part of the larger, or only one direction is held (a single straight
        # quay).
        if trace <= 0 or determinant < 0.02 * (trace / 2) ** 2:
            return None
        step: NDArray[np.float64] = np.array([yx * xr - xx * yr, yx * yr - yy * xr]) / determinant
        return step


def _normal_equations(
    before: Floats, after: Floats, stable: Bools, shift: NDArray[np.float64], *, jitter: float
) -> _NormalEquations:
    """Set up gradient . step + residual = 0 for every pixel and band, with Tukey weights."""
    inner = ndimage.binary_erosion(stable, iterations=5, border_value=0)
    terms = np.zeros((5, *stable.shape))
    total = np.zeros(stable.shape, np.float32)
    for b, a in zip(before, after, strict=True):
        b_half = translate(b, -shift / 2)
        a_half = translate(a, shift / 2)
        b_half, a_half = ndimage.gaussian_filter(b_half, 0.7), ndimage.gaussian_filter(a_half, 0.7)
        residual = masked_high_pass(a_half - b_half, inner)
        mean = (a_half + b_half) / 2
        gy, gx = np.gradient(mean)
        if not inner.any():
            continue
        noise = 1.4826 * np.median(np.abs(residual[inner]))
        scale2 = np.maximum(noise**2 + jitter**2 * (gy**2 + gx**2), 1e-12)
        u2 = np.minimum(residual**2 / (_TUKEY**2 * scale2), 1.0)
        weight = np.where(inner, (1 - u2) ** 2 / scale2, 0.0).astype(np.float32)
        total += weight
        terms += weight * np.stack([gy * gy, gx * gx, gy * gx, gy * residual, gx * residual])
    return _NormalEquations(terms=terms, weight=total)


def masked_high_pass(image: Floats, mask: Bools) -> Floats:
    """Take away the local mean of the masked pixels; 0 outside the mask."""
    size = min(_HIGH_PASS_PX, *image.shape)
    values = ndimage.uniform_filter(np.where(mask, image, 0.0).astype(np.float32), size)
    share = ndimage.uniform_filter(mask.astype(np.float32), size)
    return np.where(mask, image - values / np.maximum(share, 1e-6), 0.0).astype(np.float32)


def translate(image: Floats, shift: NDArray[np.float64]) -> Floats:
    """Sample a (row, col) image at ``x + shift`` by a six-tap windowed sinc (Lanczos), edges repeated."""
    out = image
    for axis, distance in enumerate(shift):
        whole = int(np.floor(distance + 0.5))
        fraction = distance - whole
        if fraction:
            taps = np.arange(-3, 4)
            x = taps - fraction
            kernel = np.sinc(x) * np.sinc(x / 3.5) * (np.abs(x) < 3.5)  # noqa: PLR2004 - the window ends with the taps
            out = ndimage.correlate1d(out, kernel / kernel.sum(), axis=axis, mode="nearest")
        if whole:
            out = _roll(out, whole, axis)
    return out


def _roll(image: Floats, whole: int, axis: int) -> Floats:
    """Move by whole pixels, the border repeated."""
    index = np.clip(np.arange(image.shape[axis]) + whole, 0, image.shape[axis] - 1)
    return np.take(image, index, axis=axis)
