"""How strongly a pixel differs from what was expected there, in units of what unchanged ground does on this very pair.

Whitened difference with neighbourhood tolerance (local co-registration adjustment, Theiler and Wohlberg 2012,
10.1109/TGRS.2011.2179942), symmetric in the two images. The spread of unchanged pixels is not one number: it grows
with the standing structure around a pixel (misregistration, parallax and moved shadows all scale with it), so it is
measured on the pair itself as a curve over local texture, for each surface class, by medians that a third of real
change does not move.

Assumption: unchanged pixels of like texture and class scatter alike. Broken by: illumination that changes only part
of a class (moving cloud shadow without a mask), compression artefacts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from imagery_diff.method import blocks
from imagery_diff.method.places import Places
from imagery_diff.method.radiometry import STRATA, Surface, among

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]
    Surfaces = NDArray[np.uint8]
    Indexes = NDArray[np.intp]

_CORE = 0.75
"""Share of residuals from which the covariance is taken, the innermost ones (after Rousseeuw and Van Driessen 1999)."""
_BINS = 12
_SAMPLE_PX = 120_000
"""Pixels of a class from which its scatter is measured: ten thousand in each bin tell a spread to one per cent."""
_MIN_BIN_PX = 60
_STEPS = 4096
"""Spreads are looked up for so many textures; between two of them they differ by less than a thousandth."""
_BLOCKS = 100
"""A class of ground is cut into about this many blocks where it is too small for blocks of the full size."""
_MIN_BLOCK_PX = 8
_SHORE_PX = 2
"""So far inland the delivered blur, and waves taken for a quay's edge, carry what water does."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Expectation:
    """What a pixel should look like if nothing happened."""

    mean: Floats
    """(component, row, col)"""
    spread: Floats
    """(component, row, col), one standard deviation of unchanged pixels."""
    valid: Bools
    """(row, col)"""


