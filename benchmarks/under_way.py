"""How many things are told under way that lie still: rendered vessels, and things on real PlanetScope pictures.

    python benchmarks/under_way.py --scenes DIR [--each 4]

DIR holds rendered scenes as `benchmarks/accuracy.py rendered --only-make` leaves them, whose bands are taken at once;
the pictures ($IMAGERY_DIFF_DATA/unlabelled or ../shared/data/unlabelled) show none whose bands lie apart. What is told
here is told wrongly. That vessels which move are told is tested on built ones (`tests/method/test_under_way.py`): no
real one is at hand.
"""

from __future__ import annotations

import argparse
import os
import warnings
from pathlib import Path

import numpy as np
from PIL import Image
from scenes import Scene

from imagery_diff import compare
from imagery_diff.method.standing import find_standing, find_water
from imagery_diff.method.under_way import course_of, standing_shifts

TOP = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("IMAGERY_DIFF_DATA", TOP.parent / "shared" / "data"))
CASES = ("clear", "haze", "sun", "tilt", "glint", "season", "cloud")
COLOURS = ("red", "green", "blue")
PIXEL_M, LEAST_PX, LEAST_M = 3.0, 18, 30.0


def main() -> None:
    """Print both counts."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--each", type=int, default=4)
    options = parser.parse_args()
    vessels, told = rendered(options.scenes, options.each)
    print(f"rendered vessels told under way: {told} of {vessels}")
    for path in sorted((DATA / "unlabelled" / "planetscope_visual").glob("*.[jp][pn]g")):
        things, told = pictured(path)
        if things:
            print(f"things of {LEAST_M:.0f} m and more on water told under way, {path.name}: {told} of {things}")


def rendered(scenes: Path, each: int) -> tuple[int, int]:
    """Count the vessels of comparisons, and those under way."""
    vessels = []
    for case in CASES:
        for folder in sorted(scenes.glob(f"{case}_*_events"))[:each]:
            scene = Scene.load(folder)
            found = compare(folder / scene.aoi, folder / scene.before, folder / scene.after).regions
            vessels += [region for region in found if region.activity == "vessel"]
    return len(vessels), sum(v.under_way for v in vessels)


def pictured(path: Path) -> tuple[int, int]:
    """Count what stands on the water of a picture, and what of it is under way."""
    image = np.moveaxis(np.asarray(Image.open(path).convert("RGB")), -1, 0).astype(np.float32)
    water = find_water(image, np.ones(image.shape[1:], bool), COLOURS, PIXEL_M, None)
    if water is None:
        return 0, 0
    standing = standing_shifts(image, ~water.domain)
    things, told = 0, 0
    for patch in find_standing(image, water, PIXEL_M, least_px=LEAST_PX).patches:
        if max(np.ptp(where) for where in np.nonzero(patch.mask)) * PIXEL_M < LEAST_M:
            continue
        things += 1
        told += course_of(image, patch.mask, patch.window, standing, COLOURS) is not None
    return things, told


if __name__ == "__main__":
    main()
