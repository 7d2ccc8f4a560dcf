"""Alignment: every pixel lands where pyproj says, nothing unseen leaks, and the order of two images does not matter."""

import math

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from rasterio.enums import Resampling
from rasterio.warp import reproject
from shapely import box

from imagery_diff.errors import InputError
from imagery_diff.grid import Grid
from imagery_diff.method.align import common_grid, empty_scene, resample, resample_along, source_window, working_crs
from imagery_diff.scene import Flag, Scene

LON, LAT = 130.29, 42.23


def grid_in(crs, size, shape=(90, 120), turn=0.0):
    """Return a grid around Najin; pixel size in map units (width, height)."""
    if crs is None:
        return Grid(crs=None, transform=Affine.identity(), shape=shape)
    x, y = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(LON, LAT)
    # Written out: affine 2 and 3 multiply by different operators.
    c, s = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    transform = Affine(c * size[0], s * size[1], x, s * size[0], -c * size[1], y)
    return Grid(crs=crs, transform=transform, shape=shape).shifted(-shape[0] / 2, -shape[1] / 2)


def applied(transform, x, y):
    return transform.a * x + transform.b * y + transform.c, transform.d * x + transform.e * y + transform.f


def coordinates(grid):
    """Return a scene whose bands hold row and column of each pixel's centre: no symmetry hides a swapped axis."""
    rows, cols = np.mgrid[0.5 : grid.shape[0], 0.5 : grid.shape[1]]
    return Scene(data=np.stack([rows, cols]).astype(np.float32), flags=np.zeros(grid.shape, np.uint8), grid=grid)


def expected(source, target):
    """Row and column in the source of every target pixel's centre, by pyproj alone."""
    rows, cols = np.mgrid[0.5 : target.shape[0], 0.5 : target.shape[1]]
    x, y = applied(target.transform, cols, rows)
    if source.crs != target.crs:
        x, y = Transformer.from_crs(target.crs, source.crs, always_xy=True).transform(x, y)
    col, row = applied(~source.transform, x, y)
    return np.stack([row, col])


def within(at, shape, margin=8):
    """Where rows and columns in a source lie further from its border than its kernel reaches, at any ratio here."""
    return ((at >= margin) & (at <= np.array(shape)[:, None, None] - margin)).all(axis=0)


GRIDS = {
    "UTM 52N": ("EPSG:32652", (3, 3), 0.0),
    "UTM 51N": ("EPSG:32651", (3, 3), 0.0),
    "degrees": ("EPSG:4326", (3.6e-5, 2.7e-5), 0.0),
    "Web Mercator": ("EPSG:3857", (4, 4), 0.0),
    "turned": ("EPSG:32652", (3, 2.5), 27.0),
    "fine": ("EPSG:32652", (1.3, 1.3), 0.0),
    "coarse": ("EPSG:32652", (7, 7), 0.0),
}


@pytest.mark.parametrize("target", ["UTM 52N", "UTM 51N"])
@pytest.mark.parametrize("source", list(GRIDS))
def test_every_pixel_lands_within_a_twentieth_of_where_pyproj_puts_it(source, target):
    crs, size, turn = GRIDS[source]
    src = grid_in(crs, size, (150, 230), turn)
    dst = grid_in(*GRIDS[target][:2], (61, 83)).shifted(0.37, -0.21)
    out = resample(coordinates(src), dst)
    at = expected(src, dst)
    # Not at the border, where the kernel has no more to go by on one side.
    clear = (out.flags == 0) & within(at, src.shape)
    # A fine source of 195 x 299 m holds the whole target only in part; enough of it must be left to be a test.
    assert np.mean(clear) > 0.5
    assert np.abs(out.data - at)[:, clear].max() < 0.05


