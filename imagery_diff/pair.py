"""The story of a pair: two images in, what changed out.

The numbered comments of :func:`compare` are the headings of docs/explanation/method.md.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from imagery_diff.aoi import AOI
from imagery_diff.errors import ImageryDiffWarning, InputError
from imagery_diff.geometry import parallax_m, shadow_m
from imagery_diff.method import align, coregister, evidence, radiometry, regions, zones
from imagery_diff.method.describe import Described, Views, describe
from imagery_diff.method.radiometry import Surface
from imagery_diff.params import Params
from imagery_diff.read.aois import load_aoi
from imagery_diff.read.scenes import open_scene
from imagery_diff.result import Comparison, Layers, Region, ZoneState
from imagery_diff.scene import UNSEEN, Flag, Scene, SceneInfo
from imagery_diff.write.words import describe_region

if TYPE_CHECKING:
    from collections.abc import Callable

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
    pair = _open_pair(before, after)
    place = load_aoi(aoi) if isinstance(aoi, str) and aoi != "-" else aoi if isinstance(aoi, AOI) else None
    detect = detect or ("alarm" if place and place.zones else "map")

    # 2. One grid
    ground = place.in_crs(align.working_crs(pair.grids)) if place else None
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
    weighed = _weigh(matched, shift, geometry, params)

    # 7. Threshold
    scales = _set_thresholds(weighed, matched, grid, detect, params)

    # 8. Regions
    progress("drawing regions")
    barred = ~weighed.looked_at | ((matched.flags & (Flag.SHADOW | Flag.SNOW)) != 0)
    # Under the same sun only the shadows of what came or went differ: they may belong to a region, but not begin one.
    unseeding = matched.shaded
    barred |= matched.shaded & geometry.shadows_moved
    pieces = regions.find_patches(scales, matched.surface, barred, unseeding, min_px=_least_pixels(grid, params))
    weak = matched.shaded | (scales[-1].strength >= params.bridge_sigma)
    patches = regions.join_collinear(pieces, weak, gap_px=params.join_gap_m / grid.pixel_size_m[0])

    # 9. Zones, direction, activity
    views = Views(
        white=weighed.white,
        brightness=matched.brightness,
        magnitude=evidence.plain_difference(*weighed.white, weighed.spread, weighed.looked_at & ~matched.shaded),
        water=matched.cover.water,
        shaded=matched.shaded,
        shadows_moved=geometry.shadows_moved,
        flags=matched.flags,
        names=pair.names,
        grid=grid,
    )
    described = [d for d in (describe(p, views, ground) for p in patches) if d and _reported(d, ground, detect)]
    return Comparison(
        aoi=ground,
        before=pair.infos[0],
        after=pair.infos[1],
        grid=grid,
        shift=shift,
        relative_gain=dict(zip(pair.names, matched.match.relative_gain, strict=True)),
        thresholds=_threshold_table(scales),
        detect=detect,
        params=params,
        regions=_regions(described, pair, ground),
        zones=_zone_states(ground, matched.flags, grid, described, detect),
        caveats=(*pair.caveats, *_caveats(shift, matched, grid, ground, pair)),
        layers=_layers(scenes, scales, matched),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Pair:
    """Two opened scenes, the bands they share, and what is doubtful about them."""

    infos: tuple[SceneInfo, SceneInfo]
    indexes: tuple[tuple[int, ...], tuple[int, ...]]
    """Bands of each scene to compare, from 0, in the same order."""
    names: tuple[str, ...]
    caveats: tuple[str, ...]

    @property
    def grids(self) -> tuple[Grid, Grid]:
        return (self.infos[0].grid, self.infos[1].grid)

    def read(self, grid: Grid, shift: coregister.Shift | None = None) -> tuple[Scene, Scene]:
        """Read both images onto the grid, each moved by half the shift."""
        moves = (0.0, 0.0) if shift is None else (shift.rows / 2, shift.cols / 2)
        scenes = []
        for info, bands, sign in zip(self.infos, self.indexes, (-1, 1), strict=True):
            target = grid.shifted(sign * moves[0], sign * moves[1])
            window = align.source_window(info.grid, target)
            if window is None:
                scenes.append(align.empty_scene(grid, len(bands)))
                continue
            row, col, shape = window
            scenes.append(replace(align.resample(info.source.read(row, col, shape, bands), target), grid=grid))
        return (scenes[0], scenes[1])


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


@dataclass(frozen=True, kw_only=True, eq=False)
class _Weighed:
    """The pair in units of what unchanged ground does."""

    white: tuple[Floats, Floats]
    spread: Floats
    looked_at: NDArray[np.bool_]
    """(row, col), True where the ground is of a class in which change is looked for."""
    difference: Floats


def _open_pair(before: SceneInfo | str | Path, after: SceneInfo | str | Path) -> _Pair:
    """Open both, find the bands they share, refuse what must not be compared and say what is doubtful."""
    infos = (
        before if isinstance(before, SceneInfo) else open_scene(before),
        after if isinstance(after, SceneInfo) else open_scene(after),
    )
    if infos[0].simulated != infos[1].simulated:
        rendered, real = infos if infos[0].simulated else infos[::-1]
        raise InputError(
            f"{rendered.name} is rendered or altered and {real.name} is not; a difference between them means nothing: "
            "give two images of the same kind"
        )
    if {infos[0].units, infos[1].units} == {"reflectance", "digital numbers"}:
        infos_units = f"{infos[0].name} holds {infos[0].units}, {infos[1].name} {infos[1].units}"
        doubt = (f"{infos_units}: matched by statistics only; the same product for both dates is better",)
    else:
        doubt = ()
    names = _common_bands(infos)
    indexes = tuple(tuple([b.name for b in i.bands].index(n) for n in names) for i in infos)
    caveats = (*dict.fromkeys([*infos[0].caveats, *infos[1].caveats]), *doubt, *_order_caveats(infos))
    return _Pair(infos=infos, indexes=(indexes[0], indexes[1]), names=names, caveats=caveats)


def _common_bands(infos: tuple[SceneInfo, SceneInfo]) -> tuple[str, ...]:
    """Names both scenes carry, in the order of the first; one band each is compared whatever the names."""
    first, second = ([b.name for b in i.bands] for i in infos)
    names = tuple(n for n in first if n in second)
    if names:
        return tuple(sorted(names, key=_spectral_order))
    raise InputError(
        f"the images have no band in common: {infos[0].name} has {', '.join(first)}, {infos[1].name} has "
        f"{', '.join(second)}; give two images with at least one band of the same name"
    )


def _spectral_order(name: str) -> tuple[int, str]:
    """Blue to infrared, then by name: the order must not depend on which image came first."""
    known = ("coastal", "blue", "greeni", "green", "yellow", "red", "rededge", "rededge2", "rededge3", "nir", "nir08", "swir1", "swir2")
    return (known.index(name) if name in known else len(known), name.zfill(12))


def _order_caveats(infos: tuple[SceneInfo, SceneInfo]) -> list[str]:
    """Warn of one image given twice and of dates in the wrong order; the same sentences become caveats."""
    caveats = []
    before, after = infos
    same_file = before.files and after.files and before.files[0].resolve() == after.files[0].resolve()
    if same_file or (before.scene_id and before.scene_id == after.scene_id):
        caveats.append(f"{before.name} was given as both before and after: nothing can have changed")
    elif before.acquired and after.acquired and after.acquired < before.acquired:
        caveats.append(
            f"after ({after.acquired:%Y-%m-%d %H:%M} UTC) is older than before ({before.acquired:%Y-%m-%d %H:%M} UTC); "
            "'appeared' and 'disappeared' are meant in the order given"
        )
    for caveat in caveats:
        warnings.warn(caveat, ImageryDiffWarning, stacklevel=4)
    return caveats


def _register(pair: _Pair, grid: Grid, ground: AOI | None, params: Params) -> coregister.Shift:
    """Measure the shift on ground worth trusting: clear on both dates and, where enough is left, without plants."""
    scenes = pair.read(grid)
    _refuse_unseen(pair, scenes, ground)
    stable = (scenes[0].flags | scenes[1].flags) == 0
    if {"red", "nir"} <= set(pair.names):
        bare = stable & ~radiometry.plants(*(s.data for s in scenes), pair.names, ndvi=params.vegetation_ndvi)
        if np.count_nonzero(bare) >= params.registration_bare_fraction * stable.size:
            stable = bare
    bands = _registration_bands(pair.names)
    size = grid.pixel_size_m[0]
    reach = params.max_shift_px if grid.crs is None else min(params.max_shift_m / size, params.max_shift_px)
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


def _refuse_unseen(pair: _Pair, scenes: tuple[Scene, Scene], ground: AOI | None) -> None:
    """Refuse a pair in which nothing of the place was seen on both dates, and say why for each date."""
    grid = scenes[0].grid
    where = zones.inside(ground.polygon, grid) if ground else np.ones(grid.shape, bool)
    if not where.any():
        raise InputError("the AOI is smaller than a pixel of the images; give a larger one")
    if not ((scenes[0].unseen | scenes[1].unseen) | ~where).all():
        return
    stories = []
    for info, scene in zip(pair.infos, scenes, strict=True):
        causes = {name: float(np.mean((scene.flags[where] & flag) != 0)) for flag, name in zones.CAUSES.items()}
        worst = max(causes, key=lambda c: causes[c])
        stories.append(f"{info.name}: {worst} on {causes[worst]:.0%}" if causes[worst] else f"{info.name}: all seen")
    raise InputError(f"nothing of the place was seen on both dates ({'; '.join(stories)}); choose another date")


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
    brightness = tuple(radiometry.common_brightness(image, cover.surface, level) for image in (before, after))
    shaded = regions.cast_shadow(*brightness, names, least=params.shadow_darkening, water=cover.water)
    return _Matched(
        images=(before, after),
        brightness=(brightness[0], brightness[1]),
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
    def of(cls, pair: _Pair, grid: Grid, params: Params) -> _Geometry:
        """Take sun and view of both scenes; where one is not known, as if they were alike (a caveat says so)."""
        before, after = pair.infos
        moved, lean_m = 0.0, 0.0
        if before.sun and after.sun and min(before.sun.elevation_deg, after.sun.elevation_deg) > 0:
            moved = float(np.hypot(*np.subtract(shadow_m(1.0, before.sun), shadow_m(1.0, after.sun))))
        if before.view and after.view:
            lean_m = float(np.hypot(*np.subtract(*(parallax_m(params.lean_height_m, i.view) for i in pair.infos if i.view))))
        lean_px = lean_m / grid.pixel_size_m[0]
        sun_known = before.sun is not None and after.sun is not None
        return cls(
            floor=evidence.RelativeFloor(each_band=params.relative_floor, all_bands=params.facet_tilt * moved),
            tolerance_px=min(params.max_tolerance_px, round(params.tolerance_px + lean_px)),
            shadows_moved=not sun_known or moved * params.shed_height_m > grid.pixel_size_m[0],
        )


def _weigh(matched: _Matched, shift: coregister.Shift, geometry: _Geometry, params: Params) -> _Weighed:
    """Measure what unchanged ground does on this pair, and every pixel's difference in units of it."""
    surface, texture = matched.surface, matched.cover.texture
    noise = evidence.estimate_noise(matched.images, matched.clear, texture, matched.level, floor=geometry.floor)
    white = (evidence.whiten(matched.images[0], surface, noise), evidence.whiten(matched.images[1], surface, noise))
    left = (shift.error_px or 0.0) if shift.measured else params.unregistered_px
    jitter = float(np.hypot(params.jitter_px, left))
    spread = evidence.expected_spread(white, surface, texture, noise, jitter_px=jitter)
    looked_at = np.isin(surface, list(noise.whitening))
    difference = evidence.pair_evidence(*white, spread, looked_at, tolerance_px=geometry.tolerance_px)
    return _Weighed(white=white, spread=spread, looked_at=looked_at, difference=difference)


