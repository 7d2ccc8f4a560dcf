"""What of things that a mask calls cloud is told to be looked at, and what of real cloud is told so by mistake.

    python benchmarks/masked_things.py --scenes DIR [--each 10]

DIR holds rendered scenes as `benchmarks/accuracy.py rendered --only-make` leaves them. In scenes without cloud the
mask of the date that shows a thing is made to call it cloud, 6 m around it; in scenes with cloud the masks stay as
delivered.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
from rasterio.features import rasterize
from shapely import from_wkt

from imagery_diff import compare, open_scene
from imagery_diff.read.masks import MaskedSource
from imagery_diff.scene import Flag

CLEAR, CLOUDY = ("clear",), ("cloud", "mixed", "haze")


class Painted:
    """A mask that calls some outlines cloud."""

    tells = "cloud, painted"

    def __init__(self, cloud: np.ndarray) -> None:
        self.cloud = cloud

    def flags(self, row: int, col: int, size: tuple[int, int]) -> np.ndarray:
        """Bits of Flag for a rectangle of the image."""
        window = self.cloud[row : row + size[0], col : col + size[1]]
        return np.where(window, np.uint8(Flag.CLOUD.value), np.uint8(0))


def main() -> None:
    """Print both counts."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--each", type=int, default=10)
    options = parser.parse_args()
    asked, told = Counter(), Counter()
    for folder in chosen(options.scenes, CLEAR, "events", options.each):
        for kind, hit in hidden_events(folder):
            asked[kind] += 1
            told[kind] += hit
    print("things under a mask that calls them cloud, told to be looked at")
    for kind in sorted(asked):
        print(f"  {kind:12} {told[kind]:3} of {asked[kind]}")
    print("told on scenes whose masks are of real (rendered) cloud")
    for case in CLOUDY:
        folders = chosen(options.scenes, (case,), "null", options.each)
        count = sum(len(compare(str(f / "aoi.geojson"), f / "before", f / "after").look_at) for f in folders)
        print(f"  {case:12} {count:3} on {len(folders)} scenes")


def chosen(scenes: Path, cases: tuple[str, ...], end: str, each: int) -> list[Path]:
    """Return the first scenes of some cases."""
    return [f for case in cases for f in sorted(scenes.glob(f"{case}_*_{end}"))[:each]]


def hidden_events(folder: Path) -> list[tuple[str, bool]]:
    """Hide each event of a scene under its date's mask, compare, and say of each whether it is to be looked at."""
    scene = json.loads((folder / "scene.json").read_text(encoding="utf-8"))
    infos = [open_scene(folder / scene[side]) for side in ("before", "after")]
    truths = [(e["kind"], e["direction"], from_wkt(e["outline"])) for e in scene["events"]]
    for k, direction in enumerate(("disappeared", "appeared")):
        outlines = [outline.buffer(6) for _, way, outline in truths if way == direction]
        if outlines:
            grid = infos[k].grid
            cloud = rasterize(outlines, out_shape=grid.shape, transform=grid.transform).astype(bool)
            infos[k] = replace(infos[k], source=MaskedSource(infos[k].source, Painted(cloud)))
    result = compare(str(folder / "aoi.geojson"), *infos)
    return [
        (kind, any(look.geometry.intersects(outline) for look in result.look_at))
        for kind, way, outline in truths
        if way in {"appeared", "disappeared"}
    ]


if __name__ == "__main__":
    main()
