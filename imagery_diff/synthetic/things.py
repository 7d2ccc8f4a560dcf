"""Objects of a port and a railway yard, each built from flat-topped parts of its true size."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from shapely.geometry import Polygon, mapping

from imagery_diff.errors import InputError
from imagery_diff.synthetic.materials import PAINTS, ROOFS
from imagery_diff.synthetic.texture import rng_of
from imagery_diff.synthetic.world import Part, Point, Thing, along, box, unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from imagery_diff.synthetic.materials import Reflectance

CONTAINER_M = (6.06, 2.44, 2.59)
"""Length, width and height of a 20-foot container (ISO 668)."""


def scattered(colour: Reflectance, rng: np.random.Generator, spread: float = 0.18) -> Reflectance:
    """Return the colour as another coat of paint, another age of it."""
    common = rng.normal(0.0, spread)
    own = rng.normal(0.0, spread / 3.0, size=4)
    blue, green, red, nir = (min(0.85, c * math.exp(common + o)) for c, o in zip(colour, own, strict=True))
    return (blue, green, red, nir)


def building(centre: Point, azimuth_deg: float, size: tuple[float, float, float], roof: str) -> tuple[Part, ...]:
    """Return a building with a gabled roof; ``size`` is length, width, height in metres."""
    length, width, height = size
    pitch = 0.22 if width < 25.0 else 0.10
    right = unit(azimuth_deg + 90.0)
    halves = []
    for side in (-1.0, 1.0):
        outline = box(along(centre, azimuth_deg, 0.0, side * width / 4.0), azimuth_deg, length, width / 2.0)
        fall = (-side * pitch * right[0], -side * pitch * right[1])
        halves.append(Part(polygon=outline, top_m=height, reflectance=ROOFS[roof], slope=fall, rough=0.05))
    return tuple(halves)


def stack(
    name: str,
    centre: Point,
    azimuth_deg: float,
    size: tuple[float, float],
    *,
    tiers: int = 2,
    colours: Sequence[str] = ("blue",),
    seed: int = 0,
) -> Thing:
    """Return a block of 20-foot containers, ends along ``azimuth_deg``, as many as fit in ``size`` (length, width).

    Colours are drawn per container; a tenth of the columns is a tier lower than the rest.
    """
    rng = rng_of(seed, "stack", name)
    bay, row = CONTAINER_M[0] + 0.12, CONTAINER_M[1] + 0.10
    bays, rows = max(1, round(size[0] / bay)), max(1, round(size[1] / row))
    length, width = bays * bay, rows * row
    parts = []
    for b in range(bays):
        for r in range(rows):
            lower = tiers > 1 and rng.random() < 0.10
            where = along(centre, azimuth_deg, (b + 0.5) * bay - length / 2.0, (r + 0.5) * row - width / 2.0)
            paint = PAINTS[colours[int(rng.integers(len(colours)))]]
            outline = box(where, azimuth_deg, CONTAINER_M[0], CONTAINER_M[1])
            top = CONTAINER_M[2] * (tiers - lower)
            parts.append(Part(polygon=outline, top_m=top, reflectance=scattered(paint, rng), rough=0.10))
    return Thing(
        id=name,
        kind="containers",
        footprint=box(centre, azimuth_deg, length, width),
        length_m=length,
        width_m=width,
        height_m=CONTAINER_M[2] * tiers,
        colour=" and ".join(dict.fromkeys(colours)),
        azimuth_deg=azimuth_deg % 360.0,
        parts=tuple(parts),
    )


def hull(centre: Point, azimuth_deg: float, length_m: float, width_m: float, inset_m: float = 0.0) -> Polygon:
    """Return the outline of a ship, bow towards ``azimuth_deg``: parallel sides, pointed bow, rounded stern."""
    a, b = length_m / 2.0 - inset_m, width_m / 2.0 - inset_m
    side = [
        (1.0, 0.0),
        (0.95, 0.28),
        (0.88, 0.58),
        (0.78, 0.86),
        (0.68, 1.0),
        (-0.86, 1.0),
        (-0.95, 0.86),
        (-1.0, 0.55),
    ]
    outline = [(u * a, v * b) for u, v in side] + [(u * a, -v * b) for u, v in reversed(side[1:])]
    return Polygon([along(centre, azimuth_deg, u, v) for u, v in outline])


def ship(
    name: str,
    centre: Point,
    azimuth_deg: float,
    size: tuple[float, float],
    *,
    deck: str = "rust",
    cargo: str | None = None,
    speed_m_s: float = 0.0,
) -> Thing:
    """Return a cargo ship, bow towards ``azimuth_deg``; ``size`` is length and beam.

    Hull, deck, hatch covers forward (one hold open and filled with containers of colour ``cargo``), deck cranes, white
    house and funnel aft.
    """
    length, beam = size
    rng = rng_of(0, "ship", name)
    parts = [
        Part(polygon=hull(centre, azimuth_deg, length, beam), top_m=5.4, reflectance=scattered(PAINTS["dark"], rng)),
        Part(polygon=hull(centre, azimuth_deg, length, beam, 0.8), top_m=5.5, reflectance=PAINTS[deck], rough=0.15),
        *_holds(centre, azimuth_deg, size, cargo, rng),
        *_house(centre, azimuth_deg, size),
    ]
    return Thing(
        id=name,
        kind="vessel",
        footprint=hull(centre, azimuth_deg, length, beam),
        length_m=length,
        width_m=beam,
        height_m=16.0,
        colour=f"{deck} deck",
        azimuth_deg=azimuth_deg % 360.0,
        parts=tuple(parts),
        speed_m_s=speed_m_s,
    )


def _holds(
    centre: Point, azimuth: float, size: tuple[float, float], cargo: str | None, rng: np.random.Generator
) -> list[Part]:
    """Hatches from a quarter of the length behind the middle to near the bow, a crane post between them."""
    length, beam = size
    count = max(2, round(length / 32.0))
    first, last = -0.24 * length, 0.36 * length
    step = (last - first) / count
    parts = []
    for k in range(count):
        where = along(centre, azimuth, first + (k + 0.5) * step)
        cover = scattered(PAINTS["grey"] if k % 2 else PAINTS["tan"], rng, 0.10)
        outline = box(where, azimuth, step * 0.74, beam * 0.62)
        parts.append(Part(polygon=outline, top_m=7.2, reflectance=cover, rough=0.08))
        if cargo is not None and k == count // 2:
            filling = scattered(PAINTS[cargo], rng)
            parts.append(
                Part(polygon=box(where, azimuth, step * 0.70, beam * 0.56), top_m=7.4, reflectance=filling, rough=0.2)
            )
        if k:
            post = along(centre, azimuth, first + k * step)
            parts.append(Part(polygon=box(post, azimuth, 2.4, 3.0), top_m=14.0, reflectance=PAINTS["tan"]))
    return parts


def _house(centre: Point, azimuth: float, size: tuple[float, float]) -> list[Part]:
    """Accommodation block, bridge and funnel aft."""
    length, beam = size
    block = along(centre, azimuth, -0.36 * length)
    return [
        Part(
            polygon=box(block, azimuth, 0.12 * length, beam * 0.88), top_m=12.0, reflectance=PAINTS["white"], rough=0.10
        ),
        Part(
            polygon=box(along(block, azimuth, 0.04 * length), azimuth, 0.05 * length, beam * 0.98),
            top_m=16.0,
            reflectance=PAINTS["light_grey"],
        ),
        Part(
            polygon=box(along(block, azimuth, -0.05 * length), azimuth, 4.0, 4.0), top_m=18.0, reflectance=PAINTS["red"]
        ),
    ]


CAR_M: dict[str, tuple[float, float, float]] = {
    "gondola": (13.9, 2.9, 2.7),
    "box": (14.7, 3.0, 4.2),
    "tank": (12.0, 2.8, 4.2),
    "flat": (14.6, 2.9, 1.3),
    "coach": (24.5, 3.1, 4.3),
}
"""Length over couplings, width and height of railway cars, 1520 mm practice, rounded."""


def train(
    name: str,
    head: Point,
    azimuth_deg: float,
    cars: int,
    *,
    mix: Sequence[str] = ("box", "gondola"),
    colours: Sequence[str] = ("rust", "grey", "dark"),
    seed: int = 0,
) -> Thing:
    """Return a straight train whose first coupling lies at ``head`` and which runs towards ``azimuth_deg``.

    Raises
    ------
    InputError
        If it has no car or more than 60.

    """
    if not 1 <= cars <= 60:
        raise InputError(f"a train has 1 to 60 cars, got {cars}")
    rng = rng_of(seed, "train", name)
    at, parts = 0.0, []
    for _ in range(cars):
        kind = mix[int(rng.integers(len(mix)))]
        length, width, height = CAR_M[kind]
        paint = scattered(PAINTS[colours[int(rng.integers(len(colours)))]], rng)
        outline = box(along(head, azimuth_deg, at + length / 2.0), azimuth_deg, length - 1.0, width)
        parts.append(Part(polygon=outline, top_m=height, reflectance=paint, rough=0.12))
        at += length
    return Thing(
        id=name,
        kind="rail_cars",
        footprint=box(along(head, azimuth_deg, at / 2.0), azimuth_deg, at, 3.0),
        length_m=at,
        width_m=3.0,
        height_m=max(p.top_m for p in parts),
        colour=" and ".join(colours),
        azimuth_deg=azimuth_deg % 360.0,
        parts=tuple(parts),
    )


def heap(name: str, outline: Polygon, height_m: float, *, colour: str = "black") -> Thing:
    """Return a heap of coal or other bulk: terraces a metre high inside ``outline``, flanks falling outwards."""
    parts, level, steps = [], outline, max(2, math.ceil(height_m))
    rise = height_m / steps
    for k in range(steps):
        if level.is_empty:
            break
        for piece in getattr(level, "geoms", [level]):
            parts += _terrace(piece, (k + 1) * rise, PAINTS[colour], last=k == steps - 1)
        level = level.buffer(-1.3 * rise)
    frame = list(mapping(outline.minimum_rotated_rectangle)["coordinates"][0])
    (ax, ay), (bx, by), (cx, cy) = frame[:3]
    sides = sorted(
        [(math.hypot(bx - ax, by - ay), (bx - ax, by - ay)), (math.hypot(cx - bx, cy - by), (cx - bx, cy - by))]
    )
    longer = sides[1][1]
    return Thing(
        id=name,
        kind="stockpile",
        footprint=outline,
        length_m=sides[1][0],
        width_m=sides[0][0],
        height_m=max(p.top_m for p in parts),
        colour=colour,
        azimuth_deg=math.degrees(math.atan2(longer[0], longer[1])) % 180.0,
        parts=tuple(parts),
    )


def _terrace(piece: Polygon, top_m: float, paint: Reflectance, *, last: bool) -> list[Part]:
    """One terrace as wedges between its corners and its middle, each falling outwards, so that the sun shades it."""
    if last:
        return [Part(polygon=piece, top_m=top_m, reflectance=paint, rough=0.16)]
    centre = piece.centroid
    parts = []
    corners = list(piece.exterior.segmentize(12.0).coords)
    for (ax, ay), (bx, by) in pairwise(corners):
        length = math.hypot(bx - ax, by - ay)
        # The ring may run either way round; the inside tells which normal is outward.
        nx, ny = (by - ay) / length, (ax - bx) / length
        if (centre.x - ax) * nx + (centre.y - ay) * ny > 0:
            nx, ny = -nx, -ny
        wedge = Polygon([(ax, ay), (bx, by), (centre.x, centre.y)])
        parts.append(Part(polygon=wedge, top_m=top_m, reflectance=paint, slope=(-0.7 * nx, -0.7 * ny), rough=0.16))
    return parts


def crane(name: str, foot: Point, boom_deg: float, height_m: float = 24.0, *, colour: str = "tan") -> Thing:
    """Return a portal crane: four legs, a cabin, and a boom that hangs out towards ``boom_deg``."""
    paint = PAINTS[colour]
    boom = 0.95 * height_m
    legs = [
        Part(polygon=box(along(foot, boom_deg, u, v), boom_deg, 1.6, 1.6), top_m=0.4 * height_m, reflectance=paint)
        for u in (-4.5, 4.5)
        for v in (-4.5, 4.5)
    ]
    arm = box(along(foot, boom_deg, boom / 2.0), boom_deg, boom, 1.8)
    cabin = Part(
        polygon=box(foot, boom_deg, 6.0, 5.0), top_m=0.6 * height_m, bottom_m=0.4 * height_m, reflectance=paint
    )
    hanging = Part(polygon=arm, top_m=0.85 * height_m, bottom_m=0.80 * height_m, reflectance=paint)
    return Thing(
        id=name,
        kind="equipment",
        footprint=box(foot, boom_deg, 10.6, 10.6),
        length_m=10.6,
        width_m=10.6,
        height_m=height_m,
        colour=colour,
        azimuth_deg=boom_deg % 360.0,
        parts=(*legs, cabin, hanging),
    )


def cover(
    name: str, centre: Point, azimuth_deg: float, size: tuple[float, float, float], *, colour: str = "blue"
) -> Thing:
    """Return goods under a tarpaulin; ``size`` is length, width, height."""
    outline = box(centre, azimuth_deg, size[0], size[1])
    return Thing(
        id=name,
        kind="cover",
        footprint=outline,
        length_m=size[0],
        width_m=size[1],
        height_m=size[2],
        colour=colour,
        azimuth_deg=azimuth_deg % 360.0,
        parts=(Part(polygon=outline, top_m=size[2], reflectance=PAINTS[colour], rough=0.12),),
    )


def lorry(name: str, centre: Point, azimuth_deg: float, *, colour: str = "white") -> Thing:
    """Return a lorry of 12 x 2.5 m: clutter, too small to be reported."""
    outline = box(centre, azimuth_deg, 12.0, 2.5)
    return Thing(
        id=name,
        kind="lorry",
        footprint=outline,
        length_m=12.0,
        width_m=2.5,
        height_m=3.5,
        colour=colour,
        azimuth_deg=azimuth_deg % 360.0,
        parts=(Part(polygon=outline, top_m=3.5, reflectance=PAINTS[colour]),),
        clutter=True,
    )
