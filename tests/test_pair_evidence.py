"""What another sun does to a pair is known before any pixel is weighed."""

import numpy as np
import pytest
from affine import Affine

from imagery_diff.geometry import Sun
from imagery_diff.grid import Grid
from imagery_diff.pair_evidence import Geometry
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
