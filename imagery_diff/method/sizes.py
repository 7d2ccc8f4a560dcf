"""What a measured length allows to be said: a class of vessels, a visit, or no count of cars."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class LengthClass:
    """A class of vessels by their length."""

    name: str
    low_m: float
    high_m: float


CLASSES = (
    LengthClass("about 70 m", 60.0, 80.0),
    LengthClass("100 to 125 m", 100.0, 125.0),
    LengthClass("130 to 145 m", 130.0, 145.0),
    LengthClass("about 190 m", 171.0, 209.0),
)
"""The lengths that ships at Najin were reported with, 2023 and 2024 (coastal tankers; the four known cargo ships, read
as 100 to 125 and 130 to 145 m; bulk carriers). "About" is the larger of 10 m and 10 %, by which readings of one hull
scatter. No class says what a ship is called, what it is or what it carries."""
BETWEEN = "between classes"
"""The limits reach into more than one class, and none holds half of what they hold."""
CARS_PIXEL_M = 0.6
"""Largest pixel at which cars could be counted, metres: half of the gap between two coupled cars, about 1.2 m, for two
samples to fall into it."""


def length_class(low_m: float | None, high_m: float | None) -> str | None:
    """Name the class of vessels that the limits of a length allow.

    Parameters
    ----------
    low_m, high_m
        Its limits, metres; None where there are none.

    Returns
    -------
    The class that holds half and more of what the limits hold, if no other lies whole within them; ``BETWEEN`` where
    they reach into several, or hold a class whole, and none is named; None where they only touch one, or do not exist.

    Examples
    --------
    >>> length_class(104.0, 119.0), length_class(120.0, 136.0), length_class(84.0, 96.0)
    ('100 to 125 m', 'between classes', None)
    >>> length_class(92.0, 101.0)  # a touch is not enough

    """
    if low_m is None or high_m is None:
        return None
    shared = {c.name: min(high_m, c.high_m) - max(low_m, c.low_m) for c in CLASSES}
    reached = [name for name, length in shared.items() if length >= 0.0]
    held = [name for name in reached if shared[name] >= (high_m - low_m) / 2]
    inside = [c.name for c in CLASSES if low_m <= c.low_m and c.high_m <= high_m]
    if held and set(inside) <= set(held[:1]):
        return held[0]
    return BETWEEN if len(reached) > 1 or inside else None


def reading_error(length_m: float) -> float:
    """Return by how much a length read from an image may be off, metres: the larger of 10 m and 10 %.

    So far two readings of one hull by experienced readers of 3 m images lay apart.
    """
    return max(10.0, 0.1 * length_m)


def reading_limits(length_m: float) -> tuple[float, float]:
    """Return the limits of a length that was given without any, metres: what it may be off either way."""
    return max(0.0, length_m - reading_error(length_m)), length_m + reading_error(length_m)


def is_as_long(low_m: float, high_m: float, least_m: float) -> bool | None:
    """Say whether a vessel is of the class that begins at ``least_m``.

    Returns
    -------
    True if its lower limit is as long; False if its upper one falls short of it by more than readings are off, for the
    lengths that made the class were readings; None between.

    """
    if low_m >= least_m:
        return True
    return False if high_m < least_m - reading_error(least_m) else None


def why_cars_are_not_counted(pixel_m: float | None) -> str | None:
    """Return why cars are not counted at this pixel; None where pixels are fine enough for it.

    Parameters
    ----------
    pixel_m
        Size of a pixel on the ground, metres; None where it is not known.

    """
    gaps = f"the gaps between them are told apart only from {CARS_PIXEL_M:g} m pixels down"
    if pixel_m is None or not math.isfinite(pixel_m):
        return f"cars are not counted, for the size of a pixel is not known: {gaps}"
    # Two per cent: the scale of a UTM zone.
    if pixel_m <= 1.02 * CARS_PIXEL_M:
        return None
    return f"cars are not counted at {pixel_m:.2g} m pixels: {gaps}"
