"""Whether things put into real pairs can be seen at all: each one's contrast among that of its own footprint elsewhere.

    python benchmarks/half_visible.py --scenes DIR [--least-m 60] [--results RESULTS.json]

``--scenes`` is a folder that `half_real.py` or `accuracy.py half-real --cache` filled, ``--results`` what accuracy.py
wrote of it with --json. The method has no part in it. The criterion, stated before any scene was looked at: of the
change of the pair (bands at one gain), the mean over the thing's footprint less that over a ring 3 to 9 pixels around
it is laid, with the same footprint, everywhere on untouched ground of the same scene; the thing is visible to who
knows its shape if its squared Mahalanobis length exceeds those of 99 % of these places. Beside it, for who does not
know the shape: how many places a km2 of untouched ground differ by more than the thing's stronger part does, both
smoothed by 1.5 pixels.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from accuracy_tables import grid as columns
from rasterio.features import rasterize
from scenes import FILE, Scene
from scipy import ndimage
from scipy.signal import fftconvolve

from imagery_diff.read.aois import load_aoi

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scenes import Event
    from shapely.geometry.base import BaseGeometry

    Values = NDArray[np.float64]
    Bools = NDArray[np.bool_]

RING_PX = (3.0, 9.0)
"""The ground a thing is held against: clear of its blur, and near enough to be of one field or quay."""
VISIBLE = 0.99
"""Share of other places that a visible thing exceeds."""
MOST = 0.5
"""Where more of a scene is ignored than this it is unlabelled ground, not labelled change, and places on it count: what
may have changed there makes the scatter wider, and things no easier to see."""
LEAST_PLACES = 300
"""Fewer places rank nothing to a hundredth."""
SMOOTH_PX = 1.5
"""The object scale of the evidence (``Params.object_blur_px``)."""
STRONGER = 80
"""Percentile over a thing that stands for its stronger part."""
STANDS_OUT = 10.0
"""Places a km2 that differ by more, up to which strength tells a thing: as many candidates as the alarm weighs."""
CORE_SPREADS = 3.0
"""Places further out in a band, in half-widths of the middle half, are other things and no part of the scatter."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Change:
    """A pair's change, and where nothing was done to it."""

    bands: Values
    """(band, row, col), after less before at one gain and with median 0."""
    spoilt: Bools
    """(row, col), a thing put in, or a labelled change."""
    wet: Bools
    """(row, col), water by the zones; things on it are held against places on it."""
    transform: Any


def main() -> None:
    """Read the command line, rank every thing and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--least-m", type=float, default=60.0, help="shortest thing asked")
    parser.add_argument("--results", type=Path, help="of accuracy.py, to say which were found")
    options = parser.parse_args()
    found = _found(options.results) if options.results else {}
    rows = []
    for folder in sorted(f.parent for f in options.scenes.glob(f"*_events/{FILE}")):
        scene = Scene.load(folder)
        change = read_change(folder, scene)
        for event in scene.events:
            if event.length_m >= options.least_m:
                (value, places), told = rank(change, event), found.get((scene.name, event.id))
                more = stronger_per_km2(change, event, scene.pixel_m)
                rows.append(Row(scene=scene, event=event, share=value, places=places, stronger=more, found=told))
    print(report(rows))


def _found(path: Path) -> dict[tuple[str, str], bool]:
    scenes = json.loads(path.read_text(encoding="utf-8"))["scenes"]
    return {(row["name"], e["id"]): e["found"] is not None for row in scenes for e in row["events"]}


def read_change(folder: Path, scene: Scene) -> Change:
    """Read a scene's change."""
    images = []
    for name in (scene.before, scene.after):
        with rasterio.open(folder / name) as file:
            images.append(file.read().astype(np.float64))
            transform = file.transform
    size = images[0].shape[1:]
    spoilt = [covered(e.outline.buffer(3 * scene.pixel_m), transform, size) for e in scene.events]
    if scene.ignore is not None:
        ignored = covered(scene.ignore, transform, size)
        spoilt += [ignored] if ignored.mean() < MOST else []
    zones = load_aoi(str(folder / scene.aoi)).in_crs(scene.crs).zones if scene.aoi else ()
    wet = [covered(z.polygon, transform, size) for z in zones if z.kind == "berth"]
    untouched = ~np.logical_or.reduce([np.zeros(size, bool), *spoilt])
    return Change(
        bands=at_one_gain((images[0], images[1]), untouched),
        spoilt=~untouched,
        wet=np.logical_or.reduce([np.zeros(size, bool), *wet]),
        transform=transform,
    )


def covered(shape: BaseGeometry, transform: Any, size: tuple[int, ...]) -> Bools:
    """Return the pixels whose middle lies in a shape; all that it touches where there is none."""
    for touched in (False, True):
        on = rasterize([shape], out_shape=size, transform=transform, all_touched=touched, dtype="uint8") != 0
        if on.any():
            break
    return np.asarray(on, bool)


def at_one_gain(images: tuple[Values, Values], untouched: Bools) -> Values:
    """Return after less before, each band at middle 0 and the spread it has after, by untouched ground."""
    here = [image[:, untouched] for image in images]
    gain = here[1].std(axis=1) / np.maximum(here[0].std(axis=1), 1e-9)
    middle = [np.median(values, axis=1)[:, None, None] for values in here]
    return np.asarray((images[1] - middle[1]) - gain[:, None, None] * (images[0] - middle[0]))


