"""What the sensor and its provider make of a scene, against what was measured on real 3 m scenes."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from shapely.geometry import box

from imagery_diff.synthetic import PLANETSCOPE, Ground, render

EAST_EDGE_COL = 70.0
"""Of the fixture's concrete: 210 m of 3 m pixels."""


def edge_of(world, look, band=1):
    rows = render(world, look).data[band, 45:55].astype(float).mean(axis=0)
    return rows[55:88]


def crossing(profile, level):
    """First position, sub-pixel, at which a falling profile passes the level."""
    k = int(np.flatnonzero(profile < level)[0])
    return k - 1 + (profile[k - 1] - level) / (profile[k - 1] - profile[k])


def test_an_edge_is_as_soft_and_as_oversharpened_as_real_ones(quay, sharp):
    """Real: 10 to 90 % over 2.5 px in the median (1.8 to 4.5), 3 to 6 % beyond on either side."""
    # On dry ground: water is brighter near the shore, which would hide the undershoot.
    yard = Ground(polygon=box(*quay.bounds).buffer(200.0), material="asphalt")
    colours = {"concrete": (0.2,) * 4, "asphalt": (0.05,) * 4}
    profile = edge_of(replace(quay, ground=(yard, *quay.ground), reflectances=colours), sharp)
    high, low = np.median(profile[:8]), np.median(profile[-12:])
    unit = (profile - low) / (high - low)
    assert 1.8 < crossing(unit, 0.1) - crossing(unit, 0.9) < 3.2
    assert 0.02 < unit.max() - 1.0 < 0.07
    assert 0.01 < -unit.min() < 0.07


def test_an_edge_stands_where_it_is(quay, sharp):
    profile = edge_of(quay, sharp)
    middle = (np.median(profile[:8]) + np.median(profile[-12:])) / 2
    # Pixel centres lie half a pixel in.
    assert 55 + crossing(profile, middle) + 0.5 == pytest.approx(EAST_EDGE_COL, abs=0.1)


@pytest.mark.parametrize("error", [(4.5, 0.0), (-6.0, 0.0)])
def test_a_pointing_error_moves_the_image_by_as_much(quay, sharp, error):
    good, off = (edge_of(quay, replace(sharp, pointing_error_m=e)) for e in ((0.0, 0.0), error))
    middle = (np.median(good[:8]) + np.median(good[-12:])) / 2
    assert crossing(off, middle) - crossing(good, middle) == pytest.approx(error[0] / 3.0, abs=0.06)


def test_bands_are_off_one_by_one_but_not_on_average(quay, sharp):
    look = replace(sharp, sensor=replace(sharp.sensor, band_offset_px=0.2))
    yard = Ground(polygon=box(*quay.bounds).buffer(200.0), material="asphalt")
    colours = {"concrete": (0.2,) * 4, "asphalt": (0.05,) * 4}
    world = replace(quay, ground=(yard, *quay.ground), reflectances=colours)
    profiles = [edge_of(world, look, band) for band in range(4)]
    places = [55 + 0.5 + crossing(p, (np.median(p[:8]) + np.median(p[-12:])) / 2) for p in profiles]
    assert np.ptp(places) > 0.1
    assert np.mean(places) == pytest.approx(EAST_EDGE_COL, abs=0.05)


def test_a_northward_error_moves_the_image_up(quay, sharp):
    good, off = (render(quay, replace(sharp, pointing_error_m=e)).data[1].astype(float) for e in ((0, 0), (0, 6.0)))
    np.testing.assert_allclose(off[20:80, 50], good[22:82, 50], atol=60)


def test_noise_on_water_is_correlated_as_delivered(quay, look):
    """Real scenes after a 6-px high-pass: 0.43 to 0.6 at one pixel, -0.08 to 0.17 at two."""
    image = render(replace(quay, ground=()), look).data[1].astype(float)
    rest = image - gaussian_filter(image, 6.0)
    rest = rest[10:-10, 10:-10]
    assert 0.4 < np.corrcoef(rest[:, 1:].ravel(), rest[:, :-1].ravel())[0, 1] < 0.65
    assert -0.1 < np.corrcoef(rest[:, 2:].ravel(), rest[:, :-2].ravel())[0, 1] < 0.22


def test_noise_grows_with_the_factor_and_differs_from_pass_to_pass(quay, look):
    calm, loud, other = (
        render(quay, replace(look, **k)).data[3].astype(float)[40:60, 40:60]
        for k in ({"noise_factor": 0.0}, {}, {"seed": 2})
    )
    assert loud.std() > 1.5 * calm.std()
    assert abs(np.corrcoef((loud - calm).ravel(), (other - calm).ravel())[0, 1]) < 0.25


def test_common_noise_ties_the_bands_together(quay, look):
    sea = replace(quay, ground=())

    def tie(share):
        sensor = replace(PLANETSCOPE, noise_common=share, band_offset_px=0.0)
        a, b = render(sea, replace(look, sensor=sensor, waves=0.0)).data[[0, 3]].astype(float)
        return np.corrcoef((a - gaussian_filter(a, 6)).ravel(), (b - gaussian_filter(b, 6)).ravel())[0, 1]

    assert tie(0.0) < 0.15
    assert tie(0.9) > 0.6


def test_gain_and_offset_are_applied_per_band(quay, sharp):
    plain = render(quay, sharp).data[:, 45:55, 45:55].astype(float).mean(axis=(1, 2))
    off = render(quay, replace(sharp, gain=(1.1, 1.0, 1.0, 1.0), offset=(0.0, 0.01, 0.0, 0.0)))
    changed = off.data[:, 45:55, 45:55].astype(float).mean(axis=(1, 2))
    assert changed / plain == pytest.approx([1.1, 1.0 + 100 / plain[1], 1.0, 1.0], abs=0.002)


def test_extra_blur_softens(quay, sharp):
    assert (
        np.abs(np.diff(edge_of(quay, replace(sharp, extra_blur_m=4.0)))).max()
        < 0.9 * np.abs(np.diff(edge_of(quay, sharp))).max()
    )
