"""What kind of surface a pixel is, and how one image's numbers translate into the other's.

Relative normalisation: gain and offset per band from the pixels that changed least (after Du et al. 2002,
10.1016/S0034-4257(02)00029-9; the iterated choice follows Canty and Nielsen 2008, 10.1016/j.rse.2007.07.013), in the
symmetric form of the reduced major axis: both images are brought to the same spread, so that swapping them changes
nothing. Water and ground are centred apart, because haze and glint add to dark water what they do not add to concrete.

Assumption: most of each kind of surface did not change. Broken by: snow or wet ground on one date, a change of more
than about a third of a surface class.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from scipy import ndimage, special
from skimage.filters import threshold_otsu

from imagery_diff.method import blocks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]
    Layer = TypeVar("Layer", Floats, NDArray[np.uint8])

_LEAST_CHANGED = 0.7
"""Share of the pixels on which gain and offset are taken, those that differ least; method.md section 5."""
_SAMPLE_PX = 200_000
"""Pixels from which gains, centres and colours are taken, evenly spread: good to below a hundredth of a spread."""
_FIRST_PX = 20_000
"""Pixels on which the choice of those that changed least is settled first."""
_CELLS = 41
"""The square over which slow drift is taken is cut into about so many cells a side. On rendered and real pairs the
drift then differs from that of a mean at every pixel by 0.3 to 6 % (rms) of the scatter of unchanged ground."""
_LINES = 16
"""Lines of pixels laid out at once: they lie on few lines of cells, and products so small stay on their thread."""
_GLINT_PX = 5
"""Waves that glint are averaged over so many pixels."""
_NDWI_WATER = 0.1
_DARK_NIR = 0.15
"""Water swallows the near infrared: share of the image's own range, from its darkest thousandth to its brightest
twentieth, up to which a pixel may be water where its numbers are no reflectance."""
_MIN_STRATUM_PX = 500
"""A surface class with fewer pixels is treated with the others."""


class Surface(enum.IntEnum):
    """Classes of ground whose unchanged pixels behave alike; of whole images ask by ``value``, as with ``Flag``."""

    UNSEEN = 0
    WATER = 1
    SMOOTH = 2
    """Little standing structure within some tens of metres: open concrete, soil; without a NIR band also water."""
    ROUGH = 3
    """Standing structure on both dates: buildings, clutter, edges."""
    VEGETATION = 4


DRY = (Surface.SMOOTH, Surface.ROUGH, Surface.VEGETATION)
STRATA = (Surface.WATER, *DRY)
"""Classes in which change is looked for. Vegetation changes by itself, and that is its scatter: in another season it
takes more to stand out from it."""


def among(surface: NDArray[np.uint8], kinds: Iterable[int]) -> Bools:
    """Say which pixels are of some classes; (row, col), ten times as fast as numpy tells that."""
    out = np.zeros(surface.shape, bool)
    for kind in kinds:
        out |= surface == int(kind)
    return out


@dataclass(frozen=True, kw_only=True, eq=False)
class Ground:
    """What the ground is, from both dates."""

    surface: NDArray[np.uint8]
    """(row, col), :class:`Surface`."""
    texture: Floats
    """(row, col), log of the local spread of brightness, the smaller of the two dates: an object that stands on one
    date only does not make its own place rough."""
    water: tuple[Bools, Bools] | None
    """(row, col) before and after, True where the pixel looks like the scene's open water; None where that is not
    known."""


def classify_ground(
    images: tuple[Floats, Floats],
    seen: Bools,
    names: tuple[str, ...],
    *,
    texture_px: int,
    ndvi: float,
    water_hint: Bools | None = None,
    reflectance: bool = True,
) -> Ground:
    """Tell water, vegetation, smooth and rough ground apart by the pixels of both dates.

    Parameters
    ----------
    images
        (band, row, col) before and after, co-registered.
    seen
        (row, col), True where both images were seen.
    names
        Common names of the bands; vegetation needs ``red`` and ``nir``, water ``green`` and ``nir`` or the hint.
    texture_px
        Side of the neighbourhood in which structure is measured, pixels.
    ndvi
        Above it, on either date, ground is vegetation.
    water_hint
        (row, col), True where the AOI draws water; asked only where there is no near infrared.
    reflectance
        Whether the numbers are reflectance, so that a ratio of bands is one of brightness.

    """
    texture = _log_texture(images, seen, texture_px)
    surface = np.full(seen.shape, Surface.SMOOTH, np.uint8)
    water = water_masks(*images, seen, names, texture, water_hint, reflectance=reflectance)
    if {"red", "nir"} <= set(names):
        surface[plants(*images, names, ndvi=ndvi)] = Surface.VEGETATION
    if water is not None:
        surface[water[0] | water[1]] = Surface.WATER
    open_ground = seen & (surface == Surface.SMOOTH.value)
    if np.count_nonzero(open_ground) >= _MIN_STRATUM_PX and np.ptp(texture[open_ground]) > 0:
        limit = float(threshold_otsu(texture[open_ground]))
        surface[open_ground & (texture > limit)] = Surface.ROUGH
    surface[~seen] = Surface.UNSEEN
    return Ground(surface=_join_small(surface), texture=texture, water=water)


def water_masks(
    before: Floats,
    after: Floats,
    seen: Bools,
    names: tuple[str, ...],
    texture: Floats,
    hint: Bools | None,
    *,
    reflectance: bool = True,
) -> tuple[Bools, Bools] | None:
    """Find on each date the pixels that look like the water that is there on both.

    An index alone takes blue containers and shaded concrete for water. So the index (McFeeters 1996,
    10.1080/01431169608948714), or without near infrared the AOI's own berths, only finds a core that is water on both
    dates; a pixel of one date is water if its colour lies within the spread of the core on that date. Sun glint is
    grey: where it covers the water of one date the index there is a little above 0 in the mean, and grey ground is
    kept off by the same bound. Raw numbers and the light of the air lift green over the near infrared everywhere, so
    there the core must also be dark in the near infrared.

    """
    index, wet = None, (seen, seen)
    if {"green", "nir"} <= set(names):
        g, n = names.index("green"), names.index("nir")
        index = ((before[g], before[n]), (after[g], after[n]))
        if not reflectance:
            seen = seen & _dark(before[n], seen) & _dark(after[n], seen)
        core = seen & _ratio_above(*index[0], _NDWI_WATER) & _ratio_above(*index[1], _NDWI_WATER)
    elif hint is not None and np.any(hint & seen):
        # Drawn water holds ships and quay edges too; its smoother half is water.
        core = hint & seen & (texture <= np.median(texture[hint & seen]))
    else:
        return None
    core = blocks.shrunk_by_steps(core, 2)
    if np.count_nonzero(core) < _MIN_STRATUM_PX and index is not None:
        calm = tuple(ndimage.uniform_filter(_ratio(*bands), _GLINT_PX) for bands in index)
        wet = (seen & (calm[0] > 0), seen & (calm[1] > 0))
        core = blocks.shrunk_by_steps(wet[0] & wet[1] & (np.maximum(*calm) > _NDWI_WATER), 2)
    if np.count_nonzero(core) < _MIN_STRATUM_PX:
        return None

    def mask(date: int) -> Bools:
        like = looks_like((before, after)[date], core) & wet[date]
        # A majority keeps single glints, foam and wakes from making islands, and dark pixels on land from making ponds.
        near = np.pad(like.view(np.uint8), 1, mode="edge")
        near = near[:-2] + near[1:-1] + near[2:]
        return np.asarray(near[:, :-2] + near[:, 1:-1] + near[:, 2:] > 9 // 2)

    first, second = blocks.each(mask, (0, 1))
    return _joined_to((first, second), core)


def _dark(band: Floats, seen: Bools) -> Bools:
    """Pixels in the dark end of a band's range; (row, col)."""
    if not seen.any():
        return seen
    low, high = np.percentile(band[seen][:: max(1, np.count_nonzero(seen) // _SAMPLE_PX)], (0.1, 95))
    return np.asarray(band <= low + _DARK_NIR * (high - low), bool)


def _joined_to(masks: tuple[Bools, Bools], core: Bools) -> tuple[Bools, Bools]:
    """Keep of what looks like water that which a way over water of either date leads to from a core.

    Water has a surface in common; a heap of coal, a dark roof and the shade of a shed have its colour, most of all
    where no near infrared tells, and lie by themselves. What a ship lay on is joined through the water of the day it
    was gone.

    """
    labels, count = ndimage.label(masks[0] | masks[1])
    wet = np.zeros(count + 1, bool)
    pieces = blocks.tiles(core.shape)

    def mark(tile: blocks.Tile) -> None:
        wet[labels[tile.own][core[tile.own]]] = True

    blocks.each(mark, pieces)
    wet[0] = False
    joined = (np.empty(core.shape, bool), np.empty(core.shape, bool))

    def keep(tile: blocks.Tile) -> None:
        there = np.take(wet, labels[tile.own])
        for mask, into in zip(masks, joined, strict=True):
            np.logical_and(mask[tile.own], there, out=into[tile.own])

    blocks.each(keep, pieces)
    return joined


@dataclass(frozen=True, kw_only=True, eq=False)
class Colour:
    """The colour of some ground and how it varies there."""

    middle: Floats
    """(band,)"""
    frame: Floats
    """(component, band), in which it is white."""

    def like(self, image: Floats) -> Bools:
        """Pixels whose colour lies within that; (row, col) from (band, row, col)."""
        like = np.empty(image.shape[1:], bool)
        limit = np.float32(special.chdtri(len(image), 0.001))

        def fill(tile: blocks.Tile) -> None:
            offset = image[:, *tile.own] - self.middle[:, None, None]
            white = np.matmul(self.frame, offset.transpose(1, 0, 2))
            like[tile.own] = np.einsum("rkc,rkc->rc", white, white) <= limit

        blocks.each(fill, blocks.tiles(like.shape))
        return like


def looks_like(image: Floats, core: Bools) -> Bools:
    """Pixels whose colour lies within the robust spread of a core's; (row, col)."""
    return estimate_colour(image, core).like(image)


def estimate_colour(image: Floats, core: Bools) -> Colour:
    """Measure the robust spread of a core's colours."""
    flat = image.reshape(len(image), -1)
    sample = np.take(flat, blocks.sampled(core, _SAMPLE_PX), axis=1)
    middle = np.median(sample, axis=1)
    sample -= middle[:, None]
    distance = np.abs(sample)
    inner = (distance <= np.quantile(distance, 0.9, axis=1)[:, None]).all(axis=0)
    sample = sample[:, inner] if np.count_nonzero(inner) > len(image) else sample
    off = sample - sample.mean(axis=1, dtype=np.float64)[:, None]
    centre, covariance = middle.astype(np.float64), blocks.products(off, off) / max(off.shape[1] - 1, 1)
    # The inner part underrates the spread, and water changes over a harbour: doubled, and at least a twentieth of its
    # brightness.
    covariance = 4 * covariance + np.diag((0.05 * np.abs(centre)) ** 2 + 1e-12)
    # The squared distance is the length of the offset in a frame in which the core is white.
    frame = np.linalg.inv(np.linalg.cholesky(covariance)).astype(np.float32)
    return Colour(middle=middle, frame=frame)


def plants(before: Floats, after: Floats, names: tuple[str, ...], *, ndvi: float) -> Bools:
    """Where either date shows vegetation, grown by two pixels; (row, col). Needs the bands ``red`` and ``nir``.

    Blue paint is bright in the near infrared and dark in red as plants are (NDVI of a blue container: 0.3 and more);
    but leaves absorb blue, so with a blue band green must outshine it.
    """
    green = np.zeros(before.shape[1:], bool)
    for image in (before, after):
        leaf = _ratio_above(image[names.index("nir")], image[names.index("red")], ndvi)
        if {"green", "blue"} <= set(names):
            leaf &= image[names.index("green")] > image[names.index("blue")]
        green |= leaf
    return blocks.grown_by_steps(green, 2)


def _ratio_above(one: Floats, other: Floats, limit: float) -> Bools:
    """Say where the normalised difference is above a limit; it is never held, nor divided, for all pixels."""
    out = np.empty(one.shape, bool)

    def fill(tile: blocks.Tile) -> None:
        a, b = one[tile.own], other[tile.own]
        total = np.maximum(a, 0) + np.maximum(b, 0)
        np.greater(a - b, np.maximum(total, np.float32(1e-6)) * np.float32(limit), out=out[tile.own])
        out[tile.own] &= total > 0

    blocks.each(fill, blocks.tiles(one.shape))
    return out


def _ratio(one: Floats, other: Floats) -> Floats:
    """Normalised difference; 0 where both are dark."""
    out = np.empty(one.shape, np.float32)

    def fill(tile: blocks.Tile) -> None:
        a, b = one[tile.own], other[tile.own]
        total = np.maximum(a, 0) + np.maximum(b, 0)
        np.divide(a - b, np.maximum(total, np.float32(1e-6)), out=out[tile.own])
        out[tile.own] *= total > 0

    blocks.each(fill, blocks.tiles(one.shape))
    return out


def _log_texture(images: tuple[Floats, Floats], seen: Bools, size: int) -> Floats:
    """Log of the local standard deviation of brightness, in units of each image's own spread; the smaller of both."""
    texture = np.zeros(seen.shape, np.float32)
    if not seen.any():
        return texture
    places = blocks.sampled(seen, _SAMPLE_PX)
    ranges = blocks.each(lambda i: np.percentile(_mean_at(i, places), [16, 50, 84]), images)

    def fill(tile: blocks.Tile) -> None:
        there = seen[tile.wide]
        all_seen = bool(there.all())
        share = 1.0 if all_seen else np.maximum(blocks.mean_over(there.astype(np.float64), tile, size), 1e-6)
        found = []
        for image, (low, middle, high) in zip(images, ranges, strict=True):
            scaled = (image[:, *tile.wide].mean(axis=0) - middle) / max(high - low, 1e-12)
            scaled = scaled if all_seen else np.where(there, scaled, 0.0)
            first = blocks.mean_over(scaled, tile, size) / share
            second = blocks.mean_over(scaled**2, tile, size) / share
            found.append(np.maximum(second - first**2, 0))
        texture[tile.own] = np.log(np.sqrt(np.minimum(*found)) + 1e-3)

    blocks.each(fill, blocks.tiles(seen.shape, size // 2 + 1))
    return texture


def _mean_at(image: Floats, places: NDArray[np.intp]) -> Floats:
    """Mean of the bands at flat places; (pixel,)."""
    return np.asarray(np.take(image.reshape(len(image), -1), places, axis=1).mean(axis=0))


def _join_small(surface: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give a class too small for statistics of its own to the largest other one."""
    counts = {s: np.count_nonzero(surface == int(s)) for s in STRATA}
    largest = max(counts, key=lambda s: counts[s])
    for s in (Surface.SMOOTH, Surface.ROUGH):
        if 0 < counts[s] < _MIN_STRATUM_PX:
            other = Surface.ROUGH if s == Surface.SMOOTH else Surface.SMOOTH
            surface[surface == int(s)] = other if counts[other] else largest
    return surface


@dataclass(frozen=True, kw_only=True, eq=False)
class Match:
    """How both images are brought to common numbers: ``(value - centre) * gain`` per band, a centre per surface."""

    gain_before: NDArray[np.float64]
    """(band,)"""
    gain_after: NDArray[np.float64]
    """(band,)"""
    centre_before: dict[int, NDArray[np.float64]]
    """Surface class -> (band,)"""
    centre_after: dict[int, NDArray[np.float64]]

    def apart(self, surface: int) -> NDArray[np.float64]:
        """Return after less before at the centres of a class, each times its gain; (band,)."""
        return self.centre_after[surface] * self.gain_after - self.centre_before[surface] * self.gain_before

    @property
    def relative_gain(self) -> list[float]:
        """After over before, per band: what an unchanged surface's contrast was multiplied by."""
        return [float(b / a) for b, a in zip(self.gain_before, self.gain_after, strict=True)]


def estimate_match(before: Floats, after: Floats, surface: NDArray[np.uint8]) -> Match:
    """Estimate gains from all ground together and a centre for each surface class.

    Parameters
    ----------
    before, after
        (band, row, col).
    surface
        (row, col), :class:`Surface`; unseen pixels take no part.

    """
    ground = among(surface, (Surface.SMOOTH, Surface.ROUGH))
    if np.count_nonzero(ground) < _MIN_STRATUM_PX:
        ground = surface != Surface.UNSEEN.value

    def settle(kind: Surface | None) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]] | None:
        where = ground if kind is None else surface == kind.value
        if not where.any():
            return None
        samples = _sampled((before, after), where)
        chosen, *spreads = _least_changed(*samples)
        return spreads, [sample[:, chosen].mean(axis=1, dtype=np.float64) for sample in samples]

    whole, *each = blocks.each(settle, (None, *STRATA))
    assert whole is not None
    spread_before, spread_after = whole[0]
    middle = np.sqrt(spread_before * spread_after)
    centres: tuple[dict[int, NDArray[np.float64]], dict[int, NDArray[np.float64]]] = ({}, {})
    for s, found in zip(STRATA, each, strict=True):
        if found is not None:
            centres[0][int(s)], centres[1][int(s)] = found[1]
    return Match(
        gain_before=middle / spread_before,
        gain_after=middle / spread_after,
        centre_before=centres[0],
        centre_after=centres[1],
    )


def _sampled(images: tuple[Floats, Floats], where: Bools) -> tuple[Floats, Floats]:
    """Pixels of a mask, evenly thinned where they are many; (band, pixel) of each image."""
    at = blocks.sampled(where, _SAMPLE_PX)
    before, after = (np.take(image.reshape(len(image), -1), at, axis=1) for image in images)
    return before, after


@dataclass(frozen=True, kw_only=True, eq=False)
class _Standard:
    """Pixels of one date in units of their own spread about their own middle, so that single precision does."""

    values: Floats
    """(band, pixel)"""
    squares: Floats
    unit: NDArray[np.float64]
    """(band,)"""

    @classmethod
    def of(cls, pixels: Floats) -> _Standard:
        values = pixels - pixels.mean(axis=1, keepdims=True)
        unit = np.maximum(np.sqrt(np.mean(values * values, axis=1, keepdims=True)), np.float32(1e-9))
        values /= unit
        return cls(values=values, squares=values * values, unit=unit[:, 0].astype(np.float64))

    def thinned(self, every: int) -> _Standard:
        return _Standard(values=self.values[:, ::every], squares=self.squares[:, ::every], unit=self.unit)

    def over(self, chosen: Bools) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and spread of each band over some pixels, (band,), in units."""
        share = chosen.astype(np.float32) / max(int(np.count_nonzero(chosen)), 1)
        mean, square = (np.einsum("kn,n->k", part, share).astype(np.float64) for part in (self.values, self.squares))
        return mean, np.sqrt(np.maximum(square - mean**2, 1e-12))


def _least_changed(before: Floats, after: Floats) -> tuple[Bools, NDArray[np.float64], NDArray[np.float64]]:
    """Say which pixels changed least, (pixel,), and how they spread in each band, (band,) before and after.

    Many pixels begin from what an even part of them settled on. Arrays are (band, pixel).
    """
    sides = (_Standard.of(before), _Standard.of(after))
    chosen: Bools = np.ones(before.shape[1], bool)
    if len(chosen) > _FIRST_PX:
        part = tuple(side.thinned(-(-len(chosen) // _FIRST_PX)) for side in sides)
        first = _settled((part[0], part[1]), np.ones(part[0].values.shape[1], bool))
        chosen = _nearest(sides, [side.over(first) for side in part])
    chosen = _settled(sides, chosen)
    spread = [side.over(chosen)[1] * side.unit for side in sides]
    return chosen, spread[0], spread[1]


def _settled(sides: tuple[_Standard, _Standard], chosen: Bools) -> Bools:
    """Iterate: standardise on the chosen pixels, keep those that differ least."""
    # Four rounds, as in method.md, do not settle where a quarter changed: gains came out twice too large.
    for _ in range(25):
        last = chosen
        chosen = _nearest(sides, [side.over(chosen) for side in sides])
        if np.mean(chosen != last) < 1e-3:  # noqa: PLR2004 - settled
            break
    return chosen


def _nearest(
    sides: tuple[_Standard, _Standard], standards: list[tuple[NDArray[np.float64], NDArray[np.float64]]]
) -> Bools:
    """Say which pixels differ least once both dates have mean 0 and spread 1 in each band; (pixel,)."""
    (own, own_spread), (other, other_spread) = standards
    distance = np.zeros(sides[0].values.shape[1], np.float32)
    for k, (before, after) in enumerate(zip(sides[0].values, sides[1].values, strict=True)):
        offset = np.float32(other[k] / other_spread[k] - own[k] / own_spread[k])
        distance += (after * np.float32(1 / other_spread[k]) - before * np.float32(1 / own_spread[k]) - offset) ** 2
    return blocks.lowest(distance, _LEAST_CHANGED)


def apply_match(
    before: Floats,
    after: Floats,
    surface: NDArray[np.uint8],
    match: Match,
    *,
    drift_px: int,
    out: tuple[Floats, Floats] | None = None,
) -> tuple[Floats, Floats]:
    """Bring both images to common numbers, each class of ground at its middle level, and share out what still drifts.

    What the dates differ by once each has its gain is, for each class, the distance of its centres and what drifts
    slowly over ``drift_px``: one field, by half of which each image is moved towards the other. Pixels of no class are
    0. The answer is laid into ``out``, which may be the images themselves.
    """
    gains = [np.asarray(gain, np.float32)[:, None, None] for gain in (match.gain_before, match.gain_after)]
    apart = _estimate_drift(
        _Difference(before=before, after=after, gains=(gains[0], gains[1])), surface, match, drift_px
    )
    matched = out or (np.empty(before.shape, np.float32), np.empty(after.shape, np.float32))

    def share(tile: blocks.Tile) -> None:
        here = surface[tile.own]
        half = apart.over(tile, here)
        half *= np.float32(0.5)
        known = among(here, apart.cells)
        for image, gain, whole, move in zip((before, after), gains, matched, (np.add, np.subtract), strict=True):
            for k, band in enumerate(half):  # band by band it stays in the processor's cache
                into = whole[k][tile.own]
                np.multiply(image[k][tile.own], gain[k], out=into)
                move(into, band, out=into)
            if not known.all():
                whole[:, *tile.own][:, ~known] = 0

    blocks.each(share, blocks.tiles(surface.shape))
    return matched


def middle_level(match: Match) -> dict[int, NDArray[np.float64]]:
    """Brightness of unchanged ground by surface class, (band,) in the common numbers, half-way between the dates."""
    return {
        s: (before * match.gain_before + match.centre_after[s] * match.gain_after) / 2
        for s, before in match.centre_before.items()
    }


def on_common_scale(
    colours: tuple[NDArray[np.float64], NDArray[np.float64]], match: Match
) -> tuple[dict[int, NDArray[np.float64]], dict[int, NDArray[np.float64]]]:
    """Translate a colour of each image, (band,) in its own numbers, as :func:`apply_match` does its pixels.

    Returns
    -------
    Before and after: surface class -> (band,), since each class is centred apart.

    """
    level = middle_level(match)
    sides = (
        (colours[0], match.gain_before, match.centre_before),
        (colours[1], match.gain_after, match.centre_after),
    )
    before, after = ({s: (own - c) * gain + level[s] for s, c in centres.items()} for own, gain, centres in sides)
    return before, after


@dataclass(frozen=True, kw_only=True, eq=False)
class _Drift:
    """A slowly varying difference of two images on a grid of square cells, for each surface class by itself."""

    cell_px: int
    cells: dict[Surface, Floats]
    """Class -> (band, row of cells, col of cells); between the middles of cells it varies linearly."""

    def over(self, tile: blocks.Tile, surface: NDArray[np.uint8]) -> Floats:
        """Return the drift of every pixel's own class; (band, row, col), from ``surface`` of the tile."""
        bands = len(next(iter(self.cells.values()))) if self.cells else 0
        out = np.zeros((bands, *surface.shape), np.float32)
        for s, cells in self.cells.items():
            here = surface == int(s)
            if here.any():
                field = _interpolated(cells, tile.own, self.cell_px)
                field *= here.astype(np.float32)  # a product with a mask takes a tenth of a copy through it
                out += field
        return out


def _interpolated(cells: Floats, own: tuple[slice, slice], cell_px: int) -> Floats:
    """Vary linearly between the middles of cells; (band, row of cells, col of cells) -> (band, row, col)."""
    down, across = (_between(o, cell_px, n) for o, n in zip(own, cells.shape[1:], strict=True))
    first = down[0][0]
    near = cells[:, first : down[1][-1] + 1]
    # Along the few rows of cells first; then every row of pixels is a mean of two of these lines.
    lines = near[..., across[0]] + (near[..., across[1]] - near[..., across[0]]) * across[2]
    rows = np.arange(len(down[0]))
    parts = np.zeros((len(rows), near.shape[1]), np.float32)
    parts[rows, down[0] - first] = 1 - down[2]
    parts[rows, down[1] - first] += down[2]
    out = np.empty((len(cells), len(rows), lines.shape[-1]), np.float32)
    for at in range(0, len(rows), _LINES):
        run = slice(at, at + _LINES)
        touched = slice(down[0][run][0] - first, down[1][run][-1] - first + 1)
        np.matmul(parts[run, touched], lines[:, touched], out=out[:, run])
    return out


def _between(own: slice, cell_px: int, count: int) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    """Return the cell before and after each pixel of a run, and how far it lies between their middles.

    Beyond the middles of the outermost cells nothing changes.
    """
    at = np.clip((np.arange(own.start, own.stop) + 0.5) / cell_px - 0.5, 0, count - 1)
    low = at.astype(np.intp)
    return low, np.minimum(low + 1, count - 1), (at - low).astype(np.float32)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Difference:
    """After less before, each times its gain; never held for all bands at once."""

    before: Floats
    """(band, row, col)"""
    after: Floats
    gains: tuple[Floats, Floats]
    """(band, 1, 1) of before and after."""

    def of(self, band: int, window: tuple[slice, slice]) -> Floats:
        """Return (row, col) of a band."""
        out = self.after[band][window] * self.gains[1][band]
        out -= self.before[band][window] * self.gains[0][band]
        return np.asarray(out)

    def at(self, places: NDArray[np.intp]) -> Floats:
        """Return (band, pixel) at flat places."""
        before, after = (np.take(i.reshape(len(i), -1), places, axis=1) for i in (self.before, self.after))
        return np.asarray(after * self.gains[1][:, 0] - before * self.gains[0][:, 0])


def _estimate_drift(difference: _Difference, surface: NDArray[np.uint8], match: Match, size: int) -> _Drift:
    """Local mean, over a square of side ``size``, of the clipped difference of each surface class by itself.

    It begins at the distance of the class's centres. Objects are clipped, haze is not. A mean over a square of many
    pixels varies slowly, so it is taken of the sums over cells, :data:`_CELLS` to its side.
    """
    cell = max(1, round(size / _CELLS))
    width = 2 * round((size / cell - 1) / 2) + 1
    kinds = [s for s in STRATA if int(s) in match.centre_before]
    found = blocks.each(lambda s: blocks.sampled(surface == int(s), _SAMPLE_PX), kinds)
    places = {s: at for s, at in zip(kinds, found, strict=True) if len(at)}
    taken = blocks.each(lambda at: (difference.at(at), _cell_at(at, surface.shape, cell)), list(places.values()))
    sampled = dict(zip(places, taken, strict=True))
    share = _cell_counts(surface, list(places), cell)
    share = {s: np.maximum(ndimage.uniform_filter(n, width), np.float32(1e-3 * cell**2)) for s, n in share.items()}
    start = {s: match.apart(s)[:, None, None].astype(np.float32) for s in share}
    drift = _Drift(cell_px=cell, cells={s: start[s] + np.zeros_like(n) for s, n in share.items()})
    limits = np.zeros((len(difference.before), max(Surface) + 1), np.float32)

    def set_limit(s: Surface) -> None:
        values, inside = sampled[s]
        left = np.abs(values - np.take(drift.cells[s].reshape(len(values), -1), inside, axis=1))
        limits[:, s] = 2.5 * 1.4826 * np.median(left, axis=1)

    for _ in range(2):
        blocks.each(set_limit, list(places))
        sums = _clipped_sums(difference, surface, drift, limits)
        for s, total in sums.items():
            drift.cells[s][:] += ndimage.uniform_filter(total, (0, width, width)) / share[s]
    return drift


def _cell_at(places: NDArray[np.intp], shape: tuple[int, ...], cell: int) -> NDArray[np.intp]:
    """Return the flat place of the cell in which each flat place of an image lies."""
    row, col = np.divmod(places, shape[1])
    return np.asarray(row // cell * -(-shape[1] // cell) + col // cell)


def _clipped_sums(
    difference: _Difference, surface: NDArray[np.uint8], drift: _Drift, limits: Floats
) -> dict[Surface, Floats]:
    """Sum what a drift leaves, clipped, over each cell and class; class -> (band, row of cells, col of cells)."""
    cell = drift.cell_px
    sums = {s: np.zeros_like(cells) for s, cells in drift.cells.items()}

    def fill(tile: blocks.Tile) -> None:
        target = _cells_of(tile, cell)
        here = _in_whole_cells(surface[tile.own], cell)
        masks = {s: mine.astype(np.float32) for s in sums if (mine := here == int(s)).any()}
        for k in range(len(difference.before)):  # band by band it stays in the processor's cache
            left = _in_whole_cells(difference.of(k, tile.own), cell)
            for s, mine in masks.items():
                # Between neighbouring cells a drift hardly differs: the nearest does.
                own = left - drift.cells[s][k][target].repeat(cell, 1)[:, None]
                np.clip(own, -limits[k, s], limits[k, s], out=own)
                sums[s][k][target] = _cell_sums(own, mine)

    blocks.each(fill, _cell_tiles(surface.shape, cell))
    return sums


def _cell_counts(surface: NDArray[np.uint8], kinds: list[Surface], cell: int) -> dict[Surface, Floats]:
    """Count the pixels of each class in each cell; class -> (row of cells, col of cells)."""
    counts = {s: np.zeros([-(-n // cell) for n in surface.shape], np.float32) for s in kinds}

    def fill(tile: blocks.Tile) -> None:
        here = _in_whole_cells(surface[tile.own], cell)
        for s, count in counts.items():
            mine = (here == int(s)).astype(np.float32)
            count[_cells_of(tile, cell)] = _cell_sums(mine, mine)

    blocks.each(fill, _cell_tiles(surface.shape, cell))
    return counts


def _cell_tiles(shape: tuple[int, ...], cell: int) -> list[blocks.Tile]:
    """Cut an image into tiles of whole cells."""
    side = (max(1, blocks.TILE_PX[0] // cell) * cell, max(1, blocks.TILE_PX[1] // cell) * cell)
    return blocks.tiles(shape, side=side)


def _cells_of(tile: blocks.Tile, cell: int) -> tuple[slice, slice]:
    """Rows and columns of the cells that a tile of whole cells holds."""
    rows, cols = (slice(o.start // cell, -(-o.stop // cell)) for o in tile.own)
    return rows, cols


def _in_whole_cells(image: Layer, cell: int) -> Layer:
    """Lay (row, col) out as (row of cells, row in it, col); cells at the far edges are filled up with 0."""
    rows, cols = (-n % cell for n in image.shape)
    whole = np.pad(image, [(0, rows), (0, cols)]) if rows or cols else image
    return np.asarray(whole.reshape(-1, cell, whole.shape[1]))


def _cell_sums(image: Floats, mask: Floats) -> Floats:
    """Sum what a mask holds over square cells, both as :func:`_in_whole_cells` lays them out."""
    lines = np.einsum("rcx,rcx->rx", image, mask)
    return np.asarray(np.add.reduceat(lines, np.arange(0, lines.shape[1], image.shape[1]), axis=1))
