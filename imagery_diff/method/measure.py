"""A patch -> how long, how wide and how high it is, with 90 % limits.

The outline at half height (:mod:`imagery_diff.method.regions`) says where to look; a silhouette fitted to the
difference there (:mod:`imagery_diff.method.silhouette`) says how long the thing is. Where no silhouette fits, of a
curve or of things that touch, the outline's own measure stands, without limits.

Limits are split-conformal (Lei et al. 2018, 10.1080/01621459.2017.1307116): the 5 and 95 % quantiles of what was missed
on design scenes, in units of sqrt(pixel^2 + 1 m^2), shape by shape. One metre is what a thing's own ends are unsure by:
rails, fenders, couplings. Where an end lies in ground that was not seen, or in shade that moved, the limit on that side
reaches as far as the thing could go on unseen.

Assumption: design scenes miss as real ones do. Broken by: another sensor's edges; ships unlike those rendered.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage
from shapely import get_coordinates, minimum_rotated_rectangle
from shapely.affinity import affine_transform

from imagery_diff.method.activity import Activity
from imagery_diff.method.calm import whitening
from imagery_diff.method.line import is_line
from imagery_diff.method.regions import Direction
from imagery_diff.method.shade import SKY_SHARE
from imagery_diff.method.silhouette import SLENDER, Fitted, Sample, Silhouette, Start, fit, pixels_of
from imagery_diff.method.views import on_water

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.grid import Grid
    from imagery_diff.method.describe import Described
    from imagery_diff.method.regions import Patch, Shape
    from imagery_diff.method.views import Views

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]

_EIGHT = np.ones((3, 3), bool)
_AROUND_PX = 7
"""Ground around a thing that the fit looks at, pixels: clear of its blur, with as much again to know the ground by."""
_SHADOW_OF_M = 8.0
"""And along the shadow of a thing this high: three containers."""
_MOST_PIXELS = 4000
"""More are thinned evenly: sixty along a ship and as many across tell its ends as well."""
_LEAST_GROUND = 24
"""Pixels of clear ground without which differences cannot be weighed."""
_MOST_MISFIT = 0.75
"""A silhouette that leaves more of the difference over than this was not what lay there."""
_FAR_OFF = (0.5, 1.6)
"""Of the outline's length: a fit beyond that has run away along a quay or a shadow."""
LINE = "line"
_FILL = {Silhouette.BOX: 1.0, Silhouette.OVAL: math.pi / 4}
_OWN_M = 1.0
_STOUTEST, _SLIMMEST = 2.5, 12.0
"""Lengths over beam between which a thing may be one ship: barges are 3 and more, large hulls at most 10 (Smil 2019;
see :mod:`imagery_diff.method.hulls`)."""
_LONGEST_M = 410.0
"""The longest ship afloat measures 400 m."""
_SHADE_SEEN = (0.5, 1.19)
"""Share of full shade that must show, and by which it must stay below the most there can be: else something else is
dark there."""
_PLAIN_MISFIT = 0.5
_HEIGHT_SD_M = 1.0
_SHADOW_ENDS_PX = 1.0
"""By how much the end of a shadow may be missed, pixels: of 23 heights told of design scenes below a sun of 35 degrees
nine in ten lay within .8 to 1.4 (by a script that is not kept)."""
_STRIP_PX = 2
"""Half width of the strip beyond an end that is asked for ground not seen, and how near the end it begins, pixels."""
_HIDDEN_M = 60.0
"""Farthest that an end is followed into ground not seen, metres; beyond, it is a lower bound."""


