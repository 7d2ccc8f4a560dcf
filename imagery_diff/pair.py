"""The story of a pair: two images in, what changed out.

The numbered comments of :func:`compare` are the headings of docs/explanation/method.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from imagery_diff import pair_result
from imagery_diff.aoi import AOI
from imagery_diff.geometry import parallax_m, shadow_m
from imagery_diff.memory import giving_back
from imagery_diff.method import (
    align,
    evidence,
    radiometry,
    regions,
    separate,
    shade,
    sharpness,
    speckle,
    survey,
    tracks,
    trains,
    veil,
    zones,
)
from imagery_diff.method.describe import Echo, Views, describe
from imagery_diff.method.radiometry import STRATA, Surface
from imagery_diff.method.traits import Around
from imagery_diff.pair_register import register
from imagery_diff.pair_scenes import Pair, open_pair
from imagery_diff.params import Params
from imagery_diff.read.aois import load_aoi
from imagery_diff.result import Comparison
from imagery_diff.scene import UNSEEN, Flag, Scene, SceneInfo

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from imagery_diff.grid import Grid
    from imagery_diff.method.coregister import Shift
    from imagery_diff.method.sharpness import Sharpness

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
    progress = giving_back(progress)
    # 1. What the files are
    progress("opening")
    pair = open_pair(before, after)
    place = load_aoi(aoi) if isinstance(aoi, str) and aoi != "-" else aoi if isinstance(aoi, AOI) else None
    detect = detect or ("alarm" if place and place.zones else "map")

    # 2. One grid
    ground = pair.lay_out(place) if place else None
    extent = ground.polygon if ground else None
    grid = align.common_grid(pair.grids, extent, context=params.context_m, max_pixels=params.max_pixels)
    odds = pair_result.Odds.of(pair, grid, detect, params)

    # 3. Registration
    progress("registering")
    radar = _recognise_radar(pair, grid)
    shift = register(pair, grid, ground, params)
    shift = shift.in_whole_pixels() if radar else shift

    # 4. Each image resampled once, from source, by half the shift
    progress("resampling")
    scenes = pair.read(grid, shift)

    # 5. Radiometry
    progress("matching radiometry")
    matched = _match_speckle(scenes, radar) if radar else _match_radiometry(scenes, pair, ground, params)

    scenes = pair_result.for_pictures(scenes)

    # 6. Evidence
    progress("weighing evidence")
    geometry = _Geometry.of(pair, grid, params)
    if detect == "alarm":  # the map finds dark cover by its own score, shade or not
        geometry = geometry.borne_out(matched, params)
    matched = geometry.set_shadows_aside(matched)
    noise = _estimate_noise(matched, geometry)
    weighed = _weigh(matched, noise, shift, geometry, params)
    # What only these steps needed makes room.
    matched = replace(matched, cover=replace(matched.cover, texture=np.zeros((0, 0), np.float32)))

    # 7. Threshold
    progress("setting thresholds")
    scales = _set_thresholds(weighed, matched, grid, detect, params)
    scales += _track_scales(weighed, matched, noise, geometry, ground, grid, params)
    train = _line_on_track(scales)
    matched = matched if train is None else matched.not_shaded(train)  # though it may be as dark
    weighed = replace(weighed, tolerant=scales[0].strength)

    # 8. Regions
    progress("drawing regions")
    patches, magnitude = _find_patches(scales, matched, weighed, geometry, grid, params)
    if odds.least_score is not None:
        low = [scale.let_down(params.candidate_sigma, params.candidate_error) for scale in scales]
        candidates, _ = _find_patches(low, matched, weighed, geometry, grid, params)
        patches += regions.weaker(candidates, patches, matched.surface.shape)

    # 9. Zones, direction, activity
    progress("describing")
    views = _views(patches, matched, magnitude, noise, geometry, pair.names, grid)
    views = replace(views, radar=_echo(matched, scales, params), cover=regions.cover_of(scales), train=train)
    if odds.stage:
        views = replace(views, around=_around(scales, matched, weighed))
    told = [d for d in (describe(p, views, ground) for p in patches) if d and pair_result.reported(d, ground, detect)]
    told = [d for d in told if odds.accepts(d)]
    sight = pair_result.Sight(flags=matched.flags, blind=_blind(matched, weighed), grid=grid)
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
        regions=pair_result.regions(told, pair, ground, odds),
        zones=pair_result.zone_states(ground, sight, told, params),
        relative_blur=matched.sharpness,
        caveats=(
            *pair_result.caveats_of_files(pair, matched.speckle),
            *pair_result.blur_caveats(matched.sharpness, grid),
            *pair_result.caveats(shift, sight, ground, pair, params, matched.speckle),
        ),
        layers=pair_result.layers(scenes, scales, matched.surface),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Matched:
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
    speckle: speckle.Speckle | None = None
    """Radar: how unchanged ground scatters; ``images`` are then as delivered and ``brightness`` a logarithm."""

    @property
    def surface(self) -> NDArray[np.uint8]:
        return self.cover.surface

    def not_shaded(self, where: NDArray[np.bool_]) -> _Matched:
        """Take what lies there, (row, col), for no shadow."""
        before, after = self.shaded
        return replace(self, shaded=(before & ~where, after & ~where), moved=self.moved & ~where)


def _match_radiometry(scenes: tuple[Scene, Scene], pair: Pair, ground: AOI | None, params: Params) -> _Matched:
    """Tell the surfaces apart, bring both images to common numbers without veils, and set cast shadows aside."""
    flags = scenes[0].flags | scenes[1].flags
    raw, cover, snow = _bare_ground(scenes, pair, ground, params)
    size = scenes[0].grid.pixel_size_m[0]
    clear = np.where(flags == 0, cover.surface, np.uint8(Surface.UNSEEN))
    match = radiometry.estimate_match(*raw, clear if np.any(clear) else cover.surface)
    level = radiometry.middle_level(match)
    drift = _odd(params.drift_m / size, 9)
    cloudless = veil.take_off_clouds(
        radiometry.apply_match(*raw, cover.surface, match, drift_px=drift, level=level),
        scenes,
        cover.surface,
        match,
        reach_px=params.cloud_edge_m / size,
        least=params.veil_share,
    )
    blur, brightness = _match_sharpness(
        cloudless.brightness, cover.surface, (flags == 0) & ~cloudless.taken & ~snow, params
    )
    shaded = shade.cast_shadow(*brightness, pair.names, least=params.shadow_darkening, water=cover.water)
    return _Matched(
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
    )


def _match_sharpness(
    images: tuple[Floats, Floats], surface: NDArray[np.uint8], clear: NDArray[np.bool_], params: Params
) -> tuple[Sharpness, tuple[Floats, Floats]]:
    """Blur the sharper image to the softer, or every edge that stands would be a change."""
    dry = np.isin(surface, [Surface.SMOOTH, Surface.ROUGH, Surface.VEGETATION])
    found = sharpness.estimate_sharpness(*images, clear & dry)
    if not found.matters(params.least_blur_px):
        return found, images
    return replace(found, matched=True), sharpness.match_sharpness(images, surface != Surface.UNSEEN, found)


def _bare_ground(
    scenes: tuple[Scene, Scene], pair: Pair, ground: AOI | None, params: Params
) -> tuple[tuple[Floats, Floats], radiometry.Ground, NDArray[np.bool_]]:
    """Tell the surfaces apart; where snow lies on one date only, take it off and look again.

    Returns
    -------
    images, cover, snow
        (band, row, col) twice; the surfaces; (row, col) True where a thing may have been taken off with the snow.

    """
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
        return images, cover, np.zeros(flags[0].shape, bool)
    bare = veil.take_off_snow(
        images, flags, pair.names, cover.surface, share=params.snow_share, least=params.veil_share
    )
    if bare.taken.any():
        cover = classify(bare.brightness)
    return bare.brightness, cover, bare.taken


def _recognise_radar(pair: Pair, grid: Grid) -> speckle.Radar | None:
    """Ask the names of the bands, and where they say nothing the pixels, whether the pair is radar."""
    if not speckle.may_be_radar(pair.names):
        return None
    before, after = pair.read(grid)
    return speckle.recognise(before.data, after.data, ~(before.unseen | after.unseen), pair.names)


def _match_speckle(scenes: tuple[Scene, Scene], radar: speckle.Radar) -> _Matched:
    """Bring radar images to one gain on a logarithmic scale; ground is one class, shadow of the sun there is none."""
    flags = scenes[0].flags | scenes[1].flags
    raw = (scenes[0].data, scenes[1].data)
    seen = (flags & UNSEEN) == 0
    model = speckle.estimate_speckle(*raw, seen, radar)
    lit = speckle.lit_ground(*raw, seen, model)
    surface = np.where(seen, np.uint8(Surface.SMOOTH), np.uint8(Surface.UNSEEN))
    texture = np.zeros(seen.shape, np.float32)
    return _Matched(
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


@dataclass(frozen=True, kw_only=True)
class _Geometry:
    """What another sun and another view do to unchanged ground."""

    floor: evidence.RelativeFloor
    tolerance_px: int
    """How far standing clutter may lean apart, pixels."""
    edge_px: float
    """By how much the edges of standing things' shadows lie apart where no shadow visibly moved, pixels."""
    shadows_moved: bool
    """Whether a warehouse casts a visibly other shadow, or may do so where the sun is not known."""
    reach_px: tuple[tuple[float, float], tuple[float, float]] | None
    """How far a warehouse's shadow reaches from it before and after, (rows, cols); None where the sun is not known."""

    def borne_out(self, matched: _Matched, params: Params) -> _Geometry:
        """Where no sun tells, ask the ground whether shadows moved: they do beside all that stands, cargo does not."""
        if self.reach_px is not None:
            return self
        dry = np.isin(matched.surface, [Surface.SMOOTH, Surface.ROUGH, Surface.VEGETATION])
        shade_coloured = np.count_nonzero((matched.shaded[0] | matched.shaded[1]) & dry)
        return replace(self, shadows_moved=bool(shade_coloured > params.moved_shadow_share * np.count_nonzero(dry)))

    def set_shadows_aside(self, matched: _Matched) -> _Matched:
        """Find what shadows of standing things can have left or reached; where no sun tells, all that looks like it."""
        if not self.shadows_moved:
            return matched
        before, after = matched.shaded
        if self.reach_px is not None:
            before, after = shade.of_standing(
                matched.shaded, matched.brightness, self.reach_px, water=matched.cover.water
            )
        return replace(matched, moved=before | after)

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
        shadows_moved = reach is None or moved * params.shed_height_m > grid.pixel_size_m[0]
        return cls(
            floor=evidence.RelativeFloor(each_band=params.relative_floor, all_bands=params.facet_tilt * moved),
            tolerance_px=min(params.max_tolerance_px, round(params.tolerance_px + lean_px)),
            # Of things half as high as the highest; where shadows visibly moved their rims are not searched at all.
            edge_px=0.0 if shadows_moved else moved * params.shed_height_m / 2 / grid.pixel_size_m[0],
            shadows_moved=shadows_moved,
            reach_px=(reach[0], reach[1]) if reach else None,
        )


