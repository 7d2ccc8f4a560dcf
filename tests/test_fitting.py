"""One constant correction of an AOI from many scenes, and the file it is written to."""

import json
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from shapely import affinity

from imagery_diff import load_aoi, samples
from imagery_diff.cli import main
from imagery_diff.errors import InputError
from imagery_diff.fitting import SceneFit, _median, fit_aoi
from imagery_diff.pair_fit import Fit
from imagery_diff.read.aois import check_aoi

SCHEMA = Path(__file__).resolve().parents[1] / "docs" / "reference" / "schemas" / "aoi.schema.json"
ACROSS = np.array([0.83, 0.56])
"""Across the piers of Najin, which alone is told there: the coast beyond them is made up in the sample tiles."""
OFF = 32.0 * ACROSS
TILES = [samples.path(f"najin_{n}") for n in ("20231016", "20231017", "20231019", "20231020_0201", "20231021")]


@lru_cache
def off():
    aoi = load_aoi("najin").in_crs("EPSG:32652")
    zones = [replace(z, polygon=affinity.translate(z.polygon, *OFF)) for z in aoi.zones]
    return replace(aoi, name="off", polygon=affinity.translate(aoi.polygon, *OFF), zones=zones).in_crs("EPSG:4326")


@lru_cache
def corrected():
    return fit_aoi(off(), TILES)


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    path = tmp_path / "off.geojson"
    path.write_text(json.dumps(off().to_geojson()), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return path


def test_the_correction_brings_outlines_back_to_where_five_scenes_show_the_quays():
    found = corrected()
    assert np.array([found.east_m, found.north_m]) @ ACROSS == pytest.approx(-32.0, abs=3.0)
    assert found.open_deg == pytest.approx(147, abs=3)
    assert 0.3 < found.error_m < 4.0
    back, right = (a.in_crs("EPSG:32652").zone("pier2_yard").polygon for a in (found.aoi, load_aoi("najin")))
    assert back.centroid.distance(right.centroid) < 4.0


def test_its_source_says_by_what_it_was_moved_and_on_which_scenes():
    source = corrected().aoi.source
    assert source.startswith(load_aoi("najin").source)
    assert "median of 5 scenes" in source
    assert "20231019_020750_12_0000" in source


def test_the_median_forgets_two_scenes_of_five_that_are_wrong():
    easts = (10.0, 11.0, 9.0, 60.0, -55.0)
    rows = [
        SceneFit(scene=str(e), acquired=None, fit=Fit(fitted=True, error_m=1.0), east_m=e, north_m=0.0, location_m=None)
        for e in easts
    ]
    east, north, error = _median(rows, np.eye(2))
    assert (east, north) == (10.0, 0.0)
    assert 1.0 < error < 3.0


def test_fewer_than_five_scenes_that_show_quays_are_refused_with_what_was_wrong():
    elsewhere = [samples.path("border_train_before")]
    with pytest.raises(InputError, match=r"4 of 5 scenes show the quays.*20231105"):
        fit_aoi(off(), [*TILES[:4], *elsewhere])


def test_one_scene_given_twice_is_refused():
    with pytest.raises(InputError, match="given twice"):
        fit_aoi(off(), [*TILES[:4], TILES[0]])


def test_of_two_images_of_one_pass_one_counts():
    with pytest.raises(InputError, match=r"4 of 5 scenes show the quays.*of one pass with"):
        fit_aoi(off(), [*TILES[:4], samples.path("najin_20231020_0201_skysat")])


def test_the_verb_writes_a_new_file_that_checks_out_and_overwrites_nothing(drawn):
    before = drawn.read_bytes()
    words = ["aois", "fit", str(drawn), *map(str, TILES)]
    first = CliRunner().invoke(main, words)
    assert first.exit_code == 0
    assert "median: -2" in first.stdout
    target = drawn.with_name("off_fitted.geojson")
    document = json.loads(target.read_text(encoding="utf-8"))
    assert len(document["fit"]["scenes"]) == 5
    assert [f for f in check_aoi(target) if f.level == "fault"] == []
    Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(document)
    again = CliRunner().invoke(main, words)
    assert again.exit_code == 1
    assert "never overwritten" in again.stderr
    assert drawn.read_bytes() == before


def test_four_images_are_too_few_words(drawn):
    result = CliRunner().invoke(main, ["aois", "fit", str(drawn), *map(str, TILES[:4])])
    assert result.exit_code == 2
    assert "5 or more" in result.stderr


def test_outlines_that_lie_right_are_left_alone_and_no_file_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["aois", "fit", "najin", *map(str, TILES), "--json"])
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert (document["moved"], document["file"], document["east_m"]) == (False, None, 0.0)
    assert list(tmp_path.iterdir()) == []
