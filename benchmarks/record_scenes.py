"""Short series after scenarios of the record (S4, S8 to S13, S15 of ``facts.md``), before they are rendered.

Dates, places and lengths are those of ``record.csv``; what no report gives is made up, and ``assumed`` says it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from record_story import SEASON, _at, _look, _stay, series
from shapely.geometry import box as rectangle

from imagery_diff import AOI, Zone, load_aoi
from imagery_diff.synthetic.border import CRS, border_crossing
from imagery_diff.synthetic.harbours import bearing
from imagery_diff.synthetic.materials import PAINTS, ROOFS
from imagery_diff.synthetic.texture import rng_of
from imagery_diff.synthetic.things import building, cover, ship, train
from imagery_diff.synthetic.world import Part, along, box

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from record_story import Stay
    from shapely.geometry import Polygon

    from imagery_diff.synthetic import Look, Thing, World
    from imagery_diff.synthetic.harbours import Harbour

DAYS_AGAIN = (
    "hours of coming and going; the looks on days of which nothing is reported, and that nothing stood there then"
)


@dataclass(frozen=True, kw_only=True)
class Put:
    """What was put there."""

    id: str
    kind: str
    zone: str
    length_m: float
    came: datetime
    went: datetime
    footprint: Polygon
    fill: float | None = None


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One short series."""

    id: str
    rows: str
    title: str
    aoi: AOI
    """As it is given to the tool."""
    outline: Polygon
    """What is rendered."""
    looks: tuple[Look, ...]
    world: Callable[[datetime], World]
    put: tuple[Put, ...]
    assumed: str
    empty: dict[str, int] = field(default_factory=dict)
    """Zone -> index of the look that is given as showing it empty."""
    pair: tuple[int, int] | None = None
    """Two looks that ``compare`` is asked of as well."""


def scenarios() -> dict[str, Callable[[int], Scenario]]:
    """Return what can be made: id -> of a seed."""
    return {
        "S4": s4_all_holds,
        "S4b": s4_one_hold,
        "S8": s8,
        "S9": s9_n45,
        "S9b": s9_n06,
        "S9c": s9_n43,
        "S10": s10,
        "S11": lambda seed: s11_lines(seed, "S11"),
        "S11w": lambda seed: s11_lines(seed, "S11w", whole=True),
        "S11t": lambda seed: s11_lines(seed, "S11t", drawn=True),
        "S11b": lambda seed: s11_dwell(seed, "S11b"),
        "S11bw": lambda seed: s11_dwell(seed, "S11bw", whole=True),
        "S11bt": lambda seed: s11_dwell(seed, "S11bt", drawn=True),
        "S12": s12,
        "S15": s15_few,
        "S15b": s15_most,
    }


def _port(
    name: tuple[str, str, str],
    seed: int,
    days: tuple[str, ...],
    stays: tuple[Stay, ...],
    assumed: str,
    *,
    instead: Callable[[Harbour, dict[str, tuple[Thing, ...]]], dict[str, tuple[Thing, ...]]] | None = None,
    leave_out: tuple[str, ...] = (),
) -> Scenario:
    """Make a series of Najin without cloud, its AOI displaced by up to 25 m as in record.py."""
    made = series(seed, days, stays, load_aoi("najin"), cloudy=0.0)
    made = replace(made, harbour=replace(made.harbour, world=made.harbour.world.without(*leave_out)))
    if instead is not None:
        made = replace(made, things=made.things | instead(made.harbour, made.things))
    put = tuple(
        Put(
            id=s.id,
            kind=s.kind,
            zone=s.zone,
            length_m=made.things[s.id][0].length_m,
            came=s.came,
            went=s.went,
            footprint=made.things[s.id][0].footprint,
        )
        for s in made.stays
    )
    return Scenario(
        id=name[0],
        rows=name[1],
        title=name[2],
        aoi=made.aoi,
        outline=made.truth.polygon.buffer(45.0, join_style="mitre"),
        looks=made.looks,
        world=made.world,
        put=put,
        assumed=assumed,
    )


def _only(*rows: str) -> tuple[Stay, ...]:
    return tuple(s for s in SEASON if set(rows) & set(s.rows))


_S4_DAYS = ("2023-11-11", "2023-11-13", "2023-11-23", "2023-11-24", "2023-11-30")
_S4_ASSUMED = (
    "the pier; hours; that nothing stood there on 30 November; width and height of the stack; the AOI displaced by up"
    " to 25 m"
)


