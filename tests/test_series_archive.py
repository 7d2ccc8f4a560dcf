"""A series through its archive: one image read, the same answer; what two processes add at once is both there."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest
import rasterio
from affine import Affine
from click.testing import CliRunner
from shapely import union_all

from imagery_diff import archive, archive_schema, samples
from imagery_diff.archive_export import export
from imagery_diff.cli import main
from imagery_diff.errors import InputError, OutputError
from imagery_diff.params import Params
from imagery_diff.read.aois import load_aoi
from imagery_diff.read.scenes import open_scene
from imagery_diff.series import timeline
from imagery_diff.series_looks import lay, new_looks, opened
from imagery_diff.write.timeline import event_rows, observation_rows, summary
from tests import archive_looks as looks
from tests.test_archive import rows_of

TOP = Path(__file__).resolve().parents[1]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(TOP)}
DAYS = ("20231016", "20231019", "20231020_0643")
"""A ship and a stack are there on the second alone."""
NAME_OF = tuple(samples.path(f"najin_{day}").name for day in DAYS)


@pytest.fixture(scope="module")
def pier():
    """Return a place of two zones: a run takes some seconds a look."""
    port = load_aoi("najin")
    zones = tuple(port.zone(name) for name in ("pier2_sw_berth", "pier2_yard"))
    around = union_all([z.polygon for z in zones]).envelope.buffer(0.0003, join_style="mitre")
    return replace(port, name="pier", polygon=around, zones=zones)


@pytest.fixture(scope="module")
def whole(pier):
    """Return the answer of all images at once, without an archive."""
    return timeline(pier, [samples.path(f"najin_{day}") for day in DAYS])


@pytest.fixture(scope="module")
def added(pier, tmp_path_factory):
    """Return an archive of two looks, the same with a third, and the answer then; only the third's file was left."""
    folder = tmp_path_factory.mktemp("archived")
    copies = []
    for day in DAYS:
        tile = samples.path(f"najin_{day}")
        copies.append(Path(shutil.copytree(tile.parent, folder / tile.parent.name)) / tile.name)
    two, three = folder / "two.sqlite", folder / "three.sqlite"
    timeline(pier, copies[:2], archive=two)
    shutil.copy(two, three)
    for copy in copies[:2]:
        shutil.rmtree(copy.parent)
    return two, three, timeline(pier, copies[2:], archive=three)


def test_one_image_added_gives_the_answer_of_all_at_once_and_no_old_file_is_needed(whole, added):
    found = added[2]
    assert observation_rows(found) == observation_rows(whole)
    assert event_rows(found) == event_rows(whole)
    assert event_rows(found)
    assert summary(found)["visits"] == summary(whole)["visits"]
    assert [look.closure_m for look in found.looks] == [look.closure_m for look in whole.looks]
    assert found.simulated
    assert found.credit == whole.credit


def test_what_the_archive_says_now_is_what_the_files_say(added):
    _, three, found = added
    now = rows_of(three, "SELECT * FROM said_now ORDER BY rowid")
    told = [{name: row[name] for name in archive_schema.OBSERVED} for row in now]
    key = lambda r: (r["zone"], r["acquired"], r["object"] or 0)  # noqa: E731
    assert sorted(told, key=key) == sorted(observation_rows(found), key=key)
    happened = [{n: e[n] for n in archive_schema.HAPPENED} for e in rows_of(three, "SELECT * FROM events_now")]
    assert happened == event_rows(found)
    assert {row["credit"] for row in now} == {found.credit}


def test_a_kept_look_stands_in_the_manifest_with_the_digest_it_had(added, tmp_path):
    _, three, found = added
    folder = found.save(tmp_path / "out")
    inputs = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["inputs"]
    digests = {row["sha256"] for row in rows_of(three, "SELECT sha256 FROM files")}
    assert {entry["sha256"] for entry in inputs} == digests
    assert None not in digests
    assert sum("kept in the archive" in entry.get("note", "") for entry in inputs) == len(inputs) * 2 // 3


def test_no_image_tells_again_what_is_kept_and_images_given_again_are_not_opened(added, pier, tmp_path, monkeypatch):
    _, three, found = added
    file = Path(shutil.copy(three, tmp_path / "copy.sqlite"))

    def refuse(*_args, **_kwargs):
        raise AssertionError("an image was opened")

    monkeypatch.setattr("imagery_diff.series_looks.open_scene", refuse)
    again = timeline(pier, [samples.path(f"najin_{DAYS[0]}")], archive=file)
    assert observation_rows(again) == observation_rows(found)
    assert len(rows_of(file, "SELECT * FROM looks")) == 3
    assert len(rows_of(file, "SELECT * FROM runs")) == 3
    assert rows_of(file, "SELECT * FROM observations") == rows_of(three, "SELECT * FROM observations")


