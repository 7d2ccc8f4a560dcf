"""Airbus' masks: outlines in GML (``MASKS/ROI_…_MSK.GML``, ``CLD``, ``SNW``, …), drawn as pixels window by window.

Layout seen in deliveries that others keep as test data (Terradue/Stars ``AIRBUS``): polygons with holes in the map
coordinates of their ortho image, the coordinate system written as ``urn:ogc:def:crs:EPSG:6.3:32618``,
``urn:ogc:def:crs:epsg::32622`` or ``32749 WGS84/UTM 49S …``; of an image in sensor geometry, pixels.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from affine import Affine
from rasterio.features import rasterize

from imagery_diff.errors import InputError
from imagery_diff.read.xml import read_xml
from imagery_diff.scene import Flag

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.grid import Grid
    from imagery_diff.read.assets import Asset
    from imagery_diff.read.xml import Node

_EPSG = re.compile(r"(?<![\d.])(\d{4,6})(?![\d.])")
_DIMENSIONS = {"2": 2, "3": 3}
_CORNERS = 3


class _Meaning(NamedTuple):
    """What lies in the outlines of a mask, or around them."""

    flag: Flag
    tells: str
    around: bool = False


MEANINGS = {
    "ROI": _Meaning(Flag.NODATA, "where the image ends", around=True),
    "CLD": _Meaning(Flag.CLOUD, "cloud"),
    "SNW": _Meaning(Flag.SNOW, "snow"),
    "SLT": _Meaning(Flag.SUSPECT, "saturation"),
    "DET": _Meaning(Flag.SUSPECT, "bad detectors"),
    "VIS": _Meaning(Flag.SUSPECT, "hidden ground"),
}
"""Which masks are used. QTE (a technical index), WAT and DTM (water) say nothing against a pixel."""


@dataclass(frozen=True)
class _Outline:
    """A polygon with its holes, (x, y) in pixels of the image."""

    rings: tuple[NDArray[np.float64], ...]
    box: tuple[float, float, float, float]
    """Left, top, right, bottom."""


@dataclass(frozen=True)
class _Layer:
    """One mask."""

    meaning: _Meaning
    outlines: tuple[_Outline, ...]


@dataclass(frozen=True)
class GmlMasks:
    """All masks of an image."""

    layers: tuple[_Layer, ...]

    @property
    def tells(self) -> str:
        """What they know, for people."""
        return ", ".join(layer.meaning.tells for layer in self.layers)

    @property
    def cloud(self) -> bool:
        """Whether clouds are among it."""
        return any(layer.meaning.flag is Flag.CLOUD for layer in self.layers)

    def flags(self, row: int, col: int, shape: tuple[int, int]) -> NDArray[np.uint8]:
        """Bits of :class:`Flag` for a rectangle of the image; a pixel is in an outline if its centre is."""
        found = np.zeros(shape, np.uint8)
        for layer in self.layers:
            near = [o for o in layer.outlines if _meets(o.box, row, col, shape)]
            inside = np.zeros(shape, np.uint8)
            if near:
                shapes = [({"type": "Polygon", "coordinates": [r.tolist() for r in o.rings]}, 1) for o in near]
                inside = rasterize(shapes, out_shape=shape, transform=Affine.translation(col, row), dtype="uint8")
            where = (inside == 0) if layer.meaning.around else (inside != 0)
            found[where] |= np.uint8(layer.meaning.flag)
        return found


def _meets(box: tuple[float, float, float, float], row: int, col: int, shape: tuple[int, int]) -> bool:
    return box[0] < col + shape[1] and box[2] > col and box[1] < row + shape[0] and box[3] > row


def read_masks(assets: dict[str, Asset], grid: Grid, code: str | None) -> tuple[GmlMasks | None, list[str]]:
    """Read the masks of an image.

    Parameters
    ----------
    assets
        Kind (``ROI``, ``CLD``, …) -> file.
    grid
        Of the image.
    code
        EPSG code of the image by its DIMAP file.

    Returns
    -------
    masks, caveats
        None where none can be used; which could not, and why.

    Raises
    ------
    InputError
        If a file is damaged.

    """
    layers, doubts = [], []
    codes = {c for c in (code, (grid.crs or "").removeprefix("EPSG:")) if c}
    for kind, meaning in MEANINGS.items():
        asset = assets.get(kind)
        if asset is None:
            continue
        root = read_xml(asset)
        if not root.name.endswith("Mask"):
            raise InputError(f"{asset.name}: is no mask (its root is {root.name[:40]!r}); download it again")
        told = _system(root)
        if told is not None and told not in codes:
            known = f"EPSG:{told}" if told.isdigit() else "pixels of the raw image"
            doubts.append(
                f"{asset.name}: its outlines are in {known}, those of the image in {grid.crs}: it is not used"
            )
            continue
        outlines = _outlines(asset, root, grid)
        if outlines or not meaning.around:
            layers.append(_Layer(meaning, tuple(outlines)))
    return (GmlMasks(tuple(layers)) if layers else None), doubts


def _system(root: Node) -> str | None:
    """Return the EPSG code a mask is written in; ``image`` for pixels, None where it is not told."""
    names = [n.attribute("srsName") for n in (*root.all("Polygon"), *root.all("Envelope"))]
    for name in names:
        if name and "image" in name.rpartition(":")[2].lower():
            return "image"
        code = _EPSG.search(name or "")
        if code:
            return code[1]
    return None


def _outlines(asset: Asset, root: Node, grid: Grid) -> list[_Outline]:
    """Return the polygons in pixels of the image."""
    polygons = []
    for polygon in root.all("Polygon"):
        rings = [
            _ring(asset, r) for side in ("exterior", "interior") for r in polygon.all(f"{side}/LinearRing/posList")
        ]
        if rings:
            polygons.append(rings)
    if grid.crs and polygons and _swapped(polygons, grid):
        polygons = [[ring[:, ::-1] for ring in rings] for rings in polygons]
    found = []
    for rings in polygons:
        pixels = tuple(_to_pixels(ring, grid) for ring in rings)
        (left, top), (right, bottom) = pixels[0].min(axis=0), pixels[0].max(axis=0)
        found.append(_Outline(pixels, (float(left), float(top), float(right), float(bottom))))
    return found


def _ring(asset: Asset, node: Node) -> NDArray[np.float64]:
    """Read a ring of positions (x, y)."""
    wrong = InputError(f"{asset.name}: has an outline that is none ({node.text[:40]!r}); download it again")
    dimension = _DIMENSIONS.get(node.attribute("srsDimension") or "2")
    if dimension is None:
        raise wrong
    try:
        values = np.array(node.text.split(), float)
    except ValueError as error:
        raise wrong from error
    if values.size % dimension or values.size < _CORNERS * dimension or not np.isfinite(values).all():
        raise wrong
    return values.reshape(-1, dimension)[:, :2]


def _swapped(polygons: list[list[Any]], grid: Grid) -> bool:
    """Tell whether positions are (latitude, longitude): they lie on the image only the other way round."""
    corners = np.concatenate([rings[0] for rings in polygons])
    left, bottom, right, top = grid.bounds

    def meets(x: NDArray[np.float64], y: NDArray[np.float64]) -> bool:
        return bool(x.min() <= right and x.max() >= left and y.min() <= top and y.max() >= bottom)

    return not meets(corners[:, 0], corners[:, 1]) and meets(corners[:, 1], corners[:, 0])


def _to_pixels(ring: NDArray[np.float64], grid: Grid) -> NDArray[np.float64]:
    """Map coordinates -> (col, row)."""
    t = ~grid.transform
    x, y = ring[:, 0], ring[:, 1]
    return np.stack([t.a * x + t.b * y + t.c, t.d * x + t.e * y + t.f], axis=1)
