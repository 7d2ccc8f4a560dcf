"""Whether what `sensitivity` states holds: against things rendered in the scene, in half-real pairs, and its cost.

    python benchmarks/sensitivity.py rendered --block design --cases clear,haze,sun --scenes-per-case 1 --cache DIR
    python benchmarks/sensitivity.py rendered --block 8 --cache DIR --json FILE
    python benchmarks/sensitivity.py half-real --cache DIR
    python benchmarks/sensitivity.py events --scenes DIR --every 3
    python benchmarks/sensitivity.py cost --scenes DIR
    python benchmarks/sensitivity.py collect --scenes DIR --json TRIALS.json
    python benchmarks/sensitivity.py fit --trials TRIALS.json

`rendered`: of the null scene of a seed the full ladder states d90 for each kind of zone and its worst colour. Then many
scenes of the same harbour, weather and sun are rendered with things of that kind and colour in them, of lengths about
d90, put by the rendered benchmark's own makers, each compared as a whole; a curve through what was found of these gives
the length at which nine in ten are found. `events` asks how many of the events of event scenes that are as long as the
quick limit, or longer, were found. `half-real` does the same with real images. `cost` holds the run with
``--sensitivity quick`` against the one without. `collect` and `fit` make the numbers of ``pair_contrast._DESIGN``.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import time
import warnings
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from accuracy import CASE_STEP, NULL_STEP, first_seed
from accuracy_tables import grid as columns
from event_scores import MASKED, wilson
from half_backgrounds import backgrounds
from half_places import Put, fits, somewhere
from half_real import Told, event_of, write_scene, zones_of
from harbour_events import EVENT_GAP_M, Room, on_a_yard, within
from nuisances import CASES
from rendered import Plan, keep_scene, make_scene, plan
from scene_scores import Compare, Findings, findings, progress, score_scene
from scenes import FILE, Scene, find
from scipy.optimize import minimize

from imagery_diff import compare, pair_missed
from imagery_diff.method import detection
from imagery_diff.pair_places import COLOURS, KINDS
from imagery_diff.synthetic import ship, stack, train
from imagery_diff.synthetic.harbours import bearing
from imagery_diff.synthetic.insert import insert
from imagery_diff.synthetic.texture import rng_of
from imagery_diff.synthetic.world import along

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from half_backgrounds import Background
    from numpy.random import Generator

    from imagery_diff.pair_again import Known
    from imagery_diff.result import Floor, ZoneState
    from imagery_diff.synthetic import Harbour, Thing

    Trials = list[tuple[float, bool]]

PAINTS = {words: paint for paint, words in COLOURS.items()}
OF_THING = {"vessel": "berth", "containers": "yard", "rail_cars": "rail"}
ANCHORED = {"berth": "anchorage"}
PER_SCENE = 4
"""Things of each kind in a scene."""
_APART_M = 65.0
"""Pieces in one line are joined across 60 m: two things nearer may rightly be told as one."""
ASKED = 0.2
"""How far the stated d90 may lie off."""


def main(words: Sequence[str] | None = None) -> None:
    """Read the command line and do what is asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("what", choices=sorted(TASKS))
    add("--block", default="design", help="'design' or the number of a block in seeds.json")
    add("--cases", default="clear,haze,sun,blur,tilt,mixed", help="names, with commas between")
    add("--scenes-per-case", type=int, default=1)
    add("--first", type=int, default=0, help="number of the first scene of each case")
    add("--things", type=int, default=80, help="rendered things of each kind and scene")
    add("--backgrounds", default="sfbay", help="half-real: groups of real pairs, with commas between")
    add("--cache", type=Path, help="where scenes are kept; otherwise they are made anew")
    add("--scenes", type=Path, help="folder of null scenes, for collect and cost")
    add("--every", type=int, default=1, help="collect, cost: take every n-th of them")
    add("--count", type=int, default=24, help="collect: things of each kind and scene")
    add("--kinds", default=",".join(KINDS), help="collect: kinds of zones, with commas between")
    add("--trials", type=Path, help="fit: what collect wrote")
    add("--json", type=Path, help="write what was found")
    options = parser.parse_args(words)
    warnings.simplefilter("ignore")
    TASKS[options.what](options)


