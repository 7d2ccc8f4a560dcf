"""A series of rendered looks: what stood where, what came and went, and what is said to be unknown."""

from __future__ import annotations

import csv
import io
import json
import pickle
import shutil
from copy import copy
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import jsonschema
import numpy as np
import pytest
import shapely
import shapely.affinity
from affine import Affine
from click.testing import CliRunner
from PIL import Image
from shapely import box

from imagery_diff import open_scene, samples, series_heaps, series_history, series_lasting
from imagery_diff.cli import main
from imagery_diff.errors import InputError, UnknownNameError
from imagery_diff.geometry import Sun
from imagery_diff.grid import Grid
from imagery_diff.method import history, zones
from imagery_diff.params import Params
from imagery_diff.read.aois import load_aoi
from imagery_diff.result import Curve, Floor, Region, Trial
from imagery_diff.result_series import NO, UNKNOWN, YES, Cell, SeriesLook, Thing
from imagery_diff.series import timeline
from imagery_diff.series_chances import with_chances
from imagery_diff.series_events import events_of, links, quiet_of, visits_of
from imagery_diff.series_looks import Held, loosely_laid, opened
from imagery_diff.series_pairs import not_denied, with_pairs
from imagery_diff.series_states import (
    Known,
    Sight,
    _anything_drawn,
    _fill,
    _lies_beside,
    _longest_unseen_m,
    _why_not_searched,
    bare_in_doubt_m2,
    floor_beside,
    lacked,
)
from imagery_diff.series_tracks import follow, not_through
from imagery_diff.series_trials import Missed, Trials, trials_of
from imagery_diff.write.timeline import event_rows, events_geojson, observation_rows, summary, text
from imagery_diff.write.timeline_figure import cause_letter
from imagery_diff.write.timeline_rows import csv_bytes
from imagery_diff.write.timeline_sentences import fill_words, quiet_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imagery_diff.aoi import Zone
    from imagery_diff.result_series import Timeline, Visits

SCHEMAS = Path(__file__).resolve().parents[1] / "docs" / "reference" / "schemas"
DAYS = ("20231016", "20231017", "20231019", "20231020_0201", "20231020_0643", "20231021")


def schema(name: str) -> jsonschema.Draft202012Validator:
    document = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(document, format_checker=jsonschema.FormatChecker())


# --- the October of the sample tiles ---------------------------------------------------------------------------------


def states(found: Timeline, zone: str, kind: str) -> str:
    return "".join(c.states[kind][0] for c in found.cells if c.zone.name == zone)


def test_looks_stand_in_the_order_of_time_whatever_order_they_came_in(october: Timeline) -> None:
    assert [look.time for look in october.looks] == sorted(look.time for look in october.looks)
    assert all(look.refused is None for look in october.looks)


def test_looks_lie_on_the_frame_and_three_of_them_close(october: Timeline) -> None:
    # The pointing errors of the tiles are known; the frame is that of the first.
    assert [look.closure_m is None for look in october.looks] == [True, True, False, False, False, False]
    assert max(look.closure_m or 0.0 for look in october.looks) < 0.6
    assert max(look.residual_m or 0.0 for look in october.looks) < 0.6


def test_a_stack_comes_goes_and_comes_again_each_in_its_window(october: Timeline) -> None:
    told = [(e.event, e.not_before, e.not_after) for e in october.events if e.zone == "pier2_yard"]
    times = [look.time for look in october.looks]
    assert ("cargo_appeared", times[0], times[1]) in told
    assert ("cargo_disappeared", times[3], times[4]) in told
    assert ("cargo_appeared", times[4], times[5]) in told


def test_a_ship_is_seen_on_two_looks_and_its_berth_is_empty_on_the_others(october: Timeline) -> None:
    assert states(october, "pier2_sw_berth", "vessel") == "nnyynn"
    lengths = [t.region.length_m for c in october.cells if c.zone.name == "pier2_sw_berth" for t in c.things]
    assert lengths == pytest.approx([115.0, 115.0], abs=10.0)
    told = [(e.event, e.not_before, e.not_after) for e in october.events if e.zone == "pier2_sw_berth"]
    times = [look.time for look in october.looks]
    assert told == [("vessel_arrived", times[1], times[2]), ("vessel_departed", times[3], times[4])]


def test_a_berth_never_used_is_quiet_and_the_strength_of_that_is_said(october: Timeline) -> None:
    assert states(october, "pier3_ne_berth", "vessel") == "nnnnnn"
    assert "6 of 6 usable looks" in october.quiet["pier3_ne_berth"]
    assert "up to 39% of the time" in october.quiet["pier3_ne_berth"]


def test_no_is_said_only_where_hardly_anything_would_be_missed(october: Timeline) -> None:
    params = october.params
    for cell in october.cells:
        for kind, state in cell.states.items():
            if state == NO:
                floor = cell.floors[kind]
                assert cell.usable
                assert cell.clear_fraction >= params.usable_fraction
                assert floor is not None
                assert floor <= params.reported_thing_m
            if state == UNKNOWN:
                assert cell.reason


def test_a_yard_that_no_look_is_known_to_show_bare_is_never_called_empty(october: Timeline) -> None:
    assert NO not in {c.states["cargo"] for c in october.cells}
    silent = [c for c in october.cells if c.zone.name == "q23_yard"]
    assert all(c.states["cargo"] == UNKNOWN and c.fill is None for c in silent)


def test_search_areas_are_never_empty(october: Timeline) -> None:
    assert set(states(october, "rail_pier1", "rail")) == {"u"}


def test_calls_are_at_least_so_many_with_their_looks_and_gaps(october: Timeline) -> None:
    whole = october.visits[0]
    assert (whole.at_least, whole.usable_looks, whole.looks) == (1, 6, 6)
    assert whole.sentence.startswith("at least 1 call of vessels of the 100 m class or longer in 6 usable looks of 6")
    assert [round(g.hours) for g in whole.gaps] == [24, 48]
    assert october.local_hours == "only between 11:01 and 15:43 local"


def test_every_file_fits_its_schema(october: Timeline, tmp_path: Path) -> None:
    folder = october.save(tmp_path / "out")
    assert sorted(p.name for p in folder.iterdir()) == [
        "contact_sheet.png",
        "events.csv",
        "events.geojson",
        "manifest.json",
        "observations.csv",
        "report.html",
        "summary.json",
        "timeline.png",
    ]
    for row in observation_rows(october):
        schema("observations").validate(row)
    for row in event_rows(october):
        schema("events").validate({**row, "id": "E1", "note": None})
    schema("timeline").validate(json.loads((folder / "summary.json").read_text(encoding="utf-8")))
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    schema("manifest").validate(manifest)
    assert manifest["product"] == "imagery_diff timeline"
    assert {o["name"] for o in manifest["outputs"]} == {p.name for p in folder.iterdir()} - {"manifest.json"}
    rows = list(csv.DictReader(io.StringIO((folder / "observations.csv").read_text(encoding="utf-8"), newline="")))
    assert len(rows) == len(observation_rows(october))
    assert {row["simulated"] for row in rows} == {"true"}
    for name in ("timeline.png", "contact_sheet.png"):
        with Image.open(folder / name) as image:
            assert min(image.size) > 500
            assert "RENDERED" in image.text["Copyright"]
    # A second run replaces the first.
    october.save(folder)


def test_events_are_valid_geojson_with_windows_as_times(october: Timeline) -> None:
    document = events_geojson(october)
    for feature in document["features"]:
        shape = shapely.from_geojson(json.dumps(feature["geometry"]))
        assert shape.is_valid
        assert 130.0 < shape.centroid.x < 131.0
        assert feature["properties"]["not_before"] <= feature["properties"]["not_after"]
        assert feature["properties"]["description"].startswith("Rendered scene: ")


