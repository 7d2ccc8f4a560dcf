"""Draw the scenes of the rendered benchmark: random harbours, a case of nuisance, and six events or none.

`make_scene` is the story; `nuisances.py` draws what differs though nothing happened, `harbour_events.py` what happens.
What is drawn, and how often, stands in docs/explanation/benchmarks.md.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from harbour_events import Room, apron_of, draw_things, recoloured_buildings, small_clutter
from nuisances import Weather, draw_weather
from rasterio.features import rasterize
from scenes import FILE, Event, Scene
from shapely import union_all
from shapely.affinity import translate
from shapely.geometry import Polygon, box

from imagery_diff.aoi import AOI, Zone, reproject
from imagery_diff.geometry import shadow_m
from imagery_diff.synthetic import SKYSAT, Look, random_harbour, render, write_planetscope, write_skysat
from imagery_diff.synthetic.camera import band_errors_px
from imagery_diff.synthetic.light import lit
from imagery_diff.synthetic.materials import MATERIALS
from imagery_diff.synthetic.paint import Fine, paint
from imagery_diff.synthetic.render import convergence_deg, sun_over
from imagery_diff.synthetic.sky import cloud_shadow_offset_m, optical_depth
from imagery_diff.synthetic.texture import rng_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from imagery_diff.geometry import Sun
    from imagery_diff.synthetic import Harbour, Rendered, Thing, World

RECIPE = 2
"""Raise it whenever the same seed gives another scene: a cache made by another recipe is not used."""
EVENTS = 6
"""Events in an event scene."""
BERTH_M = 45.0
"""Width of the water beside a pier that is its berth: a ship of 190 m has a beam of up to 38."""
RAIL_M = 6.0
"""Half width of a rail zone around its track."""
ACCURACY_M = 5.0
"""How well the zones are drawn, as the AOI file says."""
PINCH_M = 0.5
"""What is narrower is no ground a zone could be drawn on: a sixth of a pixel."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything about a scene before it is rendered."""

    harbour: Harbour
    """With what stays on both dates."""
    weather: Weather
    """The two looks."""
    came: tuple[Thing, ...]
    """Events there only after."""
    went: tuple[Thing, ...]
    """Events there only before."""
    flitting: tuple[tuple[Thing, ...], tuple[Thing, ...]] = ((), ())
    """Small clutter there only before, and only after: no events."""

    @property
    def worlds(self) -> tuple[World, World]:
        """What is there on each date."""
        world = self.harbour.world
        return (
            world.with_things(*self.went, *self.flitting[0]),
            world.with_things(*self.came, *self.flitting[1]),
        )


def folder_of(case: str, seed: int, cache: Path, *, null: bool) -> Path:
    """Return where a scene lies in a cache; scenes of another recipe lie elsewhere."""
    return cache / f"recipe{RECIPE}" / f"{case}_{seed}_{'null' if null else 'events'}"


def make_scene(case: str, seed: int, folder: Path, *, null: bool) -> Scene:
    """Draw, render and write one scene into its place in a cache; an existing one is read back.

    Parameters
    ----------
    case
        One of `nuisances.CASES`.
    seed
        Of layout, nuisance, events and noise; the same seed gives the same scene.
    folder
        Of the cache.
    null
        Whether nothing happens.

    """
    place = folder_of(case, seed, folder, null=null)
    return keep_scene(place, partial(plan, case, seed, null=null), (case, seed, null))


def keep_scene(place: Path, draw: Callable[[], Plan], what: tuple[str, int, bool]) -> Scene:
    """Render and write a plan into a place of a cache, unless it is there already.

    Parameters
    ----------
    place
        Folder of the scene; its name is the scene's.
    draw
        Makes the plan, where it is needed.
    what
        Case, seed, and whether nothing happens.

    """
    if not (place / FILE).exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        # Made elsewhere and moved: what is there is whole, and two processes may make the same scene.
        with tempfile.TemporaryDirectory(prefix=".making_", dir=place.parent) as making:
            _write(Path(making) / place.name, draw(), what)
            if place.exists():
                shutil.rmtree(place, ignore_errors=True)
            with contextlib.suppress(OSError):  # the other process was faster
                (Path(making) / place.name).rename(place)
    return Scene.load(place)


