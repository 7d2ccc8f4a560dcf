"""Every form of sentence, from made-up regions and zones; ``python -m tests.write.sentence_cases`` writes them down.

They stand in docs/reference/sentences.md, were read by eye, and a test holds that file against what is said today.
"""

import datetime as dt
import itertools
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace

from shapely import box
from shapely.affinity import rotate, translate

from imagery_diff.mark import ALTERED
from imagery_diff.pair_told import told
from imagery_diff.result import Candidate, Floor, Region
from imagery_diff.scene import Flag
from imagery_diff.write.sentences import describe_candidate
from imagery_diff.write.words import NOUNS
from imagery_diff.write.zone_sentences import describe_looked_zone, describe_zone, describe_zones
from tests.write.conftest import make_region, make_result

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "sentences.md"
DIRECTIONS = ("appeared", "disappeared", "changed")
RELATIONS = ("new", "extends", "shrinks", "replaces", "moved", "unclear")
SPAN = (dt.datetime(2023, 10, 16, 2, 4, 11, tzinfo=dt.UTC), dt.datetime(2023, 10, 17, 2, 12, 4, tzinfo=dt.UTC))
ONE_DAY = (dt.datetime(2023, 10, 20, 2, 1, 33, tzinfo=dt.UTC), dt.datetime(2023, 10, 20, 6, 43, tzinfo=dt.UTC))
TITLES = {"pier": "Pier 2", "berth": "Pier 2, south-western side", "rails": "Rails on Pier 2"}
AT = {"vessel": "berth", "rail_cars": "rails"}
LAID = {"pier": (0.0, 0.0, 347.0, 119.0), "berth": (0.0, -75.0, 347.0, 30.0), "rails": (0.0, 0.0, 347.0, 20.0)}
"""Middle along and across the pier, length and width of each zone, metres."""
SIZES = {
    "vessel": (112.0, 18.0),
    "rail_cars": (480.0, 4.0),
    "cover": (100.0, 30.0),
    "equipment": (24.0, 9.0),
}
LIMITS = {"length_low_m": 81.0, "length_high_m": 97.0}


def floor(length=None, reason=None):
    """Return a floor of a zone."""
    return Floor(thing="containers", d90_m=30.0, d90_high_m=length, reason=reason)


def fields_of(thing):
    """Return the values of a dataclass by name, as they are."""
    return {one.name: getattr(thing, one.name) for one in fields(thing)}


def result_of(region, *, floors=None, times=SPAN, timezone="Asia/Pyongyang", located=True, **changes):
    """Return a comparison that holds one region, told."""
    base = make_result(times=times, **changes)
    zones = ()
    if base.aoi is not None:
        zones = tuple(
            replace(
                z,
                polygon=ground(*LAID[z.name]),
                title=TITLES[z.name],
                located=located or z.name != "rails",
                accuracy_m=8.0,
            )
            for z in base.aoi.zones
        )
        base = replace(base, aoi=replace(base.aoi, zones=zones, timezone=timezone))
    states = tuple(
        replace(state, zone=zone, floors=floors or {}) for state, zone in zip(base.zones, zones, strict=True)
    )
    return told(replace(base, regions=(region,), zones=states))


def region_of(activity="containers", direction="appeared", **changes):
    """Return a region with everything that is needed, and what is given besides."""
    length, width = SIZES.get(activity, (90.0, 17.0))
    values = fields_of(make_region(1, ground(0.0, 0.0, 90.0, 17.0))) | {
        "activity": activity,
        "direction": direction,
        "zone": AT.get(activity, "pier"),
        "length_m": length,
        "width_m": width,
        "area_m2": length * width,
        "colour": None,
    }
    return Region(**values | {"geometry": ground(*changes.pop("at", (0.0, -31.0)), length, width)} | changes)


def ground(along, across, length, width):
    """Return a block on a pier that leads to the south-east, as those of Najin do; in the grid's coordinates."""
    block = box(along - length / 2, across - width / 2, along + length / 2, across + width / 2)
    return translate(rotate(block, -56.5, origin=(0, 0)), 605180.0, 4676865.0)


def say(region, **how):
    """Return the sentence of a region."""
    return result_of(region, **how).regions[0].description


def of_every_class():
    """Yield class, direction and relation with the sentence."""
    for activity, direction, relation in itertools.product(NOUNS, DIRECTIONS, RELATIONS):
        other = "R2" if relation in {"extends", "replaces", "moved"} else None
        region = region_of(activity, direction, relation=relation, relation_to=other)
        yield f"{activity}, {direction}, {relation}", say(region, times=ONE_DAY, timezone=None)


