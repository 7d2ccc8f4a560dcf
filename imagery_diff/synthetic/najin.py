"""Najin as a world: outlines from the AOI, everything else plausible and made up.

The piers and quays are those of ``aois/najin.geojson`` (OpenStreetMap contributors, ODbL). The coast beyond them, the
warehouses (one is reported on Pier 1), tracks, town and hills are invented: no map of them was found.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pyproj import Transformer
from shapely.geometry import LineString, Polygon
from shapely.geometry.polygon import orient
from shapely.ops import unary_union

from imagery_diff.errors import InputError
from imagery_diff.synthetic.harbours import Harbour, Pier, plots, ragged, standing_clutter, town
from imagery_diff.synthetic.texture import rng_of
from imagery_diff.synthetic.things import building, crane, heap, stack
from imagery_diff.synthetic.world import Ground, Part, Thing, World, along, box

if TYPE_CHECKING:
    from imagery_diff.aoi import AOI, Area

CRS = "EPSG:32652"
_NORTH_COAST = ((130.29050, 42.23800), (130.28850, 42.23480), (130.28790, 42.23340), (130.28690, 42.23255))
_SOUTH_COAST = (
    (130.28050, 42.22540),
    (130.27900, 42.22470),
    (130.27790, 42.22320),
    (130.27640, 42.22190),
    (130.27300, 42.21800),
)
_INLAND = ((130.26500, 42.21800), (130.26500, 42.23800))


def najin(aoi: AOI, *, slope: tuple[float, float] = (-0.035, 0.012), seed: int = 20231016) -> Harbour:
    """Return the port with empty berths, empty places for stacks, and the clutter that stays.

    Parameters
    ----------
    aoi : AOI
        ``load_aoi("najin")``.
    slope : (float, float)
        Rise of the land towards east and north.
    seed : int
        Of the ground.

    """
    in_map = aoi.in_crs(CRS)
    rings = {zone.name: _ring(zone.polygon) for zone in in_map.zones if zone.kind == "yard"}
    piers = tuple(_pier(name, rings[f"{name}_yard"]) for name in ("pier1", "pier2", "pier3"))
    land = _land(rings)
    tracks = _tracks(piers)
    world = World(
        name="najin",
        crs=CRS,
        bounds=in_map.polygon.bounds,
        ground=_ground(land, piers, tracks),
        fixed=_buildings(piers, land),
        axis_deg=piers[1].azimuth_deg,
        slope=slope,
        seed=seed,
    )
    return Harbour(world=world.with_things(*_what_stays(piers)), piers=piers, rails=tracks)


def stack_place(pier: Pier, middle_m: float, length_m: float, inward_m: float = 30.0) -> Polygon:
    """Return the strip along the south-western edge in which stacks come and go."""
    return box(pier.from_right(middle_m, inward_m), pier.right_azimuth_deg, length_m, 24.0)


def _single(area: Area) -> Polygon:
    """Return the polygon of an outline that must be one."""
    if not isinstance(area, Polygon):
        raise InputError("the outline of a pier must be one polygon, got several")
    return area


def _ring(polygon: Area) -> list[tuple[float, float]]:
    """Vertices anticlockwise from the northernmost, which is the root of a pier's north-eastern side."""
    points = [(x, y) for x, y, *_ in orient(_single(polygon), 1.0).exterior.coords[:-1]]
    first = max(range(len(points)), key=lambda k: points[k][1])
    return points[first:] + points[:first]


def _pier(name: str, ring: list[tuple[float, float]]) -> Pier:
    return Pier(name=name, corners=(ring[0], ring[-1], ring[-2], ring[-3]))


