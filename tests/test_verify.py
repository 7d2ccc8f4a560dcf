"""A finished run is checked to the last byte, and nothing in its folder is touched."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from imagery_diff.cli import main
from imagery_diff.verify import NOT_ASKED, YES, verify
from tests.write.conftest import make_result
from tests.write.test_geojson import SCHEMAS

SCHEMA = Draft202012Validator(json.loads((SCHEMAS / "verify.schema.json").read_text(encoding="utf-8")))
MANIFEST = "manifest.json"


@pytest.fixture
def folder(tmp_path):
    return make_result().save(tmp_path / "run")


def asked(*words, code=0):
    """Run the verb; return its one JSON document."""
    done = CliRunner().invoke(main, ["verify", *map(str, words), "--json"])
    assert done.exit_code == code, done.output
    document = json.loads(done.stdout)
    SCHEMA.validate(document)
    return document


def refused(*words):
    """Run the verb; return its one line."""
    done = CliRunner().invoke(main, ["verify", *map(str, words)])
    assert done.exit_code == 1, done.output
    assert len(done.output.splitlines()) == 1, done.output
    return done.output


def snapshot(folder):
    """Return what lies in a folder, with when each was changed last."""
    return {
        str(p.relative_to(folder)): (p.lstat().st_mtime_ns, p.lstat().st_mode, p.read_bytes() if p.is_file() else None)
        for p in sorted(folder.rglob("*"))
    }


def test_the_schema_of_the_document_is_one():
    Draft202012Validator.check_schema(SCHEMA.schema)


def test_what_was_written_is_intact_and_what_was_not_asked_is_said(folder):
    told = asked(folder)
    assert not told["fault"]
    assert told["intact"]["outputs"]["answer"] == YES
    assert {f["name"] for f in told["intact"]["outputs"]["files"]} == {p.name for p in folder.iterdir()}
    assert {told["intact"]["inputs"]["answer"], told["findings"]["answer"], told["bytes"]["answer"]} == {NOT_ASKED}


@pytest.mark.parametrize("name", ["regions.geojson", "summary.json", "evidence.tif", "overview.png"])
@pytest.mark.parametrize("where", [0, 0.5, -1])
def test_one_flipped_bit_is_named(folder, name, where):
    flip(folder / name, where)
    told = asked(folder, code=1)
    assert [f["name"] for f in told["intact"]["outputs"]["files"] if f["state"] != "intact"] == [name]
    assert name in told["intact"]["outputs"]["why"]


def flip(path, where):
    """Change one bit of a file: at its beginning (0), its middle or its end (-1)."""
    content = bytearray(path.read_bytes())
    content[int(where * len(content)) if where >= 0 else where] ^= 1
    path.write_bytes(content)


def test_no_byte_of_the_manifest_can_change_unnamed(folder):
    whole = (folder / MANIFEST).read_bytes()
    for place in range(0, len(whole), 37):
        content = bytearray(whole)
        content[place] ^= 1
        (folder / MANIFEST).write_bytes(content)
        done = CliRunner().invoke(main, ["verify", str(folder)])
        assert done.exit_code == 1, place
        assert MANIFEST in done.output, place


def test_the_moment_and_the_spaces_of_the_manifest_are_held_too(folder):
    path = folder / MANIFEST
    whole = path.read_text(encoding="utf-8")
    created = json.loads(whole)["created"]
    for text in (whole.replace(created, "2001-01-01T00:00:00Z"), whole + " ", whole.replace("\n ", "\n  ", 1)):
        path.write_text(text, encoding="utf-8")
        assert [f.name for f in verify(folder).outputs if f.state == "altered"] == [MANIFEST]


def test_a_missing_file_is_said_to_be_missing(folder):
    (folder / "overview.png").unlink()
    told = asked(folder, code=1)
    assert told["intact"]["outputs"]["why"] == "overview.png is missing"


def test_what_the_manifest_does_not_list_is_named_and_is_no_fault(folder):
    (folder / "notes.txt").write_text("mine")
    (folder / "more").mkdir()
    os.mkfifo(folder / "pipe")
    done = CliRunner().invoke(main, ["verify", str(folder), "--json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["intact"]["unlisted"] == ["more", "notes.txt", "pipe"]
    assert [line.split(":")[1].strip() for line in done.stderr.splitlines()] == ["more", "notes.txt", "pipe"]


def test_nothing_is_touched_and_a_folder_that_cannot_be_written_is_no_obstacle(folder):
    before = snapshot(folder.parent)
    folder.chmod(0o555)
    try:
        asked(folder)
    finally:
        folder.chmod(0o755)
    assert snapshot(folder.parent) == before


def test_the_text_answers_three_questions_apart(folder):
    done = CliRunner().invoke(main, ["verify", str(folder)])
    assert [line for line in done.stdout.splitlines() if line[:2] in {"1.", "2.", "3."}] == [
        "1. Are outputs and inputs intact?",
        "2. Does a rerun find the same?",
        "3. Does it write the same bytes?",
    ]
    assert str(folder.parent) not in done.stdout


def of_outputs(name):
    """Return a manifest of ours that lists one output."""
    return json.dumps({"product": "imagery_diff comparison", "outputs": [{"name": name, "sha256": "0" * 64}]})


@pytest.mark.parametrize(
    "text",
    ["", "[" * 100_000, *map(of_outputs, ("../x", "/etc/passwd", "a\0b", "", "..")), " " * ((64 << 20) + 1)],
    ids=range(8),
)
def test_a_hostile_manifest_is_refused_in_one_line(tmp_path, text):
    (tmp_path / MANIFEST).write_text(text)
    assert "is no manifest" in refused(tmp_path)


def test_a_manifest_that_is_a_link_or_a_pipe_is_refused_in_one_line(folder, tmp_path):
    (folder / MANIFEST).rename(tmp_path / "elsewhere.json")
    (folder / MANIFEST).symlink_to(tmp_path / "elsewhere.json")
    assert "holds no manifest.json" in refused(folder)
    (folder / MANIFEST).unlink()
    os.mkfifo(folder / MANIFEST)
    assert "holds no manifest.json" in refused(folder)


def test_an_output_that_became_a_link_or_a_pipe_is_altered(folder, tmp_path):
    (folder / "summary.json").rename(tmp_path / "elsewhere.json")
    (folder / "summary.json").symlink_to(tmp_path / "elsewhere.json")
    (folder / "overview.png").unlink()
    os.mkfifo(folder / "overview.png")
    assert {f.name for f in verify(folder).outputs if f.state == "altered"} == {"overview.png", "summary.json"}


def test_a_place_that_is_no_run_is_refused_in_one_line(tmp_path):
    assert "does not exist" in refused(tmp_path / "none")
    assert "holds no manifest" in refused(tmp_path)
    assert "is a file" in refused(Path(__file__))
