"""When a line stood there: on the date on which it differs from its own continuation beyond both ends.

A train stands on a bed that is itself a line. Held against the ground on either side, the empty bed stands out as well
as a grey train does. But the bed goes on beyond the train. With l(s) an image's mean across the line less that of the
ground beside it, at s along it, and m its median beyond the ends,

    e_t = median over the line of |w (l_t(s) - m_t)|

is what stands on the bed at date t. The cars of a train alternate, so it is a median of sizes, not the size of a mean.

Assumption: what lies under a line lies beyond its ends too. Broken by: another train on the same track; a train on the
next track; a curve of less than some 5 km, whose bed leaves the line; a line that fills its track to the end (then the
rim is asked, as of any other thing).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from imagery_diff.method.regions import Direction, clearly_later

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.grid import Grid
    from imagery_diff.method.regions import Patch, Shape

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]

_SLENDER = 8.0
"""A line is longer than so many of its mean widths: no ship or stack is."""
_THIN_PX = 5.0
"""A line's outline is no wider, pixels: one pixel, the rise of its edges over 2.5, and as much again as is unsure."""
_BEYOND_PX = (3, 28)
"""Where along the line the bed is looked at, pixels beyond its ends: clear of their blur, and as near as the shortest
trains asked for are long, half on each side."""
_LEAST_BED_PX = 8
"""With less bed than this in sight nothing is said."""
_CORE_PX = 0.75
_BESIDE_PX = (2.5, 3.5)
"""The line itself and the ground beside it, pixels from its middle."""
_ALONG_PX = 1.5
"""Standard deviation of the mean along the line, pixels."""
_STEP_PX = 0.5
"""Sampling across; along it is one."""
_WHOLE = 0.8
"""Share of a place of the bed, across, that must have been seen without change."""


def is_line(shape: Shape, grid: Grid) -> bool:
    """Whether an outline is as long and thin as a train's."""
    width_m = shape.area_m2 / max(shape.length_m, 1e-6)
    return shape.length_m > _SLENDER * width_m and width_m < _THIN_PX * grid.pixel_size_m[0]


def direction_of_line(
    patch: Patch, images: tuple[Floats, Floats], whitening: NDArray[np.float64], valid: Bools
) -> Direction | None:
    """Tell when a line stood there; None where too little of its bed is in sight.

    Parameters
    ----------
    images
        (band, row, col) before and after, on one scale.
    whitening
        (component, band), of the ground the patch lies on.
    valid
        (row, col), True where ground was seen and did not change.

    """
    at, body, bed = _lay_out(patch)
    box = tuple(slice(max(0, int(a.min()) - 2), int(a.max()) + 3) for a in at)
    inside = at - np.array([cut.start for cut in box])[:, None, None]
    sure = ndimage.map_coordinates(valid[box].astype(np.float32), inside, order=1, cval=0)
    bed = bed & (sure.mean(axis=1) > _WHOLE)
    if np.count_nonzero(bed) < _LEAST_BED_PX:
        return None
    sizes = []
    for image in images:
        white = np.tensordot(whitening, image[:, *box], 1)
        above = _above_its_sides(np.stack([ndimage.map_coordinates(c, inside, order=1, mode="nearest") for c in white]))
        stands = above - np.median(above[:, bed], axis=1)[:, None]
        sizes.append(float(np.median(np.linalg.norm(stands[:, body], axis=0))))
    return clearly_later(*sizes)


def _across() -> NDArray[np.float64]:
    """Where across the line it is looked at, pixels."""
    return np.arange(-_BESIDE_PX[1], _BESIDE_PX[1] + _STEP_PX / 2, _STEP_PX)


def _lay_out(patch: Patch) -> tuple[NDArray[np.float64], Bools, Bools]:
    """Lay a line out straight: (2, along, across) rows and columns; along it, what is line and what may be bed."""
    points = np.argwhere(patch.mask) + np.array([s.start for s in patch.window])
    middle = points.mean(axis=0)
    way = np.linalg.eigh(np.cov((points - middle).T))[1][:, 1]
    reach = (points - middle) @ way
    low, high = reach.min(), reach.max()
    along = np.arange(np.floor(low) - _BEYOND_PX[1], np.ceil(high) + _BEYOND_PX[1] + 1)
    aside = np.array([-way[1], way[0]])
    at = middle[:, None, None] + way[:, None, None] * along[None, :, None] + aside[:, None, None] * _across()
    beyond = np.maximum(low - along, along - high)
    return at, np.asarray(beyond <= 0), np.asarray(beyond > _BEYOND_PX[0])


def _above_its_sides(laid: Floats) -> NDArray[np.float64]:
    """Return by how much (component, along, across) exceeds its sides in the middle, (component, along)."""
    smooth = ndimage.gaussian_filter1d(laid, _ALONG_PX, axis=1)
    off = np.abs(_across())
    return np.asarray(smooth[..., off <= _CORE_PX].mean(axis=-1) - smooth[..., off >= _BESIDE_PX[0]].mean(axis=-1))
