"""What the suite of classes puts into a harbour besides ships, stacks, trains, heaps and covers, with its true class.

    barge           vessel        a hull without a house, loaded or bare
    boat            other         under 20 m: the rule is that a vessel is 20 m or longer (a hull of 7 pixels of 3 m)
    crane           equipment     it stands elsewhere on the other date
    lorries         equipment     parked side by side
    building        construction  came, or was pulled down
    roof            construction  of another colour on the other date: works on a building; nothing came or went
    wet             other         ground darkened, its pattern still to be seen, its border soft
    sand, ore       stockpile     heaps that are not dark
    quayside        containers    a stack within metres of the quay's edge, which lies half in the berth as it is drawn

A truth of ``other`` is what no class fits: it is right to call it so, and wrong to call anything else so.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from harbour_events import (
    EVENT_GAP_M,
    MAKERS,
    Put,
    fitted,
    log_uniform,
    on_a_yard,
    repainted,
    stack_of_any_colour,
    within,
)
from shapely.affinity import rotate, scale
from shapely.geometry import Point as Dot

from imagery_diff.synthetic import Thing, crane, heap, lorry
from imagery_diff.synthetic.harbours import Pier, ragged
from imagery_diff.synthetic.materials import PAINTS, ROOFS
from imagery_diff.synthetic.things import building, hull, scattered
from imagery_diff.synthetic.world import Part, along, box

if TYPE_CHECKING:
    from collections.abc import Callable

    from harbour_events import Room
    from numpy.random import Generator

    from imagery_diff.synthetic import Harbour

CLASS_OF = {
    "ship": "vessel",
    "barge": "vessel",
    "boat": "other",
    "stack": "containers",
    "quayside": "containers",
    "train": "rail_cars",
    "heap": "stockpile",
    "tarpaulin": "cover",
    "crane": "equipment",
    "lorries": "equipment",
    "building": "construction",
    "roof": "construction",
    "wet": "other",
}
"""What is drawn -> its true class."""
DRAWN = {
    "ship": 0.14,
    "barge": 0.07,
    "boat": 0.08,
    "stack": 0.14,
    "quayside": 0.05,
    "train": 0.14,
    "heap": 0.12,
    "tarpaulin": 0.11,
    "lorries": 0.07,
    "building": 0.08,
}
"""How often each kind is drawn, of all that find a place by chance; cranes, roofs and wet ground are drawn apart."""
HEAPS = ("black", "black", "black", "dark", "tan", "rust")
LORRIES = ("white", "tan", "blue", "grey", "green", "red")
BARGES = ("rust", "dark", "grey", "green", "tan")
BOATS = ("white", "light_grey", "blue", "orange", "dark")


def makers() -> dict[str, Callable[..., Put]]:
    """Kind -> what puts one somewhere."""
    return {
        "ship": MAKERS["vessel"],
        "barge": _a_barge,
        "boat": _a_boat,
        "stack": MAKERS["containers"],
        "quayside": _a_quayside_stack,
        "train": MAKERS["rail_cars"],
        "heap": _a_heap,
        "tarpaulin": MAKERS["cover"],
        "lorries": _some_lorries,
        "building": a_building,
    }


def kind_of(thing_id: str) -> str:
    """Return the kind that stands in the id of a thing: ``event3_barge`` is a barge."""
    return thing_id.rsplit("_", 1)[1]


def _beside(harbour: Harbour, rng: Generator, half_m: float, off_m: float) -> tuple[tuple[float, float], float] | None:
    """Return a point beside a pier, ``off_m`` beyond its edge (negative: on it), and the pier's direction there."""
    pier: Pier = harbour.piers[int(rng.integers(len(harbour.piers)))]
    first, last = 16.0 + half_m, pier.length_m - half_m
    if last < first:
        return None
    ahead = float(rng.uniform(first, last))
    if rng.random() < 0.5:
        return pier.from_right(ahead, -off_m), pier.right_azimuth_deg
    return pier.at(ahead, -off_m), pier.azimuth_deg


def _afloat(harbour: Harbour, thing: Thing) -> Thing | None:
    return None if any(p.outline.intersects(thing.footprint) for p in harbour.piers) else thing


def _a_hull(name: str, where: tuple[tuple[float, float], float], size: tuple[float, float], parts: list[Part]) -> Thing:
    (centre, azimuth), (length, beam) = where, size
    return Thing(
        id=name,
        kind=CLASS_OF[kind_of(name)],
        footprint=hull(centre, azimuth, length, beam),
        length_m=length,
        width_m=beam,
        height_m=max(p.top_m for p in parts),
        colour="hull",
        azimuth_deg=azimuth % 360.0,
        parts=tuple(parts),
    )


