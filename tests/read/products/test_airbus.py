"""Airbus' ortho products as delivered: DIMAP v2, tiles, masks in GML. All files are built.

Layout and element names after deliveries that others keep as test data: Terradue/Stars ``AIRBUS`` (Pleiades 1A PMS,
SPOT 7 PMS, Pleiades Neo MS-FS in two groups of tiles, with their masks), GDAL ``autotest/gdrivers/data/dimap2``.
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

STEM = "PHR1A_MS_202310200211330_ORT_5881313101"
SHAPE = (60, 80)
X, Y, PIXEL = 605_000, 4_677_000, 2
BANDS = {  # BAND_ID: spectral range in micrometres, GAIN, solar irradiance
    "B0": (0.43, 0.55, 8.85, 1915.0),
    "B1": (0.50, 0.62, 8.89, 1831.0),
    "B2": (0.59, 0.71, 9.95, 1594.0),
    "B3": (0.74, 0.94, 15.24, 1060.0),
}
CENTRE = {
    "TIME": "2023-10-20T02:11:33.906Z",
    "AZIMUTH_ANGLE": 179.8796245087998,
    "INCIDENCE_ANGLE_ALONG_TRACK": -12.51449237869624,
    "INCIDENCE_ANGLE_ACROSS_TRACK": -13.93320329787198,
    "INCIDENCE_ANGLE": 18.41202221152703,
    "SUN_AZIMUTH": 161.2,
    "SUN_ELEVATION": 35.6,
    "GSD_ACROSS_TRACK": 2.9,
    "GSD_ALONG_TRACK": 3.0,
}


def measures(bands=BANDS):
    """Return the calibration of each band."""
    return "".join(
        f"<Band_Spectral_Range><BAND_ID>{b}</BAND_ID><MEASURE_UNIT>micrometers</MEASURE_UNIT><MIN>{low}</MIN>"
        f"<MAX>{high}</MAX></Band_Spectral_Range><Band_Radiance><BAND_ID>{b}</BAND_ID><GAIN>{gain}</GAIN><BIAS>0</BIAS>"
        f"</Band_Radiance><Band_Solar_Irradiance><BAND_ID>{b}</BAND_ID><VALUE>{sun}</VALUE></Band_Solar_Irradiance>"
        for b, (low, high, gain, sun) in bands.items()
    )


DISPLAY = (
    "<Raster_Display><Band_Display_Order><RED_CHANNEL>B2</RED_CHANNEL><GREEN_CHANNEL>B1</GREEN_CHANNEL>"
    "<BLUE_CHANNEL>B0</BLUE_CHANNEL><ALPHA_CHANNEL>B3</ALPHA_CHANNEL></Band_Display_Order><Special_Value>"
    "<SPECIAL_VALUE_TEXT>NODATA</SPECIAL_VALUE_TEXT><SPECIAL_VALUE_COUNT>0</SPECIAL_VALUE_COUNT></Special_Value>"
    "<Special_Value><SPECIAL_VALUE_TEXT>SATURATED</SPECIAL_VALUE_TEXT><SPECIAL_VALUE_COUNT>4095</SPECIAL_VALUE_COUNT>"
    "</Special_Value></Raster_Display>"
)


def files(parts):
    """Return a Data_Files of (href, tile_R, tile_C)."""
    listed = "".join(
        f'<Data_File tile_R="{r}" tile_C="{c}"><DATA_FILE_PATH href="{href}"/></Data_File>' for href, r, c in parts
    )
    return f"<Data_Files>{listed}</Data_Files>"


def dim(parts, **changes):
    """Return a DIM file, the parts of it that are read."""
    told = {
        "profile": "PHR_ORTHO",
        "version": "2.15",
        "level": "ORTHO",
        "spectral": "MS",
        "processing": "BASIC",
        "atmosphere": "",
        "measures": measures(),
        "files": files(parts),
        "display": DISPLAY,
        "tiles": "",
        "shape": SHAPE,
        "centre": CENTRE,
        "masks": (),
        "mission": ("PHR", "1A"),
        "strips": (("2023-10-20", "02:11:33.1Z"),),
        "legal": "<COPYRIGHT>©CNES_2023, distribution AIRBUS DS, France, all rights reserved</COPYRIGHT>",
        "tied": "true",
    } | changes
    angles = {k: v for k, v in told["centre"].items() if k != "TIME"}
    centre = f"<TIME>{told['centre'].get('TIME', '')}</TIME>" + "".join(f"<{k}>{v}</{k}>" for k, v in angles.items())
    masks = "".join(
        f"<Imaging_Quality_Measurement><MEASURE_NAME>Name ({k})</MEASURE_NAME><Quality_Mask><Component>"
        f'<COMPONENT_PATH href="MASKS/{k}_{STEM}_MSK.GML"/></Component></Quality_Mask></Imaging_Quality_Measurement>'
        for k in told["masks"]
    )
    strips = "".join(
        "<Source_Identification><SOURCE_ID>DS_STRIP</SOURCE_ID><Strip_Source>"
        f"<MISSION>{told['mission'][0]}</MISSION><MISSION_INDEX>{told['mission'][1]}</MISSION_INDEX>"
        f"<INSTRUMENT>PHR</INSTRUMENT><IMAGING_DATE>{day}</IMAGING_DATE><IMAGING_TIME>{time}</IMAGING_TIME>"
        "</Strip_Source></Source_Identification>"
        for day, time in told["strips"]
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><Dimap_Document><Metadata_Identification>'
        f'<METADATA_FORMAT version="{told["version"]}">DIMAP</METADATA_FORMAT>'
        f"<METADATA_PROFILE>{told['profile']}</METADATA_PROFILE></Metadata_Identification>"
        f"<Dataset_Identification><Legal_Constraints>{told['legal']}</Legal_Constraints></Dataset_Identification>"
        "<Coordinate_Reference_System><Projected_CRS><PROJECTED_CRS_CODE>urn:ogc:def:crs:EPSG::32652"
        "</PROJECTED_CRS_CODE></Projected_CRS></Coordinate_Reference_System><Geoposition><Geoposition_Insert>"
        f"<ULXMAP>{X}</ULXMAP><ULYMAP>{Y}</ULYMAP><XDIM>{PIXEL}</XDIM><YDIM>{PIXEL}</YDIM></Geoposition_Insert>"
        f"</Geoposition><Product_Settings><PROCESSING_LEVEL>{told['level']}</PROCESSING_LEVEL>"
        f"<SPECTRAL_PROCESSING>{told['spectral']}</SPECTRAL_PROCESSING><Geometric_Settings><GROUND_SETTING>"
        f"{told['tied']}</GROUND_SETTING></Geometric_Settings><Radiometric_Settings><RADIOMETRIC_PROCESSING>"
        f"{told['processing']}</RADIOMETRIC_PROCESSING>{told['atmosphere']}</Radiometric_Settings></Product_Settings>"
        f"<Raster_Data><Data_Access>{told['files']}</Data_Access><Raster_Dimensions><NROWS>{told['shape'][0]}</NROWS>"
        f"<NCOLS>{told['shape'][1]}</NCOLS>{told['tiles']}</Raster_Dimensions>{told['display']}</Raster_Data>"
        f"<Band_Measurement_List>{told['measures']}</Band_Measurement_List><Use_Area><Located_Geometric_Values>"
        "<LOCATION_TYPE>Top Center</LOCATION_TYPE><TIME>2023-10-20T02:11:33.2Z</TIME></Located_Geometric_Values>"
        f"<Located_Geometric_Values><LOCATION_TYPE>Center</LOCATION_TYPE>{centre}</Located_Geometric_Values></Use_Area>"
        f"<Quality_Assessment>{masks}</Quality_Assessment><Dataset_Sources>{strips}</Dataset_Sources></Dimap_Document>"
    )


def gml(*rings, system="urn:ogc:def:crs:EPSG:6.3:32652", root="hma:Mask", holes=(), dimension=""):
    """Return a mask; rings are (col, row) of the image."""

    def place(ring):
        return " ".join(f"{X + PIXEL * c:.2f} {Y - PIXEL * r:.2f}" for c, r in ring)

    inner = "".join(
        f"<gml:interior><gml:LinearRing><gml:posList>{place(h)}</gml:posList></gml:LinearRing></gml:interior>"
        for h in holes
    )
    members = "".join(
        f'<hma:MaskFeature><gml:extentOf><gml:Polygon srsName="{system}"><gml:exterior><gml:LinearRing>'
        f"<gml:posList{dimension}>{r if isinstance(r, str) else place(r)}</gml:posList></gml:LinearRing></gml:exterior>"
        f"{inner}</gml:Polygon></gml:extentOf></hma:MaskFeature>"
        for r in rings
    )
    spaces = (
        'xmlns:gml="http://www.opengis.net/gml" xmlns:hma="http://earth.esa.int/hma" xmlns:phr="http://hma.cnes.fr/phr"'
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><{root} {spaces}><gml:boundedBy><gml:Envelope srsName="{system}"/>'
        f"</gml:boundedBy><hma:maskMembers>{members}</hma:maskMembers></{root}>"
    )


def box(left, top, right, bottom):
    return [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]


def numbers(bands=4, shape=SHAPE, seed=5):
    return np.random.default_rng(seed).integers(200, 1500, (bands, *shape)).astype(np.uint16)


@pytest.fixture
def product(tmp_path, write_image):
    """Return a maker of a product's folder: VOL, IMG folder with DIM, images, MASKS and LINEAGE."""

    def make(data=None, *, cut=None, groups=None, stem=STEM, folder="IMG_PHR1A_MS_001", masks=None, **changes):
        here = tmp_path / "5881313101" / folder
        (here / "MASKS").mkdir(parents=True, exist_ok=True)
        (here / "LINEAGE").mkdir(exist_ok=True)
        (here / "LINEAGE" / f"STRIP_{stem}_DIM.XML").write_text("<Dimap_Document/>")
        (here.parent / "VOL_PHR.XML").write_text("<Dimap_Document/>")
        data = numbers() if data is None else data
        images = changes.pop("images", {})
        listed = ""
        for suffix, bands, display in groups or (("", slice(None), None),):
            part = data[bands]
            rows, cols = cut or part.shape[1:]
            parts = []
            for i, row in enumerate(range(0, part.shape[1], rows)):
                for j, col in enumerate(range(0, part.shape[2], cols)):
                    name = f"IMG_{stem}{suffix}_R{i + 1}C{j + 1}.TIF"
                    parts.append((name, i + 1, j + 1))
                    corner = Affine(PIXEL, 0, X + PIXEL * col, 0, -PIXEL, Y - PIXEL * row)
                    options = {"photometric": "MINISBLACK", "transform": corner} | images
                    write_image("x.tif", part[:, row : row + rows, col : col + cols], **options).rename(here / name)
            listed += files(parts).replace("</Data_Files>", f"{display or ''}</Data_Files>")
        if cut:
            changes.setdefault("tiles", f'<NTILES_SIZE ncols="{cut[1]}" nrows="{cut[0]}"/>')
        told = {"files": listed, "shape": data.shape[1:], "masks": tuple(masks or ())} | changes
        (here / f"DIM_{stem}.XML").write_text(dim((), **told))
        for kind, text in (masks or {}).items():
            (here / "MASKS" / f"{kind}_{STEM}_MSK.GML").write_text(text)
        return here

    return make


