"""What each region is called: fitted on some rendered scenes, reported on others, with the kinds of zones and without.

    python benchmarks/classes.py fit --cache DIR [--scenes 904] [--rows FILE]
    python benchmarks/classes.py report --cache DIR [--scenes 60] [--block N] [--rows FILE] [--figure FILE]
    python benchmarks/classes.py report --folder DIR [--scenes 60]      scenes of accuracy.py, without distractors

`fit` writes ``imagery_diff/classes.json`` from the design seeds kept for it; `report` compares the scenes of other
seeds and prints confusion matrices both ways, recall of each class, and how often what was said with a chance was
right. Truth is what was put there (`class_things.CLASS_OF`); a region on nothing that was put there is ``other``. Both
use ``imagery_diff.compare`` as anybody would. ``--rows`` keeps what was collected, or takes it if it is there.
"""

from __future__ import annotations

import argparse
import json
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import class_scenes
from accuracy import first_seed
from class_fit import fit, table_of
from class_tables import draw, tables
from class_things import CLASS_OF, kind_of
from event_scores import MASKED, match
from scene_scores import progress
from scenes import Scene, find

from imagery_diff import compare
from imagery_diff.pair_classes import kind_of_place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HERE = Path(__file__).resolve().parent
TABLE = HERE.parent / "imagery_diff" / "classes.json"
OFFSETS = {"fit": (*range(18_000, 18_500), *range(18_600, 20_000)), "report": tuple(range(18_500, 18_600))}
"""Seeds of a block: its first, plus one of these; the cases of accuracy.py lie below."""
NOTHING = "nothing"
"""Kind of a region where nothing was put."""
Row = dict[str, Any]


def main(words: Sequence[str] | None = None) -> None:
    """Fit or report."""
    options = _options(words)
    rows = collected(options)
    if options.what == "fit":
        fitted = fit(rows)
        command = f"benchmarks/classes.py fit --scenes {options.scenes}"
        TABLE.write_text(json.dumps(table_of(fitted, rows, command), indent=1) + "\n", encoding="utf-8")
        print(fitted.told)
        return
    print(tables(rows))
    if options.figure:
        draw(options.figure, [r for r in rows["regions"] if r["shares"]])
        print(f"\n{options.figure}")


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["fit", "report"])
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--cache", type=Path, help="where scenes are kept")
    where.add_argument("--folder", type=Path, help="report: event scenes that lie here already, of whatever suite")
    parser.add_argument("--scenes", type=int, help="how many; 904 to fit, 60 to report")
    parser.add_argument("--block", default="design", help="report: 'design' or the number of a block in seeds.json")
    parser.add_argument("--rows", type=Path, help="JSON of what was collected: read if it is there, else written")
    parser.add_argument("--figure", type=Path, help="report: draw the reliability here")
    options = parser.parse_args(words)
    if options.what == "fit" and (options.block != "design" or options.folder):
        parser.error("fit uses design seeds of its own only")
    options.scenes = options.scenes or {"fit": 904, "report": 60}[options.what]
    return options


def collected(options: argparse.Namespace) -> dict[str, list[Row]]:
    """Return the regions and the events of every scene asked for."""
    if options.rows and options.rows.exists():
        kept: dict[str, list[Row]] = json.loads(options.rows.read_text(encoding="utf-8"))
        return kept
    rows: dict[str, list[Row]] = {"regions": [], "events": []}
    for number, folder in enumerate(_folders(options), start=1):
        for name, some in rows_of(folder, Scene.load(folder)).items():
            rows[name] += some
        progress(number, options.scenes, folder.name)
    if options.rows:
        options.rows.write_text(json.dumps(rows, default=partial(round, ndigits=5)) + "\n", encoding="utf-8")
    return rows


def _folders(options: argparse.Namespace) -> Iterator[Path]:
    """Give the folders of the scenes asked for, made where they are not there yet."""
    if options.folder:
        held = [f for f in find(options.folder) if not Scene.load(f).null]
        yield from held[:: max(1, len(held) // options.scenes)][: options.scenes]
        return
    for offset in OFFSETS[options.what][: options.scenes]:
        seed = first_seed(options.block) + offset
        class_scenes.make(seed, options.cache)
        yield class_scenes.folder_of(seed, options.cache)


def rows_of(folder: Path, scene: Scene) -> dict[str, list[Row]]:
    """Compare a scene and say of every region what it truly is, and of every event whether it was found."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = compare(str(folder / str(scene.aoi)), folder / scene.before, folder / scene.after)
    held = match(scene.events, [r.geometry for r in result.regions], scene.pixel_m)
    whose = held.duplicates | {r: e for e, r in held.credited.items()}
    regions = []
    for number, region in enumerate(result.regions):
        event = scene.events[whose[number]] if number in whose else None
        kind = kind_of(event.id) if event else NOTHING
        regions.append(
            {
                "scene": scene.name,
                "kind": kind,
                "truth": CLASS_OF.get(kind, event.kind if event else "other"),
                "status": "false" if event is None else "duplicate" if number in held.duplicates else "matched",
                "place": kind_of_place(region.zone_shares, region.zone_kind, result.aoi),
                "said": region.activity,
                "shares": region.shares,
                "alone": region.shares_without_zone,
                "traits": region.class_traits,
                "direction_ok": event is not None and region.direction == event.direction,
                "relation": region.relation,
                "colour": region.colour,
                "true_colour": event.colour if event else None,
                "length_m": region.length_m,
                "width_m": region.width_m,
            }
        )
    events = [
        {
            "scene": scene.name,
            "kind": kind_of(e.id),
            "truth": e.kind,
            "masked": e.masked_fraction > MASKED,
            "found": k in held.credited,
        }
        for k, e in enumerate(scene.events)
    ]
    return {"regions": regions, "events": events}


if __name__ == "__main__":
    main()
