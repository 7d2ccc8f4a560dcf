"""Every fault of a hand-made AOI file, a line each, in words that say where it is and what to do."""

from __future__ import annotations

import datetime as dt
import json
import re
import zoneinfo
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import shapely
from shapely import MultiPolygon, Polygon

from imagery_diff.aoi import KINDS, is_timezone
from imagery_diff.errors import ImageryDiffError, InputError, MissingExtraError
from imagery_diff.read.aois.drawing import MAX_VERTICES, Drawing, Shape, clean_text
from imagery_diff.read.aois.formats import read_drawing
from imagery_diff.read.aois.load import build_aoi, find_file, role, wrong_position
from imagery_diff.read.aois.positions import distance_m, known_wrong
from imagery_diff.read.aois.registry import aoi_names, registry_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from imagery_diff.read.aois.positions import WrongPosition

VERBS = (
    "aois",
    "archive",
    "batch",
    "compare",
    "evaluate",
    "export",
    "fetch",
    "figure",
    "index",
    "inspect",
    "look",
    "review",
    "sensitivity",
    "timeline",
    "verify",
    "watch",
)
"""Words the command line understands as verbs; an AOI of that name could not be typed."""
_NEAR_REGISTRY_M = 50_000.0
"""A swapped file that lands this near to a known AOI was meant for it."""
_MAX_OFFSET_H = 4.0
"""Clocks differ from the sun by less than this anywhere (western China: about three hours)."""
_OUTSIDE = 0.01
"""Share of a zone outside its AOI from which it is worth a word; less is drawing noise."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong or doubtful in an AOI file."""

    level: str
    """``fault`` (it cannot be right) or ``warning`` (it may be meant so)."""
    where: str
    """Which feature, or ``the file``."""
    message: str
    """What was found and what to do."""

    def __str__(self) -> str:
        return f"{self.level}: {self.where}: {self.message}"


def check_aoi(name_or_path: str | Path) -> list[Finding]:
    """List every fault and doubt in an AOI file; an AOI without a fault loads.

    Parameters
    ----------
    name_or_path
        A file, or the name of an AOI that comes with the package.

    Raises
    ------
    UnknownNameError, InputNotFoundError
        If there is no such file.
    MissingExtraError
        If the format needs the extra ``vector``.

    Examples
    --------
    >>> check_aoi("najin")
    []

    """
    path = find_file(name_or_path)
    try:
        drawing = read_drawing(path)
    except MissingExtraError:
        raise
    except InputError as error:
        return [_fault("the file", str(error))]
    findings = [*_of_file(drawing), *_of_places(drawing), *_of_features(drawing, path.stem)]
    if not any(finding.level == "fault" for finding in findings):
        findings.extend(_of_loading(drawing, path.stem))
    return findings


def _fault(where: str, message: str) -> Finding:
    return Finding(level="fault", where=where, message=message)


def _warning(where: str, message: str) -> Finding:
    return Finding(level="warning", where=where, message=message)


def _of_loading(drawing: Drawing, stem: str) -> Iterator[Finding]:
    """Report what the other rules did not foresee: no fault found must mean that it loads."""
    lines = any(s.geometry is not None and not isinstance(s.geometry, Polygon | MultiPolygon) for s in drawing.shapes)
    try:
        build_aoi(drawing, stem, 1.0 if lines else None)
    except ImageryDiffError as error:
        yield _fault("the file", str(error))


def _of_file(drawing: Drawing) -> Iterator[Finding]:
    for note in drawing.notes:
        yield _warning("the file", note)
    if drawing.vertices > MAX_VERTICES:
        yield _fault(
            "the file", f"{drawing.vertices:,} vertices, at most {MAX_VERTICES:,} are taken; simplify the outlines"
        )
    if not drawing.shapes:
        yield _fault("the file", "no shape in it; draw at least one polygon")


def _of_places(drawing: Drawing) -> Iterator[Finding]:
    """Where the shapes lie: on the earth, the right way round, not on a position known to be wrong."""
    drawn = [shape for shape in drawing.shapes if shape.geometry is not None and not shape.geometry.is_empty]
    if not drawn:
        return
    swapped = _swapped_file(drawing, drawn)
    if swapped:
        yield _fault("the file", swapped)
        return
    for shape in drawn:
        yield from _of_range(shape)
        wrong = _wrong(shape)
        if wrong is not None:
            text = f"it lies on a position known to be wrong ({wrong.what}); {wrong.advice}"
            yield (_fault if role(shape) != "zone" else _warning)(shape.where, text)


