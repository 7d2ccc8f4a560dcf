"""Draw things and find ground that fits them: water for ships, tracks for trains, even open ground for the rest.

Ships lie free or along a straight shore. Sizes and colours are drawn as for the rendered scenes (`harbour_events`).
What a pixel does not carry (short side under half a pixel, long side under three) is not drawn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from harbour_events import DECKS, STACK_COLOURS, TRAIN_COLOURS, TRAIN_MIXES, repainted
from rasterio.features import rasterize
from scipy.ndimage import binary_erosion
from shapely.affinity import rotate, scale, translate
from shapely.geometry import Point

from imagery_diff.synthetic import cover, heap, ship, stack, train
from imagery_diff.synthetic.harbours import bearing, ragged
from imagery_diff.synthetic.insert import window_of
from imagery_diff.synthetic.world import along

if TYPE_CHECKING:
    from collections.abc import Callable

    from half_backgrounds import Background
    from numpy.random import Generator
    from numpy.typing import NDArray
    from shapely.geometry import LineString, Polygon

    from imagery_diff.synthetic import Thing

    Place = tuple[tuple[float, float], float]
    """Centre (x, y) and azimuth."""

MOORED = 0.4
"""Share of ships that lie along a shore, where there is a straight one."""
STRAIGHT_PX = 0.6
"""Deviation of a shore from a line along a ship up to which the shore is straight; other shores are no quay."""
KINDS = ("vessel", "containers", "rail_cars", "stockpile", "cover")
WEIGHTS = (0.40, 0.26, 0.14, 0.10, 0.10)
SHORT_PX, LONG_PX = 0.5, 3.0
"""What the pixel carries: least short and long side."""
MARGIN_PX = 2.0
"""Fitting ground kept around a thing."""
GAP_PX = 8.0
"""Between two things: more than their blur."""
_AT_SHORE = "moored along the shore"
_TRIES = 60
_SIZES = 12


@dataclass(frozen=True, kw_only=True)
class Put:
    """A thing, and the date that receives it."""

    thing: Thing
    after: bool


def draw_and_place(ground: Background, rng: Generator, count: int) -> list[Put]:
    """Draw up to so many things and put each where it fits; what fits nowhere is left out."""
    made: list[Put] = []
    kinds = _possible(ground)
    if not kinds:
        return made
    weights = np.array([WEIGHTS[KINDS.index(k)] for k in kinds])
    for number in range(count):
        kind = str(rng.choice(kinds, p=weights / weights.sum()))
        put = _one(ground, rng, kind, f"event{number}_{kind}", made)
        if put is not None:
            made.append(put)
    return made


def _possible(ground: Background) -> list[str]:
    """Return the kinds this ground and this pixel can hold at all."""
    kinds = []
    if ground.water.any():
        kinds.append("vessel")
    if ground.open.any():
        kinds += ["containers", "stockpile", "cover"]
    if ground.lines and ground.pixel_m * SHORT_PX <= 3.0:
        kinds.append("rail_cars")
    return kinds


def _one(ground: Background, rng: Generator, kind: str, name: str, taken: list[Put]) -> Put | None:
    """Draw sizes, and for each size places, until one fits."""
    maker = {
        "vessel": _a_ship,
        "containers": _a_stack,
        "rail_cars": _a_train,
        "stockpile": _a_heap,
        "cover": _a_cover,
    }[kind]
    after = bool(rng.random() < 0.5)
    for _ in range(_SIZES):
        make = maker(ground, rng, name)
        moored = kind == "vessel" and bool(rng.random() < MOORED)
        for _ in range(_TRIES):
            drawn = make(somewhere(ground, rng, kind))
            thing = _alongside(drawn, ground, rng) if moored else drawn
            if thing is None:
                continue
            if _carried(thing, ground.pixel_m) and fits(thing, ground, taken):
                return Put(thing=repainted(thing, rng), after=after)
    return None


def _carried(thing: Thing, pixel_m: float) -> bool:
    return thing.width_m >= SHORT_PX * pixel_m and thing.length_m >= LONG_PX * pixel_m


def fits(thing: Thing, ground: Background, taken: list[Put]) -> bool:
    """Whether a thing lies on its kind of ground, in the image with its shadow, and clear of other things."""
    try:
        for camera in ground.cameras:
            window_of(thing, ground.transform, camera, ground.water.shape)
    except ValueError:
        return False
    gap = GAP_PX * ground.pixel_m
    if any(put.thing.footprint.distance(thing.footprint) < gap for put in taken):
        return False
    around = thing.footprint.buffer(MARGIN_PX * ground.pixel_m)
    if thing.kind == "rail_cars":
        return not bool(ground.barred[_under(around, ground)].any())
    if ground.barred[_under(around, ground)].any():
        return False
    if thing.kind == "vessel":
        # A moored ship has the shore beside it, a free one nothing.
        inner = thing.footprint if thing.note == _AT_SHORE else around
        return bool(ground.wet[_under(inner, ground)].mean() >= (0.97 if thing.note == _AT_SHORE else 1.0))
    return bool(ground.open[_under(around, ground)].mean() >= 0.9)


def _under(shape: object, ground: Background) -> NDArray[np.bool_]:
    size, transform = ground.water.shape, ground.transform
    burnt: NDArray[np.uint8] = rasterize([shape], out_shape=size, transform=transform, dtype="uint8")
    mask: NDArray[np.bool_] = burnt != 0
    return mask


def somewhere(ground: Background, rng: Generator, kind: str) -> Place:
    """Return a random place of the right ground, and a direction."""
    if kind == "rail_cars":
        line = ground.lines[int(rng.integers(len(ground.lines)))]
        return _on_line(line, rng)
    mask = ground.water if kind == "vessel" else ground.open
    rows, cols = np.nonzero(binary_erosion(mask, iterations=2))
    if not rows.size:
        rows, cols = np.nonzero(mask)
    pick = int(rng.integers(rows.size))
    x, y = ground.transform @ (cols[pick] + rng.random(), rows[pick] + rng.random())
    return (x, y), float(rng.uniform(0.0, 360.0))


def _alongside(thing: Thing, ground: Background, rng: Generator) -> Thing | None:
    """Move a ship to a random stretch of shore, 1 to 6 m off, either way round; None where that is not straight."""
    rows, cols = np.nonzero(ground.wet & ~binary_erosion(ground.wet, border_value=1))
    if not rows.size:
        return None
    pick = int(rng.integers(rows.size))
    near = np.hypot(rows - rows[pick], cols - cols[pick]) <= thing.length_m / 2.0 / ground.pixel_m
    points = np.stack([cols[near], -rows[near]]).astype(float)
    if points.shape[1] < LONG_PX:
        return None
    centre = points.mean(axis=1)
    spread, axes = np.linalg.eigh(np.cov(points))
    # A straight line of points from end to end deviates along itself by its length over the root of 12.
    if (
        math.sqrt(max(spread[0], 0.0)) > STRAIGHT_PX
        or math.sqrt(12.0 * spread[1]) * ground.pixel_m < 0.8 * thing.length_m
    ):
        return None
    east, north = float(axes[0, 0]), float(axes[1, 0])
    row, col = -centre[1] + 0.5, centre[0] + 0.5
    if not _wet_at(ground, row - 3.0 * north, col + 3.0 * east):
        east, north = -east, -north
    off = float(rng.uniform(1.0, 6.0)) + thing.width_m / 2.0 - ground.pixel_m / 2.0
    x, y = ground.transform @ (col, row)
    heading = math.degrees(math.atan2(-north, east)) + float(rng.choice([0.0, 180.0]))
    return _moved(thing, (x + off * east, y + off * north), heading)


def _wet_at(ground: Background, row: float, col: float) -> bool:
    rows, cols = ground.wet.shape
    return bool(ground.wet[min(max(int(row), 0), rows - 1), min(max(int(col), 0), cols - 1)])


def _moved(thing: Thing, where: tuple[float, float], heading_deg: float) -> Thing:
    """Return the thing with its middle elsewhere and its longer side turned."""
    old = thing.footprint.centroid
    turn = thing.azimuth_deg - heading_deg

    def place(shape: Polygon) -> Polygon:
        return translate(rotate(shape, turn, origin=old), where[0] - old.x, where[1] - old.y)

    parts = tuple(replace(part, polygon=place(part.polygon)) for part in thing.parts)
    return replace(
        thing, footprint=place(thing.footprint), parts=parts, azimuth_deg=heading_deg % 360.0, note=_AT_SHORE
    )


def _on_line(line: LineString, rng: Generator) -> Place:
    """Return where a train may begin on a straight track, and the way it runs."""
    start, end = line.coords[0], line.coords[-1]
    azimuth = bearing((start[0], start[1]), (end[0], end[1]))
    return along((start[0], start[1]), azimuth, float(rng.uniform(0.0, 0.8 * line.length))), azimuth


def _log_uniform(rng: Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(math.log(low), math.log(high))))


def _length(ground: Background, rng: Generator, low: float, high: float) -> float:
    """Draw a length between what is asked for and what the pixel carries; at 30 m the span goes up to twice as far."""
    least = max(low, LONG_PX * ground.pixel_m)
    return _log_uniform(rng, least, max(high, 2.0 * least))


def _a_ship(ground: Background, rng: Generator, name: str) -> Callable[[Place], Thing]:
    """Length 40 to 190 m, beam a fifth to an eighth of it."""
    length = _length(ground, rng, 40.0, 190.0)
    size = (length, max(length / float(rng.uniform(5.0, 8.0)), SHORT_PX * ground.pixel_m))
    deck = str(rng.choice(DECKS))
    cargo = str(rng.choice(["blue", "rust", "white", "orange"])) if rng.random() < 0.4 else None
    return lambda place: ship(name, *place, size, deck=deck, cargo=cargo)


def _a_stack(ground: Background, rng: Generator, name: str) -> Callable[[Place], Thing]:
    """Length 30 to 145 m, width 5 to 25 m, one to three tiers."""
    length = _length(ground, rng, 30.0, 145.0)
    size = (length, min(float(rng.uniform(5.0, 25.0)) * max(1.0, ground.pixel_m / 10.0), length / 1.5))
    tiers, seed = int(rng.integers(1, 4)), int(rng.integers(1 << 30))
    colours = STACK_COLOURS[int(rng.integers(len(STACK_COLOURS)))]
    return lambda place: stack(name, *place, size, tiers=tiers, colours=colours, seed=seed)


def _a_train(ground: Background, rng: Generator, name: str) -> Callable[[Place], Thing]:
    """6 to 55 cars, as many as the straight part of the track holds from where it begins."""
    cars = round(_log_uniform(rng, 6.0, 55.0))
    mix = TRAIN_MIXES[int(rng.integers(len(TRAIN_MIXES)))]
    colours = TRAIN_COLOURS[int(rng.integers(len(TRAIN_COLOURS)))]
    seed = int(rng.integers(1 << 30))

    def put(place: Place) -> Thing:
        room = max(line.length - line.project(Point(*place[0])) for line in ground.lines if _near(line, place[0]))
        count = max(1, min(cars, int(room / 15.0)))
        return train(name, *place, count, mix=mix, colours=colours, seed=seed)

    return put


def _near(line: LineString, where: tuple[float, float]) -> bool:
    return bool(line.distance(Point(*where)) < 1.0)


def _a_heap(ground: Background, rng: Generator, name: str) -> Callable[[Place], Thing]:
    """Coal, 25 to 80 m long, 12 to 30 m wide, 2 to 6 m high, its outline uneven."""
    length = _length(ground, rng, 25.0, 80.0)
    width = min(float(rng.uniform(12.0, 30.0)) * max(1.0, ground.pixel_m / 10.0), 0.9 * length)
    height, seed = float(rng.uniform(2.0, 6.0)), int(rng.integers(1 << 30))
    colour = str(rng.choice(["black", "black", "dark"]))

    def put(place: Place) -> Thing:
        oval = rotate(scale(Point(*place[0]).buffer(1.0), width / 2.0, length / 2.0), -place[1])
        return heap(name, ragged(oval, seed, 1.2, every_m=9.0), height, colour=colour)

    return put


def _a_cover(ground: Background, rng: Generator, name: str) -> Callable[[Place], Thing]:
    """Goods under a tarpaulin, 20 to 60 m long, 8 to 16 m wide, 2 to 4 m high."""
    length = _length(ground, rng, 20.0, 60.0)
    width = min(float(rng.uniform(8.0, 16.0)) * max(1.0, ground.pixel_m / 10.0), length)
    size = (length, width, float(rng.uniform(2.0, 4.0)))
    colour = str(rng.choice(["blue", "green", "white", "grey", "tan"]))
    return lambda place: cover(name, *place, size, colour=colour)
