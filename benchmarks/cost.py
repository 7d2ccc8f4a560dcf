"""What a comparison costs: wall seconds and memory beside Orfeo ToolBox's MAD alone, both at two threads.

    python benchmarks/cost.py [--runs 5] [--side 2000] [--cache DIR] [--json FILE]

Renders a pair of 2000 x 2000 pixels in four bands (once, with --cache), then runs in turns, each a process of its own,

    imagery-diff - before.tif after.tif --no-report   register, match, weigh, outline, write all but the report
    otbcli_MultivariateAlterationDetector              the MAD of two images that must lie on each other already

and prints the median of each, their ratio and our most memory. Wall seconds mean nothing on a busy machine: the load is
printed beside them. The toolbox comes with `apt-get install otb-bin`.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
OTB = "otbcli_MultivariateAlterationDetector"
THREADS = 2
PIXEL_M = 3.0
TILE_PX = 400
"""Side of one harbour; the picture is a quilt of them, each laid out at random."""
ASK_RATIO, ASK_MB = 3.0, 600.0


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a process took."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    """10^6 bytes."""


def main() -> None:
    """Make the pair, run both in turns, print the table."""
    words = _words()
    if words.render:
        render_pair(words.render, words.side)
        return
    if shutil.which(OTB) is None:
        sys.exit(f"{OTB} is not installed; on Debian or Ubuntu: apt-get install otb-bin")
    with tempfile.TemporaryDirectory() as scratch:
        pair = make_pair(words.cache or Path(scratch), words.side)
        ours, theirs, load = [], [], [os.getloadavg()[0]]
        for turn in range(words.runs):
            folder = Path(scratch) / f"ours{turn}"
            ours.append(run(_our_command(pair, folder)))
            theirs.append(run(_otb_command(pair, Path(scratch) / f"mad{turn}.tif")))
            load.append(os.getloadavg()[0])
            shutil.rmtree(folder)
            print(f"turn {turn + 1}: ours {ours[-1].wall_s:.1f} s, OTB {theirs[-1].wall_s:.1f} s", file=sys.stderr)
    print(table(ours, theirs, load, words.side))
    if words.json:
        document = {"ours": [vars(c) for c in ours], "otb": [vars(c) for c in theirs], "load": load, "side": words.side}
        words.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure what a comparison costs beside Orfeo ToolBox's MAD.")
    parser.add_argument("--runs", type=int, default=5, help="alternating runs of each")
    parser.add_argument("--side", type=int, default=2000, help="pixels along each side")
    parser.add_argument("--cache", type=Path, help="folder in which the rendered pair is kept")
    parser.add_argument("--json", type=Path, help="write every run to this file")
    parser.add_argument("--render", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def table(ours: list[Cost], theirs: list[Cost], load: list[float], side: int) -> str:
    """Medians, their ratio, and asked beside measured."""
    where = f"load {min(load):.1f} to {max(load):.1f} on {os.cpu_count()} cores"
    rows = [
        f"{side} x {side} x 4, {THREADS} threads, {len(ours)} alternating runs, {where}",
        "",
        "| | wall s, median (least to most) | CPU s | peak MB |",
        "| --- | --- | --- | --- |",
    ]
    for name, costs in (("imagery-diff, no report", ours), ("Orfeo ToolBox MAD", theirs)):
        walls = [c.wall_s for c in costs]
        middle = f"{statistics.median(walls):.1f} ({min(walls):.1f} to {max(walls):.1f})"
        cpu, peak = statistics.median(c.cpu_s for c in costs), max(c.peak_mb for c in costs)
        rows.append(f"| {name} | {middle} | {cpu:.1f} | {peak:.0f} |")
    ratio = statistics.median(c.wall_s for c in ours) / statistics.median(c.wall_s for c in theirs)
    peak = max(c.peak_mb for c in ours)
    rows += [
        "",
        "| what | asked | measured | met |",
        "| --- | --- | --- | --- |",
        f"| wall over OTB's | {ASK_RATIO:.0f} | {ratio:.2f} | {'yes' if ratio <= ASK_RATIO else 'no'} |",
        f"| peak MB | {ASK_MB:.0f} | {peak:.0f} | {'yes' if peak < ASK_MB else 'no'} |",
    ]
    return "\n".join(rows)


def run(command: list[str]) -> Cost:
    """Run a command at two threads; it must succeed."""
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GDAL_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS")
    environment = {**os.environ, **dict.fromkeys(threads, str(THREADS))}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(TOP), os.environ.get("PYTHONPATH"))))
    with tempfile.TemporaryFile("w+") as said:
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdout=said, stderr=said, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        if process.returncode:
            sys.exit(f"{command[0]} failed with {process.returncode}: {said.read()[-500:]}")
    # Linux counts kibibytes, from what this process held when it started that one: little, as nothing heavy is loaded.
    return Cost(wall_s=wall, cpu_s=usage.ru_utime + usage.ru_stime, peak_mb=usage.ru_maxrss * 1024 / 1e6)


def _our_command(pair: tuple[Path, Path], folder: Path) -> list[str]:
    words = ["-", *map(str, pair), "--detect", "map", "--no-report", "-o", str(folder)]
    return [sys.executable, "-m", "imagery_diff", *words]


def _otb_command(pair: tuple[Path, Path], out: Path) -> list[str]:
    return [OTB, "-in1", str(pair[0]), "-in2", str(pair[1]), "-out", str(out), "float", "-progress", "false"]


def make_pair(folder: Path, side: int) -> tuple[Path, Path]:
    """Return the rendered pair in a folder, made there in a process of its own if it is not."""
    place = folder / f"pair{side}"
    pair = (place / "before.tif", place / "after.tif")
    if not all(path.exists() for path in pair):
        place.mkdir(parents=True, exist_ok=True)
        print("rendering the pair, some minutes", file=sys.stderr)
        run([sys.executable, str(Path(__file__).resolve()), "--render", str(place), "--side", str(side)])
    return pair


def render_pair(place: Path, side: int) -> None:
    """Render a quilt of harbours on two dates; something comes to each; the second image is 0.4 px off."""
    import numpy as np  # noqa: PLC0415 - only the process that renders may be large
    import rasterio  # noqa: PLC0415
    from affine import Affine  # noqa: PLC0415

    from imagery_diff.synthetic import CREDIT, Look, random_harbour, render, stack  # noqa: PLC0415

    count = -(-side // TILE_PX)
    quilt = np.zeros((2, 4, count * TILE_PX, count * TILE_PX), np.uint16)
    noon = dt.datetime(2023, 10, 17, 2, 12, tzinfo=dt.UTC)
    looks = (Look(time=noon, seed=1), Look(time=noon + dt.timedelta(days=4), seed=2, pointing_error_m=(1.2, -0.6)))
    for number in range(count * count):
        harbour = random_harbour(number, side_m=TILE_PX * PIXEL_M)
        pier = harbour.piers[0]
        came = stack("came", pier.at(80.0, pier.width_m / 2), pier.azimuth_deg, (75.0, 15.0), colours=("blue",))
        row, col = (TILE_PX * n for n in divmod(number, count))
        for date, world in enumerate((harbour.world, harbour.world.with_things(came))):
            data = render(world, looks[date]).data[:, :TILE_PX, :TILE_PX]
            quilt[date, :, row : row + data.shape[1], col : col + data.shape[2]] = data
    profile = {"driver": "GTiff", "count": 4, "height": side, "width": side, "dtype": "uint16", "nodata": 0}
    grid = {"crs": "EPSG:32652", "transform": Affine(PIXEL_M, 0, 600_000, 0, -PIXEL_M, 4_680_000)}
    for name, image in zip(("before.tif", "after.tif"), quilt, strict=True):
        with rasterio.open(place / name, "w", **profile, **grid, tiled=True) as file:
            file.write(image[:, :side, :side])
            file.descriptions = ("blue", "green", "red", "nir")
            file.update_tags(IMAGERY_DIFF_RENDERED=CREDIT)


if __name__ == "__main__":
    main()
