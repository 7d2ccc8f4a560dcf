"""Whether a place was occupied, over time: two hidden states in continuous time, and looks that tell of them.

A place is empty or occupied. Occupied it becomes empty again at a rate 1 / stay, empty it becomes occupied at such a
rate that it is occupied a stated share of the time: a Markov process in continuous time, so that looks may lie hours
or weeks apart. Each look tells by how much likelier what it shows is if the place is occupied. What all looks tell of
each moment follows by passing messages forward and backward (Rabiner 1989, 10.1109/5.18626).

Assumption: stays are independent of each other and their lengths exponential; looks err independently. Broken by a
timetable, by a roof that every look mistakes alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_SUREST = 1e6
"""No look tells more than a million to one, whatever is counted of it."""


@dataclass(frozen=True, kw_only=True)
class Habit:
    """How often and for how long a place is occupied, as is believed before any look."""

    share: float
    """Of the time, 0 to 1."""
    stay_h: float
    """Mean length of a stay, hours."""

    def after(self, hours: float) -> NDArray[np.float64]:
        """Return the chances of going from one state to another: (from, to), empty first.

        Examples
        --------
        >>> Habit(share=0.25, stay_h=48.0).after(0.0).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
        >>> [[round(float(p), 2) for p in row] for row in Habit(share=0.25, stay_h=48.0).after(1e6)]
        [[0.75, 0.25], [0.75, 0.25]]

        """
        # Rates: 1 / stay out of it, and share / (1 - share) / stay into it; both together decide how soon it forgets.
        kept = math.exp(-hours / (self.stay_h * (1.0 - self.share)))
        usual = np.array([1.0 - self.share, self.share])
        return np.asarray((1.0 - kept) * usual[None, :] + kept * np.eye(2))


def chance(ratio: float, habit: Habit) -> float:
    """Return the chance that a place is occupied, by one look alone.

    Parameters
    ----------
    ratio
        By how much likelier what the look shows is if the place is occupied; 1 where it shows nothing of it.
    habit
        What is believed before.

    """
    odds = min(max(ratio, 1.0 / _SUREST), _SUREST) * habit.share / (1.0 - habit.share)
    return odds / (1.0 + odds)


def ratio_of(p: float, habit: Habit) -> float:
    """Return by how much likelier something is if the place is occupied, of which a look alone makes the chance p."""
    p = min(max(p, 1e-9), 1.0 - 1e-9)
    return p / (1.0 - p) * (1.0 - habit.share) / habit.share


def smoothed(hours: Sequence[float], ratios: Sequence[float], habit: Habit) -> NDArray[np.float64]:
    """Return the chance that a place was occupied at each look, by all looks.

    Parameters
    ----------
    hours
        When each look was, in the order of time.
    ratios
        By how much likelier what each shows is if the place is occupied.
    habit
        What is believed before.

    Returns
    -------
    ndarray
        (look,), 0 to 1.

    Examples
    --------
    >>> smoothed([0, 1, 2], [100.0, 1.0, 100.0], Habit(share=0.1, stay_h=48.0)).round(2).tolist()
    [1.0, 1.0, 1.0]

    """
    told = np.stack([np.ones(len(ratios)), np.clip(ratios, 1.0 / _SUREST, _SUREST)], axis=1)
    ways = [habit.after(b - a) for a, b in pairwise(hours)]
    ahead, behind = np.empty_like(told), np.ones_like(told)
    ahead[0] = np.array([1.0 - habit.share, habit.share]) * told[0]
    for k, way in enumerate(ways, start=1):
        ahead[k] = (ahead[k - 1] / ahead[k - 1].sum()) @ way * told[k]
    for k in range(len(ways) - 1, -1, -1):
        behind[k] = ways[k] @ (told[k + 1] * behind[k + 1])
        behind[k] /= behind[k].sum()
    both = ahead * behind
    return np.asarray(both[:, 1] / both.sum(axis=1))
