"""Radar: false regions on unchanged simulated pairs, what change of known decibels is found, and what real pairs say.

    python benchmarks/speckle.py [--scenes N] [--only nulls|power|real] [--json FILE]

Simulated pairs are 300 x 300 pixels: two textured covers, water, bright scatterers, speckle of 1 to 5 looks with and
without correlation, in five scalings. Real pairs are looked for at $IMAGERY_DIFF_DATA or ../shared/data: the largest
rectangles of the radar pairs without labelled change are nulls as well, and no band of an optical pair may be taken
for radar.
"""

import argparse
import json
import os
import warnings
from itertools import product
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning
from rasterio.features import geometry_mask

from imagery_diff import compare
from imagery_diff.grid import Grid
from imagery_diff.method import speckle
from imagery_diff.scene import Band, Scene, SceneInfo
from imagery_diff.synthetic import radar

TOP = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("IMAGERY_DIFF_DATA", TOP.parent / "shared" / "data")) / "pairs"
SHAPE = (300, 300)
LOOKS, SPREADS = (1, 3, 5), (0.0, 0.8)
BOXES = {"40 x 40": (40, 40), "20 x 20": (20, 20), "10 x 10": (10, 10), "20 x 3": (20, 3), "4 x 4": (4, 4)}
DECIBELS = (-10.0, -6.0, -3.0, 3.0, 6.0, 10.0)


class Held:
    """Pixels in memory."""

    def __init__(self, data: np.ndarray) -> None:
        self.data = np.atleast_3d(data.T).T.astype(np.float32)

    def read(self, row: int, col: int, shape: tuple[int, int], bands: tuple[int, ...]) -> Scene:
        """Cut out a rectangle."""
        data = self.data[list(bands), row : row + shape[0], col : col + shape[1]]
        return Scene(data=data, flags=np.zeros(shape, np.uint8), grid=flat_grid(shape))


def flat_grid(shape: tuple[int, int]) -> Grid:
    """Return a grid of pixels without a coordinate system."""
    return Grid(crs=None, transform=rasterio.Affine(1, 0, 0, 0, 1, 0), shape=shape)


def info(data: np.ndarray, names: tuple[str, ...] = ("band1",)) -> SceneInfo:
    """Hold an array as a scene."""
    source = Held(data)
    bands = tuple(Band(name=n) for n in names)
    return SceneInfo(name="simulated", grid=flat_grid(source.data.shape[1:]), bands=bands, source=source)


def nulls(scenes: int) -> list[dict]:
    """Compare unchanged pairs; a row for each scaling, looks and correlation."""
    rows = []
    for scaling, looks, spread in product(radar.SCALINGS, LOOKS, SPREADS):
        kind = radar.Speckled(looks=looks, point_spread_px=spread, scaling=scaling)
        counts, taken = [], 0
        for seed in range(scenes):
            rng = np.random.default_rng([seed, looks, int(10 * spread)])
            place = radar.backscatter(rng, SHAPE)
            # A named band: the question is what radar images raise, not whether they are recognised.
            pair = [info(x, ("vv",)) for x in radar.speckled_pair(rng, place, place, kind)]
            counts.append(len(compare(None, *pair, detect="map").regions))
            bare = [p.source.data for p in pair]
            taken += speckle.recognise(*bare, np.ones(SHAPE, bool), ("band1",)) is not None
        rows.append(
            {
                "scaling": scaling,
                "looks": looks,
                "point_spread_px": spread,
                "scenes": scenes,
                "scenes_with_regions": int(np.count_nonzero(counts)),
                "regions": int(sum(counts)),
                "recognised_unnamed": taken,
            }
        )
    return rows


def power(scenes: int) -> list[dict]:
    """Insert boxes of known change on the brighter cover; share found, and false regions beside them."""
    rows = []
    for looks, decibel in product((1, 4), DECIBELS):
        found, other = dict.fromkeys(BOXES, 0), 0
        for seed in range(scenes):
            rng = np.random.default_rng([seed, looks, int(100 + decibel)])
            place = np.exp(0.25 * radar._field(rng, SHAPE, 3))  # noqa: SLF001
            after, spots = place.copy(), {}
            for i, (name, (height, width)) in enumerate(BOXES.items()):
                row, col = 30 + 50 * i, int(rng.integers(30, 230))
                spots[name] = (slice(row, row + height), slice(col, col + width))
                after[spots[name]] *= 10 ** (decibel / 10)
            kind = radar.Speckled(looks=looks, scaling="amplitude")
            result = compare(None, *[info(x, ("vv",)) for x in radar.speckled_pair(rng, place, after, kind)])
            hit = dict.fromkeys(BOXES, False)
            for region in result.regions:
                left, top, right, bottom = region.geometry.bounds
                inside = [
                    n
                    for n, (r, c) in spots.items()
                    if left < c.stop and right > c.start and top < r.stop and bottom > r.start
                ]
                hit.update(dict.fromkeys(inside, True))
                other += not inside
            for name in BOXES:
                found[name] += hit[name]
        rows.append(
            {"looks": looks, "decibel": decibel, "found": {n: c / scenes for n, c in found.items()}, "other": other}
        )
    return rows


