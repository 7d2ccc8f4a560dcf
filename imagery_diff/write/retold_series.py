"""A series read back from its documents: all that its calendar, its page and its figures are made of but the pictures.

As with a comparison (:mod:`imagery_diff.write.retold`), what is drawn and said is made of this, first and after a
review: it cannot know more than the files that travel with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from affine import Affine

from imagery_diff.grid import Grid
from imagery_diff.result_series import KINDS, NA
from imagery_diff.write.retold import REJECTED, RetoldScene, outline_on, zone_named

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from shapely.geometry.base import BaseGeometry

    from imagery_diff.aoi import Zone

    Document = Mapping[str, Any]
    Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class RetoldLook:
    """What is told of a look."""

    number: int
    info: RetoldScene
    residual_m: float | None
    closure_m: float | None
    refused: str | None

    @property
    def time(self) -> dt.datetime:
        """When it was taken, UTC."""
        if self.info.acquired is None:
            raise ValueError("a look has no time")
        return self.info.acquired


@dataclass(frozen=True, kw_only=True, eq=False)
class RetoldThing:
    """What is told of a thing on one look."""

    kind: str
    track: str | None
    outline: BaseGeometry
    """In the frame's CRS."""
    length_m: float | None
    length_low_m: float | None
    """90 %; None where there are none, and the upper one where the length is a lower bound."""
    length_high_m: float | None
    review: str


@dataclass(frozen=True, kw_only=True, eq=False)
class RetoldCell:
    """What is told of one zone on one look."""

    look: int
    zone: Zone
    states: Mapping[str, str]
    reason: str | None
    clear_fraction: float
    floors: Mapping[str, float | None]
    fill: tuple[float, float] | None
    things: tuple[RetoldThing, ...]
    """Those that no reviewer rejected."""

    @property
    def asked(self) -> str | None:
        """What the zone is asked for; None where it is asked for nothing."""
        return next((kind for kind in KINDS if self.states[kind] != NA), None)

    @property
    def longest_m(self) -> float | None:
        """Length of the longest thing of the kind asked for, metres; None where none stands there."""
        lengths = [thing.length_m for thing in self.things if thing.kind == self.asked and thing.length_m is not None]
        return max(lengths, default=None)


@dataclass(frozen=True, kw_only=True)
class RetoldTrack:
    """What is told of a thing followed through the looks."""

    id: str
    kind: str
    zone: str
    first: int
    last: int
    absent_before: int | None
    absent_after: int | None
    review: str


@dataclass(frozen=True, kw_only=True, eq=False)
class RetoldSeries:
    """A series, from ``summary.json``, ``events.geojson`` and ``observations.csv``."""

    place: str
    """Its name for people."""
    timezone: str | None
    grid: Grid
    looks: tuple[RetoldLook, ...]
    zones: Mapping[str, Zone]
    """By name, as laid."""
    windows: Mapping[str, Grid]
    """Zone -> the grid of its pictures."""
    cells: Mapping[tuple[str, int], RetoldCell]
    """By zone and look."""
    tracks: tuple[RetoldTrack, ...]
    events: tuple[Row, ...]
    """Properties of events.geojson, all of them."""
    summary: Document
    """summary.json."""
    credit: str
    simulated: bool

    @property
    def asked(self) -> tuple[str, ...]:
        """Names of the zones that are asked for something, in the AOI's order."""
        return tuple(row["zone"] for row in self.summary["zones"] if row["asked_for"])

    @property
    def images(self) -> tuple[RetoldScene, ...]:
        """What is told of the image of each look."""
        return tuple(look.info for look in self.looks)

    @property
    def kept_events(self) -> tuple[Row, ...]:
        """Those that no reviewer rejected."""
        return tuple(event for event in self.events if event["review"] != REJECTED)

    @property
    def reviews(self) -> tuple[str, ...]:
        """What people said of each thing that was followed, and of each event."""
        return (*(track.review for track in self.tracks), *(event["review"] for event in self.events))

    @property
    def reviewers(self) -> tuple[str, ...]:
        """Initials of who reviewed it."""
        return tuple((self.summary.get("review") or {}).get("reviewers", ()))

    def title_of(self, zone: str) -> str:
        """Return the name of a zone for people; its own where it is none of the place's, as of several together."""
        return (self.zones[zone].title or zone) if zone in self.zones else zone


