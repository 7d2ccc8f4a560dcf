"""Sentences of a series: what came, went, grew or moved, the calls, and what silence says.

The words are those of pairs (docs/reference/sentences.md): objects are like a thing, never one; windows, never moments;
what was not seen is never said to be absent.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from imagery_diff.write.model import zone_title
from imagery_diff.write.sentences import same_colour_words, size_words
from imagery_diff.write.words import MONTHS, NOUNS, moment_words, window_between, window_of
from imagery_diff.write.zone_sentences import share_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from imagery_diff.aoi import Zone
    from imagery_diff.result import Region
    from imagery_diff.result_series import SeriesLook, Visits

_SHOWN = {"vessel": "vessel-like object", "cargo": "object like goods", "rail": "line of rail cars or the like"}
_CONFIDENCE = 0.95
_DAY = 24 * 60
"""Minutes."""


EVENT_NAMES = {
    "vessel_departed": "vessel no longer visible",
    "rail_disappeared": "rail cars no longer visible",
    "cargo_disappeared": "goods no longer visible",
    "vessel_moved": "vessel may have moved",
    "visit_inferred": "visit inferred, no ship seen",
}
"""What a column of a page calls an event, where its name says more than was seen."""
_DONE = {"appeared": "appeared", "disappeared": "is no longer visible", "changed": "changed"}


def _a(region: Region) -> str:
    noun = NOUNS.get(region.activity, "object of unclear kind")
    colour = f"{region.colour} " if region.colour else ""
    article = "an" if (colour or noun)[0] in "aeiou" else "a"
    return f"{article} {colour}{noun}"


def _thing(region: Region) -> str:
    return f"{_a(region)}, {size_words(region, placed=True)},"


def _between(before: SeriesLook, after: SeriesLook, zone: Zone) -> str:
    return window_of(before.info, after.info, zone.timezone)


def event_name(event: str) -> str:
    """Say in a word or two what an event is.

    >>> event_name("cargo_disappeared"), event_name("vessel_arrived")
    ('goods no longer visible', 'vessel arrived')

    """
    return EVENT_NAMES.get(event, event.replace("_", " ").replace("cargo", "goods"))


def event_words(region: Region, zone: Zone, before: SeriesLook, after: SeriesLook, *, came: bool) -> str:
    """Say what came or went, and why no cars are counted where it is a train."""
    more = f"; {region.why_no_count}" if region.why_no_count else ""
    if came:
        return f"{_thing(region)} appeared at {zone_title(zone)} {_between(before, after, zone)}{more}"
    return (
        f"{_thing(region)} is no longer visible at {zone_title(zone)}: it went out of sight"
        f" {_between(before, after, zone)}{more}"
    )


def own_place_words(clear: float | None, *, came: bool) -> str:
    """Say that the look without a thing shows its place, whatever that look shows of the rest of the zone."""
    place = "on the earlier look its own place" if came else "on the later look its own place"
    seen = "" if clear is None else f", {share_words(clear)} of which was clear,"
    return f"{place}{seen} is empty"


def dwell_words(
    region: Region,
    zone: Zone,
    came: tuple[SeriesLook | None, SeriesLook],
    went: tuple[SeriesLook, SeriesLook | None],
) -> str:
    """Say how long a train stood: in metres, never in cars, and in hours between two limits.

    Parameters
    ----------
    came, went
        The looks between which it came, and between which it went; None where no look shows its place without it.

    """
    hours = (went[0].time - came[1].time).total_seconds() / 3600.0
    began = (
        _between(came[0], came[1], zone) if came[0] else f"no later than {moment_words(came[1].info, zone.timezone)}"
    )
    ended = (
        _between(went[0], went[1], zone) if went[1] else f"no earlier than {moment_words(went[0].info, zone.timezone)}"
    )
    known = [f"at least {hours:.0f} h"] if hours > 0 else []
    if came[0] and went[1]:
        known.append(f"at most {(went[1].time - came[0].time).total_seconds() / 3600.0:.0f} h")
    return (
        f"a train of about {region.length_m:.0f} m{_limits(region)}, or several one after another, stood on the tracks"
        f" of {zone_title(zone)} from"
        f" {began} to {ended}, {'that is ' + ' and '.join(known) if known else 'seen on one look'}"
    )


def _limits(region: Region) -> str:
    if region.length_low_m is None:
        return ""
    if region.length_high_m is None or region.length_is_lower_bound:
        return f" ({region.length_low_m:.0f} or more)"
    return f" ({region.length_low_m:.0f} to {region.length_high_m:.0f})"


def stays_words(looks: int, hours: float) -> str:
    """Say that what came was never seen to go again: goods are moved within days, buildings are not."""
    return (
        f"it stands on every look since that shows its place, {looks} over {hours / 24.0:.0f} days: goods or a building"
    )


def denied_words(region: Region, other: SeriesLook, timezone: str | None) -> str:
    """Say that a pair of looks tells something where none is told against the empty place."""
    return (
        f"compared with the look of {moment_words(other.info, timezone)} {_a(region)} shows there, which against the"
        " empty place is not told"
    )


def through_words() -> str:
    """Say that a thing which other looks tell may stand where a look tells nothing."""
    return "a thing that another look tells there may stand there: this one does not show its place empty"


def not_comparable_words(why: str) -> str:
    """Say why two looks cannot be held against each other."""
    return f"its two looks cannot be compared with each other: {why}"


def pair_unseen_words(clear: float) -> str:
    """Say that two looks compared with each other do not show the place of an event."""
    return f"its two looks compared with each other do not show it: {clear:.0%} of its place was clear and searched"


def pair_tells_words(there: Sequence[Region]) -> str:
    """Say what two looks compared with each other tell in place of an event."""
    if not there:
        return "its two looks compared with each other tell nothing there"
    told = " and ".join(f"{_a(r)} that {_DONE[r.direction]}" for r in there[:2])
    return f"its two looks compared with each other tell {told} instead"


def lasting_words(looks: int, hours: float, stay_h: float) -> str:
    """Say why what came and stayed is rather a building than goods, and that it is counted as none."""
    return (
        f"it stands unchanged on every look since that shows its place, {looks} over {hours / 24.0:.0f} days, where"
        f" goods stay {stay_h / 24.0:.0f} in the mean: consistent with construction, or with goods laid up for long;"
        " not counted as goods"
    )


def change_words(name: str, old: Region, new: Region, zone: Zone, before: SeriesLook, after: SeriesLook) -> str:
    """Say what grew or shrank: more ground covered is not always more goods."""
    grew = name == "cargo_grew"
    verb, doubt = ("more", "goods added, or other things beside them") if grew else ("less", "goods taken, or hidden")
    noun = "a stockpile-like area" if new.activity == "stockpile" else "an object like goods"
    return (
        f"{noun} in {zone_title(zone)} covers {verb} ground, {new.area_m2:.0f} m2 after"
        f" {old.area_m2:.0f} m2, {_between(before, after, zone)}: {doubt}"
    )


def moved_words(region: Region, left: Zone, here: Zone, before: SeriesLook, after: SeriesLook) -> str:
    """Say that two calls may be one hull."""
    return (
        f"{_thing(region)} was first seen at {zone_title(here)} after one of a length that agrees was last seen at"
        f" {zone_title(left)}: linked, ambiguous, possibly one ship that changed its berth"
        f" {_between(before, after, here)}"
    )


def inferred_words(region: Region, zone: Zone, before: SeriesLook, after: SeriesLook) -> str:
    """Say what goods that left a quay are consistent with."""
    return (
        f"{_thing(region)} left {zone_title(zone)}: consistent with a ship call, or with removal by rail or road; no"
        f" ship seen, neither before nor after, {_between(before, after, zone)}"
    )


def visits_words(visits: Visits, least_m: float) -> str:
    """Say how many calls there were at least."""
    many = visits.at_least
    calls = f"at least {many} call{'s' if many != 1 else ''}" if many else "no call"
    verb = "" if many else "was seen "
    looks = f"{visits.usable_looks} usable look{'s' if visits.usable_looks != 1 else ''} of {visits.looks}"
    if not visits.usable_looks:
        looks = f"{visits.looks} looks, none of which tells of every berth"
    text = f"{calls} of {'vessels' if many else 'a vessel'} of the {least_m:.0f} m class or longer {verb}in {looks}"
    if visits.beside_stockpile:
        long = f" (length class {' or '.join(visits.their_classes)})" if visits.their_classes else ""
        text += (
            f"; of these {visits.beside_stockpile} at berths beside a stockpile{long}: consistent with bulk carriers,"
            " or with any other ship"
        )
    if visits.perhaps:
        text += f"; {visits.perhaps} more of vessels that may be as long, by the limits of their lengths"
    if visits.gaps:
        many = len(visits.gaps) > 1
        text += f"; {len(visits.gaps)} gap{'s' if many else ''} could {'each ' if many else ''}hide at least one"
    if visits.inferred:
        text += f"; not counted: {visits.inferred} inferred from goods that left with no ship seen"
    return text


def relabelled_words(description: str, event: str, told: str) -> str:
    """Say what a reviewer calls an event, after what the programme told."""
    return f"{description} A reviewer calls it {event_name(event)}; the programme told {event_name(told)}."


def added_event_words(event: str, title: str, scenes: Sequence[Mapping[str, Any]], timezone: str | None) -> str:
    """Say what a reviewer added: an event of a zone, between two looks, as their rows in a document tell of them."""
    when = window_between(scenes[0], scenes[1], timezone)
    return f"{event_name(event).capitalize()} at {title}, {when}: a reviewer says so; the programme did not find it."


def quiet_words(kind: str, long_m: float, empty: int, looks: int) -> str:
    """Say what it means that nothing was seen: how often something may still have stood there (Clopper and Pearson)."""
    most = 1.0 - (1.0 - _CONFIDENCE) ** (1.0 / empty)
    return (
        f"no {_SHOWN[kind]} of {long_m:.0f} m or more was detected in {empty} of {empty} usable looks, {looks} in all;"
        f" by itself that allows presence up to {most:.0%} of the time (95 %, looks independent)"
    )


def colour_words(kind: str, zone: Zone, look: SeriesLook, angle_deg: float, chance: float) -> str:
    """Say that goods which left and a deck show one colour, in the words of a pair: never that they are one thing."""
    on_deck = "something on the " if kind == "vessel" else "the "
    whose = f"{on_deck}{_SHOWN[kind]} at {zone_title(zone)} on {moment_words(look.info, zone.timezone)}"
    return same_colour_words(whose, angle_deg, chance)


def fill_words(fills: Sequence[tuple[SeriesLook, tuple[float, float]]], looks: int) -> str:
    """Say how much of a yard's clear ground goods covered, look by look, each between two limits."""
    series = "; ".join(f"{k.time.day} {MONTHS[k.time.month - 1]} {_per_cent(fill)}" for k, fill in fills)
    return f"goods cover of its clear ground, on {len(fills)} of {looks} looks: {series}"


