"""What a GRD's annotation and manifest tell: moment, orbit, grid of tie points, and how the radar looked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imagery_diff.errors import InputError
from imagery_diff.read.products.sentinel1.beam import Beam, Swath
from imagery_diff.read.products.sentinel1.geolocation import TiePoints
from imagery_diff.read.products.times import utc_time
from imagery_diff.read.xml import finite, read_xml
from imagery_diff.scene import Orbit

if TYPE_CHECKING:
    import datetime as dt

    from imagery_diff.read.assets import Asset
    from imagery_diff.read.xml import Node

_LIGHT_M_S = 299_792_458.0
_MAX_POINTS = 100_000
_LEAST = (-360, -90, -500, 5, 1e-3)
"""Longitude, latitude, height, incidence, time of slant range: of no place and no radar are they less, or more."""
_MOST = (360, 90, 9000, 80, 1e-1)
_ORBITS_A_CYCLE = 175
_FIRST_ORBIT = {"S1A": 73, "S1B": 27, "S1C": 172, "S1D": 42}
"""Absolute orbit that is number 1 of a cycle, as public readers have it (``insarlab/MintPy``,
``centreborelli/eos-sar``); not used where the manifest tells."""
_S1C_MOVED = "2026-06-16"
_FIRST_ORBIT_S1C_LATER = 99
"""Sentinel-1C was moved along its orbit in June 2026 (the same source, after Copernicus Data Space, 2026-05-28)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Annotation:
    """One polarisation's annotation."""

    mission: str
    mode: str
    start: dt.datetime
    stop: dt.datetime
    absolute_orbit: int | None
    direction: str | None
    shape: tuple[int, int]
    """Lines, samples."""
    spacing_m: tuple[float, float]
    """Along azimuth, along range."""
    noise_removed: bool
    points: TiePoints
    beam: Beam | None
    """None where frequency, pulse rate or orbit are not told."""

    @property
    def middle(self) -> dt.datetime:
        """Moment halfway between the first and the last line."""
        return self.start + (self.stop - self.start) / 2


def read_annotation(asset: Asset) -> Annotation:
    """Read an annotation.

    Raises
    ------
    InputError
        If what a place, a time or a number needs is missing.

    """
    root = read_xml(asset)
    try:
        return _read(asset, root)
    except InputError as error:
        text = str(error)
        raise InputError(text if text.startswith(asset.name) else f"{asset.name}: {text}") from error


def _read(asset: Asset, root: Node) -> Annotation:
    header = root.first("adsHeader")
    image = root.first("imageInformation")
    if header is None or image is None:
        raise InputError("holds no adsHeader or imageInformation; download it again")
    kind = header.text_of("productType")
    if kind is not None and kind != "GRD":
        raise InputError(f"is of a {kind[:10]} product; order GRD, or a terrain-corrected product")
    start = utc_time(image.text_of("productFirstLineUtcTime") or header.text_of("startTime"))
    stop = utc_time(image.text_of("productLastLineUtcTime") or header.text_of("stopTime"))
    if start is None or stop is None:
        raise InputError("holds no time of its lines; download it again")
    lines, samples = (_positive(image, name) for name in ("numberOfLines", "numberOfSamples"))
    spacing = _positive(image, "azimuthPixelSpacing"), _positive(image, "rangePixelSpacing")
    points = _points(asset, root)
    direction = root.text_of("productInformation/pass")
    orbit = header.number("absoluteOrbitNumber")
    return Annotation(
        mission=(header.text_of("missionId") or "S1").upper()[:4],
        mode=(header.text_of("mode") or "").upper()[:4],
        start=start,
        stop=stop,
        absolute_orbit=int(orbit) if orbit is not None and 0 < orbit < 1e6 else None,  # noqa: PLR2004 - centuries
        direction=direction.lower() if direction and direction.lower() in {"ascending", "descending"} else None,
        shape=(int(lines), int(samples)),
        spacing_m=spacing,
        noise_removed=root.text_of("processingInformation/thermalNoiseCorrectionPerformed") == "true",
        points=points,
        beam=_beam(root, points, int(samples)),
    )


def _positive(node: Node, name: str) -> float:
    number = node.number(name)
    if number is None or not 0 < number < 1e6:  # noqa: PLR2004 - lines, samples and metres alike
        raise InputError(f"{name} is missing or no positive number; download it again")
    return number


