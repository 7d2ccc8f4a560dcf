"""Shadow: told by its blue light, held to the length and the side that light allows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from imagery_diff.method.shade import cast_shadow, thrown_by, within_reach

NAMES = ("blue", "green", "red", "nir")
LIT = np.array([1500, 1600, 1700, 1900.0])
SHADE = LIT * [0.50, 0.44, 0.40, 0.34]
SHAPE = (121, 121)
AZIMUTHS = st.floats(0, 360, exclude_max=True)


def vector(azimuth, length):
    """Return (rows, cols) of a shadow of so many pixels; the azimuth is where it falls, clockwise from north."""
    return (-length * np.cos(np.deg2rad(azimuth)), length * np.sin(np.deg2rad(azimuth)))


def strip(azimuth, length, width):
    """Return a rectangle about the middle, long side along the azimuth; (row, col)."""
    rows, cols = np.indices(SHAPE) - 60
    unit = vector(azimuth, 1.0)
    along, across = rows * unit[0] + cols * unit[1], rows * unit[1] - cols * unit[0]
    return (np.abs(along) <= length / 2) & (np.abs(across) <= width / 2)


def ahead(mask, azimuth, by):
    """Return a mask moved along the azimuth by so many pixels."""
    rows, cols = vector(azimuth, by)
    return ndimage.shift(mask.astype(float), (rows, cols), order=1) > 0.5


# --- colour


def shaded(before, after, *, names=NAMES, water=None):
    return cast_shadow(before, after, names, least=0.12, water=water)


def test_shade_is_known_by_its_blue_light_and_by_the_date_it_is_dark():
    paint, brighter = LIT * 0.42, LIT * 1.5
    before = np.stack([LIT, LIT, LIT, LIT, SHADE, LIT]).T.reshape(4, 2, 3)
    after = np.stack([LIT, SHADE, paint, brighter, LIT, SHADE]).T.reshape(4, 2, 3)
    dark_before = np.array([[False, False, False], [False, True, False]])
    dark_after = np.array([[False, True, False], [False, False, True]])
    assert np.array_equal(shaded(before, after), (dark_before, dark_after))
    assert np.array_equal(shaded(after, before), (dark_after, dark_before))


def test_what_is_dark_because_it_is_water_is_no_shade():
    before, after = (np.tile(c[:, None, None], (1, 2, 3)) for c in (LIT, SHADE))
    dry, wet = np.zeros((2, 3), bool), np.ones((2, 3), bool)
    assert shaded(before, after, water=(dry, dry))[1].all()
    assert not np.any(shaded(before, after, water=(dry, wet)))
    # Where the lit date is water, the dark one is not excused by it.
    assert shaded(before, after, water=(wet, dry))[1].all()


def test_without_blue_and_near_infrared_nothing_is_called_shade():
    before, after = (np.tile(c[:, None, None], (1, 2, 3)) for c in (LIT, SHADE))
    for kept in ([0, 1, 2], [1, 2, 3]):
        names = tuple(NAMES[i] for i in kept)
        assert not np.any(shaded(before[kept], after[kept], names=names))


# --- reach


@given(azimuth=AZIMUTHS, width=st.integers(2, 60))
@settings(max_examples=60, deadline=None)
def test_a_shadow_as_long_as_allowed_is_kept_whole_whatever_its_azimuth_and_width(azimuth, width):
    """A long wall throws a wide shadow: only its length along the light is held to the height of things."""
    area = strip(azimuth, 12, width)
    assert np.array_equal(within_reach(area, vector(azimuth, 12)), area)


@given(azimuth=AZIMUTHS)
@settings(max_examples=60, deadline=None)
def test_a_dark_field_wider_than_any_shadow_is_dropped_whole(azimuth):
    field = strip(azimuth, 60, 60)
    assert not within_reach(field, vector(azimuth, 12)).any()
    assert not within_reach(field, vector(azimuth + 180, 12)).any()


@given(azimuth=AZIMUTHS)
@settings(max_examples=60, deadline=None)
def test_a_dark_field_elsewhere_does_not_take_the_shadow_with_it(azimuth):
    shadow = ahead(strip(azimuth, 8, 8), azimuth, 50)
    field = ahead(strip(azimuth, 40, 40), azimuth, -30)
    assert np.array_equal(within_reach(shadow | field, vector(azimuth, 10)), shadow)


def test_a_long_thing_is_a_shadow_only_across_the_light():
    """A train of coal along the light runs on too far; across it, it cannot be told from the shadow of a wall."""
    dark = strip(0, 80, 5)
    assert not within_reach(dark, vector(0, 12)).any()
    assert np.array_equal(within_reach(dark, vector(90, 12)), dark)


def test_nothing_dark_and_a_sun_overhead_leave_the_mask_as_it_is():
    dark = strip(30, 60, 60)
    assert np.array_equal(within_reach(dark, (0.0, 0.0)), dark)
    assert not within_reach(np.zeros(SHAPE, bool), vector(30, 12)).any()


def test_at_the_edge_of_the_image_a_short_dark_strip_is_kept():
    dark = np.zeros(SHAPE, bool)
    dark[:, -5:] = True
    assert np.array_equal(within_reach(dark, (0.0, 12.0)), dark)


# --- who threw it


@given(azimuth=AZIMUTHS)
@settings(max_examples=60, deadline=None)
def test_a_thing_throws_the_dark_that_lies_on_its_far_side_and_none_on_its_near_side(azimuth):
    thing = strip(azimuth, 9, 21)
    far, near = (ahead(strip(azimuth, 9, 21), azimuth, side * 10) & ~thing for side in (1, -1))
    assert thrown_by(thing, far, vector(azimuth, 12)) > 0.9
    assert thrown_by(thing, near, vector(azimuth, 12)) < 0.3
    assert thrown_by(thing, near, vector(azimuth + 180, 12)) > 0.9


def test_a_thing_does_not_throw_what_lies_further_off_than_its_shadow_is_long():
    thing, dark = strip(90, 9, 21), ahead(strip(90, 9, 21), 90, 30)
    assert thrown_by(thing, dark, vector(90, 12)) == 0
    assert thrown_by(thing, dark, vector(90, 30)) > 0.9


@pytest.mark.parametrize("caster", [np.zeros(SHAPE, bool), strip(0, 9, 9)], ids=["nothing", "something"])
def test_nothing_dark_is_thrown_by_nothing(caster):
    assert thrown_by(caster, np.zeros(SHAPE, bool), (0.0, 12.0)) == 0.0
