"""A raster's place on the ground: coordinate system, affine transform, shape. Everything else is derived.

Pixel (row, col) covers the map square whose upper-left corner is ``transform`` applied to (col, row); its centre is
half a pixel further. Shapes are (rows, cols), bounds (left, bottom, right, top), points (x, y) in map units.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from imagery_diff.errors import InputError

if TYPE_CHECKING:
    from affine import Affine

Bounds = tuple[float, float, float, float]
"""left, bottom, right, top, in map units."""


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Coordinate system, transform and shape of a raster.

    Examples
    --------
    >>> from affine import Affine
    >>> grid = Grid(crs="EPSG:32652", transform=Affine(3, 0, 605000, 0, -3, 4677000), shape=(100, 200))
    >>> grid.bounds
    (605000.0, 4676700.0, 605600.0, 4677000.0)
    >>> round(grid.pixel_size_m[0], 2)
    3.0

    """

    crs: str | None
    """Coordinate system as ``"EPSG:…"`` or WKT; None = no georeference, map units are pixels."""
    transform: Affine
    """From (col, row) to map (x, y)."""
    shape: tuple[int, int]
    """Rows, columns."""

    def __post_init__(self) -> None:
        rows, cols = self.shape
        if rows < 1 or cols < 1:
            raise InputError(f"a grid needs at least one row and one column, got shape {self.shape}")
        if not all(math.isfinite(v) for v in self.transform[:6]):
            raise InputError(f"a grid's transform must be finite, got {tuple(self.transform[:6])}")
        if self.transform.is_degenerate:
            raise InputError(f"a grid's transform must not collapse a direction, got {tuple(self.transform[:6])}")

    @property
    def bounds(self) -> Bounds:
        """Left, bottom, right, top, in map units, also for a rotated grid."""
        rows, cols = self.shape
        corners = [self.xy(*corner) for corner in ((0, 0), (0, cols), (rows, 0), (rows, cols))]
        xs, ys = [c[0] for c in corners], [c[1] for c in corners]
        return (min(xs), min(ys), max(xs), max(ys))

    @property
    def pixel_size(self) -> tuple[float, float]:
        """Width and height of a pixel in map units, both positive."""
        t = self.transform
        return (math.hypot(t.a, t.d), math.hypot(t.b, t.e))

    @property
    def pixel_size_m(self) -> tuple[float, float]:
        """Width and height of the central pixel in metres on the ground; in pixels where there is no georeference."""
        if self.crs is None:
            return self.pixel_size
        return _pixel_size_m(self.crs, self.transform, self.shape)

    @property
    def pixel_area_m2(self) -> float:
        """Ground area of the central pixel in square metres; 1 where there is no georeference."""
        width, height = self.pixel_size_m
        return width * height

    @property
    def centre_lonlat(self) -> tuple[float, float]:
        """Longitude and latitude (WGS84) of the centre, degrees.

        Raises
        ------
        InputError
            If there is no georeference, or the centre is not on the earth.

        """
        if self.crs is None:
            raise InputError("without a georeference a grid has no place on the earth")
        return _centre_lonlat(self.crs, self.transform, self.shape)

    @property
    def up_azimuth_deg(self) -> float | None:
        """Azimuth of the direction towards the top, degrees clockwise from true north; None without georeference."""
        if self.crs is None:
            return None
        return _up_azimuth_deg(self.crs, self.transform, self.shape)

    def window(self, row: int, col: int, shape: tuple[int, int]) -> Grid:
        """Return the grid of a rectangle of pixels of this one, its first pixel at (row, col)."""
        return Grid(crs=self.crs, transform=_moved(self.transform, row, col), shape=shape)

    def shifted(self, rows: float, cols: float) -> Grid:
        """Return a grid of the same shape whose pixels lie ``rows`` further down and ``cols`` further right."""
        return Grid(crs=self.crs, transform=_moved(self.transform, rows, cols), shape=self.shape)

    def xy(self, row: float, col: float) -> tuple[float, float]:
        """Map coordinates of a position in pixel units; (0, 0) is the upper-left corner of the first pixel."""
        # Written out: affine 2 multiplies with *, affine 3 warns of it and wants @.
        t = self.transform
        return (float(t.a * col + t.b * row + t.c), float(t.d * col + t.e * row + t.f))

    def rowcol(self, x: float, y: float) -> tuple[float, float]:
        """Position in pixel units, (row, col), of map coordinates; the inverse of :meth:`xy`."""
        t = ~self.transform
        return (float(t.d * x + t.e * y + t.f), float(t.a * x + t.b * y + t.c))


