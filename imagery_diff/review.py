"""Review of a finished comparison: what a person says is added to review.jsonl, and its files are told anew.

Nothing that was found is lost: rows that a review changed keep what the programme told, and the log only ever grows.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shapely
from shapely.geometry import shape

from imagery_diff.aoi import WGS84, reproject
from imagery_diff.errors import ImageryDiffError, InputError, InputNotFoundError, MissingExtraError, OutputError
from imagery_diff.finished import Run, open_run
from imagery_diff.write import folder as folders
from imagery_diff.write import manifest as manifests
from imagery_diff.write.retold import outlines_of
from imagery_diff.write.review_log import (
    ACTIONS,
    DIRECTIONS,
    MOST_BYTES,
    Entry,
    check_initials,
    check_note,
    lines_of,
    now,
    read_log,
)
from imagery_diff.write.reviewed import added_outline, documents, findings_sha256, iou, stands, with_review
from imagery_diff.write.words import NOUNS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shapely.geometry.base import BaseGeometry

_MOST_ADDED = 1000
_SAME_DRAWING = 0.999
"""Outlines that share so much of their union are one drawing: WGS84 to seven decimals moves corners by a centimetre."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a person says of one region."""

    action: str
    """``accept``, ``reject``, ``relabel``, ``reopen``, ``note`` or ``add``."""
    region: str | None = None
    """Its id; None of one that is added."""
    activity: str | None = None
    """The class it is given, of ``relabel`` and ``add``."""
    note: str | None = None
    outline: BaseGeometry | None = None
    """Of ``add``: where it lies, longitude and latitude (pixels without georeference)."""
    direction: str | None = None
    """Of ``add``."""


def review(folder: str | Path, decisions: Sequence[Decision], by: str) -> tuple[str, ...]:
    """Add decisions to the review of a comparison and tell its files anew; all of them or none.

    Parameters
    ----------
    folder
        What a comparison wrote.
    decisions
        In their order; none only tells the files anew, as after a crash.
    by
        Initials of who decides.

    Returns
    -------
    Ids of the regions that are still unreviewed.

    Raises
    ------
    InputError
        If the folder is no comparison, was altered, or a decision speaks of a region it does not hold.
    OutputError
        If the folder cannot be written, or something that is not ours stands in it.

    """
    initials = check_initials(by) if decisions else ""
    run = open_run(folder)
    _check(run)
    folders.check_target(run.folder)
    with _locked(run.folder / folders.REVIEWS) as log:
        # What another process wrote meanwhile is in the folder that stands there now.
        run = open_run(folder)
        old = log.read()
        _check_log(run, old)
        new, told = _told(run, old, decisions, initials)
        if new:
            log.seek(0, os.SEEK_END)
            log.write(new)
            log.flush()
            os.fsync(log.fileno())
        if old + new:
            try:
                folders.write_folder(run.folder, told)
            except OutputError:
                # All or nothing: what nobody was told must not stand in the log either.
                log.truncate(len(old))
                raise
    return unreviewed(open_run(folder))


def _told(run: Run, old: bytes, decisions: Sequence[Decision], by: str) -> tuple[bytes, dict[str, bytes]]:
    """Return the lines that are added to a log, and the files as they are then."""
    try:
        files = _files(run)
        new = lines_of(_entries(files, read_log(old), decisions, by), old)
        return new, with_review(files, old + new)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, shapely.GEOSException, OSError) as error:
        if isinstance(error, ImageryDiffError):
            raise
        # Whoever holds a folder can write files whose hashes agree.
        raise InputError(
            f"{run.folder.name}: its files are not as this version writes them ({type(error).__name__}); make it again"
        ) from error


def unreviewed(run: Run) -> tuple[str, ...]:
    """Ids of the regions nobody has reviewed."""
    return tuple(row["id"] for row in run.document("summary.json")["regions"] if row["review"] == "unreviewed")


def edited(folder: str | Path, file: str | Path) -> list[Decision]:
    """Return what was changed in a GeoPackage that `export` wrote, as decisions.

    Parameters
    ----------
    folder
        The comparison it was exported from.
    file
        The GeoPackage: its layer ``regions`` with the columns ``id``, ``review`` and ``note``. A new row without an
        id, drawn in QGIS, is a region to be added; it needs its ``direction``.

    Raises
    ------
    InputNotFoundError, InputError
        If it is not there, or holds something else.
    MissingExtraError
        If pyogrio is not installed.

    """
    run = open_run(folder)
    _check(run)
    summary = run.document("summary.json")
    rows = {row["id"]: row for row in summary["regions"]}
    there = _added(run, summary)
    decisions: list[Decision] = []
    for values, outline in _layer(Path(file)):
        name = values.get("id")
        if not name:
            drawn = _drawn(Path(file), values, outline)
            assert drawn.outline is not None
            # The file still holds what was taken up from it the last time.
            if not any(drawn.direction == way and iou(drawn.outline, old) >= _SAME_DRAWING for way, old in there):
                decisions.append(drawn)
            continue
        if name not in rows:
            raise InputError(f"{Path(file).name}: its region {name!r:.40} is none of this comparison; export it again")
        decisions += _changes(Path(file), rows[name], values)
    return decisions


