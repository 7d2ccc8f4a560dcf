"""What differs between two passes over a harbour although nothing happened: the cases of the rendered benchmark.

Every case has the everyday differences of two good passes (`_everyday`); a case adds its own on top. All numbers are
priors about PlanetScope-like deliveries, stated in docs/explanation/benchmarks.md; none was chosen by looking at what
a method finds.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from imagery_diff.geometry import View, sun_position
from imagery_diff.synthetic import PLANETSCOPE, Cloud, Look

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator

PIXEL_M = PLANETSCOPE.delivered_m
PLACE = (41.54, 129.0)
"""Latitude and longitude of every random harbour (EPSG:32652, see `random_harbour`)."""
LEAST_SUN_DEG = 15.0
"""No pass under a lower sun: PlanetScope's ask is 10, and the shadows of sheds then cover whole piers."""


@dataclass(frozen=True, kw_only=True)
class Weather:
    """Two looks, and what stands around besides events."""

    looks: tuple[Look, Look]
    """Before and after; after is the later one."""
    clutter: tuple[int, int] = (4, 15)
    """Pieces of small clutter on each pier, the same on both dates: fewest and most."""
    standing: int = 4
    """Most ships, stacks, trains and the like that stay where they are."""
    redrawn: bool = False
    """Whether there is also small clutter on one date only."""
    cloud_share: tuple[float, float] | None = None
    """Share of the zones that clouds and their shadows must cover."""
    notes: dict[str, Any] = field(default_factory=dict)
    """What was drawn, for people."""


def draw_weather(case: str, rng: Generator) -> Weather:
    """Draw the two passes of a case.

    Raises
    ------
    KeyError
        If there is no such case.

    """
    return CASES[case](rng, _everyday(rng))


def _everyday(rng: Generator, month: int | None = None) -> Weather:
    """Return two good passes, one to fourteen days and up to 40 minutes of the day apart."""
    while True:
        day = datetime(2021, month or int(rng.integers(1, 13)), int(rng.integers(1, 29)), tzinfo=UTC)
        days = (day, day + timedelta(days=int(rng.integers(1, 15))))
        # SuperDoves pass this longitude between about 1:20 and 2:40 UTC.
        noon = float(rng.uniform(100.0, 140.0))
        times = tuple(d + timedelta(minutes=noon + float(rng.uniform(-20.0, 20.0))) for d in days)
        if min(sun_deg(t) for t in times) >= LEAST_SUN_DEG:
            break
    sharpness = rng.uniform(0.90, 1.10, size=3)
    sky = np.array([1.0, 0.85, 0.72, rng.uniform(0.35, 0.75)]) * rng.uniform(0.18, 0.42)
    plants = _climate(times[0]) + float(rng.normal(0.0, 0.08))
    common = float(rng.uniform(0.4, 0.85))
    looks = [_pass(rng, time, sharpness, sky, common) for time in times]
    greens = (plants, plants + float(rng.normal(0.0, 0.03)))
    looks = [replace(k, greenness=float(np.clip(g, 0.03, 0.97))) for k, g in zip(looks, greens, strict=True)]
    return Weather(looks=(looks[0], looks[1]))


