"""From a name, a file or a few numbers to an AOI."""

from __future__ import annotations

import contextlib
import math
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import shapely
from shapely import MultiPolygon, Polygon

from imagery_diff.aoi import AOI, KINDS, WGS84, Zone, reproject, utm_crs
from imagery_diff.errors import ImageryDiffWarning, InputError
from imagery_diff.read.aois.drawing import MAX_VERTICES, Drawing, Shape, clean_text
from imagery_diff.read.aois.formats import read_drawing
from imagery_diff.read.aois.positions import known_wrong
from imagery_diff.read.aois.registry import registry_path, unknown_aoi

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imagery_diff.aoi import Area
    from imagery_diff.read.aois.positions import WrongPosition

MARGIN_M = 100.0
"""Ground kept around the zones of a file that has no outline of its own: the images are aligned on it."""
_NAME_KEYS = ("name", "Name", "NAME", "title", "label", "id")
_MAX_RADIUS_M = 100_000.0


def load_aoi(name_or_path: str | Path, buffer_m: float | None = None) -> AOI:
    """Load an AOI by its registry name, or from a file of outlines.

    A name of the registry comes first; for a file of the same name in the current folder write ``./najin``. In a file
    without our roles, a single polygon is the AOI; a polygon that covers all others is the AOI and the others are its
    zones; else all are zones and the AOI is their envelope with 100 m around it. Such zones are named by the file's
    ``name``, ``title``, ``label`` or ``id``, and are of kind ``yard`` unless a property ``kind`` says otherwise.

    Parameters
    ----------
    name_or_path
        ``"najin"``, or the path of a GeoJSON, KML, KMZ, and with the extra ``vector`` GeoPackage or Shapefile.
    buffer_m
        Half width in metres of the strips that lines become (radius for points); without it lines are refused.

    Raises
    ------
    UnknownNameError
        If the text is no registry name and no file.
    InputNotFoundError
        If it looks like a path and nothing is there.
    InputError
        If the file cannot be used; ``check_aoi`` lists all its faults.
    MissingExtraError
        If the format needs the extra ``vector``.

    Examples
    --------
    >>> najin = load_aoi("najin")
    >>> len([zone for zone in najin.zones if zone.kind == "berth"]), najin.timezone
    (8, 'Asia/Pyongyang')

    """
    path = find_file(name_or_path)
    drawing = read_drawing(path)
    try:
        aoi = build_aoi(drawing, path.stem, buffer_m)
    except InputError as error:
        raise InputError(f"AOI file {path.name}: {error} (imagery-diff aois check lists all faults)") from error
    _warn_if_wrong(aoi)
    return aoi


def find_place(aoi: AOI | str | None) -> AOI | None:
    """Return the place meant by what the two calls take as AOI; None for all that the images show, ``"-"`` or None."""
    if isinstance(aoi, str):
        return None if aoi == "-" else load_aoi(aoi)
    return aoi


def find_file(name_or_path: str | Path) -> Path:
    """File behind a registry name or path.

    Raises
    ------
    UnknownNameError, InputNotFoundError
        If there is none.

    """
    if isinstance(name_or_path, str):
        registered = registry_path(name_or_path)
        if registered is not None:
            return registered
    # A text with a null byte or of a megabyte is no path; asking the system about it raises.
    with contextlib.suppress(OSError, ValueError):
        path = Path(name_or_path)
        if path.exists():
            return path
    raise unknown_aoi(clean_text(name_or_path, 200) or "")


def aoi_from_bbox(west: float, south: float, east: float, north: float) -> AOI:
    """Build an AOI from a box of longitudes and latitudes in degrees.

    Raises
    ------
    InputError
        If the box is empty, reversed or off the earth.

    Examples
    --------
    >>> aoi_from_bbox(130.28, 42.22, 130.29, 42.23).name
    'bbox_42.2250N_130.2850E'

    """
    given = f"--bbox {west:g} {south:g} {east:g} {north:g}"
    if not all(math.isfinite(v) for v in (west, south, east, north)) or not (west < east and south < north):
        raise InputError(f"{given} is not a box; the order is W S E N in degrees: west < east, south < north")
    _check_position((west, south), given)
    _check_position((east, north), given)
    name = _position_name("bbox", ((west + east) / 2, (south + north) / 2))
    aoi = AOI(name=name, polygon=shapely.box(west, south, east, north), source=f"typed: {given}")
    _warn_if_wrong(aoi)
    return aoi


