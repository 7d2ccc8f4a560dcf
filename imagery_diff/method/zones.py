"""What was seen of each zone, and which zone a region belongs to."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from rasterio.features import rasterize
from scipy import ndimage
from shapely import union_all

from imagery_diff.scene import DEGRADED, UNSEEN, Flag

if TYPE_CHECKING:
    from affine import Affine
    from numpy.typing import NDArray
    from shapely import MultiPolygon, Polygon
    from shapely.geometry.base import BaseGeometry

    from imagery_diff.aoi import AOI, Zone
    from imagery_diff.grid import Grid

_OUTSIDE = "outside the images"
_REMEMBERED = 48
"""Outlines whose pixels are remembered: more than a port has zones."""
_SCALE = 0.98
"""Two per cent of a pixel's size are no difference: the scale of a UTM zone."""
CAUSES = {
    Flag.NODATA: "no data",
    Flag.CLOUD: "cloud",
    Flag.SHADOW: "cloud shadow",
    Flag.HAZE: "haze",
    Flag.SNOW: "snow",
    Flag.SUSPECT: "suspect pixels",
    Flag.EDGE: "edge of what was seen",
    Flag.OUTSIDE: _OUTSIDE,
}


def inside(polygon: BaseGeometry, grid: Grid) -> NDArray[np.bool_]:
    """Mask of the grid's pixels whose centre lies in a polygon of the same CRS."""
    return _burnt(polygon, grid.shape, grid.transform)


def _burnt(polygon: BaseGeometry, shape: tuple[int, int], transform: Affine) -> NDArray[np.bool_]:
    if polygon.is_empty:
        return np.zeros(shape, bool)
    mask: NDArray[np.bool_] = rasterize([polygon], out_shape=shape, transform=transform, dtype="uint8") != 0
    return mask


def inside_again(polygon: BaseGeometry, grid: Grid) -> NDArray[np.bool_]:
    """Return :func:`inside` of an outline that is asked for again and again: zones of a series are those of all looks.

    Remembered in the rectangle that holds it, a bit for each pixel.
    """
    mask = np.zeros(grid.shape, bool)
    window, bits = _remembered(polygon, grid.shape, grid.transform)
    part = mask[window]
    part[...] = np.unpackbits(bits, count=part.size).reshape(part.shape)
    return mask


@lru_cache(maxsize=_REMEMBERED)
def _remembered(
    polygon: BaseGeometry, shape: tuple[int, int], transform: Affine
) -> tuple[tuple[slice, slice], NDArray[np.uint8]]:
    mask = _burnt(polygon, shape, transform)
    window = around(mask) if mask.any() else (slice(0), slice(0))
    return window, np.packbits(mask[window])


