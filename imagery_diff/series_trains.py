"""Trains line by line, each as long as it stands on its track, on every look that shows it.

Section 4 of docs/explanation/timeline.md, as :mod:`imagery_diff.series` asks for it. Where a look tells a train, the
ground along it is laid out straight for all looks, and what stands there is told a line at a time
(:mod:`imagery_diff.method.rail_lines`). Nothing is told that no comparison tells: a line must lie on something that a
look tells, there or, on the same line, on another look.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from shapely import Polygon, union_all

from imagery_diff.geometry import shadow_m
from imagery_diff.method import rail_lines
from imagery_diff.method.sizes import why_cars_are_not_counted
from imagery_diff.series_states import REACHES, WEAKER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from imagery_diff.aoi import AOI, Zone
    from imagery_diff.grid import Grid
    from imagery_diff.method.rail_lines import Line, Strip
    from imagery_diff.result import Comparison, Region
    from imagery_diff.series_states import Apart

    Floats = NDArray[np.float32]

_MOST_PIXEL_M = 4.0
"""Of larger pixels tracks are not told apart, and a car is less than one of them."""
_SQUARE = 0.01
"""Share by which the sides of pixels, on the map and on the ground, may differ."""
_SEED_M, _SEED_ASPECT = 45.0, 2.0
"""What a look calls a train, as long as three cars and so much longer than wide, is asked for its lines. What it calls
something else is not, likely a train as it may be: the shade of a shed is as long and as narrow."""
_PIECE_CHANCE = 0.01
"""What is less likely a train than this is no piece of one: a block of containers beside the rails of a pier."""
_BEYOND_M, _ASIDE_M = 850.0, 45.0
"""So far beyond its ends, and beyond its sides, the ground is asked: the longest train reported, 790 m (facts T14),
and some; the tracks of a yard, and as much bare ground for its scatter."""
_CAR_HEIGHT_M = 4.0
_CAR_SIDE_M = 1.5
_BLUR_PX = 1.5
"""Lines are told apart further off than a car's side, its shadow and the blur of both reach."""
_SAME_PX, _SAME_SHARE = 1.5, 0.6
"""Two looks show one line if it lies no further aside, and they share so much of the shorter."""
_ON, _MOSTLY = 0.25, 0.5
"""Share of a region on a line, or of a line in a region, from which it bears the line out; share from which a region
is a piece of lines and told as these."""
_HALF_WIDTH_PX, _RIM_PX = 1.0, 2.0
_SHORT_M, _LONG_M = 10.0, 30.0
"""Limits of a length: it is so much less, or more, at most. Of 37 told of trains of 43 to 632 m in rendered yards
(``python benchmarks/record_scenarios.py lines``, eight seeds) they held 31; 27 were told to 20 m, the worst 203 m
short, where a train is cut by cars that look like their ballast."""


def line_by_line(found: Mapping[int, Comparison], apart: Apart, place: AOI) -> dict[int, Comparison]:
    """Tell trains a line at a time.

    Parameters
    ----------
    found
        Number of the look -> it against the empty place.
    apart
        By how much looks differ from that.
    place
        As laid, in the frame's CRS.

    Returns
    -------
    The comparisons, with a region a line in place of what lay on these lines.

    """
    told = {n: replace(c, regions=tuple(_in_its_area(r, place) for r in c.regions)) for n, c in found.items()}
    grid = next(iter(found.values())).grid if found else None
    if grid is None or not _is_fine(grid):
        return told
    done: dict[int, list[Polygon]] = {n: [] for n in told}
    for number, seed in _seeds(told, place):
        if _share_on(seed, done[number]) >= _MOSTLY:
            continue
        bundle = _Bundle.along(seed, number, told, apart)
        for n, own in bundle.borne_out(told).items():
            # Another seed of the same trains turns by a fraction of a degree: what is not two lines is told once.
            reach = (_apart_px(told[n], grid.pixel_size_m[0]) - _HALF_WIDTH_PX) * grid.pixel_size_m[0]
            near = [outline.buffer(reach) for outline in done[n]]
            lines = [x for x in own if _share_on_line(bundle.outline(x), near) < _MOSTLY]
            if lines:
                told[n] = _with_lines(told[n], lines, bundle, seed, place)
                done[n] += [bundle.outline(line) for line in lines]
    return told


