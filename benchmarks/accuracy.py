"""How much of what truly changed is found, and how much is flagged that did not change.

    python benchmarks/accuracy.py rendered --block design --scenes-per-case 3 --nulls-per-case 3 --cache DIR

Makes the scenes of a suite (or takes them from the cache), runs `imagery_diff.compare` on each, and prints tables with
intervals. Design seeds may be run at will; a numbered block only once it stands as spent in the committed
``benchmarks/seeds.json``. What is drawn and how it is scored: docs/explanation/benchmarks.md.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from accuracy_tables import tables
from nuisances import CASES
from rendered import make_scene, scene_name
from scene_scores import Compare, progress, run, save_results
from scenes import find

from imagery_diff.params import Params

HERE = Path(__file__).resolve().parent
SEEDS = HERE / "seeds.json"
CASE_STEP, NULL_STEP = 1000, 500
"""Seeds of a block: its first, plus so much for each case, plus so much for null scenes, plus the scene's number."""


def main() -> None:
    """Read the command line and run a suite."""
    options = _options()
    folders = rendered_folders(options) if options.suite == "rendered" else find(options.scenes)
    if options.only_make:
        return
    method = Compare(detect=options.detect, params=_params(options.set), save=options.save)
    results = run(folders, method)
    print(tables(results))
    about = {"suite": options.suite, "block": options.block, "params": options.set}
    if options.json:
        save_results(options.json, results, about)
    if options.region_features:
        dump_regions(options.region_features, results)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", choices=["rendered", "folder"], help="folder = scenes that lie in --scenes already")
    parser.add_argument("--block", default="design", help="'design' or the number of a block in seeds.json")
    parser.add_argument("--cases", default=",".join(CASES), help="names, with commas between")
    parser.add_argument("--scenes-per-case", type=int, default=8)
    parser.add_argument("--nulls-per-case", type=int, default=14)
    parser.add_argument("--cache", type=Path, help="where scenes are kept; otherwise they are made anew")
    parser.add_argument("--scenes", type=Path, help="folder of scenes, for the suite 'folder'")
    parser.add_argument("--only-make", action="store_true", help="make the scenes and stop")
    parser.add_argument("--detect", choices=["alarm", "map"], default="alarm")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="one of Params")
    parser.add_argument("--json", type=Path, help="write every scene's result")
    parser.add_argument("--save", type=Path, help="write every comparison's files")
    parser.add_argument("--region-features", type=Path, help="write a row for each region (CSV)")
    return parser.parse_args()


def _params(settings: list[str]) -> Params:
    """Return the parameters with some of them set."""
    kinds = {f.name: type(getattr(Params(), f.name)) for f in fields(Params)}
    changed: dict[str, Any] = {}
    for setting in settings:
        name, _, value = setting.partition("=")
        if name not in kinds:
            raise SystemExit(f"--set {setting}: no such parameter; there are {', '.join(kinds)}")
        changed[name] = kinds[name](value)
    return replace(Params(), **changed)


def rendered_folders(options: argparse.Namespace) -> list[Path]:
    """Make the scenes asked for, or find them in the cache."""
    cases = options.cases.split(",")
    unknown = [c for c in cases if c not in CASES]
    if unknown:
        raise SystemExit(f"no case {', '.join(unknown)}; there are {', '.join(CASES)}")
    first = first_seed(options.block)
    cache = options.cache or Path(tempfile.mkdtemp(prefix="scenes_"))
    wanted = [
        (case, first + CASE_STEP * list(CASES).index(case) + NULL_STEP * null + k, bool(null))
        for case in cases
        for null, count in ((0, options.scenes_per_case), (1, options.nulls_per_case))
        for k in range(count)
    ]
    folders = []
    for done, (case, seed, null) in enumerate(wanted, start=1):
        name = scene_name(case, seed, null=null)
        progress(done, len(wanted), f"making {name}")
        make_scene(case, seed, cache, null=null)
        folders.append(cache / name)
    return folders


def first_seed(block: str) -> int:
    """Return where the seeds of a block begin.

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
    if not _committed_as_spent(block):
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


def dump_regions(path: Path, results: list[dict[str, Any]]) -> None:
    """Write one row for each region: what it is, and everything the method said of it."""
    rows = [{"scene": r["name"], "case": r["case"], "null": r["null"], **g} for r in results for g in r["regions"]]
    names = list(dict.fromkeys(n for row in rows for n in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    main()
