"""Fit the second stage: candidates of design scenes -> weights of their traits, and what the weights are worth.

What it is worth is told by scores that no candidate had a part in: a fold of seeds at a time is left out of the fit, or
a whole nuisance (leave one out), so that it is seen whether the weights work on nuisances they never met.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from imagery_diff.method.second_stage import SecondStage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Row = dict[str, Any]
    Values = NDArray[np.float64]
    Bools = NDArray[np.bool_]

STATUS = ("matched", "duplicate", "false")
FOLDS = 5
LIMIT = 2.5
"""Steps beyond which a trait counts no more: one in a hundred of a normal law lies beyond."""
RIDGE = 3.0
"""Prior of a weight, one over its variance in steps: weights of one or less are likely before any candidate is seen."""
RATES = (0.1, 0.25, 0.5, 1.0, 2.0)
"""False regions per km2 of unchanged zones at which two rankings are held against each other."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidates:
    """Regions that began at the low threshold, and what they were."""

    names: tuple[str, ...]
    """Of the traits."""
    traits: Values
    """(candidate, trait)"""
    status: NDArray[np.str_]
    """``matched``, ``duplicate`` or ``false``."""
    case: NDArray[np.str_]
    seed: NDArray[np.int_]
    null: Bools
    """Of a scene without events."""
    asked: Bools
    """Matched with an event that is asked for."""
    events: int
    """Events of the scenes that no mask hides."""
    asked_events: int
    null_km2: float
    km2: float
    """Zones of all scenes."""

    @classmethod
    def of(cls, results: Sequence[Row]) -> Candidates:
        """Take the regions of scenes that count."""
        told = [(r, g) for r in results for g in counted(r)]
        names = tuple(told[0][1]["traits"])
        sought = {(r["name"], e["id"]) for r in results for e in r["events"] if e["asked"] and not e["masked"]}
        return cls(
            names=names,
            traits=np.array([[g["traits"][n] for n in names] for _, g in told]),
            status=np.array([g["status"] for _, g in told]),
            case=np.array([r["case"] for r, _ in told]),
            seed=np.array([r["seed"] for r, _ in told]),
            null=np.array([r["null"] for r, _ in told]),
            asked=np.array([g["status"] == "matched" and (r["name"], g["event"]) in sought for r, g in told]),
            events=sum(not e["masked"] for r in results for e in r["events"]),
            asked_events=len(sought),
            null_km2=sum(r["zone_km2"] for r in results if r["null"]),
            km2=sum(r["zone_km2"] for r in results),
        )

    def only(self, use: Bools) -> Candidates:
        """Return some of the candidates; events and areas stay those of all."""
        parts = ("traits", "status", "case", "seed", "null", "asked")
        return replace(self, **{part: getattr(self, part)[use] for part in parts})

    def columns(self, names: Sequence[str]) -> Values:
        """Return (candidate, name), those traits alone."""
        return np.asarray(self.traits[:, [self.names.index(n) for n in names]])


def counted(row: Row) -> list[Row]:
    """Return the regions of a scene that are right or wrong, and not merely where nothing is counted."""
    return [g for g in row["regions"] if g["status"] in STATUS]


def fit(found: Candidates, names: Sequence[str], use: Bools, beside: Candidates | None = None) -> SecondStage:
    """Fit weights to some of the candidates, but to no duplicates: they are neither a thing nor unchanged ground.

    Candidates ``beside`` them, of real ground, weigh as much each; middle and step of a trait are those of the others.
    """
    use = use & (found.status != "duplicate")
    values, true = found.columns(names)[use], (found.status == "matched")[use]
    middle = np.median(values, axis=0)
    spread = np.maximum(np.diff(np.percentile(values, (16, 84), axis=0), axis=0)[0] / 2, 0.1)
    if beside is not None:
        counts = beside.status != "duplicate"
        values = np.vstack([values, beside.columns(names)[counts]])
        true = np.append(true, (beside.status == "matched")[counts])
    steps = np.clip((values - middle) / spread, -LIMIT, LIMIT)
    weight, constant = _logistic(steps, true.astype(float))
    return SecondStage(
        traits=tuple(names),
        middle=_rounded(middle),
        spread=_rounded(spread),
        weight=_rounded(weight),
        constant=round(constant, 3),
        limit=LIMIT,
    )


def _rounded(values: Values) -> tuple[float, ...]:
    return tuple(round(float(v), 3) for v in values)


def _logistic(steps: Values, true: Values, rounds: int = 50) -> tuple[Values, float]:
    """Return weights and constant of a ridge logistic regression, by Newton's method."""
    columns = np.column_stack([steps, np.ones(len(steps))])
    ridge = np.diag([RIDGE] * steps.shape[1] + [1e-6])
    beta = np.zeros(columns.shape[1])
    for _ in range(rounds):
        p = 1.0 / (1.0 + np.exp(-columns @ beta))
        slope = columns.T @ (p - true) + ridge @ beta
        change = np.linalg.solve((columns * (p * (1.0 - p))[:, None]).T @ columns + ridge, slope)
        beta -= change
        if np.abs(change).max() < 1e-8:
            break
    return beta[:-1], float(beta[-1])


def scores(found: Candidates, stage: SecondStage) -> Values:
    """Return the score of every candidate."""
    return np.array([stage.score(dict(zip(found.names, t, strict=True))) for t in found.traits])