def test_a_product_is_the_same_as_folder_as_zip_as_image_and_as_its_dim_file(product, tmp_path):
    here = product(masks={"CLD": gml(box(0, 0, 10, 10))})
    zipped = tmp_path / "order.zip"
    with zipfile.ZipFile(zipped, "w") as archive:
        for file in sorted(here.parent.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(tmp_path).as_posix())
    for info in map(open_scene, (here.parent, here, zipped, here / f"IMG_{STEM}_R1C1.TIF", here / f"DIM_{STEM}.XML")):
        assert info.product == "Pleiades MS ortho"
        assert info.acquired.isoformat() == "2023-10-20T02:11:33.906000+00:00"
        assert (info.sun.azimuth_deg, info.sun.elevation_deg) == (161.2, 35.6)
        assert (info.platform, info.instrument, info.orbit.strip) == ("PHR 1A", "PHR", "DS_STRIP")
        assert info.gsd_m == pytest.approx(math.sqrt(2.9 * 3.0))
        assert info.credit == "Pléiades © CNES 2023, Distribution Airbus DS"
        assert info.licence.startswith("©CNES_2023")
        assert info.scene_id == STEM
        assert info.ground_control is True
        assert info.cloud_masked
        assert (info.read().flags[:10, :10] == Flag.CLOUD).all()
        assert np.count_nonzero(info.read().flags) == 100
    assert [f.name for f in open_scene(here).files] == [
        f"IMG_{STEM}_R1C1.TIF",
        f"DIM_{STEM}.XML",
        f"CLD_{STEM}_MSK.GML",
    ]


