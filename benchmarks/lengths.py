"""Lengths and widths of the five marked vessels of the real PlanetScope pair: marked, measured, and the difference.

    python benchmarks/lengths.py

The images are looked for at $IMAGERY_DIFF_DATA or ../shared/data. The marks are good to about 6 m.
"""

import json
import os
from pathlib import Path

from shapely.geometry import shape

from imagery_diff import compare
from imagery_diff.aoi import reproject

TOP = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("IMAGERY_DIFF_DATA", TOP.parent / "shared" / "data")) / "pairs" / "planet_sfbay"


def main() -> None:
    """Print a line for each vessel, beside the region that covers most of it."""
    result = compare(str(DATA / "aoi.geojson"), DATA / "before.tif", DATA / "after.tif")
    for feature in json.loads((DATA / "events.geojson").read_text(encoding="utf-8"))["features"]:
        marked = feature["properties"]
        if not marked["must"]:
            continue
        outline = reproject(shape(feature["geometry"]), "EPSG:4326", result.grid.crs)
        found = max(result.regions, key=lambda r, o=outline: r.geometry.buffer(0).intersection(o).area)
        print(
            f"{marked['sign']:11} found as {found.direction:11} length {marked['length']} -> {found.length_m:.0f} "
            f"({found.length_m - marked['length']:+.0f}) m, width {marked['width']} -> {found.width_m:.0f} m"
        )


if __name__ == "__main__":
    main()
