"""Whether the numbers of a Sentinel-2 image carry the offset of baseline 04.00, where nothing but they can tell.

Clear water and deep shade reflect next to nothing in the short-wave infrared (water absorbs it within a millimetre, and
the air scatters less than .002 into it) and less than about .07 in the near infrared (glint and thin haze included). So
the darkest hundredth of an image that shows some of either lies

- without the offset, below 700 in one of these bands. With the offset 700 would be a reflectance of -.03, which a
  hundredth of an image never has: at the top of the atmosphere none is negative, and at the surface the correction
  errs by less.
- with it, between 900 and 1300 in both short-wave bands. Without it that would be ground of which no hundredth is
  darker than .09, and equally dark at 1.6 and 2.2 micrometres; dry ground is darker by a third in the second.

Else the image shows neither water nor shade, and tells nothing. tests/read/products/test_sentinel2.py holds the rule
against real L1C images from before the offset existed, and against the same with 1000 added.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imagery_diff.errors import InputError
from imagery_diff.read.products.sentinel2.metadata import OFFSET

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

NIR, SWIR = ("B08", "B8A"), ("B11", "B12")
WITHOUT_BELOW = 700
WITH_BETWEEN = (900, 1300)
_DARK_PERCENT = 1
_WINDOW_PX, _WINDOWS = 256, 3
"""Windows of so many pixels, so many along each side, spread evenly: nine of 256 hold 590,000 pixels."""
_FEWEST_PX = 2_000
"""Of which a hundredth is still twenty."""


@dataclass(frozen=True)
class Darkest:
    """Band -> the number that a hundredth of its pixels do not exceed; those of 0 are no data and left out."""

    numbers: dict[str, float]

    @property
    def told(self) -> str:
        """For people."""
        return ", ".join(f"{b} {n:.0f}" for b, n in self.numbers.items()) or "neither NIR nor SWIR is there"

    @property
    def offset(self) -> float | None:
        """What is to be added; None = the image does not tell."""
        if any(n < WITHOUT_BELOW for n in self.numbers.values()):
            return 0.0
        low, high = WITH_BETWEEN
        if all(low <= self.numbers.get(b, 0.0) <= high for b in SWIR):
            return OFFSET
        return None


def darkest(
    read: Callable[[str, int, int, tuple[int, int]], NDArray[np.float32]], shapes: dict[str, tuple[int, int]]
) -> Darkest:
    """Look at the infrared bands in windows.

    Parameters
    ----------
    read
        Returns a rectangle of a band in the file's own numbers: band, row, column, shape.
    shapes
        Band -> its rows and columns.

    """
    found = {}
    for band in (*NIR, *SWIR):
        if band not in shapes:
            continue
        rows, cols = shapes[band]
        size = (min(_WINDOW_PX, rows), min(_WINDOW_PX, cols))
        spots = {
            (i * (rows - size[0]) // (_WINDOWS - 1), j * (cols - size[1]) // (_WINDOWS - 1))
            for i in range(_WINDOWS)
            for j in range(_WINDOWS)
        }
        seen = [part[part > 0] for part in (read(band, row, col, size) for row, col in sorted(spots))]
        pixels = np.concatenate(seen)
        if len(pixels) >= _FEWEST_PX:
            found[band] = float(np.percentile(pixels, _DARK_PERCENT))
    return Darkest(found)


def decide(name: str, dark: Darkest) -> tuple[float, str]:
    """Return what is to be added to the numbers, and a note that says why.

    Raises
    ------
    InputError
        If the image does not tell.

    """
    offset = dark.offset
    if offset is None:
        raise InputError(
            f"{name}: nothing tells whether its numbers carry the offset of processing baseline 04.00, and its darkest "
            f"hundredth ({dark.told}) does not show it; give the product with its metadata, or say --offset -1000 "
            "(it carries the offset: most products since 2022-01-25) or --offset 0 (it does not)"
        )
    carries = "carry the offset of -1000" if offset else "carry no offset"
    return (
        offset,
        f"numbers taken to {carries}, by the darkest hundredth of NIR and SWIR ({dark.told}); no metadata told it",
    )
