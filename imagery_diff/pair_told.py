"""What the numbers of a comparison allow to be said of its regions: side, class of length, containers, the sentence."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from shapely import affinity

from imagery_diff.method import containers, sizes
from imagery_diff.method.side import Accuracy, place_in
from imagery_diff.write.sentences import describe_region

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapely.geometry.base import BaseGeometry

    from imagery_diff.aoi import Zone
    from imagery_diff.grid import Grid
    from imagery_diff.result import Comparison, Region

_NO_LIMITS = "lengths without limits are rough"
_BASIS = "probabilities were counted on rendered scenes, those of a class times a stated prior of its zone"
_LIMITS = (  # one sentence
    "nine in ten of the limits of lengths held on rendered scenes; on real ones they were not counted: five real ships "
    "in a colour picture came out up to 14 m off"
)
_WITHOUT_SIDES = {"berth", "rail", "road", "bridge"}
"""Kinds of zones as wide as what is in them: they have ends only."""


def told(result: Comparison) -> Comparison:
    """Complete and word the regions of a comparison; to be called again when a measure or a floor was added."""
    regions = tuple(_measured(region, result) for region in result.regions)
    doubts = tuple(c for c in result.caveats if not c.startswith((_NO_LIMITS, _BASIS, _LIMITS)))
    result = replace(result, regions=regions)
    result = replace(
        result, caveats=(*together(doubts, result), *_without_limits(result), *_with_limits(result), *_basis(result))
    )
    return replace(
        result, regions=tuple(replace(region, description=describe_region(region, result)) for region in regions)
    )


def together(caveats: Sequence[str], result: Comparison) -> tuple[str, ...]:
    """Say once of both images what is said of each in the same words."""
    names = result.before.name, result.after.name
    heads = [f"{name}: " for name in names]
    said = dict.fromkeys(caveats)
    both = [c.removeprefix(heads[0]) for c in said if c.startswith(heads[0])]
    both = [c for c in both if heads[1] + c in said and names[0] != names[1]]
    merged = {heads[0] + c: f"both images: {c}" for c in both}
    dropped = {heads[1] + c for c in both}
    return tuple(merged.get(c, c) for c in said if c not in dropped)


def _with_limits(result: Comparison) -> list[str]:
    """Say what limits of lengths rest on, where any are told."""
    return [_LIMITS] if any(region.length_low_m is not None for region in result.regions) else []


def _without_limits(result: Comparison) -> list[str]:
    """Say of lengths without limits that they are rough; nothing where all have limits."""
    bare = any(region.length_low_m is None and not region.under_way for region in result.regions)
    if not bare or result.grid.crs is None:
        return []
    return [f"{_NO_LIMITS}: by how much such ones are missed was not counted"]


def _basis(result: Comparison) -> list[str]:
    """Say what the probabilities rest on, where there are any: the words for them sound as if they rested on more."""
    if all(region.p_change is None and region.p_activity is None for region in result.regions):
        return []
    if all(region.p_change is None for region in result.regions):
        return [_BASIS]
    number = result.params.prior_events_per_km2
    prior = f"{number:g} change{'' if number == 1 else 's'}"
    return [f"{_BASIS}, those of a change with a prior of {prior} per km2 of zones between two looks"]


def _measured(region: Region, result: Comparison) -> Region:
    """Add what follows from a region's measures."""
    region = _placed(region, result)
    if region.activity == "rail_cars":
        pixel = max(result.grid.pixel_size_m) if result.grid.crs else None
        return replace(region, why_no_count=sizes.why_cars_are_not_counted(pixel))
    if result.grid.crs is None:
        return region
    if region.activity == "vessel":
        return _vessel(region, result.params.min_vessel_m)
    # The borders of an area of changed ground are soft: no blocks are counted in it.
    return _container(region, result.grid) if region.activity == "containers" and not region.is_area else region


def _placed(region: Region, result: Comparison) -> Region:
    """Say on which side of its zone it lies, as far as the outlines allow."""
    zone = next((state.zone for state in result.zones if state.zone.name == region.zone), None)
    accuracy = None if zone is None else _accuracy_of(region, zone, result)
    if zone is None or accuracy is None or not zone.located or result.grid.crs is None:
        return replace(region, side="", end="")
    outline, around = _in_metres(region.geometry, result.grid), _in_metres(zone.polygon, result.grid)
    side, end = place_in(outline, around, accuracy, sides=zone.kind not in _WITHOUT_SIDES)
    return replace(region, side=side, end=end)


def _accuracy_of(region: Region, zone: Zone, result: Comparison) -> Accuracy | None:
    """How far the region may lie from where it is drawn in its zone; None where nobody says.

    Outlines that were fitted to the image lie off by what the fit left over, and by what this one is drawn worse than
    the best. Others, and those along a way in which nothing could be fitted, lie off by their own accuracy and by that
    of the image.
    """
    own = zone.accuracy_m or (result.aoi.accuracy_m if result.aoi else None)
    if own is None:
        return None
    loose = math.hypot(own, region.location_accuracy_m or 0.0)
    fit = result.fit
    if fit is None or not fit.fitted:
        return Accuracy(every_way_m=loose)
    best = min(state.zone.accuracy_m or own for state in result.zones)
    left = math.hypot(fit.residual_m or 0.0, fit.error_m or 0.0, own - best)
    open_deg = fit.open_deg
    return Accuracy(every_way_m=left, open_m=0.0 if open_deg is None else loose, open_deg=open_deg or 0.0)


def _in_metres(shape: BaseGeometry, grid: Grid) -> BaseGeometry:
    """Bring map units to metres, those of a grid in degrees too."""
    width, height = grid.pixel_size_m
    return affinity.scale(shape, width / abs(grid.transform.a), height / abs(grid.transform.e), origin=(0, 0))


def _vessel(region: Region, least_m: float) -> Region:
    """Class a vessel by its length, and say whether it counts as a visit."""
    if region.under_way or region.several:
        return replace(region, length_class=None, counts_as_visit=None)
    low, high = sizes.reading_limits(region.length_m)
    if region.length_low_m is not None and region.length_high_m is not None:
        low, high = region.length_low_m, region.length_high_m
    if region.length_is_lower_bound:
        return replace(region, length_class=None, counts_as_visit=True if low >= least_m else None)
    return replace(
        region,
        length_class=sizes.length_class(region.length_low_m, region.length_high_m),
        counts_as_visit=sizes.is_as_long(low, high, least_m),
    )


def _container(region: Region, grid: Grid) -> Region:
    """Say for how many containers there is room."""
    lowest, highest = region.height_low_m, region.height_high_m
    heights = None if lowest is None or highest is None else (lowest, highest)
    low, high = containers.teu_range(region.area_m2, region.length_m, region.width_m, max(grid.pixel_size_m), heights)
    return replace(
        region,
        teu_low=low,
        teu_high=None if region.length_is_lower_bound else high,
        tiers=containers.tiers_of(heights),
    )
