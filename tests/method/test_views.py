"""Bands of larger pixels are told from the sharp ones."""

import numpy as np
import pytest
from scipy import ndimage

from imagery_diff.method.views import sharpest


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def ground(rng, bands):
    pixels = rng.normal(size=(bands, 120, 90))
    return ndimage.gaussian_filter(pixels, (0, 0.98, 0.98)).astype(np.float32)


def test_bands_of_one_point_spread_are_all_sharp(rng):
    images = (ground(rng, 4), ground(rng, 4))
    assert sharpest(images, np.ones((120, 90), bool)) == (0, 1, 2, 3)


def test_a_band_of_twice_the_pixel_is_not(rng):
    images = (ground(rng, 3), ground(rng, 3))
    for image in images:
        coarse = ndimage.gaussian_filter(image[1], 1.7)[::2, ::2]  # with its own blur a point of twice the width
        image[1] = ndimage.zoom(coarse, 2, order=1)
    assert sharpest(images, np.ones((120, 90), bool)) == (0, 2)


def test_what_was_not_seen_is_not_asked(rng):
    images = (ground(rng, 2), ground(rng, 2))
    seen = np.ones((120, 90), bool)
    seen[:, 40:] = False
    for image in images:
        image[1, :, 40:] = rng.normal(size=(120, 50)) * 99
    assert sharpest(images, seen) == (0, 1)


def test_where_nothing_was_seen_every_band_stays(rng):
    images = (ground(rng, 2), ground(rng, 2))
    assert sharpest(images, np.zeros((120, 90), bool)) == (0, 1)