def test_the_answer_says_what_it_does_not_know(october: Timeline) -> None:
    answer = text(october)
    assert "RENDERED, NOT A SATELLITE IMAGE" in answer
    for never in ("nothing changed", "nothing appeared", "would have been seen", "cargo was"):
        assert never not in answer
    assert "? unknown" in answer
    assert json.dumps(summary(october), allow_nan=False)


def test_in_python_the_rows_are_plain_or_a_data_frame(october: Timeline) -> None:
    rows = october.observations
    assert len(rows) == len(observation_rows(october))
    assert len(october.event_rows) == len(october.events)


# --- the empty place -------------------------------------------------------------------------------------------------


def test_the_medoid_takes_what_was_seen_never_a_mixture() -> None:
    looks = np.array([1.0, 1.1, 9.0, 9.1], np.float32).reshape(4, 1, 1, 1)
    image, chosen = history.medoid(looks, np.ones((4, 1, 1), bool))
    assert float(image[0, 0, 0]) in {float(v) for v in looks.ravel()}
    assert chosen[0, 0] >= 0


def test_what_no_look_shows_has_no_history() -> None:
    image, chosen = history.medoid(np.ones((2, 1, 1, 2), np.float32), np.array([[[True, False]], [[True, False]]]))
    assert chosen.tolist() == [[0, -1]]
    assert image.tolist() == [[[1.0, 0.0]]]


def test_too_little_common_ground_gives_no_line() -> None:
    image = np.ones((1, 10, 10), np.float32)
    assert history.line_to(image, image, np.ones((10, 10), bool)) is None


def test_what_stands_there_most_of_the_time_is_still_found() -> None:
    # The blue stack of Pier 2 stands on three of four of these looks.
    days = ("20231016", "20231017", "20231019", "20231020_0201")
    found = timeline("najin", [samples.path(f"najin_{day}") for day in days])
    assert states(found, "pier2_yard", "cargo") in {"uyyy", "nyyy"}


def a_lacked(at: float, activity: str = "containers") -> SimpleNamespace:
    return SimpleNamespace(geometry=box(at, 0.0, at + 60.0, 15.0), direction="disappeared", activity=activity)


def looks_under(*suns: tuple[float, float] | None) -> SimpleNamespace:
    """Return looks two days apart, each under its sun."""
    infos = [
        SimpleNamespace(
            sun=None if s is None else Sun(azimuth_deg=s[0], elevation_deg=s[1]),
            acquired=START + timedelta(days=2 * k),
        )
        for k, s in enumerate(suns)
    ]
    grid = Grid(crs="EPSG:32652", transform=Affine(3, 0, 0, 0, -3, 60), shape=(20, 40))
    return SimpleNamespace(infos=infos, anchor=0, grid=grid, clear=np.ones((len(suns), 20, 40), bool))


def bared(gone: dict[int, list], laid: SimpleNamespace, stay_h: float = 48.0) -> dict[int, int]:
    return {k: len(own) for k, own in series_history.borne_out(gone, laid, stay_h).items()}


def test_what_one_look_under_another_sun_lacks_is_a_shadow_until_a_second_bears_it_out() -> None:
    laid = looks_under((161.0, 37.0), (165.0, 30.0), (238.0, 18.0), (240.0, 17.0), None)
    assert bared({2: [a_lacked(0.0)]}, laid) == {2: 0}
    assert bared({2: [a_lacked(0.0)], 3: [a_lacked(10.0)]}, laid) == {2: 1, 3: 1}
    for alike in (1, 4):
        assert bared({alike: [a_lacked(0.0)]}, laid) == {alike: 1}


def test_a_vessel_that_one_look_of_many_weeks_lacks_is_rather_on_that_look() -> None:
    laid, none = looks_under(*[(161.0, 37.0)] * 6), {k: [] for k in range(6)}
    assert bared({**none, 3: [a_lacked(0.0, "vessel")]}, laid)[3] == 0
    assert bared({**none, 3: [a_lacked(0.0, "vessel")], 4: [a_lacked(5.0, "vessel")]}, laid)[3] == 1
    # Goods stay for weeks, and so does a vessel that the other looks show within its stay.
    assert bared({**none, 3: [a_lacked(0.0)]}, laid)[3] == 1
    assert bared({**none, 3: [a_lacked(0.0, "vessel")]}, laid, stay_h=100.0)[3] == 1


def test_goods_that_got_longer_grew_though_their_areas_agree() -> None:
    short, long = a_thing("cargo", zone=YARD, length=60.0), a_thing("cargo", zone=YARD, length=100.0)
    for thing in (short, long):
        thing.region.area_low_m2, thing.region.area_high_m2 = 400.0, 1200.0
    cells = [a_cell(1, zone=YARD), a_cell(2, short, zone=YARD), a_cell(3, long, zone=YARD), a_cell(4, long, zone=YARD)]
    _, events, _ = told(cells, [0, 24, 48, 72])
    assert [(e.event, e.length_m) for e in events] == [("cargo_appeared", 60.0), ("cargo_grew", 100.0)]


def test_a_heap_that_got_longer_changed_and_no_goods_grew() -> None:
    heaps = [a_building(length=long, activity="stockpile") for long in (60.0, 100.0)]
    cells = [a_cell(1, zone=YARD), *(a_cell(k, h, zone=YARD) for k, h in enumerate(heaps, start=2))]
    events = told(cells, [0, 24, 48])[1]
    assert [e.event for e in events] == ["stockpile_changed", "stockpile_changed"]
    assert events[1].description.startswith("a stockpile-like area in Pier 2 covers more ground")


def test_goods_that_stand_for_a_month_may_be_a_building() -> None:
    cells = [a_cell(1, zone=YARD), *(a_cell(k, a_thing("cargo", zone=YARD), zone=YARD) for k in (2, 3, 4))]
    assert "goods or a building" not in told(cells, [0, 24, 48, 72])[1][0].description
    assert "3 over 40 days: goods or a building" in told(cells, [0, 24, 480, 984])[1][0].description


def came_and_stayed(*things: Thing, days: Sequence[float] = (0, 1, 20, 41)) -> tuple:
    cells = [a_cell(1, zone=YARD), *(a_cell(k, t, zone=YARD) for k, t in enumerate(things, start=2))]
    sight, looks, params = a_sight(cells), some_looks([24.0 * d for d in days]), Params()
    tracks = follow(cells, sight)
    built = series_lasting.lasting(tracks, sight, looks, params)
    tracks, cells = series_lasting.told_apart(tracks, cells, built, looks)
    return cells, events_of(tracks, cells, looks, PORT, params, built)


def a_building(at: float = 0.0, length: float = 60.0, **more) -> Thing:
    thing = a_thing("cargo", at, length, zone=YARD)
    vars(thing.region).update(more)
    return thing


def test_what_stands_unchanged_for_weeks_is_construction_and_no_goods() -> None:
    cells, events = came_and_stayed(*(a_building() for _ in range(3)))
    assert [e.event for e in events] == ["construction"]
    assert "unchanged on every look since that shows its place, 3 over 40 days" in events[0].description
    assert "not counted as goods" in events[0].description
    assert 0.9 < events[0].p_event < 0.99
    assert [c.states["cargo"] for c in cells] == [NO, UNKNOWN, UNKNOWN, UNKNOWN]
    assert {c.reason for c in cells[1:]} == {
        "a lasting change, there on every look since 02 October 2023, stands in it"
    }
    assert {c.fill for c in cells[1:]} == {None}
    assert observation_kinds(cells) == {"lasting"}


