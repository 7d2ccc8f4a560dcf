"""The sentences that are said of a region, a zone, and what is to be looked at: one place for every surface.

What was not flagged may have been missed, and what was not seen is unknown: so absence is only ever of a detection, in
the share that was clear, and beside it stands how large a thing would be missed how seldom. Names of ships, contents
and numbers of cars are never said, nor who did what. Cases: tests/write/sentences.md; why: docs/reference/words.md.
"""

from __future__ import annotations

import html
import math
from typing import TYPE_CHECKING, Any

from imagery_diff.aoi import WGS84, reproject
from imagery_diff.mark import ALTERED
from imagery_diff.write.words import one_line, stamp, window_of
from imagery_diff.write.yardstick import LIKELY, likelihood, rank_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imagery_diff.aoi import Zone
    from imagery_diff.result import Comparison, LookAt, Region, ZoneState

NOUNS = {
    "vessel": "vessel-like object",
    "containers": "container-like object",
    "rail_cars": "line like rail cars",
    "stockpile": "stockpile-like area",
    "cover": "cover-like area",
    "equipment": "equipment-like object",
    "construction": "construction-like area",
    "other": "change of unclear kind",
}
_CLASSES = {
    "vessel": "it is a vessel",
    "containers": "it consists of containers",
    "rail_cars": "it consists of rail cars",
    "stockpile": "it is a stockpile",
    "cover": "it is a cover",
    "equipment": "it is equipment",
    "construction": "it is construction",
    "other": "no other class fits it",
}
_AREAS = {"stockpile", "cover", "construction"}
"""Classes whose size is an area; of the others it is a length."""
_SOUGHT = {
    "berth": "vessel",
    "anchorage": "vessel",
    "yard": "containers",
    "rail": "rail_cars",
    "stockpile": "stockpile",
}
"""Kind of zone -> class of the things it is there for."""
_EVENTS = {
    "appeared": "appeared {place}{pause} {window}",
    "disappeared": "is no longer visible {place}: it went out of sight {window}",
    "changed": "changed in appearance {place}{pause} {window}",
}
_REVERSED = {
    "appeared": "is visible {place} on the after image, the earlier of the two, and not on the before image; {window}",
    "disappeared": "is visible {place} on the before image, the later of the two, and not on the after image; {window}",
    "changed": "differs in appearance {place}; {window}",
}
"""The same where the older image was given as AFTER: then neither has appeared or gone."""
_STANDS_OUT = {
    "appeared": "more on the after image",
    "disappeared": "more on the before image",
    "changed": "about as much on both images",
}
_RELATIONS = {
    ("new", "appeared"): ("it is new, not an extension of what stood there",) * 2,
    ("extends", "appeared"): ("it extends {other}", "it extends what stood there already"),
    ("extends", "changed"): ("it extends {other}", "it extends what stood there already"),
    ("shrinks", "disappeared"): ("it was part of {other}", "it was part of something whose rest is still visible"),
    ("shrinks", "changed"): ("it was part of {other}", "it was part of something whose rest is still visible"),
    ("replaces", "appeared"): ("it stands where {other} stood", "it stands where something else stood"),
    ("replaces", "changed"): ("it stands where {other} stood", "it stands where something else stood"),
    ("moved", "appeared"): (
        "this is consistent with {other} having moved here",
        "this is consistent with something having moved along to here",
    ),
    ("moved", "disappeared"): (
        "this is consistent with its having moved to {other}",
        "this is consistent with its having moved along",
    ),
}
"""Relation and direction -> what is said where the other region is known, and where it is not."""
_CUT = "it reaches what was not seen, or the edge"
ANALOGY_M = (80.0, 100.0)
"""Lengths of the stacks of which a number of containers was published (facts.md N03, N14: about 300)."""
TIERS_UNKNOWN = (1, 3)
_NUMBERS = ("", "one", "two", "three")
_ANALOGY = "analogy: about 300 were published for a stack of 80 to 100 m"


def describe_region(region: Region, result: Comparison) -> str:
    """Say what was flagged, how long it is, where and between when, how sure that is, and what would be missed."""
    first = f"{_what(region)}, {size_words(region, placed=result.grid.crs is not None)}, {_event(region, result)}"
    clauses = [first, _relation(region), region.why_no_count, _missed_there(region, result)]
    said = _simulated(result) + _doubtful(region) + "; ".join(words for words in clauses if words)
    sentences = [said, _sure(region), _same_colour(region), _containers(region), *region.doubts]
    return " ".join(f"{words[0].upper()}{words[1:]}." for words in sentences if words)


def _simulated(result: Comparison) -> str:
    """Begin the sentence by what the images are where no satellite took them: it may travel alone."""
    if not result.simulated:
        return ""
    return "altered image: " if stamp(result) == ALTERED else "rendered scene: "


