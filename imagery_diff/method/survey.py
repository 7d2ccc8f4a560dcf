"""The map's score: how many times more a place differs than unchanged ground of this pair typically does.

A survey of cover asks another question than the alarm. The alarm asks whether anything unchanged could look like this,
and unlike materials under another light excuse nothing there. The survey ranks all ground, and what ranks it best is
not one distance but four that err apart: the whitened difference (colour that unchanged ground does not show), the
plain difference in units of the image's own contrast (change vector analysis), the loss of the local
pattern, and the change of local contrast (what was built has edges, what was cleared has none).

Each is taken as a logarithm, so that it is a factor and needs no scale of its own, and averaged over a neighbourhood
only then: a geometric mean, in which one parked car or glint does not carry its surroundings. Half the sum of the four,
less its median over what is not flagged, is the score: the logarithm of "times what unchanged ground typically shows".
The weights are equal halves because nothing is known that would favour one; the ranking hardly depends on them.

No split of the histogram: the level is a stated factor. Where nothing changed, nothing reaches it.

Assumption: most of the ground did not change. Broken by: unmasked cloud, snow on one date.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]

_TINY = 1e-3
"""Smallest amplitude a logarithm is taken of: a thousandth of what it is measured in."""
_SAMPLE = 7
"""Medians and percentiles are taken of every so-manieth pixel seen."""
_SETTLED = 1e-3
_BELOW = 0.999
"""What is too weak to be called is scored at so much of the level at most."""


def score(
    brightness: tuple[Floats, Floats],
    tolerant: Floats,
    seen: Bools,
    *,
    level: float,
    least: tuple[float, float],
    blur_px: float,
    window_px: int,
) -> Floats:
    """Rank all ground by how much more it differs than unchanged ground does.

    Parameters
    ----------
    brightness
        (band, row, col) before and after, in common numbers.
    tolerant
        (row, col), evidence in spreads of unchanged ground (:func:`imagery_diff.method.evidence.weigh`).
    seen
        (row, col), True where both dates were seen.
    level
        The factor from which ground is called changed; what reaches it does not count as typical.
    least
        At ``level`` the evidence must be at least so many spreads, and the difference at least this share of the
        image's own contrast: a copy of an image has a typical difference too, and three times nothing is nothing.
    blur_px
        Gaussian smoothing of the logarithms, pixels.
    window_px
        Side of the neighbourhood of pattern and local contrast, pixels.

    Returns
    -------
    (row, col), times what unchanged ground typically shows; 0 where not seen.

    """
    if not seen.any():
        return np.zeros(seen.shape, np.float32)
    units = [own_contrast(band, seen) for band in zip(*brightness, strict=True)]
    share = np.maximum(ndimage.gaussian_filter(seen.astype(np.float32), blur_px), np.float32(1e-6))
    contrast = np.log(np.maximum(_difference(brightness, units), _TINY))
    spreads = np.log(np.maximum(tolerant, _TINY))
    parts = [_smooth(part, seen, share, blur_px) for part in (contrast, spreads)]
    weak = (parts[0] < np.log(least[1])) | (parts[1] < np.log(least[0]))
    parts += [_smooth(part, seen, share, blur_px) for part in structure(*_grey(brightness, units), seen, window_px)]
    total = np.zeros(seen.shape, np.float32)
    for part in parts:
        total += np.float32(0.5) * (part - np.float32(np.median(part[seen][::_SAMPLE])))
    total -= np.float32(typical(total[seen][::_SAMPLE], float(np.log(level))))
    # Just below the level and no lower: what is too weak to be called still ranks above what is not even unusual.
    total = np.where(weak, np.minimum(total, np.float32(np.log(_BELOW * level))), total)
    return np.where(seen, np.exp(total), 0).astype(np.float32)


def typical(logs: Floats, above: float) -> float:
    """Return the median of what does not lie ``above`` beyond it: change of a third of the ground does not move it."""
    middle = float(np.median(logs))
    while True:
        last, middle = middle, float(np.median(logs[logs <= middle + above]))
        if last - middle < _SETTLED:
            return middle


def own_contrast(band: tuple[Floats, Floats], seen: Bools) -> float:
    """Half the 16 to 84 % range of a band over both dates: what unlike materials of this image differ by."""
    ranges = [np.subtract(*np.percentile(image[seen][::_SAMPLE], [84, 16])) / 2 for image in band]
    return max(float(np.mean(ranges)), 1e-9)


def _difference(brightness: tuple[Floats, Floats], units: list[float]) -> Floats:
    """Root mean square difference over the bands, each in its own unit; (row, col)."""
    squared = np.zeros(brightness[0].shape[1:], np.float32)
    for before, after, unit in zip(*brightness, units, strict=True):
        squared += ((after - before) / np.float32(unit)) ** 2
    return np.asarray(np.sqrt(squared / len(units)))


def _grey(brightness: tuple[Floats, Floats], units: list[float]) -> tuple[Floats, Floats]:
    """Mean of the bands in their own units, before and after; (row, col) twice."""
    weights = np.array([1 / (unit * len(units)) for unit in units], np.float32)
    before, after = (np.tensordot(weights, image, 1).astype(np.float32) for image in brightness)
    return before, after


def structure(before: Floats, after: Floats, seen: Bools, window_px: int) -> tuple[Floats, Floats]:
    """Compare the local pattern and the local contrast of two grey images.

    Flat ground has no pattern but noise, whose correlation is nil without any change. So a pattern of the image's
    median variance is thought into both, the same: what is flat on both dates then agrees.

    Parameters
    ----------
    before, after
        (row, col), in units of the image's contrast.
    seen
        (row, col)
    window_px
        Side of the neighbourhood, pixels.

    Returns
    -------
    lost, step
        (row, col) twice: 1 - correlation, 0 to 2, near 0 where both are flat; and the size of the log ratio of the
        local standard deviations.

    """
    middle = np.float32(np.median(before[seen][::_SAMPLE]))
    # Unseen pixels take the middle of the image and count as flat ground; they would be an edge otherwise.
    b, a = (np.where(seen, image - middle, np.float32(0)) for image in (before, after))
    mean_b, mean_a = (ndimage.uniform_filter(image, window_px) for image in (b, a))
    var_b, var_a = (
        np.maximum(ndimage.uniform_filter(image * image, window_px) - mean * mean, 0)
        for image, mean in ((b, mean_b), (a, mean_a))
    )
    shared = ndimage.uniform_filter(b * a, window_px) - mean_b * mean_a
    damp = np.float32(max(np.median(np.concatenate([v[seen][::_SAMPLE] for v in (var_b, var_a)])), 1e-9))
    var_b, var_a = var_b + damp, var_a + damp
    return 1 - (shared + damp) / np.sqrt(var_b * var_a), np.abs(np.log(var_b / var_a)) / 2


def _smooth(part: Floats, seen: Bools, share: Floats, sigma_px: float) -> Floats:
    """Gaussian mean over the pixels seen; ``share`` is the same of ``seen`` itself."""
    return np.asarray(ndimage.gaussian_filter(np.where(seen, part, np.float32(0)), sigma_px) / share, np.float32)
