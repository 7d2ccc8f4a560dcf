"""Zones: shares of what was clear, lost and to what; and which zone a region belongs to."""

from dataclasses import replace

import numpy as np
import pytest
from affine import Affine
from shapely import Polygon, box

from imagery_diff.aoi import AOI, Zone
from imagery_diff.grid import Grid
from imagery_diff.method.zones import coverage, drawn_water, hiding, inside, inside_again, zone_of
from imagery_diff.scene import Flag

CRS = "EPSG:32652"
GRID = Grid(crs=CRS, transform=Affine(3, 0, 605_000, 0, -3, 4_677_000), shape=(100, 100))
SQUARE = box(605_030, 4_676_910, 605_090, 4_676_970)  # rows 10 to 30, columns 10 to 30


def zone(name, polygon, kind="yard", **more):
    return Zone(name=name, kind=kind, polygon=polygon, crs=CRS, **more)


def aoi(*zones, **more):
    return AOI(name="x1", polygon=box(*GRID.bounds), crs=CRS, zones=zones, **more)


def test_inside_is_the_pixels_whose_centre_lies_in_the_polygon():
    mask = np.zeros(GRID.shape, bool)
    mask[10:30, 10:30] = True
    assert np.array_equal(inside(SQUARE, GRID), mask)
    assert not inside(Polygon(), GRID).any()


@pytest.mark.parametrize(
    "outline", [SQUARE, SQUARE.buffer(11.0), box(*GRID.bounds).buffer(50.0), box(0, 0, 1, 1), Polygon()]
)
def test_what_is_asked_again_is_the_same_and_is_the_askers_own(outline):
    for _ in range(2):
        mask = inside_again(outline, GRID)
        assert np.array_equal(mask, inside(outline, GRID))
        mask[...] = True
    moved = replace(GRID, transform=Affine(3, 0, 605_030, 0, -3, 4_677_000))
    assert np.array_equal(inside_again(outline, moved), inside(outline, moved))


@pytest.mark.parametrize("flag", list(Flag))
def test_each_cause_is_counted_under_its_name(flag):
    flags = np.zeros(GRID.shape, np.uint8)
    flags[10:15, 10:30] = flag
    clear, degraded, causes = coverage(SQUARE, flags, {}, GRID)
    assert clear == pytest.approx(0.75)
    assert degraded == pytest.approx(0.25 if flag in {Flag.HAZE, Flag.SHADOW, Flag.SNOW} else 0)
    assert list(causes.values()) == [pytest.approx(0.25)]


def test_a_pixel_with_two_causes_is_counted_once():
    flags = np.zeros(GRID.shape, np.uint8)
    flags[10:30, 10:20] = Flag.CLOUD | Flag.HAZE | Flag.EDGE
    clear, degraded, causes = coverage(SQUARE, flags, {}, GRID)
    assert (clear, degraded) == (pytest.approx(0.5), 0)
    assert sum(causes.values()) == pytest.approx(0.5)


def test_what_lies_beyond_the_grid_is_not_clear():
    half = box(604_940, 4_676_910, 605_060, 4_676_970)  # 60 m outside, 60 m inside
    clear, _, causes = coverage(half, np.zeros(GRID.shape, np.uint8), {}, GRID)
    assert clear == pytest.approx(0.5, abs=0.02)
    assert causes == {"outside the images": pytest.approx(0.5, abs=0.02)}
    clear, _, causes = coverage(box(600_000, 0, 600_060, 60), np.zeros(GRID.shape, np.uint8), {}, GRID)
    assert clear == 0
    assert causes == {"outside the images": pytest.approx(1)}


def test_a_region_belongs_to_the_zone_it_overlaps_most_with_shares_kept():
    one, two = (
        zone("one", box(605_000, 4_676_900, 605_050, 4_676_950)),
        zone("two", box(605_050, 4_676_900, 605_100, 4_676_950)),
    )
    found, shares = zone_of(box(605_040, 4_676_910, 605_080, 4_676_930), aoi(one, two))
    assert found.name == "two"
    assert shares == {"one": 0.25, "two": 0.75}


def test_a_region_beside_a_zone_belongs_to_it_within_its_accuracy_only():
    drawn = zone("one", box(605_000, 4_676_900, 605_050, 4_676_950), accuracy_m=12.0)
    near, far = box(605_060, 4_676_910, 605_080, 4_676_930), box(605_063, 4_676_910, 605_080, 4_676_930)
    assert zone_of(near, aoi(drawn))[0].name == "one"
    assert zone_of(far, aoi(drawn)) == (None, {})


def test_drawn_water_is_that_of_located_berths_and_anchorages():
    searched = zone("b", box(605_100, 4_676_900, 605_160, 4_676_970), kind="berth", located=False)
    assert np.array_equal(drawn_water(aoi(zone("a", SQUARE, kind="berth"), searched), GRID), inside(SQUARE, GRID))
    assert drawn_water(aoi(zone("a", SQUARE)), GRID) is None
    assert drawn_water(None, GRID) is None


def test_what_was_seen_but_not_searched_is_not_clear():
    flags = np.zeros(GRID.shape, np.uint8)
    upper = np.zeros(GRID.shape, bool)
    upper[: GRID.shape[0] // 2] = True
    blind = {"shadow that moved": upper, "too little ground of its kind": upper}
    clear, degraded, causes = coverage(box(*GRID.bounds), flags, blind, GRID)
    assert (clear, degraded) == (pytest.approx(0.5), 0)
    assert causes == {"shadow that moved": pytest.approx(0.5)}


def test_a_strip_narrower_than_a_thing_hides_none():
    unseen = np.zeros((40, 40), bool)
    unseen[5, 5:30] = True  # 3 m
    unseen[20:22, 5:30] = True  # 6 m
    unseen[10:30, 35] = True
    assert np.array_equal(hiding(unseen, 3.0, 3.0), unseen)
    by_stacks = hiding(unseen, 5.0, 3.0)
    assert np.array_equal(np.nonzero(by_stacks.any(axis=1))[0], [20, 21])
    assert not hiding(unseen, 7.5, 3.0).any()


def test_what_lies_beyond_the_grid_was_not_seen():
    unseen = np.zeros((20, 20), bool)
    unseen[:, 0] = True
    assert np.array_equal(hiding(unseen, 5.0, 3.0), unseen)
