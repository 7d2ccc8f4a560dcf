"""Classes: shares add up to one, a zone is a prior and no verdict, and the shipped table is whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagery_diff.aoi import KINDS
from imagery_diff.method.activity import Activity
from imagery_diff.method.class_model import CLASSES, ZONE_FACTORS, ClassModel, likeliest, with_zone
from imagery_diff.read.calibration import read_classes

MODEL = ClassModel.of_table(read_classes())


def test_the_table_knows_every_class_and_no_other():
    assert set(MODEL.class_of) == set(CLASSES) == {str(a) for a in Activity}
    assert all(len(w) == len(MODEL.traits) for w in MODEL.weight)


@given(st.lists(st.floats(-1e6, 1e6), min_size=len(MODEL.traits), max_size=len(MODEL.traits)))
def test_shares_add_up_to_one_whatever_the_traits(values):
    shares = MODEL.shares(dict(zip(MODEL.traits, values, strict=True)))
    assert sum(shares.values()) == pytest.approx(1)
    assert min(shares.values()) >= 0


def test_a_trait_beyond_the_design_scenes_counts_no_more_than_the_furthest_they_hold():
    far = {name: m + 2 * MODEL.limit * s for name, m, s in zip(MODEL.traits, MODEL.middle, MODEL.spread, strict=True)}
    further = {name: 10 * value if value > 0 else value + 100 for name, value in far.items()}
    assert MODEL.shares(far) == MODEL.shares(further)


def test_a_zone_raises_what_it_is_drawn_for_and_rules_nothing_out():
    even = dict.fromkeys(CLASSES, 1 / len(CLASSES))
    for kind, best in {"berth": "vessel", "rail": "rail_cars", "stockpile": "stockpile"}.items():
        told = with_zone(even, kind)
        assert likeliest(told) == best
        assert min(told.values()) > 0.01
        assert sum(told.values()) == pytest.approx(1)
    assert likeliest(with_zone({**dict.fromkeys(CLASSES, 0.01), "containers": 0.93}, "rail")) == "containers"


def test_without_a_zone_the_pixels_alone_decide():
    shares = {**dict.fromkeys(CLASSES, 0.05), "cover": 0.65}
    assert with_zone(shares, None) == pytest.approx(shares)
    assert with_zone(shares, "no such kind") == pytest.approx(shares)


def test_every_kind_of_zone_that_can_hold_a_region_has_its_factors():
    assert set(ZONE_FACTORS) == set(KINDS) - {"ignore"}
