"""An image of a comparison as the comparison saw it, on its grid, as a cloud-optimised GeoTIFF."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from rasterio.enums import ColorInterp, Resampling

import imagery_diff
from imagery_diff.mark import ALTERED, ALTERED_TAG, stamp_floats
from imagery_diff.result import SCHEMA_VERSION, iso
from imagery_diff.write.cog import NODATA, PRODUCT_TAG, RENDERED_TAG, cloud_optimised, overviews, statistics_tags
from imagery_diff.write.words import RENDERED, clean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from rasterio.io import MemoryFile

    from imagery_diff.grid import Grid
    from imagery_diff.scene import SceneInfo

    Floats = NDArray[np.float32]

_COLOURS = {"red": ColorInterp.red, "green": ColorInterp.green, "blue": ColorInterp.blue}


@dataclass(frozen=True, kw_only=True, eq=False)
class Aligned:
    """An image as it was moved onto the grid of a comparison."""

    role: str
    """``before`` or ``after``."""
    info: SceneInfo
    names: tuple[str, ...]
    """Of its bands."""
    data: Floats = field(repr=False)
    """(band, row, col) in the units of the image; NaN where it shows nothing."""
    grid: Grid
    moved_px: tuple[float, float]
    """By how many rows (down) and columns (right) what it shows was moved: half the shift."""
    run: Mapping[str, Any]
    """``content_sha256`` of the comparison, and ``aoi``, its name."""


def aligned_tif(image: Aligned) -> bytes:
    """Return the image: float32 in its own units, nothing as NaN, bands by name; overviews are means.

    A rendered image keeps its mark (:func:`imagery_diff.mark.stamp_floats`), for which its numbers are rounded.
    """
    data = stamp_floats(image.data) if image.info.simulated and not _altered(image.info) else image.data
    return cloud_optimised(image.grid.shape, lambda plain: _write_plain(plain, image, data))


def _altered(info: SceneInfo) -> bool:
    return (info.credit or "").startswith(ALTERED)


def _write_plain(target: MemoryFile, image: Aligned, data: Floats) -> None:
    grid = image.grid
    profile: dict[str, Any] = {
        "driver": "GTiff",
        "count": len(data),
        "height": grid.shape[0],
        "width": grid.shape[1],
        "dtype": "float32",
        "nodata": np.nan,
        "crs": grid.crs,
        "transform": grid.transform,
    }
    with target.open(**profile) as dataset:
        for number, band in enumerate(data, start=1):
            dataset.write(band, number)
            dataset.update_tags(number, **statistics_tags(np.nan_to_num(band, nan=NODATA)))
        dataset.descriptions = tuple(clean(name) for name in image.names)
        dataset.units = (image.info.units,) * len(data)
        grey = ColorInterp.gray if len(data) == 1 else ColorInterp.undefined
        dataset.colorinterp = [_COLOURS.get(name, grey) for name in image.names]
        dataset.update_tags(**_tags(image))
        dataset.build_overviews(overviews(grid.shape), Resampling.average)


def _tags(image: Aligned) -> dict[str, str]:
    info, (rows, cols) = image.info, image.moved_px
    told = clean(info.credit or "") or f"{clean(info.name)}: credit unknown"
    tags = {
        PRODUCT_TAG: f"aligned {image.role} image",
        "IMAGERY_DIFF_SCHEMA_VERSION": SCHEMA_VERSION,
        "TIFFTAG_SOFTWARE": "imagery_diff",
        "TIFFTAG_IMAGEDESCRIPTION": f"The {image.role} image of a comparison, moved onto its grid; not as delivered",
        "IMAGERY_DIFF_VERSION": imagery_diff.__version__,
        "IMAGERY_DIFF_AOI": clean(str(image.run["aoi"])),
        "IMAGERY_DIFF_IMAGE": clean(f"{info.name}, {iso(info.acquired) or 'time not known'}"),
        "IMAGERY_DIFF_LEVEL": str(info.level),
        "IMAGERY_DIFF_MOVED_PX": f"{rows:g} rows down, {cols:g} columns right",
        "IMAGERY_DIFF_RUN_SHA256": str(image.run["content_sha256"]),
    }
    if info.licence:
        tags["IMAGERY_DIFF_LICENCE"] = clean(info.licence)
    if info.simulated:
        told = ALTERED if _altered(info) else RENDERED
        tags[ALTERED_TAG if _altered(info) else RENDERED_TAG] = told
    return tags | {"TIFFTAG_COPYRIGHT": told}
