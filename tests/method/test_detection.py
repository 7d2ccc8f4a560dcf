"""A curve of known middle and slope comes back, and its limits hold."""

import numpy as np
import pytest

from imagery_diff.method.detection import Prior, fit


def trials(rng, count, *, middle=40.0, slope=6.0, lapse=0.0):
    length = np.exp(rng.uniform(np.log(15), np.log(160), count))
    chance = (1 - lapse) / (1 + np.exp(-slope * np.log(length / middle)))
    return length, rng.random(count) < chance


def true_length(share, middle=40.0, slope=6.0, lapse=0.0):
    return middle * (share / (1 - lapse - share)) ** (1 / slope)


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_the_length_at_which_a_share_is_found_comes_back_and_its_limit_holds(share):
    rng, true = np.random.default_rng(3), true_length(share)
    fits = [fit(*trials(rng, 240)) for _ in range(30)]
    assert np.median([f.length(share) for f in fits]) == pytest.approx(true, rel=0.06)
    # 95 % of limits hold: of 30 at least 25 but in one case of a hundred.
    assert sum(f.upper(share) >= true for f in fits) >= 25
    assert np.median([f.upper(share) for f in fits]) < 1.25 * true


def test_what_lapses_more_often_than_one_in_ten_has_no_length_of_nine_in_ten():
    found = fit(*trials(np.random.default_rng(5), 400, lapse=0.25))
    assert found.best[2] == pytest.approx(0.25, abs=0.08)
    assert np.isinf(found.length(0.9))
    assert np.isinf(found.upper(0.9))
    assert found.length(0.5) == pytest.approx(true_length(0.5, lapse=0.25), rel=0.1)


def test_a_hundredth_is_bounded_by_some_two_hundred_long_things_found_and_not_by_fifty():
    length = np.concatenate([np.geomspace(20, 40, 40), np.full(200, 100.0)])
    found = length > 30
    assert fit(length, found).upper(0.99) < 60
    assert np.isinf(fit(length[:90], found[:90]).upper(0.99))


def test_a_prior_alone_gives_its_own_curve_and_trials_move_it():
    prior = Prior(middle=np.log(30), middle_spread=0.2, slope=np.log(8), slope_spread=0.2, lapse=0.01)
    few = np.array([30.0])
    assert fit(few, np.array([True]), prior).length(0.5) == pytest.approx(30, rel=0.1)
    missed = np.full(12, 45.0)
    assert fit(missed, np.zeros(12, bool), prior).length(0.5) > 40
