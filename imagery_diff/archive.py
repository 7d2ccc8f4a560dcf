"""The archive of a series: what was looked at, found and reviewed, in one SQLite file.

It holds of each look the pixels on the frame, so that a look is read from its file once, and what every run said. What
was written is never changed or deleted (triggers hold that); of a review only its flag is.

Everything that a run adds is one transaction behind a rollback journal: a process that is killed leaves the state
before or the state after. A write-ahead log would leave a second file beside the first, without which a copy lacks the
last run, and which a reader needs the right to make (https://www.sqlite.org/wal.html, sections 2.2 and 4). Of two
processes at once the second finds more runs than it had read, and tells the series again. docs/adr/0006-the-archive.md.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from shapely import GEOSException, hausdorff_distance
from shapely.geometry import shape

from imagery_diff import __version__, archive_revisions
from imagery_diff import archive_schema as schema
from imagery_diff import archive_values as values
from imagery_diff.archive_file import derive, migrate, open_file, recover
from imagery_diff.archive_values import Chip, Damaged, FileEntry
from imagery_diff.errors import InputError, InputNotFoundError, OutputError, UnknownNameError
from imagery_diff.write import manifest as manifests
from imagery_diff.write.words import credits_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from imagery_diff.aoi import AOI
    from imagery_diff.grid import Grid
    from imagery_diff.params import Params
    from imagery_diff.scene import SceneInfo

KIND = "imagery_diff archive"
VERDICTS = ("accepted", "rejected")
_SAME_CORNER_DEG = 1e-6
"""0.1 m: a corner loses less on the way to another coordinate system and back."""
_LAYING = ("context_m", "max_pixels", "max_shift_m", "max_shift_px", "uncontrolled_shift_m", "unknown_shadow")
_LAYING_TOO = "registration_"
"""Numbers on which the kept pixels depend, by name and by how the names begin; all others may change with a run."""


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What all looks of an archive lie on, fixed when it begins."""

    grid: Grid
    bands: tuple[str, ...]
    anchor: str
    """Key of the look whose place and numbers are those of the frame."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pixels:
    """A look on the frame."""

    data: NDArray[np.float32]
    """(band, row, col)"""
    flags: NDArray[np.uint8]
    clear: NDArray[np.bool_]

    def chips(self, bands: Sequence[str]) -> tuple[Chip, ...]:
        """Pack them, a chip a layer."""
        layers = [*zip(bands, self.data, strict=True), ("flags", self.flags), ("clear", self.clear)]
        return tuple(values.packed(name, image) for name, image in layers)


@dataclass(frozen=True, kw_only=True, eq=False)
class KeptLook:
    """A look as an archive keeps it."""

    number: int
    key: str
    info: SceneInfo
    """As it was opened, without the pixels of its file."""
    moved: tuple[float, float] | None
    """(east, north) metres by which it lay beside the frame."""
    refused: str | None
    """Why it was not laid."""
    files: tuple[FileEntry, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class NewLook:
    """A look to be kept."""

    key: str
    info: SceneInfo
    moved: tuple[float, float] | None
    refused: str | None
    files: tuple[FileEntry, ...]
    chips: tuple[Chip, ...]
    """None of one that was refused."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Kept:
    """What an archive held when it was read."""

    path: Path
    runs: int = 0
    """Number of the last run: more of them when writing means that another process was first."""
    frame: Frame | None = None
    """None where it has not begun."""
    looks: tuple[KeptLook, ...] = ()
    empty: dict[str, str] = field(default_factory=dict)
    """Zone -> key of the look that the user said shows it empty."""

    @property
    def digests(self) -> dict[str, KeptLook]:
        """SHA-256 of the files of looks -> the look."""
        return {f.sha256: look for look in self.looks for f in look.files if f.sha256}

    def pixels(self, look: KeptLook) -> Pixels:
        """Read a look on the frame.

        Raises
        ------
        InputError
            If they are not what was written.

        """
        assert self.frame is not None
        size = self.frame.grid.shape
        with open_file(self.path, "ro") as db:
            sql = "SELECT layer, dtype, rows, cols, sha256, pixels FROM chips WHERE look = ?"
            chips = {row["layer"]: Chip(**dict(row)) for row in db.execute(sql, (look.number,))}
            lacking = {*self.frame.bands, "flags", "clear"} - chips.keys()
            if lacking:
                raise Damaged(f"a look without its {', '.join(sorted(lacking))}")
            data = np.stack([values.unpacked(chips[band], "float32", size) for band in self.frame.bands])
            flags, clear = (
                values.unpacked(chips[name], kind, size) for name, kind in (("flags", "uint8"), ("clear", "bool"))
            )
        return Pixels(data=data, flags=flags, clear=clear)


