"""Orders of Planet as delivered: folder, zip, manifest, XML, masks of each generation; real metadata where present."""

import hashlib
import json
import re
import zipfile

import numpy as np
import pytest

from imagery_diff import open_scene
from imagery_diff.errors import InputError
from imagery_diff.scene import Flag, Level

ID = "20230912_020341_25_2259"
MASKS = "masks/udm2_planetscope_sumatra"
SHAPE = (30, 40)
NAMESPACES = (
    'xmlns:ps="http://schemas.planet.com/ps/v1/planet_product_metadata_geocorrected_level" '
    'xmlns:eop="http://earth.esa.int/eop" xmlns:opt="http://earth.esa.int/opt"'
)
COEFFICIENTS = (2.17e-05, 2.30e-05, 2.55e-05, 3.88e-05)


def xml(coefficients=COEFFICIENTS, *, product="L3B", time="2023-09-12T02:03:41+00:00", extra=""):
    """Return the XML beside an analytic image, the parts of it that are read."""
    bands = "".join(
        f"<ps:bandSpecificMetadata><ps:bandNumber>{k}</ps:bandNumber><ps:radiometricScaleFactor>0.01"
        f"</ps:radiometricScaleFactor><ps:reflectanceCoefficient>{c}</ps:reflectanceCoefficient>"
        # A harmonised scene repeats its bands' factors in a list that is not of the bands.
        "<ps:harmonizationTransform><ps:bandCoefficients>1.0 0.0 0.0 0.0</ps:bandCoefficients>"
        "</ps:harmonizationTransform></ps:bandSpecificMetadata>"
        for k, c in enumerate(coefficients, start=1)
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><ps:EarthObservation {NAMESPACES}>{extra}'
        f"<eop:productType>{product}</eop:productType><ps:licenseType>20160101 - Inc - Single User</ps:licenseType>"
        "<eop:Platform><eop:shortName>PlanetScope</eop:shortName><eop:serialIdentifier>2259</eop:serialIdentifier>"
        "</eop:Platform><eop:Instrument><eop:shortName>PSB.SD</eop:shortName></eop:Instrument>"
        "<eop:orbitDirection>DESCENDING</eop:orbitDirection>"
        '<opt:illuminationAzimuthAngle uom="deg">1.521e+02</opt:illuminationAzimuthAngle>'
        '<opt:illuminationElevationAngle uom="deg">4.92e+01</opt:illuminationElevationAngle>'
        '<ps:azimuthAngle uom="deg">1.1e+01</ps:azimuthAngle>'
        '<ps:spaceCraftViewAngle uom="deg">3.1</ps:spaceCraftViewAngle>'
        f"<ps:acquisitionDateTime>{time}</ps:acquisitionDateTime>{bands}</ps:EarthObservation>"
    )


ITEM = {
    "acquired": "2023-09-12T02:03:41.257Z",
    "instrument": "PSB.SD",
    "satellite_id": "2259",
    "strip_id": "6789012",
    "gsd": 3.9,
    "ground_control": True,
    "quality_category": "standard",
    "sun_azimuth": 152.1,
    "sun_elevation": 49.2,
    "satellite_azimuth": 100.4,
    "view_angle": -3.3,
}


def udm2(cloud=slice(0, 0)):
    mask = np.zeros((8, *SHAPE), np.uint8)
    mask[0], mask[6] = 1, 95
    mask[0, :, cloud], mask[5, :, cloud] = 0, 1
    return mask


