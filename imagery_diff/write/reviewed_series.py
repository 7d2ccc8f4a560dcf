"""What people said of a series laid over what was found: the same files again, told anew; what was found stays in them.

People speak of events and of the things that were followed through the looks. A thing that is rejected takes its events
with it; an event that is accepted says that its thing is there. Where a rejected thing stood the zone is unknown, never
empty: nobody looked beneath it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from shapely.geometry import mapping, shape

from imagery_diff.result_series import ALL_BERTHS, KINDS, NA, UNKNOWN, Gap, Visits
from imagery_diff.write import manifest as manifests
from imagery_diff.write.geojson import bounding_box
from imagery_diff.write.model import plain
from imagery_diff.write.report.chips import chips_in
from imagery_diff.write.retold import ACCEPTED, REJECTED, UNREVIEWED
from imagery_diff.write.review_log import STATES, Entry, lost_words, read_log
from imagery_diff.write.reviewed import SAME_IOU, iou, sealed_again, untold, with_told
from imagery_diff.write.timeline_rows import OBSERVATION, csv_rows
from imagery_diff.write.timeline_sentences import added_event_words, relabelled_words, visits_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Row = dict[str, Any]

_REJECTED_THERE = "what was told there was rejected by a reviewer"


@dataclass(frozen=True, kw_only=True)
class SeriesDocuments:
    """What a series says."""

    summary: Row
    events: Row
    """events.geojson."""
    observations: list[Row]

    @classmethod
    def of(cls, files: Mapping[str, bytes]) -> SeriesDocuments:
        """Read them as they stand, reviewed or not."""
        return cls(
            summary=json.loads(files["summary.json"]),
            events=json.loads(files["events.geojson"]),
            observations=csv_rows(files["observations.csv"], OBSERVATION),
        )

    @property
    def event_rows(self) -> list[Row]:
        """Properties of every event."""
        return [feature["properties"] for feature in self.events["features"]]

    @property
    def rows(self) -> dict[str, Row]:
        """What can be reviewed, by its id: events, then things."""
        return {row["id"]: row for row in (*self.event_rows, *self.summary["tracks"])}

    @property
    def findings_sha256(self) -> str:
        """Digest of the events and things, as canonical JSON."""
        told = {"events": self.event_rows, "tracks": self.summary["tracks"]}
        text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode("ascii")).hexdigest()

    def finding(self, name: str) -> Row:
        """Say of what a decision speaks, so that a rerun finds it: an event by its window, a thing by its looks."""
        row = self.rows[name]
        if "event" in row:
            outlines = {feature["id"]: feature["geometry"] for feature in self.events["features"]}
            of_event = ("event", "zone", "not_before", "not_after")
            return {key: row[key] for key in of_event} | {"geometry": outlines[name]}
        times = [look["scene"]["acquired"] for look in self.summary["looks"]]
        return {"kind": row["kind"], "zone": row["zone"], "seen": [times[number - 1] for number in row["seen"]]}


def findings(told: SeriesDocuments) -> SeriesDocuments:
    """Take a review out of documents again: what was added is left out, what was changed is as it was told."""
    review = told.summary.get("review") or {}
    rows = [dict(row) for row in told.observations]
    for row in rows:
        row["review"] = UNREVIEWED
    for cell in review.get("told", {}).get("rows", ()):
        rows[cell["row"]] |= cell["told"]
    summary = {key: value for key, value in told.summary.items() if key != "review"}
    summary |= {name: [untold(row) for row in summary[name]] for name in ("tracks", "zones", "visits")}
    summary |= {key: value for key, value in review.get("told", {}).items() if key != "rows"}
    kept = [f for f in told.events["features"] if not f["properties"].get("added")]
    features = [{**f, "properties": untold(f["properties"])} for f in kept]
    events = _events(told.events, features, summary, None)
    return SeriesDocuments(summary=summary, events=events, observations=rows)


def with_review(files: Mapping[str, bytes], log: bytes) -> dict[str, bytes]:
    """Return the files of a series as they are after a review.

    Parameters
    ----------
    files
        Name -> content, the manifest among them; reviewed before or not.
    log
        review.jsonl.

    Raises
    ------
    InputError
        If the log is damaged.

    """
    from imagery_diff.write.timeline import told_files  # noqa: PLC0415 - it saves by way of this module

    manifest = json.loads(files[manifests.NAME])
    told, review = _applied(
        findings(SeriesDocuments.of(files)), read_log(log), log, float(manifest["parameters"]["min_vessel_m"])
    )
    chips = chips_in(files["report.html"])
    made = told_files(told.summary, told.events, told.observations, chips, manifest["inputs"])
    outputs = {name: content for name, content in files.items() if name != manifests.NAME} | made
    return outputs | {manifests.NAME: sealed_again(manifest, outputs, review)}


def _applied(
    bare: SeriesDocuments, entries: Sequence[Entry], log: bytes, least_m: float
) -> tuple[SeriesDocuments, Row]:
    """Lay a log over findings; ``least_m`` is how long a vessel must be for its call to be counted."""
    digest = bare.findings_sha256
    said, added, lost = _gathered(bare, entries, digest)
    features = [*bare.events["features"], *(_added(entry, bare) for entry in added)]
    rows = [f["properties"] for f in features]
    tracks = [_track(row, said, rows) for row in bare.summary["tracks"]]
    rejected = {track["id"] for track in tracks if track["review"] == REJECTED}
    features = [{**f, "properties": _event(f["properties"], said, rejected)} for f in features]
    events = [feature["properties"] for feature in features]
    reviews = {track["id"]: track["review"] for track in tracks}
    observations, changed = _observations(bare, reviews)
    review: Row = {
        "entries": len(entries),
        "log_sha256": hashlib.sha256(log).hexdigest(),
        "findings_sha256": digest,
        "reviewers": sorted({entry.by for entry in entries}),
        "lost": lost,
    }
    told = {"events": bare.summary["events"], "caveats": bare.summary["caveats"], "rows": changed}
    summary = bare.summary | {
        "tracks": tracks,
        "zones": [_disturbed(row, events) for row in _zones(bare.summary["zones"], bare.observations, observations)],
        "visits": [_visits(row, rejected, events, least_m) for row in bare.summary["visits"]],
        "events": sum(event["review"] != REJECTED for event in events),
        "caveats": [*lost_words(lost), *bare.summary["caveats"]],
        "review": {**review, "told": told},
    }
    cleaned: Row = plain(summary)
    return (
        SeriesDocuments(
            summary=cleaned, events=_events(bare.events, features, cleaned, review), observations=observations
        ),
        review,
    )


def _gathered(
    bare: SeriesDocuments, entries: Sequence[Entry], digest: str
) -> tuple[dict[str, Row], list[Entry], list[Row]]:
    """Return what stands of each finding after the log, what people added, and what is there no more."""
    said: dict[str, Row] = {}
    added: list[Entry] = []
    lost: list[Row] = []
    for entry in entries:
        if entry.action == "add":
            name = entry.region if _is_there(entry, bare) else None
        elif any(entry.region == one.region for one in added):
            name = entry.region
        else:
            name = _whose(entry, digest, bare)
        if name is None:
            lost.append({"region": entry.region, "action": entry.action, "by": entry.by, "at": entry.at})
            continue
        if entry.action == "add":
            added.append(entry)
        old = said.get(name, {"review": UNREVIEWED, "note": None, "event": None})
        said[name] = stands(old, entry)
    return said, added, lost


def _is_there(entry: Entry, bare: SeriesDocuments) -> bool:
    """Say whether the zone and the looks between which a person added an event are those of this run, too."""
    times = {look["scene"]["acquired"] for look in bare.summary["looks"]}
    finding = entry.finding
    zones = {zone["zone"] for zone in bare.summary["zones"]}
    return finding["zone"] in zones and {finding["not_before"], finding["not_after"]} <= times


def stands(row: Row, entry: Entry) -> Row:
    """Return what stands of a finding after a line of the log: its ``review``, ``note``, and ``event`` if renamed."""
    if entry.action == "reopen":
        return {"review": UNREVIEWED, "note": entry.note, "event": None}
    return {
        "review": STATES.get(entry.action, row["review"]),
        "note": entry.note if entry.note is not None or entry.action == "note" else row["note"],
        "event": entry.activity if entry.action == "relabel" else row["event"],
    }


def _whose(entry: Entry, digest: str, bare: SeriesDocuments) -> str | None:
    """Return the id of what an entry speaks of: by its id among the findings it was written of, else by itself."""
    if entry.findings_sha256 == digest and entry.region in bare.rows:
        return entry.region
    for name in bare.rows:
        if _is_same(entry.finding, bare.finding(name)):
            return name
    return None


def _is_same(then: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Say whether two runs tell one thing: seen on half of their looks, or an event whose windows meet at one place."""
    if "kind" in now:
        if then.get("kind") != now["kind"] or then["zone"] != now["zone"]:
            return False
        old, new = set(then["seen"]), set(now["seen"])
        return len(old & new) >= SAME_IOU * len(old | new)
    if then.get("event") != now["event"] or then["zone"] != now["zone"]:
        return False
    meets = (then["not_before"] or "") < now["not_after"] and (now["not_before"] or "") < then["not_after"]
    if not meets or (then["geometry"] is None) != (now["geometry"] is None):
        return False
    return now["geometry"] is None or iou(shape(dict(then["geometry"])), shape(now["geometry"])) >= SAME_IOU


