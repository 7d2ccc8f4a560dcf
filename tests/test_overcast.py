"""What hides the ground: the shade that masked clouds throw, the rims of masks, and what no mask tells."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import ndimage

from imagery_diff import compare, look
from imagery_diff.geometry import Sun
from imagery_diff.overcast import with_sky
from imagery_diff.pair_scenes import open_pair
from imagery_diff.params import Params
from imagery_diff.scene import Flag, Level

SHAPE = (400, 400)
CLOUD, SHADE = (np.s_[120:180], np.s_[120:180]), (np.s_[190:250], np.s_[150:210])


@pytest.fixture
def clouded(opened):
    """Return a pair whose second date has a cloud and its shadow, to the lower right; and that date as read."""

    def make(masks=("UDM: cloud, suspect pixels",)):
        rng = np.random.default_rng(3)
        ground = ndimage.gaussian_filter(rng.normal(0.2, 0.12, SHAPE), 2).clip(0.05)
        images = [np.stack([ground * k for k in (0.8, 0.9, 1.0, 1.4)]).astype(np.float32) for _ in range(2)]
        images[1][(slice(None), *SHADE)] *= 0.45
        images[1][(slice(None), *CLOUD)] = 0.6
        flags = np.zeros(SHAPE, np.uint8)
        flags[CLOUD] = Flag.CLOUD
        # Shadows point away from the sun: to the lower right with the sun in the upper left.
        sun = Sun(azimuth_deg=337.0, elevation_deg=40.0)
        facts = {"level": Level.SURFACE, "cloud_masked": True, "masks": masks, "sun": sun}
        looks = (opened(images[0], name="a.tif", **facts), opened(images[1], flags, name="b.tif", **facts))
        return SimpleNamespace(pair=open_pair(*looks), scene=looks[1].read())

    return make


def sky_of(pair, date):
    info = pair.infos[date]
    return with_sky(info, info.read(), pair.names, Params())[0]


def test_the_shadow_of_a_masked_cloud_is_degraded(clouded):
    case = clouded()
    flags = sky_of(case.pair, 1).flags
    assert np.mean((flags[SHADE] & Flag.SHADOW) != 0) > 0.8
    assert np.mean((flags & Flag.SHADOW) != 0) < 0.06


def test_a_mask_that_knows_shadows_is_believed(clouded):
    case = clouded(("UDM2: cloud, shadow, haze, snow, suspect pixels",))
    assert not (sky_of(case.pair, 1).flags & Flag.SHADOW).any()


@pytest.mark.parametrize("detect", ["alarm", "map"])
def test_the_map_and_the_alarm_both_know_the_thrown_shade(clouded, detect):
    result = compare("-", *clouded().pair.infos, detect=detect)
    flags = result.layers.flags[SHADE]
    assert np.mean((flags & (Flag.SHADOW | Flag.EDGE)) != 0) > 0.8


@pytest.mark.parametrize("detect", ["alarm", "map"])
def test_a_cloud_on_both_dates_at_one_place_is_known_without_a_mask(clouded, opened, detect):
    ground = clouded().pair.infos[0].read().data
    there = np.zeros(SHAPE, np.float32)
    there[CLOUD] = 1
    there = ndimage.gaussian_filter(there, 6.0)
    # It did not turn white, it is white: the pair's own check cannot tell it.
    images = [ground + there * (0.6 - ground), ground * 1.02 + there * (0.6 - ground)]
    looks = [opened(i, name=f"{k}.tif", level=Level.SURFACE) for k, i in enumerate(images)]
    result = compare("-", *looks, detect=detect)
    assert np.mean((result.layers.flags[CLOUD] & Flag.CLOUD) != 0) > 0.9
    assert np.mean((result.layers.flags & Flag.CLOUD) != 0) < 0.15
    assert any("by its look alone" in c for c in result.caveats)


@pytest.mark.parametrize(("drawn", "grown"), [(0.9, True), (0.02, False)])
def test_clouds_and_shadows_of_a_mask_are_grown_by_their_own_blur(clouded, opened, drawn, grown):
    ground = clouded().pair.infos[0].read().data
    there, shaded = np.zeros((2, *SHAPE), np.float32)
    there[CLOUD], shaded[SHADE] = 1, 1
    there, shaded = (ndimage.gaussian_filter(k, 8.0) for k in (there, shaded))
    image = ground * (1 - 0.55 * shaded) + there * (0.6 - ground)
    flags = np.where(there > drawn, np.uint8(Flag.CLOUD), np.uint8(0))
    flags[(shaded > drawn) & (flags == 0)] = Flag.SHADOW
    facts = {"level": Level.SURFACE, "cloud_masked": True, "masks": ("UDM2: cloud, shadow, haze",)}
    pair = open_pair(opened(ground, name="a.tif", **facts), opened(image, flags, name="b.tif", **facts))
    scene = pair.infos[1].read()
    soft = sky_of(pair, 1).flags
    thin, dim = (there > 0.1) & (there < 0.5), (shaded > 0.3) & (shaded < 0.8) & (there < 0.02)
    if grown:
        assert np.mean((soft[thin] & Flag.HAZE) != 0) > 0.8
        assert np.mean((soft[dim] & Flag.SHADOW) != 0) > 0.7
    assert np.mean((soft != scene.flags) & (there < 0.02) & (shaded < 0.02)) < (0.03 if grown else 0.005)


def test_a_mask_as_narrow_as_a_ship_is_not_grown_for_it_may_be_one(clouded, opened):
    image = clouded().pair.infos[0].read().data.copy()
    image[:, 200:206, 100:140] = 0.6
    image = np.stack([ndimage.gaussian_filter(band, 2.0) for band in image])
    flags = np.zeros(SHAPE, np.uint8)
    flags[198:208, 98:142] = Flag.CLOUD
    facts = {"level": Level.SURFACE, "cloud_masked": True, "masks": ("UDM2: cloud, shadow, haze",)}
    pair = open_pair(opened(image, flags, name="a.tif", **facts), opened(image, flags, name="b.tif", **facts))
    scene = pair.infos[0].read()
    assert np.array_equal(sky_of(pair, 0).flags, scene.flags)


def test_a_date_without_cloud_throws_none(clouded):
    case = clouded()
    before = case.pair.infos[0].read()
    assert np.array_equal(sky_of(case.pair, 0).flags, before.flags)


def test_one_image_has_its_masks_rims_and_thrown_shade_too(clouded):
    info = clouded().pair.infos[1]
    found = look("-", info).scene.flags
    assert np.mean((found[SHADE] & Flag.SHADOW) != 0) > 0.8
    bare = replace(info, grid=replace(info.grid, crs=None))
    unplaced = with_sky(bare, replace(info.read(), grid=bare.grid), tuple(b.name for b in info.bands), Params())[0]
    assert np.mean(unplaced.flags != found) < 0.01
