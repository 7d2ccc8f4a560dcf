"""Radiance at the sensor -> reflectance at the top of the atmosphere."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from imagery_diff.geometry import sun_distance_au

if TYPE_CHECKING:
    import datetime as dt

    from imagery_diff.geometry import Sun

_LOW_SUN_DEG = 5.0
"""Under a lower sun the light does not fall as on a plane any more: it stays radiance."""


def per_radiance(irradiance: float | None, time: dt.datetime | None, sun: Sun | None) -> float | None:
    """Return what radiance is multiplied by to become reflectance: pi d2 / (E cos z).

    Parameters
    ----------
    irradiance
        Of the sun in the band, at one astronomical unit, W/(m2 um).
    time, sun
        Of the image.

    Returns
    -------
    float or None
        (m2 sr um)/W; None where one of them is not known.

    """
    if irradiance is None or irradiance <= 0 or time is None or sun is None or sun.elevation_deg < _LOW_SUN_DEG:
        return None
    return math.pi * sun_distance_au(time) ** 2 / (irradiance * math.sin(math.radians(sun.elevation_deg)))
