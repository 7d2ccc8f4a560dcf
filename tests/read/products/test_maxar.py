"""Maxar's products as delivered: IMD, TIL and XML, tiles, calibration. All files are built.

Layout and element names after deliveries that others keep as test data: GDAL ``autotest/gcore/data/md_dg*``
(WorldView-3, LV2A), Terradue/Stars ``DIGITALGLOBE`` (GeoEye-1 LV3D pan-sharpened with its TIL; WorldView-1, 2, 3 LV1B).
"""

import json
import math
import zipfile

import numpy as np
import pytest
import rasterio
from affine import Affine
from click.testing import CliRunner

from imagery_diff import open_scene
from imagery_diff.cli import main
from imagery_diff.errors import InputError
from imagery_diff.mark import ALTERED, ALTERED_TAG
from imagery_diff.scene import Flag, Level

STEM = "23OCT20021133-M2AS-012345678010_01_P001"
FOLDER = "012345678010_01_P001_MUL"
SHAPE = (60, 80)
CORNER = Affine(2, 0, 605_000, 0, -2, 4_677_000)
CALIBRATION = {"B": (1.76e-2, 5.4e-2), "G": (1.33e-2, 6.18e-2), "R": (1.44e-2, 5.85e-2), "N": (1.67e-2, 1.004e-1)}


def imd(bands=CALIBRATION, **changes):
    """Return an IMD, the parts of it that are read."""
    told = {
        "satId": "WV03",
        "level": "LV3D",
        "descriptor": "OrthoRectified3",
        "bandId": "MS1",
        "sharpened": "None",
        "enhanced": "Off",
        "bits": 16,
        "rows": SHAPE[0],
        "cols": SHAPE[1],
        "dem": "Fine DEM",
        "first": "2023-10-20T02:11:30.100000Z",
        "earliest": "2023-10-20T02:11:33.250000Z",
        "latest": "2023-10-20T02:11:33.250000Z",
        "second": "",
    } | changes
    groups = "".join(
        f"BEGIN_GROUP = BAND_{b}\n\tULLon =  130.28;\n\tabsCalFactor = {a:e};\n\teffectiveBandwidth = {w:e};\n"
        f"END_GROUP = BAND_{b}\n"
        for b, (a, w) in bands.items()
    )
    return (
        'version = "28.3";\nproductOrderId = "012345678010_01_P001";\n'
        f'imageDescriptor = "{told["descriptor"]}";\nbandId = "{told["bandId"]}";\n'
        f'panSharpenAlgorithm = "{told["sharpened"]}";\nnumRows = {told["rows"]};\nnumColumns = {told["cols"]};\n'
        f'productLevel = "{told["level"]}";\nradiometricEnhancement = "{told["enhanced"]}";\n'
        f'bitsPerPixel = {told["bits"]};\n{groups}outputFormat = "GeoTIFF";\nBEGIN_GROUP = IMAGE_1\n'
        f'\tsatId = "{told["satId"]}";\n\tCatId = "104001008C0FFEE0";\n\tfirstLineTime = {told["first"]};\n'
        "\tTLCList = (\n\t(0,  0.000000),\n\t(6775,  1.355000)\t);\n\tmeanCollectedGSD =   1.301;\n"
        "\tmeanSunAz = 161.2;\n\tmeanSunEl =  35.6;\n\tmeanSatAz = 270.1;\n\tmeanSatEl =  60.0;\n"
        "\tmeanOffNadirViewAngle =  26.9;\nEND_GROUP = IMAGE_1\n"
        f"{told['second']}BEGIN_GROUP = MAP_PROJECTED_PRODUCT\n\tearliestAcqTime = {told['earliest']};\n"
        f"\tlatestAcqTime = {told['latest']};\n\tdatumOffset = (\n\t 0.000,\n\t 0.000 );\n\tproductGSD =  2.00;\n"
        f'\tDEMCorrection = "{told["dem"]}";\nEND_GROUP = MAP_PROJECTED_PRODUCT\nEND;\n'
    )