def _per_cent(fill: tuple[float, float]) -> str:
    low, high = math.floor(100 * fill[0] + 1e-9), math.ceil(100 * fill[1] - 1e-9)
    return f"{high} % at most" if low == 0 else f"{low} to {high} %"


def hours_words(moments: Sequence[dt.datetime], timezone: str | None) -> str | None:
    """Say between which hours of the day anything was seen, the longest time without a look left out; None of no look.

    >>> hours_words([dt.datetime(2020, 1, 1 + h // 24, h % 24, 50, tzinfo=dt.UTC) for h in (23, 24)], None)
    'only between 23:50 and 00:50 UTC'
    """
    if not moments:
        return None
    zone = ZoneInfo(timezone) if timezone else dt.UTC
    clocks = sorted({(m.hour * 60 + m.minute) for m in (moment.astimezone(zone) for moment in moments)})
    waits = [(later - earlier) % _DAY or _DAY for earlier, later in zip(clocks, [*clocks[1:], clocks[0]], strict=True)]
    widest = max(range(len(clocks)), key=lambda k: waits[k])
    first, last = clocks[(widest + 1) % len(clocks)], clocks[widest]
    where = "local" if timezone else "UTC"
    return f"only between {first // 60:02d}:{first % 60:02d} and {last // 60:02d}:{last % 60:02d} {where}"
