"""The shade of clouds, where no mask marks it: thrown from the clouds along the sun, and held against what is dark.

The base of a cloud lies somewhere between 200 m and 12 km, so its shade lies somewhere on a line away from the sun
(Zhu and Woodcock 2012, 10.1016/j.rse.2011.10.028). Each height moves the clouds along that line; the height is believed
at which most of what they cover is dark and broad. The clouds of one image are tried together first, for most share
their base; then each may differ from it somewhat. Dark is what a flood-fill of the image's brightness would fill
(ibid.), water and land each by itself.

Where the sun is not known every direction is tried, and the match must be better. In an image with much cloud what is
broad and dark is shade too if it may lie under a cloud outside the image, or if nothing matched.

Assumption: flat ground, and a view from above: seen from 5 degrees off, a cloud at 2 km is seen 175 m from where it
stands, which the match forgives only along the line. Broken by: shade of clouds outside the image; clouds in several
layers; dark fields under every cloud; shade on water that is black anyway, which is not found and does no harm there.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import ndimage
from skimage.morphology import reconstruction

from imagery_diff.geometry import shadow_m
from imagery_diff.method.cells import EIGHT, Cells, closed, grown, opened, reach_of_fade

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.geometry import Sun

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]

CELL_M = 10.0
"""Side of the cells that are looked at, metres: the finest pixel of Sentinel-2, on which it was measured."""
BASES_M = (200.0, 12_000.0)
"""Heights between which the base of a cloud lies (Zhu and Woodcock 2012)."""
_STEP = 1.03
"""Factor from one height that is tried to the next: at 2 km a shift of 60 m under a sun at 45 degrees."""
_DARK = 0.2
"""Fall of brightness, natural logarithm, from which ground may lie in shade: thin cloud takes so much of the light, and
the fields of a plain differ by less."""
_BROAD_M = 60.0
"""What is dark and narrower is the shade of a thing, metres."""
_MATCH, _MATCH_BLIND = 0.3, 0.6
"""Share of the thrown clouds that must be dark where the sun is known (Zhu and Woodcock 2012), and where it is not: of
many directions some match by chance."""
_OVER_CHANCE = 1.5
"""And by which factor more than elsewhere."""
_CLOUDY = 0.05
"""Share of the image under cloud from which it must be reckoned with outside the image, too."""
_LOW_M = 2500.0
"""Highest base, metres, of clouds held to throw it: of cumulus, whose shade is dark."""
_LEFT = 0.2
"""Share of the clouds whose shade must fall inside the image."""
_DOUBT = 0.3
"""Share of the clouds that is taken to have fallen on lit ground outside the image."""
_DEEPEST = 1.2
"""Natural logarithm of the deepest shade: what is darker is dark ground, and counts no more."""
_LEAST_CELLS = 12
"""Fewer are not matched."""
_SINGLY = 30
"""The largest so many clouds are matched each by itself."""
_APART = 1.5
"""Factor by which the base of one cloud may differ from that of most."""
_AROUND_M = 100.0
"""How far beyond the thrown cloud dark ground that hangs together with it is still its shade, metres: the side of a
cloud throws shade too."""
_FADE_M = 120.0
"""As far as the rim of a shade is followed, metres."""
_BLIND_M = (100.0, 2500.0)
"""Distances of shade from its cloud that are tried where the sun is not known, metres: low clouds and a fair sun."""
_DIRECTIONS = 24
_USUAL = 60
"""Percentile of brightness of lit ground: some of it may lie in shade."""
_BORDER = 50
"""Percentile of brightness that lies beyond the border of the image."""


class Offset(NamedTuple):
    """Where the shade of a cloud lies from it, metres."""

    right_m: float
    down_m: float
    base_m: float | None
    """Height of the cloud's base; None where the sun is not known."""


class Shade(NamedTuple):
    """The shade of clouds."""

    shade: Bools
    """(row, col)"""
    offset: Offset | None
    """Where most of the clouds throw it; None where none was found."""
    fade_m: float
    """By how much it was grown."""

    @classmethod
    def none(cls, shape: tuple[int, ...]) -> Shade:
        """No shade on an image of this shape."""
        return cls(np.zeros(shape, bool), None, 0.0)


def project_shadow(
    cloud: Bools, image: Floats, seen: Bools, names: tuple[str, ...], pixel_m: float, sun: Sun | None
) -> Shade:
    """Find the shade of clouds that a mask marks, on an image whose mask does not mark it.

    Parameters
    ----------
    cloud
        (row, col), True under cloud.
    image
        (band, row, col), any numbers that grow with light, from about 0.
    seen
        (row, col), True where the image holds something.
    names
        Common names of the bands.
    pixel_m
        Size of a pixel, metres.
    sun
        Its azimuth from the top of the image, clockwise; None where it is not known.

    Returns
    -------
    Shade
        None of it under cloud.

    """
    cells = Cells.of(cloud.shape, pixel_m, CELL_M)
    clouds, known = cells.mean(cloud) > 0.5, cells.seen(seen)  # noqa: PLR2004 - most of a cell
    dark = darkness(cells.image(image, seen & ~cloud), known & ~clouds, names, cells.cell_m)
    found = shade_of(clouds, dark, known & ~clouds, cells.cell_m, sun)
    shade = np.asarray(cells.laid_out(found.shade), bool) & seen & ~cloud
    return found._replace(shade=shade)


