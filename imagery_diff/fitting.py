"""The story of an AOI that does not sit where its images say: one constant correction from five scenes or more.

A fit of one pair takes what that pair's pointing is off by along with what the outlines are off by. Over many scenes
the pointing averages out, and what is common to all is the outlines': the median over scenes, which up to half of
them may miss.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from shapely import affinity

from imagery_diff import location
from imagery_diff.aoi import AOI, reproject
from imagery_diff.errors import InputError
from imagery_diff.method import align
from imagery_diff.overcast import with_sky
from imagery_diff.pair_fit import Fit, fit_of, measure
from imagery_diff.params import Params
from imagery_diff.read.aois import find_place
from imagery_diff.read.scenes import open_scene
from imagery_diff.result import iso
from imagery_diff.scene import SceneInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Progress = Callable[[str], None]

LEAST_SCENES = 5
"""Fewer say too little of what is common to all of them: of five, two may be wrong."""
ONE_PASS = timedelta(minutes=5)
"""Strips of one pass are taken within so much."""
_SURE = 2.15
"""Square root of the 90 % point of chi square with two degrees of freedom: below so many errors nothing is moved."""
_ALIKE_DEG = 15.0
"""Scenes that leave one direction open must leave the same one, within so much."""


@dataclass(frozen=True, kw_only=True)
class SceneFit:
    """What one scene says of where the outlines lie."""

    scene: str
    """Name of its file."""
    acquired: str | None
    """ISO 8601 UTC."""
    fit: Fit
    east_m: float | None
    """By how much the outlines must move, in the correction's CRS; None where it could not be fitted."""
    north_m: float | None
    location_m: float | None
    """What the provider states of its location."""


@dataclass(frozen=True, kw_only=True)
class Correction:
    """One constant offset for an AOI, and the AOI where it then lies."""

    before: AOI
    """As it was given."""
    aoi: AOI
    """Corrected, with its provenance in ``source``; as it was given where nothing was to be moved."""
    east_m: float
    """The outlines were moved by so much along x of ``crs``."""
    north_m: float
    measured_m: tuple[float, float]
    """What was measured, (east, north), whether or not it was more than its error."""
    error_m: float
    """Standard error, both directions together."""
    open_deg: float | None
    """Azimuth from y along which nothing could be told; None = none."""
    crs: str
    scenes: tuple[SceneFit, ...]
    """All of them, fitted or not."""

    @property
    def moved(self) -> bool:
        """Whether the outlines lay off by more than their uncertainty."""
        return bool(self.east_m or self.north_m)


def fit_aoi(
    aoi: AOI | str | Path,
    images: Sequence[SceneInfo | str | Path],
    *,
    params: Params | None = None,
    progress: Progress = lambda _: None,
) -> Correction:
    """Estimate one constant correction of an AOI from five or more scenes.

    Parameters
    ----------
    aoi
        A registry name, the path of an AOI file, or an :class:`imagery_diff.AOI`.
    images
        Scenes of the place, five or more of them clear.
    params
        Every number of the method.
    progress
        Called with the name of each scene as it is looked at.

    Raises
    ------
    InputError
        If fewer than five scenes show the quays that the AOI draws.

    """
    params = params or Params()
    place = find_place(aoi)
    if place is None or place.crs is None:
        raise InputError("outlines to be fitted are needed: name an AOI or a file that draws berths and yards")
    rows = []
    for image in images:
        info = image if isinstance(image, SceneInfo) else open_scene(image)
        progress(info.name)
        rows.append(_of_scene(place, info, params))
    _refuse_twins(rows)
    rows = _one_a_pass(rows)
    east, north, error, open_deg = _common(rows, place)
    measured = (east, north)
    if np.hypot(east, north) < _SURE / np.sqrt(2) * error:
        east = north = 0.0
    found = Correction(
        before=place,
        aoi=place,
        east_m=east,
        north_m=north,
        measured_m=measured,
        error_m=error,
        open_deg=open_deg,
        crs=place.utm_crs,
        scenes=tuple(rows),
    )
    return replace(found, aoi=_corrected(found)) if found.moved else found


def _of_scene(place: AOI, info: SceneInfo, params: Params) -> SceneFit:
    """Fit the outlines to one scene."""
    fit, east, north = _fitted(place, info, params)
    return SceneFit(
        scene=info.name,
        acquired=iso(info.acquired),
        fit=fit,
        east_m=east,
        north_m=north,
        location_m=location.of_image(info),
    )


def _fitted(place: AOI, info: SceneInfo, params: Params) -> tuple[Fit, float | None, float | None]:
    """Return the fit, and its offset in the AOI's UTM zone."""
    if info.grid.crs is None or info.level.radar:
        why = "radar does not tell water from concrete" if info.level.radar else "it carries no georeference"
        return Fit(fitted=False, how=f"not fitted: {why}"), None, None
    grids = (info.grid, info.grid)
    ground = place.in_crs(align.working_crs(grids))
    try:
        grid = align.common_grid(grids, ground.polygon, context=params.context_m, max_pixels=params.max_pixels)
        window = align.source_window(info.grid, grid)
    except InputError as error:
        return Fit(fitted=False, how=f"not fitted: {error}"), None, None
    if window is None:
        return Fit(fitted=False, how="not fitted: it does not show the AOI"), None, None
    scene = replace(align.resample(info.read(*window), grid), grid=grid)
    names = tuple(band.name for band in info.bands)
    scene, _ = with_sky(info, scene, names, params)
    fit = fit_of(measure(ground, (scene,), names, params, reflectance=info.units == "reflectance"), grid)
    if fit.measured_m is None:
        return fit, None, None
    unit = grid.pixel_size[0] / grid.pixel_size_m[0]
    here = ground.polygon.centroid
    there = affinity.translate(here, fit.measured_m[0] * unit, fit.measured_m[1] * unit)
    first, last = (reproject(p, grid.crs, place.utm_crs) for p in (here, there))
    return fit, last.x - first.x, last.y - first.y


