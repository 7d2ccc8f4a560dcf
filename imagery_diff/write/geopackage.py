"""GeoPackage, through pyogrio (extra ``vector``): layers with times that QGIS's temporal controller reads."""

from __future__ import annotations

import datetime as dt
import os
import secrets
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from imagery_diff.errors import MissingExtraError, OutputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

_UTC = 100
"""GDAL's word for UTC among time zones (OGR_TZFLAG_UTC)."""
_TEXT, _WHOLE, _REAL, TIME = "TEXT", "INTEGER", "REAL", "TIME"


@dataclass(frozen=True, kw_only=True, eq=False)
class Layer:
    """A table with outlines."""

    name: str
    fields: Mapping[str, str]
    """Name -> ``TEXT``, ``INTEGER``, ``REAL`` or ``TIME`` (ISO 8601, UTC)."""
    rows: Sequence[Mapping[str, Any]]
    outlines: Sequence[BaseGeometry | None]
    """WGS84, of each row; polygons."""


def save_geopackage(target: str | Path, layers: Sequence[Layer]) -> Path:
    """Write layers into a new file, all of it or nothing.

    Raises
    ------
    OutputError
        If the file exists or cannot be written.
    MissingExtraError
        If pyogrio is not installed.

    """
    path = Path(os.path.abspath(target))  # noqa: PTH100 - resolve() would follow a link to another place
    if os.path.lexists(path):
        raise OutputError(f"cannot write {path.name}: it exists; name another file with -o, or move it away")
    if not path.parent.is_dir():
        raise OutputError(f"cannot write {path.name}: its folder is not there; make it, or name another file with -o")
    try:
        import pyogrio  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise MissingExtraError(
            'a GeoPackage is written with pyogrio, which is an extra: pip install "imagery-diff[vector]"'
        ) from error
    fresh = path.with_name(f".{path.stem[:40]}.{secrets.token_hex(6)}.partial.gpkg")
    try:
        with warnings.catch_warnings():
            # GDAL's own remarks on how it stores what it is given.
            warnings.simplefilter("ignore")
            for number, layer in enumerate(layers):
                _write(pyogrio, fresh, layer, append=number > 0)
        # A link fails where the file came to be meanwhile; a rename would replace it.
        os.link(fresh, path)
    except (OSError, pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise OutputError(f"cannot write {path.name} ({error}); name another file with -o") from error
    finally:
        for left in path.parent.glob(f"{fresh.name}*"):
            left.unlink()
    return path


def _write(pyogrio: Any, path: Path, layer: Layer, *, append: bool) -> None:
    columns = [_column([row[name] for row in layer.rows], kind) for name, kind in layer.fields.items()]
    pyogrio.raw.write(
        path,
        geometry=np.array([None if o is None else shapely.to_wkb(o) for o in layer.outlines], object),
        field_data=[column for column, _ in columns],
        field_mask=[mask for _, mask in columns],
        fields=list(layer.fields),
        layer=layer.name,
        driver="GPKG",
        geometry_type="MultiPolygon",
        promote_to_multi=True,
        crs="EPSG:4326",
        append=append,
        gdal_tz_offsets={name: np.full(len(layer.rows), _UTC) for name, k in layer.fields.items() if k == TIME},
    )


def _column(values: Sequence[Any], kind: str) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Return a column and where it has nothing."""
    lacking = np.array([v is None for v in values], bool)
    if kind == TIME:
        times = [np.datetime64("NaT") if v is None else np.datetime64(_utc(v)) for v in values]
        return np.array(times, "datetime64[ms]"), lacking
    if kind == _TEXT:
        return np.array(values, object), None
    numbers = [0 if v is None else v for v in values]
    return np.array(numbers, np.int64 if kind == _WHOLE else np.float64), lacking


def _utc(text: str) -> dt.datetime:
    moment = dt.datetime.fromisoformat(text)
    return moment.astimezone(dt.UTC).replace(tzinfo=None) if moment.tzinfo else moment
