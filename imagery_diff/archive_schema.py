"""The tables of an archive as SQL, and the way from older versions; docs/how-to/archive.md says what stands in them."""

from __future__ import annotations

VERSION = 2
"""Of the tables; stands in ``PRAGMA user_version`` and in ``meta``."""
APPLICATION_ID = 0x494D4446
"""``IMDF``: by this SQLite file is told from others (https://www.sqlite.org/pragma.html#pragma_application_id)."""

OBSERVED: dict[str, str] = {
    "acquired": "TEXT",
    "scene": "TEXT",
    "zone": "TEXT",
    "group": "TEXT",
    "object": "INTEGER",
    "clear_fraction": "REAL",
    "degraded_fraction": "REAL",
    "unknown_reason": "TEXT",
    "vessel": "TEXT",
    "cargo": "TEXT",
    "rail": "TEXT",
    "vessel_length_m": "REAL",
    "cargo_length_m": "REAL",
    "cargo_area_m2": "REAL",
    "rail_length_m": "REAL",
    "fill_fraction": "REAL",
    "fill_fraction_low": "REAL",
    "fill_fraction_high": "REAL",
    "vessel_floor_m": "REAL",
    "cargo_floor_m": "REAL",
    "rail_floor_m": "REAL",
    "state_raw": "TEXT",
    "p_state_raw": "REAL",
    "p_state": "REAL",
    "track": "TEXT",
    "activity": "TEXT",
    "colour": "TEXT",
    "length_low_m": "REAL",
    "length_high_m": "REAL",
    "review": "TEXT",
    "simulated": "INTEGER",
    "credit": "TEXT",
}
"""Columns of observations.csv, with their types here."""
HAPPENED: dict[str, str] = {
    "event": "TEXT",
    "zone": "TEXT",
    "group": "TEXT",
    "not_before": "TEXT",
    "not_after": "TEXT",
    "length_m": "REAL",
    "p_event": "REAL",
    "evidence": "TEXT",
    "unusable_between": "INTEGER",
    "track": "TEXT",
    "description": "TEXT",
    "review": "TEXT",
    "simulated": "INTEGER",
    "credit": "TEXT",
}
"""Columns of events.csv, with their types here."""


def _columns(names: dict[str, str]) -> str:
    return ", ".join(f'"{name}" {kind}' for name, kind in names.items())