def aoi_from_point(lat: float, lon: float, radius_m: float) -> AOI:
    """Build a round AOI: every point within ``radius_m`` metres on the ellipsoid of a position in degrees.

    Raises
    ------
    InputError
        If the position is off the earth, the radius is not between 0 and 100 km, or the circle holds a pole or crosses
        the date line.

    Examples
    --------
    >>> aoi_from_point(42.227, 130.284, 500).name
    'at_42.2270N_130.2840E'

    """
    from pyproj import Geod  # noqa: PLC0415 - PROJ takes 50 ms to load and is seldom needed here

    given = f"--at {lat:g} {lon:g} --radius {radius_m:g}"
    _check_position((lon, lat), given)
    if not 0 < radius_m <= _MAX_RADIUS_M:
        raise InputError(f"{given}: the radius must be metres, above 0 and at most {_MAX_RADIUS_M:.0f}")
    # 128 corners: the polygon lies inside the circle by at most 0.03 % of the radius.
    azimuths = [360 * i / 128 for i in range(128)]
    lons, lats, _ = Geod(ellps="WGS84").fwd([lon] * 128, [lat] * 128, azimuths, [radius_m] * 128)
    circle = Polygon(list(zip(lons, lats, strict=True)))
    if not circle.is_valid or not circle.covers(shapely.Point(lon, lat)) or max(lons) - min(lons) > 180:  # noqa: PLR2004
        raise InputError(f"{given} reaches across the date line or a pole, which no AOI can; choose one side")
    aoi = AOI(name=_position_name("at", (lon, lat)), polygon=circle, source=f"typed: {given}")
    _warn_if_wrong(aoi)
    return aoi


def build_aoi(drawing: Drawing, stem: str, buffer_m: float | None = None) -> AOI:
    """Turn the shapes of a file into an AOI; ``stem`` names it where the file does not.

    Raises
    ------
    InputError
        At the first fault.

    """
    if buffer_m is not None and not (math.isfinite(buffer_m) and buffer_m > 0):
        raise InputError(f"--buffer {buffer_m:g} is not a width; give metres above 0")
    if drawing.vertices > MAX_VERTICES:
        raise InputError(
            f"its outlines have {drawing.vertices:,} vertices, at most {MAX_VERTICES:,} are taken; simplify them to a"
            " few metres (QGIS: Vector > Geometry Tools > Simplify)"
        )
    if any(role(shape) == "aoi" for shape in drawing.shapes):
        return _ours(drawing, buffer_m)
    return _foreign(drawing, stem, buffer_m)


def role(shape: Shape) -> str | None:
    """Return ``"aoi"``, ``"zone"``, or None for anything else in a property ``role``."""
    found = shape.properties.get("role")
    return found if found in ("aoi", "zone") else None


def wrong_position(polygon: Area) -> WrongPosition | None:
    """Known wrong position that a polygon in degrees is centred on, without holding the place that was meant."""
    centre = shapely.centroid(polygon)
    wrong = known_wrong(centre.x, centre.y)
    return None if wrong is None or shapely.intersects_xy(polygon, *wrong.right) else wrong


def _warn_if_wrong(aoi: AOI) -> None:
    wrong = wrong_position(aoi.polygon)
    if wrong is not None:
        text = f"AOI {aoi.name!r} is centred on a position known to be wrong ({wrong.what}); {wrong.advice}"
        warnings.warn(text, ImageryDiffWarning, stacklevel=3)


def _ours(drawing: Drawing, buffer_m: float | None) -> AOI:
    outlines = [shape for shape in drawing.shapes if role(shape) == "aoi"]
    if len(outlines) > 1:
        raise InputError(f"it has {len(outlines)} features with the role 'aoi'; one file is one AOI")
    zones = [shape for shape in drawing.shapes if role(shape) == "zone"]
    _refuse_idle_buffer([*outlines, *zones], buffer_m)
    properties = outlines[0].properties
    return AOI(
        **_common(outlines[0], buffer_m),
        zones=tuple(_zone(shape, buffer_m) for shape in zones),
        credit=_text(properties, "credit", outlines[0]) or drawing.credit,
    )


