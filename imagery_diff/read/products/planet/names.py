"""Names of Planet's files, of all generations, and what their parts mean.

https://docs.planet.com/data/imagery/planetscope/psscene/ and .../skysat/. A PlanetScope file is called

    20231020_020133_84_2259_3B_AnalyticMS_SR_8b_harmonized_clip.tif
    day      time   cs sat  level and product, then what was done to it

its day and time UTC, the hundredths of a second (cs) only since 2020; a SkySat file ``20231020_020133_ssc4d2_0012_…``.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from imagery_diff.errors import InputError
from imagery_diff.scene import Level

PLANETSCOPE = re.compile(
    r"(?P<id>(?P<day>\d{8})_(?P<time>\d{6})(?:_(?P<cs>\d{2}))?_(?P<sat>[0-9a-f]{4}))"
    r"_(?P<level>1A|1B|3A|3B)_(?P<product>.+)\.(?P<kind>tiff?|xml|json)"
)
SKYSAT = re.compile(
    r"(?P<id>(?P<day>\d{8})_(?P<time>\d{6})_(?P<sat>ssc\d+(?:d\d)?)(?P<cs>)(?:_(?P<frame>\d{4}|u\d{4}))?)"
    r"_(?P<product>(?P<level>basic|[a-z]).+)\.(?P<kind>tiff?|xml|json)"
)
ITEM = re.compile(r"(?P<id>\d{8}_\d{6}(?:_\d{2})?_[0-9a-z]{4,6}(?:d\d)?(?:_u?\d{4})?)_metadata\.json")
METADATA = re.compile(
    r"(?P<id>\d{8}_\d{6}(?:_\d{2})?_[0-9a-z]{4,6}(?:d\d)?(?:_u?\d{4})?)_(?:\w+_)?metadata(?:_\w+)?\.(?:json|xml)$"
)
"""Of a scene, of either kind."""
COMPOSITE = re.compile(r"(?:(?P<group>.+)_)?composite(?P<tail>(?:_file_format)?)\.tiff?")
COMPOSITE_MASK = re.compile(r"(?:.+_)?composite_udm2?(?:_file_format)?\.tiff?")

RENDERED_SATELLITES = {"0000", "ssc0"}
"""Ids no satellite carries: ours."""
_MASKS = ("udm2", "udm")


@dataclass(frozen=True)
class Name:
    """What the name of an image says."""

    id: str
    """The item's id."""
    sensor: str
    product: str
    """Everything behind the id and the level."""
    satellite: str
    rectified: bool

    @property
    def parts(self) -> frozenset[str]:
        """The words of the product, in small letters."""
        return frozenset(self.product.lower().split("_"))

    @property
    def is_mask(self) -> bool:
        """Whether it is one of the masks of usable data."""
        return any(mask in self.parts for mask in _MASKS)

    @property
    def level(self) -> Level:
        """What the numbers are as they stand in the file."""
        if "sr" in self.parts:
            return Level.SURFACE
        if "toar" in self.parts:
            return Level.TOA
        if "visual" in self.parts:
            return Level.DISPLAY
        known = self.parts & {"analytic", "analyticms", "panchromatic", "pan"} and "dn" not in self.parts
        return Level.RADIANCE if known else Level.NUMBERS

    @property
    def rank(self) -> int:
        """Which product of a scene is taken before which: calibrated ones first, more bands before fewer."""
        order = (Level.SURFACE, Level.TOA, Level.RADIANCE, Level.NUMBERS, Level.DISPLAY)
        single = bool(self.parts & {"panchromatic", "pan"})
        return 4 * order.index(self.level) + 2 * single + ("8b" not in self.parts)


def parse(name: str) -> Name | None:
    """Read a raster's name; None if it is not one of Planet's."""
    for pattern, sensor in ((PLANETSCOPE, "PlanetScope"), (SKYSAT, "SkySat")):
        match = pattern.fullmatch(name)
        if match and match["kind"].startswith("tif"):
            basic = match["product"].lower().startswith("basic") or "_basic_" in f"_{match['product'].lower()}_"
            return Name(
                id=match["id"],
                sensor=sensor,
                product=match["product"],
                satellite=match["sat"],
                rectified=not basic and match["level"] not in {"1A", "1B"},
            )
    return None


def time_of(name: Name) -> dt.datetime:
    """Return the time in an id; both generations are UTC.

    Raises
    ------
    InputError
        If there is no such day or time.

    """
    day, time, *rest = name.id.split("_")
    hundredths = rest[0] if len(rest) > 1 and len(rest[0]) == 2 else "00"  # noqa: PLR2004 - two digits
    try:
        moment = dt.datetime.strptime(day + time, "%Y%m%d%H%M%S").replace(tzinfo=dt.UTC)
    except ValueError as error:
        raise InputError(f"{name.id}: its day and time are none; rename the file as it was delivered") from error
    return moment + dt.timedelta(milliseconds=10 * int(hundredths))
