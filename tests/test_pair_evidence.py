"""What another sun does to a pair is known before any pixel is weighed."""

from dataclasses import replace

import numpy as np
import pytest
from affine import Affine
from pyproj import Transformer

from imagery_diff.geometry import Sun, View
from imagery_diff.grid import Grid
from imagery_diff.pair_evidence import Geometry
from imagery_diff.pair_register import standing
from imagery_diff.pair_scenes import open_pair
from imagery_diff.params import Params

LOW = Sun(azimuth_deg=180.0, elevation_deg=30.0)
HIGH = Sun(azimuth_deg=180.0, elevation_deg=60.0)


@pytest.mark.parametrize(
    ("suns", "apart"),
    # A thing one metre high casts cot(30) = 1.73 m, and cot(60) = 0.58 m the same way.
    [((LOW, HIGH), 1.155), ((LOW, LOW), 0.0), ((LOW, None), Params().unknown_shadow)],
)
def test_shadows_lie_apart_by_the_difference_of_two_suns_and_by_a_prior_where_one_is_not_known(opened, suns, apart):
    looks = [opened(np.full((4, 30, 30), 900.0), name=f"{k}.tif", sun=sun) for k, sun in enumerate(suns)]
    pair = open_pair(*looks)
    assert Geometry.of(pair, looks[0].grid, Params()).shadows_apart == pytest.approx(apart, abs=1e-3)


def test_without_metres_shadows_reach_as_far_as_in_pixels_of_an_unknown_sensor(opened):
    bare = Grid(crs=None, transform=Affine.identity(), shape=(30, 30))
    looks = [opened(np.full((4, 30, 30), 900.0), name=f"{k}.tif", sun=LOW, grid=bare) for k in range(2)]
    geometry = Geometry.of(open_pair(*looks), bare, Params())
    # 12 m under 30 degrees: 20.8 m, of pixels of 3 m.
    assert np.hypot(*geometry.reach_px[0]) == pytest.approx(20.8 / Params().unknown_pixel_m, abs=0.01)


@pytest.mark.parametrize(("lon", "turn"), [(-45.0, 0.0), (45.0, -90.0), (-135.0, 90.0)])
def test_shadows_and_leaning_things_lie_along_the_rows_and_columns_of_the_grid_wherever_its_top_points(
    opened, lon, turn
):
    """In polar stereographic coordinates the top is north only on the middle meridian, 45 degrees west."""
    x, y = Transformer.from_crs(4326, 3413, always_xy=True).transform(lon, 75.0)
    grid = Grid(crs="EPSG:3413", transform=Affine(10, 0, x, 0, -10, y), shape=(30, 30))
    view = View(off_nadir_deg=45.0, azimuth_deg=180.0)
    nadir = View(off_nadir_deg=0.0, azimuth_deg=0.0)
    looks = [
        replace(opened(np.full((4, 30, 30), 900.0), name=f"{k}.tif", sun=LOW, grid=grid), view=v)
        for k, v in enumerate((nadir, view))
    ]
    pair = open_pair(*looks)
    # Shadows and tops of things lie to the north, 12 m high and at 30 degrees 20.8 m, one metre high at 45 degrees 1 m.
    north = np.array([-np.cos(np.radians(turn)), np.sin(np.radians(turn))])
    assert Geometry.of(pair, grid, Params()).reach_px[0] == pytest.approx(20.8 / 10 * north, abs=0.05)
    assert standing(pair, grid, Params()).lean == pytest.approx(0.1 * north, abs=0.005)
