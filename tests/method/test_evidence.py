"""Evidence: nothing from nothing, symmetric, alive to thin new things and deaf to displaced old ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from imagery_diff.method import evidence as evidence_module
from imagery_diff.method.evidence import (
    Expectation,
    Reach,
    RelativeFloor,
    Threshold,
    estimate_noise,
    estimate_thresholds,
    evidence,
    pair_evidence,
    smooth_evidence,
)
from imagery_diff.method.evidence import weigh as weigh_pair
from imagery_diff.method.places import Places
from imagery_diff.method.radiometry import Surface, estimate_match, middle_level

FLOOR = RelativeFloor(each_band=0.02, all_bands=0.0)


def grain(shape, seed, size, correlated=0.0):
    out = np.random.default_rng(seed).normal(0, 1, shape)
    if correlated:
        out = ndimage.gaussian_filter(out, (0, correlated, correlated))
    return (out / out.std() * size).astype(np.float32)


def weigh(before, after, *, jitter=0.15, tolerance=1):
    """Run the chain of evidence on two matched images of one class of ground."""
    surface = np.full(before.shape[1:], Surface.SMOOTH, np.uint8)
    texture = np.zeros(before.shape[1:], np.float32)
    level = middle_level(estimate_match(before, after, surface))
    noise = estimate_noise((before, after), surface, texture, level, floor=FLOOR)
    reach = Reach(jitter_px=jitter, tolerance_px=tolerance)
    return weigh_pair((before, after), surface, texture, noise, reach=reach)


def test_identical_images_give_nothing(town):
    image = town(bands=4)
    assert weigh(image, image.copy()).max() < 1e-5


def test_swapping_the_images_gives_the_same_evidence(town):
    before = town(bands=3, seed=2)
    after = before + grain(before.shape, 1, 40)
    after[:, 50:60, 70:90] += 700
    np.testing.assert_allclose(weigh(before, after), weigh(after, before), rtol=1e-4, atol=1e-5)


def test_two_noisy_looks_scatter_by_about_one_spread(town):
    image = town(bands=4, seed=3)
    strength = weigh(image + grain(image.shape, 1, 30), image + grain(image.shape, 2, 30), tolerance=0)
    assert 0.5 < np.median(strength) < 1.3


@pytest.mark.parametrize("tolerance", [1, 2])
@pytest.mark.parametrize("turned", [False, True])
def test_a_new_line_one_pixel_wide_survives_the_tolerance(tolerance, turned):
    before = 1000 + grain((3, 120, 140), 1, 10)
    after = 1000 + grain((3, 120, 140), 2, 10)
    line = np.s_[:, 60, 30:100] if not turned else np.s_[:, 20:90, 70]
    after[line] += 400
    for strength in (weigh(before, after, tolerance=tolerance), weigh(after, before, tolerance=tolerance)):
        on = strength[line[1:]]
        assert np.median(on) > 8
        off_line = strength.copy()
        off_line[line[1:]] = 0
        assert off_line.max() < np.median(on) / 2


def test_a_step_edge_displaced_by_a_third_of_a_pixel_does_not_fire(moved):
    # Edges as soft as delivered: 10 to 90 % over 2.5 px is a Gaussian of 1 px.
    step = np.zeros((2, 120, 140), np.float32)
    step[:, :, 70:] = 1500
    step = 800 + ndimage.gaussian_filter(step, (0, 1.0, 1.0))
    before, after = step + grain(step.shape, 1, 15), moved(step, 0, 0.3) + grain(step.shape, 2, 15)
    strength = smooth_evidence(weigh(before, after), np.ones(step.shape[1:], bool), 0.7)
    assert strength.max() < 6
    assert np.percentile(strength, 99.9) < 4


def test_a_pixel_finds_its_like_within_the_tolerance_and_not_beyond():
    expected = np.zeros((1, 21, 21), np.float32)
    observed = expected.copy()
    observed[0, 10, 10] = 10
    expected[0, 10, 12] = 10
    expectation = Expectation(mean=expected, spread=np.ones_like(expected), valid=np.ones((21, 21), bool))
    assert evidence(observed, expectation, tolerance_px=1)[10, 12] == pytest.approx(10)
    assert evidence(observed, expectation, tolerance_px=2)[10, 12] == 0


@pytest.mark.parametrize("tolerance", [0, 1, 3])
def test_a_pair_is_as_strong_as_the_stronger_of_the_two_answers(tolerance):
    rng = np.random.default_rng(7)
    before, after = rng.normal(50, 1, (2, 3, 17, 23)).astype(np.float32)
    spread = rng.uniform(0.5, 2, before.shape).astype(np.float32)
    valid = np.ones(before.shape[1:], bool)
    answers = [
        evidence(one, Expectation(mean=other, spread=spread, valid=valid), tolerance_px=tolerance)
        for one, other in ((before, after), (after, before))
    ]
    for share in (0.1, 0.9):  # few pixels are picked, of many whole lines are looked at
        asked = rng.random(valid.shape) < share
        places = Places.of(asked, 3)
        white = tuple(places.laid_out(image) for image in (before, after))
        found = pair_evidence(white, places.near(places.laid_out(spread)) ** 2, places, tolerance_px=tolerance)
        np.testing.assert_allclose(found, np.maximum(*answers)[asked], rtol=1e-4, atol=1e-5)


def test_evidence_weighed_in_stretches_is_that_of_all_pixels_at_once(monkeypatch):
    rng = np.random.default_rng(11)
    white = tuple(rng.normal(50, 1, (2, 3, 17, 23)).astype(np.float32))
    texture = rng.uniform(0, 1, (1, 17, 23)).astype(np.float32)
    reach = Reach(jitter_px=0.2, tolerance_px=1)

    def spread(rough):
        return np.stack([1 + rough, 2 + rough, 3 + rough])

    for share in (0.1, 0.9):
        places = Places.of(rng.random((17, 23)) < share, 1)
        asked = tuple(places.laid_out(image) for image in white), places.laid_out(texture), places, spread, reach
        whole = evidence_module._weighed(*asked)
        with monkeypatch.context() as patch:
            patch.setattr("imagery_diff.method.places._STRETCH_PX", 7)
            np.testing.assert_array_equal(evidence_module._weighed(*asked), whole)


def test_slopes_are_central_differences_and_one_sided_at_the_border():
    image = np.random.default_rng(3).normal(0, 1, (2, 12, 15)).astype(np.float32)
    slopes = sum(np.gradient(image, axis=axis) ** 2 for axis in (1, 2))
    for share in (0.1, 1.0):
        asked = np.random.default_rng(4).random(image.shape[1:]) < share
        places = Places.of(asked, 2)
        found = places.squared_rise(places.laid_out(image))[:, places.own] / 4
        np.testing.assert_allclose(found, slopes[:, asked], rtol=1e-4, atol=1e-6)


def test_pixels_are_multiplied_and_laid_out_in_one_step():
    rng = np.random.default_rng(8)
    image, matrix = (rng.normal(0, 1, shape).astype(np.float32) for shape in ((4, 12, 15), (3, 4)))
    places = Places.of(np.ones(image.shape[1:], bool), 2)
    apart = places.laid_out(np.einsum("cb,brk->crk", matrix, image))
    np.testing.assert_allclose(places.transformed(matrix, image), apart, rtol=1e-4, atol=1e-5)


def test_what_is_not_valid_gives_nothing_and_does_not_blur_into_what_is():
    valid = np.ones((40, 40), bool)
    valid[:20] = False
    smooth = smooth_evidence(np.where(valid, 2.0, 1e6).astype(np.float32), valid, 1.5)
    assert smooth[~valid].max() == 0
    assert smooth[valid] == pytest.approx(2.0, rel=1e-5)


def test_a_brighter_day_is_excused_in_all_bands_alike_but_not_in_colour():
    floor = RelativeFloor(each_band=0.01, all_bands=0.2).covariance(np.array([1000.0, 1000.0]))
    alike, apart = np.array([150.0, 150.0]), np.array([150.0, -150.0])
    assert alike @ np.linalg.solve(floor, alike) < 1
    assert apart @ np.linalg.solve(floor, apart) > 100


def gumbel_field(seed, blocks=(16, 20), side=20):
    """Smoothed noise, whose block maxima follow a Gumbel law."""
    field = np.abs(grain((blocks[0] * side, blocks[1] * side), seed, 1.0, 0.0))
    return ndimage.gaussian_filter(field, 0.7).astype(np.float32)


def thresholds(field, **changes):
    surface = np.full(field.shape, Surface.SMOOTH, np.uint8)
    options = {"block_px": 20, "family_error": 0.05, "floor": 0.1} | changes
    return estimate_thresholds(field, surface, **options)[int(Surface.SMOOTH)]


def test_a_quarter_of_changed_blocks_does_not_lift_the_threshold_out_of_reach():
    for seed in range(4):
        quiet = gumbel_field(seed)
        busy = quiet.copy()
        for block in np.random.default_rng(seed).choice(320, 80, replace=False):
            row, col = divmod(int(block), 20)
            busy[row * 20 + 8 : row * 20 + 12, col * 20 + 8 : col * 20 + 12] += 30
        # The changed blocks stand at 30; a line through all maxima would put the level far above that.
        assert thresholds(quiet).seed <= thresholds(busy).seed < 1.5 * thresholds(quiet).seed


def test_unchanged_scenes_exceed_the_level_about_as_often_as_stated():
    exceeded = sum(
        gumbel_field(seed).max() > thresholds(gumbel_field(seed), family_error=0.2).seed for seed in range(60)
    )
    # 12 expected; a line through a body of maxima is not its tail, so within a factor of two.
    assert 3 <= exceeded <= 24


def test_a_stricter_error_gives_a_higher_level_and_never_below_the_floor():
    field = gumbel_field(3)
    assert thresholds(field, family_error=0.01).seed > thresholds(field, family_error=0.5).seed
    assert thresholds(field, floor=6.0).seed == 6.0
    level = thresholds(field)
    assert level.location <= level.grow <= level.seed


def test_each_class_of_ground_has_its_own_level():
    field = gumbel_field(5)
    surface = np.full(field.shape, Surface.WATER, np.uint8)
    surface[:, 200:] = Surface.ROUGH
    field[:, 200:] *= 5
    levels = estimate_thresholds(field, surface, block_px=20, family_error=0.05, floor=0.1)
    assert set(levels) == {Surface.WATER, Surface.ROUGH}
    assert levels[Surface.ROUGH].seed > 3 * levels[Surface.WATER].seed


def test_no_ground_gives_no_level():
    assert (
        estimate_thresholds(
            np.zeros((50, 50), np.float32), np.zeros((50, 50), np.uint8), block_px=20, family_error=0.05, floor=1
        )
        == {}
    )


def test_a_quay_is_not_explained_away_by_the_water_beside_it():
    """Each class is weighed in its own frame: both classes stand near zero in theirs, but not in each other's."""
    before = np.full((4, 60, 60), 0.02, np.float32) + grain((4, 60, 60), 1, 0.001)
    before[:, :, 30:] = 0.2 + grain((4, 60, 30), 2, 0.004)
    after = before + grain((4, 60, 60), 3, 0.001)
    # A hull as bright as the quay, along it on the water side.
    after[:, 20:40, 27:30] = 0.2
    surface = np.full((60, 60), Surface.WATER, np.uint8)
    surface[:, 30:] = Surface.SMOOTH
    texture = np.zeros((60, 60), np.float32)
    level = {int(Surface.WATER): np.full(4, 0.02), int(Surface.SMOOTH): np.full(4, 0.2)}
    noise = estimate_noise((before, after), surface, texture, level, floor=FLOOR)
    strength = weigh_pair((before, after), surface, texture, noise, reach=Reach(jitter_px=0.15, tolerance_px=1))
    assert strength[22:38, 28].min() > 6
    assert strength[:15, :28].max() < 6