def _estimate_noise(matched: _Matched, geometry: _Geometry) -> evidence.NoiseModel:
    """Measure what unchanged ground does on this pair."""
    if matched.speckle:
        return evidence.NoiseModel(
            whitening={int(Surface.SMOOTH): matched.speckle.whitening}, texture_knots={}, spread={}
        )
    return evidence.estimate_noise(
        matched.images, matched.clear, matched.cover.texture, matched.level, floor=geometry.floor
    )


def _weigh(
    matched: _Matched, noise: evidence.NoiseModel, shift: Shift, geometry: _Geometry, params: Params
) -> evidence.Weighed:
    """Weigh every pixel's difference in units of what unchanged ground does; for radar, its log ratio by speckle."""
    if matched.speckle:
        return speckle.weigh(*matched.images, matched.surface != Surface.UNSEEN, matched.speckle)
    known = shift.measured and shift.error_px is not None
    # An edge is misplaced across itself only: by the error along one axis.
    left = (shift.error_px or 0.0) / math.sqrt(2) if known else params.unregistered_px
    jitter = math.hypot(params.jitter_px, left, geometry.edge_px)
    surface, texture = matched.surface, matched.cover.texture
    reach = evidence.Reach(jitter_px=jitter, tolerance_px=geometry.tolerance_px)
    tolerant = evidence.weigh(matched.brightness, surface, texture, noise, reach=reach)
    blur = evidence.Blur(sigma_px=params.evidence_blur_px, seen=surface != Surface.UNSEEN)
    smooth_noise = evidence.estimate_noise(
        matched.brightness, matched.clear, texture, matched.level, floor=geometry.floor, blur=blur
    )
    still = replace(reach, tolerance_px=0)
    plain = evidence.weigh(matched.brightness, surface, texture, smooth_noise, reach=still, blur=blur)
    looked_at = np.isin(surface, list(set(noise.whitening) & set(smooth_noise.whitening)))
    return evidence.Weighed(tolerant=tolerant, plain=plain, looked_at=looked_at)