def _land(rings: dict[str, list[tuple[float, float]]]) -> Polygon:
    """Everything west of the quays; the roots of the piers in order are the shore."""
    to_map = Transformer.from_crs("EPSG:4326", CRS, always_xy=True).transform
    shore = [rings[f"pier{k}_yard"][vertex] for k in (1, 2, 3) for vertex in (0, 1)]
    north, south = [to_map(*p) for p in _NORTH_COAST], [to_map(*p) for p in _SOUTH_COAST]
    return Polygon([*_wandering(north, 1), *shore, *_wandering(south, 2), *(to_map(*p) for p in _INLAND)])


def _wandering(line: list[tuple[float, float]], seed: int) -> list[tuple[float, float]]:
    """Return the coast between its given points, which is not straight."""
    rng = rng_of(seed, "coast")
    points = LineString(line).segmentize(28.0).coords
    return [(x + rng.normal(0.0, 6.0), y + rng.normal(0.0, 6.0)) for x, y in points]


def _tracks(piers: tuple[Pier, ...]) -> tuple[LineString, ...]:
    """Two tracks down the middle of each pier, four in the yard behind the quays; all assumed."""
    one, two, three = piers
    lines = [
        LineString([pier.at(-60.0, share * pier.width_m + k), pier.at(pier.length_m - 18.0, share * pier.width_m + k)])
        for pier, share in ((one, 0.46), (two, 0.48), (three, 0.40))
        for k in (0.0, 5.5)
    ]
    quay = box(two.at(0.0, two.width_m / 2.0), two.azimuth_deg, 1.0, 1.0).centroid
    for k in range(4):
        back = along((quay.x, quay.y), two.azimuth_deg, -88.0 - 5.3 * k)
        lines.append(
            LineString([along(back, two.azimuth_deg + 90.0, -520.0), along(back, two.azimuth_deg + 90.0, 480.0)])
        )
    return tuple(lines)


def _ground(land: Polygon, piers: tuple[Pier, ...], tracks: tuple[LineString, ...]) -> tuple[Ground, ...]:
    one, two, three = piers
    axis, inland = two.azimuth_deg, two.at(0.0, two.width_m / 2.0)
    strip = box(along(inland, axis, -75.0), axis + 90.0, 1100.0, 176.0).intersection(land)
    apron = box(along(inland, axis, -14.0), axis + 90.0, 1000.0, 44.0).intersection(land)
    road = LineString([along(inland, axis, -150.0 + b, r) for r, b in ((-900, 30), (-300, 0), (200, 0), (900, -40))])
    solid = unary_union([land, *(p.outline for p in piers)])
    # In the order of painting, later over earlier.
    return (
        Ground(polygon=land.buffer(3.0), material="riprap"),
        Ground(polygon=land, material="scrub"),
        Ground(polygon=land.exterior.buffer(7.0).intersection(land), material="riprap", tone=0.95),
        *plots(
            box(along(inland, axis, -470.0, 420.0), axis + 90.0, 560.0, 520.0).intersection(land.buffer(-60.0)),
            axis + 84.0,
            3,
        ),
        Ground(
            polygon=ragged(box(along(inland, axis, -760.0, -120.0), axis + 90.0, 620.0, 460.0), 2, 14.0).intersection(
                land
            ),
            material="wood",
        ),
        Ground(
            polygon=ragged(box(along(inland, axis, -330.0, -260.0), axis + 90.0, 620.0, 320.0), 3, 9.0).intersection(
                land
            ),
            material="soil",
        ),
        Ground(polygon=strip, material="gravel"),
        Ground(polygon=apron, material="old_concrete"),
        Ground(polygon=road.buffer(4.5).intersection(land), material="asphalt"),
        Ground(polygon=one.outline, material="old_concrete"),
        Ground(polygon=two.outline, material="concrete"),
        Ground(polygon=three.outline, material="old_concrete"),
        Ground(polygon=three.outline.buffer(-16.0), material="coal_ground"),
        *(Ground(polygon=t.buffer(1.7).intersection(solid), material="ballast") for t in tracks),
    )


