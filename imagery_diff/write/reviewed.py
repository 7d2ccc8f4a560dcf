"""What people said is laid over what was found: the same files again, told anew; what was found stays in them.

Every row that a review changed keeps what the programme told in its member ``told``, so that the findings can be had
back from the reviewed files (:func:`findings`), and a review of them can be made again from the log alone.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from shapely.geometry import mapping, shape

from imagery_diff.aoi import WGS84, reproject
from imagery_diff.errors import InputError
from imagery_diff.write import manifest as manifests
from imagery_diff.write.figure import overview_png
from imagery_diff.write.geojson import bounding_box, wgs84_geometry
from imagery_diff.write.headline import headline
from imagery_diff.write.model import plain, to_json
from imagery_diff.write.report.reading import pictures_in
from imagery_diff.write.retold import (
    REJECTED,
    UNREVIEWED,
    Retold,
    outline_on,
    outlines_of,
    region_of,
    retold,
    zone_of,
)
from imagery_diff.write.review_log import STATES, Entry, lost_words, read_log
from imagery_diff.write.sentences import describe_region
from imagery_diff.write.words import NOUNS
from imagery_diff.write.zone_sentences import describe_zone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shapely.geometry.base import BaseGeometry

    from imagery_diff.grid import Grid

    Row = dict[str, Any]

_AREAS = ("Polygon", "MultiPolygon")
_NO_POLYGON = "a region that is added is a valid polygon with an area"
SAME_IOU = 0.5
"""Two outlines of one direction that share so much of their union are one finding: the usual level of detection
benchmarks (Everingham and others 2010, doi:10.1007/s11263-009-0275-4)."""


def with_review(files: Mapping[str, bytes], log: bytes) -> dict[str, bytes]:
    """Return the files of a comparison as they are after a review.

    Parameters
    ----------
    files
        Name -> content, the manifest among them; reviewed before or not.
    log
        review.jsonl.

    Raises
    ------
    InputError
        If the log is damaged, or the comparison was written without the page that keeps its pictures.

    """
    entries = read_log(log)
    if "report.html" not in files:
        raise InputError(
            "the comparison was made with --no-report, so that its pictures cannot be drawn again; make it again"
            " without that"
        )
    summary, regions = documents(files)
    manifest = json.loads(files[manifests.NAME])
    enough = float(manifest["parameters"]["usable_fraction"])
    told, drawn, review = _applied((summary, regions), entries, log, enough)
    pictures = pictures_in(files["report.html"])
    from imagery_diff.write.folder import page  # noqa: PLC0415 - it saves by way of this module

    made = {"summary.json": to_json(told), "report.html": page(told, drawn, pictures, manifest["inputs"])}
    if drawn is not None:
        made["regions.geojson"] = to_json(drawn)
    made["overview.png"] = overview_png(retold(told, drawn), pictures)
    kept = {name: content for name, content in files.items() if name != manifests.NAME}
    outputs = kept | made
    return outputs | {manifests.NAME: sealed_again(manifest, outputs, review)}


def documents(files: Mapping[str, bytes]) -> tuple[Row, Row | None]:
    """Return ``summary.json`` and ``regions.geojson`` as the programme told them, before any review."""
    summary: Row = json.loads(files["summary.json"])
    regions: Row | None = json.loads(files["regions.geojson"]) if "regions.geojson" in files else None
    return findings(summary, regions)


def findings(summary: Mapping[str, Any], regions: Mapping[str, Any] | None) -> tuple[Row, Row | None]:
    """Take a review out of documents again: what was added is left out, what was changed is as it was told."""
    rows = [untold(row) for row in summary["regions"] if not row.get("added")]
    zones = [untold(row) for row in summary["zones"]]
    bare = {key: value for key, value in summary.items() if key != "review"}
    bare |= {"regions": rows, "zones": zones, **(summary.get("review") or {}).get("told", {})}
    return bare, None if regions is None else _geojson(regions, bare, {})


def findings_sha256(summary: Mapping[str, Any]) -> str:
    """Digest of the regions that the programme told, as canonical JSON."""
    text = json.dumps(summary["regions"], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def untold(row: Mapping[str, Any]) -> Row:
    """Return a row as the programme told it; keys stay in their order."""
    told = row.get("told") or {}
    return {key: told.get(key, value) for key, value in row.items() if key != "told"}


def _applied(
    found: tuple[Row, Row | None], entries: Sequence[Entry], log: bytes, enough: float
) -> tuple[Row, Row | None, dict[str, Any]]:
    """Lay a log over findings, in its order; ``enough`` of a zone must be clear to say that nothing was flagged."""
    summary, regions = found
    bare = retold(summary, regions)
    digest = findings_sha256(summary)
    outlines = outlines_of(summary, regions)
    rows = {row["id"]: dict(row) for row in summary["regions"]}
    lost: list[dict[str, Any]] = []
    added: dict[str, Any] = {}
    for entry in entries:
        name = _whose(entry, digest, rows, outlines | added)
        if name is None:
            lost.append({"region": entry.region, "action": entry.action, "by": entry.by, "at": entry.at})
            continue
        if entry.action == "add":
            added[name] = entry.finding["geometry"]
            rows[name] = _added(entry, bare)
        rows[name] = _decided(rows[name], entry, bare, {**outlines, **added}.get(name))
    rejected = {name for name, row in rows.items() if row["review"] == REJECTED}
    rows = {name: _without(row, rejected, bare, outlines.get(name)) for name, row in rows.items()}
    reviewers = sorted({entry.by for entry in entries})
    review = {
        "entries": len(entries),
        "log_sha256": hashlib.sha256(log).hexdigest(),
        "findings_sha256": digest,
        "reviewers": reviewers,
        "lost": lost,
    }
    told = {key: summary[key] for key in ("headline", "vessels_of_class", "caveats")}
    document = summary | {"regions": list(rows.values())}
    document["zones"] = [_zone(row, document["regions"], bare.grid, enough) for row in summary["zones"]]
    document["vessels_of_class"] = _vessels(document)
    document["caveats"] = [*lost_words(lost), *summary["caveats"]]
    document |= {"headline": headline(document), "review": {**review, "told": told}}
    cleaned: Row = plain(document)
    return cleaned, None if regions is None else _geojson(regions, cleaned, added), review


def _whose(entry: Entry, digest: str, rows: Mapping[str, Row], outlines: Mapping[str, Any]) -> str | None:
    """Return the id of what an entry speaks of: by its id among the findings it was written of, else by its place."""
    if entry.action == "add":
        return entry.region
    if entry.region in rows and (entry.findings_sha256 == digest or rows[entry.region].get("added")):
        return entry.region
    drawn = entry.finding["geometry"]
    for name, row in rows.items():
        both = drawn is not None and outlines[name] is not None and row["direction"] == entry.finding["direction"]
        if both and iou(shape(dict(drawn)), shape(outlines[name])) >= SAME_IOU:
            return name
    return None


def iou(one: BaseGeometry, other: BaseGeometry) -> float:
    """Return the area two outlines share over that of both."""
    union = one.union(other).area
    return float(one.intersection(other).area / union) if union else 0.0


def stands(row: Mapping[str, Any], entry: Entry) -> Row:
    """Return what stands of a region after a line of the log: its ``review``, ``activity`` and ``note``."""
    if entry.action == "reopen":
        return {"review": UNREVIEWED, "activity": untold(row)["activity"], "note": entry.note}
    return {
        "review": STATES.get(entry.action, row["review"]),
        "activity": entry.activity if entry.action == "relabel" else row["activity"],
        "note": entry.note if entry.note is not None or entry.action == "note" else row["note"],
    }


def _decided(row: Row, entry: Entry, bare: Retold, outline: Any) -> Row:
    """Lay one decision over a row: always over what was found, so that none leaves a trace when it is taken back."""
    first, changes = untold(row), stands(row, entry)
    if changes["activity"] != first["activity"]:
        changes |= _relabelled(first, changes["activity"], bare, outline)
    return with_told(first, changes)


def with_told(first: Row, changes: Row) -> Row:
    """Change a row, and keep in it what stood there where that was something else."""
    told = {key: first[key] for key, value in changes.items() if first[key] != value}
    return {**first, **changes} | ({"told": told} if told else {})


def _relabelled(row: Row, activity: str, bare: Retold, outline: Any) -> Row:
    """Return what a row says of a class that a person gave it: no chance, no number of containers, a new sentence."""
    empty: Row = {"p_activity": None, "shares": {}, "shares_without_zone": {}, "same_colour": None}
    empty |= {"length_class": None, "relation": "unclear", "relation_to": None, "doubts": []}
    of_classes = ("teu_low", "teu_high", "tiers", "height_low_m", "height_high_m", "why_no_cars")
    empty |= {name: None for name in of_classes if name in row}
    words = describe_region(region_of({**row, **empty, "activity": activity}, outline, bare.grid), bare)
    told = f"calls it so; the programme told a {NOUNS[row['activity']]}"
    said = "drew it and calls it so" if row.get("added") else told
    return {**empty, "activity": activity, "description": f"{words} A reviewer {said}."}


def _without(row: Row, rejected: set[str], bare: Retold, outline: Any) -> Row:
    """Tell a row anew that speaks of a region which a person rejected: it stands by itself then."""
    colour_of = (row["same_colour"] or {}).get("region")
    changes: Row = {}
    if row["relation_to"] in rejected:
        changes |= {"relation": "unclear", "relation_to": None}
    if colour_of in rejected:
        changes["same_colour"] = None
    if not changes or row["id"] in rejected:
        return row
    changes["description"] = describe_region(region_of({**row, **changes}, outline, bare.grid), bare)
    first = untold(row)
    kept = {key: row[key] for key in row.get("told") or {}}
    return with_told(first, {**kept, **changes})


def _added(entry: Entry, bare: Retold) -> Row:
    """Return the row of a region that a person drew: measured on the drawing, without any limits."""
    finding = entry.finding
    outline = outline_on(bare.grid, finding["geometry"])
    length, width, area = _measures(outline, bare.grid)
    zone = next((state.zone for state in bare.zones if state.zone.name == finding.get("zone")), None)
    placed = bare.grid.crs is not None
    row: Row = dict.fromkeys(_COLUMNS)
    row |= {
        "id": entry.region,
        "direction": finding["direction"],
        "relation": "unclear",
        "activity": entry.activity or "other",
        "zone": zone and zone.name,
        "zone_kind": zone and zone.kind,
        "group": zone and zone.group,
        "area_m2": round(area, 1) if placed else None,
        "length_m": round(length, 1) if placed else None,
        "width_m": round(width, 1) if placed else None,
        "length_is_lower_bound": False,
        "several": False,
        "is_area": False,
        "measured_by": "drawing",
        "why": ["drawn by a reviewer, not found by the programme"],
        "before": _iso(bare.before.acquired),
        "after": _iso(bare.after.acquired),
        "review": UNREVIEWED,
        "simulated": bare.simulated,
        "zone_shares": {},
        "shares": {},
        "shares_without_zone": {},
        "doubts": [],
        "added": True,
    }
    if not placed:
        row["pixels"] = {
            "area_px": round(area, 1),
            "length_px": round(length, 1),
            "width_px": round(width, 1),
            "geometry": finding["geometry"],
        }
    row["description"] = ""
    words = describe_region(region_of(row, finding["geometry"], bare.grid), bare)
    return row | {"description": f"{words} A reviewer drew it; the programme did not find it."}


_COLUMNS = (
    *("id", "direction", "relation", "activity", "zone", "zone_kind", "group", "p_change", "p_activity"),
    *("false_alarms_per_km2", "area_m2", "area_low_m2", "area_high_m2", "length_m", "length_low_m", "length_high_m"),
    *("length_is_lower_bound", "length_class", "width_m", "height_low_m", "height_high_m", "several", "is_area"),
    "measured_by",
    *("orientation_deg", "location_accuracy_m", "side", "end", "colour", "why", "before", "after", "review", "note"),
    *("simulated", "description", "zone_shares", "relation_to", "shares", "shares_without_zone", "same_colour"),
    "doubts",
)


def _iso(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _measures(outline: BaseGeometry, grid: Grid) -> tuple[float, float, float]:
    """Length, width and area of the box around an outline that was drawn, metres (pixels without georeference)."""
    across, down = (1.0, 1.0) if grid.crs is None else grid.pixel_size_m
    scale = (across / grid.pixel_size[0], down / grid.pixel_size[1])
    flat = shapely.transform(outline, lambda xy: xy * scale)
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(flat))
    sides = sorted(math.dist(corners[i], corners[i + 1]) for i in (0, 1))
    return sides[1], sides[0], float(flat.area)


def _zone(row: Row, rows: Sequence[Row], grid: Grid, enough: float) -> Row:
    """Tell a zone anew where a region of it was rejected, renamed or added."""
    mine = [r for r in rows if r["id"] in row["regions"] or (r.get("added") and r["zone"] == row["name"])]
    rejected = [r["id"] for r in mine if r["review"] == REJECTED]
    changed = rejected or any(r.get("added") or "activity" in (r.get("told") or {}) for r in mine)
    if not changed or row["state"] == "ignored":
        return dict(row)
    ids = [r["id"] for r in mine if r["review"] != REJECTED]
    state = "flagged" if ids else "look at this" if row["look_at"] else None
    # Nobody looked for what was not searched: a rejection makes no zone better known than it was.
    state = state or ("nothing flagged" if (row["usable_fraction"] or 0.0) >= enough else "unknown")
    changes: Row = {"regions": ids, "state": state, "fill_gained": None, "fill_lost": None, "fill_fraction": None}
    words = describe_zone(zone_of({**row, **changes}, grid))
    changes["description"] = f"{words}; rejected by a reviewer: {', '.join(rejected)}" if rejected else words
    return {**row, **changes, "told": {key: row[key] for key in changes}}


def _vessels(document: Mapping[str, Any]) -> Row:
    """Count vessels long enough for a visit anew, those that a person rejected left out."""
    counts: Row = dict(document["vessels_of_class"])
    for direction in ("appeared", "disappeared"):
        found = [
            # Of what a person called a vessel nobody measured whether it is long enough: it may be.
            row.get("counts_as_visit")
            for row in document["regions"]
            if row["activity"] == "vessel" and row["direction"] == direction and row["review"] != REJECTED
        ]
        counts[direction] = {"least": sum(f is True for f in found), "most": sum(f is not False for f in found)}
    return counts


def _geojson(regions: Mapping[str, Any], summary: Mapping[str, Any], added: Mapping[str, Any]) -> Row:
    """Return ``regions.geojson`` of documents that say the same."""
    outlines = {feature["id"]: feature["geometry"] for feature in regions["features"]}
    outlines |= {name: mapping(shape(dict(geometry))) for name, geometry in added.items()}
    features = [
        {"type": "Feature", "id": row["id"], "geometry": outlines[row["id"]], "properties": row}
        for row in summary["regions"]
    ]
    zones = [{key: value for key, value in zone.items() if key != "geometry"} for zone in summary["zones"]]
    drawn: list[Any] = [shape(dict(f["geometry"])) for f in features if f["geometry"] is not None]
    document: Row = {
        **{key: value for key, value in regions.items() if key in {"type", "schema_version"}},
        **({"bbox": bounding_box(drawn)} if drawn else {}),
        **{key: value for key, value in regions.items() if key not in {"type", "schema_version", "bbox", "review"}},
        "zones": zones,
        "caveats": summary["caveats"],
        "features": features,
    }
    if "review" in summary:
        document["review"] = {key: value for key, value in summary["review"].items() if key != "told"}
    cleaned: Row = plain(document)
    return cleaned


def sealed_again(manifest: Mapping[str, Any], outputs: Mapping[str, bytes], review: Mapping[str, Any]) -> bytes:
    """Return the manifest of the reviewed files; everything else it says stays."""
    hashes = {"content_sha256", "created", "document_sha256", "review"}
    kept = {key: value for key, value in manifest.items() if key not in hashes}
    created = dt.datetime.fromisoformat(manifest["created"])
    return to_json(manifests.sealed(kept | {"outputs": manifests.outputs_of(outputs), "review": dict(review)}, created))


def check_within(outline: BaseGeometry, place: BaseGeometry, name: str, times: float = 1.0) -> None:
    """Refuse an outline that lies outside a place, or reaches over more than that many times its width or height."""
    if outline.geom_type not in _AREAS or not np.isfinite(shapely.get_coordinates(outline)).all() or outline.is_empty:
        raise InputError(_NO_POLYGON)
    left, low, right, top = outline.bounds
    west, south, east, north = place.bounds
    if right < west or left > east or top < south or low > north:
        raise InputError(f"what is added lies outside {name}; draw it within")
    if right - left > times * (east - west) or top - low > times * (north - south):
        raise InputError(f"what is added is larger than {name}; draw it within")
    if outline.is_valid and not place.intersects(outline):
        raise InputError(f"what is added lies outside {name}; draw it within")


def added_outline(outline: BaseGeometry, crs: str | None) -> Row:
    """Return an outline that a person drew as documents hold it.

    Raises
    ------
    InputError
        If it has no area, or is no valid polygon.

    """
    if outline.geom_type not in _AREAS or not outline.is_valid or outline.area <= 0:
        raise InputError(_NO_POLYGON)
    if crs is None:
        return dict(mapping(outline))
    geometry = wgs84_geometry(reproject(outline, crs, WGS84) if crs != WGS84 else outline, WGS84)
    if geometry is None:
        raise InputError("a region that is added is larger than a centimetre")
    return dict(mapping(geometry))