@pytest.mark.parametrize("move", [(0.27, -0.4), (-0.5, 3.3), (40.0, 0.25), (-1.6, -100.2)])
def test_a_shift_by_a_part_of_a_pixel_is_what_gdal_makes_of_it(move):
    rng = np.random.default_rng(5)
    src = grid_in("EPSG:32652", (3, 3), (90, 120))
    flags = np.where(rng.random(src.shape) < 0.01, np.uint8(Flag.CLOUD), np.uint8(0))
    scene = Scene(data=rng.normal(1000, 200, (2, *src.shape)).astype(np.float32), flags=flags, grid=src)
    dst = src.shifted(*move)
    out = resample(scene, dst)
    # At the border GDAL leaves out what the kernel has not, and ours repeats the last pixel.
    inside = (out.flags == 0) & within(expected(src, dst), src.shape)
    there = {"src_transform": src.transform, "src_crs": src.crs, "dst_transform": dst.transform, "dst_crs": dst.crs}
    for band, ours in zip(scene.data, out.data, strict=True):
        theirs = np.zeros_like(band)
        reproject(band, theirs, **there, resampling=Resampling.cubic)
        assert np.abs(ours - theirs)[inside].max() < 0.01
    cloud = np.zeros_like(flags)
    reproject(flags, cloud, **there, resampling=Resampling.nearest)
    np.testing.assert_array_equal(out.flags & Flag.CLOUD, cloud)
    row, col = expected(src, dst)
    outside = (row < 0) | (col < 0) | (row > src.shape[0]) | (col > src.shape[1])
    np.testing.assert_array_equal((out.flags & Flag.OUTSIDE) != 0, outside)
    assert (out.data[:, outside] == 0).all()


def test_nothing_is_resampled_where_the_grids_agree(town, scene_of):
    scene = scene_of(town(bands=3))
    out = resample(scene, scene.grid)
    assert np.array_equal(out.data, scene.data)
    # No kernel, so no pixel within its reach of the border.
    assert (out.flags == 0).all()


def test_a_window_of_whole_pixels_is_a_plain_cut(town, scene_of):
    scene = scene_of(town())
    out = resample(scene, scene.grid.window(17, 31, (60, 50)))
    assert np.array_equal(out.data, scene.data[:, 17:77, 31:81])


def test_whole_pixels_beyond_the_image_are_outside_and_flags_come_along(town, scene_of):
    scene = scene_of(town((60, 80)))
    scene.flags[10, 10] = Flag.CLOUD
    out = resample(scene, scene.grid.shifted(-3, 5))
    assert (out.flags[:3] == Flag.OUTSIDE).all()
    assert (out.flags[:, -5:] == Flag.OUTSIDE).all()
    assert np.array_equal(out.data[:, 3:, :-5], scene.data[:, :-3, 5:])
    assert out.flags[13, 5] == Flag.CLOUD
    assert np.count_nonzero(out.flags[3:, :-5]) == 1


@pytest.mark.parametrize(("rows", "cols"), [(0.5, 0.0), (0.25, -0.4), (-1.3, 0.7)])
def test_moving_a_mirrored_image_the_other_way_gives_the_mirror_image(town, scene_of, rows, cols):
    image = town((60, 80))
    one = resample(scene_of(image), scene_of(image).grid.shifted(rows, cols))
    turned = image[:, ::-1, ::-1]
    other = resample(scene_of(turned), scene_of(turned).grid.shifted(-rows, -cols))
    inner = np.s_[:, 4:-4, 4:-4]
    assert np.abs(one.data[inner] - other.data[:, ::-1, ::-1][inner]).max() < 0.02


@pytest.mark.parametrize("move", [(0.3, -0.4), (-0.45, 0.2)])
def test_at_the_border_a_shift_by_a_part_of_a_pixel_loses_no_ground_and_errs_by_that_part_at_most(move):
    source = grid_in("EPSG:32652", (3, 3), (40, 50))
    slope = np.stack(np.meshgrid(np.arange(40.0), np.arange(50.0), indexing="ij")).astype(np.float32)
    scene = Scene(data=slope, flags=np.zeros((40, 50), np.uint8), grid=source)
    moved = slope + np.array(move, np.float32)[:, None, None]
    still = np.zeros((2, 40, 50))
    target = source.shifted(*move)
    for out in (resample(scene, target), resample_along(scene, target, still, [(0.0, 0.0)] * 2)):
        assert (out.flags == 0).all()
        assert np.abs(out.data - moved).max() < 0.5
        assert np.abs(out.data - moved)[:, 3:-3, 3:-3].max() < 0.01


