"""Evidence -> regions: hysteresis, then an outline at half height, then length and width in metres.

Hysteresis after Canny 1986 (10.1109/TPAMI.1986.4767851). The outline is drawn where the difference falls to half of its
typical value inside the region: for an edge blurred by any symmetric point spread that is where the edge stands.

Assumption: an object differs from its surround over most of its area. Broken by: an object that matches the ground in
part; its own cast shadow where that is not recognised by colour (the length is then too long).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import scipy  # scipy.spatial is loaded only where two things may lie in one line
from scipy import ndimage
from shapely import (
    MultiLineString,
    MultiPoint,
    MultiPolygon,
    Polygon,
    build_area,
    get_coordinates,
    get_parts,
    minimum_rotated_rectangle,
    union_all,
)
from shapely.affinity import affine_transform, translate
from skimage.draw import line
from skimage.measure import find_contours

from imagery_diff.method import blocks
from imagery_diff.method.radiometry import Surface

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from imagery_diff.grid import Grid
    from imagery_diff.method.evidence import Threshold

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]

_EIGHT = np.ones((3, 3), bool)
_MARGIN_PX = 4
_MOSTLY = 0.5
_FILLED = 0.8
"""An area of cover is nothing but the things in it if they fill so much of it; the rest is the score's smoothing."""
_RING_PX = 6
"""How much ground around a patch is looked at to say when something stood there, pixels."""
_RIM_PX = (1.5, 4.5)
"""The ground just beyond a patch: clear of the blur of its edge, and near enough to be what lies under it."""
_HELD = 0.8
"""Share of a patch that must lie in another before it is a part of that."""
_FRINGE_PX = 4
"""How far the smoothed evidence of an object reaches beyond it: two and a half times the larger smoothing."""
_CLEARLY_MORE = 1.15
"""How many times larger the step at a region's rim must be on one date than on the other to say when it stood there;
on design scenes the larger step was the right date in 99 of 100 (benchmarks/accuracy.py)."""
_CLEARLY_BRIGHTER = 1.5
"""The same of radar, for the contrast with the surround: the echo of one thing differs by as much from look to look."""


SURVEY = "survey"
"""Name of the scale that holds the map's score: areas of cover, not things."""
TRAIN = "train"
"""Name of the scale on which a train stands out from its track."""


class Direction(enum.StrEnum):
    """When something stood there."""

    APPEARED = "appeared"
    DISAPPEARED = "disappeared"
    CHANGED = "changed"


@dataclass(frozen=True, kw_only=True, eq=False)
class Scale:
    """Evidence smoothed at one scale, with its levels by surface class."""

    strength: Floats
    """(row, col)"""
    levels: dict[int, Threshold]
    name: str = "pixel"
    """What the manifest calls it."""
    seeds: bool = True
    """Whether it may begin a region, or only draw it."""
    candidate: float | None = None
    """Strength at which candidates begin on a scale whose levels are no chance of the pair's; None where they are."""
    later: Floats | None = None
    """(row, col), by how much more than a thing before one after stands out; None on a scale that does not tell."""

    def let_down(self, floor: float, family_error: float) -> Scale:
        """Return the scale with the levels at which candidates begin: what unchanged ground would often reach."""
        if self.name == SURVEY:
            return self
        if self.candidate is not None:
            begin = self.candidate
            lower = {s: replace(level, seed=begin, grow=min(level.grow, begin)) for s, level in self.levels.items()}
            return replace(self, levels=lower)
        return replace(self, levels={s: level.let_down(floor, family_error) for s, level in self.levels.items()})


@dataclass(frozen=True, kw_only=True, eq=False)
class Patch:
    """A connected set of pixels that changed."""

    window: tuple[slice, slice]
    """Rows and columns of the bounding box, with a margin."""
    mask: Bools
    """(row, col) inside the window."""
    strength: float
    """Strongest smoothed evidence inside."""
    area: bool = False
    """Ground whose cover changed, of any shape and drawn as far as it goes; not a thing with an edge."""
    firm: bool = True
    """It passed the levels of the pair; a candidate that only passed lower ones did not."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Measures of a region's outline."""

    outline: Polygon | MultiPolygon
    """In map units (pixels without georeference)."""
    length_m: float
    width_m: float
    area_m2: float
    orientation_deg: float
    """Azimuth of the long side, 0 to 180 degrees clockwise from grid north."""


