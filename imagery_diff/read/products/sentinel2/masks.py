"""Sentinel-2's masks: the scene classification, the cloud probability, and the cloud masks of L1C, raster and outlines.

Scene classification: Sen2Cor's ATBD (S2-PDGS-MPC-ATBD-L2A), table of classes. MSK_CLASSI: PSD 14.8, three rasters of
60 m (opaque cloud, cirrus, snow and ice), since baseline 04.00; before that MSK_CLOUDS, outlines in GML.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from rasterio.features import rasterize

from imagery_diff.errors import InputError
from imagery_diff.read.raster import MaskSource
from imagery_diff.read.xml import read_xml
from imagery_diff.scene import Flag

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.grid import Grid
    from imagery_diff.read.assets import Asset
    from imagery_diff.read.xml import Node

_CLASSES = {
    0: Flag.NODATA,
    1: Flag.SUSPECT,
    3: Flag.SHADOW,
    8: Flag.CLOUD,
    9: Flag.CLOUD,
    10: Flag.HAZE,
    11: Flag.SNOW,
}
"""Class -> flag. Clear: 2 dark, 4 vegetation, 5 bare, 6 water, 7 unclassified. 10 is thin cirrus: things are seen
through it."""
LIKELY_PERCENT = 50
"""A cloud is as likely as not: what its class calls clear is no better than haze then."""
_CLASSI_BANDS = 3
_MAX_CORNERS = 2_000_000
"""Of the outlines of one tile; they are drawn on 60 m, so that a tile has 3.3 million such pixels."""
_CORNERS_OF_A_RING = 4


class Scl(MaskSource):
    """The scene classification of L2A, 20 m."""

    tells = "cloud, shadow, cirrus, snow, defective pixels"

    def __init__(self, asset: Asset, shape: tuple[int, int], step: int = 1, band: int = 0) -> None:
        super().__init__(asset, shape, step)
        self.band = band

    def decode(self, mask: NDArray[Any]) -> NDArray[np.uint8]:
        """Translate the classes."""
        table = np.zeros(256, np.uint8)
        for number, flag in _CLASSES.items():
            table[number] = np.uint8(flag)
        return np.asarray(table[np.minimum(mask[self.band], 255).astype(np.uint8)])


class CloudProbability(MaskSource):
    """Sen2Cor's probability of cloud in percent, 20 m: where it is even, a pixel's class is not sure."""

    tells = f"cloud probability of {LIKELY_PERCENT} % or more as haze"

    def decode(self, mask: NDArray[Any]) -> NDArray[np.uint8]:
        """Translate the percentages; those above 100 are none."""
        likely = (mask[0] >= LIKELY_PERCENT) & (mask[0] <= 100)  # noqa: PLR2004 - percent
        return np.where(likely, np.uint8(Flag.HAZE), np.uint8(0))


class Classi(MaskSource):
    """The cloud mask of L1C since baseline 04.00: opaque cloud, cirrus, snow; 60 m."""

    tells = "opaque cloud, cirrus, snow"

    def __init__(self, asset: Asset, shape: tuple[int, int], step: int = 1) -> None:
        super().__init__(asset, shape, step)
        if self.count != _CLASSI_BANDS:
            raise InputError(
                f"{asset.name}: has {self.count} bands where a Sentinel-2 cloud mask has {_CLASSI_BANDS}; download it "
                "again"
            )

    def decode(self, mask: NDArray[Any]) -> NDArray[np.uint8]:
        """Translate the three rasters."""
        flags = np.zeros(mask.shape[1:], np.uint8)
        for band, flag in zip(mask, (Flag.CLOUD, Flag.HAZE, Flag.SNOW), strict=True):
            flags[band != 0] |= np.uint8(flag)
        return flags


class CloudOutlines(MaskSource):
    """The cloud mask of L1C before baseline 04.00: outlines of opaque cloud and cirrus in map coordinates."""

    tells = "outlines of opaque cloud and cirrus"

    def __init__(self, asset: Asset, grid: Grid) -> None:
        self.asset, self.grid = asset, grid
        root = read_xml(asset)
        if root.name != "Mask":
            raise InputError(
                f"{asset.name}: is no mask of Sentinel-2 (its root is {root.name[:40]!r}); download it again"
            )
        self.outlines = [
            (ring, flag)
            for feature in root.all("MaskFeature")
            if (flag := _flag_of(feature)) is not None
            for ring in _rings(asset, feature)
        ]
        if sum(len(ring["coordinates"][0]) for ring, _ in self.outlines) > _MAX_CORNERS:
            raise InputError(f"{asset.name}: its outlines have more corners than a tile has pixels; download it again")

    def flags(self, row: int, col: int, shape: tuple[int, int]) -> NDArray[np.uint8]:
        """Bits of :class:`imagery_diff.scene.Flag` for a rectangle of the image."""
        found = np.zeros(shape, np.uint8)
        transform = self.grid.window(row, col, shape).transform
        for wanted in (Flag.CLOUD, Flag.HAZE):
            rings = [ring for ring, flag in self.outlines if flag is wanted]
            if rings:
                found |= np.uint8(wanted) * rasterize(rings, out_shape=shape, transform=transform, dtype="uint8")
        return found


def _flag_of(feature: Node) -> Flag | None:
    return {"OPAQUE": Flag.CLOUD, "CIRRUS": Flag.HAZE}.get((feature.text_of("maskType") or "").upper())


def _rings(asset: Asset, feature: Node) -> list[dict[str, Any]]:
    """Return the outer rings of a feature as GeoJSON polygons; holes are left filled: cloud is rather masked."""
    rings = []
    for node in feature.all("exterior/LinearRing/posList"):
        try:
            numbers = np.array(node.text.split(), np.float64)
        except ValueError as error:
            raise InputError(f"{asset.name}: one of its outlines holds what is no number; download it again") from error
        dimension = 3 if node.attribute("srsDimension") == "3" else 2
        if len(numbers) % dimension or not np.isfinite(numbers).all():
            raise InputError(f"{asset.name}: one of its outlines is cut short; download it again")
        corners = numbers.reshape(-1, dimension)[:, :2]
        if len(corners) >= _CORNERS_OF_A_RING:
            rings.append({"type": "Polygon", "coordinates": [corners.tolist()]})
    return rings
