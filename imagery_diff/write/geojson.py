"""regions.geojson: RFC 7946 to the letter, so that every map program shows it where it lies.

WGS84, longitude first, 7 decimals (a centimetre), outer rings counter-clockwise, nothing across the antimeridian.
Members of ours stand beside those of the standard, which section 6.1 allows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon, affinity, box
from shapely.geometry import mapping
from shapely.geometry.polygon import orient

from imagery_diff.aoi import WGS84, reproject
from imagery_diff.errors import InputError
from imagery_diff.result import SCHEMA_VERSION
from imagery_diff.write.model import aoi_summary, look_at_summary, plain, region_properties, zone_summary

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from imagery_diff.result import Comparison

DECIMALS = 7
_STEP = 10.0**-DECIMALS
_SLIVER_DEG2 = 1e-13
"""Parts smaller than this, square degrees (about 0.001 m2), are what rounding leaves of an edge."""
_HALF_TURN = 180.0
_TURN = 360.0
_REPAIRS = 8


def regions_geojson(result: Comparison) -> dict[str, Any]:
    """Return the flagged regions as a FeatureCollection; docs/reference/schemas/regions.schema.json.

    Raises
    ------
    InputError
        If the images carry no georeference: GeoJSON knows no pixels.

    """
    if result.grid.crs is None:
        raise InputError(
            f"{result.before.name} and {result.after.name}: GeoJSON needs a place on the earth and these images carry"
            " no georeference; their regions stand in pixels in summary.json"
        )
    geometries = [wgs84_geometry(region.geometry, result.grid.crs) for region in result.regions]
    drawn = [geometry for geometry in geometries if geometry is not None]
    document: dict[str, Any] = {"type": "FeatureCollection", "schema_version": SCHEMA_VERSION}
    if drawn:
        document["bbox"] = bounding_box(drawn)
    document |= {
        "simulated": result.simulated,
        "aoi": aoi_summary(result),
        "zones": [zone_summary(state) for state in result.zones],
        "look_at": [look_at_summary(look, result) for look in result.look_at],
        "caveats": list(result.caveats),
        "credit": result.credit,
        "features": [
            {
                "type": "Feature",
                "id": region.id,
                "geometry": geometry and mapping(geometry),
                "properties": region_properties(region, result),
            }
            for region, geometry in zip(result.regions, geometries, strict=True)
        ],
    }
    cleaned: dict[str, Any] = plain(document)
    return cleaned


def wgs84_geometry(geometry: BaseGeometry, crs: str) -> Polygon | MultiPolygon | None:
    """Bring an outline to WGS84 as RFC 7946 wants it: cut at the antimeridian, rounded, valid, right-handed.

    Returns
    -------
    None if nothing with an area is left, as for an outline thinner than the last decimal.

    """
    parts: list[Polygon] = []
    for polygon in _polygons(shapely.make_valid(geometry)):
        parts += _polygons(shapely.make_valid(_cut(_unwrapped(reproject(polygon, crs, WGS84)))))
    whole = _snapped(shapely.union_all(parts)) if parts else None
    if whole is None:
        return None
    turned = [orient(part) for part in _polygons(whole)]
    # The largest part first; the rest by place: the order must not hang on the version of GEOS.
    turned.sort(key=lambda part: (-round(part.area, 14), part.bounds))
    return turned[0] if len(turned) == 1 else MultiPolygon(turned)


def bounding_box(geometries: list[Polygon | MultiPolygon]) -> list[float]:
    """West, south, east, north; across the antimeridian west is the larger number (RFC 7946, section 5.2)."""
    bounds = np.array([part.bounds for geometry in geometries for part in shapely.get_parts(geometry)])
    south, north = float(bounds[:, 1].min()), float(bounds[:, 3].max())
    touches = bounds[:, 0].min() == -_HALF_TURN and bounds[:, 2].max() == _HALF_TURN
    if touches:
        eastern, western = bounds[bounds[:, 0] >= 0], bounds[bounds[:, 2] <= 0]
        if len(eastern) + len(western) == len(bounds):
            return [float(eastern[:, 0].min()), south, float(western[:, 2].max()), north]
    return [float(bounds[:, 0].min()), south, float(bounds[:, 2].max()), north]


def _polygons(geometry: BaseGeometry) -> list[Polygon]:
    """Polygons of a geometry; the lines and points that repairs leave are dropped."""
    return [
        polygon
        for part in shapely.get_parts(geometry)
        for polygon in (_polygons(part) if part.geom_type in {"MultiPolygon", "GeometryCollection"} else [part])
        if isinstance(polygon, Polygon) and not polygon.is_empty
    ]


def _unwrapped(polygon: Polygon) -> Polygon:
    """Let longitudes run on past 180 degrees instead of jumping back; holes follow their outer ring."""
    outer = _unwrapped_ring(np.asarray(polygon.exterior.coords))
    middle = (outer[:, 0].min() + outer[:, 0].max()) / 2
    holes = []
    for ring in polygon.interiors:
        hole = _unwrapped_ring(np.asarray(ring.coords))
        hole[:, 0] += _TURN * np.round((middle - hole[:, 0].mean()) / _TURN)
        holes.append(hole)
    return Polygon(outer, holes)


def _unwrapped_ring(ring: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    out = ring[:, :2].astype(float)
    out[:, 0] = np.unwrap(out[:, 0], period=_TURN)
    if abs(out[-1, 0] - out[0, 0]) > _HALF_TURN:
        # Round a pole: the ring does not close; its ends are led to the pole and along it.
        pole = 90.0 if out[:, 1].mean() > 0 else -90.0
        out = np.vstack([out, [[out[-1, 0], pole], [out[0, 0], pole], out[0]]])
    return out


def _cut(polygon: Polygon) -> BaseGeometry:
    """Cut at the antimeridian and bring every part to longitudes -180 to 180."""
    left, _, right, _ = polygon.bounds
    first, last = (int(np.floor((x + _HALF_TURN) / _TURN)) for x in (left, right))
    if first == last == 0:
        return polygon
    valid = shapely.make_valid(polygon)
    pieces = []
    for turn in range(first, last + 1):
        west = _TURN * turn - _HALF_TURN
        piece = valid.intersection(box(west, -90, west + _TURN, 90))
        pieces.append(affinity.translate(piece, xoff=-_TURN * turn))
    return shapely.union_all(pieces)


def _snapped(geometry: BaseGeometry) -> BaseGeometry | None:
    """Round to the last decimal and repair what that breaks, until rounding changes nothing any more."""
    for _ in range(_REPAIRS):
        with np.errstate(all="ignore"):
            # GEOS divides by the length of edges that are nothing after rounding; they are dropped right below.
            snapped = shapely.set_precision(shapely.make_valid(geometry), _STEP)
        parts = [part for part in _polygons(snapped) if part.area >= _SLIVER_DEG2]
        if not parts:
            return None
        # set_precision leaves float noise behind the last decimal, which would show in the file.
        geometry = shapely.transform(MultiPolygon(parts), lambda xy: np.round(xy, DECIMALS) + 0.0)
        if geometry.is_valid:
            return geometry
    return None
