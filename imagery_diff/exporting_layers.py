"""A finished run -> layers: regions, zones and what is to be looked at; of a series observations, events and zones.

Nothing is computed again; what the files of the run say is put into tables. They are hostile until parsed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shapely.geometry import shape

from imagery_diff.errors import InputError
from imagery_diff.finished import doubted
from imagery_diff.write.layers import FLAG, REAL, TEXT, TIME, WHOLE, Layer
from imagery_diff.write.timeline_rows import EVENT as OF_EVENTS
from imagery_diff.write.timeline_rows import OBSERVATION as OF_OBSERVATIONS
from imagery_diff.write.timeline_rows import csv_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from shapely.geometry.base import BaseGeometry

    from imagery_diff.finished import Run

_LENGTHS = ("length_m", "length_low_m", "length_high_m")
REGION = {
    **dict.fromkeys(("id", "review", "note", "description", "direction", "relation", "activity"), TEXT),
    **dict.fromkeys(("zone", "zone_kind", "group"), TEXT),
    **dict.fromkeys(("p_change", "p_activity", "false_alarms_per_km2", "area_m2", "area_low_m2", "area_high_m2"), REAL),
    **dict.fromkeys(_LENGTHS, REAL),
    "length_is_lower_bound": FLAG,
    "length_class": TEXT,
    **dict.fromkeys(("width_m", "height_low_m", "height_high_m"), REAL),
    "several": FLAG,
    "is_area": FLAG,
    "measured_by": TEXT,
    **dict.fromkeys(("orientation_deg", "location_accuracy_m"), REAL),
    **dict.fromkeys(("side", "end", "colour", "why"), TEXT),
    **dict.fromkeys(("before", "after"), TIME),
    **dict.fromkeys(("relation_to", "zone_shares", "shares", "shares_without_zone", "same_colour"), TEXT),
    **dict.fromkeys(("teu_low", "teu_high"), REAL),
    "why_no_cars": TEXT,
    "simulated": FLAG,
    "credit": TEXT,
}
"""Properties of regions.geojson as columns; lists are joined, tables written as JSON."""
ZONE = {
    **dict.fromkeys(("name", "title", "kind", "group"), TEXT),
    "located": FLAG,
    "state": TEXT,
    **dict.fromkeys(("usable_fraction", "degraded_fraction"), REAL),
    "unknown": TEXT,
    "floor_m": REAL,
    **dict.fromkeys(("fill_gained", "fill_lost", "regions", "look_at", "description"), TEXT),
    "simulated": FLAG,
    "credit": TEXT,
}
LOOK_AT = {
    **dict.fromkeys(("id", "date", "zone"), TEXT),
    **dict.fromkeys(("length_m", "width_m"), REAL),
    "description": TEXT,
    "simulated": FLAG,
    "credit": TEXT,
}
_STATES = ("yes", "no", "unknown")
ZONE_OF_SERIES = {
    **dict.fromkeys(("name", "title", "kind", "group", "asked_for"), TEXT),
    **{f"looks_{state}": WHOLE for state in _STATES},
    **dict.fromkeys(("unknown_reasons", "quiet", "fill"), TEXT),
    "simulated": FLAG,
    "credit": TEXT,
}
EVENT = {**dict.fromkeys(("id", "review", "note", "description"), TEXT), **OF_EVENTS}
OBSERVATION = {
    **{name: kind for name, kind in OF_OBSERVATIONS.items() if name not in {"simulated", "credit"}},
    "note": TEXT,
    "simulated": FLAG,
    "credit": TEXT,
}


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What every format is written from."""

    run: Run
    target: Path
    """The folder that is written."""
    layers: list[Layer]
    crs: str
    """Of the run's grid."""
    stem: str
    """``regions`` or ``events``: what the files are called."""
    summary: dict[str, Any]

    def layer(self, name: str) -> Layer:
        """Return a layer by its name."""
        return next(layer for layer in self.layers if layer.name == name)


