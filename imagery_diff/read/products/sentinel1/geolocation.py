"""Where the samples of a GRD lie: its grid of tie points, brought to one height, and the smooth map fitted to it.

The grid gives longitude, latitude and height of the *terrain* at some two hundred samples, tens of kilometres apart. A
map drawn through them as they are would bend with every hill that happens to lie under a point, by hundreds of metres,
and otherwise on another date. So each point is first moved, along its own line of samples, to where the same echo
would come from at one height: satellite, centre of the earth and ground form a triangle whose sides follow from slant
range and incidence. What is left is smooth, and a polynomial fits it. Measured on 18 real points of one line (S1A,
2021-08-09, 262 to 1207 m high): a quartic misses them by 119 m as they are, by 0.3 m at one height (root mean square).
Ground that lies higher is shown too near to the satellite, by its height over the tangent of the incidence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from affine import Affine
from numpy.polynomial import polynomial
from pyproj import Transformer

from imagery_diff.errors import InputError
from imagery_diff.grid import Grid
from imagery_diff.read.raster import MAX_SIDE_PX

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

_SEMI_MAJOR_M, _ECCENTRICITY2 = 6378137.0, 0.00669437999014
"""WGS84."""
_DEGREE = 4
_LOW_SHARE = 5.0
"""Percentile of the grid's heights that stands for its ports and shores."""
_WORST_FIT_PX = 20.0
"""A fit that misses its points by more belongs to a damaged grid."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TiePoints:
    """The geolocation grid of an annotation; each (lines, samples)."""

    line: Doubles
    pixel: Doubles
    lon: Doubles
    lat: Doubles
    height_m: Doubles
    """Above the ellipsoid as the processor lays them, though the terrain model's numbers count from the sea.

    In a real product (S1B, 2021-04-01) orbit, range and these heights taken from the ellipsoid agree to a centimetre;
    by the Product Specification they are above sea level, and are 0 on oceans.
    """
    incidence_deg: Doubles
    slant_range_m: Doubles

    @property
    def low_m(self) -> float:
        """Height of the low ground of the scene, where ports lie."""
        return float(np.percentile(self.height_m, _LOW_SHARE))

    @property
    def crs(self) -> str:
        """The UTM zone of the middle."""
        lon, lat = float(np.median(self.lon)), float(np.median(self.lat))
        zone = min(int((lon + 180) // 6) + 1, 60)
        return f"EPSG:{(32600 if lat >= 0 else 32700) + zone}"

    def laid_at(self, height_m: float) -> tuple[Doubles, Doubles]:
        """Return UTM coordinates of the points as if all ground lay at one height."""
        to_map = Transformer.from_crs(4326, self.crs, always_xy=True)
        # Across the date line longitudes jump by a whole turn.
        lon = self.lon[0, 0] + (self.lon - self.lon[0, 0] + 180) % 360 - 180
        x, y = (np.asarray(v, np.float64) for v in to_map.transform(lon, self.lat))
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            raise InputError("its geolocation grid holds points that are not on the earth; download it again")
        along = self._farther(height_m)
        step_x, step_y = _chord(x), _chord(y)
        size = np.maximum(np.hypot(step_x, step_y), 1e-9)
        return x + along * step_x / size, y + along * step_y / size

    def _farther(self, height_m: float) -> Doubles:
        """Return by how much farther from the satellite's track an echo of this height lies than the point, metres."""
        curved = 1 - _ECCENTRICITY2 * np.sin(np.radians(self.lat)) ** 2
        earth = _SEMI_MAJOR_M * math.sqrt(1 - _ECCENTRICITY2) / curved  # Gaussian radius of curvature
        ground, wanted, reach = earth + self.height_m, earth + height_m, self.slant_range_m
        satellite = np.sqrt(ground**2 + reach**2 + 2 * ground * reach * np.cos(np.radians(self.incidence_deg)))

        def angle(radius: Doubles) -> Doubles:
            cosine = (satellite**2 + radius**2 - reach**2) / (2 * satellite * radius)
            return np.asarray(np.arccos(np.clip(cosine, -1, 1)))

        return np.asarray(earth * (angle(wanted) - angle(ground)))


def _chord(values: Doubles) -> Doubles:
    """Difference of the neighbours along a line, of the point itself at its ends."""
    padded = np.concatenate([values[:, :1], values, values[:, -1:]], axis=1)
    return np.asarray(padded[:, 2:] - padded[:, :-2])


