"""What a pair would have missed: floors that stand in every answer, or None with a reason."""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from click.testing import CliRunner
from shapely import Point

from imagery_diff import compare, pair_missed, samples, sensitivity
from imagery_diff.aoi import Zone
from imagery_diff.cli import main
from imagery_diff.errors import InputError
from imagery_diff.method.detection import Prior
from imagery_diff.pair_missed import curve_of, quick_curve
from imagery_diff.pair_places import KINDS
from imagery_diff.read.aois import load_aoi
from imagery_diff.result import Floor, Trial
from imagery_diff.write import comparison_table, regions_geojson, summary
from imagery_diff.write.sensitivity import picture, sensitivity_json, text
from imagery_diff.write.zone_sentences import floor_words

SCHEMAS = Path(__file__).resolve().parents[1] / "docs" / "reference" / "schemas"


def schema(name):
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def few():
    """Put in few things: what is tested is not how good the floors are (benchmarks/sensitivity.py)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pair_missed, "_SCOUTS", 2)
        patch.setattr(pair_missed, "_TRIALS", 30)
        yield


@pytest.fixture(scope="module")
def quiet(few):  # noqa: ARG001 - put in few things
    return compare("najin", *samples.pair("quiet"), sensitivity="full")


def trials(lengths, found, colour="green"):
    one = Trial(length_m=1, width_m=5, colour=colour, date="after", zone="z", found=True, contrast=0.5)
    return [replace(one, length_m=float(n), found=bool(f)) for n, f in zip(lengths, found, strict=True)]


def test_every_located_zone_that_holds_things_has_a_floor_or_a_reason(quiet):
    asked = [state for state in quiet.zones if state.zone.kind in KINDS]
    assert asked
    for state in asked:
        (floor,) = state.floors.values()
        assert floor.thing == KINDS[state.zone.kind]
        assert (floor.d90_high_m is None) == (floor.reason is not None)
    stated = [f.d90_high_m for s in asked for f in s.floors.values() if f.d90_high_m]
    # Found are things from about as large as the least region on; nine in ten of ships of 100 m cannot be missed.
    assert stated
    assert 10 < min(stated) < 100
    assert all(not state.floors for state in quiet.zones if state.zone.kind not in KINDS)


def test_the_upper_limit_is_no_shorter_than_the_length_itself(quiet):
    for curve in quiet.sensitivity.curves:
        floor = curve.floor
        if floor.d90_high_m is not None:
            assert floor.d50_m <= floor.d90_m <= floor.d90_high_m
        both = [t.date for t in curve.trials if t.colour == floor.colour]
        assert set(both) == {"before", "after"}


def test_the_floor_stands_in_the_table_the_summary_and_the_geojson(quiet):
    said = regions_geojson(quiet)["zones"]
    assert said == [{key: zone[key] for key in zone if key != "geometry"} for zone in summary(quiet)["zones"]]
    jsonschema.validate(regions_geojson(quiet), schema("regions"))
    jsonschema.validate(summary(quiet), schema("summary"))
    zone = next(z for z in said if z["kind"] == "berth" and z["located"])
    floor = zone["floors"]["vessel"]
    assert zone["floor_m"] == floor["d90_high_m"]
    assert "of the colours tested, would be missed at most one time in ten" in " ".join(comparison_table(quiet).split())


def test_without_being_asked_nothing_is_put_in():
    result = compare("najin", *samples.pair("quiet"))
    assert result.sensitivity is None
    assert all(state.floors == {} for state in result.zones)
    assert all(zone["floor_m"] is None for zone in summary(result)["zones"])


def test_the_files_hold_every_trial_and_keep_to_the_schema(quiet, tmp_path):
    found = quiet.sensitivity
    jsonschema.validate(sensitivity_json(found), schema("sensitivity"))
    folder = found.save(tmp_path / "out")
    assert sorted(p.name for p in folder.iterdir()) == ["manifest.json", "sensitivity.json", "sensitivity.png"]
    jsonschema.validate(json.loads((folder / "manifest.json").read_text(encoding="utf-8")), schema("manifest"))
    found.save(tmp_path / "out")  # a result of ours is replaced
    written = json.loads((folder / "sensitivity.json").read_text(encoding="utf-8"))
    for curve, kept in zip(found.curves, written["curves"], strict=True):
        assert sum(c["trials"] for c in kept["colours"]) == len(curve.trials) == len(kept["trials"])
    assert min(picture(found).size) > 500
    assert "RENDERED, NOT A SATELLITE IMAGE" in text(found)


@pytest.mark.usefixtures("few")
def test_the_verb_answers_with_a_table_and_its_files(tmp_path):
    words = ["sensitivity", "najin", *map(str, samples.pair("quiet")), "-o", str(tmp_path / "out")]
    answer = CliRunner().invoke(main, words)
    assert answer.exit_code == 0, answer.output
    assert "9 in 10 (m)" in answer.stdout
    assert (tmp_path / "out" / "sensitivity.json").exists()


@pytest.mark.usefixtures("few")
def test_the_same_pair_gives_the_same_answer(quiet):
    again = sensitivity("najin", *samples.pair("quiet"))
    assert sensitivity_json(again) == sensitivity_json(quiet.sensitivity)


def test_an_aoi_without_zones_is_refused():
    with pytest.raises(InputError, match="zones"):
        sensitivity("-", *samples.pair("quiet"))


@pytest.fixture(scope="module")
def hurried():
    return compare("najin", *samples.pair("quiet"), sensitivity="quick")


def test_the_quick_way_states_an_upper_limit_and_nothing_else(hurried):
    floors = [floor for state in hurried.zones for floor in state.floors.values()]
    assert all(floor.d50_m is None and floor.d90_m is None for floor in floors)
    assert {floor.how for floor in floors} == {"quick"}
    assert all((floor.d90_high_m is None) == (floor.reason is not None) for floor in floors)
    assert any(floor.d90_high_m for floor in floors)
    jsonschema.validate(sensitivity_json(hurried.sensitivity), schema("sensitivity"))
    assert sum(len(curve.trials) for curve in hurried.sensitivity.curves) <= 12


def test_misses_raise_the_quick_limit_and_finds_lower_it():
    prior = Prior(middle=np.log(25), middle_spread=0.2, slope=np.log(10), slope_spread=0.3, lapse=0.005)
    lengths = [28, 30, 32]
    found = quick_curve("yard", "green", trials(lengths, [1, 1, 1]), prior, (8, 150)).floor.d90_high_m
    missed = quick_curve("yard", "green", trials(lengths, [0, 1, 1]), prior, (8, 150)).floor.d90_high_m
    assert found < missed


def test_a_prior_alone_states_no_limit():
    prior = Prior(middle=np.log(25), middle_spread=0.2, slope=np.log(10), slope_spread=0.3, lapse=0.005)
    for few, reason in (([], "empty ground"), (trials([28, 30, 32], [0, 0, 0]), "0 of 3 put in were found")):
        floor = quick_curve("yard", "green", few, prior, (8, 150)).floor
        assert floor.d90_high_m is None
        assert reason in floor.reason


@pytest.mark.parametrize(("kind", "at"), [("yard", (130.2890, 42.2215)), ("berth", (130.2780, 42.2300))])
def test_a_zone_drawn_where_nothing_of_its_kind_can_lie_has_no_floor_and_says_why(kind, at):
    """A yard in the water, a berth on dry land: what a misplaced outline gives."""
    aoi = load_aoi("najin")
    circle = Point(*at).buffer(0.0006)
    zones = [z for z in aoi.zones if z.kind != kind and z.kind in {"yard", "berth"}]
    lone = Zone(name="lone", kind=kind, polygon=circle, crs=aoi.crs)
    found = compare(replace(aoi, zones=(*zones, lone)), *samples.pair("quiet"), sensitivity="quick", fit=False)
    (floor,) = next(state for state in found.zones if state.zone.name == "lone").floors.values()
    assert floor.d90_high_m is None
    assert floor.reason


def test_a_prior_of_many_lapses_states_no_limit_without_many_trials():
    prior = Prior(middle=np.log(25), middle_spread=0.2, slope=np.log(10), slope_spread=0.3, lapse=0.06)
    floor = quick_curve("rail", "green", trials([60, 70, 80], [1, 1, 1]), prior, (14, 700)).floor
    assert floor.d90_high_m is None
    assert "not surely found" in floor.reason


def test_what_matches_the_ground_has_no_floor():
    lengths = np.geomspace(10, 150, 100)
    curve = curve_of("yard", "green", trials(lengths, np.arange(100) % 50 == 0))
    assert curve.floor.d90_high_m is None
    assert "match the ground" in curve.floor.reason
    assert floor_words(curve.floor).startswith("how small a container-like object would be missed cannot be said")


def test_where_few_find_room_the_ground_is_not_said_to_match():
    curve = curve_of("berth", "green", trials([20, 22, 25], [0, 0, 0]))
    assert "found room" in curve.floor.reason


def test_what_is_missed_at_any_length_has_no_floor():
    lengths = np.geomspace(10, 150, 100)
    curve = curve_of("yard", "green", trials(lengths, (lengths > 30) & (np.arange(100) % 4 > 0)))
    assert curve.floor.d90_high_m is None
    assert "missed at any length" in curve.floor.reason


def test_a_step_has_its_floor_beside_it_and_none_is_shorter_than_what_was_tried():
    lengths = np.geomspace(10, 150, 240)
    step = curve_of("yard", "green", trials(lengths, lengths > 30)).floor
    assert 29 < step.d90_m <= step.d90_high_m < 34
    always = curve_of("yard", "green", trials(lengths, lengths > 0)).floor
    assert 10 <= always.d50_m <= always.d90_high_m < 11


def test_the_sentence_rounds_up():
    floor = Floor(thing="containers", d50_m=30.0, d90_m=33.0, d90_high_m=34.2, colour="green")
    assert floor_words(floor) == (
        "a container-like object of 35 m or more, of the colours tested, would be missed at most one time in ten"
    )
