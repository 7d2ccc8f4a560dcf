"""Rates of false alarms and probabilities from a calibration table."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagery_diff.method.chance import Calibration
from imagery_diff.method.second_stage import SecondStage

STAGE = SecondStage(
    traits=("log_strength", "colour_share"), middle=(2.0, 0.5), spread=(0.5, 0.2), weight=(2.0, 1.0), constant=0.5,
    limit=2.5,
)  # fmt: skip
TABLE = Calibration(
    stage=STAGE,
    score=(-2.0, 0.0, 2.0),
    false_per_km2=(1.0, 0.3, 0.05),
    null_km2=200.0,
    ratio_score=(-3.0, 0.0, 4.0),
    log_ratio=(-4.0, -1.0, 3.0),
    bands=("red",),
    units="reflectance",
    pixel_m=(2.4, 3.75),
    provenance="made up for this test",
)


def test_the_rate_at_a_counted_score_is_the_count_and_back():
    assert TABLE.false_alarms_per_km2(0.0) == pytest.approx(0.3)
    assert TABLE.score_at(0.3) == pytest.approx(0.0)


@given(one=st.floats(-9.0, 9.0), more=st.floats(0.0, 9.0))
def test_what_looks_more_like_a_change_is_never_said_to_be_more_often_false_or_less_likely(one, more):
    assert TABLE.false_alarms_per_km2(one + more) <= TABLE.false_alarms_per_km2(one)
    assert TABLE.p_change(one + more, 1.0) >= TABLE.p_change(one, 1.0)


@given(rate=st.floats(0.05, 0.999))
def test_what_is_told_at_a_rate_states_no_larger_one(rate):
    assert TABLE.false_alarms_per_km2(TABLE.score_at(rate)) == pytest.approx(rate)


def test_no_rate_is_stated_below_the_least_that_was_counted():
    assert TABLE.false_alarms_per_km2(1e6) == TABLE.least_rate == pytest.approx(0.05)


def test_at_the_most_that_was_counted_every_candidate_is_told():
    assert TABLE.score_at(TABLE.most_rate) == -np.inf


@given(score=st.floats(-1e4, 1e4), prior=st.floats(0.01, 100.0))
def test_no_score_makes_certain(score, prior):
    p = TABLE.p_change(score, prior)
    assert 0.0 < p <= prior * np.exp(3.0) / (1.0 + prior * np.exp(3.0)) + 1e-12


def test_bayes_rule_doubles_the_odds_with_the_prior():
    one, two = TABLE.p_change(0.0, 1.0), TABLE.p_change(0.0, 2.0)
    assert two / (1 - two) == pytest.approx(2 * one / (1 - one))
    assert one / (1 - one) == pytest.approx(np.exp(-1.0))


def test_a_table_written_as_json_reads_back_as_it_was():
    traits = {"log_strength": {"middle": 2.0, "spread": 0.5, "weight": 2.0}}
    traits["colour_share"] = {"middle": 0.5, "spread": 0.2, "weight": 1.0}
    rest = {k: v for k, v in asdict(TABLE).items() if k != "stage"}
    spelt = {"schema_version": 2, "second_stage": {"traits": traits, "constant": 0.5, "limit": 2.5}, **rest}
    assert Calibration.of_table(json.loads(json.dumps(spelt))) == TABLE


# --- the second stage ------------------------------------------------------------------------------------------------


def test_a_score_is_the_sum_of_weighted_steps():
    assert STAGE.score({"log_strength": 2.5, "colour_share": 0.3, "not": 7.0}) == pytest.approx(0.5 + 2.0 - 1.0)


@given(strength=st.floats(3.25, 1e6))
def test_no_trait_counts_beyond_what_the_design_scenes_hold(strength):
    furthest = STAGE.score({"log_strength": 2.0 + 2.5 * 0.5, "colour_share": 0.5})
    assert STAGE.score({"log_strength": strength, "colour_share": 0.5}) == pytest.approx(furthest)


def test_one_trait_alone_does_not_decide():
    least = replace(STAGE, weight=(2.0, -2.0))
    strong = least.score({"log_strength": 1e3, "colour_share": 0.5})
    assert least.score({"log_strength": 1e3, "colour_share": 9.0}) < strong
