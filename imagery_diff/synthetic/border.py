"""The railway crossing Tumangang-Khasan as a world: the published points, and everything between them assumed.

No track line and no outline of the yard was found (see ``aois/border_crossing.geojson``): the tracks here run from the
point given for Tumangang station past the estimated yard to the centre of the bridge and on, and are made up.
"""

from __future__ import annotations

from dataclasses import replace

from pyproj import Transformer
from shapely.geometry import LineString, Polygon
from shapely.geometry import box as rectangle

from imagery_diff.synthetic.harbours import Harbour, bearing, plots, ragged, town
from imagery_diff.synthetic.materials import PAINTS
from imagery_diff.synthetic.things import building, cover, lorry, train
from imagery_diff.synthetic.world import Ground, Part, Point, Thing, World, along, box

CRS = "EPSG:32652"
NOTE = "the track is assumed: no line of any track at Tumangang was found"
STATION, YARD, BRIDGE, BEYOND = (130.6081, 42.4214), (130.6200, 42.4160), (130.641056, 42.415167), (130.6500, 42.4190)
"""Longitude and latitude of what is published (see the AOI), and of a made-up point on the far side."""
WINDOW = (130.6125, 42.4112, 130.6448, 42.4205)
"""West, south, east, north of what is rendered: the reported yard and the bridge, not the whole AOI."""


def border_crossing(seed: int = 20240202) -> Harbour:
    """Return yard, bridge, river and fields, with some wagons that stay; ``rails[0]`` is the free track in the yard."""
    to_map = Transformer.from_crs("EPSG:4326", CRS, always_xy=True).transform
    station, yard, bridge, beyond = (to_map(*p) for p in (STATION, YARD, BRIDGE, BEYOND))
    west, south, east, north = WINDOW
    corners = [to_map(x, y) for x, y in ((west, south), (west, north), (east, south), (east, north))]
    bounds = (
        min(c[0] for c in corners),
        min(c[1] for c in corners),
        max(c[0] for c in corners),
        max(c[1] for c in corners),
    )
    azimuth = bearing(station, bridge)
    tracks = _tracks(yard, azimuth, (station, bridge, beyond))
    world = World(
        name="border_crossing",
        crs=CRS,
        bounds=bounds,
        ground=_ground(bounds, bridge, yard, azimuth, tracks),
        fixed=_built(yard, bridge, azimuth),
        things=_what_stays(tracks, azimuth),
        axis_deg=azimuth,
        slope=(0.01, -0.015),
        seed=seed,
    )
    return Harbour(world=world, piers=(), rails=tracks)


def standing_train(harbour: Harbour, cars: int = 24) -> Thing:
    """Return a train on the free track of the yard."""
    line = harbour.rails[0]
    head, tail = line.coords[0], line.coords[-1]
    azimuth = bearing((head[0], head[1]), (tail[0], tail[1]))

    made = train(
        "tumangang_train", along((head[0], head[1]), azimuth, 110.0), azimuth, cars, mix=("box", "gondola"), seed=4
    )
    return replace(made, note=NOTE)


def _tracks(yard: Point, azimuth: float, ends: tuple[Point, Point, Point]) -> tuple[LineString, ...]:
    """Six straight tracks of 640 m, joined at both ends to a line from the station to the bridge and beyond."""
    station, bridge, beyond = ends
    tracks = []
    for k in range(6):
        middle = along(yard, azimuth, 0.0, 6.0 * (k - 2.5))
        tracks.append(LineString([along(middle, azimuth, -320.0), along(middle, azimuth, 320.0)]))
    first, last = along(yard, azimuth, -460.0), along(yard, azimuth, 460.0)
    fans = [LineString([first, t.coords[0]]) for t in tracks] + [LineString([t.coords[-1], last]) for t in tracks]
    return (
        *tracks,
        LineString([station, first]),
        *fans,
        LineString([last, bridge, along(bridge, bearing(last, bridge), 330.0), beyond]),
    )


def _river(bridge: Point) -> Polygon:
    """About 420 m wide under the bridge, running south-east, its banks uneven."""
    west = [
        (-260.0, 1500.0),
        (-225.0, 700.0),
        (-205.0, 200.0),
        (-195.0, 0.0),
        (-165.0, -350.0),
        (-60.0, -800.0),
        (120.0, -1500.0),
    ]
    widths = [470.0, 430.0, 420.0, 425.0, 440.0, 470.0, 520.0]
    east = [(x + w, y) for (x, y), w in zip(west, widths, strict=True)]
    return Polygon([(bridge[0] + x, bridge[1] + y) for x, y in west + east[::-1]])


