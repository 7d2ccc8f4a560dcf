"""States -> events with the windows in which they must have happened, calls of vessels, gaps, and what silence says.

Section 7 of docs/explanation/timeline.md, as :mod:`imagery_diff.series` asks for it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching

from imagery_diff.pair_missed import reported_m
from imagery_diff.result_series import ALL_BERTHS, NO, YES, Event, Gap, Visits
from imagery_diff.series_chances import chance_of
from imagery_diff.series_heaps import DOUBT
from imagery_diff.series_states import ASKED, LASTING, REACHES
from imagery_diff.series_tracks import may_be_one_hull
from imagery_diff.write import timeline_sentences as words

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from imagery_diff.aoi import AOI, Zone
    from imagery_diff.params import Params
    from imagery_diff.result import Region
    from imagery_diff.result_series import Cell, SeriesLook, Track

_CAME = {"vessel": "vessel_arrived", "cargo": "cargo_appeared", "rail": "rail_appeared", LASTING: "construction"}
_WENT = {"vessel": "vessel_departed", "cargo": "cargo_disappeared", "rail": "rail_disappeared"}


def events_of(
    tracks: Sequence[Track],
    cells: Sequence[Cell],
    looks: Sequence[SeriesLook],
    place: AOI,
    params: Params,
    built: Mapping[str, float] | None = None,
) -> tuple[Event, ...]:
    """Return every change of state, in the order of the earliest moment at which it can have been over.

    ``built`` says of which tracks it was found that they are lasting, and how likely that is.
    """
    by_number = {look.number: look for look in looks}
    usable = {(c.zone.name, c.look) for c in cells if c.usable}
    found: list[Event] = []
    for track in tracks:
        zone = place.zone(track.zone)
        if track.absent_before is not None:
            event = _event(_CAME, track, place, (track.absent_before, track.first), by_number, usable)
            event = _with_dwell(event, track, place, by_number) if track.absent_after is None else event
            found.append(_with_stay(event, track, by_number, params, (built or {}).get(track.id)))
        found += _changes(track, zone, by_number, place)
        if track.absent_after is not None:
            event = _event(_WENT, track, place, (track.last, track.absent_after), by_number, usable)
            found.append(_with_dwell(event, track, place, by_number))
    found += _moved(tracks, by_number, place)
    found += _inferred(tracks, cells, by_number, place, params)
    return tuple(sorted(found, key=lambda e: (e.not_after, e.zone, e.event)))


def best_of(track: Track, berths: Collection[str] = ()) -> Region:
    """Return the region of a track that speaks for it: the one of its middle length, with limits if any has them.

    Goods that reach into a berth may be one piece with a ship's shadow on the quay; looks that show them by themselves
    come first.
    """
    regions = [thing.region for _, thing in track.seen]
    regions = [r for r in regions if track.kind == "vessel" or not _reaches(r, berths)] or regions
    limited = [r for r in regions if r.length_low_m is not None and r.length_high_m is not None] or regions
    return sorted(limited, key=lambda r: r.length_m)[(len(limited) - 1) // 2]


def _event(
    names: dict[str, str],
    track: Track,
    place: AOI,
    window: tuple[int, int],
    looks: dict[int, SeriesLook],
    usable: set[tuple[str, int]],
) -> Event:
    """Make the event of a track that came or went."""
    before, after = (looks[n] for n in window)
    came = names is _CAME
    name, zone = names[track.kind], place.zone(track.zone)
    part = _before_any_change(track, _berths(place)) if came else track
    region = best_of(part, _berths(place))
    if track.kind == "cargo" and region.activity == "stockpile":
        name = "stockpile_changed"
    event = _made(name, track, zone, (before, after), region)
    between = range(window[0] + 1, window[1])
    # That it is there, and of its kind, is as sure as on the look that shows it best.
    chances = [p for _, thing in track.seen if (p := chance_of(thing.region)) is not None]
    return replace(
        event,
        p_event=max(chances, default=None),
        description="; ".join(
            (
                words.event_words(region, zone, before, after, came=came),
                words.own_place_words(track.clear_before if came else track.clear_after, came=came),
                *(_also(region) if came else ()),
            )
        ),
        unusable_between=sum((zone.name, n) not in usable for n in between),
    )


def _also(region: Region) -> tuple[str, ...]:
    """Return what else a heap by the look of its ground may be."""
    return tuple(doubt for doubt in region.doubts if doubt == DOUBT)


def _made(name: str, track: Track, zone: Zone, looks: tuple[SeriesLook, SeriesLook], region: Region) -> Event:
    """Make an event of a track between two looks; what it says is the caller's to add."""
    before, after = looks
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
        description="",
        geometry=region.geometry,
    )