def _blind(matched: _Matched, weighed: evidence.Weighed) -> dict[str, NDArray[np.bool_]]:
    """Ground that was seen but in which change was not looked for, by cause; later causes hold what is left."""
    return {
        **matched.veiled,
        "shadow that moved": matched.moved,
        "too little ground of its kind": ~weighed.looked_at,
    }


def _set_thresholds(
    weighed: evidence.Weighed, matched: _Matched, grid: Grid, detect: str, params: Params
) -> list[regions.Scale]:
    """Smooth the evidence at the scale of a pixel and of an object, and set each one's levels from the pair itself."""
    error = params.family_error if detect == "alarm" else params.family_error_map
    if matched.speckle:
        return _set_speckle_thresholds(weighed, matched, matched.speckle, error, params)
    block = max(8, round(params.noise_block_m / grid.pixel_size_m[0]))
    scales = []
    for name, sigma in (("pixel", params.evidence_blur_px), ("object", params.object_blur_px)):
        strength = evidence.smooth_evidence(weighed.tolerant, weighed.looked_at, sigma)
        levels = evidence.estimate_thresholds(
            strength, matched.clear, block_px=block, family_error=error, floor=params.floor_sigma
        )
        scales.append(regions.Scale(name=name, strength=strength, levels=levels))
    return [*scales, _survey_scale(weighed, matched, params)] if detect == "map" else scales


