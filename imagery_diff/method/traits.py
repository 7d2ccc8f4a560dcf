"""A patch -> the numbers by which a change is told from what unchanged ground leaves over.

Each answers a question of physics: how strong is it, at its peak and over its area; how much of what its pair's own
unchanged ground makes the alarm ask for; does it run along a track, and lie on one; is it long for its breadth; does
its colour change or its brightness alone, as light and weather do; is the change patchy, as of a thing made of parts,
or even, as of light; would a small displacement of standing edges make it; does it rise at its rim over other than the
width of a delivered edge; would the shade of something that stands make it, and how far did shadows move at all; is it
water, where waves and glint are.
None depends on which image came first.
They are taken over the part of a patch that differs by half of its typical difference: what begins at the low level of
candidates grows far over ground that differs little, most of all where patches dried apart.

Assumption: the pair is registered and on one scale of brightness. Broken by: nothing here is a decision; a wrong trait
moves the score of :mod:`imagery_diff.method.second_stage`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from imagery_diff.method import edges
from imagery_diff.method.radiometry import Surface
from imagery_diff.method.regions import SURVEY, Patch, Scale, Shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]

_EIGHT = np.ones((3, 3), bool)
_TINY = 1e-6


@dataclass(frozen=True, kw_only=True, eq=False)
class Around:
    """What the traits look at besides the patch; arrays on the pair's grid."""

    scales: tuple[Scale, ...]
    """Smoothed evidence with its levels: of a pixel, of an object, and along tracks, if there are any."""
    brightness: tuple[Floats, Floats]
    """(band, row, col)"""
    plain: Floats
    """(row, col), size of the whitened difference, pixel on pixel."""
    surface: NDArray[np.uint8]
    """(row, col)"""
    tracks: Bools | None = None
    """(row, col), True on drawn tracks; None where none is drawn."""
    shadows_apart: float = 0.0
    """Difference of the shadows of a thing one metre high on the two dates, metres."""


def measure(patch: Patch, shape: Shape, around: Around, *, as_shade: float) -> dict[str, float]:
    """Return the traits of a patch by name; all finite.

    Parameters
    ----------
    patch
        On the grid of ``around``.
    shape
        Its outline's measures.
    as_shade
        Share of its difference that shade of something standing explains.

    """
    wide, mask = edges.around_core(patch, around.plain)
    cut = _Cut(wide=wide, mask=mask, around=around)
    breadth = shape.area_m2 / max(shape.length_m, _TINY)
    return {
        **_strengths(patch, cut),
        "log_elongation": float(np.log(max(shape.length_m / max(breadth, _TINY), 1.0))),
        **_colour(cut),
        **_edges(cut),
        "as_shade": as_shade,
        "on_track": 0.0 if around.tracks is None else float(np.mean(around.tracks[cut.wide][mask])),
        "shadows_apart": around.shadows_apart,
        "water": float(np.mean(around.surface[cut.wide][mask] == Surface.WATER)),
        "firm": float(patch.firm),
    }


@dataclass(frozen=True, kw_only=True, eq=False)
class _Cut:
    """The core of a patch with its surround."""

    wide: tuple[slice, slice]
    mask: Bools
    around: Around


def _strengths(patch: Patch, cut: _Cut) -> dict[str, float]:
    """How strong at its peak and over its area, how much of what its pair asks for, and how much along a track."""
    pixel, thing, *tracks = [s for s in cut.around.scales if s.name != SURVEY]
    kinds = cut.around.surface[cut.wide]
    margin = max(
        float(scale.strength[cut.wide][cut.mask & (kinds == kind)].max(initial=0.0)) / level.seed
        for scale in (pixel, thing, *tracks)
        for kind, level in scale.levels.items()
    )
    peak = float(pixel.strength[cut.wide][cut.mask].max())
    along = max((float(s.strength[cut.wide][cut.mask].max()) for s in tracks), default=0.0)
    return {
        "log_strength": float(np.log(max(patch.strength, 0.1))),
        "log_typical": float(np.log(max(float(np.median(cut.around.plain[cut.wide][cut.mask])), 0.1))),
        "log_margin": float(np.log(max(margin, 0.1))),
        "track_over_pixel": min(along / max(peak, 0.1), 3.0),
    }


def _colour(cut: _Cut) -> dict[str, float]:
    """How large the relative change is, the share of colour in it (the rest is brightness), how uneven its size is."""
    before, after = (image[:, *cut.wide][:, cut.mask] for image in cut.around.brightness)
    level = np.maximum(np.median((before + after) / 2, axis=1), 1e-3)
    change = (after - before) / level[:, None]
    typical = np.median(change, axis=1)
    size = float(np.sqrt(np.mean(typical**2)))
    amount = np.linalg.norm(change, axis=0)
    return {
        "relative_change": size,
        "colour_share": float(np.std(typical)) / max(size, _TINY),
        "uneven": float(np.clip(np.std(amount) / max(float(np.mean(amount)), _TINY), 0.0, 3.0)),
    }


def _edges(cut: _Cut) -> dict[str, float]:
    """By how many pixels standing edges would have to move to make the difference, and how much rim runs on them."""
    before, after = (edges.smooth(image[:, *cut.wide]) for image in cut.around.brightness)
    # An edge that stands on both dates is no steeper than on the date it is flatter.
    steep = np.minimum(*(np.sqrt(np.sum(_slope(image), axis=0)) for image in (before, after)))
    step = np.sqrt(np.sum((after - before) ** 2, axis=0))
    rim = cut.mask & ~ndimage.binary_erosion(cut.mask, _EIGHT)
    pixels = step[cut.mask] / np.maximum(steep[cut.mask], 1e-4)
    return {
        "rim_on_edges": float(np.mean(steep[rim] > 0.5 * np.median(step[cut.mask]))),
        "log_displacement_px": float(np.log(np.clip(np.median(pixels), 0.05, 50.0))),
        "odd_rise": abs(float(np.log(edges.rise_px(cut.mask, (before, after)) / edges.DELIVERED_PX))),
    }


def _slope(image: Floats) -> Floats:
    """Squared gradient by band, per pixel."""
    rows, cols = (np.gradient(image, axis=axis) for axis in (1, 2))
    return np.asarray(rows**2 + cols**2, np.float32)
