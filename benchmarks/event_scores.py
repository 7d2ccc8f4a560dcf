"""Hold what a comparison flagged against what truly happened, one region to one event.

A region credits at most one event and an event at most one region, so that a blob over everything wins once. What else
lies on an event or its shadow is a duplicate; what is left is false. Intervals are Wilson's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment
from shapely import make_valid, union_all
from shapely.affinity import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scenes import Event
    from shapely.geometry.base import BaseGeometry

LEAST_IOU = 0.2
LEAST_IOU_TRAIN = 0.1
"""A train is a pixel wide: the same error of half a pixel costs it more."""
BLUR_PX = 2.0
"""How far beyond an event its blurred image reaches."""
MOSTLY = 0.5
"""Share of a region's area on events and their shadows from which it is a duplicate and not false."""
MASKED = 0.3
"""Share of an event's footprint under the mask beyond which it need not be found, but must not be denied."""
REPORTING_M = {"vessel": 60.0, "containers": 60.0, "rail_cars": 120.0}
"""Least length that is asked for; other kinds are always asked for."""


@dataclass(frozen=True, kw_only=True)
class Match:
    """Which regions are what."""

    credited: dict[int, int]
    """Event number -> region number."""
    iou: dict[int, float]
    """Event number -> overlap with its region."""
    duplicates: dict[int, int]
    """Region number -> number of the event it lies on most."""
    false: tuple[int, ...]
    """Region numbers."""


def asked(kind: str, length_m: float) -> bool:
    """Whether an event is long enough to be asked for.

    >>> asked("vessel", 59.0), asked("rail_cars", 130.0), asked("cover", 20.0)
    (False, True, True)

    """
    return length_m >= REPORTING_M.get(kind, 0.0)


def match(events: Sequence[Event], regions: Sequence[BaseGeometry], pixel_m: float) -> Match:
    """Assign regions to events so that most events are credited, and of equal counts those with the best overlap.

    Parameters
    ----------
    events
        Their outlines in the CRS of the regions.
    regions
        Outlines.
    pixel_m
        Of the images, in units of the CRS.

    """
    # An uneven heap's outline may cross itself, where it is drawn or where another CRS rounds it.
    events = [e if e.outline.is_valid else replace(e, outline=make_valid(e.outline)) for e in events]
    shapes = [r if r.is_valid else make_valid(r) for r in regions]
    overlap = np.array([[_iou(e.outline, r) for r in shapes] for e in events]).reshape(len(events), len(shapes))
    least = np.array([LEAST_IOU_TRAIN if e.kind == "rail_cars" else LEAST_IOU for e in events])
    credited = _assign(overlap, least)
    reaches = [reach(e, pixel_m) for e in events]
    duplicates, false = {}, []
    used = set(credited.values())
    everywhere = union_all(reaches)
    for number, shape in enumerate(shapes):
        if number in used:
            continue
        if events and shape.intersection(everywhere).area >= MOSTLY * shape.area:
            shares = [shape.intersection(r).area for r in reaches]
            duplicates[number] = int(np.argmax(shares))
        else:
            false.append(number)
    iou = {e: float(overlap[e, r]) for e, r in credited.items()}
    return Match(credited=credited, iou=iou, duplicates=duplicates, false=tuple(false))


def _assign(overlap: np.ndarray, least: np.ndarray) -> dict[int, int]:
    """Return event -> region of the assignment with most pairs above the least overlap, then most overlap."""
    if overlap.size == 0:
        return {}
    enough = overlap >= least[:, None]
    # One more pair outweighs any sum of overlaps.
    worth = np.where(enough, overlap + float(min(overlap.shape)), 0.0)
    rows, cols = linear_sum_assignment(worth, maximize=True)
    return {int(e): int(r) for e, r in zip(rows, cols, strict=True) if enough[e, r]}


def _iou(one: BaseGeometry, other: BaseGeometry) -> float:
    shared = one.intersection(other).area
    return float(shared / (one.area + other.area - shared)) if shared > 0.0 else 0.0


def reach(event: Event, pixel_m: float) -> BaseGeometry:
    """Return where an event changes the image: its outline, swept along its shadow, blurred by two pixels."""
    end = translate(event.outline, *event.shadow_m)
    return event.outline.union(end).convex_hull.union(event.outline).buffer(BLUR_PX * pixel_m)


def wilson(hits: int, trials: int, z: float = 1.959964) -> tuple[float, float] | None:
    """Return the 95 % interval of a share (Wilson 1927, 10.1080/01621459.1927.10502953); None without trials.

    >>> [round(v, 3) for v in wilson(95, 100)]
    [0.888, 0.978]

    """
    if trials == 0:
        return None
    share, wide = hits / trials, z * z / trials
    centre = (share + wide / 2.0) / (1.0 + wide)
    half = z * math.sqrt(share * (1.0 - share) / trials + wide / (4.0 * trials)) / (1.0 + wide)
    return (max(0.0, centre - half), min(1.0, centre + half))