@pytest.fixture
def order(tmp_path, write_image):
    """Return a maker of an order's folder as Planet lays it out: manifest.json, then files/ by item type."""

    def make(product="AnalyticMS_SR_clip", *, bands=4, scene=ID, metadata_xml=None, item=ITEM, mask="udm2_clip"):
        top = tmp_path / "order"
        inside = top / "files" / "PSScene"
        inside.mkdir(parents=True, exist_ok=True)
        data = np.random.default_rng(3).integers(300, 3000, (bands, *SHAPE)).astype(np.uint16)
        files = {f"{scene}_3B_{product}.tif": write_image("x.tif", data, nodata=0, photometric="MINISBLACK")}
        if mask:
            files[f"{scene}_3B_{mask}.tif"] = write_image("m.tif", udm2(slice(0, 8)), photometric="MINISBLACK")
        content = {name: path.read_bytes() for name, path in files.items()}
        if item is not None:
            content[f"{scene}_metadata.json"] = json.dumps({"id": scene, "properties": item}).encode()
        if metadata_xml is not None:
            content[f"{scene}_3B_AnalyticMS_metadata_clip.xml"] = metadata_xml.encode()
        entries = []
        for name, stuff in content.items():
            (inside / name).write_bytes(stuff)
            digests = {"md5": hashlib.md5(stuff).hexdigest(), "sha256": hashlib.sha256(stuff).hexdigest()}  # noqa: S324
            annotations = {"planet/item_id": scene, "planet/item_type": "PSScene", "planet/bundle_type": "x"}
            entry = {"path": f"files/PSScene/{name}", "media_type": "image/tiff", "size": len(stuff)}
            entries.append(entry | {"digests": digests, "annotations": annotations})
        (top / "manifest.json").write_text(json.dumps({"name": "", "files": entries}))
        return top

    return make


def pack(folder, path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder).as_posix())
    return path


def test_an_order_is_the_same_as_folder_as_zip_and_as_loose_file(order, tmp_path):
    folder = order()
    ways = [folder, pack(folder, tmp_path / "order_psscene.zip"), next(folder.rglob("*SR_clip.tif"))]
    scenes = [open_scene(way) for way in ways]
    for info in scenes:
        assert info.scene_id == ID
        assert info.acquired.isoformat() == "2023-09-12T02:03:41.257000+00:00"
        assert info.time_source == "metadata"
        assert (info.platform, info.instrument, info.gsd_m) == ("2259", "PSB.SD", 3.9)
        assert info.orbit.strip == "6789012"
        assert info.ground_control is True
        # The sign of the angle tells the side, as the azimuth does.
        assert (info.view.off_nadir_deg, info.view.azimuth_deg) == (pytest.approx(3.55, abs=0.01), 100.4)
        assert info.cloud_masked
        assert (info.read().flags[:, :8] == Flag.CLOUD).all()
        assert not info.read().flags[:, 8:].any()
    assert len(scenes[0].files) == 3
    assert scenes[1].files == (ways[1],)


def test_the_digests_of_the_manifest_are_checked_and_it_is_said(order, tmp_path):
    folder = order()
    for way in (folder, pack(folder, tmp_path / "order.zip")):
        assert any("3 of 3 files agree with the digests (sha256)" in n for n in open_scene(way).notes)


@pytest.mark.parametrize("change", [b"\0", b""])
def test_a_file_changed_after_delivery_is_told(order, change):
    folder = order()
    image = next(folder.rglob("*udm2_clip.tif"))
    content = image.read_bytes()
    image.write_bytes(content + b"\0" if change == b"" else content[:-1] + bytes([content[-1] ^ 1]))
    info = open_scene(folder)
    assert any("udm2_clip.tif: is not as it was delivered" in c for c in info.caveats)
    assert any("2 of 3 files agree" in n for n in info.notes)


def test_a_file_the_manifest_does_not_know_is_told(order):
    folder = order()
    document = json.loads((folder / "manifest.json").read_text())
    document["files"] = [e for e in document["files"] if "udm2" not in e["path"]]
    (folder / "manifest.json").write_text(json.dumps(document))
    assert any("udm2_clip.tif: not in the order's manifest" in c for c in open_scene(folder).caveats)


