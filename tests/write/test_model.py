"""One model of a result: the summary, and the same numbers everywhere."""

import json
import math

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from shapely.geometry import shape as geometry_of

from imagery_diff.method.coregister import Shift
from imagery_diff.write import summary
from imagery_diff.write.geojson import regions_geojson
from imagery_diff.write.ground import offset_m
from imagery_diff.write.model import plain, to_json
from tests.write.conftest import make_grid, make_result
from tests.write.test_geojson import SCHEMAS


@pytest.fixture(scope="module")
def validator():
    schema = json.loads((SCHEMAS / "summary.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"count": 0},
        {"count": 60},
        {"simulated": True},
        {"crs": None, "aoi": False},
        {"times": (None, None), "aoi": False},
        {"bands": ("amplitude",)},
        {"relative_gain": {"red": math.nan}},
        {"shift": Shift(rows=0.0, cols=0.0, error_px=None, windows=0, reason="no texture")},
    ],
)
def test_fits_its_schema(options, validator):
    validator.validate(json.loads(to_json(summary(make_result(**options)))))


def test_the_regions_of_summary_and_geojson_are_the_same(result):
    told = summary(result)
    assert told["regions"] == [f["properties"] for f in regions_geojson(result)["features"]]
    zones = [{key: value for key, value in zone.items() if key != "geometry"} for zone in told["zones"]]
    assert zones == regions_geojson(result)["zones"]


def test_outlines_of_zones_and_place_stand_in_the_summary_as_they_were_laid(result):
    told = summary(result)
    left, bottom, right, top = geometry_of(told["zones"][0]["geometry"]).bounds
    assert 130.2 < left < right < 130.3
    assert 42.2 < bottom < top < 42.3
    assert geometry_of(told["aoi"]["geometry"]).covers(geometry_of(told["zones"][0]["geometry"]).buffer(-1e-6))
    assert summary(make_result(aoi=False))["aoi"]["geometry"] is None


def test_without_georeference_geometry_stands_in_pixels_and_nothing_in_metres():
    told = summary(make_result(crs=None, aoi=False))
    region = told["regions"][0]
    assert [region[k] for k in ("area_m2", "length_m", "width_m", "orientation_deg")] == [None] * 4
    assert region["pixels"]["length_px"] == 90.0
    assert geometry_of(region["pixels"]["geometry"]).bounds == pytest.approx((24, 18, 67.2, 50.4))
    assert told["shift"]["east_m"] is None
    assert told["grid"]["pixel_size_m"] is None


def test_the_shift_is_told_in_metres_on_the_ground(result):
    shift = summary(result)["shift"]
    # 2 pixels of 3 m to the right and 1.5 up; UTM north is 0.85 degrees off true north there.
    assert math.hypot(shift["east_m"], shift["north_m"]) == pytest.approx(7.5, rel=1e-3)
    assert shift["east_m"] == pytest.approx(6.0, abs=0.1)
    assert shift["north_m"] == pytest.approx(4.5, abs=0.1)
    assert shift["error_m"] == pytest.approx(0.06, abs=0.001)


def test_up_is_north_but_for_the_convergence_of_the_meridians():
    assert abs(make_grid().up_azimuth_deg) == pytest.approx(0.857, abs=0.02)
    assert make_grid(crs=None).up_azimuth_deg is None
    assert offset_m(make_grid(crs=None), 1.0, 1.0) is None


def test_what_is_no_number_becomes_null():
    assert plain({"a": (math.nan, np.float32(math.inf), np.int16(3), np.array([1.5]))}) == {"a": [None, None, 3, [1.5]]}


def test_no_file_is_located():
    from pathlib import Path

    files = ((Path("/home/somebody/secret/before.tif"),), (Path("/home/somebody/secret/after.tif"),))
    text = to_json(summary(make_result(files=files))).decode()
    assert "secret" not in text
    assert '"before.tif"' in text


def test_a_file_name_that_is_not_utf8_still_gives_json():
    content = to_json(summary(make_result(names=("a\udcff.tif", "b.tif"))))
    assert json.loads(content)["before"]["file"] == "a?.tif"
