"""Styles as QGIS keeps them (QML): lines as in our pictures, labels, and forms in which review and note are edited.

Read by QGIS 3.22 and later. Texts from files stand in columns, never in a style; where QGIS reads HTML
they are escaped.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imagery_diff.write.drawing import COLOURS, MARKS
from imagery_diff.write.layers import FLAG, REAL, TEXT, TIME, WHOLE, Layer
from imagery_diff.write.retold import ACCEPTED, REJECTED, UNREVIEWED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VERSION = "3.22.16"
_DARK, _PAPER, _GREY = "#1C1C1C", "#FFFFFF", "#A6A6A6"
_REGION_MM, _ZONE_MM, _HALO_MM = 0.7, 0.35, 0.7
REVIEWS = (UNREVIEWED, ACCEPTED, REJECTED)
EDITABLE = ("review", "note")
_PENS = {"appeared": "solid", "disappeared": "dash", "changed": "dot", "look": "dash"}
_CAME = ("vessel_arrived", "cargo_appeared", "cargo_grew", "rail_appeared")
_WENT = ("vessel_departed", "cargo_disappeared", "cargo_shrank", "rail_disappeared")
_OTHER_EVENTS = ("vessel_moved", "visit_inferred", "stockpile_changed", "construction")
_ZONE_SCALE = 15_000
"""Scale from which on zones are labelled: beyond it their names cover what they name."""
_ALPHA_PROPERTY = "3"
"""QGIS's number of a symbol's opacity among what data may define."""
_MULTIPOLYGON = "6"


@dataclass(frozen=True, kw_only=True)
class _Line:
    """How an outline is drawn: a dark halo below, so that it shows on any ground."""

    value: str
    """Of the column that tells."""
    label: str
    colour: str
    pen: str = "solid"
    width_mm: float = _REGION_MM
    fill: str | None = None
    """Pattern of the inside, if any."""


def vector_style(layer: Layer) -> list[ET.Element]:
    """Return the parts of a layer's style, in the order in which QGIS writes them."""
    lines, column = _lines(layer.name)
    parts = [_temporal(layer), _renderer(lines, column, faded="review" in layer.fields), _labels(layer.name)]
    parts += [_forms(layer), _editable(layer)]
    named = next(name for name in ("id", "name", "zone") if name in layer.fields)
    return [*parts, _text("previewExpression", f'"{named}"'), _text("mapTip", _tip(layer))]


def qml(parts: Sequence[ET.Element], *, labels: bool = False) -> bytes:
    """Return a style as a file."""
    root = ET.Element("qgis", version=VERSION, styleCategories="AllStyleCategories", labelsEnabled=str(int(labels)))
    root.extend(parts)
    return xml_bytes(root)


def xml_bytes(root: ET.Element) -> bytes:
    """Return XML as QGIS reads it."""
    ET.indent(root, " ")
    content: bytes = ET.tostring(root, encoding="utf-8")
    return b"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + content + b"\n"


def evidence_style() -> list[ET.Element]:
    """Return the style of evidence.tif: white where nothing differs, dark where much does; nothing where not looked."""
    # Single-hue, so that it reads in grey as well; 5 spreads are where a region may begin.
    ramp = [(0.0, "#FFFFFF", "0"), (2.5, "#E8E8F0", "2.5"), (5.0, "#B9B7D9", "5"), (10.0, "#7467AE", "10")]
    ramp += [(20.0, "#3F1F78", "20"), (40.0, "#1B0736", "40 and more")]
    pipe = ET.Element("pipe")
    renderer = ET.SubElement(
        pipe,
        "rasterrenderer",
        type="singlebandpseudocolor",
        band="1",
        opacity="1",
        alphaBand="-1",
        classificationMin="0",
        classificationMax="40",
    )
    shader = ET.SubElement(
        ET.SubElement(renderer, "rastershader"),
        "colorrampshader",
        colorRampType="INTERPOLATED",
        classificationMode="1",
        clip="0",
        minimumValue="0",
        maximumValue="40",
    )
    for value, colour, label in ramp:
        ET.SubElement(shader, "item", value=str(value), color=colour, alpha="255", label=label)
    return [pipe]


def image_style(bands: Sequence[int], limits: Sequence[tuple[float, float]]) -> list[ET.Element]:
    """Return the style of an image: one linear stretch.

    Parameters
    ----------
    bands
        Numbers from 1: red, green, blue, or one for grey.
    limits
        What becomes black and white, of each band.

    """
    pipe = ET.Element("pipe")
    enhanced = {3: ("redContrastEnhancement", "greenContrastEnhancement", "blueContrastEnhancement")}
    names = enhanced.get(len(bands), ("contrastEnhancement",))
    attributes = (
        dict(zip(("redBand", "greenBand", "blueBand"), map(str, bands), strict=True))
        if len(bands) == len(names) > 1
        else {"grayBand": str(bands[0]), "gradient": "BlackToWhite"}
    )
    kind = "multibandcolor" if len(names) > 1 else "singlebandgray"
    renderer = ET.SubElement(pipe, "rasterrenderer", {"type": kind, "opacity": "1", "alphaBand": "-1", **attributes})
    for name, (low, high) in zip(names, limits, strict=True):
        part = ET.SubElement(renderer, name)
        part.extend([_text("minValue", f"{low:.9g}"), _text("maxValue", f"{high:.9g}")])
        part.append(_text("algorithm", "StretchToMinimumMaximum"))
    return [pipe]


