"""Radiometry: gain and offset come back through real change, swapping changes nothing, water is not paint."""

import numpy as np
import pytest
from scipy import ndimage

from imagery_diff.method import radiometry
from imagery_diff.method.radiometry import (
    Surface,
    apply_match,
    classify_ground,
    estimate_match,
    middle_level,
    plants,
)

NAMES = ("blue", "green", "red", "nir")
WATER = np.array([700, 620, 450, 250.0])
CONCRETE = np.array([1500, 1600, 1700, 1900.0])
LEAVES = np.array([350, 650, 420, 3200.0])
BLUE_PAINT = np.array([1900, 1100, 600, 1500.0])
GREEN_PAINT = np.array([500, 1300, 700, 800.0])


def noisy(image, seed, size=12.0):
    grain = np.random.default_rng(seed).normal(0, size, image.shape)
    return (image + ndimage.gaussian_filter(grain, (0, 0.6, 0.6)) * 1.5).astype(np.float32)


@pytest.fixture
def harbour(town):
    """Left half water, right half a town; (band, row, col)."""
    image = CONCRETE.reshape(-1, 1, 1) * town((160, 200), seed=2) / 1000
    image[:, :, :100] = WATER.reshape(-1, 1, 1)
    return image


def ground(before, after, **changes):
    options = {"texture_px": 11, "ndvi": 0.3} | changes
    return classify_ground((before, after), np.ones(before.shape[1:], bool), NAMES, **options)


def paint(image, window, colour):
    image[(slice(None), *window)] = np.reshape(colour, (-1, 1, 1))
    return image


def test_gain_and_offset_come_back_with_three_tenths_of_the_ground_changed(town):
    before = town((200, 200), bands=4, seed=5)
    gain, offset = np.array([0.7, 0.9, 1.2, 1.6]), np.array([150, -80, 20, 300.0])
    after = before * gain.reshape(-1, 1, 1) + offset.reshape(-1, 1, 1)
    after[:, :60] = town((60, 200), bands=4, seed=6) * 1.5 + 700
    before, after = noisy(before, 1), noisy(after, 2)
    surface = np.full((200, 200), Surface.SMOOTH, np.uint8)
    match = estimate_match(before, after, surface)
    assert match.relative_gain == pytest.approx(gain, rel=0.05)
    one, two = apply_match(before, after, surface, match, drift_px=81)
    kept = np.s_[:, 110:]
    residual = np.abs((two - one)[kept])
    # Unchanged ground agrees to well under a tenth of its own spread.
    assert np.median(residual) < 0.1 * one[kept].std()


def test_swapping_the_images_changes_nothing(harbour):
    before, after = noisy(harbour, 1), noisy(harbour * 1.3 + 90, 2)
    cover, other = ground(before, after), ground(after, before)
    assert np.array_equal(cover.surface, other.surface)
    assert np.array_equal(cover.texture, other.texture)
    match, back = estimate_match(before, after, cover.surface), estimate_match(after, before, cover.surface)
    assert match.relative_gain == pytest.approx([1 / g for g in back.relative_gain], rel=1e-9)
    one = apply_match(before, after, cover.surface, match, drift_px=41)
    two = apply_match(after, before, cover.surface, back, drift_px=41)
    np.testing.assert_allclose(one[0], two[1], rtol=1e-5, atol=1e-2)
    np.testing.assert_allclose(one[1], two[0], rtol=1e-5, atol=1e-2)


def test_slow_haze_is_taken_out_and_an_object_is_not(town):
    before = town((240, 240), bands=4, seed=7)
    haze = 250 * np.linspace(0, 1, 240) ** 2
    after = noisy(before + haze, 2)
    after[:, 100:112, 120:150] += 900
    before = noisy(before, 1)
    surface = np.full((240, 240), Surface.SMOOTH, np.uint8)
    one, two = apply_match(before, after, surface, estimate_match(before, after, surface), drift_px=81)
    left = two - one
    assert abs(np.median(left[:, :, 20:80]) - np.median(left[:, :, 160:220])) < 40
    assert np.median(left[:, 102:110, 122:148]) > 700


def test_water_is_told_from_blue_and_green_paint_and_from_shade(harbour):
    scene = harbour.copy()
    paint(scene, np.s_[20:30, 130:160], BLUE_PAINT)
    paint(scene, np.s_[50:60, 130:160], GREEN_PAINT)
    # Shaded concrete: the sky's blue light remains.
    paint(scene, np.s_[80:100, 130:160], CONCRETE * [0.34, 0.28, 0.24, 0.18])
    cover = ground(noisy(scene, 1), noisy(scene, 2))
    assert np.mean(cover.surface[:, 5:95] == Surface.WATER) > 0.99
    for window in (np.s_[22:28, 132:158], np.s_[52:58, 132:158], np.s_[82:98, 132:158]):
        assert np.mean(cover.surface[window] == Surface.WATER) < 0.02