def _track(row: Row, said: Mapping[str, Row], events: Sequence[Row]) -> Row:
    """Lay what was said over a thing; one of which an event was accepted is there."""
    own = said.get(row["id"], {})
    confirmed = any(
        said.get(event["id"], {}).get("review") == ACCEPTED for event in events if event["track"] == row["id"]
    )
    review = own.get("review", UNREVIEWED)
    return with_told(
        row,
        {"review": ACCEPTED if review == UNREVIEWED and confirmed else review, "note": own.get("note")},
    )


def _event(row: Row, said: Mapping[str, Row], rejected: set[str]) -> Row:
    """Lay what was said over an event; one of a thing that is none did not happen."""
    own = said.get(row["id"], {})
    changes: Row = {"review": own.get("review", UNREVIEWED), "note": own.get("note")}
    if row["track"] in rejected:
        changes["review"] = REJECTED
    if own.get("event") and own["event"] != row["event"]:
        changes |= {"event": own["event"], "p_event": None}
        changes["description"] = relabelled_words(row["description"], own["event"], row["event"])
    return with_told(row, changes)


def _added(entry: Entry, bare: SeriesDocuments) -> Row:
    """Return the feature of an event that a person added."""
    finding, summary = entry.finding, bare.summary
    zone = next(row for row in summary["zones"] if row["zone"] == finding["zone"])
    scenes = {look["scene"]["acquired"]: look["scene"] for look in summary["looks"]}
    evidence = [scenes[finding[side]] for side in ("not_before", "not_after")]
    words = added_event_words(
        str(entry.activity), zone["title"] or zone["zone"], evidence, zone["timezone"] or summary["aoi"]["timezone"]
    )
    words = f"Rendered scene: {words[0].lower()}{words[1:]}" if summary["simulated"] else words
    properties = {
        "id": entry.region,
        "event": entry.activity,
        "zone": zone["zone"],
        "group": zone["group"],
        "not_before": finding["not_before"],
        "not_after": finding["not_after"],
        "length_m": None,
        "p_event": None,
        "evidence": [scene["file"] for scene in evidence],
        "unusable_between": 0,
        "track": None,
        "description": words,
        "review": UNREVIEWED,
        "simulated": summary["simulated"],
        "credit": summary["credit"],
        "note": None,
        "added": True,
    }
    outline = None if finding["geometry"] is None else mapping(shape(dict(finding["geometry"])))
    return {"type": "Feature", "id": entry.region, "geometry": outline, "properties": properties}


