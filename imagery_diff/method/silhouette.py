"""How long and wide a thing is: a blurred silhouette with its shadow, fitted to what the two dates differ by.

What the image gained where a thing came is, on flat ground and in each (whitened) band b,

    d_b(x) = sum_k a_kb S_k(x; p) + c_b + e s_b(x) H(x; p, h)

S is the silhouette, cut along its length into k pieces of their own colour (decks, hatches and containers differ), and
H its shadow, both blurred by the point spread; s is what the empty date's ground would lose in shade, e between nought
and little more than one how much of that is seen; p are the two ends, the two sides and the azimuth, h the height of
what throws the shadow. All but p and h enter linearly and are solved for at each step (Golub and Pereyra 1973, variable
projection, 10.1137/0710036); p and h follow by least squares. A Gaussian point spread makes a box a product of error
functions, so nothing is rasterised. Neighbouring pieces are held together as weakly as things vary. A residual weighs
less the more the thing differs there: what the model lacks (cross structure of a deck) grows with the contrast, and
without that the bright middle of a ship decided where its dark bow ends.

Silhouettes: a box; an oval, for heaps; a hull, whose bow narrows as a parabola over one beam (the waterlines of Wigley
1942 are parabolas) and whose stern is square; which end is the bow the fit decides.

Assumption: straight, of one width, upright enough not to lean over its own length. Broken by: curves (asked by the
caller), things that touch, a dark thing whose own shadow is as dark (the shadow's height is then no measure), an end
that matches the ground.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy  # scipy.optimize and scipy.special are loaded where something is measured
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

_PIECE_PX = 4.0
"""Length of a piece, pixels: four spreads, so that an end and the colour of its piece are told apart."""
_PIECE_OF_LINE_PX = 10.0
"""The same of a line, which is blurred to a fraction of its contrast: a short piece beyond its end costs nothing."""
SLENDER = 8.0
"""A line is so many times as long as wide: no ship or stack is."""
_MOST_PIECES = 48
_RELATIVE = 0.3
"""What the model lacks, shares of the contrast: the colours of a deck's parts scatter by a fifth to a third."""
_HALO = 0.2
"""And all around, shares of the thing's typical contrast: delivered images carry a halo of a tenth to a fifth over some
four pixels around a bright ship (planet_sfbay), by sharpening, stray light and stirred water."""
_MOST_SHADE = 1.2
"""More than all of the sun cannot be missing; a fifth for the estimate of what shade leaves."""
_TALLEST_M = 25.0
"""A ship's funnel or a portal crane."""
_REACH_PX = (12.0, 6.0, 0.3)
"""How far ends (pixels), sides (pixels) and azimuth (radians) may leave the start."""
_NARROWEST_PX = 0.3
_STEPS = 25


class Silhouette(enum.StrEnum):
    """Outlines that are fitted."""

    BOX = "box"
    OVAL = "oval"
    HULL = "hull"


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """The difference around a thing."""

    places: Doubles
    """(2, pixel), row and column."""
    change: Doubles
    """(component, pixel), what the date with the thing shows more than the other, in spreads of unchanged ground."""
    shade: Doubles
    """(component, pixel), what full shade would take from the empty ground, in the same spreads (negative)."""
    blur_px: float
    """Standard deviation of the point spread, pixels."""
    shadow_px: tuple[float, float] | None
    """(rows, columns) of the shadow of a thing one metre high; None where none is asked for."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """Where the fit begins."""

    centre: tuple[float, float]
    """(row, column)"""
    azimuth: float
    """Of the long axis, radians from the row axis towards the column axis."""
    length_px: float
    width_px: float


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A silhouette."""

    centre: tuple[float, float]
    """(row, column)"""
    azimuth: float
    """Radians from the row axis towards the column axis; of a hull towards its bow."""
    length_px: float
    width_px: float
    height_m: float | None
    """Of what throws the shadow; None where none was asked for."""
    length_sd_px: float
    """Standard deviation by the fit's own residuals, pixels."""
    height_sd_m: float | None
    shade: float
    """Share of the shade that is seen, 0 to 1.2; with little of it the height means nothing."""
    pieces_apart: float
    """How much the colours of its pieces differ, shares of their mean difference from the ground."""
    misfit: float
    """Share of the difference, less the noise, that is left over, 0 to 1."""

    def corners(self) -> Doubles:
        """Return its four corners, (4, 2) rows and columns."""
        along, across = _axes(self.azimuth)
        half, side = self.length_px / 2, self.width_px / 2
        signs = ((-1, -1), (1, -1), (1, 1), (-1, 1))
        return np.array([np.asarray(self.centre) + u * half * along + v * side * across for u, v in signs])