def s4_all_holds(seed: int) -> Scenario:
    """Stack of 100 m, then a ship of 105 m whose holds are all open and full of the same blue."""

    def instead(harbour: Harbour, things: dict[str, tuple[Thing, ...]]) -> dict[str, tuple[Thing, ...]]:
        del harbour
        name = next(i for i in things if i.startswith("N22_vessel"))
        hull = things[name][0]
        centre, azimuth = hull.footprint.centroid.coords[0], hull.azimuth_deg
        middle = next(iter(box(centre, azimuth, 1.0, 1.0).centroid.coords))
        count = max(2, round(hull.length_m / 32.0))
        step = 0.60 * hull.length_m / count
        full = [
            Part(
                polygon=box(
                    along(middle, azimuth, -0.24 * hull.length_m + (k + 0.5) * step),
                    azimuth,
                    step * 0.70,
                    hull.width_m * 0.56,
                ),
                top_m=7.5,
                reflectance=PAINTS["blue"],
                rough=0.2,
            )
            for k in range(count)
        ]
        return {name: (replace(hull, parts=(*hull.parts, *full)),)}

    made = _port(
        ("S4", "N21 N22", "cargo transfer, every hold blue"),
        seed,
        _S4_DAYS,
        _only("N21", "N22"),
        _S4_ASSUMED + "; that every hold is open and full of blue (23 % of the hull)",
        instead=instead,
    )
    return replace(made, pair=(2, 3))


def s4_one_hold(seed: int) -> Scenario:
    """Return the same with the ship as record.py draws it: one hold open."""
    made = _port(
        ("S4b", "N21 N22", "cargo transfer, one hold blue"),
        seed,
        _S4_DAYS,
        _only("N21", "N22"),
        _S4_ASSUMED + "; that one hold is open, as on 19 October",
    )
    return replace(made, pair=(2, 3))


def s8(seed: int) -> Scenario:
    """Stack of 60 m on 8 March that has 100 m on 9 March."""
    days = ("2024-02-04", "2024-02-05", "2024-02-12", "2024-02-18", "2024-03-08", "2024-03-09", "2024-03-10")
    assumed = "both lengths, width, height, hours; that growth is at both ends; the pier on 4 and 12 February"
    made = _port(("S8", "N31 (N27 N28 N30 N32)", "growth, not onset"), seed, days, SEASON, assumed)
    return replace(made, pair=(4, 5))


def s9_n45(seed: int) -> Scenario:
    """One hull of 110 m on one side of Pier 2, the next day on the other."""
    stays = (
        _stay("N45", "vessel", "pier2_ne_berth", 110, "2025-02-19T06", "2025-02-20T16", hull="n45"),
        _stay("N45", "vessel", "pier2_sw_berth", 110, "2025-02-20T20", "2025-02-22T06", hull="n45"),
    )
    days = ("2025-02-08", "2025-02-14", "2025-02-20", "2025-02-21", "2025-02-26")
    assumed = f"the pier and which of its sides is the inner one; the stack of over 100 m is left out; {DAYS_AGAIN}"
    return _port(("S9", "N45", "berth change of one hull"), seed, days, stays, assumed)


def s9_n06(seed: int) -> Scenario:
    """Maria at Pier 2, the next day at Pier 1."""
    days = ("2023-10-05", "2023-10-10", "2023-10-11", "2023-10-16")
    return _port(
        ("S9b", "N06", "berth change, Maria"), seed, days, _only("N06", "N09"), f"the length, sides; {DAYS_AGAIN}"
    )


def s9_n43(seed: int) -> Scenario:
    """Angara on the inner quay 2-3, the next day at Pier 2."""
    stays = (
        _stay("N43", "vessel", "pier2_ne_berth", 120, "2024-10-24T06", "2024-10-25T16", hull="angara"),
        _stay("N43b", "vessel", "pier2_sw_berth", 120, "2024-10-25T20", "2024-10-27T06", hull="angara"),
    )

    def instead(harbour: Harbour, things: dict[str, tuple[Thing, ...]]) -> dict[str, tuple[Thing, ...]]:
        name = next(i for i in things if i.startswith("N43_"))
        old, other = things[name][0], next(t for i, t in things.items() if i.startswith("N43b_"))[0]
        start, end = harbour.pier("pier2").corners[3], harbour.pier("pier3").corners[0]
        azimuth = bearing(start, end)
        # Looking from Pier 2 to Pier 3 the water lies to the left.
        where = along(start, azimuth, 112.0, -(other.width_m / 2 + 0.5))
        deck = other.colour.removesuffix(" deck")
        return {name: (ship(old.id, where, azimuth, (120.0, other.width_m), deck=deck),)}

    days = ("2024-10-18", "2024-10-22", "2024-10-25", "2024-10-26", "2024-11-02")
    made = _port(
        ("S9c", "N43", "berth change, Angara"),
        seed,
        days,
        stays,
        f"which side of Pier 2; {DAYS_AGAIN}",
        instead=instead,
    )
    return replace(made, put=tuple(replace(p, zone="q23_berth") if p.id.startswith("N43_") else p for p in made.put))