@pytest.mark.parametrize("text", ["{", "[" * 50_000, "\xff"])
def test_a_broken_manifest_ends_in_one_line(order, text):
    folder = order()
    (folder / "manifest.json").write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match=r"manifest.json: is no JSON") as error:
        open_scene(folder)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("document", [[], {}, {"files": 3}, {"files": [3, {"path": 4}]}])
def test_another_manifest_is_not_believed(order, document):
    folder = order()
    (folder / "manifest.json").write_text(json.dumps(document))
    info = open_scene(folder)
    assert any("nothing could be checked" in c for c in info.caveats)


def test_radiance_becomes_reflectance_by_the_coefficients_of_each_band(order):
    folder = order("AnalyticMS_clip", metadata_xml=xml())
    info = open_scene(folder)
    assert info.level is Level.TOA
    assert info.units == "reflectance"
    assert info.licence == "20160101 - Inc - Single User"
    assert info.orbit.direction == "descending"
    stored = info.source.as_stored().read(0, 0, SHAPE, (0, 1, 2, 3)).data
    assert np.allclose(info.read().data, stored * np.array(COEFFICIENTS)[:, None, None], rtol=1e-5)
    # One band alone carries its own coefficient.
    assert np.allclose(info.source.read(0, 0, SHAPE, (3,)).data, stored[3:] * COEFFICIENTS[3], rtol=1e-5)


@pytest.mark.parametrize("text", [None, xml(COEFFICIENTS[:3]), xml((1, -1, 1, 1))])
def test_without_a_coefficient_for_every_band_it_stays_radiance(order, text):
    info = open_scene(order("AnalyticMS_clip", metadata_xml=text))
    assert info.level is Level.RADIANCE
    assert any("radiance" in n for n in info.notes)


def test_the_xml_alone_gives_time_and_sun_but_no_view_azimuth(order):
    info = open_scene(order("AnalyticMS_clip", metadata_xml=xml(), item=None))
    assert info.acquired.isoformat() == "2023-09-12T02:03:41+00:00"
    assert (info.sun.azimuth_deg, info.sun.elevation_deg) == (152.1, 49.2)
    assert info.view is None


def test_an_xml_that_declares_entities_is_refused(order):
    bomb = xml().replace("?><", '?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><', 1)
    with pytest.raises(InputError, match="declares entities"):
        open_scene(order("AnalyticMS_clip", metadata_xml=bomb))


@pytest.mark.parametrize("text", ["<a", "<other/>", "<a>" * 300 + "</a>" * 300, "\0"])
def test_a_broken_xml_ends_in_one_line(order, text):
    with pytest.raises(InputError, match=r"metadata_clip.xml: ") as error:
        open_scene(order("AnalyticMS_clip", metadata_xml=text))
    assert "\n" not in str(error.value)


def test_an_unrectified_product_is_known_by_its_xml_too(order):
    with pytest.raises(InputError, match="not orthorectified"):
        open_scene(order("AnalyticMS_clip", metadata_xml=xml(product="L1B")))


@pytest.mark.parametrize(
    ("products", "taken"),
    [
        (("Visual", "AnalyticMS_clip", "AnalyticMS_SR_clip"), "AnalyticMS_SR_clip"),
        (("AnalyticMS_SR_clip", "AnalyticMS_SR_8b_clip"), "AnalyticMS_SR_8b_clip"),
    ],
)
def test_of_several_products_of_one_scene_the_calibrated_one_is_taken_and_it_is_said(order, products, taken):
    for product in products:
        folder = order(product, bands=8 if "8b" in product else 4)
    info = open_scene(folder)
    assert info.product == f"PlanetScope {taken}"
    assert any("taken before" in n for n in info.notes)


def test_the_metadata_named_instead_of_the_image_opens_its_scene(order):
    folder = order()
    assert open_scene(next(folder.rglob("*_metadata.json"))).product == "PlanetScope AnalyticMS_SR_clip"


