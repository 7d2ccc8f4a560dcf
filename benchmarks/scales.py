"""The same rendered scenes at pixels of 0.5, 1, 3 and 10 m: what is found of what a pixel carries, and what is said.

    python benchmarks/scales.py --cache DIR [--scenes 3] [--nulls 3] [--pixels 0.5,1,3,10] [--json FILE]

World, events, weather and pointing are the same at every scale; the camera differs, with the point spread, noise and
sharpening of a sensor of that pixel. A pixel carries a thing whose shorter side is at least half a pixel and whose
longer side at least three. Of the others it must not be said that nothing was flagged where they are.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from accuracy import first_seed
from accuracy_tables import false_of, grid, share
from rendered import RECIPE, Plan, keep_scene, plan
from scene_scores import Compare, Findings, plain, progress, score_scene
from settings import params_of

from imagery_diff import compare
from imagery_diff.aoi import reproject
from imagery_diff.synthetic import PLANETSCOPE, SKYSAT, Sensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scenes import Scene

    from imagery_diff.result import Comparison

    Row = dict[str, Any]

FIRST_SEED = 16_000
"""Seeds of this benchmark begin so far into the design block: beyond those of every case."""
CASE = "clear"
LEAST_WIDTH_PX, LEAST_LENGTH_PX = 0.5, 3.0
"""Shorter and longer side of the least thing that a pixel carries."""
METRE = Sensor(
    name="one metre",
    delivered_m=1.0,
    native_m=1.2,
    fine_m=0.5,
    blur_m=0.8,
    noise_dn=20.0,
    noise_share=0.011,
    noise_common=0.4,
    smooth_px=0.4,
    sharpen=0.8,
    band_offset_px=0.10,
    heading_deg=12.0,
)
"""Between SkySat and PlanetScope: a point spread of .8 px, as both have of their pixel; no sensor in particular."""
SENTINEL2 = Sensor(
    name="Sentinel-2",
    delivered_m=10.0,
    native_m=10.0,
    fine_m=2.5,
    blur_m=4.9,
    noise_dn=10.0,
    noise_share=0.006,
    noise_common=0.1,
    band_offset_px=0.10,
    heading_deg=-12.0,
)
"""10 m bands: contrast .30 at half a cycle a pixel, as the sensor's performance reports give it, is a Gaussian of
4.9 m; signal to noise about 150 at the reference radiance; nothing smoothed, nothing sharpened."""
SENSORS = {0.5: SKYSAT, 1.0: METRE, 3.0: PLANETSCOPE, 10.0: SENTINEL2}


def main(words: Sequence[str] | None = None) -> None:
    """Make the scenes, compare each at every scale, and print what came of it."""
    options = _options(words)
    cache = options.cache or Path(tempfile.mkdtemp(prefix="scales_"))
    method = Told(params=params_of(options.set))
    rows = []
    jobs = [(p, n, null) for p in options.pixels for null in (False, True) for n in range(_count(options, null=null))]
    for number, (pixel, seed, null) in enumerate(jobs, start=1):
        folder = make(cache, pixel, first_seed("design") + FIRST_SEED + seed, null=null)
        rows.append({**score_scene(folder, method), "zones": method.zones.get(folder.name, [])})
        progress(number, len(jobs), folder.name)
    print(tables(rows))
    if options.json:
        options.json.write_text(json.dumps({"schema_version": 1, "scenes": rows}, indent=1) + "\n", encoding="utf-8")


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--pixels", default=[*SENSORS], type=lambda text: [float(p) for p in text.split(",")], help="metres, of four")
    add("--scenes", type=int, default=3, help="with events, at every scale")
    add("--nulls", type=int, default=3)
    add("--cache", type=Path, help="where scenes are kept; otherwise they are made anew")
    add("--set", action="append", default=[], metavar="NAME=VALUE", help="one of Params")
    add("--json", type=Path, help="write every scene's result")
    return parser.parse_args(words)


def _count(options: argparse.Namespace, *, null: bool) -> int:
    return int(options.nulls if null else options.scenes)


def make(cache: Path, pixel_m: float, seed: int, *, null: bool) -> Path:
    """Draw and write the scene of a seed at a scale, unless the cache has it."""
    name = f"{pixel_m:g}m_{seed}_{'null' if null else 'events'}"
    place = cache / f"recipe{RECIPE}" / name
    keep_scene(place, partial(_plan, seed, pixel_m, null=null), (f"{pixel_m:g} m", seed, null))
    return place


def _plan(seed: int, pixel_m: float, *, null: bool) -> Plan:
    drawn = plan(CASE, seed, null=null)
    return seen_by(drawn, (SENSORS[pixel_m], SENSORS[pixel_m]))


def seen_by(drawn: Plan, sensors: tuple[Sensor, Sensor]) -> Plan:
    """Return a plan with other cameras, each as far from its type as the drawn one was from PlanetScope's."""
    looks = [
        replace(look, sensor=_varied(sensor, look.sensor))
        for look, sensor in zip(drawn.weather.looks, sensors, strict=True)
    ]
    return replace(drawn, weather=replace(drawn.weather, looks=(looks[0], looks[1])))


