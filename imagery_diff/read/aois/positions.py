"""Positions in circulation that are known to be wrong, so that nobody watches an empty bay."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class WrongPosition:
    """A published position that is off."""

    lon: float
    """Longitude in degrees, as published."""
    lat: float
    """Latitude in degrees, as published."""
    what: str
    """Who gives it for what."""
    right: tuple[float, float]
    """Longitude and latitude of the place it is meant to be."""
    advice: str
    """What to use instead."""


_PIER_2 = (130.28473, 42.22746)
_NAJIN = "use the AOI 'najin'"
KNOWN_WRONG = (
    WrongPosition(
        lon=130.3000,
        lat=42.2333,
        what="World Port Index 60510 for Najin (Rajin), rounded to arc minutes, 1.4 km off",
        right=_PIER_2,
        advice=_NAJIN,
    ),
    WrongPosition(lon=130.30, lat=42.25, what="worldports.org for Rajin, 2.8 km off", right=_PIER_2, advice=_NAJIN),
    WrongPosition(
        lon=130.390, lat=42.340, what="the district Rajin-guyok, 15 km from the port", right=_PIER_2, advice=_NAJIN
    ),
    WrongPosition(lon=130.39, lat=42.31, what="a list of ports for Rajin, 13 km off", right=_PIER_2, advice=_NAJIN),
)
_NEAR_M = 250.0
"""An AOI centred nearer than this to such a position was drawn around it: the coarsest has two decimals."""


def known_wrong(lon: float, lat: float) -> WrongPosition | None:
    """Return the known wrong position at a longitude and latitude in degrees, or None.

    Examples
    --------
    >>> known_wrong(130.3, 42.2333).advice
    "use the AOI 'najin'"
    >>> known_wrong(130.285, 42.227) is None
    True

    """
    for wrong in KNOWN_WRONG:
        if distance_m((lon, lat), (wrong.lon, wrong.lat)) < _NEAR_M:
            return wrong
    return None


def distance_m(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Distance of two near positions (longitude, latitude) in metres, on a sphere: good to half a percent."""
    metres_per_degree = 111_195.0
    east = ((a[0] - b[0] + 180) % 360 - 180) * math.cos(math.radians((a[1] + b[1]) / 2))
    return metres_per_degree * math.hypot(east, a[1] - b[1])
