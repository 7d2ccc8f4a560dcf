"""Two scenes as one pair: what they share, what is doubtful about them, and their pixels on one grid."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from imagery_diff import pair_rules
from imagery_diff.errors import ImageryDiffWarning, InputError
from imagery_diff.method import align, zones
from imagery_diff.params import Params
from imagery_diff.read.scenes import open_scene
from imagery_diff.scene import Scene, SceneInfo

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from imagery_diff.aoi import AOI
    from imagery_diff.grid import Grid
    from imagery_diff.method.coregister import Shift

    Window = tuple[int, int, tuple[int, int]]
    """Row, column and shape of a rectangle of an image."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pair:
    """Two opened scenes, the bands they share, and what is doubtful about them."""

    infos: tuple[SceneInfo, SceneInfo]
    indexes: tuple[tuple[int, ...], tuple[int, ...]]
    """Bands of each scene to compare, from 0, in the same order."""
    names: tuple[str, ...]
    caveats: tuple[str, ...]
    despite: frozenset[str] = frozenset()
    """Rules by which the pair would be refused, and that it is compared all the same."""
    _kept: dict[int, tuple[Window, Scene]] = field(default_factory=dict, init=False, repr=False)
    """Date -> what was read of it last, and where; only until it is laid on its final place."""

    @property
    def grids(self) -> tuple[Grid, Grid]:
        """Grids of both images."""
        return (self.infos[0].grid, self.infos[1].grid)

    @property
    def reflectance(self) -> bool:
        """Whether both images hold reflectance, so that a number means a brightness."""
        return all(i.units == "reflectance" for i in self.infos)

    @property
    def resolution_m(self) -> float:
        """What both images tell apart, where that is coarser than their pixels by design; 0 = not told."""
        return max(info.resolution_m or 0.0 for info in self.infos)

    def lay_out(self, place: AOI) -> AOI:
        """Bring an AOI to the coordinate system both images are laid on.

        Raises
        ------
        InputError
            If the images carry no georeference and the AOI does.

        """
        crs = align.working_crs(self.grids)
        if crs is None and place.crs is not None:
            names = " and ".join(dict.fromkeys(i.name for i in self.infos))
            raise InputError(
                f"{names}: without a georeference the AOI '{place.name}' cannot be found in them; lay them on one that "
                "has one (--reference IMAGE), georeference them (in QGIS: Raster, Georeferencer), or give - as AOI to "
                "compare them pixel by pixel"
            )
        return place.in_crs(crs)

    def read(self, grid: Grid, shift: Shift | None = None) -> tuple[Scene, Scene]:
        """Read both images onto the grid, each moved by half the shift, and each band by half of its own.

        What is read before the shift is known is kept and used again when it is. What is read with it is the caller's
        own, to write into.
        """
        return self._read_one(0, grid, shift), self._read_one(1, grid, shift)

    def _read_one(self, date: int, grid: Grid, shift: Shift | None) -> Scene:
        """Read the image before (0) or after (1)."""
        info, indexes, sign = self.infos[date], self.indexes[date], (-1, 1)[date]
        target, *targets = [grid.shifted(sign * rows / 2, sign * cols / 2) for rows, cols in _moves(shift)]
        window = align.source_window(info.grid, target)
        if window is None:
            return align.empty_scene(grid, len(indexes))
        source = self._source(date, window)
        if shift is None:
            self._kept[date] = (window, source)
        if shift is not None and shift.warp is not None:
            own = [(sign * r / 2, sign * c / 2) for r, c in shift.bands] or [(0.0, 0.0)] * len(indexes)
            moved = align.resample_along(source, target, sign / 2 * shift.warp.over(grid.shape), own)
        else:
            moved = align.resample(source, target, targets or None)
        if shift is not None and np.may_share_memory(moved.data, source.data):
            moved = replace(moved, data=moved.data.copy())
        return replace(moved, grid=grid)

    def _source(self, date: int, window: Window) -> Scene:
        """Return a rectangle of an image at its own resolution, without reading it again if it was kept."""
        kept = self._kept.pop(date, None)
        if kept is not None and kept[0] == window:
            return kept[1]
        return self.infos[date].source.read(*window, self.indexes[date])