def observation_kinds(cells: list[Cell]) -> set[str]:
    return {t.kind for c in cells for t in c.things}


@pytest.mark.parametrize(
    ("things", "days"),
    [
        ([{}] * 3, (0, 1, 2, 4)),
        ([{}] * 2, (0, 1, 41)),
        ([{}, {"at": 9.0}, {}], (0, 1, 20, 41)),
        ([{}, {"length": 72.0}, {}], (0, 1, 20, 41)),
        ([{"activity": "stockpile"}] * 3, (0, 1, 20, 41)),
        ([{"shares_without_zone": {"containers": 0.99, "construction": 0.01}}] * 3, (0, 1, 20, 41)),
    ],
    ids=["too short", "two looks", "shifted", "another length", "bulk lies for months", "it looks like goods"],
)
def test_goods_are_no_building(things: list[dict], days: tuple[float, ...]) -> None:
    _, events = came_and_stayed(*(a_building(**t) for t in things), days=days)
    assert events
    assert "construction" not in {e.event for e in events}


def test_of_another_colour_it_is_not_the_same_thing() -> None:
    cells = [a_cell(k, a_building(), zone=YARD) for k in (1, 2, 3)]
    plain = a_sight(cells)
    assert series_lasting.unchanged(plain, [(c.look, c.things[0]) for c in cells])
    red = replace(plain, apart=lambda n, window: plain.apart(n, window) * np.array([1, (-1) ** n])[:, None, None])
    assert not series_lasting.unchanged(red, [(c.look, c.things[0]) for c in cells])


def test_a_building_in_the_making_is_followed_until_it_stands() -> None:
    small, whole = a_building(5.0, 30.0), [a_building() for _ in range(3)]
    _, events = came_and_stayed(small, *whole, days=(0, 1, 8, 30, 60))
    assert [(e.event, e.not_after) for e in events] == [("construction", START + timedelta(days=1))]


def test_what_is_told_now_as_goods_and_now_as_a_building_is_one_thing() -> None:
    seen = [a_building() for _ in range(3)]
    seen[0] = replace(seen[0], kind="unclear")
    seen[0].region.activity = "construction"
    assert [e.event for e in came_and_stayed(*seen)[1]] == ["construction"]
    alone = replace(a_building(activity="construction"), kind="unclear")
    assert came_and_stayed(alone, days=(0, 1))[1] == ()


@dataclass(frozen=True)
class Told:
    """A comparison as far as heaps are asked of it."""

    regions: tuple
    aoi: object
    grid: object


def a_covered(left: Sequence[float], *, kind: str = "stockpile", located: bool = True, **more) -> Region:
    """Return what is made of a strip of pale concrete that a look shows as dark or coloured as asked."""
    zone = replace(YARD, kind=kind, located=located, accuracy_m=20.0)
    x, y = zone.polygon.centroid.coords[0]
    shape = {"area_m2": 3600.0, "length_m": 120.0, "width_m": 30.0, "orientation_deg": 0.0, "strength": 9.0, "why": ()}
    strip = {"id": "R1", "direction": "disappeared", "activity": "containers", "colour": "white", **shape, **more}
    region = Region(geometry=box(x, y, x + 120, y + 30), **strip)
    empty = np.full((4, *GRID.shape), 0.2, np.float32)
    apart = np.broadcast_to((np.array(left) - 0.2)[:, None, None], empty.shape)
    told = Told(regions=(region,), aoi=SimpleNamespace(zones=(zone,)), grid=GRID)
    names = ("blue", "green", "red", "nir")
    return series_heaps.turned(told, empty, lambda window: apart[:, *window], names).regions[0]


def test_coal_over_pale_concrete_came_and_the_concrete_is_no_goods_that_went() -> None:
    coal = (0.045, 0.046, 0.047, 0.05)
    heap = a_covered(coal)
    assert (heap.direction, heap.activity, heap.colour, heap.p_activity) == ("appeared", "stockpile", "dark", None)
    assert lacked([heap]) == []
    assert any("something brighter" in doubt for doubt in heap.doubts)
    for left in (a_covered((0.15, 0.15, 0.16, 0.2)), a_covered((0.12, 0.06, 0.04, 0.1))):
        assert left.direction == "disappeared"  # ground as pale as before, or coloured
    assert a_covered(coal, kind="yard").direction == "disappeared"
    assert a_covered(coal, located=False).direction == "disappeared"
    assert a_covered(coal, activity="vessel").direction == "disappeared"


def test_a_roof_in_another_light_is_not_taken_off_the_empty_place() -> None:
    assert lacked([a_lacked(0.0, "construction"), a_lacked(0.0, "vessel")]) == [a_lacked(0.0, "vessel")]


def a_shore(strip: float, gap: float) -> tuple[series_history.Empty, np.ndarray, np.ndarray]:
    """Land above, a berth of 12 rows below it, and in its first three rows a strip as bright as is said."""
    image = np.full((4, 40, 60), 0.05, np.float32)
    image[:, :15] = 0.20
    image[:, 12:15] = gap
    image[:, 15:18, 10:50] = strip
    zone, block = np.zeros((40, 60), bool), np.zeros((40, 60), bool)
    zone[15:27], block[15:18, 10:50] = True, True
    return series_history.Empty(data=image, flags=np.zeros((40, 60), np.uint8), given=frozenset()), block, zone


def test_an_outline_that_lies_on_its_quay_shows_land_and_no_ship() -> None:
    assert series_history._is_quay(*a_shore(0.19, 0.20))
    assert not series_history._is_quay(*a_shore(0.40, 0.20)), "another colour"
    assert not series_history._is_quay(*a_shore(0.19, 0.10)), "the gap between quay and hull"


def a_state(gained: tuple[float, float] | None, *, clear: float = 1.0, floor_m: float | None = 20.0):
    floors = {"containers": SimpleNamespace(d90_high_m=floor_m)}
    return SimpleNamespace(zone=YARD, fill_gained=gained, clear_fraction=clear, floors=floors)


def test_a_bare_yard_has_a_fill_up_to_what_would_be_missed() -> None:
    bare, whole = Known(trials=None, ambiguous=None, bare=True), YARD.area_m2
    assert _fill(1, a_state((0.0, 0.0)), [], bare, Params()) == pytest.approx((0.0, 100.0 / whole))
    assert _fill(1, a_state((0.0, 0.0), floor_m=None), [], bare, Params()) == pytest.approx((0.0, 300.0 / whole))
    stack = a_thing("cargo", zone=YARD)
    low, high = _fill(1, a_state((0.3, 0.4)), [stack], bare, Params()) or (0, 0)
    assert (low, high) == pytest.approx((0.3, 0.4 + 100.0 / whole))
    unclear = replace(a_thing("cargo", zone=YARD), kind="unclear")
    _, wider = _fill(1, a_state((0.3, 0.4)), [stack, unclear], bare, Params()) or (0, 0)
    assert wider - high == pytest.approx(unclear.region.area_m2 / whole)


def test_of_a_yard_not_seen_or_not_known_to_be_bare_no_fill_is_told_without_goods() -> None:
    bare = Known(trials=None, ambiguous=None, bare=True, loose={2: 9.0})
    assert _fill(1, a_state((0.0, 0.0), clear=0.7), [], bare, Params()) is None
    assert _fill(2, a_state((0.0, 0.0)), [], bare, Params()) is None
    assert _fill(1, a_state((0.0, 0.0)), [], Known(trials=None, ambiguous="present"), Params()) is None
    beside = a_thing("vessel", zone=YARD)
    assert _fill(1, a_state((0.0, 0.0)), [beside], bare, Params()) is None


