"""Every real file that is at hand, as it is recognised; and every real UDM2 mask, counted twice.

    python benchmarks/products.py

First what `inspect` says of each real image: product, level, bands, time, sun, mask, credit, or why it is refused. Then
the shares of each class in six real UDM2 rasters over the pixels that are not filled, by this program and by counting
the provider's bands without it, beside what the scene's metadata say (of the whole scene: the rasters are clips).
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path

import numpy as np
import rasterio

from imagery_diff.inspection import inspect
from imagery_diff.read.assets import Asset
from imagery_diff.read.products.planet.udm import SURE_PERCENT, Udm2
from imagery_diff.scene import Flag

TOP = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("IMAGERY_DIFF_DATA", TOP.parent / "shared" / "data"))
MASKS = "masks/udm2_planetscope_sumatra"
CLASSES = ("clear", "snow", "shadow", "haze", "cloud")
KEYS = {
    "clear": ("clear_percent",),
    "snow": ("snow_ice_percent",),
    "shadow": ("shadow_percent",),
    "haze": ("light_haze_percent", "heavy_haze_percent"),
    "cloud": ("cloud_percent",),
}
"""Class -> the keys of the scene's metadata that tell it."""


def images() -> list[Path]:
    """Return one image of every kind, and those of which there are several of one kind once."""
    found = sorted((DATA / "pairs").glob("*/before.tif"))
    found += sorted((DATA / "unlabelled").glob("*/*.png"))[:1] + sorted((DATA / "unlabelled").glob("*/*.jpg"))[:1]
    found += sorted((DATA / "unlabelled").glob("*/image.tif")) + sorted((DATA / "coreg").glob("*/*.jp2"))[:1]
    found += sorted((DATA / "coreg").glob("*/ref_L9*.tif")) + sorted((DATA / "masks").glob("*/*image.tif"))
    return found + sorted((DATA / MASKS).glob("*udm2_clip.tif"))[:1]


def recognised() -> None:
    """Print what each image was recognised as."""
    print(f"{'file':44} {'product':15} {'level':16} {'bands':42} {'time':5} {'sun':4} {'mask':5} {'credit':6}")
    for path in images():
        (one,) = inspect([path])
        name = "/".join(path.relative_to(DATA).parts[-2:])[-44:]
        info = one.info
        if info is None:
            print(f"{name:44} refused: {one.refused}")
            continue
        bands = " ".join(b.name for b in info.bands)[:42]
        known = ["yes" if x else "no" for x in (info.acquired, info.sun, info.cloud_masked, info.credit)]
        print(
            f"{name:44} {info.product:15} {str(info.level)[:16]:16} {bands:42} {known[0]:5} {known[1]:4} {known[2]:5} "
            f"{known[3]:6}"
        )


def masks() -> int:
    """Print the shares of every class in every mask; return how many differ."""
    wrong = 0
    print(f"\n{'mask':46} {'class':7} {'ours':>8} {'counted':>8} {'scene':>6}")
    for path in sorted((DATA / MASKS).glob("*udm2_clip.tif")):
        with rasterio.open(path) as file:
            raw = file.read()
        flags = Udm2(Asset.of(path), raw.shape[1:], ("blue", "green", "red", "nir")).flags(0, 0, raw.shape[1:])
        filled = (raw[7] & 1) != 0
        counted = {
            "clear": (raw[0] == 1) & (raw[6] >= SURE_PERCENT),
            "snow": raw[1] == 1,
            "shadow": raw[2] == 1,
            "haze": (raw[3] == 1) | (raw[4] == 1) | ((raw[0] == 1) & (raw[6] < SURE_PERCENT)),
            "cloud": raw[5] == 1,
        }
        weather = np.uint8(Flag.CLOUD | Flag.SHADOW | Flag.HAZE | Flag.SNOW | Flag.NODATA)
        ours = {
            "clear": (flags & weather) == 0,
            "snow": (flags & np.uint8(Flag.SNOW)) != 0,
            "shadow": (flags & np.uint8(Flag.SHADOW)) != 0,
            "haze": (flags & np.uint8(Flag.HAZE)) != 0,
            "cloud": (flags & np.uint8(Flag.CLOUD)) != 0,
        }
        told = _told(path)
        for name in CLASSES:
            a, b = (float(np.mean(m[name][~filled])) for m in (ours, counted))
            wrong += a != b
            scene = sum(told[k] for k in KEYS[name]) if told else None
            print(f"{path.name:46} {name:7} {a:8.4%} {b:8.4%} {'-' if scene is None else f'{scene:.0f}%':>6}")
        print(f"{'':46} {'filled':7} {float(filled.mean()):8.4%}")
    print(f"{wrong} shares differ")
    return wrong


def _told(mask: Path) -> dict[str, float] | None:
    item = mask.with_name(mask.name.split("_3B_")[0] + "_metadata.json")
    return json.loads(item.read_text(encoding="utf-8"))["properties"] if item.exists() else None


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    if not DATA.is_dir():
        print("real files are absent: set IMAGERY_DIFF_DATA to the shared data folder")
        sys.exit(1)
    recognised()
    sys.exit(1 if masks() else 0)
