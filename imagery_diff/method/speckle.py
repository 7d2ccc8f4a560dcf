"""Radar: what two amplitude or intensity images say of change, where every pixel is multiplied by speckle.

Two looks at unchanged ground differ by the ratio of two gamma variables, so the statistic is the logarithm of the
ratio of local means (Rignot and van Zyl 1993, 10.1109/36.239913): symmetric in the two images, of the same spread on
dark and on bright ground. For means of ``L`` looks the ratio of intensities follows Fisher's F with ``2L`` and ``2L``
degrees of freedom (for equal looks this is the likelihood ratio test of Conradsen et al. 2003,
10.1109/TGRS.2002.808066, as a function of the ratio alone). ``L`` is not taken from a header: it follows at each scale
from the spread of the log ratio on the pair itself, so correlated speckle, resampling and what fields do between two
passes are in it. A coarse scale sees weak wide change, a fine one small strong change (multiscale log ratio, after
Bovolo and Bruzzone 2005, 10.1109/TGRS.2005.857987).

Nothing here must split the pair in two: where no pixel at any scale passes the level that unchanged ground would pass
with the stated chance, nothing is marked. Only what does pass is outlined, half-way between unchanged ground and the
typical change.

Assumption: less than half of the ground changed, and what changed on it otherwise is one factor. Broken by: a large
change of moisture on half the scene; other orbits (lay-over and shadow fall elsewhere).
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy  # scipy.optimize is loaded for radar only
from scipy import fft, ndimage, special
from skimage.filters import threshold_otsu

from imagery_diff.method.evidence import Weighed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]

FINE_PX = 1.0
"""Gaussian at which change is outlined, pixels: about the point spread of a delivered pixel, eight pixels averaged."""
SCALES_PX = (FINE_PX, 1.5, 2.0, 3.0, 4.0)
"""Gaussians at which change is looked for, pixels; from the point spread to a patch of 14 pixels across."""
BLOCK_PX = 24
"""Side of the blocks of unchanged ground: wider than the reach of the coarsest scale, so that they are independent."""
_FLOOR = 0.1
"""Amplitude of the noise floor as a share of bright ground: 20 dB. The noise-equivalent backscatter of spaceborne
radars is -22 to -28 dB, land is about -8 dB. Under the floor a ratio means nothing."""
_NOISE_POWER = 10**-2.2
"""Floor of sigma and gamma nought at least: the noise of Sentinel-1 is to stay under -22 dB (a real table: -23 at the
edges of sub-swaths, -30 between them). What is left once it is taken off scatters like the sum of ground and noise, so
under a logarithm it has to be put back."""
_LEAST_SPECKLE = 0.1
"""Variation of amplitude between the dates in the calmest windows of radar images, at least: 27 looks in amplitude.
Less is as weak as the texture of optical images (measured: 0.094 and less on 119 optical bands)."""
_CALM_QUANTILE = 5.0
_WINDOW_PX = 9
_BLOCK_PX = 16
_LOG_EXPONENT = 0.15
"""Noise grows with brightness to this power: 1 for amplitude, intensity or a root of them, 0 for a logarithm."""
_CORRELATION_PX = 12
_CORRELATION_WINDOW_PX = 1024
_DRIFT_PX = 25
_LIT_PX = 1.5
_MIN_PX = 500
_LEAST_UNCHANGED = 0.2
_LEAST_OUTLINE = 2.0
_RADAR_NAME = re.compile(r"(^|_)(vv|vh|hh|hv|amplitude|intensity|sigma_?0|sigma_?nought|gamma_?0|beta_?0)(_|$)")
_NO_NAME = re.compile(r"(b|band)_?\d+|gr[ae]y")


class Scaling(enum.StrEnum):
    """How the numbers of a radar image follow from the backscatter."""

    MULTIPLICATIVE = "amplitude, intensity or a root of them"
    POWER = "power"
    DECIBEL = "decibels"
    LOGARITHMIC = "a logarithm of unknown unit"


@dataclass(frozen=True, kw_only=True)
class Radar:
    """That a pair is radar, and how its numbers are scaled."""

    scaling: Scaling
    reason: str
    """Why it was taken for radar."""
    exponent: float
    """Power of brightness with which the noise grows."""
    named: bool
    """Whether the names of the bands say it."""

    def nepers(self, decibel: float) -> float:
        """Natural logarithm of the ratio of the numbers; 0 where the unit of a logarithm is not known.

        Numbers that may be amplitudes or intensities are read as amplitudes.

        """
        if self.scaling == Scaling.LOGARITHMIC:
            return 0.0
        return decibel * float(np.log(10)) / 20 * _of_amplitude(self.scaling)


@dataclass(frozen=True, kw_only=True, eq=False)
class Speckle:
    """How unchanged ground of a radar pair scatters."""

    radar: Radar
    floor: NDArray[np.float64]
    """(band,), added before the logarithm."""
    gain: NDArray[np.float64]
    """(band,), natural logarithm of after over before on unchanged ground; a difference where the scaling is
    logarithmic."""
    spread: dict[float, NDArray[np.float64]]
    """Scale -> (band,), standard deviation of the log ratio of unchanged even ground; scale 0 is single pixels."""
    unevenness: dict[float, NDArray[np.float64]]
    """Scale -> (band,), how much a mean on ordinary ground scatters for one pixel's scatter."""
    outline_spread: NDArray[np.float64]
    """(band,), standard deviation of the fine log ratio as it stands, of which outlines are drawn."""
    looks: dict[float, NDArray[np.float64]]
    """Scale -> (band,), looks with which the F law has that spread, the images read as amplitudes unless they are known
    to be power."""
    unmix: NDArray[np.float64]
    """(component, band), makes the bands' standardised log ratios uncorrelated."""
    correlation_px2: float
    """Pixels that hold one independent sample of the unsmoothed log ratio."""
    pixels: int
    """Clear pixels of the pair."""

    @property
    def whitening(self) -> NDArray[np.float64]:
        """(component, band), of fine log brightness into spreads of unchanged ground."""
        return np.asarray(self.unmix / self.outline_spread)


