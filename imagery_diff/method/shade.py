"""Cast shadows: told by their colour, and held to what light can do.

Colour alone takes coal, wet ground and asphalt for shade. But a shadow has a caster and a length: it reaches no
further from its caster than the caster's height over the tangent of the sun's elevation, straight away from the sun
(Liow and Pavlidis 1990, Computer Vision, Graphics, and Image Processing 49). What runs on further in that direction is
dark ground or a dark thing.

Assumption: level ground, and things no higher than the height given. Broken by: towers and their shadows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from imagery_diff.method import blocks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]
    Vector = tuple[float, float]

_EIGHT = np.ones((3, 3), bool)
_BLUR_PX = 2.0
"""How far the blur of the image widens a shadow, both sides together, pixels."""


def cast_shadow(
    before: Floats, after: Floats, names: tuple[str, ...], *, least: float, water: tuple[Bools, Bools] | None
) -> tuple[Bools, Bools]:
    """Find pixels that differ between the dates like lit and shaded ground.

    A cast shadow takes the sun away and leaves the sky, which is blue: every band darkens, and the more so the longer
    its wavelength (the rule and its bounds: method.md section 1, step 4). The dark side must not look like the
    scene's water, or every departed ship would be a shadow.

    Parameters
    ----------
    before, after
        (band, row, col), brightness brought to the same scale.
    names
        Band names; ``blue`` and ``nir`` are needed, else nothing is called a shadow.
    least
        Smallest mean log darkening that counts.
    water
        (row, col) before and after, open water; None where that is not known.

    Returns
    -------
    (row, col) twice: in shade before and lit after, and the other way round.

    """
    if not {"blue", "nir"} <= set(names):
        return np.zeros(before.shape[1:], bool), np.zeros(before.shape[1:], bool)
    blue, nir = names.index("blue"), names.index("nir")
    tiny = 1e-4 * max(float(np.max(before)), float(np.max(after)), 1e-6)
    shaded = np.empty((2, *before.shape[1:]), bool)

    def fill(tile: blocks.Tile) -> None:
        logs = np.log(np.maximum(before[:, *tile.own], tiny)) - np.log(np.maximum(after[:, *tile.own], tiny))
        mean = logs.mean(axis=0)
        darkening = logs * np.sign(mean)
        size = np.abs(mean)
        growth = (darkening[nir] - darkening[blue]) / np.maximum(size, 1e-6)
        shade = (growth > 0.12) & (growth < 1.2 * size + 0.1)  # noqa: PLR2004
        shade &= (size > least) & (size < 2.5) & (darkening > 0).all(axis=0)  # noqa: PLR2004
        if water is not None:
            shade &= ~np.where(mean > 0, water[1][tile.own], water[0][tile.own])
        shaded[:, *tile.own] = shade & (mean < 0), shade & (mean > 0)

    blocks.each(fill, blocks.tiles(before.shape[1:]))
    return shaded[0], shaded[1]


def within_reach(shaded: Bools, shadow_px: Vector) -> Bools:
    """Keep of the shade-coloured pixels those that a shadow can hold.

    Parameters
    ----------
    shaded
        (row, col), shade-coloured on one date.
    shadow_px
        (rows, cols) by which the shadow of the highest thing reaches away from it on that date, pixels.

    Returns
    -------
    (row, col), the shaded pixels but for the areas that run on too far.

    """
    reach = float(np.hypot(*shadow_px))
    if reach == 0 or not shaded.any():
        return shaded
    steps = int(np.ceil(reach + _BLUR_PX)) + 1
    unit = (shadow_px[0] / reach, shadow_px[1] / reach)
    run = [(round(k * unit[0]), round(k * unit[1])) for k in range(steps + 1)]
    long = shaded.copy()
    for rows, cols in run:
        long &= _moved(shaded, rows, cols)
    whole = np.zeros_like(shaded)
    for rows, cols in run:
        whole |= _moved(long, -rows, -cols)
    # The run's own flanks, and the rest of the dark area around it, are no shade either.
    return shaded & ~ndimage.binary_dilation(whole, _EIGHT, iterations=2, mask=shaded)


def thrown_by(caster: Bools, shade: Bools, shadow_px: Vector) -> float:
    """Share of a shade-coloured area that lies where a thing would throw its shadow.

    Parameters
    ----------
    caster, shade
        (row, col)
    shadow_px
        (rows, cols) by which the shadow of the highest thing reaches away from it, pixels.

    """
    if not shade.any():
        return 0.0
    steps = max(1, int(np.ceil(np.hypot(*shadow_px))))
    swept = ndimage.binary_dilation(caster, _EIGHT, iterations=1)
    start = swept.copy()
    for k in range(1, steps + 1):
        swept |= _moved(start, -round(k * shadow_px[0] / steps), -round(k * shadow_px[1] / steps))
    return float(np.mean(swept[shade]))


def _moved(mask: Bools, rows: int, cols: int) -> Bools:
    """Return the mask read so many rows further down and columns further right, False beyond the edge."""
    out = np.zeros_like(mask)
    height, width = mask.shape
    if abs(rows) < height and abs(cols) < width:
        to = (slice(max(0, -rows), height - max(0, rows)), slice(max(0, -cols), width - max(0, cols)))
        source = (slice(max(0, rows), height - max(0, -rows)), slice(max(0, cols), width - max(0, -cols)))
        out[to] = mask[source]
    return out
