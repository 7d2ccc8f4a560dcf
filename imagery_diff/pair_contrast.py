"""How strongly a thing of a colour would differ from the ground of a kind of zone, before any is put in.

The evidence that the middle of a thing too large for blur would give: its paint less what the ground shows, in spreads
of unchanged ground (:mod:`imagery_diff.method.evidence`), the median over the ground and both dates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from imagery_diff.synthetic.materials import PAINTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from imagery_diff.pair_again import Known
    from imagery_diff.synthetic.optics import Camera

_SAMPLE = 1500
"""Pixels of ground that are asked."""


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
