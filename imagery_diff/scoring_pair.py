"""One labelled pair: compared, and its score and map counted against the label; runs in a process of its own.

The label lies on the before image. The comparison moves each image by half the shift, so its arrays are carried back
by that half and onto the label's pixels before anything is counted.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning
from rasterio.features import geometry_mask
from rasterio.io import MemoryFile
from shapely.affinity import translate

from imagery_diff.aoi import reproject
from imagery_diff.errors import ImageryDiffError, InputError
from imagery_diff.method.align import carried
from imagery_diff.method.skill import Agreement, auc, average_precision, best_f1
from imagery_diff.pair import compare
from imagery_diff.params import Params
from imagery_diff.read.raster import open_raster, raster_grid
from imagery_diff.read.scenes import open_scene
from imagery_diff.write.agreement import agreement_png
from imagery_diff.write.cog import NODATA, PRODUCT_TAG, RENDERED_TAG
from imagery_diff.write.cog import score as evidence_score
from imagery_diff.write.folder import save
from imagery_diff.write.words import clean, stamp

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.grid import Grid
    from imagery_diff.result import Comparison

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]

IMAGES = ("before.tif", "after.tif")
LABEL = "label.tif"
UNCHANGED, CHANGED, IGNORE = 0, 1, 255
_KIB = 1024


@dataclass(frozen=True, kw_only=True, eq=False)
class Label:
    """What changed in truth."""

    values: NDArray[np.uint8]
    """(row, col): 0 unchanged, 1 changed, 255 not to be counted."""
    grid: Grid

    @property
    def counted(self) -> Bools:
        """(row, col), True where the label says something."""
        return np.not_equal(self.values, IGNORE)


def score_pair(folder: Path, *, params: Params | None = None, save_to: Path | None = None) -> dict[str, Any]:
    """Compare the pair in a folder and count its score and its map against the label.

    Parameters
    ----------
    folder
        Holds ``before.tif``, ``after.tif`` and ``label.tif``.
    params
        Numbers of the method.
    save_to
        Result folder to be written, with ``score.tif`` and ``map.tif`` on the label's pixels beside the usual files.

    Returns
    -------
    Name -> value of every figure; None where it does not exist. ``cpu_s`` and ``peak_mb`` are of this process up to
    the end of the comparison, the start of the interpreter included.

    Raises
    ------
    ImageryDiffError
        If a file cannot be used, or the result not be written.

    """
    label = read_label(folder)
    result = compare("-", *(folder / name for name in IMAGES), detect="map", params=params)
    cost = {"cpu_s": round(time.process_time(), 2), "peak_mb": peak_mb()}
    score, called = score_on(result, label.grid), called_on(result, label.grid)
    counted = label.counted
    changed = label.values[counted] == CHANGED
    agreement = Agreement.of(called[counted], changed)
    if save_to is not None:
        save(result, save_to, _files(result, label, score, called))
    return {
        "auc": auc(score[counted], changed),
        "average_precision": average_precision(score[counted], changed),
        "f1": agreement.f1,
        "kappa": agreement.kappa,
        "precision": agreement.precision,
        "recall": agreement.recall,
        "best_f1": best_f1(score[counted], changed),
        "threshold": threshold_of(result),
        **cost,
        "regions": len(result.regions),
        "counted_px": int(np.count_nonzero(counted)),
        "changed_px": int(np.count_nonzero(changed)),
        "searched_fraction": round(float(np.mean(searched_on(result, label.grid)[counted])), 4),
        "georeferenced": result.grid.crs is not None,
    }


def read_label(folder: Path) -> Label:
    """Read label.tif; without a georeference of its own it lies on the before image pixel by pixel.

    Raises
    ------
    InputError
        If it holds other values, several bands, nothing to count, or does not fit the before image.

    """
    path = folder / LABEL
    with open_raster(path) as dataset:
        if dataset.count != 1:
            raise InputError(f"{path.name}: has {dataset.count} bands; a label has one: 0, 1, and 255 = not counted")
        grid, values = raster_grid(path, dataset), dataset.read(1)
    strange = sorted(set(np.unique(values).tolist()) - {UNCHANGED, CHANGED, IGNORE})
    if strange:
        raise InputError(
            f"{path.name}: holds {', '.join(f'{v:g}' for v in strange[:3])}; a label is 0 = unchanged, 1 = changed, "
            "255 = not counted"
        )
    values = values.astype(np.uint8)
    if (values == IGNORE).all():
        raise InputError(f"{path.name}: every pixel is 255 = not counted; there is nothing to score")
    return Label(values=values, grid=_placed(path, grid, folder / IMAGES[0]))


def _placed(path: Path, grid: Grid, before: Path) -> Grid:
    """Return where the label lies, in the before image's terms."""
    image = open_scene(before).grid
    if grid.crs is not None and image.crs is not None:
        return grid
    if grid.shape != image.shape:
        raise InputError(
            f"{path.name}: is {grid.shape[1]} x {grid.shape[0]} pixels, {before.name} {image.shape[1]} x "
            f"{image.shape[0]}, and not both carry a georeference; a label must lie on {before.name} pixel by pixel"
        )
    return image


