"""The alarm on the one real PlanetScope pair with marked vessels: what was asked beside what was measured.

    python benchmarks/sfbay.py [--json FILE] [--save DIR] [--set NAME=VALUE ...]

The pair is looked for at $IMAGERY_DIFF_DATA or ../shared/data; where it is absent the command says so and ends. Marks
are good to about 6 m. The alarm speaks of zones only, and the pair's own zones leave the city out: it becomes a zone
here, so that what is flagged on its ground, taken as quiet by the label, is counted.

Quiet is what nobody marked, and the label says itself that cars may differ. So of what is flagged on it in vain a
second row counts only what standing things could have left over: a region on land with a disc of 24 m in it, most of
which differs in the plain pixels by more than all but one in a hundred of the quiet ones, is ground that looks
otherwise (a tank filled, a field dug over). No shadow of a building of 12 m under a sun of 28 degrees is as wide (23
m), nor a lorry, nor an edge that lies a pixel off. The first row, against the label, is the one that is asked for.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import warnings
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
import shapely
from accuracy_tables import grid as columns
from accuracy_tables import poisson
from event_scores import Match, match
from rasterio.features import rasterize, shapes
from scenes import Event
from settings import params_of
from shapely import union_all
from shapely.geometry import shape

from imagery_diff import compare
from imagery_diff.aoi import AOI, Zone, reproject
from imagery_diff.read.aois import load_aoi

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from imagery_diff.result import Comparison, Region

    Bools = NDArray[np.bool_]

TOP = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("IMAGERY_DIFF_DATA", TOP.parent / "shared" / "data")) / "pairs" / "planet_sfbay"
QUIET = 0
"""Value of the label on water and city taken as quiet."""
CITY = "city"
"""Zone made of the quiet ground that no zone of the pair holds."""
ASKED_LENGTH_M, ASKED_FALSE_KM2 = 12.0, 0.5
MOSTLY = 0.5
TOO_WIDE_M = 24.0
"""A disc of this width holds more than the shadow of a building of 12 m (under a sun 28 degrees high 23 m long), or
the lean of its roof, or a lorry: on both dates such things cover other parts of it at most."""
RARE = 0.99
"""Quantile of the plain difference on quiet ground that a pixel must exceed to differ by itself."""


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What a person marked on the pair."""

    aoi: AOI
    """The pair's zones, and the city; in the CRS of the images."""
    marked: tuple[dict[str, Any], ...]
    """kind, sign, must, length, width, note of each change listed."""
    outlines: tuple[Any, ...]
    """Polygons of the same, in the CRS of the images."""
    quiet: dict[str, Bools]
    """``city``, ``water`` -> (row, col), ground taken as quiet."""
    transform: Any
    pixel_m: float
    differs: Bools
    """(row, col), the pixels of the two images, on one brightness, differ as few of the quiet ones do."""

    def looks_otherwise(self, region: Region) -> bool:
        """Say whether a region on land is too wide for what standing things leave over, and differs all over."""
        radius = shapely.maximum_inscribed_circle(region.geometry)
        if self.ground_of(region) != CITY or 2 * radius.length < TOO_WIDE_M:
            return False
        disc = shapely.get_point(radius, 0).buffer(radius.length)
        on = rasterize([disc], out_shape=self.differs.shape, transform=self.transform, dtype="uint8") != 0
        return bool(self.differs[on].mean() > MOSTLY)

    def quiet_km2(self, ground: str) -> float:
        """Area of the quiet ground of a kind."""
        return float(np.count_nonzero(self.quiet[ground])) * self.pixel_m**2 / 1e6

    def ground_of(self, region: Region) -> str | None:
        """Which quiet ground holds most of a region; None where none does."""
        shape_px = next(iter(self.quiet.values())).shape
        on = rasterize([region.geometry], out_shape=shape_px, transform=self.transform, dtype="uint8") != 0
        shares = {g: float(q[on].mean()) if on.any() else 0.0 for g, q in self.quiet.items()}
        if sum(shares.values()) < MOSTLY:
            return None
        return max(shares, key=lambda g: shares[g])


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """A comparison held against the marks."""

    result: Comparison
    truth: Truth
    match: Match

    @property
    def vessels(self) -> list[tuple[dict[str, Any], Region | None]]:
        """Each marked vessel with the region credited to it."""
        credited = self.match.credited
        regions = self.result.regions
        return [
            (m, regions[credited[k]] if k in credited else None) for k, m in enumerate(self.truth.marked) if m["must"]
        ]

    @property
    def right(self) -> int:
        """How many marked vessels were found with the right direction."""
        return sum(r is not None and r.direction == m["sign"] for m, r in self.vessels)

    @property
    def worst_length_m(self) -> float | None:
        """Largest error of a found vessel's length; None where none was found."""
        errors = [abs(r.length_m - m["length"]) for m, r in self.vessels if r is not None]
        return max(errors, default=None)

    def false(self, ground: str) -> list[Region]:
        """Regions on quiet ground of a kind that belong to no listed change."""
        regions = [self.result.regions[k] for k in self.match.false]
        return [r for r in regions if self.truth.ground_of(r) == ground]

    def left_over(self, ground: str) -> list[Region]:
        """Of the false regions those that standing things could have left; the others show ground that changed."""
        return [r for r in self.false(ground) if not self.truth.looks_otherwise(r)]

    @property
    def elsewhere(self) -> list[tuple[Region, str]]:
        """Every other region but the vessels', with what the list says of its place."""
        musts = {k for k, m in enumerate(self.truth.marked) if m["must"]}
        whose = self.match.duplicates | {r: e for e, r in self.match.credited.items()}
        told = []
        for number, region in enumerate(self.result.regions):
            event = whose.get(number)
            credited = event is not None and self.match.credited.get(event) == number
            if (event in musts and credited) or (event is None and self.truth.ground_of(region) is not None):
                continue
            note = "nothing listed there" if event is None else str(self.truth.marked[event]["note"])
            told.append((region, f"part of: {note}" if event in musts else note))
        return told

    @property
    def silent(self) -> list[dict[str, Any]]:
        """Listed changes besides the vessels that no region lies on."""
        said = set(self.match.credited) | set(self.match.duplicates.values())
        return [m for k, m in enumerate(self.truth.marked) if k not in said and not m["must"]]


