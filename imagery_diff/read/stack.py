"""Bands in files of their own as one image on the grid of the finest of them; several masks as one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imagery_diff.errors import InputError
from imagery_diff.read.masks import Masks
from imagery_diff.read.products.found import provenance
from imagery_diff.read.raster import open_raster, raster_grid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imagery_diff.grid import Grid
    from imagery_diff.read.assets import Asset
    from imagery_diff.read.raster import Mask

MAX_STEP = 12
"""A band's pixel may be so many times as wide as the finest; Sentinel-2 has 6, Landsat 2."""
_CLOSE = 0.01
"""Of a pixel: corners nearer than this are one."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How bands of several resolutions lie on one grid."""

    grid: Grid
    """Of the finest."""
    steps: tuple[int, ...]
    """How many of its pixels each band's pixel is wide and high."""
    tags: tuple[dict[str, Any], ...]
    """What each file says of itself."""

    def provenance(self, credit: str | None) -> dict[str, Any]:
        """Return ``simulated`` and ``credit``: one file that is not as its provider delivered it counts for all."""
        merged: dict[str, str] = {}
        for tags in self.tags:
            merged |= tags
        return provenance(merged, credit)


def lay_out(assets: Sequence[Asset]) -> Layout:
    """Find the grid that holds all of these bands.

    Raises
    ------
    InputError
        If one of them is no raster, or does not lie on the finest by whole pixels.

    """
    grids, tags = [], []
    for asset in assets:
        with open_raster(asset) as dataset:
            grids.append(raster_grid(asset, dataset))
            tags.append(dataset.tags())
    finest = min(range(len(grids)), key=lambda k: grids[k].pixel_size[0])
    steps = tuple(_step(grid, grids[finest], asset, assets[finest]) for grid, asset in zip(grids, assets, strict=True))
    return Layout(grid=grids[finest], steps=steps, tags=tuple(tags))


def step_on(finest: Grid, asset: Asset, reference: Asset) -> int | None:
    """Return how many pixels of an image a pixel of a mask is wide; None where the mask is the finer one.

    Raises
    ------
    InputError
        If it is no raster, or does not lie on the image by whole pixels.

    """
    with open_raster(asset) as dataset:
        grid = raster_grid(asset, dataset)
    if grid.pixel_size[0] < finest.pixel_size[0] * (1 - _CLOSE):
        return None
    return _step(grid, finest, asset, reference)


def _step(grid: Grid, finest: Grid, asset: Asset, reference: Asset) -> int:
    """Return how many pixels of the finest grid one of these is wide."""
    width = grid.pixel_size[0] / finest.pixel_size[0]
    # A damaged transform may hold 1e-310; what is beyond any step fails below.
    step = max(round(min(width, 2 * MAX_STEP)), 1)
    row, col = finest.rowcol(*grid.xy(0, 0))
    expected = tuple(math.ceil(n / step) for n in finest.shape)
    fits = (
        grid.crs == finest.crs
        and abs(width - step) < _CLOSE
        and abs(grid.pixel_size[1] / finest.pixel_size[1] - step) < _CLOSE
        and max(abs(row), abs(col)) < _CLOSE
        and grid.shape == expected
        and step <= MAX_STEP
    )
    if not fits:
        raise InputError(
            f"{asset.name}: does not lie on {reference.name} pixel by pixel ({grid.shape[1]} x {grid.shape[0]} pixels "
            f"where {expected[1]} x {expected[0]} at the same corner are needed); give all bands of one scene cut alike"
        )
    return step


def joined(masks: Sequence[Mask]) -> Mask | None:
    """Return one mask for many; None for none."""
    return None if not masks else masks[0] if len(masks) == 1 else Masks(*masks)
