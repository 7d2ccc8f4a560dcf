"""What a length, and an area, allow to be said."""

import math

import pytest

from imagery_diff.method.containers import area_error, teu_range, tiers_of
from imagery_diff.method.sizes import (
    BETWEEN,
    is_as_long,
    length_class,
    reading_limits,
    why_cars_are_not_counted,
)


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (64, 76, "about 70 m"),
        (104, 119, "100 to 125 m"),
        (126, 142, "130 to 145 m"),
        (180, 198, "about 190 m"),
        (120, 136, BETWEEN),
        (84, 96, None),
        (92, 101, None),
        (97, 122, "100 to 125 m"),
        (100, 150, BETWEEN),
        (150, 230, BETWEEN),
        (240, 260, None),
        (None, None, None),
        (104, None, None),
    ],
)
def test_a_class_is_said_where_it_holds_half_of_the_limits(low, high, said):
    assert length_class(low, high) == said


def test_a_length_without_limits_is_as_uncertain_as_readings_are():
    assert reading_limits(70.0) == (60.0, 80.0)
    assert reading_limits(190.0) == pytest.approx((171.0, 209.0))


@pytest.mark.parametrize(("low", "high", "said"), [(101, 120, True), (92, 108, None), (86, 99, None), (60, 80, False)])
def test_a_visit_is_counted_where_the_limits_tell(low, high, said):
    assert is_as_long(low, high, 100.0) is said


@pytest.mark.parametrize("pixel", [0.3, 0.5, 0.6, 0.605])
def test_fine_pixels_are_no_reason_not_to_count_cars(pixel):
    assert why_cars_are_not_counted(pixel) is None


@pytest.mark.parametrize("pixel", [0.7, 3.0, 10.0, None, math.nan])
def test_cars_are_not_counted_at_coarse_or_unknown_pixels(pixel):
    assert why_cars_are_not_counted(pixel).startswith("cars are not counted")


def test_a_block_of_90_by_17_m_at_3_m_holds_40_to_410():
    low, high = teu_range(1530.0, 90.0, 17.0, 3.0)
    assert low == pytest.approx(41, abs=3)
    assert high == pytest.approx(412, rel=0.03)
    assert area_error(90.0, 17.0, 3.0) == pytest.approx(0.4, abs=0.03)


def test_a_finer_pixel_narrows_the_limits():
    coarse, fine = teu_range(1530.0, 90.0, 17.0, 3.0), teu_range(1530.0, 90.0, 17.0, 0.5)
    assert coarse[0] < fine[0] < fine[1] < coarse[1]


@pytest.mark.parametrize(
    ("height", "tiers"),
    [
        (None, (1, 3)),
        ((2.0, 3.4), (1, 1)),
        ((4.9, 6.1), (2, 2)),
        ((4.5, 9.0), (2, 3)),
        ((7.0, 9.0), (3, 3)),
        ((8.0, 10.5), (3, 4)),
        # No whole number of containers is so high, or more than six are: it tells nothing.
        ((3.0, 4.5), (1, 3)),
        ((16.0, 19.0), (1, 3)),
    ],
)
def test_a_measured_height_narrows_the_tiers(height, tiers):
    assert tiers_of(height) == tiers
