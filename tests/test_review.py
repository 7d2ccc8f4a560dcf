"""What a person says of a comparison: kept line by line, laid over the files, never over what was found."""

import errno
import hashlib
import json
import os
import shlex
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pyogrio
import pytest
import shapely
from click.testing import CliRunner
from shapely import box
from shapely.geometry import mapping, shape

import imagery_diff.review as reviews
from imagery_diff.cli import main
from imagery_diff.errors import ImageryDiffWarning, InputError, OutputError
from imagery_diff.exporting import Wanted, export
from imagery_diff.review import review, unreviewed
from imagery_diff.review_books import Decision
from imagery_diff.review_edits import edited
from imagery_diff.verify import verify
from imagery_diff.write import folder as folders
from imagery_diff.write import manifest as manifests
from imagery_diff.write.model import to_json
from imagery_diff.write.review_log import read_log
from imagery_diff.write.reviewed import findings
from imagery_diff.write.sentences import describe_region
from tests.write.conftest import make_grid, make_result, on_grid

SCHEMAS = Path(__file__).resolve().parents[1] / "docs" / "reference" / "schemas"


WORLD = "POLYGON((-180 -90, 180 -90, 180 90, -180 90, -180 -90))"


def told(run):
    return json.loads((run / "summary.json").read_bytes())


def drawn(run):
    return json.loads((run / "regions.geojson").read_bytes())


def regions(run):
    return {row["id"]: row for row in told(run)["regions"]}


def says(*words):
    return CliRunner().invoke(main, ["review", *map(str, words)])


def is_sound(run):
    """Every document is valid, and the folder is what its manifest says."""
    for name, schema in (("summary", "summary"), ("regions", "regions"), ("manifest", "manifest")):
        path = run / f"{name}.{'geojson' if name == 'regions' else 'json'}"
        jsonschema.validate(json.loads(path.read_bytes()), json.loads((SCHEMAS / f"{schema}.schema.json").read_bytes()))
    assert verify(run).outputs_intact.answer == "yes"


def test_what_was_found_is_had_back_from_reviewed_files(run):
    before = told(run), drawn(run)
    review(run, [Decision(action="reject", region="R1", note="a shadow")], "AB")
    review(run, [Decision(action="relabel", region="R2", activity="vessel")], "CD")
    review(run, [Decision(action="add", outline=a_place(run), direction="appeared", activity="vessel")], "CD")
    assert told(run) != before[0]
    assert findings(told(run), drawn(run)) == before
    is_sound(run)


def a_place(run):
    """Return an outline within the place, where nothing was flagged: longitude and latitude."""
    x, y = shape(told(run)["aoi"]["geometry"]).representative_point().coords[0]
    return box(x, y, x + 0.0005, y + 0.0003)


def test_the_stamp_goes_only_when_all_is_reviewed(run):
    for name, left in (("R1", ("R2", "R3")), ("R2", ("R3",)), ("R3", ())):
        assert b"Not reviewed by a person" in (run / "report.html").read_bytes() or name != "R1"
        assert review(run, [Decision(action="accept", region=name)], "ab") == left
        page = (run / "report.html").read_text()
        assert ("Every region was reviewed by a person (AB)" in page) == (not left)
    assert told(run)["review"]["reviewers"] == ["AB"]
    review(run, [Decision(action="reopen", region="R2")], "AB")
    assert "2 of 3 regions reviewed by a person" in (run / "report.html").read_text()
    is_sound(run)


def test_a_rejected_region_is_told_counted_and_drawn_no_more(run):
    was = told(run)
    zone = next(z["name"] for z in was["zones"] if z["regions"] == ["R1", "R2", "R3"] or "R1" in z["regions"])
    picture = (run / "overview.png").read_bytes()
    every = [Decision(action="reject", region=name) for name in regions(run)]
    review(run, every, "AB")
    now = told(run)
    assert now["headline"].startswith("Nothing was flagged")
    assert "3 regions rejected by a reviewer" in now["headline"]
    row = next(z for z in now["zones"] if z["name"] == zone)
    assert row["regions"] == []
    assert row["state"] == ("nothing flagged" if row["usable_fraction"] >= 0.8 else "unknown")
    assert "rejected by a reviewer: R1" in row["description"]
    assert "nothing changed" not in row["description"]
    assert now["vessels_of_class"]["appeared"] == {"least": 0, "most": 0}
    assert all(f["properties"]["review"] == "rejected" for f in drawn(run)["features"])
    assert (run / "overview.png").read_bytes() != picture
    is_sound(run)


