"""Sentinel-2 as the open-data buckets of AWS hold it: sentinel-s2-l1c and sentinel-s2-l2a, by tile and day.

    tiles/15/R/TM/2017/1/14/0/B02.jp2         L1C; R10m/B02.jp2, R20m/SCL.jp2, … of L2A
                             /metadata.xml    ESA's tile metadata (MTD_TL.xml)
                             /tileInfo.json   productName, timestamp, utmZone, latitudeBand, gridSquare
                             /productInfo.json   name, datatakeIdentifier
                             /qi/…            MSK_CLOUDS_B00.gml, CLASSI_B00.jp2 since 04.00; of L2A CLD_20m.jp2
                             /preview/B02.jp2   a coarse copy

Names as in ``sentinelhub/aws/constants.py`` of https://github.com/sentinel-hub/sentinelhub-py and in real tileInfo.json
and productInfo.json that public repositories keep. The product's own XML lies elsewhere in the buckets, so the
processing baseline is taken from the product's name, else from the tile's.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from imagery_diff.errors import InputError
from imagery_diff.read.products.sentinel2 import names, scene
from imagery_diff.read.products.sentinel2.metadata import OF_A_USER, Facts, of_baseline, read_granule, time
from imagery_diff.read.products.sentinel2.parts import Parts
from imagery_diff.read.products.stac_items import read_document
from imagery_diff.scene import Orbit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from imagery_diff.read.assets import Asset, Delivery
    from imagery_diff.read.given import Given
    from imagery_diff.scene import SceneInfo

_BAND = re.compile(r"(B0[1-9]|B8A|B1[0-2]|SCL|TCI|AOT|WVP|VIS)\.jp2", re.IGNORECASE)
_RESOLUTION = re.compile(r"R(10|20|60)m", re.IGNORECASE)
_MASK = re.compile(r"(CLD_(?P<step>[26]0)m|CLASSI_B00)\.jp2|MSK_CLOUDS_B00\.gml", re.IGNORECASE)
_LATEST_SEEN = dt.timedelta(hours=1)
"""After the start of the data take, which a product's name tells; tiles are seen up to some 20 minutes after it."""
_METADATA = ("metadata.xml", "tileinfo.json", "productinfo.json")


@dataclass(frozen=True)
class _Tile:
    """What lies in a tile's folder."""

    parts: Parts
    told: dict[str, Asset]
    """Small letters -> its metadata."""

    def document(self, name: str) -> dict[str, Any]:
        """Return a JSON document; empty where there is none.

        Raises
        ------
        InputError
            If it cannot be read.

        """
        if name not in self.told:
            return {}
        found = read_document(self.told[name])
        if found is None:
            raise InputError(f"{self.told[name].name}: is no JSON that can be read; download it again")
        return found


def tiles(delivery: Delivery) -> Iterator[tuple[Parts, Callable[[Given], SceneInfo]]]:
    """Yield each tile of a delivery, and what opens it."""
    folders: dict[str, list[Asset]] = {}
    for asset in delivery.assets:
        folders.setdefault(asset.folder, []).append(asset)
    for folder, inside in folders.items():
        told = {a.name.lower(): a for a in inside if a.name.lower() in _METADATA}
        if not told:
            continue
        parts = Parts(name="", scene="", why="names and metadata of an AWS open-data tile")
        for part in ("", "R10m", "R20m", "R60m", "qi", "preview"):
            _take(parts, part, folders.get(f"{folder}/{part}".strip("/"), []))
        if not parts.bands():
            continue
        parts.granule = told.get("metadata.xml")
        parts.others = tuple(dict.fromkeys((*parts.others, *told.values())))
        tile = _Tile(parts, told)
        parts.name = parts.scene = _product(tile) or folder or inside[0].root.name
        yield parts, partial(_open, tile)


