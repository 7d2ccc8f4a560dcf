"""Of things of the reported length, put into all looks, how many were missed; and of which zones and looks that speaks.

Section 5 of docs/explanation/timeline.md, as :mod:`imagery_diff.series` asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass
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
"""Chance of so many misses, among all zones or all looks of a kind, below which one of them is unlike the others."""
_AS_LONG = 0.15
"""Stacks and trains are made of whole containers and cars: so much longer or shorter than asked they may be."""


@dataclass(frozen=True, kw_only=True)
class Missed:
    """Of how many things of the reported length, put in, how many were missed."""

    missed: int
    put: int

    @property
    def share(self) -> float:
        """The share missed, in the middle of what is believed (Jeffreys' prior; Brown, Cai and DasGupta 2001)."""
        return (self.missed + 0.5) / (self.put + 1.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Trials:
    """All things of the reported length that were put into the zones of one kind."""

    zones: NDArray[np.str_]
    """(trial,), where each was put."""
    looks: NDArray[np.intp]
    """(trial,), number of the look into which it was put."""
    found: Bools
    """(trial,)"""

    def of(self, zone: str, look: int) -> Missed:
        """Return the count that speaks for a zone on a look.

        That is the count of all zones of the kind on all looks. Where more is missed than chance allows by what the
        rest misses, a look speaks for itself alone, and a zone for itself over the other looks: a low sun, haze or blur
        that hides things on one date says nothing of the others.

        """
        anywhere = np.ones(self.found.size, bool)
        odd_looks = self._unlike(self.looks, anywhere)
        if look in odd_looks:
            return self._count(self.looks == look)
        usual = ~_any_of(self.looks, odd_looks)
        odd_zones = self._unlike(self.zones, usual)
        if zone in odd_zones:
            return self._count(usual & (self.zones == zone))
        return self._count(usual & ~_any_of(self.zones, odd_zones))

    def _unlike(self, labels: NDArray[np.generic], among: Bools) -> list[object]:
        """Return the labels whose trials were missed more often than those of all others leave room for."""
        values = np.unique(labels[among])
        odd: list[object] = []
        for value in values:
            own, rest = (self._count(among & side) for side in (labels == value, labels != value))
            if binom.sf(own.missed - 1, own.put, rest.share) < _UNLIKELY / len(values):
                odd.append(value.item())
        return odd

    def _count(self, chosen: Bools) -> Missed:
        return Missed(missed=int(np.count_nonzero(chosen & ~self.found)), put=int(np.count_nonzero(chosen)))


def _any_of(labels: NDArray[np.generic], values: list[object]) -> Bools:
    return np.array([label.item() in values for label in labels], bool)


def trials_of(results: Mapping[int, Comparison], params: Params) -> dict[str, Trials]:
    """Collect over the looks what became of things of the reported length; number of the look -> comparison.

    Returns
    -------
    dict
        Kind of zone -> its trials.

    """
    found: dict[str, list[tuple[str, int, bool]]] = {}
    for number, result in results.items():
        for curve in result.sensitivity.curves if result.sensitivity else ():
            long = reported_m(curve.zone_kind, params)
            found.setdefault(curve.zone_kind, []).extend(
                (t.zone, number, t.found) for t in curve.trials if abs(t.length_m / long - 1.0) < _AS_LONG
            )
    return {
        kind: Trials(
            zones=np.array([t[0] for t in those]),
            looks=np.array([t[1] for t in those], np.intp),
            found=np.array([t[2] for t in those], bool),
        )
        for kind, those in found.items()
        if those
    }
