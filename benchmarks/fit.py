"""How well drawn outlines are laid where the images show their quays: `imagery_diff.pair_fit`, off by known amounts.

    python benchmarks/fit.py rendered --scenes DIR --scenes-per-case 8
    python benchmarks/fit.py real --data DIR
    python benchmarks/fit.py elsewhere --scenes DIR

`rendered` moves the zones of rendered scenes (benchmarks/accuracy.py makes them) in a random direction by 0, 5, 10, 20,
30, 40 and 55 m and says how far from the truth the fit lays them; the truth holds the pointing of both looks. `real`
does so with quays drawn by hand on images of Hong Kong and Venice (fit_quays.json), in twelve directions. `elsewhere`
lays outlines where they do not belong (150 m off, or turned by 40 to 140 degrees): nothing may be fitted.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import warnings
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from affine import Affine
from nuisances import draw_weather
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning
from scenes import Scene, find
from shapely import Polygon, affinity, union_all

from imagery_diff.aoi import AOI, Zone
from imagery_diff.errors import ImageryDiffWarning
from imagery_diff.grid import Grid
from imagery_diff.method import align
from imagery_diff.pair_fit import Fit, fit_of, measure
from imagery_diff.pair_register import register
from imagery_diff.pair_scenes import Pair, open_pair
from imagery_diff.params import Params
from imagery_diff.read.aois import find_place
from imagery_diff.read.scenes import open_scene
from imagery_diff.synthetic.texture import rng_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imagery_diff.scene import Scene as Pixels

HERE = Path(__file__).resolve().parent
PARAMS = Params()
OFFSETS_M = (0.0, 5.0, 10.0, 20.0, 30.0, 40.0, 55.0)
REAL_OFFSETS_M = (0.0, 10.0, 20.0, 40.0)
DIRECTIONS = 12
FAR_M = 150.0
TURNED_DEG = (40.0, 140.0)
BERTH_M, YARD_M = 45.0, 60.0
"""Width of the strips of water and of land that are made of a line drawn by hand."""
VENICE_M, VENICE_CRS = 10.0, "EPSG:32633"
"""Of the quicklooks, which carry no place: Sentinel-2's pixel, on a grid of the right zone at a made-up corner."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Ready:
    """A registered pair with the outlines that are right for it."""

    name: str
    case: str
    place: AOI
    """Where the images show it, in the grid's CRS."""
    scenes: tuple[Pixels, Pixels]
    pair: Pair
    seconds: float
    """CPU time to open, register and read it."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One fit against the truth."""

    name: str
    case: str
    off_m: float
    fit: Fit
    error_m: float | None
    """Distance from the truth, along the directions that were told; None = not fitted."""
    pixel_m: float
    seconds: float


