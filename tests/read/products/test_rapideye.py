"""RapidEye as Planet delivers it: names, XML and JSON, both masks. All files are built, after Planet's specification.

File names as in a delivery listed in a public script: ``3357121_2018-09-11_RE3_3A_Analytic.tif``, ``…_metadata.xml``,
``…_RE3_3A_udm.tif``, ``20180911_094536_3357121_RapidEye-3_metadata.json``; XML elements as in GDAL's
``md_re_metadata.xml`` and in ARCSI's reader of such files.
"""

import json
import math
import zipfile

import numpy as np
import pytest
from click.testing import CliRunner

from imagery_diff import open_scene
from imagery_diff.cli import main
from imagery_diff.errors import InputError
from imagery_diff.scene import Flag, Level

ID = "3357121_2018-09-11_RE3"
SHAPE = (40, 60)
IRRADIANCE = (1997.8, 1863.5, 1560.4, 1395.0, 1124.4)


def xml(*, product="L3A", time="2018-09-11T09:45:36.123456Z", coefficients=(), extra=""):
    """Return the XML beside an image, the parts of it that are read."""
    bands = "".join(
        f"<re:bandSpecificMetadata><re:bandNumber>{k}</re:bandNumber><re:radiometricScaleFactor>0.01"
        f"</re:radiometricScaleFactor>{c}</re:bandSpecificMetadata>"
        for k, c in enumerate(
            [f"<re:reflectanceCoefficient>{c}</re:reflectanceCoefficient>" for c in coefficients] or [""] * 5, start=1
        )
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><re:EarthObservation '
        'xmlns:re="http://schemas.rapideye.de/products/productMetadataGeocorrected" '
        f'xmlns:eop="http://earth.esa.int/eop" xmlns:opt="http://earth.esa.int/opt">{extra}'
        f"<eop:productType>{product}</eop:productType><eop:Platform>"
        "<eop:shortName>RE00</eop:shortName><eop:serialIdentifier>RE-3</eop:serialIdentifier></eop:Platform>"
        "<eop:Instrument><eop:shortName>MSI</eop:shortName></eop:Instrument><re:Acquisition>"
        "<opt:illuminationAzimuthAngle>161.2</opt:illuminationAzimuthAngle>"
        "<opt:illuminationElevationAngle>35.6</opt:illuminationElevationAngle><re:azimuthAngle>279.5</re:azimuthAngle>"
        f"<re:spaceCraftViewAngle>-9.8</re:spaceCraftViewAngle><re:acquisitionDateTime>{time}</re:acquisitionDateTime>"
        f"</re:Acquisition>{bands}</re:EarthObservation>"
    )


ITEM = {
    "acquired": "2018-09-11T09:45:36Z",
    "satellite_id": "RapidEye-3",
    "strip_id": "32511235",
    "gsd": 6.5,
    "sun_azimuth": 161.2,
    "sun_elevation": 35.6,
    "view_angle": -9.8,
    "satellite_azimuth": 279.5,
    "ground_control": True,
}


def numbers(bands=5, shape=SHAPE, seed=5):
    return np.random.default_rng(seed).integers(2000, 15000, (bands, *shape)).astype(np.uint16)


@pytest.fixture
def product(tmp_path, write_image):
    """Return a maker of a product's folder: image, mask, XML and JSON."""

    def make(data=None, *, product="Analytic", scene=ID, udm=None, text=None, item=None, folder="tile"):
        here = tmp_path / folder
        here.mkdir(exist_ok=True)
        clip = "_clip" if product.endswith("_clip") else ""
        data = numbers() if data is None else data
        write_image("x.tif", data, photometric="MINISBLACK").rename(here / f"{scene}_3A_{product}.tif")
        if udm is not None:
            write_image("m.tif", udm).rename(here / f"{scene}_3A_udm{clip}.tif")
        if text is not None:
            (here / f"{scene}_3A_{product.removesuffix('_clip')}_metadata{clip}.xml").write_text(text)
        if item is not None:
            (here / "20180911_094536_3357121_RapidEye-3_metadata.json").write_text(json.dumps({"properties": item}))
        return here

    return make


