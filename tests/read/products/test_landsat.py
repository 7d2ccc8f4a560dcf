"""Landsat Collection 2: TM, ETM+ and OLI, Level 1 and 2, as tar and as folder, MTL as text, XML and JSON.

Layouts are built after USGS's product guides (LSDS-1618, LSDS-1619) and after real metadata files that stand in a
public repository (stactools-packages/landsat). Real are the numbers of a Landsat-8 image and its bits (pre-collection
BQA, whose bits lie elsewhere: it is read here by its own documented table, through the same function).
"""

import json
import math
import tarfile

import numpy as np
import pytest
import rasterio
from affine import Affine

from imagery_diff import compare, open_scene
from imagery_diff.errors import InputError
from imagery_diff.read.products.landsat.masks import flags_of
from imagery_diff.scene import Flag, Level

SR = "LC09_L2SP_114030_20231020_20231022_02_T1"
TOA = "LC09_L1TP_114030_20231020_20231020_02_T1"
SHAPE = (40, 50)
SUN = 35.5
OLI = (1, 2, 3, 4, 5, 6, 7)


def groups(product, *, bands=OLI, process="L1TP", sun=SUN, time='"02:01:34.3964289Z"', sensor="OLI_TIRS", **more):
    """Return what an MTL holds, the parts of it that are read."""
    level2 = "_L2" in product
    found = {
        "PRODUCT_CONTENTS": {
            "ORIGIN": '"Image courtesy of the U.S. Geological Survey"',
            "LANDSAT_PRODUCT_ID": f'"{product}"',
            "PROCESSING_LEVEL": f'"{product[5:9]}"',
            **{f"FILE_NAME_BAND_{b}": f'"{product}_SR_B{b}.TIF"' for b in bands},
        },
        "IMAGE_ATTRIBUTES": {
            "SPACECRAFT_ID": f'"LANDSAT_{int(product[2:4])}"',
            "SENSOR_ID": f'"{sensor}"',
            "WRS_PATH": "114",
            "WRS_ROW": "030",
            "DATE_ACQUIRED": "2023-10-20",
            "SCENE_CENTER_TIME": time,
            "SUN_AZIMUTH": "-200.5",
            "SUN_ELEVATION": f"{sun}",
        },
    }
    if level2:
        factors = {f"REFLECTANCE_MULT_BAND_{b}": "2.75e-05" for b in bands}
        factors |= {f"REFLECTANCE_ADD_BAND_{b}": "-0.2" for b in bands}
        found["LEVEL2_SURFACE_REFLECTANCE_PARAMETERS"] = factors
    found["LEVEL1_PROCESSING_RECORD"] = {"PROCESSING_LEVEL": f'"{process}"'}
    # The same keys with other values, as in the real files.
    found["LEVEL1_RADIOMETRIC_RESCALING"] = {f"REFLECTANCE_MULT_BAND_{b}": f"{2 + b / 10}E-05" for b in bands}
    found["LEVEL1_RADIOMETRIC_RESCALING"] |= {f"REFLECTANCE_ADD_BAND_{b}": "-0.100000" for b in bands}
    for group, changes in more.items():
        found[group] = {k: v for k, v in (found.get(group, {}) | changes).items() if v is not None}
    return found


def odl(found, root="LANDSAT_METADATA_FILE"):
    inside = [
        f"  GROUP = {group}\n" + "".join(f"    {k} = {v}\n" for k, v in keys.items()) + f"  END_GROUP = {group}\n"
        for group, keys in found.items()
    ]
    return f"GROUP = {root}\n{''.join(inside)}END_GROUP = {root}\nEND\n"


def xml(found):
    inside = "".join(
        f"<{g}>" + "".join(f"<{k}>{v.strip(chr(34))}</{k}>" for k, v in keys.items()) + f"</{g}>"
        for g, keys in found.items()
    )
    return f'<?xml version="1.0" encoding="UTF-8"?><LANDSAT_METADATA_FILE>{inside}</LANDSAT_METADATA_FILE>'


def in_json(found):
    plain = {g: {k: v.strip('"') for k, v in keys.items()} for g, keys in found.items()}
    return json.dumps({"LANDSAT_METADATA_FILE": plain})


def write(path, data, *, pixel=30):
    data = np.asarray(data)
    data = data[None] if data.ndim == 2 else data
    options = {"driver": "GTiff", "count": len(data), "height": data.shape[1], "width": data.shape[2]}
    place = {"crs": "EPSG:32652", "transform": Affine(pixel, 0, 600_000, 0, -pixel, 4_700_010)}
    with rasterio.open(path, "w", dtype=data.dtype, **options, **place) as file:
        file.write(data)
    return path


