"""The published record, rendered and told again: states, events, lengths and calls beside what was put there.

    python benchmarks/record.py run --cache DIR [--series autumn|season] [--seeds N] [--first K] [--block B]
    python benchmarks/record.py report --cache DIR [--series autumn|season] [--block B]
    python benchmarks/record.py page --cache DIR           writes docs/record.md

``page`` adds what record_scenarios.py left in the folder.

This shows that objects of the reported size are recovered from rendered images, not that the reports are true.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
import warnings
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from accuracy import first_seed
from record_page import in_short, page
from record_scenarios import report as scenario_report
from record_scores import OneSeries, bootstrapped, highest, score
from record_story import ALWAYS, AUTUMN_DAYS, EMPTY, HUNDRED_DAYS, SEASON, SEASON_DAYS, Series, series

from imagery_diff import load_aoi, timeline
from imagery_diff.method import zones
from imagery_diff.synthetic import grid_of, render, write_planetscope

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

STORIES = {
    "autumn": (AUTUMN_DAYS, SEASON),
    "season": (SEASON_DAYS, SEASON),
    "always": (AUTUMN_DAYS, ALWAYS),
    "hundred": (HUNDRED_DAYS, SEASON),
}
"""Days looked at, and what was there: autumn 2023, 26 August to 12 March, a stack that never goes, a look a day."""
TOP = Path(__file__).resolve().parent.parent
FINAL = "11"
"""The final block that the record was run on."""
DESIGN_FROM = 21000
"""First of the design seeds that are used here; a block's own are its first ones."""


