"""Where the second stage ranks and states, where it only ranks, and where the levels of the pair alone decide."""

from types import SimpleNamespace

import pytest
from affine import Affine

from imagery_diff.errors import InputError
from imagery_diff.grid import Grid
from imagery_diff.method.chance import Calibration
from imagery_diff.pair_result import Odds
from imagery_diff.params import Params
from imagery_diff.read.calibration import read_calibration

FOUR = ("blue", "green", "red", "nir")
TABLE = Calibration.of_table(read_calibration())


def odds(*names, units="digital numbers", pixel_m=3.0, detect="alarm", **params):
    info = SimpleNamespace(units=units, level=None, secondary=False, name="image")
    grid = Grid(crs="EPSG:32652", transform=Affine(pixel_m, 0, 0, 0, -pixel_m, 0), shape=(9, 9))
    return Odds.of(SimpleNamespace(names=names, infos=(info, info)), grid, detect, Params(**params))


def region(step):
    traits = {n: m + step * s * (1 if w > 0 else -1) for n, m, s, w in zip(*stage_parts(), strict=True)}
    return SimpleNamespace(traits=traits, zone="a zone", why=())


def stage_parts():
    return TABLE.stage.traits, TABLE.stage.middle, TABLE.stage.spread, TABLE.stage.weight


def test_three_bands_of_the_same_pixel_are_ranked_and_no_rate_is_stated_of_them():
    ranked = odds("red", "green", "blue")
    assert ranked.least_score == TABLE.score_at(Params().false_alarms_per_km2)
    assert ranked.accepts(region(1.0))
    assert not ranked.accepts(region(-1.0))
    told = ranked.told_of(region(1.0))
    assert (told["p_change"], told["false_alarms_per_km2"]) == (None, None)
    with pytest.raises(InputError, match="--false-alarms"):
        odds("red", "green", "blue", false_alarms_per_km2=1.0)


def test_what_was_counted_is_ranked_by_the_rate_asked_for_and_stated():
    counted = odds(*FOUR, units="reflectance")
    assert counted.least_score == TABLE.score_at(Params().false_alarms_per_km2)
    assert counted.told_of(region(1.0))["p_change"] > 0.9


@pytest.mark.parametrize(
    "other",
    [
        {"names": ("red", "green", "blue"), "pixel_m": 10.0},
        {"names": ("pan",)},
        {"names": ("vv", "vh", "hh")},
        {"names": ("red", "green", "blue"), "detect": "map"},
    ],
)
def test_where_traits_mean_something_else_the_levels_of_the_pair_decide(other):
    plain = odds(*other.pop("names"), **other)
    assert plain.least_score is None
    assert plain.accepts(region(-1.0))
