"""Sentinel-2: SAFEs of all generations, zips, loose bands, stacks, STAC items.

Layouts are built after ESA's Products Specification Document (PSD 12, 13 and 14) and after the metadata of real
products that stand in public repositories (stactools-packages/sentinel2, geosolutions-it/evo-odas); items after real
ones of Earth Search v1 and Planetary Computer. Real are the pixels of the OSCD images (L1C, before baseline 04.00).
"""

import json
import zipfile

import numpy as np
import pytest
import rasterio
from affine import Affine

from imagery_diff import compare, open_scene
from imagery_diff.errors import InputError
from imagery_diff.read.assets import open_delivery
from imagery_diff.read.given import Given
from imagery_diff.read.products import sentinel2
from imagery_diff.read.products.sentinel2.names import parse
from imagery_diff.read.products.sentinel2.offset import Darkest, darkest
from imagery_diff.scene import Flag, Level

TEN, TWENTY = ("B02", "B03", "B04", "B08"), ("B05", "B06", "B07", "B8A", "B11", "B12")
SIXTY = ("B01", "B09")
IDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12")
STEM = "T52TFN_20231020T020651"
GRANULE = "L2A_T52TFN_A043500_20231020T021034"
SAFE = "S2A_MSIL2A_20231020T020651_N0509_R103_T52TFN_20231020T050607.SAFE"
SIDE = 120
"""Rows and columns of the 10 m bands; a multiple of 6, as 10980 is."""
CORNER = (600_000, 4_700_040)
PSD = "https://psd-{}.sentinel2.eo.esa.int/PSD/User_Product_Level-{}.xsd"


def product_xml(level="2A", *, baseline="05.09", offset=-1000, psd=14, name=SAFE, extra="", quantification="10000"):
    """Return MTD_MSIL2A.xml or MTD_MSIL1C.xml, the parts of it that are read."""
    tag, group = ("RADIO", "Radiometric_Offset_List") if level == "1C" else ("BOA", "BOA_ADD_OFFSET_VALUES_LIST")
    values = offset if isinstance(offset, dict) else dict.fromkeys(range(13), offset)
    listed = "".join(f'<{tag}_ADD_OFFSET band_id="{k}">{v}</{tag}_ADD_OFFSET>' for k, v in values.items())
    offsets = "" if offset is None else f"<{group}>{listed}</{group}>"
    quantity = "QUANTIFICATION_VALUE" if level == "1C" else "BOA_QUANTIFICATION_VALUE"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><n1:Level-{level}_User_Product xmlns:n1="{PSD.format(psd, level)}">'
        "<n1:General_Info><Product_Info><PRODUCT_START_TIME>2023-10-20T02:06:51.024Z</PRODUCT_START_TIME>"
        f"<PRODUCT_URI>{name}</PRODUCT_URI><PROCESSING_BASELINE>{baseline}</PROCESSING_BASELINE>"
        f'<Datatake datatakeIdentifier="GS2A_20231020T020651_043500_N{baseline}">'
        "<SPACECRAFT_NAME>Sentinel-2A</SPACECRAFT_NAME>"
        "<DATATAKE_SENSING_START>2023-10-20T02:06:51.024Z</DATATAKE_SENSING_START>"
        "<SENSING_ORBIT_NUMBER>103</SENSING_ORBIT_NUMBER><SENSING_ORBIT_DIRECTION>DESCENDING</SENSING_ORBIT_DIRECTION>"
        "</Datatake></Product_Info><Product_Image_Characteristics><Special_Values>"
        "<SPECIAL_VALUE_TEXT>NODATA</SPECIAL_VALUE_TEXT><SPECIAL_VALUE_INDEX>0</SPECIAL_VALUE_INDEX></Special_Values>"
        f'<{quantity} unit="none">{quantification}</{quantity}>{offsets}{extra}<Spectral_Information_List>'
        '<Spectral_Information bandId="7"><Wavelength><MIN unit="nm">760</MIN><MAX unit="nm">907</MAX>'
        '<CENTRAL unit="nm">832.8</CENTRAL></Wavelength></Spectral_Information></Spectral_Information_List>'
        f"</Product_Image_Characteristics></n1:General_Info></n1:Level-{level}_User_Product>"
    )


def tile_xml(level="2A", *, views=((1, 6.0, 350.0), (2, 6.0, 10.0)), zenith="54.5", time="2023-10-20T02:10:34.578328Z"):
    """Return MTD_TL.xml, the parts of it that are read; the views are (band_id, incidence, azimuth)."""
    angles = "".join(
        f'<Mean_Viewing_Incidence_Angle bandId="{b}"><ZENITH_ANGLE unit="deg">{z}</ZENITH_ANGLE>'
        f'<AZIMUTH_ANGLE unit="deg">{a}</AZIMUTH_ANGLE></Mean_Viewing_Incidence_Angle>'
        for b, z, a in views
    )
    return (
        f'<n1:Level-{level}_Tile_ID xmlns:n1="https://psd-14.sentinel2.eo.esa.int/PSD/S2_PDI_Level-{level}_Tile.xsd">'
        f'<n1:General_Info><SENSING_TIME metadataLevel="Standard">{time}</SENSING_TIME></n1:General_Info>'
        "<n1:Geometric_Info><Tile_Angles><Sun_Angles_Grid><Zenith><Values_List><VALUES>1 2 NaN</VALUES></Values_List>"
        f'</Zenith></Sun_Angles_Grid><Mean_Sun_Angle><ZENITH_ANGLE unit="deg">{zenith}</ZENITH_ANGLE>'
        '<AZIMUTH_ANGLE unit="deg">160.25</AZIMUTH_ANGLE></Mean_Sun_Angle>'
        f"<Mean_Viewing_Incidence_Angle_List>{angles}</Mean_Viewing_Incidence_Angle_List></Tile_Angles>"
        f"</n1:Geometric_Info></n1:Level-{level}_Tile_ID>"
    )


def write(path, data, *, step=1, corner=CORNER, crs="EPSG:32652", pixel=10, **profile):
    """Write a raster as ESA does (JPEG 2000 without loss), or as a GeoTIFF where the name says so."""
    data = np.atleast_3d(data).transpose(2, 0, 1) if np.ndim(data) == 2 else np.asarray(data)
    path.parent.mkdir(parents=True, exist_ok=True)
    driver = (
        {"driver": "GTiff"} if path.suffix == ".tif" else {"driver": "JP2OpenJPEG", "QUALITY": 100, "REVERSIBLE": "YES"}
    )
    transform = Affine(pixel * step, 0, corner[0], 0, -pixel * step, corner[1])
    shape = {"count": len(data), "height": data.shape[1], "width": data.shape[2], "dtype": data.dtype}
    with rasterio.open(path, "w", **(driver | shape | {"crs": crs, "transform": transform} | profile)) as file:
        file.write(data)
    for sidecar in path.parent.glob("*.aux.xml"):
        sidecar.unlink()
    return path


