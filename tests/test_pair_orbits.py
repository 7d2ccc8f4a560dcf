"""Two tracks of one family of satellites are a doubt about a pair; it is said what they do to things with height."""

import numpy as np
import pytest

from imagery_diff.geometry import View
from imagery_diff.pair_scenes import open_pair
from imagery_diff.scene import Level, Orbit


@pytest.fixture
def caveats(opened):
    """Return the caveats of a pair about its orbits, from (product, orbit, view, level) of each date."""

    def tell(*dates):
        data = np.ones((2, 20, 20))
        infos = [
            opened(data, name=name, product=product, orbit=Orbit(relative=relative), view=view, level=level)
            for name, (product, relative, view, level) in zip(("a", "b"), dates, strict=True)
        ]
        return [c for c in open_pair(*infos).caveats if "were seen from" in c]

    return tell


WEST, EAST = View(off_nadir_deg=8.0, azimuth_deg=280.0), View(off_nadir_deg=8.0, azimuth_deg=100.0)


def test_two_relative_orbits_are_a_caveat_with_what_they_do_to_ten_metres_of_height(caveats):
    told = caveats(("Sentinel-2 L2A", 103, EAST, Level.SURFACE), ("Sentinel-2 L2A", 3, WEST, Level.SURFACE))
    assert len(told) == 1
    assert "relative orbits 103 and 3" in told[0]
    # 2 x 10 m x tan 8
    assert "one of 10 m by 2.8 m" in told[0]


def test_without_views_the_orbits_alone_are_told(caveats):
    told = caveats(("Sentinel-2 L2A", 103, EAST, Level.SURFACE), ("Sentinel-2 L1C", 3, None, Level.TOA))
    assert "lie elsewhere;" in told[0]


def test_landsat_calls_them_paths(caveats):
    told = caveats(("Landsat L2SP", 114, None, Level.SURFACE), ("Landsat L2SP", 115, None, Level.SURFACE))
    assert "the paths 114 and 115" in told[0]


@pytest.mark.parametrize(
    "dates",
    [
        (("Sentinel-2 L2A", 103, EAST, Level.SURFACE), ("Sentinel-2 L2A", 103, EAST, Level.SURFACE)),
        (("Sentinel-2 L2A", 103, EAST, Level.SURFACE), ("Sentinel-2 L2A", None, None, Level.SURFACE)),
        # Numbers of different systems say nothing together.
        (("Sentinel-2 L2A", 103, EAST, Level.SURFACE), ("Landsat L2SP", 114, None, Level.SURFACE)),
        # Of radar the pair is refused elsewhere.
        (("Sentinel-1 GRD", 103, None, Level.SIGMA0), ("Sentinel-1 GRD", 3, None, Level.SIGMA0)),
    ],
)
def test_one_track_or_none_told_or_two_systems_are_no_caveat(caveats, dates):
    assert caveats(*dates) == []
