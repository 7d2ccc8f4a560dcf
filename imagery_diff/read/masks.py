"""Masks that the user brings, and several masks of one image as one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from rasterio.enums import Resampling
from rasterio.warp import reproject, transform_bounds

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
_MAX_PIXELS = 100_000_000
"""Of a mask on another grid that are read at a time."""


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

        if not same and not self._reaches():
            raise InputError(f"{path.name}: the mask shows other ground than the image; give one that lies on it")

    def _reaches(self) -> bool:
        """Whether any of the mask lies on the image."""
        left, bottom, right, top = transform_bounds(self.grid.crs, self.own.crs, *self.grid.bounds)
        ours = self.own.bounds
        return bool(left < ours[2] and ours[0] < right and bottom < ours[3] and ours[1] < top)

    def flags(self, row: int, col: int, shape: tuple[int, int]) -> NDArray[np.uint8]:
        """Bits of :class:`Flag` for a rectangle of the image."""
        return _decoded(self._values(row, col, shape))

    def _values(self, row: int, col: int, shape: tuple[int, int]) -> NDArray[Any]:
        with open_raster(self.asset) as dataset:
            if self.pixel_by_pixel:
                found: NDArray[Any] = dataset.read(1, window=((row, row + shape[0]), (col, col + shape[1])))
                return found
            window = self.grid.window(row, col, shape)
            part = self._under(window)
            if part is None:
                return np.full(shape, _OUTSIDE, np.uint8)
            (top, left), own = part
            values = dataset.read(1, window=((top, top + own.shape[0]), (left, left + own.shape[1])))
        # All that is none of the classes is cloud: 256 and .4 are no 0, as where the mask lies on the image.
        values = np.where(np.isin(values, list(_CLASSES)), values, 1).astype(np.uint8)
        laid = np.full(shape, 255, np.uint8)
        reproject(
            values,
            laid,
            src_transform=own.transform,
            src_crs=own.crs,
            dst_transform=window.transform,
            dst_crs=window.crs,
            dst_nodata=255,
            resampling=Resampling.nearest,
        )
        return np.where(laid == 255, np.uint8(_OUTSIDE), laid)  # noqa: PLR2004 - the nodata above

    def _under(self, window: Grid) -> tuple[tuple[int, int], Grid] | None:
        """Return the part of the mask under a rectangle of the image, and where it begins; None where there is none.

        Raises
        ------
        InputError
            If it is so fine that the part cannot be held.

        """
        left, bottom, right, top = transform_bounds(window.crs, self.own.crs, *window.bounds)
        corners = np.array([self.own.rowcol(x, y) for x in (left, right) for y in (bottom, top)])
        if not np.isfinite(corners).all():
            return None
        low = np.clip(np.floor(corners.min(axis=0)) - 2, 0, self.own.shape).astype(int)
        high = np.clip(np.ceil(corners.max(axis=0)) + 2, 0, self.own.shape).astype(int)
        rows, cols = (int(n) for n in high - low)
        if rows <= 0 or cols <= 0:
            return None
        if rows * cols > _MAX_PIXELS:
            raise InputError(
                f"{self.asset.name}: {cols} x {rows} of its pixels lie on the place, more than {_MAX_PIXELS / 1e6:g} "
                "million; write it as coarse as the image"
            )
        return (int(low[0]), int(low[1])), self.own.window(int(low[0]), int(low[1]), (rows, cols))


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