def _is_fine(grid: Grid) -> bool:
    """Whether lines can be told apart on a grid: it is in metres, and its pixels are square and small enough."""
    sizes = (*grid.pixel_size, *grid.pixel_size_m)
    return grid.crs is not None and np.ptp(sizes) < _SQUARE * max(sizes) and max(grid.pixel_size_m) <= _MOST_PIXEL_M


def _seeds(told: Mapping[int, Comparison], place: AOI) -> list[tuple[int, Region]]:
    """Return what looks call trains where tracks may lie, the longest first."""
    rails = {z.name for z in place.zones if z.kind == "rail"}
    found = [
        (n, r)
        for n, c in told.items()
        for r in c.regions
        if r.activity == "rail_cars"
        and r.direction != "disappeared"
        and r.length_m >= max(_SEED_M, _SEED_ASPECT * r.width_m)
        and any(share >= _MOSTLY for name, share in r.zone_shares.items() if name in rails)
    ]
    return sorted(found, key=lambda one: (-one[1].length_m, one[0]))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Bundle:
    """The lines along one seed, look by look."""

    strip: Strip
    grid: Grid
    laid: dict[int, Floats]
    """Number of the look -> (band, along, across), by how much it differs from the empty place."""
    lines: dict[int, list[Line]]

    @classmethod
    def along(cls, seed: Region, number: int, found: Mapping[int, Comparison], apart: Apart) -> _Bundle:
        """Lay out the ground along a seed and find the lines of all looks."""
        grid = found[number].grid
        pixel = grid.pixel_size_m[0]
        strip = _strip_of(seed, grid)
        window, strip_here = _cut_out(strip, grid)
        changes = {n: _seen(apart(n, window), c, window) for n, c in found.items()}
        turn = rail_lines.best_turn(changes[number], strip_here, seed.length_m / pixel / 2, pixel)
        strip, strip_here = strip.turned(turn), strip_here.turned(turn)
        laid = {n: rail_lines.lay(change, strip_here) for n, change in changes.items()}
        powers = rail_lines.power(list(laid.values()), pixel)
        lines = {
            n: rail_lines.lines_in(q, strip, len(laid[n]), pixel, apart_px=_apart_px(found[n], pixel))
            for n, q in zip(laid, powers, strict=True)
        }
        return cls(strip=strip, grid=grid, laid=laid, lines=lines)

    def outline(self, line: Line) -> Polygon:
        """Draw a line, map units."""
        s = np.array([line.first_px, line.last_px, line.last_px, line.first_px])
        u = line.aside_px + np.array([-_HALF_WIDTH_PX, -_HALF_WIDTH_PX, _HALF_WIDTH_PX, _HALF_WIDTH_PX])
        rows, cols = self.strip.places(s, u)
        t = self.grid.transform
        x, y = (m + a * (cols + 0.5) + b * (rows + 0.5) for m, a, b in ((t.c, t.a, t.b), (t.f, t.d, t.e)))
        return Polygon(np.column_stack([x, y]))

    def borne_out(self, told: Mapping[int, Comparison]) -> dict[int, list[Line]]:
        """Return the lines that lie on something a look tells, there or on another look."""
        kept = {n: [x for x in own if self._on_told(x, told[n].regions)] for n, own in self.lines.items()}
        size = -1
        while size != sum(map(len, kept.values())):
            size = sum(map(len, kept.values()))
            sure = [(m, line) for m, own in kept.items() for line in own]
            kept = {
                n: [x for x in own if x in kept[n] or any(self._is_same(n, x, m, y) for m, y in sure)]
                for n, own in self.lines.items()
            }
        every = [line for own in kept.values() for line in own]
        kept = {n: [*own, *self._also_there(n, own, kept, told[n])] for n, own in kept.items()}
        pixel = self.grid.pixel_size_m[0]
        whole = {n: rail_lines.bridged(own, every, aside_px=_SAME_PX, pixel_m=pixel) for n, own in kept.items()}
        return {n: [self._to_its_ends(n, x, whole) for x in own] for n, own in whole.items()}

    def _also_there(self, n: int, own: list[Line], lines: Mapping[int, list[Line]], result: Comparison) -> list[Line]:
        """Return what other looks tell as a line and this one shows and tells too, though not apart from the next."""
        found: list[Line] = []
        others = sorted(((m, y) for m, those in lines.items() if m != n for y in those), key=lambda one: -one[1].odds)
        for m, line in others:
            known = any(line.shares_with(x, _SAME_PX) > 0 for x in (*own, *found))
            if known or not self._on_told(line, result.regions):
                continue
            if self._shows(n, m, (line.first_px, line.last_px), line.aside_px):
                found.append(line)
        return found

    def _is_same(self, n: int, line: Line, m: int, other: Line) -> bool:
        """Whether two looks show one line.

        What the empty place has of a train differs too on a look without it, but the other way.
        """
        if m == n or line.shares_with(other, _SAME_PX) < _SAME_SHARE:
            return False
        return self._shows(n, m, (line.first_px, line.last_px), line.aside_px)

    def _to_its_ends(self, n: int, line: Line, lines: Mapping[int, list[Line]]) -> Line:
        """Let a line go on to where another look shows it to end, if this one shows half of what stands there."""
        for m, others in lines.items():
            for other in others:
                if not self._is_same(n, line, m, other):
                    continue
                if other.first_px < line.first_px and self._shows(
                    n, m, (other.first_px, line.first_px), other.aside_px
                ):
                    line = replace(line, first_px=other.first_px)
                if other.last_px > line.last_px and self._shows(n, m, (line.last_px, other.last_px), other.aside_px):
                    line = replace(line, last_px=other.last_px)
        return line

    def _shows(self, n: int, m: int, stretch: tuple[float, float], aside_px: float) -> bool:
        """Whether a look shows along a stretch more than half of what another shows there, as at a track's end."""
        along = (self.strip.s >= stretch[0]) & (self.strip.s <= stretch[1])
        across = np.abs(self.strip.u - aside_px) <= _HALF_WIDTH_PX
        now, own = (self.laid[k][:, along][:, :, across] for k in (n, m))
        both = ~np.isnan(now) & ~np.isnan(own)
        return bool(np.sum(now[both] * own[both]) > WEAKER * np.sum(own[both] ** 2))

    def _on_told(self, line: Line, regions: Iterable[Region]) -> bool:
        outline = self.outline(line)
        return any(
            outline.intersection(r.geometry).area >= _ON * min(outline.area, r.geometry.area)
            for r in regions
            if _may_be_a_train(r, _PIECE_CHANCE)
        )


