"""Which lengths are found how often: a logistic curve in the logarithm of length, with lapses, and its limits.

The chance to find a thing of length L is ``(1 - lapse) / (1 + exp(-slope (ln L - ln m)))``: half of what does not lapse
is found at the middle m, and a share of ``lapse`` is missed at any length, because of where it lies (a psychometric
function; Wichmann and Hill 2001, 10.3758/BF03194544). The likelihood is laid out over a grid of the three numbers. The
upper limit of the length at which a share is found is the largest that any point of the grid gives whose likelihood
lies within 1.35 of the highest (a profile likelihood; half of the 90 % point of chi-squared with one degree of freedom,
so that 95 % of limits hold).

Assumption: longer things are found as often or oftener, and trials are independent. Broken by: things so long that they
no longer fit where they are found best.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

WITHIN = 1.3527
"""Log likelihood that a one-sided limit of 95 % may lie below the highest."""
_LAPSES = np.array(
    [0.0, 0.002, 0.005, 0.0075, 0.0101, 0.015, 0.02, 0.03, 0.05, 0.075, 0.101, 0.15, 0.2, 0.3, 0.45, 0.6, 0.8]
)
_SLOPES = np.geomspace(1.0, 40.0, 30)
"""Of the logit, per unit of ln length: from a curve so flat that it takes 80 times the length from one found in ten to
nine in ten, to one that is a step."""
_STEP = 0.015
"""Of ln length: one and a half per cent."""
_BEYOND = 0.7
"""How far beyond the lengths that were tried the middle may lie, ln length."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Prior:
    """What is known of a curve before anything is tried: Gaussians, independent of each other."""

    middle: float
    """ln m, m in metres."""
    middle_spread: float
    slope: float
    """ln slope."""
    slope_spread: float
    lapse: float
    """Mean of an exponential law."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Detection:
    """A fitted curve with what speaks for others."""

    middles: Values
    """(middle,), ln metres."""
    log_likelihood: Values
    """(middle, slope, lapse), the highest is 0."""

    @cached_property
    def best(self) -> tuple[float, float, float]:
        """Middle in metres, slope and lapse of the highest likelihood."""
        i, j, k = np.unravel_index(int(np.argmax(self.log_likelihood)), self.log_likelihood.shape)
        return float(np.exp(self.middles[i])), float(_SLOPES[j]), float(_LAPSES[k])

    def length(self, share: float) -> float:
        """Length of which a share is found, metres; infinite where more than the rest lapses."""
        i, j, k = np.unravel_index(int(np.argmax(self.log_likelihood)), self.log_likelihood.shape)
        return float(np.exp(self._lengths(share)[i, j, k]))

    def upper(self, share: float) -> float:
        """Length that this length exceeds with a chance of one in twenty, metres; infinite where nothing bounds it."""
        likely = self.log_likelihood >= -WITHIN
        # A step of the grid more: the limit lies between the last point that is likely enough and the next.
        return float(np.exp(np.max(self._lengths(share)[likely]) + _STEP))

    def credible(self, share: float, chance: float = 0.95) -> float:
        """Length that exceeds the one at which a share is found with some chance, given the prior; metres.

        The grid is even in ln middle and ln slope; of the lapse each point stands for the stretch about it.
        """
        stretch = np.gradient(_LAPSES)
        weight = np.exp(self.log_likelihood) * stretch[None, None, :]
        lengths = self._lengths(share).ravel()
        order = np.argsort(lengths)
        below = np.cumsum(weight.ravel()[order])
        return float(np.exp(lengths[order][int(np.searchsorted(below, chance * below[-1]))]))

    def chance(self, length_m: Values) -> Values:
        """Chance that a thing of some length is found, by the best curve."""
        middle, slope, lapse = self.best
        return np.asarray((1 - lapse) / (1 + np.exp(-slope * np.log(np.asarray(length_m) / middle))))

    def _lengths(self, share: float) -> Values:
        """Ln length of which a share is found, at every point of the grid."""
        left = 1 - _LAPSES
        with np.errstate(divide="ignore", invalid="ignore"):
            odds = np.where(left > share, np.log(share / (left - share)), np.inf)
        return np.asarray(self.middles[:, None, None] + odds[None, None, :] / _SLOPES[None, :, None])


def fit(length_m: Values, found: NDArray[np.bool_], prior: Prior | None = None) -> Detection:
    """Fit a curve to trials.

    Parameters
    ----------
    length_m
        (trial,), metres; at least one, or a prior.
    found
        (trial,)
    prior
        What is known without them.

    """
    logs = np.log(np.asarray(length_m, float))
    ends = [*logs, *([prior.middle + k * prior.middle_spread for k in (-3, 3)] if prior else [])]
    low, high = min(ends), max(ends)
    middles = np.arange(low - _BEYOND, high + _BEYOND, _STEP)
    # Trials of about one length count together.
    bins = np.round(logs / _STEP).astype(int)
    kinds, where = np.unique(bins, return_inverse=True)
    hits = np.bincount(where, np.asarray(found, float), len(kinds))
    misses = np.bincount(where, None, len(kinds)) - hits
    total = np.zeros((len(middles), len(_SLOPES), len(_LAPSES)))
    for at, hit, miss in zip(kinds * _STEP, hits, misses, strict=True):
        chance = 1 / (1 + np.exp(-np.clip(_SLOPES[None, :] * (at - middles[:, None]), -50, 50)))
        p = chance[:, :, None] * (1 - _LAPSES)[None, None, :]
        if hit:
            total += hit * np.log(p)
        if miss:
            total += miss * np.log1p(-np.minimum(p, 1 - 1e-12))
    if prior is not None:
        total -= 0.5 * ((middles - prior.middle) / prior.middle_spread)[:, None, None] ** 2
        total -= 0.5 * ((np.log(_SLOPES) - prior.slope) / prior.slope_spread)[None, :, None] ** 2
        total -= (_LAPSES / prior.lapse)[None, None, :]
    return Detection(middles=middles, log_likelihood=total - total.max())
