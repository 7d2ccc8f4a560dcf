"""The benchmarks measure what they say: scoring, intervals, and the truth of drawn scenes."""

import doctest
import importlib
import json
import subprocess
import sys
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import shift as shifted
from shapely import Polygon, union_all
from shapely.geometry import box

from imagery_diff.aoi import reproject
from imagery_diff.grid import Grid
from imagery_diff.method.chance import Calibration
from imagery_diff.method.coregister import estimate_shift
from imagery_diff.read.aois import check_aoi, load_aoi
from imagery_diff.synthetic import random_harbour

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
PIXEL_M = 3.0


@pytest.fixture(scope="module", autouse=True)
def modules():
    """Import the scripts as they import each other: from their own folder."""
    sys.path.insert(0, str(BENCHMARKS))
    names = ("scenes", "event_scores", "scene_scores", "scene_maps", "nuisances", "harbour_events", "rendered")
    names = (*names, "accuracy_tables", "calibration_tables", "accuracy", "accuracy_diff", "second_stage")
    names = (*names, "calibrate", "calibration_figure", "sharpness", "registration", "sky")
    yield SimpleNamespace(**{n: importlib.import_module(n) for n in names})
    sys.path.remove(str(BENCHMARKS))


def test_the_true_relative_blur_is_what_a_camera_was_put_out_of_focus_by(modules):
    rng = np.random.default_rng(1)
    sharp = modules.nuisances.draw_weather("clear", rng).looks[0]
    soft = replace(sharp, extra_blur_m=1.2 * PIXEL_M)
    assert modules.sharpness.true_variance(sharp, soft) == pytest.approx(1.2**2)
    assert modules.sharpness.true_variance(soft, sharp) == pytest.approx(-(1.2**2))


def test_the_fit_of_the_registrations_error_finds_the_law_that_pairs_were_drawn_by(modules):
    rng = np.random.default_rng(2)
    scatter, blur = rng.uniform(0.005, 0.02, 3000), rng.choice([0.0, 1.5], 3000)
    lean = rng.normal(0, 0.1, (3000, 2))
    spread = np.sqrt((0.8 * scatter) ** 2 / 2 + (0.01 * blur) ** 2)
    error = 0.2 * lean + spread[:, None] * rng.standard_t(4, (3000, 2))
    pairs = [
        modules.registration.Case(
            case="clear",
            seed=n,
            size="full",
            error=tuple(error[n]),
            stated_px=scatter[n],
            interval_px=None,
            shadow=(0.0, 0.0),
            lean=tuple(lean[n]),
            reason=None,
            cpu_s=0.0,
            blur_px=blur[n],
        )
        for n in range(3000)
    ]
    law = modules.registration.fit(pairs)
    assert law["lean_m"] == pytest.approx(0.2, abs=0.01)
    assert law["blur"] == pytest.approx(0.01, rel=0.2)
    assert law["scatter"] == pytest.approx(0.8, rel=0.25)


@pytest.fixture
def event(modules):
    """Make an event of an outline."""

    def make(outline, kind="containers", direction="appeared", masked=0.0, shadow=(0.0, 0.0)):
        left, bottom, right, top = outline.bounds
        return modules.scenes.Event(
            id=f"{kind}{left:.0f}",
            kind=kind,
            direction=direction,
            length_m=max(right - left, top - bottom),
            width_m=min(right - left, top - bottom),
            colour="grey",
            contrast=0.5,
            masked_fraction=masked,
            outline=outline,
            shadow_m=shadow,
        )

    return make


# --- scoring ---------------------------------------------------------------------------------------------------------


def test_one_blob_over_two_events_credits_one(modules, event):
    events = [event(box(0, 0, 60, 20)), event(box(70, 0, 130, 20))]
    held = modules.event_scores.match(events, [box(0, 0, 130, 20)], PIXEL_M)
    assert len(held.credited) == 1
    assert held.false == ()


def test_a_blob_over_everything_credits_none_and_is_false(modules, event):
    held = modules.event_scores.match([event(box(0, 0, 60, 20))], [box(-300, -300, 300, 300)], PIXEL_M)
    assert held.credited == {}
    assert held.false == (0,)


