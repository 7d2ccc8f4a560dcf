"""A labelled data set: the label is met at the right pixels, and a pair that breaks is a row with its reason."""

import json
import os
import re
import shutil
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from jsonschema import Draft202012Validator
from rasterio.errors import NotGeoreferencedWarning
from rasterio.features import rasterize
from shapely import box

from imagery_diff import compare, evaluate, scoring
from imagery_diff.errors import InputError, InputNotFoundError, OutputError
from imagery_diff.method.align import carried
from imagery_diff.params import Params
from imagery_diff.read.raster import open_raster
from imagery_diff.scoring_pair import called_on, evidence_grid, read_label, score_on, score_pair
from imagery_diff.synthetic import Look, random_harbour, render, stack

TOP = Path(__file__).resolve().parents[1]
SCHEMA = json.loads((TOP / "docs/reference/schemas/evaluate.schema.json").read_text(encoding="utf-8"))
PIXEL_M = 3.0
SHIFT_M = (9.0, -6.0)
"""Pointing error of the after image, east and north: three and two pixels."""


def write_tif(path, data, grid=None):
    """Write (band, row, col) as GeoTIFF; without a grid it carries no georeference."""
    place = {} if grid is None else {"crs": grid.crs, "transform": grid.transform}
    profile = {"driver": "GTiff", "count": len(data), "height": data.shape[1], "width": data.shape[2], **place}
    with warnings.catch_warnings(), rasterio.Env(GDAL_PAM_ENABLED="NO"):
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", dtype=data.dtype, **profile) as file:
            file.write(data)


def render_pair(folder, *, georeferenced):
    """Write a rendered pair on which a stack appears on a pier: 3 bands without a CRS, or 4 bands with one."""
    harbour = random_harbour(3, side_m=480.0)
    pier = harbour.piers[0]
    # Well inside the picture: the layout reaches beyond it.
    middle = pier.outline.intersection(box(*harbour.world.bounds).buffer(-60.0)).centroid
    new = stack("new", (middle.x, middle.y), pier.azimuth_deg, (75.0, 15.0), colours=("blue",))
    time = datetime(2023, 10, 17, 2, 12, tzinfo=UTC)
    before = render(harbour.world, Look(time=time, seed=1))
    look = Look(time=time + timedelta(days=1), seed=2, pointing_error_m=SHIFT_M)
    after = render(harbour.world.with_things(new), look)
    folder.mkdir(parents=True)
    grid, bands = (before.grid, 4) if georeferenced else (None, 3)
    write_tif(folder / "before.tif", before.data[:bands], grid)
    write_tif(folder / "after.tif", after.data[:bands], grid)
    label = rasterize([new.footprint], before.grid.shape, transform=before.grid.transform, dtype=np.uint8)
    # Its shadow and its lean are no part of the label, nor is their absence.
    near = rasterize([new.footprint.buffer(15.0)], before.grid.shape, transform=before.grid.transform) == 1
    write_tif(folder / "label.tif", np.where(near & (label == 0), np.uint8(255), label)[None], grid)
    return folder


@pytest.fixture(scope="session")
def rendered(tmp_path_factory):
    """Return a data set: two rendered pairs at two depths, and one whose after image breaks off."""
    top = tmp_path_factory.mktemp("labelled")
    plain = render_pair(top / "plain", georeferenced=False)
    render_pair(top / "deep" / "down" / "placed", georeferenced=True)
    broken = shutil.copytree(plain, top / "broken")
    (broken / "after.tif").write_bytes((plain / "after.tif").read_bytes()[:900])
    return top


@pytest.fixture(scope="session")
def scored(rendered, tmp_path_factory):
    """Return the data set scored once, and where it was saved."""
    saved = tmp_path_factory.mktemp("saved") / "maps"
    return evaluate(rendered, save=saved), saved


def row(result, name):
    return next(p for p in result.pairs if p.name == name)


# --- known truth, end to end


def test_every_pair_is_found_at_any_depth_in_order_of_names(scored):
    assert [p.name for p in scored[0].pairs] == ["broken", "deep/down/placed", "plain"]


@pytest.mark.parametrize("name", ["plain", "deep/down/placed"])
def test_a_stack_that_appears_is_scored_as_found(scored, name):
    figures = row(scored[0], name).figures
    assert figures["auc"] > 0.99
    assert figures["recall"] > 0.6
    assert figures["georeferenced"] == (name != "plain")
    assert figures["cpu_s"] > 0
    assert 50 < figures["peak_mb"] < 2000


def test_a_pair_that_breaks_is_a_row_with_its_reason(scored):
    broken = row(scored[0], "broken")
    assert set(broken.figures.values()) == {None}
    assert "after.tif" in broken.error
    assert "\n" not in broken.error
    assert scored[0].failed == (broken,)


