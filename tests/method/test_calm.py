"""Ground of known scatter, with things on a tenth of it."""

from __future__ import annotations

import numpy as np
import pytest

from imagery_diff.method.calm import whitening


def test_unchanged_ground_comes_out_with_one_spread_to_a_third_whatever_stands_on_a_tenth_of_it() -> None:
    rng = np.random.default_rng(4)
    ground = rng.normal(0.0, 1.0, (20_000, 4)) * [0.01, 0.02, 0.02, 0.04]
    ground[:2000] += 0.5
    white = ground[2000:] @ whitening(ground).T
    assert white.std(axis=0) == pytest.approx(np.ones(4), abs=0.35)


def test_a_band_that_says_nothing_is_not_blown_up() -> None:
    rng = np.random.default_rng(5)
    ground = np.column_stack([rng.normal(0.0, 1.0, 500), np.zeros(500)])
    assert np.abs(whitening(ground)).max() < 10
