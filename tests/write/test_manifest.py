"""manifest.json: what went in and out can be verified, and nothing about the machine is told."""

import datetime as dt
import getpass
import hashlib
import json
import socket

import pytest
from jsonschema import Draft202012Validator

from imagery_diff.write.manifest import content_sha256, manifest, manifest_json
from tests.write.conftest import make_result
from tests.write.test_geojson import SCHEMAS

OUTPUTS = {"b.json": b"{}", "a.tif": b"II*"}
NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def pair(tmp_path):
    files = []
    for name in ("before.tif", "after.tif"):
        path = tmp_path / name
        path.write_bytes(name.encode() * 1000)
        files.append((path,))
    return make_result(files=tuple(files))


@pytest.mark.parametrize(
    "options", [{}, {"crs": None, "aoi": False}, {"simulated": True, "times": (None, None)}, {"count": 0}]
)
def test_fits_its_schema(options):
    schema = json.loads((SCHEMAS / "manifest.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(json.loads(manifest_json(make_result(**options), OUTPUTS)))


def test_inputs_and_outputs_are_hashed_by_name(pair):
    told = manifest(pair, OUTPUTS)
    assert [(e["role"], e["name"], e["size"]) for e in told["inputs"]] == [
        ("before", "before.tif", 10000),
        ("after", "after.tif", 9000),
    ]
    assert told["inputs"][0]["sha256"] == hashlib.sha256(b"before.tif" * 1000).hexdigest()
    assert [e["name"] for e in told["outputs"]] == ["a.tif", "b.json"]
    assert told["outputs"][1]["sha256"] == hashlib.sha256(b"{}").hexdigest()


def test_nothing_about_the_machine_is_told(pair, tmp_path):
    text = manifest_json(pair, OUTPUTS).decode()
    assert str(tmp_path) not in text
    assert socket.gethostname() not in text
    assert f'"{getpass.getuser()}"' not in text


def test_two_runs_differ_in_created_alone(pair):
    first = manifest(pair, OUTPUTS, created=NOON)
    second = manifest(pair, OUTPUTS, created=NOON + dt.timedelta(days=1))
    assert first["content_sha256"] == second["content_sha256"]
    assert first.pop("created") == "2026-01-01T12:00:00Z"
    assert second.pop("created") == "2026-01-02T12:00:00Z"
    assert first.pop("document_sha256") != second.pop("document_sha256")
    assert first == second


def test_an_altered_manifest_no_longer_matches_its_own_hash(pair):
    told = json.loads(manifest_json(pair, OUTPUTS))
    assert content_sha256(told) == told["content_sha256"]
    told["outputs"][0]["sha256"] = "0" * 64
    assert content_sha256(told) != told["content_sha256"]


def test_an_input_that_is_gone_by_now_has_no_hash(pair):
    pair.after.files[0].unlink()
    entry = manifest(pair, OUTPUTS)["inputs"][1]
    assert entry["sha256"] is None
    assert "could not be read" in entry["note"]


def test_the_aoi_is_known_by_its_outlines():
    first, second = (manifest(make_result(aoi=a), {})["aoi"] for a in (True, False))
    assert first["name"] == "harbour"
    assert len(first["sha256"]) == 64
    assert second == {"name": "common-ground", "sha256": None}
