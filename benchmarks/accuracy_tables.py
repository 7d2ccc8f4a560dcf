"""Tables of what `scene_scores.run` returned: shares with their Wilson intervals, and lists to look at."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from calibration_tables import calibration
from event_scores import REPORTING_M, wilson
from nuisances import NOT_ASKED
from scipy.stats import chi2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Row = dict[str, Any]

SIZES = (0.0, 60.0, 120.0, 240.0, math.inf)
CONTRASTS = (0.0, 0.35, 0.7, 1.2, math.inf)
"""Edges of classes: metres, and |log| of thing over ground (0.35 = 42 % brighter or 30 % darker)."""
DECLARED = 0.5
"""Share of a footprint that the method must say it did not search for its event to count as declared unknown."""


def share(hits: int, trials: int) -> str:
    """Return ``hits/trials percent (low-high)``.

    >>> share(19, 20)
    '19/20 95% (76-99)'

    """
    interval = wilson(hits, trials)
    if interval is None:
        return "-"
    return f"{hits}/{trials} {100 * hits / trials:.0f}% ({100 * interval[0]:.0f}-{100 * interval[1]:.0f})"


def poisson(count: int, exposure: float) -> str:
    """Return a rate with its exact 95 % interval (Garwood 1936, 10.1093/biomet/28.3-4.437).

    >>> poisson(0, 10.0)
    '0.00 (0.00-0.37)'

    """
    if exposure <= 0.0:
        return "-"
    low = chi2.ppf(0.025, 2 * count) / 2.0 if count else 0.0
    high = chi2.ppf(0.975, 2 * count + 2) / 2.0
    return f"{count / exposure:.2f} ({low / exposure:.2f}-{high / exposure:.2f})"


def tables(results: Sequence[Row]) -> str:
    """Return every table of a run."""
    parts = [
        by_case(results),
        asked_beside_measured(results),
        total(results),
        by_size("Recall by kind and size, not masked", results),
        by_contrast("Recall by kind and contrast, not masked", results),
        small(results),
        registration(results),
        calibration(results),
        errors(results),
        missed(results),
        false_regions(results),
    ]
    return "\n\n".join(part for part in parts if part)


def grid(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return rows in columns as wide as their widest cell."""
    lines = [list(header), *(list(r) for r in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines)


def cases_of(results: Sequence[Row]) -> list[str]:
    """Return the cases in the order they were run, those not asked for last."""
    names = list(dict.fromkeys(r["case"] for r in results))
    return [n for n in names if n not in NOT_ASKED] + [n for n in names if n in NOT_ASKED]


def events_of(results: Iterable[Row], *, masked: bool = False) -> list[Row]:
    """Return the events that could be seen (or those that could not)."""
    return [e for r in results for e in r["events"] if e["masked"] == masked]


def found_of(events: Iterable[Row]) -> int:
    """Count the events credited."""
    return sum(e["found"] is not None for e in events)


def false_of(results: Iterable[Row]) -> int:
    """Count the false regions in zones."""
    return sum(g["status"] == "false" for r in results for g in r["regions"])


def declared_of(events: Iterable[Row]) -> int:
    """Count the events not credited of which the method says it did not search most of the ground they cover."""
    return sum(e["found"] is None and (e.get("blind") or 0.0) > DECLARED for e in events)


def recall(events: Sequence[Row]) -> str:
    """Return the share of events credited."""
    return share(found_of(events), len(events))


def by_case(results: Sequence[Row]) -> str:
    """Return the main table: a row a case."""
    header = ("case", "asked events found", "false/event scene", "false/null", "clean nulls", "false/km2 (nulls)")
    more = ("missed: not searched, searched", "direction", "masked: found, unknown, denied", "duplicates")
    rows = [_case_row(name, [r for r in results if r["case"] == name]) for name in cases_of(results)]
    asked = [r for r in results if r["case"] not in NOT_ASKED]
    return "By case (95 % intervals)\n" + grid((*header, *more), [*rows, _case_row("ALL ASKED", asked)])


def _case_row(name: str, results: Sequence[Row]) -> tuple[str, ...]:
    scenes = [r for r in results if not r["null"]]
    nulls = [r for r in results if r["null"]]
    seen = [e for e in events_of(scenes) if e["asked"]]
    credited = [e for e in events_of(scenes) if e["found"] is not None]
    directions = [e["direction_ok"] for e in credited if e["direction_ok"] is not None]
    clean = sum(r["error"] is None and false_of([r]) == 0 for r in nulls)
    hidden = events_of(scenes, masked=True)
    denied = sum(e["found"] is None and (e["unknown"] or 0.0) <= 0.3 for e in hidden)
    return (
        name,
        recall(seen),
        f"{false_of(scenes) / len(scenes):.2f} ({false_of(scenes)}/{len(scenes)})" if scenes else "-",
        f"{false_of(nulls) / len(nulls):.2f} ({false_of(nulls)}/{len(nulls)})" if nulls else "-",
        share(clean, len(nulls)),
        poisson(false_of(nulls), sum(r["zone_km2"] for r in nulls)),
        f"{declared_of(seen)}, {len(seen) - found_of(seen) - declared_of(seen)}",
        share(sum(directions), len(directions)),
        f"{found_of(hidden)}, {len(hidden) - found_of(hidden) - denied}, {denied}",
        str(sum(g["status"] == "duplicate" for r in scenes for g in r["regions"])),
    )


def asked_beside_measured(results: Sequence[Row]) -> str:
    """Return what is asked of the rendered scenes beside what was measured (95 % intervals)."""
    mine = [r for r in results if r["case"] not in NOT_ASKED]
    scenes, nulls = [r for r in mine if not r["null"]], [r for r in mine if r["null"]]
    if not scenes or not nulls:
        return ""
    seen = [e for e in events_of(scenes) if e["asked"]]
    ways = [e["direction_ok"] for e in events_of(scenes) if e["direction_ok"] is not None]
    clean = sum(r["error"] is None and false_of([r]) == 0 for r in nulls)
    by_name = {c: [r for r in scenes if r["case"] == c] for c in cases_of(scenes)}
    hits = {c: [e for e in events_of(some) if e["asked"]] for c, some in by_name.items()}
    low = min((c for c in hits if hits[c]), key=lambda c: found_of(hits[c]) / len(hits[c]), default="-")
    loud = max(by_name, key=lambda c: false_of(by_name[c]) / len(by_name[c]))
    rows = [
        ("asked events found, all cases", ">= 97 %", recall(seen)),
        (
            "  found, of those on ground said to be searched",
            "",
            share(found_of(seen), len(seen) - declared_of(seen)),
        ),
        ("false regions an event scene", "<= 0.05", poisson(false_of(scenes), len(scenes))),
        ("clean null scenes", ">= 98 %", share(clean, len(nulls))),
        (f"least found in a case: {low}", ">= 90 %", recall(hits.get(low, []))),
        (
            f"most false an event scene in a case: {loud}",
            "<= 0.2",
            poisson(false_of(by_name[loud]), len(by_name[loud])),
        ),
        ("right direction, of events found", ">= 98 %", share(sum(ways), len(ways))),
    ]
    least = min(len(events_of(some)) for some in by_name.values())
    size = f"{len(scenes)} event scenes, {len(nulls)} nulls, at least {least} events in sight a case"
    return f"Asked beside measured ({size})\n" + grid(("what", "asked", "measured"), rows)


def by_method(results: Sequence[Row]) -> str:
    """Return recall, false regions a scene and clean nulls of every method beside each other, a row a case."""
    methods = list(dict.fromkeys(r["method"] for r in results))
    rows = []
    for case in [*cases_of(results), "ALL ASKED"]:
        mine = [r for r in results if (r["case"] not in NOT_ASKED if case == "ALL ASKED" else r["case"] == case)]
        rows.append((case, *(_in_short([r for r in mine if r["method"] == m]) for m in methods)))
    title = "By method: asked events found | false a scene (events, nulls) | clean nulls"
    return f"{title}\n" + grid(("case", *methods), rows)


def _in_short(results: Sequence[Row]) -> str:
    scenes, nulls = [r for r in results if not r["null"]], [r for r in results if r["null"]]
    seen = [e for e in events_of(scenes) if e["asked"]]
    found = f"{100 * found_of(seen) / len(seen):.0f}%" if seen else "-"
    false = [f"{false_of(some) / len(some):.2f}" if some else "-" for some in (scenes, nulls)]
    clean = sum(r["error"] is None and false_of([r]) == 0 for r in nulls)
    return f"{found} | {', '.join(false)} | {clean}/{len(nulls)}"


def total(results: Sequence[Row]) -> str:
    """Return the figures that are asked for, over all asked cases."""
    asked = [r for r in results if r["case"] not in NOT_ASKED]
    scenes, nulls = [r for r in asked if not r["null"]], [r for r in asked if r["null"]]
    seen = events_of(scenes)
    lengths = [abs(e["length_error_m"]) for e in seen if e["length_error_m"] is not None]
    per_km2 = poisson(false_of(asked), sum(r["zone_km2"] for r in asked))
    lines = [
        f"scenes: {len(scenes)} with events, {len(nulls)} null; {sum(r['zone_km2'] for r in asked):.1f} km2 of zone",
        f"asked events found: {recall([e for e in seen if e['asked']])}",
        f"  of them ships, stacks, trains: {recall([e for e in seen if e['asked'] and e['kind'] in REPORTING_M])}",
        f"  of them heaps, covers (any size): {recall([e for e in seen if e['kind'] not in REPORTING_M])}",
        f"all events found: {recall(seen)}",
        f"false regions in zones: {false_of(scenes)} in event scenes, {false_of(nulls)} in nulls, {per_km2} per km2",
        f"CPU s a scene: {np.mean([r.get('cpu_s', np.nan) for r in asked]):.2f}" if asked else "",
    ]
    if lengths:
        lines.append(f"length error of found events, m: median {np.median(lengths):.1f}, 90 % {_ninety(lengths):.1f}")
    return "Total (asked cases)\n" + "\n".join(line for line in lines if line)


def _ninety(values: Sequence[float]) -> float:
    return float(np.quantile(values, 0.9))


def _classes(
    title: str, results: Sequence[Row], edges: Sequence[float], value: Callable[[Row], float | None], unit: str
) -> str:
    """Return a table of kinds by classes of a value."""
    seen = events_of(r for r in results if r["case"] not in NOT_ASKED)
    if not seen:
        return ""
    spans = [*pairwise(edges)]
    names = [f"{a:g}-{b:g}{unit}" if math.isfinite(b) else f">{a:g}{unit}" for a, b in spans]
    rows = []
    for kind in [*sorted({e["kind"] for e in seen}), "all"]:
        mine = [e for e in seen if kind in {"all", e["kind"]}]
        cells = [recall([e for e in mine if a <= (value(e) or 0.0) < b]) for a, b in spans]
        rows.append((kind, *cells, recall(mine)))
    return f"{title}\n" + grid(("kind", *names, "all"), rows)


def by_size(title: str, results: Sequence[Row]) -> str:
    """Return recall by length."""
    return _classes(title, results, SIZES, lambda e: e["length_m"], " m")


def by_contrast(title: str, results: Sequence[Row]) -> str:
    """Return recall by contrast, a block for each class of size."""
    blocks = [_classes(title, results, CONTRASTS, lambda e: e["contrast"], "")]
    for low, high in pairwise(SIZES):
        chosen = [{**r, "events": [e for e in r["events"] if low <= e["length_m"] < high]} for r in results]
        name = f"{low:g} to {high:g} m" if math.isfinite(high) else f"over {low:g} m"
        blocks.append(_classes(f"  the same, length {name}", chosen, CONTRASTS, lambda e: e["contrast"], ""))
    return "\n".join(b for b in blocks if b)


def small(results: Sequence[Row]) -> str:
    """Return recall of what is shorter than asked for."""
    seen = [e for e in events_of(r for r in results if r["case"] not in NOT_ASKED) if not e["asked"]]
    if not seen:
        return ""
    rows = [(k, recall([e for e in seen if e["kind"] == k])) for k in sorted({e["kind"] for e in seen})]
    return "Shorter than asked for (ships and stacks under 60 m, trains under 120 m)\n" + grid(("kind", "found"), rows)


def registration(results: Sequence[Row]) -> str:
    """Return the error of the measured shift against the truth at quay level."""
    rows = []
    for name in cases_of(results):
        mine = [r for r in results if r["case"] == name and r.get("shift_px") and r["error"] is None]
        if mine:
            off = [math.dist(r["shift_px"], r["shift_found_px"]) for r in mine if r["shift_found_px"]]
            lost = sum(r["shift_found_px"] is None for r in mine)
            words = (f"{np.median(off):.3f}", f"{max(off):.3f}") if off else ("-", "-")
            rows.append((name, *words, str(lost)))
    header = ("case", "median px", "worst px", "not measured")
    return "Registration error against quay level\n" + grid(header, rows) if rows else ""


def errors(results: Sequence[Row]) -> str:
    """Return the scenes on which the method raised."""
    rows = [(r["name"], r["error"]) for r in results if r["error"]]
    return "Raised\n" + grid(("scene", "reason"), rows) if rows else ""


def missed(results: Sequence[Row]) -> str:
    """Return every asked event that was not found."""
    rows = [
        (
            r["name"],
            e["id"],
            e["direction"],
            f"{e['length_m']:.0f} x {e['width_m']:.0f} m",
            e["colour"],
            "-" if e["contrast"] is None else f"{e['contrast']:.2f}",
            "pieces" if e["touched"] else "nothing",
            f"{e['at'][0]:.0f} {e['at'][1]:.0f}",
        )
        for r in results
        for e in r["events"]
        if e["asked"] and not e["masked"] and e["found"] is None
    ]
    header = ("scene", "event", "direction", "size", "colour", "contrast", "flagged there", "at")
    return "Missed (asked, not masked)\n" + grid(header, rows) if rows else ""


def false_regions(results: Sequence[Row]) -> str:
    """Return every false region in a zone."""
    rows = [
        (
            r["name"],
            str(g.get("id", "")),
            str(g.get("zone", "")),
            str(g.get("direction", "")),
            f"{g.get('length_m', 0):.0f} x {g.get('width_m', 0):.0f} m",
            f"{g.get('strength', 0):.1f}",
            f"{g['at'][0]:.0f} {g['at'][1]:.0f}",
        )
        for r in results
        for g in r["regions"]
        if g["status"] == "false"
    ]
    header = ("scene", "region", "zone", "direction", "size", "strength", "at")
    return "False regions\n" + grid(header, rows) if rows else ""