def grow_shadow(
    shadow: Bools, image: Floats, seen: Bools, names: tuple[str, ...], pixel_m: float
) -> tuple[Bools, float]:
    """Grow a mask of cloud shadow, whoever made it, by as much as it takes to fade on the image.

    Parameters
    ----------
    shadow
        (row, col), True in the shade of clouds.
    image, seen, names, pixel_m
        As in :func:`project_shadow`; ``seen`` is ground, not cloud.

    Returns
    -------
    shadow, fade_m
        (row, col), and by how many metres it was grown.

    """
    cells = Cells.of(shadow.shape, pixel_m, CELL_M)
    known = cells.seen(seen)
    dark = darkness(cells.image(image, seen), known, names, cells.cell_m)
    fade_m = reach_of_fade(cells.seen(shadow), dark, known, cells.cell_m, _FADE_M)
    return grown(shadow, fade_m / pixel_m) & seen, fade_m


def darkness(image: Floats, known: Bools, names: tuple[str, ...], cell_m: float) -> Floats:
    """Return by how much ground is darker than what surrounds it, natural logarithm, (row, col).

    Parameters
    ----------
    image
        (band, row, col), cells of about 10 m.
    known
        (row, col), True where there is ground and not cloud.
    names
        Common names of the bands. Land is looked at in near infrared where there is one: the sky that still lights the
        shade is darkest there; water in the visible, for it is black in near infrared.
    cell_m
        Size of a cell, metres.

    """
    visible = [n for n, name in enumerate(names) if name in {"blue", "green", "red"}] or list(range(len(names)))
    light = image[visible].mean(axis=0)
    if not {"green", "nir"} <= set(names):
        return _filled(light, known, cell_m)
    green, nir = image[names.index("green")], image[names.index("nir")]
    water = known & (green > nir)
    dark = np.where(water, _filled(light, water, cell_m), _filled(nir, known & ~water, cell_m))
    return np.asarray(dark, np.float32)


def _filled(light: Floats, known: Bools, cell_m: float) -> Floats:
    """Return by how much a flood-fill of one surface raises it, natural logarithm, (row, col); 0 elsewhere."""
    out = np.zeros(light.shape, np.float32)
    if np.count_nonzero(known) < _LEAST_CELLS:
        return out
    low, typical, high = np.percentile(light[known], (0.5, _USUAL, 99.5))
    floor = max(float(low) / 2, float(typical) * 1e-2, 1e-6)
    log = np.log(np.maximum(light, floor))
    # What is not this ground stands as a wall, and what is dark and narrow is filled first.
    walled = np.where(known, log, np.log(max(float(high), floor)))
    walled = closed(np.asarray(walled, np.float32), _BROAD_M / cell_m)
    outside = np.log(max(float(np.percentile(light[known], _BORDER)), floor))
    padded = np.pad(walled, 1, constant_values=outside)
    seed = np.full_like(padded, padded.max())
    seed[0], seed[-1], seed[:, 0], seed[:, -1] = padded[0], padded[-1], padded[:, 0], padded[:, -1]
    fill = reconstruction(seed, padded, method="erosion")[1:-1, 1:-1]
    # A plain that runs out of the image is filled no higher than its border: there the usual brightness is the measure.
    usual = np.minimum(np.log(max(float(typical), floor)), fill.max())
    raised = np.maximum(fill, usual) - walled
    out[known] = np.maximum(raised, 0)[known]
    return out


def shade_of(cloud: Bools, dark: Floats, ground: Bools, cell_m: float, sun: Sun | None) -> Shade:
    """Find the shade of clouds among what is dark.

    Parameters
    ----------
    cloud
        (row, col), True under cloud, not grown: its rim throws little shade.
    dark
        (row, col), what ``darkness`` returns.
    ground
        (row, col), True where the ground is seen.
    cell_m, sun
        As in ``project_shadow``; cells of about 10 m.

    """
    nothing = Shade.none(cloud.shape)
    deep = opened(np.where(ground, dark, np.float32(0)), _BROAD_M / cell_m)
    broad = ground & (deep > _DARK)
    if np.count_nonzero(cloud) < _LEAST_CELLS or np.count_nonzero(broad) < _LEAST_CELLS:
        return nothing
    chance = np.count_nonzero(broad) / np.count_nonzero(ground)
    sunlit = sun is not None and sun.elevation_deg > 0
    least = max(_MATCH if sunlit else _MATCH_BLIND, min(_OVER_CHANCE * chance, (1 + chance) / 2))
    tried = _offsets(sun, cell_m)
    told = np.minimum(deep, _DEEPEST)
    deck, share = _best(cloud, told, ground, tried, cell_m)
    matched = deck is not None and share >= least
    likely = [o for o in tried if deck is not None and _like(o, deck)] if matched else _low_ones(tried)
    beside = nothing.shade
    if np.count_nonzero(cloud) >= _CLOUDY * np.count_nonzero(ground | cloud):
        beside = broad & _under(cloud, likely, cell_m, only_outside=matched)
    if deck is None or not matched:
        return Shade(beside, None, 0.0)
    thrown = _each_by_itself(cloud, told, ground, (deck, likely), cell_m, least)
    near = grown(thrown, _AROUND_M / cell_m) & broad
    shade = ndimage.binary_propagation(thrown & broad, EIGHT, mask=near)
    fade_m = reach_of_fade(shade, dark, ground, cell_m, _FADE_M)
    return Shade((grown(shade, fade_m / cell_m) & ground) | beside, deck, fade_m)


