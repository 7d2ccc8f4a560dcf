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
from shapely import union_all

from imagery_diff import compare
from imagery_diff.aoi import AOI, reproject
from imagery_diff.errors import ImageryDiffError
from imagery_diff.params import Params
from imagery_diff.read.aois import load_aoi

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from imagery_diff.grid import Grid
    from imagery_diff.result import Region

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
    grid: Grid | None = None


class Method(Protocol):
    """Anything that flags changes in a scene."""

    def __call__(self, folder: Path, scene: Scene) -> Findings:
        """Look at a scene; raise `ImageryDiffError` where it cannot."""
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
        return Findings(
            shapes=tuple(r.geometry for r in result.regions),
            features=tuple(plain(r) for r in result.regions),
            crs=result.grid.crs,
            shift_px=(result.shift.rows, result.shift.cols) if result.shift.measured else None,
            unknown=result.layers.flags != 0,
            grid=result.grid,
        )


def plain(region: Region) -> dict[str, Any]:
    """Return the fields of a region that are numbers, words, or lists of them."""
    kept = {f.name: getattr(region, f.name) for f in fields(region) if f.name not in {"geometry", "description"}}
    kept = {k: list(v) if isinstance(v, tuple) else v for k, v in kept.items()}
    return {k: v for k, v in kept.items() if isinstance(v, str | int | float | bool | list | None)}


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
    except (ImageryDiffError, ValueError, ArithmeticError, LookupError, MemoryError) as error:
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
    pixel = scene.pixel_m if scene.crs else 1.0
    held = match(events, found.shapes, pixel)
    ignored = None if scene.ignore is None else reproject(scene.ignore, scene.crs, found.crs)
    status = ["false"] * len(found.shapes)
    whose: dict[int, int] = held.duplicates | {r: e for e, r in held.credited.items()}
    for number in held.duplicates:
        status[number] = "duplicate"
    for number in held.credited.values():
        status[number] = "matched"
    for number in held.false:
        shape = found.shapes[number]
        if ignored is not None and _share(shape, ignored) >= 0.5:
            status[number] = "ignored"
        elif zones is not None and not found.features[number].get("zone") and _share(shape, zones) < 0.5:
            status[number] = "outside"
    regions = [
        {**features, "status": s, "event": events[whose[n]].id if n in whose else None, "at": _where(found.shapes[n])}
        for n, (features, s) in enumerate(zip(found.features, status, strict=True))
    ]
    rows = []
    for number, event in enumerate(events):
        row = _event_row(event)
        if number in held.credited:
            region = found.features[held.credited[number]]
            row |= {
                "found": region.get("id", str(held.credited[number])),
                "iou": round(held.iou[number], 3),
                "direction_ok": _same(region.get("direction"), event.direction),
                "length_error_m": _difference(region.get("length_m"), event.length_m),
            }
        row["unknown"] = _unknown(event.outline, found)
        row["touched"] = number in held.duplicates.values()
        rows.append(row)
    return {"events": rows, "regions": regions}


def _event_row(event: Any) -> dict[str, Any]:
    names = ("id", "kind", "direction", "length_m", "width_m", "colour", "contrast", "masked_fraction")
    return {n: getattr(event, n) for n in names} | {
        "asked": asked(event.kind, event.length_m),
        "masked": event.masked_fraction > MASKED,
        "at": _where(event.outline),
        "found": None,
        "iou": None,
        "direction_ok": None,
        "length_error_m": None,
        "unknown": None,
        "touched": False,
    }


def _where(shape: BaseGeometry) -> list[float]:
    centre = shape.centroid
    return [round(centre.x, 1), round(centre.y, 1)]


def _same(said: str | None, truth: str) -> bool | None:
    """Say whether a direction is right; None where the method tells none."""
    return None if said is None else said == truth


def _difference(value: float | None, truth: float) -> float | None:
    return None if value is None else round(value - truth, 1)


def _share(shape: BaseGeometry, other: BaseGeometry) -> float:
    shape = shape.buffer(0.0)
    return float(shape.intersection(other).area / shape.area) if shape.area > 0.0 else 0.0


def _unknown(outline: BaseGeometry, found: Findings) -> float | None:
    """Return the share of an event's footprint that the method says it did not see well; None where it cannot say."""
    if found.unknown is None or found.grid is None:
        return None
    transform = found.grid.transform
    on = rasterize([outline], out_shape=found.grid.shape, transform=transform, all_touched=True, dtype="uint8") != 0
    return round(float(found.unknown[on].mean()), 3) if on.any() else 1.0


def save_results(path: Path, results: Sequence[dict[str, Any]], about: dict[str, Any]) -> None:
    """Write results so that two runs can be held against each other."""
    document = {"schema_version": RESULTS_VERSION, **about, "scenes": list(results)}
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
