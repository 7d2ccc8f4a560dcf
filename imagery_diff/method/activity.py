"""A first guess of what a region is, from its ground, size and zone; ``other`` where that is not enough.

Not calibrated: no probability is given here. Whether it stands on water or land is decided by the pixels; only
without a near-infrared band, where pixels cannot tell, does the zone decide, and the result says so.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


class Activity(enum.StrEnum):
    """Classes of activity; in prose always "container-like object" and the like."""

    VESSEL = "vessel"
    CONTAINERS = "containers"
    RAIL_CARS = "rail_cars"
    STOCKPILE = "stockpile"
    COVER = "cover"
    EQUIPMENT = "equipment"
    CONSTRUCTION = "construction"
    OTHER = "other"


_MIN_VESSEL_M = 20.0
"""Shorter things on water are boats, wakes and waves."""
_MAX_BEAM_M = 60.0
"""The widest container ships have a beam of 61 m; wider things on water are slicks, glint or several ships."""
_HULL_ASPECT = 2.0
"""Hulls are three (barges) to nine times as long as wide; the blur of the image widens them, so twice is asked."""
NO_HULL = "not of a vessel's length and beam"
_CONTAINER_STACK_M = (12.0, 400.0)
"""From one 40-foot container to the longest quay of the place."""
_MAX_STACK_WIDTH_M = 60.0
_MAX_TRAIN_WIDTH_M = 12.0
"""A rail car is 3 m wide and blurs over 7; two neighbouring tracks make 12."""
_TRAIN_ASPECT = 5.0
_MIN_TRAIN_M = 100.0
"""In a yard with rails, a shorter narrow line may as well be one row of containers."""


_LEAST_CHROMA = 0.15
"""Difference of the strongest and the weakest band, shares of the ground's brightness, from which a dark thing has a
colour: haze of an optical depth of 0.1 adds a tenth."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """What is known of a region when it is given a class."""

    on_water: bool | None
    """From the pixels; None where they cannot tell."""
    zone_kind: str | None
    near_rail: bool
    """It lies in a zone of kind rail too, though it lies more in another."""
    length_m: float
    width_m: float
    mean_width_m: float
    """Area over length: a train in a curve is narrow though the rectangle around it is not."""
    both_dates: bool
    """Something stood there on both dates."""
    dark: bool
    """Darker than its surround on the date it stood there, and without colour."""


@dataclass(frozen=True, kw_only=True)
class Classed:
    """What the pixels say of the class of a region, and of its relation to others."""

    traits: dict[str, float] = field(default_factory=dict)
    """What the class rests on; empty where no table holds, and the rules of :func:`classify` decided."""
    shares: dict[str, float] = field(default_factory=dict)
    """Class -> chance, if it is a change, once the kind of zone is known."""
    shares_without_zone: dict[str, float] = field(default_factory=dict)
    """The same by the pixels alone."""
    relation: str = "unclear"
    """``new``, ``extends``, ``shrinks``, ``replaces``, ``moved`` or ``unclear``."""
    relation_to: int | None = None
    """Place of the other region in the list of those that are told."""
    same_colour: dict[str, float] | None = None
    """``region`` (its place), ``angle_deg`` and ``chance``."""


def is_hull(length_m: float, width_m: float) -> bool:
    """Say whether these may be the sides of a vessel."""
    return length_m >= _MIN_VESSEL_M and width_m <= _MAX_BEAM_M and length_m >= _HULL_ASPECT * width_m


def classify(candidate: Candidate) -> tuple[Activity, tuple[str, ...]]:
    """Return a class and the reasons for it, shortest first."""
    c = candidate
    on_water = c.on_water if c.on_water is not None else c.zone_kind in {"berth", "anchorage"}
    ground = "on open water by its colour" if c.on_water else "on land by its colour"
    if c.on_water is None:
        ground = f"water and land not told apart by these bands; zone kind {c.zone_kind or 'none'}"
    if on_water:
        if is_hull(c.length_m, c.width_m):
            return Activity.VESSEL, (ground, "of a vessel's length and beam")
        return Activity.OTHER, (ground, NO_HULL)
    narrow = c.mean_width_m <= _MAX_TRAIN_WIDTH_M and c.length_m >= _TRAIN_ASPECT * c.mean_width_m
    if narrow and (c.zone_kind == "rail" or (c.near_rail and c.length_m >= _MIN_TRAIN_M)):
        return Activity.RAIL_CARS, (ground, "long and as narrow as a train", "rails are drawn there")
    if c.zone_kind == "stockpile" and c.dark:
        return Activity.STOCKPILE, (ground, "dark and without colour", "zone kind stockpile")
    low, high = _CONTAINER_STACK_M
    if (
        c.zone_kind in {"yard", "stockpile"}
        and low <= c.length_m <= high
        and c.width_m <= _MAX_STACK_WIDTH_M
        and not c.both_dates
    ):
        return Activity.CONTAINERS, (ground, "of a container stack's length and width", f"zone kind {c.zone_kind}")
    return Activity.OTHER, (ground, "size, colour or place fit no class well enough")


def name_colour(brightness: dict[str, float], ground: dict[str, float]) -> str | None:
    """Name a colour: hue and saturation as they stand, light or dark against the ground.

    Parameters
    ----------
    brightness, ground
        Mean of the object and of what it is seen against for ``red``, ``green``, ``blue``; any common scale on which a
        grey thing has equal values (reflectance, or a picture's white balance).

    Returns
    -------
    One of white, grey, dark, blue, green, red, brown, tan, orange; None without all three bands.

    """
    if not {"red", "green", "blue"} <= set(brightness) & set(ground):
        return None
    rgb = np.maximum([brightness[n] for n in ("red", "green", "blue")], 0.0)
    grey = max(float(np.mean([ground[n] for n in ("red", "green", "blue")])), 1e-6)
    peak, low = float(rgb.max()), float(rgb.min())
    level = float(rgb.mean()) / grey
    chroma, saturation = (peak - low) / grey, (peak - low) / max(peak, 1e-6)
    # Haze and shade tint what is dark by a tenth of the ground; red and green paint is as dark, but keeps its colour.
    if peak <= 0 or (level < 0.5 and chroma < _LEAST_CHROMA):  # noqa: PLR2004
        return "dark"
    if saturation < 0.25:  # noqa: PLR2004 - concrete and dust tint grey things as much
        return "white" if level > 1.6 else "grey"  # noqa: PLR2004
    strongest = int(np.argmax(rgb))
    return _between_red_and_green(rgb, grey, saturation) if strongest == 0 else ("red", "green", "blue")[strongest]


def _between_red_and_green(rgb: NDArray[np.float64], grey: float, saturation: float) -> str:
    """Name what reflects red most by how far it goes towards green: red lead, rust and orange, sand."""
    share = float(rgb[1] - rgb[2]) / max(float(rgb[0] - rgb[2]), 1e-6)
    if share > 0.35 and saturation < 0.45:  # noqa: PLR2004 - a hue of 21 degrees and more, half grey: wood, sand, dust
        return "tan" if rgb.mean() > 0.8 * grey else "brown"
    if share <= 0.18:  # noqa: PLR2004 - 11 degrees
        return "red"
    return "orange" if rgb[0] > grey and saturation > 0.5 else "brown"  # noqa: PLR2004 - brown is a dark or dull orange


def most_coloured(bands: Mapping[str, NDArray[np.float32]]) -> dict[str, float]:
    """Return the median of the third of a thing's pixels that has most colour, by band.

    A deck lies between hatches, a white house and the water, each with its share of every pixel.

    Parameters
    ----------
    bands
        Band -> (pixel,).

    """
    rgb = np.stack([bands[name] for name in ("red", "green", "blue")])
    chroma = (rgb.max(axis=0) - rgb.min(axis=0)) / np.maximum(rgb.max(axis=0), 1e-6)
    most = chroma >= np.quantile(chroma, 2 / 3)
    return {name: float(np.median(values[most])) for name, values in bands.items()}


def basis_of(brightness: Mapping[str, float], ground: Mapping[str, float]) -> str:
    """Say what a colour rests on: reflectance of each band, and the angle to the ground beneath."""
    names = [n for n in brightness if n in ground]
    one, other = (np.array([max(b[n], 0.0) for n in names]) for b in (brightness, ground))
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    angle = float(np.degrees(np.arccos(np.clip(float(one @ other) / size, -1, 1)))) if size > 0 else 0.0
    values = ", ".join(f"{n} {brightness[n]:.3g}" for n in names)
    return f"{values}; {angle:.0f} degrees from what it is seen against"