_NAMES_FILES = re.compile(
    r"(nad|geoid|xy_?|z_?)grids\s*=\s*(?!@?null)|\b(grids|init|file)\s*=|proj\s*=\s*pipeline"
    r"|PARAMETERFILE|PROJ4_GRIDS",
    re.IGNORECASE,
)
"""Coordinate systems may name files that PROJ opens, or fetches; ``@null`` is none (Web Mercator has it)."""
_MOST_CRS_LETTERS = 20_000


@lru_cache(maxsize=64)
def known_crs(text: str) -> str:
    """Return a coordinate system as ``EPSG:…`` or WKT.

    Raises
    ------
    InputError
        If PROJ does not know it, or it names files.

    """
    from pyproj import CRS  # noqa: PLC0415
    from pyproj.exceptions import CRSError  # noqa: PLC0415

    if _NAMES_FILES.search(text):
        raise InputError("its coordinate system names files, which are not opened")
    try:
        # Nested brackets and braces are walked by recursion.
        crs = CRS.from_user_input(text) if len(text) < _MOST_CRS_LETTERS else None
    except (CRSError, RecursionError, ValueError):
        crs = None
    if crs is None or not (crs.is_projected or crs.is_geographic):
        raise InputError("its coordinate system is none that is known")
    code = crs.to_epsg()
    wkt = crs.to_wkt()
    if code is None and _NAMES_FILES.search(wkt):
        raise InputError("its coordinate system names files, which are not opened")
    return f"EPSG:{code}" if code else str(wkt)


def _moved(transform: Affine, rows: float, cols: float) -> Affine:
    """Move a transform's origin by rows and columns."""
    t = transform
    return type(t)(t.a, t.b, t.a * cols + t.b * rows + t.c, t.d, t.e, t.d * cols + t.e * rows + t.f)


@lru_cache(maxsize=64)
def _centre_lonlat(crs: str, transform: Affine, shape: tuple[int, int]) -> tuple[float, float]:
    """Project the centre."""
    from pyproj import CRS, Transformer  # noqa: PLC0415

    grid = Grid(crs=crs, transform=transform, shape=shape)
    to_lonlat = Transformer.from_crs(CRS.from_user_input(crs), 4326, always_xy=True)
    lon, lat = to_lonlat.transform(*grid.xy(shape[0] / 2, shape[1] / 2))
    if not (math.isfinite(lon) and abs(lat) <= 90):  # noqa: PLR2004 - degrees
        raise InputError(f"the centre of the raster is not on the earth in {crs[:60]}; its georeference is wrong")
    return (float(lon), float(lat))


@lru_cache(maxsize=64)
def _up_azimuth_deg(crs: str, transform: Affine, shape: tuple[int, int]) -> float | None:
    """Measure the azimuth from the middle to the pixel above it, along the ellipsoid."""
    from pyproj import CRS, Geod, Transformer  # noqa: PLC0415

    grid = Grid(crs=crs, transform=transform, shape=shape)
    to_lonlat = Transformer.from_crs(CRS.from_user_input(crs), 4326, always_xy=True)
    row, col = shape[0] / 2, shape[1] / 2
    (lon, lat), (lon_up, lat_up) = (to_lonlat.transform(*grid.xy(r, col)) for r in (row, row - 1))
    azimuth, _, _ = Geod(ellps="WGS84").inv(lon, lat, lon_up, lat_up)
    return float(azimuth) if math.isfinite(azimuth) else None


@lru_cache(maxsize=64)
def _pixel_size_m(crs: str, transform: Affine, shape: tuple[int, int]) -> tuple[float, float]:
    """Measure the central pixel along the ellipsoid (pyproj.Geod): right for degrees, feet and Web Mercator alike."""
    from pyproj import CRS, Transformer  # noqa: PLC0415

    coordinate_system = CRS.from_user_input(crs)
    geod = coordinate_system.get_geod()
    to_lonlat = Transformer.from_crs(coordinate_system, coordinate_system.geodetic_crs, always_xy=True)
    row, col = shape[0] / 2, shape[1] / 2
    grid = Grid(crs=crs, transform=transform, shape=shape)
    corners = [grid.xy(*p) for p in ((row, col), (row, col + 1), (row + 1, col))]
    lon, lat = to_lonlat.transform([c[0] for c in corners], [c[1] for c in corners])
    if geod is None or not all(math.isfinite(v) for v in (*lon, *lat)):
        raise InputError(f"the centre of the raster is not on the earth in {crs[:60]}; its georeference is wrong")
    _, _, width = geod.inv(lon[0], lat[0], lon[1], lat[1])
    _, _, height = geod.inv(lon[0], lat[0], lon[2], lat[2])
    return (float(width), float(height))
