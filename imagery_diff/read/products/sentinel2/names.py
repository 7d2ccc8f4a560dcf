"""Names of Sentinel-2 files, of all generations.

ESA's Products Specification Document (S2-PDGS-TAS-DI-PSD, 14.x; 13.1 for the names before 2016-12-06):

    S2A_MSIL2A_20231020T020651_N0509_R103_T52TFN_20231020T050607.SAFE      product
    T52TFN_20231020T020651_B02_10m.jp2                                     band of L2A; of L1C without _10m
    L2A_T32TPP_20170105T101402_B02_10m.jp2                                 band of L2A in 2017
    S2A_OPER_MSI_L1C_TL_SGS__20160929T154211_A006640_T32TPP_B02.jp2        band before 2016-12-06
    S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_26_57_B02.tif             band cut out by others (BigEarthNet)
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imagery_diff.read.assets import Asset

BAND_NAMES = {
    "B02": "blue",
    "B03": "green",
    "B04": "red",
    "B05": "rededge",
    "B06": "rededge2",
    "B07": "rededge3",
    "B08": "nir",
    "B8A": "nir08",
    "B11": "swir1",
    "B12": "swir2",
}
"""Bands that see the ground -> common names; B01, B09 and B10 (60 m) see the air and are left out."""
BAND_IDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12")
"""By the number that the metadata call ``band_id``."""
_LAYER = r"(?P<layer>B0[1-9]|B8A|B1[0-2]|SCL|TCI|AOT|WVP|PVI|CLD|SNW)"
COMPACT = re.compile(
    rf"(?P<stem>(?:L[12][AC]_)?T(?P<tile>\d{{2}}[A-Z]{{3}})_(?P<time>\d{{8}}T\d{{6}}))_{_LAYER}"
    r"(?:_(?P<resolution>10|20|60)m)?\.(?:jp2|tiff?)",
    re.IGNORECASE,
)
LONG = re.compile(
    r"(?P<stem>(?P<mission>S2[A-D])_(?:OPER|USER)_(?:MSI|SCL|TCI)_(?P<level>L1C|L2A)_TL_\w{4}_(?P<made>\d{8}T\d{6})_A\d{6}"
    rf"_T(?P<tile>\d{{2}}[A-Z]{{3}})(?:_N\d\d\.\d\d)?)_{_LAYER}(?:_(?P<resolution>10|20|60)m)?\.(?:jp2|tiff?)",
    re.IGNORECASE,
)
PREFIXED = re.compile(
    r"(?P<stem>S2[A-D]_MSI(?P<level>L1C|L2A)_(?P<time>\d{8}T\d{6})(?:_N\d{4})?_R\d{3}_T(?P<tile>\d{2}[A-Z]{3})(?:_\w+?)?)"
    rf"_{_LAYER}(?:_(?P<resolution>10|20|60)m)?\.(?:jp2|tiff?)",
    re.IGNORECASE,
)
PRODUCT = re.compile(
    r"(?P<mission>S2[A-D])_MSI(?P<level>L1C|L2A)_(?P<time>\d{8}T\d{6})(?:_N(?P<baseline>\d{4}))?_R(?P<orbit>\d{3})"
    r"_T(?P<tile>\d{2}[A-Z]{3})(?:_\d{8}T\d{6})?"
)
"""Also the item ids of Planetary Computer, which lack the baseline."""
OLD_PRODUCT = re.compile(r"(?P<mission>S2[A-D])_(?:OPER|USER)_PRD_MSI(?P<level>L1C|L2A)_\w+?_R(?P<orbit>\d{3})_V\w+")
PRODUCT_XML = re.compile(r"MTD_MSI(?:L1C|L2A)\.xml|S2[A-D]_(?:OPER|USER)_MTD_SAF(?:L1C|L2A)_\w+\.xml", re.IGNORECASE)
GRANULE_XML = re.compile(r"MTD_TL\.xml|S2[A-D]_(?:OPER|USER)_MTD_(?:L1C|L2A)_TL_\w+\.xml", re.IGNORECASE)

_DATATAKE = re.compile(r"(G?S2[A-D]_\d{8}T\d{6}_\d{6})(?:_N\d\d\.\d\d)?", re.ASCII)


@dataclass(frozen=True)
class Layer:
    """What the name of a raster says."""

    stem: str
    """Everything before the band: tile and time."""
    tile: str
    time: dt.datetime | None
    """When the data take began (UTC); names before 2016-12 tell only when the file was made."""
    layer: str
    """``B02``, …, ``SCL``, ``TCI``, …"""
    resolution: int | None
    level: str
    """``L1C`` or ``L2A``: only bands of L2A carry their resolution."""


def parse(name: str) -> Layer | None:
    """Read a raster's name; None if it is none of Sentinel-2's."""
    compact, long, prefixed = (p.fullmatch(name) for p in (COMPACT, LONG, PREFIXED))
    match, timed = compact or long or prefixed, compact or prefixed
    if match is None:
        return None
    resolution = int(match["resolution"]) if match["resolution"] else None
    level = "L2A" if resolution else "L1C"
    if not compact:
        level = match["level"].upper()
    return Layer(
        stem=match["stem"].upper(),
        tile=match["tile"].upper(),
        time=time_of(timed["time"]) if timed else None,
        layer=match["layer"].upper(),
        resolution=resolution,
        level=level,
    )


def time_of(text: str) -> dt.datetime | None:
    """Read a time as names carry it; None if it is none."""
    try:
        return dt.datetime.strptime(text.upper(), "%Y%m%dT%H%M%S").replace(tzinfo=dt.UTC)
    except ValueError:
        return None


def safe_of(asset: Asset) -> str | None:
    """Return the name of the SAFE a file lies in; None if it lies in none."""
    parts = (*asset.root.parts[-1:], *asset.relative.split("/")[:-1])
    return next((p for p in reversed(parts) if p.upper().endswith(".SAFE")), None)


def strip_of(datatake: object) -> str | None:
    """Return the data take by its identifier, without the processing baseline; None if it is none.

    Examples
    --------
    >>> strip_of("GS2A_20231020T020651_043500_N05.09"), strip_of("../x_N05.09"), strip_of(None)
    ('GS2A_20231020T020651_043500', None, None)

    """
    match = _DATATAKE.fullmatch(datatake) if isinstance(datatake, str) else None
    return match[1] if match else None


def plain(text: str) -> str:
    """Return a name as it may be shown and written: letters, digits, points and dashes, 120 of them.

    Examples
    --------
    >>> plain("S2A_52TFN_20231020_0_L2A"), plain("../../etc/x")
    ('S2A_52TFN_20231020_0_L2A', '.._.._etc_x')

    """
    return re.sub(r"[^\w.-]", "_", text)[:120]