def _survey_scale(weighed: evidence.Weighed, matched: _Matched, params: Params) -> regions.Scale:
    """Score all ground for the map; its level is the same on all ground."""
    found = survey.score(
        matched.brightness,
        weighed.tolerant,
        weighed.looked_at,
        bounds=survey.Bounds(level=params.map_times, share=params.map_least_share, contrast=params.map_least_contrast),
        blurs_px=(params.map_near_px, params.map_wide_px),
        window_px=params.map_window_px,
    )
    level = evidence.Threshold(location=1.0, scale=1.0, blocks=0, seed=found.level, grow=found.level)
    return regions.Scale(name=regions.SURVEY, strength=found.strength, levels=dict.fromkeys(map(int, STRATA), level))


def _track_scales(
    weighed: evidence.Weighed,
    matched: _Matched,
    noise: evidence.NoiseModel,
    geometry: _Geometry,
    ground: AOI | None,
    grid: Grid,
    params: Params,
) -> list[regions.Scale]:
    """Look along the AOI's tracks for trains: by the mean of the evidence, and by what stands out on one date only."""
    rails = [z.polygon for z in ground.zones if z.kind == "rail" and z.located] if ground else []
    if not rails or matched.speckle:
        return []
    # The half-dark rim of a shadow that moved along a track looks like a train.
    rims = ndimage.binary_dilation(matched.moved, np.ones((3, 3), bool), iterations=2)
    steady = np.where(rims | ~weighed.looked_at, np.float32(0), weighed.tolerant)
    mean = tracks.along_tracks(steady, rails, grid, sigma_px=params.track_mean_m / grid.pixel_size_m[0])
    veiled = np.logical_or.reduce([np.zeros_like(matched.moved), *matched.veiled.values()])
    clear = np.where((matched.flags == 0) & weighed.looked_at & ~veiled, matched.surface, np.uint8(Surface.UNSEEN))
    sun = trains.Sun(moved=matched.moved, away_px=geometry.reach_px)
    line = trains.stand_out(matched.brightness, clear, noise.whitening, rails, grid, sun=sun)
    least = params.floor_sigma
    level = evidence.Threshold(location=0.0, scale=1.0, blocks=0, seed=least, grow=0.75 * least)
    sure = replace(level, grow=(1 - params.train_least) * least)
    return [
        regions.Scale(
            name="track", strength=mean * np.float32(params.track_gain), levels=dict.fromkeys(map(int, STRATA), level)
        ),
        regions.Scale(
            name=regions.TRAIN,
            strength=np.maximum(np.float32(least) * (1 + line - np.float32(params.train_least)), 0).astype(np.float32),
            levels=dict.fromkeys(map(int, STRATA), sure),
            candidate=(1 - params.train_doubt) * least,
        ),
    ]


def _line_on_track(scales: list[regions.Scale]) -> NDArray[np.bool_] | None:
    """(row, col), True beside what surely stands out from its track as a train does; None without tracks."""
    for scale in scales:
        if scale.name == regions.TRAIN:
            level = scale.levels[int(Surface.SMOOTH)].seed
            train: NDArray[np.bool_] = ndimage.binary_dilation(scale.strength >= level, np.ones((3, 3), bool))
            return train
    return None


