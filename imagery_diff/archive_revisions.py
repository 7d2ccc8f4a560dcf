"""What a run says beside what an earlier one said: rows that differ, revisions, and flags on what was reviewed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from imagery_diff.archive_schema import HAPPENED, OBSERVED

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

KINDS = ("vessel", "cargo", "rail")
"""What a zone is asked for."""
Row = dict[str, Any]
_Event = tuple[str, str, str | None, str]
"""Event, zone, not before, not after: by which an event is known."""


def write_said(
    db: sqlite3.Connection,
    run: int,
    observations: Sequence[Mapping[str, Any]],
    events: Sequence[Mapping[str, Any]],
) -> None:
    """Write what a run says, list where that is not what was said, and flag what was reviewed and is said otherwise.

    Rows of a zone on a look are written where they differ from those that stand; events are written with every run.
    """
    known = {row[0] for row in db.execute("SELECT acquired FROM observations WHERE run < ?", (run,))}
    before_events = [dict(row) for row in db.execute("SELECT * FROM events WHERE run = ?", (run - 1,))]
    looks = {(_to_second(row["acquired"]), row["scene"]): row["id"] for row in db.execute("SELECT * FROM looks")}
    revised = _write_observations(db, run, looks, observations)
    for event in events:
        _insert(db, "events", {"run": run, "wkt": event.get("wkt"), **_stored(event, HAPPENED)})
    now_events = [dict(row) for row in db.execute("SELECT * FROM events WHERE run = ?", (run,))]
    revised += _events_revised(before_events, now_events, known)
    touched = _flag(db, now_events)
    for one in revised:
        review = touched.get((one["look"], one["zone"], one["kind"]))
        _insert(db, "revisions", {"run": run, "review": review, **one})


def _to_second(moment: str) -> str:
    """Return a time as the rows write it: UTC, to the second."""
    return moment[:19] + "Z"


def _write_observations(
    db: sqlite3.Connection, run: int, looks: Mapping[tuple[str, str], int], rows: Iterable[Mapping[str, Any]]
) -> list[Row]:
    groups: dict[tuple[int, str], list[Row]] = {}
    for row in rows:
        # Of a look whose file could not be read nothing is kept.
        look = looks.get((_to_second(row["acquired"]), row["scene"]))
        if look is not None:
            groups.setdefault((look, row["zone"]), []).append(_stored(row, OBSERVED))
    revised = []
    for (look, zone), now in groups.items():
        was = standing(db, look, zone)
        if was == now:
            continue
        for row in now:
            _insert(db, "observations", {"run": run, "look": look, **row})
        if was:
            revised += [{"look": look, **one} for one in _revised(was, now)]
    return revised


def standing(db: sqlite3.Connection, look: int, zone: str) -> list[Row]:
    """Return the rows that stand of a zone on a look: those of the last run that said anything new of it."""
    names = ", ".join(f'"{name}"' for name in OBSERVED)
    last = "SELECT max(run) FROM observations WHERE look = :look AND zone = :zone"
    sql = f"SELECT {names} FROM observations WHERE look = :look AND zone = :zone AND run = ({last}) ORDER BY rowid"  # noqa: S608
    return [dict(row) for row in db.execute(sql, {"look": look, "zone": zone})]


def _stored(row: Mapping[str, Any], names: Mapping[str, str]) -> Row:
    """Return a row as the database gives it back: numbers of its columns' types, yes and no as 1 and 0."""
    return {name: _value(row[name], kind) for name, kind in names.items()}


def _value(value: Any, kind: str) -> Any:
    if value is None:
        return None
    return float(value) if kind == "REAL" else int(value) if kind == "INTEGER" else str(value)


def _revised(was: list[Row], now: list[Row]) -> list[Row]:
    """Say of each kind what was said of a zone on a look and what is said now, where these exclude each other."""
    about = {"scene": now[0]["scene"], "zone": now[0]["zone"]}
    return [
        {**about, "kind": kind, "was": in_words(was, kind), "now": in_words(now, kind)}
        for kind in KINDS
        if says_otherwise(was, now, kind)
    ]


