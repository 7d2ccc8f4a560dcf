"""One grid for two images, and each image resampled onto it once, from source, with its mask apart.

The grid follows from the ground asked for and the coarser pixel, never from which image came first.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from rasterio.enums import Resampling
from rasterio.warp import reproject as warp_array
from scipy import ndimage
from shapely import Polygon, box, segmentize

from imagery_diff.aoi import reproject, utm_crs
from imagery_diff.errors import InputError
from imagery_diff.grid import Grid
from imagery_diff.method import blocks
from imagery_diff.scene import UNSEEN, Flag, Scene

Layer = TypeVar("Layer", NDArray[np.float32], NDArray[np.uint8], NDArray[np.bool_])

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapely.geometry.base import BaseGeometry

_TRUE_SCALE = 0.01
"""A map unit is a metre if it is one on the ground to this share: UTM is to 0.001, Web Mercator (42 deg) to 0.35."""
_CUBIC_REACH_PX = 2
"""GDAL's cubic kernel reaches two source pixels to either side (Keys 1981, 10.1109/TASSP.1981.1163711)."""
_SAME_PX = 1e-3
"""Pixels that lie no further apart than this are the same, pixels."""
_EDGE_POINTS = 32
"""A footprint's side is cut into this many pieces before it is projected, so that it stays curved."""
# The warper wants a coordinate system; two grids without one are laid over each other in any flat one.
_FLAT_CRS = "EPSG:32631"


def footprint(grid: Grid, crs: str | None) -> Polygon:
    """Return the outline of a grid in another coordinate system."""
    rows, cols = grid.shape
    corners = [grid.xy(r, c) for r, c in ((0, 0), (0, cols), (rows, cols), (rows, 0))]
    outline = Polygon(corners)
    if grid.crs == crs or grid.crs is None or crs is None:
        return outline
    dense: Polygon = reproject(segmentize(outline, outline.length / (4 * _EDGE_POINTS)), grid.crs, crs)
    return dense


def working_crs(grids: Sequence[Grid]) -> str | None:
    """Choose the coordinate system both images are laid on: theirs if it is the same and metric, else a UTM zone.

    Raises
    ------
    InputError
        If one image is georeferenced and the other is not.

    """
    systems = {g.crs for g in grids}
    if None in systems:
        if len(systems) > 1:
            raise InputError(
                "one image carries a georeference and the other does not; they cannot be laid over each other: "
                "lay the one on the other (--reference IMAGE), or georeference it (in QGIS: Raster, Georeferencer)"
            )
        return None
    # Web Mercator calls its stretched units metres; only a system whose pixel is as long on the ground is metric.
    true_scale = all(
        abs(m / u - 1) < _TRUE_SCALE for g in grids for m, u in zip(g.pixel_size_m, g.pixel_size, strict=True)
    )
    first = grids[0].crs
    if len(systems) == 1 and true_scale:
        return first
    common = footprint(grids[0], "EPSG:4326").intersection(footprint(grids[1], "EPSG:4326"))
    centre = (common if not common.is_empty else footprint(grids[0], "EPSG:4326")).centroid
    return utm_crs(centre.x, centre.y)


