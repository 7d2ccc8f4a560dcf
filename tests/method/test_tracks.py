"""The evidence along tracks."""

import numpy as np
import pytest
from affine import Affine
from shapely import LineString, contains_xy

from imagery_diff.grid import Grid
from imagery_diff.method.tracks import along_tracks

GRID = Grid(crs="EPSG:32652", transform=Affine(3.0, 0.0, 500_000.0, 0.0, -3.0, 4_601_200.0), shape=(120, 120))


def track(angle_deg):
    """Return a zone 12 m wide through the middle of the grid, so many degrees from east towards north."""
    along = np.array([np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))])
    middle = np.array([500_180.0, 4_601_020.0])
    return LineString([middle - 150 * along, middle + 150 * along]).buffer(6.0, cap_style="flat")


def drawn(line, value=3.0, seed=0):
    """Return evidence of unchanged ground with a line one pixel wide in it."""
    rows, cols = np.mgrid[:120, :120]
    x, y = 500_000.0 + 3.0 * (cols + 0.5), 4_601_200.0 - 3.0 * (rows + 0.5)
    noise = np.abs(np.random.default_rng(seed).normal(0.0, 0.8, (120, 120)))
    return np.where(contains_xy(line.buffer(1.6), x, y), value, noise).astype(np.float32)


@pytest.mark.parametrize("angle", [0.0, 17.0, 45.0, 90.0, 133.0])
def test_a_weak_line_along_a_track_stands_out_at_any_angle(angle):
    zone = track(angle)
    middle = LineString([zone.centroid, zone.centroid]).buffer(0.1).centroid
    half = 100 * np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    line = LineString([(middle.x - half[0], middle.y - half[1]), (middle.x + half[0], middle.y + half[1])])
    with_train = along_tracks(drawn(line), [zone], GRID, sigma_px=8.0)
    without = along_tracks(drawn(line, value=0.6), [zone], GRID, sigma_px=8.0)
    assert with_train.max() > 1.6
    assert without.max() < 1.2


def test_off_the_tracks_there_is_nothing():
    zone = track(30.0)
    field = along_tracks(np.full((120, 120), 5.0, np.float32), [zone], GRID, sigma_px=8.0)
    assert 0 < np.count_nonzero(field) < 700
    assert not along_tracks(np.full((120, 120), 5.0, np.float32), [], GRID, sigma_px=8.0).any()


def test_one_bright_van_is_no_train():
    strength = np.full((120, 120), 0.7, np.float32)
    strength[59:61, 59:61] = 500.0
    assert along_tracks(strength, [track(0.0)], GRID, sigma_px=8.0).max() < 2.0


def test_a_track_that_bends_is_followed_around_the_bend():
    bend = LineString([(500_050.0, 4_601_020.0), (500_180.0, 4_601_020.0), (500_280.0, 4_601_120.0)])
    field = along_tracks(drawn(bend), [bend.buffer(6.0, cap_style="flat", join_style="mitre")], GRID, sigma_px=8.0)
    for share in (0.2, 0.8):
        at = bend.interpolate(share, normalized=True)
        row, col = int((4_601_200.0 - at.y) / 3.0), int((at.x - 500_000.0) / 3.0)
        assert field[row - 1 : row + 2, col - 1 : col + 2].max() > 1.4