def test_ground_that_looks_lack_may_not_have_been_bare() -> None:
    gone = a_thing("cargo", zone=YARD).region
    gone.zone = YARD.name
    assert bare_in_doubt_m2(YARD, [gone]) == gone.area_m2
    gone.zone_shares = {YARD.name: 0.3}
    assert bare_in_doubt_m2(YARD, [gone]) == 0.0


def test_fill_is_told_as_a_series_between_limits() -> None:
    (first, second) = some_looks([0.0, 24.0])
    text = fill_words([(first, (0.656, 0.895)), (second, (0.0, 0.08))], 3)
    assert text == "goods cover of its clear ground, on 2 of 3 looks: 1 October 65 to 90 %; 2 October 8 % at most"


# --- one thing through many looks ------------------------------------------------------------------------------------

PORT = load_aoi("najin").in_crs("EPSG:32652")
BERTH, OTHER, YARD = PORT.zone("pier2_sw_berth"), PORT.zone("pier1_sw_berth"), PORT.zone("pier2_yard")
START = datetime(2023, 10, 1, 2, 0, tzinfo=UTC)
GRID = open_scene(samples.path("najin_20231016")).grid


def a_thing(kind: str, at: float = 0.0, length: float = 110.0, zone=BERTH) -> Thing:
    x, y = zone.polygon.centroid.coords[0]
    region = SimpleNamespace(
        geometry=box(x + at, y, x + at + length, y + 18.0),
        length_m=length,
        length_low_m=length - 5.0,
        length_high_m=length + 5.0,
        area_low_m2=length * 16.0,
        area_high_m2=length * 20.0,
        area_m2=length * 18.0,
        activity={"vessel": "vessel", "cargo": "containers"}[kind],
        zone=zone.name,
        colour="blue",
        counts_as_visit=length > 100.0,
        is_area=False,
        zone_shares={zone.name: 1.0},
        under_way=False,
        several=False,
        length_is_lower_bound=False,
        length_class=None,
        width_m=18.0,
        height_low_m=None,
        height_high_m=None,
        measured_by="box",
        why_no_count=None,
        doubts=(),
        shares_without_zone={},
        direction="appeared",
        p_change=0.99,
        p_activity=0.98,
    )
    return Thing(kind=kind, region=region)


def a_cell(look: int, *things: Thing, zone=BERTH, seen: bool = True) -> Cell:
    kind = "cargo" if zone is YARD else "vessel"
    state = YES if any(t.kind == kind for t in things) else NO if seen else UNKNOWN
    return Cell(
        look=look,
        zone=zone,
        clear_fraction=float(seen),
        degraded_fraction=0.0,
        states={k: state if k == kind else "na" for k in ("vessel", "cargo", "rail")},
        usable=seen,
        reason=None if seen else "cloud",
        floors={"vessel": 45.0, "cargo": 30.0, "rail": None},
        things=things,
        fill=None,
    )


def a_sight(cells: list[Cell]) -> Sight:
    seen = {n: all(c.usable for c in cells if c.look == n) for n in {c.look for c in cells}}
    shown = {}
    for n in seen:
        things = [t.region.geometry for c in cells if c.look == n for t in c.things]
        shown[n] = np.where(zones.inside(shapely.union_all(things), GRID) if things else False, 0.2, 0.0)
    return Sight(
        grid=GRID,
        clear={n: np.full(GRID.shape, good) for n, good in seen.items()},
        apart=lambda n, window: np.broadcast_to(shown[n], GRID.shape)[None, *window],
        told={n: tuple(t.region.geometry for c in cells if c.look == n for t in c.things) for n in seen},
    )


def some_looks(hours: list[float]) -> list[SeriesLook]:
    info = open_scene(samples.path("najin_20231016"))
    return [
        SeriesLook(
            number=n,
            info=replace(info, acquired=START + timedelta(hours=h), name=f"look{n}.tif"),
            east_m=0.0,
            north_m=0.0,
            residual_m=0.0,
        )
        for n, h in enumerate(hours, start=1)
    ]


def told(cells: list[Cell], hours: list[float]):
    looks, params = some_looks(hours), Params()
    tracks = follow(cells, a_sight(cells))
    events = events_of(tracks, cells, looks, PORT, params)
    return tracks, events, visits_of(tracks, cells, events, looks, PORT, params)


def test_a_look_that_shows_nothing_ends_no_track() -> None:
    cells = [a_cell(1, a_thing("vessel")), a_cell(2, seen=False), a_cell(3, a_thing("vessel"))]
    tracks, events, _ = told(cells, [0, 24, 48])
    assert [(t.first, t.last, t.absent_before, t.absent_after) for t in tracks] == [(1, 3, None, None)]
    assert events == ()


def test_an_empty_look_between_makes_two_calls() -> None:
    cells = [a_cell(1, a_thing("vessel")), a_cell(2), a_cell(3, a_thing("vessel"))]
    tracks, events, visits = told(cells, [0, 24, 48])
    assert len(tracks) == 2
    assert [e.event for e in events] == ["vessel_departed", "vessel_arrived"]
    assert next(v for v in visits if v.group == "pier2").at_least == 2


def test_lengths_that_exclude_one_hull_make_two_calls_without_an_empty_look() -> None:
    cells = [a_cell(1, a_thing("vessel", length=110.0)), a_cell(2, a_thing("vessel", at=200.0, length=150.0))]
    assert len(told(cells, [0, 24])[0]) == 2
    # Along the same quay with the same length it may be one ship.
    cells = [a_cell(1, a_thing("vessel", length=110.0)), a_cell(2, a_thing("vessel", at=200.0, length=112.0))]
    assert len(told(cells, [0, 24])[0]) == 1


def test_a_ship_at_another_quay_next_day_is_linked_and_counted_once() -> None:
    cells = [
        a_cell(1, a_thing("vessel")),
        a_cell(2),
        a_cell(1, zone=OTHER),
        a_cell(2, a_thing("vessel", zone=OTHER), zone=OTHER),
    ]
    tracks, events, visits = told(cells, [0, 24])
    assert len(links(tracks)) == 1
    moved = next(e for e in events if e.event == "vessel_moved")
    assert "linked, ambiguous" in moved.description
    assert visits[0].at_least == 1


def test_a_ship_that_shifted_behind_a_cloud_is_counted_once() -> None:
    # The old berth is not seen again; the new one was not seen on the look between.
    cells = [
        a_cell(1, a_thing("vessel")),
        a_cell(2, seen=False),
        a_cell(3, a_thing("vessel", zone=OTHER), zone=OTHER),
    ]
    assert told(cells, [0, 24, 48])[2][0].at_least == 1


def test_vessels_that_may_be_of_the_class_are_counted_apart() -> None:
    short, unsure = a_thing("vessel", length=60.0), a_thing("vessel", length=98.0)
    short.region.counts_as_visit, unsure.region.counts_as_visit = False, None
    cells = [a_cell(1, a_thing("vessel")), a_cell(2), a_cell(3, unsure), a_cell(4), a_cell(5, short)]
    _, _, visits = told(cells, [0, 24, 48, 72, 96])
    assert (visits[0].at_least, visits[0].perhaps) == (1, 1)
    assert "1 more of vessels that may be as long" in visits[0].sentence


