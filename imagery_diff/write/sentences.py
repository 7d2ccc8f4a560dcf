"""The sentences that are said of a region, a candidate, and what is to be looked at: one place for every surface.

Names of ships, contents and numbers of cars are never said, nor who did what. Every form: docs/reference/sentences.md;
why: docs/reference/words.md.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from imagery_diff.aoi import WGS84, reproject
from imagery_diff.mark import ALTERED
from imagery_diff.write.words import NOUNS, moment_words, stamp_of, window_of
from imagery_diff.write.yardstick import LIKELY, likelihood, per_cent, rank_of
from imagery_diff.write.zone_sentences import missed_there

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imagery_diff.aoi import Zone
    from imagery_diff.result import Candidate, Comparison, Look, LookAt, Region
    from imagery_diff.scene import SceneInfo
    from imagery_diff.write.retold import Retold, RetoldScene

_CLASSES = {name: f"it is of the class {name.replace('_', ' ')}" for name in NOUNS} | {
    "other": "none of the other classes fits it"
}
"""What a probability of a class is of: of the classes there are, that this one is right."""
_AREAS = {"stockpile", "cover", "construction"}
"""Classes whose size is an area; of the others it is a length."""
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
_STANDS = "stands{place} on one image {image}"
_AGAINST = {
    "appeared": "is visible{place} on the image {image} and not on {against}",
    "disappeared": "is visible{place} on {against} and not on the image {image}",
    "changed": "differs in appearance{place} on the image {image} from {against}",
}
_WORTH_NAMING = 0.1
"""Chance from which on the class that comes next is named: one in ten, as of what is missed."""
_CUT = "it reaches what was not seen, or the edge"
ANALOGY_M = (80.0, 100.0)
"""Lengths of the stacks of which a number of containers was published (facts.md N03, N14: about 300)."""
TIERS_UNKNOWN = (1, 3)
_NUMBERS = ("", "one", "two", "three", "four", "five", "six")
_ANALOGY = "analogy: about 300 were published for a stack of 80 to 100 m"


def describe_region(region: Region, result: Comparison | Retold) -> str:
    """Say what was flagged, how long it is, where and between when, how sure that is, and what would be missed."""
    first = f"{_what(region)}, {size_words(region, placed=result.grid.crs is not None)}, {_event(region, result)}"
    clauses = [first, _relation(region), region.why_no_count, _missed_there(region, result)]
    said = (
        _simulated((result.before, result.after)) + _doubtful(region) + "; ".join(words for words in clauses if words)
    )
    sentences = [said, _sure(region), _same_colour(region), _containers(region), *region.doubts]
    return " ".join(f"{words[0].upper()}{words[1:]}." for words in sentences if words)


def _simulated(images: Sequence[SceneInfo | RetoldScene]) -> str:
    """Begin the sentence by what the images are where no satellite took them: it may travel alone."""
    if not any(info.simulated for info in images):
        return ""
    return "altered image: " if stamp_of(images) == ALTERED else "rendered scene: "


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
    if region.several:
        return f"possibly more than one vessel, {sides} in all, so that no single length is told"
    least, why = ("at least", f"; {_CUT}") if region.length_is_lower_bound else ("about", "")
    if region.activity in _AREAS or region.is_area:
        return f"{least} {_round(region.area_m2)} {'m2' if placed else 'pixels'} ({sides}{why}){_height(region)}"
    if region.activity == "other":
        return f"{least} {sides}{f' ({_CUT})' if why else ''}"
    return _length(region, unit)


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
    low, high = region.height_low_m, region.height_high_m
    if low is None or high is None or region.activity != "stockpile":
        return ""
    if low == 0:
        return f", at most {high:.0f} m high by its breadth, for bulk lies at 45 degrees at most"
    return f", {low:.0f} to {high:.0f} m high by its shadow"


def _round(value: float) -> str:
    """Write a number to two figures."""
    digits = 1 - math.floor(math.log10(value)) if value > 0 else 0
    return f"{round(value, digits):,.0f}"


def _event(region: Region, result: Comparison | Retold) -> str:
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


def _place(region: Region, zone: Zone | None, result: Comparison | Retold) -> str:
    """Where, with its preposition: as near as the outlines allow; outside the zones by its position."""
    if zone is None:
        where = "on the images' common ground"
        if result.aoi is not None:
            where = f"at {result.aoi.title or result.aoi.name}" + (", outside its zones" if result.zones else "")
        if result.grid.crs is None:
            return where
        accuracy = region.location_accuracy_m
        good_to = f", good to about {accuracy:.0f} m" if accuracy else ""
        return f"{where} ({position_words(region, result.grid.crs)}{good_to})"
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
    other = region.relation_to
    return named.format(other=other) if other else unnamed


def _missed_there(region: Region, result: Comparison | Retold) -> str:
    """Say how large a thing of its class would be missed there how seldom."""
    state = next((s for s in result.zones if s.zone.name == region.zone), None)
    return missed_there(state, region.activity) if state is not None else ""


def _sure(region: Region) -> str:
    """Say how likely it is that something changed, and that the class is right; nothing where neither is known."""
    likely = region.p_change is not None and rank_of(region.p_change) >= LIKELY
    changed = likelihood(region.p_change, "something changed there") if region.p_change is not None and likely else ""
    if region.p_activity is None:
        return changed
    named = likelihood(region.p_activity, _CLASSES[region.activity]) + _runner_up(region)
    return f"{changed}, and {named.removeprefix('it is ')}" if changed else f"if something changed there, {named}"


def _runner_up(region: Region) -> str:
    """Name the class that comes next, where its chance is worth a thought."""
    others = {name: share for name, share in region.shares.items() if name != region.activity}
    if not others:
        return ""
    name = max(others, key=lambda one: others[one])
    return f" (next: {name.replace('_', ' ')}, {per_cent(others[name])}%)" if others[name] >= _WORTH_NAMING else ""


def _same_colour(region: Region) -> str:
    """Say whose colour it shares and how far; that this is one thing is never said."""
    same = region.same_colour
    if not same:
        return ""
    return same_colour_words(same["region"], same["angle_deg"], same.get("chance"))


def same_colour_words(whose: str, angle_deg: float, chance: float | None) -> str:
    """Say whose colour a thing shares, how far, and how often ground comes as near."""
    by_chance = "" if chance is None else f"; {_in_a_hundred(chance)} hold what comes as near"
    return f"its colour agrees with that of {whose} to {angle_deg:.1f} degrees (spectral angle){by_chance}"


def _in_a_hundred(chance: float) -> str:
    few = "fewer than " if chance < 0.01 else ""  # noqa: PLR2004 - one in a hundred
    return f"{few}{max(1, math.ceil(100 * chance - 1e-9))} in 100 pieces of ground"


def _containers(region: Region) -> str:
    """Say for how many containers there is room; two limits, and beside them what was published."""
    if region.teu_low is None:
        return ""
    high = "or more" if region.teu_high is None else f"to {teu_words(region.teu_low, region.teu_high)[1]}"
    low = teu_words(region.teu_low, region.teu_low)[0]
    room = f"if these are containers, there is room for about {low} {high} twenty-foot units, {_tiers(region)}"
    least, most = (round(limit or region.length_m) for limit in (region.length_low_m, region.length_high_m))
    alike = not region.length_is_lower_bound and least <= ANALOGY_M[1] and most >= ANALOGY_M[0]
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
    return direction_of(region.activity, region.direction)


def direction_of(activity: str, direction: str) -> str:
    """Name the direction of a class; see :func:`direction_words`."""
    if activity != "other":
        return direction
    return {"appeared": "more after", "disappeared": "more before"}.get(direction, direction)


def describe_candidate(candidate: Candidate, found: Look) -> str:
    """Say what stands on one image: unconfirmed, for one image has no before."""
    unit = "m" if found.grid.crs else "pixels"
    noun = "object of unclear kind" if candidate.activity == "other" else NOUNS[candidate.activity]
    colour = f"{candidate.colour} " if candidate.colour else ""
    what = f"{'an' if (colour or noun)[0] in 'aeio' else 'a'} {colour}{noun}"
    cut = candidate.length_is_lower_bound
    size = f"{'at least' if cut else 'about'} {candidate.length_m:.0f} {unit} long{f' ({_CUT})' if cut else ''}"
    if candidate.under_way:
        size = "under way, so that its length is not told"
    zone = next((state.zone for state in found.zones if state.zone.name == candidate.zone), None)
    place = f"at {zone.title or zone.name}" if zone else ""
    pause = "," if "," in place else ""
    when = moment_words(found.image, found.aoi.timezone_of(zone) if found.aoi else None)
    image = "whose time is not known" if found.image.acquired is None else f"of {when}"
    event = _STANDS if candidate.direction is None else _AGAINST[candidate.direction]
    against = f"{len(candidate.against)} of {len(found.references)} earlier images"
    words = event.format(place=f" {place}{pause}" if place else "", image=image, against=against)
    drawn = _simulated((found.image, *found.references)).removesuffix(": ")
    return f"Unconfirmed{f', {drawn}' if drawn else ''}: {what}, {size}, {words}."