@pytest.mark.parametrize(
    ("profile", "told", "along", "across", "towards"),
    [
        # Real values; the direction from the scene to the nadir point of its strip: 311.6 and 272.5 degrees.
        ("PHR_ORTHO", 179.88, -12.51449, -13.9332, 311.8),
        ("S7_ORTHO", 271.680296, -1.33974, -26.13235, 271.68),
        # Neo tells the azimuth itself; by the angles of its lines it would be 144.9.
        ("PNEO_ORTHO", 147.569488, 19.514084, 13.977114, 147.57),
        # The direction of the lines is not believed, even where it is close.
        ("PHR_ORTHO", 180.0, 20.0, -3.0, 188.2),
        # A satellite due east, whatever the direction of the lines is called.
        ("PHR_ORTHO", 180.0, 0.0, 20.0, 90.0),
        ("S6_ORTHO", 180.0, 0.0, 20.0, 90.0),
    ],
)
def test_the_view_looks_towards_the_satellite(product, profile, told, along, across, towards):
    angles = {"AZIMUTH_ANGLE": told, "INCIDENCE_ANGLE_ALONG_TRACK": along, "INCIDENCE_ANGLE_ACROSS_TRACK": across}
    view = open_scene(product(profile=profile, centre=CENTRE | angles)).view
    assert view.azimuth_deg == pytest.approx(towards, abs=0.1)
    assert view.off_nadir_deg == pytest.approx(18.412, abs=1e-3)


