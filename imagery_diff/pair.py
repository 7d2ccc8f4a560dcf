"""The story of a pair: two images in, what changed out.

The numbered comments of :func:`compare` are the headings of docs/explanation/method.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imagery_diff import pair_result
from imagery_diff.aoi import AOI
from imagery_diff.geometry import parallax_m, shadow_m
from imagery_diff.method import align, evidence, radiometry, regions, zones
from imagery_diff.method.describe import Views, describe
from imagery_diff.method.radiometry import Surface
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
    shift = register(pair, grid, ground, params)

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
    patches = _find_patches(scales, matched, weighed, geometry, grid, params)

    # 9. Zones, direction, activity
    views = _views(matched, weighed, noise, geometry, pair.names, grid)
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
    shaded: NDArray[np.bool_]
    """(row, col), lit on one date and in cast shadow on the other."""
    clear: NDArray[np.uint8]
    """(row, col), surface class of the pixels clear and lit alike on both dates: what statistics are taken from."""
    flags: NDArray[np.uint8]
    match: radiometry.Match

    @property
    def surface(self) -> NDArray[np.uint8]:
        return self.cover.surface


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
    shaded = regions.cast_shadow(*brightness, names, least=params.shadow_darkening, water=cover.water)
    return _Matched(
        images=(before, after),
        brightness=brightness,
        level=level,
        cover=cover,
        shaded=shaded,
        clear=np.where(shaded, np.uint8(Surface.UNSEEN), clear),
        flags=flags,
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

    @classmethod
    def of(cls, pair: Pair, grid: Grid, params: Params) -> _Geometry:
        """Take sun and view of both scenes; where one is not known, as if they were alike (a caveat says so)."""
        before, after = pair.infos
        moved, lean_m = 0.0, 0.0
        if before.sun and after.sun and min(before.sun.elevation_deg, after.sun.elevation_deg) > 0:
            moved = float(np.hypot(*np.subtract(shadow_m(1.0, before.sun), shadow_m(1.0, after.sun))))
        if before.view and after.view:
            lean = (parallax_m(params.lean_height_m, before.view), parallax_m(params.lean_height_m, after.view))
            lean_m = float(np.hypot(*np.subtract(*lean)))
        lean_px = lean_m / grid.pixel_size_m[0]
        sun_known = before.sun is not None and after.sun is not None
        return cls(
            floor=evidence.RelativeFloor(each_band=params.relative_floor, all_bands=params.facet_tilt * moved),
            tolerance_px=min(params.max_tolerance_px, round(params.tolerance_px + lean_px)),
            shadows_moved=not sun_known or moved * params.shed_height_m > grid.pixel_size_m[0],
        )


def _estimate_noise(matched: _Matched, geometry: _Geometry) -> evidence.NoiseModel:
    """Measure what unchanged ground does on this pair."""
    return evidence.estimate_noise(
        matched.images, matched.clear, matched.cover.texture, matched.level, floor=geometry.floor
    )


def _weigh(
    matched: _Matched, noise: evidence.NoiseModel, shift: Shift, geometry: _Geometry, params: Params
) -> evidence.Weighed:
    """Weigh every pixel's difference in units of what unchanged ground does."""
    known = shift.measured and shift.error_px is not None
    # An edge is misplaced across itself only: by the error along one axis.
    left = (shift.error_px or 0.0) / math.sqrt(2) if known else params.unregistered_px
    return evidence.weigh(
        matched.brightness,
        matched.surface,
        matched.cover.texture,
        noise,
        jitter_px=float(np.hypot(params.jitter_px, left)),
        tolerance_px=geometry.tolerance_px,
    )


def _blind(matched: _Matched, weighed: evidence.Weighed, geometry: _Geometry) -> dict[str, NDArray[np.bool_]]:
    """Ground that was seen but in which change was not looked for, by cause; later causes hold what is left."""
    plants = matched.surface == Surface.VEGETATION
    moved = matched.shaded & geometry.shadows_moved
    return {"plants": plants, "shadow that moved": moved, "too little ground of its kind": ~weighed.looked_at & ~plants}


def _set_thresholds(
    weighed: evidence.Weighed, matched: _Matched, grid: Grid, detect: str, params: Params
) -> list[regions.Scale]:
    """Smooth the evidence at the scale of a pixel and of an object, and set each one's levels from the pair itself."""
    error = params.family_error if detect == "alarm" else params.family_error_map
    block = max(8, round(params.noise_block_m / grid.pixel_size_m[0]))
    scales = []
    for sigma in (params.evidence_blur_px, params.object_blur_px):
        strength = evidence.smooth_evidence(weighed.strength, weighed.looked_at, sigma)
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
) -> list[regions.Patch]:
    """Join evidence to patches, and patches in one line to one.

    Under another sun a shadow that moved is barred. Under the same sun only the shadows of what came or went differ:
    they may belong to a patch, but not begin one.

    """
    barred = ~weighed.looked_at | ((matched.flags & (Flag.SHADOW | Flag.SNOW)) != 0)
    barred |= matched.shaded & geometry.shadows_moved
    pieces = regions.find_patches(scales, matched.surface, barred, matched.shaded, min_px=_least_pixels(grid, params))
    weak = matched.shaded | (scales[-1].strength >= params.bridge_sigma)
    size = grid.pixel_size_m[0]
    return regions.join_collinear(
        pieces, weak, gap_px=params.join_gap_m / size, width_px=max(6.0, params.line_width_m / size)
    )


def _views(
    matched: _Matched,
    weighed: evidence.Weighed,
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
        magnitude=np.where(matched.shaded, np.float32(0), weighed.plain),
        water=matched.cover.water,
        shaded=matched.shaded,
        shadows_moved=geometry.shadows_moved,
        flags=matched.flags,
        names=names,
        grid=grid,
    )


def _least_pixels(grid: Grid, params: Params) -> int:
    return max(params.min_region_px, round(params.min_region_m2 / grid.pixel_area_m2) if grid.crs else 0)
