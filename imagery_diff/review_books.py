"""What can be reviewed of a finished run: its findings by their ids, and what a decision says of one of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from shapely.geometry import shape

from imagery_diff.aoi import WGS84
from imagery_diff.errors import InputError
from imagery_diff.finished import doubted
from imagery_diff.result_series import EVENTS
from imagery_diff.write import reviewed, reviewed_series
from imagery_diff.write.retold import ACCEPTED, REJECTED, UNREVIEWED, outlines_of
from imagery_diff.write.review_log import ACTIONS, DIRECTIONS, Entry
from imagery_diff.write.reviewed import added_outline, check_within
from imagery_diff.write.reviewed_series import SeriesDocuments
from imagery_diff.write.words import NOUNS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shapely.geometry.base import BaseGeometry

    from imagery_diff.finished import Run

    Row = dict[str, Any]


_TIMES_ITS_ZONE = 3.0


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a person says of one finding."""

    action: str
    """``accept``, ``reject``, ``relabel``, ``reopen``, ``note`` or ``add``."""
    region: str | None = None
    """Id of the region, the event or the thing; None of one that is added."""
    activity: str | None = None
    """The class (of an event, the event) it is given, of ``relabel`` and ``add``."""
    note: str | None = None
    outline: BaseGeometry | None = None
    """Of ``add``: where it lies, longitude and latitude (pixels without georeference); of an event it may be None."""
    direction: str | None = None
    """Of ``add``, of a region."""
    zone: str | None = None
    """Of ``add``, of an event."""
    looks: tuple[int, int] | None = None
    """Of ``add``, of an event: the numbers of the looks between which it was."""


class Book(Protocol):
    """The findings of a run while decisions are laid over them, one after the other."""

    findings_sha256: str
    """Of all of them, as the programme told them."""

    def spoken_of(self, decision: Decision) -> tuple[Row, Row]:
        """Return what a decision speaks of, by which a rerun finds it, and what stood there before."""

    def decided(self, entry: Entry) -> None:
        """Remember a decision: what the next one says stood before it."""


def book_of(kind: str, files: Mapping[str, bytes]) -> Book:
    """Read the findings of a comparison or a timeline."""
    return _Regions.of(files) if kind == "comparison" else _Events.of(files)


def check_reviewable(run: Run) -> None:
    """Refuse what cannot be reviewed.

    Raises
    ------
    InputError
        If it is neither a comparison nor a timeline, was altered, or keeps no pictures.

    """
    name = run.folder.name
    if run.kind not in {"comparison", "timeline"}:
        raise InputError(f"{name}: is a {run.kind}; comparisons and timelines are reviewed")
    altered = run.altered()
    if altered:
        raise InputError(
            f"{name}: {altered[0]} was changed since it was written, so it cannot be told anew; put the original back,"
            f" or make the {run.kind} again"
        )


def rows_of(run: Run) -> list[Row]:
    """Return what can be reviewed of a run, as its documents hold it: regions; or events, then things followed."""
    with doubted(run):
        summary = run.document("summary.json")
        if run.kind == "comparison":
            found = list(summary["regions"])
        else:
            events = run.document("events.geojson")["features"]
            found = [*(feature["properties"] for feature in events), *summary["tracks"]]
        # What is asked of every one of them.
        return [dict(row) | {name: row[name] for name in ("id", "review", "note")} for row in found]


@dataclass(kw_only=True)
class _Regions:
    """Regions of a comparison."""

    findings_sha256: str
    summary: Row
    rows: dict[str, Row]
    outlines: dict[str, Any]

    @classmethod
    def of(cls, files: Mapping[str, bytes]) -> _Regions:
        bare, bare_regions = reviewed.documents(files)
        summary = json.loads(files["summary.json"])
        drawn = json.loads(files["regions.geojson"]) if bare_regions is not None else None
        return cls(
            findings_sha256=reviewed.findings_sha256(bare),
            summary=summary,
            rows={row["id"]: row for row in summary["regions"]},
            outlines=outlines_of(summary, drawn),
        )

    def spoken_of(self, decision: Decision) -> tuple[Row, Row]:
        _check(decision, NOUNS, "class")
        if decision.action == "add":
            return self._added(decision), {}
        row = _row(decision, self.rows, "region", "comparison")
        if decision.action == "relabel" and decision.activity is None:
            raise InputError(f"{decision.region}: a region is relabelled to one of {', '.join(NOUNS)}")
        finding = {name: row[name] for name in ("direction", "activity", "zone")}
        finding["geometry"] = self.outlines[row["id"]]
        return finding, {name: row[name] for name in ("review", "activity", "note")}

    def decided(self, entry: Entry) -> None:
        if entry.region in self.rows:
            row = self.rows[entry.region]
            self.rows[entry.region] = {**row, **reviewed.stands(row, entry)}

    def _added(self, decision: Decision) -> Row:
        """Return what is written of a region that a person drew: within the place, in the zone it covers most."""
        if decision.direction not in DIRECTIONS or decision.outline is None:
            raise InputError(f"a region that is added needs an outline and a direction: {', '.join(DIRECTIONS)}")
        crs = self.summary["grid"]["crs"]
        place = self.summary["aoi"]["geometry"]
        if place is not None:
            check_within(decision.outline, shape(place), "the place that was compared")
        geometry = added_outline(decision.outline, None if crs is None else WGS84)
        outline = shape(geometry)
        zones = self.summary["zones"]
        covered = {zone["name"]: shape(zone["geometry"]).intersection(outline).area for zone in zones}
        zone = max(covered, key=lambda name: covered[name]) if covered else None
        zone = zone if zone is not None and covered[zone] > 0 else None
        return {
            "direction": decision.direction,
            "activity": decision.activity or "other",
            "zone": zone,
            "geometry": geometry,
        }


