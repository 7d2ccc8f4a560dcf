"""How much of what truly changed is found, and how much is flagged that did not change.

    python benchmarks/accuracy.py rendered --block design --scenes-per-case 3 --nulls-per-case 3 --cache DIR
    python benchmarks/accuracy.py rendered --block 1 --least-events 120 --nulls-per-case 16 --jobs 2 --json FILE
    python benchmarks/accuracy.py half-real --block design --scenes-per-case 16 --cache DIR
    python benchmarks/accuracy.py folder --scenes DIR

Makes the scenes of a suite (or takes them from the cache), runs `imagery_diff.compare` on each, and prints tables with
intervals. Design seeds may be run at will; a numbered block only once it stands as spent in the committed
``benchmarks/seeds.json``. What is drawn and how it is scored: benchmarks.md and half_real.md in docs/explanation. Two
runs written with ``--json`` are held against each other by ``benchmarks/accuracy_diff.py``.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import importlib.util
import json
import subprocess
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accuracy_tables import by_method, tables
from event_scores import MASKED
from half_backgrounds import GROUPS
from half_real import make as make_half_real
from half_tables import half_real
from nuisances import CASES
from rendered import folder_of, make_scene
from scene_scores import Compare, Method, progress, save_results, score_scene
from scenes import Scene, find
from settings import params_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HERE = Path(__file__).resolve().parent
SEEDS = HERE / "seeds.json"
CASE_STEP, NULL_STEP = 1000, 500
"""Seeds of a block: its first, plus so much for each case, plus so much for null scenes, plus the scene's number."""
OURS = "ours"


def main(words: Sequence[str] | None = None) -> None:
    """Read the command line, run a suite, print its tables."""
    options = _options(words)
    folders = SUITES[options.suite](options)
    if options.only_make:
        return
    results = []
    for name, method in _methods(options).items():
        results += [{"method": name, **r} for r in run(folders, method, options.jobs)]
    print(tables([r for r in results if r["method"] == OURS]))
    mixed = [r for r in results if r["method"] == OURS and r["suite"] == "half-real"]
    if mixed:
        print("\n" + half_real(mixed))
    if len(options.methods) > 1:
        print("\n" + by_method(results))
    if options.json:
        about = {"suite": options.suite, "block": options.block, "detect": options.detect, "params": options.set}
        save_results(options.json, results, about)
    if options.region_features:
        dump_regions(options.region_features, results)


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("suite", choices=sorted(SUITES), help="folder = scenes that lie in --scenes already")
    add("--block", default="design", help="'design' or the number of a block in seeds.json")
    add("--cases", default=",".join(CASES), help="names, with commas between")
    add("--backgrounds", default=",".join(GROUPS), help="half-real: groups of real pairs, with commas between")
    add("--scenes-per-case", type=int, default=8, help="event scenes of each case, or of each group of backgrounds")
    add("--nulls-per-case", type=int, default=14)
    add("--least-events", type=int, default=0, metavar="N", help="more scenes until N events of a case are not masked")
    add("--cache", type=Path, help="where scenes are kept; otherwise they are made anew")
    add("--scenes", type=Path, help="folder of scenes, for the suite 'folder'")
    add("--only-make", action="store_true", help="make the scenes and stop")
    add("--jobs", type=int, default=1, help="processes; 1 = this one")
    add("--methods", default=[OURS], type=lambda text: text.split(","), help="ours, and names from baselines.py")
    add("--detect", choices=["alarm", "map"], default="alarm")
    add("--set", action="append", default=[], metavar="NAME=VALUE", help="one of Params")
    add("--json", type=Path, help="write every scene's result")
    add("--save", type=Path, help="write every comparison's files")
    add("--region-features", type=Path, help="write a row for each region (CSV)")
    return parser.parse_args(words)


# --- methods ---------------------------------------------------------------------------------------------------------


def _methods(options: argparse.Namespace) -> dict[str, Method]:
    """Return the methods asked for by name: ours, and those that `baselines.py` offers as ``SCENE_METHODS``."""
    known: dict[str, Method] = {OURS: Compare(detect=options.detect, params=params_of(options.set), save=options.save)}
    if importlib.util.find_spec("baselines") is not None:
        known |= importlib.import_module("baselines").SCENE_METHODS
    unknown = [name for name in options.methods if name not in known]
    if unknown:
        raise SystemExit(f"--methods {', '.join(unknown)}: there are {', '.join(known)}")
    return {name: known[name] for name in options.methods}


def run(folders: Sequence[Path], method: Method, jobs: int = 1) -> list[dict[str, Any]]:
    """Run a method over scenes; one result each, also where it raised."""
    return _mapped(partial(score_scene, method=method), folders, jobs, "")


def _mapped(function: Callable[[Any], Any], items: Sequence[Any], jobs: int, word: str) -> list[Any]:
    """Apply a function to every item with a bar of progress, in this process or in several."""
    if jobs == 1:
        return _watched(map(function, items), len(items), word)
    with ProcessPoolExecutor(jobs) as pool:
        return _watched(pool.map(function, items), len(items), word)


def _watched(done: Any, total: int, word: str) -> list[Any]:
    kept = []
    for item in done:
        kept.append(item)
        progress(len(kept), total, word + (item["name"] if isinstance(item, dict) else item.name))
    return kept


