"""Half-real scenes: real two-date images with things put into them, and real pairs in which nothing is known to change.

    python benchmarks/half_real.py --cache DIR --seed 5000 --backgrounds sfbay,sztaki,oscd,taizhou --count 8 --nulls 8

Writes scenes (see `scenes`) that `benchmarks/accuracy.py half-real` scores. The scenes hold real imagery and belong in
no repository. What is measured, drawn and stated: docs/explanation/half_real.md.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from affine import Affine
from half_backgrounds import GROUPS, NULLS_ONLY, Background, backgrounds
from half_places import Put, draw_and_place
from rasterio.features import rasterize, shapes
from scenes import FILE, Event, Scene
from shapely import union_all
from shapely.geometry import box, shape

from imagery_diff.aoi import AOI, Zone
from imagery_diff.geometry import shadow_m
from imagery_diff.mark import ALTERED, ALTERED_TAG
from imagery_diff.synthetic.insert import insert
from imagery_diff.synthetic.texture import rng_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.random import Generator
    from numpy.typing import NDArray
    from shapely.geometry import MultiPolygon, Polygon

RECIPE = 6
"""Raise it whenever the same seed gives another scene: a cache made by another recipe is not used."""
EVENT_TILE_PX = (320, 460)
"""Least and greatest side of an event scene."""
NULL_TILE_PX = 400
"""Null scenes cut an image into pieces of about this side, none overlapping: each ground counts once."""
TILES_TRIED = 12
"""Pieces drawn before a background is said to hold nothing."""
ZONE_CELL_M = 12.0
"""Zones follow the ground in steps of about this, at least two pixels."""
LEAST_QUIET = 0.04
"""Share of a piece that must be quiet for it to be a null scene."""
GROUP_STEP = 1000
"""Seeds: the first, plus so much for each group of backgrounds, plus the scene's number."""