def _added(run: Run, summary: dict[str, Any]) -> list[tuple[str, BaseGeometry]]:
    """Return direction and outline of what a person drew before."""
    outlines = outlines_of(summary, run.document("regions.geojson") if "regions.geojson" in run.sha256 else None)
    return [(row["direction"], shape(outlines[row["id"]])) for row in summary["regions"] if row.get("added")]


def _changes(file: Path, row: dict[str, Any], values: dict[str, Any]) -> list[Decision]:
    """Return what an edited row says that the documents do not."""
    review_, note = values.get("review") or "unreviewed", check_note(values.get("note"))
    actions = {"accepted": "accept", "rejected": "reject", "unreviewed": "reopen"}
    if review_ not in actions:
        raise InputError(f"{file.name}: review of {row['id']} is {review_!r:.40}; it is one of {', '.join(actions)}")
    if review_ != row["review"]:
        return [Decision(action=actions[review_], region=row["id"], note=note)]
    return [Decision(action="note", region=row["id"], note=note)] if note != row["note"] else []


def _drawn(file: Path, values: dict[str, Any], outline: BaseGeometry | None) -> Decision:
    direction, activity = values.get("direction"), values.get("activity") or "other"
    if outline is None or direction not in DIRECTIONS or activity not in NOUNS:
        raise InputError(
            f"{file.name}: a region that was drawn needs an outline, its direction ({', '.join(DIRECTIONS)}), and as"
            " activity nothing or one of the classes; fill them in"
        )
    note = check_note(values.get("note"))
    return Decision(action="add", outline=outline, direction=direction, activity=activity, note=note)


def _layer(file: Path) -> list[tuple[dict[str, Any], BaseGeometry | None]]:
    """Read the layer ``regions`` of a GeoPackage, outlines in WGS84."""
    try:
        import pyogrio  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise MissingExtraError(
            'a GeoPackage is read with pyogrio, which is an extra: pip install "imagery-diff[vector]"'
        ) from error
    if not file.is_file():
        raise InputNotFoundError(f"{file.name}: is not there; name the GeoPackage that export wrote and you edited")
    with file.open("rb") as stream:
        head = stream.read(15)
    if head != b"SQLite format 3":
        raise InputError(f"{file.name}: is no GeoPackage; name the one that export wrote and you edited")
    try:
        info, _, geometry, values = pyogrio.raw.read(file, layer="regions")
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise InputError(f"{file.name}: holds no layer of regions; name the one that export wrote") from error
    names = list(info["fields"])
    if not {"id", "review", "note"} <= set(names) or not info["crs"]:
        raise InputError(f"{file.name}: its layer regions lacks id, review or note; name one that export wrote")
    try:
        outlines = [None if wkb is None else reproject(shapely.from_wkb(wkb), info["crs"], WGS84) for wkb in geometry]
    except shapely.GEOSException as error:
        raise InputError(f"{file.name}: holds an outline that cannot be read; draw it again") from error
    rows = [{name: _plain(column[i]) for name, column in zip(names, values, strict=True)} for i in range(len(outlines))]
    return list(zip(rows, outlines, strict=True))


