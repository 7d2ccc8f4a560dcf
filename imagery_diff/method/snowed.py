"""Things as white as the snow around them, seen by the shadow they throw.

Snow lies on roofs, containers and wagons as it does on the ground, and what is white on white is taken off with the
snow (:mod:`imagery_diff.method.veil`). The shadow beside it is not, and is all that is found. So where snow lies on one
date, a region on land that is dark as shade is on that date, with whitened ground towards the sun, is drawn on towards
the sun: there stands what throws it, as one reads a winter image. How broad that is the shadow does not say; it is
drawn as broad as its shadow.

Assumption: level ground; a thing about as broad as its shadow, and no higher than the highest thing shadows are
followed of. Broken by: a dark thing that is bare of snow itself, which comes out too broad by as much; a thing that
lies along the light, whose length grows instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.method.shade import Vector

    Bools = NDArray[np.bool_]

_IN_SNOW = 1 / 3
"""Least share of the ground towards the sun that the snow has whitened: it lies in patches, and the roof of the thing
itself may have been bare ground's colour before."""
_LEAST_REACH_PX = 0.5
"""Under a sun so high there is no shadow to see."""
_BLUR_PX = 2.0
"""How far the blur of the image lengthens a shadow, both ends together, pixels."""


def way_to_thrower(mask: Bools, window: tuple[slice, slice], snow: Bools, reach_px: Vector) -> Vector | None:
    """Return the way from a shadow over what throws it, (rows, cols) in pixels; None if that does not lie in snow.

    Parameters
    ----------
    mask
        (row, col) in the window, the shadow, not empty.
    window
        Rows and columns of the mask on the grid of the snow.
    snow
        (row, col), whitened by snow on one date.
    reach_px
        (rows, cols) by which the shadow of the highest thing reaches away from it on the date of the shadow.

    """
    length = float(np.hypot(*reach_px))
    if length < _LEAST_REACH_PX:
        return None
    sunward = -np.asarray(reach_px, float) / length
    rows, cols = np.nonzero(mask)
    beside = rows * sunward[1] - cols * sunward[0]
    along = rows.size / (float(np.ptp(beside)) + 1)
    way = (float(sunward[0] * along), float(sunward[1] * along))
    at = (rows + window[0].start, cols + window[1].start)
    return way if along <= length + _BLUR_PX and _in_snow(at, way, snow) else None


def _in_snow(at: tuple[NDArray[np.intp], NDArray[np.intp]], way: Vector, snow: Bools) -> bool:
    """Whether the ground that an area sweeps over on its way was whitened by snow, and lies in the image."""
    taken, swept = np.zeros((2, *snow.shape), bool)
    taken[at] = True
    steps = max(1, round(float(np.hypot(*way))))
    for step in range(1, steps + 1):
        r, c = (np.rint(places + go * step / steps).astype(int) for places, go in zip(at, way, strict=True))
        if r.min() < 0 or c.min() < 0 or r.max() >= snow.shape[0] or c.max() >= snow.shape[1]:
            return False
        swept[r, c] = True
    swept &= ~taken
    return bool(swept.any() and np.mean(snow[swept]) > _IN_SNOW)