def numbers(band):
    data = np.random.default_rng(band).integers(7_500, 30_000, SHAPE).astype(np.uint16)
    data[:5, :5] = 0
    return data


@pytest.fixture
def scene(tmp_path):
    """Return a maker of the folder of a scene."""

    def make(product=SR, *, bands=OLI, metadata="", kind="txt", pixel_bits=None, saturated=None, folder="scene"):
        top = tmp_path / folder
        top.mkdir(exist_ok=True)
        prefix = "SR_" if "_L2" in product else ""
        for band in bands:
            write(top / f"{product}_{prefix}B{band}.TIF", numbers(band))
        bits = np.full(SHAPE, 1 << 6, np.uint16) if pixel_bits is None else pixel_bits
        write(top / f"{product}_QA_PIXEL.TIF", bits)
        write(top / f"{product}_QA_RADSAT.TIF", np.zeros(SHAPE, np.uint16) if saturated is None else saturated)
        if "_L2" in product:
            write(top / f"{product}_ST_B10.TIF", numbers(10))
            write(top / f"{product}_SR_QA_AEROSOL.TIF", np.zeros(SHAPE, np.uint8))
        else:
            write(top / f"{product}_B8.TIF", np.full((80, 100), 9_000, np.uint16), pixel=15)
            write(top / f"{product}_B9.TIF", numbers(9))
            write(top / f"{product}_B10.TIF", numbers(10))
        if metadata is not None:
            (top / f"{product}_MTL.{kind}").write_text(metadata or odl(groups(product, bands=bands)))
        (top / f"{product}_ANG.txt").write_text("GROUP = FILE_HEADER\n")
        return top

    return make


