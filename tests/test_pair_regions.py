"""Pieces are joined to one thing where one can lie; what is told is as large as the smallest region that is told."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from affine import Affine

from imagery_diff.grid import Grid
from imagery_diff.pair_regions import bridge, is_large
from imagery_diff.params import Params

GRID = Grid(crs="EPSG:32652", transform=Affine(3.0, 0.0, 500_000.0, 0.0, -3.0, 4_600_000.0), shape=(60, 60))


THING, COVER = SimpleNamespace(area=False), SimpleNamespace(area=True)


@pytest.mark.parametrize(
    ("patch", "area_m2", "large"),
    # A point of 3.5 px of 3 m has 110 m2 by its outline.
    [(THING, 120.0, False), (THING, 229.0, False), (THING, 231.0, True), (COVER, 119.0, False), (COVER, 120.0, True)],
)
def test_what_is_smaller_by_its_outline_than_the_smallest_region_is_not_told(patch, area_m2, large):
    described = SimpleNamespace(judged=SimpleNamespace(area_m2=area_m2, length_m=40.0))
    assert is_large(patch, described, GRID, Params()) is large
    assert is_large(patch, described, GRID, replace(Params(), min_region_m2=6000.0)) is False


@pytest.mark.parametrize(
    ("pixel_m", "length_m", "area_m2", "large"),
    # 16.5 x (2.55 + 10.5) m is 215 m2, by its outline 326 m2; a lorry looks up to 27 m long.
    [(3.0, 22.0, 320.0, False), (3.0, 22.0, 330.0, True), (3.0, 28.0, 240.0, True), (0.5, 15.0, 125.0, True)],
)
def test_two_lorries_side_by_side_are_no_cargo_where_they_look_like_one_thing(pixel_m, length_m, area_m2, large):
    grid = replace(GRID, transform=Affine(pixel_m, 0.0, 500_000.0, 0.0, -pixel_m, 4_600_000.0))
    described = SimpleNamespace(judged=SimpleNamespace(area_m2=area_m2, length_m=length_m))
    assert is_large(THING, described, grid, Params()) is large


def test_without_georeference_there_are_no_square_metres_to_ask_for():
    described = SimpleNamespace(judged=SimpleNamespace(area_m2=1.0, length_m=1.0))
    assert is_large(THING, described, replace(GRID, crs=None), Params()) is True


@pytest.mark.parametrize(
    ("water", "joined"), [(None, True), ((False, False), True), ((True, False), True), ((True, True), False)]
)
def test_ships_in_one_line_are_not_joined_across_water_that_is_open_on_both_dates(water, joined):
    gap = np.zeros((9, 9), bool)
    gap[:, 3:6] = True
    nothing = np.zeros_like(gap)
    matched = SimpleNamespace(
        shaded=(nothing, nothing), cover=SimpleNamespace(water=water and tuple(gap & open_ for open_ in water))
    )
    weighed = SimpleNamespace(plain=np.full(gap.shape, 99.0, np.float32))
    assert bridge(matched, weighed, Params())[gap].all() == joined
    assert bridge(matched, weighed, Params())[~gap].all()
