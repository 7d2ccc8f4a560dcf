"""Both images of a finished comparison as it saw them: on its grid, each moved by half the shift that it found.

Nothing is estimated again: the images are opened as the run opened them, and read by the comparison's own reader.
"""

from __future__ import annotations

import math
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from affine import Affine

from imagery_diff import verify_inputs
from imagery_diff.errors import ImageryDiffError, ImageryDiffWarning, InputError, OutputError
from imagery_diff.grid import Grid
from imagery_diff.licences import forbids_publishing
from imagery_diff.method.blocks import grown
from imagery_diff.method.coregister import Shift
from imagery_diff.pair_rules import RULES
from imagery_diff.pair_scenes import Pair, open_pair
from imagery_diff.scene import Flag, Scene
from imagery_diff.verify_rerun import params_of, reopened
from imagery_diff.write.aligned import Aligned, aligned_tif

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imagery_diff.exporting_layers import Subject
    from imagery_diff.finished import Run

    Floats = np.ndarray[Any, np.dtype[np.float32]]

ROLES = ("before", "after")
_REACH_PX = 3
"""Cubic convolution reaches two pixels of the grid, and the flags lie half a pixel off it."""
_ROOM = 4
"""Times the pixels of the smaller image: its pixels are no larger than the grid's, which may stand askew round it."""


def aligned_images(subject: Subject, inputs: str | Path) -> dict[str, bytes]:
    """Return ``before_aligned.tif`` and ``after_aligned.tif``.

    Raises
    ------
    InputError
        If the run has no pair of images, moved them by more than one shift, read them in a way that cannot be
        repeated, or one of them is not in the folder as it was; or a licence lets nobody publish.
    InputNotFoundError
        If there is no such folder.
    OutputError
        If there is no room for copies of the images.

    """
    run, summary = subject.run, subject.summary
    try:
        _refuse(run, summary)
        located = verify_inputs.find(_wanted(run), Path(inputs), lambda _: None)
        for one in located:
            if one.state != "intact":
                raise InputError(f"--inputs: {one.wanted.name}, which the run read, is {one.state} ({one.note})")
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            # They stand in the caveats, and were said when the run was made.
            warnings.simplefilter("ignore", ImageryDiffWarning)
            pair = _pair(run, verify_inputs.copied(located, Path(folder)), Path(folder))
            return _files(run, summary, pair)
    except OSError as error:
        if isinstance(error, ImageryDiffError):
            raise
        raise OutputError(f"no room to copy the images ({error.strerror}); set TMPDIR") from error
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        if isinstance(error, ImageryDiffError):
            raise
        raise InputError(
            f"{run.folder.name}: its files are not as this version writes them ({type(error).__name__}); make the"
            " result again"
        ) from error


def _refuse(run: Run, summary: Mapping[str, Any]) -> None:
    """Refuse what cannot or must not be written, before anything is read."""
    name = run.folder.name
    if run.kind != "comparison":
        raise InputError(f"{name}: is a {run.kind}, whose images lie on no common grid of two; leave --images out")
    opened = run.manifest.get("opened")
    if not isinstance(opened, dict) or any(opened[role] is None for role in ROLES):
        raise InputError(f"{name}: does not tell how its images were opened, so that they cannot be read again")
    if any(opened[role]["reference"] for role in ROLES):
        raise InputError(
            f"{name}: one of its images was laid on a reference, and the run does not keep where; georeference it"
            " (in QGIS: Raster, Georeferencer) and compare it so"
        )
    if summary["shift"]["model"] not in {None, "translation"}:
        raise InputError(
            f"{name}: its images were moved by a field ({summary['shift']['model']}), and a run keeps one shift alone;"
            " in Python, compare(...).layers holds them"
        )
    for role in ROLES:
        told = summary[role]
        if forbids_publishing(told["licence"]):
            raise InputError(
                f"{told['file']}: its licence says {told['licence']!r:.160}, so that no copy of it is written; ask"
                " whoever gave you the image"
            )
        if not told["credit"] and not told["simulated"]:
            warnings.warn(
                f"{told['file']}: whose it is is not known; its aligned copy says 'credit unknown'",
                ImageryDiffWarning,
                stacklevel=6,
            )


def _wanted(run: Run) -> tuple[verify_inputs.Input, ...]:
    return tuple(one for one in verify_inputs.listed(run.manifest) if one.role in ROLES)


def _pair(run: Run, places: Mapping[str, list[Path]], folder: Path) -> Pair:
    """Open both images as the run did; what it was told despite which rules stands in its caveats."""
    infos = [reopened(run.manifest["opened"][role], places[role], folder, None) for role in ROLES]
    params = params_of(run.manifest["parameters"])
    return open_pair(infos[0], infos[1], params=params, despite=[rule.name for rule in RULES])


def _files(run: Run, summary: Mapping[str, Any], pair: Pair) -> dict[str, bytes]:
    grid, shift = _grid(summary["grid"]), _shift(summary, pair.names)
    most = min(_ROOM * min(math.prod(g.shape) for g in pair.grids), params_of(run.manifest["parameters"]).max_pixels)
    if math.prod(grid.shape) > most:
        raise InputError(f"{run.folder.name}: says that it compared {grid.shape} pixels, more than its images have")
    made_of = {"content_sha256": run.manifest["content_sha256"], "aoi": summary["aoi"]["name"]}
    files = {}
    for role, info, scene, sign in zip(ROLES, pair.infos, pair.read(grid, shift), (1, -1), strict=True):
        image = Aligned(
            role=role,
            info=info,
            names=pair.names,
            data=_shown(scene),
            grid=grid,
            moved_px=(sign * shift.rows / 2 + 0.0, sign * shift.cols / 2 + 0.0),
            run=made_of,
        )
        files[f"{role}_aligned.tif"] = aligned_tif(image)
    return files


def _grid(told: Mapping[str, Any]) -> Grid:
    rows, cols = told["shape"]
    return Grid(crs=told["crs"], transform=Affine(*told["transform"]), shape=(int(rows), int(cols)))


def _shift(summary: Mapping[str, Any], names: tuple[str, ...]) -> Shift:
    """Return the shift that was found, to the four decimals of a pixel that the run keeps."""
    told = summary["shift"]
    if list(summary["relative_gain"]) != list(names):
        raise ValueError("other bands")
    bands = tuple((float(told["bands"][name][0]), float(told["bands"][name][1])) for name in names if told["bands"])
    return Shift(rows=float(told["rows"]), cols=float(told["cols"]), error_px=None, windows=0, bands=bands)


def _shown(scene: Scene) -> Floats:
    """Return the pixels, NaN where the image has none or they are mixed with none; clouds are shown."""
    gone = (scene.flags & np.uint8(Flag.NODATA | Flag.OUTSIDE)) != 0
    gone |= grown(gone, _REACH_PX) & ((scene.flags & np.uint8(Flag.EDGE)) != 0)
    shown: Floats = np.where(gone, np.float32(np.nan), scene.data)
    return shown
