"""A result folder is there whole or not at all, and replaces nothing that is not ours."""

import errno
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from imagery_diff.errors import ImageryDiffWarning, InputNotFoundError, OutputError
from imagery_diff.finished import open_run
from imagery_diff.review import review
from imagery_diff.review_books import Decision
from imagery_diff.write import folder as folders
from imagery_diff.write import result_folder_name, save_comparison
from imagery_diff.write.folder import write_folder
from tests.write.conftest import make_result

NAMES = ["evidence.tif", "manifest.json", "overview.png", "regions.geojson", "report.html", "summary.json"]
ROOT = Path(__file__).parents[2]
NOBODY = 65534


@pytest.fixture(scope="module")
def result():
    return make_result()


@pytest.fixture
def saved(result, tmp_path):
    return save_comparison(result, tmp_path / "out")


def listing(folder):
    return sorted(p.name for p in folder.iterdir())


def test_every_file_is_written_and_nothing_beside_them(saved):
    assert saved.is_absolute()
    assert listing(saved) == NAMES
    assert listing(saved.parent) == ["out"]


def test_without_georeference_there_is_no_geojson(tmp_path):
    folder = make_result(crs=None, aoi=False).save(tmp_path / "out")
    assert listing(folder) == [n for n in NAMES if n != "regions.geojson"]


def test_the_page_is_left_out_where_it_is_not_wanted(result, tmp_path):
    assert listing(result.save(tmp_path / "out", report=False)) == [n for n in NAMES if n != "report.html"]


def test_two_runs_give_the_same_bytes_but_for_the_moment(result, saved, tmp_path):
    import json

    again = save_comparison(result, tmp_path / "again")
    for name in NAMES:
        first, second = (folder / name for folder in (saved, again))
        if name == "manifest.json":
            documents = [
                json.loads(p.read_bytes()) | {"created": None, "document_sha256": None} for p in (first, second)
            ]
            assert documents[0] == documents[1]
        else:
            assert first.read_bytes() == second.read_bytes()


def test_a_rerun_replaces_the_result_and_keeps_the_reviews(saved):
    review(saved, [Decision(action="accept", region="R1")], "AB")
    log = (saved / "review.jsonl").read_bytes()
    with pytest.warns(ImageryDiffWarning, match="no finding any more"):
        save_comparison(make_result(count=3), saved)
    assert listing(saved) == sorted([*NAMES, "review.jsonl"])
    assert (saved / "review.jsonl").read_bytes() == log
    assert '"R3"' in (saved / "regions.geojson").read_text()
    assert listing(saved.parent) == ["out"]


def test_an_empty_folder_is_filled(result, tmp_path):
    (tmp_path / "out").mkdir()
    assert listing(save_comparison(result, tmp_path / "out")) == NAMES


def test_a_file_name_that_is_not_utf8_is_no_obstacle(tmp_path):
    folder = save_comparison(make_result(names=("\udcff.tif", "\x1b[2J.tif"), credit=None), tmp_path / "out")
    assert listing(folder) == NAMES


def refused(result, target, match):
    """Check that the refusal names the fault, and that nothing in or beside the target has changed."""
    before = snapshot(target.parent)
    with pytest.raises(OutputError, match=match) as caught:
        save_comparison(result, target)
    assert "\n" not in str(caught.value)
    assert snapshot(target.parent) == before


def snapshot(folder):
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in sorted(folder.rglob("*"))}


def test_a_foreign_file_is_named_and_kept(result, saved):
    (saved / "thesis.docx").write_text("years of work")
    refused(result, saved, "'thesis.docx' in it is not part of the result")


def test_a_changed_file_is_named_and_kept(result, saved):
    (saved / "summary.json").write_text("{}")
    refused(result, saved, r"'summary\.json' in it was changed since it was written")


def test_a_changed_manifest_is_not_believed(result, saved):
    path = saved / "manifest.json"
    path.write_text(path.read_text().replace('"R1', '"R9').replace('"alarm"', '"map"'))
    refused(result, saved, "not an unaltered one of ours")