def _may_be_a_train(region: Region, least: float) -> bool:
    """Whether something stands there that is a train with such a chance, by its pixels and the kind of its zone."""
    chance = region.shares.get("rail_cars", 1.0 if region.activity == "rail_cars" else 0.0)
    return region.direction != "disappeared" and region.activity != "vessel" and chance >= least


def _strip_of(seed: Region, grid: Grid) -> Strip:
    """Lay a strip along a seed."""
    pixel = grid.pixel_size_m[0]
    centre = seed.geometry.minimum_rotated_rectangle.centroid
    azimuth = math.radians(seed.orientation_deg)
    t = ~grid.transform
    col, row = t.c + t.a * centre.x + t.b * centre.y, t.f + t.d * centre.x + t.e * centre.y
    right, down = (p * math.sin(azimuth) + q * math.cos(azimuth) for p, q in ((t.a, t.b), (t.d, t.e)))
    size = math.hypot(right, down)
    return rail_lines.Strip(
        middle=(row - 0.5, col - 0.5),
        way=(down / size, right / size),
        along_px=(seed.length_m / 2 + _BEYOND_M) / pixel,
        across_px=(seed.width_m / 2 + _ASIDE_M) / pixel,
    )


def _cut_out(strip: Strip, grid: Grid) -> tuple[tuple[slice, slice], Strip]:
    """Return the window of the grid that holds a strip, however it turns, and the strip in it."""
    reach = math.hypot(strip.along_px, strip.across_px) * math.sin(math.radians(9.0)) + 2
    (rows, cols), shape = strip.at, grid.shape
    low = [max(math.floor(i.min() - reach), 0) for i in (rows, cols)]
    high = [min(math.ceil(i.max() + reach) + 1, n) for i, n in zip((rows, cols), shape, strict=True)]
    window = (slice(low[0], max(high[0], low[0] + 1)), slice(low[1], max(high[1], low[1] + 1)))
    return window, replace(strip, middle=(strip.middle[0] - low[0], strip.middle[1] - low[1]))


def _seen(change: Floats, result: Comparison, window: tuple[slice, slice]) -> Floats:
    """Return the difference where the look shows the ground clearly and was searched, else NaN."""
    clear = (result.layers.flags[window] == 0) & ~result.layers.blind[window]
    return np.where(clear, change, np.float32(np.nan))


