"""The rendered record: its story is drawn the same for the same seed, and its scores count what they say."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from imagery_diff import load_aoi

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))

from record_page import counted, rows_table, sentences
from record_scenarios import lines, run
from record_scenes import scenarios
from record_scores import highest, score
from record_story import AUTUMN_DAYS, DISPLACED_M, EMPTY, SEASON, SEASON_DAYS, series
from record_verdicts import rule_of, verdict

START = datetime(2023, 10, 1, 2, tzinfo=UTC)


def day(number: float) -> str:
    return (START + timedelta(days=number)).isoformat()


def a_result(states: str, events: list[dict], clear: list[float] | None = None) -> dict:
    """Return a berth with a ship from day 1.5 to 3.5, on looks of days 0, 1, 2, …."""
    cells = [
        {
            "look": k + 1,
            "zone": "pier1_sw_berth",
            "zone_kind": "berth",
            "located": True,
            "kind": "vessel",
            "state": {"y": "yes", "n": "no", "u": "unknown"}[state],
            "reason": "cloud" if state == "u" else None,
            "clear": 1.0,
            "p_raw": None,
            "p": 0.5,
            "things": [],
        }
        for k, state in enumerate(states)
    ]
    truth = {
        "id": "N16_vessel_pier1_sw_berth_10-25",
        "rows": ["N16"],
        "kind": "vessel",
        "zone": "pier1_sw_berth",
        "length_m": 100.0,
        "came": day(1.5),
        "went": day(3.5),
        "hull": "",
        "grows_from": "",
    }
    return {
        "seed": 1,
        "seconds": 1.0,
        "looks": [{"time": day(k), "refused": None} for k in range(len(states))],
        "clear": [{"pier1_sw_berth": c} for c in clear or [1.0] * len(states)],
        "cells": cells,
        "events": events,
        "visits": {"all berths": 1},
        "truth": [truth],
    }


def an_event(event: str, low: float, high: float, length: float = 95.0) -> dict:
    return {
        "event": event,
        "zone": "pier1_sw_berth",
        "not_before": day(low),
        "not_after": day(high),
        "length_m": length,
        "p": 0.9,
        "description": f"{event} told",
    }


def test_states_and_events_are_held_against_what_was_put_there() -> None:
    found = score([a_result("nnyyn", [an_event("vessel_arrived", 1, 2), an_event("vessel_departed", 3, 4)])])[0]
    assert found.states == {("vessel", "no", "no"): 3, ("vessel", "yes", "yes"): 2}
    assert (sum(found.asked.values()), sum(found.right.values())) == (2, 2)
    assert (found.false, found.missed, found.wrong) == ([], [], [])
    assert found.errors_m == [("vessel", -5.0), ("vessel", -5.0)]


def test_what_is_wrong_is_counted_as_wrong() -> None:
    found = score([a_result("ynynn", [an_event("vessel_arrived", 2.2, 3), an_event("vessel_departed", 4, 4.4)])])[0]
    assert found.states["vessel", "yes", "no"] == 1
    assert found.states["vessel", "no", "yes"] == 1
    assert len(found.wrong) == 2
    assert sum(found.outside.values()) == 1
    assert len(found.missed) == 1
    assert len(found.false) == 1


def test_what_cloud_hides_is_not_asked() -> None:
    found = score([a_result("nuuun", [], clear=[1.0, 0.0, 0.5, 0.5, 1.0])])[0]
    assert not found.asked
    assert sum(found.hidden.values()) == 3


def test_no_error_in_three_hundred_allows_a_hundredth() -> None:
    assert highest(0, 300) == pytest.approx(0.00994, abs=1e-4)


def test_a_series_is_the_same_for_the_same_seed_and_its_aoi_is_displaced() -> None:
    place = load_aoi("najin")
    one, again, other = (series(seed, AUTUMN_DAYS, SEASON, place) for seed in (3, 3, 4))
    assert one.looks == again.looks != other.looks
    assert one.things == again.things
    moved = one.aoi.zones[0].polygon.centroid.distance(one.truth.zones[0].polygon.centroid)
    assert 0.0 < moved <= DISPLACED_M


def test_yards_said_to_be_empty_are_empty_in_the_story() -> None:
    for zone, days in EMPTY.items():
        for when in days:
            moment = datetime.fromisoformat(when).replace(hour=2, tzinfo=UTC)
            assert when in AUTUMN_DAYS
            assert not any(s.is_there(moment) for s in SEASON if s.zone == zone and s.kind == "cargo")


def test_every_thing_of_the_story_is_there_on_a_look() -> None:
    moments = [datetime.fromisoformat(d if "T" in d else f"{d}T02:05").replace(tzinfo=UTC) for d in SEASON_DAYS]
    assert [s.id for s in SEASON if not any(s.is_there(m) for m in moments)] == []


def test_the_page_says_of_each_thing_how_often_it_was_told() -> None:
    line = rows_table([a_result("nnyyn", [])])[-1]
    assert line.startswith("| N16 | ship of 100 m")
    told = [a_result("nnyyn", [an_event("vessel_arrived", 1, 2)]), a_result("nuuun", [])]
    wanted = [("S", "vessel_arrived", "pier1_sw_berth", START + timedelta(days=1.5))]
    assert sentences(told, wanted) == ["- **S** Told in 1 of 2 series; seed 1: vessel_arrived told."]


def test_every_scenario_has_a_rule_and_is_drawn_the_same_for_the_same_seed() -> None:
    for name, make in scenarios().items():
        one, again = make(23000), make(23000)
        assert rule_of(name).startswith("(a)")
        assert (one.looks, one.put) == (again.looks, again.put)
        assert all(p.came < p.went for p in one.put)


def test_growth_told_as_growth_is_recovered_and_as_a_new_thing_is_not() -> None:
    looks = [{"time": f"2024-03-{d:02d}T02:05:00+00:00", "refused": None} for d in (5, 8, 9, 10)]
    window = {"zone": "pier2_yard", "not_before": looks[1]["time"], "not_after": looks[2]["time"]}
    told = {"id": "S8", "looks": looks, "cells": [], "put": [], "visits": {}, "caveats": []}
    verdicts = [
        verdict({**told, "events": [{**window, "event": event, "length_m": 99.0, "description": event}]})[0]
        for event in ("cargo_grew", "cargo_appeared")
    ]
    assert verdicts == ["recovered", "not"]


def test_a_building_that_went_up_is_told_as_construction_and_no_goods(tmp_path: Path) -> None:
    told = run(scenarios()["S15b"](23001), tmp_path)
    assert verdict(told)[0] == "recovered"
    assert [e["event"] for e in told["events"] if "building" in e["on"]] == ["construction"]


def test_lengths_of_lines_are_held_against_what_was_put_there() -> None:
    def thing(on, length, kind="rail", high=None):
        return {"kind": kind, "on": on, "length_m": length, "low_m": 90.0, "high_m": high, "activity": kind}

    put = [{"id": "train", "kind": "rail", "length_m": 100.0}, {"id": "stack", "kind": "cargo", "length_m": 60.0}]
    cells = [{"look": 1, "things": [thing(["train"], 98.0), thing(["stack"], 60.0, "cargo"), thing(["train"], 40.0)]}]
    cells.append({"look": 2, "things": [thing(["train"], 97.0, "cargo")]})
    told = lines({"S11 1": {"put": put, "cells": cells}}).splitlines()
    assert told[-1] == "2 lines, median -31.0 m, -60 to -2; 1 off by more than 20 m; 2 within their limits"
    assert told[2] == "S11 1 look 2: cargo 97 m on ['train']"
    assert lines({}) == "no line told"


def test_calls_and_the_quiet_day_of_a_season_are_quoted() -> None:
    looks = [{"time": "2024-02-12T02:05:00+00:00"}, {"time": "2024-02-18T02:07:00+00:00"}]
    cells = [
        {"look": 2, "zone": "pier2_sw_berth", "state": "no", "reason": None},
        {"look": 2, "zone": "pier2_yard", "state": "unknown", "reason": "cloud"},
        {"look": 1, "zone": "pier2_yard", "state": "yes", "reason": None},
    ]
    one = {"seed": 1, "looks": looks, "cells": cells, "truth": [{"kind": "vessel"}], "calls": ["at least 1 call"]}
    calls, quiet = counted({**one, "quiet": ["quiet there"]})
    assert "1 calls put there: at least 1 call." in calls
    assert "`pier2_sw_berth` no, `pier2_yard` unknown (cloud). Of all looks: quiet there." in quiet
    assert len(counted({**one, "looks": looks[:1]})) == 1
