"""What simple methods find: the figures that stand beside ours.

    python benchmarks/baselines.py pairs [--json FILE]

scores every labelled pair at $IMAGERY_DIFF_DATA/pairs or ../shared/data/pairs, the same label and the same figures as
`imagery-diff evaluate`, and prints them beside those in the data set's own README. No image is registered, masked or
smoothed first: that is what a baseline is. Other benchmarks take `regions_of(method, before, after, valid)`, and
`accuracy.py --methods ours,cva_otsu` takes `SCENE_METHODS`, the same on scenes.

Sources: change vectors, Malila 1980; threshold, Otsu 1979 (10.1109/TSMC.1979.4310076); PCA and k-means on blocks,
Celik 2009 (10.1109/LGRS.2009.2025059); MAD, Nielsen, Conradsen and Simpson 1998 (10.1016/S0034-4257(97)00162-4); its
iteration, Nielsen 2007 (10.1109/TIP.2006.888195); log-ratio of SAR, Dekker 1998 (10.1080/014311698215649).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage
from scipy.stats import chi2
from skimage.filters import threshold_otsu

from imagery_diff.method.skill import Agreement, auc, average_precision
from imagery_diff.pair_scenes import open_pair
from imagery_diff.read.raster import open_raster
from imagery_diff.scoring import find_pairs
from imagery_diff.scoring_pair import CHANGED, IMAGES, read_label

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Images = NDArray[np.float64]
    """(band, row, col)"""
    Map = NDArray[np.float64]
    Bools = NDArray[np.bool_]

TOP = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("IMAGERY_DIFF_DATA", TOP.parent / "shared" / "data"))
BLOCK_PX, COMPONENTS = 5, 3
"""Side of Celik's blocks and number of components kept, as in the data set's README."""
SIGNIFICANCE = 0.01
"""Chance of a no-change pixel beyond the chi-square threshold of MAD."""
ITERATIONS = 30
"""Of IR-MAD; the correlations settle within 30 to 100, and the data set's figures were made with 30."""
TOP_SHARE = 0.995
"""Scores above this quantile are set to it before k-means, or a single outlier becomes a class of its own."""
_SINGULAR = 1e-6
_LLOYD = 100


def cva(before: Images, after: Images, valid: Bools) -> Map:
    """Length of the change vector, each band of each date brought to mean 0 and spread 1 (row, col)."""
    return np.asarray(np.sqrt(((_standard(after, valid) - _standard(before, valid)) ** 2).sum(axis=0)))


def log_ratio(before: Images, after: Images, valid: Bools) -> Map:
    """Size of the logarithm of the ratio of two SAR images, their bands averaged; 1 is added, since 8 bits hold 0."""
    del valid
    return np.asarray(np.abs(np.log((_amplitude(after) + 1) / (_amplitude(before) + 1))))


def log_ratio_3x3(before: Images, after: Images, valid: Bools) -> Map:
    """Return the log-ratio of means over 3 x 3 pixels, which takes out half of the speckle."""
    del valid
    smooth = [ndimage.uniform_filter(_amplitude(image), 3) for image in (before, after)]
    return np.asarray(np.abs(np.log((smooth[1] + 1) / (smooth[0] + 1))))


def mad(before: Images, after: Images, valid: Bools) -> Map:
    """Chi-square of the multivariate alteration detection: squared differences of canonical variates (row, col)."""
    return _mad(before, after, valid, iterations=1)


def ir_mad(before: Images, after: Images, valid: Bools) -> Map:
    """Iterate MAD, each pixel weighted by its chance of no change under the last chi-square."""
    return _mad(before, after, valid, iterations=ITERATIONS)


def by_otsu(score: Map, valid: Bools) -> Bools:
    """Split the histogram (256 bins) where the two classes are most compact."""
    return np.asarray(valid & (score > float(threshold_otsu(score[valid]))))  # type: ignore[no-untyped-call]


def by_k_means(score: Map, valid: Bools) -> Bools:
    """Two means of one number: solved exactly, by trying every split of the sorted values."""
    capped = np.minimum(score, np.quantile(score[valid], TOP_SHARE))
    return valid & (capped > _best_split(capped[valid]))


