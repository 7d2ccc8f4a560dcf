"""Radar scenes with known truth: backscatter of covers and scatterers, multiplied by speckle.

Fully developed speckle is a circular complex Gaussian field passed through the point spread of the radar; its squared
modulus is the one-look intensity, exponential; looks are averaged intensities (Goodman 1976, 10.1364/JOSA.66.001145).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_POINT_SHARE = 0.002
"""Share of pixels that hold a bright scatterer: some hundred roofs, poles and corners in a small town."""
_POINT_GAIN = 20.0


@dataclass(frozen=True, kw_only=True)
class Speckled:
    """How a radar sees: looks, point spread, numbers."""

    looks: int = 3
    """Independent one-look intensities averaged."""
    point_spread_px: float = 0.8
    """Gaussian of the complex field, pixels; 0 = uncorrelated speckle."""
    scaling: str = "amplitude"
    """A key of :data:`SCALINGS`."""


def _eight_bit(values: Floats, middle: float) -> Floats:
    return np.clip(np.round(values * middle / np.median(values)), 0, 255)


SCALINGS: dict[str, Callable[[Floats], Floats]] = {
    "amplitude": lambda power: 300 * np.sqrt(power),
    "8-bit amplitude": lambda power: _eight_bit(np.sqrt(power), 80),
    "intensity": lambda power: power,
    "decibels": lambda power: 10 * np.log10(power + 1e-6) - 12,
    "8-bit logarithm": lambda power: np.clip(np.round(140 + 40 * np.log10(power + 1e-6)), 0, 255),
}
"""Name -> from power to the numbers delivered."""


def backscatter(rng: np.random.Generator, shape: tuple[int, int], *, texture: float = 0.25) -> Floats:
    """Draw power of a place: two textured covers 6 dB apart, water 17 dB below, bright scatterers.

    Parameters
    ----------
    shape
        Rows and columns.
    texture
        Standard deviation of the logarithm of the covers' power.

    """
    ground = np.exp(texture * _field(rng, shape, 3))
    ground[_field(rng, shape, 20) < 0] *= 0.25
    ground[_field(rng, shape, 25) > 1] = 0.02
    points = rng.random(shape) < _POINT_SHARE
    return np.asarray(ground + points * rng.gamma(1, _POINT_GAIN, shape))


def _field(rng: np.random.Generator, shape: tuple[int, int], size: float) -> Floats:
    """Smooth random field of unit variance."""
    field = ndimage.gaussian_filter(rng.normal(size=shape), size)
    return np.asarray(field / field.std())


def speckle(rng: np.random.Generator, shape: tuple[int, int], radar: Speckled) -> Floats:
    """Draw speckle of mean 1; (row, col)."""
    total = np.zeros(shape)
    for _ in range(radar.looks):
        field = rng.normal(size=(2, *shape))
        if radar.point_spread_px:
            field = np.stack([ndimage.gaussian_filter(part, radar.point_spread_px) for part in field])
        total += (field**2).sum(axis=0)
    return np.asarray(total / total.mean())


def speckled_pair(
    rng: np.random.Generator, before: Floats, after: Floats, radar: Speckled
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Show two states of a place to a radar on two dates; (row, col) float32 each, in the numbers of its scaling."""
    first, second = (
        SCALINGS[radar.scaling](power * speckle(rng, power.shape, radar)).astype(np.float32)
        for power in (before, after)
    )
    return first, second