def test_a_second_piece_of_an_event_is_a_duplicate_and_so_is_one_in_its_shadow(modules, event):
    events = [event(box(0, 0, 100, 20), shadow=(0.0, 30.0))]
    regions = [box(0, 0, 60, 20), box(70, 0, 100, 20), box(10, 30, 90, 45), box(10, -60, 90, -45)]
    held = modules.event_scores.match(events, regions, PIXEL_M)
    assert held.credited == {0: 0}
    assert held.duplicates == {1: 0, 2: 0}
    assert held.false == (3,)


@pytest.mark.parametrize(("kind", "width", "found"), [("containers", 8, False), ("rail_cars", 8, True)])
def test_a_train_needs_half_the_overlap(modules, event, kind, width, found):
    outline, region = box(0, 0, 200, 1), box(0, 0, 200, width)
    assert modules.event_scores.match([event(outline, kind)], [region], PIXEL_M).credited == ({0: 0} if found else {})


def test_most_events_win_before_best_overlap(modules, event):
    # The first region fits both events, the second only the first; greedy by overlap would leave one event out.
    events = [event(box(0, 0, 100, 20)), event(box(60, 0, 160, 20))]
    regions = [box(20, 0, 120, 20), box(0, 0, 40, 20)]
    held = modules.event_scores.match(events, regions, PIXEL_M)
    assert held.credited == {0: 1, 1: 0}


def test_a_heap_whose_outline_crosses_itself_is_matched_like_any_other(modules, event):
    uneven = Polygon([(0, 0), (40, 0), (40, 20), (0, 20), (4, 24), (2, 18)])
    assert not uneven.is_valid
    held = modules.event_scores.match([event(uneven, "stockpile")], [box(0, 0, 40, 20)], PIXEL_M)
    assert held.credited == {0: 0}


def test_without_events_every_region_is_false_and_without_regions_nothing_is_found(modules, event):
    assert modules.event_scores.match([], [box(0, 0, 9, 9)], PIXEL_M).false == (0,)
    empty = modules.event_scores.match([event(box(0, 0, 60, 20))], [], PIXEL_M)
    assert (empty.credited, empty.duplicates, empty.false) == ({}, {}, ())


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 150), st.integers(0, 150), st.integers(5, 80), st.integers(5, 80)), max_size=5),
    st.lists(st.tuples(st.integers(0, 150), st.integers(0, 150), st.integers(5, 80), st.integers(5, 80)), max_size=5),
)
def test_every_region_is_one_thing_and_credits_one_event(events, regions):
    scores = importlib.import_module("event_scores")
    truth = [
        SimpleNamespace(outline=box(x, y, x + w, y + h), kind="cover", shadow_m=(0.0, 5.0)) for x, y, w, h in events
    ]
    held = scores.match(truth, [box(x, y, x + w, y + h) for x, y, w, h in regions], PIXEL_M)
    everyone = [*held.credited.values(), *held.duplicates, *held.false]
    assert sorted(everyone) == list(range(len(regions)))
    assert all(value >= scores.LEAST_IOU for value in held.iou.values())


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    # Newcombe 1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E, table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_intervals_are_those_published(modules, hits, trials, low, high):
    assert modules.event_scores.wilson(hits, trials) == pytest.approx((low, high), abs=5e-5)


def test_no_trials_give_no_interval(modules):
    assert modules.event_scores.wilson(0, 0) is None


# --- results and tables ----------------------------------------------------------------------------------------------


def saved_scene(modules, folder, events, case="clear", seed=1):
    """Write a scene without images or zones; what a method says of it is made up."""
    scene = modules.scenes.Scene(
        name=folder.name,
        suite="rendered",
        case=case,
        seed=seed,
        null=not events,
        before="b.tif",
        after="a.tif",
        aoi=None,
        crs=None,
        pixel_m=1.0,
        shift_px=(0.5, -0.25),
        zone_km2=0.2,
        events=tuple(events),
    )
    folder.mkdir(parents=True)
    scene.save(folder)
    return scene


def test_a_scene_is_read_back_as_it_was_saved(modules, event, tmp_path):
    scene = saved_scene(modules, tmp_path / "one", [event(box(0, 0, 60, 20), shadow=(1.0, 2.0))])
    assert modules.scenes.Scene.load(tmp_path / "one") == scene
    assert modules.scenes.find(tmp_path) == [tmp_path / "one"]


def test_a_scene_of_another_version_is_refused(modules, tmp_path):
    saved_scene(modules, tmp_path / "one", [])
    path = tmp_path / "one" / "scene.json"
    path.write_text(path.read_text().replace('"schema_version": 1', '"schema_version": 99'))
    with pytest.raises(ValueError, match="version 99"):
        modules.scenes.Scene.load(tmp_path / "one")


