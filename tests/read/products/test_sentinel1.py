"""Sentinel-1: GRD as SAFE, calibrated, without thermal noise and laid on the ground; terrain-corrected products.

Every file is built, after the layout in ``tests/sentinel1_safe.py``. Names of the terrain-corrected ones are those of
ASF HyP3's own code (``get_product_name``) and of the Planetary Computer's addresses.
"""

import json
import re
import zipfile

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.polynomial import polynomial
from pyproj import Transformer

from imagery_diff import open_scene
from imagery_diff.cli import main
from imagery_diff.errors import InputError
from imagery_diff.read.given import Given
from imagery_diff.read.products.sentinel1 import annotation as annotations
from imagery_diff.read.products.sentinel1.geolocation import TiePoints, place
from imagery_diff.scene import UNSEEN, Flag, Level
from imagery_diff.synthetic.radar import Speckled, speckle
from tests.sentinel1_safe import (
    LIGHT,
    RATE,
    TURN,
    Pass,
    annotation,
    calibration,
    manifest,
    noise,
    numbers_of,
    write_safe,
)

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")


def points_of(one):
    line, pixel, lon, lat, height, incidence, time = one.tie_points()
    return TiePoints(
        line=line,
        pixel=pixel,
        lon=lon,
        lat=lat,
        height_m=height,
        incidence_deg=incidence,
        slant_range_m=time * LIGHT / 2,
    )


def on_map(one, line, pixel, crs, height=0.0):
    """Return true map coordinates of samples."""
    lon, lat, _ = one.ground(line, pixel, height)
    return Transformer.from_crs(4326, crs, always_xy=True).transform(lon, lat)


def safe_of(folder, one=None, sigma0=0.1, pols=("vv", "vh"), **how):
    one = one or Pass()
    data = {pol: numbers_of(one, np.full(one.shape, sigma0 / (1 + 3 * (pol == "vh")))) for pol in pols}
    return write_safe(folder, one, data, **how)


def inner(info, margin=120):
    """Return the middle of a scene."""
    rows, cols = info.grid.shape
    return info.read(margin, margin, (rows - 2 * margin, cols - 2 * margin))


def test_a_safe_is_recognised_with_all_it_tells(tmp_path):
    one = Pass()
    info = open_scene(safe_of(tmp_path, one))
    assert info.name == one.name
    assert [b.name for b in info.bands] == ["vv", "vh"]
    assert (info.level, info.platform, info.product) == (Level.SIGMA0, "S1A", "Sentinel-1 IW GRDH")
    assert info.acquired == one.start + (one.stop - one.start) / 2
    assert (info.orbit.relative, info.orbit.direction) == (one.relative, "descending")
    assert info.credit == "Contains modified Copernicus Sentinel data 2023"
    assert (info.gsd_m, info.resolution_m) == (10.0, 22.0)
    assert info.view is None
    assert not any("cloud" in c for c in info.caveats)
    assert any("layover" in c for c in info.caveats)
    assert any("a ship under way is shown beside its place" in c for c in info.caveats)
    assert any("IPF 3.31" in n for n in info.notes)


@pytest.mark.parametrize("given", ["safe", "manifest.safe", "measurement", "annotation", "zip"])
def test_folder_zip_and_every_file_in_it_stand_for_the_scene(tmp_path, given):
    safe = safe_of(tmp_path)
    path = safe
    if given == "zip":
        path = tmp_path / "delivered.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(p for p in safe.rglob("*") if p.is_file()):
                archive.write(file, file.relative_to(tmp_path).as_posix())
    elif given != "safe":
        path = next(p for p in sorted(safe.rglob("*")) if p.is_file() and given in str(p.relative_to(safe)))
    info = open_scene(path)
    assert (info.name, len(info.bands)) == (Pass().name, 2)


def test_sigma_nought_is_that_of_the_ground_without_the_noise(tmp_path):
    one = Pass()
    info = open_scene(safe_of(tmp_path, one, sigma0=0.02))
    scene = inner(info)
    assert not scene.unseen.any()
    # The numbers are whole: half of one is 2 in a thousand of the power here.
    assert scene.data[0] == pytest.approx(0.02, rel=0.02)
    assert scene.data[1] == pytest.approx(0.005, rel=0.05)
    assert scene.data[0].mean() == pytest.approx(0.02, rel=2e-3)
    assert scene.data[1].mean() == pytest.approx(0.005, rel=4e-3)


