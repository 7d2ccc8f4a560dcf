"""Where a picture lies, by what its maker left beside it: a world file, QGIS control points, or control points inside.

All of them are taken as an affine map from pixels to the ground, fitted by least squares where there are more points
than it takes; what the points do not agree on is told as their root mean square. A picture bent more than that (a
tilted photograph, a folded scan) shows a large one, and is not for comparing.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from affine import Affine

from imagery_diff.errors import InputError
from imagery_diff.grid import known_crs
from imagery_diff.read.assets import Asset, belongs
from imagery_diff.read.raster import crs_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WORLD_LINES = 6
_LEAST_POINTS = 3
"""An affine map has six numbers, a point gives two."""
_MOST_POINTS = 10_000
_MAX_BYTES = 2_000_000


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where a picture lies."""

    crs: str
    transform: Affine
    how: str
    """For people."""
    rms_px: float | None = None
    """By how much its points disagree, pixels of the picture; None where it takes all of them to place it."""
    points: int | None = None
    files: tuple[Asset, ...] = ()


def beside(asset: Asset, crs: str | None) -> Placement | str | None:
    """Return where a picture lies by the files beside it, or what such a file lacks; None where there are none.

    Parameters
    ----------
    asset
        A file on disk; in an archive nothing is looked for.
    crs
        Coordinate system that the user names, for a world file without a ``.prj``.

    Raises
    ------
    InputError
        If such a file is damaged.

    """
    if asset.store != "folder":
        return None
    for name in (f"{asset.name}.points", f"{_stem(asset.name)}.points"):
        points = Asset(root=asset.root, relative=str((asset.file.parent / name).relative_to(asset.root)))
        if belongs(asset, points.file):
            return _of_points(points, crs)
    for suffix in _world_suffixes(asset.name):
        world = Asset(root=asset.root, relative=str(asset.file.with_suffix(suffix).relative_to(asset.root)))
        if belongs(asset, world.file):
            return _of_world_file(asset, world, crs)
    return None


def of_control_points(name: str, points: list[Any], crs: Any) -> Placement | None:
    """Return where an image lies by the control points inside it (GDAL's GCPs); None where it has too few.

    Raises
    ------
    InputError
        If the points do not say in which coordinate system they count, or lie on a line.

    """
    if len(points) < _LEAST_POINTS:
        return None
    if not crs:
        raise InputError(
            f"{name}: its control points do not say in which coordinate system they count; georeference it"
        )
    pixels = np.array([(p.col, p.row) for p in points], float)
    ground = np.array([(p.x, p.y) for p in points], float)
    transform, rms = fit_affine(name, pixels, ground)
    return Placement(
        crs=crs if isinstance(crs, str) else str(crs_of(crs)),
        transform=transform,
        how=f"{len(points)} control points in the file",
        rms_px=rms,
        points=len(points),
    )


def fit_affine(name: str, pixels: NDArray[Any], ground: NDArray[Any]) -> tuple[Affine, float | None]:
    """Fit an affine map to points, and say by how much they disagree.

    Parameters
    ----------
    pixels
        (point, 2), columns and rows from the upper left corner of the picture.
    ground
        (point, 2), x and y.

    Returns
    -------
    transform, rms
        From (col, row) to (x, y); root mean square of what is left, pixels, with the degrees of freedom that the fit
        has used up taken off; None where none are left.

    Raises
    ------
    InputError
        If the points lie on a line.

    """
    middle, spread = pixels.mean(axis=0), max(float(np.ptp(pixels, axis=0).max()), 1e-9)
    design = np.column_stack([(pixels - middle) / spread, np.ones(len(pixels))])
    solution, _, rank, _ = np.linalg.lstsq(design, ground, rcond=1e-6)
    if rank < design.shape[1] or not np.isfinite(solution).all():
        raise InputError(f"{name}: its control points lie on one line; set some beside it")
    (a, d), (b, e), (c, f) = solution[0] / spread, solution[1] / spread, solution[2]
    transform = Affine(a, b, c - a * middle[0] - b * middle[1], d, e, f - d * middle[0] - e * middle[1])
    if transform.is_degenerate:
        raise InputError(f"{name}: its control points lie on one line; set some beside it")
    inverse = ~transform
    back = np.column_stack(
        [
            inverse.a * ground[:, 0] + inverse.b * ground[:, 1] + inverse.c,
            inverse.d * ground[:, 0] + inverse.e * ground[:, 1] + inverse.f,
        ]
    )
    free = 2 * len(pixels) - 6
    return transform, float(np.sqrt(((back - pixels) ** 2).sum() / free * 2)) if free > 0 else None


