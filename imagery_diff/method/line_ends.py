"""A line followed to its ends: a train goes on where its evidence fell below the level of the scene.

Cars alternate in colour, some match their ballast, and a shadow may fall across them; what was flagged is then a part
of the train. From either end of a line its track is followed in steps of two cars. In each the line is held against the
ground on both sides,

    a = mean of d over the line - mean of d beside it,    z^2 = a' C^-1 a,

with d the difference of the dates and C the covariance of a on parallel strips further aside, which hold what unchanged
ground (rails, ballast, other clutter) leaves. The line goes on where z passes a level and a points the same way as on
the line so far; it may turn as a track turns, and it ends where for longer than a gap nothing is found.

Assumption: one thing, standing on the same date all along. Broken by: two trains on one track closer than the gap; a
row of containers that continues a train.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from imagery_diff.method.calm import whitening
from imagery_diff.method.line import is_line
from imagery_diff.method.regions import grown
from imagery_diff.method.views import on_water

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from imagery_diff.method.describe import Described
    from imagery_diff.method.regions import Patch, Shape
    from imagery_diff.method.views import Views

    Floats = NDArray[np.float32]
    Doubles = NDArray[np.float64]
    Bools = NDArray[np.bool_]

_STEPS_PX = (4.0, 8.0, 16.0)
"""Lengths of a step, pixels; the shortest in which the line itself stands out. 4 px are two delivered edges."""
_PLAINLY = 6.0
"""Median z of the line's own steps from which a step is long enough."""
_BY_CHANCE = 0.05
"""A stretch without evidence is bridged if the line's own share of such steps makes it as likely as this."""
_ON_PX = (-0.75, 0.0, 0.75)
_BESIDE_PX = (3.0, 3.75, 4.5)
"""Places across on the line and on either side of it: a line one pixel wide is blurred over two and a half. It has to
stand out from both sides: beside what came or went on the next track, bare track stands out from one."""
_STRIPS_PX = (-16.0, -13.0, -10.0, 10.0, 13.0, 16.0)
"""Where unchanged ground is asked, pixels aside: clear of the line's own sides."""
_STANDS_OUT = 4.0
"""z of a step that belongs to the line: with four bands one step of unchanged ground in three hundred reaches it."""
_ALIKE = 0.3
"""Least cosine (in spreads of the ground) between a step and the line so far: cars differ, but they cover one bed."""
_TURNS = (-0.12, -0.06, 0.0, 0.06, 0.12)
"""Radians by which a step may turn; half of it is kept as the new heading. At 3 m and 8 px a curve of 200 m, the
sharpest that freight cars are let through."""
_LEAST_STEPS = 12
_FLANK_PX = 2.0
_INNER_PX = 12
_NEAR_END_PX = 5
"""A car, pixels at 3 m: what is inside of an end."""
_ON_IT = 0.5
"""Share of a patch on a line from which it is a piece of that: most of it."""
_ROOM_PX = 6
_NOT_NOTHING = 0.25
"""Share of a line's contrast below which, over three pixels, it has ended: halfway between nothing and the half at
which ends are drawn. Two trains 15 m apart leave a fiftieth at 3 m."""
_MARGIN_PX = 4
_IN_LINE_M = 2.5
"""How far aside of a line its continuation may lie, metres: half of what the nearest tracks lie apart."""


def followed(patch: Patch, change: Floats, seen: Bools, *, gap_px: float) -> Patch:
    """Return a line with what continues it beyond its ends.

    Parameters
    ----------
    patch
        As long and thin as a train.
    change
        (band, row, col), difference of the dates.
    seen
        (row, col), True where it is known.
    gap_px
        Longest stretch without evidence, pixels.

    """
    points = _places(patch)
    middle, way = points.mean(axis=0), _way(points)
    reach = (points - middle) @ way
    ends = float(reach.min()), float(reach.max())
    track = _Track.of(change, seen, (middle, way), ends)
    if track is None:
        return patch
    gap = min(track.longest_gap, math.floor(gap_px / track.step_px))
    added: list[NDArray[np.int_]] = []
    for sign, end in ((1.0, ends[1]), (-1.0, ends[0])):
        begin = middle + (end - sign * _FLANK_PX) * way  # the flank of the line is none of its colour
        added += track.follow(begin, sign * way, gap)
    return _with_points(patch, np.array(added), seen.shape) if added else patch


