"""What was drawn on a picture: text, arrows, frames, bars. It hides the ground, and is no thing on it.

Drawn things have colours that ground has not: as strong as paint (one channel far above another), or an end of the
scale (white, black), and then flat, which no sensor gives ground: its noise moves every pixel. What is sure so is
grown to what is nearly so and touches it, for JPEG and soft edges wash colours out, and by the soft edge itself.
Roofs and clouds that are burnt out are white and flat as well; they are lost with what was drawn: masked as suspect,
not taken for ground.

Assumption: the drawing has a colour of its own. Broken by: half-transparent drawing, and lines in the colours of ground
or grey. Measured in docs/reference/products.md.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from imagery_diff.read.raster import open_raster
from imagery_diff.scene import Flag

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.read.assets import Asset

_STRONG, _NEARLY_STRONG = 125, 80
"""A colour is as strong as paint if its channels differ by this much, of 255; and nearly so. On nine real PlanetScope
pictures one pixel in ten thousand differs by more than 67 to 116."""
_ENDS, _NEARLY_ENDS = (6, 249), (30, 225)
"""What is as dark or as bright in all channels is at the end of the scale; and nearly there."""
_FLAT = 8
"""Largest difference between neighbours of one drawn colour at an end of the scale, of 255."""
_LEAST_PX = 6
"""A patch of fewer pixels is nothing drawn."""
_REACH_PX = 6
"""How far what is nearly of such a colour goes on from what is surely so, pixels: the width of a letter's stroke."""
_EDGE_PX = 2
"""How far the soft edge of a drawn line reaches, pixels."""
_EIGHT = np.ones((3, 3), bool)


def drawn_on(picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Find what was drawn on a picture.

    Parameters
    ----------
    picture
        (band, row, col), uint8: red, green, blue, or one band.

    Returns
    -------
    (row, col), True on what was drawn and beside it.

    """
    low, high = picture.min(axis=0).astype(np.int16), picture.max(axis=0).astype(np.int16)
    strength = high - low
    sure = (strength >= _STRONG) | (((high <= _ENDS[0]) | (low >= _ENDS[1])) & _flat(picture))
    nearly = (strength >= _NEARLY_STRONG) | (high <= _NEARLY_ENDS[0]) | (low >= _NEARLY_ENDS[1])
    grown = ndimage.binary_dilation(sure, _EIGHT, iterations=_REACH_PX, mask=nearly | sure)
    labels, count = ndimage.label(grown, _EIGHT)
    if count == 0:
        return np.zeros(low.shape, bool)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray(ndimage.binary_dilation((sizes >= _LEAST_PX)[labels], _EIGHT, iterations=_EDGE_PX), bool)


def _flat(picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return the pixels of two by two squares of one colour; (row, col)."""
    square = np.ones(picture.shape[1:], bool)
    for band in picture:
        spread = ndimage.maximum_filter(band, 2, mode="nearest") - ndimage.minimum_filter(band, 2, mode="nearest")
        square &= spread <= _FLAT
    # The filters look up and to the left.
    return np.asarray(ndimage.binary_dilation(square, np.ones((2, 2), bool), origin=(-1, -1)))


class DrawnMask:
    """What was drawn on a picture, as flags; found once, on the whole picture, when first asked for."""

    tells = "what was drawn on the picture, as suspect"

    def __init__(self, asset: Asset, indexes: tuple[int, ...]) -> None:
        self.asset, self.indexes = asset, indexes

    @cached_property
    def drawn(self) -> NDArray[np.bool_]:
        """(row, col), True on what was drawn."""
        with open_raster(self.asset) as dataset:
            return drawn_on(dataset.read(list(self.indexes)).astype(np.uint8))

    def flags(self, row: int, col: int, shape: tuple[int, int]) -> NDArray[np.uint8]:
        """Bits of :class:`Flag` for a rectangle of the image."""
        window = self.drawn[row : row + shape[0], col : col + shape[1]]
        return np.where(window, np.uint8(Flag.SUSPECT.value), np.uint8(0))
