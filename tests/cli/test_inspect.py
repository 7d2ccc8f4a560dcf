"""``imagery-diff inspect``: what each file was recognised as; one scene is one scene, and no mask is an image."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from imagery_diff import samples
from imagery_diff.cli import main

TOP = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((TOP / "docs" / "reference" / "schemas" / "inspect.schema.json").read_text())


def inspected(*words, code=0):
    result = CliRunner().invoke(main, ["inspect", *map(str, words), "--json"])
    assert result.exit_code == code, result.output
    document = json.loads(result.stdout)
    Draft202012Validator(SCHEMA).validate(document)
    return document


@pytest.fixture
def sample(tmp_path):
    folder = tmp_path / "order"
    shutil.copytree(samples.path("najin_20231017").parent, folder)
    return folder


def test_an_image_given_with_its_mask_and_metadata_is_one_scene(sample):
    files = [f for f in sorted(sample.iterdir()) if f.name != "truth.geojson"]
    document = inspected(*files)
    assert len(document["scenes"]) == 1
    assert document["scenes"][0]["given"] == [f.name for f in files]
    assert len(document["scenes"][0]["files"]) == 3


def test_what_is_told_of_a_planetscope_scene(sample):
    scene = inspected(sample)["scenes"][0]
    assert scene["product"] == "PlanetScope AnalyticMS_SR_clip"
    assert scene["level"] == "surface reflectance"
    assert scene["acquired"] == "2023-10-17T02:12:04.370Z"
    assert scene["time_source"] == "metadata"
    assert scene["sun"]["source"] == "metadata"
    assert scene["crs"] == "EPSG:32652"
    assert scene["masks"] == ["UDM2: cloud, shadow, haze, snow, suspect pixels"]
    assert scene["missing"] == []
    assert scene["simulated"]
    assert scene["cover"] is None


def test_the_cover_of_a_place_is_that_of_the_mask(sample):
    cover = inspected(sample, "--aoi", "najin")["scenes"][0]["cover"]
    assert cover["clear_fraction"] + cover["degraded_fraction"] + cover["unseen_fraction"] == pytest.approx(1, abs=1e-3)
    assert cover["clear_fraction"] > 0.95
    assert inspected(sample, "--aoi", "vostochny")["scenes"][0]["cover"] is None
    elsewhere = CliRunner().invoke(main, ["inspect", str(sample), "--aoi", "vostochny"]).stdout
    assert "the scene does not show vostochny" in elsewhere
    assert "local" not in elsewhere


def test_a_place_adds_its_local_time(sample):
    shown = CliRunner().invoke(main, ["inspect", str(sample), "--aoi", "najin"]).stdout
    assert "17 October 2023 02:12 UTC (11:12 local), 02:12:04.37 UTC by the metadata" in shown
    assert "RENDERED, NOT A SATELLITE IMAGE" in shown
    assert "known by    its name and the metadata beside it" in shown


def test_a_mask_alone_and_a_text_are_refused_beside_what_is_an_image(sample, write_image, tmp_path):
    mask = write_image("20230912_020341_25_2259_3B_udm2_clip.tif", np.ones((8, 9, 9), np.uint8))
    (tmp_path / "notes.tif").write_text("dear sir")
    document = inspected(sample, mask, tmp_path / "notes.tif", tmp_path / "none.tif", code=1)
    assert [s["simulated"] for s in document["scenes"]] == [True]
    reasons = {r["file"]: r["reason"] for r in document["refused"]}
    assert "is a mask" in reasons[mask.name]
    assert "is text" in reasons["notes.tif"]
    assert "no such file" in reasons["none.tif"]


def test_a_folder_of_several_scenes_lists_them_all(sample, write_image, tmp_path):
    for day in ("20230912", "20230913"):
        write_image(f"{day}_020341_25_2259_3B_AnalyticMS_SR.tif", np.full((4, 9, 9), 900, np.uint16))
    shutil.move(sample, tmp_path.parent / "elsewhere")
    document = inspected(tmp_path)
    assert [s["scene"] for s in document["scenes"]] == ["20230912_020341_25_2259", "20230913_020341_25_2259"]
    shutil.rmtree(tmp_path.parent / "elsewhere")


def test_a_bare_image_says_what_is_missing(write_image):
    scene = inspected(write_image("port.tif", np.full((1, 5, 5), 9, np.uint16), crs=None))["scenes"][0]
    missing = ["georeference", "time", "sun", "view", "cloud mask", "wavelengths", "credit", "licence"]
    assert scene["missing"] == missing


def test_names_that_steer_a_terminal_are_printed_as_text(write_image):
    path = write_image("a\x1b[31m.tif", np.full((1, 5, 5), 9, np.uint16))
    assert "\x1b" not in CliRunner().invoke(main, ["inspect", str(path)]).stdout


def test_without_files_the_words_are_wrong():
    assert CliRunner().invoke(main, ["inspect"]).exit_code == 2