def of_power(what: str) -> Radar:
    """Return what is known of images whose files tell that they hold power.

    Parameters
    ----------
    what
        What they hold, in words.

    """
    return Radar(scaling=Scaling.POWER, reason=f"the files hold {what}", exponent=1.0, named=True)


def recognise(before: Floats, after: Floats, seen: Bools, names: tuple[str, ...]) -> Radar | None:
    """Tell radar from optical images by the names of the bands, else by what speckle does.

    Speckle makes even the calmest window vary by a tenth and more of its brightness, and anew on each date; in optical
    images calm windows are calm, and rough ones are rough alike on both dates. Asked only of one or two bands without
    the name of a colour.

    Parameters
    ----------
    before, after
        (band, row, col), as delivered, one grid.
    seen
        (row, col), True where both images were seen.
    names
        Names of the bands.

    """
    if not may_be_radar(names):
        return None
    named = _named(names)
    if np.count_nonzero(seen) < _MIN_PX:
        return None
    decibel = all(float(np.median(image[:, seen])) < 0 for image in (before, after))
    linear = tuple(_from_decibel(image) if decibel else image for image in (before, after))
    measured = [_uncommon_variation(b, a, seen) for b, a in zip(*linear, strict=True)]
    if not named and min(measured) < _LEAST_SPECKLE:
        return None
    exponent = min(_noise_exponent(b, a, seen) for b, a in zip(*linear, strict=True))
    scaling = Scaling.DECIBEL if decibel else Scaling.MULTIPLICATIVE
    if not decibel and exponent < _LOG_EXPONENT:
        scaling = Scaling.LOGARITHMIC
    reason = f"the bands are named {', '.join(names)}"
    if not named:
        reason = f"even its calmest ground varies by {min(measured):.0%} from date to date, as speckle does"
    return Radar(scaling=scaling, reason=reason, exponent=exponent, named=named)


def may_be_radar(names: tuple[str, ...]) -> bool:
    """Whether the names of the bands say radar, or are so few and so bare that the pixels must be asked."""
    return _named(names) or (len(names) <= 2 and all(_NO_NAME.fullmatch(n) for n in names))  # noqa: PLR2004