def _varied(sensor: Sensor, drawn: Sensor) -> Sensor:
    if sensor is PLANETSCOPE:
        return drawn
    bands = [
        own * one / usual
        for own, one, usual in zip(sensor.noise_bands, drawn.noise_bands, PLANETSCOPE.noise_bands, strict=True)
    ]
    return replace(
        sensor,
        blur_m=sensor.blur_m * drawn.blur_m / PLANETSCOPE.blur_m,
        smooth_px=sensor.smooth_px * drawn.smooth_px / PLANETSCOPE.smooth_px,
        sharpen=sensor.sharpen * drawn.sharpen / PLANETSCOPE.sharpen,
        noise_bands=(bands[0], bands[1], bands[2], bands[3]),
        band_offset_px=sensor.band_offset_px * drawn.band_offset_px / PLANETSCOPE.band_offset_px,
        heading_deg=sensor.heading_deg + drawn.heading_deg - PLANETSCOPE.heading_deg,
    )


@dataclass(frozen=True, kw_only=True)
class Told(Compare):
    """Our own method, which also keeps what it said of each zone."""

    zones: dict[str, list[Row]] = field(default_factory=dict)
    """Scene -> kind, state and outline of every zone."""

    def __call__(self, folder: Path, scene: Scene) -> Findings:
        """Compare the two images of a scene."""
        result = compare(str(folder / scene.aoi), folder / scene.before, folder / scene.after, params=self.params)
        self.zones[scene.name] = _said(result, scene)
        return Findings(
            shapes=tuple(r.geometry for r in result.regions),
            features=tuple(plain(r) for r in result.regions),
            crs=result.grid.crs,
            shift_px=(result.shift.rows, result.shift.cols) if result.shift.measured else None,
            unknown=result.layers.flags != 0,
            grid=result.grid,
        )


def _said(result: Comparison, scene: Scene) -> list[Row]:
    """Return the state of every zone, and which events lie mostly in it."""
    said = []
    for state in result.zones:
        zone = reproject(state.zone.polygon, result.grid.crs, scene.crs)
        held = [e.id for e in scene.events if e.outline.intersection(zone).area >= 0.5 * e.outline.area]
        said.append({"name": state.zone.name, "kind": state.zone.kind, "state": state.state, "events": held})
    return said


def carried(event: Row, pixel_m: float) -> bool:
    """Whether a pixel carries a thing.

    >>> carried({"width_m": 3.0, "length_m": 400.0}, 10.0), carried({"width_m": 6.0, "length_m": 40.0}, 10.0)
    (False, True)

    """
    wide = event["width_m"] >= LEAST_WIDTH_PX * pixel_m
    return bool(wide and event["length_m"] >= LEAST_LENGTH_PX * pixel_m)


def tables(rows: Sequence[Row]) -> str:
    """Return what was found by scale and by kind, and what was said of what no pixel carries."""
    scales = list(dict.fromkeys(r["pixel_m"] for r in rows))
    main_rows = [_scale_row(p, [r for r in rows if r["pixel_m"] == p]) for p in scales]
    header = ("pixel", "asked and carried, found", "all carried, found", "false, events", "false, nulls")
    header = (*header, "direction", "length error m: median, worst", "not carried: found, unknown, denied", "CPU s")
    kinds = sorted({e["kind"] for r in rows for e in r["events"]})
    by_kind = [(k, *(share(*_hits([e for e in _carried(rows, p) if e["kind"] == k])) for p in scales)) for k in kinds]
    parts = [
        "By scale (95 % intervals)\n" + grid(header, main_rows),
        "Carried things found, by kind\n" + grid(("kind", *(f"{p:g} m" for p in scales)), by_kind),
        "Same event at every scale\n" + _same_events(rows, scales),
        _list("Missed (asked, carried)", [_missed(r, e) for r in rows for e in r["events"] if _lost(r, e)]),
        _list("False", [_false(r, g) for r in rows for g in r["regions"] if g["status"] == "false"]),
        _list("Raised", [(r["name"], r["error"]) for r in rows if r["error"]]),
    ]
    return "\n\n".join(p for p in parts if p)


