"""Files as a provider delivers them."""

import json
from dataclasses import replace

import numpy as np
import rasterio

from imagery_diff.synthetic import SKYSAT, render, write_planetscope, write_skysat


def test_a_planetscope_pass_is_named_and_described_as_delivered(quay, look, tmp_path):
    made = render(quay, look)
    path = write_planetscope(made, tmp_path)
    assert path.relative_to(tmp_path).as_posix() == (
        "20231017_021200_00_0000/20231017_021200_00_0000_3B_AnalyticMS_SR_clip.tif"
    )
    assert {p.name.removeprefix("20231017_021200_00_0000_") for p in path.parent.iterdir()} == {
        "3B_AnalyticMS_SR_clip.tif",
        "3B_udm2_clip.tif",
        "metadata.json",
        "truth.geojson",
    }
    with rasterio.open(path) as image:
        np.testing.assert_array_equal(image.read(), made.data)
        assert image.descriptions == ("blue", "green", "red", "nir")
    item = json.loads((path.parent / "20231017_021200_00_0000_metadata.json").read_text())
    assert item["id"] == "20231017_021200_00_0000"
    properties = item["properties"]
    assert (properties["instrument"], properties["satellite_id"], properties["item_type"]) == (
        "PSB.SD",
        "0000",
        "PSScene",
    )
    assert properties["acquired"] == "2023-10-17T02:12:00.000000Z"
    assert properties["sun_elevation"] == round(made.sun.elevation_deg, 1)
    assert properties["clear_percent"] == 100
    assert "NOT A SATELLITE IMAGE" in properties["rendered"]


def test_a_skysat_pass_is_named_as_delivered(quay, look, tmp_path):
    small = replace(quay, bounds=(606_100, 4_675_900, 606_180, 4_675_980))
    path = write_skysat(render(small, replace(look, sensor=SKYSAT)), tmp_path)
    assert path.name == "20231017_021200_ssc0_0000_analytic_SR_clip.tif"
    item = json.loads(next(path.parent.glob("*_metadata.json")).read_text())
    assert item["properties"]["pixel_resolution"] == 0.5


def test_writing_twice_gives_the_same_bytes(quay, look, tmp_path):
    made = render(quay, look)
    a, b = (write_planetscope(made, tmp_path / k) for k in ("a", "b"))
    assert a.read_bytes() == b.read_bytes()
