"""The story of a picture without a place: laid on a reference image by what both show."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from affine import Affine

from imagery_diff.errors import InputError
from imagery_diff.grid import Grid
from imagery_diff.method import align
from imagery_diff.method.match_picture import LEAST_POINTS, find_affine
from imagery_diff.scene import Flag

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.aoi import AOI
    from imagery_diff.scene import Scene, SceneInfo

_SIDE_PX = 1600
"""Longer side of what is looked at: the whole picture, and the reference around the AOI."""
_CONTEXT_M = 2000.0
"""Ground around the AOI in which the picture may lie, metres."""


def place(picture: SceneInfo, reference: SceneInfo, aoi: AOI | None = None) -> SceneInfo:
    """Lay a picture without georeference on an image that has one.

    Parameters
    ----------
    picture
        What has no place; what was drawn on it is left out.
    reference
        An image of the same ground with a georeference.
    aoi
        Where to look in the reference; None = all of it.

    Returns
    -------
    The picture with its place; by how much the points disagree stands in ``placement_rms_m`` and its notes.

    Raises
    ------
    InputError
        If the picture has a place, the reference has none, or too few features agree.

    """
    if picture.grid.crs is not None:
        raise InputError(f"{picture.name}: has a georeference, so there is nothing to lay on {reference.name}")
    if reference.grid.crs is None:
        raise InputError(f"{reference.name}: has no georeference, so nothing can be laid on it; give one that has")
    window = _window(reference.grid, aoi)
    grey, step, hidden = _reduced(picture.read())
    other, other_step, _ = _reduced(reference.read(*window))
    match = find_affine(grey, other, hidden)
    if match is None:
        raise InputError(
            f"{picture.name}: could not be laid on {reference.name}: fewer than {LEAST_POINTS} features over a quarter "
            "of its sides agree: it may show another place, too little of this one, or mostly water; give another "
            "reference, or set control points by hand (in QGIS: Raster, Georeferencer)"
        )
    # Centres of reduced pixels -> corners of whole ones, on both sides.
    (a, b, c), (d, e, f) = match.matrix
    to_reduced = Affine(1 / step, 0, -0.5, 0, 1 / step, -0.5)
    to_whole = Affine(other_step, 0, window[1] + 0.5 * other_step, 0, other_step, window[0] + 0.5 * other_step)
    transform = _times(reference.grid.transform, _times(to_whole, _times(Affine(a, b, c, d, e, f), to_reduced)))
    rms_m = match.rms_px * other_step * max(reference.grid.pixel_size_m)
    grid = Grid(crs=reference.grid.crs, transform=transform, shape=picture.grid.shape)
    return replace(
        picture,
        grid=grid,
        source=replace(picture.source, placed=grid),  # type: ignore[type-var] # of bare rasters
        placement_rms_m=rms_m,
        files=tuple(dict.fromkeys((*picture.files, *reference.files))),
        origin=picture.origin and reference.origin and replace(picture.origin, reference=reference.origin),
        notes=(
            *picture.notes,
            f"laid on {reference.name} by {match.points} features: they disagree by {rms_m:.3g} m (root mean square)",
        ),
    )


def _times(first: Affine, second: Affine) -> Affine:
    """Return the map that does the second, then the first; written out, for affine 2 and 3 write it differently."""
    a, b, c, d, e, f = first[:6]
    g, h, i, j, k, m = second[:6]
    return Affine(a * g + b * j, a * h + b * k, a * i + b * m + c, d * g + e * j, d * h + e * k, d * i + e * m + f)


def _window(grid: Grid, aoi: AOI | None) -> tuple[int, int, tuple[int, int]]:
    """Return the rectangle of the reference around the AOI."""
    whole = (0, 0, grid.shape)
    if aoi is None or aoi.crs is None:
        return whole
    here = aoi.in_crs(grid.crs).polygon.buffer(_CONTEXT_M / max(grid.pixel_size_m) * max(grid.pixel_size))
    box = here.envelope.intersection(align.footprint(grid, grid.crs))
    if box.is_empty:
        return whole
    left, bottom, right, top = box.bounds
    corners = np.array([grid.rowcol(x, y) for x in (left, right) for y in (bottom, top)])
    low = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(corners.max(axis=0)).astype(int), grid.shape)
    return int(low[0]), int(low[1]), (int(high[0] - low[0]), int(high[1] - low[1]))


def _reduced(scene: Scene) -> tuple[NDArray[np.float32], int, NDArray[np.bool_]]:
    """Average an image to one band no longer than can be looked at; with the step, and what is hidden."""
    grey = scene.data[:3].mean(axis=0)
    hidden = (scene.flags & np.uint8(Flag.NODATA | Flag.SUSPECT)) != 0
    step = max(1, math.ceil(max(grey.shape) / _SIDE_PX))
    rows, cols = (n // step * step for n in grey.shape)
    shape = (rows // step, step, cols // step, step)
    small = grey[:rows, :cols].reshape(shape).mean(axis=(1, 3))
    return np.asarray(small, np.float32), step, hidden[:rows, :cols].reshape(shape).any(axis=(1, 3))