def find_patches(scales: list[Scale], surface: NDArray[np.uint8], barred: Bools, *, min_px: int) -> list[Patch]:
    """Join pixels above the growing level that contain one above the seeding level; water and land apart.

    Parameters
    ----------
    scales
        Smoothed evidence with its levels; any scale may grow, and seed unless it says not.
    surface
        (row, col), :class:`Surface`; pixels of no class in the thresholds take no part.
    barred
        (row, col), True where a pixel may not count: unseen, moved shadow.
    min_px
        Smallest patch, pixels.

    """
    grown, seeded, open_ = np.zeros((3, *surface.shape), bool)
    searched = np.isin(np.arange(max(Surface) + 1), list(scales[0].levels))
    levels = [(scale, *_by_class(scale)) for scale in scales]

    def fill(tile: blocks.Tile) -> None:
        kind, asked = surface[tile.own].astype(np.intp), ~barred[tile.own]
        for scale, grow, seed in levels:
            here = scale.strength[tile.own]
            grown[tile.own] |= asked & (here >= np.take(grow, kind))
            seeded[tile.own] |= asked & (here >= np.take(seed, kind))
        open_[tile.own] = asked & searched[kind]

    blocks.each(fill, blocks.tiles(surface.shape))
    # Closing bridges one-pixel gaps: a train is one pixel wide and of many colours.
    mask = blocks.shrunk(blocks.grown(grown, 1), 1) & open_
    water = _settle_shore(mask, surface == Surface.WATER.value)
    wet, dry = blocks.each(lambda side: _joined(mask & side, seeded, scales, min_px), (water, ~water))
    return sorted(wet + dry, key=lambda p: -p.strength)


def _joined(side: Bools, seeded: Bools, scales: list[Scale], min_px: int) -> list[Patch]:
    """Return the connected pieces of one side of the shore that hold a seed."""
    labels = np.asarray(ndimage.label(side, _EIGHT)[0], np.int32)
    keep = set(np.unique(labels[seeded & side]).tolist()) - {0}
    return [
        _patch(labels, n, box, scales)
        for n, box in enumerate(ndimage.find_objects(labels), start=1)
        if box is not None and n in keep and np.count_nonzero(labels[box] == n) >= min_px
    ]


def _by_class(scale: Scale) -> tuple[Floats, Floats]:
    """Lay out a scale's growing and seeding levels by surface class; what is not looked at reaches neither."""
    grow, seed = np.full((2, max(Surface) + 1), np.inf, np.float32)
    for s, level in scale.levels.items():
        grow[s] = level.grow
        if scale.seeds:
            seed[s] = level.seed
    return grow, seed


def whole(found: list[Patch], candidates: list[Patch], difference: Floats) -> list[Patch]:
    """Put in the place of what was found, where it is but a part of a larger thing, the patch of lower levels.

    Where clouds or waves raise a pair's level, only the brightest part of a ship may reach it. If half the height of
    such a part runs on over more than twice its size, the patch of lower levels that holds it is the thing.

    Parameters
    ----------
    found, candidates
        By the pair's own levels, and by lower ones.
    difference
        (row, col), size of the whitened difference.

    """
    whose = np.zeros(difference.shape, np.int32)
    for number, patch in enumerate(found):
        whose[patch.window][patch.mask] = number + 1
    kept = list(found)
    for candidate in candidates:
        held = np.unique(whose[candidate.window][candidate.mask])
        numbers = (held[held > 0] - 1).tolist()
        if len(numbers) == 1 and _runs_on(found[numbers[0]], candidate, difference):
            kept[numbers[0]] = candidate
    return kept


def _runs_on(part: Patch, whole: Patch, difference: Floats) -> bool:
    """Whether half the height of a part runs on, without a gap, over more than twice its size within a patch."""
    height = difference[part.window][part.mask]
    level = 0.5 * float(np.median(height))
    if level <= 0:
        return False
    both = np.zeros(difference.shape, bool)
    both[part.window] |= part.mask
    here = both[whole.window]
    if np.count_nonzero(here & whole.mask) < _HELD * np.count_nonzero(part.mask):
        return False
    labels, _ = ndimage.label(whole.mask & (difference[whole.window] >= level), _EIGHT)
    joined = np.isin(labels, np.setdiff1d(labels[here & whole.mask], 0))
    return bool(np.count_nonzero(joined) > 2 * np.count_nonzero(height >= level))