@dataclass(kw_only=True)
class _Events:
    """Events of a timeline, and the things it followed."""

    findings_sha256: str
    told: SeriesDocuments
    rows: dict[str, Row] = field(default_factory=dict)

    @classmethod
    def of(cls, files: Mapping[str, bytes]) -> _Events:
        told = SeriesDocuments.of(files)
        bare = reviewed_series.findings(told)
        return cls(
            findings_sha256=bare.findings_sha256, told=told, rows={name: dict(row) for name, row in told.rows.items()}
        )

    def spoken_of(self, decision: Decision) -> tuple[Row, Row]:
        _check(decision, EVENTS, "event")
        if decision.action == "add":
            return self._added(decision), {}
        row = _row(decision, self.rows, "event or thing", "timeline")
        is_event = "event" in row
        if decision.action == "relabel" and (not is_event or decision.activity is None):
            raise InputError(f"{decision.region}: an event is relabelled, to one of {', '.join(EVENTS)}")
        track = self.rows.get(row["track"] or "") if is_event else None
        if track and track["review"] == REJECTED and decision.action in {"accept", "relabel"}:
            raise InputError(f"{row['id']}: is of {track['id']}, which was rejected; reopen {track['id']} first")
        return self.told.finding(row["id"]), {name: row[name] for name in ("review", "event", "note") if name in row}

    def decided(self, entry: Entry) -> None:
        if entry.region in self.rows:
            row = self.rows[entry.region]
            now = reviewed_series.stands({"event": None, **row}, entry)
            name = now.pop("event")
            self.rows[entry.region] = {**row, **now}
            if "event" in row:
                # An event that was renamed and reopened is again what the programme told.
                self.rows[entry.region]["event"] = name or (row.get("told") or {}).get("event", row["event"])
            self._followed(self.rows[entry.region])

    def _followed(self, row: Row) -> None:
        """Let a thing that is none take its events with it, and an event that was accepted confirm its thing."""
        if "event" not in row:
            for other in self.rows.values():
                if row["review"] == REJECTED and other.get("track") == row["id"]:
                    other["review"] = REJECTED
        elif row["review"] == ACCEPTED and row["track"] in self.rows:
            thing = self.rows[row["track"]]
            thing["review"] = ACCEPTED if thing["review"] == UNREVIEWED else thing["review"]

    def _added(self, decision: Decision) -> Row:
        """Return what is written of an event that a person adds: in a zone, between two looks."""
        summary = self.told.summary
        zones = {row["zone"]: row for row in summary["zones"]}
        if decision.activity is None or decision.zone not in zones:
            raise InputError(
                f"an event that is added is one of {', '.join(EVENTS)}, in one of these zones: {', '.join(zones)}"
            )
        times = [look["scene"]["acquired"] for look in summary["looks"]]
        first, last = decision.looks or (0, 0)
        if not 1 <= first < last <= len(times):
            raise InputError(f"an event lies between two looks, numbers from 1 to {len(times)}, the earlier first")
        return {
            "event": decision.activity,
            "zone": decision.zone,
            "not_before": times[first - 1],
            "not_after": times[last - 1],
            "geometry": None if decision.outline is None else self._outline(decision.outline, zones[decision.zone]),
        }

    def _outline(self, drawn: BaseGeometry, zone: Row) -> Row:
        # A ship may be longer than its berth.
        check_within(drawn, shape(zone["geometry"]), f"its zone {zone['zone']}", _TIMES_ITS_ZONE)
        return added_outline(drawn, WGS84)


def _check(decision: Decision, names: Mapping[str, str] | tuple[str, ...], what: str) -> None:
    if decision.action not in ACTIONS:
        raise InputError(f"{decision.action!r:.40} is no decision; it is one of {', '.join(ACTIONS)}")
    if decision.activity is not None and decision.activity not in names:
        raise InputError(f"{decision.activity!r:.40} is no {what}; it is one of {', '.join(names)}")


def _row(decision: Decision, rows: Mapping[str, Row], what: str, kind: str) -> Row:
    row = rows.get(str(decision.region))
    if row is None:
        there = ", ".join(rows) or "none"
        raise InputError(f"there is no {what} {decision.region!r:.40} in this {kind}; there are: {there}")
    return row
