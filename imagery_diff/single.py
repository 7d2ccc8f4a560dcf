"""The story of one image: what stands on its water, what could be seen, and that one image proves nothing came.

The numbered comments of :func:`look` are the headings of docs/explanation/look.md.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from imagery_diff import pair_moving
from imagery_diff.errors import InputError
from imagery_diff.method import activity, align, regions, under_way, zones
from imagery_diff.method.measure import Over, hull_afloat
from imagery_diff.method.standing import Standing, Water, find_standing, find_water, part_of_land
from imagery_diff.overcast import with_sky, words_of
from imagery_diff.pair import compare
from imagery_diff.params import Params
from imagery_diff.read.aois import find_place
from imagery_diff.read.scenes import open_scene
from imagery_diff.result import Asked, Candidate, Look, ZoneState
from imagery_diff.scene import UNSEEN, SceneInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from imagery_diff.aoi import AOI, Zone
    from imagery_diff.grid import Grid
    from imagery_diff.method.under_way import Shifts
    from imagery_diff.result import Comparison, Region
    from imagery_diff.scene import Scene

    Progress = Callable[[str], None]

_LEAST_M2 = 160.0
"""Smallest thing that is told, square metres: a boat 20 m long and 8 m wide, as it is blurred."""
_OPEN_WATER = frozenset({"anchorage"})
"""Kinds of zones of which it can be said that nothing stood out. Not of berths: two of three rendered ships alongside
are found, one of five narrow ones (benchmarks/look.py), for a quay's edge and a hull look alike to who knows only one
day."""
_ALIKE = 0.3
"""Share of the smaller outline by which two findings are one."""
_EDGE_PX = 2
"""Pixels from the edge of an image within which a thing's blur reaches it."""
_CUT = "it reaches the edge of what was seen: a ship, or a pier"
_ONE_IMAGE = (
    "one image has no before: everything here is unconfirmed, what stands may always have stood, ships alongside may "
    "be missed, and nothing is said of yards, rails and stockpiles"
)


def look(
    aoi: AOI | str | Path | None,
    image: SceneInfo | str | Path,
    *,
    references: Sequence[SceneInfo | str | Path] = (),
    params: Params | None = None,
    progress: Progress = lambda _: None,
) -> Look:
    """Say what one image shows of a place.

    Parameters
    ----------
    aoi
        A registry name, the path of an AOI file, an :class:`imagery_diff.AOI`, or ``"-"`` or None for all of the image.
    image
        An image, or a scene opened with :func:`imagery_diff.open_scene`.
    references
        Earlier clear images of the place: what most of them bear out when the image is compared with each is told, with
        its direction. Without them only water is looked at.
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
    >>> from imagery_diff import look, samples
    >>> found = look("najin", samples.path("najin_20231019"))
    >>> {c.activity for c in found.candidates}, {c.direction for c in found.candidates}
    ({'vessel'}, {None})

    """
    params = params or Params()
    # 1. What the file is
    progress("opening")
    info = image if isinstance(image, SceneInfo) else open_scene(image)
    place = find_place(aoi)
    ground = _lay_out(place, info)

    # 2. Its own pixels
    progress("reading")
    extent = ground.polygon if ground else None
    grids = (info.grid, info.grid)
    grid = align.common_grid(grids, extent, context=params.context_m, max_pixels=params.max_pixels)
    scene = _read(info, grid)
    names = tuple(b.name for b in info.bands)
    scene, asked = with_sky(info, scene, names, params)
    _refuse_unseen(info, scene, ground)

    # 3. The water
    progress("looking at the water")
    pixel = max(grid.pixel_size_m) if grid.crs is not None else params.unknown_pixel_m
    seen = ~scene.unseen
    water = find_water(scene.data, seen, names, pixel, zones.drawn_water(ground, grid))

    # 4. What stands on it
    least = max(4, round(_LEAST_M2 / pixel**2))
    standing = find_standing(scene.data, water, pixel, least_px=least) if water else None

    # 5. Against references, if there are any
    others = tuple(r if isinstance(r, SceneInfo) else open_scene(r) for r in references)
    compared = [compare(place, other, info, params=params, progress=progress) for other in others]
    candidates = _borne_out(compared) if compared else _candidates(standing, water, scene, names, ground, params)
    band_shifts = _band_shifts(scene, water, names, info)
    candidates = candidates if compared else _moving(candidates, scene, band_shifts, names, grid)
    return Look(
        aoi=ground,
        image=pair_moving.noted(info, band_shifts),
        references=others,
        grid=grid,
        params=params,
        candidates=candidates,
        zones=_zone_states(ground, scene, candidates, standing, compared, params),
        level=standing.level if standing else None,
        searched_km2=float(np.count_nonzero(water.wet)) * pixel**2 / 1e6 if water else 0.0,
        caveats=(*_caveats(info, names, standing, compared, pixel), *words_of(info, asked, scene)),
        scene=scene,
        asked=Asked(aoi=place, options={}),
    )


