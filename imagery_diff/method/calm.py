"""What the calm part of unchanged ground scatters by: the unit in which a thing beside it is fitted and followed.

Beside a thing other things may have come or gone. The restless fifth of the ground is left out; of what is normal that
takes about a third off the variance, which is put back.

Assumption: less than a fifth of the ground changed. Broken by: a crowded yard; bands so alike that the fifth that is
left out is one direction's tail (that one is then told some 20 % too small, the others too large).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CALM = 80.0
"""Per cent of the ground that its scatter is taken from."""
_PUT_BACK = 1.6
"""The variance of what is normal over that of its calm four fifths, between those of one and of four bands."""
_LEAST_SPREAD = 0.02
"""Least share of the largest scatter in a component, so that no component of mere rounding decides."""


def whitening(deviation: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return (component, band) that brings the calm part of (sample, band) deviations to one spread each."""
    size = np.linalg.norm(deviation, axis=1)
    calm = deviation[size <= np.percentile(size, _CALM)]
    variances, directions = np.linalg.eigh(np.asarray(calm.T @ calm, np.float64) / len(calm) * _PUT_BACK)
    variances = np.maximum(variances, max(float(variances.max()) * _LEAST_SPREAD, 1e-12))
    return np.asarray((directions / np.sqrt(variances)).T)
