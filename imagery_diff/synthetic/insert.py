"""Put a thing into a real image: drawn fine, lit by that image's sun, blurred by its optics, in its numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
from shapely.affinity import translate

from imagery_diff.geometry import shadow_m
from imagery_diff.synthetic.light import cast_shadow, lit, seen
from imagery_diff.synthetic.look import Look
from imagery_diff.synthetic.optics import draw_noise
from imagery_diff.synthetic.paint import Fine, paint_parts

if TYPE_CHECKING:
    from affine import Affine
    from numpy.random import Generator
    from numpy.typing import NDArray

    from imagery_diff.synthetic.optics import Camera, Image
    from imagery_diff.synthetic.world import Thing

OVERSAMPLE = 5
"""Things are drawn so many times finer than the pixel; odd, so that a pixel's middle is a fine pixel's middle."""
TOUCHED = 2e-3
"""A pixel of which the thing and its shadow change less than this share is left as it was."""
WATER_SHADOW = 0.55
"""How much of a shadow shows on water: its surface answers the sky, as in the renderer."""
_NOON = datetime(2020, 6, 1, 12, tzinfo=UTC)
"""A look needs a time; the sun comes from the camera."""


@dataclass(frozen=True, kw_only=True)
class Inserted:
    """What became of an image."""

    data: NDArray[np.generic]
    """(band, row, col), of the type that came in."""
    touched: NDArray[np.bool_]
    """(row, col): pixels that may differ from what came in."""
    contrast: float
    """Median over the footprint of |log(thing / ground)|, root mean square over bands, before blur and noise."""


def insert(data: NDArray[np.generic], transform: Affine, thing: Thing, camera: Camera, rng: Generator) -> Inserted:
    """Return the image with the thing in it.

    Parameters
    ----------
    data : array (band, row, col)
        The image's own numbers.
    transform : Affine
        North-up, square pixels, map metres.
    thing : Thing
        With its parts, in map metres; wholly inside the image with its shadow and blur.
    camera : Camera
        Of this image.
    rng : Generator
        Of the noise on the thing.

    Raises
    ------
    ValueError
        If the thing, its shadow or its blur reaches over the edge.

    """
    rows, cols = window_of(thing, transform, camera, data.shape[1:])
    covered, colour, shade, contrast = _drawn(data[:, rows, cols], transform, (rows, cols), thing, camera)
    under = data[:, rows, cols].astype(np.float64)
    ground = camera.tone.reflectances(under)
    light = np.array(camera.mix) @ np.array(camera.shadow_light)
    depth = (1.0 - light) * (WATER_SHADOW if thing.kind == "vessel" else 1.0)
    shown = ground * (1.0 - covered - depth[:, None, None] * shade) + colour
    # The difference is added, so that what the tone cannot invert (saturated roofs) stays what it was.
    level = under + camera.tone.numbers(shown) - camera.tone.numbers(ground)
    # The ground's own noise fades as (1 - covered); the thing's brings its variance back to what it was.
    share = np.sqrt(np.clip(1.0 - (1.0 - covered) ** 2, 0.0, 1.0))
    level += share * draw_noise(under.shape, camera.noise, rng)
    hit = (np.abs(covered) > TOUCHED) | (np.abs(shade) > TOUCHED)
    out, touched = data.copy(), np.zeros(data.shape[1:], dtype=bool)
    out[:, rows, cols] = np.where(hit, _as_type(level, data.dtype), data[:, rows, cols])
    touched[rows, cols] = hit
    return Inserted(data=out, touched=touched, contrast=contrast)


def window_of(thing: Thing, transform: Affine, camera: Camera, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Return the rows and columns that a thing, its shadow and its blur can reach.

    Raises
    ------
    ValueError
        If they are not all in the image.

    """
    foot, top_m = thing.footprint, max(p.top_m for p in thing.parts)
    whole = foot.union(translate(foot, *shadow_m(top_m, camera.sun)))
    if camera.view is not None:
        whole = whole.union(foot.buffer(top_m * math.tan(math.radians(camera.view.off_nadir_deg))))
    left, bottom, right, top = whole.bounds
    col0, row0 = ~transform @ (left, top)
    col1, row1 = ~transform @ (right, bottom)
    reach = camera.spread.reach_px + 1
    spans = (math.floor(row0) - reach, math.ceil(row1) + reach, math.floor(col0) - reach, math.ceil(col1) + reach)
    if spans[0] < 0 or spans[2] < 0 or spans[1] > shape[0] or spans[3] > shape[1]:
        raise ValueError(f"'{thing.id}' with its shadow reaches over the edge of the image")
    return slice(spans[0], spans[1]), slice(spans[2], spans[3])


def _drawn(
    under: NDArray[np.generic], transform: Affine, window: tuple[slice, slice], thing: Thing, camera: Camera
) -> tuple[Image, Image, Image, float]:
    """Return, as the optics show them: share covered, covered times colour, share shaded; and the contrast."""
    fine = _fine(transform, window)
    canvas = paint_parts(thing.parts, fine, Look(time=_NOON, waves=0.0))
    on = canvas.height > 0.0
    bright = np.einsum("bc,cij->bij", np.array(camera.mix), lit(canvas, camera.sun, camera.shadow_light))
    shade = cast_shadow(canvas, camera.sun) & ~on
    shown, colour = on, (bright * on).astype(np.float32)
    if camera.view is not None:
        # Walls are darker than roofs, yet hide as much.
        shown = seen(canvas, on[None].astype(np.float32), camera.view)[0] > 0.0
        colour = seen(canvas, colour, camera.view)
        shade &= ~shown
    layers = np.concatenate([shown[None], colour, shade[None]]).astype(np.float32)
    sampled = camera.spread.sample(layers, OVERSAMPLE)
    ground = np.median(camera.tone.reflectances(under.astype(np.float64)), axis=(1, 2))
    ratio = np.log(np.maximum(bright[:, on], 1e-3) / np.maximum(ground, 1e-3)[:, None])
    return sampled[0], sampled[1:-1], sampled[-1], float(np.median(np.sqrt((ratio**2).mean(axis=0))))


def _fine(transform: Affine, window: tuple[slice, slice]) -> Fine:
    """Return the fine grid over whole pixels of the image."""
    rows, cols = window
    left, top = transform @ (cols.start, rows.start)
    shape = ((rows.stop - rows.start) * OVERSAMPLE, (cols.stop - cols.start) * OVERSAMPLE)
    return Fine(left=left, top=top, step_m=transform.a / OVERSAMPLE, shape=shape)


def _as_type(level: Image, dtype: np.dtype[np.generic]) -> NDArray[np.generic]:
    """Round and clip to the image's type; never 0, which may stand for no data."""
    if not np.issubdtype(dtype, np.integer):
        return level.astype(dtype)
    most = int(np.iinfo(dtype.name).max)
    return np.clip(np.rint(level), 1, most).astype(dtype)
