"""Trains in a series: counted in the tracks that hold them, a line at a time, with how long they stood."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from affine import Affine
from shapely import box

from imagery_diff import AOI, Zone, series_trains
from imagery_diff.grid import Grid
from imagery_diff.result import Region
from imagery_diff.write.timeline_sentences import dwell_words
from tests.method.test_rail_lines import look

CRS = "EPSG:32652"
GRID = Grid(crs=CRS, transform=Affine(3.0, 0.0, 500_000.0, 0.0, -3.0, 4_600_243.0), shape=(81, 301))
LARGE, SMALL = box(499_000, 4_599_000, 502_000, 4_601_500), box(499_900, 4_599_900, 501_000, 4_600_400)


def a_place(*, rail: object = LARGE, yard: object = SMALL, located: bool = False) -> AOI:
    zones = (
        Zone(name="yard", kind="yard", polygon=yard, crs=CRS, located=located),
        Zone(name="tracks", kind="rail", polygon=rail, crs=CRS, located=False, group="g"),
    )
    return AOI(name="border", polygon=LARGE, zones=zones, crs=CRS)


def a_region(rows: tuple[int, int], cols: tuple[int, int], *, activity: str = "rail_cars") -> Region:
    left, right = (GRID.transform.c + 3.0 * col for col in cols)
    top, bottom = (GRID.transform.f - 3.0 * row for row in rows)
    return Region(
        id="R1",
        geometry=box(left, bottom, right, top),
        direction="appeared",
        activity=activity,
        area_m2=(right - left) * (top - bottom),
        length_m=right - left,
        width_m=top - bottom,
        orientation_deg=90.0,
        strength=7.0,
        why=("seen",),
        zone="yard",
        zone_kind="yard",
        zone_shares={"yard": 1.0, "tracks": 1.0},
        p_change=0.8,
        p_activity=0.9,
        shares={activity: 0.7, "rail_cars": 0.7 if activity == "rail_cars" else 0.25},
    )


@dataclass(frozen=True)
class Held:
    """As much of a comparison as is asked for."""

    regions: tuple[Region, ...]
    grid: Grid = GRID
    after: object = field(default_factory=lambda: SimpleNamespace(sun=None))
    layers: object = field(
        default_factory=lambda: SimpleNamespace(flags=np.zeros(GRID.shape, np.uint8), blind=np.zeros(GRID.shape, bool))
    )


def told(*looks: tuple[np.ndarray, tuple[Region, ...]], place: AOI | None = None) -> dict[int, tuple[Region, ...]]:
    found = {n: Held(regions) for n, (_, regions) in enumerate(looks, start=1)}
    images = {n: image for n, (image, _) in enumerate(looks, start=1)}
    said = series_trains.line_by_line(found, lambda n, w: images[n][:, *w], place or a_place())  # type: ignore[arg-type]
    return {n: c.regions for n, c in said.items()}


def lengths(regions: tuple[Region, ...]) -> list[int]:
    return sorted(round(r.length_m) for r in regions)


TWO = ((38, 60, 160), (44, 100, 200))
BARE = [(look(seed=k), ()) for k in (1, 2, 3)]


def test_one_area_over_two_trains_is_told_as_two_lines_in_metres() -> None:
    found = told((look(*TWO), (a_region((36, 46), (70, 180)),)), *BARE)
    assert lengths(found[1]) == pytest.approx([300, 300], abs=12)
    assert {r.activity for r in found[1]} == {"rail_cars"}
    assert not any(found[n] for n in (2, 3, 4))
    assert all(r.length_low_m < r.length_m < r.length_high_m and r.why_no_count for r in found[1])
    assert len({r.id for r in found[1]}) == 2


def test_of_search_areas_in_each_other_the_tracks_hold_a_train() -> None:
    found = told((look(*TWO), (a_region((36, 46), (70, 180)),)), *BARE)
    assert {(r.zone, r.zone_kind, r.group) for r in found[1]} == {("tracks", "rail", "g")}
    stack = replace(a_region((10, 16), (70, 90), activity="containers"), length_m=30.0)
    (kept,) = told((look(), (stack,)), *BARE)[1]
    assert kept.zone == "yard"


def test_a_located_yard_keeps_what_is_told_in_it() -> None:
    short = replace(a_region((39, 41), (70, 84)), length_m=40.0)
    (kept,) = told((look(), (short,)), *BARE, place=a_place(located=True))[1]
    assert kept.zone == "yard"


def test_what_one_look_tells_is_told_on_another_that_shows_the_same_train() -> None:
    found = told((look(TWO[0]), (a_region((37, 40), (70, 150)),)), (look(TWO[0], seed=9), ()), *BARE)
    assert lengths(found[2]) == pytest.approx(lengths(found[1]), abs=6)


def test_nothing_is_told_that_no_comparison_tells() -> None:
    assert not any(told((look(*TWO), ()), *BARE).values())


def test_a_piece_of_a_train_that_looks_like_containers_is_told_with_its_train() -> None:
    pieces = (a_region((37, 40), (110, 140)), a_region((37, 40), (70, 90), activity="containers"))
    (train,) = told((look(TWO[0]), pieces), *BARE)[1]
    assert train.activity == "rail_cars"
    assert train.length_m == pytest.approx(300, abs=12)


def test_goods_told_in_a_located_yard_beside_the_tracks_stay_told_there() -> None:
    goods = replace(a_region((37, 40), (70, 90), activity="containers"), zone="yard")
    place = a_place(located=True)
    found = told((look(TWO[0]), (a_region((37, 40), (110, 140)), goods)), *BARE, place=place)[1]
    assert "containers" in [r.activity for r in found]


def test_what_no_look_calls_a_train_is_asked_for_no_lines() -> None:
    """The shade of a shed is as long and as narrow."""
    shade = a_region((37, 40), (70, 150), activity="containers")
    assert [r.activity for r in told((look(TWO[0]), (shade,)), *BARE)[1]] == ["containers"]


def test_a_block_of_containers_beside_a_train_stays_what_it_is() -> None:
    block = replace(a_region((36, 41), (70, 130), activity="containers"), shares={"containers": 1.0, "rail_cars": 0.0})
    assert [r.activity for r in told((look(TWO[0]), (block,)), *BARE)[1]] == ["containers"]


@pytest.mark.parametrize(
    "grid",
    [
        replace(GRID, transform=Affine(10.0, 0.0, 500_000.0, 0.0, -10.0, 4_600_243.0)),
        Grid(crs="EPSG:4326", transform=Affine(3e-5, 0.0, 130.6, 0.0, -3e-5, 42.4), shape=GRID.shape),
    ],
    ids=["10 m", "degrees"],
)
def test_of_large_pixels_and_of_degrees_no_lines_are_asked(grid: Grid) -> None:
    seed = a_region((36, 46), (70, 180))
    found = {1: Held((seed,), grid=grid)}
    said = series_trains.line_by_line(found, lambda _, w: look(*TWO)[:, *w], a_place())  # type: ignore[arg-type]
    assert lengths(said[1].regions) == lengths((seed,))


def moment(day: float) -> SimpleNamespace:
    when = datetime(2024, 4, 16, 2, 0, tzinfo=UTC) + timedelta(days=day)
    return SimpleNamespace(time=when, info=SimpleNamespace(acquired=when, time_source="file", name="x"))


def test_a_train_stood_between_two_limits_of_hours_and_is_told_in_metres() -> None:
    zone = a_place().zone("tracks")
    train = replace(a_region((39, 41), (60, 260)), length_low_m=590.0, length_high_m=630.0)
    text = dwell_words(train, zone, (moment(0), moment(1)), (moment(3), moment(4)))  # type: ignore[arg-type]
    head = (
        "a train of about 600 m (590 to 630), or several one after another, stood on the tracks of tracks from between"
    )
    assert text.startswith(f"{head} 16 April")
    assert text.endswith("that is at least 48 h and at most 96 h")
    once = dwell_words(train, zone, (moment(0), moment(1)), (moment(1), moment(3)))  # type: ignore[arg-type]
    assert once.endswith("that is at most 72 h")
    still = dwell_words(train, zone, (None, moment(1)), (moment(1), None))  # type: ignore[arg-type]
    assert "no later than 17 April" in still
    assert still.endswith("seen on one look")
