"""KML and KMZ, read with suspicion: no entities, no DTD, bounded size and depth, nothing from outside the file."""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError

import shapely
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from imagery_diff.errors import InputError
from imagery_diff.read.aois.drawing import MAX_BYTES, MAX_FEATURES, Drawing, Shape, clean_text, collect, line, polygon

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

_MAX_DEPTH = 100
"""Folders in folders; a deeper file is made to hurt."""


def parse_kml(raw: bytes, name: str, kind: str = "KML") -> Drawing:
    """Read the text of a KML file called ``name``: the polygons, lines and points of its placemarks.

    Raises
    ------
    InputError
        If it is not well-formed XML, declares entities, is nested too deep, or is not KML.

    """
    root = _tree(raw, name)
    if _tag(root) not in {"kml", "Document", "Folder", "Placemark"}:
        raise InputError(f"AOI file {name} is XML but not KML: it begins with <{clean_text(_tag(root), 40)}>")
    placemarks = [element for element in root.iter() if _tag(element) == "Placemark"]
    if len(placemarks) > MAX_FEATURES:
        raise InputError(f"AOI file {name} has {len(placemarks)} placemarks, at most {MAX_FEATURES} are read")
    shapes = tuple(_shape(placemark, i, name) for i, placemark in enumerate(placemarks, start=1))
    linked = any(_tag(element) == "NetworkLink" for element in root.iter())
    notes = ("it links to other files on the network, which are not read",) if linked else ()
    return Drawing(kind=kind, shapes=shapes, notes=notes)


def parse_kmz(raw: bytes, name: str) -> Drawing:
    """Read a KMZ file (a zip with a KML in it); its pictures are not touched.

    Raises
    ------
    InputError
        If it is no zip, holds no KML, is encrypted, or would unpack to more than is allowed.

    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            members = [info for info in archive.infolist() if info.filename.lower().endswith(".kml")]
            if not members:
                raise InputError(
                    f"AOI file {name} is a zip without a KML in it; unpack it and give the GeoJSON, KML, .gpkg or .shp"
                )
            first = next((info for info in members if info.filename.lower() == "doc.kml"), members[0])
            # The size in the directory may lie, so what is read is bounded, not what is said.
            with archive.open(first) as stream:
                text = stream.read(MAX_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"AOI file {name} cannot be unpacked as KMZ ({clean_text(error)}); save it again") from error
    if len(text) > MAX_BYTES:
        raise InputError(f"AOI file {name} unpacks to more than {MAX_BYTES // 1_000_000} MB; keep the outlines only")
    return parse_kml(text, name, "KMZ")


def _tree(raw: bytes, name: str) -> Element:
    """Parse with a depth limit; defusedxml refuses entities and external references, forbid_dtd any DTD."""
    depth = 0
    root: Element | None = None
    try:
        for event, element in iterparse(io.BytesIO(raw), events=("start", "end"), forbid_dtd=True):
            root = element if root is None else root
            depth += 1 if event == "start" else -1
            if depth > _MAX_DEPTH:
                raise InputError(f"AOI file {name} is nested more than {_MAX_DEPTH} deep; draw it again")
    except ParseError as error:
        raise InputError(f"AOI file {name} is not well-formed XML ({clean_text(error)}); export it again") from error
    except DefusedXmlException as error:
        raise InputError(f"AOI file {name} declares a DTD or entities, which no KML needs; it is refused") from error
    except (ValueError, LookupError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"AOI file {name} is XML in an encoding that cannot be read; save it as UTF-8") from error
    if root is None:
        raise InputError(f"AOI file {name} holds no XML element")
    return root


def _tag(element: Element) -> str:
    """Tag without its namespace: Google, OGC and hand-made files differ in it."""
    return str(element.tag).rpartition("}")[2]


def _children(element: Element, tag: str) -> list[Element]:
    return [child for child in element if _tag(child) == tag]


def _shape(placemark: Element, number: int, name: str) -> Shape:
    properties = _properties(placemark)
    label = clean_text(properties.get("name"), 40)
    where = f"placemark {number}" + (f" {label!r}" if label else "")
    parts = list(_parts(placemark, f"AOI file {name}: {where}"))
    return Shape(where=where, geometry=collect(parts), properties=properties)


def _properties(placemark: Element) -> dict[str, Any]:
    """Name of the placemark, and its extended data (``<Data name="kind"><value>berth``, or ``SimpleData``)."""
    properties: dict[str, Any] = {"id": placemark.get("id")} if placemark.get("id") else {}
    for element in placemark.iter():
        key = element.get("name")
        if _tag(element) == "Data" and key:
            properties[key] = next((value.text for value in _children(element, "value")), None)
        elif _tag(element) == "SimpleData" and key:
            properties[key] = element.text
    for element in _children(placemark, "name"):
        properties["name"] = element.text
    return properties


def _parts(placemark: Element, where: str) -> Iterator[shapely.Geometry]:
    for element in placemark.iter():
        if _tag(element) == "Polygon":
            yield polygon(list(_rings(element, where)), where)
        elif _tag(element) == "LineString":
            yield line(_points(element, where), where)
        elif _tag(element) == "Point":
            for point in _points(element, where)[:1]:
                yield shapely.Point(point)


def _rings(element: Element, where: str) -> Iterator[list[tuple[float, float]]]:
    for boundary in ("outerBoundaryIs", "innerBoundaryIs"):
        for side in _children(element, boundary):
            for ring in _children(side, "LinearRing"):
                yield _points(ring, where)


def _points(element: Element, where: str) -> list[tuple[float, float]]:
    """Read ``<coordinates>lon,lat[,height] …``; the height is dropped."""
    texts = [child.text or "" for child in _children(element, "coordinates")]
    return [_point(token, where) for text in texts for token in text.split()]


def _point(token: str, where: str) -> tuple[float, float]:
    numbers = token.split(",")
    try:
        x, y = float(numbers[0]), float(numbers[1])
    except (ValueError, IndexError) as error:
        raise InputError(
            f"{where} has coordinates {clean_text(token, 40)!r}; KML wants 'lon,lat' or 'lon,lat,height'"
        ) from error
    if not (math.isfinite(x) and math.isfinite(y)):
        raise InputError(f"{where} has coordinates {clean_text(token, 40)!r}, which are not finite")
    return (x, y)
