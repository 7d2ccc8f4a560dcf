"""The command line as people use it: words, exit codes, and what goes to stdout and stderr."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from imagery_diff import samples
from imagery_diff.cli import _VERBS, main
from imagery_diff.read.aois import aoi_names
from imagery_diff.read.aois.check import VERBS
from imagery_diff.read.calibration import read_calibration

TOP = Path(__file__).resolve().parents[2]


def run(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line as a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(TOP)}
    return subprocess.run(
        [sys.executable, "-m", "imagery_diff", *words],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment,
        check=False,
    )


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    """Two images between which nothing happens, compared once on the command line."""
    folder = tmp_path_factory.mktemp("quiet")
    before, after = samples.pair("quiet")
    return folder, run("najin", str(before), str(after), "--json", "--exit-code", cwd=folder)


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """Two images between which a stack appears, given as folders, compared once on the command line."""
    folder = tmp_path_factory.mktemp("stack")
    before, after = samples.pair("stack_appears")
    return folder, run("najin", str(before.parent), str(after.parent), "--exit-code", cwd=folder)


def test_help_shows_the_default_verb_first():
    first = CliRunner().invoke(main, ["--help"]).output.splitlines()[0]
    assert first.endswith("AOI BEFORE AFTER [OPTIONS]")


def test_help_and_version_work_as_a_module():
    assert run("--version").stdout.startswith("imagery-diff, version ")


def test_no_aoi_is_named_like_a_verb():
    assert not set(aoi_names()) & {*VERBS, *_VERBS}


def test_verbs_that_exist_are_known_to_the_aoi_check():
    assert set(_VERBS) <= set(VERBS)


def test_json_is_exactly_one_document_and_a_quiet_pair_exits_0(quiet):
    _, process = quiet
    assert process.returncode == 0
    assert json.loads(process.stdout)["regions"] == []


def test_progress_and_the_folder_go_to_stderr_only(quiet):
    _, process = quiet
    assert process.stderr.startswith("written to ")
    assert process.stderr.strip().endswith("najin_20230912T0203Z_20230916T0221Z")


def test_the_folder_is_named_after_place_and_times(quiet):
    folder, _ = quiet
    names = {p.name for p in (folder / "najin_20230912T0203Z_20230916T0221Z").iterdir()}
    written = {"regions.geojson", "summary.json", "evidence.tif", "overview.png", "report.html", "manifest.json"}
    assert names == written


def test_exit_code_3_says_something_was_flagged(stack):
    _, process = stack
    assert process.returncode == 3


def test_the_table_names_what_appeared_and_that_it_is_rendered(stack):
    _, process = stack
    assert "RENDERED" in process.stdout.splitlines()[0]
    assert "container-like object" in process.stdout
    assert "nothing changed" not in process.stdout.lower()


def test_an_unknown_first_word_is_neither_verb_nor_aoi():
    result = CliRunner().invoke(main, ["njin", "a.tif", "b.tif"])
    assert result.exit_code == 2
    assert "compare, timeline, look, sensitivity, figure, review, verify, inspect, aois" in result.output
    assert "did you mean 'najin'" in result.output


def test_a_misspelt_verb_gets_the_nearest():
    result = CliRunner().invoke(main, ["comapre", "a.tif", "b.tif"])
    assert result.exit_code == 2
    assert "'compare'" in result.output


@pytest.mark.parametrize("words", [("najin",), ("najin", "a.tif"), ("najin", "a.tif", "b.tif", "c.tif")])
def test_a_wrong_number_of_words_exits_2(words):
    result = CliRunner().invoke(main, list(words))
    assert result.exit_code == 2
    assert "needed" in result.output


def test_an_aoi_and_a_box_together_exit_2():
    result = CliRunner().invoke(main, ["--bbox", "1", "2", "3", "4", "najin", "a.tif", "b.tif"])
    assert result.exit_code == 2


def test_a_rate_of_false_alarms_that_was_never_counted_exits_2_and_names_those_that_were():
    table = read_calibration()
    before, after = map(str, samples.pair("quiet"))
    for rate in ("1e-6", "1e6"):
        refused = CliRunner().invoke(main, ["najin", before, after, "--false-alarms", rate])
        assert refused.exit_code == 2
        assert f"{table['false_per_km2'][-1]:.2g} to {table['false_per_km2'][0]:.2g}" in " ".join(
            refused.output.split()
        )


def test_the_least_length_of_a_visit_is_what_was_asked_for(tmp_path):
    images = map(str, samples.pair("ship_arrives"))
    words = ["najin", *images, "--min-vessel", "60", "--json", "-o", str(tmp_path / "o")]
    document = json.loads(CliRunner().invoke(main, words).stdout)
    assert document["vessels_of_class"]["min_vessel_m"] == 60
    assert document["vessels_of_class"]["appeared"] == {"least": 1, "most": 1}
    assert document["vessels_of_class"]["disappeared"] == {"least": 0, "most": 0}


def test_a_rate_of_false_alarms_is_refused_where_none_was_counted_and_exits_1(tmp_path):
    before, after = map(str, samples.pair("quiet"))
    words = ["najin", before, after, "--detect", "map", "--false-alarms", "1", "-o", str(tmp_path / "map")]
    refused = CliRunner().invoke(main, words)
    assert refused.exit_code == 1
    assert "leave it out here" in refused.output
    assert len(refused.output.splitlines()) == 1


def test_a_missing_image_is_one_line_and_exit_1(tmp_path):
    result = CliRunner().invoke(main, ["najin", str(tmp_path / "no.tif"), str(tmp_path / "no2.tif")])
    assert result.exit_code == 1
    assert result.output.count("\n") == 1
    assert "no such file" in result.output


def test_after_older_than_before_is_a_warning_and_sort_turns_them(tmp_path):
    before, after = samples.pair("stack_appears")
    plain = run("najin", str(after), str(before), "--json", "-o", str(tmp_path / "plain"))
    assert "warning: after (2023-10-16 02:04 UTC) is older" in plain.stderr
    assert [r["direction"] for r in json.loads(plain.stdout)["regions"]] == ["disappeared"]
    turned = run("najin", str(after), str(before), "--json", "--sort", "-o", str(tmp_path / "turned"))
    assert "warning" not in turned.stderr
    assert [r["direction"] for r in json.loads(turned.stdout)["regions"]] == ["appeared"]


def test_a_box_and_a_position_stand_for_an_aoi(tmp_path):
    before, after = samples.pair("stack_appears")
    words = [
        "--at",
        "42.2275",
        "130.2847",
        "--radius",
        "250",
        str(before),
        str(after),
        "--json",
        "-o",
        str(tmp_path / "at"),
    ]
    process = run(*words)
    assert process.returncode == 0, process.stderr
    assert [r["direction"] for r in json.loads(process.stdout)["regions"]] == ["appeared"]


@pytest.mark.parametrize("words", [("--help",), ("aois", "list")])
def test_starting_loads_nothing_heavy(words):
    code = (
        "import sys; from imagery_diff.cli import main\n"
        f"try:\n    main({list(words)!r})\nexcept SystemExit:\n    pass\n"
        "heavy = {'numpy', 'rasterio', 'shapely', 'scipy', 'skimage', 'matplotlib', 'pyproj'} & set(sys.modules)\n"
        "sys.exit(f'loaded {sorted(heavy)}' if heavy else 0)"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=TOP, check=False)
    assert process.returncode == 0, process.stderr


def test_a_misspelt_verb_with_its_words_gets_the_nearest():
    result = CliRunner().invoke(main, ["comapre", "najin", "a.tif", "b.tif"])
    assert result.exit_code == 2
    assert "did you mean 'compare'" in result.output


# --- what is said of the images


@pytest.fixture
def bare(write_image):
    data = np.random.default_rng(7).integers(200, 3000, (3, 60, 60)).astype(np.uint16)
    return write_image("before.tif", data), write_image("after.tif", data)


def said(bare, tmp_path, *words):
    result = CliRunner().invoke(main, ["-", *map(str, bare), "--json", "-o", str(tmp_path / "out"), *words])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_times_bands_and_credit_said_on_the_command_line_stand_in_the_result(bare, tmp_path):
    times = ["--before-time", "2023-10-20T02:01Z", "--after-time", "2023-10-20T15:43+09:00"]
    told = said(bare, tmp_path, *times, "--bands", "blue=1,green=2", "--credit", "© A", "--after-credit", "© B")
    assert [told[side]["acquired"] for side in ("before", "after")] == ["2023-10-20T02:01:00Z", "2023-10-20T06:43:00Z"]
    assert told["before"]["bands"] == told["after"]["bands"] == ["blue", "green"]
    assert (told["before"]["credit"], told["after"]["credit"]) == ("© A", "© B")
    assert told["before"]["sun"] is not None


def test_a_mask_said_for_one_image_is_that_images(bare, tmp_path, write_image):
    classes = np.zeros((1, 60, 60), np.uint8)
    classes[0, :30] = 1
    told = said(bare, tmp_path, "--after-mask", str(write_image("mask.tif", classes)))
    assert any("before.tif: no cloud mask" in c for c in told["caveats"])
    assert not any("after.tif: no cloud mask" in c for c in told["caveats"])


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (["--before-time", "yesterday"], "is no time"),
        (["--before-time", "2023-10-20T02:01"], "no time zone"),
        (["--bands", "blue"], "blue=1,green=2"),
        (["--bands", "blue=1,blue=2"], "each once"),
        (["--bands", "Blue=1"], "small letters"),
    ],
)
def test_words_that_say_nothing_are_refused_before_anything_is_read(bare, words, match):
    result = CliRunner().invoke(main, ["-", *map(str, bare), *words])
    assert result.exit_code == 2
    assert match in result.output


def test_a_rule_of_pairs_that_is_none_is_refused_before_any_file_is_opened():
    done = CliRunner().invoke(main, ["-", "none.tif", "none_either.tif", "--despite", "orbits"])
    assert done.exit_code == 2
    assert "no rule of pairs is called 'orbits'" in done.output
