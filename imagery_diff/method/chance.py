"""How often unchanged ground looks as much like a change, and how likely a region is one.

Counts on design scenes (benchmarks/calibrate.py): how many false regions of at least a score a square kilometre of
unchanged zones raises, and how much more often a score comes of a true event than of unchanged ground. The first is the
rate of false alarms; beyond the strongest that were counted often enough it is not extrapolated, only bounded. With a
prior of so many events a square kilometre, Bayes' rule makes a probability of the second.

Assumption: other ground and other sensors raise false regions as the design scenes do. Broken by: nuisances they do not
hold; so neither is given but for the bands, units and pixel sizes they have.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from imagery_diff.method.second_stage import SecondStage

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What design scenes showed."""

    stage: SecondStage
    """Gives regions their scores."""
    score: tuple[float, ...]
    """Scores at which false regions were counted, rising."""
    false_per_km2: tuple[float, ...]
    """False regions of at least that score on unchanged ground, per square kilometre of zone, falling."""
    null_km2: float
    """Unchanged zone looked at, square kilometres."""
    ratio_score: tuple[float, ...]
    """Scores at which the likelihood ratio is given, rising."""
    log_ratio: tuple[float, ...]
    """Log of: the chance that an event gives a region of that score, over the same of a square kilometre of unchanged
    zone. Rising."""
    bands: tuple[str, ...]
    """Bands a pair must have for the figures to be given."""
    units: str
    """Of the pixels."""
    pixel_m: tuple[float, float]
    """Smallest and largest pixel, metres."""
    provenance: str
    """The command and scenes it comes from."""

    @classmethod
    def of_table(cls, table: Mapping[str, Any]) -> Calibration:
        """Return what a table spells out: values by name, lists for tuples, and the traits one by one."""
        stage = table["second_stage"]
        parts: dict[str, Any] = {
            part: tuple(trait[part] for trait in stage["traits"].values()) for part in ("middle", "spread", "weight")
        }
        weighed = SecondStage(traits=tuple(stage["traits"]), constant=stage["constant"], limit=stage["limit"], **parts)
        rest: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in table.items()
            if name not in {"schema_version", "second_stage"}
        }
        return cls(stage=weighed, **rest)

    @property
    def least_rate(self) -> float:
        """Smallest rate that was counted: below it there is only "less than"."""
        return self.false_per_km2[-1]

    @property
    def most_rate(self) -> float:
        """Rate at which every candidate is told."""
        return self.false_per_km2[0]

    def false_alarms_per_km2(self, score: float) -> float:
        """Return how many unchanged regions of at least this score a square kilometre of zone raises.

        Never less than :attr:`least_rate`: there it means "less than".

        Examples
        --------
        >>> from imagery_diff.method.second_stage import SecondStage
        >>> stage = SecondStage(traits=(), middle=(), spread=(), weight=(), constant=0.0, limit=1.0)
        >>> c = Calibration(stage=stage, score=(2.0, 4.0), false_per_km2=(1.0, 0.01), null_km2=300.0,
        ...     ratio_score=(2.0, 4.0), log_ratio=(-2.0, 4.0), bands=("red",), units="reflectance",
        ...     pixel_m=(2.0, 4.0), provenance="an example")
        >>> [round(c.false_alarms_per_km2(s), 3) for s in (3.0, 9.0)]
        [0.1, 0.01]

        """
        if score >= self.score[-1]:
            return self.least_rate
        return float(np.exp(np.interp(score, self.score, np.log(self.false_per_km2))))

    def score_at(self, false_alarms_per_km2: float) -> float:
        """Return the score that so many unchanged regions a square kilometre reach; all of them do at the most."""
        if false_alarms_per_km2 >= self.most_rate:
            return -np.inf
        rates = np.log(np.asarray(self.false_per_km2))[::-1]
        return float(np.interp(np.log(false_alarms_per_km2), rates, np.asarray(self.score)[::-1]))

    def p_change(self, score: float, events_per_km2: float) -> float:
        """Probability that a region of this score is a change.

        Parameters
        ----------
        score
            Of the region; beyond the scores that were counted the ratio stays what it is at the last.
        events_per_km2
            The prior: events expected per square kilometre of zone between two looks.

        """
        odds = events_per_km2 * np.exp(np.interp(score, self.ratio_score, self.log_ratio))
        return float(odds / (1.0 + odds))
