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
    def bright_ground(self) -> dict[str, float]:
        """Brightness that 70 % of the scene do not reach, by band: what a ship is light or dark against."""
        return {
            n: float(np.mean([np.percentile(image[i], 70) for image in self.brightness]))
            for i, n in enumerate(self.names)
        }


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
