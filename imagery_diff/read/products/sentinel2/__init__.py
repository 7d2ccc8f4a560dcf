"""Sentinel-2 L1C and L2A as delivered: SAFE, zip, loose bands, a stack, AWS's tiles, or a STAC item's assets."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from imagery_diff.errors import InputError
from imagery_diff.read.products.bare import OF_BARE
from imagery_diff.read.products.found import Found
from imagery_diff.read.products.sentinel2 import aws, names, scene, stac
from imagery_diff.read.products.sentinel2.metadata import read_facts, read_granule
from imagery_diff.read.products.sentinel2.parts import Parts, gather
from imagery_diff.scene import Orbit

if TYPE_CHECKING:
    from collections.abc import Callable

    from imagery_diff.read.assets import Asset, Delivery
    from imagery_diff.read.given import Given
    from imagery_diff.read.products.sentinel2.stac import Item
    from imagery_diff.scene import SceneInfo

_FEWEST_LOOSE = 2
"""Files called like bands (B02.tif) that are a scene together without anything else that says so."""


def find(delivery: Delivery) -> list[Found]:
    """Return the Sentinel-2 scenes of a delivery."""
    scenes = gather(delivery)
    taken = {a for parts in scenes for pairs in parts.layers.values() for _, a in pairs}
    found = [_found(parts, partial(_open, parts)) for parts in scenes if parts.bands()]
    found += [_found(parts, opened) for parts, opened in aws.tiles(delivery)]
    free = [a for a in delivery.assets if a not in taken]
    items, broken = stac.find_items(a for a in delivery.assets if names.safe_of(a) is None)
    for item in items:
        if not item.files and delivery.named != item.asset:
            continue
        found = [f for f in found if not set(f.images) & set(item.files.values())]
        found.append(_found_item(item, items))
    claimed = {a for f in found for a in (*f.images, *f.others)}
    found += _loose([a for a in free if a not in claimed], broken)
    found += [
        Found(
            scene=match.group(),
            product=f"Sentinel-2 {match['level']} stack",
            rank=5,
            images=(asset,),
            open=partial(scene.open_stack, asset),
            uses=frozenset({"offset", *OF_BARE}),
        )
        for asset in free
        if asset not in claimed and (match := names.PRODUCT.match(asset.name)) and _is_tif(asset)
    ]
    return found


def _is_tif(asset: Asset) -> bool:
    return asset.name.lower().endswith((".tif", ".tiff"))


def _found(parts: Parts, opened: Callable[[Given], SceneInfo], rank: int | None = None) -> Found:
    bands = parts.bands()
    rasters = tuple(a for pairs in parts.layers.values() for _, a in pairs if a not in set(bands.values()))
    return Found(
        scene=parts.scene,
        product=f"Sentinel-2 {parts.level or 'bands'}",
        rank=(0 if parts.level == "L2A" else 1) if rank is None else rank,
        images=tuple(bands.values()),
        others=tuple(dict.fromkeys((*rasters, *parts.others))),
        masks=tuple(a for layer in ("SCL", "CLD") for _, a in parts.layers.get(layer, ())),
        open=opened,
        uses=frozenset({"offset"}),
    )


def _found_item(item: Item, items: list[Item]) -> Found:
    """Make a scene of a STAC item."""
    rivals = [i for i in items if i is not item and set(i.files.values()) & set(item.files.values())]
    parts = Parts(name=item.id, scene=item.id, why="a STAC item with its assets beside it", level=None)
    for layer, asset in item.files.items():
        parts.add(layer, None, asset)
    parts.granule, parts.item = item.granule, item.asset
    parts.others = tuple(a for a in (item.asset, item.granule) if a)
    found = _found(parts, partial(_open_item, item, parts), rank=0)
    if not rivals:
        return replace(found, product="Sentinel-2, STAC item")
    return replace(found, open=partial(_refuse_rivals, item, rivals[0]))


def _refuse_rivals(item: Item, rival: Item, _given: Given) -> SceneInfo:
    raise InputError(
        f"{item.asset.name}: {rival.asset.name} claims the same bands; put each item into a folder of its own, "
        "with its bands"
    )


def _loose(assets: list[Asset], broken: list[Asset]) -> list[Found]:
    """Make a scene of files called B02.tif, B03.tif, … that lie in one folder without an item."""
    folders: dict[str, Parts] = {}
    for asset in assets:
        stem = asset.name.rsplit(".", 1)[0].upper()
        if stem in {*names.BAND_IDS, "SCL"} and asset.name.lower().endswith((".tif", ".tiff", ".jp2")):
            name = asset.folder.split("/")[-1] or asset.root.name
            parts = folders.setdefault(asset.folder, Parts(name=name, scene=asset.folder or name))
            parts.add(stem, None, asset)
    found = []
    for folder, parts in folders.items():
        if len(parts.bands()) < _FEWEST_LOOSE:
            continue
        parts.level = "L2A" if "SCL" in parts.layers else "L1C" if "B10" in parts.layers else None
        beside = [a for a in broken if a.folder == folder]
        opened = partial(_refuse_broken, beside[0]) if beside else partial(_open, parts)
        found.append(_found(parts, opened, rank=3))
    return found


def _refuse_broken(asset: Asset, _given: Given) -> SceneInfo:
    raise InputError(
        f"{asset.name}: is no JSON that can be read, and may tell what the bands beside it are; download it again"
    )


def _open(parts: Parts, given: Given) -> SceneInfo:
    """Read what a scene of ESA's names is.

    Raises
    ------
    InputError
        If a file is damaged or belongs to another scene, or nothing tells what its numbers mean.

    """
    facts = read_facts(parts.product, parts.granule)
    named = names.PRODUCT.match(facts.name or "")
    layer = parts.first
    if named and layer and (named["tile"] != layer.tile or (layer.time and names.time_of(named["time"]) != layer.time)):
        product = parts.product.name if parts.product else ""
        raise InputError(
            f"{product}: is of {facts.name}, the bands beside it are of {layer.stem}; put each scene into a folder "
            "of its own"
        )
    if facts.level and parts.level and facts.level != parts.level:
        raise InputError(
            f"{parts.name}: its metadata are of {facts.level}, its bands of {parts.level}; download it again"
        )
    told = names.PRODUCT.match(parts.name)
    if parts.product is None and told:
        platform, orbit = f"Sentinel-{told['mission'][1:]}", Orbit(relative=int(told["orbit"]))
        facts = replace(facts, platform=platform, orbit=orbit)
    if facts.acquired is None and layer is not None and layer.time is not None:
        facts = replace(facts, acquired=layer.time, of_datatake=True)
        return scene.make(parts, facts, given.offset, "file name")
    return scene.make(parts, facts, given.offset)


def _open_item(item: Item, parts: Parts, given: Given) -> SceneInfo:
    """Read what a STAC item's scene is.

    Raises
    ------
    InputError
        If none of its bands lies beside it, or one is damaged.

    """
    if not parts.bands():
        raise InputError(
            f"{item.asset.name}: is a STAC item, but none of its bands lies beside it; download its assets into its "
            "folder"
        )
    facts = stac.facts_of(item)
    if item.granule is not None:
        tile = read_granule(item.granule)
        facts = replace(facts, sun=tile.sun or facts.sun, view=tile.view or facts.view)
        if tile.acquired is not None:
            facts = replace(facts, acquired=tile.acquired, of_datatake=False)
    return scene.make(parts, facts, given.offset)
