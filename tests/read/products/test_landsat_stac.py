"""Landsat as a STAC item with its assets beside it.

Items are built after real ones that stand in a public repository (stactools-packages/landsat): the Planetary Computer's
(LC09, 2022) and USGS's own of 2020 (LC08, ``eo:sun_…``, assets called ``SR_B4.TIF``); with version 2 of the raster
extension after its schema. No real pixels.
"""

import copy
import json

import numpy as np
import pytest

from imagery_diff import open_scene
from imagery_diff.errors import InputError
from imagery_diff.inspection import inspect
from imagery_diff.scene import Flag, Level
from tests.read.products.test_landsat import SHAPE, SR, TOA, groups, numbers, odl, write

ID = "LC09_L2SP_114030_20231020_02_T1"
KEYS = {"coastal": 1, "blue": 2, "green": 3, "red": 4, "nir08": 5, "swir16": 6, "swir22": 7}
NAMES = ["coastal", "blue", "green", "red", "nir", "swir1", "swir2"]
RASTER, PROJECTION = (f"https://stac-extensions.github.io/{n}/v2.0.0/schema.json" for n in ("raster", "projection"))


def asset(key, number, scale=2.75e-05, offset=-0.2, form=1):
    found = {
        "href": f"https://landsateuwest.blob.core.windows.net/landsat-c2/{SR}/{SR}_SR_B{number}.TIF?sig=x",
        "type": "image/tiff; application=geotiff; profile=cloud-optimized",
        "eo:bands": [{"name": f"SR_B{number}", "common_name": key}],
        "roles": ["reflectance"],
    }
    told = {"scale": scale, "offset": offset}
    if form == 1:
        return found | {"raster:bands": [{"nodata": 0, "data_type": "uint16", **told}]}
    told = {f"raster:{k}": v for k, v in told.items()}
    return found | ({"bands": [{"name": key, **told}]} if form == 2 else told)


def item(ident=ID, form=1, **properties):
    assets = {k: asset(k, n, form=form) for k, n in KEYS.items()}
    for key in ("qa_pixel", "qa_radsat"):
        assets[key] = {"href": f"https://example.org/{SR}_{key.upper()}.TIF", "type": "image/tiff"}
    assets["mtl.txt"] = {"href": f"https://example.org/{SR}_MTL.txt", "type": "text/plain"}
    assets["lwir11"] = {"href": f"https://example.org/{SR}_ST_B10.TIF", "type": "image/tiff"}
    told = {
        "datetime": "2023-10-20T02:01:34.396428Z",
        "platform": "landsat-9",
        "instruments": ["oli", "tirs"],
        "view:off_nadir": 0,
        "view:sun_elevation": 35.5,
        "view:sun_azimuth": 159.5,
        "proj:code": "EPSG:32652",
        "proj:shape": list(SHAPE),
        "landsat:wrs_path": "114",
        "landsat:wrs_row": "030",
        "landsat:collection_category": "T1",
        "landsat:collection_number": "02",
        "landsat:correction": "L2SP",
    }
    return {
        "type": "Feature",
        "stac_version": "1.0.0" if form == 1 else "1.1.0",
        "stac_extensions": [PROJECTION, *([RASTER] if form > 1 else [])],
        "id": ident,
        "geometry": None,
        "properties": told | properties,
        "links": [],
        "assets": assets,
        "collection": "landsat-c2-l2",
    }


def older():
    """Return an item as USGS wrote them before 2021."""
    found = item(SR, form=1)
    told = found["properties"]
    for key in ("view:sun_elevation", "view:sun_azimuth", "view:off_nadir", "platform", "landsat:correction"):
        del told[key]
    told |= {"eo:sun_azimuth": -200.5, "eo:sun_elevation": 35.5, "eo:platform": "LANDSAT_9", "eo:bands": []}
    found["stac_version"], found["collection"] = "1.0.0-beta.2", "landsat-c2l2-sr"
    found["assets"] = {
        f"{key}.TIF": {"href": f"https://landsatlook.usgs.gov/data/{SR}/{SR}_{key}.TIF", "eo:bands": [0]}
        for key in (*(f"SR_B{n}" for n in KEYS.values()), "SR_QA_AEROSOL", "QA_PIXEL", "QA_RADSAT")
    }
    return found


