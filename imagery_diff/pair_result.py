"""What a pair's steps found -> the Comparison: regions in words, the state of every zone, and the caveats."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from imagery_diff.method import zones
from imagery_diff.method.radiometry import Surface
from imagery_diff.result import Layers, Region, ZoneState
from imagery_diff.write.words import describe_region

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.aoi import AOI
    from imagery_diff.grid import Grid
    from imagery_diff.method.coregister import Shift
    from imagery_diff.method.describe import Described
    from imagery_diff.method.regions import Scale
    from imagery_diff.pair_scenes import Pair
    from imagery_diff.params import Params
    from imagery_diff.scene import Scene


def reported(described: Described, ground: AOI | None, detect: str) -> bool:
    """Say whether a finding is told: the alarm speaks of zones, the map of all ground in the AOI."""
    if ground is None:
        return True
    if described.zone is not None and described.zone.kind == "ignore":
        return False
    if detect == "alarm":
        return described.zone is not None
    return bool(described.shape.outline.intersects(ground.polygon))


def regions(described: list[Described], pair: Pair, ground: AOI | None) -> tuple[Region, ...]:
    """Name and word the regions, the strongest first."""
    found = []
    for number, d in enumerate(described, start=1):
        region = Region(
            id=f"R{number}",
            geometry=d.shape.outline,
            direction=str(d.direction),
            activity=str(d.activity),
            area_m2=d.shape.area_m2,
            length_m=d.shape.length_m,
            width_m=d.shape.width_m,
            orientation_deg=d.shape.orientation_deg,
            strength=d.strength,
            why=d.why,
            zone=d.zone.name if d.zone else None,
            zone_kind=d.zone.kind if d.zone else None,
            group=d.zone.group if d.zone else None,
            zone_shares=d.zone_shares,
            colour=d.colour,
            length_is_lower_bound=d.cut,
        )
        found.append(replace(region, description=describe_region(region, pair.infos[0], pair.infos[1], ground)))
    return tuple(found)


def zone_states(
    ground: AOI | None, flags: NDArray[np.uint8], grid: Grid, described: list[Described], params: Params
) -> tuple[ZoneState, ...]:
    """Say of every zone what was seen of it and whether anything was flagged; too little seen is unknown."""
    states = []
    for zone in ground.zones if ground else ():
        clear, degraded, causes = zones.coverage(zone.polygon, flags, grid)
        ids = tuple(f"R{n}" for n, d in enumerate(described, start=1) if d.zone and d.zone.name == zone.name)
        if zone.kind == "ignore":
            state = "ignored"
        elif ids:
            state = "flagged"
        else:
            state = "nothing flagged" if clear >= params.usable_fraction else "unknown"
        states.append(
            ZoneState(
                zone=zone, state=state, clear_fraction=clear, degraded_fraction=degraded, unknown=causes, regions=ids
            )
        )
    return tuple(states)


def threshold_table(scales: list[Scale]) -> dict[str, dict[str, float]]:
    """Levels by scale and surface class, for the manifest."""
    return {
        f"{Surface(s).name.lower()} at {name} scale": {"seed": t.seed, "grow": t.grow, "blocks": float(t.blocks)}
        for name, scale in zip(("pixel", "object"), scales, strict=True)
        for s, t in scale.levels.items()
    }


def layers(scenes: tuple[Scene, Scene], scales: list[Scale], surface: NDArray[np.uint8]) -> Layers:
    """Keep the object-scale evidence as the score: it is the one that most regions are seeded by."""
    level = np.zeros(surface.shape, np.float32)
    for s, threshold in scales[-1].levels.items():
        level[surface == s] = threshold.seed
    flags = scenes[0].flags | scenes[1].flags
    return Layers(before=scenes[0], after=scenes[1], strength=scales[-1].strength, flags=flags, level=level)


def caveats(shift: Shift, flags: NDArray[np.uint8], ground: AOI | None, pair: Pair, params: Params) -> list[str]:
    """Collect what was found on the way and a reader must know."""
    found = []
    if not shift.measured:
        found.append(f"the images could not be registered to each other ({shift.reason}); edges may show as change")
    elif shift.error_px is None:
        found.append("the registration could not be checked on independent windows; its error is not known")
    if pair.infos[0].grid.crs is None:
        found.append("the images carry no georeference: lengths and areas are in pixels")
    if ground is not None and ground.unlocated:
        names = ", ".join(z.title or z.name for z in ground.unlocated)
        found.append(f"search areas, not located outlines (nothing there is ever called empty): {names}")
    if not all(i.sun for i in pair.infos):
        found.append("the sun's position is not known for both dates: moved shadows are told by their colour alone")
    if "nir" not in pair.names:
        found.append("no near infrared: water, plants and shadow are not told apart by their colour")
    usable = float(np.mean(flags == 0))
    if usable < params.usable_fraction:
        found.append(f"only {usable:.0%} of the ground compared was clear on both dates")
    if len({i.product.split()[0] for i in pair.infos}) > 1:
        found.append(
            f"two different products ({pair.infos[0].product}, {pair.infos[1].product}): their sharpness differs"
        )
    return found
