"""Two Sentinel-1 products as delivered, from command line to regions: ships, orbits, ghosts, what is not carried."""

import dataclasses
import datetime as dt
import json

import numpy as np
import pytest
from click.testing import CliRunner
from pyproj import Transformer
from shapely import Point, box

from imagery_diff import AOI, Zone, compare, open_scene
from imagery_diff.cli import main
from imagery_diff.errors import InputError
from imagery_diff.method import speckle as method
from imagery_diff.method.speckle import Scaling
from imagery_diff.pair_result import Sight, carried
from imagery_diff.params import Params
from imagery_diff.read.given import Given
from imagery_diff.synthetic.radar import Speckled, speckle
from tests.sentinel1_safe import Pass, numbers_of, write_safe

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")

SEA, LAND = 10**-2.0, 10**-0.8
GRD = Speckled(looks=5, point_spread_px=0.85)
"""As an IW GRDH: five looks of which 4.4 count, 20 m seen on samples of 10 m."""
LATER = dt.timedelta(days=12)


def coast(shape):
    """Return sigma nought of a shore: textured land in the first quarter of the samples, sea in the rest."""
    place = np.full(shape, SEA)
    cols = shape[1] // 4
    place[:, :cols] = LAND * np.exp(0.25 * np.random.default_rng(0).normal(size=(shape[0], cols)))
    return place


def with_ship(place, line, pixel, power=3.0, size=(12, 3)):
    """Return the place with a ship along the flight."""
    place = place.copy()
    place[line : line + size[0], pixel : pixel + size[1]] = power
    return place


def pair_of(folder, one, before, after, pols=("vv",)):
    """Write both dates, twelve days apart."""
    rng = np.random.default_rng(5)
    two = dataclasses.replace(one, start=one.start + LATER, absolute_orbit=one.absolute_orbit + 175)
    safes = []
    for which, place in ((one, before), (two, after)):
        bands = {p: numbers_of(which, place / (1 + 3 * (p == "vh")), speckle(rng, place.shape, GRD)) for p in pols}
        safes.append(write_safe(folder, which, bands))
    return safes


@pytest.fixture(scope="module")
def ship_pair(tmp_path_factory):
    """Return a pair in which a ship came, and the pass."""
    one = Pass(shape=(300, 320))
    place = coast(one.shape)
    safes = pair_of(tmp_path_factory.mktemp("ship"), one, place, with_ship(place, 150, 200), pols=("vv", "vh"))
    return one, safes


def test_a_ship_that_came_is_found_where_it_lies_and_nothing_else(ship_pair, tmp_path):
    one, safes = ship_pair
    run = CliRunner().invoke(main, ["-", *map(str, safes), "-o", str(tmp_path / "out")])
    assert run.exit_code == 0, run.output
    features = json.loads((tmp_path / "out" / "regions.geojson").read_text())["features"]
    (ship,) = features
    assert ship["properties"]["direction"] == "appeared"
    lon, lat, _ = one.ground(155.5, 201.0, 0.0)
    to_map = Transformer.from_crs(4326, 32652, always_xy=True)
    outline = [to_map.transform(*p) for p in ship["geometry"]["coordinates"][0]]
    assert np.hypot(*(np.mean(outline, axis=0) - to_map.transform(float(lon), float(lat)))) < 15
    assert ship["properties"]["length_m"] == pytest.approx(120, abs=40)
    assert ship["properties"]["p_change"] is None


def test_numbers_known_to_be_power_are_not_guessed_at(ship_pair):
    _, safes = ship_pair
    result = compare(None, *map(str, safes))
    said = " ".join(result.caveats)
    assert "taken for radar: the files hold sigma nought" in said
    assert "read as power" in said
    assert "if amplitudes" not in said
    assert "which of these is not known" not in said
    (ship,) = result.regions
    assert not any("may be" in reason for reason in ship.why)


def test_an_unchanged_coast_returns_nothing(tmp_path):
    one = Pass(shape=(300, 320))
    place = coast(one.shape)
    assert compare(None, *map(str, pair_of(tmp_path, one, place, place))).regions == ()


@pytest.mark.parametrize("change", ["another track", "the other direction"])
def test_another_orbit_is_refused_unless_it_is_asked_for(tmp_path, change):
    one = Pass(shape=(120, 130))
    other = dataclasses.replace(one, start=one.start + LATER, absolute_orbit=one.absolute_orbit + 175)
    if change == "another track":
        other.absolute_orbit += 1
    else:
        other.latitude, other.node = 0.75, 7.48
    safes = []
    for seed, which in enumerate((one, other)):
        power = speckle(np.random.default_rng(seed), one.shape, GRD)
        safes.append(write_safe(tmp_path, which, {"vv": numbers_of(one, np.full(one.shape, 0.1), power)}))
    with pytest.raises(InputError, match=r"look from different sides.*--despite orbit"):
        compare(None, *map(str, safes))
    if change == "another track":
        result = compare(None, *map(str, safes), despite=("orbit",))
        assert any("compared despite the rule orbit" in c for c in result.caveats)


def test_two_heights_are_told(tmp_path):
    one = Pass(shape=(120, 130))
    place = coast(one.shape)
    safes = pair_of(tmp_path, one, place, place)
    scenes = [open_scene(safe, Given(height_m=h)) for safe, h in zip(safes, (0.0, 15.0), strict=True)]
    assert any("laid on a height of 0 m" in c and "--height" in c for c in compare(None, *scenes).caveats)


