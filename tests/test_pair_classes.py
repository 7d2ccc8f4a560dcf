"""Classes and relations on a small rendered port, through the whole comparison."""

from dataclasses import replace

import numpy as np
import pytest
from shapely.affinity import scale
from shapely.geometry import Point, box

from imagery_diff import AOI, Zone, compare, load_aoi
from imagery_diff.pair_classes import kind_of_place
from imagery_diff.scene import Level
from imagery_diff.synthetic import heap, render, stack
from imagery_diff.synthetic.things import building, ship
from tests.test_pair_rendered import AFTER, BEFORE, COAL, SIDE, UTM52, at, found, only, overlap, port  # noqa: F401

OVAL = heap("coal", scale(Point(at(265, 260)).buffer(1.0), 15.0, 28.0), 4.0)
BLUE = {"tiers": 2, "colours": ("blue",)}


def hull(name, north, *, deck="light_grey"):
    return ship(name, at(430, north), 0.0, (100.0, 18.0), deck=deck)


@pytest.fixture
def seen(found):  # noqa: F811 - the fixture of that name
    """Return a function that says what was found of things that came or went, by the name of the thing."""

    def look(*came, gone=(), stays=()):
        regions = found(*came, *stays, gone=(*gone, *stays))
        things = {t.id: t for t in (*came, *gone)}
        return {n: max(regions, key=lambda r, t=t: overlap(r, t)) for n, t in things.items()}

    return look


def test_a_ship_a_heap_and_a_stack_are_classed_by_their_pixels_in_one_zone_of_one_kind(seen):
    told = seen(hull("ship", 300), OVAL, stack("stack", at(280, 420), 0.0, (70.0, 15.0), **BLUE))
    assert {n: r.activity for n, r in told.items()} == {"ship": "vessel", "coal": "stockpile", "stack": "containers"}
    for region in told.values():
        assert sum(region.shares.values()) == pytest.approx(1)
        assert region.p_activity == region.shares[region.activity] > 0.5
        assert region.shares_without_zone != region.shares


def test_a_stack_that_grew_along_its_line_extends_and_one_that_lost_an_end_shrinks(seen):
    old = stack("old", at(280, 330), 0.0, (60.0, 15.0), **BLUE)
    more = stack("more", at(280, 386), 0.0, (50.0, 15.0), **BLUE)
    assert seen(more, stays=(old,))["more"].relation == "extends"
    assert seen(gone=(more,), stays=(old,))["more"].relation == "shrinks"


def test_a_stack_by_itself_is_new_though_a_building_stands_beside_it(seen):
    alone = stack("alone", at(280, 386), 0.0, (50.0, 15.0), **BLUE)
    parts = building(at(280, 335), 0.0, (40.0, 14.0, 5.0), "roof_tile")
    shed = replace(
        COAL, id="shed", kind="construction", parts=parts, footprint=parts[0].polygon.union(parts[1].polygon)
    )
    assert seen(alone)["alone"].relation == "new"
    assert seen(alone, stays=(shed,))["alone"].relation == "new"


def test_a_ship_that_lies_further_along_the_quay_has_moved_and_another_ship_has_not(seen):
    told = seen(replace(hull("there", 400), id="there"), gone=(hull("here", 130),))
    assert {r.relation for r in told.values()} == {"moved"}
    assert told["there"].relation_to == told["here"].id
    assert told["here"].relation_to == told["there"].id
    other = seen(hull("there", 400, deck="red"), gone=(ship("here", at(430, 130), 0.0, (60.0, 11.0)),))
    assert {r.relation for r in other.values()} <= {"new", "unclear"}
    assert {r.relation_to for r in other.values()} == {None}


def test_a_blue_stack_that_left_is_near_in_colour_to_a_blue_load_and_not_to_a_rusty_one(seen):
    gone = stack("gone", at(280, 330), 0.0, (60.0, 17.0), **BLUE)
    loaded = ship("loaded", at(430, 300), 0.0, (120.0, 22.0), deck="grey", cargo="blue")
    told = seen(loaded, gone=(gone,))
    same = told["gone"].same_colour
    assert same["region"] == told["loaded"].id
    assert told["loaded"].same_colour["region"] == told["gone"].id
    assert 0 < same["chance"] <= 0.1
    assert same["angle_deg"] < 10
    rusty = ship("rusty", at(430, 300), 0.0, (120.0, 22.0), deck="rust", cargo="rust")
    assert seen(rusty, gone=(gone,))["gone"].same_colour is None


def test_without_a_near_infrared_band_rules_decide_and_no_probability_is_given(opened):
    scenes = []
    for things, one in (((), BEFORE), ((stack("stack", at(280, 330), 0.0, (60.0, 15.0), **BLUE),), AFTER)):
        view = render(port().with_things(*things), one)
        facts = {"sun": view.sun, "view": one.view, "acquired": one.time, "simulated": True, "level": Level.SURFACE}
        data = view.data[:3] / np.float32(1e4)
        scenes.append(opened(data, grid=view.grid, name=f"{one.seed}.tif", names=("blue", "green", "red"), **facts))
    everywhere = box(*at(15, 15), *at(SIDE - 15, SIDE - 15))
    zone = Zone(name="all", kind="yard", polygon=everywhere, crs=UTM52)
    region = only(compare(AOI(name="port", polygon=everywhere, crs=UTM52, zones=(zone,)), *scenes).regions)
    assert (region.p_activity, region.shares) == (None, {})
    assert "class by rules, without a probability: the images have no near infrared band" in region.why


def test_a_search_area_does_not_speak_for_a_class() -> None:
    """Where its tracks lie is not known; tracks that are drawn speak, whatever yard holds them."""
    place = load_aoi("najin")
    search = next(z for z in place.zones if z.kind == "rail" and not z.located)
    drawn = replace(place, zones=tuple(replace(z, located=True) if z is search else z for z in place.zones))
    shares = {"pier2_yard": 0.9, search.name: 0.9}
    assert kind_of_place(shares, "yard", place) == "yard"
    assert kind_of_place(shares, "yard", drawn) == "rail"


def test_half_of_a_region_on_a_stockpile_inside_a_yard_is_enough_for_it_to_speak() -> None:
    """The yard of Pier 3 holds its open area whole, so the yard always has the larger share."""
    place = load_aoi("najin")
    assert kind_of_place({"pier3_yard": 1.0, "coal_pier3": 0.5}, "yard", place) == "stockpile"
    assert kind_of_place({"pier3_yard": 1.0, "coal_pier3": 0.49}, "yard", place) == "yard"
