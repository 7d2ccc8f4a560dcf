"""Rendered scenes as other sensors would give them: colour only, one band, an 8-bit JPEG, and 3 m against 10 m.

    python benchmarks/sensors.py --scenes DIR [--cases clear,haze] [--scenes-per-case 2] [--cache DIR] [--json FILE]

``--scenes`` is a folder that `accuracy.py rendered --cache` filled. Every variant is written anew from the same pixels
(band descriptions and the tag of rendered files stay; time, sun, view and mask go, as a bare file has none), beside
``bare``, all bands so written; ``no mask`` is the delivery with its metadata and without its mask. The mixed pair is
drawn: before by PlanetScope at 3 m, after by a camera of 10 m.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import warnings
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from ablation import chosen
from accuracy import first_seed
from accuracy_tables import events_of, false_of, grid, recall, share
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile
from rendered import RECIPE, Plan, keep_scene, plan
from scales import FIRST_SEED, SENSORS, seen_by
from scene_scores import Compare, progress, score_scene
from scenes import Scene

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Row = dict[str, Any]
    Image = NDArray[np.uint16]

COLOURS = (2, 1, 0)
"""Red, green, blue of a file in spectral order."""
STRETCH = 2500.0
"""Delivered number (reflectance .25) that becomes 255 in a quick-look: fixed, as providers stretch."""
QUALITY = 85


def as_delivered(image: Image) -> NDArray[Any]:
    """Keep all bands."""
    return image


def colour_only(image: Image) -> NDArray[Any]:
    """Keep red, green and blue."""
    return image[list(COLOURS)]


def one_band(image: Image) -> NDArray[Any]:
    """Average the bands, as a panchromatic detector does."""
    return np.rint(image.mean(axis=0, keepdims=True)).astype(np.uint16)


def quick_look(image: Image) -> NDArray[Any]:
    """Stretch red, green and blue to 8 bits and send them through JPEG; 0 stays for no data."""
    stretched = np.clip(image[list(COLOURS)] / STRETCH * 255.0, 1.0, 255.0).astype(np.uint8)
    size = {"width": image.shape[2], "height": image.shape[1], "count": 3, "dtype": "uint8"}
    with warnings.catch_warnings(), MemoryFile() as memory:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with memory.open(driver="JPEG", quality=QUALITY, **size) as file:
            file.write(stretched)
        with memory.open() as file:
            return np.where(image[:1] == 0, 0, np.maximum(file.read(), 1)).astype(np.uint8)


VARIANTS: dict[str, tuple[Callable[[Image], NDArray[Any]], tuple[str, ...]]] = {
    "bare": (as_delivered, ("blue", "green", "red", "nir")),
    "rgb": (colour_only, ("red", "green", "blue")),
    "pan": (one_band, ("pan",)),
    "jpeg": (quick_look, ("red", "green", "blue")),
}
"""Name -> what becomes of the pixels, and the bands' names."""
UNMASKED = "no mask"
"""The file as delivered with its metadata, and without its mask."""
MIXED = "3 m and 10 m"


