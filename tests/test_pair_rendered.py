"""The whole path of a pair on a small rendered port: what was put there is found, as many things as were put there."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import numpy as np
import pytest
from shapely.affinity import rotate
from shapely.geometry import box

from imagery_diff import AOI, Zone, compare
from imagery_diff.params import Params
from imagery_diff.read.calibration import read_calibration
from imagery_diff.scene import Level
from imagery_diff.synthetic import Ground, Look, World, heap, render, stack, train
from imagery_diff.synthetic.things import building

LEFT, BOTTOM, SIDE = 606_000.0, 4_675_500.0, 540.0
UTM52 = "EPSG:32652"
BEFORE = Look(time=datetime(2023, 10, 16, 2, 10, tzinfo=UTC), seed=1, pointing_error_m=(2.0, -1.0), greenness=0.42)
AFTER = Look(
    time=datetime(2023, 10, 17, 2, 10, tzinfo=UTC),
    seed=2,
    pointing_error_m=(-1.5, 1.0),
    greenness=0.41,
    haze=0.03,
    gain=(1.02, 1.01, 0.99, 0.98),
)
IN_THE_AFTERNOON = replace(BEFORE, time=datetime(2023, 10, 16, 6, 10, tzinfo=UTC))


def at(east, north):
    return (LEFT + east, BOTTOM + north)


def rectangle(east, north, length, width):
    return box(*at(east - length / 2, north - width / 2), *at(east + length / 2, north + width / 2))


@cache
def port():
    """Return grass in the west, a concrete yard with sheds in its south, the sea in the east."""
    sheds = [
        part
        for k, (east, north) in enumerate(
            [(205, 60), (265, 45), (330, 70), (230, 120), (310, 125), (60, 60), (90, 130)]
        )
        for part in building(at(east, north), 20.0 * k, (24.0 + 4 * k, 14.0, 7.0), ("roof_grey", "roof_rust")[k % 2])
    ]
    ground = (
        Ground(polygon=box(*at(-100, -100), *at(380, SIDE + 100)), material="concrete"),
        Ground(polygon=box(*at(-100, -100), *at(170, SIDE + 100)), material="field"),
    )
    bounds = (LEFT, BOTTOM, LEFT + SIDE, BOTTOM + SIDE)
    return World(name="port", crs=UTM52, bounds=bounds, ground=ground, fixed=tuple(sheds), seed=3)


@pytest.fixture
def found(opened):
    """Return a function that renders the port with things that came or are gone, and returns what is flagged."""

    def look(*came, gone=(), before=BEFORE, params=None, detect=None, zoned=None):
        scenes = []
        for things, one in ((gone, before), (came, AFTER)):
            seen = render(port().with_things(*things), one)
            facts = {"sun": seen.sun, "view": one.view, "acquired": one.time, "simulated": True, "level": Level.SURFACE}
            scenes.append(opened(seen.data / np.float32(1e4), grid=seen.grid, name=f"{one.seed}.tif", **facts))
        everywhere = box(*at(15, 15), *at(SIDE - 15, SIDE - 15))
        zone = Zone(name="all", kind="yard", polygon=zoned or everywhere, crs=UTM52)
        place = AOI(name="port", polygon=everywhere, crs=UTM52, zones=(zone,))
        return compare(place, *scenes, params=params, detect=detect).regions

    return look


def overlap(region, thing):
    shape = thing.footprint
    return region.geometry.intersection(shape).area / region.geometry.union(shape).area


def only(regions):
    assert len(regions) == 1, [(r.id, r.direction, r.length_m, r.width_m) for r in regions]
    return regions[0]


COAL = heap("coal", rotate(rectangle(265, 312, 50, 26), 15), 4.0)


@pytest.mark.parametrize("before", [BEFORE, IN_THE_AFTERNOON], ids=["same sun", "other sun"])
def test_where_nothing_came_nothing_is_flagged(found, before):
    assert found(before=before) == ()


def test_a_heap_of_coal_on_concrete_is_found_whole_under_the_same_sun(found):
    """It darkens like a shadow, but nothing stands sunwards of it."""
    region = only(found(COAL))
    assert (region.direction, region.colour) == ("appeared", "dark")
    assert overlap(region, COAL) > 0.7
    assert region.length_m == pytest.approx(COAL.length_m, abs=8)


def test_a_grey_and_rust_stack_on_grass_is_found(found):
    thing = stack("on grass", at(85, 380), 20.0, (75.0, 14.0), tiers=2, colours=("rust", "grey"))
    region = only(found(thing))
    assert region.direction == "appeared"
    assert overlap(region, thing) > 0.5
    assert region.length_m == pytest.approx(thing.length_m, abs=12)


def test_two_stacks_fifteen_metres_apart_and_set_off_are_two_regions(found):
    """Side by side they still come out as one: docs/explanation/method.md, what breaks it."""
    one = stack("one", at(280, 330), 0.0, (80.0, 15.0), colours=("blue",))
    two = stack("two", at(311, 385), 0.0, (50.0, 17.0), tiers=2, colours=("rust",))
    regions = found(one, two)
    assert len(regions) == 2
    for thing in (one, two):
        assert max(overlap(r, thing) for r in regions) > 0.5


def test_a_train_and_the_stack_beside_it_are_two_regions(found):
    cars = train("train", at(259, 230), 0.0, 16, mix=("box",))
    cargo = stack("stack", at(280, 345), 0.0, (60.0, 17.0), tiers=2, colours=("blue",))
    regions = found(cars, cargo)
    assert len(regions) == 2
    assert max(overlap(r, cargo) for r in regions) > 0.5
    assert max(r.length_m for r in regions) == pytest.approx(cars.length_m, rel=0.1)


def test_what_left_has_disappeared(found):
    thing = stack("gone", at(280, 330), 30.0, (60.0, 15.0), colours=("blue",))
    region = only(found(gone=(thing,)))
    assert region.direction == "disappeared"
    assert overlap(region, thing) > 0.5


def test_allowing_more_false_alarms_tells_all_that_allowing_fewer_tells(found):
    table = read_calibration()["false_per_km2"]
    thing = stack("new", at(280, 330), 30.0, (60.0, 15.0), colours=("blue",))
    asked = (Params(false_alarms_per_km2=table[-1]), Params(), Params(false_alarms_per_km2=table[0]))
    few, usual, many = (found(thing, before=IN_THE_AFTERNOON, params=params) for params in asked)
    shapes = [{r.geometry.wkt for r in regions} for regions in (few, usual, many)]
    assert shapes[0] <= shapes[1] < shapes[2]
    assert overlap(only(few), thing) > 0.5


def test_a_region_states_no_more_false_alarms_than_were_allowed_and_a_found_thing_is_likely(found):
    region = only(found(stack("new", at(280, 330), 30.0, (60.0, 15.0), colours=("blue",))))
    assert region.false_alarms_per_km2 <= Params().false_alarms_per_km2
    assert region.p_change > 0.8


def test_the_map_says_of_a_thing_in_a_zone_how_likely_it_is(found):
    region = only(found(stack("new", at(280, 330), 30.0, (60.0, 15.0), colours=("blue",)), detect="map"))
    assert region.p_change > 0.8
    assert region.false_alarms_per_km2 < 1.0


def test_of_ground_outside_zones_no_rate_is_stated(found):
    thing = stack("new", at(280, 330), 30.0, (60.0, 15.0), colours=("blue",))
    region = only(found(thing, detect="map", zoned=rectangle(85, 380, 60, 60)))
    assert (region.p_change, region.false_alarms_per_km2) == (None, None)