@pytest.mark.parametrize("off", [0.3, -0.3])
def test_a_band_that_lies_a_part_of_a_pixel_off_is_nowhere_taken_from_beyond_the_image(off):
    source = grid_in("EPSG:32652", (3, 3), (40, 50))
    scene = Scene(data=np.full((2, 40, 50), 100, np.float32), flags=np.zeros((40, 50), np.uint8), grid=source)
    target = source.shifted(0.3 if off > 0 else -0.3, 0.0)
    out = resample(scene, target, [target, target.shifted(off, off)])
    assert np.abs(out.data[:, out.flags == 0] - 100).max() < 0.01
    assert np.mean(out.flags == 0) > 0.9


@given(
    hole=st.tuples(st.integers(0, 39), st.integers(0, 49), st.integers(1, 8), st.integers(1, 8)),
    move=st.tuples(st.floats(-1, 1), st.floats(-1, 1)),
    size=st.sampled_from([1.0, 2.0, 3.0, 4.0, 6.5, 9.0]),
    turn=st.sampled_from([0.0, 33.0, 45.0]),
)
@settings(max_examples=60, deadline=None)
def test_what_was_not_seen_never_leaks_into_what_was(hole, move, size, turn):
    source = grid_in("EPSG:32652", (3, 3), (40, 50))
    data, flags = np.full((1, 40, 50), 100.0, np.float32), np.zeros((40, 50), np.uint8)
    row, col, rows, cols = hole
    window = np.s_[row : row + rows, col : col + cols]
    data[0][window], flags[window] = 1e6, Flag.NODATA
    target = grid_in("EPSG:32652", (size, size), (int(120 / size) + 4, int(150 / size) + 4), turn).shifted(*move)
    out = resample(Scene(data=data, flags=flags, grid=source), target)
    assert np.abs(out.data[0][~out.unseen] - 100).max(initial=0) < 0.1


@pytest.mark.parametrize("size", [2.0, 3.0, 7.0])
@pytest.mark.parametrize("flag", [f for f in Flag if f not in {Flag.EDGE, Flag.OUTSIDE}])
def test_every_flag_comes_out_where_it_went_in(flag, size):
    source = grid_in("EPSG:32652", (3, 3), (60, 60))
    flags = np.zeros((60, 60), np.uint8)
    flags[22:29, 30:37] = flag
    target = grid_in("EPSG:32652", (size, size), (int(180 / size), int(180 / size)))
    out = resample(Scene(data=np.ones((1, 60, 60), np.float32), flags=flags, grid=source), target)
    # Pixels of the target whose centre lies inside the block, by arithmetic.
    rows, cols = np.floor(expected(source, target)).astype(int)
    inside = (rows >= 22) & (rows < 29) & (cols >= 30) & (cols < 37)
    assert inside.sum() >= 4
    assert ((out.flags[inside] & flag) != 0).all()
    far = (rows < 18) | (rows >= 33) | (cols < 26) | (cols >= 41)
    assert not ((out.flags[far] & flag) != 0).any()


