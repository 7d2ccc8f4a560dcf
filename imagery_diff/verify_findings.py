"""Two results of one run held against each other: the same regions, states, numbers and pixels, or which are not."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from rasterio.io import MemoryFile
from shapely import make_valid
from shapely.errors import ShapelyError
from shapely.geometry import shape

from imagery_diff.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Read = Callable[[str], bytes]

LEAST_IOU = 0.99
"""Overlap, over union, from which two regions are one."""
DN = 0.01
"""One count of evidence.tif's score, spreads of unchanged ground: the second decimal. Regions begin at 5."""
_RELATIVE = 2.0**-12
"""Two of the steps in which evidence.tif writes a score (13 binary places): above 40 they are more than a count."""
_ALIKE, _ALIKE_LEAST = 0.01, 0.05
"""Numbers of a row or a floor that differ by so small a share of themselves, or by so little, are the same."""
_SAME = {
    "regions.geojson": ("direction", "relation", "activity", "zone"),
    "candidates.geojson": ("direction", "activity", "zone"),
}
_ROWS = ("observations.csv", "events.csv")
_SHOWN = 4


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What two results share, and what differs."""

    differences: tuple[str, ...]
    regions: int | None = None
    """Matched one to one; None where there are none to match."""
    least_iou: float | None = None
    zones: int | None = None
    """Whose states are the same."""
    evidence_dn: float | None = None
    """The largest difference of evidence.tif's score, counts of ``DN``."""
    rows: int | None = None
    """Rows of a series that are the same."""


def held_against(then: Read, now: Read, names: frozenset[str]) -> Findings:
    """Hold the files of a rerun (``now``) against those of a run (``then``); ``names`` are those of the run.

    Raises
    ------
    InputError
        If a file is in no form of ours.

    """
    try:
        return _held_against(then, now, names)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, ShapelyError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"a file of the result is in no form of ours ({type(error).__name__})") from error


def _held_against(then: Read, now: Read, names: frozenset[str]) -> Findings:
    differs: list[str] = []
    told: dict[str, Any] = {}
    if "summary.json" in names and "observations.csv" not in names:
        old, new = (json.loads(read("summary.json")) for read in (then, now))
        told["zones"] = _states(old, new, differs)
        told["regions"], told["least_iou"] = _regions(then, now, names, differs)
    if "evidence.tif" in names:
        told["evidence_dn"] = _evidence(then("evidence.tif"), now("evidence.tif"), differs)
    for name in _ROWS:
        if name in names:
            told["rows"] = told.get("rows", 0) + _rows(name, then(name), now(name), differs)
    if "sensitivity.json" in names:
        told["zones"] = _floors(json.loads(then("sensitivity.json")), json.loads(now("sensitivity.json")), differs)
    return Findings(differences=tuple(differs), **told)


def _states(old: Mapping[str, Any], new: Mapping[str, Any], differs: list[str]) -> int:
    before, after = ({zone["name"]: zone["state"] for zone in one["zones"]} for one in (old, new))
    wrong = [n for n in dict.fromkeys((*before, *after)) if before.get(n) != after.get(n)]
    differs += [f"zone {n}: {before.get(n, 'not there')}, now {after.get(n, 'not there')}" for n in wrong[:_SHOWN]]
    return len(before) - sum(n in before for n in wrong)


def _regions(then: Read, now: Read, names: frozenset[str], differs: list[str]) -> tuple[int, float | None]:
    """Match regions one to one; those without a place on the earth by their pixels."""
    name = next((n for n in _SAME if n in names), None)
    if name is None:
        name, keys = "summary.json", _SAME["regions.geojson"]
        olds, news = (
            [(shape(r["pixels"]["geometry"]), r) for r in json.loads(read(name)).get("regions", ())]
            for read in (then, now)
        )
    else:
        keys = _SAME[name]
        olds, news = (
            [(shape(f["geometry"]), f["properties"]) for f in json.loads(read(name))["features"]]
            for read in (then, now)
        )
    left, least, lost = list(range(len(news))), 1.0, []
    for outline, own in olds:
        alike = [k for k in left if all(own[key] == news[k][1][key] for key in keys)]
        best = max(((_iou(outline, news[k][0]), -k) for k in alike), default=(0.0, 0))
        if best[0] < LEAST_IOU:
            lost.append(str(own["id"]))
            continue
        left.remove(-best[1])
        least = min(least, best[0])
    differs += [f"region {i}: not found again" for i in lost[:_SHOWN]]
    differs += [f"region {news[k][1]['id']} of the rerun: not in the result" for k in left[:_SHOWN]]
    matched = len(olds) - len(lost)
    return matched, least if matched else None


