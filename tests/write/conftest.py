"""Results built from arrays alone, so that every test knows what must come out."""

import datetime as dt

import numpy as np
import pytest
from affine import Affine
from shapely import box
from shapely.affinity import affine_transform

from imagery_diff.aoi import AOI, Zone
from imagery_diff.geometry import Sun, View
from imagery_diff.grid import Grid
from imagery_diff.method.coregister import Shift
from imagery_diff.method.sharpness import Sharpness
from imagery_diff.params import Params
from imagery_diff.result import Comparison, Layers, Region, ZoneState
from imagery_diff.scene import Band, Flag, Level, Scene, SceneInfo

UTM = "EPSG:32652"
ORIGIN = Affine(3.0, 0.0, 605000.0, 0.0, -3.0, 4677000.0)
TIMES = (dt.datetime(2023, 10, 20, 2, 1, 33, tzinfo=dt.UTC), dt.datetime(2023, 10, 20, 6, 43, tzinfo=dt.UTC))


class ArraySource:
    """Pixels from memory."""

    def __init__(self, scene):
        self.scene = scene

    def read(self, row, col, shape, bands):
        """Cut a rectangle out."""
        rows, cols = slice(row, row + shape[0]), slice(col, col + shape[1])
        grid = self.scene.grid.window(row, col, shape)
        return Scene(data=self.scene.data[list(bands), rows, cols], flags=self.scene.flags[rows, cols], grid=grid)


def make_grid(shape=(90, 120), crs=UTM):
    return Grid(crs=crs, transform=ORIGIN if crs else Affine.identity(), shape=shape)


def on_grid(grid, pixels):
    t = grid.transform
    return affine_transform(pixels, [t.a, t.b, t.d, t.e, t.c, t.f])


def make_scene(grid, bands, seed, flags=None):
    data = np.random.default_rng(seed).normal(0.1, 0.01, (bands, *grid.shape)).astype(np.float32)
    return Scene(data=data, flags=np.zeros(grid.shape, np.uint8) if flags is None else flags, grid=grid)


def make_info(scene, names, *, name="scene.tif", acquired=None, simulated=False, credit="© Somebody 2023", files=()):
    return SceneInfo(
        name=name,
        grid=scene.grid,
        bands=tuple(Band(name=n) for n in names),
        source=ArraySource(scene),
        product="PlanetScope AnalyticMS_SR",
        level=Level.SURFACE,
        acquired=acquired,
        sun=Sun(azimuth_deg=161.2, elevation_deg=37.2) if acquired else None,
        view=View(off_nadir_deg=2.9, azimuth_deg=99.0) if acquired else None,
        scene_id="20231020_020133_84_1234" if acquired else None,
        simulated=simulated,
        credit=credit if credit and credit.startswith("ALTERED") else None if simulated else credit,
        files=files,
    )


def make_region(number, outline, **changes):
    values = {
        "id": f"R{number}",
        "geometry": outline,
        "direction": ("appeared", "disappeared", "changed")[number % 3],
        "activity": "containers",
        "area_m2": 1800.0,
        "length_m": 90.0,
        "width_m": 20.0,
        "orientation_deg": 42.0,
        "strength": 20.0,
        "why": ("differs by 20 times the scatter (standard deviation) of unchanged ground of its kind",),
        "zone": "pier",
        "zone_kind": "yard",
        "group": "pier2",
        "colour": "blue",
        "description": f"A thing, number {number}.",
    }
    return Region(**(values | changes))


def make_aoi(grid, *, crs=UTM):
    whole = on_grid(grid, box(5, 5, grid.shape[1] - 5, grid.shape[0] - 5))
    zones = (
        Zone(
            name="pier",
            kind="yard",
            polygon=on_grid(grid, box(20, 20, 60, 50)),
            crs=crs,
            title="The pier",
            group="pier2",
        ),
        Zone(name="berth", kind="berth", polygon=on_grid(grid, box(60, 20, 80, 50)), crs=crs),
        Zone(name="rails", kind="rail", polygon=on_grid(grid, box(20, 50, 60, 60)), crs=crs, located=False),
    )
    return AOI(name="harbour", polygon=whole, zones=zones, crs=crs, title="A harbour", timezone="Asia/Pyongyang")


def make_states(aoi, regions):
    if aoi is None:
        return ()
    ids = tuple(r.id for r in regions)
    pier = "flagged" if ids else "nothing flagged"
    values = (
        (pier, 1.0, {}, ids),
        ("unknown", 0.25, {"cloud": 0.5, "haze": 0.25}, ()),
        ("nothing flagged", 0.9, {}, ()),
    )
    return tuple(
        ZoneState(zone=zone, state=state, clear_fraction=clear, degraded_fraction=0.0, unknown=unknown, regions=found)
        for zone, (state, clear, unknown, found) in zip(aoi.zones, values, strict=True)
    )


def make_result(
    *,
    shape=(90, 120),
    crs=UTM,
    count=1,
    bands=("blue", "green", "red", "nir"),
    aoi=True,
    simulated=False,
    times=TIMES,
    **changes,
):
    """Make a comparison of two noise images with ``count`` regions."""
    grid = make_grid(shape, crs)
    flags = np.zeros(shape, np.uint8)
    flags[: shape[0] // 6] = Flag.CLOUD
    flags[-shape[0] // 6 :] = Flag.HAZE
    scenes = (make_scene(grid, len(bands), 1), make_scene(grid, len(bands), 2, flags))
    files = changes.pop("files", ((), ()))
    credit = changes.pop("credit", "© Somebody 2023")
    names = changes.pop("names", ("before.tif", "after.tif"))
    infos = [
        make_info(s, bands, name=n, acquired=t, simulated=simulated, credit=credit, files=f)
        for s, n, t, f in zip(scenes, names, times, files, strict=True)
    ]
    ground = make_aoi(grid, crs=crs) if aoi else None
    across = max(1, int(np.ceil(np.sqrt(count))))
    cell = (shape[0] * 0.6 / across, shape[1] * 0.6 / across)
    regions = tuple(
        make_region(
            i + 1,
            on_grid(grid, box(*_cell(i, across, cell, shape))),
            **({} if aoi else {"zone": None, "zone_kind": None, "group": None}),
        )
        for i in range(count)
    )
    level = np.full(shape, 6.0, np.float32)
    level[:3] = 0.0
    values = {
        "aoi": ground,
        "before": infos[0],
        "after": infos[1],
        "grid": grid,
        "shift": Shift(rows=-1.5, cols=2.0, error_px=0.02, windows=12),
        "relative_gain": dict.fromkeys(bands, 1.01),
        "relative_blur": Sharpness(variance_px2=0.04, error_px2=0.03, windows=120),
        "thresholds": {"smooth at object scale": {"seed": 6.0, "grow": 3.0, "blocks": 40.0}},
        "detect": "alarm" if aoi else "map",
        "params": Params(),
        "regions": regions,
        "zones": make_states(ground, regions),
        "caveats": ("a caveat",),
        "layers": Layers(
            before=scenes[0],
            after=scenes[1],
            strength=np.random.default_rng(3).gamma(2.0, 1.0, shape).astype(np.float32),
            flags=flags,
            level=level,
            blind=np.zeros(shape, bool),
            drawn=np.zeros(shape, bool),
        ),
    }
    return Comparison(**(values | changes))


def _cell(number, across, cell, shape):
    row, col = divmod(number, across)
    top, left = shape[0] * 0.2 + row * cell[0], shape[1] * 0.2 + col * cell[1]
    return (left, top, left + 0.6 * cell[1], top + 0.6 * cell[0])


@pytest.fixture
def result():
    return make_result()