@given(
    location=st.floats(0.5, 6.0),
    scale=st.floats(0.05, 2.0),
    blocks=st.integers(1, 5000),
    error=st.floats(0.02, 0.999),
    floor=st.floats(1.0, 5.0),
)
def test_levels_let_down_are_never_higher_and_never_below_the_floor(location, scale, blocks, error, floor):
    seed = max(location - scale * np.log(-np.log1p(-0.01) / blocks), 5.0)
    level = Threshold(location=location, scale=scale, blocks=blocks, seed=seed, grow=max(0.5 * seed, location))
    low = level.let_down(floor, error)
    assert min(floor, seed) <= low.seed <= seed + 1e-9
    assert low.grow <= level.grow
    assert (low.location, low.scale) == (location, scale)


def test_a_level_let_down_is_what_so_many_unchanged_scenes_pass():
    level = Threshold(location=3.0, scale=0.5, blocks=100, seed=9.0, grow=4.5)
    # Of Gumbel's law: 1 - exp(-100 exp(-(h - 3) / .5)) is the chance that one of 100 blocks passes h.
    passed = level.let_down(1.0, 0.9).seed
    assert 1 - np.exp(-100 * np.exp(-(passed - 3.0) / 0.5)) == pytest.approx(0.9)


def test_a_level_without_blocks_is_let_down_to_the_floor():
    track = Threshold(location=0.0, scale=1.0, blocks=0, seed=5.0, grow=3.75)
    low = track.let_down(2.5, 0.9)
    assert (low.seed, low.grow) == (2.5, pytest.approx(1.875))