def _changes(track: Track, zone: Zone, looks: dict[int, SeriesLook], place: AOI) -> list[Event]:
    """Return where goods grew or shrank by more than their limits allow; not where a ship may be in their outline."""
    if track.kind != "cargo":
        return []
    found = []
    for (one, earlier), (other, later) in pairwise(track.seen):
        old, new = earlier.region, later.region
        change = _changed(old, new, _berths(place))
        if change == 0:
            continue
        name = "cargo_grew" if change > 0 else "cargo_shrank"
        before, after = looks[one], looks[other]
        told = "stockpile_changed" if best_of(track).activity == "stockpile" else name
        event = _made(told, track, zone, (before, after), new)
        found.append(replace(event, description=words.change_words(name, old, new, zone, before, after)))
    return found


def _with_stay(event: Event, track: Track, looks: dict[int, SeriesLook], params: Params, built: float | None) -> Event:
    """Add to goods that were never seen to go again for how long they stand: a building looks no other."""
    hours = (looks[track.last].time - looks[track.first].time).total_seconds() / 3600.0
    if track.kind == LASTING and built is not None:
        said = words.lasting_words(len(track.seen), hours, params.cargo_stay_h)
        sure = None if event.p_event is None else event.p_event * built
        return replace(event, p_event=sure, description=f"{event.description}; {said}")
    if track.kind != "cargo" or track.absent_after is not None or hours < params.stays_h:
        return event
    return replace(event, description=f"{event.description}; {words.stays_words(len(track.seen), hours)}")


def _with_dwell(event: Event, track: Track, place: AOI, looks: dict[int, SeriesLook]) -> Event:
    """Add to the last event of a train how long it stood, at least and at most."""
    if track.kind != "rail":
        return event
    came = (None if track.absent_before is None else looks[track.absent_before], looks[track.first])
    went = (looks[track.last], None if track.absent_after is None else looks[track.absent_after])
    said = words.dwell_words(best_of(track, _berths(place)), place.zone(track.zone), came, went)
    return replace(event, description=f"{event.description}; {said}")


def _changed(old: Region, new: Region, berths: Collection[str]) -> int:
    """Return 1 where goods are surely more than before, -1 where less, by the limits of their areas or lengths; else 0.

    Not where a ship may be in their outline, and not where the two measures contradict each other.
    """
    if _reaches(old, berths) or _reaches(new, berths):
        return 0
    signs = {
        _beyond((old.area_low_m2, old.area_high_m2), (new.area_low_m2, new.area_high_m2)),
        0
        if old.length_is_lower_bound or new.length_is_lower_bound
        else _beyond((old.length_low_m, old.length_high_m), (new.length_low_m, new.length_high_m)),
    } - {0}
    if len(signs) != 1:
        return 0
    sign = signs.pop()
    return sign if sign * (new.area_m2 - old.area_m2) > 0 else 0  # more goods do not cover less ground