def _of_world_file(asset: Asset, world: Asset, crs: str | None) -> Placement | str:
    """Read six numbers, a line each: the map position of the first pixel's centre and of its neighbours."""
    try:
        lines = world.read(_MAX_BYTES).decode("ascii").split()
        a, d, b, e, c, f = (float(line.replace(",", ".")) for line in lines)
    except (UnicodeDecodeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{world.name}: a world file holds six numbers, a line each; export it again") from error
    if not np.isfinite([a, b, c, d, e, f]).all() or a * e - b * d == 0:
        raise InputError(f"{world.name}: its six numbers place nothing; export it again")
    projection = Asset(root=asset.root, relative=str(asset.file.with_suffix(".prj").relative_to(asset.root)))
    files = [world]
    if crs is None and belongs(asset, projection.file):
        crs = checked_crs(projection.name, projection.read(_MAX_BYTES).decode("utf-8", "replace"))
        files.append(projection)
    if crs is None:
        return (
            f"the world file {world.name} was not used, for it does not say in which coordinate system it counts: put "
            "a .prj beside it, or name it: --crs EPSG:…, the one its coordinates are in"
        )
    # The numbers are of the centre of the first pixel.
    transform = Affine(a, b, c - a / 2 - b / 2, d, e, f - d / 2 - e / 2)
    return Placement(crs=crs, transform=transform, how=f"the world file {world.name}", files=tuple(files))


def _of_points(points: Asset, crs: str | None) -> Placement | str:
    """Read QGIS's control points: ``mapX,mapY,sourceX,sourceY,enable,...``, older ones ``pixelX,pixelY``.

    QGIS counts rows downwards as negative numbers.
    """
    text = points.read(_MAX_BYTES).decode("utf-8-sig", "replace")
    told = re.search(r"^#CRS:\s*(\S.*)$", text, re.MULTILINE)
    rows = csv.DictReader(io.StringIO("\n".join(line for line in text.splitlines() if not line.startswith("#"))))
    try:
        used = [row for row in rows if (row.get("enable") or "1").strip() != "0"][:_MOST_POINTS]
        x, y = ("sourceX", "sourceY") if used and "sourceX" in used[0] else ("pixelX", "pixelY")
        pixels = np.array([(float(row[x]), -float(row[y])) for row in used])
        ground = np.array([(float(row["mapX"]), float(row["mapY"])) for row in used])
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise InputError(
            f"{points.name}: is no file of QGIS's control points (mapX,mapY,sourceX,…); save it again"
        ) from error
    if len(used) < _LEAST_POINTS or not np.isfinite(pixels).all() or not np.isfinite(ground).all():
        raise InputError(f"{points.name}: holds {len(used)} usable control points, three are needed at least")
    crs = crs or (checked_crs(points.name, told[1]) if told else None)
    if crs is None:
        return (
            f"{points.name} was not used, for it does not say in which coordinate system its points count: save it "
            "with a newer QGIS, or name it: --crs EPSG:…, the one its coordinates are in"
        )
    transform, rms = fit_affine(points.name, pixels, ground)
    how = f"{len(used)} control points of {points.name}"
    return Placement(crs=crs, transform=transform, how=how, rms_px=rms, points=len(used), files=(points,))


def checked_crs(name: str, text: str) -> str:
    """Return a coordinate system as ``EPSG:…`` or WKT.

    Raises
    ------
    InputError
        If it is none. The text is not repeated: it may be anything, a link may have led to it.

    """
    try:
        return known_crs(text.strip())
    except InputError as error:
        raise InputError(f"{name}: {error}; name one like EPSG:32652") from error


def _stem(name: str) -> str:
    return name.rsplit(".", 1)[0]


def _world_suffixes(name: str) -> list[str]:
    """Return how world files of an image are called: ``.jgw``, ``.jpgw``, ``.wld`` for a ``.jpg``."""
    ending = name.rsplit(".", 1)[-1].lower()
    short = f".{ending[0]}{ending[-1]}w" if len(ending) > 1 else ""
    both = [s for s in (short, f".{ending}w", ".wld") if s]
    return [*both, *(s.upper() for s in both)]
