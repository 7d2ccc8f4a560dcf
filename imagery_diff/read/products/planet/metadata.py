"""What Planet says of a scene: the item's JSON, and the XML that comes with analytic images.

Keys: https://docs.planet.com/data/imagery/planetscope/psscene/, and Planet's STAC extension. The JSON is newer and
finer (hundredths of a second, ground control, view azimuth); the XML alone has the coefficients of reflectance.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imagery_diff.errors import InputError
from imagery_diff.geometry import Sun, View
from imagery_diff.read.products.times import utc_time
from imagery_diff.read.xml import Node, finite, read_xml

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from imagery_diff.read.assets import Asset

_MAX_BYTES = 5_000_000
_OUTWARDS = 1.075
"""Distance of a satellite from the centre of the earth over that of the ground, by which the angle at the ground is
wider than that at the satellite: 1.073 to 1.081 in five real files of PlanetScope; SkySat flies as high."""
_STEEPEST_DEG = 60.0
"""No satellite of Planet's looks so far aside."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of a scene; None where it is not."""

    acquired: dt.datetime | None = None
    sun: Sun | None = None
    view: View | None = None
    incidence_deg: float | None = None
    """Angle at the ground: the XML tells it, or it is computed from that at the satellite."""
    platform: str | None = None
    instrument: str | None = None
    gsd_m: float | None = None
    strip: str | None = None
    direction: str | None = None
    ground_control: bool | None = None
    test_quality: bool = False
    """Planet marks scenes that fail its standard as of test quality."""
    licence: str | None = None
    radiance_scale: tuple[float, ...] | None = None
    """File number -> radiance at the sensor, W/(m2 sr um), by band."""
    reflectance_scale: tuple[float, ...] | None = None
    """File number -> reflectance at the top of the atmosphere, by band."""
    level: str | None = None
    """``productType`` of the XML: L3B is orthorectified, L1B is not."""


def read_facts(item: Asset | None, xml: Asset | None) -> Facts:
    """Read both files where they are; the item's JSON is believed first.

    Raises
    ------
    InputError
        If a file is damaged, or a time or an angle in it is none.

    """
    told: dict[str, Any] = {}
    if xml is not None:
        told |= {k: v for k, v in _of_xml(xml).items() if v is not None}
    if item is not None:
        exact = told.get("incidence_deg")
        told |= {k: v for k, v in _of_item(item).items() if v is not None}
        told |= {} if exact is None else {"incidence_deg": exact}
    if "view" in told and "incidence_deg" in told:
        told["view"] = View(off_nadir_deg=told["incidence_deg"], azimuth_deg=told["view"].azimuth_deg)
    return Facts(**told)


def _of_item(asset: Asset) -> dict[str, Any]:
    """Read ``*_metadata.json``: a GeoJSON feature, its properties Planet's own."""
    try:
        properties = json.loads(asset.read(_MAX_BYTES).decode("utf-8-sig"))["properties"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{asset.name}: is not a Planet metadata file ({type(error).__name__}); download it again"
        ) from error
    if not isinstance(properties, dict):
        raise InputError(f"{asset.name}: its 'properties' are no JSON object; download it again")
    number = {k: finite(v) if not isinstance(v, str) else None for k, v in properties.items()}.get
    off_nadir, azimuth = number("view_angle"), number("satellite_azimuth")
    ground = properties.get("ground_control")
    ratio = number("ground_control_ratio")
    return _checked(
        asset,
        lambda: {
            "acquired": utc_time(_text(properties.get("acquired"))),
            "sun": _sun(number("sun_azimuth"), number("sun_elevation")),
            "view": None
            if off_nadir is None or azimuth is None
            else _view(off_nadir, azimuth, drawn="rendered" in properties),
            "incidence_deg": None
            if off_nadir is None
            else _view(off_nadir, 0.0, drawn="rendered" in properties).off_nadir_deg,
            "platform": _text(properties.get("satellite_id")),
            "instrument": _text(properties.get("instrument")),
            "gsd_m": number("gsd"),
            "strip": _text(properties.get("strip_id")),
            # SkySat tells a share; what has none was placed by orbit and attitude alone.
            "ground_control": ground if isinstance(ground, bool) else None if ratio is None else ratio > 0,
            "test_quality": properties.get("quality_category") == "test",
        },
    )


def _of_xml(asset: Asset) -> dict[str, Any]:
    """Read ``*_metadata.xml``: EarthObservation, Planet's namespaces."""
    root = read_xml(asset)
    if root.name != "EarthObservation":
        raise InputError(
            f"{asset.name}: is no Planet metadata file (its root is {root.name[:40]!r}); download it again"
        )
    incidence = root.number("incidenceAngle")
    # azimuthAngle is that of the line of flight, not that towards the satellite: it places nothing.
    instrument = root.text_of("Instrument/shortName")
    return _checked(
        asset,
        lambda: {
            "acquired": utc_time(root.text_of("acquisitionDateTime")),
            "sun": _sun(root.number("illuminationAzimuthAngle"), root.number("illuminationElevationAngle")),
            "incidence_deg": None if incidence is None or not abs(incidence) < _STEEPEST_DEG else abs(incidence),
            "platform": root.text_of("Platform/serialIdentifier"),
            "instrument": instrument,
            "strip": root.text_of("archivingIdentifier"),
            "direction": (root.text_of("orbitDirection") or "").lower() or None,
            "licence": root.text_of("licenseType"),
            "radiance_scale": _by_band(root, "radiometricScaleFactor"),
            "reflectance_scale": _by_band(root, "reflectanceCoefficient"),
            "level": root.text_of("productType"),
        },
    )


def _checked(asset: Asset, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Name the file in what a wrong time or angle raises."""
    try:
        return make()
    except InputError as error:
        raise InputError(f"{asset.name}: {error}") from error


def _by_band(root: Node, name: str) -> tuple[float, ...] | None:
    """Return a factor for every band, in the order of the bands; None where one of them is missing."""
    found = {}
    for node in root.all("bandSpecificMetadata"):
        number, factor = node.number("bandNumber"), node.number(name)
        if number is None or factor is None or factor <= 0:
            return None
        found[int(number)] = factor
    if sorted(found) != list(range(1, len(found) + 1)) or not found:
        return None
    return tuple(found[k] for k in sorted(found))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _sun(azimuth: float | None, elevation: float | None) -> Sun | None:
    if azimuth is None or elevation is None:
        return None
    return Sun(azimuth_deg=azimuth, elevation_deg=elevation)


def _view(off_nadir: float, azimuth: float, *, drawn: bool) -> View:
    """Return where the satellite stands, seen from the ground; what we drew ourselves tells that angle at once.

    The azimuth is that from the ground to the satellite: in three real scenes that tell it the edge of the outline that
    lies away from the satellite is the longer one, by .3 to .5 %, as it must be for their angles of 2 to 3 degrees. The
    sign of the angle, which only tells the side, is left out.
    """
    seen = abs(off_nadir)
    if not drawn and seen < _STEEPEST_DEG:
        seen = math.degrees(math.asin(_OUTWARDS * math.sin(math.radians(seen))))
    return View(off_nadir_deg=seen, azimuth_deg=azimuth)