def test_means_of_dark_water_under_speckle_are_unbiased_for_power_below_the_noise_stays_negative(tmp_path):
    rng, one, dark = np.random.default_rng(1), Pass(), 10**-2.8
    speckled = speckle(rng, one.shape, Speckled(looks=4))
    safe = write_safe(tmp_path, one, {"vv": numbers_of(one, np.full(one.shape, dark), speckled)})
    scene = inner(open_scene(safe))
    assert scene.data.min() < 0
    assert scene.data.mean() == pytest.approx(dark, rel=0.08)
    assert np.maximum(scene.data, 0).mean() > 1.15 * dark


def test_noise_of_the_old_kind_is_taken_off_and_told(tmp_path):
    one = Pass()
    data = {"vv": numbers_of(one, np.full(one.shape, 0.02), azimuth=False)}
    path = f"annotation/calibration/noise-{one.stem('vv')}.xml"
    info = open_scene(write_safe(tmp_path, one, data, files={path: noise(one, old=True)}))
    assert inner(info).data.mean() == pytest.approx(0.02, rel=1e-3)
    assert any("IPF before 2.90" in c for c in info.caveats)


def test_noise_in_the_unit_of_before_july_2015_is_no_noise_and_it_is_said(tmp_path):
    one = Pass()
    numbers = np.rint(np.sqrt(0.02) * one.gain(*np.indices(one.shape))).astype(np.uint16)
    early = re.sub(
        r"(<noiseLut[^>]*>)[^<]*", lambda m: m[1] + " ".join(["1.3e-03"] * _count(m[1])), noise(one, old=True)
    )
    files = {f"annotation/calibration/noise-{one.stem('vv')}.xml": early}
    info = open_scene(write_safe(tmp_path, one, {"vv": numbers}, files=files))
    assert inner(info).data.mean() == pytest.approx(0.02, rel=2e-3)
    assert any("thermal noise could not be taken off" in c for c in info.caveats)


def _count(tag):
    return int(re.search(r'count="(\d+)"', tag)[1])


def test_noise_that_was_taken_off_before_is_not_taken_off_again(tmp_path):
    one = Pass()
    numbers = np.rint(np.sqrt(0.02) * one.gain(*np.indices(one.shape))).astype(np.uint16)
    files = {f"annotation/{one.stem('vv')}.xml": annotation(one, noise_removed=True)}
    info = open_scene(write_safe(tmp_path, one, {"vv": numbers}, files=files))
    assert inner(info).data.mean() == pytest.approx(0.02, rel=2e-3)
    assert any("before delivery" in n for n in info.notes)


def test_without_a_noise_table_it_is_said(tmp_path):
    one = Pass()
    missing = {f"annotation/calibration/noise-{one.stem('vv')}.xml": None}
    info = open_scene(safe_of(tmp_path, one, pols=("vv",), files=missing))
    assert any("thermal noise could not be taken off" in c for c in info.caveats)


def test_a_bright_point_lies_where_orbit_and_range_put_it_to_three_metres(tmp_path):
    one = Pass()
    place_of = np.full(one.shape, 0.001)
    spots = [(60, 70), (200, 333), (330, 150)]
    for spot in spots:
        place_of[spot] = 30.0
    info = open_scene(write_safe(tmp_path, one, {"vv": numbers_of(one, place_of)}))
    scene = info.read()
    for line, pixel in spots:
        x, y = on_map(one, line, pixel, info.grid.crs)
        row, col = (int(v) for v in info.grid.rowcol(float(x), float(y)))
        near = np.maximum(scene.data[0, row - 3 : row + 4, col - 3 : col + 4], 0)
        rows, cols = np.indices(near.shape)
        found = info.grid.xy(
            row - 3 + 0.5 + (rows * near).sum() / near.sum(), col - 3 + 0.5 + (cols * near).sum() / near.sum()
        )
        assert np.hypot(found[0] - x, found[1] - y) < 3


