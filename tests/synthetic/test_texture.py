"""Fields fixed to the ground."""

import numpy as np

from imagery_diff.synthetic.texture import noise, rng_of, seed_of, slabs


def axis(start, count, step):
    return start + (np.arange(count) + 0.5) * step


def test_the_same_place_has_the_same_value_in_another_window():
    whole = noise(axis(605_000, 300, 1), axis(4_675_000, 200, 1), 12.0, 7)
    part = noise(axis(605_100, 100, 1), axis(4_675_050, 80, 1), 12.0, 7)
    np.testing.assert_allclose(whole[50:130, 100:200], part, atol=1e-5)


def test_the_same_place_has_the_same_value_at_another_pixel_size():
    fine = noise(axis(605_000, 400, 0.5), axis(4_675_000, 400, 0.5), 20.0, 7)
    coarse = noise(axis(605_000, 200, 1), axis(4_675_000, 200, 1), 20.0, 7)
    means = fine.reshape(200, 2, 200, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(means, coarse, atol=0.02)


def test_a_field_has_mean_0_and_deviation_1():
    field = noise(axis(0, 1500, 1), axis(0, 1500, 1), 5.0, 3)
    assert abs(field.mean()) < 0.02
    assert abs(field.std() - 1.0) < 0.08


def test_a_field_is_smooth_over_its_spacing_and_unrelated_beyond():
    field = noise(axis(0, 1200, 1), axis(0, 1200, 1), 10.0, 3)

    def correlation(lag):
        return np.corrcoef(field[:, lag:].ravel(), field[:, :-lag].ravel())[0, 1]

    assert correlation(1) > 0.95
    assert abs(correlation(40)) < 0.05


def test_layers_have_seeds_of_their_own():
    assert len({seed_of(1, "a"), seed_of(1, "b"), seed_of(2, "a"), seed_of(1, "a", 2)}) == 4
    assert rng_of(1, "a").random() == rng_of(1, "a").random()


def test_a_slab_is_even():
    u, v = np.meshgrid(np.linspace(0.1, 5.9, 20, dtype=np.float32), np.linspace(0.1, 3.9, 20, dtype=np.float32))
    tone = slabs(u, v, (6.0, 4.0), 1)
    assert np.ptp(tone) == 0.0
    assert slabs(u + 6.0, v, (6.0, 4.0), 1)[0, 0] != tone[0, 0]
