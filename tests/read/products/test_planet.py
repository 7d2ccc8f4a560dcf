"""Planet's products: names of every generation, time, sun, mask; real masks where they are present."""

import json

import numpy as np
import pytest
import rasterio

from imagery_diff import open_scene
from imagery_diff.errors import InputError
from imagery_diff.read.assets import Asset
from imagery_diff.read.products.planet.udm import SURE_PERCENT, Udm2
from imagery_diff.scene import UNSEEN, Flag

NAME = "20230912_020341_25_2259"
SHAPE = (40, 50)
BANDS = ("blue", "green", "red", "nir")
MASKS = "masks/udm2_planetscope_sumatra"


@pytest.fixture
def delivered(write_image):
    """Return a writer of a Planet delivery: image, and where given its UDM2 bands and metadata."""

    def write(scene=NAME, product="AnalyticMS_SR_clip", *, bands=4, mask=None, metadata=None, shape=SHAPE):
        data = np.random.default_rng(1).integers(300, 3000, (bands, *shape)).astype(np.uint16)
        path = write_image(f"{scene}_3B_{product}.tif", data, nodata=0, photometric="MINISBLACK")
        if mask is not None:
            write_image(f"{scene}_3B_udm2_clip.tif", mask, photometric="MINISBLACK")
        if metadata is not None:
            text = metadata if isinstance(metadata, str) else json.dumps({"properties": metadata})
            path.with_name(f"{scene}_metadata.json").write_text(text)
        return path

    return write


def udm2(shape=SHAPE, **bands):
    """Return a mask of eight bands, clear but for what is named, each over its own ten columns."""
    order = ("clear", "snow", "shadow", "light", "heavy", "cloud", "confidence", "udm1")
    mask = np.zeros((8, *shape), np.uint8)
    mask[0], mask[6] = 1, 95
    for name, (columns, value) in bands.items():
        mask[order.index(name)][:, columns] = value
    return mask


@pytest.mark.parametrize(
    ("name", "seconds", "bands", "units"),
    [
        ("20151119_025740_0c74_3B_AnalyticMS_SR_clip.tif", 40, 4, "reflectance"),
        ("20200629_030740_0f28_3B_AnalyticMS.tif", 40, 4, "radiance"),
        ("20200814_024229_65_2278_3B_AnalyticMS_SR.tif", 29, 4, "reflectance"),
        ("20230912_020341_25_24af_3B_AnalyticMS_SR_8b_clip.tif", 41, 8, "reflectance"),
        ("20230912_020341_25_24af_3B_AnalyticMS_SR_8b_harmonized_clip.tif", 41, 8, "reflectance"),
        ("20230912_020341_25_24af_3B_AnalyticMS_SR_clip_file_format.tif", 41, 4, "reflectance"),
        ("20231020_020133_ssc10_0012_analytic_SR_clip.tif", 33, 4, "reflectance"),
        ("20231020_020133_ssc4d2_0012_analytic.tif", 33, 4, "radiance"),
    ],
)
def test_names_of_every_generation_are_planets(write_image, name, seconds, bands, units):
    info = open_scene(write_image(name, np.full((bands, 6, 7), 500, np.uint16), photometric="MINISBLACK"))
    assert info.product.split()[0] == ("SkySat" if "ssc" in name else "PlanetScope")
    assert info.acquired.second == seconds
    assert name.startswith(info.scene_id)
    assert info.units == units
    assert "Planet" in info.credit
    assert info.bands[-1].name == "nir"
    assert info.read().data.max() == pytest.approx(0.05 if units == "reflectance" else 5)


@pytest.mark.parametrize("name", ["port.tif", "20230912_najin.tif", "x20230912_020341_25_24af_3B_AnalyticMS_SR.tif"])
def test_other_names_are_not_planets(write_image, name):
    assert not open_scene(write_image(name, np.full((4, 6, 7), 500, np.uint16))).product.startswith("Planet")


def test_a_mask_given_as_an_image_is_refused(write_image):
    for kind in ("udm2_clip", "AnalyticMS_DN_udm_clip"):
        with pytest.raises(InputError, match="is a mask"):
            open_scene(write_image(f"{NAME}_3B_{kind}.tif", udm2()))


