"""Where in a zone something lies, as people say it: on its south-west side, at its north-west end.

Pure geometry. A zone is taken for the smallest rectangle around it, which has a long and a short axis. What is said
must hold wherever the outlines really lie, within their accuracy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely import affinity

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

POINTS = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")
LONG = 1.5
"""Length over width from which a zone has sides and ends; below it has only corners."""
_MOST, _HALF = 0.9, 0.5
"""Share of a region that must lie beyond a line as drawn, and share that must wherever the outlines really lie."""
_THIRD = 1 / 3
"""What lies within this share of the half length or width from the middle is in the middle."""


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """How far a region may lie from where it is drawn in its zone."""

    every_way_m: float
    open_m: float = 0.0
    """How much further along one way and back, where outlines could not be fitted along it."""
    open_deg: float = 0.0
    """That way's azimuth, clockwise from grid north."""

    def along(self, way: NDArray[np.float64]) -> float:
        """Return how far it may lie off along a way (east, north), metres."""
        azimuth = math.degrees(math.atan2(way[0], way[1]))
        return math.hypot(self.every_way_m, self.open_m * math.cos(math.radians(azimuth - self.open_deg)))


def place_in(region: BaseGeometry, zone: BaseGeometry, accuracy: Accuracy, *, sides: bool = True) -> tuple[str, str]:
    """Return on which side and at which end of a zone a region lies.

    Parameters
    ----------
    region, zone
        Outlines in one system of metres, north up.
    accuracy
        How far the region may lie from where it is drawn in the zone.
    sides
        False where only ends are asked for: a berth is as wide as a ship, and a track as a train.

    Returns
    -------
    Side and end, each one of ``POINTS`` or ``""`` where it cannot be said. Of a zone about as long as wide the side
    is the corner it lies in, and there is no end.

    """
    rectangle = zone.minimum_rotated_rectangle
    if not isinstance(rectangle, shapely.Polygon) or rectangle.area <= 0 or region.area <= 0:
        return "", ""
    corners = np.asarray(rectangle.exterior.coords)
    middle = corners[:4].mean(axis=0)
    edges = np.diff(corners[:3], axis=0)
    lengths = np.hypot(edges[:, 0], edges[:, 1])
    long, short = int(np.argmax(lengths)), int(np.argmin(lengths))
    if long == short or lengths[long] < LONG * lengths[short]:
        return (_corner(region, middle, accuracy) if sides else ""), ""
    along, across = edges[long] / lengths[long], edges[short] / lengths[short]
    third = _THIRD * lengths / 2
    end = _beyond(region, middle, along, {third[long]: _MOST, third[long] + accuracy.along(along): _HALF})
    sure = max(third[short], accuracy.along(across))
    side = _beyond(region, middle, across, {0.0: _MOST, sure: _HALF}) if sides else ""
    return side, end


def _corner(region: BaseGeometry, middle: NDArray[np.float64], accuracy: Accuracy) -> str:
    """Name the way from the middle of a zone to a region, if it is far enough to be sure of the way."""
    way = np.array([region.centroid.x, region.centroid.y]) - middle
    # Further off than the outlines may be by so much that the way is sure to half of one of eight points.
    worst = math.hypot(accuracy.every_way_m, accuracy.open_m)
    return compass(way) if math.hypot(*way) * math.sin(math.pi / 8) > worst else ""


def _beyond(
    region: BaseGeometry, middle: NDArray[np.float64], axis: NDArray[np.float64], least: dict[float, float]
) -> str:
    """Name the way along an axis in which, for each distance from the middle, more than a share lies beyond it."""
    for way in (axis, -axis):
        # Turned so that the way leads to the east.
        turned = affinity.rotate(region, -math.degrees(math.atan2(way[1], way[0])), origin=(*middle,))
        if all(_share_east(turned, middle[0] + distance) > share for distance, share in least.items()):
            return compass(way)
    return ""


def _share_east(region: BaseGeometry, x: float) -> float:
    """Share of a region that lies east of a line."""
    left, low, right, high = region.bounds
    if right <= x:
        return 0.0
    return float(region.intersection(shapely.box(max(x, left - 1), low - 1, right + 1, high + 1)).area / region.area)


def compass(way: NDArray[np.float64]) -> str:
    """Name a way (east, north) by the nearest of eight points of the compass."""
    return POINTS[round(math.degrees(math.atan2(way[0], way[1])) / 45.0) % 8]
