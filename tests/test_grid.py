"""Grid: where pixels lie and how long they are on the ground, against formulas of the ellipsoid."""

import math

import pytest
from affine import Affine

from imagery_diff.errors import InputError
from imagery_diff.grid import Grid

A, E2 = 6378137.0, 0.00669437999014


def parallel_m(degrees, lat):
    """Length of an arc of a parallel on WGS84."""
    phi = math.radians(lat)
    return A / math.sqrt(1 - E2 * math.sin(phi) ** 2) * math.cos(phi) * math.radians(degrees)


def meridian_m(degrees, lat):
    phi = math.radians(lat)
    return A * (1 - E2) / (1 - E2 * math.sin(phi) ** 2) ** 1.5 * math.radians(degrees)


def turned_by(degrees, width, height, corner=(0, 0)):
    """Return a transform turned anticlockwise, written out: affine 2 and 3 multiply by different operators."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return Affine(c * width, s * height, corner[0], s * width, -c * height, corner[1])


def grid(crs="EPSG:32652", transform=None, shape=(100, 200)):
    return Grid(crs=crs, transform=transform or Affine(3, 0, 605000, 0, -3, 4677000), shape=shape)


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (-1, 5)])
def test_a_grid_without_pixels_is_refused(shape):
    with pytest.raises(InputError, match="at least one row"):
        grid(shape=shape)


@pytest.mark.parametrize(
    ("transform", "reason"),
    [
        (Affine(math.nan, 0, 0, 0, -3, 0), "finite"),
        (Affine(3, 0, math.inf, 0, -3, 0), "finite"),
        (Affine(3, 0, 0, 0, 0, 0), "collapse"),
        (Affine(1, 2, 0, 2, 4, 0), "collapse"),
    ],
)
def test_a_transform_that_cannot_be_inverted_is_refused(transform, reason):
    with pytest.raises(InputError, match=reason):
        grid(transform=transform)


def test_a_rotated_grid_is_bounded_by_its_corners_and_keeps_its_pixel_size():
    turned = grid(transform=turned_by(30, 3, 2, (1000, 2000)), shape=(10, 40))
    # Corners by hand: the row side is 20 m, the column side 120 m, turned by 30 degrees.
    c, s = math.cos(math.radians(30)), math.sin(math.radians(30))
    assert turned.bounds == pytest.approx((1000, 2000 - 20 * c, 1000 + 120 * c + 20 * s, 2000 + 120 * s))
    assert turned.pixel_size == pytest.approx((3, 2))


@pytest.mark.parametrize("lat", [0.5, 42.2, -60.0])
def test_pixels_in_degrees_are_as_long_as_the_ellipsoid_says(lat):
    width, height = grid("EPSG:4326", Affine(1e-4, 0, 130, 0, -1e-4, lat + 0.005), (100, 200)).pixel_size_m
    assert width == pytest.approx(parallel_m(1e-4, lat), rel=1e-4)
    assert height == pytest.approx(meridian_m(1e-4, lat), rel=1e-4)


def test_web_mercator_units_are_not_metres():
    # At 60 degrees north Web Mercator stretches by 1/cos(60) = 2.
    y = A * math.log(math.tan(math.pi / 4 + math.radians(60) / 2))
    width, height = grid("EPSG:3857", Affine(10, 0, 1e6, 0, -10, y), (2, 2)).pixel_size_m
    assert width == pytest.approx(5.0, rel=0.005)
    assert height == pytest.approx(5.0, rel=0.01)


def test_feet_are_turned_into_metres():
    # New York Long Island in US survey feet; its scale on the ground is 1 within a thousandth.
    assert grid("EPSG:2263", Affine(10, 0, 985000, 0, -10, 200000)).pixel_size_m == pytest.approx(
        (3.048, 3.048), rel=1e-3
    )


def test_without_a_georeference_a_pixel_is_one_by_one():
    plain = grid(None, Affine.identity())
    assert plain.pixel_size_m == (1, 1)
    assert plain.pixel_area_m2 == 1


def test_a_centre_off_the_earth_is_refused():
    with pytest.raises(InputError, match="georeference is wrong"):
        _ = grid(transform=Affine(3, 0, 1e12, 0, -3, 1e12)).pixel_size_m


def test_a_window_keeps_its_ground():
    whole = grid(transform=turned_by(20, 3, 3))
    part = whole.window(7, 11, (5, 6))
    assert part.shape == (5, 6)
    assert part.xy(2, 3) == pytest.approx(whole.xy(9, 14))


def test_shifted_moves_rows_down_and_columns_right():
    moved = grid().shifted(0.5, -2)
    assert moved.shape == (100, 200)
    assert moved.xy(0, 0) == pytest.approx((605000 - 6, 4677000 - 1.5))