def main(words: Sequence[str] | None = None) -> None:
    """Write the variants, compare each, and print what was found."""
    options = _options(words)
    cache = options.cache or Path(tempfile.mkdtemp(prefix="sensors_"))
    folders = chosen([options.scenes], options.cases, options.scenes_per_case)
    if not folders:
        raise SystemExit(f"--scenes {options.scenes}: no scene below it of the cases asked for")
    rows = [{"variant": "as drawn", **score_scene(f, Compare(detect="alarm"))} for f in folders]
    for name in options.variants:
        for number, folder in enumerate(folders, start=1):
            rows.append({"variant": name, **score_scene(vary(folder, name, cache), Compare(detect="alarm"))})
            progress(number, len(folders), f"{name} {folder.name}")
    for number in range(2 * options.mixed):
        place = mixed(cache, first_seed("design") + FIRST_SEED + number // 2, null=bool(number % 2))
        rows.append({"variant": MIXED, **score_scene(place, Compare(detect="alarm"))})
    print(table(rows))
    if options.json:
        options.json.write_text(json.dumps({"schema_version": 1, "scenes": rows}, indent=1) + "\n", encoding="utf-8")


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--scenes", type=Path, required=True)
    add("--cases", default=["clear", "haze"], type=lambda text: text.split(","))
    add("--scenes-per-case", type=int, default=2, help="with events, and as many without")
    add("--variants", default=[*VARIANTS, UNMASKED], type=lambda text: text.split(","), help="names, commas between")
    add("--mixed", type=int, default=2, help="pairs of 3 m and 10 m, with events and without each")
    add("--cache", type=Path, help="where variants are kept")
    add("--json", type=Path, help="write every scene's result")
    return parser.parse_args(words)


def vary(folder: Path, name: str, cache: Path) -> Path:
    """Write a variant of a scene beside nothing but its zones, and return where."""
    scene = Scene.load(folder)
    place = cache / name / scene.name
    place.mkdir(parents=True, exist_ok=True)
    if name == UNMASKED:
        shutil.copytree(folder, place, ignore=lambda _, names: [n for n in names if "udm" in n], dirs_exist_ok=True)
        return place
    change, bands = VARIANTS[name]
    for date in ("before", "after"):
        _rewrite(folder / getattr(scene, date), place / f"{date}.tif", change, bands)
    if scene.aoi:
        (place / "aoi.geojson").write_text((folder / scene.aoi).read_text(encoding="utf-8"), encoding="utf-8")
    replace(scene, before="before.tif", after="after.tif").save(place)
    return place


def _rewrite(source: Path, target: Path, change: Callable[[Image], NDArray[Any]], bands: tuple[str, ...]) -> None:
    with rasterio.open(source) as file:
        data, tags, crs, transform = change(file.read()), file.tags(), file.crs, file.transform
    size = {"count": len(data), "height": data.shape[1], "width": data.shape[2], "dtype": data.dtype.name}
    with rasterio.open(target, "w", driver="GTiff", crs=crs, transform=transform, nodata=0, **size) as file:
        file.write(data)
        file.update_tags(**{k: v for k, v in tags.items() if k != "AREA_OR_POINT"})
        for number, band in enumerate(bands, start=1):
            file.set_band_description(number, band)


def mixed(cache: Path, seed: int, *, null: bool) -> Path:
    """Draw a pair whose dates were seen by different cameras."""
    place = cache / f"recipe{RECIPE}" / f"mixed_{seed}_{'null' if null else 'events'}"
    keep_scene(place, partial(_mixed_plan, seed, null=null), (MIXED, seed, null))
    return place


def _mixed_plan(seed: int, *, null: bool) -> Plan:
    return seen_by(plan("clear", seed, null=null), (SENSORS[3.0], SENSORS[10.0]))


def table(rows: Sequence[Row]) -> str:
    """Return recall, false regions and directions, a row for each variant."""
    lines = []
    for name in dict.fromkeys(r["variant"] for r in rows):
        mine = [r for r in rows if r["variant"] == name]
        asked = [e for e in events_of(r for r in mine if not r["null"]) if e["asked"]]
        if name == MIXED:  # a train is no more than .3 px wide there
            asked = [e for e in asked if e["kind"] != "rail_cars"]
        ways = [e["direction_ok"] for e in asked if e["direction_ok"] is not None]
        false = [f"{false_of(some)} in {len(some)}" for some in _halves(mine)]
        raised = "; ".join(dict.fromkeys(r["error"] for r in mine if r["error"])) or "none"
        lines.append((name, recall(asked), *false, share(sum(ways), len(ways)), raised))
    return grid(("variant", "asked events found", "false, events", "false, nulls", "direction", "raised"), lines)


def _halves(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    return [r for r in rows if not r["null"]], [r for r in rows if r["null"]]


if __name__ == "__main__":
    main()
