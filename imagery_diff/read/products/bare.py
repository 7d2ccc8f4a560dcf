"""A raster that carries no product name: bands by their description or colour, values as they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagery_diff.errors import InputError
from imagery_diff.mark import ALTERED, ALTERED_TAG
from imagery_diff.read.raster import RasterSource, describe_bands, open_raster, raster_grid
from imagery_diff.scene import Band, SceneInfo

if TYPE_CHECKING:
    from imagery_diff.read.assets import Asset
    from imagery_diff.read.given import Given

SUFFIXES = frozenset({".tif", ".tiff"})
"""Of files in a folder that may be the image meant."""
_PRODUCT_TAG = "IMAGERY_DIFF_PRODUCT"


def open_bare(asset: Asset, given: Given) -> SceneInfo:
    """Read what a raster says of itself.

    Raises
    ------
    InputError
        If it is no image of an allowed format, is one of our results, or has not the bands that were asked for.

    """
    notes: tuple[str, ...] = ()
    with open_raster(asset) as dataset:
        grid = raster_grid(asset, dataset)
        if given.bands is None:
            bands, indexes, caveats = describe_bands(asset, dataset)
        else:
            bands, indexes = _as_given(asset, dataset.count, given.bands)
            caveats, notes = (), ("bands as given: " + ", ".join(f"{n}={k}" for n, k in given.bands.items()),)
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
        why="its first bytes; its name is none of a product's",
        simulated=rendered or altered,
        credit=ALTERED if altered and not rendered else None,
        files=(asset.file,),
        notes=notes,
        caveats=(*caveats, *((f"{asset.name}: {ALTERED.lower()}",) if altered else ())),
    )


def _as_given(asset: Asset, count: int, told: dict[str, int]) -> tuple[tuple[Band, ...], tuple[int, ...]]:
    """Name the bands as the user does."""
    most = max(told.values())
    if most > count:
        raise InputError(f"{asset.name}: band {most} was asked for, the file has {count}; count them from 1")
    return tuple(Band(name=name) for name in told), tuple(told.values())