def _write(place: Path, drawn: Plan, what: tuple[str, int, bool]) -> None:
    """Render and write a planned scene."""
    place.mkdir()
    passes = tuple(render(w, k) for w, k in zip(drawn.worlds, drawn.weather.looks, strict=True))
    files = [deliver(p, place / date) for p, date in zip(passes, ("before", "after"), strict=True)]
    pixel_m = max(look.sensor.delivered_m for look in drawn.weather.looks)
    aoi = zones_of(drawn.harbour, place.name)
    (place / "aoi.geojson").write_text(json.dumps(aoi.to_geojson()) + "\n", encoding="utf-8")
    error = [look.pointing_error_m for look in drawn.weather.looks]
    scene = Scene(
        name=place.name,
        suite="rendered",
        case=what[0],
        seed=what[1],
        null=what[2],
        before=files[0].relative_to(place).as_posix(),
        after=files[1].relative_to(place).as_posix(),
        aoi="aoi.geojson",
        crs=drawn.harbour.world.crs,
        pixel_m=pixel_m,
        shift_px=((error[0][1] - error[1][1]) / pixel_m, (error[1][0] - error[0][0]) / pixel_m),
        zone_km2=union_all([z.polygon for z in aoi.zones]).area / 1e6,
        events=tuple(event(thing, drawn, passes) for thing in (*drawn.came, *drawn.went)),
        nuisance={"recipe": RECIPE, **drawn.weather.notes, **_told(passes)},
    )
    scene.save(place)


def deliver(rendered: Rendered, folder: Path) -> Path:
    """Write a pass as the provider of its sensor would; whatever is no SkySat in the layout of PlanetScope."""
    write = write_skysat if rendered.look.sensor.name == SKYSAT.name else write_planetscope
    return write(rendered, folder)


def _told(passes: tuple[Rendered, ...]) -> dict[str, object]:
    """Say of both passes what a person would ask first."""
    rows = list(passes)
    before, after = (band_shift_px(p.look) for p in rows)
    return {
        "band_shift_px": np.round(after - before, 3).tolist(),
        "times": [p.look.time.strftime("%Y-%m-%dT%H:%MZ") for p in rows],
        "sun": [[round(p.sun.azimuth_deg), round(p.sun.elevation_deg)] for p in rows],
        "off_nadir": [round(p.look.view.off_nadir_deg, 1) for p in rows],
        "shadow_light": [[round(v, 2) for v in p.look.shadow_light] for p in rows],
    }


def band_shift_px(look: Look) -> NDArray[np.float64]:
    """Return by how many delivered (rows, cols) each band shows things beside where the mean of all bands does.

    Returns
    -------
    array (band, 2)

    """
    down, right = band_errors_px(look, 4).T * look.sensor.native_m / look.sensor.delivered_m
    turn = np.radians(look.sensor.heading_deg)
    rows, cols = -right * np.sin(turn) - down * np.cos(turn), -right * np.cos(turn) + down * np.sin(turn)
    return np.stack([rows, cols], axis=1)


def plan(case: str, seed: int, *, null: bool) -> Plan:
    """Draw everything about a scene but its pixels.

    The streams of random numbers are separate: a null scene has the harbour and the nuisances of the event scene of
    the same seed.
    """
    harbour = recoloured_buildings(bare(random_harbour(seed)), rng_of(seed, "roofs"))
    harbour = replace(harbour, world=varied(harbour.world, rng_of(seed, "world")))
    weather = draw_weather(case, rng_of(seed, case, "weather"))
    rng = rng_of(seed, case, "things", null)
    room = Room(harbour)
    events = [] if null else draw_things(harbour, rng, room, EVENTS, "event")
    stays = draw_things(harbour, rng, room, int(rng.integers(0, weather.standing + 1)), "standing")
    stays += small_clutter(harbour, rng, room, weather.clutter, "stays")
    flitting = [small_clutter(harbour, rng, room, (2, 8), d) if weather.redrawn else [] for d in ("before", "after")]
    harbour = replace(harbour, world=harbour.world.with_things(*stays))
    weather = clouded(weather, harbour, rng_of(seed, case, "cloud"))
    coming = rng.random(len(events)) < 0.5
    return Plan(
        harbour=harbour,
        weather=weather,
        came=tuple(e for e, c in zip(events, coming, strict=True) if c),
        went=tuple(e for e, c in zip(events, coming, strict=True) if not c),
        flitting=(tuple(flitting[0]), tuple(flitting[1])),
    )


def bare(harbour: Harbour) -> Harbour:
    """Take away the clutter a random harbour comes with: it would stand where events go."""
    return replace(harbour, world=replace(harbour.world, things=()))