def _beyond(old: tuple[float | None, float | None], new: tuple[float | None, float | None]) -> int:
    """Say on which side of the old limits the new ones lie wholly; 0 where they meet, or one is not known."""
    if None in {*old, *new}:
        return 0
    return int(new[0] > old[1]) - int(new[1] < old[0])  # type: ignore[operator]


def _before_any_change(track: Track, berths: Collection[str]) -> Track:
    """Return the part of a track up to its first change: what came is not what it grew to."""
    for k, ((_, earlier), (_, later)) in enumerate(pairwise(track.seen), start=1):
        if track.kind == "cargo" and _changed(earlier.region, later.region, berths) != 0:
            return replace(track, seen=track.seen[:k])
    return track


def _reaches(region: Region, berths: Collection[str]) -> bool:
    return any(share >= REACHES for name, share in region.zone_shares.items() if name in berths)


def _berths(place: AOI) -> set[str]:
    return {zone.name for zone in place.zones if ASKED.get(zone.kind) == "vessel"}


def links(tracks: Sequence[Track]) -> list[tuple[Track, Track]]:
    """Return pairs of vessels at two berths that may be one ship which went from one to the other.

    One may have left when the other came, as far as any look tells, and the limits of their lengths agree. As many
    pairs as possible are made, each vessel in one as the earlier and in one as the later (Hopcroft and Karp 1973,
    10.1137/0202019), so that no count of calls is too high. Whether they are one ship no image of this pixel tells.
    """
    ships = [t for t in tracks if t.kind == "vessel"]
    may = np.array([[_may_follow(one, other) for other in ships] for one in ships], bool)
    if not may.any():
        return []
    partner = maximum_bipartite_matching(csr_matrix(may), perm_type="column")
    return [(one, ships[int(k)]) for one, k in zip(ships, partner, strict=True) if k >= 0]


def _may_follow(one: Track, other: Track) -> bool:
    """Say whether a vessel may have gone from one berth to another, unseen on the way."""
    gone = math.inf if one.absent_after is None else one.absent_after
    come = 0 if other.absent_before is None else other.absent_before
    apart = one.zone != other.zone and one.last < other.first and come < gone
    return apart and may_be_one_hull(one.seen[-1][1], other.seen[0][1])


def _moved(tracks: Sequence[Track], looks: dict[int, SeriesLook], place: AOI) -> list[Event]:
    found = []
    for one, other in links(tracks):
        before, after = looks[one.last], looks[other.first]
        zone = place.zone(other.zone)
        event = _made("vessel_moved", other, zone, (before, after), best_of(other))
        said = words.moved_words(best_of(other), place.zone(one.zone), zone, before, after)
        found.append(replace(event, description=said))
    return found


def _inferred(
    tracks: Sequence[Track], cells: Sequence[Cell], looks: dict[int, SeriesLook], place: AOI, params: Params
) -> list[Event]:
    """Return where goods left a quay while nobody looked for long enough, and its berths were seen without a ship."""
    found = []
    for track in tracks:
        if track.kind != "cargo" or track.absent_after is None or track.group is None:
            continue
        if best_of(track).activity == "stockpile":  # coal that went is no sign of the calls that are counted
            continue
        before, after = looks[track.last], looks[track.absent_after]
        berths = {z.name for z in place.zones if ASKED.get(z.kind) == "vessel" and z.group == track.group}
        own = [c for c in cells if c.zone.name in berths and track.last <= c.look <= track.absent_after]
        hours = (after.time - before.time).total_seconds() / 3600.0
        bounds = [c.states["vessel"] for c in own if c.look in {track.last, track.absent_after}]
        seen = any(c.states["vessel"] == YES for c in own)
        if not bounds or seen or set(bounds) != {NO} or hours < params.inferred_h:
            continue
        zone = place.zone(track.zone)
        event = _made("visit_inferred", track, zone, (before, after), best_of(track, berths))
        said = words.inferred_words(best_of(track, berths), zone, before, after)
        # The length is that of the goods; of a ship nothing was seen.
        found.append(replace(event, length_m=None, description=said))
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
        told.insert(0, _visits(ALL_BERTHS, berths, tracks, cells, events, looks, params))
    heaps = {z.group for z in place.zones if z.kind == "stockpile" and z.located and z.group}
    at_heaps = {z.name for z in berths if z.group in heaps}
    return tuple(
        _with_bulk(one, berths if one.group == ALL_BERTHS else groups[one.group], at_heaps, tracks, params)
        for one in told
    )


