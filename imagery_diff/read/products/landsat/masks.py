"""Landsat's quality bits: QA_PIXEL and QA_RADSAT of Collection 2.

Bits as in the product guides LSDS-1618 (Landsat 4 to 7) and LSDS-1619 (Landsat 8 and 9).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from imagery_diff.read.raster import MaskSource
from imagery_diff.scene import Flag

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from imagery_diff.read.assets import Asset

PIXEL_BITS = (
    (0, Flag.NODATA),  # fill
    (1, Flag.HAZE),  # dilated cloud: near a cloud, not itself one
    (2, Flag.HAZE),  # cirrus
    (3, Flag.CLOUD),
    (4, Flag.SHADOW),
    (5, Flag.SNOW),
)
"""Bit of QA_PIXEL -> flag. 6 (clear) and 7 (water) doubt nothing; by the confidences, 8 to 15, these bits were set."""
DROPPED_BIT, OCCLUDED_BIT = 9, 11
"""Of QA_RADSAT: a detector gave no value (Landsat 4 to 7); hidden behind a mountain (Landsat 8 and 9)."""


def flags_of(bits: NDArray[Any], table: Iterable[tuple[int, Flag]]) -> NDArray[np.uint8]:
    """Translate bits into flags."""
    flags = np.zeros(bits.shape, np.uint8)
    for bit, flag in table:
        flags[(bits & (1 << bit)) != 0] |= np.uint8(flag)
    return flags


class QaPixel(MaskSource):
    """CFMask's classes."""

    tells = "cloud, cloud's edge and cirrus as haze, shadow, snow"

    def decode(self, mask: NDArray[Any]) -> NDArray[np.uint8]:
        """Translate the bits."""
        return flags_of(mask[0].astype(np.uint16), PIXEL_BITS)


class QaRadsat(MaskSource):
    """Saturation of the bands that are read; pixels that no detector saw, or that a mountain hides."""

    tells = "saturated, dropped and hidden pixels"

    def __init__(self, asset: Asset, shape: tuple[int, int], numbers: Iterable[int]) -> None:
        super().__init__(asset, shape)
        self.table = (
            *((n - 1, Flag.SUSPECT) for n in numbers),
            (DROPPED_BIT, Flag.NODATA),
            (OCCLUDED_BIT, Flag.SUSPECT),
        )

    def decode(self, mask: NDArray[Any]) -> NDArray[np.uint8]:
        """Translate the bits; that of a band is its number less one."""
        return flags_of(mask[0].astype(np.uint16), self.table)
