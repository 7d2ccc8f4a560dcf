"""What the user says of an image is believed, told, and refused where it cannot be."""

import datetime as dt
import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from imagery_diff import open_scene, samples
from imagery_diff.errors import InputError
from imagery_diff.geometry import sun_position
from imagery_diff.read.given import Given
from imagery_diff.scene import Flag

MOMENT = dt.datetime(2023, 10, 20, 2, 1, tzinfo=dt.UTC)


@pytest.fixture
def image(write_image):
    data = np.random.default_rng(2).integers(1, 4000, (4, 40, 50)).astype(np.uint16)
    return write_image("port.tif", data)


def test_a_time_is_believed_and_the_sun_follows_from_it(image):
    info = open_scene(image, Given(acquired=MOMENT))
    assert (info.acquired, info.time_source) == (MOMENT, "given")
    assert not any("time of the image is not known" in c for c in info.caveats)
    lon, lat = info.grid.centre_lonlat
    assert info.sun == sun_position(MOMENT, lat, lon)
    assert info.sun_source == "time and place"


def test_a_time_against_the_files_own_is_told(write_image):
    path = write_image("20230912_020341_25_2259_3B_AnalyticMS_SR.tif", np.full((4, 9, 9), 900, np.uint16))
    info = open_scene(path, Given(acquired=MOMENT))
    assert info.acquired == MOMENT
    assert any("the file says 2023-09-12 02:03 UTC" in n for n in info.notes)


def test_bands_are_taken_by_number_in_the_order_given(image):
    info = open_scene(image, Given(bands={"nir": 4, "red": 2}))
    whole = open_scene(image).read()
    assert [b.name for b in info.bands] == ["nir", "red"]
    assert np.array_equal(info.read().data, whole.data[[3, 1]])
    assert any("nir=4, red=2" in n for n in info.notes)


def test_a_band_the_file_has_not_is_refused(image):
    with pytest.raises(InputError, match="band 5 was asked for, the file has 4"):
        open_scene(image, Given(bands={"nir": 5}))


@pytest.mark.parametrize("bands", [{"NIR": 1}, {"nir": 0}, {"a b": 1}, {"": 1}])
def test_bands_that_are_none_are_refused(bands):
    with pytest.raises(InputError, match="name=number"):
        Given(bands=bands)


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(InputError, match="time zone"):
        Given(acquired=MOMENT.replace(tzinfo=None))


def test_a_credit_is_believed(image):
    info = open_scene(image, Given(credit="© A. Author"))
    assert info.credit == "© A. Author"
    assert not any("credit" in c for c in info.caveats)


def test_the_users_mask_gives_flags_and_ends_the_caveat(image, write_image):
    classes = np.zeros((1, 40, 50), np.uint8)
    for k, value in enumerate((1, 2, 3, 4, 255, 9)):
        classes[0, :, 5 * k : 5 * k + 5] = value
    mask = write_image("mask.tif", classes)
    info = open_scene(image, Given(mask=mask))
    assert info.cloud_masked
    assert info.files == (image, mask)
    assert not any("no cloud mask" in c for c in info.caveats)
    flags = info.read().flags
    truth = (Flag.CLOUD, Flag.HAZE, Flag.SHADOW, Flag.SNOW, Flag.CLOUD, Flag.CLOUD, Flag(0))
    for k, flag in enumerate(truth):
        assert (flags[:, 5 * k : 5 * k + 5] == flag).all()


def test_it_adds_to_the_providers_mask(write_image):
    name = "20230912_020341_25_2259_3B"
    path = write_image(f"{name}_AnalyticMS_SR.tif", np.full((4, 40, 50), 900, np.uint16), photometric="MINISBLACK")
    own = np.zeros((8, 40, 50), np.uint8)
    own[0], own[6], own[0, :, :5], own[5, :, :5] = 1, 95, 0, 1
    write_image(f"{name}_udm2.tif", own, photometric="MINISBLACK")
    users = np.zeros((1, 40, 50), np.uint8)
    users[0, :5] = 3
    info = open_scene(path, Given(mask=write_image("mask.tif", users)))
    flags = info.read().flags
    assert (flags[:5, :5] == Flag.CLOUD | Flag.SHADOW).all()
    assert (flags[5:, :5] == Flag.CLOUD).all()
    assert np.array_equal(info.source.mask.flags(0, 0, (40, 50)), flags)
    # The file's own numbers carry neither.
    assert not info.source.as_stored().read(0, 0, (40, 50), (0,)).flags.any()