# --- things rendered in the scene ------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Held:
    """What was stated of a kind of zone of a pair, and what is true."""

    name: str
    thing: str
    floor: Floor
    trials: Trials
    seconds: float
    quick_m: float | None
    """What the quick way states, metres; None where it states nothing."""

    @property
    def true(self) -> detection.Detection | None:
        """The curve of the things that were rendered, or put in by other hands; None where too few were found."""
        if sum(found for _, found in self.trials) < 10:
            return None
        lengths, found = zip(*self.trials, strict=True)
        return detection.fit(np.array(lengths), np.array(found))


def _held(
    name: str, floors: dict[str, Floor], trials: dict[str, Trials], seconds: float, quick: dict[str, float | None]
) -> list[Held]:
    """Lay what was stated of each thing of a pair beside what became of those things."""
    return [
        Held(
            name=name,
            thing=thing,
            floor=floor,
            trials=trials.get(thing, []),
            seconds=seconds,
            quick_m=quick.get(thing),
        )
        for thing, floor in floors.items()
    ]


def rendered(options: argparse.Namespace) -> None:
    """Hold what is stated of rendered pairs against things rendered in them."""
    cache = options.cache or Path(tempfile.mkdtemp(prefix="scenes_"))
    first = first_seed(options.block)
    held: list[Held] = []
    for case in options.cases.split(","):
        for number in range(options.first, options.first + options.scenes_per_case):
            seed = first + CASE_STEP * list(CASES).index(case) + NULL_STEP + number
            held += _held_rendered(case, seed, cache, options.things)
            print(_lines(held[-len(KINDS) :]), flush=True)
    print("\n" + report(held))
    if options.json:
        options.json.write_text(json.dumps([_plain(h) for h in held], indent=1) + "\n", encoding="utf-8")


def _held_rendered(case: str, seed: int, cache: Path, count: int) -> list[Held]:
    """State the floors of a null scene and render things into it."""
    make_scene(case, seed, cache, null=True)
    folder = next(f for f in find(cache) if f.name == f"{case}_{seed}_null")
    scene = Scene.load(folder)
    begin = time.process_time()
    result = compare(str(folder / (scene.aoi or "")), folder / scene.before, folder / scene.after, sensitivity="full")
    seconds = time.process_time() - begin
    floors = {c.floor.thing: c.floor for c in result.sensitivity.curves} if result.sensitivity else {}
    quick = _quick(str(folder / (scene.aoi or "")), folder / scene.before, folder / scene.after)
    asked = {thing: floor for thing, floor in floors.items() if floor.d90_m is not None}
    trials: dict[str, Trials] = {thing: [] for thing in asked}
    unknown = {s.zone.name for s in result.zones if s.clear_fraction < result.params.usable_fraction}
    draw = partial(plan, case, seed, null=True)
    for number in range(math.ceil(3 * count / PER_SCENE)):
        lacking = {thing: asked[thing] for thing in asked if len(trials[thing]) < count}
        if not lacking:
            break
        place = cache / "sensitivity" / f"{case}_{seed}_{number}"
        keep_scene(place, partial(_peopled, draw(), lacking, number), (case, seed, False))
        row = score_scene(place, Compare())
        for event in row["events"]:
            seen = event["masked_fraction"] <= MASKED and (event["blind"] or 0.0) <= MASKED
            if seen and not _lies_in(event["at"], unknown, result.zones) and event["kind"] in lacking:
                trials[event["kind"]].append((event["length_m"], event["found"] is not None))
    return _held(scene.name, floors, trials, seconds, quick)


def _quick(*words: Any) -> dict[str, float | None]:
    """Return what the quick way states of each thing."""
    found = compare(*words, sensitivity="quick").sensitivity
    return {curve.floor.thing: curve.floor.d90_high_m for curve in found.curves} if found else {}


def _lies_in(at: list[float], names: set[str], zones: Sequence[ZoneState]) -> bool:
    from shapely.geometry import Point  # noqa: PLC0415

    return any(s.zone.polygon.contains(Point(*at)) for s in zones if s.zone.name in names)


