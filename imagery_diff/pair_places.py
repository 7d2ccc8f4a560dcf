"""Where in a pair a thing could stand, and the thing: clear, searched, empty ground of a kind of zone.

A ship lies beside the quay of its berth, on what is water on both dates; a stack stands on ground like most of its
yard, along it or across; a train runs along its track. Sizes beside the length are drawn as for the rendered benchmark.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from shapely import get_coordinates, minimum_rotated_rectangle, union_all

from imagery_diff.method import tracks, zones
from imagery_diff.method.radiometry import DRY, Surface, among
from imagery_diff.scene import UNSEEN
from imagery_diff.synthetic.insert import window_of
from imagery_diff.synthetic.things import CAR_M, ship, stack, train
from imagery_diff.synthetic.world import along, box

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.random import Generator
    from numpy.typing import NDArray
    from shapely.geometry import Polygon
    from shapely.geometry.base import BaseGeometry

    from imagery_diff.aoi import Zone
    from imagery_diff.grid import Grid
    from imagery_diff.pair_again import Known
    from imagery_diff.synthetic.optics import Camera
    from imagery_diff.synthetic.world import Thing

    Bools = NDArray[np.bool_]
    _Spot = tuple[tuple[float, float], float, tuple[float, float]]
    """Where the middle lies, the azimuth, and the place that is asked for its ground."""

KINDS = {"berth": "vessel", "anchorage": "vessel", "yard": "containers", "rail": "rail_cars"}
"""Kind of zone -> the thing that is put there."""
COLOURS = {
    "rust": "dark red",
    "red": "red",
    "orange": "orange",
    "green": "green",
    "blue": "blue",
    "white": "white",
}
"""Paint -> in words. Grey is not among them: on concrete it matches the ground, and no length is long enough."""
_SPANS_M = {"vessel": (12.0, 200.0), "containers": (8.0, 150.0), "rail_cars": (14.0, 700.0)}
"""Shortest and longest that is put in, metres: a boat to what berths of small ports hold, one container to a long
block, one car to fifty."""
_GAP_M = 65.0
"""Between two things: more than pieces in one line are joined across (``Params.join_gap_m``)."""
_AROUND_PX, _BEYOND_PX = 30, 15
"""Ground around the zones that is looked at again: as far as pieces of one thing are joined, and its texture, its
shadow and the smoothings reach."""
_TRIES = 25
NARROWEST_STACK_M = 5.0
"""Width of a stack, metres, at least: two rows of containers."""
_WIDEST_M = 25.0
_MIX = ("box", "gondola")
_LIKE = 3.0
"""Robust spreads of its zone's own brightness and colour within which ground is open: roofs and stacks are not."""
_NEAR_PX = 4
"""Empty ground keeps so far from what was told."""
_QUAY_PX = 1.8
"""How far beyond the middle of the last pixel that looks like water the quay stands: what it shares is no water's
colour. The median of 22 berths of five rendered scenes (1.3 to 2.2)."""
_FENDERS_M = (0.3, 1.0)
"""Between a ship and its quay: what fenders of such berths leave when they are pressed on."""
_REACH_PX = 1.5
_STRAIGHT_PX = 1.5
_ALONG = 0.6
"""Share of a ship's length along which there must be quay."""
_LEAST_ON = {"vessel": 0.97, "containers": 0.9, "rail_cars": 0.85}
"""Share of a thing that must lie on ground of its kind."""


