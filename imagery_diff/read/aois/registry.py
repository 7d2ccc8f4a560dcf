"""The AOIs that come with the package, known by name. Reads JSON only, so that listing them costs nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imagery_diff.errors import InputNotFoundError, UnknownNameError
from imagery_diff.shipped import shipped_folder

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class ListedAOI:
    """One line of ``imagery-diff aois list``."""

    name: str
    """What to type."""
    title: str
    """For people."""
    timezone: str | None
    """IANA name of its local time."""
    zones: int
    """How many zones it has."""
    unlocated: int
    """How many of them are search areas, not located outlines."""
    accuracy_m: float | None
    """How far the outlines as a whole may lie from the truth, in metres."""


def aoi_names() -> list[str]:
    """Names of the AOIs that come with the package.

    Examples
    --------
    >>> aoi_names()
    ['border_crossing', 'dunay', 'najin', 'tikhoretsk', 'vostochny']

    """
    return sorted(path.stem for path in shipped_folder("aois").glob("*.geojson"))


def list_aois() -> list[ListedAOI]:
    """Return what the registry holds, one entry an AOI, by name."""
    return [_listed(path) for path in sorted(shipped_folder("aois").glob("*.geojson"))]


def registry_path(name: str) -> Path | None:
    """File of a registry AOI, or None if none has that name; ``-`` may stand for ``_``, capitals for small letters."""
    wanted = name.lower().replace("-", "_")
    if wanted not in aoi_names():
        return None
    return shipped_folder("aois") / f"{wanted}.geojson"


def unknown_aoi(text: str) -> UnknownNameError | InputNotFoundError:
    """Make the error for a text that is neither a registry name nor a file: which of the two depends on its looks."""
    import difflib  # noqa: PLC0415 - only a mistake needs it

    names = aoi_names()
    if "/" in text or "\\" in text or "." in text:
        return InputNotFoundError(
            f"AOI {text!r}: there is no such file; give a path to a GeoJSON, KML, KMZ or GeoPackage, or one of the"
            f" names {', '.join(names)}"
        )
    near = difflib.get_close_matches(text.lower().replace("-", "_"), names, n=1)
    hint = f"did you mean '{near[0]}'? " if near else ""
    return UnknownNameError(
        f"AOI {text!r} is neither a known name nor a file here; {hint}known names: {', '.join(names)};"
        " any polygon file or --bbox W S E N works too"
    )


def _listed(path: Path) -> ListedAOI:
    features: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["features"]
    zones = [f["properties"] for f in features if f["properties"]["role"] == "zone"]
    aoi = next(f["properties"] for f in features if f["properties"]["role"] == "aoi")
    return ListedAOI(
        name=path.stem,
        title=aoi.get("title", aoi["name"]),
        timezone=aoi.get("timezone"),
        zones=len(zones),
        unlocated=sum(zone.get("located") is False for zone in zones),
        accuracy_m=aoi.get("accuracy_m"),
    )