def _apart_px(result: Comparison, pixel_m: float) -> float:
    """Return how far apart lines must lie to be two, pixels."""
    sun = result.after.sun
    shadow = math.hypot(*shadow_m(_CAR_HEIGHT_M, sun)) if sun is not None and sun.elevation_deg > 0 else 0.0
    return _BLUR_PX + (_CAR_SIDE_M + shadow) / pixel_m


def _share_on(region: Region, outlines: list[Polygon]) -> float:
    return _share_on_line(region.geometry, outlines)


def _share_on_line(outline: BaseGeometry, outlines: list[Polygon]) -> float:
    return float(outline.intersection(union_all(outlines)).area / outline.area) if outlines else 0.0


def _with_lines(result: Comparison, lines: list[Line], bundle: _Bundle, seed: Region, place: AOI) -> Comparison:
    """Put lines in place of what lies on them."""
    pixel = result.grid.pixel_size_m[0]
    outlines = [bundle.outline(line) for line in lines]
    around = [outline.buffer(_RIM_PX * pixel) for outline in outlines]
    standing = [r for r in result.regions if _may_be_a_train(r, _PIECE_CHANCE)]
    yards = {z.name for z in place.zones if z.kind != "rail" and z.located}
    # What is told as goods in a located yard beside the tracks stays told there.
    pieces = [
        r for r in standing if _share_on(r, around) >= _MOSTLY and (r.activity == "rail_cars" or r.zone not in yards)
    ]
    made, first = [], 1 + max((int(r.id[1:]) for r in result.regions), default=0)
    for k, (line, outline) in enumerate(zip(lines, outlines, strict=True)):
        on_it = [r for r in pieces if r.geometry.intersects(outline)]
        shares = [r.geometry.intersection(outline).area for r in on_it]
        source = on_it[int(np.argmax(shares))] if on_it else seed
        made.append(_region(f"R{first + k}", line, outline, (source, seed), place, pixel))
    left = tuple(r for r in result.regions if r not in pieces)
    return replace(result, regions=(*left, *made))


def _region(
    name: str, line: Line, outline: Polygon, sources: tuple[Region, Region], place: AOI, pixel_m: float
) -> Region:
    """Return a line as a region: as sure a change as what is told on it, a train as what told of its line."""
    own, seed = sources
    length = line.length_px * pixel_m
    width = 2 * _HALF_WIDTH_PX * pixel_m
    region = replace(
        own,
        id=name,
        geometry=outline,
        direction="appeared",
        activity="rail_cars",
        area_m2=length * width,
        area_low_m2=None,
        area_high_m2=None,
        length_m=length,
        length_low_m=max(length - _SHORT_M, 0.0),
        length_high_m=None if line.cut else length + _LONG_M,
        length_is_lower_bound=line.cut,
        width_m=width,
        orientation_deg=_azimuth(outline),
        measured_by="line",
        why=(*own.why, "told a line at a time along its track"),
        why_no_count=why_cars_are_not_counted(pixel_m),
        p_activity=(own if own.activity == "rail_cars" else seed).p_activity,
        shares=(own if own.activity == "rail_cars" else seed).shares,
        colour=None,
        side="",
        end="",
        teu_low=None,
        teu_high=None,
        tiers=None,
        doubts=(),
    )
    return _in_its_area(replace(region, zone_shares=_shares(outline, place)), place)


def _shares(outline: Polygon, place: AOI) -> dict[str, float]:
    return {z.name: round(share, 3) for z, share in place.zone_shares(outline)}


def _azimuth(outline: Polygon) -> float:
    (x0, y0), (x1, y1) = outline.exterior.coords[:2]
    return math.degrees(math.atan2(x1 - x0, y1 - y0)) % 180.0


def _in_its_area(region: Region, place: AOI) -> Region:
    """Count a train in the tracks that hold it: of search areas that lie in each other the one that is asked for it.

    A located zone keeps what is told in it.
    """
    if region.activity != "rail_cars":
        return region
    zones = {z.name: z for z in place.zones}
    here = zones.get(region.zone or "")
    own = region.zone_shares.get(region.zone or "", REACHES)
    if here is not None and here.located and own > 0:
        return region
    held = _MOSTLY * own if here is not None and here.kind == "rail" else own
    rails: list[Zone] = [zones[n] for n, share in region.zone_shares.items() if n in zones and share >= held]
    rails = [z for z in rails if z.kind == "rail"]
    if not rails:
        return region
    zone = min(rails, key=lambda z: (not z.located, z.polygon.area))
    return replace(region, zone=zone.name, zone_kind=zone.kind, group=zone.group)
