"""What stands on the water of one image: nothing to compare with but the water around it.

Open water is the one ground of a port that looks alike over hundreds of metres, so a single image shows what is not
water on it. With x the colour of a pixel, m and S mean and covariance of the water within some hundred metres,

    z = sqrt((x - m)' S^-1 (x - m) / bands),

the distance of Reed and Yu (1990, 10.1109/29.60107) with the place's own water as background. The level from which it
counts follows from the water itself: the strongest z of blocks of 75 m, whose median and spread are those of blocks
without ships as long as most blocks have none.

Water is where near infrared is dark against green (McFeeters 1996, 10.1080/01431169608948714), or, without it, where
it is smooth over 60 m and more, greener than red, and joined over 0.05 km2; or where the AOI draws it. On land a single
image cannot tell what stands from what came, and nothing is said.

Assumption: most of the water in sight is empty. Broken by: surf, shoals and glint (whole blocks differ: the level
rises, and ships are missed), smooth green fields (taken for water where no near infrared tells; said so), jetties and
dolphins (they stand on water: candidates), ships moored side by side (one candidate), ships alongside a quay that the
AOI does not draw (they are joined to land, and left out).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from skimage.morphology import convex_hull_image

from imagery_diff.method import radiometry
from imagery_diff.method.edges import DELIVERED_PX, rise_px, smooth, standing_rise_px
from imagery_diff.method.regions import Patch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]

_SMOOTH = 0.12
"""Spread of the logarithm of brightness over 7 x 7 pixels below which ground is smooth: waves and noise of water on
real PlanetScope pictures stay below it, roofs, yards and woods do not."""
_CORE_M = 30.0
"""A disc of this radius must fit into open water, metres."""
_LEAST_KM2 = 0.05
_GREENER = 1.03
"""Water returns more green than red, if only by the light of the air above it; soil, sand, concrete return less."""
_THING_M = 60.0
"""What stands on water is no broader than this, metres: the largest ships' beams."""
_AROUND_M = 200.0
"""Water that a pixel is held against, metres to each side."""
_BLOCK_M = 75.0
_LEAST_BLOCKS = 12
_ABOVE = 6.0
"""Scatters above the median of the blocks' maxima at which something stands out: of blocks without ships, Gumbel's law
leaves one in ten thousand beyond."""
_SOFTER, _SHARPEST = 1.3, 0.1
"""By how much softer than the edges of the image the sharpest tenth of a thing's rim may be (``method/edges.py`` asks
the same of a change): shoals and slicks have no edge, a ship has one, if not where its deck is as dark as the water."""
_FLOOR = 0.01
"""Two pixels of one water agree at best to this share of its brightness."""
_BLUR_PX = 0.7
_IN_BERTH, _ALONGSIDE, _SLENDER, _OTHER_COLOUR = 0.8, 0.6, 9.0, 0.25
"""Share of a thing in a drawn berth, share of its rim on land, length over beam, and by how much of its contrast with
the water it differs from the land, within which it is a ship alongside: hulls are three to nine times as long as
broad."""
_QUAY_PX = 2
"""Reach of the blurred edge of a quay, pixels: nothing is looked for so near to it."""
_SOLID = 0.6
"""Share of its convex hull that a ship alongside fills."""
_AMID_WATER = 0.5
"""Share of what lies beyond the blur of a thing's rim that looks like water: the greater part; a wake is none."""
_MOSTLY, _FAR_PX = 0.5, 60
"""Share of what is no water, within so many pixels, that a thing of no hull's shape must be to stand by itself."""
_SHIP_M2 = 410.0 * 61.0
"""The largest ship afloat."""
_TINY = 1e-9
_EIGHT = np.ones((3, 3), bool)


