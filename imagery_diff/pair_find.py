"""Evidence with its levels -> what is told: the last steps of a pair.

They are asked once of the images, and again of images with things put in, to say what would have been missed.
Sections 8 and 9 of docs/explanation/method.md, as :mod:`imagery_diff.pair` asks for them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from imagery_diff import pair_regions, pair_result
from imagery_diff.method import regions
from imagery_diff.method.describe import find, say, ships_in

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.aoi import AOI
    from imagery_diff.grid import Grid
    from imagery_diff.method import evidence
    from imagery_diff.method.describe import Described, Found, Placed
    from imagery_diff.method.views import Views
    from imagery_diff.pair_evidence import Geometry
    from imagery_diff.pair_match import Matched
    from imagery_diff.pair_scenes import Pair
    from imagery_diff.params import Params


@dataclass(frozen=True, kw_only=True, eq=False)
class Frame:
    """What these steps hold to: known before a region is drawn, the same whatever is put into the images."""

    pair: Pair
    ground: AOI | None
    """In the grid's CRS."""
    grid: Grid
    geometry: Geometry
    noise: evidence.NoiseModel
    odds: pair_result.Odds
    detect: str
    """``alarm`` or ``map``."""
    params: Params
    softest_px: float | None = None
    """Over how many pixels the edge of a thing may rise; None = as the images themselves say."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawn:
    """What was drawn."""

    patches: list[regions.Patch]
    """What is looked at further."""
    changed: list[regions.Patch]
    """With what has no edge."""
    magnitude: NDArray[np.float32]
    """(row, col), by how much, 0 in shadow."""
    soft: NDArray[np.bool_]
    """(row, col), ground about which nothing can be said because it changed without an edge."""
    softest_px: float | None = None
    """Over how many pixels the edge of a thing may rise; None where nothing was asked for its edge."""


def draw(
    scales: list[regions.Scale],
    matched: Matched,
    weighed: evidence.Weighed,
    frame: Frame,
    *,
    among: NDArray[np.bool_] | None = None,
) -> Drawn:
    """Join the evidence to patches, candidates among them where it is known which of them to believe.

    With ``among`` (row, col) only patches that hold some of these pixels are looked at further.
    """
    geometry, grid, params = frame.geometry, frame.grid, frame.params
    patches, magnitude = pair_regions.find_patches(scales, matched, weighed, geometry, grid, params)
    if frame.odds.least_score is not None:
        patches = pair_regions.with_candidates(patches, scales, matched, weighed, geometry, grid, params)
    kept, soft = patches if among is None else meeting(patches, among), np.zeros(grid.shape, bool)
    softest = frame.softest_px
    if frame.detect == "alarm" and not matched.speckle:  # the map tells cover, whose borders may be soft
        if softest is None and kept:
            softest = pair_regions.softest_edge_px(matched, params)
        kept, soft = pair_regions.without_edges(kept, matched, magnitude, softest or params.softest_edge_px)
    return Drawn(patches=kept, changed=patches, magnitude=magnitude, soft=soft, softest_px=softest)


def covered(drawn: Drawn, grid: Grid) -> NDArray[np.bool_]:
    """Return (row, col), where a patch was drawn, whatever is told of it."""
    where = np.zeros(grid.shape, bool)
    for patch in drawn.patches:
        where[patch.window] |= patch.mask
    return where


def lay_out(
    drawn: Drawn, scales: list[regions.Scale], matched: Matched, weighed: evidence.Weighed, frame: Frame
) -> Views:
    """Lay out the pair as the describing steps see it."""
    pair, ground, grid = frame.pair, frame.ground, frame.grid
    stage = frame.odds.stage
    views = pair_regions.lay_out(drawn.changed, matched, drawn.magnitude, frame.noise, frame.geometry, pair.names, grid)
    return replace(
        views,
        radar=pair_regions.echo(matched, scales, frame.params),
        cover=regions.cover_of(scales),
        train=regions.train_of(scales),
        around=pair_regions.surroundings(scales, matched, weighed, frame.geometry, ground, grid) if stage else None,
    )


def tell(drawn: Drawn, views: Views, frame: Frame) -> list[Described]:
    """Describe what was drawn and is told."""
    return [say(found, views, frame.ground) for found in told(drawn, views, frame)]


def told(drawn: Drawn, views: Views, frame: Frame, *, among: NDArray[np.bool_] | None = None) -> list[Found]:
    """Keep of what was drawn what is told: large enough, in its place, and likely enough.

    With ``among`` (row, col) patches that hold none of these pixels are left out.
    """
    ground, grid = frame.ground, frame.grid
    patches = drawn.patches if among is None else meeting(drawn.patches, among)
    radar = views.radar is not None

    def found_in(patch: regions.Patch) -> Found | None:
        def asked(placed: Placed) -> bool:
            large = pair_regions.is_large(patch, placed, grid, frame.params, radar=radar)
            return large and pair_result.in_zones(placed, ground, frame.detect)

        return find(patch, views, ground, asked=asked)

    found = [f for patch in patches for p in ships_in(patch, views) if (f := found_in(p)) is not None]
    return [f for f in found if pair_result.reported(f, ground, frame.detect) and frame.odds.accepts(f)]


def meeting(patches: list[regions.Patch], among: NDArray[np.bool_]) -> list[regions.Patch]:
    """Return the patches that hold some of the pixels of a mask, (row, col)."""
    return [p for p in patches if (among[p.window] & p.mask).any()]
