"""Does the AOI sit where the images say? Its outlines fitted to the edge of the water, or widened where that fails."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from shapely import affinity

from imagery_diff import location
from imagery_diff.grid import Grid
from imagery_diff.method import quays, radiometry, zones
from imagery_diff.method.outlines import Drawn, Edge, Look, Offset, estimate_offset
from imagery_diff.method.standing import find_water

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imagery_diff.aoi import AOI
    from imagery_diff.pair_scenes import Pair
    from imagery_diff.params import Params
    from imagery_diff.result import Region
    from imagery_diff.scene import Scene


@dataclass(frozen=True, kw_only=True)
class Fit:
    """Where the outlines were laid, and how well that is known."""

    fitted: bool
    """Whether the edge of the water told where the outlines lie."""
    east_m: float = 0.0
    """The outlines were moved by so much along x of the grid, metres; 0 where that is less than its uncertainty."""
    north_m: float = 0.0
    """And along y."""
    measured_m: tuple[float, float] | None = None
    """What was measured, (east, north); None where it could not be."""
    error_m: float | None = None
    """Standard error of it, both directions together."""
    residual_m: float | None = None
    """Root mean square distance that is left between drawn quays and the edge of the water."""
    agreeing: float | None = None
    """Share of the quays in sight that agree."""
    stretches: int = 0
    """Stretches of quay in sight, of 30 m."""
    open_deg: float | None = None
    """Azimuth from y of the grid of the direction along which nothing could be told, 0 to 180; None = none."""
    widened_m: float | None = None
    """By how much the AOI was widened instead; None = not."""
    how: str = ""
    """In words."""

    @property
    def distance_m(self) -> float:
        """By how far the outlines were moved."""
        return float(np.hypot(self.east_m, self.north_m))


def lay(
    ground: AOI | None, scenes: Sequence[Scene], pair: Pair, params: Params, *, radar: bool, asked: bool
) -> tuple[AOI | None, Fit | None]:
    """Lay the outlines where the images show their quays; where they do not, widen the AOI by its accuracy.

    Parameters
    ----------
    ground
        The AOI in the grid's CRS; None = there is nothing to lay.
    scenes
        Both dates on one grid, registered to each other.
    pair
        Their bands and units.
    params
        How far outlines may lie off.
    radar
        Whether it is a radar pair: rough water and smooth concrete look alike to it, and nothing is fitted.
    asked
        Whether they are to be laid; else they lie as drawn.

    """
    if ground is None:
        return None, None
    if not asked:
        return ground, Fit(fitted=False, how="not fitted to the images, as was asked for: they lie as drawn")
    grid = scenes[0].grid
    found = (
        Offset(reason="radar does not tell water from concrete")
        if radar
        else measure(ground, scenes, pair.names, params, reflectance=pair.reflectance)
    )
    return laid(ground, fit_of(found, grid), grid, params)


def located(regions: tuple[Region, ...], pair: Pair, ground: AOI | None, fit: Fit | None) -> tuple[Region, ...]:
    """Return the regions with how far they may lie from where they are said to lie on the earth."""
    accuracy = location.of_findings(pair.infos, ground, fit)
    return tuple(replace(region, location_accuracy_m=accuracy) for region in regions)


def measure(
    ground: AOI, scenes: Sequence[Scene], names: tuple[str, ...], params: Params, *, reflectance: bool
) -> Offset:
    """Measure by how much the AOI's quays lie off those of the images, in pixels of their grid."""
    grid = scenes[0].grid
    if grid.crs is None:
        return Offset(reason="without a georeference outlines are drawn on the image itself")
    stretches = quays.drawn_quays(ground, grid)
    if not stretches:
        return Offset(reason="the AOI draws no quay, that is, no berth or anchorage beside a yard, stockpile or road")
    pixel = grid.pixel_size_m[0]
    window = _window(ground, grid, params.fit_reach_m + 2 * params.fit_band_m)
    part = [replace(s, data=s.data[:, *window], flags=s.flags[window], grid=_part(grid, window)) for s in scenes]
    step = _step(part[0].grid)
    looks = [look for scene in part if (look := _look(scene, names, step, reflectance=reflectance))]
    if not looks:
        return Offset(reason="no water is told in these bands, or none was seen")
    here = part[0].grid
    thin = _thinned(here, step)
    drawn = Drawn(
        wet=zones.inside(quays.water_of(ground), thin),
        dry=zones.inside(quays.land_of(ground), thin),
        edges=tuple(_on_grid(stretch, here) for stretch in stretches),
        band_px=max(params.fit_band_m / pixel, 4.0),
        reach_px=params.fit_reach_m / pixel,
        open_px=_OPEN_M / pixel,
    )
    return estimate_offset(drawn, looks)