@dataclass(frozen=True, kw_only=True)
class Measure:
    """How large a thing is."""

    length_m: float
    width_m: float
    area_m2: float
    orientation_deg: float
    """Azimuth of the long side, 0 to 180 degrees clockwise from grid north."""
    length_low_m: float | None
    length_high_m: float | None
    """90 % limits; both None where nothing was calibrated, the upper one where the length is a lower bound."""
    is_lower_bound: bool
    """An end lies in ground that was not seen, or at the edge."""
    shape: str
    """The silhouette: ``hull``, ``box``, ``oval``; ``line``, a box as slender as a train; ``outline``, none fitted."""
    area_low_m2: float | None
    area_high_m2: float | None
    """From the limits of both sides; None where they are."""
    height_m: tuple[float, float] | None
    """Range of what throws its shadow; None where the shadow does not tell."""
    several: bool
    """Too broad for its length, or too long for its breadth, to be one ship; its length is then that of all."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Over:
    """One image over its water."""

    offset: Floats
    """(band, row, col), less the mean of the water around."""
    wet: Bools
    """(row, col), what looks like water."""
    seen: Bools
    """(row, col)"""
    grid: Grid
    blur_px: float
    """Standard deviation of the point spread, pixels."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What was missed on design scenes."""

    lengths: dict[str, tuple[float, float]]
    """Shape -> 5 and 95 % quantile of (truth - length) / sqrt(pixel^2 + 1 m^2)."""
    widths: dict[str, tuple[float, float]]
    """The same of the shorter side."""
    pixel_m: tuple[float, float]
    """Pixels for which it holds."""

    @classmethod
    def of_table(cls, table: dict[str, Any]) -> Limits:
        """Read the shipped table (``lengths.json``)."""
        low, high = table["pixel_m"]
        sides = (
            {shape: (float(a), float(b)) for shape, (a, b) in table[side].items()} for side in ("lengths", "widths")
        )
        return cls(lengths=next(sides), widths=next(sides), pixel_m=(float(low), float(high)))

    def holds(self, shape: str, pixel_m: float) -> bool:
        """Say whether it was calibrated for this shape and pixel."""
        return shape in self.lengths and shape in self.widths and self.pixel_m[0] <= pixel_m <= self.pixel_m[1]

    def of_length(self, length_m: float, shape: str, pixel_m: float) -> tuple[float, float]:
        """Return the 90 % limits of a length."""
        return _around(length_m, self.lengths[shape], pixel_m)

    def of_width(self, width_m: float, shape: str, pixel_m: float) -> tuple[float, float]:
        """Return the 90 % limits of a width."""
        return _around(width_m, self.widths[shape], pixel_m)


def _around(side_m: float, missed: tuple[float, float], pixel_m: float) -> tuple[float, float]:
    unit = math.hypot(pixel_m, _OWN_M)
    return max(side_m + missed[0] * unit, 0.0), side_m + missed[1] * unit


def measure(described: Described, views: Views, limits: Limits | None) -> Measure:
    """Measure what was described.

    Parameters
    ----------
    described
        Its patch, outline, direction and class.
    views
        The pair; lengths are in metres by its grid (pixels without georeference).
    limits
        What such measures missed on design scenes; None where those tell nothing of this pair.

    """
    cast = _cast(described, views)
    fitted = _fit(described, views, cast)
    told = _of_outline(described) if fitted is None else _of_fit(*fitted, views.grid, cast)
    as_line = described.activity is Activity.RAIL_CARS or is_line(described.judged, views.grid)
    if told.shape == Silhouette.BOX and as_line:
        told = replace(told, shape=LINE)
    pixel_m = views.grid.pixel_size_m[0]
    hidden = _hidden_m(described, views)
    bounds = breadth = None
    if limits is not None and views.grid.crs is not None and limits.holds(told.shape, pixel_m):
        bounds = limits.of_length(told.length, told.shape, pixel_m)
        breadth = limits.of_width(told.width, told.shape, pixel_m)
    lower_bound = described.cut or max(hidden) >= _HIDDEN_M
    several = described.activity is Activity.VESSEL and _is_several(
        told, bounds, breadth, whole=not lower_bound and sum(hidden) <= 0
    )
    fill = told.area / max(told.length * told.width, 1e-6)
    area = _area_limits(fill, (bounds[0], bounds[1] + sum(hidden)), breadth) if bounds and breadth else None
    limited = bounds is not None and not several
    return Measure(
        length_m=told.length,
        width_m=told.width,
        area_m2=told.area,
        orientation_deg=told.azimuth,
        length_low_m=bounds[0] if bounds and limited else None,
        length_high_m=bounds[1] + sum(hidden) if bounds and limited and not lower_bound else None,
        is_lower_bound=lower_bound,
        shape=told.shape,
        area_low_m2=area[0] if area else None,
        area_high_m2=area[1] if area and not lower_bound else None,
        height_m=told.height or (_heap_height(breadth) if described.activity is Activity.STOCKPILE else None),
        several=several,
    )