def _iou(one: Any, other: Any) -> float:
    one, other = make_valid(one), make_valid(other)
    union = float(one.union(other).area)
    return float(one.intersection(other).area) / union if union > 0 else float(one.equals(other))


def _evidence(old: bytes, new: bytes, differs: list[str]) -> float | None:
    """Return by how many counts the scores differ at most; None where the two cannot be laid on each other."""
    (before, flags, place), (after, other_flags, other_place) = _bands(old), _bands(new)
    if place != other_place or before.shape != after.shape:
        differs.append("evidence.tif: lies on another grid")
        return None
    if not np.array_equal(flags, other_flags):
        differs.append(f"evidence.tif: the flags of {np.count_nonzero(flags != other_flags)} pixels differ")
    told = np.isfinite(before)
    if not np.array_equal(told, np.isfinite(after)):
        differs.append("evidence.tif: change was looked for elsewhere")
        return None
    difference = np.abs(before[told] - after[told])
    over = difference > np.maximum(DN, np.abs(before[told]) * _RELATIVE)
    if over.any():
        differs.append(f"evidence.tif: the score of {np.count_nonzero(over)} pixels differs by more than {DN} spreads")
    return float(difference.max(initial=0.0)) / DN


def _bands(content: bytes) -> tuple[Any, Any, Any]:
    """Return score, flags, and where they lie; from memory, so that nothing is written beside the file."""
    with MemoryFile(content) as memory, memory.open(driver="GTiff") as dataset:
        score = dataset.read(1).astype(np.float64)
        score[score == dataset.nodata] = np.nan
        return score, dataset.read(2), (str(dataset.crs), tuple(dataset.transform))


def _rows(name: str, old: bytes, new: bytes, differs: list[str]) -> int:
    """Compare row by row; return how many are the same."""
    olds, news = ([*csv.DictReader(io.StringIO(content.decode("utf-8"), newline=""))] for content in (old, new))
    if len(olds) != len(news):
        differs.append(f"{name}: {len(olds)} rows, now {len(news)}")
        return 0
    wrong = 0
    for number, (one, other) in enumerate(zip(olds, news, strict=True), start=1):
        # A description says the other cells again, in words.
        keys = [key for key in dict.fromkeys((*one, *other)) if key != "description"]
        unlike = [key for key in keys if not _alike(one.get(key), other.get(key))]
        wrong += bool(unlike)
        if unlike and wrong <= _SHOWN:
            differs.append(f"{name}, row {number}: {', '.join(map(str, unlike[:_SHOWN]))} differ")
    return len(olds) - wrong


def _alike(one: Any, other: Any) -> bool:
    """Say whether two cells are the same: texts to the letter, numbers nearly."""
    if one == other:
        return True
    try:
        a, b = float(one), float(other)
    except (TypeError, ValueError):
        return False
    return abs(a - b) <= max(_ALIKE_LEAST if abs(a) >= 1 else _ALIKE, _ALIKE * abs(a))


def _floors(old: Mapping[str, Any], new: Mapping[str, Any], differs: list[str]) -> int:
    before, after = ({z["name"]: z["floors"] for z in one["zones"]} for one in (old, new))
    wrong = [n for n in dict.fromkeys((*before, *after)) if not _same_floors(before.get(n), after.get(n))]
    differs += [f"zone {n}: the floor is another" for n in wrong[:_SHOWN]]
    return len(before) - sum(n in before for n in wrong)


def _same_floors(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same_floors(one[key], other[key]) for key in one)
    return _alike(one, other)
