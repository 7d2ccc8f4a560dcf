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
_LIKE = 0.3
"""Ground is of another kind if it differs by more than this share of what the shade took away. A share, because haze
shrinks every contrast alike."""
_ALONE = 0.8
"""Share of a shade-coloured area that must have no place for a caster before it is called a thing."""
_TALL = 4.0
"""Cranes, masts and silos are so many times as high as the highest thing a reach is given for."""
_TWIN = 0.5
"""Share of an area that must lie on shade again where the sun moved it to."""
_LEAST_CORE_PX = 30
"""Fewer pixels of shade do not tell how dark shade is: their median is then off by a tenth of the light."""
_DEEPEST = 1.2
"""Where the sky is hidden too, by a wall, shade is a little deeper than elsewhere."""
SKY_SHARE = {"blue": 0.3, "green": 0.25, "red": 0.2, "nir": 0.15}
"""Share of its light that shade leaves under a clear sky, by band (a prior: the sky is bluer than the sun). Asked only
where a pair has too little shade to measure it on; what counts is its colour, for half shade is shade too."""
_GROWTH = {"nir": 1.0, "red": 0.6}
"""By how much more than blue a longer wavelength darkens in shade, shares of what near infrared does: ln .3 - ln .2
over ln .3 - ln .15 of ``SKY_SHARE``. Red is nearer to blue, so coal, and ground that was wetted, pass for shade with it
more often."""
_SMOOTH_PX = 0.7
"""Smoothing of the lit date, pixels; about the point spread of a delivered pixel."""


def cast_shadow(
    before: Floats, after: Floats, names: tuple[str, ...], *, least: float, water: tuple[Bools, Bools] | None
) -> tuple[Bools, Bools]:
    """Find pixels that differ between the dates like lit and shaded ground.

    A cast shadow takes the sun away and leaves the sky, which is blue: every band darkens, and the more so the longer
    its wavelength (the rule and its bounds: method.md section 5). The dark side must not look like the
    scene's water, or every departed ship would be a shadow.

    Parameters
    ----------
    before, after
        (band, row, col), brightness brought to the same scale.
    names
        Band names; ``blue`` and ``nir`` are needed, or ``red`` where water is known, else nothing is called a shadow.
    least
        Smallest mean log darkening that counts.
    water
        (row, col) before and after, open water; None where that is not known.

    Returns
    -------
    (row, col) twice: in shade before and lit after, and the other way round.

    """
    # Water that turned bluer has the colour of shade; near infrared tells it, red does not.
    far = "nir" if "nir" in names else "red" if "red" in names and water is not None else None
    if far is None or "blue" not in names:
        return np.zeros(before.shape[1:], bool), np.zeros(before.shape[1:], bool)
    blue, long = names.index("blue"), names.index(far)
    reach = np.float32(_GROWTH[far])
    tiny = 1e-4 * max(float(np.max(before)), float(np.max(after)), 1e-6)
    shaded = np.empty((2, *before.shape[1:]), bool)

    def fill(tile: blocks.Tile) -> None:
        logs = np.log(np.maximum(before[:, *tile.own], tiny)) - np.log(np.maximum(after[:, *tile.own], tiny))
        mean = logs.mean(axis=0)
        darkening = logs * np.sign(mean)
        size = np.abs(mean)
        growth = (darkening[long] - darkening[blue]) / (reach * np.maximum(size, 1e-6))
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


def of_standing(
    shaded: tuple[Bools, Bools],
    images: tuple[Floats, Floats],
    reach_px: tuple[Vector, Vector],
    *,
    water: tuple[Bools, Bools] | None,
) -> tuple[Bools, Bools]:
    """Keep of the shade-coloured pixels those that shadows of standing things, moved with the sun, can have left.

    Such a shadow is no longer than its caster throws it, no broader along the way its end moved than it moved, and has
    a caster (:func:`share_without_caster`). What is left over is dark ground, or a thing that came or went, or the
    shadow of one.

    Parameters
    ----------
    shaded
        (row, col) twice, shade-coloured before and lit after, and the other way round.
    images
        (band, row, col), brightness before and after.
    reach_px
        (rows, cols) by which the shadow of the highest thing reaches away from it before and after, pixels.

    """
    water = water or (np.zeros_like(shaded[0]), np.zeros_like(shaded[0]))
    moved = (reach_px[1][0] - reach_px[0][0], reach_px[1][1] - reach_px[0][1])
    kept = []
    for date, other in ((0, 1), (1, 0)):
        held = _no_broader(within_reach(shaded[date], reach_px[date]), moved)
        labels, count = ndimage.label(held, _EIGHT)
        if count:
            free = _without_caster(labels, images[date], images[other], (reach_px[date], reach_px[other]))
            alone = np.bincount(labels[held], weights=free) >= _ALONE * np.bincount(labels[held])
            alone &= ~_has_twin(labels, shaded[other] | water[other], moved if other else (-moved[0], -moved[1]))
            held = held & ~alone[labels]
        kept.append(held)
    return kept[0], kept[1]


