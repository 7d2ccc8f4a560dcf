"""What a look of a series costs: CPU seconds and memory; and whether another tree of this code tells the same.

    python benchmarks/series_cost.py --cache DIR [--looks 12 24] [--beside TREE] [--turns 2]

Renders the first looks of the series of a hundred (`record_story.py`, design seed 21030) where they are not there, and
tells them, with as many things put into each as into a look of a long series; the six tiles of October in
`sample_tiles/` are told too. Each run is a process of its own, so that its peak memory is its own; CPU seconds are
those of `timeline` alone, of all its threads.

With ``--beside`` each series is told by the code in another folder too (a worktree of an older commit), in turns with
this one's, since timings of one machine differ from hour to hour. Then every file of both results but the manifests is
held against the other, and all that the series holds besides (chances, floors, things put in) to the last bit.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from dataclasses import asdict, dataclass, fields, is_dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from accuracy_tables import grid as columns
from record import rendered
from record_story import HUNDRED_DAYS, SEASON, series
from shapely.geometry.base import BaseGeometry

from imagery_diff import load_aoi, samples, timeline
from imagery_diff.params import Params

if TYPE_CHECKING:
    from collections.abc import Sequence

TOP = Path(__file__).resolve().parent.parent
SEED = 21030
TILES = ("20231016", "20231017", "20231019", "20231020_0201", "20231020_0643", "20231021")
_A_LOOK = 3
"""Things of the reported length that are put into each zone of a look of a long series (forty looks or more); into a
short one as many are put in as into a long one, a look's share being larger."""
_GIVEN = "tiles, a yard said to be empty"
_EMPTY = {"pier2_yard": samples.path(f"najin_{TILES[0]}").name}
OWN_OF_A_RUN = {"manifest.json", "report.html"}
"""Files that hold when and with what a run was made."""
_NOT_TOLD = {"seconds", "source", "files"}


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one run took and told."""

    looks: int
    cpu_s: float
    peak_mb: float
    before_mb: float
    """When all was imported and nothing was read."""
    told: dict[str, str]
    """Name of a file, or of a part of the result -> a digest of it."""


def main(words: Sequence[str] | None = None) -> None:
    """Render, run in turns, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--cache", type=Path, required=True, help="rendered looks; what is there is not made again")
    add("--looks", type=int, nargs="+", default=[12, 24], help="how many looks of the rendered series")
    add("--beside", type=Path, help="another tree of this code, to be held against")
    add("--turns", type=int, default=1)
    add("--tell", type=Path, nargs="+", help=argparse.SUPPRESS)
    add("--trials", type=int, default=Params.reported_trials, help=argparse.SUPPRESS)
    add("--empty", default="{}", help=argparse.SUPPRESS)
    options = parser.parse_args(words)
    if options.tell:
        print(
            json.dumps(asdict(_told(options.tell, json.loads(options.empty), Params(reported_trials=options.trials))))
        )
        return
    tiles = [samples.path(f"najin_{day}") for day in TILES]
    cases = {"tiles": tiles, _GIVEN: tiles}
    cases |= {f"rendered {n}": _images(options.cache, n) for n in options.looks if n}
    trees = {"here": TOP} | ({"beside": options.beside.resolve()} if options.beside else {})
    rows = []
    for name, images in cases.items():
        asked = ["--empty", json.dumps(_EMPTY)] if name == _GIVEN else []
        asked += ["--trials", str(_A_LOOK * len(images))] if images is not tiles else []
        runs: dict[str, list[Run]] = {tree: [] for tree in trees}
        for _ in range(options.turns):
            for tree, folder in trees.items():
                runs[tree].append(_in_a_process(folder, images, asked))
        rows.append(_row(name, runs))
        print(f"{name}: done", file=sys.stderr)
    print(columns(_HEAD if options.beside else _HEAD[:4], rows))


_HEAD = [
    "series",
    "looks",
    "CPU s a look",
    "peak MB",
    "beside: CPU s a look",
    "peak MB",
    "ratio of CPU",
    "tells the same",
]


def _row(name: str, runs: dict[str, list[Run]]) -> list[str]:
    row = [name, str(runs["here"][0].looks)]
    each = {tree: median(r.cpu_s / r.looks for r in own) for tree, own in runs.items()}
    for tree, own in runs.items():
        row += [f"{each[tree]:.2f}", f"{max(r.peak_mb for r in own):.0f}"]
    if "beside" in runs:
        row += [f"{each['here'] / each['beside']:.2f}", _difference(runs["here"][0].told, runs["beside"][0].told)]
    return row


def _difference(one: dict[str, str], other: dict[str, str]) -> str:
    other_than = [name for name in sorted({*one, *other}) if one.get(name) != other.get(name)]
    return "yes" if not other_than else "no: " + ", ".join(other_than)


def _images(cache: Path, count: int) -> list[Path]:
    made = series(SEED, HUNDRED_DAYS, SEASON, load_aoi("najin"))
    folder = cache / f"hundred_{SEED}"
    return [rendered(made, k, folder / f"{k:02d}") for k in range(count)]


def _in_a_process(tree: Path, images: list[Path], asked: list[str]) -> Run:
    """Tell a series by the code of a tree; the benchmark itself is this one's."""
    words = [sys.executable, __file__, "--cache", "-", *asked, "--tell", *map(str, images)]
    done = subprocess.run(
        words, env={**os.environ, "PYTHONPATH": str(tree)}, stdout=subprocess.PIPE, text=True, check=True
    )
    return Run(**json.loads(done.stdout))


def _told(images: list[Path], empty: dict[str, str], params: Params) -> Run:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = timeline("najin", images, empty=empty, params=params)
        cpu, peak = time.process_time() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with tempfile.TemporaryDirectory() as scratch:
            folder = found.save(Path(scratch) / "told")
            files = [f for f in sorted(folder.rglob("*")) if f.is_file() and f.name not in OWN_OF_A_RUN]
            told = {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in files}
    for part in fields(found):
        told[part.name] = _digest(getattr(found, part.name))
    return Run(looks=len(found.looks), cpu_s=cpu, peak_mb=peak * 1024 / 1e6, before_mb=before * 1024 / 1e6, told=told)


def _digest(value: Any) -> str:
    return hashlib.sha256(repr(_plain(value)).encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Return everything a value holds, numbers to the last bit; seconds that passed and files are left out."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value) if f.name not in _NOT_TOLD}
    if isinstance(value, dict):
        return [(_plain(key), _plain(item)) for key, item in value.items()]
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(map(str, value))
    if isinstance(value, np.ndarray):
        return str(value.dtype), value.shape, hashlib.sha256(np.ascontiguousarray(value)).hexdigest()
    return value.wkb if isinstance(value, BaseGeometry) else value


if __name__ == "__main__":
    main()