@dataclass(frozen=True, kw_only=True, eq=False)
class Told:
    """What one run adds."""

    place: AOI
    """As given, not as laid."""
    params: Params
    frame: Frame
    looks: tuple[NewLook, ...]
    empty: Mapping[str, str]
    observations: Sequence[Mapping[str, Any]]
    """Rows of observations.csv of all looks."""
    events: Sequence[Mapping[str, Any]]
    """Rows of events.csv, and ``wkt``, the outline in WGS84 or None."""
    caveats: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Review:
    """What a person says of a row."""

    zone: str
    kind: str
    """``vessel``, ``cargo`` or ``rail`` of an observation; the name of an event."""
    verdict: str
    """``accepted`` or ``rejected``."""
    initials: str
    note: str = ""
    scene: str | None = None
    """Of an observation: the look, by the name of its image."""
    not_after: str | None = None
    """Of an event: the end of its window as the row writes it."""

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise InputError(f"a review is {' or '.join(VERDICTS)}, not '{self.verdict}'")
        if (self.scene is None) == (self.not_after is None):
            raise InputError("a review is of an observation (scene) or of an event (not_after), one of both")


def read(path: str | Path, place: AOI, params: Params) -> Kept:
    """Read what an archive keeps of a place; one that is not there yet keeps nothing.

    Parameters
    ----------
    path
        The file.
    place
        As given: an archive is of one place.
    params
        Numbers of the method: those that its pixels depend on are fixed when it begins.

    Raises
    ------
    InputError
        If the file is no archive, damaged, of another place, or of a newer version.

    """
    path = Path(path)
    recover(path)
    if not path.exists() or (path.is_file() and path.stat().st_size == 0):
        if not path.parent.is_dir():
            raise InputNotFoundError(f"{path.name}: its folder is not there; make it, or name another file (--archive)")
        return Kept(path=path)
    migrate(path)
    with open_file(path, "rw") as db:
        db.execute("BEGIN")
        meta = _meta(db)
        _refuse_other(path, meta, place, params)
        runs = int(db.execute("SELECT coalesce(max(id), 0) FROM runs").fetchone()[0])
        last = db.execute("SELECT empty FROM runs WHERE id = ?", (runs,)).fetchone()
        frame = _frame(values.parsed(meta.get("frame")))
        if math.prod(frame.grid.shape) > params.max_pixels:
            raise Damaged("a frame larger than any that is laid")
        looks = tuple(_look(db, row) for row in db.execute("SELECT * FROM looks ORDER BY id").fetchall())
        if frame.anchor not in {look.key for look in looks} or last is None:
            raise Damaged("a frame of no look")
        empty = {str(zone): str(key) for zone, key in values.parsed(last["empty"]).items()}
    return Kept(path=path, runs=runs, frame=frame, looks=looks, empty=empty)


