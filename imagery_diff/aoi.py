"""Where to look: an area of interest and the named zones in it, as shapely polygons.

Both carry the coordinate system their polygons are in, longitude and latitude (WGS84) unless said otherwise, x before y
always. ``crs=None`` means pixels: x is the column, y the row, one unit is one pixel.
"""

from __future__ import annotations

import math
import re
import zoneinfo
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry import mapping
from shapely.geometry.polygon import orient

from imagery_diff.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray
    from pyproj import Transformer

KINDS = ("berth", "anchorage", "yard", "rail", "stockpile", "bridge", "road", "ignore")
"""What a zone can be: water a ship lies in, hard standing, tracks, and so on; ``ignore`` is never reported on."""
WGS84 = "EPSG:4326"
"""Longitude and latitude in degrees, in that order."""
OSM_CREDIT = "© OpenStreetMap contributors, ODbL 1.0"
"""What must stand beside anything shown with outlines that derive from OpenStreetMap."""

Area = Polygon | MultiPolygon

_UTM_SOUTH, _UTM_NORTH = -80.0, 84.0
"""Latitudes between which UTM is defined; beyond them lies UPS."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Zone:
    """A named part of an AOI that holds one kind of thing.

    Raises
    ------
    InputError
        If the polygon is empty, invalid or off the earth, or the kind or time zone is unknown.

    Examples
    --------
    >>> from shapely import box
    >>> quay = Zone(name="quay", kind="berth", polygon=box(130.284, 42.226, 130.286, 42.228))
    >>> round(quay.area_m2)
    36680

    """

    name: str
    """Unique within its AOI."""
    kind: str
    """One of ``KINDS``."""
    polygon: Area
    """Outline, in ``crs``."""
    crs: str | None = WGS84
    """Coordinate system of the polygon; None = pixels."""
    title: str | None = None
    """For people; the name where absent."""
    group: str | None = None
    """Zones that are reported together, such as a pier's yard and its berths."""
    accuracy_m: float | None = None
    """How far the outline may lie from the truth, in metres."""
    source: str | None = None
    """Where the outline comes from, or how it was computed."""
    timezone: str | None = None
    """IANA name; overrides the AOI's."""
    located: bool = True
    """False = a search area: the thing is somewhere inside, so the zone is never called empty."""

    def __post_init__(self) -> None:
        what = _checked_name(self.name, "a zone")
        if self.kind not in KINDS:
            raise InputError(f"{what} is of the unknown kind {self.kind!r}; the kinds are {', '.join(KINDS)}")
        _check_polygon(self.polygon, self.crs, what)
        _check_accuracy(self.accuracy_m, what)
        _check_timezone(self.timezone, what)

    def __repr__(self) -> str:
        return f"Zone(name={self.name!r}, kind={self.kind!r}, located={self.located}, crs={self.crs!r})"

    @property
    def area_m2(self) -> float:
        """Area on the ellipsoid in square metres; in pixels where ``crs`` is None."""
        return area_m2(self.polygon, self.crs)

    def in_crs(self, crs: str | None) -> Zone:
        """Return the same zone with its polygon in another coordinate system."""
        return replace(self, polygon=reproject(self.polygon, self.crs, crs), crs=crs)


