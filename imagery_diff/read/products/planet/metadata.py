"""What Planet says of a scene: the item's JSON, and the XML that comes with analytic images.

Keys: https://docs.planet.com/data/imagery/planetscope/psscene/, and Planet's STAC extension. The JSON is newer and
finer (hundredths of a second, ground control, view azimuth); the XML alone has the coefficients of reflectance.
"""

from __future__ import annotations

import json
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


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of a scene; None where it is not."""

    acquired: dt.datetime | None = None
    sun: Sun | None = None
    view: View | None = None
    off_nadir_deg: float | None = None
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
        told |= {k: v for k, v in _of_item(item).items() if v is not None}
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
            "view": None if off_nadir is None or azimuth is None else _view(off_nadir, azimuth),
            "off_nadir_deg": None if off_nadir is None else abs(off_nadir),
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
    off_nadir = root.number("spaceCraftViewAngle")
    # azimuthAngle is that of the line of flight, not that towards the satellite: it places nothing.
    instrument = root.text_of("Instrument/shortName")
    return _checked(
        asset,
        lambda: {
            "acquired": utc_time(root.text_of("acquisitionDateTime")),
            "sun": _sun(root.number("illuminationAzimuthAngle"), root.number("illuminationElevationAngle")),
            "off_nadir_deg": None if off_nadir is None else abs(off_nadir),
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


def _view(off_nadir: float, azimuth: float) -> View:
    # PlanetScope tells the side by the sign of the angle and by the azimuth; the azimuth is kept.
    return View(off_nadir_deg=abs(off_nadir), azimuth_deg=azimuth)
