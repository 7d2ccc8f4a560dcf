"""The outlines of an AOI laid where the images show their quays: known harbours, drawn off by a known amount."""

import json
import re
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from affine import Affine
from click.testing import CliRunner
from scipy import ndimage
from shapely import affinity, box, union_all

from imagery_diff import compare, load_aoi, location, samples
from imagery_diff.aoi import AOI, Zone
from imagery_diff.cli import main
from imagery_diff.errors import ImageryDiffWarning
from imagery_diff.grid import Grid
from imagery_diff.method import outlines, zones
from imagery_diff.pair_fit import caveats, fit_of, laid, measure
from imagery_diff.params import Params
from imagery_diff.read.scenes import open_scene
from imagery_diff.scene import Flag, Scene

CRS = "EPSG:32652"
PIXEL = 3.0
NAMES = ("blue", "green", "red", "nir")
WATER, LAND, SHIP = (0.06, 0.05, 0.03, 0.01), (0.14, 0.16, 0.18, 0.22), (0.2, 0.1, 0.08, 0.25)
GRID = Grid(crs=CRS, transform=Affine(PIXEL, 0, 500_000, 0, -PIXEL, 4_600_900), shape=(300, 300))
PIER, SHORE = box(500_300, 4_600_250, 500_420, 4_600_600), box(500_000, 4_600_600, 500_900, 4_600_900)
PORT = union_all([PIER, SHORE])
LEFT, RIGHT = box(500_255, 4_600_250, 500_300, 4_600_600), box(500_420, 4_600_250, 500_465, 4_600_600)
HEAD = box(500_300, 4_600_205, 500_420, 4_600_250)


def zone(name, kind, polygon, **more):
    return Zone(name=name, kind=kind, polygon=polygon, crs=CRS, **more)


def port(*extra):
    drawn = [zone("pier", "yard", PIER), zone("left", "berth", LEFT), zone("right", "berth", RIGHT), *extra]
    return AOI(name="port", polygon=box(500_200, 4_600_150, 500_700, 4_600_800), zones=drawn, crs=CRS, accuracy_m=40.0)


WHOLE = zone("head", "berth", HEAD)
"""With it the quays run both ways."""


def off_by(aoi, east, north):
    drawn = [replace(z, polygon=affinity.translate(z.polygon, east, north)) for z in aoi.zones]
    return replace(aoi, polygon=affinity.translate(aoi.polygon, east, north), zones=drawn)


def image(seed, ships=(), land=PORT, blur=1.0, flags=None):
    """Return a look at the port, its edges as soft as those of a delivered image."""
    fine = Grid(crs=CRS, transform=Affine(1, 0, 500_000, 0, -1, 4_600_900), shape=(900, 900))
    ground = np.where(zones.inside(land, fine), np.array(LAND)[:, None, None], np.array(WATER)[:, None, None])
    for ship in ships:
        ground = np.where(zones.inside(ship, fine), np.array(SHIP)[:, None, None], ground)
    data = np.stack([ndimage.gaussian_filter(b, 3 * blur).reshape(300, 3, 300, 3).mean(axis=(1, 3)) for b in ground])
    data += np.random.default_rng(seed).normal(0, 0.004, data.shape)
    flags = np.zeros(GRID.shape, np.uint8) if flags is None else flags
    return Scene(data=data.astype(np.float32), flags=flags, grid=GRID)


@lru_cache
def plain(seed=0):
    return image(seed)


def off(aoi, *scenes, names=NAMES):
    """Return what was measured, in metres to the east and north."""
    found = measure(aoi, scenes, names, Params(), reflectance=True)
    assert found.measured, found.reason
    return np.array([found.cols, -found.rows]) * PIXEL


@pytest.mark.parametrize(("east", "north"), [(0, 0), (40, 0), (-25, 31), (3, -38)])
def test_outlines_drawn_off_are_found_within_half_a_pixel(east, north):
    found = off(off_by(port(WHOLE), east, north), plain(0), plain(1))
    assert np.hypot(*(found + np.array([east, north]))) < PIXEL / 2


def test_the_fit_does_not_depend_on_which_image_came_first():
    ship = image(2, [affinity.translate(box(0, 0, 20, 150), 500_420, 4_600_350)])
    one, other = (
        measure(port(WHOLE), s, NAMES, Params(), reflectance=True) for s in ((plain(), ship), (ship, plain()))
    )
    assert (one.rows, one.cols) == pytest.approx((other.rows, other.cols), abs=1e-6)


