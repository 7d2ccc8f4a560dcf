"""Trains by their shape: a line that stands out from both sides of its track on one date only.

What differs along a track is mostly the edge of a shed or of its shade, and it differs more than a train does. But such
an edge stands in both images and has moved by a part of a pixel, or with the sun; a train stands out from the ground on
both of its sides, on one date (the profile across a line: Steger 1998, 10.1109/34.659930).

With A the date that shows the train, B the other, D = A - B, I(u) an image averaged along the track at u pixels across
it, n the unit vector of D(0) - (D(-k) + D(k)) / 2 over the bands,

    T = min(n [D(0) - D(-k)], n [D(0) - D(k)], |D(0)|)
        - j |n [B(k) - B(-k)]| - max(0, n [B(0) - (B(-k) + B(k)) / 2]) - c max_u |B(0) - B(u)|.

In a difference the ground beside the track falls away; what is left of it is taken off again: j times the step across
the track, which is what the blurred edge would do if it moved; and the line that stood there without the train, which
another light, focus or wetness may show stronger or weaker. Where shade moved, j is 1 and the last term counts, if A is
the darker, over u on the sunward side: a shadow has a caster. T is averaged along the track.

Assumption: tracks are drawn, as zones whose long sides run along them; a caster does not look like the track's bed.
Broken by: a train beside one that stood there on both dates; a train as wide as its bed and no darker; a train that
hides an edge stronger than itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from imagery_diff.method.tracks import Run, runs_along

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from imagery_diff.grid import Grid
    from imagery_diff.method.shade import Vector

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]
    Surfaces = NDArray[np.uint8]

_CAR_M = 3.0
"""Width of a railway car, metres."""
_BLUR_PX = 1.5
"""Beyond its side a thing's blur no longer reaches the ground, pixels."""
_SHORT_M, _LONG_M, _WHOLE_M = 9.0, 24.0, 48.0
"""Standard deviations of the means along the track, metres: most of a car, whose colour is its own; several cars,
for what stands beside the track, which is longer; and three cars on either side, half of the shortest train asked
for."""
_ACROSS_PX = 0.3
"""Standard deviation of the mean across the track, pixels, but a quarter of a car at least."""
_TRACK_PX = 0.8
"""The same of the mean of T: a track\'s drawn direction is off by as much over the length of the mean."""
_EDGE_MOVED = 0.4
"""Share of a standing step across the track that counts against a line: an edge that rises over 2.5 pixels
(method.md) and lies one pixel off changes by so much of its step. All of it where shade moved."""
_CASTER = 0.25
"""Share of a step towards the sun that counts against a dark line where shade moved."""
_CASTER_AT = (1.0, 1.75)
"""Where the caster is looked for, shares of the flank's distance."""
_STEP_PX = 0.5
"""Sampling across the track, pixels; along it: one."""
_LIMITS = (-2.0, 3.0)
"""T of one place counts no lower and no higher, spreads: one white van is no train."""
_RIM = (3, 5)
"""Shade that moved reaches so much further, samples along and across: its half-dark rim, a pixel."""


@dataclass(frozen=True, kw_only=True)
class Sun:
    """What the two suns do to standing things."""

    moved: Bools
    """(row, col), True where a shadow that moved may lie."""
    away_px: tuple[Vector, Vector] | None
    """(rows, cols) away from the sun before and after, any length; None where it is not known."""


