"""Planet's masks of usable data, of three generations.

https://docs.planet.com/data/imagery/udm/ and .../udm2: UDM (one band of bits), UDM2 (eight bands), UDM2.1 (eight bands,
from 2023-11-29 on; haze is one class, in band 4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from imagery_diff.errors import InputError
from imagery_diff.read.raster import MaskSource
from imagery_diff.scene import Flag

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.read.assets import Asset

_BANDS = 8
_BLACKFILL, _CLOUD = 1, 2
_DOUBTED = {
    2: {"blue"},
    3: {"green"},
    4: {"red"},
    5: {"rededge"},
    6: {"nir"},
    7: {"coastal", "greeni", "yellow"},
}
"""Bit of the UDM -> the bands it doubts."""
SURE_PERCENT = 50
"""Clear with less confidence than this is no better than haze: as likely not clear. In six real
masks 0 to 0.3 % of the clear pixels."""


def suspect_bits(bands: tuple[str, ...]) -> int:
    """Return the bits of the UDM that doubt one of these bands.

    In two real masks a fifth of the clear pixels are doubted in some band, half of them only in bands that a 4-band
    image lacks.
    """
    return sum(1 << bit for bit, names in _DOUBTED.items() if names & set(bands))


class Udm2(MaskSource):
    """Clear, snow, shadow, light and heavy haze, cloud, confidence, and the bits of the old UDM."""

    tells = "cloud, shadow, haze, snow, suspect pixels"

    def __init__(self, asset: Asset, shape: tuple[int, int], bands: tuple[str, ...]) -> None:
        super().__init__(asset, shape)
        self.suspect = suspect_bits(bands)

    def decode(self, mask: NDArray[Any]) -> NDArray[np.uint8]:
        """Translate the eight bands; in UDM2.1 haze is band 4 alone and band 5 is 0, so ``4 or 5`` serves both."""
        if mask.shape[0] < _BANDS:
            raise InputError(f"{self.asset.name}: a UDM2 mask has 8 bands, this file has {mask.shape[0]}; order udm2")
        clear, snow, shadow, light, heavy, cloud, confidence, udm = mask[:_BANDS]
        flags = np.zeros(mask.shape[1:], np.uint8)
        unsure = (clear != 0) & (confidence < SURE_PERCENT)
        causes = (
            (Flag.SNOW, snow != 0),
            (Flag.SHADOW, shadow != 0),
            (Flag.HAZE, (light != 0) | (heavy != 0) | unsure),
            (Flag.CLOUD, cloud != 0),
            # What is filled belongs to no class, also where the bits were lost in resampling.
            (Flag.NODATA, ((udm & _BLACKFILL) != 0) | ~(mask[:6] != 0).any(axis=0)),
            (Flag.SUSPECT, (udm & self.suspect) != 0),
        )
        for flag, where in causes:
            flags[where] |= np.uint8(flag)
        return flags


class Udm(MaskSource):
    """The first generation: one band of bits, cloud among them."""

    tells = "cloud, suspect pixels"

    def __init__(self, asset: Asset, shape: tuple[int, int], bands: tuple[str, ...], step: int = 1) -> None:
        super().__init__(asset, shape, step)
        self.suspect = suspect_bits(bands)

    def decode(self, mask: NDArray[Any]) -> NDArray[np.uint8]:
        """Translate the bits; its cloud may be snow."""
        bits = mask[0].astype(np.uint8)
        flags = np.zeros(bits.shape, np.uint8)
        causes = ((Flag.NODATA, _BLACKFILL), (Flag.CLOUD, _CLOUD), (Flag.SUSPECT, self.suspect))
        for flag, wanted in causes:
            flags[(bits & wanted) != 0] |= np.uint8(flag)
        return flags