def test_ships_alongside_on_both_dates_do_not_move_the_outlines():
    """A third of the quays is hidden behind a beam of 20 m."""
    ships = [box(500_420, 4_600_300, 500_440, 4_600_430), box(500_280, 4_600_450, 500_300, 4_600_540)]
    found = off(off_by(port(WHOLE), 20, -10), image(3, ships), image(4, ships))
    assert np.hypot(*(found + np.array([20, -10]))) < PIXEL / 2


def test_a_ship_along_a_whole_side_on_one_date_does_not_move_them():
    ships = [box(500_420, 4_600_250, 500_440, 4_600_600)]
    assert np.hypot(*off(port(WHOLE), image(5, ships), plain())) < PIXEL / 2


def test_along_quays_that_all_run_one_way_nothing_is_moved():
    found = measure(off_by(port(), 20, 30), (plain(0), plain(1)), NAMES, Params(), reflectance=True)
    assert found.cols * PIXEL == pytest.approx(-20, abs=PIXEL / 2)
    assert abs(found.rows) < 0.1
    assert np.abs(found.open_along) == pytest.approx((1, 0), abs=0.05)


@pytest.mark.parametrize("angle", range(5, 90, 17))
def test_a_way_no_quay_tells_of_stays_open_whatever_its_variance_is_rounded_to(angle):
    """The variance of such a way is nought, give or take: below nought it has no root, above it is no knowledge."""
    way = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    across = np.array([-way[1], way[0]])
    table = outlines._Table(
        normals=np.tile(way, (8, 1)), lengths=np.full(8, 90.0), spreads=np.full(8, 0.3), sides=np.ones(8, int)
    )
    for left_over in (-1e-15, 0.0, 1e-15):
        covariance = 0.01 * np.outer(way, way) + left_over * np.outer(across, across)
        solved = outlines._Solved(step=np.zeros(2), covariance=covariance, residual=0.1)
        rest = np.zeros((1, 8))
        settled = outlines._Settled(offset=np.zeros(2), solved=solved, rest=rest, seen=rest == 0)
        known = outlines._told(settled, table, np.stack([way, across]), 3.0)
        assert known.tolist() == [True, False]


def test_an_offset_within_its_uncertainty_is_told_and_not_applied():
    aoi = off_by(port(WHOLE), 0.7, 0.0)
    found = measure(aoi, (plain(0), plain(1)), NAMES, Params(), reflectance=True)
    fit = fit_of(found, GRID)
    assert fit.measured_m[0] == pytest.approx(-0.7, abs=0.5)
    assert (fit.fitted, fit.east_m, fit.north_m) == (True, 0.0, 0.0)
    assert laid(aoi, fit, GRID, Params())[0] == aoi


def test_the_stated_error_is_no_less_than_what_a_pixel_allows():
    found = measure(port(WHOLE), (plain(0), plain(1)), NAMES, Params(), reflectance=True)
    assert 0.2 < found.error < 1.0
    assert found.residual < 0.3
    assert found.agreeing > 0.9


@pytest.mark.parametrize(
    ("aoi", "scenes", "reason"),
    [
        (AOI(name="x", polygon=port().polygon, crs=CRS), (plain(), plain()), "draws no quay"),
        (replace(port(), zones=port().zones[:1]), (plain(), plain()), "draws no quay"),
        (port(WHOLE), (image(0, land=SHORE), image(1, land=SHORE)), "no edge of water|agree"),
        (off_by(port(WHOLE), 150, 0), (plain(), plain()), "no edge of water|agree|reach"),
    ],
    ids=["without zones", "a yard alone", "another port", "beyond reach"],
)
def test_outlines_that_cannot_be_fitted_are_left_where_they_are_and_the_aoi_is_widened(aoi, scenes, reason):
    found = measure(aoi, scenes, NAMES, Params(), reflectance=True)
    fit = fit_of(found, GRID)
    assert not fit.fitted
    assert re.search(reason, fit.how)
    wide, fit = laid(replace(aoi, accuracy_m=25.0), fit, GRID, Params())
    assert wide.polygon.buffer(-24).covers(aoi.polygon)
    assert [z.polygon for z in wide.zones] == [z.polygon for z in aoi.zones]
    assert "widened by 25 m for its accuracy" in " ".join(caveats(fit))