def findings(modules, shapes, directions, unknown=None):
    features = tuple(
        {"id": f"R{n}", "direction": d, "length_m": s.bounds[2] - s.bounds[0], "strength": 9.0}
        for n, (s, d) in enumerate(zip(shapes, directions, strict=True))
    )
    return modules.scene_scores.Findings(
        shapes=tuple(shapes), features=features, crs=None, shift_px=(0.5, -0.2), unknown=unknown
    )


def test_a_result_says_what_was_found_which_way_and_how_long(modules, event, tmp_path):
    saved_scene(modules, tmp_path / "one", [event(box(0, 0, 60, 20)), event(box(0, 100, 90, 120))])
    said = findings(modules, [box(0, 0, 50, 20), box(500, 0, 530, 20)], ["disappeared", "appeared"])
    (row,) = modules.accuracy.run([tmp_path / "one"], lambda _folder, _scene: said)
    first, second = row["events"]
    assert (first["found"], first["direction_ok"], first["length_error_m"]) == ("R0", False, -10.0)
    assert second["found"] is None
    assert [g["status"] for g in row["regions"]] == ["matched", "false"]
    assert json.loads(json.dumps(row)) == json.loads(json.dumps(row, allow_nan=False))


def test_a_scene_on_which_the_method_raises_is_a_row_with_its_reason_and_finds_nothing(modules, event, tmp_path):
    def broken(_folder, _scene):
        raise ValueError("no ground left")

    saved_scene(modules, tmp_path / "one", [event(box(0, 0, 60, 20))])
    saved_scene(modules, tmp_path / "two", [])
    rows = modules.accuracy.run([tmp_path / "one", tmp_path / "two"], broken)
    assert rows[0]["error"] == "ValueError: no ground left"
    table = modules.accuracy_tables.tables(rows)
    assert "0/1 0%" in table
    assert "no ground left" in table


def test_masked_events_are_counted_apart(modules, event, tmp_path):
    saved_scene(modules, tmp_path / "one", [event(box(0, 0, 90, 20), masked=0.9), event(box(0, 100, 90, 120))])
    rows = modules.accuracy.run(
        [tmp_path / "one"], lambda _folder, _scene: findings(modules, [box(0, 100, 90, 120)], ["appeared"])
    )
    assert len(modules.accuracy_tables.events_of(rows)) == 1
    assert "1/1 100%" in modules.accuracy_tables.by_case(rows)
    assert "0, 0, 1" in modules.accuracy_tables.by_case(rows), "a masked event that is neither found nor unknown"


def test_events_missed_on_ground_said_not_to_be_searched_are_shown_apart_and_stay_missed(modules, event, tmp_path):
    events = [event(box(0, 0, 90, 20)), event(box(0, 100, 90, 120)), event(box(0, 200, 90, 220))]
    saved_scene(modules, tmp_path / "one", events)
    grid = Grid(crs=None, transform=Affine(10.0, 0.0, 0.0, 0.0, 10.0, 0.0), shape=(30, 10))
    blind = np.zeros(grid.shape, bool)
    blind[:15] = True  # under the first two; the second is found all the same
    said = replace(findings(modules, [box(0, 100, 90, 120)], ["appeared"]), grid=grid, blind=blind)
    rows = modules.accuracy.run([tmp_path / "one"], lambda _folder, _scene: said)
    assert [e["blind"] for e in rows[0]["events"]] == [1.0, 1.0, 0.0]
    table = modules.accuracy_tables.by_case(rows)
    assert "1/3 33%" in table
    assert "  1, 1  " in table, "missed: one not searched, one searched"


@pytest.mark.parametrize("name", ["event_scores", "accuracy_tables"])
def test_examples_in_the_scripts_are_true(modules, name):
    told = doctest.testmod(getattr(modules, name))
    assert told.attempted > 0
    assert told.failed == 0


