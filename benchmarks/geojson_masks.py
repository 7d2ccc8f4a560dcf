"""Outlines of masks as regions.geojson holds them: how many are invalid, ours and those of two usual ways.

    python benchmarks/geojson_masks.py [--masks 5000] [--seed 1] [--independent]

Seeded masks of seven kinds (blobs, specks, rings, lines a pixel wide, pixels that touch by a corner, chequers, things
at the edge) on grids in UTM, in degrees, beside the pole, and across the antimeridian, go the way that a region goes:
outline at a level, WGS84, seven decimals, JSON, and back. Peers on the same masks: `rasterio.features.shapes`, and
scikit-image's contours as polygons, both brought to WGS84 and rounded alike. Counted is what shapely calls invalid
after the file was read; with ``--independent`` also what geojson-validator says, which must be installed. Exit code 1
if any of ours is invalid.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from typing import Any

import numpy as np
import rasterio.features
import shapely
from affine import Affine
from scipy import ndimage
from shapely.geometry import mapping, shape
from skimage.measure import find_contours

from imagery_diff.aoi import WGS84, reproject
from imagery_diff.grid import Grid
from imagery_diff.method.regions import Patch, outline_at
from imagery_diff.write.geojson import DECIMALS, wgs84_geometry

SIDE = 48
GRIDS = {
    "UTM": Grid(crs="EPSG:32652", transform=Affine(3, 0, 605_000, 0, -3, 4_677_000), shape=(SIDE, SIDE)),
    "half a metre": Grid(crs="EPSG:32652", transform=Affine(0.5, 0, 605_000, 0, -0.5, 4_677_000), shape=(SIDE, SIDE)),
    "degrees": Grid(crs=WGS84, transform=Affine(3e-5, 0, 130.28, 0, -3e-5, 42.23), shape=(SIDE, SIDE)),
    "antimeridian": Grid(crs="EPSG:32660", transform=Affine(10, 0, 833_700, 0, -10, 1_000), shape=(SIDE, SIDE)),
    "pole": Grid(crs="EPSG:3413", transform=Affine(30, 0, -700, 0, -30, 700), shape=(SIDE, SIDE)),
}


def masks(number: int, seed: int) -> list[tuple[str, np.ndarray[Any, Any], str]]:
    """Return masks with the name of their kind and of their grid."""
    rng = np.random.default_rng(seed)
    kinds = list(_KINDS)
    made = []
    while len(made) < number:
        kind, grid = kinds[len(made) % len(kinds)], list(GRIDS)[(len(made) // len(kinds)) % len(GRIDS)]
        mask = _KINDS[kind](rng)
        if mask.any():
            made.append((kind, mask, grid))
    return made


def _smooth(rng: np.random.Generator) -> np.ndarray[Any, Any]:
    return ndimage.gaussian_filter(rng.normal(size=(SIDE, SIDE)), rng.uniform(0.6, 4))


def _blobs(rng: np.random.Generator) -> np.ndarray[Any, Any]:
    field = _smooth(rng)
    return field > np.quantile(field, rng.uniform(0.5, 0.97))


def _specks(rng: np.random.Generator) -> np.ndarray[Any, Any]:
    return rng.random((SIDE, SIDE)) < rng.uniform(0.02, 0.7)


def _rings(rng: np.random.Generator) -> np.ndarray[Any, Any]:
    y, x = np.indices((SIDE, SIDE)) - rng.uniform(15, 33, (2, 1, 1))
    distance = np.hypot(y, x) + 2 * _smooth(rng)
    return (distance % rng.uniform(5, 12)) < rng.uniform(1, 5)


def _lines(rng: np.random.Generator) -> np.ndarray[Any, Any]:
    mask = np.zeros((SIDE, SIDE), bool)
    for _ in range(int(rng.integers(1, 6))):
        ends = rng.integers(0, SIDE, (2, 2))
        steps = np.linspace(ends[0], ends[1], 2 * SIDE).round().astype(int)
        mask[steps[:, 0], steps[:, 1]] = True
    return mask


def _corners(rng: np.random.Generator) -> np.ndarray[Any, Any]:
    mask = np.zeros((SIDE, SIDE), bool)
    start = rng.integers(2, 10, 2)
    for step in range(int(rng.integers(3, 30))):
        mask[start[0] + step, start[1] + step] = True
    return mask | np.roll(mask[:, ::-1], int(rng.integers(0, 9)), axis=1)


def _chequers(rng: np.random.Generator) -> np.ndarray[Any, Any]:
    y, x = np.indices((SIDE, SIDE)) // int(rng.integers(1, 4))
    return ((x + y) % 2 == 0) & _blobs(rng)


def _edges(rng: np.random.Generator) -> np.ndarray[Any, Any]:
    mask = _blobs(rng)
    mask[:, 0] = rng.random(SIDE) < 0.7
    mask[-1] = rng.random(SIDE) < 0.7
    return mask


_KINDS = {
    "blobs": _blobs,
    "specks": _specks,
    "rings": _rings,
    "lines": _lines,
    "corners": _corners,
    "chequers": _chequers,
    "edges": _edges,
}


def ours(mask: np.ndarray[Any, Any], grid: Grid) -> list[dict[str, Any]]:
    """Return the geometry of a region, as it stands in regions.geojson."""
    patch = Patch(window=(slice(0, SIDE), slice(0, SIDE)), mask=mask, strength=1.0)
    drawn = outline_at(patch, mask.astype(np.float32), 0.5, grid)
    geometry = None if drawn is None else wgs84_geometry(drawn.outline, grid.crs or "")
    return [] if geometry is None else [mapping(geometry)]


def by_shapes(mask: np.ndarray[Any, Any], grid: Grid) -> list[dict[str, Any]]:
    """Return polygons as rasterio traces them, brought to WGS84 and rounded."""
    found = rasterio.features.shapes(mask.astype(np.uint8), mask=mask, transform=grid.transform, connectivity=8)
    return [_rounded(shape(geometry), grid) for geometry, _ in found]


def by_contours(mask: np.ndarray[Any, Any], grid: Grid) -> list[dict[str, Any]]:
    """Return every contour as a polygon of its own, brought to WGS84 and rounded."""
    rings = [ring for ring in find_contours(np.pad(mask, 1).astype(float), 0.5) if len(ring) > 3]
    t = grid.transform
    placed = [np.stack([t.a * (r[:, 1] - 0.5) + t.c, t.e * (r[:, 0] - 0.5) + t.f], axis=1) for r in rings]
    return [_rounded(shapely.Polygon(ring), grid) for ring in placed]


def _rounded(polygon: shapely.Polygon, grid: Grid) -> dict[str, Any]:
    moved = reproject(polygon, grid.crs or "", WGS84)
    rounded: dict[str, Any] = mapping(shapely.transform(moved, lambda xy: np.round(xy, DECIMALS)))
    return rounded


def faults(geometry: dict[str, Any]) -> list[str]:
    """Say what is wrong with a geometry of a file: RFC 7946, sections 3.1.6 and 3.1.9."""
    read = shape(geometry)
    said = [] if read.is_valid else ["invalid"]
    for part in shapely.get_parts(read):
        said += [] if part.exterior.is_ccw else ["outer ring clockwise"]
        said += ["inner ring anticlockwise" for ring in part.interiors if ring.is_ccw]
        said += ["an edge across the antimeridian"] if any(map(_jumps, (part.exterior, *part.interiors))) else []
    return list(dict.fromkeys(said))


def _jumps(ring: shapely.LinearRing) -> bool:
    """Say whether an edge leads over more than half a turn; at a pole itself it may."""
    xy = np.asarray(ring.coords)
    far = np.abs(np.diff(xy[:, 0])) > 180
    polar = np.abs(xy[:-1, 1]) == 90
    return bool((far & ~polar).any())


def by_validator(geometries: list[dict[str, Any]]) -> Counter[str]:
    """Count what geojson-validator finds, features by criterion."""
    from geojson_validator import validate_geometries  # noqa: PLC0415 - installed where it is asked for
    from loguru import logger  # noqa: PLC0415 - its own, by which it tells of every vertex

    logger.remove()
    features = [{"type": "Feature", "properties": {}, "geometry": geometry} for geometry in geometries]
    found = validate_geometries({"type": "FeatureCollection", "features": features})
    worse = {"self_intersection", "inner_and_exterior_ring_intersect", "crosses_antimeridian", "duplicate_nodes"}
    told = {**found["invalid"], **{k: v for k, v in found["problematic"].items() if k in worse}}
    return Counter({criterion: len(where) for criterion, where in told.items()})


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--masks", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--independent", action="store_true")
    words = parser.parse_args()
    made = masks(words.masks, words.seed)
    print(f"{len(made)} masks, seed {words.seed}\n\n| way | geometries | invalid | other faults | geojson-validator |")
    print("| --- | --- | --- | --- | --- |")
    bad = 0
    ways = {"ours": ours, "rasterio.features.shapes": by_shapes, "scikit-image contours": by_contours}
    for name, way in ways.items():
        written = json.loads(json.dumps([g for _, mask, grid in made for g in way(mask, GRIDS[grid])]))
        found = Counter(fault for geometry in written for fault in faults(geometry))
        invalid = found.pop("invalid", 0)
        others = ", ".join(f"{fault} {n}" for fault, n in sorted(found.items())) or "none"
        checked = "not asked"
        if words.independent:
            checked = ", ".join(f"{c} {n}" for c, n in sorted(by_validator(written).items())) or "none"
        print(f"| {name} | {len(written)} | {invalid} | {others} | {checked} |", flush=True)
        bad += (invalid + found.total()) if name == "ours" else 0
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