def _a_barge(harbour: Harbour, rng: Generator, name: str) -> Put:
    """Length 30 to 90 m, beam a quarter to a seventh of it and at least 8 m, bare or with coal, sand or goods in it."""
    length = log_uniform(rng, 30.0, 90.0)
    beam = max(8.0, length / float(rng.uniform(4.0, 7.0)))
    deck = scattered(PAINTS[str(rng.choice(BARGES))], rng)
    load = scattered(PAINTS[str(rng.choice(["black", "tan", "rust", "grey"]))], rng) if rng.random() < 0.6 else None
    off = beam / 2.0 + float(rng.choice([0.5, 0.5, 12.0]))

    def put() -> Thing | None:
        where = _beside(harbour, rng, length / 2.0, off)
        if where is None:
            return None
        parts = [Part(polygon=hull(*where, length, beam), top_m=1.8, reflectance=deck, rough=0.12)]
        if load is not None:
            hold = box(where[0], where[1], 0.7 * length, 0.7 * beam)
            parts.append(Part(polygon=hold, top_m=2.5, reflectance=load, rough=0.16))
        return _afloat(harbour, _a_hull(name, where, (length, beam), parts))

    return put


def _a_boat(harbour: Harbour, rng: Generator, name: str) -> Put:
    """Length 9 to 18 m, beam a third to a quarter of it, with a light cabin."""
    length = float(rng.uniform(9.0, 18.0))
    beam = length / float(rng.uniform(3.0, 4.2))
    paint, off = scattered(PAINTS[str(rng.choice(BOATS))], rng), float(rng.uniform(0.5, 25.0))

    def put() -> Thing | None:
        where = _beside(harbour, rng, length / 2.0, beam / 2.0 + off)
        if where is None:
            return None
        cabin = box(along(where[0], where[1], -0.1 * length), where[1], 0.4 * length, 0.7 * beam)
        parts = [
            Part(polygon=hull(*where, length, beam), top_m=1.2, reflectance=paint, rough=0.10),
            Part(polygon=cabin, top_m=3.0, reflectance=PAINTS["white"]),
        ]
        return _afloat(harbour, _a_hull(name, where, (length, beam), parts))

    return put


def _a_quayside_stack(harbour: Harbour, rng: Generator, name: str) -> Put:
    """Put a stack along the quay, its outer side 1 to 5 m from the edge."""
    length = log_uniform(rng, 30.0, 145.0)
    size = (length, min(float(rng.uniform(5.0, 25.0)), length / 1.5))
    made = stack_of_any_colour(rng, name, size)
    inward = size[1] / 2.0 + float(rng.uniform(1.0, 5.0))

    def put() -> Thing | None:
        where = _beside(harbour, rng, length / 2.0, -inward)
        return None if where is None else made(*where)

    return put


def _a_heap(harbour: Harbour, rng: Generator, name: str) -> Put:
    """Bulk of any colour, 25 to 80 m long, 12 to 30 m wide, 2 to 6 m high, its outline uneven."""
    length = log_uniform(rng, 25.0, 80.0)
    width = min(float(rng.uniform(12.0, 30.0)), 0.9 * length)
    height, seed = float(rng.uniform(2.0, 6.0)), int(rng.integers(1 << 30))
    colour = str(rng.choice(HEAPS))

    def put() -> Thing | None:
        where, azimuth, yard = on_a_yard(harbour, rng)
        oval = rotate(scale(Dot(*where).buffer(1.0), width / 2.0, length / 2.0), -azimuth)
        return within(heap(name, ragged(oval, seed, 1.2, every_m=9.0), height, colour=colour), yard)

    return put