@pytest.mark.parametrize(
    "content", ["", "[]", '{"product": 3}', "[" * 100_000, '{"product": "imagery_diff x", "outputs": 1}']
)
def test_a_manifest_that_is_none_is_refused(result, tmp_path, content):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "manifest.json").write_text(content)
    refused(result, tmp_path / "out", "not an unaltered one of ours")


def test_a_folder_without_manifest_is_refused(result, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "photo.jpg").write_bytes(b"x")
    refused(result, tmp_path / "out", r"it holds 'photo\.jpg' and no manifest of ours")


def test_a_folder_in_the_result_is_foreign(result, saved):
    (saved / "sub").mkdir()
    refused(result, saved, "'sub' in it is not part")


@pytest.mark.parametrize("name", ["summary.json", "review.jsonl"])
def test_a_link_in_the_result_is_foreign(result, saved, name, tmp_path):
    other = tmp_path / "elsewhere"
    (saved / name).rename(other) if (saved / name).exists() else other.write_text("x")
    (saved / name).symlink_to(other)
    refused(result, saved, f"'{name}' in it is not part")


def test_a_linked_target_is_not_followed(result, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    refused(result, tmp_path / "link", "symbolic link")


def test_a_file_in_the_way_is_refused(result, tmp_path):
    (tmp_path / "out").write_text("x")
    refused(result, tmp_path / "out", "it is a file")


def test_a_missing_parent_is_named(result, tmp_path):
    refused(result, tmp_path / "no" / "such" / "out", r"/no does not exist; make it first")
    (tmp_path / "file").write_text("x")
    refused(result, tmp_path / "file" / "out", "is not a folder")


def test_no_result_is_put_into_another(result, saved, tmp_path):
    (tmp_path / "link").symlink_to(saved)
    refused(result, saved / "sub", "lies in a finished result, out; name a folder beside it")
    refused(result, tmp_path / "link" / "sub", "lies in a finished result, out; name a folder beside it")


def test_the_current_folder_is_not_replaced(result, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OutputError, match="holds the current folder"):
        save_comparison(result, ".")


def test_a_full_disk_leaves_nothing_behind(result, saved, monkeypatch):
    old = snapshot(saved.parent)

    def full(path, _):
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match=r"the disk is full, the result needs \d+\.\d MB"):
        save_comparison(result, saved)
    assert snapshot(saved.parent) == old


def test_a_small_file_system_that_fills_up_leaves_nothing_behind(result, tmp_path):
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root and the right to mount")
    try:
        with pytest.raises(OutputError, match="the disk is full"):
            save_comparison(result, tmp_path / "out")
        assert listing(tmp_path) == []
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_folder_that_may_not_be_written_is_refused(result):
    """As root mode bits say nothing: then as nobody."""
    import imagery_diff.write.folder  # noqa: F401 - loaded before the rights are given up

    with tempfile.TemporaryDirectory() as name:
        parent = Path(name)
        parent.chmod(0o555)
        root = os.geteuid() == 0
        if root:
            os.seteuid(NOBODY)
        try:
            with pytest.raises(OutputError, match=r"no permission to write in"):
                save_comparison(result, parent / "out")
            assert listing(parent) == []
        finally:
            if root:
                os.seteuid(0)
            parent.chmod(0o755)


def test_a_failed_swap_leaves_the_old_result(saved, monkeypatch):
    old = snapshot(saved.parent)
    rename = Path.rename

    def fail(path, target):
        if path.suffix == ".partial":
            raise OSError(errno.EIO, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OutputError, match="Input/output error"):
        write_folder(saved, {"a": b"1"})
    assert snapshot(saved.parent) == old


INTERRUPTED = """
    import signal, sys, time
    from pathlib import Path
    # A job in the background is started deaf to Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    from imagery_diff.write import save_comparison
    from tests.write.conftest import make_result

    result, write = make_result(), Path.write_bytes

    def slow(path, content):
        write(path, content)
        if path.name == "evidence.tif":
            print("writing", flush=True)
            time.sleep(30)

    Path.write_bytes = slow
    save_comparison(result, sys.argv[1])
"""


