"""Planet's orthorectified products as delivered: PlanetScope, SkySat and composites; alone, in a folder, in a zip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagery_diff.errors import InputError
from imagery_diff.read.products.planet import composite, names, opening

if TYPE_CHECKING:
    from imagery_diff.read.assets import Asset, Delivery
    from imagery_diff.read.products.found import Found


def find(delivery: Delivery) -> list[Found]:
    """Return the scenes of Planet's in a delivery, every product of each.

    A composite stands for the scenes it was made of, where they came with it.
    """
    return composite.find(delivery) or opening.find(delivery)


def refuse_companion(asset: Asset) -> None:
    """Refuse a mask that was given as an image, and metadata whose image is not there.

    Raises
    ------
    InputError
        If the name is that of a mask or of metadata.

    """
    name = names.parse(asset.name)
    told = names.METADATA.match(asset.name)
    if told is not None:
        raise InputError(
            f"{asset.name}: is Planet's metadata of scene {told['id']}, whose image is not beside it; put the image "
            f"({told['id']}_…_AnalyticMS….tif or the like) there, or give its folder"
        )
    if (name is not None and name.is_mask) or names.COMPOSITE_MASK.fullmatch(asset.name):
        raise InputError(
            f"{asset.name}: is a mask, not an image; give the image beside it, the mask is found by its name"
        )