@dataclass(frozen=True, kw_only=True, eq=False)
class Placement:
    """The map between samples and the ground, and how well it fits."""

    grid: Grid
    """Upright UTM pixels on multiples of their size, so that slices of one pass share a lattice."""
    line: Doubles
    """Coefficients of the line by scaled (x, y)."""
    pixel: Doubles
    scale: tuple[float, float, float]
    """Middle x, middle y, and half the extent, metres."""
    rms_m: float
    """Root mean square at the tie points, each left out of the fit that is held against it."""
    worst_m: float

    def samples(self, row: int, col: int, shape: tuple[int, int]) -> tuple[Doubles, Doubles]:
        """Return line and pixel, fractional, of the centres of a rectangle of the grid; (row, col) each."""
        x0, y0, half = self.scale
        left, top = self.grid.xy(row + 0.5, col + 0.5)
        size = self.grid.transform.a
        xs = (left + size * np.arange(shape[1]) - x0) / half
        ys = (top - size * np.arange(shape[0]) - y0) / half
        line, pixel = (polynomial.polygrid2d(xs, ys, c).T for c in (self.line, self.pixel))
        return np.asarray(line), np.asarray(pixel)


def place(points: TiePoints, shape: tuple[int, int], spacing_m: tuple[float, float], height_m: float) -> Placement:
    """Fit the map to the tie points at one height.

    Parameters
    ----------
    points
        The geolocation grid.
    shape
        Lines and samples of the image.
    spacing_m
        Distance of lines and of samples on the ground.
    height_m
        Of the ground, above the ellipsoid.

    Raises
    ------
    InputError
        If no smooth map fits them.

    """
    x, y = (v.ravel() for v in points.laid_at(height_m))
    middle, half = ((x.min() + x.max()) / 2, (y.min() + y.max()) / 2), max(float(np.ptp(x)), float(np.ptp(y))) / 2
    u, v = (x - middle[0]) / half, (y - middle[1]) / half
    degree = min(_DEGREE, *(n - 1 for n in points.line.shape))
    terms = [(i, j) for i in range(degree + 1) for j in range(degree + 1 - i)]
    design = np.stack([u**i * v**j for i, j in terms], axis=1)
    lines, line_off = _fit(design, points.line.ravel(), terms, degree)
    pixels, pixel_off = _fit(design, points.pixel.ravel(), terms, degree)
    off_m = np.hypot(line_off * spacing_m[0], pixel_off * spacing_m[1])
    if not np.isfinite(off_m).all() or float(np.sqrt(np.mean(off_m**2))) > _WORST_FIT_PX * max(spacing_m):
        raise InputError("its geolocation grid fits no smooth map, so it has no place on the ground; download it again")
    return Placement(
        grid=_lattice(points, shape, min(spacing_m), height_m),
        line=lines,
        pixel=pixels,
        scale=(float(middle[0]), float(middle[1]), half),
        rms_m=float(np.sqrt(np.mean(off_m**2))),
        worst_m=float(off_m.max()),
    )


def _fit(design: Doubles, values: Doubles, terms: list[tuple[int, int]], degree: int) -> tuple[Doubles, Doubles]:
    """Return a polynomial's coefficients, and by how much it misses each point that it was not fitted to."""
    found, *_ = np.linalg.lstsq(design, values, rcond=None)
    q, _ = np.linalg.qr(design)
    own = np.minimum((q**2).sum(axis=1), 1 - 1e-6)
    coefficients = np.zeros((degree + 1, degree + 1))
    for (i, j), value in zip(terms, found, strict=True):
        coefficients[i, j] = value
    return coefficients, np.asarray((values - design @ found) / (1 - own))


def _lattice(points: TiePoints, shape: tuple[int, int], size_m: float, height_m: float) -> Grid:
    """Lay the smallest lattice of whole pixels over the image's border."""
    x, y = points.laid_at(height_m)
    # The points reach from the first sample to the last; half a sample more is a pixel at most.
    left, right = math.floor(x.min() / size_m) - 1, math.ceil(x.max() / size_m) + 1
    bottom, top = math.floor(y.min() / size_m) - 1, math.ceil(y.max() / size_m) + 1
    rows, cols = top - bottom, right - left
    if max(rows, cols) > min(4 * max(shape) + 100, MAX_SIDE_PX):
        raise InputError(f"its geolocation grid would spread it over {cols} x {rows} pixels; download it again")
    return Grid(
        crs=points.crs, transform=Affine(size_m, 0.0, left * size_m, 0.0, -size_m, top * size_m), shape=(rows, cols)
    )
