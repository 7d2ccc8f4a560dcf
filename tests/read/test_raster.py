"""Raster files are hostile until parsed: each bad one ends in one line; what was not seen is known for it."""

import struct

import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rasterio.enums import ColorInterp

from imagery_diff import open_scene
from imagery_diff.errors import InputError, InputNotFoundError
from imagery_diff.read.raster import MAX_SIDE_PX, MIN_FILL_PX, undeclared_fill
from imagery_diff.scene import Flag


@pytest.fixture
def picture():
    """Three bands of uint8, every pixel different from its neighbours, none of them 0 or 255."""
    return np.random.default_rng(1).integers(20, 230, (3, 60, 80)).astype(np.uint8)


def refused(path, match, kind=InputError):
    with pytest.raises(kind, match=match) as error:
        open_scene(path).read()
    assert "\n" not in str(error.value)
    assert path.name in str(error.value)


# --- what is refused


VRT = """<VRTDataset rasterXSize="2" rasterYSize="2"><VRTRasterBand dataType="Byte" band="1"><SimpleSource>
<SourceFilename>/etc/hostname</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"""


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (VRT.encode(), "VRT"),
        (b"  \n" + VRT.encode(), "VRT"),
        (b"\xef\xbb\xbf" + VRT.encode(), "VRT"),
        (b"dear sir or madam, the image is attached\n" * 5, "text"),
        (b"#!/bin/sh\nrm -rf /\n", "text"),
        (b"", "empty"),
        (b"\x7fELF\x02\x01\x01" + bytes(80), "not an image"),
        (b"PK\x03\x04" + bytes(80), "breaks off or is damaged"),
        (b"II*\0" + bytes(4), "breaks off or is damaged"),
        (b"II*\0" + b"\xff" * 200, "breaks off or is damaged"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "breaks off or is damaged"),
        (b"\xff\xd8\xff\xe0" + bytes(40), "breaks off or is damaged"),
        (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(40), "breaks off or is damaged"),
    ],
)
@pytest.mark.parametrize("name", ["a.tif", "20231017_021204_37_2259_3B_AnalyticMS_SR_clip.tif"])
def test_what_is_no_image_is_refused_in_one_line(tmp_path, content, match, name):
    path = tmp_path / name
    path.write_bytes(content)
    refused(path, match)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
@pytest.mark.parametrize("profile", [{}, {"compress": "deflate", "tiled": True, "blockxsize": 64, "blockysize": 64}])
def test_a_file_that_breaks_off_is_refused(tmp_path, write_image, share, profile):
    data = np.random.default_rng(2).integers(1, 4000, (4, 300, 300)).astype(np.uint16)
    whole = write_image("whole.tif", data, **profile).read_bytes()
    path = tmp_path / "part.tif"
    path.write_bytes(whole[: int(len(whole) * share)])
    refused(path, "breaks off or is damaged")


def test_a_missing_file_and_a_folder_of_none_or_two_images(tmp_path, write_image, picture):
    refused(tmp_path / "none.tif", "no such file", InputNotFoundError)
    refused(tmp_path, "holds 0 images")
    write_image("a.tif", picture)
    assert open_scene(tmp_path).name == "a.tif"
    write_image("b.tif", picture)
    refused(tmp_path, "holds 2 images")


def test_a_device_is_no_image(tmp_path):
    path = tmp_path / "a.tif"
    path.symlink_to("/dev/null")
    refused(path, "is a pipe or a device")


def test_a_declared_size_beyond_reason_is_refused_before_memory_is_asked_for(tmp_path):
    side = MAX_SIDE_PX + 1
    entries = [
        (256, 4, 1, side),
        (257, 4, 1, side),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, 8),
        (277, 3, 1, 1),
        (278, 4, 1, side),
        (279, 4, 1, 64),
    ]
    body = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *e) for e in entries) + bytes(4)
    path = tmp_path / "huge.tif"
    path.write_bytes(b"II*\0" + struct.pack("<I", 8) + body + bytes(64))
    with pytest.raises(InputError) as error:
        open_scene(path)
    assert "\n" not in str(error.value)


