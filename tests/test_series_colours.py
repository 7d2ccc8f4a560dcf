"""Goods that left while a vessel was at the quay: whether her deck shows their colour."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from imagery_diff.method import zones
from imagery_diff.result_series import Event, Thing, Track
from imagery_diff.series_colours import Alike, may_have_loaded, same_colours, with_colours
from imagery_diff.write.sentences import same_colour_words
from tests.test_series import BERTH, GRID, PORT, YARD, a_thing, some_looks

NAMES = ("blue", "green", "red", "nir")
PAINT, GROUND, WATER = (0.20, 0.10, 0.06, 0.05), (0.20, 0.22, 0.24, 0.28), (0.05, 0.05, 0.03, 0.01)
BOTH = np.column_stack([np.ones(4), np.zeros(4)]).T


def a_track(name: str, kind: str, zone, looks: tuple[int, ...], absent: tuple[int | None, int | None]) -> Track:
    thing = a_thing(kind, zone=zone)
    vars(thing.region).update(strength=9.0, direction="appeared", same_colour=None)
    return Track(
        id=name,
        kind=kind,
        zone=zone.name,
        group="pier2",
        seen=tuple((n, thing) for n in looks),
        absent_before=absent[0],
        absent_after=absent[1],
    )


STACK = a_track("T1", "cargo", YARD, (2,), (1, 3))
SHIP = a_track("T2", "vessel", BERTH, (3,), (2, 4))


def test_a_vessel_that_was_there_when_goods_left_may_have_loaded_them() -> None:
    assert may_have_loaded(STACK, SHIP)
    assert may_have_loaded(STACK, replace(SHIP, absent_before=None))
    assert not may_have_loaded(replace(STACK, absent_after=None), SHIP), "they are still there"
    assert not may_have_loaded(STACK, replace(SHIP, absent_before=3, seen=((4, SHIP.seen[0][1]),))), "came later"
    assert not may_have_loaded(STACK, replace(SHIP, seen=((2, SHIP.seen[0][1]),))), "not seen since"
    assert not may_have_loaded(STACK, replace(SHIP, group="pier3"))
    assert not may_have_loaded(replace(STACK, group=None), replace(SHIP, group=None))


def painted(thing: Thing, paint: tuple[float, ...], image: np.ndarray) -> np.ndarray:
    image[:, zones.inside(thing.region.geometry, GRID)] = np.array(paint)[:, None]
    return image


def alike(deck: tuple[float, ...]) -> list[Alike]:
    rng = np.random.default_rng(1)
    base = np.array(GROUND, np.float32)[:, None, None] * rng.normal(1, 0.05, (4, *GRID.shape))
    base = base.astype(np.float32)
    images = np.stack([base, base, base, base])
    painted(STACK.seen[0][1], PAINT, images[1])
    painted(SHIP.seen[0][1], deck, images[2])
    shape = GRID.shape
    laid = SimpleNamespace(grid=GRID, names=NAMES, data=images, clear=np.ones((4, *shape), bool))
    history = SimpleNamespace(data=base, flags=np.zeros(shape, np.uint8))
    found = {
        n: SimpleNamespace(
            layers=SimpleNamespace(flags=np.zeros(shape, np.uint8)),
            regions=(SHIP.seen[0][1].region,) if n == 3 else (),
            aoi=PORT,
        )
        for n in (1, 2, 3, 4)
    }
    return same_colours([STACK, SHIP], found, laid, dict.fromkeys(range(4), BOTH), history)  # type: ignore[arg-type]


def test_a_deck_of_the_colour_of_the_stack_that_left_agrees_and_ground_hardly_does() -> None:
    (one,) = alike(PAINT)
    assert (one.goods, one.vessel, one.shown, one.aboard) == ("T1", "T2", 2, 3)
    assert one.angle_deg < 1.0
    assert one.chance < 0.02


def test_a_deck_of_another_colour_agrees_with_nothing() -> None:
    assert alike((0.05, 0.06, 0.25, 0.25)) == []


def test_both_events_say_it_in_the_words_of_a_pair_and_never_that_it_is_one_thing() -> None:
    looks = some_looks([0.0, 24.0, 48.0, 72.0])
    event = Event(
        event="cargo_disappeared",
        zone=YARD.name,
        group="pier2",
        not_before=looks[1].time,
        not_after=looks[2].time,
        length_m=100.0,
        p_event=None,
        evidence=(),
        track="T1",
        description="goods left",
    )
    came = replace(event, event="vessel_arrived", track="T2", zone=BERTH.name)
    other = replace(event, event="cargo_appeared")
    said = Alike(goods="T1", vessel="T2", shown=2, aboard=3, angle_deg=3.1, chance=0.004)
    left, arrived, same = with_colours([event, came, other], [said], [STACK, SHIP], looks, PORT)
    near = "to 3.1 degrees (spectral angle); fewer than 1 in 100 pieces of ground hold what comes as near"
    assert left.description.endswith(near)
    assert arrived.description.endswith(near)
    assert "colour agrees with that of something on the vessel-like object at Pier 2" in left.description
    assert "3 October" in left.description
    assert "2 October" in arrived.description
    assert same is other
    assert same_colour_words("R1", 3.1, 0.004) == f"its colour agrees with that of R1 {near}"


@pytest.mark.parametrize("activity", ["cover", "stockpile"])
def test_only_containers_are_asked(activity: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(STACK.seen[0][1].region, "activity", activity)
    assert alike(PAINT) == []
