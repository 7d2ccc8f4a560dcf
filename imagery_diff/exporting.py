"""Story: export(), a finished run as files for other tools; nothing is computed again, nothing goes into the run."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imagery_diff.errors import InputError
from imagery_diff.exporting_layers import Subject, subject_of
from imagery_diff.finished import doubted, open_run
from imagery_diff.result import SCHEMA_VERSION
from imagery_diff.write import folder as folders
from imagery_diff.write import manifest as manifests
from imagery_diff.write.model import plain, to_json
from imagery_diff.write.tongues import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from imagery_diff.finished import Run

SUFFIX, SHARED = "_export", "_share"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to be written; at least one of the formats."""

    gpkg: bool = False
    """GeoPackage with styles."""
    qgis: bool = False
    """QGIS project, with everything it shows."""
    inputs: str | Path | None = None
    """Folder of the images, for the project and for ``images``."""
    images: bool = False
    """Both images as the comparison saw them."""
    kml: bool = False
    csv: bool = False
    """CSV with outlines as WKT."""
    parquet: bool = False
    """GeoParquet, a file a layer."""
    report: bool = False
    """Page of a comparison, in ``lang``."""
    lang: str | None = None
    """Language of the page, of ``tongues.LANGUAGES``; English if None."""
    times: bool = False
    """Whether the KML has times."""
    pictures: bool = False
    """Whether the KML shows the run's picture."""
    stac: bool = False
    """STAC Item, with every file of the run."""
    share: bool = False
    """The run itself to be passed on, by itself: no names of files or people, of its images what their licences let."""

    def __post_init__(self) -> None:
        if self.share and (self.layered or self.report):
            raise InputError("what is shared stands by itself: other formats keep names of files; write them elsewhere")
        if not (self.layered or self.report or self.share):
            raise InputError("nothing is wanted: name a format, such as gpkg or kml")
        if self.images and self.inputs is None:
            raise InputError("a run keeps no images: name the folder that holds them (inputs)")
        if self.lang is not None and (self.lang not in LANGUAGES or not self.report):
            raise InputError(f"a language is one of a report; give report, and one of {', '.join(LANGUAGES)}")

    @property
    def layered(self) -> bool:
        """Whether anything is wanted that has a place on the earth."""
        return any((self.gpkg, self.qgis, self.kml, self.csv, self.parquet, self.images, self.stac))


def export(run_folder: str | Path, wanted: Wanted, output: str | Path | None = None) -> Path:
    """Write a finished comparison or timeline in other formats.

    Parameters
    ----------
    run_folder
        The folder of the run, which is only read.
    wanted
        Which formats.
    output
        The folder to write; ``NAME_export`` beside the run if not given. Its parent must exist. One that exists is
        replaced only if it is an unaltered export of the same images.

    Returns
    -------
    Path
        The folder, absolute.

    Raises
    ------
    InputError
        If the run is of another kind, was altered, or has no place on the earth.
    OutputError
        If the folder cannot be written, or holds something that is not ours.
    MissingExtraError
        If a format needs a library that is not installed.

    """
    run = open_run(run_folder)
    suffix = SHARED if wanted.share else SUFFIX
    target = folders.check_target(output or run.folder.with_name(f"{run.folder.name}{suffix}"))
    here, there = run.folder.resolve(), target.resolve()
    if there.is_relative_to(here) or here.is_relative_to(there):
        raise InputError(f"{target.name}: an export stands beside its run, never in it; name another folder with -o")
    run.check_manifest()
    source = dict(run.manifest)
    if wanted.share:
        from imagery_diff.exporting_share import share_files  # noqa: PLC0415 - loads jinja2

        files, told = share_files(run)
        source |= told
    else:
        files = _report(run, wanted.lang or "en") if wanted.report else {}
    if wanted.layered:
        subject = subject_of(run, target)
        with doubted(run):
            files |= _files(subject, wanted)
    content = files | {manifests.NAME: to_json(_manifest(run, files, source, "share" if wanted.share else "export"))}
    with folders.locked(target):
        folders.refuse_other_images(target, content[manifests.NAME])
        folders.write_folder(target, content)
    return target


def _report(run: Run, lang: str) -> dict[str, bytes]:
    """Return the run's page as it is, or told again in another language from the run's documents and pictures."""
    if run.kind not in {"comparison", "timeline"}:
        raise InputError(f"{run.folder.name}: is a {run.kind}; reports are of comparisons and timelines")
    page = run.read("report.html") if "report.html" in run.sha256 else None
    if page is None:
        raise InputError(f"{run.folder.name}: was made with --no-report, so it keeps no pictures; make it again")
    if lang == "en":
        return {"report.html": page}
    if run.kind != "comparison":
        raise InputError(f"{run.folder.name}: is a {run.kind}; so far only reports of comparisons are told in {lang}")
    from imagery_diff.write.korean.page import korean_report  # noqa: PLC0415 - loads jinja2
    from imagery_diff.write.report.pair import Told  # noqa: PLC0415
    from imagery_diff.write.report.reading import pictures_in  # noqa: PLC0415

    regions = run.document("regions.geojson") if "regions.geojson" in run.sha256 else None
    summary, inputs = run.document("summary.json"), run.manifest["inputs"]
    with doubted(run):
        told = Told(summary=summary, regions=regions, pictures=pictures_in(page), inputs=inputs)
        return {f"report.{lang}.html": korean_report(told)}