def _set_speckle_thresholds(
    weighed: evidence.Weighed, matched: _Matched, model: speckle.Speckle, error: float, params: Params
) -> list[regions.Scale]:
    """Seed where neither speckle nor what unchanged ground of this pair does explains it; outline at half the change.

    The coarse scales seed, the fine one draws. ``error`` is the chance by the pair's own block maxima, and never is a
    level taken that speckle alone would reach with more than ``Params.speckle_error``.

    """
    s = int(Surface.SMOOTH)
    blocks = speckle.unchanged_blocks(weighed.plain, matched.clear != Surface.UNSEEN)
    # The squares of normal scores have an exponential tail, so the maxima of small blocks already follow Gumbel's law.
    level = evidence.estimate_thresholds(
        weighed.tolerant**2,
        np.where(blocks, np.uint8(s), np.uint8(Surface.UNSEEN)),
        block_px=speckle.BLOCK_PX,
        family_error=error,
        floor=speckle.chance_level(model, min(error, params.speckle_error)) ** 2,
    )[s]
    seed = float(np.sqrt(level.seed))
    seeded = weighed.tolerant >= seed
    half = speckle.half_way(weighed.plain, seeded)
    fine = replace(level, seed=max(half, speckle.plain_level(model, seed)), grow=half)
    shown = np.where(speckle.borne_out(weighed.plain, seeded, half), weighed.tolerant, np.float32(0))
    return [
        regions.Scale(name="all scales", strength=shown, levels={s: replace(level, seed=seed, grow=seed)}),
        regions.Scale(name="pixel", strength=weighed.plain, levels={s: fine}, seeds=False),
    ]


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
    moved = matched.moved
    declared = (matched.flags & (Flag.SHADOW | Flag.SNOW)) != 0
    declared |= matched.veiled.get(pair_result.SNOW, np.False_)
    barred = ~weighed.looked_at | declared | moved
    least = _least_pixels(grid, params)
    fine = [scale for scale in scales if scale.name != regions.SURVEY]
    pieces = regions.find_patches(fine, matched.surface, barred, min_px=least)
    reach = None if geometry.shadows_moved else geometry.reach_px
    things, own_shadow = [], np.zeros(barred.shape, bool)
    for piece in pieces:
        if matched.speckle:  # its grain is no sign of several things
            things.append(piece)
            continue
        parts, shadow = separate.take_apart(piece, weighed.plain, matched.shaded, reach, least_px=least)
        things += parts
        own_shadow[piece.window] |= shadow
    weak = matched.shaded[0] | matched.shaded[1] | (weighed.plain >= params.bridge_sigma)
    size = grid.pixel_size_m[0]
    patches = regions.join_collinear(
        things, weak, gap_px=params.join_gap_m / size, width_px=max(6.0, params.line_width_m / size)
    )
    cover = [scale for scale in scales if scale.name == regions.SURVEY]
    if cover:
        # Asphalt and new roofs have the colour of shade; without the sun there is nothing to hold them against.
        cover_barred = barred if geometry.reach_px else ~weighed.looked_at | declared
        areas = regions.find_patches(cover, matched.surface, cover_barred, min_px=least)
        strongest = params.map_seed_share * cover[0].levels[int(Surface.SMOOTH)].seed
        patches = regions.areas_and_things(areas, patches, fine[1].strength, least=strongest)
    magnitude = weighed.plain
    magnitude[moved | own_shadow] = 0  # in its place: nothing else asks for it from here on
    return patches, magnitude


def _views(
    patches: list[regions.Patch],
    matched: _Matched,
    magnitude: Floats,
    noise: evidence.NoiseModel,
    geometry: _Geometry,
    names: tuple[str, ...],
    grid: Grid,
) -> Views:
    """Lay out what the describing steps look at."""
    changed = np.zeros(matched.surface.shape, bool)
    for patch in patches:
        changed[patch.window] |= patch.mask
    return Views(
        whitening=noise.whitening,
        surface=matched.surface,
        brightness=matched.brightness,
        magnitude=magnitude,
        water=matched.cover.water,
        shaded=matched.moved,
        flags=matched.flags,
        changed=changed,
        names=names,
        grid=grid,
        reach_px=geometry.reach_px,
    )


def _around(scales: list[regions.Scale], matched: _Matched, weighed: evidence.Weighed) -> Around:
    """Lay out what the second stage looks at."""
    return Around(scales=tuple(scales), brightness=matched.brightness, plain=weighed.plain, surface=matched.surface)


def _echo(matched: _Matched, scales: list[regions.Scale], params: Params) -> Echo | None:
    """Set the levels at which radar is described; None for light."""
    if matched.speckle is None:
        return None
    least = matched.speckle.radar.nepers(params.radar_weather_db)
    return Echo(outline=scales[-1].levels[Surface.SMOOTH].grow, least_rise=least)


def _least_pixels(grid: Grid, params: Params) -> int:
    return max(params.min_region_px, round(params.min_region_m2 / grid.pixel_area_m2) if grid.crs else 0)
