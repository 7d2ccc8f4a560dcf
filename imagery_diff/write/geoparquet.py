"""GeoParquet 1.1, through pyarrow (extra ``parquet``): a layer a file, longitude and latitude, moments as moments.

pyarrow writes the Parquet and shapely the WKB; what makes it GeoParquet is one JSON text in the file's metadata
(geoparquet.org/releases/v1.1.0). GDAL's driver for it is in no wheel of pyogrio or rasterio.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import shapely
from pyproj import CRS
from shapely import MultiPolygon, Polygon
from shapely.geometry.polygon import orient

from imagery_diff.errors import MissingExtraError
from imagery_diff.write.geojson import bounding_box
from imagery_diff.write.layers import FLAG, REAL, TEXT, TIME, WHOLE, Layer, utc
from imagery_diff.write.model import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shapely.geometry.base import BaseGeometry

VERSION = "1.1.0"
PROVENANCE = "imagery_diff"
"""Key of the file's metadata under which stands, as JSON, what it was made from."""
_GEOMETRY, _BBOX = "geometry", "bbox"
_SIDES = ("xmin", "ymin", "xmax", "ymax")


def geoparquet_bytes(layer: Layer, provenance: Mapping[str, Any]) -> bytes:
    """Return a layer as GeoParquet, the same bytes for the same content and libraries.

    Parameters
    ----------
    layer
        Its columns keep their names and order; ``geometry`` (WKB, OGC:CRS84) and ``bbox`` follow.
    provenance
        What stands in the metadata of the file: of what it was made, and by what.

    Raises
    ------
    MissingExtraError
        If pyarrow is not installed.

    """
    pa, parquet = _pyarrow()
    outlines = [_turned(o) for o in layer.outlines]
    kinds = {TEXT: pa.string(), WHOLE: pa.int64(), REAL: pa.float64(), FLAG: pa.bool_()}
    # Microseconds hold any moment of an image; with a zone Parquet calls them instants and not local times.
    kinds[TIME] = pa.timestamp("us", tz="UTC")
    columns = {
        name: pa.array([_value(row[name], kind) for row in layer.rows], kinds[kind])
        for name, kind in layer.fields.items()
    }
    boxes = [o and dict(zip(_SIDES, o.bounds, strict=True)) for o in outlines]
    columns[_GEOMETRY] = pa.array([o and shapely.to_wkb(o, byte_order=1) for o in outlines], pa.binary())
    columns[_BBOX] = pa.array(boxes, pa.struct([(side, pa.float64()) for side in _SIDES]))
    told = {"geo": _geo([o for o in outlines if o is not None]), PROVENANCE: plain(provenance)}
    metadata = {name: json.dumps(text, ensure_ascii=False, allow_nan=False) for name, text in told.items()}
    sink = pa.BufferOutputStream()
    # As the guide to distributing GeoParquet recommends.
    parquet.write_table(pa.table(columns).replace_schema_metadata(metadata), sink, compression="zstd")
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow  # noqa: ICN001, PLC0415 - an optional extra
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError(
            'GeoParquet is written with pyarrow, which is an extra: pip install "imagery-diff[parquet]"'
        ) from error
    return pyarrow, parquet


def _value(value: Any, kind: str) -> Any:
    """Return what Arrow takes; a text that is no UTF-8, as a file's name may be, as one that is."""
    if value is None:
        return None
    return utc(value).replace(tzinfo=dt.UTC) if kind == TIME else plain(value)


def _turned(outline: BaseGeometry | None) -> Polygon | MultiPolygon | None:
    """Turn outer rings counterclockwise and holes clockwise, as the metadata say they are."""
    if outline is None:
        return None
    if isinstance(outline, MultiPolygon):
        return MultiPolygon([orient(part) for part in outline.geoms])
    assert isinstance(outline, Polygon)
    return orient(outline)


def _geo(outlines: list[Polygon | MultiPolygon]) -> dict[str, Any]:
    """Return what the file says of its geometry; outlines are cut at the antimeridian, so edges are planar."""
    column: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": sorted({o.geom_type for o in outlines}),
        "crs": CRS.from_user_input("OGC:CRS84").to_json_dict(),
        "orientation": "counterclockwise",
        "edges": "planar",
        "covering": {"bbox": {side: [_BBOX, side] for side in _SIDES}},
    }
    if outlines:
        column["bbox"] = bounding_box(outlines)
    return {"version": VERSION, "primary_column": _GEOMETRY, "columns": {_GEOMETRY: column}}