def _zone(shape: Shape, buffer_m: float | None) -> Zone:
    kind, located = shape.properties.get("kind"), shape.properties.get("located", True)
    if not isinstance(kind, str):
        raise InputError(f"{shape.where} has no 'kind'; the kinds are {', '.join(KINDS)}")
    if not isinstance(located, bool):
        raise InputError(f"{shape.where} has 'located' {clean_text(repr(located), 40)}; it must be true or false")
    return Zone(**_common(shape, buffer_m), kind=kind, located=located, group=_text(shape.properties, "group", shape))


def _common(shape: Shape, buffer_m: float | None) -> dict[str, Any]:
    """Read what an AOI and a zone of our files both have."""
    name = _text(shape.properties, "name", shape)
    if name is None:
        raise InputError(f"{shape.where} has no 'name'; give every feature its own")
    texts = {key: _text(shape.properties, key, shape) for key in ("title", "source", "timezone")}
    accuracy = shape.properties.get("accuracy_m")
    return {"name": name, "polygon": area_of(shape, buffer_m), "accuracy_m": accuracy, **texts}


def _text(properties: dict[str, Any], key: str, shape: Shape) -> str | None:
    value = properties.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise InputError(f"{shape.where} has a {key!r} that is not text: {clean_text(repr(value), 40)}")
    return clean_text(value, 500)


def _foreign(drawing: Drawing, stem: str, buffer_m: float | None) -> AOI:
    shapes = _usable(drawing, buffer_m)
    _refuse_idle_buffer(shapes, buffer_m)
    areas = [area_of(shape, buffer_m) for shape in shapes]
    name = "".join(c if c.isalnum() or c in "-_." else "_" for c in stem).lstrip(".-") or "aoi"
    given: dict[str, Any] = {
        "name": name,
        "title": clean_text(stem),
        "source": f"{drawing.kind} file",
        "credit": drawing.credit,
    }
    if len(areas) == 1 and _kind(shapes[0]) is None:
        return AOI(**given, polygon=areas[0])
    outer = _outer(areas)
    inside = [i for i in range(len(areas)) if i != outer]
    names = _unique_names([shapes[i] for i in inside])
    zones = [
        Zone(name=name, kind=_kind(shapes[i]) or "yard", polygon=areas[i])
        for name, i in zip(names, inside, strict=True)
    ]
    outline = _envelope(areas) if outer is None else areas[outer]
    return AOI(**given, polygon=outline, zones=tuple(zones))


def _usable(drawing: Drawing, buffer_m: float | None) -> list[Shape]:
    """Shapes that have an area, or get one from the buffer. Pins beside polygons are common, and left out aloud."""
    drawn = [shape for shape in drawing.shapes if shape.geometry is not None and not shape.geometry.is_empty]
    if not drawn:
        more = f" ({'; '.join(drawing.notes)})" if drawing.notes else ""
        raise InputError(f"it holds no shape at all{more}; draw at least one polygon")
    polygons = [shape for shape in drawn if isinstance(shape.geometry, Polygon | MultiPolygon)]
    if buffer_m is not None or not polygons:
        return drawn
    for shape in drawn:
        if not isinstance(shape.geometry, Polygon | MultiPolygon):
            found = shape.geometry.geom_type
            text = f"{shape.where} is a {found} beside polygons and was left out; --buffer M includes it"
            warnings.warn(text, ImageryDiffWarning, stacklevel=5)
    return polygons


