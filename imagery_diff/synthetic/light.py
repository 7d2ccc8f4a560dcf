"""Sunlight and line of sight over a height map: shading, cast shadows, and the lean of tall things."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from imagery_diff.geometry import Sun, View
    from imagery_diff.synthetic.paint import Canvas

    Image = NDArray[np.float32]
    Mask = NDArray[np.bool_]

_EDGE_M = 0.05
"""Heights closer than this are the same: a flat roof does not shade itself."""


def shifted(array: NDArray[Any], rows: int, cols: int, fill: float) -> NDArray[Any]:
    """Return the array read ``rows`` further down and ``cols`` further right; ``fill`` from beyond the edge."""
    out = np.full_like(array, fill)
    height, width = array.shape[-2:]
    if abs(rows) >= height or abs(cols) >= width:
        return out
    to_r, from_r = slice(max(0, -rows), height - max(0, rows)), slice(max(0, rows), height + min(0, rows))
    to_c, from_c = slice(max(0, -cols), width - max(0, cols)), slice(max(0, cols), width + min(0, cols))
    out[..., to_r, to_c] = array[..., from_r, from_c]
    return out


def cast_shadow(canvas: Canvas, sun: Sun) -> Mask:
    """Return where something stands between the surface and the sun (ray march on the height map).

    Parameters
    ----------
    canvas : Canvas
        Heights above level ground.
    sun : Sun
        Azimuth from grid north.

    Returns
    -------
    bool array (row, col)

    """
    height = canvas.height
    rise = math.tan(math.radians(sun.elevation_deg)) * canvas.fine.step_m
    highest = _highest(canvas)
    shade = np.zeros(height.shape, dtype=bool)
    for step, (rows, cols) in enumerate(_march(highest / rise, sun.azimuth_deg), start=1):
        ray = height + np.float32(step * rise)
        shade |= shifted(height, rows, cols, 0.0) > ray + _EDGE_M
        if canvas.hanging is not None:
            bottom, top, _ = canvas.hanging
            shade |= (shifted(bottom, rows, cols, np.inf) < ray) & (shifted(top, rows, cols, -np.inf) > ray)
    return shade


def shading(canvas: Canvas, sun: Sun) -> Image:
    """Return the direct light on each surface as a share of that on level ground (Lambert)."""
    azimuth, elevation = math.radians(sun.azimuth_deg), math.radians(sun.elevation_deg)
    east, north = canvas.slope
    tilt = np.sqrt(1.0 + east**2 + north**2)
    facing = math.sin(elevation) - math.cos(elevation) * (math.sin(azimuth) * east + math.cos(azimuth) * north)
    share: Image = np.clip(facing / tilt / math.sin(elevation), 0.0, 2.5).astype(np.float32)
    return share


def lit(canvas: Canvas, sun: Sun, shadow_light: tuple[float, ...]) -> Image:
    """Return the reflectance as lit by sun and sky, (band, row, col): as an image corrected for level ground."""
    shadow = cast_shadow(canvas, sun)
    direct = np.where(shadow, np.float32(0.0), shading(canvas, sun))
    sky = np.array(shadow_light, dtype=np.float32)[:, None, None]
    # Water answers the sky with its surface, not its body: a shadow on it is less deep.
    light = sky + (1.0 - sky) * direct[None]
    light = np.where(canvas.water[None], 0.45 + 0.55 * light, light)
    image: Image = (canvas.reflectance * light).astype(np.float32)
    return image


def seen(canvas: Canvas, image: Image, view: View) -> Image:
    """Return the image as seen from a tilted satellite, tied to the ground: tall things lean and hide what is behind.

    Parameters
    ----------
    canvas : Canvas
        Heights.
    image : float array (band, row, col)
        Lit reflectance, as from straight above.
    view : View
        Azimuth from grid north.

    Returns
    -------
    float32 array (band, row, col)

    """
    slope = math.tan(math.radians(view.off_nadir_deg))
    out = image.copy()
    if canvas.hanging is not None and view.off_nadir_deg == 0.0:
        return np.where(np.isfinite(canvas.hanging[1])[None], canvas.hanging[2], out)
    if slope == 0.0:
        return out
    rise = canvas.fine.step_m / slope
    # From the ground up to the satellite; what is met last hides what was met before.
    for step, (rows, cols) in enumerate(_march(_highest(canvas) / rise, view.azimuth_deg), start=1):
        ray = np.float32(step * rise)
        above = shifted(canvas.height, rows, cols, 0.0)
        hit = above > ray - np.float32(0.5 * rise)
        hit &= above > _EDGE_M
        if hit.any():
            # Well below the top the eye meets the wall, not the roof: darker, and without the roof's colour detail.
            wall = np.where(above > ray + rise, np.float32(0.72), np.float32(1.0))
            out = np.where(hit[None], shifted(image, rows, cols, 0.0) * wall[None], out)
        if canvas.hanging is not None:
            bottom, top, colour = canvas.hanging
            boom = (shifted(bottom, rows, cols, np.inf) < ray + rise) & (shifted(top, rows, cols, -np.inf) > ray - rise)
            out = np.where(boom[None], shifted(colour, rows, cols, 0.0), out)
    return out


def _highest(canvas: Canvas) -> float:
    highest = float(canvas.height.max(initial=0.0))
    if canvas.hanging is not None:
        highest = max(highest, float(canvas.hanging[1].max(initial=0.0)))
    return highest


def _march(steps: float, azimuth_deg: float) -> list[tuple[int, int]]:
    """Rows and columns of each step of one pixel towards an azimuth."""
    count = math.ceil(steps) + 1
    east, north = math.sin(math.radians(azimuth_deg)), math.cos(math.radians(azimuth_deg))
    return [(round(-north * k), round(east * k)) for k in range(1, count + 1)]