def _doubtful(region: Region) -> str:
    """Begin the sentence by how likely a change is where it is not likely."""
    if region.p_change is None or rank_of(region.p_change) >= LIKELY:
        return ""
    return f"{likelihood(region.p_change, 'anything changed here')}: "


def _what(region: Region) -> str:
    """Name what it looks like, with its colour; ground that changed has none."""
    noun = NOUNS[region.activity]
    if region.activity == "other":
        return f"a {noun}"
    colour = f"{region.colour} " if region.colour else ""
    article = "an" if (colour or noun)[0] in "aeio" else "a"
    return f"{article} {colour}{noun}"


def size_words(region: Region, *, placed: bool) -> str:
    """Say how large it is: a length with its limits, or an area; nothing single of what has no single length."""
    unit = "m" if placed else "pixels"
    sides = f"{region.length_m:.0f} by {region.width_m:.0f} {unit}"
    if region.under_way:
        return "under way, so that its length is not told"
    if getattr(region, "several", False):
        return f"possibly more than one vessel, {sides} in all, so that no single length is told"
    least, why = ("at least", f" ({_CUT})") if region.length_is_lower_bound else ("about", "")
    if region.activity in _AREAS or region.is_area:
        return f"{least} {_round(region.area_m2)} {'m2' if placed else 'pixels'} ({sides}){why}{_height(region)}"
    return f"{least} {sides}{why}" if region.activity == "other" else _length(region, unit)


def _length(region: Region, unit: str) -> str:
    """Say how long it is: with limits, at least, or about; and of which class a vessel is."""
    if region.length_is_lower_bound:
        known = region.length_m if region.length_low_m is None else region.length_low_m
        return f"at least {known:.0f} {unit} long ({_CUT})"
    if region.length_low_m is None or region.length_high_m is None:
        return f"about {region.length_m:.0f} {unit} long"
    limits = f"{region.length_m:.0f} {unit} ({region.length_low_m:.0f} to {region.length_high_m:.0f}) long"
    if region.length_class is None:
        return limits
    between = region.length_class.startswith("between")
    return f"{limits}, {'between length classes' if between else f'length class {region.length_class}'}"


def _height(region: Region) -> str:
    low, high = getattr(region, "height_low_m", None), getattr(region, "height_high_m", None)
    if low is None or high is None or region.activity != "stockpile":
        return ""
    return f", {low:.0f} to {high:.0f} m high by its shadow"


def _round(value: float) -> str:
    """Write a number to two figures."""
    digits = 1 - math.floor(math.log10(value)) if value > 0 else 0
    return f"{round(value, digits):,.0f}"


def _event(region: Region, result: Comparison) -> str:
    """Say what happened, where, and between when."""
    zone = next((s.zone for s in result.zones if s.zone.name == region.zone), None)
    timezone = result.aoi.timezone_of(zone) if result.aoi else None
    place, window = _place(region, zone, result), window_of(result.before, result.after, timezone)
    times = result.before.acquired, result.after.acquired
    reverse = times[0] is not None and times[1] is not None and times[1] < times[0]
    pause = "," if "," in place else ""
    if region.activity == "other":
        bands = {band.name for band in result.before.bands} & {band.name for band in result.after.bands}
        weighed = "by all bands, near infrared too" if "nir" in bands else "by all bands"
        return f"took place {place}{pause} {window}; it stands out {_STANDS_OUT[region.direction]} ({weighed})"
    if reverse:
        images = window.replace("between", "the images are of", 1)
        return _REVERSED[region.direction].format(place=place, pause=pause, window=images)
    return _EVENTS[region.direction].format(place=place, pause=pause, window=window)


def _place(region: Region, zone: Zone | None, result: Comparison) -> str:
    """Where, with its preposition: as near as the outlines allow; outside the zones by its position."""
    if zone is None:
        where = "on the images' common ground"
        if result.aoi is not None:
            where = f"at {result.aoi.title or result.aoi.name}" + (", outside its zones" if result.zones else "")
        return where if result.grid.crs is None else f"{where} ({position_words(region, result.grid.crs)})"
    name = zone.title or zone.name
    if not zone.located:
        return f"in the search area {name} (not a located outline)"
    if region.side and region.end:
        return f"on the {region.side} side of {name}, at its {region.end} end"
    if region.side:
        return f"on the {region.side} side of {name}"
    return f"at the {region.end} end of {name}" if region.end else f"at {name}"


def position_words(region: Region, crs: str) -> str:
    """Write where on the earth a region lies, to 10 m."""
    point = reproject(region.geometry.representative_point(), crs, WGS84)
    return f"{abs(point.y):.4f} {'N' if point.y >= 0 else 'S'}, {abs(point.x):.4f} {'E' if point.x >= 0 else 'W'}"