def _no_broader(shaded: Bools, moved_px: Vector) -> Bools:
    """Keep of the shade-coloured pixels those in areas no broader along the way shadows moved than the highest moved.

    The half-dark rim does not count: along an edge that lies in that way it may be of any length.
    """
    core = ndimage.binary_erosion(shaded, _EIGHT)
    broad = core & ~within_reach(core, moved_px)
    return np.asarray(shaded & ~ndimage.binary_dilation(broad, _EIGHT, iterations=2, mask=shaded), bool)


def share_too_broad(mask: Bools, window: tuple[slice, slice], beside: Bools, reach_px: tuple[Vector, Vector]) -> float:
    """Share of an area that with the shade beside it is broader, along the way shadows moved, than any shadow moved.

    What a shadow leaves over and the rest of that shadow are one dark area, and all of it is ground that the shadow
    reached on one date only. A dark thing that came, and the new shadow it throws, are together broader than that.

    Parameters
    ----------
    mask
        (row, col) in the window, the area, not empty.
    window
        Rows and columns of the mask on the grid.
    beside
        (row, col) on the grid, shade-coloured on the date on which the area is dark.
    reach_px
        Before and after: (rows, cols) by which the shadow of the highest thing reaches away from it, pixels.

    """
    moved = (reach_px[1][0] - reach_px[0][0], reach_px[1][1] - reach_px[0][1])
    far = int(np.ceil(float(np.hypot(*moved)) + 2 * _BLUR_PX))
    wide = tuple(slice(max(0, s.start - far), s.stop + far) for s in window)
    own = tuple(slice(s.start - w.start, s.stop - w.start) for s, w in zip(window, wide, strict=True))
    dark = beside[wide].copy()
    dark[own] |= mask
    return float(1 - np.mean(_no_broader(dark, moved)[own][mask]))


def share_without_caster(
    mask: Bools, window: tuple[slice, slice], dark: Floats, lit: Floats, reach_px: tuple[Vector, Vector]
) -> float:
    """Share of a dark area that no standing thing can have shaded.

    A shadow that moved has a caster that stands on both dates. If light to x passes it at height t, its top stands at
    c = x - t s, with s the shadow of a thing one metre high on the dark date; and on the other date, whose shadow is
    s', it shades y = x + t (s' - s), or hides it under its roof. So for some t in (0, H] the lit date shows at c or at
    y something else than the lit ground of x.

    Parameters
    ----------
    mask
        (row, col) in the window, the area, not empty.
    window
        Rows and columns of the mask on the grid of the images.
    dark, lit
        (band, row, col), brightness on the date it is dark, and on the other.
    reach_px
        On the dark date and on the lit one: (rows, cols) by which the shadow of the highest thing reaches away from it,
        pixels.

    """
    far = int(np.ceil(max(np.hypot(*reach_px[0]), np.hypot(*np.subtract(*reach_px[::-1]))) + 2 * _BLUR_PX))
    wide = tuple(slice(max(0, s.start - far), s.stop + far) for s in window)
    labels = np.zeros(dark[0][wide].shape, np.int32)
    labels[tuple(slice(s.start - w.start, s.stop - w.start) for s, w in zip(window, wide, strict=True))] = mask
    return float(np.mean(_without_caster(labels, dark[:, *wide], lit[:, *wide], reach_px)))