def test_a_map_of_change_becomes_regions_of_the_least_size(modules):
    grid = Grid(crs="EPSG:32652", transform=Affine(3.0, 0.0, 500_000.0, 0.0, -3.0, 4_600_000.0), shape=(40, 40))
    changed = np.zeros(grid.shape, bool)
    changed[5:10, 5:25] = changed[10:12, 25:30] = True  # two pieces that touch at a corner
    changed[30:33, 30:33] = True  # 81 m2
    (found,) = modules.scene_maps.patches(changed, grid, 120.0)
    assert found.area == pytest.approx(9.0 * 110)
    assert modules.scene_maps.longest(box(0, 0, 30, 50)) == pytest.approx(50.0)


def scenes_saying(**said):
    """Return 100 null scenes of 1 km2 with one false region each, which says these things of itself."""
    region = {"status": "false", **said}
    return [{"case": "clear", "null": True, "error": None, "zone_km2": 1.0, "regions": [region]} for _ in range(100)]


@pytest.mark.parametrize(
    ("stated", "verdicts"),
    [
        (0.9, ["NOT within", "within", "not checked"]),  # 100 seen of 1000 expected at 10, of 100 at 1, of 10 at .1
        (0.05, ["NOT within", "within", "not checked"]),
        (9.0, ["NOT within", "NOT within", "not checked"]),
    ],
)
def test_a_stated_rate_is_held_against_what_was_seen(modules, stated, verdicts):
    told = modules.calibration_tables.rates(scenes_saying(false_alarms_per_km2=stated)).splitlines()[1:]
    assert [v in line for v, line in zip(verdicts, told, strict=True)] == [True] * 3
    assert ": within" in told[1] or stated == 9.0


def test_nothing_is_said_of_rates_and_probabilities_that_no_region_states(modules):
    assert modules.calibration_tables.calibration(scenes_saying()) == ""


def test_a_probability_that_is_never_right_is_worse_than_a_constant_and_thin_bins_stay_hidden(modules):
    told = modules.calibration_tables.reliability(scenes_saying(p_change=0.9))
    assert "0.80-0.95  n 100  said 0.900  true 0.000 (0.000-0.037)" in told
    assert "0.95-1.00  n 0: too few to show" in told
    assert "Brier 0.8100; of a constant 0.0000" in told


def test_probabilities_are_held_against_events_as_rare_as_the_prior_says(modules):
    # 100 km2 hold 900 events where the prior says 100: each true region weighs a ninth, and .5 is right, not .9.
    regions = [{"status": "false", "p_change": 0.5}, *({"status": "matched", "p_change": 0.5} for _ in range(9))]
    scene = {"case": "clear", "null": False, "error": None, "zone_km2": 1.0, "regions": regions, "events": [{}] * 9}
    told = modules.calibration_tables.reliability([scene] * 100)
    assert "0.20-0.80  n 1000  said 0.500  true 0.500" in told
    assert "Brier 0.2500; of a constant 0.2500\n" in told
    assert "Brier 0.2500; of a constant 0.0900, unweighed" in told


# --- the second stage ------------------------------------------------------------------------------------------------


