"""The whole path of a pair: changes are found, unchanged scenes are silent, unseen is unknown, wrong input refused."""

import datetime as dt
import json
import warnings
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from pyproj import Transformer
from scipy import ndimage

from imagery_diff import AOI, Zone, compare, load_aoi, open_scene, pair_moving, samples
from imagery_diff.aoi import reproject
from imagery_diff.errors import ImageryDiffError, ImageryDiffWarning, InputError
from imagery_diff.grid import Grid
from imagery_diff.method.coregister import Shift
from imagery_diff.pair_result import for_pictures
from imagery_diff.pair_scenes import open_pair
from imagery_diff.params import Params
from imagery_diff.scene import Flag, Level, Scene

TURNED = {"appeared": "disappeared", "disappeared": "appeared", "changed": "changed"}
REFLECTANCE = np.array([800, 900, 1000, 1500.0]).reshape(-1, 1, 1) / 1000
UTM52 = "EPSG:32652"


@cache
def sample(name, *, swapped=False):
    images = samples.pair(name)
    with warnings.catch_warnings():
        if swapped:
            warnings.simplefilter("ignore", ImageryDiffWarning)
        return compare("border_crossing" if "train" in name else "najin", *(images[::-1] if swapped else images))


def zoned(grid, *, kind="yard", margin=0.0):
    """Return an AOI that is one zone over a whole grid, so that the alarm looks everywhere."""
    polygon = shapely.box(*grid.bounds).buffer(-margin, join_style="mitre")
    return AOI(
        name="everywhere",
        polygon=polygon,
        crs=grid.crs,
        zones=(Zone(name="all", kind=kind, polygon=polygon, crs=grid.crs),),
    )


