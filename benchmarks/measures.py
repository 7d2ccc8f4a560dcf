"""How well lengths and widths are measured, and whether the 90 % limits hold.

    python benchmarks/measures.py report RESULTS.json [...]       of runs written by accuracy.py or scales.py --json
    python benchmarks/measures.py fit RESULTS.json [...]          limits from them -> imagery_diff/lengths.json
    python benchmarks/measures.py sun                             stacks at sun elevations of 54 and 17 degrees
    python benchmarks/measures.py record                          the nine published lengths of October 2023

The truth is that of rendered scenes. Things under cloud, and things that touch what was not seen, stand apart. Whether
limits hold on scenes they were not fitted on: `fit --even`, then `report --shipped --odd`, and the other way round; the
table that is shipped is fitted on all.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import warnings
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from accuracy_tables import grid
from event_scores import LEAST_IOU, wilson

from imagery_diff import compare, load_aoi
from imagery_diff.geometry import View
from imagery_diff.method.measure import Limits
from imagery_diff.read.calibration import read_lengths
from imagery_diff.synthetic import Look, stack, write_planetscope
from imagery_diff.synthetic.najin import najin
from imagery_diff.synthetic.render import grid_of, render, sun_over
from imagery_diff.synthetic.things import crane

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imagery_diff.result import Region
    from imagery_diff.synthetic import Harbour, Thing

HERE = Path(__file__).resolve().parent
SHIPPED = HERE.parent / "imagery_diff" / "lengths.json"
ASKED = {"vessel": "4 m", "containers": "5 m", "rail_cars": "20 m or 10 %"}
OWN_M = 1.0
"""As in imagery_diff/method/measure.py."""
LEAST = 20
"""Things of a shape from which on limits are told: two ranks beyond the 5 and 95 % quantile."""
PIXEL_M = [2.4, 3.75]
"""Pixels for which the limits are told: those of the design scenes, as for the chances (calibration.json)."""
Row = dict[str, Any]


def main(words: Sequence[str] | None = None) -> None:
    """Read the command line, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["report", "fit", "sun", "record"])
    parser.add_argument("results", nargs="*", type=Path)
    parser.add_argument("--shipped", action="store_true", help="report: limits by the table as it is now")
    parser.add_argument("--even", action="store_true", help="scenes of even seeds only")
    parser.add_argument("--odd", action="store_true", help="scenes of odd seeds only")
    parser.add_argument("--seeds", type=int, default=3, help="sun, record: looks at each thing")
    options = parser.parse_intermixed_args(words)
    if options.what in {"report", "fit"}:
        rows = measured(options.results)
        if options.odd or options.even:
            rows = [r for r in rows if r["seed"] % 2 == options.odd]
        if options.shipped:
            rows = [_with_limits(r) for r in rows]
        if options.what == "fit":
            fit(rows, options.results)
        else:
            print(report(rows))
        return
    print(sun(options.seeds) if options.what == "sun" else record(options.seeds))


def measured(paths: Sequence[Path]) -> list[Row]:
    """Return what was said of the length of every event that was found."""
    rows = []
    for path in paths:
        for scene in json.loads(path.read_text(encoding="utf-8"))["scenes"]:
            regions = {r["id"]: r for r in scene["regions"]}
            for event in scene["events"]:
                if event["found"] is None:
                    continue
                region = regions[event["found"]]
                keys = (
                    "length_low_m",
                    "length_high_m",
                    "length_is_lower_bound",
                    "area_low_m2",
                    "area_high_m2",
                    "measured_by",
                    "direction",
                    "activity",
                )
                rows.append(
                    {
                        **{k: region[k] for k in keys},
                        "said_m": region["length_m"],
                        "width_error_m": region["width_m"] - event["width_m"],
                        "seed": scene["seed"],
                        "case": scene["case"],
                        "scene": scene["name"],
                        "pixel_m": scene["pixel_m"],
                        "area_m2": event.get("area_m2"),
                        **{k: event[k] for k in ("kind", "length_m", "masked", "asked")},
                    }
                )
    return rows


def _with_limits(row: Row) -> Row:
    """Put the limits of the shipped table round a length that has some; what hides an end is left as it was."""
    limits, shape, pixel = Limits.of_table(read_lengths()), row["measured_by"], row["pixel_m"]
    if row["length_high_m"] is None or not limits.holds(shape, pixel):
        return row
    low, high = limits.of_length(row["said_m"], shape, pixel)
    return {**row, "length_low_m": low, "length_high_m": high}


# --- limits ----------------------------------------------------------------------------------------------------------