def test_of_a_folder_what_is_new_is_opened_and_what_is_kept_is_not_joined_again(added, pier, tmp_path):
    for day in DAYS:
        tile = samples.path(f"najin_{day}")
        shutil.copytree(tile.parent, tmp_path / tile.parent.name)
    given = opened([tmp_path], archive.read(added[0], pier, Params()))
    assert [info.name[:8] for info in given.infos] == ["20231016", "20231019", "20231020"]
    assert sorted(given.kept) == [0, 1]
    assert given.left_out == ()


def test_a_scene_kept_with_other_content_is_refused(added, pier, tmp_path):
    tile = samples.path(f"najin_{DAYS[0]}")
    folder = Path(shutil.copytree(tile.parent, tmp_path / tile.parent.name))
    with (folder / tile.name).open("ab") as stream:
        stream.write(b"\0")
    result = CliRunner().invoke(main, words_of(pier, added[0], tmp_path, str(folder / tile.name)))
    assert result.exit_code == 1
    assert "the archive keeps this scene with other content" in result.stderr


def test_a_look_whose_file_cannot_be_read_is_not_kept_and_one_that_shows_nothing_is(pier, tmp_path):
    class Broken:
        def read(self, *_):
            raise InputError("torn.tif: cannot be read")

    one, other, third = (open_scene(samples.path(f"najin_{day}")) for day in DAYS)
    torn = replace(third, source=Broken())
    away = replace(
        third,
        name="away.tif",
        scene_id="away",
        acquired=third.acquired + timedelta(hours=1),
        grid=replace(third.grid, transform=third.grid.transform @ Affine.translation(20_000, 0)),
    )
    given = opened([one, other, torn, away])
    laid = lay(given, pier, tmp_path, Params(), lambda _: None)
    assert sorted(laid.refused) == [2, 3]
    assert [(look.info.name, bool(look.chips)) for look in new_looks(given, laid)] == [
        (one.name, True),
        (other.name, True),
        ("away.tif", False),
    ]


@pytest.mark.slow
def test_the_frame_stays_for_an_earlier_image_and_what_cannot_be_laid_is_remembered_as_such(pier, tmp_path):
    file = tmp_path / "pier.sqlite"
    timeline(pier, [samples.path(f"najin_{day}") for day in DAYS[1:]], empty={"pier2_yard": NAME_OF[2]}, archive=file)
    began = archive.read(file, pier, Params())
    away = samples.path("najin_20231021")
    folder = Path(shutil.copytree(away.parent, tmp_path / away.parent.name))
    for image in folder.glob("*.tif"):
        with rasterio.open(image, "r+") as raster:
            raster.transform = raster.transform @ Affine.translation(20_000, 0)
    found = timeline(pier, [samples.path(f"najin_{DAYS[0]}"), folder / away.name], archive=file)
    assert [look.info.name for look in found.looks[:3]] == list(NAME_OF)
    assert found.grid == began.frame.grid
    assert [look.refused is None for look in found.looks] == [True, True, True, False]
    # What the first run was told of an empty zone holds: what stands there on every look is no question any more.
    reasons = {c.reason or "" for c in found.cells if c.zone.name == "pier2_yard"}
    assert not [r for r in reasons if "present or permanent" in r]
    kept = archive.read(file, pier, Params())
    assert kept.frame == began.frame
    assert kept.empty == {"pier2_yard": began.looks[1].key}
    assert [look.refused is None for look in kept.looks] == [True, True, True, False]
    assert rows_of(file, "SELECT count(*) AS n FROM chips") == [{"n": 3 * 6}]
    shutil.rmtree(folder)
    # It is not asked for again, nor is its reason another.
    last = timeline(pier, [], archive=file)
    assert last.looks[3].refused == found.looks[3].refused
    assert observation_rows(last) == observation_rows(found)
    then = {row["scene"]: row["known_until"][:10] for row in rows_of(file, "SELECT * FROM said_then")}
    assert then[NAME_OF[1]] == "2023-10-20"


