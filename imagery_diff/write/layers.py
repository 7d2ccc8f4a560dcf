"""A table with outlines: what a GeoPackage, a KML, a CSV and a GeoParquet are written from."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shapely.geometry.base import BaseGeometry

TEXT, WHOLE, REAL, TIME, FLAG = "TEXT", "INTEGER", "REAL", "TIME", "FLAG"


@dataclass(frozen=True, kw_only=True, eq=False)
class Layer:
    """A table with outlines."""

    name: str
    fields: Mapping[str, str]
    """Name -> ``TEXT``, ``INTEGER``, ``REAL``, ``TIME`` (ISO 8601, UTC) or ``FLAG`` (true or false)."""
    rows: Sequence[Mapping[str, Any]]
    outlines: Sequence[BaseGeometry | None]
    """WGS84, of each row; polygons."""


def utc(text: str) -> dt.datetime:
    """Return a moment as UTC without a zone, as files of tables keep it."""
    moment = dt.datetime.fromisoformat(text)
    return moment.astimezone(dt.UTC).replace(tzinfo=None) if moment.tzinfo else moment