def s10(seed: int) -> Scenario:
    """Coal of 300 m, bulk carriers of 190 m, a tanker of 70 m beside a ship of 120 m."""
    stays = (
        _stay("N33", "vessel", "pier2_sw_berth", 115, "2024-03-11T12", "2024-03-13T06"),
        _stay("N33", "cargo", "pier2_yard", 100, "2024-03-08T12", "2024-03-13T06"),
        _stay("N36", "coal", "pier3_coal", 300, "2024-04-05T06", "2024-06-20T06"),
        _stay("N36", "vessel", "pier3_ne_berth", 190, "2024-04-16T06", "2024-04-19T06", hull="b1"),
        _stay("N36b", "vessel", "pier3_ne_berth", 190, "2024-06-01T06", "2024-06-04T06", hull="b2"),
        _stay("N40", "vessel", "pier2_sw_berth", 120, "2024-07-11T06", "2024-07-13T06", hull="angara"),
        _stay("N40", "cargo", "pier2_yard", 100, "2024-07-10T06", "2024-07-14T06"),
        _stay("N40b", "vessel", "pier1_sw_berth", 70, "2024-07-11T06", "2024-07-13T06"),
        _stay("N44", "vessel", "pier3_ne_berth", 190, "2024-10-29T06", "2024-10-31T06", hull="b3"),
    )
    days = ("2024-02-18", "2024-03-12", "2024-04-07", "2024-04-17", "2024-06-02", "2024-07-12", "2024-10-30")
    assumed = (
        "hours; which side of Pier 3; that the coal is gone on 12 July and 30 October and has 36 m in width and 6 m in"
        " height; that the next dock is the south-western side of Pier 1, the tanker drawn as any ship of 70 m; a stack"
        " of 100 m on 12 July, no crane, no rail cars; the coal heaps that stand on Pier 3 in the sample tiles are"
        " taken away"
    )
    made = _port(
        ("S10", "N36 N44 N40 (N30 N33)", "negatives: coal, bulk carriers, tanker"),
        seed,
        days,
        stays,
        assumed,
        leave_out=("pier3_coal1", "pier3_coal2"),
    )
    put = tuple(replace(p, zone="coal_pier3") if p.kind == "coal" else p for p in made.put)
    return replace(made, put=put, pair=(1, 2))


def _border(seed: int, days: tuple[str, ...], *, whole: bool = False) -> tuple[Harbour, tuple[Look, ...], Polygon]:
    """Return the yard, 780 x 500 m of it unless the whole window is asked for, and looks without cloud."""
    harbour = border_crossing(seed=seed)
    ends = harbour.rails[0].coords
    x, y = (ends[0][0] + ends[-1][0]) / 2, (ends[0][1] + ends[-1][1]) / 2
    outline = rectangle(x - 390, y - 250, x + 390, y + 250)
    if whole:
        outline = rectangle(*harbour.world.bounds)
    rng = rng_of(seed, "record")
    harbour = replace(harbour, world=replace(harbour.world, bounds=outline.bounds))
    return harbour, tuple(_look(day, rng, 0.0) for day in days), outline


def _there(world: World, put: tuple[Put, ...], things: dict[str, Thing], time: datetime) -> World:
    return world.with_things(*(things[p.id] for p in put if p.came <= time < p.went))


def _on_track(harbour: Harbour, track: int, ahead: float, cars: int, name: str, seed: int) -> Thing:
    line = harbour.rails[track].coords
    azimuth = bearing(line[0][:2], line[-1][:2])
    return train(name, along(line[0][:2], azimuth, ahead), azimuth, cars, mix=("box", "gondola"), seed=seed)


def _put(thing: Thing, kind: str, zone: str, came: str, went: str, fill: float | None = None) -> Put:
    return Put(
        id=thing.id,
        kind=kind,
        zone=zone,
        length_m=thing.length_m,
        came=_at(came),
        went=_at(went),
        footprint=thing.footprint,
        fill=fill,
    )


