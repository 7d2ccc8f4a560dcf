"""Run a method on scenes of known truth and keep, scene by scene, what came of it, as plain JSON values."""

from __future__ import annotations

import json
import sys
import time
import warnings
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Protocol

from event_scores import MASKED, asked, match
from rasterio.features import rasterize
from scenes import Scene
from shapely import union_all, wkt

from imagery_diff import compare
from imagery_diff.aoi import AOI, reproject
from imagery_diff.params import Params
from imagery_diff.read.aois import load_aoi

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from scenes import Event
    from shapely.geometry.base import BaseGeometry

    from imagery_diff.grid import Grid
    from imagery_diff.result import Comparison, Region

RESULTS_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What a method says of a scene."""

    shapes: tuple[BaseGeometry, ...]
    """Outlines of regions, in ``crs``."""
    features: tuple[dict[str, Any], ...]
    """Of each region: whatever the method knows, plain values; tables use ``direction``, ``length_m``, ``strength``."""
    crs: str | None
    shift_px: tuple[float, float] | None = None
    """Measured (rows, cols), None where not measured."""
    unknown: NDArray[np.bool_] | None = None
    """(row, col) on ``grid``: ground said to be not seen or degraded."""
    blind: NDArray[np.bool_] | None = None
    """(row, col) on ``grid``: ground seen that the method says it did not search."""
    grid: Grid | None = None


class Method(Protocol):
    """Anything that flags changes in a scene."""

    def __call__(self, folder: Path, scene: Scene) -> Findings:
        """Look at a scene; whatever it raises becomes the row's reason."""
        ...


@dataclass(frozen=True, kw_only=True)
class Compare:
    """Our own method: `imagery_diff.compare` in this process."""

    detect: str | None = None
    params: Params = field(default_factory=Params)
    save: Path | None = None
    """Where every comparison's files are kept."""

    def __call__(self, folder: Path, scene: Scene) -> Findings:
        """Compare the two images of a scene."""
        aoi = str(folder / scene.aoi) if scene.aoi else None
        result = compare(aoi, folder / scene.before, folder / scene.after, detect=self.detect, params=self.params)
        if self.save:
            result.save(self.save / scene.name, report=False)
        return findings(result)


def findings(result: Comparison) -> Findings:
    """Return what a comparison says, as any method's."""
    return Findings(
        shapes=tuple(r.geometry for r in result.regions),
        features=tuple(plain(r) for r in result.regions),
        crs=result.grid.crs,
        shift_px=(result.shift.rows, result.shift.cols) if result.shift.measured else None,
        unknown=result.layers.flags != 0,
        blind=result.layers.blind,
        grid=result.grid,
    )


def plain(region: Region) -> dict[str, Any]:
    """Return the fields of a region that are numbers, words, or lists of them."""
    kept = {f.name: getattr(region, f.name) for f in fields(region) if f.name not in {"geometry", "description"}}
    kept = {k: list(v) if isinstance(v, tuple) else v for k, v in kept.items()}
    told = {k: v for k, v in kept.items() if isinstance(v, str | int | float | bool | list | None)}
    return told | {"traits": {k: round(v, 5) for k, v in region.traits.items()}}


def progress(done: int, total: int, word: str) -> None:
    """Draw a bar on stderr."""
    filled = round(30 * done / max(total, 1))
    end = "\n" if done == total else ""
    sys.stderr.write(f"\r[{'#' * filled:30}] {done}/{total} {word[:40]:40}{end}")
    sys.stderr.flush()


def score_scene(folder: Path, method: Method) -> dict[str, Any]:
    """Return everything about one scene that tables and later fits need, as plain JSON values."""
    scene = Scene.load(folder)
    begin = time.process_time()
    row: dict[str, Any] = {
        "name": scene.name,
        "suite": scene.suite,
        "case": scene.case,
        "seed": scene.seed,
        "null": scene.null,
        "zone_km2": scene.zone_km2,
        "pixel_m": scene.pixel_m,
        "error": None,
        "shift_px": scene.shift_px,
        "events": [],
        "regions": [],
    }
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = method(folder, scene)
    except Exception as error:  # noqa: BLE001 - one broken scene must not end a run of hours; it is a row of the table
        events = [_event_row(e) for e in scene.events]
        return row | {"error": f"{type(error).__name__}: {error}", "events": events}
    row["cpu_s"] = round(time.process_time() - begin, 2)
    row["shift_found_px"] = found.shift_px
    zones = _zones(folder, scene, found.crs)
    return row | _scored(scene, found, zones)


