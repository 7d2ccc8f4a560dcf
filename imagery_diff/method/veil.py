"""Thin cloud, the shade of clouds, and snow on one date: what the provider's mask leaves out.

A mask is drawn where a cloud is half as bright as its middle; beyond it the cloud goes on, thinner. A veil that hides
the share v of the ground turns its brightness I into I + v (C - I), with one v in all bands and C the colour of deep
cloud; the shade of a cloud turns it into I - k T I, with one k and T the share of light that deep shade takes from each
band. Both are straight lines in the space of bands, known pixel by pixel from the other date. So near what the mask
calls cloud or shade the part of a difference that lies along such a line is taken off, and what is left is a change of
colour, which no cloud makes (after the haze line of Zhang, Guindon and Cihlar 2002, Remote Sensing of Environment 82,
173-187, with the other date for their clear line). Snow that covers a part of a pixel mixes in the same way.

Assumption: the other date shows the ground bare; clouds are grey. Broken by: a grey thing beside a cloud or a white one
in snow, which changes the ground as a veil does. Ground where so much was taken off that a thing may have gone with it
counts as not searched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from imagery_diff.method.radiometry import Surface, among, on_common_scale
from imagery_diff.scene import Flag

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.method.radiometry import Match
    from imagery_diff.scene import Scene

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]
    Colours = dict[int, NDArray[np.float64]]

_EIGHT = np.ones((3, 3), bool)
_WIDESPREAD = 0.5
"""Haze over more than this share of the ground is what the radiometry was matched on, and no longer a veil."""
_CORE_PX = 3
"""How far inside the mask deep cloud and deep shade begin, pixels."""
_LEAST_CORE_PX = 50
_DEEP = 90
"""Percentile of brightness that stands for deep cloud inside its mask."""
_WHITE = 99.5
"""Percentile of brightness that stands for white where the mask holds no deep cloud."""
_SNOW_WHITE = 0.35
"""Reflectance in every visible band from which ground is called snow: half of fresh snow's."""
_FAIR_SHADE = 0.02
"""Least share of light that a shade is held to take from any band."""


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """How much of a veil's doing is taken off."""

    most: float
    """Largest share of the ground it is held to hide."""
    unsure: float
    """Share by which its colour is not known in each band: what it left is believed beyond that only."""


_THIN_CLOUD = _Kind(most=0.7, unsure=0.1)
"""No mask misses cloud that hides more; whiter things stand out."""
_SNOW_COVER = _Kind(most=1.0, unsure=0.0)
"""It lies on most of the ground, whose scatter is then measured with what the snow left: nothing is forgiven twice."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Unveiled:
    """Both images with what thin cloud and cloud shade explain taken off."""

    brightness: tuple[Floats, Floats]
    """(band, row, col)"""
    taken: Bools
    """(row, col), True where so much was taken off that a grey thing may have gone with it."""
    snowy: tuple[bool, bool] = (False, False)
    """Whether snow was taken off before, and after."""


def cloud_colour(data: Floats, flags: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the colour of deep cloud on one date, (band,): what the mask calls cloud, else what is white.

    Parameters
    ----------
    data
        (band, row, col), in the image's own numbers, also under the mask.
    flags
        (row, col), bits of :class:`imagery_diff.scene.Flag`.

    """
    there = (flags & (Flag.NODATA | Flag.OUTSIDE).value) == 0
    deep = _inside((flags & Flag.CLOUD.value) != 0) & there
    if np.count_nonzero(deep) >= _LEAST_CORE_PX:
        return _typical(data, deep)
    return np.asarray(np.percentile(data[:, there], _WHITE, axis=1) if there.any() else data.max((1, 2)), np.float64)


