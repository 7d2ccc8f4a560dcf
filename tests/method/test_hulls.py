"""Hulls: what is too slender for one ship is the ships in it, and nothing is cut that no ship can be a part of."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from imagery_diff.method import hulls
from imagery_diff.method.regions import Patch

PIXEL_M = 3.0


def in_line(lengths, breadths, gap, *, askew=0.0):
    """Return a patch of blunt things on one axis, blurred as delivered, and its difference (1 on the things)."""
    rows, cols = np.mgrid[:120, :160].astype(float)
    along = (cols - 8) * np.cos(askew) + (rows - 20) * np.sin(askew)
    across = (rows - 20) * np.cos(askew) - (cols - 8) * np.sin(askew)
    size, start = np.zeros(rows.shape), 0.0
    for length, breadth in zip(lengths, breadths, strict=True):
        size[(along >= start) & (along < start + length) & (np.abs(across) < breadth / 2)] = 1
        start += length + gap
    size = gaussian_filter(size, 1.4).astype(np.float32)
    window = (slice(0, 120), slice(0, 160))
    return Patch(window=window, mask=size > 0.1, strength=9.0), size


@pytest.mark.parametrize(
    ("length", "area", "slender"), [(100, 1000, False), (130, 130 * 11, False), (180, 180 * 9, True)]
)
def test_no_ship_is_more_than_twelve_times_as_long_as_its_mean_breadth(length, area, slender):
    assert hulls.too_slender(length, area) == slender


@pytest.mark.parametrize("askew", [0.0, 0.5])
@pytest.mark.parametrize(("lengths", "breadths"), [((40, 40), (5, 5)), ((30, 24, 36), (5, 5, 5)), ((50, 20), (7, 3))])
def test_ships_in_one_line_are_as_many_as_there_are(lengths, breadths, askew):
    patch, size = in_line(lengths, breadths, 4, askew=askew)
    ships = hulls.cut(patch, size, 0.5, PIXEL_M)
    assert len(ships) == len(lengths)
    assert not np.logical_and.reduce([ship.mask for ship in ships]).any()
    held = sorted(int(np.count_nonzero(ship.mask & (size >= 0.5))) for ship in ships)
    assert held == pytest.approx(sorted(a * b for a, b in zip(lengths, breadths, strict=True)), rel=0.2)


def test_a_strip_beside_a_ship_is_not_told_with_it():
    patch, size = in_line((60, 30), (1, 7), 0)
    (ship,) = hulls.cut(patch, size, 0.5, PIXEL_M)
    assert np.count_nonzero(ship.mask & (size >= 0.5)) == pytest.approx(210, rel=0.1)


def test_what_has_no_waist_or_is_all_strip_is_left_as_it_is():
    for things in (((90,), (5,), 0), ((40, 40), (1.5, 1.5), 4), ((90,), (1.5,), 0)):
        patch, size = in_line(*things)
        assert hulls.cut(patch, size, 0.5, PIXEL_M) == [patch]
