"""Which of two measured shifts is believed where snow lies on one date."""

import numpy as np
import pytest

from imagery_diff.method.coregister import Shift
from imagery_diff.pair_register import _kept_by, _surer

WHOLE = Shift(rows=0.3, cols=0.1, error_px=0.12, windows=40)


@pytest.mark.parametrize("error", [0.04, 0.25])
def test_the_shift_of_bare_ground_is_taken_where_it_is_better_known_than_the_whole_with_its_pull(error):
    bare = Shift(rows=0.05, cols=0.0, error_px=error, windows=30)
    assert _surer(WHOLE, bare, 0.16) == bare


@pytest.mark.parametrize(("error", "windows"), [(0.5, 9), (None, 0)])
def test_where_snow_leaves_too_little_bare_the_error_allows_for_the_pull_of_its_edges(error, windows):
    bare = Shift(rows=0.9, cols=-0.5, error_px=error, windows=windows)
    found = _surer(WHOLE, bare, 0.16)
    assert (found.rows, found.cols) == (WHOLE.rows, WHOLE.cols)
    # The pull is meant per axis, the error as the length of a vector.
    assert found.error_px == pytest.approx(np.hypot(0.12, 0.16 * np.sqrt(2)))


@pytest.mark.parametrize("shift", [(2, -3), (-2, 0), (0, 5)])
def test_what_comes_round_from_the_other_side_is_not_compared(shift):
    image = np.arange(12 * 15).reshape(12, 15)
    rolled = np.roll(image, np.negative(shift), axis=(0, 1))
    rows, cols = np.nonzero(_kept_by(image.shape, np.array(shift)))
    assert np.array_equal(rolled[rows, cols], image[rows + shift[0], cols + shift[1]])
    assert len(rows) == (12 - abs(shift[0])) * (15 - abs(shift[1]))
