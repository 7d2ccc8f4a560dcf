"""What regions are, from their pixels and then their zones, and how they relate to each other.

Section 9 of docs/explanation/method.md, as :mod:`imagery_diff.pair` asks for it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from imagery_diff.method import class_model, class_traits, relation, zones
from imagery_diff.method.activity import NO_HULL, Activity, Classed, is_hull
from imagery_diff.method.measure import on_land, sides_as_hull
from imagery_diff.method.regions import Direction
from imagery_diff.read.calibration import read_classes
from imagery_diff.scene import Level

if TYPE_CHECKING:
    from imagery_diff.aoi import AOI
    from imagery_diff.grid import Grid
    from imagery_diff.method.describe import Described
    from imagery_diff.method.views import Views
    from imagery_diff.pair_scenes import Pair

NOT_CALIBRATED = "class by rules, without a probability: {0}"

_WORDS = {"nir": "near infrared"}
"""Names of bands that are no words."""


def why_not(model: class_model.ClassModel, pair: Pair, grid: Grid) -> str | None:
    """Say why the table of classes does not hold for a pair; None where it does."""
    low, high = model.pixel_m
    if any(info.level.radar for info in pair.infos):
        return "radar"
    if grid.crs is None:
        return "no size of a pixel is known"
    if not low <= grid.pixel_size_m[0] <= high:
        return f"pixels of {grid.pixel_size_m[0]:.3g} m, and classes were counted on {low:g} to {high:g} m"
    missing = [name for name in model.bands if name not in pair.names]
    if missing:
        return f"the images have no {', '.join(_WORDS.get(name, name) for name in missing)} band"
    if any(info.units != model.units or info.level is Level.TOA for info in pair.infos):
        return "no surface reflectance"
    return None


def classed(told: list[Described], views: Views, pair: Pair, ground: AOI | None) -> list[Described]:
    """Give each region its class with a probability where the table holds; elsewhere say that rules decided."""
    model = class_model.ClassModel.of_table(read_classes())
    reason = why_not(model, pair, views.grid)
    named = [
        _by_rules(d, views, reason) if reason else _classed(replace(d, fits=on_land(d, views)), views, model, ground)
        for d in told
    ]
    # In radar a thing has no colour by which it could be known again.
    return named if views.radar is not None or views.grid.crs is None else _related(named, views)


def _by_rules(described: Described, views: Views, reason: str) -> Described:
    """Keep what the rules said; what is too stout for a hull as it is outlined may be one without its blur."""
    activity, rules = described.activity, described.rules
    if rules and rules[-1] == NO_HULL and (sides := sides_as_hull(described, views)) and is_hull(*sides):
        activity, rules = Activity.VESSEL, (*rules[:-1], "of a vessel's length and beam without its blur")
    return replace(described, activity=activity, why=(*described.why, *rules, NOT_CALIBRATED.format(reason)))


def kind_of_place(zone_shares: dict[str, float], zone_kind: str | None, ground: AOI | None) -> str | None:
    """Return the kind of zone that speaks for a class: tracks and heaps lie in yards, and half of a region is enough.

    A search area says nothing of what stands in it: where its tracks lie is not known.
    """
    inner = (kind for kind in ("rail", "stockpile") if zones.share_on(kind, zone_shares, ground) >= 0.5)  # noqa: PLR2004
    return next(inner, zone_kind)


def _classed(described: Described, views: Views, model: class_model.ClassModel, ground: AOI | None) -> Described:
    """Class one region; an area of cover has no shape of a thing, and keeps what the rules say."""
    patch = described.patch
    if patch is None or patch.area:
        return _by_rules(described, views, "an area of cover")
    cut = class_traits.Cut.of(patch, views, described.direction)
    traits = class_traits.measure(cut, class_traits.Numbers.of(described.judged))
    traits |= class_traits.of_fits(described.fits, views.grid.pixel_size_m[0])
    alone = model.shares(traits)
    kind = kind_of_place(described.zone_shares, described.zone.kind if described.zone else None, ground)
    shares = class_model.with_zone(alone, kind)
    best = class_model.likeliest(shares)
    return replace(
        described,
        activity=Activity(best),
        why=(*described.why, *reasons(traits, alone, shares, kind)),
        classed=Classed(traits=traits, shares=shares, shares_without_zone=alone),
    )


def reasons(
    traits: dict[str, float], alone: dict[str, float], shares: dict[str, float], zone_kind: str | None
) -> tuple[str, ...]:
    """Say what class the pixels alone suggest, and what the zone made of it."""
    by_pixels, best = (class_model.likeliest(s) for s in (alone, shares))
    ground = "open water without it" if traits["afloat"] > 0.5 else "land without it"  # noqa: PLR2004 - a majority
    words = f"by its pixels {by_pixels} {alone[by_pixels]:.0%} ({ground})"
    if zone_kind is None:
        return (words,)
    return (words, f"with zone kind {zone_kind} {best} {shares[best]:.0%}")


def _related(told: list[Described], views: Views) -> list[Described]:
    """Say how each thing relates to what stands beside it and to the others; areas of cover stay unclear."""
    wholes = {k: w for k, d in enumerate(told) if (w := _whole(d, views)) is not None}
    places = list(wholes)
    pairs = relation.moved_pairs([wholes[k] for k in places], views.grid.pixel_size_m[0])
    moved = {places[one]: places[other] for one, other in pairs.items()}
    alike = _same_colours(wholes, views)
    out = []
    for k, d in enumerate(told):
        if k not in wholes:
            out.append(d)
            continue
        said = "moved" if k in moved else relation.own_relation(wholes[k])
        classed = replace(d.classed, relation=said, relation_to=moved.get(k), same_colour=alike.get(k))
        out.append(replace(d, classed=classed))
    return out


def _whole(described: Described, views: Views) -> relation.Whole | None:
    patch = described.patch
    if patch is None or patch.area:
        return None
    middle = described.judged.outline.centroid
    return relation.Whole(
        place=(middle.x, middle.y),
        numbers=class_traits.Numbers.of(described.judged),
        direction=described.direction,
        activity=str(described.activity),
        cut=class_traits.Cut.of(patch, views, described.direction),
    )


def _same_colours(wholes: dict[int, relation.Whole], views: Views) -> dict[int, dict[str, float]]:
    """Hold each stack that left against each deck that came, and the other way round; the nearest deck is named."""
    found: dict[int, dict[str, float]] = {}
    for date, way in ((1, Direction.DISAPPEARED), (0, Direction.APPEARED)):
        stacks = {k: w for k, w in wholes.items() if w.activity == "containers" and w.direction == way}
        decks = {k: w for k, w in wholes.items() if w.activity == "vessel" and w.direction not in (way, "changed")}
        if not stacks or not decks:
            continue
        ground = views.quiet if views.water is None else views.quiet & ~views.water[0] & ~views.water[1]
        for k, stack in stacks.items():
            said = [
                (same.angle_deg, same.chance, other)
                for other, deck in decks.items()
                if (same := relation.same_colour(stack.cut, deck.cut, views.brightness[date], ground)) is not None
            ]
            for angle, chance, other in sorted(said)[:1]:
                for one, that in ((k, other), (other, k)):
                    found.setdefault(one, {"region": that, "angle_deg": round(angle, 2), "chance": round(chance, 3)})
    return found