def add(kept: Kept, told: Told) -> bool:
    """Write a run, all of it or nothing.

    Parameters
    ----------
    kept
        What the archive held when the run began.
    told
        What the run adds.

    Returns
    -------
    False, with nothing written, where another process has added a run since.

    Raises
    ------
    OutputError
        If it could not be written.

    """
    try:
        with open_file(kept.path, "rwc" if kept.frame is None else "rw", checked=kept.frame is not None) as db:
            # Another program may have given the file a write-ahead log.
            db.execute("PRAGMA journal_mode = DELETE")
            db.execute("BEGIN IMMEDIATE")
            try:
                if not _still(db, kept):
                    db.execute("ROLLBACK")
                    return False
                if kept.frame is None:
                    _begin(db, told)
                _write(db, kept, told)
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
    except InputError as error:
        raise OutputError(str(error)) from error
    return True


def review(path: str | Path, said: Review) -> int:
    """Keep what a person says of a row; later runs never change it, they flag it where they say otherwise.

    Parameters
    ----------
    path
        The archive.
    said
        Which row, and the verdict.

    Returns
    -------
    Number of the review.

    Raises
    ------
    UnknownNameError
        If the archive says no such thing.
    InputError
        If the file is no archive, or damaged.

    """
    path = Path(path)
    recover(path)
    migrate(path)
    with open_file(path, "rw") as db:
        db.execute("BEGIN IMMEDIATE")
        run = int(db.execute("SELECT max(id) FROM runs").fetchone()[0])
        about = _observed(db, said) if said.scene is not None else _happened(db, said, run)
        rest = {name: getattr(said, name) for name in ("scene", "zone", "kind", "verdict", "note", "initials")}
        number = _insert(db, "reviews", made=_now(), run=run, **about, **rest)
        db.execute("COMMIT")
    return number


def _observed(db: sqlite3.Connection, said: Review) -> dict[str, Any]:
    """Find what is said of a zone on a look."""
    looks = db.execute("SELECT id FROM looks WHERE scene = ?", (said.scene,)).fetchall()
    rows = archive_revisions.standing(db, looks[0]["id"], said.zone) if len(looks) == 1 else []
    if not rows or said.kind not in archive_revisions.KINDS:
        raise UnknownNameError(f"the archive says nothing of '{said.kind}' in '{said.zone}' on '{said.scene}'")
    return {"look": looks[0]["id"], "said": json.dumps(rows, ensure_ascii=False)}


def _happened(db: sqlite3.Connection, said: Review, run: int) -> dict[str, Any]:
    """Find an event of the last run."""
    sql = "SELECT * FROM events WHERE run = ? AND event = ? AND zone = ? AND not_after = ?"
    found = db.execute(sql, (run, said.kind, said.zone, said.not_after)).fetchone()
    if found is None:
        raise UnknownNameError(f"the archive says of no '{said.kind}' in '{said.zone}' until {said.not_after}")
    windows = {name: found[name] for name in ("not_before", "not_after")}
    return {**windows, "said": json.dumps([dict(found)], ensure_ascii=False)}


@dataclass(frozen=True, kw_only=True, eq=False)
class Contents:
    """What an archive says, for people and map programs; rows as plain values."""

    aoi: dict[str, Any]
    """GeoJSON, as given."""
    frame: Frame
    looks: list[dict[str, Any]]
    runs: list[dict[str, Any]]
    observations: list[dict[str, Any]]
    """As said now."""
    events: list[dict[str, Any]]
    """As said now, with ``wkt``."""
    revisions: list[dict[str, Any]]
    reviews: list[dict[str, Any]]
    megabytes: float


