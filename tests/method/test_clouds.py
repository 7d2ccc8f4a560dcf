"""Clouds that no mask holds are told from haze, snow-free ground, ships and stacks by how they look on two dates."""

import numpy as np
import pytest
from scipy import ndimage

from imagery_diff.method.clouds import find_clouds

NAMES = ("blue", "green", "red", "nir")
SHAPE = (240, 300)
SEEN = np.ones(SHAPE, bool)
WHITE = np.array([0.62, 0.61, 0.60, 0.60]).reshape(-1, 1, 1)
ROWS, COLS = np.mgrid[: SHAPE[0], : SHAPE[1]]
DRY = COLS >= 90


@pytest.fixture
def port():
    """Ground of concrete, soil and roofs beside water, one date; (band, row, col), reflectance."""
    rng = np.random.default_rng(4)
    plots = ndimage.gaussian_filter(rng.normal(size=SHAPE), 4.0)
    image = np.array([0.09, 0.12, 0.14, 0.20]).reshape(-1, 1, 1) * np.exp(0.35 * plots / plots.std())
    image[:, ~DRY] = np.array([0.045, 0.05, 0.035, 0.02]).reshape(-1, 1)
    return image


def grain(seed):
    return np.random.default_rng(seed).normal(0, 0.003, (4, *SHAPE))


def disc(row, col, radius, soft=3.0):
    return np.clip((radius - np.hypot(ROWS - row, COLS - col)) / soft + 0.5, 0, 1)


def found(before, after, **changes):
    images = tuple((image + grain(k)).astype(np.float32) for k, image in enumerate((before, after)))
    arguments = {"seen": SEEN, "dry": DRY, "names": NAMES, "pixel_m": 3.0} | changes
    return find_clouds(images, **arguments)


@pytest.mark.parametrize("date", [0, 1])
def test_a_cloud_and_its_shade_are_found_on_their_date_over_land_and_water(port, date):
    images = [port, port.copy()]
    cloud, shade = np.maximum(disc(70, 60, 30), disc(170, 220, 24)), disc(90, 230, 25)
    images[date] = port * (1 - 0.5 * shade) + cloud * (WHITE - port)
    both = found(*images)
    assert both[1 - date] is None
    assert both[date].cloud[cloud > 0.9].mean() > 0.98
    assert both[date].shade[shade > 0.9].mean() > 0.9
    assert both[date].cloud[(cloud == 0) & (ndimage.distance_transform_edt(cloud == 0) > 8)].mean() < 0.02


def test_a_cloud_is_found_through_haze_and_another_gain(port):
    cloud = disc(150, 200, 30)
    hazy = 1.2 * (0.7 * port + 0.06)
    assert found(hazy + cloud * (WHITE - hazy), port)[0].cloud[cloud > 0.9].mean() > 0.98
    assert found(hazy, port) == (None, None)


def test_clouds_are_found_though_they_and_their_shade_cover_half_of_the_land(port):
    cloud, shade = np.clip((COLS - 230) / 3, 0, 1), np.clip((60 - ROWS) / 3, 0, 1)
    after = port * (1 - 0.5 * shade)
    after = after + cloud * (WHITE - after)
    clouds = found(port, after)[1]
    assert clouds.cloud[:, 240:].mean() > 0.98
    assert clouds.cloud[:, :220].mean() < 0.02


@pytest.mark.parametrize(
    ("size", "colour"),
    [((13, 60), 0.62), ((40, 60), 0.24)],
    ids=["white ship of 39 m beam", "grey ground as bright as sand"],
)
def test_what_is_narrower_than_a_cloud_or_less_bright_is_none(port, size, colour):
    after = port.copy()
    after[:, 60 : 60 + size[0], 100 : 100 + size[1]] = colour
    assert found(port, after) == (None, None)


def test_white_in_rags_is_cloud_where_there_is_much_of_it(port):
    few, many = np.zeros((2, *SHAPE))
    for k in range(60):
        row, col = 15 + 35 * (k % 6), 15 + 28 * (k // 6)
        many = np.maximum(many, disc(row, col, 6.0, soft=1.0))
        few = many if k == 4 else few
    assert found(port, port + few * (WHITE - port)) == (None, None)
    assert found(port, port + many * (WHITE - port))[1].cloud[many > 0.9].mean() > 0.95


def test_soil_that_dried_is_too_red_for_a_cloud(port):
    after = port.copy()
    after[:, 60:120, 120:200] = np.array([0.28, 0.42, 0.56, 0.66]).reshape(-1, 1, 1)
    assert found(port, after) == (None, None)


def test_where_no_ground_is_in_sight_nothing_is_said(port):
    assert found(port, port, dry=np.zeros(SHAPE, bool)) == (None, None)
    assert found(port, port, seen=np.zeros(SHAPE, bool)) == (None, None)
