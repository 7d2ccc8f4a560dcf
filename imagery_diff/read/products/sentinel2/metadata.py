"""What Sentinel-2's XML says: the product's (MTD_MSIL1C, MTD_MSIL2A) and the granule's (MTD_TL), PSD 12 to 15."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from imagery_diff.errors import InputError
from imagery_diff.geometry import Sun, View
from imagery_diff.read.products.sentinel2.names import BAND_IDS, BAND_NAMES, plain, strip_of
from imagery_diff.read.xml import read_xml
from imagery_diff.scene import Orbit

if TYPE_CHECKING:
    from imagery_diff.read.assets import Asset
    from imagery_diff.read.xml import Node

FIRST_WITH_OFFSET = 4.0
"""Processing baseline that brought the offset, 2022-01-25."""
OF_A_USER = 99.0
"""Baseline 99.99 (N9999 in names) stands for products that users made with Sen2Cor, of any input."""
OFFSET = -1000.0
"""Added to a number before it is divided; every baseline from 04.00 to 05.11 has this one for all bands."""

_PLAUSIBLE_QUANTIFICATION = (100.0, 1_000_000.0)
"""10,000 in every product but the first, which had 1,000."""
_LARGEST_OFFSET = 65_535


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of a scene; None where it is not."""

    level: str | None = None
    """``L1C`` or ``L2A``."""
    acquired: dt.datetime | None = None
    of_datatake: bool = False
    """The time is that of the data take's first line, which may lie many minutes before the tile's."""
    sun: Sun | None = None
    view: View | None = None
    platform: str | None = None
    orbit: Orbit = field(default_factory=Orbit)
    name: str | None = None
    """The product's own."""
    baseline: float | None = None
    quantification: float = 10_000.0
    """A reflectance of 1, once the offset is added."""
    offsets: dict[str, float] | None = None
    """Band -> what is added to its numbers; None = the metadata do not tell."""
    why_offset: str = ""
    """Where that was read."""
    offsets_doubtful: bool = False
    """Others repacked the numbers, and have been seen to harmonise them without saying so."""
    wavelengths: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Band -> centre and width, nm."""


@dataclass(frozen=True, kw_only=True)
class _Granule:
    acquired: dt.datetime | None
    sun: Sun | None
    view: View | None
    level: str | None
    baseline: str | None
    """Four digits, of its TILE_ID."""


def read_facts(product: Asset | None, granule: Asset | None) -> Facts:
    """Read both files where they are.

    Raises
    ------
    InputError
        If a file is damaged, is not what its name says, or holds a time or an angle that is none.

    """
    facts = Facts() if product is None else _of_product(product)
    if granule is None:
        return facts
    tile = read_granule(granule)
    changes = {"sun": tile.sun, "view": tile.view}
    if tile.acquired is not None:
        return Facts(**(vars(facts) | changes | {"acquired": tile.acquired, "of_datatake": False}))
    return Facts(**(vars(facts) | changes))


def _of_product(asset: Asset) -> Facts:
    root = read_xml(asset)
    level = next((lv for lv in ("L1C", "L2A") if f"Level-{lv[1:]}_User_Product" == root.name), None)
    if level is None:
        raise InputError(
            f"{asset.name}: is no product metadata of Sentinel-2 (its root is {root.name[:40]!r}); download it again"
        )
    start = root.text_of("DATATAKE_SENSING_START") or root.text_of("PRODUCT_START_TIME")
    relative = root.number("SENSING_ORBIT_NUMBER")
    datatake = root.first("Datatake")
    baseline = root.number("PROCESSING_BASELINE")
    offsets, why = _offsets(asset, root, level, baseline)
    return Facts(
        level=level,
        acquired=time(asset, start),
        of_datatake=True,
        platform=root.text_of("SPACECRAFT_NAME"),
        orbit=Orbit(
            relative=int(relative) if relative is not None and relative > 0 else None,
            direction=(root.text_of("SENSING_ORBIT_DIRECTION") or "").lower() or None,
            strip=strip_of(datatake.attribute("datatakeIdentifier") if datatake else None),
        ),
        name=plain((root.text_of("PRODUCT_URI") or root.text_of("PRODUCT_URI_2A") or "").removesuffix(".SAFE")) or None,
        baseline=baseline,
        quantification=_quantification(asset, root, level),
        offsets=offsets,
        why_offset=why,
        wavelengths=_wavelengths(root),
    )


def _quantification(asset: Asset, root: Node, level: str) -> float:
    """Return what a reflectance of 1 is stored as."""
    names = ["QUANTIFICATION_VALUE"] if level == "L1C" else ["BOA_QUANTIFICATION_VALUE", "L2A_BOA_QUANTIFICATION_VALUE"]
    found = next((n for n in map(root.number, names) if n is not None), None)
    low, high = _PLAUSIBLE_QUANTIFICATION
    if found is None or not low <= found <= high:
        raise InputError(f"{asset.name}: tells no usable quantification value ({names[0]}); download it again")
    return found


def _offsets(asset: Asset, root: Node, level: str, baseline: float | None) -> tuple[dict[str, float] | None, str]:
    """Return what is added to each band's numbers, and where that stands."""
    name = "RADIO_ADD_OFFSET" if level == "L1C" else "BOA_ADD_OFFSET"
    told = {}
    for node in root.all(name):
        band, value = node.attribute("band_id"), node.number(name)
        number = int(band) if band is not None and band.isdecimal() else -1
        if value is None or abs(value) > _LARGEST_OFFSET or not 0 <= number < len(BAND_IDS):
            raise InputError(f"{asset.name}: one of its {name} is no number of a band; download it again")
        told[BAND_IDS[number]] = value
    if told:
        missing = [b for b in BAND_NAMES if b not in told]
        common = set(told.values())
        if missing and len(common) > 1:
            raise InputError(f"{asset.name}: tells {name} of some bands but not of {missing[0]}; download it again")
        return told | dict.fromkeys(missing, next(iter(common))), f"{name} of {asset.name}"
    if baseline is None or baseline >= OF_A_USER:
        return None, ""
    return of_baseline(baseline), f"processing baseline {baseline:05.2f} of {asset.name}, which lists no {name}"


