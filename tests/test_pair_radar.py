"""The whole path of a radar pair: silent where nothing changed, right about what came, went or was flooded."""

import numpy as np
import pytest
from affine import Affine
from shapely import box

from imagery_diff import AOI, Zone, compare
from imagery_diff.grid import Grid
from imagery_diff.scene import Band, Scene, SceneInfo
from imagery_diff.synthetic.radar import SCALINGS, Speckled, backscatter, speckle, speckled_pair

SHAPE = (200, 220)
SEA_DB = -17.0


class Held:
    """Pixels in memory."""

    def __init__(self, data, place=None):
        self.data, self.place = data, place or grid(data.shape[1:])

    def read(self, row, col, shape, bands):
        """Cut out a rectangle."""
        data = self.data[list(bands), row : row + shape[0], col : col + shape[1]]
        return Scene(data=data, flags=np.zeros(shape, np.uint8), grid=self.place.window(row, col, shape))


def grid(shape):
    return Grid(crs=None, transform=Affine(1, 0, 0, 0, 1, 0), shape=shape)


def info(data, names=("band1",), place=None):
    data = np.asarray(data, np.float32).reshape(len(names), *data.shape[-2:])
    held = Held(data, place)
    return SceneInfo(name="radar", grid=held.place, bands=tuple(Band(name=n) for n in names), source=held)


def power(seed=1):
    """Return backscatter of a coast: textured land and, in the lower third, sea."""
    rng = np.random.default_rng(seed)
    place = backscatter(rng, SHAPE)
    place[140:] = 10 ** (SEA_DB / 10)
    return rng, place


def flooded(seed):
    """Return textured land before and after water of 40 by 70 pixels came."""
    rng = np.random.default_rng(seed)
    land = np.exp(0.25 * rng.normal(size=SHAPE))
    later = land.copy()
    later[30:70, 80:150] = 10 ** (SEA_DB / 10)
    return rng, land, later


def pair(before, after, rng, radar=None):
    return [info(x) for x in speckled_pair(rng, before, after, radar or Speckled(looks=4))]


@pytest.mark.parametrize("scaling", list(SCALINGS))
@pytest.mark.parametrize("looks", [1, 4])
def test_an_unchanged_pair_returns_nothing(scaling, looks):
    rng, place = power(3)
    images = speckled_pair(rng, place, place, Speckled(looks=looks, scaling=scaling))
    # Nothing but speckle: there is no structure to lay one on the other by.
    assert compare(None, *[info(x, ("vv",)) for x in images], despite=("placement",)).regions == ()


def test_a_ship_that_comes_is_found_and_called_so():
    rng, sea = power()
    later = sea.copy()
    later[170:173, 60:80] = 1.0
    result = compare(None, *pair(sea, later, rng))
    (ship,) = result.regions
    assert ship.direction == "appeared"
    assert ship.geometry.centroid.distance(ship.geometry.centroid.__class__(70, 171.5)) < 2
    assert ship.length_m == pytest.approx(20, abs=4)
    assert any("times as bright after" in reason for reason in ship.why)


def test_turning_the_pair_round_turns_the_directions_and_nothing_else():
    rng, sea = power()
    later = sea.copy()
    later[170:174, 60:80] = 1.0
    images = pair(sea, later, rng)
    one, other = compare(None, *images), compare(None, *images[::-1])
    assert [r.direction for r in one.regions] == ["appeared"]
    assert [r.direction for r in other.regions] == ["disappeared"]
    assert one.regions[0].geometry.symmetric_difference(other.regions[0].geometry).area < 0.5


def test_a_flood_is_a_changed_cover_outlined_to_a_pixel():
    rng, land, later = flooded(5)
    (flood,) = compare(None, *pair(land, later, rng)).regions
    assert flood.direction == "changed"
    assert flood.area_m2 == pytest.approx(40 * 70, rel=0.05)
    assert any("times as bright before" in reason for reason in flood.why)


def test_two_polarisations_are_compared_together():
    rng, land, later = flooded(6)
    bands = [speckled_pair(rng, land, later, Speckled(looks=4)) for _ in range(2)]
    images = [info(np.stack(two), ("vv", "vh")) for two in zip(*bands, strict=True)]
    result = compare(None, *images)
    assert [r.area_m2 for r in result.regions] == [pytest.approx(40 * 70, rel=0.05)]
    assert "taken for radar: the bands are named vh, vv" in result.caveats


def test_what_was_assumed_is_said_and_no_probability_given():
    rng, land, later = flooded(7)
    result = compare(None, *pair(land, later, rng))
    said = " ".join(result.caveats)
    assert "taken for radar: even its calmest ground varies by" in said
    assert "effective looks" in said
    assert "no ratio is given in decibels" in said
    assert "near infrared" not in said
    assert "sun" not in said
    assert all(r.p_change is None for r in result.regions)


def test_decibels_and_a_logarithm_of_unknown_unit_are_told_apart():
    rng, place = power(8)
    for scaling, words in (("decibels", "read as decibels"), ("8-bit logarithm", "logarithm of unknown unit")):
        images = speckled_pair(rng, place, place, Speckled(looks=1, scaling=scaling))
        result = compare(None, *[info(x, ("vv",)) for x in images])
        assert words in " ".join(result.caveats), scaling


def test_a_shift_between_two_passes_is_taken_out_in_whole_pixels():
    rng = np.random.default_rng(9)
    wide = backscatter(rng, (SHAPE[0] + 10, SHAPE[1] + 10))
    seen = [np.sqrt(wide * speckle(rng, wide.shape, Speckled(looks=4))) for _ in range(2)]
    result = compare(None, info(seen[0][:-10, :-10]), info(seen[1][4:-6, 2:-8]))
    assert (result.shift.rows, result.shift.cols) == (-4, -2)
    assert result.regions == ()


def test_in_a_berth_a_ship_is_a_vessel_in_metres_and_the_alarm_says_where():
    place = Grid(crs="EPSG:32652", transform=Affine(10, 0, 500_000, 0, -10, 4_670_000), shape=SHAPE)
    rng, sea = power()
    later = sea.copy()
    later[170:173, 60:80] = 1.0
    images = speckled_pair(rng, sea, later, Speckled(looks=4))
    berth = box(*place.window(150, 30, (45, 100)).bounds)
    zone = Zone(name="pier", kind="berth", polygon=berth, crs=place.crs)
    aoi = AOI(name="harbour", polygon=box(*place.bounds), crs=place.crs, zones=(zone,))
    result = compare(aoi, *[info(x, ("vv",), place) for x in images])
    assert result.detect == "alarm"
    (ship,) = result.regions
    assert (ship.zone, ship.activity, ship.direction) == ("pier", "vessel", "appeared")
    assert ship.length_m == pytest.approx(200, abs=40)
