"""Hold the renderer against real PlanetScope scenes: edges, noise, colours, shadows.

    python benchmarks/renderer_against_real.py [--figure docs/explanation/figures/renderer_against_real.png]

Real: the lossless visual scenes in ``unlabelled/planetscope_visual`` (2016-2017, 8 bit, the provider's stretch), found
at ``$IMAGERY_DIFF_DATA`` or ``../shared/data``. Rendered: Najin and random harbours, put through a visual stretch so
that both are 8-bit RGB. Everything is measured by the same functions. The figure shows numbers and curves of the real
scenes, and pictures of rendered ones only.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import matplotlib as mpl
import numpy as np
import rasterio
from scipy.ndimage import gaussian_filter, label

from imagery_diff.read.aois import load_aoi
from imagery_diff.synthetic import CREDIT, PLANETSCOPE, Look, random_harbour, render
from imagery_diff.synthetic.rises import OFFSETS_PX, Edges, edges
from imagery_diff.synthetic.story import passes

mpl.use("Agg")
import matplotlib.pyplot as plt

SCENES = (
    "longbeach_west",
    "sfbay_1",
    "sfbay_4",
    "sfo_airport",
    "san_diego_airport",
    "lax_airport",
    "victorville_airport",
)
STRETCH = (150.0, 2600.0, 0.62)
"""Reflectance numbers drawn black and white, and the exponent: looks like the provider's visual product."""


@dataclass(frozen=True, kw_only=True)
class Noise:
    """What a 6-px high-pass leaves of calm water."""

    correlation: np.ndarray
    """At 1, 2, 3, 4 px."""
    deviation: np.ndarray
    """Per band, 8-bit levels."""
    between_bands: float
    """Mean correlation of two bands."""
    spectrum: np.ndarray
    """Radial power over its mean, at `FREQUENCIES` cycles per pixel."""


FREQUENCIES = np.linspace(0.02, 0.5, 25)


def noise_on_water(image: np.ndarray) -> Noise:
    """Measure the calmest dark tiles of 64 x 64 px of an RGB image (band, row, col)."""
    rest = np.stack([band - gaussian_filter(band, 6.0) for band in image])
    spots = _calm_tiles(image, rest)
    lags, power, spread, cross = [], [], [], []
    for row, col in spots:
        tile = rest[:, row : row + 64, col : col + 64]
        tile = tile - tile.mean(axis=(1, 2), keepdims=True)
        variance = (tile**2).mean(axis=(1, 2))
        if variance.min() < 1e-3:
            continue
        lags.append([np.mean([_lag(b, k) for b in tile]) for k in (1, 2, 3, 4)])
        spread.append(np.sqrt(variance))
        cross.append(np.corrcoef(tile.reshape(3, -1))[np.triu_indices(3, 1)].mean())
        power.append(np.mean([_radial(b) for b in tile], axis=0))
    mean_power = np.mean(power, axis=0)
    return Noise(
        correlation=np.mean(lags, axis=0),
        deviation=np.mean(spread, axis=0),
        between_bands=float(np.mean(cross)),
        spectrum=mean_power / mean_power.mean(),
    )


