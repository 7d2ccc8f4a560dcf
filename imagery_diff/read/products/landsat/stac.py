"""Landsat as a STAC item with its assets beside it: USGS (landsatlook), Planetary Computer, Earth Search.

Keys and names as in items of https://landsatlook.usgs.gov (landsat-c2l2-sr; from before 2021 on with ``eo:sun_…`` and
assets called ``SR_B4.TIF``) and of https://planetarycomputer.microsoft.com/api/stac/v1 (landsat-c2-l2), as they stand
in the examples and tests of https://github.com/stactools-packages/landsat.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imagery_diff.errors import InputError
from imagery_diff.geometry import Sun
from imagery_diff.read.products.landsat.bands import BANDS
from imagery_diff.read.products.stac_items import MAX_DOCUMENTS, file_name, is_document, read_document
from imagery_diff.read.products.times import utc_time
from imagery_diff.read.xml import finite

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from imagery_diff.read.assets import Asset, Delivery

_ID = re.compile(
    r"(?P<id>(?P<sensor>L[A-Z])(?P<number>\d\d)_(?P<level>L[12][A-Z]{2})_(?P<path>\d{3})(?P<row>\d{3})_(?P<day>\d{8})"
    r"(?:_(?P<made>\d{8}))?_(?P<collection>\d\d)_(?P<tier>T1|T2|RT))(?:_S[RT])?",
    re.IGNORECASE,
)
"""A product's name, in some catalogues without the day on which it was made, in some with what part of it is meant."""
_NAMES = {n: n for n in ("coastal", "blue", "green", "red")} | {"nir08": "nir", "swir16": "swir1", "swir22": "swir2"}
"""Key of an asset -> common name of its band."""
_BAND = re.compile(r"(?:SR_)?B(\d{1,2})", re.IGNORECASE)
_RASTER = re.compile(rf"(?:.*[_.-])?(?:{'|'.join(_NAMES)}|(?:SR_)?B\d{{1,2}}|qa_pixel)\.tiff?", re.IGNORECASE)
_MTL = re.compile(r".*MTL\.json", re.IGNORECASE)
_SAME = ("sensor", "number", "level", "path", "row", "day", "collection", "tier")


def same_product(one: str, other: str) -> bool:
    """Whether two names are of one product; the day on which it was made counts where both tell it.

    Examples
    --------
    >>> same_product("LC09_L2SP_114030_20231020_02_T1", "LC09_L2SP_114030_20231020_20231022_02_T1")
    True
    >>> same_product("LC09_L2SP_114030_20231020_02_T1", "LC09_L2SP_114030_20231105_20231107_02_T1")
    False

    """
    a, b = _ID.fullmatch(one), _ID.fullmatch(other)
    if a is None or b is None or any(a[k].upper() != b[k].upper() for k in _SAME):
        return False
    return a["made"] == b["made"] or None in (a["made"], b["made"])


@dataclass(frozen=True)
class Item:
    """A STAC item of a Landsat product, and the files of its that lie beside it."""

    asset: Asset
    content: dict[str, Any]
    match: re.Match[str]
    """Its id."""
    files: dict[int | str, Asset]
    """Number of a band, ``QA_PIXEL``, ``QA_RADSAT``, ``MTL.txt``, … -> file."""

    def is_of(self, named: re.Match[str]) -> bool:
        """Whether it is of the product whose name this is."""
        same = all(self.match[k].upper() == named[k].upper() for k in _SAME)
        return same and (self.match["made"] is None or self.match["id"].upper() == named["id"].upper())

    def acquired(self) -> dt.datetime | None:
        """Return the time of the scene's centre, UTC.

        Raises
        ------
        InputError
            If it is none.

        """
        told = self.content["properties"].get("datetime")
        try:
            return utc_time(told) if isinstance(told, str) else None
        except InputError as error:
            raise InputError(f"{self.asset.name}: {error}") from error

    def sun(self) -> Sun | None:
        """Return where the sun stood.

        Raises
        ------
        InputError
            If it is no place of the sun.

        """
        told = self.content["properties"]
        azimuth, elevation = (
            next((n for k in ("view", "eo") if (n := finite(told.get(f"{k}:sun_{what}"))) is not None), None)
            for what in ("azimuth", "elevation")
        )
        if azimuth is None or elevation is None:
            return None
        try:
            return Sun(azimuth_deg=azimuth % 360.0, elevation_deg=elevation)
        except InputError as error:
            raise InputError(f"{self.asset.name}: {error}") from error

    def scales(self, numbers: list[int]) -> list[tuple[float, float]] | None:
        """Return scale and offset of each of these bands; None where it does not tell both of one.

        Raises
        ------
        InputError
            If one of them makes no reflectance.

        """
        told: dict[int, tuple[float, float]] = {}
        for layer, key, scale, offset in self._scales():
            if offset is None:
                continue
            if not 0 < scale < 1 or abs(offset) > 1:
                raise InputError(
                    f"{self.asset.name}: its scale and offset of {key[:40]} make no reflectance; download it again"
                )
            told[layer] = scale, offset
        return [told[n] for n in numbers] if set(numbers) <= set(told) else None

    def without_offset(self) -> list[int]:
        """Return the bands of which it tells a scale alone: 0 in its place would be 0.2 too bright."""
        return sorted({layer for layer, _, _, offset in self._scales() if offset is None})

    def _scales(self) -> Iterator[tuple[int, str, float, float | None]]:
        """Yield number, key, scale and offset of each band of which it tells a scale."""
        for key, entry in self.content["assets"].items():
            layer = _layer(str(key), self.match["sensor"])
            if isinstance(layer, int) and isinstance(entry, dict) and (told := _scale(entry)) is not None:
                yield layer, str(key), *told