@pytest.fixture
def candidates(modules):
    """Return 100 scenes of 1 km2, half of them null, with ten candidates each; ``signal`` is 2 more of a true one."""
    rng = np.random.default_rng(7)

    def scene(number):
        null, case = number % 2 == 1, ("clear", "haze")[number // 50]
        true = np.zeros(10, bool) if null else np.arange(10) < 5
        signal, noise = rng.normal(2.0 * true, 1.0), rng.normal(0.0, 1.0, 10)
        regions = [
            {
                "status": "matched" if t else "false",
                "event": f"e{k}" if t else None,
                "traits": {"signal": s, "noise": n, "wrong": s * (1 if case == "clear" else -1), "firm": 1.0},
            }
            for k, (t, s, n) in enumerate(zip(true, signal, noise, strict=True))
        ]
        events = [{"id": f"e{k}", "asked": True, "masked": False} for k in range(6 * (not null))]
        about = {"name": str(number), "suite": "rendered", "case": case, "seed": number, "null": null, "zone_km2": 1.0}
        about["error"] = None
        return about | {"regions": regions, "events": events}

    rows = [scene(k) for k in range(100)]
    return rows, modules.second_stage.Candidates.of(rows)


def test_the_weight_that_is_fitted_is_that_of_the_law_the_candidates_were_drawn_from(modules, candidates):
    _, found = candidates
    stage = modules.second_stage.fit(found, ("signal", "noise"), np.ones(1000, bool))
    # Normal laws 2 apart with a deviation of 1: the log odds rise by 2 a unit.
    assert stage.weight[0] / stage.spread[0] == pytest.approx(2.0, abs=0.3)
    assert stage.weight[1] == pytest.approx(0.0, abs=0.2)


def test_a_trait_that_works_on_one_nuisance_alone_is_found_out_by_leaving_it_out(modules, candidates):
    _, found = candidates
    true = found.status == "matched"
    alone = modules.second_stage.left_out(found, ["wrong"], found.case)
    inside = modules.second_stage.left_out(found, ["signal"], found.case)
    assert alone[true].mean() < alone[~true].mean()
    assert inside[true].mean() > inside[~true].mean() + 1.0


def test_real_ground_beside_rendered_scenes_has_its_say_in_the_weights_and_none_where_it_is_left_out(
    modules, candidates
):
    _, found = candidates
    stages, every = modules.second_stage, np.ones(1000, bool)
    # On the real ground the trait works the other way round, and there is as much of it.
    real = replace(found, traits=-found.traits, case=np.where(found.case == "clear", "here", "there"))
    alone, both = (stages.fit(found, ["signal"], every, beside) for beside in (None, real))
    assert (alone.middle, alone.spread) == (both.middle, both.spread)
    assert both.weight[0] < 0.5 * alone.weight[0]
    told = stages.background_left_out(found, ["signal"], real)
    turned = replace(real, status=np.where(real.case == "here", "false", real.status))
    here = real.case == "here"
    np.testing.assert_array_equal(stages.background_left_out(found, ["signal"], turned)[here], told[here])
    rows = stages.on_real_ground(found, found.columns(["signal"])[:, 0], real, {"told": told}).splitlines()
    assert [row.split()[0] for row in rows[2:]] == ["told", "here", "there"]


def test_scores_of_a_fold_do_not_depend_on_what_its_candidates_were(modules, candidates):
    _, found = candidates
    fold = modules.second_stage.folds(found)
    told = modules.second_stage.left_out(found, ["signal"], fold)
    other = replace(found, status=np.where(fold == 0, "false", found.status))
    np.testing.assert_array_equal(modules.second_stage.left_out(other, ["signal"], fold)[fold == 0], told[fold == 0])


def test_at_equal_false_alarms_the_ranking_with_the_signal_finds_more(modules, candidates):
    _, found = candidates
    ranks = {"signal": found.columns(["signal"])[:, 0], "noise": found.columns(["noise"])[:, 0]}
    lines = {
        line.split()[0]: line for line in modules.second_stage.worth(found, ranks).splitlines() if "theirs" not in line
    }
    # The last column is that of 2 false a km2, of ten.
    assert float(lines["signal"].split()[-2]) > float(lines["noise"].split()[-2]) + 0.2
    assert float(lines["floor"].split()[-2]) == pytest.approx(250 / 300, abs=1e-3)


def test_each_nuisance_has_a_row_of_what_is_found_and_what_is_false(modules, candidates):
    _, found = candidates
    score = found.columns(["signal"])[:, 0]
    rows = modules.second_stage.by_nuisance(found, score, 10.0).splitlines()[2:]
    # At ten a km2 every candidate is told, as the levels alone tell them: 25 scenes of each kind and nuisance.
    assert [row.split() for row in rows] == [[case, *["125", "250", "125"] * 2] for case in ("clear", "haze")]


def test_the_likelihood_ratio_is_that_of_the_two_laws_and_never_falls(modules, candidates):
    _, found = candidates
    curve = modules.calibrate.likelihood_ratio(found, found.columns(["signal"])[:, 0])
    at, ratio = curve["ratio_score"], curve["log_ratio"]
    assert ratio == sorted(ratio)
    # 250 true of 300 events against 750 false on 100 km2, and normal laws 2 apart.
    expected = [np.log(250 / 300) - np.log(750 / 100) + 2.0 * s - 2.0 for s in at]
    assert ratio[3:-1] == pytest.approx(expected[3:-1], abs=0.5)


@pytest.fixture
def told(modules, candidates):
    """Return the candidates' scenes with what a table of the other folds says of each."""
    rows, found = candidates
    stage = modules.second_stage.fit(found, ("signal",), np.ones(1000, bool))
    return modules.calibrate.as_told(rows, stage, found.columns(["signal"])[:, 0])


def test_probabilities_of_candidates_left_out_are_right_and_better_than_a_constant(modules, told):
    stated = modules.calibration_tables.Stated.of(told)
    ours, constant = stated.brier(stated.weight)
    assert ours < 0.7 * constant
    for one in stated.bins():
        assert one.limits is None or one.limits[0] - 0.02 <= one.said <= one.limits[1] + 0.02


def test_rates_of_candidates_left_out_are_right(modules, told):
    lines = modules.calibration_tables.rates(told).splitlines()
    # On 50 km2 500 are expected at 10 and 50 at 1.
    assert ": within a factor 2" in lines[1]
    assert ": within a factor 2" in lines[2]


def test_the_table_that_is_written_is_one_the_package_reads(modules, candidates):
    rows, found = candidates
    stage = modules.second_stage.fit(found, ("signal",), np.ones(1000, bool))
    table = modules.calibrate.table_of(stage, found, found.columns(["signal"])[:, 0], rows)
    calibration = Calibration.of_table(json.loads(json.dumps(table)))
    assert calibration.stage == stage
    # All 500 false regions on 50 km2 are ten a km2; fewer than eight bear no rate out.
    assert calibration.most_rate == pytest.approx(10.0)
    assert calibration.least_rate == pytest.approx(8 / 50)


def test_too_few_candidates_are_refused_with_what_is_needed(modules, candidates, tmp_path, monkeypatch):
    rows, _ = candidates
    (tmp_path / "few.json").write_text(json.dumps({"scenes": rows[:4]}), encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["calibrate.py", "--results", str(tmp_path / "few.json")])
    with pytest.raises(SystemExit, match="at least 40 are needed"):
        modules.calibrate.main()


def test_the_figure_of_reliability_is_drawn(modules, told, tmp_path):
    modules.calibration_figure.draw(tmp_path / "reliability.png", told)
    assert (tmp_path / "reliability.png").stat().st_size > 10_000


# --- seeds -----------------------------------------------------------------------------------------------------------


def test_no_seed_is_in_two_blocks(modules):
    seeds = json.loads((BENCHMARKS / "seeds.json").read_text())
    spans = sorted([seeds["design"], *(b["seeds"] for b in seeds["blocks"])])
    assert all(first <= last for first, last in spans)
    assert all(one[1] < other[0] for one, other in pairwise(spans))
    needed = modules.accuracy.CASE_STEP * len(modules.nuisances.CASES)
    assert all(last - first + 1 >= needed for first, last in spans)


def test_a_block_not_spent_in_the_last_commit_is_refused(modules, monkeypatch):
    monkeypatch.setattr(modules.accuracy, "_committed_as_spent", lambda block: block == "2")
    with pytest.raises(SystemExit, match="does not call it spent"):
        modules.accuracy.first_seed("1")
    assert modules.accuracy.first_seed("2") == 200_000
    assert modules.accuracy.first_seed("1", drawn_only=True) == 100_000, "drawing is not looking"
    with pytest.raises(SystemExit, match="has 'design' and 1, 2"):
        modules.accuracy.first_seed("999")


def test_only_scenes_of_blocks_given_to_the_design_are_fitted_on(modules, tmp_path, monkeypatch):
    seeds = {
        "blocks": [
            {"block": 1, "seeds": [100, 199], "given_to_design": {"date": "2026-11-26"}},
            {"block": 2, "seeds": [200, 299]},
        ]
    }
    (tmp_path / "seeds.json").write_text(json.dumps(seeds))
    monkeypatch.setattr(modules.accuracy, "SEEDS", tmp_path / "seeds.json")
    for case, seed in (("clear", 150), ("redrawn", 160), ("clear", 250)):
        folder = tmp_path / str(seed // 100) / f"{case}_{seed}_null"
        saved_scene(modules, folder, (), case=case, seed=seed)
    assert [f.name for f in modules.calibrate.given_scenes([tmp_path / "1"])] == ["clear_150_null"]
    with pytest.raises(SystemExit, match="seed 250 is of no block"):
        modules.calibrate.given_scenes([tmp_path / "1", tmp_path / "2"])


# --- drawing ---------------------------------------------------------------------------------------------------------


def test_the_same_seed_draws_the_same_and_another_seed_another(modules):
    one, again, other = (modules.rendered.plan("mixed", seed, null=False) for seed in (5001, 5001, 5002))
    assert one == again
    assert one.came + one.went != other.came + other.went


def test_a_null_scene_has_no_events_and_the_nuisances_of_its_seed(modules):
    null, events = (modules.rendered.plan("haze", 5003, null=n) for n in (True, False))
    assert null.came == null.went == ()
    assert null.weather == events.weather
    assert null.worlds[0] == null.worlds[1]


@pytest.mark.parametrize("seed", [5001, 5004])
def test_six_events_stand_clear_of_each_other_and_of_buildings(modules, seed):
    drawn = modules.rendered.plan("clutter", seed, null=False)
    events = drawn.came + drawn.went
    assert len(events) == 6
    gap = modules.harbour_events.EVENT_GAP_M - 0.5  # buffers are polygons, a little inside the circle
    assert all(a.footprint.distance(b.footprint) >= gap for a, b in combinations(events, 2))
    solid = union_all([p.polygon for p in drawn.harbour.world.fixed])
    assert all(e.footprint.distance(solid) >= modules.harbour_events.FIXED_GAP_M - 0.2 for e in events)
    stays = union_all([t.footprint for t in drawn.harbour.world.things])
    assert not any(e.footprint.intersects(stays) for e in events)


def test_what_comes_and_goes_in_redrawn_is_small(modules):
    drawn = modules.rendered.plan("redrawn", 5005, null=True)
    flitting = drawn.flitting[0] + drawn.flitting[1]
    assert flitting
    assert max(t.footprint.area for t in flitting) < 120.0


@pytest.mark.parametrize("case", ["large_shift", "sun", "tilt", "snow", "cloud", "mixed"])
def test_a_case_draws_what_it_says(modules, case):
    looks = modules.nuisances.draw_weather(case, np.random.default_rng(1)).looks
    (e0, n0), (e1, n1) = (k.pointing_error_m for k in looks)
    said = {
        "large_shift": 9.0 <= np.hypot(e1 - e0, n1 - n0) <= 45.0,
        "sun": True,
        "tilt": max(k.view.off_nadir_deg for k in looks) >= 8.0,
        "snow": max(k.snow for k in looks) >= 0.1,
        "cloud": sum(k.cloud is not None for k in looks) == 1,
        "mixed": True,
    }
    assert said[case]
    assert looks[0].time < looks[1].time
    assert min(modules.nuisances.sun_deg(k.time) for k in looks) > 10.0


@pytest.fixture(scope="module")
def made(modules, tmp_path_factory):
    """One scene, rendered and written (about 5 s)."""
    folder = tmp_path_factory.mktemp("scenes")
    scene = modules.rendered.make_scene("misregistration", 5002, folder, null=False)
    return modules.rendered.folder_of("misregistration", 5002, folder, null=False), scene


@pytest.mark.slow
def test_a_scene_is_whole_and_taken_from_the_cache(modules, made):
    folder, scene = made
    image = folder / scene.before
    age = image.stat().st_mtime_ns
    assert modules.rendered.make_scene("misregistration", 5002, folder.parents[1], null=False) == scene
    assert image.stat().st_mtime_ns == age
    assert modules.scenes.find(folder.parent) == [folder]


def test_an_apron_that_touches_itself_in_degrees_is_drawn_without_the_neck(modules):
    harbour = random_harbour(16523)
    apron = modules.harbour_events.apron_of(harbour)
    assert not reproject(apron, harbour.world.crs, "EPSG:4326").is_valid
    (drawn,) = (z.polygon for z in modules.rendered.zones_of(harbour, "x").zones if z.name == "apron")
    assert reproject(drawn, harbour.world.crs, "EPSG:4326").is_valid
    assert drawn.area == pytest.approx(apron.area, rel=1e-6)


@pytest.mark.slow
def test_zones_of_a_scene_are_without_fault_and_their_area_is_told(made):
    folder, scene = made
    assert not [f for f in check_aoi(str(folder / scene.aoi)) if f.level == "fault"]
    aoi = load_aoi(str(folder / scene.aoi)).in_crs(scene.crs)
    assert {z.kind for z in aoi.zones} == {"berth", "yard", "rail"}
    assert union_all([z.polygon for z in aoi.zones]).area / 1e6 == pytest.approx(scene.zone_km2, rel=1e-3)


@pytest.mark.slow
def test_an_event_lies_where_the_images_show_it_and_is_there_on_its_date_only(made):
    folder, scene = made
    ships = [e for e in scene.events if e.contrast and e.contrast > 0.8 and e.kind != "rail_cars"]
    assert ships
    with rasterio.open(folder / scene.before) as one, rasterio.open(folder / scene.after) as two:
        transform = one.transform
        # Half the true shift each way brings both images to their mean, where the outlines are.
        half = np.array(scene.shift_px) / 2.0
        before = shifted(one.read(4).astype(float), half, order=1, mode="nearest")
        after = shifted(two.read(4).astype(float), -half, order=1, mode="nearest")
    change = np.abs(np.log(after / before))
    for event in ships:
        inside = rasterio.features.rasterize([event.outline], out_shape=change.shape, transform=transform) == 1
        around = rasterio.features.rasterize(
            [event.outline.buffer(60.0).difference(event.outline.buffer(45.0))],
            out_shape=change.shape,
            transform=transform,
        )
        assert np.median(change[inside]) > 2.0 * np.median(change[around == 1])


@pytest.mark.slow
def test_the_command_prints_tables_and_writes_what_two_runs_are_compared_by(modules, made, tmp_path, capsys):
    folder, scene = made
    files = [tmp_path / "results.json", tmp_path / "regions.csv"]
    words = ["folder", "--scenes", str(folder), "--json", str(files[0]), "--region-features", str(files[1])]
    modules.accuracy.main(words)
    told = capsys.readouterr()
    assert "misregistration" in told.out
    assert "1/1" in told.err
    (row,) = json.loads(files[0].read_text())["scenes"]
    assert row["error"] is None
    assert [e["id"] for e in row["events"]] == [e.id for e in scene.events]
    assert len(files[1].read_text().splitlines()) == 1 + len(row["regions"])
    assert any(e["found"] for e in row["events"]), "a ship on calm water is found"
    same = {row["name"]: row}
    assert "0 gained, 0 lost" in modules.accuracy_diff.difference(same, same)


@pytest.mark.slow
def test_the_shift_told_is_the_one_measured_in_each_band(made):
    folder, scene = made
    with rasterio.open(folder / scene.before) as one, rasterio.open(folder / scene.after) as two:
        before, after = (f.read().astype("float32") / 1e4 for f in (one, two))
    bare = np.ones(before.shape[1:], bool)
    for image in (before, after):
        bare &= (image[3] - image[2]) < 0.3 * (image[3] + image[2])
    own = np.array(scene.nuisance["band_shift_px"])
    assert np.abs(own.mean(axis=0)).max() < 0.002
    for band in range(4):
        found = estimate_shift(before[[band]], after[[band]], bare, max_shift_px=5.0, tile_px=128, sample_px=1_500_000)
        # Tall things lean apart by a tenth of a pixel between two views near nadir.
        assert (found.rows, found.cols) == pytest.approx(np.array(scene.shift_px) + own[band], abs=0.15)


def test_masks_are_counted_over_all_scenes_before_they_are_scored(modules):
    counts = modules.sky.Counts
    found, true = np.zeros((4, 10), bool), np.zeros((4, 10), bool)
    found[0, :8], true[0, 2:], true[1, :2] = True, True, True
    total = counts.of_masks(found, true) + counts.of_masks(~found & False, true)
    assert total == counts(both=6, found=8, true=20, of=80)
    assert total.scores == (6 / 20, 6 / 8, 6 / 22)
    assert counts.of_masks(found, true & False).scores[0] is None


def test_snow_lies_where_an_image_is_nearer_to_snow_than_to_the_bare_ground_of_the_other_date(modules):
    bare = np.full((4, 5, 6), 0.1, np.float32)
    now = bare.copy()
    now[:, :2] = 0.7
    now[:, 2] = 0.3
    lies = modules.sky._white_now(now, bare)
    assert lies[:2].all()
    assert not lies[2:].any()


def test_without_the_library_the_check_of_omnicloudmask_says_what_to_install():
    words = (
        "import runpy, sys; sys.modules['omnicloudmask'] = None; runpy.run_path(sys.argv.pop(), run_name='__main__')"
    )
    script = str(BENCHMARKS / "learned_sky.py")
    run = subprocess.run([sys.executable, "-c", words, script], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr.strip() == "omnicloudmask is not installed: pip install '.[omnicloudmask]'"


@pytest.mark.parametrize("name", sorted(p.stem for p in BENCHMARKS.glob("*.py")))
def test_every_benchmark_can_be_started(name):
    """One whose import breaks makes no figure, and nothing else would tell."""
    importlib.import_module(name)
