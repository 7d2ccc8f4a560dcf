"""Thin cloud, and the shade of clouds: what the provider's mask leaves out at its edges.

A mask is drawn where a cloud is half as bright as its middle; beyond it the cloud goes on, thinner. A veil that hides
the share v of the ground turns its brightness I into I + v (C - I), with one v in all bands and C the colour of deep
cloud; the shade of a cloud turns it into I - k T I, with one k and T the share of light that deep shade takes from each
band. Both are straight lines in the space of bands, known pixel by pixel from the other date. So near what the mask
calls cloud or shade the part of a difference that lies along such a line is taken off, and what is left is a change of
colour, which no cloud makes (after the haze line of Zhang et al. 2002, 10.1016/S0034-4257(02)00034-2, with the other
date for the clear line).

Assumption: the other date shows the ground free of cloud; clouds are grey. Broken by: a grey thing beside a cloud,
which changes the ground as a veil does. Ground where so much was taken off that a thing may have gone with it counts as
not searched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from imagery_diff.method.radiometry import Surface
from imagery_diff.scene import Flag

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]
    Colours = dict[int, NDArray[np.float64]]

_MOST = 0.7
"""No mask misses cloud that hides more of the ground than this; whiter things stand out."""
_WIDESPREAD = 0.5
"""Haze over more than this share of the ground is what the radiometry was matched on, and no longer a veil."""
_CORE_PX = 3
"""How far inside the mask deep cloud and deep shade begin, pixels."""
_LEAST_CORE_PX = 50
_DEEP = 90
"""Percentile of brightness that stands for deep cloud inside its mask."""
_WHITE = 99.5
"""Percentile of brightness that stands for white where the mask holds no deep cloud."""
_UNSURE = 0.1
"""Share by which the colour of a veil is not known in each band: what a veil left is believed beyond that only."""
_FAIR_SHADE = 0.02
"""Least share of light that a shade is held to take from any band."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Unveiled:
    """Both images with what thin cloud and cloud shade explain taken off."""

    brightness: tuple[Floats, Floats]
    """(band, row, col)"""
    taken: Bools
    """(row, col), True where so much was taken off that a grey thing may have gone with it."""