def test_water_under_grey_glint_on_one_date_stays_water_and_concrete_does_not_become_it(harbour):
    waves = ndimage.gaussian_filter(np.random.default_rng(5).normal(size=harbour.shape[1:]), 0.7)
    glint = np.zeros(harbour.shape)
    glint[:, :, :100] = np.maximum(1500 + 900 * waves / waves.std(), 300)[:, :100]
    calm, bright = noisy(harbour, 1), noisy(harbour + glint, 2)
    index = (bright[1] - bright[3]) / (bright[1] + bright[3])
    # Too few pixels are plainly water on the date with glint.
    assert np.count_nonzero(ndimage.binary_erosion(index > 0.1, iterations=2)) < 500
    for pair in ((calm, bright), (bright, calm)):
        surface = ground(*pair).surface == Surface.WATER
        assert surface[5:-5, 5:92].mean() > 0.95
        assert surface[:, 108:].mean() < 0.02


def test_a_ship_on_one_date_leaves_the_ground_water_and_shows_on_which_date_it_was_open(harbour):
    window = np.s_[60:75, 30:70]
    after = noisy(paint(harbour.copy(), window, CONCRETE), 2)
    cover = ground(noisy(harbour, 1), after)
    inner = np.s_[62:73, 32:68]
    assert np.mean(cover.surface[inner] == Surface.WATER) > 0.99
    assert np.mean(cover.water[0][inner]) > 0.99
    assert np.mean(cover.water[1][inner]) < 0.01


def test_plants_are_set_apart_and_a_blue_roof_is_none(harbour):
    scene = harbour.copy()
    paint(scene, np.s_[20:40, 120:150], LEAVES)
    paint(scene, np.s_[90:100, 120:150], BLUE_PAINT)
    cover = ground(noisy(scene, 1), noisy(harbour, 2))
    assert (cover.surface[20:40, 120:150] == Surface.VEGETATION).all()
    assert not (cover.surface[91:99, 121:149] == Surface.VEGETATION).any()
    assert plants(noisy(scene, 1), noisy(harbour, 2), NAMES, ndvi=0.3)[18, 125]


def test_without_near_infrared_the_drawn_water_is_asked_and_without_both_nothing_is_called_water(harbour):
    rgb, names = harbour[:3], NAMES[:3]
    images = noisy(rgb, 1), noisy(rgb, 2)
    seen = np.ones(rgb.shape[1:], bool)
    options = {"texture_px": 11, "ndvi": 0.3}
    assert classify_ground(images, seen, names, **options).water is None
    hint = np.zeros_like(seen)
    hint[30:130, 20:80] = True
    cover = classify_ground(images, seen, names, **options, water_hint=hint)
    assert np.mean(cover.water[0][:, 5:95]) > 0.98
    assert np.mean(cover.water[0][:, 105:]) < 0.02


def test_what_has_the_colour_of_water_and_lies_by_itself_on_land_is_none(harbour):
    rgb, names = harbour[:3], NAMES[:3]
    seen, hint = np.ones(rgb.shape[1:], bool), np.zeros(rgb.shape[1:], bool)
    hint[30:130, 20:80] = True
    heap = paint(rgb.copy(), np.s_[60:90, 130:160], WATER[:3])
    ship = paint(rgb.copy(), np.s_[20:50, 60:99], CONCRETE[:3])
    options = {"texture_px": 11, "ndvi": 0.3, "water_hint": hint}
    cover = classify_ground((noisy(heap, 1), noisy(ship, 2)), seen, names, **options)
    assert not any(date[58:92, 128:162].any() for date in cover.water)
    assert not (cover.surface[62:88, 132:158] == Surface.WATER).any()
    # The ship's berth is water of the other date, with water of both beside it.
    assert (cover.surface[22:48, 62:96] == Surface.WATER).mean() > 0.98


def test_unseen_ground_has_no_class(harbour):
    seen = np.ones(harbour.shape[1:], bool)
    seen[:50, :50] = False
    cover = classify_ground((noisy(harbour, 1), noisy(harbour, 2)), seen, NAMES, texture_px=11, ndvi=0.3)
    assert (cover.surface[:50, :50] == Surface.UNSEEN).all()
    assert (cover.surface[seen] != Surface.UNSEEN).all()


def test_one_band_of_constant_value_gives_finite_numbers():
    flat = np.full((1, 60, 60), 40.0, np.float32)
    surface = np.full((60, 60), Surface.SMOOTH, np.uint8)
    out = apply_match(flat, flat, surface, estimate_match(flat, flat, surface), drift_px=21)
    assert np.isfinite(out).all()