def _pass(rng: Generator, time: datetime, sharpness: np.ndarray, sky: np.ndarray, common: float) -> Look:
    """Return one good pass: its own pointing, calibration, focus, noise, view and a little haze."""
    own = sharpness * rng.uniform(0.95, 1.05, size=3)
    sensor = replace(
        PLANETSCOPE,
        blur_m=PLANETSCOPE.blur_m * own[0],
        smooth_px=PLANETSCOPE.smooth_px * own[1],
        sharpen=PLANETSCOPE.sharpen * own[2],
        noise_common=common,
        noise_bands=_four(np.array(PLANETSCOPE.noise_bands) * np.exp(rng.normal(0.0, 0.12, size=4))),
        band_offset_px=PLANETSCOPE.band_offset_px * float(rng.uniform(0.7, 1.3)),
        heading_deg=PLANETSCOPE.heading_deg + float(rng.normal(0.0, 2.0)),
    )
    # Two errors of .4 px / sqrt 2 make .4 px between the images, along each axis.
    east, north = rng.normal(0.0, 0.4 * PIXEL_M / np.sqrt(2.0), size=2)
    return Look(
        time=time,
        sensor=sensor,
        view=View(off_nadir_deg=float(rng.uniform(0.0, 3.0)), azimuth_deg=float(rng.uniform(0.0, 360.0))),
        pointing_error_m=(float(east), float(north)),
        gain=_four(np.exp(rng.normal(0.0, 0.025) + rng.normal(0.0, 0.012, size=4))),
        offset=_four(rng.normal(0.0, 0.002, size=4)),
        haze=float(rng.uniform(0.0, 0.03)),
        shadow_light=_four(np.clip(sky * np.exp(rng.normal(0.0, 0.07, size=4)), 0.05, 0.6)),
        waves=float(rng.uniform(0.001, 0.004)),
        noise_factor=float(np.exp(rng.normal(0.0, 0.15))),
        seed=int(rng.integers(1 << 30)),
    )


def _four(values: np.ndarray) -> tuple[float, float, float, float]:
    blue, green, red, nir = (float(v) for v in values)
    return (blue, green, red, nir)


def _climate(time: datetime) -> float:
    """Greenness of the season at this latitude: least in January, most in July."""
    return 0.5 - 0.42 * float(np.cos(2.0 * np.pi * (time.timetuple().tm_yday - 20) / 365.0))


def sun_deg(time: datetime) -> float:
    """Return the sun's elevation over the harbours."""
    return sun_position(time, *PLACE).elevation_deg


def _change(weather: Weather, which: int, **look: Any) -> Weather:
    """Return the weather with one look altered."""
    looks = list(weather.looks)
    looks[which] = replace(looks[which], **look)
    return replace(weather, looks=(looks[0], looks[1]))


def _one(rng: Generator) -> int:
    return int(rng.integers(2))


def _noted(weather: Weather, **notes: Any) -> Weather:
    return replace(weather, notes=weather.notes | notes)


# --- the cases -------------------------------------------------------------------------------------------------------


def _clear(rng: Generator, weather: Weather) -> Weather:
    del rng
    return weather


def _misregistration(rng: Generator, weather: Weather, most_px: float = 1.5) -> Weather:
    """Off by up to 1.5 px along each axis, shared between both images at random."""
    return _pointed(rng, weather, rng.uniform(-most_px, most_px, size=2))


def _large_shift(rng: Generator, weather: Weather) -> Weather:
    """Off by 3 to 15 px in any direction."""
    angle, reach = rng.uniform(0.0, 2.0 * np.pi), rng.uniform(3.0, 15.0)
    return _pointed(rng, weather, reach * np.array([np.cos(angle), np.sin(angle)]))


def _pointed(rng: Generator, weather: Weather, apart_px: np.ndarray) -> Weather:
    """Set how far apart (east, north) the images are; a random share of it is the after image's error."""
    share = float(rng.uniform(0.0, 1.0))
    for which, part in ((0, share - 1.0), (1, share)):
        east, north = apart_px * PIXEL_M * part
        weather = _change(weather, which, pointing_error_m=(float(east), float(north)))
    return _noted(weather, apart_px=[round(float(v), 2) for v in apart_px])


def _haze(rng: Generator, weather: Weather, most: float = 0.34) -> Weather:
    """Haze on one date, or unequal haze on both; the mask calls it light haze above .22."""
    which, depth = _one(rng), float(rng.uniform(0.05, most))
    colour = _four(np.array([0.26, 0.24, 0.22, 0.20]) * rng.uniform(0.85, 1.15) * rng.uniform(0.95, 1.05, size=4))
    weather = _change(weather, which, haze=depth, haze_colour=colour)
    if rng.random() < 0.3:
        weather = _change(weather, 1 - which, haze=float(rng.uniform(0.3, 0.8)) * depth, haze_colour=colour)
    return _noted(weather, haze=[round(k.haze, 3) for k in weather.looks])


