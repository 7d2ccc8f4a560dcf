"""Look at what was missed, what was flagged in vain, or whole scenes: sheets of cuttings, before beside after.

    python benchmarks/accuracy_pictures.py RESULTS.json --scenes CACHE --out DIR --cases snow,sun --what missed

Yellow: an event, full on the date it is there, dotted on the other. Red: a false region; green: one that was credited;
blue: a duplicate.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import rasterio
from rasterio.windows import from_bounds
from scenes import Scene, find
from shapely import wkt

from imagery_diff.synthetic import CREDIT

mpl.use("Agg")
import matplotlib.pyplot as plt

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

ROWS, COLUMNS = 5, 3
HALF_PX, WHOLE_PX = 50, 140
"""Half the side of a cutting, and of a scene without its margins."""
COLOURS = {"false": "red", "matched": "lime", "duplicate": "deepskyblue"}


@dataclass(frozen=True, kw_only=True)
class Cutting:
    """A place to look at."""

    folder: Path
    result: dict[str, Any]
    at: tuple[float, float]
    title: str
    half_px: int = HALF_PX


def main() -> None:
    """Draw every sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cases")
    parser.add_argument("--what", choices=["missed", "false", "found", "scenes"], default="missed")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    folders = {f.name: f for f in find(options.scenes)}
    results = json.loads(options.results.read_text(encoding="utf-8"))["scenes"]
    wanted = options.cases.split(",") if options.cases else None
    chosen = [r for r in results if r["name"] in folders and (wanted is None or r["case"] in wanted)]
    cuttings = [c for r in chosen for c in cuttings_of(r, folders[r["name"]], options.what)]
    for number, start in enumerate(range(0, len(cuttings), ROWS * COLUMNS), start=1):
        path = options.out / f"{options.what}_{number:02d}.png"
        draw(cuttings[start : start + ROWS * COLUMNS], path)
        print(path)


def cuttings_of(result: dict[str, Any], folder: Path, what: str) -> list[Cutting]:
    """Return the places of one scene to look at."""
    if what == "scenes":
        return [Cutting(folder=folder, result=result, at=_middle(folder), title=result["name"], half_px=WHOLE_PX)]
    if what == "false":
        places = [
            (g["at"], f"{g.get('id', '')} {g.get('length_m', 0):.0f} m, strength {g.get('strength', 0):.0f}")
            for g in result["regions"]
            if g["status"] == "false"
        ]
    else:
        places = [
            (e["at"], f"{e['kind']} {e['length_m']:.0f} m {e['colour']} {e['contrast'] or 0:.2f}")
            for e in result["events"]
            if e["asked"] and not e["masked"] and (e["found"] is None) == (what == "missed")
        ]
    return [
        Cutting(folder=folder, result=result, at=(at[0], at[1]), title=f"{result['name']}\n{words}")
        for at, words in places
    ]


def _middle(folder: Path) -> tuple[float, float]:
    with rasterio.open(folder / Scene.load(folder).before) as image:
        left, bottom, right, top = image.bounds
    return ((left + right) / 2.0, (bottom + top) / 2.0)


def draw(cuttings: list[Cutting], path: Path) -> None:
    """Draw one sheet."""
    figure, axes = plt.subplots(ROWS, 2 * COLUMNS, figsize=(4 * COLUMNS, 2.2 * ROWS), squeeze=False)
    for axis in axes.ravel():
        axis.axis("off")
    for number, cutting in enumerate(cuttings):
        row, column = divmod(number, COLUMNS)
        scene = Scene.load(cutting.folder)
        for date in (0, 1):
            _panel(axes[row, 2 * column + date], cutting, scene, date)
        axes[row, 2 * column].set_title(cutting.title, fontsize=6, loc="left")
    credit = CREDIT if cuttings[0].result["suite"] == "rendered" else "ALTERED, NOT AS RECEIVED"
    figure.text(0.5, 0.005, credit, ha="center")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _panel(axis: Axes, cutting: Cutting, scene: Scene, date: int) -> None:
    half = cutting.half_px * scene.pixel_m
    x, y = cutting.at
    extent = (x - half, x + half, y - half, y + half)
    axis.imshow(_picture(cutting.folder, scene, date, (x - half, y - half, x + half, y + half)), extent=extent)
    for event in scene.events:
        there = (event.direction == "appeared") == (date == 1)
        for piece in getattr(event.outline, "geoms", [event.outline]):
            axis.plot(*piece.exterior.xy, "-" if there else ":", color="yellow", lw=0.7)
    for region in cutting.result["regions"]:
        outline = wkt.loads(region["outline"])
        for piece in getattr(outline, "geoms", [outline]):
            axis.plot(*piece.exterior.xy, color=COLOURS.get(region["status"], "white"), lw=0.5)
    axis.set_xlim(extent[0], extent[1])
    axis.set_ylim(extent[2], extent[3])


def _picture(
    folder: Path, scene: Scene, date: int, bounds: tuple[float, float, float, float]
) -> NDArray[np.floating[Any]]:
    """Return red, green and blue (the first band thrice where there are fewer), both dates stretched alike."""
    stacks = []
    for name in (scene.before, scene.after):
        with rasterio.open(folder / name) as image:
            bands = [3, 2, 1] if image.count >= 4 else [1, 2, 3] if image.count == 3 else [1, 1, 1]
            window = from_bounds(*bounds, transform=image.transform)
            stacks.append(image.read(bands, window=window, boundless=True, fill_value=0).astype(float))
    low, high = np.percentile(np.stack(stacks), [1.0, 99.0])
    picture: NDArray[np.floating[Any]] = np.clip((stacks[date] - low) / max(high - low, 1e-9), 0.0, 1.0)
    return picture.transpose(1, 2, 0) ** 0.7


if __name__ == "__main__":
    main()
