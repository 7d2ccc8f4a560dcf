"""A raster that carries no product name: bands by description or colour, values as they stand; and bare pictures."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from imagery_diff.errors import InputError
from imagery_diff.mark import ALTERED, ALTERED_TAG
from imagery_diff.read import georeference
from imagery_diff.read.given import not_used
from imagery_diff.read.graphics import DrawnMask
from imagery_diff.read.products.found import provenance
from imagery_diff.read.raster import RasterSource, describe_bands, open_raster, raster_grid
from imagery_diff.scene import Band, Level, SceneInfo, guessed_scale

if TYPE_CHECKING:
    from imagery_diff.grid import Grid
    from imagery_diff.read.assets import Asset
    from imagery_diff.read.georeference import Placement
    from imagery_diff.read.given import Given

SUFFIXES = frozenset({".tif", ".tiff", ".jp2", ".png", ".jpg", ".jpeg"})
"""Of files in a folder that may be the image meant."""
OF_BARE = frozenset({"bands", "crs"})
"""What is made use of that a user says of it (``Given``)."""
_PRODUCT_TAG = "IMAGERY_DIFF_PRODUCT"
_PICTURES = frozenset({"PNG", "JPEG"})
"""Formats in which no provider delivers what its satellite measured."""
_MAX_PICTURE_PX = 60_000_000
"""A picture is read whole once, to find what was drawn on it."""
_TIME_TAGS = ("ACQUISITIONDATETIME", "acquisition_datetime", "acquired", "datetime")
"""Tags in which programs keep when an image was taken, ISO 8601; TIFF's own DateTime is when the file was written."""
_SAMPLE_PX = 256
_TIME_IN_NAME = re.compile(
    r"(?<!\d)(20\d\d)-?([01]\d)-?([0-3]\d)[T_ -]?([0-2]\d)[:h-]?([0-5]\d)(?:[:m-]?([0-5]\d))?Z?(?!\d)"
)
"""Day and time as people and programs write them; read as UTC, which is a guess."""


@dataclass(frozen=True, kw_only=True)
class _File:
    """What the file says of itself."""

    grid: Grid
    bands: tuple[Band, ...]
    indexes: tuple[int, ...]
    tags: dict[str, str]
    driver: str
    dtype: str
    placement: Placement | None
    notes: tuple[str, ...]
    caveats: tuple[str, ...]

    @property
    def picture(self) -> bool:
        """Whether it is a picture of an image rather than an image."""
        return self.driver in _PICTURES


def open_bare(asset: Asset, given: Given) -> SceneInfo:
    """Read what a raster says of itself.

    Raises
    ------
    InputError
        If it is no image of an allowed format, is one of our results, or has not the bands that were asked for.

    """
    file = _read(asset, given)
    if _PRODUCT_TAG in file.tags:
        raise InputError(
            f"{asset.name}: is a result of imagery-diff ({file.tags[_PRODUCT_TAG]!r}), not an image of a place; "
            "give the satellite images it was made from"
        )
    place = file.placement
    moment, told_by = _time_of(asset.name, file.tags)
    source = RasterSource(
        asset=asset,
        indexes=file.indexes,
        placed=file.grid if place else None,
        mask=DrawnMask(asset, file.indexes) if file.picture and file.dtype == "uint8" else None,
    )
    names = {"GTiff": "GeoTIFF", "JP2OpenJPEG": "JPEG 2000"}
    return SceneInfo(
        name=asset.name,
        grid=file.grid,
        bands=file.bands,
        source=source,
        product=f"picture ({file.driver})" if file.picture else names.get(file.driver, file.driver),
        why="its first bytes; its name is none of a product's",
        level=Level.DISPLAY if file.picture and file.dtype == "uint8" else Level.NUMBERS,
        acquired=moment,
        time_source=told_by,
        secondary=file.picture,
        placement_rms_m=place.rms_px * max(file.grid.pixel_size_m) if place and place.rms_px is not None else None,
        **provenance(file.tags, None),
        files=(asset.file, *(a.file for a in place.files)) if place else (asset.file,),
        notes=(
            *file.notes,
            *(_placement_words(place, file.grid) if place else ()),
            *_guessed_scale(source, file),
        ),
        caveats=(*file.caveats, *_caveats(asset, file, told_by)),
    )


