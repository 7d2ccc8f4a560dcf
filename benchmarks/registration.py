"""How far the registration is off on rendered pairs of known pointing, and whether it knows.

    python benchmarks/registration.py table  [--each N]      error by nuisance and by size of image
    python benchmarks/registration.py fit    [--each N]      the law of the error, on design seeds
    python benchmarks/registration.py check  [--each N]      how often the stated 90 % interval holds, on other seeds
    (each: N pairs a nuisance; --save FILE keeps every pair as JSON)

Truth is the ground plane: the pointing errors the renderer was given, mean of the bands. Sizes: 400 x 400 px, 200 x
200 px at the port, and 240 x 240 px of which about 65 % is water. Every pair goes through files, masks and metadata as
delivered. The numbers are of the images before anything is found in them; pairs have events as often as not.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING

import numpy as np
from nuisances import CASES, PIXEL_M
from rendered import plan
from scipy.optimize import minimize
from shapely import union_all
from shapely.geometry import box

from imagery_diff.errors import ImageryDiffError, ImageryDiffWarning
from imagery_diff.method import align
from imagery_diff.method.coregister import Shift
from imagery_diff.pair_register import register, standing
from imagery_diff.pair_scenes import open_pair
from imagery_diff.params import Params
from imagery_diff.synthetic import render, write_planetscope
from imagery_diff.synthetic.render import grid_of
from imagery_diff.synthetic.texture import rng_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rendered import Plan

    from imagery_diff.grid import Grid

FIT_SEEDS, CHECK_SEEDS = 20_000, 1_300_000
"""First seeds: of the design range, and beyond every block of seeds.json."""
SIZES = {"full": 400, "small": 200, "water": 240}
"""Name -> side in pixels."""
WATER = 0.65
PLAIN = Params(
    registration_scatter=1.0,
    registration_floor_px=1e-6,
    registration_shadow_m=1e-6,
    registration_lean_m=1e-6,
    registration_lean_spread_m=1e-6,
    registration_blur=1e-6,
)
"""The windows' scatter and nothing else."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One registered pair."""

    case: str
    seed: int
    size: str
    error: tuple[float, float] | None
    """(rows, cols), found less true; None where nothing was measured."""
    stated_px: float | None
    interval_px: float | None
    shadow: tuple[float, float]
    """Pixels per metre of height, see `coregister.Standing`."""
    lean: tuple[float, float]
    reason: str | None
    cpu_s: float
    blur_px: float = 0.0
    """Gaussian by which the images were found to differ in sharpness."""

    @property
    def off(self) -> float:
        """Length of the error, pixels; NaN where nothing was measured."""
        return float("nan") if self.error is None else float(np.hypot(*self.error))


def cases(first: int, each: int, params: Params) -> Iterator[Case]:
    """Draw, render and register pairs of every nuisance and size."""
    for number, case in enumerate(CASES):
        for n in range(each):
            seed = first + 1000 * number + n
            size = list(SIZES)[n % len(SIZES)]
            drawn = plan(case, seed, null=n % 2 == 0)
            yield one(case, seed, size, drawn, params)


def one(case: str, seed: int, size: str, drawn: Plan, params: Params) -> Case:
    """Render and register one pair."""
    grid = _grid(size, drawn, seed)
    looks = drawn.weather.looks
    passes = [render(w, k, grid) for w, k in zip(drawn.worlds, looks, strict=True)]
    (east0, north0), (east1, north1) = (k.pointing_error_m for k in looks)
    truth = np.array([(north0 - north1) / PIXEL_M, (east1 - east0) / PIXEL_M])
    with tempfile.TemporaryDirectory() as folder:
        files = [write_planetscope(p, Path(folder) / d) for p, d in zip(passes, ("before", "after"), strict=True)]
        pair = open_pair(*files)
        common = align.common_grid(pair.grids, None, context=params.context_m, max_pixels=params.max_pixels)
        light, begun = standing(pair, common, params), process_time()
        try:
            shift = register(pair, common, None, params)
        except ImageryDiffError as error:
            shift = Shift(rows=0.0, cols=0.0, error_px=None, windows=0, reason=str(error))
        cpu_s = process_time() - begun
    off = np.array([shift.rows, shift.cols]) - truth
    return Case(
        case=case,
        seed=seed,
        size=size,
        error=(float(off[0]), float(off[1])) if shift.measured else None,
        stated_px=shift.error_px,
        interval_px=shift.interval_px,
        shadow=light.shadow,
        lean=light.lean,
        reason=shift.reason,
        cpu_s=cpu_s,
        blur_px=shift.blur_px,
    )


def _grid(size: str, drawn: Plan, seed: int) -> Grid:
    """Choose the piece of the world: all of it, a piece around the quay, or one of two thirds water."""
    world = drawn.harbour.world
    left, bottom, right, top = world.bounds
    side = SIZES[size] * PIXEL_M
    rng = rng_of(seed, "registration", size)
    land = union_all([g.polygon for g in world.ground])
    best, miss = (left, bottom), np.inf
    for _ in range(40):
        x = left + float(rng.uniform(0.0, right - left - side)) if side < right - left else left
        y = bottom + float(rng.uniform(0.0, top - bottom - side)) if side < top - bottom else bottom
        square = grid_of((x, y, x + side, y + side), world.crs, PIXEL_M)
        frame = land.intersection(box(*square.bounds))
        wet = 1.0 - frame.area / side**2
        wanted = WATER if size == "water" else float(rng.uniform(0.2, 0.6))
        if abs(wet - wanted) < miss:
            best, miss = (x, y), abs(wet - wanted)
    return grid_of((best[0], best[1], best[0] + side, best[1] + side), world.crs, PIXEL_M)