def test_a_sidecar_is_never_opened(tmp_path, write_image, picture):
    path = write_image("a.tif", picture, crs=None)
    (tmp_path / "a.tif.aux.xml").write_text(
        "<PAMDataset><SRS>EPSG:32652</SRS><GeoTransform>0,9,0,0,0,-9</GeoTransform></PAMDataset>"
    )
    (tmp_path / "a.tfw").write_text("9\n0\n0\n-9\n0\n0\n")
    assert open_scene(path).grid.crs is None


@given(where=st.integers(0, 600), value=st.integers(0, 255))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_flipped_byte_in_the_header_gives_an_image_or_one_line(tmp_path, write_image, picture, where, value):
    content = bytearray(write_image("a.tif", picture).read_bytes())
    content[where % len(content)] = value
    path = tmp_path / "b.tif"
    path.write_bytes(bytes(content))
    try:
        open_scene(path).read()
    except InputError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either outcome is right


# --- what is read


@pytest.mark.parametrize(
    ("name", "profile", "near"),
    [
        ("a.tif", {}, 0),
        ("a.png", {"driver": "PNG"}, 0),
        ("a.jpg", {"driver": "JPEG", "quality": 100}, 40),
        ("a.jp2", {"driver": "JP2OpenJPEG", "quality": "100", "reversible": "yes"}, 0),
        ("cog.dat", {"driver": "COG"}, 0),
    ],
)
def test_each_format_is_read_as_written_whatever_its_name(write_image, picture, name, profile, near):
    smooth = np.clip(picture.astype(int) // 40 + np.arange(60)[:, None] * 2 + 40, 1, 254).astype(np.uint8)
    crs = None if profile.get("driver") in {"PNG", "JPEG"} else "EPSG:32652"
    info = open_scene(write_image(name, smooth, crs=crs, **profile))
    assert [b.name for b in info.bands] == ["red", "green", "blue"]
    assert info.grid.crs == crs
    scene = info.read()
    assert np.abs(scene.data - smooth).max() <= near
    assert (scene.flags == 0).all()


def test_a_window_is_the_same_as_a_cut_of_the_whole(write_image, picture):
    info = open_scene(write_image("a.tif", picture))
    part = info.read(11, 7, (20, 31))
    assert np.array_equal(part.data, picture[:, 11:31, 7:38])
    assert part.grid == info.grid.window(11, 7, (20, 31))


def test_transparent_pixels_are_nodata_and_alpha_is_no_band(write_image, picture):
    alpha = np.full((1, 60, 80), 255, np.uint8)
    alpha[:, :10, :15] = 0
    path = write_image("a.tif", np.concatenate([picture, alpha]), photometric="RGB", alpha="YES")
    with rasterio.open(path) as file:
        assert file.colorinterp[3] == ColorInterp.alpha
    info = open_scene(path)
    assert len(info.bands) == 3
    assert np.array_equal(info.read().flags == Flag.NODATA, alpha[0] == 0)


def test_an_internal_mask_is_nodata(tmp_path, picture):
    path = tmp_path / "a.tif"
    hidden = np.zeros((60, 80), bool)
    hidden[20:30, 40:60] = True
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK="YES"),
        rasterio.open(
            path,
            "w",
            driver="GTiff",
            count=3,
            height=60,
            width=80,
            dtype="uint8",
            crs="EPSG:32652",
            transform=rasterio.Affine(3, 0, 0, 0, -3, 0),
        ) as file,
    ):
        file.write(picture)
        file.write_mask(~hidden)
    assert np.array_equal(open_scene(path).read().flags == Flag.NODATA, hidden)


