"""`timeline` on the two real series at hand: eight dates of Venice against marks, 68 of a Slovenian field.

    python benchmarks/real_series.py venice [--json FILE]
    python benchmarks/real_series.py slovenia [--looks 8 16 34 68] [--steps N] [--json FILE]

venice: pictures without a CRS become temporary GeoTIFFs in UTM 33 N (position assumed, good to some hundred metres at
best; 10 m a pixel and 10:10 UTC assumed too). Twelve berths (`venice_berths.json`) are scored against marks made by eye
before the first run (`venice_marks_first.csv`), where a second marker who did not see them agrees
(`venice_marks_second.csv`); without the second file against the first alone, and the table says so.

slovenia: a stack of NDVI with cloud masks becomes dated files of one band, each with its mask. Twelve squares are drawn
by a fixed seed (:func:`squares`), yards all: of stockpiles nothing is said at pixels of 10 m. Plants are masked by red
and near infrared alone, so one band of NDVI has no such mask to turn off. Nothing comes or goes there but crops, so
every event is invented. Then, in a copy, the NDVI of 80 x 40 m in the middle of a square falls to 0.1 from one date on.

The series are looked for at $IMAGERY_DIFF_DATA or ../shared/data; where one is absent the command says so and ends.
Each run is a process of its own, so that its peak memory is its own; CPU seconds are those of `timeline` alone.
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import warnings
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from accuracy_tables import grid as columns
from accuracy_tables import poisson, share
from affine import Affine
from pyproj import Transformer
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    Marks = dict[tuple[str, str], str]
    """(berth, date) -> yes, no or unclear."""
    Ring = list[tuple[float, float]]

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("IMAGERY_DIFF_DATA", HERE.parents[1] / "shared" / "data")) / "series"
CRS = "EPSG:32633"
VENICE_CORNER = (288_550.0, 5_036_530.0)
"""Of the upper left pixel, metres: Piazza San Marco (45.434 N 12.338 E), from memory, at column 323 and row 192."""
VENICE_HOUR = "10:10"
"""UTC, when Sentinel-2 passes there; the pictures carry a date alone."""
PIXEL_M = 10.0
SEED, SIDES_M, ACROSS, DOWN = 7, (80.0, 100.0), 4, 3
STEP_M, STEP_NDVI, STEP_NOISE = (80.0, 40.0), 0.1, 0.01
CLEAR = 0.8
"""Share of a look that must be clear for the step to begin on it."""
SAID = ("yes", "no", "unknown")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What was said of a zone on a look."""

    zone: str
    date: str
    state: str
    reason: str
    things: tuple[str, ...]
    """Kind and length of each."""
    kinds: tuple[str, ...]
    lengths_m: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Told:
    """What `timeline` said of a series, in plain values that pass from process to process, and what it took."""

    looks: int
    refused: dict[str, str]
    """Date -> why nothing is said of a look."""
    cells: tuple[Cell, ...]
    events: tuple[dict[str, str], ...]
    expected_false: float | None
    closures_m: tuple[float, ...]
    """By how much three looks fail to close, of each look of which that was measured."""
    caveats: tuple[str, ...]
    cpu_s: float
    base_mb: float
    """10^6 bytes, before the first image is opened: Python and its libraries."""
    peak_mb: float


@dataclass(frozen=True, kw_only=True)
class Image:
    """A file of a series, with the mask that goes with it."""

    path: Path
    mask: Path | None = None


# --- running ---------------------------------------------------------------------------------------------------------