# --- suites ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A scene to be made."""

    case: str
    seed: int
    null: bool
    cache: Path

    @property
    def folder(self) -> Path:
        """Where it will lie."""
        return folder_of(self.case, self.seed, self.cache, null=self.null)


def _make(wanted: Wanted) -> Scene:
    return make_scene(wanted.case, wanted.seed, wanted.cache, null=wanted.null)


def rendered_folders(options: argparse.Namespace) -> list[Path]:
    """Make the scenes asked for, or find them in the cache."""
    cases = options.cases.split(",")
    unknown = [c for c in cases if c not in CASES]
    if unknown:
        raise SystemExit(f"no case {', '.join(unknown)}; there are {', '.join(CASES)}")
    cache = options.cache or Path(tempfile.mkdtemp(prefix="scenes_"))
    want = partial(_wanted, first_seed(options.block, drawn_only=options.only_make), cache)
    scenes = {c: [want(c, k) for k in range(options.scenes_per_case)] for c in cases}
    nulls = [want(c, k, null=True) for c in cases for k in range(options.nulls_per_case)]
    _mapped(_make, [w for c in cases for w in scenes[c]] + nulls, options.jobs, "making ")
    if options.least_events:
        for case in cases:
            _enough(scenes[case], partial(want, case), options.least_events)
    return [w.folder for c in cases for w in scenes[c]] + [w.folder for w in nulls]


def _wanted(first: int, cache: Path, case: str, number: int, *, null: bool = False) -> Wanted:
    seed = first + CASE_STEP * list(CASES).index(case) + NULL_STEP * null + number
    return Wanted(case=case, seed=seed, null=null, cache=cache)


def _enough(scenes: list[Wanted], want: Callable[[int], Wanted], least: int) -> None:
    """Add scenes until so many events are not masked: what is drawn decides, never what is found."""
    seen = sum(_in_sight(Scene.load(w.folder)) for w in scenes)
    while seen < least and len(scenes) < NULL_STEP:
        scenes.append(want(len(scenes)))
        seen += _in_sight(_make(scenes[-1]))
        progress(seen, max(least, seen), f"events in sight, {scenes[-1].folder.name}")


def _in_sight(scene: Scene) -> int:
    return sum(e.masked_fraction <= MASKED for e in scene.events)


def first_seed(block: str, *, drawn_only: bool = False) -> int:
    """Return where the seeds of a block begin; a block whose scenes are only drawn need not be spent yet.

    Raises
    ------
    SystemExit
        If there is no such block, or it is a final block that the committed seeds.json does not call spent.

    """
    seeds = json.loads(SEEDS.read_text(encoding="utf-8"))
    if block == "design":
        return int(seeds["design"][0])
    found = [b for b in seeds["blocks"] if str(b["block"]) == block]
    if not found:
        numbers = ", ".join(str(b["block"]) for b in seeds["blocks"])
        raise SystemExit(f"--block {block}: seeds.json has 'design' and {numbers}")
    if not drawn_only and not _committed_as_spent(block):
        raise SystemExit(
            f"--block {block}: the committed benchmarks/seeds.json does not call it spent; enter who spends it and "
            "when, commit, and run again (a block is run once, and never to choose anything)"
        )
    return int(found[0]["seeds"][0])


def _committed_as_spent(block: str) -> bool:
    """Whether the last commit's seeds.json calls a block spent."""
    shown = subprocess.run(
        ["git", "show", "HEAD:benchmarks/seeds.json"], cwd=HERE.parent, capture_output=True, text=True, check=False
    )
    if shown.returncode != 0:
        return False
    blocks = json.loads(shown.stdout)["blocks"]
    return any(str(b["block"]) == block and b["spent"] for b in blocks)


def folder_folders(options: argparse.Namespace) -> list[Path]:
    """Take every scene below ``--scenes``, of whatever suite."""
    if options.scenes is None:
        raise SystemExit("the suite 'folder' needs --scenes DIR, a folder that holds scenes")
    found = find(options.scenes)
    if not found:
        raise SystemExit(f"--scenes {options.scenes}: no scene.json below it")
    return found


def half_real_folders(options: argparse.Namespace) -> list[Path]:
    """Put things into real pairs, and cut the pairs themselves into null scenes, as many as they hold."""
    cache = options.cache or Path(tempfile.mkdtemp(prefix="scenes_"))
    counts = (options.scenes_per_case, options.nulls_per_case)
    return make_half_real(cache, options.backgrounds.split(","), first_seed(options.block), counts)


SUITES: dict[str, Callable[[argparse.Namespace], list[Path]]] = {
    "rendered": rendered_folders,
    "half-real": half_real_folders,
    "folder": folder_folders,
}
"""Suite -> what makes its scenes; a new suite is a line here."""


def dump_regions(path: Path, results: Sequence[dict[str, Any]]) -> None:
    """Write one row for each region: what it is, and everything the method said of it."""
    about = ("method", "name", "suite", "case", "null", "zone_km2")
    rows = [{**{f"scene_{n}": r.get(n) for n in about}, **g} for r in results for g in r["regions"]]
    names = list(dict.fromkeys(n for row in rows for n in row if n != "outline"))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
