"""How many twenty-foot containers a block may hold: two limits, never a number between them.

What is assumed: the block is containers, standing side by side with gaps. Its area is what was measured; how many stand
on each other, and how full it is, the pixels do not tell unless a shadow does. That they hold anything is not known.
"""

from __future__ import annotations

import math

FOOTPRINT_M2 = 14.8
"""A twenty-foot container on the ground, 6.06 x 2.44 m, square metres (ISO 668)."""
TIERS = (1, 3)
"""How many stand on each other where no height was measured: what reach stackers and quayside piles make (a prior)."""
FILLING = (0.70, 0.95)
"""Share of the outline that containers cover: with lanes between the rows, or packed (a prior)."""
_HIGHEST = 6
"""No reach stacker piles higher (from memory)."""
_BOX_M = (2.59, 2.90)
"""Height of a container and of a high one, metres (ISO 668)."""


def teu_range(
    area_m2: float,
    length_m: float,
    width_m: float,
    pixel_m: float,
    height_m: tuple[float, float] | None = None,
) -> tuple[float, float]:
    """Return the fewest and the most twenty-foot containers that a block of this size may hold.

    Parameters
    ----------
    area_m2, length_m, width_m
        Of its outline on the ground.
    pixel_m
        Size of a pixel, metres: the outline may lie a pixel further in or out all round.
    height_m
        Limits of its height, metres, where a shadow gave them; None otherwise.

    Examples
    --------
    >>> [round(n) for n in teu_range(1530.0, 90.0, 17.0, 3.0)]
    [42, 418]

    """
    error = area_error(length_m, width_m, pixel_m)
    low, high = tiers_of(height_m)
    slots = area_m2 / FOOTPRINT_M2
    return slots * max(0.0, 1 - error) * low * FILLING[0], slots * (1 + error) * high * FILLING[1]


def area_error(length_m: float, width_m: float, pixel_m: float) -> float:
    """Return by which share an area is uncertain if its outline may lie a pixel further in or out all round.

    The mean of what a pixel more and a pixel less make of the rectangle; the corners, which differ, cancel.
    """
    return 2 * pixel_m * (length_m + width_m) / max(length_m * width_m, 1e-6)


def tiers_of(height_m: tuple[float, float] | None) -> tuple[int, int]:
    """Return how few and how many may stand on each other: one to three, or what a measured height allows.

    A height that fits no whole number of containers, or more than six, tells nothing: it is of something else.
    """
    if height_m is None:
        return TIERS
    low = max(TIERS[0], math.ceil(height_m[0] / _BOX_M[1]))
    high = math.floor(height_m[1] / _BOX_M[0])
    return (low, high) if low <= high <= _HIGHEST else TIERS