def test_calls_beside_a_stockpile_are_told_apart_and_none_is_counted_twice() -> None:
    heap, coal = replace(YARD, name="coal", kind="stockpile"), replace(YARD, name="search", kind="stockpile")
    bulk = [a_thing("vessel", length=190.0, zone=OTHER), a_thing("vessel", length=191.0, zone=OTHER)]
    for thing in bulk:
        thing.region.length_class = "about 190 m"
    cells = [a_cell(1, bulk[0], zone=OTHER), a_cell(2, zone=OTHER), a_cell(3, bulk[1], zone=OTHER)]
    cells += [a_cell(1), a_cell(2, a_thing("vessel")), a_cell(3)]
    tracks, looks = follow(cells, a_sight(cells)), some_looks([0, 100, 200])

    def counted(*more: Zone) -> dict[str, Visits]:
        place = replace(PORT, zones=(*(z for z in PORT.zones if z.kind != "stockpile"), *more))
        return {v.group: v for v in visits_of(tracks, cells, (), looks, place, Params())}

    said = counted(replace(heap, group=OTHER.group))
    assert (said["all berths"].at_least, said["all berths"].beside_stockpile) == (3, 2)
    words = "of these 2 at berths beside a stockpile (length class about 190 m): consistent with bulk carriers"
    assert words in said["all berths"].sentence
    assert words in said[OTHER.group].sentence
    assert "stockpile" not in said[BERTH.group].sentence
    assert not counted(replace(coal, group=OTHER.group, located=False))["all berths"].beside_stockpile


def test_as_many_calls_are_joined_as_can_be_for_a_count_is_at_least() -> None:
    zones_ = [BERTH, OTHER, PORT.zone("q12_berth"), PORT.zone("q23_berth")]
    # 100 to 130 and 100 to 112 leave, 105 to 112 and 120 to 130 come: both pairs may be one ship each.
    ships = []
    for zone, low, high in zip(zones_, (100.0, 100.0, 105.0, 120.0), (130.0, 112.0, 112.0, 130.0), strict=True):
        ship = a_thing("vessel", length=(low + high) / 2, zone=zone)
        ship.region.length_low_m, ship.region.length_high_m = low, high
        ship.region.counts_as_visit = True
        ships.append(ship)
    cells = [
        *(a_cell(1, ship, zone=zone) for ship, zone in zip(ships[:2], zones_[:2], strict=True)),
        *(a_cell(1, zone=zone) for zone in zones_[2:]),
        *(a_cell(2, zone=zone) for zone in zones_[:2]),
        *(a_cell(2, ship, zone=zone) for ship, zone in zip(ships[2:], zones_[2:], strict=True)),
    ]
    assert told(cells, [0, 24])[2][0].at_least == 2


def test_what_is_told_in_the_next_zone_does_not_leave_this_one_empty() -> None:
    # The ship of look 2 is filed under the yard, as one piece with the goods beside it.
    cells = [
        a_cell(1, a_thing("vessel")),
        a_cell(2),
        a_cell(2, a_thing("cargo", zone=BERTH), zone=YARD),
        a_cell(3, a_thing("vessel")),
    ]
    tracks, events, _ = told(cells, [0, 24, 48])
    assert len([t for t in tracks if t.zone == BERTH.name]) == 1
    assert not [e for e in events if e.zone == BERTH.name]


def test_what_flickers_about_the_threshold_neither_came_nor_went() -> None:
    cells = [a_cell(1, a_thing("vessel")), a_cell(2), a_cell(3, a_thing("vessel"))]
    sight = a_sight(cells)
    assert len(follow(cells, sight)) == 2
    # Under a veil that no mask shows nothing is told, and most of the thing's own difference is there.
    veiled = replace(sight, apart=lambda n, window: sight.apart(1 if n == 2 else n, window) * (0.6 if n == 2 else 1.0))
    assert len(follow(cells, veiled)) == 1


def test_a_look_that_does_not_lie_surely_on_the_frame_ends_no_track() -> None:
    cells = [a_cell(1, a_thing("vessel")), a_cell(2), a_cell(3, a_thing("vessel"))]
    assert len(follow(cells, replace(a_sight(cells), loose={2: 14.0}))) == 1
    assert "fail to close by 14 m" in Known(trials=None, ambiguous=None, loose={2: 14.0}).loosely(2)


def test_a_vessel_alongside_keeps_a_yard_from_being_called_empty() -> None:
    ship = a_thing("vessel", zone=BERTH)
    beside, far = (replace(ship, region=copy(ship.region)) for _ in range(2))
    beside.region.geometry = box(*YARD.polygon.buffer(10.0).bounds)
    far.region.geometry = shapely.affinity.translate(YARD.polygon, 500.0)
    assert _lies_beside(beside, YARD)
    assert not _lies_beside(far, YARD)
    assert not _lies_beside(replace(beside, kind="cargo"), YARD)


def test_goods_that_left_in_a_gap_are_consistent_with_a_call_that_is_never_counted() -> None:
    cells = [
        a_cell(1, a_thing("cargo", zone=YARD), zone=YARD),
        a_cell(2, zone=YARD),
        a_cell(1),
        a_cell(2),
    ]
    _, events, visits = told(cells, [0, 24])
    inferred = next(e for e in events if e.event == "visit_inferred")
    assert "consistent with a ship call, or with removal by rail or road; no ship seen" in inferred.description
    # Nothing is inferred where the berths themselves were not seen.
    blind = [*cells[:2], replace(a_cell(1), states=dict.fromkeys(("vessel", "cargo", "rail"), UNKNOWN)), a_cell(2)]
    assert not [e for e in told(blind, [0, 24])[1] if e.event == "visit_inferred"]
    assert (visits[0].at_least, visits[0].inferred) == (0, 1)
    # Within a few hours no call is inferred, nor where a ship is seen.
    assert not [e for e in told(cells, [0, 5])[1] if e.event == "visit_inferred"]
    cells[2] = a_cell(1, a_thing("vessel"))
    assert not [e for e in told(cells, [0, 24])[1] if e.event == "visit_inferred"]


def test_windows_are_no_narrower_than_what_was_seen() -> None:
    cells = [a_cell(1), a_cell(2, seen=False), a_cell(3, a_thing("vessel")), a_cell(4, seen=False), a_cell(5)]
    _, events, _ = told(cells, [0, 24, 48, 72, 96])
    assert [((e.not_before - START).days, (e.not_after - START).days, e.unusable_between) for e in events] == [
        (0, 2, 1),
        (2, 4, 1),
    ]


def test_goods_that_cover_more_than_their_limits_allow_grew() -> None:
    cells = [
        a_cell(1, a_thing("cargo", zone=YARD, length=60.0), zone=YARD),
        a_cell(2, a_thing("cargo", zone=YARD, length=100.0), zone=YARD),
        a_cell(3, a_thing("cargo", zone=YARD, length=102.0), zone=YARD),
    ]
    _, events, _ = told(cells, [0, 24, 48])
    assert [e.event for e in events] == ["cargo_grew"]


def test_fifty_of_fifty_found_bear_out_a_hundredth_and_forty_do_not() -> None:
    assert Missed(missed=0, put=50).share <= 0.01 < Missed(missed=0, put=40).share
    assert Missed(missed=1, put=100).share > 0.01


def test_a_run_in_which_no_stack_would_lie_hidden_is_no_gap() -> None:
    grid = Grid(crs="EPSG:32652", transform=Affine(3, 0, 0, 0, -3, 300), shape=(100, 100))
    blind = np.zeros(grid.shape, bool)
    result = SimpleNamespace(grid=grid, layers=SimpleNamespace(flags=np.zeros(grid.shape, np.uint8), blind=blind))

    def longest(kind: str) -> float:
        zone = replace(YARD, kind=kind, polygon=box(30, 30, 270, 270))
        return _longest_unseen_m(SimpleNamespace(zone=zone), result)

    assert longest("yard") == 0.0
    blind[50, 20:60] = True  # the edge of a shadow, 3 m broad
    assert longest("yard") == 0.0
    assert longest("rail") > 100.0
    blind[51, 20:40] = True
    assert longest("yard") == pytest.approx(60.0, abs=3.0)
    assert longest("berth") == 0.0


