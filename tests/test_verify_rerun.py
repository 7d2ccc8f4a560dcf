"""A run is made once more from its manifest and its images, and what is not the same is named."""

import json
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import rasterio
from click.testing import CliRunner

from imagery_diff import compare, look, samples, verify_inputs
from imagery_diff.cli import main
from imagery_diff.errors import InputError
from imagery_diff.params import Params
from imagery_diff.review import review
from imagery_diff.review_books import Decision
from imagery_diff.verify import NO, NOT_CHECKED, YES, differences, verify
from imagery_diff.verify_findings import DN, held_against
from imagery_diff.verify_rerun import params_of
from imagery_diff.write import manifest as manifests
from imagery_diff.write.model import to_json
from tests.test_verify import MANIFEST, asked, flip, refused, snapshot


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Compare a copy of a rendered pair on the command line; return what holds ``images`` and ``run``."""
    top = tmp_path_factory.mktemp("made")
    for image in samples.pair("stack_appears"):
        shutil.copytree(image.parent, top / "images" / image.parent.name)
    before, after = (top / "images" / p.parent.name / p.name for p in samples.pair("stack_appears"))
    done = CliRunner().invoke(main, ["najin", str(before), str(after), "-o", str(top / "run")])
    assert done.exit_code == 0, done.output
    return top


@pytest.fixture
def copy(made, tmp_path):
    """Return both folders, to be spoilt."""
    shutil.copytree(made, tmp_path / "top")
    return tmp_path / "top" / "images", tmp_path / "top" / "run"


def rewritten(run, change):
    """Let a manifest say something else, with hashes that agree: what whoever holds the folder can do."""
    document = json.loads((run / MANIFEST).read_bytes())
    change(document)
    del document["content_sha256"], document["created"], document["document_sha256"]
    (run / MANIFEST).write_bytes(to_json(manifests.sealed(document)))


def test_a_rerun_finds_the_same_and_writes_the_same_bytes(made):
    before = snapshot(made)
    told = asked(made / "run", "--inputs", made / "images")
    assert [told["intact"][side]["answer"] for side in ("outputs", "inputs")] == [YES, YES]
    assert (told["findings"]["answer"], told["bytes"]["answer"], told["environment"]) == (YES, YES, [])
    compared = told["findings"]["compared"]
    assert (compared["regions"], compared["least_iou"], compared["evidence_dn"]) == (1, 1.0, 0.0)
    assert compared["zones"] == len(json.loads((made / "run" / "summary.json").read_bytes())["zones"])
    # Nothing was written into either folder, not even the time of a file changed.
    assert snapshot(made) == before


def test_a_rerun_of_a_reviewed_run_keeps_its_review(copy):
    images, run = copy
    review(run, [Decision(action="relabel", region="R1", activity="cover", note="a tarpaulin")], "AB")
    told = verify(run, images)
    assert (told.outputs_intact.answer, told.findings.answer, told.same_bytes.answer) == (YES, YES, YES)


def test_a_rerun_leaves_nothing_in_the_temporary_folder(made, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert verify(made / "run", made / "images").findings.answer == YES
    assert list(tmp_path.iterdir()) == []


def test_one_flipped_bit_in_any_input_is_named(copy):
    images, run = copy
    names = [entry["name"] for entry in json.loads((run / MANIFEST).read_bytes())["inputs"]]
    assert len(names) == 6
    for name in names:
        (path,) = images.rglob(name)
        flip(path, 0.5)
        told = asked(run, "--inputs", images, code=1)
        assert [f["name"] for f in told["intact"]["inputs"]["files"] if f["state"] != "intact"] == [name]
        assert told["findings"]["answer"] == NOT_CHECKED
        flip(path, 0.5)


def test_a_missing_input_is_said_and_other_questions_are_answered(copy):
    images, run = copy
    (gone,) = images.rglob("20231016*udm2*")
    gone.unlink()
    told = asked(run, "--inputs", images, code=1)
    assert told["intact"]["inputs"]["why"] == f"{gone.name} is missing"
    assert told["intact"]["outputs"]["answer"] == YES


def test_inputs_are_found_under_other_names_in_other_folders_and_in_archives(copy, tmp_path):
    images, run = copy
    shelf = tmp_path / "shelf"
    (shelf / "deep" / "er").mkdir(parents=True)
    first, second, *others = sorted(p for p in images.rglob("2*") if p.is_file())
    first.rename(shelf / "renamed.bin")
    second.rename(shelf / "deep" / "er" / second.name)
    with zipfile.ZipFile(shelf / "order.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in others:
            archive.write(path, f"files/{path.name}")
    told = asked(run, "--inputs", shelf)
    notes = {f["name"]: f["note"] for f in told["intact"]["inputs"]["files"]}
    assert notes[first.name] == "found as renamed.bin"
    assert {notes[p.name] for p in others} == {"found in order.zip"}
    assert (told["findings"]["answer"], told["bytes"]["answer"]) == (YES, YES)


def test_what_lies_beside_the_images_and_was_not_read_changes_nothing(copy):
    images, run = copy
    for folder in images.iterdir():
        (folder / "more_udm2.tif").write_bytes(b"x")
    assert asked(run, "--inputs", images)["bytes"]["answer"] == YES


def test_altered_outputs_are_not_held_against_a_rerun(copy):
    images, run = copy
    flip(run / "summary.json", 0.5)
    told = asked(run, "--inputs", images, code=1)
    assert told["findings"]["answer"] == NOT_CHECKED
    assert "nothing to hold a rerun against" in told["findings"]["why"]


def test_findings_that_no_rerun_bears_out_are_a_fault_though_every_hash_agrees(copy):
    """Whoever holds the folder can rewrite it with its manifest; not what the images show."""
    images, run = copy
    path = run / "regions.geojson"
    document = json.loads(path.read_bytes())
    document["features"][0]["properties"]["direction"] = "disappeared"
    path.write_bytes(to_json(document))

    def of_the_forger(manifest):
        content = path.read_bytes()
        entry = next(e for e in manifest["outputs"] if e["name"] == path.name)
        entry |= manifests.outputs_of({path.name: content})[0]

    rewritten(run, of_the_forger)
    told = asked(run, "--inputs", images, code=1)
    assert told["intact"]["outputs"]["answer"] == YES
    assert told["findings"]["answer"] == NO
    assert "region R1: not found again" in told["findings"]["why"]


def test_another_library_is_reported_and_other_bytes_are_then_no_fault(copy):
    images, run = copy
    content = (run / "overview.png").read_bytes() + b"\0"
    (run / "overview.png").write_bytes(content)

    def by_another(manifest):
        entry = next(e for e in manifest["outputs"] if e["name"] == "overview.png")
        entry |= manifests.outputs_of({"overview.png": content})[0]
        manifest["software"]["pillow"] = "1.0"

    rewritten(run, by_another)
    told = asked(run, "--inputs", images)
    assert (told["findings"]["answer"], told["bytes"]["answer"], told["fault"]) == (YES, NO, False)
    (one,) = told["environment"]
    assert (one["what"], one["then"]) == ("pillow", "1.0")
    assert "overview.png has other bytes" in told["bytes"]["why"]
    assert "pillow 1.0, now" in told["bytes"]["why"]
    # The same bytes are promised where nothing differs.
    rewritten(run, lambda m: m["software"].update(pillow=one["now"]))
    assert asked(run, "--inputs", images, code=1)["bytes"]["answer"] == NO


def test_what_was_said_of_the_images_is_said_again(made, tmp_path):
    """Time, mask, bounds, options and numbers of the method all follow from the manifest."""
    before, after = (made / "images" / p.parent.name / p.name for p in samples.pair("stack_appears"))
    with rasterio.open(before) as dataset:
        profile = dataset.profile | {"count": 1, "dtype": "uint8", "nodata": None}
        mask = np.zeros(dataset.shape, np.uint8)
    mask[:60] = 1
    with rasterio.open(tmp_path / "mine.tif", "w", **profile) as dataset:
        dataset.write(mask, 1)
    words = ["--bbox", "130.281111111111", "42.2211111111", "130.3011111111", "42.2383333333", str(before), str(after)]
    words += ["--before-mask", str(tmp_path / "mine.tif"), "--before-time", "2023-10-15T01:00Z", "--detect", "map"]
    words += ["--no-fit", "--min-vessel", "60", "--sensitivity", "off", "-o", str(tmp_path / "run")]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    shutil.copytree(made / "images", tmp_path / "images")
    shutil.copy(tmp_path / "mine.tif", tmp_path / "images")
    told = asked(tmp_path / "run", "--inputs", tmp_path / "images")
    assert (told["findings"]["answer"], told["bytes"]["answer"]) == (YES, YES)


def test_a_folder_given_as_an_image_and_a_look_with_references_are_made_again(made, tmp_path):
    first, second = sorted((made / "images").iterdir())
    look("najin", second, references=[first]).save(tmp_path / "look")
    told = asked(tmp_path / "look", "--inputs", made / "images")
    assert (told["product"], told["findings"]["answer"], told["bytes"]["answer"]) == ("look", YES, YES)


def test_the_floors_of_a_sensitivity_are_put_in_again(made, tmp_path):
    pair = sorted((made / "images").iterdir())
    compare("najin", *pair, sensitivity="quick").sensitivity.save(tmp_path / "out")
    told = asked(tmp_path / "out", "--inputs", made / "images")
    assert (told["product"], told["findings"]["answer"], told["bytes"]["answer"]) == ("sensitivity", YES, YES)


def test_a_timeline_is_made_again_row_by_row(tmp_path):
    images = tmp_path / "images"
    for day in ("20231016", "20231017", "20231019"):
        one = samples.path(f"najin_{day}").parent
        shutil.copytree(one, images / one.name)
    done = CliRunner().invoke(main, ["timeline", "najin", str(images), "-o", str(tmp_path / "run")])
    assert done.exit_code == 0, done.output
    # A reviewed one is reviewed again, by its log.
    review(tmp_path / "run", [Decision(action="reject", region="E1", note="a shadow")], "AB")
    told = asked(tmp_path / "run", "--inputs", images)
    assert (told["findings"]["answer"], told["bytes"]["answer"]) == (YES, YES)
    assert told["findings"]["compared"]["rows"] > 20


def test_a_real_pair_is_made_again(data_folder, tmp_path):
    pair = data_folder / "pairs" / "planet_sfbay"
    if not pair.is_dir():
        pytest.skip("real imagery is absent: planet_sfbay is not in the shared data folder")
    aoi = pair / "aoi.geojson"
    words = [str(aoi) if aoi.exists() else "-", str(pair / "before.tif"), str(pair / "after.tif")]
    done = CliRunner().invoke(main, [*words, "--sensitivity", "off", "-o", str(tmp_path / "run")])
    assert done.exit_code == 0, done.output
    told = asked(tmp_path / "run", "--inputs", pair)
    assert (told["findings"]["answer"], told["bytes"]["answer"]) == (YES, YES)
    flip(tmp_path / "run" / "evidence.tif", 0.5)
    assert asked(tmp_path / "run", code=1)["intact"]["outputs"]["why"] == "evidence.tif is altered"


# --- hostile inputs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"name": "../../etc/passwd"},
        {"name": "/etc/passwd"},
        {"name": "a\0b"},
        {"name": "x" * 300},
        {"within": "../outside/before.tif"},
        {"within": "/etc/passwd"},
        {"within": "other.tif"},
        {"sha256": "no hash"},
        {"size": -1},
        {"size": "many"},
        {"name": 3},
    ],
    ids=str,
)
def test_an_input_that_leads_elsewhere_is_refused_in_one_line(copy, change):
    images, run = copy
    rewritten(run, lambda m: m["inputs"][0].update(change))
    assert "manifest.json" in refused(run, "--inputs", images)


@pytest.mark.parametrize("inputs", [3, None, [3], [{}], {"a": 1}])
def test_inputs_in_no_form_of_ours_are_refused_in_one_line(copy, inputs):
    images, run = copy
    rewritten(run, lambda m: m.update(inputs=inputs))
    assert "in no form of ours" in refused(run, "--inputs", images)


def test_links_and_pipes_among_the_images_are_named_and_not_opened(copy, tmp_path):
    images, run = copy
    image, mask = sorted(images.rglob("20231016*clip.tif"))
    image.rename(tmp_path / "elsewhere.tif")
    image.symlink_to(tmp_path / "elsewhere.tif")
    mask.unlink()
    os.mkfifo(mask)
    (images / "round").symlink_to(images)
    told = asked(run, "--inputs", images, code=1)
    notes = {f["name"]: f["note"] for f in told["intact"]["inputs"]["files"] if f["state"] == "missing"}
    assert notes == {
        image.name: "there is a link, which is not followed; put the file there",
        mask.name: "there is a pipe or a device; put the file there",
    }


def test_a_hostile_archive_holds_nothing(copy):
    images, run = copy
    with zipfile.ZipFile(images / "evil.zip", "w") as archive:
        archive.writestr("../../evil.tif", b"x")
    (images / "broken.zip").write_bytes(b"PK\x03\x04" + b"\0" * 100)
    (images / "sub.tar").write_bytes(b"\0" * 1024)
    (gone,) = images.rglob("20231016*udm2*")
    gone.unlink()
    assert asked(run, "--inputs", images, code=1)["intact"]["inputs"]["why"] == f"{gone.name} is missing"


@pytest.mark.parametrize(
    "change",
    [
        {"asked": [1]},
        {"asked": {}},
        {"asked": {"detect": "all", "despite": [], "fit": True, "sensitivity": "off"}},
        {"opened": {"before": 3, "after": 3}},
        {"opened": {}},
        {"parameters": {"max_pixels": "all"}},
        {"parameters": {"no_such_number": 1}},
        {"parameters": {"max_pixels": True}},
        {"parameters": 3},
        {"aoi": {"name": "x", "given": {"type": "FeatureCollection", "features": [3]}}},
        {"aoi": {"name": "x", "given": "../../aois/najin.geojson"}},
        {"aoi": {}},
    ],
    ids=str,
)
def test_a_manifest_that_tells_nonsense_ends_in_one_line(copy, change):
    images, run = copy
    rewritten(run, lambda m: m.update(change))
    done = CliRunner().invoke(main, ["verify", str(run), "--inputs", str(images)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code in {0, 1}
    assert "findings    yes" not in done.output


def test_a_place_without_images_is_said_in_one_line(copy, tmp_path):
    _, run = copy
    assert "is no folder" in refused(run, "--inputs", tmp_path / "none")
    assert "is no folder" in refused(run, "--inputs", Path(__file__))


def test_too_many_files_are_refused_in_one_line(copy, monkeypatch):
    images, run = copy
    monkeypatch.setattr(verify_inputs, "MAX_FILES", 3)
    assert "holds more than 3 files" in refused(run, "--inputs", images)


def test_an_input_without_a_digest_is_not_checked_and_no_fault(copy):
    images, run = copy
    rewritten(run, lambda m: m["inputs"][0].update(sha256=None, size=None, note="gone"))
    told = asked(run, "--inputs", images)
    assert told["intact"]["inputs"]["answer"] == NOT_CHECKED
    assert told["findings"]["answer"] == NOT_CHECKED


def test_a_disk_that_is_full_ends_in_words(copy, monkeypatch):
    images, run = copy

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(verify_inputs, "copied", full)
    told = asked(run, "--inputs", images)
    assert told["findings"]["answer"] == NOT_CHECKED
    assert "set TMPDIR" in told["findings"]["why"]


def test_a_manifest_of_an_earlier_version_is_intact_and_not_made_again(copy):
    images, run = copy

    def earlier(manifest):
        for name in ("asked", "opened", "platform", "random_seeds"):
            del manifest[name]

    rewritten(run, earlier)
    told = asked(run, "--inputs", images)
    assert told["intact"]["inputs"]["answer"] == YES
    assert "an earlier version wrote it" in told["findings"]["why"]
    assert {d["what"] for d in told["environment"]} == {"os", "architecture", "python", "simd"}


# --- what is the same ------------------------------------------------------------------------------------------------


@pytest.fixture
def files(made):
    return {p.name: p.read_bytes() for p in (made / "run").iterdir() if p.name != MANIFEST}


def against(files, **changed):
    names = frozenset(files)
    return held_against(files.__getitem__, (files | changed).__getitem__, names)


def test_a_region_that_lies_elsewhere_is_another(files):
    document = json.loads(files["regions.geojson"])
    ring = document["features"][0]["geometry"]["coordinates"][0]
    wide = max(x for x, _ in ring) - min(x for x, _ in ring)
    for share, same in ((0.001, True), (0.2, False)):
        moved = json.loads(files["regions.geojson"])
        moved["features"][0]["geometry"]["coordinates"][0] = [[x + share * wide, y] for x, y in ring]
        found = against(files, **{"regions.geojson": to_json(moved)})
        assert (found.differences == ()) is same
    assert found.differences == ("region R1: not found again", "region R1 of the rerun: not in the result")


def test_a_state_of_another_kind_is_named(files):
    document = json.loads(files["summary.json"])
    zone = document["zones"][0]
    zone["state"] = "something else"
    assert f"zone {zone['name']}" in against(files, **{"summary.json": to_json(document)}).differences[0]


@pytest.mark.parametrize(("band", "by", "said"), [(1, 0.5 * DN, None), (1, 3 * DN, "score of 1"), (2, 2, "flags")])
def test_evidence_is_the_same_within_a_count(files, tmp_path, band, by, said):
    path = tmp_path / "evidence.tif"
    path.write_bytes(files["evidence.tif"])
    with rasterio.open(path) as dataset:
        values, profile = dataset.read(), dataset.profile
    place = np.argwhere((values[0] > 1) & (values[0] < 10))[0]
    values[(band - 1, *place)] += by
    with rasterio.open(path, "w", **(profile | {"driver": "GTiff"})) as dataset:
        dataset.write(values)
    found = against(files, **{"evidence.tif": path.read_bytes()})
    assert found.differences == () if said is None else said in found.differences[0]


def test_rows_are_the_same_to_the_letter_and_numbers_nearly():
    names = frozenset({"observations.csv"})
    old = b"zone,cargo,cargo_length_m,description\nq,yes,100.0,long\nr,no,,\n"
    for new, rows in (
        (old.replace(b"100.0", b"100.9").replace(b"long", b"longer"), 2),
        (old.replace(b"100.0", b"102.0"), 1),
        (old.replace(b"yes", b"unknown"), 1),
        (old + b"s,no,,\n", 0),
    ):
        found = held_against({"observations.csv": old}.__getitem__, {"observations.csv": new}.__getitem__, names)
        assert found.rows == rows
        assert (found.differences == ()) is (rows == 2)


def test_a_file_in_no_form_of_ours_is_one_line(files):
    for name in ("regions.geojson", "summary.json"):
        with pytest.raises(InputError, match="in no form of ours"):
            against(files, **{name: b"[]"})


def test_numbers_of_the_method_come_back_as_they_were():
    assert params_of(json.loads(json.dumps(Params().as_dict()))) == Params()


def test_what_differs_of_libraries_and_machine_is_named_with_both():
    told = {"software": manifests.versions() | {"numpy": "1.0"}, "platform": manifests.kind_of_machine() | {"os": "x"}}
    assert [(d.what, d.then) for d in differences(told)] == [("numpy", "1.0"), ("os", "x")]
