"""What a series found: looks, observations, things followed through them, events, and what speaks against it.

Numbers that do not exist are None, never NaN.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image
    from shapely.geometry.base import BaseGeometry

    from imagery_diff.aoi import AOI, Zone
    from imagery_diff.archive_values import FileEntry
    from imagery_diff.grid import Grid
    from imagery_diff.pair_fit import Fit
    from imagery_diff.params import Params
    from imagery_diff.result import Asked, Region
    from imagery_diff.scene import SceneInfo

YES, NO, UNKNOWN, NA = "yes", "no", "unknown", "na"
KINDS = ("vessel", "cargo", "rail")
"""What a zone is asked for."""
EVENTS = (
    *("vessel_arrived", "vessel_departed", "vessel_moved", "visit_inferred", "rail_appeared", "rail_disappeared"),
    *("cargo_appeared", "cargo_disappeared", "cargo_grew", "cargo_shrank", "stockpile_changed", "construction"),
)
"""What a change of state is called."""
ALL_BERTHS = "all berths"
"""The group that counts the calls of all of them: a ship that shifts berth is one call there."""


@dataclass(frozen=True, kw_only=True)
class SeriesLook:
    """One pass over the place."""

    number: int
    """From 1, in the order of time."""
    info: SceneInfo
    east_m: float | None
    """By how much the image lay beside the frame; it was moved back. None where nothing was measured."""
    north_m: float | None
    residual_m: float | None
    """By how much it still lies beside the empty place that all looks make, metres; bounds what may be called moved.
    None where it was not measured."""
    closure_m: float | None = None
    """By how much the way to the look before, to the frame's look and back misses its start, metres."""
    refused: str | None = None
    """Why nothing is said of it; None where something is."""
    kept_files: tuple[FileEntry, ...] | None = None
    """The files of a look that was taken from an archive, as they were when it was read; None where it was opened."""

    @property
    def time(self) -> dt.datetime:
        """When it was taken, UTC."""
        assert self.info.acquired is not None
        return self.info.acquired


@dataclass(frozen=True, kw_only=True)
class Thing:
    """Something that stands in a zone on one look."""

    kind: str
    """``vessel``, ``cargo`` or ``rail``; ``lasting`` of what came and stayed; ``unclear`` of what is none of these."""
    region: Region
    """As the look was held against the empty place."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One zone on one look."""

    look: int
    zone: Zone
    """As laid."""
    clear_fraction: float
    degraded_fraction: float
    states: dict[str, str]
    """Kind -> ``yes``, ``no``, ``unknown`` or ``na``."""
    usable: bool
    """Whether a thing of the reported size would have been told there, had it stood there."""
    reason: str | None
    """Why a state is unknown, or why absence may not be said beside what is there."""
    floors: dict[str, float | None]
    """Kind -> length missed at most one time in ten, metres."""
    things: tuple[Thing, ...]
    fill: tuple[float, float] | None
    """Least and most of the clear ground under goods, 0 to 1; None where that is not known."""
    missed: float | None = None
    """Share of things of the reported length that would be missed there; None where the zone was not searched."""
    p_state_raw: float | None = None
    """Chance that something of the kind asked for stood there, by this look alone; None where it shows nothing."""
    p_state: float | None = None
    """The same by all looks together; it changes no state, and there is none where this look shows nothing."""
    denied: bool = False
    """Whether other looks deny that nothing stood there."""

    def with_no_denied(self, reason: str) -> Cell:
        """Return it with ``no`` made ``unknown`` for a reason; as it is where it says none."""
        if NO not in self.states.values():
            return self
        states = {kind: UNKNOWN if state == NO else state for kind, state in self.states.items()}
        return replace(self, states=states, reason=reason, fill=None, usable=False, denied=True)