def stand_out(
    images: tuple[Floats, Floats],
    surface: Surfaces,
    whitening: dict[int, NDArray[np.float64]],
    tracks: Iterable[BaseGeometry],
    grid: Grid,
    *,
    sun: Sun,
) -> Floats:
    """Measure how far a line on the track stands out on one date only.

    Parameters
    ----------
    images
        (band, row, col) before and after, on one scale.
    surface
        (row, col), class of the ground that is looked at; other numbers than those of ``whitening`` are not.
    whitening
        Surface class -> (component, band), into spreads of unchanged ground.
    tracks
        Outlines of rail zones, map units; the sides of each run along its tracks.
    grid
        Of the images.
    sun
        Where shadows moved, and whereto.

    Returns
    -------
    (2, row, col), T of a train that stood there before, and of one after, in spreads of calm unchanged ground; minus
    infinity off the tracks and where ground is not looked at.

    """
    out = np.full((2, *surface.shape), -np.inf, np.float32)
    ok = np.isin(surface, list(whitening))
    for run in runs_along(tracks, grid):
        strip = _Strip.along(run, grid)
        share = strip.lay(ok.astype(np.float32))
        classes = surface[run.rows, run.cols]
        classes = classes[ok[run.rows, run.cols]]
        if not classes.size:
            continue
        matrix = whitening[int(np.bincount(classes).argmax())] / np.sqrt(len(images[0]))
        laid = [np.stack([strip.lay(np.where(ok, band, np.float32(0))) for band in image]) for image in images]
        white = [np.tensordot(matrix, image, 1).astype(np.float32) for image in laid]
        profile = _Profile.of(white, laid[1].mean(axis=0) - laid[0].mean(axis=0), share, strip)
        moved = ndimage.maximum_filter(strip.lay(sun.moved.astype(np.float32)), _RIM)
        for date, best in enumerate(out):
            found = strip.read(profile.line(date, moved, _sunward(run.angle, sun, date)))
            best[run.rows, run.cols] = np.maximum(best[run.rows, run.cols], found)
    out[:, ~ok] = -np.inf
    return out