def test_bands_follow_the_display_order_with_the_wavelengths_of_the_file(product):
    info = open_scene(product())
    assert [b.name for b in info.bands] == ["red", "green", "blue", "nir"]
    assert (info.bands[3].wavelength_nm, info.bands[3].width_nm) == (pytest.approx(840), pytest.approx(200))
    stored = info.source.as_stored().read(0, 0, SHAPE, (3, 0)).data
    assert np.array_equal(stored, numbers()[[3, 0]])
    pan = (
        DISPLAY.replace("B2", "P")
        .replace("B1", "P")
        .replace("B0", "P")
        .replace("<ALPHA_CHANNEL>B3</ALPHA_CHANNEL>", "")
    )
    assert [b.name for b in open_scene(product(numbers(1), display=pan, folder="p")).bands] == ["pan"]
    odd = open_scene(product(numbers(5), folder="odd"))
    assert [b.name for b in odd.bands] == ["band1", "band2", "band3", "band4", "band5"]
    assert odd.level is Level.NUMBERS


def test_basic_becomes_reflectance_by_the_files_own_values(product):
    data = numbers()
    info = open_scene(product(data))
    assert info.level is Level.TOA
    # The sun's distance as in Maxar's technical note; 2460237.5913 is the Julian date of the image.
    g = math.radians(357.529 + 0.98560028 * (2460237.5913 - 2451545.0))
    distance = 1.00014 - 0.01671 * math.cos(g) - 0.00014 * math.cos(2 * g)
    for k, name in enumerate(("B2", "B1", "B0", "B3")):
        radiance = data[k] / BANDS[name][2]
        expected = math.pi * radiance * distance**2 / (BANDS[name][3] * math.cos(math.radians(90 - 35.6)))
        assert np.allclose(info.read().data[k], expected, rtol=2e-4)


def test_without_irradiance_it_is_radiance_and_without_gain_it_is_numbers(product):
    data = numbers()
    text = measures().replace("Band_Solar_Irradiance", "Other")
    radiance = open_scene(product(data, measures=text.replace("<BIAS>0<", "<BIAS>1.5<")))
    assert radiance.level is Level.RADIANCE
    assert np.allclose(radiance.read().data[3], data[3] / 15.24 + 1.5, rtol=1e-5)
    bare = open_scene(product(data, measures=text.replace("<GAIN>15.24", "<GAIN>0"), folder="y"))
    assert bare.level is Level.NUMBERS
    assert np.array_equal(bare.read().data, data)


def test_reflectance_is_divided_by_the_files_gain_and_its_level_follows_the_atmosphere(product):
    data = numbers()
    gains = "".join(
        f"<Band_Reflectance><BAND_ID>{b}</BAND_ID><GAIN>10000</GAIN><BIAS>0</BIAS></Band_Reflectance>" for b in BANDS
    )
    none = "<ATMOSPHERIC_RADIOMETRIC_SETTING>NONE</ATMOSPHERIC_RADIOMETRIC_SETTING>"
    toa = open_scene(product(data, processing="REFLECTANCE", measures=gains, atmosphere=none))
    assert toa.level is Level.TOA
    assert np.allclose(toa.read().data, data / 10000)
    surface = open_scene(product(data, processing="REFLECTANCE", folder="y"))
    assert surface.level is Level.SURFACE
    assert any("10000, assumed" in n for n in surface.notes)
    assert any("Rayleigh" in n for n in surface.notes)