def til(tiles):
    """Return a TIL; offsets of the lower right are those of the last pixel, as delivered."""
    groups = "".join(
        f'BEGIN_GROUP = TILE_{k}\n\tfilename = "{name}";\n\tULColOffset = {col};\n\tULRowOffset = {row};\n'
        f"\tLRColOffset = {col + cols - 1};\n\tLRRowOffset = {row + rows - 1};\nEND_GROUP = TILE_{k}\n"
        for k, (name, row, col, rows, cols) in enumerate(tiles, start=1)
    )
    return f'bandId = "MS1";\nnumTiles = {len(tiles)};\ntileUnits = "Pixels";\ntileOverlap = 0;\n{groups}END;\n'


def isd(text, tiles):
    """Return the XML that holds both, made from the text."""
    lines = ['<?xml version="1.0" encoding="UTF-8" standalone="yes"?>', "<isd>", "<IMD>"]
    for line in text.replace("(\n", "(").splitlines():
        key, _, value = (part.strip() for part in line.partition("="))
        name = value.upper().replace("IMAGE_1", "IMAGE").replace("IMAGE_2", "IMAGE")
        if key in {"BEGIN_GROUP", "END_GROUP"}:
            lines.append(f"<{'/' if key == 'END_GROUP' else ''}{name}>")
        elif value and "(" not in value:
            lines.append(f"<{key.upper()}>{value.rstrip(';').strip(chr(34))}</{key.upper()}>")
    parts = "".join(
        f"<TILE><FILENAME>{n}</FILENAME><ULCOLOFFSET>{c}</ULCOLOFFSET><ULROWOFFSET>{r}</ULROWOFFSET></TILE>"
        for n, r, c, _, _ in tiles
    )
    return "\n".join([*lines, "</IMD>", f"<TIL><TILEUNITS>Pixels</TILEUNITS>{parts}</TIL>", "</isd>"])


def numbers(bands=4, shape=SHAPE, seed=5):
    return np.random.default_rng(seed).integers(200, 1500, (bands, *shape)).astype(np.uint16)


@pytest.fixture
def product(tmp_path, write_image):
    """Return a maker of a product's folder: images, IMD and TIL, XML instead where it is asked for."""

    def make(data=None, *, text=None, tiles=None, xml=False, stem=STEM, folder=FOLDER, **profile):
        data = numbers() if data is None else data
        here = tmp_path / "012345678010_01" / folder
        here.mkdir(parents=True, exist_ok=True)
        rows, cols = data.shape[1:]
        listed = tiles or [(f"{stem}.TIF", 0, 0, rows, cols)]
        for name, row, col, high, wide in listed:
            if name is None:
                continue
            piece = data[:, row : row + high, col : col + wide]
            options = {
                "photometric": "MINISBLACK",
                "transform": Affine(2, 0, 605_000 + 2 * col, 0, -2, 4_677_000 - 2 * row),
            } | profile
            write_image("x.tif", piece, **options).rename(here / name)
        listed = [(name or "gone.TIF", *place) for name, *place in listed]
        text = imd(rows=rows, cols=cols) if text is None else text
        if xml:
            (here / f"{stem}.XML").write_text(isd(text, listed))
        else:
            (here / f"{stem}.IMD").write_text(text)
            (here / f"{stem}.TIL").write_text(til(listed))
        (here / f"{stem}-BROWSE.JPG").write_bytes(b"\xff\xd8\xff")
        return here

    return make


def tiled(stem=STEM, shape=SHAPE):
    """Cut in four: 40 + 20 rows, 50 + 30 columns."""
    name = stem.replace("-0", "_R{}C{}-0", 1)
    rows, cols = [(0, 40), (40, shape[0] - 40)], [(0, 50), (50, shape[1] - 50)]
    return [
        (f"{name.format(i + 1, j + 1)}.TIF", r, c, high, wide)
        for i, (r, high) in enumerate(rows)
        for j, (c, wide) in enumerate(cols)
    ]