@pytest.fixture
def lie(tmp_path):
    """Return a maker of a folder: an item, its bands under names of one's own, and masks."""

    def make(content, name="{key}.tif", masks="{key}.tif", document="item.json"):
        top = tmp_path / "scene"
        top.mkdir(exist_ok=True)
        for key, number in KEYS.items():
            write(top / name.format(key=key, n=number, upper=f"SR_B{number}"), numbers(number))
        bits = np.full(SHAPE, 1 << 6, np.uint16)
        bits[20:30, 20:30] = 1 << 3
        if masks:
            write(top / masks.format(key="qa_pixel", upper="QA_PIXEL"), bits)
            write(top / masks.format(key="qa_radsat", upper="QA_RADSAT"), np.zeros(SHAPE, np.uint16))
        if document:
            (top / document).write_text(json.dumps(content) if isinstance(content, dict) else content)
        return top

    return make


def check(info, scale=2.75e-05, offset=-0.2):
    assert [b.name for b in info.bands] == NAMES
    assert (info.product, info.level) == ("Landsat L2SP", Level.SURFACE)
    assert (info.platform, info.instrument) == ("Landsat 9", "OLI_TIRS")
    assert info.acquired.isoformat() == "2023-10-20T02:01:34.396428+00:00"
    assert info.time_source == "metadata"
    assert (info.sun.azimuth_deg, info.sun.elevation_deg) == (159.5, 35.5)
    assert (info.orbit.relative, info.orbit.direction) == (114, "descending")
    assert info.credit == "Landsat-9 image courtesy of the U.S. Geological Survey"
    assert info.cloud_masked
    assert info.view is None
    assert not info.caveats
    data = info.read()
    for place, number in enumerate(KEYS.values()):
        assert np.allclose(data.data[place, 5:], (numbers(number) * scale + offset)[5:], atol=1e-6)
    assert (data.flags[20:30, 20:30] == Flag.CLOUD).all()
    assert (data.flags[:5, :5] == Flag.NODATA).all()


@pytest.mark.parametrize("names", ["{key}.tif", ID + "_{key}.tif"])
@pytest.mark.parametrize("form", [1, 2, 3])
def test_bands_called_by_the_keys_of_an_item_are_a_scene(lie, names, form):
    top = lie(item(form=form), names, names)
    for way in (top, top / "item.json", top / names.format(key="red"), top / names.format(key="blue")):
        info = open_scene(way)
        check(info)
        assert info.name == ID
        assert info.why == "a STAC item with its assets beside it"
        assert any("by scale and offset of the STAC item" in n for n in info.notes)
        assert top / "item.json" in info.files


@pytest.mark.parametrize("content", [item(), item(SR), item(SR + "_SR"), older()])
def test_bands_with_their_own_names_take_time_and_sun_from_the_item(lie, content):
    top = lie(content, SR + "_{upper}.TIF", SR + "_{upper}.TIF")
    info = open_scene(top)
    check(info)
    assert info.name == SR
    assert info.why == "names of Landsat Collection 2, a STAC item"


def test_usgs_older_items_are_read_with_files_called_by_their_keys(lie):
    check(open_scene(lie(older(), "{upper}.TIF", "{upper}.TIF")))


def test_scale_and_offset_are_those_of_the_item(lie):
    content = item()
    for key, number in KEYS.items():
        content["assets"][key] = asset(key, number, 3e-05, -0.1)
    check(open_scene(lie(content)), 3e-05, -0.1)


def test_without_scales_in_the_item_those_of_the_collection_are_taken_and_it_is_said(lie):
    content = item()
    del content["assets"]["red"]["raster:bands"]
    info = open_scene(lie(content))
    check(info)
    assert any("as in all of Collection 2; there is no MTL" in n for n in info.notes)