@dataclass(frozen=True, kw_only=True, repr=False)
class AOI:
    """An area of interest: a polygon, and the zones in it.

    Zones may overlap each other and may reach beyond the polygon.

    Raises
    ------
    InputError
        If the polygon is empty, invalid or off the earth, two zones share a name, or a zone is in another ``crs``.

    Examples
    --------
    >>> from shapely import box
    >>> port = AOI(name="port", polygon=box(130.27, 42.22, 130.29, 42.23))
    >>> port.zones, port.utm_crs
    ((), 'EPSG:32652')
    >>> round(port.in_crs("EPSG:32652").area_m2 / port.area_m2, 6)
    1.0

    """

    name: str
    """Short, usable as part of a file name."""
    polygon: Area
    """Outline, in ``crs``."""
    zones: tuple[Zone, ...] = ()
    """In the order of the file; none = the whole AOI is one place."""
    crs: str | None = WGS84
    """Coordinate system of the polygon and of every zone; None = pixels."""
    title: str | None = None
    """For people; the name where absent."""
    timezone: str | None = None
    """IANA name of the local time; None = only UTC is shown."""
    accuracy_m: float | None = None
    """How far the outlines as a whole may lie from the truth, in metres."""
    source: str | None = None
    """Where the outlines come from."""
    credit: str | None = None
    """What must be shown wherever the outlines are, such as ``OSM_CREDIT``."""

    def __post_init__(self) -> None:
        what = _checked_name(self.name, "an AOI")
        if re.search(r'[/\\:*?"<>|]', self.name) or self.name.startswith((".", "-")):
            raise InputError(f"{what} has a name that cannot be part of a file name; use letters, digits, '-' and '_'")
        _check_polygon(self.polygon, self.crs, what)
        _check_accuracy(self.accuracy_m, what)
        _check_timezone(self.timezone, what)
        object.__setattr__(self, "zones", tuple(self.zones))
        _check_zones(self.zones, self.crs, what)

    def __repr__(self) -> str:
        return f"AOI(name={self.name!r}, zones={len(self.zones)}, timezone={self.timezone!r}, crs={self.crs!r})"

    @classmethod
    def from_polygons(cls, name: str, polygons: Iterable[Area], *, kind: str = "yard", crs: str | None = WGS84) -> AOI:
        """Build an AOI whose zones are ``polygons``, named ``zone1``, ``zone2`` …, and whose outline is their envelope.

        Examples
        --------
        >>> from shapely import box
        >>> AOI.from_polygons("x", [box(0, 0, 1, 1), box(2, 0, 3, 1)]).zone("zone2").kind
        'yard'

        """
        zones = [
            Zone(name=f"zone{i}", kind=kind, polygon=polygon, crs=crs) for i, polygon in enumerate(polygons, start=1)
        ]
        if not zones:
            raise InputError(f"AOI {name!r} was to be built from polygons, but there is none; give at least one")
        outline = shapely.box(*shapely.total_bounds([zone.polygon for zone in zones]))
        return cls(name=name, polygon=outline, zones=tuple(zones), crs=crs)

    @property
    def area_m2(self) -> float:
        """Area on the ellipsoid in square metres; in pixels where ``crs`` is None."""
        return area_m2(self.polygon, self.crs)

    @property
    def utm_crs(self) -> str:
        """EPSG code of the UTM zone (near the poles UPS) of the polygon's centroid, WGS84."""
        centroid = shapely.centroid(reproject(self.polygon, self.crs, WGS84))
        return utm_crs(centroid.x, centroid.y)

    @property
    def unlocated(self) -> tuple[Zone, ...]:
        """Zones that are search areas: what they are named for could not be located."""
        return tuple(zone for zone in self.zones if not zone.located)

    def zone(self, name: str) -> Zone:
        """Return the zone of that name.

        Raises
        ------
        UnknownNameError
            If there is none; the message lists those there are.

        """
        for zone in self.zones:
            if zone.name == name:
                return zone
        known = ", ".join(zone.name for zone in self.zones) or "none at all"
        raise UnknownNameError(f"AOI {self.name!r} has no zone {name!r}; its zones are: {known}")

    def timezone_of(self, zone: Zone | str | None) -> str | None:
        """Time zone of a zone: its own, else the AOI's. ``None`` asks for the AOI's."""
        if zone is None:
            return self.timezone
        found = self.zone(zone) if isinstance(zone, str) else zone
        return found.timezone or self.timezone

    def in_crs(self, crs: str | None) -> AOI:
        """Return the same AOI with every polygon in another coordinate system, long edges bent as they must be.

        Raises
        ------
        InputError
            If ``crs`` is unknown, does not reach the AOI, or only one of the two is pixels (None).

        """
        if crs == self.crs:
            return self
        zones = tuple(zone.in_crs(crs) for zone in self.zones)
        return replace(self, polygon=reproject(self.polygon, self.crs, crs), zones=zones, crs=crs)

    def zone_shares(self, polygon: Area) -> list[tuple[Zone, float]]:
        """Which zones a polygon (in the AOI's ``crs``) lies in, and the share of its area in each; most first.

        Of equal shares a located zone comes before a search area, then the smaller before the larger, so that the coal
        on a pier is told from the pier.
        """
        total = polygon.area
        if not total > 0:
            return []
        shares = [(zone, polygon.intersection(zone.polygon).area / total) for zone in self.zones]
        touched = [(zone, share) for zone, share in shares if share > 0]
        # Rounding: two zones that both hold the polygon differ by float noise, which must not decide.
        return sorted(touched, key=lambda z: (-round(z[1], 6), not z[0].located, z[0].polygon.area))

    def to_geojson(self, decimals: int | None = 7) -> dict[str, Any]:
        """Return the AOI as a GeoJSON FeatureCollection in the schema of our AOI files: WGS84.

        Parameters
        ----------
        decimals
            Of a degree; None = all that there are and rings as they were drawn, so that a file of it gives the same AOI
            again.

        """
        here = self.in_crs(WGS84)
        features = [_feature("aoi", here, decimals), *(_feature("zone", zone, decimals) for zone in here.zones)]
        return {"type": "FeatureCollection", "schema_version": "1.0", "features": features}