def around(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Return the rows and columns that hold all of a mask, which must not be empty."""
    rows, cols = (slice(int(i.min()), int(i.max()) + 1) for i in np.nonzero(mask))
    return rows, cols


def drawn(aoi: AOI | None, kinds: set[str], grid: Grid) -> NDArray[np.bool_] | None:
    """Mask of the AOI's located zones of some kinds; None where it draws none."""
    outlines = [z.polygon for z in aoi.zones if z.kind in kinds and z.located] if aoi else []
    return inside_again(union_all(outlines), grid) if outlines else None


def drawn_water(aoi: AOI | None, grid: Grid) -> NDArray[np.bool_] | None:
    """Mask of the AOI's berths and anchorages; None where it draws none."""
    return drawn(aoi, {"berth", "anchorage"}, grid)


def longest_px(mask: NDArray[np.bool_]) -> float:
    """Return the length of the longest connected piece of (row, col) along its longer axis, pixels; 0 for none."""
    pieces, _ = ndimage.label(mask, np.ones((3, 3)))
    lengths = [long_px(pieces[s] == n) for n, s in enumerate(ndimage.find_objects(pieces), start=1)]
    return max(lengths, default=0.0)


def long_px(piece: NDArray[np.bool_]) -> float:
    """Return the length of a piece along its longer axis, pixels."""
    at = np.argwhere(piece)
    return float(np.sqrt(np.linalg.eigvalsh(np.cov(at.T, bias=True) + np.eye(2) / 12)[-1] * 12))


def hiding(unseen: NDArray[np.bool_], broad_m: float, pixel_m: float) -> NDArray[np.bool_]:
    """Where ground that was not seen may hide a thing: where it holds a square as broad as the thing.

    What lies across a narrower strip, the edge of a shadow that moved say, shows on both sides of it.

    Parameters
    ----------
    unseen
        (row, col); ground beyond the grid is taken as not seen.
    broad_m
        How broad the thing is, metres; in whole pixels, rounded up.
    pixel_m
        Side of a pixel, metres.

    """
    side = max(1, math.ceil(_SCALE * broad_m / pixel_m))
    if side == 1:
        return unseen
    padded = np.pad(unseen, side, constant_values=True)
    held = ndimage.binary_opening(padded, np.ones((side, side), bool))
    return np.asarray(held[side:-side, side:-side], bool)


def coverage(
    polygon: BaseGeometry, flags: NDArray[np.uint8], blind: dict[str, NDArray[np.bool_]], grid: Grid
) -> tuple[float, float, dict[str, float]]:
    """Return how much of a polygon was searched, how much was degraded, and what was lost by each cause.

    Parameters
    ----------
    polygon
        In the grid's CRS; what lies beyond the grid counts as outside the images.
    flags
        (row, col), bits of both dates together.
    blind
        Cause -> (row, col), True where the ground was seen but change was not looked for.

    Returns
    -------
    clear, degraded, causes
        Shares of the polygon's area, 0 to 1; clear is seen without a doubt on both dates, and searched; ``causes``
        holds only those that occur.

    """
    width, height = grid.pixel_size
    expected = max(polygon.area / (width * height), 1e-9)
    within = inside_again(polygon, grid)
    bits = flags[within]
    # Pixel counts and area differ by the rounding of the outline; nothing may be more than seen.
    total = max(expected, float(len(bits)))
    unseen = (bits & UNSEEN) != 0
    degraded = ~unseen & ((bits & DEGRADED) != 0)
    causes: dict[str, float] = {}
    left = bits != 0
    for flag, cause in CAUSES.items():
        hit = left & ((bits & flag.value) != 0)
        if hit.any():
            causes[cause] = float(np.count_nonzero(hit)) / total
        left &= ~hit
    searched = bits == 0
    for cause, mask in blind.items():
        hit = searched & mask[within]
        if hit.any():
            causes[cause] = float(np.count_nonzero(hit)) / total
        searched &= ~hit
    beyond = (expected - len(bits)) / total
    if beyond > 0.02:  # noqa: PLR2004 - more than the rounding of an outline to pixels
        causes[_OUTSIDE] = causes.get(_OUTSIDE, 0.0) + beyond
        clear = float(np.count_nonzero(searched)) / total
    else:
        clear = float(np.count_nonzero(searched)) / max(len(bits), 1)
    return clear, float(np.count_nonzero(degraded)) / total, causes


def zone_of(outline: Polygon | MultiPolygon, aoi: AOI) -> tuple[Zone | None, dict[str, float]]:
    """Return the zone a region overlaps most, and its shares in all.

    Outlines are drawn to 10 to 50 m: a ship that lies off a berth's outline by less than its accuracy belongs to it.
    """
    shares = aoi.zone_shares(outline)
    if shares:
        return shares[0][0], {z.name: round(s, 3) for z, s in shares}
    near = [(z.polygon.distance(outline), z) for z in aoi.zones if z.located]
    reach = [(d, z) for d, z in near if d <= (z.accuracy_m or aoi.accuracy_m or 0.0)]
    return (min(reach, key=lambda p: p[0])[1], {}) if reach else (None, {})


def share_on(kind: str, shares: dict[str, float], aoi: AOI | None) -> float:
    """Return the share of a region that lies in located zones of a kind, from its shares in all; 0 without an AOI."""
    names = {z.name for z in aoi.zones if z.kind == kind and z.located} if aoi else set()
    return sum(share for name, share in shares.items() if name in names)
