"""Regions: outlines and lengths of things of known size, always valid; when something stood there."""

from dataclasses import replace

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage
from shapely import Polygon
from shapely.affinity import rotate

from imagery_diff.grid import Grid
from imagery_diff.method.evidence import Threshold
from imagery_diff.method.radiometry import Surface
from imagery_diff.method.regions import (
    SURVEY,
    Direction,
    Patch,
    Scale,
    areas_and_things,
    cover_of,
    direction_of,
    find_patches,
    outline_at,
    outline_of,
    weaker,
    whole,
)
from imagery_diff.method.zones import inside

FINE = 8


def grid(shape=(90, 100), size=3.0, crs="EPSG:32652"):
    transform = Affine(size, 0, 605_000, 0, -size, 4_677_000) if crs else Affine.identity()
    return Grid(crs=crs, transform=transform, shape=shape)


def rendered(shape_m, on):
    """Share of each pixel that a polygon covers, blurred as delivered (sigma 0.8 px)."""
    (rows, cols), t = on.shape, on.transform
    fine = Grid(
        crs=on.crs,
        transform=Affine(t.a / FINE, t.b / FINE, t.c, t.d / FINE, t.e / FINE, t.f),
        shape=(rows * FINE, cols * FINE),
    )
    cover = inside(shape_m, fine).reshape(rows, FINE, cols, FINE).mean(axis=(1, 3))
    return ndimage.gaussian_filter(cover.astype(np.float32), 0.8)


def patch_of(mask, strength=20.0):
    return Patch(window=(slice(0, mask.shape[0]), slice(0, mask.shape[1])), mask=mask, strength=strength)


@pytest.mark.parametrize("azimuth", [0, 17, 45, 90, 123, 145])
@pytest.mark.parametrize(("length", "width"), [(90, 21), (115, 16), (45, 24)])
def test_a_rectangle_of_known_size_and_azimuth_is_measured_within_a_pixel(length, width, azimuth):
    on = grid()
    x, y = on.xy(45.3, 50.2)
    upright = Polygon(
        [
            (x - width / 2, y - length / 2),
            (x + width / 2, y - length / 2),
            (x + width / 2, y + length / 2),
            (x - width / 2, y + length / 2),
        ]
    )
    truth = rotate(upright, -azimuth)  # an azimuth runs clockwise
    difference = 30 * rendered(truth, on)
    shape = outline_of(patch_of(difference > 6), difference, on)
    assert shape.length_m == pytest.approx(length, abs=3)
    assert shape.width_m == pytest.approx(width, abs=3)
    assert shape.area_m2 == pytest.approx(length * width, rel=0.12)
    apart = abs(shape.orientation_deg - azimuth) % 180
    assert min(apart, 180 - apart) < 3
    assert shape.outline.centroid.distance(truth.centroid) < 1.0
    assert 0 <= shape.orientation_deg < 180


def test_in_pixels_rows_run_down_and_lengths_are_in_pixels():
    on = grid((60, 80), crs=None)
    # A bar from the upper left to the lower right, as north-west to south-east: azimuth 135.
    bar = rotate(Polygon([(25, 27), (55, 27), (55, 33), (25, 33)]), 45)
    difference = 30 * rendered(bar, on)
    shape = outline_of(patch_of(difference > 6), difference, on)
    assert shape.length_m == pytest.approx(30, abs=1)
    assert shape.orientation_deg == pytest.approx(135, abs=3)


@given(
    mask=arrays(bool, (14, 17), elements=st.booleans()),
    strength=arrays(np.float32, (14, 17), elements=st.floats(0, 50, width=32)),
)
@settings(max_examples=120, deadline=None)
def test_outlines_are_valid_whatever_changed(mask, strength):
    mask[7, 8] = True
    wide = np.pad(mask, 4)
    shape = outline_of(patch_of(wide), np.pad(strength, 4), grid(wide.shape))
    if shape is None:
        return
    assert shape.outline.is_valid
    assert shape.outline.area > 0
    assert shape.width_m <= shape.length_m
    assert all(np.isfinite([shape.length_m, shape.width_m, shape.area_m2, shape.orientation_deg]))