def pack(folder, path):
    with tarfile.open(path, "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.add(file, file.name)
    return path


def test_level_2_is_the_same_as_folder_as_tar_by_its_metadata_and_by_one_band(scene, tmp_path):
    top = scene()
    ways = [
        top,
        pack(top, tmp_path / f"{SR}.tar"),
        top / f"{SR}_MTL.txt",
        top / f"{SR}_SR_B4.TIF",
        top / f"{SR}_ST_B10.TIF",
    ]
    for way in ways:
        info = open_scene(way)
        assert (info.name, info.product, info.level) == (SR, "Landsat L2SP", Level.SURFACE)
        assert info.acquired.isoformat() == "2023-10-20T02:01:34.396428+00:00"
        assert info.time_source == "metadata"
        assert [b.name for b in info.bands] == ["coastal", "blue", "green", "red", "nir", "swir1", "swir2"]
        assert (info.platform, info.instrument, info.gsd_m) == ("Landsat 9", "OLI_TIRS", 30.0)
        assert (info.orbit.relative, info.orbit.direction) == (114, "descending")
        assert (info.sun.azimuth_deg, info.sun.elevation_deg) == (159.5, SUN)
        assert info.credit == "Landsat-9 image courtesy of the U.S. Geological Survey"
        assert info.ground_control is True
        assert info.cloud_masked
        assert not info.caveats
        data = info.read()
        for place, band in enumerate(OLI):
            wanted = numbers(band) * 2.75e-05 - 0.2
            assert np.allclose(data.data[place, 5:], wanted[5:], atol=1e-6)
        assert (data.flags[:5, :5] == Flag.NODATA).all()
        assert not data.flags[5:].any()


@pytest.mark.parametrize(("kind", "written"), [("txt", odl), ("xml", xml), ("json", in_json)])
def test_the_metadata_are_the_same_as_text_as_xml_and_as_json(scene, kind, written):
    found = groups(SR, LEVEL2_SURFACE_REFLECTANCE_PARAMETERS={"REFLECTANCE_MULT_BAND_4": "3.0e-05"})
    info = open_scene(scene(metadata=written(found), kind=kind))
    assert info.acquired.isoformat() == "2023-10-20T02:01:34.396428+00:00"
    # The factors of its own group, not those of Level 1 that stand in the same file.
    assert np.allclose(info.read().data[3, 5:], (numbers(4) * 3e-05 - 0.2)[5:], atol=1e-6)


def test_level_1_is_reflectance_at_the_top_of_the_atmosphere_by_the_suns_height(scene):
    info = open_scene(scene(TOA))
    assert (info.level, len(info.bands)) == (Level.TOA, 7)
    data = info.read().data
    for place, band in enumerate(OLI):
        wanted = (numbers(band) * (2 + band / 10) * 1e-05 - 0.1) / math.sin(math.radians(SUN))
        assert np.allclose(data[place, 5:], wanted[5:], atol=1e-5)
    assert any("panchromatic band" in n for n in info.notes)


def test_each_band_alone_carries_its_own_factors(scene):
    info = open_scene(scene(TOA))
    assert np.allclose(info.source.read(10, 10, (4, 4), (6,)).data[0], info.read().data[6, 10:14, 10:14])


@pytest.mark.parametrize(
    ("product", "bands", "names", "instrument"),
    [
        ("LT05_L2SP_114030_19950520_20200912_02_T1", (1, 2, 3, 4, 5, 7), "TM", "TM"),
        ("LE07_L2SP_114030_20030520_20200915_02_T1", (1, 2, 3, 4, 5, 7), "ETM", "ETM"),
    ],
)
def test_the_older_instruments_number_their_bands_otherwise(scene, product, bands, names, instrument):
    info = open_scene(scene(product, bands=bands, metadata=odl(groups(product, bands=bands, sensor=names))))
    assert [b.name for b in info.bands] == ["blue", "green", "red", "nir", "swir1", "swir2"]
    assert info.instrument == instrument
    assert info.credit == f"Landsat-{int(product[2:4])} image courtesy of the U.S. Geological Survey"


def test_bits_of_quality_become_flags(scene):
    bits, saturated = np.full(SHAPE, 1 << 6, np.uint16), np.zeros(SHAPE, np.uint16)
    wanted = [Flag.NODATA, Flag.HAZE, Flag.HAZE, Flag.CLOUD, Flag.SHADOW, Flag.SNOW, 0, 0]
    for bit in range(8):
        bits[10:14, 5 * bit : 5 * bit + 5] = 1 << bit
    bits[14:18] = 0b10_10_10_10 << 8  # confidences of medium or reserved set no class
    saturated[20:24, :10] = 1 << 0  # band 1
    saturated[20:22, 10:20], saturated[22:24, 10:20] = 1 << 7, 1 << 8  # bands 8 and 9, which are not read
    saturated[20:24, 20:30] = 1 << 11  # hidden by a mountain
    saturated[20:24, 30:40] = 1 << 9  # a detector without a value
    flags = open_scene(scene(pixel_bits=bits, saturated=saturated)).read().flags
    for bit, flag in enumerate(wanted):
        assert (flags[10:14, 5 * bit : 5 * bit + 5] == flag).all(), bit
    assert not flags[14:18].any()
    assert (flags[20:24, :10] == Flag.SUSPECT).all()
    assert not flags[20:24, 10:20].any()
    assert (flags[20:24, 20:30] == Flag.SUSPECT).all()
    assert (flags[20:24, 30:40] == Flag.NODATA).all()


@pytest.mark.parametrize("product", [SR, TOA])
def test_a_pixel_of_which_one_band_is_fill_was_not_seen(scene, product):
    folder = scene(product)
    prefix = "SR_" if product == SR else ""
    data = numbers(5)
    data[8:10, 7:9] = 0
    write(folder / f"{product}_{prefix}B5.TIF", data)
    flags = open_scene(folder).read().flags
    assert (flags[8:10, 7:9] & Flag.NODATA.value).all()
    assert (flags[:5, :5] & Flag.NODATA.value).all()
    assert np.count_nonzero(flags & Flag.NODATA.value) == 4 + 25


def test_real_bits_of_before_the_collections_agree_with_a_count_and_with_the_image(data_folder):
    with rasterio.open(data_folder / "masks/l8_bqa_cloudy/bqa.tif") as file:
        bits = file.read(1)
    with rasterio.open(data_folder / "masks/l8_bqa_cloudy/image.tif") as file:
        blue = file.read(2).astype(float)
    # 14-15 cloud, 12-13 cirrus, 10-11 snow; the higher bit of each pair = medium or high.
    flags = flags_of(bits, ((0, Flag.NODATA), (15, Flag.CLOUD), (13, Flag.HAZE), (11, Flag.SNOW)))
    cloud = (flags & Flag.CLOUD.value) != 0
    assert cloud.sum() == np.count_nonzero(bits >= 1 << 15) == 56_182
    assert ((flags & Flag.HAZE.value) != 0).sum() == np.count_nonzero(bits // 2**13 % 2)
    assert not (flags & Flag.NODATA.value).any()
    assert np.median(blue[cloud]) > 1.1 * np.median(blue[flags == 0])


def test_without_its_metadata_level_2_is_scaled_as_all_of_the_collection_and_the_time_is_missed(scene):
    info = open_scene(scene(metadata=None))
    assert (info.level, info.acquired) == (Level.SURFACE, None)
    assert np.allclose(info.read().data[3, 5:], (numbers(4) * 2.75e-05 - 0.2)[5:], atol=1e-6)
    assert any("2023-10-20" in c and "MTL" in c for c in info.caveats)


def test_without_its_metadata_level_1_keeps_its_numbers(scene):
    info = open_scene(scene(TOA, metadata=None))
    assert info.level is Level.NUMBERS
    assert np.array_equal(info.read().data[3, 5:], numbers(4)[5:])


def test_of_both_levels_of_one_scene_the_surface_is_taken_and_it_is_said(scene):
    scene(TOA)
    info = open_scene(scene())
    assert info.product == "Landsat L2SP"
    assert any("taken before Landsat L1TP" in n for n in info.notes)


def test_of_two_processings_of_one_scene_the_later_is_taken(scene):
    later = SR.replace("20231022", "20240611")
    scene(later)
    assert open_scene(scene()).name == later


def test_a_mask_named_instead_of_an_image_is_refused_with_the_images_name(scene):
    with pytest.raises(InputError, match=f"QA_PIXEL.TIF: is a mask, not an image; give {SR}_SR_B1.TIF"):
        open_scene(scene() / f"{SR}_QA_PIXEL.TIF")


def test_two_scenes_in_one_folder_are_refused_with_their_names(scene):
    scene()
    other = SR.replace("20231020", "20231105")
    top = scene(other, metadata=odl(groups(other, IMAGE_ATTRIBUTES={"DATE_ACQUIRED": "2023-11-05"})))
    with pytest.raises(InputError, match="holds 2 images"):
        open_scene(top)


@pytest.mark.parametrize(
    ("product", "process", "match"),
    [
        (SR.replace("_T1", "_T2"), "L1GT", "Tier 2"),
        (SR.replace("_T1", "_RT"), "L1TP", "real-time"),
        (SR, "L1GS", "without ground control"),
    ],
)
def test_what_is_placed_or_calibrated_less_surely_carries_a_caveat(scene, product, process, match):
    info = open_scene(scene(product, metadata=odl(groups(product, process=process))))
    assert any(match in c for c in info.caveats)
    assert info.ground_control is (process == "L1TP")


def test_a_scene_of_the_ascending_half_of_the_orbit(scene):
    product = SR.replace("114030", "014215")
    assert open_scene(scene(product, metadata=odl(groups(product)))).orbit.direction == "ascending"


def test_a_scene_without_quality_bits_says_so(scene):
    top = scene()
    (top / f"{SR}_QA_PIXEL.TIF").unlink()
    info = open_scene(top)
    assert not info.cloud_masked
    assert any("no cloud mask" in c for c in info.caveats)


@pytest.mark.parametrize(
    ("product", "metadata", "match"),
    [
        (SR, "dear sir or madam", "MTL.txt: is no metadata file of Landsat"),
        (SR, odl({}, root="L1_METADATA_FILE"), "is no metadata file of Landsat"),
        (SR, odl(groups(SR), root="L1_METADATA_FILE"), "download the scene from Collection 2"),
        (SR, odl(groups(SR), root="OTHER"), "is no metadata file of Landsat Collection 2"),
        (SR, odl(groups(SR, time='"soon"')), "MTL.txt: its time '2023-10-20 soon' is no time"),
        (SR, odl(groups(SR, sun=95)), "MTL.txt: a sun elevation"),
        (
            SR,
            odl(groups(SR, LEVEL2_SURFACE_REFLECTANCE_PARAMETERS={"REFLECTANCE_ADD_BAND_5": None})),
            "no reflectance factors of band 5",
        ),
        (
            SR,
            odl(groups(SR, LEVEL2_SURFACE_REFLECTANCE_PARAMETERS={"REFLECTANCE_MULT_BAND_5": "nan"})),
            "no reflectance factors of band 5",
        ),
        (
            SR,
            odl(groups(SR, LEVEL2_SURFACE_REFLECTANCE_PARAMETERS={"REFLECTANCE_MULT_BAND_5": "27.5"})),
            "no reflectance factors of band 5",
        ),
        (TOA, odl(groups(TOA, sun=-12)), "taken at night"),
        (TOA, odl(groups(TOA, sun="high")), "tells no sun elevation"),
        (SR.replace("_02_", "_01_"), "", "download the scene from Collection 2"),
    ],
)
def test_broken_metadata_and_what_is_not_read_end_in_one_line(scene, product, metadata, match):
    with pytest.raises(InputError, match=match) as error:
        open_scene(scene(product, metadata=metadata))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("json", "{"),
        ("json", "[" * 50_000),
        ("json", "[]"),
        ("json", '{"LANDSAT_METADATA_FILE": 3}'),
        ("json", '{"LANDSAT_METADATA_FILE": {"IMAGE_ATTRIBUTES": 3}}'),
        ("xml", "<a"),
        ("xml", "<a/>"),
        ("xml", '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>'),
        ("txt", "GROUP = A\n" * 100_000),
    ],
)
def test_broken_metadata_of_every_kind_end_in_one_line(scene, kind, text):
    with pytest.raises(InputError, match=rf"_MTL.{kind}: ") as error:
        open_scene(scene(metadata=text, kind=kind))
    assert "\n" not in str(error.value)