def _relation(region: Region) -> str:
    """Say how it belongs to what stood there before; nothing where that is not clear."""
    named, unnamed = _RELATIONS.get((region.relation, region.direction), ("", ""))
    other = getattr(region, "relation_to", None)
    return named.format(other=other) if other else unnamed


def _missed_there(region: Region, result: Comparison) -> str:
    """Say how large a thing of its class would be missed there how seldom."""
    state = next((s for s in result.zones if s.zone.name == region.zone), None)
    return _missed(state, region.activity, " there") if state is not None else ""


def _missed(state: ZoneState, activity: str, there: str = "") -> str:
    """Say of a zone how large a thing would be missed at most one time in ten; or why that is not known."""
    floor = floor_of(state, activity)
    if floor is None:
        return ""
    length, reason = floor
    if length is None:
        return f"how large one must be to be missed seldom is not known{there}: {reason}"
    return (
        f"one of {math.ceil(length - 1e-6)} m or more, of the colours tested, would be missed{there} at most one time "
        "in ten"
    )


def floor_of(state: ZoneState, activity: str | None) -> tuple[float | None, str] | None:
    """Return the length missed at most one time in ten, or None and the reason; None where it was not asked."""
    floors: dict[str, Any] = getattr(state, "floors", None) or {}
    floor = floors.get(activity or "")
    if floor is None:
        return None
    # The upper limit alone: what was found in the middle is found by half of all trials to be too small.
    return getattr(floor, "d90_high_m", None), (getattr(floor, "reason", None) or "no reason was given")


def _sure(region: Region) -> str:
    """Say how likely it is that something changed, and that the class is right; nothing where neither is known."""
    likely = region.p_change is not None and rank_of(region.p_change) >= LIKELY
    changed = likelihood(region.p_change, "something changed there") if region.p_change is not None and likely else ""
    if region.p_activity is None:
        return changed
    named = likelihood(region.p_activity, _CLASSES[region.activity])
    return f"{changed}, and {named.removeprefix('it is ')}" if changed else f"if something changed there, {named}"


def _same_colour(region: Region) -> str:
    """Say whose colour it shares and how far; that this is one thing is never said."""
    same = getattr(region, "same_colour", None)
    if not same:
        return ""
    by_chance = "" if same.get("chance") is None else f"; {_in_a_hundred(same['chance'])} agree as well by chance"
    return f"its colour is that of {same['region']} to {same['angle_deg']:.1f} degrees (spectral angle){by_chance}"


def _in_a_hundred(chance: float) -> str:
    return f"{max(1, math.ceil(100 * chance - 1e-9))} in 100 pairs of unrelated things"


def _containers(region: Region) -> str:
    """Say for how many containers there is room; two limits, and beside them what was published."""
    if region.teu_low is None:
        return ""
    high = "or more" if region.teu_high is None else f"to {teu_words(region.teu_low, region.teu_high)[1]}"
    low = teu_words(region.teu_low, region.teu_low)[0]
    room = f"if these are containers, there is room for about {low} {high} twenty-foot units, {_tiers(region)}"
    alike = not region.length_is_lower_bound and ANALOGY_M[0] <= region.length_m <= ANALOGY_M[1]
    return f"{room}; what they hold is not known{f' ({_ANALOGY})' if alike else ''}"


def _tiers(region: Region) -> str:
    """Say how many stand on each other."""
    if region.tiers is None or region.tiers == TIERS_UNKNOWN:
        return "one to three high"
    low, high = (_NUMBERS[n] for n in region.tiers)
    return f"{low} high by the shadow" if low == high else f"{low} to {high} high by the shadow"


def teu_words(low: float, high: float) -> tuple[str, str]:
    """Write limits of a number of containers in tens (above a thousand in hundreds), the lower down, the upper up."""

    def step(value: float) -> int:
        return 1 if value < 10 else 10 if value < 1000 else 100  # noqa: PLR2004 - two figures where there are more

    down, up = math.floor(low / step(low)) * step(low), math.ceil(high / step(high)) * step(high)
    return f"{max(1, down):,}", f"{max(1, up):,}"


def describe_zone(state: ZoneState) -> str:
    """Say what is known of a zone; absence is only ever of a detection, and only in the share that was clear."""
    lost = ", ".join(f"{cause} {part:.0%}" for cause, part in state.unknown.items() if part >= 0.005)  # noqa: PLR2004
    return _zone(state, share_words(state.clear_fraction), f" (the rest: {lost})" if lost else "")


def share_words(share: float) -> str:
    """Write a share in whole per cent; neither all but all nor next to nothing is rounded away."""
    if share > 1 - 1e-9:
        return "all"
    if share < 0.005:  # noqa: PLR2004 - rounds to nought
        return "under 1%" if share > 0 else "none"
    return f"{min(0.99, share):.0%}"


