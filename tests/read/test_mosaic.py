"""Strips of one pass are one image: order stated, seams unseen, and what is not one pass is refused."""

import json
import zipfile
from datetime import UTC, datetime

import numpy as np
import pytest
from affine import Affine

from imagery_diff import compare, open_scene
from imagery_diff.errors import InputError, InputNotFoundError
from imagery_diff.geometry import sun_position
from imagery_diff.read.given import Given
from imagery_diff.read.mosaic import SEAM_PX
from imagery_diff.read.scenes import NO_CLOUD_MASK
from imagery_diff.scene import Flag

SIDE = 60
GREY = np.full((SIDE, SIDE), 100, np.uint16)


def name(second, satellite="2259"):
    return f"20230912_0203{second:02d}_25_{satellite}_3B_AnalyticMS_SR.tif"


@pytest.fixture
def strip(write_image):
    """Return a writer of a strip whose first pixel lies at (row, col) of a common lattice."""

    def write(second, row=0, col=0, value=1000, *, file=None, **more):
        where = Affine(3, 0, 605_001 + 3 * (col + more.pop("part", 0.0)), 0, -3, 4_676_998 - 3 * row)
        data = more.pop("data", np.full((4, SIDE, SIDE), value, np.uint16))
        return write_image(file or name(second), data, transform=where, nodata=0, photometric="MINISBLACK", **more)

    return write


def test_a_folder_of_strips_is_one_image_the_earliest_on_top(strip, tmp_path):
    strip(41, col=0, value=1000)
    strip(42, col=40, value=2000)
    strip(43, row=50, col=40, value=3000)
    info = open_scene(tmp_path)
    scene = info.read()
    assert info.grid.shape == (110, 100)
    assert info.name == tmp_path.name
    assert info.acquired.isoformat() == "2023-09-12T02:03:42.250000+00:00"
    assert np.allclose(scene.data[0, :SIDE, :SIDE], 0.1)
    assert np.allclose(scene.data[0, :50, SIDE:], 0.2)
    assert np.allclose(scene.data[0, SIDE:, 40:], 0.3)
    assert (scene.flags[SIDE + SEAM_PX :, : 40 - SEAM_PX] == Flag.NODATA).all()
    assert any("3 strips of one pass, laid 20230912_020341_25_2259 over 20230912_020342" in n for n in info.notes)
    assert len(info.files) == 3


def test_nothing_is_said_within_reach_of_a_seam(strip, tmp_path):
    strip(41, col=0)
    strip(42, col=40)
    flags = open_scene(tmp_path).read().flags
    edge = np.flatnonzero(flags[30] & Flag.EDGE)
    assert list(edge) == list(range(SIDE - SEAM_PX, SIDE + SEAM_PX))
    assert not flags[:, : SIDE - SEAM_PX].any()
    assert not flags[:, SIDE + SEAM_PX :].any()


def test_a_window_is_the_whole_cut_out(strip, tmp_path):
    rng = np.random.default_rng(1)
    for second, row, col in ((41, 0, 0), (42, 13, 40), (43, 50, 5)):
        data = rng.integers(300, 3000, (4, SIDE, SIDE)).astype(np.uint16)
        data[:, :7, :9] = 0
        strip(second, row, col, data=data)
    info = open_scene(tmp_path)
    whole = info.read()
    for row, col, height, width in ((0, 0, 5, 5), (11, 37, 50, 40), (58, 0, 52, 99), (59, 59, 1, 1), (109, 99, 1, 1)):
        piece = info.read(row, col, (height, width))
        assert np.array_equal(piece.data, whole.data[:, row : row + height, col : col + width])
        assert np.array_equal(piece.flags, whole.flags[row : row + height, col : col + width])
        assert piece.grid == whole.grid.window(row, col, (height, width))


def test_what_one_strip_does_not_show_the_next_does(strip, tmp_path):
    data = np.full((4, SIDE, SIDE), 1000, np.uint16)
    data[:, :, 30:] = 0
    strip(41, data=data)
    strip(42, value=2000)
    scene = open_scene(tmp_path).read()
    assert np.allclose(scene.data[0, :, :30], 0.1)
    assert np.allclose(scene.data[0, :, 30:], 0.2)
    assert not (scene.flags & Flag.NODATA).any()


def test_a_list_file_says_the_order_and_may_name_mask_and_metadata_too(strip, tmp_path, write_image):
    first, second = strip(41, value=1000), strip(42, col=40, value=2000)
    clear = np.zeros((8, SIDE, SIDE), np.uint8)
    clear[0], clear[6] = 1, 95
    mask = write_image(name(42).replace("AnalyticMS_SR", "udm2"), clear)
    second.with_name("20230912_020342_25_2259_metadata.json").write_text(json.dumps({"properties": {}}))
    listed = tmp_path / "lists" / "date.txt"
    listed.parent.mkdir()
    listed.write_text(f"# the later one on top\n\n../{second.name}\n../{mask.name}\n{first}\n")
    info = open_scene(listed)
    assert np.allclose(info.read().data[0, :, 40:], 0.2)
    assert any("laid 20230912_020342_25_2259 over 20230912_020341_25_2259" in n for n in info.notes)
    assert len(info.files) == 4