def main(words: Sequence[str] | None = None) -> None:
    """Compare, and print what was asked beside what was measured."""
    options = _options(words)
    if not (DATA / "before.tif").is_file():
        sys.exit("skipped: no pair planet_sfbay; set IMAGERY_DIFF_DATA to the shared data folder")
    truth = read_truth(DATA)
    result = compare(truth.aoi, DATA / "before.tif", DATA / "after.tif", params=params_of(options.set))
    found = held(result, truth)
    print(report(found))
    if options.save:
        result.save(options.save, report=False)
    if options.json:
        options.json.write_text(json.dumps(as_dict(found), indent=1) + "\n", encoding="utf-8")


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--save", type=Path, help="keep the result folder here")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="one of Params")
    return parser.parse_args(words)


def read_truth(folder: Path) -> Truth:
    """Read marks, label and zones of a pair laid out as ``planet_sfbay`` is."""
    with rasterio.open(folder / "label.tif") as file:
        quiet, transform, crs = file.read(1) == QUIET, file.transform, f"EPSG:{file.crs.to_epsg()}"
    listed = json.loads((folder / "events.geojson").read_text(encoding="utf-8"))["features"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        aoi = load_aoi(str(folder / "aoi.geojson")).in_crs(crs)
    drawn = rasterize([z.polygon for z in aoi.zones], out_shape=quiet.shape, transform=transform, dtype="uint8") != 0
    city = quiet & ~drawn
    pieces = [shape(s) for s, _ in shapes(city.astype(np.uint8), mask=city, transform=transform)]
    largest = max(pieces, key=lambda p: float(p.area))
    zone = Zone(name=CITY, kind="yard", polygon=largest, crs=crs)
    return Truth(
        aoi=replace(aoi, zones=(*aoi.zones, zone), polygon=union_all([aoi.polygon, largest]).convex_hull),
        marked=tuple(f["properties"] for f in listed),
        outlines=tuple(reproject(shape(f["geometry"]), "EPSG:4326", crs) for f in listed),
        quiet={CITY: city, "water": quiet & drawn},
        transform=transform,
        pixel_m=float(transform.a),
        differs=_differing(folder, city),
    )


def _differing(folder: Path, quiet: Bools) -> Bools:
    """Return where the two images differ by more than all but a hundredth of the quiet ground; (row, col).

    Bands are brought to the middle and the range (10 to 90 %) that the quiet ground has on the other date.

    """
    standard = []
    for name in ("before", "after"):
        with rasterio.open(folder / f"{name}.tif") as file:
            image = file.read().astype(np.float64)
        low, middle, high = np.percentile(image[:, quiet], (10, 50, 90), axis=1)[..., None, None]
        standard.append((image - middle) / (high - low))
    apart = np.linalg.norm(standard[1] - standard[0], axis=0)
    return np.asarray(apart > np.quantile(apart[quiet], RARE))


def held(result: Comparison, truth: Truth) -> Found:
    """Assign regions to marks, one to one."""
    events = [_event(k, m, o) for k, (m, o) in enumerate(zip(truth.marked, truth.outlines, strict=True))]
    return Found(result=result, truth=truth, match=match(events, [r.geometry for r in result.regions], truth.pixel_m))


def _event(number: int, marked: dict[str, Any], outline: Any) -> Event:
    return Event(
        id=str(number),
        kind=marked["kind"],
        direction=marked["sign"],
        length_m=marked["length"],
        width_m=marked["width"],
        colour="",
        contrast=None,
        masked_fraction=0.0,
        outline=outline,
    )


def report(found: Found) -> str:
    """Return every table."""
    vessels = [_vessel_row(m, r) for m, r in found.vessels]
    yard = [(*_said(r), note) for r, note in found.elsewhere]
    silent = [f"{m['kind']}, {m['sign']}: {m['note']}" for m in found.silent]
    false = [
        (g, *_said(r), "ground that looks otherwise" if found.truth.looks_otherwise(r) else "left over")
        for g in found.truth.quiet
        for r in found.false(g)
    ]
    header = ("direction", "activity", "zone", "size", "strength")
    parts = [
        "Asked beside measured\n" + columns(("what", "asked", "measured", "met"), asked(found)),
        "Marked vessels\n" + columns(("marked", "found as", "length", "width", "zone"), vessels),
        "False on quiet ground\n" + (columns(("ground", *header, "by its pixels"), false) if false else "none"),
        "Other regions, and what the list says of the place\n" + columns((*header, "listed"), yard),
        "Listed besides the vessels, and not flagged\n" + ("\n".join(silent) or "none"),
    ]
    return "\n\n".join(parts)


def asked(found: Found) -> list[tuple[str, str, str, str]]:
    """Return what was asked, what was measured, and whether it is met."""
    count, worst = len(found.vessels), found.worst_length_m
    rows = [
        ("marked vessels, right direction", f"{count} of {count}", f"{found.right} of {count}", found.right == count)
    ]
    rows += [
        (
            "length of those found, largest error",
            f"<= {ASKED_LENGTH_M:g} m",
            "-" if worst is None else f"{worst:.0f} m",
            worst is not None and worst <= ASKED_LENGTH_M,
        )
    ]
    grounds = [*found.truth.quiet]
    for name, some in [*((g, [g]) for g in grounds), ("quiet ground together", grounds)]:
        regions = [r for g in some for r in found.false(g)]
        km2 = sum(found.truth.quiet_km2(g) for g in some)
        kinds = ", ".join(f"{n} {k}" for k, n in Counter(r.activity for r in regions).most_common())
        measured = f"{poisson(len(regions), km2)} per km2 ({len(regions)} on {km2:.2f} km2)"
        measured += f": {kinds}" if kinds else ""
        few = len(regions) <= ASKED_FALSE_KM2 * km2
        rows.append((f"false, {name}", f"<= {ASKED_FALSE_KM2:g} per km2", measured, few))
    left = found.left_over(CITY)
    km2 = found.truth.quiet_km2(CITY)
    measured = f"{poisson(len(left), km2)} per km2 ({len(left)} on {km2:.2f} km2)"
    few = len(left) <= ASKED_FALSE_KM2 * km2
    rows.append((f"  {CITY}, without ground that looks otherwise", f"<= {ASKED_FALSE_KM2:g} per km2", measured, few))
    return [(what, ask, measured, "yes" if met else "no") for what, ask, measured, met in rows]


def _vessel_row(marked: dict[str, Any], region: Region | None) -> tuple[str, ...]:
    said = f"{marked['sign']}, {marked['length']} x {marked['width']} m"
    if region is None:
        return (said, "not found", "", "", "")
    length = f"{region.length_m:.0f} ({region.length_m - marked['length']:+.0f}) m"
    return (said, f"{region.direction} {region.activity}", length, f"{region.width_m:.0f} m", str(region.zone))


def _said(region: Region) -> tuple[str, ...]:
    size = f"{region.length_m:.0f} x {region.width_m:.0f} m"
    return (region.direction, region.activity, str(region.zone), size, f"{region.strength:.1f}")


def as_dict(found: Found) -> dict[str, Any]:
    """Return the figures as plain values."""
    return {
        "schema_version": 1,
        "vessels": len(found.vessels),
        "right_direction": found.right,
        "worst_length_m": found.worst_length_m,
        "quiet_km2": {g: round(found.truth.quiet_km2(g), 3) for g in found.truth.quiet},
        "false": {g: [r.activity for r in found.false(g)] for g in found.truth.quiet},
        "left_over": {g: [r.activity for r in found.left_over(g)] for g in found.truth.quiet},
        "other_regions": [[*_said(r), note] for r, note in found.elsewhere],
    }


if __name__ == "__main__":
    main()