@dataclass(frozen=True, kw_only=True)
class Want:
    """A thing that is to be put in."""

    kind: str
    """Of the zone."""
    length_m: float
    colour: str
    date: int
    """0 into the image before, 1 into the one after."""
    zone: str | None = None
    """The zone it must lie in; None for any of its kind."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Placed:
    """A thing in its place."""

    want: Want
    thing: Thing
    zone: str
    window: tuple[slice, slice]
    """Rows and columns it changes, with its shadow and blur."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Run:
    """Ground that runs one way."""

    zone: Zone
    kind: str
    free: Bools
    """(row, col), where a thing of this kind may lie."""
    pixels: tuple[NDArray[np.intp], NDArray[np.intp]]
    """Rows and columns of it."""
    azimuth_deg: float
    """From the top of the grid."""
    extent_m: float
    """Along that way."""
    shore: NDArray[np.intp] | None = None
    """(3, pixel), rows and columns of water beside land, and on which side of the way, -1 or 1, the land lies; None but
    for berths."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Grounds:
    """All ground that things may be put on."""

    grid: Grid
    runs: tuple[_Run, ...]
    busy: BaseGeometry | None = None
    """Where something was told."""

    @classmethod
    def of(cls, known: Known, located: list[Zone], broad_m: Mapping[str, float] | None = None) -> Grounds:
        """Find it in some zones of a pair.

        Parameters
        ----------
        known, located
            The pair and the zones.
        broad_m
            Kind of zone -> breadth of the least thing, metres: strips not searched that are narrower than that, and so
            hide no such thing, are ground too. None: only what was searched.

        """
        grid, cover = known.frame.grid, known.matched.cover
        free = (known.matched.flags == 0) & ~known.blind
        strips = _strips(known, broad_m) if broad_m is not None else {}
        busy = union_all([d.shape.outline for d in known.told]) if known.told else None
        if busy is not None and busy.is_empty:
            busy = None
        if busy is not None:
            away = ~ndimage.binary_dilation(zones.inside(busy, grid), iterations=_NEAR_PX)
            free, strips = free & away, {kind: strip & away for kind, strip in strips.items()}
        wet = cover.surface == Surface.WATER.value
        if cover.water is not None:
            wet = cover.water[0] & cover.water[1]
        rails = zones.drawn(known.frame.ground, {"rail"}, grid)
        looks_like = [layer for image in known.matched.brightness for layer in _brightness_and_colour(image)]
        runs: list[_Run] = []
        for zone in located:
            narrow = strips.get(zone.kind, np.zeros(grid.shape, bool))
            own = zones.inside(zone.polygon, grid) & (free | narrow)
            thing = KINDS.get(zone.kind)
            if thing == "vessel" and cover.water is not None:
                own &= wet
            elif thing == "containers":
                own &= ~wet & (cover.surface != Surface.VEGETATION.value)
                own &= ~rails if rails is not None else True
                own = _open(own & free, looks_like) | (own & narrow)
            if thing is not None and own.any():
                runs += _runs(zone, own, grid)
                if zone.kind == "berth" and cover.water is not None:
                    runs[-1] = _beside_land(runs[-1], among(cover.surface, DRY))
        return cls(grid=grid, runs=tuple(runs), busy=busy)

    def of_kind(self, kind: str) -> list[_Run]:
        """Return the ground of a kind of zone."""
        return [run for run in self.runs if run.kind == kind]

    def pixels(self, kind: str) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return rows and columns of that ground."""
        runs = self.of_kind(kind)
        return np.concatenate([r.pixels[0] for r in runs]), np.concatenate([r.pixels[1] for r in runs])

    def span_m(self, kind: str) -> tuple[float, float]:
        """Return the shortest and the longest that is put into a kind of zone, metres."""
        low, high = _SPANS_M[KINDS[kind]]
        longest = max(run.extent_m for run in self.of_kind(kind))
        return low, max(min(high, longest), 1.1 * low)

    def place(self, want: Want, taken: list[Placed], cameras: tuple[Camera, Camera], rng: Generator) -> Placed | None:
        """Draw places until a thing fits; None where it does not."""
        runs = [
            run
            for run in self.of_kind(want.kind)
            if run.extent_m >= 0.9 * want.length_m and want.zone in {None, run.zone.name}
        ]
        if not runs:
            return None
        sizes = np.array([len(run.pixels[0]) for run in runs], float)
        thing = KINDS[want.kind]
        width = _width(thing, want.length_m, rng)
        for _ in range(_TRIES):
            run = runs[int(rng.choice(len(runs), p=sizes / sizes.sum()))]
            length = _whole(thing, want.length_m)
            moored = run.shore is not None and run.shore.shape[1] > 0
            spot = self._alongside(run, (length, width), rng) if moored else self._somewhere(run, rng)
            if spot is None:
                continue
            where, azimuth, asked = spot
            if self._share_on(run.free, asked, azimuth, (length, width)) < _LEAST_ON[thing]:
                continue
            foot = box(where, azimuth, length, width)
            if any(foot.distance(other.thing.footprint) < _GAP_M for other in taken):
                continue
            # Pieces of one thing are joined so far: beside one that is there a trial would tell of that one.
            if self.busy is not None and foot.distance(self.busy) < _GAP_M:
                continue
            made = make(want, where, azimuth, width, rng)
            try:
                window = window_of(made, self.grid.transform, cameras[want.date], self.grid.shape)
            except ValueError:
                continue
            return Placed(want=want, thing=made, zone=run.zone.name, window=window)
        return None

    def _somewhere(self, run: _Run, rng: Generator) -> _Spot:
        """Return a random place on some ground, and a direction, as things are laid there."""
        pick = int(rng.integers(len(run.pixels[0])))
        row, col = run.pixels[0][pick] + rng.random(), run.pixels[1][pick] + rng.random()
        azimuth = run.azimuth_deg
        if run.kind == "anchorage":
            azimuth = float(rng.uniform(0, 360))
        elif run.kind == "berth":
            azimuth += 180.0 * int(rng.integers(2))
        elif run.kind == "yard":
            azimuth += (90.0 if rng.random() < 0.2 else 0.0) + float(rng.normal(0, 2))  # noqa: PLR2004 - one in five
        else:
            row, col = _to_middle(run, row, col)
        return self.grid.xy(row, col), azimuth, self.grid.xy(row, col)

    def _alongside(self, run: _Run, size: tuple[float, float], rng: Generator) -> _Spot | None:
        """Return a place beside a stretch of quay and the way along it; None where the shore is not straight there."""
        assert run.shore is not None
        pixel = self.grid.pixel_size[0]
        sin, cos = math.sin(math.radians(run.azimuth_deg)), math.cos(math.radians(run.azimuth_deg))
        rows, cols, sides = run.shore[0] + 0.5, run.shore[1] + 0.5, run.shore[2]
        way, off = cols * sin - rows * cos, cols * cos + rows * sin
        pick = int(rng.integers(len(rows)))
        half = max(size[0] / 2 / pixel, 1.5)
        near = (np.abs(way - way[pick]) <= half) & (sides == sides[pick]) & (np.abs(off - off[pick]) <= _STRAIGHT_PX)
        if np.count_nonzero(near) < _ALONG * 2 * half:
            return None
        away = _QUAY_PX - (float(rng.uniform(*_FENDERS_M)) + size[1] / 2) / pixel
        middle = float(np.mean(off[near])) + sides[pick] * away
        # A narrow ship covers no pixel that looks like water; the water it lies in begins beyond.
        spots = [
            self.grid.xy(-way[pick] * cos + across * sin, way[pick] * sin + across * cos)
            for across in (middle, middle - sides[pick] * _QUAY_PX)
        ]
        return spots[0], run.azimuth_deg + 180.0 * int(rng.integers(2)), spots[1]

    def _share_on(
        self, free: Bools, where: tuple[float, float], azimuth_deg: float, size: tuple[float, float]
    ) -> float:
        """Return which share of a rectangle lies on some ground."""
        pixel = self.grid.pixel_size[0]
        u, v = (np.linspace(-s / 2, s / 2, max(2, math.ceil(s / pixel) + 1)) for s in size)
        sin, cos = math.sin(math.radians(azimuth_deg)), math.cos(math.radians(azimuth_deg))
        x = where[0] + u[:, None] * sin + v[None, :] * cos
        y = where[1] + u[:, None] * cos - v[None, :] * sin
        t = self.grid.transform
        cols, rows = ((x - t.c) / t.a).astype(int), ((y - t.f) / t.e).astype(int)
        inside = (rows >= 0) & (cols >= 0) & (rows < free.shape[0]) & (cols < free.shape[1])
        return float(np.mean(inside & free[np.where(inside, rows, 0), np.where(inside, cols, 0)]))


