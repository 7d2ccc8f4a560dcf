"""The ground of a page: metres from the upper left corner of what is shown, x to the right, y down.

One unit is a metre on the ground (a pixel without georeference): a length on the page is a length on the ground.
"""

from __future__ import annotations

import math
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
    from collections.abc import Mapping, Sequence

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

    def spots(self, named: Sequence[tuple[str, BaseGeometry]], letter: float) -> list[tuple[float, float, str]]:
        """Return where each name stands beside its outline, so that none covers another: x, the baseline, text-anchor.

        Of the free places around its box a name takes the one nearest to its own outline that lies nearer to no other.

        Parameters
        ----------
        named
            Names, and the outlines they belong to, in metres of the picture.
        letter
            Size of the letters, metres.

        """
        sheet = shapely.box(0, 0, self.width, self.height)
        written: list[BaseGeometry] = []
        found = []
        for name, outline in named:
            left, top, right, bottom = outline.bounds
            long, gap, middle = 0.7 * letter * len(name), 0.3 * letter, (top + bottom + letter) / 2
            places = [
                (x, y, anchor)
                for y in (top, middle, bottom + letter, top - 1.1 * letter, bottom + 2.1 * letter)
                for x, anchor in ((right + gap, "start"), (left - gap, "end"))
            ]
            boxes = [
                shapely.box(x - long * (anchor == "end"), y - letter, x + long * (anchor == "start"), y)
                for x, y, anchor in places
            ]
            others = [other for _, other in named if other is not outline]
            hidden = [any(box.intersects(one) for one in written) or not sheet.contains(box) for box in boxes]
            costs = [(hide, *_strays(box, outline, others)) for hide, box in zip(hidden, boxes, strict=True)]
            k = costs.index(min(costs))
            written.append(boxes[k])
            found.append(places[k])
        return found

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


def _strays(box: BaseGeometry, own: BaseGeometry, others: Sequence[BaseGeometry]) -> tuple[bool, bool, float]:
    """Say of a place whether it covers another's outline, is nearer to one than to its own, and how far off that is."""
    near = min((other.distance(box) for other in others), default=math.inf)
    away = own.distance(box)
    return near == 0, near <= away, away
