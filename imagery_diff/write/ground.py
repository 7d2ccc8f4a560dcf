"""From steps on a grid to metres east and north on the ground."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

from pyproj import CRS, Geod, Transformer

if TYPE_CHECKING:
    from imagery_diff.grid import Grid

_WGS84 = Geod(ellps="WGS84")


@lru_cache(maxsize=16)
def _to_lonlat(crs: str) -> Transformer:
    system = CRS.from_user_input(crs)
    return Transformer.from_crs(system, system.geodetic_crs, always_xy=True)


def offset_m(grid: Grid, rows: float, cols: float) -> tuple[float, float] | None:
    """Return how far a step on the grid leads from its centre, metres east and north of true north.

    Parameters
    ----------
    rows, cols
        Pixels downwards and to the right.

    Returns
    -------
    None where the grid has no georeference, or its centre does not lie on the earth.

    """
    if grid.crs is None:
        return None
    middle = (grid.shape[0] / 2, grid.shape[1] / 2)
    start, end = grid.xy(*middle), grid.xy(middle[0] + rows, middle[1] + cols)
    lon, lat = _to_lonlat(grid.crs).transform([start[0], end[0]], [start[1], end[1]])
    azimuth, _, distance = _WGS84.inv(lon[0], lat[0], lon[1], lat[1])
    if not math.isfinite(distance):
        return None
    return (distance * math.sin(math.radians(azimuth)), distance * math.cos(math.radians(azimuth)))