def varied(world: World, rng: Generator) -> World:
    """Vary what a renderer is tempted to fix: colours of water, soils and pavements, texture, slope, plant cover."""
    colours = {}
    for name, material in MATERIALS.items():
        common, own = (0.35, 0.15) if material.water else (0.14, 0.05)
        factor = np.exp(rng.normal(0.0, common) + rng.normal(0.0, own, size=4))
        blue, green, red, nir = (float(r * f) for r, f in zip(material.reflectance, factor, strict=True))
        colours[name] = (blue, green, red, nir)
    covers = [None if rng.random() < 0.5 else float(rng.uniform(0.0, 0.9)) for _ in world.ground]
    ground = tuple(
        replace(g, cover=c) if g.material in {"scrub", "field", "soil"} else g
        for g, c in zip(world.ground, covers, strict=True)
    )
    return replace(
        world,
        ground=ground,
        reflectances=colours,
        texture=float(np.exp(rng.normal(0.0, 0.25))),
        slope=(float(rng.normal(0.0, 0.025)), float(rng.normal(0.0, 0.025))),
    )


# --- zones -----------------------------------------------------------------------------------------------------------


def zones_of(harbour: Harbour, name: str) -> AOI:
    """Return berths along the sides of each pier, yards on piers and apron, and rails, in the harbour's CRS."""
    crs = harbour.world.crs
    shore = union_all([g.polygon for g in harbour.world.ground[:2]] + [p.outline for p in harbour.piers])
    zones = []
    for pier in harbour.piers:
        ring = ((0.0, 0.0), (pier.length_m, 0.0), (pier.length_m, -BERTH_M), (0.0, -BERTH_M))
        strips = {
            "left": [pier.at(ahead, inward) for ahead, inward in ring],
            "right": [pier.from_right(ahead, inward) for ahead, inward in ring],
        }
        zones.append(_zone(f"{pier.name}_yard", "yard", pier.outline, pier.name, crs))
        for side, corners in strips.items():
            water = _largest(Polygon(corners).difference(shore))
            zones.append(_zone(f"{pier.name}_{side}", "berth", water, pier.name, crs))
    zones.append(_zone("apron", "yard", _unpinched(apron_of(harbour), crs), None, crs))
    for number, line in enumerate(harbour.rails, start=1):
        zones.append(_zone(f"track{number}", "rail", line.buffer(RAIL_M, cap_style="flat"), None, crs))
    outline = union_all([z.polygon for z in zones]).convex_hull.buffer(30.0)
    return AOI(
        name=name,
        polygon=_clip(outline, harbour.world),
        zones=tuple(zones),
        crs=crs,
        accuracy_m=ACCURACY_M,
        source="rendered harbour",
    )


def _zone(name: str, kind: str, polygon: Polygon, group: str | None, crs: str) -> Zone:
    return Zone(name=name, kind=kind, polygon=polygon, group=group, crs=crs, accuracy_m=ACCURACY_M)


def _unpinched(shape: Polygon, crs: str) -> Polygon:
    """Return an outline as it is, but where it touches itself in degrees without the neck in which it does."""
    moved = reproject(shape, crs, "EPSG:4326")
    return shape if moved.is_valid else _largest(shape.buffer(-PINCH_M).buffer(PINCH_M, join_style="mitre"))


def _largest(shape: BaseGeometry) -> Polygon:
    pieces = [g for g in getattr(shape, "geoms", [shape]) if isinstance(g, Polygon)]
    return max(pieces, key=lambda piece: float(piece.area))


def _clip(outline: BaseGeometry, world: World) -> Polygon:
    return _largest(outline.intersection(box(*world.bounds)))


# --- clouds ----------------------------------------------------------------------------------------------------------


def clouded(weather: Weather, harbour: Harbour, rng: Generator) -> Weather:
    """Move the cloud about until it and its shadow cover the share of the zones that the case asks for."""
    if weather.cloud_share is None:
        return weather
    which = next(k for k, look in enumerate(weather.looks) if look.cloud is not None)
    look = weather.looks[which]
    assert look.cloud is not None
    fine = _fine_over(harbour.world.bounds, 12.0)
    port = _burnt([z.polygon for z in zones_of(harbour, "port").zones], fine)
    sun = _sun_on_grid(harbour.world, look)
    best, best_miss = look.cloud, np.inf
    for _ in range(30):
        cloud = replace(look.cloud, seed=int(rng.integers(1 << 30)))
        hidden = np.maximum(optical_depth(cloud, fine), optical_depth(cloud, fine, cloud_shadow_offset_m(cloud, sun)))
        share = float((hidden[port] > 0.45).mean())
        miss = max(weather.cloud_share[0] - share, share - weather.cloud_share[1], 0.0)
        if miss < best_miss:
            best, best_miss = cloud, miss
        if miss == 0.0:
            break
    looks = [replace(k, cloud=best) if n == which else k for n, k in enumerate(weather.looks)]
    return replace(weather, looks=(looks[0], looks[1]))


