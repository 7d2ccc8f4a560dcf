"""Which of two images is the softer, by how much, and the sharper one blurred to match.

If one image shows the same ground through a Gaussian more, ``b = g G * a``, then the power of its fine structure falls
off faster: ``ln(S_b / S_a) / 2 = ln g - s^2 w^2 / 2`` at the angular frequency ``w`` (blur told by power spectra
averaged over windows: Cannon 1976, 10.1109/TASSP.1976.1162770). A line through it in windows of 48 px gives the
*difference of variances* ``s^2`` with its sign, so that swapping the images changes the sign and nothing else. Power
holds noise, which no optics blurred: each image's calmest windows show how much, and that is taken off. Power also
holds what stands on one date only, so a frequency counts by the coherence of the two images there, and of the windows
the weighted median is taken. Powers know nothing of place: what the registration left does no harm.

Assumption: noise is alike all over an image; most of the fine structure stands on both dates, and is as sharp in the
things that do not. Broken by: snow that hides the ground's own texture on one date, motion blur in one direction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imagery_diff.method import blocks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Doubles = NDArray[np.float64]
    Bools = NDArray[np.bool_]

_SIDE_PX = 48
"""Side of a window. A window smears frequencies, and the steep fall of the power with them: on 19 design scenes with a
blur of 0.6 to 1.5 px sigma came out 8 % too small with 32 px, 4 % with 48, 3 % with 64, which little dry ground has."""
_WAVES = (3, 12)
"""Waves across a window that are looked at, .06 to .25 a pixel: below, nothing is blurred; above, resampling and
sharpening rule, and there is more noise than ground."""
_COVER = 0.5
"""Share of a window, weighed by its taper, that must be clear ground."""
_MOST_WINDOWS = 400
_MOST_PIECES = 60
"""So many tell a Gaussian of half a pixel from none, at a millisecond each."""
_TOGETHER = 20
"""Windows looked at together."""
_SPREAD_PX = 20_000
"""Pixels from which the spread of each band is taken, by which bands are weighed against each other."""
_MARGIN_PX = 3
"""So far from water and what was not clear the blur of its edge reaches."""
_CALM = 0.1
"""Of the windows' powers at a frequency, the quantile that is taken for noise. What ground there is in it does no harm:
the difference of two windows' powers is blurred as each of them is."""
_ABOVE_NOISE = 2.0
"""Power that is used must be so many times the noise."""
_COHERENT = 0.98
"""A coherence above this weighs no more: ground is never that much alike."""
_SHARED = 0.2
"""Least coherence of a frequency that is used; a ring of twenty and more chance values reaches .05. Waves on water and
images that show different ground share less, and say nothing of the optics."""
_LEAST_WAVES = 3
"""Frequencies through which a window's line is laid."""
_LEAST_WINDOWS = 8
"""Fewer windows show no scatter that one could believe."""
_HEAVIEST = 4.0
"""No window weighs more than so many times the middle one: one terminal does not speak for the scene."""
_MODEL_ERROR = (0.05, 0.1)
"""Standard error of the variance that the windows do not show, square pixels and share of the variance: what was found
less what is true on design scenes (`benchmarks/sharpness.py`), 86 of good passes, which differ by up to 0.46 px, and 19
with a blur of 0.6 to 1.5 px on one date."""
_MOST_PX = 3.0
"""Largest blur told: a Gaussian of more leaves less than three frequencies of a window."""
_NINE_IN_TEN = 1.645


@dataclass(frozen=True, kw_only=True)
class Sharpness:
    """By how much the after image is softer than the before image."""

    variance_px2: float
    """Variance of the Gaussian that takes the before image to the after image, square pixels; below 0 where the before
    image is the softer. 0 where it could not be measured."""
    error_px2: float | None
    """Its standard error; None where too few windows could be used."""
    windows: int
    """Windows that took part."""
    matched: bool = False
    """Whether the sharper image was blurred to match."""

    @property
    def sigma_px(self) -> float:
        """Standard deviation of the relative blur, pixels."""
        return min(float(np.sqrt(abs(self.variance_px2))), _MOST_PX)

    @property
    def interval_px(self) -> tuple[float, float] | None:
        """Limits of the standard deviation in nine of ten pairs; None where it was not measured."""
        if self.error_px2 is None:
            return None
        most = _NINE_IN_TEN * self.error_px2
        low, high = (np.sqrt(max(abs(self.variance_px2) + by, 0.0)) for by in (-most, most))
        return float(low), float(high)

    @property
    def softer(self) -> str | None:
        """``before`` or ``after``; None where they may be equally sharp."""
        if self.error_px2 is None or abs(self.variance_px2) <= _NINE_IN_TEN * self.error_px2:
            return None
        return "after" if self.variance_px2 > 0 else "before"

    def matters(self, least_px: float) -> bool:
        """Say whether the images differ in sharpness surely, and by a Gaussian of at least ``least_px``."""
        return self.softer is not None and self.sigma_px >= least_px