def main() -> None:
    """Read the command line and make scenes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True, help="where scenes are kept; never in the repository")
    parser.add_argument("--seed", type=int, default=5000, help="first seed of the event scenes")
    parser.add_argument("--backgrounds", default=",".join(GROUPS), help="groups, with commas between")
    parser.add_argument("--count", type=int, default=8, help="event scenes of each group")
    parser.add_argument("--nulls", type=int, default=1000, help="at most so many null scenes of each group")
    options = parser.parse_args()
    for folder in make(options.cache, options.backgrounds.split(","), options.seed, (options.count, options.nulls)):
        print(folder)


def make(cache: Path, groups: list[str], seed: int, counts: tuple[int, int]) -> list[Path]:
    """Make (or find) so many event scenes and at most so many null scenes of each group; return their folders.

    Raises
    ------
    SystemExit
        If there is no such group, or none of the real pairs is found.

    """
    unknown = [g for g in groups if g not in GROUPS]
    if unknown:
        raise SystemExit(f"no backgrounds called {', '.join(unknown)}; there are {', '.join(GROUPS)}")
    folders: list[Path] = []
    for group in groups:
        members = list(backgrounds([group]))
        first = seed + GROUP_STEP * list(GROUPS).index(group)
        for k in range(counts[0]) if members and group not in NULLS_ONLY else ():
            folders += [f for f in [event_scene(members[k % len(members)], first + k, cache)] if f]
        nulls = [f for member in members for f in null_scenes(member, cache)]
        folders += nulls[:: max(1, -(-len(nulls) // counts[1]))] if counts[1] else []
    if not folders:
        raise SystemExit("no real pairs found: set IMAGERY_DIFF_DATA to the folder that holds pairs/")
    return folders


def event_scene(ground: Background, seed: int, cache: Path) -> Path | None:
    """Write a piece of a background with one to six things put into it; None where nothing fits."""
    folder = cache / f"{ground.name}_{seed}_events"
    if _kept(folder):
        return folder
    rng = rng_of(seed, ground.name)
    for _ in range(TILES_TRIED):
        tile = cut(ground, *_window(ground, rng))
        puts = draw_and_place(tile, rng, int(rng.integers(1, 7)))
        if puts:
            break
    else:
        return None
    images = list(tile.images)
    events = []
    for put in puts:
        date = int(put.after)
        done = insert(images[date], tile.transform, put.thing, tile.cameras[date], rng)
        images[date] = done.data
        events.append(event_of(put, tile, done.contrast))
    write_scene(folder, tile, (images[0], images[1]), Told(seed=seed, events=tuple(events)))
    return folder


def null_scenes(ground: Background, cache: Path) -> Iterator[Path]:
    """Write a background in pieces that do not overlap, untouched, its labelled and unlabelled changes ignored."""
    rows, cols = ground.water.shape
    edges = [np.linspace(0, n, max(1, round(n / NULL_TILE_PX)) + 1).astype(int) for n in (rows, cols)]
    for i, (top, bottom) in enumerate(zip(edges[0], edges[0][1:], strict=False)):
        for j, (left, right) in enumerate(zip(edges[1], edges[1][1:], strict=False)):
            tile = cut(ground, slice(top, bottom), slice(left, right))
            if (~tile.ignore).mean() < LEAST_QUIET:
                continue
            folder = cache / f"{ground.name}_{i}{j}_null"
            if not _kept(folder):
                write_scene(folder, tile, tile.images, Told(seed=0))
            yield folder


@dataclass(frozen=True, kw_only=True)
class Told:
    """What distinguishes one scene of a tile from another."""

    seed: int
    events: tuple[Event, ...] = ()


def cut(ground: Background, rows: slice, cols: slice) -> Background:
    """Return a piece of a background, with the cameras of the whole."""
    return replace(
        ground,
        images=(ground.images[0][:, rows, cols], ground.images[1][:, rows, cols]),
        transform=ground.transform @ Affine.translation(cols.start, rows.start),
        **{n: getattr(ground, n)[rows, cols] for n in ("ignore", "barred", "wet", "water", "open")},
    )


def _window(ground: Background, rng: Generator) -> tuple[slice, slice]:
    """Draw a piece around a random spot: of the water half of the time, else of open ground or a track."""
    masks = [m for m in (ground.water, ground.open | _tracks(ground)) if m.any()]
    rows, cols = np.nonzero(masks[int(rng.integers(len(masks)))])
    pick = int(rng.integers(rows.size))
    spans = []
    for spot, size in zip((rows[pick], cols[pick]), ground.water.shape, strict=True):
        side = min(size, int(rng.integers(EVENT_TILE_PX[0], EVENT_TILE_PX[1] + 1)))
        first = int(np.clip(spot - rng.integers(side // 4, 3 * side // 4), 0, size - side))
        spans.append(slice(first, first + side))
    return spans[0], spans[1]


def _tracks(ground: Background) -> NDArray[np.bool_]:
    """Return the pixels under tracks."""
    if not ground.lines:
        return np.zeros(ground.water.shape, dtype=bool)
    size = ground.water.shape
    burnt: NDArray[np.uint8] = rasterize(ground.lines, out_shape=size, transform=ground.transform, dtype="uint8")
    mask: NDArray[np.bool_] = burnt != 0
    return mask


def event_of(put: Put, tile: Background, contrast: float) -> Event:
    """Say what is true of a thing."""
    thing = put.thing
    east, north = shadow_m(thing.height_m, tile.cameras[int(put.after)].sun)
    return Event(
        id=thing.id + ("_moored" if thing.note else ""),
        kind=thing.kind,
        direction="appeared" if put.after else "disappeared",
        length_m=round(thing.length_m, 1),
        width_m=round(thing.width_m, 1),
        colour=thing.colour,
        contrast=round(contrast, 3),
        masked_fraction=0.0,
        outline=thing.footprint,
        shadow_m=(round(east, 1), round(north, 1)),
    )


def zones_of(tile: Background, name: str, *, null: bool) -> AOI:
    """Return the piece's water as a berth and its land as a yard; null scenes leave out what is not known quiet."""
    allowed = ~(tile.ignore if null else tile.barred)
    kinds = {"berth": tile.wet & allowed, "yard": ~tile.wet & allowed}
    zones = []
    for kind, mask in kinds.items():
        area = _outline(mask, tile.transform)
        if not area.is_empty:
            zones.append(Zone(name=f"{kind}_quiet", kind=kind, polygon=area, crs=tile.crs))
    rows, cols = tile.water.shape
    frame = box(*(tile.transform @ (0, rows)), *(tile.transform @ (cols, 0)))
    return AOI(name=name, polygon=frame, zones=tuple(zones), crs=tile.crs, source="cut out of a real pair")


