"""What a place looks like when nothing stands on it: the medoid of many looks in common numbers.

Each look is brought to the numbers of one of them by a line per band through the tenth, middle and ninetieth percentile
of the ground both show (relative normalisation: Schott, Salvaggio and Volchok 1988, 10.1016/0034-4257(88)90116-2, with
quantiles in place of pseudo-invariant features). Of each pixel the look is taken that lies nearest to the middle of
all: a colour that was seen, with the noise of one image, where a median of an even count would mix ground and goods.

Assumption: things stand on a pixel in fewer than half of the looks that show it. Broken by: what stands there most of
the time; :mod:`imagery_diff.series_history` finds it by the looks that lack it and asks those alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]

_PERCENTILES = (10.0, 50.0, 90.0)
_LEAST_PX = 500
"""Fewer pixels seen on both looks give no line."""


def line_to(image: Floats, anchor: Floats, both: Bools) -> NDArray[np.float64] | None:
    """Return gain and offset of each band (2, band) that bring an image to the numbers of another.

    Parameters
    ----------
    image, anchor
        (band, row, col)
    both
        (row, col), ground that both show clearly.

    Returns
    -------
    None where too little is shown by both.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> one = rng.random((1, 40, 40), dtype=np.float32)
    >>> gain, offset = line_to(one, 2 * one + 1, np.ones((40, 40), bool))
    >>> round(float(gain[0]), 3), round(float(offset[0]), 3)
    (2.0, 1.0)

    """
    if np.count_nonzero(both) < _LEAST_PX:
        return None
    low, middle, high = (np.percentile(image[:, both], p, axis=1) for p in _PERCENTILES)
    to_low, to_middle, to_high = (np.percentile(anchor[:, both], p, axis=1) for p in _PERCENTILES)
    gain = (to_high - to_low) / np.maximum(high - low, 1e-9)
    return np.stack([gain, to_middle - gain * middle])


def medoid(looks: Floats, seen: Bools) -> tuple[Floats, NDArray[np.int16]]:
    """Return of each pixel the look that lies nearest to the middle of those that show it.

    Parameters
    ----------
    looks
        (look, band, row, col), in common numbers.
    seen
        (look, row, col), where each shows the ground clearly.

    Returns
    -------
    image : (band, row, col)
        0 where no look shows the ground.
    chosen : (row, col)
        Which look it is from; -1 where none.

    """
    masked = np.where(seen[:, None], looks, np.nan)
    any_seen = seen.any(axis=0)
    middle = np.zeros(looks.shape[1:], np.float32)
    middle[:, any_seen] = np.nanmedian(masked[:, :, any_seen], axis=0)
    far = np.where(seen, ((looks - middle) ** 2).sum(axis=1), np.inf)
    chosen = np.where(any_seen, far.argmin(axis=0), -1).astype(np.int16)
    image = np.take_along_axis(looks, np.maximum(chosen, 0)[None, None].astype(np.intp), axis=0)[0]
    return np.where(any_seen, image, np.float32(0.0)).astype(np.float32), chosen