def test_a_rejection_makes_no_zone_known_that_was_not_seen(tmp_path):
    result = make_result(count=1)
    states = [replace(s, state="flagged", regions=("R1",), clear_fraction=0.4) for s in result.zones]
    run = replace(result, zones=tuple(states)).save(tmp_path / "run")
    review(run, [Decision(action="reject", region="R1")], "AB")
    assert {z["state"] for z in told(run)["zones"] if z["kind"] != "ignore"} == {"unknown"}


def test_a_relabelled_region_has_the_reviewers_class_and_no_chance_of_the_programmes(run):
    was = regions(run)["R1"]
    review(run, [Decision(action="relabel", region="R1", activity="construction", note="scaffolds")], "AB")
    row = regions(run)["R1"]
    assert (row["activity"], row["review"], row["note"]) == ("construction", "accepted", "scaffolds")
    assert row["p_activity"] is None
    assert row["shares"] == {}
    assert "construction-like area" in row["description"]
    assert row["description"].endswith("A reviewer calls it so; the programme told a container-like object.")
    assert row["told"]["description"] == was["description"]
    page = (run / "report.html").read_text()
    assert "scaffolds" in page
    assert "its class is a reviewer&#39;s: the programme told a container-like object" in page
    assert "The programme told" in page
    is_sound(run)


def test_an_area_is_told_as_one_again(tmp_path):
    result = make_result(count=2)
    area = replace(result.regions[0], activity="other", is_area=True)
    run = replace(result, regions=(area, result.regions[1])).save(tmp_path / "run")
    assert regions(run)["R1"]["is_area"] is True
    review(run, [Decision(action="relabel", region="R1", activity="construction")], "AB")
    assert says(run, "--relabel", "R1=equipment", "--by", "AB").exit_code == 0
    words = regions(run)["R1"]["description"]
    assert " m2" in words
    assert " long," not in words
    is_sound(run)


def test_a_decision_that_is_taken_back_leaves_no_trace(run):
    was = told(run), drawn(run)
    for taken in ("relabel", "reject", "note"):
        words = {"relabel": {"activity": "cover"}, "reject": {"note": "no"}, "note": {"note": "look"}}[taken]
        review(run, [Decision(action=taken, region="R1", **words)], "AB")
        assert told(run)["regions"] != was[0]["regions"]
        review(run, [Decision(action="reopen", region="R1")], "AB")
        assert {k: told(run)[k] for k in ("regions", "zones", "headline")} == {
            k: was[0][k] for k in ("regions", "zones", "headline")
        }
        assert drawn(run)["features"] == was[1]["features"]
    review(run, [Decision(action="relabel", region="R1", activity="cover")], "AB")
    review(run, [Decision(action="relabel", region="R1", activity=was[0]["regions"][0]["activity"])], "AB")
    assert regions(run)["R1"]["description"] == was[0]["regions"][0]["description"]
    assert [e.before["activity"] for e in read_log((run / "review.jsonl").read_bytes())][-1] == "cover"


def test_a_note_is_taken_back_by_an_empty_one(run):
    review(run, [Decision(action="accept", region="R1", note="x"), Decision(action="note", region="R1")], "AB")
    assert regions(run)["R1"]["note"] is None
    assert regions(run)["R1"]["review"] == "accepted"


def test_no_sentence_speaks_of_a_region_that_was_rejected(tmp_path):
    result = make_result(count=3)
    first, second, third = result.regions
    colour = {"region": "R1", "angle_deg": 1.2, "chance": 0.02}
    second = replace(second, direction="appeared", relation="extends", relation_to="R1", tiers=(2, 3), teu_low=70.0)
    second = replace(second, teu_high=400.0)
    third = replace(third, same_colour=colour)
    linked = [replace(r, description=describe_region(r, result)) for r in (first, second, third)]
    run = replace(result, regions=tuple(linked)).save(tmp_path / "run")
    assert all("R1" in regions(run)[name]["description"] for name in ("R2", "R3"))
    review(run, [Decision(action="reject", region="R1")], "AB")
    rows = regions(run)
    assert all("R1" not in rows[name]["description"] for name in ("R2", "R3"))
    assert "two to three high by the shadow" in rows["R2"]["description"]
    assert (rows["R2"]["relation"], rows["R2"]["relation_to"], rows["R3"]["same_colour"]) == ("unclear", None, None)
    is_sound(run)
    review(run, [Decision(action="reopen", region="R1")], "AB")
    assert [regions(run)[r.id]["description"] for r in linked] == [r.description for r in linked]