def level(seed=10.0, grow=5.0):
    return Threshold(location=2.0, scale=0.5, blocks=50, seed=seed, grow=grow)


def find(strength, surface=None, barred=None, min_px=6):
    surface = np.full(strength.shape, Surface.SMOOTH, np.uint8) if surface is None else surface
    barred = np.zeros(strength.shape, bool) if barred is None else barred
    scale = Scale(
        strength=strength.astype(np.float32), levels={int(s): level() for s in (Surface.SMOOTH, Surface.WATER)}
    )
    return find_patches([scale], surface, barred, min_px=min_px)


def field():
    strength = np.zeros((60, 60))
    strength[10:16, 10:30] = 7
    strength[12, 14] = 12
    strength[40:46, 10:30] = 7  # never reaches the seeding level
    strength[30, 50:53] = 30  # too few pixels
    return strength


def test_a_region_needs_a_strong_pixel_and_enough_weak_ones():
    found = find(field())
    assert len(found) == 1
    assert found[0].strength == 12
    assert found[0].mask.sum() == 6 * 20


def test_barred_pixels_take_no_part_and_begin_nothing():
    strength = field()
    barred = np.zeros(strength.shape, bool)
    barred[:, 20:] = True
    assert find(strength, barred=barred)[0].mask.sum() == 6 * 10
    assert find(strength, barred=strength > 10) == []


def test_ship_and_stack_side_by_side_are_two_and_come_strongest_first():
    strength = np.zeros((60, 60))
    strength[20:32, 10:50] = 20
    strength[32:44, 10:50] = 30
    surface = np.full((60, 60), Surface.SMOOTH, np.uint8)
    surface[32:] = Surface.WATER
    found = find(strength, surface)
    assert [p.strength for p in found] == [30, 20]
    assert [int(p.mask.sum()) for p in found] == [480, 480]


def test_a_ships_blur_over_the_quay_is_no_second_object():
    strength = np.zeros((60, 60))
    strength[29:44, 10:50] = 30
    surface = np.full((60, 60), Surface.SMOOTH, np.uint8)
    surface[32:] = Surface.WATER
    assert len(find(strength, surface)) == 1


def test_direction_is_the_date_on_which_it_stands_out_and_turns_with_the_dates():
    empty, full = np.zeros((2, 40, 40), np.float32), np.zeros((2, 40, 40), np.float32)
    mask = np.zeros((40, 40), bool)
    mask[15:22, 12:28] = True
    full[:, mask] = 9
    other = full.copy()
    other[0, mask] = -9
    seen = np.ones((40, 40), bool)
    patch = patch_of(mask)
    frame = np.eye(len(full))
    assert direction_of(patch, (empty, full), frame, seen, None) == Direction.APPEARED
    assert direction_of(patch, (full, empty), frame, seen, None) == Direction.DISAPPEARED
    assert direction_of(patch, (full, other), frame, seen, None) == Direction.CHANGED
    # On water the date of open water decides, whatever the brightness.
    water = np.ones((40, 40), bool), ~mask
    assert direction_of(patch, (full, other), frame, seen, water) == Direction.APPEARED
    assert direction_of(patch, (full, other), frame, seen, water[::-1]) == Direction.DISAPPEARED


# --- when something stood there, on ground that is not even


def uneven(seed, spread=1.0):
    """Return standing ground whose brightness wanders by ``spread`` over some ten pixels; (band, row, col)."""
    ground = np.random.default_rng(seed).normal(0, 1, (3, 60, 70))
    ground = ndimage.gaussian_filter(ground, (0, 5, 5))
    return (ground / ground.std() * spread).astype(np.float32)