def test_a_product_is_the_same_as_folder_as_zip_as_image_and_as_its_metadata(product, tmp_path):
    here = product(text=xml(), item=ITEM, udm=np.zeros((1, *SHAPE), np.uint8))
    zipped = tmp_path / "order.zip"
    with zipfile.ZipFile(zipped, "w") as archive:
        for file in sorted(here.iterdir()):
            archive.write(file, f"files/REOrthoTile/{file.name}")
    ways = (here, zipped, here / f"{ID}_3A_Analytic.tif", here / f"{ID}_3A_Analytic_metadata.xml")
    for info in map(open_scene, ways):
        assert info.product == "RapidEye Analytic"
        assert info.scene_id == ID
        assert (info.acquired.isoformat(), info.time_source) == ("2018-09-11T09:45:36+00:00", "metadata")
        assert (info.platform, info.gsd_m, info.orbit.strip) == ("RapidEye-3", 6.5, "32511235")
        assert (info.view.off_nadir_deg, info.view.azimuth_deg) == (pytest.approx(10.54, abs=0.01), 279.5)
        assert (info.sun.azimuth_deg, info.sun.elevation_deg) == (161.2, 35.6)
        assert info.credit == "Image © 2018 Planet Labs PBC"
        assert info.ground_control is True
        assert info.cloud_masked
        assert [(b.name, b.wavelength_nm, b.width_nm) for b in info.bands] == [
            ("blue", 475, 70),
            ("green", 555, 70),
            ("red", 657.5, 55),
            ("rededge", 710, 40),
            ("nir", 805, 90),
        ]


def test_radiance_becomes_reflectance_by_time_sun_and_the_specification(product):
    data = numbers()
    info = open_scene(product(data, text=xml()))
    assert info.level is Level.TOA
    assert info.acquired.isoformat() == "2018-09-11T09:45:36.123456+00:00"
    # 2458372.9066 is the Julian date of the image.
    g = math.radians(357.529 + 0.98560028 * (2458372.9066 - 2451545.0))
    distance = 1.00014 - 0.01671 * math.cos(g) - 0.00014 * math.cos(2 * g)
    for k, irradiance in enumerate(IRRADIANCE):
        expected = math.pi * data[k] * 0.01 * distance**2 / (irradiance * math.sin(math.radians(35.6)))
        assert np.allclose(info.read().data[k], expected, rtol=2e-4)
    # The XML alone has no azimuth towards the satellite: its azimuthAngle is that of the line of flight.
    assert info.view is None


def test_coefficients_of_the_xml_are_believed_first_and_without_anything_it_is_radiance(product):
    data = numbers()
    coefficients = (1.7e-5, 1.8e-5, 2.2e-5, 2.4e-5, 3.0e-5)
    told = open_scene(product(data, text=xml(coefficients=coefficients)))
    assert told.level is Level.TOA
    assert np.allclose(told.read().data, data * np.array(coefficients)[:, None, None], rtol=1e-5)
    bare = open_scene(product(data, folder="bare"))
    assert bare.level is Level.RADIANCE
    assert np.allclose(bare.read().data, data * 0.01, rtol=1e-5)
    assert (bare.acquired, bare.platform) == (None, "RE-3")
    assert any("only the day is known (2018-09-11)" in c for c in bare.caveats)
    assert any("no cloud mask" in c for c in bare.caveats)


def test_surface_reflectance_and_visual_and_the_oldest_names(product):
    data = numbers()
    surface = open_scene(product(data, product="Analytic_SR_clip", text=xml(), folder="sr"))
    assert surface.level is Level.SURFACE
    assert np.allclose(surface.read().data, data / 10000)
    visual = open_scene(product((data[:3] % 250).astype(np.uint8), product="Visual", folder="v"))
    assert visual.level is Level.DISPLAY
    assert [b.name for b in visual.bands] == ["red", "green", "blue"]
    old = open_scene(product(data, product="328202", text=xml(), folder="old"))
    assert (old.level, len(old.bands)) == (Level.TOA, 5)


