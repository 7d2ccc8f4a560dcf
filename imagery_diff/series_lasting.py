"""What came and stayed: whether goods that stand unchanged on every look since are goods still, or rather a building.

Section 6 of docs/explanation/timeline.md, as :mod:`imagery_diff.series` asks for it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely import intersection_all, union_all

from imagery_diff.method import zones
from imagery_diff.result_series import UNKNOWN, YES
from imagery_diff.series_chances import habit_of
from imagery_diff.series_states import ASKED, LASTING, looks_built

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from imagery_diff.params import Params
    from imagery_diff.result import Region
    from imagery_diff.result_series import Cell, SeriesLook, Thing, Track
    from imagery_diff.series_states import Sight

_HOURS_A_YEAR = 365.25 * 24.0
_SAME = 0.7
"""Correlation of what a thing differs by on one look with that on the others from which its colour is the same. Under
other suns .72 to .99 is left of rendered roofs; of blue on grey ground beside red, less than .3."""
_END_M = 3.0
"""By how much, and by one pixel, the ends of one thing are found elsewhere: up to 3 m on rendered roofs of 60 m at 3 m
under suns of 40 to 70 degrees."""
_CLEAR = 0.8
"""Share of an outline that must be clear on a look that is asked (as of a place seen empty, house.md section 6)."""
_INSIDE = 0.8
"""Share of an outline inside a larger later one from which the earlier is a stage of the later."""
_SUREST = 20.0
"""No look of a thing tells goods from buildings by more than twenty to one: what the table of classes saw were rendered
sheds and stacks."""
_FEWEST = 3
"""Looks that must show it."""


def lasting(tracks: Sequence[Track], sight: Sight, looks: Sequence[SeriesLook], params: Params) -> dict[str, float]:
    """Return the tracks that are rather a building, or goods laid up for long, than goods that turn over.

    Goods come and go as the habit of their zone says, a building comes once in years and stays. Of a thing that no look
    saw gone, the odds of goods are those of its coming, times those of its standing on each later look just as before
    (the same goods, or others of the same outline and colour), times how much rather its pixels are like goods:

        O = pi (1 - exp(-t0 / (tau (1 - pi)))) T / t0 * prod_k [s_k + (1 - s_k) pi a] * q,    s_k = exp(-t_k / tau)

    t0 the time since its place was last seen empty, t_k those between the looks that show it, tau and pi the stay and
    share of goods, T the time between two buildings of a zone, a the chance that other goods look the same, and q the
    geometric mean of the looks' ratios of classes.

    Parameters
    ----------
    tracks
        Those of goods are asked, but for heaps: bulk lies for months.
    sight, looks
        What the looks show, and their times.
    params
        The habits, ``building_years``, ``goods_alike``, ``lasting_least``.

    Returns
    -------
    Track -> chance that it is such, ``lasting_least`` or more.

    """
    hours = {look.number: look.time.timestamp() / 3600.0 for look in looks}
    told = {}
    for track in tracks:
        odds = _odds(track, sight, hours, params)
        if odds is not None and (p := 1.0 / (1.0 + odds)) >= params.lasting_least:
            told[track.id] = p
    return told


def _odds(track: Track, sight: Sight, hours: Mapping[int, float], params: Params) -> float | None:
    """Return the odds of goods against a building; None where it is not asked."""
    if track.kind != "cargo" or track.absent_before is None or track.absent_after is not None:
        return None
    if any(t.region.activity in {"stockpile", "cover"} for _, t in track.seen):
        return None
    clear = [(n, thing) for n, thing in track.seen if _is_clear(sight, n, thing.region.geometry)]
    stages = _stages(sight, clear)
    if stages is None:
        return None
    share, stay = habit_of("cargo", params).share, params.cargo_stay_h
    since = max(hours[track.first] - hours[track.absent_before], 1.0)
    odds = share * -math.expm1(-since / (stay * (1.0 - share))) * params.building_years * _HOURS_A_YEAR / since
    alike = min(params.goods_alike * _tolerance_m(sight) / _END_M, 1.0)
    for (one, _), (other, _) in pairwise(clear[stages:]):
        stays = math.exp(-(hours[other] - hours[one]) / stay)
        odds *= stays + (1.0 - stays) * share * alike
    ratios = [r for _, thing in clear if (r := _goods_to_building(thing.region)) is not None]
    return odds * math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else odds


def _goods_to_building(region: Region) -> float | None:
    """Return by how much rather a thing is goods than a building by its pixels; None where no table holds."""
    shares = region.shares_without_zone
    if not shares:
        return None
    built = shares.get("construction", 0.0)
    goods = sum(shares.get(name, 0.0) for name in ("containers", "rail_cars", "cover"))
    return min(max(goods / max(built, 1e-9), 1.0 / _SUREST), _SUREST)


def _is_clear(sight: Sight, look: int, outline: BaseGeometry) -> bool:
    inside = zones.inside(outline, sight.grid)
    return look not in sight.loose and bool(inside.any()) and float(np.mean(sight.clear[look][inside])) >= _CLEAR


def _stages(sight: Sight, seen: Sequence[tuple[int, Thing]]) -> int | None:
    """Return how many looks show a thing in the making before those that show it unchanged; None where it changed."""
    for first in range(len(seen) - _FEWEST + 1):
        if unchanged(sight, seen[first:]):
            return first
        if not _is_stage(seen[first][1].region, seen[first + 1][1].region):
            return None
    return None


def unchanged(sight: Sight, seen: Sequence[tuple[int, Thing]]) -> bool:
    """Say whether all looks show a thing unchanged: it ends where it did, and has the colour it had.

    Both ends along the longer side of all outlines lie within :func:`_tolerance_m` of the middle of those of all looks;
    its sides do not count, where shadow joins it. Over the ground that all outlines share, what each look shows to
    differ from the empty place, x, is like the mean m of what the others show: sum(x m) / sqrt(sum(x x) sum(m m)).

    Parameters
    ----------
    seen
        (number of the look, the thing on it), three or more.

    """
    outlines = [thing.region.geometry for _, thing in seen]
    unit = sight.grid.pixel_size[0] / sight.grid.pixel_size_m[0]
    ends = _ends(outlines)
    if np.abs(ends - np.median(ends, axis=0)).max() > _tolerance_m(sight) * unit:
        return False
    inside = zones.inside(intersection_all(outlines), sight.grid)
    if not inside.any():
        return False
    window = zones.around(inside)
    clear = inside[window] & np.logical_and.reduce([sight.clear[number][window] for number, _ in seen])
    shown = [sight.apart(number, window)[:, clear].astype(np.float64) for number, _ in seen]
    total = np.sum(shown, axis=0)
    return all(_correlation(own, total - own) >= _SAME for own in shown)


def _ends(outlines: Sequence[BaseGeometry]) -> NDArray[np.float64]:
    """Return where each outline begins and ends along the longer side of all, (outline, 2), map units."""
    corners = shapely.get_coordinates(union_all(outlines).minimum_rotated_rectangle)
    sides = np.diff(corners[:3], axis=0)
    long = max(sides, key=np.linalg.norm)
    along = [shapely.get_coordinates(o) @ (long / np.linalg.norm(long)) for o in outlines]
    return np.array([(a.min(), a.max()) for a in along])


def _tolerance_m(sight: Sight) -> float:
    return max(_END_M, *sight.grid.pixel_size_m)


def _correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    size = math.sqrt(float(np.sum(one * one)) * float(np.sum(other * other)))
    return float(np.sum(one * other)) / size if size > 0 else 0.0


def _is_stage(earlier: Region, later: Region) -> bool:
    """Say whether a thing may be a later one in the making."""
    shared = earlier.geometry.intersection(later.geometry).area
    return bool(shared >= _INSIDE * earlier.geometry.area and earlier.geometry.area < later.geometry.area)


def told_apart(
    tracks: Sequence[Track], cells: Sequence[Cell], built: Mapping[str, float], looks: Sequence[SeriesLook]
) -> tuple[tuple[Track, ...], list[Cell]]:
    """Take what came and stayed out of goods: out of states and fill, under a kind of its own.

    What looks built on a look and was followed with goods, but is neither found lasting nor goods on any look, is no
    track.
    """
    times = {look.number: look.time for look in looks}
    swapped: dict[int, Thing] = {}
    since: dict[int, dt.datetime] = {}
    kept = []
    for track in tracks:
        if track.id in built:
            seen = tuple((n, replace(thing, kind=LASTING)) for n, thing in track.seen)
            kept.append(replace(track, kind=LASTING, seen=seen))
            for (_, old), (_, new) in zip(track.seen, seen, strict=True):
                swapped[id(old)] = new
                since[id(old)] = times[track.first]
        elif track.kind != "cargo" or any(not looks_built(thing) for _, thing in track.seen):
            kept.append(track)
    return tuple(kept), [_without(cell, swapped, since) for cell in cells]


def _without(cell: Cell, swapped: Mapping[int, Thing], since: Mapping[int, dt.datetime]) -> Cell:
    """Return what a zone shows once what came and stayed in it is no goods."""
    days = [f"{day:%d %B %Y}" for day in sorted({since[id(t)] for t in cell.things if id(t) in since})]
    if not days:
        return cell
    kind = ASKED[cell.zone.kind]
    things = tuple(swapped.get(id(t), t) for t in cell.things)
    there = any(t.kind == kind for t in things)
    said = f"a lasting change, there on every look since {' and '.join(days)}, stands in it"
    state = cell.states[kind] if there or cell.states[kind] != YES else UNKNOWN
    # How much ground is under goods is not known where something else covers it.
    return replace(cell, things=things, states={**cell.states, kind: state}, reason=said, fill=None)