def read(path: Path) -> np.ndarray:
    """Read all bands of a file."""
    with rasterio.open(path) as dataset:
        return dataset.read().astype(np.float32)


def unlabelled(label: np.ndarray, step: int = 10) -> tuple[slice, slice]:
    """Return the largest rectangle of a label, corners on every tenth pixel, that holds no change."""
    counts = np.pad(np.cumsum(np.cumsum(label == 1, axis=0), axis=1), ((1, 0), (1, 0)))[::step, ::step]
    best, found = 0, (slice(0, 0), slice(0, 0))
    rows, cols = counts.shape
    for top, left in product(range(rows), range(cols)):
        inside = counts[top:, left:] - counts[top : top + 1, left:] - counts[top:, left : left + 1] + counts[top, left]
        area = np.outer(np.arange(rows - top), np.arange(cols - left)) * (inside == 0)
        if area.max() > best:
            best = area.max()
            high, wide = np.unravel_index(area.argmax(), area.shape)
            found = (
                slice(top * step, int(top + high) * step),
                slice(left * step, int(left + wide) * step),
            )
    return found


def real() -> dict:
    """Rectangles of the real radar pairs without labelled change, and which bands of optical pairs look like radar."""
    calm, optical, taken = [], 0, []
    for folder in sorted(p for p in DATA.iterdir() if p.is_dir()):
        before, after, label = (read(folder / f"{n}.tif") for n in ("before", "after", "label"))
        if folder.name.startswith("sar_"):
            cut = np.s_[:, *unlabelled(label[0])]
            count = len(compare(None, info(before[cut]), info(after[cut]), detect="map").regions)
            whole = compare(None, info(before), info(after), detect="map").regions
            masks = [
                geometry_mask([r.geometry], label.shape[1:], rasterio.Affine.identity(), invert=True) for r in whole
            ]
            stray = sum(not np.any(m & (label[0] == 1)) for m in masks)
            shape = before[cut].shape[1:]
            calm.append({"pair": folder.name, "calm": shape, "regions": count, "whole": len(whole), "stray": stray})
            continue
        if before.shape[1:] != after.shape[1:]:
            continue
        for i in range(min(len(before), len(after))):
            optical += 1
            seen = np.isfinite(before[i]) & np.isfinite(after[i])
            if speckle.recognise(before[i : i + 1], after[i : i + 1], seen, ("band1",)):
                taken.append(f"{folder.name} band {i}")
    return {"calm": calm, "optical_bands": optical, "optical_taken_for_radar": taken}


def show(rows: list[dict]) -> None:
    """Print rows as a table."""
    for row in rows:
        print("  ".join(f"{k} {v}" for k, v in row.items()))


def main() -> None:
    """Run all and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=10, help="scenes of each kind (default 10)")
    parser.add_argument("--only", choices=("nulls", "power", "real"), help="run one part")
    parser.add_argument("--json", type=Path, help="write the numbers here")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore", NotGeoreferencedWarning)
    parts = (chosen.only,) if chosen.only else ("nulls", "power", "real")
    found: dict = {"schema_version": 1}
    if "nulls" in parts:
        found["nulls"] = rows = nulls(chosen.scenes)
        show(rows)
        regions, scenes = (sum(r[k] for r in rows) for k in ("regions", "scenes"))
        print(f"unchanged: {regions} regions on {sum(r['scenes_with_regions'] for r in rows)} of {scenes} scenes")
    if "power" in parts:
        found["power"] = power(chosen.scenes)
        show(found["power"])
    if "real" in parts and DATA.is_dir():
        found["real"] = real()
        show(found["real"]["calm"])
        print(
            f"{found['real']['optical_bands']} optical bands, taken for radar:",
            found["real"]["optical_taken_for_radar"],
        )
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