def subject_of(run: Run, target: Path) -> Subject:
    """Read what is exported.

    Raises
    ------
    InputError
        As :func:`layers`; also if the run's manifest was altered.

    """
    run.check_manifest()
    found = layers(run)
    summary = run.document("summary.json")
    return Subject(
        run=run,
        target=target,
        layers=found,
        crs=str(summary["grid"]["crs"]),
        stem="regions" if run.kind == "comparison" else "events",
        summary=summary,
    )


def layers(run: Run) -> list[Layer]:
    """Return what a run says as layers in WGS84.

    Raises
    ------
    InputError
        If the run is of another kind, has no place on the earth, was altered, or is not as this version writes it.

    """
    if run.kind not in {"comparison", "timeline"}:
        raise InputError(f"{run.folder.name}: is a {run.kind}; comparisons and timelines are exported")
    name = run.folder.name
    if run.kind == "comparison" and "regions.geojson" not in run.sha256:
        raise InputError(
            f"{name}: its images carry no georeference, and map programs know no pixels; its regions stand in"
            " summary.json"
        )
    build = _of_comparison if run.kind == "comparison" else _of_timeline
    with doubted(run):
        return build(run)


def _of_comparison(run: Run) -> list[Layer]:
    document = run.document("regions.geojson")
    common = {"simulated": document["simulated"], "credit": document["credit"]}
    features = document["features"]
    found = [_outline(f["geometry"]) for f in features]
    regions = _layer("regions", REGION, [f["properties"] | {"credit": common["credit"]} for f in features], found)
    zones = [zone | common for zone in document["zones"]]
    outlines = _zone_outlines(run) if zones else {}
    looks = [look | common for look in document["look_at"]]
    return [
        regions,
        _layer("zones", ZONE, zones, [outlines[zone["name"]] for zone in zones]),
        _layer("look_at", LOOK_AT, looks, [_outline(look["geometry"]) for look in looks]),
    ]


def _of_timeline(run: Run) -> list[Layer]:
    summary, events = run.document("summary.json"), run.document("events.geojson")["features"]
    common = {"simulated": summary["simulated"], "credit": summary["credit"]}
    outlines = _zone_outlines(run)
    notes = {track["id"]: track["note"] for track in summary["tracks"]}
    seen = [row | {"note": notes.get(row["track"])} for row in csv_rows(run.read("observations.csv"), OBSERVATION)]
    zones = [
        zone | common | {f"looks_{state}": zone["states"].count(state) for state in _STATES}
        for zone in summary["zones"]
        if zone["zone"] in outlines
    ]
    for zone in zones:
        zone["name"] = zone["zone"]
    return [
        _layer("events", EVENT, [e["properties"] | common for e in events], [_outline(e["geometry"]) for e in events]),
        _layer("observations", OBSERVATION, seen, [outlines[row["zone"]] for row in seen]),
        _layer("zones", ZONE_OF_SERIES, zones, [outlines[zone["name"]] for zone in zones]),
    ]


def _zone_outlines(run: Run) -> dict[str, BaseGeometry | None]:
    """Outlines of zones by name, as they were laid."""
    features = run.manifest["aoi"]["laid"]["features"]
    return {
        str(f["properties"]["name"]): _outline(f["geometry"]) for f in features if f["properties"]["role"] == "zone"
    }


def _outline(geometry: Any) -> BaseGeometry | None:
    if geometry is None:
        return None
    outline = shape(geometry)
    if outline.geom_type not in {"Polygon", "MultiPolygon"} or not outline.is_valid:
        raise ValueError("an outline is no valid polygon")
    return outline


def _layer(
    name: str, fields: Mapping[str, str], rows: Sequence[Mapping[str, Any]], outlines: Sequence[BaseGeometry | None]
) -> Layer:
    """Keep the columns that are wanted; what a row has not is None."""
    kept = [{column: _value(row.get(column), kind) for column, kind in fields.items()} for row in rows]
    return Layer(name=name, fields=fields, rows=kept, outlines=outlines)


def _value(value: Any, kind: str) -> Any:
    """Return a value of a column's kind; what is of another is no file of ours."""
    if value is None:
        return None
    if kind == FLAG:
        if not isinstance(value, bool):
            raise TypeError("neither true nor false")
        return value
    if kind in {REAL, WHOLE}:
        return float(value) if kind == REAL else int(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "; ".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, allow_nan=False)
