"""One changed area, the things in it: parted where ground that hardly changed lies between, whole otherwise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage
from shapely import box, union_all

from imagery_diff.method import separate as module
from imagery_diff.method.regions import Patch
from imagery_diff.method.separate import _fill, separate, take_apart, without_own_shadow

SHAPE = (60, 110)
EVERYWHERE = (slice(0, SHAPE[0]), slice(0, SHAPE[1]))
GROW = 2.0
"""Evidence down to which an area is grown."""
BLUR = 1.0
"""Of a delivered edge, pixels."""
NOTHING = np.zeros(SHAPE, bool)


def drawn(*things):
    """Return the evidence of rectangles ((rows, cols), contrast), blurred as delivered; (row, col)."""
    sharp = np.zeros(SHAPE)
    for window, contrast in things:
        sharp[window] = contrast
    return ndimage.gaussian_filter(sharp, BLUR).astype(np.float32)


def area_of(strength):
    """Return the one connected area above the growing level."""
    labels, count = ndimage.label(strength >= GROW, np.ones((3, 3), bool))
    assert count == 1, "the scene must join"
    return labels == 1


def parts_of(strength, mask=None, least_px=6):
    return separate(strength, area_of(strength) if mask is None else mask, least_px=least_px)


def holders(parts, *windows):
    """Return for each window the number of the part that holds most of it."""
    return [int(np.argmax([np.count_nonzero(p[w]) for p in parts])) for w in windows]


TRAIN, STACK = np.s_[20:22, 10:100], np.s_[24:33, 40:70]


@pytest.mark.parametrize("turned", [False, True])
def test_a_train_beside_a_stack_with_two_pixels_between_come_out_as_two(turned):
    strength = drawn((TRAIN, 25.0), (STACK, 30.0))
    if turned:
        strength = np.rot90(strength)
    parts = parts_of(strength)
    assert len(parts) == 2
    if turned:
        parts = [np.rot90(p, -1) for p in parts]
    train, stack = holders(parts, TRAIN, STACK)
    assert train != stack
    assert parts[stack][STACK].mean() > 0.95
    assert parts[train][TRAIN].mean() > 0.9


def test_two_stacks_with_four_pixels_of_bare_ground_between_come_out_as_two():
    """End to end they fill one rectangle as well as two: only the bare ground tells."""
    one, two = np.s_[20:30, 10:40], np.s_[20:30, 44:80]
    strength = drawn((one, 30.0), (two, 30.0))
    mask = ndimage.binary_closing(strength >= 1, np.ones((3, 5), bool))
    mask[20:30, 40:44] = True
    parts = parts_of(strength, mask)
    assert len(parts) == 2
    assert len(set(holders(parts, one, two))) == 2


def test_two_stacks_of_unlike_length_three_pixels_apart_come_out_as_two():
    """Together they nearly fill one rectangle, but the ground between them is neither's."""
    one, two = np.s_[16:21, 10:37], np.s_[24:30, 18:35]
    parts = parts_of(drawn((one, 21.0), (two, 21.0)))
    assert len(parts) == 2
    assert len(set(holders(parts, one, two))) == 2


def test_a_ship_with_a_bright_house_a_dark_hold_and_a_gap_between_its_hatches_stays_one():
    strength = drawn((np.s_[20:28, 10:70], 9.0), (np.s_[21:27, 12:19], 30.0), (np.s_[22:26, 28:44], 18.0))
    weak = strength.copy()
    weak[20:28, 46:48] *= 0.6
    assert len(parts_of(strength)) == 1
    assert len(parts_of(weak)) == 1


def test_a_train_of_bright_and_dark_cars_stays_one():
    cars = [(np.s_[20:22, 10 + 8 * n : 18 + 8 * n], c) for n, c in enumerate((30, 9, 25, 8, 8, 28, 10, 30, 9, 20))]
    assert len(parts_of(drawn(*cars))) == 1


def test_noise_on_one_thing_makes_no_second_one():
    for seed in range(8):
        strength = drawn((STACK, 12.0))
        noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(0, 1, SHAPE), 0.8)
        strength = np.maximum(strength + (noise / noise.std()).astype(np.float32), 0)
        labels, _ = ndimage.label(strength >= 3)
        assert len(parts_of(strength, labels == labels[28, 55])) == 1, seed


@given(
    strength=arrays(np.float32, (16, 20), elements=st.floats(0, 50, width=32)),
    mask=arrays(bool, (16, 20), elements=st.booleans()),
)
@settings(max_examples=80, deadline=None)
def test_the_parts_are_disjoint_and_their_union_is_the_whole_area(strength, mask):
    mask[7, 9] = True
    labels, _ = ndimage.label(ndimage.binary_dilation(mask), np.ones((3, 3), bool))
    area = labels == labels[7, 9]
    parts = separate(np.maximum(strength, 1e-3), area, least_px=4)
    assert np.array_equal(np.sum(parts, axis=0), area.astype(int))