def _buildings(piers: tuple[Pier, ...], land: Polygon) -> tuple[Part, ...]:
    one, two, three = piers
    axis, inland = two.azimuth_deg, two.at(0.0, two.width_m / 2.0)
    parts = [
        *building(one.at(172.0, 30.0), one.azimuth_deg, (296.0, 32.0, 9.0), "roof_grey"),
        *building(two.at(78.0, 27.0), axis, (104.0, 24.0, 8.0), "roof_rust"),
        *building(two.at(196.0, 25.0), axis, (62.0, 20.0, 7.0), "roof_light"),
        *building(three.at(62.0, 26.0), three.azimuth_deg, (44.0, 16.0, 7.0), "roof_grey"),
    ]
    for right, size, roof in (
        (-150.0, (70.0, 20.0, 7.0), "roof_blue"),
        (-60.0, (85.0, 24.0, 9.0), "roof_light"),
        (60.0, (48.0, 16.0, 6.0), "roof_dark"),
        (235.0, (95.0, 26.0, 9.0), "roof_tile"),
        (350.0, (60.0, 18.0, 6.0), "roof_grey"),
    ):
        parts += building(along(inland, axis, -130.0, right), axis + 90.0, size, roof)
    homes = box(along(inland, axis, -330.0, -260.0), axis + 90.0, 600.0, 300.0).intersection(land.buffer(-20.0))
    farms = box(along(inland, axis, -230.0, 330.0), axis + 90.0, 260.0, 70.0).intersection(land.buffer(-20.0))
    return (*parts, *town(homes, axis + 90.0, 11), *town(farms, axis + 90.0, 12, density=0.5))


def _what_stays(piers: tuple[Pier, ...]) -> tuple[Thing, ...]:
    """Cranes, coal, small old blocks and parked lorries: on every date, unless a story takes them away."""
    one, two, three = piers
    coal = [
        box(three.at(u, 0.5 * three.width_m), three.azimuth_deg, length, 38.0).buffer(6.0)
        for u, length in ((150.0, 90.0), (285.0, 110.0))
    ]
    keep = {
        "pier1": [box(one.at(172.0, 30.0), one.azimuth_deg, 310.0, 40.0), stack_place(one, 150.0, 130.0, 38.0)],
        "pier2": [
            box(two.at(78.0, 27.0), two.azimuth_deg, 112.0, 32.0),
            box(two.at(196.0, 25.0), two.azimuth_deg, 70.0, 28.0),
            stack_place(two, 140.0, 230.0, 28.0),
        ],
    }
    things = [
        crane("pier1_crane", one.from_right(60.0, 9.0), one.right_azimuth_deg + 70.0, 26.0),
        crane("pier2_crane", two.from_right(268.0, 9.0), two.right_azimuth_deg - 80.0, 28.0),
        crane("pier3_crane", three.at(120.0, 9.0), three.azimuth_deg - 60.0, 30.0, colour="dark"),
        *(heap(f"pier3_coal{k + 1}", outline, 6.0 + k) for k, outline in enumerate(coal)),
        *(_old_block(two, k) for k in range(3)),
    ]
    things = [replace(t, clutter=True) for t in things]
    for pier in (one, two):
        things += standing_clutter(pier, [*keep[pier.name], *(t.footprint.buffer(2.0) for t in things)], 5, count=16)
    return tuple(things)


def _old_block(pier: Pier, k: int) -> Thing:
    """Return a small block of old containers behind the quay, where containers were reported."""
    rng = rng_of(k, "old block")
    where = along(pier.from_right(-30.0, -70.0), pier.azimuth_deg, -14.0 * k, 38.0 * k)
    size = (float(rng.choice([18.5, 24.7])), 7.6)
    return stack(
        f"q23_block{k + 1}",
        where,
        pier.azimuth_deg + 90.0,
        size,
        tiers=1 + k % 2,
        colours=("rust", "grey", "green"),
        seed=k,
    )
