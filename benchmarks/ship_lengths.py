"""Why ships of the rendered record come out short: the same pairs with the dark rim or the whole deck taken off them.

    python benchmarks/ship_lengths.py --cache DIR [--seeds 3]

``DIR`` is that of record.py, whose series must have been rendered there (autumn, from seed 21004 on). Of each ship that
a clear look shows, and another shows its berth empty, both looks are rendered anew: as it is; without the rim of .8 m
in dark paint; and as a bare deck of one colour, without hatches, cranes and house.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from record import STORIES
from record_scores import CLEAR
from record_story import Series, series

from imagery_diff import compare, load_aoi
from imagery_diff.synthetic import grid_of, render, write_planetscope

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from record_story import Stay

    from imagery_diff.synthetic.world import Thing

FIRST = 21004


def without_rim(ship: Thing) -> Thing:
    """Return a ship whose deck reaches to the edge of its hull."""
    side, deck, *rest = ship.parts
    return replace(ship, parts=(side, replace(deck, polygon=ship.footprint), *rest))


def bare(ship: Thing) -> Thing:
    """Return a ship that is a deck and nothing else."""
    return replace(ship, parts=(replace(ship.parts[1], polygon=ship.footprint),))


VARIANTS: dict[str, Callable[[Thing], Thing]] = {
    "as it is": lambda ship: ship,
    "without rim": without_rim,
    "bare deck": bare,
}


def main(words: Sequence[str] | None = None) -> None:
    """Print a line a ship, and the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args(words)
    warnings.simplefilter("ignore")
    errors: dict[str, list[float]] = {name: [] for name in VARIANTS}
    days, stays = STORIES["autumn"]
    for seed in range(FIRST, FIRST + options.seeds):
        made = series(seed, days, stays, load_aoi("najin"))
        folder = options.cache / f"autumn_{seed}"
        clear = [
            json.loads((folder / f"{k:02d}" / "clear.json").read_text(encoding="utf-8")) for k in range(len(made.looks))
        ]
        for stay in made.stays:
            looks = _looks_of(stay, made, clear) if stay.kind == "vessel" else None
            if looks is None:
                continue
            true = made.things[stay.id][0].length_m
            found = {name: _told(stay, made, looks, change) for name, change in VARIANTS.items()}
            if any(length is None for length in found.values()):
                continue
            for name, length in found.items():
                errors[name].append(length - true)
            print(seed, stay.id, f"{true:.0f} m:", ", ".join(f"{n} {v:.1f}" for n, v in found.items()), flush=True)
    for name, own in errors.items():
        print(f"{name}: median {np.median(own):+.1f} m, {min(own):+.1f} to {max(own):+.1f} ({len(own)})")


def _looks_of(stay: Stay, made: Series, clear: list[dict[str, float]]) -> tuple[int, int] | None:
    """Return a clear look that shows a ship and one that shows its berth empty; None where either is wanting."""
    times = [look.time for look in made.looks]
    usable = [k for k in range(len(times)) if clear[k][stay.zone] >= CLEAR]
    others = [o for o in made.stays if o.zone == stay.zone and o.kind == "vessel"]
    there = [k for k in usable if stay.is_there(times[k])]
    empty = [k for k in usable if not any(o.is_there(times[k]) for o in others)]
    return (there[0], empty[0]) if there and empty else None


def _told(stay: Stay, made: Series, looks: tuple[int, int], change: Callable[[Thing], Thing]) -> float | None:
    """Render both looks with a ship changed and return the length told; None where no vessel is told there."""
    with tempfile.TemporaryDirectory() as folder:
        images = []
        for k in sorted(looks):
            look = made.looks[k]
            things = [
                change(t) if own.id == stay.id and t.kind == "vessel" else t
                for own in made.stays
                if own.is_there(look.time)
                for t in made.things[own.id]
            ]
            world = made.harbour.world.with_things(*things)
            grid = grid_of(world.bounds, world.crs, look.sensor.delivered_m)
            here, outline = Path(folder) / str(k), made.truth.polygon.buffer(45.0, join_style="mitre")
            write_planetscope(render(world, look, grid, outline), here)
            images.append(next(p for p in sorted(here.rglob("*_clip.tif")) if "udm2" not in p.name))
        result = compare(made.truth, images[0], images[1], detect="alarm")
    lengths = [r.length_m for r in result.regions if r.zone == stay.zone and r.activity == "vessel"]
    return max(lengths, default=None)


if __name__ == "__main__":
    main()