def common_grid(grids: tuple[Grid, Grid], ground: BaseGeometry | None, *, context: float, max_pixels: int) -> Grid:
    """Return the grid on which two images are compared.

    Parameters
    ----------
    grids
        The grids of the two images; their order does not matter.
    ground
        The AOI in the working coordinate system (:func:`working_crs`); None = all common ground.
    context
        Ground kept around the AOI, map units.
    max_pixels
        Refuse a larger grid.

    Raises
    ------
    InputError
        If the images, or the images and the AOI, have no ground in common, or the grid would be too large.

    """
    crs = working_crs(grids)
    outlines = [footprint(g, crs) for g in grids]
    shared = outlines[0].intersection(outlines[1])
    if shared.is_empty or shared.area == 0:
        raise InputError(f"the two images have no common ground: {_apart(outlines[0], outlines[1], crs)}")
    if ground is not None:
        if not ground.intersects(shared):
            shown = "the image does" if grids[0] is grids[1] else "the images do"
            raise InputError(f"{shown} not show the AOI: {_apart(shared, ground, crs)}")
        shared = box(*ground.bounds).buffer(context, join_style="mitre").intersection(shared)
    size = _coarser_pixel(grids, crs)
    left, bottom, right, top = shared.bounds
    phase_x, phase_y = _phase(grids, crs, size)
    # Outwards to whole pixels; the tolerance keeps a bound that is already on the lattice.
    col0, col1 = math.floor((left - phase_x) / size + 1e-6), math.ceil((right - phase_x) / size - 1e-6)
    if crs is None:  # pixel coordinates run downwards
        row0, row1 = math.floor(bottom + 1e-6), math.ceil(top - 1e-6)
        transform = Affine(1, 0, col0, 0, 1, row0)
    else:
        row0, row1 = math.floor((phase_y - top) / size + 1e-6), math.ceil((phase_y - bottom) / size - 1e-6)
        transform = Affine(size, 0, phase_x + col0 * size, 0, -size, phase_y - row0 * size)
    rows, cols = row1 - row0, col1 - col0
    if rows * cols > max_pixels:
        raise InputError(
            f"the ground to compare is {cols} x {rows} pixels of {size:g}, more than {max_pixels / 1e6:g} million; "
            f"name a smaller area (an AOI, --bbox W S E N or --at LAT LON --radius M)"
        )
    return Grid(crs=crs, transform=transform, shape=(rows, cols))


def _coarser_pixel(grids: tuple[Grid, Grid], crs: str | None) -> float:
    """Side of the square working pixel: the longest side of the coarser image's pixel, map units."""
    if crs is None:
        return 1.0
    sides = [max(g.pixel_size if g.crs == crs else g.pixel_size_m) for g in grids]
    # A centimetre is beyond any product's accuracy; it keeps 9.99998 m from making a grid of its own.
    return round(max(sides), 2) if max(sides) >= 0.1 else max(sides)  # noqa: PLR2004


def _phase(grids: tuple[Grid, Grid], crs: str | None, size: float) -> tuple[float, float]:
    """Return the lattice both images already lie on, if they do: then a shift of whole pixels resamples nothing."""
    phases = set()
    for g in grids:
        t = g.transform
        plain = g.crs == crs and t.b == 0 and t.d == 0 and abs(t.a - size) < 1e-6 and abs(-t.e - size) < 1e-6  # noqa: PLR2004
        phases.add((round(t.c % size, 3) % size, round(t.f % size, 3) % size) if plain else (0.0, 0.0))
    return phases.pop() if len(phases) == 1 else (0.0, 0.0)


def _apart(one: BaseGeometry, other: BaseGeometry, crs: str | None) -> str:
    """Say how far two grounds are apart and where each is."""
    places = []
    for geometry in (one, other):
        centre = geometry.centroid if crs is None else reproject(geometry.centroid, crs, "EPSG:4326")
        places.append(f"{centre.y:.4f}, {centre.x:.4f}")
    distance = one.distance(other)
    unit = "pixels" if crs is None else ("m" if CRS.from_user_input(crs).is_projected else "degrees")
    shown = f"{distance / 1000:.1f} km" if unit == "m" and distance >= 1000 else f"{distance:.3g} {unit}"  # noqa: PLR2004
    where = f"centres at latitude, longitude {places[0]} and {places[1]}"
    return f"they are {shown} apart ({where}); check the files and the AOI"


def source_window(source: Grid, target: Grid, margin: int = 8) -> tuple[int, int, tuple[int, int]] | None:
    """Return (row, col, shape) of the source pixels a target grid needs, or None if it needs none."""
    outline = footprint(target, source.crs)
    xs, ys = outline.exterior.coords.xy
    pixels = np.array([source.rowcol(x, y)[::-1] for x, y in zip(xs, ys, strict=True)])
    ratio = max(1.0, max(target.pixel_size_m) / min(source.pixel_size_m))
    pad = math.ceil(margin * ratio)
    col0, row0 = np.floor(pixels.min(axis=0)).astype(int) - pad
    col1, row1 = np.ceil(pixels.max(axis=0)).astype(int) + pad
    row0, col0 = max(row0, 0), max(col0, 0)
    row1, col1 = min(row1, source.shape[0]), min(col1, source.shape[1])
    if row1 <= row0 or col1 <= col0:
        return None
    return int(row0), int(col0), (int(row1 - row0), int(col1 - col0))