def test_the_mean_is_that_of_the_pairs_that_were_scored(scored):
    result = scored[0]
    known = [p.figures["auc"] for p in result.pairs if p.error is None]
    assert len(known) == 2
    assert result.mean["auc"] == pytest.approx(np.mean(known))


def test_the_document_fits_its_schema(scored):
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(scored[0].as_dict(), allow_nan=False)))


def test_what_is_saved_lies_on_the_label_and_gives_the_figures_again(scored, rendered):
    result, saved = scored
    assert {p.name for p in saved.iterdir()} == {"deep__down__placed", "plain"}
    folder = saved / "deep__down__placed"
    with (
        rasterio.open(folder / "map.tif") as called,
        rasterio.open(rendered / "deep/down/placed/label.tif") as label,
        rasterio.open(folder / "score.tif") as score,
    ):
        assert called.transform == score.transform == label.transform
        assert called.tags()["IMAGERY_DIFF_RENDERED"]
        assert score.tags()["IMAGERY_DIFF_PRODUCT"] == "score"
        truth, flagged = label.read(1), called.read(1)
    hits = np.count_nonzero((truth == 1) & (flagged == 1))
    assert hits / np.count_nonzero(truth == 1) == pytest.approx(row(result, "deep/down/placed").figures["recall"])
    assert (folder / "overview.png").stat().st_size > 10_000
    listed = {entry["name"] for entry in json.loads((folder / "manifest.json").read_bytes())["outputs"]}
    assert {"score.tif", "map.tif", "overview.png", "agreement.png"} <= listed


def test_a_second_run_replaces_what_is_ours_and_refuses_what_is_not(scored, rendered, tmp_path):
    kept = shutil.copytree(scored[1], tmp_path / "kept")
    pair = rendered / "plain"
    old = (kept / "plain" / "score.tif").read_bytes()
    assert evaluate(pair, save=kept).failed == ()
    assert (kept / "plain" / "score.tif").read_bytes() == old
    (kept / "plain" / "mine.txt").write_text("a note")
    with pytest.raises(OutputError, match=r"mine\.txt"):
        evaluate(pair, save=kept)
    assert (kept / "plain" / "mine.txt").read_text() == "a note"


@pytest.mark.parametrize("name", ["plain", "deep/down/placed"])
def test_score_and_map_lie_on_the_label_though_the_images_met_half_way(rendered, name):
    folder = rendered / name
    label = read_label(folder)
    result = compare("-", folder / "before.tif", folder / "after.tif", detect="map")
    # The after image shows everything 3 columns further east and 2 rows further down.
    assert (result.shift.rows, result.shift.cols) == (pytest.approx(2, abs=0.3), pytest.approx(3, abs=0.3))
    near = label.values != 0
    weight = np.where(near, np.clip(score_on(result, label.grid) - 6.0, 0, None), 0.0)
    truth = np.argwhere(label.values == 1).mean(axis=0)
    centre = np.array([np.average(i, weights=weight) for i in np.indices(label.values.shape)])
    # Half the shift is 1.8 px; without moving back, the distance would be that.
    assert np.hypot(*(centre - truth)) < 0.7
    flagged = np.argwhere(called_on(result, label.grid) & near).mean(axis=0)
    assert np.hypot(*(flagged - truth)) < 0.9


def test_a_map_is_carried_back_by_half_the_shift_exactly():
    class Shift:
        rows, cols = 4.0, -2.0

    class Result:
        shift = Shift()

    from imagery_diff.grid import Grid

    grid = Grid(crs=None, transform=Affine.identity(), shape=(20, 20))
    Result.grid = grid
    spot = np.zeros(grid.shape, np.float32)
    spot[10, 10] = 1.0
    # The before image was read 2 rows higher and 1 column further right: what it showed there lies here now.
    assert np.argwhere(carried(spot, evidence_grid(Result), grid) > 0.5).tolist() == [[8, 11]]


# --- labels


@pytest.fixture
def small(rendered, tmp_path):
    """Return a pair that may be spoilt."""
    return shutil.copytree(rendered / "plain", tmp_path / "pair")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.full((1, 160, 160), 7, np.uint8), "holds 7"),
        (np.full((1, 160, 160), 255, np.uint8), "nothing to score"),
        (np.zeros((2, 160, 160), np.uint8), "2 bands"),
        (np.zeros((1, 90, 160), np.uint8), "pixel by pixel"),
    ],
)
def test_a_label_that_cannot_be_used_says_why(small, values, reason):
    write_tif(small / "label.tif", values)
    with pytest.raises(InputError, match=reason) as error:
        score_pair(small)
    assert "\n" not in str(error.value)