def test_an_added_region_lies_where_it_was_drawn_and_says_who_found_it(run):
    outline = a_place(run)
    review(run, [Decision(action="add", outline=outline, direction="appeared", activity="vessel", note="a tug")], "AB")
    row = regions(run)["P1"]
    feature = next(f for f in drawn(run)["features"] if f["id"] == "P1")
    assert shape(feature["geometry"]).symmetric_difference(outline).area < 1e-3 * outline.area
    assert (row["review"], row["activity"], row["p_change"]) == ("accepted", "vessel", None)
    length = 0.0005 * 111_320 * np.cos(np.radians(outline.centroid.y))
    assert row["length_m"] == pytest.approx(length, rel=0.05)
    assert row["length_low_m"] is None
    assert row["description"].endswith("A reviewer drew it; the programme did not find it.")
    if row["zone"] is not None:
        assert "P1" in next(z for z in told(run)["zones"] if z["name"] == row["zone"])["regions"]
    assert "a reviewer drew it: the programme did not find it" in (run / "report.html").read_text()
    review(run, [Decision(action="reject", region="P1")], "AB")
    assert regions(run)["P1"]["review"] == "rejected"
    is_sound(run)


def test_the_log_only_grows_and_says_who_when_what_and_what_stood_there(run):
    review(run, [Decision(action="accept", region="R1", note="seen")], "ab")
    first = (run / "review.jsonl").read_bytes()
    review(run, [Decision(action="reject", region="R1")], "Ée")
    log = (run / "review.jsonl").read_bytes()
    assert log.startswith(first)
    schema = json.loads((SCHEMAS / "review.schema.json").read_bytes())
    for line in log.splitlines():
        jsonschema.validate(json.loads(line), schema)
    one, two = read_log(log)
    assert (one.by, two.by) == ("AB", "ÉE")
    assert one.before == {"review": "unreviewed", "activity": regions(run)["R1"]["activity"], "note": None}
    assert two.before["review"] == "accepted"
    assert two.before["note"] == "seen"
    assert one.findings_sha256 == two.findings_sha256 == told(run)["review"]["findings_sha256"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda log: log.replace(b"reject", b"accept", 1),
        lambda log: log.split(b"\n", 1)[1],
        lambda log: log[:-1],
        lambda log: log.replace(b'"AB"', b'"XY"', 1),
        lambda _: b"\xff\n",
        lambda _: b"[]\n",
        lambda _: b"",
        lambda log: b"".join(reversed(log.splitlines(keepends=True))),
    ],
)
def test_a_log_that_was_tampered_with_is_refused_and_named_by_verify(run, spoil):
    review(run, [Decision(action="reject", region="R1"), Decision(action="accept", region="R2")], "AB")
    log, summary = run / "review.jsonl", (run / "summary.json").read_bytes()
    log.write_bytes(spoil(log.read_bytes()))
    with pytest.raises(InputError, match=r"review\.jsonl"):
        review(run, [Decision(action="accept", region="R3")], "AB")
    assert (run / "summary.json").read_bytes() == summary
    assert verify(run).fault
    assert "review.jsonl is" in verify(run).outputs_intact.why


def test_after_a_crash_the_files_are_told_anew_from_the_log(run, tmp_path):
    twin = shutil.copytree(run, tmp_path / "twin")
    review(twin, [Decision(action="reject", region="R1")], "AB")
    shutil.copy(twin / "review.jsonl", run / "review.jsonl")
    assert verify(run).fault
    review(run, (), "")
    assert {p.name: p.read_bytes() for p in run.iterdir()} == {p.name: p.read_bytes() for p in twin.iterdir()}


def test_two_at_once_are_both_kept(run):
    command = [sys.executable, "-m", "imagery_diff", "review", str(run), "--by"]
    words = [["AB", "--accept", "R1"], ["CD", "--reject", "R2"], ["EF", "--accept", "R3"]]
    running = [subprocess.Popen([*command, *said], stdout=subprocess.DEVNULL) for said in words]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    assert {e.by for e in read_log((run / "review.jsonl").read_bytes())} == {"AB", "CD", "EF"}
    assert unreviewed_of(run) == ()
    is_sound(run)


