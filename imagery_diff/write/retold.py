"""A comparison read back from its documents: all that its sentences and pictures are made of, without its images.

What is drawn and said is made of this, when a result is first written and when a review has changed what its documents
say: a picture and a sentence cannot know more than the files that travel with them.
"""

from __future__ import annotations

import datetime as dt
import math
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import shapely
from affine import Affine
from shapely.geometry import shape

from imagery_diff.aoi import WGS84, Zone, reproject
from imagery_diff.grid import Grid
from imagery_diff.result import Floor, LookAt, Region, ZoneState
from imagery_diff.write.words import size_of_pixels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shapely.geometry.base import BaseGeometry

    Document = Mapping[str, Any]

BROKEN = (
    *(LookupError, TypeError, ValueError, AttributeError, ArithmeticError, AssertionError, RuntimeError, StopIteration),
    # Pillow calls a broken picture a SyntaxError.
    *(OSError, EOFError, SyntaxError, struct.error, zlib.error, shapely.errors.ShapelyError),
)
"""In what ways documents fail that hold something else than they should."""
UNREVIEWED, ACCEPTED, REJECTED = "unreviewed", "accepted", "rejected"
SIDES = ("before", "after")


@dataclass(frozen=True, kw_only=True)
class BandName:
    """A band, of which only the name is told."""

    name: str


@dataclass(frozen=True, kw_only=True)
class RetoldScene:
    """What is told of an image."""

    name: str
    acquired: dt.datetime | None
    time_source: str | None
    product: str
    bands: tuple[BandName, ...]
    pixel_size_m: tuple[float, float] | None
    credit: str | None
    licence: str | None
    simulated: bool

    @classmethod
    def of(cls, row: Document) -> RetoldScene:
        """Read it from ``before`` or ``after`` of ``summary.json``."""
        acquired, size = row["acquired"], row["pixel_size_m"]
        return cls(
            name=str(row["file"]),
            acquired=None if acquired is None else dt.datetime.fromisoformat(acquired),
            time_source=row["time_source"],
            product=str(row["product"]),
            bands=tuple(BandName(name=str(name)) for name in row["bands"]),
            pixel_size_m=None if size is None else (float(size[0]), float(size[1])),
            credit=row["credit"],
            licence=row["licence"],
            simulated=bool(row["simulated"]),
        )

    @property
    def pixels(self) -> str:
        """Size of its pixels on the ground, in words."""
        return "no georeference" if self.pixel_size_m is None else f"{size_of_pixels(*self.pixel_size_m)} pixels"


@dataclass(frozen=True, kw_only=True)
class Place:
    """What is told of an AOI."""

    name: str
    title: str | None
    timezone: str | None
    credit: str | None
    polygon: BaseGeometry
    """In the grid's CRS."""

    def timezone_of(self, zone: Zone | None) -> str | None:
        """Return the time zone of a zone: its own, else the place's."""
        return (zone.timezone if zone else None) or self.timezone


@dataclass(frozen=True, kw_only=True, eq=False)
class Retold:
    """A comparison, from ``summary.json`` and ``regions.geojson``."""

    aoi: Place | None
    before: RetoldScene
    after: RetoldScene
    grid: Grid
    regions: tuple[Region, ...]
    """All of them, the rejected too."""
    reviews: Mapping[str, str]
    """Region id -> ``unreviewed``, ``accepted`` or ``rejected``."""
    reviewers: tuple[str, ...]
    """Initials of who reviewed it."""
    zones: tuple[ZoneState, ...]
    look_at: tuple[LookAt, ...]
    caveats: tuple[str, ...]
    credit: str
    simulated: bool

    @property
    def kept(self) -> tuple[Region, ...]:
        """Those that no reviewer rejected."""
        return tuple(region for region in self.regions if self.reviews[region.id] != REJECTED)

    @property
    def images(self) -> tuple[RetoldScene, RetoldScene]:
        """Both images."""
        return (self.before, self.after)


def retold(summary: Document, regions: Document | None) -> Retold:
    """Read a comparison back.

    Parameters
    ----------
    summary
        ``summary.json``.
    regions
        ``regions.geojson``; None without georeference.

    Raises
    ------
    KeyError, TypeError, ValueError
        If they are not as this version writes them.

    """
    told = summary["grid"]
    grid = Grid(crs=told["crs"], transform=Affine(*told["transform"]), shape=(told["shape"][0], told["shape"][1]))
    outlines = outlines_of(summary, regions)
    return Retold(
        aoi=_place(summary["aoi"], grid),
        before=RetoldScene.of(summary["before"]),
        after=RetoldScene.of(summary["after"]),
        grid=grid,
        regions=tuple(region_of(row, outlines.get(row["id"]), grid) for row in summary["regions"]),
        reviews={str(row["id"]): str(row["review"]) for row in summary["regions"]},
        reviewers=tuple((summary.get("review") or {}).get("reviewers", ())),
        zones=tuple(zone_of(row, grid) for row in summary["zones"]),
        look_at=tuple(_look_at(row, grid) for row in summary["look_at"]),
        caveats=tuple(summary["caveats"]),
        credit=str(summary["credit"]),
        simulated=bool(summary["simulated"]),
    )


