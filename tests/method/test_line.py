"""When a line stood there is told by the bed beyond its ends."""

import numpy as np
import pytest
from affine import Affine
from scipy import ndimage

from imagery_diff.grid import Grid
from imagery_diff.method.line import direction_of_line, is_line
from imagery_diff.method.regions import Direction, Patch, direction_of, outline_of

GRID = Grid(crs="EPSG:32652", transform=Affine(3.0, 0.0, 500_000.0, 0.0, -3.0, 4_601_200.0), shape=(80, 160))
SEEN = np.ones(GRID.shape, bool)
FRAME = np.eye(4) / 0.004
TRAIN = (40, slice(50, 110))
GREY = (0.26, 0.14)
"""Cars about as far from the ground as the bed of .14 is, one by one."""


def image(cars=(), seed=0, bed=0.14):
    drawn = np.full(GRID.shape, 0.2)
    drawn[40] = bed
    for number, value in enumerate(cars):
        drawn[40, 50 + 4 * number : 54 + 4 * number] = value
    drawn = ndimage.gaussian_filter(drawn, 0.9)
    noise = np.random.default_rng([seed, len(cars)]).normal(0, 0.002, (4, *GRID.shape))
    return (drawn + noise).astype(np.float32)


def patch_of(mask):
    return Patch(window=(slice(0, 80), slice(0, 160)), mask=mask, strength=9.0)


def line():
    mask = np.zeros(GRID.shape, bool)
    mask[39:42, 50:110] = True
    return patch_of(mask)


def test_a_train_as_far_from_the_ground_as_its_bed_is_told_by_the_date_on_which_it_stands():
    train, bare = image((0.26, 0.25) * 7 + (0.26,)), image()
    assert direction_of(line(), (bare, train), FRAME, SEEN, None) == Direction.CHANGED
    assert direction_of_line(line(), (bare, train), FRAME, SEEN) == Direction.APPEARED
    assert direction_of_line(line(), (train, bare), FRAME, SEEN) == Direction.DISAPPEARED


def test_a_train_in_place_of_another_has_changed():
    first, second = image((0.30, 0.22) * 7 + (0.30,)), image((0.22, 0.30) * 7 + (0.22,), seed=1)
    assert direction_of_line(line(), (first, second), FRAME, SEEN) == Direction.CHANGED


def test_where_no_bed_is_in_sight_nothing_is_said():
    seen = SEEN.copy()
    seen[:, :50] = seen[:, 110:] = False
    assert direction_of_line(line(), (image(), image((0.3,) * 15)), FRAME, seen) is None


@pytest.mark.parametrize(("rows", "said"), [(1, True), (3, True), (9, False)])
def test_a_line_is_thin_and_more_than_eight_times_as_long(rows, said):
    mask = np.zeros(GRID.shape, bool)
    mask[40 : 40 + rows, 50:110] = True
    field = ndimage.gaussian_filter(np.where(mask, 10.0, 0.0), 0.9).astype(np.float32)
    shape = outline_of(patch_of(field > 1), field, GRID)
    assert is_line(shape, GRID) == said
