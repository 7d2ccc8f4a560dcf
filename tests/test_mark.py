"""Rendered pixels are known as such, real ones are not taken for rendered."""

import os
import warnings
from pathlib import Path

import numpy as np
import pytest
import rasterio

from imagery_diff.errors import InputError
from imagery_diff.mark import carries_mark, stamp

DATA = Path(os.environ.get("IMAGERY_DIFF_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


@pytest.fixture
def scene():
    rng = np.random.default_rng(5)
    data = rng.normal(900, 300, (4, 200, 170)).clip(1, 65535).astype(np.uint16)
    data[:, :, :20] = 0
    return data


def test_no_value_moves_by_more_than_one(scene):
    assert np.abs(stamp(scene).astype(int) - scene).max() == 1


def test_nodata_stays_and_nothing_else_becomes_nodata(scene):
    scene[:, 30:60, 30:60] = 1
    np.testing.assert_array_equal(stamp(scene) == 0, scene == 0)


def test_the_extremes_of_the_type_do_not_wrap():
    data = np.full((1, 64, 64), 65535, np.uint16)
    assert stamp(data).min() >= 65534


def test_stamping_twice_is_stamping_once(scene):
    np.testing.assert_array_equal(stamp(stamp(scene)), stamp(scene))


@pytest.mark.parametrize(("row", "col"), [(0, 20), (17, 33), (101, 90), (136, 106)])
def test_the_mark_survives_a_crop_of_64_px(scene, row, col):
    assert carries_mark(stamp(scene)[:, row : row + 64, col : col + 64])


@pytest.mark.parametrize("bands", [[2], [3, 0], [2, 1, 0], [3, 2, 1, 0]])
def test_the_mark_survives_a_choice_and_a_new_order_of_bands(scene, bands):
    assert carries_mark(stamp(scene)[bands])


def test_the_mark_survives_reading_as_float_with_nodata_as_nan(scene):
    data = stamp(scene).astype(np.float32)
    data[data == 0] = np.nan
    assert carries_mark(data)


def test_the_mark_survives_a_file_without_its_tags(scene, tmp_path):
    profile = {"driver": "GTiff", "dtype": "uint16", "count": 4, "height": 200, "width": 170, "compress": "lzw"}
    with rasterio.open(
        tmp_path / "renamed.tif", "w", crs="EPSG:32652", **profile, transform=rasterio.Affine(3, 0, 0, 0, -3, 0)
    ) as out:
        out.write(stamp(scene))
    with rasterio.open(tmp_path / "renamed.tif") as image:
        assert carries_mark(image.read())


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_mark_survives_that_numbers_are_made_reflectance(scene, kind):
    data = (stamp(scene) / 10_000.0).astype(kind)
    assert carries_mark(data)
    data[:, 50:90] = np.nan
    assert carries_mark(data)
    assert not carries_mark((scene / 10_000.0).astype(kind))


def test_the_mark_does_not_survive_another_scale(scene):
    """Said in the module: such floats are not what the file held."""
    assert not carries_mark(stamp(scene) / 9_000.0)


@pytest.mark.parametrize("seed", range(20))
def test_noise_does_not_carry_it(seed):
    data = np.random.default_rng(seed).integers(0, 4000, (1, 64, 64)).astype(np.uint16)
    assert not carries_mark(data)


@pytest.mark.parametrize("value", [1, 2, 255])
def test_a_flat_image_does_not_carry_it(value):
    assert not carries_mark(np.full((3, 96, 96), value, np.uint8))


def test_regular_patterns_do_not_carry_it():
    stripes = np.indices((64, 64)).sum(axis=0) % 2 + 1
    assert not carries_mark(stripes[None])
    assert not carries_mark(np.tile(np.arange(1, 65), (64, 1))[None])


def test_too_few_pixels_say_nothing(scene):
    assert not carries_mark(stamp(scene)[:1, :16, 20:40])


def test_only_integers_in_three_axes_can_be_stamped():
    with pytest.raises(InputError, match="integer"):
        stamp(np.ones((1, 8, 8)))
    with pytest.raises(InputError, match="shape"):
        stamp(np.ones((8, 8), np.uint8))


@pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")
def test_no_real_image_carries_it():
    files = [*sorted(DATA.glob("pairs/*/*.tif")), *sorted(DATA.glob("unlabelled/*/*.png"))]
    assert len(files) > 20
    for file in files:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
            image = rasterio.open(file)
        with image:
            window = rasterio.windows.Window(0, 0, min(image.width, 512), min(image.height, 512))
            assert not carries_mark(image.read(window=window)), file.name