def weaker(
    patches: list[Patch], others: list[Patch], scales: list[Scale], surface: NDArray[np.uint8], *, min_px: int
) -> list[Patch]:
    """Return what patches of lower levels hold besides others, which are drawn as they were.

    What a lower level joins to another may be its fringe, or a weaker thing beside it: that is a piece clear of the
    fringe that holds a seed of its own.

    Parameters
    ----------
    scales
        With the lower levels.
    surface
        (row, col), :class:`Surface`.

    """
    taken = np.zeros(surface.shape, bool)
    for other in others:
        taken[other.window] |= other.mask
    fringe = blocks.grown(taken, _FRINGE_PX)
    kept = []
    for patch in patches:
        if not (taken[patch.window] & patch.mask).any():
            kept.append(patch)
            continue
        labels = np.zeros(surface.shape, np.int32)
        labels[patch.window] = ndimage.label(patch.mask & ~fringe[patch.window], _EIGHT)[0]
        for number, box in enumerate(ndimage.find_objects(labels), start=1):
            piece = _patch(labels, number, box, scales)
            if np.count_nonzero(piece.mask) >= min_px and _holds_seed(piece, scales, surface):
                kept.append(piece)
    return [replace(patch, firm=False) for patch in kept]


def _holds_seed(patch: Patch, scales: list[Scale], surface: NDArray[np.uint8]) -> bool:
    """Whether a patch holds a pixel from which a region may begin."""
    kinds = surface[patch.window][patch.mask].astype(np.intp)
    return any(bool((s.strength[patch.window][patch.mask] >= _by_class(s)[1][kinds]).any()) for s in scales)


def train_of(scales: list[Scale]) -> Scale | None:
    """Return the evidence for trains; None where no track is drawn."""
    return next((scale for scale in scales if scale.name == TRAIN), None)


def cover_of(scales: list[Scale]) -> Floats | None:
    """Return the map's score over its level, (row, col): areas end where it is 1. None without a map."""
    for scale in scales:
        if scale.name == SURVEY:
            return scale.strength / np.float32(min(level.grow for level in scale.levels.values()))
    return None


def areas_and_things(areas: list[Patch], things: list[Patch], strength: Floats, *, least: float) -> list[Patch]:
    """Tell an area of cover from a thing with its blur: what things fill is those things.

    Parameters
    ----------
    areas
        From the map's score, which sees neither what is small nor edges sharper than its smoothing.
    things
        From the evidence of the alarm.
    strength
        (row, col), smoothed evidence in spreads of unchanged ground; areas are given its maximum, as things have it.
    least
        An area must somewhere reach this strength.

    Returns
    -------
    The areas that are more than the things in them, and the things that lie mostly outside those, the strongest first.

    """
    filled = np.zeros(strength.shape, bool)
    for thing in things:
        filled[thing.window] |= thing.mask
    kept, covered = [], np.zeros(strength.shape, bool)
    for area in areas:
        if np.mean(filled[area.window][area.mask]) < _FILLED:
            strongest = float(strength[area.window][area.mask].max())
            if strongest >= least:
                kept.append(replace(area, strength=strongest, area=True))
                covered[area.window] |= area.mask
    kept += [thing for thing in things if np.mean(covered[thing.window][thing.mask]) < _MOSTLY]
    return sorted(kept, key=lambda p: -p.strength)


