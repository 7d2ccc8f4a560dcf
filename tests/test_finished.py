"""A result folder is read back as it was written; what is not ours or was altered is named in one line."""

import json

import pytest

from imagery_diff.errors import InputError, InputNotFoundError
from imagery_diff.finished import open_run
from tests.write.conftest import make_result


@pytest.fixture
def folder(tmp_path):
    return make_result().save(tmp_path / "run")


def test_what_was_written_is_whole_and_can_be_read(folder):
    run = open_run(folder)
    assert run.kind == "comparison"
    assert run.manifest_is_whole
    assert run.altered() == ()
    assert run.document("summary.json")["kind"] == "comparison"


@pytest.mark.parametrize("name", ["summary.json", "evidence.tif", "overview.png", "report.html"])
def test_one_changed_byte_is_named(folder, name):
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    run = open_run(folder)
    assert run.altered() == (name,)
    with pytest.raises(InputError, match=rf"{name}: was changed since"):
        run.read(name)


def test_a_missing_file_is_named(folder):
    (folder / "summary.json").unlink()
    run = open_run(folder)
    assert run.altered() == ("summary.json",)
    with pytest.raises(InputError, match="is no file any more"):
        run.read("summary.json")


def test_an_altered_manifest_is_named_first(folder):
    document = json.loads((folder / "manifest.json").read_text())
    document["credit"] = "somebody else"
    (folder / "manifest.json").write_text(json.dumps(document))
    assert open_run(folder).altered() == ("manifest.json",)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"product": "a delivery"}',
        '{"product": "imagery_diff comparison", "outputs": [{"name": "../x", "sha256": "0"}]}',
        '{"product": "imagery_diff comparison", "outputs": 3}',
        "[" * 100_000,
    ],
)
def test_what_is_no_manifest_of_ours_is_refused_in_one_line(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(InputError, match=r"is no manifest of imagery-diff") as caught:
        open_run(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_not_there_or_holds_no_manifest_is_refused(tmp_path):
    with pytest.raises(InputNotFoundError, match="does not exist"):
        open_run(tmp_path / "none")
    with pytest.raises(InputError, match="holds no manifest"):
        open_run(tmp_path)


def test_links_are_not_followed(folder, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes((folder / "summary.json").read_bytes())
    (folder / "summary.json").unlink()
    (folder / "summary.json").symlink_to(secret)
    assert open_run(folder).altered() == ("summary.json",)


def test_only_what_the_manifest_lists_is_read(folder):
    with pytest.raises(InputError, match="has no review"):
        open_run(folder).read("review.jsonl")
