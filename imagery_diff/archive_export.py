"""An archive as a GeoPackage: zones, looks, what is said of them now, and events."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import shapely
from shapely.geometry import shape

from imagery_diff import archive
from imagery_diff import archive_schema as schema
from imagery_diff.archive_values import Damaged
from imagery_diff.errors import InputError
from imagery_diff.method.align import footprint
from imagery_diff.write.geojson import wgs84_geometry
from imagery_diff.write.geopackage import save_geopackage
from imagery_diff.write.layers import TIME, Layer

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

_TIMES = {"acquired": TIME, "not_before": TIME, "not_after": TIME}
_ZONE = {"name": "TEXT", "kind": "TEXT", "title": "TEXT", "group": "TEXT", "located": "INTEGER", "accuracy_m": "REAL"}
_LOOK = {
    "acquired": TIME,
    "scene": "TEXT",
    "east_m": "REAL",
    "north_m": "REAL",
    "refused": "TEXT",
    "simulated": "INTEGER",
    "credit": "TEXT",
}


def export(path: str | Path, target: str | Path) -> Path:
    """Write what an archive says now as a GeoPackage; the archive is opened for reading only.

    Parameters
    ----------
    path
        The archive.
    target
        A new file; ``zones``, ``looks`` (the frame, once a look), ``observations`` (the zone, once a row) and
        ``events``, in WGS84, with times in UTC.

    Raises
    ------
    InputError
        If it is no archive, or damaged.
    OutputError
        If the file exists or cannot be written.
    MissingExtraError
        If pyogrio is not installed.

    """
    held = archive.contents(path)
    try:
        layers = _layers(held)
    except (KeyError, TypeError, ValueError, AttributeError, Damaged, shapely.GEOSException) as error:
        raise InputError(
            f"{Path(path).name}: the archive is damaged: it holds an outline or a row that is none"
            " of this tool; take a copy, or begin anew"
        ) from error
    return save_geopackage(target, layers)


def _layers(held: archive.Contents) -> list[Layer]:
    zones = {f["properties"]["name"]: f for f in held.aoi["features"] if f["properties"]["role"] == "zone"}
    outlines = {name: shape(f["geometry"]) for name, f in zones.items()}
    grid = held.frame.grid
    assert grid.crs is not None
    frame = wgs84_geometry(footprint(grid, grid.crs), grid.crs)
    rows = [{name: f["properties"].get(name) for name in _ZONE} for f in zones.values()]
    for row in rows:
        row["located"] = int(row["located"] is not False)
    happened = {**schema.HAPPENED, **{k: v for k, v in _TIMES.items() if k in schema.HAPPENED}}
    return [
        Layer(name="zones", fields=_ZONE, rows=rows, outlines=list(outlines.values())),
        Layer(name="looks", fields=_LOOK, rows=held.looks, outlines=[frame] * len(held.looks)),
        Layer(
            name="observations",
            fields={**schema.OBSERVED, "acquired": TIME},
            rows=held.observations,
            outlines=[outlines[row["zone"]] for row in held.observations],
        ),
        Layer(name="events", fields=happened, rows=held.events, outlines=[_outline(row) for row in held.events]),
    ]


def _outline(row: dict[str, Any]) -> BaseGeometry | None:
    return None if row["wkt"] is None else shapely.from_wkt(row["wkt"])
