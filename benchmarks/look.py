"""Ships that an eye counts on nine real PlanetScope pictures, and ships rendered alongside, beside what `look` says.

    python benchmarks/look.py [--scenes DIR [--each 10]]

The pictures are looked for at $IMAGERY_DIFF_DATA/unlabelled or ../shared/data/unlabelled. Positions were set by eye, on
the pictures alone, for ships of 45 m and more: at anchor or under way on open water, and alongside. A ship is found if
a candidate's outline lies within 3 pixels of its position. Then the vessels marked on the pair ``planet_sfbay`` with
their lengths, each image alone; the four ships at anchor of the RapidEye image; and the dates of Venice, colour
pictures of 10 m given that pixel.

With ``--scenes``, rendered scenes as `benchmarks/accuracy.py rendered --only-make` leaves them: every ship that is
there on one date is looked for in the berths of that one image; told if a candidate covers three tenths of it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from scenes import Scene
from shapely import Point, Polygon, unary_union
from shapely.geometry import shape

from imagery_diff import AOI, Zone, look, open_scene
from imagery_diff.aoi import reproject
from imagery_diff.read.given import Given

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

TOP = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("IMAGERY_DIFF_DATA", TOP.parent / "shared" / "data"))
FOLDER = "unlabelled/planetscope_visual"
REACH_PX = 3
PIXEL_M, LEAST_M = 3.0, 45.0
CRS, LEFT, UPPER = "EPSG:32611", 384_000.0, 3_736_000.0
OPEN = {
    "sfbay_1.png": [
        (847, 162),
        (1102, 166),
        (1398, 198),
        (1216, 574),
        (927, 654),
        (1038, 906),
        (1366, 939),
        (1674, 987),
    ],
    "sfbay_4.png": [(312, 436)],
    "longbeach_west.png": [
        (597, 355),
        (173, 474),
        (280, 657),
        (497, 585),
        (730, 580),
        (1007, 597),
        (399, 305),
        (412, 660),
        (30, 355),
        (103, 557),
    ],
    "sfbay_frame_before.jpg": [
        (1675, 471),
        (1928, 477),
        (2227, 508),
        (2045, 884),
        (1756, 966),
        (1869, 1218),
        (2194, 1247),
        (2504, 1296),
        (2616, 1679),
    ],
    "sfbay_frame_after.jpg": [
        (1482, 210),
        (1745, 231),
        (1966, 208),
        (1583, 600),
        (1822, 623),
        (1668, 989),
        (1951, 970),
        (2195, 976),
        (2096, 1355),
        (2030, 779),
    ],
    "sfo_airport.png": [],
    "san_diego_airport.png": [],
    "lax_airport.png": [],
    "victorville_airport.png": [],
}
"""Picture -> columns and rows of ships on open water."""
ALONGSIDE = {"sfbay_1.png": 4, "longbeach_west.png": 5, "sfbay_frame_before.jpg": 4, "sfbay_frame_after.jpg": 3}
"""Picture -> ships alongside that an eye counts; the pictures have no zones, so none of them can be told."""


BERTHS = {
    "longbeach_west.png": [
        [(353, 41), (340, 118), (325, 116), (338, 39)],
        [(359, 41), (346, 118), (361, 120), (374, 43)],
        [(419, 5), (412, 86), (429, 88), (436, 8)],
        [(979, 0), (979, 66), (964, 66), (964, 0)],
        [(1172, 228), (1298, 228), (1298, 213), (1172, 213)],
    ]
}
"""Picture -> berths in which an eye sees a ship, 15 pixels of water along the quay's edge as an analyst would draw
them; columns and rows."""
CASES = ("clear", "haze", "sun", "tilt", "glint", "season")
"""Of rendered scenes: those in which no cloud hides a berth."""
ALIKE = 0.3
BROAD_M = 12.0
"""Four pixels: narrower ships lie within the blurred edge of their quay, where nothing is looked for."""


def main() -> int:
    """Print a row for each picture, then the rendered ships."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=Path)
    parser.add_argument("--each", type=int, default=10, help="scenes of each case, with events and as many without")
    options = parser.parse_args()
    if options.scenes is not None:
        rendered(options.scenes, options.each)
    return pictures()


def rendered(scenes: Path, each: int) -> None:
    """Look for rendered ships in berths, one image each."""
    hits: list[tuple[float, bool]] = []
    others, images, without = 0, 0, 0
    for case in CASES:
        for folder in sorted(scenes.glob(f"{case}_*_events"))[:each]:
            scene = Scene.load(folder)
            for date, direction in (("after", "appeared"), ("before", "disappeared")):
                ships = [e for e in scene.events if e.kind == "vessel" and e.direction == direction]
                outlines = [c.geometry for c in look(folder / scene.aoi, folder / getattr(scene, date)).candidates]
                hits += [(s.width_m, any(covers(o, s.outline) for o in outlines)) for s in ships]
                others += sum(not any(o.intersects(s.outline) for s in ships) for o in outlines)
                images += 1
        for folder in sorted(scenes.glob(f"{case}_*_null"))[:each]:
            scene = Scene.load(folder)
            without += len(look(folder / scene.aoi, folder / scene.after).candidates)
    for words, kept in ((f"of {BROAD_M:.0f} m and more", True), ("narrower", False)):
        told = [hit for beam, hit in hits if (beam >= BROAD_M) is kept]
        print(f"rendered ships alongside, there on one date, beam {words}: {sum(told)} of {len(told)} are candidates")
    print(f"other candidates on those {images} images: {others}; on images of scenes without events: {without}")
    print("(ships that lie there on both dates are among the others)\n")