@dataclass(frozen=True, kw_only=True)
class Track:
    """One thing, followed through the looks that show it."""

    id: str
    kind: str
    zone: str
    group: str | None
    seen: tuple[tuple[int, Thing], ...]
    """(look, thing), in the order of time."""
    absent_before: int | None
    """The last look before it on which its place was seen empty; None where none is known."""
    absent_after: int | None
    """The first look after it on which its place was seen empty."""
    clear_before: float | None = None
    """Share of its place that the look ``absent_before`` shows clearly; the rest of that look's zone may be unseen."""
    clear_after: float | None = None
    """The same of ``absent_after``."""

    @property
    def first(self) -> int:
        """The look on which it was first seen."""
        return self.seen[0][0]

    @property
    def last(self) -> int:
        """The look on which it was last seen."""
        return self.seen[-1][0]


@dataclass(frozen=True, kw_only=True)
class Event:
    """One change of state, and the window in which it must have happened."""

    event: str
    zone: str
    group: str | None
    not_before: dt.datetime | None
    """None where no look shows the state before."""
    not_after: dt.datetime
    length_m: float | None
    p_event: float | None
    """None: not calibrated."""
    evidence: tuple[str, ...]
    """Names of the scenes it rests on."""
    track: str | None
    description: str
    unusable_between: int = 0
    """Looks inside the window that show nothing of the place."""
    geometry: BaseGeometry | None = field(default=None, repr=False)
    """In the frame's CRS."""
    borne_out: bool = True
    """Whether the pair of its two looks tells it too, where a pair can; the description says why not."""


@dataclass(frozen=True, kw_only=True)
class Gap:
    """A time between usable looks in which a whole call could lie unseen."""

    after: dt.datetime
    before: dt.datetime
    hours: float


@dataclass(frozen=True, kw_only=True)
class Visits:
    """Calls of vessels of a group of berths."""

    group: str
    at_least: int
    """Calls that were seen and cannot be one, of vessels that are surely of the class."""
    perhaps: int
    """So many more at least, if vessels whose limits reach into the class are of it."""
    inferred: int
    """Cargo that left in a gap; never added to ``at_least``."""
    usable_looks: int
    looks: int
    gaps: tuple[Gap, ...]
    sentence: str
    beside_stockpile: int = 0
    """So many of ``at_least`` at berths whose group holds a located stockpile; what they load no image says."""
    their_classes: tuple[str, ...] = ()
    """Classes of length of those, each once."""
    tracks: tuple[str, ...] = ()
    """The vessels that ``at_least`` is counted from: as many calls, but for those that may be one hull's."""
    tracks_perhaps: tuple[str, ...] = ()
    """Those that ``perhaps`` is counted from."""


@dataclass(frozen=True, kw_only=True)
class AisCandidate:
    """A vessel of an AIS file that may be one that was seen."""

    mmsi: str
    """Nine digits."""
    offset_m: float
    """From the middle of the outline, metres."""
    minutes_before: float | None
    """How long before the look the position lies that it rests on; with ``minutes_after`` the place is interpolated."""
    minutes_after: float | None
    at_look_m: float | None
    """Where a position was near, but those nearer to the look in time put the vessel elsewhere at it: how far off."""
    length_m: float | None
    """As the vessel says."""
    length_agrees: bool | None
    """Whether it lies within the limits by the image; None where there is no length or no limits."""
    matched: bool

    @property
    def interpolated(self) -> bool:
        """Whether the place at the look lies between two positions."""
        return self.minutes_before is not None and self.minutes_after is not None