def test_hills_under_the_tie_points_do_not_bend_the_map():
    rng = np.random.default_rng(2)
    one = Pass(shape=(16676, 26144), first_pixel_m=0.0)
    one.heights = lambda _, pixel: rng.uniform(0, 1500, pixel.shape) * (pixel > 5000)
    points = points_of(one)
    found = place(points, one.shape, (10.0, 10.0), points.low_m)
    line, pixel = rng.uniform(0, 16675, 500), rng.uniform(0, 26143, 500)
    x, y = on_map(one, line, pixel, found.grid.crs)
    u, v = (x - found.scale[0]) / found.scale[2], (y - found.scale[1]) / found.scale[2]
    off = [(polynomial.polyval2d(u, v, c) - true) * 10 for c, true in ((found.line, line), (found.pixel, pixel))]
    assert points.low_m == 0
    assert np.sqrt(np.mean(np.square(off[0]) + np.square(off[1]))) < 3
    assert found.rms_m < 3
    naive = on_map(one, points.line, points.pixel, found.grid.crs, points.height_m)
    assert np.hypot(naive[0] - points.laid_at(0)[0], naive[1] - points.laid_at(0)[1]).max() > 1000


def test_the_stated_error_is_that_of_the_grid(tmp_path):
    one = Pass()
    line, pixel, lon, lat, *rest = one.tie_points()
    lat = lat + np.random.default_rng(3).normal(0, 8 / 111_000, lat.shape)
    path = f"annotation/{one.stem('vv')}.xml"
    info = open_scene(
        safe_of(tmp_path, one, pols=("vv",), files={path: annotation(one, grid=(line, pixel, lon, lat, *rest))})
    )
    assert info.placement_rms_m == pytest.approx(8, rel=0.15)
    assert open_scene(safe_of(tmp_path / "true", one, pols=("vv",))).placement_rms_m < 0.5


def test_a_place_whose_height_is_given_lies_where_it_is(tmp_path):
    one = Pass()
    one.heights = lambda _, pixel: np.where(pixel > 200, 400.0, 30.0)
    place_of = np.full(one.shape, 0.001)
    place_of[200, 333] = 30.0
    safe = write_safe(tmp_path, one, {"vv": numbers_of(one, place_of)})
    off = {}
    for height in (None, 400.0):
        info = open_scene(safe, Given(height_m=height))
        assert not any("not used" in n for n in info.notes)
        scene = info.read()
        at = np.unravel_index(int(np.argmax(scene.data[0])), scene.grid.shape)
        x, y = on_map(one, 200, 333, info.grid.crs, 400.0)
        off[height] = float(np.hypot(*(np.array(info.grid.xy(at[0] + 0.5, at[1] + 0.5)) - (float(x), float(y)))))
    incidence = float(one.ground(200, 333, 400.0)[2])
    assert off[400.0] < 8
    assert off[None] == pytest.approx(370 / np.tan(np.radians(incidence)), abs=15)
    with pytest.raises(InputError, match="no place lies"):
        Given(height_m=1e5)


def test_it_is_said_that_the_heights_of_the_file_count_from_the_sea(tmp_path):
    info = open_scene(safe_of(tmp_path, pols=("vv",)))
    assert any("count from the sea" in c and "geoid" in c and "--height" in c for c in info.caveats)


def test_windows_are_the_whole(tmp_path):
    one = Pass(shape=(700, 620))
    data = {"vv": numbers_of(one, np.random.default_rng(4).uniform(0.01, 1, one.shape))}
    info = open_scene(write_safe(tmp_path, one, data))
    whole = info.read()
    for row, col, shape in ((0, 0, (100, 90)), (311, 207, (333, 101)), (500, 400, (40, 250))):
        part = info.read(row, col, shape)
        here = np.s_[row : row + shape[0], col : col + shape[1]]
        assert np.array_equal(part.flags, whole.flags[here])
        assert part.data[0] == pytest.approx(whole.data[0][here], rel=1e-5, abs=1e-6)


def test_no_number_and_no_image_are_not_seen(tmp_path):
    one = Pass()
    numbers = numbers_of(one, np.full(one.shape, 0.1))
    numbers[:, :80] = 0
    info = open_scene(write_safe(tmp_path, one, {"vv": numbers}))
    scene = info.read()
    x, y = on_map(one, 200, [40, 78, 82, 300], info.grid.crs)
    unseen = [bool(scene.unseen[tuple(int(v) for v in info.grid.rowcol(*p))]) for p in zip(x, y, strict=True)]
    assert unseen == [True, True, False, False]
    assert scene.flags[0, 0] & Flag.NODATA