def _strips(known: Known, broad_m: Mapping[str, float]) -> dict[str, Bools]:
    """Return ground that shows something, was not searched, and is too narrow to hide the least thing; by kind."""
    unseen = (known.matched.flags != 0) | known.blind
    shown = (known.matched.flags & UNSEEN) == 0
    pixel = max(known.frame.grid.pixel_size_m)
    return {k: unseen & shown & ~zones.hiding(unseen, broad, pixel) for k, broad in broad_m.items()}


def window_around(located: list[Zone], known: Known) -> tuple[slice, slice]:
    """Return rows and columns that hold some zones and what is looked at around them."""
    grid = known.frame.grid
    left, bottom, right, top = union_all([zone.polygon for zone in located]).bounds
    margin = max(_AROUND_PX, math.ceil(_GAP_M / grid.pixel_size_m[0]) + _BEYOND_PX)
    corners = [~grid.transform @ corner for corner in ((left, top), (right, bottom))]
    (col0, row0), (col1, row1) = corners
    spans = ((row0, row1, grid.shape[0]), (col0, col1, grid.shape[1]))
    rows, cols = (slice(max(0, int(a) - margin), min(n, math.ceil(b) + margin)) for a, b, n in spans)
    return rows, cols


def make(want: Want, where: tuple[float, float], azimuth_deg: float, width_m: float, rng: Generator) -> Thing:
    """Return a thing with its middle at a place, map metres."""
    thing, seed = KINDS[want.kind], int(rng.integers(1 << 30))
    if thing == "vessel":
        return ship(f"ship{seed}", where, azimuth_deg, (want.length_m, width_m), deck=want.colour)
    if thing == "containers":
        tiers = int(rng.integers(1, 4))
        size = (want.length_m, width_m)
        return stack(f"stack{seed}", where, azimuth_deg, size, tiers=tiers, colours=(want.colour,), seed=seed)
    cars = _cars(want.length_m)
    head = along(where, azimuth_deg, -_whole(thing, want.length_m) / 2)
    return train(f"train{seed}", head, azimuth_deg, cars, mix=_MIX, colours=(want.colour,), seed=seed)


