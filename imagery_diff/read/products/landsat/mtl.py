"""Landsat's metadata file (MTL): the same groups of keys as text (ODL), as XML and as JSON.

Landsat 8-9 Collection 2 Level 2 Science Product Guide (LSDS-1619) and the data format control books of Collection 2.
A Level-2 file holds the Level-1 scale factors too, under the same names in another group: a key means nothing without
its group.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import TYPE_CHECKING, Any

from imagery_diff.errors import InputError
from imagery_diff.geometry import Sun
from imagery_diff.read.xml import finite, read_xml

if TYPE_CHECKING:
    from imagery_diff.read.assets import Asset

_ROOT = "LANDSAT_METADATA_FILE"
_ROOT_BEFORE = "L1_METADATA_FILE"
"""Of Collection 1 and before."""
_LINE = re.compile(r"\s*(?P<key>[A-Z][A-Z0-9_]*)\s*=\s*(?P<value>.*?)\s*")
_MAX_BYTES = 1_000_000
"""Real ones have 25 kB at most."""
_MICROSECONDS = 6


class Mtl:
    """The groups of a metadata file.

    Examples
    --------
    >>> mtl = Mtl("a_MTL.txt", {"IMAGE_ATTRIBUTES": {"SUN_AZIMUTH": "112.2", "SENSOR_ID": "OLI_TIRS"}})
    >>> mtl.number("IMAGE_ATTRIBUTES", "SUN_AZIMUTH"), mtl.text("IMAGE_ATTRIBUTES", "WRS_PATH")
    (112.2, None)

    """

    def __init__(self, name: str, groups: dict[str, dict[str, str]]) -> None:
        self.name = name
        self.groups = groups

    def text(self, group: str, key: str) -> str | None:
        """Return a value; None where there is none."""
        return self.groups.get(group, {}).get(key) or None

    def number(self, group: str, key: str) -> float | None:
        """Return a value as a finite number; None where it is none."""
        return finite(self.text(group, key))

    def scale(self, group: str, band: str) -> tuple[float, float] | None:
        """Return multiplier and addend of a band's reflectance; None where one is missing."""
        multiplier = self.number(group, f"REFLECTANCE_MULT_BAND_{band}")
        addend = self.number(group, f"REFLECTANCE_ADD_BAND_{band}")
        if multiplier is None or addend is None or not 0 < multiplier < 1 or abs(addend) > 1:
            return None
        return multiplier, addend

    def acquired(self) -> dt.datetime | None:
        """Return the time of the scene's centre, UTC.

        Raises
        ------
        InputError
            If day or time is none.

        """
        day = self.text("IMAGE_ATTRIBUTES", "DATE_ACQUIRED")
        time = self.text("IMAGE_ATTRIBUTES", "SCENE_CENTER_TIME")
        if day is None or time is None:
            return None
        clock, _, fraction = time.rstrip("Z").partition(".")
        fraction = f".{fraction[:_MICROSECONDS]}" if fraction else ""
        try:
            return dt.datetime.fromisoformat(f"{day}T{clock}{fraction}").replace(tzinfo=dt.UTC)
        except ValueError as error:
            raise InputError(f"{self.name}: its time {f'{day} {time}'[:40]!r} is no time; download it again") from error

    def sun(self) -> Sun | None:
        """Return where the sun stood at the scene's centre.

        Raises
        ------
        InputError
            If it is no place of the sun.

        """
        azimuth = self.number("IMAGE_ATTRIBUTES", "SUN_AZIMUTH")
        elevation = self.number("IMAGE_ATTRIBUTES", "SUN_ELEVATION")
        if azimuth is None or elevation is None:
            return None
        try:
            return Sun(azimuth_deg=azimuth % 360.0, elevation_deg=elevation)
        except InputError as error:
            raise InputError(f"{self.name}: {error}") from error


def read_mtl(asset: Asset) -> Mtl:
    """Read a metadata file of any of its three kinds.

    Raises
    ------
    InputError
        If it is damaged, or is of Collection 1 or before.

    """
    kind = asset.name.rsplit(".", 1)[-1].lower()
    top = {"json": _of_json, "xml": _of_xml}.get(kind, _of_text)(asset)
    if _ROOT_BEFORE in top:
        raise before_collection_2(asset.name)
    groups = top.get(_ROOT)
    if not groups or not groups.get("IMAGE_ATTRIBUTES"):
        raise InputError(f"{asset.name}: is no metadata file of Landsat Collection 2; download it again")
    return Mtl(asset.name, groups)


def before_collection_2(name: str) -> InputError:
    """Return what is said of older deliveries: other bits, other scales, and withdrawn by USGS."""
    return InputError(
        f"{name}: is of Landsat Collection 1 or before, which USGS has withdrawn; download the scene from Collection 2"
    )


def _of_text(asset: Asset) -> dict[str, dict[str, dict[str, str]]]:
    """Read ODL: ``GROUP = name``, ``KEY = value``, ``END_GROUP = name``, ``END``; what is none of it is passed over."""
    top: dict[str, dict[str, dict[str, str]]] = {}
    path: list[str] = []
    for line in asset.read(_MAX_BYTES).decode("utf-8", "replace").splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            if line.strip() == "END":
                break
            continue
        key, value = match["key"], match["value"].strip('"').strip()
        if key == "GROUP":
            path.append(value)
        elif key == "END_GROUP":
            path = path[:-1]
        elif len(path) == 2:  # noqa: PLR2004 - a key of a group of the file
            top.setdefault(path[0], {}).setdefault(path[1], {}).setdefault(key, value)
    if not top:
        raise InputError(f"{asset.name}: is no metadata file of Landsat; download it again")
    return top


def _of_xml(asset: Asset) -> dict[str, dict[str, dict[str, str]]]:
    root = read_xml(asset)
    groups: dict[str, dict[str, str]] = {}
    for group in root.element:
        if isinstance(group.tag, str):
            groups[group.tag] = {k.tag: (k.text or "").strip() for k in group if isinstance(k.tag, str)}
    return {root.name: groups}


def _of_json(asset: Asset) -> dict[str, dict[str, dict[str, str]]]:
    try:
        document: Any = json.loads(asset.read(_MAX_BYTES).decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{asset.name}: is no JSON ({type(error).__name__}); download it again") from error
    top: dict[str, dict[str, dict[str, str]]] = {}
    for root, groups in document.items() if isinstance(document, dict) else ():
        kept = {g: v for g, v in groups.items() if isinstance(v, dict)} if isinstance(groups, dict) else {}
        top[root] = {g: {k: str(v) for k, v in keys.items()} for g, keys in kept.items()}
    return top