def _without_caster(
    labels: NDArray[np.integer], dark: Floats, lit: Floats, reach_px: tuple[Vector, Vector]
) -> NDArray[np.bool_]:
    """Return for each labelled pixel whether the lit date shows nothing but ground wherever its caster could stand."""
    at = np.nonzero(labels)
    number = labels[at] - 1
    away, other = np.asarray(reach_px, float)
    steps = np.rint([*_path(-away), *_path(other - away)]).astype(int)
    rows, cols = (places + steps[:, axis, None] for axis, places in enumerate(at))
    inside = (rows >= 0) & (rows < labels.shape[0]) & (cols >= 0) & (cols < labels.shape[1])
    rows, cols = np.where(inside, rows, at[0]), np.where(inside, cols, at[1])
    tiny = 1e-4 * max(float(np.max(lit)), 1e-6)
    unlike, depth = np.zeros(inside.shape, np.float32), np.zeros(number.max() + 1)
    for shade, light in zip(dark, lit, strict=True):
        smooth = np.maximum(ndimage.gaussian_filter(light, _SMOOTH_PX), tiny)
        here = np.log(smooth[at])
        unlike += (np.log(smooth[rows, cols]) - here) ** 2
        lost = here - np.log(np.maximum(shade[at], tiny))
        depth += ndimage.median(lost, number, np.arange(len(depth))) ** 2
    return np.asarray((inside & (unlike <= _LIKE**2 * depth[number])).all(axis=0), bool)


def _has_twin(labels: NDArray[np.integer], dark: Bools, moved_px: Vector) -> Bools:
    """Return for each number whether its area lies on the dark of the other date again, moved as a tall thing's shadow.

    The shadow of a crane's boom or of a mast lies far from what throws it, but as a whole moved with the sun.
    """
    at = np.nonzero(labels)
    number = labels[at]
    dark = ndimage.binary_dilation(dark, _EIGHT)
    most = np.zeros(number.max() + 1)
    for step in _path(_TALL * np.asarray(moved_px)):
        rows, cols = (np.rint(places + by).astype(int) for places, by in zip(at, step, strict=True))
        inside = (rows >= 0) & (rows < dark.shape[0]) & (cols >= 0) & (cols < dark.shape[1])
        hit = ~inside | dark[np.where(inside, rows, at[0]), np.where(inside, cols, at[1])]
        most = np.maximum(most, np.bincount(number, weights=hit))
    return np.asarray(most >= _TWIN * np.bincount(number), bool)


def _path(end: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return places up to the end and the blur beyond, a pixel apart, (place, 2); none where the end is the start."""
    length = float(np.hypot(*end))
    if length == 0:
        return np.zeros((0, 2))
    steps = int(np.ceil(length + _BLUR_PX))
    return np.outer(np.linspace(1, length + _BLUR_PX, steps), end / length)


def light_left(shaded: Bools, images: tuple[Floats, Floats]) -> tuple[Floats | None, Floats | None]:
    """Measure how much light shade leaves on each date, by band.

    Parameters
    ----------
    shaded
        (row, col), in the shadow of something standing on one date.
    images
        (band, row, col), brightness before and after.

    Returns
    -------
    before, after
        (band,) median share of the lit brightness, off the rims where shadows are broad enough; None for a date with
        too little shade.

    """
    at = np.flatnonzero(shaded)
    before, after = (np.take(image.reshape(len(image), -1), at, axis=1) for image in images)
    darker = np.mean(after - before, axis=0) < 0

    def of_date(dark: Floats, lit: Floats, own: Bools) -> Floats | None:
        mine = np.zeros_like(shaded)
        mine.reshape(-1)[at[own]] = True
        core = own & blocks.shrunk(mine, 1).reshape(-1)[at]
        # Narrow shadows are all rim: half dark, and the more cautious for that.
        within = core if np.count_nonzero(core) >= _LEAST_CORE_PX else own
        if np.count_nonzero(within) < _LEAST_CORE_PX:
            return None
        return np.asarray(np.median(dark[:, within] / np.maximum(lit[:, within], 1e-4), axis=1), np.float32)

    return of_date(before, after, ~darker), of_date(after, before, darker)


def share_explained(lit: Floats, dark: Floats, left: Floats, whitening: NDArray[np.float64]) -> float:
    """Share of a difference, in squares, that whole or half shade explains.

    Ground of lit brightness L in shade that leaves the share r of its light is L (1 - p + p r), with p from 0 outside
    the rim to 1 within, and 1.2 where a wall hides the sky: for each pixel a line in the space of the bands. What lies
    off it is no shade.

    Parameters
    ----------
    lit, dark
        (band, pixel), a region's brightness on both dates.
    left
        (band,), r.
    whitening
        (component, band)

    """
    step = whitening @ (dark - lit)
    line = whitening @ (lit * (left - 1)[:, None])
    p = np.clip(np.sum(step * line, axis=0) / np.maximum(np.sum(line**2, axis=0), 1e-12), 0.0, _DEEPEST)
    return float(1 - np.sum((step - p * line) ** 2) / max(float(np.sum(step**2)), 1e-12))


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
