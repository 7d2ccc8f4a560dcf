"""Scene and SceneInfo: what belongs together, and what a flag means."""

import datetime as dt

import numpy as np
import pytest
from affine import Affine

from imagery_diff.errors import InputError
from imagery_diff.geometry import Sun
from imagery_diff.grid import Grid
from imagery_diff.scene import DEGRADED, UNSEEN, Band, Flag, Scene, SceneInfo

GRID = Grid(crs=None, transform=Affine.identity(), shape=(4, 5))


class Counting:
    """A source whose pixels are their row times ten plus their column."""

    def read(self, row, col, shape, bands):  # noqa: D102 - see PixelSource
        rows, cols = np.mgrid[row : row + shape[0], col : col + shape[1]]
        data = np.stack([rows * 10 + cols + 100 * b for b in bands]).astype(np.float32)
        return Scene(data=data, flags=np.zeros(shape, np.uint8), grid=GRID.window(row, col, shape))


def info(**changes):
    return SceneInfo(**({"name": "x.tif", "grid": GRID, "bands": (Band(name="red"),), "source": Counting()} | changes))


@pytest.mark.parametrize(
    ("data", "flags"), [((4, 5), (4, 5)), ((1, 5, 4), (4, 5)), ((1, 4, 5), (5, 4)), ((2, 4, 6), (4, 6))]
)
def test_arrays_that_do_not_lie_on_the_grid_are_refused(data, flags):
    with pytest.raises(InputError):
        Scene(data=np.zeros(data, np.float32), flags=np.zeros(flags, np.uint8), grid=GRID)


@pytest.mark.parametrize("flag", list(Flag))
def test_every_flag_stops_a_pixel_from_being_clear_and_is_either_unseen_or_degraded(flag):
    flags = np.zeros(GRID.shape, np.uint8)
    flags[1, 2] = flag
    scene = Scene(data=np.zeros((1, 4, 5), np.float32), flags=flags, grid=GRID)
    assert not scene.clear[1, 2]
    assert np.count_nonzero(scene.clear) == 19
    assert bool(scene.unseen[1, 2]) == bool(flag & UNSEEN)
    assert bool(flag & UNSEEN) != bool(flag & DEGRADED)


def test_a_scene_without_bands_or_with_a_time_of_no_zone_is_refused():
    with pytest.raises(InputError, match="at least one band"):
        info(bands=())
    with pytest.raises(InputError, match="no time zone"):
        info(acquired=dt.datetime(2023, 10, 17, 2, 0))  # noqa: DTZ001 - the point of the test


def test_read_without_a_shape_goes_to_the_far_corner_and_takes_all_bands():
    scene = info(bands=(Band(name="red"), Band(name="nir"))).read(1, 2)
    assert scene.data.shape == (2, 3, 3)
    assert scene.data[0, 0, 0] == 12
    assert scene.data[1, -1, -1] == 134


def test_an_image_of_flags_is_masked_in_its_own_type():
    """A member of the enum would widen it to 64 bits a pixel."""
    flags = np.zeros((2, 3), np.uint8)
    assert (flags & UNSEEN).dtype == (flags & DEGRADED).dtype == np.uint8


def test_the_sun_from_the_top_of_a_turned_grid():
    def seen_on(transform, crs="EPSG:32652"):
        return info(sun=Sun(azimuth_deg=160.0, elevation_deg=36.0)).sun_from_top(
            Grid(crs=crs, transform=transform, shape=(10, 10))
        )

    upright = seen_on(Affine(3, 0, 500_000, 0, -3, 4_677_000))
    assert upright.azimuth_deg == pytest.approx(160.0, abs=0.01)
    # East of the zone's middle its north leans to the east, by (longitude difference) x sin(latitude).
    leaning = seen_on(Affine(3, 0, 605_000, 0, -3, 4_677_000))
    assert leaning.azimuth_deg == pytest.approx(160.0 - 0.86, abs=0.05)
    # The top of this one looks west.
    turned = seen_on(Affine(0, 3, 500_000, -3, 0, 4_677_000))
    assert turned.azimuth_deg == pytest.approx(250.0, abs=0.01)
    assert seen_on(Affine.identity(), None) is None


def test_which_masks_know_the_shadow_of_clouds():
    assert info(masks=("UDM2: cloud, shadow, haze, snow, suspect pixels",)).shadow_masked
    assert info(masks=("mine.tif: what the user says",)).shadow_masked
    assert not info(masks=("UDM: cloud, suspect pixels",)).shadow_masked
    assert not info().shadow_masked
