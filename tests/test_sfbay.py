"""The command on the real PlanetScope pair counts what it says: marks, lengths, and what lies on quiet ground."""

from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest
from shapely.affinity import translate
from shapely.geometry import box

from imagery_diff import compare


@pytest.fixture(scope="module")
def sfbay(benchmark):
    return benchmark("sfbay")


@pytest.fixture(scope="module")
def truth(sfbay, data_folder):
    folder = data_folder / "pairs" / "planet_sfbay"
    if not folder.is_dir():
        pytest.skip("real imagery is absent: no pairs/planet_sfbay")
    return sfbay.read_truth(folder)


@dataclass(frozen=True)
class Flagged:
    """As much of a region as the command looks at."""

    geometry: object
    direction: str = "appeared"
    activity: str = "other"
    zone: str = "anywhere"
    length_m: float = 100.0
    width_m: float = 30.0
    strength: float = 9.0


def flagged_as_marked(truth):
    return [
        Flagged(geometry=o, direction=m["sign"], length_m=m["length"])
        for m, o in zip(truth.marked, truth.outlines, strict=True)
    ]


def test_what_is_flagged_as_marked_meets_what_is_asked(sfbay, truth):
    found = sfbay.held(SimpleNamespace(regions=flagged_as_marked(truth)), truth)
    assert (found.right, found.worst_length_m, found.silent) == (5, 0, [])
    assert [row[3] for row in sfbay.asked(found)] == ["yes"] * 6
    assert len(found.elsewhere) == len(truth.marked) - 5


def test_a_wrong_direction_and_a_length_beyond_the_limit_are_not_met(sfbay, truth):
    regions = [Flagged(geometry=r.geometry, length_m=r.length_m + 13) for r in flagged_as_marked(truth)]
    found = sfbay.held(SimpleNamespace(regions=regions), truth)
    assert found.right == 3, "three of the five vessels came"
    assert [row[3] for row in sfbay.asked(found)][:2] == ["no", "no"]


def test_what_no_mark_explains_is_false_on_quiet_ground_and_only_listed_in_the_yard(sfbay, truth):
    left, bottom, *_ = truth.aoi.zone("city").polygon.bounds
    in_city = box(left + 300, bottom + 300, left + 360, bottom + 340)
    on_water = translate(truth.outlines[0], 0, 300)
    in_yard = truth.aoi.zone("pier96").polygon.representative_point().buffer(20)
    found = sfbay.held(SimpleNamespace(regions=[Flagged(geometry=g) for g in (in_city, on_water, in_yard)]), truth)
    assert [len(found.false(g)) for g in ("city", "water")] == [1, 1]
    assert len(found.elsewhere) == 1


def test_only_a_wide_region_that_differs_all_over_is_ground_that_looks_otherwise(truth):
    cols, rows = map(int, ~truth.transform @ truth.aoi.zone("city").polygon.representative_point().coords[0])
    left, top = truth.transform @ (cols - 8, rows - 8)
    wide, narrow = box(left, top - 48, left + 48, top), box(left, top - 12, left + 48, top)
    differs = np.zeros_like(truth.differs)
    differs[rows - 8 : rows + 8, cols - 8 : cols + 8] = True
    told = {
        (name, all_over): replace(truth, differs=differs if all_over else ~differs).looks_otherwise(
            Flagged(geometry=shape)
        )
        for name, shape in (("wide", wide), ("narrow", narrow))
        for all_over in (True, False)
    }
    assert told == {("wide", True): True, ("wide", False): False, ("narrow", True): False, ("narrow", False): False}
    assert truth.differs[truth.quiet["city"]].mean() == pytest.approx(0.01, abs=1e-3)


def test_the_quiet_ground_is_the_six_square_kilometres_of_the_label(truth):
    assert truth.quiet_km2("city") + truth.quiet_km2("water") == pytest.approx(687259 * 9e-6, rel=1e-3)


def test_the_five_real_ships_are_found_and_no_more_than_two_places_of_quiet_ground(sfbay, truth):
    """On real delivered pixels: a rule that is right on every rendered scene once dropped three of the five."""
    folder = sfbay.DATA
    found = sfbay.held(compare(truth.aoi, folder / "before.tif", folder / "after.tif"), truth)
    assert found.right == 5
    assert sum(len(found.false(ground)) for ground in truth.quiet) <= 2


def test_without_the_pair_the_command_says_so(sfbay, monkeypatch, tmp_path):
    monkeypatch.setattr(sfbay, "DATA", tmp_path)
    with pytest.raises(SystemExit, match="skipped: no pair planet_sfbay"):
        sfbay.main([])
