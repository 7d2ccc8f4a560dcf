"""A benchmark scene as a folder: two images as delivered, zones, and what truly came and went between them.

Every suite (rendered, half-real) writes this form and `accuracy.py` reads it:

    before/…, after/…   image files as delivered
    aoi.geojson         zones, in the AOI format of the package; may be absent
    scene.json          the fields of `Scene`
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from shapely import wkt

if TYPE_CHECKING:
    from pathlib import Path

    from shapely.geometry.base import BaseGeometry

SCHEMA_VERSION = 1
FILE = "scene.json"


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing that is there on one date only."""

    id: str
    """Within the scene."""
    kind: str
    """``vessel``, ``containers``, ``rail_cars``, ``stockpile``, ``cover`` …, as the package's activities."""
    direction: str
    """``appeared`` or ``disappeared``."""
    length_m: float
    """Along its longer side."""
    width_m: float
    """Across."""
    colour: str
    """In words."""
    contrast: float | None
    """Median over the footprint of |log(thing / ground)|, root mean square over bands, without noise or blur; None =
    not known."""
    masked_fraction: float
    """Share of the footprint under cloud, haze, shadow or snow by the usable data mask of either date."""
    outline: BaseGeometry
    """Footprint in the scene's CRS (columns and rows without one), where the mean of both images shows it."""
    shadow_m: tuple[float, float] = (0.0, 0.0)
    """Where the shadow of its top falls, relative to its foot: along x and y of the outline."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A pair of images of known truth."""

    name: str
    """Of the folder, unique within a suite."""
    suite: str
    """``rendered`` or ``half-real``."""
    case: str
    """What makes it hard, such as ``haze``."""
    seed: int
    null: bool
    """Whether nothing happened."""
    before: str
    """Relative to the folder."""
    after: str
    aoi: str | None
    """Relative to the folder; None where there are no zones."""
    crs: str | None
    pixel_m: float
    shift_px: tuple[float, float] | None
    """(rows, cols): what stands at x in before stands at x + shift in after, at quay level; None = not known."""
    zone_km2: float
    """Area of the union of all zones (of all ground searched, where there are no zones)."""
    events: tuple[Event, ...] = ()
    ignore: BaseGeometry | None = None
    """Ground where regions are not counted, in the scene's CRS."""
    nuisance: dict[str, Any] = field(default_factory=dict)
    """What was drawn, for people."""

    def save(self, folder: Path) -> None:
        """Write ``scene.json`` into the folder, last of all: a folder that holds it is whole."""
        document = {"schema_version": SCHEMA_VERSION, **asdict(self)}
        document["events"] = [{**asdict(e), "outline": _text(e.outline)} for e in self.events]
        document["ignore"] = None if self.ignore is None else _text(self.ignore)
        (folder / FILE).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Scene:
        """Read a scene back.

        Raises
        ------
        ValueError
            If it is of another version.

        """
        document = json.loads((folder / FILE).read_text(encoding="utf-8"))
        version = document.pop("schema_version")
        if version != SCHEMA_VERSION:
            raise ValueError(f"{folder / FILE} has version {version}, needs {SCHEMA_VERSION}; make the scene anew")
        events = tuple(_event(e) for e in document.pop("events"))
        ignore, shift = document.pop("ignore"), document.pop("shift_px")
        return cls(
            **document,
            events=events,
            ignore=None if ignore is None else wkt.loads(ignore),
            shift_px=None if shift is None else (float(shift[0]), float(shift[1])),
        )


def find(folder: Path) -> list[Path]:
    """Return the folders of all whole scenes below a folder, in order of name."""
    return sorted(path.parent for path in folder.rglob(FILE))


def _event(document: dict[str, Any]) -> Event:
    outline = wkt.loads(document.pop("outline"))
    east, north = document.pop("shadow_m", (0.0, 0.0))
    return Event(**document, outline=outline, shadow_m=(float(east), float(north)))


def _text(geometry: BaseGeometry) -> str:
    """Centimetres are enough."""
    return str(wkt.dumps(geometry, rounding_precision=2, trim=True))
