"""The scene itself, before any sensor looks at it: ground, buildings, objects, in metres of a map projection."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from shapely.affinity import translate
from shapely.geometry import Polygon

from imagery_diff.errors import InputError
from imagery_diff.synthetic.materials import MATERIALS

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from imagery_diff.synthetic.materials import Reflectance

Point = tuple[float, float]
"""x and y in metres of the world's projection."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A piece of something that stands up: a flat top, and its colour."""

    polygon: Polygon
    """Outline in map metres."""
    top_m: float
    """Height of the top above the ground."""
    reflectance: Reflectance
    """Of the top."""
    bottom_m: float = 0.0
    """Height of the underside; above 0 = it hangs (a boom), and light passes below."""
    slope: tuple[float, float] = (0.0, 0.0)
    """Rise of the top towards east and north, metres per metre: one half of a roof, the flank of a heap."""
    rough: float = 0.06
    """Standard deviation of the logarithm of brightness within the part."""


@dataclass(frozen=True, kw_only=True)
class Thing:
    """An object that can come and go, with what is true of it."""

    id: str
    """Name within the world; the same name on two dates is the same object."""
    kind: str
    """``vessel``, ``containers``, ``rail_cars``, ``stockpile``, ``cover``, ``equipment`` or ``lorry``."""
    footprint: Polygon
    """Outline on the ground, map metres."""
    length_m: float
    """Along its longer side."""
    width_m: float
    """Across."""
    height_m: float
    """Of the highest part that is not a mast."""
    colour: str
    """Main colour in words."""
    azimuth_deg: float
    """Direction of the longer side (of the bow, for a vessel), clockwise from grid north."""
    parts: tuple[Part, ...]
    """What is drawn."""
    clutter: bool = False
    """Whether it is there to be ignored."""
    speed_m_s: float = 0.0
    """Speed through the water; a moving vessel draws a wake."""
    note: str = ""
    """What is assumed."""

    def after(self, seconds: float) -> Thing:
        """Return the thing where it is so many seconds later; itself if it does not move."""
        if self.speed_m_s == 0.0:
            return self
        east, north = (seconds * self.speed_m_s * share for share in self.direction)
        parts = tuple(replace(part, polygon=translate(part.polygon, east, north)) for part in self.parts)
        return replace(self, footprint=translate(self.footprint, east, north), parts=parts)

    @property
    def direction(self) -> tuple[float, float]:
        """Unit vector (x, y) along the longer side."""
        return unit(self.azimuth_deg)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """A patch of ground; later patches cover earlier ones."""

    polygon: BaseGeometry
    """Outline in map metres."""
    material: str
    """A name from `MATERIALS`."""
    tone: float = 1.0
    """Factor on its brightness: no two fields are alike."""
    cover: float | None = None
    """Share under plants, if other than the material's."""

    def __post_init__(self) -> None:
        if self.material not in MATERIALS:
            raise InputError(f"no ground called '{self.material}'; known: {', '.join(sorted(MATERIALS))}")


@dataclass(frozen=True, kw_only=True)
class World:
    """Everything that is there."""

    name: str
    """What is rendered."""
    crs: str
    """A metric projection, ``"EPSG:…"``."""
    bounds: tuple[float, float, float, float]
    """Left, bottom, right, top that may be rendered, map metres."""
    ground: tuple[Ground, ...]
    """From the first painted to the last; where there is none, there is sea."""
    fixed: tuple[Part, ...] = ()
    """Buildings and what else never moves."""
    things: tuple[Thing, ...] = ()
    """What may differ between two dates."""
    axis_deg: float = 0.0
    """Direction in which pavements are laid, clockwise from grid north."""
    slope: tuple[float, float] = (0.0, 0.0)
    """Rise of the land towards east and north, metres per metre."""
    texture: float = 1.0
    """Factor on all unevenness of the ground."""
    reflectances: dict[str, Reflectance] = field(default_factory=dict)
    """Colours of grounds that differ from `MATERIALS`, for benchmarks that vary them."""
    seed: int = 0
    """Of the ground's texture; objects have their own."""

    def with_things(self, *things: Thing) -> World:
        """Return the world with more things in it; a thing of the same id is replaced."""
        names = {thing.id for thing in things}
        return replace(self, things=(*(t for t in self.things if t.id not in names), *things))

    def without(self, *ids: str) -> World:
        """Return the world without the things of these ids.

        Raises
        ------
        InputError
            If there is no such thing.

        """
        missing = set(ids) - {thing.id for thing in self.things}
        if missing:
            raise InputError(f"the world '{self.name}' holds nothing called {', '.join(sorted(missing))}")
        return replace(self, things=tuple(t for t in self.things if t.id not in ids))


def unit(azimuth_deg: float) -> tuple[float, float]:
    """Return the unit vector (x, y) of a direction clockwise from grid north."""
    angle = math.radians(azimuth_deg)
    return (math.sin(angle), math.cos(angle))


def along(origin: Point, azimuth_deg: float, ahead_m: float, right_m: float = 0.0) -> Point:
    """Return the point so many metres ahead of ``origin`` and so many to the right of that direction."""
    sin, cos = unit(azimuth_deg)
    return (origin[0] + ahead_m * sin + right_m * cos, origin[1] + ahead_m * cos - right_m * sin)


def box(centre: Point, azimuth_deg: float, length_m: float, width_m: float) -> Polygon:
    """Return a rectangle whose longer side runs along ``azimuth_deg``."""
    a, b = length_m / 2.0, width_m / 2.0
    return Polygon([along(centre, azimuth_deg, u, v) for u, v in ((a, -b), (a, b), (-a, b), (-a, -b))])
