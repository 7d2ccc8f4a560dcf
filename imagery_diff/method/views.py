"""The pair as the steps see it that describe a patch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from imagery_diff.method.shade import light_left
from imagery_diff.scene import UNSEEN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.grid import Grid
    from imagery_diff.method.regions import Patch, Scale
    from imagery_diff.method.shade import Vector
    from imagery_diff.method.traits import Around

    Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Echo:
    """Levels at which radar is described."""

    outline: float
    """``Views.magnitude`` at which change is outlined."""
    least_rise: float
    """Natural logarithm of brightness that rain and growth change by themselves."""


_AS_SHARP = 0.9
"""Share of the second sharpest band's ratio of steps from which a band is as sharp."""
_STEPS_PX = 1_000_000
"""Pixels of a band that are asked, each way; more say no more."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Views:
    """The pair as the describing steps see it; arrays are (band, row, col) or (row, col) on one grid."""

    whitening: dict[int, NDArray[np.float64]]
    """Surface class -> (component, band)."""
    surface: NDArray[np.uint8]
    brightness: tuple[Floats, Floats]
    """Before and after on one scale of brightness."""
    magnitude: Floats
    """Size of the whitened difference, moved shadows and unseen pixels 0."""
    water: tuple[NDArray[np.bool_], NDArray[np.bool_]] | None
    """Open water before and after; None where that is not known."""
    flags: NDArray[np.uint8]
    """Bits of either date."""
    changed: NDArray[np.bool_]
    """(row, col), in any patch: no ground to hold another patch against."""
    shaded: NDArray[np.bool_]
    """(row, col), lit on one date and on the other in the shadow of something standing."""
    names: tuple[str, ...]
    """Of the bands."""
    grid: Grid
    reach_px: tuple[Vector, Vector] | None = None
    """(rows, cols) by which the shadow of the highest thing reaches away from it before and after; None where the sun
    is not known."""
    shadow_px: tuple[Vector, Vector] | None = None
    """(rows, cols) of the shadow of a thing one metre high before and after; None where the sun is not known."""
    blur_px: float = 0.98
    """Standard deviation of the point spread, pixels: delivered edges rise from 10 to 90 % over 2.5 px (method.md)."""
    radar: Echo | None = None
    """What is said of radar only: ``brightness`` is then a natural logarithm, and things are brighter than the ground
    they stand on. None for light."""
    cover: Floats | None = None
    """(row, col), the map's score: areas of cover end where it is 1. None without a map."""
    snow: tuple[NDArray[np.bool_] | None, NDArray[np.bool_] | None] = (None, None)
    """(row, col) before and after, whitened by snow against the other date; None on a date without snow."""
    train: Scale | None = None
    """What stands out of a track on one date only; None where no track is drawn."""
    around: Around | None = None
    """What the second stage looks at; None where it has no say."""

    @cached_property
    def light_left(self) -> tuple[Floats | None, Floats | None]:
        """(band,) before and after: the share of light that shadows that moved leave; None where too few did."""
        return light_left(self.shaded, self.brightness)

    @cached_property
    def shade_of(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """(row, col) before and after: in the shadow of something standing on that date, and lit on the other."""
        before, after = (image.mean(axis=0) for image in self.brightness)
        return self.shaded & (before < after), self.shaded & (after < before)

    @cached_property
    def seen(self) -> NDArray[np.bool_]:
        """(row, col), True where something is known of both dates."""
        return np.asarray((self.flags & UNSEEN) == 0)

    @cached_property
    def quiet(self) -> NDArray[np.bool_]:
        """(row, col), True on ground that was seen and in no patch."""
        return self.seen & ~self.changed

    @cached_property
    def sharp_bands(self) -> tuple[int, ...]:
        """Places of the bands that are as sharp as the sharpest; see :func:`sharpest`."""
        return sharpest(self.brightness, self.seen)

    @cached_property
    def bright_ground(self) -> dict[str, float]:
        """Brightness that 70 % of the scene do not reach, by band: what a ship is light or dark against."""
        return {
            n: float(np.mean([np.percentile(image[i], 70) for image in self.brightness]))
            for i, n in enumerate(self.names)
        }


def sharpest(images: tuple[Floats, Floats], seen: NDArray[np.bool_]) -> tuple[int, ...]:
    """Return the bands of a pair that are as sharp as its sharpest, by the fall of their structure functions.

    Of Sentinel-2 six bands have pixels of 20 m and are delivered with four of 10 m; of others the colours were drawn
    onto a sharper grey. A mean squared step of one pixel is the smaller part of one of two pixels the smoother the
    band is: .30 to .32 of it in bands of 3 m as they are delivered, whose ratios to the largest lie within 7 % of each
    other; in Sentinel-2's bands of 20 m 15 to 30 % below those of 10 m. Assumption: the same ground in every band.
    Broken by: noise, which is sharp; of one noisy band the rest is not thrown out, of two it may be.

    Parameters
    ----------
    images
        (band, row, col) before and after.
    seen
        (row, col)

    """
    steps = np.zeros((2, len(images[0])))
    every = [max(1, side * other // _STEPS_PX) for side, other in (seen.shape, seen.shape[::-1])]
    for image in images:
        for lines, there in ((image[:, :: every[0]], seen[:: every[0]]), _turned(image, seen, every[1])):
            for lag in (1, 2):
                both = there[:, lag:] & there[:, :-lag]
                if both.any():
                    steps[lag - 1] += np.mean((lines[..., lag:] - lines[..., :-lag])[:, both] ** 2, axis=1)
    if not np.all(steps > 0):
        return tuple(range(len(images[0])))
    ratio = steps[0] / steps[1]
    # The second sharpest: one band that is noisier than all others looks the sharpest of all.
    return tuple(int(k) for k in np.flatnonzero(ratio >= _AS_SHARP * np.sort(ratio)[-2:][0]))


def _turned(image: Floats, seen: NDArray[np.bool_], every: int) -> tuple[Floats, NDArray[np.bool_]]:
    return image[:, :, ::every].transpose(0, 2, 1), seen[:, ::every].T


def on_water(patch: Patch, views: Views) -> bool | None:
    """Whether most of the patch was open water on a date or both; None where that is not known."""
    if views.water is None:
        return None
    before, after = (water[patch.window][patch.mask] for water in views.water)
    return bool(np.mean(before | after) > 0.5)  # noqa: PLR2004 - majority


def whitening_of(patch: Patch, views: Views) -> NDArray[np.float64]:
    """Whitening of the class of ground that most of a patch lies on."""
    classes, counts = np.unique(views.surface[patch.window][patch.mask], return_counts=True)
    for s in classes[np.argsort(-counts)]:
        if int(s) in views.whitening:
            return views.whitening[int(s)]
    return np.eye(len(views.names))