def cloud_colours(scenes: tuple[Scene, Scene]) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return :func:`cloud_colour` of both dates, in their own numbers; None where no cloud and no haze is flagged."""
    if not any((scene.flags & (Flag.CLOUD | Flag.HAZE).value).any() for scene in scenes):
        return None
    before, after = (cloud_colour(scene.data, scene.flags) for scene in scenes)
    return before, after


def take_off_clouds(
    brightness: tuple[Floats, Floats],
    flags: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    clouds: tuple[NDArray[np.float64], NDArray[np.float64]] | None,
    surface: NDArray[np.uint8],
    match: Match,
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
    clouds
        Of the images as they were read, from :func:`cloud_colours`.
    surface
        (row, col), :class:`imagery_diff.method.radiometry.Surface`.
    match
        How those numbers became ``brightness``.
    reach_px
        How far beyond the mask a cloud goes on, pixels.
    least
        Share of the ground hidden, or of its light taken, from which a thing may have gone with the veil.

    """
    seen = among(surface, match.centre_before)
    veils = tuple(_near(f, _veiling(f, seen), reach_px) & seen for f in flags)
    if clouds is not None and any(v.any() for v in veils):
        colours = on_common_scale(clouds, match)
        toward = tuple(_at(colours[w], surface[veils[w]]) - brightness[1 - w][:, veils[w]] for w in (0, 1))
        lifted, thin = _take_off(brightness, veils, toward, least)
    else:
        lifted, thin = brightness, np.zeros(seen.shape, bool)
    shades = tuple(_near(f, Flag.SHADOW, reach_px) & seen for f in flags)
    if not any(s.any() for s in shades):
        return Unveiled(brightness=lifted, taken=thin)
    dry = seen & (surface != Surface.WATER.value)
    deep = tuple(_inside(flags[w] == Flag.SHADOW.value) & dry & (flags[1 - w] == 0) for w in (0, 1))
    light = tuple(_light_taken(lifted, deep[w], w) for w in (0, 1))
    toward = tuple(-light[w][:, None] * lifted[1 - w][:, shades[w]] for w in (0, 1))
    lit, dim = _take_off(lifted, shades, toward, least)
    return Unveiled(brightness=lit, taken=thin | dim)


def take_off_snow(
    images: tuple[Floats, Floats],
    flags: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    names: tuple[str, ...],
    surface: NDArray[np.uint8],
    *,
    share: float,
    least: float,
) -> Unveiled:
    """Take off an image what snow that lies on its date only explains of its difference from the other.

    Snow that covers part of a pixel mixes with the ground in it as a veil does. This comes before the images are
    matched: ground that whitened pixel by pixel has no gain.

    Parameters
    ----------
    images
        (band, row, col) before and after, surface reflectance, 0 to 1.
    flags
        (row, col) before and after, bits of :class:`imagery_diff.scene.Flag`.
    names
        Common names of the bands; without ``blue``, ``green``, ``red`` and ``nir`` nothing is called snow.
    surface
        (row, col), :class:`imagery_diff.method.radiometry.Surface`.
    share
        Least share of the dry ground that must be white as deep snow on one date only; less is some white thing.
    least
        Share of a pixel under snow from which a thing may have gone with it.

    """
    nowhere = np.zeros(surface.shape, bool)
    if not {"blue", "green", "red", "nir"} <= set(names):
        return Unveiled(brightness=images, taken=nowhere)
    dry = (surface != Surface.UNSEEN.value) & (surface != Surface.WATER.value)
    white = tuple(
        _white_as_snow(i, names) & ((f & ~np.uint8(Flag.SNOW)) == 0) for i, f in zip(images, flags, strict=True)
    )
    deep = (white[0] & ~white[1] & dry, white[1] & ~white[0] & dry)
    enough = max(_LEAST_CORE_PX, share * np.count_nonzero(dry))
    snowy = (bool(np.count_nonzero(deep[0]) >= enough), bool(np.count_nonzero(deep[1]) >= enough))
    if not any(snowy):
        return Unveiled(brightness=images, taken=nowhere)
    # The rim of the water is blurred with the snow of the quay.
    shore = ndimage.binary_dilation(dry, iterations=_CORE_PX) & (surface != Surface.UNSEEN.value)
    where = tuple(shore if much else nowhere for much in snowy)
    toward = tuple(_typical(images[date], deep[date])[:, None] - images[1 - date][:, where[date]] for date in (0, 1))
    bare, taken = _take_off(images, where, toward, least, _SNOW_COVER)
    # Snow is so bright that its blur tells on the water beside it.
    rim = ndimage.binary_dilation(taken, _EIGHT) & (surface == Surface.WATER.value)
    return Unveiled(brightness=bare, taken=taken | rim, snowy=snowy)


