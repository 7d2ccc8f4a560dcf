"""A QGIS project (.qgs): layers with their styles, paths relative to the project, the credit on the canvas."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagery_diff.write.qgis_style import VERSION, xml_bytes
from imagery_diff.write.words import fit_for_xml

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, kw_only=True)
class MapLayer:
    """A layer of a project."""

    id: str
    """Unique in the project: letters, digits, underscores; QGIS believes no id of ten characters or less."""
    name: str
    source: str
    """Relative to the project."""
    raster: bool
    style: Sequence[ET.Element]
    shown: bool = True
    """Whether it is ticked."""
    expanded: bool = True
    """Whether its legend is open."""
    crs: str | None = None
    """None for the map's."""
    abstract: str = ""
    """What should be known of it."""


@dataclass(frozen=True, kw_only=True)
class Project:
    """What a project shows."""

    title: str
    crs: str
    """Of the map."""
    layers: Sequence[MapLayer]
    """The uppermost first."""
    extent: tuple[float, float, float, float]
    """Left, bottom, right, top, in ``crs``."""
    credit: str
    window: tuple[str, str] | None = None
    """Of the temporal controller: from, to, ISO 8601."""


def qgs_bytes(project: Project) -> bytes:
    """Return the project; QGIS 3.22 and later read it."""
    root = ET.Element("qgis", version=VERSION, projectname=fit_for_xml(project.title))
    ET.SubElement(root, "homePath", path="")
    _add(root, "title", project.title)
    ET.SubElement(root, "projectCrs").append(_crs(project.crs))
    tree = ET.SubElement(root, "layer-tree-group")
    for layer in project.layers:
        ET.SubElement(
            tree,
            "layer-tree-layer",
            id=layer.id,
            name=fit_for_xml(layer.name),
            source=layer.source,
            providerKey="gdal" if layer.raster else "ogr",
            checked="Qt::Checked" if layer.shown else "Qt::Unchecked",
            expanded=str(int(layer.expanded)),
        )
    canvas = ET.SubElement(root, "mapcanvas", name="theMapCanvas")
    _add(canvas, "units", "meters")
    box = ET.SubElement(canvas, "extent")
    for name, value in zip(("xmin", "ymin", "xmax", "ymax"), project.extent, strict=True):
        _add(box, name, f"{value:.9g}")
    ET.SubElement(canvas, "destinationsrs").append(_crs(project.crs))
    holder = ET.SubElement(root, "projectlayers")
    for layer in project.layers:
        _layer(holder, layer, project.crs)
    order = ET.SubElement(root, "layerorder")
    for layer in project.layers:
        ET.SubElement(order, "layer", id=layer.id)
    _properties(root, project)
    view = ET.SubElement(root, "ProjectViewSettings", UseProjectScales="0")
    corners = {n: f"{v:.9g}" for n, v in zip(("xmin", "ymin", "xmax", "ymax"), project.extent, strict=True)}
    ET.SubElement(view, "DefaultViewExtent", corners).append(_crs(project.crs))
    if project.window:
        _times(root, project.window)
    return xml_bytes(root)


def _layer(holder: ET.Element, layer: MapLayer, crs: str) -> None:
    kind = {"type": "raster"} if layer.raster else {"type": "vector", "geometry": "Polygon", "labelsEnabled": "1"}
    maplayer = ET.SubElement(holder, "maplayer", {**kind, "styleCategories": "AllStyleCategories"})
    _add(maplayer, "id", layer.id)
    _add(maplayer, "datasource", layer.source)
    _add(maplayer, "layername", layer.name)
    if layer.abstract:
        _add(maplayer, "abstract", layer.abstract)
    ET.SubElement(maplayer, "srs").append(_crs(layer.crs or crs))
    provider = _add(maplayer, "provider", "gdal" if layer.raster else "ogr")
    if not layer.raster:
        provider.set("encoding", "UTF-8")
    maplayer.extend(layer.style)


def _crs(crs: str) -> ET.Element:
    from pyproj import CRS  # noqa: PLC0415 - PROJ takes 50 ms to load

    system = ET.Element("spatialrefsys")
    # QGIS takes the text, or the authority's number where there is an srsid, whose value it does not read.
    _add(system, "wkt", CRS.from_user_input(crs).to_wkt())
    if re.fullmatch(r"[A-Z]+:\d+", crs):
        _add(system, "srsid", "1")
        _add(system, "authid", crs)
    return system


def _properties(root: ET.Element, project: Project) -> None:
    properties = ET.SubElement(root, "properties")
    paths = ET.SubElement(properties, "Paths")
    _add(paths, "Absolute", "false").set("type", "bool")
    system = ET.SubElement(properties, "SpatialRefSys")
    _add(system, "ProjectionsEnabled", "1").set("type", "int")
    label = ET.SubElement(properties, "CopyrightLabel")
    _add(label, "Enabled", "true").set("type", "bool")
    # QGIS would read what stands between [% and %] as an expression, and what stands in <> as HTML.
    credit = project.credit.replace("[%", "[ %").replace("<", "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}")
    _add(label, "Label", credit).set("type", "QString")
    bar = ET.SubElement(properties, "ScaleBar")
    _add(bar, "Enabled", "true").set("type", "bool")


def _times(root: ET.Element, window: tuple[str, str]) -> None:
    settings = ET.SubElement(
        root, "ProjectTimeSettings", timeStep="6", timeStepUnit="h", frameRate="1", cumulativeTemporalRange="0"
    )
    span = ET.SubElement(settings, "TemporalRange")
    for name, moment in zip(("start", "end"), window, strict=True):
        _add(span, name, moment)


def _add(parent: ET.Element, tag: str, text: str) -> ET.Element:
    child = ET.SubElement(parent, tag)
    child.text = fit_for_xml(text)
    return child
