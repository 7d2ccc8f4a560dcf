"""The one door to image files: each product module is asked whether a file is theirs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from imagery_diff.errors import InputError, InputNotFoundError
from imagery_diff.mark import ALTERED, ALTERED_TAG, carries_mark
from imagery_diff.read.products.planet import open_planet
from imagery_diff.read.raster import RasterSource, describe_bands, open_raster, raster_grid
from imagery_diff.scene import SceneInfo

_WINDOW_PX = 128
NO_CLOUD_MASK = "no cloud mask; cloud and its shadow may hide things here, or be taken for change"
_MARKED = "its pixels carry the mark of a rendered image"


def open_scene(path: str | Path) -> SceneInfo:
    """Recognise an image file without reading its pixels.

    Parameters
    ----------
    path
        A GeoTIFF, JPEG 2000, PNG or JPEG. Planet's masks and metadata are found beside it by their names.

    Raises
    ------
    InputNotFoundError
        If there is no such file.
    InputError
        If it is not an image of a format that is opened here.

    """
    path = Path(path)
    if path.is_dir():
        images = sorted(
            p for p in path.iterdir() if p.suffix.lower() in {".tif", ".tiff"} and "udm" not in p.name.lower()
        )
        if len(images) != 1:
            raise InputError(
                f"{path.name}: the folder holds {len(images)} images; exactly one is needed, name the file"
            )
        path = images[0]
    if not path.exists():
        raise InputNotFoundError(f"{path}: no such file; check the path")
    info = open_planet(path) or _open_bare(path)
    if not info.simulated and _carries_mark(info):
        # The tag was stripped and the file renamed; the pixels still say it.
        return replace(info, simulated=True, credit=None, caveats=(*info.caveats, f"{info.name}: {_MARKED}"))
    return info


def _carries_mark(info: SceneInfo) -> bool:
    """Look for the mark of rendered images in up to five windows of the file's own numbers."""
    rows, cols = info.grid.shape
    side = min(_WINDOW_PX, rows, cols)
    spots = {(0.5, 0.5), (0.25, 0.25), (0.25, 0.75), (0.75, 0.25), (0.75, 0.75)}
    source = replace(info.source, scale=1.0, mask=None) if isinstance(info.source, RasterSource) else info.source
    for down, right in sorted(spots, key=lambda s: abs(s[0] - 0.5)):
        row, col = int(down * (rows - side)), int(right * (cols - side))
        if carries_mark(source.read(row, col, (side, side), (0,)).data):
            return True
    return False


def _open_bare(path: Path) -> SceneInfo:
    """Open a raster that carries no product name: bands by their description, values as they stand."""
    with open_raster(path) as dataset:
        grid = raster_grid(path, dataset)
        bands, indexes, caveats = describe_bands(path, dataset)
        tags = dataset.tags()
        rendered = bool(tags.get("IMAGERY_DIFF_RENDERED"))
        altered = bool(tags.get(ALTERED_TAG))
        driver = dataset.driver
    if "IMAGERY_DIFF_PRODUCT" in tags:
        raise InputError(
            f"{path.name}: is a result of imagery-diff ({tags['IMAGERY_DIFF_PRODUCT']!r}), not an image of a place; "
            "give the satellite images it was made from"
        )
    return SceneInfo(
        name=path.name,
        grid=grid,
        bands=bands,
        source=RasterSource(path=path, indexes=indexes),
        product={"GTiff": "GeoTIFF", "JP2OpenJPEG": "JPEG 2000"}.get(driver, driver),
        simulated=rendered or altered,
        credit=ALTERED if altered and not rendered else None,
        files=(path,),
        caveats=(
            *caveats,
            f"{path.name}: time of the image is not known",
            f"{path.name}: {NO_CLOUD_MASK}",
            f"{path.name}: {ALTERED.lower()}" if altered else f"{path.name}: credit unknown",
        ),
    )