def laid(ground: AOI, fit: Fit, grid: Grid, params: Params) -> tuple[AOI, Fit]:
    """Return the AOI where the fit lays it; where that says nothing, or not both ways, wider by its accuracy.

    Zones stay as wide as they are: a thing as near to one as its accuracy belongs to it anyway.
    """
    unit = grid.pixel_size[0] / grid.pixel_size_m[0]
    if fit.distance_m:
        shift = partial(affinity.translate, xoff=fit.east_m * unit, yoff=fit.north_m * unit)
        zones_ = tuple(replace(z, polygon=shift(z.polygon)) for z in ground.zones)
        ground = replace(ground, polygon=shift(ground.polygon), zones=zones_)
    if (fit.fitted and fit.open_deg is None) or not ground.accuracy_m or grid.crs is None:
        return ground, fit
    # No more ground was read around it than the context.
    by = min(ground.accuracy_m, params.context_m)
    return replace(ground, polygon=ground.polygon.buffer(by * unit)), replace(fit, widened_m=by)


def caveats(fit: Fit | None) -> list[str]:
    """Say where the outlines were laid from ten metres on, and that they could not be laid."""
    if fit is None:
        return []
    wide = f"; the AOI was widened by {fit.widened_m:.0f} m for its accuracy" if fit.widened_m else ""
    if not fit.fitted:
        return [f"the outlines were {fit.how}{wide}"]
    told = [fit.how] if fit.distance_m >= _SAID_FROM_M else []
    if fit.open_deg is not None:
        told.append(
            f"towards {fit.open_deg:.0f} degrees and back too few of the drawn quays tell where the outlines lie: they "
            f"were not moved that way{wide}"
        )
    return told


_THIN_M, _THIN_PX = 10.0, 250_000
"""The search need not be finer than a third of the water it looks at, Sentinel-2's pixel, nor see more than these."""
_OPEN_M = 10.0
"""Standard error from which on a direction counts as open, metres: as much as the images' own location says."""
_SAID_FROM_M = 10.0
"""Offsets from which on a reader is told: what PlanetScope's own location is good for."""


def fit_of(found: Offset, grid: Grid) -> Fit:
    """Say in metres along x and y what was found in rows and columns."""
    if not found.measured:
        apart_m = None if found.dates_apart is None else found.dates_apart * grid.pixel_size_m[0]
        apart = "" if apart_m is None else f" (they put them {apart_m:.0f} m apart)"
        return Fit(fitted=False, stretches=found.stretches, how=f"not fitted to the images: {found.reason}{apart}")
    assert found.error is not None
    assert found.residual is not None
    pixel = grid.pixel_size_m[0]
    east, north = _metres(grid, found.rows, found.cols)
    sure = found.sure
    error, residual = found.error * pixel, found.residual * pixel
    where = f"{_way(east, north)}, standard error {error:.1f} m, {residual:.1f} m left over along the quays"
    how = f"the outlines were moved by {where}" if sure else f"the outlines lie where they are drawn: off by {where}"
    open_m = None if found.open_along is None else _metres(grid, *found.open_along)
    return Fit(
        fitted=True,
        east_m=east if sure else 0.0,
        north_m=north if sure else 0.0,
        measured_m=(east, north),
        error_m=error,
        residual_m=residual,
        agreeing=found.agreeing,
        stretches=found.stretches,
        open_deg=None if open_m is None else float(np.degrees(np.arctan2(*open_m)) % 180.0),
        how=how,
    )