def test_slices_of_one_pass_become_one_image_on_one_lattice(tmp_path):
    first = Pass(shape=(300, 320))
    later = (first.stop - first.start) * 300 / 299
    seconds = later.total_seconds()
    second = Pass(
        shape=(300, 320),
        start=first.start + later,
        latitude=first.latitude + RATE * seconds,
        node=first.node - TURN * seconds,
    )
    for one in (first, second):
        safe_of(tmp_path / "both", one, pols=("vv",))
    info = open_scene(tmp_path / "both")
    assert info.grid.transform.c % 10 == 0
    assert any("2 strips of one pass" in n for n in info.notes)
    assert info.grid.shape[0] > 580


def test_the_orbit_follows_from_its_number_where_the_manifest_is_missing(tmp_path):
    one = Pass()
    info = open_scene(safe_of(tmp_path, one, pols=("vv",), files={"manifest.safe": None}))
    assert (info.orbit.relative, info.orbit.direction) == (one.relative, "descending")
    assert annotations.relative_orbit("S1C", 3013, "2025-06-30") == (3013 - 172) % 175 + 1
    assert annotations.relative_orbit("S1C", 9013, "2026-08-01") == (9013 - 99) % 175 + 1
    assert annotations.relative_orbit("S1E", 100, "2030-01-01") is None


def test_the_distance_of_ghosts_is_that_of_the_pulse_rate(tmp_path):
    one = Pass()
    info = open_scene(safe_of(tmp_path, one, pols=("vv",)))
    for pixel, prf in ((50, 1717.128973878037), (390, 1451.627112193990)):
        x, y = on_map(one, 200, pixel, info.grid.crs)
        look = info.radar_view.at(float(x), float(y))
        speed = np.linalg.norm(one.orbit(0.0)[1])
        expected = LIGHT / 5.405000454334350e9 * prf * one.slant(pixel) / (2 * speed)
        assert look.ambiguity_m == pytest.approx(expected, rel=1e-3)
        assert look.drift_s == pytest.approx(one.slant(pixel) / speed, rel=1e-3)
        later = on_map(one, 210, pixel, info.grid.crs)
        flown = np.array([later[0] - x, later[1] - y])
        assert look.flight == pytest.approx(flown / np.linalg.norm(flown), abs=0.01)
    assert 4000 < look.ambiguity_m < 6500
    assert any("azimuth ambiguities" in n for n in info.notes)


def test_names_as_azure_and_aws_have_them_are_the_same_scene(tmp_path):
    one = Pass()
    safe = safe_of(tmp_path, one)
    for path in sorted(p for p in safe.rglob("*") if p.is_file()):
        for pol in ("vv", "vh"):
            if one.stem(pol) in path.name:
                path.rename(path.with_name(path.name.replace(one.stem(pol), f"iw-{pol}")))
    safe.rename(tmp_path / one.name)
    info = open_scene(tmp_path / one.name)
    assert (info.name, [b.name for b in info.bands]) == (one.name, ["vv", "vh"])


