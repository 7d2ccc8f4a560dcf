"""Rates of false alarms and probabilities from a calibration table."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagery_diff.method.chance import Calibration

TABLE = Calibration(
    strength=(3.0, 4.0, 5.0),
    false_per_km2=(1.0, 0.3, 0.05),
    null_km2=100.0,
    event_strength=(4.0, 6.0, 8.0, 10.0, 13.0, 17.0, 22.0, 28.0, 37.0, 58.0),
    bands=("red",),
    units="reflectance",
    pixel_m=(2.4, 3.75),
    provenance="made up for this test",
)


def test_the_rate_at_a_counted_strength_is_the_count():
    assert TABLE.false_alarms_per_km2(4.0) == pytest.approx(0.3)
    assert TABLE.strength_at(0.3) == pytest.approx(4.0)


@given(one=st.floats(3.0, 60.0), more=st.floats(0.0, 60.0))
def test_a_stronger_region_is_never_said_to_be_more_often_false(one, more):
    assert TABLE.false_alarms_per_km2(one + more) <= TABLE.false_alarms_per_km2(one)


def test_no_rate_is_stated_below_what_the_scenes_can_bear_out():
    rare = replace(TABLE, false_per_km2=(1.0, 0.3, 0.001))
    assert rare.false_alarms_per_km2(1e6) == rare.least_rate == pytest.approx(0.03)


@given(strength=st.floats(3.0, 1e4))
def test_a_probability_leaves_room_for_what_was_never_seen(strength):
    p = TABLE.p_change(strength, 1.0)
    assert p is not None
    assert 0.0 <= p <= 1.0 / 1.03


def test_more_ground_looked_at_makes_surer_and_a_smaller_prior_less_sure():
    assert replace(TABLE, null_km2=1000.0).p_change(20.0, 1.0) > TABLE.p_change(20.0, 1.0)
    assert TABLE.p_change(4.5, 0.1) < TABLE.p_change(4.5, 1.0)


def test_below_the_strengths_counted_there_is_no_probability():
    assert TABLE.p_change(2.0, 1.0) is None