def fit(rows: Sequence[Row], paths: Sequence[Path]) -> None:
    """Write the 5 and 95 % quantiles of what was missed, by the shape that was fitted."""
    lengths: dict[str, list[float]] = defaultdict(list)
    widths: dict[str, list[float]] = defaultdict(list)
    for r in rows:
        if not r["masked"] and not r["length_is_lower_bound"]:
            unit = math.hypot(r["pixel_m"], OWN_M)
            lengths[r["measured_by"]].append((r["length_m"] - r["said_m"]) / unit)
            widths[r["measured_by"]].append(-r["width_error_m"] / unit)
    told = sorted(shape for shape, values in lengths.items() if len(values) >= LEAST)
    table = {
        "schema_version": 1,
        "pixel_m": PIXEL_M,
        "lengths": {shape: _quantiles(lengths[shape]) for shape in told},
        "widths": {shape: _quantiles(widths[shape]) for shape in told},
        "counts": {shape: len(values) for shape, values in sorted(lengths.items())},
        "provenance": f"benchmarks/measures.py fit {' '.join(p.name for p in paths)}",
    }
    SHIPPED.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(table, indent=1))


def _quantiles(values: list[float]) -> list[float]:
    """Return the ranks that hold a new one in nine of ten (Lei et al. 2018, 10.1080/01621459.2017.1307116)."""
    ordered, n = np.sort(values), len(values)
    low = ordered[max(math.floor(0.05 * (n + 1)) - 1, 0)]
    high = ordered[min(math.ceil(0.95 * (n + 1)) - 1, n - 1)]
    return [round(float(low), 2), round(float(high), 2)]


def report(rows: Sequence[Row]) -> str:
    """Tabulate errors by kind and pixel, how often the limits held, and lower bounds apart."""
    table = []
    whole = [r for r in rows if not r["masked"] and not r["length_is_lower_bound"]]
    for pixel in sorted({r["pixel_m"] for r in rows}):
        for kind in dict.fromkeys(r["kind"] for r in whole):
            own = [r for r in whole if r["kind"] == kind and r["pixel_m"] == pixel]
            if own:
                table.append([f"{pixel:g} m", kind, ASKED.get(kind, "-"), *_line(own)])
    names = [
        "pixel",
        "kind",
        "asked",
        "n",
        "bias m",
        "median",
        "90 %",
        "20 m / 10 %",
        "width",
        "in limits",
        "below/above",
        "area in limits",
    ]
    cut = [r for r in rows if r["length_is_lower_bound"]]
    held = sum(r["said_m"] <= r["length_m"] + r["pixel_m"] for r in cut)
    return grid(names, table) + f"\n\nlower bounds: {len(cut)}, of which {held} hold within a pixel"


def _line(own: Sequence[Row]) -> list[str]:
    error = np.array([r["said_m"] - r["length_m"] for r in own])
    near = np.mean((np.abs(error) <= 20.0) | (np.abs(error) <= 0.1 * np.array([r["length_m"] for r in own])))
    limited = [r for r in own if r["length_low_m"] is not None and r["length_high_m"] is not None]
    inside = sum(r["length_low_m"] <= r["length_m"] <= r["length_high_m"] for r in limited)
    below = sum(r["length_m"] < r["length_low_m"] for r in limited)
    areas = [r for r in own if r["area_m2"] is not None and r["area_high_m2"] is not None]
    inside_area = sum(r["area_low_m2"] <= r["area_m2"] <= r["area_high_m2"] for r in areas)
    return [
        str(len(own)),
        f"{np.median(error):+.1f}",
        f"{np.median(np.abs(error)):.1f}",
        f"{np.percentile(np.abs(error), 90):.1f}",
        f"{near:.0%}",
        f"{np.median([r['width_error_m'] for r in own]):+.1f}",
        _share(inside, len(limited)),
        f"{below}/{len(limited) - inside - below}",
        _share(inside_area, len(areas)),
    ]


def _share(held: int, count: int) -> str:
    interval = wilson(held, count)
    return f"{held / count:.0%} ({interval[0]:.0%}-{interval[1]:.0%})" if interval else "-"


# --- one thing at Najin ----------------------------------------------------------------------------------------------


def sun(seeds: int) -> str:
    """Measure stacks along and across Pier 2 under a high and a low sun."""
    harbour = _harbour()
    pier = harbour.pier("pier2")
    rows = []
    for when in (datetime(2023, 8, 26, 2, 0, tzinfo=UTC), datetime(2023, 10, 20, 6, 43, tzinfo=UTC)):
        for turn, size in ((0.0, (90.0, 16.4)), (90.0, (50.0, 12.2))):
            for tiers in (1, 3):
                name = f"stack{turn:.0f}_{tiers}"
                thing = stack(
                    name, pier.from_right(140.0, 42.0), pier.right_azimuth_deg + turn, size, tiers=tiers, seed=7
                )
                found = [_measured(harbour, [thing], when, seed) for seed in range(seeds)]
                elevation = sun_over(harbour.world, _look(when, 0)).elevation_deg
                way = "along" if turn == 0 else "across"
                rows.append([f"{elevation:.0f} deg", way, str(tiers), f"{size[0]:.0f} x {size[1]:.0f}", *_said(found)])
    return grid(["sun", "the pier", "tiers", "true m", "lengths", "widths", "limits"], rows)