def join_collinear(patches: list[Patch], bridge: Bools, *, gap_px: float, width_px: float) -> list[Patch]:
    """Join pieces that lie in one line with something weak or shaded between them: the cars of a train.

    Two pieces are joined if the gap is at most ``gap_px``, the straight way across it is mostly ``bridge``, and the
    line they make is no wider than the wider piece by more than the blur and at least four times as long as wide. Two
    stacks with bare ground between them stay two. Pieces wider than ``width_px`` are no lines and stay as they are.

    Parameters
    ----------
    bridge
        (row, col), True where the evidence is weak but there, or the ground is shaded on one date.

    """
    lines = [_Line.of(p) for p in patches]
    done = [one.patch for one in lines if one.width > width_px]
    waiting = [one for one in lines if one.width <= width_px]
    while waiting:
        one = waiting.pop()
        for other in waiting:
            union = _join(one, other, bridge, gap_px)
            if union is not None:
                waiting.remove(other)
                # The longer line may reach pieces that neither of the two did.
                waiting.append(union)
                break
        else:
            done.append(one.patch)
    return sorted(done, key=lambda p: -p.strength)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Line:
    """A patch with its pixels and the smallest rectangle around them."""

    patch: Patch
    points: NDArray[np.int_]
    """(n, 2), rows and columns on the grid."""
    width: float
    """Pixels."""

    @classmethod
    def of(cls, patch: Patch) -> _Line:
        points = np.argwhere(patch.mask) + np.array([patch.window[0].start, patch.window[1].start])
        return cls(patch=patch, points=points, width=_extent(points)[1])


def _join(one: _Line, other: _Line, bridge: Bools, gap_px: float) -> _Line | None:
    """Return the union of two pieces where they make one line, else None."""
    windows = zip(one.patch.window, other.patch.window, strict=True)
    if any(max(a.start, b.start) - min(a.stop, b.stop) > gap_px for a, b in windows):
        return None
    distance, nearest = (np.atleast_1d(v) for v in scipy.spatial.cKDTree(other.points).query(one.points))
    closest = int(np.argmin(distance))
    if distance[closest] > gap_px:
        return None
    rows, cols = line(*one.points[closest], *other.points[nearest[closest]])
    if len(rows) > 2 and np.mean(bridge[rows[1:-1], cols[1:-1]]) < 0.7:  # noqa: PLR2004 - most of the way
        return None
    length, width = _extent(np.concatenate([one.points, other.points]))
    if width > max(one.width, other.width) + 1.5 or length < 4 * width:
        return None
    points = np.concatenate([one.points, other.points, np.column_stack([rows, cols])])
    low = np.maximum(points.min(axis=0) - _MARGIN_PX, 0)
    high = np.minimum(points.max(axis=0) + 1 + _MARGIN_PX, bridge.shape)
    mask = np.zeros(tuple(high - low), bool)
    mask[tuple((points - low).T)] = True
    window = (slice(int(low[0]), int(high[0])), slice(int(low[1]), int(high[1])))
    strength = max(one.patch.strength, other.patch.strength)
    return _Line(patch=Patch(window=window, mask=mask, strength=strength), points=points, width=width)


def _extent(points: NDArray[np.int_]) -> tuple[float, float]:
    """Length and width in pixels of the smallest rectangle, at any angle, around the pixels."""
    # The rectangle around the hull is the rectangle around everything; first and last pixel of each row hold the hull.
    order = np.lexsort((points[:, 1], points[:, 0]))
    ordered = points[order]
    new = np.flatnonzero(np.diff(ordered[:, 0])) + 1
    ends = ordered[np.unique(np.concatenate([[0], new, new - 1, [len(ordered) - 1]]))]
    squares = MultiPoint(np.concatenate([ends + corner for corner in ((0, 0), (0, 1), (1, 0), (1, 1))]))
    sides = np.hypot(*_rectangle_sides(squares).T)
    return float(sides.max()), float(sides.min())


def _rectangle_sides(shape: BaseGeometry) -> NDArray[np.float64]:
    """Two neighbouring sides, as vectors, of the smallest rectangle at any angle; (2, 2)."""
    return np.diff(get_coordinates(minimum_rotated_rectangle(shape))[:3], axis=0)


def _settle_shore(mask: Bools, water: Bools) -> Bools:
    """Split at the shore only what is an object on both sides of it.

    The blur of a ship reaches over the quay and that of a stack over the water. A part of a changed area that nowhere
    goes deeper than the blur into its side of the shore is the other part's fringe.

    """
    labels, count = ndimage.label(mask, _EIGHT)
    settled = water.copy()
    # Only what changed is looked at, pixel by pixel: it is little.
    at = np.nonzero(mask)
    label = labels[at]
    for wet in (True, False):
        own = settled[at] == wet
        sides = [np.bincount(label[side], minlength=count + 1) > 0 for side in (own, ~own)]
        shared = sides[0] & sides[1]
        if not shared.any():
            continue
        other = np.zeros_like(mask)
        other[at] = ~own
        deep = np.bincount(label[own & ~_within(other, _FRINGE_PX)[at]], minlength=count + 1) > 0
        fringe = own & (shared & ~deep)[label]
        settled[at[0][fringe], at[1][fringe]] = not wet
    return settled


