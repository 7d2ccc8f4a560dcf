"""Put things into a random harbour: events that are there on one date only, and things that stay.

Sizes and colours come from the distributions below, stated in docs/explanation/benchmarks.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from shapely.affinity import rotate, scale
from shapely.geometry import Point as Dot
from shapely.geometry import Polygon
from shapely.strtree import STRtree

from imagery_diff.synthetic import Thing, cover, heap, stack, train
from imagery_diff.synthetic.harbours import bearing, ragged, standing_clutter
from imagery_diff.synthetic.things import scattered
from imagery_diff.synthetic.world import along

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.random import Generator
    from shapely.geometry.base import BaseGeometry

    from imagery_diff.synthetic import Harbour

KINDS = ("vessel", "containers", "rail_cars", "stockpile", "cover")
WEIGHTS = (0.32, 0.32, 0.20, 0.09, 0.07)
"""How often each kind is drawn."""
STACK_COLOURS = (
    ("grey",),
    ("rust",),
    ("grey", "rust"),
    ("grey", "white"),
    ("blue",),
    ("green",),
    ("red",),
    ("white",),
    ("orange",),
    ("blue", "rust", "grey", "green", "white"),
    ("rust", "red", "orange"),
    ("dark", "grey"),
)
"""Equally likely: a quarter of them are only grey and rust, which lie on concrete like concrete."""
DECKS = ("rust", "red", "grey", "green", "dark", "tan", "blue", "light_grey")
TRAIN_MIXES = (("box", "gondola"), ("gondola",), ("tank",), ("box",), ("flat", "gondola", "box"), ("coach",))
TRAIN_COLOURS = (("rust", "grey", "dark"), ("rust",), ("grey",), ("dark",), ("green", "dark"), ("tan", "rust"))
EVENT_GAP_M = 15.0
"""Clear ground between two events: more than the blur of both."""
FIXED_GAP_M = 4.0
"""Clear ground between an event and what stands there on both dates."""
_TRIES = 40
Put = Callable[[], Thing | None]
"""Puts a thing of a drawn size somewhere; None where that is no place for it."""


class Room:
    """What is already taken of a harbour."""

    def __init__(self, harbour: Harbour) -> None:
        """Begin with the buildings."""
        self._fixed = STRtree([part.polygon.buffer(FIXED_GAP_M) for part in harbour.world.fixed])
        self._taken: list[BaseGeometry] = []
        self._rails = [line.buffer(4.0) for line in harbour.rails]

    def fits(self, thing: Thing) -> bool:
        """Whether a thing stands clear of buildings, of other things, and of the tracks unless it is a train."""
        if len(self._fixed.query(thing.footprint, predicate="intersects")) > 0:
            return False
        if thing.kind != "rail_cars" and any(rail.intersects(thing.footprint) for rail in self._rails):
            return False
        return not any(taken.intersects(thing.footprint) for taken in self._taken)

    def is_free(self, outline: Polygon) -> bool:
        """Whether nothing stands on a piece of ground, no building and no track."""
        return not any(shape.intersects(outline) for shape in self.blocked)

    def take(self, thing: Thing, gap_m: float) -> None:
        """Remember a thing and the clear ground around it."""
        self._taken.append(thing.footprint.buffer(gap_m))

    @property
    def blocked(self) -> list[Polygon]:
        """Everything small clutter must not stand on."""
        everything = [*self._taken, *self._rails, *self._fixed.geometries]
        return [shape for shape in everything if isinstance(shape, Polygon)]


def draw_things(harbour: Harbour, rng: Generator, room: Room, count: int, prefix: str) -> list[Thing]:
    """Draw so many things of random kinds and put them where they fit, the larger ones first.

    Sizes are drawn before places. What fits nowhere is drawn anew with the same kind, so the longest are a little
    rarer than drawn where piers are short.
    """
    kinds = [str(k) for k in rng.choice(KINDS, size=count, p=WEIGHTS)]
    return place(harbour, rng, room, sorted(kinds, key=KINDS.index), prefix)


def place(harbour: Harbour, rng: Generator, room: Room, kinds: Iterable[str], prefix: str) -> list[Thing]:
    """Put one thing of each of these kinds where it fits."""
    made: list[Thing] = []
    for number, kind in enumerate(kinds):
        name = f"{prefix}{number}_{kind}"
        thing = fitted(partial(MAKERS[kind], harbour, rng, name), rng, room)
        if thing is not None:
            room.take(thing, EVENT_GAP_M)
            made.append(thing)
    return made


def fitted(make: Callable[[], Put], rng: Generator, room: Room) -> Thing | None:
    """Draw sizes, and for each size places, until one fits."""
    for _ in range(6):
        put = make()
        for _ in range(_TRIES):
            thing = put()
            if thing is not None and room.fits(thing):
                return repainted(thing, rng)
    return None


def repainted(thing: Thing, rng: Generator) -> Thing:
    """Return the thing in another age of its paint: one factor for all of it, and a small one per band."""
    factor = np.exp(rng.normal(0.0, 0.20) + rng.normal(0.0, 0.05, size=4))

    def paint(colour: tuple[float, ...]) -> tuple[float, float, float, float]:
        blue, green, red, nir = (float(min(0.85, c * f)) for c, f in zip(colour, factor, strict=True))
        return (blue, green, red, nir)

    parts = tuple(replace(part, reflectance=paint(part.reflectance)) for part in thing.parts)
    return replace(thing, parts=parts)


def log_uniform(rng: Generator, low: float, high: float) -> float:
    """Draw a number of which each octave is as likely."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _a_ship(harbour: Harbour, rng: Generator, name: str) -> Put:
    """Length 40 to 190 m, beam a fifth to an eighth of it; moored at a pier."""
    length = log_uniform(rng, 40.0, 190.0)
    size = (length, length / float(rng.uniform(5.0, 8.0)))
    deck = str(rng.choice(DECKS))
    cargo = str(rng.choice(["blue", "rust", "white", "orange"])) if rng.random() < 0.4 else None

    def put() -> Thing | None:
        pier = harbour.piers[int(rng.integers(len(harbour.piers)))]
        first, last = 16.0 + length / 2.0, pier.length_m + 10.0 - length / 2.0
        if last < first:
            return None
        side = str(rng.choice(["left", "right"]))
        ship = pier.moor(name, side, float(rng.uniform(first, last)), size, deck=deck, cargo=cargo)
        return None if any(p.outline.intersects(ship.footprint) for p in harbour.piers) else ship

    return put