def _ground(
    bounds: tuple[float, float, float, float],
    bridge: Point,
    yard: Point,
    azimuth: float,
    tracks: tuple[LineString, ...],
) -> tuple[Ground, ...]:
    everywhere = rectangle(bounds[0] - 400.0, bounds[1] - 400.0, bounds[2] + 400.0, bounds[3] + 400.0)
    river = _river(bridge)
    bank = river.buffer(60.0)
    fields = [
        *plots(box(along(yard, azimuth, 330.0, 300.0), azimuth, 1900.0, 380.0).difference(bank), azimuth + 4.0, 1),
        *plots(box(along(yard, azimuth, 980.0, -260.0), azimuth, 900.0, 400.0).difference(bank), azimuth - 7.0, 2),
    ]
    road = LineString(
        [along(yard, azimuth, -900.0, 75.0), along(yard, azimuth, 0.0, 62.0), along(yard, azimuth, 700.0, 90.0)]
    )
    return (
        Ground(polygon=everywhere, material="scrub"),
        *fields,
        Ground(polygon=ragged(river.buffer(22.0), 4, 9.0), material="sand", tone=0.8),
        Ground(polygon=ragged(river, 5, 4.0), material="sea"),
        Ground(
            polygon=ragged(box(along(yard, azimuth, 60.0, -400.0), azimuth, 760.0, 360.0), 6, 16.0), material="wood"
        ),
        Ground(polygon=box(along(yard, azimuth, 0.0, 4.0), azimuth, 780.0, 92.0), material="gravel"),
        Ground(polygon=road.buffer(3.5), material="asphalt"),
        *(Ground(polygon=track.buffer(1.7), material="ballast") for track in tracks),
    )


def _built(yard: Point, bridge: Point, azimuth: float) -> tuple[Part, ...]:
    """Sheds beside the yard, a village, and the bridge as a deck on eleven piers."""
    axis = bearing(along(yard, azimuth, 460.0), bridge)
    deck = box(bridge, axis, 640.0, 7.0)
    legs = [
        Part(polygon=box(along(bridge, axis, -290.0 + 58.0 * k), axis, 5.0, 9.0), top_m=7.0, reflectance=PAINTS["grey"])
        for k in range(11)
    ]
    village = box(along(yard, azimuth, -480.0, 150.0), azimuth, 420.0, 130.0)
    return (
        *legs,
        Part(polygon=deck, top_m=10.0, bottom_m=8.0, reflectance=PAINTS["dark"]),
        *building(along(yard, azimuth, -150.0, -62.0), azimuth, (120.0, 24.0, 9.0), "roof_blue"),
        *building(along(yard, azimuth, 90.0, -60.0), azimuth, (80.0, 20.0, 8.0), "roof_grey"),
        *building(along(yard, azimuth, 230.0, 46.0), azimuth, (60.0, 16.0, 7.0), "roof_rust"),
        *town(village, azimuth, 31),
    )


def _what_stays(tracks: tuple[LineString, ...], azimuth: float) -> tuple[Thing, ...]:
    """Two cuts of wagons, goods under a tarpaulin, lorries."""

    def on(k: int, ahead: float) -> Point:
        x, y = tracks[k].coords[0]
        return along((x, y), azimuth, ahead)

    things = [
        train("yard_wagons1", on(3, 60.0), azimuth, 9, mix=("gondola", "tank"), seed=1),
        train("yard_wagons2", on(5, 330.0), azimuth, 5, mix=("box",), seed=2),
        cover("yard_cover", along(on(0, 380.0), azimuth, 0.0, -22.0), azimuth, (40.0, 12.0, 3.0)),
        *(
            lorry(f"yard_lorry{k}", along(on(5, 120.0 + 34.0 * k), azimuth, 0.0, 16.0), azimuth + 12.0 * k)
            for k in range(4)
        ),
    ]
    return tuple(replace(t, clutter=True, note=NOTE if t.kind == "rail_cars" else "") for t in things)