_CROPPED = (
    "tracks, yard and sheds (no map of them was found); rendered are 780 x 500 m around the yard, so most of each"
    " search area is not covered"
)


_S11 = {
    (False, False): "{}, the yard of border_crossing",
    (True, False): "{}, yard and bridge of border_crossing",
    (False, True): "{}, tracks drawn as a located zone",
}
_WHOLE = "tracks, yard and sheds (no map of them was found); rendered are 2.7 x 1 km with yard and bridge"
_DRAWN = (
    "tracks, yard and sheds (no map of them was found); an AOI of our own with one located zone of 660 x 44 m drawn"
    " around the tracks, as facts.md asks of who runs S11; rendered are 780 x 500 m"
)


def _tracks_drawn(harbour: Harbour, outline: Polygon) -> AOI:
    """Return an AOI with the tracks as one located zone."""
    first, last = harbour.rails[0].coords, harbour.rails[5].coords
    azimuth = bearing(first[0][:2], first[-1][:2])
    middle = ((first[0][0] + last[-1][0]) / 2, (first[0][1] + last[-1][1]) / 2)
    zone = Zone(
        name="own_tracks",
        kind="rail",
        polygon=box(middle, azimuth, 660.0, 44.0),
        crs=CRS,
        title="Tracks of the yard",
        group="tumangang",
        accuracy_m=5.0,
        source="Made up for this benchmark",
    )
    return AOI(name="border_tracks", polygon=outline, zones=(zone,), crs=CRS, timezone="Asia/Pyongyang", accuracy_m=5.0)


def s11_lines(seed: int, name: str, *, whole: bool = False, drawn: bool = False) -> Scenario:
    """Three lines on 22 September, two on 24 September, nothing on 14 September."""
    days = ("2023-09-10", "2023-09-12", "2023-09-14", "2023-09-22", "2023-09-24")
    harbour, looks, outline = _border(seed, days, whole=whole)
    one, two, three = (
        _on_track(harbour, k, ahead, cars, line, seed)
        for k, ahead, cars, line in ((0, 250, 14, "line_200"), (2, 210, 21, "line_300"), (4, 230, 22, "line_320"))
    )
    four, fewer = (_on_track(harbour, 5, 60, n, f"cars_{n}", seed) for n in (4, 3))
    put = (
        _put(one, "rail", "tumangang_rail", "2023-09-20T06", "2023-09-26T06"),
        _put(two, "rail", "tumangang_rail", "2023-09-20T06", "2023-09-26T06"),
        _put(three, "rail", "tumangang_rail", "2023-09-20T06", "2023-09-23T06"),
        _put(four, "rail", "tumangang_rail", "2023-09-20T06", "2023-09-23T06"),
        _put(fewer, "rail", "tumangang_rail", "2023-09-23T06", "2023-09-26T06"),
    )
    things = {t.id: t for t in (one, two, three, four, fewer)}
    return Scenario(
        id=name,
        rows="T06 T07 T08",
        title=_S11[whole, drawn].format("rail lines"),
        aoi=_tracks_drawn(harbour, outline) if drawn else load_aoi("border_crossing"),
        outline=outline,
        looks=looks,
        world=lambda time: _there(harbour.world, put, things, time),
        put=put,
        assumed=f"that the lines of cargo are rail cars, on tracks 12 m apart; cars of 14 m, not 20; which line left;"
        f" 10 and 12 September; {_DRAWN if drawn else _WHOLE if whole else _CROPPED}",
        pair=(2, 3),
    )


def s11_dwell(seed: int, name: str, *, whole: bool = False, drawn: bool = False) -> Scenario:
    """One long train on three days."""
    days = ("2024-04-14", "2024-04-15", "2024-04-16", "2024-04-17", "2024-04-18", "2024-04-19", "2024-04-20")
    harbour, looks, outline = _border(seed, days, whole=whole)
    long = _on_track(harbour, 0, 4, 44, "long_train", seed)
    put = (_put(long, "rail", "tumangang_rail", "2024-04-16T10", "2024-04-19T18"),)
    return Scenario(
        id=name,
        rows="T14",
        title=_S11[whole, drawn].format("dwell of a long train"),
        aoi=_tracks_drawn(harbour, outline) if drawn else load_aoi("border_crossing"),
        outline=outline,
        looks=looks,
        world=lambda time: _there(harbour.world, put, {long.id: long}, time),
        put=put,
        assumed=f"{long.length_m:.0f} m instead of 790: the straight tracks of this world's yard have 640; which track;"
        f" the looks without a train; {_DRAWN if drawn else _WHOLE if whole else _CROPPED}",
    )