def _peopled(bare: Plan, floors: dict[str, Floor], number: int) -> Plan:
    """Put things of some kinds and colours into a harbour, half of them before, half after."""
    harbour, rng = bare.harbour, rng_of(number, "held against", bare.harbour.world.name)
    room = Room(harbour)
    for thing in harbour.world.things:
        room.take(thing, EVENT_GAP_M)
    made: list[Thing] = []
    for kind, floor in floors.items():
        for k in range(PER_SCENE):
            assert floor.d50_m is not None
            assert floor.d90_m is not None
            span = np.log((0.75 * floor.d50_m, 2.0 * floor.d90_m))
            length = float(np.exp(rng.uniform(*span)))
            name = f"event{len(made)}_{kind}{k}"
            put = MAKERS[kind](harbour, rng, name, length, PAINTS[floor.colour or ""])
            for _ in range(40):
                thing = put()
                if thing is not None and room.fits(thing):
                    room.take(thing, _APART_M)
                    made.append(thing)
                    break
    coming = rng.random(len(made)) < 0.5
    return replace(
        bare,
        came=tuple(t for t, c in zip(made, coming, strict=True) if c),
        went=tuple(t for t, c in zip(made, coming, strict=True) if not c),
    )


def _a_ship(harbour: Harbour, rng: Generator, name: str, length: float, colour: str) -> Callable[[], Thing | None]:
    size = (length, length / float(rng.uniform(5.0, 8.0)))

    def put() -> Thing | None:
        pier = harbour.piers[int(rng.integers(len(harbour.piers)))]
        first, last = 16.0 + length / 2.0, pier.length_m + 10.0 - length / 2.0
        if last < first:
            return None
        ship = pier.moor(
            name, str(rng.choice(["left", "right"])), float(rng.uniform(first, last)), size, deck=colour, cargo=None
        )
        return None if any(p.outline.intersects(ship.footprint) for p in harbour.piers) else ship

    return put


def _a_stack(harbour: Harbour, rng: Generator, name: str, length: float, colour: str) -> Callable[[], Thing | None]:
    size = (length, min(float(rng.uniform(5.0, 25.0)), length / 1.5))
    tiers, seed = int(rng.integers(1, 4)), int(rng.integers(1 << 30))

    def put() -> Thing | None:
        where, azimuth, yard = on_a_yard(harbour, rng)
        return within(stack(name, where, azimuth, size, tiers=tiers, colours=(colour,), seed=seed), yard)

    return put


def _a_train(harbour: Harbour, rng: Generator, name: str, length: float, colour: str) -> Callable[[], Thing | None]:
    cars, seed = int(np.clip(round(length / 14.3), 1, 60)), int(rng.integers(1 << 30))

    def put() -> Thing | None:
        line = harbour.rails[int(rng.integers(len(harbour.rails)))]
        start, end = line.coords[0], line.coords[-1]
        azimuth = bearing((start[0], start[1]), (end[0], end[1]))
        made = partial(
            train, name, azimuth_deg=azimuth, cars=cars, mix=("box", "gondola"), colours=(colour,), seed=seed
        )
        free = line.length - made(head=(start[0], start[1])).length_m
        if free < 0.0:
            return None
        return made(head=along((start[0], start[1]), azimuth, float(rng.uniform(0.0, free))))

    return put


MAKERS = {"vessel": _a_ship, "containers": _a_stack, "rail_cars": _a_train}


# --- what happened in the scenes of the rendered benchmark ----------------------------------------------------------


@dataclass(frozen=True, kw_only=True, eq=False)
class Quickly:
    """Our own method with the quick limits beside it."""

    limits: dict[str, float]
    """Thing -> metres, of the last scene."""

    def __call__(self, folder: Path, scene: Scene) -> Findings:
        """Compare, and keep the limits."""
        words = (str(folder / (scene.aoi or "")), folder / scene.before, folder / scene.after)
        result = compare(*words, sensitivity="quick")
        self.limits.clear()
        curves = result.sensitivity.curves if result.sensitivity else ()
        self.limits.update({c.floor.thing: c.floor.d90_high_m for c in curves if c.floor.d90_high_m is not None})
        return findings(result)