def _set_thresholds(weighed: _Weighed, matched: _Matched, grid: Grid, detect: str, params: Params) -> list[regions.Scale]:
    """Smooth the evidence at the scale of a pixel and of an object, and set each one's levels from the pair itself."""
    error = params.family_error if detect == "alarm" else params.family_error_map
    block = max(8, round(params.noise_block_m / grid.pixel_size_m[0]))
    scales = []
    for sigma in (params.evidence_blur_px, params.object_blur_px):
        strength = evidence.smooth_evidence(weighed.difference, weighed.looked_at, sigma)
        levels = evidence.estimate_thresholds(
            strength, matched.clear, block_px=block, family_error=error, floor=params.floor_sigma
        )
        scales.append(regions.Scale(strength=strength, levels=levels))
    return scales


def _least_pixels(grid: Grid, params: Params) -> int:
    return max(params.min_region_px, round(params.min_region_m2 / grid.pixel_area_m2) if grid.crs else 0)


def _reported(described: Described, ground: AOI | None, detect: str) -> bool:
    """The alarm speaks of zones, the map of all ground; neither of what lies outside the AOI."""
    if ground is None:
        return True
    if described.zone is not None and described.zone.kind == "ignore":
        return False
    if detect == "alarm":
        return described.zone is not None
    return bool(described.shape.outline.intersects(ground.polygon))


