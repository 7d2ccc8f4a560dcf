"""Veils: thin cloud, cloud shade and snow come off, colours stay, and what may have gone with them is told."""

import numpy as np
import pytest
from affine import Affine
from scipy import ndimage

from imagery_diff.grid import Grid
from imagery_diff.method.radiometry import Match, Surface
from imagery_diff.method.veil import cloud_colour, cloud_colours, snow_on_one_date, take_off_clouds, take_off_snow
from imagery_diff.scene import Flag, Scene

NAMES = ("blue", "green", "red", "nir")
SHAPE = (120, 160)
CLOUD = np.array([0.62, 0.62, 0.61, 0.60])
SNOW = np.array([0.78, 0.79, 0.78, 0.70])
LIGHT_TAKEN = np.array([0.50, 0.60, 0.70, 0.80])
"""By deep shade from each band: the sky that is left is blue."""
WATER = np.array([0.06, 0.05, 0.035, 0.02])
BLUE_PAINT = np.array([0.25, 0.14, 0.08, 0.16])
GREY = np.array([0.40, 0.40, 0.40, 0.40])
THING = np.s_[50:60, 66:74]
REACH, LEAST = 12.0, 0.08
SMOOTH = np.full(SHAPE, Surface.SMOOTH, np.uint8)


@pytest.fixture
def ground(town):
    """Return a town in reflectance; (band, row, col)."""
    return (town(SHAPE, bands=4, seed=3) / 8000).astype(np.float32)


def ramp(width=24):
    """Share hidden by a cloud over the left: all of it up to column 40, none ``width`` columns on."""
    across = np.clip((40 + width - np.arange(SHAPE[1])) / width, 0.0, 1.0)
    return np.broadcast_to(across, SHAPE).astype(np.float32)


def veiled(image, colour, share):
    return (image + share * (colour.reshape(-1, 1, 1) - image)).astype(np.float32)


def shaded(image, share):
    return (image * (1 - share * LIGHT_TAKEN.reshape(-1, 1, 1))).astype(np.float32)


def scene(image, flags):
    grid = Grid(crs=None, transform=Affine(1, 0, 0, 0, 1, 0), shape=SHAPE)
    return Scene(data=image, flags=flags.astype(np.uint8), grid=grid)


def clear():
    return np.zeros(SHAPE, np.uint8)


def marked(share, flag):
    """Return the mask of a provider: what hides more than half."""
    return np.where(share > 0.5, np.uint8(flag), np.uint8(0))


def without_clouds(images, flags):
    """Take clouds off images whose numbers are already common ones."""
    level = {int(s): np.zeros(4) for s in (Surface.SMOOTH,)}
    match = Match(gain_before=np.ones(4), gain_after=np.ones(4), centre_before=level, centre_after=level)
    scenes = tuple(scene(i, f) for i, f in zip(images, flags, strict=True))
    return take_off_clouds(images, flags, cloud_colours(scenes), SMOOTH, match, reach_px=REACH, least=LEAST)


def without_snow(images, surface=SMOOTH):
    return take_off_snow(images, (clear(), clear()), NAMES, surface, share=0.02, least=LEAST)


def test_without_a_flag_nothing_is_touched(ground):
    other = veiled(ground, CLOUD, 0.3)
    found = without_clouds((ground, other), (clear(), clear()))
    assert not found.taken.any()
    assert np.array_equal(found.brightness[0], ground)
    assert np.array_equal(found.brightness[1], other)


@pytest.mark.parametrize("date", [0, 1])
def test_the_edge_of_a_cloud_comes_off_and_its_ground_counts_as_not_searched(ground, date):
    share = ramp()
    images, flags = [ground, ground], [clear(), clear()]
    images[date], flags[date] = veiled(ground, CLOUD, share), marked(share, Flag.CLOUD)
    found = without_clouds(tuple(images), tuple(flags))
    edge = np.s_[:, :, 53:63]
    assert np.abs(images[1] - images[0])[edge].max() > 0.1
    assert np.abs(found.brightness[1] - found.brightness[0])[edge].max() < 0.02
    assert np.array_equal(found.taken[edge[1:]], (share > LEAST)[edge[1:]])
    assert np.array_equal(found.brightness[1 - date], ground)


def test_beyond_the_reach_of_a_cloud_a_change_of_brightness_stays(ground):
    share = ramp(48)
    found = without_clouds((ground, veiled(ground, CLOUD, share)), (clear(), marked(share, Flag.CLOUD)))
    far = np.arange(SHAPE[1]) > np.flatnonzero(share[0] > 0.5).max() + REACH
    assert np.array_equal(found.brightness[1][:, :, far], veiled(ground, CLOUD, share)[:, :, far])
    assert not found.taken[:, far].any()


def test_beside_a_cloud_a_blue_thing_keeps_its_colour_and_the_ground_of_a_grey_one_counts_as_not_searched(ground):
    share = ramp(46)
    left = {}
    for name, paint in (("blue", BLUE_PAINT), ("grey", GREY)):
        bare = ground.copy()
        bare[(slice(None), *THING)] = 0.2
        after = bare.copy()
        after[(slice(None), *THING)] = paint.reshape(-1, 1, 1)
        found = without_clouds((bare, veiled(after, CLOUD, share)), (clear(), marked(share, Flag.CLOUD)))
        inside = (found.brightness[1] - found.brightness[0])[(slice(None), *THING)]
        left[name] = np.linalg.norm(inside, axis=0).mean()
        assert name == "blue" or found.taken[THING].all()
    assert left["blue"] > 0.05
    assert left["grey"] < 0.02


