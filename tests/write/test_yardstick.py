"""Words for probabilities mean what the yardstick says they mean."""

import pytest

from imagery_diff.write.yardstick import YARDSTICK, likelihood, per_cent, rank_of, word_of


@pytest.mark.parametrize(("word", "low", "high"), YARDSTICK)
def test_the_ends_of_a_range_have_its_word(word, low, high):
    assert word_of(low / 100) == word
    assert word_of(high / 100) == word


@pytest.mark.parametrize(
    ("probability", "word"),
    [
        (0.07, "highly unlikely"),
        (0.22, "unlikely"),
        (0.38, "realistic possibility"),
        (0.53, "realistic possibility"),
        (0.78, "likely"),
        (0.93, "highly likely"),
        # The word goes by the number that is printed.
        (0.9449, "highly likely"),
        (0.9451, "almost certain"),
    ],
)
def test_between_two_ranges_the_word_nearer_to_even_chances_is_said(probability, word):
    assert word_of(probability) == word


def test_nothing_is_said_of_what_is_not_known():
    assert word_of(None) is None
    assert rank_of(None) == 0


def test_ranks_never_fall_as_a_probability_rises():
    ranks = [rank_of(n / 1000) for n in range(1001)]
    assert ranks == sorted(ranks)
    assert set(ranks) == set(range(1, 8))


def test_nothing_is_certain():
    assert per_cent(1.0) == 99
    assert likelihood(1.0, "it is so") == "it is almost certain (over 99%) that it is so"
    assert likelihood(0.0, "it is so") == "there is a remote chance (under 1%) that it is so"
