"""Sentinel-2 as a STAC item with its assets beside it: Earth Search (Element 84) and Planetary Computer (Microsoft).

Keys as in items of https://earth-search.aws.element84.com/v1 (collections sentinel-2-l2a, -c1-l2a, -l1c) and
https://planetarycomputer.microsoft.com/api/stac/v1 (sentinel-2-l2a). Nothing an item points at is fetched; of each
``href`` only the file name is used, and only where such a file lies beside the item.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imagery_diff.errors import InputError
from imagery_diff.geometry import Sun, View
from imagery_diff.read.products.sentinel2 import names
from imagery_diff.read.products.sentinel2.metadata import FIRST_WITH_OFFSET, OF_A_USER, Facts, of_baseline, time
from imagery_diff.read.products.stac_items import MAX_DOCUMENTS, file_name, is_document, read_document
from imagery_diff.read.xml import finite
from imagery_diff.scene import Orbit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imagery_diff.read.assets import Asset

_LAYERS = {
    "blue": "B02",
    "green": "B03",
    "red": "B04",
    "rededge1": "B05",
    "rededge2": "B06",
    "rededge3": "B07",
    "nir": "B08",
    "nir08": "B8A",
    "swir16": "B11",
    "swir22": "B12",
    "scl": "SCL",
} | {b.lower(): b for b in names.BAND_NAMES}
"""Key of an asset, small letters -> layer."""
_FILE = re.compile(rf"(?:.*[_.-])?(?:{'|'.join(_LAYERS)})(?:[_-](?:10|20|60)m)?\.(?:tiff?|jp2)", re.IGNORECASE)
_ENDINGS = (".tif", ".tiff", ".jp2")


@dataclass(frozen=True)
class Item:
    """A STAC item of a Sentinel-2 scene and the files of its that lie beside it."""

    asset: Asset
    content: dict[str, Any]
    files: dict[str, Asset]
    """Layer -> file: bands and ``SCL``."""
    granule: Asset | None
    """The tile's XML, where it was downloaded too."""

    @property
    def properties(self) -> dict[str, Any]:
        """Its properties."""
        found = self.content.get("properties")
        return found if isinstance(found, dict) else {}

    @property
    def id(self) -> str:
        """Its id, without what could not stand in a file's name."""
        return names.plain(str(self.content.get("id") or self.asset.name))


def find_items(assets: Iterable[Asset]) -> tuple[list[Item], list[Asset]]:
    """Find the items among files, and those JSON files that cannot be read.

    JSON is only looked into where something that may be a band lies in the same folder.
    """
    folders: dict[str, list[Asset]] = {}
    for asset in assets:
        folders.setdefault(asset.folder, []).append(asset)
    items, broken = [], []
    for beside in folders.values():
        rasters = [a for a in beside if _FILE.fullmatch(a.name)]
        documents = [a for a in beside if is_document(a)]
        if not rasters or len(documents) > MAX_DOCUMENTS:
            continue
        for document in documents:
            content = read_document(document)
            if content is None:
                broken.append(document)
            elif _is_item(content):
                files, granule = _files(content, beside)
                items.append(Item(document, content, files, granule))
    return items, broken


def _is_item(content: dict[str, Any]) -> bool:
    """Tell an item of Sentinel-2 from every other JSON."""
    properties, assets = content.get("properties"), content.get("assets")
    if content.get("type") != "Feature" or not isinstance(properties, dict) or not isinstance(assets, dict):
        return False
    told = [properties.get("constellation"), properties.get("platform"), content.get("collection")]
    by_name = any(isinstance(t, str) and t.lower().startswith("sentinel-2") for t in told)
    return by_name or any(str(k).startswith("s2:") for k in properties)


def _files(content: dict[str, Any], beside: list[Asset]) -> tuple[dict[str, Asset], Asset | None]:
    """Find what lies beside an item: by the name in an asset's href, else by the asset's key."""
    here = {a.name.lower(): a for a in beside}
    files: dict[str, Asset] = {}
    granule = None
    for key, entry in content["assets"].items():
        base = file_name(entry).lower()
        word = str(key).lower().removesuffix("-jp2")
        layer = _LAYERS.get(word)
        if layer is None:
            if word in {"granule_metadata", "granule-metadata"}:
                granule = here.get(base)
            continue
        stems = (word, layer.lower(), *(f"{str(content.get('id')).lower()}_{n}" for n in (word, layer.lower())))
        tried = [base, *(f"{stem}{ending}" for stem in stems for ending in _ENDINGS)]
        found = next((here[n] for n in tried if n in here), None)
        if found is not None:
            files.setdefault(layer, found)
    return files, granule


