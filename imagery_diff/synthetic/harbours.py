"""Harbours to render: Najin by its outlines, and harbours laid out at random."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from shapely.geometry import LineString, Polygon
from shapely.geometry import box as rectangle

from imagery_diff.errors import InputError
from imagery_diff.synthetic.materials import ROOFS
from imagery_diff.synthetic.texture import rng_of
from imagery_diff.synthetic.things import building, lorry, ship, stack
from imagery_diff.synthetic.world import Ground, Part, Point, Thing, World, along, box

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from shapely.geometry.base import BaseGeometry


@dataclass(frozen=True, kw_only=True)
class Pier:
    """A pier as a place to put things: from its root seawards, and from its left edge to its right."""

    name: str
    """Within the harbour."""
    corners: tuple[Point, Point, Point, Point]
    """Left root, left head, right head, right root, looking seawards; map metres."""

    @property
    def outline(self) -> Polygon:
        """The pier."""
        return Polygon(self.corners)

    @property
    def azimuth_deg(self) -> float:
        """Direction seawards along the left edge, clockwise from grid north."""
        return bearing(self.corners[0], self.corners[1])

    @property
    def length_m(self) -> float:
        """Of the left edge."""
        return math.dist(self.corners[0], self.corners[1])

    @property
    def width_m(self) -> float:
        """At the head."""
        return math.dist(self.corners[1], self.corners[2])

    def at(self, ahead_m: float, right_m: float) -> Point:
        """Return the point so far seawards of the left root and so far right of the left edge."""
        return along(self.corners[0], self.azimuth_deg, ahead_m, right_m)

    def from_right(self, ahead_m: float, inward_m: float) -> Point:
        """Return the point so far seawards of the right root and so far in from the right edge; negative = afloat."""
        return along(self.corners[3], self.right_azimuth_deg, ahead_m, -inward_m)

    @property
    def right_azimuth_deg(self) -> float:
        """Direction seawards along the right edge."""
        return bearing(self.corners[3], self.corners[2])

    def moor(self, name: str, side: str, ahead_m: float, size: tuple[float, float], **look: object) -> Thing:
        """Return a ship alongside, its middle ``ahead_m`` seawards of the root, half a metre of fender between."""
        off = size[1] / 2.0 + 0.5
        if side == "right":
            return ship(name, self.from_right(ahead_m, -off), self.right_azimuth_deg, size, **look)  # type: ignore[arg-type]
        if side == "left":
            return ship(name, self.at(ahead_m, -off), self.azimuth_deg, size, **look)  # type: ignore[arg-type]
        raise InputError(f"a ship lies on the 'left' or 'right' side of a pier looking seawards, got '{side}'")


@dataclass(frozen=True, kw_only=True)
class Harbour:
    """A world with piers in it."""

    world: World
    """What is there on any day."""
    piers: tuple[Pier, ...]
    """Where things can be put."""
    rails: tuple[LineString, ...]
    """Tracks on which trains can stand."""

    def pier(self, name: str) -> Pier:
        """Return the pier of this name."""
        for pier in self.piers:
            if pier.name == name:
                return pier
        raise InputError(f"no pier '{name}'; there are {', '.join(p.name for p in self.piers)}")


def bearing(start: Point, end: Point) -> float:
    """Return the direction from one point to another, clockwise from grid north, 0 to 360."""
    return math.degrees(math.atan2(end[0] - start[0], end[1] - start[1])) % 360.0


def town(area: BaseGeometry, azimuth_deg: float, seed: int, *, density: float = 0.7) -> tuple[Part, ...]:
    """Return rows of small houses, with an apartment block here and there, inside ``area``."""
    rng = rng_of(seed, "town")
    left, bottom, right, top = area.bounds
    centre = ((left + right) / 2.0, (bottom + top) / 2.0)
    reach = math.hypot(right - left, top - bottom) / 2.0
    roofs = list(ROOFS)
    parts: list[Part] = []
    row = -reach
    while row < reach:
        col = -reach
        block = rng.random() < 0.12
        while col < reach:
            length = rng.uniform(35.0, 60.0) if block else rng.uniform(8.0, 18.0)
            size = (
                (length, rng.uniform(11.0, 14.0), rng.uniform(12.0, 17.0))
                if block
                else (length, rng.uniform(6.0, 9.0), 4.0)
            )
            where = along(centre, azimuth_deg, col + length / 2.0, row + rng.normal(0.0, 1.5))
            col += length + rng.uniform(5.0, 14.0)
            outline = box(where, azimuth_deg, size[0], size[1])
            roof = roofs[int(rng.choice(len(roofs), p=(0.22, 0.12, 0.14, 0.12, 0.34, 0.06)))]
            if rng.random() < density and area.contains(outline):
                parts += building(where, azimuth_deg, size, roof)
        row += 42.0 if block else rng.uniform(15.0, 22.0)
    return tuple(parts)


def plots(area: BaseGeometry, azimuth_deg: float, seed: int, *, size_m: float = 95.0) -> tuple[Ground, ...]:
    """Return a patchwork of small fields inside ``area``: ploughed, stubble, green, each of its own tone."""
    rng = rng_of(seed, "plots")
    left, bottom, right, top = area.bounds
    centre = ((left + right) / 2.0, (bottom + top) / 2.0)
    reach = math.hypot(right - left, top - bottom) / 2.0
    made: list[Ground] = []
    row = -reach
    while row < reach:
        depth, col = rng.uniform(0.35, 0.8) * size_m, -reach + rng.uniform(0.0, size_m)
        while col < reach:
            length = rng.uniform(0.6, 1.7) * size_m
            where = along(centre, azimuth_deg, col + length / 2.0, row + depth / 2.0)
            piece = box(where, azimuth_deg + rng.normal(0.0, 1.5), length - 3.0, depth - 3.0).intersection(area)
            col += length
            if isinstance(piece, Polygon) and piece.area > 200.0 and rng.random() < 0.85:
                cover = float(rng.choice([0.05, 0.15, 0.45, 0.75, 0.92]))
                made.append(Ground(polygon=piece, material="field", tone=float(rng.lognormal(0.0, 0.13)), cover=cover))
        row += depth
    return tuple(made)


def ragged(polygon: Polygon, seed: int, deviation_m: float = 5.0, *, every_m: float = 22.0) -> Polygon:
    """Return the outline with its vertices moved at random: a shore or the edge of a wood, not a drawing."""
    rng = rng_of(seed, "ragged")
    ring = polygon.exterior.segmentize(every_m).coords[:-1]
    moved = Polygon([(x + rng.normal(0.0, deviation_m), y + rng.normal(0.0, deviation_m)) for x, y, *_ in ring]).buffer(
        0.0
    )
    largest: Polygon = max(getattr(moved, "geoms", [moved]), key=lambda piece: float(piece.area))
    return largest


def standing_clutter(pier: Pier, free: Sequence[Polygon], seed: int, count: int = 14) -> tuple[Thing, ...]:
    """Return lorries and small blocks of old containers outside the areas kept ``free``.

    The same on every date if the seed is the same; clutter that comes and goes if it is not.
    """
    rng = rng_of(seed, "clutter", pier.name)
    inner, taken = pier.outline.buffer(-9.0), list(free)
    things: list[Thing] = []
    for attempt in range(count * 12):
        if len(things) == count:
            break
        where = pier.at(rng.uniform(5.0, pier.length_m - 5.0), rng.uniform(5.0, pier.width_m - 5.0))
        thing = _piece(f"{pier.name}_clutter{seed}_{attempt}", where, pier.azimuth_deg, rng)
        if inner.contains(thing.footprint) and not any(t.intersects(thing.footprint) for t in taken):
            things.append(replace(thing, clutter=True))
            taken.append(thing.footprint.buffer(3.0))
    return tuple(things)


def _piece(name: str, where: Point, azimuth: float, rng: np.random.Generator) -> Thing:
    """One piece of clutter, along the pier or across it."""
    turn = azimuth + float(rng.choice([0.0, 0.0, 90.0])) + rng.normal(0.0, 2.0)
    if rng.random() < 0.45:
        return lorry(name, where, turn, colour=str(rng.choice(["white", "tan", "blue", "grey", "green"])))
    size = (float(rng.choice([6.2, 6.2, 12.4, 18.5])), float(rng.choice([2.5, 5.1, 7.6])))
    colour = str(rng.choice(["rust", "grey", "green", "white", "dark"]))
    return stack(
        name,
        where,
        turn,
        size,
        tiers=int(rng.integers(1, 3)),
        colours=(colour, "grey"),
        seed=int(rng.integers(1 << 30)),
    )


def random_harbour(seed: int, *, side_m: float = 1200.0, piers: int | None = None) -> Harbour:
    """Lay out a harbour at random: coast, piers, materials, sheds, rails, town, clutter.

    Parameters
    ----------
    seed : int
        The same seed gives the same harbour.
    side_m : float
        Of the square that can be rendered.
    piers : int, optional
        How many; 1 to 3 at random if not given.

    Returns
    -------
    Harbour
        With nothing in its berths and no stack on its yards.

    """
    rng = rng_of(seed, "harbour")
    centre = (500_000.0 + side_m / 2.0, 4_600_000.0 + side_m / 2.0)
    seaward = float(rng.uniform(0.0, 360.0))
    frame = rectangle(centre[0] - side_m, centre[1] - side_m, centre[0] + side_m, centre[1] + side_m)
    quay = along(centre, seaward, -0.12 * side_m)
    land = _coast(quay, seaward, side_m, rng).intersection(frame)
    made = _random_piers(quay, seaward, piers or int(rng.integers(1, 4)), rng)
    ground, fixed, rails = _hinterland(quay, seaward, land, made, rng)
    world = World(
        name=f"harbour {seed}",
        crs="EPSG:32652",
        bounds=(centre[0] - side_m / 2, centre[1] - side_m / 2, centre[0] + side_m / 2, centre[1] + side_m / 2),
        ground=ground,
        fixed=fixed,
        axis_deg=seaward,
        slope=(float(rng.normal(0.0, 0.02)), float(rng.normal(0.0, 0.02))),
        seed=seed,
    )
    sheds = [part.polygon.buffer(3.0) for part in fixed]
    clutter = [t for p in made for t in standing_clutter(p, sheds, seed, count=int(rng.integers(4, 16)))]
    return Harbour(world=world.with_things(*clutter), piers=made, rails=rails)


def _coast(quay: Point, seaward: float, side: float, rng: np.random.Generator) -> Polygon:
    """Land behind a shore that is straight at the port and wanders beyond it."""
    shore = []
    for right in range(-int(side), int(side) + 1, 60):
        wander = 0.0 if abs(right) < 0.28 * side else float(rng.normal(0.0, 14.0))
        shore.append(along(quay, seaward, wander, float(right)))
    return Polygon([*shore, along(quay, seaward, -2.0 * side, side), along(quay, seaward, -2.0 * side, -side)])


def _random_piers(quay: Point, seaward: float, count: int, rng: np.random.Generator) -> tuple[Pier, ...]:
    made, right = [], -140.0 * (count - 1)
    for k in range(count):
        width, length = float(rng.uniform(60.0, 135.0)), float(rng.uniform(220.0, 380.0))
        lean = seaward + float(rng.normal(0.0, 6.0))
        root = along(quay, seaward, -5.0, right - width / 2.0)
        far = along(root, lean, length)
        across = along(root, lean + 90.0, width), along(far, lean + 90.0, width)
        made.append(Pier(name=f"pier{k + 1}", corners=(root, far, across[1], across[0])))
        right += 280.0
    return tuple(made)


def _hinterland(
    quay: Point, seaward: float, land: BaseGeometry, piers: tuple[Pier, ...], rng: np.random.Generator
) -> tuple[tuple[Ground, ...], tuple[Part, ...], tuple[LineString, ...]]:
    """Ground, buildings and tracks behind and on the piers."""
    surface = str(rng.choice(["concrete", "old_concrete", "gravel"]))
    apron = box(along(quay, seaward, -60.0), seaward + 90.0, 720.0, 120.0)
    homes = box(along(quay, seaward, -330.0), seaward + 90.0, 620.0, 260.0)
    rails = [
        LineString([along(quay, seaward, -100.0 - 6.0 * k, -420.0), along(quay, seaward, -100.0 - 6.0 * k, 420.0)])
        for k in range(3)
    ]
    ground = [
        Ground(polygon=land.buffer(7.0), material="riprap"),
        Ground(polygon=land, material=str(rng.choice(["scrub", "field", "soil"]))),
        Ground(polygon=homes, material="soil"),
        Ground(polygon=apron.intersection(land), material=surface),
        *(Ground(polygon=p.outline, material=surface) for p in piers),
    ]
    fixed: list[Part] = list(town(homes, seaward + 90.0, int(rng.integers(1 << 30))))
    for k in range(int(rng.integers(3, 7))):
        size = (float(rng.uniform(35.0, 90.0)), float(rng.uniform(14.0, 26.0)), float(rng.uniform(5.0, 10.0)))
        spot = along(quay, seaward, -140.0 + rng.normal(0.0, 3.0), -300.0 + 110.0 * k + rng.normal(0.0, 8.0))
        fixed += building(spot, seaward + 90.0, size, str(rng.choice(list(ROOFS))))
    for pier in piers:
        lane = 0.30 * pier.width_m
        rails.append(LineString([pier.at(8.0, lane + 14.0), pier.at(pier.length_m - 12.0, lane + 14.0)]))
        if rng.random() < 0.7:
            size = (0.6 * pier.length_m, min(28.0, 0.4 * pier.width_m), float(rng.uniform(6.0, 11.0)))
            fixed += building(
                pier.at(0.45 * pier.length_m, 0.22 * pier.width_m), pier.azimuth_deg, size, str(rng.choice(list(ROOFS)))
            )
    ground += [Ground(polygon=line.buffer(1.7), material="ballast") for line in rails]
    return tuple(ground), tuple(fixed), tuple(rails)