@pytest.mark.parametrize("form", [1, 2, 3])
@pytest.mark.parametrize("offset", [..., None, "x", float("nan")])
def test_a_scale_without_an_offset_is_not_used_and_it_is_said(lie, form, offset):
    content = item(form=form)
    content["assets"]["red"] = asset("red", 4, 3e-05, offset, form)
    if offset is ...:
        entry = content["assets"]["red"]
        told = entry if form == 3 else entry["raster:bands" if form == 1 else "bands"][0]
        del told["offset" if form == 1 else "raster:offset"]
    info = open_scene(lie(content))
    check(info)
    assert "the STAC item tells a scale without an offset (band 4), so its scales are not used" in info.notes


def test_an_offset_of_0_that_is_told_is_one(lie):
    content = item()
    for key, number in KEYS.items():
        content["assets"][key] = asset(key, number, 3e-05, 0)
    check(open_scene(lie(content)), 3e-05, 0.0)


def test_the_mtl_stands_above_the_item(lie):
    top = lie(item(**{"datetime": "2023-10-20T05:00:00Z", "view:sun_elevation": 10.0}))
    (top / f"{SR}_MTL.txt").write_text(odl(groups(SR)))
    info = open_scene(top)
    check(info)
    assert info.ground_control is True
    assert top / f"{SR}_MTL.txt" in info.files


def test_a_mask_that_came_is_used_and_one_that_did_not_is_missed(lie):
    info = open_scene(lie(item(), masks=None))
    assert not info.cloud_masked
    assert any("no cloud mask" in c for c in info.caveats)


def test_the_items_of_both_parts_of_a_product_are_one_scene(lie):
    top = lie(item(SR + "_SR"), SR + "_{upper}.TIF", SR + "_{upper}.TIF")
    (top / "st.json").write_text(json.dumps(item(SR + "_ST")))
    check(open_scene(top))


def test_a_level_1_item_says_how_it_was_placed(lie):
    content = item(TOA)
    info = open_scene(lie(content))
    assert (info.product, info.level, info.ground_control) == ("Landsat L1TP", Level.NUMBERS, True)
    content["id"] = TOA.replace("L1TP", "L1GT")
    info = open_scene(lie(content))
    assert info.ground_control is False
    assert any("without ground control (L1GT)" in c for c in info.caveats)


def test_two_items_that_claim_the_same_bands_are_refused(lie):
    top = lie(item())
    (top / "other.json").write_text(json.dumps(item(ID.replace("20231020", "20231105"))))
    with pytest.raises(InputError, match=r"another STAC item claims coastal\.tif too"):
        open_scene(top / "item.json")


def other_scene(top, *taken_out):
    """Lie the next pass's item and its bands, under names of their own, beside a scene."""
    other = item(ID.replace("20231020", "20231105"), datetime="2023-11-05T02:01:30Z")
    for key, number in KEYS.items():
        other["assets"][key]["href"] = f"https://example.org/b_{key}.tif"
        write(top / f"b_{key}.tif", numbers(number))
    for key in taken_out:
        del other["assets"][key]
    (top / "b.json").write_text(json.dumps(other))
    return top / "b.json"


@pytest.mark.parametrize(
    ("left", "taken_out"),
    [("qa_pixel.tif", ["mtl.txt", "qa_radsat"]), ("qa_radsat.tif", ["mtl.txt", "qa_pixel"]), ("mtl.txt", ["qa_pixel"])],
)
def test_a_mask_or_metadata_that_two_scenes_could_claim_belongs_to_neither(lie, left, taken_out):
    top = lie(item(), name="a_{key}.tif")
    content = item()
    for key in KEYS:
        content["assets"][key]["href"] = f"https://example.org/a_{key}.tif"
    (top / "item.json").write_text(json.dumps(content))
    for file in ("qa_pixel.tif", "qa_radsat.tif"):
        if file != left:
            (top / file).unlink()
    if left == "mtl.txt":
        (top / left).write_text(odl(groups(SR)))
    for way in (other_scene(top, *taken_out), top / "item.json"):
        with pytest.raises(InputError, match=f"another STAC item claims {left} too"):
            open_scene(way)


@pytest.mark.parametrize("file", ["red.tif", "qa_pixel.tif"])
def test_an_item_that_names_one_file_twice_is_told_so(lie, file):
    content = item()
    content["assets"]["blue"]["href"] = f"https://example.org/{file}"
    with pytest.raises(InputError, match=f"^item.json: names {file} as two of its assets; download it again"):
        open_scene(lie(content))


