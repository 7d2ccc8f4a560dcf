"""The story of a pair: two images in, what changed out.

The numbered comments of :func:`compare` are the headings of docs/explanation/method.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imagery_diff import pair_result
from imagery_diff.aoi import AOI
from imagery_diff.geometry import parallax_m, shadow_m
from imagery_diff.method import align, coregister, evidence, radiometry, regions, separate, shade, veil, zones
from imagery_diff.method.describe import Views, describe
from imagery_diff.method.radiometry import Surface
from imagery_diff.pair_scenes import Pair, open_pair, refuse_unseen
from imagery_diff.params import Params
from imagery_diff.read.aois import load_aoi
from imagery_diff.result import Comparison
from imagery_diff.scene import UNSEEN, Flag, Scene, SceneInfo

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from imagery_diff.grid import Grid

    Floats = NDArray[np.float32]
    Progress = Callable[[str], None]


def compare(
    aoi: AOI | str | None,
    before: SceneInfo | str | Path,
    after: SceneInfo | str | Path,
    *,
    detect: str | None = None,
    params: Params | None = None,
    progress: Progress = lambda _: None,
) -> Comparison:
    """Compare two images of a place and flag what changed.

    Parameters
    ----------
    aoi
        A registry name (``"najin"``), the path of an AOI file, an :class:`imagery_diff.AOI`, or ``"-"`` or None for the
        images' common ground.
    before, after
        Image files, or scenes opened with :func:`imagery_diff.open_scene`.
    detect
        ``"alarm"`` (few false regions, in zones) or ``"map"`` (all ground); by default alarm where the AOI has zones.
    params
        Every number of the method.
    progress
        Called with the name of each step as it begins.

    Raises
    ------
    ImageryDiffError
        One line that says what is wrong with which file and what to do.

    Examples
    --------
    >>> from imagery_diff import compare, samples
    >>> result = compare("najin", *samples.pair("quiet"))
    >>> len(result.regions)
    0

    """
    params = params or Params()
    # 1. What the files are
    progress("opening")
    pair = open_pair(before, after)
    place = load_aoi(aoi) if isinstance(aoi, str) and aoi != "-" else aoi if isinstance(aoi, AOI) else None
    detect = detect or ("alarm" if place and place.zones else "map")

    # 2. One grid
    ground = pair.lay_out(place) if place else None
    extent = ground.polygon if ground else None
    grid = align.common_grid(pair.grids, extent, context=params.context_m, max_pixels=params.max_pixels)

    # 3. Registration
    progress("registering")
    shift = _register(pair, grid, ground, params)

    # 4. Each image resampled once, from source, by half the shift
    progress("resampling")
    scenes = pair.read(grid, shift)

    # 5. Radiometry
    progress("matching radiometry")
    matched = _match_radiometry(scenes, pair.names, ground, params)

    # 6. Evidence
    progress("weighing evidence")
    geometry = _Geometry.of(pair, grid, params)
    noise = _estimate_noise(matched, geometry)
    weighed = _weigh(matched, noise, shift, geometry, params)

    # 7. Threshold
    scales = _set_thresholds(weighed, matched, grid, detect, params)

    # 8. Regions
    progress("drawing regions")
    patches, magnitude = _find_patches(scales, matched, weighed, geometry, grid, params)

    # 9. Zones, direction, activity
    views = _views(matched, magnitude, noise, geometry, pair.names, grid)
    told = [d for d in (describe(p, views, ground) for p in patches) if d and pair_result.reported(d, ground, detect)]
    sight = pair_result.Sight(flags=matched.flags, blind=_blind(matched, weighed, geometry), grid=grid)
    return Comparison(
        aoi=ground,
        before=pair.infos[0],
        after=pair.infos[1],
        grid=grid,
        shift=shift,
        relative_gain=dict(zip(pair.names, matched.match.relative_gain, strict=True)),
        thresholds=pair_result.threshold_table(scales),
        detect=detect,
        params=params,
        regions=pair_result.regions(told, pair, ground),
        zones=pair_result.zone_states(ground, sight, told, params),
        caveats=(*pair.caveats, *pair_result.caveats(shift, sight, ground, pair, params)),
        layers=pair_result.layers(scenes, scales, matched.surface),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Matched:
    """Both images in common numbers, and what ground they show."""

    images: tuple[Floats, Floats]
    """(band, row, col), each surface class centred on 0."""
    brightness: tuple[Floats, Floats]
    """(band, row, col), the same with the middle brightness of each class put back."""
    level: dict[int, NDArray[np.float64]]
    """Surface class -> (band,), that middle brightness."""
    cover: radiometry.Ground
    shaded: tuple[NDArray[np.bool_], NDArray[np.bool_]]
    """(row, col) twice, the colour of cast shadow before and lit after, and the other way round."""
    clear: NDArray[np.uint8]
    """(row, col), surface class of the pixels clear and lit alike on both dates: what statistics are taken from."""
    flags: NDArray[np.uint8]
    veiled: NDArray[np.bool_]
    """(row, col), True where thin cloud or its shade was taken off, and a grey thing may have gone with it."""
    match: radiometry.Match

    @property
    def surface(self) -> NDArray[np.uint8]:
        return self.cover.surface


def _register(pair: Pair, grid: Grid, ground: AOI | None, params: Params) -> coregister.Shift:
    """Measure the shift on ground worth trusting: clear on both dates and, where enough is left, without plants."""
    scenes = pair.read(grid)
    refuse_unseen(pair, scenes, ground)
    stable = (scenes[0].flags | scenes[1].flags) == 0
    if {"red", "nir"} <= set(pair.names):
        before, after = (s.data for s in scenes)
        bare = stable & ~radiometry.plants(before, after, pair.names, ndvi=params.vegetation_ndvi)
        if np.count_nonzero(bare) >= params.registration_bare_fraction * stable.size:
            stable = bare
    bands = _registration_bands(pair.names)
    size = grid.pixel_size_m[0]
    reach = params.max_shift_px if grid.crs is None else params.max_shift_m / size
    return coregister.estimate_shift(
        scenes[0].data[bands],
        scenes[1].data[bands],
        stable,
        max_shift_px=max(reach, 2.0),
        tile_px=params.registration_tile_px,
        sample_px=params.registration_sample_px,
    )


def _registration_bands(names: tuple[str, ...]) -> list[int]:
    """At most four bands, those of the finest resolution first; more add time, not precision (method.md, Q1)."""
    preferred = [names.index(n) for n in ("blue", "green", "red", "nir") if n in names]
    return preferred or list(range(min(4, len(names))))


def _match_radiometry(
    scenes: tuple[Scene, Scene], names: tuple[str, ...], ground: AOI | None, params: Params
) -> _Matched:
    """Tell the surfaces apart, bring both images to common numbers, and set cast shadows aside."""
    flags = scenes[0].flags | scenes[1].flags
    raw = (scenes[0].data, scenes[1].data)
    grid = scenes[0].grid
    size = grid.pixel_size_m[0]
    cover = radiometry.classify_ground(
        *raw,
        (flags & UNSEEN) == 0,
        names,
        texture_px=_odd(params.texture_m / size, 3),
        ndvi=params.vegetation_ndvi,
        water_hint=zones.drawn_water(ground, grid),
    )
    clear = np.where(flags == 0, cover.surface, np.uint8(Surface.UNSEEN))
    match = radiometry.estimate_match(*raw, clear if np.any(clear) else cover.surface)
    level = radiometry.middle_level(match)
    before, after = radiometry.apply_match(*raw, cover.surface, match, drift_px=_odd(params.drift_m / size, 9))
    brightness = (
        radiometry.common_brightness(before, cover.surface, level),
        radiometry.common_brightness(after, cover.surface, level),
    )
    clouds = (veil.cloud_colour(raw[0], scenes[0].flags), veil.cloud_colour(raw[1], scenes[1].flags))
    unveiled = veil.take_off_veil(
        brightness,
        (scenes[0].flags, scenes[1].flags),
        cover.surface,
        radiometry.on_common_scale(clouds, match, level),
        reach_px=params.cloud_edge_m / size,
        least=params.veil_share,
    )
    brightness = unveiled.brightness
    shaded = shade.cast_shadow(*brightness, names, least=params.shadow_darkening, water=cover.water)
    return _Matched(
        images=(
            radiometry.centred(brightness[0], cover.surface, level),
            radiometry.centred(brightness[1], cover.surface, level),
        ),
        brightness=brightness,
        level=level,
        cover=cover,
        shaded=shaded,
        clear=np.where(shaded[0] | shaded[1], np.uint8(Surface.UNSEEN), clear),
        flags=flags,
        veiled=unveiled.taken,
        match=match,
    )


def _odd(size: float, least: int) -> int:
    """Side of a window in whole pixels with a middle one."""
    return max(least, round(size) | 1)


@dataclass(frozen=True, kw_only=True)
class _Geometry:
    """What another sun and another view do to unchanged ground."""

    floor: evidence.RelativeFloor
    tolerance_px: int
    """How far standing clutter may lean apart, pixels."""
    shadows_moved: bool
    """Whether a warehouse casts a visibly other shadow, or the sun is not known."""
    reach_px: tuple[tuple[float, float], tuple[float, float]] | None
    """How far a warehouse's shadow reaches from it before and after, (rows, cols); None where the sun is not known."""

    def moved_shadow(self, shaded: tuple[NDArray[np.bool_], NDArray[np.bool_]]) -> NDArray[np.bool_]:
        """Keep of the shade-coloured pixels those that shadows of standing things can have left or reached."""
        if not self.shadows_moved:
            return np.zeros_like(shaded[0])
        if self.reach_px is None:
            return shaded[0] | shaded[1]
        before, after = (shade.within_reach(s, r) for s, r in zip(shaded, self.reach_px, strict=True))
        return before | after

    @classmethod
    def of(cls, pair: Pair, grid: Grid, params: Params) -> _Geometry:
        """Take sun and view of both scenes; where one is not known, as if they were alike (a caveat says so)."""
        before, after = pair.infos
        moved, lean_m, reach = 0.0, 0.0, None
        if before.sun and after.sun and min(before.sun.elevation_deg, after.sun.elevation_deg) > 0:
            cast = shadow_m(1.0, before.sun), shadow_m(1.0, after.sun)
            moved = float(np.hypot(*np.subtract(*cast)))
            tall_px = params.shed_height_m / grid.pixel_size_m[0]
            reach = tuple((-tall_px * north, tall_px * east) for east, north in cast)
        if before.view and after.view:
            lean = (parallax_m(params.lean_height_m, before.view), parallax_m(params.lean_height_m, after.view))
            lean_m = float(np.hypot(*np.subtract(*lean)))
        lean_px = lean_m / grid.pixel_size_m[0]
        return cls(
            floor=evidence.RelativeFloor(each_band=params.relative_floor, all_bands=params.facet_tilt * moved),
            tolerance_px=min(params.max_tolerance_px, round(params.tolerance_px + lean_px)),
            shadows_moved=reach is None or moved * params.shed_height_m > grid.pixel_size_m[0],
            reach_px=(reach[0], reach[1]) if reach else None,
        )