def _carried(rows: Sequence[Row], pixel_m: float) -> list[Row]:
    mine = [r for r in rows if r["pixel_m"] == pixel_m]
    return [e for r in mine for e in r["events"] if not e["masked"] and carried(e, pixel_m)]


def _hits(events: Sequence[Row]) -> tuple[int, int]:
    return sum(e["found"] is not None for e in events), len(events)


def _scale_row(pixel: float, mine: Sequence[Row]) -> tuple[str, ...]:
    held = _carried(mine, pixel)
    scenes, nulls = [r for r in mine if not r["null"]], [r for r in mine if r["null"]]
    ways = [e["direction_ok"] for e in held if e["direction_ok"] is not None]
    lengths = [abs(e["length_error_m"]) for e in held if e["length_error_m"] is not None]
    off = f"{np.median(lengths):.1f}, {max(lengths):.0f}" if lengths else "-"
    cost = [r["cpu_s"] for r in mine if "cpu_s" in r]
    return (
        f"{pixel:g} m",
        share(*_hits([e for e in held if e["asked"]])),
        share(*_hits(held)),
        f"{false_of(scenes)} in {len(scenes)}",
        f"{false_of(nulls)} in {len(nulls)}",
        share(sum(ways), len(ways)),
        off,
        _of_the_others(mine, pixel),
        f"{np.mean(cost):.0f}" if cost else "-",
    )


def _of_the_others(mine: Sequence[Row], pixel: float) -> str:
    """Count what is not carried: found all the same, in a zone said to be unknown, or in one said to be quiet."""
    found = unknown = denied = 0
    for row in mine:
        for event in row["events"]:
            if event["masked"] or carried(event, pixel):
                continue
            states = {z["state"] for z in row["zones"] if event["id"] in z["events"]}
            if event["found"] is not None:
                found += 1
            elif "unknown" in states or "flagged" in states:
                unknown += 1
            else:
                denied += 1
    return f"{found}, {unknown}, {denied}"


def _same_events(rows: Sequence[Row], scales: Sequence[float]) -> str:
    """Return how often two scales agree on an event that both carry."""
    table = []
    for k, one in enumerate(scales):
        for other in scales[k + 1 :]:
            pairs = [
                (a, b)
                for a, b in zip(_by_event(rows, one), _by_event(rows, other), strict=False)
                if carried(a, one) and carried(b, other) and not a["masked"] and not b["masked"]
            ]
            alike = sum((a["found"] is None) == (b["found"] is None) for a, b in pairs)
            sizes = [abs(a["length_error_m"] - b["length_error_m"]) for a, b in pairs if a["found"] and b["found"]]
            middle = f"{np.median(sizes):.1f}" if sizes else "-"
            table.append((f"{one:g} m and {other:g} m", share(alike, len(pairs)), middle))
    return grid(("scales", "both or neither found", "lengths apart m, median"), table) if table else "one scale only"


def _by_event(rows: Sequence[Row], pixel: float) -> list[Row]:
    """Events of the scenes of a scale, in the order of seed and name."""
    mine = sorted((r for r in rows if r["pixel_m"] == pixel and not r["null"]), key=lambda r: int(r["seed"]))
    return [e for r in mine for e in sorted(r["events"], key=lambda e: str(e["id"]))]


def _lost(row: Row, event: Row) -> bool:
    return bool(event["asked"] and not event["masked"] and event["found"] is None and carried(event, row["pixel_m"]))


def _missed(row: Row, event: Row) -> tuple[str, ...]:
    size = f"{event['length_m']:.0f} x {event['width_m']:.0f} m"
    pieces = "pieces" if event["touched"] else "nothing"
    return (row["name"], event["id"], event["direction"], size, f"{event['contrast'] or math.nan:.2f}", pieces)


def _false(row: Row, region: Row) -> tuple[str, ...]:
    size = f"{region['length_m']:.0f} x {region['width_m']:.0f} m"
    return (row["name"], str(region["zone"]), region["direction"], size, f"{region['strength']:.1f}", str(region["at"]))


def _list(title: str, lines: Sequence[tuple[str, ...]]) -> str:
    return f"{title}\n" + "\n".join("  ".join(line) for line in lines) if lines else ""


if __name__ == "__main__":
    main()
