"""Haze, clouds, and where their shadows fall."""

import math
from dataclasses import replace

import numpy as np
import pytest

from imagery_diff.geometry import Sun
from imagery_diff.synthetic import Cloud, render
from imagery_diff.synthetic.paint import Fine
from imagery_diff.synthetic.sky import cloud_shadow_offset_m, optical_depth


@pytest.mark.parametrize("cover", [0.1, 0.4, 0.7])
def test_clouds_cover_the_share_asked_for(cover):
    fine = Fine(left=0.0, top=20_000.0, step_m=20.0, shape=(1000, 1000))
    depth = optical_depth(Cloud(cover=cover, size_m=600.0), fine)
    assert (depth > 0).mean() == pytest.approx(cover, abs=0.06)


def test_the_shadow_of_a_cloud_lies_away_from_the_sun_by_height_over_tangent():
    east, north = cloud_shadow_offset_m(Cloud(cover=0.3, height_m=1000.0), Sun(azimuth_deg=90.0, elevation_deg=45.0))
    # From the shadowed ground, the cloud stands 1000 m towards the sun.
    assert (east, north) == (pytest.approx(1000.0), pytest.approx(0.0, abs=1e-6))
    assert math.hypot(east, north) == pytest.approx(1000.0)


def test_haze_lifts_the_dark_most_and_blue_most(quay, sharp):
    clear, hazy = (render(quay, replace(sharp, haze=h)).data.astype(float) for h in (0.0, 0.2))
    rise = (hazy - clear)[:, 5:20, 5:20].mean(axis=(1, 2))
    assert (np.diff(rise) < 0).all()
    assert rise[0] > 2 * abs((hazy - clear)[0, 45:55, 45:55].mean())


def test_what_the_mask_calls_cloud_is_bright_and_what_it_calls_shadow_is_dark(quay, sharp):
    wide = replace(quay, bounds=(606_000, 4_674_000, 608_400, 4_676_400), ground=())
    cloudy = render(wide, replace(sharp, cloud=Cloud(cover=0.3, size_m=500.0, height_m=900.0, seed=4)))
    clear = render(wide, sharp)
    is_cloud, is_shadow, is_clear = (cloudy.udm2[k].astype(bool) for k in (5, 2, 0))
    assert min(is_cloud.mean(), is_shadow.mean(), is_clear.mean()) > 0.03
    difference = cloudy.data[2].astype(float) - clear.data[2]
    assert np.median(difference[is_cloud]) > 1500
    assert np.median(difference[is_shadow & (difference < 1000)]) < -40
    assert np.abs(np.median(difference[is_clear])) < 40


def test_every_pixel_has_one_class(quay, sharp):
    cloudy = render(quay, replace(sharp, cloud=Cloud(cover=0.5, size_m=80.0), haze=0.3))
    np.testing.assert_array_equal(cloudy.udm2[:6].sum(axis=0), 1)
