"""The map's score: a factor over what unchanged ground shows, high only where cover changed."""

import numpy as np
import pytest
from scipy import ndimage

from imagery_diff.method import survey

SHAPE = (160, 200)
SEEN = np.ones(SHAPE, bool)
PLACE = (slice(40, 80), slice(60, 120))
BOUNDS = survey.Bounds(level=3.0, share=0.4, contrast=0.5)
OPTIONS = {"bounds": BOUNDS, "blurs_px": (1.0, 4.0), "window_px": 3}


def ground(seed):
    """Fields of unlike materials, two bands; (2, row, col), contrast about 1."""
    rng = np.random.default_rng(seed)
    coarse = ndimage.gaussian_filter(rng.normal(size=(2, *SHAPE)), (0, 6, 6))
    return (coarse / coarse.std()).astype(np.float32)


def looks(seed, *, noise=0.1):
    """Two noisy looks at one ground."""
    rng = np.random.default_rng(1000 + seed)
    still = ground(seed)
    return tuple((still + rng.normal(0, noise, still.shape)).astype(np.float32) for _ in range(2))


def tolerant(pair, noise):
    return np.sqrt(((pair[1] - pair[0]) ** 2).mean(axis=0) / (2 * noise**2)).astype(np.float32)


def scored(pair, *, noise=0.1, seen=SEEN, **changes):
    return ranked(pair, noise=noise, seen=seen, **changes).strength


def ranked(pair, *, noise=0.1, seen=SEEN, **changes):
    return survey.score(pair, tolerant(pair, noise), seen, **(OPTIONS | changes))


def changed(pair, size=1.5):
    """Put other cover into the after image."""
    after = pair[1].copy()
    after[:, *PLACE] += np.float32(size)
    return pair[0], after


@pytest.mark.parametrize("seed", range(5))
def test_two_looks_at_one_ground_reach_the_level_nowhere(seed):
    found = ranked(looks(seed))
    assert found.strength.max() < found.level


@pytest.mark.parametrize("noise", [0.0, 1e-4, 0.02])
def test_an_image_and_its_near_copy_reach_it_nowhere_although_they_differ_unevenly(noise):
    """A typical difference of almost nothing times three is almost nothing."""
    pair = looks(1, noise=noise)
    pair[1][:, :30] += np.float32(20 * noise + 0.01)
    found = ranked(pair, noise=max(noise, 1e-4))
    assert found.strength.max() < found.level


def test_other_cover_is_found_where_it_is():
    called = scored(changed(looks(2))) >= BOUNDS.level
    truth = np.zeros(SHAPE, bool)
    truth[PLACE] = True
    assert np.mean(called[truth]) > 0.95
    assert np.mean(called[ndimage.binary_dilation(truth, iterations=5) ^ True]) == 0


def test_a_third_of_the_ground_changing_hides_nothing():
    before, after = looks(3)
    after[:, :53] += np.float32(2)
    assert np.mean(scored((before, after))[:50] >= BOUNDS.level) > 0.9


def test_swapping_the_dates_changes_nothing():
    pair = changed(looks(4))
    assert np.allclose(scored(pair), scored(pair[::-1]), rtol=1e-4)


def test_the_score_does_not_depend_on_the_unit_of_the_numbers():
    pair = changed(looks(5))
    same = tolerant(pair, 0.1)
    scaled = tuple(image * np.float32(250) for image in pair)
    assert np.allclose(
        survey.score(pair, same, SEEN, **OPTIONS).strength,
        survey.score(scaled, same, SEEN, **OPTIONS).strength,
        rtol=1e-3,
    )


def test_a_single_bright_pixel_does_not_carry_its_surroundings():
    before, after = looks(6)
    after[:, 100, 100] += np.float32(30)
    assert np.count_nonzero(scored((before, after)) >= BOUNDS.level) <= 25


def test_unseen_ground_scores_nothing_and_lends_nothing():
    pair = changed(looks(7))
    seen = SEEN.copy()
    seen[PLACE] = False
    score = scored(pair, seen=seen)
    assert not score[PLACE].any()
    assert score.max() < BOUNDS.level


def test_nothing_seen_is_no_score():
    assert not scored(looks(8), seen=np.zeros(SHAPE, bool)).any()


def test_a_pattern_that_is_lost_is_told_from_one_that_is_kept_and_flat_ground_has_none_to_lose():
    rng = np.random.default_rng(9)
    noise = [rng.normal(0, 0.1, SHAPE).astype(np.float32) for _ in range(2)]
    pattern, other = (rng.normal(size=SHAPE).astype(np.float32) for _ in range(2))
    kept_rows, lost_rows, flat = np.s_[:30], np.s_[40:70], np.s_[80:]
    before, after = noise[0], noise[1]
    before[kept_rows] += pattern[kept_rows]
    after[kept_rows] += pattern[kept_rows]
    before[lost_rows] += pattern[lost_rows]
    after[lost_rows] += other[lost_rows]
    lost, _ = survey.structure(before, after, SEEN, 5)
    kept, gone, nothing = (float(np.median(lost[rows])) for rows in (kept_rows, lost_rows, flat))
    assert kept < 0.1
    assert gone > 0.7
    assert nothing < 0.7 * gone


