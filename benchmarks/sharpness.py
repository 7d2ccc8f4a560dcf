"""How well the relative blur of a pair is told, on rendered scenes of known optics.

    python benchmarks/sharpness.py --scenes DIR [DIR ...] [--cases blur,clear] [--scenes-per-case N]

The scenes are those of `accuracy.py rendered` (its cache, or any folder of them). The truth is the difference of the
two cameras: their optics, the smoothing and sharpening that follow, and what the case puts one of them out of focus by,
as the variance of the Gaussian that comes nearest to their ratio over the frequencies the method looks at. What native
sampling folds back is not in it.
"""

from __future__ import annotations

import argparse
import warnings
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from nuisances import PIXEL_M, draw_weather
from scenes import Scene, find

from imagery_diff import compare
from imagery_diff.synthetic.texture import rng_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from imagery_diff.synthetic import Look

    Doubles = NDArray[np.float64]

WAVES = np.linspace(0.06, 0.25, 10) * 2 * np.pi
"""Radians a pixel."""


def transfer(look: Look, waves: Doubles) -> Doubles:
    """Return what a camera leaves of a contrast at some angular frequencies, radians a pixel."""
    sensor = look.sensor
    optics = np.hypot(sensor.blur_m, look.extra_blur_m) / PIXEL_M
    left = np.exp(-((waves * optics) ** 2) / 2) * np.exp(-((waves * sensor.smooth_px) ** 2) / 2)
    return np.asarray(left * (1 + sensor.sharpen * (1 - np.exp(-((waves * sensor.sharpen_px) ** 2) / 2))))


def true_variance(before: Look, after: Look) -> float:
    """Variance of the Gaussian that takes the before image to the after image, square pixels."""
    ratio = np.log(transfer(after, WAVES) / transfer(before, WAVES))
    # Ground has most of its power at low frequencies.
    return float(np.polyfit(-(WAVES**2) / 2, ratio, 1, w=1 / WAVES)[0])


def signed_sigma(variance: float) -> float:
    """Return the standard deviation, below 0 where the before image is the softer."""
    return float(np.sign(variance) * np.sqrt(abs(variance)))


def main(words: Sequence[str] | None = None) -> None:
    """Compare scenes and print found beside true."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", nargs="+", type=Path, required=True)
    parser.add_argument("--cases", default="")
    parser.add_argument("--scenes-per-case", type=int, default=10**6)
    options = parser.parse_args(words)
    taken: dict[str, list[tuple[float, float]]] = defaultdict(list)
    print(f"{'scene':28}{'true':>7}{'found':>7}  nine in ten   windows  matched")
    for folder in (f for place in options.scenes for f in find(place)):
        scene = Scene.load(folder)
        if (options.cases and scene.case not in options.cases.split(",")) or scene.suite != "rendered":
            continue
        if len(taken[scene.case]) >= options.scenes_per_case:
            continue
        looks = draw_weather(scene.case, rng_of(scene.seed, scene.case, "weather")).looks
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            blur = compare(str(folder / scene.aoi), folder / scene.before, folder / scene.after).relative_blur
        truth = true_variance(*looks)
        if blur is None or blur.interval_px is None:
            print(f"{scene.name:28}{signed_sigma(truth):7.2f}{'-':>7}")
            continue
        taken[scene.case].append((truth, blur.variance_px2))
        limits = f"{blur.interval_px[0]:.2f} to {blur.interval_px[1]:.2f}"
        told = f"{signed_sigma(truth):7.2f}{signed_sigma(blur.variance_px2):7.2f}"
        print(f"{scene.name:28}{told}  {limits:14}{blur.windows:7}  {blur.matched}", flush=True)
    for case, pairs in taken.items():
        sigma = np.array([[signed_sigma(v) for v in pair] for pair in pairs])
        off = np.sqrt(np.mean((sigma[:, 1] - sigma[:, 0]) ** 2)) if len(sigma) else float("nan")
        print(f"{case}: {len(pairs)} scenes, sigma off by {off:.3f} px (root mean square)")


if __name__ == "__main__":
    main()
