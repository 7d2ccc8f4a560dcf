"""Every verb is run, and every JSON, GeoJSON and CSV that it writes or prints keeps to its schema: tests/schemas.py."""

import json
import re
from dataclasses import replace
from pathlib import Path

import click
import jsonschema
import pytest
from click.testing import CliRunner
from shapely import affinity, union_all

from imagery_diff import load_aoi, pair_missed, samples
from imagery_diff.cli import main
from imagery_diff.read import aois as read_aois
from imagery_diff.write import folder as folders
from tests.schemas import FILES, FITTED, FOLDER, PRINTED, SUFFIXES, WATCH, faults, faults_of_folder, kind_of
from tests.test_scoring import render_pair

TOP = Path(__file__).resolve().parents[1]
NAMES = sorted(path.name.removesuffix(".schema.json") for path in FOLDER.glob("*.schema.json"))
FIVE = [str(samples.path(f"najin_{day}")) for day in ("20231016", "20231017", "20231019", "20231020_0201", "20231021")]
PAIR = [FIVE[0], FIVE[2]]
"""A ship and a stack are there on the second alone."""
OF_PEOPLE = {"aoi"}
"""Documents that people write: there may be more in them than is read."""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Return the file of a place of two zones, on which a run takes seconds."""
    port = load_aoi("najin")
    zones = tuple(port.zone(name) for name in ("pier2_sw_berth", "pier2_yard"))
    around = union_all([zone.polygon for zone in zones]).envelope.buffer(0.0003, join_style="mitre")
    path = tmp_path_factory.mktemp("place") / "pier.geojson"
    path.write_text(json.dumps(replace(port, name="pier", polygon=around, zones=zones).to_geojson()), encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def off(tmp_path_factory):
    """Return the file of a port that is drawn beside where it lies."""
    port = load_aoi("najin").in_crs("EPSG:32652")
    zones = [replace(z, polygon=affinity.translate(z.polygon, 27, 18)) for z in port.zones]
    drawn = replace(port, name="off", polygon=affinity.translate(port.polygon, 27, 18), zones=zones)
    path = tmp_path_factory.mktemp("off") / "off.geojson"
    path.write_text(json.dumps(drawn.in_crs("EPSG:4326").to_geojson()), encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def runs(place, off, tmp_path_factory):
    """Run every verb that writes or prints data; return where it wrote, and what it printed by its verb."""
    here = tmp_path_factory.mktemp("runs")
    render_pair(here / "labelled" / "one", georeferenced=False)
    to = {name: ["-o", str(here / name)] for name in ("compare", "timeline", "look", "sensitivity")}
    archived = str(here / "archive.sqlite")
    words = {
        "compare": [place, *PAIR, *to["compare"]],
        "timeline": [place, *PAIR, "--archive", archived, *to["timeline"]],
        "look": [place, PAIR[1], *to["look"]],
        "sensitivity": [place, *PAIR, *to["sensitivity"]],
        "review": [str(here / "compare"), "--accept", "R1", "--note", "seen", "--by", "AB"],
        "verify": [str(here / "compare")],
        "inspect": PAIR,
        "evaluate": [str(here / "labelled")],
        "archive show": [archived],
        "aois list": [],
        "aois show": ["najin"],
        "aois check": [place],
        "aois fit": [off, *FIVE, "-o", str(here / "fitted.geojson")],
    }
    printed = {}
    with pytest.MonkeyPatch.context() as patch:
        # How good a floor is, is asked elsewhere.
        patch.setattr(pair_missed, "_SCOUTS", 2)
        patch.setattr(pair_missed, "_TRIALS", 30)
        for verb, more in words.items():
            done = CliRunner().invoke(main, [*verb.split(), *more, "--json"])
            assert done.exit_code == 0, done.output
            printed[verb] = done.stdout
    zone = json.loads(printed["timeline"])["zones"][0]["zone"]
    added = ["--add", f"vessel_arrived={zone}=1=2", "--by", "AB"]
    assert CliRunner().invoke(main, ["review", str(here / "timeline"), *added]).exit_code == 0
    for name in ("compare", "timeline"):
        written = str(here / f"{name}_export")
        done = CliRunner().invoke(main, ["export", str(here / name), "--csv", "--gpkg", "--stac", "-o", written])
        assert done.exit_code == 0, done.output
        done = CliRunner().invoke(main, ["export", str(here / name), "--share", "-o", str(here / f"{name}_share")])
        assert done.exit_code == 0, done.output
    return here, printed


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("verb", PRINTED)
def test_what_a_verb_prints_keeps_to_its_schema(runs, verb):
    assert faults(PRINTED[verb], runs[1][verb]) == []


def test_every_verb_that_prints_json_is_in_the_table():
    asked = set()
    with click.Context(main) as context:
        for name in main.list_commands(context):
            command = main.get_command(context, name)
            parts = getattr(command, "commands", {"": command})
            asked |= {
                f"{name} {part}".strip()
                for part, one in parts.items()
                if any("--json" in option.opts for option in one.params)
            }
    assert asked == set(PRINTED)


def test_every_file_keeps_to_its_schema_and_every_one_in_the_table_was_written(runs):
    seen = set()
    for folder in sorted(path for path in runs[0].iterdir() if (path / "manifest.json").is_file()):
        files = contents(folder)
        assert faults_of_folder(files) == []
        kind = kind_of(json.loads(files["manifest.json"]))
        seen |= {(kind, name) for name in files if Path(name).suffix in SUFFIXES}
    assert seen == {(kind, name) for kind, table in FILES.items() for name in table}
    assert faults(FITTED, (runs[0] / "fitted.geojson").read_bytes()) == []


def test_rows_and_features_are_there_to_be_held_against_them(runs):
    here = runs[0]
    for name in ("timeline/events.csv", "timeline/observations.csv", "compare_export/regions.csv"):
        assert (here / name).read_text(encoding="utf-8").count("\n") > 1, name
    for name in ("timeline/events.geojson", "compare/regions.geojson", "look/candidates.geojson"):
        assert json.loads((here / name).read_bytes())["features"], name


def test_every_schema_is_one_of_an_output():
    used = {FITTED, *PRINTED.values(), *(name for table in FILES.values() for name in table.values())}
    assert used == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_whole_in_itself_and_says_its_version(name):
    schema = json.loads((FOLDER / f"{name}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert {ref[:8] for ref in re.findall(r'"\$ref": "(.*?)"', json.dumps(schema))} <= {"#/$defs/", "#/proper"}
    if name == "item":
        # STAC's document, by STAC's version.
        assert schema["properties"]["stac_version"]["pattern"].startswith("^1")
        return
    of_rows = name in {FILES[kind][file] for kind in FILES for file in FILES[kind] if file.endswith(".csv")}
    assert "schema_version 1.0" in schema["description"] if of_rows else "schema_version" in schema["properties"]


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OF_PEOPLE])
def test_nothing_of_ours_may_hold_what_no_schema_names(name):
    loose = []

    def walk(schema, where):
        objects = "object" in str(schema.get("type")) or "properties" in schema
        if objects and schema.get("additionalProperties", True) is True:
            loose.append(where)
        if "array" in str(schema.get("type")) and not {"items", "prefixItems"} & set(schema):
            loose.append(where)
        for key in ("properties", "$defs"):
            for part, inner in schema.get(key, {}).items():
                walk(inner, f"{where}/{part}")
        for key in ("items", "additionalProperties"):
            if isinstance(schema.get(key), dict):
                walk(schema[key], f"{where}/{key}")
        for inner in schema.get("oneOf", []):
            walk(inner, f"{where}/oneOf")

    walk(json.loads((FOLDER / f"{name}.schema.json").read_text(encoding="utf-8")), name)
    assert loose == []


def spoilt(document, change):
    copy = json.loads(document)
    change(copy)
    return json.dumps(copy)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.update(more=1), "more"),
        (lambda d: d.pop("credit"), "credit"),
        (lambda d: d["grid"].update(shape=["1", 2]), "shape"),
        (lambda d: d["regions"][0].update(length_m=float("nan")), "NaN is no JSON"),
        (lambda d: d["regions"][0].update(length_m=float("-inf")), "-Infinity is no JSON"),
        (lambda d: d["regions"][0].pop("p_change"), "p_change"),
        (lambda d: d["regions"][0].update(told={"nothing": 1}), "nothing"),
        (lambda d: d["zones"][0]["geometry"].update(type="Point"), "Point"),
    ],
)
def test_a_spoilt_document_is_found(runs, change, said):
    good = runs[1]["compare"]
    assert faults("summary", good) == []
    found = faults("summary", spoilt(good, change))
    assert found
    assert said in " ".join(found)


def test_a_key_that_stands_twice_is_found(runs):
    assert "stands twice" in faults("summary", runs[1]["compare"].replace("{", '{"kind": "comparison",', 1))[0]


@pytest.mark.parametrize(
    ("old", "new"),
    [("event,zone", "zone,event"), (",true,", ",yes,"), (",unreviewed,", ",maybe,"), ("Z,", " UTC,"), (",0,", ",nan,")],
)
def test_a_spoilt_table_is_found(runs, old, new):
    good = (runs[0] / "timeline" / "events.csv").read_text(encoding="utf-8")
    assert old in good
    assert faults("events", good.encode(), ".csv") == []
    assert faults("events", good.replace(old, new, 1).encode(), ".csv")


def test_a_spoilt_line_of_a_log_is_found(runs):
    good = (runs[0] / "compare" / "review.jsonl").read_bytes()
    assert faults("review", good, ".jsonl") == []
    assert faults("review", good.replace(b'"accept"', b'"agree"'), ".jsonl")


@pytest.mark.parametrize("name", ["more.json", "rows.csv", "shapes.geojson", "log.jsonl"])
def test_a_new_output_without_a_schema_is_found(runs, name):
    files = contents(runs[0] / "compare") | {name: b"{}"}
    assert faults_of_folder(files) == [f"comparison, {name}: no schema in tests/schemas.py"]


def test_what_any_test_writes_is_looked_at(finished, tmp_path):
    files = contents(finished)
    folders.write_folder(tmp_path / "good", files)
    assert WATCH.taken() == []
    folders.write_folder(tmp_path / "bad", files | {"summary.json": b'{"kind": "comparison"}'})
    assert any("summary.json: summary: $: 'credit' is a required property" in fault for fault in WATCH.taken())


def test_what_any_test_prints_is_looked_at(monkeypatch):
    listed = read_aois.list_aois()
    monkeypatch.setattr(read_aois, "list_aois", lambda: [replace(listed[0], title=3)])
    CliRunner().invoke(main, ["aois", "list", "--json"])
    assert WATCH.taken() == ["aois list --json: aois_list: $.aois[0].title: 3 is not of type 'string'"]


def test_the_reference_names_the_schema_of_every_output():
    page = (TOP / "docs" / "reference" / "outputs.md").read_text(encoding="utf-8")
    table = page.split("## Schemas\n")[1].split("\n## ")[0]
    rows = [re.findall(r"`(.*?)`", row) + re.findall(r"\[(\w+)\]\(schemas", row) for row in table.splitlines()]
    said = {tuple(row) for row in rows if len(row) > 1}
    files = {(f"{kind}", file, name) for kind, t in FILES.items() for file, name in t.items()}
    assert said >= files
    assert said >= {(f"{verb} --json", name) for verb, name in PRINTED.items()}