@pytest.mark.parametrize("at", [(0, 0), (3, 40), (57, 11)])
def test_things_do_not_depend_on_where_in_a_larger_window_they_lie(at):
    """Only the rectangle that holds an area is looked at, and of what is remembered nothing is mixed up."""
    strength = drawn((TRAIN, 25.0), (STACK, 30.0))
    mask = area_of(strength)
    parts = separate(strength, mask, least_px=6)
    assert len(parts) == 2
    rows, cols = (slice(a, a + n) for a, n in zip(at, mask.shape, strict=True))
    wide, inside = np.full((120, 160), 0.5, np.float32), np.zeros((120, 160), bool)
    wide[rows, cols], inside[rows, cols] = strength, mask
    again = separate(wide, inside, least_px=6)
    assert all(np.array_equal(b[rows, cols], a) for a, b in zip(parts, again, strict=True))


def test_a_part_smaller_than_the_smallest_thing_is_none():
    strength = drawn((STACK, 30.0), (np.s_[20:22, 50:53], 30.0))
    assert len(parts_of(strength, least_px=12)) == 1


# --- shadows of what came or went


THING = np.s_[20:30, 40:70]
BELOW, ABOVE = np.s_[30:36, 40:70], np.s_[14:20, 40:70]
REACH = (6.0, 0.0)
"""The shadow of the highest thing falls six pixels down the image."""


def with_shade(window):
    """Return evidence and shade of a thing with shade-coloured ground in a window beside it."""
    strength, shade = drawn((THING, 30.0), (window, 20.0)), NOTHING.copy()
    shade[window] = True
    return strength, shade


def test_a_shadow_is_taken_off_the_thing_that_throws_it_on_the_far_side_of_the_sun_only():
    strength, shade = with_shade(BELOW)
    kept = without_own_shadow(area_of(strength), shade, strength, REACH)
    assert not (kept & shade).any()
    assert kept[THING].all()
    strength, shade = with_shade(ABOVE)
    assert np.array_equal(without_own_shadow(area_of(strength), shade, strength, REACH), area_of(strength))


def test_each_dates_shadow_is_looked_for_on_its_own_side():
    """The shadow of what stood before lies where the sun of that date throws it."""
    strength, shade = with_shade(BELOW)
    patch = Patch(window=EVERYWHERE, mask=area_of(strength), strength=30.0)
    for shaded, taken in (((shade, NOTHING), True), ((NOTHING, shade), False)):
        things, shadow = take_apart(patch, strength, shaded, (REACH, (-6.0, 0.0)), least_px=6)
        assert shadow[shade].any() == taken
        assert len(things) == 1
        assert things[0].mask[shade].any() != taken


def test_a_dark_heap_alone_keeps_its_mask():
    """Coal is as dark and as blue as a shadow, but nothing stands sunwards of it."""
    strength, heap = drawn((THING, 20.0)), NOTHING.copy()
    heap[THING] = True
    mask = area_of(strength)
    assert np.array_equal(without_own_shadow(mask, heap, strength, REACH), mask)
    things, shadow = take_apart(
        Patch(window=EVERYWHERE, mask=mask, strength=20.0), strength, (NOTHING, heap), (REACH, REACH), least_px=6
    )
    assert [np.array_equal(t.mask, mask) for t in things] == [True]
    assert not shadow.any()


def test_where_the_sun_is_not_known_no_shadow_is_taken_off():
    strength, shade = with_shade(BELOW)
    patch = Patch(window=EVERYWHERE, mask=area_of(strength), strength=30.0)
    things, shadow = take_apart(patch, strength, (shade, shade), None, least_px=6)
    assert not shadow.any()
    assert np.array_equal(np.logical_or.reduce([t.mask for t in things]), patch.mask)


def test_a_thing_cut_off_by_its_shadow_is_kept_only_if_it_is_large_enough():
    strength, shade = with_shade(BELOW)
    patch = Patch(window=EVERYWHERE, mask=area_of(strength), strength=30.0)
    assert take_apart(patch, strength, (NOTHING, shade), (REACH, REACH), least_px=1000)[0] == []


@given(arrays(bool, (9, 13)).filter(np.any))
def test_the_smallest_rectangle_is_that_of_all_pixels_with_holes_and_gaps(mask):
    pixels = union_all([box(col, row, col + 1, row + 1) for row, col in np.argwhere(mask)])
    assert _fill(mask) == pytest.approx(mask.sum() / pixels.minimum_rotated_rectangle.area)


def test_what_is_remembered_is_bounded_and_changes_no_answer(monkeypatch):
    strength, _ = with_shade(BELOW)
    mask = area_of(strength)
    first = separate(strength, mask, least_px=6)
    monkeypatch.setattr(module, "_remembered", {})
    monkeypatch.setattr(module, "_MOST_REMEMBERED", 3)
    for least in range(6, 12):
        separate(strength, mask, least_px=least)
    assert len(module._remembered) == 3
    monkeypatch.setattr(module, "_LARGEST_PX", mask.size - 1)
    assert [np.array_equal(a, b) for a, b in zip(separate(strength, mask, least_px=6), first, strict=True)] == [
        True
    ] * len(first)
    assert len(module._remembered) == 3
