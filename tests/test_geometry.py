"""The sun, the satellite, and what stands between them and the ground."""

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagery_diff.errors import InputError
from imagery_diff.geometry import (
    Sun,
    View,
    parallax_m,
    shadow_azimuth_deg,
    shadow_length_m,
    shadow_m,
    sun_distance_au,
    sun_position,
)

NAJIN = (42.227, 130.283)


@pytest.mark.parametrize(
    ("time", "elevation", "azimuth"),
    [
        ("2023-08-26T02:00", 53.7, 145.0),
        ("2023-10-12T02:00", 38.3, 159.1),
        ("2023-10-20T02:01", 35.6, 160.9),
        ("2023-10-20T06:43", 17.5, 237.5),
        ("2023-11-24T02:00", 25.5, 163.0),
        ("2024-01-08T02:00", 22.5, 158.7),
        ("2024-03-10T02:00", 39.6, 150.6),
        ("2024-06-29T02:00", 64.4, 131.5),
    ],
)
def test_the_sun_over_najin_stands_where_the_noaa_formula_puts_it(time, elevation, azimuth):
    """Values of the project's domain notes, NOAA formula, rounded to 0.1 degrees."""
    sun = sun_position(datetime.fromisoformat(time + "+00:00"), *NAJIN)
    assert sun.elevation_deg == pytest.approx(elevation, abs=0.1)
    assert sun.azimuth_deg == pytest.approx(azimuth, abs=0.1)


def test_the_sun_stands_where_a_worked_example_of_nrel_puts_it():
    """Reda and Andreas 2003 (NREL/TP-560-34302, appendix A.5): zenith 50.11162, azimuth 194.34024 degrees.

    The report's zenith includes 0.0163 degrees of refraction and its site lies 1830 m up.
    """
    sun = sun_position(datetime(2003, 10, 17, 19, 30, 30, tzinfo=UTC), 39.742476, -105.1786)
    assert 90.0 - sun.elevation_deg == pytest.approx(50.11162 + 0.0163, abs=0.02)
    assert sun.azimuth_deg == pytest.approx(194.34024, abs=0.02)


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2049, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    st.floats(-66, 66),
    st.floats(-180, 180),
)
def test_two_published_algorithms_agree(time, lat, lon):
    """Ours (Meeus) against Michalsky 1988, doi:10.1016/0038-092X(88)90045-X, which states 0.01 degrees to 2050."""
    ours, theirs = _unit(sun_position(time, lat, lon)), _unit(_michalsky(time, lat, lon))
    apart = math.degrees(math.acos(min(1.0, sum(a * b for a, b in zip(ours, theirs, strict=True)))))
    assert apart < 0.05


def _unit(sun):
    a, e = math.radians(sun.azimuth_deg), math.radians(sun.elevation_deg)
    return math.cos(e) * math.sin(a), math.cos(e) * math.cos(a), math.sin(e)


def _michalsky(time, lat, lon):
    """Compute the Almanac's approximation as printed by Michalsky; azimuth by vector, free of his quadrant rule."""
    n = (time - datetime(2000, 1, 1, 12, tzinfo=UTC)).total_seconds() / 86400
    mean_longitude = 280.460 + 0.9856474 * n
    anomaly = math.radians(357.528 + 0.9856003 * n)
    longitude = math.radians(mean_longitude + 1.915 * math.sin(anomaly) + 0.020 * math.sin(2 * anomaly))
    obliquity = math.radians(23.439 - 0.0000004 * n)
    ra = math.atan2(math.cos(obliquity) * math.sin(longitude), math.cos(longitude))
    dec = math.asin(math.sin(obliquity) * math.sin(longitude))
    hour = time.hour + time.minute / 60 + (time.second + time.microsecond / 1e6) / 3600
    gmst = 6.697375 + 0.0657098242 * n + hour
    angle = math.radians((gmst * 15 + lon) % 360) - ra
    phi = math.radians(lat)
    east = -math.cos(dec) * math.sin(angle)
    north = math.cos(phi) * math.sin(dec) - math.sin(phi) * math.cos(dec) * math.cos(angle)
    up = math.sin(phi) * math.sin(dec) + math.cos(phi) * math.cos(dec) * math.cos(angle)
    azimuth = math.degrees(math.atan2(east, north)) % 360
    return Sun(azimuth_deg=azimuth, elevation_deg=math.degrees(math.asin(max(-1, min(1, up)))))


def test_a_time_without_zone_is_refused():
    with pytest.raises(InputError, match="time zone"):
        sun_position(datetime(2023, 10, 20, 6, 43), *NAJIN)  # noqa: DTZ001


def test_a_place_off_the_earth_is_refused():
    with pytest.raises(InputError, match="latitude 142"):
        sun_position(datetime(2023, 10, 20, tzinfo=UTC), 142.0, 130.0)


def test_the_top_leans_away_from_the_satellite():
    east, north = parallax_m(10.0, View(off_nadir_deg=45.0, azimuth_deg=180.0))
    assert (east, north) == (pytest.approx(0.0, abs=1e-9), pytest.approx(10.0))


def test_straight_down_nothing_leans():
    assert parallax_m(40.0, View(off_nadir_deg=0.0, azimuth_deg=77.0)) == (0.0, 0.0)


def test_the_afternoon_shadow_of_three_tiers_reaches_25_m_across_the_pier():
    """Domain notes: 24.7 m towards azimuth 57.5 at 06:43 UTC on 20 October 2023."""
    sun = sun_position(datetime(2023, 10, 20, 6, 43, tzinfo=UTC), *NAJIN)
    assert shadow_length_m(3 * 2.59, sun) == pytest.approx(24.7, abs=0.2)
    assert shadow_azimuth_deg(sun) == pytest.approx(57.5, abs=0.1)
    east, north = shadow_m(3 * 2.59, sun)
    assert math.hypot(east, north) == pytest.approx(shadow_length_m(3 * 2.59, sun))
    assert math.degrees(math.atan2(east, north)) == pytest.approx(shadow_azimuth_deg(sun))


def test_at_night_there_is_no_shadow():
    with pytest.raises(InputError, match="below the horizon"):
        shadow_length_m(10.0, sun_position(datetime(2023, 10, 20, 15, tzinfo=UTC), *NAJIN))


@pytest.mark.parametrize("wrong", [-1.0, 80.0, math.nan])
def test_an_impossible_view_is_refused(wrong):
    with pytest.raises(InputError, match="off-nadir"):
        View(off_nadir_deg=wrong, azimuth_deg=0.0)


def test_an_impossible_sun_is_refused():
    with pytest.raises(InputError, match="elevation"):
        Sun(azimuth_deg=0.0, elevation_deg=91.0)


@pytest.mark.parametrize(("time", "distance"), [("2023-01-04T16:17", 0.98330), ("2023-07-06T20:07", 1.01668)])
def test_the_sun_is_as_far_as_the_almanac_says_at_perihelion_and_aphelion(time, distance):
    assert sun_distance_au(datetime.fromisoformat(time).replace(tzinfo=UTC)) == pytest.approx(distance, abs=5e-5)


def test_the_distance_of_the_sun_needs_a_time_zone():
    with pytest.raises(InputError, match="time zone"):
        sun_distance_au(datetime(2023, 1, 4))  # noqa: DTZ001 - that is the fault