def contents(path: str | Path) -> Contents:
    """Read what an archive says now, without the right to write.

    Raises
    ------
    InputError
        If it is no archive, damaged, or of another version.

    """
    path = Path(path)
    orders = {
        "looks": "looks ORDER BY acquired",
        "runs": "runs ORDER BY id",
        "observations": "said_now ORDER BY zone, acquired, object",
        "events": "events_now ORDER BY not_after, zone, event",
        "revisions": "revisions ORDER BY id",
        "reviews": "reviews ORDER BY id",
    }
    recover(path)
    with open_file(path, "ro") as db:
        # One transaction: all rows are of one state, whoever writes meanwhile.
        db.execute("BEGIN")
        meta = _meta(db)
        rows = {
            name: [_typed(name, r) for r in db.execute(f"SELECT * FROM {sql}")]  # noqa: S608 - words of ours
            for name, sql in orders.items()
        }
        aoi, frame = values.parsed(meta.get("aoi")), _frame(values.parsed(meta.get("frame")))
        _same_place(aoi, aoi)
    return Contents(aoi=aoi, frame=frame, megabytes=path.stat().st_size / 1e6, **rows)


def _typed(table: str, row: sqlite3.Row) -> dict[str, Any]:
    """Return a row whose values are of their columns' types: SQLite takes any value in any column."""
    kinds = {"TEXT": str, "INTEGER": int, "REAL": float}
    told = dict(row)
    for name, kind in schema.columns_of(table).items():
        if told[name] is not None and type(told[name]) is not kinds[kind]:
            raise Damaged(f"a value in '{table}' that is no {kinds[kind].__name__}")
    return told


def key_of(info: SceneInfo) -> str:
    """Return by what a look is known: its scene, its time, its product."""
    acquired = info.acquired.isoformat() if info.acquired else None
    return json.dumps([info.scene_id or info.name, acquired, info.product], ensure_ascii=False)


# --- reading ---------------------------------------------------------------------------------------------------------


def _meta(db: sqlite3.Connection) -> dict[str, str]:
    return {row["key"]: row["value"] for row in db.execute("SELECT key, value FROM meta LIMIT 100")}


def _refuse_other(path: Path, meta: Mapping[str, str], place: AOI, params: Params) -> None:
    """Refuse another place, and other numbers than those that the kept pixels depend on."""
    if not _same_place(values.parsed(meta.get("aoi")), place.to_geojson()):
        raise InputError(
            f"{path.name}: keeps '{meta.get('aoi_name', '?')[:80]}', and '{place.name}' as given is another place, or"
            " has other zones; give the AOI it began with, or begin another archive (--archive NEW)"
        )
    laid = values.parsed(meta.get("laying"))
    now = _laying(params)
    unlike = [name for name in now if laid.get(name) != now[name]]
    if unlike or laid.keys() - now.keys():
        names = ", ".join([*unlike, *(laid.keys() - now.keys())][:3])
        raise InputError(
            f"{path.name}: its looks were laid with other numbers ({names}); run with those, or begin another archive"
        )


def _laying(params: Params) -> dict[str, Any]:
    told = params.as_dict()
    return {name: v for name, v in told.items() if name in _LAYING or name.startswith(_LAYING_TOO)}


def _same_place(kept: Any, given: Any) -> bool:
    """Say whether two AOIs have the same outlines, and zones of the same names, kinds and groups; titles may differ."""
    names = ("role", "name", "kind", "group", "located")
    try:
        sides = [[(f["properties"], shape(f["geometry"])) for f in one["features"]] for one in (kept, given)]
        return len(sides[0]) == len(sides[1]) and all(
            [one.get(n) for n in names] == [other.get(n) for n in names]
            and hausdorff_distance(outline.boundary, drawn.boundary) < _SAME_CORNER_DEG
            for (one, outline), (other, drawn) in zip(*sides, strict=True)
        )
    except (KeyError, TypeError, AttributeError, ValueError, GEOSException) as error:
        raise Damaged("an AOI that is described wrongly") from error


def _frame(told: Any) -> Frame:
    try:
        bands = tuple(str(name) for name in told["bands"])
        return Frame(grid=values.grid_of(told["grid"]), bands=bands, anchor=str(told["anchor"]))
    except (KeyError, TypeError) as error:
        raise Damaged("a frame that is described wrongly") from error


