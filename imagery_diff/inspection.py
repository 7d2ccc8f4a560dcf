"""The story of a look at files: what each was recognised as, and what its masks say of a place; no pixels are read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from imagery_diff.errors import ImageryDiffError
from imagery_diff.method import align, zones
from imagery_diff.read.remote import shown
from imagery_diff.read.scenes import list_scenes, open_found

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from imagery_diff.aoi import AOI
    from imagery_diff.read.products.found import Found
    from imagery_diff.scene import SceneInfo

_MAX_PIXELS = 30_000_000
"""Of a mask that is counted over a place."""


@dataclass(frozen=True, kw_only=True)
class Cover:
    """What the masks of a scene say of a place, shares of its area."""

    clear: float
    degraded: float
    """Haze, shadow, snow: something may be seen there, its absence not."""
    unseen: float
    causes: dict[str, float] = field(default_factory=dict)
    """Why what is not clear is not."""


@dataclass(frozen=True, kw_only=True)
class Inspected:
    """One scene among the files given, or one file that is none."""

    name: str
    given: tuple[str, ...]
    """Names of the arguments that stand for it."""
    info: SceneInfo | None = None
    cover: Cover | None = None
    """None where no place was asked for, no mask came, or the scene does not show the place."""
    shows: bool | None = None
    """Whether the scene shows the place asked for; None where none was, or the scene has no georeference."""
    refused: str | None = None
    """Why it cannot be used."""


def inspect(paths: Iterable[str | Path], aoi: AOI | None = None) -> list[Inspected]:
    """Say what files were recognised as.

    Parameters
    ----------
    paths
        Files, folders, archives. An image given with its mask or metadata is one scene.
    aoi
        A place whose cloud cover is asked for.

    Returns
    -------
    One entry a scene, in the order in which they were first met; what cannot be used stands among them.

    """
    scenes: dict[object, tuple[Found, list[str]]] = {}
    entries: list[object] = []
    refusals: dict[object, Inspected] = {}
    for path in paths:
        name = getattr(path, "name", None) or shown(path).replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
        try:
            met = list_scenes(path)
        except ImageryDiffError as error:
            entries.append(key := object())
            refusals[key] = Inspected(name=name, given=(name,), refused=str(error))
            continue
        for found in met:
            if found.images not in scenes:
                scenes[found.images] = (found, [])
                entries.append(found.images)
            scenes[found.images][1].append(name)
    return [refusals[key] if key in refusals else _opened(*scenes[key], aoi) for key in entries]


def _opened(found: Found, given: list[str], aoi: AOI | None) -> Inspected:
    """Open a scene and count its masks."""
    names = tuple(dict.fromkeys(given))
    try:
        info = open_found(found)
        if aoi is None:
            return Inspected(name=info.name, given=names, info=info)
        shows = None if info.grid.crs is None or aoi.crs is None else _shows(info, aoi.in_crs(info.grid.crs))
        return Inspected(name=info.name, given=names, info=info, cover=cover_of(info, aoi), shows=shows)
    except ImageryDiffError as error:
        # An index may name no file that may be opened.
        name = found.images[0].name if found.images else found.scene
        return Inspected(name=name, given=names, refused=str(error))


def cover_of(info: SceneInfo, aoi: AOI) -> Cover | None:
    """Count what a scene's masks say of a place; None without a mask, or where the scene does not reach.

    Only the masks are read: what the image itself leaves blank without saying so in a mask counts as clear.
    """
    mask = getattr(info.source, "mask", None)
    if mask is None or info.grid.crs is None or aoi.crs is None:
        return None
    here = aoi.in_crs(info.grid.crs)
    left, bottom, right, top = here.polygon.bounds
    corners = np.array([info.grid.rowcol(x, y) for x in (left, right) for y in (bottom, top)])
    low = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(corners.max(axis=0)).astype(int), info.grid.shape)
    rows, cols = int(high[0] - low[0]), int(high[1] - low[1])
    if rows <= 0 or cols <= 0 or rows * cols > _MAX_PIXELS or not _shows(info, here):
        return None
    row, col = int(low[0]), int(low[1])
    flags = mask.flags(row, col, (rows, cols))
    clear, degraded, causes = zones.coverage(here.polygon, flags, {}, info.grid.window(row, col, (rows, cols)))
    return Cover(clear=clear, degraded=degraded, unseen=max(1.0 - clear - degraded, 0.0), causes=causes)


def _shows(info: SceneInfo, aoi: AOI) -> bool:
    return bool(align.footprint(info.grid, info.grid.crs).intersects(aoi.polygon))
