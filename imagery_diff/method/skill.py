"""How well a score and a map agree with a label: the figures a benchmark prints, exact where values tie.

Pixels are counted one by one. Neighbours are not independent, so no figure here carries an interval; the spread over
places is what says how far one may believe it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import rankdata

from imagery_diff.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]


def auc(score: NDArray[Any], changed: Bools) -> float | None:
    """Chance that a changed pixel scores above an unchanged one, ties counting half: area under the ROC curve.

    The rank sum of Mann and Whitney 1947 (10.1214/aoms/1177730491), divided by the number of comparisons.

    Parameters
    ----------
    score
        (n,), larger = more likely changed; finite.
    changed
        (n,), the truth.

    Returns
    -------
    0 to 1, None where one of the two classes is missing.

    Examples
    --------
    >>> auc(np.array([1.0, 2.0, 3.0]), np.array([False, False, True]))
    1.0

    """
    score, changed = _checked(score, changed)
    positives = int(np.count_nonzero(changed))
    negatives = changed.size - positives
    if positives == 0 or negatives == 0:
        return None
    ranks = rankdata(score)
    wins = float(ranks[changed].sum()) - positives * (positives + 1) / 2
    return wins / (positives * negatives)


def average_precision(score: NDArray[Any], changed: Bools) -> float | None:
    """Precision averaged over the changed pixels as the threshold falls; pixels of one score enter together.

    The step-wise sum of precision times gain in recall, not interpolated: a random score gets the share of changed
    pixels.

    Parameters
    ----------
    score
        (n,), larger = more likely changed; finite.
    changed
        (n,), the truth.

    Returns
    -------
    0 to 1, None where there is no change.

    Examples
    --------
    >>> average_precision(np.array([3.0, 2.0, 1.0]), np.array([True, False, True])) == (1 + 2 / 3) / 2
    True

    """
    score, changed = _checked(score, changed)
    positives = int(np.count_nonzero(changed))
    if positives == 0:
        return None
    hits, called = _by_threshold(score, changed)
    return float(np.sum(hits / called * np.diff(hits, prepend=0)) / positives)


def best_f1(score: NDArray[Any], changed: Bools) -> float | None:
    """F1 at the threshold that makes it largest: what the ranking would allow somebody who knew the label.

    The distance from it to the F1 of a map is what the map's threshold cost.

    Parameters
    ----------
    score
        (n,), larger = more likely changed; finite.
    changed
        (n,), the truth.

    Returns
    -------
    0 to 1, None where there is no change.

    Examples
    --------
    >>> best_f1(np.array([3.0, 2.0, 1.0]), np.array([True, False, True]))
    0.8

    """
    score, changed = _checked(score, changed)
    positives = int(np.count_nonzero(changed))
    if positives == 0:
        return None
    hits, called = _by_threshold(score, changed)
    return float(np.max(2 * hits / (called + positives)))


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """A map against a label, counted pixel by pixel."""

    hits: int
    """Changed, and called so."""
    false: int
    """Unchanged, but called changed."""
    missed: int
    """Changed, but not called so."""
    quiet: int
    """Unchanged, and not called changed."""

    @classmethod
    def of(cls, called: Bools, changed: Bools) -> Agreement:
        """Count two arrays of one shape."""
        if called.shape != changed.shape:
            raise InputError(f"a map of shape {called.shape} cannot be counted against a label of {changed.shape}")
        hits = int(np.count_nonzero(called & changed))
        marked, true = int(np.count_nonzero(called)), int(np.count_nonzero(changed))
        return cls(hits=hits, false=marked - hits, missed=true - hits, quiet=changed.size - marked - true + hits)

    @property
    def precision(self) -> float | None:
        """Share of what was called changed that is; None where nothing was called."""
        return _ratio(self.hits, self.hits + self.false)

    @property
    def recall(self) -> float | None:
        """Share of what changed that was called so; None where there is no change."""
        return _ratio(self.hits, self.hits + self.missed)

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; None where there is no change and nothing was called."""
        return _ratio(2 * self.hits, 2 * self.hits + self.false + self.missed)

    @property
    def kappa(self) -> float | None:
        """Agreement beyond chance (Cohen 1960, 10.1177/001316446002000104); None where there is nothing to tell apart.

        0 for a map that knows nothing, 1 for one that agrees everywhere.
        """
        total = self.hits + self.false + self.missed + self.quiet
        if total == 0:
            return None
        called, changed = (self.hits + self.false) / total, (self.hits + self.missed) / total
        by_chance = called * changed + (1 - called) * (1 - changed)
        seen = (self.hits + self.quiet) / total
        return None if by_chance == 1 else (seen - by_chance) / (1 - by_chance)


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _by_threshold(score: NDArray[Any], changed: Bools) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Hits and pixels called at each threshold, from the highest score down; pixels of one score enter together."""
    order = np.argsort(-score, kind="stable")
    last = np.append(np.flatnonzero(np.diff(score[order])), score.size - 1)
    return np.cumsum(changed[order])[last], last + 1


def _checked(score: NDArray[Any], changed: Bools) -> tuple[NDArray[Any], Bools]:
    """Flatten both; a score that is no number has no rank."""
    score, changed = np.ravel(score), np.ravel(changed)
    if score.shape != changed.shape:
        raise InputError(f"{score.size} scores cannot be ranked against {changed.size} labels")
    if not np.isfinite(score).all():
        raise InputError("a score holds NaN or infinity, which has no rank; give finite numbers")
    return score, changed
