"""Write ``sample_tiles/README.md`` and ``index.json``: what was made, what is in it, and the hash of every file."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib.metadata import version
from typing import TYPE_CHECKING

from imagery_diff.synthetic.render import CREDIT, sun_over

if TYPE_CHECKING:
    from pathlib import Path

    from imagery_diff.synthetic.story import Pass

_LIBRARIES = ("numpy", "scipy", "shapely", "pyproj", "rasterio", "affine")

PAIRS: dict[str, tuple[str, str]] = {
    "stack_appears": ("najin_20231016", "najin_20231017"),
    "ship_arrives": ("najin_20231017", "najin_20231019"),
    "departure": ("najin_20231020_0201", "najin_20231020_0643"),
    "departure_skysat": ("najin_20231020_0201_skysat", "najin_20231020_0643_skysat"),
    "refill": ("najin_20231020_0643", "najin_20231021"),
    "quiet": ("najin_quiet_before", "najin_quiet_after"),
    "train_leaves": ("border_train_before", "border_train_after"),
}
"""Before and after of each documented pair."""

_TEXT = """\
**Every image in this folder is RENDERED, NOT A SATELLITE IMAGE: no satellite saw any of it.**

They show Najin port (and, once, the railway crossing at Tumangang) as PlanetScope and SkySat would deliver them, drawn
by `imagery_diff.synthetic` from a made-up scene of known truth. What is where in October 2023 follows press reports of
satellite images (16 to 21 October: lengths, days, and the two times on the 20th); shapes, colours, clutter, coast,
buildings, tracks and weather are invented. On all other dates everything is invented. Do not cite them as evidence of
anything. `truth.geojson` beside each image says what is there, in true position; the image is off by the pointing error
in the table, as real ones are.

Made by one command, in about a minute:

    python -m imagery_diff.synthetic sample_tiles/

It gives decoded pixels within 1 DN anywhere, and the same bytes with {versions}.

Layout: as delivered by Planet (4-band surface reflectance, uint16, 0 = nodata, UDM2 of version 2.0, metadata JSON). The
satellite id is `0000`, the TIFF tag `IMAGERY_DIFF_RENDERED` and the property `rendered` say what they are, and the
pixels carry a faint mark (`imagery_diff.mark`). The product of 20 October 06:43 UTC is not recorded, and 15:24 solar
time is unusual for PlanetScope, so it is given both ways. At Tumangang no track line was found: the track is assumed.

Licence: the pixels are CC0 1.0. The outlines of the piers and quays in them derive from OpenStreetMap,
(c) OpenStreetMap contributors, ODbL 1.0; the `truth.geojson` files that repeat them are under the ODbL as well.

## Passes

| name | UTC | sensor | contains | sun az / el | view | pointing error E, N (m) | noise seed |
|---|---|---|---|---|---|---|---|
{passes}

## Pairs (`imagery_diff.samples.pair`)

| pair | before | after |
|---|---|---|
{pairs}

## SHA-256

| file | SHA-256 |
|---|---|
{hashes}
"""


def write_readme(folder: Path, written: list[tuple[Pass, Path]]) -> None:
    """Write the README and the index that `imagery_diff.samples` reads."""
    index = {
        "schema_version": 1,
        "credit": CREDIT,
        "passes": {one.name: path.relative_to(folder).as_posix() for one, path in written},
        "pairs": {name: list(pair) for name, pair in PAIRS.items()},
    }
    (folder / "index.json").write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")
    files = sorted(f for _, path in written for f in path.parent.iterdir())
    text = _TEXT.format(
        versions=f"Python {platform.python_version()} on {platform.machine()}, "
        + ", ".join(f"{name} {version(name)}" for name in _LIBRARIES),
        passes="\n".join(_row(one) for one, _ in written),
        pairs="\n".join(f"| `{name}` | `{a}` | `{b}` |" for name, (a, b) in PAIRS.items()),
        hashes="\n".join(f"| `{f.relative_to(folder).as_posix()}` | `{_sha256(f)}` |" for f in files),
    )
    (folder / "README.md").write_text(text, encoding="utf-8")


def _row(one: Pass) -> str:
    look, sun = one.look, sun_over(one.world, one.look)
    view = f"{look.view.off_nadir_deg:.1f} from {look.view.azimuth_deg:.0f}"
    east, north = look.pointing_error_m
    sensor = f"{look.sensor.name}, {look.sensor.delivered_m:g} m"
    return (
        f"| `{one.name}` | {look.time:%Y-%m-%d %H:%M:%S} | {sensor} | {one.contains} "
        f"| {sun.azimuth_deg:.0f} / {sun.elevation_deg:.0f} | {view} | {east:+.1f}, {north:+.1f} | {look.seed} |"
    )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