def outlines_of(summary: Document, regions: Document | None) -> dict[str, Any]:
    """Region id -> its outline as the documents hold it: WGS84, or pixels without georeference."""
    if regions is not None:
        return {feature["id"]: feature["geometry"] for feature in regions["features"]}
    return {row["id"]: row["pixels"]["geometry"] for row in summary["regions"]}


def outline_on(grid: Grid, geometry: Document | None) -> Any:
    """Bring an outline of a document (WGS84, or pixels without georeference) to the grid's CRS; empty for None."""
    if geometry is None:
        return shape({"type": "Polygon", "coordinates": []})
    outline = shape(dict(geometry))
    return outline if grid.crs is None else reproject(outline, WGS84, grid.crs)


def zone_named(name: str, row: Document, grid: Grid) -> Zone:
    """Read a zone back from its row in a document."""
    return Zone(
        name=name,
        kind=row["kind"],
        polygon=outline_on(grid, row["geometry"]),
        crs=grid.crs,
        title=row["title"],
        group=row["group"],
        located=row["located"],
        timezone=row["timezone"],
    )


def zone_of(row: Document, grid: Grid) -> ZoneState:
    """Read the state of a zone back from its row."""
    return ZoneState(
        zone=zone_named(row["name"], row, grid),
        state=row["state"],
        clear_fraction=row["usable_fraction"] or 0.0,
        degraded_fraction=row["degraded_fraction"] or 0.0,
        unknown={cause: share or 0.0 for cause, share in row["unknown"].items()},
        regions=tuple(row["regions"]),
        look_at=tuple(row["look_at"]),
        fill_gained=_limits(row["fill_gained"]),
        fill_lost=_limits(row["fill_lost"]),
        floors={thing: Floor(thing=thing, **floor) for thing, floor in row["floors"].items()},
    )


def _limits(values: Any) -> tuple[float, float] | None:
    return None if values is None else (float(values[0]), float(values[1]))


def _place(row: Document, grid: Grid) -> Place | None:
    if row["geometry"] is None:
        return None
    return Place(
        name=row["name"],
        title=row["title"],
        timezone=row["timezone"],
        credit=row["credit"],
        polygon=outline_on(grid, row["geometry"]),
    )


def _look_at(row: Document, grid: Grid) -> LookAt:
    return LookAt(
        id=row["id"],
        geometry=outline_on(grid, row["geometry"]),
        date=row["date"],
        zone=row["zone"],
        length_m=row["length_m"] or 0.0,
        width_m=row["width_m"] or 0.0,
    )


_SAME = (
    *("id", "direction", "activity", "relation", "zone", "zone_kind", "group", "colour", "length_is_lower_bound"),
    *("description", "p_change", "p_activity", "false_alarms_per_km2", "length_low_m", "length_high_m", "area_low_m2"),
    *("area_high_m2", "height_low_m", "height_high_m", "several", "is_area", "measured_by", "length_class"),
    *("location_accuracy_m", "relation_to", "shares", "shares_without_zone", "same_colour"),
)
"""Columns of a region that are called as its fields are."""


def region_of(row: Document, outline: Document | None, grid: Grid) -> Region:
    """Read a region back from its row and outline; of one without georeference the measures are in pixels."""
    pixels = row.get("pixels") or {}
    length = row["length_m"] if grid.crs is not None else pixels.get("length_px")
    drawn = outline_on(grid, pixels.get("geometry") if grid.crs is None else outline)
    return Region(
        **{name: row[name] for name in _SAME},
        geometry=drawn,
        area_m2=_number(row["area_m2"] if grid.crs is not None else pixels.get("area_px")),
        length_m=_number(length),
        width_m=_number(row["width_m"] if grid.crs is not None else pixels.get("width_px")),
        orientation_deg=_number(row["orientation_deg"]),
        strength=math.nan,
        why=tuple(row["why"]),
        zone_shares=dict(row["zone_shares"]),
        # A length is told of everything but of what moved while it was seen.
        under_way=length is None,
        side=row["side"] or "",
        end=row["end"] or "",
        teu_low=row.get("teu_low"),
        teu_high=row.get("teu_high"),
        tiers=(int(row["tiers"][0]), int(row["tiers"][1])) if row.get("tiers") else None,
        why_no_count=row.get("why_no_cars"),
        doubts=tuple(row["doubts"]),
    )


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)
