"""One image delivered as tiles beside each other, as an index file lists them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from imagery_diff.errors import InputError
from imagery_diff.grid import Grid
from imagery_diff.read.raster import MAX_SIDE_PX, RasterSource, as_scene, open_raster, raster_grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.read.assets import Asset
    from imagery_diff.read.raster import Mask
    from imagery_diff.scene import Scene

_OFF_PX = 0.5
"""A tile whose own georeference is further than this from its place in the index is not of this image."""
MAX_TILES = 2_000
"""Tiles of one image; a strip of 16 x 110 km at 0.3 m, in tiles of 8192 pixels, has about 300."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where an index puts a tile."""

    asset: Asset | None
    """None = named by the index, and missing."""
    row: int
    col: int


@dataclass(frozen=True, kw_only=True)
class Tile:
    """A tile that is there."""

    source: RasterSource
    row: int
    col: int
    shape: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class TiledSource:
    """The pixels of an image that lies in tiles; where there is no tile nothing was seen."""

    tiles: tuple[Tile, ...]
    """Where two overlap the first is taken."""
    grid: Grid
    mask: Mask | None = None

    def read(self, row: int, col: int, shape: tuple[int, int], bands: tuple[int, ...]) -> Scene:
        """Read a rectangle inside the image; see :class:`imagery_diff.scene.PixelSource`."""
        data, unseen, grid = self.numbers(row, col, shape, bands)
        return as_scene(data, unseen, grid, self.mask, (row, col))

    def as_stored(self) -> TiledSource:
        """Return the same source in the files' own numbers, without its mask."""
        tiles = tuple(replace(t, source=t.source.as_stored()) for t in self.tiles)
        return replace(self, tiles=tiles, mask=None)

    def numbers(
        self, row: int, col: int, shape: tuple[int, int], bands: tuple[int, ...]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_], Grid]:
        """Return (band, row, col) in the scene's units, (row, col) True where nothing was seen, and their grid."""
        data = np.zeros((len(bands), *shape), np.float32)
        unseen = np.ones(shape, bool)
        for tile in self.tiles:
            top, left = max(row, tile.row), max(col, tile.col)
            bottom = min(row + shape[0], tile.row + tile.shape[0])
            right = min(col + shape[1], tile.col + tile.shape[1])
            if bottom <= top or right <= left:
                continue
            size = (bottom - top, right - left)
            values, fill, _ = tile.source.numbers(top - tile.row, left - tile.col, size, bands)
            here = np.s_[top - row : bottom - row, left - col : right - col]
            fresh = unseen[here] & ~fill
            np.copyto(data[(slice(None), *here)], values, where=fresh)
            unseen[here] &= fill
        return data, unseen, self.grid.window(row, col, shape)


@dataclass(frozen=True, kw_only=True)
class GroupedSource:
    """The pixels of an image whose bands lie in groups of files, all on one grid."""

    groups: tuple[TiledSource, ...]
    counts: tuple[int, ...]
    """How many bands each group has; the bands of the image are those of the first group, then of the second."""
    grid: Grid
    mask: Mask | None = None

    def read(self, row: int, col: int, shape: tuple[int, int], bands: tuple[int, ...]) -> Scene:
        """Read a rectangle inside the image; see :class:`imagery_diff.scene.PixelSource`."""
        data = np.empty((len(bands), *shape), np.float32)
        unseen = np.ones(shape, bool)
        begin = 0
        for group, count in zip(self.groups, self.counts, strict=True):
            places = [k for k, band in enumerate(bands) if begin <= band < begin + count]
            if places:
                data[places], fill, _ = group.numbers(row, col, shape, tuple(bands[k] - begin for k in places))
                unseen &= fill
            begin += count
        return as_scene(data, unseen, self.grid.window(row, col, shape), self.mask, (row, col))

    def as_stored(self) -> GroupedSource:
        """Return the same source in the files' own numbers, without its mask."""
        return replace(self, groups=tuple(g.as_stored() for g in self.groups), mask=None)


def refuse_many(index: Asset, count: int) -> None:
    """Refuse an index that lists more tiles than images have.

    Raises
    ------
    InputError
        If it does.

    """
    if count > MAX_TILES:
        raise InputError(f"{index.name}: lists {count} tiles, which no image has; download it again")


def lay_out(
    index: Asset, places: list[Place], shape: tuple[int, int] | None, fallback: Grid | None = None
) -> tuple[Grid, list[tuple[Place, tuple[int, int]]]]:
    """Find the grid that tiles make together.

    Parameters
    ----------
    index
        The file that lists them, for messages.
    places
        Its tiles.
    shape
        Rows and columns of the whole image; None = as far as the tiles reach.
    fallback
        Where the image lies by the index, for tiles that do not say it themselves.

    Returns
    -------
    grid, tiles
        Of the whole image; those tiles that are there with their shapes.

    Raises
    ------
    InputError
        If none is there, or one does not fit into its place.

    """
    there: list[tuple[Place, Grid]] = []
    for place in places:
        if place.asset is not None:
            with open_raster(place.asset) as dataset:
                there.append((place, raster_grid(place.asset, dataset)))
    if not there:
        raise InputError(f"{index.name}: none of the {len(places)} image files it lists is beside it; unpack them all")
    whole = shape or (max(p.row + g.shape[0] for p, g in there), max(p.col + g.shape[1] for p, g in there))
    if max(whole) > MAX_SIDE_PX:
        raise InputError(f"{index.name}: {whole[1]} x {whole[0]} pixels is more than {MAX_SIDE_PX} a side")
    first, own = there[0]
    placed = own.crs is not None
    grid = (
        own.window(-first.row, -first.col, whole)
        if placed
        else fallback or Grid(crs=None, transform=own.transform, shape=whole)
    )
    for place, tile in there:
        _check(place, tile, grid, placed=placed)
    return grid, [(place, tile.shape) for place, tile in there]


def _check(place: Place, tile: Grid, grid: Grid, *, placed: bool) -> None:
    """Refuse a tile that is not of this image."""
    assert place.asset is not None
    name = place.asset.name
    rows, cols = place.row + tile.shape[0], place.col + tile.shape[1]
    if place.row < 0 or place.col < 0 or rows > grid.shape[0] or cols > grid.shape[1]:
        raise InputError(
            f"{name}: reaches to column {cols} and row {rows} of an image of {grid.shape[1]} x {grid.shape[0]} pixels; "
            "tile and index are not of one delivery: download both again"
        )
    if not placed:
        return
    size = abs(tile.transform.a / grid.transform.a - 1) + abs(tile.transform.e / grid.transform.e - 1)
    row, col = grid.rowcol(tile.transform.c, tile.transform.f)
    if tile.crs != grid.crs or size > 1e-6 or max(abs(row - place.row), abs(col - place.col)) > _OFF_PX:  # noqa: PLR2004
        raise InputError(
            f"{name}: its georeference is not that of its place in the image; tile and index are not of one delivery: "
            "download both again"
        )