def _sunward(angle: float, sun: Sun, date: int) -> Sequence[float]:
    """Return the sides of a track, signs of u, on which a caster may stand."""
    if not sun.moved.any():
        return ()
    if sun.away_px is None:
        return (-1.0, 1.0)
    rows, cols = sun.away_px[date]
    return (-float(np.sign(rows * np.cos(angle) - cols * np.sin(angle))),)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Strip:
    """A run of track laid out straight: rows of it along the track, columns across."""

    at: NDArray[np.float64]
    """(2, along, across), where on the grid its places lie, rows and columns."""
    pixels: NDArray[np.float64]
    """(2, pixel), where in the strip the run's pixels lie."""
    pixel_m: float

    @classmethod
    def along(cls, run: Run, grid: Grid) -> _Strip:
        pixel_m = grid.pixel_size_m[0]
        cos, sin = np.cos(run.angle), np.sin(run.angle)
        along, across = run.cols * cos + run.rows * sin, run.rows * cos - run.cols * sin
        wide = _CASTER_AT[-1] * cls.flank_px(pixel_m) + 2
        long = 2 * _WHOLE_M / pixel_m
        start = (along.min() - long, across.min() - wide)
        s = np.arange(start[0], along.max() + long + 1)[:, None]
        u = np.arange(start[1], across.max() + wide + _STEP_PX, _STEP_PX)[None, :]
        at = np.stack([s * sin + u * cos, s * cos - u * sin])
        pixels = np.stack([along - start[0], (across - start[1]) / _STEP_PX])
        return cls(at=at, pixels=pixels, pixel_m=pixel_m)

    @staticmethod
    def flank_px(pixel_m: float) -> float:
        """Return how far from a train's middle the ground beside it begins, pixels."""
        return _CAR_M / 2 / pixel_m + _BLUR_PX

    def lay(self, image: Floats) -> Floats:
        """Read (row, col) on the strip, (along, across); 0 beyond the grid."""
        return np.asarray(ndimage.map_coordinates(image, self.at, order=1, cval=0.0), np.float32)

    def read(self, laid: Floats) -> Floats:
        """Read (along, across) at the run's pixels, (pixel,)."""
        return np.asarray(ndimage.map_coordinates(laid, self.pixels, order=1, mode="nearest"), np.float32)

    def mean(self, laid: Floats, share: Floats, sigma_m: float, across_px: float = _ACROSS_PX) -> Floats:
        """Gaussian mean of (..., along, across) over what was looked at."""
        across = max(across_px, _CAR_M / 4 / self.pixel_m) / _STEP_PX
        sigma = (max(sigma_m / self.pixel_m, 1.0), across)
        weight = np.maximum(ndimage.gaussian_filter(share, sigma, mode="constant"), np.float32(0.05))
        whole = (0.0,) * (laid.ndim - 2) + sigma
        return np.asarray(ndimage.gaussian_filter(laid, whole, mode="constant") / weight, np.float32)

    def beside(self, laid: Floats, u_px: float) -> Floats:
        """Return what (..., along, across) shows so many pixels across from each place."""
        steps = u_px / _STEP_PX
        shift = (0.0,) * (laid.ndim - 1) + (-steps,)
        return np.asarray(ndimage.shift(laid, shift, order=1, mode="nearest"), np.float32)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Sides:
    """An image averaged along a strip: what it shows at each place, and by how much that exceeds either side."""

    here: Floats
    """(component, along, across)"""
    above: tuple[Floats, Floats]
    """(component, along, across), less what lies on the left of the place, and on its right."""

    @classmethod
    def of(cls, laid: Floats, share: Floats, strip: _Strip, sigma_m: float) -> _Sides:
        here = strip.mean(laid, share, sigma_m)
        k = _Strip.flank_px(strip.pixel_m)
        return cls(here=here, above=(here - strip.beside(here, -k), here - strip.beside(here, k)))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Profile:
    """Both images on a strip, and what lines they show."""

    change: _Sides
    """Of after less before, averaged over most of a car."""
    images: tuple[_Sides, _Sides]
    """Before and after, averaged over several cars."""
    lighter: Floats
    """(along, across), by how much after is brighter than before, averaged over several cars."""
    share: Floats
    """(along, across), what was looked at."""
    strip: _Strip

    @classmethod
    def of(cls, white: Sequence[Floats], lighter: Floats, share: Floats, strip: _Strip) -> _Profile:
        before, after = (_Sides.of(image, share, strip, _LONG_M) for image in white)
        return cls(
            change=_Sides.of(white[1] - white[0], share, strip, _SHORT_M),
            images=(before, after),
            lighter=strip.mean(lighter, share, _LONG_M),
            share=share,
            strip=strip,
        )

    def line(self, date: int, moved: Floats, sunward: Sequence[float]) -> Floats:
        """Return T for a train on one date, (along, across); ``moved`` is 1 where shade moved, else 0."""
        left, right = self.change.above
        bend = left + right
        n: Floats = np.asarray(bend / np.maximum(_norm(bend), np.float32(1e-6)), np.float32)
        found = np.minimum(np.minimum(_along(n, left), _along(n, right)), _norm(self.change.here))
        n *= np.float32(1 if date else -1)
        stood, stands = ([_along(n, side) for side in self.images[d].above] for d in (1 - date, date))
        found -= (_EDGE_MOVED + (1 - _EDGE_MOVED) * moved) * np.abs(stood[0] - stood[1])
        found -= np.maximum(stood[0] + stood[1], 0) / 2
        if sunward:
            darker = self.lighter < 0 if date else self.lighter > 0
            found -= np.where(darker, _CASTER * moved * self._caster(self.images[1 - date].here, sunward), 0)
        found = np.where(stands[0] + stands[1] >= 0, found, _LIMITS[0])
        seen = np.clip(np.where(self.share > 0.5, found, 0), *_LIMITS)  # noqa: PLR2004 - most of a pixel
        return self.strip.mean(seen.astype(np.float32), self.share, _WHOLE_M, _TRACK_PX)

    def _caster(self, bare: Floats, sunward: Sequence[float]) -> Floats:
        """Return how much what stands sunward differs from the ground of each place, (along, across)."""
        k = _Strip.flank_px(self.strip.pixel_m)
        steps = [_norm(bare - self.strip.beside(bare, side * at * k)) for side in sunward for at in _CASTER_AT]
        return np.asarray(np.max(steps, axis=0), np.float32)


def _along(unit: Floats, vectors: Floats) -> Floats:
    """Return the part of (component, along, across) along unit vectors, (along, across)."""
    return np.asarray((unit * vectors).sum(axis=0), np.float32)


def _norm(vectors: Floats) -> Floats:
    """Length of (component, along, across)."""
    return np.asarray(np.sqrt(np.sum(vectors * vectors, axis=0)), np.float32)