def told(aoi: Path, images: Sequence[Image]) -> Told:
    """Run `timeline` in a process of its own.

    Raises
    ------
    RuntimeError
        With what the process said, if it did not end well.

    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_tell, args=(theirs, aoi, list(images)))
    process.start()
    theirs.close()
    try:
        answer = ours.recv()
    except EOFError:
        answer = "the process ended without an answer"
    process.join()
    if isinstance(answer, Told):
        return answer
    raise RuntimeError(answer)


def _tell(pipe: Any, aoi: Path, images: list[Image]) -> None:
    from imagery_diff.errors import ImageryDiffError  # noqa: PLC0415 - loaded in the child, whose memory is measured

    warnings.simplefilter("ignore")
    try:
        pipe.send(_measured(aoi, images))
    except ImageryDiffError as error:
        pipe.send(f"{type(error).__name__}: {error}")


def _measured(aoi: Path, images: list[Image]) -> Told:
    from imagery_diff import timeline  # noqa: PLC0415
    from imagery_diff.read.given import Given  # noqa: PLC0415
    from imagery_diff.read.scenes import open_scene  # noqa: PLC0415

    def used() -> tuple[float, float]:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6

    cpu, base = used()
    story = timeline(aoi, [open_scene(i.path, Given(mask=i.mask)) for i in images])
    after, peak = used()
    dates = {look.number: _day(look.time) for look in story.looks}
    cells = tuple(
        Cell(
            zone=c.zone.name,
            date=dates[c.look],
            state=next((s for s in c.states.values() if s != "na"), "na"),
            reason=c.reason or "",
            things=tuple(f"{t.kind} ({t.region.activity}) {t.region.length_m:.0f} m" for t in c.things),
            kinds=tuple(t.kind for t in c.things),
            lengths_m=tuple(round(t.region.length_m, 1) for t in c.things),
        )
        for c in story.cells
    )
    events = tuple(
        {
            "event": e.event,
            "zone": e.zone,
            "not_before": _day(e.not_before) if e.not_before else "",
            "not_after": _day(e.not_after),
            "length_m": "" if e.length_m is None else f"{e.length_m:.0f}",
        }
        for e in story.events
    )
    return Told(
        looks=len(story.looks),
        refused={dates[look.number]: look.refused for look in story.looks if look.refused},
        cells=cells,
        events=events,
        expected_false=story.expected_false,
        closures_m=tuple(look.closure_m for look in story.looks if look.closure_m is not None),
        caveats=story.caveats,
        cpu_s=after - cpu,
        base_mb=base,
        peak_mb=peak,
    )


def _day(time: Any) -> str:
    return f"{time:%Y-%m-%d %H:%M}"


def cost_table(runs: Iterable[Told]) -> str:
    """Return seconds and memory by the number of looks."""
    rows = [
        (
            str(t.looks),
            str(t.looks - len(t.refused)),
            f"{t.cpu_s:.1f}",
            f"{t.cpu_s / t.looks:.2f}",
            f"{t.cpu_s / max(t.looks - len(t.refused), 1):.2f}",
            f"{t.base_mb:.0f}",
            f"{t.peak_mb:.0f}",
        )
        for t in runs
    ]
    return columns(("looks", "used", "CPU s", "a look", "a look used", "MB before", "peak MB"), rows)


def closures(run: Told) -> str:
    """Return by how much three looks fail to close."""
    if not run.closures_m:
        return "closure of three looks: not measured"
    middle, most = float(np.median(run.closures_m)), max(run.closures_m)
    over = sum(c > PIXEL_M for c in run.closures_m)
    said = f"closure of three looks: median {middle:.1f} m, at most {most:.1f} m"
    return f"{said}, more than a pixel on {over} of {len(run.closures_m)}"


def write_aoi(path: Path, name: str, zones: Sequence[tuple[str, str, Ring]], accuracy_m: float, source: str) -> Path:
    """Write an AOI file of zones (name, kind, ring in :data:`CRS`); its outline is their box and 100 m around it."""
    to_degrees = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    corners = np.array([p for _, _, ring in zones for p in ring])
    (west, south), (east, north) = corners.min(axis=0) - 100.0, corners.max(axis=0) + 100.0
    around = [(west, south), (east, south), (east, north), (west, north)]

    def feature(ring: Ring, **said: Any) -> dict[str, Any]:
        points = [list(to_degrees.transform(*p)) for p in [*ring, ring[0]]]
        said |= {"accuracy_m": accuracy_m, "source": source}
        return {"type": "Feature", "properties": said, "geometry": {"type": "Polygon", "coordinates": [points]}}

    features = [feature(around, role="aoi", name=name, timezone="Europe/Rome")]
    features += [feature(ring, role="zone", name=zone, kind=kind, located=True) for zone, kind, ring in zones]
    document = {"type": "FeatureCollection", "schema_version": "1.0", "features": features}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


# --- Venice ----------------------------------------------------------------------------------------------------------


def venice_images(source: Path, folder: Path) -> list[Image]:
    """Write the dated pictures as GeoTIFFs at an assumed position, the black wedge as no data."""
    images = []
    for picture in sorted(source.glob("20*.png")):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(picture) as file:
                data = file.read((1, 2, 3))
        path = folder / f"venice_{picture.stem}.tif"
        profile = {"driver": "GTiff", "dtype": "uint8", "count": 3, "nodata": 0, "photometric": "RGB"}
        place = Affine(PIXEL_M, 0.0, VENICE_CORNER[0], 0.0, -PIXEL_M, VENICE_CORNER[1])
        with rasterio.open(
            path, "w", **profile, height=data.shape[1], width=data.shape[2], crs=CRS, transform=place
        ) as file:
            file.write(data)
            file.colorinterp = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)
            file.update_tags(acquired=f"{picture.stem}T{VENICE_HOUR}:00Z")
        images.append(Image(path=path))
    return images


def venice_zones(document: Mapping[str, Any]) -> list[tuple[str, str, Ring]]:
    """Return the berths with their outlines at the assumed position."""
    (x, y), size = VENICE_CORNER, document["pixel_m"]
    return [
        (b["name"], b["kind"], [(x + size * col, y - size * row) for col, row in b["pixels"]])
        for b in document["berths"]
    ]


def read_marks(path: Path, column: str = "state") -> Marks:
    """Read what a marker said of each berth on each date."""
    with path.open(encoding="utf-8", newline="") as file:
        return {(row["berth"], row["date"]): row[column] for row in csv.DictReader(file)}


def kappa(pairs: Sequence[tuple[str, str]]) -> float:
    """Return the agreement of two markers beyond chance (Cohen 1960, 10.1177/001316446002000104).

    >>> kappa([("yes", "yes"), ("no", "no"), ("no", "yes"), ("no", "no")])
    0.5

    """
    agreed = sum(a == b for a, b in pairs) / len(pairs)
    one, other = (Counter(pair[side] for pair in pairs) for side in (0, 1))
    chance = sum(one[state] * other[state] for state in one) / len(pairs) ** 2
    return (agreed - chance) / (1.0 - chance) if chance < 1.0 else 1.0


def agreement(first: Marks, second: Marks) -> str:
    """Say how far two markers agree, over all cells and over those that neither calls unclear."""
    keys = [k for k in first if k in second]
    lines = []
    for what, chosen in (
        ("all cells", keys),
        ("where neither says unclear", [k for k in keys if "unclear" not in {first[k], second[k]}]),
    ):
        pairs = [(first[k], second[k]) for k in chosen]
        agreed = sum(a == b for a, b in pairs)
        lines.append(f"{what}: {share(agreed, len(pairs))}, kappa {kappa(pairs):.2f}")
    counted = Counter((first[k], second[k]) for k in keys)
    states = ("yes", "no", "unclear")
    table = [(a, *(str(counted[a, b]) for b in states)) for a in states]
    apart = [(*k, first[k], second[k]) for k in keys if first[k] != second[k]]
    lines.append(columns(("first", *(f"second {s}" for s in states)), table))
    if apart:
        lines.append("They differ on\n" + columns(("berth", "date", "first", "second"), apart))
    return "\n".join(lines)


def scored(run: Told, truth: Marks) -> str:
    """Return what was said beside what was marked, and each wrong cell."""
    cells = [(c, truth[c.zone, c.date[:10]]) for c in run.cells if (c.zone, c.date[:10]) in truth]
    counted = Counter((mark, c.state) for c, mark in cells)
    doubtful = Counter(mark for c, mark in cells if c.state == "unknown" and c.things)
    rows = []
    for mark in ("yes", "no"):
        said = [counted[mark, s] for s in SAID]
        rows.append((mark, *map(str, said), str(doubtful[mark]), share(counted[mark, mark], sum(said))))
    header = ("marked", *(f"said {s}" for s in SAID), "of it with an unclear thing", "right (95 %, Wilson)")
    parts = [columns(header, rows)]
    for state, mark in (("no", "yes"), ("yes", "no")):
        wrong = [(c.zone, c.date[:10], "; ".join(c.things)) for c, m in cells if (c.state, m) == (state, mark)]
        listed = columns(("berth", "date", "told"), wrong) if wrong else "none"
        parts.append(f"Wrong {state}: marked {mark}\n{listed}")
    why: Counter[tuple[str, str]] = Counter((m, c.reason) for c, m in cells if c.state == "unknown")
    rows = [(m, str(n), reason) for (m, reason), n in why.most_common()]
    parts.append("Unknown, by reason\n" + (columns(("marked", "cells", "reason"), rows) if rows else "none"))
    by_berth = []
    for zone in dict.fromkeys(c.zone for c in run.cells):
        line = [(c.state[0] if c.state != "unknown" else "?") for c in run.cells if c.zone == zone]
        marks = [truth.get((c.zone, c.date[:10]), "-")[0] for c in run.cells if c.zone == zone]
        by_berth.append((zone, " ".join(line), " ".join(marks)))
    title = "By berth, in the order of time (y yes, n no, ? unknown, - not scored)"
    parts.append(title + "\n" + columns(("berth", "said", "marked"), by_berth))
    return "\n\n".join(parts)


def events_scored(run: Told, truth: Marks) -> str:
    """Return how many arrivals and departures the marks bear out, contradict, or cannot tell of.

    Of an arrival the marks must say no on the look before its window and yes on the one that ends it, of a departure
    the other way round; no on the look that is said to show the vessel contradicts.
    """
    counted: Counter[tuple[str, str]] = Counter()
    for event in run.events:
        if event["event"] not in {"vessel_arrived", "vessel_departed"}:
            continue
        ends = [event["not_before"][:10], event["not_after"][:10]]
        with_it, without = reversed(ends) if event["event"] == "vessel_arrived" else ends
        there, gone = (truth.get((event["zone"], date)) for date in (with_it, without))
        verdict = "wrong" if there == "no" else "right" if (there, gone) == ("yes", "no") else "not told by the marks"
        counted[event["event"], verdict] += 1
    verdicts = ("right", "wrong", "not told by the marks")
    rows = [(e, *(str(counted[e, v]) for v in verdicts)) for e in ("vessel_arrived", "vessel_departed")]
    return "Events against the marks\n" + columns(("event", *verdicts), rows)


def lengths_table(run: Told, truth: Marks, lengths: Marks) -> str:
    """Return the length of the longest vessel told beside the length marked, good to a pixel or two."""
    rows = []
    for cell in run.cells:
        key = (cell.zone, cell.date[:10])
        own = [n for kind, n in zip(cell.kinds, cell.lengths_m, strict=True) if kind == "vessel"]
        if truth.get(key) == cell.state == "yes" and lengths[key] and own:
            rows.append((*key, lengths[key], f"{max(own):.0f}", f"{max(own) - float(lengths[key]):+.0f}"))
    header = ("berth", "date", "marked, m", "told, m", "off")
    return "Lengths of the vessels that were marked and told\n" + (columns(header, rows) if rows else "none")


def venice(_options: argparse.Namespace) -> dict[str, Any]:
    """Score eight dates of the port of Venice against marks."""
    source = DATA / "venice_s2_rgb"
    if not source.is_dir():
        sys.exit("skipped: no series venice_s2_rgb; set IMAGERY_DIFF_DATA to the shared data folder")
    first, second = (HERE / f"venice_marks_{n}.csv" for n in ("first", "second"))
    truth = one = read_marks(first)
    print(f"Position assumed: corner {VENICE_CORNER} in {CRS}, pixels of 10 m; hour assumed: {VENICE_HOUR} UTC\n")
    if second.is_file():
        other = read_marks(second)
        print(f"Agreement of the two markers\n{agreement(one, other)}\n")
        truth = {k: state for k, state in one.items() if other.get(k) == state}
        print("Scored where both markers agree and say yes or no")
    else:
        print("No second marks: scored against the first alone, where they say yes or no")
    truth = {k: state for k, state in truth.items() if state != "unclear"}
    with tempfile.TemporaryDirectory() as scratch:
        images = venice_images(source, Path(scratch))
        zones = venice_zones(json.loads((HERE / "venice_berths.json").read_text(encoding="utf-8")))
        aoi = write_aoi(Path(scratch) / "venice.geojson", "venice", zones, 10.0, "drawn by eye on the eight dates")
        runs = [told(aoi, images[:count]) for count in (4, len(images))]
    lengths = lengths_table(runs[-1], truth, read_marks(first, "length_m"))
    print(f"\n{scored(runs[-1], truth)}\n\n{lengths}\n\n{events_scored(runs[-1], truth)}")
    print(f"\n{events_table(runs[-1].events)}\n\n{closures(runs[-1])}\n\nCost\n{cost_table(runs)}")
    print("\nCaveats\n" + "\n".join(runs[-1].caveats))
    return {"runs": [asdict(r) for r in runs]}


def events_table(events: Iterable[Mapping[str, str]]) -> str:
    """Return events with their windows."""
    rows = [tuple(e.values()) for e in events]
    header = ("event", "zone", "not before", "not after", "length, m")
    return "Events\n" + (columns(header, rows) if rows else "none")


# --- Slovenia --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, eq=False)
class Stack:
    """The whole series."""

    dates: tuple[str, ...]
    """UTC, as Python's ISO format."""
    ndvi: NDArray[np.float32]
    """(look, row, col)"""
    cloud: NDArray[np.uint8]
    """(look, row, col), 0 = clear"""
    transform: Affine

    @classmethod
    def read(cls, folder: Path) -> Stack:
        """Read a folder laid out as ``s2_slovenia_ndvi68`` is."""
        dates = json.loads((folder / "meta.json").read_text(encoding="utf-8"))["dates"]
        with rasterio.open(folder / "ndvi.tif") as file:
            ndvi, transform = file.read(), file.transform
        with rasterio.open(folder / "cloud_mask.tif") as file:
            cloud = file.read()
        return cls(dates=tuple(dates), ndvi=ndvi, cloud=cloud, transform=transform)

    @property
    def clear(self) -> NDArray[np.float64]:
        """Share of each look that is clear."""
        return np.asarray((self.cloud == 0).mean(axis=(1, 2)))

    def write(self, folder: Path) -> list[Image]:
        """Write a file of one band and a mask for each look."""
        folder.mkdir(parents=True, exist_ok=True)
        images = []
        for date, ndvi, cloud in zip(self.dates, self.ndvi, self.cloud, strict=True):
            name = date.replace("-", "").replace(":", "")
            image = Image(path=folder / f"ndvi_{name}Z.tif", mask=folder / f"cloud_{name}Z.tif")
            assert image.mask is not None
            rows, cols = ndvi.shape
            profile = {"driver": "GTiff", "count": 1, "height": rows, "width": cols}
            place = {"crs": CRS, "transform": self.transform}
            with rasterio.open(image.path, "w", **profile, **place, dtype="float32") as file:
                file.write(ndvi, 1)
                file.update_tags(acquired=f"{date}Z")
            with rasterio.open(image.mask, "w", **profile, **place, dtype="uint8") as file:
                file.write(cloud, 1)
            images.append(image)
        return images

    def with_step(self, ring: Ring, start: int) -> Stack:
        """Let the NDVI of a rectangle in the middle of a square fall, from one look on, where it is clear."""
        middle = np.mean(ring, axis=0)
        rows, cols = np.indices(self.ndvi.shape[1:]) + 0.5
        x, y = self.transform @ (cols, rows)
        inside = (abs(x - middle[0]) <= STEP_M[0] / 2) & (abs(y - middle[1]) <= STEP_M[1] / 2)
        ndvi, rng = self.ndvi.copy(), np.random.default_rng(SEED)
        for k in range(start, len(ndvi)):
            fallen = STEP_NDVI + STEP_NOISE * rng.standard_normal(inside.shape)
            ndvi[k] = np.where(inside & (self.cloud[k] == 0), fallen, ndvi[k])
        return replace(self, ndvi=ndvi)