def test_a_product_is_the_same_as_folder_as_zip_as_image_and_as_index(product, tmp_path):
    here = product()
    zipped = tmp_path / "order.zip"
    with zipfile.ZipFile(zipped, "w") as archive:
        for file in sorted(here.rglob("*")):
            archive.write(file, f"{FOLDER}/{file.name}")
    ways = [here.parent, here, zipped, *(here / f"{STEM}.{kind}" for kind in ("TIF", "IMD", "TIL"))]
    for info in map(open_scene, ways):
        assert info.product == "Maxar OrthoRectified3"
        assert info.scene_id == STEM
        assert info.acquired.isoformat() == "2023-10-20T02:11:33.250000+00:00"
        assert info.time_source == "metadata (acquisition time)"
        assert (info.sun.azimuth_deg, info.sun.elevation_deg) == (161.2, 35.6)
        # 90 - meanSatEl, the angle at the ground: off-nadir at the satellite is 26.9.
        assert (info.view.off_nadir_deg, info.view.azimuth_deg) == (30.0, 270.1)
        assert (info.platform, info.gsd_m, info.orbit.strip) == ("WV03", 1.301, "104001008C0FFEE0")
        assert info.credit == "Satellite image ©2023 Maxar Technologies"
        assert not info.cloud_masked
        assert any("no cloud mask" in c for c in info.caveats)
        assert info.grid.shape == SHAPE
        assert (info.grid.crs, info.grid.transform) == ("EPSG:32652", CORNER)


def test_the_xml_alone_says_the_same_as_imd_and_til(product):
    apart, together = open_scene(product(tiles=tiled())), open_scene(product(tiles=tiled(), xml=True, folder="x"))
    assert together.acquired == apart.acquired
    assert together.bands == apart.bands
    assert together.view == apart.view
    assert together.level is apart.level is Level.TOA
    assert np.array_equal(together.read().data, apart.read().data)


def test_the_tiles_of_a_til_are_one_image_wherever_a_window_lies(product):
    data = numbers()
    info = open_scene(product(data, tiles=tiled()))
    assert (info.grid.shape, info.grid.transform) == (SHAPE, CORNER)
    stored = info.source.as_stored()
    assert np.array_equal(stored.read(0, 0, SHAPE, (0, 1, 2, 3)).data, data)
    for row, col, shape in ((35, 45, (10, 10)), (0, 0, (5, 5)), (41, 51, (19, 29)), (39, 0, (2, 80))):
        window = stored.read(row, col, shape, (3, 1))
        assert np.array_equal(window.data, data[[3, 1], row : row + shape[0], col : col + shape[1]])
        assert not window.flags.any()
        assert window.grid == info.grid.window(row, col, shape)


def test_what_a_missing_tile_holds_was_not_seen_and_it_is_told(product):
    tiles = tiled()
    tiles[1] = (None, *tiles[1][1:])
    info = open_scene(product(tiles=tiles))
    flags = info.read().flags
    assert (flags[:40, 50:] == Flag.NODATA).all()
    assert not flags[40:].any()
    assert not flags[:, :50].any()
    assert any("1 of the 4 tiles it lists are missing" in c for c in info.caveats)


def test_tiles_may_be_listed_in_any_order_and_written_in_small_letters(product):
    here = product(tiles=tiled()[::-1])
    for file in here.glob("*.TIF"):
        file.rename(file.with_suffix(".tif"))
    info = open_scene(here)
    assert info.grid.transform == CORNER
    assert np.array_equal(info.source.as_stored().read(0, 0, SHAPE, (0, 1, 2, 3)).data, numbers())


def test_of_a_folder_without_any_of_its_tiles_nothing_is_opened(product):
    here = product(tiles=tiled())
    for file in here.glob("*.TIF"):
        file.unlink()
    with pytest.raises(InputError, match="none of the 4 image files it lists is beside it"):
        open_scene(here)


@pytest.mark.parametrize(
    "name",
    ["../secret.tif", "/etc/secret.tif", "C:\\secret.tif", "..\\secret.tif", "a/../../secret.tif", "http://x/a.tif"],
)
def test_a_tile_named_out_of_the_folder_is_refused_in_one_line(product, write_image, name):
    here = product()
    write_image("secret.tif", numbers())
    (here / f"{STEM}.TIL").write_text(til([(name, 0, 0, *SHAPE)]))
    with pytest.raises(InputError, match=r"\.TIL: names a file outside its folder") as error:
        open_scene(here)
    assert "\n" not in str(error.value)