def _within(mask: Bools, reach_px: int) -> Bools:
    """Where the nearest pixel of a mask lies no further than this; what changed is little, so each is asked for."""
    out = mask.copy()
    rim = np.argwhere(mask & blocks.grown_by_steps(~mask, 1))
    steps = np.arange(-reach_px, reach_px + 1)
    for row in steps:
        for col in steps[row**2 + steps**2 <= reach_px**2]:
            near = rim + np.array([row, col])
            near = near[((near >= 0) & (near < mask.shape)).all(axis=1)]
            out[near[:, 0], near[:, 1]] = True
    return out


def _patch(labels: NDArray[np.int32], number: int, box: tuple[slice, ...], scales: list[Scale]) -> Patch:
    rows, cols = (
        slice(max(0, s.start - _MARGIN_PX), min(n, s.stop + _MARGIN_PX)) for s, n in zip(box, labels.shape, strict=True)
    )
    mask = labels[rows, cols] == number
    return Patch(
        window=(rows, cols), mask=mask, strength=max(float(scale.strength[rows, cols][mask].max()) for scale in scales)
    )


def direction_of(
    patch: Patch,
    images: tuple[Floats, Floats],
    whitening: NDArray[np.float64],
    valid: Bools,
    water: tuple[Bools, Bools] | None,
) -> Direction:
    """Tell when something stood there: when there is no open water, else when the step at its rim is clearly larger.

    Parameters
    ----------
    images
        (band, row, col) before and after, on one scale.
    whitening
        (component, band), of the ground the patch lies on.
    valid
        (row, col), True where the surround may be looked at.
    water
        (row, col) before and after, True where the pixel looks like open water; None where that is not known.

    """
    if water is not None:
        open_water = [float(np.mean(w[patch.window][patch.mask])) for w in water]
        if min(open_water) < 0.5 < max(open_water):  # noqa: PLR2004 - a majority
            return Direction.APPEARED if open_water[0] > open_water[1] else Direction.DISAPPEARED
    return clearly_later(*(_step_at_the_rim(patch, image, whitening, valid) for image in images))


def clearly_later(before: float, after: float) -> Direction:
    """Say when something stood there by how much stands out before and after; ``changed`` if it is about as much."""
    if after > _CLEARLY_MORE * before:
        return Direction.APPEARED
    return Direction.DISAPPEARED if before > _CLEARLY_MORE * after else Direction.CHANGED


def direction_of_bright(
    patch: Patch, images: tuple[Floats, Floats], whitening: NDArray[np.float64], valid: Bools
) -> Direction:
    """Tell of a radar image when something stood there: on the date on which it outshines its surround.

    Ships, containers, wagons and buildings return more than the water or the hard standing around them. What is darker
    than its surround is no thing but another cover (water on a field, a lake that dried): ``changed``.

    Parameters
    ----------
    images
        (band, row, col) before and after, logarithms of brightness on one scale.
    whitening
        (component, band), into spreads of unchanged ground.
    valid
        (row, col), True where the surround may be looked at.

    """
    around = _surround(patch, valid)
    if around is None:
        return Direction.CHANGED
    wide, mask, ring = around
    scale = np.linalg.norm(whitening, axis=0)
    before, after = (
        float(scale @ (np.median(image[:, *wide][:, mask], axis=1) - np.median(image[:, *wide][:, ring], axis=1)))
        for image in images
    )
    # A thing makes the larger contrast; where the larger one is a dark one, the ground changed.
    if max(before, after) < max(-before, -after) or max(before, after) <= 0:
        return Direction.CHANGED
    if after > _CLEARLY_BRIGHTER * max(before, 0):
        return Direction.APPEARED
    return Direction.DISAPPEARED if before > _CLEARLY_BRIGHTER * max(after, 0) else Direction.CHANGED


