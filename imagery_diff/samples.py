"""The sample tiles that come with the package: rendered, no satellite saw them.

>>> from imagery_diff import samples
>>> before, after = samples.pair("stack_appears")
>>> before.name
'20231016_020411_37_0000_3B_AnalyticMS_SR_clip.tif'

"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from imagery_diff.errors import UnknownNameError
from imagery_diff.shipped import shipped_folder

if TYPE_CHECKING:
    from pathlib import Path


def names() -> list[str]:
    """Return the names of the passes, in order of time."""
    return list(_index()["passes"])


def pairs() -> list[str]:
    """Return the names of the documented pairs."""
    return list(_index()["pairs"])


def path(name: str) -> Path:
    """Return the image of a pass; its mask, metadata and truth lie beside it.

    Raises
    ------
    UnknownNameError
        If there is no such pass.

    """
    passes = _index()["passes"]
    if name not in passes:
        raise UnknownNameError(f"no sample called '{name}'; there are {', '.join(passes)}")
    return shipped_folder("sample_tiles") / str(passes[name])


def pair(name: str) -> tuple[Path, Path]:
    """Return the images before and after of a documented pair.

    Raises
    ------
    UnknownNameError
        If there is no such pair.

    """
    known = _index()["pairs"]
    if name not in known:
        raise UnknownNameError(f"no sample pair called '{name}'; there are {', '.join(known)}")
    before, after = known[name]
    return path(before), path(after)


def truth(name: str) -> dict[str, Any]:
    """Return what is there in a pass, as a GeoJSON FeatureCollection.

    Raises
    ------
    UnknownNameError
        If there is no such pass.

    """
    document: dict[str, Any] = json.loads((path(name).parent / "truth.geojson").read_text(encoding="utf-8"))
    return document


@cache
def _index() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((shipped_folder("sample_tiles") / "index.json").read_text(encoding="utf-8"))
    return document