def by_k_means_of_all(score: Map, valid: Bools) -> Bools:
    """Two means of one number, nothing capped."""
    return valid & (score > _best_split(score[valid]))


def by_pca_k_means(score: Map, valid: Bools) -> Bools:
    """Principal components of small blocks of the score, learned on blocks side by side, two means of every pixel's.

    k-means starts from the exact split along the first component, so that nothing is drawn at random.
    """
    filled = np.where(valid, score, np.median(score[valid]))
    rows, cols = (n // BLOCK_PX * BLOCK_PX for n in filled.shape)
    tiles = filled[:rows, :cols].reshape(rows // BLOCK_PX, BLOCK_PX, cols // BLOCK_PX, BLOCK_PX)
    blocks = tiles.swapaxes(1, 2).reshape(-1, BLOCK_PX * BLOCK_PX)
    mean = blocks.mean(axis=0)
    _, vectors = np.linalg.eigh(np.cov(blocks - mean, rowvar=False))
    padded = np.pad(filled, BLOCK_PX // 2, mode="symmetric")
    around = np.lib.stride_tricks.sliding_window_view(padded, (BLOCK_PX, BLOCK_PX))
    features = (around.reshape(-1, BLOCK_PX * BLOCK_PX) - mean) @ vectors[:, ::-1][:, :COMPONENTS]
    second = _two_means(features, features[:, 0] > _best_split(features[:, 0])).reshape(filled.shape)
    higher = filled[second].mean() > filled[~second].mean()
    return valid & (second if higher else ~second)


def by_chi_square(score: Map, valid: Bools, bands: int) -> Bools:
    """Beyond what one unchanged pixel in a hundred reaches, were the variates normal."""
    return np.asarray(valid & (score > chi2.isf(SIGNIFICANCE, bands)))


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """A score and a way to split it."""

    title: str
    """As in the data set's README."""
    score: Callable[[Images, Images, Bools], Map]
    split: Callable[[Map, Bools], Bools] | None
    """None = chi-square, whose threshold follows from the number of bands."""
    root: bool = False
    """Whether the square root of the score is split."""

    def __call__(self, before: Images, after: Images, valid: Bools) -> tuple[Map, Bools]:
        """Return score and map, (row, col) both."""
        score = self.score(before, after, valid)
        if self.split is None:
            return score, by_chi_square(score, valid, len(before))
        return score, self.split(np.sqrt(score) if self.root else score, valid)


OPTICAL = {
    "cva_otsu": Baseline(title="CVA + Otsu", score=cva, split=by_otsu),
    "cva_pcak": Baseline(title="CVA + PCAK", score=cva, split=by_pca_k_means),
    "mad_chi2": Baseline(title="MAD + chi2", score=mad, split=None),
    "mad_kmeans": Baseline(title="MAD + k-means", score=mad, split=by_k_means, root=True),
    "irmad_chi2": Baseline(title="IR-MAD + chi2", score=ir_mad, split=None),
    "irmad_kmeans": Baseline(title="IR-MAD + k-means", score=ir_mad, split=by_k_means, root=True),
}
RADAR = {
    "lr_otsu": Baseline(title="log-ratio + Otsu", score=log_ratio, split=by_otsu),
    "lr3_kmeans": Baseline(title="log-ratio 3x3 + k-means", score=log_ratio_3x3, split=by_k_means_of_all),
    "lr3_otsu": Baseline(title="log-ratio 3x3 + Otsu", score=log_ratio_3x3, split=by_otsu),
    "lr3_pcak": Baseline(title="log-ratio 3x3 + PCAK", score=log_ratio_3x3, split=by_pca_k_means),
}
METHODS = OPTICAL | RADAR


def regions_of(method: str, before: NDArray[Any], after: NDArray[Any], valid: Bools) -> Bools:
    """Return what a baseline calls changed (row, col).

    Parameters
    ----------
    method
        A name in ``METHODS``.
    before, after
        (band, row, col), the same bands on one grid, finite where valid.
    valid
        (row, col), pixels to be used; the others are never called changed.

    """
    if not valid.any():
        return np.zeros(valid.shape, bool)
    images = [np.where(valid, image, 0.0).astype(np.float64) for image in (before, after)]
    return METHODS[method](images[0], images[1], valid)[1]


def __getattr__(name: str) -> Any:
    """Make ``SCENE_METHODS`` for `accuracy.py` when it asks: name -> method on a scene folder."""
    if name != "SCENE_METHODS":
        raise AttributeError(f"module 'baselines' has no attribute {name!r}")
    from scene_maps import Mapped  # noqa: PLC0415 - the scenes' own tools, which labelled pairs do without

    # A partial of a module's function, not a closure, so that several processes can run it.
    return {method: Mapped(function=partial(regions_of, method)) for method in METHODS}


def _standard(image: Images, valid: Bools) -> Images:
    values = image[:, valid]
    mean, spread = values.mean(axis=1), np.maximum(values.std(axis=1), 1e-12)
    return np.asarray((image - mean[:, None, None]) / spread[:, None, None])


def _amplitude(image: Images) -> Map:
    """Mean of the polarisations; never below 0, where a ratio means nothing."""
    return np.asarray(np.maximum(image.mean(axis=0), 0.0))


def _mad(before: Images, after: Images, valid: Bools, *, iterations: int) -> Map:
    """Weighted canonical correlation, repeated.

    A date whose bands repeat each other has fewer variates than bands; those of the other date that find no partner
    stand alone, with variance 1.
    """
    first, second = before[:, valid], after[:, valid]
    weight = np.ones(first.shape[1])
    for _ in range(iterations):
        x, white_x = _whitened(first, weight)
        y, white_y = _whitened(second, weight)
        turn_x, correlation, turn_y = np.linalg.svd((x * (weight / weight.sum())) @ y.T)
        paired, count = len(correlation), max(white_x, white_y)
        variates = np.zeros((count, first.shape[1]))
        variates[:white_x] += turn_x.T @ x
        variates[:white_y] -= turn_y @ y
        variance = np.ones(count)
        variance[:paired] = np.maximum(2 * (1 - np.minimum(correlation, 1.0)), 1e-9)
        square = (variates**2 / variance[:, None]).sum(axis=0)
        weight = np.asarray(chi2.sf(square, count))
        if weight.sum() <= 0:  # two copies of one image: nothing is left that could weigh
            break
    score = np.zeros(valid.shape)
    score[valid] = square
    return score


def _whitened(values: NDArray[np.float64], weight: NDArray[np.float64]) -> tuple[NDArray[np.float64], int]:
    """Return (component, pixel) of weighted mean 0 and unit covariance, and how many components there are."""
    share = weight / weight.sum()
    centred = values - (values * share).sum(axis=1, keepdims=True)
    variances, vectors = np.linalg.eigh((centred * share) @ centred.T)
    kept = variances > _SINGULAR * max(float(variances.max()), 1e-300)
    return (vectors[:, kept] / np.sqrt(variances[kept])).T @ centred, int(np.count_nonzero(kept))


def _best_split(values: NDArray[np.float64]) -> float:
    """Return the value above which the second of two means begins: the split that explains most of the variance."""
    ordered = np.sort(values, axis=None)
    below = np.arange(1, ordered.size)
    sums = np.cumsum(ordered)
    gap = sums[:-1] / below - (sums[-1] - sums[:-1]) / (ordered.size - below)
    return float(ordered[int(np.argmax(gap**2 * below * (ordered.size - below)))])


def _two_means(features: NDArray[np.float64], second: Bools) -> Bools:
    """Lloyd's iteration from a first split; (n, component) and (n,) in, (n,) out."""
    for _ in range(_LLOYD):
        if second.all() or not second.any():
            break
        means = [features[part].mean(axis=0) for part in (~second, second)]
        distance = [((features - mean) ** 2).sum(axis=1) for mean in means]
        nearer = distance[1] < distance[0]
        if (nearer == second).all():
            break
        second = nearer
    return second


@dataclass(frozen=True, kw_only=True)
class Scored:
    """A baseline on a pair."""

    pair: str
    method: str
    auc: float | None
    average_precision: float | None
    f1: float | None
    kappa: float | None
    precision: float | None
    recall: float | None


def read_images(folder: Path) -> tuple[Images, Images]:
    """Read the bands that imagery_diff would compare, as they stand in the files; both must be of one shape."""
    pair = open_pair(*(folder / name for name in IMAGES))
    images = []
    for name, info, bands in zip(IMAGES, pair.infos, pair.indexes, strict=True):
        indexes = getattr(info.source, "indexes", None) or tuple(range(1, len(info.bands) + 1))
        with open_raster(folder / name) as dataset:
            images.append(dataset.read([indexes[b] for b in bands]).astype(np.float64))
    return images[0], images[1]


def score(folder: Path, methods: dict[str, Baseline]) -> list[Scored]:
    """Score baselines on one labelled pair; pixels that are no number in either image are never called changed."""
    before, after = read_images(folder)
    label = read_label(folder).values
    counted, changed = label != 255, label == CHANGED
    valid = np.asarray(np.isfinite(before).all(axis=0) & np.isfinite(after).all(axis=0))
    rows = []
    for name, method in methods.items():
        strength, called = method(before, after, valid)
        told = Agreement.of(called[counted], changed[counted])
        rows.append(
            Scored(
                pair=folder.name,
                method=name,
                auc=auc(strength[counted], changed[counted]),
                average_precision=average_precision(strength[counted], changed[counted]),
                f1=told.f1,
                kappa=told.kappa,
                precision=told.precision,
                recall=told.recall,
            )
        )
    return rows


def methods_for(pair: str) -> dict[str, Baseline]:
    """Radar baselines for radar, told by the name as the data set has it; the others for everything else."""
    return RADAR if pair.startswith("sar_") else OPTICAL


def published(readme: Path) -> dict[tuple[str, str], str]:
    """(pair, title of a column) -> cell, of the tables in the data set's README; empty where there is none."""
    cells: dict[tuple[str, str], str] = {}
    header: list[str] = []
    for line in readme.read_text(encoding="utf-8").splitlines() if readme.is_file() else ():
        row = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if not row or re.fullmatch(r"-+", row[0]):
            header = header if row else []
        elif not header:
            header = row
        else:
            cells |= {(row[0], title): cell for title, cell in zip(header[1:], row[1:], strict=False)}
    return cells


def _auc_column(method: str) -> str:
    return {"cva": "AUC CVA", "irmad": "AUC IR-MAD", "lr3": "AUC"}.get(method.split("_", maxsplit=1)[0], "")


def main() -> None:
    """Print the table, and how far the figures that the data set gives too are from them."""
    parser = argparse.ArgumentParser(description="Score simple methods on labelled pairs.")
    parser.add_argument("suite", choices=["pairs"])
    parser.add_argument("--json", type=Path, help="Write the figures to this file too.")
    words = parser.parse_args()
    if not (DATA / "pairs").is_dir():
        sys.exit("no labelled pairs: set IMAGERY_DIFF_DATA to the shared data folder")
    given, rows, apart = published(DATA / "README.md"), [], []
    print("| pair | method | kappa / F1 | given | AUC | given | AP |\n| --- | --- | --- | --- | --- | --- | --- |")
    for folder in find_pairs(DATA / "pairs"):
        for row in score(folder, methods_for(folder.name)):
            rows.append(row)
            own = f"{row.kappa:.3f} / {row.f1:.3f}"
            told = given.get((row.pair, METHODS[row.method].title), "")
            area = given.get((row.pair, _auc_column(row.method)), "")
            precision = f"{row.average_precision:.3f}"
            print(f"| {row.pair} | {row.method} | {own} | {told} | {row.auc:.3f} | {area} | {precision} |", flush=True)
            both = zip(re.findall(r"[\d.]+", told), (row.kappa, row.f1), strict=False)
            apart += [(abs(float(g) - abs(m or 0.0)), row.pair, row.method) for g, m in both]
    far = sorted((a for a in apart if a[0] > 0.0015), reverse=True)
    print(f"\n{len(apart) - len(far)} of {len(apart)} given figures of kappa and F1 are met to 0.0015; the others:")
    print("\n".join(f"{pair} {method}: {size:.3f} apart" for size, pair, method in far) or "none")
    if words.json:
        words.json.write_text(json.dumps([vars(row) for row in rows], indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