def _yards(harbour: Harbour) -> list[tuple[Polygon, float, str]]:
    """Return piers and apron: outline that things may stand on, direction, and name."""
    piers = [(p.outline.buffer(-5.0), p.azimuth_deg, p.name) for p in harbour.piers]
    return [*piers, (apron_of(harbour).buffer(-5.0), harbour.world.axis_deg + 90.0, "apron")]


def apron_of(harbour: Harbour) -> Polygon:
    """Return the hard standing behind the quay (the fourth ground that `random_harbour` lays)."""
    outline = harbour.world.ground[3].polygon
    pieces = [g for g in getattr(outline, "geoms", [outline]) if isinstance(g, Polygon)]
    return max(pieces, key=lambda piece: float(piece.area))


def on_a_yard(harbour: Harbour, rng: Generator) -> tuple[tuple[float, float], float, Polygon]:
    """Return a random place on a yard, the direction things are laid there, and the yard."""
    yards = _yards(harbour)
    areas = np.array([y[0].area for y in yards])
    outline, azimuth, _ = yards[int(rng.choice(len(yards), p=areas / areas.sum()))]
    left, bottom, right, top = outline.bounds
    while True:
        x, y = float(rng.uniform(left, right)), float(rng.uniform(bottom, top))
        if outline.contains(Dot(x, y)):
            break
    turn = 90.0 if rng.random() < 0.2 else 0.0
    return (x, y), azimuth + turn + float(rng.normal(0.0, 2.0)), outline


def within(thing: Thing, yard: Polygon) -> Thing | None:
    """Return the thing if it stands on a yard with all of it."""
    return thing if yard.contains(thing.footprint) else None


def stack_of_any_colour(rng: Generator, name: str, size: tuple[float, float]) -> Callable[..., Thing]:
    """Draw tiers and colours of a stack; what is returned puts it at a point, along a direction."""
    tiers, seed = int(rng.integers(1, 4)), int(rng.integers(1 << 30))
    colours = STACK_COLOURS[int(rng.integers(len(STACK_COLOURS)))]
    return partial(stack, name, size=size, tiers=tiers, colours=colours, seed=seed)


