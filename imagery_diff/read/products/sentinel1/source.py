"""The pixels of a GRD, calibrated, and warped from its lines and samples to an upright grid on the ground."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from rasterio.windows import Window

from imagery_diff.read.raster import as_scene, open_raster

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.grid import Grid
    from imagery_diff.read.assets import Asset
    from imagery_diff.read.products.sentinel1.geolocation import Placement
    from imagery_diff.read.products.sentinel1.radiometry import Calibration
    from imagery_diff.scene import Scene

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]
    Doubles = NDArray[np.float64]

_BLOCK_PX = 512
"""Pixels are warped in squares of this side: what is in memory does not grow with the window."""


@dataclass(frozen=True, kw_only=True)
class Channel:
    """One polarisation."""

    asset: Asset
    calibration: Calibration


@dataclass(frozen=True, kw_only=True, eq=False)
class RangeSource:
    """A GRD by window of its upright grid.

    Power is interpolated between the four samples around, linearly. A cubic would swing below zero beside every bright
    target, and power has no negative lobes; the nearest sample would move edges by half a pixel. Means of neighbours
    scatter less (half-way between four samples 8.9 looks instead of 4.9, where 20 m are seen and 10 m sampled), anew
    every few pixels: what the method says rests on means over more than that, and on looks measured after it.
    """

    channels: tuple[Channel, ...]
    placement: Placement
    shape: tuple[int, int]
    """Lines and samples of the files."""

    @property
    def grid(self) -> Grid:
        """Where it lies."""
        return self.placement.grid

    def read(self, row: int, col: int, shape: tuple[int, int], bands: tuple[int, ...]) -> Scene:
        """Read a rectangle inside the image; see :class:`imagery_diff.scene.PixelSource`."""
        data = np.zeros((len(bands), *shape), np.float32)
        unseen = np.ones(shape, bool)
        for top in range(0, shape[0], _BLOCK_PX):
            for left in range(0, shape[1], _BLOCK_PX):
                size = min(_BLOCK_PX, shape[0] - top), min(_BLOCK_PX, shape[1] - left)
                here = np.s_[top : top + size[0], left : left + size[1]]
                line, pixel = self.placement.samples(row + top, col + left, size)
                for place, band in enumerate(bands):
                    data[place][here], dark = self._warped(self.channels[band], line, pixel)
                    unseen[here] = dark if place == 0 else unseen[here] | dark
        return as_scene(data, unseen, self.grid.window(row, col, shape), None, (row, col))

    def _warped(self, channel: Channel, line: Doubles, pixel: Doubles) -> tuple[Floats, Bools]:
        """Return power at fractional lines and samples, and where one of the four around was not seen."""
        last = self.shape[0] - 1, self.shape[1] - 1
        inside = (line >= 0) & (line <= last[0]) & (pixel >= 0) & (pixel <= last[1])
        power, dark = np.zeros(line.shape, np.float32), ~inside
        if not inside.any():
            return power, dark
        top, left = int(line[inside].min()), int(pixel[inside].min())
        size = (
            min(int(line[inside].max()) + 2, self.shape[0]) - top,
            min(int(pixel[inside].max()) + 2, self.shape[1]) - left,
        )
        with open_raster(channel.asset) as dataset:
            numbers = dataset.read(1, window=Window(left, top, size[1], size[0]))
        seen = channel.calibration.power(numbers, top, left)
        up, across = line[inside] - top, pixel[inside] - left
        i = np.clip(up.astype(np.intp), 0, max(size[0] - 2, 0))
        j = np.clip(across.astype(np.intp), 0, max(size[1] - 2, 0))
        down, right = np.minimum(i + 1, size[0] - 1), np.minimum(j + 1, size[1] - 1)
        p, q = (up - i).astype(np.float32), (across - j).astype(np.float32)
        upper = seen[i, j] + (seen[i, right] - seen[i, j]) * q
        lower = seen[down, j] + (seen[down, right] - seen[down, j]) * q
        power[inside] = upper + (lower - upper) * p
        nothing = numbers == 0
        dark[inside] = nothing[i, j] | nothing[i, right] | nothing[down, j] | nothing[down, right]
        return power, dark