def resample(scene: Scene, target: Grid, bands: Sequence[Grid] | None = None) -> Scene:
    """Resample a scene onto a grid: cubic convolution for the data, the flags apart and never mixed.

    Each band may have a grid of its own, a part of a pixel beside the ``target`` of the flags.

    Pixels within reach of the kernel of an unseen pixel get :data:`Flag.EDGE`, those beyond the image
    :data:`Flag.OUTSIDE`. Where the target is coarser than the source, GDAL widens the kernel, so that nothing aliases.
    A target whose pixels are the source's own gets them as they are, and no edge.

    """
    grids = bands or [target] * len(scene.data)
    at = _offset(scene.grid, target)
    if at is not None:
        if bands is None and max(abs(at[0] - round(at[0])), abs(at[1] - round(at[1]))) < _SAME_PX:
            return _cut_out(scene, target, round(at[0]), round(at[1]))
        offsets = [_offset(scene.grid, g) for g in grids]
        return _moved(scene, target, at, [o for o in offsets if o is not None])
    ratio = max(1.0, max(target.pixel_size_m) / min(scene.grid.pixel_size_m))
    data = np.stack([_warp(b, scene.grid, g, Resampling.cubic) for b, g in zip(scene.data, grids, strict=True)])
    flags = np.zeros(target.shape, np.uint8)
    for flag in Flag:
        where = (scene.flags & flag.value) != 0
        if where.any():
            how = Resampling.max if ratio > 1.5 else Resampling.nearest  # noqa: PLR2004 - several source pixels in one
            flags[_warp(where.astype(np.uint8), scene.grid, target, how) != 0] |= np.uint8(flag)
    # Pixels of a UTM zone are square to a millionth only; that must not cost another pixel.
    reach = math.ceil(_CUBIC_REACH_PX * ratio - 0.01)
    # A pixel is outside if the middle of any band's is: there the warper leaves nothing.
    everywhere = np.ones(scene.grid.shape, np.uint8)
    for g in {target, *grids}:
        flags[_warp(everywhere, scene.grid, g, Resampling.nearest) == 0] |= np.uint8(Flag.OUTSIDE)
    near = _warp(_near_unseen(scene, reach).astype(np.uint8), scene.grid, target, Resampling.nearest) != 0
    flags[near & ((flags & UNSEEN) == 0)] |= np.uint8(Flag.EDGE)
    return Scene(data=data, flags=flags, grid=target)


def _near_unseen(scene: Scene, reach: int) -> NDArray[np.bool_]:
    """Pixels from which a kernel, square as it is, reaches one that was not seen.

    What lies beyond the border is not missed: whoever lays a pixel there whose middle lies inside takes from beyond a
    fourteenth of its value between the outermost middles, and half a pixel of the slope further out.
    """
    return blocks.grown(scene.unseen, reach)


def _offset(source: Grid, target: Grid) -> tuple[float, float] | None:
    """Rows and columns of the source at which the target begins, where its pixels are as large; else None."""
    if source.crs != target.crs:
        return None
    (row, col), (next_row, next_col) = (source.rowcol(*(target.transform @ p)) for p in ((0.5, 0.5), (1.5, 1.5)))
    end = source.rowcol(*(target.transform @ (target.shape[1] - 0.5, target.shape[0] - 0.5)))
    far = (row + target.shape[0] - 1, col + target.shape[1] - 1)
    off = max(*np.abs([next_row - row - 1, next_col - col - 1]), *np.abs(np.subtract(far, end)))
    return (row - 0.5, col - 0.5) if off < _SAME_PX else None