YARD_M = (110.0, 34.0)


def _own_yard(harbour: Harbour, outline: Polygon) -> tuple[AOI, tuple[float, float], float]:
    line = harbour.rails[0].coords
    azimuth = bearing(line[0][:2], line[-1][:2])
    x, y, _, _ = (*outline.centroid.coords[0], 0, 0)
    # The tracks' middle lies 15 m from the yard's.
    middle = along((x, y), azimuth, -20.0, -47.0)
    yard = Zone(
        name="own_yard",
        kind="yard",
        polygon=box(middle, azimuth, *YARD_M),
        crs=CRS,
        title="Rectangle between two sheds",
        group="tumangang",
        accuracy_m=5.0,
        source="Made up for this benchmark",
    )
    place = AOI(name="border_yard", polygon=outline, zones=(yard,), crs=CRS, timezone="Asia/Pyongyang", accuracy_m=5.0)
    return place, middle, azimuth


def s12(seed: int) -> Scenario:
    """Blue covers over .8 of a yard, fewer, none, a third, more."""
    days = ("2024-02-20", "2024-02-26", "2024-03-04", "2024-03-07", "2024-03-12", "2024-03-13")
    harbour, looks, outline = _border(seed, days)
    place, middle, azimuth = _own_yard(harbour, outline)
    put, things = [], {}
    for share, came, went in (
        (0.8, "2024-02-10T06", "2024-02-23T06"),
        (0.5, "2024-02-23T06", "2024-03-01T06"),
        (0.33, "2024-03-10T06", "2024-03-12T10"),
        (0.55, "2024-03-12T10", "2024-03-20T06"),
    ):
        wide = 0.85 * YARD_M[1]
        long = share * YARD_M[0] / 0.85
        where = along(middle, azimuth, long / 2 - YARD_M[0] / 2 + 2.0)
        made = cover(f"cover_{share:g}", where, azimuth, (long, wide, 3.0))
        inside = made.footprint.intersection(place.zones[0].polygon).area / place.zones[0].polygon.area
        put.append(_put(made, "cargo", "own_yard", came, went, inside))
        things[made.id] = made
    return Scenario(
        id="S12",
        rows="T11",
        title="yard fill",
        aoi=place,
        outline=outline,
        looks=looks,
        world=lambda time: _there(harbour.world, tuple(put), things, time),
        put=tuple(put),
        assumed=f"a located yard of {YARD_M[0]:.0f} x {YARD_M[1]:.0f} m between two sheds (the reported yard was never"
        " traced); covers in one block; half full on 26 February; more than a third on 13 March is .55; 7 March empty",
        empty={"own_yard": 2},
    )


def s15_few(seed: int) -> Scenario:
    """Put a building on the later three of seven looks."""
    days = ("2024-02-15", "2024-03-01", "2024-03-20", "2024-04-02", "2024-04-10", "2024-05-08", "2024-06-17")
    return _s15("S15", seed, days)


def s15_most(seed: int) -> Scenario:
    """Put a building on the later four of six looks."""
    days = ("2024-03-01", "2024-03-20", "2024-04-10", "2024-05-08", "2024-06-17", "2024-07-20")
    return _s15("S15b", seed, days)


def _s15(name: str, seed: int, days: tuple[str, ...]) -> Scenario:
    harbour, looks, outline = _border(seed, days)
    _, middle, azimuth = _own_yard(harbour, outline)
    roof = str(rng_of(seed, "roof").choice(sorted(ROOFS)))
    parts = building(middle, azimuth, (60.0, 18.0, 8.0), roof)
    since = _at("2024-04-05T06")
    shown = Put(
        id="building",
        kind="building",
        zone="tumangang_yard",
        length_m=60.0,
        came=since,
        went=_at("2030-01-01"),
        footprint=box(middle, azimuth, 60.0, 18.0),
    )
    later = sum(look.time >= since for look in looks)
    return Scenario(
        id=name,
        rows="T16",
        title=f"construction on {later} of {len(looks)} looks",
        aoi=load_aoi("border_crossing"),
        outline=outline,
        looks=looks,
        world=lambda time: (
            replace(harbour.world, fixed=(*harbour.world.fixed, *parts)) if time >= since else harbour.world
        ),
        put=(shown,),
        assumed=f"a building of 60 x 18 x 8 m, {roof.replace('_', ' ')}, beside the tracks in April 2024 and from then"
        f" on; all days; {_CROPPED}",
    )