def test_strips_in_a_zip_are_joined_too(strip, tmp_path):
    with zipfile.ZipFile(tmp_path / "order.zip", "w") as archive:
        for path in (strip(41), strip(42, col=40)):
            archive.write(path, f"files/PSScene/{path.name}")
    assert open_scene(tmp_path / "order.zip").grid.shape == (SIDE, 100)


def test_two_days_are_not_one_image(strip, tmp_path):
    strip(41)
    strip(0, file="20230913_020341_25_2259_3B_AnalyticMS_SR.tif")
    with pytest.raises(InputError, match=r"holds 2 images .*strips of one pass, within five minutes, are joined"):
        open_scene(tmp_path)


@pytest.mark.parametrize(
    ("other", "match"),
    [
        ({"crs": "EPSG:32653"}, "differ in coordinate system"),
        ({"part": 0.4}, "do not lie on one lattice"),
        ({"col": 300_000}, "pixels apart"),
        ({"file": name(42).replace("_SR", "")}, "differ in level"),
        ({"data": np.full((3, SIDE, SIDE), 900, np.uint16)}, "differ in bands"),
    ],
)
def test_strips_that_do_not_fit_are_refused(strip, tmp_path, other, match):
    strip(41)
    strip(42, **other)
    with pytest.raises(InputError, match=match) as error:
        open_scene(tmp_path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "kind", "match"),
    [
        ("{strip}\nnone.tif\n", InputNotFoundError, r"date.txt: lists none.tif, which does not exist"),
        ("{strip}\n{list}\n", InputError, "lists a text file"),
        ("dear sir\nmadam\n", InputError, "is text, not an image"),
        ("x" * 5000, InputError, "is text, not an image"),
        ("a\0b\n", InputError, "is not an image|is text"),
    ],
)
def test_a_list_that_lists_nothing_ends_in_one_line(strip, tmp_path, text, kind, match):
    listed = tmp_path / "date.txt"
    listed.write_text(text.format(strip=strip(41), list=listed))
    with pytest.raises(kind, match=match) as error:
        open_scene(listed)
    assert "\n" not in str(error.value)


def test_a_mosaic_is_compared_like_any_image(strip, tmp_path, town):
    base = np.repeat(town((SIDE, 100), bands=1, seed=3), 4, axis=0).astype(np.uint16)
    (tmp_path / "before").mkdir()
    for second, left in ((41, 0), (42, 40)):
        strip(second, col=left, data=base[:, :, left : left + SIDE]).rename(tmp_path / "before" / name(second))
    after = base.copy()
    after[:, 20:32, 70:90] = 4000
    path = strip(0, data=after, file="20230913_020341_25_2259_3B_AnalyticMS_SR.tif")
    result = compare("-", tmp_path / "before", path)
    assert len(result.regions) == 1
    assert any("2 strips of one pass" in n for n in result.before.notes)


def test_what_is_said_of_a_mosaic_is_said_of_every_strip(strip, tmp_path, write_image):
    strip(0, col=0, file="quay_20230912T020341Z.tif", data=np.arange(1, 5, dtype=np.uint16)[:, None, None] * GREY)
    strip(0, col=40, file="quay_20230912T020342Z.tif", data=np.arange(1, 5, dtype=np.uint16)[:, None, None] * GREY)
    (tmp_path / "strips").mkdir()
    for path in tmp_path.glob("quay*.tif"):
        path.rename(tmp_path / "strips" / path.name)
    cloud = np.zeros((1, SIDE, 100), np.uint8)
    cloud[0, 10:20] = 1
    mask = write_image("mine.tif", cloud, transform=Affine(3, 0, 605_001, 0, -3, 4_676_998))
    plain = open_scene(tmp_path / "strips")
    assert any(NO_CLOUD_MASK in c for c in plain.caveats)
    given = Given(bands={"red": 4, "nir": 2}, credit="A. Person", mask=mask)
    info = open_scene(tmp_path / "strips", given)
    assert [b.name for b in info.bands] == ["red", "nir"]
    scene = info.read()
    assert np.allclose(scene.data[:, 30, [5, 90]], [[400, 400], [200, 200]])
    assert (scene.flags[10:20] & Flag.CLOUD).all()
    assert info.credit == "A. Person"
    assert not any(NO_CLOUD_MASK in c or "credit" in c for c in info.caveats)


def test_a_time_given_for_a_mosaic_brings_its_own_sun(strip, tmp_path):
    strip(41, col=0)
    strip(42, col=40)
    given = Given(acquired=datetime(2023, 6, 20, 6, 0, tzinfo=UTC))
    info = open_scene(tmp_path, given)
    lon, lat = info.grid.centre_lonlat
    assert info.acquired == given.acquired
    assert info.sun == sun_position(given.acquired, lat, lon)