def test_a_link_out_of_the_folder_is_not_followed(product, write_image):
    here = product()
    outside = write_image("secret.tif", numbers())
    (here / "linked.TIF").symlink_to(outside)
    (here / f"{STEM}.TIL").write_text(til([("linked.TIF", 0, 0, *SHAPE)]))
    for given in (here, here / f"{STEM}.TIL"):
        with pytest.raises(InputError, match="none of the 1 image files"):
            open_scene(given)


def test_a_tile_that_is_a_vrt_is_refused(product):
    here = product()
    (here / f"{STEM}.TIF").write_text("<VRTDataset rasterXSize='80' rasterYSize='60'></VRTDataset>")
    with pytest.raises(InputError, match="is a VRT"):
        open_scene(here)


@pytest.mark.parametrize(
    ("place", "problem"), [((0, 10), "not that of its place"), ((30, 0), "reaches to column 80 and row 90")]
)
def test_a_tile_that_is_not_where_its_index_says_is_refused(product, place, problem):
    tiles = tiled()
    here = product(tiles=tiles)
    (here / f"{STEM}.TIL").write_text(til([tiles[0], (tiles[1][0], *place, *SHAPE), *tiles[2:]]))
    if place[0]:
        with rasterio.open(here / tiles[1][0], "w", "GTiff", *SHAPE[::-1], 4, "EPSG:32652", CORNER, "uint16") as file:
            file.write(numbers())
    with pytest.raises(InputError, match=problem):
        open_scene(here)


def test_numbers_become_reflectance_by_the_published_formula(product):
    data = numbers()
    info = open_scene(product(data))
    assert info.level is Level.TOA
    found = info.read().data
    published = {"B": (0.946, -9.409, 2004.61), "G": (0.958, -7.771, 1830.18), "R": (0.969, -4.579, 1535.33)}
    published["N"] = (0.977, -6.508, 1055.94)
    # The sun's distance by the formula of Maxar's technical note; 2460237.5913 is the Julian date of the image.
    g = math.radians(357.529 + 0.98560028 * (2460237.5913 - 2451545.0))
    distance = 1.00014 - 0.01671 * math.cos(g) - 0.00014 * math.cos(2 * g)
    for k, letter in enumerate("BGRN"):
        gain, offset, irradiance = published[letter]
        calibration, width = CALIBRATION[letter]
        radiance = gain * data[k] * calibration / width + offset
        reflectance = math.pi * radiance * distance**2 / (irradiance * math.cos(math.radians(90 - 35.6)))
        assert np.allclose(found[k], reflectance, rtol=2e-4, atol=1e-6)


def test_an_unknown_satellite_stays_radiance_and_without_factors_numbers(product):
    data = numbers()
    unknown = open_scene(product(data, text=imd(satId="LG01")))
    assert unknown.level is Level.RADIANCE
    assert np.allclose(unknown.read().data[0], data[0] * 1.76e-2 / 5.4e-2, rtol=1e-5)
    assert any("no published adjustment of LG01" in n for n in unknown.notes)
    bare = open_scene(product(data, text=imd({"B": (0, 1), "G": (1, 1), "R": (1, 1), "N": (1, 1)}), folder="y"))
    assert bare.level is Level.NUMBERS
    assert np.array_equal(bare.read().data, data)


def test_bands_follow_the_groups_of_the_imd_with_wavelengths_by_satellite(product):
    eight = dict.fromkeys(("C", "B", "G", "Y", "R", "RE", "N", "N2"), (0.01, 0.05))
    info = open_scene(product(numbers(8), text=imd(eight, bandId="Multi", satId="WV02")))
    names = ["coastal", "blue", "green", "yellow", "red", "rededge", "nir", "nir2"]
    assert [b.name for b in info.bands] == names
    assert (info.bands[6].wavelength_nm, info.bands[6].width_nm) == (832.5, 125.0)
    # A product in natural colours: bandId tells the order of the file.
    colours = open_scene(product(numbers(3), text=imd(bandId="RGB"), folder="rgb"))
    assert [b.name for b in colours.bands] == ["red", "green", "blue"]
    # Whatever the order of the groups is.
    three = {b: CALIBRATION[b] for b in "BGR"}
    assert open_scene(product(numbers(3), text=imd(three, bandId="RGB"), folder="rgb3")).bands[0].name == "red"
    pan = open_scene(product(numbers(1), text=imd({"P": (1e-2, 0.28)}, bandId="P", satId="GE01"), folder="pan"))
    assert [(b.name, b.wavelength_nm) for b in pan.bands] == [("pan", 625)]
    odd = open_scene(product(numbers(5), folder="odd"))
    assert [b.name for b in odd.bands] == ["band1", "band2", "band3", "band4", "band5"]
    assert odd.level is Level.NUMBERS


