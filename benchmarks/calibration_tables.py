"""Whether stated rates and probabilities hold: what regions say of themselves against what they were."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from event_scores import wilson
from nuisances import NOT_ASKED
from scipy.stats import chi2

if TYPE_CHECKING:
    from collections.abc import Sequence

    Row = dict[str, Any]

RATES = (10.0, 1.0, 0.1)
"""False regions per km2 of zone at which the stated rate is checked."""
LEAST_EXPECTED = 20.0
"""Fewer expected regions than this check nothing."""
BINS = (0.0, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 1.0)
LEAST_IN_BIN = 100


def calibration(results: Sequence[Row]) -> str:
    """Return both tables, as far as regions carry the numbers."""
    asked = [r for r in results if r["case"] not in NOT_ASKED and r["error"] is None]
    return "\n\n".join(t for t in (rates(asked), reliability(asked)) if t)


def rates(results: Sequence[Row]) -> str:
    """Return observed against stated false regions per km2, on null scenes.

    A region counts at a rate if it states that rate or a smaller one. The run must let regions through down to the
    largest rate, or the observed number is that of its own threshold.
    """
    nulls = [r for r in results if r["null"]]
    stated = [g.get("false_alarms_per_km2") for r in nulls for g in r["regions"] if g["status"] == "false"]
    told = [s for r in results for g in r["regions"] if (s := g.get("false_alarms_per_km2")) is not None]
    area = sum(r["zone_km2"] for r in nulls)
    if not told or not area:
        return ""
    lines = [f"Stated and observed false regions per km2 of zone, {len(nulls)} null scenes, {area:.1f} km2"]
    for rate in RATES:
        count, expected = sum(s is not None and s <= rate for s in stated), rate * area
        low = chi2.ppf(0.025, 2 * count) / 2.0 if count else 0.0
        high = chi2.ppf(0.975, 2 * count + 2) / 2.0
        seen = f"{count / area:.2f} ({low / area:.2f}-{high / area:.2f})"
        verdict = "not checked: fewer than 20 expected"
        if expected >= LEAST_EXPECTED:
            verdict = "within a factor 2" if 0.5 <= count / expected <= 2.0 else "NOT within a factor 2"
        lines.append(f"  stated {rate:5.1f}  observed {seen}  of {expected:.0f} expected, {count} seen: {verdict}")
    return "\n".join(lines)


def reliability(results: Sequence[Row]) -> str:
    """Return how often regions of a stated probability were true; duplicates are true, there was a change."""
    pairs = [
        (float(g["p_change"]), g["status"] in {"matched", "duplicate"})
        for r in results
        for g in r["regions"]
        if g.get("p_change") is not None and g["status"] in {"matched", "duplicate", "false"}
    ]
    if not pairs:
        return ""
    said, true = np.array([p for p, _ in pairs]), np.array([t for _, t in pairs], float)
    lines = [f"p_change: {len(pairs)} regions, {int(true.sum())} true"]
    for low, high in pairwise(BINS):
        inside = (said >= low) & ((said < high) | (high == BINS[-1]))
        count = int(inside.sum())
        limits = wilson(int(true[inside].sum()), count)
        if count < LEAST_IN_BIN or limits is None:
            lines.append(f"  {low:.2f}-{high:.2f}  n {count}: too few to show")
            continue
        said_here, true_here = said[inside].mean(), true[inside].mean()
        span = f"({limits[0]:.3f}-{limits[1]:.3f})"
        lines.append(f"  {low:.2f}-{high:.2f}  n {count}  said {said_here:.3f}  true {true_here:.3f} {span}")
    brier, constant = float(((said - true) ** 2).mean()), float(((true.mean() - true) ** 2).mean())
    return "\n".join([*lines, f"  Brier {brier:.4f}; of a constant {constant:.4f}"])