@pytest.mark.parametrize(
    ("processing", "level"),
    [
        ("DISPLAY", Level.DISPLAY),
        ("LINEAR_STRETCH", Level.DISPLAY),
        ("SEAMLESS", Level.DISPLAY),
        ("NEW", Level.NUMBERS),
    ],
)
def test_stretched_products_are_pictures(product, processing, level):
    assert open_scene(product(processing=processing)).level is level
    assert open_scene(product((numbers() % 250).astype(np.uint8), folder="y")).level is Level.DISPLAY


def test_tiles_are_one_image_wherever_a_window_lies(product):
    data = numbers()
    info = open_scene(product(data, cut=(40, 50)))
    assert (info.grid.shape, info.grid.transform) == (SHAPE, Affine(PIXEL, 0, X, 0, -PIXEL, Y))
    assert info.name == f"DIM_{STEM}.XML"
    stored = info.source.as_stored()
    for row, col, shape in ((0, 0, SHAPE), (35, 45, (10, 10)), (41, 51, (19, 29))):
        window = stored.read(row, col, shape, (0, 1, 2, 3))
        assert np.array_equal(window.data, data[:, row : row + shape[0], col : col + shape[1]])
        assert not window.flags.any()


def test_what_a_missing_tile_holds_was_not_seen_and_it_is_told(product):
    here = product(cut=(40, 50))
    (here / f"IMG_{STEM}_R1C2.TIF").unlink()
    info = open_scene(here)
    assert (info.read().flags[:40, 50:] == Flag.NODATA).all()
    assert not info.read().flags[40:].any()
    assert any("1 of the 4 tiles it lists are missing" in c for c in info.caveats)


def test_tiles_in_jpeg_2000_are_read_too(product):
    data = numbers()
    here = product(data)
    with rasterio.open(here / f"IMG_{STEM}_R1C1.TIF") as file:
        profile = {"crs": file.crs, "transform": file.transform, "dtype": "uint16", "count": 4}
    with rasterio.open(
        here / f"IMG_{STEM}_R1C1.JP2", "w", "JP2OpenJPEG", SHAPE[1], SHAPE[0], QUALITY=100, REVERSIBLE="YES", **profile
    ) as file:
        file.write(data)
    (here / f"IMG_{STEM}_R1C1.TIF").unlink()
    (here / f"DIM_{STEM}.XML").write_text((here / f"DIM_{STEM}.XML").read_text().replace("R1C1.TIF", "R1C1.JP2"))
    for way in (here, here / f"IMG_{STEM}_R1C1.JP2"):
        info = open_scene(way)
        assert info.grid.transform == Affine(PIXEL, 0, X, 0, -PIXEL, Y)
        assert np.array_equal(info.source.as_stored().read(0, 0, SHAPE, (0, 1, 2, 3)).data, data)


def test_the_two_groups_of_pleiades_neo_are_one_image_of_six_bands(product):
    def shown(*ids):
        listed = "".join(
            f"<Raster_Index><BAND_ID>{b}</BAND_ID><BAND_INDEX>{k}</BAND_INDEX></Raster_Index>" for k, b in ids
        )
        return f"<Raster_Display><Raster_Index_List>{listed}</Raster_Index_List></Raster_Display>"

    data = numbers(6)
    groups = (
        ("_RGB", slice(0, 3), shown((1, "R"), (2, "G"), (3, "B"))),
        # Listed out of order: the index counts.
        ("_NED", slice(3, 6), shown((3, "DB"), (1, "NIR"), (2, "RE"))),
    )
    stem = "PNEO4_202310200211330_MS-FS_ORT_PWOI_000071864_1_1_F_1"
    bands = dict.fromkeys(("R", "G", "B", "NIR", "RE", "DB"), (0.4, 0.5, 8.0, 1500.0))
    here = product(
        data,
        cut=(40, 50),
        groups=groups,
        stem=stem,
        profile="PNEO_ORTHO",
        spectral="MS-FS",
        mission=("PNEO", "4"),
        measures=measures(bands),
        tied="false",
        legal="<COPYRIGHT>COPYRIGHT AIRBUS DS, France, all right reserved</COPYRIGHT><LICENSE>EULA</LICENSE>",
    )
    info = open_scene(here)
    assert [b.name for b in info.bands] == ["red", "green", "blue", "nir", "rededge", "coastal"]
    assert np.array_equal(info.source.as_stored().read(0, 0, SHAPE, tuple(range(6))).data, data)
    mixed = info.source.as_stored().read(30, 40, (20, 20), (5, 0, 3))
    assert np.array_equal(mixed.data, data[[5, 0, 3], 30:50, 40:60])
    assert (info.product, info.platform, info.licence) == ("Pleiades Neo MS-FS ortho", "PNEO 4", "EULA")
    assert info.credit == "© Airbus DS 2023"
    assert info.ground_control is None
    assert "not tied to a reference on the ground" in info.notes


