"""Of things of the reported length, put into all looks, how many were missed; and of which zones and looks that speaks.

Section 5 of docs/explanation/timeline.md, as :mod:`imagery_diff.series` asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import binom

from imagery_diff.pair_missed import reported_m

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from imagery_diff.params import Params
    from imagery_diff.result import Comparison

    Bools = NDArray[np.bool_]

_UNLIKELY = 0.05
"""Chance of so many misses, among all looks, below which one of them is unlike the others."""
_ENOUGH = 50
"""So many things of a zone's own count as much as what all zones of its kind say: as many as bear out a hundredth."""
_AS_LONG = 0.15
"""Stacks and trains are made of whole containers and cars: so much longer or shorter than asked they may be."""


@dataclass(frozen=True, kw_only=True)
class Missed:
    """Of how many things of the reported length, put in, how many were missed."""

    missed: int
    put: int
    usual: float | None = None
    """The share missed in all zones of the kind, which is believed until a zone's own things say otherwise."""

    @property
    def share(self) -> float:
        """The share missed, in the middle of what is believed.

        By itself that is Jeffreys' (Brown, Cai and DasGupta 2001, 10.1214/ss/1009213286); beside others of its kind the
        share of these counts like fifty things of its own (shrinkage: Efron and Morris 1973, 10.2307/2284155).

        """
        if self.usual is None:
            return (self.missed + 0.5) / (self.put + 1.0)
        return (self.missed + _ENOUGH * self.usual) / (self.put + _ENOUGH)


@dataclass(frozen=True, kw_only=True, eq=False)
class Trials:
    """All things of the reported length that were put into the zones of one kind."""

    zones: NDArray[np.str_]
    """(trial,), where each was put."""
    looks: NDArray[np.intp]
    """(trial,), number of the look into which it was put."""
    found: Bools
    """(trial,), whether it was told."""
    drawn: Bools | None = None
    """(trial,), whether at least something was drawn on it; None as if only what is told were."""

    def overlooked(self) -> Trials:
        """Return it where a thing counts as missed only if nothing was even drawn on it."""
        return self if self.drawn is None else replace(self, found=self.drawn)

    def of(self, zone: str, look: int) -> Missed:
        """Return the count that speaks for a zone on a look.

        A look on which more is missed than chance allows by what is missed on the rest speaks for itself alone: a low
        sun, haze or blur that hides things on one date says nothing of the others. Over the other looks a zone speaks
        for itself, the more the more was put into it, and all zones of its kind for what it leaves open.

        """
        odd = self._odd_looks()
        if look in odd:
            return self._count(self.looks == look)
        usual = ~np.isin(self.looks, odd)
        own = self._count(usual & (self.zones == zone))
        return replace(own, usual=self._count(usual).share)

    def _odd_looks(self) -> list[int]:
        """Return the looks on which things were missed more often than all others leave room for."""
        values = np.unique(self.looks)
        odd = []
        for value in values:
            own, rest = (self._count(side) for side in (self.looks == value, self.looks != value))
            if binom.sf(own.missed - 1, own.put, rest.share) < _UNLIKELY / len(values):
                odd.append(int(value))
        return odd

    def _count(self, chosen: Bools) -> Missed:
        return Missed(missed=int(np.count_nonzero(chosen & ~self.found)), put=int(np.count_nonzero(chosen)))


def trials_of(results: Mapping[int, Comparison], params: Params) -> dict[str, Trials]:
    """Collect over the looks what became of things of the reported length; number of the look -> comparison.

    Returns
    -------
    dict
        Kind of zone -> its trials.

    """
    found: dict[str, list[tuple[str, int, bool, bool]]] = {}
    for number, result in results.items():
        for curve in result.sensitivity.curves if result.sensitivity else ():
            long = reported_m(curve.zone_kind, params)
            found.setdefault(curve.zone_kind, []).extend(
                (t.zone, number, t.found, t.found or t.drawn)
                for t in curve.trials
                if abs(t.length_m / long - 1.0) < _AS_LONG
            )
    return {
        kind: Trials(
            zones=np.array([t[0] for t in those]),
            looks=np.array([t[1] for t in those], np.intp),
            found=np.array([t[2] for t in those], bool),
            drawn=np.array([t[3] for t in those], bool),
        )
        for kind, those in found.items()
        if those
    }
