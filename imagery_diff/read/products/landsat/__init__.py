"""Landsat Collection 2, Level 1 and 2: TM (4, 5), ETM+ (7), OLI (8, 9); a tar, a folder, or a STAC item's assets.

File names as in the product guides, LSDS-1618 and LSDS-1619:

    LC09_L2SP_114030_20231020_20231022_02_T1_SR_B4.TIF
    satellite level path, row  day  made   collection, tier, layer
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from imagery_diff.errors import InputError
from imagery_diff.read.products.found import Found
from imagery_diff.read.products.landsat import stac
from imagery_diff.read.products.landsat.bands import BANDS, INSTRUMENTS, band_of
from imagery_diff.read.products.landsat.masks import QaPixel, QaRadsat
from imagery_diff.read.products.landsat.mtl import Mtl, before_collection_2, read_mtl
from imagery_diff.read.raster import RasterSource, StackSource
from imagery_diff.read.stack import joined, lay_out
from imagery_diff.scene import Level, Orbit, SceneInfo

if TYPE_CHECKING:
    import datetime as dt

    from imagery_diff.read.assets import Asset, Delivery
    from imagery_diff.read.given import Given
    from imagery_diff.read.raster import MaskSource
    from imagery_diff.read.stack import Layout

LICENCE = "public domain (U.S. Geological Survey)"
_NAME = re.compile(
    r"(?P<id>(?P<sensor>L[A-Z])(?P<number>\d\d)_(?P<level>L[12][A-Z]{2})_(?P<path>\d{3})(?P<row>\d{3})_(?P<day>\d{8})_\d{8}"
    r"_(?P<collection>\d\d)_(?P<tier>T1|T2|RT))_(?P<layer>\w+)\.(?P<kind>TIFF?|txt|xml|json)",
    re.IGNORECASE,
)
_BAND = re.compile(r"(?:SR_)?B(\d+)", re.IGNORECASE)
_MASKS = frozenset({"QA_PIXEL", "QA_RADSAT"})
_SR_SCALE = (2.75e-05, -0.2)
"""Of all surface reflectance of Collection 2 (LSDS-1619, table of scale factors)."""
_GSD_M = 30.0
_DESCENDING_ROWS = (*range(1, 123), 247, 248)
"""Of WRS-2; the others, 123 to 246, are passed northwards, by night at our latitudes
(https://landsat.gsfc.nasa.gov/about/the-worldwide-reference-system/)."""


@dataclass
class _Parts:
    """The files of one product."""

    match: re.Match[str]
    bands: dict[int, Asset] = field(default_factory=dict)
    metadata: dict[str, Asset] = field(default_factory=dict)
    """Kind of file -> the MTL."""
    masks: dict[str, Asset] = field(default_factory=dict)
    others: list[Asset] = field(default_factory=list)
    item: stac.Item | None = None
    named: bool = True
    """Whether a file bears the product's name; else the item alone tells it."""

    @property
    def id(self) -> str:
        """The product's."""
        return self.match["id"]

    @property
    def surface(self) -> bool:
        """Whether it is of Level 2."""
        return self.match["level"].upper().startswith("L2")

    @property
    def used(self) -> tuple[Asset, ...]:
        """What is read of it."""
        return (*self.bands.values(), *self.masks.values(), *self.metadata.values())

    def take(self, item: stac.Item) -> None:
        """Note a STAC item, and those of its files that were not found by their names."""
        self.item = self.item or item
        self.others += [a for a in (item.asset, *item.files.values()) if a not in self.others]
        for layer, asset in item.files.items():
            if isinstance(layer, int):
                self.bands.setdefault(layer, asset)
            elif layer.startswith("MTL"):
                self.metadata.setdefault(layer.rpartition(".")[2].lower(), asset)
            elif layer in _MASKS:
                self.masks.setdefault(layer, asset)


def find(delivery: Delivery) -> list[Found]:
    """Return the Landsat scenes of a delivery."""
    groups: dict[tuple[str, str], _Parts] = {}
    for asset, match in delivery.matching(_NAME):
        parts = groups.setdefault((asset.folder, match["id"].upper()), _Parts(match))
        parts.others.append(asset)
        layer = match["layer"].upper()
        band = _BAND.fullmatch(layer)
        if not match["kind"].upper().startswith("TIF"):
            if layer == "MTL":
                parts.metadata[match["kind"].lower()] = asset
        elif layer in _MASKS:
            parts.masks[layer] = asset
        elif band and int(band[1]) in BANDS.get(match["sensor"].upper(), {}):
            parts.bands[int(band[1])] = asset
    # Of two processings of one scene the later one, by its name, is met first.
    found = sorted(groups.values(), key=lambda p: p.id, reverse=True)
    _add_items(found, delivery)
    usable = [p for p in found if p.bands or p.metadata or (p.item and delivery.named == p.item.asset)]
    # An item claims a mask though none of its bands is there.
    claims = Counter(a for p in found for a in set(p.used))
    return [_found(parts, claims) for parts in usable]


def _add_items(found: list[_Parts], delivery: Delivery) -> None:
    """Give each STAC item to the product it is of, or make one of it."""
    for item in stac.find_items(delivery):
        own = next((p for p in found if p.others[0].folder == item.asset.folder and item.is_of(p.match)), None)
        if own is None:
            own = _Parts(item.match, named=False)
            found.append(own)
        own.take(item)


def _refuse(words: str, _given: Given) -> SceneInfo:
    raise InputError(words)


def _contested(parts: _Parts, claims: Counter[Asset]) -> str | None:
    """Say which of its files is claimed twice: by another item, or by its own."""
    for asset, times in Counter(parts.used).items():
        if claims[asset] > 1:
            return (
                f"{parts.id}: another STAC item claims {asset.name} too; put each item into a folder of its own, with "
                "its files"
            )
        if times > 1:
            item = parts.item.asset.name if parts.item else parts.id
            return f"{item}: names {asset.name} as two of its assets; download it again, with its files"
    return None


def _found(parts: _Parts, claims: Counter[Asset]) -> Found:
    match = parts.match
    contested = _contested(parts, claims)
    return Found(
        scene=f"{match['sensor']}{match['number']}_{match['path']}{match['row']}_{match['day']}",
        product=f"Landsat {match['level']}",
        rank=0 if parts.surface else 1,
        images=tuple(parts.bands.values()),
        others=tuple(parts.others),
        masks=tuple(parts.masks.values()),
        open=partial(_open, parts) if contested is None else partial(_refuse, contested),
    )


def _open(parts: _Parts, _given: Given) -> SceneInfo:
    """Read what a scene is.

    Raises
    ------
    InputError
        If it is of an older collection, of MSS, or taken at night, or a file is missing, damaged or of another scene.

    """
    match = parts.match
    if match["collection"] != "02":
        raise before_collection_2(parts.id)
    if match["sensor"].upper() not in BANDS:
        raise InputError(
            f"{parts.id}: is not of TM, ETM+ or OLI, which alone are read; choose a scene of Landsat 4 to 9"
        )
    if not parts.bands:
        raise InputError(f"{parts.id}: none of its bands lies beside its metadata; download them into the same folder")
    chosen = next((parts.metadata[k] for k in ("txt", "json", "xml") if k in parts.metadata), None)
    mtl = None if chosen is None else _own(parts, read_mtl(chosen))
    numbers = sorted(parts.bands)
    assets = [parts.bands[n] for n in numbers]
    layout = lay_out(assets)
    scales, level, notes = _scales(parts, mtl, numbers)
    masks = _masks(parts, layout, numbers)
    sources = tuple(
        RasterSource(asset=a, indexes=(1,), nodata=0.0, scale=m, offset=b)
        for a, (m, b) in zip(assets, scales, strict=True)
    )
    info = SceneInfo(
        name=parts.id,
        grid=layout.grid,
        bands=tuple(band_of(match["sensor"], n) for n in numbers),
        # 0 is fill in every band by itself: bands end at different places, and USGS masks a pixel of which one is fill
        # in all (USGS-EROS/espa-surface-reflectance, lndcal.c); as reflectance it would be -.2.
        source=StackSource(files=sources, steps=layout.steps, grid=layout.grid, mask=joined(masks), one_is_enough=True),
        product=f"Landsat {match['level']}",
        why=_why(parts) + (", metadata beside them" if mtl else ""),
        level=level,
        platform=f"Landsat {int(match['number'])}",
        instrument=(mtl and mtl.text("IMAGE_ATTRIBUTES", "SENSOR_ID")) or INSTRUMENTS[match["sensor"].upper()],
        gsd_m=_GSD_M,
        orbit=Orbit(
            relative=int(match["path"]),
            direction="descending" if int(match["row"]) in _DESCENDING_ROWS else "ascending",
        ),
        scene_id=parts.id,
        masks=tuple(f"{type(m).__name__}: {m.tells}" for m in masks),
        cloud_masked="QA_PIXEL" in parts.masks,
        licence=LICENCE,
        files=tuple(dict.fromkeys(a.file for a in (*assets, *parts.masks.values(), *_told_by(parts, chosen)))),
        notes=(*notes, *_left_out(parts)),
        # In the wording of https://www.usgs.gov/centers/eros/data-citation.
        **layout.provenance(f"Landsat-{int(match['number'])} image courtesy of the U.S. Geological Survey"),
    )
    return _with_metadata(info, parts, mtl)


def _own(parts: _Parts, mtl: Mtl) -> Mtl:
    """Return the MTL, which may have been found by a name such as ``mtl.txt``, if it is of this product."""
    told = mtl.text("PRODUCT_CONTENTS", "LANDSAT_PRODUCT_ID")
    if told is not None and not stac.same_product(parts.id, told):
        raise InputError(
            f"{mtl.name}: is of {told[:48]!r}, not of {parts.id}; put each scene's files into a folder of their own"
        )
    return mtl


def _why(parts: _Parts) -> str:
    item = "a STAC item with its assets beside it"
    if not parts.named:
        return item
    return "names of Landsat Collection 2" + (", a STAC item" if parts.item else "")


def _told_by(parts: _Parts, mtl: Asset | None) -> list[Asset]:
    """Return the metadata that were read: the MTL, else the item."""
    return [mtl] if mtl else [parts.item.asset] if parts.item else []


def _with_metadata(info: SceneInfo, parts: _Parts, mtl: Mtl | None) -> SceneInfo:
    """Add what the MTL tells, and what is doubtful."""
    caveats = list(_caveats(parts))
    acquired: dt.datetime | None = None
    sun, control, process = None, None, None
    if mtl is None and parts.item is not None:
        acquired, sun = parts.item.acquired(), parts.item.sun()
        # Level 2 does not say in its name how it was placed.
        control = None if parts.surface else parts.match["level"].upper() == "L1TP"
    if mtl is None and acquired is None:
        day = parts.match["day"]
        caveats.append(
            f"{info.name}: only the day ({day[:4]}-{day[4:6]}-{day[6:]}) is known; its MTL file tells the time"
        )
    if mtl is not None:
        acquired, sun = mtl.acquired(), mtl.sun()
        process = mtl.text("LEVEL1_PROCESSING_RECORD", "PROCESSING_LEVEL") or mtl.text(
            "PRODUCT_CONTENTS", "PROCESSING_LEVEL"
        )
        # L1TP is tied to ground control; L1GT and L1GS are placed by orbit and attitude alone.
        control = None if process is None else process.upper() == "L1TP"
    if control is False:
        process = process or parts.match["level"]
        caveats.append(f"{info.name}: was processed without ground control ({process}), it may lie several pixels off")
    return replace(
        info,
        acquired=acquired,
        time_source=None if acquired is None else "metadata",
        sun=sun,
        ground_control=control,
        caveats=tuple(caveats),
    )


def _caveats(parts: _Parts) -> list[str]:
    found = []
    if parts.match["tier"].upper() == "T2":
        found.append(f"{parts.id}: is of Tier 2, its position may be off by more than 12 m")
    if parts.match["tier"].upper() == "RT":
        found.append(f"{parts.id}: is a real-time product, calibrated and placed provisionally")
    return found


def _scales(parts: _Parts, mtl: Mtl | None, numbers: list[int]) -> tuple[list[tuple[float, float]], Level, list[str]]:
    """Return multiplier and addend of each band, what the numbers become, and what is to be told."""
    if parts.surface:
        own = None if mtl or parts.item is None else parts.item.scales(numbers)
        if own is not None:
            return own, Level.SURFACE, ["surface reflectance by scale and offset of the STAC item"]
        if mtl is None:
            told = "surface reflectance = number x 0.0000275 - 0.2, as in all of Collection 2; there is no MTL"
            return [_SR_SCALE] * len(numbers), Level.SURFACE, [told, *_not_scaled(parts, numbers)]
        found = _of_mtl(mtl, "LEVEL2_SURFACE_REFLECTANCE_PARAMETERS", numbers)
        return found, Level.SURFACE, ["surface reflectance by the factors of the MTL"]
    if mtl is None:
        told = "no MTL came with it, so its numbers stand as they are"
        return [(1.0, 0.0)] * len(numbers), Level.NUMBERS, [told]
    sun = mtl.sun()
    if sun is None:
        raise InputError(f"{mtl.name}: tells no sun elevation, by which reflectance is divided; download it again")
    if sun.elevation_deg <= 0:
        raise InputError(f"{parts.id}: was taken at night, there is no reflectance; choose a scene taken by day")
    height = math.sin(math.radians(sun.elevation_deg))
    found = [(m / height, b / height) for m, b in _of_mtl(mtl, "LEVEL1_RADIOMETRIC_RESCALING", numbers)]
    told = (
        f"reflectance by the factors of the MTL, divided by the sine of the sun's elevation ({sun.elevation_deg:.1f})"
    )
    return found, Level.TOA, [told]


def _not_scaled(parts: _Parts, numbers: list[int]) -> list[str]:
    """Tell of scales that the STAC item gives without their offsets."""
    alone = [n for n in numbers if parts.item and n in parts.item.without_offset()]
    if not alone:
        return []
    listed = ", ".join(map(str, alone))
    return [f"the STAC item tells a scale without an offset (band {listed}), so its scales are not used"]


def _of_mtl(mtl: Mtl, group: str, numbers: list[int]) -> list[tuple[float, float]]:
    found = []
    for number in numbers:
        scale = mtl.scale(group, str(number))
        if scale is None:
            raise InputError(f"{mtl.name}: tells no reflectance factors of band {number} in {group}; download it again")
        found.append(scale)
    return found


def _masks(parts: _Parts, layout: Layout, numbers: list[int]) -> list[MaskSource]:
    found: list[MaskSource] = []
    if "QA_PIXEL" in parts.masks:
        found.append(QaPixel(parts.masks["QA_PIXEL"], layout.grid.shape))
    if "QA_RADSAT" in parts.masks:
        found.append(QaRadsat(parts.masks["QA_RADSAT"], layout.grid.shape, numbers))
    return found


def _left_out(parts: _Parts) -> list[str]:
    """Tell of the panchromatic band, which is finer than what is read."""
    pan = any(re.search(r"(^|_)(B8|pan)\.TIFF?$", a.name, re.IGNORECASE) for a in parts.others)
    return ["the panchromatic band (15 m) is left out"] if pan else []