def _moves(shift: Shift | None) -> list[tuple[float, float]]:
    """Return (rows, cols) of the shift, and then of each band where they are known."""
    if shift is None:
        return [(0.0, 0.0)]
    return [(shift.rows + rows, shift.cols + cols) for rows, cols in ((0.0, 0.0), *shift.bands)]


def open_pair(
    before: SceneInfo | str | Path,
    after: SceneInfo | str | Path,
    place: AOI | None = None,
    *,
    params: Params | None = None,
    despite: Sequence[str] = (),
) -> Pair:
    """Open both, refuse what must not be compared, say what is doubtful, and find the bands they share."""
    infos = (
        before if isinstance(before, SceneInfo) else open_scene(before),
        after if isinstance(after, SceneInfo) else open_scene(after),
    )
    ground = place.in_crs(place.utm_crs) if place and place.crs else place
    doubts = pair_rules.judge(infos, ground, params or Params(), despite)
    for name in pair_rules.WARNED & set(doubts):
        warnings.warn(doubts[name], ImageryDiffWarning, stacklevel=3)
    by_number: list[str] = []
    names, indexes = _pair_bands(infos, by_number)
    caveats = (*dict.fromkeys([*infos[0].caveats, *infos[1].caveats]), *by_number, *doubts.values())
    return Pair(infos=infos, indexes=indexes, names=names, caveats=caveats, despite=frozenset(despite))


def _pair_bands(
    infos: tuple[SceneInfo, SceneInfo], doubts: list[str]
) -> tuple[tuple[str, ...], tuple[tuple[int, ...], tuple[int, ...]]]:
    """Pair the bands by name, else by number where one image names none or both hold a single band; that is a doubt.

    Returns
    -------
    names, indexes
        Names of the bands compared, and where they stand in each scene, from 0.

    """
    first, second = ([b.name for b in i.bands] for i in infos)
    names = tuple(sorted((n for n in first if n in second), key=_spectral_order))
    if names:
        return names, (tuple(first.index(n) for n in names), tuple(second.index(n) for n in names))
    unnamed = [all(re.fullmatch(r"band\d+", n) for n in names) for names in (first, second)]
    if any(unnamed) or len(first) == len(second) == 1:
        count = min(len(first), len(second))
        named = second if unnamed[0] else first
        doubts.append(
            f"bands compared by their number: {infos[0].name} has {', '.join(first)}, "
            f"{infos[1].name} has {', '.join(second)}"
        )
        return tuple(named[:count]), (tuple(range(count)), tuple(range(count)))
    raise InputError(
        f"the images have no band in common: {infos[0].name} has {', '.join(first)}, {infos[1].name} has "
        f"{', '.join(second)}; give two images with at least one band of the same name"
    )


def _spectral_order(name: str) -> tuple[int, str]:
    """Blue to infrared, then by name: the order must not depend on which image came first."""
    known = (
        "coastal",
        "blue",
        "greeni",
        "green",
        "yellow",
        "red",
        "rededge",
        "rededge2",
        "rededge3",
        "nir",
        "nir08",
        "swir1",
        "swir2",
    )
    return (known.index(name) if name in known else len(known), name.zfill(12))


def refuse_unseen(pair: Pair, scenes: tuple[Scene, Scene], ground: AOI | None) -> None:
    """Refuse a pair in which nothing of the place was seen on both dates, and say why for each date."""
    grid = scenes[0].grid
    where = zones.inside_again(ground.polygon, grid) if ground else np.ones(grid.shape, bool)
    if not where.any():
        raise InputError("the AOI is smaller than a pixel of the images; give a larger one")
    if not ((scenes[0].unseen | scenes[1].unseen) | ~where).all():
        return
    stories = []
    for info, scene in zip(pair.infos, scenes, strict=True):
        causes = {name: float(np.mean((scene.flags[where] & flag.value) != 0)) for flag, name in zones.CAUSES.items()}
        worst = max(causes, key=lambda c: causes[c])
        seen = float(np.mean(~scene.unseen[where]))
        stories.append(f"{info.name}: {seen:.0%} seen" + (f", {worst} on {causes[worst]:.0%}" if seen < 0.5 else ""))  # noqa: PLR2004
    raise InputError(f"nothing of the place was seen on both dates ({'; '.join(stories)}); choose another date")
