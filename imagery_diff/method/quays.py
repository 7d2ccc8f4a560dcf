"""The quays an AOI draws: where drawn water adjoins drawn land, with the side on which the water is.

What an outline says of the ground is more than a line: a berth is water, a yard is not, so where the two adjoin a quay
is drawn, and on which side its water lies. A yard alone draws none: coal heaped twelve metres behind an edge is drawn
where it lies, and its outline has no business at the water. Nor does a berth alone, for it does not say on which of its
sides the quay is. Search areas say nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely import union_all

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from imagery_diff.aoi import AOI
    from imagery_diff.grid import Grid

    Points = NDArray[np.float64]

WATER = frozenset({"berth", "anchorage"})
"""Kinds of zones that are water."""
LAND = frozenset({"yard", "stockpile", "rail", "road"})
"""Kinds that are not. A bridge is over either."""
_GAP_M = 15.0
"""Berth and yard that are drawn so near each other adjoin: half a street between them is how carefully outlines are
drawn (10 to 50 m)."""
_STRETCH_M = 30.0
"""A quay is cut into stretches of this length, over which its edge is averaged, metres: half of the shortest ship that
is to be told, so that a ship spoils few of them altogether and leaves the others alone."""
_SPACING_PX = 1.0
_STRAIGHT_DEG = 25.0
"""A stretch ends where the quay turns by more."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Stretch:
    """A piece of drawn quay, straight or nearly so."""

    points: Points
    """(point, 2), x and y on the map, about a pixel apart."""
    normal: tuple[float, float]
    """Unit vector on the map, from land to water."""
    length: float
    """Map units."""
    spread: float
    """How little is known of where between drawn water and drawn land the quay is, map units: the standard deviation of
    what lies anywhere in the gap. The points lie in its middle."""
    side: int
    """Stretches of one straight side of one outline share it, and with it the draughtsman's error."""


def drawn_quays(aoi: AOI, grid: Grid) -> tuple[Stretch, ...]:
    """Return the quays that an AOI draws, in the AOI's and the grid's coordinate system.

    Parameters
    ----------
    aoi
        Zones, in the grid's CRS.
    grid
        Its pixel says how finely the outlines are followed.

    """
    wet, dry = water_of(aoi), land_of(aoi)
    if wet.is_empty or dry.is_empty:
        return ()
    unit = grid.pixel_size[0] / grid.pixel_size_m[0]
    spacing, gap = _SPACING_PX * grid.pixel_size[0], _GAP_M * unit
    shapely.prepare(wet)
    found: list[Stretch] = []
    sides = 0
    for ring in _rings(dry):
        middles, normals = _followed(ring, spacing)
        out = _distance_to_water(wet, middles, normals, gap, spacing)
        gaps = np.where(np.isfinite(out), out, 0.0)
        at = middles + normals * gaps[:, None] / 2
        for run in _runs(np.isfinite(out), normals):
            found += _cut((at[run], normals[run], gaps[run]), spacing, _STRETCH_M * unit, sides)
            sides += 1
    return tuple(found)


def water_of(aoi: AOI) -> BaseGeometry:
    """Return all located water of an AOI."""
    return union_all([z.polygon for z in aoi.zones if z.kind in WATER and z.located])


def land_of(aoi: AOI) -> BaseGeometry:
    """Return all located land of an AOI but what it draws as water too."""
    return union_all([z.polygon for z in aoi.zones if z.kind in LAND and z.located]).difference(water_of(aoi))


def _rings(shape: BaseGeometry) -> list[Points]:
    """Return the rings of a shape, land to their left; (vertex, 2) each."""
    rings = []
    for part in shapely.get_parts(shape):
        if part.geom_type == "Polygon":
            turned = shapely.geometry.polygon.orient(part)
            rings += [np.asarray(ring.coords)[:, :2] for ring in (turned.exterior, *turned.interiors)]
    return rings


def _followed(ring: Points, spacing: float) -> tuple[Points, Points]:
    """Return middles of steps along a ring, and the normals to its right: away from the land."""
    line = np.asarray(shapely.segmentize(shapely.LinearRing(ring), spacing).coords)
    step = np.diff(line, axis=0)
    length = np.hypot(*step.T)
    kept = length > 0
    step, middles = step[kept] / length[kept, None], ((line[1:] + line[:-1]) / 2)[kept]
    return middles, np.column_stack([step[:, 1], -step[:, 0]])


def _distance_to_water(wet: BaseGeometry, at: Points, normals: Points, gap: float, spacing: float) -> Points:
    """Return how far along its normal a point meets drawn water; infinite where it is further than the gap.

    In steps of a pixel, rounded up: a berth is drawn up to its quay, and the land behind it set back.
    """
    out = np.full(len(at), np.inf)
    steps = np.arange(0.02 * spacing, gap, spacing)
    for far in steps[::-1]:
        hit = shapely.contains_xy(wet, *(at + normals * far).T)
        out[hit] = 0.0 if far == steps[0] else far
    return out


def _runs(there: NDArray[np.bool_], normals: Points) -> list[NDArray[np.intp]]:
    """Cut places along a ring into runs that are there and do not turn."""
    runs: list[list[int]] = []
    cosine = np.cos(np.radians(_STRAIGHT_DEG))
    for k in np.flatnonzero(there):
        joins = runs and runs[-1][-1] == k - 1 and float(normals[runs[-1][0]] @ normals[k]) >= cosine
        if joins:
            runs[-1].append(int(k))
        else:
            runs.append([int(k)])
    return [np.array(run) for run in runs]


def _cut(run: tuple[Points, Points, Points], spacing: float, stretch: float, side: int) -> list[Stretch]:
    """Cut a run of points, normals and gaps into stretches of equal length; shorter than three pixels is no edge."""
    at, normals, gaps = run
    length = len(at) * spacing
    if len(at) < 3:  # noqa: PLR2004
        return []
    pieces = np.array_split(np.arange(len(at)), max(1, round(length / stretch)))
    found = []
    for piece in pieces:
        mean = normals[piece].mean(axis=0)
        x, y = mean / np.hypot(*mean)
        found.append(
            Stretch(
                points=at[piece],
                normal=(float(x), float(y)),
                length=len(piece) * spacing,
                spread=float(np.median(gaps[piece]) / np.sqrt(12.0)),
                side=side,
            )
        )
    return found
