"""Evidence and its levels -> patches, each one thing, and what the describing steps look at.

Sections 8 and 9 of docs/explanation/method.md, as :mod:`imagery_diff.pair` asks for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from imagery_diff import pair_result
from imagery_diff.method import edges, evidence, regions, separate, zones
from imagery_diff.method.radiometry import Surface
from imagery_diff.method.traits import Around
from imagery_diff.method.views import Echo, Views
from imagery_diff.scene import UNSEEN, Flag

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.aoi import AOI
    from imagery_diff.grid import Grid
    from imagery_diff.method.describe import Placed
    from imagery_diff.pair_evidence import Geometry
    from imagery_diff.pair_match import Matched
    from imagery_diff.params import Params

    Floats = NDArray[np.float32]


def find_patches(
    scales: list[regions.Scale],
    matched: Matched,
    weighed: evidence.Weighed,
    geometry: Geometry,
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
    declared = (matched.flags & (Flag.SHADOW | Flag.SNOW).value) != 0
    declared |= matched.veiled.get(pair_result.SNOW, np.False_)
    barred = ~weighed.looked_at | declared | moved
    least = least_pixels(grid, params)
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
    size = grid.pixel_size_m[0]
    patches = regions.join_collinear(
        things,
        bridge(matched, weighed, params),
        gap_px=params.join_gap_m / size,
        width_px=max(6.0, params.line_width_m / size),
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


def bridge(matched: Matched, weighed: evidence.Weighed, params: Params) -> NDArray[np.bool_]:
    """Return where pieces in one line may belong to one thing, (row, col): weak evidence, or shade on one date.

    Where open water lies on both dates nothing lay that joins two pieces: they are two ships.

    """
    weak = matched.shaded[0] | matched.shaded[1] | (weighed.plain >= params.bridge_sigma)
    if matched.cover.water is not None:
        weak &= ~(matched.cover.water[0] & matched.cover.water[1])
    return weak


def with_candidates(
    patches: list[regions.Patch],
    scales: list[regions.Scale],
    matched: Matched,
    weighed: evidence.Weighed,
    geometry: Geometry,
    grid: Grid,
    params: Params,
) -> list[regions.Patch]:
    """Add to what passed the pair's own levels what only passed lower ones, and the larger things it is part of."""
    low = [scale.let_down(params.candidate_sigma, params.candidate_error) for scale in scales]
    candidates, _ = find_patches(low, matched, weighed, geometry, grid, params)
    patches = regions.whole(patches, candidates, weighed.plain)
    return patches + regions.weaker(candidates, patches, low, matched.surface, min_px=least_pixels(grid, params))


def softest_edge_px(matched: Matched, params: Params) -> float:
    """Return over how many pixels the edge of a thing may rise.

    Of a pair that is soft as a whole, out of focus or enlarged, no sharper edges are asked than stand in it.
    """
    seen = (matched.flags & UNSEEN) == 0
    standing = params.softer_than_standing * edges.standing_rise_px(matched.brightness, seen)
    return max(params.softest_edge_px, standing)


def without_edges(
    patches: list[regions.Patch], matched: Matched, magnitude: Floats, softest_px: float
) -> tuple[list[regions.Patch], NDArray[np.bool_]]:
    """Set aside what has no edge: weather, not things. Where it passed the pair's own levels it may hide things.

    An edge may rise over ``softest_px`` (:func:`softest_edge_px`).

    Returns
    -------
    kept, soft
        The patches that are left, and (row, col) True on ground about which nothing can be said.

    """
    kept, soft = [], np.zeros(magnitude.shape, bool)
    seen = (matched.flags & UNSEEN) == 0
    for patch in patches:
        wide, core = edges.around_core(patch, magnitude)
        smoothed = [edges.smooth(image[:, *wide]) for image in matched.brightness]
        if edges.rise_px(core, smoothed, seen=seen[wide], steepest=0.1) <= softest_px:
            kept.append(patch)
        elif patch.firm:
            soft[patch.window] |= patch.mask
    return kept, soft


def lay_out(
    patches: list[regions.Patch],
    matched: Matched,
    magnitude: Floats,
    noise: evidence.NoiseModel,
    geometry: Geometry,
    names: tuple[str, ...],
    grid: Grid,
) -> Views:
    """Lay out what the describing steps look at."""
    changed, snow = np.zeros(matched.surface.shape, bool), matched.veiled.get(pair_result.SNOW)
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
        shadow_px=geometry.shadow_px,
        snow=(snow if matched.snowy[0] else None, snow if matched.snowy[1] else None),
    )


def surroundings(
    scales: list[regions.Scale],
    matched: Matched,
    weighed: evidence.Weighed,
    geometry: Geometry,
    ground: AOI | None,
    grid: Grid,
) -> Around:
    """Lay out what the second stage looks at."""
    return Around(
        scales=tuple(scales),
        brightness=matched.brightness,
        plain=weighed.plain,
        surface=matched.surface,
        tracks=zones.drawn(ground, {"rail"}, grid),
        shadows_apart=geometry.shadows_apart,
    )


def echo(matched: Matched, scales: list[regions.Scale], params: Params) -> Echo | None:
    """Set the levels at which radar is described; None for light."""
    if matched.speckle is None:
        return None
    least = matched.speckle.radar.nepers(params.radar_weather_db)
    return Echo(outline=scales[-1].levels[Surface.SMOOTH].grow, least_rise=least)


def least_pixels(grid: Grid, params: Params) -> int:
    """Return the fewest pixels of a region."""
    return max(params.min_region_px, round(params.min_region_m2 / grid.pixel_area_m2) if grid.crs else 0)


def is_large(patch: regions.Patch, placed: Placed, grid: Grid, params: Params, *, radar: bool = False) -> bool:
    """Say whether the outline is as large as that of the smallest thing that is told.

    An image shows a point as a disc of some width F at the height at which things are outlined, and a square of area A
    as one of about A + F^2. Lorries and vans, of 8 to 40 m2, come and go everywhere; by their outlines they would pass
    for more, and two of them side by side, up to F apart and one to the eye, for twice as much; but a thing longer than
    a lorry and F is none. Areas of cover and of radar are outlined at a level of their own, and are what they are.

    """
    if grid.crs is None:
        return True
    if patch.area or radar:
        return placed.judged.area_m2 >= params.min_region_m2
    blur_m = params.outline_blur_px * grid.pixel_size_m[0]
    lorries_m2 = params.lorry_length_m * (params.lorry_width_m + blur_m)
    may_be_lorries = placed.judged.length_m <= params.lorry_length_m + blur_m
    least = max(params.min_region_m2, lorries_m2) if may_be_lorries else params.min_region_m2
    return placed.judged.area_m2 >= least + blur_m**2
