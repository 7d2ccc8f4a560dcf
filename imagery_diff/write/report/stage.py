"""The ground of a page: metres from the upper left corner of what is shown, x to the right, y down.

One unit is a metre on the ground (a pixel without georeference): a length on the page is a length on the ground.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from affine import Affine
from shapely.geometry import shape

from imagery_diff.aoi import WGS84, reproject
from imagery_diff.grid import Grid
from imagery_diff.write.pictures import around
from imagery_diff.write.report.svg import path_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from imagery_diff.write.panels import Frame

_SAMPLES = 7


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What a page shows of a grid."""

    grid: Grid
    row: float
    col: float
    width: float
    """Metres."""
    height: float

    @classmethod
    def of(cls, document: Mapping[str, Any], frame: tuple[float, float, float, float]) -> Stage:
        """Build it from ``summary.json`` and the rectangle that the pictures show: row, col, rows, cols."""
        told = document["grid"]
        grid = Grid(crs=told["crs"], transform=Affine(*told["transform"]), shape=(told["shape"][0], told["shape"][1]))
        row, col, rows, cols = frame
        across, down = grid.pixel_size_m
        return cls(grid=grid, row=row, col=col, width=cols * across, height=rows * down)

    @property
    def unit(self) -> str:
        """What a length is given in."""
        return "pixels" if self.grid.crs is None else "m"

    @property
    def fineness(self) -> float:
        """Size of a pixel of the grid."""
        return max(self.grid.pixel_size_m)

    def matrix(self, to_grid: tuple[float, ...]) -> str:
        """Write the way from a picture's pixels to the ground, as SVG's ``matrix``."""
        a, b, c, d, e, f = to_grid
        across, down = self.grid.pixel_size_m
        values = (a * across, b * down, c * across, d * down, (e - self.col) * across, (f - self.row) * down)
        return " ".join(f"{value:.6g}" for value in values)

    def outline(self, geometry: Mapping[str, Any] | None) -> BaseGeometry | None:
        """Bring an outline of a document (WGS84, or pixels without georeference) to the ground of the page."""
        if geometry is None:
            return None
        drawn = shape(dict(geometry))
        if self.grid.crs is not None:
            drawn = reproject(drawn, WGS84, self.grid.crs)
        inverse = ~self.grid.transform if self.grid.crs is not None else Affine.identity()
        across, down = self.grid.pixel_size_m

        def moved(xy: NDArray[np.float64]) -> NDArray[np.float64]:
            cols = inverse.a * xy[:, 0] + inverse.b * xy[:, 1] + inverse.c
            rows = inverse.d * xy[:, 0] + inverse.e * xy[:, 1] + inverse.f
            return np.stack([(cols - self.col) * across, (rows - self.row) * down], axis=1)

        return shapely.transform(drawn, moved)

    def path(self, drawn: BaseGeometry | None) -> str:
        """Write an outline as an SVG path."""
        return path_of(drawn, pixel=self.fineness, digits=1 if self.fineness >= 1 else 2)

    def beside(self, drawn: BaseGeometry) -> BaseGeometry:
        """Return an outline a little outside a thing, so that its own pixels stay visible."""
        gap = 1.5 * self.fineness
        # Closed first: a ragged outline with holes would hide more than it shows.
        whole = drawn.buffer(3 * gap).buffer(-2 * gap)
        return shapely.union_all([shapely.Polygon(part.exterior) for part in shapely.get_parts(whole)])

    def close_up(self, drawn: BaseGeometry) -> str:
        """Write the ground around a thing as SVG's ``viewBox``."""
        across, down = self.grid.pixel_size_m
        left, top, right, bottom = drawn.bounds
        frame: Frame = around((left / across, top / down, right / across, bottom / down), self.grid.pixel_size_m)
        values = (frame.col * across, frame.row * down, frame.cols * across, frame.rows * down)
        return " ".join(f"{value:.1f}" for value in values)

    def lonlat(self) -> dict[str, list[float]] | None:
        """Return longitude and latitude as polynomials of the second degree of (u, v), 0 to 1 across the page.

        None without georeference. Over the 50 km of the largest place they are good to a metre (tested); coefficients
        are of 1, u, v, u2, u v, v2.
        """
        if self.grid.crs is None:
            return None
        steps = np.linspace(0, 1, _SAMPLES)
        u, v = (axis.ravel() for axis in np.meshgrid(steps, steps))
        across, down = self.grid.pixel_size_m
        t = self.grid.transform
        cols, rows = self.col + u * self.width / across, self.row + v * self.height / down
        x, y = t.a * cols + t.b * rows + t.c, t.d * cols + t.e * rows + t.f
        places = shapely.get_coordinates(reproject(shapely.MultiPoint(np.stack([x, y], axis=1)), self.grid.crs, WGS84))
        terms = np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], axis=1)
        fitted, *_ = np.linalg.lstsq(terms, places - places[0], rcond=None)
        fitted[0] += places[0]
        return {"lon": [float(c) for c in fitted[:, 0]], "lat": [float(c) for c in fitted[:, 1]]}
