"""What was changed in QGIS in a GeoPackage that `export` wrote, as decisions of a review."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shapely
from shapely.geometry import shape

from imagery_diff.aoi import WGS84, reproject
from imagery_diff.errors import ImageryDiffWarning, InputError, InputNotFoundError, MissingExtraError
from imagery_diff.finished import Run, doubted, held
from imagery_diff.review_books import Decision, check_reviewable, rows_of
from imagery_diff.write.folder import REVIEWS
from imagery_diff.write.retold import outlines_of
from imagery_diff.write.review_log import DIRECTIONS, check_note, read_log
from imagery_diff.write.reviewed import iou
from imagery_diff.write.words import NOUNS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shapely.geometry.base import BaseGeometry

_SAME_DRAWING = 0.999
"""Outlines that share so much of their union are one drawing: WGS84 to seven decimals moves corners by a centimetre."""


def edited(folder: str | Path, file: str | Path) -> list[Decision]:
    """Return what was changed in a GeoPackage that `export` wrote, as decisions.

    Parameters
    ----------
    folder
        The comparison or timeline it was exported from.
    file
        The GeoPackage: its layer ``regions`` (of a timeline ``events``) with the columns ``id``, ``review`` and
        ``note``. A new row without an id, drawn in QGIS, is a region to be added; it needs its ``direction``. Events
        are not added so: of one that was drawn nobody knows between which looks it was.

    Raises
    ------
    InputNotFoundError, InputError
        If it is not there, or holds something else.
    MissingExtraError
        If pyogrio is not installed.

    """
    with held(folder) as run:
        check_reviewable(run)
        return _edited(run, Path(file))


def _edited(run: Run, path: Path) -> list[Decision]:
    name = "regions" if run.kind == "comparison" else "events"
    rows = {row["id"]: row for row in rows_of(run)}
    with doubted(run):
        there = _added(run) if run.kind == "comparison" else []
    earlier = _earlier(run)
    decisions: list[Decision] = []
    said: dict[str, tuple[str | None, str | None]] = {}
    for values, outline in _layer(path, name):
        own = values.get("id")
        if own:
            if own not in rows:
                raise InputError(f"{path.name}: {own!r:.40} is no finding of this {run.kind}; export it again")
            words = (values.get("review"), values.get("note"))
            if own in said:
                # What was split in QGIS is there twice.
                if said[own] != words:
                    raise InputError(f"{path.name}: says more than one thing of {own}; leave one row of it")
                continue
            said[own] = words
            decisions += _changes(path, rows[own], values, earlier.get(own, set()))
        elif run.kind == "timeline":
            raise InputError(f"{path.name}: holds an event without an id; add events by --add, and remove it there")
        else:
            drawn = _drawn(path, values, outline)
            assert drawn.outline is not None
            # The file still holds what was taken up from it the last time.
            if not any(drawn.direction == way and iou(drawn.outline, old) >= _SAME_DRAWING for way, old in there):
                decisions.append(drawn)
    return decisions


def _added(run: Run) -> list[tuple[str, BaseGeometry]]:
    """Return direction and outline of what a person drew before."""
    summary = run.document("summary.json")
    outlines = outlines_of(summary, run.document("regions.geojson") if "regions.geojson" in run.sha256 else None)
    return [(row["direction"], shape(outlines[row["id"]])) for row in summary["regions"] if row.get("added")]


def _earlier(run: Run) -> dict[str, set[tuple[str, str | None]]]:
    """Return what stood of each finding before it was reviewed as it is now: id -> (review, note)."""
    path = run.folder / REVIEWS
    found: dict[str, set[tuple[str, str | None]]] = {}
    for entry in read_log(path.read_bytes()) if path.is_file() else ():
        if entry.before:
            found.setdefault(entry.region, set()).add((entry.before["review"], entry.before["note"]))
    return found


def _changes(
    file: Path, row: dict[str, Any], values: dict[str, Any], earlier: set[tuple[str, str | None]]
) -> list[Decision]:
    """Return what an edited row says that the documents do not; not what stood there before somebody reviewed it."""
    review_, note = values.get("review") or "unreviewed", check_note(values.get("note"))
    actions = {"accepted": "accept", "rejected": "reject", "unreviewed": "reopen"}
    if review_ not in actions:
        raise InputError(f"{file.name}: review of {row['id']} is {review_!r:.40}; it is one of {', '.join(actions)}")
    if (review_, note) != (row["review"], row["note"]) and (review_, note) in earlier:
        # The file may have been written before the last review, and then it says nothing new.
        warnings.warn(
            f"{row['id']}: {file.name} says what stood there before it was reviewed last; left as it is (to go back,"
            f" say so: --accept, --reject or --reopen {row['id']})",
            ImageryDiffWarning,
            stacklevel=3,
        )
        return []
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


def _layer(file: Path, name: str) -> list[tuple[dict[str, Any], BaseGeometry | None]]:
    """Read a layer of a GeoPackage, outlines in WGS84."""
    try:
        import pyogrio  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise MissingExtraError(
            'a GeoPackage is read with pyogrio, which is an extra: pip install "imagery-diff[vector]"'
        ) from error
    if not file.is_file():
        what = "is a folder" if file.is_dir() else "is not there"
        raise InputNotFoundError(f"{file.name}: {what}; name the GeoPackage that export wrote and you edited")
    with file.open("rb") as stream:
        head = stream.read(15)
    if head != b"SQLite format 3":
        raise InputError(f"{file.name}: is no GeoPackage; name the one that export wrote and you edited")
    try:
        info, _, geometry, values = pyogrio.raw.read(file, layer=name)
    except pyogrio.errors.DataLayerError as error:
        raise InputError(f"{file.name}: holds no layer {name}; name the one that export wrote") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file.name}: holds text that is not UTF-8; write its notes in QGIS again") from error
    except (pyogrio.errors.DataSourceError, RuntimeError, ValueError) as error:
        raise InputError(f"{file.name}: cannot be read ({error}); name the one that export wrote") from error
    columns = dict(zip(info["fields"], values, strict=True))
    _check_columns(file, name, columns)
    if not _is_placed(info["crs"]):
        raise InputError(f"{file.name}: its layer {name} has no coordinate system; export it again, or set it in QGIS")
    try:
        outlines = [None if wkb is None else reproject(shapely.from_wkb(wkb), info["crs"], WGS84) for wkb in geometry]
    except InputError as error:
        raise InputError(f"{file.name}: {error}") from error
    except (shapely.GEOSException, RuntimeError, ValueError) as error:
        raise InputError(f"{file.name}: holds an outline that cannot be read; draw it again") from error
    rows = [{name: _plain(column[i]) for name, column in columns.items()} for i in range(len(outlines))]
    return list(zip(rows, outlines, strict=True))


def _check_columns(file: Path, layer: str, columns: Mapping[str, Any]) -> None:
    """Refuse a layer without the columns that hold a review, or in which they are no text."""
    for name in ("id", "review", "note"):
        if name not in columns:
            raise InputError(f"{file.name}: its layer {layer} lacks the column {name}; name one that export wrote")
        if columns[name].dtype != object:
            raise InputError(
                f"{file.name}: the column {name} of its layer {layer} holds no text ({columns[name].dtype}); export it"
                " again"
            )


def _is_placed(crs: str | None) -> bool:
    """Say whether a coordinate system has a place on the earth."""
    from pyproj import CRS  # noqa: PLC0415 - only for a file that was edited
    from pyproj.exceptions import CRSError  # noqa: PLC0415

    try:
        known = CRS.from_user_input(crs)
    except CRSError:
        return False
    return bool(known.is_geographic or known.is_projected)


def _plain(value: Any) -> str | None:
    return value if isinstance(value, str) else None