def evidence_grid(result: Comparison) -> Grid:
    """Return where the comparison's pixels lie on the before image, which was moved by half the shift."""
    return result.grid.shifted(-result.shift.rows / 2, -result.shift.cols / 2)


def score_on(result: Comparison, target: Grid) -> Floats:
    """(row, col) on the target: the score of evidence.tif, in spreads of unchanged ground.

    Ground that was not seen or not searched scores 0: it ranks last, all together, so that nobody gains by looking
    away.
    """
    told = evidence_score(result)
    return carried(np.where(told == NODATA, np.float32(0), told), evidence_grid(result), target)


def threshold_of(result: Comparison) -> float | None:
    """Return the score at which a region begins; the median over the ground searched, as kinds of ground differ."""
    level = result.layers.level
    return round(float(np.median(level[level > 0])), 3) if np.any(level > 0) else None


def searched_on(result: Comparison, target: Grid) -> Bools:
    """(row, col) on the target, True where change was looked for."""
    searched = (result.layers.level > 0).astype(np.float32)
    return carried(searched, evidence_grid(result), target) >= 0.5  # noqa: PLR2004 - mostly


def called_on(result: Comparison, target: Grid) -> Bools:
    """(row, col) on the target, True where the centre of a pixel lies in a region: the tool's own map."""
    here, there = result.grid.xy(0, 0), evidence_grid(result).xy(0, 0)
    outlines = [
        reproject(translate(r.geometry, there[0] - here[0], there[1] - here[1]), result.grid.crs, target.crs)
        for r in result.regions
    ]
    if not outlines:
        return np.zeros(target.shape, bool)
    return np.asarray(geometry_mask(outlines, target.shape, target.transform, invert=True))


def peak_mb() -> float | None:
    """Most memory this process has held so far, megabytes of 10^6 bytes; None where the system does not tell."""
    try:
        # Not getrusage first: on Linux its figure begins with what the parent held when it started this process.
        with Path("/proc/self/status").open(encoding="ascii") as lines:
            line = next(line for line in lines if line.startswith("VmHWM"))
        return round(int(line.split()[1]) * _KIB / 1e6, 1)
    except (OSError, StopIteration):
        pass
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return None
    # macOS counts bytes.
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 1)


def _files(result: Comparison, label: Label, score: Floats, called: Bools) -> dict[str, bytes]:
    """Return what is kept of a scored pair beside the usual files of a result."""
    return {
        "score.tif": score_tif(result, label.grid),
        "map.tif": map_tif(result, label.grid),
        "agreement.png": agreement_png(result, score, called, label.values),
    }


def score_tif(result: Comparison, grid: Grid) -> bytes:
    """Return the score on the label's pixels as a GeoTIFF, nodata where change was not looked for."""
    score = np.where(searched_on(result, grid), score_on(result, grid), np.float32(NODATA))
    return _tif(result, grid, score.astype(np.float32), {"nodata": NODATA}, "score")


def map_tif(result: Comparison, grid: Grid) -> bytes:
    """Return the tool's own map on the label's pixels as a GeoTIFF: 1 flagged, 0 not."""
    return _tif(result, grid, called_on(result, grid).astype(np.uint8), {}, "map")


def _tif(result: Comparison, grid: Grid, values: NDArray[Any], profile: dict[str, Any], kind: str) -> bytes:
    """Write one band with what must travel with it."""
    place = {"crs": grid.crs, "transform": grid.transform, "height": grid.shape[0], "width": grid.shape[1]}
    tags = {PRODUCT_TAG: kind, "TIFFTAG_COPYRIGHT": clean(result.credit)}
    tags |= {RENDERED_TAG: stamp(result)} if result.simulated else {}
    with warnings.catch_warnings(), rasterio.Env(GDAL_PAM_ENABLED="NO"), MemoryFile() as memory:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with memory.open(
            driver="GTiff", count=1, dtype=values.dtype, compress="deflate", **place, **profile
        ) as dataset:
            dataset.write(values, 1)
            dataset.update_tags(**tags)
        content: bytes = memory.read()
    return content


def answer(request: Path) -> None:
    """Score the pair that a request file names and write the figures beside it: the whole of a child process.

    Whatever goes wrong is an answer too. Only a process that is killed gives none, and then its parent says so.
    """
    asked = json.loads(request.read_text(encoding="utf-8"))
    saved = asked["save_to"]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            figures = score_pair(
                Path(asked["folder"]), params=Params(**asked["params"]), save_to=Path(saved) if saved else None
            )
    except ImageryDiffError as error:
        figures = {"error": " ".join(str(error).split())}
    except MemoryError:
        figures = {"error": "out of memory; compare a smaller area, or on a machine with more"}
    except Exception as error:  # noqa: BLE001 - a row says what happened; the other pairs go on
        reason = " ".join(str(error).split())[:200]
        figures = {"error": f"{type(error).__name__}: {reason} (a fault of imagery_diff; please report it)"}
    request.with_name("answer.json").write_text(json.dumps(figures, allow_nan=False), encoding="utf-8")


def main() -> None:
    """Answer the request named by the command's last word."""
    answer(Path(sys.argv[-1]))
