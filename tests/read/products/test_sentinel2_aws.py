"""Sentinel-2 tiles as the open-data buckets of AWS hold them, built after the names that sentinelhub-py lists.

Keys of tileInfo.json and productInfo.json are those of real ones (T15RTM of 2017-01-14, T23VNH of 2018-01-21).
"""

import json
from pathlib import Path

import numpy as np
import pytest

from imagery_diff import open_scene
from imagery_diff.errors import InputError
from imagery_diff.inspection import inspect
from imagery_diff.read.given import Given
from imagery_diff.scene import Flag, Level
from tests.read.products.test_sentinel2 import SCL, SIDE, TEN, TWENTY, expected, numbers, pack, tile_xml, write

NAME = "S2A_MSIL{}_20231020T020651_N0509_R103_T52TFN_20231020T050607"
BANDS = ["blue", "green", "red", "rededge", "rededge2", "rededge3", "nir", "nir08", "swir1", "swir2"]
CLOUD = (
    '<eop:Mask xmlns:eop="http://www.opengis.net/eop/2.0" xmlns:gml="http://www.opengis.net/gml/3.2">'
    "<eop:maskMembers></eop:maskMembers></eop:Mask>"
)


def tile_info(level, **changes):
    told = {
        "path": "tiles/52/T/FN/2023/10/20/0",
        "timestamp": "2023-10-20T02:10:34.578Z",
        "utmZone": 52,
        "latitudeBand": "T",
        "gridSquare": "FN",
        "dataCoveragePercentage": 78.02,
        "cloudyPixelPercentage": 1.5,
        "productName": NAME.format(level),
        "productPath": f"products/2023/10/20/{NAME.format(level)}",
    }
    return json.dumps(told | changes)


def product_info(level, **changes):
    told = {
        "name": NAME.format(level),
        "id": "91b49eb5-735f-4043-aff1-bb67f6d51db7",
        "timestamp": "2023-10-20T02:06:51.024Z",
        "datatakeIdentifier": "GS2A_20231020T020651_043500_N05.09",
        "tiles": [{"path": "tiles/52/T/FN/2023/10/20/0", "timestamp": "2023-10-20T02:10:34.578Z"}],
    }
    return json.dumps(told | changes)


def metadata(level, tile="S2A_OPER_MSI_L1C_TL_2APS_20231020T050607_A043500_T52TFN_N05.09"):
    told = f'<n1:General_Info><TILE_ID metadataLevel="Brief">{tile}</TILE_ID>'
    return tile_xml(level).replace("<n1:General_Info>", told)