@dataclass(frozen=True, kw_only=True)
class RelativeFloor:
    """The least difference between two looks at one unchanged surface, as shares of its brightness."""

    each_band: float
    """Calibration, air and viewing direction, different from band to band."""
    all_bands: float
    """Surfaces of unknown slope under another sun: brighter or darker in all bands alike, so colour is not excused."""

    def covariance(self, level: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (band, band) for a surface of brightness ``level`` (band,)."""
        own = np.maximum(self.each_band * np.abs(level), 1e-9)
        common = self.all_bands * level
        return np.diag(own**2) + np.outer(common, common)


@dataclass(frozen=True, kw_only=True, eq=False)
class NoiseModel:
    """How unchanged pixels of this pair scatter."""

    whitening: dict[int, NDArray[np.float64]]
    """Surface class -> (component, band), rotates and scales residuals so that their core is white."""
    texture_knots: dict[int, NDArray[np.float64]]
    """Surface class -> (bin,), log texture."""
    spread: dict[int, NDArray[np.float64]]
    """Surface class -> (component, bin), never falling with texture."""

    def curve(self, surface: int, texture: Floats) -> Floats:
        """Spread of a class for a map of texture; (component, row, col)."""
        first, per_unit, table = self._tables[surface]
        step = ((texture - np.float32(first)) * np.float32(per_unit) + np.float32(0.5)).astype(np.intp)
        return np.take(table, step, axis=1, mode="clip")

    @cached_property
    def _tables(self) -> dict[int, tuple[float, float, Floats]]:
        """Surface class -> the first texture, steps per unit of it, (component, step) spread: linear between knots."""
        tables = {}
        for s, knots in self.texture_knots.items():
            at = np.linspace(knots[0], knots[-1], _STEPS)
            table = np.array([np.interp(at, knots, spread) for spread in self.spread[s]], np.float32)
            tables[s] = (float(knots[0]), (_STEPS - 1) / max(float(np.ptp(knots)), 1e-6), table)
        return tables


@dataclass(frozen=True, kw_only=True, eq=False)
class Blur:
    """A Gaussian mean over the pixels seen, taken of both images before they are weighed."""

    sigma_px: float
    seen: Bools
    """(row, col)"""


def estimate_noise(
    images: tuple[Floats, Floats],
    surface: Surfaces,
    texture: Floats,
    level: dict[int, NDArray[np.float64]],
    *,
    floor: RelativeFloor,
    blur: Blur | None = None,
) -> NoiseModel:
    """Measure the scatter of unchanged pixels on the pair itself, on an even sample of each class.

    Parameters
    ----------
    images
        (band, row, col) before and after, co-registered and radiometrically matched.
    surface, texture
        (row, col), from :func:`imagery_diff.method.radiometry.classify_ground`; pixels that are not clear count as
        unseen.
    level
        Surface class -> (band,), brightness of unchanged ground.
    floor
        The least spread believed.
    blur
        Measure the scatter of the images smoothed so; None as they are.

    """
    found = blocks.each(lambda s: blocks.sampled(surface == int(s), _SAMPLE_PX), STRATA)
    places = {s: at for s, at in zip(STRATA, found, strict=True) if len(at) >= _MIN_BIN_PX}
    residuals = _residuals(images, places, blur)

    def measure(s: Surface) -> tuple[NDArray[np.float64], ...]:
        residual = residuals[s]
        least = floor.covariance(level.get(int(s), np.zeros(len(residual))))
        values, vectors = np.linalg.eigh(_core_covariance(residual) + least)
        white = (vectors / np.sqrt(values)).T
        floors = np.sqrt(np.einsum("ij,jk,ik->i", white, least, white))
        return white, *_spread_curve(blocks.rotated(white, residual), texture.ravel()[places[s]], floors)

    measured = dict(zip(map(int, residuals), blocks.each(measure, list(residuals)), strict=True))
    whitening, knots, spread = ({s: parts[k] for s, parts in measured.items()} for k in range(3))
    return NoiseModel(whitening=whitening, texture_knots=knots, spread=spread)


def _residuals(
    images: tuple[Floats, Floats], places: dict[Surface, Indexes], blur: Blur | None
) -> dict[Surface, NDArray[np.float64]]:
    """Return after less before at some pixels of each class, (band, pixel)."""
    if blur is None:
        before, after = (image.reshape(len(image), -1) for image in images)

        def pick(at: Indexes) -> NDArray[np.float64]:
            return (np.take(after, at, axis=1) - np.take(before, at, axis=1)).astype(np.float64)

        return dict(zip(places, blocks.each(pick, list(places.values())), strict=True))
    out = {s: np.zeros((len(images[0]), len(at))) for s, at in places.items()}
    shape = blur.seen.shape

    def fill(tile: blocks.Tile) -> None:
        # Strips of whole rows: what lies in one is a run of the sorted places.
        first, last = tile.own[0].start * shape[1], tile.own[0].stop * shape[1]
        change = _smoothed(images[1][:, *tile.wide] - images[0][:, *tile.wide], tile, blur)
        change = change.reshape(len(change), -1)
        for s, at in places.items():
            run = slice(*np.searchsorted(at, (first, last)))
            out[s][:, run] = change[:, at[run] - first]

    side = (max(1, blocks.TILE_PX[0] * blocks.TILE_PX[1] // shape[1]), shape[1])
    blocks.each(fill, blocks.tiles(shape, blocks.reach_of(blur.sigma_px), side))
    return out


def _smoothed(image: Floats, tile: blocks.Tile, blur: Blur) -> Floats:
    """Gaussian mean over what was seen, (..., row, col) of ``tile.own`` from that of ``tile.wide``; 0 elsewhere."""
    taps = blocks.kernel(blur.sigma_px)
    seen = blur.seen[tile.wide]
    if seen.all():
        return blocks.smooth(image, tile, taps)
    share = np.maximum(blocks.smooth(seen.astype(np.float32), tile, taps), np.float32(1e-6))
    return np.where(
        seen[tile.inner], blocks.smooth(np.where(seen, image, np.float32(0)), tile, taps) / share, np.float32(0)
    )


def _core_covariance(residual: NDArray[np.float64]) -> NDArray[np.float64]:
    """Covariance of the innermost residuals; (band, pixel) -> (band, band)."""
    chosen = np.ones(residual.shape[1], bool)
    covariance = np.eye(residual.shape[0])
    for _ in range(3):
        core = residual * chosen  # what is 0 adds nothing to sums; picking it out would take longer
        count = int(np.count_nonzero(chosen))
        mean = core.sum(axis=1) / count
        covariance = (blocks.products(core, residual) - count * np.outer(mean, mean)) / max(count - 1, 1)
        covariance += np.eye(len(covariance)) * max(1e-6 * float(np.trace(covariance)), 1e-12)
        distance = np.einsum("in,in->n", residual, blocks.rotated(np.linalg.inv(covariance), residual))
        chosen = blocks.lowest(distance, _CORE)
    return covariance


def _spread_curve(
    white: NDArray[np.float64], texture: Floats, least: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Robust spread of each component in bins of texture, made monotone."""
    bins = int(np.clip(len(texture) // _MIN_BIN_PX, 1, _BINS))
    order = np.argsort(texture)
    # In the order of texture a bin is a run.
    texture, sizes = texture[order], np.abs(np.take(white, order, axis=1))
    edges = np.quantile(texture, np.linspace(0, 1, bins + 1))
    knots, spreads = [], []
    for low, high in pairwise(edges):
        inside = slice(np.searchsorted(texture, low, "left"), np.searchsorted(texture, high, "right"))
        knots.append(float(np.median(texture[inside])))
        spreads.append(1.4826 * np.median(sizes[:, inside], axis=1))
    curve = np.maximum.accumulate(np.array(spreads), axis=0).T
    # What was measured already holds what the floor stands for; the floor only keeps it from being less.
    return np.array(knots), np.maximum(curve, least[:, None])


@dataclass(frozen=True, kw_only=True, eq=False)
class Weighed:
    """A pair in units of what unchanged ground does; (row, col), 0 where no class of ground is looked at."""

    tolerant: Floats
    """The most favourable difference within the tolerance: what no standing edge explains. For finding."""
    plain: Floats
    """The difference of the smoothed images, pixel on pixel: noise averages out of it before its size is taken. For
    outlines and for telling one thing from the next."""
    looked_at: Bools


def weigh(
    brightness: tuple[Floats, Floats],
    surface: Surfaces,
    texture: Floats,
    noise: NoiseModel,
    *,
    reach: Reach,
    blur: Blur | None = None,
) -> Floats:
    """Weigh a pair, each class of ground in its own whitened frame.

    A pixel's neighbours may be of another class; they are seen in the frame of the pixel's own, or a quay and the water
    beside it would both stand at zero and explain each other away. Dry pixels at the water's edge hold some of both and
    are as strong as the calmer answer of the two: glint on waves that lap a quay is no cargo on it.

    Parameters
    ----------
    brightness
        (band, row, col) before and after, on one scale for all classes.
    surface, texture, noise
        As they went into and came out of :func:`estimate_noise`.
    reach
        How far things lie off, and how far a pixel may look.
    blur
        As given to :func:`estimate_noise`.

    Returns
    -------
    (row, col), root mean square over the components; 0 where no class is looked at.

    """
    strength = np.zeros(surface.shape, np.float32)
    margin = max(reach.tolerance_px, 1, _SHORE_PX) + 1
    further = blocks.reach_of(blur.sigma_px) if blur else 0

    def fill(tile: blocks.Tile) -> None:
        window = blocks.widened(tile.own, margin, surface.shape)
        classes = [s for s in noise.whitening if (surface[window] == s).any()]
        if not classes:
            return
        images = [_smoothed_window(image, window, blur, further) for image in brightness]
        own = _only(tile.own, window)
        # Water last: it has a say in what the classes beside it have found.
        for s in sorted(classes, reverse=True):
            here = surface[window] == s
            shore = _dry_shore(surface[window], noise) & own if s == Surface.WATER else np.zeros_like(here)
            here &= own
            if not (here | shore).any():
                continue
            box = _around(here | shore, margin)
            here, shore = here[box], shore[box]
            places = Places.of(here | shore, max(reach.tolerance_px, 1))
            matrix = noise.whitening[s].astype(np.float32)
            white = tuple(places.transformed(matrix, image[:, *box]) for image in images)
            rough = places.laid_out(texture[window][box][None])
            found = _weighed((white[0], white[1]), rough, places, partial(noise.curve, s), reach)
            answer = strength[window][box]
            if shore.any():
                answer[shore] = np.minimum(answer[shore], found[shore[here | shore]])
                found = found[here[here | shore]]
            answer[here] = found

    blocks.each(fill, blocks.tiles(surface.shape))
    return strength


def _weighed(
    white: tuple[Floats, Floats], rough: Floats, places: Places, curve: Callable[[Floats], Floats], reach: Reach
) -> Floats:
    """Weigh the pixels asked for, (pixel,), from both whitened images and the texture as laid out."""
    found = []
    for piece in places.stretches():
        variance = expected_variance(white, curve(piece.near(rough)[0]), piece, jitter_px=reach.jitter_px)
        found.append(pair_evidence(white, variance, piece, tolerance_px=reach.tolerance_px))
    return np.concatenate(found)[places.own]


def _dry_shore(surface: Surfaces, noise: NoiseModel) -> Bools:
    """(row, col), dry pixels of a class that is looked at, within reach of the water."""
    near = blocks.grown(surface == Surface.WATER.value, _SHORE_PX)
    return near & among(surface, [s for s in noise.whitening if s != Surface.WATER])


@dataclass(frozen=True, kw_only=True)
class Reach:
    """How far things that did not change may lie off."""

    jitter_px: float
    """Registration error that is left, pixels."""
    tolerance_px: int
    """How far a pixel may look for its like, pixels."""


def _smoothed_window(image: Floats, window: tuple[slice, slice], blur: Blur | None, further: int) -> Floats:
    """Cut a window out of (band, row, col), smoothed if asked for."""
    if blur is None:
        return image[:, *window]
    tile = blocks.tile_of(window, further, image.shape[1:])
    return _smoothed(image[:, *tile.wide], tile, blur)


def _only(own: tuple[slice, slice], window: tuple[slice, slice]) -> Bools:
    """(row, col) of a window, True in the tile it was made for."""
    out = np.zeros(tuple(s.stop - s.start for s in window), bool)
    out[tuple(slice(o.start - w.start, o.stop - w.start) for o, w in zip(own, window, strict=True))] = True
    return out


def _around(mask: Bools, margin: int) -> tuple[slice, slice]:
    """Rectangle that holds a mask and a margin, cut to the grid; ``mask`` must hold something."""
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return (
        slice(max(0, rows[0] - margin), min(mask.shape[0], rows[-1] + 1 + margin)),
        slice(max(0, cols[0] - margin), min(mask.shape[1], cols[-1] + 1 + margin)),
    )


def expected_variance(white: tuple[Floats, Floats], curve: Floats, places: Places, *, jitter_px: float) -> Floats:
    """Variance of unchanged pixels: the curve over texture, and what a misplaced standing edge adds.

    An edge of gradient g, misplaced by j pixels, differs by g j. Only edges that stand on both dates count (the smaller
    gradient of the two), so that a new object does not excuse itself.

    Parameters
    ----------
    white
        Before and after, whitened and laid out by ``places``.
    curve
        (component, pixel), spread by texture alone.
    places
        The pixels asked for.
    jitter_px
        Registration error that is left, pixels.

    Returns
    -------
    (component, pixel)

    """
    standing = np.minimum(*(places.squared_rise(image) for image in white))
    standing *= np.float32(jitter_px**2 / 4)
    standing += curve * curve
    return standing


def evidence(observed: Floats, expected: Expectation, *, tolerance_px: float) -> Floats:
    """Root mean square difference from the expectation in spreads, the most favourable within the tolerance.

    Parameters
    ----------
    observed
        (component, row, col).
    expected
        What unchanged ground would show.
    tolerance_px
        A pixel may be explained by any neighbour up to this far in rows and columns, whole pixels.

    Returns
    -------
    (row, col), 0 where the expectation is not valid.

    """
    reach = int(tolerance_px)
    best = np.full(expected.valid.shape, np.inf, np.float32)
    scale = np.float32(1.0) / expected.spread
    height, width = expected.valid.shape
    padded = np.pad(observed, ((0, 0), (reach, reach), (reach, reach)), mode="edge") if reach else observed
    off = np.empty_like(scale)
    for rows in range(2 * reach + 1):
        for cols in range(2 * reach + 1):
            np.subtract(padded[:, rows : rows + height, cols : cols + width], expected.mean, out=off)
            off *= scale
            off *= off
            np.minimum(best, off.sum(axis=0), out=best)
    best /= np.float32(len(observed))
    return np.where(expected.valid, np.sqrt(best), np.float32(0))


def pair_evidence(white: tuple[Floats, Floats], variance: Floats, places: Places, *, tolerance_px: int) -> Floats:
    """Evidence of a pair: each image is the other's expectation, and the stronger of the two answers counts.

    A thin new object is explained away from one side (its neighbours are the old ground) but not from the other. It is
    the larger of :func:`evidence` asked both ways, at chosen pixels only; a test holds the two equal.

    Parameters
    ----------
    white, places
        As they went into :func:`expected_variance`.
    variance
        (component, pixel), of unchanged ground.
    tolerance_px
        A pixel may be explained by any neighbour up to this far in rows and columns.

    Returns
    -------
    (pixel,) of those asked for.

    """
    weight = 1 / variance
    here = [places.near(image) for image in white]
    best = np.full((2, weight.shape[1]), np.inf, np.float32)
    off, total = np.empty_like(weight), np.empty(weight.shape[1], np.float32)
    steps = range(-tolerance_px, tolerance_px + 1)
    for date in (0, 1) if tolerance_px else (0,):  # pixel on pixel both answers are the same
        for down, right in ((down, right) for down in steps for right in steps):
            np.subtract(places.near(white[date], down, right), here[1 - date], out=off)
            off *= off
            np.einsum("kn,kn->n", off, weight, out=total)
            np.minimum(best[date], total, out=best[date])
    strongest = np.maximum(*best) if tolerance_px else best[0]
    return np.asarray(np.sqrt(strongest / np.float32(len(weight)))[places.own])


def smooth_evidence(strength: Floats, valid: Bools, sigma_px: float) -> Floats:
    """Gaussian mean over the valid pixels; 0 elsewhere."""
    out = np.empty(strength.shape, np.float32)
    blur = Blur(sigma_px=sigma_px, seen=valid)

    def fill(tile: blocks.Tile) -> None:
        out[tile.own] = _smoothed(strength[tile.wide], tile, blur)

    blocks.each(fill, blocks.tiles(strength.shape, blocks.reach_of(sigma_px)))
    return out


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """Levels of one surface class, from the strongest response of each block of unchanged ground (Gumbel 1958)."""

    location: float
    """Mode of the block maxima."""
    scale: float
    """Scale of the block maxima."""
    blocks: int
    seed: float
    """A region needs a pixel this strong."""
    grow: float
    """A region reaches over pixels this strong."""

    def let_down(self, floor: float, family_error: float) -> Threshold:
        """Return the level that an unchanged scene exceeds once with a larger chance, never above this one."""
        level = self.location - self.scale * np.log(-np.log1p(-family_error) / max(self.blocks, 1))
        seed = min(self.seed, float(max(level, floor)) if self.blocks else floor)
        return replace(self, seed=seed, grow=min(self.grow, max(self.grow / self.seed * seed, self.location)))


def estimate_thresholds(
    strength: Floats, surface: Surfaces, *, block_px: int, family_error: float, floor: float
) -> dict[int, Threshold]:
    """Set the level that an unchanged scene would exceed once with probability ``family_error``, per surface class.

    The Gumbel line goes through the 20 to 70 % quantiles of the block maxima. Change in a quarter of the blocks still
    raises the level, by about a third (measured in tests/method/test_evidence.py): strong change hides weak change.

    """

    def strongest(s: Surface) -> NDArray[np.float64]:
        where = surface == int(s)
        side = int(np.clip(np.sqrt(np.count_nonzero(where) / _BLOCKS), _MIN_BLOCK_PX, block_px))
        return _block_maxima(strength, where, side)

    thresholds = {}
    for s, maxima in zip(STRATA, blocks.each(strongest, STRATA), strict=True):
        if maxima.size == 0:
            continue
        location, scale = _gumbel_line(maxima)
        level = location - scale * np.log(-np.log1p(-family_error) / maxima.size)
        seed = float(max(level, floor))
        thresholds[int(s)] = Threshold(
            location=location, scale=scale, blocks=int(maxima.size), seed=seed, grow=max(0.5 * seed, location)
        )
    return thresholds


def _block_maxima(strength: Floats, where: Bools, block_px: int) -> NDArray[np.float64]:
    """Strongest pixel of every block at least a third of which is of the class; blocks are fixed to the grid."""
    least = max(1, block_px * block_px // 3)
    edges = np.arange(0, strength.shape[1], block_px)
    maxima = []
    for row in range(0, strength.shape[0], block_px):
        here = strength[row : row + block_px]
        own = where[row : row + block_px] & np.isfinite(here)
        counted = np.add.reduceat(own.sum(axis=0), edges)
        strongest = np.maximum.reduceat(np.where(own, here, np.float32(-np.inf)).max(axis=0), edges)
        maxima.append(strongest[counted >= least])
    found = np.concatenate(maxima).astype(np.float64)
    return np.array([np.nanmax(strength[where])]) if not found.size and where.any() else found


def _gumbel_line(maxima: NDArray[np.float64]) -> tuple[float, float]:
    """Location and scale of a Gumbel law through the middle of the sorted maxima."""
    ordered = np.sort(maxima)
    n = len(ordered)
    if n < 8:  # noqa: PLR2004 - too few for a line; the largest stands for all
        return float(ordered[-1]), float(max(ordered.std(), 0.25 * ordered[-1], 1e-6))
    p = (np.arange(n) + 0.5) / n
    reduced = -np.log(-np.log(p))
    middle = (p > 0.2) & (p < 0.7)  # noqa: PLR2004
    scale, location = np.polyfit(reduced[middle], ordered[middle], 1)
    return float(location), float(max(scale, 1e-6))
