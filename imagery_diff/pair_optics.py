"""How each image of a pair shows things: its point spread, noise, numbers and sun, from the image and its metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from imagery_diff.geometry import Sun
from imagery_diff.method.radiometry import Surface
from imagery_diff.scene import UNSEEN
from imagery_diff.synthetic.optics import SHADOW_LIGHT, Camera, Tone, measure_edges, measure_noise, stretched

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.grid import Grid
    from imagery_diff.scene import Scene, SceneInfo

USUAL_RISE_PX = 2.5
"""10-90 % rise of edges, as measured on seven delivered PlanetScope scenes; where an image has too few to tell."""
_PLACES = 1000
"""Of strong gradient, at which edges are measured: more tell a quartile no better."""
_OVERHEAD = Sun(azimuth_deg=0.0, elevation_deg=90.0)
"""Throws no shadow: where the sun is not known."""
_COLOURS: dict[str, tuple[float, float, float, float]] = {
    "coastal": (1, 0, 0, 0),
    "blue": (1, 0, 0, 0),
    "greeni": (0, 1, 0, 0),
    "green": (0, 1, 0, 0),
    "yellow": (0, 0.5, 0.5, 0),
    "red": (0, 0, 1, 0),
    "rededge": (0, 0, 0.5, 0.5),
    "rededge2": (0, 0, 0.2, 0.8),
    "rededge3": (0, 0, 0, 1),
    "nir": (0, 0, 0, 1),
    "nir08": (0, 0, 0, 1),
    "swir1": (0, 0, 0, 1),
    "swir2": (0, 0, 0, 1),
}
"""What a band sees of blue, green, red and near infrared, in which things are painted; paint reflects short-wave
infrared about as it does near infrared."""
_ALL_LIGHT = (0.25, 0.35, 0.3, 0.1)
"""Of a band without a known name, or a panchromatic one."""


def camera_of(info: SceneInfo, picture: Scene, names: tuple[str, ...], surface: NDArray[np.uint8]) -> Camera:
    """Learn how an image shows things.

    Parameters
    ----------
    info
        Whose sun is taken.
    picture
        The image on the grid of the comparison.
    names
        Of its bands.
    surface
        (row, col), class of ground; where numbers are no reflectance, water and land tell what they mean.

    """
    seen = (picture.flags & UNSEEN) == 0
    numbers = picture.data.astype(np.float64)
    middle = np.median(numbers[:, seen], axis=1) if seen.any() else np.zeros(len(numbers))
    numbers[:, ~seen] = middle[:, None]
    spread, how = measure_edges(numbers, USUAL_RISE_PX, _PLACES)
    count = len(numbers)
    tone = (
        Tone(reflectance=((0.0, 1.0),) * count, number=((0.0, 1.0),) * count)
        if info.units == "reflectance"
        else stretched(numbers[:, seen], names, (surface == Surface.WATER.value)[seen])
    )
    return Camera(
        spread=spread,
        noise=measure_noise(numbers),
        tone=tone,
        mix=tuple(_COLOURS.get(name, _ALL_LIGHT) for name in names),
        sun=_sun(info, picture.grid),
        view=info.view_from_top(picture.grid),
        shadow_light=SHADOW_LIGHT,
        told=(how,),
    )


def _sun(info: SceneInfo, grid: Grid) -> Sun:
    sun = info.sun_from_top(grid)
    return sun if sun is not None and sun.elevation_deg > 0 else _OVERHEAD
