"""Relative blur: what was put in is found, whichever image it is in, and nothing where nothing is."""

import numpy as np
import pytest
from scipy import ndimage

from imagery_diff.method.sharpness import Sharpness, estimate_sharpness, match_sharpness

SHAPE = (300, 300)
ALL = np.ones(SHAPE, bool)


@pytest.fixture(scope="module")
def ground(town):
    """Return open ground with a port on it, as sharp as delivered images are; (band, row, col)."""
    image = town(SHAPE, bands=2, seed=7, blur=0.0)
    image[:, 100:200] = 1200  # open concrete
    return image


def look(ground, extra=0.0, noise=15.0, seed=1):
    """See the ground through a Gaussian of 1 px and ``extra`` more; noise comes after the optics."""
    rng = np.random.default_rng(seed)
    soft = ndimage.gaussian_filter(ground, (0, np.hypot(1.0, extra), np.hypot(1.0, extra)))
    return (soft + rng.normal(0, noise, ground.shape)).astype(np.float32)


@pytest.mark.parametrize("extra", [0.6, 1.0, 1.5, 2.0])
@pytest.mark.parametrize("noise", [(5.0, 5.0), (10.0, 40.0), (40.0, 10.0)])
def test_a_blur_put_in_is_found_to_an_eighth_in_images_of_any_noise(ground, extra, noise):
    found = estimate_sharpness(look(ground, 0, noise[0], 1), look(ground, extra, noise[1], 2), ALL)
    assert found.softer == "after"
    assert found.sigma_px == pytest.approx(extra, rel=0.125)
    assert found.interval_px[0] < extra < found.interval_px[1]


def test_images_as_sharp_as_each_other_are_not_told_apart_though_one_is_noisier(ground):
    found = estimate_sharpness(look(ground, noise=5, seed=1), look(ground, noise=60, seed=2), ALL)
    assert found.softer is None
    assert not found.matters(0.5)


def test_swapping_the_images_swaps_the_roles_and_nothing_else(ground):
    pair = look(ground, 0, seed=1), look(ground, 0.8, seed=2)
    one, other = estimate_sharpness(*pair, ALL), estimate_sharpness(*pair[::-1], ALL)
    assert (one.softer, other.softer) == ("after", "before")
    assert other.variance_px2 == pytest.approx(-one.variance_px2, abs=1e-5)
    assert other.windows == one.windows


def test_a_third_of_the_ground_may_have_changed(ground, town):
    after = ground.copy()
    after[:, :100] = town((100, 300), bands=2, seed=99, blur=0.0)
    found = estimate_sharpness(look(ground, 0, seed=1), look(after, 1.0, seed=2), ALL)
    assert found.sigma_px == pytest.approx(1.0, rel=0.15)
    assert not estimate_sharpness(look(ground, seed=1), look(after, seed=2), ALL).matters(0.5)


def test_a_shift_that_is_left_and_another_gain_do_no_harm(ground, moved):
    after = 1.3 * moved(look(ground, 1.0, seed=2), 0.3, -0.2) + 100
    found = estimate_sharpness(look(ground, 0, seed=1), after, ALL)
    assert found.sigma_px == pytest.approx(1.0, rel=0.1)


def test_ground_that_is_not_clear_has_no_say(ground):
    before, after = look(ground, 0, seed=1), look(ground, 0, seed=2)
    clear = ALL.copy()
    clear[:, 150:] = False
    after[:, ~clear] = ndimage.gaussian_filter(after, (0, 3, 3))[:, ~clear]
    found = estimate_sharpness(before, after, clear)
    assert found.windows > 0
    assert not found.matters(0.5)


@pytest.mark.parametrize("clear", [np.zeros(SHAPE, bool), np.ones((20, 300), bool)])
def test_where_no_window_fits_nothing_is_said(clear):
    image = np.zeros((1, *clear.shape), np.float32)
    found = estimate_sharpness(image, image, clear)
    assert (found.windows, found.softer, found.interval_px) == (0, None, None)
    assert not found.matters(0.5)


def test_images_of_different_ground_are_not_said_to_differ_in_sharpness(ground, town):
    other = town(SHAPE, bands=2, seed=99, blur=0.0)
    found = estimate_sharpness(look(ground, 0, seed=1), look(other, 1.5, seed=2), ALL)
    assert found.softer is None
    assert not found.matters(0.5)


def test_flat_ground_says_nothing():
    image = np.full((2, *SHAPE), 7, np.float32)
    assert estimate_sharpness(image, image, ALL).softer is None


def test_the_sharper_image_comes_out_as_the_softer_and_that_one_is_left_alone(ground):
    sharp, soft = look(ground, 0, noise=0), look(ground, 1.2, noise=0)
    for images, sign in (((sharp, soft), 1), ((soft, sharp), -1)):
        known = Sharpness(variance_px2=sign * 1.2**2, error_px2=0.01, windows=50)
        out = match_sharpness(images, ALL, known)
        one, other = out[::sign]
        assert other is soft
        np.testing.assert_allclose(one, soft, atol=0.01 * np.ptp(ground))
        assert np.abs(one - soft).std() < 0.02 * np.abs(sharp - soft).std()


def test_what_was_not_seen_neither_bleeds_nor_is_filled(ground):
    image = look(ground, 0)
    seen = ALL.copy()
    seen[:, 140:160] = False
    image[:, ~seen] = 1e6
    known = Sharpness(variance_px2=1.0, error_px2=0.01, windows=50)
    out, _ = match_sharpness((image, image), seen, known)
    assert (out[:, ~seen] == 1e6).all()
    assert out[:, seen].max() < 1e4