def retold_series(summary: Document, events: Document, observations: Sequence[Document]) -> RetoldSeries:
    """Read a series back.

    Parameters
    ----------
    summary
        ``summary.json``.
    events
        ``events.geojson``.
    observations
        Rows of ``observations.csv``.

    Raises
    ------
    KeyError, TypeError, ValueError
        If they are not as this version writes them.

    """
    grid = _grid(summary["grid"], summary["grid"]["crs"])
    zones = {str(row["zone"]): zone_named(row["zone"], row, grid) for row in summary["zones"]}
    aoi = summary["aoi"]
    return RetoldSeries(
        place=str(aoi["title"] or aoi["name"]),
        timezone=aoi["timezone"],
        grid=grid,
        looks=tuple(_look(row) for row in summary["looks"]),
        zones=zones,
        windows={row["zone"]: _grid(row["window"], grid.crs) for row in summary["zones"] if row["window"]},
        cells=_cells(summary, observations, zones, grid),
        tracks=tuple(_track(row) for row in summary["tracks"]),
        events=tuple(dict(feature["properties"]) for feature in events["features"]),
        summary=summary,
        credit=str(summary["credit"]),
        simulated=bool(summary["simulated"]),
    )


def _grid(row: Document, crs: str | None) -> Grid:
    return Grid(crs=crs, transform=Affine(*row["transform"]), shape=(row["shape"][0], row["shape"][1]))


def _look(row: Document) -> RetoldLook:
    return RetoldLook(
        number=int(row["number"]),
        info=RetoldScene.of(row["scene"]),
        residual_m=row["residual_m"],
        closure_m=row["closure_m"],
        refused=row["refused"],
    )


def _track(row: Document) -> RetoldTrack:
    return RetoldTrack(
        id=str(row["id"]),
        kind=str(row["kind"]),
        zone=str(row["zone"]),
        first=int(row["seen"][0]),
        last=int(row["seen"][-1]),
        absent_before=row["absent_before"],
        absent_after=row["absent_after"],
        review=str(row["review"]),
    )


def _cells(
    summary: Document, observations: Sequence[Document], zones: Mapping[str, Zone], grid: Grid
) -> dict[tuple[str, int], RetoldCell]:
    """Gather the rows of each zone and look, and what stands there."""
    reviews = {row["id"]: row["review"] for row in summary["tracks"]}
    things: dict[tuple[str, int], list[RetoldThing]] = {}
    measured = by_object(observations)
    for row in summary["things"]:
        thing = RetoldThing(
            kind=row["kind"],
            track=row["track"],
            outline=outline_on(grid, row["geometry"]),
            length_m=row["length_m"],
            length_low_m=measured[row["zone"], row["look"], row["object"]]["length_low_m"],
            length_high_m=measured[row["zone"], row["look"], row["object"]]["length_high_m"],
            review=reviews.get(row["track"], "unreviewed"),
        )
        if thing.review != REJECTED:
            things.setdefault((row["zone"], row["look"]), []).append(thing)
    cells = {}
    for key, row in ((key[:2], row) for key, row in measured.items() if key[2] == 1):
        low, high = row["fill_fraction_low"], row["fill_fraction_high"]
        cells[key] = RetoldCell(
            look=key[1],
            zone=zones[key[0]],
            states={kind: row[kind] for kind in KINDS},
            reason=row["unknown_reason"],
            clear_fraction=row["clear_fraction"],
            floors={kind: row[f"{kind}_floor_m"] for kind in KINDS},
            fill=None if low is None else (low, high),
            things=tuple(things.get(key, ())),
        )
    return cells


def by_object(observations: Sequence[Document]) -> dict[tuple[str, int, int], Document]:
    """(zone, look, object from 1) -> its row, 1 of an empty cell too; a zone's rows stand in the order of the looks."""
    found: dict[tuple[str, int, int], Document] = {}
    count: dict[str, int] = {}
    for row in observations:
        number = row["object"] or 1
        if number == 1:
            count[row["zone"]] = count.get(row["zone"], 0) + 1
        found[row["zone"], count[row["zone"]], number] = row
    return found