def words_of(place, file, folder, *images):
    """Return a command line on a place that is in no registry."""
    outlines = folder / "pier.geojson"
    outlines.write_text(json.dumps(place.to_geojson()), encoding="utf-8")
    return ["timeline", str(outlines), *images, "--archive", str(file), "-o", str(folder / f"out{len(images)}")]


@pytest.mark.slow
def test_one_is_killed_while_it_writes_and_two_that_add_an_image_each_at_once_both_land(added, pier, tmp_path):
    file = Path(shutil.copy(added[0], tmp_path / "two.sqlite"))
    was = file.read_bytes()
    days = (DAYS[2], "20231021")
    # One that is killed while it writes leaves what was there.
    (tmp_path / "killed").mkdir()
    words = words_of(pier, file, tmp_path / "killed", str(samples.path(f"najin_{DAYS[2]}")))
    killed = subprocess.Popen([sys.executable, "-m", "imagery_diff", *words], cwd=TOP, env=ENVIRONMENT)
    while killed.poll() is None and not file.with_name("two.sqlite-journal").exists():
        pass
    killed.kill()
    killed.wait()
    # On a busy machine it may have been done before it was hit.
    state = len(archive.contents(file).looks)
    assert state in {2, 3}
    assert (file.read_bytes() == was) == (state == 2)
    file.write_bytes(was)
    both = []
    for day in days:
        (tmp_path / day).mkdir()
        words = words_of(pier, file, tmp_path / day, str(samples.path(f"najin_{day}")))
        command = [sys.executable, "-m", "imagery_diff", *words]
        both.append(subprocess.Popen(command, cwd=TOP, env=ENVIRONMENT, stderr=subprocess.PIPE))
    told = [process.communicate(timeout=600)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    seen = rows_of(file, "SELECT scene FROM looks ORDER BY acquired")
    assert [row["scene"][:8] for row in seen] == ["20231016", "20231019", "20231020", "20231021"]
    assert [row["looks"] for row in rows_of(file, "SELECT looks FROM runs ORDER BY id")] == [2, 3, 4]
    kept = archive.read(file, pier, Params())
    at_once = timeline(pier, [samples.path(f"najin_{day}") for day in (*DAYS, "20231021")])
    stands = [{n: r[n] for n in archive_schema.HAPPENED} for r in rows_of(file, "SELECT * FROM events_now")]
    assert stands == event_rows(at_once)
    assert len(kept.looks) == 4


# --- the command line ------------------------------------------------------------------------------------------------


def test_neither_image_nor_archive_is_a_fault_of_the_words():
    result = CliRunner().invoke(main, ["timeline", "najin"])
    assert result.exit_code == 2
    assert "name images or their folder, or an archive" in result.stderr


@pytest.mark.parametrize("words", [["archive", "show"], ["archive", "export"], ["timeline", "najin", "--archive"]])
def test_a_file_that_is_no_archive_is_one_line_and_exit_code_1(words, tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("mine", encoding="utf-8")
    result = CliRunner().invoke(main, [*words, str(file)])
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert "notes.txt: is no archive of imagery-diff" in result.stderr
    assert file.read_text(encoding="utf-8") == "mine"


def test_an_archive_without_a_look_and_no_image_is_one_line(tmp_path):
    result = CliRunner().invoke(main, ["timeline", "najin", "--archive", str(tmp_path / "new.sqlite")])
    assert result.exit_code == 1
    assert "a series needs two or more" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_is_shown_says_that_it_is_rendered_and_changes_nothing(added):
    _, three, _ = added
    was = three.read_bytes()
    shown = CliRunner().invoke(main, ["archive", "show", str(three)])
    assert shown.exit_code == 0
    assert shown.stdout.startswith("RENDERED, NOT A SATELLITE IMAGE: no satellite saw what is kept here")
    assert "pier: 3 looks, 2 runs" in shown.stdout
    document = json.loads(CliRunner().invoke(main, ["archive", "show", str(three), "--json"]).stdout)
    schema = json.loads((TOP / "docs/reference/schemas/archive.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(document)
    assert [look["simulated"] for look in document["looks"]] == [True] * 3
    assert three.read_bytes() == was


def test_revisions_and_reviews_are_shown_and_fit_the_schema(tmp_path):
    file = tmp_path / "port.sqlite"
    one, other = looks.an_info(1), looks.an_info(2)
    kept = looks.read(file)
    archive.add(kept, looks.a_run(kept, looks.a_look(1), looks.a_look(2)))
    said = {"zone": looks.ZONE, "kind": "vessel", "scene": "look2.tif", "verdict": "accepted", "initials": "ab"}
    archive.review(file, archive.Review(**said))
    kept = looks.read(file)
    rows = [looks.a_row(one), looks.a_row(other, vessel="unknown", unknown_reason="cloud")]
    archive.add(kept, looks.a_run(kept, rows=rows, events=[looks.an_event(one, other)]))
    shown = CliRunner().invoke(main, ["archive", "show", str(file)]).stdout
    assert "run 2: look2.tif pier2_sw_berth vessel: was no, now unknown: cloud" in shown
    assert "look2.tif pier2_sw_berth vessel: accepted by ab; FLAGGED: now unknown: cloud" in shown
    document = json.loads(CliRunner().invoke(main, ["archive", "show", str(file), "--json"]).stdout)
    schema = json.loads((TOP / "docs/reference/schemas/archive.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(document)
    # An event between looks that both were known is a revision too.
    assert [(r["kind"], r["was"]) for r in document["revisions"]] == [("vessel", "no"), ("vessel_arrived", None)]


def test_a_reader_without_the_right_to_write_reads(tmp_path):
    file = tmp_path / "port.sqlite"
    looks.add_one(file, 1)
    file.chmod(0o444)
    tmp_path.chmod(0o555)
    try:
        assert CliRunner().invoke(main, ["archive", "show", str(file)]).exit_code == 0
    finally:
        tmp_path.chmod(0o755)


# --- GeoPackage ------------------------------------------------------------------------------------------------------


def test_the_geopackage_holds_what_is_said_with_places_and_times(added, tmp_path):
    pyogrio = pytest.importorskip("pyogrio")
    import shapely

    _, three, found = added
    target = export(three, tmp_path / "out.gpkg")
    assert sorted(str(name) for name, _ in pyogrio.list_layers(target)) == ["events", "looks", "observations", "zones"]
    for layer, count in (("zones", 2), ("looks", 3), ("observations", len(observation_rows(found)))):
        told, _, outlines, columns = pyogrio.raw.read(target, layer=layer, datetime_as_string=True)
        assert told["crs"] == "EPSG:4326"
        assert len(outlines) == count
        shapes = shapely.from_wkb(outlines)
        assert shapely.is_valid(shapes).all()
        assert all(130.0 < s.centroid.x < 131.0 and 42.0 < s.centroid.y < 43.0 for s in shapes)
        if layer == "observations":
            rows = dict(zip(told["fields"], columns, strict=True))
            assert set(rows["vessel"]) == {row["vessel"] for row in observation_rows(found)}
            assert sorted({t[:19] + "Z" for t in rows["acquired"]}) == sorted(
                {r["acquired"] for r in observation_rows(found)}
            )
            assert set(rows["credit"]) == {found.credit}
            assert set(rows["simulated"]) == {1}
    info = pyogrio.read_info(target, layer="events")
    types = dict(zip(info["fields"], info["ogr_types"], strict=True))
    assert types["not_before"] == types["not_after"] == "OFTDateTime"
    assert info["features"] == len(found.events)
    with pytest.raises(OutputError, match="it exists"):
        export(three, target)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.gpkg"]


def test_an_archive_whose_outlines_are_none_is_one_line(tmp_path):
    file = tmp_path / "port.sqlite"
    kept = looks.read(file)
    event = looks.an_event(looks.an_info(1), looks.an_info(2), wkt="POLYGON ((nonsense")
    archive.add(kept, looks.a_run(kept, looks.a_look(1), looks.a_look(2), events=[event]))
    result = CliRunner().invoke(main, ["archive", "export", str(file), "-o", str(tmp_path / "out.gpkg")])
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1


# --- the page --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_commands_and_the_python_of_the_page_run_in_its_order(tmp_path, monkeypatch, capsys):
    page = (TOP / "docs" / "how-to" / "archive.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sample_tiles").symlink_to(samples.path("najin_20231016").parents[1])
    for command in re.findall(r"^    imagery-diff (.*)$", page, re.MULTILINE):
        result = CliRunner().invoke(main, shlex.split(command))
        assert result.exit_code == 0, result.output
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(compile(block, "archive.md", "exec"), {})  # noqa: S102 - our own text
    assert "20231019_020750_12_0000_3B_AnalyticMS_SR_clip.tif pier2_sw_berth yes yes" in capsys.readouterr().out
    with sqlite3.connect("najin.sqlite") as db:
        assert db.execute("SELECT count(*) FROM reviews").fetchone() == (1,)
    db.close()