def _look(db: sqlite3.Connection, row: sqlite3.Row) -> KeptLook:
    sql = "SELECT name, size, sha256 FROM files WHERE look = ? ORDER BY position"
    files = tuple(FileEntry(**dict(one)) for one in db.execute(sql, (row["id"],)))
    info = values.info_of(row["info"], values.Unread(), tuple(Path(Path(f.name).name) for f in files))
    if info.acquired is None or key_of(info) != row["key"] or info.simulated != bool(row["simulated"]):
        raise Damaged("a look that is not what its row says")
    moved = None if row["east_m"] is None else (float(row["east_m"]), float(row["north_m"]))
    return KeptLook(number=row["id"], key=row["key"], info=info, moved=moved, refused=row["refused"], files=files)


# --- writing ---------------------------------------------------------------------------------------------------------


def _still(db: sqlite3.Connection, kept: Kept) -> bool:
    """Say whether the archive is as it was read."""
    begun = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] > 0
    if kept.frame is None or not begun:
        return kept.frame is None and not begun
    return bool(db.execute("SELECT max(id) FROM runs").fetchone()[0] == kept.runs)


def _begin(db: sqlite3.Connection, told: Told) -> None:
    """Make the tables, and fix the place and the frame."""
    db.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    for sql in (*schema.TABLES.values(), schema.INDEX):
        db.execute(sql)
    frame = told.frame
    meta = {
        "kind": KIND,
        "aoi_name": told.place.name,
        "aoi": json.dumps(told.place.to_geojson(), ensure_ascii=False, allow_nan=False),
        "frame": json.dumps(
            {"grid": values.grid_values(frame.grid), "bands": list(frame.bands), "anchor": frame.anchor},
            ensure_ascii=False,
            allow_nan=False,
        ),
        "laying": json.dumps(_laying(told.params), allow_nan=False),
    }
    db.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
    derive(db)


def _write(db: sqlite3.Connection, kept: Kept, told: Told) -> None:
    """Write a run: what it looked at, what it says, and where that is not what was said."""
    run = kept.runs + 1
    infos = [*(look.info for look in kept.looks), *(look.info for look in told.looks)]
    times = sorted(info.acquired.isoformat() for info in infos if info.acquired)
    _insert(
        db,
        "runs",
        id=run,
        made=_now(),
        tool=__version__,
        software=json.dumps(manifests.versions()),
        parameters=json.dumps(told.params.as_dict(), allow_nan=False),
        empty=json.dumps(dict(told.empty), ensure_ascii=False),
        looks=len(times),
        first_look=times[0],
        last_look=times[-1],
        caveats=json.dumps(list(told.caveats), ensure_ascii=False),
    )
    for look in told.looks:
        _write_look(db, run, look, told.place)
    archive_revisions.write_said(db, run, told.observations, told.events)


def _write_look(db: sqlite3.Connection, run: int, look: NewLook, place: AOI) -> None:
    info = look.info
    assert info.acquired is not None
    number = _insert(
        db,
        "looks",
        key=look.key,
        run=run,
        acquired=info.acquired.isoformat(),
        scene=info.name,
        simulated=int(info.simulated),
        # What must stand beside every picture of it; the provider's own wording stands in its description.
        credit=credits_of([info], place),
        east_m=look.moved[0] if look.moved else None,
        north_m=look.moved[1] if look.moved else None,
        refused=look.refused,
        info=values.info_json(info),
    )
    for position, file in enumerate(look.files):
        _insert(db, "files", look=number, position=position, name=file.name, size=file.size, sha256=file.sha256)
    for chip in look.chips:
        _insert(db, "chips", look=number, **vars(chip))


def _insert(db: sqlite3.Connection, table: str, **row: Any) -> int:
    """Insert a row; table and columns are words of this module."""
    names = ", ".join(f'"{name}"' for name in row)
    marks = ", ".join("?" * len(row))
    number = db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(row.values())).lastrowid  # noqa: S608
    assert number is not None
    return number


def _now() -> str:
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