def port(town, seed=1, shape=(180, 200)):
    """Return four bands of a port: a town, and water in its lower third."""
    image = REFLECTANCE * town(shape, seed=seed)
    image[:, -shape[0] // 3 :] = np.array([700, 620, 450, 250.0]).reshape(-1, 1, 1)
    return np.stack([ndimage.gaussian_filter(band, 0.8) for band in image])


def grain(shape, seed, size, correlated):
    out = np.random.default_rng(seed).normal(0, 1, shape)
    if correlated:
        out = ndimage.gaussian_filter(out, (0, 0.8, 0.8))
    return out / out.std() * size


def refused(match, *args, kind=InputError):
    with pytest.raises(kind, match=match) as error:
        compare(*args)
    assert isinstance(error.value, ImageryDiffError)
    assert "\n" not in str(error.value)
    return str(error.value)


# --- known changes on the sample tiles


def test_the_blue_stack_on_pier_2_is_all_that_is_flagged():
    result = sample("stack_appears")
    assert len(result.regions) == 1
    stack = result.regions[0]
    assert (stack.group, stack.activity, stack.direction, stack.colour) == ("pier2", "containers", "appeared", "blue")
    assert stack.length_m == pytest.approx(90, abs=12)
    assert "container-like" in stack.description
    assert {z.zone.group for z in result.zones if z.state == "flagged"} == {"pier2"}


def test_the_ship_beside_it_is_all_that_is_flagged_two_days_later():
    result = sample("ship_arrives")
    assert len(result.regions) == 1
    ship = result.regions[0]
    assert (ship.group, ship.activity, ship.direction, ship.zone_kind) == ("pier2", "vessel", "appeared", "berth")
    assert ship.length_m == pytest.approx(115, abs=12)


@pytest.mark.parametrize("name", ["departure", "departure_skysat"])
def test_ship_and_stack_are_gone_under_another_sun(name):
    regions = sample(name).regions
    assert {(r.group, r.activity, r.direction) for r in regions} == {
        ("pier2", "vessel", "disappeared"),
        ("pier2", "containers", "disappeared"),
    }
    assert len(regions) == 2


def test_the_quiet_pair_flags_nothing_in_any_zone():
    result = sample("quiet")
    assert result.regions == ()
    assert {z.state for z in result.zones} == {"nothing flagged"}


def test_grass_is_searched_like_other_ground():
    """Plants stand on two thirds of the yard behind the inner quay, and on its level something that came would show."""
    result = sample("quiet")
    yard = next(z for z in result.zones if z.zone.name == "q23_yard")
    assert yard.clear_fraction > 0.95
    assert "vegetation at object scale" in result.thresholds


def test_ground_in_a_moved_shadow_is_counted_as_not_searched():
    result = sample("departure")
    assert any(z.unknown.get("shadow that moved", 0) > 0.02 for z in result.zones)
    assert any("sun moved" in c for c in result.caveats)


@pytest.mark.parametrize("name", ["stack_appears", "departure"])
def test_a_found_thing_stands_where_it_was_drawn(name):
    result = sample(name)
    drawn = [
        shapely.geometry.shape(f["geometry"])
        for p in samples._index()["pairs"][name]
        for f in samples.truth(p)["features"]
    ]
    truth = [reproject(g, "EPSG:4326", result.grid.crs) for g in drawn]
    for region in result.regions:
        # Pointing of either image is off by up to 6 m; half of that remains.
        assert min(region.geometry.centroid.distance(t.centroid) for t in truth) < 10


@pytest.mark.parametrize("name", ["stack_appears", "departure"])
def test_swapping_the_sample_images_gives_the_same_regions_with_directions_exchanged(name):
    one, two = sample(name), sample(name, swapped=True)
    same_regions(one, two)
    assert [z.state for z in one.zones] == [z.state for z in two.zones]
    assert one.grid == two.grid
    assert any("older than before" in c for c in two.caveats)


def same_regions(one, two):
    assert one.shift.rows == pytest.approx(-two.shift.rows, abs=0.01)
    assert one.shift.cols == pytest.approx(-two.shift.cols, abs=0.01)
    assert len(one.regions) == len(two.regions)
    left = list(two.regions)
    for region in one.regions:
        twin = max(left, key=lambda r, g=region.geometry: r.geometry.intersection(g).area)
        left.remove(twin)
        union = region.geometry.union(twin.geometry).area
        assert region.geometry.intersection(twin.geometry).area > 0.9 * union
        assert twin.direction == TURNED[region.direction]
        assert (twin.activity, twin.zone) == (region.activity, region.zone)
        assert twin.length_m == pytest.approx(region.length_m, rel=0.05)


def test_swapping_real_images_gives_the_same_regions_with_directions_exchanged(data_folder):
    folder = data_folder / "pairs" / "planet_sfbay"
    images = [folder / "before.tif", folder / "after.tif"]
    cut = small_aoi(folder, rows=(0, 371), cols=(900, 1500))
    one, two = (compare(cut, *pair, detect="map") for pair in (images, images[::-1]))
    assert one.regions
    same_regions(one, two)


def small_aoi(folder, rows, cols):
    info = open_scene(folder / "before.tif")
    grid = info.grid.window(rows[0], cols[0], (rows[1] - rows[0], cols[1] - cols[0]))
    return AOI(name="cut", polygon=shapely.box(*grid.bounds), crs=grid.crs)


# --- unchanged scenes


def test_an_image_against_itself_flags_nothing_and_says_so():
    image = samples.path("najin_20231019")
    with pytest.warns(ImageryDiffWarning, match="both before and after"):
        result = compare("najin", image, image)
    assert result.regions == ()
    assert (result.shift.rows, result.shift.cols) == pytest.approx((0, 0), abs=1e-3)
    assert any("both before and after" in c for c in result.caveats)


@pytest.mark.parametrize("place", ["planet_sfbay", "oscd_bercy", "oscd_aguasclaras", "sar_bern"])
def test_a_real_image_against_itself_flags_nothing(data_folder, place):
    image = data_folder / "pairs" / place / "before.tif"
    aoi = small_aoi(image.parent, (0, 371), (900, 1400)) if place == "planet_sfbay" else "-"
    with pytest.warns(ImageryDiffWarning, match="both before and after"):
        assert compare(aoi, image, image, detect="map").regions == ()


@pytest.mark.parametrize("correlated", [False, True], ids=["white", "correlated"])
@pytest.mark.parametrize("seed", range(10))
def test_two_noisy_copies_flag_nothing(town, opened, seed, correlated):
    # Half a per cent to five per cent of the brightness, over ten seeds of each kind.
    size = 1000 * np.geomspace(0.005, 0.05, 10)[seed]
    image = port(town, seed=seed)
    one, two = (opened(image + grain(image.shape, 2 * seed + k, size, correlated), name=f"{k}.tif") for k in (0, 1))
    result = compare(zoned(one.grid), one, two)
    assert result.regions == ()
    assert result.zones[0].state == "nothing flagged"


@pytest.mark.parametrize("place", ["planet_sfbay", "oscd_bercy"])
@pytest.mark.parametrize("share", [0.005, 0.02, 0.05])
@pytest.mark.parametrize("correlated", [False, True], ids=["white", "correlated"])
def test_two_noisy_copies_of_real_ground_flag_nothing(data_folder, opened, place, share, correlated):
    bands = (1, 2, 3) if place == "planet_sfbay" else (2, 3, 4, 8)
    with rasterio.open(data_folder / "pairs" / place / "before.tif") as file:
        image = file.read(bands).astype(float)[:, :220, 100:340]
    names = ("red", "green", "blue") if place == "planet_sfbay" else ("blue", "green", "red", "nir")
    noise = [grain(image.shape, k, share * image.mean(), correlated) for k in (1, 2)]
    one, two = (opened(image + n, names=names, name=f"{k}.tif") for k, n in enumerate(noise))
    assert compare(zoned(one.grid), one, two).regions == ()


def test_another_gain_haze_and_a_shift_are_no_change(town, moved, opened):
    image = port(town, seed=3).astype(np.float32)
    gain = np.array([0.8, 0.9, 1.1, 1.25]).reshape(-1, 1, 1)
    after = moved(image, 0.6, -1.3) * gain + np.array([200, 150, 90, 40]).reshape(-1, 1, 1)
    one = opened(image + grain(image.shape, 1, 15, correlated=True), name="a.tif")
    two = opened(after + grain(image.shape, 2, 15, correlated=True), name="b.tif")
    result = compare(zoned(one.grid, margin=15), one, two)
    assert result.regions == ()
    assert (result.shift.rows, result.shift.cols) == pytest.approx((0.6, -1.3), abs=0.05)
    assert list(result.relative_gain.values()) == pytest.approx(gain.ravel().tolist(), rel=0.05)


def out_of_focus(town, opened, sigma=1.2):
    """Return two looks at one port, the second through a Gaussian more, and noise in each."""
    image = port(town, seed=3, shape=(260, 280))
    soft = ndimage.gaussian_filter(image, (0, sigma, sigma))
    looks = (image, soft)
    return [opened(x + grain(x.shape, k, 15, correlated=True), name=f"{k}.tif") for k, x in enumerate(looks)]


def test_an_image_out_of_focus_is_no_change_and_the_result_says_so(town, opened):
    one, two = out_of_focus(town, opened)
    for images, softer in (((one, two), "after"), ((two, one), "before")):
        result = compare(zoned(one.grid, margin=15), *images)
        assert result.regions == ()
        assert result.relative_blur.matched
        assert result.relative_blur.softer == softer
        assert result.relative_blur.sigma_px == pytest.approx(1.2, rel=0.12)
        assert any(f"the {softer} image is softer" in c for c in result.caveats)


def test_a_thing_stands_out_further_once_the_sharpness_is_matched(town, opened):
    image = port(town, seed=3, shape=(260, 280))
    after = image.copy()
    after[:, 60:64, 90:110] += 300 * REFLECTANCE
    after = ndimage.gaussian_filter(after, (0, 1.2, 1.2))
    looks = [opened(x + grain(x.shape, k, 15, correlated=True), name=f"{k}.tif") for k, x in enumerate((image, after))]
    place = zoned(looks[0].grid, margin=15)
    strength = [
        np.median(compare(place, *looks, params=params).layers.strength[60:64, 90:110])
        for params in (Params(), Params(least_blur_px=9.0))
    ]
    assert strength[0] > 1.3 * strength[1]


def test_images_as_sharp_as_each_other_stay_as_they_are(town, opened):
    one, two = out_of_focus(town, opened, sigma=0)
    result = compare(zoned(one.grid, margin=15), one, two)
    assert result.relative_blur.softer is None
    assert not result.relative_blur.matched
    assert not any("softer" in c for c in result.caveats)


# --- a change that was put there


@pytest.fixture
def with_stack(town, opened):
    """Return two looks at one port: on the second, a bright stack of 60 x 21 m stands in the middle of the land."""
    image = port(town, seed=5)
    image[:, 40:80, 70:130] = 1200 * REFLECTANCE
    after = image.copy()
    after[:, 55:62, 90:110] = 2600 * REFLECTANCE
    after[:, 55:62, 90:110] *= np.array([1.6, 0.9, 0.5, 0.9]).reshape(-1, 1, 1)
    looks = [
        np.stack([ndimage.gaussian_filter(b, 0.8) for b in i]) + grain(i.shape, k, 12, correlated=True)
        for k, i in enumerate((image, after))
    ]
    return looks, opened


def only(result):
    assert len(result.regions) == 1, [(r.id, r.direction, r.length_m) for r in result.regions]
    return result.regions[0]


def test_a_stack_put_there_is_found_measured_and_placed(with_stack):
    looks, opened = with_stack
    one, two = (opened(i, name=f"{k}.tif") for k, i in enumerate(looks))
    region = only(compare(zoned(one.grid), one, two))
    assert (region.direction, region.activity, region.zone, region.colour) == ("appeared", "containers", "all", "blue")
    assert region.length_m == pytest.approx(60, abs=6)
    assert region.width_m == pytest.approx(21, abs=6)
    assert region.geometry.centroid.distance(shapely.Point(one.grid.xy(58.5, 100))) < 3


@pytest.mark.parametrize("dtypes", [("uint16", "float32"), ("uint16", "uint8"), ("float32", "uint8")])
def test_the_type_of_the_numbers_does_not_matter(with_stack, write_image, dtypes):
    looks, _ = with_stack
    paths = []
    for k, (image, dtype) in enumerate(zip(looks, dtypes, strict=True)):
        data, nodata = image / (40 if dtype == "uint8" else 1), 0
        if dtype == "float32":
            data, nodata = data / 1e4, [np.nan, -np.inf][k % 2]
        data = (np.rint(data) if dtype != "float32" else data).astype(dtype)
        data[:, :6, :9] = nodata
        paths.append(
            write_image(
                f"{k}.tif", data, nodata=nodata, descriptions=("blue", "green", "red", "nir"), photometric="MINISBLACK"
            )
        )
    region = only(compare(zoned(open_scene(paths[0]).grid), *paths))
    assert region.direction == "appeared"
    assert region.length_m == pytest.approx(60, abs=6)


def test_bands_of_another_order_and_number_are_matched_by_name(with_stack):
    looks, opened = with_stack
    one = opened(looks[0], name="a.tif")
    two = opened(looks[1][[3, 1, 0]], names=("nir", "green", "blue"), name="b.tif")
    result = compare(zoned(one.grid), one, two)
    assert list(result.relative_gain) == ["blue", "green", "nir"]
    assert only(result).direction == "appeared"


def test_an_image_in_another_system_and_of_other_pixels_gives_the_same_region(with_stack):
    looks, opened = with_stack
    one = opened(looks[0], name="a.tif")
    # The second look laid on the degrees it would have been delivered in, pixel by pixel through pyproj.
    lon, lat = Transformer.from_crs(UTM52, "EPSG:4326", always_xy=True).transform(*one.grid.xy(0, 0))
    degrees = Grid(crs="EPSG:4326", transform=Affine(3.2e-5, 0, lon, 0, -2.6e-5, lat), shape=(190, 240))
    rows, cols = np.mgrid[0.5:190, 0.5:240]
    x, y = Transformer.from_crs("EPSG:4326", UTM52, always_xy=True).transform(lon + 3.2e-5 * cols, lat - 2.6e-5 * rows)
    left, _, _, top = one.grid.bounds
    col, row = (x - left) / 3, (top - y) / 3
    beyond = (row < 2) | (row > 178) | (col < 2) | (col > 198)
    data = np.stack([ndimage.map_coordinates(b, [row - 0.5, col - 0.5], order=3, mode="nearest") for b in looks[1]])
    two = opened(data, np.where(beyond, np.uint8(Flag.NODATA), np.uint8(0)), grid=degrees, name="b.tif")
    region = only(compare(zoned(one.grid), one, two))
    assert region.length_m == pytest.approx(60, abs=6)
    assert region.geometry.centroid.distance(shapely.Point(one.grid.xy(58.5, 100))) < 3


# --- what was not seen


def cloudy(shape, rows, cols):
    flags = np.zeros(shape, np.uint8)
    flags[rows, cols] = Flag.CLOUD
    return flags


def halves(grid):
    """Return an AOI of a western and an eastern zone."""
    left, bottom, right, top = grid.bounds
    middle = (left + right) / 2
    zones = [
        ("west", shapely.box(left + 10, bottom + 10, middle, top - 10)),
        ("east", shapely.box(middle, bottom + 10, right - 10, top - 10)),
    ]
    return AOI(
        name="halves",
        polygon=shapely.box(*grid.bounds),
        crs=grid.crs,
        zones=tuple(Zone(name=n, kind="yard", polygon=p, crs=grid.crs) for n, p in zones),
    )


@pytest.mark.parametrize("date", [0, 1])
@pytest.mark.parametrize(("columns", "state"), [(90, "unknown"), (40, "unknown"), (10, "nothing flagged")])
def test_a_zone_under_cloud_on_either_date_is_unknown(town, opened, date, columns, state):
    image = port(town, seed=6)
    flags = [None, None]
    flags[date] = cloudy(image.shape[1:], slice(None), slice(200 - columns, None))
    looks = [opened(image + grain(image.shape, k, 10, correlated=False), flags[k], name=f"{k}.tif") for k in (0, 1)]
    result = compare(halves(looks[0].grid), *looks)
    west, east = result.zones
    assert (west.state, east.state) == ("nothing flagged", state)
    assert east.unknown["cloud"] == pytest.approx((columns - 10 / 3) / (100 - 10 / 3), abs=0.05)
    assert result.regions == ()


@pytest.mark.parametrize("date", [0, 1])
def test_a_zone_beyond_one_image_is_unknown_and_never_unchanged(town, opened, date):
    image = port(town, seed=7)
    whole = opened(image, name="whole.tif")
    part = opened(image[:, :, :100], grid=whole.grid.window(0, 0, (180, 100)), name="part.tif")
    result = compare(halves(whole.grid), *([part, whole] if date == 0 else [whole, part]))
    west, east = result.zones
    assert east.state == "unknown"
    assert east.clear_fraction == pytest.approx(0, abs=0.03)
    assert sum(east.unknown.values()) == pytest.approx(1, abs=0.05)
    assert west.state == "nothing flagged"


def test_what_lies_under_cloud_is_not_flagged(with_stack):
    looks, opened = with_stack
    flags = cloudy(looks[0].shape[1:], slice(45, 72), slice(80, 120))
    bright = looks[0].copy()
    bright[:, 45:72, 80:120] = 9000
    one, two = opened(bright, flags, name="a.tif"), opened(looks[1], name="b.tif")
    assert compare(zoned(one.grid), one, two).regions == ()


def test_the_unmasked_edge_of_a_cloud_is_not_flagged_and_counts_as_not_searched(town, opened):
    image = port(town, seed=9)
    images = [image + grain(image.shape, k, 10, correlated=False) for k in (0, 1)]
    from_cloud = np.hypot(*np.subtract(np.mgrid[:180, :200], np.array([50, 60]).reshape(2, 1, 1)))
    # The edge ends 8 px beyond the mask, two before what is looked at.
    share = np.clip((42 - from_cloud) / 16, 0, 1)
    images[1] = images[1] + share * (6100 - images[1])
    looks = [opened(images[0], name="a.tif"), opened(images[1], np.where(share > 0.5, Flag.CLOUD, 0), name="b.tif")]
    result = compare(halves(looks[0].grid), *looks)
    assert result.regions == ()
    west = result.zones[0]
    assert west.unknown["edge of cloud"] == pytest.approx(np.mean(((share > 0.08) & (share < 0.5))[:, :100]), abs=0.03)
    assert any("as under thin cloud" in c for c in result.caveats)


@pytest.mark.parametrize("date", [0, 1])
@pytest.mark.parametrize(("depth", "cause"), [(1.0, "cloud"), (0.12, "change without an edge")])
def test_a_cloud_in_no_mask_is_not_told_as_cargo_and_its_ground_counts_as_not_searched(
    town, opened, date, depth, cause
):
    image = port(town, seed=9)
    images = [image + grain(image.shape, k, 10, correlated=False) for k in (0, 1)]
    from_cloud = np.hypot(*np.subtract(np.mgrid[:180, :200], np.array([50, 60]).reshape(2, 1, 1)))
    # Its depth falls from all to nothing over 20 px.
    share = np.clip((32 - from_cloud) / 20, 0, 1)
    images[date] = images[date] + depth * share * (6100 - images[date])
    looks = [opened(i, name=f"{k}.tif") for k, i in enumerate(images)]
    result = compare(halves(looks[0].grid), *looks)
    assert result.regions == ()
    west = result.zones[0]
    assert west.unknown[cause] > np.mean((share > 0.5)[:, :100])
    said = f"{looks[date].name}: " if cause == "cloud" else "without an edge"
    assert any(said in c for c in result.caveats)


def test_a_cloud_that_the_mask_does_not_hold_is_the_masks_business(town, opened):
    image = port(town, seed=9)
    images = [image + grain(image.shape, k, 10, correlated=False) for k in (0, 1)]
    images[1][:, 20:80, 30:90] = 6100
    looks = [opened(i, name=f"{k}.tif", cloud_masked=True) for k, i in enumerate(images)]
    result = compare(halves(looks[0].grid), *looks)
    assert "cloud" not in result.zones[0].unknown
    assert not any("by its look" in c for c in result.caveats)


@pytest.mark.parametrize("dates", [(1,), (0, 1)], ids=["one soft", "both soft"])
def test_a_large_thing_in_soft_images_is_told(town, opened, dates):
    """Its edges are as soft as those that stand around it; by a limit for sharp images it was weather."""
    image = port(town, seed=5)
    image[:, 30:90, 60:140] = 1200 * REFLECTANCE
    after = image.copy()
    after[:, 45:63, 85:115] = 2600 * REFLECTANCE * np.array([1.6, 0.9, 0.5, 0.9]).reshape(-1, 1, 1)
    images = [
        np.stack([ndimage.gaussian_filter(b, 1.8 if k in dates else 0.8) for b in i])
        for k, i in enumerate((image, after))
    ]
    looks = [opened(i + grain(i.shape, k, 12, correlated=True), name=f"{k}.tif") for k, i in enumerate(images)]
    region = only(compare(zoned(looks[0].grid), *looks))
    assert region.direction == "appeared"
    assert region.length_m == pytest.approx(90, abs=12)


def test_a_thing_beside_a_cloud_in_no_mask_is_still_told(with_stack):
    looks, opened = with_stack
    from_cloud = np.hypot(*np.subtract(np.mgrid[:180, :200], np.array([40, 150]).reshape(2, 1, 1)))
    images = [look.astype(float) for look in looks]
    images[1] = images[1] + np.clip((28 - from_cloud) / 20, 0, 1) * (9000 - images[1])
    one, two = (opened(i, name=f"{k}.tif") for k, i in enumerate(images))
    assert only(compare(zoned(one.grid), one, two)).direction == "appeared"


def test_snow_on_one_date_is_not_flagged_and_counts_as_not_searched(town, opened):
    image = port(town, seed=10)
    images = [(image + grain(image.shape, k, 10, correlated=False)) / 10000 for k in (0, 1)]
    lie = ndimage.gaussian_filter(np.random.default_rng(3).normal(size=image.shape[1:]), 2.0)
    share = 1 / (1 + np.exp(-4 * (lie / lie.std() - 0.5)))
    share[-60:] = 0
    images[0] = images[0] + share * (np.array([0.78, 0.79, 0.78, 0.70]).reshape(-1, 1, 1) - images[0])
    looks = [opened(i, name=f"{k}.tif", level=Level.SURFACE) for k, i in enumerate(images)]
    result = compare(halves(looks[0].grid), *looks)
    assert result.regions == ()
    assert [z.state for z in result.zones] == ["unknown", "unknown"]
    # Most of it is plain to see on the one image; what is half covered the other date tells.
    assert all(z.unknown["snow"] + z.unknown["snow on one date"] > 0.3 for z in result.zones)
    assert all(z.unknown["snow on one date"] > 0.1 for z in result.zones)
    assert any("whitened by snow" in c for c in result.caveats)


@pytest.mark.parametrize(
    ("kind", "pixel", "small"),
    [("rail", 3, False), ("rail", 10, True), ("yard", 10, False), ("berth", 10, False), ("berth", 30, True)],
)
def test_a_zone_whose_things_are_too_small_for_the_pixel_is_unknown_and_says_why(town, opened, kind, pixel, small):
    image = port(town)
    grid = Grid(crs=UTM52, transform=Affine(pixel, 0, 605_000, 0, -pixel, 4_677_000), shape=image.shape[1:])
    images = [opened(image + grain(image.shape, s, 0.002, correlated=True), grid=grid) for s in (1, 2)]
    result = compare(zoned(grid, kind=kind), *images, detect="alarm")
    (zone,) = result.zones
    assert ("too small at this pixel" in zone.unknown) == small
    assert any("carries nothing narrower" in c for c in result.caveats) == small
    assert zone.state == "unknown" or not small
    assert sum(zone.unknown.values()) + zone.clear_fraction == pytest.approx(1, abs=0.03)


def test_zones_beyond_a_partly_covering_sample_are_unknown():
    states = {z.zone.group: z.state for z in sample("departure_skysat").zones if z.zone.kind == "yard"}
    assert states["pier1"] == states["pier3"] == "unknown"
    assert states["pier2"] == "flagged"


# --- refusals and warnings


@pytest.fixture
def plain(town, write_image):
    """Return a writer of a small image of named bands."""

    def write(name, data=None, **changes):
        data = port(town, shape=(60, 70)).astype(np.uint16) if data is None else data
        bands = ("blue", "green", "red", "nir")[: len(data)]
        return write_image(name, data, **({"descriptions": bands, "photometric": "MINISBLACK"} | changes))

    return write


def test_an_image_is_read_once_and_laid_on_its_place_as_if_it_were_read_again(plain):
    pair, again = (open_pair(plain("before.tif"), plain("after.tif")) for _ in range(2))
    grid, read = pair.grids[0], []
    infos = tuple(replace(i, source=Counting(i.source, read)) for i in pair.infos)
    pair = replace(pair, infos=infos)
    shift = Shift(rows=0.4, cols=-0.3, error_px=None, windows=0)
    pair.read(grid)
    for one, other in zip(pair.read(grid, shift), again.read(grid, shift), strict=True):
        np.testing.assert_array_equal(one.data, other.data)
        np.testing.assert_array_equal(one.flags, other.flags)
    assert len(read) == 2
    pair.read(grid, shift)
    assert len(read) == 4, "nothing is kept once it has its place"


class Counting:
    """Pixels of another source, and a list of what was read."""

    def __init__(self, source, read):
        self.source, self.counted = source, read

    def read(self, *where):
        """Read a rectangle."""
        self.counted.append(where)
        return self.source.read(*where)


def test_one_georeferenced_and_the_other_not_is_refused(plain):
    message = refused("georeference", None, plain("a.tif"), plain("b.tif", crs=None))
    assert "--reference IMAGE" in message


def test_images_apart_are_refused_with_distance_and_places(plain):
    far = Affine(3, 0, 605_001 + 70 * 3 + 12_000, 0, -3, 4_676_998)
    assert "12.0 km" in refused(
        r"no common ground.*4\d\.\d+, 1\d\d\.\d+ and 4\d\.\d+, 1\d\d\.",
        None,
        plain("a.tif"),
        plain("b.tif", transform=far),
    )


def test_an_aoi_that_is_not_shown_is_refused(plain):
    far = Affine(3, 0, 705_001, 0, -3, 4_676_998)
    refused(r"do not show the AOI.* km apart", "najin", plain("a.tif", transform=far), plain("b.tif", transform=far))


def test_images_of_no_common_band_are_refused_with_both_lists(plain):
    one = plain("a.tif", descriptions=("blue", "green", "red", "nir"))
    two = plain("b.tif", descriptions=("swir1", "swir2", "thermal", "pan"))
    message = refused("no band in common", None, one, two)
    for name in ("a.tif", "b.tif", "blue, green, red, nir", "swir1, swir2, thermal, pan"):
        assert name in message


def test_all_nodata_is_refused(plain):
    empty = np.zeros((4, 60, 70), np.uint16)
    for order in (1, -1):
        message = refused(
            "nothing of the place was seen", None, *[plain("a.tif"), plain("b.tif", empty, nodata=0)][::order]
        )
        assert "b.tif: 0% seen, no data on 100%" in message


def test_all_cloud_by_the_udm2_is_refused(plain, write_image):
    name = "20230912_020341_25_2259_3B_{}_clip.tif"
    image = plain(name.format("AnalyticMS_SR"))
    mask = np.zeros((8, 60, 70), np.uint8)
    mask[5] = 1
    write_image(name.format("udm2"), mask, photometric="MINISBLACK")
    other = plain("20230913_020341_25_2259_3B_AnalyticMS_SR_clip.tif")
    for order in ([image, other], [other, image]):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ImageryDiffWarning)  # one of the two orders is backwards in time
            assert "cloud on 100%" in refused("nothing of the place was seen", None, *order)