def describe_zones(states: Sequence[ZoneState]) -> str:
    """Say the same of several zones of one state and kind, with the span of what was clear; causes are left out."""
    if len(states) == 1:
        return describe_zone(states[0])
    least, most = (share_words(end(state.clear_fraction for state in states)) for end in (min, max))
    span = least if least == most else f"{least} to {most.replace('all', '100%')}"
    worst = max(states, key=lambda state: (floor_of(state, _SOUGHT.get(state.zone.kind)) or (0.0, ""))[0] or math.inf)
    return _zone(worst, span, "")


def _zone(state: ZoneState, share: str, lost: str) -> str:
    """Say it of a share that was clear and searched, and of why the rest was not."""
    area = "zone" if state.zone.located else "search area"
    seen = f"{share} of the {area} was clear and searched{lost}"
    sought = _SOUGHT.get(state.zone.kind)
    missed = _missed(state, sought or "")
    then = f"; {missed}" if missed else ""
    under = f"look by eye at {', '.join(state.look_at)}, which the cloud mask hides; " if state.look_at else ""
    if state.state in {"flagged", "look at this"}:
        then = then.replace("; one of", f"; a {NOUNS[sought]} of") if sought else then
        return f"{', '.join(state.regions)}{'; ' if state.regions else ''}{under}{seen}{then}"
    if state.state == "ignored":
        return "left out, as the AOI asks"
    if state.state == "unknown":
        return f"unknown: {'' if share == 'none' else 'only '}{seen}"
    thing = f"no {NOUNS[sought] if sought else 'change'} was detected in the"
    if share == "all":
        return f"{thing} {area}, all of which was clear and searched{then}"
    return f"{thing} {share} of the {area} that was clear and searched{lost}{then}"


def look_words(look: LookAt) -> str:
    """Say what is to be looked at, and why nothing is concluded from it."""
    where = f" in {look.zone}" if look.zone else ""
    return (
        f"A bright object with sharp edges{where} on the {look.date} image lies under its cloud mask: look "
        "at it by eye. It is no finding, and its zone is not to be called empty."
    )


def activity_words(region: Region) -> str:
    """Name what a region looks like, hedged: ``container-like object``."""
    return NOUNS[region.activity]


def direction_words(region: Region) -> str:
    """Name a direction for a table; of what fits no class only on which image something stands out more."""
    if region.activity != "other":
        return region.direction
    return {"appeared": "more after", "disappeared": "more before"}.get(region.direction, region.direction)


def order_words(result: Comparison) -> str:
    """Say in which order the regions stand."""
    told = [region.p_change is not None for region in result.regions]
    if not any(told):
        return "the largest first (no probability is stated)"
    rest = "" if all(told) else "; those without a stated probability last"
    return f"the likeliest changes first, of the same likelihood the largest{rest}"


def vessels_words(result: Comparison) -> str:
    """Say how many vessels came or went that are long enough for a visit; nothing where none was flagged."""
    if not any(region.activity == "vessel" for region in result.regions) or result.grid.crs is None:
        return ""
    counts = vessels_of_class(result)
    parts = []
    for direction, verb in (("appeared", "appeared"), ("disappeared", "no longer visible")):
        least, most = counts[direction]
        parts.append(f"{least if least == most else f'{least} to {most}'} {verb}")
    return f"of {result.params.min_vessel_m:g} m or more: {', '.join(parts)}"


def vessels_of_class(result: Comparison) -> dict[str, tuple[int, int]]:
    """Count vessels as long as a visit's (``Params.min_vessel_m``) by direction: surely, and at most."""
    counts = {}
    for direction in ("appeared", "disappeared"):
        found = [r.counts_as_visit for r in result.regions if r.activity == "vessel" and r.direction == direction]
        counts[direction] = (sum(f is True for f in found), sum(f is not False for f in found))
    return counts


def as_html(result: Comparison) -> str:
    """Return the sentences for a notebook; every name is escaped."""
    rows = "".join(
        f"<tr><td>{html.escape(r.id)}</td><td style='text-align:left'>{html.escape(r.description)}</td></tr>"
        for r in result.regions
    )
    zones = "".join(
        f"<tr><td>{html.escape(s.zone.title or s.zone.name)}</td>"
        f"<td style='text-align:left'>{html.escape(describe_zone(s))}</td></tr>"
        for s in result.zones
    )
    caveats = "".join(f"<li>{html.escape(c)}</li>" for c in result.caveats)
    tables = "".join(f"<table>{part}</table>" for part in (rows, zones) if part)
    return (
        f"<p><b>{html.escape(one_line(result))}</b></p>{tables}<ul>{caveats}</ul>"
        f"<p><small>{html.escape(result.credit)}</small></p>"
    )