def events(options: argparse.Namespace) -> None:
    """Hold the quick limits against the events of event scenes: how many of those as long or longer were found."""
    folders = [f for f in find(options.scenes) if f.name.endswith("_events")][:: options.every]
    method = Quickly(limits={})
    told: dict[tuple[str, str], Trials] = {}
    for number, folder in enumerate(folders, start=1):
        row = score_scene(folder, method)
        progress(number, len(folders), folder.name)
        for event in row["events"]:
            limit = method.limits.get(event["kind"])
            if limit is None or event["masked"] or (event["blind"] or 0.0) > MASKED:
                continue
            tested = set(event["colour"].removesuffix(" deck").split(" and ")) <= set(COLOURS)
            for group in ("all colours", *(["colours tested"] if tested else [])):
                told.setdefault((event["kind"], group), []).append(
                    (event["length_m"] / limit, event["found"] is not None)
                )
    rows = []
    for (kind, group), trials in sorted(told.items()):
        long, short = ([f for n, f in trials if (n >= 1.0) == side] for side in (True, False))
        rows.append((kind, group, recall_of(long), recall_of(short)))
    print(columns(("thing", "of", "found, as long as the limit or longer", "found, shorter"), rows))


def recall_of(found: Sequence[bool]) -> str:
    """Write a share with its interval."""
    limits = wilson(sum(found), len(found))
    return "-" if limits is None else f"{sum(found)}/{len(found)} ({limits[0]:.0%} to {limits[1]:.0%})"


# --- half-real pairs -------------------------------------------------------------------------------------------------


def half_real(options: argparse.Namespace) -> None:
    """Hold what is stated of real pairs against things put into them by the half-real benchmark's own hands."""
    cache = options.cache or Path(tempfile.mkdtemp(prefix="scenes_"))
    held = [
        h for ground in backgrounds(options.backgrounds.split(",")) for h in _held_half_real(ground, cache, options)
    ]
    print(_lines(held) + "\n\n" + report(held))
    if options.json:
        options.json.write_text(json.dumps([_plain(h) for h in held], indent=1) + "\n", encoding="utf-8")


def _held_half_real(ground: Background, cache: Path, options: argparse.Namespace) -> list[Held]:
    """State the floors of a real pair and put things of these kinds and colours into it."""
    base = cache / f"{ground.name}_sensitivity"
    if not (base / FILE).exists():
        write_scene(base, ground, ground.images, Told(seed=0))
        # A null scene's zones leave out all ground on which a change is not known; here things are put there.
        zones = zones_of(ground, base.name.replace("_", "-"), null=False)
        # Things are put anywhere on its water, not along a quay: that is an anchorage.
        zones = replace(zones, zones=tuple(replace(z, kind=ANCHORED.get(z.kind, z.kind)) for z in zones.zones))
        (base / "aoi.geojson").write_text(json.dumps(zones.to_geojson()) + "\n", encoding="utf-8")
    scene = Scene.load(base)
    begin = time.process_time()
    result = compare(str(base / (scene.aoi or "")), base / scene.before, base / scene.after, sensitivity="full")
    seconds = time.process_time() - begin
    floors = {c.floor.thing: c.floor for c in result.sensitivity.curves} if result.sensitivity else {}
    quick = _quick(str(base / (scene.aoi or "")), base / scene.before, base / scene.after)
    asked = {thing: floor for thing, floor in floors.items() if floor.d90_m is not None}
    trials: dict[str, Trials] = {thing: [] for thing in asked}
    for number in range(math.ceil(3 * options.things / PER_SCENE)):
        lacking = {thing: asked[thing] for thing in asked if len(trials[thing]) < options.things}
        if not lacking:
            break
        folder = cache / f"{ground.name}_sensitivity_{number}"
        if not (folder / FILE).exists():
            _put_in(ground, folder, lacking, number)
            (folder / "aoi.geojson").write_text((base / "aoi.geojson").read_text(encoding="utf-8"), encoding="utf-8")
        for event in score_scene(folder, Compare())["events"]:
            if (event["blind"] or 0.0) <= MASKED and event["kind"] in lacking:
                trials[event["kind"]].append((event["length_m"], event["found"] is not None))
    return _held(ground.name, floors, trials, seconds, quick)


