"""The one door to images: what a user gave is listed, each product is asked for its scenes, and one is opened."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from imagery_diff.errors import InputError
from imagery_diff.mark import carries_mark
from imagery_diff.read.assets import open_delivery
from imagery_diff.read.products import landsat, planet, sentinel2
from imagery_diff.read.products.bare import NO_CLOUD_MASK, SUFFIXES, open_bare

if TYPE_CHECKING:
    from pathlib import Path

    from imagery_diff.read.assets import Asset, Delivery
    from imagery_diff.read.products.found import Found
    from imagery_diff.scene import SceneInfo

__all__ = ["NO_CLOUD_MASK", "open_scene"]

_WINDOW_PX = 128
_MARKED = "its pixels carry the mark of a rendered image"
_PRODUCTS = (planet, sentinel2, landsat)


def open_scene(path: str | Path) -> SceneInfo:
    """Recognise an image, a folder or an archive as delivered, without reading its pixels.

    Parameters
    ----------
    path
        A GeoTIFF, JPEG 2000, PNG or JPEG, whose masks and metadata are found beside it by their names; or a folder, a
        zip or a tar of one scene as its provider delivers it.

    Raises
    ------
    InputNotFoundError
        If there is no such file.
    InputError
        If it is not an image of a format that is opened here, or not one scene.

    """
    delivery = open_delivery(path)
    found = [scene for product in _PRODUCTS for scene in product.find(delivery)]
    info = _open_named(delivery.named, found) if delivery.named else _open_whole(delivery, found)
    if not info.simulated and _carries_mark(info):
        # The tag was stripped and the file renamed; the pixels still say it.
        return replace(info, simulated=True, credit=None, caveats=(*info.caveats, f"{info.name}: {_MARKED}"))
    return info


def _open_named(named: Asset, found: list[Found]) -> SceneInfo:
    """Open the scene a file belongs to: as its image, or as its metadata."""
    for scene in found:
        if named in scene.images:
            return scene.open()
    planet.refuse_mask(named)
    described = sorted((s for s in found if named in s.others), key=lambda s: s.rank)
    if described:
        _refuse_several(named.name, described)
        return described[0].open()
    return open_bare(named)


def _refuse_several(name: str, found: list[Found]) -> None:
    """Refuse what is more than one scene, and name them."""
    scenes = sorted({scene.scene for scene in found})
    if len(scenes) > 1:
        some = ", ".join(scenes[:4]) + (", …" if len(scenes) > 4 else "")  # noqa: PLR2004 - enough to know them by
        raise InputError(f"{name}: holds {len(scenes)} images ({some}); exactly one is needed, name the file")


def _open_whole(delivery: Delivery, found: list[Found]) -> SceneInfo:
    """Open the one scene of a folder or an archive, the best product of it."""
    if not found:
        images = [a for a in delivery.assets if _may_be_image(a)]
        if len(images) != 1:
            raise InputError(
                f"{delivery.name}: the folder holds {len(images)} images; exactly one is needed, name the file"
            )
        return open_bare(images[0])
    _refuse_several(delivery.name, found)
    best, *rest = sorted(found, key=lambda s: s.rank)
    info = best.open()
    others = ", ".join(s.product for s in rest)
    return replace(info, notes=(*info.notes, f"taken before {others}")) if rest else info


def _may_be_image(asset: Asset) -> bool:
    name = asset.name.lower()
    return name.endswith(tuple(SUFFIXES)) and "udm" not in name


def _carries_mark(info: SceneInfo) -> bool:
    """Look for the mark of rendered images in up to five windows of the file's own numbers."""
    rows, cols = info.grid.shape
    side = min(_WINDOW_PX, rows, cols)
    spots = {(0.5, 0.5), (0.25, 0.25), (0.25, 0.75), (0.75, 0.25), (0.75, 0.75)}
    stored = getattr(info.source, "as_stored", None)
    source = stored() if stored else info.source
    for down, right in sorted(spots, key=lambda s: abs(s[0] - 0.5)):
        row, col = int(down * (rows - side)), int(right * (cols - side))
        if carries_mark(source.read(row, col, (side, side), (0,)).data):
            return True
    return False