def _files(subject: Subject, wanted: Wanted) -> dict[str, bytes]:
    """Every file that is wanted, name -> content."""
    files: dict[str, bytes] = {}
    writers: list[tuple[bool, Callable[[Subject, Wanted], dict[str, bytes]]]] = [
        (wanted.gpkg or wanted.qgis, _gpkg),
        (wanted.qgis, _qgis),
        (wanted.kml, _kml),
        (wanted.csv, _csv),
        (wanted.parquet, _parquet),
        (wanted.images, _images),
    ]
    for is_wanted, writer in writers:
        if is_wanted:
            files |= writer(subject, wanted)
    if wanted.stac:
        from imagery_diff.exporting_stac import item_files  # noqa: PLC0415 - only where it is wanted

        # The last: it names all others.
        files |= item_files(subject, files)
    return files


def _gpkg(subject: Subject, wanted: Wanted) -> dict[str, bytes]:
    """Write layers with the styles in them, and the GeoJSON with its style beside it."""
    from imagery_diff.write.geopackage import geopackage_bytes  # noqa: PLC0415 - only where it is wanted
    from imagery_diff.write.qgis_style import qml, vector_style  # noqa: PLC0415

    del wanted
    moment, stem = subject.run.manifest["created"], subject.stem
    styles = {layer.name: qml(vector_style(layer), labels=True) for layer in subject.layers}
    return {
        f"{stem}.gpkg": geopackage_bytes(subject.layers, subject.crs, styles, moment),
        f"{stem}.geojson": subject.run.read(f"{stem}.geojson"),
        f"{stem}.qml": styles[stem],
    }


def _qgis(subject: Subject, wanted: Wanted) -> dict[str, bytes]:
    from imagery_diff.exporting_qgis import project  # noqa: PLC0415 - only where it is wanted
    from imagery_diff.write.qgis_style import evidence_style, qml  # noqa: PLC0415

    files = {f"{subject.stem}.qgs": project(subject, wanted.inputs)}
    if "evidence.tif" in subject.run.sha256:
        files |= {"evidence.tif": subject.run.read("evidence.tif"), "evidence.qml": qml(evidence_style())}
    return files


def _kml(subject: Subject, wanted: Wanted) -> dict[str, bytes]:
    from imagery_diff.write.kml import kml_bytes  # noqa: PLC0415 - only where it is wanted

    run = subject.run
    picture = ("overview.png" if run.kind == "comparison" else "timeline.png") if wanted.pictures else None
    # Of a series a zone would lie on itself as often as it was looked at.
    shown = [layer for layer in subject.layers if layer.name != "observations"]
    place = subject.summary["aoi"]
    notes = [*subject.summary["caveats"], f"Credit: {subject.summary['credit']}"]
    title = f"{place['title'] or place['name']}: {run.kind}"
    if subject.summary["simulated"]:
        title += f" ({subject.summary['credit'].split('; ')[0]})"
    text = kml_bytes(title, shown, notes, times=wanted.times, picture=picture)
    return {f"{subject.stem}.kml": text} | ({picture: run.read(picture)} if picture else {})


def _csv(subject: Subject, wanted: Wanted) -> dict[str, bytes]:
    from imagery_diff.write.timeline_rows import csv_bytes  # noqa: PLC0415 - only where it is wanted

    del wanted
    layer = subject.layer(subject.stem)
    rows = [{**row, "wkt": o and o.wkt} for row, o in zip(layer.rows, layer.outlines, strict=True)]
    return {f"{subject.stem}.csv": csv_bytes(rows, [*layer.fields, "wkt"])}


def _parquet(subject: Subject, wanted: Wanted) -> dict[str, bytes]:
    from imagery_diff.write.geoparquet import geoparquet_bytes  # noqa: PLC0415 - only where it is wanted

    del wanted
    made_of = {
        "schema_version": SCHEMA_VERSION,
        "simulated": subject.summary["simulated"],
        "credit": subject.summary["credit"],
        "caveats": subject.summary["caveats"],
        "run": _source(subject.run),
        "software": {"imagery_diff": manifests.versions()["imagery_diff"]},
    }
    return {f"{layer.name}.parquet": geoparquet_bytes(layer, made_of) for layer in subject.layers}


def _images(subject: Subject, wanted: Wanted) -> dict[str, bytes]:
    from imagery_diff.exporting_aligned import aligned_images  # noqa: PLC0415 - loads every story

    assert wanted.inputs is not None
    return aligned_images(subject, wanted.inputs)


def _source(run: Run) -> dict[str, Any]:
    """Name the run something was made from."""
    return {name: run.manifest[name] for name in ("product", "content_sha256", "created")}


def _manifest(run: Run, files: dict[str, bytes], source: Mapping[str, Any], product: str) -> dict[str, Any]:
    """Say what was written, from which run and of which images; ``source`` is what the run's manifest says of them."""
    document: dict[str, Any] = plain(
        {
            "schema_version": SCHEMA_VERSION,
            "product": f"imagery_diff {product}",
            "simulated": source["simulated"],
            "credit": source["credit"],
            "run": _source(run),
            "inputs": source["inputs"],
            "outputs": manifests.outputs_of(files),
            "software": manifests.versions(),
        }
    )
    document["content_sha256"] = manifests.content_sha256(document)
    document["created"] = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return document