def test_one_bad_pixel_is_not_lost_in_a_coarser_grid():
    source = grid_in("EPSG:32652", (3, 3), (60, 60))
    flags = np.zeros((60, 60), np.uint8)
    flags[31, 17] = Flag.CLOUD
    out = resample(
        Scene(data=np.ones((1, 60, 60), np.float32), flags=flags, grid=source),
        grid_in("EPSG:32652", (12, 12), (15, 15)),
    )
    assert (out.flags[31 // 4, 17 // 4] & Flag.CLOUD) != 0


def test_beyond_the_image_is_outside():
    source = grid_in("EPSG:32652", (3, 3), (40, 40))
    out = resample(coordinates(source), source.window(-10, -10, (60, 60)))
    outside = (out.flags & Flag.OUTSIDE) != 0
    assert outside[:10].all()
    assert not outside[10:50, 10:50].any()
    assert (empty_scene(source, 2).flags == Flag.OUTSIDE).all()


# --- the common grid


def test_two_images_on_one_lattice_keep_it():
    one = Grid(crs="EPSG:32652", transform=Affine(3, 0, 605001, 0, -3, 4676998), shape=(100, 120))
    grid = common_grid((one, one.window(20, 30, (100, 120))), None, context=0, max_pixels=10**6)
    assert grid == one.window(20, 30, (80, 90))


@pytest.mark.parametrize("other", list(GRIDS))
def test_the_grid_does_not_depend_on_the_order(other):
    one = grid_in("EPSG:32652", (3, 3))
    crs, size, turn = GRIDS[other]
    two = grid_in(crs, size, (100, 90), turn)
    ground = box(*one.bounds).buffer(-60) if working_crs((one, two)) == one.crs else None
    grids = [common_grid(pair, ground, context=20, max_pixels=10**6) for pair in ((one, two), (two, one))]
    assert grids[0] == grids[1]
    # The coarser pixel rules, in metres on the ground.
    assert grids[0].pixel_size_m[0] == pytest.approx(max(*one.pixel_size_m, *two.pixel_size_m), rel=0.01)


@pytest.mark.parametrize("pair", [("UTM 51N", "degrees"), ("degrees", "Web Mercator"), ("UTM 52N", "UTM 51N")])
def test_the_working_system_does_not_depend_on_the_order(pair):
    one, two = (grid_in(*GRIDS[p][:2]) for p in pair)
    assert working_crs((one, two)) == working_crs((two, one)) == "EPSG:32652"


def test_web_mercator_is_not_taken_for_metres():
    mercator = grid_in("EPSG:3857", (4, 4))
    assert working_crs((mercator, mercator)) == "EPSG:32652"
    size = common_grid((mercator, mercator), None, context=0, max_pixels=10**6).pixel_size[0]
    assert size == pytest.approx(4 * math.cos(math.radians(LAT)), abs=0.02)


def test_images_without_a_georeference_are_laid_pixel_on_pixel():
    pair = (grid_in(None, None, (30, 50)), grid_in(None, None, (40, 45)))
    grid = common_grid(pair, None, context=300, max_pixels=10**6)
    assert grid == Grid(crs=None, transform=Affine.identity(), shape=(30, 45))
    out = resample(coordinates(pair[1]), grid)
    assert np.array_equal(out.data, coordinates(pair[1]).data[:, :30, :45])


def test_one_image_with_and_one_without_a_georeference_are_refused():
    pair = (grid_in("EPSG:32652", (3, 3)), grid_in(None, None))
    for order in (pair, pair[::-1]):
        with pytest.raises(InputError, match="--reference IMAGE"):
            common_grid(order, None, context=0, max_pixels=10**6)


def test_images_apart_are_refused_with_the_distance_and_both_places():
    one = grid_in("EPSG:32652", (3, 3), (100, 100))
    far = one.window(0, 1100, (100, 100))  # 3000 m between the facing sides
    with pytest.raises(
        InputError, match=r"no common ground.* 3\.0 km apart.*42\.2300, 130\.2900 and 42\.2\d+, 130\.3"
    ) as error:
        common_grid((one, far), None, context=0, max_pixels=10**6)
    assert "\n" not in str(error.value)


def test_an_aoi_that_is_not_shown_is_refused_with_the_distance():
    one = grid_in("EPSG:32652", (3, 3), (100, 100))
    right, top = one.bounds[2], one.bounds[3]
    with pytest.raises(InputError, match=r"not show the AOI.* 500 m apart"):
        common_grid((one, one), box(right + 500, top - 100, right + 600, top), context=5000, max_pixels=10**6)


def test_ground_of_too_many_pixels_is_refused():
    one = grid_in("EPSG:32652", (3, 3), (1000, 1000))
    with pytest.raises(InputError, match="smaller area"):
        common_grid((one, one), None, context=0, max_pixels=999_999)


@given(
    corner=st.tuples(st.integers(-40, 160), st.integers(-40, 200)),
    turn=st.sampled_from([0.0, 19.0, 90.0]),
    crs=st.sampled_from(["EPSG:32652", "EPSG:32651"]),
)
@settings(max_examples=40, deadline=None)
def test_the_source_window_holds_every_source_pixel_the_target_needs(corner, turn, crs):
    source = grid_in(crs, (3, 3), (120, 160), turn)
    target = grid_in("EPSG:32652", (3, 3), (120, 160)).window(*corner, (30, 30))
    rows, cols = expected(source, target)
    needed = (rows > 0) & (rows < 120) & (cols > 0) & (cols < 160)
    window = source_window(source, target)
    if window is None:
        assert not needed.any()
        return
    row, col, (height, width) = window
    assert row >= 0
    assert col >= 0
    assert row + height <= 120
    assert col + width <= 160
    if needed.any():
        # With the two pixels to each side that the kernel needs, where the image has them.
        assert row <= max(0, rows[needed].min() - 2.5)
        assert row + height >= min(120, rows[needed].max() + 2.5)
        assert col <= max(0, cols[needed].min() - 2.5)
        assert col + width >= min(160, cols[needed].max() + 2.5)


def test_a_field_reads_every_pixel_from_where_it_points_with_its_flag():
    grid = grid_in("EPSG:32652", (3.0, 3.0))
    scene = coordinates(grid)
    scene.flags[40:50, 60:70] = Flag.CLOUD
    row, col = np.mgrid[: grid.shape[0], : grid.shape[1]]
    moves = np.stack([0.4 + 0.004 * col, -0.3 - 0.005 * row])
    out = resample_along(scene, grid, moves, [(0.0, 0.0), (0.0, 0.25)])
    inner = np.s_[5:-5, 5:-5]
    assert (out.data[0] - (row + 0.5 + moves[0]))[inner] == pytest.approx(0, abs=1e-3)
    assert (out.data[1] - (col + 0.5 + moves[1] + 0.25))[inner] == pytest.approx(0, abs=1e-3)
    clouded = (out.flags & Flag.CLOUD) != 0
    assert clouded.sum() == pytest.approx(100, abs=12)
    assert (out.flags[39:51, 59:71] != 0).mean() > 0.9
    assert (out.flags[inner] & (Flag.OUTSIDE | Flag.NODATA) == 0).all()


def test_a_field_of_nothing_leaves_an_image_as_it_is_and_a_coarser_grid_is_met_in_the_middle(town, scene_of):
    scene = scene_of(town(bands=2))
    still = resample_along(scene, scene.grid, np.zeros((2, *scene.grid.shape)), [(0.0, 0.0)] * 2)
    assert still.data == pytest.approx(scene.data, abs=0.01)
    assert (still.flags[2:-2, 2:-2] == 0).all()
    fine = coordinates(grid_in("EPSG:32652", (3.0, 3.0)))
    t = fine.grid.transform
    doubled = Affine(2 * t.a, t.b, t.c, t.d, 2 * t.e, t.f)
    coarse = Grid(crs=fine.grid.crs, transform=doubled, shape=(45, 60))
    out = resample_along(fine, coarse, np.zeros((2, 45, 60)), [(0.0, 0.0)] * 2)
    rows, cols = np.mgrid[1:90:2, 1:120:2]
    assert (out.data[0] - rows)[4:-4, 4:-4] == pytest.approx(0, abs=0.01)
    assert (out.data[1] - cols)[4:-4, 4:-4] == pytest.approx(0, abs=0.01)
    elsewhere = grid_in("EPSG:32653", (3.0, 3.0))
    there = resample_along(fine, elsewhere, np.zeros((2, *elsewhere.shape)), [(0.0, 0.0)] * 2)
    beside = resample(fine, elsewhere)
    seen = (there.flags == 0) & (beside.flags == 0) & within(expected(fine.grid, elsewhere), fine.grid.shape)
    assert seen.mean() > 0.5
    assert np.abs(there.data - beside.data)[:, seen].max() < 0.05
