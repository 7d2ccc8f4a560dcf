"""Lines of known ends in blurred noise, of which a part is given."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from imagery_diff.method.line_ends import followed, goes_on_in
from imagery_diff.method.regions import Patch

SHAPE = (80, 240)
ROW = 40


def scene(seed: int, *cars: tuple[int, int, float], row: int = ROW, bands: int = 4) -> np.ndarray:
    """Blurred noise with dark lines a pixel wide from one column to another."""
    rng = np.random.default_rng(seed)
    image = np.stack([gaussian_filter(rng.normal(0, 0.02, SHAPE), 0.8) for _ in range(bands)])
    line = np.zeros(SHAPE)
    for first, last, depth in cars:
        line[row, first:last] = depth
    return (image + gaussian_filter(line, 0.98) * np.array([0.6, 0.8, 1.0, 1.4])[:bands, None, None]).astype(np.float32)


def patch(first: int, last: int, row: int = ROW) -> Patch:
    mask = np.zeros((11, last - first + 8), bool)
    mask[4:7, 4:-4] = True
    return Patch(window=(slice(row - 5, row + 6), slice(first - 4, last + 4)), mask=mask, strength=6.0)


def reach(found: Patch) -> tuple[int, int]:
    columns = np.flatnonzero(found.mask.any(axis=0)) + found.window[1].start
    return int(columns.min()), int(columns.max())


SEEN = np.ones(SHAPE, bool)


def test_a_train_of_which_a_third_was_flagged_is_followed_to_both_ends() -> None:
    change = scene(1, (60, 170, -0.10))
    low, high = reach(followed(patch(100, 135), change, SEEN, gap_px=20))
    assert low == pytest.approx(60, abs=4)
    assert high == pytest.approx(170, abs=4)


def test_cars_of_other_shades_belong_to_it() -> None:
    rng = np.random.default_rng(5)
    cars = [(first, first + 4, float(rng.uniform(-0.14, -0.05))) for first in range(60, 170, 5)]
    low, high = reach(followed(patch(100, 135), scene(2, *cars), SEEN, gap_px=20))
    assert low == pytest.approx(60, abs=5)
    assert high == pytest.approx(170, abs=5)


def test_a_line_that_was_flagged_whole_stays_as_it_is() -> None:
    low, high = reach(followed(patch(80, 140), scene(3, (80, 140, -0.10)), SEEN, gap_px=20))
    assert (low, high) == (pytest.approx(80, abs=3), pytest.approx(140, abs=3))


def test_another_train_further_along_the_track_is_another() -> None:
    change = scene(4, (60, 110, -0.10), (135, 200, -0.10))
    _, high = reach(followed(patch(62, 108), change, SEEN, gap_px=20))
    assert high < 122


def test_bare_track_beside_a_train_that_left_the_next_track_is_no_train() -> None:
    # Two pixels aside something dark went: beside it, bare ground is the darker of the two.
    change = scene(6, (60, 110, -0.10)) + scene(7, (111, 190, 0.10), row=ROW + 3)
    _, high = reach(followed(patch(62, 108), change, SEEN, gap_px=20))
    assert high < 124


def test_a_line_ends_where_nothing_was_seen() -> None:
    seen = SEEN.copy()
    seen[:, 150:] = False
    _, high = reach(followed(patch(100, 135), scene(8, (60, 200, -0.10)), seen, gap_px=20))
    assert high <= 152


def test_a_track_may_turn() -> None:
    rng = np.random.default_rng(9)
    change = np.stack([gaussian_filter(rng.normal(0, 0.02, SHAPE), 0.8) for _ in range(4)])
    line = np.zeros(SHAPE)
    columns = np.arange(40, 200)
    rows = ROW + np.where(columns > 120, (columns - 120) ** 2 / 400.0, 0.0)
    line[np.round(rows).astype(int), columns] = -0.12
    change = (change + gaussian_filter(line, 0.98)).astype(np.float32)
    low, high = reach(followed(patch(60, 115), change, SEEN, gap_px=20))
    assert low == pytest.approx(40, abs=5)
    assert high == pytest.approx(199, abs=6)


def piece(first: int, last: int, row: int = ROW, direction: str = "appeared") -> SimpleNamespace:
    return SimpleNamespace(patch=patch(first, last, row), direction=direction)


@pytest.mark.parametrize(
    ("between", "other", "one"),
    [
        (-0.16, piece(120, 200), True),  # weak cars in between
        (-0.4, piece(70, 200), True),  # followed along each other
        (0.0, piece(108, 200), False),  # two trains a car apart
        (-0.4, piece(120, 200, ROW + 2), False),  # the next track, 6 m aside
        (-0.4, piece(70, 200, ROW + 2), False),
        (-0.4, piece(120, 200, direction="disappeared"), False),
        (-0.4, piece(150, 230), False),  # farther than a gap
    ],
)
def test_pieces_in_one_line_are_one_train_unless_it_ends_between_them(between, other, one) -> None:
    first, last = 101, int(other.patch.window[1].start) + 4
    image = scene(7, (20, 101, -0.4), (max(last, 101), 200, -0.4), *(((first, last, between),) if last > first else ()))
    assert goes_on_in(piece(20, 100), other, image, SEEN, gap_px=25, aside_px=0.9) is one