def _zones(folder: Path, scene: Scene, crs: str | None) -> BaseGeometry | None:
    """Return the union of all zones in the findings' CRS; None where the scene has none."""
    if scene.aoi is None:
        return None
    aoi: AOI = load_aoi(str(folder / scene.aoi)).in_crs(crs)
    wanted = [z.polygon for z in aoi.zones if z.kind != "ignore"]
    return union_all(wanted) if wanted else None


def _scored(scene: Scene, found: Findings, zones: BaseGeometry | None) -> dict[str, Any]:
    """Match regions to events and say of each what it is."""
    events = [replace(e, outline=reproject(e.outline, scene.crs, found.crs)) for e in scene.events]
    held = match(events, found.shapes, scene.pixel_m if scene.crs else 1.0)
    ignored = None if scene.ignore is None else reproject(scene.ignore, scene.crs, found.crs)
    whose = held.duplicates | {r: e for e, r in held.credited.items()}
    credited = set(held.credited.values())
    regions = []
    for number, features in enumerate(found.features):
        outline = reproject(found.shapes[number], found.crs, scene.crs)
        if number in held.false:
            status = _unmatched(found.shapes[number], features, ignored, zones)
        else:
            status = "matched" if number in credited else "duplicate"
        told = {"status": status, "event": events[whose[number]].id if number in whose else None}
        text = wkt.dumps(outline, rounding_precision=1, trim=True)
        regions.append({**features, **told, "at": _where(outline), "outline": text})
    rows = []
    for number, event in enumerate(events):
        row = _event_row(event) | {
            "unknown": _share_on(found.unknown, event.outline, found),
            "blind": _share_on(found.blind, event.outline, found),
        }
        row["touched"] = number in held.duplicates.values()
        if number in held.credited:
            row |= _credit(event, found.features[held.credited[number]], held.iou[number])
        rows.append(row)
    return {"events": rows, "regions": regions}


def _unmatched(
    shape: BaseGeometry, features: dict[str, Any], ignored: BaseGeometry | None, zones: BaseGeometry | None
) -> str:
    """Say of a region on no event whether it counts."""
    if ignored is not None and _share(shape, ignored) >= 0.5:
        return "ignored"
    if zones is not None and not features.get("zone") and _share(shape, zones) < 0.5:
        return "outside"
    return "false"


def _credit(event: Event, region: dict[str, Any], overlap: float) -> dict[str, Any]:
    """Say how well a region tells of the event it is credited with."""
    length, way = region.get("length_m"), region.get("direction")
    return {
        "found": region.get("id", "unnamed"),
        "iou": round(overlap, 3),
        "direction_ok": None if way is None else way == event.direction,
        "length_error_m": None if length is None else round(length - event.length_m, 1),
    }


def _event_row(event: Event) -> dict[str, Any]:
    names = ("id", "kind", "direction", "length_m", "width_m", "colour", "contrast", "masked_fraction")
    return {n: getattr(event, n) for n in names} | {
        "asked": asked(event.kind, event.length_m),
        "area_m2": round(event.outline.area, 1),
        "masked": event.masked_fraction > MASKED,
        "at": _where(event.outline),
        "found": None,
        "iou": None,
        "direction_ok": None,
        "length_error_m": None,
        "unknown": None,
        "blind": None,
        "touched": False,
    }


def _where(shape: BaseGeometry) -> list[float]:
    centre = shape.centroid
    return [round(centre.x, 1), round(centre.y, 1)]


def _share(shape: BaseGeometry, other: BaseGeometry) -> float:
    shape = shape.buffer(0.0)
    return float(shape.intersection(other).area / shape.area) if shape.area > 0.0 else 0.0


def _share_on(mask: NDArray[np.bool_] | None, outline: BaseGeometry, found: Findings) -> float | None:
    """Return the share of an event's footprint that a mask of the method covers; None where it has none."""
    if mask is None or found.grid is None:
        return None
    transform = found.grid.transform
    on = rasterize([outline], out_shape=found.grid.shape, transform=transform, all_touched=True, dtype="uint8") != 0
    return round(float(mask[on].mean()), 3) if on.any() else 1.0


def save_results(path: Path, results: Sequence[dict[str, Any]], about: dict[str, Any]) -> None:
    """Write results so that two runs can be held against each other."""
    document = {"schema_version": RESULTS_VERSION, **about, "scenes": list(results)}
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
