"""Raster files of any origin -> SceneInfo, and their pixels by window.

Files are hostile until parsed: only drivers on a list are tried (a VRT can read local files and call home), no
sidecar that GDAL would look for by itself is opened, and a file that breaks off ends in one clear line.
"""

from __future__ import annotations

import logging
import re
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import rasterio
from rasterio._err import CPLE_BaseError
from rasterio.enums import ColorInterp, Interleaving
from rasterio.errors import CRSError, NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window
from scipy import ndimage

from imagery_diff import threads
from imagery_diff.errors import InputError, InputNotFoundError
from imagery_diff.grid import Grid, known_crs
from imagery_diff.read.assets import Asset
from imagery_diff.read.remote import RemoteStream, remote
from imagery_diff.scene import Band, Flag, Scene

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

_MAGIC = {
    b"II*\0": "GTiff",
    b"MM\0*": "GTiff",
    b"II+\0": "GTiff",
    b"MM\0+": "GTiff",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"\0\0\0\x0cjP  ": "JP2OpenJPEG",
    b"\xff\x4f\xff\x51": "JP2OpenJPEG",
}
"""First bytes -> the one driver that may open the file; a cloud-optimised GeoTIFF is a GTiff."""
MAX_SIDE_PX = 200_000
"""Largest side of an image, pixels; a whole Sentinel-2 tile is 10,980."""
MAX_BANDS = 1000
"""Of a file; an imaging spectrometer has some 250."""
MAX_BLOCK_BYTES = 1_000_000_000
"""Of a tile or strip, unpacked: GDAL unpacks it as a whole, however little of it is wanted."""
MAX_NUMBERS = 1_000_000_000
"""Of an image that are read at once; four bands of a whole Sentinel-2 tile are half as many."""
_ABSURD = 1e12
"""Squares of what is below it can still be summed in 32 bits."""
_NEAR_FILL = 0.01
"""If so many pixels, as a share of the fill, are almost as dark (or bright), it is dark (or bright) ground."""
MIN_FILL_PX = 400
"""Undeclared fill: a connected patch of the darkest or brightest value in every band at least this large is not
ground."""

# GDAL must not look around for sidecars (.aux.xml, .ovr) and must not open anything over a network.
_GDAL_OPTIONS: dict[str, Any] = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_HTTP_MAX_RETRY": "0",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
    "GDAL_CACHEMAX": 128,
}

# Common names by the descriptions providers write, with the centre wavelength in nm (Sentinel-2: ESA SSD, S2A).
SENTINEL2 = {
    "B01": ("coastal", 443.0),
    "B02": ("blue", 492.0),
    "B03": ("green", 560.0),
    "B04": ("red", 665.0),
    "B05": ("rededge", 704.0),
    "B06": ("rededge2", 740.0),
    "B07": ("rededge3", 783.0),
    "B08": ("nir", 833.0),
    "B8A": ("nir08", 865.0),
    "B09": ("watervapour", 945.0),
    "B10": ("cirrus", 1374.0),
    "B11": ("swir1", 1614.0),
    "B12": ("swir2", 2202.0),
}
_ALIASES = {
    "r": "red",
    "g": "green",
    "b": "blue",
    "n": "nir",
    "near_infrared": "nir",
    # Landsat 4 to 7, by the instrument's own numbers.
    "tm1": "blue",
    "tm2": "green",
    "tm3": "red",
    "tm4": "nir",
    "tm5": "swir1",
    "tm7": "swir2",
}
"""Other ways to write a band's common name in its description."""
ATMOSPHERIC = frozenset({"coastal", "watervapour", "cirrus"})
"""Bands of 60 m that see the air rather than the ground."""