def covers(outline: BaseGeometry, ship: BaseGeometry) -> bool:
    """Whether a candidate covers enough of a ship."""
    return bool(outline.intersection(ship).area >= ALIKE * ship.area)


def pictures() -> int:
    """Print a row for each picture."""
    if not (DATA / FOLDER).is_dir():
        print("the pictures are absent: set IMAGERY_DIFF_DATA to the shared data folder")
        return 1
    print(
        f"{'picture':26} {'water km2':>9} {'on open water':>14} {'others >= 45 m':>15} {'smaller':>8} {'alongside':>10}"
    )
    found, asked, others = 0, 0, 0
    for name, ships in OPEN.items():
        seen = look("-", DATA / FOLDER / name)
        outlines = [c.geometry for c in seen.candidates]
        near = [any(o.distance(Point(ship)) <= REACH_PX for o in outlines) for ship in ships]
        rest = [c for c in seen.candidates if all(c.geometry.distance(Point(s)) > REACH_PX for s in ships)]
        large = sum(c.length_m * PIXEL_M >= LEAST_M for c in rest)
        water = f"{seen.searched_km2:.2f}"
        print(
            f"{name:26} {water:>9} {f'{sum(near)} of {len(ships)}':>14} {large:>15} {len(rest) - large:>8} "
            f"{f'0 of {ALONGSIDE.get(name, 0)}':>10}"
        )
        found, asked, others = found + sum(near), asked + len(ships), others + large
    print(f"{'together':26} {'':>9} {f'{found} of {asked}':>14} {others:>15}")
    lengths()
    elsewhere()
    for name, berths in BERTHS.items():
        print(f"alongside in drawn berths, {name}: {in_berths(name, berths)} of {len(berths)} are candidates")
    return 0


def lengths() -> None:
    """Print the lengths and beams of the vessels marked on the real pair, from the image that shows them."""
    folder = DATA / "pairs" / "planet_sfbay"
    listed = json.loads((folder / "events.geojson").read_text(encoding="utf-8"))["features"]
    for name, sign in (("before", "disappeared"), ("after", "appeared")):
        seen = look("-", folder / f"{name}.tif")
        for mark in (f for f in listed if f["properties"]["kind"] == "vessel" and f["properties"]["sign"] == sign):
            place = reproject(shape(mark["geometry"]), "EPSG:4326", str(seen.grid.crs))
            marked = mark["properties"]
            found = [c for c in seen.candidates if c.geometry.intersects(place)]
            told = ", ".join(
                f"{c.length_m:.0f} x {c.width_m:.0f} m ({c.length_m - marked['length']:+.0f})" for c in found
            )
            print(f"planet_sfbay {name}, marked {marked['length']} x {marked['width']} m: {told or 'no candidate'}")


def elsewhere() -> None:
    """Print what is told of the RapidEye image and of each date of Venice."""
    seen = look("-", DATA / "unlabelled" / "rapideye_sfbay_single" / "image.tif")
    told = [f"{'>' if c.length_is_lower_bound else ''}{c.length_m:.0f} x {c.width_m:.0f} m" for c in seen.candidates]
    print(f"rapideye_sfbay_single, four ships by eye: {len(told)}: {', '.join(told)}")
    for path in sorted((DATA / "series" / "venice_s2_rgb").glob("*.png")):
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(shutil.copy(path, folder))
            copy.with_suffix(".pgw").write_text(f"10\n0\n0\n-10\n{LEFT}\n{UPPER}\n")
            seen = look("-", open_scene(copy, Given(crs=CRS)))
        kinds = Counter(c.activity for c in seen.candidates)
        sizes = ", ".join(f"{c.length_m:.0f} x {c.width_m:.0f} m" for c in seen.candidates if c.activity == "vessel")
        print(f"venice {path.stem}: {kinds['vessel']} vessel-like ({sizes}), {kinds['other']} unclear")


def in_berths(name: str, berths: list[list[tuple[int, int]]]) -> int:
    """Give a picture a place and berths, and count those in which something is told."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(shutil.copy(DATA / FOLDER / name, folder))
        path.with_suffix(".pgw").write_text(f"{PIXEL_M}\n0\n0\n-{PIXEL_M}\n{LEFT}\n{UPPER}\n")
        zones = tuple(
            Zone(name=f"berth{n}", kind="berth", polygon=Polygon([on_ground(*xy) for xy in outline]), crs=CRS)
            for n, outline in enumerate(berths)
        )
        around = unary_union([zone.polygon for zone in zones]).envelope.buffer(300 * PIXEL_M)
        place = AOI(name="port", polygon=around, zones=zones, crs=CRS)
        told = {c.zone for c in look(place, open_scene(path, Given(crs=CRS))).candidates}
    return sum(zone.name in told for zone in zones)


def on_ground(col: float, row: float) -> tuple[float, float]:
    """Where a column and row lie, in the place that the picture was given."""
    return (LEFT + PIXEL_M * col, UPPER - PIXEL_M * row)


if __name__ == "__main__":
    sys.exit(main())
