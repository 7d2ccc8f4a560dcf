"""Trains line by line: what stands along a track, and from where to where."""

from __future__ import annotations

import numpy as np
import pytest

from imagery_diff.method import rail_lines

STRIP = rail_lines.Strip(middle=(40.0, 150.0), way=(0.0, 1.0), along_px=140.0, across_px=15.0)
PIXEL_M = 3.0
BLUR = np.exp(-0.5 * (np.arange(-3, 4) / 1.0) ** 2)


def look(*trains: tuple[int, int, int], seed: int = 0, noise: float = 0.01) -> np.ndarray:
    """(band, row, col) of differences: trains of (row, first column, last), cars of changing colour and brightness."""
    rng = np.random.default_rng(seed)
    image = rng.normal(0, noise, (4, 81, 301))
    for row, first, last in trains:
        cars = np.random.default_rng(row).normal(0, 0.15, (4, (last - first) // 5 + 1))
        colours = np.repeat(cars, 5, axis=1)[:, : last - first]
        image[:, row - 3 : row + 4, first:last] += colours[:, None] * BLUR[None, :, None] / BLUR.max()
    return image.astype(np.float32)


def told(*looks: np.ndarray) -> list[list[rail_lines.Line]]:
    q = rail_lines.power([rail_lines.lay(one, STRIP) for one in looks], PIXEL_M)
    return [rail_lines.lines_in(one, STRIP, 4, PIXEL_M, apart_px=3.3) for one in q]


def test_two_trains_side_by_side_are_two_lines_each_from_end_to_end() -> None:
    lines, none, _ = told(look((38, 60, 160), (44, 100, 200)), look(seed=1), look(seed=2))
    assert sorted(round(line.length_px / 5) for line in lines) == [20, 20]
    assert sorted(round(line.aside_px) for line in lines) == [-2, 4]
    assert not none
    ends = sorted(line.first_px + 150 for line in lines)
    assert ends == pytest.approx([60, 100], abs=4)


def test_cars_of_all_colours_are_one_train() -> None:
    """The mean of what differs along it is about nought."""
    (line,), _, _ = told(look((40, 50, 250)), look(seed=1), look(seed=2))
    assert line.length_px == pytest.approx(200, abs=6)
    assert not line.cut


def test_an_edge_that_most_looks_show_is_no_train() -> None:
    looks = [look((40, 80, 180), seed=k) for k in range(3)]
    assert all(not lines for lines in told(*looks))


def test_a_shed_is_no_line() -> None:
    wide = look(seed=3)
    wide[:, 34:46, 80:180] += 0.2
    assert not told(wide, look(seed=1), look(seed=2))[0]


def test_bare_track_raises_nothing() -> None:
    assert not any(any(told(*(look(seed=3 * k + j) for j in range(3)))) for k in range(10))


def test_what_was_not_seen_bounds_a_line_from_below() -> None:
    image = look((40, 50, 250))
    image[:, :, 200:] = np.nan
    (line,), _, _ = told(image, look(seed=1), look(seed=2))
    assert line.cut
    assert line.length_px == pytest.approx(150, abs=6)


def test_a_strip_turns_to_run_along_its_lines() -> None:
    askew = STRIP.turned(3.0)
    turn = rail_lines.best_turn(look((38, 60, 240), (44, 60, 240)), askew, 80.0, PIXEL_M)
    assert turn == pytest.approx(-3.0, abs=0.3)


def test_pieces_between_which_another_look_shows_a_train_are_one() -> None:
    def line(first: float, last: float, aside: float = 0.0) -> rail_lines.Line:
        return rail_lines.Line(aside_px=aside, first_px=first, last_px=last, odds=50.0, cut=False)

    pieces = [line(-80, -10), line(20, 90)]
    (whole,) = rail_lines.bridged(pieces, [line(-60, 60)], aside_px=1.5, pixel_m=PIXEL_M)
    assert (whole.first_px, whole.last_px) == (-80, 90)
    assert len(rail_lines.bridged(pieces, [line(-60, 60, aside=4.0)], aside_px=1.5, pixel_m=PIXEL_M)) == 2
    assert len(rail_lines.bridged(pieces, pieces, aside_px=1.5, pixel_m=PIXEL_M)) == 2