def _observations(bare: SeriesDocuments, reviews: Mapping[str, str]) -> tuple[list[Row], list[Row]]:
    """Return the rows of observations.csv, and of those whose state changed what was told."""
    rows = [{**row, "review": reviews.get(row["track"], UNREVIEWED)} for row in bare.observations]
    changed: list[Row] = []
    begins = [k for k, row in enumerate(rows) if row["object"] in {None, 1}]
    for first, end in pairwise([*begins, len(rows)]):
        told = _emptied(rows[first:end])
        for k in range(first, end) if told else ():
            changed.append({"row": k, "told": {name: rows[k][name] for name in told}})
            rows[k] |= told
    return rows, changed


def _emptied(cell: Sequence[Row]) -> Row:
    """Return what rows of a zone and look say otherwise where things in it were rejected; nothing where none was."""
    if all(row["review"] != REJECTED for row in cell):
        return {}
    kind = next(kind for kind in KINDS if cell[0][kind] != NA)
    told: Row = {}
    if kind == "cargo":
        told |= dict.fromkeys(("fill_fraction", "fill_fraction_low", "fill_fraction_high"))
    left = any(row[f"{kind}_length_m"] is not None and row["review"] != REJECTED for row in cell)
    if not left:
        told |= {kind: UNKNOWN, "unknown_reason": _REJECTED_THERE, "p_state": None}
    return told


