"""What lies on water and is too slender for a ship -> the ships in it.

Large hulls are at most ten times as long as broad (length over beam of single digits in every age: Smil 2019, "Boats
should be sleek, but only up to a point", IEEE Spectrum; about 6.5 in Watson 1998, Practical Ship Design, chapter 3) and
fill some five sixths of their rectangle. What is longer than that for its mean breadth is several ships in one
line, or a ship and a strip of something else: it is cut where it turns half as broad, and what of it no ship can be is
left out.

Assumption: bow and stern taper, or water lies between, so that the waist is half as broad as the broader piece.
Broken by: barges that lie end to end; a jetty or a boom, two thirds of which look like ships; inland ships of 135 x
11.45 m, if a part of theirs looks like water.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.method.regions import Patch

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]

SLENDER = 12.0
"""No ship is so many times as long as its mean breadth: ten over five sixths."""
_STOUT = 2.0
"""Hulls are three (barges) to ten times as long as broad; the blur of the image widens them."""
_LEAST_LENGTH_M = 20.0
"""Shorter things on water are boats, wakes and waves."""
SLIVER_PX = 1.75
"""Widest strip of shaded quay that passes for water, pixels: a step that moved by a pixel or less, outlined at half its
height."""
_WAIST = 0.5
"""Where an area is this much narrower than where it is broad, one ship ends. Two blunt ends 3 px apart, blurred by 1.4
px with the smoothing, leave .36 of their step between them (averaged as below), 2 px apart .54."""
_BROAD = 80.0
"""Percentile of its breadths along an area that says how broad it is where it is broad."""
_OVER_PX = 1
"""How far along the axis breadths are averaged, to either side: pixels cut an oblique edge into steps."""


def too_slender(length_m: float, area_m2: float) -> bool:
    """Whether a thing is too long for its mean breadth to be a ship."""
    return length_m**2 > SLENDER * area_m2


def cut(patch: Patch, difference: Floats, level: float, pixel_m: float) -> list[Patch]:
    """Cut what is too slender for a ship at its waists; the ships in it, or itself where no piece can be one.

    Parameters
    ----------
    patch
        On water.
    difference
        (row, col) in the patch's window, size of the difference between the dates, in one unit.
    level
        Half of what it typically is on the patch, where outlines are drawn.
    pixel_m
        Side of a pixel, metres.

    """
    filled = np.where(patch.mask, np.clip(difference / (2 * level), 0, 1), 0)
    pieces = _hulls(patch.mask, filled, pixel_m)
    return [replace(patch, mask=piece) for piece in pieces] or [patch]


def _hulls(mask: Bools, filled: Floats, pixel_m: float) -> list[Bools]:
    """Return the pieces of an area that can be ships; (row, col)."""
    at = np.argwhere(mask)
    centred = at - at.mean(axis=0)
    axis = np.linalg.svd(centred, full_matrices=False)[2][0]
    along = centred @ axis
    station = np.floor(along - along.min() + 0.5).astype(int)
    across = np.bincount(station, weights=filled[mask]).astype(np.float32)
    breadth: Floats = ndimage.uniform_filter1d(across, 2 * _OVER_PX + 1, mode="constant")
    inside = np.flatnonzero(breadth >= _WAIST)
    if len(inside) == 0:
        return []
    first, last = int(inside[0]), int(inside[-1]) + 1
    length, mean = last - first, float(np.mean(breadth[first:last]))
    if length <= SLENDER * mean:
        ship = length >= _STOUT * mean and length * pixel_m >= _LEAST_LENGTH_M and mean >= SLIVER_PX
        return [mask] if ship else []
    cuts = _ends(breadth, first, last, math.ceil(_LEAST_LENGTH_M / pixel_m))
    pieces = []
    for start, stop in pairwise([0, *cuts, len(breadth)]) if cuts else ():
        part = np.zeros_like(mask)
        part[tuple(at[(station >= start) & (station < stop)].T)] = True
        pieces += _hulls(part, np.where(part, filled, 0), pixel_m) if part.any() else []
    return pieces


def _ends(breadth: Floats, first: int, last: int, least: int) -> list[int]:
    """Return the stations at which a ship ends and something else begins, rising; ``least``: the shortest piece."""
    broad = breadth > _WAIST * np.percentile(breadth[first:last], _BROAD)
    runs = [run[0] for run in ndimage.find_objects(ndimage.label(broad)[0]) if run[0].stop - run[0].start >= least]
    cuts = []
    for before, after in pairwise([None, *runs, None]):
        start, stop = before.stop if before else first, after.start if after else last
        if stop - start >= least:  # long enough for a piece of its own
            cuts += [start] * (before is not None) + [stop] * (after is not None)
        elif before and after:
            cuts.append(start + int(np.argmin(breadth[start:stop])))
    return cuts