def _calm_tiles(image: np.ndarray, rest: np.ndarray) -> list[tuple[int, int]]:
    """Upper-left corners of the calmest quarter (at most 40) of the tiles darker than the image's middle."""
    limit = np.percentile(image.mean(axis=0), 60)
    found = []
    for row in range(16, image.shape[1] - 80, 64):
        for col in range(16, image.shape[2] - 80, 64):
            cut = (slice(None), slice(row, row + 64), slice(col, col + 64))
            if image[cut].mean() <= limit and image[cut].min() > 0:
                found.append((float(rest[cut].std()), row, col))
    return [(row, col) for _, row, col in sorted(found)[: min(40, max(3, len(found) // 4))]]


def _lag(tile: np.ndarray, k: int) -> float:
    both = (tile[:, k:] * tile[:, :-k]).mean() + (tile[k:] * tile[:-k]).mean()
    return float(both / 2.0 / (tile**2).mean())


def _radial(tile: np.ndarray) -> np.ndarray:
    window = np.hanning(tile.shape[0])
    power = np.abs(np.fft.fft2(tile * window[:, None] * window[None])) ** 2
    f = np.fft.fftfreq(tile.shape[0])
    radius = np.hypot(f[:, None], f[None])
    index = np.digitize(radius.ravel(), np.append(FREQUENCIES - 0.01, 0.51)) - 1
    sums = np.bincount(np.clip(index, 0, 25), power.ravel(), minlength=26)[:25]
    return sums / np.maximum(1, np.bincount(np.clip(index, 0, 25), minlength=26)[:25])


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Colours and contrasts of the land and the water of an image."""

    water: np.ndarray
    """Median red, green, blue of calm dark tiles."""
    hard: np.ndarray
    """Of bright, colourless land: concrete and bare ground."""
    plants: np.ndarray
    """Of the greenest hundredth of the land."""
    shadow: np.ndarray
    """Second percentile over median of land tiles, per band: how dark the darkest, mostly shadow, is."""
    patches: np.ndarray
    """Darkest pixel over the tile's median in compact dark patches (4 to 60 px below 0.6 of it), per band."""
    fine: float
    """Deviation left by a 2-px high-pass on land over the mean: fine contrast."""


def ground(image: np.ndarray) -> Ground:
    """Measure land tiles of 40 x 40 px (bright and uneven ones) and calm water."""
    grey = image.mean(axis=0)
    rest = grey - gaussian_filter(grey, 2.0)
    calm = _calm_tiles(image, np.stack([b - gaussian_filter(b, 6.0) for b in image]))
    water = np.median([np.median(image[:, r : r + 64, c : c + 64], axis=(1, 2)) for r, c in calm], axis=0)
    level = np.mean(water) * 1.35
    tiles, fine, dark = [], [], []
    for row in range(8, image.shape[1] - 48, 40):
        for col in range(8, image.shape[2] - 48, 40):
            cut = (slice(None), slice(row, row + 40), slice(col, col + 40))
            if np.median(image[cut]) > level and np.percentile(grey[cut[1:]], 25) > level and image[cut].max() < 256:
                tiles.append(image[cut].reshape(3, -1))
                dark += _dark_patches(image[cut])
                fine.append(rest[cut[1:]].std() / grey[cut[1:]].mean())
    land = np.concatenate(tiles, axis=1)
    excess = (2 * land[1] - land[0] - land[2]) / np.maximum(land.sum(axis=0), 1)
    bright = (land.mean(axis=0) > np.percentile(land.mean(axis=0), 60)) & (np.ptp(land, axis=0) < 60)
    return Ground(
        water=water,
        hard=np.median(land[:, bright], axis=1),
        plants=np.median(land[:, excess > np.percentile(excess, 99)], axis=1),
        shadow=np.median([np.percentile(t, 2, axis=1) / np.median(t, axis=1) for t in tiles], axis=0),
        fine=float(np.median(fine)),
        patches=np.median(dark, axis=0) if dark else np.full(3, np.nan),
    )


def _dark_patches(tile: np.ndarray) -> list[np.ndarray]:
    """Level of each compact dark patch of a land tile over the tile's median, per band."""
    median = np.median(tile, axis=(1, 2))
    grey = tile.mean(axis=0)
    labels, count = label(grey < 0.6 * median.mean())
    found = []
    for k in range(1, count + 1):
        inside = labels == k
        if 4 <= inside.sum() <= 60:
            darkest = np.argmin(np.where(inside, grey, np.inf))
            found.append(tile.reshape(3, -1)[:, darkest] / median)
    return found


def visual(data: np.ndarray) -> np.ndarray:
    """Return red, green, blue of a 4-band rendering as 8-bit levels."""
    low, high, power = STRETCH
    levels: np.ndarray = np.round(
        255.0 * np.clip((data[[2, 1, 0]].astype(float) - low) / (high - low), 0.0, 1.0) ** power
    )
    return levels


def real_scenes() -> dict[str, np.ndarray]:
    """Read the real scenes, (band, row, col)."""
    data = Path(os.environ.get("IMAGERY_DIFF_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
    folder = data / "unlabelled" / "planetscope_visual"
    if not folder.is_dir():
        sys.exit("no real scenes: set IMAGERY_DIFF_DATA to the folder that holds unlabelled/planetscope_visual")
    scenes = {}
    for name in SCENES:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
            image = rasterio.open(folder / f"{name}.png")
        with image:
            scenes[name] = image.read([1, 2, 3]).astype(float)
    return scenes


def rendered_scenes() -> dict[str, np.ndarray]:
    """Render Najin as in the sample tiles, and random harbours through a sensor of varying sharpness."""
    story = {p.name: p for p in passes(load_aoi("najin"))}
    scenes = {n: visual(story[n].render().data) for n in ("najin_20231017", "najin_20231020_0643", "najin_quiet_after")}
    for seed, blur in enumerate((2.0, 2.6, 3.1, 4.2)):
        sensor = replace(PLANETSCOPE, blur_m=blur)
        look = Look(time=datetime(2023, 6 + seed, 10, 2, 10, tzinfo=UTC), sensor=sensor, seed=seed, haze=0.02 * seed)
        scenes[f"harbour_{seed}"] = visual(render(random_harbour(seed).world, look).data)
    return scenes


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Everything about a set of scenes."""

    edges: dict[str, Edges]
    """Per scene."""
    noise: dict[str, Noise]
    """Per scene with enough calm water."""
    ground: dict[str, Ground]
    """Per scene with water and land."""


def measure(scenes: dict[str, np.ndarray], with_water: tuple[str, ...]) -> Measured:
    """Measure all scenes; water and colours only where there is water."""
    return Measured(
        edges={n: edges(image.mean(axis=0)) for n, image in scenes.items()},
        noise={n: noise_on_water(scenes[n]) for n in with_water},
        ground={n: ground(scenes[n]) for n in with_water},
    )


def table(real: Measured, rendered: Measured) -> list[tuple[str, str, str]]:
    """Rows of name, real, rendered."""
    return [(name, *(measure_(m) for m in (real, rendered))) for name, measure_ in ROWS]


def _pooled(m: Measured, what: str) -> np.ndarray:
    return np.concatenate([getattr(e, what) for e in m.edges.values()])


def _mean(values: list[np.ndarray]) -> np.ndarray:
    average: np.ndarray = np.nanmean(values, axis=0)
    return average


def _numbers(values: np.ndarray, form: str = ".2f") -> str:
    return " ".join(format(float(v), form) for v in np.atleast_1d(values))


def _colour(m: Measured, what: str) -> str:
    """Median level of green, then red and blue relative to it."""
    red, green, blue = _mean([getattr(g, what) for g in m.ground.values()])
    return f"{green:.0f}, {red / green:.2f}, {blue / green:.2f}"


ROWS = (
    ("edges measured", lambda m: str(len(_pooled(m, "rise_px")))),
    (
        "10-90 % rise, px (10th, 50th, 90th centile)",
        lambda m: _numbers(np.percentile(_pooled(m, "rise_px"), [10, 50, 90])),
    ),
    ("overshoot, % (median)", lambda m: _numbers(100 * np.median(_pooled(m, "overshoot")), ".1f")),
    ("undershoot, % (median)", lambda m: _numbers(100 * np.median(_pooled(m, "undershoot")), ".1f")),
    ("noise correlation at 1 2 3 4 px", lambda m: _numbers(_mean([n.correlation for n in m.noise.values()]))),
    ("  lowest scene at 1 px, highest", lambda m: _numbers(_span(m))),
    ("noise, 8-bit levels (R G B)", lambda m: _numbers(_mean([n.deviation for n in m.noise.values()]))),
    (
        "noise correlation between bands",
        lambda m: _numbers(_mean([np.array([n.between_bands]) for n in m.noise.values()])),
    ),
    ("water: G, R/G, B/G", lambda m: _colour(m, "water")),
    ("hard ground: G, R/G, B/G", lambda m: _colour(m, "hard")),
    ("plants: G, R/G, B/G", lambda m: _colour(m, "plants")),
    ("darkest 2 % over median on land (R G B)", lambda m: _numbers(_mean([g.shadow for g in m.ground.values()]))),
    ("dark patches over median on land (R G B)", lambda m: _numbers(_mean([g.patches for g in m.ground.values()]))),
    (
        "fine contrast on land, %",
        lambda m: _numbers(100 * _mean([np.array([g.fine]) for g in m.ground.values()]), ".1f"),
    ),
)


def _span(m: Measured) -> np.ndarray:
    first = [float(n.correlation[0]) for n in m.noise.values()]
    return np.array([min(first), max(first)])


def draw(real: Measured, rendered: Measured, pictures: dict[str, np.ndarray], path: Path) -> None:
    """Draw curves of both and pictures of rendered scenes only."""
    figure, axes = plt.subplots(2, 3, figsize=(13, 8.2), layout="constrained")
    for measured, colour, name in ((real, "0.45", "real"), (rendered, "tab:red", "rendered")):
        for k, edge in enumerate(e for e in measured.edges.values() if len(e.rise_px) >= 12):
            axes[0, 0].plot(OFFSETS_PX, edge.profile, color=colour, lw=1, label=None if k else name)
        for k, noise in enumerate(measured.noise.values()):
            legend = name if k == 0 else None
            axes[0, 1].plot([0, 1, 2, 3, 4], [1, *noise.correlation], ".-", color=colour, lw=1, label=legend)
            axes[0, 2].semilogy(FREQUENCIES, noise.spectrum, color=colour, lw=1, label=legend)
        for what, marker in (("water", "o"), ("hard", "s"), ("plants", "^")):
            points = np.array([getattr(g, what) for g in measured.ground.values()])
            legend = f"{what}, {name}"
            axes[1, 0].plot(
                points[:, 0] / points[:, 1], points[:, 2] / points[:, 1], marker, color=colour, label=legend
            )
    for axis, title, x, y in (
        (axes[0, 0], "straight edges, median per scene", "px across the edge", "share of the step"),
        (axes[0, 1], "noise on calm water", "lag, px", "correlation"),
        (axes[0, 2], "its spectrum", "cycles per px", "power over mean"),
        (axes[1, 0], "colours in the visual stretch", "red / green", "blue / green"),
    ):
        axis.set(title=title, xlabel=x, ylabel=y)
        axis.legend(fontsize=8)
    axes[0, 0].set_xlim(-5, 5)
    for axis, (name, picture) in zip(axes[1, 1:], pictures.items(), strict=True):
        axis.imshow(np.moveaxis(picture, 0, 2).astype(np.uint8), interpolation="nearest")
        axis.set(title=name, xticks=[], yticks=[])
        axis.text(0.5, 0.03, CREDIT, transform=axis.transAxes, ha="center", color="white", weight="bold", fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def main() -> None:
    """Measure, print the table, save the figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--figure", type=Path, help="save the figure here")
    wanted = parser.parse_args().figure
    scenes = rendered_scenes()
    real = measure(real_scenes(), ("longbeach_west", "sfbay_1", "sfbay_4", "sfo_airport"))
    rendered = measure(scenes, tuple(scenes))
    print(f"{'':44}{'real':>26}{'rendered':>26}")
    for name, left, right in table(real, rendered):
        print(f"{name:44}{left:>26}{right:>26}")
    if wanted:
        pictures = {
            "rendered: Najin, 17 October 2023": scenes["najin_20231017"][:, 200:400, 190:390],
            "rendered: a random harbour": scenes["harbour_1"][:, 100:300, 100:300],
        }
        draw(real, rendered, pictures, wanted)
        print(f"figure: {wanted}")


if __name__ == "__main__":
    main()