def _heap_height(breadth: tuple[float, float] | None) -> tuple[float, float] | None:
    """Return the range of a heap's height: no more than half of its breadth; None where that has no limits.

    Bulk lies at its angle of repose, 30 to 45 degrees (Beakawi Al-Hashemi and Baghabra Al-Amoudi 2018,
    10.1016/j.powtec.2018.02.003): under a sun that stands higher it throws no shadow, and under a lower one coal is as
    dark as its shadow.
    """
    return None if breadth is None else (0.0, breadth[1] / 2)


def _area_limits(fill: float, length: tuple[float, float], width: tuple[float, float]) -> tuple[float, float]:
    """Return the limits of an area from those of its sides, whose relative errors add as the sides of a triangle do.

    Assumption: what is missed of the length and of the breadth have nothing to do with each other.
    """
    (long, far), (broad, wide) = (((a + b) / 2, (b - a) / 2) for a, b in (length, width))
    share = math.hypot(far / max(long, 1e-6), wide / max(broad, 1e-6))
    return fill * long * broad * max(1 - share, 0.0), fill * long * broad * (1 + share)


def _is_several(
    told: _Told, bounds: tuple[float, float] | None, breadth: tuple[float, float] | None, *, whole: bool
) -> bool:
    """Say whether no one ship has these sides, even by their limits; part of a ship may be as short as it likes."""
    (short, long), (slim, broad) = bounds or (told.length, told.length), breadth or (told.width, told.width)
    return (whole and long < _STOUTEST * slim) or short > _SLIMMEST * max(broad, 1e-6) or short > _LONGEST_M


@dataclass(frozen=True)
class _Told:
    length: float
    width: float
    area: float
    azimuth: float
    shape: str
    height: tuple[float, float] | None


def _of_outline(described: Described) -> _Told:
    """Take the outline's own measures."""
    shape = described.shape
    return _Told(shape.length_m, shape.width_m, shape.area_m2, shape.orientation_deg, "outline", None)


_BOXES = frozenset({Activity.CONTAINERS, Activity.RAIL_CARS, Activity.COVER, Activity.CONSTRUCTION})
"""What is built or stacked with straight sides."""


def tried(described: Described) -> tuple[Silhouette, ...]:
    """Return what may be fitted: a hull to a vessel, an oval to a heap, a box to lines and what is built or stacked.

    To what is of no class a box and an oval, of which that is taken which leaves less over. A heap is never taken for a
    box: its foot fades, and the box that leaves least over ends 7 m inside (43 heaps of design scenes, 3 to 16 m in
    nine of ten).
    """
    slender = described.judged.length_m > SLENDER * described.judged.width_m
    if described.activity is Activity.VESSEL:
        return (Silhouette.HULL,)
    if described.activity is Activity.STOCKPILE:
        return (Silhouette.OVAL,)
    if slender or described.activity in _BOXES:
        return (Silhouette.BOX,)
    return (Silhouette.BOX, Silhouette.OVAL)


def _cast(described: Described, views: Views) -> tuple[float, float] | None:
    """Return (rows, columns) of a metre's shadow on the date the thing stood there; None if none is asked for."""
    if views.shadow_px is None or described.direction == Direction.CHANGED:
        return None
    if Silhouette.BOX not in tried(described):
        return None
    return views.shadow_px[_date(described)]


