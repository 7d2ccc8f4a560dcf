"""Bulk that covers brighter ground: dark where the empty place is not, beside or in a zone for stockpiles.

Section 4 of docs/explanation/timeline.md, as :mod:`imagery_diff.series` asks for it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from shapely import union_all

from imagery_diff.method import zones
from imagery_diff.method.activity import name_colour

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from imagery_diff.result import Comparison, Region

    Window = tuple[slice, slice]

_HALF = 0.5
"""Share of a region in or beside such zones from which they speak for it, as of classes."""
_NOT_ASKED = {"vessel", "equipment", "construction"}
DOUBT = "or something brighter, which stands there on most looks, is gone and leaves dark ground"


def turned(
    result: Comparison, data: NDArray[np.float32], apart: Callable[[Window], NDArray[np.float32]], names: Sequence[str]
) -> Comparison:
    """Call what a look lacks a heap that came, where it left ground dark and without colour on a stockpile.

    Steps at the rim say that a bright strip went when coal is heaped over the concrete along a quay. But the empty
    place is what most looks show, and where bulk is stored dark ground is rather bulk.

    Parameters
    ----------
    result
        A look against the empty place.
    data
        (band, row, col), the empty place.
    apart
        Window of the frame -> by how much the look differs from it there, (band, row, col).
    names
        Of the bands.

    """
    stored = _stored(result)
    if stored.is_empty:
        return result

    def covered(region: Region) -> bool:
        if region.direction != "disappeared" or region.activity in _NOT_ASKED:
            return False
        if region.geometry.intersection(stored).area < _HALF * region.geometry.area:
            return False
        inside = zones.inside(region.geometry, result.grid)
        if not inside.any():
            return False
        window = zones.around(inside)
        here = inside[window]
        bare = data[:, *window]
        own = bare + apart(window)
        left, ground = ({n: float(np.median(i[k][here])) for k, n in enumerate(names)} for i in (own, bare))
        return name_colour(left, ground) == "dark"

    regions = tuple(_as_heap(r) if covered(r) else r for r in result.regions)
    return replace(result, regions=regions)


def _stored(result: Comparison) -> BaseGeometry:
    """Return the located zones for stockpiles, wider by how far their outlines may lie off, without where ships lie."""
    unit = result.grid.pixel_size[0] / result.grid.pixel_size_m[0]
    known = result.aoi.zones if result.aoi else ()
    drawn = [z for z in known if z.kind == "stockpile" and z.located]
    # Over a berth what leaves dark ground is a hull that left water.
    afloat = union_all([z.polygon for z in known if z.kind in {"berth", "anchorage"}])
    return union_all([z.polygon.buffer((z.accuracy_m or 0.0) * unit) for z in drawn]).difference(afloat)


def _as_heap(region: Region) -> Region:
    """Return the region as a heap that came: a class by rules, which has no chance, and no room for containers."""
    return replace(
        region,
        direction="appeared",
        activity="stockpile",
        colour="dark",
        p_activity=None,
        shares={},
        shares_without_zone={},
        teu_low=None,
        teu_high=None,
        tiers=None,
        relation="unclear",
        relation_to=None,
        same_colour=None,
        doubts=(*region.doubts, DOUBT),
        why=(*region.why, "dark and without colour where the empty place is brighter", "zone kind stockpile"),
    )