def area_of(shape: Shape, buffer_m: float | None) -> Area:
    """Polygon of a shape: its own, or a strip of ``buffer_m`` to each side of a line.

    Raises
    ------
    InputError
        If there is no area and no buffer.

    """
    geometry = shape.geometry
    if isinstance(geometry, Polygon | MultiPolygon):
        return geometry
    if geometry is None or geometry.is_empty:
        raise InputError(f"{shape.where} has no outline; draw a polygon")
    if buffer_m is None:
        hint = "or use --at LAT LON --radius M" if geometry.geom_type == "Point" else "or draw a polygon"
        raise InputError(f"{shape.where} is a {geometry.geom_type} without an area; give --buffer METRES, {hint}")
    centre = shapely.centroid(geometry)
    _check_position((centre.x, centre.y), shape.where)
    crs = utm_crs(centre.x, centre.y)
    try:
        strip = shapely.buffer(reproject(geometry, WGS84, crs), buffer_m, cap_style=_cap(geometry))
    except shapely.errors.GEOSException as error:
        raise InputError(f"{shape.where} cannot be widened by {buffer_m:g} m ({clean_text(error)})") from error
    found: Area = reproject(strip, crs, WGS84)
    return found


def _cap(geometry: Any) -> Literal["flat", "round"]:
    """Flat ends for lines: a berth does not reach around its quay's corner. Round for points."""
    return "flat" if "Line" in geometry.geom_type else "round"


def _refuse_idle_buffer(shapes: Sequence[Shape], buffer_m: float | None) -> None:
    """Refuse a buffer that would do nothing: who gives one expects wider outlines than he would get."""
    if buffer_m is not None and all(isinstance(shape.geometry, Polygon | MultiPolygon) for shape in shapes):
        raise InputError("--buffer makes strips of lines, but there are only polygons; leave it out")


def _kind(shape: Shape) -> str | None:
    found = clean_text(shape.properties.get("kind"))
    return found.lower() if found and found.lower() in KINDS else None


def _outer(areas: list[Area]) -> int | None:
    """Index of the polygon that covers all others, where there is one."""
    if len(areas) < 2:  # noqa: PLR2004 - it needs another to cover
        return None
    # Coverage of invalid shapes is undefined; they are refused with their own reason later.
    if not all(area.is_valid for area in areas):
        return None
    largest = max(range(len(areas)), key=lambda i: areas[i].area)
    covers = all(areas[largest].covers(area) for i, area in enumerate(areas) if i != largest)
    return largest if covers else None


def _unique_names(shapes: list[Shape]) -> list[str]:
    """Name each shape as its file does; what has no name gets ``zone1`` …, a repeated name ``-2`` …."""
    names: list[str] = []
    for i, shape in enumerate(shapes, start=1):
        texts = (clean_text(shape.properties.get(key)) for key in _NAME_KEYS)
        base = next((text for text in texts if text), f"zone{i}")
        name, n = base, 2
        while name in names:
            name, n = f"{base}-{n}", n + 1
        names.append(name)
    return names


def _envelope(areas: list[Area]) -> Polygon:
    """Box around all areas with ``MARGIN_M`` of ground, cut at the edge of the map."""
    left, bottom, right, top = (float(v) for v in shapely.total_bounds(areas))
    up = MARGIN_M / 111_195
    side = up / max(0.01, math.cos(math.radians(min(89.0, max(abs(bottom), abs(top))))))
    outer = (left - side, bottom - up, right + side, top + up)
    if left >= -180 and right <= 180 and bottom >= -90 and top <= 90:  # noqa: PLR2004 - else the AOI refuses itself
        outer = (max(-180.0, outer[0]), max(-90.0, outer[1]), min(180.0, outer[2]), min(90.0, outer[3]))
    return shapely.box(*outer)


def _check_position(position: tuple[float, float], what: str) -> None:
    """Refuse what is not a longitude and a latitude in degrees."""
    lon, lat = position
    if not (abs(lon) <= 180 and abs(lat) <= 90):  # noqa: PLR2004 - degrees
        swapped = " (latitude and longitude swapped?)" if abs(lon) <= 90 and abs(lat) <= 180 else ""  # noqa: PLR2004
        raise InputError(f"{what}: longitude {lon:g}, latitude {lat:g} is not on the earth{swapped}")


def _position_name(prefix: str, position: tuple[float, float]) -> str:
    lon, lat = position
    return f"{prefix}_{abs(lat):.4f}{'N' if lat >= 0 else 'S'}_{abs(lon):.4f}{'E' if lon >= 0 else 'W'}"