def squares(stack: Stack) -> list[tuple[str, str, Ring]]:
    """Draw twelve squares of 80 to 100 m, one in each field of a 4 x 3 grid of the stack, 20 m from its sides."""
    rng = np.random.default_rng(SEED)
    rows, cols = stack.ndvi.shape[1:]
    (left, top), (right, bottom) = stack.transform @ (0, 0), stack.transform @ (cols, rows)
    wide, high, found = (right - left) / ACROSS, (top - bottom) / DOWN, []
    for n in range(ACROSS * DOWN):
        side = rng.uniform(*SIDES_M)
        x = left + wide * (n % ACROSS) + rng.uniform(20.0, wide - side - 20.0)
        y = top - high * (n // ACROSS) - rng.uniform(20.0, high - side - 20.0)
        ring = [(x, y), (x + side, y), (x + side, y - side), (x, y - side)]
        found.append((f"z{n + 1:02d}", "yard", ring))
    return found


def slovenia(options: argparse.Namespace) -> dict[str, Any]:
    """Count what is invented where only crops change, and put in a step."""
    source = DATA / "s2_slovenia_ndvi68"
    if not source.is_dir():
        sys.exit("skipped: no series s2_slovenia_ndvi68; set IMAGERY_DIFF_DATA to the shared data folder")
    stack = Stack.read(source)
    zones = squares(stack)
    # The first clear look of the last third.
    start = next(k for k in range(2 * len(stack.dates) // 3, len(stack.dates)) if stack.clear[k] >= CLEAR)
    with tempfile.TemporaryDirectory() as scratch:
        aoi = write_aoi(Path(scratch) / "fields.geojson", "fields", zones, 5.0, "drawn by a fixed seed")
        images = stack.write(Path(scratch) / "as_it_is")
        runs = []
        for count in options.looks:
            runs.append(told(aoi, images[:count]))
            print(f"{count} looks: {runs[-1].cpu_s:.1f} CPU s", file=sys.stderr)
        print(f"As it is\n{invented(runs[-1])}\n{closures(runs[-1])}\n\nCost\n{cost_table(runs)}")
        print("\nCaveats\n" + "\n".join(runs[-1].caveats))
        steps = []
        for name, kind, ring in zones[: options.steps]:
            changed = stack.with_step(ring, start).write(Path(scratch) / name)
            steps.append((name, told(aoi, changed)))
            was = float(np.median(stack.ndvi[start][_inside(stack, ring)]))
            print(f"\nA step in {name} ({kind}), NDVI {was:.2f} -> {STEP_NDVI}, first on {stack.dates[start]}")
            print(of_step(name, steps[-1][1], runs[-1]))
        if steps:
            print(f"\n{steps_table(steps, runs[-1], stack.dates[start])}")
    return {"runs": [asdict(r) for r in runs], "steps": {name: asdict(run) for name, run in steps}}


def steps_table(steps: Iterable[tuple[str, Told]], before: Told, start: str) -> str:
    """Return for each step whether an event tells it, in which window, and what else is told of its zone anew."""
    moment, rows = start[:16].replace("T", " "), []
    for zone, run in steps:
        new = [e for e in _new(run, before) if e["zone"] == zone and e["not_after"] >= moment]
        came = [e for e in new if e["event"] == "cargo_appeared"]
        right = next((e for e in came if e["not_before"] < moment <= e["not_after"]), None)
        told_of = (right["not_before"], right["not_after"], right["length_m"]) if right else ("not told", "", "")
        counted = Counter(e["event"] for e in new if e is not right)
        seen = [c for c in run.cells if c.zone == zone and c.date >= moment and c.date not in run.refused]
        yes = f"{sum(c.state == 'yes' for c in seen)}/{len(seen)}"
        rows.append((zone, *told_of, str(counted["cargo_appeared"]), str(counted["cargo_disappeared"]), yes))
    header = ("zone", "not before", "not after", "length, m", "came again", "went", "yes, looks used")
    told = sum(row[1] != "not told" for row in rows)
    return f"Steps told with a window that holds them: {told} of {len(rows)}\n" + columns(header, rows)


def _new(run: Told, before: Told) -> list[dict[str, str]]:
    """Return events that the series without the step has not."""
    old = {tuple(e.values()) for e in before.events}
    return [e for e in run.events if tuple(e.values()) not in old]


def _inside(stack: Stack, ring: Ring) -> NDArray[np.bool_]:
    rows, cols = np.indices(stack.ndvi.shape[1:]) + 0.5
    x, y = stack.transform @ (cols, rows)
    (west, north), (east, south) = ring[0], ring[2]
    return np.asarray((x >= west) & (x <= east) & (y >= south) & (y <= north))


def invented(run: Told) -> str:
    """Return what was told of ground on which nothing came or went."""
    used = run.looks - len(run.refused)
    things = Counter(kind for c in run.cells for kind in c.kinds)
    states = Counter(c.state for c in run.cells)
    named = Counter(e["event"] for e in run.events)
    cells, rates = len(run.cells), [poisson(len(run.events), n) for n in (used, run.looks)]
    doubtful = poisson(things["unclear"], used)
    reasons = Counter(c.reason for c in run.cells if c.state == "unknown").most_common()
    lines = [
        f"{run.looks} looks, {used} used, {len({c.zone for c in run.cells})} zones",
        f"events: {len(run.events)}, {rates[0]} a look used (95 %, Garwood), {rates[1]} a look given",
        "  " + (", ".join(f"{n} {name}" for name, n in named.most_common()) or "none"),
        f"expected by the run itself, things: {run.expected_false}",
        f"cells: yes {share(states['yes'], cells)}, no {states['no']}, unknown {states['unknown']} of {cells}",
        f"things told: {things['cargo']} cargo; apart from them {things['unclear']} unclear, {doubtful} a look used",
        "",
        events_table(run.events),
        "",
        "Unknown, by reason",
        columns(("cells", "reason"), [(str(n), why) for why, n in reasons]),
    ]
    return "\n".join(lines)


def of_step(zone: str, run: Told, before: Told) -> str:
    """Return what is told of the zone with the step, and what else came with it."""
    here = [e for e in run.events if e["zone"] == zone]
    told_of = [(c.date, c.state, "; ".join(c.things), c.reason) for c in run.cells if c.zone == zone and c.things]
    new = _new(run, before)
    other = sum(e["zone"] != zone for e in new)
    lines = [
        events_table(here),
        columns(("look", "state", "things", "reason"), told_of) if told_of else "nothing is told in it",
        f"events that the series without the step has not: {len(new)}, in other zones {other}",
    ]
    return "\n".join(lines)


def main(words: Sequence[str] | None = None) -> None:
    """Run one of the two."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("venice", help="eight dates against marks")
    other = commands.add_parser("slovenia", help="68 dates on which nothing comes or goes, and a step")
    other.add_argument("--looks", type=int, nargs="+", default=[8, 16, 34, 68], help="the first so many, each a run")
    other.add_argument("--steps", type=int, default=1, help="in so many zones, each a run of all dates")
    for command, run in ((one, venice), (other, slovenia)):
        command.add_argument("--json", type=Path, help="write the figures to this file")
        command.set_defaults(run=run)
    options = parser.parse_args(words)
    figures = options.run(options)
    if options.json:
        options.json.write_text(json.dumps({"schema_version": 1, **figures}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