def _some_lorries(harbour: Harbour, rng: Generator, name: str) -> Put:
    """Five to sixteen lorries side by side, 1 to 2.5 m apart, in one row or two, now and then a gap."""
    count, rows, gap = int(rng.integers(5, 17)), int(rng.integers(1, 3)), float(rng.uniform(1.0, 2.5))
    colours = [str(c) for c in rng.choice(LORRIES, size=count)]
    there = rng.random(count) > 0.1
    columns = -(-count // rows)
    size = (columns * (2.5 + gap), rows * 13.0)

    def put() -> Thing | None:
        where, azimuth, yard = on_a_yard(harbour, rng)
        parts: list[Part] = []
        for k in np.flatnonzero(there):
            ahead = (k % columns + 0.5) * (2.5 + gap) - size[0] / 2.0
            aside = (k // columns + 0.5) * 13.0 - size[1] / 2.0
            centre = along(where, azimuth, ahead, aside)
            parts += lorry(name, centre, azimuth + 90.0, colour=colours[k]).parts
        long, wide = max(size), min(size)
        thing = Thing(
            id=name,
            kind="equipment",
            footprint=box(where, azimuth, *size),
            length_m=long,
            width_m=wide,
            height_m=3.5,
            colour="lorries",
            azimuth_deg=azimuth % 360.0,
            parts=tuple(parts),
        )
        return within(thing, yard)

    return put


def a_building(harbour: Harbour, rng: Generator, name: str) -> Put:
    """Put a shed of 18 to 80 m by 10 to 26 m, 5 to 10 m high, under any roof."""
    length = log_uniform(rng, 18.0, 80.0)
    size = (length, min(float(rng.uniform(10.0, 26.0)), 0.9 * length), float(rng.uniform(5.0, 10.0)))
    roof = str(rng.choice(list(ROOFS)))

    def put() -> Thing | None:
        where, azimuth, yard = on_a_yard(harbour, rng)
        return within(_shed(name, where, azimuth, size, roof), yard)

    return put


def _shed(name: str, where: tuple[float, float], azimuth: float, size: tuple[float, float, float], roof: str) -> Thing:
    return Thing(
        id=name,
        kind="construction",
        footprint=box(where, azimuth, size[0], size[1]),
        length_m=size[0],
        width_m=size[1],
        height_m=size[2],
        colour=roof,
        azimuth_deg=azimuth % 360.0,
        parts=building(where, azimuth, size, roof),
    )


def repainted_roof(shed: Thing, rng: Generator, name: str) -> Thing | None:
    """Return a shed under another roof; None where it would look like the old one."""
    names = [n for n in ROOFS if n != shed.colour]
    colour = ROOFS[str(rng.choice(names))]
    old = shed.parts[0].reflectance
    if np.sqrt(np.mean(np.log(np.array(colour) / np.array(old)) ** 2)) < LEAST_REPAINT:
        return None
    parts = tuple(replace(p, reflectance=colour) for p in shed.parts)
    return repainted(replace(shed, id=name, parts=parts), rng)


LEAST_REPAINT = 0.3
"""A coat that differs by less than a third is the old one aged."""


def moved_crane(harbour: Harbour, rng: Generator, name: str) -> tuple[Thing, Thing] | None:
    """Return a crane where it stood and where it stands: along the edge of one pier, 40 to 150 m on."""
    pier = harbour.piers[int(rng.integers(len(harbour.piers)))]
    apart = float(rng.uniform(40.0, 150.0))
    first, last = 16.0, pier.length_m - 16.0 - apart
    if last < first:
        return None
    ahead, left, height = float(rng.uniform(first, last)), bool(rng.random() < 0.5), float(rng.uniform(22.0, 34.0))
    colour = str(rng.choice(["tan", "orange", "blue", "light_grey", "red"]))
    boom = (pier.azimuth_deg if left else pier.right_azimuth_deg) + (-90.0 if left else 90.0)

    def standing(far: float, suffix: str) -> Thing:
        foot = pier.at(far, 8.0) if left else pier.from_right(far, 8.0)
        return crane(f"{name}{suffix}_crane", foot, boom + float(rng.normal(0.0, 15.0)), height, colour=colour)

    there = (standing(ahead, "a"), standing(ahead + apart, "b"))
    return there if rng.random() < 0.5 else there[::-1]


def placed(harbour: Harbour, rng: Generator, room: Room, count: int) -> list[Thing]:
    """Put so many things of random kinds where they fit, the largest kinds first."""
    kinds = [
        str(k) for k in rng.choice(list(DRAWN), size=count, p=np.array(list(DRAWN.values())) / sum(DRAWN.values()))
    ]
    made: list[Thing] = []
    for number, kind in enumerate(sorted(kinds, key=list(DRAWN).index)):
        name = f"event{number}_{kind}"
        thing = fitted(partial(makers()[kind], harbour, rng, name), rng, room)
        if thing is not None:
            room.take(thing, EVENT_GAP_M)
            made.append(thing)
    return made