def test_odd_lines_of_the_text_are_passed_over(scene):
    text = (
        "\x00\xff = ?\n\n" + odl(groups(SR)).replace("    WRS_ROW", "    !comment\n    (1, 2)\n    WRS_ROW") + "\0" * 40
    )
    assert open_scene(scene(metadata=text)).acquired is not None


def test_metadata_alone_and_another_instrument_are_refused_with_advice(tmp_path):
    (tmp_path / f"{SR}_MTL.txt").write_text(odl(groups(SR)))
    with pytest.raises(InputError, match="none of its bands lies beside its metadata"):
        open_scene(tmp_path / f"{SR}_MTL.txt")
    mss = "LM05_L1TP_114030_19850524_20210918_02_T2"
    (tmp_path / f"{mss}_MTL.txt").write_text(odl(groups(mss)))
    with pytest.raises(InputError, match="choose a scene of Landsat 4 to 9"):
        open_scene(tmp_path / f"{mss}_MTL.txt")


def test_a_mask_or_band_of_another_size_is_refused_by_name(scene):
    top = scene()
    write(top / f"{SR}_QA_PIXEL.TIF", np.zeros((30, 30), np.uint16))
    with pytest.raises(InputError, match=f"{SR}_QA_PIXEL.TIF: the mask is 30 x 30"):
        open_scene(top)
    write(top / f"{SR}_SR_B5.TIF", numbers(5)[:-1])
    with pytest.raises(InputError, match=f"{SR}_SR_B5.TIF: does not lie on"):
        open_scene(top)