def test_a_mask_is_not_taken_from_an_item_whose_bands_are_elsewhere(lie):
    top = lie(item(), name="elsewhere_{key}.tif")
    with pytest.raises(InputError, match=r"another STAC item claims qa_pixel\.tif too"):
        open_scene(other_scene(top))


@pytest.mark.parametrize("told", [SR.replace("20231020", "20231105"), SR.replace("20231022", "20231030"), "x" * 99])
def test_metadata_of_another_product_are_not_taken(lie, told):
    top = lie(item(SR))
    (top / "mtl.txt").write_text(odl(groups(SR, PRODUCT_CONTENTS={"LANDSAT_PRODUCT_ID": f'"{told}"'})))
    with pytest.raises(InputError, match=f"mtl.txt: is of '{told[:48]}', not of {SR}; put each scene's files"):
        open_scene(top)


def test_metadata_found_by_their_key_are_taken_where_they_are_of_the_product(lie):
    top = lie(item(datetime="2023-10-20T05:00:00Z"))
    (top / "mtl.txt").write_text(odl(groups(SR)))
    check(open_scene(top))


def test_an_item_without_its_bands_says_what_to_do(tmp_path):
    (tmp_path / "item.json").write_text(json.dumps(item()))
    with pytest.raises(InputError, match="none of its bands lies beside"):
        open_scene(tmp_path / "item.json")


def test_an_item_of_another_scene_in_the_folder_is_passed_over(lie):
    top = lie(item(), SR + "_{upper}.TIF", SR + "_{upper}.TIF")
    other = item(ID.replace("114030", "115031"))
    for entry in other["assets"].values():
        entry["href"] = entry["href"].replace("114030", "115031")
    (top / "other.json").write_text(json.dumps(other))
    check(open_scene(top))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"datetime": "yesterday"}, "item.json: its time 'yesterday' is no time"),
        ({"view:sun_elevation": 200.0}, "item.json: "),
    ],
)
def test_a_damaged_item_is_told_in_one_line(lie, change, words):
    with pytest.raises(InputError, match=words) as told:
        open_scene(lie(item(**change)))
    assert "\n" not in str(told.value)


def test_a_scale_that_makes_no_reflectance_is_refused(lie):
    content = item()
    content["assets"]["red"] = asset("red", 4, scale=1.0, offset=0.0)
    with pytest.raises(InputError, match="scale and offset of red make no reflectance"):
        open_scene(lie(content))


@pytest.mark.parametrize(
    "hurt",
    [
        lambda c: c.update(properties=[]),
        lambda c: c.update(assets=[1]),
        lambda c: c.update(id={"a": 1}),
        lambda c: c["assets"].update(red={"href": ["x"], "raster:bands": [3]}, blue=7, green={"href": "http://[x"}),
        lambda c: c["properties"].update({"datetime": 5, "view:sun_azimuth": "x", "view:sun_elevation": None}),
        lambda c: c["assets"]["red"].update(href="../../../../etc/passwd"),
        lambda c: c["assets"]["red"].update(href="file:///etc/passwd"),
    ],
)
def test_odd_items_neither_crash_nor_reach_out(lie, hurt):
    content = copy.deepcopy(item())
    hurt(content)
    top = lie(content)
    for way in (top, top / "item.json", top / "red.tif"):
        for one in inspect([way]):
            assert one.info is not None or "\n" not in one.refused
            assert one.info is None or not any("passwd" in str(f) for f in one.info.files)


def test_json_that_nests_without_end_is_no_item(lie):
    info = open_scene(lie("[" * 100_000) / "red.tif")
    assert info.product == "GeoTIFF"


@pytest.mark.parametrize("form", [2, 3])
def test_the_items_built_here_are_valid_by_the_published_schemas(data_folder, form):
    import jsonschema

    folder = data_folder.parent / "stac_schemas"
    if not folder.is_dir():
        pytest.skip("the schemas of STAC's extensions are absent beside the shared data folder")
    for name in ("raster", "projection"):
        schema = json.loads((folder / f"{name}-v2.0.0.json").read_text())
        jsonschema.validate(item(form=form), schema)
