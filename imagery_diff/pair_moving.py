"""Vessels under way: told as such by the bands of their own image, and without a length."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from rasterio.features import rasterize

from imagery_diff.method import under_way

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from imagery_diff.grid import Grid
    from imagery_diff.pair_scenes import Pair
    from imagery_diff.result import Region
    from imagery_diff.scene import Scene, SceneInfo

_STOOD_ON = {"appeared": 1, "disappeared": 0}
_MOST = 60
"""Vessels that are looked at, the first of them."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Standing:
    """By how much the bands of each scene lie apart on what stands; measured of a scene when that is asked for."""

    scenes: tuple[Scene, Scene]
    """Both images as read, on the grid."""
    dry: NDArray[np.bool_]
    """(row, col), True on clear land."""
    bands: list[int]
    """Those that are looked at; none where it is not asked."""
    _kept: dict[int, NDArray[np.float64]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, scenes: tuple[Scene, Scene], dry: NDArray[np.bool_], pair: Pair) -> Standing:
        """Ask it of light with enough bands."""
        radar = any(info.level.radar for info in pair.infos)
        return cls(scenes=scenes, dry=dry, bands=[] if radar else finest(pair.names))

    def shifts(self, date: int) -> NDArray[np.float64] | None:
        """Return (band, 2), pixels, of the scene before (0) or after (1); None where it is not asked."""
        if not self.bands:
            return None
        if date not in self._kept:
            image = self.scenes[date].data[self.bands].astype(np.float32)
            self._kept[date] = under_way.standing_shifts(image, self.dry)
        return self._kept[date]


def noted(info: SceneInfo, shifts: NDArray[np.float64] | None) -> SceneInfo:
    """Say in a scene's notes how far its bands, (band, 2), lie apart on what stands; nothing where it was not asked."""
    if shifts is None:
        return info
    apart = max(float(np.hypot(*(one - other))) for one in shifts for other in shifts)
    words = f"its bands lie {apart:.2f} pixels apart at most on what stands, by its strongest edges on land"
    return replace(info, notes=(*info.notes, words))


def marked(regions: tuple[Region, ...], standing: Standing, pair: Pair, grid: Grid) -> tuple[Region, ...]:
    """Say of vessels that the bands of their image show at different places that they are under way."""
    vessels = [r.id for r in regions if r.activity == "vessel" and r.direction in _STOOD_ON][:_MOST]
    bands = standing.bands
    if not vessels or not bands:
        return regions
    dates = {_STOOD_ON[r.direction] for r in regions if r.id in vessels}
    images = {k: standing.scenes[k].data[bands].astype(np.float32) for k in dates}
    names = [pair.names[b] for b in bands]
    out = []
    for region in regions:
        date = _STOOD_ON.get(region.direction, -1)
        course = None
        if region.id in vessels and (still := standing.shifts(date)) is not None:
            course = course_of(region.geometry, images[date], still, names, grid)
        if course is not None:
            region = replace(region, under_way=True, why=(*region.why, words_of(course)))  # noqa: PLW2901
        out.append(region)
    return tuple(out)


def finest(names: Sequence[str]) -> list[int]:
    """Return the bands that are looked at: those of the finest pixels, others have their own blur; [] if too few."""
    found = [names.index(n) for n in ("blue", "green", "red", "nir") if n in names]
    return found if len(found) > 2 else []  # noqa: PLR2004 - three must bear it out


def course_of(
    outline: BaseGeometry, image: NDArray[np.float32], standing: NDArray[np.float64], names: Sequence[str], grid: Grid
) -> under_way.Course | None:
    """Look for a course in the pixels of an outline, map units."""
    mask = rasterize([outline], out_shape=grid.shape, transform=grid.transform, dtype="uint8").astype(bool)
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    window = (slice(int(rows[0]), int(rows[-1]) + 1), slice(int(cols[0]), int(cols[-1]) + 1))
    return under_way.course_of(image, mask[window], window, standing, tuple(names))


def words_of(course: under_way.Course) -> str:
    """Say how it is known."""
    first, second = course.bands
    return (
        f"under way: {first} and {second} of one image show it {course.shift_px:.1f} pixels apart, so it has no length"
    )