def _date(described: Described) -> int:
    """0 if it stood there before, 1 if after."""
    return 0 if described.direction == Direction.DISAPPEARED else 1


def _fit(described: Described, views: Views, cast: tuple[float, float] | None) -> tuple[Silhouette, Fitted] | None:
    """Fit a silhouette; None where there is none to fit, or it does not."""
    patch = described.patch
    if patch is None or patch.area or views.radar is not None or described.shape is not described.judged:
        return None
    start = _start(described.judged, views.grid)
    wet = on_water(patch, views)
    sample = _sample(patch, _date(described), views, None if wet else cast)
    if sample is None:
        return None
    fits = {
        silhouette: described.fits.get(silhouette) or fit(_with_shadow_of(silhouette, sample), start, silhouette)
        for silhouette in tried(described)
    }
    silhouette, fitted = min(fits.items(), key=lambda one: one[1].misfit)
    return (silhouette, fitted) if _holds(fitted, start) else None


def sides_as_hull(described: Described, views: Views) -> tuple[float, float] | None:
    """Return length and beam of a hull fitted to what is afloat, metres, its blur taken out; None where none fits.

    The rectangle round an outline is wider than the thing by two pixels and more, and at 10 m a pixel is half a beam.

    """
    fitted = _fit(replace(described, activity=Activity.VESSEL), views, None)
    if fitted is None:
        return None
    told = _of_fit(*fitted, views.grid, None)
    return told.length, told.width


def on_land(described: Described, views: Views) -> dict[Silhouette, Fitted]:
    """Fit a box with its shadow and an oval to a thing on land; nothing where there is none to fit, or on water."""
    patch = described.patch
    if patch is None or patch.area or views.radar is not None or described.shape is not described.judged:
        return {}
    if on_water(patch, views):
        return {}
    cast = views.shadow_px[_date(described)] if views.shadow_px and described.direction != Direction.CHANGED else None
    sample = _sample(patch, _date(described), views, cast)
    if sample is None:
        return {}
    start = _start(described.judged, views.grid)
    return {s: fit(_with_shadow_of(s, sample), start, s) for s in (Silhouette.BOX, Silhouette.OVAL)}


def _with_shadow_of(silhouette: Silhouette, sample: Sample) -> Sample:
    """Leave the shadow out of what is no box: on water it hardly shows, and that of a heap is as dark as the heap."""
    return sample if silhouette is Silhouette.BOX else replace(sample, shadow_px=None)


def hull_afloat(patch: Patch, shape: Shape, over: Over) -> Shape:
    """Measure a vessel on the water of one image by the hull that fits what it shows more than that water.

    Parameters
    ----------
    patch, shape
        What stands out, and its outline at half height, where the fit begins.
    over
        The image over its water.

    Returns
    -------
    Shape
        The same outline with length, beam, area and azimuth of the hull; as it came where no hull fits.

    """
    wide, mask = _window(patch, over.wet.shape, None)
    clear = over.wet[wide] & ~ndimage.binary_dilation(mask, _EIGHT, iterations=3)
    if np.count_nonzero(clear) < _LEAST_GROUND:
        return shape
    near = ndimage.binary_dilation(mask, _EIGHT, iterations=_AROUND_PX)
    rows, cols = _thinned(near & over.seen[wide] & (clear | ndimage.binary_dilation(mask, _EIGHT, iterations=3)))
    water = over.offset[:, *wide][:, clear]
    middle = np.median(water, axis=1, keepdims=True)
    change = whitening((water - middle).T) @ (over.offset[:, *wide][:, rows, cols] - middle)
    sample = Sample(
        places=np.array([rows + wide[0].start, cols + wide[1].start], float),
        change=change,
        shade=np.zeros_like(change),
        blur_px=over.blur_px,
        shadow_px=None,
    )
    start = _start(shape, over.grid)
    fitted = fit(sample, start, Silhouette.HULL)
    if not _holds(fitted, start):
        return shape
    told = _of_fit(Silhouette.HULL, fitted, over.grid, None)
    return replace(shape, length_m=told.length, width_m=told.width, area_m2=told.area, orientation_deg=told.azimuth)