def _plain(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _check(run: Run) -> None:
    """Refuse what cannot be reviewed."""
    if run.kind != "comparison":
        raise InputError(f"{run.folder.name}: is a {run.kind}; so far comparisons alone can be reviewed")
    altered = run.altered()
    if altered:
        raise InputError(
            f"{run.folder.name}: {altered[0]} was changed since it was written, so it cannot be told anew; put the"
            " original back, or make the comparison again"
        )


def _check_log(run: Run, log: bytes) -> None:
    """Refuse a log that holds less than the documents were told from."""
    told = run.manifest.get("review")
    if isinstance(told, dict) and len(read_log(log)) < int(told.get("entries", 0)):
        raise InputError(
            f"{run.folder.name}: review.jsonl holds fewer lines than its files were told from; put the original back"
        )


def _files(run: Run) -> dict[str, bytes]:
    return {name: run.read(name) for name in run.sha256} | {
        manifests.NAME: (run.folder / manifests.NAME).read_bytes(),
    }


def _entries(files: dict[str, bytes], said: Sequence[Entry], decisions: Sequence[Decision], by: str) -> list[Entry]:
    """Turn decisions into lines of the log, each with what it speaks of and what stood there before."""
    bare, bare_regions = documents(files)
    digest = findings_sha256(bare)
    now_told = json.loads(files["summary.json"])
    rows = {row["id"]: row for row in now_told["regions"]}
    drawn = json.loads(files["regions.geojson"]) if bare_regions is not None else None
    outlines = outlines_of(now_told, drawn)
    taken = sum(entry.action == "add" for entry in said)
    moment, entries = now(), []
    for decision in decisions:
        finding, before = _spoken_of(decision, rows, outlines, now_told)
        name = str(decision.region)
        if decision.action == "add":
            taken += 1
            name = f"P{taken}"
        entry = Entry(
            at=moment,
            by=by,
            action=decision.action,
            region=name,
            finding=finding,
            before=before,
            findings_sha256=digest,
            activity=decision.activity,
            note=check_note(decision.note),
        )
        entries.append(entry)
        if name in rows:
            # What the next line says stood before it.
            rows[name] = {**rows[name], **stands(rows[name], entry)}
    if taken > _MOST_ADDED:
        raise InputError(f"a review adds at most {_MOST_ADDED} regions")
    return entries


def _spoken_of(
    decision: Decision, rows: dict[str, Any], outlines: dict[str, Any], summary: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a decision speaks of, and what stood there before."""
    if decision.action not in ACTIONS:
        raise InputError(f"{decision.action!r:.40} is no decision; it is one of {', '.join(ACTIONS)}")
    if decision.activity is not None and decision.activity not in NOUNS:
        raise InputError(f"{decision.activity!r:.40} is no class; it is one of {', '.join(NOUNS)}")
    if decision.action == "add":
        return _finding_added(decision, summary), {}
    row = rows.get(str(decision.region))
    if row is None:
        there = ", ".join(rows) or "none"
        raise InputError(f"there is no region {decision.region!r:.40} in this comparison; there are: {there}")
    if decision.action == "relabel" and decision.activity is None:
        raise InputError(f"{decision.region}: a region is relabelled to one of {', '.join(NOUNS)}")
    finding = {name: row[name] for name in ("direction", "activity", "zone")} | {"geometry": outlines[row["id"]]}
    return finding, {name: row[name] for name in ("review", "activity", "note")}


def _finding_added(decision: Decision, summary: dict[str, Any]) -> dict[str, Any]:
    """Return what is written of a region that a person drew: within the place, in the zone it covers most."""
    if decision.direction not in DIRECTIONS or decision.outline is None:
        raise InputError(f"a region that is added needs an outline and a direction: {', '.join(DIRECTIONS)}")
    crs = summary["grid"]["crs"]
    geometry = added_outline(decision.outline, None if crs is None else WGS84)
    outline = shape(geometry)
    place = summary["aoi"]["geometry"]
    if place is not None and not shape(place).intersects(outline):
        raise InputError("a region that is added lies outside the place that was compared; draw it within")
    covered = {zone["name"]: shape(zone["geometry"]).intersection(outline).area for zone in summary["zones"]}
    zone = max(covered, key=lambda name: covered[name]) if covered else None
    zone = zone if zone is not None and covered[zone] > 0 else None
    return {
        "direction": decision.direction,
        "activity": decision.activity or "other",
        "zone": zone,
        "geometry": geometry,
    }


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[Any]:
    """Open a log to be added to, alone: the other of two processes waits."""
    while True:
        if path.is_symlink():
            raise InputError(f"{path.name}: is a symbolic link; put the file itself there")
        try:
            stream = path.open("a+b")
        except OSError as error:
            raise InputError(f"{path.name}: cannot be written ({error.strerror}); ask who owns it") from error
        with stream:
            _lock(stream)
            # A folder that was told anew meanwhile holds a copy; the one we waited for is gone.
            if not path.exists() or not os.path.samestat(os.fstat(stream.fileno()), path.stat()):
                continue
            if path.stat().st_size > MOST_BYTES:
                raise InputError(f"{path.name}: is larger than any log of a review")
            stream.seek(0)
            try:
                yield stream
            finally:
                if path.exists() and path.stat().st_size == 0:
                    path.unlink()
            return


def _lock(stream: Any) -> None:
    try:
        import fcntl  # noqa: PLC0415 - not on every system
    except ImportError:  # pragma: no cover
        return
    fcntl.flock(stream, fcntl.LOCK_EX)