@pytest.mark.parametrize(
    ("run", "floor", "stated", "unknown"),
    [
        (14.0, 30.0, 30.0, False),
        (20.0, 30.0, 50.0, False),
        (31.0, 30.0, 62.0, True),
        (29.0, None, None, False),
        (31.0, None, None, True),
        (29.0, 70.0, 70.0, False),
    ],
)
def test_an_unseen_run_makes_the_floor_longer_and_the_zone_unknown_beyond_what_is_reported(
    *, run: float, floor: float | None, stated: float | None, unknown: bool
) -> None:
    state = SimpleNamespace(zone=YARD, unknown={}, clear_fraction=1.0)
    told = _why_not_searched(state, run, floor, Missed(missed=0, put=400), Params())
    assert told == (f"a stretch of {run:.0f} m of it was not seen" if unknown else None)
    assert (floor and floor_beside(run, floor)) == stated
    if stated is not None and run > floor / 2:
        assert run <= stated / 2  # house.md, section 6
        assert stated - run >= floor  # as much shows as would hardly be missed by itself


def test_something_was_drawn_in_a_zone_where_a_long_piece_of_it_is_not_told() -> None:
    grid = Grid(crs="EPSG:32652", transform=Affine(3, 0, 0, 0, -3, 300), shape=(100, 100))
    drawn = np.zeros(grid.shape, bool)
    zone = replace(YARD, polygon=box(30, 30, 270, 270))

    def found(*told: SimpleNamespace) -> bool:
        layers = SimpleNamespace(drawn=drawn)
        return _anything_drawn(zone, SimpleNamespace(grid=grid, regions=told, layers=layers), Params())

    assert not found()
    drawn[50:53, 40:48] = True  # 24 m
    assert not found()
    drawn[50:53, 40:60] = True
    assert found()
    assert not found(SimpleNamespace(geometry=box(120, 141, 180, 150)))  # it is told
    drawn[:] = False
    drawn[2:5, 40:60] = True  # beside the yard
    assert not found()


def test_where_nothing_was_drawn_a_yard_is_asked_what_would_not_be_drawn() -> None:
    def trials(kind: str) -> list[Trial]:
        one = Trial(
            length_m=60.0,
            width_m=5.0,
            colour="green",
            date="after",
            zone=YARD.name,
            found=True,
            contrast=0.4,
            drawn=True,
        )
        return [replace(one, zone=kind, found=n > 4) for n in range(120)]

    curves = [
        Curve(zone_kind=zone.kind, floor=Floor(thing="containers"), trials=tuple(trials(zone.name)))
        for zone in (YARD, BERTH)
    ]
    told = trials_of({1: SimpleNamespace(sensitivity=SimpleNamespace(curves=curves))}, Params())
    assert told["yard"].found.sum() == 115
    assert told["yard"].overlooked().found.all()
    blank = np.zeros(GRID.shape, bool)

    def share(zone: Zone, drawn: np.ndarray) -> float:
        result = SimpleNamespace(grid=GRID, regions=(), layers=SimpleNamespace(drawn=drawn))
        missed = Known(trials=told[zone.kind], ambiguous=None).counted(1, zone, result, Params())
        assert missed is not None
        return missed.share

    assert share(YARD, blank) < 0.01 < share(YARD, ~blank)
    assert share(BERTH, blank) > 0.01


def some_trials(missed: dict[tuple[str, int], int], put: int = 20) -> Trials:
    """Of ``put`` things in each of three zones on each of four looks so many are missed."""
    rows = [(z, k, n >= missed.get((z, k), 0)) for z in "abc" for k in (1, 2, 3, 4) for n in range(put)]
    return Trials(
        zones=np.array([r[0] for r in rows]), looks=np.array([r[1] for r in rows]), found=np.array([r[2] for r in rows])
    )


def test_a_look_on_which_much_is_missed_says_nothing_of_the_others() -> None:
    trials = some_trials({("a", 3): 5, ("b", 3): 6, ("c", 1): 1})
    assert (trials.of("a", 1).missed, trials.of("a", 1).put) == (0, 60)
    assert trials.of("a", 1).share < 0.01
    assert trials.of("a", 3) == Missed(missed=11, put=60)


def test_a_zone_speaks_for_itself_the_more_the_more_was_put_into_it() -> None:
    trials = some_trials({("b", k): 3 for k in (1, 2, 3, 4)})
    assert trials.of("b", 1).share > 0.1 > trials.of("a", 1).share > 0.01
    assert some_trials({}).of("a", 1).share < 0.005


def test_goods_are_as_long_as_where_no_ship_lies_beside_them() -> None:
    alone, beside = a_thing("cargo", length=90.0, zone=YARD), a_thing("cargo", length=113.0, zone=YARD)
    shares = {**beside.region.zone_shares, BERTH.name: 0.2}
    beside.region.zone_shares = shares
    cells = [a_cell(1, zone=YARD), a_cell(2, alone, zone=YARD), *(a_cell(k, beside, zone=YARD) for k in (3, 4, 5))]
    _, events, _ = told(cells, [0, 24, 48, 72, 96])
    assert [(e.event, e.length_m) for e in events] == [("cargo_appeared", 90.0)]


def test_silence_is_as_strong_as_its_looks_are_many() -> None:
    assert "9 of 9 usable looks" in quiet_words("vessel", 40.0, 9, 12)
    assert "up to 28% of the time" in quiet_words("vessel", 40.0, 9, 12)


def test_of_what_a_look_does_not_show_no_chance_is_stated() -> None:
    seen = replace(a_cell(1, a_thing("vessel")), missed=0.005)
    cells = [seen, a_cell(2, seen=False), replace(a_cell(3), missed=0.005)]
    found = with_chances(cells, some_looks([0, 24, 48]), {BERTH.name: 0.001}, Params())
    assert [c.p_state is None for c in found] == [False, True, False]
    assert found[0].p_state > 0.9
    assert found[2].p_state < 0.01
    assert [c.states for c in found] == [c.states for c in cells]


# --- bad input -------------------------------------------------------------------------------------------------------


def test_strips_within_minutes_are_one_look_and_a_scene_given_twice_counts_once() -> None:
    first = open_scene(samples.path("najin_20231016"))
    strip = replace(first, scene_id="next_strip", name="next.tif", acquired=first.acquired + timedelta(seconds=8))
    later = open_scene(samples.path("najin_20231017"))
    assert len(opened([first, strip, later, later]).infos) == 2
    assert len(opened([samples.path("najin_20231020_0201"), samples.path("najin_20231020_0643")]).infos) == 2


def test_a_folder_of_deliveries_is_a_series(tmp_path: Path) -> None:
    for day in DAYS[:2]:
        folder = samples.path(f"najin_{day}")
        folder = folder if folder.is_dir() else folder.parent
        (tmp_path / folder.name).symlink_to(folder)
    assert len(opened([tmp_path]).infos) == 2


def test_what_makes_no_series_is_refused_in_a_line() -> None:
    info = open_scene(samples.path("najin_20231016"))
    later = open_scene(samples.path("najin_20231017"))
    with pytest.raises(InputError, match="a series needs two"):
        timeline("najin", [info])
    with pytest.raises(InputError, match="the time of the image is not known"):
        timeline("najin", [info, replace(later, acquired=None)])
    with pytest.raises(InputError, match="rendered or altered"):
        timeline("najin", [info, replace(later, simulated=False)])
    with pytest.raises(InputError, match="has none; give one with zones"):
        timeline(replace(load_aoi("najin"), zones=()), [info, later])