def _regions(described: list[Described], pair: _Pair, ground: AOI | None) -> tuple[Region, ...]:
    """Name and word the regions, the strongest first."""
    found = []
    for number, d in enumerate(described, start=1):
        region = Region(
            id=f"R{number}",
            geometry=d.shape.outline,
            direction=str(d.direction),
            activity=str(d.activity),
            area_m2=d.shape.area_m2,
            length_m=d.shape.length_m,
            width_m=d.shape.width_m,
            orientation_deg=d.shape.orientation_deg,
            strength=d.strength,
            why=d.why,
            zone=d.zone.name if d.zone else None,
            zone_kind=d.zone.kind if d.zone else None,
            group=d.zone.group if d.zone else None,
            zone_shares=d.zone_shares,
            colour=d.colour,
            length_is_lower_bound=d.cut,
        )
        found.append(replace(region, description=describe_region(region, pair.infos[0], pair.infos[1], ground)))
    return tuple(found)


def _zone_states(
    ground: AOI | None, flags: NDArray[np.uint8], grid: Grid, described: list[Described], detect: str
) -> tuple[ZoneState, ...]:
    """Say of every zone what was seen of it and whether anything was flagged; too little seen is unknown."""
    states = []
    for zone in ground.zones if ground else ():
        clear, degraded, causes = zones.coverage(zone.polygon, flags, grid)
        ids = tuple(f"R{n}" for n, d in enumerate(described, start=1) if d.zone and d.zone.name == zone.name)
        if zone.kind == "ignore":
            state = "ignored"
        elif ids:
            state = "flagged"
        else:
            state = "nothing flagged" if clear >= Params().usable_fraction else "unknown"
        states.append(
            ZoneState(zone=zone, state=state, clear_fraction=clear, degraded_fraction=degraded, unknown=causes, regions=ids)
        )
    return tuple(states)