def _lay_out(place: AOI | None, info: SceneInfo) -> AOI | None:
    """Bring the AOI to the image's own metric coordinate system."""
    if place is None:
        return None
    crs = align.working_crs((info.grid, info.grid))
    if crs is None and place.crs is not None:
        raise InputError(
            f"{info.name}: without a georeference the AOI '{place.name}' cannot be found in it; georeference it (in "
            "QGIS: Raster, Georeferencer), or give - as AOI"
        )
    return place.in_crs(crs)


def _read(info: SceneInfo, grid: Grid) -> Scene:
    """Read the image on a grid of its own pixels; resampled only where it has degrees or stretched metres."""
    window = align.source_window(info.grid, grid)
    if window is None:
        raise InputError(f"{info.name}: does not show the AOI; give an image of the place")
    return replace(align.resample(info.read(*window), grid), grid=grid)


def _refuse_unseen(info: SceneInfo, scene: Scene, ground: AOI | None) -> None:
    """Refuse an image in which nothing of the place was seen, and say why."""
    where = zones.inside(ground.polygon, scene.grid) if ground else np.ones(scene.grid.shape, bool)
    if not where.any():
        raise InputError("the AOI is smaller than a pixel of the image; give a larger one")
    if (~scene.unseen & where).any():
        return
    shares = {name: float(np.mean((scene.flags[where] & flag.value) != 0)) for flag, name in zones.CAUSES.items()}
    worst = max(shares, key=lambda cause: shares[cause])
    raise InputError(
        f"{info.name}: nothing of the place was seen ({worst} on {shares[worst]:.0%}); choose another date"
    )


def _candidates(
    standing: Standing | None,
    water: Water | None,
    scene: Scene,
    names: tuple[str, ...],
    ground: AOI | None,
    params: Params,
) -> tuple[Candidate, ...]:
    """Describe what stands on the water of the place."""
    if standing is None or water is None:
        return ()
    found: list[Candidate] = []
    over = Over(
        offset=standing.offset, wet=water.wet, seen=~scene.unseen, grid=scene.grid, blur_px=params.delivered_blur_px
    )
    for patch in standing.patches:
        shape = regions.outline_of(patch, standing.strength[patch.window], scene.grid)
        if shape is None or (ground and not shape.outline.intersects(ground.polygon)):
            continue
        zone, shares = zones.zone_of(shape.outline, ground) if ground else (None, {})
        if zone is not None and zone.kind == "ignore":
            continue
        cut = _is_cut(patch, scene)
        kind, shape, reasons = _judged(patch, shape, zone, None if cut else over)
        drawn = zone is not None and zone.kind in {"berth", "anchorage"}
        if kind is activity.Activity.OTHER and not drawn and (cut or part_of_land(patch, water)):
            continue
        found.append(
            Candidate(
                id=f"C{len(found) + 1}",
                geometry=shape.outline,
                activity=str(kind),
                area_m2=shape.area_m2,
                length_m=shape.length_m,
                width_m=shape.width_m,
                orientation_deg=shape.orientation_deg,
                strength=patch.strength,
                why=(
                    *reasons,
                    f"{patch.strength:.0f} spreads of the water around it, which goes to {standing.level:.1f}",
                    *((_CUT,) if cut else ()),
                ),
                zone=zone.name if zone else None,
                zone_kind=zone.kind if zone else None,
                group=zone.group if zone else None,
                zone_shares=shares,
                colour=_colour(patch, scene, names, water),
                length_is_lower_bound=cut,
            )
        )
    return tuple(found)


