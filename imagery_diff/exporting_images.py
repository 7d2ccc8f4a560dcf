"""The images of a finished run where the user has them: found by name and digest, and how they are to be shown."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from imagery_diff.errors import InputError, InputNotFoundError
from imagery_diff.read.raster import crs_of, open_raster
from imagery_diff.write import manifest as manifests

if TYPE_CHECKING:
    from imagery_diff.finished import Run

_MAX_FILES = 200_000
"""Of a folder that is searched."""
_SAMPLE_PX = 1000
"""Longest side of what the limits of the stretch are taken from."""
_PERCENTILES = (0.5, 99.5)


@dataclass(frozen=True, kw_only=True)
class Image:
    """An input image."""

    role: str
    path: Path
    crs: str | None
    bands: tuple[int, ...]
    """Numbers from 1: red, green, blue, or one for grey."""
    values: tuple[np.ndarray[Any, Any], ...]
    """A sample of each of these bands, without nodata."""


def find_images(run: Run, folder: str | Path) -> list[Image]:
    """Return the images of a comparison that lie in a folder, with the bytes they had.

    Raises
    ------
    InputNotFoundError
        If there is no such folder, or it holds none of them.
    InputError
        If one has other bytes now, or is no raster.

    """
    place = Path(os.path.abspath(folder))  # noqa: PTH100 - resolve() would follow a link to another place
    if not place.is_dir():
        raise InputNotFoundError(f"--inputs {folder}: is no folder; name the one that holds the images of this run")
    digests = {(entry["role"], entry["name"]): entry["sha256"] for entry in run.manifest["inputs"]}
    names = {role: str(run.manifest["scenes"][role]["file"]) for role in ("before", "after")}
    there = _files(place, set(names.values()))
    if not there:
        raise InputNotFoundError(
            f"--inputs {folder}: holds neither {names['before']} nor {names['after']}; name the folder that does, or"
            " leave --inputs out"
        )
    for role, name in names.items():
        if name not in there:
            raise InputNotFoundError(f"--inputs {folder}: does not hold the {role} image, {name}; put it there")
    found = []
    for role, name in names.items():
        path = next((p for p in there[name] if manifests.file_sha256(p) == digests.get((role, name))), None)
        if path is None:
            raise InputError(f"{there[name][0]}: is not the {role} image of this run (its SHA-256 is another)")
        found.append(_image(role, path, run.manifest["scenes"][role]["bands"]))
    return found


def limits_of(images: list[Image]) -> list[tuple[float, float]]:
    """Black and white of each band: one linear stretch for all images."""
    limits = []
    for band in zip(*(image.values for image in images), strict=True):
        values = np.concatenate(band)
        low, high = np.percentile(values, _PERCENTILES) if values.size else (0.0, 1.0)
        limits.append((float(low), float(high if high > low else low + 1)))
    return limits


def relative(path: Path, start: Path) -> str:
    """Return a path as seen from a folder; refuse one that would spell out the user's own folder.

    Raises
    ------
    InputError
        If the two have so little in common that the path would name it.

    """
    try:
        common = Path(os.path.commonpath([path, start]))
    except ValueError as error:
        raise InputError(f"{path.name}: lies on another drive than the export; copy it there first") from error
    private = Path.home()
    if common == Path(common.anchor) or (
        private.is_relative_to(common) and path.is_relative_to(private) and common != private
    ):
        raise InputError(
            f"{path.name}: from the export it is reached through the whole tree, and the project would hold your"
            " folders' names; write the export near the images with -o, or leave --inputs out"
        )
    return Path(os.path.relpath(path, start)).as_posix()


def _files(place: Path, names: set[str]) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    count = 0
    for folder, _, files in os.walk(place):
        count += len(files)
        if count > _MAX_FILES:
            raise InputError(f"--inputs {place.name}: holds more than {_MAX_FILES} files; name a folder nearer to them")
        for name in sorted(names.intersection(files)):
            # A pipe would be waited for, and a link may lead anywhere.
            if (path := Path(folder) / name).is_file() and not path.is_symlink():
                found.setdefault(name, []).append(path)
    return {name: sorted(paths) for name, paths in found.items()}


def _image(role: str, path: Path, names: list[str]) -> Image:
    with open_raster(path) as dataset:
        crs = crs_of(dataset.crs)
        colours = [names.index(name) + 1 for name in ("red", "green", "blue") if name in names]
        bands = tuple(colours if len(colours) == 3 and len(names) <= dataset.count else [1])  # noqa: PLR2004 - RGB
        step = max(1, -(-max(dataset.shape) // _SAMPLE_PX))
        shape = (len(bands), -(-dataset.height // step), -(-dataset.width // step))
        data = dataset.read(bands, out_shape=shape, masked=True)
    values = tuple(band.compressed().astype(np.float64) for band in data)
    return Image(role=role, path=path, crs=crs, bands=bands, values=tuple(v[np.isfinite(v)] for v in values))