def _a_stack(harbour: Harbour, rng: Generator, name: str) -> Put:
    """Length 30 to 145 m, width 5 to 25 m, one to three tiers."""
    length = log_uniform(rng, 30.0, 145.0)
    size = (length, min(float(rng.uniform(5.0, 25.0)), length / 1.5))
    made = stack_of_any_colour(rng, name, size)

    def put() -> Thing | None:
        where, azimuth, yard = on_a_yard(harbour, rng)
        return within(made(where, azimuth), yard)

    return put


def _a_train(harbour: Harbour, rng: Generator, name: str) -> Put:
    """6 to 55 cars (about 80 to 800 m) on a track behind the quay or along a pier."""
    cars = round(log_uniform(rng, 6.0, 55.0))
    mix = TRAIN_MIXES[int(rng.integers(len(TRAIN_MIXES)))]
    # Coaches are longer: fewer of them make a train.
    cars = min(cars, 30) if mix == ("coach",) else cars
    colours = TRAIN_COLOURS[int(rng.integers(len(TRAIN_COLOURS)))]
    seed = int(rng.integers(1 << 30))

    def put() -> Thing | None:
        line = harbour.rails[int(rng.integers(len(harbour.rails)))]
        start, end = line.coords[0], line.coords[-1]
        azimuth = bearing((start[0], start[1]), (end[0], end[1]))
        trial = train(name, (start[0], start[1]), azimuth, cars, mix=mix, colours=colours, seed=seed)
        room = line.length - trial.length_m
        if room < 0.0:
            return None
        head = along((start[0], start[1]), azimuth, float(rng.uniform(0.0, room)))
        return train(name, head, azimuth, cars, mix=mix, colours=colours, seed=seed)

    return put


def _a_heap(harbour: Harbour, rng: Generator, name: str) -> Put:
    """Coal, 25 to 80 m long, 12 to 30 m wide, 2 to 6 m high, its outline uneven."""
    length = log_uniform(rng, 25.0, 80.0)
    width = min(float(rng.uniform(12.0, 30.0)), 0.9 * length)
    height, seed = float(rng.uniform(2.0, 6.0)), int(rng.integers(1 << 30))
    colour = str(rng.choice(["black", "black", "dark"]))

    def put() -> Thing | None:
        where, azimuth, yard = on_a_yard(harbour, rng)
        oval = rotate(scale(Dot(*where).buffer(1.0), width / 2.0, length / 2.0), -azimuth)
        outline = ragged(oval, seed, 1.2, every_m=9.0)
        return within(heap(name, outline, height, colour=colour), yard)

    return put


def _a_cover(harbour: Harbour, rng: Generator, name: str) -> Put:
    """Goods under a tarpaulin, 20 to 60 m long, 8 to 16 m wide, 2 to 4 m high."""
    size = (log_uniform(rng, 20.0, 60.0), float(rng.uniform(8.0, 16.0)), float(rng.uniform(2.0, 4.0)))
    colour = str(rng.choice(["blue", "green", "white", "grey", "tan"]))

    def put() -> Thing | None:
        where, azimuth, yard = on_a_yard(harbour, rng)
        return within(cover(name, where, azimuth, size, colour=colour), yard)

    return put


MAKERS: dict[str, Callable[..., Put]] = {
    "vessel": _a_ship,
    "containers": _a_stack,
    "rail_cars": _a_train,
    "stockpile": _a_heap,
    "cover": _a_cover,
}


def small_clutter(harbour: Harbour, rng: Generator, room: Room, counts: tuple[int, int], prefix: str) -> list[Thing]:
    """Return lorries and small blocks on the piers, clear of everything, each smaller than 120 m2."""
    made: list[Thing] = []
    for pier in harbour.piers:
        count = int(rng.integers(counts[0], counts[1] + 1))
        pieces = standing_clutter(pier, room.blocked, int(rng.integers(1 << 30)), count=count)
        made += [replace(p, id=f"{prefix}_{p.id}") for p in pieces if p.footprint.area < 120.0]
    for piece in made:
        room.take(piece, 3.0)
    return made


def recoloured_buildings(harbour: Harbour, rng: Generator) -> Harbour:
    """Return the harbour with each roof in another age."""
    fixed = tuple(replace(p, reflectance=scattered(p.reflectance, rng, 0.10)) for p in harbour.world.fixed)
    return replace(harbour, world=replace(harbour.world, fixed=fixed))