def test_a_label_without_change_has_no_auc_and_is_no_failure(small):
    write_tif(small / "label.tif", np.zeros((1, *read_label(small).grid.shape), np.uint8))
    result = evaluate(small)
    assert result.failed == ()
    figures = result.pairs[0].figures
    assert (figures["auc"], figures["average_precision"], figures["recall"]) == (None, None, None)
    Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(result.as_dict(), allow_nan=False)))


def test_ground_not_seen_ranks_last_and_is_counted(small):
    with open_raster(small / "after.tif") as file:
        data = file.read()
    label = read_label(small)
    data[:, : data.shape[1] // 2] = 0
    write_tif(small / "after.tif", data)
    figures = score_pair(small)
    assert figures["counted_px"] == np.count_nonzero(label.counted)
    assert figures["searched_fraction"] < 0.55


# --- what can go wrong


def test_a_pair_with_a_file_missing_is_a_row(small):
    (small / "label.tif").unlink()
    assert evaluate(small).pairs[0].error.startswith("label.tif missing")


def test_a_folder_without_pairs_and_one_that_is_not_there_are_refused(tmp_path):
    with pytest.raises(InputError, match="holds no pair"):
        evaluate(tmp_path)
    with pytest.raises(InputNotFoundError):
        evaluate(tmp_path / "nowhere")
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="is a file"):
        evaluate(tmp_path / "file")


def test_a_pair_that_takes_too_long_is_stopped_and_says_so(small):
    assert "not done after 0.05 s" in evaluate(small, timeout_s=0.05).pairs[0].error


@pytest.mark.parametrize(
    ("child", "reason"),
    [
        ("import os; os.kill(os.getpid(), 9)", "killed by SIGKILL (out of memory"),
        ("import os; os.kill(os.getpid(), 11)", "killed by SIGSEGV"),
        ("raise SystemExit('no such library')", "code 1 and no answer: no such library"),
        ("pass", "code 0 and no answer"),
    ],
)
def test_a_process_that_dies_is_a_row_with_how(small, monkeypatch, child, reason):
    monkeypatch.setattr(scoring, "_CHILD", child)
    assert reason in evaluate(small).pairs[0].error


def test_a_fault_of_ours_is_a_row_too(small, monkeypatch):
    child = (
        "import imagery_diff.scoring_pair as s\n"
        "def broken(*a, **k): raise ZeroDivisionError('a\\nb')\n"
        "s.compare = broken\ns.main()"
    )
    monkeypatch.setattr(scoring, "_CHILD", child)
    error = evaluate(small).pairs[0].error
    assert error.startswith("ZeroDivisionError: a b")
    assert "report" in error


def test_the_parameters_reach_the_comparison(small):
    silent = evaluate(small, params=Params(floor_sigma=1e6, map_times=1e6)).pairs[0]
    assert silent.figures["regions"] == 0
    assert silent.figures["threshold"] >= 0.5e6


def test_nothing_in_the_current_folder_passes_for_a_library(small, tmp_path, monkeypatch):
    (tmp_path / "numpy.py").write_text("raise RuntimeError('hijacked')")
    monkeypatch.chdir(tmp_path)
    assert evaluate(small).pairs[0].error is None


def test_two_names_that_become_one_get_a_folder_each(tmp_path):
    targets = scoring._targets(["a/b", "a__b"], tmp_path / "out")
    assert [t.name for t in targets] == ["a__b", "a__b_2"]
    assert scoring._one_part("../..") == "__.."
    with pytest.raises(OutputError, match="cannot make"):
        scoring._targets(["a"], tmp_path / "not" / "there")


def test_the_python_of_the_reference_runs(rendered, tmp_path, monkeypatch):
    text = (TOP / "docs/reference/evaluate.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    shutil.copytree(rendered / "plain", tmp_path / "pairs" / "plain")
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(compile(block, "evaluate.md", "exec"), names)  # noqa: S102 - our own text
    assert names["result"].mean["auc"] > 0.99
    assert (tmp_path / "maps" / "plain" / "map.tif").exists()


# --- real images


def test_a_real_flood_scores_as_the_data_set_says(data_folder):
    """The log ratio of 3 x 3 means reaches an AUC of .997 on Ottawa; whatever the method becomes, it must come near."""
    result = evaluate(data_folder / "pairs" / "sar_ottawa")
    assert result.failed == ()
    figures = result.pairs[0].figures
    assert figures["counted_px"] == 101_500
    assert figures["changed_px"] == 16_049
    assert figures["auc"] > 0.9
    assert not figures["georeferenced"]
    assert os.fspath(data_folder) not in json.dumps(result.as_dict())