@dataclass(frozen=True, kw_only=True, eq=False)
class Water:
    """The water of one image."""

    wet: Bools
    """(row, col), pixels that look like it."""
    domain: Bools
    """(row, col), where something may stand on it."""
    drawn: Bools
    """(row, col), the part of it that the AOI draws."""
    land: Bools
    """(row, col), what is no water; what was not seen amid water is none."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Standing:
    """What stands on the water."""

    strength: Floats
    """(row, col), z, smoothed; 0 away from water."""
    level: float | None
    """From which it counts; None where there is too little water to tell."""
    patches: list[Patch]
    offset: Floats
    """(band, row, col), the image less the mean of the water around."""


def find_water(image: Floats, seen: Bools, names: tuple[str, ...], pixel_m: float, drawn: Bools | None) -> Water | None:
    """Find the open water of one image.

    Parameters
    ----------
    image
        (band, row, col).
    seen
        (row, col), True where it may be looked at.
    names
        Common names of the bands; ``green`` and ``nir``, or ``green`` and ``red``, or the AOI must tell.
    pixel_m
        Size of a pixel, metres.
    drawn
        (row, col), True where the AOI draws water; None where it draws none.

    Returns
    -------
    None where there is none, or none can be told.

    """
    core = _core(image, seen, names, pixel_m)
    if drawn is not None and not core.any():
        core = drawn & seen & _smooth(image)
    if np.count_nonzero(core) * pixel_m**2 < 0.2 * _LEAST_KM2 * 1e6:
        return None
    like = radiometry.looks_like(image, core) & seen
    wet = ndimage.uniform_filter(like.astype(np.float32), 3) > 0.5  # noqa: PLR2004 - a majority
    labels, _ = ndimage.label(wet)
    own = np.unique(labels[core & wet])
    wet &= np.isin(labels, own[own > 0])
    filled = ndimage.binary_fill_holes(wet)
    cut = _at_the_edge(wet, seen, pixel_m)
    if drawn is None:
        return Water(wet=wet, domain=(filled | cut) & seen, drawn=np.zeros_like(wet), land=~(filled | cut) & seen)
    # The blurred edge of a quay is no ship, and would join those that lie along it.
    there = ndimage.binary_erosion(drawn | filled, _EIGHT, iterations=_QUAY_PX, border_value=1) & drawn
    water = ((filled | cut) & ~drawn) | there
    return Water(wet=wet, domain=water & seen, drawn=there, land=~water)


def _at_the_edge(wet: Bools, seen: Bools, pixel_m: float) -> Bools:
    """Return what lies between water and the edge of what was taken, and is no larger than a ship; (row, col)."""
    labels, count = ndimage.label(~wet & seen, _EIGHT)
    edge = np.zeros_like(seen)
    edge[[0, -1], :] = True
    edge[:, [0, -1]] = True
    beyond = ndimage.binary_dilation(edge | ndimage.binary_propagation(edge & ~seen, mask=~seen), _EIGHT)
    ship = np.zeros(count + 1, bool)
    ship[np.unique(labels[beyond])] = True
    sizes = np.bincount(labels.ravel(), minlength=count + 1) * pixel_m**2
    ship &= (sizes <= _SHIP_M2) & (np.arange(count + 1) > 0)
    return np.asarray(ship[labels])


def _core(image: Floats, seen: Bools, names: tuple[str, ...], pixel_m: float) -> Bools:
    """Return what is surely open water."""
    nothing = np.zeros(seen.shape, bool)
    if {"green", "nir"} <= set(names):
        green, nir = image[names.index("green")], image[names.index("nir")]
        water = nir < green
    elif {"green", "red"} <= set(names):
        green, red = image[names.index("green")], image[names.index("red")]
        water = ndimage.uniform_filter(green, 7) > _GREENER * ndimage.uniform_filter(red, 7)
    else:
        return nothing
    radius = max(2, round(_CORE_M / pixel_m))
    rows, cols = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    broad = ndimage.binary_opening(water & seen & _smooth(image), np.hypot(rows, cols) <= radius)
    labels, count = ndimage.label(broad)
    if count == 0:
        return nothing
    sizes = np.bincount(labels.ravel()) * pixel_m**2
    sizes[0] = 0
    return np.asarray((sizes >= _LEAST_KM2 * 1e6)[labels])


def _smooth(image: Floats) -> Bools:
    """Return where brightness hardly changes from pixel to pixel; (row, col)."""
    grey = image.mean(axis=0)
    log = np.log(np.maximum(grey, max(float(np.percentile(grey, 1)) * 0.1, _TINY)))
    mean = ndimage.uniform_filter(log, 7)
    variance = ndimage.uniform_filter(log * log, 7) - mean * mean
    return np.asarray(variance < _SMOOTH**2)


def find_standing(image: Floats, water: Water, pixel_m: float, *, least_px: int) -> Standing:
    """Find what stands on the water.

    Parameters
    ----------
    image
        (band, row, col).
    least_px
        Smallest patch that is a thing, pixels.

    Returns
    -------
    Patches that touch no land, or lie on water that the AOI draws; the strongest first.

    """
    offset = _above_water(image, water, pixel_m)
    z = _distance(image, offset, water)
    level = _level(z, water.wet, pixel_m)
    if level is None:
        return Standing(strength=z, level=None, patches=[], offset=offset)
    labels, _ = ndimage.label((z >= level) & water.domain, _EIGHT)
    smoothed = smooth(offset)
    softest = _SOFTER * max(DELIVERED_PX, standing_rise_px([image], water.wet | ~water.domain))
    patches = []
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        window = (slice(max(0, box[0].start - 4), box[0].stop + 4), slice(max(0, box[1].start - 4), box[1].stop + 4))
        core = _core_of(labels[window] == number, z[window])
        if np.count_nonzero(core) < least_px or _broad(core, pixel_m):
            continue
        if not _afloat(core, water, window, smoothed[(slice(None), *window)]):
            continue
        step = smoothed[(slice(None), *window)]
        if rise_px(core, (np.zeros_like(step), step), steepest=_SHARPEST) <= softest:
            patches.append(Patch(window=window, mask=core, strength=float(z[window][core].max())))
    return Standing(strength=z, level=level, patches=sorted(patches, key=lambda p: -p.strength), offset=offset)


def _afloat(core: Bools, water: Water, window: tuple[slice, slice], offset: Floats) -> bool:
    """Whether a thing has water all around it, or lies alongside in a berth that the AOI draws.

    Around what has no land near it must for the greater part be what looks like water: a roof on an island has none.

    Alongside, land is on one side of it and perhaps before its bow, and of another colour: what a berth's outline cuts
    off a quay goes on beyond the outline, and is longer than ships are for their beam.
    """
    domain, drawn = ~water.land[window], water.drawn[window]
    rim = ndimage.binary_dilation(core, _EIGHT, iterations=_QUAY_PX + 1) & ~core
    in_berth = bool(np.mean(drawn[core]) > _IN_BERTH)
    if not (rim & ~domain).any():
        around = ndimage.binary_dilation(rim | core, _EIGHT) & ~(rim | core) & water.domain[window]
        return in_berth or bool(around.any() and np.mean(water.wet[window][around]) > _AMID_WATER)
    rows, cols = np.nonzero(core)
    if np.count_nonzero(core) < _SOLID * np.count_nonzero(convex_hull_image(core)):
        return False
    # Of a strip w wide the spread is w / sqrt(12); beside the quay some of its beam was left out.
    beam, length = np.sqrt(12 * np.linalg.eigvalsh(np.cov([rows, cols]) + np.eye(2) / 12))
    beam += _QUAY_PX
    land = ndimage.binary_dilation(core, _EIGHT, iterations=_QUAY_PX + 4) & ~domain
    own = np.median(offset[:, core], axis=1)
    apart = float(np.linalg.norm(own - np.median(offset[:, land], axis=1)) / max(float(np.linalg.norm(own)), _TINY))
    alongside = in_berth and np.mean(~domain[rim]) < _ALONGSIDE
    return bool(alongside and length < _SLENDER * beam and apart > _OTHER_COLOUR)


def part_of_land(patch: Patch, water: Water) -> bool:
    """Whether a patch is the smaller part of what is no water there: a roof on an island, a shed on a jetty."""
    rows, cols = (slice(max(0, s.start - _FAR_PX), s.stop + _FAR_PX) for s in patch.window)
    own = np.zeros(water.wet[rows, cols].shape, bool)
    first = (patch.window[0].start - rows.start, patch.window[1].start - cols.start)
    own[first[0] : first[0] + patch.mask.shape[0], first[1] : first[1] + patch.mask.shape[1]] = patch.mask
    own = ndimage.binary_dilation(own, _EIGHT, iterations=_QUAY_PX)
    labels, _ = ndimage.label((~water.wet[rows, cols] & water.domain[rows, cols]) | own, _EIGHT)
    whole = labels == labels[own][0]
    return bool(np.count_nonzero(own) < _MOSTLY * np.count_nonzero(whole))


def _core_of(here: Bools, z: Floats) -> Bools:
    """Return what of a patch rises to half of its middle: its largest piece, whole."""
    labels, count = ndimage.label(here & (z >= 0.5 * np.median(z[here])), _EIGHT)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    sizes[0] = 0
    return np.asarray(ndimage.binary_fill_holes(labels == int(sizes.argmax())), bool)


def _above_water(image: Floats, water: Water, pixel_m: float) -> Floats:
    """Return (band, row, col) less the mean of the water around; only pixels that look like it are in that mean."""
    size = max(9, 2 * round(_AROUND_M / pixel_m) + 1)
    weight = water.wet.astype(np.float32)
    share = np.maximum(ndimage.uniform_filter(weight, size), 1e-4)
    return np.stack([band - ndimage.uniform_filter(band * weight, size) / share for band in image])


def _distance(image: Floats, offset: Floats, water: Water) -> Floats:
    """Return how far every pixel is from the water around it, (row, col); 0 away from water."""
    sample = offset[:, water.wet]
    sample = sample[:, :: max(1, sample.shape[1] // 200_000)]
    inner = np.abs(sample) <= np.quantile(np.abs(sample), 0.95, axis=1)[:, None]
    sample = sample[:, inner.all(axis=0)]
    level = np.array([float(np.median(band[water.wet])) for band in image])
    covariance = np.atleast_2d(np.cov(sample)) * 1.5 + np.diag((_FLOOR * np.abs(level)) ** 2 + _TINY)
    frame = np.linalg.inv(np.linalg.cholesky(covariance)).astype(np.float32)
    white = np.einsum("kb,brc->krc", frame, offset)
    z = np.sqrt(np.mean([ndimage.gaussian_filter(band, _BLUR_PX) ** 2 for band in white], axis=0))
    return np.asarray(np.where(water.domain, z, 0), np.float32)


def _level(z: Floats, wet: Bools, pixel_m: float) -> float | None:
    """Return the level beyond which water does not go by itself; None where there is too little of it."""
    side = max(4, round(_BLOCK_M / pixel_m))
    rows, cols = (n // side * side for n in z.shape)
    shape = (rows // side, side, cols // side, side)
    maxima = np.where(wet, z, 0)[:rows, :cols].reshape(shape).max(axis=(1, 3))
    full = wet[:rows, :cols].reshape(shape).mean(axis=(1, 3)) > 0.9  # noqa: PLR2004 - nearly all of a block
    if np.count_nonzero(full) < _LEAST_BLOCKS:
        return None
    found = maxima[full]
    middle = float(np.median(found))
    return middle + _ABOVE * 1.4826 * float(np.median(np.abs(found - middle)))


def _broad(here: Bools, pixel_m: float) -> bool:
    """Whether a disc broader than any ship fits in; a little more, for what stands out is blurred."""
    return bool(2 * float(ndimage.distance_transform_edt(np.pad(here, 1)).max()) * pixel_m > 1.2 * _THING_M)