def _season(rng: Generator, weather: Weather, span: tuple[float, float] = (0.3, 0.8)) -> Weather:
    """One to five months apart; plants change by .3 to .8 of all the way from dry to green."""
    weather = _apart(rng, weather, (30, 150))
    change = float(rng.uniform(*span))
    low = float(rng.uniform(0.03, max(0.04, 0.97 - change)))
    greens = (low, min(0.97, low + change))
    first = _one(rng)
    weather = _change(weather, first, greenness=greens[0])
    weather = _change(weather, 1 - first, greenness=greens[1])
    return _noted(weather, greenness=[round(k.greenness, 2) for k in weather.looks])


def _apart(rng: Generator, weather: Weather, days: tuple[int, int]) -> Weather:
    """Move the later pass so many days after the earlier, keeping its hour, with the sun high enough."""
    before, after = weather.looks
    hour = after.time - datetime(after.time.year, after.time.month, after.time.day, tzinfo=UTC)
    for _ in range(50):
        day = datetime(before.time.year, before.time.month, before.time.day, tzinfo=UTC)
        time = day + timedelta(days=int(rng.integers(days[0], days[1] + 1))) + hour
        if sun_deg(time) >= LEAST_SUN_DEG:
            return _change(weather, 1, time=time)
    return weather


def _sun(rng: Generator, weather: Weather) -> Weather:
    """Another hour (1.5 to 4.5 h), another month (2 to 6), or both; plants nearly as they were."""
    kind = str(rng.choice(["hour", "month", "both"]))
    if kind != "hour":
        weather = _apart(rng, weather, (60, 180))
        weather = _change(weather, 1, greenness=_near(rng, weather.looks[0].greenness, 0.05))
    if kind != "month":
        which = _one(rng)
        weather = _later(rng, weather, which)
    elevations = [round(sun_deg(k.time), 1) for k in weather.looks]
    return _noted(weather, sun=kind, elevations=elevations)


def _near(rng: Generator, value: float, deviation: float) -> float:
    return float(np.clip(value + rng.normal(0.0, deviation), 0.03, 0.97))


def _later(rng: Generator, weather: Weather, which: int, hours: tuple[float, float] = (1.5, 4.5)) -> Weather:
    """Move one pass to later in its day, as late as the sun allows."""
    time, most = weather.looks[which].time, hours[1]
    while most > hours[0] and sun_deg(time + timedelta(hours=most)) < LEAST_SUN_DEG:
        most -= 0.25
    moved = time + timedelta(hours=float(rng.uniform(hours[0], max(hours[0] + 0.1, most))))
    return _change(weather, which, time=moved) if sun_deg(moved) >= 0.8 * LEAST_SUN_DEG else weather


def _tilt(rng: Generator, weather: Weather, most_deg: float = 20.0) -> Weather:
    """Seen off nadir by up to 20 degrees from any side on either date, at least one of them by 8."""
    angles = rng.uniform(0.0, most_deg, size=2)
    if angles.max() < 0.4 * most_deg:
        angles[_one(rng)] = rng.uniform(0.4 * most_deg, most_deg)
    for which, angle in enumerate(angles):
        view = View(off_nadir_deg=float(angle), azimuth_deg=float(rng.uniform(0.0, 360.0)))
        weather = _change(weather, which, view=view)
    return _noted(weather, off_nadir_deg=[round(float(a), 1) for a in angles])


def _cloud(rng: Generator, weather: Weather) -> Weather:
    """Broken cloud with its shadow on one date, over part of the port."""
    which = _one(rng)
    cloud = Cloud(
        cover=float(rng.uniform(0.08, 0.40)),
        height_m=float(rng.uniform(500.0, 2500.0)),
        size_m=float(rng.uniform(200.0, 700.0)),
        depth=float(rng.uniform(0.6, 2.2)),
        seed=int(rng.integers(1 << 30)),
    )
    weather = replace(_change(weather, which, cloud=cloud), cloud_share=(0.03, 0.60))
    return _noted(weather, cloud=which, cover=round(cloud.cover, 2))


