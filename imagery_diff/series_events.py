"""States -> events with the windows in which they must have happened, calls of vessels, gaps, and what silence says.

Section 7 of docs/explanation/timeline.md, as :mod:`imagery_diff.series` asks for it.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from imagery_diff.result_series import NO, UNKNOWN, YES, Event, Gap, Visits
from imagery_diff.series_states import ASKED
from imagery_diff.series_tracks import may_be_one_hull
from imagery_diff.write import timeline_sentences as words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imagery_diff.aoi import AOI, Zone
    from imagery_diff.params import Params
    from imagery_diff.result import Region
    from imagery_diff.result_series import Cell, SeriesLook, Track

_CAME = {"vessel": "vessel_arrived", "cargo": "cargo_appeared", "rail": "rail_appeared"}
_WENT = {"vessel": "vessel_departed", "cargo": "cargo_disappeared", "rail": "rail_disappeared"}


def events_of(
    tracks: Sequence[Track], cells: Sequence[Cell], looks: Sequence[SeriesLook], place: AOI, params: Params
) -> tuple[Event, ...]:
    """Return every change of state, in the order of the earliest moment at which it can have been over."""
    by_number = {look.number: look for look in looks}
    usable = {(c.zone.name, c.look) for c in cells if c.usable}
    found: list[Event] = []
    for track in tracks:
        zone = place.zone(track.zone)
        if track.absent_before is not None:
            found.append(_event(_CAME, track, zone, (track.absent_before, track.first), by_number, usable))
        found += _changes(track, zone, by_number)
        if track.absent_after is not None:
            found.append(_event(_WENT, track, zone, (track.last, track.absent_after), by_number, usable))
    found += _moved(tracks, by_number, place)
    found += _inferred(tracks, cells, by_number, place, params)
    return tuple(sorted(found, key=lambda e: (e.not_after, e.zone, e.event)))


def best_of(track: Track) -> Region:
    """Return the region of a track that speaks for it: the one of its middle length, with limits if any has them."""
    regions = [thing.region for _, thing in track.seen]
    limited = [r for r in regions if r.length_low_m is not None and r.length_high_m is not None] or regions
    return sorted(limited, key=lambda r: r.length_m)[(len(limited) - 1) // 2]


def _event(
    names: dict[str, str],
    track: Track,
    zone: Zone,
    window: tuple[int, int],
    looks: dict[int, SeriesLook],
    usable: set[tuple[str, int]],
) -> Event:
    """Make the event of a track that came or went."""
    before, after = (looks[n] for n in window)
    name = names[track.kind]
    region = best_of(track)
    if track.kind == "cargo" and region.activity == "stockpile":
        name = "stockpile_changed"
    between = range(window[0] + 1, window[1])
    return Event(
        event=name,
        zone=zone.name,
        group=zone.group,
        not_before=before.time,
        not_after=after.time,
        length_m=region.length_m,
        p_event=None,
        evidence=(before.info.name, after.info.name),
        track=track.id,
        description=words.event_words(region, zone, before, after, came=names is _CAME),
        unusable_between=sum((zone.name, n) not in usable for n in between),
        geometry=region.geometry,
    )


def _changes(track: Track, zone: Zone, looks: dict[int, SeriesLook]) -> list[Event]:
    """Return where goods grew or shrank by more than their limits allow."""
    if track.kind != "cargo":
        return []
    found = []
    for (one, earlier), (other, later) in pairwise(track.seen):
        old, new = earlier.region, later.region
        sides = (old.area_low_m2, old.area_high_m2, new.area_low_m2, new.area_high_m2)
        if any(side is None for side in sides):
            continue
        grew, shrank = new.area_low_m2 > old.area_high_m2, new.area_high_m2 < old.area_low_m2  # type: ignore[operator]
        if not (grew or shrank):
            continue
        name = "cargo_grew" if grew else "cargo_shrank"
        before, after = looks[one], looks[other]
        found.append(
            Event(
                event=name,
                zone=zone.name,
                group=zone.group,
                not_before=before.time,
                not_after=after.time,
                length_m=new.length_m,
                p_event=None,
                evidence=(before.info.name, after.info.name),
                track=track.id,
                description=words.change_words(name, old, new, zone, before, after),
                geometry=new.geometry,
            )
        )
    return found


def links(tracks: Sequence[Track]) -> list[tuple[Track, Track]]:
    """Return vessels that left one berth before another of a length that agrees was first seen at another berth.

    Each is linked once, to the next in time; whether they are one ship no image of this pixel tells.
    """
    ships = [t for t in tracks if t.kind == "vessel"]
    found, taken = [], set()
    for one in ships:
        if one.absent_after is None:
            continue
        later = [
            other
            for other in ships
            if other.zone != one.zone
            and other.id not in taken
            and one.last < other.first <= one.absent_after
            and may_be_one_hull(one.seen[-1][1], other.seen[0][1])
        ]
        if later:
            taken.add(later[0].id)
            found.append((one, later[0]))
    return found


def _moved(tracks: Sequence[Track], looks: dict[int, SeriesLook], place: AOI) -> list[Event]:
    found = []
    for one, other in links(tracks):
        before, after = looks[one.last], looks[other.first]
        zone = place.zone(other.zone)
        found.append(
            Event(
                event="vessel_moved",
                zone=zone.name,
                group=zone.group,
                not_before=before.time,
                not_after=after.time,
                length_m=best_of(other).length_m,
                p_event=None,
                evidence=(before.info.name, after.info.name),
                track=other.id,
                description=words.moved_words(best_of(other), place.zone(one.zone), zone, before, after),
                geometry=other.seen[0][1].region.geometry,
            )
        )
    return found


def _inferred(
    tracks: Sequence[Track], cells: Sequence[Cell], looks: dict[int, SeriesLook], place: AOI, params: Params
) -> list[Event]:
    """Return where goods left a quay while nobody looked for long enough, and no ship was seen there."""
    found = []
    for track in tracks:
        if track.kind != "cargo" or track.absent_after is None or track.group is None:
            continue
        before, after = looks[track.last], looks[track.absent_after]
        berths = {z.name for z in place.zones if ASKED.get(z.kind) == "vessel" and z.group == track.group}
        seen = any(
            c.zone.name in berths and track.last <= c.look <= track.absent_after and c.states["vessel"] == YES
            for c in cells
        )
        hours = (after.time - before.time).total_seconds() / 3600.0
        if not berths or seen or hours < params.inferred_h:
            continue
        zone = place.zone(track.zone)
        found.append(
            Event(
                event="visit_inferred",
                zone=zone.name,
                group=zone.group,
                not_before=before.time,
                not_after=after.time,
                length_m=None,
                p_event=None,
                evidence=(before.info.name, after.info.name),
                track=track.id,
                description=words.inferred_words(best_of(track), zone, before, after),
                geometry=best_of(track).geometry,
            )
        )
    return found


def visits_of(
    tracks: Sequence[Track],
    cells: Sequence[Cell],
    events: Sequence[Event],
    looks: Sequence[SeriesLook],
    place: AOI,
    params: Params,
) -> tuple[Visits, ...]:
    """Count calls by group of berths, and over the whole place."""
    berths = [z for z in place.zones if ASKED.get(z.kind) == "vessel" and z.located]
    groups: dict[str, list[Zone]] = {}
    for zone in berths:
        groups.setdefault(zone.group or zone.name, []).append(zone)
    told = [_visits(name, zones, tracks, cells, events, looks, params) for name, zones in groups.items()]
    if len(groups) > 1:
        told.insert(0, _visits("all berths", berths, tracks, cells, events, looks, params))
    return tuple(told)


def _visits(
    name: str,
    berths: Sequence[Zone],
    tracks: Sequence[Track],
    cells: Sequence[Cell],
    events: Sequence[Event],
    looks: Sequence[SeriesLook],
    params: Params,
) -> Visits:
    names, group = {z.name for z in berths}, {z.group for z in berths if z.group}
    calls = [t for t in tracks if t.zone in names and t.kind == "vessel" and best_of(t).counts_as_visit]
    ids = {t.id for t in calls}
    # A hull that may have shifted from berth to berth is one call.
    shifted = sum(one.id in ids and other.id in ids for one, other in links(tracks))
    by_look: dict[int, list[str]] = {}
    for cell in cells:
        if cell.zone.name in names:
            by_look.setdefault(cell.look, []).append(cell.states["vessel"])
    good = [k for k in looks if by_look.get(k.number) and UNKNOWN not in by_look[k.number]]
    gaps = tuple(
        Gap(after=a.time, before=b.time, hours=(b.time - a.time).total_seconds() / 3600.0)
        for a, b in pairwise(good)
        if (b.time - a.time).total_seconds() / 3600.0 >= params.call_h
    )
    inferred = sum(e.event == "visit_inferred" and e.group in group for e in events)
    counted = Visits(
        group=name,
        at_least=len(calls) - shifted,
        inferred=inferred,
        usable_looks=len(good),
        looks=len(looks),
        gaps=gaps,
        sentence="",
    )
    return replace(counted, sentence=words.visits_words(counted, params.min_vessel_m))


def quiet_of(cells: Sequence[Cell], place: AOI) -> dict[str, str]:
    """Return what the silence of a zone says, for zones of which at least one look says ``no`` and none ``yes``."""
    told = {}
    for zone in place.zones:
        kind = ASKED.get(zone.kind)
        if kind is None:
            continue
        own = [c for c in cells if c.zone.name == zone.name]
        states = [c.states[kind] for c in own]
        if YES in states or NO not in states:
            continue
        floors = [c.floors[kind] for c in own if c.states[kind] == NO]
        told[zone.name] = words.quiet_words(kind, max(f for f in floors if f), states.count(NO), len(states))
    return told