def _of_range(shape: Shape) -> Iterator[Finding]:
    left, bottom, right, top = shape.geometry.bounds
    if _in_range(left, bottom, right, top):
        if right - left > 180:  # noqa: PLR2004 - half the earth
            yield _fault(shape.where, "it spans more than half the earth; an AOI cannot cross the date line")
        return
    if _in_range(bottom, left, top, right):
        message = "latitude and longitude are swapped; GeoJSON and KML want longitude first"
    else:
        message = (
            f"coordinates up to {max(map(abs, (left, bottom, right, top))):.6g} are not degrees: wrong coordinate"
            " system; save it as WGS84 (EPSG:4326)"
        )
    yield _fault(shape.where, message)


def _in_range(left: float, bottom: float, right: float, top: float) -> bool:
    return left >= -180 and right <= 180 and bottom >= -90 and top <= 90  # noqa: PLR2004 - degrees


def _swapped_file(drawing: Drawing, drawn: list[Shape]) -> str | None:
    """Say how one can tell that all coordinates of a file are swapped, None if they do not seem to be."""
    order = "latitude and longitude are swapped; GeoJSON and KML want longitude first"
    left, bottom, right, top = (float(v) for v in shapely.total_bounds([shape.geometry for shape in drawn]))
    if not _in_range(left, bottom, right, top):
        # Each shape the same way: else it is single shapes that are wrong, and they are named one by one.
        return order if all(_only_swapped_fits(shape) for shape in drawn) else None
    here, there = ((left + right) / 2, (bottom + top) / 2), ((bottom + top) / 2, (left + right) / 2)
    name = _near_registry(there)
    if name is not None and _near_registry(here) is None:
        return f"{order} (the other way round it lies at '{name}')"
    timezone = next((s.properties.get("timezone") for s in drawing.shapes if role(s) == "aoi"), None)
    if isinstance(timezone, str) and not _fits_clock(here[0], timezone) and _fits_clock(there[0], timezone):
        return f"{order} (longitude {here[0]:.2f} does not have the time of {clean_text(timezone)})"
    return None


def _only_swapped_fits(shape: Shape) -> bool:
    left, bottom, right, top = shape.geometry.bounds
    return not _in_range(left, bottom, right, top) and _in_range(bottom, left, top, right)


def _near_registry(position: tuple[float, float]) -> str | None:
    """Name of the AOI of the package that lies near a longitude and latitude, or None."""
    for name in aoi_names():
        path = registry_path(name)
        if path is None:
            continue
        features = json.loads(path.read_text(encoding="utf-8"))["features"]
        ring = next(f["geometry"]["coordinates"][0] for f in features if f["properties"]["role"] == "aoi")
        if distance_m(position, tuple(ring[0])) < _NEAR_REGISTRY_M:
            return name
    return None


def _fits_clock(lon: float, timezone: str) -> bool:
    """Whether the time zone's standard time can be that of a longitude; True where the zone is not known."""
    if abs(lon) > 180:  # noqa: PLR2004 - degrees
        return False
    try:
        offset = dt.datetime(2024, 1, 15, tzinfo=zoneinfo.ZoneInfo(timezone)).utcoffset()
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return True
    hours = 0.0 if offset is None else offset.total_seconds() / 3600
    return abs((hours - lon / 15 + 12) % 24 - 12) <= _MAX_OFFSET_H


def _wrong(shape: Shape) -> WrongPosition | None:
    if isinstance(shape.geometry, Polygon | MultiPolygon):
        return wrong_position(shape.geometry)
    centre = shapely.centroid(shape.geometry)
    return known_wrong(centre.x, centre.y)


def _of_features(drawing: Drawing, stem: str) -> Iterator[Finding]:
    outlines = [shape for shape in drawing.shapes if role(shape) == "aoi"]
    for shape in drawing.shapes:
        yield from _of_outline(shape, ours=bool(outlines))
    if outlines:
        yield from _of_ours(drawing, outlines, stem)
    else:
        yield from _of_foreign(drawing, stem)


def _of_outline(shape: Shape, *, ours: bool) -> Iterator[Finding]:
    """Whether one shape is a polygon that can be used."""
    geometry = shape.geometry
    if ours and role(shape) is None:
        yield _warning(shape.where, "its 'role' is neither 'aoi' nor 'zone', so it is left out")
    elif geometry is None or geometry.is_empty:
        yield (_fault if ours else _warning)(shape.where, "it has no outline; draw a polygon")
    elif not isinstance(geometry, Polygon | MultiPolygon):
        text = f"it is a {geometry.geom_type}, not a polygon; draw one, or give --buffer METRES with the file"
        yield _warning(shape.where, text)
    elif not geometry.is_valid:
        yield _fault(shape.where, _invalid(geometry))


def _invalid(geometry: Polygon | MultiPolygon) -> str:
    """Put GEOS's reason, such as ``Self-intersection[130.2 42.3]``, into words with a place."""
    reason = shapely.is_valid_reason(geometry)
    found = re.fullmatch(r"(.*)\[(\S+) (\S+)\]", reason)
    if found is None:
        return f"the outline is not valid ({reason}); draw it again"
    what = "the outline crosses itself" if "ntersect" in found[1] else f"the outline is not valid ({found[1]})"
    return f"{what} at longitude {float(found[2]):.6f}, latitude {float(found[3]):.6f}; draw it again there"


