"""Scenes for the classes: a harbour in any of the nuisances, with things of every class and what is taken for them.

Zones are drawn so that they say something and not all: a third of the tracks are in no rail zone (trains stand there in
a yard), most piers with heaps are stockpile yards, as some without are, on which other things stand too, and stacks at
the quay's edge lie half in a berth. Every truth is in `class_things.CLASS_OF`.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import rendered
from class_things import CLASS_OF, a_building, kind_of, moved_crane, placed, repainted_roof
from harbour_events import FIXED_GAP_M, Room, fitted, on_a_yard, recoloured_buildings, small_clutter
from nuisances import CASES, NOT_ASKED, draw_weather
from scenes import FILE, Event, Scene
from shapely import union_all
from shapely.affinity import rotate, scale, translate
from shapely.geometry import Point as Dot

from imagery_diff.synthetic import random_harbour, render
from imagery_diff.synthetic.harbours import ragged
from imagery_diff.synthetic.texture import rng_of

if TYPE_CHECKING:
    from numpy.random import Generator
    from shapely.geometry import Polygon

    from imagery_diff.aoi import AOI
    from imagery_diff.synthetic import Ground, Harbour, Thing, World

RECIPE = 1
"""Raise it whenever the same seed gives another scene."""
THINGS = 9
"""Drawn for a scene, besides cranes, roofs and wet ground."""
WEATHERS = tuple(case for case in CASES if case not in NOT_ASKED)
"""Nuisances, each as likely."""
UNDRAWN_TRACK, CRANE, ROOF, WET = 0.35, 0.5, 0.6, 0.5
"""Chances: a track is in no zone, a crane moved, a roof was repainted, ground is wet."""
STOCKPILE_PIER = {True: 0.7, False: 0.15}
"""Chance that a pier is drawn as a stockpile yard, with a heap on it on either date and without."""


@dataclass(frozen=True, kw_only=True)
class Wet:
    """A patch of ground that is darker on one date."""

    after: bool
    """Whether on the later one."""
    patches: tuple[Ground, ...]
    """One in the other, each darker than the one around it: the border is soft."""

    @property
    def outline(self) -> Polygon:
        """Where it is half as dark as in its middle."""
        middle: Polygon = self.patches[len(self.patches) // 2].polygon
        return middle


@dataclass(frozen=True, kw_only=True)
class ClassPlan(rendered.Plan):
    """A plan in which roofs are repainted and ground is wetted too."""

    repainted: tuple[Thing, ...] = ()
    """Roofs that are of another colour after; sheds that stand on both dates."""
    wet: Wet | None = None

    @property
    def worlds(self) -> tuple[World, World]:
        """What is there on each date."""
        before, after = super().worlds
        after = after.with_things(*self.repainted)
        if self.wet is None:
            return before, after
        if self.wet.after:
            return before, replace(after, ground=(*after.ground, *self.wet.patches))
        return replace(before, ground=(*before.ground, *self.wet.patches)), after


def plan(seed: int) -> ClassPlan:
    """Draw everything about a scene but its pixels."""
    harbour = recoloured_buildings(rendered.bare(random_harbour(seed)), rng_of(seed, "roofs"))
    harbour = replace(harbour, world=rendered.varied(harbour.world, rng_of(seed, "world")))
    rng = rng_of(seed, "classes", RECIPE)
    weather = draw_weather(str(rng.choice(WEATHERS)), rng_of(seed, "classes", "weather"))
    room = Room(harbour)
    shed = _standing_shed(harbour, rng, room)
    cranes = moved_crane(harbour, rng, "event90") if rng.random() < CRANE else None
    if cranes is not None and not all(room.fits(c) for c in cranes):
        cranes = None
    for crane in cranes or ():
        room.take(crane, 3.0)
    events = placed(harbour, rng, room, THINGS)
    wet = _wet_ground(harbour, rng, room) if rng.random() < WET else None
    stays = placed(harbour, rng, room, int(rng.integers(0, 4)))
    stays = [replace(t, id=t.id.replace("event", "standing")) for t in stays]
    stays += small_clutter(harbour, rng, room, weather.clutter, "stays")
    if shed is not None:
        stays.append(shed)
    roof = repainted_roof(shed, rng, "event91_roof") if shed is not None and rng.random() < ROOF else None
    harbour = replace(harbour, world=harbour.world.with_things(*stays))
    weather = rendered.clouded(weather, harbour, rng_of(seed, "classes", "cloud"))
    coming = rng.random(len(events)) < 0.5
    came = [e for e, c in zip(events, coming, strict=True) if c] + ([cranes[1]] if cranes else [])
    went = [e for e, c in zip(events, coming, strict=True) if not c] + ([cranes[0]] if cranes else [])
    return ClassPlan(
        harbour=harbour,
        weather=weather,
        came=tuple(came),
        went=tuple(went),
        repainted=(roof,) if roof else (),
        wet=wet,
    )


def _standing_shed(harbour: Harbour, rng: Generator, room: Room) -> Thing | None:
    """Put a shed on a yard that stands on both dates."""
    shed = fitted(partial(a_building, harbour, rng, "standing90_building"), rng, room)
    if shed is not None:
        room.take(shed, FIXED_GAP_M)
    return shed


def _wet_ground(harbour: Harbour, rng: Generator, room: Room) -> Wet | None:
    """Darken a patch of 15 to 60 m by a tenth to a half, over 1 to 6 m at its border, where nothing stands."""
    long, dark = float(rng.uniform(15.0, 60.0)), float(rng.uniform(0.5, 0.9))
    wide, seed = long * float(rng.uniform(0.4, 1.0)), int(rng.integers(1 << 30))
    soft, after = float(rng.uniform(1.0, 6.0)), str(rng.choice(["before", "after"])) == "after"
    for _ in range(40):
        where, azimuth, yard = on_a_yard(harbour, rng)
        oval = rotate(scale(Dot(*where).buffer(1.0), wide / 2.0, long / 2.0), -azimuth)
        outline = ragged(oval, seed, 2.5, every_m=10.0)
        if not yard.contains(outline) or not room.is_free(outline):
            continue
        under = [g for g in harbour.world.ground if g.polygon.contains(outline)][-1]
        steps = 5
        rings = [outline.buffer(soft * (0.5 - (k + 0.5) / steps)) for k in range(steps)]
        tones = [dark ** ((k + 1) / steps) for k in range(steps)]
        made = tuple(
            replace(under, polygon=ring, tone=under.tone * tone)
            for ring, tone in zip(rings, tones, strict=True)
            if not ring.is_empty
        )
        return Wet(after=after, patches=made)
    return None


def zones_of(drawn: ClassPlan, name: str, seed: int) -> AOI:
    """Return the zones of the rendered suite with tracks left out and piers of another kind, by the chances above."""
    rng = rng_of(seed, "classes", "zones")
    aoi = rendered.zones_of(drawn.harbour, name)
    things = [thing for world in drawn.worlds for thing in world.things if thing.kind == "stockpile"]
    kept = []
    for zone in aoi.zones:
        if zone.kind == "rail" and rng.random() < UNDRAWN_TRACK:
            continue
        heaped = any(zone.polygon.contains(thing.footprint) for thing in things)
        other = zone.kind == "yard" and zone.name != "apron" and rng.random() < STOCKPILE_PIER[heaped]
        kept.append(replace(zone, kind="stockpile") if other else zone)
    return replace(aoi, zones=tuple(kept))


def folder_of(seed: int, cache: Path) -> Path:
    """Return where a scene lies in a cache."""
    return cache / f"classes{RECIPE}" / f"classes_{seed}"


def make(seed: int, cache: Path) -> Scene:
    """Draw, render and write one scene into its place in a cache; an existing one is read back."""
    place = folder_of(seed, cache)
    if not (place / FILE).exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".making_", dir=place.parent) as making:
            _write(Path(making) / place.name, plan(seed), seed)
            shutil.rmtree(place, ignore_errors=True)
            (Path(making) / place.name).rename(place)
    return Scene.load(place)


def _write(place: Path, drawn: ClassPlan, seed: int) -> None:
    place.mkdir()
    looks = drawn.weather.looks
    passes = tuple(render(w, k) for w, k in zip(drawn.worlds, looks, strict=True))
    files = [rendered.deliver(p, place / date) for p, date in zip(passes, ("before", "after"), strict=True)]
    aoi = zones_of(drawn, place.name, seed)
    (place / "aoi.geojson").write_text(json.dumps(aoi.to_geojson()) + "\n", encoding="utf-8")
    pixel_m, error = max(look.sensor.delivered_m for look in looks), [look.pointing_error_m for look in looks]
    events = [_typed(rendered.event(t, drawn, passes)) for t in (*drawn.came, *drawn.went)]
    events += [replace(_typed(rendered.event(t, drawn, passes)), direction="changed") for t in drawn.repainted]
    if drawn.wet is not None:
        events.append(_wet_event(drawn.wet, drawn, passes))
    Scene(
        name=place.name,
        suite="classes",
        case=next(iter(drawn.weather.notes), "clear"),
        seed=seed,
        null=False,
        before=files[0].relative_to(place).as_posix(),
        after=files[1].relative_to(place).as_posix(),
        aoi="aoi.geojson",
        crs=drawn.harbour.world.crs,
        pixel_m=pixel_m,
        shift_px=((error[0][1] - error[1][1]) / pixel_m, (error[1][0] - error[0][0]) / pixel_m),
        zone_km2=union_all([z.polygon for z in aoi.zones]).area / 1e6,
        events=tuple(events),
        nuisance={"recipe": RECIPE, **drawn.weather.notes},
    ).save(place)


def _typed(event: Event) -> Event:
    """Give an event its true class; the kind drawn stays in its id."""
    return replace(event, kind=CLASS_OF[kind_of(event.id)])


def _wet_event(wet: Wet, drawn: ClassPlan, passes: tuple[rendered.Rendered, ...]) -> Event:
    errors = [look.pointing_error_m for look in drawn.weather.looks]
    east, north = ((a + b) / 2.0 for a, b in zip(*errors, strict=True))
    sides = wet.outline.minimum_rotated_rectangle.exterior.coords
    lengths = sorted(Dot(sides[k]).distance(Dot(sides[k + 1])) for k in range(2))
    return Event(
        id="event95_wet",
        kind="other",
        direction="appeared" if wet.after else "disappeared",
        length_m=round(lengths[1], 1),
        width_m=round(lengths[0], 1),
        colour="darker ground",
        contrast=None,
        masked_fraction=round(rendered.masked(wet.outline, passes), 3),
        outline=translate(wet.outline, east, north),
    )