def _take(parts: Parts, part: str, assets: list[Asset]) -> None:
    """Note the files of one folder of a tile."""
    resolution = _RESOLUTION.fullmatch(part)
    for asset in assets:
        band, mask = _BAND.fullmatch(asset.name), _MASK.fullmatch(asset.name)
        if part == "preview":
            parts.others = (*parts.others, asset)
        elif band and part != "qi":
            parts.add(band[1].upper(), int(resolution[1]) if resolution else None, asset)
            parts.level = "L2A" if resolution else parts.level
        elif mask and part == "qi":
            parts.others = (*parts.others, asset)
            if mask["step"]:
                parts.add("CLD", int(mask["step"]), asset)
            elif asset.name.lower().endswith(".gml"):
                parts.outlines = asset
            else:
                parts.classi = asset


def _product(tile: _Tile) -> str | None:
    """Return the product's name, where a document tells one that is one."""
    for name, key in (("tileinfo.json", "productName"), ("productinfo.json", "name")):
        content = read_document(tile.told[name]) if name in tile.told else None
        match = names.PRODUCT.fullmatch(str((content or {}).get(key)))
        if match:
            return match[0]
    return None


def _open(tile: _Tile, given: Given) -> SceneInfo:
    """Read what a tile is.

    Raises
    ------
    InputError
        If its metadata are damaged, or of two levels.

    """
    parts = tile.parts
    info, product = tile.document("tileinfo.json"), tile.document("productinfo.json")
    stamp = info.get("timestamp")
    facts = Facts(acquired=time(tile.told["tileinfo.json"], stamp) if isinstance(stamp, str) else None)
    levels = {parts.level}
    caveats = []
    if named := names.PRODUCT.fullmatch(parts.name):
        levels.add(named["level"])
        if product and product.get("name") != parts.name:
            caveats.append(
                f"{parts.name}: {tile.told['productinfo.json'].name} is of another product, it is not used; check that "
                "the files are of one tile"
            )
            product = {}
        strip = names.strip_of(product.get("datatakeIdentifier"))
        facts = replace(
            facts,
            name=parts.name,
            platform=f"Sentinel-{named['mission'][1:]}",
            orbit=Orbit(relative=int(named["orbit"]), strip=strip),
        )
        facts = _with_baseline(facts, named["baseline"], "the product's name")
    if parts.granule is not None:
        own = read_granule(parts.granule)
        levels.add(own.level)
        facts = replace(facts, sun=own.sun, view=own.view, acquired=own.acquired or facts.acquired)
        if facts.offsets is None:
            facts = _with_baseline(facts, own.baseline, f"TILE_ID of {parts.granule.name}")
    if named and (wrong := _wrong_time(named["time"], facts.acquired)):
        caveats.append(f"{parts.name}: {wrong}")
    levels.discard(None)
    if len(levels) > 1:
        raise InputError(
            f"{parts.name}: its files are of {' and '.join(sorted(map(str, levels)))}; put each level into a folder of "
            "its own"
        )
    parts.level = levels.pop() if levels else None
    made = scene.make(parts, replace(facts, level=parts.level), given.offset)
    return replace(made, caveats=(*made.caveats, *caveats))


def _wrong_time(told: str, acquired: dt.datetime | None) -> str | None:
    """Say where the tile's time is not within its data take, by the name of the product."""
    start = names.time_of(told)
    if start is None or acquired is None or abs(acquired - start) <= _LATEST_SEEN:
        return None
    return (
        f"its metadata say it was taken at {acquired:%Y-%m-%d %H:%M} UTC, its product's name {start:%Y-%m-%d %H:%M}; "
        "check that the files are of one tile"
    )


def _with_baseline(facts: Facts, digits: str | None, where: str) -> Facts:
    """Add what a processing baseline, as ``0509``, does to the numbers; the buckets hold them as ESA made them."""
    baseline = int(digits) / 100 if digits else None
    if baseline is None or baseline >= OF_A_USER:
        return facts
    return replace(
        facts,
        baseline=baseline,
        offsets=of_baseline(baseline),
        why_offset=f"processing baseline {baseline:05.2f} of {where}",
    )