def _offsets(sun: Sun | None, cell_m: float) -> list[Offset]:
    """Return where shade may lie: on a line where the sun is known, else all around."""
    if sun is not None and sun.elevation_deg > 0:
        east, north = shadow_m(1.0, sun)
        steps = int(math.log(BASES_M[1] / BASES_M[0]) / math.log(_STEP)) + 1
        bases = [BASES_M[0] * _STEP**k for k in range(steps)]
        return [Offset(base * east, -base * north, base) for base in bases]
    angles = [math.tau * k / _DIRECTIONS for k in range(_DIRECTIONS)]
    distances = np.arange(_BLIND_M[0], _BLIND_M[1], max(40.0, 2 * cell_m))
    return [Offset(float(d) * math.cos(a), float(d) * math.sin(a), None) for a in angles for d in distances]


def _low_ones(tried: list[Offset]) -> list[Offset]:
    """Offsets of clouds no higher than most that throw a dark shade, or no further where the sun is not known."""
    return [o for o in tried if o.base_m is None or o.base_m <= _LOW_M]


def _under(cloud: Bools, offsets: list[Offset], cell_m: float, *, only_outside: bool) -> Bools:
    """Cells that lie under cloud as seen from the sun, or under what is outside the image and may be cloud."""
    out = np.zeros(cloud.shape, bool)
    inside = np.ones(cloud.shape, bool)
    for offset in offsets:
        out |= ~_moved(inside, offset, cell_m)
        if not only_outside:
            out |= _moved(cloud, offset, cell_m)
    return out


def _like(offset: Offset, deck: Offset) -> bool:
    """Whether a cloud may throw its shade so where most throw it to the deck's."""
    far, usual = math.hypot(offset.right_m, offset.down_m), math.hypot(deck.right_m, deck.down_m)
    along = (offset.right_m * deck.right_m + offset.down_m * deck.down_m) / max(far * usual, 1e-9)
    return along > 1 - 1e-6 and usual / _APART <= far <= usual * _APART


def _moved(mask: Bools, offset: Offset, cell_m: float) -> Bools:
    """Move a mask, (row, col); what leaves the image is lost."""
    down, right = round(offset.down_m / cell_m), round(offset.right_m / cell_m)
    out = np.zeros_like(mask)
    rows, cols = mask.shape
    if abs(down) >= rows or abs(right) >= cols:
        return out
    out[max(down, 0) : rows + min(down, 0), max(right, 0) : cols + min(right, 0)] = mask[
        max(-down, 0) : rows + min(-down, 0), max(-right, 0) : cols + min(-right, 0)
    ]
    return out


def _best(cloud: Bools, dark: Floats, ground: Bools, tried: list[Offset], cell_m: float) -> tuple[Offset | None, float]:
    """Return the offset under which the thrown clouds are darkest, and the share of them that is dark."""
    best, top, share = None, 0.0, 0.0
    all_of_it = np.count_nonzero(cloud)
    least = max(_LEAST_CELLS, _LEFT * all_of_it)
    for offset in tried:
        thrown = _moved(cloud, offset, cell_m) & ground
        inside = np.count_nonzero(thrown)
        if inside < least:
            continue
        # What little of the clouds still falls inside the image is dark by chance more often.
        score = float(dark[thrown].sum()) / (inside + _DOUBT * all_of_it)
        if score > top:
            best, top, share = offset, score, np.count_nonzero(dark[thrown] > _DARK) / inside
    return best, share


def _each_by_itself(
    cloud: Bools, dark: Floats, ground: Bools, tried: tuple[Offset, list[Offset]], cell_m: float, least: float
) -> Bools:
    """Throw each cloud as it matches best, those that match nowhere as most of them."""
    deck, others = tried
    thrown = np.zeros(cloud.shape, bool)
    labels, _ = ndimage.label(cloud, EIGHT)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    large = [n for n in np.argsort(-sizes, kind="stable")[:_SINGLY] if sizes[n] >= _LEAST_CELLS]
    thrown |= _moved(cloud & ~np.isin(labels, large), deck, cell_m)
    for n in large:
        alone = labels == n
        own, score = _best(alone, dark, ground, others, cell_m)
        thrown |= _moved(alone, own if own is not None and score >= least else deck, cell_m)
    return thrown & ground