def test_a_rerun_waits_for_a_review_and_loses_none_of_it(tmp_path, monkeypatch):
    result = make_result(count=3)
    run = result.save(tmp_path / "run")
    rerun, told = threading.Thread(target=result.save, args=(run,)), reviews._told

    def meanwhile(*args):
        rerun.start()
        rerun.join(2.0)
        return told(*args)

    with monkeypatch.context() as patch:
        patch.setattr(reviews, "_told", meanwhile)
        review(run, [Decision(action="accept", region="R1")], "AB")
    rerun.join()
    assert [e.region for e in read_log((run / "review.jsonl").read_bytes())] == ["R1"]
    assert regions(run)["R1"]["review"] == "accepted"
    assert review(run, [Decision(action="accept", region="R2")], "AB") == ("R3",)
    assert [p.name for p in tmp_path.iterdir()] == ["run"]
    is_sound(run)


def unreviewed_of(run):
    from imagery_diff.finished import open_run

    return unreviewed(open_run(run))


def test_a_rerun_keeps_the_review_where_the_finding_still_is_and_says_where_it_is_not(tmp_path):
    result = make_result(count=3)
    run = result.save(tmp_path / "run")
    review(run, [Decision(action="reject", region="R1"), Decision(action="accept", region="R3", note="sure")], "AB")
    reviewed = {p.name: p.read_bytes() for p in run.iterdir() if p.name != "manifest.json"}
    result.save(run)
    assert {p.name: p.read_bytes() for p in run.iterdir() if p.name != "manifest.json"} == reviewed
    # Another order, another outline of the third, and the first is not found any more.
    third = replace(result.regions[2], id="R1", geometry=result.regions[2].geometry.buffer(1.0))
    second = replace(result.regions[1], id="R2")
    with pytest.warns(ImageryDiffWarning, match="the review of R1 .* has no finding any more"):
        replace(result, regions=(third, second)).save(run)
    assert regions(run)["R1"]["review"] == "accepted"
    assert regions(run)["R1"]["note"] == "sure"
    assert regions(run)["R2"]["review"] == "unreviewed"
    assert told(run)["review"]["lost"][0]["region"] == "R1"
    assert "did not find again" in told(run)["caveats"][0]
    is_sound(run)


def test_edits_made_in_a_geopackage_are_taken_up(run, tmp_path):
    review(run, [Decision(action="accept", region="R3")], "AB")
    target = export(run, Wanted(gpkg=True), tmp_path / "out")
    path = target / "regions.gpkg"
    info, _, geometry, values = pyogrio.raw.read(path, layer="regions")
    columns = dict(zip(info["fields"], values, strict=True))
    columns["review"][0], columns["note"][1] = "rejected", "look again"
    grid = make_grid()
    new = shapely.to_wkb(shapely.MultiPolygon([on_grid(grid, box(50, 40, 70, 45))]))
    names = ["id", "review", "note", "direction", "activity"]
    fields = [np.append(columns[n], None if n in {"id", "review", "note"} else "appeared") for n in names[:4]]
    fields.append(np.append(columns["activity"], "equipment"))
    edited_file = tmp_path / "edited.gpkg"
    pyogrio.raw.write(
        edited_file,
        geometry=np.append(geometry, np.array([new], object)),
        field_data=[np.array(f, object) for f in fields],
        fields=names,
        layer="regions",
        driver="GPKG",
        geometry_type="MultiPolygon",
        crs=info["crs"],
    )
    found = says(run, "--from", edited_file, "--by", "QG")
    assert found.exit_code == 0, found.output
    rows = regions(run)
    assert [rows[n]["review"] for n in ("R1", "R2", "R3", "P1")] == ["rejected", "unreviewed", "accepted", "accepted"]
    assert rows["R2"]["note"] == "look again"
    assert rows["P1"]["activity"] == "equipment"
    # Taken up once more, it changes nothing.
    assert edited(run, edited_file) == []
    is_sound(run)


