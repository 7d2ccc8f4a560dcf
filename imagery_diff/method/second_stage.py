"""The traits of a region -> one score: how much more like a change than like what unchanged ground leaves over.

A logistic regression with a ridge (le Cessie and van Houwelingen 1992, 10.2307/2347628), fitted on candidates of design
scenes by benchmarks/calibrate.py. It is a sum of few standardised traits, each of which pulls one way; a trait
beyond what the design scenes hold counts no more than the furthest they hold, so that no single one decides alone.

Assumption: what makes a region doubtful on the design scenes (weak, thin, along standing edges, on restless ground, of
no colour of its own) does so elsewhere. Broken by: a nuisance that leaves strong, wide, coloured differences behind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class SecondStage:
    """Weights of traits.

    Examples
    --------
    >>> stage = SecondStage(
    ...     traits=("log_strength",), middle=(1.6,), spread=(0.5,), weight=(2.0,), constant=-1.0, limit=2.5
    ... )
    >>> stage.score({"log_strength": 2.1, "water": 1.0})
    1.0

    """

    traits: tuple[str, ...]
    """Names, of those that :func:`imagery_diff.method.traits.measure` gives."""
    middle: tuple[float, ...]
    """What counts as neither, each trait's own unit."""
    spread: tuple[float, ...]
    """One step of each trait."""
    weight: tuple[float, ...]
    """What a step is worth, log odds."""
    constant: float
    """Log odds where every trait is in the middle, of candidates as the design scenes hold them."""
    limit: float
    """Steps beyond which a trait counts no more."""

    def score(self, traits: Mapping[str, float]) -> float:
        """Return the score of a region: log odds of a change among the candidates of the design scenes."""
        value = np.array([traits[name] for name in self.traits])
        steps = np.clip((value - np.asarray(self.middle)) / np.asarray(self.spread), -self.limit, self.limit)
        return float(steps @ np.asarray(self.weight) + self.constant)