def _holds(fitted: Fitted, start: Start) -> bool:
    """Say whether a silhouette explains what lay there, and has not run away."""
    share = fitted.length_px / start.length_px
    return fitted.misfit <= _MOST_MISFIT and _FAR_OFF[0] <= share <= _FAR_OFF[1]


def _start(shape: Shape, grid: Grid) -> Start:
    """Return the rectangle round an outline, in pixels of the grid."""
    t = ~grid.transform
    pixels = affine_transform(shape.outline, [t.a, t.b, t.d, t.e, t.c, t.f])
    corners = get_coordinates(minimum_rotated_rectangle(pixels)) - 0.5
    centre, azimuth, length, width = pixels_of(corners[:, ::-1])
    return Start(centre=centre, azimuth=azimuth, length_px=max(length, 2.0), width_px=max(width, 1.0))


def _sample(patch: Patch, date: int, views: Views, cast: tuple[float, float] | None) -> Sample | None:
    """Take the difference around a patch, whitened by the clear ground beside it; None without such ground."""
    wide, mask = _window(patch, views.surface.shape, cast)
    own = ndimage.binary_dilation(mask, _EIGHT, iterations=2)
    others = ndimage.binary_dilation(views.changed[wide] & ~own, _EIGHT)
    near = _swept(ndimage.binary_dilation(mask, _EIGHT, iterations=_AROUND_PX), cast) & ~others & views.seen[wide]
    # A band of larger pixels, drawn onto the others' grid, is softer than the point spread that is assumed.
    sharp = list(views.sharp_bands)
    present, empty = (views.brightness[k][:, *wide][sharp] for k in (date, 1 - date))
    change = present - empty
    ground = change[:, near & ~ndimage.binary_dilation(mask, _EIGHT, iterations=3)]
    if ground.shape[1] < _LEAST_GROUND:
        return None
    white = whitening((ground - np.median(ground, axis=1, keepdims=True)).T)
    left = views.light_left[date]
    if left is None:
        left = np.asarray([SKY_SHARE.get(name, SKY_SHARE["nir"]) for name in views.names], np.float32)
    left = left[sharp]
    bare = ndimage.gaussian_filter(empty, (0, 0.7, 0.7))
    rows, cols = _thinned(near)
    return Sample(
        places=np.array([rows + wide[0].start, cols + wide[1].start], float),
        change=white @ change[:, rows, cols],
        shade=white @ (bare[:, rows, cols] * (left - 1.0)[:, None]),
        blur_px=views.blur_px,
        shadow_px=cast,
    )


def _window(patch: Patch, size: tuple[int, ...], cast: tuple[float, float] | None) -> tuple[tuple[slice, slice], Bools]:
    """Return a window with room for the ground around and the shadow, and the patch in it."""
    room = _AROUND_PX + 2 + (math.ceil(_SHADOW_OF_M * math.hypot(*cast)) if cast else 0)
    wide = tuple(slice(max(0, s.start - room), min(n, s.stop + room)) for s, n in zip(patch.window, size, strict=True))
    mask = np.zeros((wide[0].stop - wide[0].start, wide[1].stop - wide[1].start), bool)
    own = tuple(slice(s.start - w.start, s.stop - w.start) for s, w in zip(patch.window, wide, strict=True))
    mask[own] = patch.mask
    return (wide[0], wide[1]), mask