def gpkg(path, outlines=(None,), crs="EPSG:32652", **columns):
    """Write a layer as QGIS may leave it: R1 and what is named."""
    rows = {"id": ["R1"], "review": ["unreviewed"], "note": [None], "direction": [None], "activity": [None]} | columns
    pyogrio.raw.write(
        path,
        geometry=np.array([None if one is None else shapely.to_wkb(one) for one in outlines], object),
        field_data=[np.array(values, None if isinstance(values[0], int) else object) for values in rows.values()],
        fields=list(rows),
        layer="regions",
        driver="GPKG",
        geometry_type="Polygon",
        crs=crs,
    )
    return path


LARGE = {"id": [None], "direction": ["appeared"], "outlines": [box(3e5, 4.5e6, 7e5, 4.9e6)]}


@pytest.mark.parametrize(
    ("held", "why"),
    [
        ({"id": ["R1"] * 2, "review": ["accepted", "rejected"], "outlines": [None] * 2}, "more than one thing of R1"),
        ({"id": [1]}, "the column id of its layer regions holds no text"),
        ({"note": [7]}, "the column note of its layer regions holds no text"),
        ({"crs": 'LOCAL_CS["x",UNIT["metre",1]]'}, "has no coordinate system"),
        (LARGE, "larger than the place that was compared"),
        (LARGE | {"outlines": [box(3e5, 4.5e6, 1e30, 4.9e6)]}, "which does not reach them"),
    ],
)
def test_what_is_wrong_in_a_geopackage_is_named(run, tmp_path, held, why):
    empty = [None] * len(held.get("outlines", [None]))
    columns = {"note": empty, "direction": empty, "activity": empty}
    before = contents(run)
    found = says(run, "--from", gpkg(tmp_path / "edited.gpkg", **(columns | held)), "--by", "AB")
    assert found.exit_code == 1
    assert why in found.output
    assert found.output.count("\n") == 1
    assert contents(run) == before


def test_a_row_that_was_split_is_one_decision(run, tmp_path):
    twice = {"id": ["R1"] * 2, "review": ["accepted"] * 2, "outlines": [None] * 2}
    columns = {name: [None] * 2 for name in ("note", "direction", "activity")}
    assert len(edited(run, gpkg(tmp_path / "edited.gpkg", **columns, **twice))) == 1


def test_bytes_that_are_no_text_are_named(run, tmp_path):
    path = gpkg(tmp_path / "edited.gpkg")
    with closing(sqlite3.connect(path)) as file, file:
        for (trigger,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            file.execute(f'DROP TRIGGER "{trigger}"')
        file.execute("UPDATE regions SET note = CAST(x'fffe41' AS TEXT)")
    found = says(run, "--from", path, "--by", "AB")
    assert found.exit_code == 1
    assert "edited.gpkg: holds text that is not UTF-8" in found.output


def test_a_folder_is_no_geopackage(run, tmp_path):
    assert f"{tmp_path.name}: is a folder" in says(run, "--from", tmp_path, "--by", "AB").output


@pytest.mark.parametrize("name", ["nothing.gpkg", "text.gpkg"])
def test_what_is_no_geopackage_is_refused_in_a_line(run, tmp_path, name):
    (tmp_path / "text.gpkg").write_text("no")
    found = says(run, "--from", tmp_path / name, "--by", "AB")
    assert found.exit_code == 1
    assert found.output.startswith(f"Error: {name}: ")
    assert found.output.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (["--accept", "R9", "--by", "AB"], 1, "there is no region 'R9'"),
        (["--accept", "R1"], 2, "--by"),
        (["--accept", "R1", "--by", "A1"], 1, "initials are one to eight letters"),
        (["--accept", "R1", "--by", "../x"], 1, "initials are one to eight letters"),
        (["--relabel", "R1", "--by", "AB"], 2, "ID=CLASS"),
        (["--relabel", "R1=tank", "--by", "AB"], 1, "is no class"),
        (["--add", "appeared=vessel=POLYGON((0 0, 0 1", "--by", "AB"], 2, "DIRECTION=CLASS=WKT"),
        (["--add", "appeared=vessel=POLYGON((0 0, 0 1, 1 1, 0 0))", "--by", "AB"], 1, "outside the place"),
        (["--add", "appeared=vessel=POINT(0 0)", "--by", "AB"], 1, "valid polygon"),
        (["--add", f"appeared=vessel={WORLD}", "--by", "AB"], 1, "larger than the place that was compared"),
        (["--add", f"appeared=vessel={WORLD.replace('180', '1e300')}", "--by", "AB"], 1, "larger than the place"),
        (["--add", "appeared=vessel=POLYGON((0 0, nan 1, 1 1, 0 0))", "--by", "AB"], 1, "valid polygon"),
        (["--add", "appeared=vessel=CURVEPOLYGON(CIRCULARSTRING(0 0, 1 1, 0 0))", "--by", "AB"], 2, "DIRECTION=CLASS"),
        (["--note", "x", "--by", "AB"], 2, "--of"),
        (["--note", "x" * 3000, "--of", "R1", "--by", "AB"], 1, "at most 2000"),
    ],
)
def test_what_is_wrong_is_said_in_a_line_and_nothing_is_written(run, words, code, why):
    before = {p.name: p.read_bytes() for p in run.iterdir()}
    found = says(run, *words)
    assert found.exit_code == code, found.output
    assert why in found.output
    assert {p.name: p.read_bytes() for p in run.iterdir()} == before


