"""An archive as a file: opened, judged, and brought to this version; whatever is wrong with it is one line."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING
from urllib.parse import quote

from imagery_diff import archive_schema as schema
from imagery_diff.archive_values import Damaged
from imagery_diff.errors import InputError, InputNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 72
"""The application's number stands in the last four of these (https://www.sqlite.org/fileformat.html, 1.3)."""
_WAIT_S = 60.0
"""So long a process waits for another that writes; a run is written in less than a second."""
_LONGEST_BYTES = 256 << 20
"""The longest value that is read: a band of ``Params.max_pixels`` floats, packed, is half of that."""


@contextlib.contextmanager
def open_file(path: Path, mode: str, *, checked: bool = True) -> Iterator[sqlite3.Connection]:
    """Open an archive; whatever is wrong with it is one line.

    Parameters
    ----------
    path
        The file.
    mode
        ``ro``, ``rw``, or ``rwc`` (made where it is not there), as SQLite's addresses have it.
    checked
        Whether it must be an archive of this version.

    Raises
    ------
    InputError
        If it cannot be opened, is none, or is damaged; also of what SQLite meets while it is open.

    """
    db: sqlite3.Connection | None = None
    try:
        if checked:
            _refuse_foreign(path)
        address = f"file:{quote(os.path.abspath(path))}?mode={mode}"  # noqa: PTH100 - a link stays one
        db = sqlite3.connect(address, uri=True, timeout=_WAIT_S, isolation_level=None)
        db.row_factory = sqlite3.Row
        # A file from elsewhere may carry views and triggers: they may call nothing that reaches beyond it.
        db.execute("PRAGMA trusted_schema = OFF")
        db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_BYTES)
        db.execute("PRAGMA foreign_keys = ON")
        # Nothing reaches the file before the whole run does, and then it outlives a power cut.
        db.execute("PRAGMA cache_spill = OFF")
        db.execute("PRAGMA synchronous = EXTRA")
        if checked:
            _check(path, db)
        yield db
    except Damaged as error:
        raise InputError(
            f"{path.name}: the archive is damaged: it holds {error}; take a copy, or begin anew"
        ) from error
    except sqlite3.Error as error:
        raise InputError(_explained(path, error)) from error
    finally:
        if db is not None:
            db.close()


def _explained(path: Path, error: sqlite3.Error) -> str:
    """Say in a line what SQLite met."""
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return f"{path.name}: another process has been writing for a minute; wait for it, and run again"
    if name == "SQLITE_READONLY_ROLLBACK":
        return (
            f"{path.name}: a process was stopped while it wrote, and what it left must be taken back; run any command"
            " with the right to write there once, such as imagery-diff timeline AOI --archive FILE"
        )
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return f"{path.name}: cannot be opened as is needed ({error}); look at the rights of the file and its folder"
    if name == "SQLITE_FULL":
        return f"{path.name}: the disk is full, nothing was added; make room and run again"
    return f"{path.name}: the archive cannot be read ({error}); take a copy, or begin anew with another --archive"


def recover(path: Path) -> None:
    """Take back what a process that was killed left half written; SQLite does it on opening with the right to write.

    A reader needs it as much. Without that right it gets a line that says so, never half a run.
    """
    if not _journal(path).exists() or not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        return
    with open_file(path, "rw", checked=False) as db:
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()


def _journal(path: Path) -> Path:
    return path.with_name(f"{path.name}-journal")


def _refuse_foreign(path: Path) -> None:
    """Refuse what is no archive by its first bytes, before SQLite opens it."""
    try:
        with path.open("rb") as stream:
            begins = stream.read(_HEADER_BYTES)
    except FileNotFoundError as error:
        raise InputNotFoundError(
            f"{path.name}: there is no such archive; name the file that --archive wrote"
        ) from error
    except OSError as error:
        raise InputError(f"{path.name}: cannot be read as an archive ({error.strerror or error})") from error
    if not begins.startswith(_MAGIC) or len(begins) < _HEADER_BYTES:
        raise InputError(f"{path.name}: is no archive of imagery-diff and stays as it is; name another file")
    if begins[-4:] != schema.APPLICATION_ID.to_bytes(4, "big"):
        raise InputError(f"{path.name}: is a database, but no archive of imagery-diff; it stays as it is; name another")


def _version(path: Path, db: sqlite3.Connection) -> int:
    """Return the version of the tables; refuse one that is newer than this tool."""
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version > schema.VERSION:
        raise InputError(
            f"{path.name}: was written by a newer imagery-diff (version {version} of the tables, this one knows"
            f" {schema.VERSION}); bring imagery-diff up to date"
        )
    if version < schema.OLDEST:
        raise Damaged(f"tables of version {version}")
    return version


def _check(path: Path, db: sqlite3.Connection, *, newest: bool = True) -> None:
    """Refuse what is no archive of ours and of this version, to the last view and trigger."""
    version = _version(path, db)
    if version < schema.VERSION and newest:
        raise InputError(
            f"{path.name}: its tables are of version {version}; run imagery-diff timeline AOI --archive"
            f" {path.name} once, which brings them to {schema.VERSION}"
        )
    found = {row["name"]: (row["type"], row["sql"]) for row in db.execute("SELECT type, name, sql FROM sqlite_master")}
    ours = {n: ("view", s) for n, s in schema.VIEWS.items()} | {n: ("trigger", s) for n, s in schema.TRIGGERS.items()}
    if newest and any(found.get(name) != one for name, one in ours.items()):
        raise Damaged("views or triggers that are not those of an archive")
    if any(kind == "trigger" and name not in ours for name, (kind, _) in found.items()):
        raise Damaged("triggers of another hand")
    for table in schema.TABLES:
        kind, sql = found.get(table, ("", ""))
        columns = [row["name"] for row in db.execute("SELECT name FROM pragma_table_info(?)", (table,))]
        plain = kind == "table" and str(sql).upper().startswith("CREATE TABLE")
        if not plain or (newest and columns != list(schema.columns_of(table))):
            raise Damaged(f"no table '{table}' as it should be")


def migrate(path: Path) -> None:
    """Bring an older archive to this version, all of it or nothing."""
    _refuse_foreign(path)
    with open_file(path, "rw", checked=False) as db:
        if _version(path, db) == schema.VERSION:
            return
        db.execute("BEGIN IMMEDIATE")
        # Another process may have done it meanwhile.
        version = _version(path, db)
        _check(path, db, newest=False)
        for name in [r["name"] for r in db.execute("SELECT name FROM sqlite_master WHERE type = 'view'")]:
            if name in schema.VIEWS:
                db.execute(f"DROP VIEW {name}")
        for name in [r["name"] for r in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]:
            db.execute(f"DROP TRIGGER {name}")
        for number in range(version, schema.VERSION):
            for sql in schema.MIGRATIONS[number]:
                db.execute(sql)
        derive(db)
        db.execute("COMMIT")


def derive(db: sqlite3.Connection) -> None:
    """Make views and triggers, and say of which version the tables are."""
    for sql in (*schema.VIEWS.values(), *schema.TRIGGERS.values()):
        db.execute(sql)
    db.execute("INSERT OR REPLACE INTO meta VALUES ('schema_version', ?)", (str(schema.VERSION),))
    db.execute(f"PRAGMA user_version = {schema.VERSION}")