def test_eight_bits_are_a_picture_and_another_enhancement_is_told(product):
    data = (numbers() % 250 + 1).astype(np.uint8)
    picture = open_scene(product(data, text=imd(bits=8)))
    assert (picture.level, picture.units) == (Level.DISPLAY, "digital numbers")
    assert np.array_equal(picture.read().data, data)
    enhanced = open_scene(product(text=imd(enhanced="ACOMP"), folder="y"))
    assert enhanced.level is Level.NUMBERS
    assert any("acomp" in n for n in enhanced.notes)


def test_zero_in_all_bands_is_no_data_and_in_one_band_is_dark(product):
    data = numbers()
    data[:, :, :5], data[3, :, 5:10] = 0, 0
    flags = open_scene(product(data)).read().flags
    assert (flags[:, :5] == Flag.NODATA).all()
    assert not flags[:, 5:].any()


@pytest.mark.parametrize("stem", [STEM.replace("M2AS", "M1BS"), STEM])
def test_a_basic_product_is_refused_with_what_to_order(product, stem):
    here = product(text=imd(level="LV1B", descriptor="Basic1B"), stem=stem)
    with pytest.raises(InputError, match=r"not orthorectified.*order the same image as Ortho"):
        open_scene(here)


def test_an_image_laid_on_one_height_says_how_far_ground_lies_off(product):
    info = open_scene(product(text=imd(level="LV2A", descriptor="ORStandard2A", dem="Base Elevation")))
    assert any("laid on one height" in c and "by 0.58 m for each metre" in c for c in info.caveats)
    assert not any("one height" in c for c in open_scene(product(folder="y")).caveats)


def test_a_product_of_two_strips_has_neither_one_time_nor_one_view(product):
    second = (
        'BEGIN_GROUP = IMAGE_2\n\tsatId = "WV03";\n\tfirstLineTime = 2023-11-03T02:20:00.0Z;\nEND_GROUP = IMAGE_2\n'
    )
    info = open_scene(product(text=imd(second=second, latest="2023-11-03T02:20:03.0Z")))
    assert any("strips from 2023-10-20 02:11 to 2023-11-03 02:20 UTC" in c for c in info.caveats)
    assert info.time_source == "metadata (earliest strip)"
    assert info.view is None
    assert info.sun_source == "time and place"
    assert info.level is Level.RADIANCE


def test_without_metadata_the_name_still_tells_the_time(product):
    here = product()
    for kind in ("IMD", "TIL"):
        (here / f"{STEM}.{kind}").unlink()
    info = open_scene(here / f"{STEM}.TIF")
    assert (info.acquired.isoformat(), info.time_source) == ("2023-10-20T02:11:33+00:00", "file name")
    assert info.level is Level.NUMBERS
    assert any("no IMD or XML" in c for c in info.caveats)