def estimate_sharpness(before: Floats, after: Floats, clear: Bools) -> Sharpness:
    """Measure on the pair itself which image is the softer.

    Parameters
    ----------
    before, after
        (band, row, col), registered and on common numbers.
    clear
        (row, col), True on ground that is dry and clear on both dates.

    """
    taper, corners = _windows(clear)
    if len(corners) < _LEAST_WINDOWS:
        return Sharpness(variance_px2=0.0, error_px2=None, windows=0)
    return _of_windows(*_each_window(*_powers((before, after), clear, taper, corners)))


def sharpness_of_pieces(pieces: tuple[Floats, Floats], seen: Bools) -> Sharpness:
    """Measure the same on pieces cut out of both images before these are registered.

    Parameters
    ----------
    pieces
        (band, piece, row, col) of either image; both may have been filtered in the same way.
    seen
        (piece, row, col), clear on both dates. Water may be in it: its waves are not coherent and do not count.

    """
    side = seen.shape[-1]
    none = Sharpness(variance_px2=0.0, error_px2=None, windows=0)
    if side < _SIDE_PX:
        return none
    # The corners of each piece; of many pieces an even part.
    starts = sorted({0, side - _SIDE_PX})
    at = [np.s_[:, r : r + _SIDE_PX, c : c + _SIDE_PX] for r in starts for c in starts]
    share = np.stack([np.einsum("nij,ij->n", seen[a], _hann()) for a in at], axis=1) / _hann().sum()
    chosen = blocks.sampled(share >= _COVER, _MOST_PIECES)
    if len(chosen) < _LEAST_WINDOWS:
        return none
    # Laid out below each other as one image.
    each = [(n // len(at), at[n % len(at)][1:]) for n in chosen]
    before, after = (np.concatenate([image[:, n, *cut] for n, cut in each], axis=1) for image in pieces)
    clear = np.concatenate([seen[n, *cut] for n, cut in each])
    corners = np.stack([np.arange(len(each)) * _SIDE_PX, np.zeros(len(each), np.intp)], axis=1)
    return _of_windows(*_each_window(*_powers((before, after), clear, _softened(clear), corners)))


def _of_windows(variance: Doubles, weight: Doubles) -> Sharpness:
    """Take the weighted median of the windows, and their scatter."""
    if len(variance) < _LEAST_WINDOWS:
        return Sharpness(variance_px2=0.0, error_px2=None, windows=len(variance))
    weight = np.minimum(weight, _HEAVIEST * np.median(weight))
    middle = _weighted_median(variance, weight)
    scatter = 1.4826 * _weighted_median(np.abs(variance - middle), weight)
    # The median of n values scatters by 1.25 times what their mean does.
    error = 1.2533 * scatter * np.sqrt(np.sum(weight**2)) / np.sum(weight)
    error = np.sqrt(error**2 + _MODEL_ERROR[0] ** 2 + (_MODEL_ERROR[1] * middle) ** 2)
    return Sharpness(variance_px2=float(middle), error_px2=float(error), windows=len(variance))


def _windows(clear: Bools) -> tuple[Floats, NDArray[np.intp]]:
    """Choose windows, evenly; returns a soft mask (row, col) of clear ground and the windows' corners (window, 2)."""
    # The soft edge stands off from what is not clear by its own width, so that nothing of that is looked at.
    soft = _softened(blocks.shrunk_by_steps(clear, _MARGIN_PX))
    if min(clear.shape) < _SIDE_PX:
        return soft, np.zeros((0, 2), np.intp)
    step = _SIDE_PX // 2
    rows, cols = (np.arange(0, n - _SIDE_PX + 1, step) for n in clear.shape)
    corners = np.stack(np.meshgrid(rows, cols, indexing="ij"), axis=-1).reshape(-1, 2)
    hann = _hann()
    windows = np.lib.stride_tricks.sliding_window_view(soft, hann.shape)[::step, ::step]
    share = np.einsum("mnij,ij->mn", windows, hann).ravel() / hann.sum()
    return soft, corners[blocks.sampled(share >= _COVER, _MOST_WINDOWS)]


def _softened(mask: Bools) -> Floats:
    """Gaussian mean of a mask over a pixel, (row, col)."""
    soft = np.empty(mask.shape, np.float32)
    taps = blocks.kernel(1.0)

    def fill(tile: blocks.Tile) -> None:
        soft[tile.own] = blocks.smooth(mask[tile.wide].astype(np.float32), tile, taps)

    blocks.each(fill, blocks.tiles(mask.shape, len(taps) - 1))
    return soft


def _hann() -> Floats:
    """Return the taper of a window, (row, col)."""
    line = np.hanning(_SIDE_PX + 2)[1:-1]
    return np.outer(line, line).astype(np.float32)


def _cut(image: Floats, corner: NDArray[np.intp]) -> Floats:
    return image[..., corner[0] : corner[0] + _SIDE_PX, corner[1] : corner[1] + _SIDE_PX]


def _powers(
    images: tuple[Floats, Floats], clear: Bools, taper: Floats, corners: NDArray[np.intp]
) -> tuple[Doubles, Doubles, Doubles]:
    """Power of either image and what they share, (window, wave) each, summed over directions and bands."""
    at = blocks.sampled(clear, _SPREAD_PX)
    spreads = [image.reshape(len(image), -1)[:, at].std(axis=1) for image in images]
    scale = np.sqrt(spreads[0] * spreads[1])
    scale = np.where(scale > 0, scale, 1)[:, None, None]
    down, across = np.fft.fftfreq(_SIDE_PX), np.fft.rfftfreq(_SIDE_PX)
    wave = np.rint(np.hypot(down[:, None], across) * _SIDE_PX).astype(np.intp)
    ring = [wave == k for k in range(_WAVES[0], _WAVES[1] + 1)]
    hann = _hann()

    def some(part: NDArray[np.intp]) -> NDArray[np.float64]:
        weight = np.stack([_cut(taper, corner) for corner in part]) * hann
        weight = weight[:, None]
        spectra = []
        for image in images:
            cut = np.stack([_cut(image, corner) for corner in part]) / scale
            cut -= (cut * weight).sum(axis=(2, 3), keepdims=True) / weight.sum(axis=(2, 3), keepdims=True)
            spectra.append(np.fft.rfft2(cut * weight / np.sqrt(np.sum(weight**2, axis=(2, 3), keepdims=True))))
        power = [(np.abs(s) ** 2).sum(axis=1) for s in spectra]
        shared = (spectra[0] * spectra[1].conj()).real.sum(axis=1)
        return np.stack([[p[:, r].sum(axis=1) for r in ring] for p in (*power, shared)])

    found = blocks.each(some, [corners[at : at + _TOGETHER] for at in range(0, len(corners), _TOGETHER)])
    first, second, cross = np.concatenate(found, axis=2).swapaxes(1, 2).astype(np.float64)
    return first, second, cross


def _each_window(before: Doubles, after: Doubles, shared: Doubles) -> tuple[Doubles, Doubles]:
    """Lay a line through each window's half log ratio of powers; returns variance and weight, (window,)."""
    noise = np.quantile(before, _CALM, axis=0), np.quantile(after, _CALM, axis=0)
    above = (before > _ABOVE_NOISE * noise[0]) & (after > _ABOVE_NOISE * noise[1])
    ratio = np.log(np.where(above, after - noise[1], 1.0) / np.where(above, before - noise[0], 1.0)) / 2
    coherence = np.maximum(shared, 0) ** 2 / np.maximum(before * after, 1e-300)
    coherence = np.minimum(coherence, _COHERENT)
    waves = np.arange(_WAVES[0], _WAVES[1] + 1)
    # A ring holds as many independent values as it is long; the variance of a log ratio is (1 - c) / (c n).
    weight = np.where(above & (coherence >= _SHARED), coherence / (1 - coherence) * waves, 0)
    enough = np.count_nonzero(weight > 0, axis=1) >= _LEAST_WAVES
    weight, ratio = weight[enough], ratio[enough]
    total = weight.sum(axis=1, keepdims=True)
    bend = -0.5 * (2 * np.pi * waves / _SIDE_PX) ** 2
    off = bend - (weight * bend).sum(axis=1, keepdims=True) / total
    spread = (weight * off**2).sum(axis=1)
    return (weight * off * ratio).sum(axis=1) / spread, spread


def _weighted_median(values: Doubles, weight: Doubles) -> float:
    """Return the middle of lower and upper weighted median, the same whichever way the values are counted."""
    order = np.argsort(values)
    values, part = values[order], np.cumsum(weight[order]) / weight.sum()
    low, high = int(np.searchsorted(part, 0.5, "left")), int(np.searchsorted(part, 0.5, "right"))
    last = len(values) - 1
    return float((values[min(low, last)] + values[min(high, last)]) / 2)


def match_sharpness(images: tuple[Floats, Floats], seen: Bools, sharpness: Sharpness) -> tuple[Floats, Floats]:
    """Blur the sharper image by the relative blur; what was not seen does not reach into what was.

    Parameters
    ----------
    images
        (band, row, col) before and after.
    seen
        (row, col); elsewhere the images stay as they are.
    sharpness
        From :func:`estimate_sharpness`.

    """
    before, after = images
    if sharpness.variance_px2 > 0:
        return _blurred(before, seen, sharpness.sigma_px), after
    return before, _blurred(after, seen, sharpness.sigma_px)


def _blurred(image: Floats, seen: Bools, sigma_px: float) -> Floats:
    """Gaussian mean over what was seen; (band, row, col)."""
    taps = blocks.kernel(sigma_px)
    out = image.copy()

    def fill(tile: blocks.Tile) -> None:
        there, own = seen[tile.wide], seen[tile.own]
        weighed = blocks.smooth(np.where(there, image[:, *tile.wide], np.float32(0)), tile, taps)
        share = blocks.smooth(there.astype(np.float32), tile, taps)
        np.copyto(out[:, *tile.own], weighed / np.maximum(share, np.float32(1e-6)), where=own)

    blocks.each(fill, blocks.tiles(seen.shape, blocks.reach_of(sigma_px)))
    return out