BROKEN = {
    "no annotation": (lambda s: (f"annotation/{s}.xml", None), "its annotation"),
    "no calibration": (lambda s: (f"annotation/calibration/calibration-{s}.xml", None), "its calibration"),
    "no XML": (lambda s: (f"annotation/{s}.xml", "<product><ads"), "is not XML"),
    "entities": (lambda s: (f"annotation/{s}.xml", '<!DOCTYPE p [<!ENTITY a "b">]><p>&a;</p>'), "entities"),
    "empty": (lambda s: (f"annotation/{s}.xml", "<product/>"), "adsHeader"),
    "an SLC": (lambda s: (f"annotation/{s}.xml", annotation(Pass(), product="SLC")), "order GRD"),
    "no time": (
        lambda s: (
            f"annotation/{s}.xml",
            annotation(Pass()).replace("<productFirstLineUtcTime>2023", "<productFirstLineUtcTime>x"),
        ),
        "is no time",
    ),
    "lines": (
        lambda s: (f"annotation/{s}.xml", annotation(Pass()).replace("<numberOfLines>400", "<numberOfLines>-4")),
        "numberOfLines",
    ),
    "another size": (
        lambda s: (f"annotation/{s}.xml", annotation(Pass()).replace("<numberOfLines>400", "<numberOfLines>401")),
        "give it as delivered",
    ),
    "a gap in the grid": (
        lambda s: (f"annotation/{s}.xml", annotation(Pass()).replace("<line>44<", "<line>45<", 1)),
        "has gaps",
    ),
    "a latitude that is none": (
        lambda s: (f"annotation/{s}.xml", annotation(Pass()).replace("<latitude>4", "<latitude>9", 1)),
        "what cannot be",
    ),
    "a height of no place": (
        lambda s: (
            f"annotation/{s}.xml",
            annotation(Pass())
            .replace("<height>0.", "<height>9e9+0.", 1)
            .replace("9e9+0.000000000000000e+00", "1e200", 1),
        ),
        "what cannot be",
    ),
    "a grid of nonsense": (
        lambda s: (f"annotation/{s}.xml", annotation(Pass(), grid=shuffled())),
        "no smooth map",
    ),
    "words for gains": (
        lambda s: (f"annotation/calibration/calibration-{s}.xml", calibration(Pass()).replace("6.00", "six", 1)),
        "no number",
    ),
    "gains of zero": (
        lambda s: (f"annotation/calibration/calibration-{s}.xml", calibration(Pass()).replace("6.0000", "0.0000", 1)),
        "not positive",
    ),
    "no vector": (
        lambda s: (f"annotation/calibration/calibration-{s}.xml", "<calibration/>"),
        "no calibrationVector",
    ),
    "a vector too short": (
        lambda s: (f"annotation/calibration/noise-{s}.xml", noise(Pass()).replace(">0 40 ", ">0 ", 1)),
        "places for",
    ),
    "noise that is none": (
        lambda s: (f"annotation/calibration/noise-{s}.xml", noise(Pass()).replace("1.200000e+03", "nan", 1)),
        "a number that is none",
    ),
    "a manifest of nothing": (lambda _: ("manifest.safe", manifest(Pass())[:200]), "is not XML"),
}


def shuffled():
    line, pixel, lon, lat, *rest = Pass().tie_points()
    order = np.random.default_rng(6).permutation(lon.size)
    return (line, pixel, lon.ravel()[order].reshape(lon.shape), lat.ravel()[order].reshape(lat.shape), *rest)


@pytest.mark.parametrize("fault", sorted(BROKEN))
def test_a_broken_file_is_one_clear_line(tmp_path, fault):
    change, words = BROKEN[fault]
    one = Pass()
    path, text = change(one.stem("vv"))
    safe = safe_of(tmp_path, one, pols=("vv",), files={path: text})
    with pytest.raises(InputError, match=words) as raised:
        open_scene(safe)
    assert "\n" not in str(raised.value)
    assert ".xml" in str(raised.value) or "manifest" in str(raised.value) or one.stem("vv") in str(raised.value)


def test_a_measurement_without_its_safe_is_refused(tmp_path):
    safe = safe_of(tmp_path, pols=("vv",))
    image = next((safe / "measurement").iterdir())
    image.rename(tmp_path / image.name)
    with pytest.raises(InputError, match="give the whole SAFE"):
        open_scene(tmp_path / image.name)


def test_an_slc_is_refused_with_what_to_order(tmp_path, write_image):
    folder = tmp_path / "S1A_IW_SLC__1SDV_20231020T213000_20231020T213030_050000_0612AB_C0DE.SAFE" / "measurement"
    folder.mkdir(parents=True)
    name = "s1a-iw1-slc-vv-20231020t213000-20231020t213030-050000-0612ab-001.tiff"
    write_image("x.tif", np.ones((1, 8, 8), np.uint16)).rename(folder / name)
    with pytest.raises(InputError, match="order GRD"):
        open_scene(folder.parent)


# Terrain-corrected

HYP3 = "S1A_IW_20231020T213000_DVP_RTC10_G_{}_54B9"
GRANULE = "S1A_IW_GRDH_1SDV_20231020T213000_20231020T213025_050000_0612AB_C0DE"