def test_rendered_and_real_are_no_pair(plain):
    rendered = samples.path("najin_20231017")
    for order in ([rendered, plain("real.tif")], [plain("real.tif"), rendered]):
        message = refused("rendered", None, *order)
        assert rendered.name in message
        assert "real.tif" in message


def test_rendered_and_real_are_no_pair_with_the_tag_stripped_and_the_file_renamed(plain, tmp_path):
    with rasterio.open(samples.path("najin_20231017")) as file:
        data, profile = file.read(), file.profile
    with rasterio.open(tmp_path / "holiday.tif", "w", **profile) as file:
        file.write(data)
        for i, band in enumerate(("blue", "green", "red", "nir"), start=1):
            file.set_band_description(i, band)
    refused("rendered", None, tmp_path / "holiday.tif", plain("real.tif"))


def test_a_result_of_rendered_images_says_so_everywhere():
    result = sample("stack_appears")
    assert result.simulated
    assert "RENDERED, NOT A SATELLITE IMAGE" in result.credit
    assert "Planet" not in result.credit


def test_after_older_than_before_is_warned_of_and_the_order_kept(town, opened):
    image = port(town, seed=8)
    late, early = (dt.datetime(2023, 10, day, 2, tzinfo=dt.UTC) for day in (17, 16))
    one, two = opened(image, acquired=late, name="late.tif"), opened(image, acquired=early, name="early.tif")
    with pytest.warns(ImageryDiffWarning, match="older than before"):
        result = compare(zoned(one.grid), one, two)
    assert result.before.name == "late.tif"
    assert any("older than before" in c for c in result.caveats)


