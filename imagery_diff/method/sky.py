"""Cloud, haze, shade of clouds and snow on one image, for which no mask was delivered.

``method/clouds.py`` asks two dates what turned white; here one image must do. What is asked of each cell of about 10 m,
with I the light of each band less what clear air scatters,

    veil  = the least of I over blue, green, red and near infrared: no veil of cloud can be brighter than the darkest
            band under it (the dark channel of He, Sun and Tang 2009, 10.1109/CVPR.2009.5206515)
    broad = the veil after an opening by a disc of 60 m: what is bright and narrower is cut off, and so is what is
            looked for in a port: ships, stacks, roofs
    cloud = broad > .22 over a hectare and more, and white: the darkest visible band not below .7 of the brightest (of
            the whiteness and other tests of Zhu and Woodcock 2012, 10.1016/j.rse.2011.10.028), and no sharper at its
            rim than cloud is, unless it is broader than 300 m; then what hangs together with it and is still a third
            of the way from the ground to that, and soft scraps around it, or plenty of them without it
    haze  = blue - red / 2 (HOT: Zhang, Guindon and Cihlar 2002, 10.1016/S0034-4257(02)00034-2; the half after Zhu and
            Woodcock) above .055, and the veil above .04, both after an opening by a disc of 150 m; but no water whose
            red is .9 of its blue or more, which is muddy
    snow  = with short-wave infrared NDSI > .4 (Dozier 1989, 10.1016/0034-4257(89)90101-6; Zhu and Woodcock); without it
            what is white in the visible and darker in near infrared, if there is plenty of it and most of its rim is
            sharp: it lies on things, and ends where they end

Cloud is grown by its own fade, measured on the image; its shade is thrown by ``method/cloud_shade.py``.

Of a picture the numbers are laid between the image's own dark and 255, and asked for more: .6 of white, 120 m broad,
ratio .85. Numbers without a scale are divided by the one they look like (``scene.guessed_scale``), and the image's own
dark is taken off. Haze and snow are then not told; and nothing is where numbers look like no scale, for without one a
bright desert and a cloud are the same.

Assumption: what is broad, bright and white is cloud: salt pans, and snow that is not told, become unknown, not ground.
Broken by: a few clouds smaller than a hectare far from larger ones, thin cloud over bright ground, haze over muddy
water and haze on a picture, which are missed; sun glint, which is called haze.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from imagery_diff.method.cells import EIGHT, Cells, grown, opened, reach_of_fade
from imagery_diff.method.cloud_shade import CELL_M, Shade, darkness, shade_of
from imagery_diff.scene import Flag, Level, guessed_scale

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.geometry import Sun
    from imagery_diff.method.cloud_shade import Offset

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]

_VISIBLE = ("blue", "green", "red")
_AIR = {"blue": 0.065, "green": 0.035, "red": 0.02, "nir": 0.008}
"""What clear air adds to top-of-atmosphere reflectance: one scattering by its molecules, tau P / (4 mu), seen from
above under a sun at 45 degrees (P = 1.1, mu = .71), for optical depths of .16, .09, .045 and .017 at 490, 560, 665 and
842 nm (Bodhaine et al. 1999, Journal of Atmospheric and Oceanic Technology 16, 1854-1861)."""
_CLOUD_M, _HAZE_M = 60.0, 150.0
"""What is bright and narrower is no cloud, and no haze, metres."""
_BRIGHT = 0.22
"""Least veil of a cloud, reflectance: .25 to 1 in real ones. The broad yards and roofs of seven cities have .2 at most
in all but two thousandths of their cells, dry concrete under haze .2 (rendered)."""
_BRIGHT_OF_WHITE = 0.6
"""The same as a share of white, on a picture."""
_WHITE = 0.7
"""Least ratio of the darkest visible band to the brightest: .74 to .97 of broad bright cells in clouds of Sentinel-2,
.55 to .6 of bare soil and tiles."""
_WHITE_OF_WHITE = 0.85
"""The same between the image's own dark and white."""
_MOST = 0.5
"""Share of the cells of a patch that must be white."""
_THIN = 0.35
"""Share of the least veil above the ground's to which a cloud is followed."""
_SHARP = 0.28
"""Median slope of a rim, share of its step a pixel: .19 to .25 of clouds of Sentinel-2, .33 to .43 of white roofs."""
_TELLS_M = 15.0
"""Pixels up to which the sharpness of a rim tells cloud from things, metres: it takes cloud 30 m and more to fade."""
_AROUND_M = 120.0
"""As far as cloud is followed while it thins, metres; beyond, what is as bright is the ground of another place."""
_BROAD_M = 120.0
"""What is bright and narrower is no cloud on a picture, metres: aprons and sheds are."""
_LEAST_M2 = 10_000.0
"""A bright patch smaller than this is no cloud by itself, square metres: dry concrete piers are as broad and as white,
and their rims with what stands on them as ragged."""
_SCRAP_M, _SCRAPS_WITHIN_M = 20.0, 300.0
"""Scraps of cloud so broad, metres, so near to cloud, are cloud too if their rim is as soft."""
_RAGS_SHARE = 0.01
"""Where no cloud is a hectare large, soft white scraps are cloud if they cover so much of the image, and a hectare."""
_STEP_PX = 7
"""Window in which a step is looked for, pixels."""
_HUGE_M = 300.0
"""What has a disc of so many metres in it is not taken for a roof or a yard by its edges."""
_HOT, _LIFTED = 0.055, 0.04
"""Least haze-optimised transform and least veil of haze, reflectance: clear rendered ground and water stay below .05 in
the first or .03 in the second; cloud-free Sentinel-2 below .045 in the first."""
_MUDDY = 0.9
"""Red over blue from which water is muddy, not under haze: haze scatters more blue (.7 of rendered water under it), a
muddy sea in Sentinel-2 has 1 to 1.1."""
_NDSI, _NDSI_GREEN, _NDSI_NIR = 0.4, 0.1, 0.11
"""Snow in short-wave infrared (Zhu and Woodcock 2012)."""
_SNOW = 0.35
"""Reflectance in every visible band from which ground is called snow: half of fresh snow's."""
_SNOW_SHARE = 0.03
"""Share of the image that must be white to be called snow where no short-wave infrared tells it from roofs."""
_SNOW_SHARP = 0.25
"""Slope from which the rims of all that is white are those of things, on which snow lies: clouds .2 to .24 in the
middle, snow .26 to .29 (rendered)."""
_FADE_M = 150.0
"""As far as the rim of a cloud is followed, metres."""
_DARKEST = 0.5
"""Percentile that stands for the image's own dark."""
_LIT_DARK, _HAZY_DARK = 0.4, 0.15
"""Most that an image's own dark can be, share of white: of a picture, however it was stretched; of reflectance, where
haze lies over water or shade."""
_COLOURS = 0.05
"""Spread of blue against red, share of that of their mean, below which an image has no colours: one band stored three
times, or scanned from a black-and-white print. All is white there, and bright plants in near infrared would be cloud.
Real images in colour have .28 and more."""
_EIGHT_BITS, _NEARLY_ALL = 255.0, 99.9
"""White of a picture, and the percentile that must not exceed it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sky:
    """What stands between the ground and the satellite, by one image alone."""

    flags: NDArray[np.uint8]
    """(row, col), bits of ``Flag``: CLOUD, HAZE, SHADOW, SNOW; 0 where nothing speaks against the pixel, or it is not
    seen."""
    asked: tuple[str, ...]
    """What could be told from the bands and numbers: of ``cloud``, ``haze``, ``shadow``, ``snow``."""
    cloud_fade_m: float = 0.0
    """By how much cloud was grown: how far it takes to fade, metres."""
    shade_fade_m: float = 0.0
    """The same of its shade."""
    offset: Offset | None = None
    """Where most clouds throw their shade."""


def flags_of(
    image: Floats, seen: Bools, names: tuple[str, ...], pixel_m: float, level: Level, sun: Sun | None = None
) -> NDArray[np.uint8]:
    """Return the flags of :func:`find_sky` alone, (row, col)."""
    return find_sky(image, seen, names, pixel_m, level, sun).flags


def find_sky(
    image: Floats, seen: Bools, names: tuple[str, ...], pixel_m: float, level: Level, sun: Sun | None = None
) -> Sky:
    """Find cloud, haze, the shade of clouds and snow on an image without a mask.

    Parameters
    ----------
    image
        (band, row, col), in the numbers of ``level``; reflectance from 0 to 1.
    seen
        (row, col), True where the image holds something.
    names
        Common names of the bands; ``blue``, ``green`` and ``red`` are needed, ``nir``, ``swir1`` and ``swir2`` help.
    pixel_m
        Size of a pixel, metres.
    level
        What the numbers are: surface or top-of-atmosphere reflectance, or anything else.
    sun
        Its azimuth from the top of the image, clockwise; None where it is not known.

    Returns
    -------
    Sky
        Nothing is asked without the visible bands, where they are all the same, of numbers without a scale, or of
        radar.

    """
    nothing = Sky(flags=np.zeros(seen.shape, np.uint8), asked=())
    if not set(_VISIBLE) <= set(names) or level.radar or not seen.any() or _colourless(image, seen, names):
        return nothing
    lit = _Lit.of(image, seen, names, pixel_m, level)
    if lit is None:
        return nothing
    cells, known = lit.cells, lit.seen
    snow = _snow(lit)
    core = _cloud(lit, snow)
    fade_m = reach_of_fade(core, lit.veil, known & ~snow, cells.cell_m, _FADE_M)
    cloud = grown(core, fade_m / cells.cell_m) & known & ~snow
    hazy = _haze(lit) & ~cloud & ~snow
    thrown = Shade.none(core.shape)
    if core.any():
        dark = darkness(cells.image(image, seen), known & ~cloud, names, cells.cell_m)
        thrown = shade_of(core, dark, known & ~cloud & ~snow, cells.cell_m, sun)
    flags = np.zeros(seen.shape, np.uint8)
    for flag, where in ((Flag.CLOUD, cloud), (Flag.HAZE, hazy), (Flag.SNOW, snow), (Flag.SHADOW, thrown.shade)):
        flags[np.asarray(cells.laid_out(where), bool) & seen] |= np.uint8(flag.value)
    return Sky(flags=flags, asked=lit.asked, cloud_fade_m=fade_m, shade_fade_m=thrown.fade_m, offset=thrown.offset)


def _colourless(image: Floats, seen: Bools, names: tuple[str, ...]) -> bool:
    """Whether the visible bands are one band stored three times."""
    blue, red = (image[names.index(name)][seen][::7].astype(np.float64) for name in ("blue", "red"))
    return bool(np.std(blue - red) < _COLOURS * np.std(blue + red) / 2)


def _white(values: Floats, level: Level) -> float | None:
    """Return what stands for all light in numbers that no file explains: 255, or the scale they look like."""
    if level is Level.DISPLAY:
        return _EIGHT_BITS
    if level is not Level.NUMBERS:
        return None
    scale = guessed_scale(values)
    # Interpolation goes beyond what the numbers hold, at few pixels.
    eight_bits = scale != 1.0 and np.percentile(values, _NEARLY_ALL) <= _EIGHT_BITS
    return _EIGHT_BITS if eight_bits else scale


def grow_cloud(cloud: Bools, image: Floats, seen: Bools, names: tuple[str, ...], pixel_m: float) -> tuple[Bools, float]:
    """Grow a mask of clouds, whoever made it, by as much as they take to fade on the image.

    Parameters
    ----------
    cloud
        (row, col), True under cloud.
    image, seen, names, pixel_m
        As in :func:`find_sky`; any numbers that grow with light.

    Returns
    -------
    cloud, fade_m
        (row, col), and by how many metres it was grown.

    """
    cells = Cells.of(cloud.shape, pixel_m, CELL_M)
    darkest = [n for n, name in enumerate(names) if name in {*_VISIBLE, "nir"}] or list(range(len(names)))
    veil = cells.image(image[darkest], seen).min(axis=0)
    fade_m = reach_of_fade(cells.seen(cloud), np.asarray(veil, np.float32), cells.seen(seen), cells.cell_m, _FADE_M)
    return grown(cloud, fade_m / pixel_m) & seen, fade_m


@dataclass(frozen=True, kw_only=True, eq=False)
class _Lit:
    """An image in cells, less what clear air adds."""

    cells: Cells
    names: tuple[str, ...]
    known: bool
    """Whether the files say that it is reflectance."""
    reflectance: bool
    """Whether it is reflectance, said or guessed; else it lies between the image's own dark, 0, and white, 1."""
    light: Floats
    """(band, row, col)"""
    veil: Floats
    """(row, col), the least light of the visible and near infrared bands."""
    seen: Bools
    """(row, col)"""
    pixels: tuple[Floats, Bools]
    """Brightness and what of it was seen, (row, col) of the image."""

    @classmethod
    def of(cls, image: Floats, seen: Bools, names: tuple[str, ...], pixel_m: float, level: Level) -> _Lit | None:
        """Average an image over cells and take clear air, or its own dark, off; None if its numbers have no scale."""
        known = level in {Level.SURFACE, Level.TOA}
        white = 1.0 if known else _white(image[len(image) // 2][seen], level)
        if white is None:
            return None
        cells = Cells.of(seen.shape, pixel_m, CELL_M)
        light = cells.image(image, seen)
        if level is Level.TOA:
            light = light - np.array([_AIR.get(name, 0.0) for name in names], np.float32)[:, None, None]
        elif not known:
            dark = np.percentile(image[:, seen], _DARKEST, axis=1).astype(np.float32)[:, None, None]
            # Where all is bright no ground is in sight, and what is darkest is cloud.
            dark = np.minimum(dark, white * (_LIT_DARK if white == _EIGHT_BITS else _HAZY_DARK))
            light = (light - dark) / (white - dark if white == _EIGHT_BITS else white)
        darkest = [n for n, name in enumerate(names) if name in {*_VISIBLE, "nir"}]
        visible = [names.index(name) for name in _VISIBLE]
        veil = light[darkest].min(axis=0)
        return cls(
            cells=cells,
            names=names,
            known=known,
            reflectance=known or white != _EIGHT_BITS,
            light=np.asarray(light, np.float32),
            veil=np.asarray(veil, np.float32),
            seen=cells.seen(seen),
            pixels=(image[visible].mean(axis=0), seen),
        )

    @cached_property
    def slope(self) -> Floats:
        """(row, col), steepest slope in each cell, share of its step a pixel; 0 where there is no step."""
        return self.cells.mean(_slope(*self.pixels))

    def has(self, *names: str) -> bool:
        """Whether there are all these bands."""
        return set(names) <= set(self.names)

    def band(self, name: str) -> Floats:
        """One band, (row, col)."""
        return np.asarray(self.light[self.names.index(name)], np.float32)

    def white(self, least: float) -> Bools:
        """Cells whose darkest visible band is not below this share of the brightest."""
        visible = np.stack([self.band(name) for name in _VISIBLE])
        return np.asarray(visible.min(axis=0) > least * np.maximum(visible.max(axis=0), 1e-6), bool)

    @property
    def asked(self) -> tuple[str, ...]:
        """What these bands and numbers can tell."""
        if not self.known:
            return ("cloud", "shadow")
        return ("cloud", "haze", "shadow", "snow") if self.has("nir") else ("cloud", "haze", "shadow")

    @property
    def least(self) -> Floats:
        """(row, col), the least light of the visible bands."""
        return np.asarray(np.stack([self.band(name) for name in _VISIBLE]).min(axis=0), np.float32)


def _slope(light: Floats, seen: Bools) -> Floats:
    """Return the steepest slope around each pixel as a share of the step around it, per pixel; (row, col)."""
    filled = np.where(seen, light, np.float32(np.median(light[seen])))
    steep = np.hypot(ndimage.sobel(filled, 0), ndimage.sobel(filled, 1)) / 8
    step = ndimage.maximum_filter(filled, _STEP_PX) - ndimage.minimum_filter(filled, _STEP_PX)
    strong = step > np.percentile(step[seen], 50)
    return np.asarray(np.where(strong, ndimage.maximum_filter(steep, 3) / np.maximum(step, 1e-9), 0), np.float32)


def _cloud(lit: _Lit, snow: Bools) -> Bools:
    """Cells under cloud, before they are grown."""
    cell_m = lit.cells.cell_m
    bright, white = (_BRIGHT, _WHITE) if lit.reflectance else (_BRIGHT_OF_WHITE, _WHITE_OF_WHITE)
    broad = opened(lit.veil, _CLOUD_M / cell_m)
    bare = lit.seen & ~snow
    candidate = (broad > bright) & bare
    # In snow what is not quite so white is half covered by it.
    candidate &= ~_reached(candidate, grown(snow, 1.5))
    cloud = _like_cloud(_at_least(candidate, _LEAST_M2 / cell_m**2), lit, white)
    if not lit.reflectance:
        cloud = _reached(candidate, cloud & (opened(lit.veil, _BROAD_M / cell_m) > bright))
    if not cloud.any():
        return _rags(lit, white) if lit.reflectance and not snow.any() else cloud
    rest = bare & ~candidate
    ground = float(np.median(broad[rest])) if rest.any() else 0.0
    thin = (broad > ground + _THIN * max(bright - ground, 0.0)) & bare & (~candidate | cloud)
    thin &= grown(cloud, _AROUND_M / cell_m)
    near = grown(cloud, _SCRAPS_WITHIN_M / cell_m)
    scraps = (opened(lit.veil, _SCRAP_M / cell_m) > bright) & bare & ~candidate & near
    cloud = np.asarray(ndimage.binary_propagation(cloud, EIGHT, mask=thin | cloud), bool)
    return cloud | _like_cloud(scraps, lit, white)


def _rags(lit: _Lit, white: float) -> Bools:
    """Cells under clouds none of which is broad, if there is plenty of them."""
    cell_m = lit.cells.cell_m
    rags = _like_cloud((opened(lit.veil, _SCRAP_M / cell_m) > _BRIGHT) & lit.seen, lit, white)
    plenty = max(_LEAST_M2 / cell_m**2, _RAGS_SHARE * np.count_nonzero(lit.seen))
    if np.count_nonzero(rags) < plenty or lit.cells.pixel_m > _TELLS_M or _steepness(rags, lit) >= _SNOW_SHARP:
        return np.zeros_like(rags)
    return rags


def _reached(mask: Bools, seeds: Bools) -> Bools:
    """Patches of a mask that hold a seed."""
    return np.asarray(ndimage.binary_propagation(seeds & mask, EIGHT, mask=mask), bool)


def _at_least(mask: Bools, cells: float) -> Bools:
    """Patches of so many cells."""
    labels, _ = ndimage.label(mask, EIGHT)
    return np.asarray((np.bincount(labels.ravel()) >= cells)[labels] & mask, bool)


def _like_cloud(mask: Bools, lit: _Lit, white: float) -> Bools:
    """Patches most of whose cells are white, and whose rim is no sharper than cloud's."""
    labels, count = ndimage.label(mask, EIGHT)
    if not count:
        return mask
    numbers = np.arange(1, count + 1)
    share = np.asarray(ndimage.mean(lit.white(white), labels, numbers))
    # A cloud that leaves the image goes on outside.
    depth = ndimage.distance_transform_edt(np.pad(mask, 1, mode="edge"))[1:-1, 1:-1] * 2 * lit.cells.cell_m
    widest = np.asarray(ndimage.maximum(depth, labels, numbers))
    rim = ndimage.grey_dilation(labels, footprint=EIGHT) * ~ndimage.binary_erosion(mask, EIGHT, border_value=1)
    if lit.cells.pixel_m > _TELLS_M:
        return np.asarray(np.isin(labels, np.flatnonzero(share > _MOST) + 1), bool)
    steep = np.asarray(ndimage.median(lit.slope, np.where(lit.slope > 0, rim, 0), numbers))
    kept = (share > _MOST) & (~(steep >= _SHARP) | (widest >= _HUGE_M))
    return np.asarray(np.isin(labels, np.flatnonzero(kept) + 1), bool)


def _haze(lit: _Lit) -> Bools:
    """Cells under haze."""
    if not lit.known:
        return np.zeros_like(lit.seen)
    across = _HAZE_M / lit.cells.cell_m
    hot = np.asarray(lit.band("blue") - lit.band("red") / 2, np.float32)
    # An opening only lowers: where nothing is above the limits before it, nothing is after it.
    if not ((hot > _HOT) & lit.seen).any():
        return np.zeros_like(lit.seen)
    hazy = (opened(hot, across) > _HOT) & lit.seen
    hazy &= opened(lit.veil, across) > _LIFTED if hazy.any() else False
    if lit.has("nir"):
        muddy = (lit.band("green") > lit.band("nir")) & (lit.band("red") > _MUDDY * lit.band("blue"))
        hazy &= ~muddy
    return np.asarray(hazy, bool)


def _snow(lit: _Lit) -> Bools:
    """Cells under snow."""
    nowhere = np.zeros_like(lit.seen)
    if not lit.known or not lit.has("nir"):
        return nowhere
    if lit.has("swir1"):
        green, swir = lit.band("green"), lit.band("swir1")
        index = (green - swir) / np.maximum(green + swir, 1e-6)
        frozen = (index > _NDSI) & (green > _NDSI_GREEN) & (lit.band("nir") > _NDSI_NIR)
        return np.asarray(frozen & lit.seen, bool)
    if lit.cells.pixel_m > _TELLS_M:
        return nowhere
    like = lit.white(_WHITE) & (lit.band("blue") > lit.band("nir")) & lit.seen
    white = like & (lit.least > _SNOW)
    if np.count_nonzero(white) < _SNOW_SHARE * np.count_nonzero(lit.seen) or _steepness(white, lit) < _SNOW_SHARP:
        return nowhere
    return np.asarray(ndimage.binary_propagation(white, EIGHT, mask=white | (like & (lit.least > _BRIGHT))), bool)


def _steepness(mask: Bools, lit: _Lit) -> float:
    """Median slope of the rim of a mask; 0 where there is no step."""
    rim = ndimage.binary_dilation(mask, EIGHT) & ~ndimage.binary_erosion(mask, EIGHT, border_value=1)
    slopes = lit.slope[rim & (lit.slope > 0)]
    return float(np.median(slopes)) if slopes.size else 0.0
