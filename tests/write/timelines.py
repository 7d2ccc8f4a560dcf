"""A series built by hand: three looks, a vessel that came and went, a yard that was under cloud."""

import datetime as dt

import numpy as np
from shapely import box

from imagery_diff.params import Params
from imagery_diff.result_series import NO, UNKNOWN, YES, Cell, Event, SeriesLook, Thing, Timeline, Track, Visits
from tests.write.conftest import make_aoi, make_grid, make_info, make_region, make_scene, on_grid

TIMES = tuple(dt.datetime(2023, 10, day, 2, 4, tzinfo=dt.UTC) for day in (16, 17, 18))


def make_timeline(*, simulated=False, credit="© Somebody 2023", description="a vessel-like object came", **changes):
    grid = make_grid()
    aoi = make_aoi(grid)
    scene = make_scene(grid, 3, 1)
    looks = tuple(
        SeriesLook(
            number=number,
            info=make_info(
                scene,
                ("blue", "green", "red"),
                name=f"look{number}.tif",
                acquired=time,
                simulated=simulated,
                credit=credit,
            ),
            east_m=0.1,
            north_m=0.2,
            residual_m=0.3,
        )
        for number, time in enumerate(TIMES, start=1)
    )
    hull = on_grid(grid, box(62, 25, 70, 45))
    vessel = Thing(kind="vessel", region=make_region(1, hull, activity="vessel", zone="berth", zone_kind="berth"))
    track = Track(
        id="T1",
        kind="vessel",
        zone="berth",
        group=None,
        seen=((2, vessel),),
        absent_before=1,
        absent_after=3,
    )
    values = {
        "aoi": aoi,
        "grid": grid,
        "looks": looks,
        "cells": tuple(_cell(zone, look, vessel) for zone in aoi.zones for look in (1, 2, 3)),
        "tracks": (track,),
        "events": tuple(
            Event(
                event=f"vessel_{what}",
                zone="berth",
                group=None,
                not_before=TIMES[k],
                not_after=TIMES[k + 1],
                length_m=90.0,
                p_event=None,
                evidence=(f"look{k + 1}.tif", f"look{k + 2}.tif"),
                track="T1",
                description=description if what == "arrived" else "it is no longer visible",
                geometry=hull if what == "arrived" else None,
            )
            for k, what in enumerate(("arrived", "departed"))
        ),
        "visits": (
            Visits(
                group="pier2",
                at_least=1,
                perhaps=0,
                inferred=0,
                usable_looks=3,
                looks=3,
                gaps=(),
                sentence="at least 1 call",
            ),
        ),
        "quiet": {"pier": "silence of the pier says nothing"},
        "expected_false": 0.5,
        "local_hours": "only between 11:04 and 11:04 local",
        "caveats": ("a caveat",),
        "params": Params(),
        "fit": None,
        "names": ("blue", "green", "red"),
        "chips": {("berth", 2): np.zeros((3, 30, 20), np.float32)},
    }
    return Timeline(**(values | changes))


def _cell(zone, look, vessel):
    asked = {"yard": "cargo", "berth": "vessel", "rail": "rail"}[zone.kind]
    state = {"berth": YES if look == 2 else NO, "pier": UNKNOWN}.get(zone.name, UNKNOWN if look == 1 else NO)
    return Cell(
        look=look,
        zone=zone,
        clear_fraction=0.2 if state == UNKNOWN else 1.0,
        degraded_fraction=0.0,
        states={kind: state if kind == asked else "na" for kind in ("vessel", "cargo", "rail")},
        usable=state != UNKNOWN,
        reason="cloud" if state == UNKNOWN else None,
        floors={**dict.fromkeys(("vessel", "cargo", "rail")), asked: None if state == UNKNOWN else 60.0},
        things=(vessel,) if state == YES else (),
        fill=None,
    )