TABLES: dict[str, str] = {
    "meta": "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "runs": (
        "CREATE TABLE runs (id INTEGER PRIMARY KEY, made TEXT NOT NULL, tool TEXT NOT NULL, software TEXT NOT NULL,"
        " parameters TEXT NOT NULL, empty TEXT NOT NULL, looks INTEGER NOT NULL, first_look TEXT NOT NULL,"
        " last_look TEXT NOT NULL, caveats TEXT NOT NULL)"
    ),
    "looks": (
        "CREATE TABLE looks (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE,"
        " run INTEGER NOT NULL REFERENCES runs(id),"
        " acquired TEXT NOT NULL, scene TEXT NOT NULL, simulated INTEGER NOT NULL, credit TEXT, east_m REAL,"
        " north_m REAL, refused TEXT, info TEXT NOT NULL)"
    ),
    "files": (
        "CREATE TABLE files (look INTEGER NOT NULL REFERENCES looks(id), position INTEGER NOT NULL,"
        " name TEXT NOT NULL, size INTEGER, sha256 TEXT, PRIMARY KEY (look, position))"
    ),
    "chips": (
        "CREATE TABLE chips (look INTEGER NOT NULL REFERENCES looks(id), layer TEXT NOT NULL, dtype TEXT NOT NULL,"
        " rows INTEGER NOT NULL, cols INTEGER NOT NULL, sha256 TEXT NOT NULL, pixels BLOB NOT NULL,"
        " PRIMARY KEY (look, layer))"
    ),
    "observations": (
        "CREATE TABLE observations (run INTEGER NOT NULL REFERENCES runs(id), look INTEGER NOT NULL REFERENCES"
        f" looks(id), {_columns(OBSERVED)})"
    ),
    "events": f"CREATE TABLE events (run INTEGER NOT NULL REFERENCES runs(id), {_columns(HAPPENED)}, wkt TEXT)",
    "reviews": (
        "CREATE TABLE reviews (id INTEGER PRIMARY KEY, made TEXT NOT NULL, run INTEGER NOT NULL REFERENCES runs(id),"
        " look INTEGER REFERENCES looks(id), scene TEXT, zone TEXT NOT NULL, kind TEXT NOT NULL, not_before TEXT,"
        " not_after TEXT, verdict TEXT NOT NULL,"
        " note TEXT NOT NULL, initials TEXT NOT NULL, said TEXT NOT NULL, flag TEXT)"
    ),
    "revisions": (
        "CREATE TABLE revisions (id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs(id), look INTEGER"
        " REFERENCES looks(id), scene TEXT, zone TEXT NOT NULL, kind TEXT NOT NULL, was TEXT, now TEXT,"
        " review INTEGER REFERENCES reviews(id))"
    ),
}
"""Name -> SQL."""
INDEX = "CREATE INDEX said ON observations (look, zone, run)"
_LAST = "(SELECT max(p.run) FROM observations p WHERE p.look = o.look AND p.zone = o.zone)"
VIEWS: dict[str, str] = {
    "said_now": f"CREATE VIEW said_now AS SELECT o.* FROM observations o WHERE o.run = {_LAST}",  # noqa: S608 - ours
    "said_then": (
        "CREATE VIEW said_then AS SELECT r.last_look AS known_until, o.* FROM observations o"
        " JOIN looks l ON l.id = o.look JOIN runs r ON r.id = l.run WHERE o.run = l.run"
    ),
    "events_now": "CREATE VIEW events_now AS SELECT * FROM events WHERE run = (SELECT max(id) FROM runs)",
}
"""Name -> SQL; ``known_until`` is the last look that was known when a look was first told of."""
_STAY = ("runs", "looks", "files", "chips", "observations", "events", "revisions")


def _guards() -> dict[str, str]:
    """Return triggers that keep what was written: nothing is changed or deleted, of a review only its flag is."""
    told = {
        f"{table}_{verb.lower()}": (
            f"CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} BEGIN"
            f" SELECT RAISE(ABORT, '{table} are written once'); END"
        )
        for table in _STAY
        for verb in ("UPDATE", "DELETE")
    }
    kept = "id, made, run, look, scene, zone, kind, not_before, not_after, verdict, note, initials, said"
    told["reviews_update"] = (
        f"CREATE TRIGGER reviews_update BEFORE UPDATE OF {kept} ON reviews BEGIN"
        " SELECT RAISE(ABORT, 'a review is written once'); END"
    )
    told["reviews_delete"] = (
        "CREATE TRIGGER reviews_delete BEFORE DELETE ON reviews BEGIN"
        " SELECT RAISE(ABORT, 'a review is written once'); END"
    )
    return told


TRIGGERS = _guards()
"""Name -> SQL."""
MIGRATIONS: dict[int, tuple[str, ...]] = {
    # Version 1 listed revisions without the review that they touch, and did not flag reviews.
    1: (
        "ALTER TABLE reviews ADD COLUMN flag TEXT",
        "ALTER TABLE revisions ADD COLUMN review INTEGER REFERENCES reviews(id)",
    ),
}
"""Version -> what brings it to the next; views and triggers are made anew after the last."""
OLDEST = min(MIGRATIONS)


def columns_of(table: str) -> dict[str, str]:
    """Return names and types of a table's columns, as :data:`TABLES` gives them."""
    inside = TABLES[table].split("(", 1)[1]
    found, depth, word = {}, 0, ""
    for letter in inside:
        depth += (letter == "(") - (letter == ")")
        if depth < 0 or (letter == "," and depth == 0):
            name, kind = word.split()[:2]
            found[name.strip('"')] = kind
            word = ""
        else:
            word += letter
    return {name: kind for name, kind in found.items() if name != "PRIMARY"}
