"""A finished run to be passed on: what its images' licences ask is left out or made small, names of people's are gone.

Everything is told and drawn anew from the run's documents and the pictures its page keeps, with names of files replaced
by what they were in the run; so no picture, no caveat and no tag can keep one. What was left out, and why, stands in
``share.txt``.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from PIL import Image

from imagery_diff.errors import InputError
from imagery_diff.finished import doubted
from imagery_diff.licences import FORBIDDEN, FREE, REDUCED, share_of
from imagery_diff.write.figure import overview_png
from imagery_diff.write.folder import page
from imagery_diff.write.model import to_json
from imagery_diff.write.pictures import Picture, png_of
from imagery_diff.write.report.chips import Chips, chips_in
from imagery_diff.write.report.page import data_uri
from imagery_diff.write.report.reading import pictures_in
from imagery_diff.write.retold import SIDES, retold
from imagery_diff.write.timeline import told_files
from imagery_diff.write.timeline_rows import OBSERVATION, csv_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from imagery_diff.finished import Run

    Row = dict[str, Any]

NOTE = "share.txt"
_SMALL_PX = 480
"""Longest side of a picture made small: a place of two kilometres at about four metres a pixel, letters not legible."""
_WORD = re.compile(r"[^\W_]+")
_PROVIDERS = re.compile(
    r"analytic(?:ms)?|sr|dn|toar?|visual|pan(?:chromatic|sharpened)?|basic|ortho|udm2?|harmoni[sz]ed|clip|file|format"
    r"|composite|metadata|mtl|qa|pixel|radsat|tci|scl|aot|\d[ab]|b\d{1,2}a?|\d{1,2}[bm]",
    re.IGNORECASE,
)
"""What providers put behind the id of a scene in the name of a file."""
_WHY = {
    FREE: "as they are: every licence was read as letting them be shown",
    REDUCED: "one small picture alone: a licence asks for less than full size, or is not known",
    FORBIDDEN: "left out: a licence lets nobody publish",
}


@dataclass(frozen=True, kw_only=True)
class _Shared:
    """Documents of a run without names of files and people."""

    summary: Row
    inputs: list[Row]
    clean: Callable[[Any], Any]
    """Replaces names in anything that is made of texts."""


def share_files(run: Run) -> tuple[dict[str, bytes], Row]:
    """Return the files of a run as they may be passed on, and what their manifest may say of its images.

    Raises
    ------
    InputError
        If the run is of another kind, was altered, or keeps no pictures.

    """
    if run.kind not in {"comparison", "timeline"}:
        raise InputError(f"{run.folder.name}: is a {run.kind}; comparisons and timelines are shared")
    if "report.html" not in run.sha256:
        raise InputError(f"{run.folder.name}: was made with --no-report, so it keeps no pictures; make it again")
    with doubted(run):
        summary = run.document("summary.json")
        if not isinstance(summary["credit"], str):
            raise TypeError("a credit is a text")
        scenes = _scenes(summary)
        # Where a file lies in its delivery names folders, which may be anybody's.
        inputs = [{key: entry[key] for key in entry if key != "within"} for entry in run.manifest["inputs"]]
        renamed = _renamed(run.manifest["inputs"], scenes)
        clean = _cleaner(renamed | _products(scenes))
        shared = _Shared(summary=_without_people(clean(summary)), inputs=clean(inputs), clean=clean)
        simulated = bool(summary["simulated"])
        level = FREE if simulated else max(share_of(scene["licence"]) for scene in scenes.values())
        files = _comparison(run, shared, level) if run.kind == "comparison" else _timeline(run, shared, level)
    left = sorted(set(run.sha256) - set(files))
    files[NOTE] = _note(run, level, left, len(renamed)).encode()
    return files, {"inputs": shared.inputs, "credit": shared.summary["credit"]}


def _scenes(summary: Row) -> dict[str, Row]:
    """Return role -> scene."""
    if "before" in summary:
        return {side: summary[side] for side in SIDES}
    return {f"look {look['number']}": look["scene"] for look in summary["looks"]}


def _renamed(inputs: list[Row], scenes: Mapping[str, Row]) -> dict[str, str]:
    """Name of a file -> what it is called when it is passed on; those that a provider gave stay, they are public.

    A provider's name is the id of a scene and words that providers add to it: a person may have added others.
    """
    public = [scene["scene"] for scene in scenes.values() if scene["scene"]]
    names = [(role, str(scene["file"])) for role, scene in scenes.items()]
    # Of a file in a folder or an archive its parts, too.
    names += [(e["role"], part) for e in inputs for part in (str(e["name"]), *str(e["name"]).split("/")) if part]
    found: dict[str, str] = {}
    for role, name in names:
        if name not in found and not any(_is_public(name, scene) for scene in public):
            found[name] = f"{role.replace(' ', '_')}_{len(found) + 1}{PurePath(name).suffix}"
    return found


def _is_public(name: str, scene: str) -> bool:
    rest = PurePath(name).stem.replace(scene, "", 1)
    return scene in name and all(_PROVIDERS.fullmatch(word) for word in _WORD.findall(rest))


def _products(scenes: Mapping[str, Row]) -> dict[str, str]:
    """Product as its file's name tells it -> the same without words that no provider gives."""
    told = {}
    for product in {str(scene["product"]) for scene in scenes.values()}:
        sensor, _, words = product.partition(" ")
        kept = "_".join(word for word in words.split("_") if all(_PROVIDERS.fullmatch(w) for w in _WORD.findall(word)))
        if "_" in words and kept != words:
            told[product] = f"{sensor} {kept}".strip()
    return told