def _lines(layer: str) -> tuple[list[_Line], str]:
    """Return the lines of a layer and the column, or expression, that tells which is whose."""
    words = {"appeared": "appeared", "disappeared": "disappeared", "changed": "changed"}
    if layer == "regions":
        return [_told(d, d, f"{MARKS[d]} {word}") for d, word in words.items()], "direction"
    if layer == "look_at":
        return [_told("", "look", "look at this: small and bright under the cloud mask")], "id"
    if layer == "events":
        kinds = (("appeared", _CAME), ("disappeared", _WENT), ("changed", _OTHER_EVENTS))
        return [_told(e, d, f"{MARKS[d]} {e.replace('_', ' ')}") for d, events in kinds for e in events], "event"
    if layer == "observations":
        return [
            _Line(value="yes", label="something is seen", colour="#009E73", width_mm=_REGION_MM, fill="solid"),
            _Line(value="no", label="nothing of the reported size", colour=_PAPER, width_mm=_ZONE_MM),
            _Line(value="unknown", label="unknown", colour=_GREY, pen="dot", width_mm=_ZONE_MM, fill="b_diagonal"),
            _Line(value="", label="not asked", colour=_GREY, pen="dot", width_mm=_ZONE_MM),
        ], "state_raw"
    return [
        _Line(value="flagged", label="zone: flagged", colour=_PAPER, width_mm=2 * _ZONE_MM),
        _zone("look at this", COLOURS["look"], "dash"),
        _zone("nothing flagged", _PAPER, "solid"),
        _zone("unknown", _GREY, "dash", fill="b_diagonal"),
        _zone("ignored", _GREY, "dot"),
        _Line(value="", label="zone", colour=_PAPER, width_mm=_ZONE_MM),
    ], "state"


def _zone(state: str, colour: str, pen: str, fill: str | None = None) -> _Line:
    return _Line(value=state, label=f"zone: {state}", colour=colour, pen=pen, width_mm=_ZONE_MM, fill=fill)


def _told(value: str, way: str, label: str) -> _Line:
    return _Line(value=value, label=label, colour=COLOURS[way], pen=_PENS[way])


def _renderer(lines: Sequence[_Line], column: str, *, faded: bool) -> ET.Element:
    renderer = ET.Element(
        "renderer-v2", type="categorizedSymbol", attr=column, symbollevels="0", enableorderby="0", forceraster="0"
    )
    categories, symbols = ET.SubElement(renderer, "categories"), ET.SubElement(renderer, "symbols")
    for number, line in enumerate(lines):
        ET.SubElement(
            categories, "category", symbol=str(number), value=line.value, label=line.label, render="true", type="string"
        )
        symbol = ET.SubElement(
            symbols, "symbol", type="fill", name=str(number), alpha="1", clip_to_extent="1", force_rhr="0"
        )
        if faded:
            symbol.append(_defined({"alpha": (_ALPHA_PROPERTY, "if(\"review\" = 'rejected', 25, 100)")}))
        _stroke(symbol, _DARK, line.width_mm + _HALO_MM, "solid", opacity=150)
        _stroke(symbol, line.colour, line.width_mm, line.pen, fill=line.fill)
    return renderer


def _stroke(
    symbol: ET.Element, colour: str, width_mm: float, pen: str, *, opacity: int = 255, fill: str | None = None
) -> None:
    layer = ET.SubElement(symbol, "layer", {"class": "SimpleFill", "enabled": "1", "locked": "0", "pass": "0"})
    options = {
        "color": _rgba(colour, 90),
        "style": fill or "no",
        "joinstyle": "miter",
        "outline_color": _rgba(colour, opacity),
        "outline_style": pen,
        "outline_width": f"{width_mm:g}",
        "outline_width_unit": "MM",
        "offset": "0,0",
        "offset_unit": "MM",
    }
    layer.append(_map(options))