def _named(names: tuple[str, ...]) -> bool:
    return all(_RADAR_NAME.search(name) for name in names)


def _of_amplitude(scaling: Scaling) -> int:
    """Return the power of the amplitude that the numbers are; 1 where it is not known."""
    return 2 if scaling == Scaling.POWER else 1


def _from_decibel(image: Floats) -> Floats:
    """Amplitude from decibels of power; any shape."""
    return np.power(10.0, np.clip(image, -60, 60) / 20, dtype=np.float32)


def _uncommon_variation(before: Floats, after: Floats, seen: Bools) -> float:
    """Coefficient of variation of the calmest bright windows, the part that the dates do not share.

    Parameters
    ----------
    before, after
        (row, col), one band.

    """
    calm = []
    for image in (before, after):
        values = np.where(seen, image, 0.0).astype(np.float64)
        mean = ndimage.uniform_filter(values, _WINDOW_PX)
        spread = np.sqrt(np.maximum(ndimage.uniform_filter(values**2, _WINDOW_PX) - mean**2, 0))
        whole = ndimage.binary_erosion(seen, iterations=_WINDOW_PX // 2, border_value=1)
        if not whole.any():
            return 0.0
        bright = whole & (mean >= np.median(mean[whole])) & (mean > 0)
        if not bright.any():
            return 0.0
        calm.append(float(np.percentile(spread[bright] / mean[bright], _CALM_QUANTILE)))
    return min(calm) * float(np.sqrt(max(0.0, 1 - _shared_structure(before, after, seen))))


def _shared_structure(before: Floats, after: Floats, seen: Bools) -> float:
    """Median correlation of fine structure between the dates, over blocks."""
    parts = []
    rows, cols = (n // _BLOCK_PX * _BLOCK_PX for n in seen.shape)
    for image in (before, after):
        filled = np.where(seen, image, 0.0).astype(np.float64)
        fine = np.where(seen, filled - ndimage.uniform_filter(filled, 5), 0.0)[:rows, :cols]
        blocks = fine.reshape(rows // _BLOCK_PX, _BLOCK_PX, cols // _BLOCK_PX, _BLOCK_PX)
        parts.append(blocks.transpose(0, 2, 1, 3).reshape(-1, _BLOCK_PX**2))
    power = np.sqrt((parts[0] ** 2).mean(axis=1) * (parts[1] ** 2).mean(axis=1))
    lively = power > 1e-3 * max(float(power.max(initial=0.0)), 1e-12)
    if not lively.any():
        return 1.0
    return float(np.median((parts[0] * parts[1]).mean(axis=1)[lively] / power[lively]))


def _noise_exponent(before: Floats, after: Floats, seen: Bools) -> float:
    """Power of the brightness with which the difference of the dates grows in calm windows."""
    difference = np.where(seen, after - before, 0.0).astype(np.float64)
    level = ndimage.uniform_filter(np.where(seen, before + after, 0.0).astype(np.float64) / 2, _WINDOW_PX)
    mean = ndimage.uniform_filter(difference, _WINDOW_PX)
    spread = np.sqrt(np.maximum(ndimage.uniform_filter(difference**2, _WINDOW_PX) - mean**2, 0))
    whole = ndimage.binary_erosion(seen, iterations=_WINDOW_PX // 2, border_value=1) & (spread > 0)
    # Darker ground stands near the noise floor, which is additive.
    bright = whole & (level > 0.25 * np.percentile(level[seen], 75))
    if np.count_nonzero(bright) < _MIN_PX:
        return 1.0
    edges = np.quantile(level[bright], np.linspace(0, 1, 9))
    place = np.clip(np.searchsorted(edges, level[bright], side="right") - 1, 0, 7)
    bins = [i for i in range(8) if np.any(place == i)]
    middle = np.log([np.median(level[bright][place == i]) for i in bins])
    calm = np.log([np.percentile(spread[bright][place == i], 25) for i in bins])
    return float(np.polyfit(middle, calm, 1)[0]) if np.ptp(middle) > np.log(1.2) else 1.0


def estimate_speckle(before: Floats, after: Floats, clear: Bools, radar: Radar) -> Speckle:
    """Measure floor, gain, spread and correlation of unchanged ground on the pair itself.

    Parameters
    ----------
    before, after
        (band, row, col), as delivered, co-registered.
    clear
        (row, col), True where nothing speaks against a pixel on either date.

    """
    scaling = radar.scaling
    images = (_linear(before, scaling), _linear(after, scaling))
    floor = _noise_floor(images, clear, scaling)
    lit = _lit(images, clear, floor, scaling)
    gain = np.zeros(len(floor))
    # The floor is not multiplied by the gain, so the two settle together.
    for _ in range(4):
        gain = gain + _middle(_log_ratio(images, clear, floor, gain, FINE_PX, scaling), lit)
    raw, fine = (_log_ratio(images, clear, floor, gain, sigma, scaling) for sigma in (0.0, FINE_PX))
    quartiles, typical = {0.0: _quartiles(raw, lit)}, {}
    for sigma in SCALES_PX:
        uneven = _unevenness(images, clear, floor, gain, sigma, scaling)
        typical[sigma] = _middle(uneven, lit)
        ratio = _log_ratio(images, clear, floor, gain, sigma, scaling)
        quartiles[sigma] = _quartiles(_evened(ratio, uneven, typical[sigma]), lit)
    if scaling == Scaling.LOGARITHMIC:
        # The unit of the logarithm is not known: single-look speckle is assumed, it has the heaviest tail.
        looks = {sigma: (quartiles[0.0] / values) ** 2 for sigma, values in quartiles.items()}
    else:
        looks = {sigma: _looks(values, scaling) for sigma, values in quartiles.items()}
    spread = {sigma: values / _law_quartile(looks[sigma]) for sigma, values in quartiles.items()}
    outline_spread = _quartiles(fine, lit) / _law_quartile(looks[FINE_PX])
    return Speckle(
        radar=radar,
        floor=floor,
        gain=gain,
        spread=spread,
        unevenness=typical,
        outline_spread=outline_spread,
        looks=looks,
        unmix=_unmixing(_in_spreads(fine, outline_spread)[:, _lit_in_all(lit, clear)]),
        correlation_px2=max(_correlation_area(r, w) for r, w in zip(raw, lit, strict=True)),
        pixels=int(np.count_nonzero(clear)),
    )


def _noise_floor(images: tuple[Floats, Floats], clear: Bools, scaling: Scaling) -> NDArray[np.float64]:
    """Noise floor from the brightness that a quarter of the ground of both dates surpasses; (band,)."""
    bright = np.array([np.percentile([b[clear], a[clear]], 75) for b, a in zip(*images, strict=True)])
    if scaling == Scaling.LOGARITHMIC:
        return np.zeros(len(bright))
    if scaling == Scaling.POWER:
        return np.asarray(np.maximum(_FLOOR**2 * bright, _NOISE_POWER))
    return np.maximum(_FLOOR * bright, 1e-9)


def _middle(ratio: Floats, lit: Bools) -> NDArray[np.float64]:
    return np.array([np.median(r[w]) for r, w in zip(ratio, lit, strict=True)])


def _quartiles(ratio: Floats, lit: Bools) -> NDArray[np.float64]:
    """Return the size that half of the log ratios surpass; (band,)."""
    return np.array(
        [max(float(np.median(np.abs(r[w] - np.median(r[w])))), 1e-6) for r, w in zip(ratio, lit, strict=True)]
    )


def _law_quartile(looks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Upper quartile of the F law's logarithm in its own standard deviations: 0.61 for one look, 0.67 for many."""
    return np.log(special.fdtri(2 * looks, 2 * looks, 0.75)) / np.sqrt(2 * special.polygamma(1, looks))


def _looks(quartiles: NDArray[np.float64], scaling: Scaling) -> NDArray[np.float64]:
    """Return the looks whose log ratio of power, or else of amplitudes, has these quartiles."""
    root = 2 / _of_amplitude(scaling)

    def surplus(log_looks: float, quartile: float) -> float:
        return float(np.log(special.fdtri(2 * np.exp(log_looks), 2 * np.exp(log_looks), 0.75))) / root - quartile

    return np.exp([scipy.optimize.brentq(surplus, -3, 20, args=(q,)) for q in np.clip(quartiles, 1e-4, 5)])


def _linear(image: Floats, scaling: Scaling) -> Floats:
    return _from_decibel(image) if scaling == Scaling.DECIBEL else image


def _smooth(image: Floats, clear: Bools, sigma: float) -> Floats:
    """Gaussian mean over the clear pixels; as it stands where sigma is 0."""
    if sigma == 0:
        return image
    share = ndimage.gaussian_filter(clear.astype(np.float32), sigma, mode="constant")
    filled = np.where(clear, image, np.float32(0))
    means = np.stack([ndimage.gaussian_filter(band, sigma, mode="constant") for band in filled])
    return np.asarray(means / np.maximum(share, 1e-3), np.float32)


def _unevenness(
    images: tuple[Floats, Floats],
    clear: Bools,
    floor: NDArray[np.float64],
    gain: NDArray[np.float64],
    sigma: float,
    scaling: Scaling,
) -> Floats:
    """Say how much a Gaussian mean scatters for one pixel's scatter; (band, row, col).

    With weights w and backscatter x the relative variance of a mean is the sum of (w x) squared over the square of the
    sum of w x, and the square of a Gaussian is a Gaussian: one bright roof in the window, or an edge of the image, and
    the mean has fewer looks. The backscatter is that of both dates together.

    """
    filled = clear[None].astype(np.float32) * np.ones((len(floor), 1, 1), np.float32)
    if scaling != Scaling.LOGARITHMIC:
        half = np.exp(gain / 2)[:, None, None]
        both = np.maximum(images[0] * half + images[1] / half, 0) / 2 + floor[:, None, None]
        filled = np.where(clear, both, 0).astype(np.float32)
    out = np.empty_like(filled)
    for band, x in zip(out, filled, strict=True):
        whole = ndimage.gaussian_filter(x, sigma, mode="constant")
        squared = ndimage.gaussian_filter(x**2, sigma / np.sqrt(2), mode="constant")
        band[...] = np.sqrt(squared) / np.maximum(whole, 1e-6 * float(x.max(initial=1e-6)))
    return out


def _log_mean(
    image: Floats, clear: Bools, floor: NDArray[np.float64], shift: NDArray[np.float64], sigma: float, scaling: Scaling
) -> Floats:
    """Logarithm of the local mean above the floor, the image multiplied by exp(``shift``) first; (band, row, col)."""
    mean = _smooth(image, clear, sigma)
    move = shift[:, None, None].astype(np.float32)
    if scaling == Scaling.LOGARITHMIC:
        return mean + move
    low = floor[:, None, None].astype(np.float32)
    return np.log(np.maximum(mean * np.exp(move), np.float32(0)) + low)


def _log_ratio(
    images: tuple[Floats, Floats],
    clear: Bools,
    floor: NDArray[np.float64],
    gain: NDArray[np.float64],
    sigma: float,
    scaling: Scaling,
) -> Floats:
    """Logarithm of after over before at one scale, gain taken out by halves; (band, row, col), 0 where not clear."""
    earlier = _log_mean(images[0], clear, floor, gain / 2, sigma, scaling)
    later = _log_mean(images[1], clear, floor, -gain / 2, sigma, scaling)
    return np.where(clear, later - earlier, np.float32(0))


def _lit(images: tuple[Floats, Floats], clear: Bools, floor: NDArray[np.float64], scaling: Scaling) -> Bools:
    """Ground that stands 6 dB above the floor on both dates, by band; all clear ground where that is too little."""
    above = 2 ** _of_amplitude(scaling)
    low = np.minimum(*(_smooth(image, clear, _LIT_PX) for image in images))
    lit = clear & ((low > above * floor[:, None, None]) | (floor[:, None, None] == 0))
    enough = np.count_nonzero(lit, axis=(1, 2)) >= _MIN_PX
    return np.asarray(np.where(enough[:, None, None], lit, clear))


def _robust_spread(values: Floats) -> float:
    middle = np.median(values)
    return max(float(1.4826 * np.median(np.abs(values - middle))), 1e-6)


def _lit_in_all(lit: Bools, clear: Bools) -> Bools:
    """Ground lit in every band, or all clear ground where that is too little; (row, col)."""
    together = lit.all(axis=0)
    return np.asarray(together if np.count_nonzero(together) >= _MIN_PX else clear)


def _unmixing(standard: Floats) -> NDArray[np.float64]:
    """Inverse root of the robust correlation of the bands (Gnanadesikan and Kettenring 1972, 10.2307/2528963)."""
    bands = len(standard)
    correlation = np.eye(bands)
    for i in range(bands):
        for j in range(i):
            plus, minus = (_robust_spread(standard[i] + sign * standard[j]) ** 2 for sign in (1, -1))
            correlation[i, j] = correlation[j, i] = np.clip((plus - minus) / (plus + minus), -0.95, 0.95)
    values, vectors = np.linalg.eigh(correlation)
    return np.asarray((vectors / np.sqrt(np.maximum(values, 0.05))).T)


def _evened(ratio: Floats, uneven: Floats, typical: NDArray[np.float64]) -> Floats:
    """Take a log ratio down where its means hold fewer looks than on ordinary ground."""
    return np.asarray(ratio / np.maximum(uneven / typical[:, None, None], 1), np.float32)


def _in_spreads(ratio: Floats, spread: NDArray[np.float64]) -> Floats:
    return np.asarray(ratio / spread[:, None, None], np.float32)


def _fullest_window(where: Bools) -> tuple[slice, slice]:
    """Find the window of at most a million pixels, on a grid of halves, that holds the most of a mask."""
    side = _CORRELATION_WINDOW_PX
    starts = [range(0, max(1, n - side // 2), side // 2) for n in where.shape]
    windows = [(slice(r, r + side), slice(c, c + side)) for r in starts[0] for c in starts[1]]
    return max(windows, key=lambda w: np.count_nonzero(where[w]))


def _correlation_area(ratio: Floats, where: Bools) -> float:
    """Sum of the autocorrelation over its main lobe: the pixels that hold one independent sample."""
    window = _fullest_window(where)
    ratio, where = ratio[window], where[window]
    middle, spread = float(np.median(ratio[where])), _robust_spread(ratio[where])
    values = np.where(where, np.clip(ratio - middle, -3 * spread, 3 * spread), 0.0)
    # What varies more slowly than this is change or drift, not speckle.
    share = np.maximum(ndimage.uniform_filter(where.astype(np.float64), _DRIFT_PX), 1e-3)
    values = np.where(where, values - ndimage.uniform_filter(values, _DRIFT_PX) / share, 0.0)
    shape = tuple(2 * n for n in values.shape)
    power, count = (np.abs(fft.rfft2(v, shape)) ** 2 for v in (values, where.astype(np.float64)))
    lags, pairs = fft.irfft2(power, shape), fft.irfft2(count, shape)
    reach = min(_CORRELATION_PX, *(n - 1 for n in where.shape))
    keep = np.r_[0 : reach + 1, -reach:0]
    lobe = (lags / np.maximum(pairs, 1))[np.ix_(keep, keep)]
    lobe = lobe / max(lobe[0, 0], 1e-12)
    return float(np.maximum(1.0, lobe[lobe > 0.1].sum()))  # noqa: PLR2004


def weigh(before: Floats, after: Floats, clear: Bools, speckle: Speckle) -> Weighed:
    """Weigh a radar pair at all scales; the scale at which a pixel is rarest counts.

    Parameters
    ----------
    before, after, clear, speckle
        As they went into and came out of :func:`estimate_speckle`.

    Returns
    -------
    ``tolerant`` is a normal score: what a standard normal would have to reach to be as rare. ``plain`` is the size of
    the fine log ratio in spreads of unchanged ground.

    """
    images = (_linear(before, speckle.radar.scaling), _linear(after, speckle.radar.scaling))
    score = np.zeros(clear.shape, np.float32)
    known = (clear, speckle.floor, speckle.gain)
    for sigma in SCALES_PX:
        uneven = _unevenness(images, *known, sigma, speckle.radar.scaling)
        ratio = _evened(_log_ratio(images, *known, sigma, speckle.radar.scaling), uneven, speckle.unevenness[sigma])
        spreads = _in_spreads(ratio, speckle.spread[sigma])
        np.maximum(score, _joint_score(spreads, speckle.looks[sigma], speckle.unmix), out=score)
    fine = _log_ratio(images, *known, FINE_PX, speckle.radar.scaling)
    standard = np.tensordot(speckle.unmix, _in_spreads(fine, speckle.outline_spread), 1)
    plain = np.sqrt((standard**2).mean(axis=0)).astype(np.float32)
    nothing = np.float32(0)
    return Weighed(tolerant=np.where(clear, score, nothing), plain=np.where(clear, plain, nothing), looked_at=clear)


def lit_ground(before: Floats, after: Floats, clear: Bools, speckle: Speckle) -> Bools:
    """Ground that stands above the noise floor on both dates, in all bands: where a ratio means something."""
    images = (_linear(before, speckle.radar.scaling), _linear(after, speckle.radar.scaling))
    return _lit_in_all(_lit(images, clear, speckle.floor, speckle.radar.scaling), clear)


def log_brightness(before: Floats, after: Floats, clear: Bools, speckle: Speckle) -> tuple[Floats, Floats]:
    """Both images on one logarithmic scale of brightness, averaged at the fine scale; (band, row, col)."""
    images = (_linear(before, speckle.radar.scaling), _linear(after, speckle.radar.scaling))
    return (
        _log_mean(images[0], clear, speckle.floor, speckle.gain / 2, FINE_PX, speckle.radar.scaling),
        _log_mean(images[1], clear, speckle.floor, -speckle.gain / 2, FINE_PX, speckle.radar.scaling),
    )


def plain_level(speckle: Speckle, score: float) -> float:
    """Fine log ratio, in spreads, that has a given normal score by itself."""
    grid = np.linspace(0, 60, 6001, dtype=np.float32)
    return float(min(np.interp(score, normal_score(grid, float(n)), grid) for n in speckle.looks[FINE_PX]))


def chance_level(speckle: Speckle, family_error: float) -> float:
    """Score that speckle alone reaches anywhere in the scene, at any scale, with probability ``family_error``.

    The scores of a scale are a smooth random field, and so high up its maxima are as many as its excursions (Adler
    1981; Worsley et al. 1992, 10.1038/jcbfm.1992.127): twice A / (2 s^2) (2 pi)^(-3/2) z exp(-z^2 / 2) on A pixels
    after a Gaussian of s pixels, the correlation of the speckle itself counted in s. Counting independent samples
    instead gives twenty times too few. The scales are added up as if each were a scene of its own: the safe side.

    """
    squares = np.array(SCALES_PX) ** 2 + speckle.correlation_px2 / (4 * np.pi)
    density = float(np.sum(speckle.pixels / squares)) * (2 * np.pi) ** -1.5
    allowed = -np.log1p(-family_error)

    def surplus(score: float) -> float:
        return float(np.log(density * score) - score**2 / 2 - np.log(allowed))

    return float(scipy.optimize.brentq(surplus, 1, 40)) if surplus(1) > 0 else 1.0


def unchanged_blocks(plain: Floats, ground: Bools) -> Bools:
    """Ground whose block maxima say how far unchanged ground of this pair goes; (row, col).

    All of it but the blocks that hold a pixel above Otsu's threshold of the fine log ratio, so that a flood does not
    raise its own threshold. On ground without change Otsu's threshold cuts through the scatter and touches nearly every
    block; then all ground is taken.

    """
    values = plain[ground]
    if values.size == 0 or np.ptp(values) == 0:
        return ground
    suspect = plain > float(threshold_otsu(values))
    whole = np.kron(_any_in_blocks(suspect & ground), np.ones((BLOCK_PX, BLOCK_PX), bool))
    rest = ground & ~whole[: ground.shape[0], : ground.shape[1]]
    return rest if np.count_nonzero(rest) >= _LEAST_UNCHANGED * np.count_nonzero(ground) else ground


def _any_in_blocks(mask: Bools) -> Bools:
    rows, cols = mask.shape
    padded = np.pad(mask, ((0, -rows % BLOCK_PX), (0, -cols % BLOCK_PX)))
    blocks = padded.reshape(padded.shape[0] // BLOCK_PX, BLOCK_PX, padded.shape[1] // BLOCK_PX, BLOCK_PX)
    return np.asarray(blocks.any(axis=(1, 3)))


def half_way(plain: Floats, seeded: Bools) -> float:
    """Level half-way between unchanged ground and the median of what changed, settled with what it encloses.

    Parameters
    ----------
    plain
        (row, col), size of the fine log ratio in spreads.
    seeded
        (row, col), where change is certain.

    Returns
    -------
    Spreads, at least two: unchanged ground reaches that on a twentieth of its pixels.

    """
    if not seeded.any():
        return _LEAST_OUTLINE
    level = max(_LEAST_OUTLINE, 0.5 * float(np.median(plain[seeded])))
    for _ in range(30):
        inside = enclosed(plain >= level, seeded)
        if not inside.any():
            break
        last, level = level, max(_LEAST_OUTLINE, 0.5 * (level + 0.5 * float(np.median(plain[inside]))))
        if abs(level - last) < 1e-3 * last:
            break
    return level


def normal_score(spreads: Floats, looks: float) -> Floats:
    """Turn log ratios of two means of ``looks`` looks, in their own standard deviations, into signed normal scores."""
    deviation = np.sqrt(2 * special.polygamma(1, looks))
    grid = np.linspace(0, max(float(np.abs(spreads).max(initial=0.0)), 1e-3), 512)
    # log of the upper tail of F(2L, 2L) at exp(x), by the incomplete beta function: no overflow far out.
    tail = special.betainc(looks, looks, special.expit(-grid * deviation))
    with np.errstate(divide="ignore"):
        scores = -special.ndtri_exp(np.log(tail))
    scores = np.where(np.isfinite(scores), scores, np.nanmax(np.where(np.isfinite(scores), scores, 0.0)))
    return np.asarray(np.copysign(np.interp(np.abs(spreads), grid, scores), spreads), np.float32)


def _joint_score(spreads: Floats, looks: NDArray[np.float64], unmix: NDArray[np.float64]) -> Floats:
    """Score of all bands together: the chi-squared tail of the sum of squares, as a two-sided normal score."""
    scores = np.stack([normal_score(s, float(n)) for s, n in zip(spreads, looks, strict=True)])
    if len(scores) == 1:
        return np.asarray(np.abs(scores[0]))
    squares = (np.tensordot(unmix, scores, 1) ** 2).sum(axis=0)
    grid = np.linspace(0, max(float(squares.max()), 1e-3), 2048)
    with np.errstate(divide="ignore"):  # beyond what a tail can hold the score stays at its last value
        tail = np.log(special.chdtrc(len(scores), grid)) - np.log(2)
    joint = -special.ndtri_exp(np.minimum(tail, -np.log(2)))
    rising = np.maximum.accumulate(np.where(np.isfinite(joint), joint, 0.0))
    return np.asarray(np.interp(squares, grid, rising), np.float32)


def borne_out(plain: Floats, seeded: Bools, level: float) -> Bools:
    """Where the coarse scales may speak: inside the fine outlines, and in wide weak change that no outline reaches."""
    outlined = plain >= level
    labels = np.asarray(ndimage.label(seeded, np.ones((3, 3), bool))[0])
    reached = np.zeros(int(labels.max(initial=0)) + 1, bool)
    reached[labels[outlined]] = True
    return outlined | (seeded & ~reached[labels])


def enclosed(mask: Bools, seeded: Bools) -> Bools:
    """Keep the connected parts of a mask that hold a seed; (row, col)."""
    labels = np.asarray(ndimage.label(mask, np.ones((3, 3), bool))[0])
    keep = np.zeros(int(labels.max(initial=0)) + 1, bool)
    keep[labels[seeded & mask]] = True
    keep[0] = False
    return np.asarray(keep[labels])
