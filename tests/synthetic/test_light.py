"""Shadows and lean of a block of known height."""

from dataclasses import replace

import numpy as np
import pytest

from imagery_diff.geometry import Sun, View
from imagery_diff.synthetic.light import cast_shadow, lit, seen, shading
from imagery_diff.synthetic.paint import Fine, paint
from imagery_diff.synthetic.world import Part, World, box

FINE = Fine(left=0.0, top=200.0, step_m=1.0, shape=(200, 200))


def world_with(*parts):
    return World(name="w", crs="EPSG:32652", bounds=(0, 0, 200, 200), ground=(), fixed=parts, texture=0.0)


def block(top_m, bottom_m=0.0):
    return Part(polygon=box((100, 100), 0, 20, 20), top_m=top_m, bottom_m=bottom_m, reflectance=(0.4,) * 4, rough=0.0)


@pytest.mark.parametrize(("azimuth", "axis", "sign"), [(180.0, 0, -1), (90.0, 1, -1), (0.0, 0, 1), (270.0, 1, 1)])
def test_a_shadow_is_as_long_as_trigonometry_says_and_falls_away_from_the_sun(sharp, azimuth, axis, sign):
    canvas = paint(world_with(block(15.0)), FINE, sharp)
    shadow = cast_shadow(canvas, Sun(azimuth_deg=azimuth, elevation_deg=30.0))
    assert shadow.sum() == pytest.approx(20 * 15 / np.tan(np.radians(30.0)), rel=0.06)
    middle = np.argwhere(shadow).mean(axis=0)[axis]
    assert np.sign(middle - 99.5) == sign


def test_a_flat_roof_does_not_shade_itself(sharp):
    canvas = paint(world_with(block(15.0)), FINE, sharp)
    assert not cast_shadow(canvas, Sun(azimuth_deg=180.0, elevation_deg=20.0))[92:108, 92:108].any()


def test_light_passes_below_what_hangs(sharp):
    canvas = paint(world_with(block(20.0, bottom_m=18.0)), FINE, sharp)
    shadow = cast_shadow(canvas, Sun(azimuth_deg=180.0, elevation_deg=45.0))
    assert not shadow[95:108, 100].any()
    assert shadow[73:90, 100].all()
    assert shadow.sum() == pytest.approx(20 * 22, rel=0.15)


def test_a_shadow_keeps_the_share_of_light_asked_for_in_each_band(sharp):
    bright = Part(polygon=box((100, 60), 0, 200, 200), top_m=0.0, reflectance=(0.2, 0.2, 0.2, 0.2), rough=0.0)
    canvas = paint(world_with(bright, block(15.0)), FINE, sharp)
    canvas = replace(canvas, water=np.zeros(FINE.shape, bool))
    image = lit(canvas, Sun(azimuth_deg=180.0, elevation_deg=30.0), (0.4, 0.3, 0.2, 0.1))
    np.testing.assert_allclose(image[:, 80, 100] / image[:, 150, 100], (0.4, 0.3, 0.2, 0.1), rtol=1e-5)


def test_a_slope_towards_the_sun_is_brighter_by_the_cosine(sharp):
    ramp = Part(polygon=box((100, 100), 0, 200, 200), top_m=1.0, reflectance=(0.2,) * 4, slope=(0.0, 0.2), rough=0.0)
    canvas = paint(world_with(ramp), FINE, sharp)
    sun = Sun(azimuth_deg=180.0, elevation_deg=40.0)
    tilt = np.degrees(np.arctan(0.2))
    assert shading(canvas, sun)[100, 100] == pytest.approx(
        np.sin(np.radians(40 + tilt)) / np.sin(np.radians(40)), rel=1e-4
    )


@pytest.mark.parametrize(("azimuth", "expected"), [(90.0, (0.0, -1.0)), (0.0, (1.0, 0.0)), (270.0, (0.0, 1.0))])
def test_a_roof_leans_away_from_the_satellite_by_its_height(sharp, azimuth, expected):
    """20 m at 45 degrees: the roof appears 20 m further away from the satellite."""
    canvas = paint(world_with(block(20.0)), FINE, sharp)
    flat = np.where(canvas.height > 0, np.float32(1.0), np.float32(0.0))[None]
    view = View(off_nadir_deg=45.0, azimuth_deg=azimuth)
    # The wall is drawn darker: only what is as bright as the roof counts.
    roof = np.argwhere(seen(canvas, flat, view)[0] > 0.9).mean(axis=0) - 99.5
    assert roof / 20.0 == pytest.approx(expected, abs=0.1)


def test_from_straight_above_nothing_moves(sharp):
    canvas = paint(world_with(block(20.0)), FINE, sharp)
    np.testing.assert_array_equal(
        seen(canvas, canvas.reflectance, View(off_nadir_deg=0, azimuth_deg=0)), canvas.reflectance
    )