def test_the_edge_of_cloud_shade_comes_off_in_the_colour_that_its_middle_has(ground):
    share = ramp()
    before, after = ground, shaded(ground, share)
    found = without_clouds((before, after), (clear(), marked(share, Flag.SHADOW)))
    edge = np.s_[:, :, 53:63]
    assert np.abs(after - before)[edge].mean() > 0.02
    assert np.abs(found.brightness[1] - found.brightness[0])[edge].max() < 0.01
    # As much as the mean of the bands loses.
    lost = (share * LIGHT_TAKEN.mean())[edge[1:]]
    assert found.taken[edge[1:]][lost > 1.1 * LEAST].all()
    assert not found.taken[edge[1:]][lost < 0.9 * LEAST].any()


def test_swapping_the_dates_swaps_the_images_and_nothing_else(ground):
    share = ramp()
    images = (shaded(ground, share[:, ::-1]), veiled(ground, CLOUD, share))
    flags = (marked(share[:, ::-1], Flag.SHADOW), marked(share, Flag.CLOUD))
    one, other = without_clouds(images, flags), without_clouds(images[::-1], flags[::-1])
    assert np.array_equal(one.taken, other.taken)
    for image, swapped in zip(one.brightness, other.brightness[::-1], strict=True):
        assert np.array_equal(image, swapped)


def test_haze_over_most_of_the_ground_is_no_veil(ground):
    flags = np.full(SHAPE, Flag.HAZE, np.uint8)
    after = ground.copy()
    after[(slice(None), *THING)] = 0.5
    found = without_clouds((ground, after), (clear(), flags))
    assert np.array_equal(found.brightness[1], after)


def test_the_colour_of_deep_cloud_is_read_under_the_mask_and_white_stands_in_for_it(ground):
    share = ramp()
    assert cloud_colour(veiled(ground, CLOUD, share), marked(share, Flag.CLOUD)) == pytest.approx(CLOUD, abs=0.01)
    painted = ground.copy()
    painted[:, :20] = 0.9
    assert cloud_colour(painted, clear()) == pytest.approx(np.full(4, 0.9))


def snowfall(seed=5):
    """Share of each pixel under snow: fine patches over a third of the ground."""
    lie = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=SHAPE), 2.0)
    return (1 / (1 + np.exp(-4 * (lie / lie.std() - 0.5)))).astype(np.float32)


@pytest.mark.parametrize("date", [0, 1])
def test_snow_on_one_date_comes_off_and_its_ground_counts_as_not_searched(ground, date):
    share = snowfall()
    images = [ground, ground]
    images[date] = veiled(ground, SNOW, share)
    found = without_snow(tuple(images))
    assert np.abs(images[1] - images[0]).mean() > 0.1
    assert np.abs(found.brightness[1] - found.brightness[0]).mean() < 0.01
    assert np.mean(found.taken == (share > LEAST)) > 0.98
    assert np.array_equal(found.brightness[1 - date], ground)
    assert found.snowy == (date == 0, date == 1)
    assert without_snow((ground, ground)).snowy == (False, False)


def test_snow_leaves_open_water_and_the_ship_on_it_alone(ground):
    surface = SMOOTH.copy()
    surface[:, 90:] = Surface.WATER
    before, share = ground.copy(), snowfall()
    before[:, :, 90:] = WATER.reshape(-1, 1, 1)
    share[:, 90:] = 0
    after = veiled(before, SNOW, share)
    ship = np.s_[40:80, 120:128]
    after[(slice(None), *ship)] = GREY.reshape(-1, 1, 1)
    found = without_snow((before, after), surface)
    offshore = np.s_[:, 94:]
    assert np.array_equal(found.brightness[1][:, :, 94:], after[:, :, 94:])
    assert not found.taken[offshore].any()
    assert found.taken[:, :90].any()


@pytest.mark.parametrize("white", [np.array([0.40, 0.425, 0.43, 0.45]), np.array([0.5, 0.5, 0.5, 0.5])])
def test_white_paint_and_grey_cloud_are_no_snow(ground, white):
    after = ground.copy()
    after[:, :60] = white.reshape(-1, 1, 1)
    found = without_snow((ground, after))
    assert np.array_equal(found.brightness[1], after)
    assert not found.taken.any()


def test_a_thing_as_white_as_snow_is_no_snowfall(ground):
    after = ground.copy()
    after[(slice(None), *THING)] = SNOW.reshape(-1, 1, 1)
    assert np.mean((after != ground).any(axis=0)) < 0.02
    assert not without_snow((ground, after)).taken.any()


def test_without_near_infrared_nothing_is_called_snow(ground):
    images = (ground[:3], veiled(ground, SNOW, snowfall())[:3])
    found = take_off_snow(images, (clear(), clear()), NAMES[:3], SMOOTH, share=0.02, least=LEAST)
    assert not found.taken.any()


@pytest.mark.parametrize("date", [0, 1])
def test_ground_under_snow_on_one_date_is_known_before_anything_is_matched(ground, date):
    share = snowfall()
    images = [ground, ground]
    images[date] = veiled(ground, SNOW, share)
    found = snow_on_one_date(tuple(images), np.ones(share.shape, bool), NAMES, share=0.01, least=0.15)
    assert found[share > 0.3].mean() > 0.99
    assert not found[share < 0.05].any()


def test_one_white_thing_is_no_snow_to_register_without(ground):
    images = (ground, ground.copy())
    images[1][:, 10:14, 10:14] = SNOW[:, None, None]
    assert not snow_on_one_date(images, np.ones(ground.shape[1:], bool), NAMES, share=0.01, least=0.15).any()
