"""Whether stated rates and probabilities hold: what regions say of themselves against what they were."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from event_scores import wilson
from nuisances import NOT_ASKED
from scipy.stats import chi2

from imagery_diff.params import Params

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Row = dict[str, Any]
    Values = NDArray[np.float64]

RATES = (10.0, 1.0, 0.1)
"""False regions per km2 of zone at which the stated rate is checked."""
LEAST_EXPECTED = 20.0
"""Fewer expected regions than this check nothing."""
BINS = (0.0, 0.05, 0.2, 0.8, 0.95, 1.0)
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


@dataclass(frozen=True, kw_only=True, eq=False)
class Stated:
    """What regions said of themselves, and what they were.

    The scenes hold some ten times as many events a square kilometre as the prior with which the probabilities were
    stated; held against them as drawn, right probabilities look too small. So a true region weighs what makes events as
    rare as the prior says, and a false one weighs 1: the same as so much more unchanged ground.

    """

    said: Values
    true: Values
    """1 or 0; duplicates are true, there was a change."""
    weight: Values
    density: float
    """Events per km2 as drawn."""

    @classmethod
    def of(cls, results: Sequence[Row]) -> Stated:
        """Take the regions that are right or wrong and say how likely they are."""
        pairs = [
            (float(g["p_change"]), g["status"] in {"matched", "duplicate"})
            for r in results
            for g in r["regions"]
            if g.get("p_change") is not None and g["status"] in {"matched", "duplicate", "false"}
        ]
        area = sum(r["zone_km2"] for r in results)
        density = sum(len(r.get("events", ())) for r in results) / area if area else 0.0
        true = np.array([float(t) for _, t in pairs])
        rarer = Params().prior_events_per_km2 / density if density else 1.0
        return cls(
            said=np.array([p for p, _ in pairs]), true=true, weight=np.where(true > 0, rarer, 1.0), density=density
        )

    def bins(self) -> list[Bin]:
        """Return what was said and what was true, from bin to bin."""
        found = []
        for low, high in pairwise(BINS):
            inside = (self.said >= low) & ((self.said < high) | (high == BINS[-1]))
            found.append(Bin.of(low, high, self.said[inside], self.true[inside], self.weight[inside]))
        return found

    def brier(self, weight: Values) -> tuple[float, float]:
        """Return the score beside that of the one number that does best."""
        constant = np.full(len(self.true), np.average(self.true, weights=weight))
        ours, theirs = (float(np.average((v - self.true) ** 2, weights=weight)) for v in (self.said, constant))
        return ours, theirs


@dataclass(frozen=True, kw_only=True)
class Bin:
    """Regions that said about the same."""

    low: float
    high: float
    count: int
    said: float | None = None
    """Mean, None where the bin is too thin to show."""
    true: float | None = None
    limits: tuple[float, float] | None = None
    """95 %, of as many equal weights (Kish 1965) as these are worth."""

    @classmethod
    def of(cls, low: float, high: float, said: Values, true: Values, weight: Values) -> Bin:
        """Count a bin."""
        if len(said) < LEAST_IN_BIN:
            return cls(low=low, high=high, count=len(said))
        said_here, true_here = (float(np.average(v, weights=weight)) for v in (said, true))
        worth = round(float(weight.sum() ** 2 / (weight**2).sum()))
        limits = wilson(round(true_here * worth), worth)
        return cls(low=low, high=high, count=len(said), said=said_here, true=true_here, limits=limits)

    def line(self) -> str:
        """Return a line of the table."""
        start = f"  {self.low:.2f}-{self.high:.2f}  n {self.count}"
        if self.said is None or self.true is None or self.limits is None:
            return f"{start}: too few to show"
        return f"{start}  said {self.said:.3f}  true {self.true:.3f} ({self.limits[0]:.3f}-{self.limits[1]:.3f})"


def reliability(results: Sequence[Row]) -> str:
    """Return how often regions of a stated probability were true, in a mix with events as rare as the prior says."""
    stated = Stated.of(results)
    if not len(stated.said):
        return ""
    prior = Params().prior_events_per_km2
    drawn = f"{stated.density:.1f} events per km2 as drawn, weighed as if {prior:g}"
    lines = [f"p_change: {len(stated.said)} regions, {int(stated.true.sum())} true; {drawn}"]
    lines += [b.line() for b in stated.bins()]
    for weight, word in ((stated.weight, ""), (np.ones(len(stated.said)), ", unweighed")):
        ours, theirs = stated.brier(weight)
        lines.append(f"  Brier {ours:.4f}; of a constant {theirs:.4f}{word}")
    return "\n".join(lines)
