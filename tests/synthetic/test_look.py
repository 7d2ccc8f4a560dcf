"""Looks and sensors refuse to be wrong."""

from dataclasses import replace
from datetime import datetime

import pytest

from imagery_diff.errors import InputError
from imagery_diff.synthetic import PLANETSCOPE, Cloud, Look


def test_a_look_needs_a_time_zone():
    with pytest.raises(InputError, match="time zone"):
        Look(time=datetime(2023, 10, 17, 2, 12))  # noqa: DTZ001


def test_clouds_cover_at_most_the_sky():
    with pytest.raises(InputError, match="between 0 and 1"):
        Cloud(cover=1.2)


def test_a_sensor_must_be_drawn_finer_than_it_samples():
    with pytest.raises(InputError, match="too coarse"):
        replace(PLANETSCOPE, fine_m=2.5)
