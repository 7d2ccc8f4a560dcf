"""The archive: what goes in comes out, nothing is lost, nothing stands twice, and no run unsays what was said."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
import zlib
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from shapely import box

from imagery_diff import archive, archive_schema, samples
from imagery_diff.archive_values import Unread, info_json, info_of
from imagery_diff.errors import InputError, InputNotFoundError, OutputError, UnknownNameError
from imagery_diff.params import Params
from imagery_diff.read.scenes import open_scene
from imagery_diff.scene import SceneInfo
from imagery_diff.series_looks import opened
from imagery_diff.write.timeline import EVENT_COLUMNS, OBSERVATION_COLUMNS
from tests import archive_looks as looks

TOP = Path(__file__).resolve().parents[1]
V1 = Path(__file__).parent / "archive_v1.sql"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "port.sqlite"


def rows_of(path, sql, *values):
    with sqlite3.connect(path) as db:
        db.row_factory = sqlite3.Row
        found = [dict(row) for row in db.execute(sql, values)]
    db.close()
    return found


# --- what goes in comes out ------------------------------------------------------------------------------------------


def test_pixels_and_scenes_come_back_as_they_were(file):
    looks.add_one(file, 1)
    looks.add_one(file, 2)
    kept = looks.read(file)
    assert [look.info.name for look in kept.looks] == ["look1.tif", "look2.tif"]
    for look, number in zip(kept.looks, (1, 2), strict=True):
        was, now = looks.pixels(number), kept.pixels(look)
        for name in ("data", "flags", "clear"):
            assert getattr(now, name).dtype == getattr(was, name).dtype
            assert getattr(now, name).tobytes() == getattr(was, name).tobytes()
        assert look.moved == (0.1 * number, -1 / 3)
        expected = looks.an_info(number)
        for field in dataclasses.fields(SceneInfo):
            if field.name not in {"source", "files"}:
                assert getattr(look.info, field.name) == getattr(expected, field.name), field.name
    assert kept.frame.grid == looks.GRID
    assert kept.frame.anchor == kept.looks[0].key


def test_a_real_tile_comes_back_equal_but_for_its_path_and_how_it_was_opened():
    info = open_scene(samples.path("najin_20231016"))
    back = info_of(info_json(info), Unread(), tuple(Path(f.name) for f in info.files))
    unlike = [f.name for f in dataclasses.fields(SceneInfo) if getattr(back, f.name) != getattr(info, f.name)]
    assert sorted(unlike) == ["files", "origin", "source"]
    assert back.simulated
    assert str(samples.path("najin_20231016").parent) not in info_json(info)


def test_radar_is_refused_for_its_geometry_is_not_kept():
    with pytest.raises(InputError, match="leave --archive out for radar"):
        info_json(looks.an_info(1, radar_view=object()))


def test_columns_are_those_of_the_files():
    assert tuple(archive_schema.OBSERVED) == OBSERVATION_COLUMNS
    assert tuple(archive_schema.HAPPENED) == EVENT_COLUMNS


def test_it_is_read_with_the_standard_library_alone(file):
    looks.add_one(file, 1)
    with sqlite3.connect(file) as db:
        chip, rows, cols = db.execute("SELECT pixels, rows, cols FROM chips WHERE layer = 'nir'").fetchone()
        state = db.execute("SELECT scene, zone, vessel FROM said_now").fetchall()
    db.close()
    image = np.frombuffer(zlib.decompress(chip), "<f4").reshape(rows, cols)
    assert np.array_equal(image, looks.pixels(1).data[1])
    assert state == [("look1.tif", looks.ZONE, "no")]


def test_one_file_is_all_there_is_and_it_names_no_path(file, tmp_path):
    looks.add_one(file, 1)
    assert [p.name for p in tmp_path.iterdir()] == ["port.sqlite"]
    with sqlite3.connect(file) as db:
        text = "\n".join(db.iterdump())
    db.close()
    assert not [w for w in (str(tmp_path), str(TOP), "/home/", "/tmp/") if w in text]  # noqa: S108 - not written to


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content", [b"notes of mine\n", b"SQLite format 3\0" + b"\0" * 84, b"SQLite format 3\0 and nothing more"]
)
def test_a_file_that_is_no_archive_stays_as_it_is(file, content):
    file.write_bytes(content)
    with pytest.raises(InputError) as caught:
        looks.read(file)
    assert "port.sqlite" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert file.read_bytes() == content


def test_another_database_stays_as_it_is(file):
    with sqlite3.connect(file) as db:
        db.execute("CREATE TABLE mine (a)")
    db.close()
    was = file.read_bytes()
    with pytest.raises(InputError, match="a database, but no archive"):
        looks.read(file)
    assert file.read_bytes() == was


def test_an_empty_file_is_an_archive_that_has_not_begun(file):
    file.touch()
    assert looks.read(file).frame is None
    looks.add_one(file, 1)
    assert len(looks.read(file).looks) == 1


def test_another_place_and_other_zones_are_refused(file):
    looks.add_one(file, 1)
    fewer = dataclasses.replace(looks.PLACE, zones=looks.PLACE.zones[1:])
    for place in (fewer, dataclasses.replace(looks.PLACE, polygon=box(130.2, 42.2, 130.3, 42.3))):
        with pytest.raises(InputError, match="give the AOI it began with"):
            archive.read(file, place, Params())
    # A title is no other place, nor is the same one in another coordinate system.
    archive.read(file, dataclasses.replace(looks.PLACE, title="Rajin").in_crs("EPSG:32652"), Params())


def test_other_numbers_that_pixels_depend_on_are_refused_and_others_are_not(file):
    looks.add_one(file, 1)
    with pytest.raises(InputError, match=r"laid with other numbers \(context_m\)"):
        archive.read(file, looks.PLACE, Params(context_m=500.0))
    archive.read(file, looks.PLACE, Params(min_vessel_m=60.0))


def test_a_newer_version_is_refused_in_a_line(file):
    looks.add_one(file, 1)
    with sqlite3.connect(file) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(InputError, match="newer imagery-diff") as caught:
        looks.read(file)
    assert "\n" not in str(caught.value)


def damaged(file, *statements):
    looks.add_one(file, 1)
    with sqlite3.connect(file) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        for sql in statements:
            db.execute(sql)
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        for name, sql in archive_schema.TRIGGERS.items():
            if name.rpartition("_")[0] in tables:
                db.execute(sql)
    db.close()


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE looks SET info = '{}'",
        "UPDATE looks SET info = replace(info, '37.', 'NaN')",
        "UPDATE looks SET info = replace(info, '\"simulated\": true', '\"simulated\": false')",
        "UPDATE looks SET key = 'another'",
        "UPDATE looks SET info = replace(info, 'EPSG:32652', '+proj=utm +zone=52 +nadgrids=x')",
        "UPDATE meta SET value = '[]' WHERE key = 'frame'",
        "UPDATE meta SET value = replace(value, '120', '1e999') WHERE key = 'frame'",
        "UPDATE meta SET value = replace(value, '120', '12000000') WHERE key = 'frame'",
        "DROP TABLE revisions",
        "DROP VIEW said_now",
        "CREATE TRIGGER mine AFTER INSERT ON runs BEGIN DELETE FROM reviews; END",
    ],
)
def test_what_was_meddled_with_is_one_line(file, sql):
    damaged(file, sql)
    with pytest.raises(InputError, match=r"port\.sqlite: the archive is damaged") as caught:
        looks.read(file)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE chips SET rows = 40000, cols = 40000",
        "UPDATE chips SET pixels = x'00'",
        "UPDATE chips SET pixels = 'a text'",
        "UPDATE chips SET dtype = 'object'",
        "DELETE FROM chips WHERE layer = 'flags'",
    ],
)
def test_pixels_that_are_not_those_that_were_written_are_refused(file, sql):
    damaged(file, sql)
    kept = looks.read(file)
    with pytest.raises(InputError, match="damaged"):
        kept.pixels(kept.looks[0])


def test_a_bomb_is_not_unpacked(file):
    looks.add_one(file, 1)
    bomb = zlib.compress(b"\0" * 50_000_000)
    with sqlite3.connect(file) as db:
        db.execute("DROP TRIGGER chips_update")
        db.execute("UPDATE chips SET pixels = ?", (bomb,))
        db.execute(archive_schema.TRIGGERS["chips_update"])
    db.close()
    kept = looks.read(file)
    with pytest.raises(InputError, match="not those that were packed"):
        kept.pixels(kept.looks[0])


def test_a_torn_page_is_one_line(file):
    looks.add_one(file, 1)
    content = bytearray(file.read_bytes())
    content[4096 : 4096 * 20] = os.urandom(4096 * 19)
    file.write_bytes(content)

    def all_of_it():
        kept = looks.read(file)
        kept.pixels(kept.looks[0])

    with pytest.raises(InputError, match=r"^port\.sqlite: "):
        all_of_it()


def test_a_folder_that_is_not_there_is_said_before_anything_is_told(tmp_path):
    with pytest.raises(InputNotFoundError, match="its folder is not there"):
        looks.read(tmp_path / "none" / "port.sqlite")


def test_rendered_and_real_looks_are_not_mixed_through_an_archive(file):
    looks.add_one(file, 1)
    real = dataclasses.replace(looks.an_info(9), simulated=False, credit=None)
    with pytest.raises(InputError, match="give a series of one kind"):
        opened([real], looks.read(file))


def test_a_further_strip_of_a_kept_pass_is_said_to_be_left_out(file):
    looks.add_one(file, 1)
    looks.add_one(file, 2)
    strip = looks.an_info(1, name="strip2.tif", acquired=looks.START + timedelta(hours=1, minutes=2))
    given = opened([strip], looks.read(file))
    assert len(given.infos) == 2
    assert "strip2.tif: within five minutes of look1.tif, which the archive keeps" in given.left_out[0]


# --- what was said stays ---------------------------------------------------------------------------------------------


def told_of_three(file, *vessels, events=()):
    """Add looks 1 and 2, then 3, and say of each what it shows, for every run."""
    for number, (new, said) in enumerate(zip(([1, 2], [3]), vessels, strict=True)):
        kept = looks.read(file)
        infos = [looks.an_info(n) for n in range(1, 3 + number)]
        rows = [
            looks.a_row(info, vessel=state, vessel_length_m=length, length_low_m=100.0, length_high_m=115.0)
            for info, (state, length) in zip(infos, said, strict=True)
        ]
        now = [looks.an_event(infos[a], infos[b]) for a, b in (events[number] if events else ())]
        assert archive.add(kept, looks.a_run(kept, *(looks.a_look(n) for n in new), rows=rows, events=now))


NO, SHIP = ("no", None), ("yes", 107.4)


def test_what_was_said_at_the_time_stands_beside_what_is_said_now(file):
    told_of_three(file, [NO, ("unknown", None)], [NO, SHIP, SHIP])
    now = [r["vessel"] for r in rows_of(file, "SELECT * FROM said_now ORDER BY acquired")]
    then = rows_of(file, "SELECT * FROM said_then ORDER BY acquired")
    assert now == ["no", "yes", "yes"]
    assert [r["vessel"] for r in then] == ["no", "unknown", "yes"]
    # Of the first look it was said with the second known, and that can be seen.
    assert [r["known_until"] > r["acquired"] for r in then[:1]] == [True]
    revisions = rows_of(file, "SELECT * FROM revisions")
    assert [(r["run"], r["scene"], r["kind"], r["was"], r["now"]) for r in revisions] == [
        (2, "look2.tif", "vessel", "unknown", "yes, 107.4 m")
    ]


def test_a_zone_of_which_the_same_is_said_is_written_once(file):
    told_of_three(file, [NO, SHIP], [NO, SHIP, SHIP])
    assert len(rows_of(file, "SELECT * FROM observations")) == 3
    assert rows_of(file, "SELECT * FROM revisions") == []


def test_a_length_is_revised_only_beyond_its_limits(file):
    told_of_three(file, [NO, SHIP], [NO, ("yes", 108.0), SHIP])
    assert rows_of(file, "SELECT * FROM revisions") == []


def test_events_are_revised_where_their_window_is_another_or_they_are_said_no_more(file):
    told_of_three(file, [NO, SHIP], [NO, NO, SHIP], events=([(0, 1)], [(1, 2)]))
    revisions = [r for r in rows_of(file, "SELECT * FROM revisions") if r["kind"] == "vessel_arrived"]
    assert [(r["was"], r["now"]) for r in revisions] == [
        ("2023-10-01T03:04:11Z to 2023-10-01T04:04:11Z", "2023-10-01T04:04:11Z to 2023-10-01T05:04:11Z")
    ]


def test_a_review_is_never_changed_only_flagged(file):
    path = file
    kept = looks.read(path)
    infos = [looks.an_info(n) for n in (1, 2, 3)]
    ship = {"vessel": "yes", "vessel_length_m": 107.4, "length_low_m": 100.0, "length_high_m": 115.0}
    rows = [looks.a_row(infos[0]), looks.a_row(infos[1], **ship)]
    event = looks.an_event(infos[0], infos[1])
    archive.add(kept, looks.a_run(kept, looks.a_look(1), looks.a_look(2), rows=rows, events=[event]))
    mine = {"verdict": "accepted", "initials": "ab", "note": "two cranes over it"}
    archive.review(path, archive.Review(zone=looks.ZONE, kind="vessel", scene="look2.tif", **mine))
    archive.review(path, archive.Review(zone=looks.ZONE, kind="vessel_arrived", not_after=event["not_after"], **mine))
    before = rows_of(path, "SELECT * FROM reviews")
    assert [r["flag"] for r in before] == [None, None]

    kept = looks.read(path)
    rows = [
        looks.a_row(infos[0]),
        looks.a_row(infos[1], vessel="unknown", unknown_reason="cloud"),
        looks.a_row(infos[2]),
    ]
    archive.add(kept, looks.a_run(kept, looks.a_look(3), rows=rows))
    after = rows_of(path, "SELECT * FROM reviews")
    assert [r["flag"] for r in after] == ["now unknown: cloud", "is not said any more as it was reviewed"]
    assert [{**r, "flag": None} for r in after] == before
    assert [r["review"] for r in rows_of(path, "SELECT * FROM revisions WHERE kind = 'vessel'")] == [1]

    # It is said again as it was reviewed: the flag goes, the list of revisions stays.
    kept = looks.read(path)
    rows = [looks.a_row(infos[0]), looks.a_row(infos[1], **ship), looks.a_row(infos[2])]
    archive.add(kept, looks.a_run(kept, rows=rows, events=[event]))
    assert rows_of(path, "SELECT * FROM reviews") == before
    assert len(rows_of(path, "SELECT * FROM revisions WHERE kind = 'vessel'")) == 2


def test_a_review_of_what_nobody_said_is_refused(file):
    looks.add_one(file, 1)
    said = {"verdict": "accepted", "initials": "ab"}
    with pytest.raises(UnknownNameError, match="says nothing of 'vessel' in 'nowhere'"):
        archive.review(file, archive.Review(zone="nowhere", kind="vessel", scene="look1.tif", **said))
    with pytest.raises(UnknownNameError, match="says of no 'vessel_arrived'"):
        archive.review(file, archive.Review(zone=looks.ZONE, kind="vessel_arrived", not_after="2023", **said))
    with pytest.raises(InputError, match="accepted or rejected"):
        archive.Review(zone="a", kind="vessel", scene="b", verdict="perhaps", initials="ab")


@pytest.mark.parametrize("table", ["runs", "looks", "files", "chips", "observations", "revisions", "events"])
def test_nothing_that_was_written_can_be_changed_or_deleted(file, table):
    told_of_three(file, [NO, NO], [NO, SHIP, SHIP], events=([(0, 1)], [(1, 2)]))
    column = list(archive_schema.columns_of(table))[-1]
    with sqlite3.connect(file) as db:
        for sql in (f"DELETE FROM {table}", f'UPDATE {table} SET "{column}" = NULL'):  # noqa: S608
            with pytest.raises(sqlite3.IntegrityError, match="written once"):
                db.execute(sql)
    db.close()


# --- versions --------------------------------------------------------------------------------------------------------


def test_an_archive_of_version_1_is_brought_to_this_one_with_all_it_holds(file):
    with sqlite3.connect(file) as db:
        db.executescript(V1.read_text(encoding="utf-8"))
    db.close()
    was = {t: rows_of(file, f"SELECT * FROM {t}") for t in archive_schema.TABLES if t != "meta"}  # noqa: S608
    kept = looks.read(file)
    assert [look.info.name for look in kept.looks] == ["look1.tif"]
    assert np.unique(kept.pixels(kept.looks[0]).data).tolist() == [7.0]
    for table, rows in was.items():
        now = rows_of(file, f"SELECT * FROM {table}")  # noqa: S608
        assert [{k: v for k, v in row.items() if k in rows[0]} for row in now] == rows
    assert rows_of(file, "SELECT value FROM meta WHERE key = 'schema_version'") == [{"value": "2"}]
    looks.add_one(file, 2)
    assert len(looks.read(file).looks) == 2


def test_a_migration_that_is_stopped_leaves_the_old_version(file, monkeypatch):
    with sqlite3.connect(file) as db:
        db.executescript(V1.read_text(encoding="utf-8"))
    db.close()
    was = file.read_bytes()
    monkeypatch.setitem(archive_schema.MIGRATIONS, 1, (*archive_schema.MIGRATIONS[1], "SELECT no_such_column"))
    with pytest.raises(InputError):
        looks.read(file)
    assert file.read_bytes() == was


# --- killed, and two at once -----------------------------------------------------------------------------------------


def adder(path, first, last, **streams):
    environment = {**os.environ, "PYTHONPATH": str(TOP)}
    words = [sys.executable, "-m", "tests.archive_looks", str(path), str(first), str(last)]
    return subprocess.Popen(words, cwd=TOP, env=environment, stdout=subprocess.PIPE, text=True, **streams)


def whole(path):
    """Say whether an archive is whole; return the numbers of its looks."""
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        numbers = [int(s.removeprefix("look").removesuffix(".tif")) for (s,) in db.execute("SELECT scene FROM looks")]
        chips = db.execute("SELECT count(*) FROM chips").fetchone()[0]
        runs = db.execute("SELECT count(*) FROM runs").fetchone()[0]
        said = db.execute("SELECT count(*) FROM observations").fetchone()[0]
    db.close()
    assert chips == len(numbers) * 4
    assert runs == said == len(numbers) == len(set(numbers))
    return numbers


def test_killed_in_the_middle_of_a_hundred_adds_it_is_whole_and_lacks_nothing(file):
    chance = random.Random(7)  # noqa: S311 - when to kill is no secret
    journal = file.with_name(f"{file.name}-journal")
    done, kills, torn = [], 0, 0
    while len(done) < 100:
        process = adder(file, len(done), 100)
        first = process.stdout.readline()
        acknowledged = [int(first)] if first else []
        if kills < 16:
            # Every other one is killed when it has begun to write.
            moment = time.monotonic() + chance.uniform(0.0, 0.06)
            while time.monotonic() < moment or (kills % 2 and not journal.exists() and process.poll() is None):
                pass
            process.send_signal(signal.SIGKILL)
            kills += 1
        acknowledged += [int(line) for line in process.stdout.read().split()]
        process.stdout.close()
        process.wait()
        torn += journal.exists()
        assert len(archive.contents(file).looks) > max(acknowledged)
        done = whole(file)
        # Whatever the process said was in, is in; at most the one it was about to say may be too.
        assert done == list(range(len(done)))
        assert len(done) - 1 - max(acknowledged) in {0, 1}
    assert kills >= 5
    assert torn
    kept = looks.read(file)
    for number in (0, 50, 99):
        assert kept.pixels(kept.looks[number]).data.tobytes() == looks.pixels(number).data.tobytes()
    print(f"{kills} kills, {torn} of them in the middle of a write")  # noqa: T201 - pytest -s shows it


def test_killed_while_it_begins_it_begins_again(tmp_path):
    torn = 0
    for number in range(8):
        file = tmp_path / f"port{number}.sqlite"
        process = adder(file, 0, 1)
        while process.poll() is None and not file.with_name(f"{file.name}-journal").exists():
            pass
        process.kill()
        process.wait()
        process.stdout.close()
        torn += file.with_name(f"{file.name}-journal").exists()
        if not (looks.read(file).looks if file.exists() else ()):
            looks.add_one(file, 0)
        assert whole(file) == [0]
    assert torn


def test_two_processes_at_once_both_land(file):
    looks.add_one(file, 0)
    both = [adder(file, 1, 26), adder(file, 26, 51)]
    assert [p.wait(timeout=120) for p in both] == [0, 0]
    for process in both:
        process.stdout.close()
    assert sorted(whole(file)) == list(range(51))


def test_two_that_begin_an_archive_at_once_both_land(file):
    both = [adder(file, 0, 5), adder(file, 5, 10)]
    assert [p.wait(timeout=120) for p in both] == [0, 0]
    for process in both:
        process.stdout.close()
    assert sorted(whole(file)) == list(range(10))


def test_a_reader_sees_whole_states_while_another_writes(file):
    looks.add_one(file, 0)
    writer = adder(file, 1, 60)
    seen = set()
    while writer.poll() is None:
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30) as db:
            db.execute("BEGIN")
            counts = [db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("looks", "runs", "chips")]  # noqa: S608
        db.close()
        assert counts[0] == counts[1] == counts[2] / 4
        seen.add(counts[0])
    writer.stdout.close()
    assert len(seen) > 3


def test_rows_of_a_look_that_is_not_kept_are_not_kept(file):
    kept = looks.read(file)
    rows = [looks.a_row(looks.an_info(n)) for n in (1, 2, 3)]
    archive.add(kept, looks.a_run(kept, looks.a_look(1), looks.a_look(2), rows=rows))
    assert [r["scene"] for r in rows_of(file, "SELECT scene FROM observations")] == ["look1.tif", "look2.tif"]


def test_a_run_told_from_an_older_state_is_not_written(file):
    looks.add_one(file, 1)
    old = looks.read(file)
    looks.add_one(file, 2)
    assert not archive.add(old, looks.a_run(old, looks.a_look(3)))
    assert [look.info.name for look in looks.read(file).looks] == ["look1.tif", "look2.tif"]


def test_a_write_that_fails_leaves_the_state_before(file):
    looks.add_one(file, 1)
    was = file.read_bytes()
    kept = looks.read(file)
    twice = looks.a_look(1)
    with pytest.raises(OutputError):
        archive.add(kept, looks.a_run(kept, twice))
    assert file.read_bytes() == was


def test_the_information_of_a_look_is_json(file):
    looks.add_one(file, 1)
    (row,) = rows_of(file, "SELECT info FROM looks")
    assert json.loads(row["info"])["credit"] == "RENDERED, NOT A SATELLITE IMAGE"