def _zones(zones: Sequence[Row], bare: Sequence[Row], rows: Sequence[Row]) -> list[Row]:
    """Tell states, causes and fill of each zone anew where a thing in it was rejected."""
    told = []
    for zone in zones:
        name, kind = zone["zone"], zone["asked_for"]
        mine = [k for k, row in enumerate(rows) if row["zone"] == name and row["object"] in {None, 1}]
        if kind is None or all(_same_state(bare[k], rows[k], kind) for k in mine):
            told.append(dict(zone))
            continue
        states = [rows[k][kind] for k in mine]
        reasons = Counter(rows[k]["unknown_reason"] for k, state in zip(mine, states, strict=True) if state == UNKNOWN)
        reasons.pop(None, None)
        told.append(with_told(zone, {"states": states, "unknown_reasons": dict(reasons), "fill": None}))
    return told


def _disturbed(zone: Row, events: Sequence[Row]) -> Row:
    """Take back that a zone was quiet where a reviewer says that something happened in it."""
    added = [e for e in events if e.get("added") and e["review"] != REJECTED and e["zone"] == zone["zone"]]
    if not added or zone["quiet"] is None:
        return zone
    first = untold(zone)
    return with_told(first, {key: zone[key] for key in zone.get("told") or {}} | {"quiet": None})


def _same_state(old: Row, new: Row, kind: str) -> bool:
    return all(old[name] == new[name] for name in (kind, "unknown_reason", "fill_fraction_low"))


def _visits(row: Row, rejected: set[str], events: Sequence[Row], least_m: float) -> Row:
    """Count calls anew: of every vessel that is none, one less; still a lower bound."""
    gone = sum(name in rejected for name in row["tracks"])
    gone_perhaps = sum(name in rejected for name in row["tracks_perhaps"])
    inferred = sum(
        (event.get("told") or {}).get("event", event["event"]) == "visit_inferred"
        and (event["review"] == REJECTED or event["event"] != "visit_inferred")
        for event in events
        if not event.get("added") and row["group"] in {ALL_BERTHS, event["group"]}
    )
    added = [e["id"] for e in events if e.get("added") and e["review"] != REJECTED and _is_call(e, row["group"])]
    if not (gone or gone_perhaps or inferred or added):
        return dict(row)
    sure, moment = max(row["at_least"] - gone, 0), dt.datetime.fromisoformat
    counted = Visits(
        group=row["group"],
        at_least=sure,
        perhaps=max(row["at_least"] + row["perhaps"] - gone - gone_perhaps - sure, 0),
        inferred=max(row["inferred"] - inferred, 0),
        usable_looks=row["usable_looks"],
        looks=row["looks"],
        gaps=tuple(
            Gap(after=moment(gap["after"]), before=moment(gap["before"]), hours=gap["hours"]) for gap in row["gaps"]
        ),
        sentence="",
        beside_stockpile=max(min(row["beside_stockpile"] - gone, sure), 0),
    )
    names = ("at_least", "perhaps", "inferred", "beside_stockpile")
    changes = {name: getattr(counted, name) for name in names}
    words = visits_words(counted, least_m) if gone or gone_perhaps or inferred else row["sentence"]
    if gone or gone_perhaps or inferred:
        changes["length_classes"] = []
        words += "; what a reviewer rejected is not counted"
    if added:
        words += f"; not counted: {', '.join(added)}, which a reviewer added"
    return with_told(row, {**changes, "sentence": words})


def _is_call(event: Row, group: str) -> bool:
    """Say whether an event is of a vessel at a group of berths."""
    return event["event"] in {"vessel_arrived", "vessel_departed"} and group in {
        ALL_BERTHS,
        event["group"] or event["zone"],
    }


def _events(events: Row, features: Sequence[Row], summary: Row, review: Row | None) -> Row:
    """Return events.geojson of features and a summary that say the same."""
    drawn: list[Any] = [shape(f["geometry"]) for f in features if f["geometry"] is not None]
    document: Row = {
        **{key: events[key] for key in ("type", "schema_version")},
        **({"bbox": bounding_box(drawn)} if drawn else {}),
        **{key: events[key] for key in events if key not in {"type", "schema_version", "bbox", "review"}},
        "caveats": summary["caveats"],
        "features": list(features),
    }
    if review is not None:
        document["review"] = review
    cleaned: Row = plain(document)
    return cleaned