def main(words: Sequence[str] | None = None) -> None:
    """Read the command line, run a suite, print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", choices=["rendered", "real", "elsewhere"])
    parser.add_argument("--scenes", type=Path, help="folder of rendered scenes")
    parser.add_argument("--scenes-per-case", type=int, default=4, help="of each case, with events and without")
    parser.add_argument("--skip", type=int, default=0, help="leave out so many of each case first")
    parser.add_argument("--data", type=Path, help="folder with pairs/oscd_hongkong and series/venice_s2_rgb")
    options = parser.parse_args(words)
    warnings.simplefilter("ignore", ImageryDiffWarning)
    if options.suite == "real":
        print(
            real_table([row for ready in real(options.data) for row in offsets_of(ready, REAL_OFFSETS_M, DIRECTIONS)])
        )
        return
    wanted = rendered(options.scenes, options.scenes_per_case, options.skip)
    if options.suite == "elsewhere":
        print(elsewhere_table([row for ready in wanted for row in elsewhere(ready)]))
        return
    rows = [row for ready in wanted for row in offsets_of(ready, OFFSETS_M)]
    print(table(rows))
    print()
    print(table(rows, by="case"))


# --- pairs -----------------------------------------------------------------------------------------------------------


def rendered(folder: Path, per_case: int, skip: int) -> Iterator[Ready]:
    """Open and register some rendered scenes of each case."""
    taken: dict[tuple[str, str], int] = {}
    for place in find(folder):
        kind = (place.name.rsplit("_", 2)[0], place.name.rsplit("_", 1)[1])
        taken[kind] = taken.get(kind, 0) + 1
        if skip < taken[kind] <= skip + per_case:
            yield _rendered(place)


def _rendered(folder: Path) -> Ready:
    scene = Scene.load(folder)
    east, north = pointing_m(scene)
    ready = _ready(
        scene.name, scene.case, find_place(str(folder / str(scene.aoi))), folder / scene.before, folder / scene.after
    )
    # The images show the harbour where both looks, in the mean, were pointed.
    return replace(ready, place=shifted(ready.place, east, north))


def pointing_m(scene: Scene) -> tuple[float, float]:
    """Return by how far east and north both looks together show the harbour from where it is, metres.

    Raises
    ------
    ValueError
        If the recipe of today draws other looks than those of the scene.

    """
    looks = draw_weather(scene.case, rng_of(scene.seed, scene.case, "weather")).looks
    one, other = np.array([look.pointing_error_m for look in looks])
    apart = ((one - other)[1] / scene.pixel_m, (other - one)[0] / scene.pixel_m)
    if scene.shift_px is None or not np.allclose(apart, scene.shift_px, atol=1e-6):
        raise ValueError(f"{scene.name} was drawn by another recipe; make the scenes anew")
    east, north = (one + other) / 2
    return float(east), float(north)


def real(data: Path) -> Iterator[Ready]:
    """Open and register the pair of Hong Kong and consecutive dates of Venice, with what was drawn on them by hand."""
    drawn = json.loads((HERE / "fit_quays.json").read_text(encoding="utf-8"))
    folder = data / "pairs" / "oscd_hongkong"
    with rasterio.open(folder / "after.tif") as file:
        grid = Grid(crs="EPSG:4326", transform=file.transform, shape=file.shape)
    place = by_hand("hong_kong", drawn["oscd_hongkong"]["quays"], grid)
    yield half_way(
        _ready("hong_kong", "Hong Kong, with near infrared", place, folder / "before.tif", folder / "after.tif"), 1
    )
    with tempfile.TemporaryDirectory() as made:
        files = [_with_place(path, Path(made)) for path in sorted((data / "series" / "venice_s2_rgb").glob("*.png"))]
        with rasterio.open(files[0]) as file:
            grid = Grid(crs=VENICE_CRS, transform=file.transform, shape=file.shape)
        place = by_hand("venice", drawn["venice_s2_rgb"]["quays"], grid)
        for before, after in pairwise(files):
            yield _ready(f"venice {before.stem} {after.stem}", "Venice, colours alone", place, before, after)


def _with_place(path: Path, folder: Path) -> Path:
    """Write a quicklook of Venice as GeoTIFF, on a metric grid; black is no data."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path) as source:
            data = source.read([1, 2, 3])
    target = folder / f"{path.stem}.tif"
    profile: dict[str, Any] = {"driver": "GTiff", "count": 3, "dtype": "uint8", "nodata": 0, "crs": VENICE_CRS}
    profile |= {"width": data.shape[2], "height": data.shape[1]}
    profile["transform"] = Affine(VENICE_M, 0, 290_000, 0, -VENICE_M, 5_036_000)
    with rasterio.open(target, "w", **profile) as file:
        file.write(data)
        file.colorinterp = [ColorInterp.red, ColorInterp.green, ColorInterp.blue]
    return target


def by_hand(name: str, quays: Sequence[dict[str, Any]], grid: Grid) -> AOI:
    """Make a berth and a yard on both sides of each line drawn by hand in pixels, and the AOI around them."""
    zones = []
    pixel = float(np.mean(grid.pixel_size_m))
    for quay in quays:
        first, last = np.array(quay["line"], float)
        out = np.array(quay["water"], float)
        for kind, width in (("berth", BERTH_M), ("yard", -YARD_M)):
            corners = [first, last, last + out * width / pixel, first + out * width / pixel]
            outline = Polygon([grid.xy(row, col) for col, row in corners])
            zones.append(Zone(name=f"{quay['name']} {kind}", kind=kind, polygon=outline, crs=grid.crs))
    outline = union_all([z.polygon for z in zones]).convex_hull
    return AOI(name=name, polygon=outline, zones=tuple(zones), crs=grid.crs, accuracy_m=10.0)


