"""One model of a result, as plain JSON values: the GeoJSON, the summary, the manifest and the table all read it.

Numbers that do not exist are null, never NaN. Files are named, never located.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from shapely.geometry import mapping

from imagery_diff.aoi import WGS84, reproject
from imagery_diff.result import SCHEMA_VERSION, iso
from imagery_diff.write.ground import offset_m
from imagery_diff.write.headline import headline
from imagery_diff.write.overall import vessels_of_class
from imagery_diff.write.sentences import look_words
from imagery_diff.write.zone_sentences import describe_zone

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from imagery_diff.aoi import Zone
    from imagery_diff.grid import Grid
    from imagery_diff.pair_fit import Fit
    from imagery_diff.result import Comparison, Floor, LookAt, Region, ZoneState
    from imagery_diff.scene import SceneInfo


def plain(value: Any) -> Any:
    """Turn tuples, numpy values and mappings into what JSON knows; a number that is not finite becomes None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, str):
        # File names that are not UTF-8 reach Python as lone surrogates, which no JSON file may hold.
        return value.encode("utf-8", errors="replace").decode("utf-8")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def to_json(document: Mapping[str, Any]) -> bytes:
    """Write a document as UTF-8 JSON, the same bytes for the same content."""
    text = json.dumps(plain(document), ensure_ascii=False, indent=1, allow_nan=False)
    return (text + "\n").encode("utf-8")


def rounded(value: float | None, digits: int) -> float | None:
    """Round, and let what is no number be None."""
    return None if value is None or not math.isfinite(value) else round(float(value), digits)


def region_properties(region: Region, result: Comparison) -> dict[str, Any]:
    """Properties of a region in the order of docs/reference/outputs.md; without a CRS nothing is in metres."""
    placed = result.grid.crs is not None
    properties: dict[str, Any] = {
        "id": region.id,
        "direction": region.direction,
        "relation": region.relation,
        "activity": region.activity,
        "zone": region.zone,
        "zone_kind": region.zone_kind,
        "group": region.group,
        "p_change": rounded(region.p_change, 4),
        "p_activity": rounded(region.p_activity, 4),
        "false_alarms_per_km2": rounded(region.false_alarms_per_km2, 6),
        "area_m2": rounded(region.area_m2, 1) if placed else None,
        "area_low_m2": rounded(region.area_low_m2, 1) if placed else None,
        "area_high_m2": rounded(region.area_high_m2, 1) if placed else None,
        "length_m": rounded(region.length_m, 1) if placed and not region.under_way else None,
        "length_low_m": rounded(region.length_low_m, 1) if placed else None,
        "length_high_m": rounded(region.length_high_m, 1) if placed else None,
        "length_is_lower_bound": region.length_is_lower_bound,
        "length_class": region.length_class,
        "width_m": rounded(region.width_m, 1) if placed else None,
        "height_low_m": rounded(region.height_low_m, 1) if placed else None,
        "height_high_m": rounded(region.height_high_m, 1) if placed else None,
        "several": region.several,
        "is_area": region.is_area,
        "measured_by": region.measured_by,
        "orientation_deg": rounded(region.orientation_deg, 1) if placed else None,
        "location_accuracy_m": rounded(region.location_accuracy_m, 1) if placed else None,
        "side": region.side or None,
        "end": region.end or None,
        "colour": region.colour,
        "why": list(region.why),
        "before": iso(result.before.acquired),
        "after": iso(result.after.acquired),
        "review": "unreviewed",
        "note": None,
        "simulated": result.simulated,
        "description": region.description,
        "zone_shares": {name: rounded(share, 3) for name, share in region.zone_shares.items()},
        "relation_to": region.relation_to,
        "shares": {name: rounded(share, 4) for name, share in region.shares.items()},
        "shares_without_zone": {name: rounded(share, 4) for name, share in region.shares_without_zone.items()},
        "same_colour": region.same_colour,
        "doubts": list(region.doubts),
    }
    if region.activity == "vessel":
        properties |= {"counts_as_visit": region.counts_as_visit}
    if region.activity == "containers":
        properties |= {"teu_low": rounded(region.teu_low, 0), "teu_high": rounded(region.teu_high, 0)}
        properties["tiers"] = region.tiers and list(region.tiers)
    if region.activity == "rail_cars":
        properties |= {"cars": None, "why_no_cars": region.why_no_count}
    return properties


