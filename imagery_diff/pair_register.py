"""The registration of a pair: on which ground and bands, and how much sun and view may have pulled it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from imagery_diff import pair_rules
from imagery_diff.geometry import parallax_m, shadow_m
from imagery_diff.method import coregister, veil
from imagery_diff.method.refine import MOST_SHADE_PX
from imagery_diff.pair_scenes import refuse_unseen
from imagery_diff.scene import Flag

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.aoi import AOI
    from imagery_diff.grid import Grid
    from imagery_diff.pair_scenes import Pair
    from imagery_diff.params import Params
    from imagery_diff.scene import Scene


def register(pair: Pair, grid: Grid, ground: AOI | None, params: Params) -> coregister.Shift:
    """Measure the shift between two images, on whatever of the grid is clear on both dates.

    Parameters
    ----------
    pair, grid
        The images, and the grid they are compared on.
    ground
        The AOI, for the refusal of a pair that shows nothing of it.
    params
        Search, windows, and the law of the error.

    Raises
    ------
    InputError
        If nothing of the AOI was seen on both dates, or the images carry no georeference and show nothing in common.

    """
    scenes = pair.read(grid)
    refuse_unseen(pair, scenes, ground)
    bands = registration_bands(pair.names)
    size = grid.pixel_size_m[0]
    reach = params.max_shift_px if grid.crs is None else _reach_m(pair, params) / size
    estimate = partial(
        coregister.estimate_shift,
        _of_bands(scenes[0], bands),
        _of_bands(scenes[1], bands),
        max_shift_px=max(reach, 2.0),
        tile_px=params.registration_tile_px,
        sample_px=params.registration_sample_px,
        shade_px=_shade_px(size if grid.crs else params.unknown_pixel_m, params),
    )
    usable = _usable(scenes, params)
    shift = estimate(usable)
    bare = usable & ~_snowy(scenes, pair, shift, params)
    hidden = np.count_nonzero(usable) - np.count_nonzero(bare)
    if hidden:
        share = float(hidden / np.count_nonzero(usable))
        shift = _surer(shift, estimate(bare), share * params.registration_snow_m / size)
    if grid.crs is None and not shift.measured:
        pair_rules.refuse_unplaced(pair.infos, pair.despite)
    shift = replace(shift, bands=_for_all_bands(shift, bands, len(pair.names)))
    return coregister.allow_for_standing(shift, standing(pair, grid, params), error_law(params))


def _reach_m(pair: Pair, params: Params) -> float:
    """How far apart the images may lie, metres; further where one is not tied to the ground."""
    loose = any(info.ground_control is False for info in pair.infos)
    return params.uncontrolled_shift_m if loose else params.max_shift_m


def _shade_px(size_m: float, params: Params) -> int:
    """How wide a shadow beside something may be; odd, as a square around a pixel is."""
    most = min(params.registration_shade_m / size_m, MOST_SHADE_PX)
    return max(1, 2 * int((most - 1) / 2) + 1)


def _snowy(scenes: tuple[Scene, Scene], pair: Pair, shift: coregister.Shift, params: Params) -> coregister.Bools:
    """Ground under snow on one date only, wherever either image shows it; (row, col)."""
    seen = ((scenes[0].flags | scenes[1].flags) & ~np.uint8(Flag.SNOW)) == 0
    if not pair.reflectance:
        return np.zeros_like(seen)
    # After at x + shift is before at x.
    whole = np.round([shift.rows, shift.cols]).astype(int)
    there = _kept_by(seen.shape, whole)
    moved = np.roll(scenes[1].data, -whole, axis=(1, 2))
    snow = veil.snow_on_one_date(
        (scenes[0].data, moved),
        seen & there & np.roll(seen, -whole, axis=(0, 1)),
        pair.names,
        share=params.registration_snow_least,
        least=params.registration_snow_share,
    )
    return np.asarray(snow | np.roll(snow, whole, axis=(0, 1)), bool)


def _kept_by(shape: tuple[int, ...], shift: NDArray[np.int_]) -> coregister.Bools:
    """Where rolling an image back by whole pixels brings nothing round from the other side; (row, col)."""
    rows, cols = (np.arange(n) + by for n, by in zip(shape, shift, strict=True))
    inside = [(at >= 0) & (at < n) for at, n in zip((rows, cols), shape, strict=True)]
    return np.asarray(inside[0][:, None] & inside[1])


def _surer(whole: coregister.Shift, bare: coregister.Shift, pull_px: float) -> coregister.Shift:
    """Take the shift of bare ground where it is the better known of the two.

    Snow that lies in hollows and along walls has edges of its own, which pull all windows of the ``whole`` alike, by
    some ``pull_px`` per axis, of which their scatter knows nothing; but what it leaves bare may be too little.
    """
    if whole.error_px is not None:
        whole = replace(whole, error_px=float(np.hypot(whole.error_px, np.sqrt(2) * pull_px)))
    if bare.error_px is not None and (whole.error_px is None or bare.error_px < whole.error_px):
        return bare
    return whole


def _of_bands(scene: Scene, bands: list[int]) -> coregister.Floats:
    """Return some bands of a scene; all of them without a copy."""
    return scene.data if bands == list(range(len(scene.data))) else scene.data[bands]


def _for_all_bands(shift: coregister.Shift, bands: list[int], count: int) -> tuple[tuple[float, float], ...]:
    """Give bands that were not looked at the mean shift."""
    if not shift.bands:
        return ()
    own = dict(zip(bands, shift.bands, strict=True))
    return tuple(own.get(k, (0.0, 0.0)) for k in range(count))


def _usable(scenes: tuple[Scene, Scene], params: Params) -> coregister.Bools:
    """Ground clear on both dates; where that is hardly any (a scene flagged as snow), ground seen on both."""
    clear: coregister.Bools = (scenes[0].flags | scenes[1].flags) == 0
    if np.count_nonzero(clear) >= params.registration_clear_fraction * clear.size:
        return clear
    return ~(scenes[0].unseen | scenes[1].unseen)


def registration_bands(names: tuple[str, ...]) -> list[int]:
    """At most four bands, those of the finest resolution first; more add time, not precision (method.md, Q1)."""
    preferred = [names.index(n) for n in ("blue", "green", "red", "nir") if n in names]
    return preferred or list(range(min(4, len(names))))


def standing(pair: Pair, grid: Grid, params: Params) -> coregister.Standing:
    """Say how differently both dates show a thing one metre high; where sun or view is not known, as is usual."""
    before, after = pair.infos
    size = grid.pixel_size_m[0] if grid.crs is not None else params.unknown_pixel_m
    shadow = (params.unknown_shadow / size, 0.0)
    if before.sun and after.sun and min(before.sun.elevation_deg, after.sun.elevation_deg) > 0:
        # Along rows and columns, whose top need not be north; without a georeference it is taken to be.
        suns = before.sun_from_top(grid) or before.sun, after.sun_from_top(grid) or after.sun
        shadow = _on_grid(shadow_m(1.0, suns[0]), shadow_m(1.0, suns[1]), size)
    lean = (0.0, 0.0)
    if before.view and after.view:
        views = before.view_from_top(grid) or before.view, after.view_from_top(grid) or after.view
        lean = _on_grid(parallax_m(1.0, views[0]), parallax_m(1.0, views[1]), size)
    return coregister.Standing(shadow=shadow, lean=lean)


def _on_grid(before: tuple[float, float], after: tuple[float, float], size: float) -> tuple[float, float]:
    """To the right and up in metres -> the difference in rows and columns."""
    return (-(after[1] - before[1]) / size, (after[0] - before[0]) / size)


def error_law(params: Params) -> coregister.ErrorLaw:
    """Return the law of the registration's error as fitted."""
    return coregister.ErrorLaw(
        scatter=params.registration_scatter,
        floor_px=params.registration_floor_px,
        shadow_m=params.registration_shadow_m,
        lean_m=params.registration_lean_m,
        lean_spread_m=params.registration_lean_spread_m,
        blur=params.registration_blur,
        interval=params.registration_interval,
    )
