"""Radar: regions that may be the shadow images of a brighter target, told in their reasons and never dropped.

A bright target shows again along the flight, weaker by 25 to 30 dB, before and behind itself (azimuth ambiguity), and
in a cross along flight and range, weaker by 20 dB (sidelobes). On land both drown; on water they look like ships. So a
region on ground as dark as water is held against the places its target would stand at: is there something a hundred
times as bright?
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from pyproj import Transformer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from imagery_diff.grid import Grid
    from imagery_diff.pair_scenes import Pair
    from imagery_diff.result import Region
    from imagery_diff.scene import RadarLook, SceneInfo

_BRIGHTER = 100.0
"""20 dB: the least by which a target outshines its ghosts and sidelobes."""
_WATER = 0.05
"""Sigma nought that open water stays under (-13 dB); land of towns and fields lies above."""
_REACH_M = 200.0
"""By how much a ghost may lie beside its computed place: 2 % of the speed and range, and its own bend in range."""
_LOBES_M = 500.0
"""How far sidelobes are seen."""
_LOBE_WIDTH_M = 30.0
_AROUND_M = 150.0
_MOST = 200
"""Regions that are looked at; more are no ships."""


def doubted(regions: tuple[Region, ...], pair: Pair, grid: Grid) -> tuple[Region, ...]:
    """Add to the reasons of a radar pair's regions what else they may be.

    Parameters
    ----------
    regions
        In the coordinate system of ``grid``.
    pair
        Both scenes; nothing is asked where they do not tell how the radar looked.
    grid
        Of the comparison.

    """
    if grid.crs is None or not any(info.radar_view for info in pair.infos):
        return regions
    looked = tuple(_doubted(region, pair, grid.crs) for region in regions[:_MOST])
    return (*looked, *regions[_MOST:])


def _doubted(region: Region, pair: Pair, crs: str) -> Region:
    """Hold one region against the image in which it is bright."""
    date = {"appeared": 1, "disappeared": 0}.get(region.direction)
    info = pair.infos[date] if date is not None else None
    if info is None or date is None or info.radar_view is None or info.grid.crs is None:
        return region
    to_scene = Transformer.from_crs(crs, info.grid.crs, always_xy=True)
    x, y = (float(v) for v in to_scene.transform(region.geometry.centroid.x, region.geometry.centroid.y))
    near = _Surround(info=info, x=x, y=y, band=pair.indexes[date][0])
    doubts = list(_doubts(near, info.radar_view.at(x, y), region.length_m / 2))
    if not doubts:
        return region
    return replace(region, why=(*region.why, *doubts), doubts=(*region.doubts, "; ".join(doubts)))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Surround:
    """Power of one band around a place of a scene."""

    info: SceneInfo
    x: float
    y: float
    band: int

    def within(self, dx: float, dy: float, half_m: float) -> tuple[NDArray[np.float32], NDArray[np.float64]] | None:
        """Return power in a square about a place off this one, and its pixels' (x, y) from this one; None outside."""
        grid = self.info.grid
        size = max(grid.pixel_size)
        row, col = grid.rowcol(self.x + dx, self.y + dy)
        reach = half_m / size
        top, left = max(math.floor(row - reach), 0), max(math.floor(col - reach), 0)
        bottom, right = min(math.ceil(row + reach), grid.shape[0]), min(math.ceil(col + reach), grid.shape[1])
        if bottom <= top or right <= left:
            return None
        scene = self.info.source.read(top, left, (bottom - top, right - left), (self.band,))
        rows, cols = np.indices(scene.flags.shape)
        t = scene.grid.transform
        rights, downs = cols + 0.5, rows + 0.5
        xs, ys = t.a * rights + t.b * downs + t.c, t.d * rights + t.e * downs + t.f
        places = np.stack([xs - self.x, ys - self.y])
        return np.where(scene.unseen, np.float32(0), scene.data[0]), places


def _doubts(near: _Surround, look: RadarLook, half_m: float) -> Iterator[str]:
    """Say whose ghost or sidelobe a thing may be."""
    around = near.within(0, 0, max(_LOBES_M, half_m + _AROUND_M))
    if around is None:
        return
    power, places = around
    away = np.hypot(*places)
    own = away <= half_m + _LOBE_WIDTH_M / 2
    ring = (away > half_m + _AROUND_M / 3) & (away <= half_m + _AROUND_M)
    if not own.any() or not ring.any() or float(np.median(power[ring])) > _WATER:
        return
    peak = max(float(power[own].max()), 1e-6)
    for sign, word in ((1, "ahead"), (-1, "behind")):
        dx, dy = (sign * look.ambiguity_m * part for part in look.flight)
        there = near.within(dx, dy, _REACH_M + half_m)
        target = None if there is None else _brightest(*there, np.ones(there[0].shape, bool))
        if target is not None and target[0] >= _BRIGHTER * peak:
            yield (
                f"may be the azimuth ambiguity of a target {_decibel(target[0] / peak)} dB brighter, "
                f"{look.ambiguity_m / 1000:.1f} km {word} along the flight, at {_lonlat(near, target[1])}"
            )
    along = np.tensordot(look.flight, places, 1), np.tensordot(look.away, places, 1)
    for across, word in ((along[1], "along the flight"), (along[0], "in range")):
        lobe = (np.abs(across) <= _LOBE_WIDTH_M) & ~own & (away <= _LOBES_M)
        target = _brightest(power, places, lobe)
        if target is not None and target[0] >= _BRIGHTER * peak:
            far = np.hypot(*target[1])
            yield f"may be a sidelobe of a target {_decibel(target[0] / peak)} dB brighter, {far:.0f} m away {word}"


def _brightest(
    power: NDArray[np.float32], places: NDArray[np.float64], where: NDArray[np.bool_]
) -> tuple[float, NDArray[np.float64]] | None:
    """Return the power of the brightest pixel of a mask, and where it lies."""
    if not where.any():
        return None
    at = np.unravel_index(int(np.argmax(np.where(where, power, -np.inf))), power.shape)
    return float(power[at]), places[:, at[0], at[1]]


def _decibel(ratio: float) -> str:
    return f"{10 * math.log10(ratio):.0f}"


def _lonlat(near: _Surround, place: NDArray[np.float64]) -> str:
    """Write a place in degrees."""
    to_lonlat = Transformer.from_crs(near.info.grid.crs, 4326, always_xy=True)
    lon, lat = to_lonlat.transform(near.x + float(place[0]), near.y + float(place[1]))
    return f"{lat:.4f}, {lon:.4f}"