def test_twice_the_local_contrast_is_a_step_of_at_most_the_logarithm_of_two():
    """Damping by the median variance makes it smaller."""
    pattern = np.random.default_rng(10).normal(size=SHAPE).astype(np.float32)
    _, step = survey.structure(pattern, 2 * pattern, SEEN, 7)
    assert 0.2 < np.median(step) <= np.log(2)


def test_the_typical_value_is_that_of_the_unchanged_two_thirds():
    logs = np.concatenate([np.linspace(-1, 1, 2001), np.full(1000, 4.0)]).astype(np.float32)
    assert survey.typical(logs, 1.2) == pytest.approx(0, abs=0.01)


def test_the_score_does_not_depend_on_the_tiling(monkeypatch):
    pair = changed(looks(11))
    seen = SEEN.copy()
    seen[10:30, 150:] = False
    whole = scored(pair, seen=seen)
    monkeypatch.setattr(survey.blocks, "TILE_PX", (23, 61))
    np.testing.assert_allclose(scored(pair, seen=seen), whole, rtol=1e-5, atol=1e-4)


def coarse(band):
    """Return what a band of twice the pixel holds, brought to this pixel."""
    blocks = band.reshape(SHAPE[0] // 2, 2, SHAPE[1] // 2, 2).mean(axis=(1, 3))
    return ndimage.zoom(blocks, 2, order=1, mode="nearest", grid_mode=True).astype(np.float32)


def detailed(seed, bands):
    """Ground with structure at every scale, seen twice with noise of its own."""
    rng = np.random.default_rng(seed)
    fields = [rng.normal(size=(bands, *SHAPE)) for _ in range(3)]
    still = sum(ndimage.gaussian_filter(f, (0, s, s)) * s for f, s in zip(fields, (0.6, 2, 5), strict=True))
    return [(still + rng.normal(0, 0.05, still.shape)).astype(np.float32) for _ in range(2)]


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_a_band_of_twice_the_pixel_is_told_by_the_detail_it_lacks_and_noise_is_no_detail(noise):
    pair = detailed(12, 4)
    rng = np.random.default_rng(13)
    for image in pair:
        image[1] = coarse(image[1]) + rng.normal(0, noise, SHAPE)
    assert survey.resolved(tuple(pair), SEEN) == [0, 2, 3]


def test_bands_of_one_pixel_all_count_whatever_their_contrast_and_noise():
    pair = detailed(14, 3)
    rng = np.random.default_rng(15)
    for image in pair:
        image[2] = 0.1 * image[2] + rng.normal(0, 0.05, SHAPE)
    assert survey.resolved(tuple(pair), SEEN) == [0, 1, 2]


def test_where_the_dates_share_no_detail_no_band_is_left_out():
    pair = (detailed(16, 2)[0], -detailed(16, 2)[1])
    assert survey.resolved(pair, SEEN) == [0, 1]


def test_a_band_of_twice_the_pixel_has_no_say_in_what_differs():
    """It changed everywhere by the weather; the sharp bands only where cover did."""
    before, after = detailed(17, 3)
    after[:, *PLACE] += np.float32(3)
    before[2], after[2] = coarse(before[2]), coarse(detailed(18, 3)[0][2])
    steady = np.sqrt(((after - before)[:2] ** 2).mean(axis=0) / (2 * 0.05**2)).astype(np.float32)
    two = survey.score((before[:2], after[:2]), steady, SEEN, **OPTIONS)
    three = survey.score((before, after), steady, SEEN, **OPTIONS)
    np.testing.assert_array_equal(three.strength, two.strength)


def test_the_level_is_the_stated_one_where_unlike_places_differ_far_more_than_unchanged_ground():
    assert ranked(changed(looks(19))).level == pytest.approx(BOUNDS.level)


def test_where_unchanged_ground_differs_nearly_as_much_as_unlike_places_the_level_is_lower_and_finds_them():
    before, after = looks(20, noise=0.6)
    place = (slice(20, 120), slice(30, 170))
    after[:, *place] = looks(21, noise=0.6)[1][:, *place] + np.float32(2)
    found = ranked((before, after), noise=0.6)
    assert BOUNDS.level**0.5 <= found.level < 0.8 * BOUNDS.level
    assert np.mean(found.strength[place] >= found.level) > 0.7
    assert np.mean(found.strength[place] >= BOUNDS.level) < 0.6


def test_less_is_asked_for_only_where_more_lies_above_typical_than_its_mirror_image():
    rng = np.random.default_rng(22)
    unchanged = rng.normal(0, 0.3, 20_000)
    with_change = np.concatenate([unchanged, rng.normal(1.0, 0.2, 6_000)])
    busy = np.concatenate([unchanged, rng.normal(0, 0.6, 10_000)])
    assert survey.reachable(unchanged, 1.0) == pytest.approx(1)
    assert survey.reachable(busy, 1.0) == pytest.approx(1)
    assert survey.reachable(with_change, 1.0) < 0.85


def test_what_is_asked_for_is_never_less_than_half_way_to_unlike_places_nor_than_a_root():
    rng = np.random.default_rng(23)
    logs = np.concatenate([rng.normal(0, 0.1, 20_000), rng.normal(1.0, 0.2, 3_000)])
    assert survey.reachable(logs, 1.8) == pytest.approx(np.exp(0.9) / 3)
    assert survey.reachable(logs, 9.0) == pytest.approx(1)
    assert survey.reachable(logs, 0.0) == pytest.approx(3**-0.5)
