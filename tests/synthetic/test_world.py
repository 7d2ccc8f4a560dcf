"""Scenes put together from things."""

import pytest
from shapely.geometry import Point
from shapely.geometry import box as rectangle

from imagery_diff.errors import InputError
from imagery_diff.synthetic import Ground, lorry
from imagery_diff.synthetic.world import along, box, unit


def test_a_box_has_its_size_and_runs_along_its_azimuth():
    made = box((100.0, 200.0), 30.0, 90.0, 16.0)
    assert made.area == pytest.approx(90 * 16)
    assert made.contains(Point(along((100.0, 200.0), 30.0, 44.9)))
    assert not made.contains(Point(along((100.0, 200.0), 120.0, 8.1)))


def test_azimuths_run_clockwise_from_north_and_right_is_right():
    assert unit(90.0) == (pytest.approx(1.0), pytest.approx(0.0))
    assert along((0.0, 0.0), 0.0, 5.0, 2.0) == (pytest.approx(2.0), pytest.approx(5.0))


def test_a_thing_of_the_same_id_is_replaced(quay):
    world = quay.with_things(lorry("a", (606_150, 4_675_950), 0.0)).with_things(lorry("a", (606_160, 4_675_950), 0.0))
    assert [t.id for t in world.things] == ["a"]
    assert world.things[0].footprint.centroid.x == pytest.approx(606_160)


def test_taking_away_what_is_not_there_is_refused(quay):
    with pytest.raises(InputError, match="nothing called b"):
        quay.with_things(lorry("a", (0, 0), 0.0)).without("a", "b")


def test_unknown_ground_is_refused():
    with pytest.raises(InputError, match="no ground called 'lava'"):
        Ground(polygon=rectangle(0, 0, 1, 1), material="lava")
