"""Two scenes as delivered -> both in common numbers: surfaces, veils taken off, gains, drift, sharpness.

Sections 3 and 5 of docs/explanation/method.md, as :mod:`imagery_diff.pair` asks for them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from imagery_diff import pair_result
from imagery_diff.method import clouds, radiometry, shade, sharpness, speckle, veil, zones
from imagery_diff.method.radiometry import DRY, Surface
from imagery_diff.overcast import Judged, with_sky
from imagery_diff.scene import UNSEEN, Flag

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.aoi import AOI
    from imagery_diff.grid import Grid
    from imagery_diff.method.sharpness import Sharpness
    from imagery_diff.pair_scenes import Pair
    from imagery_diff.params import Params
    from imagery_diff.scene import Scene

    Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Matched:
    """Both images in common numbers, and what ground they show."""

    images: tuple[Floats, Floats]
    """(band, row, col), what the noise is measured on: ``brightness``, but for radar."""
    brightness: tuple[Floats, Floats]
    """(band, row, col), the same with the middle brightness of each class put back."""
    level: dict[int, NDArray[np.float64]]
    """Surface class -> (band,), that middle brightness."""
    cover: radiometry.Ground
    shaded: tuple[NDArray[np.bool_], NDArray[np.bool_]]
    """(row, col) twice, the colour of cast shadow before and lit after, and the other way round."""
    moved: NDArray[np.bool_]
    """(row, col), either of these where shadows of standing things, moved with the sun, can have left it."""
    clear: NDArray[np.uint8]
    """(row, col), surface class of the pixels clear and lit alike on both dates: what statistics are taken from."""
    flags: NDArray[np.uint8]
    veiled: dict[str, NDArray[np.bool_]]
    """Cause -> (row, col), True where a veil was taken off, and a thing of its colour may have gone with it."""
    match: radiometry.Match
    sharpness: Sharpness | None = None
    """How much softer one image is than the other; None for radar."""
    snowy: tuple[bool, bool] = (False, False)
    """Whether snow was taken off before, and after."""
    speckle: speckle.Speckle | None = None
    """Radar: how unchanged ground scatters; ``images`` are then as delivered and ``brightness`` a logarithm."""

    @property
    def surface(self) -> NDArray[np.uint8]:
        """(row, col), :class:`imagery_diff.method.radiometry.Surface`."""
        return self.cover.surface

    @property
    def added_blur_px(self) -> float:
        """Standard deviation of the blur that both images now carry beside that of delivered pixels."""
        return self.sharpness.sigma_px if self.sharpness is not None and self.sharpness.matched else 0.0


def mark_clouds(
    scenes: tuple[Scene, Scene],
    radar: speckle.Radar | None,
    pair: Pair,
    ground: AOI | None,
    params: Params,
    *,
    turned_white: bool,
) -> tuple[tuple[Scene, Scene], tuple[Judged, Judged]]:
    """Mark what may hide the ground in the flags: the rims and the shade of masked clouds; without a mask its look.

    Each image is asked by itself; and, with ``turned_white``, the pair what turned as white and broad as clouds on one
    date. Snow on one date is known as such where the bands tell; radar looks through clouds.
    With the scenes comes who judged each.
    """
    if radar:
        return scenes, (Judged(), Judged())
    (before, one), (after, other) = (
        with_sky(info, scene, pair.names, params) for info, scene in zip(pair.infos, scenes, strict=True)
    )
    marked = _marked_where_white((before, after), pair, ground, params) if turned_white else (before, after)
    return marked, (one, other)


def _marked_where_white(
    scenes: tuple[Scene, Scene], pair: Pair, ground: AOI | None, params: Params
) -> tuple[Scene, Scene]:
    """Mark what turned white as cloud on a date that came without a mask, and the shade beside it."""
    bare = [not info.cloud_masked for info in pair.infos]
    if not any(bare):
        return scenes
    cover, bare_ground = _bare_ground(scenes, pair, ground, params)
    if bare_ground.taken.any():
        return scenes
    seen = ((scenes[0].flags | scenes[1].flags) & UNSEEN) == 0
    dry = radiometry.among(cover.surface, DRY)
    found = clouds.find_clouds(bare_ground.brightness, seen, dry, pair.names, scenes[0].grid.pixel_size_m[0])
    before, after = (
        _marked(scene, there) if there and without else scene
        for scene, there, without in zip(scenes, found, bare, strict=True)
    )
    return before, after


def match_radiometry(scenes: tuple[Scene, Scene], pair: Pair, ground: AOI | None, params: Params) -> Matched:
    """Tell the surfaces apart, bring both images to common numbers without veils, and set cast shadows aside.

    The scenes' own numbers are used up: those in common take their place, since fresh memory costs as much as the work.
    """
    flags = scenes[0].flags | scenes[1].flags
    cloud_colours = veil.cloud_colours(scenes)
    cover, bare = _bare_ground(scenes, pair, ground, params)
    raw, snow = bare.brightness, bare.taken
    size = scenes[0].grid.pixel_size_m[0]
    clear = np.where(flags == 0, cover.surface, np.uint8(Surface.UNSEEN))
    match = radiometry.estimate_match(*raw, clear if np.any(clear) else cover.surface)
    level = radiometry.middle_level(match)
    drift = _odd(params.drift_m / size, 9)
    cloudless = veil.take_off_clouds(
        radiometry.apply_match(*raw, cover.surface, match, drift_px=drift, out=raw),
        (scenes[0].flags, scenes[1].flags),
        cloud_colours,
        cover.surface,
        match,
        reach_px=params.cloud_edge_m / size,
        least=params.veil_share,
    )
    blur, brightness = _match_sharpness(
        cloudless.brightness, cover.surface, (flags == 0) & ~cloudless.taken & ~snow, params
    )
    shaded = shade.cast_shadow(*brightness, pair.names, least=params.shadow_darkening, water=cover.water)
    return Matched(
        images=brightness,
        brightness=brightness,
        level=level,
        cover=cover,
        shaded=shaded,
        moved=np.zeros_like(shaded[0]),
        clear=np.where(shaded[0] | shaded[1], np.uint8(Surface.UNSEEN), clear),
        flags=flags,
        veiled={pair_result.CLOUD_EDGE: cloudless.taken, pair_result.SNOW: snow},
        match=match,
        sharpness=blur,
        snowy=bare.snowy,
    )


def _marked(scene: Scene, found: clouds.Clouds) -> Scene:
    """Return a scene with clouds and their shade in its flags."""
    flags = scene.flags.copy()
    flags[found.cloud] |= np.uint8(Flag.CLOUD.value)
    flags[found.shade] |= np.uint8(Flag.SHADOW.value)
    return replace(scene, flags=flags)


def _match_sharpness(
    images: tuple[Floats, Floats], surface: NDArray[np.uint8], clear: NDArray[np.bool_], params: Params
) -> tuple[Sharpness, tuple[Floats, Floats]]:
    """Blur the sharper image to the softer, or every edge that stands would be a change."""
    dry = radiometry.among(surface, DRY)
    found = sharpness.estimate_sharpness(*images, clear & dry)
    if not found.matters(params.least_blur_px):
        return found, images
    return replace(found, matched=True), sharpness.match_sharpness(images, surface != Surface.UNSEEN.value, found)


def _bare_ground(
    scenes: tuple[Scene, Scene], pair: Pair, ground: AOI | None, params: Params
) -> tuple[radiometry.Ground, veil.Unveiled]:
    """Tell the surfaces apart; where snow lies on one date only, take it off and look again."""
    flags = (scenes[0].flags, scenes[1].flags)
    classify = partial(
        radiometry.classify_ground,
        seen=((flags[0] | flags[1]) & UNSEEN) == 0,
        names=pair.names,
        texture_px=_odd(params.texture_m / scenes[0].grid.pixel_size_m[0], 3),
        ndvi=params.vegetation_ndvi,
        water_hint=zones.drawn_water(ground, scenes[0].grid),
        reflectance=pair.reflectance,
    )
    images = (scenes[0].data, scenes[1].data)
    cover = classify(images)
    if not pair.reflectance:
        return cover, veil.Unveiled(brightness=images, taken=np.zeros(flags[0].shape, bool))
    bare = veil.take_off_snow(
        images, flags, pair.names, cover.surface, share=params.snow_share, least=params.veil_share
    )
    if bare.taken.any():
        cover = classify(bare.brightness)
    return cover, bare


def recognise_radar(pair: Pair, grid: Grid) -> speckle.Radar | None:
    """Ask the files, the names of the bands, and where these say nothing the pixels, whether the pair is radar."""
    if all(info.level.radar for info in pair.infos):
        return speckle.of_power(" and ".join(dict.fromkeys(str(info.level) for info in pair.infos)))
    if not speckle.may_be_radar(pair.names):
        return None
    before, after = pair.read(grid)
    return speckle.recognise(before.data, after.data, ~(before.unseen | after.unseen), pair.names)


def match_speckle(scenes: tuple[Scene, Scene], radar: speckle.Radar) -> Matched:
    """Bring radar images to one gain on a logarithmic scale; ground is one class, shadow of the sun there is none."""
    flags = scenes[0].flags | scenes[1].flags
    raw = (scenes[0].data, scenes[1].data)
    seen = (flags & UNSEEN) == 0
    model = speckle.estimate_speckle(*raw, seen, radar)
    lit = speckle.lit_ground(*raw, seen, model)
    surface = np.where(seen, np.uint8(Surface.SMOOTH), np.uint8(Surface.UNSEEN))
    texture = np.zeros(seen.shape, np.float32)
    return Matched(
        images=raw,
        brightness=speckle.log_brightness(*raw, seen, model),
        level={},
        cover=radiometry.Ground(surface=surface, texture=texture, water=None),
        shaded=(np.zeros(seen.shape, bool), np.zeros(seen.shape, bool)),
        moved=np.zeros(seen.shape, bool),
        veiled={},
        clear=np.where(lit, surface, np.uint8(Surface.UNSEEN)),
        flags=flags,
        match=radiometry.Match(
            gain_before=np.exp(model.gain / 2), gain_after=np.exp(-model.gain / 2), centre_before={}, centre_after={}
        ),
        speckle=model,
    )


def _odd(size: float, least: int) -> int:
    """Side of a window in whole pixels with a middle one."""
    return max(least, round(size) | 1)
