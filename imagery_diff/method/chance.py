"""How often unchanged ground looks as strong, and how likely a region is a change.

Two counts on design scenes (benchmarks/calibrate.py): how many false regions of at least a strength a square kilometre
of unchanged zones raises, and how strong true events come out. The first is the rate of false alarms; its tail beyond
the strongest seen is not extrapolated, only bounded (three expected at most where none was seen; Hanley and
Lippman-Hand 1983, 10.1001/jama.1983.03330370053031). With a prior of so many events a square kilometre, Bayes' rule
makes a probability of the two.

Assumption: other ground and other sensors raise false regions as the design scenes do. Broken by: nuisances they do not
hold; so the probability is only given for the bands, units and pixel sizes they have.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What design scenes showed."""

    strength: tuple[float, ...]
    """Strengths at which false regions were counted, rising."""
    false_per_km2: tuple[float, ...]
    """False regions at least so strong on unchanged ground, per square kilometre of zone, falling."""
    null_km2: float
    """Unchanged zone looked at, square kilometres."""
    event_strength: tuple[float, ...]
    """Strengths of true events at shares of 0.05, 0.15, … 0.95 of them, rising."""
    bands: tuple[str, ...]
    """Bands a pair must have for the probability to be given."""
    units: str
    """Of the pixels."""
    pixel_m: tuple[float, float]
    """Smallest and largest pixel, metres."""
    provenance: str
    """The command and scenes it comes from."""

    @property
    def least_rate(self) -> float:
        """Smallest rate that the scenes can bear out: three false regions expected where none was seen."""
        return 3.0 / self.null_km2

    def false_alarms_per_km2(self, strength: float) -> float:
        """Return how many unchanged regions at least as strong a square kilometre of zone raises.

        Never less than :attr:`least_rate`: there it means "less than".

        Examples
        --------
        >>> c = Calibration(strength=(2.0, 4.0), false_per_km2=(1.0, 0.01), null_km2=300.0, event_strength=(4.0, 40.0),
        ...     bands=("red",), units="reflectance", pixel_m=(2.0, 4.0), provenance="an example")
        >>> [round(c.false_alarms_per_km2(s), 3) for s in (3.0, 9.0)]
        [0.1, 0.01]

        """
        rate = np.exp(np.interp(strength, self.strength, np.log(self.false_per_km2)))
        return max(float(rate), self.least_rate)

    def strength_at(self, false_alarms_per_km2: float) -> float:
        """Return the strength that so many unchanged regions a square kilometre reach."""
        rates = np.log(np.asarray(self.false_per_km2))[::-1]
        return float(np.interp(np.log(false_alarms_per_km2), rates, np.asarray(self.strength)[::-1]))

    def p_change(self, strength: float, events_per_km2: float) -> float | None:
        """Probability that a region of this strength is a change; None below the strengths that were counted.

        Parameters
        ----------
        strength
            Of the region.
        events_per_km2
            The prior: events expected per square kilometre of zone between two looks.

        """
        if strength < self.strength[0]:
            return None
        true = events_per_km2 * self._density(strength, np.asarray(self.event_strength))
        false = self._false_density(strength)
        # What was not seen on so much ground may still be there: no more certain than that.
        most = events_per_km2 / (events_per_km2 + self.least_rate)
        return float(min(true / max(true + false, 1e-12), most))

    def _false_density(self, strength: float) -> float:
        """Return false regions per square kilometre and unit of log strength."""
        step = 1.1
        more, less = (self._rate(strength * f) for f in (1 / step, step))
        return float(max(more - less, 0.0) / (2 * np.log(step)))

    def _rate(self, strength: float) -> float:
        """Rate at a strength, falling on beyond the last count as it fell before it."""
        s, r = np.log(self.strength), np.log(self.false_per_km2)
        x = np.log(strength)
        if x <= s[-1]:
            return float(np.exp(np.interp(x, s, r)))
        slope = (r[-1] - r[0]) / (s[-1] - s[0])
        return float(np.exp(r[-1] + slope * (x - s[-1])))

    @staticmethod
    def _density(strength: float, quantiles: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
        """Density of the log strength of true events, a normal law through their quantiles."""
        logs = np.log(quantiles)
        centre, spread = float(logs.mean()), float(max(logs.std(ddof=1), 1e-3))
        return float(np.exp(-0.5 * ((np.log(strength) - centre) / spread) ** 2) / (spread * np.sqrt(2 * np.pi)))
