"""Trains told from the shade beside a shed by the shape of what changed across the track."""

import numpy as np
import pytest
from affine import Affine
from scipy import ndimage
from shapely import LineString

from imagery_diff.grid import Grid
from imagery_diff.method.trains import Sun, stand_out
from imagery_diff.params import Params

GRID = Grid(crs="EPSG:32652", transform=Affine(3.0, 0.0, 500_000.0, 0.0, -3.0, 4_601_200.0), shape=(120, 120))
SURFACE = np.full((120, 120), 2, np.uint8)
NOWHERE, EVERYWHERE = np.zeros((120, 120), bool), np.ones((120, 120), bool)
SAME_SUN = Sun(moved=NOWHERE, away_px=None)


def ground(angle_deg, layers, seed=0):
    """Draw an image: ground of .2 with strips beside the track's middle, ``(from_px, to_px, value)``, blurred."""
    rows, cols = np.mgrid[:480, :480] / 4.0 - 59.875
    angle = np.radians(angle_deg)
    across = rows * np.cos(angle) - cols * np.sin(angle)
    along = rows * np.sin(angle) + cols * np.cos(angle)
    image = np.full(rows.shape, 0.2)
    for low, high, value in layers:
        image[(across >= low) & (across < high) & (np.abs(along) < 35)] = value
    image = ndimage.gaussian_filter(image, 2.4).reshape(120, 4, 120, 4).mean(axis=(1, 3))
    noise = np.random.default_rng([seed, len(layers)]).normal(0, 0.004, (4, 120, 120))
    return (image + noise).astype(np.float32)


def found(*images, **what):
    return found_by_date(*images, **what).max(axis=0)


def found_by_date(before, after, angle_deg=0.0, sun=SAME_SUN, surface=SURFACE, sigma=0.004):
    angle = np.radians(angle_deg)
    along = 150 * np.array([np.cos(angle), -np.sin(angle)])
    middle = np.array([500_180.0, 4_601_020.0])
    zone = LineString([middle - along, middle + along]).buffer(6.0, cap_style="flat")
    return stand_out((before, after), surface, {2: np.eye(4) / sigma}, [zone], GRID, sun=sun)


@pytest.mark.parametrize("angle", [0.0, 20.0, 45.0, 90.0, 135.0])
@pytest.mark.parametrize("value", [0.15, 0.27])
def test_a_train_dark_or_bright_stands_out_on_either_date_and_at_any_angle(angle, value):
    bare, train = ground(angle, []), ground(angle, [(-0.5, 0.5, value)])
    assert found(bare, train, angle_deg=angle).max() > 1.0
    assert found(train, bare, angle_deg=angle).max() > 1.0
    assert found(bare, ground(angle, [], seed=1), angle_deg=angle).max() < Params().train_least
    assert found(bare, bare, angle_deg=angle).max() == 0


def test_a_train_stands_out_on_the_date_on_which_it_stood():
    bare, train = ground(0.0, []), ground(0.0, [(-0.5, 0.5, 0.15)])
    before, after = (dates.max(axis=(1, 2)) for dates in (found_by_date(train, bare), found_by_date(bare, train)))
    assert before[0] > before[1] + 0.5
    assert after[1] > after[0] + 0.5


def test_a_shade_line_beside_a_shed_that_widens_is_no_train():
    # A bright roof, and beside it a line of shade one pixel wide before and two after: a larger change than a train.
    roof = (-12.0, -1.0, 0.35)
    narrow, wide = ground(0.0, [roof, (-1.0, 0.0, 0.05)]), ground(0.0, [roof, (-1.0, 1.0, 0.05)])
    train = ground(0.0, [(-0.5, 0.5, 0.15)])
    difference = np.abs(wide - narrow).max()
    assert difference > np.abs(train - ground(0.0, [])).max()
    assert found(narrow, wide).max() < 0


def test_an_edge_along_the_track_that_moved_by_half_a_pixel_is_no_train():
    roof = ground(0.0, [(-12.0, -0.5, 0.35)])
    moved = np.stack([ndimage.shift(band, (0.5, 0.0), order=3, mode="nearest") for band in roof])
    assert np.abs(moved - roof).max() > 0.02
    assert found(roof, moved, sigma=0.02).max() < Params().train_least


def test_a_train_stands_out_though_the_ground_on_one_side_looks_like_it():
    beside = (0.8, 14.0, 0.13)
    bare, train = ground(0.0, [beside]), ground(0.0, [beside, (-0.5, 0.5, 0.06)])
    assert found(bare, train, sigma=0.008).max() > Params().train_least
    # Where shade moved this may be the shade beside it, grown wider.
    assert found(bare, train, sigma=0.008, sun=Sun(moved=EVERYWHERE, away_px=None)).max() < 0


def test_a_line_that_stood_there_and_only_looks_stronger_is_no_train():
    sharp = ground(0.0, [(-0.5, 0.5, 0.06)])
    soft = np.stack([ndimage.gaussian_filter(band, 1.0) for band in sharp])
    assert np.abs(sharp - soft).max() > 0.015
    assert found(soft, sharp, sigma=0.008).max() < 0


def test_a_dark_line_with_a_caster_towards_the_sun_may_be_its_shadow():
    # A roof darker than the ground stands on both dates; under the second sun its shadow falls on the track.
    roof = (-14.0, -1.5, 0.14)
    pair = ground(0.0, [roof]), ground(0.0, [roof, (-0.7, 0.7, 0.01)])
    towards, opposite = (((side, 0.0), (side, 0.0)) for side in (4.0, -4.0))
    free = found(*pair, sigma=0.04).max()
    caster = found(*pair, sigma=0.04, sun=Sun(moved=EVERYWHERE, away_px=towards)).max()
    assert caster < free - 0.2
    assert found(*pair, sigma=0.04, sun=Sun(moved=EVERYWHERE, away_px=None)).max() <= caster
    assert found(*pair, sigma=0.04, sun=Sun(moved=EVERYWHERE, away_px=opposite)).max() > caster + 0.1


def test_a_bright_line_is_never_taken_for_a_shadow():
    roof = (-14.0, -3.5, 0.14)
    bare, train = ground(0.0, [roof]), ground(0.0, [roof, (-0.5, 0.5, 0.4)])
    moved = Sun(moved=EVERYWHERE, away_px=((4.0, 0.0), (4.0, 0.0)))
    np.testing.assert_allclose(found(bare, train, sun=moved).max(), found(bare, train).max(), rtol=0.05)


def test_off_the_tracks_and_where_ground_is_not_looked_at_nothing_is_said():
    bare, train = ground(0.0, []), ground(0.0, [(-0.5, 0.5, 0.1)])
    said = np.isfinite(found(bare, train))
    assert 300 < np.count_nonzero(said) < 700
    hidden = SURFACE.copy()
    hidden[:, 60:] = 0
    part = np.isfinite(found(bare, train, surface=hidden))
    assert not part[:, 60:].any()
    assert part[:, :60].any()
    assert not np.isfinite(found(bare, train, surface=np.zeros_like(SURFACE))).any()