@pytest.mark.parametrize("step", [1, 10])
def test_the_old_mask_counts_whether_its_pixels_are_those_of_the_image_or_ten_times_as_wide(product, step):
    udm = np.zeros((1, SHAPE[0] // step, SHAPE[1] // step), np.uint8)
    for k, bits in enumerate((1, 2, 1 << 5, 1 << 7)):
        udm[:, :, k * 10 // step : (k + 1) * 10 // step] = bits
    info = open_scene(product(text=xml(), udm=udm))
    flags = info.read().flags
    # Bit 5 doubts the red edge, which this image has; bit 7 a band that it has not.
    for k, flag in enumerate((Flag.NODATA, Flag.CLOUD, Flag.SUSPECT, 0)):
        assert (flags[:, 10 * k : 10 * k + 10] == flag).all()
    assert not flags[:, 40:].any()
    assert any("old UDM mask" in c for c in info.caveats)
    window = info.source.read(3, 7, (12, 26), (0,)).flags
    assert np.array_equal(window, flags[3:15, 7:33])


def test_zero_in_all_bands_is_no_data_and_in_one_band_is_dark(product):
    data = numbers()
    data[:, :, :5], data[2, :, 5:10] = 0, 0
    flags = open_scene(product(data)).read().flags
    assert (flags[:, :5] == Flag.NODATA).all()
    assert not flags[:, 5:].any()


@pytest.mark.parametrize(
    "name",
    [f"{ID}_1B_Analytic.tif", "2018-09-11T094536_RE3_1B-NAC_32511235_120845_band1.tif"],
)
def test_a_basic_product_is_refused_with_what_to_order(write_image, name):
    with pytest.raises(InputError, match=r"not orthorectified.*REOrthoTile"):
        open_scene(write_image(name, numbers()))


def test_a_mask_given_as_an_image_is_refused(product):
    here = product(udm=np.zeros((1, *SHAPE), np.uint8))
    with pytest.raises(InputError, match="is a mask, not an image"):
        open_scene(here / f"{ID}_3A_udm.tif")


def test_a_basic_product_is_known_by_its_xml_too(product):
    with pytest.raises(InputError, match="not orthorectified"):
        open_scene(product(text=xml(product="L1B")))


@pytest.mark.parametrize(
    "text",
    ["<a", "<other/>", xml(time="noon"), xml(time="0001-01-01T00:00:00+14:00"), xml(extra="<a>" * 200 + "</a>" * 200)],
)
def test_a_broken_xml_ends_in_one_line(product, text):
    with pytest.raises(InputError, match=r"metadata\.xml: ") as error:
        open_scene(product(text=text))
    assert "\n" not in str(error.value)


def test_of_one_tile_surface_reflectance_is_taken_and_another_tile_is_another_image(product):
    product(text=xml())
    here = product(product="Analytic_SR", text=xml())
    info = open_scene(here)
    assert info.level is Level.SURFACE
    assert any("taken before RapidEye Analytic" in n for n in info.notes)
    product(scene=ID.replace("09-11", "09-14"))
    with pytest.raises(InputError, match="holds 2 images"):
        open_scene(here)


def test_the_real_picture_has_no_products_name_and_stays_a_picture(data_folder):
    info = open_scene(data_folder / "unlabelled/rapideye_sfbay_single/image.tif")
    assert info.product == "GeoTIFF"
    assert [b.name for b in info.bands] == ["red", "green", "blue"]


def test_a_pair_runs_from_the_folders_to_the_result(product, town, tmp_path):
    ground = town((160, 200), bands=5, seed=3) * 4
    after = ground.copy()
    after[:, 60:72, 90:120] = 15000
    udm = np.zeros((1, 160, 200), np.uint8)
    first = product(ground.astype(np.uint16), text=xml(), udm=udm)
    later = xml(time="2018-09-20T09:48:00Z")
    second = product(after.astype(np.uint16), scene=ID.replace("09-11", "09-20"), text=later, udm=udm, folder="later")
    out = tmp_path / "out"
    result = CliRunner().invoke(main, ["-", str(first), str(second), "-o", str(out)])
    assert result.exit_code == 0, result.output
    summary = json.loads((out / "summary.json").read_text())
    assert "Image © 2018 Planet Labs PBC" in json.dumps(summary, ensure_ascii=False)
    assert json.loads((out / "regions.geojson").read_text())["features"]