@contextmanager
def open_raster(where: Asset | Path) -> Iterator[Any]:
    """Open a raster with an allowed driver, everything that can go wrong told in one line.

    Raises
    ------
    InputNotFoundError
        If there is no such file.
    InputError
        If it is no raster of an allowed format, or breaks while it is read.

    """
    path = where if isinstance(where, Asset) else Asset.of(where)
    if path.missing:
        raise InputNotFoundError(f"{path.file}: no such file; check the path")
    driver = _driver_of(path)
    stream = RemoteStream(remote(path.url)) if path.store == "url" else None
    name, how = (path.gdal_name, {}) if stream is None else stream.for_gdal()
    # GDAL logs through `rasterio`; we raise one sentence instead.
    logging.getLogger("rasterio").setLevel(logging.CRITICAL)
    try:
        with rasterio.Env(**_GDAL_OPTIONS), warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(name, driver=driver, **how) as dataset:
                _refuse_odd(path, dataset)
                yield dataset
        if stream is not None and stream.error is not None:
            raise stream.error
    except UnicodeEncodeError as error:
        name = path.name.encode("utf-8", "replace").decode()
        raise InputError(f"{name}: the file's name is not UTF-8, so it cannot be opened; rename it") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name}: its tags are no text (UTF-8 is needed); write it again without them") from error
    except (RasterioError, CRSError, CPLE_BaseError) as error:
        if stream is not None and stream.error is not None:
            raise stream.error from error
        # Not more than a line, and not of the path.
        reason = (str(error).splitlines() or [type(error).__name__])[0].replace(name, path.name)[:120]
        raise InputError(
            f"{path.name}: begins like an image but breaks off or is damaged ({reason}); copy or download it again"
        ) from error


def _refuse_odd(path: Asset, dataset: Any) -> None:
    """Refuse what would take memory and time out of proportion, before anything is read."""
    if dataset.count > MAX_BANDS:
        raise InputError(f"{path.name}: {dataset.count} bands are more than {MAX_BANDS}; give the bands needed")
    dtype = dataset.dtypes[0]
    if any(kind.startswith("complex") for kind in dataset.dtypes):
        raise InputError(f"{path.name}: holds complex numbers ({dtype}); give the detected amplitude or intensity")
    rows, cols = dataset.block_shapes[0]
    together = dataset.count if dataset.interleaving == Interleaving.pixel else 1
    if rows * cols * together * np.dtype(dtype).itemsize > MAX_BLOCK_BYTES:
        raise InputError(
            f"{path.name}: is packed in pieces of {cols} x {rows} pixels, which take more than "
            f"{MAX_BLOCK_BYTES / 1e9:g} GB each; write it in tiles (gdal_translate -co TILED=YES)"
        )


def _driver_of(path: Asset) -> str:
    """Tell the format by the first bytes, whatever the name says; say what the file is where it is none of ours."""
    head = path.head(64)
    for magic, driver in _MAGIC.items():
        if head.startswith(magic):
            return driver
    needed = "a GeoTIFF, JPEG 2000, PNG or JPEG image is needed"
    if not head:
        raise InputError(f"{path.name}: the file is empty; {needed}")
    if b"<VRTDataset" in head:
        raise InputError(f"{path.name}: is a VRT, which may point at other files, and is never opened; {needed}")
    if all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in head):  # noqa: PLR2004 - printable ASCII
        raise InputError(f"{path.name}: is text, not an image; {needed}")
    raise InputError(f"{path.name}: is not an image of a format that is opened here; {needed}")


class Mask(Protocol):
    """What says which pixels not to trust: a provider's raster (:class:`MaskSource`), or its outlines."""

    @property
    def tells(self) -> str:
        """What it knows, for people."""
        ...

    def flags(self, row: int, col: int, shape: tuple[int, int]) -> NDArray[np.uint8]:
        """Bits of :class:`Flag` for a rectangle of the image."""
        ...