def test_a_geographic_aoi_on_images_without_georeference_is_refused(plain):
    refused("give - as AOI", "najin", plain("a.tif", crs=None), plain("b.tif", crs=None))


def test_ground_of_too_many_pixels_is_refused_before_it_is_read(opened):
    from imagery_diff.params import Params

    flat = opened(np.ones((1, 200, 200)), names=("red",))
    with pytest.raises(InputError, match="smaller area"):
        compare(None, flat, flat, params=Params(max_pixels=39_999))


# --- without georeference, and other real files


@pytest.mark.parametrize("place", ["sztaki_szada_1", "sar_bern", "landsat_sardinia"])
def test_real_images_without_georeference_are_compared_in_pixels(data_folder, place):
    folder = data_folder / "pairs" / place
    result = compare("-", folder / "before.tif", folder / "after.tif")
    assert result.grid.crs is None
    assert result.zones == ()
    assert any("in pixels" in c for c in result.caveats)
    assert any("not known" in c for c in result.caveats)
    assert all(
        np.isfinite([r.length_m, r.area_m2, r.orientation_deg]).all() and r.geometry.is_valid for r in result.regions
    )
    assert json.dumps([r.why for r in result.regions])


def test_two_zones_two_sensors_two_types_run(data_folder):
    folder = data_folder / "coreg" / "l9_s2_unalakleet"
    images = sorted(folder.glob("*.tif"))
    result = compare("-", *images)
    assert result.grid.pixel_size_m[0] == pytest.approx(15, rel=0.01)
    assert result.shift.measured
    assert all(r.geometry.is_valid for r in result.regions)
    clear = result.layers.flags == 0
    assert clear.mean() > 0.3
    for scene in (result.layers.before, result.layers.after):
        assert np.isfinite(scene.data[:, clear]).all()
        # No -inf may have leaked into what counts as seen; cubic convolution undershoots by a few numbers.
        assert scene.data[:, clear].min() > -100


