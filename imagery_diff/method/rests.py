"""What of a patch is shade: the rest of a shadow that moved, or the shadow of a thing that came.

The colour rule (:mod:`imagery_diff.method.shade`) sets shadows that moved aside before anything is weighed; here the
patches along them are asked whether they are more of the same.

Assumption: what throws a shadow that moved stands on both dates. Broken by: a dark, colourless thing that comes or goes
beside such a shadow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from imagery_diff.method import hulls
from imagery_diff.method.regions import core_of, swept
from imagery_diff.method.shade import SKY_SHARE, share_explained, share_too_broad, share_without_caster
from imagery_diff.method.snowed import way_to_thrower
from imagery_diff.method.views import on_water, whitening_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.method.regions import Patch, Shape
    from imagery_diff.method.views import Views

    Floats = NDArray[np.float32]


_RIM_PX = 3.5
"""Widest rim of a shadow, pixels: the delivered edge rises over 2.5 px, and 4.5 for the softest tenth (method.md)."""
_RIM_ALIKE = 0.95
"""Cosine between the colour changes of a rim and of the shadow beside it."""
_AS_DARK = 1.3
"""Shaded ground of another paint is up to so many times as bright as the shade beside it."""


def is_rest(patch: Patch, shape: Shape, views: Views) -> bool:
    """Whether a patch is what the colour rule left over of a shadow that moved, not an object.

    It is dark along with a shadow (:func:`_darkens_with_shade`). Then it is a rest if it is as dark as that shade (the
    shadow fell on paint or clutter), or if it is no wider than the blur and changes colour in the same direction (the
    shadow's half-dark rim); and if light that is taken away as that shadow takes it explains most of what changed. The
    price: a dark, colourless thing that comes or goes right beside a shadow that moved is missed, unless it stands out
    of its track all along (:mod:`imagery_diff.method.trains`, which weighs shade and its caster against it): a train is
    as dark, and its darkest cars are what was called shade. On water darkness says nothing, for water is as dark as
    shade: there only what is as narrow as the shaded rim of a quay is a rest, or longer than a ship can be for its
    beam.

    """
    date = _darkens_with_shade(patch, views)
    if date is None:
        return False
    width_px = shape.area_m2 / max(shape.length_m, 1e-6) / views.grid.pixel_size_m[0]
    if on_water(patch, views):
        slender = hulls.too_slender(shape.length_m, shape.area_m2)
        return width_px < hulls.SLIVER_PX or (slender and _is_explained(patch, views, date))
    beside, (here, there) = _shade_beside(patch, views)
    dark = views.brightness[date][:, *patch.window]
    as_dark = np.median(dark[:, patch.mask]) < _AS_DARK * np.median(dark[:, beside])
    alike = float(here @ there) / max(float(np.linalg.norm(here) * np.linalg.norm(there)), 1e-12) > _RIM_ALIKE
    return bool(as_dark or (width_px < _RIM_PX and alike)) and _is_explained(patch, views, date)


def is_strip(piece: Patch, views: Views) -> bool:
    """Whether a piece cut off a ship is the rim of a quay, lit on one date only: shaded ground passes for water."""
    date = _darkens_with_shade(piece, views)
    return date is not None and _is_explained(piece, views, date)


def is_along_shade(patch: Patch, views: Views) -> bool:
    """Whether most of a patch lies along shadows that moved."""
    near = ndimage.binary_dilation(views.shaded[patch.window], iterations=3)
    return bool(np.mean(near[patch.mask]) >= 0.5)  # noqa: PLR2004 - a majority


def _darkens_with_shade(patch: Patch, views: Views) -> int | None:
    """Return the date (0 before, 1 after) on which a patch may be dark because a shadow moved; None if it cannot be.

    It lies along shaded ground, darkens on the same date as the shade beside it, is with that shade no broader than
    shadows moved, and something standing can have shaded it.

    """
    if not is_along_shade(patch, views):
        return None
    _, (here, there) = _shade_beside(patch, views)
    if here.mean() * there.mean() <= 0:
        return None
    date = 1 if there.mean() < 0 else 0
    other = _is_train(patch, views) or _is_too_broad(patch, views, date) or _stands_alone(patch, views, date)
    return None if other else date


def _shade_beside(patch: Patch, views: Views) -> tuple[NDArray[np.bool_], tuple[Floats, Floats]]:
    """Return the shade along a patch, (row, col) in its window, and how patch and shade changed, (band,) each."""
    beside = views.shaded[patch.window] & ndimage.binary_dilation(patch.mask, iterations=6)
    before, after = (image[:, *patch.window] for image in views.brightness)
    here, there = (np.median(after[:, m] - before[:, m], axis=1) for m in (patch.mask, beside))
    return beside, (here, there)


def _is_explained(patch: Patch, views: Views, date: int) -> bool:
    """Whether shade on a date is most of what changed, by the shadows that moved on this pair."""
    left = views.light_left[date]
    if left is None:
        return True
    lit, dark = (image[:, *patch.window][:, patch.mask] for image in views.brightness[:: 1 if date else -1])
    return share_explained(lit, dark, left, whitening_of(patch, views)) > 0.5  # noqa: PLR2004 - most of it


def share_shaded(patch: Patch, views: Views) -> float:
    """Share of a patch's difference that shade explains, as far as something standing can have thrown it."""
    core, date, explained = _shade_of_core(patch, views)
    if views.reach_px is None:
        return max(explained, 0.0)
    return max(explained, 0.0) * (1 - _share_alone(core, patch, views, date))


def thrower(patch: Patch, shape: Shape, views: Views) -> Shape | None:
    """Outline a thing as white as the snow around it with its shadow; None if the patch is no shadow in snow."""
    if views.reach_px is None or patch.area or not any(s is not None for s in views.snow) or on_water(patch, views):
        return None
    core, date, explained = _shade_of_core(patch, views)
    snow = views.snow[date]
    if snow is None or explained <= 0.5:  # noqa: PLR2004 - most of it
        return None
    way = way_to_thrower(core, patch.window, snow, views.reach_px[date])
    return None if way is None else swept(shape, way, views.grid)


def _shade_of_core(patch: Patch, views: Views) -> tuple[NDArray[np.bool_], int, float]:
    """Return the core of a patch, the date on which it is darker (0 before, 1 after), and how much shade explains."""
    core = core_of(patch, views.magnitude)
    before, after = (image[:, *patch.window][:, core] for image in views.brightness)
    date = int(float(np.mean(after - before)) < 0)
    lit, dark = (before, after) if date else (after, before)
    left = views.light_left[date]
    if left is None:  # too few shadows moved to measure it on
        left = np.asarray([SKY_SHARE.get(name, SKY_SHARE["nir"]) for name in views.names], np.float32)
    return core, date, share_explained(lit, dark, left, whitening_of(patch, views))


def _is_train(patch: Patch, views: Views) -> bool:
    """Whether a patch stands out of its track along most of it, as far as candidates for trains do."""
    scale = views.train
    if scale is None or scale.candidate is None:
        return False
    return bool(np.median(scale.strength[patch.window][patch.mask]) >= scale.candidate)


def _stands_alone(patch: Patch, views: Views, date: int) -> bool:
    """Whether nothing standing can have shaded most of a patch that is dark on a date (0 before, 1 after)."""
    if views.reach_px is None:
        return False
    return _share_alone(patch.mask, patch, views, date) > 0.5  # noqa: PLR2004 - a majority


def _share_alone(mask: NDArray[np.bool_], patch: Patch, views: Views, date: int) -> float:
    """Share of (row, col) of a patch's window, dark on a date, that nothing standing can have shaded."""
    assert views.reach_px is not None
    dark, lit = views.brightness[date], views.brightness[1 - date]
    return share_without_caster(mask, patch.window, dark, lit, (views.reach_px[date], views.reach_px[1 - date]))


def _is_too_broad(patch: Patch, views: Views, date: int) -> bool:
    """Whether most of a patch that is dark on a date is, with the shade beside it, broader than shadows moved."""
    if views.reach_px is None:
        return False
    share = share_too_broad(patch.mask, patch.window, views.shade_of[date], views.reach_px)
    return share > 0.5  # noqa: PLR2004 - a majority