RECORD: tuple[tuple[str, int, str, float], ...] = (
    ("N07", 12, "ship and crane, Pier 2", 110.0),
    ("N09", 16, "stack, Pier 1", 115.0),
    ("N10", 17, "stack, Pier 2", 90.0),
    ("N11", 19, "ship, Pier 2", 115.0),
    ("N14", 21, "stack, Pier 2", 80.0),
    ("N15", 23, "ship, Pier 2", 120.0),
    ("N16", 26, "ship, Pier 1", 100.0),
    ("N17", 27, "ship, Pier 2", 105.0),
    ("N18", 30, "ship, Pier 1", 135.0),
)
"""Row of the record, day of October 2023, what, published length in metres; hour not published: 02:00 UTC assumed."""


def record(seeds: int) -> str:
    """Measure each of the nine published things, rendered alone against the empty pier of the day before."""
    harbour = _harbour()
    rows = []
    for row, day, what, length in RECORD:
        pier = harbour.pier("pier1" if "Pier 1" in what else "pier2")
        when = datetime(2023, 10, day, 2, 0, tzinfo=UTC)
        found = [_measured(harbour, _published(pier, what, length), when, seed) for seed in range(seeds)]
        worst = max((abs(r.length_m - length) for r in found if r is not None), default=math.nan)
        verdict = "yes" if None not in found and worst <= 10.0 else "NO"
        rows.append([row, what, f"{length:.0f}", *_said(found), f"{worst:.1f}", verdict])
    return grid(["row", "what", "true m", "lengths", "widths", "limits", "worst m", "within 10 m"], rows)


def _published(pier: Any, what: str, length: float) -> list[Thing]:
    """Return the thing of a row, and the crane where one stood before the ship."""
    if what.startswith("ship"):
        ship = pier.moor("ship", "right", 148.0, (length, length / 6.4), deck="rust", cargo="blue")
        boom = crane("crane", pier.from_right(148.0, 9.0), pier.right_azimuth_deg + 90.0, 28.0)
        return [ship, boom] if "crane" in what else [ship]
    width, tiers = (7.6, 2) if pier.name == "pier1" else (16.4, 3)
    spot = pier.from_right(150.0, 38.0 if pier.name == "pier1" else 25.0)
    return [stack("stack", spot, pier.right_azimuth_deg, (length, width), tiers=tiers, seed=9)]


def _harbour() -> Harbour:
    return najin(load_aoi("najin"))


def _look(when: datetime, seed: int) -> Look:
    rng = np.random.default_rng([seed, when.day, when.hour])
    error = rng.normal(0.0, 3.0, size=2)
    view = View(off_nadir_deg=float(rng.uniform(1.0, 5.0)), azimuth_deg=float(rng.choice([100.0, 279.0])))
    haze, noise = float(rng.uniform(0.01, 0.06)), int(rng.integers(1 << 30))
    return Look(time=when, pointing_error_m=(float(error[0]), float(error[1])), view=view, haze=haze, seed=noise)


def _measured(harbour: Harbour, things: list[Thing], when: datetime, seed: int) -> Region | None:
    """Compare the day before with the day of a thing; the region most like its outline, None where none is."""
    day_before = _look(when.replace(day=when.day - 1), seed + 1000)
    looks = (harbour.world, day_before), (harbour.world.with_things(*things), _look(when, seed))
    outline = load_aoi("najin").in_crs(harbour.world.crs).polygon.buffer(45.0, join_style="mitre")
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        files = []
        for world, look in looks:
            pixel = look.sensor.delivered_m
            rendered = render(world, look, grid_of(world.bounds, world.crs, pixel), outline)
            files.append(write_planetscope(rendered, Path(folder)))
        found = compare("najin", *files)
    shape = things[0].footprint
    alike = [(r.geometry.intersection(shape).area / r.geometry.union(shape).area, r) for r in found.regions]
    overlap, best = max(alike, key=lambda pair: pair[0], default=(0.0, None))
    return best if overlap > LEAST_IOU else None


def _said(found: Sequence[Region | None]) -> list[str]:
    there = [r for r in found if r is not None]
    missed = f" ({len(found) - len(there)} missed)" if len(there) < len(found) else ""
    limits = [f"{r.length_low_m:.0f}-{r.length_high_m:.0f}" for r in there if r.length_low_m and r.length_high_m]
    return [
        " ".join(f"{r.length_m:.0f}" for r in there) + missed,
        " ".join(f"{r.width_m:.0f}" for r in there),
        " ".join(limits),
    ]


if __name__ == "__main__":
    main()