@pytest.mark.parametrize(
    "href", ["../secret.tif", "/etc/secret.tif", "C:\\secret.tif", "..\\secret.tif", "file://x/a.tif"]
)
def test_a_file_named_out_of_the_folder_is_refused_in_one_line(product, write_image, href):
    here = product(files=files([(href, 1, 1)]))
    write_image("secret.tif", numbers())
    with pytest.raises(InputError, match=r"DIM_.*: names a file outside its folder") as error:
        open_scene(here)
    assert "\n" not in str(error.value)


def test_a_mask_named_out_of_the_folder_is_refused(product):
    here = product(masks={"CLD": gml()})
    file = here / f"DIM_{STEM}.XML"
    file.write_text(file.read_text().replace('href="MASKS/CLD', 'href="../../CLD'))
    with pytest.raises(InputError, match="names a file outside its folder"):
        open_scene(here)


@pytest.mark.parametrize("level", ["SENSOR", "PRIMARY", "PROJECTED", ""])
def test_what_is_not_orthorectified_is_refused_with_what_to_order(product, level):
    with pytest.raises(InputError, match=r"not orthorectified.*order the same image as Ortho"):
        open_scene(product(level=level))


def test_every_mask_becomes_its_flag_and_around_the_region_of_interest_is_no_data(product):
    masks = {
        "ROI": gml(box(0, 0, 80, 50), system="32652 WGS84/UTM 52N (N. hemisphere)"),
        "CLD": gml(box(0, 0, 20, 20), holes=[box(5, 5, 10, 10)], system="urn:ogc:def:crs:epsg::32652"),
        "SNW": gml(box(30, 0, 40, 10)),
        "SLT": gml(box(50, 0, 60, 10), root="phr:OverIlluminationMask"),
        "DET": gml(),
        "QTE": gml(box(0, 0, 80, 60)),
    }
    info = open_scene(product(masks=masks))
    flags = info.read().flags
    expected = np.zeros(SHAPE, np.uint8)
    expected[50:] = Flag.NODATA
    expected[:20, :20] = Flag.CLOUD
    expected[5:10, 5:10] = 0
    expected[:10, 30:40] = Flag.SNOW
    expected[:10, 50:60] = Flag.SUSPECT
    assert np.array_equal(flags, expected)
    assert info.masks == ("GML: where the image ends, cloud, snow, saturation, bad detectors",)
    # By window, as the steps ask for it.
    for row, col, shape in ((3, 3, (10, 10)), (45, 70, (10, 10)), (0, 25, (12, 40))):
        window = info.source.read(row, col, shape, (0,)).flags
        assert np.array_equal(window, expected[row : row + shape[0], col : col + shape[1]])


def test_no_data_is_the_value_the_file_declares(product):
    data = numbers()
    data[:, :, :5], data[:, :, 5:10], data[1, :, 10:15] = 7, 0, 7
    seven = DISPLAY.replace("<SPECIAL_VALUE_COUNT>0<", "<SPECIAL_VALUE_COUNT>7<")
    flags = open_scene(product(data, display=seven)).read().flags
    assert (flags[:, :5] == Flag.NODATA).all()
    assert not flags[:, 5:].any()


def test_spot_is_credited_to_airbus_and_a_licence_that_is_none_is_not_told(product):
    legal = "<COPYRIGHT>Copyright (c) 2013 - AIRBUS DS - All rights reserved</COPYRIGHT><LICENSE>NA</LICENSE>"
    info = open_scene(product(profile="S7_ORTHO", mission=("SPOT", "7"), legal=legal))
    assert (info.product, info.credit) == ("SPOT 7 MS ortho", "© Airbus DS 2023")
    assert info.licence == "Copyright (c) 2013 - AIRBUS DS - All rights reserved"


