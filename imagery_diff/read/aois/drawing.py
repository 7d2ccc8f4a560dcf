"""What a file of outlines holds, before anything is believed: shapes with properties, whatever format they came in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import shapely

from imagery_diff.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_BYTES = 20_000_000
"""A file of outlines above this size is refused: it is something else, or a whole country."""
MAX_VERTICES = 10_000
"""A finer outline than this says nothing at the pixel sizes of satellites and slows every step."""
MAX_FEATURES = 5_000
"""More shapes than this is a data base, not an AOI."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One shape of a file, as drawn: it may be invalid, empty or off the earth."""

    where: str
    """How to find it in the file, for messages: ``feature 3 'Pier 2'``."""
    geometry: Any
    """A shapely geometry, x = longitude, y = latitude, two-dimensional; None = the file gave none."""
    properties: dict[str, Any]
    """What the file says about it."""


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """All shapes of a file."""

    kind: str
    """``GeoJSON``, ``KML``, ``GeoPackage`` …"""
    shapes: tuple[Shape, ...]
    """In the order of the file."""
    credit: str | None = None
    """Top-level credit of the file."""
    crs: str | None = None
    """Coordinate system the file declared, where that was not WGS84; the shapes are WGS84 already."""
    notes: tuple[str, ...] = field(default=())
    """What is odd in the file but was put right while reading."""

    @property
    def vertices(self) -> int:
        """Corner points of all shapes together."""
        return sum(len(shapely.get_coordinates(s.geometry)) for s in self.shapes if s.geometry is not None)


def clean_text(value: Any, limit: int = 100) -> str | None:
    """Make text of a stranger's file fit to print: one bounded line, no control characters; None if nothing is left."""
    if value is None or isinstance(value, dict | list | bool):
        return None
    # A few lines are enough; a megabyte of name need not be looked at.
    text = "".join(c if c.isprintable() else " " for c in str(value)[: limit * 10])
    return " ".join(text.split())[:limit] or None


def polygon(rings: Sequence[Sequence[tuple[float, float]]], where: str) -> shapely.Polygon:
    """Build a polygon from an outer ring and holes; an open ring is closed.

    Raises
    ------
    InputError
        If a ring has fewer than three corners.

    """
    for ring in rings:
        if len(set(ring)) < 3:  # noqa: PLR2004 - a triangle
            raise InputError(f"{where} has a ring of {len(set(ring))} different points; a polygon needs at least three")
    if not rings:
        return shapely.Polygon()
    return shapely.Polygon(rings[0], rings[1:])


def line(points: Sequence[tuple[float, float]], where: str) -> shapely.LineString:
    """Build a line.

    Raises
    ------
    InputError
        If it has fewer than two different points.

    """
    if len(set(points)) < 2:  # noqa: PLR2004 - two ends
        raise InputError(f"{where} has a line of {len(set(points))} different points; a line needs at least two")
    return shapely.LineString(points)


def collect(parts: Iterable[Any]) -> Any:
    """Join the parts of one feature: alone as it is, several polygons as a multipolygon, a mixture as a collection."""
    listed = [part for part in parts if part is not None]
    if len(listed) == 1:
        return listed[0]
    kinds = {part.geom_type for part in listed}
    if kinds == {"Polygon"}:
        return shapely.MultiPolygon(listed)
    if kinds == {"LineString"}:
        return shapely.MultiLineString(listed)
    return shapely.GeometryCollection(listed) if listed else None
