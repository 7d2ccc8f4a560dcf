"""How strongly a thing of a colour would differ from the ground of a kind of zone, before any is put in.

The evidence that the middle of a thing too large for blur would give: its paint less what the ground shows, in spreads
of unchanged ground (:mod:`imagery_diff.method.evidence`), the median over the ground and both dates.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imagery_diff.method.detection import Prior
from imagery_diff.synthetic.materials import PAINTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from imagery_diff.pair_again import Known
    from imagery_diff.synthetic.optics import Camera

_SAMPLE = 1500
"""Pixels of ground that are asked."""


QUICK_PIXEL_M = (2.4, 3.75)
"""Smallest and largest pixel for which the quick way holds, metres: those of the design scenes."""


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What is known of a kind of zone before anything is put in."""

    colour: str
    """The worst by strength, a paint."""
    strength: float
    """Of that colour, spreads of unchanged ground."""
    rise_px: float
    """10-90 % rise of edges of the softer image."""


@dataclass(frozen=True, kw_only=True)
class _Design:
    """How the middle of a curve follows from an outlook, on design seeds (benchmarks/sensitivity.py fit).

    ln(m / pixel) = constant + by_strength ln(strength / 15) + by_rise ln(rise / 2.5), and spread about that.
    """

    constant: float
    by_strength: float
    by_rise: float
    spread: float
    """Of ln m from pair to pair."""
    slope: float
    """ln slope."""
    slope_spread: float
    lapse: float


_DESIGN = {
    "vessel": _Design(
        constant=2.75, by_strength=-0.45, by_rise=0.16, spread=0.10, slope=2.6, slope_spread=0.4, lapse=0.005
    ),
    "containers": _Design(
        constant=1.87, by_strength=0.07, by_rise=-0.47, spread=0.10, slope=2.5, slope_spread=0.4, lapse=0.02
    ),
    "rail_cars": _Design(
        constant=2.02, by_strength=-1.40, by_rise=0.03, spread=0.50, slope=1.5, slope_spread=0.4, lapse=0.05
    ),
}
"""Of 41 to 45 null scenes of fifteen cases (``collect --every 2 --count 18``): 751 ships, 738 stacks, 734 trains.
Spreads rounded up from 0.07, 0.07 and 0.28, lapses from 0.003, 0.017 and 0.044: other ground than that of design scenes
differs more."""


def prior_of(thing: str, outlook: Outlook, pixel_m: float) -> Prior:
    """Return what design seeds say of the curve of a thing, metres."""
    design = _DESIGN[thing]
    middle = design.constant + math.log(pixel_m)
    middle += design.by_strength * math.log(max(outlook.strength, 0.1) / 15.0)
    middle += design.by_rise * math.log(outlook.rise_px / 2.5)
    return Prior(
        middle=middle,
        middle_spread=design.spread,
        slope=design.slope,
        slope_spread=design.slope_spread,
        lapse=design.lapse,
    )


def strengths(
    known: Known,
    cameras: tuple[Camera, Camera],
    pixels: tuple[NDArray[np.intp], NDArray[np.intp]],
    colours: Iterable[str],
) -> dict[str, float]:
    """Return the strength of a thing of each colour on some ground.

    Parameters
    ----------
    known
        The pair.
    cameras
        Of the image before and after.
    pixels
        Rows and columns of the ground.
    colours
        Names of paints.

    """
    step = max(1, len(pixels[0]) // _SAMPLE)
    rows, cols = pixels[0][::step], pixels[1][::step]
    kinds, texture = known.matched.cover.surface[rows, cols], known.matched.cover.texture[rows, cols]
    gains = (known.matched.match.gain_before, known.matched.match.gain_after)
    noise = known.noises[0]
    found: dict[str, float] = {}
    for colour in colours:
        values = []
        for camera, gain, picture in zip(cameras, gains, known.pictures, strict=True):
            ground = np.asarray(picture.data[:, rows, cols], np.float64)
            paint = np.array(camera.mix) @ np.array(PAINTS[colour])
            change = (camera.tone.numbers(paint[:, None]) - ground) * gain[:, None]
            for kind in set(np.unique(kinds).tolist()) & set(noise.whitening):
                here = kinds == kind
                white = noise.whitening[kind] @ change[:, here] / noise.curve(kind, texture[here])
                values.append(np.sqrt(np.mean(white**2, axis=0)))
        found[colour] = float(np.median(np.concatenate(values))) if values else 0.0
    return found