def test_each_class_stands_at_its_middle_level_on_both_dates_once_matched(town):
    before = town(bands=3, seed=4)
    after = before * np.float32(1.3) + 50
    surface = np.full(before.shape[1:], Surface.SMOOTH, np.uint8)
    surface[:, :60], surface[:30] = Surface.WATER, Surface.UNSEEN
    match = estimate_match(before, after, surface)
    matched = apply_match(before, after, surface, match, drift_px=41)
    for kind, level in middle_level(match).items():
        here = surface == kind
        expected = (before[:, here] - match.centre_before[kind][:, None]) * match.gain_before[:, None] + level[:, None]
        for image in matched:
            np.testing.assert_allclose(image[:, here], expected, atol=1.0)
    assert all((image[:, :30] == 0).all() for image in matched)


def test_images_matched_in_their_own_place_are_those_matched_into_another(town):
    before, after = town(bands=2, seed=4), town(bands=2, seed=5)
    surface = np.full(before.shape[1:], Surface.SMOOTH, np.uint8)
    match = estimate_match(before, after, surface)
    apart = apply_match(before, after, surface, match, drift_px=41)
    assert apart[0] is not before
    inside = apply_match(before, after, surface, match, drift_px=41, out=(before, after))
    assert inside[0] is before
    np.testing.assert_array_equal(inside, apart)


def test_a_match_from_a_sample_is_that_of_all_pixels(town, monkeypatch):
    before = np.tile(town(bands=2, seed=5), (1, 2, 2))
    rng = np.random.default_rng(5)
    after = before * np.float32(1.2) + rng.normal(100, 20, before.shape).astype(np.float32)
    surface = np.full(before.shape[1:], Surface.SMOOTH, np.uint8)
    whole = estimate_match(before, after, surface)
    monkeypatch.setattr(radiometry, "_SAMPLE_PX", surface.size // 7)
    part, back = estimate_match(before, after, surface), estimate_match(after, before, surface)
    np.testing.assert_allclose(part.relative_gain, whole.relative_gain, rtol=0.01)
    np.testing.assert_allclose(part.gain_before, back.gain_after, rtol=1e-9)


def test_slow_drift_taken_of_cells_is_that_of_a_mean_around_every_pixel():
    """The reference is the definition itself: twice the local mean of the clipped rest, for one class of ground."""
    rng = np.random.default_rng(8)
    rows, cols = np.mgrid[:300, :260] / 300
    haze = np.stack([rows**2, np.sin(3 * cols), rows * cols]).astype(np.float32)
    before = rng.normal(0, 0.1, haze.shape).astype(np.float32)
    after = before + haze + rng.normal(0, 0.1, haze.shape).astype(np.float32)
    after[:, 100:130, 50:90] += 5
    surface = np.full(haze.shape[1:], Surface.SMOOTH, np.uint8)
    ones, zeros = np.ones(3), {int(Surface.SMOOTH): np.zeros(3)}
    match = radiometry.Match(gain_before=ones, gain_after=ones, centre_before=zeros, centre_after=zeros)
    gains = (np.ones((3, 1, 1), np.float32),) * 2
    difference = radiometry._Difference(before=before, after=after, gains=gains)
    found = radiometry._estimate_drift(difference, surface, match, 205)
    whole = radiometry.blocks.tiles(surface.shape, side=surface.shape)[0]
    expected = np.zeros_like(haze)
    for _ in range(2):
        left = after - before - expected
        limit = 2.5 * 1.4826 * np.median(np.abs(left), axis=(1, 2), keepdims=True)
        expected += ndimage.uniform_filter(np.clip(left, -limit, limit), (0, 205, 205))
    off = found.over(whole, surface) - expected
    assert np.abs(off).max() < 0.02
    assert np.sqrt(np.mean(off**2)) < 0.005


def test_slow_drift_does_not_depend_on_the_tiling(monkeypatch):
    rng = np.random.default_rng(9)
    before, after = rng.normal(size=(2, 2, 150, 170)).astype(np.float32)
    surface = rng.choice([Surface.UNSEEN, Surface.WATER, Surface.SMOOTH], (150, 170)).astype(np.uint8)
    match = estimate_match(before, after, surface)
    one = apply_match(before, after, surface, match, drift_px=61)
    monkeypatch.setattr(radiometry.blocks, "TILE_PX", (37, 64))
    np.testing.assert_allclose(one, apply_match(before, after, surface, match, drift_px=61), atol=1e-5)


def test_land_whose_raw_numbers_are_green_is_no_water(harbour):
    # Raw numbers have a gain for each band; water stays what is darkest in the near infrared.
    raw = harbour * np.array([2.0, 2.0, 1.5, 0.8]).reshape(-1, 1, 1)
    images = noisy(raw, 1), noisy(raw, 2)
    land = np.s_[:, 104:]
    assert np.mean(ground(*images).surface[land] == Surface.WATER) > 0.3
    cover = ground(*images, reflectance=False)
    assert np.mean(cover.surface[land] == Surface.WATER) < 0.01
    assert np.mean(cover.surface[:, :96] == Surface.WATER) > 0.99