def test_two_scenes_in_one_folder_are_named_and_refused(order):
    order()
    folder = order(scene="20230913_020341_25_2259", item=ITEM | {"acquired": "2023-09-13T02:03:41Z"})
    with pytest.raises(InputError, match=r"2 images \(20230912_020341_25_2259, 20230913_020341_25_2259\)"):
        open_scene(folder)


def test_bands_carry_the_wavelengths_of_their_instrument(order):
    def opened(scene, *, bands=4, **item):
        product = "AnalyticMS_SR_8b_clip" if bands == 8 else "AnalyticMS_SR_clip"
        return open_scene(
            next(order(product, bands=bands, scene=scene, item=item).rglob(f"{scene}*{product}.tif"))
        ).bands

    eight = opened(ID, bands=8)
    assert [b.name for b in eight] == ["coastal", "blue", "greeni", "green", "yellow", "red", "rededge", "nir"]
    assert (eight[0].wavelength_nm, eight[0].width_nm) == (441.5, 21.0)
    old = opened("20160831_180231_0e0e", instrument="PS2")
    assert [(b.name, b.wavelength_nm) for b in old] == [("blue", 485), ("green", 545), ("red", 630), ("nir", 820)]
    # Four bands of an instrument that nobody tells: named, without a wavelength.
    assert all(b.wavelength_nm is None for b in opened("20160831_180231_0e0f"))


def test_a_visual_image_is_a_picture_whose_fourth_band_is_transparency(write_image):
    data = np.random.default_rng(1).integers(20, 230, (4, *SHAPE)).astype(np.uint8)
    data[3], data[3, :, :5] = 255, 0
    path = write_image(f"{ID}_3B_Visual.tif", data, photometric="RGB", alpha="YES")
    info = open_scene(path)
    assert (info.level, info.units) == (Level.DISPLAY, "digital numbers")
    assert [b.name for b in info.bands] == ["red", "green", "blue"]
    assert (info.read().flags[:, :5] == Flag.NODATA).all()


def test_the_old_mask_is_read_where_there_is_no_other(write_image):
    bits = np.zeros((1, *SHAPE), np.uint8)
    bits[0, :, :5], bits[0, :, 5:10], bits[0, :, 10:15], bits[0, :, 15:20] = 1, 2, 1 << 6, 1 << 5
    data = np.full((4, *SHAPE), 900, np.uint16)
    path = write_image("20160831_180231_0e0e_3B_AnalyticMS.tif", data, photometric="MINISBLACK")
    write_image("20160831_180231_0e0e_3B_AnalyticMS_DN_udm.tif", bits)
    info = open_scene(path)
    flags = info.read().flags
    assert info.cloud_masked
    assert any("old UDM mask" in c for c in info.caveats)
    for k, flag in enumerate((Flag.NODATA, Flag.CLOUD, Flag.SUSPECT, Flag(0))):
        assert (flags[:, 5 * k : 5 * k + 5] == flag).all()


def test_clear_without_confidence_is_degraded_and_no_class_at_all_is_no_data(write_image):
    mask = udm2()
    mask[6, :, :5] = 40
    mask[:7, :, 5:10] = 0
    path = write_image(f"{ID}_3B_AnalyticMS_SR.tif", np.full((4, *SHAPE), 900, np.uint16), photometric="MINISBLACK")
    write_image(f"{ID}_3B_udm2.tif", mask, photometric="MINISBLACK")
    flags = open_scene(path).read().flags
    assert (flags[:, :5] == Flag.HAZE).all()
    assert (flags[:, 5:10] == Flag.NODATA).all()
    assert not flags[:, 10:].any()


def test_test_quality_and_toar_are_told(order):
    info = open_scene(order("AnalyticMS_toar_clip", item=ITEM | {"quality_category": "test"}))
    assert info.level is Level.TOA
    assert any("10000" in n for n in info.notes)
    assert any("test quality" in c for c in info.caveats)