@dataclass(frozen=True, kw_only=True)
class AisFinding:
    """What an AIS file says of one vessel on one look."""

    look: int
    zone: str
    track: str | None
    state: str
    """``match``, ``ambiguous``, ``elsewhere`` (positions near, of vessels that were elsewhere at the look), ``none`` or
    ``not_covered``."""
    candidates: tuple[AisCandidate, ...]
    """Three at most, by their offset."""
    within_reach: int
    """How many there are in all."""
    nearest_m: float | None
    """How far off the nearest vessel of the file was at the look; None where none sent near it in time."""
    length_m: float
    length_low_m: float | None
    length_high_m: float | None
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Ais:
    """An AIS file, and what it says of each vessel seen."""

    file: str
    """Its name, without its folder."""
    size: int
    sha256: str
    positions: int
    vessels: int
    first: dt.datetime
    last: dt.datetime
    findings: tuple[AisFinding, ...]
    """By look, then by zone."""
    notes: tuple[str, ...]
    """What was taken for granted or left out."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Timeline:
    """The result of a series."""

    aoi: AOI
    """As laid, in the frame's CRS."""
    grid: Grid
    """The frame."""
    looks: tuple[SeriesLook, ...]
    cells: tuple[Cell, ...]
    """By zone, then by look."""
    tracks: tuple[Track, ...]
    events: tuple[Event, ...]
    visits: tuple[Visits, ...]
    quiet: dict[str, str]
    """Zone -> what its silence says; only zones in which nothing was seen and something could have been."""
    expected_false: float | None
    """How many of its things unchanged ground raised, expected; None where that was not counted."""
    local_hours: str | None
    """Between which hours anything was seen."""
    caveats: tuple[str, ...]
    params: Params
    fit: Fit | None
    names: tuple[str, ...]
    """Of the bands of the chips."""
    chips: dict[tuple[str, int], NDArray[np.floating[Any]]] = field(default_factory=dict, repr=False)
    """(zone, look) -> (band, row, col), the zone at the frame's pixels; NaN where it was not seen."""
    windows: dict[str, Grid] = field(default_factory=dict, repr=False)
    """Zone -> the grid of its chips."""
    fills: dict[str, str] = field(default_factory=dict)
    """Zone -> how full it was, look by look; only of yards and stockpiles of which two looks tell."""
    ais: Ais | None = None
    """What AIS says of the vessels seen; None where no file was given."""
    asked: Asked | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """What the result is about."""
        return self.aoi.name

    @property
    def simulated(self) -> bool:
        """Whether a look is rendered or altered, so that nothing here was seen by a satellite."""
        return any(look.info.simulated for look in self.looks)

    @property
    def credit(self) -> str:
        """The line that must stand beside every picture."""
        from imagery_diff.write.words import credits_of  # noqa: PLC0415 - a lazy delegate to `write`

        return credits_of([look.info for look in self.looks], self.aoi)

    @property
    def observations(self) -> Any:
        """Rows of ``observations.csv``: a data frame where pandas is installed, else a list of dicts."""
        from imagery_diff.write.timeline import frame_of, observation_rows  # noqa: PLC0415

        return frame_of(observation_rows(self))

    @property
    def event_rows(self) -> Any:
        """Rows of ``events.csv``, the same way."""
        from imagery_diff.write.timeline import event_rows, frame_of  # noqa: PLC0415

        return frame_of(event_rows(self))

    def __repr__(self) -> str:
        from imagery_diff.write.report.series import line_of_series  # noqa: PLC0415 - a lazy delegate to `write`

        return line_of_series(self)

    def _repr_html_(self) -> str:
        from imagery_diff.write.report.inline_series import cell_of_series  # noqa: PLC0415

        return cell_of_series(self)

    def plot(self) -> Image:
        """Draw the calendar: zones as rows, time as the axis."""
        from imagery_diff.write.timeline import calendar  # noqa: PLC0415

        return calendar(self)

    def explore(self, *, tiles: Any = None, leaflet: str | Path | None = None) -> Any:
        """Return a map to move about in: zones with their states, changes with their windows; no pictures.

        Parameters, result and errors are those of :meth:`imagery_diff.result.Comparison.explore`: without ``leaflet``
        the browser that shows the map fetches Leaflet from a public server.
        """
        from imagery_diff.write.explore import explore_series  # noqa: PLC0415

        return explore_series(self, tiles=tiles, leaflet=leaflet)

    def save(self, folder: str | Path) -> Path:
        """Write every file of the result into ``folder``."""
        from imagery_diff.write.timeline import save_timeline  # noqa: PLC0415

        return save_timeline(self, folder)