def test_the_metadata_gives_time_sun_and_view(delivered):
    metadata = {
        "acquired": "2023-09-12T02:03:41.257Z",
        "sun_azimuth": 152.1,
        "sun_elevation": 49.2,
        "view_angle": 3.3,
        "satellite_azimuth": 100.0,
        "ground_control": False,
    }
    info = open_scene(delivered(metadata=metadata))
    assert info.acquired.isoformat() == "2023-09-12T02:03:41.257000+00:00"
    assert (info.sun.azimuth_deg, info.sun.elevation_deg) == (152.1, 49.2)
    assert (info.view.off_nadir_deg, info.view.azimuth_deg) == (pytest.approx(3.55, abs=0.01), 100.0)
    assert any("ground_control" in c for c in info.caveats)


def test_an_offset_from_utc_is_taken_out(delivered):
    info = open_scene(delivered(metadata={"acquired": "2023-09-12T11:03:41+09:00"}))
    assert info.acquired.isoformat() == "2023-09-12T02:03:41+00:00"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "JSONDecodeError"),
        ("[]", "TypeError"),
        ('{"id": 1}', "KeyError"),
        ('{"properties": [1]}', "no JSON object"),
        ("[" * 100_000, "RecursionError|JSONDecodeError"),
        ('{"properties": {"acquired": "yesterday"}}', "is no time"),
        ('{"properties": {"sun_azimuth": 10, "sun_elevation": 200}}', "elevation"),
    ],
)
def test_broken_metadata_is_refused_in_one_line(delivered, text, reason):
    with pytest.raises(InputError, match=reason) as error:
        open_scene(delivered(metadata=text))
    assert "\n" not in str(error.value)


def test_a_metadata_file_that_is_no_text_is_refused(delivered):
    path = delivered(metadata="{}")
    path.with_name(f"{NAME}_metadata.json").write_bytes(b"\xff\xfe\x00\x80" * 50)
    with pytest.raises(InputError, match="not a Planet metadata file"):
        open_scene(path)


def test_numbers_that_are_none_are_not_invented(delivered):
    info = open_scene(delivered(metadata={"sun_azimuth": "152", "sun_elevation": True, "view_angle": None}))
    # The sun is computed from time and place; from where the satellite looked nobody can.
    assert info.sun_source == "time and place"
    assert info.view is None


def test_every_class_of_the_mask_becomes_its_flag(delivered):
    mask = udm2(
        snow=(slice(0, 5), 1),
        shadow=(slice(5, 10), 1),
        light=(slice(10, 15), 1),
        heavy=(slice(15, 20), 1),
        cloud=(slice(20, 25), 1),
        udm1=(slice(25, 30), 1),
    )
    scene = open_scene(delivered(mask=mask)).read()
    truth = (Flag.SNOW, Flag.SHADOW, Flag.HAZE, Flag.HAZE, Flag.CLOUD, Flag.NODATA)
    for number, flag in enumerate(truth):
        assert (scene.flags[:, 5 * number : 5 * number + 5] == flag).all()
    assert (scene.flags[:, 30:] == 0).all()


def test_in_version_2_1_haze_is_one_class_in_band_four_and_band_five_is_empty(delivered):
    scene = open_scene(delivered(mask=udm2(light=(slice(0, 10), 1)))).read()
    assert (scene.flags[:, :10] == Flag.HAZE).all()
    assert (scene.flags[:, 10:] == 0).all()


def test_a_window_of_the_mask_lies_on_its_pixels(delivered):
    scene = open_scene(delivered(mask=udm2(cloud=(slice(20, 25), 1)))).read(3, 18, (10, 12))
    assert np.array_equal(
        (scene.flags & Flag.CLOUD) != 0, np.tile((np.arange(18, 30) >= 20) & (np.arange(18, 30) < 25), (10, 1))
    )


def test_a_mask_of_another_size_is_refused(delivered):
    with pytest.raises(InputError, match=r"51 x 40 pixels, its image 50 x 40"):
        open_scene(delivered(mask=udm2((40, 51))))


