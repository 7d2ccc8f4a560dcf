"""The one door: what a file is recognised as, and that a rendered image says so whatever it is called."""

import shutil

import numpy as np
import pytest
import rasterio

from imagery_diff import open_scene, samples
from imagery_diff.errors import InputError, InputNotFoundError
from imagery_diff.mark import ALTERED, ALTERED_TAG


@pytest.fixture(scope="module")
def sample():
    return samples.path("najin_20231017")


def test_a_bare_image_says_what_is_not_known(write_image):
    info = open_scene(write_image("port.tif", np.full((1, 5, 5), 9, np.uint16)))
    assert (info.product, info.units, info.acquired, info.simulated) == ("GeoTIFF", "digital numbers", None, False)
    assert any("time" in c for c in info.caveats)
    assert info.credit is None


def test_a_path_may_be_text(write_image):
    path = write_image("port.tif", np.full((1, 5, 5), 9, np.uint16))
    assert open_scene(str(path)).name == "port.tif"
    with pytest.raises(InputNotFoundError):
        open_scene(str(path) + "f")


def test_a_sample_and_its_folder_are_the_same_scene_and_say_they_are_rendered(sample):
    for info in (open_scene(sample), open_scene(sample.parent)):
        assert info.name == sample.name
        assert info.simulated
        assert info.credit is None
        assert info.units == "reflectance"
        assert info.acquired.isoformat(timespec="seconds") == "2023-10-17T02:12:04+00:00"
        assert len(info.files) == 3


@pytest.mark.parametrize("name", ["holiday.tif", "20231017_021204_37_2259_3B_AnalyticMS_SR_clip.tif"])
@pytest.mark.parametrize("bands", [(1, 2, 3, 4), (3, 1)])
def test_a_rendered_image_is_known_with_its_tag_stripped_and_its_file_renamed(sample, tmp_path, name, bands):
    with rasterio.open(sample) as file:
        profile, data = file.profile, file.read(bands)[:, 100:400, 50:450]
    profile.update(count=len(bands), height=data.shape[1], width=data.shape[2])
    with rasterio.open(tmp_path / name, "w", **profile) as file:
        file.write(data)
        assert "IMAGERY_DIFF_RENDERED" not in file.tags()
    info = open_scene(tmp_path / name)
    assert info.simulated
    assert info.credit is None


def test_a_renamed_sample_that_keeps_its_tag_is_known_by_it(sample, tmp_path):
    shutil.copy(sample, tmp_path / "port.tif")
    assert open_scene(tmp_path / "port.tif").simulated


@pytest.mark.parametrize("name", ["port.tif", "20231017_021204_37_2259_3B_AnalyticMS_SR_clip.tif"])
def test_a_real_image_with_something_put_into_it_counts_as_simulated_and_bears_no_providers_name(write_image, name):
    path = write_image(name, np.full((4, 40, 40), 900, np.uint16))
    with rasterio.open(path, "r+") as file:
        file.update_tags(**{ALTERED_TAG: ALTERED})
    info = open_scene(path)
    assert info.simulated
    assert info.credit == "ALTERED, NOT AS RECEIVED"


@pytest.mark.parametrize(
    "place", ["pairs/planet_sfbay/before.tif", "pairs/oscd_bercy/after.tif", "pairs/sar_bern/before.tif"]
)
def test_a_real_image_is_not_taken_for_rendered(data_folder, place):
    assert not open_scene(data_folder / place).simulated


def test_a_result_of_ours_is_not_taken_for_an_image(write_image):
    ours = write_image("evidence.tif", np.full((2, 5, 5), 1, np.float32))
    with rasterio.open(ours, "r+") as file:
        file.update_tags(IMAGERY_DIFF_PRODUCT="evidence")
    with pytest.raises(InputError, match="is a result of imagery-diff"):
        open_scene(ours)