def utm_crs(lon: float, lat: float) -> str:
    """EPSG code of the WGS84 / UTM zone of a position in degrees; near the poles that of UPS.

    Examples
    --------
    >>> utm_crs(130.28, 42.23), utm_crs(-70.9, -33.4), utm_crs(15.6, 88)
    ('EPSG:32652', 'EPSG:32719', 'EPSG:32661')

    """
    if lat > _UTM_NORTH:
        return "EPSG:32661"
    if lat < _UTM_SOUTH:
        return "EPSG:32761"
    zone = min(60, int((lon + 180) // 6) + 1)
    return f"EPSG:{(32600 if lat >= 0 else 32700) + zone}"


def area_m2(polygon: Area, crs: str | None) -> float:
    """Area of a polygon on the WGS84 ellipsoid, in square metres; where ``crs`` is None, in pixels.

    Edges are taken as straight in ``crs``. Method: Karney 2013, doi:10.1007/s00190-012-0578-z.

    Parameters
    ----------
    polygon
        Polygon or multipolygon, holes allowed.
    crs
        Its coordinate system.

    """
    if crs is None:
        return float(polygon.area)
    from pyproj import Geod  # noqa: PLC0415 - areas are seldom asked for, and PROJ takes 50 ms to load

    geod = Geod(ellps="WGS84")
    dense = reproject(_densified(polygon, crs), crs, WGS84)
    total = 0.0
    for part in shapely.get_parts(dense):
        rings = [abs(geod.geometry_area_perimeter(ring)[0]) for ring in (part.exterior, *part.interiors)]
        total += rings[0] - sum(rings[1:])
    return total


def reproject(geometry: Any, source: str | None, target: str | None) -> Any:
    """Bring a shapely geometry from one coordinate system to another, x before y; long edges get points in between.

    Raises
    ------
    InputError
        If a system is unknown, the geometry lies outside what ``target`` can show, or only one of the two is None.

    """
    if source == target:
        return geometry
    if source is None or target is None:
        raise InputError(
            f"outlines in {source or 'pixels'} cannot be brought to {target or 'pixels'}: an image without a place on"
            " the earth only works with AOI '-', the images' common ground"
        )
    transformer = _transformer(source, target)

    def move(coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
        # As lists: older pyproj takes an array of one point for a number, and numpy warns of it.
        x, y = transformer.transform(coordinates[:, 0].tolist(), coordinates[:, 1].tolist())
        return np.column_stack([x, y])

    moved = shapely.transform(_densified(geometry, source), move)
    if not np.isfinite(shapely.get_coordinates(moved)).all():
        raise InputError(f"outlines were to be brought from {source[:60]} to {target[:60]}, which does not reach them")
    return moved


@lru_cache(maxsize=32)
def _transformer(source: str, target: str) -> Transformer:
    from pyproj import Transformer  # noqa: PLC0415 - see area_m2
    from pyproj.exceptions import ProjError  # noqa: PLC0415

    try:
        return Transformer.from_crs(source, target, always_xy=True)
    except ProjError as error:
        raise InputError(f"the coordinate system {source[:60]} or {target[:60]} is not known ({error})") from error


def _densified(geometry: Any, crs: str) -> Any:
    """Add points to long edges, so that a line straight in ``crs`` stays that line in another.

    Every 0.005 degrees or 500 m (of a 500 m edge the middle moves 5 mm), but at most about 4,000 points in all.
    """
    step = 0.005 if _is_geographic(crs) else 500.0
    return shapely.segmentize(geometry, max(step, geometry.length / 4000))


@lru_cache(maxsize=64)
def _is_geographic(crs: str) -> bool:
    if crs == WGS84:
        return True
    from pyproj import CRS  # noqa: PLC0415 - see area_m2
    from pyproj.exceptions import CRSError  # noqa: PLC0415

    try:
        return bool(CRS.from_user_input(crs).is_geographic)
    except CRSError as error:
        raise InputError(f"the coordinate system {crs[:60]!r} is not known; give one like 'EPSG:32652'") from error


def _checked_name(name: str, what: str) -> str:
    """Refuse a name that is empty or could disturb a terminal, else say whose name it is."""
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        raise InputError(f"{what} needs a name of printable characters, got {name!r}")
    return f"{what.rsplit(maxsplit=1)[-1]} {name!r}"


def _check_polygon(polygon: Area, crs: str | None, what: str) -> None:
    if not isinstance(polygon, Polygon | MultiPolygon):
        found = getattr(polygon, "geom_type", type(polygon).__name__)
        raise InputError(f"{what} needs a shapely Polygon or MultiPolygon, got {found}")
    if polygon.is_empty:
        raise InputError(f"{what} has an empty polygon; it needs an outline with an area")
    if not np.isfinite(shapely.get_coordinates(polygon)).all():
        raise InputError(f"{what} has coordinates that are not finite numbers")
    if not polygon.is_valid or not polygon.area > 0:
        reason = shapely.is_valid_reason(polygon) if not polygon.is_valid else "its area is zero"
        raise InputError(f"{what} has an outline that is not a valid polygon: {reason}; redraw it there")
    if crs is not None and _is_geographic(crs):
        _check_range(polygon, what)


def _check_range(polygon: Area, what: str) -> None:
    left, bottom, right, top = polygon.bounds
    if left < -180 or right > 180 or bottom < -90 or top > 90:  # noqa: PLR2004 - the range of degrees
        raise InputError(
            f"{what} reaches from {left:.6g}, {bottom:.6g} to {right:.6g}, {top:.6g}, outside longitude -180 to 180 and"
            " latitude -90 to 90; are latitude and longitude swapped, or are these metres of a projected system?"
        )


def _check_accuracy(accuracy_m: float | None, what: str) -> None:
    if accuracy_m is None:
        return
    number = isinstance(accuracy_m, int | float) and not isinstance(accuracy_m, bool)
    if not number or not math.isfinite(accuracy_m) or accuracy_m < 0:
        raise InputError(f"{what} has accuracy_m {accuracy_m!r}; it must be metres, zero or more")


def _check_timezone(timezone: str | None, what: str) -> None:
    if timezone is not None and not is_timezone(timezone):
        raise InputError(f"{what} has the unknown timezone {timezone!r}; give an IANA name like 'Asia/Pyongyang'")


def is_timezone(name: str) -> bool:
    """Tell whether this is the IANA name of a time zone; True for any text where the machine has no time zone data."""
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError, TypeError):
        return not zoneinfo.available_timezones()
    return True


def _check_zones(zones: tuple[Zone, ...], crs: str | None, what: str) -> None:
    seen: set[str] = set()
    for zone in zones:
        if zone.crs != crs:
            raise InputError(f"{what} is in {crs or 'pixels'} but its zone {zone.name!r} in {zone.crs or 'pixels'}")
        if zone.name in seen:
            raise InputError(f"{what} has two zones named {zone.name!r}; every zone needs its own name")
        seen.add(zone.name)


def _feature(role: str, item: AOI | Zone, decimals: int | None) -> dict[str, Any]:
    """Make a GeoJSON feature of an AOI or a zone in WGS84, with the members that are known."""
    names = ("title", "group", "timezone", "accuracy_m", "source", "credit")
    properties: dict[str, Any] = {"role": role, "name": item.name}
    if isinstance(item, Zone):
        properties |= {"kind": item.kind, "located": item.located}
    properties |= {name: value for name in names if (value := getattr(item, name, None)) is not None}
    # set_precision would rather move vertices until the polygon is valid; rounding keeps each where it was.
    outline = item.polygon
    if decimals is not None:
        outline = shapely.transform(_right_handed(outline), lambda xy: np.round(xy, decimals))
    return {"type": "Feature", "properties": properties, "geometry": mapping(outline)}


def _right_handed(polygon: Area) -> Area:
    """Turn rings as RFC 7946 asks: outer counter-clockwise, holes clockwise. shapely.orient_polygons needs 2.1."""
    parts = [orient(part) for part in shapely.get_parts(polygon)]
    return parts[0] if isinstance(polygon, Polygon) else MultiPolygon(parts)