def test_a_mask_of_too_few_bands_is_refused(delivered):
    with pytest.raises(InputError, match="8 bands, this file has 1"):
        open_scene(delivered(mask=udm2()[:1])).read()


def test_without_a_mask_the_result_will_say_so(delivered):
    bare = open_scene(delivered())
    assert any("no cloud mask" in c for c in bare.caveats)
    assert any("UDM2" in n for n in bare.notes)
    masked = open_scene(delivered(scene="20230913_020341_25_2259", mask=udm2()))
    assert not any("no cloud mask" in c for c in masked.caveats)


@pytest.mark.parametrize(
    "name", ["20151119_025740_0c74", "20200727_014458_104b", "20200629_030740_0f28", "20200906_024424_51_2259"]
)
def test_real_masks_are_decoded_as_their_own_clear_band_says(data_folder, name):
    path = data_folder / MASKS / f"{name}_3B_udm2_clip.tif"
    with rasterio.open(path) as file:
        raw = file.read()
    flags = Udm2(Asset.of(path), raw.shape[1:], BANDS).flags(0, 0, raw.shape[1:])
    weather = np.uint8(Flag.CLOUD | Flag.HAZE | Flag.SHADOW | Flag.SNOW | Flag.NODATA)
    clear = (raw[0] == 1) & (raw[6] >= SURE_PERCENT)
    # Clear, and surely so, is exactly: no weather, and imaged.
    assert not ((flags[clear] & weather) != 0).any()
    assert np.mean((flags[~clear] & weather) != 0) > 0.99
    # Blackfill is unseen.
    assert ((flags[(raw[7] & 1) != 0] & UNSEEN) != 0).all()


def test_real_metadata_of_planetscope_is_read(data_folder, delivered):
    for file in sorted((data_folder / MASKS).glob("*_metadata.json")):
        properties = json.loads(file.read_text())["properties"]
        info = open_scene(delivered(scene=file.name.removesuffix("_metadata.json"), metadata=file.read_text()))
        assert info.acquired.isoformat()[:19] == properties["acquired"][:19]
        assert info.sun.elevation_deg == properties["sun_elevation"]
        assert info.sun.azimuth_deg == properties["sun_azimuth"]


@pytest.mark.parametrize(
    "name", ["20230912_020341_25_24af_1B_AnalyticMS.tif", "20230912_020341_25_24af_3B_basic_analytic.tif"]
)
def test_what_is_not_orthorectified_is_refused_with_what_to_order(write_image, name):
    path = write_image(name, np.full((4, *SHAPE), 500, np.uint16), photometric="MINISBLACK")
    with pytest.raises(InputError, match=r"not orthorectified.*order ortho_analytic"):
        open_scene(path)


def test_a_doubt_counts_only_for_bands_the_image_has(delivered):
    # Bit 7 doubts coastal, green I and yellow; bit 6 the near infrared.
    path = delivered(mask=udm2(udm1=(slice(0, 10), 1 << 7)))
    assert not (open_scene(path).read().flags & Flag.SUSPECT).any()
    path = delivered(mask=udm2(udm1=(slice(0, 10), 1 << 6)))
    assert (open_scene(path).read().flags[:, :10] & Flag.SUSPECT).all()
    path = delivered(product="AnalyticMS_SR_8b_clip", bands=8, mask=udm2(udm1=(slice(0, 10), 1 << 7)))
    assert (open_scene(path).read().flags[:, :10] & Flag.SUSPECT).all()


def test_an_angle_without_its_direction_is_told_and_not_thrown_away(delivered):
    info = open_scene(delivered(metadata={"view_angle": 5.0}))
    assert info.view is None
    assert any("seen 5.4 degrees from the vertical" in n and "from which side" in n for n in info.notes)


@pytest.mark.parametrize("ending", ["metadata.json", "3B_AnalyticMS_metadata_clip.xml"])
def test_metadata_without_their_image_are_told_to_be_so(tmp_path, ending):
    path = tmp_path / f"20200629_030740_0f28_{ending}"
    path.write_text("{}")
    with pytest.raises(InputError, match="metadata of scene 20200629_030740_0f28, whose image is not beside it"):
        open_scene(path)
