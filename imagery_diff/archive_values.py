"""What an archive holds as text and bytes: scenes as JSON, pixels packed without loss. Nothing read is trusted."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
import zlib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from affine import Affine

from imagery_diff.errors import InputError
from imagery_diff.geometry import Sun, View
from imagery_diff.grid import Grid, known_crs
from imagery_diff.scene import Band, Level, Orbit, SceneInfo

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from imagery_diff.scene import PixelSource, Scene

MOST_TEXT = 4_000_000
"""Letters of the longest text that is read from an archive: an AOI of ten thousand corners has a tenth of that."""
_DTYPES = {"float32": "<f4", "uint8": "|u1", "bool": "|b1"}
_PACKING = 6
"""zlib level: 9 takes four times as long for one per cent."""
_TEXTS = ("product", "why", "platform", "instrument", "time_source", "sun_source", "scene_id", "credit", "licence")
_NUMBERS = ("gsd_m", "resolution_m", "placement_rms_m", "laid_on_m")
_YES_OR_NO = ("secondary", "ground_control", "cloud_masked", "simulated")
_LISTS = ("masks", "notes", "caveats")
_AFFINE = 6


class Damaged(Exception):  # noqa: N818 - caught by the archive, which knows the file's name and says it in one line
    """What was read cannot have been written by this tool."""


# --- scenes ----------------------------------------------------------------------------------------------------------


def info_json(info: SceneInfo) -> str:
    """Return a scene as JSON, without its pixels and its files.

    Raises
    ------
    InputError
        If it is the look of a radar that knows its geometry, which is not kept yet.

    """
    if info.radar_view is not None:
        raise InputError(
            f"{info.name}: an archive does not keep how a radar looked, so its ghosts could not be told later; leave"
            " --archive out for radar"
        )
    told: dict[str, Any] = {name: getattr(info, name) for name in (*_TEXTS, *_NUMBERS, *_YES_OR_NO)}
    told |= {name: list(getattr(info, name)) for name in _LISTS}
    told |= {
        "name": info.name,
        "grid": grid_values(info.grid),
        "bands": [asdict(band) for band in info.bands],
        "level": str(info.level),
        "acquired": info.acquired.isoformat() if info.acquired else None,
        "sun": asdict(info.sun) if info.sun else None,
        "view": asdict(info.view) if info.view else None,
        "orbit": asdict(info.orbit),
    }
    return json.dumps(told, sort_keys=True, ensure_ascii=False, allow_nan=False)


def info_of(text: str, source: PixelSource, files: tuple[Path, ...]) -> SceneInfo:
    """Return the scene that :func:`info_json` wrote; ``files`` are names, no paths of this machine."""
    told = parsed(text)
    try:
        plain = {name: _or_none(told[name], str) for name in _TEXTS}
        plain |= {name: _number(told[name]) for name in _NUMBERS}
        plain |= {name: _or_none(told[name], bool) for name in _YES_OR_NO}
        plain |= {name: tuple(_must(word, str) for word in told[name]) for name in _LISTS}
        return SceneInfo(
            name=_must(told["name"], str),
            grid=grid_of(told["grid"]),
            bands=tuple(Band(**_fields(Band, band)) for band in told["bands"]),
            source=source,
            level=Level(told["level"]),
            acquired=dt.datetime.fromisoformat(told["acquired"]) if told["acquired"] else None,
            sun=Sun(**_fields(Sun, told["sun"])) if told["sun"] else None,
            view=View(**_fields(View, told["view"])) if told["view"] else None,
            orbit=Orbit(**_fields(Orbit, told["orbit"])),
            files=files,
            **plain,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Damaged(f"a look that is described wrongly ({error})") from error


def grid_values(grid: Grid) -> dict[str, Any]:
    """Return a grid as plain values."""
    return {"crs": grid.crs, "transform": list(grid.transform[:_AFFINE]), "shape": list(grid.shape)}


def grid_of(told: Any) -> Grid:
    """Return the grid of plain values; its coordinate system is judged as that of any file."""
    try:
        crs = _or_none(told["crs"], str)
        if crs is not None:
            known_crs(crs)
        a, b, c, d, e, f = (float(_number(v)) for v in told["transform"])  # type: ignore[arg-type] # None is caught
        rows, cols = (_must(v, int) for v in told["shape"])
        return Grid(crs=crs, transform=Affine(a, b, c, d, e, f), shape=(rows, cols))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Damaged(f"a grid that is described wrongly ({error})") from error


def parsed(text: object) -> Any:
    """Parse JSON of a bounded length, without numbers that are none."""
    if not isinstance(text, str) or len(text) > MOST_TEXT:
        raise Damaged("a text that is none, or too long")

    def refuse(word: str) -> None:
        raise Damaged(f"{word} as a number")

    try:
        return json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise Damaged("a text that is no JSON") from error


def _must(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise Damaged(f"{str(value)[:40]!r} where {kind.__name__} is needed")
    return value


def _or_none(value: Any, kind: type) -> Any:
    return None if value is None else _must(value, kind)


def _number(value: Any) -> float | None:
    if value is None:
        return None
    if type(value) not in {int, float} or not math.isfinite(value):
        raise Damaged(f"{str(value)[:40]!r} where a number is needed")
    return value  # type: ignore[no-any-return] # an int stays one, so that it comes back equal


def _fields(kind: type, told: Any) -> dict[str, Any]:
    """Return the fields of a small noun, of plain values only."""
    names = kind.__dataclass_fields__  # type: ignore[attr-defined]
    return {name: told[name] if isinstance(told[name], str) else _number(told[name]) for name in names}


# --- pixels ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Chip:
    """One band of a look on the frame, or its flags, packed."""

    layer: str
    """Name of a band, ``flags`` or ``clear``."""
    dtype: str
    rows: int
    cols: int
    sha256: str
    """Of the pixels as they are, unpacked, little-endian, row by row."""
    pixels: bytes = b""
    """zlib."""


def packed(layer: str, image: NDArray[Any]) -> Chip:
    """Pack (row, col) without loss."""
    stored = np.ascontiguousarray(image).astype(_DTYPES[image.dtype.name], copy=False).tobytes()
    return Chip(
        layer=layer,
        dtype=image.dtype.name,
        rows=image.shape[0],
        cols=image.shape[1],
        sha256=hashlib.sha256(stored).hexdigest(),
        pixels=zlib.compress(stored, _PACKING),
    )


def unpacked(chip: Chip, dtype: str, shape: tuple[int, int]) -> NDArray[Any]:
    """Return (row, col), refusing what is not of the kind and shape that are needed, or is not what was packed."""
    kind = np.dtype(_DTYPES[dtype])
    size = shape[0] * shape[1] * kind.itemsize
    if (chip.dtype, chip.rows, chip.cols) != (dtype, *shape) or not isinstance(chip.pixels, bytes):
        raise Damaged(f"pixels of {chip.layer} that do not fit the frame")
    opener = zlib.decompressobj()
    try:
        # One byte more than there may be shows that there are more, without unpacking them.
        stored = opener.decompress(chip.pixels, size + 1)
    except zlib.error as error:
        raise Damaged(f"pixels of {chip.layer} that cannot be unpacked") from error
    if len(stored) != size or hashlib.sha256(stored).hexdigest() != chip.sha256:
        raise Damaged(f"pixels of {chip.layer} that are not those that were packed")
    return np.frombuffer(stored, kind).reshape(shape).astype(dtype, copy=True)


class Unread:
    """The pixels of a look in its own grid, which an archive does not keep."""

    def read(self, row: int, col: int, shape: tuple[int, int], bands: tuple[int, ...]) -> Scene:
        """Refuse; see :class:`imagery_diff.scene.PixelSource`."""
        raise InputError(
            f"the archive keeps looks on its frame, not as delivered ({row}, {col}, {shape}, {len(bands)} bands)"
        )


# --- files -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class FileEntry:
    """A file that a look was read from: no path."""

    name: str
    size: int | None
    sha256: str | None
    """None of one that could not be read as a whole, as behind an address."""


def entries_of(files: Sequence[Path]) -> tuple[FileEntry, ...]:
    """Name and hash files."""
    return tuple(
        FileEntry(name=path.name, size=size, sha256=digest) for path in files for size, digest in [digest_of(path)]
    )


def digest_of(path: Path) -> tuple[int | None, str | None]:
    """Return size and SHA-256 of a file; None where it cannot be read."""
    try:
        with path.open("rb") as stream:
            return path.stat().st_size, hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return None, None