@pytest.fixture
def tile(tmp_path):
    """Return a maker of a tile's folder, at its place in the bucket; a document that is None is not written."""

    def make(level, **documents):
        top = tmp_path / "tiles/52/T/FN/2023/10/20/0"
        for band in (*TEN, *TWENTY, "B01"):
            step = 1 if band in TEN else 2 if band in TWENTY else 6
            write(top / ("" if level == "1C" else f"R{10 * step}m") / f"{band}.jp2", numbers(band), step=step)
            if level == "2A" and step == 1:
                write(top / "R20m" / f"{band}.jp2", numbers(band)[::2, ::2], step=2)
        tci = "TCI.jp2" if level == "1C" else "R10m/TCI.jp2"
        write(top / tci, np.full((3, SIDE, SIDE), 80, np.uint8))
        write(top / "preview" / "B02.jp2", np.full((20, 20), 80, np.uint8), pixel=60)
        write(top / "preview" / "B03.jp2", np.full((20, 20), 80, np.uint8), pixel=60)
        (top / "qi").mkdir()
        if level == "2A":
            write(top / "R20m" / "SCL.jp2", SCL, step=2)
            write(top / "qi" / "CLD_20m.jp2", np.zeros((SIDE // 2, SIDE // 2), np.uint8), step=2)
        written = {
            "metadata.xml": metadata(level),
            "tileInfo.json": tile_info(f"{level}"),
            "productInfo.json": product_info(f"{level}"),
        }
        for name, text in (written | {k.replace("_", "."): v for k, v in documents.items()}).items():
            if text is not None:
                (top / name).write_text(text)
        return top

    return make


@pytest.mark.parametrize(("level", "scale"), [("1C", Level.TOA), ("2A", Level.SURFACE)])
def test_a_tile_is_a_scene_by_its_folder_by_a_folder_above_and_as_zip(tile, tmp_path, level, scale):
    top = tile(level)
    for way in (top, tmp_path / "tiles", pack(top, tmp_path / "tile.zip")):
        info = open_scene(way)
        assert (info.name, info.product, info.level) == (NAME.format(level), f"Sentinel-2 L{level}", scale)
        assert [b.name for b in info.bands] == BANDS
        assert info.grid.shape == (SIDE, SIDE)
        assert info.acquired.isoformat() == "2023-10-20T02:10:34.578328+00:00"
        assert (info.platform, info.instrument) == ("Sentinel-2A", "MSI")
        assert (info.orbit.relative, info.orbit.strip) == (103, "GS2A_20231020T020651_043500")
        assert (info.sun.azimuth_deg, info.sun.elevation_deg) == (160.25, 35.5)
        assert info.view is not None
        assert info.credit == "Contains modified Copernicus Sentinel data 2023"
        assert info.why == "names and metadata of an AWS open-data tile"
        assert any(
            "-1000 added to the numbers, by processing baseline 05.09 of the product's name" in n for n in info.notes
        )
        data = info.read().data
        assert np.allclose(data[0, 12:], expected("B02")[12:], atol=1e-6)
        assert np.allclose(data[6, 12:], expected("B08")[12:], atol=1e-6)


def test_a_tile_of_l1c_is_found_by_any_of_its_files(tile):
    top = tile("1C")
    for name in ("B04.jp2", "metadata.xml", "tileInfo.json", "productInfo.json", "TCI.jp2"):
        assert open_scene(top / name).name == NAME.format("1C")


def test_a_tile_of_l2a_is_found_by_any_of_its_files_and_folders_with_all_its_bands_and_masks(tile, monkeypatch):
    top = tile("2A")
    files = ("R10m/B04.jp2", "R10m/TCI.jp2", "R20m/B04.jp2", "R20m/B05.jp2", "R60m/B01.jp2")
    ways = [top / name for name in (*files, "metadata.xml", "tileInfo.json", "productInfo.json", "R10m", "R20m", "qi")]
    monkeypatch.chdir(top / "R10m")
    for way in (*ways, Path("B04.jp2"), Path()):
        info = open_scene(way)
        assert (info.name, info.level) == (NAME.format("2A"), Level.SURFACE)
        assert [b.name for b in info.bands] == BANDS
        assert [m.partition(":")[0] for m in info.masks] == ["Scl", "CloudProbability"]


def test_a_mask_of_a_tile_is_no_image(tile):
    top = tile("2A")
    for name in ("R20m/SCL.jp2", "qi/CLD_20m.jp2"):
        with pytest.raises(InputError, match=r"is a mask, not an image; give B02\.jp2"):
            open_scene(top / name)


def test_a_band_of_l1c_by_itself_brings_the_clouds_in_its_tiles_folder_qi(tile):
    top = tile("1C")
    (top / "qi" / "MSK_CLOUDS_B00.gml").write_text(CLOUD)
    for name in ("B04.jp2", "metadata.xml", "qi/MSK_CLOUDS_B00.gml"):
        assert open_scene(top / name).masks[0].startswith("CloudOutlines")


def test_a_folder_of_a_tile_that_is_a_link_out_of_it_is_left_alone(tile, tmp_path):
    top = tile("2A")
    (top / "R20m").rename(tmp_path / "elsewhere")
    (top / "R20m").symlink_to(tmp_path / "elsewhere")
    for way in (top / "R10m" / "B04.jp2", top / "metadata.xml", top):
        info = open_scene(way)
        assert [b.name for b in info.bands] == ["blue", "green", "red", "nir"]
        assert not any("elsewhere" in str(f.resolve()) for f in info.files)


def test_a_band_in_such_a_folder_without_metadata_above_is_what_it_was(tile):
    top = tile("2A", metadata_xml=None, tileInfo_json=None, productInfo_json=None)
    info = open_scene(top / "R10m" / "B04.jp2")
    assert (info.level, len(info.bands)) == (Level.NUMBERS, 4)


def test_classes_and_cloud_probability_of_l2a_are_its_mask(tile):
    info = open_scene(tile("2A"))
    assert [m.partition(":")[0] for m in info.masks] == ["Scl", "CloudProbability"]
    flags = info.read().flags
    cloud = np.repeat(np.repeat(SCL == 9, 2, axis=0), 2, axis=1)
    assert ((flags[cloud] & Flag.CLOUD) != 0).all()


def test_cloud_masks_of_l1c_of_both_kinds_are_read(tile):
    top = tile("1C")
    assert not open_scene(top).cloud_masked
    (top / "qi" / "MSK_CLOUDS_B00.gml").write_text(CLOUD)
    assert open_scene(top).masks[0].startswith("CloudOutlines")
    classes = np.zeros((3, SIDE // 6, SIDE // 6), np.uint8)
    classes[0, 5:8] = 1
    write(top / "qi" / "CLASSI_B00.jp2", classes, step=6)
    info = open_scene(top)
    assert info.masks[0].startswith("Classi")
    assert (info.read().flags[30:48, 12:] & Flag.CLOUD).all()


def test_without_the_documents_the_tiles_own_metadata_tell_level_time_and_baseline(tile):
    info = open_scene(tile("1C", tileInfo_json=None, productInfo_json=None))
    assert (info.level, info.orbit.relative) == (Level.TOA, None)
    assert info.acquired.isoformat() == "2023-10-20T02:10:34.578328+00:00"
    assert any("by processing baseline 05.09 of TILE_ID of metadata.xml" in n for n in info.notes)


def test_without_the_tiles_own_metadata_the_documents_tell_time_and_baseline(tile):
    info = open_scene(tile("2A", metadata_xml=None))
    assert info.acquired.isoformat() == "2023-10-20T02:10:34.578000+00:00"
    assert np.allclose(info.read().data[0, 12:], expected("B02")[12:], atol=1e-6)


@pytest.mark.parametrize(("baseline", "added"), [("N0301", 0), ("N0400", -1000)])
def test_the_baseline_decides_on_the_offset(tile, baseline, added):
    info = open_scene(
        tile("1C", tileInfo_json=tile_info("1C", productName=NAME.format("1C").replace("N0509", baseline)))
    )
    assert np.allclose(info.read().data[0, 12:], expected("B02", added=added)[12:], atol=1e-6)


def test_what_the_user_says_of_the_offset_stands_above(tile):
    info = open_scene(tile("1C"), Given(offset=0.0))
    assert np.allclose(info.read().data[0, 12:], expected("B02", added=0)[12:], atol=1e-6)


@pytest.mark.parametrize(
    ("documents", "words"),
    [
        ({"metadata_xml": "<x/>"}, "metadata.xml: is no tile metadata of Sentinel-2"),
        ({"metadata_xml": "<x"}, "metadata.xml: "),
        ({"tileInfo_json": "{"}, "tileInfo.json: is no JSON that can be read"),
        ({"productInfo_json": "[" * 99_999}, "productInfo.json: is no JSON that can be read"),
        ({"tileInfo_json": tile_info("1C", timestamp="noon")}, "tileInfo.json: its time 'noon' is no time"),
        ({"tileInfo_json": tile_info("2A")}, "its files are of L1C and L2A"),
    ],
)
def test_damaged_or_contradicting_documents_end_in_one_line(tile, documents, words):
    with pytest.raises(InputError, match=words) as told:
        open_scene(tile("1C", **documents))
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("content", [[], 7, None, {"productName": ["x"], "timestamp": 5}, {"productName": "../../etc"}])
def test_odd_documents_tell_nothing_and_name_no_place(tile, content):
    (one,) = inspect([tile("1C", tileInfo_json=json.dumps(content), productInfo_json=json.dumps(content))])
    assert one.info is not None
    assert "etc" not in one.info.name
    assert one.info.level is Level.TOA


@pytest.mark.parametrize(
    "told", ["\ud800\x1b[31mevil" + "A" * 3000, "../GS2A_20231020T020651_043500_N05.09", "GS2A_N05.09", 7, ["x"], ""]
)
def test_a_data_take_that_is_none_is_not_taken_over(tile, told):
    info = open_scene(tile("1C", productInfo_json=product_info("1C", datatakeIdentifier=told)))
    assert (info.orbit.relative, info.orbit.strip) == (103, None)


@pytest.mark.parametrize("name", ["S2B_MSIL1C_20230101T020651_N0400_R003_T52TFN_20230101T050607", "\x1b", 7, None])
def test_information_of_another_product_is_not_used_and_told(tile, name):
    info = open_scene(tile("1C", productInfo_json=product_info("1C", name=name)))
    assert (info.name, info.orbit.relative, info.orbit.strip) == (NAME.format("1C"), 103, None)
    told = f"{info.name}: productInfo.json is of another product, it is not used; check that the files are of one tile"
    assert told in info.caveats


@pytest.mark.parametrize("xml", [True, False])
@pytest.mark.parametrize(
    ("moment", "doubtful"),
    [
        ("2023-10-20T02:25:00Z", False),
        ("2023-10-20T03:30:00Z", True),
        ("2023-10-21T02:10:34Z", True),
        ("2019-01-01T00:00:00Z", True),
    ],
)
def test_a_time_beyond_the_data_take_is_a_caveat(tile, xml, moment, doubtful):
    told = metadata("1C").replace("2023-10-20T02:10:34.578328Z", moment)
    info = open_scene(tile("1C", metadata_xml=told if xml else None, tileInfo_json=tile_info("1C", timestamp=moment)))
    said = [c for c in info.caveats if "its product's name 2023-10-20 02:06" in c]
    assert bool(said) is doubtful
    assert all(f"taken at {moment[:10]} {moment[11:16]} UTC" in c for c in said)


def test_a_data_take_may_last_beyond_midnight(tile):
    name = NAME.format("1C").replace("T020651", "T235651")
    told = tile_info("1C", productName=name, timestamp="2023-10-21T00:04:00Z")
    info = open_scene(tile("1C", metadata_xml=None, tileInfo_json=told, productInfo_json=None))
    assert not any("its product's name" in c for c in info.caveats)


def test_another_metadata_xml_beside_pictures_is_no_tile(tmp_path):
    write(tmp_path / "a" / "port.tif", np.full((9, 9), 700, np.uint16))
    (tmp_path / "a" / "metadata.xml").write_text("<metadata/>")
    assert open_scene(tmp_path / "a").product == "GeoTIFF"
