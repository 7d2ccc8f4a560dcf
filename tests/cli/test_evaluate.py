"""imagery-diff evaluate: one document or one table on stdout, progress on stderr, exit codes."""

import json

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from imagery_diff import scoring
from imagery_diff.cli import main
from imagery_diff.scoring import FIGURES, Evaluation, PairScore
from tests.cli.test_main import run
from tests.test_scoring import SCHEMA, render_pair


@pytest.fixture(scope="module")
def one_of_two(tmp_path_factory):
    """Return the outcome of a whole run over a pair that works and one without a label."""
    top = tmp_path_factory.mktemp("set")
    good = render_pair(top / "good", georeferenced=False)
    (top / "bad").mkdir()
    for name in ("before.tif", "after.tif"):
        (top / "bad" / name).write_bytes((good / name).read_bytes())
    return run("evaluate", str(top), "--json")


def test_json_is_one_document_that_fits_its_schema(one_of_two):
    document = json.loads(one_of_two.stdout)
    Draft202012Validator(SCHEMA).validate(document)
    assert [p["name"] for p in document["pairs"]] == ["bad", "good"]
    assert document["pairs"][0]["auc"] is None
    assert document["pairs"][1]["auc"] > 0.99


def test_a_failed_pair_exits_1_and_progress_goes_to_stderr(one_of_two):
    assert one_of_two.returncode == 1
    assert one_of_two.stderr.splitlines() == ["1/2 bad", "2/2 good"]


@pytest.fixture
def told(monkeypatch, tmp_path):
    """Return a runner whose evaluation is given: what is printed of it is looked at here."""
    figures = dict.fromkeys(FIGURES, 0.5)
    rows = (
        PairScore(name="good", figures=figures | {"precision": None, "cpu_s": 12.34, "peak_mb": 210.0}),
        PairScore(name="bad\x1b[2J", figures=dict.fromkeys(FIGURES), error="label.tif missing"),
    )

    def invoke(count, *words):
        monkeypatch.setattr(scoring, "evaluate", lambda *_, **__: Evaluation(pairs=rows[:count]))
        return CliRunner().invoke(main, ["evaluate", str(tmp_path), *words])

    return invoke


def test_the_table_has_a_row_for_each_pair_and_their_mean(told):
    lines = told(2).stdout.splitlines()
    assert lines[0].split() == ["pair", "AUC", "AP", "precision", "recall", "F1", "kappa", "CPU", "s", "peak", "MB"]
    assert lines[1].split() == ["good", "0.500", "0.500", "-", "0.500", "0.500", "0.500", "12.3", "210"]
    assert "failed: label.tif missing" in lines[2]
    assert lines[3].startswith("mean of 1")
    assert "\x1b" not in "".join(lines)


def test_exit_codes(told):
    assert told(1).exit_code == 0
    assert told(2).exit_code == 1
    assert told(1, "--timeout", "0").exit_code == 2


def test_a_folder_without_pairs_is_one_line_and_exit_1(tmp_path):
    result = CliRunner().invoke(main, ["evaluate", str(tmp_path)])
    assert result.exit_code == 1
    assert result.output.count("\n") == 1
    assert "holds no pair" in result.output