class _Held:
    """A source that hands out its own pixels."""

    def __init__(self, scene):
        self.scene = scene

    def read(self, row, col, shape, bands):  # noqa: ARG002 - see PixelSource
        window = (slice(row, row + shape[0]), slice(col, col + shape[1]))
        grid = self.scene.grid.window(row, col, shape)
        return Scene(data=self.scene.data[:, *window], flags=self.scene.flags[window], grid=grid)


def test_what_is_read_for_good_may_be_written_into(opened, scene_of):
    """The matched numbers take the place of those read; those of a source must not."""
    scene = scene_of(np.random.default_rng(1).uniform(0, 1, (4, 60, 70)))
    pair = open_pair(*(opened(scene.data, name=f"{n}.tif", source=_Held(scene)) for n in "ab"))
    for shift in (Shift(rows=0, cols=0, error_px=None, windows=0), Shift(rows=2, cols=-4, error_px=None, windows=0)):
        for read in pair.read(scene.grid, shift):
            assert not np.shares_memory(read.data, scene.data)


def test_what_is_kept_for_pictures_is_within_a_thousandth_and_large_numbers_stay_whole():
    grid = Grid(crs=None, transform=Affine.identity(), shape=(20, 30))
    numbers = np.random.default_rng(1).uniform(0.01, 1.2, (3, 20, 30)).astype(np.float32)
    small = Scene(data=numbers, flags=np.zeros(grid.shape, np.uint8), grid=grid)
    large = replace(small, data=numbers * 1e5)
    kept, whole = for_pictures((small, large))
    assert kept.data.nbytes == numbers.nbytes / 2
    np.testing.assert_allclose(kept.data, numbers, rtol=1e-3)
    np.testing.assert_array_equal(whole.data, large.data)
    assert not np.shares_memory(whole.data, large.data)  # the matched numbers take the place of those