def pixel_measures(region: Region) -> dict[str, Any]:
    """Geometry and measures in pixels, for images without georeference: x is the column, y the row, from the corner."""
    outline = shapely.transform(region.geometry, lambda xy: np.round(xy, 2))
    return {
        "area_px": rounded(region.area_m2, 1),
        "length_px": None if region.under_way else rounded(region.length_m, 1),
        "width_px": rounded(region.width_m, 1),
        "geometry": mapping(outline),
    }


def look_at_summary(look: LookAt, result: Comparison) -> dict[str, Any]:
    """Return something to look at; its outline in WGS84, or in pixels without georeference."""
    placed = result.grid.crs is not None
    return {
        "id": look.id,
        "date": look.date,
        "zone": look.zone,
        "length_m": rounded(look.length_m, 1) if placed else None,
        "width_m": rounded(look.width_m, 1) if placed else None,
        "geometry": _outline(look.geometry, result.grid),
        "description": look_words(look),
    }


def _outline(geometry: BaseGeometry, grid: Grid) -> dict[str, Any]:
    """Write an outline as GeoJSON: in WGS84, or in pixels (column, row) without georeference."""
    placed = grid.crs is not None
    outline = reproject(geometry, grid.crs, WGS84) if placed else geometry
    written: dict[str, Any] = mapping(shapely.transform(outline, lambda xy: np.round(xy, 7 if placed else 2)))
    return written


def zone_summary(state: ZoneState) -> dict[str, Any]:
    """Return what is known of a zone."""
    zone = state.zone
    return {
        "name": zone.name,
        "title": zone.title,
        "kind": zone.kind,
        "group": zone.group,
        "located": zone.located,
        "timezone": zone.timezone,
        "state": state.state,
        "usable_fraction": rounded(state.clear_fraction, 4),
        "degraded_fraction": rounded(state.degraded_fraction, 4),
        "unknown": {cause: rounded(share, 4) for cause, share in state.unknown.items()},
        "fill_gained": _range(state.fill_gained),
        "fill_lost": _range(state.fill_lost),
        "fill_fraction": state.fill_fraction and {date: _range(r) for date, r in state.fill_fraction.items()},
        "floor_m": _stated_floor(state),
        "floors": {thing: floor_summary(floor) for thing, floor in state.floors.items()},
        "regions": list(state.regions),
        "look_at": list(state.look_at),
        "description": describe_zone(state),
    }


def _range(limits: tuple[float, float] | None) -> list[float | None] | None:
    return None if limits is None else [rounded(limit, 4) for limit in limits]


def _stated_floor(state: ZoneState) -> float | None:
    """Return the length that is stated of the zone's own thing."""
    stated = [floor.d90_high_m for floor in state.floors.values() if floor.d90_high_m is not None]
    return rounded(stated[0], 1) if stated else None


def floor_summary(floor: Floor) -> dict[str, Any]:
    """Return a floor, metres to a decimal."""
    lengths = ("d50_m", "d90_m", "d99_m", "d50_high_m", "d90_high_m", "d99_high_m")
    return {
        **{name: rounded(getattr(floor, name), 1) for name in lengths},
        "colour": floor.colour,
        "reason": floor.reason,
        "how": floor.how,
    }


def aoi_summary(result: Comparison) -> dict[str, Any]:
    """Name and provenance of the place; for the images' common ground only its name."""
    aoi = result.aoi
    names = ("title", "timezone", "accuracy_m", "source", "credit")
    return {"name": result.name, **{name: getattr(aoi, name, None) for name in names}}


def scene_summary(info: SceneInfo) -> dict[str, Any]:
    """Say what a scene is, its file by name only."""
    placed = info.grid.crs is not None
    return {
        "scene": info.scene_id,
        "file": info.name,
        "product": info.product,
        "level": str(info.level),
        "units": info.units,
        "bands": [band.name for band in info.bands],
        "acquired": iso(info.acquired),
        "time_source": info.time_source,
        "sun": info.sun and {"azimuth_deg": info.sun.azimuth_deg, "elevation_deg": info.sun.elevation_deg},
        "view": info.view and {"azimuth_deg": info.view.azimuth_deg, "off_nadir_deg": info.view.off_nadir_deg},
        "pixel_size_m": [rounded(size, 3) for size in info.grid.pixel_size_m] if placed else None,
        "secondary": info.secondary,
        "cloud_masked": None if info.level.radar else info.cloud_masked,
        "credit": info.credit,
        "licence": info.licence,
        "simulated": info.simulated,
        "notes": list(info.notes),
    }