@dataclass(frozen=True, kw_only=True)
class RasterSource:
    """The pixels of one raster file, with an optional raster of flags beside it."""

    asset: Asset
    indexes: tuple[int, ...]
    """Band numbers in the file, from 1, in the order of ``SceneInfo.bands``."""
    scale: float | tuple[float, ...] = 1.0
    """From file values to the scene's units, for all bands or each; values are scaled, then offset."""
    offset: float | tuple[float, ...] = 0.0
    nodata: float | None = None
    """A value that means nothing was seen where it stands in all bands, besides what the file itself declares."""
    mask: Mask | None = None
    placed: Grid | None = None
    """Where it lies, for a file that does not say it."""

    def read(self, row: int, col: int, shape: tuple[int, int], bands: tuple[int, ...]) -> Scene:
        """Read a rectangle inside the image; see :class:`imagery_diff.scene.PixelSource`."""
        data, unseen, grid = self.numbers(row, col, shape, bands)
        return as_scene(data, unseen, grid, self.mask, (row, col))

    def as_stored(self) -> RasterSource:
        """Return the same source in the file's own numbers, without its mask."""
        return replace(self, scale=1.0, offset=0.0, mask=None)

    def numbers(
        self, row: int, col: int, shape: tuple[int, int], bands: tuple[int, ...]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_], Grid]:
        """Return (band, row, col) in the scene's units, (row, col) True where nothing was seen, and their grid."""
        window = Window(col, row, shape[1], shape[0])
        if len(bands) * shape[0] * shape[1] > MAX_NUMBERS:
            raise InputError(
                f"{self.asset.name}: {len(bands)} bands of {shape[1]} x {shape[0]} pixels are more than are read at "
                f"once ({MAX_NUMBERS / 1e9:g} billion numbers); cut out the place first, or give a smaller AOI"
            )
        with open_raster(self.asset) as dataset:
            grid = (self.placed or raster_grid(self.asset, dataset)).window(row, col, shape)
            raw = dataset.read([self.indexes[b] for b in bands], window=window)
            unseen = _nodata(dataset, raw, window)
        if self.nodata is not None:
            unseen |= (raw == self.nodata).all(axis=0)
        data = np.empty(raw.shape, np.float32)
        scales = [_of_band(self.scale, b) for b in bands]
        offsets = [_of_band(self.offset, b) for b in bands]

        def convert(band: int) -> None:
            with np.errstate(over="ignore"):
                data[band] = raw[band]
            if scales[band] != 1.0:
                data[band] *= np.float32(scales[band])
            if offsets[band]:
                data[band] += np.float32(offsets[band])

        threads.each(convert, range(len(raw)))
        # No sensor measures 1e12; such a number is a fill nobody declared, and would swamp every sum.
        if raw.dtype.kind == "f" or max(map(abs, scales)) > 1:
            unseen |= ~(np.abs(data) < _ABSURD).all(axis=0)
        return data, unseen, grid


