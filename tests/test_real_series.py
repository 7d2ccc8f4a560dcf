"""The benchmark of real series: what it draws, puts in and counts."""

import doctest
import json
from dataclasses import replace

import numpy as np
import pytest
from affine import Affine
from shapely import Polygon

DATES = tuple(f"2017-07-{day:02d}T10:00:00" for day in range(1, 4))


@pytest.fixture(scope="module")
def real_series(benchmark):
    return benchmark("real_series")


@pytest.fixture
def stack(real_series):
    cloud = np.zeros((3, 101, 100), np.uint8)
    cloud[2, :50] = 1
    ndvi = np.full(cloud.shape, 0.7, np.float32)
    return real_series.Stack(dates=DATES, ndvi=ndvi, cloud=cloud, transform=Affine(10, 0, 465_000, 0, -10, 5_080_000))


def cell(module, zone, date, state, **said):
    said = {"reason": "", "things": (), "kinds": (), "lengths_m": ()} | said
    return module.Cell(zone=zone, date=f"{date} 10:10", state=state, **said)


def run_of(module, cells):
    said = {"looks": 2, "refused": {}, "events": (), "expected_false": None, "closures_m": (), "caveats": ()}
    return module.Told(cells=tuple(cells), cpu_s=1.0, base_mb=100.0, peak_mb=200.0, **said)


def test_its_examples_hold(real_series):
    assert doctest.testmod(real_series).failed == 0


def test_twelve_squares_of_80_to_100_m_lie_in_the_stack_apart_from_each_other(real_series, stack):
    rings = [Polygon(ring) for _, _, ring in real_series.squares(stack)]
    assert len(rings) == 12
    assert all(80**2 <= r.area <= 100**2 for r in rings)
    assert all(r.within(Polygon([(465e3, 508e4), (466e3, 508e4), (466e3, 507899e1), (465e3, 507899e1)])) for r in rings)
    assert not any(a.intersects(b) for k, a in enumerate(rings) for b in rings[:k])


def test_a_step_falls_on_80_by_40_m_of_the_clear_looks_from_its_date_on(real_series, stack):
    ring = real_series.squares(stack)[0][2]
    stepped = stack.with_step(ring, 1)
    differs = stepped.ndvi != stack.ndvi
    assert not differs[0].any()
    assert 24 <= differs[1].sum() <= 45
    assert np.abs(stepped.ndvi[1][differs[1]] - 0.1).max() < 0.06
    assert not differs[2].any()


def test_a_look_is_written_with_its_time_and_its_mask(stack, tmp_path):
    from imagery_diff.read.given import Given
    from imagery_diff.read.scenes import open_scene

    image = stack.write(tmp_path)[2]
    info = open_scene(image.path, Given(mask=image.mask))
    assert f"{info.acquired:%Y-%m-%dT%H:%M:%S}" == DATES[2]
    flags = info.source.read(0, 0, (101, 100), (0,)).flags
    assert (flags[:50] != 0).all()
    assert (flags[50:] == 0).all()


def test_a_wrong_state_is_counted_and_listed_and_an_unmarked_cell_is_not(real_series):
    cells = [
        cell(real_series, "a", "2020-01-01", "no"),
        cell(real_series, "a", "2020-01-02", "yes", things=("vessel 63 m",), kinds=("vessel",), lengths_m=(63.0,)),
        cell(real_series, "b", "2020-01-01", "unknown", reason="cloud"),
    ]
    truth = {("a", "2020-01-01"): "yes", ("a", "2020-01-02"): "no"}
    said = real_series.scored(run_of(real_series, cells), truth)
    assert "Wrong no: marked yes\nberth  date        told\na      2020-01-01" in said
    assert "a      2020-01-02  vessel 63 m" in said
    assert "Unknown, by reason\nnone" in said


def test_two_markers_are_held_against_each_other_with_and_without_what_is_unclear(real_series):
    first = {("a", "1"): "yes", ("a", "2"): "no", ("a", "3"): "unclear", ("a", "4"): "no"}
    said = real_series.agreement(first, {**first, ("a", "3"): "no"})
    assert "all cells: 3/4" in said
    assert "where neither says unclear: 3/3 100% (44-100), kappa 1.00" in said


def test_every_berth_has_a_mark_on_each_of_the_eight_dates(real_series):
    document = json.loads((real_series.HERE / "venice_berths.json").read_text(encoding="utf-8"))
    names = {b["name"] for b in document["berths"]}
    for path in sorted(real_series.HERE.glob("venice_marks_*.csv")):
        marks = real_series.read_marks(path)
        dates = {date for _, date in marks}
        assert set(marks) == {(n, d) for n in names for d in dates}
        assert len(dates) == 8
        assert set(marks.values()) <= {"yes", "no", "unclear"}


def test_a_step_counts_as_told_only_by_an_event_whose_window_holds_it(real_series):
    told = {"event": "cargo_appeared", "zone": "z01", "not_before": "2017-07-01 10:00", "length_m": "74"}
    cells = [cell(real_series, "z01", "2017-07-05", "yes"), cell(real_series, "z01", "2017-07-10", "unknown")]
    plain = run_of(real_series, cells)
    for until, right in (("2017-07-05 10:00", True), ("2017-07-03 10:00", False)):
        run = replace(plain, events=({**told, "not_after": until},))
        said = real_series.steps_table([("z01", run)], plain, "2017-07-05T10:00:26")
        assert said.startswith(f"Steps told with a window that holds them: {int(right)} of 1")
        assert "1/2" in said


def test_an_arrival_is_right_only_if_the_marks_say_no_before_its_window_and_yes_at_its_end(real_series):
    event = {"event": "vessel_arrived", "zone": "a", "not_before": "2020-01-01 10:10", "not_after": "2020-01-02 10:10"}
    run = replace(run_of(real_series, []), events=(event,))
    cases = {("no", "yes"): "1      0", ("no", "no"): "0      1", ("yes", "yes"): "0      0"}
    for (before, after), counts in cases.items():
        said = real_series.events_scored(run, {("a", "2020-01-01"): before, ("a", "2020-01-02"): after})
        assert f"vessel_arrived   {counts}" in said