def numbers(band, *, offset=1000, side=SIDE):
    """Return the numbers of a band: ground from .02 to .4, the first corner empty; every band its own."""
    step = 1 if band in TEN else 2 if band in TWENTY else 6
    rng = np.random.default_rng(IDS.index(band))
    data = (rng.integers(200, 4000, (side // step, side // step)) + offset).astype(np.uint16)
    data[: 12 // step, : 12 // step] = 0
    return data


SCL = np.repeat(np.repeat(np.arange(12, dtype=np.uint8).reshape(3, 4), 20, axis=0), 15, axis=1)
"""All classes, each 20 x 15 pixels of 20 m."""


@pytest.fixture
def safe(tmp_path):
    """Return a maker of L2A SAFEs as they are laid out since 2016-12."""

    def make(
        name=SAFE, *, bands=(*TEN, *TWENTY, *SIXTY), product=None, tile=None, scl=SCL, probability=None, folder="in"
    ):
        top = tmp_path / folder / name
        inside = top / "GRANULE" / GRANULE
        for band in bands:
            step = 1 if band in TEN else 2 if band in TWENTY else 6
            write(inside / "IMG_DATA" / f"R{10 * step}m" / f"{STEM}_{band}_{10 * step}m.jp2", numbers(band), step=step)
        coarse = inside / "IMG_DATA" / "R20m"
        write(coarse / f"{STEM}_B02_20m.jp2", numbers("B02")[::2, ::2], step=2)
        write(inside / "IMG_DATA" / "R10m" / f"{STEM}_TCI_10m.jp2", np.full((3, SIDE, SIDE), 80, np.uint8))
        if scl is not None:
            write(coarse / f"{STEM}_SCL_20m.jp2", scl, step=2)
        if probability is not None:
            write(inside / "QI_DATA" / "MSK_CLDPRB_20m.jp2", probability, step=2)
        write(inside / "QI_DATA" / f"{STEM}_PVI.jp2", np.full((3, 20, 20), 80, np.uint8), pixel=60)
        (inside / "MTD_TL.xml").write_text(tile or tile_xml())
        (top / "MTD_MSIL2A.xml").write_text(product or product_xml())
        (top / "manifest.safe").write_text("<xfdu/>")
        return top

    return make


def pack(folder, path):
    """Zip a SAFE as it is delivered: the folder itself is the first part of every name."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder.parent).as_posix())
    return path


def expected(band, *, added=-1000):
    return (numbers(band).astype(float) + added) / 10_000


def test_a_safe_is_the_same_as_folder_as_zip_by_its_xml_and_by_one_band(safe, tmp_path):
    top = safe()
    inside = top / "GRANULE" / GRANULE
    ways = [
        top,
        top.parent,
        pack(top, tmp_path / "S2.zip"),
        top / "MTD_MSIL2A.xml",
        inside / "MTD_TL.xml",
        inside / "IMG_DATA" / "R10m" / f"{STEM}_B08_10m.jp2",
        inside / "IMG_DATA" / "R20m" / f"{STEM}_B02_20m.jp2",
        inside / "IMG_DATA" / "R10m" / f"{STEM}_TCI_10m.jp2",
        top / "manifest.safe",
        # A folder inside stands for the whole: its metadata lie above it.
        inside,
        inside / "IMG_DATA" / "R10m",
        inside / "QI_DATA",
    ]
    reference = None
    for way in ways:
        info = open_scene(way)
        assert (info.name, info.product, info.level) == (SAFE, "Sentinel-2 L2A", Level.SURFACE)
        assert info.acquired.isoformat() == "2023-10-20T02:10:34.578328+00:00"
        assert info.time_source == "metadata"
        assert info.grid.shape == (SIDE, SIDE)
        assert (info.grid.crs, info.gsd_m) == ("EPSG:32652", 10.0)
        assert [b.name for b in info.bands] == [
            *("blue", "green", "red", "rededge", "rededge2", "rededge3", "nir", "nir08", "swir1", "swir2")
        ]
        assert (info.platform, info.instrument) == ("Sentinel-2A", "MSI")
        assert info.credit == "Contains modified Copernicus Sentinel data 2023"
        assert info.cloud_masked
        assert not info.simulated
        data = info.read()
        reference = data if reference is None else reference
        assert np.array_equal(data.data, reference.data)
        assert np.array_equal(data.flags, reference.flags)


def test_orbit_sun_and_view_are_those_of_the_tile_and_azimuths_are_averaged_as_directions(safe):
    info = open_scene(safe())
    assert (info.orbit.relative, info.orbit.direction) == (103, "descending")
    assert info.orbit.strip == "GS2A_20231020T020651_043500"
    assert (info.sun.azimuth_deg, info.sun.elevation_deg) == (160.25, 35.5)
    # The numbers 350 and 10 would average to 180, the opposite direction.
    assert min(info.view.azimuth_deg, 360 - info.view.azimuth_deg) < 1e-9
    assert info.view.off_nadir_deg == pytest.approx(5.91, abs=0.01)


def test_views_of_bands_that_are_left_out_do_not_count(safe):
    info = open_scene(safe(tile=tile_xml(views=((0, 9.0, 90.0), (1, 3.0, 120.0), (10, 9.0, 90.0)))))
    assert (round(info.view.off_nadir_deg, 6), round(info.view.azimuth_deg, 6)) == (3.0, 120.0)


def test_bands_carry_the_wavelengths_of_their_satellite(safe):
    bands = {b.name: b for b in open_scene(safe()).bands}
    assert (bands["nir"].wavelength_nm, bands["nir"].width_nm) == (832.8, 147.0)
    assert (bands["swir1"].wavelength_nm, bands["swir1"].width_nm) == (1614.0, None)


def test_twenty_metre_bands_lie_on_the_ten_metre_grid_and_sixty_metre_bands_are_left_out(safe):
    info = open_scene(safe())
    assert info.source.steps == (1, 1, 1, 2, 2, 2, 1, 2, 2, 2)
    data = info.read().data
    # Four of the fine pixels around a coarse one's middle average to it, for the interpolation is linear.
    fine = data[8, 40:80, 40:80].reshape(20, 2, 20, 2).mean(axis=(1, 3))
    coarse = expected("B11")
    blurred = sum(
        wr * wc * coarse[20 + r : 40 + r, 20 + c : 40 + c]
        for r, wr in ((-1, 0.125), (0, 0.75), (1, 0.125))
        for c, wc in ((-1, 0.125), (0, 0.75), (1, 0.125))
    )
    assert np.allclose(fine, blurred, atol=1e-6)
    part = info.source.read(30, 50, (11, 13), (8, 0))
    assert np.array_equal(part.data[0], data[8, 30:41, 50:63])
    assert np.array_equal(part.data[1], data[0, 30:41, 50:63])


def test_where_the_ten_metre_bands_are_missing_the_grid_is_that_of_the_others(safe):
    info = open_scene(safe(bands=TWENTY))
    assert info.grid.shape == (SIDE // 2, SIDE // 2)
    assert info.gsd_m == 20.0
    assert "blue" in [b.name for b in info.bands]


# --- the offset, once and only once


@pytest.mark.parametrize(
    ("product", "added"),
    [
        (product_xml(), -1000),
        (product_xml(offset=None, baseline="03.01"), 0),
        (product_xml(offset=None, baseline="05.09"), -1000),
        # Offsets that the schema of PSD 14 allows in an older product are believed as they stand.
        (product_xml(offset=0, baseline="02.12"), 0),
        (product_xml(offset=dict.fromkeys((1, 2, 3, 7), -1000)), -1000),
    ],
)
def test_the_metadata_decide_on_the_offset_and_it_is_told(safe, product, added):
    info = open_scene(safe(product=product))
    data = info.read().data
    assert np.allclose(data[0, 20:], expected("B02", added=added)[20:], atol=1e-6)
    assert sum("added to the numbers" in n for n in info.notes) == 1
    assert any(f"{added} added to the numbers" in n for n in info.notes)


def test_every_band_has_the_offset_of_its_own_number(safe):
    info = open_scene(safe(product=product_xml(offset={k: -1000 - k for k in range(13)})))
    data = info.read().data
    for band, place in (("B02", 0), ("B04", 2), ("B08", 6)):
        added = -1000 - IDS.index(band)
        assert np.allclose(data[place, 20:], expected(band, added=added)[20:], atol=1e-6)
    part = info.source.read(40, 40, (4, 4), (6,)).data[0]
    assert np.allclose(part, expected("B08", added=-1007)[40:44, 40:44], atol=1e-6)


def test_negative_reflectance_is_kept_and_nothing_seen_is_tested_before_the_offset(safe):
    top = safe(scl=None)
    dark = numbers("B02")
    dark[50:60, 50:60] = 400  # a reflectance of -.06
    dark[70:80, 70:80] = 0  # one dark band among bright ones
    write(top / "GRANULE" / GRANULE / "IMG_DATA" / "R10m" / f"{STEM}_B02_10m.jp2", dark)
    for band in TEN[1:]:
        wrong = numbers(band)
        wrong[90:96, 90:96] = 1000  # zero once the offset is added, and seen
        write(top / "GRANULE" / GRANULE / "IMG_DATA" / "R10m" / f"{STEM}_{band}_10m.jp2", wrong)
    scene = open_scene(top).read()
    assert np.allclose(scene.data[0, 50:60, 50:60], -0.06)
    assert not scene.flags[50:60, 50:60].any()
    assert not scene.flags[70:80, 70:80].any()
    assert not scene.flags[90:96, 90:96].any()
    assert (scene.flags[:12, :12] == Flag.NODATA).all()
    assert not scene.flags[14:, 14:].any()


def test_what_the_user_says_stands_above_the_metadata(safe):
    top = safe()
    for said in (0.0, -500.0):
        info = open_scene(top, Given(offset=said))
        assert np.allclose(info.read().data[0, 20:], expected("B02", added=said)[20:], atol=1e-6)
        assert any("as was said" in n for n in info.notes)


def without_metadata(top):
    for xml in top.rglob("*.xml"):
        xml.unlink()
    return top


@pytest.mark.parametrize(("low", "added"), [(20, 0), (1020, -1000)])
def test_without_metadata_the_darkest_pixels_decide_and_it_is_told(safe, low, added):
    top = without_metadata(safe())
    for band in ("B11", "B12"):
        shore = numbers(band)
        shore[20:40, 20:40] = low
        write(top / "GRANULE" / GRANULE / "IMG_DATA" / "R20m" / f"{STEM}_{band}_20m.jp2", shore, step=2)
    info = open_scene(top)
    assert any("no metadata told it" in n and f"B11 {low}" in n for n in info.notes)
    assert np.allclose(info.read().data[0, 20:], expected("B02", added=added)[20:], atol=1e-6)
    assert info.acquired.isoformat() == "2023-10-20T02:06:51+00:00"
    assert info.time_source == "file name"
    assert any("first line" in n for n in info.notes)


def test_where_the_darkest_pixels_are_unclear_it_is_refused_until_the_user_says_it(safe):
    top = without_metadata(safe(scl=None))
    # The ground of the other tests begins at 1200 in all bands: two hundredths above, it could be either.
    for band in ("B11", "B12"):
        plain = np.maximum(numbers(band), 1400)
        write(top / "GRANULE" / GRANULE / "IMG_DATA" / "R20m" / f"{STEM}_{band}_20m.jp2", plain, step=2)
    with pytest.raises(InputError, match="say --offset -1000") as error:
        open_scene(top)
    assert "\n" not in str(error.value)
    assert open_scene(top, Given(offset=-1000.0)).level is Level.SURFACE


@pytest.mark.parametrize(
    ("numbers_", "offset"),
    [
        ({"B08": 690, "B11": 1200, "B12": 1000}, 0.0),
        ({"B08": 1400, "B11": 1200, "B12": 1050}, -1000.0),
        ({"B08": 1000, "B12": 1000}, None),  # one band of two
        ({"B08": 1200, "B11": 1600, "B12": 950}, None),  # dry ground
        ({"B08": 900}, None),
        ({}, None),
    ],
)
def test_the_rule_of_the_darkest_hundredth(numbers_, offset):
    assert Darkest(numbers_).offset == offset


def test_the_rule_is_never_wrong_on_real_images(data_folder):
    """OSCD: fourteen L1C images from before the offset existed, as they are and with 1000 added."""
    answers = []
    for path in sorted(data_folder.glob("pairs/oscd_*/*.tif")):
        if path.stem == "label":
            continue
        with rasterio.open(path) as file:
            bands = {name: file.read(k) for k, name in enumerate(file.descriptions, start=1)}
        for added in (0, 1000):

            def read(band, row, col, shape, bands=bands, added=added):
                part = bands[band][row : row + shape[0], col : col + shape[1]]
                return np.where(part > 0, part + np.float32(added), 0)

            answers.append((-added, darkest(read, {b: a.shape for b, a in bands.items()}).offset))
    assert len(answers) == 28
    assert all(given in (true, None) for true, given in answers)
    assert sum(given == 0.0 for _, given in answers) >= 12
    assert sum(given == -1000.0 for _, given in answers) >= 7


# --- masks


def test_every_class_of_the_scene_classification_has_its_flag(safe):
    info = open_scene(safe())
    flags = info.read().flags
    wanted = [Flag.NODATA, Flag.SUSPECT, 0, Flag.SHADOW, 0, 0, 0, 0, Flag.CLOUD, Flag.CLOUD, Flag.HAZE, Flag.SNOW]
    for number, flag in enumerate(wanted):
        row, col = 40 * (number // 4), 30 * (number % 4)
        assert (flags[row + 14 : row + 40, col + 14 : col + 30] == flag).all(), number
    assert info.masks == ("Scl: cloud, shadow, cirrus, snow, defective pixels",)


def test_a_cloud_as_likely_as_not_is_haze_where_the_classes_call_it_clear(safe):
    probability = np.zeros((60, 60), np.uint8)
    probability[:, 30:] = 50
    probability[:, 45:] = 49
    info = open_scene(safe(scl=np.full((60, 60), 5, np.uint8), probability=probability))
    flags = info.read().flags
    assert (flags[20:, 60:90] == Flag.HAZE).all()
    assert not flags[20:, :60].any()
    assert not flags[20:, 90:].any()
    part = info.source.read(21, 55, (10, 20), (0,)).flags
    assert np.array_equal(part, flags[21:31, 55:75])


def test_the_classes_of_l2a_stand_above_the_cloud_mask_of_l1c_that_comes_with_them(safe):
    top = safe(scl=np.full((60, 60), 5, np.uint8))
    write(top / "GRANULE" / GRANULE / "QI_DATA" / "MSK_CLASSI_B00.jp2", np.ones((3, 20, 20), np.uint8), step=6)
    info = open_scene(top)
    assert len(info.masks) == 1
    assert not info.read().flags[20:].any()


def test_a_mask_of_another_size_is_refused_by_name(safe):
    top = safe()
    write(top / "GRANULE" / GRANULE / "IMG_DATA" / "R20m" / f"{STEM}_SCL_20m.jp2", SCL[:-1], step=2)
    with pytest.raises(InputError, match=f"{STEM}_SCL_20m.jp2: does not lie on"):
        open_scene(top)


# --- L1C


L1C = "S2A_MSIL1C_20231020T020651_N0509_R103_T52TFN_20231020T035412.SAFE"


@pytest.fixture
def level1(tmp_path):
    """Return a maker of L1C SAFEs since 2016-12."""

    def make(*, product=None, masks=True, folder="l1"):
        top = tmp_path / folder / L1C
        inside = top / "GRANULE" / "L1C_T52TFN_A043500_20231020T021034"
        for band in (*TEN, *TWENTY, *SIXTY, "B10"):
            step = 1 if band in TEN else 2 if band in TWENTY else 6
            write(inside / "IMG_DATA" / f"{STEM}_{band}.jp2", numbers(band), step=step)
        write(inside / "IMG_DATA" / f"{STEM}_TCI.jp2", np.full((3, SIDE, SIDE), 80, np.uint8))
        if masks:
            classi = np.zeros((3, 20, 20), np.uint8)
            classi[0, 10:, :5] = classi[1, 10:, 5:10] = classi[2, 10:, 10:15] = 1
            write(inside / "QI_DATA" / "MSK_CLASSI_B00.jp2", classi, step=6)
        (inside / "MTD_TL.xml").write_text(tile_xml("1C"))
        (top / "MTD_MSIL1C.xml").write_text(product or product_xml("1C", name=L1C))
        return top

    return make


def test_l1c_is_reflectance_at_the_top_of_the_atmosphere_with_its_own_cloud_mask(level1, tmp_path):
    for way in (level1(), pack(level1(), tmp_path / "l1c.zip")):
        info = open_scene(way)
        assert (info.product, info.level) == ("Sentinel-2 L1C", Level.TOA)
        assert len(info.bands) == 10
        scene = info.read()
        assert np.allclose(scene.data[0, 20:], expected("B02")[20:], atol=1e-6)
        assert (scene.flags[60:, :30] == Flag.CLOUD).all()
        assert (scene.flags[60:, 30:60] == Flag.HAZE).all()
        assert (scene.flags[60:, 60:90] == Flag.SNOW).all()
        assert not scene.flags[60:, 90:].any()


def test_l1c_before_the_offset(level1):
    info = open_scene(level1(product=product_xml("1C", baseline="03.01", offset=None, name=L1C)))
    assert np.allclose(info.read().data[0, 20:], expected("B02", added=0)[20:], atol=1e-6)


def test_without_any_mask_that_is_said(level1):
    info = open_scene(level1(masks=False))
    assert not info.cloud_masked
    assert any("no cloud mask" in c for c in info.caveats)


def test_of_both_levels_of_one_scene_the_surface_is_taken_and_it_is_said(safe, level1):
    top = safe(folder="both")
    level1(folder="both")
    info = open_scene(top.parent)
    assert info.product == "Sentinel-2 L2A"
    assert any("taken before Sentinel-2 L1C" in n for n in info.notes)


OLD = "S2A_OPER_PRD_MSIL1C_PDMC_20160929T185902_R103_V20160929T020652_20160929T021034.SAFE"
GML = (
    '<eop:Mask xmlns:eop="http://www.opengis.net/eop/2.0" xmlns:gml="http://www.opengis.net/gml/3.2"><eop:maskMembers>'
    "{}</eop:maskMembers></eop:Mask>"
)
FEATURE = (
    '<eop:MaskFeature gml:id="{0}.0"><eop:maskType codeSpace="urn:gs2:S2PDGS:maskType">{0}</eop:maskType><eop:extentOf>'
    '<gml:Polygon><gml:exterior><gml:LinearRing><gml:posList srsDimension="2">{1}</gml:posList></gml:LinearRing>'
    "</gml:exterior></gml:Polygon></eop:extentOf></eop:MaskFeature>"
)


def ring(row, col, rows, cols):
    x, y = CORNER[0] + 10 * col, CORNER[1] - 10 * row
    right, low = x + 10 * cols, y - 10 * rows
    return f"{x} {y} {right} {y} {right} {low} {x} {low} {x} {y}"


@pytest.fixture
def old(tmp_path):
    """Return a maker of SAFEs as they were before 2016-12: long names, many tiles, outlines of clouds."""

    def make(tiles=("T52TFN",), gml=None):
        top = tmp_path / "old" / OLD
        for place, tile in enumerate(tiles):
            # Tiles lie side by side; here without their overlap.
            corner = (CORNER[0] + 10 * SIDE * place, CORNER[1])
            stem = f"S2A_OPER_MSI_L1C_TL_SGS__20160929T154211_A006640_{tile}"
            inside = top / "GRANULE" / f"{stem}_N02.04"
            for band in (*TEN, *TWENTY, *SIXTY, "B10"):
                step = 1 if band in TEN else 2 if band in TWENTY else 6
                write(inside / "IMG_DATA" / f"{stem}_{band}.jp2", numbers(band, offset=0), step=step, corner=corner)
            (inside / f"S2A_OPER_MTD_L1C_TL_SGS__20160929T154211_A006640_{tile}.xml").write_text(
                tile_xml("1C", time="2016-09-29T02:10:34.107Z")
            )
            mask = inside / "QI_DATA" / f"S2A_OPER_MSK_CLOUDS_SGS__20160929T154211_A006640_{tile}_B00_MSIL1C.gml"
            mask.parent.mkdir()
            clouds = FEATURE.format("OPAQUE", ring(60, 0, 20, 30)) + FEATURE.format("CIRRUS", ring(60, 30, 20, 30))
            mask.write_text(GML.format(clouds) if gml is None else gml)
        name = OLD.replace("PRD_MSIL1C", "MTD_SAFL1C").replace(".SAFE", ".xml")
        (top / name).write_text(product_xml("1C", baseline="02.04", offset=None, psd=12, name=OLD))
        return top

    return make


def test_the_long_names_of_before_2016_12_are_read_with_outlines_of_clouds(old):
    info = open_scene(old())
    assert (info.level, info.acquired.isoformat()) == (Level.TOA, "2016-09-29T02:10:34.107000+00:00")
    assert info.orbit.relative == 103
    scene = info.read()
    assert np.allclose(scene.data[0, 20:], expected("B02", added=-1000)[20:], atol=1e-6)
    assert (scene.flags[60:80, :30] == Flag.CLOUD).all()
    assert (scene.flags[60:80, 30:60] == Flag.HAZE).all()
    assert not scene.flags[60:80, 60:].any()
    assert not scene.flags[80:].any()
    part = info.source.read(70, 20, (20, 20), (0,)).flags
    assert np.array_equal(part, scene.flags[70:90, 20:40])


def test_many_tiles_of_one_product_are_one_image_and_one_is_opened_by_a_file_of_its_own(old):
    top = old(("T52TFN", "T52TGN"))
    for way in (top, next(top.glob("*.xml"))):
        info = open_scene(way)
        assert info.grid.shape == (SIDE, 2 * SIDE)
        assert np.allclose(info.read().data[0, 20:, 20:100], expected("B02", added=-1000)[20:, 20:100], atol=1e-6)
    info = open_scene(next(top.rglob("*T52TGN_B03.jp2")))
    assert info.name.endswith("T52TGN_N02.04")
    assert info.scene_id.endswith("T52TGN")
    assert open_scene(next(top.rglob("*A006640_T52TGN.xml"))).name == info.name
    assert open_scene(next(top.rglob("*T52TGN_B03.jp2")).parent).name == info.name


@pytest.mark.parametrize(
    ("gml", "match"),
    [
        ("<a/>", "is no mask of Sentinel-2"),
        (GML.format(FEATURE.format("OPAQUE", "1 2 x 4 5 6 7 8")), "holds what is no number"),
        (GML.format(FEATURE.format("OPAQUE", "1 2 3 4 5 6 7")), "cut short"),
        (GML.format(FEATURE.format("OPAQUE", "1 2 nan 4 5 6 7 8")), "cut short"),
        ("<eop:Mask", "is not XML"),
    ],
)
def test_broken_outlines_end_in_one_line(old, gml, match):
    with pytest.raises(InputError, match=match) as error:
        open_scene(old(gml=gml))
    assert "\n" not in str(error.value)
    assert "MSK_CLOUDS" in str(error.value)


def test_no_cloud_at_all_is_a_mask_too(old):
    info = open_scene(old(gml=GML.format("")))
    assert info.cloud_masked
    assert not info.read().flags[20:].any()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("T52TFN_20231020T020651_B8A_20m.jp2", ("52TFN", "B8A", 20, "L2A")),
        ("T52TFN_20231020T020651_B8A.jp2", ("52TFN", "B8A", None, "L1C")),
        ("L2A_T32TPP_20170105T101402_B02_10m.jp2", ("32TPP", "B02", 10, "L2A")),
        ("S2A_OPER_MSI_L1C_TL_SGS__20160929T154211_A006640_T32TPP_B02.jp2", ("32TPP", "B02", None, "L1C")),
        ("S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_26_57_B02.tif", ("33UUP", "B02", None, "L2A")),
        ("S2A_MSIL1C_20170613T101031_N0205_R022_T33UUP_20170613T101608_B8A.jp2", ("33UUP", "B8A", None, "L1C")),
        ("S2A_USER_MSI_L2A_TL_SGS__20160929T154211_A006640_T32TPP_B02_10m.jp2", ("32TPP", "B02", 10, "L2A")),
    ],
)
def test_names_of_all_generations(name, told):
    layer = parse(name)
    assert (layer.tile, layer.layer, layer.resolution, layer.level) == told


@pytest.mark.parametrize(
    "name", ["T52TFN_20231020T020651_B13.jp2", "B02.jp2", "LC09_L2SP_114030_SR_B4.TIF", "T52TFN.jp2"]
)
def test_other_names_are_none_of_esas(name):
    assert parse(name) is None


# --- broken metadata


@pytest.mark.parametrize(
    ("product", "tile", "match"),
    [
        ("<a", None, "MTD_MSIL2A.xml: is not XML"),
        ("<a/>", None, "MTD_MSIL2A.xml: is no product metadata"),
        (product_xml(quantification="0"), None, "no usable quantification value"),
        (product_xml(quantification="many"), None, "no usable quantification value"),
        (product_xml(quantification="1e-320"), None, "no usable quantification value"),
        (product_xml(offset=-1e9), None, "BOA_ADD_OFFSET is no number of a band"),
        (product_xml(offset={1: "x"}), None, "BOA_ADD_OFFSET is no number of a band"),
        (product_xml(offset={77: -1000}), None, "BOA_ADD_OFFSET is no number of a band"),
        (product_xml(offset={1: -1000, 2: 0}), None, "of some bands but not of B04"),
        (product_xml().replace("2023-10-20T02:06:51.024Z", "yesterday"), None, "'yesterday' is no time"),
        (product_xml(name=SAFE.replace("T52TFN", "T52TGN")), None, "put each scene into a folder of its own"),
        (product_xml("1C"), None, "its metadata are of L1C, its bands of L2A"),
        (None, "<a/>", "MTD_TL.xml: is no tile metadata"),
        (None, tile_xml(time="soon"), "MTD_TL.xml: its time 'soon' is no time"),
        (None, tile_xml(zenith="190"), "MTD_TL.xml: a sun elevation"),
        (None, tile_xml(views=((1, 89.0, 3.0),)), "MTD_TL.xml: an off-nadir angle"),
        ('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>', None, "declares entities"),
    ],
)
def test_broken_metadata_end_in_one_line(safe, product, tile, match):
    with pytest.raises(InputError, match=match) as error:
        open_scene(safe(product=product, tile=tile))
    assert "\n" not in str(error.value)


def test_a_band_that_breaks_off_or_is_cut_differently_is_named(safe):
    top = safe()
    band = top / "GRANULE" / GRANULE / "IMG_DATA" / "R10m" / f"{STEM}_B03_10m.jp2"
    write(band, numbers("B03")[:-6])
    with pytest.raises(InputError, match=f"{STEM}_B03_10m.jp2: does not lie on {STEM}_B02_10m.jp2"):
        open_scene(top)
    write(band, numbers("B03"), corner=(CORNER[0] + 5, CORNER[1]))
    with pytest.raises(InputError, match="does not lie on"):
        open_scene(top)
    for width, height in ((1e-300, 1e-300), (1e-310, 1e300), (1e300, 1e300)):
        odd = write(band.with_suffix(".tif"), numbers("B03"))
        with rasterio.open(odd, "r+") as file:
            file.transform = Affine(width, 0, CORNER[0], 0, -height, CORNER[1])
        odd.replace(band)
        with pytest.raises(InputError, match=r"_B\d\d_\d0m"):
            open_scene(top)
    write(band, numbers("B03"), crs="EPSG:32653")
    with pytest.raises(InputError, match="does not lie on"):
        open_scene(top)
    band.write_bytes(band.read_bytes()[:300])
    with pytest.raises(InputError, match=f"{STEM}_B03_10m.jp2: begins like an image but breaks off"):
        open_scene(top)
    band.write_bytes(b'<VRTDataset rasterXSize="2">')
    with pytest.raises(InputError, match="VRT"):
        open_scene(top)


def test_nothing_outside_the_safe_is_opened_whatever_its_xml_names(safe, tmp_path):
    secret = tmp_path / "secret.jp2"
    write(secret, numbers("B02"))
    named = "<IMAGE_FILE>../../../secret</IMAGE_FILE><IMAGE_FILE>/vsicurl/http://127.0.0.1:9/x_B02_10m</IMAGE_FILE>"
    info = open_scene(safe(product=product_xml(extra=named)))
    assert all(str(f).startswith(str(tmp_path / "in")) for f in info.files)


# --- loose bands and stacks


def loose(folder, stem):
    """Write four bands of a scene as they are downloaded one by one."""
    for band in ("B02", "B03"):
        write(folder / f"{stem}_{band}_10m.jp2", numbers(band))
    for band in ("B11", "B12"):
        shore = numbers(band)
        shore[20:40, 20:40] = 1010
        write(folder / f"{stem}_{band}_20m.jp2", shore, step=2)


def test_loose_bands_of_one_tile_and_time_are_one_scene_and_two_times_are_refused(tmp_path):
    loose(tmp_path, STEM)
    info = open_scene(tmp_path)
    assert (info.product, info.level, len(info.bands)) == ("Sentinel-2 L2A", Level.SURFACE, 4)
    assert info.sun_source == "time and place"
    other = STEM.replace("20231020", "20231025")
    loose(tmp_path, other)
    with pytest.raises(InputError, match=rf"holds 2 images \({STEM}, {other}\)"):
        open_scene(tmp_path)
    assert open_scene(tmp_path / f"{STEM}_B03_10m.jp2").name == STEM


def test_loose_bands_of_both_levels_do_not_mix(tmp_path):
    old = "T52TFN_20170105T101402"
    for band in ("B02", "B03"):
        write(tmp_path / f"L2A_{old}_{band}_10m.jp2", numbers(band))
        write(tmp_path / f"{old}_{band}.jp2", np.full((SIDE, SIDE), 77, np.uint16))
        write(tmp_path / f"{old}_B12.jp2", np.full((SIDE // 2, SIDE // 2), 77, np.uint16), step=2)
    found = sorted(sentinel2.find(open_delivery(tmp_path)), key=lambda f: f.rank)
    assert [f.product for f in found] == ["Sentinel-2 L2A", "Sentinel-2 L1C"]
    assert len({f.scene for f in found}) == 1
    assert np.allclose(found[0].open(Given(offset=0.0)).read().data[0, 20:], numbers("B02")[20:] / 10_000)
    assert np.allclose(found[1].open(Given(offset=0.0)).read().data, 0.0077)


def test_of_two_processings_of_one_scene_the_later_is_taken_and_it_is_said(safe):
    later = SAFE.replace("N0509", "N0510").replace("20231020T050607", "20240102T050607")
    top = safe()
    safe(later, product=product_xml(name=later))
    info = open_scene(top.parent)
    assert info.name == later
    assert any("taken before Sentinel-2 L2A" in n for n in info.notes)


def test_bands_named_after_their_product_tell_satellite_and_orbit(tmp_path):
    name = "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_26_57"
    for band in ("B02", "B08", "B11", "B12"):
        low = numbers(band, offset=0)
        low[20:40, 20:40] = 60
        write(tmp_path / f"{name}_{band}.tif", low, step=2 if band in TWENTY else 1)
    info = open_scene(tmp_path)
    assert (info.name, info.level, len(info.bands)) == (name, Level.SURFACE, 4)
    assert (info.platform, info.orbit.relative) == ("Sentinel-2A", 22)
    assert info.acquired.isoformat() == "2017-06-13T10:10:31+00:00"


def test_the_baseline_of_a_users_own_processing_decides_nothing(safe):
    top = safe(product=product_xml(offset=None, baseline="99.99"))
    for band in ("B11", "B12"):
        shore = numbers(band)
        shore[20:40, 20:40] = 30
        write(top / "GRANULE" / GRANULE / "IMG_DATA" / "R20m" / f"{STEM}_{band}_20m.jp2", shore, step=2)
    info = open_scene(top)
    assert any("carry no offset" in n for n in info.notes)
    # Where Sen2Cor lists it, that is believed.
    told = open_scene(safe(product=product_xml(baseline="99.99"), folder="told"))
    assert any("-1000 added to the numbers, by BOA_ADD_OFFSET" in n for n in told.notes)


def test_bands_without_a_name_of_their_scene_stand_as_they_are_unless_something_tells_the_level(tmp_path):
    for band in ("B02", "B03", "B08"):
        write(tmp_path / f"{band}.tif", numbers(band))
    info = open_scene(tmp_path)
    assert (info.level, info.acquired) == (Level.NUMBERS, None)
    assert np.array_equal(info.read().data[0, 20:], numbers("B02")[20:])
    assert any("L1C or L2A" in c for c in info.caveats)


def test_one_file_called_like_a_band_is_an_image_like_any_other(tmp_path):
    assert open_scene(write(tmp_path / "B02.tif", numbers("B02"))).product == "GeoTIFF"


def stack(path, *, low=1010, bands=("B02", "B03", "B04", "B08", "B11", "B12"), dtype=np.uint16):
    data = np.random.default_rng(5).integers(1300, 4000, (len(bands), SIDE, SIDE)).astype(dtype)
    data[:, :40, :40] = low
    data[:, 60:, 60:] = 0
    write(path, data)
    with rasterio.open(path, "r+") as file:
        for k, band in enumerate(bands, start=1):
            file.set_band_description(k, band)
    return path, data


@pytest.mark.parametrize(("low", "added"), [(1010, -1000), (310, 0)])
def test_a_stack_with_a_products_name_is_calibrated_by_what_its_pixels_show(tmp_path, low, added):
    path, data = stack(tmp_path / f"{SAFE.removesuffix('.SAFE')}_stack.tif", low=low)
    info = open_scene(path)
    assert (info.level, info.product) == (Level.SURFACE, "Sentinel-2 L2A stack")
    assert (info.platform, info.orbit.relative) == ("Sentinel-2A", 103)
    assert info.acquired.isoformat() == "2023-10-20T02:06:51+00:00"
    assert info.credit == "Contains modified Copernicus Sentinel data 2023"
    scene = info.read()
    assert np.allclose(scene.data[:, :60], (data[:, :60].astype(float) + added) / 10_000, atol=1e-6)
    assert (scene.flags[60:, 60:] == Flag.NODATA).all()
    assert np.allclose(info.source.read(0, 0, (5, 5), (3,)).data, scene.data[3:4, :5, :5])


def test_a_stack_that_does_not_show_it_is_refused_and_what_the_user_says_is_taken(tmp_path):
    path, _ = stack(tmp_path / f"{SAFE.removesuffix('.SAFE')}.tif", low=1500)
    with pytest.raises(InputError, match="--offset"):
        open_scene(path)
    info = open_scene(path, Given(offset=0.0))
    assert np.allclose(info.read().data[0, :40, :40], 0.15)


def test_the_classes_in_a_stack_become_flags_and_its_other_bands_are_left_out(tmp_path):
    bands = ("B02", "B08", "B09", "B11", "B12", "SCL")
    path, _ = stack(tmp_path / f"{SAFE.removesuffix('.SAFE')}.tif", bands=bands)
    with rasterio.open(path, "r+") as file:
        classes = np.full((SIDE, SIDE), 5, np.uint16)
        classes[:10] = 9
        file.write(classes, 6)
    info = open_scene(path)
    assert [b.name for b in info.bands] == ["blue", "nir", "swir1", "swir2"]
    assert info.cloud_masked
    assert not info.caveats
    flags = info.read().flags
    assert (flags[:10] == Flag.CLOUD).all()
    assert not flags[10:60].any()


def test_a_stack_whose_bands_are_not_described_keeps_its_numbers(tmp_path):
    path, data = stack(tmp_path / f"{SAFE.removesuffix('.SAFE')}.tif", bands=("", "", ""))
    info = open_scene(path)
    assert (info.level, info.product) == (Level.NUMBERS, "Sentinel-2 L2A stack")
    assert np.array_equal(info.read().data[:, :60], data[:, :60])


def test_a_bare_stack_of_real_numbers_stays_what_it_was(data_folder):
    info = open_scene(data_folder / "pairs/oscd_bercy/before.tif")
    assert (info.product, info.level) == ("GeoTIFF", Level.NUMBERS)


# --- STAC


EARTH_SEARCH = {
    "platform": "sentinel-2a",
    "constellation": "sentinel-2",
    "instruments": ["msi"],
    "view:sun_azimuth": 160.1,
    "view:sun_elevation": 35.2,
    "s2:product_type": "S2MSI2A",
    "s2:processing_baseline": "05.09",
    "s2:product_uri": SAFE,
    "s2:datatake_id": "GS2A_20231020T020651_043500_N05.09",
    "datetime": "2023-10-20T02:10:41.632000Z",
    "earthsearch:boa_offset_applied": True,
}
PLANETARY = {
    "datetime": "2023-10-20T02:06:51.024000Z",
    "platform": "Sentinel-2A",
    "constellation": "Sentinel 2",
    "s2:mean_solar_zenith": 54.5,
    "s2:mean_solar_azimuth": 160.25,
    "s2:processing_baseline": "05.09",
    "s2:product_type": "S2MSI2A",
    "s2:datatake_id": "GS2A_20231020T020651_043500_N05.09",
    "sat:orbit_state": "descending",
    "sat:relative_orbit": 103,
}
KEYS = {"B02": "blue", "B03": "green", "B04": "red", "B08": "nir", "B8A": "nir08", "B11": "swir16", "B12": "swir22"}
KEYS |= {"B05": "rededge1", "B06": "rededge2", "B07": "rededge3", "B01": "coastal", "B09": "nir09"}


@pytest.fixture
def item(tmp_path):
    """Return a maker of items with their COGs beside them, in the names of one of two catalogues."""

    def make(properties=None, *, names="earth-search", listed=True, files=None, offset=1000, folder="item", **changes):
        top = tmp_path / folder
        top.mkdir(exist_ok=True)
        assets = {}
        base = (
            "https://sentinel-cogs.s3.us-west-2.amazonaws.com/sentinel-s2-l2a-cogs/52/T/FN/2023/10/S2A_52TFN_20231020_0"
        )
        for band in (*TEN, *TWENTY, *SIXTY):
            step = 1 if band in TEN else 2 if band in TWENTY else 6
            told = {"nodata": 0, "data_type": "uint16", "scale": 0.0001, "offset": -0.1}
            if names == "earth-search":
                file, key, href = f"{band}.tif", KEYS[band], f"{base}/{band}.tif"
            else:
                file, key = f"{STEM}_{band}_{10 * step}m.tif", band
                href = f"https://sentinel2l2a01.blob.core.windows.net/sentinel2-l2/52/T/{SAFE}/{file}?st=2026&sig=a%2Fb"
            if files == "keys":
                file = f"{key}.tif"
            assets[key] = {"href": href, "roles": ["data"]} | ({"raster:bands": [told]} if listed else {})
            write(top / file, numbers(band, offset=offset), step=step, nodata=0)
        scl = ("scl", "SCL.tif") if names == "earth-search" else ("SCL", f"{STEM}_SCL_20m.tif")
        file = f"{scl[0]}.tif" if files == "keys" else scl[1]
        assets[scl[0]] = {"href": f"{base}/{scl[1]}", "raster:bands": [{"nodata": 0, "data_type": "uint8"}]}
        assets["visual"] = {"href": f"{base}/TCI.tif"}
        assets["granule_metadata"] = {"href": f"{base}/granule_metadata.xml"}
        write(top / file, np.full((60, 60), 4, np.uint8), step=2, nodata=0)
        document = {"type": "Feature", "stac_version": "1.0.0", "id": "S2A_52TFN_20231020_0_L2A", "geometry": None}
        document |= {"properties": EARTH_SEARCH if properties is None else properties, "assets": assets} | changes
        (top / "S2A_52TFN_20231020_0_L2A.json").write_text(json.dumps(document))
        return top

    return make


def test_an_item_of_earth_search_whose_offset_was_taken_out_is_not_offset_twice(item):
    # As in the real item: the flag says it is done, raster:bands lists it all the same.
    top = item(offset=0)
    for way in (top, top / "B08.tif", top / "S2A_52TFN_20231020_0_L2A.json"):
        info = open_scene(way)
        assert (info.level, info.name) == (Level.SURFACE, "S2A_52TFN_20231020_0_L2A")
        assert info.acquired.isoformat() == "2023-10-20T02:10:41.632000+00:00"
        assert (info.platform, info.orbit.relative) == ("Sentinel-2A", 103)
        assert (info.sun.azimuth_deg, info.sun.elevation_deg) == (160.1, 35.2)
        assert len(info.bands) == 10
        assert info.cloud_masked
        data = info.read().data
        assert np.allclose(data[0, 20:], numbers("B02", offset=0)[20:] / 10_000, atol=1e-6)
        assert any("0 added to the numbers, by earthsearch:boa_offset_applied" in n for n in info.notes)


def test_a_data_take_that_is_none_is_taken_over_from_no_metadata(item, safe):
    evil = "<b>GS2A</b>"
    xml = product_xml().replace("GS2A_20231020T020651_043500", evil.replace("<", "&lt;"))
    assert open_scene(item(EARTH_SEARCH | {"s2:datatake_id": evil})).orbit.strip is None
    assert open_scene(safe(product=xml)).orbit.strip is None
    assert open_scene(item()).orbit.strip == "GS2A_20231020T020651_043500"


@pytest.mark.parametrize(
    ("properties", "listed", "added"),
    [
        (EARTH_SEARCH | {"earthsearch:boa_offset_applied": False}, True, -1000),
        (EARTH_SEARCH | {"earthsearch:boa_offset_applied": False}, False, -1000),
        (EARTH_SEARCH | {"earthsearch:boa_offset_applied": False, "s2:processing_baseline": "02.14"}, True, 0),
        ({k: v for k, v in EARTH_SEARCH.items() if "earthsearch" not in k}, True, -1000),
        ({k: v for k, v in EARTH_SEARCH.items() if k[:10] not in {"earthsearc", "s2:process"}}, True, -1000),
        (EARTH_SEARCH | {"earthsearch:boa_offset_applied": False, "s2:processing_baseline": "99.99"}, True, -1000),
        # What other catalogues write: no word of Sentinel-2's own.
        ({"constellation": "sentinel-2", "datetime": "2023-10-20T02:10:41Z"}, True, -1000),
    ],
)
def test_where_the_flag_does_not_say_so_baseline_and_list_decide(item, properties, listed, added):
    info = open_scene(item(properties, listed=listed))
    assert "STAC" in info.why
    assert np.allclose(info.read().data[0, 20:], expected("B02", added=added)[20:], atol=1e-6)


def test_an_item_of_a_users_own_baseline_is_decided_by_its_pixels(item):
    told = {k: v for k, v in EARTH_SEARCH.items() if "earthsearch" not in k} | {"s2:processing_baseline": "99.99"}
    info = open_scene(item(told, listed=False, offset=0))
    assert np.allclose(info.read().data[0, 20:], numbers("B02", offset=0)[20:] / 10_000, atol=1e-6)
    assert any("no metadata told it" in n for n in info.notes)


def test_an_item_whose_pixels_speak_against_it_carries_a_caveat(item):
    # Seen in the wild: the flag says the offset is still there, the pixels that it is not.
    top = item(EARTH_SEARCH | {"earthsearch:boa_offset_applied": False}, offset=0)
    assert any("say --offset 0" in c for c in open_scene(top).caveats)
    assert not any("--offset" in c for c in open_scene(item(folder="right", properties=PLANETARY)).caveats)


def test_an_item_of_planetary_computer_by_its_own_names(item):
    own = SAFE.removesuffix(".SAFE").replace("_N0509", "")
    info = open_scene(item(PLANETARY, names="planetary", listed=False, id=own))
    assert (info.level, info.orbit.relative, info.orbit.direction) == (Level.SURFACE, 103, "descending")
    assert (info.sun.azimuth_deg, info.sun.elevation_deg) == (160.25, 35.5)
    assert np.allclose(info.read().data[0, 20:], expected("B02")[20:], atol=1e-6)
    # Its time is that of the data take, four minutes before the tile.
    assert any("first line" in n for n in info.notes)


def test_assets_may_be_called_by_their_keys(item):
    top = item(files="keys", offset=0)
    assert (top / "blue.tif").exists()
    assert len(open_scene(top / "blue.tif").bands) == 10


def test_the_tiles_own_metadata_beside_an_item_give_time_and_view(item):
    top = item()
    (top / "granule_metadata.xml").write_text(tile_xml())
    info = open_scene(top)
    assert info.acquired.isoformat() == "2023-10-20T02:10:34.578328+00:00"
    assert info.view is not None


def test_an_item_without_assets_does_not_stand_in_the_way_of_bands_beside_it(item, tmp_path):
    document = json.loads((item(folder="elsewhere") / "S2A_52TFN_20231020_0_L2A.json").read_text())
    here = tmp_path / "here"
    for band in ("B02", "B03"):
        write(here / f"{STEM}_{band}_10m.jp2", numbers(band))
    (here / "item.json").write_text(json.dumps(document))
    delivery = open_delivery(here)
    assert [f.product for f in sentinel2.find(delivery)] == ["Sentinel-2 L2A"]
    with pytest.raises(InputError, match="none of its bands lies beside it"):
        open_scene(here / "item.json")


def test_two_items_that_claim_the_same_bands_are_not_guessed_between(item):
    top = item()
    document = json.loads((top / "S2A_52TFN_20231020_0_L2A.json").read_text())
    (top / "other.json").write_text(json.dumps(document | {"id": "S2A_52TFN_20231030_0_L2A"}))
    with pytest.raises(InputError, match="claims the same bands"):
        open_scene(top / "B02.tif")


@pytest.mark.parametrize("text", ["{", "[" * 50_000, "\xff"])
def test_a_broken_item_ends_in_one_line(item, text):
    top = item()
    (top / "S2A_52TFN_20231020_0_L2A.json").write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match=r"S2A_52TFN_20231020_0_L2A.json: is no JSON that can be read") as error:
        open_scene(top)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"properties": EARTH_SEARCH | {"datetime": "soon"}},
        {"properties": EARTH_SEARCH | {"view:sun_elevation": 700}},
    ],
)
def test_an_item_with_a_time_or_an_angle_that_is_none_ends_in_one_line(item, changes):
    with pytest.raises(InputError, match=r"_L2A.json: ") as error:
        open_scene(item(**changes))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("changes", [{"assets": []}, {"properties": 3}, {"type": "Other"}])
def test_another_json_beside_bands_makes_no_item_of_them(item, changes):
    info = open_scene(item(**changes))
    assert info.why == "names of Sentinel-2 bands"
    assert info.acquired is None


def test_an_items_id_and_links_name_no_place(item):
    top = item(id="../../x/\n<b>")
    document = json.loads((top / "S2A_52TFN_20231020_0_L2A.json").read_text())
    document["assets"]["blue"]["href"] = "http://[::1"
    document["assets"]["green"]["href"] = "../../../../etc/passwd"
    (top / "S2A_52TFN_20231020_0_L2A.json").write_text(json.dumps(document))
    info = open_scene(top)
    assert info.name == info.scene_id == ".._.._x___b_"
    assert all(f.parent == top for f in info.files)
    assert info.bands[0].name == "blue"  # found by its band, B02.tif


def test_colours_without_an_item_are_not_taken_for_sentinel2(tmp_path):
    for name in ("red", "green", "blue"):
        write(tmp_path / f"{name}.tif", numbers("B02"))
    with pytest.raises(InputError, match="holds 3 images"):
        open_scene(tmp_path)


# --- real pixels, from end to end


def real_safe(folder, source, day):
    """Make an L1C SAFE of a real OSCD image: its numbers, the coarse bands decimated to their own resolution."""
    with rasterio.open(source) as file:
        bands = {name: file.read(k) for k, name in enumerate(file.descriptions, start=1)}
    stem = f"T52TFN_{day}T020651"
    name = f"S2A_MSIL1C_{day}T020651_N0204_R103_T52TFN_{day}T035412.SAFE"
    inside = folder / name / "GRANULE" / f"L1C_T52TFN_A006640_{day}T021034"
    for band in (*TEN, *TWENTY):
        step = 1 if band in TEN else 2
        data = bands[band][:240, :240][::step, ::step]
        write(inside / "IMG_DATA" / f"{stem}_{band}.jp2", data, step=step)
    (inside / "MTD_TL.xml").write_text(tile_xml("1C", time=f"{day[:4]}-{day[4:6]}-{day[6:]}T02:10:34Z"))
    text = product_xml("1C", baseline="02.04", offset=None, name=name)
    (folder / name / "MTD_MSIL1C.xml").write_text(text)
    return folder / name, bands


def test_a_safe_of_real_bands_holds_the_numbers_they_had(data_folder, tmp_path):
    top, bands = real_safe(tmp_path, data_folder / "pairs/oscd_hongkong/before.tif", "20160927")
    info = open_scene(top)
    data = info.read().data
    for place, band in ((0, "B02"), (1, "B03"), (2, "B04"), (6, "B08")):
        assert np.allclose(data[place], bands[band][:240, :240] / 10_000, atol=1e-6)
    assert np.allclose(data[8].mean(), bands["B11"][:240:2, :240:2].mean() / 10_000, rtol=1e-3)


def test_two_safes_are_compared_from_end_to_end(data_folder, tmp_path):
    before, _ = real_safe(tmp_path, data_folder / "pairs/oscd_hongkong/before.tif", "20160927")
    after, _ = real_safe(tmp_path, data_folder / "pairs/oscd_hongkong/after.tif", "20180323")
    result = compare("-", before, after)
    assert result.before.acquired.year == 2016
    assert "Contains modified Copernicus Sentinel data 2016" in result.credit
    assert not any("relative orbit" in c for c in result.caveats)