def test_a_mask_in_other_coordinates_is_not_used_and_it_is_told(product):
    masks = {
        "CLD": gml(box(0, 0, 20, 20), system="urn:ogc:def:crs:EPSG::32651"),
        "ROI": gml(box(0, 0, 20, 20), system="urn:ogc:def:derivedCRSType:OGC:1.0:image"),
    }
    info = open_scene(product(masks=masks))
    assert not info.cloud_masked
    assert not info.read().flags.any()
    assert any("outlines are in EPSG:32651" in c for c in info.caveats)
    assert any("pixels of the raw image" in c for c in info.caveats)


def test_a_mask_that_is_missing_is_told(product):
    here = product(masks={"CLD": gml()})
    (here / "MASKS" / f"CLD_{STEM}_MSK.GML").unlink()
    info = open_scene(here)
    assert not info.cloud_masked
    assert any("its mask 'MASKS/CLD" in c and "is missing" in c for c in info.caveats)


def test_outlines_in_latitude_and_longitude_are_read_in_either_order(product):
    corner = {"transform": Affine(1e-5, 0, 130.0, 0, -1e-5, 42.0), "crs": "EPSG:4326"}
    lonlat = [(130 + 1e-5 * c, 42 - 1e-5 * r) for c, r in box(0, 0, 20, 20)]
    for k, order in enumerate((lonlat, [(y, x) for x, y in lonlat])):
        ring = " ".join(f"{a:.7f} {b:.7f}" for a, b in order)
        masks = {"CLD": gml(ring, system="urn:ogc:def:crs:EPSG::4326")}
        here = product(masks=masks, images=corner, folder=f"f{k}")
        file = here / f"DIM_{STEM}.XML"
        file.write_text(file.read_text().replace("EPSG::32652", "EPSG::4326"))
        flags = open_scene(here).read().flags
        assert (flags[:20, :20] == Flag.CLOUD).all()
        assert np.count_nonzero(flags) == 400


@pytest.mark.parametrize(
    "text",
    [
        "<a",
        "<other/>",
        gml("1 2 3"),
        gml("1 2 nan 4 5 6"),
        gml("a b c d e f"),
        gml("1 2 3 4"),
        gml("1 2 3 4 5 6", dimension=' srsDimension="7"'),
    ],
)
def test_a_broken_mask_ends_in_one_line(product, text):
    with pytest.raises(InputError, match=r"CLD_.*\.GML: ") as error:
        open_scene(product(masks={"CLD": text}))
    assert "\n" not in str(error.value)


def test_a_product_of_two_strips_has_neither_one_time_nor_one_view(product):
    info = open_scene(product(strips=(("2023-10-20", "02:11:33.1Z"), ("2023-11-03", "02:20:00.0"))))
    assert any("strips from 2023-10-20 02:11 to 2023-11-03 02:20 UTC" in c for c in info.caveats)
    assert info.view is None
    assert info.sun_source == "time and place"


def test_without_a_centre_the_strip_tells_the_time(product):
    info = open_scene(product(centre={}))
    assert (info.acquired.isoformat(), info.time_source) == (
        "2023-10-20T02:11:33.100000+00:00",
        "metadata (beginning of the strip)",
    )
    assert info.level is Level.RADIANCE


def test_an_image_without_georeference_lies_where_the_dim_file_says_and_it_is_told(product):
    info = open_scene(product(images={"crs": None}))
    assert (info.grid.crs, info.grid.transform) == ("EPSG:32652", Affine(PIXEL, 0, X, 0, -PIXEL, Y))
    assert any("to half a pixel" in c for c in info.caveats)
    cut = open_scene(product(shape=(600, 800), folder="y"))
    assert any("it was changed after delivery" in c for c in cut.caveats)


def test_the_table_of_contents_is_no_image_and_says_what_to_give(product):
    with pytest.raises(InputError, match=r"VOL_PHR\.XML: lists what was delivered.*give its folder"):
        open_scene(product().parent / "VOL_PHR.XML")


def test_a_coordinate_system_that_is_none_ends_in_one_line(product):
    here = product(images={"crs": None})
    file = here / f"DIM_{STEM}.XML"
    file.write_text(file.read_text().replace("EPSG::32652", "EPSG::99999"))
    with pytest.raises(InputError, match="no coordinate system EPSG:99999"):
        open_scene(here)


