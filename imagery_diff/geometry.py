"""Where the sun stands, where the satellite stands, and what that does to things with height.

Azimuths are degrees clockwise from true north; vectors on the ground are (east, north) in metres.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

from imagery_diff.errors import InputError

Vector = tuple[float, float]
"""East and north, in metres."""

_ZENITH_DEG = 90.0
_HALF_TURN_DEG = 180.0
_MAX_OFF_NADIR_DEG = 80.0


@dataclass(frozen=True, kw_only=True)
class Sun:
    """Where the sun stands, seen from the ground."""

    azimuth_deg: float
    """Direction towards the sun, clockwise from true north."""
    elevation_deg: float
    """Of the sun's centre above the horizon, without refraction (which adds 0.05 degrees at 18); negative at night."""

    def __post_init__(self) -> None:
        if not -_ZENITH_DEG <= self.elevation_deg <= _ZENITH_DEG or not math.isfinite(self.azimuth_deg):
            raise InputError(f"a sun elevation lies between -90 and 90 degrees, got {self.elevation_deg}")


@dataclass(frozen=True, kw_only=True)
class View:
    """Where the satellite stands, seen from the ground."""

    off_nadir_deg: float
    """Angle between the vertical and the line to the satellite; 0 = straight down."""
    azimuth_deg: float
    """Direction from the ground towards the satellite, clockwise from true north (``satellite_azimuth`` of Planet)."""

    def __post_init__(self) -> None:
        if not 0.0 <= self.off_nadir_deg < _MAX_OFF_NADIR_DEG or not math.isfinite(self.azimuth_deg):
            raise InputError(f"an off-nadir angle lies between 0 and 80 degrees, got {self.off_nadir_deg}")


def sun_position(time: datetime, lat: float, lon: float) -> Sun:
    """Return where the sun stands at a place and moment.

    Parameters
    ----------
    time : datetime
        With a time zone.
    lat, lon : float
        Degrees, north and east positive (WGS84).

    Returns
    -------
    Sun
        Good to about 0.02 degrees between 1950 and 2050; refraction left out, as in the metadata of satellite images.

    Raises
    ------
    InputError
        If ``time`` has no time zone, or the place is not on the earth.

    Notes
    -----
    The low-accuracy solar coordinates of J. Meeus, Astronomical Algorithms, 2nd ed. 1998, chapter 25,
    as in the NOAA solar calculator.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> sun = sun_position(datetime(2023, 10, 20, 6, 43, tzinfo=UTC), 42.227, 130.283)
    >>> round(sun.elevation_deg), round(sun.azimuth_deg)
    (17, 237)

    """
    if time.tzinfo is None:
        raise InputError(f"the sun's position needs a time with a time zone, got {time.isoformat()}")
    if abs(lat) > _ZENITH_DEG or abs(lon) > _HALF_TURN_DEG:
        raise InputError(f"no such place: latitude {lat}, longitude {lon}")
    right_ascension, declination, sidereal = _solar_coordinates(time)
    hour_angle = sidereal + math.radians(lon) - right_ascension
    phi = math.radians(lat)
    up = math.sin(phi) * math.sin(declination) + math.cos(phi) * math.cos(declination) * math.cos(hour_angle)
    east = -math.cos(declination) * math.sin(hour_angle)
    north = math.cos(phi) * math.sin(declination) - math.sin(phi) * math.cos(declination) * math.cos(hour_angle)
    elevation = math.degrees(math.atan2(up, math.hypot(east, north)))
    azimuth = math.degrees(math.atan2(east, north)) % 360.0
    return Sun(azimuth_deg=azimuth, elevation_deg=elevation)