def _put_in(ground: Background, folder: Path, floors: dict[str, Floor], number: int) -> None:
    """Write a real pair with things of some kinds and colours put where they fit."""
    rng = rng_of(number, "held against", ground.name)
    images, puts = list(ground.images), []
    for kind, floor in floors.items():
        for k in range(PER_SCENE):
            assert floor.d50_m is not None
            assert floor.d90_m is not None
            length = float(np.exp(rng.uniform(*np.log((0.75 * floor.d50_m, 2.0 * floor.d90_m)))))
            make = _maker(kind, length, PAINTS[floor.colour or ""], f"event{k}_{kind}", rng)
            for _ in range(200):
                thing = make(*somewhere(ground, rng, kind))
                apart = all(put.thing.footprint.distance(thing.footprint) >= _APART_M for put in puts)
                if apart and fits(thing, ground, puts):
                    puts.append(Put(thing=thing, after=bool(rng.random() < 0.5)))
                    break
    events = []
    for put in puts:
        date = int(put.after)
        done = insert(images[date], ground.transform, put.thing, ground.cameras[date], rng)
        images[date] = done.data
        events.append(event_of(put, ground, done.contrast))
    write_scene(folder, ground, (images[0], images[1]), Told(seed=number, events=tuple(events)))


def _maker(kind: str, length: float, colour: str, name: str, rng: Generator) -> Callable[..., Thing]:
    if kind == "vessel":
        return partial(ship, name, size=(length, length / float(rng.uniform(5.0, 8.0))), deck=colour)
    size = (length, min(float(rng.uniform(5.0, 25.0)), length / 1.5))
    return partial(
        stack, name, size=size, tiers=int(rng.integers(1, 4)), colours=(colour,), seed=int(rng.integers(1 << 30))
    )


# --- what is printed -------------------------------------------------------------------------------------------------


def _lines(held: Sequence[Held]) -> str:
    heads = (
        "pair",
        "thing",
        "colour",
        "stated d90 (limit)",
        "true d90 (limit)",
        "stated / true",
        "found",
        "CPU s",
        "quick",
    )
    return columns(heads, [_row(h) for h in held])


def _row(held: Held) -> tuple[str, ...]:
    true, stated = held.true, held.floor.d90_m
    found = f"{sum(f for _, f in held.trials)} of {len(held.trials)}"
    last = (found, f"{held.seconds:.0f}", _or_dash(held.quick_m))
    said = "-" if stated is None else f"{stated:.1f} ({_or_dash(held.floor.d90_high_m)})"
    if true is None:
        why = held.floor.reason or "-"
        return (held.name, held.thing, held.floor.colour or "-", said, why, "-", *last)
    length = true.length(0.9)
    ratio = "-" if stated is None or not math.isfinite(length) else f"{stated / length:.2f}"
    limits = f"{length:.1f} ({true.upper(0.9):.1f})"
    return (held.name, held.thing, held.floor.colour or "-", said, limits, ratio, *last)