def test_a_tar_that_breaks_off_ends_in_one_line(scene, tmp_path):
    path = pack(scene(), tmp_path / "cut.tar")
    path.write_bytes(path.read_bytes()[:30_000])
    with pytest.raises(InputError, match=r"cut.tar: breaks off|breaks off or is damaged") as error:
        open_scene(path).read()
    assert "\n" not in str(error.value)


def test_real_numbers_become_reflectance_and_two_tars_are_compared(data_folder, tmp_path):
    """Numbers of a real Landsat-8 image, laid out as Level 1 of Collection 2; after = the same with a bright field."""
    with rasterio.open(data_folder / "masks/l8_bqa_cloudy/image.tif") as file:
        data = file.read()[:7, 300:540, 100:340]
    for day, changed in (("20150102", False), ("20150219", True)):
        product = f"LC08_L1TP_021037_{day}_20200909_02_T1"
        top = tmp_path / day
        top.mkdir()
        for band in OLI:
            image = data[band - 1].copy()
            if changed and band >= 4:  # a field; what turns white so broadly is a cloud
                image[100:112, 120:132] += 6_000
            write(top / f"{product}_B{band}.TIF", image)
        found = groups(product, IMAGE_ATTRIBUTES={"DATE_ACQUIRED": f"{day[:4]}-{day[4:6]}-{day[6:]}"})
        (top / f"{product}_MTL.txt").write_text(odl(found))
        pack(top, tmp_path / f"{product}.tar")
    before, after = sorted(tmp_path.glob("*.tar"))
    info = open_scene(before)
    wanted = (data[3] * 2.4e-05 - 0.1) / math.sin(math.radians(SUN))
    assert np.allclose(info.read().data[3], wanted, atol=1e-5)
    result = compare("-", before, after)
    assert len(result.regions) == 1
    assert result.credit == "Landsat-8 image courtesy of the U.S. Geological Survey"