def _solar_coordinates(time: datetime) -> tuple[float, float, float]:
    """Right ascension, declination, and sidereal time at Greenwich, in radians (Meeus chapters 12 and 25)."""
    days = (time - datetime(2000, 1, 1, 12, tzinfo=UTC)).total_seconds() / 86400.0
    # 69 s between civil and dynamical time moves the sun by less than 0.001 degrees: left out.
    t = days / 36525.0
    mean_longitude = 280.46646 + t * (36000.76983 + 0.0003032 * t)
    anomaly = math.radians(357.52911 + t * (35999.05029 - 0.0001537 * t))
    centre = (
        (1.914602 - t * (0.004817 + 0.000014 * t)) * math.sin(anomaly)
        + (0.019993 - 0.000101 * t) * math.sin(2 * anomaly)
        + 0.000289 * math.sin(3 * anomaly)
    )
    node = math.radians(125.04 - 1934.136 * t)
    longitude = math.radians(mean_longitude + centre - 0.00569 - 0.00478 * math.sin(node))
    obliquity = math.radians(23.439291 - 0.0130042 * t + 0.00256 * math.cos(node))
    right_ascension = math.atan2(math.cos(obliquity) * math.sin(longitude), math.cos(longitude))
    declination = math.asin(math.sin(obliquity) * math.sin(longitude))
    sidereal = math.radians((280.46061837 + 360.98564736629 * days) % 360.0)
    return right_ascension, declination, sidereal


def sun_distance_au(time: datetime) -> float:
    """Return how far the sun is, in astronomical units; light falls off with its square (7 % from winter to summer).

    Good to 0.0001 between 1950 and 2050 (J. Meeus, Astronomical Algorithms, 2nd ed. 1998, chapter 25).

    Raises
    ------
    InputError
        If ``time`` has no time zone.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> round(sun_distance_au(datetime(2023, 1, 4, 16, tzinfo=UTC)), 4)
    0.9833

    """
    if time.tzinfo is None:
        raise InputError(f"the sun's distance needs a time with a time zone, got {time.isoformat()}")
    t = (time - datetime(2000, 1, 1, 12, tzinfo=UTC)).total_seconds() / 86400.0 / 36525.0
    eccentricity = 0.016708634 - 0.000042037 * t
    anomaly = math.radians(357.52911 + t * (35999.05029 - 0.0001537 * t))
    centre = math.radians(1.914602 * math.sin(anomaly) + 0.019993 * math.sin(2 * anomaly))
    return 1.000001018 * (1 - eccentricity**2) / (1 + eccentricity * math.cos(anomaly + centre))


def parallax_m(height_m: float, view: View) -> Vector:
    """Return where the top of a thing appears, relative to its foot, on an image tied to the ground.

    It leans away from the satellite by height times the tangent of the off-nadir angle.

    Examples
    --------
    >>> [round(v, 1) for v in parallax_m(40.0, View(off_nadir_deg=25.0, azimuth_deg=270.0))]
    [18.7, 0.0]

    """
    away = math.radians(view.azimuth_deg + 180.0)
    lean = height_m * math.tan(math.radians(view.off_nadir_deg))
    return (lean * math.sin(away), lean * math.cos(away))


def shadow_azimuth_deg(sun: Sun) -> float:
    """Return the direction in which shadows fall, clockwise from true north, 0 to 360."""
    return (sun.azimuth_deg + 180.0) % 360.0


def shadow_length_m(height_m: float, sun: Sun) -> float:
    """Return the length on level ground of the shadow of a thing of this height.

    Raises
    ------
    InputError
        If the sun is not up: there is no shadow.

    """
    if sun.elevation_deg <= 0.0:
        raise InputError(f"no shadow: the sun stands {-sun.elevation_deg:.1f} degrees below the horizon")
    return height_m / math.tan(math.radians(sun.elevation_deg))


def shadow_m(height_m: float, sun: Sun) -> Vector:
    """Return where the shadow of the top falls, relative to the foot, on level ground.

    Raises
    ------
    InputError
        If the sun is not up.

    Examples
    --------
    >>> [round(v, 1) for v in shadow_m(10.0, Sun(azimuth_deg=180.0, elevation_deg=45.0))]
    [0.0, 10.0]

    """
    length = shadow_length_m(height_m, sun)
    direction = math.radians(shadow_azimuth_deg(sun))
    return (length * math.sin(direction), length * math.cos(direction))
