"""Vessels seen, held against AIS positions that were made up around the rendered harbour."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import pytest
from click.testing import CliRunner

from imagery_diff import samples, series
from imagery_diff.cli import main
from imagery_diff.params import Params
from imagery_diff.read.ais import read_ais
from imagery_diff.series import timeline
from imagery_diff.series_ais import _agrees, _Seen, _state, held_against
from imagery_diff.write.timeline import event_rows, observation_rows, summary, text

TOP = Path(__file__).resolve().parents[1]
DAYS = ("20231017", "20231019")
LAT, LON = 42.22694, 130.28416
"""The middle of the ship of the 19th, as told."""


@pytest.fixture(scope="module")
def seen():
    return timeline("najin", [samples.path(f"najin_{day}") for day in DAYS])


@pytest.fixture
def held(seen, tmp_path):
    def of(*rows):
        """Hold it against rows of (hours after the look of the 19th, MMSI, degrees north, degrees east, length)."""
        lines = [
            f"{(seen.looks[1].time + timedelta(hours=h)).isoformat()},{mmsi},{LAT + north},{LON + east},{length}"
            for h, mmsi, north, east, length in rows
        ]
        path = tmp_path / "positions.csv"
        path.write_text("\n".join(["time,MMSI,lat,lon,length", *lines]), encoding="utf-8")
        found = held_against(seen, read_ais(path))
        document = summary(found)
        schema = json.loads((TOP / "docs/reference/schemas/timeline.schema.json").read_text(encoding="utf-8"))
        jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(document)
        (finding,) = document["ais"]["findings"]
        assert finding["sentence"] in " ".join(text(found).split())
        assert not re.search(r"\bdark\b|None|nan", json.dumps(document["ais"]["findings"]).replace("null", ""))
        return finding

    return of


AROUND = ((-52.0, 273000009, -0.05, -0.05, ""), (24.0, 273000009, 0.05, 0.05, ""))
"""A vessel far off in time, so that the file's span covers both looks."""
NOISE = (0.5, 273000008, 0.1, 0.1, "")
"""One that is heard near the look, 14 km away."""


def test_without_a_file_nothing_is_said(seen):
    assert held_against(seen, None) is seen
    assert summary(seen)["ais"] is None
    assert "AIS" not in text(seen)


def test_a_match_tells_its_offset_its_minutes_and_whether_the_lengths_agree(held, seen):
    # As long as the image tells: how long that is differs by the processor's rounding, and is not asked here.
    long = round(seen.tracks[0].seen[0][1].region.length_m)
    finding = held((-0.5, 273000001, 0.0, -0.001, long), (0.25, 273000001, 0.0, 0.0005, long), *AROUND)
    assert finding["state"] == "match"
    (one,) = finding["candidates"]
    assert (one["mmsi"], one["matched"], one["interpolated"]) == ("273000001", True, True)
    assert (one["minutes_before"], one["minutes_after"]) == (30.0, 15.0)
    assert one["offset_m"] < 3.0
    assert (one["length_m"], one["length_agrees"]) == (float(long), True)
    assert "interpolated between positions 30 min before and 15 min after" in finding["sentence"]
    assert finding["simulated"] is True


def test_a_length_that_does_not_agree_is_said_and_one_side_is_not_interpolated(held):
    finding = held((-2.0, 273000001, 0.001, 0.0, 33), *AROUND)
    (one,) = finding["candidates"]
    assert (one["interpolated"], one["minutes_after"], one["length_agrees"]) == (False, None, False)
    assert "2 h 00 min before the look" in finding["sentence"]
    assert "33 m long by its own word, outside the limits by the image" in finding["sentence"]


def test_of_several_as_near_none_is_chosen_and_three_are_listed_by_offset(held):
    rows = [(0.1, 273000001 + k, 0.0005 * k, 0.0, "") for k in range(5)]
    finding = held(*rows, *AROUND)
    assert finding["state"] == "ambiguous"
    assert [c["mmsi"] for c in finding["candidates"]] == ["273000001", "273000002", "273000003"]
    assert finding["within_reach"] == 5
    assert [c["length_agrees"] for c in finding["candidates"]] == [None] * 3
    assert "and 2 more" in finding["sentence"]