def _of_ours(drawing: Drawing, outlines: list[Shape], stem: str) -> Iterator[Finding]:
    if len(outlines) > 1:
        yield _fault("the file", f"{len(outlines)} features have the role 'aoi'; one file is one AOI")
    aoi = outlines[0]
    yield from _of_name(clean_text(aoi.properties.get("name")), aoi.where)
    yield from _of_members(aoi)
    zones = [shape for shape in drawing.shapes if role(shape) == "zone"]
    if not zones:
        yield _warning("the file", "no zones: the AOI is treated as one place without berths or yards")
    yield from _of_duplicates(zones)
    for zone in zones:
        yield from _of_kind(zone)
        yield from _of_members(zone)
        yield from _of_position(zone, aoi)
    own = clean_text(aoi.properties.get("name"))
    if own and own != stem and own in aoi_names():
        yield _warning(aoi.where, f"the name {own!r} is one of the package's; another name avoids confusion")


def _of_foreign(drawing: Drawing, stem: str) -> Iterator[Finding]:
    yield from _of_name(stem, "the file")
    if drawing.shapes:
        yield _warning(
            "the file",
            "no feature has the role 'aoi': one polygon is read as the AOI, several as zones of the kind 'yard' unless"
            " a property 'kind' says otherwise; nothing tells their accuracy, source and time zone",
        )
    for shape in drawing.shapes:
        kind = clean_text(shape.properties.get("kind"))
        if kind and kind.lower() not in KINDS:
            yield _warning(shape.where, f"the kind {kind!r} is not known and read as 'yard'; kinds: {', '.join(KINDS)}")


def _of_name(name: str | None, where: str) -> Iterator[Finding]:
    if name is None:
        yield _fault(where, "the AOI has no 'name'; give it one")
    elif name.lower() in VERBS:
        yield _fault(where, f"the AOI is named {name!r}, which is a verb of the command line; choose another name")


def _of_duplicates(zones: list[Shape]) -> Iterator[Finding]:
    names = [clean_text(zone.properties.get("name")) for zone in zones]
    repeated = {name for name in names if name is not None and names.count(name) > 1}
    for twice in sorted(repeated):
        yield _fault("the file", f"{names.count(twice)} zones are named {twice!r}; every zone needs its own name")
    for zone, name in zip(zones, names, strict=True):
        if name is None:
            yield _fault(zone.where, "the zone has no 'name'; give it one of its own")


def _of_kind(zone: Shape) -> Iterator[Finding]:
    kind = zone.properties.get("kind")
    if kind is None:
        yield _fault(zone.where, f"the zone has no 'kind'; one of {', '.join(KINDS)}")
    elif kind not in KINDS:
        yield _fault(zone.where, f"the kind {clean_text(str(kind))!r} is not known; one of {', '.join(KINDS)}")


def _of_members(shape: Shape) -> Iterator[Finding]:
    """Time zone, accuracy and source of the AOI or a zone."""
    timezone = shape.properties.get("timezone")
    if timezone is not None and not (isinstance(timezone, str) and is_timezone(timezone)):
        text = f"the timezone {clean_text(str(timezone))!r} is not known; give an IANA name like 'Asia/Pyongyang'"
        yield _fault(shape.where, text)
    missing = [key for key in ("accuracy_m", "source") if shape.properties.get(key) in (None, "")]
    if missing:
        text = f"no {' and no '.join(missing)}; without it nobody can tell how far to trust the outline"
        yield _warning(shape.where, text)


def _of_position(zone: Shape, aoi: Shape) -> Iterator[Finding]:
    """Whether a zone lies in its AOI, and if not, whether it would the other way round."""
    if not (_measurable(zone.geometry) and _measurable(aoi.geometry)):
        return
    outside = 1 - shapely.intersection(zone.geometry, aoi.geometry).area / zone.geometry.area
    if outside <= _OUTSIDE:
        return
    turned = shapely.transform(zone.geometry, lambda xy: xy[:, ::-1])
    if outside > 1 - _OUTSIDE and shapely.intersects(turned, aoi.geometry):
        yield _fault(zone.where, "latitude and longitude are swapped: the other way round it lies in the AOI")
    elif outside > 0.5:  # noqa: PLR2004 - mostly
        yield _fault(zone.where, f"the zone lies outside the AOI ({outside:.0%} of it); move it or enlarge the AOI")
    else:
        yield _warning(
            zone.where, f"{outside:.0%} of the zone lies outside the AOI and is compared only where images reach"
        )


def _measurable(geometry: Any) -> bool:
    return isinstance(geometry, Polygon | MultiPolygon) and bool(geometry.is_valid) and geometry.area > 0