def _surround(patch: Patch, valid: Bools) -> tuple[tuple[slice, slice], Bools, Bools] | None:
    """Cut out a patch with its surround: window, patch and ring in it; None where the ring holds nothing valid."""
    rows, cols = patch.window
    reach = _RING_PX
    wide = (
        slice(max(0, rows.start - reach), min(valid.shape[0], rows.stop + reach)),
        slice(max(0, cols.start - reach), min(valid.shape[1], cols.stop + reach)),
    )
    mask = np.zeros(valid[wide].shape, bool)
    mask[
        rows.start - wide[0].start : rows.stop - wide[0].start, cols.start - wide[1].start : cols.stop - wide[1].start
    ] = patch.mask
    ring = ndimage.binary_dilation(mask, _EIGHT, iterations=_RING_PX)
    ring &= ~ndimage.binary_dilation(mask, _EIGHT, iterations=2) & valid[wide]
    return (wide, mask, ring) if ring.any() else None


def _step_at_the_rim(patch: Patch, image: Floats, whitening: NDArray[np.float64], valid: Bools) -> float:
    """Return the typical step from a patch's inside to the ground just beyond its rim, whitened; 0 without a rim.

    Each pixel of the rim is held against the inside pixel nearest to it, not against the middle of the surround: ground
    differs from place to place, and only an object ends where the patch ends.

    """
    wide = tuple(
        slice(max(0, s.start - _RING_PX), min(n, s.stop + _RING_PX))
        for s, n in zip(patch.window, valid.shape, strict=True)
    )
    mask = np.zeros(valid[wide].shape, bool)
    row, col = (s.start - w.start for s, w in zip(patch.window, wide, strict=True))
    mask[row : row + patch.mask.shape[0], col : col + patch.mask.shape[1]] = patch.mask
    core = ndimage.binary_erosion(mask, _EIGHT)
    if np.count_nonzero(core) < np.count_nonzero(mask) / 4:
        core = mask
    outside = ndimage.distance_transform_edt(~mask)
    rim = (outside >= _RIM_PX[0]) & (outside <= _RIM_PX[1]) & valid[wide]
    if not rim.any():
        return 0.0
    rows, cols = ndimage.distance_transform_edt(~core, return_distances=False, return_indices=True)
    part = np.tensordot(whitening, image[:, *wide], 1)
    part = np.stack([ndimage.gaussian_filter(component, 0.7) for component in part])
    step = part[:, rim] - part[:, rows[rim], cols[rim]]
    return float(np.median(np.linalg.norm(step, axis=0)))


def outline_of(patch: Patch, difference: Floats, grid: Grid, *, percentile: float = 50.0) -> Shape | None:
    """Draw the outline at half of the region's typical difference and measure it.

    Parameters
    ----------
    difference
        (row, col) in the patch's window, size of the difference in one unit all over, no tolerance, lightly smoothed.
    percentile
        Which of the differences inside is typical; a lower one where parts of a thing differ and the ground is even.

    Returns
    -------
    None if nothing is left at half height.

    """
    near = ndimage.binary_dilation(patch.mask, _EIGHT, iterations=2)
    field = np.where(near, difference, 0.0)
    level = half_height(patch, field, percentile)
    if level <= 0:
        return None
    return _outline(_without_spurs(field, level), level, patch, grid)


def half_height(patch: Patch, field: Floats, percentile: float = 50.0) -> float:
    """Half of the typical value of a patch, (row, col) of whose window is ``field``."""
    # The patch reaches far down the object's flanks; its typical value is that of its upper half.
    core = patch.mask & (field >= 0.5 * np.percentile(field[patch.mask], 80))
    return 0.5 * float(np.percentile(field[core], percentile))


def core_of(patch: Patch, difference: Floats) -> Bools:
    """Return what of a patch differs by half of its typical difference and more; (row, col) of its window.

    What began at a low level has grown far over ground that differs little. The whole patch where nothing differs.
    """
    field = difference[patch.window]
    level = half_height(patch, field)
    return patch.mask & (field >= level) if level > 0 else patch.mask