def of_every_likelihood():
    """Yield a name and the sentence of every kind of probability, of a change and of a class."""
    for p in (None, 0.003, 0.15, 0.3, 0.45, 0.52, 0.7, 0.85, 0.93, 0.97, 0.999):
        yield f"p_change {p}", say(region_of(p_change=p))
    yield "p_change and p_activity", say(region_of(p_change=0.97, p_activity=0.72))
    shares = {"containers": 0.72, "rail_cars": 0.2, "other": 0.08}
    yield "with the next class", say(region_of(p_change=0.97, p_activity=0.72, shares=shares))
    yield "no next class", say(region_of(p_activity=0.95, shares={"containers": 0.95, "other": 0.05}))
    yield "p_activity alone", say(region_of("vessel", p_activity=0.88))
    yield "p of other", say(region_of("other", p_change=0.97, p_activity=0.6))


def regions():
    """Yield a name and the sentence of every special case of a region."""
    limits = region_of(**LIMITS)
    seen = {"containers": floor(34.2)}
    yield "the model", say(limits, floors=seen)
    yield "colour, limits, floor, likely", say(region_of(**LIMITS, colour="blue", p_change=0.71), floors=seen)
    yield "no limits", say(region_of())
    yield "lower bound with limits", say(region_of(**LIMITS, length_is_lower_bound=True))
    yield "lower bound without limits", say(region_of(length_is_lower_bound=True))
    yield from of_every_likelihood()
    yield "floor not known", say(limits, floors={"containers": floor(reason="of 40 grey ones put in, 9 were found")})
    yield "vessel of a class", say(region_of("vessel", length_low_m=104.0, length_high_m=119.0))
    yield "vessel between classes", say(region_of("vessel", length_low_m=120.0, length_high_m=136.0))
    yield "vessel of no class", say(region_of("vessel", length_m=88.0, length_low_m=84.0, length_high_m=92.0))
    yield "several vessels", say(region_of("vessel", length_m=215.0, width_m=38.0, several=True))
    yield "under way", say(region_of("vessel", under_way=True))
    yield "a train at 3 m", say(region_of("rail_cars", length_low_m=455.0, length_high_m=505.0))
    yield "a heap with its height", say(region_of("stockpile", height_low_m=3.0, height_high_m=6.0))
    yield "a heap, its height by its breadth", say(region_of("stockpile", height_low_m=0.0, height_high_m=13.0))
    yield "containers of one tier", say(region_of(**LIMITS, height_low_m=2.0, height_high_m=3.4))
    yield "containers of another length", say(region_of(length_m=140.0, area_m2=140.0 * 17))
    near = {"region": "R4", "angle_deg": 1.2, "chance": 0.0}
    yield "of nearly the same colour", say(region_of("vessel", same_colour=near))
    yield "of the same colour", say(region_of(same_colour={"region": "R4", "angle_deg": 3.21, "chance": 0.02}))
    yield "at an end", say(region_of("equipment", at=(130.0, 0.0)))
    yield "on a side and at an end", say(region_of("equipment", at=(-130.0, 40.0)))
    yield "in the middle", say(region_of("equipment", at=(0.0, 0.0)))
    yield "the outlines bear no side", say(region_of("equipment", location_accuracy_m=60.0))
    yield "search area", say(region_of("rail_cars"), located=False)
    yield "other, cut by cloud", say(region_of("other", length_is_lower_bound=True))
    yield "an area cut by the edge", say(region_of("cover", length_is_lower_bound=True))
    yield "outside the zones", say(region_of("other", zone=None))
    yield "outside, its place known", say(region_of("other", zone=None, location_accuracy_m=11.5))
    yield "no AOI", say(region_of("other", zone=None), aoi=False)
    yield "a container-like area", say(region_of(is_area=True, area_m2=1130.0))
    yield "an area of changed ground", say(region_of("other", is_area=True, area_m2=5630.0))
    yield "same day", say(region_of(), times=ONE_DAY)
    yield "given the other way round", say(region_of(), times=ONE_DAY[::-1])
    yield "gone, the other way round", say(region_of(direction="disappeared"), times=ONE_DAY[::-1])
    yield "changed, the other way round", say(region_of(direction="changed"), times=ONE_DAY[::-1])
    yield "times not known", say(region_of(), times=(None, None))
    yield "one time not known", say(region_of(), times=(SPAN[0], None))
    yield "a time guessed", _guessed()
    yield "no georeference", say(region_of(zone=None), crs=None, aoi=False, times=(None, None))
    yield "simulated", say(region_of(), simulated=True)
    yield "altered", say(region_of(), simulated=True, credit=ALTERED)
    yield "a doubt", say(region_of("vessel", doubts=("it may be the ghost of a brighter target 3 km north",)))


def _guessed():
    result = result_of(region_of())
    after = replace(result.after, time_source="file name, guessed to be UTC")
    return told(replace(result, after=after)).regions[0].description