def _points(asset: Asset, root: Node) -> TiePoints:
    """Read the geolocation grid, whose points stand line by line."""
    names = ("line", "pixel", "longitude", "latitude", "height", "incidenceAngle", "slantRangeTime")
    nodes = root.all("geolocationGridPoint")
    if not 4 <= len(nodes) <= _MAX_POINTS:  # noqa: PLR2004 - two lines of two
        raise InputError(f"its geolocation grid has {len(nodes)} points; download it again")
    table = []
    for node in nodes:
        texts = {child.name: child.text for child in node.children()}
        table.append([finite(texts.get(name)) for name in names])
    values = np.array(table, np.float64)  # None becomes NaN
    order = np.lexsort((values[:, 1], values[:, 0]))
    values = values[order]
    rows = len(np.unique(values[:, 0]))
    regular = not np.isnan(values).any() and rows >= 2 and len(values) % rows == 0  # noqa: PLR2004
    if regular:
        values = values.reshape(rows, -1, len(names))
        regular = values.shape[1] >= 2 and not np.ptp(values[:, :, 0], axis=1).any()  # noqa: PLR2004
        regular = regular and bool((np.diff(values[:, :, 1], axis=1) > 0).all())
    if not regular or (values[..., 2:] < _LEAST).any() or (values[..., 2:] > _MOST).any():
        raise InputError(f"{asset.name}: its geolocation grid has gaps or holds what cannot be; download it again")
    line, pixel, lon, lat, height, incidence, time = np.moveaxis(values, -1, 0)
    return TiePoints(
        line=line,
        pixel=pixel,
        lon=lon,
        lat=lat,
        height_m=height,
        incidence_deg=incidence,
        slant_range_m=time * _LIGHT_M_S / 2,
    )


def _beam(root: Node, points: TiePoints, samples: int) -> Beam | None:
    """Read how the radar looked: wavelength, speed, and the pulse rate of each sub-swath."""
    frequency = root.number("productInformation/radarFrequency")
    rates = {n.text_of("swath"): n.number("prf") for n in root.all("downlinkInformation")}
    speeds = [
        float(np.sqrt(sum(v**2 for v in parts if v is not None)))
        for node in root.all("orbit/velocity")
        if None not in (parts := [node.number(axis) for axis in "xyz"])
    ]
    known = {name: rate for name, rate in rates.items() if rate is not None and rate > 0}
    if not frequency or frequency <= 0 or not known or not speeds or not 1e3 < np.median(speeds) < 1e5:  # noqa: PLR2004
        return None
    bounds = {}
    for merge in root.all("swathMerge"):
        name, first, last = merge.text_of("swath"), merge.number("firstRangeSample"), merge.number("lastRangeSample")
        if name in known and first is not None and last is not None:
            bounds[name] = (first, last)
    if not bounds:
        bounds = {next(iter(known)): (0.0, float(samples - 1))}
    swaths = tuple(Swath(name=str(n), first=b[0], last=b[1], prf_hz=known[n]) for n, b in bounds.items())
    return Beam.of(points, _LIGHT_M_S / frequency, float(np.median(speeds)), swaths)


@dataclass(frozen=True)
class Manifest:
    """What is read of ``manifest.safe``."""

    orbit: Orbit
    version: str | None
    """Of the processor (IPF)."""


def read_manifest(asset: Asset) -> Manifest:
    """Read ``manifest.safe``.

    Raises
    ------
    InputError
        If it is no XML that can be read.

    """
    root = read_xml(asset)
    relative = next((n.text for n in root.all("relativeOrbitNumber") if n.attribute("type") in {"start", None}), None)
    number = finite(relative)
    direction = (root.text_of("orbitProperties/pass") or "").lower()
    versions = [n.attribute("version") for n in root.all("software") if n.attribute("name") == "Sentinel-1 IPF"]
    return Manifest(
        orbit=Orbit(
            relative=int(number) if number is not None and 0 < number <= _ORBITS_A_CYCLE else None,
            direction=direction if direction in {"ascending", "descending"} else None,
        ),
        version=next((v for v in versions if v), None),
    )


def relative_orbit(mission: str, absolute: int | None, day: str) -> int | None:
    """Return the number of the relative orbit; None where it cannot be told.

    Parameters
    ----------
    mission
        ``S1A`` …
    absolute
        Number since launch.
    day
        ``YYYY-MM-DD``.

    Examples
    --------
    >>> relative_orbit("S1A", 39156, "2021-08-09"), relative_orbit("S1B", 26269, "2021-04-01")
    (59, 168)

    """
    first = _FIRST_ORBIT.get(mission)
    if first is None or absolute is None:
        return None
    if mission == "S1C" and day >= _S1C_MOVED:
        first = _FIRST_ORBIT_S1C_LATER
    return (absolute - first) % _ORBITS_A_CYCLE + 1