def left_out(found: Candidates, names: Sequence[str], groups: NDArray[Any], beside: Candidates | None = None) -> Values:
    """Return the score of every candidate by weights fitted without its group."""
    out = np.empty(len(found.status))
    for group in np.unique(groups):
        inside = groups == group
        out[inside] = scores(found, fit(found, names, ~inside, beside))[inside]
    return out


def background_left_out(found: Candidates, names: Sequence[str], beside: Candidates) -> Values:
    """Return the score of every candidate of real ground by weights that its background had no part in."""
    out, every = np.empty(len(beside.status)), np.ones(len(found.status), bool)
    for place in np.unique(beside.case):
        inside = beside.case == place
        out[inside] = scores(beside, fit(found, names, every, beside.only(~inside)))[inside]
    return out


def folds(found: Candidates) -> NDArray[np.int_]:
    """Return the fold of every candidate: all candidates of a scene are in one."""
    return np.asarray(found.seed % FOLDS)


def worth(found: Candidates, rankings: dict[str, Values]) -> str:
    """Return a table: what each ranking finds at equal false alarms on unchanged ground."""
    false = (found.status == "false") & found.null
    lines = [
        f"{len(found.status)} candidates: {', '.join(f'{np.sum(found.status == s)} {s}' for s in STATUS)}",
        f"{np.sum(false)} of the false ones on {found.null_km2:.1f} km2 of nulls",
        f"asked events found, of {found.asked_events} (false regions in scenes with events)",
        f"{'false per km2 of nulls':34}" + "".join(f"{rate:>12g}" for rate in RATES),
    ]
    first = found.columns(["firm"])[:, 0] > 0
    before = int(np.sum(first & false))
    lines_of = {f"floor and own level: {before / found.null_km2:.3f}": [first]}
    for name, score in rankings.items():
        ranked = np.append(np.sort(score[false])[::-1], -np.inf)
        at = [min(int(rate * found.null_km2), len(ranked) - 1) for rate in RATES]
        lines_of[name] = [score > ranked[n] for n in at]
        lines_of[f"{name}, at theirs"] = [score > ranked[before]]
    for name, choices in lines_of.items():
        cells = [
            f"{np.sum(told & found.asked) / found.asked_events:.3f} "
            f"({int(np.sum(told & (found.status == 'false') & ~found.null))})"
            for told in choices
        ]
        lines.append(f"{name:34}" + "".join(f"{cell:>12}" for cell in cells))
    return "\n".join(lines)


def by_nuisance(found: Candidates, score: Values, rate: float) -> str:
    """Return a table: what each nuisance loses and gains, by weights that never met it.

    Parameters
    ----------
    score
        Of every candidate, by weights fitted without its nuisance.
    rate
        False regions per km2 of all nulls at which the score is cut.

    """
    false = found.status == "false"
    ranked = np.append(np.sort(score[false & found.null])[::-1], -np.inf)
    told = score > ranked[min(int(rate * found.null_km2), len(ranked) - 1)]
    first = found.columns(["firm"])[:, 0] > 0
    lines = [
        f"asked events found, false regions on nulls and on scenes with events; cut at {rate:g} per km2 of all nulls",
        f"{'nuisance':18}{'levels alone':>18}{'stage, it left out':>22}",
    ]
    for case in dict.fromkeys(found.case.tolist()):
        cells = []
        for choice in (first, told):
            here = choice & (found.case == case)
            counts = (here & found.asked, here & false & found.null, here & false & ~found.null)
            cells.append(" ".join(f"{int(np.sum(c)):4d}" for c in counts))
        lines.append(f"{case:18}{cells[0]:>18}{cells[1]:>22}")
    return "\n".join(lines)


def on_real_ground(found: Candidates, score: Values, beside: Candidates, rankings: dict[str, Values]) -> str:
    """Return a table: what rankings find on real ground with things put in, cut as the scenes without it are.

    Parameters
    ----------
    score
        Of the candidates of rendered scenes, by weights they had no part in; cut at the rate of the table.
    rankings
        Scores of the candidates ``beside``.

    """
    ranked = np.sort(score[(found.status == "false") & found.null])[::-1]
    cut = [float(ranked[min(int(rate * found.null_km2), len(ranked) - 1)]) for rate in RATES]
    places = list(dict.fromkeys(beside.case.tolist()))
    about = "found, false beside them, false where untouched (not labelled, which is not the same as unchanged)"
    lines = [
        f"{beside.asked_events} asked things put into real ground, {beside.null_km2:.1f} km2 untouched: {about}",
        f"{'cut of so many per km2 rendered':34}" + "".join(f"{rate:>12g}" for rate in RATES),
    ]
    for name, other in rankings.items():
        for place in (None, *places):
            here = np.ones(len(other), bool) if place is None else beside.case == place
            false = (beside.status == "false") & here
            cells = [
                f"{np.sum((other > c) & beside.asked & here)} {np.sum((other > c) & false & ~beside.null)} "
                f"{np.sum((other > c) & false & beside.null)}"
                for c in cut
            ]
            lines.append(f"{name if place is None else '  ' + place:34}" + "".join(f"{cell:>12}" for cell in cells))
    return "\n".join(lines)
