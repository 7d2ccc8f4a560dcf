"""Two hidden states in continuous time."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from imagery_diff.method.occupancy import Habit, chance, ratio_of, smoothed

HABIT = Habit(share=0.2, stay_h=48.0)


def test_what_looks_say_together_is_that_of_all_ways_it_may_have_been() -> None:
    hours, ratios = [0.0, 5.0, 80.0, 90.0], [30.0, 1.0, 0.02, 7.0]
    weights = {}
    for way in product((0, 1), repeat=4):
        weight = [1.0 - HABIT.share, HABIT.share][way[0]]
        for k, state in enumerate(way):
            weight *= ratios[k] if state else 1.0
            weight *= HABIT.after(hours[k] - hours[k - 1])[way[k - 1], state] if k else 1.0
        weights[way] = weight
    total = sum(weights.values())
    expected = [sum(w for way, w in weights.items() if way[k]) / total for k in range(4)]
    assert smoothed(hours, ratios, HABIT) == pytest.approx(expected)


def test_a_place_is_left_at_the_rate_that_its_stays_are_long() -> None:
    still = HABIT.after(0.01)[1, 1]
    assert (1.0 - still) / 0.01 == pytest.approx(1.0 / HABIT.stay_h, rel=1e-3)
    assert HABIT.after(13.0) @ HABIT.after(20.0) == pytest.approx(HABIT.after(33.0))


def test_long_after_nothing_is_known_but_the_habit() -> None:
    assert smoothed([0.0, 5000.0], [1000.0, 1.0], HABIT)[1] == pytest.approx(HABIT.share)
    assert chance(1.0, HABIT) == pytest.approx(HABIT.share)


def test_a_chance_comes_back_from_its_ratio() -> None:
    assert [chance(ratio_of(p, HABIT), HABIT) for p in (0.01, 0.5, 0.97)] == pytest.approx([0.01, 0.5, 0.97])
    assert np.isfinite(chance(ratio_of(1.0, HABIT), HABIT))
