"""A faint mark that says: these pixels were rendered, no satellite saw them.

The lowest bit of every non-zero pixel follows a pseudo-random pattern that repeats every 32 pixels, the same in every
band. No value moves by more than 1. The mark outlives a stripped tag, a new file name, a crop, a choice or a new order
of bands, and that numbers of 1/10,000 are made reflectance; it does not outlive resampling, other rescaling or lossy
compression, and is not a safeguard against ill will.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from imagery_diff.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

PERIOD_PX = 32
"""The pattern repeats after so many rows and columns; a crop holds it at any phase."""
MIN_PIXELS = 1024
"""Fewer non-zero pixels say nothing."""
AGREEMENT = 0.5
"""Mean of +1 (bit as in the pattern) and -1 (not): 1 on marked pixels, 0 +- 0.02 by chance on 64 x 64."""

ALTERED = "ALTERED, NOT AS RECEIVED"
"""Credit of a real image that was added to, cut out of its place or resampled for a test: no provider's name on it."""
ALTERED_TAG = "IMAGERY_DIFF_ALTERED"
"""TIFF tag of such an image. Its pixels carry no mark, so the tag is all that says it."""

STEP = 1e-4
"""Of reflectance, of which providers deliver whole numbers."""
_MOST, _MOST_REFLECTANCE = 2.0**31, 50.0
_ROUNDING = 0.05
"""Of a step: by so much a float32 below the most may be off."""
_SEED = 0x1D1FF


@cache
def _pattern() -> NDArray[np.int8]:
    """Return the bits, as many 0 as 1, so that an image of one parity does not resemble it."""
    bits = np.zeros(PERIOD_PX * PERIOD_PX, dtype=np.int8)
    bits[::2] = 1
    np.random.Generator(np.random.PCG64(_SEED)).shuffle(bits)
    return bits.reshape(PERIOD_PX, PERIOD_PX)


def stamp(data: NDArray[Any]) -> NDArray[Any]:
    """Return the image with the mark in its lowest bits.

    Parameters
    ----------
    data : integer array (band, row, col)
        0 is nodata and stays 0; no other pixel becomes 0.

    Returns
    -------
    integer array (band, row, col)
        Of the same type; no value differs by more than 1.

    Raises
    ------
    InputError
        If the array is not of integers with three axes.

    """
    _require_image(data, integers=True)
    rows, cols = data.shape[1:]
    tiles = (-(-rows // PERIOD_PX), -(-cols // PERIOD_PX))
    wanted = np.tile(_pattern(), tiles)[:rows, :cols].astype(data.dtype)
    marked = (data & ~data.dtype.type(1)) | wanted
    # 1 with a wanted 0 would become nodata; 2 has the same lowest bit.
    marked = np.where(marked == 0, data.dtype.type(2), marked)
    result: NDArray[Any] = np.where(data == 0, data, marked)
    return result


def stamp_floats(data: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return an image of floats with the mark in its last kept decimal.

    Parameters
    ----------
    data
        (band, row, col), resampled or not; NaN is nodata and stays NaN.

    Returns
    -------
    (band, row, col)
        Rounded to 1/10,000, or to whole numbers where they are larger than reflectance is; off by 1.5 of these at most.

    """
    gone = np.isnan(data)
    step = STEP if float(np.abs(data[~gone]).max(initial=0.0)) < _MOST_REFLECTANCE - 1 else 1.0
    numbers = np.rint(np.where(gone, 0.0, data / step)).astype(np.int64)
    marked: NDArray[np.float32] = np.where(gone, np.nan, stamp(numbers) * step).astype(np.float32)
    return marked


def carries_mark(data: NDArray[Any]) -> bool:
    """Say whether the pixels carry the mark of a rendered image.

    Parameters
    ----------
    data : array (band, row, col)
        Values as stored in the file: integers, or floats that hold whole numbers or whole ten-thousandths. 0 and NaN
        are nodata.

    Returns
    -------
    bool
        Whether the lowest bits follow the pattern at any of its 32 x 32 phases.

    """
    _require_image(data, integers=False)
    if not np.issubdtype(data.dtype, np.integer):
        if not np.issubdtype(data.dtype, np.floating):
            return False
        whole = _whole(data)
        if whole is None:
            return False
        data = whole
    signs = np.where(data == 0, 0, 2 * (data & 1).astype(np.int8) - 1).sum(axis=0, dtype=np.int32)
    counts = np.count_nonzero(data, axis=0)
    folded, total = _fold(signs), int(counts.sum())
    if total < MIN_PIXELS:
        return False
    reference = 2.0 * _pattern() - 1.0
    spectrum = np.fft.rfft2(folded) * np.conj(np.fft.rfft2(reference))
    agreement = np.fft.irfft2(spectrum, s=(PERIOD_PX, PERIOD_PX)) / total
    return bool(agreement.max() > AGREEMENT)


def _whole(data: NDArray[np.floating[Any]]) -> NDArray[np.int64] | None:
    """Return whole numbers, or how many ten-thousandths there are; None where it is neither."""
    numbers = np.nan_to_num(data.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    largest = float(np.abs(numbers).max(initial=0.0))
    if largest <= _MOST and np.array_equal(numbers, np.rint(numbers)):
        return numbers.astype(np.int64)
    parts = numbers / STEP
    if largest <= _MOST_REFLECTANCE and float(np.abs(parts - np.rint(parts)).max(initial=0.0)) < _ROUNDING:
        return np.rint(parts).astype(np.int64)
    return None


def _fold(signs: NDArray[np.int32]) -> NDArray[np.float64]:
    """Sum what lies a whole number of periods apart."""
    rows, cols = signs.shape
    padded = np.pad(signs, ((0, -rows % PERIOD_PX), (0, -cols % PERIOD_PX)))
    blocks = padded.reshape(padded.shape[0] // PERIOD_PX, PERIOD_PX, padded.shape[1] // PERIOD_PX, PERIOD_PX)
    folded: NDArray[np.float64] = blocks.sum(axis=(0, 2)).astype(np.float64)
    return folded


def _require_image(data: NDArray[Any], *, integers: bool) -> None:
    if data.ndim != 3:  # noqa: PLR2004 - band, row, col
        raise InputError(f"an image is (band, row, col), got an array of shape {data.shape}")
    if integers and not np.issubdtype(data.dtype, np.integer):
        raise InputError(f"only integer pixels can carry the mark, got {data.dtype}; stamp before scaling")