# --- what is printed -------------------------------------------------------------------------------------------------


def wilson(good: int, of: int, z: float = 1.96) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson 1927)."""
    share, extra = good / of, z * z / of
    centre, half = share + extra / 2, z * np.sqrt(share * (1 - share) / of + extra / (4 * of))
    return float((centre - half) / (1 + extra)), float((centre + half) / (1 + extra))


def table(found: Sequence[Case]) -> None:
    """Print errors by nuisance and size."""
    print(f"{'':18}{'pairs':>6}{'not':>5}{'median':>8}{'p90':>7}{'worst':>7}{'stated':>8}{'in 90 %':>9}")
    for title, group in _groups(found):
        off = np.array([c.off for c in group if c.error is not None])
        held = [c.off <= c.interval_px for c in group if c.error is not None and c.interval_px is not None]
        stated = np.array([c.stated_px for c in group if c.stated_px is not None])
        if not len(off):
            print(f"{title:18}{len(group):6}{len(group):5}")
            continue
        print(
            f"{title:18}{len(group):6}{len(group) - len(off):5}{np.median(off):8.3f}{np.quantile(off, 0.9):7.3f}"
            f"{off.max():7.3f}{np.median(stated):8.3f}{np.mean(held):9.0%}"
        )
    print(f"CPU seconds a pair: {np.median([c.cpu_s for c in found]):.2f}")


def _groups(found: Sequence[Case]) -> Iterator[tuple[str, list[Case]]]:
    for case in CASES:
        yield case, [c for c in found if c.case == case]
    for size, side in SIZES.items():
        yield f"{size} ({side} px)", [c for c in found if c.size == size]
    yield "all but snow", [c for c in found if c.case != "snow"]
    yield "all", list(found)


def check(found: Sequence[Case]) -> None:
    """Print how often the stated interval held."""
    measured = [c for c in found if c.error is not None and c.interval_px is not None]
    held = sum(c.off <= (c.interval_px or 0.0) for c in measured)
    low, high = wilson(held, len(measured))
    print(
        f"the stated 90 % interval held in {held} of {len(measured)} pairs: {held / len(measured):.1%} "
        f"(95 % interval {low:.1%} to {high:.1%}); {len(found) - len(measured)} more could not be judged"
    )


def fit(found: Sequence[Case]) -> dict[str, float]:
    """Fit the law of the error to pairs registered with the windows' scatter alone.

    The mean pull of lean by least absolute deviations; the variances by the likelihood of Student's t (4 degrees of
    freedom, as some pairs are worse than any law); the radius by counting.
    """
    used = [c for c in found if c.error is not None and c.stated_px is not None]
    error = np.array([c.error for c in used])
    scatter = np.array([c.stated_px for c in used]) / np.sqrt(2)
    lean, shadow = np.array([c.lean for c in used]), np.array([c.shadow for c in used])
    sun = np.hypot(*shadow.T) / np.sqrt(2)
    view = np.hypot(*lean.T) / np.sqrt(2)
    blur = np.array([c.blur_px for c in used])

    def spread(p: np.ndarray) -> np.ndarray:
        k, floor, height, spread_m, soft = p[:5] * sizes
        return (k * scatter) ** 2 + floor**2 + (height * sun) ** 2 + (spread_m * view) ** 2 + (soft * blur) ** 2

    def loss(p: np.ndarray) -> float:
        variance = spread(p)
        off = ((error - p[5] * lean) ** 2).sum(axis=1)
        return float((np.log(variance) + 3.0 * np.log1p(off / (4.0 * variance))).sum())

    # In units of their usual sizes, which may cross 0: logarithms ran away with what is small and never came back.
    sizes = np.array([1.0, 0.005, 0.05, 0.1, 0.01])
    p = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 0.3])
    for _ in range(3):
        p = minimize(loss, p, method="Nelder-Mead", options={"maxiter": 20_000, "maxfev": 20_000}).x
    ratio = np.hypot(*(error - p[5] * lean).T) / np.sqrt(2 * spread(p))
    names = ("scatter", "floor_px", "shadow_m", "lean_spread_m", "blur")
    law = dict(zip(names, (float(v) for v in np.abs(p[:5] * sizes)), strict=True))
    return {**law, "lean_m": float(p[5]), "interval": float(np.quantile(ratio, 0.9))}


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("table", "fit", "check"))
    parser.add_argument("--each", type=int, default=15, help="pairs a nuisance")
    parser.add_argument("--save", type=Path, help="keep every pair here, as JSON")
    parser.add_argument("--load", type=Path, help="take pairs kept before instead of rendering")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ImageryDiffWarning)
    first = CHECK_SEEDS if options.what == "check" else FIT_SEEDS
    if options.load:
        found = [Case(**c) for c in json.loads(options.load.read_text(encoding="utf-8"))]
    else:
        found = list(cases(first, options.each, PLAIN if options.what == "fit" else Params()))
    if options.save:
        options.save.write_text(json.dumps([c.__dict__ for c in found], indent=0) + "\n", encoding="utf-8")
    if options.what == "fit":
        for name, value in fit(found).items():
            print(f"registration_{name} = {value:.3g}")
        return
    table(found)
    if options.what == "check":
        check(found)


if __name__ == "__main__":
    main()