def test_a_region_counts_in_every_zone_it_lies_in():
    """Zones may overlap: the larger one must not read as quiet because the smaller one holds the finding."""
    before, after = samples.pair("stack_appears")
    pier = load_aoi("najin").zone("pier2_yard").polygon
    zones = tuple(Zone(name=n, kind="yard", polygon=p) for n, p in (("small", pier), ("large", pier.buffer(0.0005))))
    result = compare(AOI(name="x", polygon=pier.buffer(0.001), zones=zones), before, after)
    assert {z.zone.name: z.state for z in result.zones}["large"] != "nothing flagged"
    ignored = Zone(name="works", kind="ignore", polygon=pier.buffer(0.0008))
    quiet = compare(AOI(name="x", polygon=pier.buffer(0.001), zones=(*zones, ignored)), before, after)
    assert quiet.regions == ()


def test_a_picture_and_unnamed_bands_are_compared_by_number(write_image, town):
    image = np.clip(town(bands=3) / 10, 1, 254)
    picture = write_image("picture.tif", image.astype(np.uint8), photometric="RGB")
    counts = write_image(
        "counts.tif", (np.concatenate([image, image[:1]]) * 20).astype(np.uint16), photometric="MINISBLACK"
    )
    result = compare("-", picture, counts)
    assert result.regions == ()
    assert any("by their number" in c for c in result.caveats)


