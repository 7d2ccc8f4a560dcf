"""The rise of a difference at its rim: that of the blur it was made with, whatever its size, depth and sign."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from imagery_diff.method.edges import DELIVERED_PX, around_core, rise_px, smooth, standing_rise_px
from imagery_diff.method.regions import Patch

SHAPE = (90, 90)
GROUND = np.full((4, *SHAPE), 0.2, np.float32)


def rise(sigma, colour=(0.1, 0.1, 0.1, 0.1), half=(12, 20)):
    """Put a box blurred by a Gaussian of ``sigma`` pixels on flat ground and measure the rise at its rim."""
    box = np.zeros(SHAPE, np.float32)
    box[45 - half[0] : 45 + half[0], 45 - half[1] : 45 + half[1]] = 1
    share = gaussian_filter(box, sigma)
    after = GROUND + share * np.array(colour, np.float32)[:, None, None]
    return rise_px(share > 0.5, (smooth(GROUND), smooth(after)))


@pytest.mark.parametrize("sigma", [1.0, 2.0, 4.0])
def test_an_edge_rises_over_its_gaussian_times_the_root_of_two_pi(sigma):
    # The rim is three pixels wide, and its median slope a little less than the steepest.
    assert rise(sigma) == pytest.approx(np.hypot(sigma, 0.7) * np.sqrt(2 * np.pi), rel=0.2)


def test_a_delivered_edge_rises_as_said():
    assert rise(0.98) == pytest.approx(DELIVERED_PX, rel=0.2)


def test_depth_sign_and_size_do_not_matter():
    assert rise(1.0, (-0.05, -0.1, -0.1, -0.1)) == pytest.approx(rise(1.0), rel=0.01)
    assert rise(1.0, half=(4, 30)) == pytest.approx(rise(1.0), rel=0.15)


def test_a_thing_whose_core_runs_on_over_soft_ground_still_has_an_edge():
    """A ship with the wake beside it: half of the rim is the wake's, the sharpest tenth is the ship's."""
    box, beside = np.zeros((2, *SHAPE), np.float32)
    box[30:60, 25:45], beside[30:60, 45:70] = 1, 0.6
    share = gaussian_filter(box, 1.0) + gaussian_filter(beside, 6.0)
    after = GROUND + 0.1 * share
    mask = share > 0.3
    smoothed = (smooth(GROUND), smooth(after))
    assert rise_px(mask, smoothed, steepest=0.1) < 4.0 < rise_px(mask, smoothed, steepest=0.6)


def test_nothing_rises_where_nothing_differs():
    assert rise_px(np.ones(SHAPE, bool), (GROUND, GROUND)) == pytest.approx(0.1)


def test_where_an_image_ends_is_no_edge_of_a_thing():
    soft = gaussian_filter(np.pad(np.ones((30, 30), np.float32), 30), 8.0)
    after = GROUND + 0.1 * soft
    seen = np.ones(SHAPE, bool)
    seen[:, 43:47] = False
    before, after = (np.where(seen, image, np.float32(0)) for image in (GROUND, after))
    smoothed = (smooth(before), smooth(after))
    mask = (soft > 0.4) & seen
    assert rise_px(mask, smoothed, steepest=0.1) < 4.0 < rise_px(mask, smoothed, seen=seen, steepest=0.1)


def roofs(sigma):
    """Blocks of 25 px, light and dark, blurred by a Gaussian of ``sigma`` pixels; (band, row, col)."""
    rows, cols = np.mgrid[:300, :300] // 25
    return gaussian_filter(((rows + cols) % 2).astype(np.float32), sigma)[None]


@pytest.mark.parametrize("sigma", [1.0, 1.6, 2.4])
def test_a_pair_that_is_soft_says_so_by_the_edges_that_stand_in_it(sigma):
    found = standing_rise_px((roofs(sigma), roofs(sigma)), np.ones((300, 300), bool))
    assert found == pytest.approx(np.sqrt(2 * np.pi) * np.hypot(sigma, 0.7), rel=0.1)


def test_of_two_images_the_sharper_tells_how_soft_a_pair_is():
    seen = np.ones((300, 300), bool)
    assert standing_rise_px((roofs(1.0), roofs(4.0)), seen) == standing_rise_px((roofs(1.0), roofs(1.0)), seen)


def test_too_little_ground_tells_nothing_of_its_edges():
    assert standing_rise_px((GROUND[:, :60, :60], GROUND[:, :60, :60]), np.ones((60, 60), bool)) == DELIVERED_PX


def test_the_core_is_placed_in_the_window_it_is_returned_with():
    difference = np.zeros(SHAPE, np.float32)
    difference[0:9, 70:90] = 5.0
    mask = np.ones((14, 30), bool)
    wide, core = around_core(Patch(window=(slice(0, 14), slice(60, 90)), mask=mask, strength=5.0), difference)
    found = np.zeros(SHAPE, bool)
    found[wide] = core
    assert np.array_equal(found, difference > 0)