def _or_dash(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def report(held: Sequence[Held]) -> str:
    """Return, by kind of thing, the length stated over that at which nine in ten are found, all pairs as one."""
    rows = []
    for thing in dict.fromkeys(h.thing for h in held):
        own = [h for h in held if h.thing == thing and h.floor.d90_m is not None and h.trials]
        if not own:
            continue
        for name, stated in (
            ("d90", lambda h: h.floor.d90_m),
            ("its limit", lambda h: h.floor.d90_high_m),
            ("quick", lambda h: h.quick_m),
        ):
            scaled = [(n / stated(h), f) for h in own if stated(h) for n, f in h.trials]
            if not scaled:
                continue
            lengths, found = (np.array(v) for v in zip(*scaled, strict=True))
            curve = detection.fit(100.0 * lengths, found)
            inverse = 100.0 / curve.length(0.9)
            beyond = found[lengths >= 1.0]
            inside = sum(_within_asked(h) for h in own)
            rows.append(
                (
                    thing,
                    name,
                    str(len(own)),
                    str(len(found)),
                    f"{inverse:.2f} (at least {100.0 / curve.upper(0.9):.2f})",
                    f"{inside} of {len(own)}" if name == "d90" else "",
                    f"{beyond.mean():.1%} of {len(beyond)}",
                )
            )
    heads = (
        "thing",
        "stated",
        "pairs",
        "things",
        "stated / true, pooled",
        "pairs within 20 %",
        "found, of what is as long or longer",
    )
    return columns(heads, rows)


def _within_asked(held: Held) -> bool:
    true = held.true
    if true is None or held.floor.d90_m is None:
        return False
    return abs(held.floor.d90_m / true.length(0.9) - 1.0) <= ASKED


def _plain(held: Held) -> dict[str, Any]:
    floor = {n: getattr(held.floor, n) for n in ("d50_m", "d90_m", "d99_m", "d90_high_m", "colour", "reason")}
    return {
        "name": held.name,
        "thing": held.thing,
        "floor": floor,
        "trials": held.trials,
        "cpu_s": held.seconds,
        "quick_m": held.quick_m,
    }


# --- what the quick way rests on -------------------------------------------------------------------------------------


def collect(options: argparse.Namespace) -> None:
    """Put a few things of the worst colour by strength into many null scenes, of all lengths."""
    folders = [f for f in find(options.scenes) if f.name.endswith("_null")][:: options.every]
    rows: list[dict[str, Any]] = []
    for number, folder in enumerate(folders, start=1):
        scene = Scene.load(folder)
        kept: list[tuple[Known, list[ZoneState]]] = []
        study = _study_of(folder, scene, kept)
        progress(number, len(folders), scene.name)
        if study is None:
            continue
        outlook = {kind: study.outlook(kind) for kind in study.kinds if kind in options.kinds.split(",")}
        wants = [
            want
            for kind, found in outlook.items()
            for want in study.ladder(kind, found.colour, study.grounds.span_m(kind), options.count)
        ]
        for kind, trials in study.tried(wants).items():
            found = outlook[kind]
            rows.append(
                {
                    "scene": scene.name,
                    "case": scene.case,
                    "thing": KINDS[kind],
                    "colour": found.colour,
                    "strength": found.strength,
                    "rise_px": found.rise_px,
                    "pixel_m": scene.pixel_m,
                    "trials": [(t.length_m, t.found) for t in trials],
                }
            )
        options.json.write_text(json.dumps(rows) + "\n", encoding="utf-8")


def _study_of(folder: Path, scene: Scene, kept: list[Any]) -> pair_missed.Study | None:
    """Return what trials on a scene need; None where no zone can be asked."""
    whole = pair_missed.measure

    def keep(known: Known, zones: Sequence[ZoneState], *, how: str) -> Any:
        asked = [s for s in zones if s.zone.kind in KINDS and not pair_missed.why_silent(s, known)]
        kept.append((known, asked))
        return whole(known, (), how=how)

    pair_missed.measure = keep  # type: ignore[assignment]
    try:
        compare(str(folder / (scene.aoi or "")), folder / scene.before, folder / scene.after, sensitivity="full")
    finally:
        pair_missed.measure = whole
    known, asked = kept[-1]
    return pair_missed.Study.of(known, asked, rng_of(1, "design", scene.name)) if asked else None


def fit(options: argparse.Namespace) -> None:
    """Fit how the middle follows from strength and sharpness, with a spread from pair to pair."""
    rows = json.loads(options.trials.read_text(encoding="utf-8"))
    table = []
    for thing in OF_THING:
        own = [r for r in rows if r["thing"] == thing and r["trials"]]
        best, error = _fitted(own)
        constant, by_strength, by_rise, spread, slope, lapse = best
        table.append(
            (
                thing,
                str(len(own)),
                str(sum(len(r["trials"]) for r in own)),
                *(f"{v:.2f} +- {e:.2f}" for v, e in zip(best[:3], error[:3], strict=True)),
                f"{math.exp(spread):.3f}",
                f"{slope:.2f} +- {error[4]:.2f}",
                f"{1 / (1 + math.exp(-lapse)):.3f}",
            )
        )
        del constant, by_strength, by_rise
    heads = ("thing", "pairs", "things", "constant", "by strength", "by rise", "spread of ln m", "ln slope", "lapse")
    print(columns(heads, table))


def _fitted(rows: list[dict[str, Any]]) -> tuple[np.ndarray, np.ndarray]:
    """Maximise the likelihood with the pair's own middle integrated out (Gauss and Hermite)."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(15)
    weights = weights / weights.sum()
    data = []
    for r in rows:
        lengths, found = (np.array(v) for v in zip(*r["trials"], strict=True))
        at = (math.log(r["strength"] / 15.0), math.log(r["rise_px"] / 2.5))
        data.append((np.log(lengths / r["pixel_m"]), found.astype(bool), at))

    def loss(v: np.ndarray) -> float:
        spread, slope, lapse = math.exp(v[3]), math.exp(v[4]), 1 / (1 + math.exp(-v[5]))
        total = 0.0
        for logs, found, at in data:
            middle = v[0] + v[1] * at[0] + v[2] * at[1] + spread * nodes
            p = (1 - lapse) / (1 + np.exp(-np.clip(slope * (logs[None] - middle[:, None]), -40, 40)))
            p = np.clip(p, 1e-9, 1 - 1e-9)
            each = np.where(found[None], np.log(p), np.log1p(-p)).sum(axis=1)
            top = each.max()
            total -= top + math.log(float(weights @ np.exp(each - top)))
        # Weakly: no covariate matters much, spreads between pairs of a few to some tens of per cent, few lapses.
        prior = 0.5 * (v[1] / 0.5) ** 2 + 0.5 * (v[2] / 1.0) ** 2 + 0.5 * (v[3] - math.log(0.15)) ** 2
        # A step is no steeper than things differ in breadth.
        prior += 0.5 * ((v[4] - 2.5) / 0.4) ** 2
        return total + prior + 0.5 * ((v[5] + 4.0) / 1.5) ** 2

    start = np.array([2.2, 0.0, 0.0, math.log(0.15), 2.0, -4.0])
    best = minimize(loss, start, method="Nelder-Mead", options={"maxiter": 3000, "xatol": 1e-3, "fatol": 1e-3}).x
    exact = minimize(loss, best, method="BFGS")
    return exact.x, np.sqrt(np.maximum(np.diag(exact.hess_inv), 0.0))


def cost(options: argparse.Namespace) -> None:
    """Hold the run's time with quick against that without, and quick's limits against full's d90."""
    rows = []
    for folder in [f for f in find(options.scenes) if f.name.endswith("_null")][:: options.every]:
        scene = Scene.load(folder)
        words = (str(folder / (scene.aoi or "")), folder / scene.before, folder / scene.after)
        taken = {how: _timed(words, how) for how in ("off", "quick")}
        rows.append((scene.name, taken["off"], taken["quick"]))
    table = [(n, f"{off:.2f}", f"{quick:.2f}", f"{quick / off - 1:+.0%}") for n, off, quick in rows]
    off, quick = (sum(r[k] for r in rows) for k in (1, 2))
    table.append(("ALL", f"{off:.2f}", f"{quick:.2f}", f"{quick / off - 1:+.0%}"))
    print(columns(("pair", "off, CPU s", "quick, CPU s", "added"), table))


def _timed(words: tuple[Any, ...], how: str) -> float:
    begin = time.process_time()
    compare(*words, sensitivity=how)
    return time.process_time() - begin


TASKS: dict[str, Callable[[argparse.Namespace], None]] = {
    "rendered": rendered,
    "events": events,
    "half-real": half_real,
    "collect": collect,
    "fit": fit,
    "cost": cost,
}

if __name__ == "__main__":
    main()
