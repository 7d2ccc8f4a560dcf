"""Objects of true size."""

import pytest
from shapely.ops import unary_union

from imagery_diff.errors import InputError
from imagery_diff.synthetic import cover, crane, heap, ship, stack, train
from imagery_diff.synthetic.things import building
from imagery_diff.synthetic.world import box


def outline(thing):
    return unary_union([p.polygon for p in thing.parts])


@pytest.mark.parametrize("azimuth", [0.0, 33.0, 146.5])
def test_a_stack_is_as_long_as_asked_to_one_container(azimuth):
    made = stack("s", (0.0, 0.0), azimuth, (90.0, 16.0), tiers=3)
    assert made.length_m == pytest.approx(90, abs=3.1)
    assert made.width_m == pytest.approx(16, abs=1.3)
    assert made.height_m == pytest.approx(7.77)
    assert made.footprint.buffer(0.01).contains(outline(made))


def test_a_stack_of_300_containers_has_the_floor_of_the_record():
    """Domain notes 2.5: 300 units in three tiers stand on about 1,480 m2."""
    made = stack("s", (0.0, 0.0), 0.0, (90.0, 16.4), tiers=3)
    columns = len(made.parts)
    assert 250 < 3 * columns < 350
    assert sum(p.polygon.area for p in made.parts) == pytest.approx(columns * 14.8, rel=0.01)


def test_containers_of_one_stack_differ_in_colour_and_the_same_seed_repeats_them():
    a, b = (stack("s", (0.0, 0.0), 0.0, (60.0, 10.0), seed=k) for k in (1, 1))
    assert a == b
    assert len({p.reflectance for p in a.parts}) > 10


def test_a_ship_lies_within_its_length_and_beam_and_points_with_its_bow():
    made = ship("v", (0.0, 0.0), 0.0, (115.0, 18.0))
    left, bottom, right, top = made.footprint.bounds
    assert (right - left, top - bottom) == (pytest.approx(18.0), pytest.approx(115.0))
    bow = made.footprint.intersection(box((0.0, 54.0), 0.0, 6.0, 40.0)).area
    stern = made.footprint.intersection(box((0.0, -54.0), 0.0, 6.0, 40.0)).area
    assert bow < 0.6 * stern


@pytest.mark.parametrize("cars", [1, 12, 40])
def test_a_train_is_as_long_as_its_cars(cars):
    made = train("t", (0.0, 0.0), 90.0, cars, mix=("box",))
    assert made.length_m == pytest.approx(14.7 * cars)
    assert len(made.parts) == cars
    assert made.width_m == 3.0


@pytest.mark.parametrize("cars", [0, 61])
def test_a_train_without_cars_or_end_is_refused(cars):
    with pytest.raises(InputError, match="1 to 60 cars"):
        train("t", (0.0, 0.0), 0.0, cars)


def test_a_heap_rises_inwards():
    made = heap("c", box((0.0, 0.0), 20.0, 90.0, 40.0), 6.0)
    tops = {p.top_m: p.polygon.area for p in made.parts}
    assert max(tops) == pytest.approx(6.0)
    assert made.length_m == pytest.approx(90.0)
    assert made.azimuth_deg == pytest.approx(20.0)


def test_the_boom_of_a_crane_hangs():
    made = crane("k", (0.0, 0.0), 45.0, 30.0)
    boom = max(made.parts, key=lambda p: p.polygon.area)
    assert boom.bottom_m > 10.0


def test_both_halves_of_a_roof_fall_outwards_and_cover_it():
    west, east = building((0.0, 0.0), 0.0, (60.0, 20.0, 8.0), "roof_grey")
    assert unary_union([west.polygon, east.polygon]).area == pytest.approx(1200)
    assert west.slope[0] > 0 > east.slope[0]


def test_a_tarpaulin_covers_what_it_says():
    assert cover("g", (0.0, 0.0), 10.0, (100.0, 30.0, 3.0)).footprint.area == pytest.approx(3000)