@dataclass(frozen=True, kw_only=True)
class StackSource:
    """Bands in files of their own, some of them coarser: all are laid on the finest of them."""

    files: tuple[RasterSource, ...]
    """One for each band, in the order of ``SceneInfo.bands``; each holds one band."""
    steps: tuple[int, ...]
    """How many pixels of the scene's grid a pixel of each is wide and high."""
    grid: Grid
    mask: Mask | None = None
    one_is_enough: bool = False
    """Whether no band ever measures its fill value, so that a pixel of which one band holds it was not seen."""

    def read(self, row: int, col: int, shape: tuple[int, int], bands: tuple[int, ...]) -> Scene:
        """Read a rectangle inside the image; see :class:`imagery_diff.scene.PixelSource`."""
        data = np.empty((len(bands), *shape), np.float32)
        # In place, band by band: of a whole image a mask for every band is as large as the image.
        unseen, join = (
            (np.zeros(shape, bool), np.logical_or) if self.one_is_enough else (np.ones(shape, bool), np.logical_and)
        )
        for place, band in enumerate(bands):
            data[place], fill = self._band(band, row, col, shape)
            join(unseen, fill, out=unseen)
        return as_scene(data, unseen, self.grid.window(row, col, shape), self.mask, (row, col))

    def as_stored(self) -> StackSource:
        """Return the same source in the files' own numbers, without its mask."""
        return replace(self, files=tuple(f.as_stored() for f in self.files), mask=None)

    def _band(
        self, band: int, row: int, col: int, shape: tuple[int, int]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        step, whole = self.steps[band], self.grid.shape
        if step == 1:
            data, fill, _ = self.files[band].numbers(row, col, shape, (0,))
            return data[0], fill
        # One coarse pixel more on each side, so that the interpolation has both its neighbours.
        top, left = max(row // step - 1, 0), max(col // step - 1, 0)
        size = (
            min(-(-(row + shape[0]) // step) + 1, -(-whole[0] // step)) - top,
            min(-(-(col + shape[1]) // step) + 1, -(-whole[1] // step)) - left,
        )
        data, fill, _ = self.files[band].numbers(top, left, size, (0,))
        rows = (np.arange(row, row + shape[0]) + 0.5) / step - 0.5 - top
        cols = (np.arange(col, col + shape[1]) + 0.5) / step - 0.5 - left
        near = np.ix_(_nearest(rows, size[0]), _nearest(cols, size[1]))
        return _between(_between(data[0], rows, 0), cols, 1), fill[near]


def as_scene(
    data: NDArray[np.float32],
    unseen: NDArray[np.bool_],
    grid: Grid,
    mask: Mask | None,
    corner: tuple[int, int],
) -> Scene:
    """Put numbers and flags together."""
    if unseen.any():
        data[:, unseen] = 0.0
    flags = np.where(unseen, np.uint8(Flag.NODATA), np.uint8(0))
    if mask is not None:
        flags |= mask.flags(*corner, grid.shape)
    return Scene(data=data, flags=flags, grid=grid)


def _of_band(value: float | tuple[float, ...], band: int) -> float:
    return value[band] if isinstance(value, tuple) else value


def _nearest(places: NDArray[np.float64], size: int) -> NDArray[np.intp]:
    return np.clip(np.rint(places), 0, size - 1).astype(np.intp)


def _between(image: NDArray[np.float32], places: NDArray[np.float64], axis: int) -> NDArray[np.float32]:
    """Interpolate linearly along one axis at fractional places, the outermost values going on."""
    last = image.shape[axis] - 1
    low = np.clip(np.floor(places), 0, max(last - 1, 0)).astype(np.intp)
    part = np.clip(places - low, 0.0, 1.0).astype(np.float32)
    weight = part[:, None] if axis == 0 else part[None, :]
    first, second = np.take(image, low, axis), np.take(image, np.minimum(low + 1, last), axis)
    return np.asarray(first + (second - first) * weight, np.float32)


class MaskSource:
    """A provider's mask on the image's own grid, or on a coarser one; subclasses say what its bands mean."""

    tells = ""
    """What it knows, for people."""

    def __init__(self, asset: Asset, shape: tuple[int, int], step: int = 1) -> None:
        self.asset, self.step = asset, step
        with open_raster(asset) as dataset:
            expected = (-(-shape[0] // step), -(-shape[1] // step))
            if dataset.shape != expected:
                raise InputError(
                    f"{asset.name}: the mask is {dataset.shape[1]} x {dataset.shape[0]} pixels, its image "
                    f"{expected[1]} x {expected[0]}; a mask must lie on its image pixel by pixel: deliver both "
                    "clipped alike"
                )
            self.count = int(dataset.count)

    def flags(self, row: int, col: int, shape: tuple[int, int]) -> NDArray[np.uint8]:
        """Bits of :class:`Flag` for a rectangle of the image."""
        step = self.step
        top, left = row // step, col // step
        size = (-(-(row + shape[0]) // step) - top, -(-(col + shape[1]) // step) - left)
        with open_raster(self.asset) as dataset:
            found = self.decode(dataset.read(window=Window(left, top, size[1], size[0])))
        if step == 1:
            return found
        down, right = row - top * step, col - left * step
        fine = np.repeat(np.repeat(found, step, axis=0), step, axis=1)
        return fine[down : down + shape[0], right : right + shape[1]]

    def decode(self, mask: NDArray[Any]) -> NDArray[np.uint8]:
        """Translate the provider's bands (band, row, col) into bits."""
        raise NotImplementedError  # pragma: no cover - the subclasses are the masks


def raster_grid(path: Asset | Path, dataset: Any) -> Grid:
    """Return where a raster lies; ``crs`` is None where the file does not say."""
    rows, cols = dataset.shape
    if max(rows, cols) > MAX_SIDE_PX:
        raise InputError(
            f"{path.name}: {cols} x {rows} pixels is more than {MAX_SIDE_PX} a side; cut out the place first"
        )
    try:
        return Grid(crs=crs_of(dataset.crs), transform=dataset.transform, shape=(rows, cols))
    except InputError as error:
        raise InputError(
            f"{path.name}: its georeference is unusable: {error}; export it again in one like EPSG:32652"
        ) from error


def crs_of(told: Any) -> str | None:
    """Return what GDAL takes for a coordinate system as ``EPSG:…`` or WKT; None where the file names none.

    Raises
    ------
    InputError
        If it is none that is known, or names files.

    """
    if not told:
        return None
    code = told.to_epsg()
    return f"EPSG:{code}" if code else known_crs(told.to_wkt())


def _nodata(dataset: Any, raw: NDArray[Any], window: Window) -> NDArray[np.bool_]:
    """Pixels without data: declared nodata in all bands, a transparent alpha or mask band, or undeclared fill."""
    unseen: NDArray[np.bool_] = np.zeros(raw.shape[1:], bool)
    alpha = [i + 1 for i, c in enumerate(dataset.colorinterp) if c == ColorInterp.alpha]
    if alpha:
        unseen |= dataset.read(alpha[0], window=window) == 0
    elif any(flag.name == "per_dataset" for flag in dataset.mask_flag_enums[0]):
        unseen |= dataset.dataset_mask(window=window) == 0
    nodata = dataset.nodata
    if nodata is not None:
        equal = np.isnan(raw) if np.isnan(nodata) else raw == np.array(nodata).astype(raw.dtype)
        return np.asarray(unseen | equal.all(axis=0))
    return unseen | undeclared_fill(raw)


def undeclared_fill(raw: NDArray[Any]) -> NDArray[np.bool_]:
    """Find large patches at the lowest or highest value of an integer type in every band; no ground looks like that.

    Dark water in an 8-bit picture may be 0 as well, but then 1, 2 and 3 are about as common; fill stands apart from the
    values of the ground.
    """
    fill: NDArray[np.bool_] = np.zeros(raw.shape[1:], bool)
    if raw.dtype.kind not in "ui":
        return fill
    top = np.iinfo(raw.dtype).max
    for values, extreme in ((raw, 0), (top - raw, top)):
        candidate = (raw == extreme).all(axis=0)
        if np.count_nonzero(candidate) < MIN_FILL_PX:
            continue
        ground = values[:, ~candidate]
        near = (ground <= max(3.0, 0.02 * float(np.median(ground)))).all(axis=0) if ground.size else np.array([False])
        if np.count_nonzero(near) > _NEAR_FILL * np.count_nonzero(candidate):
            continue
        labels, _ = ndimage.label(candidate)
        sizes = np.bincount(labels.ravel())
        sizes[0] = 0
        fill |= (sizes >= MIN_FILL_PX)[labels]
    return fill


def describe_bands(path: Asset | Path, dataset: Any) -> tuple[tuple[Band, ...], tuple[int, ...], tuple[str, ...]]:
    """Name the bands of a bare raster: by description, by colour interpretation, else by number.

    Returns
    -------
    bands, indexes, caveats
        The bands to use, their numbers in the file (from 1), and what was assumed.

    """
    usable = [i for i, c in enumerate(dataset.colorinterp) if c != ColorInterp.alpha]
    described = [(dataset.descriptions[i] or "").strip() for i in usable]
    if described and all(d.upper() in SENTINEL2 for d in described):
        known = [(i, *SENTINEL2[d.upper()]) for i, d in zip(usable, described, strict=True)]
        kept = [k for k in known if k[1] not in ATMOSPHERIC] or known
        return tuple(Band(name=n, wavelength_nm=w) for _, n, w in kept), tuple(i + 1 for i, _, _ in kept), ()
    names = [re.sub(r"\W+", "_", d.lower()) for d in described]
    names = [_ALIASES.get(n, n) for n in names]
    colours = {ColorInterp.red: "red", ColorInterp.green: "green", ColorInterp.blue: "blue"}
    by_colour = [colours.get(dataset.colorinterp[i], "") for i in usable]
    caveats: tuple[str, ...] = ()
    if not (all(names) and len(set(names)) == len(names)):
        if all(by_colour) and len(set(by_colour)) == len(by_colour):
            names = by_colour
        elif len(usable) == 3 and dataset.dtypes[0] == "uint8":  # noqa: PLR2004 - a colour picture
            names = ["red", "green", "blue"]
            caveats = (f"{path.name}: three unnamed 8-bit bands taken as red, green, blue",)
        else:
            names = [f"band{i + 1}" for i in usable]
            if len(usable) > 1:
                caveats = (f"{path.name}: the bands carry no names; they are compared by their number",)
    return tuple(Band(name=n) for n in names), tuple(i + 1 for i in usable), caveats
