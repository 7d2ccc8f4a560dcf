"""Both images in common numbers -> how strongly each pixel differs, and from which level on that counts.

Sections 6 and 7 of docs/explanation/method.md, as :mod:`imagery_diff.pair` asks for them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from imagery_diff import pair_result
from imagery_diff.geometry import parallax_m, shadow_m
from imagery_diff.method import evidence, regions, shade, speckle, survey, tracks, trains
from imagery_diff.method.radiometry import DRY, STRATA, Surface, among

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.aoi import AOI
    from imagery_diff.grid import Grid
    from imagery_diff.method.coregister import Shift
    from imagery_diff.pair_match import Matched
    from imagery_diff.pair_scenes import Pair
    from imagery_diff.params import Params

    Floats = NDArray[np.float32]
    Vector = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """What another sun and another view do to unchanged ground."""

    floor: evidence.RelativeFloor
    tolerance_px: int
    """How far standing clutter may lean apart, pixels."""
    shadows_apart: float
    """Difference of the shadows of a thing one metre high, metres; what two hours make where the sun is not known."""
    edge_px: float
    """By how much the edges of standing things' shadows lie apart where no shadow visibly moved, pixels."""
    shadows_moved: bool
    """Whether a warehouse casts a visibly other shadow, or may do so where the sun is not known."""
    reach_px: tuple[tuple[float, float], tuple[float, float]] | None
    """How far a warehouse's shadow reaches from it before and after, (rows, cols); None where the sun is not known."""
    tall_m: float
    """How high that warehouse is."""

    @property
    def shadow_px(self) -> tuple[tuple[float, float], tuple[float, float]] | None:
        """(rows, cols) of the shadow of a thing one metre high, before and after; None where the sun is not known."""
        if self.reach_px is None:
            return None
        (r0, c0), (r1, c1) = self.reach_px
        return (r0 / self.tall_m, c0 / self.tall_m), (r1 / self.tall_m, c1 / self.tall_m)

    def borne_out(self, matched: Matched, params: Params) -> Geometry:
        """Where no sun tells, ask the ground whether shadows moved: they do beside all that stands, cargo does not."""
        if self.reach_px is not None:
            return self
        dry = among(matched.surface, DRY)
        shade_coloured = np.count_nonzero((matched.shaded[0] | matched.shaded[1]) & dry)
        return replace(self, shadows_moved=bool(shade_coloured > params.moved_shadow_share * np.count_nonzero(dry)))

    def set_shadows_aside(self, matched: Matched) -> Matched:
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
    def of(cls, pair: Pair, grid: Grid, params: Params) -> Geometry:
        """Take sun and view of both scenes; where one is not known, as if they were alike (a caveat says so)."""
        before, after = pair.infos
        pixel_m = grid.pixel_size_m[0] if grid.crs is not None else params.unknown_pixel_m
        moved, lean_m, reach = 0.0, 0.0, None
        if before.sun and after.sun and min(before.sun.elevation_deg, after.sun.elevation_deg) > 0:
            # Along rows and columns, whose top need not be north; without a georeference it is taken to be.
            suns = before.sun_from_top(grid) or before.sun, after.sun_from_top(grid) or after.sun
            cast = shadow_m(1.0, suns[0]), shadow_m(1.0, suns[1])
            moved = float(np.hypot(*np.subtract(*cast)))
            tall_px = params.shed_height_m / pixel_m
            reach = tuple((-tall_px * north, tall_px * east) for east, north in cast)
        if before.view and after.view:
            lean = (parallax_m(params.lean_height_m, before.view), parallax_m(params.lean_height_m, after.view))
            lean_m = float(np.hypot(*np.subtract(*lean)))
        lean_px = lean_m / pixel_m
        shadows_moved = reach is None or moved * params.shed_height_m > pixel_m
        return cls(
            floor=evidence.RelativeFloor(each_band=params.relative_floor, all_bands=params.facet_tilt * moved),
            tolerance_px=min(params.max_tolerance_px, round(params.tolerance_px + lean_px)),
            shadows_apart=moved if reach else params.unknown_shadow,
            # Of things half as high as the highest; where shadows visibly moved their rims are not searched at all.
            edge_px=0.0 if shadows_moved else moved * params.shed_height_m / 2 / pixel_m,
            shadows_moved=shadows_moved,
            reach_px=(reach[0], reach[1]) if reach else None,
            tall_m=params.shed_height_m,
        )


def estimate_noises(
    matched: Matched, geometry: Geometry, params: Params
) -> tuple[evidence.NoiseModel, evidence.NoiseModel]:
    """Measure what unchanged ground does on this pair, pixel by pixel and smoothed."""
    return estimate_noise(matched, geometry), estimate_smooth_noise(matched, geometry, params)


def estimate_noise(matched: Matched, geometry: Geometry) -> evidence.NoiseModel:
    """Measure what unchanged ground does on this pair."""
    if matched.speckle:
        return evidence.NoiseModel(
            whitening={int(Surface.SMOOTH): matched.speckle.whitening}, texture_knots={}, spread={}
        )
    return evidence.estimate_noise(
        matched.images, matched.clear, matched.cover.texture, matched.level, floor=geometry.floor
    )


