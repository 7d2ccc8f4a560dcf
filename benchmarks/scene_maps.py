"""Let a classical method, which turns two arrays into a map of change, run on scenes beside ours.

    SCENE_METHODS = {"CVA + Otsu": Mapped(cva_otsu), ...}      # in baselines.py

Such a method is given what it needs and does not do itself: one grid, the true shift, and what was seen on both dates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from rasterio.features import shapes
from scene_scores import Findings
from scipy.ndimage import generate_binary_structure, label
from shapely import Polygon, get_coordinates
from shapely.geometry import shape

from imagery_diff.method.align import common_grid
from imagery_diff.method.coregister import Shift
from imagery_diff.pair_scenes import open_pair
from imagery_diff.params import Params
from imagery_diff.read.aois import load_aoi
from imagery_diff.scene import UNSEEN

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray
    from scenes import Scene

    from imagery_diff.grid import Grid

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Mapped:
    """A method that makes a map, as a method that makes regions."""

    function: Callable[[Floats, Floats, Bools], Bools]
    """(band, row, col) before and after, (row, col) seen on both -> (row, col) changed. A function of a module, not a
    lambda, so that several processes can run it."""

    def __call__(self, folder: Path, scene: Scene) -> Findings:
        """Map the change, and call each connected patch of the least size a region."""
        pair = open_pair(folder / scene.before, folder / scene.after)
        aoi = load_aoi(str(folder / scene.aoi)) if scene.aoi else None
        extent = pair.lay_out(aoi).polygon if aoi else None
        params = Params()
        grid = common_grid(pair.grids, extent, context=params.context_m, max_pixels=params.max_pixels)
        rows, cols = scene.shift_px or (0.0, 0.0)
        before, after = pair.read(grid, Shift(rows=rows, cols=cols, error_px=None, windows=0))
        flags = before.flags | after.flags
        seen = (flags & UNSEEN) == 0
        changed = np.asarray(self.function(before.data, after.data, seen), bool) & seen
        found = patches(changed, grid, params.min_region_m2)
        features = tuple({"id": f"P{n}", "area_m2": p.area, "length_m": longest(p)} for n, p in enumerate(found))
        return Findings(shapes=tuple(found), features=features, crs=grid.crs, unknown=flags != 0, grid=grid)


def patches(changed: Bools, grid: Grid, least_m2: float) -> list[Polygon]:
    """Return the outlines of connected patches (over corners too) of at least so many square metres."""
    numbers, _ = label(changed, structure=generate_binary_structure(2, 2))
    drawn = shapes(numbers.astype(np.int32), mask=numbers > 0, connectivity=8, transform=grid.transform)
    found = (shape(outline) for outline, _ in drawn)
    return [piece for piece in found if isinstance(piece, Polygon) and piece.area >= least_m2]


def longest(polygon: Polygon) -> float:
    """Return the longer side of the smallest rectangle around a polygon."""
    corners = get_coordinates(polygon.minimum_rotated_rectangle)
    return float(np.hypot(*np.diff(corners, axis=0).T).max())
