"""Where a change begins: a thing ends in an edge as sharp as its image draws any; cloud, haze and drying ground do not.

The typical difference T inside a patch over the slope g of the difference at its rim is the way in which it rises,

    rise = T / g,

pixels. For an edge blurred by a Gaussian of s pixels it is s sqrt(2 pi), 3.0 px for a delivered edge that rises from 10
to 90 % over 2.5 px and the smoothing here. Where even the sharpest tenth of a rim rises over more there is no edge; a
rim that mostly rises over much less is itself but the residue of one.

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


def rise_px(mask: Bools, smoothed: Sequence[Floats], *, steepest: float = 0.5) -> float:
    """Measure over how many pixels the difference of two images rises at the rim of an area.

    Parameters
    ----------
    mask
        (row, col), not empty.
    smoothed
        (band, row, col) before and after (:func:`smooth`).
    steepest
        Share of the rim that rises at least as sharply as is said.

    """
    step = np.sqrt(np.sum((smoothed[1] - smoothed[0]) ** 2, axis=0))
    rim = ndimage.binary_dilation(mask, _EIGHT) & ~ndimage.binary_erosion(mask, _EIGHT)
    slope = np.hypot(*np.gradient(step))
    steep = float(np.quantile(slope[rim], 1 - steepest))
    return float(np.clip(np.median(step[mask]) / max(steep, _TINY), 0.1, 50.0))