def _cut_out(scene: Scene, target: Grid, row: int, col: int) -> Scene:
    """Take the pixels of a target that begins at a pixel of the scene; what lies beyond the scene is outside."""
    data = _cut(scene.data, (row, col), target.shape, 0)
    flags = _cut(scene.flags, (row, col), target.shape, Flag.OUTSIDE)
    return Scene(data=data, flags=flags, grid=target)


def _cut(image: Layer, corner: tuple[int, int], shape: tuple[int, int], beyond: int) -> Layer:
    """Cut (..., row, col) out from a corner on, which may lie beyond the image: there it is ``beyond``."""
    low = [max(at, 0) for at in corner]
    high = [max(lo, min(at + n, m)) for lo, at, n, m in zip(low, corner, shape, image.shape[-2:], strict=True)]
    piece = image[..., low[0] : high[0], low[1] : high[1]]
    if piece.shape[-2:] == shape:
        return piece
    out = np.full((*image.shape[:-2], *shape), beyond, image.dtype)
    row, col = low[0] - corner[0], low[1] - corner[1]
    if piece.size:
        out[..., row : row + piece.shape[-2], col : col + piece.shape[-1]] = piece
    return out


def _moved(scene: Scene, target: Grid, at: tuple[float, float], bands: list[tuple[float, float]]) -> Scene:
    """Lay a scene on a grid of pixels as large, a part of a pixel off: as GDAL's warper does, with less to ask of each.

    Parameters
    ----------
    at
        Row and column of the scene at which the target begins, for the flags.
    bands
        The same for the data, band by band.

    """
    corner = (math.floor(at[0] + 0.5), math.floor(at[1] + 0.5))
    flags = _cut(scene.flags, corner, target.shape, Flag.OUTSIDE).copy()
    # A pixel is outside if the middle of any band's is.
    inside = np.zeros(scene.grid.shape, np.uint8)
    for begin in bands:
        middle = (math.floor(begin[0] + 0.5), math.floor(begin[1] + 0.5))
        if middle != corner:
            flags |= _cut(inside, middle, target.shape, Flag.OUTSIDE)
    near = _cut(_near_unseen(scene, _CUBIC_REACH_PX), corner, target.shape, False)  # noqa: FBT003 - beyond is outside
    flags[near & ((flags & UNSEEN) == 0)] |= np.uint8(Flag.EDGE)
    data = np.empty((len(scene.data), *target.shape), np.float32)
    outside = (flags & Flag.OUTSIDE.value) != 0

    def fill(tile: blocks.Tile) -> None:
        for band, begin, into in zip(scene.data, bands, data, strict=True):
            piece = band
            for axis, (own, first) in enumerate(zip(tile.own, begin, strict=True)):
                low = own.start + math.floor(first) - 1
                piece = _run(piece, slice(low, low + own.stop - own.start + 3), axis)
            for axis, first in enumerate(begin):
                piece = _cubic(piece, first - math.floor(first), axis)
            into[tile.own] = piece
        if outside[tile.own].any():
            data[:, *tile.own][:, outside[tile.own]] = 0

    blocks.each(fill, blocks.tiles(target.shape))
    return Scene(data=data, flags=flags, grid=target)


def _run(image: NDArray[np.float32], run: slice, axis: int) -> NDArray[np.float32]:
    """Cut a run of rows (axis 0) or columns out of (row, col); beyond the image its border is repeated."""
    if run.start < 0 or run.stop > image.shape[axis]:
        return np.take(image, np.arange(run.start, run.stop), axis, mode="clip")
    return image[run] if axis == 0 else image[:, run]


def _cubic(image: NDArray[np.float32], x: float, axis: int) -> NDArray[np.float32]:
    """Interpolate (row, col) a part ``x`` of a pixel on from each but the first and the last two along an axis.

    Cubic convolution with Keys' a = -1/2, as GDAL's.
    """
    taps = (
        -0.5 * x + x**2 - 0.5 * x**3,
        1 - 2.5 * x**2 + 1.5 * x**3,
        0.5 * x + 2 * x**2 - 1.5 * x**3,
        -0.5 * x**2 + 0.5 * x**3,
    )
    return blocks.correlate(image, np.array(taps, np.float32), axis - 2)