def _judged(
    patch: regions.Patch, shape: regions.Shape, zone: Zone | None, over: Over | None
) -> tuple[activity.Activity, regions.Shape, tuple[str, ...]]:
    """Say what a thing on water looks like, how large it is and why; a vessel is as large as its hull, if whole."""
    kind, reasons = activity.classify(
        activity.Candidate(
            on_water=True,
            zone_kind=zone.kind if zone else None,
            near_rail=False,
            length_m=shape.length_m,
            width_m=shape.width_m,
            mean_width_m=shape.area_m2 / max(shape.length_m, 1e-6),
            both_dates=False,
            dark=False,
        )
    )
    if kind is not activity.Activity.VESSEL or over is None:
        return kind, shape, reasons
    shape = hull_afloat(patch, shape, over)
    if activity.is_hull(shape.length_m, shape.width_m):
        return kind, shape, reasons
    return activity.Activity.OTHER, shape, (*reasons[:-1], activity.NO_HULL)


def _band_shifts(scene: Scene, water: Water | None, names: tuple[str, ...], info: SceneInfo) -> Shifts | None:
    """Measure how far the bands lie apart on land; None if too few tell."""
    bands = pair_moving.finest(names)
    if not bands or info.level.radar:
        return None
    land = ~scene.unseen if water is None else ~water.domain & ~scene.unseen
    return under_way.standing_shifts(scene.data[bands], land)


def _moving(
    candidates: tuple[Candidate, ...], scene: Scene, standing: Shifts | None, names: tuple[str, ...], grid: Grid
) -> tuple[Candidate, ...]:
    """Say of vessels that the bands show at different places that they are under way."""
    bands = pair_moving.finest(names)
    if standing is None or not any(c.activity == "vessel" for c in candidates):
        return candidates
    image, shown = scene.data[bands], [names[b] for b in bands]
    out = []
    for candidate in candidates:
        found = None
        if candidate.activity == "vessel":
            found = pair_moving.course_of(candidate.geometry, image, standing, shown, grid)
        words = (*candidate.why, pair_moving.words_of(found)) if found else candidate.why
        out.append(replace(candidate, under_way=found is not None, why=words))
    return tuple(out)


def _is_cut(patch: regions.Patch, scene: Scene) -> bool:
    """Whether a patch reaches what was not seen, or the edge of the image."""
    rows, cols = np.nonzero(patch.mask)
    rows, cols = rows + patch.window[0].start, cols + patch.window[1].start
    height, width = scene.flags.shape
    at_edge = min(rows.min(), cols.min(), height - 1 - rows.max(), width - 1 - cols.max()) <= _EDGE_PX
    return bool(at_edge or (scene.flags[patch.window][_rim(patch.mask)] & UNSEEN).any())


def _rim(mask: np.ndarray) -> np.ndarray:
    """Return a patch with the pixels beside it; (row, col) of its window."""
    from scipy import ndimage  # noqa: PLC0415 - only where something stands

    return np.asarray(ndimage.binary_dilation(mask, np.ones((3, 3), bool), iterations=2), bool)