def of_baseline(baseline: float) -> dict[str, float]:
    """Return what the processing baseline adds to every band's numbers.

    Examples
    --------
    >>> of_baseline(3.01)["B08"], of_baseline(5.09)["B08"]
    (0.0, -1000.0)

    """
    return dict.fromkeys(BAND_IDS, OFFSET if baseline >= FIRST_WITH_OFFSET else 0.0)


def _wavelengths(root: Node) -> dict[str, tuple[float, float]]:
    """Return centre and width of each band, nm, as the product tells them; they differ between the satellites."""
    found = {}
    for node in root.all("Spectral_Information"):
        band = node.attribute("bandId")
        number = int(band) if band is not None and band.isdecimal() else -1
        centre, low, high = (node.number(f"Wavelength/{n}") for n in ("CENTRAL", "MIN", "MAX"))
        if 0 <= number < len(BAND_IDS) and centre is not None and low is not None and high is not None:
            found[BAND_IDS[number]] = (centre, high - low)
    return found


def read_granule(asset: Asset) -> _Granule:
    """Read time and angles of a tile.

    Raises
    ------
    InputError
        If the file is damaged, or holds a time or an angle that is none.

    """
    root = read_xml(asset)
    if not root.name.endswith("_Tile_ID"):
        raise InputError(
            f"{asset.name}: is no tile metadata of Sentinel-2 (its root is {root.name[:40]!r}); download it again"
        )
    zenith, azimuth = root.number("Mean_Sun_Angle/ZENITH_ANGLE"), root.number("Mean_Sun_Angle/AZIMUTH_ANGLE")
    try:
        sun = None if zenith is None or azimuth is None else Sun(azimuth_deg=azimuth, elevation_deg=90.0 - zenith)
        view = _view(root)
    except InputError as error:
        raise InputError(f"{asset.name}: {error}") from error
    level = re.fullmatch(r"Level-(1C|2A)_Tile_ID", root.name)
    baseline = re.search(r"_N(\d\d)\.(\d\d)$", root.text_of("TILE_ID") or "")
    return _Granule(
        acquired=time(asset, root.text_of("SENSING_TIME")),
        sun=sun,
        view=view,
        level=f"L{level[1]}" if level else None,
        baseline=f"{baseline[1]}{baseline[2]}" if baseline else None,
    )


def _view(root: Node) -> View | None:
    """Return the mean direction to the satellite over the bands used.

    As vectors: azimuths near north would cancel as numbers. The azimuth is that from the ground to the satellite: in
    real metadata the incidence falls from 8 to 1 degrees eastwards across a tile whose azimuths point east.
    """
    used = {BAND_IDS.index(b) for b in BAND_NAMES}
    vectors = []
    for node in root.all("Mean_Viewing_Incidence_Angle"):
        band = node.attribute("bandId")
        zenith, azimuth = node.number("ZENITH_ANGLE"), node.number("AZIMUTH_ANGLE")
        if band is None or not band.isdecimal() or int(band) not in used or zenith is None or azimuth is None:
            continue
        z, a = math.radians(zenith), math.radians(azimuth)
        vectors.append((math.sin(z) * math.sin(a), math.sin(z) * math.cos(a), math.cos(z)))
    if not vectors:
        return None
    east, north, up = (sum(v) / len(vectors) for v in zip(*vectors, strict=True))
    return View(
        off_nadir_deg=math.degrees(math.atan2(math.hypot(east, north), up)),
        azimuth_deg=math.degrees(math.atan2(east, north)) % 360.0,
    )


def time(asset: Asset, text: str | None) -> dt.datetime | None:
    """Read an ISO 8601 time; without a zone it is UTC.

    Raises
    ------
    InputError
        If the text is no time.

    """
    if text is None:
        return None
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{asset.name}: its time {text[:40]!r} is no time; download it again") from error
    return moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