def test_a_near_one_is_matched_beside_one_that_is_far(held):
    finding = held((0.1, 273000001, 0.0, 0.0, ""), (0.1, 273000002, 0.015, 0.0, ""), *AROUND)
    assert finding["state"] == "match"
    assert [c["matched"] for c in finding["candidates"]] == [True, False]
    assert finding["sentence"].startswith("consistent with MMSI 273000001")
    assert "; also within 2 km and 3 h: MMSI 273000002" in finding["sentence"]


def test_none_near_is_told_of_the_file_alone(held):
    finding = held((-52.0, 273000001, -0.05, -0.05, ""), (24.0, 273000001, 0.05, 0.05, ""))
    assert finding["state"] == "not_covered"
    assert "no position of any vessel within 3 h" in finding["sentence"]
    finding = held(NOISE, (-0.5, 273000007, -0.1, -0.1, ""), *AROUND)
    assert finding["state"] == "none"
    assert finding["candidates"] == []
    assert finding["nearest_m"] > 10_000.0
    assert finding["sentence"].startswith("no AIS position within 2 km and 3 h in the file given (4 positions of 3 ")
    assert finding["sentence"].endswith("; absence from a file is not absence of a signal")


def test_a_file_of_other_times_or_other_ground_does_not_cover_the_look(held):
    after = held((1.0, 273000008, 0.1, 0.1, ""), (5.0, 273000008, -0.1, -0.1, ""))
    assert after["state"] == "not_covered"
    assert "the file does not cover this look: its positions are from 19 October 2023 03:07 UTC to" in after["sentence"]
    # Beyond the place to one side, on both sides of it the other way.
    for north, east in ((0.1, 0.0), (-0.1, 0.0), (0.0, 0.1), (0.0, -0.1)):
        over = (0.1 - abs(north), 0.1 - abs(east))
        rows = [(h, 273000008, north + h * over[0], east + h * over[1], "") for h in (-1.0, 1.0)]
        # At the look the vessel lies 8 km and more off.
        beside = held(*rows)
        assert beside["state"] == "not_covered"
        assert "beyond all its positions by more than 2 km" in beside["sentence"]


def test_a_position_near_of_a_vessel_that_was_gone_is_neither_match_nor_none(held):
    finding = held((-1.0, 273000001, 0.001, 0.0, ""), (0.02, 273000001, 0.2, 0.0, ""), *AROUND)
    assert finding["state"] == "elsewhere"
    assert finding["candidates"][0]["at_look_m"] > 10_000.0
    assert "no AIS position" not in finding["sentence"]


def a_vessel(*near, long=100.0):
    found = [SimpleNamespace(mmsi=m, offset_m=off, at_moment_m=None) for m, off in near]
    region = SimpleNamespace(length_m=long, length_high_m=None)
    return _Seen(zone="a", track=None, region=region, lat=0.0, lon=0.0, near=tuple(found))


def test_one_sender_between_two_vessels_is_ambiguous_of_both_unless_one_is_far():
    params = Params()
    rafted = [a_vessel((1, 10.0)), a_vessel((1, 60.0))]
    assert [_state(k, rafted, [1, None], params) for k in (0, 1)] == ["ambiguous", "ambiguous"]
    apart = [a_vessel((1, 10.0)), a_vessel((1, 700.0))]
    assert [_state(k, apart, [1, None], params) for k in (0, 1)] == ["match", "ambiguous"]


def test_lengths_agree_within_limits_and_are_silent_without():
    region = SimpleNamespace(
        length_low_m=100.0, length_high_m=110.0, several=False, under_way=False, length_is_lower_bound=False
    )
    told = [(99.5, True), (110.5, True), (99.4, False), (111.0, False), (None, None)]
    assert [_agrees(length, region) for length, _ in told] == [agrees for _, agrees in told]
    cut = SimpleNamespace(**{**vars(region), "length_is_lower_bound": True})
    assert [_agrees(length, cut) for length in (300.0, 60.0)] == [None, False]
    assert _agrees(105.0, SimpleNamespace(**{**vars(region), "several": True})) is None