def facts_of(item: Item) -> Facts:
    """Return what an item tells of its scene.

    Raises
    ------
    InputError
        If its time or an angle is none.

    """
    told = item.properties
    number = {k: finite(v) for k, v in told.items()}.get
    uri = _text(told.get("s2:product_uri")) or item.id
    product = names.PRODUCT.search(uri)
    datatake = _text(told.get("s2:datatake_id"))
    acquired = time(item.asset, _text(told.get("datetime")))
    relative = number("sat:relative_orbit") or (float(product["orbit"]) if product else None)
    offsets, why = _offsets(item)
    try:
        sun, view = _sun(number), _view(number)
    except InputError as error:
        raise InputError(f"{item.asset.name}: {error}") from error
    return Facts(
        level=_level(item, uri),
        acquired=acquired,
        of_datatake=bool(acquired and datatake and f"{acquired:%Y%m%dT%H%M%S}" in datatake),
        sun=sun,
        view=view,
        platform=_platform(_text(told.get("platform"))),
        orbit=Orbit(
            relative=int(relative) if relative else None,
            direction=_text(told.get("sat:orbit_state")),
            strip=names.strip_of(datatake),
        ),
        name=item.id,
        baseline=number("s2:processing_baseline"),
        quantification=_quantification(item),
        offsets=offsets,
        why_offset=why,
        offsets_doubtful=bool(offsets and any(offsets.values())),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _platform(text: str | None) -> str | None:
    """Write the satellite as ESA does: Sentinel-2A."""
    return f"{text[:-1].capitalize()}{text[-1].upper()}" if text else None


def _level(item: Item, uri: str) -> str | None:
    """Return ``L1C`` or ``L2A``."""
    product_type = _text(item.properties.get("s2:product_type")) or ""
    told = [
        product_type.replace("S2MSI", "L"),
        uri.upper(),
        str(item.content.get("collection") or "").upper(),
        item.id.upper(),
    ]
    for text in told:
        for level in ("L1C", "L2A"):
            if level in text:
                return level
    return "L2A" if "SCL" in item.files else None


def _sun(number: Any) -> Sun | None:
    azimuth, elevation = number("view:sun_azimuth"), number("view:sun_elevation")
    if azimuth is None or elevation is None:
        zenith, azimuth = number("s2:mean_solar_zenith"), number("s2:mean_solar_azimuth")
        elevation = None if zenith is None else 90.0 - zenith
    return None if azimuth is None or elevation is None else Sun(azimuth_deg=azimuth, elevation_deg=elevation)


def _view(number: Any) -> View | None:
    incidence, azimuth = number("view:incidence_angle"), number("view:azimuth")
    return None if incidence is None or azimuth is None else View(off_nadir_deg=incidence, azimuth_deg=azimuth)


def _raster_band(item: Item, layer: str) -> dict[str, Any]:
    """Return what the item says of a band's raster; empty where it says nothing."""
    for key, entry in item.content["assets"].items():
        if _LAYERS.get(str(key).lower()) == layer and isinstance(entry, dict):
            bands = entry.get("raster:bands")
            if isinstance(bands, list) and bands and isinstance(bands[0], dict):
                return bands[0]
    return {}


def _quantification(item: Item) -> float:
    """Return what a reflectance of 1 is stored as."""
    scales = {finite(_raster_band(item, layer).get("scale")) for layer in item.files if layer != "SCL"} - {None}
    scale = scales.pop() if len(scales) == 1 else None
    return 1.0 / scale if scale is not None and scale > 0 else 10_000.0


def _offsets(item: Item) -> tuple[dict[str, float] | None, str]:
    """Return what is added to each band's numbers, and by which of the item's words.

    Earth Search's sentinel-2-l2a has the offset taken out of its pixels and says so by
    ``earthsearch:boa_offset_applied``, while ``raster:bands`` still lists it: the flag stands above the list. Where the
    flag is false or missing, the offset is still in the pixels of baseline 04.00 and later (Earth Search's
    sentinel-2-c1-l2a, Planetary Computer).
    """
    if item.properties.get("earthsearch:boa_offset_applied") is True:
        return dict.fromkeys(names.BAND_IDS, 0.0), "earthsearch:boa_offset_applied: it was taken out already"
    baseline = finite(item.properties.get("s2:processing_baseline"))
    quantification = _quantification(item)
    listed = {
        layer: offset * quantification
        for layer in item.files
        if layer != "SCL" and (offset := finite(_raster_band(item, layer).get("offset"))) is not None
    }
    if baseline is not None and baseline < OF_A_USER:
        by_rule = of_baseline(baseline)
        told = listed if baseline >= FIRST_WITH_OFFSET and any(listed.values()) else {}
        return by_rule | told, f"s2:processing_baseline {baseline:05.2f}" + (" and raster:bands" if told else "")
    if listed:
        return dict.fromkeys(names.BAND_IDS, 0.0) | listed, "raster:bands"
    return None, ""