def snow_on_one_date(
    images: tuple[Floats, Floats], seen: Bools, names: tuple[str, ...], *, share: float, least: float
) -> Bools:
    """Find ground that one date shows whitened by snow against the other, before anything is matched or classed.

    Parameters
    ----------
    images
        (band, row, col) before and after, surface reflectance, 0 to 1, on each other to about a pixel.
    seen
        (row, col), True where both images were seen.
    names
        Common names of the bands; without ``blue``, ``green``, ``red`` and ``nir`` nothing is called snow.
    share, least
        Least share of what was seen that must be white as deep snow on one date only, and share of a pixel under snow
        from which it counts.

    Returns
    -------
    (row, col), True under snow; nowhere if too little is white.

    """
    covered = np.zeros(seen.shape, bool)
    if not {"blue", "green", "red", "nir"} <= set(names):
        return covered
    white = tuple(_white_as_snow(image, names) for image in images)
    for date in (0, 1):
        deep = white[date] & ~white[1 - date] & seen
        if np.count_nonzero(deep) < max(_LEAST_CORE_PX, share * np.count_nonzero(seen)):
            continue
        toward = _typical(images[date], deep)[:, None, None] - images[1 - date]
        change = images[date] - images[1 - date]
        along = (change * toward).sum(axis=0) / np.maximum((toward**2).sum(axis=0), 1e-12)
        covered |= deep | ((along > least) & seen)
    return covered


def _white_as_snow(image: Floats, names: tuple[str, ...]) -> Bools:
    """Pixels bright in all the visible and darker in the near infrared, as snow is and paint and cloud are not.

    After Dozier 1984 (10.1109/TGRS.1984.350628), for want of a short-wave infrared band.
    """
    visible = image[[names.index(n) for n in ("blue", "green", "red")]]
    return np.asarray((visible.min(axis=0) > _SNOW_WHITE) & (visible[0] > image[names.index("nir")]), bool)


def _typical(image: Floats, deep: Bools) -> NDArray[np.float64]:
    """Colour of deep snow or cloud, (band,); black where there is none, and then not used."""
    if not deep.any():
        return np.zeros(len(image))
    return np.asarray(np.percentile(image[:, deep], _DEEP, axis=1), np.float64)


def _inside(mask: Bools) -> Bools:
    """Pixels well inside a mask; (row, col)."""
    return np.asarray(ndimage.binary_erosion(mask, iterations=_CORE_PX), bool)


def _veiling(flags: NDArray[np.uint8], seen: Bools) -> Flag:
    """Name the flags of one date that say where thin cloud may begin."""
    hazy = np.count_nonzero(((flags & Flag.HAZE.value) != 0) & seen) > _WIDESPREAD * np.count_nonzero(seen)
    return Flag.CLOUD if hazy else Flag.CLOUD | Flag.HAZE


def _near(flags: NDArray[np.uint8], bits: Flag, reach_px: float) -> Bools:
    """Pixels that carry a flag or lie within reach of one that does; (row, col)."""
    marked = (flags & bits.value) != 0
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
    kind: _Kind = _THIN_CLOUD,
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
        share = np.clip(along, 0.0, kind.most)
        veil = share * toward[date]
        rest = change - veil
        rest = np.sign(rest) * np.maximum(np.abs(rest) - kind.unsure * np.abs(veil), 0.0)
        image[:, near] = images[1 - date][:, near] + rest
        taken[near] |= share > least
        out.append(image)
    return (out[0], out[1]), taken
