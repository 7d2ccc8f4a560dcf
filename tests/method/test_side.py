"""Where in a zone something lies."""

import pytest
from shapely import box
from shapely.affinity import rotate

from imagery_diff.method.side import Accuracy, compass, place_in

PIER = rotate(box(-175, -50, 175, 50), -56.5, origin=(0, 0))
"""350 by 100 m, its long axis from north-west to south-east (as Pier 2 at Najin)."""


def within(every_way_m, **how):
    return Accuracy(every_way_m=every_way_m, **how)


def on_pier(along, across, length=90, width=17):
    """Return a block whose middle lies so far along and across the pier, metres."""
    return rotate(box(along - length / 2, across - width / 2, along + length / 2, across + width / 2), -56.5, (0, 0))


@pytest.mark.parametrize(
    ("along", "across", "side", "end"),
    [
        (0, -30, "south-west", ""),
        (0, 30, "north-east", ""),
        (125, 0, "", "south-east"),
        (-125, -30, "south-west", "north-west"),
        (0, 0, "", ""),
    ],
)
def test_a_block_lies_where_it_was_put(along, across, side, end):
    assert place_in(on_pier(along, across), PIER, within(10.0)) == (side, end)


def test_nothing_is_said_that_the_outlines_do_not_bear():
    block = on_pier(125, 30)
    assert place_in(block, PIER, within(29.0)) == ("north-east", "south-east")
    assert place_in(block, PIER, within(31.0)) == ("", "south-east")
    assert place_in(block, PIER, within(70.0)) == ("", "")


def test_what_lies_across_the_middle_is_on_no_side():
    assert place_in(on_pier(0, 12, width=60), PIER, within(1.0)) == ("", "")


def test_outlines_that_are_open_along_the_pier_bear_its_sides_but_not_its_ends():
    block = on_pier(125, 30)
    assert place_in(block, PIER, within(5.0, open_m=70.0, open_deg=146.5)) == ("north-east", "")
    assert place_in(block, PIER, within(5.0, open_m=70.0, open_deg=56.5)) == ("", "south-east")


def test_a_berth_has_ends_but_no_sides():
    assert place_in(on_pier(125, 30), PIER, within(10.0), sides=False) == ("", "south-east")


def test_a_square_yard_has_corners():
    yard = box(0, 0, 200, 200)
    assert place_in(box(160, 160, 190, 190), yard, within(10.0)) == ("north-east", "")
    assert place_in(box(90, 90, 120, 120), yard, within(10.0)) == ("", "")


@pytest.mark.parametrize(("way", "name"), [((0, 1), "north"), ((1, 1), "north-east"), ((-1, 0), "west")])
def test_ways_are_named_by_the_nearest_point(way, name):
    assert compass(way) == name
