"""Masks that the user brings, and several masks of one image as one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from rasterio.enums import Resampling
from rasterio.warp import reproject

from imagery_diff.errors import InputError
from imagery_diff.read.assets import Asset
from imagery_diff.read.raster import open_raster, raster_grid
from imagery_diff.scene import Flag

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from imagery_diff.grid import Grid
    from imagery_diff.read.raster import Mask
    from imagery_diff.scene import PixelSource, Scene

_CLASSES = {0: Flag(0), 2: Flag.HAZE, 3: Flag.SHADOW, 4: Flag.SNOW}
"""Value -> flag, those of omnicloudmask and one more; all others are cloud, so that 0 and 255 make a mask."""
_OUTSIDE = 1
"""Where the user's mask does not reach, nothing is known: as under cloud."""
_MAX_SIDE_PX = 30_000
"""A mask on another grid is read whole where it is needed, pixels a side."""


class UserMask:
    """A mask of the user's own, on the image's grid or on any other ground with a georeference.

    Parameters
    ----------
    path
        A raster whose first band holds 0 = clear, 1 = cloud, 2 = thin cloud or haze, 3 = shadow, 4 = snow; all else is
        cloud.
    grid
        Of the image.

    Raises
    ------
    InputError
        If it is no raster, or has no georeference and another shape.

    """

    tells = "what the user says"

    def __init__(self, path: Path, grid: Grid) -> None:
        self.asset, self.grid = Asset.of(path), grid
        with open_raster(self.asset) as dataset:
            self.own = raster_grid(self.asset, dataset)
        same = self.own.shape == grid.shape and (self.own.crs is None or self.own == grid)
        self.pixel_by_pixel = same
        if not same and (self.own.crs is None or grid.crs is None):
            raise InputError(
                f"{path.name}: the mask has {self.own.shape[1]} x {self.own.shape[0]} pixels and the image "
                f"{grid.shape[1]} x {grid.shape[0]}; without a georeference they must be alike"
            )
        if not same and max(self.own.shape) > _MAX_SIDE_PX:
            raise InputError(f"{path.name}: is larger than {_MAX_SIDE_PX} pixels a side; cut out the place first")

    def flags(self, row: int, col: int, shape: tuple[int, int]) -> NDArray[np.uint8]:
        """Bits of :class:`Flag` for a rectangle of the image."""
        return _decoded(self._values(row, col, shape))

    def _values(self, row: int, col: int, shape: tuple[int, int]) -> NDArray[Any]:
        with open_raster(self.asset) as dataset:
            if self.pixel_by_pixel:
                found: NDArray[Any] = dataset.read(1, window=((row, row + shape[0]), (col, col + shape[1])))
                return found
            values = np.minimum(dataset.read(1).astype(np.int64) & 0xFF, 254).astype(np.uint8)
        window = self.grid.window(row, col, shape)
        laid = np.full(shape, 255, np.uint8)
        reproject(
            values,
            laid,
            src_transform=self.own.transform,
            src_crs=self.own.crs,
            dst_transform=window.transform,
            dst_crs=window.crs,
            dst_nodata=255,
            resampling=Resampling.nearest,
        )
        return np.where(laid == 255, np.uint8(_OUTSIDE), laid)  # noqa: PLR2004 - the nodata above


class MaskedSource:
    """The pixels of a source with the flags of one more mask."""

    def __init__(self, source: PixelSource, mask: Mask) -> None:
        self.source, self.added = source, mask

    def read(self, row: int, col: int, shape: tuple[int, int], bands: tuple[int, ...]) -> Scene:
        """Read a rectangle inside the image; see :class:`imagery_diff.scene.PixelSource`."""
        scene = self.source.read(row, col, shape, bands)
        return replace(scene, flags=scene.flags | self.added.flags(row, col, shape))

    def as_stored(self) -> PixelSource:
        """Return the source in the file's own numbers, without masks."""
        stored = getattr(self.source, "as_stored", None)
        return stored() if stored else self.source

    @property
    def mask(self) -> Masks:
        """All masks of the image."""
        own = getattr(self.source, "mask", None)
        return Masks(self.added) if own is None else Masks(own, self.added)


class Masks:
    """Several masks of one image; a pixel has the flags of all."""

    def __init__(self, *masks: Mask) -> None:
        self.masks = masks
        self.tells = "; ".join(mask.tells for mask in masks)

    def flags(self, row: int, col: int, shape: tuple[int, int]) -> NDArray[np.uint8]:
        """Bits of :class:`Flag` for a rectangle of the image."""
        found = np.zeros(shape, np.uint8)
        for mask in self.masks:
            found |= mask.flags(row, col, shape)
        return found


def _decoded(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Translate classes into bits."""
    flags = np.full(values.shape, np.uint8(Flag.CLOUD))
    for value, flag in _CLASSES.items():
        flags[values == value] = np.uint8(flag)
    return flags