def _outline(mask: NDArray[np.bool_], transform: Affine) -> Polygon | MultiPolygon:
    """Return where every pixel of a cell is in the mask, as one geometry without slivers."""
    cell = max(2, round(ZONE_CELL_M / transform.a))
    rows, cols = (n - n % cell for n in mask.shape)
    cells = mask[:rows, :cols].reshape(rows // cell, cell, cols // cell, cell)
    whole = cells.all(axis=(1, 3)).astype(np.uint8)
    coarse = transform @ Affine.scale(cell)
    pieces = [shape(s) for s, v in shapes(whole, mask=whole != 0, transform=coarse) if v]
    least = 8 * (cell * transform.a) ** 2
    whole_area: Polygon | MultiPolygon = union_all([p for p in pieces if p.area >= least]).buffer(0.0)
    return whole_area


def _kept(folder: Path) -> bool:
    """Whether a folder holds a whole scene of this recipe; what is left of another is removed."""
    if (folder / FILE).exists() and Scene.load(folder).nuisance.get("recipe") == RECIPE:
        return True
    if folder.exists():
        shutil.rmtree(folder)
    return False


def write_scene(folder: Path, tile: Background, images: tuple[NDArray[Any], NDArray[Any]], told: Told) -> None:
    """Write a scene."""
    folder.mkdir(parents=True)
    for name, image in zip(("before", "after"), images, strict=True):
        write_image(folder / f"{name}.tif", image, tile)
    null = not told.events
    aoi = zones_of(tile, folder.name.replace("_", "-"), null=null)
    (folder / "aoi.geojson").write_text(json.dumps(aoi.to_geojson()) + "\n", encoding="utf-8")
    ignored = union_all([shape(s) for s, v in shapes(tile.ignore.astype(np.uint8), transform=tile.transform) if v])
    zoned = union_all([z.polygon for z in aoi.zones]) if aoi.zones else ignored
    Scene(
        name=folder.name,
        suite="half-real",
        case=tile.name,
        seed=told.seed,
        null=null,
        before="before.tif",
        after="after.tif",
        aoi="aoi.geojson" if aoi.zones else None,
        crs=tile.crs,
        pixel_m=tile.pixel_m,
        shift_px=None,
        zone_km2=zoned.difference(ignored).area / 1e6,
        events=told.events,
        ignore=None if ignored.is_empty else ignored,
        nuisance={"recipe": RECIPE, "background": tile.name, **tile.told},
    ).save(folder)


def write_image(path: Path, image: NDArray[Any], tile: Background) -> None:
    """Write an image that says of itself that it was altered: cut, moved or averaged, and perhaps added to."""
    profile = {
        "driver": "GTiff",
        "dtype": image.dtype.name,
        "count": image.shape[0],
        "height": image.shape[1],
        "width": image.shape[2],
        "crs": tile.crs,
        "transform": tile.transform,
        "compress": "deflate",
    }
    with rasterio.open(path, "w", **profile) as file:
        file.write(image)
        file.update_tags(**{ALTERED_TAG: ALTERED, "TIFFTAG_IMAGEDESCRIPTION": ALTERED})
        for number, band in enumerate(tile.bands, start=1):
            file.set_band_description(number, band)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    main()