def half_way(ready: Ready, date: int) -> Ready:
    """Move outlines drawn on one date to where the registered pair, which meets half way, shows them."""
    grid = ready.scenes[0].grid
    shift = register(ready.pair, grid, ready.place, PARAMS)
    sign = (0.5, -0.5)[date]
    t = grid.transform
    rows, cols = sign * shift.rows, sign * shift.cols
    return replace(ready, place=shifted(ready.place, t.a * cols + t.b * rows, t.d * cols + t.e * rows))


def _ready(name: str, case: str, place: AOI | None, before: Path, after: Path) -> Ready:
    begin = time.process_time()
    assert place is not None
    pair = open_pair(open_scene(before), open_scene(after), place)
    ground = pair.lay_out(place)
    grid = align.common_grid(pair.grids, ground.polygon, context=PARAMS.context_m, max_pixels=PARAMS.max_pixels)
    scenes = pair.read(grid, register(pair, grid, ground, PARAMS))
    return Ready(name=name, case=case, place=ground, scenes=scenes, pair=pair, seconds=time.process_time() - begin)


# --- fits ------------------------------------------------------------------------------------------------------------


def shifted(place: AOI, east: float, north: float) -> AOI:
    """Return an AOI moved on the map."""
    zones = tuple(replace(z, polygon=affinity.translate(z.polygon, east, north)) for z in place.zones)
    return replace(place, polygon=affinity.translate(place.polygon, east, north), zones=zones)


def offsets_of(ready: Ready, offsets: Sequence[float], directions: int = 1) -> Iterator[Row]:
    """Fit outlines that are off by known amounts, in a direction drawn for the scene or evenly all round."""
    first = float(rng_of(0, ready.name, "off").uniform(0, 2 * np.pi))
    for off in offsets:
        for k in range(directions if off else 1):
            angle = first + 2 * np.pi * k / directions
            yield _fitted(ready, off * np.cos(angle), off * np.sin(angle), off)


def _fitted(ready: Ready, east: float, north: float, off: float) -> Row:
    begin = time.process_time()
    fit = _fit(ready, shifted(ready.place, east, north))
    seconds = time.process_time() - begin
    error = None
    if fit.measured_m is not None:
        rest = np.add(fit.measured_m, (east, north))
        if fit.open_deg is not None:
            along = np.radians(fit.open_deg)
            rest -= rest @ (np.sin(along), np.cos(along)) * np.array([np.sin(along), np.cos(along)])
        error = float(np.hypot(*rest))
    pixel = float(ready.scenes[0].grid.pixel_size_m[0])
    return Row(name=ready.name, case=ready.case, off_m=off, fit=fit, error_m=error, pixel_m=pixel, seconds=seconds)


def _fit(ready: Ready, place: AOI) -> Fit:
    found = measure(place, ready.scenes, ready.pair.names, PARAMS, reflectance=ready.pair.reflectance)
    return fit_of(found, ready.scenes[0].grid)


def elsewhere(ready: Ready) -> Iterator[Row]:
    """Fit outlines where they do not belong."""
    rng = rng_of(0, ready.name, "elsewhere")
    angle = float(rng.uniform(0, 2 * np.pi))
    yield replace(_fitted(ready, FAR_M * np.cos(angle), FAR_M * np.sin(angle), FAR_M), case="150 m off")
    degrees, middle = float(rng.uniform(*TURNED_DEG)), ready.place.polygon.centroid
    zones = tuple(replace(z, polygon=affinity.rotate(z.polygon, degrees, middle)) for z in ready.place.zones)
    turned = replace(ready, place=replace(ready.place, zones=zones))
    yield replace(_fitted(turned, 0.0, 0.0, 0.0), case="turned by 40 to 140 degrees")


