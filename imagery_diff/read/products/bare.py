"""A raster that carries no product name: bands by their description or colour, values as they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagery_diff.errors import InputError
from imagery_diff.mark import ALTERED, ALTERED_TAG
from imagery_diff.read.raster import RasterSource, describe_bands, open_raster, raster_grid
from imagery_diff.scene import SceneInfo

if TYPE_CHECKING:
    from imagery_diff.read.assets import Asset

NO_CLOUD_MASK = "no cloud mask; cloud and its shadow may hide things here, or be taken for change"
SUFFIXES = frozenset({".tif", ".tiff"})
"""Of files in a folder that may be the image meant."""
_PRODUCT_TAG = "IMAGERY_DIFF_PRODUCT"


def open_bare(asset: Asset) -> SceneInfo:
    """Read what a raster says of itself.

    Raises
    ------
    InputError
        If it is no image of an allowed format, or is one of our results.

    """
    with open_raster(asset) as dataset:
        grid = raster_grid(asset, dataset)
        bands, indexes, caveats = describe_bands(asset, dataset)
        tags = dataset.tags()
        rendered = bool(tags.get("IMAGERY_DIFF_RENDERED"))
        altered = bool(tags.get(ALTERED_TAG))
        driver = dataset.driver
    if _PRODUCT_TAG in tags:
        raise InputError(
            f"{asset.name}: is a result of imagery-diff ({tags[_PRODUCT_TAG]!r}), not an image of a place; "
            "give the satellite images it was made from"
        )
    return SceneInfo(
        name=asset.name,
        grid=grid,
        bands=bands,
        source=RasterSource(asset=asset, indexes=indexes),
        product={"GTiff": "GeoTIFF", "JP2OpenJPEG": "JPEG 2000"}.get(driver, driver),
        why=f"a {driver} file whose name is none of a product's",
        simulated=rendered or altered,
        credit=ALTERED if altered and not rendered else None,
        files=(asset.file,),
        caveats=(
            *caveats,
            f"{asset.name}: time of the image is not known",
            f"{asset.name}: {NO_CLOUD_MASK}",
            f"{asset.name}: {ALTERED.lower()}" if altered else f"{asset.name}: credit unknown",
        ),
    )