def _read(asset: Asset, given: Given) -> _File:
    """Open the file and what lies beside it."""
    notes: tuple[str, ...] = ()
    with open_raster(asset) as dataset:
        grid = raster_grid(asset, dataset)
        if given.bands is None:
            bands, indexes, caveats = describe_bands(asset, dataset)
        else:
            bands, indexes = _as_given(asset, dataset.count, given.bands)
            caveats, notes = (), ("bands as given: " + ", ".join(f"{n}={k}" for n, k in given.bands.items()),)
        found = _placement(asset, dataset, given) if grid.crs is None else None
        placement = None if isinstance(found, str) else found
        caveats = (*caveats, f"{asset.name}: {found}") if isinstance(found, str) else caveats
        if given.crs and (grid.crs is not None or placement is None):
            notes = (*notes, not_used("crs"))
        if dataset.driver in _PICTURES and grid.shape[0] * grid.shape[1] > _MAX_PICTURE_PX:
            raise InputError(
                f"{asset.name}: a picture of more than {_MAX_PICTURE_PX / 1e6:g} million pixels; cut out the place"
            )
        return _File(
            grid=replace(grid, crs=placement.crs, transform=placement.transform) if placement else grid,
            bands=bands,
            indexes=indexes,
            tags=dataset.tags(),
            driver=dataset.driver,
            dtype=dataset.dtypes[0],
            placement=placement,
            notes=notes,
            caveats=caveats,
        )


def _placement(asset: Asset, dataset: Any, given: Given) -> Placement | str | None:
    """Find where a raster lies that does not say it in the usual way, or what is lacking for it."""
    crs = georeference.checked_crs("--crs", given.crs) if given.crs else None
    points, system = dataset.gcps
    if points:
        return georeference.of_control_points(asset.name, points, system or crs)
    if crs is not None and not dataset.transform.is_identity:
        how = f"its own transform, in {given.crs} as given"
        return georeference.Placement(crs=crs, transform=dataset.transform, how=how)
    return georeference.beside(asset, crs)


def _placement_words(place: Placement, grid: Grid) -> tuple[str, ...]:
    """Say how a picture was placed."""
    if place.rms_px is None:
        return (f"placed by {place.how}",)
    return (
        f"placed by {place.how}: they disagree by {place.rms_px * max(grid.pixel_size_m):.3g} m (root mean square)",
    )


def _as_given(asset: Asset, count: int, told: dict[str, int]) -> tuple[tuple[Band, ...], tuple[int, ...]]:
    """Name the bands as the user does."""
    most = max(told.values())
    if most > count:
        raise InputError(f"{asset.name}: band {most} was asked for, the file has {count}; count them from 1")
    return tuple(Band(name=name) for name in told), tuple(told.values())


def _time_of(name: str, tags: dict[str, str]) -> tuple[dt.datetime | None, str | None]:
    """Read when an image was taken, from its tags or else from its name; and where that stands."""
    for tag in _TIME_TAGS:
        try:
            moment = dt.datetime.fromisoformat(tags.get(tag, "").strip())
        except ValueError:
            continue
        if moment.tzinfo is not None:
            return moment.astimezone(dt.UTC), f"tag {tag}"
        return moment.replace(tzinfo=dt.UTC), f"tag {tag}, guessed to be UTC"
    match = _TIME_IN_NAME.search(name)
    try:
        parts = [int(part or 0) for part in match.groups()] if match else []
        found = dt.datetime(*parts, tzinfo=dt.UTC) if parts else None  # type: ignore[arg-type, misc] # year to second
    except ValueError:
        found = None
    return found, "file name, guessed to be UTC" if found else None


def _guessed_scale(source: RasterSource, file: _File) -> tuple[str, ...]:
    """Say what the numbers look like; they are compared as they stand, whatever they are."""
    if file.picture or file.dtype == "uint8":
        return () if file.picture else ("8-bit numbers, as of a stretched picture",)
    rows, cols = file.grid.shape
    side = min(_SAMPLE_PX, rows, cols)
    scene = source.read((rows - side) // 2, (cols - side) // 2, (side, side), (len(file.indexes) // 2,))
    values = scene.data[0][~scene.unseen]
    if not values.size:
        return ()
    middle, factor = float(np.median(values)), guessed_scale(values)
    if factor is None:
        return (f"numbers of about {middle:.3g}, of no scale that is known; compared as they stand",)
    times = "" if factor == 1.0 else f" times {factor:g}"
    return (f"numbers of about {middle:.3g} look like reflectance{times}; compared as they stand",)


def _caveats(asset: Asset, file: _File, told_by: str | None) -> list[str]:
    """Say what about the file is doubtful."""
    found = []
    if file.picture:
        found.append(
            f"{asset.name}: secondary copy, a picture of an image and not the image as delivered: what was done to it "
            "is not known, and no probability is given"
        )
    if told_by is not None and "guessed" in told_by:
        found.append(f"{asset.name}: its time is a guess ({told_by})")
    if file.tags.get(ALTERED_TAG):
        found.append(f"{asset.name}: {ALTERED.lower()}")
    return found