def _estimate_noise(matched: _Matched, geometry: _Geometry) -> evidence.NoiseModel:
    """Measure what unchanged ground does on this pair."""
    return evidence.estimate_noise(
        matched.images, matched.clear, matched.cover.texture, matched.level, floor=geometry.floor
    )


def _weigh(
    matched: _Matched, noise: evidence.NoiseModel, shift: coregister.Shift, geometry: _Geometry, params: Params
) -> evidence.Weighed:
    """Weigh every pixel's difference in units of what unchanged ground does: to find things, and to draw them."""
    left = (shift.error_px or 0.0) if shift.measured else params.unregistered_px
    jitter = float(np.hypot(params.jitter_px, left))
    surface, texture = matched.surface, matched.cover.texture
    tolerant = evidence.weigh(
        matched.brightness, surface, texture, noise, jitter_px=jitter, tolerance_px=geometry.tolerance_px
    )
    seen = surface != Surface.UNSEEN
    smooth = tuple(evidence.smooth_bands(image, seen, params.evidence_blur_px) for image in matched.brightness)
    smooth_noise = evidence.estimate_noise(
        (smooth[0], smooth[1]), matched.clear, texture, matched.level, floor=geometry.floor
    )
    plain = evidence.weigh((smooth[0], smooth[1]), surface, texture, smooth_noise, jitter_px=jitter, tolerance_px=0)
    looked_at = np.isin(surface, list(set(noise.whitening) & set(smooth_noise.whitening)))
    return evidence.Weighed(tolerant=tolerant, plain=plain, looked_at=looked_at)