@dataclass(frozen=True, kw_only=True, eq=False)
class _Track:
    """What a line stands out from, and how plainly it does."""

    change: Floats
    seen: Bools
    step_px: float
    whitening: Doubles
    """(component, band)"""
    like: Doubles
    """(component,), how the line differs, in spreads of a step of unchanged ground."""
    longest_gap: int
    """Steps that may be without evidence."""

    @classmethod
    def of(cls, change: Floats, seen: Bools, axis: tuple[Doubles, Doubles], ends: tuple[float, float]) -> _Track | None:
        """Ask the line itself, with steps as short as it plainly stands out in; None where that cannot be known."""
        for step in _STEPS_PX:
            body = _steps(change, seen, axis, ends, (0.0,), step)
            bare = _steps(change, seen, axis, ends, _STRIPS_PX, step)
            if len(bare) < _LEAST_STEPS or len(body) == 0:
                return None
            white = whitening(bare.reshape(-1, bare.shape[-1]))
            like = np.median(body.reshape(-1, body.shape[-1]) @ white.T, axis=0)
            like = like / max(float(np.linalg.norm(like)), 1e-12)
            alike = np.min(body @ white.T @ like, axis=1)
            if float(np.median(alike)) < _PLAINLY and step != _STEPS_PX[-1]:
                continue
            missing = min(float(np.mean(alike < _STANDS_OUT)), 0.99)
            gap = math.floor(math.log(_BY_CHANCE) / math.log(missing)) if missing > 0 else 1
            return cls(change=change, seen=seen, step_px=step, whitening=white, like=like, longest_gap=max(gap, 1))
        return None

    def follow(self, at: Doubles, way: Doubles, gap: int) -> list[NDArray[np.int_]]:
        """Go on from an end until more than ``gap`` steps show nothing; the pixels up to the last that did."""
        kept: list[Doubles] = [_along(at, way, -_INNER_PX, 0.0)]
        waiting: list[Doubles] = []
        while len(waiting) <= gap:
            tried = [found for turn in _TURNS if (found := self._step(at, way, turn)) is not None]
            if not tried:
                break
            alike, cosine, heading, line = max(tried, key=lambda one: one[0])
            stands = alike >= _STANDS_OUT and cosine >= _ALIKE
            way = (way + heading) / np.linalg.norm(way + heading) if stands else way
            at = at + way * self.step_px
            waiting.append(line)
            if stands:
                kept, waiting = kept + waiting, []
        return self._ended(np.concatenate(kept, axis=1)) if len(kept) > 1 else []

    def goes_on(self, start: Doubles, end: Doubles) -> bool:
        """Whether between two places on a line it nowhere falls to nothing for longer than its blur."""
        far = float(np.linalg.norm(end - start))
        heading = (end - start) / far
        line = _along(start, heading, 0.0, far)
        if not _inside(line, self.seen):
            return False
        profile = self._profile(line, heading)
        ends = np.r_[profile[:_NEAR_END_PX], profile[-_NEAR_END_PX:]]
        smooth = ndimage.uniform_filter1d(profile, 3)
        return bool(smooth.min() >= _NOT_NOTHING * np.median(ends))

    def _profile(self, line: Doubles, heading: Doubles) -> Doubles:
        """(pixel,), how much each of (2, pixel) places stands out as the line does."""
        white = [_amplitude(self.change, line[:, k : k + 1], heading) @ self.whitening.T for k in range(line.shape[1])]
        return np.asarray(np.mean(white, axis=1) @ self.like)

    def _ended(self, line: Doubles) -> list[NDArray[np.int_]]:
        """Cut (2, n) places, a pixel apart, where what stands out falls to half of what it is inside: the end."""
        heading = line[:, -1] - line[:, -_INNER_PX]
        heading = heading / max(float(np.linalg.norm(heading)), 1e-12)
        profile = self._profile(line, heading)
        typical = float(np.median(profile))
        for end in range(line.shape[1], _INNER_PX, -1):
            inside = float(np.max(profile[end - _NEAR_END_PX : end]))
            if profile[end - 1] >= 0.5 * min(inside, typical):
                return list(np.round(line[:, :end].T).astype(int))
        return []

    def _step(self, at: Doubles, way: Doubles, turn: float) -> tuple[float, float, Doubles, Doubles] | None:
        """How far a step stands out as the line does, its cosine with the line, its heading and pixels; None unseen."""
        heading = math.cos(turn) * way + math.sin(turn) * np.array([-way[1], way[0]])
        line = _along(at, heading, 0.0, self.step_px)
        if not _inside(line, self.seen):
            return None
        white = _amplitude(self.change, line, heading) @ self.whitening.T
        along = white @ self.like
        cosine = along / np.maximum(np.linalg.norm(white, axis=1), 1e-12)
        return float(along.min()), float(cosine.min()), heading, line