def zones():
    """Yield a name and the sentence of every case of a zone."""
    pier, berth, rails = result_of(region_of()).zones
    quiet = {"state": "nothing flagged", "regions": (), "clear_fraction": 0.94, "unknown": {}}
    cloud = {"unknown": {str(Flag.CLOUD.name).lower(): 0.06}}
    stack, ship, train = (
        {thing: floor(m)} for thing, m in (("containers", 34.2), ("vessel", 41), ("rail_cars", 118.3))
    )
    none = {"containers": floor(reason="of 40 grey ones put in, up to 120 m long, 9 were found: they match the ground")}

    def zone(base, floors=None, **changes):
        return describe_zone(replace(base, floors=floors or {}, **changes))

    yield "yard, nothing flagged, floor", zone(pier, stack, **quiet)
    yield "yard, nothing flagged, floor not known", zone(pier, none, **quiet)
    yield "yard, nothing flagged, not asked", zone(pier, **quiet | cloud)
    yield "yard, nothing flagged, two floors", zone(pier, train | stack, **quiet)
    yield "flagged, floor not known", zone(pier, none, **quiet | {"state": "flagged", "regions": ("R1",)})
    yield "berth, nothing flagged, floor", zone(berth, ship, **quiet)
    yield "rails, nothing flagged, floor", zone(rails, train, **quiet)
    for kind in ("stockpile", "road", "bridge"):
        yield f"{kind}, nothing flagged", zone(replace(pier, zone=replace(pier.zone, kind=kind)), **quiet)
    yield "flagged, floor", zone(pier, stack, **quiet | cloud | {"state": "flagged", "regions": ("R1", "R3")})
    filled = {"state": "flagged", "regions": ("R1",), "fill_gained": (0.031, 0.068), "fill_lost": (0.0, 0.0)}
    yield "flagged, a share of the yard filled", zone(pier, **quiet | filled)
    yield "flagged, not asked", zone(pier, state="flagged", regions=("R1",), clear_fraction=1.0)
    yield "to be looked at", zone(pier, **quiet | {"state": "look at this", "look_at": ("L1",)})
    yield "flagged and to be looked at", zone(pier, state="flagged", regions=("R1",), look_at=("L1",))
    yield "under cloud", zone(pier, stack, state="unknown", regions=(), clear_fraction=0.12, unknown={"cloud": 0.88})
    yield "not seen at all", zone(pier, state="unknown", regions=(), clear_fraction=0.0, unknown={"cloud": 1.0})
    yield "left out", zone(pier, state="ignored", regions=())
    search = replace(rails, zone=replace(rails.zone, located=False))
    yield "search area, nothing flagged", zone(search, train, **quiet)
    yield (
        "several search areas",
        describe_zones([replace(search, **quiet), replace(search, **quiet | {"clear_fraction": 1.0})]),
    )


def looked():
    """Yield a name and the sentence of every case of a look at one image."""
    result = result_of(region_of())
    image, zones = result.after, result.zones

    def say_of(candidate, *, references=(), **changes):
        found = SimpleNamespace(
            grid=result.grid, zones=zones, aoi=result.aoi, image=replace(image, **changes), references=references
        )
        return describe_candidate(candidate, found)

    def candidate(activity="vessel", **changes):
        known = {"id": "C1", "geometry": ground(0, 0, 112, 18), "activity": activity, "zone": "berth", "why": ()}
        sizes = {"area_m2": 2016.0, "length_m": 112.0, "width_m": 18.0, "orientation_deg": 146.5, "strength": 9.0}
        return Candidate(**known | sizes | changes)

    yield "a vessel", say_of(candidate())
    yield "of no class", say_of(candidate("other", colour="white"))
    yield "cut", say_of(candidate(length_is_lower_bound=True))
    yield "under way", say_of(candidate(under_way=True))
    yield "in no zone", say_of(candidate(zone=None))
    yield "rendered", say_of(candidate(), simulated=True)
    for direction in DIRECTIONS:
        borne_out = candidate(direction=direction, against=("a", "b"))
        yield f"{direction} against references", say_of(borne_out, references=(result.before,) * 3)
    for state in ("candidates", "nothing stood out", "not told", "unknown", "ignored"):
        clear = 0.12 if state == "unknown" else 0.94
        changes = {"state": state, "clear_fraction": clear, "unknown": {"cloud": 1 - clear}, "regions": ("C1",)}
        yield f"zone: {state}", describe_looked_zone(replace(zones[1], **changes))


def page():
    """Return the page of all sentences."""
    head = (
        "# Every sentence that can be said\n\n"
        "Written by `python -m tests.write.sentence_cases` from made-up regions and zones, read by eye; a test holds\n"
        "this page against what is said today. Why they are so: [words](words.md).\n"
    )
    parts = [head]
    for title, cases in (
        ("Zones", zones()),
        ("Regions", regions()),
        ("A look at one image", looked()),
        ("Every class, direction and relation", of_every_class()),
    ):
        parts.append(f"\n## {title}\n\n| case | sentence |\n| --- | --- |\n")
        parts += [f"| {name} | {sentence.replace('|', ',')} |\n" for name, sentence in cases]
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