def _sun_on_grid(world: World, look: Look) -> Sun:
    sun = sun_over(world, look)
    return replace(sun, azimuth_deg=sun.azimuth_deg - convergence_deg(world))


def _fine_over(bounds: tuple[float, float, float, float], step_m: float) -> Fine:
    left, bottom, right, top = bounds
    shape = (max(1, round((top - bottom) / step_m)), max(1, round((right - left) / step_m)))
    return Fine(left=left, top=top, step_m=step_m, shape=shape)


def _burnt(shapes: list[BaseGeometry], fine: Fine) -> NDArray[np.bool_]:
    on: NDArray[np.bool_] = rasterize(shapes, out_shape=fine.shape, transform=fine.transform, dtype="uint8") != 0
    return on


# --- truth -----------------------------------------------------------------------------------------------------------


def event(thing: Thing, drawn: Plan, passes: tuple[Rendered, ...]) -> Event:
    """Say what is true of an event, its outline where the mean of both images shows it."""
    after = thing in drawn.came
    looks = drawn.weather.looks
    east, north = (np.array(looks[0].pointing_error_m) + np.array(looks[1].pointing_error_m)) / 2.0
    sun = _sun_on_grid(drawn.harbour.world, looks[int(after)])
    return Event(
        id=thing.id,
        kind=thing.kind,
        direction="appeared" if after else "disappeared",
        length_m=round(thing.length_m, 1),
        width_m=round(thing.width_m, 1),
        colour=thing.colour,
        contrast=round(contrast(thing, drawn.harbour.world, looks[int(after)]), 3),
        masked_fraction=round(masked(thing.footprint, passes), 3),
        outline=translate(thing.footprint, float(east), float(north)),
        shadow_m=_rounded(shadow_m(thing.height_m, sun)),
    )


def _rounded(vector: tuple[float, float]) -> tuple[float, float]:
    return (round(vector[0], 1), round(vector[1], 1))


def contrast(thing: Thing, world: World, look: Look) -> float:
    """Return how a thing differs from its ground: median over its footprint of |log(thing / ground)|.

    Root mean square over bands, in the light of the look's sun, at one metre, without haze, blur and noise. Parts of
    the thing that shade each other, and shadow that falls on it, count; the shadow it casts beside it does not.
    """
    fine = _fine_over(thing.footprint.buffer(40.0).bounds, 1.0)
    frame = box(*thing.footprint.buffer(90.0).bounds)
    near = replace(
        world,
        fixed=tuple(p for p in world.fixed if p.polygon.intersects(frame)),
        things=tuple(t for t in world.things if t.footprint.intersects(frame)),
    )
    plain = replace(look, waves=0.0, glint=0.0)
    sun = _sun_on_grid(world, look)
    ground, seen = (
        lit(canvas, sun, look.shadow_light)
        for canvas in (paint(w, fine, plain) for w in (near, near.with_things(thing)))
    )
    on = _burnt([thing.footprint], fine)
    ratio = np.log(np.maximum(seen[:, on], 1e-3) / np.maximum(ground[:, on], 1e-3))
    return float(np.median(np.sqrt((ratio**2).mean(axis=0))))


def masked(footprint: BaseGeometry, passes: tuple[Rendered, ...]) -> float:
    """Return the share of a footprint under cloud, haze, shadow or snow by the mask of either date."""
    fine = _fine_over(footprint.buffer(3.0).bounds, 1.0)
    rows, cols = np.nonzero(_burnt([footprint], fine))
    xs, ys = fine.xs[cols], fine.ys[rows]
    hidden = np.zeros(xs.shape, dtype=bool)
    for one in passes:
        east, north = one.look.pointing_error_m
        place, shape = one.grid.transform, one.grid.shape
        row = np.clip(((ys + north - place.f) / place.e).astype(int), 0, shape[0] - 1)
        col = np.clip(((xs + east - place.c) / place.a).astype(int), 0, shape[1] - 1)
        hidden |= one.udm2[1:6, row, col].any(axis=0)
    return float(hidden.mean())
