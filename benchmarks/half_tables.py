"""Tables of the half-real suite: what is found of the things put in, and what is flagged where nothing is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accuracy_tables import grid, poisson, recall

if TYPE_CHECKING:
    from collections.abc import Sequence

    Row = dict[str, Any]

ASKED_M, ASKED_PIXEL_M = 60.0, 3.0
"""Things at least so long, in pixels of this size, are what is asked for."""


def half_real(results: Sequence[Row]) -> str:
    """Return a row for each background, one for each scale, and the two figures that are asked for."""
    names = list(dict.fromkeys(r["case"] for r in results))
    rows = [_row(n, [r for r in results if r["case"] == n]) for n in names]
    scales = sorted({r["pixel_m"] for r in results})
    rows += [_row(f"ALL {s:g} m", [r for r in results if r["pixel_m"] == s]) for s in scales]
    header = ["background", "scenes", f"found, >= {ASKED_M:g} m", "found, shorter", "false in event scenes (km2)"]
    header += ["nulls", "km2", "false in nulls", "per km2 (95 %)"]
    fine = [r for r in results if r["pixel_m"] == ASKED_PIXEL_M]
    nulls = [r for r in results if r["null"]]
    count, km2 = _false(nulls), _km2(nulls)
    lines = [
        f"things >= {ASKED_M:g} m at {ASKED_PIXEL_M:g} m a pixel found: {recall(_long(fine))}",
        f"false regions over all nulls at their own scale: {count} in {km2:.1f} km2, {poisson(count, km2)} per km2",
        "all scenes are real images that were altered or cut: ALTERED, NOT AS RECEIVED",
    ]
    return "\n".join(["Half-real", grid(header, rows), *lines, "", _kinds(fine)])


def _kinds(results: Sequence[Row]) -> str:
    """Return recall by kind at the asked scale, ships that are moored apart from those that lie free."""
    groups: dict[str, list[Row]] = {}
    for event in (e for r in results for e in r["events"]):
        groups.setdefault(event["kind"] + (", moored" if event["id"].endswith("moored") else ""), []).append(event)
    rows = [
        (kind, recall([e for e in found if e["length_m"] >= ASKED_M]), recall(found))
        for kind, found in sorted(groups.items())
    ]
    title = f"Half-real by kind, {ASKED_PIXEL_M:g} m a pixel"
    return title + "\n" + grid(("kind", f"found, >= {ASKED_M:g} m", "found, all"), rows)


def _row(name: str, results: Sequence[Row]) -> tuple[str, ...]:
    scenes, nulls = [r for r in results if not r["null"]], [r for r in results if r["null"]]
    events = [e for r in scenes for e in r["events"]]
    return (
        name,
        str(len(scenes)),
        recall(_long(scenes)),
        recall([e for e in events if e["length_m"] < ASKED_M]),
        f"{_false(scenes)} ({_km2(scenes):.1f})",
        str(len(nulls)),
        f"{_km2(nulls):.1f}",
        str(_false(nulls)),
        poisson(_false(nulls), _km2(nulls)),
    )


def _long(results: Sequence[Row]) -> list[Row]:
    return [e for r in results for e in r["events"] if e["length_m"] >= ASKED_M]


def _false(results: Sequence[Row]) -> int:
    return sum(g["status"] == "false" for r in results for g in r["regions"])


def _km2(results: Sequence[Row]) -> float:
    return float(sum(r["zone_km2"] for r in results))
