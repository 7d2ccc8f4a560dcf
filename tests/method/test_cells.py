"""Cells are averages of what was seen, and a fade is as long as it was drawn."""

import numpy as np
import pytest

from imagery_diff.method.cells import Cells, closed, opened, reach_of_fade


def test_cells_average_what_was_seen_and_lie_where_their_pixels_lie():
    cells = Cells.of((7, 9), 3.0, 10.0)
    assert (cells.side, cells.cell_m) == (3, 9.0)
    image = np.arange(63, dtype=np.float32).reshape(1, 7, 9)
    seen = np.ones((7, 9), bool)
    seen[0, 0] = False
    image[0, 0, 0] = np.nan
    means = cells.image(image, seen)
    assert means[0, 0, 0] == pytest.approx(image[0, :3, :3][seen[:3, :3]].mean())
    assert means.shape == (1, 3, 3)
    assert cells.laid_out(means[0]).shape == (7, 9)


def test_a_cell_that_was_not_seen_takes_after_the_nearest():
    cells = Cells.of((6, 6), 5.0, 10.0)
    image = np.full((1, 6, 6), 2.0, np.float32)
    image[:, :, 4:] = 7.0
    seen = np.ones((6, 6), bool)
    seen[:, :2] = False
    assert np.all(cells.image(image, seen)[0, :, 0] == 2.0)


def test_pixels_larger_than_a_cell_stay_alone():
    assert Cells.of((5, 5), 30.0, 10.0).cell_m == 30.0


def test_opening_cuts_off_what_is_narrow_and_closing_fills_it():
    band = np.zeros((30, 30), np.float32)
    band[5:8, 5:25] = 1.0
    band[12:25, 8:21] = 1.0
    assert opened(band, 6)[6].max() == 0.0
    assert opened(band, 6)[18, 14] == 1.0
    assert closed(-band, 6)[6].min() == 0.0


@pytest.mark.parametrize("fade", [5, 12])
def test_a_fade_is_measured_as_long_as_it_was_drawn(fade):
    away = np.maximum(np.abs(np.arange(200) - 100) - 30, 0)
    signal = np.repeat(np.clip(1 - away / fade, 0, 1)[None].astype(np.float32), 50, axis=0)
    mask = np.repeat((away == 0)[None], 50, axis=0)
    reach = reach_of_fade(mask, signal, np.ones_like(mask), 10.0, 200.0)
    assert reach == pytest.approx(10.0 * fade * 0.9, abs=10.0)


def test_there_is_no_fade_where_there_is_no_step():
    mask = np.zeros((40, 40), bool)
    mask[15:25, 15:25] = True
    flat = np.ones((40, 40), np.float32)
    assert reach_of_fade(mask, flat, np.ones_like(mask), 10.0, 100.0) == 0.0
    assert reach_of_fade(np.zeros_like(mask), flat, np.ones_like(mask), 10.0, 100.0) == 0.0