# --- tables ----------------------------------------------------------------------------------------------------------


def table(rows: Sequence[Row], by: str = "off_m") -> str:
    """Tell the errors, a line each offset or case."""
    head = f"{by:30} pairs fitted  open  error: median  90 %   max  in 90 %  moved  moved by: median  90 %  CPU s"
    lines = [head]
    for key in dict.fromkeys(getattr(r, by) for r in rows):
        here = [r for r in rows if getattr(r, by) == key]
        lines.append(f"{key!s:30} {_numbers(here)}")
    return "\n".join(lines)


def _numbers(rows: Sequence[Row]) -> str:
    fitted = [r for r in rows if r.error_m is not None]
    open_ = sum(r.fit.open_deg is not None for r in fitted)
    seconds = float(np.mean([r.seconds for r in rows]))
    if not fitted:
        return f"{len(rows):5} {0:6} {0:5}"
    errors = np.array([r.error_m for r in fitted], float)
    within = float(np.mean([_within(r) for r in fitted]))
    moved = np.array([r.fit.distance_m for r in rows])
    return (
        f"{len(rows):5} {len(fitted):6} {open_:5} {np.median(errors):14.1f} {np.quantile(errors, 0.9):5.1f} "
        f"{errors.max():5.1f} {within:8.0%} {np.mean(moved > 0):6.0%} {np.median(moved):17.1f} "
        f"{np.quantile(moved, 0.9):5.1f} {seconds:6.2f}"
    )


def _within(row: Row) -> bool:
    """Whether the truth lies within the circle that the stated error makes of nine in ten, were it alike both ways."""
    assert row.fit.error_m is not None
    assert row.error_m is not None
    times = np.sqrt(4.61 / 2) if row.fit.open_deg is None else np.sqrt(2.71)
    return bool(row.error_m <= times * row.fit.error_m)


def real_table(rows: Sequence[Row]) -> str:
    """Tell the errors in pixels, a line each pair, then each harbour."""
    lines = [f"{'pair':34} fits fitted  open  error (px): median  90 %   max  stated  agreeing  residual"]
    for key in (*dict.fromkeys(r.name for r in rows), *dict.fromkeys(r.case for r in rows)):
        here = [r for r in rows if key in (r.name, r.case)]
        fitted = [r for r in here if r.error_m is not None]
        if not fitted:
            lines.append(f"{key:34} {len(here):4} {0:6}       {here[0].fit.how}")
            continue
        errors = np.array([float(r.error_m or 0.0) / r.pixel_m for r in fitted])
        stated, agreeing, residual = (
            float(np.median([value or 0.0 for value in values]))
            for values in (
                [(r.fit.error_m or 0.0) / r.pixel_m for r in fitted],
                [r.fit.agreeing for r in fitted],
                [(r.fit.residual_m or 0.0) / r.pixel_m for r in fitted],
            )
        )
        open_ = sum(r.fit.open_deg is not None for r in fitted)
        lines.append(
            f"{key:34} {len(here):4} {len(fitted):6} {open_:5} {np.median(errors):19.2f} "
            f"{np.quantile(errors, 0.9):5.2f} {errors.max():5.2f} {stated:7.2f} {agreeing:9.0%} {residual:9.2f}"
        )
    return "\n".join(lines)


def elsewhere_table(rows: Sequence[Row]) -> str:
    """Tell how often outlines that belong elsewhere were fitted."""
    lines = [f"{'outlines':30} pairs fitted  why not"]
    for key in dict.fromkeys(r.case for r in rows):
        here = [r for r in rows if r.case == key]
        reasons: dict[str, int] = {}
        for row in here:
            if not row.fit.fitted:
                why = "".join(c for c in row.fit.how.split(": ", 1)[-1] if not c.isdigit())
                reasons[why] = reasons.get(why, 0) + 1
        told = "; ".join(f"{count} {why}" for why, count in sorted(reasons.items(), key=lambda p: -p[1]))
        lines.append(f"{key:30} {len(here):5} {sum(r.fit.fitted for r in here):6}  {told}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