def _cleaner(renamed: Mapping[str, str]) -> Callable[[Any], Any]:
    # The longest first: one name may be part of another.
    order = sorted(renamed, key=len, reverse=True)

    def clean(value: Any) -> Any:
        if isinstance(value, str):
            for name in order:
                value = value.replace(name, renamed[name])
            return value
        if isinstance(value, dict):
            return {key: clean(one) for key, one in value.items()}
        return [clean(one) for one in value] if isinstance(value, list) else value

    return clean


def _without_people(document: Row) -> Row:
    """Take initials out of a document: that it was reviewed stays, by whom does not."""
    review = document.get("review")
    if not review:
        return document
    told = {**review, "reviewers": [], "lost": [{**one, "by": "withheld"} for one in review["lost"]]}
    for one in review["lost"]:
        said = f"{one['region']} ({one['action']}, {one['by']})"
        bare = f"{one['region']} ({one['action']})"
        document = {**document, "caveats": [caveat.replace(said, bare) for caveat in document["caveats"]]}
    return {**document, "review": told}


def _comparison(run: Run, shared: _Shared, level: int) -> dict[str, bytes]:
    regions = run.document("regions.geojson") if "regions.geojson" in run.sha256 else None
    drawn = None if regions is None else _without_people(shared.clean(regions))
    files = {"summary.json": to_json(shared.summary)}
    if drawn is not None:
        files["regions.geojson"] = to_json(drawn)
    if level == FORBIDDEN:
        return files
    kept = pictures_in(run.read("report.html"))
    credit, simulated = str(shared.summary["credit"]), bool(shared.summary["simulated"])
    clean = replace(kept, pictures=tuple(_picture(picture, credit, simulated=simulated) for picture in kept.pictures))
    overview = overview_png(retold(shared.summary, drawn), clean)
    if level == REDUCED:
        return files | {"overview_small.png": _small(overview, credit, simulated=simulated)}
    return files | {"overview.png": overview, "report.html": page(shared.summary, drawn, clean, shared.inputs)}


def _picture(picture: Picture, credit: str, *, simulated: bool) -> Picture:
    """Write a picture anew, so that it carries its pixels and a credit alone; masks are of two values and stay so."""
    with Image.open(io.BytesIO(picture.content), formats=["PNG"]) as opened:
        if opened.mode != "RGB":
            return picture
        return replace(picture, content=png_of(_pixels(opened), credit, simulated=simulated))


def _pixels(image: Image.Image) -> Any:
    import numpy as np  # noqa: PLC0415

    return np.asarray(image.convert("RGB"))


def _small(png: bytes, credit: str, *, simulated: bool) -> bytes:
    with Image.open(io.BytesIO(png), formats=["PNG"]) as opened:
        times = max(1, -(-max(opened.size) // _SMALL_PX))
        return png_of(_pixels(opened.convert("RGB").reduce(times)), credit, simulated=simulated)


def _timeline(run: Run, shared: _Shared, level: int) -> dict[str, bytes]:
    events = _without_people(shared.clean(run.document("events.geojson")))
    rows = shared.clean(csv_rows(run.read("observations.csv"), OBSERVATION))
    chips = chips_in(run.read("report.html"))
    if level == FREE:
        credit, simulated = str(shared.summary["credit"]), bool(shared.summary["simulated"])
        uris = {key: _chip(chips, key, credit, simulated=simulated) for key in chips.uris}
        chips = replace(chips, uris=uris, where="left out, see share.txt")
    else:
        # The calendar shows no pixel; a chip made small shows nothing that is worth its bytes.
        every = frozenset({*chips.uris, *chips.left_out})
        chips = Chips(uris={}, left_out=every, stretch=chips.stretch, where="left out, see share.txt")
    return told_files(shared.summary, events, rows, chips, shared.inputs)


def _chip(chips: Chips, key: tuple[str, int], credit: str, *, simulated: bool) -> str:
    with Image.open(io.BytesIO(chips.png(key) or b""), formats=["PNG"]) as opened:
        return data_uri(png_of(_pixels(opened), credit, simulated=simulated))


def _note(run: Run, level: int, left: list[str], renamed: int) -> str:
    """Say what this folder is, what is not in it, and why."""
    lines = [
        f"A {run.kind} of imagery-diff, to be passed on.",
        f"Images: {_WHY[level]}. A licence is read by a few words; what it allows is for people to read.",
        f"Left out: {', '.join(left) if left else 'nothing'}.",
        f"Names of files replaced: {renamed}. Names that a provider gives its scenes stay.",
        "Initials of reviewers and review.jsonl are left out.",
        "Notes of reviewers, names and sources of the place stay as they were written: read them first.",
        "Who holds the images can hold their SHA-256 against those in manifest.json.",
        "The run this was made of is told there, too, by its content_sha256.",
    ]
    return "\n".join(lines) + "\n"