def two_looks(seed, contrast, spread):
    """Return two looks at uneven ground, a thing 8 x 24 pixels on the second, and the thing's mask."""
    ground, mask = uneven(seed, spread), np.zeros((60, 70), bool)
    mask[26:34, 22:46] = True
    thing = ndimage.gaussian_filter(np.where(mask, contrast, 0.0), 0.8)
    noise = ndimage.gaussian_filter(np.random.default_rng(seed + 99).normal(0, 0.4, (2, 3, 60, 70)), (0, 0, 0.7, 0.7))
    grown = ndimage.binary_dilation(mask, iterations=1)
    return (ground + noise[0]).astype(np.float32), (ground + thing + noise[1]).astype(np.float32), grown


@pytest.mark.parametrize("contrast", [6.0, -6.0])
@pytest.mark.parametrize("seed", range(6))
def test_a_thing_on_ground_as_uneven_as_itself_is_dated_by_its_rim(contrast, seed):
    """The surround as a whole differs from the empty place as much as from the thing: only at the rim is it told."""
    empty, full, mask = two_looks(seed, contrast, spread=5.0)
    said = [
        direction_of(patch_of(mask), pair, np.eye(3), np.ones(mask.shape, bool), None)
        for pair in ((empty, full), (full, empty))
    ]
    assert said == [Direction.APPEARED, Direction.DISAPPEARED]


def test_a_thing_that_replaces_another_of_like_contrast_has_changed():
    empty, full, mask = two_looks(1, 6.0, spread=0.5)
    other = 2 * empty - full
    assert direction_of(patch_of(mask), (full, other), np.eye(3), np.ones(mask.shape, bool), None) == Direction.CHANGED


def test_a_neighbour_that_left_is_no_ground_to_hold_a_thing_against():
    empty, full, mask = two_looks(2, 6.0, spread=0.5)
    # It stands on three sides of the thing, a pixel off; above the thing is bare ground.
    beside = ndimage.binary_dilation(mask, iterations=9) & ~ndimage.binary_dilation(mask, iterations=1)
    beside[: np.nonzero(mask)[0].min()] = False
    empty[:, beside] += 12
    frame, everywhere = np.eye(3), np.ones(mask.shape, bool)
    said = [
        direction_of(patch_of(mask), (empty, full), frame, seen, None) for seen in (everywhere, everywhere & ~beside)
    ]
    assert said == [Direction.DISAPPEARED, Direction.APPEARED]


def test_without_any_ground_at_the_rim_nothing_is_said_of_when():
    empty, full, mask = two_looks(3, 6.0, spread=0.5)
    assert direction_of(patch_of(mask), (empty, full), np.eye(3), mask, None) == Direction.CHANGED


def cover_scale(score, level=3.0):
    threshold = Threshold(location=1.0, scale=1.0, blocks=0, seed=level, grow=level)
    return Scale(name=SURVEY, strength=score, levels={int(Surface.SMOOTH): threshold})


def boxed(box, shape=(60, 80)):
    mask = np.zeros(shape, bool)
    mask[box] = True
    return Patch(window=(slice(0, shape[0]), slice(0, shape[1])), mask=mask, strength=5.0)


FIELD = np.full((60, 80), 3.0, np.float32)


def test_an_area_keeps_its_shape_and_swallows_the_things_within_it():
    area, thing = boxed(np.s_[10:40, 10:50]), boxed(np.s_[12:20, 12:20])
    (kept,) = areas_and_things([area], [thing], FIELD, least=2.0)
    assert kept.area
    assert (kept.mask == area.mask).all()


def test_an_area_that_things_fill_is_those_things():
    area, thing = boxed(np.s_[10:20, 10:30]), boxed(np.s_[10:20, 11:29])
    (kept,) = areas_and_things([area], [thing], FIELD, least=2.0)
    assert not kept.area


def test_things_outside_the_areas_stay():
    kept = areas_and_things([boxed(np.s_[10:40, 10:50])], [boxed(np.s_[50:54, 60:64])], FIELD, least=2.0)
    assert [p.area for p in kept].count(False) == 1
    assert len(kept) == 2


def test_an_area_without_evidence_is_none():
    assert areas_and_things([boxed(np.s_[10:40, 10:50])], [], FIELD, least=4.0) == []