def _way(east: float, north: float) -> str:
    """Say a way along x and y in words."""
    words = [
        f"{abs(v):.1f} m {plus if v > 0 else minus}"
        for v, plus, minus in ((north, "north", "south"), (east, "east", "west"))
    ]
    return f"{float(np.hypot(east, north)):.1f} m ({words[0]}, {words[1]} on the grid)"


def _metres(grid: Grid, rows: float, cols: float) -> tuple[float, float]:
    """Rows and columns -> metres along x and y of the map."""
    t, unit = grid.transform, grid.pixel_size[0] / grid.pixel_size_m[0]
    return (float(t.a * cols + t.b * rows) / unit, float(t.d * cols + t.e * rows) / unit)


def _on_grid(stretch: quays.Stretch, grid: Grid) -> Edge:
    """Bring a stretch of quay from the map to rows and columns, (0, 0) the middle of the first pixel."""
    t = ~grid.transform
    x, y = stretch.points.T
    points = np.column_stack([t.d * x + t.e * y + t.f, t.a * x + t.b * y + t.c]) - 0.5
    east, north = stretch.normal
    normal = np.array([t.d * east + t.e * north, t.a * east + t.b * north])
    rows, cols = normal / np.hypot(*normal)
    return Edge(
        points=points,
        normal=(float(rows), float(cols)),
        length=stretch.length / grid.pixel_size[0],
        spread=stretch.spread / grid.pixel_size[0],
        side=stretch.side,
    )


def _window(ground: AOI, grid: Grid, margin_m: float) -> tuple[slice, slice]:
    """Return the rows and columns around the drawn water and land."""
    drawn = [z.polygon for z in ground.zones if z.located and z.kind in quays.WATER | quays.LAND]
    left, bottom, right, top = np.array([p.bounds for p in drawn]).T
    corners = [grid.rowcol(x, y) for x in (left.min(), right.max()) for y in (bottom.min(), top.max())]
    margin = margin_m / grid.pixel_size_m[0]
    slices = []
    for values, size in zip(np.array(corners).T, grid.shape, strict=True):
        first, last = int(values.min() - margin), int(values.max() + margin) + 1
        slices.append(slice(min(max(first, 0), size - 1), max(min(last, size), 1)))
    return slices[0], slices[1]


def _part(grid: Grid, window: tuple[slice, slice]) -> Grid:
    rows, cols = window
    return grid.window(rows.start, cols.start, (rows.stop - rows.start, cols.stop - cols.start))


def _step(grid: Grid) -> int:
    """Say every how many-th pixel is enough to look for the quays, none more than ten metres from the next."""
    rows, cols = grid.shape
    return max(1, min(int(_THIN_M / grid.pixel_size_m[0]), round(math.sqrt(rows * cols / _THIN_PX))))


def _thinned(grid: Grid, step: int) -> Grid:
    """Return a grid whose pixels have the middles of every ``step``-th."""
    t, rows, cols = grid.transform, *grid.shape
    x, y = grid.xy(0.5 - 0.5 * step, 0.5 - 0.5 * step)
    scaled = type(t)(t.a * step, t.b * step, x, t.d * step, t.e * step, y)
    return Grid(crs=grid.crs, transform=scaled, shape=(-(-rows // step), -(-cols // step)))


def _look(scene: Scene, names: tuple[str, ...], step: int, *, reflectance: bool) -> Look | None:
    """Tell the water of one date by near infrared, or by being smooth, green and broad; None where neither tells."""
    image, seen = np.asarray(scene.data, np.float32), ~scene.unseen
    data, there = image[:, ::step, ::step], seen[::step, ::step]
    if {"green", "nir"} <= set(names):
        # One date for both: a place that the other date hides is told all the same.
        texture = np.zeros(there.shape, np.float32)
        masks = radiometry.water_masks(data, data, there, names, texture, None, reflectance=reflectance)
        wet = None if masks is None else masks[0]
    else:
        water = find_water(data, there, names, step * scene.grid.pixel_size_m[0], None)
        wet = None if water is None else water.wet
    return None if wet is None else Look(image=image, seen=seen, wet=wet, step=step)
