"""GeoPackage, through pyogrio (extra ``vector``): layers with their styles, and times that QGIS reads."""

from __future__ import annotations

import os
import secrets
import sqlite3
import tempfile
import warnings
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from imagery_diff.aoi import WGS84, reproject
from imagery_diff.errors import MissingExtraError, OutputError
from imagery_diff.write.layers import FLAG, TEXT, TIME, WHOLE, Layer, utc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_UTC = 100
"""GDAL's word for UTC among time zones (OGR_TZFLAG_UTC)."""
_STYLES = """CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256),
 f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT,
 styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
 update_time DATETIME DEFAULT CURRENT_TIMESTAMP)"""
"""The table that QGIS looks for styles in, as QGIS makes it."""


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
    pyogrio = _pyogrio()
    fresh = path.with_name(f".{path.stem[:40]}.{secrets.token_hex(6)}.partial.gpkg")
    try:
        _write_all(pyogrio, fresh, layers, WGS84)
        # A link fails where the file came to be meanwhile; a rename would replace it.
        os.link(fresh, path)
    except (OSError, pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise OutputError(f"cannot write {path.name} ({error}); name another file with -o") from error
    finally:
        for left in path.parent.glob(f"{fresh.name}*"):
            left.unlink()
    return path


def geopackage_bytes(layers: Sequence[Layer], crs: str, styles: Mapping[str, bytes], moment: str) -> bytes:
    """Return a GeoPackage, the same bytes for the same content and libraries.

    Parameters
    ----------
    layers
        What it holds; outlines are brought from WGS84 to ``crs``.
    crs
        Coordinate system of the layers.
    styles
        Layer -> QML, stored as its default style in the table ``layer_styles``.
    moment
        ISO 8601, UTC: what stands as the time of the last change.

    Raises
    ------
    MissingExtraError
        If pyogrio is not installed.
    OutputError
        If GDAL cannot write it.

    """
    pyogrio = _pyogrio()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "layers.gpkg"
        try:
            _write_all(pyogrio, path, layers, crs)
            return _finished(path, styles, f"{utc(moment):%Y-%m-%dT%H:%M:%S}.000Z")
        except (OSError, sqlite3.Error, pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
            raise OutputError(f"cannot write the GeoPackage ({error})") from error


def _pyogrio() -> Any:
    try:
        import pyogrio  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise MissingExtraError(
            'a GeoPackage is written with pyogrio, which is an extra: pip install "imagery-diff[vector]"'
        ) from error
    return pyogrio


def _finished(path: Path, styles: Mapping[str, bytes], moment: str) -> bytes:
    """Store styles as QGIS does, and one moment for everything that would tell when this ran; return the file."""
    with closing(sqlite3.connect(path)) as db, db:
        if styles:
            db.execute(_STYLES)
            db.execute(
                "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change)"
                " VALUES ('layer_styles', 'attributes', 'layer_styles', '', ?)",
                (moment,),
            )
        for name, qml in styles.items():
            column = db.execute(
                "SELECT column_name FROM gpkg_geometry_columns WHERE table_name = ?", (name,)
            ).fetchone()[0]
            db.execute(
                "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName,"
                " styleQML, styleSLD, useAsDefault, description, owner, update_time)"
                " VALUES ('', '', ?, ?, ?, ?, '', 1, 'imagery-diff', '', ?)",
                (name, column, name, qml.decode(), moment),
            )
        db.execute("UPDATE gpkg_contents SET last_change = ?", (moment,))
    clean = path.with_suffix(".clean.gpkg")
    with closing(sqlite3.connect(path)) as db:
        # Into a new file: the old one holds GDAL's own moment in its gaps, and counts how often it was written to.
        db.execute("VACUUM INTO ?", (str(clean),))
    return clean.read_bytes()


def _write_all(pyogrio: Any, path: Path, layers: Sequence[Layer], crs: str) -> None:
    with warnings.catch_warnings():
        # GDAL's own remarks on how it stores what it is given.
        warnings.simplefilter("ignore")
        for number, layer in enumerate(layers):
            _write(pyogrio, path, layer, crs, append=number > 0)


def _write(pyogrio: Any, path: Path, layer: Layer, crs: str, *, append: bool) -> None:
    columns = [_column([row[name] for row in layer.rows], kind) for name, kind in layer.fields.items()]
    outlines = [None if o is None else shapely.to_wkb(reproject(o, WGS84, crs)) for o in layer.outlines]
    pyogrio.raw.write(
        path,
        geometry=np.array(outlines, object),
        field_data=[column for column, _ in columns],
        field_mask=[mask for _, mask in columns],
        fields=list(layer.fields),
        layer=layer.name,
        driver="GPKG",
        geometry_type="MultiPolygon",
        promote_to_multi=True,
        crs=crs,
        append=append,
        # What QGIS of some years ago reads without doubts.
        dataset_options={"VERSION": "1.2"},
        gdal_tz_offsets={name: np.full(len(layer.rows), _UTC) for name, k in layer.fields.items() if k == TIME},
    )


def _column(values: Sequence[Any], kind: str) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Return a column and where it has nothing."""
    lacking = np.array([v is None for v in values], bool)
    if kind == TIME:
        times = [np.datetime64("NaT") if v is None else np.datetime64(utc(v)) for v in values]
        return np.array(times, "datetime64[ms]"), lacking
    if kind == TEXT:
        return np.array(values, object), None
    numbers = [0 if v is None else v for v in values]
    return np.array(numbers, {WHOLE: np.int64, FLAG: np.bool_}.get(kind, np.float64)), lacking
