"""Which of two measured shifts is believed where snow lies on one date."""

import pytest

from imagery_diff.method.coregister import Shift
from imagery_diff.pair_register import _surer

WHOLE = Shift(rows=0.3, cols=0.1, error_px=0.12, windows=40)


def test_the_shift_of_bare_ground_is_taken_where_its_own_windows_agree_better():
    bare = Shift(rows=0.05, cols=0.0, error_px=0.04, windows=30)
    assert _surer(WHOLE, bare, 0.16) == bare


@pytest.mark.parametrize(("error", "windows"), [(0.5, 9), (None, 0)])
def test_where_snow_leaves_too_little_bare_the_error_allows_for_the_pull_of_its_edges(error, windows):
    bare = Shift(rows=0.9, cols=-0.5, error_px=error, windows=windows)
    found = _surer(WHOLE, bare, 0.16)
    assert (found.rows, found.cols) == (WHOLE.rows, WHOLE.cols)
    assert found.error_px == pytest.approx(0.2)
