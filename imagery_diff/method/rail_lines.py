"""Trains line by line: how far each stands along its track, on each of many looks.

Cars alternate in colour and some match their ballast, so a train differs from its empty track by the power of the
difference, not by its mean. Trains side by side are one changed area and several lines. A strip of ground along a
train is laid out straight, and with w the difference of a look from the empty place there, averaged over 1.5 pixels
across and two along, its slow background across taken off, in spreads of the strip's own calm four fifths,

    q(s, u) = |w|^2 / h,    h = what at least half of the looks show there too (1 at least),

so that an edge that no look shows where the empty place has it (a rail, a shed) raises nothing. The direction is the
one in which the mean of q along the strip varies most across it (the Radon transform; Deans 1983). A place along a
line is empty, q a sum of squares of spread 1, or under a train, of spread 1 + v, one car in five like its ballast:

    l(q) = log(.8 mean_v (1 + v)^(-B/2) exp(q / 2 (1 - 1 / (1 + v))) + .2),    B bands, v of 2, 8 and 32;

and the state along the line is a chain whose stretches are 200 m long in the mean (Viterbi 1967,
10.1109/TIT.1967.1054010). It ends where the difference falls to half of what it is within a car of the end. Lines
nearer to each other than their blur, or than a car's shadow, are one.

Assumption: tracks are straight over the strip; a train stands on fewer than half of the looks. Broken by: a curve of
less than some kilometres; cars of the ballast's colour for more than three in a row, which end a line; a row of
containers as narrow as a car.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from imagery_diff.method.calm import whitening

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Doubles = NDArray[np.float64]
    Bools = NDArray[np.bool_]

_STEP_PX = 0.5
"""Sampling across, pixels; along it: one."""
_BLUR_PX = 1.5
"""How far beyond its side a thing's blur reaches, pixels."""
_ACROSS, _ALONG = 3, 2
"""Samples of the mean: 1.5 pixels across, two along."""
_SLOW_M = 45.0
"""What differs more slowly along the strip is light or veil, metres: three cars."""
_TURN_DEG, _TURN_STEP_DEG = 8.0, 0.25
"""How far the direction of lines side by side may lie from that of the area they make, and how finely it is tried."""
_SAMPLE_M = 9.0
"""Places along a line nearer than this are not independent: three pixels of 3 m, by the delivered blur."""
_STRETCH_M = 200.0
"""Mean length of a train, and of bare track, metres: a stated prior."""
_LIKE_BALLAST = 0.2
"""Share of cars that cannot be told from their ballast: a stated prior."""
_POWERS = (2.0, 8.0, 32.0)
"""v, the power of a car over that of its track: grey cars on ballast to blue ones, each as likely (stated prior)."""
_HALF_POWER = 0.25
"""Power left where a difference has fallen to half."""
_LEAST_ODDS = 12.0
"""Log of the odds from which there is a line: a strip has some hundred places for one to begin and to end, and a
hundred lines across (9.2), and fewer than one in ten of such strips may raise one by chance (2.3)."""
_CAR_M = 15.0
"""Length of a car."""
_LEAST_M = 2 * _CAR_M
"""Shortest line."""
_NARROW = 0.6
"""Share of a line's power at the middle that is left beyond its blur on its better side; a shed, a stack of two rows
or a road has more."""
_DIPS = 0.9
"""The same on its other side, where the next train may stand; the edge of a shed does not dip."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Strip:
    """Ground along a train, laid out straight."""

    middle: tuple[float, float]
    """Row and column on the grid."""
    way: tuple[float, float]
    """Unit vector along it, rows and columns."""
    along_px: float
    """It reaches so far to either end."""
    across_px: float
    """And to either side."""

    @property
    def s(self) -> Doubles:
        """Places along, pixels from the middle."""
        return np.arange(-math.ceil(self.along_px), math.ceil(self.along_px) + 1.0)

    @property
    def u(self) -> Doubles:
        """Places across, to the right of the way."""
        steps = math.ceil(self.across_px / _STEP_PX)
        return np.asarray(np.arange(-steps, steps + 1) * _STEP_PX, np.float64)

    def places(self, s: Doubles, u: Doubles) -> Doubles:
        """Return rows and columns, (2, ...), of places along and across."""
        (row, col), (down, right) = self.middle, self.way
        found: Doubles = np.stack([row + s * down + u * right, col + s * right - u * down]).astype(float)
        return found

    @property
    def at(self) -> Doubles:
        """Return rows and columns, (2, along, across)."""
        return self.places(self.s[:, None], self.u[None, :])

    def turned(self, degrees: float) -> Strip:
        """Return it turned about its middle."""
        cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        down, right = self.way
        way = (down * cos + right * sin, right * cos - down * sin)
        return Strip(middle=self.middle, way=way, along_px=self.along_px, across_px=self.across_px)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A train's line on one look, in its strip."""

    aside_px: float
    """Across from the strip's middle."""
    first_px: float
    """Along, from the strip's middle."""
    last_px: float
    odds: float
    """Log of the odds for it."""
    cut: bool
    """An end lies where the ground was not seen."""

    @property
    def length_px(self) -> float:
        """From end to end."""
        return self.last_px - self.first_px

    def shares_with(self, other: Line, aside_px: float) -> float:
        """Return how much of the shorter of both lies along the other; 0 of lines further aside of each other."""
        if abs(self.aside_px - other.aside_px) > aside_px:
            return 0.0
        both = min(self.last_px, other.last_px) - max(self.first_px, other.first_px)
        return max(both, 0.0) / max(min(self.length_px, other.length_px), 1e-9)


