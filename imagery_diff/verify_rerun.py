"""A run made once more, from its manifest and its images alone."""

from __future__ import annotations

import datetime as dt
import json
import math
import warnings
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from imagery_diff.detectability import sensitivity
from imagery_diff.errors import ImageryDiffWarning, InputError
from imagery_diff.pair import compare
from imagery_diff.params import Params
from imagery_diff.placing import place
from imagery_diff.read.aois import load_aoi
from imagery_diff.read.given import Given
from imagery_diff.read.scenes import open_scene
from imagery_diff.series import timeline
from imagery_diff.single import look
from imagery_diff.write.folder import REVIEWS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from imagery_diff.aoi import AOI
    from imagery_diff.finished import Run
    from imagery_diff.scene import SceneInfo

    Progress = Callable[[str], None]
    Places = Mapping[str, list[Path]]

_COMMON = "common-ground"
_KINDS = {"comparison", "timeline", "look", "sensitivity"}


def why_not(run: Run) -> str | None:
    """Say why a run cannot be made again, whatever images there are; None where it can."""
    manifest = run.manifest
    options, opened, told_aoi = (manifest.get(name) for name in ("asked", "opened", "aoi"))
    if not (isinstance(options, dict) and isinstance(opened, dict) and isinstance(told_aoi, dict)):
        return "its manifest does not tell how it was asked for: an earlier version wrote it, or a program in parts"
    images = list(opened.values())
    reasons = {
        f"a {run.kind} is not made again by this version": run.kind not in _KINDS,
        "a program gave the shift of the images, which stands in no file": options.get("shift") == "given",
        "looks were taken from an archive, whose pixels are no images": bool(options.get("archive")),
        "an image was made from arrays, not opened from a file": None in images,
        "an image was read over the network": any(_address_in(one) for one in images if one is not None),
        "its manifest does not hold the outlines that were given": told_aoi["given"] is None
        and told_aoi["name"] != _COMMON,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _address_in(opened: Any) -> bool:
    return bool(opened["as"] == "address" or any(_address_in(strip) for strip in opened["strips"]))


def make_again(run: Run, places: Places, target: Path, progress: Progress) -> None:
    """Make a run once more and write it to ``target``; its folder must hold room for it.

    Parameters
    ----------
    places
        Role -> the files it was read from, in the order of the manifest.

    Raises
    ------
    ImageryDiffError
        If it is refused now.
    InputError
        If the manifest says something in no form of ours.

    """
    try:
        with warnings.catch_warnings():
            # They stand in the caveats, and were said when the run was made.
            warnings.simplefilter("ignore", ImageryDiffWarning)
            _make_again(run, places, target, progress)
            if "review" in run.manifest:
                _review_again(run, target)
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"manifest.json: tells how it was made in no form of ours ({type(error).__name__})") from error


def _make_again(run: Run, places: Places, target: Path, progress: Progress) -> None:
    manifest, options = run.manifest, run.manifest["asked"]
    aoi = _aoi(manifest["aoi"]["given"], target.parent)
    params = params_of(manifest["parameters"])
    opened = manifest["opened"]
    if run.kind == "timeline":
        assert aoi is not None
        images = [path for role in opened for path in _images(opened[role], places[role], target.parent)]
        ais = next(iter(places.get("ais", [])), None)
        found: Any = timeline(aoi, images, empty=options["empty"], params=params, ais=ais, progress=progress)
        found.save(target)
        return
    infos = {role: reopened(one, places[role], target.parent, aoi) for role, one in opened.items()}
    if run.kind == "look":
        image = infos.pop("image")
        look(aoi, image, references=list(infos.values()), params=params, progress=progress).save(target)
        return
    pair = (infos["before"], infos["after"])
    if options["detect"] not in {"alarm", "map"} or options["sensitivity"] not in {"off", "quick", "full", "reported"}:
        raise InputError("manifest.json: tells of an option of the run that this version does not know")
    if run.kind == "sensitivity" and options["sensitivity"] == "full":
        sensitivity(aoi or "-", *pair, despite=options["despite"], params=params, progress=progress).save(target)
        return
    how = {name: options[name] for name in ("detect", "despite", "fit", "sensitivity")}
    compared = compare(aoi, *pair, **how, params=params, progress=progress)
    if run.kind == "comparison":
        compared.save(target, report="report.html" in run.sha256)
    else:
        assert compared.sensitivity is not None
        compared.sensitivity.save(target)


def _review_again(run: Run, target: Path) -> None:
    """Lay the review of a run over what was made again."""
    from imagery_diff.review import review  # noqa: PLC0415 - only after a review

    try:
        (target / REVIEWS).write_bytes((run.folder / REVIEWS).read_bytes())
    except OSError as error:
        raise InputError(f"{REVIEWS}: cannot be read, so that the review is not known; put it back") from error
    review(target, (), "")


def params_of(told: Mapping[str, Any]) -> Params:
    """Return the numbers of the method that a manifest holds; one it does not hold is this version's.

    Raises
    ------
    InputError
        If one is no number, or this version knows none of that name.

    """
    kinds = {field.name: field.type for field in fields(Params)}
    for name, value in told.items():
        if name not in kinds:
            raise InputError(f"manifest.json: the parameter {name!r:.60} is not known to this version")
        number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not number or (kinds[name] == "int" and not isinstance(value, int)):
            raise InputError(f"manifest.json: the parameter {name} is no such number: {value!r:.60}")
    return Params(**told)


def _aoi(given: Any, folder: Path) -> AOI | None:
    """Load the outlines through the door that every AOI comes through."""
    if given is None:
        return None
    path = folder / "aoi.geojson"
    path.write_text(json.dumps(given), encoding="utf-8")
    return load_aoi(path)


def reopened(opened: Mapping[str, Any], files: list[Path], folder: Path, aoi: AOI | None) -> SceneInfo:
    """Open a scene as it was opened; ``folder`` is for what must be written for that."""
    said = dict(opened["said"])
    moment = said.pop("time", None)
    mask = None if opened["mask"] is None else [f for f in files if f.name == opened["mask"]][-1]
    given = Given(**said, acquired=dt.datetime.fromisoformat(moment) if moment else None, mask=mask)
    info = open_scene(_given_as(opened, files, folder), given)
    if opened["reference"] is None:
        return info
    return place(info, reopened(opened["reference"], files, folder, aoi), aoi)


def _given_as(opened: Mapping[str, Any], files: list[Path], folder: Path) -> Path:
    """Return what to name to :func:`open_scene`."""
    if opened["as"] == "folder":
        return folder / files[0].relative_to(folder).parts[0]
    if opened["as"] == "strips":
        listing = folder / f"{files[0].relative_to(folder).parts[0]}.txt"
        images = [_given_as(strip, files, folder) for strip in opened["strips"]]
        listing.write_text("".join(f"{path.relative_to(folder)}\n" for path in images), encoding="utf-8")
        return listing
    # A file of metadata may have been named that is not among those that were read; the image stands for the same.
    return next((f for f in files if f.name == opened["name"]), files[0])


def _images(opened: Mapping[str, Any], files: list[Path], folder: Path) -> list[Path]:
    """Return what to name of a look; a series joins strips itself."""
    if opened["as"] == "strips":
        return [path for strip in opened["strips"] for path in _images(strip, files, folder)]
    return [_given_as(opened, files, folder)]
