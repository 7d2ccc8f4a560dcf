"""The whole chain, from truth to pixels."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from shapely.geometry import box as rectangle
from shapely.geometry import shape

from imagery_diff.aoi import reproject
from imagery_diff.errors import InputError
from imagery_diff.mark import carries_mark
from imagery_diff.synthetic import grid_of, render, ship, stack
from imagery_diff.synthetic.render import convergence_deg


def test_the_same_arguments_give_the_same_bytes(quay, look):
    assert render(quay, look).data.tobytes() == render(quay, look).data.tobytes()


def test_another_seed_gives_other_noise_only(quay, look):
    a, b = (render(quay, replace(look, seed=k)).data.astype(float) for k in (1, 2))
    assert not np.array_equal(a, b)
    assert abs((a - b)[:, 40:60, 40:60].mean()) < 15


def test_every_rendering_carries_the_mark(quay, look):
    assert carries_mark(render(quay, look).data)


def test_a_thing_stands_in_the_pixels_where_its_truth_says(quay, sharp):
    """Through WGS84 and back: the centroid of what is less red lies within 1.5 m of the truth's."""
    world = quay.with_things(stack("s", (606_150, 4_675_950), 30.0, (60.0, 14.0), tiers=1))
    unshaded = replace(sharp, shadow_light=(1.0, 1.0, 1.0, 1.0))
    bare, full = render(quay, unshaded), render(world, unshaded)
    truth = shape(full.truth()["features"][0]["geometry"])
    centre = reproject(truth, "EPSG:4326", "EPSG:32652").centroid
    excess = np.clip(bare.data[2].astype(float) - full.data[2] - 300, 0, None)
    rows, cols = np.indices(excess.shape)
    x, y = full.grid.xy(0.5 + np.average(rows, weights=excess), 0.5 + np.average(cols, weights=excess))
    assert np.hypot(x - centre.x, y - centre.y) < 1.5


def test_truth_is_true(quay, look):
    made = stack("s", (606_150, 4_675_950), 30.0, (60.0, 14.0), tiers=2, colours=("red",))
    feature = render(quay.with_things(made), look).truth()["features"][0]
    assert feature["properties"]["simulated"] is True
    assert feature["properties"]["kind"] == "containers"
    assert feature["properties"]["length_m"] == pytest.approx(made.length_m, abs=0.05)
    back = reproject(shape(feature["geometry"]), "EPSG:4326", "EPSG:32652")
    assert back.symmetric_difference(made.footprint).area < 0.5
    assert shape(feature["geometry"]).exterior.is_ccw


def test_grid_north_at_najin_lies_east_of_true_north(quay):
    """UTM 52N, 1.28 degrees east of its central meridian at 42.2 N: sin(lat) times that."""
    assert convergence_deg(quay) == pytest.approx(1.284 * np.sin(np.radians(42.22)), abs=0.02)


def test_corners_stand_at_multiples_of_the_pixel():
    grid = grid_of((606_001.2, 4_675_800.5, 606_100.0, 4_675_900.0), "EPSG:32652", 3.0)
    assert grid.transform.c % 3.0 == 0.0
    assert grid.transform.f % 3.0 == 0.0
    left, bottom, right, top = grid.bounds
    assert left <= 606_001.2
    assert bottom <= 4_675_800.5
    assert right >= 606_100.0
    assert top >= 4_675_900.0


def test_outside_the_clip_is_nodata_and_the_mask_says_so(quay, look):
    clip = rectangle(606_060, 4_675_860, 606_240, 4_676_040)
    made = render(quay, look, clip=clip)
    np.testing.assert_array_equal(made.data[0] == 0, made.udm2[7] == 1)
    assert (made.data[0] > 0).sum() == 60 * 60


def test_a_moving_ship_is_elsewhere_in_the_next_band(quay, sharp):
    """At 9 m/s and 1 s between bands, blue and near infrared are taken 3 s and 27 m apart."""
    vessel = ship("v", (606_150, 4_675_950), 90.0, (60.0, 12.0), speed_m_s=9.0)
    sea = replace(quay, ground=())
    look = replace(sharp, sensor=replace(sharp.sensor, band_delay_s=1.0))
    excess = render(sea.with_things(vessel), look).data.astype(float) - render(sea, look).data
    # The white house aft is the brightest part in either band.
    house = [int(np.argmax(excess[band, 46:54].max(axis=0))) for band in (0, 3)]
    assert 3.0 * (house[1] - house[0]) == pytest.approx(27.0, abs=4.0)


def test_by_night_nothing_is_rendered(quay, look):
    with pytest.raises(InputError, match="needs 5 or more"):
        render(quay, replace(look, time=datetime(2023, 10, 17, 14, tzinfo=UTC)))


def test_a_grid_in_another_projection_is_refused(quay, look):
    with pytest.raises(InputError, match="EPSG:32653"):
        render(quay, look, grid_of(quay.bounds, "EPSG:32653", 3.0))