@pytest.mark.parametrize(
    ("dtype", "nodata"),
    [("float32", np.nan), ("float32", -np.inf), ("float32", -9999), ("uint16", 0), ("int16", -32768)],
)
def test_declared_nodata_of_any_type_is_nodata(write_image, dtype, nodata):
    data = np.random.default_rng(3).integers(5, 900, (2, 40, 50)).astype(dtype)
    data[:, 5:9, 7:20] = nodata
    data[0, 30, 30] = nodata  # in one band only
    scene = open_scene(write_image("a.tif", data, nodata=nodata)).read()
    truth = np.zeros((40, 50), bool)
    truth[5:9, 7:20] = True
    assert (scene.flags[truth] == Flag.NODATA).all()
    assert np.isfinite(scene.data).all()
    truth[30, 30] = not np.isfinite(nodata)  # a number that is none is unseen; a 0 in one band may be a dark pixel
    assert np.array_equal(scene.flags != 0, truth)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_unseen_though_not_declared(write_image, value):
    data = np.random.default_rng(3).uniform(0, 1, (2, 40, 50)).astype(np.float32)
    data[1, 8:10, 8:10] = value
    scene = open_scene(write_image("a.tif", data)).read()
    assert np.count_nonzero(scene.flags == Flag.NODATA) == 4
    assert np.isfinite(scene.data).all()


@pytest.mark.parametrize("extreme", [0, 65535])
def test_an_undeclared_wedge_is_nodata_and_small_dark_spots_are_not(write_image, extreme):
    data = np.random.default_rng(4).integers(300, 3000, (3, 100, 120)).astype(np.uint16)
    rows, cols = np.mgrid[:100, :120]
    wedge = cols + 2 * rows < 70
    data[:, wedge] = extreme
    data[:, 60:64, 80:90] = extreme  # 40 px: a roof in deep shade, or a glint
    data[0, 80:110, 20:60] = extreme  # one band only
    scene = open_scene(write_image("a.tif", data)).read()
    assert wedge.sum() > MIN_FILL_PX
    assert np.array_equal(scene.flags == Flag.NODATA, wedge)


def test_fill_is_only_looked_for_in_whole_numbers():
    assert not undeclared_fill(np.zeros((1, 50, 50), np.float32)).any()
    assert undeclared_fill(np.zeros((1, 50, 50), np.uint8)).all()


@pytest.mark.parametrize(
    ("descriptions", "names"),
    [
        (("B02", "B03", "B04", "B08"), ["blue", "green", "red", "nir"]),
        (("Blue", "Green", "Red", "NIR"), ["blue", "green", "red", "nir"]),
        (("", "", "", ""), ["band1", "band2", "band3", "band4"]),
        (("red", "red", "red", "red"), ["band1", "band2", "band3", "band4"]),
    ],
)
def test_bands_are_named_by_their_description_or_by_number(write_image, descriptions, names):
    path = write_image("a.tif", np.full((4, 5, 5), 9, np.uint16), descriptions=descriptions, photometric="MINISBLACK")
    info = open_scene(path)
    assert [b.name for b in info.bands] == names
    assert any("no names" in c for c in info.caveats) == (names[0] == "band1")


def test_bands_that_see_the_air_are_left_out_and_the_others_keep_their_pixels(write_image):
    names = ("B01", "B02", "B10", "B08")
    info = open_scene(
        write_image(
            "a.tif", np.arange(1, 5, dtype=np.uint16)[:, None, None] * np.ones((1, 4, 6), np.uint16), descriptions=names
        )
    )
    assert [b.name for b in info.bands] == ["blue", "nir"]
    assert info.read().data[:, 0, 0].tolist() == [2, 4]


def test_dark_water_that_is_zero_here_and_there_is_not_fill():
    rng = np.random.default_rng(3)
    picture = rng.integers(60, 200, (1, 80, 80)).astype(np.uint8)
    picture[:, :, :40] = np.minimum(rng.poisson(0.4, (80, 40)), 9)
    assert not undeclared_fill(picture).any()
    wedge = picture.copy()
    wedge[:, :, :40] = 0
    assert undeclared_fill(wedge)[:, :40].all()


def test_a_number_no_sensor_measures_is_a_hole(write_image):
    data = np.random.default_rng(4).normal(100, 5, (2, 60, 60)).astype(np.float32)
    data[:, 10:20, 10:20] = 3e38
    scene = open_scene(write_image("huge.tif", data)).read()
    assert (scene.flags[10:20, 10:20] & Flag.NODATA).all()
    assert np.isfinite(scene.data).all()
    assert np.abs(scene.data).max() < 1000


def test_complex_numbers_are_refused(write_image):
    path = write_image("slc.tif", np.ones((1, 20, 20), np.complex64))
    refused(path, "holds complex numbers")
