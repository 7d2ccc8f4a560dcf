"""The sample tiles: there, found, and never to be taken for real."""

import hashlib
import json
import re

import numpy as np
import pytest
import rasterio

from imagery_diff import samples
from imagery_diff.errors import UnknownNameError
from imagery_diff.mark import carries_mark
from imagery_diff.shipped import shipped_folder

PASSES = samples.names()


def test_the_documented_pairs_are_there():
    assert set(samples.pairs()) == {
        "stack_appears",
        "ship_arrives",
        "departure",
        "departure_skysat",
        "refill",
        "quiet",
        "train_leaves",
    }
    for name in samples.pairs():
        before, after = samples.pair(name)
        assert before.is_file()
        assert after.is_file()
        assert before.name[:15] < after.name[:15]


def test_an_unknown_name_lists_the_known():
    with pytest.raises(UnknownNameError, match="najin_20231016"):
        samples.path("najin_1999")
    with pytest.raises(UnknownNameError, match="stack_appears"):
        samples.pair("nothing")


@pytest.mark.parametrize("name", PASSES)
def test_every_tile_says_in_five_ways_that_it_is_rendered(name):
    path = samples.path(name)
    assert "_0000" in path.name
    with rasterio.open(path) as image:
        assert image.tags()["IMAGERY_DIFF_RENDERED"] == "RENDERED, NOT A SATELLITE IMAGE"
        assert image.tags()["TIFFTAG_IMAGEDESCRIPTION"] == "RENDERED, NOT A SATELLITE IMAGE"
        assert carries_mark(image.read(window=((200, 400), (200, 400))))
    metadata = json.loads(next(path.parent.glob("*_metadata.json")).read_text())
    assert metadata["properties"]["simulated"] is True
    assert metadata["properties"]["satellite_id"] == "0000"
    assert all(f["properties"]["simulated"] is True for f in samples.truth(name)["features"])


@pytest.mark.parametrize("name", PASSES)
def test_every_tile_is_laid_out_as_delivered(name):
    path = samples.path(name)
    skysat = name.endswith("skysat")
    with rasterio.open(path) as image, rasterio.open(next(path.parent.glob("*udm2*.tif"))) as mask:
        assert (image.count, image.dtypes[0], image.nodata) == (4, "uint16", 0)
        assert image.crs.to_epsg() == 32652
        assert image.res == ((0.5, 0.5) if skysat else (3.0, 3.0))
        assert image.block_shapes[0] == (256, 256)
        assert (mask.count, mask.dtypes[0], mask.shape, mask.transform) == (8, "uint8", image.shape, image.transform)
        classes, nodata = mask.read([1, 2, 3, 4, 5, 6]), (image.read() == 0).all(axis=0)
        np.testing.assert_array_equal(classes.sum(axis=0), ~nodata)
        np.testing.assert_array_equal(mask.read(8) & 1, nodata)


def test_nothing_but_the_record_is_dated_16_to_21_october():
    october = [n for n in PASSES if re.match(r"202310(1[6-9]|2[01])", samples.path(n).name)]
    assert october == [n for n in PASSES if n.startswith("najin_2023")]


def test_truth_of_the_october_story_is_that_of_the_record():
    def there(name):
        return {f["id"]: f["properties"] for f in samples.truth(name)["features"] if not f["properties"]["clutter"]}

    assert set(there("najin_20231016")) == {"pier1_line"}
    assert there("najin_20231016")["pier1_line"]["length_m"] == pytest.approx(115, abs=4)
    assert there("najin_20231017")["pier2_stack_17oct"]["length_m"] == pytest.approx(90, abs=4)
    assert there("najin_20231017")["pier2_stack_17oct"]["colour"] == "blue"
    assert there("najin_20231019")["pier2_ship_19oct"]["length_m"] == 115
    assert set(there("najin_20231020_0201")) == set(there("najin_20231019"))
    assert set(there("najin_20231020_0643")) == {"pier1_line"}
    assert there("najin_20231021")["pier2_stack_21oct"]["length_m"] == pytest.approx(80, abs=4)
    assert samples.truth("najin_quiet_before")["features"] != []
    assert there("najin_quiet_before").keys() == there("najin_quiet_after").keys()


def test_what_the_record_says_is_to_be_seen_in_the_pixels():
    """Inside the truth's outline, further in than the pointing error, the stack is bluer than the bare pier."""
    bare, stacked = (_ratio_inside(n, "pier2_stack_17oct") for n in ("najin_20231016", "najin_20231017"))
    assert bare < 1.0
    assert stacked > 1.3


def _ratio_inside(name, thing):
    """Median of blue over red inside a thing of 17 October, 4.5 m in from its edge."""
    from rasterio.features import geometry_mask
    from shapely.geometry import shape

    from imagery_diff.aoi import reproject

    features = samples.truth("najin_20231017")["features"]
    outline = next(shape(f["geometry"]) for f in features if f["id"] == thing)
    with rasterio.open(samples.path(name)) as image:
        core = reproject(outline, "EPSG:4326", "EPSG:32652").buffer(-4.5)
        inside = geometry_mask([core], image.shape, image.transform, invert=True)
        blue, red = image.read(1)[inside].astype(float), image.read(3)[inside].astype(float)
    return float(np.median(blue / red))


def test_the_hashes_in_the_readme_are_those_of_the_files():
    folder = shipped_folder("sample_tiles")
    readme = (folder / "README.md").read_text()
    assert "RENDERED, NOT A SATELLITE IMAGE" in readme.splitlines()[0]
    rows = re.findall(r"^\| `([^`]+)` \| `([0-9a-f]{64})` \|$", readme, re.MULTILINE)
    files = {f.relative_to(folder).as_posix() for f in folder.rglob("*/*") if f.is_file()}
    assert {name for name, _ in rows} == files
    for name, digest in rows:
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest, name


def test_the_tiles_stay_under_30_megabytes():
    assert sum(f.stat().st_size for f in shipped_folder("sample_tiles").rglob("*") if f.is_file()) < 30e6


@pytest.mark.slow
def test_remaking_gives_the_same_pixels(tmp_path):
    """One command remakes them: decoded pixels within 1 DN, masks equal."""
    from imagery_diff.synthetic.__main__ import main

    assert main([str(tmp_path)]) == 0
    for name in PASSES:
        shipped = samples.path(name)
        again = tmp_path / shipped.relative_to(shipped_folder("sample_tiles"))
        with rasterio.open(shipped) as a, rasterio.open(again) as b:
            assert np.abs(a.read().astype(int) - b.read().astype(int)).max() <= 1, name
            assert a.transform == b.transform
        assert (again.parent / "truth.geojson").read_text() == (shipped.parent / "truth.geojson").read_text()
