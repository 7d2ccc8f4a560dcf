"""A mask that marks clouds only is enough to find their shade."""

import numpy as np
import pytest
from scipy import ndimage

from imagery_diff.geometry import Sun
from imagery_diff.method.cloud_shade import project_shadow

NAMES = ("blue", "green", "red", "nir")
SHAPE = (300, 320)
ROWS, COLS = np.mgrid[: SHAPE[0], : SHAPE[1]]
SEEN = np.ones(SHAPE, bool)
CLOUD = np.array([0.62, 0.62, 0.61, 0.60]).reshape(-1, 1, 1)


def puff(row, col, radius):
    return np.hypot(ROWS - row, COLS - col) < radius


def scene(cloud, shade, left=0.45):
    rng = np.random.default_rng(5)
    fields = ndimage.gaussian_filter(rng.normal(size=SHAPE), 3.0)
    image = np.array([0.05, 0.07, 0.08, 0.25]).reshape(-1, 1, 1) * np.exp(0.15 * fields / fields.std())
    image[:, ROWS > 240] = np.array([0.06, 0.07, 0.05, 0.02]).reshape(-1, 1)
    image = image * np.where(shade, left, 1.0)
    return np.where(cloud, CLOUD, image).astype(np.float32)


@pytest.mark.parametrize(("azimuth", "down", "right"), [(180.0, -60, 0), (90.0, 0, -60), (300.0, 30, 52)])
def test_shade_lies_away_from_the_sun_at_the_height_of_the_base(azimuth, down, right):
    cloud, shade = puff(150, 160, 22), puff(150 + down, 160 + right, 22)
    sun = Sun(azimuth_deg=azimuth, elevation_deg=45.0)
    found = project_shadow(cloud, scene(cloud, shade), SEEN, NAMES, 10.0, sun)
    assert found.offset.base_m == pytest.approx(600, abs=50)
    assert found.shade[shade & ~cloud].mean() > 0.9
    assert found.shade[ndimage.distance_transform_edt(~shade) > 8].mean() < 0.03


def test_shade_on_grey_water_is_found_too():
    cloud, shade = puff(270, 220, 22), puff(270, 150, 22)
    found = project_shadow(cloud, scene(cloud, shade), SEEN, NAMES, 10.0, Sun(azimuth_deg=90.0, elevation_deg=45.0))
    assert found.shade[shade].mean() > 0.9


def test_of_two_clouds_each_may_hang_at_its_own_height():
    clouds = puff(80, 250, 20) | puff(190, 250, 20)
    shades = puff(80, 190, 20) | puff(190, 175, 20)
    found = project_shadow(clouds, scene(clouds, shades), SEEN, NAMES, 10.0, Sun(azimuth_deg=90.0, elevation_deg=45.0))
    assert found.shade[shades].mean() > 0.85


def test_a_cloud_that_throws_no_shade_gets_none():
    cloud = puff(150, 160, 22)
    found = project_shadow(
        cloud, scene(cloud, puff(0, 0, 0)), SEEN, NAMES, 10.0, Sun(azimuth_deg=90.0, elevation_deg=45.0)
    )
    assert found.offset is None
    assert found.shade.mean() < 0.01


def test_where_the_sun_is_not_known_the_direction_is_found_on_the_image():
    cloud, shade = puff(150, 220, 22) | puff(60, 250, 15), puff(150, 150, 22) | puff(60, 180, 15)
    found = project_shadow(cloud, scene(cloud, shade), SEEN, NAMES, 10.0, None)
    assert (found.offset.right_m, found.offset.down_m) == (pytest.approx(-700, abs=60), pytest.approx(0, abs=60))
    assert found.offset.base_m is None


def test_shade_is_no_shade_under_cloud_nor_where_nothing_was_seen():
    cloud, shade, seen = puff(150, 160, 22), puff(150, 130, 22), COLS > 125
    image = np.where(seen, scene(cloud, shade), 0)
    found = project_shadow(cloud, image, seen, NAMES, 10.0, Sun(azimuth_deg=90.0, elevation_deg=45.0))
    assert not found.shade[cloud | ~seen].any()


def test_without_cloud_there_is_no_shade():
    nowhere = np.zeros(SHAPE, bool)
    found = project_shadow(nowhere, scene(nowhere, puff(150, 130, 22)), SEEN, NAMES, 10.0, None)
    assert not found.shade.any()
