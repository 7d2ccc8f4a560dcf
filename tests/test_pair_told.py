"""In which order regions are told, and what is said once of both images."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from shapely import box

from imagery_diff import Zone
from imagery_diff.pair_fit import Fit
from imagery_diff.pair_result import in_order
from imagery_diff.pair_told import together, told
from imagery_diff.result import ZoneState
from imagery_diff.write.sentences import describe_region
from tests.write.conftest import make_aoi, make_grid, make_result
from tests.write.sentence_cases import region_of, result_of


def described(name, p_change, area_m2, zone=None):
    return SimpleNamespace(name=name, p_change=p_change, shape=SimpleNamespace(area_m2=area_m2), zone=zone)


class Odds:
    """Told as each says; all are accepted but those of a chance of nought."""

    def told_of(self, found):
        """Return what is known of it."""
        return {"p_change": found.p_change}

    def accepts(self, found):
        """Say whether it is told."""
        return found.p_change != 0


def names(found):
    return [d.name for d in in_order(found, Odds(), make_aoi(make_grid()))]


def test_the_likeliest_come_first_then_the_largest_then_by_zone():
    pier, berth = make_aoi(make_grid()).zones[:2]
    found = [
        described("small", 0.99, 300.0),
        described("likely", 0.7, 9000.0),
        described("berth", 0.96, 2000.0, berth),
        described("pier", 0.96, 2000.0, pier),
        # As sure to a reader as 99 in a hundred, and larger.
        described("large", 0.95, 4000.0),
        described("not told", 0, 9000.0),
    ]
    for turned in (found, found[::-1]):
        assert names(turned) == ["large", "pier", "berth", "small", "likely"]


def test_without_probabilities_the_largest_come_first_and_after_those_that_have_one():
    found = [described("a", None, 300.0), described("b", None, 900.0), described("c", 0.1, 200.0)]
    assert names(found) == ["c", "b", "a"]


def test_telling_a_result_again_changes_nothing():
    once = result_of(region_of("vessel", length_low_m=104.0, length_high_m=119.0))
    again = told(once)
    assert again.regions == once.regions
    assert again.caveats == once.caveats
    assert once.regions[0].description == describe_region(once.regions[0], once)


def test_what_is_said_of_each_image_in_the_same_words_is_said_once():
    result = make_result()
    before, after = result.before.name, result.after.name
    caveats = (f"{before}: no sun", "another", f"{after}: no sun", f"{after}: no mask")
    assert together(caveats, result) == ("both images: no sun", "another", f"{after}: no mask")
    assert together((f"{before}: no sun",), result) == (f"{before}: no sun",)


@pytest.mark.parametrize(
    ("changes", "words"), [({}, "was not counted"), ({"length_low_m": 81.0, "length_high_m": 97.0}, None)]
)
def test_lengths_without_limits_are_called_rough(changes, words):
    caveats = result_of(region_of(**changes)).caveats
    rough = [c for c in caveats if c.startswith("lengths without limits")]
    assert len(rough) == (words is not None)
    assert words is None or words in rough[0]


def test_what_probabilities_rest_on_is_said_where_there_are_any():
    assert any("prior of 1 change per km2" in c for c in result_of(region_of(p_change=0.9)).caveats)
    assert not any("prior of" in c for c in result_of(region_of()).caveats)
    assert result_of(region_of(p_activity=0.9)).caveats[-1].startswith("probabilities were counted on rendered scenes")
    again = told(result_of(region_of(p_change=0.9)))
    assert sum("prior of" in c for c in again.caveats) == 1


def test_a_side_is_said_of_outlines_that_were_fitted_whatever_they_were_before():
    rough = result_of(region_of(at=(0.0, -24.0)))
    zones = tuple(replace(state, zone=replace(state.zone, accuracy_m=25.0)) for state in rough.zones)
    rough = told(replace(rough, zones=zones))
    assert rough.regions[0].side == ""
    fit = Fit(fitted=True, residual_m=3.0, error_m=1.0)
    fitted = replace(rough, fit=fit)
    assert told(fitted).regions[0].side == "south-west"
    along = replace(fitted, fit=replace(fit, open_deg=146.5))
    assert told(along).regions[0].side == "south-west"
    across = replace(fitted, fit=replace(fit, open_deg=56.5))
    assert told(across).regions[0].side == ""
    # What is drawn worse than the best of the outlines is no better for the fit.
    worse = tuple(replace(s, zone=replace(s.zone, accuracy_m=60.0 if s.zone.name == "pier" else 25.0)) for s in zones)
    assert told(replace(fitted, zones=worse)).regions[0].side == ""


def test_of_a_yards_filling_the_least_and_the_most_are_told_for_each_date():
    zone = Zone(name="yard", kind="yard", polygon=box(0, 0, 1, 1), crs="EPSG:32652")
    base = ZoneState(zone=zone, state="flagged", clear_fraction=1.0, degraded_fraction=0.0, unknown={})
    assert base.fill_fraction is None
    told = replace(base, fill_gained=(0.2, 0.3), fill_lost=(0.1, 0.15)).fill_fraction
    assert told == {"before": (0.1, 0.8), "after": (0.2, 0.9)}