def _threshold_table(scales: list[regions.Scale]) -> dict[str, dict[str, float]]:
    """Levels by scale and surface class, for the manifest."""
    return {
        f"{Surface(s).name.lower()} at {name} scale": {"seed": t.seed, "grow": t.grow, "blocks": float(t.blocks)}
        for name, scale in zip(("pixel", "object"), scales, strict=True)
        for s, t in scale.levels.items()
    }


def _layers(scenes: tuple[Scene, Scene], scales: list[regions.Scale], matched: _Matched) -> Layers:
    """Keep the object-scale evidence as the score: it is the one that most regions are seeded by."""
    level = np.zeros(matched.surface.shape, np.float32)
    for s, threshold in scales[-1].levels.items():
        level[matched.surface == s] = threshold.seed
    return Layers(before=scenes[0], after=scenes[1], strength=scales[-1].strength, flags=matched.flags, level=level)


def _caveats(shift: coregister.Shift, matched: _Matched, grid: Grid, ground: AOI | None, pair: _Pair) -> list[str]:
    """Everything found on the way that a reader must know."""
    caveats = []
    if not shift.measured:
        caveats.append(f"the images could not be registered to each other ({shift.reason}); edges may show as change")
    elif shift.error_px is None:
        caveats.append("the registration could not be checked on independent windows; its error is not known")
    if grid.crs is None:
        caveats.append("the images carry no georeference: lengths and areas are in pixels")
    if ground is not None and ground.unlocated:
        names = ", ".join(z.title or z.name for z in ground.unlocated)
        caveats.append(f"search areas, not located outlines (nothing there is ever called empty): {names}")
    if not all(i.sun for i in pair.infos):
        caveats.append("the sun's position is not known for both dates: moved shadows are told by their colour alone")
    if "nir" not in pair.names:
        caveats.append("no near infrared: water, plants and shadow are not told apart by their colour")
    usable = float(np.mean(matched.flags == 0))
    if usable < Params().usable_fraction:
        caveats.append(f"only {usable:.0%} of the ground compared was clear on both dates")
    if len({i.product.split()[0] for i in pair.infos}) > 1:
        caveats.append(f"two different products ({pair.infos[0].product}, {pair.infos[1].product}): their sharpness differs")
    return caveats
