"""The 29 ships listed for the Sentinel-2 pair of Hong Kong: found, called what, and how long, beside their labels.

    python benchmarks/hong_kong.py [--detect map|alarm]

The pair is looked for at $IMAGERY_DIFF_DATA or ../shared/data; where it is absent the command says so and ends. The
list is derived from the OSCD label, whose pixels of 10 m are drawn by hand around what changed: its sides are good to a
pixel or two, and of a ship with a barge alongside, or that turned at its anchor, they are those of both.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rasterio
from accuracy_tables import grid as columns
from pyproj import Transformer
from rasterio.features import shapes
from shapely import get_coordinates, transform
from shapely.geometry import Point, shape

from imagery_diff import compare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapely.geometry.base import BaseGeometry

    from imagery_diff.result import Region

TOP = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("IMAGERY_DIFF_DATA", TOP.parent / "shared" / "data")) / "pairs" / "oscd_hongkong"
WAYS = {"appeared": {"appeared"}, "disappeared": {"disappeared"}}
"""What is right to say; of what was replaced or moved anything is."""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A ship of the list."""

    kind: str
    area_px: int
    outline: BaseGeometry
    """Its label, in the CRS of the comparison."""

    @property
    def sides_m(self) -> tuple[float, float]:
        """Length and width of the rectangle round its label."""
        corners = get_coordinates(self.outline.minimum_rotated_rectangle)
        sides = sorted(Point(corners[k]).distance(Point(corners[k + 1])) for k in (0, 1))
        return sides[1], sides[0]


def main(words: Sequence[str] | None = None) -> None:
    """Compare the pair and hold the regions against the list."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--detect", choices=("map", "alarm"), default="map", help="as imagery_diff.compare")
    options = parser.parse_args(words)
    if not (DATA / "before.tif").is_file():
        sys.exit("skipped: no pair oscd_hongkong; set IMAGERY_DIFF_DATA to the shared data folder")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = compare(None, DATA / "before.tif", DATA / "after.tif", detect=options.detect)
    listed = read_listed(DATA, str(result.grid.crs))
    print(report([(one, overlapping(one, result.regions)) for one in listed]))


def read_listed(folder: Path, crs: str) -> list[Listed]:
    """Read the list with the label's outline of each ship."""
    with rasterio.open(folder / "label.tif") as file:
        label, to_crs = file.read(1), Transformer.from_crs(file.crs, crs, always_xy=True)
        drawn = [shape(s) for s, _ in shapes(label, mask=label > 0, connectivity=8, transform=file.transform)]
        places = json.loads((folder / "ships_derived.json").read_text(encoding="utf-8"))["objects"]
        points = [Point(file.transform @ (p["col"] + 0.5, p["row"] + 0.5)) for p in places]
    found = []
    for place, point in zip(places, points, strict=True):
        outline = min(drawn, key=point.distance)
        found.append(
            Listed(
                kind=place["type"],
                area_px=place["area_px"],
                outline=transform(outline, to_crs.transform, interleaved=False),
            )
        )
    return found


def overlapping(ship: Listed, regions: Sequence[Region]) -> Region | None:
    """Return the region that shares most with a ship's label; None if none shares a fifth of the smaller of both."""
    shares = [
        (r.geometry.intersection(ship.outline).area / min(r.geometry.area, ship.outline.area), r) for r in regions
    ]
    share, best = max(shares, key=lambda s: s[0], default=(0.0, None))
    return best if share >= 0.2 else None


def report(held: list[tuple[Listed, Region | None]]) -> str:
    """Return the table of ships and what it sums up to."""
    rows, found = [], [(s, r) for s, r in held if r is not None]
    for ship, region in held:
        length, width = ship.sides_m
        said: tuple[Any, ...] = ("not found", "", "", "")
        if region is not None:
            said = (
                region.direction,
                region.activity,
                f"{region.length_m:.0f} x {region.width_m:.0f}",
                f"{region.length_m - length:+.0f}",
            )
        rows.append((ship.kind, str(ship.area_px), f"{length:.0f} x {width:.0f}", *said))
    right = sum(r.direction in WAYS.get(s.kind, {r.direction}) for s, r in found)
    vessels = [(s, r) for s, r in found if r.activity == "vessel"]
    apart = len({r.id for _, r in found})
    off = [r.length_m - s.sides_m[0] for s, r in vessels]
    summed = [
        f"found {len(found)} of {len(held)} ({apart} regions), right direction {right}, called vessels {len(vessels)}",
        "found by size of the label: "
        + ", ".join(
            f"{name} {sum(r is not None for s, r in held if low <= s.area_px < high)} of "
            f"{sum(low <= s.area_px < high for s, _ in held)}"
            for name, low, high in (("under 20 px", 0, 20), ("20 to 29 px", 20, 30), ("30 px and more", 30, 1000))
        ),
    ]
    if off:
        size = statistics.median(abs(o) for o in off)
        summed.append(
            f"length of vessels less that of the label: median {statistics.median(off):+.0f} m, size {size:.0f} m"
        )
    header = ("listed as", "px", "label, m", "direction", "called", "measured, m", "off, m")
    return columns(header, rows) + "\n\n" + "\n".join(summed)


if __name__ == "__main__":
    main()