def test_other_folders_are_refused(run, tmp_path):
    accept = [Decision(action="accept", region="R1")]
    (run / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"notes\.txt"):
        review(run, accept, "AB")
    (run / "notes.txt").unlink()
    (run / "overview.png").write_bytes(b"")
    with pytest.raises(InputError, match=r"overview\.png was changed"):
        review(run, accept, "AB")
    bare = make_result().save(tmp_path / "bare", report=False)
    with pytest.raises(InputError, match="--no-report"):
        review(bare, accept, "AB")
    assert not (bare / "review.jsonl").exists()


def test_without_georeference_a_review_is_in_pixels(tmp_path):
    run = make_result(crs=None, aoi=False, count=2).save(tmp_path / "run")
    outline = box(10, 20, 30, 28)
    review(
        run,
        [Decision(action="add", outline=outline, direction="changed"), Decision(action="reject", region="R1")],
        "AB",
    )
    assert regions(run)["P1"]["pixels"]["length_px"] == pytest.approx(20)
    assert regions(run)["P1"]["pixels"]["geometry"] == json.loads(json.dumps(mapping(outline)))
    assert verify(run).outputs_intact.answer == "yes"


def test_a_folder_that_cannot_be_written_leaves_the_log_as_it_was(run, monkeypatch):
    review(run, [Decision(action="accept", region="R1")], "AB")
    before = {p.name: p.read_bytes() for p in run.iterdir()}

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="the disk is full"):
        review(run, [Decision(action="reject", region="R2")], "AB")
    assert {p.name: p.read_bytes() for p in run.iterdir()} == before
    assert [p.name for p in run.parent.iterdir()] == ["run"]


def contents(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir()}