@pytest.fixture
def corrected(tmp_path, write_image):
    """Return a maker of a HyP3 folder."""

    def make(letters="gpuned", data=None, *, readme=True):
        name = HYP3.format(letters)
        folder = tmp_path / name
        folder.mkdir()
        data = np.full((60, 70), 0.05, np.float32) if data is None else data
        for pol, share in (("VV", 1), ("VH", 0.25)):
            write_image("x.tif", (data * share)[None]).rename(folder / f"{name}_{pol}.tif")
        for other in ("ls_map", "inc_map", "dem"):
            write_image("x.tif", np.ones((1, 60, 70), np.uint8)).rename(folder / f"{name}_{other}.tif")
        if readme:
            (folder / f"{name}.README.md.txt").write_text(f"The source granule was {GRANULE}.\n")
        return folder

    return make


@pytest.mark.parametrize(
    ("letters", "level", "stored"),
    [
        ("gpuned", Level.GAMMA0, 0.05),
        ("sauned", Level.SIGMA0, 0.05**0.5),
        ("gduned", Level.GAMMA0, 10 * np.log10(0.05)),
    ],
)
def test_hyp3_tells_level_and_scale_in_its_letters_and_all_become_power(corrected, letters, level, stored):
    data = np.full((60, 70), stored, np.float32)
    data[:30, :10] = 0
    info = open_scene(corrected(letters, data))
    assert (info.level, [b.name for b in info.bands]) == (level, ["vv", "vh"])
    scene = info.read()
    assert scene.data[0, 40, 40] == pytest.approx(0.05, rel=1e-4)
    assert scene.flags[10, 5] & UNSEEN
    assert not scene.unseen[40:].any()


def test_hyp3_takes_orbit_and_moment_from_the_granule_its_readme_names(corrected):
    info = open_scene(corrected())
    assert info.orbit.relative == (50000 - 73) % 175 + 1
    assert f"{info.acquired:%H:%M:%S.%f}" == "21:30:12.500000"
    assert info.resolution_m == 22
    assert info.credit == "Contains modified Copernicus Sentinel data 2023"


def test_without_a_readme_the_orbit_is_not_known_and_it_is_said(corrected):
    info = open_scene(corrected(readme=False))
    assert info.orbit.relative is None
    assert any("relative orbit is not known" in c for c in info.caveats)


def test_filtered_speckle_is_told(corrected):
    assert any("speckle was filtered" in c for c in open_scene(corrected("gpufed")).caveats)


def test_the_planetary_computers_product_is_known_by_its_folder_and_its_item(tmp_path, write_image):
    folder = tmp_path / GRANULE / "measurement"
    folder.mkdir(parents=True)
    data = np.full((1, 60, 70), 0.05, np.float32)
    data[:, :20] = -32768
    for pol in ("vv", "vh"):
        write_image("x.tif", data).rename(folder / f"iw-{pol}.rtc.tiff")
    item = {
        "properties": {"sat:relative_orbit": 55, "sat:orbit_state": "descending", "datetime": "2023-10-20T21:30:12Z"}
    }
    (tmp_path / GRANULE / f"{GRANULE[:-5]}_rtc.json").write_text(json.dumps(item))
    info = open_scene(tmp_path / GRANULE)
    assert (info.level, info.orbit.relative, info.orbit.direction) == (Level.GAMMA0, 55, "descending")
    assert f"{info.acquired:%H:%M:%S}" == "21:30:12"
    scene = info.read()
    assert scene.unseen[:20].all()
    assert scene.data[1, 40, 40] == pytest.approx(0.05)


def test_its_files_under_the_items_name_are_the_same(tmp_path, write_image):
    for pol in ("vv", "vh"):
        write_image(f"{GRANULE[:-5]}_rtc_{pol}.tif", np.full((1, 40, 40), 0.05, np.float32))
    info = open_scene(tmp_path)
    assert (len(info.bands), info.orbit.relative) == (2, (50000 - 73) % 175 + 1)


def test_inspect_says_what_it_is(tmp_path):
    run = CliRunner().invoke(main, ["inspect", str(safe_of(tmp_path))])
    assert run.exit_code == 0, run.output
    for words in ("Sentinel-1 IW GRDH", "sigma nought", "descending", "relative orbit"):
        assert words in run.output
    assert "missing     licence\n" in run.output
