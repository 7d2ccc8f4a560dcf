"""Figures of agreement against brute force on small arrays, ties and empty classes included."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagery_diff.errors import InputError
from imagery_diff.method.skill import Agreement, auc, average_precision, best_f1

# Few distinct scores, so that most of them tie.
LABELLED = st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=25)


def split(rows):
    return np.array([float(s) for s, _ in rows]), np.array([c for _, c in rows])


@given(LABELLED)
def test_auc_is_the_share_of_pairs_ranked_right_ties_half(rows):
    score, changed = split(rows)
    pairs = [(p > n) + 0.5 * (p == n) for p in score[changed] for n in score[~changed]]
    expected = pytest.approx(sum(pairs) / len(pairs)) if pairs else None
    assert auc(score, changed) == expected


@given(LABELLED)
def test_average_precision_is_the_mean_precision_at_each_changed_pixel_its_ties_included(rows):
    score, changed = split(rows)
    # At the threshold that just lets a changed pixel in, everything of its score comes with it.
    precisions = [np.mean(changed[score >= s]) for s in score[changed]]
    expected = pytest.approx(np.mean(precisions)) if precisions else None
    assert average_precision(score, changed) == expected


@given(LABELLED)
def test_best_f1_is_that_of_the_best_of_all_thresholds(rows):
    score, changed = split(rows)
    maps = [Agreement.of(score >= s, changed).f1 for s in score]
    assert best_f1(score, changed) == (pytest.approx(max(maps)) if changed.any() else None)


def test_a_score_that_says_nothing_gets_a_half_and_the_share_that_changed():
    changed = np.arange(1000) < 130
    assert auc(np.zeros(1000), changed) == 0.5
    assert average_precision(np.zeros(1000), changed) == pytest.approx(0.13)


def test_a_perfect_and_a_reversed_score():
    changed = np.array([[False, True], [True, False]])
    assert (auc(changed * 1.0, changed), average_precision(changed * 1.0, changed)) == (1.0, 1.0)
    assert auc(-1.0 * changed, changed) == 0.0


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30))
def test_agreement_counts_each_pixel_once(rows):
    called, changed = (np.array(column) for column in zip(*rows, strict=True))
    told = Agreement.of(called, changed)
    count = rows.count
    assert (told.hits, told.false) == (count((True, True)), count((True, False)))
    assert (told.missed, told.quiet) == (count((False, True)), count((False, False)))


def test_the_figures_of_a_table_worked_by_hand():
    # Cohen's own kind of table: 20 both, 5 and 10 one only, 15 neither. Seen 0.7, by chance 0.5.
    told = Agreement(hits=20, false=5, missed=10, quiet=15)
    assert told.precision == pytest.approx(0.8)
    assert told.recall == pytest.approx(2 / 3)
    assert told.f1 == pytest.approx(8 / 11)
    assert told.kappa == pytest.approx(0.4)


def test_what_does_not_exist_is_none():
    silent = Agreement(hits=0, false=0, missed=3, quiet=7)
    assert (silent.precision, silent.recall, silent.f1, silent.kappa) == (None, 0.0, 0.0, 0.0)
    unchanged = Agreement(hits=0, false=0, missed=0, quiet=7)
    assert (unchanged.recall, unchanged.f1, unchanged.kappa) == (None, None, None)
    assert Agreement(hits=0, false=0, missed=0, quiet=0).kappa is None


def test_a_score_that_is_no_number_is_refused():
    with pytest.raises(InputError, match="NaN"):
        auc(np.array([1.0, np.nan]), np.array([True, False]))
    with pytest.raises(InputError, match="3 scores"):
        average_precision(np.zeros(3), np.zeros(2, bool))
    with pytest.raises(InputError, match="shape"):
        Agreement.of(np.zeros((2, 2), bool), np.zeros(4, bool))