def test_of_one_strip_the_multispectral_image_is_taken_and_it_is_said(product):
    product()
    here = product(stem=STEM.replace("_MS_", "_PMS_"), folder="IMG_PHR1A_PMS_002", spectral="PMS")
    info = open_scene(here.parent)
    assert info.scene_id == STEM
    assert any("taken before Airbus" in n for n in info.notes)
    assert any("pan-sharpened" in c for c in open_scene(here).caveats)
    moment = CENTRE | {"TIME": "2023-11-03T02:15:00Z"}
    product(stem=STEM.replace("20231020", "20231103"), folder="later", centre=moment)
    with pytest.raises(InputError, match=r"holds 2 images \(PHR1A_202310200211330, PHR1A_202311030211330\)"):
        open_scene(here.parent)


def broken(old, new):
    return lambda text: text.replace(old, new)


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: "",
        lambda text: text[: len(text) // 2],
        lambda _: "<other/>",
        broken("?><Dimap", '?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><Dimap'),
        broken('version="2.15"', 'version="1.1"'),
        broken("<NROWS>60", "<NROWS>x"),
        broken("<Data_File ", "<Other "[:-1] + " "),
        broken('tile_R="1"', 'tile_R="-1"'),
        broken("02:11:33.906Z", "noon"),
        broken("2023-10-20T02:11:33.906Z", "0001-01-01T00:00:00+14:00"),
        broken('tile_C="1"', f'tile_C="{"7" * 5000}"'),
        broken("<SUN_ELEVATION>35.6", "<SUN_ELEVATION>135.6"),
        broken("<INCIDENCE_ANGLE>18.4", "<INCIDENCE_ANGLE>88.4"),
    ],
)
def test_a_broken_dim_file_ends_in_one_line_that_names_it(product, damage):
    here = product()
    file = here / f"DIM_{STEM}.XML"
    file.write_text(damage(file.read_text()))
    with pytest.raises(InputError, match=rf"DIM_{STEM}\.XML: ") as error:
        open_scene(here)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"tiles": '<NTILES_SIZE ncols="50" nrows="0"/>'}, "tiles without a size"),
        ({"tiles": '<NTILES_SIZE ncols="50" nrows="40"/><OVERLAP_ROW>5</OVERLAP_ROW>'}, "tiles that overlap"),
        ({"tiles": '<NTILES_SIZE ncols="40" nrows="40"/>'}, "not that of its place"),
        ({"files": files([("a.tif", 1, 1), ("b.tif", 1, 1)])}, "two files for one tile"),
        ({"files": files([("a.tif", k, 1) for k in range(1, 3000)])}, "lists 2999 tiles"),
        ({"files": files([("a.tif", 1, 1)])}, "none of the 1 image files"),
    ],
)
def test_tiles_that_make_no_image_are_refused_in_one_line(product, changes, problem):
    with pytest.raises(InputError, match=problem) as error:
        open_scene(product(cut=(40, 50), **changes))
    assert "\n" not in str(error.value)


def test_an_altered_image_does_not_carry_the_providers_name(product):
    info = open_scene(product(images={"tags": {ALTERED_TAG: "x"}}))
    assert info.simulated
    assert info.credit == ALTERED


def test_a_pair_runs_from_the_folders_to_the_result(product, town, tmp_path):
    ground = town((160, 200), bands=4, seed=3) / 2
    after = ground.copy()
    after[:, 60:72, 90:120] = 2400
    masks = {"ROI": gml(box(0, 0, 200, 150)), "CLD": gml(box(0, 0, 30, 30))}
    first = product(ground.astype(np.uint16), cut=(100, 120), masks=masks)
    moment = CENTRE | {"TIME": "2023-11-02T02:15:00Z"}
    later = STEM.replace("20231020", "20231102")
    second = product(after.astype(np.uint16), stem=later, folder="IMG_002", centre=moment, masks=masks)
    out = tmp_path / "out"
    result = CliRunner().invoke(main, ["-", str(first), str(second), "-o", str(out)])
    assert result.exit_code == 0, result.output
    summary = json.loads((out / "summary.json").read_text())
    assert "© CNES 2023, Distribution Airbus DS" in json.dumps(summary, ensure_ascii=False)
    assert json.loads((out / "regions.geojson").read_text())["features"]
