"""What the record of reported events says of Najin, as things that came and went: the truth of rendered series.

Dates, places and lengths are those of ``record.csv`` (paraphrased published reports; not part of this repository).
What no report gives is made up here and says so: the hours at which things came and went, the side of a pier, lengths
where none is published, and every colour but the blue of the stacks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from shapely.affinity import translate

from imagery_diff.geometry import View
from imagery_diff.synthetic import Cloud, Look, crane, stack
from imagery_diff.synthetic.najin import CRS, najin
from imagery_diff.synthetic.texture import rng_of
from imagery_diff.synthetic.things import heap
from imagery_diff.synthetic.world import box

if TYPE_CHECKING:
    from numpy.random import Generator

    from imagery_diff.aoi import AOI
    from imagery_diff.synthetic import Thing, World
    from imagery_diff.synthetic.harbours import Harbour

DECKS = ("rust", "red", "grey", "green", "tan", "light_grey")
DISPLACED_M = 25.0
"""By how much the AOI is displaced at most, in any direction."""
CLOUDY = 0.3
"""Share of looks under broken cloud: about 12 of 40 days (row N05)."""


@dataclass(frozen=True, kw_only=True)
class Stay:
    """One thing in one place for a while."""

    id: str
    rows: tuple[str, ...]
    """Of the record."""
    kind: str
    """``vessel``, ``cargo`` or ``coal``."""
    zone: str
    length_m: float
    came: datetime
    went: datetime
    assumed: str = ""
    hull: str = ""
    """Ships of the same hull share their colours."""
    grows_from: str = ""
    """The stay that this one carries on, grown."""

    def is_there(self, time: datetime) -> bool:
        """Say whether it is there at a moment."""
        return self.came <= time < self.went


def _at(text: str) -> datetime:
    day, _, hour = text.partition("T")
    return datetime.fromisoformat(day).replace(hour=int(hour or 0), tzinfo=UTC)


def _stay(rows: str, kind: str, zone: str, length_m: float, came: str, went: str, **more: str) -> Stay:
    name = f"{rows.split(maxsplit=1)[0]}_{kind}_{zone}_{came[5:10]}"
    return Stay(
        id=name,
        rows=tuple(rows.split()),
        kind=kind,
        zone=zone,
        length_m=length_m,
        came=_at(came),
        went=_at(went),
        **more,
    )


_HOURS = "hours of coming and going"
SEASON: tuple[Stay, ...] = (
    _stay("N01", "vessel", "pier2_sw_berth", 120, "2023-08-25T10", "2023-08-27T08", assumed=_HOURS),
    _stay("N01", "vessel", "pier2_ne_berth", 105, "2023-08-25T12", "2023-08-27T06", assumed=_HOURS),
    _stay(
        "N03", "cargo", "pier2_yard", 90, "2023-09-07T00", "2023-09-09T06", assumed="pier and length; 300 TEU reported"
    ),
    _stay(
        "N06", "vessel", "pier2_sw_berth", 120, "2023-10-09T12", "2023-10-10T12", hull="maria", assumed="length, hours"
    ),
    _stay(
        "N06", "vessel", "pier1_sw_berth", 120, "2023-10-10T14", "2023-10-11T12", hull="maria", assumed="length, hours"
    ),
    _stay("N07", "vessel", "pier2_sw_berth", 110, "2023-10-11T16", "2023-10-13T08", assumed=_HOURS),
    _stay("N09", "cargo", "pier1_yard", 115, "2023-10-13T06", "2023-10-18T06", assumed="when it came and went"),
    _stay("N10 N11 N12 N13", "cargo", "pier2_yard", 90, "2023-10-16T10", "2023-10-20T04", assumed=_HOURS),
    _stay("N11 N12 N13", "vessel", "pier2_sw_berth", 115, "2023-10-18T10", "2023-10-20T04", assumed=_HOURS),
    _stay("N14", "cargo", "pier2_yard", 80, "2023-10-20T12", "2023-10-24T06", assumed="when it went"),
    _stay("N15", "vessel", "pier2_sw_berth", 120, "2023-10-22T10", "2023-10-24T06", assumed=_HOURS),
    _stay("N16", "vessel", "pier1_sw_berth", 100, "2023-10-25T12", "2023-10-26T14", assumed=_HOURS),
    _stay("N17", "vessel", "pier2_sw_berth", 105, "2023-10-26T16", "2023-10-28T06", assumed=_HOURS),
    _stay("N18", "vessel", "pier1_sw_berth", 135, "2023-10-29T12", "2023-10-31T06", assumed=_HOURS),
    _stay("N19", "vessel", "pier2_sw_berth", 110, "2023-11-06T12", "2023-11-08T06", assumed="length, hours"),
    _stay("N19", "cargo", "pier2_yard", 100, "2023-11-06T10", "2023-11-10T15", assumed="length, hours"),
    _stay("N19", "cargo", "pier2_yard", 100, "2023-11-14T10", "2023-11-17T06", assumed="length, hours"),
    _stay("N20", "vessel", "pier1_sw_berth", 100, "2023-11-14T12", "2023-11-16T06", assumed=_HOURS),
    _stay("N21", "cargo", "pier2_yard", 100, "2023-11-22T06", "2023-11-23T18", assumed="pier, hours"),
    _stay("N22", "vessel", "pier2_sw_berth", 105, "2023-11-23T14", "2023-11-25T06", assumed="pier, hours"),
    _stay("N24", "vessel", "pier1_sw_berth", 120, "2023-12-08T06", "2023-12-10T06", assumed="piers, hours"),
    _stay("N24", "cargo", "pier2_yard", 100, "2023-12-07T06", "2023-12-11T06", assumed="pier, length, hours"),
    _stay("N26a", "vessel", "pier2_sw_berth", 100, "2024-01-01T06", "2024-01-03T06", assumed=_HOURS),
    _stay("N26a", "cargo", "pier2_yard", 100, "2024-01-01T06", "2024-01-03T06", assumed=_HOURS),
    _stay("N26b", "vessel", "pier2_sw_berth", 100, "2024-01-06T06", "2024-01-07T12", assumed=_HOURS),
    _stay("N26b N26c", "cargo", "pier2_yard", 100, "2024-01-06T06", "2024-01-09T06", assumed=_HOURS),
    _stay("N26c", "vessel", "pier2_sw_berth", 120, "2024-01-07T14", "2024-01-09T06", hull="angara", assumed=_HOURS),
    _stay("N26d", "vessel", "pier2_sw_berth", 100, "2024-01-11T06", "2024-01-13T06", assumed=_HOURS),
    _stay("N26d", "cargo", "pier2_yard", 100, "2024-01-11T06", "2024-01-13T06", assumed=_HOURS),
    _stay("N26e", "vessel", "pier2_sw_berth", 100, "2024-01-14T06", "2024-01-16T06", assumed=_HOURS),
    _stay("N26e", "cargo", "pier2_yard", 100, "2024-01-14T06", "2024-01-16T06", assumed=_HOURS),
    _stay("N27", "vessel", "pier2_sw_berth", 120, "2024-02-03T06", "2024-02-04T20", assumed="pier, length, hours"),
    _stay("N28", "vessel", "pier1_sw_berth", 138, "2024-02-11T06", "2024-02-13T06", assumed=_HOURS),
    _stay("N31", "cargo", "pier2_yard", 60, "2024-03-07T06", "2024-03-08T12", assumed="lengths"),
    _stay(
        "N31 N33",
        "cargo",
        "pier2_yard",
        100,
        "2024-03-08T12",
        "2024-03-13T06",
        assumed="lengths on 8 and 9 March",
        grows_from="N31_cargo_pier2_yard_03-07",
    ),
    _stay("N32", "vessel", "pier1_sw_berth", 120, "2024-03-09T12", "2024-03-11T06", hull="angara", assumed=_HOURS),
    _stay("N33", "vessel", "pier2_sw_berth", 115, "2024-03-11T12", "2024-03-13T06", assumed=_HOURS),
)
"""26 August 2023 to 12 March 2024. Rows that name no pier are put where most calls of the time were."""
ALWAYS: tuple[Stay, ...] = (
    *(s for s in SEASON if not (s.kind == "cargo" and s.zone == "pier2_yard")),
    _stay(
        "none", "cargo", "pier2_yard", 100, "2023-08-01T00", "2024-04-01T00", assumed="everything: an honest failure"
    ),
)
"""The same with one stack on Pier 2 on every date: no look shows what lies under it."""
AUTUMN_DAYS = (
    *("2023-10-10", "2023-10-11", "2023-10-12", "2023-10-16", "2023-10-17", "2023-10-19", "2023-10-20"),
    *("2023-10-20T06:43", "2023-10-21", "2023-10-23", "2023-10-26", "2023-10-27", "2023-10-30", "2023-11-07"),
    *("2023-11-10", "2023-11-11", "2023-11-13", "2023-11-15", "2023-11-23", "2023-11-24"),
)
SEASON_DAYS = (
    *("2023-08-26", "2023-09-08", *AUTUMN_DAYS, "2023-12-09", "2024-01-02", "2024-01-07", "2024-01-08", "2024-01-12"),
    *("2024-01-15", "2024-02-04", "2024-02-05", "2024-02-12", "2024-02-18", "2024-03-08", "2024-03-09", "2024-03-10"),
    "2024-03-12",
)
"""Days with a row that an image carries; 02:00 to 02:20 UTC where no hour is published."""
HUNDRED_DAYS = tuple((date(2023, 8, 26) + timedelta(days=k)).isoformat() for k in range(100))
"""A look a day: how much time and memory a look takes in a long series."""
EMPTY = {
    "pier1_yard": ("2023-10-30", "2023-11-13", "2023-10-19"),
    "pier2_yard": ("2023-10-16", "2023-11-13", "2023-11-11"),
}
"""Looks of which an analyst would say that they show a yard empty (N08 and N19 for Pier 2; Pier 1 assumed)."""


@dataclass(frozen=True, kw_only=True)
class Series:
    """Everything of one rendered series before it is rendered."""

    harbour: Harbour
    looks: tuple[Look, ...]
    stays: tuple[Stay, ...]
    things: dict[str, tuple[Thing, ...]]
    """Stay -> what is drawn of it."""
    aoi: AOI
    """As it is given to the tool: displaced."""
    displaced_m: tuple[float, float]
    truth: AOI
    """Where the zones are."""

    def world(self, time: datetime) -> World:
        """Return what is there at a moment."""
        there = [thing for stay in self.stays if stay.is_there(time) for thing in self.things[stay.id]]
        return self.harbour.world.with_things(*there)


def series(seed: int, days: tuple[str, ...], stays: tuple[Stay, ...], place: AOI, *, cloudy: float = CLOUDY) -> Series:
    """Draw everything that no report gives; the same for the same seed."""
    rng = rng_of(seed, "record")
    harbour = najin(place, seed=seed)
    truth = place.in_crs(CRS)
    angle, far = float(rng.uniform(0, 2 * np.pi)), DISPLACED_M * float(np.sqrt(rng.random()))
    east, north = far * np.cos(angle), far * np.sin(angle)
    aoi = replace(
        truth,
        polygon=translate(truth.polygon, east, north),
        zones=tuple(replace(z, polygon=translate(z.polygon, east, north)) for z in truth.zones),
    )
    first, last = (_time(d, rng) for d in (days[0], days[-1]))
    shown = tuple(s for s in stays if s.came <= last and s.went > first)
    hulls: dict[str, str] = {}
    things: dict[str, tuple[Thing, ...]] = {}
    for stay in shown:
        things[stay.id] = _drawn(stay, things, harbour, hulls, rng)
    looks = tuple(_look(day, rng, cloudy) for day in days)
    return Series(
        harbour=harbour,
        looks=looks,
        stays=shown,
        things=things,
        aoi=aoi,
        displaced_m=(float(east), float(north)),
        truth=truth,
    )


def _drawn(
    stay: Stay, others: dict[str, tuple[Thing, ...]], harbour: Harbour, hulls: dict[str, str], rng: Generator
) -> tuple[Thing, ...]:
    pier = harbour.pier(stay.zone.split("_")[0])
    if stay.kind == "vessel":
        side = "right" if "_sw_" in stay.zone else "left"
        deck = hulls.setdefault(stay.hull or stay.id, str(rng.choice(DECKS)))
        beam = stay.length_m / float(rng.uniform(6.0, 7.2))
        ahead = min(float(rng.uniform(135, 165)), pier.length_m - stay.length_m / 2 - 8)
        cargo = "blue" if {"N11", "N20", "N22"} & set(stay.rows) else None
        ship = pier.moor(stay.id, side, ahead, (stay.length_m, beam), deck=deck, **({"cargo": cargo} if cargo else {}))
        if "N07" not in stay.rows:
            return (ship,)
        return (ship, crane(f"{stay.id}_crane", pier.from_right(ahead, 14.0), pier.right_azimuth_deg + 60.0))
    if stay.kind == "coal":
        where = box(pier.from_right(0.5 * stay.length_m + 5.0, 40.0), pier.right_azimuth_deg, stay.length_m, 36.0)
        return (heap(stay.id, where, 6.0),)
    if stay.grows_from and stay.grows_from in others:
        old = others[stay.grows_from][0]
        middle, width, tiers = old.footprint.centroid.coords[0], old.width_m, round(old.height_m / 2.6)
    else:
        width = float(rng.choice([7.6, 10.2, 12.7, 16.4]))
        middle = pier.from_right(float(rng.uniform(125, 175)), 16.0 + width / 2 + float(rng.uniform(0, 6)))
        tiers = int(rng.integers(2, 4))
    made = stack(
        stay.id, middle, pier.right_azimuth_deg, (stay.length_m, width), tiers=tiers, seed=int(rng.integers(1 << 30))
    )
    return (made,)


def _time(day: str, rng: Generator) -> datetime:
    if "T" in day:
        return datetime.fromisoformat(day).replace(tzinfo=UTC)
    return datetime.fromisoformat(day).replace(hour=2, tzinfo=UTC) + timedelta(seconds=float(rng.uniform(0, 1200)))


def _look(day: str, rng: Generator, cloudy: float) -> Look:
    """Return a pass with its own pointing, view, calibration, haze and, three times in ten, cloud."""
    time = _time(day, rng)
    cover = float(rng.uniform(0.35, 0.95)) if rng.random() < cloudy else 0.0
    sky = np.array([1.0, 0.85, 0.72, rng.uniform(0.4, 0.6)]) * rng.uniform(0.25, 0.38)
    summer = 0.5 + 0.4 * np.cos(2 * np.pi * (time.timetuple().tm_yday - 213) / 365.0)
    return Look(
        time=time,
        view=View(off_nadir_deg=float(rng.uniform(0.5, 5.0)), azimuth_deg=float(rng.choice([100.0, 280.0]))),
        pointing_error_m=(float(rng.normal(0, 3.5)), float(rng.normal(0, 3.5))),
        gain=tuple(float(g) for g in rng.normal(1.0, 0.02, 4)),  # type: ignore[arg-type]
        haze=float(rng.uniform(0.10, 0.30) if rng.random() < 0.15 else rng.uniform(0.0, 0.08)),
        shadow_light=tuple(float(s) for s in sky),  # type: ignore[arg-type]
        cloud=Cloud(cover=cover, seed=int(rng.integers(1 << 30))) if cover else None,
        glint=float(rng.uniform(0.0, 0.003)),
        greenness=float(np.clip(summer + rng.normal(0, 0.03), 0.05, 0.95)),
        wet=float(rng.uniform(0.1, 0.6)) if rng.random() < 0.15 else 0.0,
        noise_factor=float(rng.uniform(0.9, 1.2)),
        seed=int(rng.integers(1 << 30)),
    )
