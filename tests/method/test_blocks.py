"""Blocks: tiles cover an image once, and what is computed in them does not depend on them."""

import numpy as np
import pytest
from scipy import ndimage

from imagery_diff.method import blocks
from imagery_diff.method.evidence import Blur, Reach, RelativeFloor, estimate_noise, smooth_evidence, weigh
from imagery_diff.method.radiometry import Surface


def test_tiles_cover_every_pixel_once_and_know_their_place_in_their_surroundings():
    count = np.zeros((70, 51), int)
    index = np.arange(count.size).reshape(count.shape)
    for tile in blocks.tiles(count.shape, 3, (16, 20)):
        count[tile.own] += 1
        np.testing.assert_array_equal(index[tile.wide][tile.inner], index[tile.own])
    assert (count == 1).all()


@pytest.mark.parametrize("sigma", [0.7, 1.5, 2.0])
@pytest.mark.parametrize("shape", [(90, 75), (5, 40)])
def test_a_gaussian_in_tiles_is_that_of_scipy_to_rounding(sigma, shape):
    image = np.random.default_rng(1).normal(10, 1, shape).astype(np.float32)
    out = np.empty_like(image)
    for tile in blocks.tiles(shape, blocks.reach_of(sigma), (32, 20)):
        out[tile.own] = blocks.smooth(image[tile.wide], tile, blocks.kernel(sigma))
    np.testing.assert_allclose(out, ndimage.gaussian_filter(image, sigma), rtol=2e-6)


@pytest.mark.parametrize("shape", [(1, 4), (5, 7), (40, 33)])
@pytest.mark.parametrize("reach", [1, 2, 5])
def test_masks_grow_and_shrink_as_by_scipys_morphology(shape, reach):
    mask = np.random.default_rng(3).random(shape) > 0.9
    square = np.ones((2 * reach + 1, 2 * reach + 1), bool)
    np.testing.assert_array_equal(blocks.grown(mask, reach), ndimage.binary_dilation(mask, square))
    np.testing.assert_array_equal(blocks.shrunk(~mask, reach), ndimage.binary_erosion(~mask, square))
    np.testing.assert_array_equal(blocks.grown_by_steps(mask, reach), ndimage.binary_dilation(mask, iterations=reach))
    np.testing.assert_array_equal(blocks.shrunk_by_steps(~mask, reach), ndimage.binary_erosion(~mask, iterations=reach))


def test_what_is_sampled_is_spread_evenly_and_nothing_is_left_out_of_little(monkeypatch):
    mask = np.random.default_rng(2).random((40, 60)) < 0.5
    at = np.flatnonzero(mask)
    np.testing.assert_array_equal(blocks.sampled(mask, len(at)), at)
    every = -(-len(at) // 300)
    for stretch in (7, 1 << 16):
        monkeypatch.setattr(blocks, "_STRETCH_PX", stretch)
        np.testing.assert_array_equal(blocks.sampled(mask, 300), at[::every])
    assert not len(blocks.sampled(np.zeros((3, 4), bool), 5))


@pytest.mark.parametrize("count", [1, 2, 7, 1001])
@pytest.mark.parametrize("share", [0.0, 0.7, 1.0])
def test_the_lowest_are_those_up_to_the_quantile(count, share):
    values = np.random.default_rng(5).normal(size=count)
    np.testing.assert_array_equal(blocks.lowest(values, share), values <= np.quantile(values, share) + 1e-12)


def weighed(tolerance):
    """Weigh a noisy pair of three classes of ground, some of it unseen; smoothed evidence and plain."""
    rng = np.random.default_rng(4)
    before = ndimage.gaussian_filter(rng.normal(0, 1, (3, 150, 190)), (0, 2, 2)).astype(np.float32) * 900 + 1000
    after = before + rng.normal(0, 20, before.shape).astype(np.float32)
    surface = np.full(before.shape[1:], Surface.SMOOTH, np.uint8)
    surface[:60, 40:] = Surface.WATER
    surface[90:, :70] = Surface.ROUGH
    surface[100:110, 100:130] = Surface.UNSEEN
    texture = rng.random(surface.shape).astype(np.float32)
    floor, blur = RelativeFloor(each_band=0.001, all_bands=0.0), Blur(sigma_px=0.7, seen=surface != Surface.UNSEEN)
    fine, coarse = (estimate_noise((before, after), surface, texture, {}, floor=floor, blur=b) for b in (None, blur))
    reach = Reach(jitter_px=0.2, tolerance_px=tolerance)
    found = weigh((before, after), surface, texture, fine, reach=reach)
    plain = weigh((before, after), surface, texture, coarse, reach=Reach(jitter_px=0.2, tolerance_px=0), blur=blur)
    return smooth_evidence(found, blur.seen, 1.5), plain


@pytest.mark.parametrize("tolerance", [1, 3])
def test_evidence_does_not_depend_on_the_tiles(monkeypatch, tolerance):
    whole, plain = weighed(tolerance)
    monkeypatch.setattr(blocks, "TILE_PX", (37, 41))
    in_tiles, plain_in_tiles = weighed(tolerance)
    np.testing.assert_allclose(in_tiles, whole, rtol=1e-5, atol=1e-5)
    # Blurring sums brightness in single precision in an order that the processor chooses by the size of the product:
    # 1000 times 2^-24, of a scatter of 20, summed over a blur.
    np.testing.assert_allclose(plain_in_tiles, plain, rtol=0, atol=1e-4)


def test_threads_give_the_same_bits_twice(monkeypatch):
    monkeypatch.setattr(blocks, "TILE_PX", (32, 32))
    for one, two in zip(weighed(1), weighed(1), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(2, 45, 300), (40, 129), (7, 9)])
@pytest.mark.parametrize("axis", [-2, -1])
def test_a_kernel_of_any_shape_is_laid_on_as_by_scipy(shape, axis, kind):
    """Also on a part of a larger array, whatever is left over beside whole runs and pieces."""
    image = np.random.default_rng(6).normal(10, 1, (*shape[:-1], shape[-1] + 5)).astype(kind)[..., 2:-3]
    taps = np.array([0.1, -0.3, 0.7, 0.5], kind)
    out = blocks.correlate(image, taps, axis)
    whole = ndimage.correlate1d(image, taps, axis, mode="constant")
    kept = (..., slice(2, -1), slice(None)) if axis == -2 else (..., slice(2, -1))
    np.testing.assert_allclose(out, whole[kept], rtol=2e-6 if kind is np.float32 else 1e-12)


def test_a_mean_in_tiles_is_that_of_scipy_to_rounding():
    image = np.random.default_rng(7).normal(10, 1, (50, 61))
    out = np.empty_like(image)
    for tile in blocks.tiles(image.shape, 3, (16, 20)):
        out[tile.own] = blocks.mean_over(image[tile.wide], tile, 7)
    np.testing.assert_allclose(out, ndimage.uniform_filter(image, 7), rtol=1e-12)


def test_products_in_pieces_are_those_of_whole_matrices():
    rng = np.random.default_rng(5)
    for count in (3, blocks._PIECE, 2 * blocks._PIECE + 5):
        one, other = rng.normal(size=(3, count)), rng.normal(size=(2, count))
        np.testing.assert_allclose(blocks.products(one, other), one @ other.T, rtol=1e-10, atol=1e-9)
        np.testing.assert_allclose(blocks.rotated(one[:, :3].T, one), one[:, :3].T @ one, rtol=1e-10, atol=1e-12)