def _labels(layer: str) -> ET.Element:
    """Say what it is: short, white on a dark rim."""
    metres = "coalesce(' ' || format_number(\"length_m\", 0) || ' m', '')"
    mark = " ".join(f"WHEN \"direction\" = '{d}' THEN '{MARKS[d]} '" for d in MARKS)
    expressions = {
        "regions": f"CASE {mark} ELSE '' END || \"id\" || ' ' || \"activity\" || {metres}",
        "look_at": "\"id\" || ' look at this'",
        "events": f"\"id\" || ' ' || replace(\"event\", '_', ' ') || {metres}",
        "observations": "coalesce(\"activity\", '')",
        "zones": 'coalesce("title", "name")',
    }
    small = layer in {"zones", "observations"}
    labeling = ET.Element("labeling", type="simple")
    settings = ET.SubElement(labeling, "settings", calloutType="simple")
    style = ET.SubElement(
        settings,
        "text-style",
        fieldName=expressions[layer],
        isExpression="1",
        allowHtml="0",
        fontFamily="DejaVu Sans",
        fontSize="7" if small else "9",
        fontSizeUnit="Point",
        fontWeight="50" if small else "75",
        textColor=_rgba(_PAPER),
        textOpacity="1",
    )
    ET.SubElement(
        style,
        "text-buffer",
        bufferDraw="1",
        bufferSize="0.8",
        bufferSizeUnits="MM",
        bufferColor=_rgba(_DARK),
        bufferOpacity="0.8",
        bufferJoinStyle="128",
        bufferNoFill="1",
    )
    # Beside an outline, that the thing itself stays to be seen; names of zones within, where there is room.
    placement = {"placement": "4" if small else "8", "dist": "1", "priority": "3" if small else "9"}
    ET.SubElement(
        settings, "placement", {**placement, "centroidWhole": "0", "fitInPolygonOnly": "0", "distUnits": "MM"}
    )
    scale = {"scaleVisibility": "1", "scaleMin": str(_ZONE_SCALE), "scaleMax": "0"} if small else {}
    ET.SubElement(settings, "rendering", {"drawLabels": "1", "obstacle": "0" if small else "1", **scale})
    return labeling


def _temporal(layer: Layer) -> ET.Element:
    """Let the temporal controller show what can have been at a moment."""
    window = [name for name in ("not_before", "not_after") if name in layer.fields]
    moment = "acquired" in layer.fields
    mode = "2" if window else "1" if moment else "0"
    return ET.Element(
        "temporal",
        enabled=str(int(mode != "0")),
        mode=mode,
        startField="not_before" if window else "acquired" if moment else "",
        endField="not_after" if window else "",
        fixedDuration="0",
        durationUnit="h",
        durationField="",
        accumulate="0",
        limitMode="1",
        startExpression="",
        endExpression="",
    )


def _forms(layer: Layer) -> ET.Element:
    """Say how columns are edited: a verdict from a list, a note as text."""
    configuration = ET.Element("fieldConfiguration")
    kinds = {TEXT: "TextEdit", WHOLE: "TextEdit", REAL: "TextEdit", TIME: "DateTime", FLAG: "CheckBox"}
    for name, kind in layer.fields.items():
        field = ET.SubElement(configuration, "field", name=name, configurationFlags="None")
        widget = ET.SubElement(field, "editWidget", type="ValueMap" if name == "review" else kinds[kind])
        config = ET.SubElement(ET.SubElement(widget, "config"), "Option", type="Map")
        if name == "review":
            verdicts = ET.SubElement(config, "Option", type="List", name="map")
            for verdict in REVIEWS:
                verdicts.append(_map({verdict: verdict}))
        elif name in {"note", "description"}:
            ET.SubElement(config, "Option", type="bool", name="IsMultiline", value="true")
    return configuration


def _editable(layer: Layer) -> ET.Element:
    editable = ET.Element("editable")
    for name in ("fid", *layer.fields):
        ET.SubElement(editable, "field", name=name, editable=str(int(name in EDITABLE)))
    return editable


def _tip(layer: Layer) -> str:
    """Show what is said of a thing where the pointer rests; QGIS reads it as HTML, the column is a text."""
    column = next(name for name in ("description", "unknown_reason", "quiet") if name in layer.fields)
    return f"[% replace(replace(coalesce(\"{column}\", ''), '&', '&amp;'), '<', '&lt;') %]"


def _defined(properties: Mapping[str, tuple[str, str]]) -> ET.Element:
    """Return what data define of a symbol: name -> (QGIS's number of the kind, expression)."""
    root = ET.Element("data_defined_properties")
    options = ET.SubElement(root, "Option", type="Map")
    ET.SubElement(options, "Option", name="name", type="QString", value="")
    inside = ET.SubElement(options, "Option", name="properties", type="Map")
    for name, (kind, expression) in properties.items():
        entry = ET.SubElement(inside, "Option", name=name, type="Map")
        ET.SubElement(entry, "Option", name="active", type="bool", value="true")
        ET.SubElement(entry, "Option", name="expression", type="QString", value=expression)
        ET.SubElement(entry, "Option", name="type", type="int", value=kind)
    ET.SubElement(options, "Option", name="type", type="QString", value="collection")
    return root


def _map(options: Mapping[str, str]) -> ET.Element:
    root = ET.Element("Option", type="Map")
    for name, value in options.items():
        ET.SubElement(root, "Option", type="QString", name=name, value=value)
    return root


def _text(tag: str, text: Any) -> ET.Element:
    element = ET.Element(tag)
    element.text = str(text)
    return element


def _rgba(colour: str, opacity: int = 255) -> str:
    return ",".join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5)) + f",{opacity}"