def outline_at(patch: Patch, difference: Floats, level: float, grid: Grid) -> Shape | None:
    """Draw the outline where the difference passes a given level, for images in which spurs are no shadows.

    Parameters
    ----------
    difference
        (row, col), size of the difference in the units of ``level``.

    Returns
    -------
    None if nothing reaches the level.

    """
    near = ndimage.binary_dilation(patch.mask, _EIGHT)
    field = np.where(near, difference[patch.window], 0.0)
    return _outline(field, level, patch, grid)


def _outline(field: Floats, level: float, patch: Patch, grid: Grid) -> Shape | None:
    """Outline a field over a patch's window at a level; None if nothing reaches it."""
    padded = np.pad(field, 1)
    rings = [c[:, ::-1] - 0.5 for c in find_contours(padded, level) if len(c) > 3]  # noqa: PLR2004
    # Contours of holes lie inside contours of objects; build_area takes them out again.
    shape = build_area(MultiLineString(rings))
    parts = [p for p in get_parts(shape) if isinstance(p, Polygon) and p.area >= 1]
    if not parts:
        return None
    row0, col0 = patch.window[0].start, patch.window[1].start
    pixels = MultiPolygon(parts) if len(parts) > 1 else parts[0]
    return _measure(affine_transform(pixels, [1, 0, 0, 1, col0, row0]), grid)


def swept(shape: Shape, along_px: tuple[float, float], grid: Grid) -> Shape:
    """Return what an outline passes over on its way along a vector, (rows, cols) in pixels."""
    t = ~grid.transform
    pixels = affine_transform(shape.outline, [t.a, t.b, t.d, t.e, t.c, t.f])
    steps = np.linspace(0.0, 1.0, max(2, int(np.ceil(2 * np.hypot(*along_px))) + 1))
    whole = union_all([translate(pixels, float(along_px[1] * f), float(along_px[0] * f)) for f in steps])
    assert isinstance(whole, Polygon | MultiPolygon)
    return _measure(whole, grid)


def grown(shape: Shape, patch: Patch, grid: Grid) -> Shape:
    """Return an outline with all of a patch added, drawn round its pixels."""
    t = ~grid.transform
    pixels = affine_transform(shape.outline, [t.a, t.b, t.d, t.e, t.c, t.f])
    around = _outline(ndimage.gaussian_filter(patch.mask.astype(np.float32), 0.7), 0.5, patch, grid)
    if around is None:
        return shape
    added = affine_transform(around.outline, [t.a, t.b, t.d, t.e, t.c, t.f])
    whole = union_all([pixels, added])
    assert isinstance(whole, Polygon | MultiPolygon)
    return _measure(whole, grid)


def _without_spurs(field: Floats, level: float) -> Floats:
    """Cut what is thinner than three pixels off an object that is not: rims of its own shadow, wakes."""
    high = field >= level
    opened = ndimage.binary_opening(high, _EIGHT)
    if np.count_nonzero(opened) < 0.6 * np.count_nonzero(high):
        return field
    return np.where(ndimage.binary_dilation(opened, _EIGHT), field, 0.0)


def _measure(pixels: Polygon | MultiPolygon, grid: Grid) -> Shape:
    """Measure in metres on the ground; the outline arrives in (col, row) pixel coordinates."""
    t = grid.transform
    outline: Polygon | MultiPolygon = affine_transform(pixels, [t.a, t.b, t.d, t.e, t.c, t.f])
    width_px_m, height_px_m = grid.pixel_size_m
    # Metres per map unit: 1 within the thousandths of a UTM zone's scale.
    unit_x, unit_y = width_px_m / grid.pixel_size[0], height_px_m / grid.pixel_size[1]
    sides = _rectangle_sides(outline) * [unit_x, unit_y]
    lengths = np.hypot(sides[:, 0], sides[:, 1])
    long_side = sides[int(np.argmax(lengths))]
    down = 1 if grid.crs is None else -1  # pixel rows run south
    azimuth = float(np.degrees(np.arctan2(long_side[0], -down * long_side[1]))) % 180
    return Shape(
        outline=outline,
        length_m=float(lengths.max()),
        width_m=float(lengths.min()),
        area_m2=float(outline.area * unit_x * unit_y),
        orientation_deg=azimuth,
    )