def test_the_time_in_a_name_has_its_hundredths(write_image):
    info = open_scene(write_image(f"{ID}_3B_AnalyticMS_SR.tif", np.full((4, 9, 9), 900, np.uint16)))
    assert info.acquired.isoformat() == "2023-09-12T02:03:41.250000+00:00"
    assert info.time_source == "file name"


def test_skysat_tells_its_ground_control_as_a_share(write_image):
    path = write_image("20231020_020133_ssc4d2_0012_pansharpened.tif", np.full((4, 9, 9), 900, np.uint16))
    item = path.with_name("20231020_020133_ssc4d2_0012_metadata.json")
    for ratio, known in ((0.0, False), (0.97, True)):
        properties = {"ground_control_ratio": ratio, "view_angle": 27.0, "satellite_azimuth": 270.0}
        item.write_text(json.dumps({"properties": properties}))
        info = open_scene(path)
        assert info.ground_control is known
        assert (info.view.off_nadir_deg, info.view.azimuth_deg) == (pytest.approx(29.2, abs=0.05), 270.0)
        assert any("at the ground" in note for note in info.notes)


def test_the_view_is_the_angle_at_the_ground_by_the_xml_or_to_a_hundredth_of_it(data_folder, write_image):
    files = sorted((data_folder / MASKS).glob("*_metadata.xml")) or sorted((data_folder / MASKS).glob("*_clip.xml"))
    assert len(files) == 5
    for file in files:
        text = file.read_text(encoding="utf-8")
        seen, at_ground = (
            float(re.search(rf"{name}[^>]*>([^<]+)", text)[1]) for name in ("spaceCraftViewAngle", "incidenceAngle")
        )
        scene = file.name.split("_3B_")[0]
        path = write_image(f"{scene}_3B_AnalyticMS.tif", np.full((4, 9, 9), 900, np.uint16), photometric="MINISBLACK")
        properties = {"view_angle": seen, "satellite_azimuth": 100.0}
        path.with_name(f"{scene}_metadata.json").write_text(json.dumps({"properties": properties}))
        assert open_scene(path).view.off_nadir_deg == pytest.approx(at_ground, rel=0.01)
        path.with_name(f"{scene}_3B_AnalyticMS_metadata.xml").write_text(text, encoding="utf-8")
        assert open_scene(path).view.off_nadir_deg == pytest.approx(at_ground, rel=1e-6)


def test_real_metadata_of_both_kinds_agree(data_folder, write_image):
    """Two descriptions of one scene, made by Planet at different times: what both tell is the same."""
    files = sorted((data_folder / MASKS).glob("*_metadata.json"))
    assert len(files) == 5
    for file in files:
        scene = file.name.removesuffix("_metadata.json")
        data = np.full((4, 9, 9), 900, np.uint16)
        path = write_image(f"{scene}_3B_AnalyticMS_clip.tif", data, photometric="MINISBLACK")
        described = file.with_name(f"{scene}_3B_AnalyticMS_metadata_clip.xml")
        path.with_name(described.name).write_bytes(described.read_bytes())
        by_xml = open_scene(path)
        path.with_name(file.name).write_bytes(file.read_bytes())
        both = open_scene(path)
        assert by_xml.level is both.level is Level.TOA
        assert abs((by_xml.acquired - both.acquired).total_seconds()) < 1
        assert by_xml.platform == both.platform == scene.split("_")[-1]
        assert by_xml.instrument == both.instrument
        assert by_xml.orbit.strip == both.orbit.strip
        assert abs(by_xml.sun.elevation_deg - both.sun.elevation_deg) < 0.1
        assert abs(by_xml.sun.azimuth_deg - both.sun.azimuth_deg) < 0.1
        told = re.findall(r"<ps:reflectanceCoefficient>([^<]+)<", described.read_text())
        assert np.allclose(both.read().data[:, 0, 0], 900 * np.array(told, float))
        assert both.view is None