def lay(image: Floats, strip: Strip) -> Floats:
    """Read (..., row, col) on the strip, (..., along, across); NaN beyond the image."""
    flat = image.reshape(-1, *image.shape[-2:]).astype(np.float32)
    laid = [ndimage.map_coordinates(band, strip.at, order=1, cval=np.nan) for band in flat]
    return np.asarray(laid, np.float32).reshape(*image.shape[:-2], *laid[0].shape)


def power(changes: Sequence[Floats], pixel_m: float) -> Floats:
    """Return q of each look.

    Parameters
    ----------
    changes
        A look each: (band, along, across), its difference from the empty place on the strip; NaN where not seen.
    pixel_m
        Side of a pixel, metres.

    Returns
    -------
    (look, along, across), NaN where not seen; its mean over empty track is the number of bands.

    """
    slow = max(3, round(_SLOW_M / pixel_m) | 1)
    all_looks = []
    for change in changes:
        unseen = np.isnan(change).any(axis=0)
        ground = _slow(change, slow)
        fine: Floats = np.where(unseen, 0, change - ground).astype(np.float32)
        share = np.maximum(_mean(np.asarray(~unseen, np.float32)), np.float32(0.1))
        mean = np.stack([_mean(band) / share for band in fine])
        known = mean[:, ~unseen].T
        if len(known) < 10 * len(mean):
            all_looks.append(np.full(unseen.shape, np.nan, np.float32))
            continue
        white = np.tensordot(whitening(known), mean, 1)
        all_looks.append(np.where(unseen, np.nan, np.sum(white**2, axis=0)).astype(np.float32))
    q = np.stack(all_looks)
    bands = len(changes[0])
    if len(q) < 2:  # noqa: PLR2004 - one look alone has no others to be held against
        return q
    # Of two the smaller, of three the middle one: what most looks show is no train.
    ordered = np.sort(np.where(np.isnan(q), np.inf, q), axis=0)
    seen = np.count_nonzero(~np.isnan(q), axis=0)
    usual = np.take_along_axis(ordered, np.maximum(seen - 1, 0)[None] // 2, axis=0)[0]
    usual = np.where(np.isfinite(usual) & (seen > 1), usual, bands)
    spread = np.maximum(ndimage.uniform_filter(usual / bands, (max(3, slow // 2), 3)), 1.0)
    return np.asarray(q / spread, np.float32)


def _mean(image: Floats) -> Floats:
    return np.asarray(ndimage.uniform_filter(image, (_ALONG, _ACROSS)), np.float32)


def _slow(change: Floats, along: int) -> Floats:
    """Return the background: the median across, slowly varying along; (band, along, 1)."""
    with np.errstate(all="ignore"):
        known = ~np.isnan(change).all(axis=(0, 2))
        across = np.zeros(change.shape[:2], np.float32)
        across[:, known] = np.nanmedian(change[:, known], axis=2)
    return np.asarray(ndimage.uniform_filter1d(across, along, axis=1)[:, :, None], np.float32)


def best_turn(change: Floats, strip: Strip, extent_px: float, pixel_m: float) -> float:
    """Return by how many degrees a strip must turn to run along the lines in it.

    Parameters
    ----------
    change
        (band, row, col), a look that shows them; NaN where not seen.
    extent_px
        Half of the length over which they are sure to stand.

    """
    near = Strip(middle=strip.middle, way=strip.way, along_px=extent_px, across_px=strip.across_px)

    def varies(turn: float) -> float:
        q = power([lay(change, near.turned(turn))], pixel_m)[0]
        known = ~np.isnan(q).all(axis=0)
        # One bright car is no line: a place counts no higher than three times what is usual of a car.
        profile = np.nanmean(np.minimum(q[:, known], 3 * _POWERS[-1]), axis=0)
        return float(np.var(profile)) if profile.size else 0.0

    turns = np.arange(-_TURN_DEG, _TURN_DEG + 1e-9, _TURN_STEP_DEG)
    return float(turns[int(np.argmax([varies(float(t)) for t in turns]))])


def lines_in(q: Floats, strip: Strip, bands: int, pixel_m: float, *, apart_px: float) -> list[Line]:
    """Find the lines of one look.

    Parameters
    ----------
    q
        (along, across), of :func:`power`; NaN where not seen.
    bands
        Number of bands.
    apart_px
        Lines nearer to each other are one: their blur, or a shadow.

    """
    runs = [list(_runs(q[:, k], bands, pixel_m)) for k in range(q.shape[1])]
    found = sorted(
        ((odds, k, first, last) for k, those in enumerate(runs) for first, last, odds in those), reverse=True
    )
    lines: list[Line] = []
    for odds, k, first, last in found:
        if odds < _LEAST_ODDS:
            break
        whole = Line(
            aside_px=float(strip.u[k]),
            first_px=float(strip.s[first]) - 0.5,
            last_px=float(strip.s[last]) + 0.5,
            odds=odds,
            cut=_is_cut(q[:, k], first, last),
        )
        near = any(whole.shares_with(line, apart_px) > 0 for line in lines)
        if not near and whole.length_px * pixel_m >= _LEAST_M and _is_narrow(q, k, slice(first, last + 1)):
            lines.append(whole)
    return lines


def bridged(lines: list[Line], others: Sequence[Line], *, aside_px: float, pixel_m: float) -> list[Line]:
    """Join pieces on one track between which another look shows a train that reaches into both by a car and more."""
    left = sorted(lines, key=lambda line: line.first_px)
    car = _CAR_M / pixel_m

    def is_one(one: Line, other: Line) -> bool:
        return one.first_px <= other.first_px and any(
            max(abs(through.aside_px - piece.aside_px) for piece in (one, other)) <= aside_px
            for through in others
            if through.first_px <= one.last_px - car and through.last_px >= other.first_px + car
        )

    k = 0
    while k < len(left):
        one = left[k]
        near = next((j for j in range(len(left)) if j != k and is_one(one, left[j])), None)
        if near is None:
            k += 1
            continue
        other = left[near]
        left[k] = Line(
            aside_px=max(one, other, key=lambda line: line.length_px).aside_px,
            first_px=one.first_px,
            last_px=max(one.last_px, other.last_px),
            odds=one.odds + other.odds,
            cut=one.cut or other.cut,
        )
        del left[near]
        k = 0
    return left


def _is_cut(column: Floats, first: int, last: int) -> bool:
    reach = 2
    beyond = np.r_[column[max(first - reach, 0) : first], column[last + 1 : last + 1 + reach]]
    return first < reach or last >= len(column) - reach or bool(np.isnan(beyond).any())


def _is_narrow(q: Floats, k: int, run: slice) -> bool:
    """Whether it is a ridge: within the blur of one car it falls off on both sides, on one of them to little."""
    near, aside = round(1.0 / _STEP_PX), math.ceil((_BLUR_PX + 1.0) / _STEP_PX)

    def at(j: int) -> float:
        inside = 0 <= j < q.shape[1] and not np.isnan(q[run, j]).all()
        return float(np.nanmedian(q[run, j])) if inside else math.inf

    own = at(k)
    lower, higher = sorted(min(at(k + side * j) for j in range(near, aside + 1)) for side in (-1, 1))
    return max(at(k - near), at(k + near)) <= own and lower < _NARROW * own and higher < _DIPS * own


def _runs(column: Floats, bands: int, pixel_m: float) -> Iterator[tuple[int, int, float]]:
    """Yield the stretches of one line that a train stands on, with the log of the odds for each."""
    seen = ~np.isnan(column)
    if not seen.any():
        return
    values = np.where(seen, column, 0.0).astype(float)
    train = [-0.5 * bands * math.log1p(v) + 0.5 * values * (1.0 - 1.0 / (1.0 + v)) for v in _POWERS]
    told = np.logaddexp.reduce(train, axis=0) - math.log(len(_POWERS)) + math.log1p(-_LIKE_BALLAST)
    gain = np.logaddexp(told, math.log(_LIKE_BALLAST))
    gain = np.where(seen, gain, 0.0) * pixel_m / max(_SAMPLE_M, pixel_m)
    switch = math.log(_STRETCH_M / pixel_m)
    under = _viterbi(gain, switch)
    edges = np.flatnonzero(np.diff(np.r_[False, under, False].astype(int)))
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        odds = float(gain[first:end].sum() - 2 * switch)
        shown = np.flatnonzero(seen[first:end])
        if not shown.size:
            continue
        # Of what was not seen nothing is known: a line ends with what was.
        sides = int(first) + int(shown[0]), int(first) + int(shown[-1])
        begin, last = _ends(values, *sides, max(2, round(_CAR_M / pixel_m)))
        yield begin, last, odds


def _ends(values: Doubles, first: int, last: int, car: int) -> tuple[int, int]:
    """Draw the ends of a line in where it falls to half of what it is within a car, or in the whole's middle."""
    typical = float(np.median(values[first : last + 1]))
    while last - first > car and values[first] < _HALF_POWER * min(values[first : first + car].max(), typical):
        first += 1
    while last - first > car and values[last] < _HALF_POWER * min(values[last - car + 1 : last + 1].max(), typical):
        last -= 1
    return first, last


def _viterbi(gain: Doubles, switch: float) -> Bools:
    """Return the likeliest states, True under a train; ``gain`` is the log of the odds of each place."""
    best = np.zeros(2)
    came = np.zeros((len(gain), 2), bool)
    for k, g in enumerate(gain):
        stay, change = best, best[::-1] - switch
        came[k] = change > stay
        best = np.where(came[k], change, stay) + np.array([0.0, g])
    states = np.zeros(len(gain), bool)
    state = int(best[1] > best[0])
    for k in range(len(gain) - 1, -1, -1):
        states[k] = bool(state)
        if came[k, state]:
            state = 1 - state
    return states
