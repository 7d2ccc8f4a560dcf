"""GeoPackage and Shapefile, through pyogrio (extra ``vector``)."""

from __future__ import annotations

import contextlib
import sqlite3
import warnings
from typing import TYPE_CHECKING, Any

import shapely

from imagery_diff.aoi import WGS84, reproject
from imagery_diff.errors import InputError, MissingExtraError
from imagery_diff.read.aois.drawing import MAX_FEATURES, Drawing, Shape, clean_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def parse_vector(path: Path, kind: str) -> Drawing:
    """Read every layer with shapes of a GeoPackage or Shapefile.

    Raises
    ------
    MissingExtraError
        If pyogrio is not installed.
    InputError
        If the file cannot be read, holds too much, or does not say its coordinate system.

    """
    if kind == "GeoPackage":
        _refuse_views(path)
    try:
        import pyogrio  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise MissingExtraError(
            f'AOI file {path.name} is a {kind}, which needs an extra: pip install "imagery-diff[vector]";'
            " GeoJSON, KML and KMZ work without"
        ) from error
    try:
        with warnings.catch_warnings():
            # GDAL's own remarks; what matters of them is in our error.
            warnings.simplefilter("ignore")
            tables = _tables(path)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError) as error:
        raise InputError(
            f"AOI file {path.name} cannot be read as {kind} ({clean_text(error)}); save it again"
        ) from error
    shapes = [shape for layer, table in tables for shape in _shapes(table, layer, path.name)]
    if len(shapes) > MAX_FEATURES:
        raise InputError(f"AOI file {path.name} has more than {MAX_FEATURES} shapes; save only those needed")
    systems = {str(table[0]["crs"]) for _, table in tables} - {"None", WGS84}
    crs = clean_text(", ".join(sorted(systems)), 60)
    return Drawing(kind=kind, shapes=tuple(shapes), crs=crs)


def _refuse_views(path: Path) -> None:
    """Refuse a data base with views: they are programs, which may run for ever or ask GDAL for other files."""
    try:
        # Immutable: no journal beside it is looked at.
        base = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        with contextlib.closing(base):
            views = base.execute("SELECT count(*) FROM sqlite_master WHERE type = 'view'").fetchone()[0]
    except sqlite3.Error as error:
        raise InputError(
            f"AOI file {path.name} cannot be read as GeoPackage ({clean_text(error)}); save it again"
        ) from error
    if views:
        raise InputError(f"AOI file {path.name} holds views, which are programs; export the outlines as GeoJSON")


def _tables(path: Path) -> list[tuple[str, tuple[Any, ...]]]:
    """Read every layer that has shapes, with its name."""
    import pyogrio  # noqa: PLC0415 - an optional extra

    layers = [str(layer) for layer, geometry in pyogrio.list_layers(path) if geometry is not None]
    return [(layer, pyogrio.raw.read(path, layer=layer, max_features=MAX_FEATURES + 1)) for layer in layers]


def _shapes(table: tuple[Any, ...], layer: str, name: str) -> Iterator[Shape]:
    meta, _, wkb, columns = table
    crs = meta["crs"]
    fields = [str(field) for field in meta["fields"]]
    for i, blob in enumerate(wkb):
        properties = {field: _plain(column[i]) for field, column in zip(fields, columns, strict=True)}
        label = clean_text(properties.get("name"), 40)
        where = f"layer {clean_text(layer, 40)!r} row {i + 1}" + (f" {label!r}" if label else "")
        yield Shape(where=where, geometry=_geometry(blob, crs, f"AOI file {name}: {where}"), properties=properties)


def _geometry(blob: Any, crs: str | None, where: str) -> Any:
    """Shapely geometry in WGS84. Without a declared system, degrees are believed where they can be degrees."""
    if blob is None:
        return None
    try:
        geometry = shapely.force_2d(shapely.from_wkb(blob))
    except shapely.errors.GEOSException as error:
        raise InputError(f"{where} has a shape that cannot be read ({clean_text(error)})") from error
    if crs is not None:
        try:
            return reproject(geometry, crs, WGS84)
        except InputError as error:
            raise InputError(f"{where}: {error}; save the file as WGS84 (EPSG:4326)") from error
    left, bottom, right, top = geometry.bounds
    if left < -180 or right > 180 or bottom < -90 or top > 90:  # noqa: PLR2004 - the range of degrees
        raise InputError(
            f"{where} is not in degrees and the file names no coordinate system; add the .prj or save as WGS84"
        )
    return geometry


def _plain(value: Any) -> Any:
    """Turn a numpy scalar into Python, and a missing number (NaN) into None."""
    found = value.item() if hasattr(value, "item") else value
    return None if found is None or found != found else found  # noqa: PLR0124 - NaN differs from itself
