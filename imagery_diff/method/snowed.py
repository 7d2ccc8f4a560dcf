"""Things as white as the snow around them, seen by the shadow they throw.

Snow lies on roofs, containers and wagons as it does on the ground, and what is white on white is taken off with the
snow (:mod:`imagery_diff.method.veil`). The shadow beside it is not, and is all that is found. So where snow lies on one
date, a region on land that is dark as shade is on that date, with whitened ground towards the sun, is drawn on towards
the sun: there stands what throws it, as one reads a winter image. How broad that is the shadow does not say; it is
drawn as broad as its shadow.

Assumption: level ground; a thing about as broad as its shadow. Broken by: a dark thing that is bare of snow itself,
which comes out too broad by as much; a thing across the light, whose length then grows instead.
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


def way_to_thrower(mask: Bools, window: tuple[slice, slice], snow: Bools, away_px: Vector) -> Vector | None:
    """Return the way from a shadow over what throws it, (rows, cols) in pixels; None if that does not lie in snow.

    Parameters
    ----------
    mask
        (row, col) in the window, the shadow, not empty.
    window
        Rows and columns of the mask on the grid of the snow.
    snow
        (row, col), whitened by snow on one date.
    away_px
        (rows, cols) away from the sun on the date of the shadow, any length.

    """
    length = float(np.hypot(*away_px))
    if length == 0:
        return None
    sunward = -np.asarray(away_px, float) / length
    rows, cols = np.nonzero(mask)
    beside = rows * sunward[1] - cols * sunward[0]
    breadth = rows.size / (float(np.ptp(beside)) + 1)
    if not _in_snow(rows + window[0].start, cols + window[1].start, sunward * breadth, snow):
        return None
    return (float(sunward[0] * breadth), float(sunward[1] * breadth))


def _in_snow(rows: NDArray[np.intp], cols: NDArray[np.intp], way: NDArray[np.float64], snow: Bools) -> bool:
    """Whether the ground that an area sweeps over on its way was whitened by snow."""
    taken, swept = np.zeros((2, *snow.shape), bool)
    taken[rows, cols] = True
    steps = max(1, round(float(np.hypot(*way))))
    for step in range(1, steps + 1):
        r, c = (np.rint(at + way[k] * step / steps).astype(int) for k, at in enumerate((rows, cols)))
        inside = (r >= 0) & (r < snow.shape[0]) & (c >= 0) & (c < snow.shape[1])
        swept[r[inside], c[inside]] = True
    swept &= ~taken
    return bool(swept.any() and np.mean(snow[swept]) > _IN_SNOW)
