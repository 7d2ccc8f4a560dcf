"""A whole comparison of the sample tiles, written and read back."""

import json
import os
from pathlib import Path

import pytest
import rasterio
from jsonschema import Draft202012Validator

from imagery_diff import compare, samples
from imagery_diff.method.zones import CAUSES
from imagery_diff.pair_result import NOT_SEARCHED
from imagery_diff.write import comparison_table, result_folder_name
from tests.write.test_geojson import SCHEMAS

DATA = Path(os.environ.get("IMAGERY_DIFF_DATA", Path(__file__).parents[3] / "shared" / "data"))


def check_folder(folder):
    """Check every JSON file against its schema, and every output against its hash in the manifest."""
    import hashlib

    for name in ("regions.geojson", "summary.json", "manifest.json"):
        if (folder / name).exists():
            schema = json.loads((SCHEMAS / f"{name.partition('.')[0]}.schema.json").read_text())
            Draft202012Validator(schema).validate(json.loads((folder / name).read_bytes()))
    manifest = json.loads((folder / "manifest.json").read_bytes())
    for entry in manifest["outputs"]:
        assert hashlib.sha256((folder / entry["name"]).read_bytes()).hexdigest() == entry["sha256"]
    return manifest


@pytest.mark.parametrize("name", ["regions", "summary"])
def test_every_cause_of_unknown_stands_in_the_schemas(name):
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    named = schema["$defs"]["zone"]["properties"]["unknown"]["propertyNames"]["enum"]
    assert set(named) == {*CAUSES.values(), *NOT_SEARCHED}


def test_the_rendered_stack_on_pier_2_is_written_as_rendered(tmp_path):
    result = compare("najin", *samples.pair("stack_appears"))
    assert result_folder_name(result) == "najin_20231016T0204Z_20231017T0212Z"
    folder = result.save(tmp_path / result_folder_name(result))
    manifest = check_folder(folder)
    # Image, mask and metadata of both dates.
    assert [entry["role"] for entry in manifest["inputs"]] == ["before"] * 3 + ["after"] * 3
    assert all(entry["sha256"] for entry in manifest["inputs"])
    # The outlines' licence asks for its credit wherever they are used.
    for name in ("manifest.json", "summary.json", "regions.geojson"):
        assert "OpenStreetMap contributors, ODbL" in (folder / name).read_text(encoding="utf-8")
    features = json.loads((folder / "regions.geojson").read_bytes())["features"]
    stack = features[0]["properties"]
    assert (stack["direction"], stack["activity"], stack["zone"]) == ("appeared", "containers", "pier2_yard")
    assert stack["simulated"]
    assert "RENDERED" in comparison_table(result).splitlines()[0]
    with rasterio.open(folder / "evidence.tif") as dataset:
        assert dataset.tags()["IMAGERY_DIFF_RENDERED"]
        score = dataset.read(1)
    assert score.max() > 6
    text = "".join(p.read_text() for p in folder.iterdir() if p.suffix in {".json", ".geojson"})
    assert str(samples.path("najin_20231016").parent) not in text


@pytest.mark.parametrize("name", ["planet_sfbay", "sar_ottawa"])
def test_real_images_are_written(tmp_path, name):
    folder = DATA / "pairs" / name
    if not folder.is_dir():
        pytest.skip("../shared/data is not here")
    aoi = folder / "aoi.geojson"
    result = compare(str(aoi) if aoi.exists() else "-", folder / "before.tif", folder / "after.tif")
    out = result.save(tmp_path / "out")
    manifest = check_folder(out)
    assert not manifest["simulated"]
    assert (out / "regions.geojson").exists() == (result.grid.crs is not None)
    assert str(DATA) not in "".join(p.read_text() for p in out.iterdir() if p.suffix in {".json", ".geojson"})