@pytest.mark.parametrize("replacing", [True, False])
def test_ctrl_c_leaves_nothing_half_written(result, tmp_path, replacing):
    target = tmp_path / "out"
    if replacing:
        save_comparison(result, target)
    old = snapshot(tmp_path)
    command = [sys.executable, "-c", textwrap.dedent(INTERRUPTED), str(target)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, text=True) as process:
        assert process.stdout.readline() == "writing\n", process.stderr.read()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert "KeyboardInterrupt" in errors
    assert snapshot(tmp_path) == old


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from imagery_diff.write import save_comparison
    from tests.write.conftest import make_result

    rename = Path.rename

    def killed(path, target):
        rename(path, target)
        if target.suffix == ".old":
            os.kill(os.getpid(), signal.SIGKILL)

    Path.rename = killed
    save_comparison(make_result(), sys.argv[1])
"""


@pytest.fixture
def killed(saved):
    """Return a reviewed result whose rerun was killed while neither the old nor the new one stood in its place."""
    review(saved, [Decision(action="accept", region="R1", note="mine")], "AB")
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(saved)]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    assert not saved.exists()
    return saved


def test_a_result_that_a_killed_rerun_put_aside_is_put_back_by_the_next(result, killed):
    with pytest.warns(ImageryDiffWarning, match="out: a run was killed while it replaced this result"):
        save_comparison(result, killed)
    assert '"mine"' in (killed / "review.jsonl").read_text()
    assert '"note": "mine"' in (killed / "summary.json").read_text()


def test_a_result_that_a_killed_rerun_put_aside_is_put_back_by_a_review(killed):
    with pytest.raises(InputNotFoundError, match="a run was killed while it replaced this result"):
        open_run(killed)
    with pytest.warns(ImageryDiffWarning, match="put back as it was"):
        review(killed, [Decision(action="note", region="R1", note="too")], "AB")
    assert (killed / "review.jsonl").read_bytes().count(b"\n") == 2


def test_what_was_put_aside_is_not_taken_for_another_whose_long_name_begins_alike(result, tmp_path):
    names = ["x" * 60 + end for end in "ab"]
    first = save_comparison(result, tmp_path / names[0])
    first.rename(folders._beside(first, "0.old"))
    assert folders.put_aside(first) is not None
    assert folders.put_aside(tmp_path / names[1]) is None


def test_the_folder_is_named_after_the_aoi_and_both_times(result):
    assert result_folder_name(result) == "harbour_20231020T0201Z_20231020T0643Z"


def test_the_stem_stands_in_for_a_time_that_is_not_known():
    named = make_result(times=(None, None), aoi=False, names=("before.tif", "a b(2).tif"))
    assert result_folder_name(named) == "common-ground_before_a_b_2"


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "...",
        "\x00\x1b\n",
        "CON:*?",
        "-rf",
        "\u202e",
        "x" * 300,
        "港" * 200,
        "\udcff\udcff",
        "",
        "/",
    ],
)
def test_no_file_name_can_lead_the_folder_elsewhere(name):
    named = result_folder_name(make_result(times=(None, None), names=(name + ".tif", name)))
    assert Path(named).name == named
    assert named.isprintable()
    assert not named.startswith((".", "-"))
    assert "/" not in named
    assert "\\" not in named
    assert len(named.encode()) < 200


def test_the_result_of_other_images_is_not_replaced(saved, tmp_path):
    """Two products of one minute share a folder's name; the second must not take the place of the first."""
    image = tmp_path / "other.tif"
    image.write_bytes(b"other pixels")
    plain = make_result()
    other = replace(plain, before=replace(plain.before, files=(image,)))
    old = snapshot(saved.parent)
    refused(other, saved, "result of other images")
    assert snapshot(saved.parent) == old