def _colour(patch: regions.Patch, scene: Scene, names: tuple[str, ...], water: Water) -> str | None:
    """Name the colour of a patch, against the brightness of the water times four: decks are so much brighter."""
    inside = scene.data[(slice(None), *patch.window)][:, patch.mask]
    own = {n: float(np.median(band)) for n, band in zip(names, inside, strict=True)}
    middle = {n: 4 * float(np.median(band[water.wet])) for n, band in zip(names, scene.data, strict=True)}
    return activity.name_colour(own, middle)


def _borne_out(compared: list[Comparison]) -> tuple[Candidate, ...]:
    """Keep what most comparisons with references find at one place; drawn as the last of them draws it."""
    newest = compared[-1]
    found: list[Candidate] = []
    for region in newest.regions:
        bearing = [c.before.name for c in compared if any(_alike(region, other) for other in c.regions)]
        if 2 * len(bearing) <= len(compared):
            continue
        found.append(
            Candidate(
                id=f"C{len(found) + 1}",
                geometry=region.geometry,
                activity=region.activity,
                area_m2=region.area_m2,
                length_m=region.length_m,
                width_m=region.width_m,
                orientation_deg=region.orientation_deg,
                strength=region.strength,
                why=(*region.why, f"borne out by {len(bearing)} of {len(compared)} references"),
                direction=region.direction,
                zone=region.zone,
                zone_kind=region.zone_kind,
                group=region.group,
                zone_shares=region.zone_shares,
                colour=region.colour,
                length_is_lower_bound=region.length_is_lower_bound,
                under_way=region.under_way,
                against=tuple(bearing),
            )
        )
    return tuple(found)


def _alike(one: Region, other: Region) -> bool:
    """Whether two regions are one thing found twice."""
    common = one.geometry.intersection(other.geometry).area
    return bool(one.direction == other.direction and common > _ALIKE * min(one.geometry.area, other.geometry.area))


def _zone_states(
    ground: AOI | None,
    scene: Scene,
    candidates: tuple[Candidate, ...],
    standing: Standing | None,
    compared: list[Comparison],
    params: Params,
) -> tuple[ZoneState, ...]:
    """Say of every zone what was seen of it, and what can be said of it."""
    states = []
    for zone in ground.zones if ground else ():
        clear, degraded, causes = zones.coverage(zone.polygon, scene.flags, {}, scene.grid)
        ids = tuple(c.id for c in candidates if c.zone == zone.name or c.zone_shares.get(zone.name, 0.0) >= 0.1)  # noqa: PLR2004
        told = bool(compared) or (zone.kind in _OPEN_WATER and standing is not None and standing.level is not None)
        if zone.kind == "ignore":
            state = "ignored"
        elif ids:
            state = "candidates"
        elif not told:
            state = "not told"
        else:
            state = "nothing stood out" if clear >= params.usable_fraction and zone.located else "unknown"
        states.append(
            ZoneState(
                zone=zone, state=state, clear_fraction=clear, degraded_fraction=degraded, unknown=causes, regions=ids
            )
        )
    return tuple(states)


def _caveats(
    info: SceneInfo, names: tuple[str, ...], standing: Standing | None, compared: list[Comparison], pixel_m: float
) -> tuple[str, ...]:
    """Collect what a reader must know."""
    found = list(info.caveats)
    if compared:
        found += [c for result in compared for c in result.caveats]
        found.append("borne out by earlier images, but by one later image only: unconfirmed")
        return tuple(dict.fromkeys(found))
    found.append(_ONE_IMAGE)
    if info.grid.crs is None:
        found.append(
            f"no georeference: what is broad, and what a vessel's size, is judged as if a pixel were {pixel_m:g} m"
        )
    if standing is None:
        found.append("no open water was told in this image, so nothing was looked for")
    elif standing.level is None:
        found.append("there is too little open water to know how it scatters, so nothing was looked for on it")
    elif "nir" not in names:
        found.append("no near infrared: water was told by being smooth, broad and greener than red; so is a lawn")
    return tuple(dict.fromkeys(found))
