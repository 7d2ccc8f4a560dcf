"""Where a change begins: a thing ends in an edge as sharp as its image draws any; cloud, haze and drying ground do not.

The typical difference T inside a patch over the slope g of the difference at its rim is the way in which it rises,

    rise = T / g,

pixels. For an edge blurred by a Gaussian of s pixels and smoothed here by one of t it is sqrt(2 pi (s^2 + t^2)), 3.0 px
for a delivered edge that rises from 10 to 90 % over 2.5 px. Where even the sharpest tenth of a rim rises over more,
there is no edge; a rim that mostly rises over much less is itself but the residue of one.

Assumption: over a good part of its rim a thing meets ground that did not change. Broken by: a thing in the rim of a
cloud; small dense clouds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from imagery_diff.method.regions import core_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from imagery_diff.method.regions import Patch

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]

_EIGHT = np.ones((3, 3), bool)
_BLUR_PX = 0.7
"""Smoothing before slopes are taken, pixels: that of ``Params.evidence_blur_px``."""
_MARGIN_PX = 4
"""Beyond the reach of that smoothing."""
DELIVERED_PX = 3.0
"""Rise of a delivered edge, pixels: sqrt(2 pi) times a Gaussian of 0.98 px (10 to 90 % over 2.5 px), smoothed."""
_COARSE_PX = 2.1
"""The coarser of two smoothings whose slopes tell how soft an edge is, pixels: three times the finer."""
_STRONG = 0.01
"""Share of the ground whose slopes are edges: roofs, quays, the shore."""
_LEAST_GROUND_PX = 5_000
"""On less ground there are too few of them."""
_LIMITS_PX = (0.1, 50.0)
"""A rise is said no smaller and no larger: an edge sharper than a pixel, and none at all."""
_TINY = 1e-6


def around_core(patch: Patch, difference: Floats) -> tuple[tuple[slice, slice], Bools]:
    """Return rows and columns of a patch with a margin, and (row, col) of its core in them."""
    rows, cols = (
        slice(max(0, s.start - _MARGIN_PX), min(n, s.stop + _MARGIN_PX))
        for s, n in zip(patch.window, difference.shape, strict=True)
    )
    mask = np.zeros((rows.stop - rows.start, cols.stop - cols.start), bool)
    own = (slice(s.start - w.start, s.stop - w.start) for s, w in zip(patch.window, (rows, cols), strict=True))
    mask[tuple(own)] = core_of(patch, difference)
    return (rows, cols), mask


def smooth(image: Floats) -> Floats:
    """Smooth (band, row, col) before slopes are taken."""
    return np.stack([ndimage.gaussian_filter(band, _BLUR_PX) for band in image])


def rise_px(mask: Bools, smoothed: Sequence[Floats], *, seen: Bools | None = None, steepest: float = 0.5) -> float:
    """Measure over how many pixels the difference of two images rises at the rim of an area.

    Parameters
    ----------
    mask
        (row, col), not empty.
    smoothed
        (band, row, col) before and after (:func:`smooth`).
    seen
        (row, col), where both dates show something: where one ends is no edge of a thing. None = all of it.
    steepest
        Share of the rim that rises at least as sharply as is said.

    Returns
    -------
    Pixels, within :data:`_LIMITS_PX`; the least where nothing of the rim was seen: nothing then speaks against it.

    """
    step = np.sqrt(np.sum((smoothed[1] - smoothed[0]) ** 2, axis=0))
    rim = ndimage.binary_dilation(mask, _EIGHT) & ~ndimage.binary_erosion(mask, _EIGHT)
    if seen is not None:
        rim &= ~ndimage.binary_dilation(~seen, _EIGHT, iterations=_MARGIN_PX - 1)
    if not rim.any():
        return _LIMITS_PX[0]
    slope = np.hypot(*np.gradient(step))
    steep = float(np.quantile(slope[rim], 1 - steepest))
    return float(np.clip(np.median(step[mask]) / max(steep, _TINY), *_LIMITS_PX))


def standing_rise_px(images: Sequence[Floats], seen: Bools) -> float:
    """Measure over how many pixels the strong edges of a pair rise that stand in it, whatever happened.

    A Gaussian of t pixels on an edge blurred by one of s leaves a slope as 1 / sqrt(s^2 + t^2); so the ratio of the
    slopes after two such smoothings gives s. Ridges and corners look sharper than they are, never softer.

    Parameters
    ----------
    images
        (band, row, col) before and after.
    seen
        (row, col)

    Returns
    -------
    Of the sharper image (a cloud softens the other), in the measure of :func:`rise_px`; that of a delivered edge where
    there is too little to tell.

    """
    far = int(4 * _COARSE_PX + 0.5) + 1
    inner = ~ndimage.binary_dilation(~seen, _EIGHT, iterations=far)
    inner[:far] = inner[-far:] = False
    inner[:, :far] = inner[:, -far:] = False
    if np.count_nonzero(inner) < _LEAST_GROUND_PX:
        return DELIVERED_PX
    rises = []
    for image in images:
        grey = np.where(seen, image.mean(axis=0), np.float32(0))
        fine, coarse = (_slope_after(grey, sigma)[inner] for sigma in (_BLUR_PX, _COARSE_PX))
        strong = coarse >= np.quantile(coarse, 1 - _STRONG)
        ratio = float(np.median(fine[strong] / np.maximum(coarse[strong], _TINY))) ** 2
        squared = (_COARSE_PX**2 - _BLUR_PX**2 * ratio) / max(ratio - 1, _TINY)
        rises.append(np.sqrt(2 * np.pi * (max(squared, 0.0) + _BLUR_PX**2)))
    return float(min(rises))


def _slope_after(image: Floats, sigma: float) -> Floats:
    return np.asarray(ndimage.gaussian_gradient_magnitude(image, sigma), np.float32)