def _scale(entry: dict[str, Any]) -> tuple[float, float | None] | None:
    """Return scale and offset by version 1 of the raster extension (``raster:bands``), else by version 2."""
    for words in ("raster:bands", "bands"):
        bands, prefix = entry.get(words), "" if words == "raster:bands" else "raster:"
        first = bands[0] if isinstance(bands, list) and bands and isinstance(bands[0], dict) else {}
        if (scale := finite(first.get(f"{prefix}scale"))) is not None:
            return scale, finite(first.get(f"{prefix}offset"))
    scale = finite(entry.get("raster:scale"))
    return None if scale is None else (scale, finite(entry.get("raster:offset")))


def find_items(delivery: Delivery) -> list[Item]:
    """Find the items in a delivery whose files lie beside them, and the one that was named."""
    folders: dict[str, list[Asset]] = {}
    for asset in delivery.assets:
        folders.setdefault(asset.folder, []).append(asset)
    items = []
    for beside in folders.values():
        rasters = any(_RASTER.fullmatch(a.name) for a in beside)
        documents = [a for a in beside if is_document(a) and not _MTL.fullmatch(a.name)]
        if len(documents) > MAX_DOCUMENTS or not rasters:
            documents = [a for a in documents if a == delivery.named]
        for document in documents:
            content = read_document(document) or {}
            match = _ID.fullmatch(str(content.get("id")))
            if match is not None and _is_item(content):
                items.append(Item(document, content, match, _files(content, match["sensor"], beside)))
    return items


def _is_item(content: dict[str, Any]) -> bool:
    properties, assets = content.get("properties"), content.get("assets")
    return content.get("type") == "Feature" and isinstance(properties, dict) and isinstance(assets, dict)


def _files(content: dict[str, Any], sensor: str, beside: list[Asset]) -> dict[int | str, Asset]:
    """Find what lies beside an item: by the name in an asset's href, else by the asset's key."""
    here = {a.name.lower(): a for a in beside}
    files: dict[int | str, Asset] = {}
    for key, entry in content["assets"].items():
        layer = _layer(str(key), sensor)
        if layer is None:
            continue
        word = str(key).lower()
        endings = ("", ".tif", ".tiff")
        tried = [file_name(entry).lower()]
        tried += [f"{stem}{end}" for stem in (word, f"{content['id']}_{word}".lower()) for end in endings]
        found = next((here[n] for n in tried if n in here), None)
        if found is not None:
            files.setdefault(layer, found)
    return files


def _layer(key: str, sensor: str) -> int | str | None:
    """Return what an asset is by its key: a band's number, or the name of a mask or of a metadata file."""
    table = BANDS.get(sensor.upper(), {})
    word = re.sub(r"\.tiff?$", "", key, flags=re.IGNORECASE)
    if word.upper() in {"QA_PIXEL", "QA_RADSAT"}:
        return word.upper()
    if word.lower() in {"mtl.txt", "mtl.json", "mtl.xml"}:
        return word.upper()
    if band := _BAND.fullmatch(word):
        return int(band[1]) if int(band[1]) in table else None
    return next((n for n, (name, *_) in table.items() if name == _NAMES.get(word.lower())), None)
