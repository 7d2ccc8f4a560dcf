"""Where the outlines of an AOI lie in a pair: one offset, from the edge of the water along the quays it draws.

Two steps. First every offset within reach is tried: with T = +1 on drawn water and -1 on drawn land within some thirty
metres of a drawn quay, and L = +1 where either date shows water and -1 where none does,

    S(d) = sum_x T(x) L(x + d) / sum_x |T(x)| seen(x + d),

by FFT. For one straight edge off by e that is a tent over |d - e| which is nought beyond those thirty metres: the sum
over edges has its top at their median, and an edge that is far off (a hull alongside) pulls no more than any other. A
hull that lay there on one date only is water on the other.

Then the edges are measured. Along the normal of each stretch of quay, on each date, the share of water (a straight line
between land and water in Fisher's discriminant of that image, 1936, 10.1111/j.1469-1809.1936.tb02137.x) is averaged
over the stretch; where it crosses half of its way lies the edge, e_i from the drawn one. With n_i the normal, l_i the
length and w_i Tukey's weight of what is left over (Beaton and Tukey 1974, 10.1080/00401706.1974.10489171), the offset
is

    d = (sum w_i l_i n_i n_i')^-1 sum w_i l_i n_i e_i,

least squares of distances along normals, since a straight edge tells nothing of a shift along itself (Chen and Medioni
1992, 10.1016/0262-8856(92)90066-C). Where all quays run one way their direction stays open, and nothing moves along it.

Assumption: the quays are drawn off alike, and more than half of their length lies free on one of the dates. Broken by:
ships along most of the quays that face one way on both dates (their beam is taken for the offset), quays whose edge is
in the shade or as dark as water, beaches and mud that fall dry, outlines each drawn off in its own way (the residual
says so).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import fft, ndimage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]
    Vector = NDArray[np.float64]

_STEP_PX = 0.5
"""Steps along a normal; the edge of a delivered image rises over 2.5 pixels."""
_FLAT_PX = (1.0, 3.0)
"""Between so many pixels from the edge, on each side, the levels of land and water are taken."""
_LEAST_RISE = 0.4
"""Share of the way from land to water that an edge must climb: less is land of two kinds, or a dark quay."""
_TUKEY = 4.685
"""Efficiency of 95 % on normal errors (Beaton and Tukey)."""
_LEAST_SPREAD_PX = 0.5
"""What outlines and edges leave over at best, pixels: how finely a shore is sampled and drawn."""
_AGREES_PX = 2.0
"""A stretch agrees with the offset if its edge lies within so many pixels of it on one of the dates."""
_LEAST_AGREEING = 0.6
"""Share of the quays in sight that tell of a direction and must agree on it: more than half, or the rest could have it
otherwise. On design scenes all but one of 120 right outlines reach 0.6; of as many that belong elsewhere (150 m off, or
turned by 40 to 140 degrees) none does."""
_LEAST_SCORE = 0.25
"""S from which on an offset is looked at: a tent whose edges agree to a quarter; clouds over most of the quays leave so
little on right outlines. What decides is the agreement of the edges."""
_LEAST_SEEN = 0.25
"""Share of the drawn quays that an offset must leave in sight to be tried."""
_LEAST_STRETCHES = 4
"""Stretches with an edge below which nothing is solved for: twice the unknowns."""
_NO_EDGE = "too little of the drawn quays shows an edge of water"
_ONE_WAY = 0.003
"""Share of the quays' length, each by the square of its normal along a direction, below which that stays open: they all
run that way within three degrees."""
_DATES_PX = 2.0
"""Both dates, each by itself, may differ by so much, or by three times their error."""
_SURE_TWO, _SURE_ONE = 4.61, 2.71
"""Square of the offset over its error from which it is one: chi square, 90 %, two directions or one."""
_SAMPLE_PX = 20_000
_ITERATIONS = 6
_SMALL = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class Look:
    """One date as the fit sees it."""

    image: Floats
    """(band, row, col)."""
    seen: Bools
    """(row, col)."""
    wet: Bools
    """True where it shows water: (row, col) of every ``step``-th pixel of every ``step``-th row."""
    step: int = 1
    """The search and the colours of water and land need no more than these; edges are measured on all pixels."""

    @property
    def thin_seen(self) -> Bools:
        """What was seen of every ``step``-th pixel."""
        return self.seen[:: self.step, :: self.step]

    @property
    def thin_image(self) -> Floats:
        """Every ``step``-th pixel."""
        return self.image[:, :: self.step, :: self.step]


@dataclass(frozen=True, kw_only=True, eq=False)
class Edge:
    """A stretch of drawn quay, in pixels of the grid."""

    points: Vector
    """(point, 2), row and column; (0, 0) is the middle of the first pixel."""
    normal: tuple[float, float]
    """(rows, cols), of length one, from land to water."""
    length: float
    spread: float
    """Standard deviation of where the drawing puts the quay, from the gap between drawn water and drawn land."""
    side: int
    """Edges of one straight side of one outline share it, and with it the draughtsman's error."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawn:
    """What an AOI draws of quays."""

    wet: Bools
    """True where it draws water, of every so many-th pixel as in :class:`Look`."""
    dry: Bools
    """The same where it draws land."""
    edges: tuple[Edge, ...]
    band_px: float
    """Width of the water, and of the land, beside a quay that is looked at."""
    reach_px: float
    """Largest offset looked for."""
    open_px: float
    """Standard error from which on a direction is left open."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Offset:
    """By how much outlines lie off, in pixels of the grid."""

    rows: float = 0.0
    """The outlines must move by so much, down."""
    cols: float = 0.0
    """And to the right."""
    covariance: Vector | None = None
    """(2, 2), of rows and columns; None where nothing was measured."""
    residual: float | None = None
    """Root mean square of what the stretches that agree leave over along their normals."""
    agreeing: float = 0.0
    """Share of the quays in sight that agree with the offset, of those that tell of the direction in which fewer do."""
    stretches: int = 0
    """Stretches of quay in sight."""
    open_along: tuple[float, float] | None = None
    """(rows, cols) of the direction in which nothing could be measured, and which is not moved along."""
    reason: str | None = None
    """Why nothing could be measured; None where it was."""
    dates_apart: float | None = None
    """How far apart the dates put the quays, where that is the reason."""

    @property
    def measured(self) -> bool:
        """Whether there is an offset."""
        return self.reason is None

    @property
    def sure(self) -> bool:
        """Whether it is more than its own uncertainty: below, outlines are better left alone."""
        if not self.measured or self.covariance is None:
            return False
        d = np.array([self.rows, self.cols])
        limit = _SURE_TWO if self.open_along is None else _SURE_ONE
        return float(d @ np.linalg.pinv(self.covariance, rcond=1e-6) @ d) > limit

    @property
    def error(self) -> float | None:
        """Standard error, both directions together; of the one that was measured where the other is open."""
        return None if self.covariance is None else float(np.sqrt(np.trace(self.covariance)))


def estimate_offset(drawn: Drawn, looks: Sequence[Look]) -> Offset:
    """Measure by how much the drawn quays lie off those of one or two images of one grid; their order says nothing."""
    step = looks[0].step
    template = _template(drawn, step)
    start, score = _search(template, looks, drawn.reach_px / step)
    if score < _LEAST_SCORE and len(looks) > 1:
        # One date may show no water that can be told, or all of it as water.
        each = [(*_search(template, [look], drawn.reach_px / step), look) for look in looks]
        start, score, best = max(each, key=lambda found: found[1])
        looks = [best]
    if start is None:
        return Offset(reason="too little of the drawn quays was seen")
    if score < _LEAST_SCORE:
        return Offset(reason="no edge of water runs like the drawn quays within reach")
    near = _near(template, start, drawn.band_px / step)
    shares = [share for share in (_share(look, near) for look in looks) if share is not None]
    start = start * step
    if not shares:
        return Offset(reason="water or land beside the drawn quays was not seen")
    return _refined(shares, drawn, start)


# --- search ----------------------------------------------------------------------------------------------------------


def _template(drawn: Drawn, step: int) -> Floats:
    """Return +1 on drawn water beside drawn land, -1 on drawn land beside drawn water, 0 elsewhere; (row, col)."""
    by_land = ndimage.distance_transform_edt(~drawn.dry) <= drawn.band_px / step
    by_water = ndimage.distance_transform_edt(~drawn.wet) <= drawn.band_px / step
    return np.where(drawn.wet & by_land, 1.0, np.where(drawn.dry & by_water, -1.0, 0.0)).astype(np.float32)


def _search(template: Floats, looks: Sequence[Look], reach: float) -> tuple[Vector | None, float]:
    """Return the whole offset (rows, cols) at which the template agrees best with the water, and S there."""
    most = int(np.ceil(reach))
    seen = np.logical_or.reduce([look.thin_seen for look in looks])
    wet = np.logical_or.reduce([look.wet & look.thin_seen for look in looks])
    hit = _correlated(template, np.where(seen, np.where(wet, 1.0, -1.0), 0.0), most)
    weight = _correlated(np.abs(template), seen.astype(np.float32), most)
    enough = weight >= max(_LEAST_SEEN * float(np.abs(template).sum()), 1.0)
    rows, cols = np.indices(hit.shape) - most
    enough &= np.hypot(rows, cols) <= reach
    if not enough.any():
        return None, 0.0
    score = np.where(enough, hit / np.maximum(weight, 1.0), -np.inf)
    # Of equal tops the one nearest to where the outlines are drawn.
    at = np.lexsort(((rows**2 + cols**2).ravel(), -np.round(score.ravel(), 5)))[0]
    return np.array([rows.ravel()[at], cols.ravel()[at]], float), float(score.ravel()[at])


def _correlated(one: Floats, other: Floats, most: int) -> Vector:
    """Return sum one(x) other(x + d) for all whole d up to ``most`` each way; (2 most + 1, 2 most + 1)."""
    shape = [fft.next_fast_len(n + most, real=True) for n in one.shape]
    product = np.conj(fft.rfft2(one, shape)) * fft.rfft2(other, shape)
    full = np.roll(fft.irfft2(product, shape), (most, most), axis=(0, 1))
    return np.asarray(full[: 2 * most + 1, : 2 * most + 1], np.float64)


def _near(template: Floats, start: Vector, band: float) -> Bools:
    """Say what lies beside the drawn quays where they were found; (row, col)."""
    there = ndimage.shift(np.abs(template), start, order=0) > 0
    return np.asarray(ndimage.distance_transform_edt(~there) <= band, bool) if there.any() else there


# --- edges -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, eq=False)
class _Share:
    """The share of water in each pixel of one date: 0 on land as beside the quays, 1 on water as there."""

    look: Look
    hidden: NDArray[np.uint8]
    """(row, col), 255 where it was not seen."""
    axis: Vector
    """(band,), and the share is 1 - axis . (colour - water)."""
    water: Vector

    def at(self, places: Vector) -> Vector:
        """Return the share at (2, …) rows and columns; NaN where they were not seen."""
        colours = [
            ndimage.map_coordinates(band, places, order=1, mode="constant", cval=np.nan) for band in self.look.image
        ]
        share = 1.0 - sum(a * (c - w) for a, c, w in zip(self.axis, colours, self.water, strict=True))
        hidden = ndimage.map_coordinates(self.hidden, places, order=1, mode="constant", cval=1)
        return np.where(hidden > 0, np.nan, share)


def _share(look: Look, near: Bools) -> _Share | None:
    """Tell water from land by their colours beside the quays; None where one of them was not seen."""
    water, land = (
        _sample(look.thin_image, ndimage.binary_erosion(kind, iterations=2) & near & look.thin_seen)
        for kind in (look.wet, ~look.wet)
    )
    if min(water.shape[1], land.shape[1]) <= 2 * len(look.image):
        return None
    centre = np.median(water, axis=1)
    away = np.median(land, axis=1) - centre
    spread = np.atleast_2d(np.cov(water) + np.cov(land))
    spread = spread + (1e-6 * np.trace(spread) + _SMALL) * np.eye(len(centre))
    axis = np.linalg.solve(spread, away)
    full = float(axis @ away)
    if not full > 0:
        return None
    hidden = np.where(look.seen, np.uint8(0), np.uint8(255))
    return _Share(look=look, hidden=hidden, axis=axis / full, water=centre)


def _sample(image: Floats, where: Bools) -> Vector:
    """Return an even sample of some pixels; (band, pixel)."""
    places = np.flatnonzero(where)
    places = places[:: max(1, len(places) // _SAMPLE_PX)]
    rows, cols = np.unravel_index(places, where.shape)
    return image[:, rows, cols].astype(np.float64)


def _edges_at(share: _Share, edges: Sequence[Edge], at: Vector, reach: float) -> tuple[Bools, Vector]:
    """Measure where the water begins along all stretches, moved by ``at``.

    Returns
    -------
    seen, off
        (edge,), whether a stretch was seen, and how far along its normal the water begins; NaN where there is no edge.

    """
    offs = np.arange(-reach, reach + _STEP_PX / 2, _STEP_PX)
    points = np.concatenate([edge.points for edge in edges]) + at
    sizes = np.array([len(edge.points) for edge in edges])
    normals = np.repeat([edge.normal for edge in edges], sizes, axis=0)
    values = share.at((points[:, None] + offs[None, :, None] * normals[:, None]).transpose(2, 0, 1))
    good = np.isfinite(values)
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    count = np.add.reduceat(good, first, axis=0, dtype=float)
    total = np.add.reduceat(np.where(good, np.clip(values, -1.0, 2.0), 0.0), first, axis=0)
    # Of what is seen through a gap in the clouds half must be there, at every distance.
    seen: Bools = np.logical_and.reduce(count >= 0.5 * sizes[:, None], axis=1)
    off = [_crossing(offs, t / c) if there else np.nan for t, c, there in zip(total, count, seen, strict=True)]
    return seen, np.array(off, np.float64)


def _crossing(offs: Vector, profile: Vector) -> float:
    """Return where a profile rises through half of its way from land to water, nearest to nought; NaN = it does not."""
    place = _nearest_rise(profile, 0.5, len(profile) / 2)
    if place is None:
        return np.nan
    near, far = (round(px / _STEP_PX) for px in _FLAT_PX)
    land, water = profile[max(0, place - far) : max(0, place - near) + 1], profile[place + near + 1 : place + far + 2]
    low, high = float(np.median(land)), float(np.median(water)) if len(water) else 0.0
    if high - low < _LEAST_RISE:
        return np.nan
    half = (low + high) / 2
    place = _nearest_rise(profile, half, place)
    if place is None:
        return np.nan
    return float(offs[place] + _STEP_PX * (half - profile[place]) / (profile[place + 1] - profile[place]))


def _nearest_rise(profile: Vector, level: float, to: float) -> int | None:
    places = np.flatnonzero((profile[:-1] < level) & (profile[1:] >= level))
    return int(places[np.argmin(np.abs(places - to))]) if len(places) else None


# --- offset ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, eq=False)
class _Table:
    """What is known of the edges, a row each."""

    normals: Vector
    """(edge, 2)"""
    lengths: Vector
    spreads: Vector
    sides: NDArray[np.int_]

    @classmethod
    def of(cls, edges: Sequence[Edge]) -> _Table:
        """Gather the edges."""
        return cls(
            normals=np.array([e.normal for e in edges]),
            lengths=np.array([e.length for e in edges]),
            spreads=np.array([e.spread for e in edges]),
            sides=np.array([e.side for e in edges]),
        )

    def at(self, rows: NDArray[np.intp]) -> _Table:
        """Return some rows, each as often as it is named."""
        return _Table(
            normals=self.normals[rows], lengths=self.lengths[rows], spreads=self.spreads[rows], sides=self.sides[rows]
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Solved:
    """One round of weighted least squares."""

    step: Vector
    """(2,)"""
    covariance: Vector
    """(2, 2)"""
    residual: float


@dataclass(frozen=True, kw_only=True, eq=False)
class _Settled:
    """What the last round found."""

    offset: Vector
    solved: _Solved
    rest: Vector
    """(date, edge), what is left over along the normal; NaN where there was no edge."""
    seen: Bools
    """(date, edge)"""

    @property
    def stretches(self) -> int:
        """Stretches that were seen on one of the dates."""
        return int(np.count_nonzero(self.seen.any(axis=0)))

    def agreeing(self, table: _Table, ways: Vector) -> Vector:
        """Return, for some directions, which share of the quays in sight that tell of it agree; (direction,)."""
        in_sight = self.seen.any(axis=0)
        near = (np.abs(self.rest) <= np.maximum(_AGREES_PX, 2.0 * table.spreads)).any(axis=0)
        tells = table.lengths * (ways @ table.normals.T) ** 2
        return np.asarray(tells[:, near & in_sight].sum(axis=1) / np.maximum(tells[:, in_sight].sum(axis=1), _SMALL))

    def dates_apart(self, table: _Table, ways: Vector) -> tuple[float, float]:
        """Return how far the dates, each by itself, would move on from here, apart from each other, and its error."""
        alone = [self.rest[[k]] for k in range(len(self.rest))]
        told = [_solve(table, rest, ways) for rest in alone if np.isfinite(rest).sum() >= _LEAST_STRETCHES]
        if len(told) <= 1:
            return 0.0, 0.0
        one, other = told
        error = float(np.sqrt(np.trace(one.covariance) + np.trace(other.covariance)))
        return float(np.hypot(*(one.step - other.step))), error


def _refined(shares: Sequence[_Share], drawn: Drawn, start: Vector) -> Offset:
    """Measure the edges of all dates and solve for the offset; a direction of which too few quays tell is left open."""
    table = _Table.of(drawn.edges)
    settled = _settled(shares, drawn, start, np.eye(2))
    if settled is None:
        return Offset(reason=_NO_EDGE)
    ways = _ways(table)
    told = _told(settled, table, ways, drawn.open_px)
    if not told.any():
        most = float(settled.agreeing(table, ways).max())
        return Offset(
            reason=f"only {most:.0%} of the drawn quays in sight agree on one offset", stretches=settled.stretches
        )
    if not told.all():
        ways = ways[told]
        settled = _settled(shares, drawn, ways.T @ (ways @ settled.offset), ways)
        if settled is None or not _told(settled, table, ways, drawn.open_px).all():
            return Offset(reason="too few of the drawn quays agree on one offset")
    apart, error = settled.dates_apart(table, ways)
    if apart > max(_DATES_PX, 3.0 * error):
        why = "the two dates do not agree on where the quays lie"
        return Offset(reason=why, dates_apart=apart, stretches=settled.stretches)
    if np.hypot(*settled.offset) > drawn.reach_px:
        return Offset(reason="the edge of the water lies beyond reach", stretches=settled.stretches)
    way = ways[0]
    return Offset(
        rows=float(settled.offset[0]),
        cols=float(settled.offset[1]),
        covariance=settled.solved.covariance,
        residual=settled.solved.residual,
        agreeing=float(settled.agreeing(table, ways).min()),
        stretches=settled.stretches,
        open_along=None if len(ways) > 1 else (float(-way[1]), float(way[0])),
    )


def _ways(table: _Table) -> Vector:
    """Return the two directions of which the drawn quays tell most and least; (2, 2), one a row."""
    weight = table.lengths / (_LEAST_SPREAD_PX**2 + table.spreads**2)
    return np.asarray(np.linalg.eigh((table.normals * weight[:, None]).T @ table.normals)[1].T[::-1])


_ROUNDING = 1e-9
"""Share of both variances together below which one is none."""


def _told(settled: _Settled, table: _Table, ways: Vector, open_px: float) -> Bools:
    """Say of which directions enough is told: most quays that could tell agree, and it is known well enough."""
    tells = table.lengths @ (table.normals @ ways.T) ** 2
    covariance = settled.solved.covariance
    variance = np.einsum("ki,ij,kj->k", ways, covariance, ways)
    # Of a way that no quay tells of the pseudo-inverse leaves nought, give or take its rounding.
    measured = variance > _ROUNDING * np.trace(covariance)
    known = (tells > _ONE_WAY * table.lengths.sum()) & measured & (variance <= open_px**2)
    return np.asarray(known & (settled.agreeing(table, ways) >= _LEAST_AGREEING))


def _settled(shares: Sequence[_Share], drawn: Drawn, start: Vector, ways: Vector) -> _Settled | None:
    """Measure the edges, move along some directions to where most of them are, and again from there."""
    offset, table = start, _Table.of(drawn.edges)
    for _ in range(_ITERATIONS):
        measured = [_edges_at(share, drawn.edges, offset, drawn.band_px) for share in shares]
        seen, off = (np.array([m[k] for m in measured]) for k in (0, 1))
        if np.count_nonzero(np.isfinite(off).any(axis=0)) < _LEAST_STRETCHES:
            return None
        solved = _solve(table, off, ways)
        offset = offset + solved.step
        if np.abs(solved.step).max() < 0.02:  # noqa: PLR2004 - pixels
            break
    return _Settled(offset=offset, solved=solved, rest=off - table.normals @ solved.step, seen=seen)


def _solve(table: _Table, off: Vector, ways: Vector) -> _Solved:
    """Solve for the offset that most stretches share; ``off`` is (date, stretch), NaN where there is no edge."""
    date, stretch = np.nonzero(np.isfinite(off))
    of, left = table.at(stretch), off[date, stretch]
    n, step, weight = of.normals @ ways.T, np.zeros(len(ways)), np.ones(len(left))
    for _ in range(20):
        rest = left - n @ step
        scale = np.hypot(max(_LEAST_SPREAD_PX, 1.4826 * float(np.median(np.abs(rest)))), of.spreads)
        weight = of.lengths / scale**2 * np.clip(1 - (rest / (_TUKEY * scale)) ** 2, 0, None) ** 2
        before, step = step, _inverse((n * weight[:, None]).T @ n) @ ((n * weight[:, None]).T @ left)
        if np.abs(step - before).max() < 1e-3:  # noqa: PLR2004 - pixels
            break
    rest = left - n @ step
    return _Solved(
        step=step @ ways,
        covariance=ways.T @ _covariance(of, n, weight, rest) @ ways,
        residual=float(np.sqrt((weight * rest**2).sum() / max(weight.sum(), _SMALL))),
    )


def _inverse(information: Vector) -> Vector:
    """Invert; a direction of which as good as nothing is known is left out."""
    values, vectors = np.linalg.eigh(information)
    known = values > max(_ONE_WAY * float(values.sum()), _SMALL)
    return np.asarray(vectors @ np.diag(np.where(known, 1 / np.maximum(values, _SMALL), 0.0)) @ vectors.T)


def _covariance(of: _Table, n: Vector, weight: Vector, rest: Vector) -> Vector:
    """Return the covariance of the offset; a side is drawn off as a whole, so sides, not stretches, are counted.

    What a side's mean may be off by is half a pixel, and what its gap leaves open; more, if the sides scatter by more.
    """
    groups = [of.sides == side for side in np.unique(of.sides)]
    mass = np.array([weight[g].sum() for g in groups])
    mean = np.array([float(weight[g] @ rest[g]) for g in groups]) / np.maximum(mass, _SMALL)
    alone = np.array([_LEAST_SPREAD_PX**2 + float(np.median(of.spreads[g])) ** 2 for g in groups])
    free = max(len(groups) - n.shape[1], 1) / len(groups)
    more = max(1.0, float((mass * mean**2 / alone).sum() / max(mass.sum(), _SMALL)) / free)
    pulls = np.array([(n[g] * weight[g][:, None]).sum(axis=0) for g in groups])
    inverse = _inverse((n * weight[:, None]).T @ n)
    return np.asarray(inverse @ (pulls.T @ (pulls * (more * alone)[:, None])) @ inverse)
