"""Harbours laid out at random, and piers to put things on."""

import pytest
from shapely.geometry import Polygon

from imagery_diff.errors import InputError
from imagery_diff.synthetic import Pier, random_harbour, render
from imagery_diff.synthetic.harbours import bearing, ragged, standing_clutter


@pytest.fixture
def pier():
    return Pier(name="p", corners=((0.0, 0.0), (0.0, 300.0), (120.0, 300.0), (120.0, 0.0)))


def test_left_and_right_are_those_of_one_who_looks_seawards(pier):
    assert pier.azimuth_deg == 0.0
    assert pier.at(100.0, 30.0) == (pytest.approx(30.0), pytest.approx(100.0))
    assert pier.from_right(100.0, 30.0) == (pytest.approx(90.0), pytest.approx(100.0))


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_moored_ship_lies_on_the_water_against_the_quay(pier, side):
    vessel = pier.moor("v", side, 150.0, (115.0, 18.0))
    assert not vessel.footprint.intersects(pier.outline)
    assert vessel.footprint.distance(pier.outline) == pytest.approx(0.5)


def test_a_ship_at_no_side_is_refused(pier):
    with pytest.raises(InputError, match="'left' or 'right'"):
        pier.moor("v", "middle", 150.0, (115.0, 18.0))


def test_clutter_stands_on_the_pier_outside_what_is_kept_free(pier):
    free = Polygon([(20, 50), (60, 50), (60, 250), (20, 250)])
    things = standing_clutter(pier, [free], 3)
    assert len(things) > 8
    assert all(pier.outline.contains(t.footprint) and not t.footprint.intersects(free) for t in things)
    assert all(t.clutter for t in things)


def test_bearings_run_clockwise_from_north():
    assert [bearing((0, 0), p) for p in ((0, 1), (1, 0), (0, -1), (-1, 0))] == [0.0, 90.0, 180.0, 270.0]


def test_a_ragged_outline_keeps_about_its_area():
    square = Polygon([(0, 0), (400, 0), (400, 400), (0, 400)])
    assert ragged(square, 1).area == pytest.approx(160_000, rel=0.05)
    assert ragged(square, 1) != square


@pytest.mark.parametrize("seed", range(4))
def test_a_random_harbour_has_piers_with_water_on_both_sides(seed):
    harbour = random_harbour(seed)
    land = [g.polygon for g in harbour.world.ground]
    assert 1 <= len(harbour.piers) <= 3
    for pier in harbour.piers:
        for side in ("left", "right"):
            vessel = pier.moor("v", side, 0.6 * pier.length_m, (80.0, 14.0))
            assert all(vessel.footprint.intersection(g).area < 1.0 for g in land)


def test_the_same_seed_lays_out_the_same_harbour(look):
    a, b = (render(random_harbour(5, side_m=300.0).world, look).data for _ in range(2))
    assert (a == b).all()
    assert random_harbour(5).world != random_harbour(6).world


def test_an_unknown_pier_lists_the_known():
    with pytest.raises(InputError, match="pier1"):
        random_harbour(1).pier("pier9")