def _along(start: Doubles, way: Doubles, first: float, last: float) -> Doubles:
    """(2, n), places a pixel apart."""
    return np.asarray(start[:, None] + way[:, None] * np.arange(first, last + 0.5))


def _inside(line: Doubles, seen: Bools) -> bool:
    """Whether a step, with its sides, lies on ground that was seen."""
    rows, cols = np.round(line).astype(int)
    room = _ROOM_PX + 1
    if rows.min() < room or cols.min() < room or rows.max() >= seen.shape[0] - room:
        return False
    return bool(cols.max() < seen.shape[1] - room and np.mean(seen[rows, cols]) > 0.8)  # noqa: PLR2004


def _amplitude(change: Floats, line: Doubles, way: Doubles) -> Doubles:
    """(side, band): how much more a step differs than the ground beside it; it lies inside the grid with its sides."""
    aside = np.array([-way[1], way[0]])
    low, high = np.floor(line.min(axis=1)).astype(int) - _ROOM_PX, np.ceil(line.max(axis=1)).astype(int) + _ROOM_PX
    cut = change[:, low[0] : high[0] + 1, low[1] : high[1] + 1]

    def mean_at(offsets: Sequence[float]) -> Doubles:
        at = np.concatenate([line + off * aside[:, None] - low[:, None] for off in offsets], axis=1)
        return np.array([ndimage.map_coordinates(band, at, order=1).mean() for band in cut], float)

    on = mean_at(_ON_PX)
    return np.stack([on - mean_at([sign * off for off in _BESIDE_PX]) for sign in (-1.0, 1.0)])


def _steps(
    change: Floats,
    seen: Bools,
    axis: tuple[Doubles, Doubles],
    ends: tuple[float, float],
    strips: tuple[float, ...],
    step: float,
) -> Doubles:
    """(step, side, band), of strips beside the line and along all of it that was seen."""
    middle, way = axis
    aside = np.array([-way[1], way[0]])
    lines = [
        _along(middle + off * aside, way, first, first + step)
        for off in strips
        for first in np.arange(ends[0] + _FLANK_PX, ends[1] - _FLANK_PX - step + 0.5, step)
    ]
    found = [_amplitude(change, line, way) for line in lines if _inside(line, seen)]
    return np.array(found).reshape(len(found), 2, change.shape[0])


def _with_points(patch: Patch, added: NDArray[np.int_], shape: tuple[int, ...]) -> Patch:
    """Return the patch with these places, as broad as a line, added."""
    low = np.maximum(np.minimum(added.min(axis=0), [s.start for s in patch.window]) - _MARGIN_PX, 0)
    high = np.minimum(np.maximum(added.max(axis=0) + 1, [s.stop for s in patch.window]) + _MARGIN_PX, shape)
    line = np.zeros(tuple(high - low), bool)
    line[tuple((added - low).T)] = True
    mask = ndimage.binary_dilation(line, np.ones((3, 3), bool))
    own = tuple(slice(s.start - o, s.stop - o) for s, o in zip(patch.window, low, strict=True))
    mask[own] |= patch.mask
    return replace(patch, window=(slice(low[0], high[0]), slice(low[1], high[1])), mask=mask)


def to_their_ends(told: list[Described], views: Views, *, gap_px: float) -> list[Described]:
    """Follow what is as long and thin as a train to its ends, and let what turns out to be one be one.

    Parameters
    ----------
    told
        What is told, in order.
    views
        The pair.
    gap_px
        Longest stretch without evidence, pixels.

    """
    if views.radar is not None:
        return told
    found = told
    if any(_is_train_like(d, views) for d in told):
        change = views.brightness[1] - views.brightness[0]
        found = [_to_its_ends(d, change, views, gap_px) if _is_train_like(d, views) else d for d in told]
        found = _joined(found, change, views, gap_px)
    whole: list[Described] = []
    for described in sorted(found, key=lambda one: -one.shape.length_m):
        lines = [d.shape for d in whole if d.direction == described.direction and is_line(d.shape, views.grid)]
        if not any(_share_on(described.shape, line, views.grid.pixel_size[0]) > _ON_IT for line in lines):
            whole.append(described)
    kept = {id(described) for described in whole}
    return [described for described in found if id(described) in kept]


