"""What a person says of a timeline's events and things changes what is told; nothing that was found is lost."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from imagery_diff.cli import main
from imagery_diff.errors import InputError
from imagery_diff.exporting import Wanted, export
from imagery_diff.finished import open_run
from imagery_diff.result_series import EVENTS
from imagery_diff.review import review, unreviewed
from imagery_diff.review_books import Decision, book_of
from imagery_diff.verify import verify
from imagery_diff.write import manifest as manifests
from imagery_diff.write.folder import after_review
from imagery_diff.write.model import to_json
from imagery_diff.write.review_log import STATES, Entry, read_log
from imagery_diff.write.reviewed_series import SeriesDocuments, _applied, _emptied, findings
from imagery_diff.write.timeline_rows import OBSERVATION, csv_rows
from tests.write.timelines import make_timeline

SCHEMAS = Path(__file__).resolve().parents[1] / "docs" / "reference" / "schemas"


@pytest.fixture
def series(series_run, tmp_path):
    """Return a copy of a timeline's folder, to be spoilt."""
    return shutil.copytree(series_run, tmp_path / "series")


def read(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def summary(folder):
    return json.loads((folder / "summary.json").read_bytes())


def events(folder):
    return {f["id"]: f["properties"] for f in json.loads((folder / "events.geojson").read_bytes())["features"]}


def observations(folder):
    return csv_rows((folder / "observations.csv").read_bytes(), OBSERVATION)


def ship(folder):
    """Id of the vessel, and of its events."""
    name = next(row["id"] for row in summary(folder)["tracks"] if row["kind"] == "vessel")
    return name, [key for key, row in events(folder).items() if row["track"] == name]


def says(*words, keys=None):
    return CliRunner().invoke(main, ["review", *map(str, words)], input=keys)


def is_sound(folder):
    for name, schema in (("summary.json", "timeline"), ("review.jsonl", "review")):
        validator = jsonschema.Draft202012Validator(json.loads((SCHEMAS / f"{schema}.schema.json").read_bytes()))
        for text in (folder / name).read_bytes().splitlines() if name == "review.jsonl" else [read(folder)[name]]:
            validator.validate(json.loads(text))
    assert verify(folder).outputs_intact.answer == "yes"


def test_a_rejected_thing_takes_its_events_states_and_calls_with_it(series, series_run):
    name, mine = ship(series)
    assert len(mine) == 2
    review(series, [Decision(action="reject", region=name)], "AB")
    is_sound(series)
    assert {events(series)[key]["review"] for key in mine} == {"rejected"}
    before, after = summary(series_run), summary(series)
    assert after["events"] == before["events"] - 2
    zone = next(row["zone"] for row in before["tracks"] if row["id"] == name)
    states = [next(z["states"] for z in doc["zones"] if z["zone"] == zone) for doc in (before, after)]
    # Nobody looked beneath it: never empty.
    assert [(a, b) for a, b in zip(*states, strict=True) if a != b] == [("yes", "unknown")] * 2
    for row in observations(series):
        if row["track"] == name:
            assert (row["vessel"], row["review"], row["p_state"]) == ("unknown", "rejected", None)
            assert "rejected by a reviewer" in row["unknown_reason"]
    for old, new in zip(before["visits"], after["visits"], strict=True):
        assert new["at_least"] == old["at_least"] - (name in old["tracks"])
    page = (series / "report.html").read_text("utf-8")
    assert "2 of 8 findings" not in page
    assert "3 of 8 findings reviewed by a person (AB), 5 not" in page
    assert "3 changes of state seen" in page
    assert page.count("<b>Rejected by a reviewer; the programme told:</b> Rendered scene: ") == 2
    assert (series / "timeline.png").read_bytes() != (series_run / "timeline.png").read_bytes()
    # The contact sheet says that it is of before any review.
    assert (series / "contact_sheet.png").read_bytes() == (series_run / "contact_sheet.png").read_bytes()


def test_what_was_found_is_had_back_to_the_byte(series, series_run):
    name, _ = ship(series)
    added = Decision(action="add", activity="vessel_arrived", zone="pier1_ne_berth", looks=(2, 3))
    decisions = [
        Decision(action="reject", region=name, note="a shadow"),
        Decision(action="relabel", region="E1", activity="construction"),
        added,
    ]
    review(series, decisions, "AB")
    bare, found = findings(SeriesDocuments.of(read(series))), SeriesDocuments.of(read(series_run))
    assert to_json(bare.summary) == (series_run / "summary.json").read_bytes()
    assert to_json(bare.events) == (series_run / "events.geojson").read_bytes()
    assert bare.observations == found.observations
    # Told without a line of the log, it is what it was.
    again = after_review(read(series), b"")
    for file in ("observations.csv", "events.csv", "timeline.png"):
        assert again[file] == (series_run / file).read_bytes()


def test_a_decision_that_is_taken_back_leaves_only_its_lines(series, series_run):
    name, _ = ship(series)
    review(series, [Decision(action="reject", region=name)], "AB")
    review(series, [Decision(action="reopen", region=name)], "AB")
    review(series, [Decision(action="relabel", region="E1", activity="construction")], "AB")
    review(series, [Decision(action="reopen", region="E1")], "AB")
    assert observations(series) == observations(series_run)
    assert events(series) == events(series_run)
    assert summary(series)["visits"] == summary(series_run)["visits"]
    assert len(read_log((series / "review.jsonl").read_bytes())) == 4


def test_an_accepted_event_says_that_its_thing_is_there_but_not_the_other_way_round(series):
    name, mine = ship(series)
    review(series, [Decision(action="accept", region=mine[0])], "AB")
    assert {row["id"]: row["review"] for row in summary(series)["tracks"]}[name] == "accepted"
    assert events(series)[mine[1]]["review"] == "unreviewed"
    other = next(row["id"] for row in summary(series)["tracks"] if row["id"] != name)
    review(series, [Decision(action="accept", region=other)], "AB")
    assert {row["review"] for row in events(series).values() if row["track"] == other} == {"unreviewed"}


def test_the_stamp_goes_only_when_all_is_reviewed(series):
    names = list(events(series))
    left = review(series, [Decision(action="accept", region=name) for name in names[:-1]], "AB")
    assert names[-1] in left
    assert "stamp unreviewed" in (series / "report.html").read_text("utf-8")
    left = review(series, [Decision(action="accept", region=names[-1])], "CD")
    assert left == unreviewed(open_run(series)) == ()
    page = (series / "report.html").read_text("utf-8")
    assert "stamp unreviewed" not in page
    assert "Every finding was reviewed by a person (AB, CD)" in page


def test_an_event_of_a_rejected_thing_cannot_be_accepted(series):
    name, mine = ship(series)
    review(series, [Decision(action="reject", region=name)], "AB")
    found = says(series, "--accept", mine[0], "--by", "AB")
    assert found.exit_code == 1
    assert f"{mine[0]}: is of {name}, which was rejected; reopen {name} first" in found.output
    both = says(series, "--reopen", name, "--accept", mine[0], "--by", "AB")
    assert both.exit_code == 0, both.output
    assert events(series)[mine[0]]["review"] == "accepted"
    assert len(read_log((series / "review.jsonl").read_bytes())) == 3


def test_several_things_may_be_said_of_one_in_one_command(series):
    name, mine = ship(series)
    done = [Decision(action="accept", region=name), Decision(action="note", region=name, note="seen twice")]
    review(series, [*done, Decision(action="reject", region=mine[0])], "AB")
    track = next(row for row in summary(series)["tracks"] if row["id"] == name)
    assert (track["review"], track["note"]) == ("accepted", "seen twice")
    entries = read_log((series / "review.jsonl").read_bytes())
    assert [entry.before["review"] for entry in entries] == ["unreviewed", "accepted", "unreviewed"]
    assert "event" not in entries[1].before


def test_a_relabelled_event_has_no_chance_of_the_programmes_and_says_what_it_told(series):
    review(series, [Decision(action="relabel", region="E1", activity="construction")], "AB")
    row = events(series)["E1"]
    assert (row["event"], row["review"], row["p_event"]) == ("construction", "accepted", None)
    assert row["description"].endswith("A reviewer calls it construction; the programme told goods appeared.")
    assert row["told"]["event"] == "cargo_appeared"
    is_sound(series)


def test_an_added_event_lies_between_two_looks_and_says_who_found_it(series):
    found = says(series, "--add", "vessel_arrived=pier1_ne_berth=2=3", "--note", "by AIS", "--by", "AB")
    assert found.exit_code == 0, found.output
    row, looks = events(series)["P1"], summary(series)["looks"]
    assert (row["not_before"], row["not_after"]) == tuple(looks[k]["scene"]["acquired"] for k in (1, 2))
    assert row["evidence"] == [looks[k]["scene"]["file"] for k in (1, 2)]
    assert (row["review"], row["note"], row["p_event"], row["length_m"]) == ("accepted", "by AIS", None, None)
    assert row["description"].endswith("a reviewer says so; the programme did not find it.")
    assert row["description"].startswith("Rendered scene: vessel arrived at Pier 1, north-eastern side")
    # What nobody detected is not said to be quiet where a reviewer says that a vessel came.
    quiet = {zone["zone"]: zone["quiet"] for zone in summary(series)["zones"]}
    assert quiet["pier1_ne_berth"] is None
    assert quiet["pier3_ne_berth"] is not None
    calls = {visit["group"]: visit["sentence"] for visit in summary(series)["visits"]}
    for group in ("all berths", "pier1"):
        assert calls[group].endswith("; not counted: P1, which a reviewer added")
    assert "reviewer" not in calls["pier3"]
    is_sound(series)
    assert says(series, "--reject", "P1", "--by", "CD").exit_code == 0
    assert "reviewer" not in "".join(visit["sentence"] for visit in summary(series)["visits"])
    assert events(series)["P1"]["review"] == "rejected"
    is_sound(series)


def test_one_of_two_things_rejected_leaves_the_zone_occupied():
    row = dict.fromkeys(OBSERVATION) | {"vessel": "na", "cargo": "yes", "rail": "na", "cargo_length_m": 60.0}
    fill = {"fill_fraction": None, "fill_fraction_low": None, "fill_fraction_high": None}
    assert _emptied([row | {"review": "rejected"}, row | {"review": "unreviewed"}]) == fill
    none_left = _emptied([row | {"review": "rejected"}, row | {"review": "rejected"}])
    assert none_left["cargo"] == "unknown"
    assert _emptied([row | {"review": "accepted"}]) == {}


@pytest.mark.parametrize("seed", range(40))
def test_whatever_is_said_in_whatever_order_counts_never_rise_and_nothing_becomes_empty(series_run, seed):
    files = read(series_run)
    book = book_of("timeline", files)
    found = SeriesDocuments.of(files)
    rng = random.Random(seed)  # noqa: S311 - no secret
    entries = []
    for _ in range(rng.randint(1, 12)):
        action = rng.choice(["accept", "reject", "relabel", "reopen", "note"])
        name = rng.choice(list(found.rows))
        event = rng.choice(EVENTS) if action == "relabel" else None
        note = rng.choice([None, "seen"])
        try:
            finding, before = book.spoken_of(Decision(action=action, region=name, activity=event, note=note))
        except InputError:
            continue
        entries.append(
            Entry(
                at="2026-01-01T00:00:00Z",
                by="AB",
                action=action,
                region=name,
                finding=finding,
                before=before,
                findings_sha256=book.findings_sha256,
                activity=event,
                note=note,
            )
        )
        book.decided(entries[-1])
    told, _ = _applied(found, entries, b"", 100.0)
    bare = findings(told)
    assert (bare.summary, bare.events, bare.observations) == (found.summary, found.events, found.observations)
    rejected = {row["id"] for row in told.summary["tracks"] if row["review"] == "rejected"}
    for old, new in zip(found.summary["visits"], told.summary["visits"], strict=True):
        assert new["at_least"] <= old["at_least"]
        assert new["at_least"] + new["perhaps"] <= old["at_least"] + old["perhaps"]
        assert new["inferred"] <= old["inferred"]
    assert told.summary["events"] <= found.summary["events"]
    for old, new in zip(found.observations, told.observations, strict=True):
        for kind in ("vessel", "cargo", "rail"):
            # A review turns what was seen into what is not known, and does nothing else to a state.
            assert (old[kind], new[kind]) in {(old[kind], old[kind]), ("yes", "unknown")}
        if new["track"] in rejected:
            assert "no" not in {new["vessel"], new["cargo"], new["rail"]}
    # What the log says last stands.
    for row in told.events["features"]:
        last = next((e for e in reversed(entries) if e.region == row["id"] and e.action != "note"), None)
        if last is not None and row["properties"]["track"] not in rejected:
            assert row["properties"]["review"] == STATES[last.action]


def test_a_rerun_keeps_the_review_where_the_finding_still_is(october, series):
    name, mine = ship(series)
    review(series, [Decision(action="reject", region=name), Decision(action="accept", region="E1")], "AB")
    told = read(series)
    october.save(series)
    again = read(series)
    assert {n for n in told if told[n] != again[n]} <= {"manifest.json"}
    assert events(series)[mine[0]]["review"] == "rejected"


def test_a_rerun_says_of_what_a_review_spoke_that_is_not_there_any_more(october, series):
    name, _ = ship(series)
    review(series, [Decision(action="reject", region=name)], "AB")
    fewer = replace(
        october,
        tracks=tuple(t for t in october.tracks if t.id != name),
        events=tuple(e for e in october.events if e.track != name),
        visits=tuple(replace(v, tracks=(), tracks_perhaps=(), at_least=0, perhaps=0) for v in october.visits),
    )
    with pytest.warns(UserWarning, match=rf"the review of {name} \(reject, AB\) has no finding any more"):
        fewer.save(series)
    assert f"a review speaks of what this run did not find again: {name}" in summary(series)["caveats"][0]
    is_sound(series)


def test_what_was_added_between_looks_that_a_rerun_lacks_is_lost_and_said_to_be(series):
    added = Decision(action="add", activity="vessel_arrived", zone="pier1_ne_berth", looks=(5, 6))
    review(series, [added, Decision(action="accept", region="E1")], "AB")
    review(series, [Decision(action="note", region="P1", note="by radio")], "AB")
    found = SeriesDocuments.of(read(series))
    bare = findings(found)
    last = bare.summary["looks"][-1]
    other = {**last, "scene": {**last["scene"], "acquired": "2023-10-22T02:00:00Z"}}
    rerun = {**bare.summary, "looks": [*bare.summary["looks"][:-1], other]}
    entries = read_log((series / "review.jsonl").read_bytes())
    told, meta = _applied(replace(bare, summary=rerun), entries, b"", 100.0)
    assert [(one["region"], one["action"]) for one in meta["lost"]] == [("P1", "add"), ("P1", "note")]
    assert "P1" not in told.rows
    assert told.rows["E1"]["review"] == "accepted"


def test_an_inferred_call_that_a_reviewer_calls_otherwise_is_no_inferred_call(tmp_path):
    base = make_timeline()
    inferred = replace(base.events[0], event="visit_inferred", group="pier2", track=None)
    visits = (replace(base.visits[0], inferred=1),)
    run = make_timeline(events=(inferred,), visits=visits).save(tmp_path / "run")
    review(run, [Decision(action="relabel", region="E1", activity="cargo_disappeared")], "AB")
    assert summary(run)["visits"][0]["inferred"] == 0
    review(run, [Decision(action="reopen", region="E1")], "AB")
    assert summary(run)["visits"][0]["inferred"] == 1


def test_edits_made_in_a_geopackage_are_taken_up(series, tmp_path):
    target = export(series, Wanted(gpkg=True), tmp_path / "out") / "events.gpkg"
    with sqlite3.connect(target) as file:
        file.execute("DROP TRIGGER IF EXISTS rtree_events_geom_update6")
        for (trigger,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            file.execute(f'DROP TRIGGER "{trigger}"')
        file.execute("UPDATE events SET review = 'accepted', note = 'seen' WHERE id = 'E1'")
    found = says(series, "--from", target, "--by", "QG")
    assert found.exit_code == 0, found.output
    assert (events(series)["E1"]["review"], events(series)["E1"]["note"]) == ("accepted", "seen")
    export(series, Wanted(gpkg=True, csv=True), tmp_path / "again")
    assert b",seen," in (tmp_path / "again" / "events.csv").read_bytes()


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (["--accept", "R1", "--by", "AB"], 1, "there is no event or thing 'R1' in this timeline"),
        (["--relabel", "T1=vessel_arrived", "--by", "AB"], 1, "an event is relabelled, to one of"),
        (["--relabel", "E1=vessel", "--by", "AB"], 1, "'vessel' is no event"),
        (["--add", "vessel_arrived=nowhere=2=3", "--by", "AB"], 1, "in one of these zones"),
        (["--add", "vessel_arrived=pier1_ne_berth=3=2", "--by", "AB"], 1, "between two looks"),
        (["--add", "vessel_arrived=pier1_ne_berth=0=2", "--by", "AB"], 1, "between two looks"),
        (["--add", "vessel_arrived=pier1_ne_berth=a=2", "--by", "AB"], 2, "EVENT=ZONE=LOOK=LOOK"),
        (["--add", "appeared=vessel=POLYGON((0 0, 0 1, 1 1, 0 0))", "--by", "AB"], 1, "is no event"),
        (
            ["--add", "vessel_arrived=pier1_ne_berth=2=3=POLYGON((0 0, 0 1, 1 1, 0 0))", "--by", "AB"],
            1,
            "outside its zone",
        ),
    ],
)
def test_what_is_wrong_is_said_in_a_line_and_nothing_is_written(series, words, code, why):
    before = read(series)
    found = says(series, *words)
    assert found.exit_code == code, found.output
    assert why in found.output
    assert read(series) == before