def cloud_colour(data: Floats, flags: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the colour of deep cloud on one date, (band,): what the mask calls cloud, else what is white.

    Parameters
    ----------
    data
        (band, row, col), in the image's own numbers, also under the mask.
    flags
        (row, col), bits of :class:`imagery_diff.scene.Flag`.

    """
    there = (flags & (Flag.NODATA | Flag.OUTSIDE)) == 0
    deep = _inside((flags & Flag.CLOUD) != 0) & there
    if np.count_nonzero(deep) >= _LEAST_CORE_PX:
        return np.asarray(np.percentile(data[:, deep], _DEEP, axis=1), np.float64)
    return np.asarray(np.percentile(data[:, there], _WHITE, axis=1) if there.any() else data.max((1, 2)), np.float64)


def take_off_veil(
    brightness: tuple[Floats, Floats],
    flags: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    surface: NDArray[np.uint8],
    colours: tuple[Colours, Colours],
    *,
    reach_px: float,
    least: float,
) -> Unveiled:
    """Take off each image what thin cloud, then what cloud shade explains of its difference from the other.

    Parameters
    ----------
    brightness
        (band, row, col) before and after, on one scale.
    flags
        (row, col) before and after, bits of :class:`imagery_diff.scene.Flag`.
    surface
        (row, col), :class:`imagery_diff.method.radiometry.Surface`.
    colours
        Before and after: surface class -> (band,), the colour of deep cloud on the scale of ``brightness``.
    reach_px
        How far beyond the mask a cloud goes on, pixels.
    least
        Share of the ground hidden, or of its light taken, from which a thing may have gone with the veil.

    """
    seen = np.isin(surface, list(colours[0]))
    veils = tuple(_near(f, _veiling(f, seen), reach_px) & seen for f in flags)
    toward = tuple(_at(colours[w], surface[veils[w]]) - brightness[1 - w][:, veils[w]] for w in (0, 1))
    lifted, thin = _take_off(brightness, veils, toward, least)
    shades = tuple(_near(f, Flag.SHADOW, reach_px) & seen for f in flags)
    dry = seen & (surface != Surface.WATER)
    deep = tuple(_inside(flags[w] == Flag.SHADOW) & dry & (flags[1 - w] == 0) for w in (0, 1))
    light = tuple(_light_taken(lifted, deep[w], w) for w in (0, 1))
    toward = tuple(-light[w][:, None] * lifted[1 - w][:, shades[w]] for w in (0, 1))
    lit, dim = _take_off(lifted, shades, toward, least)
    return Unveiled(brightness=lit, taken=thin | dim)


def _inside(mask: Bools) -> Bools:
    """Pixels well inside a mask; (row, col)."""
    return np.asarray(ndimage.binary_erosion(mask, iterations=_CORE_PX), bool)


def _veiling(flags: NDArray[np.uint8], seen: Bools) -> Flag:
    """Name the flags of one date that say where thin cloud may begin."""
    hazy = np.count_nonzero(((flags & Flag.HAZE) != 0) & seen) > _WIDESPREAD * np.count_nonzero(seen)
    return Flag.CLOUD if hazy else Flag.CLOUD | Flag.HAZE


def _near(flags: NDArray[np.uint8], bits: Flag, reach_px: float) -> Bools:
    """Pixels that carry a flag or lie within reach of one that does; (row, col)."""
    marked = (flags & bits) != 0
    if not marked.any():
        return np.zeros(marked.shape, bool)
    return np.asarray(ndimage.distance_transform_edt(~marked) <= reach_px, bool)


def _at(colours: Colours, surface: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Colour of deep cloud at pixels of these surface classes, (band, pixel)."""
    out = np.zeros((len(next(iter(colours.values()))), surface.size))
    for kind, colour in colours.items():
        out[:, surface == kind] = colour[:, None]
    return out


def _light_taken(images: tuple[Floats, Floats], deep: Bools, date: int) -> NDArray[np.float64]:
    """Share of light that deep cloud shade takes from each band, (band,), up to a factor; alike where not known.

    Parameters
    ----------
    deep
        (row, col), True well inside the shade of this date, where the other is clear and the ground is dry: water shows
        the sky, not the sun.

    """
    if np.count_nonzero(deep) < _LEAST_CORE_PX:
        return np.ones(len(images[0]))
    left = np.median(images[date][:, deep] / np.maximum(images[1 - date][:, deep], 1e-6), axis=1)
    taken = np.clip(1.0 - left, _FAIR_SHADE, 1.0)
    return np.asarray(taken / taken.mean(), np.float64)


def _take_off(
    images: tuple[Floats, Floats],
    where: tuple[Bools, ...],
    toward: tuple[NDArray[np.float64], ...],
    least: float,
) -> tuple[tuple[Floats, Floats], Bools]:
    """Take the part of each image's change that runs toward a colour off it.

    A change runs toward the colour on one of the dates only, so that the order of the two does not matter.

    Parameters
    ----------
    toward
        For each date (band, pixel): where a full veil would move the pixels of ``where``.

    Returns
    -------
    images, taken
        (band, row, col) twice, and (row, col) True where more than ``least`` of the way was taken off.

    """
    out, taken = [], np.zeros(where[0].shape, bool)
    for date, near in enumerate(where):
        image = images[date].copy()
        change = images[date][:, near] - images[1 - date][:, near]
        along = (change * toward[date]).sum(axis=0) / np.maximum((toward[date] ** 2).sum(axis=0), 1e-12)
        share = np.clip(along, 0.0, _MOST)
        veil = share * toward[date]
        rest = change - veil
        unsure = _UNSURE * np.abs(veil)
        rest = np.sign(rest) * np.maximum(np.abs(rest) - unsure, 0.0)
        image[:, near] = images[1 - date][:, near] + rest
        taken[near] |= share > least
        out.append(image)
    return (out[0], out[1]), taken