def _cars(length_m: float) -> int:
    """Return how many cars are about so long."""
    return int(np.clip(round(length_m / np.mean([CAR_M[kind][0] for kind in _MIX])), 1, 60))


def _whole(thing: str, length_m: float) -> float:
    """Return the length that is made of one asked for: trains are made of cars."""
    return _cars(length_m) * float(np.mean([CAR_M[k][0] for k in _MIX])) if thing == "rail_cars" else length_m


def _width(thing: str, length_m: float, rng: Generator) -> float:
    """Beam a fifth to an eighth of the length; stacks 5 to 25 m wide, two rows of containers to ten; a car's width."""
    if thing == "vessel":
        return length_m / float(rng.uniform(5.0, 8.0))
    if thing == "containers":
        return min(float(rng.uniform(NARROWEST_STACK_M, _WIDEST_M)), length_m / 1.5)
    return 3.0


def _brightness_and_colour(image: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Return the logarithms of a smoothed image: their mean, and of each band what is left of it."""
    logs = np.log(np.maximum([ndimage.uniform_filter(band, 3) for band in image], 1e-6)).astype(np.float32)
    middle = logs.mean(axis=0)
    return [middle, *(logs - middle)] if len(image) > 1 else [middle]


def _open(own: Bools, layers: list[NDArray[np.float32]]) -> Bools:
    """Return of some ground what is about as bright as most of it and of its colour, on both dates."""
    open_ = own.copy()
    for layer in layers:
        values = layer[own]
        if values.size:
            middle = np.median(values)
            spread = 1.4826 * np.median(np.abs(values - middle))
            open_ &= np.abs(layer - middle) <= _LIKE * max(float(spread), 1e-9)
    return open_


def _runs(zone: Zone, free: Bools, grid: Grid) -> list[_Run]:
    """Return the ground of a zone by the ways it runs."""
    if zone.kind == "rail":
        found = []
        for run in tracks.runs_along([zone.polygon], grid):
            here = free[run.rows, run.cols]
            azimuth = (90.0 + math.degrees(run.angle)) % 180.0
            found.append(_run(zone, free, (run.rows[here], run.cols[here]), azimuth, grid))
        return [run for run in found if run is not None]
    pieces = getattr(zone.polygon, "geoms", [zone.polygon])
    longest = max(pieces, key=lambda piece: float(piece.area))
    one = _run(zone, free, np.nonzero(free), _azimuth(longest), grid)
    return [one] if one is not None else []


def _beside_land(run: _Run, land: Bools) -> _Run:
    """Find where a berth's water meets land across the way it runs."""
    sin, cos = math.sin(math.radians(run.azimuth_deg)), math.cos(math.radians(run.azimuth_deg))
    rows, cols = run.pixels
    found = []
    for side in (-1, 1):
        r, c = (np.rint(a + side * _REACH_PX * b).astype(int) for a, b in ((rows, sin), (cols, cos)))
        inside = (r >= 0) & (c >= 0) & (r < land.shape[0]) & (c < land.shape[1])
        here = inside & land[np.where(inside, r, 0), np.where(inside, c, 0)]
        found.append(np.stack([rows[here], cols[here], np.full(np.count_nonzero(here), side)]))
    return replace(run, shore=np.concatenate(found, axis=1))


def _run(zone: Zone, free: Bools, pixels: tuple[NDArray[np.intp], ...], azimuth_deg: float, grid: Grid) -> _Run | None:
    rows, cols = pixels[0], pixels[1]
    if not rows.size:
        return None
    sin, cos = math.sin(math.radians(azimuth_deg)), math.cos(math.radians(azimuth_deg))
    way = cols * sin - rows * cos
    extent = float(np.ptp(way) + 1) * grid.pixel_size[0]
    return _Run(zone=zone, kind=zone.kind, free=free, pixels=(rows, cols), azimuth_deg=azimuth_deg, extent_m=extent)


def _azimuth(shape: Polygon) -> float:
    """Direction of the longer side, degrees clockwise from the top of the grid."""
    frame = get_coordinates(minimum_rotated_rectangle(shape))[:3]
    sides = np.diff(frame, axis=0)
    east, north = sides[int(np.argmax(np.hypot(*sides.T)))]
    return math.degrees(math.atan2(east, north)) % 180.0


def _to_middle(run: _Run, row: float, col: float) -> tuple[float, float]:
    """Move a place on a track across it to the middle of the track near there."""
    sin, cos = math.sin(math.radians(run.azimuth_deg)), math.cos(math.radians(run.azimuth_deg))
    rows, cols = run.pixels[0] + 0.5, run.pixels[1] + 0.5
    way, side = cols * sin - rows * cos, cols * cos + rows * sin
    here = np.abs(way - (col * sin - row * cos)) < 10  # noqa: PLR2004 - pixels: as straight as it runs
    off = float(np.mean(side[here])) - (col * cos + row * sin)
    return row + off * sin, col + off * cos