def test_the_map_s_score_is_told_in_levels_and_only_a_map_has_one():
    other = replace(cover_scale(FIELD), name="pixel")
    assert cover_of([other]) is None
    assert np.allclose(cover_of([other, cover_scale(2 * FIELD)]), 2.0)


def test_the_outline_of_an_area_holds_what_was_called_hole_and_all():
    """Land cover has lakes in it and arms two pixels wide; a thing's outline would lose both."""
    called = np.zeros((60, 80), bool)
    called[10:40, 10:50] = True
    called[20:28, 20:30] = False
    called[30:32, 50:70] = True
    score = np.where(called, 1.5, 0.5).astype(np.float32)
    area = replace(boxed(np.s_[0:1, 0:1]), mask=called, area=True)
    shape = outline_at(area, score, 1.0, Grid(crs=None, transform=Affine.identity(), shape=(60, 80)))
    assert shape.area_m2 == pytest.approx(np.count_nonzero(called), rel=0.02)


def solid(rows, cols):
    return Patch(
        window=(rows, cols), mask=np.ones((rows.stop - rows.start, cols.stop - cols.start), bool), strength=4.0
    )


def test_candidates_of_lower_levels_leave_what_was_found_as_it_was_drawn():
    surface = np.full((40, 60), Surface.SMOOTH, np.uint8)
    level = Threshold(location=0.0, scale=1.0, blocks=0, seed=3.0, grow=2.0)
    strength = np.full(surface.shape, 2.5, np.float32)
    found = solid(slice(10, 20), slice(10, 20))
    wider, apart = solid(slice(8, 22), slice(8, 50)), solid(slice(30, 34), slice(10, 20))
    scales = [Scale(strength=strength, levels={int(Surface.SMOOTH): level})]
    (kept,) = weaker([wider, apart], [found], scales, surface, min_px=6)
    assert kept.window == apart.window
    assert found.firm
    assert not kept.firm
    # A weaker thing that lower levels join to what was found is a candidate of its own, but for the fringe.
    strength[15, 40] = 3.5
    beside, kept = weaker([wider, apart], [found], scales, surface, min_px=6)
    assert np.argwhere(beside.mask).min(axis=0)[1] + beside.window[1].start == 24
    assert not beside.firm


def test_a_second_thing_beyond_a_gap_is_not_the_rest_of_the_first():
    one, other = solid(slice(10, 14), slice(8, 16)), solid(slice(10, 14), slice(24, 38))
    both = solid(slice(9, 15), slice(6, 40))
    height = np.full((40, 40), 1.0, np.float32)
    height[one.window], height[other.window] = 9.0, 6.0
    assert whole([one], [both], height) == [one]


def test_a_candidate_that_touches_only_a_corner_of_what_was_found_does_not_take_its_place():
    found, beside = solid(slice(10, 20), slice(10, 20)), solid(slice(19, 39), slice(19, 39))
    height = np.full((40, 40), 9.0, np.float32)
    assert whole([found], [beside], height) == [found]


def test_a_weak_surround_does_not_take_the_place_of_what_was_found():
    found, wider = solid(slice(10, 20), slice(10, 20)), solid(slice(4, 26), slice(4, 26))
    height = np.zeros((40, 40), np.float32)
    height[wider.window], height[found.window] = 2.0, 9.0
    assert whole([found], [wider], height) == [found]


@pytest.mark.parametrize("others", [1, 2])
def test_a_thing_of_which_only_a_part_reached_the_level_is_told_whole_but_two_things_are_not_one(others):
    parts = [solid(slice(10, 14), slice(8, 12)), solid(slice(10, 14), slice(30, 34))][:others]
    ship = solid(slice(9, 15), slice(6, 38))
    height = np.zeros((40, 40), np.float32)
    height[ship.window] = 6.0
    for part in parts:
        height[part.window] = 9.0
    told = whole(parts, [ship], height)
    assert [p.window for p in told] == ([ship.window] if others == 1 else [p.window for p in parts])