def fit(sample: Sample, start: Start, silhouette: Silhouette) -> Fitted:
    """Fit a silhouette.

    Parameters
    ----------
    sample
        Whitened differences of the thing, its shadow and some clear ground around.
    start
        From its outline.
    silhouette
        Which.

    Returns
    -------
    Fitted
        Of a hull that with the bow at the better end.

    """
    bows = (1, -1) if silhouette is Silhouette.HULL else (0,)
    models = [_Model(sample, start, silhouette, bow) for bow in bows]
    found = [(model, model.solve()) for model in models]
    model, solution = min(found, key=lambda pair: pair[1].cost)
    return model.told(solution)


class _Model:
    """One silhouette at a given place, as least squares asks for it; the parameters are u0, u1, v0, v1, turn, height.

    u runs along the start's axis, v across it, from its centre.
    """

    def __init__(self, sample: Sample, start: Start, silhouette: Silhouette, bow: int) -> None:
        self.sample, self.start, self.silhouette, self.bow = sample, start, silhouette, bow
        piece = _PIECE_OF_LINE_PX if start.length_px > SLENDER * start.width_px else _PIECE_PX
        self.pieces = int(np.clip(round(start.length_px / piece), 1, _MOST_PIECES))
        self.from_centre = sample.places - np.asarray(start.centre)[:, None]
        size2 = np.mean(sample.change**2, axis=0)
        self.weight = 1.0 / np.sqrt(1.0 + _RELATIVE**2 * size2 + _HALO**2 * self._typical2(size2))
        self.ties = self._ties(1.0 + math.sqrt(float(np.mean(size2))))
        self.data = np.vstack([(sample.change * self.weight).T, np.zeros((len(self.ties), len(sample.change)))])

    def _typical2(self, size2: Doubles) -> float:
        """Return the median square of the difference inside the start."""
        along, across = _axes(self.start.azimuth)
        inside = np.abs(along @ self.from_centre) <= self.start.length_px / 2
        inside &= np.abs(across @ self.from_centre) <= self.start.width_px / 2
        return float(np.median(size2[inside])) if inside.any() else 0.0

    def _ties(self, spread: float) -> Doubles:
        """Rows that hold the colours of neighbouring pieces together, as weakly as colours vary."""
        rows = np.zeros((self.pieces - 1, self.pieces + 1))
        each = np.arange(self.pieces - 1)
        rows[each, each], rows[each, each + 1] = 1.0 / spread, -1.0 / spread
        return rows

    def solve(self) -> scipy.optimize.OptimizeResult:
        """Find the parameters."""
        half, side = self.start.length_px / 2, self.start.width_px / 2
        ends, sides, turn = _REACH_PX
        begin = [-half, half, -side, side, 0.0]
        low = [-half - ends, -0.1 * half, -side - sides, -_NARROWEST_PX / 2, -turn]
        high = [0.1 * half, half + ends, _NARROWEST_PX / 2, side + sides, turn]
        scales = [1.0, 1.0, 1.0, 1.0, 0.02]
        if self.sample.shadow_px is not None:
            begin, low, high = [*begin, 4.0], [*low, 0.0], [*high, _TALLEST_M]
            scales = [*scales, 2.0]
        low[3], high[2] = _NARROWEST_PX / 2, -_NARROWEST_PX / 2
        begin = np.clip(begin, np.add(low, 1e-6), np.subtract(high, 1e-6)).tolist()
        return scipy.optimize.least_squares(
            self._residuals,
            begin,
            bounds=(low, high),
            x_scale=scales,
            max_nfev=_STEPS,
            ftol=1e-4,
            xtol=1e-3,
        )

    def _residuals(self, p: Doubles) -> Doubles:
        return self._left(p)[0].ravel()

    def _left(self, p: Doubles) -> tuple[Doubles, float]:
        """Return what the best colours leave over, (pixel and tie, component), and how much shade is seen."""
        u, v = self._along_and_across(p)
        columns = np.vstack([self._pieces(p, u) * self._breadth(p, u, v), np.ones_like(u)]) * self.weight
        basis, _ = np.linalg.qr(np.vstack([columns.T, self.ties]))
        left = self.data - basis @ (basis.T @ self.data)
        if self.sample.shadow_px is None:
            return left, 0.0
        shade = np.zeros_like(self.data)
        shade[: u.size] = (self.sample.shade * self._shadow(p, u, v) * self.weight).T
        shade -= basis @ (basis.T @ shade)
        power = float(np.sum(shade**2))
        seen = float(np.clip(np.sum(shade * left) / power, 0.0, _MOST_SHADE)) if power > 1e-9 else 0.0  # noqa: PLR2004
        return left - seen * shade, seen

    def _pieces_apart(self, p: Doubles) -> float:
        """Return the spread of the pieces' colours over the size of their mean."""
        u, v = self._along_and_across(p)
        columns = np.vstack([self._pieces(p, u) * self._breadth(p, u, v), np.ones_like(u)]) * self.weight
        colours = np.linalg.lstsq(np.vstack([columns.T, self.ties]), self.data, rcond=None)[0][:-1]
        mean = colours.mean(axis=0)
        spread = math.sqrt(float(np.mean(np.sum((colours - mean) ** 2, axis=1))))
        return min(spread / max(float(np.linalg.norm(mean)), 1e-6), 3.0)

    def _along_and_across(self, p: Doubles) -> tuple[Doubles, Doubles]:
        along, across = _axes(self.start.azimuth + p[4])
        return along @ self.from_centre, across @ self.from_centre

    def _pieces(self, p: Doubles, u: Doubles) -> Doubles:
        """(piece, pixel), each between its own ends, blurred."""
        edges = np.linspace(p[0], p[1], self.pieces + 1)
        if self.silhouette is Silhouette.OVAL:  # it ends where its sides close
            edges[[0, -1]] = -np.inf, np.inf
        steps = [self._step(u - edge) for edge in edges]
        return np.array([first - second for first, second in pairwise(steps)])

    def _breadth(self, p: Doubles, u: Doubles, v: Doubles) -> Doubles:
        """(pixel,), blurred across: all of it between the sides, which close at a bow or all round an oval."""
        half, middle = (p[3] - p[2]) / 2, (p[2] + p[3]) / 2
        if self.silhouette is Silhouette.OVAL:
            share = np.clip((2 * u - p[0] - p[1]) / (p[1] - p[0]), -1, 1)
            half = half * np.sqrt(1 - share**2)
        elif self.silhouette is Silhouette.HULL:
            from_bow = (p[1] - u) if self.bow > 0 else (u - p[0])
            open_ = np.clip(from_bow / (2 * half), 0, 1)
            half = half * (1 - (1 - open_) ** 2)
        return self._step(v - middle + half) - self._step(v - middle - half)

    def _shadow(self, p: Doubles, u: Doubles, v: Doubles) -> Doubles:
        """Return (pixel,), the box swept along its shadow, less the box."""
        assert self.sample.shadow_px is not None
        along, across = _axes(self.start.azimuth + p[4])
        reach = p[5] * np.asarray(self.sample.shadow_px)
        du, dv = float(along @ reach), float(across @ reach)
        swept = self._between(u, p[0] + min(du, 0.0), p[1] + max(du, 0.0))
        swept = swept * self._between(v, p[2] + min(dv, 0.0), p[3] + max(dv, 0.0))
        far = math.hypot(du, dv)
        if far > 1e-6:  # noqa: PLR2004
            offsets = [(-dv * x + du * y) / far for x in p[:2] for y in p[2:4]]
            # The slanted sides; of two that fall together the blur of one counts.
            swept = np.minimum(swept, self._between((-dv * u + du * v) / far, min(offsets), max(offsets)))
        thing = self._between(u, p[0], p[1]) * self._between(v, p[2], p[3])
        return np.asarray(np.maximum(swept - thing, 0.0))

    def _between(self, at: Doubles, first: float, second: float) -> Doubles:
        return self._step(at - first) - self._step(at - second)

    def _step(self, at: Doubles) -> Doubles:
        """Blur an edge at nought."""
        return np.asarray(scipy.special.ndtr(at / self.sample.blur_px))

    def told(self, solution: scipy.optimize.OptimizeResult) -> Fitted:
        """Turn a solution into places and sizes."""
        p, pixels = solution.x, self.sample.places.shape[1]
        left, seen = self._left(p)
        along, across = _axes(self.start.azimuth + p[4])
        middle = np.asarray(self.start.centre) + (p[0] + p[1]) / 2 * along + (p[2] + p[3]) / 2 * across
        covariance = _covariance(solution.jac, left[:pixels])
        length = np.zeros(len(p))
        length[:2] = (-1.0, 1.0)
        shadowed = self.sample.shadow_px is not None
        # Both hold the noise, which is one in each component.
        noise = float(np.sum(self.weight**2)) * left.shape[1]
        over, whole = (float(np.sum(part[:pixels] ** 2)) - noise for part in (left, self.data))
        share = over / whole if whole > 0 else 1.0
        return Fitted(
            centre=(float(middle[0]), float(middle[1])),
            azimuth=float(self.start.azimuth + p[4] + (math.pi if self.bow < 0 else 0.0)),
            length_px=float(p[1] - p[0]),
            width_px=float(p[3] - p[2]),
            height_m=float(p[5]) if shadowed else None,
            length_sd_px=math.sqrt(max(float(length @ covariance @ length), 0.0)),
            height_sd_m=math.sqrt(max(float(covariance[5, 5]), 0.0)) if shadowed else None,
            shade=seen,
            pieces_apart=self._pieces_apart(p),
            misfit=float(np.clip(share, 0.0, 1.0)),
        )