def test_a_mask_on_another_grid_is_laid_over_and_what_it_does_not_reach_is_unseen(image, write_image):
    coarse = np.zeros((1, 5, 20), np.uint8)
    coarse[0, :, :2] = 2
    mask = write_image("mask.tif", coarse, transform=Affine(15, 0, 605_001, 0, -15, 4_676_998))
    flags = open_scene(image, Given(mask=mask)).read().flags
    assert (flags[:25, :10] == Flag.HAZE).all()
    assert (flags[:25, 10:] == 0).all()
    assert (flags[25:] == Flag.CLOUD).all()
    # By windows as in one piece.
    assert np.array_equal(open_scene(image, Given(mask=mask)).read(20, 7, (12, 9)).flags, flags[20:32, 7:16])


@pytest.mark.parametrize(
    ("dtype", "value"), [("uint16", 256), ("int32", -256), ("float32", 0.4), ("float32", math.nan), ("uint16", 514)]
)
@pytest.mark.parametrize("size", [3, 15])
def test_what_is_no_class_of_a_mask_is_cloud_on_any_grid(image, write_image, dtype, value, size):
    data = np.full((1, 120 // size, 150 // size), value, dtype)
    mask = write_image("mask.tif", data, transform=Affine(size, 0, 605_000, 0, -size, 4_677_000))
    assert (open_scene(image, Given(mask=mask)).read().flags == Flag.CLOUD).all()


def test_a_mask_without_georeference_must_have_the_images_shape(image, write_image):
    with pytest.raises(InputError, match="9 x 8 pixels and the image 50 x 40"):
        open_scene(image, Given(mask=write_image("mask.tif", np.zeros((1, 8, 9), np.uint8), crs=None)))
    flags = open_scene(image, Given(mask=write_image("m.tif", np.ones((1, 40, 50), np.uint8), crs=None))).read().flags
    assert (flags == Flag.CLOUD).all()


@settings(max_examples=30)
@drawn(st.integers(0, 39), st.integers(0, 49), st.integers(1, 40), st.integers(1, 50))
def test_any_window_of_a_mask_lies_on_its_pixels(tmp_path_factory, row, col, height, width):
    folder = tmp_path_factory.getbasetemp()
    height, width = min(height, 40 - row), min(width, 50 - col)
    values = np.random.default_rng(4).integers(0, 5, (40, 50)).astype(np.uint8)
    if not (folder / "drawn_mask.tif").exists():
        _write(folder / "drawn_mask.tif", values[None])
        _write(folder / "drawn.tif", np.full((1, 40, 50), 7, np.uint8))
    info = open_scene(folder / "drawn.tif", Given(mask=folder / "drawn_mask.tif"))
    bits = np.array([0, Flag.CLOUD, Flag.HAZE, Flag.SHADOW, Flag.SNOW])[values]
    found = info.read(row, col, (height, width)).flags
    assert np.array_equal(found, bits[row : row + height, col : col + width])


def _write(path, data):
    import rasterio

    where = {"crs": "EPSG:32652", "transform": Affine(3, 0, 605_001, 0, -3, 4_676_998)}
    size = {"count": len(data), "height": data.shape[1], "width": data.shape[2]}
    with rasterio.open(path, "w", driver="GTiff", dtype=data.dtype, **size, **where) as file:
        file.write(data)


EVERYTHING = Given(bands={"grey": 1}, crs="EPSG:32652", height_m=12.0, offset=-1000.0, credit="me")
OPTIONS = {"--bands", "--crs", "--height", "--offset", "--credit"}


def in_vain(info):
    """Return the options that the notes say were not used, each with what it is for."""
    told = [n.partition(" is not used: it is for ") for n in info.notes if " is not used: " in n]
    assert all(which for _, _, which in told)
    assert len({option for option, _, _ in told}) == len(told)
    return {option for option, _, _ in told}


def test_what_means_nothing_to_a_bare_image_is_told(image):
    assert in_vain(open_scene(image, EVERYTHING)) == {"--crs", "--height", "--offset"}
    assert in_vain(open_scene(image)) == set()
    assert open_scene(image, EVERYTHING).credit == "me"


def test_a_coordinate_system_for_an_image_without_one_is_used(tmp_path):
    path = tmp_path / "port.tif"
    size = {"count": 1, "height": 9, "width": 9, "dtype": "uint16"}
    with rasterio.open(path, "w", driver="GTiff", transform=Affine(3, 0, 605_001, 0, -3, 4_676_998), **size) as file:
        file.write(np.full((1, 9, 9), 9, np.uint16))
    info = open_scene(path, Given(crs="EPSG:32652"))
    assert info.grid.crs == "EPSG:32652"
    assert in_vain(info) == set()


def test_a_coordinate_system_for_a_picture_with_no_place_is_told_to_be_in_vain(write_image):
    path = write_image("port.tif", np.full((1, 9, 9), 9, np.uint16), crs=None)
    info = open_scene(path, Given(crs="EPSG:32652"))
    assert info.grid.crs is None
    assert in_vain(info) == {"--crs"}


def test_what_means_nothing_to_a_product_is_told_and_the_times_note_stays(write_image):
    path = write_image("20230912_020341_25_2259_3B_AnalyticMS_SR.tif", np.full((4, 9, 9), 900, np.uint16))
    info = open_scene(path, replace(EVERYTHING, acquired=MOMENT))
    assert in_vain(info) == OPTIONS - {"--credit"}
    assert any("the file says" in n for n in info.notes)


@pytest.mark.parametrize(
    ("level", "descriptions", "vain"),
    [
        ("MSIL2A", ("B02", "B03"), {"--bands", "--crs", "--height"}),
        ("MSIL2A", ("", ""), {"--crs", "--height", "--offset"}),
    ],
)
def test_sentinel_2_uses_the_offset_where_its_numbers_are_known(write_image, level, descriptions, vain):
    name = f"S2A_{level}_20230912T021541_N0509_R003_T52TEK_20230912T061541.tif"
    path = write_image(name, np.full((2, 60, 60), 2000, np.uint16), descriptions=descriptions)
    assert in_vain(open_scene(path, EVERYTHING)) == vain


def test_loose_bands_of_no_known_level_do_not_use_the_offset(write_image):
    for band in ("B02", "B03"):
        path = write_image(f"{band}.tif", np.full((1, 60, 60), 2000, np.uint16))
    assert in_vain(open_scene(path, Given(offset=-1000.0))) == {"--offset"}


def test_a_rendered_image_takes_no_credit_and_says_so():
    path = samples.path("najin_20231017")
    info = open_scene(path, Given(credit="me"))
    assert info.credit is None
    assert in_vain(info) == {"--credit"}


def test_strips_say_once_what_was_said_in_vain(write_image):
    for second, transform in (
        (1, Affine(3, 0, 600_000, 0, -3, 4_700_000)),
        (2, Affine(3, 0, 600_000, 0, -3, 4_699_910)),
    ):
        name = f"20230912_02034{second}_25_2259_3B_AnalyticMS_SR.tif"
        path = write_image(name, np.full((4, 40, 40), 900, np.uint16), transform=transform)
    assert in_vain(open_scene(path.parent, Given(height_m=5.0))) == {"--height"}


def test_a_result_says_what_was_said_in_vain(image):
    run = [sys.executable, "-m", "imagery_diff"]
    words = ["look", "-", str(image), "--offset", "0", "--json", "-o", str(image.parent / "out")]
    done = subprocess.run([*run, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "--offset is not used" in done.stdout


def test_a_mask_of_another_place_is_refused_and_not_taken_for_cloud(write_image):
    image = write_image("image.tif", np.full((4, 40, 40), 500, np.uint16))
    mask = write_image("mask.tif", np.zeros((1, 40, 40), np.uint8), transform=Affine(3, 0, 405_000, 0, -3, 4_277_000))
    with pytest.raises(InputError, match=r"mask\.tif: the mask shows other ground than the image"):
        open_scene(image, Given(mask=mask))


@pytest.mark.parametrize("year", [1950, 2147])
def test_a_time_at_which_no_satellite_looked_is_refused(year):
    with pytest.raises(InputError, match=f"no satellite took an image at {year}-01-05 18:00 UTC"):
        Given(acquired=dt.datetime(year, 1, 5, 18, tzinfo=dt.UTC))
