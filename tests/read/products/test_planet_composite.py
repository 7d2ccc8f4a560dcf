"""Composites of an order: what they are follows from the scenes that came with them, built after Planet's layout."""

import json

import numpy as np
import pytest

from imagery_diff import open_scene
from imagery_diff.errors import InputError
from imagery_diff.scene import Flag, Level

SHAPE = (30, 40)
ITEM = {"instrument": "PSB.SD", "satellite_id": "2259", "strip_id": "6789012", "gsd": 3.9, "ground_control": True}


@pytest.fixture
def composite(tmp_path, write_image):
    """Return a maker of an order with a composite: the seconds of its scenes, the bundle its manifest names."""

    def make(*times, bundle="analytic_sr_udm2", name="composite", dtype=np.uint16, mask=True):
        folder = tmp_path / "order" / "PSScene"
        folder.mkdir(parents=True)
        data = np.random.default_rng(3).integers(30, 250, (4, *SHAPE)).astype(dtype)
        write_image("x.tif", data, nodata=0, photometric="MINISBLACK").rename(folder / f"{name}.tif")
        if mask:
            bands = np.zeros((8, *SHAPE), np.uint8)
            bands[0], bands[6], bands[0, :, :5], bands[5, :, :5] = 1, 95, 0, 1
            write_image("m.tif", bands, photometric="MINISBLACK").rename(folder / f"{name}_udm2.tif")
        for k, time in enumerate(times):
            properties = ITEM | {"acquired": time, "sun_azimuth": 152.1, "sun_elevation": 49.2}
            text = json.dumps({"properties": properties})
            (folder / f"20230912_0203{40 + k}_25_2259_metadata.json").write_text(text)
        files = [{"path": f"PSScene/{name}.tif", "annotations": {"planet/bundle_type": bundle}}] if bundle else []
        (tmp_path / "order" / "manifest.json").write_text(json.dumps({"files": files}))
        return tmp_path / "order"

    return make


def test_of_one_pass_it_has_a_time_and_a_sun_and_its_mask(composite):
    info = open_scene(composite("2023-09-12T02:03:40Z", "2023-09-12T02:03:43Z"))
    assert info.product == "Planet composite"
    assert info.acquired.isoformat() == "2023-09-12T02:03:41.500000+00:00"
    assert info.sun.elevation_deg == 49.2
    assert (info.platform, info.instrument, info.orbit.strip) == ("2259", "PSB.SD", "6789012")
    assert info.level is Level.SURFACE
    assert info.credit == "Image © 2023 Planet Labs PBC"
    assert [b.name for b in info.bands] == ["blue", "green", "red", "nir"]
    assert info.scene_id == "20230912_020340_25_2259+20230912_020341_25_2259"
    assert (info.read().flags[:, :5] == Flag.CLOUD).all()
    assert not info.read().flags[:, 5:].any()


def test_of_two_days_it_has_no_time_and_says_why(composite):
    info = open_scene(composite("2023-09-12T02:03:40Z", "2023-09-14T02:03:43Z"))
    assert info.acquired is None
    assert info.sun is None
    assert any("it shows no one moment" in c for c in info.caveats)


def test_without_its_scenes_nobody_knows_when_it_was_taken(composite):
    info = open_scene(composite())
    assert info.acquired is None
    assert info.credit is None
    assert any("nobody knows when it was taken" in c for c in info.caveats)


@pytest.mark.parametrize(("bundle", "level"), [("analytic_udm2", Level.NUMBERS), (None, Level.NUMBERS)])
def test_what_its_numbers_are_is_only_said_where_it_is_told(composite, bundle, level):
    info = open_scene(composite("2023-09-12T02:03:40Z", bundle=bundle))
    assert info.level is level
    assert any("no unit" in c for c in info.caveats)


def test_one_grouped_by_strip_and_one_of_pictures(composite):
    info = open_scene(composite("2023-09-12T02:03:40Z", name="6789012_composite", dtype=np.uint8))
    assert info.level is Level.DISPLAY
    assert info.cloud_masked


def test_its_mask_alone_is_refused(composite, tmp_path):
    folder = composite("2023-09-12T02:03:40Z")
    mask = folder / "PSScene" / "composite_udm2.tif"
    with pytest.raises(InputError, match=r"is a mask, not an image; give composite.tif"):
        open_scene(mask)
    mask.rename(tmp_path / "composite_udm2.tif")
    with pytest.raises(InputError, match="is a mask, not an image"):
        open_scene(tmp_path / "composite_udm2.tif")


def test_named_alone_it_finds_the_scenes_beside_it(composite):
    folder = composite("2023-09-12T02:03:40Z")
    assert open_scene(folder / "PSScene" / "composite.tif").acquired is not None