def test_in_a_terminal_it_goes_through_events_and_asks_of_no_thing_that_follows(series):
    keys = "AB\n" + "a\n" * len(events(series))
    found = says(series, keys=keys)
    assert found.exit_code == 0, found.output
    assert "every finding is reviewed" in found.output
    assert {row["review"] for row in summary(series)["tracks"]} == {"accepted"}


@pytest.mark.parametrize("name", ["summary.json", "report.html", "events.geojson", "observations.csv"])
@pytest.mark.parametrize("content", [b"{}", b"[]", b"null", b"\xff", b'{"features": 7, "tracks": null}'])
def test_files_that_are_none_of_ours_though_their_hashes_agree_are_refused_in_a_line(series, name, content):
    (series / name).write_bytes(content)
    manifest = json.loads((series / "manifest.json").read_bytes())
    outputs = {key: value for key, value in read(series).items() if key != "manifest.json"}
    kept = {k: v for k, v in manifest.items() if k not in {"content_sha256", "created", "document_sha256"}}
    (series / "manifest.json").write_bytes(to_json(manifests.sealed(kept | {"outputs": manifests.outputs_of(outputs)})))
    found = says(series, "--accept", "E1", "--by", "AB")
    assert found.exit_code == 1, found.output
    assert found.output.count("\n") == 1
