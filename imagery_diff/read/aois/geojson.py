"""GeoJSON (RFC 7946, and the older form with a ``crs`` member), read with suspicion."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, NoReturn

import shapely

from imagery_diff.aoi import WGS84, reproject
from imagery_diff.errors import InputError
from imagery_diff.read.aois.drawing import MAX_FEATURES, Drawing, Shape, clean_text, collect, line, polygon

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_NESTING = 32
"""Collections within collections; honest files have one."""
_IS_WGS84 = re.compile(r"(urn:ogc:def:crs:)?(OGC:(?:[0-9.]*:)?CRS:?84|EPSG:(?:[0-9.]*:)?4326|CRS:?84)", re.IGNORECASE)
_IS_EPSG = re.compile(r"(?:urn:ogc:def:crs:)?EPSG:(?:[0-9.]*:)?(\d{4,6})", re.IGNORECASE)


def parse_geojson(raw: bytes, name: str) -> Drawing:
    """Read the text of a GeoJSON file called ``name``.

    Raises
    ------
    InputError
        If it is not JSON, not GeoJSON, nested too deep, or in a coordinate system that is not known.

    """
    document = _document(raw, name)
    features = list(_features(document, name))
    if len(features) > MAX_FEATURES:
        raise InputError(
            f"AOI file {name} has {len(features)} features, at most {MAX_FEATURES} are read; keep those needed"
        )
    crs = _declared_crs(document, name)
    shapes = tuple(_shape(feature, i, crs, name) for i, feature in enumerate(features, start=1))
    notes = () if crs is None else (f"it declares {crs}; GeoJSON is WGS84 since 2016, so the outlines were converted",)
    return Drawing(kind="GeoJSON", shapes=shapes, credit=clean_text(document.get("credit"), 300), crs=crs, notes=notes)


def _document(raw: bytes, name: str) -> dict[str, Any]:
    def refuse(constant: str) -> NoReturn:
        raise InputError(f"AOI file {name} contains {constant}, which is not a number; correct the coordinates")

    try:
        document = json.loads(raw, parse_constant=refuse)
    except InputError:
        raise
    except RecursionError as error:
        raise InputError(f"AOI file {name} is nested far too deep for GeoJSON; draw it again") from error
    except ValueError as error:
        raise InputError(
            f"AOI file {name} is not readable as JSON ({clean_text(error)}); export it as GeoJSON"
        ) from error
    if not isinstance(document, dict):
        raise InputError(f"AOI file {name} is JSON but not GeoJSON: it is a {type(document).__name__}, not an object")
    return document


def _features(document: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
    kind = document.get("type")
    if kind == "FeatureCollection":
        features = document.get("features")
        if not isinstance(features, list) or not all(isinstance(f, dict) for f in features):
            raise InputError(f"AOI file {name} is a FeatureCollection whose 'features' is not a list of features")
        yield from features
    elif kind == "Feature":
        yield document
    elif kind == "Topology":
        raise InputError(f"AOI file {name} is TopoJSON; export it as GeoJSON")
    elif "coordinates" in document or "geometries" in document:
        yield {"properties": {}, "geometry": document}
    else:
        raise InputError(f"AOI file {name} is JSON but not GeoJSON: its type is {clean_text(kind) or 'missing'}")


def _declared_crs(document: dict[str, Any], name: str) -> str | None:
    """Coordinate system named by a ``crs`` member (GeoJSON of 2008), None for WGS84 or no word about it."""
    member = document.get("crs")
    if member is None:
        return None
    properties = member.get("properties") if isinstance(member, dict) else None
    named = clean_text(properties.get("name")) if isinstance(properties, dict) else None
    if named and _IS_WGS84.fullmatch(named):
        return None
    # Only plain codes: PROJ would also take pipelines and file names from a stranger's file.
    code = _IS_EPSG.fullmatch(named or "")
    if code is None:
        raise InputError(f"AOI file {name} is in the coordinate system {named!r}; save it as WGS84 (EPSG:4326)")
    return f"EPSG:{code[1]}"


def _shape(feature: dict[str, Any], number: int, crs: str | None, name: str) -> Shape:
    found = feature.get("properties")
    properties: dict[str, Any] = {str(k): v for k, v in found.items()} if isinstance(found, dict) else {}
    if "id" in feature:
        properties.setdefault("id", feature["id"])
    label = clean_text(properties.get("name"), 40)
    where = f"feature {number}" + (f" {label!r}" if label else "")
    placed = f"AOI file {name}: {where}"
    geometry = collect(_parts(feature.get("geometry"), placed, 0))
    if geometry is not None and crs is not None:
        try:
            geometry = reproject(geometry, crs, WGS84)
        except InputError as error:
            raise InputError(f"{placed}: {error}; save the file as WGS84 (EPSG:4326)") from error
    return Shape(where=where, geometry=geometry, properties=properties)


def _parts(geometry: Any, where: str, depth: int) -> Iterator[shapely.Geometry]:
    """Yield the simple geometries of a GeoJSON geometry."""
    if geometry is None:
        return
    if not isinstance(geometry, dict) or depth > _MAX_NESTING:
        raise InputError(f"{where} has no GeoJSON geometry")
    kind, coordinates = str(geometry.get("type")), geometry.get("coordinates")
    if kind == "GeometryCollection":
        for part in _listed(geometry.get("geometries"), where):
            yield from _parts(part, where, depth + 1)
    elif kind in _SINGLE:
        if coordinates != []:
            yield _SINGLE[kind](coordinates, where)
    elif kind in _MULTI:
        for part in _listed(coordinates, where):
            yield _SINGLE[_MULTI[kind]](part, where)
    else:
        raise InputError(f"{where} has a geometry of the unknown type {clean_text(kind)!r}")


def _listed(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise InputError(f"{where} has coordinates that are not nested as its type asks for")
    return value


def _position(value: Any, where: str) -> tuple[float, float]:
    numbers = _listed(value, where)[:2]
    if len(numbers) < 2 or not all(isinstance(v, int | float) and not isinstance(v, bool) for v in numbers):  # noqa: PLR2004
        raise InputError(f"{where} has a position that is not [longitude, latitude]: {clean_text(repr(numbers), 60)}")
    try:
        x, y = float(numbers[0]), float(numbers[1])
    except OverflowError:
        x = y = math.inf
    if not (math.isfinite(x) and math.isfinite(y)):
        raise InputError(f"{where} has a position that is not finite: {clean_text(repr(numbers), 60)}")
    return (x, y)


def _positions(value: Any, where: str) -> list[tuple[float, float]]:
    return [_position(position, where) for position in _listed(value, where)]


def _polygon(value: Any, where: str) -> shapely.Geometry:
    return polygon([_positions(ring, where) for ring in _listed(value, where)], where)


def _line(value: Any, where: str) -> shapely.Geometry:
    return line(_positions(value, where), where)


def _point(value: Any, where: str) -> shapely.Geometry:
    return shapely.Point(_position(value, where))


_SINGLE = {"Polygon": _polygon, "LineString": _line, "Point": _point}
_MULTI = {"MultiPolygon": "Polygon", "MultiLineString": "LineString", "MultiPoint": "Point"}
