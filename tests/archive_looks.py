"""Looks of noise for an archive, and a process that adds them one by one: what tests of the store kill and race.

``python tests/archive_looks.py FILE FROM TO`` adds the looks FROM to TO - 1, a run each, and prints each number when it
is in the file.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

import numpy as np
from affine import Affine

from imagery_diff import archive
from imagery_diff.archive_schema import HAPPENED, OBSERVED
from imagery_diff.archive_values import FileEntry, Unread
from imagery_diff.geometry import Sun, View
from imagery_diff.grid import Grid
from imagery_diff.params import Params
from imagery_diff.read.aois import load_aoi
from imagery_diff.scene import Band, Level, Orbit, SceneInfo

GRID = Grid(crs="EPSG:32652", transform=Affine(3, 0, 605_001, 0, -3, 4_676_998), shape=(120, 150))
BANDS = ("red", "nir")
START = datetime(2023, 10, 1, 2, 4, 11, 250_000, tzinfo=UTC)
PLACE = load_aoi("najin")
ZONE = "pier2_sw_berth"


def an_info(number: int, **changes) -> SceneInfo:
    return SceneInfo(
        **{
            "name": f"look{number}.tif",
            "grid": GRID,
            "bands": tuple(Band(name=name, wavelength_nm=665.0) for name in BANDS),
            "source": Unread(),
            "product": "PlanetScope",
            "why": "its name",
            "level": Level.SURFACE,
            "platform": "2484",
            "acquired": START + timedelta(hours=number),
            "time_source": "metadata",
            "sun": Sun(azimuth_deg=161.2, elevation_deg=37.2 + number / 7),
            "view": View(off_nadir_deg=2.9, azimuth_deg=99.0),
            "orbit": Orbit(strip="0000"),
            "masks": ("UDM2: cloud",),
            "cloud_masked": True,
            "simulated": True,
            "credit": "RENDERED, NOT A SATELLITE IMAGE",
            "notes": ("a note",),
            **changes,
        }
    )


def pixels(number: int) -> archive.Pixels:
    noise = np.random.default_rng(number)
    return archive.Pixels(
        data=noise.normal(size=(len(BANDS), *GRID.shape)).astype(np.float32),
        flags=noise.integers(0, 255, GRID.shape, np.uint8),
        clear=noise.random(GRID.shape) > 0.5,
    )


def a_look(number: int, **changes) -> archive.NewLook:
    info = an_info(number, **changes)
    return archive.NewLook(
        key=archive.key_of(info),
        info=info,
        moved=(0.1 * number, -1 / 3),
        refused=None,
        files=(FileEntry(name=info.name, size=7, sha256=f"{number:064x}"),),
        chips=pixels(number).chips(BANDS),
    )


def a_row(info: SceneInfo, **said):
    """Return a row of observations.csv."""
    row = dict.fromkeys(OBSERVED) | {
        "acquired": f"{info.acquired:%Y-%m-%dT%H:%M:%SZ}",
        "scene": info.name,
        "zone": ZONE,
        "clear_fraction": 1,
        "vessel": "no",
        "cargo": "na",
        "rail": "na",
        "simulated": True,
    }
    return row | said


def an_event(before: SceneInfo, after: SceneInfo, **said):
    """Return a row of events.csv."""
    row = dict.fromkeys(HAPPENED) | {
        "event": "vessel_arrived",
        "zone": ZONE,
        "not_before": f"{before.acquired:%Y-%m-%dT%H:%M:%SZ}",
        "not_after": f"{after.acquired:%Y-%m-%dT%H:%M:%SZ}",
        "simulated": True,
        "wkt": "POLYGON ((130 42, 130.01 42, 130.01 42.01, 130 42))",
    }
    return row | said


def a_run(kept: archive.Kept, *new: archive.NewLook, rows=None, events=()) -> archive.Told:
    """Return what a run adds that says ``no`` of every look, or what ``rows`` say."""
    infos = [look.info for look in (*kept.looks, *new)]
    frame = kept.frame or archive.Frame(grid=GRID, bands=BANDS, anchor=new[0].key)
    return archive.Told(
        place=PLACE,
        params=Params(),
        frame=frame,
        looks=new,
        empty=kept.empty,
        observations=[a_row(info) for info in infos] if rows is None else rows,
        events=events,
    )


def read(path) -> archive.Kept:
    return archive.read(path, PLACE, Params())


def add_one(path, number: int) -> None:
    """Add a look as timeline() does: read, tell, write, again where another was first."""
    while True:
        kept = read(path)
        if archive.add(kept, a_run(kept, a_look(number))):
            return


if __name__ == "__main__":
    for wanted in range(int(sys.argv[2]), int(sys.argv[3])):
        add_one(sys.argv[1], wanted)
        print(wanted, flush=True)  # noqa: T201 - to the test that started it