def shift_summary(result: Comparison) -> dict[str, Any]:
    """How far the after image lay from the before image; the result is corrected for it."""
    shift, grid = result.shift, result.grid
    step = offset_m(grid, shift.rows, shift.cols)
    placed = grid.crs is not None and shift.error_px is not None
    return {
        "rows": rounded(shift.rows, 4),
        "cols": rounded(shift.cols, 4),
        "east_m": step and rounded(step[0], 3),
        "north_m": step and rounded(step[1], 3),
        "error_px": rounded(shift.error_px, 4),
        "error_m": rounded((shift.error_px or 0.0) * max(grid.pixel_size_m), 4) if placed else None,
        "interval_px": rounded(shift.interval_px, 4),
        "windows": shift.windows,
        "model": None if shift.reason else "translation" if shift.warp is None else shift.warp.model,
        "why": shift.why,
        "field_px": None if shift.warp is None else rounded(shift.warp.spread_px, 4),
        "bands": {
            name: [rounded(rows, 4), rounded(cols, 4)]
            for name, (rows, cols) in zip(result.relative_gain, shift.bands, strict=False)
        },
        "reason": shift.reason,
    }


def fit_summary(fit: Fit | None) -> dict[str, Any] | None:
    """Where the outlines were laid, along x and y of the grid; None without an AOI."""
    if fit is None:
        return None
    return {
        "fitted": fit.fitted,
        "east_m": rounded(fit.east_m, 2),
        "north_m": rounded(fit.north_m, 2),
        "measured_m": None if fit.measured_m is None else [rounded(v, 2) for v in fit.measured_m],
        "error_m": rounded(fit.error_m, 2),
        "residual_m": rounded(fit.residual_m, 2),
        "agreeing_fraction": rounded(fit.agreeing, 4),
        "stretches": fit.stretches,
        "open_deg": rounded(fit.open_deg, 1),
        "widened_m": rounded(fit.widened_m, 1),
        "how": fit.how,
    }


def blur_summary(result: Comparison) -> dict[str, Any] | None:
    """Which image is the softer and by how much; None for radar."""
    blur, grid = result.relative_blur, result.grid
    if blur is None:
        return None
    measured = blur.interval_px is not None
    return {
        "softer": blur.softer,
        "sigma_px": rounded(blur.sigma_px, 3) if measured else None,
        "sigma_m": rounded(blur.sigma_px * max(grid.pixel_size_m), 3) if measured and grid.crs is not None else None,
        "interval_px": [rounded(limit, 3) for limit in blur.interval_px] if blur.interval_px else None,
        "windows": blur.windows,
        "matched": blur.matched,
    }


def summary(result: Comparison) -> dict[str, Any]:
    """Everything that is said of a comparison, without pictures; docs/reference/schemas/summary.schema.json."""
    grid = result.grid
    placed = grid.crs is not None
    regions = [
        region_properties(region, result) | ({} if placed else {"pixels": pixel_measures(region)})
        for region in result.regions
    ]
    zones = [zone_summary(state) | {"geometry": _outline(state.zone.polygon, grid)} for state in result.zones]
    document = {
        "schema_version": SCHEMA_VERSION,
        "kind": "comparison",
        "simulated": result.simulated,
        "aoi": aoi_summary(result) | {"geometry": result.aoi and _outline(result.aoi.polygon, grid)},
        "detect": result.detect,
        "before": scene_summary(result.before),
        "after": scene_summary(result.after),
        "grid": {
            "crs": grid.crs,
            "shape": list(grid.shape),
            "pixel_size_m": [rounded(size, 4) for size in grid.pixel_size_m] if placed else None,
            "transform": list(grid.transform[:6]),
        },
        "shift": shift_summary(result),
        "fit": fit_summary(result.fit),
        "relative_gain": {band: rounded(gain, 5) for band, gain in result.relative_gain.items()},
        "relative_blur": blur_summary(result),
        "thresholds": {
            name: {key: rounded(value, 4) for key, value in row.items()} for name, row in result.thresholds.items()
        },
        "zones": zones,
        "regions": regions,
        "vessels_of_class": _vessels_summary(result),
        "look_at": [look_at_summary(look, result) for look in result.look_at],
        "caveats": list(result.caveats),
        "credit": result.credit,
    }
    cleaned: dict[str, Any] = plain(document | {"headline": headline(document)})
    return cleaned


def _vessels_summary(result: Comparison) -> dict[str, Any]:
    """Count vessels long enough for a visit: surely so many, and no more than so many."""
    counts = vessels_of_class(result)
    return {
        "min_vessel_m": result.params.min_vessel_m,
        **{direction: {"least": least, "most": most} for direction, (least, most) in counts.items()},
    }


def zone_title(zone: Zone) -> str:
    """Return the name of a zone for people."""
    return zone.title or zone.name
