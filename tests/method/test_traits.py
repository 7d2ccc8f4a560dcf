"""Traits of patches whose making is known: a thing put on flat ground, and standing edges that moved."""

import numpy as np
import pytest
from affine import Affine
from scipy.ndimage import gaussian_filter, shift

from imagery_diff.grid import Grid
from imagery_diff.method.evidence import Threshold
from imagery_diff.method.radiometry import Surface
from imagery_diff.method.regions import Patch, Scale, outline_of
from imagery_diff.method.traits import Around, measure

SHAPE = (60, 60)
GRID = Grid(crs="EPSG:32652", transform=Affine(3.0, 0.0, 500_000.0, 0.0, -3.0, 4_600_000.0), shape=SHAPE)
THING = (slice(20, 28), slice(20, 40))
LEVEL = Threshold(location=2.0, scale=0.5, blocks=100, seed=5.0, grow=2.5)


def ground(colour=(0.2, 0.2, 0.2, 0.2)):
    return np.broadcast_to(np.array(colour, np.float32)[:, None, None], (4, *SHAPE)).copy()


def with_thing(colour, where=THING):
    image = ground()
    image[(slice(None), *where)] = np.array(colour, np.float32)[:, None, None]
    return np.stack([gaussian_filter(band, 0.7) for band in image])


def traits_of(before, after, where=THING, surface=Surface.SMOOTH, track=None, around=4, tracks=None):
    """Measure a patch over ``where``, its evidence being the size of the difference in spreads of .01.

    The patch's window reaches ``around`` pixels beyond it.
    """
    size = np.linalg.norm(after - before, axis=0) / 0.01
    levels = {int(surface): LEVEL}
    scales = [Scale(strength=gaussian_filter(size, s), levels=levels) for s in (0.7, 1.5)]
    if track is not None:
        scales.append(Scale(strength=np.full(SHAPE, track, np.float32), levels=levels, name="track"))
    window = tuple(slice(s.start - around, s.stop + around) for s in where)
    mask = np.zeros(SHAPE, bool)
    mask[where] = True
    patch = Patch(window=window, mask=mask[window], strength=float(scales[0].strength[where].max()))
    shape = outline_of(patch, size[window], GRID)
    looked_at = Around(
        scales=tuple(scales),
        brightness=(before, after),
        plain=size,
        surface=np.full(SHAPE, surface, np.uint8),
        tracks=tracks,
    )
    return measure(patch, shape, looked_at, as_shade=0.0)


BLUE = with_thing((0.4, 0.2, 0.15, 0.2))
LIGHTER = with_thing((0.4, 0.4, 0.4, 0.4))


def test_which_image_came_first_does_not_matter():
    there, back = traits_of(ground(), BLUE), traits_of(BLUE, ground())
    assert there == pytest.approx(back, abs=1e-5)


def test_light_changes_no_colour_and_paint_does():
    assert traits_of(ground(), LIGHTER)["colour_share"] < 0.01
    assert traits_of(ground(), BLUE)["colour_share"] > 0.8


def test_edges_that_moved_by_a_third_of_a_pixel_are_told_from_a_thing_that_came():
    moved = np.stack([shift(band, (0.33, 0.0), order=3, mode="nearest") for band in LIGHTER])
    rim = (slice(18, 22), slice(20, 40))
    slid, came = traits_of(LIGHTER, moved, rim), traits_of(ground(), LIGHTER)
    assert np.exp(slid["log_displacement_px"]) < 1.0
    assert np.exp(came["log_displacement_px"]) > 20.0
    assert slid["rim_on_edges"] > 0.3
    assert came["rim_on_edges"] == 0.0


def test_a_thing_with_edges_is_told_from_ground_that_dried():
    dried = np.stack([gaussian_filter(band, 6.0) for band in with_thing((0.1, 0.1, 0.1, 0.1))])
    assert traits_of(ground(), BLUE)["odd_rise"] < 0.25
    assert traits_of(ground(), dried)["odd_rise"] > 0.5


def test_a_thing_is_as_long_for_its_breadth_as_it_was_made():
    assert np.exp(traits_of(ground(), BLUE)["log_elongation"]) == pytest.approx(20 / 8, rel=0.15)


def test_the_margin_is_the_peak_over_the_level_of_its_pair():
    # Twenty spreads, less a little for the smoothing, where five are asked for.
    found = traits_of(ground(), with_thing((0.3, 0.3, 0.3, 0.3)))
    assert np.exp(found["log_margin"]) == pytest.approx(20.0 / 5.0, rel=0.05)


def test_evidence_along_a_track_counts_where_there_is_a_track():
    assert traits_of(ground(), BLUE)["track_over_pixel"] == 0.0
    found = traits_of(ground(), BLUE, track=1e3)
    assert found["track_over_pixel"] == 3.0


def test_what_lies_on_a_drawn_track_is_known_by_its_share():
    tracks = np.zeros(SHAPE, bool)
    tracks[20:24] = True
    assert traits_of(ground(), BLUE)["on_track"] == 0.0
    assert traits_of(ground(), BLUE, tracks=tracks)["on_track"] == pytest.approx(0.5, abs=0.1)
    assert traits_of(ground(), BLUE, tracks=~tracks & False)["on_track"] == 0.0


@pytest.mark.parametrize(("surface", "share"), [(Surface.WATER, 1.0), (Surface.SMOOTH, 0.0)])
def test_water_is_the_share_of_water(surface, share):
    assert traits_of(ground(), BLUE, surface=surface)["water"] == share


def test_traits_are_finite_where_nothing_differs():
    dark = ground((0.0, 0.0, 0.0, 0.0))
    found = traits_of(dark, np.where(np.arange(60) % 2, np.float32(1e-9), np.float32(0)) + dark)
    assert all(np.isfinite(v) for v in found.values())


def test_a_patch_that_grew_over_ground_that_dried_is_weighed_by_the_thing_in_it():
    # A dark heap; ground that dried by a tenth around it, over which a patch begun at a low level has grown.
    dried = ground() * np.float32(0.9)
    heap = np.where(with_thing((0.05, 0.05, 0.05, 0.05)) < 0.18, with_thing((0.05, 0.05, 0.05, 0.05)), dried)
    grown = (slice(16, 32), slice(16, 44))
    tight, wide = traits_of(ground(), heap), traits_of(ground(), heap, grown)
    for name in ("log_typical", "relative_change", "uneven", "log_displacement_px"):
        assert wide[name] == pytest.approx(tight[name], rel=0.15), name


def test_the_relative_change_does_not_depend_on_how_bright_the_image_is():
    halved = traits_of(ground() / 2, LIGHTER / 2)["relative_change"]
    assert halved == pytest.approx(traits_of(ground(), LIGHTER)["relative_change"], rel=0.01)
    assert halved == pytest.approx(2 / 3, rel=0.02), ".2 to .4, over their middle"
