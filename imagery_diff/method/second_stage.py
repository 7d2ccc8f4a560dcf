"""The traits of a region -> one score: how much more like a change than like what unchanged ground leaves over.

A logistic regression with a ridge (le Cessie and van Houwelingen 1992, 10.2307/2347628), fitted on candidates of design
scenes by benchmarks/calibrate.py. It is a sum of few standardised traits, each of which pulls one way; a trait
beyond what the design scenes hold counts no more than the furthest they hold, so that no single one decides alone. Some
of them mean another thing beside another: no colour speaks against a thing that shade would explain, and for little
else; a weak change is more of a thing on a track. So products of two count too, few of them, chosen by what they are
worth on seeds left out.

Assumption: what makes a region doubtful on the design scenes (weak, thin, along standing edges, on restless ground, of
no colour of its own) does so elsewhere. Broken by: a nuisance that leaves strong, wide, coloured differences behind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


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
    products: tuple[tuple[str, str], ...] = ()
    """Pairs of traits whose steps count multiplied, too; a trait may stand beside itself."""
    product_weight: tuple[float, ...] = ()
    """What half of the product of two steps is worth, log odds."""

    def score(self, traits: Mapping[str, float]) -> float:
        """Return the score of a region: log odds of a change among the candidates of the design scenes."""
        steps = self.steps(np.array([[traits[name] for name in self.traits]]))
        return float((steps @ np.array([*self.weight, *self.product_weight]))[0] + self.constant)

    def steps(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (candidate, term): steps of (candidate, trait), then half of the products."""
        steps = np.clip((values - np.asarray(self.middle)) / np.asarray(self.spread), -self.limit, self.limit)
        at = {name: number for number, name in enumerate(self.traits)}
        pairs = [steps[:, at[one]] * steps[:, at[other]] / 2 for one, other in self.products]
        return np.column_stack([steps, *pairs])