def rank(change: Change, event: Event) -> tuple[float | None, int]:
    """Return the share of other places of its footprint that a thing exceeds, and how many there are.

    None where there are too few. A thing on water is held against places on water, another against dry ones, and
    either against all where these are few.

    """
    size = change.spoilt.shape
    on = covered(event.outline, change.transform, size)
    far = ndimage.distance_transform_edt(~on)
    ring = (far >= RING_PX[0]) & (far <= RING_PX[1])
    # Other things put in nearby are no ground.
    near = ring & (~change.spoilt | (far <= RING_PX[0] + 1))
    own = change.bands[:, on].mean(axis=1) - change.bands[:, near if near.any() else ring].mean(axis=1)
    rows, cols = (slice(int(at.min()), int(at.max()) + 1) for at in np.nonzero(on | ring))
    stamp, rim = on[rows, cols], ring[rows, cols]
    if any(n > m // 2 for n, m in zip(stamp.shape, size, strict=True)):
        return None, 0
    weights = stamp / stamp.sum() - rim / rim.sum()
    elsewhere = np.stack([_laid(band, weights) for band in change.bands])
    free = _laid(change.spoilt.astype(float), (stamp | rim).astype(float)) < 0.5
    side = change.wet if change.wet[on].mean() > 0.5 else ~change.wet
    alike = free & (_laid(side.astype(float), stamp.astype(float)) > 0.9 * stamp.sum())
    places = elsewhere[:, alike if np.count_nonzero(alike) >= LEAST_PLACES else free]
    if places.shape[1] < LEAST_PLACES:
        return None, places.shape[1]
    length = _lengths(np.column_stack([own, places]), places)
    return float(np.mean(length[1:] < length[0])), places.shape[1]


def _lengths(values: Values, places: Values) -> Values:
    """Return the squared Mahalanobis lengths of (band, place) in the scatter of the inner of some places."""
    middle = np.median(places, axis=1)[:, None]
    off = places - middle
    half = np.median(np.abs(off), axis=1)
    core = off[:, (np.abs(off) <= CORE_SPREADS * half[:, None]).all(axis=0)]
    return np.asarray(np.einsum("kn,kl,ln->n", values - middle, np.linalg.pinv(np.cov(core)), values - middle))


def stronger_per_km2(change: Change, event: Event, pixel_m: float) -> float | None:
    """Return how many places a km2 of untouched ground differ by more than a thing, whatever their shape.

    Water and land are weighed by the scatter of their own; None where there is too little of either.
    """
    smooth = np.stack([ndimage.gaussian_filter(band, SMOOTH_PX) for band in change.bands])
    size, untouched = np.zeros(change.spoilt.shape), ~change.spoilt
    for side in (change.wet, ~change.wet):
        if np.count_nonzero(untouched & side) >= LEAST_PLACES:
            size[side] = _lengths(smooth[:, side], smooth[:, untouched & side])
    own = float(np.percentile(size[covered(event.outline, change.transform, size.shape)], STRONGER))
    count = int(ndimage.label((size > own) & untouched, np.ones((3, 3)))[1])
    return count / (np.count_nonzero(untouched) * pixel_m**2 / 1e6) if own > 0 else None


def _laid(image: Values, stamp: Values) -> Values:
    """Sum an image under a stamp at every place that holds the whole of it."""
    return np.asarray(fftconvolve(image, stamp[::-1, ::-1], "valid"))


@dataclass(frozen=True, kw_only=True)
class Row:
    """How a thing stands out."""

    scene: Scene
    event: Event
    share: float | None
    """Of other places of its footprint that it exceeds."""
    places: int
    stronger: float | None
    """Places a km2 that differ by more."""
    found: bool | None

    def line(self) -> tuple[str, ...]:
        """Return a line of the table."""
        thing = f"{self.event.kind} {self.event.length_m:g} x {self.event.width_m:g} m"
        share, more = ("-" if v is None else f"{v:{f}}" for v, f in ((self.share, ".4f"), (self.stronger, ".1f")))
        return (self.scene.name, thing, share, str(self.places), more, _word(self.found))


def report(rows: list[Row]) -> str:
    """Return every thing, and by background how many can be seen."""
    lines, totals = [row.line() for row in rows], []
    for case in dict.fromkeys(row.scene.case for row in rows):
        for found in (True, False, None):
            here = [r for r in rows if r.scene.case == case and r.found is found]
            if here:
                seen = sum(r.share is not None and r.share > VISIBLE for r in here)
                out = sum(r.stronger is not None and r.stronger <= STANDS_OUT for r in here)
                ranked = sum(r.share is not None for r in here)
                totals.append((case, _word(found), str(len(here)), str(ranked), str(seen), str(out)))
    each = columns(("scene", "thing", "exceeds", "of places", "stronger per km2", "by the method"), lines)
    names = ("background", "by the method", "things", "ranked", "shape tells it", "strength tells it")
    return each + "\n\n" + columns(names, totals)


def _word(found: bool | None) -> str:  # noqa: FBT001 - one word of a table
    return {True: "found", False: "missed", None: ""}[found]


if __name__ == "__main__":
    main()