def resample_along(
    scene: Scene, target: Grid, moves: NDArray[np.float64], bands: Sequence[tuple[float, float]]
) -> Scene:
    """Resample a scene onto a grid along a field: cubic splines for the data, the flags apart and never mixed.

    Parameters
    ----------
    scene, target
        What is read, and the grid it is laid on.
    moves
        (2, row, col): rows and columns of the target's pixels by which each is read further down and right.
    bands
        (rows, cols) added to it for each band.

    """
    ratio = max(1.0, max(target.pixel_size_m) / min(scene.grid.pixel_size_m))
    # Where several source pixels fall into one, the source is blurred to the target's pixel first.
    sigma = 0.5 * math.sqrt(ratio**2 - 1)
    data = np.zeros((len(scene.data), *target.shape), np.float32)
    for k, (band, (rows, cols)) in enumerate(zip(scene.data, bands, strict=True)):
        at = _source_positions(scene.grid, target, moves + np.array([rows, cols])[:, None, None])
        soft = ndimage.gaussian_filter(band, sigma) if sigma > 0 else band
        data[k] = ndimage.map_coordinates(soft, at, order=3, mode="nearest")
    at = _source_positions(scene.grid, target, moves)
    near = np.rint(at).astype(int)
    limits = np.array(scene.grid.shape)[:, None, None]
    outside = ((near < 0) | (near >= limits)).any(axis=0)
    row, col = np.clip(near, 0, limits - 1)
    flags = np.where(outside, np.uint8(Flag.OUTSIDE), scene.flags[row, col])
    spread = _near_unseen(scene, math.ceil(_CUBIC_REACH_PX * ratio - 0.01))
    flags[spread[row, col] & ((flags & UNSEEN) == 0)] |= np.uint8(Flag.EDGE)
    return Scene(data=data, flags=flags, grid=target)


def _source_positions(source: Grid, target: Grid, moves: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2, row, col): where in the source, rows and columns of pixel middles, each moved pixel of the target lies."""
    rows, cols = np.meshgrid(*(np.arange(n) + 0.5 for n in target.shape), indexing="ij")
    t = target.transform
    row, col = rows + moves[0], cols + moves[1]
    x, y = t.a * col + t.b * row + t.c, t.d * col + t.e * row + t.f
    if source.crs != target.crs and source.crs is not None and target.crs is not None:
        x, y = Transformer.from_crs(target.crs, source.crs, always_xy=True).transform(x, y)
    s = ~source.transform
    return np.stack([s.d * x + s.e * y + s.f - 0.5, s.a * x + s.b * y + s.c - 0.5])


def empty_scene(grid: Grid, bands: int) -> Scene:
    """Return the scene of an image that shows nothing of a grid."""
    flags = np.full(grid.shape, np.uint8(Flag.OUTSIDE))
    return Scene(data=np.zeros((bands, *grid.shape), np.float32), flags=flags, grid=grid)


def carried(values: NDArray[np.float32], source: Grid, target: Grid) -> NDArray[np.float32]:
    """Carry a map of a result onto another grid: bilinear between the centres of pixels, 0 where the source ends.

    Linear, since a score must not swing below or above what it was; the images themselves take :func:`resample`.

    Parameters
    ----------
    values
        (row, col) on ``source``, finite.

    """
    return np.asarray(_warp(np.asarray(values, np.float32), source, target, Resampling.bilinear))


def _warp(band: NDArray[np.float32] | NDArray[np.uint8], source: Grid, target: Grid, how: Resampling) -> NDArray:  # type: ignore[type-arg]
    """Resample one (row, col) array."""
    out = np.zeros(target.shape, band.dtype)
    warp_array(
        band,
        out,
        src_transform=source.transform,
        src_crs=source.crs or _FLAT_CRS,
        dst_transform=target.transform,
        dst_crs=target.crs or _FLAT_CRS,
        resampling=how,
        # GDAL interpolates the projection between points; an eighth of a pixel, its default, is a visible error here.
        tolerance=0.01,
    )
    return out