def _joined(told: list[Described], change: Floats, views: Views, gap_px: float) -> list[Described]:
    """Let pieces be one that lie in one line, came or went together, and are no further apart than a gap.

    Followed from either side pieces may meet; and what could not be followed may go on beyond. The whole stands where
    its longest piece stood.
    """
    left: list[Described | None] = [*told]
    aside_px = _IN_LINE_M / views.grid.pixel_size_m[0]

    def follows(one: Described, other: Described) -> bool:
        return goes_on_in(one, other, change, views.seen, gap_px=gap_px, aside_px=aside_px)

    lines = sorted((k for k, d in enumerate(told) if _is_train_like(d, views)), key=lambda k: -told[k].shape.length_m)
    for k in lines:
        others = [j for j in lines if j != k]
        while (one := left[k]) is not None:
            near = next((j for j in others if (d := left[j]) and follows(one, d)), None)
            if near is None:
                break
            other, left[near] = left[near], None
            assert other is not None
            left[k] = _as_one(one, other, views)
    return [d for d in left if d is not None]


def goes_on_in(
    one: Described, other: Described, change: Floats, seen: Bools, *, gap_px: float, aside_px: float
) -> bool:
    """Whether a line goes on in another beyond one of its ends, and does not end in between.

    Followed along each other for some cars they are one.
    """
    if one.patch is None or other.patch is None or one.direction != other.direction:
        return False
    points, more = _places(one.patch), _places(other.patch)
    middle = points.mean(axis=0)
    way = _way(points)
    along, beyond = (points - middle) @ way, (more - middle) @ way
    if beyond.mean() < along.mean():
        along, beyond, way = -along, -beyond, -way
    near = beyond <= beyond.min() + _INNER_PX
    aside = float(np.median((more[near] - middle) @ np.array([-way[1], way[0]])))
    gap = beyond.min() - along.max()
    if beyond.max() <= along.max() or gap > gap_px or abs(aside) > aside_px:
        return False
    if abs(float(_way(more) @ way)) < math.cos(_TURNS[-1]):
        return False
    if gap <= -_INNER_PX:
        return True
    ends = (float(along.min()), float(along.max()))
    track = _Track.of(change, seen, (middle, way), ends)
    if track is None:
        return False
    # From well inside of the one to well inside of the other, along the straight line between their ends.
    first, last = ends[1] - _INNER_PX, float(beyond.min()) + _INNER_PX
    start = middle + first * way
    end = middle + last * way + aside * np.array([-way[1], way[0]])
    return track.goes_on(start, end)


def _way(points: Doubles) -> Doubles:
    """Return the unit vector along (pixel, 2) places."""
    return np.asarray(np.linalg.eigh(np.cov((points - points.mean(axis=0)).T))[1][:, 1])


def _places(patch: Patch) -> Doubles:
    """(pixel, 2), row and column in the grid."""
    return np.asarray(np.argwhere(patch.mask) + np.array([s.start for s in patch.window], float))


def _as_one(one: Described, other: Described, views: Views) -> Described:
    """Return the first with the second, and what lies between their ends, added."""
    assert one.patch is not None
    assert other.patch is not None
    mine, more = _places(one.patch), _places(other.patch)
    way = more.mean(axis=0) - mine.mean(axis=0)
    first, last = mine[np.argmax(mine @ way)], more[np.argmin(more @ way)]
    between = np.linspace(first, last, 1 + math.ceil(float(np.abs(last - first).max())))
    places = np.round(np.concatenate([more, between])).astype(int)
    whole = _with_points(one.patch, places, views.surface.shape)
    shape = grown(one.shape, whole, views.grid)
    return replace(one, shape=shape, judged=shape, patch=replace(whole, strength=max(one.strength, other.strength)))


def _is_train_like(described: Described, views: Views) -> bool:
    patch = described.patch
    return patch is not None and not patch.area and is_line(described.judged, views.grid) and not on_water(patch, views)


def _to_its_ends(described: Described, change: Floats, views: Views, gap_px: float) -> Described:
    """Follow one line."""
    patch = described.patch
    assert patch is not None
    longer = followed(patch, change, views.seen, gap_px=gap_px)
    if longer is patch:
        return described
    shape = grown(described.shape, longer, views.grid)
    return replace(described, shape=shape, judged=shape, patch=longer)


def _share_on(one: Shape, line: Shape, pixel_m: float) -> float:
    """Share of an outline that lies on a line, a pixel and a half to either side."""
    return float(one.outline.intersection(line.outline.buffer(1.5 * pixel_m)).area / one.outline.area)
