"""What surfaces look like: reflectance in four bands, and how uneven they are.

Reflectances are typical values for blue, green, red and near infrared, read off published spectral libraries (USGS
splib07, doi:10.3133/ds1035; ECOSTRESS, doi:10.1016/j.rse.2019.05.015) by eye and rounded: plausible, not measured here.
"""

from __future__ import annotations

from dataclasses import dataclass

Reflectance = tuple[float, float, float, float]
"""Blue, green, red, near infrared."""


@dataclass(frozen=True, kw_only=True)
class Material:
    """A kind of ground."""

    reflectance: Reflectance
    """Of the bare surface."""
    uneven: tuple[float, float, float, float] = (0.10, 0.08, 0.08, 0.08)
    """Standard deviation of the logarithm of brightness over 60, 18, 6 and 2 m."""
    slab: float = 0.0
    """Half range of brightness from slab to slab of a pavement."""
    cover: float = 0.0
    """Share of the surface under plants, 0 to 1, in patches."""
    stains: float = 0.0
    """How dark oil and tyre stains are, 0 to 1."""
    trees_m: float = 0.0
    """Mean height of a canopy; 0 = low plants."""
    dries: float = 0.65
    """Brightness when wet as a share of brightness when dry (1 = water does not soak in)."""
    water: bool = False
    """Whether it is open water."""


MATERIALS: dict[str, Material] = {
    "sea": Material(reflectance=(0.046, 0.050, 0.031, 0.014), uneven=(0.02, 0.005, 0.0, 0.0), water=True, dries=1.0),
    "concrete": Material(
        reflectance=(0.155, 0.185, 0.205, 0.250), slab=0.05, stains=0.22, uneven=(0.05, 0.05, 0.07, 0.12)
    ),
    "old_concrete": Material(
        reflectance=(0.120, 0.145, 0.165, 0.215), slab=0.07, stains=0.30, uneven=(0.07, 0.07, 0.08, 0.14)
    ),
    "asphalt": Material(reflectance=(0.080, 0.092, 0.102, 0.130), stains=0.3, uneven=(0.10, 0.11, 0.14, 0.16)),
    "ballast": Material(reflectance=(0.075, 0.085, 0.098, 0.130), uneven=(0.08, 0.09, 0.14, 0.20)),
    "soil": Material(reflectance=(0.085, 0.118, 0.155, 0.235), uneven=(0.10, 0.10, 0.12, 0.16), cover=0.12),
    "gravel": Material(
        reflectance=(0.125, 0.152, 0.178, 0.230), uneven=(0.07, 0.07, 0.09, 0.16), stains=0.16, cover=0.05
    ),
    "scrub": Material(reflectance=(0.080, 0.108, 0.135, 0.215), uneven=(0.10, 0.10, 0.12, 0.20), cover=0.55),
    "field": Material(reflectance=(0.085, 0.115, 0.145, 0.230), uneven=(0.05, 0.03, 0.04, 0.06), cover=0.70),
    "wood": Material(
        reflectance=(0.060, 0.080, 0.095, 0.170), uneven=(0.10, 0.11, 0.14, 0.16), cover=0.98, trees_m=5.0
    ),
    "coal_ground": Material(reflectance=(0.048, 0.050, 0.053, 0.065), uneven=(0.15, 0.20, 0.22, 0.24), dries=0.8),
    "riprap": Material(reflectance=(0.110, 0.128, 0.140, 0.175), uneven=(0.08, 0.11, 0.27, 0.50)),
    "sand": Material(reflectance=(0.160, 0.205, 0.245, 0.320), uneven=(0.08, 0.09, 0.11, 0.12)),
}

PLANTS_GREEN: Reflectance = (0.030, 0.062, 0.038, 0.380)
PLANTS_DRY: Reflectance = (0.062, 0.092, 0.118, 0.235)
SNOW: Reflectance = (0.780, 0.790, 0.780, 0.700)
FOAM: Reflectance = (0.230, 0.235, 0.225, 0.190)

PAINTS: dict[str, Reflectance] = {
    "blue": (0.205, 0.125, 0.070, 0.130),
    "red": (0.055, 0.065, 0.185, 0.260),
    "rust": (0.055, 0.075, 0.150, 0.225),
    "grey": (0.155, 0.165, 0.170, 0.195),
    "green": (0.060, 0.115, 0.065, 0.190),
    "white": (0.400, 0.425, 0.430, 0.450),
    "orange": (0.060, 0.120, 0.310, 0.400),
    "black": (0.035, 0.036, 0.038, 0.048),
    "dark": (0.060, 0.066, 0.072, 0.100),
    "tan": (0.165, 0.205, 0.245, 0.310),
    "light_grey": (0.250, 0.270, 0.280, 0.310),
}
"""Colours of painted things; ``blue`` is the container blue of the record."""

ROOFS: dict[str, Reflectance] = {
    "roof_grey": (0.145, 0.160, 0.170, 0.205),
    "roof_dark": (0.075, 0.082, 0.090, 0.120),
    "roof_light": (0.270, 0.290, 0.300, 0.330),
    "roof_rust": (0.070, 0.090, 0.160, 0.230),
    "roof_tile": (0.085, 0.110, 0.185, 0.270),
    "roof_blue": (0.175, 0.140, 0.100, 0.170),
}