@pytest.mark.skipif(os.name != "posix", reason="ulimit is of a POSIX shell")
def test_a_log_that_cannot_be_written_whole_stays_as_it_was(run):
    review(run, [Decision(action="accept", region="R1", note="x" * 1500)], "AB")
    before = contents(run)
    command = ["ulimit -f 1; exec", shlex.quote(sys.executable), "-m imagery_diff review", shlex.quote(str(run))]
    words = [*command, "--accept R2 --by AB"]
    found = subprocess.run(["sh", "-c", " ".join(words)], capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert found.stderr.startswith("Error: cannot write to ")
    assert found.stderr.count("\n") == 1
    assert contents(run) == before


@pytest.mark.parametrize("earlier", [(), ("R1",)])
def test_ctrl_c_leaves_log_and_files_as_they_were(run, monkeypatch, earlier):
    review(run, [Decision(action="accept", region=name) for name in earlier], "AB")
    before = contents(run)

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(folders, "_swap", interrupted)
    with pytest.raises(KeyboardInterrupt):
        review(run, [Decision(action="reject", region="R2")], "AB")
    assert contents(run) == before
    assert [p.name for p in run.parent.iterdir()] == ["run"]


def test_an_empty_log_that_no_manifest_names_is_none(run):
    (run / "review.jsonl").write_bytes(b"")
    assert verify(run).outputs_intact.answer == "yes"
    review(run, (), "")
    review(run, [Decision(action="accept", region="R1")], "AB")
    is_sound(run)


def test_a_log_is_not_filled_beyond_what_is_read(run, monkeypatch):
    review(run, [Decision(action="accept", region="R1")], "AB")
    before = contents(run)
    monkeypatch.setattr(reviews, "MOST_BYTES", len(before["review.jsonl"]) + 100)
    with pytest.raises(InputError, match=r"review\.jsonl: would be larger than any log"):
        review(run, [Decision(action="accept", region="R2")], "AB")
    assert contents(run) == before


def test_hostile_notes_are_text(run):
    note = "<script>alert(1)</script>\r\n\t& {{ 7*7 }}"
    review(run, [Decision(action="accept", region="R1", note=note)], "AB")
    page = (run / "report.html").read_text()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "49" not in regions(run)["R1"]["note"]


def chained(rows):
    """Write rows as a log whose lines follow each other, as whoever holds it can."""
    digest, log = None, b""
    for row in rows:
        line = json.dumps({**row, "previous": digest}, sort_keys=True).encode() + b"\n"
        digest = hashlib.sha256(line).hexdigest()
        log += line
    return log


@pytest.mark.parametrize(
    "spoil",
    [
        lambda row: row["finding"].update(geometry={"type": "Point", "coordinates": [130.28, 42.22]}),
        lambda row: row["finding"].update(geometry={"type": "Polygon", "coordinates": [[[1e999, 0], [0, 1], [1, 1]]]}),
        lambda row: row["finding"].update(geometry={"type": "Polygon", "coordinates": [[[0]]]}),
        lambda row: row["finding"].update(geometry=7),
        lambda row: row.update(before={"review": 5}),
        lambda row: row.update(before=None),
    ],
)
def test_a_log_whose_digests_agree_but_not_its_contents_is_named_in_a_line(tmp_path, spoil):
    result = make_result(count=3)
    run = result.save(tmp_path / "run")
    twin = shutil.copytree(run, tmp_path / "twin")
    review(twin, [Decision(action="accept", region="R1"), Decision(action="reject", region="R2")], "AB")
    rows = [json.loads(line) for line in (twin / "review.jsonl").read_bytes().splitlines()]
    spoil(rows[1])
    (run / "review.jsonl").write_bytes(chained(rows))
    before = contents(run)
    path = export(twin, Wanted(gpkg=True), tmp_path / "out") / "regions.gpkg"
    for words in (["--accept", "R3"], ["--from", path]):
        found = says(run, *words, "--by", "AB")
        assert found.exit_code == 1
        assert found.output.startswith("Error: review.jsonl: line 2 is not as it was written")
        assert found.output.count("\n") == 1
    with pytest.raises(InputError, match=r"review\.jsonl: line 2"):
        result.save(run)
    assert contents(run) == before


def test_a_rerun_that_cannot_take_the_review_along_names_it(run, monkeypatch):
    review(run, [Decision(action="accept", region="R1")], "AB")
    before = contents(run)

    def broken(*_):
        raise TypeError

    monkeypatch.setattr(folders, "after_review", broken)
    with pytest.raises(OutputError, match=r"its review\.jsonl cannot be laid over the new result \(TypeError\)"):
        make_result(count=3).save(run)
    assert contents(run) == before


def test_a_log_that_cannot_be_read_is_said_before_anything_is_computed(run):
    (run / "review.jsonl").write_bytes(b"[]\n")
    found = CliRunner().invoke(main, ["najin", "before.tif", "after.tif", "-o", str(run)])
    assert found.exit_code == 1
    assert found.output.startswith("Error: review.jsonl: line 1 is not as it was written")


def test_in_a_terminal_it_goes_from_region_to_region(run):
    keys = "AB\nn\nby the quay\na\nl\nstockpile\ns\n"
    found = CliRunner().invoke(main, ["review", str(run)], input=keys)
    assert found.exit_code == 0, found.output
    rows = regions(run)
    assert (rows["R1"]["review"], rows["R1"]["note"]) == ("accepted", "by the quay")
    assert (rows["R2"]["review"], rows["R2"]["activity"]) == ("accepted", "stockpile")
    assert rows["R3"]["review"] == "unreviewed"
    assert "not reviewed yet: R3" in found.output
    again = CliRunner().invoke(main, ["review", str(run)], input="AB\nq\n")
    assert "1 of 3 regions to review" in again.output


def test_the_answer_is_one_document_on_request(run):
    found = says(run, "--accept", "R1", "--by", "AB", "--json")
    answer = json.loads(found.stdout)
    assert answer == {"schema_version": "1.0", "kind": "review", "decisions": 1, "unreviewed": ["R2", "R3"]}


def reseal(run):
    """Write the hashes of a folder's files into its manifest anew, as whoever holds it can."""
    manifest = json.loads((run / "manifest.json").read_bytes())
    outputs = {p.name: p.read_bytes() for p in run.iterdir() if p.name != "manifest.json"}
    kept = {k: v for k, v in manifest.items() if k not in {"content_sha256", "created", "document_sha256"}}
    forged = manifests.sealed(kept | {"outputs": manifests.outputs_of(outputs)})
    (run / "manifest.json").write_bytes(to_json(forged))


@pytest.mark.parametrize("name", ["summary.json", "report.html", "regions.geojson"])
@pytest.mark.parametrize("content", [b"{}", b"[]", b"null", b"\xff", b'{"regions": 7, "zones": null}'])
def test_files_that_are_none_of_ours_though_their_hashes_agree_are_refused_in_a_line(run, name, content):
    (run / name).write_bytes(content)
    reseal(run)
    for verb, words in (("review", ["--accept", "R1", "--by", "AB"]), ("figure", [])):
        found = CliRunner().invoke(main, [verb, str(run), *words])
        assert found.exit_code == 1, found.output
        assert found.output.startswith("Error: ")
        assert found.output.count("\n") == 1
    assert not (run / "review.jsonl").exists()


def test_a_geopackage_older_than_a_review_undoes_nothing(run, tmp_path):
    path = export(run, Wanted(gpkg=True), tmp_path / "out") / "regions.gpkg"
    review(run, [Decision(action="reject", region="R1", note="a shadow")], "AB")
    found = says(run, "--from", path, "--by", "CD")
    assert found.exit_code == 0, found.output
    assert "R1: regions.gpkg says what stood there before it was reviewed last; left as it is" in found.output
    assert (regions(run)["R1"]["review"], regions(run)["R1"]["note"]) == ("rejected", "a shadow")
    assert len(read_log((run / "review.jsonl").read_bytes())) == 1
    is_sound(run)


@pytest.mark.parametrize("change", [(b'"accept"', b'"reject"'), (b'"by": "AB"', b'"by": "XY"')])
def test_the_last_line_of_a_log_cannot_be_changed_either(run, change):
    review(run, [Decision(action="accept", region="R1")], "AB")
    log = run / "review.jsonl"
    log.write_bytes(log.read_bytes().replace(*change))
    before = {p.name: p.read_bytes() for p in run.iterdir()}
    found = says(run, "--accept", "R2", "--by", "CD")
    assert found.exit_code == 1
    assert "review.jsonl is not the one its files were told from" in found.output
    assert {p.name: p.read_bytes() for p in run.iterdir()} == before


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (["--accept", "R1", "--reject", "R1", "--by", "AB"], 2, "R1: is decided more than once here"),
        (["--accept", "R1", "--note", "a\udcff", "--by", "AB"], 1, "a note is text"),
        (["--accept", "R1", "--note", "\x1b[31mx", "--by", "AB"], 1, "a control character (U+001B)"),
        (["--of", "R1", "--note", "a\x9bb", "--by", "AB"], 1, "a control character (U+009B)"),
        (["--of", "R1", "--note", "\x0b", "--by", "AB"], 1, "a control character (U+000B)"),
        (["--accept", "R1", "--by", "\u00df" * 8], 1, "initials are one to eight letters"),
    ],
)
def test_what_contradicts_itself_or_is_no_text_is_refused(run, words, code, why):
    before = {p.name: p.read_bytes() for p in run.iterdir()}
    found = says(run, *words)
    assert found.exit_code == code, found.output
    assert why in found.output
    assert {p.name: p.read_bytes() for p in run.iterdir()} == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"transform": [', b'"transform": [1e308, '),
        (b'"crs": "EPSG:', b'"crs": "nonsense EPSG:'),
        (b'"shape": [', b'"shape": [0, '),
    ],
)
def test_absurd_numbers_in_resealed_documents_give_one_line(run, old, new):
    content = (run / "summary.json").read_bytes()
    assert old in content
    (run / "summary.json").write_bytes(content.replace(old, new))
    reseal(run)
    for verb, more in (("review", ["--accept", "R1", "--by", "AB"]), ("figure", []), ("export", ["--share"])):
        found = CliRunner().invoke(main, [verb, str(run), *more])
        assert found.exit_code == 1, found.output
        assert found.output.count("\n") == 1
