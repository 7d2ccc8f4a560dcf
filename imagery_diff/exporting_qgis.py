"""A finished run as a QGIS project: regions over zones over images, or over the evidence where there are no images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import shapely

from imagery_diff.aoi import WGS84, reproject
from imagery_diff.errors import InputError
from imagery_diff.exporting_images import find_images, limits_of, relative
from imagery_diff.write.layers import TIME
from imagery_diff.write.qgis_project import MapLayer, Project, qgs_bytes
from imagery_diff.write.qgis_style import evidence_style, image_style, vector_style
from imagery_diff.write.words import clean, fit_for_xml

if TYPE_CHECKING:
    from pathlib import Path

    from imagery_diff.exporting_layers import Subject

_MADE = "imagery_diff"
_ROOM = 0.06
"""Around what is shown at first, as a share of it."""


def project(subject: Subject, inputs: str | Path | None) -> bytes:
    """Return the project of a run; paths in it are relative to the folder of the export."""
    place = subject.summary["aoi"]
    layers = [_vector(subject, layer.name) for layer in subject.layers]
    if subject.run.kind == "comparison":
        images = _images(subject, inputs) if inputs else []
        layers += [_evidence(shown=not images), *images] if images else [_evidence(shown=True)]
    elif inputs:
        raise InputError("--inputs: the project of a series shows no images; leave it out")
    return qgs_bytes(
        Project(
            title=f"{place['title'] or place['name']}: {subject.run.kind}",
            crs=subject.crs,
            layers=layers,
            extent=_extent(subject),
            credit=subject.summary["credit"],
            window=_window(subject),
        )
    )


def _vector(subject: Subject, name: str) -> MapLayer:
    return MapLayer(
        id=f"layer_{name}_{_MADE}",
        name=name.replace("_", " "),
        source=f"./{subject.stem}.gpkg|layername={name}",
        raster=False,
        style=vector_style(subject.layer(name)),
        # A zone lies on itself as often as it was looked at: to be ticked with the temporal controller on.
        shown=name != "observations",
        expanded=name not in {"observations", "look_at"},
        abstract="Edit review and note; the other columns are what was told." if name == subject.stem else "",
    )


def _evidence(*, shown: bool) -> MapLayer:
    return MapLayer(
        id=f"layer_evidence_{_MADE}",
        name="evidence: spreads of unchanged ground",
        source="./evidence.tif",
        raster=True,
        style=evidence_style(),
        shown=shown,
        expanded=shown,
        abstract="How strongly each pixel differs; nothing where change was not looked for. Not an image.",
    )


def _images(subject: Subject, inputs: str | Path) -> list[MapLayer]:
    """Both images under one stretch where they have the same bands, the after image above."""
    found = find_images(subject.run, inputs)
    alike = len({len(image.bands) for image in found}) == 1
    shift = subject.summary["shift"]
    layers = []
    for image in reversed(found):
        source = relative(image.path, subject.target)
        if fit_for_xml(source) != source:
            raise InputError(f"{clean(image.path.name)}: its path holds a character that no project can; rename it")
        limits = limits_of(found if alike else [image])
        told = subject.summary[image.role]
        when = f" {told['acquired'][:16].replace('T', ' ')} UTC" if told["acquired"] else ""
        layers.append(
            MapLayer(
                id=f"layer_{image.role}_{_MADE}",
                crs=image.crs,
                name=f"{image.role}{when}",
                source=source,
                raster=True,
                style=image_style(image.bands, limits),
                expanded=False,
                abstract=f"As delivered, one linear stretch. The after image lies {shift['east_m']} m east and"
                f" {shift['north_m']} m north of the before image; outlines lie half-way.",
            )
        )
    return layers


def _extent(subject: Subject) -> tuple[float, float, float, float]:
    """Show all zones, or what was found, and some ground around."""
    outlines = [outline for layer in subject.layers for outline in layer.outlines if outline is not None]
    grid = subject.summary["grid"]
    a, b, c, d, e, f = grid["transform"]
    rows, cols = grid["shape"]
    corners = [(a * x + b * y + c, d * x + e * y + f) for x in (0, cols) for y in (0, rows)]
    whole = shapely.MultiPoint(corners)
    if outlines:
        whole = reproject(shapely.union_all([shapely.envelope(o) for o in outlines]), WGS84, subject.crs)
    left, bottom, right, top = whole.bounds
    room = _ROOM * max(right - left, top - bottom)
    return left - room, bottom - room, right + room, top + room


def _window(subject: Subject) -> tuple[str, str] | None:
    """From the first to the last moment of a series."""
    if subject.run.kind != "timeline":
        return None
    layer = subject.layer("observations")
    names = [name for name, kind in layer.fields.items() if kind == TIME]
    moments = sorted(row[name] for row in layer.rows for name in names if row[name] is not None)
    return (moments[0], moments[-1]) if moments else None