def test_of_one_order_the_multispectral_image_is_taken_and_it_is_said(product):
    product()
    sharp = imd(sharpened="UNB", bandId="BGRN")
    here = product(text=sharp, stem=STEM.replace("M2AS", "S2AS"), folder="012345678010_01_P001_PSH")
    info = open_scene(here.parent)
    assert info.scene_id == STEM
    assert any("taken before Maxar" in n for n in info.notes)
    assert any("pan-sharpened" in c for c in open_scene(here).caveats)
    later = imd(first="2023-11-02T02:15:00Z", earliest="2023-11-02T02:15:00Z", latest="2023-11-02T02:15:00Z")
    product(text=later, stem=STEM.replace("P001", "P002"), folder="012345678010_01_P002_MUL")
    with pytest.raises(InputError, match="holds 2 images"):
        open_scene(here.parent)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("IMD", ""),
        ("IMD", "\0\0\0"),
        ("IMD", "BEGIN_GROUP = IMAGE_1\nsatId = 3;\n"),
        ("IMD", "END_GROUP = IMAGE_1\n"),
        ("IMD", "BEGIN_GROUP = A\n" * 50),
        ("IMD", "x = (1,\n2,\n"),
        ("IMD", 'x = "never closed;\nEND;\n'),
        ("IMD", imd(earliest="yesterday")),
        ("IMD", imd(earliest="0001-01-01T00:00:00+14:00")),
        ("IMD", imd().replace("meanSatEl =  60.0", "meanSatEl =  -60.0")),
        ("TIL", "numTiles = 1;\nEND;\n"),
        ("TIL", til([(f"{STEM}.TIF", 0, 0, *SHAPE)]).replace("ULRowOffset", "x")),
        ("TIL", til([(f"{STEM}.TIF", 0, 0, *SHAPE)]).replace("ULRowOffset = 0", "ULRowOffset = nan")),
        ("TIL", til([("a.TIF", 0, 0, 1, 1)] * 3000)),
    ],
)
def test_a_broken_index_ends_in_one_line_that_names_it(product, kind, text):
    here = product()
    (here / f"{STEM}.{kind}").write_text(text)
    if kind == "TIL" and "BEGIN" not in text:
        # A list of no tiles says nothing: the one image there is is taken.
        assert open_scene(here).grid.shape == SHAPE
        return
    with pytest.raises(InputError, match=rf"\.{kind}: ") as error:
        open_scene(here)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400


@pytest.mark.parametrize(
    "text", ["<a", "<other/>", '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><isd>&x;</isd>']
)
def test_a_broken_xml_ends_in_one_line(product, text):
    here = product(xml=True)
    (here / f"{STEM}.XML").write_text(text)
    with pytest.raises(InputError, match=r"\.XML: "):
        open_scene(here)


def test_an_altered_image_does_not_carry_the_providers_name(product):
    info = open_scene(product(tags={ALTERED_TAG: "x"}))
    assert info.simulated
    assert info.credit == ALTERED


@pytest.mark.parametrize(
    ("day", "credit"),
    [
        ("2025-09-30", "Satellite image ©2025 Maxar Technologies"),
        ("2025-10-01", "Satellite image ©2025 Vantor"),
        ("2026-03-01", "Satellite image ©2026 Vantor"),
    ],
)
def test_an_image_is_credited_to_its_owner_by_the_name_of_its_day(product, day, credit):
    moment = f"{day}T02:11:33.250000Z"
    assert open_scene(product(text=imd(first=moment, earliest=moment, latest=moment))).credit == credit


def test_a_pair_runs_from_the_folders_to_the_result(product, town, tmp_path):
    ground = town((160, 200), bands=4, seed=3) / 2
    after = ground.copy()
    after[:, 60:72, 90:120] = 2400
    tiles = tiled(shape=(160, 200))
    first = product(ground.astype(np.uint16), tiles=tiles)
    later = STEM.replace("23OCT20021133", "23NOV02021500").replace("P001", "P002")
    text = imd(
        rows=160, cols=200, first="2023-11-02T02:15:00Z", earliest="2023-11-02T02:15:00Z", latest="2023-11-02T02:15:00Z"
    )
    second = product(
        after.astype(np.uint16), text=text, stem=later, folder="x_P002_MUL", tiles=tiled(later, (160, 200))
    )
    out = tmp_path / "out"
    result = CliRunner().invoke(main, ["-", str(first), str(second), "-o", str(out)])
    assert result.exit_code == 0, result.output
    summary = json.loads((out / "summary.json").read_text())
    assert "Satellite image ©2023 Maxar Technologies" in json.dumps(summary, ensure_ascii=False)
    assert json.loads((out / "regions.geojson").read_text())["features"]
