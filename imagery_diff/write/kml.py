"""KML 2.2, by the standard library: outlines with names and sentences; every text from a file is a text, never markup.

Source: OGC 07-147r2. A balloon is HTML once the XML is read, so texts in it are escaped twice.
"""

from __future__ import annotations

import html
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

from shapely.geometry.polygon import orient

from imagery_diff.write.drawing import COLOURS, MARKS
from imagery_diff.write.layers import TIME
from imagery_diff.write.words import fit_for_xml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shapely import Polygon
    from shapely.geometry.base import BaseGeometry

    from imagery_diff.write.layers import Layer

_NAMESPACE = "http://www.opengis.net/kml/2.2"
_ZONE_LINE, _LINE_PX, _ZONE_PX = "#FFFFFF", 3, 1.5
_OPAQUE = "ff"
_BALLOON = "$[description]"
"""All that a balloon shows: a name put there by a program would be read as HTML."""
_DATA = {"name": "zone"}
"""Columns that readers would take for a placemark's own members."""


def kml_bytes(
    title: str, layers: Sequence[Layer], notes: Sequence[str], *, times: bool = False, picture: str | None = None
) -> bytes:
    """Return layers as one KML document, a folder each.

    Parameters
    ----------
    title
        Name of the document.
    layers
        What it shows; a row without an outline is left out, as KML would show it nowhere.
    notes
        Paragraphs of the document's balloon: credit, caveats.
    times
        Whether placemarks have a ``TimeSpan``; programs hide what lies outside the moment of their slider.
    picture
        Name of a picture beside the file, for the document's balloon.

    """
    root = ET.Element("kml", xmlns=_NAMESPACE)
    document = ET.SubElement(root, "Document")
    _add(document, "name", title)
    _add(document, "open", "1")
    image = [f'<img src="{html.escape(picture)}" width="800"/>'] if picture else []
    _add(document, "description", "".join([*(f"<p>{html.escape(note)}</p>" for note in notes), *image]))
    for name, colour in {**COLOURS, "zone": _ZONE_LINE}.items():
        _style(document, name, colour, _ZONE_PX if name == "zone" else _LINE_PX)
    for layer in layers:
        folder = ET.SubElement(document, "Folder")
        _add(folder, "name", layer.name)
        for row, outline in zip(layer.rows, layer.outlines, strict=True):
            if outline is not None:
                _placemark(folder, layer, row, outline, times=times)
    ET.indent(root, " ")
    content: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return content + b"\n"


def _add(parent: ET.Element, tag: str, text: str) -> ET.Element:
    child = ET.SubElement(parent, tag)
    child.text = fit_for_xml(text)
    return child


def _style(document: ET.Element, name: str, colour: str, width: float) -> None:
    style = ET.SubElement(document, "Style", id=name)
    line = ET.SubElement(style, "LineStyle")
    red, green, blue = (colour[i : i + 2].lower() for i in (1, 3, 5))
    _add(line, "color", f"{_OPAQUE}{blue}{green}{red}")
    _add(line, "width", str(width))
    _add(ET.SubElement(style, "PolyStyle"), "fill", "0")
    _add(ET.SubElement(style, "BalloonStyle"), "text", _BALLOON)


def _placemark(folder: ET.Element, layer: Layer, row: Mapping[str, Any], outline: BaseGeometry, *, times: bool) -> None:
    placemark = ET.SubElement(folder, "Placemark")
    _add(placemark, "name", _name(layer.name, row))
    # The order of a placemark's children is fixed by the schema.
    _add(placemark, "description", _balloon(layer.name, row))
    span = _span(layer, row) if times else None
    if span is not None:
        placemark.append(span)
    _add(placemark, "styleUrl", f"#{_style_of(layer.name, row)}")
    data = ET.SubElement(placemark, "ExtendedData")
    for name in layer.fields:
        if row[name] is not None and name != "description":
            value = row[name]
            text = ("true" if value else "false") if isinstance(value, bool) else str(value)
            _add(ET.SubElement(data, "Data", name=_DATA.get(name, name)), "value", text)
    parts = getattr(outline, "geoms", [outline])
    inside = ET.SubElement(placemark, "MultiGeometry") if len(parts) > 1 else placemark
    for part in parts:
        _polygon(inside, part)


def _name(layer: str, row: Mapping[str, Any]) -> str:
    """Say what it is in a few words; direction by its mark, as lines have no dashes here."""
    if layer == "regions":
        return f"{MARKS.get(row['direction'], '')} {row['id']} {row['activity']} {row['direction']}".strip()
    if layer == "events":
        return f"{row['id']} {row['event'].replace('_', ' ')}"
    return str(row.get("title") or row.get("name") or row.get("id"))


def _balloon(layer: str, row: Mapping[str, Any]) -> str:
    lines = [_name(layer, row), row.get("description"), row.get("quiet"), row.get("fill")]
    if layer == "zones" and row.get("state"):
        lines.insert(1, f"state: {row['state']}")
    if "review" in row:
        lines.append(f"review: {row['review']}" + (f" ({row['note']})" if row.get("note") else ""))
    lines.append(f"Credit: {row['credit']}")
    return "".join(f"<p>{html.escape(line)}</p>" for line in lines if line)


def _style_of(layer: str, row: Mapping[str, Any]) -> str:
    if layer == "zones":
        return "zone"
    if layer == "look_at":
        return "look"
    event = row.get("event") or ""
    came = event.endswith(("arrived", "appeared", "grew"))
    went = event.endswith(("departed", "disappeared", "shrank"))
    told = row.get("direction") or ("appeared" if came else "disappeared" if went else "changed")
    return told if told in COLOURS else "changed"


def _span(layer: Layer, row: Mapping[str, Any]) -> ET.Element | None:
    """From the earlier to the later moment of a row: dates are windows."""
    moments = sorted(row[name] for name, kind in layer.fields.items() if kind == TIME and row[name] is not None)
    if not moments:
        return None
    span = ET.Element("TimeSpan")
    _add(span, "begin", moments[0])
    _add(span, "end", moments[-1])
    return span


def _polygon(parent: ET.Element, outline: Polygon) -> None:
    polygon = ET.SubElement(parent, "Polygon")
    turned = orient(outline)
    for name, ring in (("outerBoundaryIs", turned.exterior), *(("innerBoundaryIs", r) for r in turned.interiors)):
        linear = ET.SubElement(ET.SubElement(polygon, name), "LinearRing")
        _add(linear, "coordinates", " ".join(f"{x:.7f},{y:.7f}" for x, y in ring.coords))