def test_a_copy_under_another_name_is_no_second_look() -> None:
    first = open_scene(samples.path("najin_20231016"))
    copy = replace(first, name="copy.tif", scene_id=None, masks=())
    found = opened([copy, first, open_scene(samples.path("najin_20231017"))])
    assert found.infos[0].name == first.name
    assert len(found.infos) == 2
    assert "copy.tif" in found.left_out[0]


def test_what_lies_among_the_images_is_left_out_with_a_word(tmp_path: Path) -> None:
    for day in DAYS[:2]:
        folder = samples.path(f"najin_{day}")
        folder = folder if folder.is_dir() else folder.parent
        (tmp_path / folder.name).symlink_to(folder)
    for name in ("notes", "result"):
        (tmp_path / name).mkdir()
    (tmp_path / "result" / "manifest.json").write_text('{"product": "imagery_diff timeline"}', encoding="utf-8")
    found = opened([tmp_path])
    assert len(found.infos) == 2
    assert any("result" in line for line in found.left_out)


def test_a_delivery_with_a_manifest_of_its_own_is_no_result_of_ours(tmp_path: Path) -> None:
    # Planet's orders hold a manifest.json too.
    for day in DAYS[:2]:
        folder = samples.path(f"najin_{day}")
        folder = folder if folder.is_dir() else folder.parent
        shutil.copytree(folder, tmp_path / folder.name)
        (tmp_path / folder.name / "manifest.json").write_text('{"name": "", "files": []}', encoding="utf-8")
    found = opened([tmp_path])
    assert len(found.infos) == 2
    assert found.left_out == ()


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    with pytest.raises(InputError, match="notes: holds no image"):
        opened([tmp_path / "notes"])


def test_an_empty_zone_must_be_of_the_place_and_its_image_of_the_series() -> None:
    images = [samples.path(f"najin_{day}") for day in DAYS[:2]]
    with pytest.raises(UnknownNameError, match="none of the images of the series"):
        timeline("najin", images, empty={"pier2_yard": "nowhere.tif"})
    with pytest.raises(UnknownNameError, match="is no zone"):
        timeline("najin", images, empty={"pier9": open_scene(images[0]).name})


def test_a_zone_that_the_user_says_is_empty_is_doubted_no_longer() -> None:
    images = [samples.path(f"najin_{day}") for day in DAYS[:2]]
    found = timeline("najin", images, empty={"pier2_yard": open_scene(images[0]).name})
    first, second = (c for c in found.cells if c.zone.name == "pier2_yard")
    assert second.states["cargo"] == YES
    assert "present or permanent" not in (first.reason or "")


def test_a_text_that_a_spreadsheet_would_run_is_led_by_a_quote() -> None:
    written = csv_bytes(
        [{"a": '=HYPERLINK("http://x")', "b": 'say "no", twice', "c": None, "d": True}], "abcd"
    ).decode()
    assert written.splitlines()[1].startswith("\"'=HYPERLINK")
    assert next(csv.reader(written.splitlines()[1:]))[1:] == ['say "no", twice', "", "true"]


def test_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    images = [str(samples.path(f"najin_{day}")) for day in DAYS[:2]]
    shown = CliRunner().invoke(main, ["timeline", "najin", *images, "--json"])
    assert shown.exit_code == 0, shown.output
    schema("timeline").validate(json.loads(shown.stdout))
    assert (tmp_path / "najin_20231016T0204Z_20231017T0212Z_timeline" / "observations.csv").exists()
    for words, code in (
        (["timeline", "najin"], 2),
        (["timeline", "nowhere", *images], 2),
        (["timeline", "najin", *images, "--empty", "pier2_yard"], 2),
        (["timeline", "najin", images[0], "missing.tif"], 1),
    ):
        assert CliRunner().invoke(main, words).exit_code == code, words
    assert sorted(p.name for p in tmp_path.iterdir()) == ["najin_20231016T0204Z_20231017T0212Z_timeline"]


def test_who_keeps_a_comparison_in_a_file_keeps_no_pixels_of_its_looks():
    grid = Grid(crs="EPSG:32652", transform=Affine(3, 0, 0, 0, -3, 300), shape=(100, 100))
    held = Held(data=np.ones((4, 100, 100), np.float32), flags=np.zeros((100, 100), np.uint8), grid=grid)
    assert len(pickle.dumps(held)) < 10_000
    assert pickle.loads(pickle.dumps(held)).grid == grid  # noqa: S301 - our own


def a_pair(*told: tuple[Thing, str], clear: bool = True) -> SimpleNamespace:
    """Return what two looks tell of each other: things and their directions."""
    layers = SimpleNamespace(flags=np.zeros(GRID.shape, np.uint8), blind=np.full(GRID.shape, not clear))
    regions = [SimpleNamespace(**{**vars(thing.region), "direction": direction}) for thing, direction in told]
    return SimpleNamespace(regions=regions, layers=layers, grid=GRID)


def pairs_of(found) -> SimpleNamespace:
    return SimpleNamespace(between=lambda *_: found, place=PORT)


SHIP = a_thing("vessel")


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (a_pair((SHIP, "appeared")), None),
        (a_pair((SHIP, "changed")), "tell a blue vessel-like object that changed instead"),
        (a_pair((SHIP, "disappeared")), "tell a blue vessel-like object that is no longer visible instead"),
        (a_pair((a_thing("vessel", at=300.0), "appeared")), "tell nothing there"),
        (a_pair(clear=False), "do not show it: 0% of its place was clear"),
        ("no common ground", "cannot be compared with each other: no common ground"),
    ],
)
def test_where_the_pair_of_two_looks_does_not_tell_an_event_its_row_says_why(found, said) -> None:
    cells = [a_cell(1), a_cell(2, SHIP)]
    _, events, _ = told(cells, [0, 24])
    (event,) = with_pairs(events, pairs_of(found), some_looks([0, 24]))
    assert event.borne_out == (said is None)
    assert (said or "") in event.description
    assert ("with each other" in event.description) == (said is not None)


def test_one_ship_in_place_of_another_is_a_change_to_a_pair() -> None:
    cells = [a_cell(1, SHIP), a_cell(2), a_cell(3, SHIP)]
    _, events, _ = told(cells, [0, 24, 48])
    swapped = [replace(e, not_before=events[0].not_before, not_after=events[1].not_after) for e in events]
    looks = [replace(look, number=k + 1) for k, look in enumerate(some_looks([0, 24, 48]))]
    assert all(e.borne_out for e in with_pairs(swapped, pairs_of(a_pair((SHIP, "changed"))), looks))


@pytest.mark.parametrize(
    ("direction", "states"), [("appeared", [NO, UNKNOWN]), ("disappeared", [UNKNOWN, NO]), ("changed", [UNKNOWN] * 2)]
)
def test_no_is_not_said_where_two_looks_tell_each_other_of_something(direction, states) -> None:
    cells = not_denied([a_cell(1), a_cell(2)], [1, 2], pairs_of(a_pair((SHIP, direction))), some_looks([0, 24]))
    assert [c.states["vessel"] for c in cells] == states
    doubted = next(c for c in cells if c.states["vessel"] == UNKNOWN)
    assert "a blue vessel-like object shows there" in doubted.reason