def _swept(mask: Bools, cast: tuple[float, float] | None) -> Bools:
    """Add where the shadow of a thing of ``_SHADOW_OF_M`` may fall."""
    if cast is None:
        return mask
    steps = max(1, math.ceil(_SHADOW_OF_M * math.hypot(*cast) / _AROUND_PX))
    swept = mask.copy()
    for step in range(1, steps + 1):
        by = [round(_SHADOW_OF_M * c * step / steps) for c in cast]
        moved = np.zeros_like(mask)
        rows, cols = (slice(max(0, b), min(n, n + b)) for b, n in zip(by, mask.shape, strict=True))
        back = [slice(s.start - b, s.stop - b) for s, b in zip((rows, cols), by, strict=True)]
        moved[rows, cols] = mask[back[0], back[1]]
        swept |= moved
    return swept


def _thinned(near: Bools) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    rows, cols = np.nonzero(near)
    every = max(1, math.ceil(rows.size / _MOST_PIXELS))
    return rows[::every], cols[::every]


def _of_fit(silhouette: Silhouette, fitted: Fitted, grid: Grid, shadow_px: tuple[float, float] | None) -> _Told:
    """Sizes on the ground; the height only where enough of the shadow is seen."""
    (width_px_m, height_px_m), down = grid.pixel_size_m, -1 if grid.crs is not None else 1
    rows, cols = math.cos(fitted.azimuth) * height_px_m, math.sin(fitted.azimuth) * width_px_m
    along_m, across_m = (
        math.hypot(rows, cols),
        math.hypot(math.sin(fitted.azimuth) * height_px_m, math.cos(fitted.azimuth) * width_px_m),
    )
    length, width = fitted.length_px * along_m, fitted.width_px * across_m
    fill = _FILL.get(silhouette, 1.0 - width / max(3.0 * length, 1e-6))  # a bow leaves a third of a beam empty
    return _Told(
        length=max(length, width),
        width=min(length, width),
        area=length * width * fill,
        azimuth=math.degrees(math.atan2(cols, down * rows)) % 180.0
        if length >= width
        else (math.degrees(math.atan2(cols, down * rows)) + 90.0) % 180.0,
        shape=str(silhouette),
        height=_height(fitted, shadow_px),
    )


def _height(fitted: Fitted, shadow_px: tuple[float, float] | None) -> tuple[float, float] | None:
    """Return the range of the height, by as much as a pixel of shadow; None where the shadow does not show plainly."""
    if fitted.height_m is None or fitted.height_sd_m is None or shadow_px is None:
        return None
    plain = _SHADE_SEEN[0] <= fitted.shade <= _SHADE_SEEN[1] and fitted.misfit <= _PLAIN_MISFIT
    if not plain or not 0.0 < fitted.height_sd_m <= _HEIGHT_SD_M:
        return None
    half = _SHADOW_ENDS_PX / max(math.hypot(*shadow_px), 1e-6)
    return max(fitted.height_m - half, 0.0), fitted.height_m + half


def _hidden_m(described: Described, views: Views) -> tuple[float, float]:
    """Return how far the thing could go on unseen beyond either end, metres: ground not clear or in moved shade."""
    hidden = (views.flags != 0) | views.shaded
    start = _start(described.judged, views.grid)
    along = np.array([math.cos(start.azimuth), math.sin(start.azimuth)])
    across = np.array([-along[1], along[0]])
    pixel_m = views.grid.pixel_size_m[0]
    side = np.arange(-_STRIP_PX, _STRIP_PX + 1) * min(1.0, start.width_px / (2 * _STRIP_PX + 1))
    found = []
    for way in (-1, 1):
        run = 0
        for step in range(1, math.ceil(_HIDDEN_M / pixel_m) + _STRIP_PX + 1):
            at = np.asarray(start.centre) + way * (start.length_px / 2 + step) * along + side[:, None] * across
            rows, cols = np.round(at).astype(int).T
            inside = (rows >= 0) & (cols >= 0) & (rows < hidden.shape[0]) & (cols < hidden.shape[1])
            if inside.all() and np.mean(hidden[rows, cols]) <= 0.5:  # noqa: PLR2004 - most of the strip was seen
                if step > _STRIP_PX:
                    break
                continue
            run += 1
        found.append(run * pixel_m)
    return found[0], found[1]