def test_an_aoi_is_widened_by_no_more_ground_than_was_read():
    fit = fit_of(measure(replace(port(), zones=()), (plain(),), NAMES, Params(), reflectance=True), GRID)
    wide, told = laid(replace(port(), accuracy_m=2000.0), fit, GRID, Params())
    assert told.widened_m == Params().context_m
    assert wide.polygon.area < port().polygon.buffer(Params().context_m + 1).area


def test_under_cloud_nothing_is_fitted_and_through_a_gap_it_is():
    cloud = np.full(GRID.shape, int(Flag.CLOUD), np.uint8)
    hidden = measure(port(WHOLE), (image(0, flags=cloud), plain()), NAMES, Params(), reflectance=True)
    assert hidden.measured, "the other date is clear"
    assert not measure(port(WHOLE), (image(0, flags=cloud),) * 2, NAMES, Params(), reflectance=True).measured
    cloud[:150] = 0
    through = off(off_by(port(WHOLE), 12, 5), *(image(s, flags=cloud) for s in (0, 1)))
    assert through[0] == pytest.approx(-12, abs=PIXEL / 2)


def test_from_ten_metres_on_a_reader_is_told():
    far, near = (
        fit_of(measure(off_by(port(WHOLE), e, 0), (plain(0), plain(1)), NAMES, Params(), reflectance=True), GRID)
        for e in (-14, -6)
    )
    assert "moved by 1" in caveats(far)[0]
    assert "east" in caveats(far)[0]
    assert caveats(near) == []
    assert near.east_m == pytest.approx(6, abs=1)


# --- in a comparison -------------------------------------------------------------------------------------------------


def test_a_comparison_finds_a_stack_in_its_zone_though_the_outlines_lie_off():
    aoi = load_aoi("najin").in_crs(CRS)
    across = np.array([0.83, 0.56]) * 45
    there = off_by(aoi, *across)
    tiles = samples.pair("stack_appears")
    fitted, drawn = compare(there, *tiles), compare(there, *tiles, fit=False)
    assert (fitted.fit.east_m, fitted.fit.north_m) == pytest.approx(-across, abs=3)
    assert [r.zone for r in fitted.regions] == ["pier2_yard"]
    assert fitted.aoi.zone("pier2_yard").polygon.centroid.distance(aoi.zone("pier2_yard").polygon.centroid) < 5
    assert any("moved by 4" in c for c in fitted.caveats)
    assert not drawn.fit.fitted
    assert drawn.aoi == there
    assert drawn.fit.widened_m is None
    told = fitted.regions[0].location_accuracy_m
    assert told == pytest.approx(10.0)


def test_a_place_is_as_sure_as_the_better_of_image_and_outline():
    tile = open_scene(samples.pair("quiet")[0])
    fit = fit_of(measure(port(WHOLE), (plain(0), plain(1)), NAMES, Params(), reflectance=True), GRID)
    sharp, coarse = (replace(port(WHOLE), accuracy_m=m) for m in (3.0, 40.0))
    assert location.of_findings((tile, tile), coarse, fit) == pytest.approx(10.0)
    assert 3.0 < location.of_findings((tile, tile), sharp, fit) < 4.0
    loose = replace(tile, ground_control=False)
    assert location.of_findings((loose, tile), coarse, fit) == pytest.approx(40.0, abs=0.5)
    assert location.of_findings((loose, tile), coarse, None) is None


def test_no_fit_on_the_command_line_leaves_the_outlines_and_says_so(tmp_path):
    before, after = map(str, samples.pair("quiet"))
    words = ["najin", before, after, "--no-fit", "-o", str(tmp_path / "out"), "--json"]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0
    fit = json.loads(result.stdout)["fit"]
    assert (fit["fitted"], fit["east_m"], fit["widened_m"]) == (False, 0.0, None)
    assert "as was asked for" in fit["how"]
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["fit"] == fit


def test_swapping_the_images_of_a_pair_lays_the_outlines_alike():
    before, after = samples.pair("ship_arrives")
    one = compare("najin", before, after)
    with pytest.warns(ImageryDiffWarning, match="older than before"):
        other = compare("najin", after, before)
    assert (one.fit.east_m, one.fit.north_m) == pytest.approx((other.fit.east_m, other.fit.north_m), abs=0.05)