def _glint(rng: Generator, weather: Weather, most: float = 0.08) -> Weather:
    """Sun glint and waves, stronger on one date."""
    which = _one(rng)
    strong, weak = float(rng.uniform(0.01, most)), float(rng.uniform(0.0, 0.5))
    weather = _change(weather, which, glint=strong, waves=float(rng.uniform(0.003, 0.012)))
    weather = _change(weather, 1 - which, glint=strong * weak * float(rng.random() < 0.4))
    return _noted(weather, glint=[round(k.glint, 3) for k in weather.looks])


def _snow(rng: Generator, weather: Weather) -> Weather:
    """Snow on one date of a winter's pair; the mask calls the whole scene snow above .6."""
    weather = replace(_everyday(rng, month=int(rng.choice([1, 2, 3, 11, 12]))), notes=weather.notes)
    which, snow = _one(rng), float(rng.uniform(0.10, 0.75))
    return _noted(_change(weather, which, snow=snow), snow=round(snow, 2), snow_on=which)


def _wet(rng: Generator, weather: Weather, span: tuple[float, float] = (0.3, 1.0)) -> Weather:
    """Wet ground on one date."""
    which, wet = _one(rng), float(rng.uniform(*span))
    return _noted(_change(weather, which, wet=wet), wet=round(wet, 2), wet_on=which)


def _blur(rng: Generator, weather: Weather, span: tuple[float, float] = (1.5, 5.0)) -> Weather:
    """One date out of focus, by a Gaussian of 1.5 to 5 m."""
    which, blur = _one(rng), float(rng.uniform(*span))
    return _noted(_change(weather, which, extra_blur_m=blur), blur_m=round(blur, 1), blurred=which)


def _clutter(rng: Generator, weather: Weather) -> Weather:
    """Forty to eighty lorries and small blocks on each pier, and more that stays, the same on both dates."""
    del rng
    return replace(weather, clutter=(40, 80), standing=8)


def _mixed(rng: Generator, weather: Weather) -> Weather:
    """Three to five mild nuisances at once."""
    mild: dict[str, Callable[[Weather], Weather]] = {
        "misregistration": lambda w: _misregistration(rng, w, 1.0),
        "haze": lambda w: _haze(rng, w, 0.15),
        "season": lambda w: _season(rng, w, (0.15, 0.4)),
        "tilt": lambda w: _tilt(rng, w, 8.0),
        "glint": lambda w: _glint(rng, w, 0.03),
        "wet": lambda w: _wet(rng, w, (0.2, 0.5)),
        "blur": lambda w: _blur(rng, w, (1.0, 2.5)),
        "sun": lambda w: _later(rng, w, _one(rng), (0.7, 1.5)),
    }
    chosen = sorted(rng.choice(sorted(mild), size=int(rng.integers(3, 6)), replace=False))
    for name in chosen:
        weather = mild[name](weather)
    return _noted(weather, mixed=[str(name) for name in chosen])


def _redrawn(rng: Generator, weather: Weather) -> Weather:
    """Lorries and single containers that come and go: smaller than anything asked for, and real changes."""
    del rng
    return replace(weather, redrawn=True)


CASES: dict[str, Callable[[Generator, Weather], Weather]] = {
    "clear": _clear,
    "misregistration": _misregistration,
    "large_shift": _large_shift,
    "haze": _haze,
    "season": _season,
    "sun": _sun,
    "tilt": _tilt,
    "cloud": _cloud,
    "glint": _glint,
    "snow": _snow,
    "wet": _wet,
    "blur": _blur,
    "clutter": _clutter,
    "mixed": _mixed,
    "redrawn": _redrawn,
}
NOT_ASKED = frozenset({"redrawn"})
"""Cases reported apart: what comes and goes there is real, only too small to be wanted."""