def estimate_smooth_noise(matched: Matched, geometry: Geometry, params: Params) -> evidence.NoiseModel:
    """Measure the same on the images smoothed as :func:`weigh` smooths them; radar has a model of its own."""
    if matched.speckle:
        return estimate_noise(matched, geometry)
    return evidence.estimate_noise(
        matched.brightness,
        matched.clear,
        matched.cover.texture,
        matched.level,
        floor=geometry.floor,
        blur=_blur(matched, params),
    )


def _blur(matched: Matched, params: Params) -> evidence.Blur:
    return evidence.Blur(sigma_px=params.evidence_blur_px, seen=matched.surface != Surface.UNSEEN.value)


def weigh(
    matched: Matched,
    noises: tuple[evidence.NoiseModel, evidence.NoiseModel],
    shift: Shift,
    geometry: Geometry,
    params: Params,
) -> evidence.Weighed:
    """Weigh every pixel's difference in units of what unchanged ground does; for radar, its log ratio by speckle.

    ``noises`` are those of the images as they are, and smoothed.
    """
    if matched.speckle:
        return speckle.weigh(*matched.images, matched.surface != Surface.UNSEEN.value, matched.speckle)
    known = shift.measured and shift.error_px is not None
    # An edge is misplaced across itself only: by the error along one axis.
    left = (shift.error_px or 0.0) / math.sqrt(2) if known else params.unregistered_px
    jitter = math.hypot(params.jitter_px, left, geometry.edge_px)
    surface, texture = matched.surface, matched.cover.texture
    reach = evidence.Reach(jitter_px=jitter, tolerance_px=geometry.tolerance_px)
    noise, smooth_noise = noises
    tolerant = evidence.weigh(matched.brightness, surface, texture, noise, reach=reach)
    still = replace(reach, tolerance_px=0)
    plain = evidence.weigh(matched.brightness, surface, texture, smooth_noise, reach=still, blur=_blur(matched, params))
    looked_at = among(surface, set(noise.whitening) & set(smooth_noise.whitening))
    return evidence.Weighed(tolerant=tolerant, plain=plain, looked_at=looked_at)


def blind(matched: Matched, weighed: evidence.Weighed, soft: NDArray[np.bool_]) -> dict[str, NDArray[np.bool_]]:
    """Ground that was seen but in which change was not looked for, by cause; later causes hold what is left."""
    return {
        **matched.veiled,
        pair_result.SOFT: soft,
        pair_result.MOVED_SHADOW: matched.moved,
        pair_result.TOO_LITTLE: ~weighed.looked_at,
    }


def set_thresholds(
    weighed: evidence.Weighed, matched: Matched, grid: Grid, detect: str, params: Params
) -> list[regions.Scale]:
    """Smooth the evidence at the scale of a pixel and of an object, and set each one's levels from the pair itself."""
    error = params.family_error if detect == "alarm" else params.family_error_map
    if matched.speckle:
        return _set_speckle_thresholds(weighed, matched, matched.speckle, error, params)
    block = max(8, round(params.noise_block_m / grid.pixel_size_m[0]))
    scales = []
    for name, strength in _smoothed(weighed, params).items():
        levels = evidence.estimate_thresholds(
            strength, matched.clear, block_px=block, family_error=error, floor=params.floor_sigma
        )
        scales.append(regions.Scale(name=name, strength=strength, levels=levels))
    return [*scales, _survey_scale(weighed, matched, params)] if detect == "map" else scales


def _smoothed(weighed: evidence.Weighed, params: Params) -> dict[str, Floats]:
    """Smooth the evidence at the scale of a pixel and of an object; name -> (row, col)."""
    blurs = {"pixel": params.evidence_blur_px, "object": params.object_blur_px}
    return {name: evidence.smooth_evidence(weighed.tolerant, weighed.looked_at, sigma) for name, sigma in blurs.items()}


def at_levels(scales: list[regions.Scale], weighed: evidence.Weighed, params: Params) -> list[regions.Scale]:
    """Hold other evidence to levels that stand: the scales of :func:`set_thresholds` but for the map's."""
    strengths = _smoothed(weighed, params)
    return [replace(scale, strength=strengths[scale.name]) for scale in scales if scale.name in strengths]


def _survey_scale(weighed: evidence.Weighed, matched: Matched, params: Params) -> regions.Scale:
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


def track_scales(
    weighed: evidence.Weighed,
    matched: Matched,
    noise: evidence.NoiseModel,
    geometry: Geometry,
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
    dates = trains.stand_out(matched.brightness, clear, noise.whitening, rails, grid, sun=sun)
    line, on_track = dates.max(axis=0), np.isfinite(dates[0])
    later = np.subtract(dates[1], dates[0], out=np.zeros_like(line), where=on_track)
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
            later=later,
        ),
    ]


def _set_speckle_thresholds(
    weighed: evidence.Weighed, matched: Matched, model: speckle.Speckle, error: float, params: Params
) -> list[regions.Scale]:
    """Seed where neither speckle nor what unchanged ground of this pair does explains it; outline at half the change.

    The coarse scales seed, the fine one draws. ``error`` is the chance by the pair's own block maxima, and never is a
    level taken that speckle alone would reach with more than ``Params.speckle_error``.

    """
    s = int(Surface.SMOOTH)
    blocks = speckle.unchanged_blocks(weighed.plain, matched.clear != Surface.UNSEEN.value)
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