def test_no_row_of_the_tables_changes(seen, tmp_path):
    path = tmp_path / "positions.csv"
    path.write_text(f"time,mmsi,lat,lon\n2023-10-19T02:00:00,273000001,{LAT},{LON}\n", encoding="utf-8")
    found = held_against(seen, read_ais(path))
    assert observation_rows(found) == observation_rows(seen)
    assert event_rows(found) == event_rows(seen)
    assert found.caveats == seen.caveats
    assert any("taken as UTC" in note for note in found.ais.notes)
    assert "taken as UTC" in " ".join(text(found).split())


def test_with_an_archive_the_answer_is_held_against_it_after_it_was_kept(seen, tmp_path, monkeypatch):
    path, kept = tmp_path / "positions.csv", []
    path.write_text(f"time,mmsi,lat,lon\n2023-10-19T02:00:00Z,273000001,{LAT},{LON}\n", encoding="utf-8")
    monkeypatch.setattr(series, "_told", lambda *_: seen)
    monkeypatch.setattr(series.archives, "read", lambda *_: SimpleNamespace(empty={}))
    monkeypatch.setattr(series._Adding, "write", lambda _, __, found: kept.append(found) or True)
    found = timeline("najin", [], archive=tmp_path / "a.sqlite", ais=path)
    assert kept[0].ais is None
    assert [f.look for f in found.ais.findings] == [2]


def test_a_series_without_a_vessel_says_so(seen, tmp_path):
    path = tmp_path / "positions.csv"
    path.write_text(f"time,mmsi,lat,lon\n2023-10-19T02:00:00Z,273000001,{LAT},{LON}\n", encoding="utf-8")
    bare = replace(seen, cells=tuple(replace(c, things=()) for c in seen.cells), tracks=())
    found = held_against(bare, read_ais(path))
    assert found.ais.findings == ()
    assert "no look shows a vessel that could be held against it" in text(found)


# --- the command line ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "there is no such file"),
        ("a,b\n1,2\n", "line 1: has no column for time"),
        ("time,mmsi,lat,lon\n2023-10-19T02:00:00Z,1,nan,130\n", "line 2: latitude is 'nan'"),
        ("time,mmsi,lat,lon\n2023-10-19T02:00:00Z,1,\x1b[31m\n", "line 2: has 3 cells"),
    ],
)
def test_a_fault_of_the_file_is_one_line_and_comes_before_any_work(tmp_path, monkeypatch, content, said):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "positions.csv"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    images = [str(samples.path(f"najin_{day}")) for day in DAYS]
    result = CliRunner().invoke(main, ["timeline", "najin", *images, "--ais", str(path)])
    assert result.exit_code == 1
    assert said in result.stderr
    assert "\x1b" not in result.stderr
    assert str(tmp_path) not in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert {p.name for p in tmp_path.iterdir()} <= {"positions.csv"}


@pytest.mark.slow
def test_the_commands_and_the_python_of_the_page_run_in_its_order(tmp_path, monkeypatch, capsys):
    page = (TOP / "docs" / "how-to" / "ais.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sample_tiles").symlink_to(samples.path("najin_20231017").parents[1])
    names, shown = {}, ""
    for block, command in re.findall(r"```python\n(.*?)```|^    imagery-diff (.*?)$", page, re.DOTALL | re.MULTILINE):
        if block:
            exec(compile(block, "ais.md", "exec"), names)  # noqa: S102 - our own text
        else:
            result = CliRunner().invoke(main, shlex.split(command))
            assert result.exit_code == 0, result.output
            shown = " ".join(result.stdout.split())
    assert "2023-10-19T02:07:50Z pier2_sw_berth match ['273000001', '273000002']" in capsys.readouterr().out
    assert "MMSI 273000001" in shown
    entries = json.loads((tmp_path / "held" / "manifest.json").read_text(encoding="utf-8"))["inputs"]
    (own,) = (e for e in entries if e["role"] == "ais")
    assert own["name"] == "positions.csv"
    assert own["size"] == (tmp_path / "positions.csv").stat().st_size
    written = "".join(p.read_text(encoding="utf-8") for p in (tmp_path / "held").glob("*.*json"))
    assert str(tmp_path) not in written
