"""The files of a Sentinel-2 scene, gathered by ESA's names: inside a SAFE, or loose in one folder."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from imagery_diff.read.products.sentinel2 import names

if TYPE_CHECKING:
    from imagery_diff.read.assets import Asset, Delivery

_FOLDERS = ("IMG_DATA", "QI_DATA")
"""Inside a granule's folder."""


@dataclass
class Parts:
    """The files of one scene, sorted by what they are."""

    name: str
    scene: str
    level: str | None = None
    """By the names; the metadata say it too."""
    layers: dict[str, list[tuple[int, Asset]]] = field(default_factory=dict)
    """Layer -> resolution and file; bands, ``SCL``, ``CLD``, …"""
    product: Asset | None = None
    granule: Asset | None = None
    classi: Asset | None = None
    outlines: Asset | None = None
    others: tuple[Asset, ...] = ()
    first: names.Layer | None = None
    """What the first of its names says."""
    why: str = "names of Sentinel-2 bands"
    item: Asset | None = None
    """The STAC item."""

    def bands(self) -> dict[str, Asset]:
        """Return the finest file of every band that sees the ground."""
        return {b: min(self.layers[b])[1] for b in names.BAND_NAMES if b in self.layers}

    def add(self, layer: str, resolution: int | None, asset: Asset) -> None:
        """Note a raster."""
        self.layers.setdefault(layer, []).append((resolution or 0, asset))

    def take_metadata(self, products: list[Asset], granules: list[Asset]) -> None:
        """Note the product's XML and the granule's among these files, where it is clear which they are."""
        found = [a for a in products if names.PRODUCT_XML.fullmatch(a.name)]
        fitting = [a for a in found if (self.level or "") in a.name.upper()] or found
        tiles = [a for a in granules if names.GRANULE_XML.fullmatch(a.name)]
        self.product = fitting[0] if len(fitting) == 1 else None
        self.granule = tiles[0] if len(tiles) == 1 else None

    def take_masks(self, assets: list[Asset]) -> None:
        """Note the masks of QI_DATA among these files."""
        for asset in assets:
            upper = asset.name.upper()
            if "MSK_CLASSI" in upper and not upper.endswith(".GML"):
                self.classi = asset
            elif "MSK_CLDPRB" in upper:
                self.add("CLD", 60 if "60M" in upper else 20, asset)
            elif "MSK_CLOUDS" in upper and upper.endswith(".GML"):
                self.outlines = asset


def gather(delivery: Delivery) -> list[Parts]:
    """Gather what ESA's names say: granules of SAFEs, and loose bands of one tile and time in one folder."""
    groups: dict[tuple[str, str, str], Parts] = {}
    folders: dict[str, list[Asset]] = {}
    for asset in delivery.assets:
        folders.setdefault(asset.folder, []).append(asset)
        layer = names.parse(asset.name)
        if layer is None:
            continue
        granule = _granule_folder(asset)
        stem = layer.stem.removeprefix("L2A_").removeprefix("L1C_")
        key = (asset.folder, stem, layer.level) if granule is None else (granule, "", "")
        parts = groups.setdefault(key, Parts(name=names.safe_of(asset) or stem, scene=stem, first=layer))
        parts.add(layer.layer, layer.resolution, asset)
        if parts.level != "L2A":
            parts.level = layer.level
    tiles = Counter(_safe_folder(folder) for folder, stem, _ in groups if not stem)
    for (folder, stem, _), parts in groups.items():
        if stem:
            _add_beside(parts, folders[folder])
        else:
            _add_safe(parts, folder, folders, tiles[_safe_folder(folder)])
    # Of two processings of one scene the later name, which is the later one, is met first.
    return sorted(groups.values(), key=lambda p: p.name, reverse=True)


def _granule_folder(asset: Asset) -> str | None:
    """Return the folder above IMG_DATA or QI_DATA; None where the file lies in neither."""
    parts = asset.folder.split("/")
    cut = next((k for k, part in enumerate(parts) if part.upper() in _FOLDERS), None)
    return None if cut is None else "/".join(parts[:cut])


def _safe_folder(granule: str) -> str:
    """Return the folder of the SAFE a granule lies in: above GRANULE."""
    parts = granule.split("/")
    upper = [p.upper() for p in parts]
    return "/".join(parts[: upper.index("GRANULE")]) if "GRANULE" in upper else granule


def _add_beside(parts: Parts, beside: list[Asset]) -> None:
    """Find what lies beside loose bands: their masks by the same names, and metadata where there is but one."""
    parts.take_metadata(beside, beside)
    parts.take_masks(beside)
    parts.others = tuple(a for a in (parts.product, parts.granule) if a)


def _add_safe(parts: Parts, granule: str, folders: dict[str, list[Asset]], tiles: int) -> None:
    """Find what belongs to a granule of a SAFE: XML, masks, and everything else in it."""
    safe = _safe_folder(granule)
    parts.take_metadata(folders.get(safe, []), folders.get(granule, []))
    parts.take_masks(folders.get(f"{granule}/QI_DATA".lstrip("/"), []))
    parts.why = "names and metadata of a SAFE" if parts.product else "names inside a SAFE"
    above = granule if tiles > 1 else safe
    if not names.PRODUCT.match(parts.name) and granule:
        # Before 2016-12 a product held many tiles, and its name tells none.
        parts.name = granule.rsplit("/", maxsplit=1)[-1]
    inside = [
        a for folder, assets in folders.items() if f"{folder}/".startswith(f"{above}/") or not above for a in assets
    ]
    parts.others = tuple(dict.fromkeys([*inside, *([parts.product] if parts.product else [])]))