def test_two_looks_are_not_compared_where_there_is_no_no_to_deny() -> None:
    asked: list[tuple[int, int]] = []
    pairs = SimpleNamespace(between=lambda one, other: asked.append((one, other)) or "cannot be compared")
    unknown = [replace(a_cell(n), states={"vessel": UNKNOWN}) for n in (1, 2)]
    assert not_denied([*unknown, a_cell(3)], [1, 2, 3], pairs, some_looks([0, 24, 48])) == [*unknown, a_cell(3)]
    assert asked == [(2, 3)]


def test_the_empty_place_does_not_depend_on_how_much_of_it_is_held_at_a_time(monkeypatch) -> None:
    rng = np.random.default_rng(5)
    looks = SimpleNamespace(
        data=rng.random((5, 2, 40, 30), np.float32),
        clear=rng.random((5, 40, 30)) > 0.6,
        used=[0, 1, 3, 4],
        let_go=lambda: None,
    )
    lines = {k: np.array([[1.0 + k, 1.0], [0.0, 0.1 * k]]) for k in (0, 1, 3)}
    gone = {k: rng.random((40, 30)) > 0.5 for k in (0, 3)}

    def learned() -> list[np.ndarray]:
        empty = series_history.learn(looks, lines)
        series_history._lay_in(empty.data, empty.flags, gone, looks, lines)
        return [empty.data, empty.flags]

    whole = learned()
    monkeypatch.setattr(series_history, "_BLOCK_PX", 200)
    assert all(np.array_equal(one, other) for one, other in zip(whole, learned(), strict=True))


def test_what_the_other_look_shows_explains_a_pair() -> None:
    pair = pairs_of(a_pair((SHIP, "changed")))
    cells = not_denied([a_cell(1, SHIP), a_cell(2)], [1, 2], pair, some_looks([0, 24]))
    assert [c.states["vessel"] for c in cells] == [YES, NO]
    roof = replace(SHIP, region=SimpleNamespace(**{**vars(SHIP.region), "activity": "construction"}))
    cells = [a_cell(1), a_cell(2)]
    assert not_denied(cells, [1, 2], pairs_of(a_pair((roof, "appeared"))), some_looks([0, 24])) == cells


def test_every_reason_of_a_rendered_series_has_a_letter(october) -> None:
    letters = {cell.reason: cause_letter(cell.reason) for cell in october.cells if cell.reason}
    assert letters
    assert not [reason for reason, letter in letters.items() if letter == "X"]


def test_a_look_is_loose_if_no_closure_of_its_own_holds() -> None:
    grid = Grid(crs="EPSG:32652", transform=Affine(3, 0, 0, 0, -3, 60), shape=(20, 40))
    laid = SimpleNamespace(grid=grid, used=[0, 1, 2, 3, 4], closures_m={1: None, 2: 9.0, 3: 0.4, 4: 0.2})
    assert loosely_laid(laid) == {2: 9.0}, "beside the frame's look, charged to the look after it"
    laid.closures_m = {1: 0.3, 2: 9.0, 3: 8.0, 4: 0.2}
    assert loosely_laid(laid) == {3: 8.0}


def test_no_is_not_said_on_a_look_through_which_a_track_goes() -> None:
    cells = [a_cell(1), a_cell(2, SHIP), a_cell(3), a_cell(4, SHIP), a_cell(5)]
    sight = a_sight(cells)
    half_there = replace(sight, apart=lambda n, w: sight.apart(2 if n == 3 else n, w))
    tracks = follow(cells, half_there)
    assert [(t.first, t.last) for t in tracks] == [(2, 4)]
    held = not_through(cells, tracks)
    assert [c.states["vessel"] for c in held] == [NO, YES, UNKNOWN, YES, NO]
    assert "may stand there" in held[2].reason
    assert not held[2].usable
    assert [c.states["vessel"] for c in not_through(cells, follow(cells, sight))] == [NO, YES, NO, YES, NO]


def test_what_cloud_covers_is_no_sign_that_a_thing_went() -> None:
    cells = [a_cell(1, SHIP), a_cell(2)]
    sight = a_sight(cells)
    under = zones.inside(SHIP.region.geometry, GRID)
    cloud = under & (np.cumsum(under).reshape(under.shape) % 7 == 0)
    shown = {1: np.where(under, 0.2, 0.0), 2: np.where(cloud, -3.0, np.where(under, 0.2, 0.0))}
    there = replace(
        sight,
        clear={1: np.ones(GRID.shape, bool), 2: ~cloud},
        apart=lambda n, w: np.broadcast_to(shown[n], GRID.shape)[None, *w],
    )
    assert not there.is_empty(2, SHIP.region.geometry, 1)


def test_a_zone_is_not_called_quiet_where_two_looks_say_otherwise() -> None:
    cells = not_denied([a_cell(1), a_cell(2)], [1, 2], pairs_of(a_pair((SHIP, "appeared"))), some_looks([0, 24]))
    assert quiet_of([a_cell(1), a_cell(2)], PORT, Params())
    assert not quiet_of(cells, PORT, Params())


def test_ground_laid_dark_in_a_berth_beside_a_stockpile_is_no_heap() -> None:
    heap = replace(YARD, name="coal", kind="stockpile", accuracy_m=60.0, polygon=BERTH.polygon.buffer(30.0))
    aoi = SimpleNamespace(zones=(heap, BERTH))
    result = SimpleNamespace(aoi=aoi, grid=GRID)
    stored = series_heaps._stored(result)
    assert stored.intersection(BERTH.polygon).area < 1.0
    assert stored.area > heap.polygon.area - BERTH.polygon.area


def test_a_thing_told_under_haze_is_seen_to_have_gone() -> None:
    cells = [a_cell(1, SHIP), a_cell(2)]
    sight = a_sight(cells)
    hazy = replace(sight, clear={1: np.zeros(GRID.shape, bool), 2: np.ones(GRID.shape, bool)})
    assert hazy.is_empty(2, SHIP.region.geometry, 1)


def test_growth_that_two_looks_deny_is_not_told() -> None:
    cells = [a_cell(1), a_cell(2, SHIP)]
    _, (event,), _ = told(cells, [0, 24])
    grew, looks = replace(event, event="cargo_grew"), some_looks([0, 24])
    assert with_pairs([grew], pairs_of(a_pair((SHIP, "disappeared"))), looks) == ()
    assert with_pairs([grew], pairs_of(a_pair(clear=False)), looks) == ()
    (kept,) = with_pairs([grew], pairs_of(a_pair()), looks)
    assert not kept.borne_out
    assert with_pairs([grew], pairs_of(a_pair((SHIP, "appeared"))), looks) == (grew,)


def test_an_event_is_likelier_than_not_or_told_by_its_pair_too() -> None:
    _, (event,), _ = told([a_cell(1), a_cell(2, SHIP)], [0, 24])
    faint, looks = replace(event, p_event=0.3), some_looks([0, 24])
    assert with_pairs([faint], pairs_of(a_pair()), looks) == ()
    assert with_pairs([faint], pairs_of("no common ground"), looks) == ()
    assert with_pairs([faint], pairs_of(a_pair((SHIP, "appeared"))), looks) == (faint,)
    assert len(with_pairs([replace(event, p_event=0.6)], pairs_of(a_pair()), looks)) == 1


def test_under_another_sun_shadows_fall_elsewhere() -> None:
    looks = looks_under((152.0, 49.0), (160.0, 45.0), (238.0, 18.0), None)
    assert [series_history.lit_alike(looks, k) for k in range(4)] == [True, True, False, True]


def test_the_common_ground_of_images_has_no_zones_to_tell_of() -> None:
    said = CliRunner().invoke(main, ["timeline", "-", "a.tif", "b.tif"])
    assert said.exit_code == 2
    assert "name an AOI" in said.stderr
