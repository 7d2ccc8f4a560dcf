"""One thing through many looks: which of two dates show the same stack, ship or train.

Section 6 of docs/explanation/timeline.md, as :mod:`imagery_diff.series` asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from imagery_diff.result_series import KINDS, Track

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shapely.geometry.base import BaseGeometry

    from imagery_diff.result_series import Cell, Thing
    from imagery_diff.series_states import Sight

_SAME_IOU, _SAME_INSIDE = 0.3, 0.6
"""Overlap over union, or share of the smaller outline in the larger, from which two looks show one thing."""
_EMPTY_SHARE = 0.2
"""A place is empty where no more of it than this lies under what stands there."""
_CLEAR_SHARE = 0.8
"""And where so much of it was seen clearly and searched (house.md section 6)."""


@dataclass(eq=False)
class _Open:
    kind: str
    seen: list[tuple[int, Thing]]
    absent_before: int | None
    absent_after: int | None = None

    @property
    def outline(self) -> BaseGeometry:
        return self.seen[-1][1].region.geometry

    @property
    def last(self) -> Thing:
        return self.seen[-1][1]


@dataclass(eq=False)
class _Zone:
    """What is being followed in a zone."""

    cells: list[Cell] = field(default_factory=list)
    open: list[_Open] = field(default_factory=list)
    done: list[_Open] = field(default_factory=list)


def follow(cells: Iterable[Cell], sight: Sight) -> tuple[Track, ...]:
    """Follow the things of every zone.

    A track ends on the first look on which its own place was clear, searched and empty; where a look shows nothing of
    that place it goes on. So nothing is ever said to have left or come back because it was not looked for. That *this*
    thing was not there asks less than that nothing was (``no``): other looks told it by a strength of its own.
    """
    by_zone: dict[str, _Zone] = {}
    for cell in sorted(cells, key=lambda c: c.look):
        zone = by_zone.setdefault(cell.zone.name, _Zone())
        _step(zone, cell, sight)
        zone.cells.append(cell)
    tracks = [(one, zone.cells[0].zone) for zone in by_zone.values() for one in (*zone.done, *zone.open)]
    tracks.sort(key=lambda t: (t[0].seen[0][0], t[1].name, t[0].outline.centroid.coords[0]))
    return tuple(
        Track(
            id=f"T{number}",
            kind=one.kind,
            zone=zone.name,
            group=zone.group,
            seen=tuple(one.seen),
            absent_before=one.absent_before,
            absent_after=one.absent_after,
        )
        for number, (one, zone) in enumerate(tracks, start=1)
    )


def _step(zone: _Zone, cell: Cell, sight: Sight) -> None:
    """Carry every track of a zone on to one more look."""
    left = [t for t in cell.things if t.kind in KINDS]
    pairs = sorted(
        ((likeness, track, thing) for track in zone.open for thing in left if (likeness := _alike(track, thing)) > 0),
        key=lambda p: -p[0],
    )
    taken: set[int] = set()
    for _, track, thing in pairs:
        if id(track) not in taken and id(thing) not in taken:
            track.seen.append((cell.look, thing))
            taken |= {id(track), id(thing)}
    for track in [t for t in zone.open if id(t) not in taken]:
        if is_empty(track.outline, cell, sight):
            track.absent_after = cell.look
            zone.open.remove(track)
            zone.done.append(track)
    for thing in left:
        if id(thing) not in taken:
            before = _last_empty(thing.region.geometry, zone.cells, sight)
            zone.open.append(_Open(kind=thing.kind, seen=[(cell.look, thing)], absent_before=before))


def _alike(track: _Open, thing: Thing) -> float:
    """Return how likely both are one thing, 0 for impossible: they overlap, or they are ships of lengths that agree."""
    if track.kind != thing.kind:
        return 0.0
    one, other = track.outline, thing.region.geometry
    shared = one.intersection(other).area
    iou = shared / max(one.area + other.area - shared, 1e-9)
    if iou >= _SAME_IOU or shared >= _SAME_INSIDE * min(one.area, other.area) > 0:
        return 1.0 + iou
    return 0.5 if thing.kind == "vessel" and may_be_one_hull(track.last, thing) else 0.0


def may_be_one_hull(one: Thing, other: Thing) -> bool:
    """Say whether the limits of two lengths leave room for one ship; where a length has none, they do."""
    limits = [(t.region.length_low_m, t.region.length_high_m) for t in (one, other)]
    lows = [low for low, _ in limits if low is not None]
    highs = [high for _, high in limits if high is not None]
    return not lows or not highs or max(lows) <= min(highs)


def is_empty(where: BaseGeometry, cell: Cell, sight: Sight) -> bool:
    """Say whether a look saw a place clearly and shows nothing that lies on it."""
    covered = sum(t.region.geometry.intersection(where).area for t in cell.things)
    return bool(covered <= _EMPTY_SHARE * where.area) and sight.share(cell.look, where) >= _CLEAR_SHARE


def _last_empty(where: BaseGeometry, cells: Sequence[Cell], sight: Sight) -> int | None:
    """Return the last look before on which a place was clear, searched and empty."""
    return next((c.look for c in reversed(cells) if is_empty(where, c, sight)), None)