# --- the sun is not known


def sunless(name):
    """Compare a sample whose files do not tell where the sun stood."""
    images = (replace(open_scene(image), sun=None) for image in samples.pair(name))
    return compare("najin", *images)


@pytest.mark.parametrize(("name", "moved"), [("stack_appears", False), ("departure", True), ("quiet", False)])
def test_without_the_sun_the_ground_tells_whether_shadows_moved(name, moved):
    """The samples under another sun have shade-coloured ground beside everything, the others next to none."""
    result = sunless(name)
    causes = {cause for zone in result.zones for cause, share in zone.unknown.items() if share}
    assert ("shadow that moved" in causes) == moved
    assert [(r.direction, r.group) for r in result.regions] == [(r.direction, r.group) for r in sample(name).regions]


def test_how_far_bands_lie_apart_is_measured_and_noted_only_where_it_is_asked(monkeypatch):
    asked = []
    real = pair_moving.under_way.standing_shifts
    monkeypatch.setattr(pair_moving.under_way, "standing_shifts", lambda *a: asked.append(1) or real(*a))
    noted = compare("najin", *samples.pair("quiet"))
    assert len(asked) == 2
    assert all("its bands lie" in " ".join(info.notes) for info in (noted.before, noted.after))
    plain = compare("najin", *samples.pair("quiet"), notes=False)
    assert len(asked) == 2, "no vessel is told of which it would be asked whether she is under way"
    assert not any("its bands lie" in " ".join(info.notes) for info in (plain.before, plain.after))
