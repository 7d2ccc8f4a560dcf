"""Shadow: told by its blue light, held to the length and the side that light allows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from imagery_diff.method.shade import (
    cast_shadow,
    light_left,
    of_standing,
    share_explained,
    share_too_broad,
    share_without_caster,
    thrown_by,
    within_reach,
)

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


def test_without_near_infrared_shade_is_told_by_red_where_water_is_known_and_without_blue_not_at_all():
    before, after, painted = (np.tile(c[:, None, None], (1, 2, 3)) for c in (LIT, SHADE, 0.42 * LIT))
    colours, dry = NAMES[:3], np.zeros((2, 3), bool)
    assert shaded(before[:3], after[:3], names=colours, water=(dry, dry))[1].all()
    assert not np.any(shaded(before[:3], painted[:3], names=colours, water=(dry, dry)))
    # Water that turned bluer from one date to the other would pass for shade.
    assert not np.any(shaded(before[:3], after[:3], names=colours))
    assert not np.any(shaded(before[1:], after[1:], names=NAMES[1:], water=(dry, dry)))


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


# --- what stands on both dates


NO_WATER = (np.zeros(SHAPE, bool), np.zeros(SHAPE, bool))
ROOF = LIT * 1.5


def thrown(thing, shadow):
    """Return the ground that a thing of the greatest height shades; (row, col)."""
    steps = np.linspace(0, 1, 30)
    swept = np.logical_or.reduce(
        [ndimage.shift(thing.astype(float), np.multiply(shadow, k), order=1) > 0.5 for k in steps]
    )
    return swept & ~thing


def seen(*layers):
    """Return lit ground with layers of (mask, colour) on it, blurred as delivered; (band, row, col)."""
    image = np.tile(LIT[:, None, None], (1, *SHAPE))
    for mask, colour in layers:
        image[:, mask] = np.asarray(colour)[:, None]
    return np.stack([ndimage.gaussian_filter(band, 0.8) for band in image]).astype(np.float32)


def kept(images, reach, water=NO_WATER):
    """Return the shade-coloured pixels of both dates together, and those kept as moved shadow."""
    dark = cast_shadow(*images, NAMES, least=0.12, water=water)
    before, after = of_standing(dark, images, reach, water=water)
    return dark[0] | dark[1], before | after


@given(azimuth=AZIMUTHS, turned=st.floats(40, 140), side=st.sampled_from([-1, 1]), long=st.integers(12, 50))
@settings(max_examples=40, deadline=None)
def test_the_moved_shadow_of_a_standing_thing_is_kept_whatever_the_sun(azimuth, turned, side, long):
    shed, reach = strip(0, long, 14), (vector(azimuth, 7), vector(azimuth + side * turned, 9))
    images = tuple(seen((thrown(shed, r), SHADE), (shed, ROOF)) for r in reach)
    shadow, left = kept(images, reach)
    assert np.count_nonzero(left) > 0.9 * np.count_nonzero(shadow)


@given(azimuth=AZIMUTHS, turned=st.floats(0, 100), date=st.sampled_from([0, 1]))
@settings(max_examples=40, deadline=None)
def test_a_dark_heap_on_open_ground_is_no_moved_shadow(azimuth, turned, date):
    heap, reach = strip(azimuth, 6, 12), (vector(azimuth, 6), vector(azimuth + turned, 6))
    images = [seen(), seen((heap, SHADE))][:: 1 if date else -1]
    dark, left = kept(tuple(images), reach)
    assert dark[heap].mean() > 0.8
    assert not left.any()


def test_beside_something_that_could_have_shaded_it_a_heap_is_not_told_from_shadow():
    """Sunwards of the heap stands a shed: what is dark there may be its shadow, and is kept as that."""
    shed, heap, reach = ahead(strip(0, 14, 40), 180, 14), strip(0, 7, 40), (vector(0, 9), vector(90, 9))
    roof = (shed, ROOF)
    images = seen((heap, SHADE), roof), seen((thrown(shed, reach[1]), SHADE), roof)
    dark, left = kept(images, reach)
    assert left[heap & dark].all()


def test_the_shadow_of_a_boom_high_above_has_a_twin_on_the_other_date_and_is_kept():
    reach = (vector(0, 6), vector(60, 6))
    booms = [ahead(strip(90, 25, 3), a, 2.5 * 6) for a in (0, 60)]
    dark, left = kept(tuple(seen((boom, SHADE)) for boom in booms), reach)
    assert np.array_equal(left, dark)
    # Alone it is a thing, unless its twin may lie on water.
    alone = (seen((booms[0], SHADE)), seen())
    assert not kept(alone, reach)[1].any()
    wet = (NO_WATER[0], ndimage.binary_dilation(booms[1], iterations=2))
    assert kept(alone, reach, wet)[1].any()


def test_what_is_broader_than_shadows_moved_is_no_moved_shadow_even_beside_a_caster():
    shed, reach = ahead(strip(0, 14, 40), 180, 11), (vector(0, 9), vector(5, 9))
    heap = strip(0, 8, 16)
    dark, left = kept((seen((heap, SHADE), (shed, ROOF)), seen((shed, ROOF))), reach)
    assert dark[heap].mean() > 0.8
    assert left.sum() < 0.2 * heap.sum()


@pytest.mark.parametrize(("width", "broad"), [(3, False), (12, True)])
def test_where_shadows_hardly_moved_only_what_is_narrow_can_be_their_rest(width, broad):
    along, across = vector(20, 10.0), vector(35, 10.0)
    mask = strip(20, 60, width)
    window, none = (slice(0, mask.shape[0]), slice(0, mask.shape[1])), np.zeros_like(mask)
    assert (share_too_broad(mask, window, none, (along, across)) > 0.5) == broad
    assert share_too_broad(mask, window, none, ((0.0, 0.0), vector(110, 40.0))) < 0.5


@pytest.mark.parametrize(("gap", "broad"), [(0, True), (3, False)])
def test_a_dark_thing_and_the_shade_that_touches_it_are_as_broad_as_both(gap, broad):
    # Shadows moved by two pixels down the image; a thing five pixels high, and shade of as many below it.
    thing, shade = np.zeros((2, 60, 60), bool)
    thing[20:25, 10:50] = True
    shade[25 + gap : 30 + gap, 10:50] = True
    window = (slice(16, 29), slice(6, 54))
    reach = ((4.0, 0.0), (6.0, 0.0))
    assert share_too_broad(thing[window], window, np.zeros_like(shade), reach) == 0
    assert (share_too_broad(thing[window], window, shade, reach) > 0.5) == broad


def test_the_share_without_a_caster_is_that_of_ground_from_which_no_place_for_one_is_seen():
    heap, reach = strip(0, 8, 20), (vector(0, 9), vector(0, 4))
    dark, lit = seen((heap, SHADE)), seen()
    window = (slice(40, 80), slice(40, 80))
    assert share_without_caster(heap[window], window, dark, lit, reach) == 1.0
    half = seen((ahead(strip(0, 9, 60), 180, 10) & (np.indices(SHAPE)[1] > 60), ROOF))
    assert 0.2 < share_without_caster(heap[window], window, dark, half, reach) < 0.6
    # At the rim of the image there may stand what is not seen.
    edge = np.zeros(SHAPE, bool)
    edge[-5:, 40:80] = True
    assert share_without_caster(edge[window_of(edge)], window_of(edge), seen((edge, SHADE)), lit, reach) == 0.0


def window_of(mask):
    return ndimage.find_objects(mask.astype(int))[0]


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


# --- what shade does to brightness


def test_the_light_that_shade_leaves_is_measured_on_each_date_apart():
    before = np.tile(LIT[:, None, None], (1, 30, 30))
    after = before.copy()
    dark_before, dark_after = np.zeros((30, 30), bool), np.zeros((30, 30), bool)
    dark_before[3:12, 3:20] = dark_after[15:27, 3:20] = True
    before[:, dark_before] = (LIT * 0.6)[:, None]
    after[:, dark_after] = SHADE[:, None]
    left = light_left(dark_before | dark_after, (before, after))
    assert np.allclose(left[0], 0.6)
    assert np.allclose(left[1], SHADE / LIT)


def test_a_few_shaded_pixels_tell_nothing_of_the_light_that_is_left():
    image = np.tile(LIT[:, None, None], (1, 30, 30))
    few = np.zeros((30, 30), bool)
    few[5:9, 5:12] = True
    assert light_left(few, (image, image * np.where(few, 0.4, 1.0))) == (None, None)


@given(
    paint=st.lists(st.floats(0.2, 3.0), min_size=4, max_size=4),
    depth=st.lists(st.floats(0.05, 1.0), min_size=6, max_size=6),
)
def test_whole_and_half_shade_on_any_paint_is_explained(paint, depth):
    lit = np.tile((LIT * paint)[:, None], (1, 6))
    left = SHADE / LIT
    dark = lit * (1 - np.array(depth) + np.array(depth) * left[:, None])
    assert share_explained(lit, dark, left, np.eye(4)) > 0.999


def test_a_blue_thing_that_came_is_not_explained_by_shade_and_a_brighter_one_not_at_all():
    lit = np.tile(LIT[:, None], (1, 6))
    blue = np.tile(np.array([[1400], [700], [400], [300.0]]), (1, 6))
    weight = np.diag(1 / LIT)
    assert 0 < share_explained(lit, blue, SHADE / LIT, weight) < share_explained(lit, lit * 0.5, SHADE / LIT, weight)
    assert share_explained(lit, lit * 1.5, SHADE / LIT, weight) == 0