def says_otherwise(was: Sequence[Row], now: Sequence[Row], kind: str) -> bool:
    """Say whether two answers on one zone and look differ: in state, in number, or in a length beyond its limits.

    A length that moves within the limits that were stated with it is no other answer.
    """
    if was[0][kind] != now[0][kind]:
        return True
    old, new = (_lengths(rows, kind) for rows in (was, now))
    if len(old) != len(new):
        return True
    return any(
        low is not None and high is not None and not low <= length <= high
        for (_, low, high), (length, _, _) in zip(sorted(old), sorted(new), strict=True)
    )


def _lengths(rows: Sequence[Row], kind: str) -> list[tuple[float, float | None, float | None]]:
    own = [row for row in rows if row[f"{kind}_length_m"] is not None]
    return [(row[f"{kind}_length_m"], row["length_low_m"], row["length_high_m"]) for row in own]


def in_words(rows: Sequence[Row], kind: str) -> str:
    """Say what rows say of a kind, such as ``yes, 96.2 m`` or ``unknown: cloud``."""
    state, reason = rows[0][kind], rows[0]["unknown_reason"]
    lengths = [f"{length:g} m" for length, _, _ in _lengths(rows, kind)]
    return ", ".join([state, *lengths]) if lengths else f"{state}: {reason}" if state == "unknown" and reason else state


def _known_by(row: Mapping[str, Any]) -> _Event:
    return (row["event"], row["zone"], row["not_before"], row["not_after"])


def _events_revised(was: Sequence[Row], now: Sequence[Row], known: set[str]) -> list[Row]:
    """List events that are said no more, that have another window, and that are new among looks known before."""
    gone = [e for e in was if _known_by(e) not in {_known_by(n) for n in now}]
    fresh = [e for e in now if _known_by(e) not in {_known_by(w) for w in was}]
    found = []
    for old in gone:
        new = next((e for e in fresh if _overlap(old, e)), None)
        if new is not None:
            fresh.remove(new)
        found.append(_event_revision(old, old, new))
    # An event that a new look bounds is news, no revision.
    found += [
        _event_revision(e, None, e) for e in fresh if {e["not_before"] or e["not_after"], e["not_after"]} <= known
    ]
    return found


def _event_revision(about: Row, was: Row | None, now: Row | None) -> Row:
    told = [None if e is None else f"{e['not_before'] or 'not known'} to {e['not_after']}" for e in (was, now)]
    return {"look": None, "scene": None, "zone": about["zone"], "kind": about["event"], "was": told[0], "now": told[1]}


def _overlap(one: Row, other: Row) -> bool:
    """Say whether two events may be one: of one name and zone, with windows that meet."""
    alike = (one["event"], one["zone"]) == (other["event"], other["zone"])
    begins = [e["not_before"] or "" for e in (one, other)]
    return alike and max(begins) <= min(one["not_after"], other["not_after"])


def _flag(db: sqlite3.Connection, events: Sequence[Row]) -> dict[tuple[int | None, str, str], int]:
    """Set the flag of every review to what is said otherwise now, or to nothing; return which reviews carry one."""
    flagged = {}
    here = {_known_by(e) for e in events}
    for review in [dict(row) for row in db.execute("SELECT * FROM reviews ORDER BY id")]:
        flag = None
        if review["look"] is None:
            known = (review["kind"], review["zone"], review["not_before"], review["not_after"])
            flag = None if known in here else "is not said any more as it was reviewed"
        else:
            now = standing(db, review["look"], review["zone"])
            if says_otherwise(json.loads(review["said"]), now, review["kind"]):
                flag = f"now {in_words(now, review['kind'])}"
        if flag != review["flag"]:
            db.execute("UPDATE reviews SET flag = ? WHERE id = ?", (flag, review["id"]))
        if flag:
            flagged[review["look"], review["zone"], review["kind"]] = review["id"]
    return flagged


def _insert(db: sqlite3.Connection, table: str, row: Mapping[str, Any]) -> None:
    names = ", ".join(f'"{name}"' for name in row)
    marks = ", ".join("?" * len(row))
    db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(row.values()))  # noqa: S608 - our own words