def _with_bulk(
    counted: Visits, berths: Sequence[Zone], at_heaps: Collection[str], tracks: Sequence[Track], params: Params
) -> Visits:
    """Tell calls at berths beside a stockpile apart, and word the sentence; no more of them than calls in all."""
    names = {z.name for z in berths} & set(at_heaps)
    calls = [t for t in tracks if t.zone in names and t.kind == "vessel" and best_of(t).counts_as_visit]
    many = min(len(calls) - len(links(calls)), counted.at_least)
    classes = tuple(dict.fromkeys(c for t in calls if (c := best_of(t).length_class) is not None)) if many else ()
    counted = replace(counted, beside_stockpile=many, their_classes=classes)
    return replace(counted, sentence=words.visits_words(counted, params.min_vessel_m))


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
    here = [t for t in tracks if t.zone in names and t.kind == "vessel"]
    # A hull that may have shifted from berth to berth is one call.
    sure = [t for t in here if best_of(t).counts_as_visit]
    may = [t for t in here if best_of(t).counts_as_visit is not False]
    surely, perhaps = (len(calls) - len(links(calls)) for calls in (sure, may))
    good = [k for k in looks if all(c.usable for c in cells if c.look == k.number and c.zone.name in names)]
    # Before the first usable look and after the last nobody looked either, as far as the series goes.
    times = sorted({looks[0].time, *(k.time for k in good), looks[-1].time})
    gaps = tuple(
        Gap(after=a, before=b, hours=(b - a).total_seconds() / 3600.0)
        for a, b in pairwise(times)
        if (b - a).total_seconds() / 3600.0 >= params.call_h
    )
    inferred = sum(e.event == "visit_inferred" and e.group in group for e in events)
    return Visits(
        group=name,
        at_least=surely,
        perhaps=max(perhaps - surely, 0),
        inferred=inferred,
        usable_looks=len(good),
        looks=len(looks),
        gaps=gaps,
        sentence="",
        tracks=tuple(t.id for t in sure),
        tracks_perhaps=tuple(t.id for t in may if best_of(t).counts_as_visit is None),
    )


def quiet_of(cells: Sequence[Cell], place: AOI, params: Params) -> dict[str, str]:
    """Return what the silence of a zone says, for zones of which at least one look says ``no`` and none ``yes``.

    Nor is a zone called quiet of which two looks, a track that goes through it, or a lasting change says otherwise.
    """
    told = {}
    for zone in place.zones:
        kind = ASKED.get(zone.kind)
        if kind is None:
            continue
        own = [c for c in cells if c.zone.name == zone.name]
        states = [c.states[kind] for c in own]
        denied = any(c.denied or any(t.kind == LASTING for t in c.things) for c in own)
        if YES in states or NO not in states or denied:
            continue
        told[zone.name] = words.quiet_words(kind, reported_m(zone.kind, params), states.count(NO), len(states))
    return told


def fills_of(cells: Sequence[Cell], looks: Sequence[SeriesLook], place: AOI) -> dict[str, str]:
    """Return how full each yard was, look by look; zone -> sentence, only of zones of which two looks tell."""
    by_number = {look.number: look for look in looks}
    told = {}
    for zone in place.zones:
        own = [(by_number[c.look], c.fill) for c in cells if c.zone.name == zone.name and c.fill is not None]
        if len(own) > 1:
            told[zone.name] = words.fill_words(own, len(looks))
    return told