_CORRELATED_PX = 5.0
"""Neighbouring residuals say the same: noise of delivered pixels is correlated .6 at one pixel, .17 at two (method.md),
which makes one of five."""


def _covariance(jacobian: Doubles, left: Doubles) -> Doubles:
    """Covariance of the parameters from the residuals, of which ``_CORRELATED_PX`` count as one."""
    variance = float(np.mean(left**2)) * _CORRELATED_PX
    return np.asarray(np.linalg.pinv(jacobian.T @ jacobian) * variance)


def _axes(azimuth: float) -> tuple[Doubles, Doubles]:
    """Return unit vectors along and across, (row, column)."""
    cos, sin = math.cos(azimuth), math.sin(azimuth)
    return np.array([cos, sin]), np.array([-sin, cos])


def pixels_of(points: Doubles) -> tuple[tuple[float, float], float, float, float]:
    """Return centre, azimuth, length and width of a rectangle by its corners in order, (corner, row and column)."""
    corners = np.asarray(points, float)[:4]
    first, second = corners[1] - corners[0], corners[2] - corners[1]
    if np.hypot(*first) < np.hypot(*second):
        first, second = second, first
    middle = corners.mean(axis=0)
    return (
        (float(middle[0]), float(middle[1])),
        math.atan2(first[1], first[0]),
        float(np.hypot(*first)),
        float(np.hypot(*second)),
    )
