"""Cloud-optimised GeoTIFFs: evidence.tif, how strongly every pixel differs and why some say nothing; other images."""

from __future__ import annotations

import math
import uuid
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
import rasterio.shutil
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile

import imagery_diff
from imagery_diff.result import SCHEMA_VERSION, iso
from imagery_diff.scene import Flag
from imagery_diff.write.words import clean, stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from imagery_diff.result import Comparison
    from imagery_diff.scene import SceneInfo

NODATA = -9999.0
"""Score where change was not looked for: unseen ground, a kind of ground too scarce to weigh. Flags never have it."""
PRODUCT_TAG = "IMAGERY_DIFF_PRODUCT"
"""A file with this tag is a result, never a scene."""
RENDERED_TAG = "IMAGERY_DIFF_RENDERED"
BLOCK_PX = 512
_OTHER_BLOCK_PX = 384
_MANTISSA_BITS, _KEPT_BITS = 23, 13
"""Of a score's binary places behind the first, what a float32 has and what is written: to 6e-5 of it. ``NODATA`` and
whole numbers up to 16384 stay what they are."""


@contextmanager
def maybe_unreferenced() -> Iterator[None]:
    """Let rasters without georeference be written without a warning; not in one of several threads, which share it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield


def evidence_tif(result: Comparison) -> bytes:
    """Return evidence.tif: band 1 the score, band 2 the flags of either date (bits of ``Flag``), both float32.

    One data type, because a GeoTIFF has one; flags up to 255 are exact in float32. Overviews take the nearest pixel,
    since a mean of flag bits means nothing. In any thread, within :func:`maybe_unreferenced`.
    """
    return cloud_optimised(result.grid.shape, lambda plain: _write_plain(plain, result))


def cloud_optimised(shape: tuple[int, int], write: Callable[[MemoryFile], None]) -> bytes:
    """Return as a cloud-optimised GeoTIFF what ``write`` writes as a plain one of floats with its overviews."""
    with (
        rasterio.Env(GDAL_PAM_ENABLED="NO", GDAL_CACHEMAX=128),
        MemoryFile() as plain,
        MemoryFile(filename=f"{uuid.uuid4().hex}.tif") as cloud,
    ):
        write(plain)
        rasterio.shutil.copy(
            plain.name,
            cloud.name,
            driver="COG",
            BLOCKSIZE=str(block_of(shape)),
            COMPRESS="DEFLATE",
            PREDICTOR="FLOATING_POINT",
            OVERVIEW_COMPRESS="DEFLATE",
            BIGTIFF="IF_SAFER",
            # Of the numbers' noise nothing is won by trying harder; two threads write the same bytes as one.
            LEVEL="1",
            NUM_THREADS="2",
        )
        content: bytes = cloud.read()
    return content


def block_of(shape: tuple[int, int]) -> int:
    """Return the side of the blocks of an image: never its own or an overview's width, which would pass for strips."""
    widths = {-(-shape[1] // step) for step in (1, *overviews(shape))}
    return _OTHER_BLOCK_PX if BLOCK_PX in widths else BLOCK_PX


def overviews(shape: tuple[int, int]) -> list[int]:
    """Return how many pixels a side each overview takes for one, until all is one block."""
    return [2**level for level in range(1, math.ceil(math.log2(max(*shape, BLOCK_PX) / BLOCK_PX)) + 1)]


def score(result: Comparison) -> NDArray[np.float32]:
    """(row, col), strength of the evidence; ``NODATA`` where change was not looked for."""
    layers = result.layers
    known = (layers.level > 0) & np.isfinite(layers.strength)
    return np.where(known, layers.strength, np.float32(NODATA)).astype(np.float32)


def _four_figures(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Round to so many binary places that four figures stay; the rest is noise, and twice the file."""
    last = 1 << (_MANTISSA_BITS - _KEPT_BITS)
    bits = values.view(np.int32) + np.int32(last // 2)
    bits &= np.int32(-last)
    return bits.view(np.float32)


def _write_plain(target: MemoryFile, result: Comparison) -> None:
    """Write the pixels and everything that must travel with them; GDAL's COG driver copies both."""
    grid = result.grid
    profile: dict[str, Any] = {
        "driver": "GTiff",
        "count": 2,
        "height": grid.shape[0],
        "width": grid.shape[1],
        "dtype": "float32",
        "nodata": NODATA,
        "crs": grid.crs,
        "transform": grid.transform,
    }
    with target.open(**profile) as dataset:
        values = _four_figures(score(result))
        dataset.write(values, 1)
        dataset.write(result.layers.flags.astype(np.float32), 2)
        dataset.update_tags(1, **statistics_tags(values))
        dataset.descriptions = ("score", "flags")
        dataset.units = ("spreads of unchanged ground", "bits")
        dataset.update_tags(**_tags(result))
        flags = statistics_tags(result.layers.flags)
        dataset.update_tags(2, **{f.name or "": str(f.value) for f in Flag}, **flags)
        # The COG driver takes them as they are; those it makes itself it packs twice, which is most of its time.
        dataset.build_overviews(overviews(grid.shape), Resampling.nearest)


def statistics_tags(values: NDArray[Any]) -> dict[str, str]:
    """Return the statistics of a band as GDAL keeps them, so that no program must write them into a file beside it.

    Parameters
    ----------
    values
        (row, col); ``NODATA`` is left out.

    """
    count, total, squares, low, high = 0, 0.0, 0.0, math.inf, -math.inf
    for top in range(0, len(values), BLOCK_PX):
        rows = values[top : top + BLOCK_PX]
        block = rows[rows != NODATA].astype(np.float64)
        if block.size:
            count, total, squares = count + block.size, total + block.sum(), squares + float((block * block).sum())
            low, high = min(low, float(block.min())), max(high, float(block.max()))
    if not count:
        return {}
    mean = total / count
    spread = math.sqrt(max(0.0, squares / count - mean * mean))
    told = {"MINIMUM": low, "MAXIMUM": high, "MEAN": mean, "STDDEV": spread, "VALID_PERCENT": 100 * count / values.size}
    return {f"STATISTICS_{name}": f"{value:.6g}" for name, value in told.items()}


def _made_of(info: SceneInfo) -> str:
    """Name an image and its moment."""
    return clean(f"{info.name}, {iso(info.acquired) or 'time not known'}")


def _tags(result: Comparison) -> dict[str, str]:
    tags = {
        PRODUCT_TAG: "evidence",
        "IMAGERY_DIFF_SCHEMA_VERSION": SCHEMA_VERSION,
        "TIFFTAG_SOFTWARE": "imagery_diff",
        "TIFFTAG_IMAGEDESCRIPTION": "Result of imagery_diff, not an image: band 1 score, band 2 flags",
        "TIFFTAG_COPYRIGHT": clean(result.credit),
        "IMAGERY_DIFF_VERSION": imagery_diff.__version__,
        "IMAGERY_DIFF_AOI": clean(result.name),
        "IMAGERY_DIFF_BEFORE": _made_of(result.before),
        "IMAGERY_DIFF_AFTER": _made_of(result.after),
    }
    if result.simulated:
        tags[RENDERED_TAG] = stamp(result)
    return tags