def _refuse_twins(rows: Sequence[SceneFit]) -> None:
    """Refuse the same scene given twice: it would count as two that agree."""
    seen: set[tuple[str, str | None]] = set()
    for row in rows:
        if (row.scene, row.acquired) in seen:
            raise InputError(f"{row.scene} was given twice; {LEAST_SCENES} different scenes are needed")
        seen.add((row.scene, row.acquired))


def _one_a_pass(rows: Sequence[SceneFit]) -> list[SceneFit]:
    """Count of images less than five minutes apart the one that tells most: one pass has one error of pointing."""
    kept: list[SceneFit] = []
    out = list(rows)
    for k in sorted(range(len(rows)), key=lambda k: _error_of(rows[k])):
        row = rows[k]
        same = next((one for one in kept if row.east_m is not None and _of_one_pass(one, row)), None)
        if same is not None:
            fit = replace(row.fit, fitted=False, how=f"not counted: of one pass with {same.scene}")
            row = replace(row, fit=fit, east_m=None, north_m=None)
        elif row.east_m is not None:
            kept.append(row)
        out[k] = row
    return out


def _error_of(row: SceneFit) -> float:
    return math.inf if row.fit.error_m is None else row.fit.error_m


def _of_one_pass(one: SceneFit, other: SceneFit) -> bool:
    if one.acquired is None or other.acquired is None:
        return False
    apart = datetime.fromisoformat(one.acquired) - datetime.fromisoformat(other.acquired)
    return abs(apart) < ONE_PASS


def _common(rows: Sequence[SceneFit], place: AOI) -> tuple[float, float, float, float | None]:
    """Return the median offset of the scenes, its error, and the direction that stays open."""
    whole = [r for r in rows if r.east_m is not None and r.fit.open_deg is None]
    if len(whole) >= LEAST_SCENES:
        east, north, error = _median(whole, np.eye(2))
        return east, north, error, None
    one_way = [r for r in rows if r.east_m is not None and r.fit.open_deg is not None]
    opened = [r.fit.open_deg for r in one_way if r.fit.open_deg is not None]
    if opened:
        # The mean of directions that have no sense is that of twice their angle.
        open_deg = float(np.degrees(np.angle(np.exp(2j * np.radians(opened)).sum())) / 2 % 180.0)
        across = np.radians(open_deg + 90.0)
        alike = [
            r for r, deg in zip(one_way, opened, strict=True) if abs((deg - open_deg + 90) % 180 - 90) <= _ALIKE_DEG
        ]
        if len(alike) + len(whole) >= LEAST_SCENES:
            east, north, error = _median([*alike, *whole], np.array([[np.sin(across), np.cos(across)]]))
            return east, north, error, open_deg
    told = "; ".join(f"{r.scene}: {r.fit.how}" for r in rows if r.east_m is None)
    raise InputError(
        f"AOI '{place.name}' was to be fitted, but {len(whole) + len(one_way)} of {len(rows)} scenes show the quays it "
        f"draws; {LEAST_SCENES} or more are needed: give more clear scenes" + (f" ({told})" if told else "")
    )


def _median(rows: Sequence[SceneFit], ways: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return the median along some directions, east and north, and its standard error.

    The scatter of scenes makes the error of their median; what they share, the fit's own, comes on top.
    """
    along = np.array([[r.east_m, r.north_m] for r in rows], float) @ ways.T
    middle = np.median(along, axis=0)
    scatter = 1.4826 * np.median(np.abs(along - middle), axis=0)
    own = float(np.median([r.fit.error_m or 0.0 for r in rows]))
    error = float(np.hypot(1.2533 * np.linalg.norm(scatter) / np.sqrt(len(rows)), own))
    east, north = middle @ ways
    return float(east), float(north), error


def _corrected(found: Correction) -> AOI:
    """Move the AOI, and say in its source by what and on which scenes."""
    place = found.before.in_crs(found.crs)
    used = [r for r in found.scenes if r.east_m is not None]
    residual = float(np.median([r.fit.residual_m or 0.0 for r in used]))
    how = (
        f"; all outlines moved by {found.east_m:+.1f} m east and {found.north_m:+.1f} m north ({found.crs}), the "
        f"median of {len(used)} scenes ({', '.join(r.scene for r in used)}), standard error {found.error_m:.1f} m, "
        f"{residual:.1f} m left over along the quays"
    )
    how += (
        f", not along {found.open_deg:.0f} degrees, of which too few quays tell" if found.open_deg is not None else ""
    )
    zones = tuple(replace(z, polygon=affinity.translate(z.polygon, found.east_m, found.north_m)) for z in place.zones)
    moved = replace(
        place,
        polygon=affinity.translate(place.polygon, found.east_m, found.north_m),
        zones=zones,
        source=(found.before.source or "outlines of unknown source") + how,
        accuracy_m=_accuracy(found, residual),
    )
    return moved.in_crs(found.before.crs)


def _accuracy(found: Correction, residual: float) -> float | None:
    """Return how far the outlines may still lie off: the images, the correction, and what is left over; no more."""
    stated = [r.location_m for r in found.scenes if r.east_m is not None]
    old = found.before.accuracy_m
    if found.open_deg is not None or any(m is None for m in stated):
        return old
    images = float(np.median([m for m in stated if m is not None]))
    new = float(np.ceil(np.sqrt(images**2 + found.error_m**2 + residual**2)))
    return new if old is None else min(old, new)