def _blind(matched: _Matched, weighed: evidence.Weighed, geometry: _Geometry) -> dict[str, NDArray[np.bool_]]:
    """Ground that was seen but in which change was not looked for, by cause; later causes hold what is left."""
    moved = geometry.moved_shadow(matched.shaded)
    return {
        pair_result.CLOUD_EDGE: matched.veiled,
        "shadow that moved": moved,
        "too little ground of its kind": ~weighed.looked_at,
    }


def _set_thresholds(
    weighed: evidence.Weighed, matched: _Matched, grid: Grid, detect: str, params: Params
) -> list[regions.Scale]:
    """Smooth the evidence at the scale of a pixel and of an object, and set each one's levels from the pair itself."""
    error = params.family_error if detect == "alarm" else params.family_error_map
    block = max(8, round(params.noise_block_m / grid.pixel_size_m[0]))
    scales = []
    for sigma in (params.evidence_blur_px, params.object_blur_px):
        strength = evidence.smooth_evidence(weighed.tolerant, weighed.looked_at, sigma)
        levels = evidence.estimate_thresholds(
            strength, matched.clear, block_px=block, family_error=error, floor=params.floor_sigma
        )
        scales.append(regions.Scale(strength=strength, levels=levels))
    return scales


def _find_patches(
    scales: list[regions.Scale],
    matched: _Matched,
    weighed: evidence.Weighed,
    geometry: _Geometry,
    grid: Grid,
    params: Params,
) -> tuple[list[regions.Patch], Floats]:
    """Join evidence to patches, take those apart into things, and join things in one line to one.

    Under another sun a shadow that moved is barred. Under the same sun only the shadows of what came or went differ:
    they are taken off the things that throw them.

    Returns
    -------
    patches, magnitude
        What changed, and (row, col) by how much, 0 in shadow: what outlines are drawn in.

    """
    moved = geometry.moved_shadow(matched.shaded)
    barred = ~weighed.looked_at | ((matched.flags & (Flag.SHADOW | Flag.SNOW)) != 0) | moved
    least = _least_pixels(grid, params)
    pieces = regions.find_patches(scales, matched.surface, barred, min_px=least)
    reach = None if geometry.shadows_moved else geometry.reach_px
    things, own_shadow = [], np.zeros(barred.shape, bool)
    for piece in pieces:
        parts, shadow = separate.take_apart(piece, weighed.plain, matched.shaded, reach, least_px=least)
        things += parts
        own_shadow[piece.window] |= shadow
    weak = matched.shaded[0] | matched.shaded[1] | (weighed.plain >= params.bridge_sigma)
    size = grid.pixel_size_m[0]
    patches = regions.join_collinear(
        things, weak, gap_px=params.join_gap_m / size, width_px=max(6.0, params.line_width_m / size)
    )
    return patches, np.where(moved | own_shadow, np.float32(0), weighed.plain)


def _views(
    matched: _Matched,
    magnitude: Floats,
    noise: evidence.NoiseModel,
    geometry: _Geometry,
    names: tuple[str, ...],
    grid: Grid,
) -> Views:
    """Lay out what the describing steps look at."""
    return Views(
        whitening=noise.whitening,
        surface=matched.surface,
        brightness=matched.brightness,
        magnitude=magnitude,
        water=matched.cover.water,
        shaded=geometry.moved_shadow(matched.shaded),
        flags=matched.flags,
        names=names,
        grid=grid,
    )


def _least_pixels(grid: Grid, params: Params) -> int:
    return max(params.min_region_px, round(params.min_region_m2 / grid.pixel_area_m2) if grid.crs else 0)