def main(words: Sequence[str] | None = None) -> None:
    """Render and run, or report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("what", choices=("run", "report", "page"))
    add("--cache", type=Path, required=True, help="scenes and results; what is there is not made again")
    add("--series", choices=sorted(STORIES), default="autumn")
    add("--seeds", type=int, default=30)
    add("--first", type=int, default=0)
    add("--block", default="design", help="'design' or the number of a block in seeds.json")
    add("--cloudy", type=float, default=None, help="share of looks under cloud; .3 by default")
    options = parser.parse_args(words)
    start = first_seed(options.block, drawn_only=options.what != "run")
    begin = (start if options.block != "design" else DESIGN_FROM) + options.first
    seeds = range(begin, begin + options.seeds)
    if options.what == "run":
        for seed in seeds:
            result = run(seed, options)
            each = result["seconds"] / len(result["looks"])
            print(
                f"{seed}: {each:.1f} CPU s a look, {result.get('peak_mb', 0):.0f} MB, {len(result['events'])} events",
                flush=True,
            )
        return
    told = _results(seeds, options)
    if not told:
        sys.exit(f"no results of these seeds under {options.cache}; run them first")
    print(report(score(told)))
    if options.what == "page":
        _write_page(told, seeds, options)


def _of_block(block: str, count: int) -> range:
    first = first_seed(block, drawn_only=True)
    return range(first, first + count)


def _results(seeds: range, options: argparse.Namespace, **other: Any) -> list[dict[str, Any]]:
    asked = argparse.Namespace(**{**vars(options), **other})
    return [json.loads(p.read_text(encoding="utf-8")) for s in seeds if (p := _file(s, asked)).is_file()]


def _write_page(told: list[dict[str, Any]], seeds: range, options: argparse.Namespace) -> None:
    """Write docs/record.md from what is in the cache."""
    more = {
        "All series": told,
        f"Final block {FINAL}": _results(_of_block(FINAL, options.seeds), options),
        "The whole season": _results(seeds, options, series="season"),
        "An honest failure: half of the dates under cloud": _results(seeds, options, cloudy=0.5),
        "An honest failure: a stack that stands on every date": _results(seeds, options, series="always"),
    }
    reports = {name: report(score(some)) for name, some in more.items() if some}
    file = Path(options.cache) / "scenarios.json"
    scenarios = scenario_report(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else ""
    text = page(
        {"autumn": told, "season": more["The whole season"]},
        reports,
        in_short(scenarios),
    )
    (TOP / "docs" / "record.md").write_text(text, encoding="utf-8")


def _file(seed: int, options: argparse.Namespace) -> Path:
    return Path(options.cache) / f"{_name(seed, options)}.json"


def _name(seed: int, options: argparse.Namespace) -> str:
    more = "" if options.cloudy is None else f"_cloudy{options.cloudy:g}"
    return f"{options.series}_{seed}{more}"


def run(seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """Render a series unless it is there, run it unless that was done, and return what was told beside the truth."""
    file = _file(seed, options)
    if file.is_file():
        return dict(json.loads(file.read_text(encoding="utf-8")))
    more = {} if options.cloudy is None else {"cloudy": options.cloudy}
    days, stays = STORIES[options.series]
    made = series(seed, days, stays, load_aoi("najin"), **more)
    folder = Path(options.cache) / _name(seed, options)
    images = [rendered(made, k, folder / f"{k:02d}") for k in range(len(made.looks))]
    clear = [json.loads((i.parent.parent / "clear.json").read_text(encoding="utf-8")) for i in images]
    begin = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = timeline(made.aoi, images, empty={} if options.series == "always" else _empty(made, images, clear))
    result = {
        "seed": seed,
        "seconds": time.process_time() - begin,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "displaced_m": made.displaced_m,
        "laid_m": None if found.fit is None else [found.fit.east_m, found.fit.north_m],
        "looks": [{"time": look.time.isoformat(), "refused": look.refused} for look in found.looks],
        "clear": clear,
        "cells": [_cell(c) for c in found.cells],
        "events": [_event(e) for e in found.events],
        "visits": {v.group: v.at_least for v in found.visits},
        "perhaps": {v.group: v.perhaps for v in found.visits},
        "inferred": {v.group: v.inferred for v in found.visits},
        "calls": [v.sentence for v in found.visits],
        "quiet": list(dict.fromkeys(found.quiet.values())),
        "truth": [
            {
                "id": s.id,
                "rows": s.rows,
                "kind": s.kind,
                "zone": s.zone,
                "length_m": made.things[s.id][0].length_m,
                "came": s.came.isoformat(),
                "went": s.went.isoformat(),
                "hull": s.hull,
                "grows_from": s.grows_from,
            }
            for s in made.stays
        ],
    }
    file.write_text(json.dumps(result), encoding="utf-8")
    return result


def rendered(made: Series, number: int, folder: Path) -> Path:
    """Render one look as delivered, and note how much of each zone it shows; returns the image."""
    done = folder / "clear.json"
    if not done.is_file():
        look = made.looks[number]
        outline = made.truth.polygon.buffer(45.0, join_style="mitre")
        world = made.world(look.time)
        one = render(world, look, grid_of(world.bounds, world.crs, look.sensor.delivered_m), outline)
        write_planetscope(one, folder)
        shares = {}
        for zone in made.truth.zones:
            inside = zones.inside(zone.polygon, one.grid)
            shares[zone.name] = float(np.mean(one.udm2[0][inside] == 1)) if inside.any() else 0.0
        done.write_text(json.dumps(shares), encoding="utf-8")
    return next(p for p in sorted(folder.rglob("*_clip.tif")) if "udm2" not in p.name)


def _empty(made: Series, images: list[Path], clear: list[dict[str, float]]) -> dict[str, str]:
    """Return which look an analyst would name for each yard: the first of those listed that shows it clearly."""
    days = [look.time.date().isoformat() for look in made.looks]
    said = {}
    for zone, listed in EMPTY.items():
        for day in listed:
            here = [k for k, d in enumerate(days) if d == day and clear[k][zone] >= 0.95]
            if here:
                said[zone] = images[here[0]].name
                break
    return said


def _cell(cell: Any) -> dict[str, Any]:
    kind = next((k for k, s in cell.states.items() if s != "na"), None)
    return {
        "look": cell.look,
        "zone": cell.zone.name,
        "zone_kind": cell.zone.kind,
        "located": cell.zone.located,
        "kind": kind,
        "state": cell.states[kind] if kind else "na",
        "reason": cell.reason,
        "clear": cell.clear_fraction,
        "p_raw": cell.p_state_raw,
        "p": cell.p_state,
        "things": [{"kind": t.kind, "length_m": t.region.length_m} for t in cell.things],
    }


def _event(event: Any) -> dict[str, Any]:
    return {
        "event": event.event,
        "zone": event.zone,
        "not_before": event.not_before.isoformat() if event.not_before else None,
        "not_after": event.not_after.isoformat(),
        "length_m": event.length_m,
        "p": event.p_event,
        "description": event.description,
    }


def report(scores: list[OneSeries]) -> str:
    """Return the tables."""
    states = _sum(s.states for s in scores)
    lines = [f"{len(scores)} series, {sum(s.looks for s in scores)} looks, {_per_look(scores):.1f} CPU s a look", ""]
    for kind in ("vessel", "cargo"):
        for truth in ("yes", "no"):
            told = {s: states[kind, truth, s] for s in ("yes", "no", "unknown")}
            wrong = {"yes": "no", "no": "yes"}[truth]
            stated = told[truth] + told[wrong]

            def right(some: Sequence[OneSeries], kind: str = kind, truth: str = truth, wrong: str = wrong) -> float:
                own = _sum(s.states for s in some)
                both = own[kind, truth, truth] + own[kind, truth, wrong]
                return own[kind, truth, truth] / both if both else float("nan")

            if not stated:
                lines.append(f"{kind}, truly {truth}: told {told}; none stated")
                continue
            low, high = bootstrapped(scores, right)
            lines.append(
                f"{kind}, truly {truth}: told {told}; right of those stated {told[truth] / stated:.1%} ({low:.1%} to"
                f" {high:.1%}), wrong {told[wrong]} of {stated} (at most {highest(told[wrong], stated):.1%})"
            )
        hidden = _sum(s.hidden for s in scores)
        lines.append(f"  under cloud: { ({k[1:]: v for k, v in hidden.items() if k[0] == kind}) }")
    lines += ["", "unknown on clear looks, by zone:"]
    clear = _sum(s.clear for s in scores)
    for zone in sorted({z for z, _ in clear}):
        own = {why: n for (z, why), n in clear.items() if z == zone}
        total, known = sum(own.values()), own.pop("known", 0)
        top = sorted(own.items(), key=lambda w: -w[1])[:4]
        lines.append(f"  {zone}: {total - known} of {total} unknown; {'; '.join(f'{n} {why}' for why, n in top)}")
    lines += ["", "events:"]
    asked, found, outside = (_sum(getattr(s, n) for s in scores) for n in ("asked", "right", "outside"))
    for name in sorted(asked):
        lines.append(
            f"  {name}: {asked[name]} asked, {found[name]} told with their moment inside, {outside[name]} outside"
        )
    false = [f for s in scores for f in s.false]
    lines.append(f"  beyond those asked, true: {sum(len(s.unasked) for s in scores)}; false: {len(false)}")
    heard = _sum(s.by_pair for s in scores)
    lines += [
        f"  {how} by the pair of their two looks: {heard[side, True] + heard[side, False]}, of them false"
        f" {heard[side, False]}"
        for side, how in ((True, "told"), (False, "not told"))
    ]
    for kind in ("vessel", "cargo"):
        errors = np.array([e for s in scores for k, e in s.errors_m if k == kind])
        if errors.size:
            middle, size = np.median(errors), np.median(np.abs(errors))
            lines.append(f"lengths, {kind}: {size:.1f} m in the median, bias {middle:+.1f} ({errors.size})")
    over = sum(a > b for a, b in (s.calls for s in scores))
    lines.append(
        f"calls: told at least {sum(s.calls[0] for s in scores)} of {sum(s.calls[1] for s in scores)};"
        f" over-counted in {over}"
    )
    lines += ["", *_chances(scores)]
    lines += ["", *(f"wrong: {w}" for s in scores for w in s.wrong), *(f"false: {f}" for f in false)]
    lines += [f"missed: {m}" for s in scores for m in s.missed]
    return "\n".join(lines)


_BINS = (0.0, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 1.0)


def _chances(scores: Sequence[OneSeries]) -> list[str]:
    """Return how often something stood there where so likely a presence was said."""
    lines = []
    for name, words in (
        ("raw", "p_state_raw"),
        ("all", "p_state, cells known"),
        ("hidden", "p_state, cells unknown"),
        ("event", "p_event"),
    ):
        pairs = np.array([pair for s in scores for pair in s.chances[name]], float).reshape(-1, 2)
        if not len(pairs):
            continue
        brier = float(np.mean((pairs[:, 0] - pairs[:, 1]) ** 2))
        lines.append(f"{words}: {len(pairs)}, Brier score {brier:.4f}")
        for low, high in pairwise(_BINS):
            own = pairs[(pairs[:, 0] >= low) & ((pairs[:, 0] < high) | (high == 1.0))]
            if len(own):
                k = int(own[:, 1].sum())
                lines.append(
                    f"  {low:g} to {high:g}: said {own[:, 0].mean():.3f}, {k} of {len(own)} ({k / len(own):.3f})"
                )
    return lines


def _sum(counters: Iterable[Counter[Any]]) -> Counter[Any]:
    total: Counter[Any] = Counter()
    for one in counters:
        total.update(one)
    return total


def _per_look(scores: Sequence[OneSeries]) -> float:
    return sum(s.seconds for s in scores) / max(sum(s.looks for s in scores), 1)


if __name__ == "__main__":
    main()
