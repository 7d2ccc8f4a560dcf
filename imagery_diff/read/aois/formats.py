"""Which format a file of outlines is in, told by its first bytes and not by its name, and the reader for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagery_diff.errors import InputError, InputNotFoundError
from imagery_diff.read.aois.drawing import MAX_BYTES
from imagery_diff.read.aois.geojson import parse_geojson
from imagery_diff.read.aois.kml import parse_kml, parse_kmz
from imagery_diff.read.aois.vector import parse_vector

if TYPE_CHECKING:
    from pathlib import Path

    from imagery_diff.read.aois.drawing import Drawing

_IMAGES = (b"II*\0", b"MM\0*", b"II+\0", b"\x89PNG", b"\xff\xd8\xff", b"\0\0\0\x0cjP")
_SHAPEFILE = b"\0\0\x27\x0a"
_SQLITE = b"SQLite format 3\0"
_GEOPACKAGE = (b"GPKG", b"GP10", b"GP11")
"""Application id in the SQLite header; other SQLite files could make GDAL open other drivers."""


def read_drawing(path: Path) -> Drawing:
    """Read a file of outlines: GeoJSON, KML, KMZ, and with the extra ``vector`` GeoPackage and Shapefile.

    Raises
    ------
    InputNotFoundError
        If there is no such file.
    InputError
        If it is too big, unreadable, or none of these.

    """
    raw = _bytes(path)
    start = raw.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if raw.startswith(b"PK"):
        return parse_kmz(raw, path.name)
    if raw.startswith(_SQLITE):
        if raw[68:72] not in _GEOPACKAGE:
            raise InputError(f"AOI file {path.name} is an SQLite data base but not a GeoPackage; export it as GeoJSON")
        return parse_vector(path, "GeoPackage")
    if raw.startswith(_SHAPEFILE):
        return parse_vector(path, "Shapefile")
    if raw.startswith(_IMAGES):
        raise InputError(
            f"AOI {path.name} is an image; the order is AOI BEFORE AFTER, with AOI '-' for the common ground"
        )
    if start == b"<":
        return parse_kml(raw, path.name)
    # UTF-16, as some Windows editors save, begins with a byte order mark; json.loads sorts it out.
    if start in {b"{", b"["} or raw[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return parse_geojson(raw, path.name)
    found = "empty" if not raw.strip() else "none of GeoJSON, KML, KMZ, GeoPackage, Shapefile (the .shp)"
    raise InputError(f"AOI file {path.name} is {found}; export the outlines as GeoJSON")


def _bytes(path: Path) -> bytes:
    try:
        if not path.exists():
            raise InputNotFoundError(f"AOI file {path.name} was to be read, but there is no such file")
        # A device or a pipe would never end.
        if not path.is_file():
            raise InputError(f"AOI {path.name} is not a file of outlines (a folder or a device); give a file")
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, InputError | InputNotFoundError):
            raise
        reason = clean if (clean := getattr(error, "strerror", None)) else "not a usable path"
        raise InputError(f"AOI file {path.name} cannot be opened: {reason}") from error
    if len(raw) > MAX_BYTES:
        raise InputError(
            f"AOI file {path.name} is larger than {MAX_BYTES // 1_000_000} MB; keep only the outlines needed"
        )
    return raw
