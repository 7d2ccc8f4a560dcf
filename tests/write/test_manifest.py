"""manifest.json: what went in and out can be verified, and nothing about the machine is told."""

import datetime as dt
import getpass
import hashlib
import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import rasterio
from jsonschema import Draft202012Validator
from PIL import Image

from imagery_diff import open_scene, samples
from imagery_diff.read.aois import aoi_from_bbox, aoi_from_point, load_aoi
from imagery_diff.read.given import Given
from imagery_diff.result import Asked
from imagery_diff.scene import Origin
from imagery_diff.write.manifest import content_sha256, manifest, manifest_json
from tests.write.conftest import make_result
from tests.write.test_geojson import SCHEMAS

TOP = Path(__file__).resolve().parents[2]
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
    assert second == {"name": "common-ground", "laid": None, "sha256": None, "given": None, "given_sha256": None}


PLACES = (load_aoi("najin"), aoi_from_bbox(130.2811111111, 42.2, 130.3, 42.25), aoi_from_point(42.23, 130.29, 777.7))


@pytest.mark.parametrize("place", PLACES, ids=lambda p: p.name)
def test_the_aoi_stands_there_as_it_was_given_to_the_last_decimal(place, tmp_path):
    result = replace(make_result(), asked=Asked(aoi=place, options={}))
    told = json.loads(manifest_json(result, OUTPUTS))["aoi"]
    (tmp_path / "again.geojson").write_text(json.dumps(told["given"]), encoding="utf-8")
    assert load_aoi(tmp_path / "again.geojson") == place
    canonical = json.dumps(told["given"], sort_keys=True, separators=(",", ":"))
    assert told["given_sha256"] == hashlib.sha256(canonical.encode()).hexdigest()


def test_what_was_said_of_an_image_and_how_it_was_given_is_told():
    image, mask = samples.path("najin_20231016"), samples.path("najin_20231017")
    said = Given(acquired=NOON.replace(year=2023), height_m=12.5, mask=mask)
    told = manifest(replace(make_result(), before=open_scene(image, said)), OUTPUTS)
    assert told["opened"]["before"] == {
        "as": "file",
        "name": image.name,
        "said": {"time": "2023-01-01T12:00:00+00:00", "height_m": 12.5},
        "mask": mask.name,
        "strips": [],
        "reference": None,
    }
    assert told["opened"]["after"] is None
    assert told["inputs"][-1]["name"] == mask.name
    folder = manifest(replace(make_result(), before=open_scene(image.parent)), OUTPUTS)
    assert (
        folder["opened"]["before"] | {"as": "file", "name": image.name}
        == manifest(replace(make_result(), before=open_scene(image)), OUTPUTS)["opened"]["before"]
    )


def test_of_a_delivery_the_folders_inside_are_told_and_none_above(tmp_path):
    """A SAFE is known by its name; what lies above it is the user's."""
    home = tmp_path / "kim"
    names = ["S2A_X.SAFE/MTD.xml", "S2A_X.SAFE/GRANULE/L2A/B02.jp2"]
    files = tuple(home / name for name in names)
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
    plain = make_result()
    origin = Origin(kind="folder", path=home, files=files)
    inputs = manifest(replace(plain, before=replace(plain.before, files=files, origin=origin)), {})["inputs"]
    assert [entry["within"] for entry in inputs] == names
    nested = Origin(kind="folder", path=home, files=(home / "S2A_X.SAFE" / "GRANULE" / "L2A" / "B02.jp2",))
    (entry,) = manifest(replace(plain, before=replace(plain.before, files=nested.files, origin=nested)), {})["inputs"]
    assert entry["within"] == names[1]


def test_no_output_names_the_user_the_host_or_the_home(tmp_path):
    """All files of a run that was made from a folder in a home, by somebody with a name."""
    home = tmp_path / "home-of-kimsecret"
    home.mkdir()
    for image in samples.pair("quiet"):
        shutil.copytree(image.parent, home / image.parent.name)
    words = [
        "-m",
        "imagery_diff",
        "compare",
        "najin",
        *(str(p) for p in sorted(home.iterdir())),
        "-o",
        str(home / "out"),
    ]
    who = {"HOME": str(home), "USER": "kimsecret", "LOGNAME": "kimsecret", "PYTHONPATH": str(TOP)}
    subprocess.run([sys.executable, *words], check=True, capture_output=True, cwd=home, env=os.environ | who)
    content = b"".join(p.read_bytes() for p in sorted((home / "out").iterdir()))
    assert content
    for secret in ("kimsecret", str(tmp_path), platform.release(), str(Path.home())):
        assert secret.encode() not in content, secret
    # A host may be called "vm", which packed pixels hold by chance: in what is text, as a word.
    with Image.open(home / "out" / "overview.png") as image, rasterio.open(home / "out" / "evidence.tif") as evidence:
        told = [str(image.text), str(evidence.tags())]
    told += [p.read_text(encoding="utf-8") for p in (home / "out").iterdir() if p.suffix in {".json", ".geojson"}]
    assert not re.search(rf"\b{re.escape(socket.gethostname())}\b", " ".join(told))