def test_what_22_m_cannot_carry_is_unknown_and_not_empty(tmp_path):
    one = Pass(shape=(200, 210))
    place = np.full(one.shape, SEA)
    safes = pair_of(tmp_path, one, place, place)
    grid = open_scene(safes[0]).grid
    middle = grid.window(70, 80, (60, 60)).bounds
    zones = tuple(Zone(name=k, kind=k, polygon=box(*middle), crs=grid.crs) for k in ("berth", "yard", "rail"))
    aoi = AOI(name="harbour", polygon=box(*grid.window(60, 70, (90, 90)).bounds), crs=grid.crs, zones=zones)
    result = compare(aoi, *map(str, safes))
    states = {z.zone.kind: z.state for z in result.zones}
    assert states == {"berth": "nothing flagged", "yard": "unknown", "rail": "unknown"}
    assert any(
        "a resolution of 22 m, worth pixels of 11 m, carries nothing narrower than 5.5 m" in c for c in result.caveats
    )


def test_a_pixel_finer_than_what_is_told_apart_carries_no_more():
    grid = open_scene_grid(10)
    fine = Sight(flags=np.zeros((1, 1), np.uint8), blind={}, grid=grid)
    assert carried("yard", fine, Params())
    assert carried("yard", dataclasses.replace(fine, resolution_m=20), Params())
    assert not carried("yard", dataclasses.replace(fine, resolution_m=22), Params())
    assert not carried("berth", dataclasses.replace(fine, resolution_m=50), Params())


def open_scene_grid(size):
    from affine import Affine

    from imagery_diff.grid import Grid

    return Grid(crs="EPSG:32652", transform=Affine(size, 0, 500_000, 0, -size, 4_680_000), shape=(50, 50))


@pytest.fixture(scope="module")
def ghosts(tmp_path_factory):
    """Return the regions of a pair in which a bright ship came with its ghosts and a sidelobe."""
    one = Pass(shape=(1200, 160))
    sea = np.full(one.shape, SEA)
    after = with_ship(sea, 1000, 110, power=150.0)
    speed = np.linalg.norm(one.orbit(0.0)[1])
    distance = 299_792_458.0 / 5.405000454334350e9 * 1451.627112193990 * one.slant(110) / (2 * speed)
    first, second = (one.ground(k, 110, 0.0) for k in (0, 1000))
    to_map = Transformer.from_crs(4326, 32652, always_xy=True)
    flown = np.hypot(*(np.subtract(to_map.transform(*first[:2]), to_map.transform(*second[:2]))))
    line = 1000 - round(distance / flown * 1000)
    after = with_ship(after, line, 110, power=0.6)
    after = with_ship(after, 1000, 140, power=0.7)
    after = with_ship(after, 700, 40, power=0.6)
    safes = pair_of(tmp_path_factory.mktemp("ghosts"), one, sea, after)
    spots = {"ship": (1006, 111), "ghost": (line + 6, 111), "sidelobe": (1006, 141), "another": (706, 41)}
    result = compare(None, *map(str, safes))
    found = {}
    for name, (k, p) in spots.items():
        lon, lat, _ = one.ground(k, p, 0.0)
        spot = Point(*to_map.transform(float(lon), float(lat)))
        near = [r for r in result.regions if r.geometry.distance(spot) < 30]
        found[name] = near[0] if near else None
    return found


def test_a_ghost_five_kilometres_behind_a_bright_ship_is_flagged_and_kept(ghosts):
    (reason,) = [w for w in ghosts["ghost"].why if "azimuth ambiguity" in w]
    assert "dB brighter" in reason
    assert "4.5 km ahead along the flight" in reason
    assert "azimuth ambiguity" in ghosts["ghost"].description


def test_a_sidelobe_in_range_of_a_bright_ship_is_flagged(ghosts):
    assert any("sidelobe of a target" in w and "in range" in w for w in ghosts["sidelobe"].why)


@pytest.mark.parametrize("name", ["ship", "another"])
def test_the_ship_itself_and_one_that_stands_where_no_ghost_falls_are_not_doubted(ghosts, name):
    assert ghosts[name] is not None
    assert not any("may be" in w for w in ghosts[name].why)


def test_looks_of_power_count_the_correlation_of_a_grd():
    rng = np.random.default_rng(3)
    before, after = (speckle(rng, (400, 400), GRD).astype(np.float32)[None] for _ in range(2))
    model = method.estimate_speckle(before, after, np.ones((400, 400), bool), method.of_power("sigma nought"))
    single = float(before.mean() ** 2 / before.var())
    assert model.looks[0.0][0] == pytest.approx(single, rel=0.1)
    # A mean over a Gaussian of 2 px holds 50 pixels; at 4 pixels a sample that is 13 times the looks, not 50 times.
    assert 10 * single < model.looks[2.0][0] < 16 * single
    assert model.correlation_px2 == pytest.approx(2 * np.pi * GRD.point_spread_px**2, rel=0.25)


def test_a_decibel_is_the_same_in_power_and_in_amplitude():
    power = method.of_power("sigma nought")
    amplitude = dataclasses.replace(power, scaling=Scaling.MULTIPLICATIVE)
    assert np.exp(power.nepers(10)) == pytest.approx(10)
    assert np.exp(amplitude.nepers(20)) == pytest.approx(10)
