"""One thing through many looks: which of two dates show the same stack, ship or train.

Section 6 of docs/explanation/timeline.md, as :mod:`imagery_diff.series` asks for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from imagery_diff.method.sizes import reading_limits
from imagery_diff.result_series import Track
from imagery_diff.series_states import ASKED, REACHES, looks_built
from imagery_diff.write import timeline_sentences as words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shapely.geometry.base import BaseGeometry

    from imagery_diff.result_series import Cell, Thing
    from imagery_diff.series_states import Sight

_SAME_IOU, _SAME_INSIDE = 0.3, 0.6
"""Overlap over union, or share of the smaller outline in the larger, from which two looks show one thing."""


@dataclass(eq=False)
class _Open:
    kind: str
    seen: list[tuple[int, Thing]]
    absent_before: int | None
    absent_after: int | None = None
    clear_before: float | None = None
    clear_after: float | None = None

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
            clear_before=one.clear_before,
            clear_after=one.clear_after,
        )
        for number, (one, zone) in enumerate(tracks, start=1)
    )


def not_through(cells: Sequence[Cell], tracks: Sequence[Track]) -> list[Cell]:
    """Leave no ``no`` standing where a track goes on though the look does not tell its thing.

    A track goes on where its place was not clear, or shows more than half of what stood there: so something may.
    """
    held: dict[str, list[Track]] = {}
    for track in tracks:
        for name, share in track.seen[-1][1].region.zone_shares.items():
            if share >= REACHES:
                held.setdefault(name, []).append(track)

    def goes_through(track: Track, look: int) -> bool:
        first, last = track.absent_before or 0, track.absent_after or math.inf
        return first < look < last and all(look != n for n, _ in track.seen)

    why = words.through_words()
    return [
        cell.with_no_denied(why) if any(goes_through(t, cell.look) for t in held.get(cell.zone.name, ())) else cell
        for cell in cells
    ]


def _step(zone: _Zone, cell: Cell, sight: Sight) -> None:
    """Carry every track of a zone on to one more look."""
    asked = ASKED.get(cell.zone.kind)
    # A building is told now as one and now as goods: both are one track, and series_lasting says which.
    left = [t for t in cell.things if t.kind == asked or (asked == "cargo" and looks_built(t))]
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
        if sight.is_empty(cell.look, track.outline, track.seen[-1][0]):
            track.absent_after = cell.look
            track.clear_after = sight.clear_share(cell.look, track.outline)
            zone.open.remove(track)
            zone.done.append(track)
    for thing in left:
        if id(thing) not in taken:
            where = thing.region.geometry
            empty = next((c.look for c in reversed(zone.cells) if sight.is_empty(c.look, where, cell.look)), None)
            clear = None if empty is None else sight.clear_share(empty, where)
            kind = asked or thing.kind
            zone.open.append(_Open(kind=kind, seen=[(cell.look, thing)], absent_before=empty, clear_before=clear))


def _alike(track: _Open, thing: Thing) -> float:
    """Return how likely both are one thing, 0 for impossible: they overlap, or they are ships of lengths that agree."""
    if track.kind != thing.kind and not looks_built(thing):
        return 0.0
    one, other = track.outline, thing.region.geometry
    if are_one(one, other):
        return 1.0 + _iou(one, other)
    return 0.5 if thing.kind == "vessel" and may_be_one_hull(track.last, thing) else 0.0


def are_one(one: BaseGeometry, other: BaseGeometry) -> bool:
    """Say whether two outlines overlap as those of one thing do that is told twice."""
    shared = one.intersection(other).area
    return bool(_iou(one, other) >= _SAME_IOU or shared >= _SAME_INSIDE * min(one.area, other.area) > 0)


def _iou(one: BaseGeometry, other: BaseGeometry) -> float:
    shared = one.intersection(other).area
    return float(shared / max(one.area + other.area - shared, 1e-9))


def may_be_one_hull(one: Thing, other: Thing) -> bool:
    """Say whether the limits of two lengths leave room for one ship; a length without limits is read as analysts do."""
    low, high = 0.0, math.inf
    for region in (one.region, other.region):
        usual = reading_limits(region.length_m)
        low = max(low, usual[0] if region.length_low_m is None else region.length_low_m)
        if not region.length_is_lower_bound:
            high = min(high, usual[1] if region.length_high_m is None else region.length_high_m)
    return low <= high
