"""A picture for print out of a finished comparison or timeline; nothing is computed again."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagery_diff.errors import ImageryDiffWarning, InputError, OutputError
from imagery_diff.figures_series import drawn_series
from imagery_diff.finished import doubted, open_run
from imagery_diff.licences import forbids_publishing
from imagery_diff.write.figure_print import figures
from imagery_diff.write.folder import refuse_within_result, safe_part
from imagery_diff.write.print_sheet import FORMATS, SIZES, Wanted
from imagery_diff.write.report.reading import pictures_in
from imagery_diff.write.retold import Retold, retold
from imagery_diff.write.tongues import LANGUAGES, tongue_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from imagery_diff.finished import Run
    from imagery_diff.write.pictures import Pictures
    from imagery_diff.write.retold import RetoldScene

SUFFIX = "_figure"
_LEAST_DPI, _MOST_DPI = 50, 1200
CAPTION = "caption.txt"


def figure(run_folder: str | Path, wanted: Wanted, output: str | Path | None = None) -> Path:
    """Draw a figure of a finished comparison or timeline, with its caption.

    Parameters
    ----------
    run_folder
        What a comparison or a timeline wrote.
    wanted
        Size, dots per inch, region (of a timeline an event, a thing or a zone), formats.
    output
        Folder for the files; ``DIR_figure_R1`` or ``DIR_figure_place`` beside the run if None. It is made where it
        is not there; no other file in it is replaced.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    InputError
        If the run is of another kind, was altered, has no such region, or a licence lets nobody publish.
    OutputError
        If a file of that name is there, or the folder cannot be written.

    """
    _check(wanted)
    run = open_run(run_folder)
    if run.kind not in {"comparison", "timeline"}:
        raise InputError(f"{run.folder.name}: is a {run.kind}; figures are drawn of comparisons and timelines")
    if "report.html" not in run.sha256:
        raise InputError(f"{run.folder.name}: was made with --no-report, so it keeps no pictures; make it again")
    run.check_manifest()
    with doubted(run):
        drawn, words, scenes = drawn_pair(run, wanted) if run.kind == "comparison" else drawn_series(run, wanted)
        _check_licences(scenes)
    # The name of a zone may be anything.
    of = safe_part(wanted.region) if wanted.region else "place"
    stem = f"figure_{of}_{wanted.size.replace(':', 'x')}"
    files = {f"{stem}.{kind}": content for kind, content in drawn.items()}
    files[CAPTION] = words.encode()
    # One folder for each region: every size of it has the same caption.
    name = f"{run.folder.name}{SUFFIX}_{of}"
    target = Path(output) if output is not None else run.folder.with_name(name)
    if target.resolve().is_relative_to(run.folder.resolve()):
        raise InputError(f"{target.name}: a figure stands beside its run, never in it; name another folder with -o")
    refuse_within_result(target)
    _write(target, files)
    return target


def _check(wanted: Wanted) -> None:
    if wanted.size not in SIZES or not set(wanted.formats) <= set(FORMATS) or not wanted.formats:
        raise InputError(f"a figure is {', '.join(SIZES)}, as {', '.join(FORMATS)}; name some of these")
    if wanted.lang not in LANGUAGES:
        raise InputError(f"a figure is told in {', '.join(LANGUAGES)}, not {wanted.lang!r:.20}")
    if not _LEAST_DPI <= wanted.dots <= _MOST_DPI:
        raise InputError(f"a figure has {_LEAST_DPI} to {_MOST_DPI} dots per inch, not {wanted.dots}")


def drawn_pair(run: Run, wanted: Wanted) -> tuple[dict[str, bytes], str, tuple[RetoldScene, ...]]:
    """Draw a figure of a comparison: format -> file; its caption; and the images it shows."""
    summary = run.document("summary.json")
    regions = run.document("regions.geojson") if "regions.geojson" in run.sha256 else None
    pictures, told = pictures_in(run.read("report.html")), retold(summary, regions)
    _check_region(told, wanted.region)
    drawn = figures(told, tongue_of(wanted.lang).headline(summary), pictures, wanted)
    return drawn, caption(summary, told, pictures, wanted), told.images


def _check_region(told: Retold, name: str | None) -> None:
    if name is None:
        return
    kept = [region.id for region in told.kept]
    if name in told.reviews and name not in kept:
        raise InputError(f"{name}: was rejected by a reviewer; a figure of it would say that it is there")
    if name not in kept:
        raise InputError(f"there is no region {name!r:.40} in this comparison; there are: {', '.join(kept) or 'none'}")


def _check_licences(scenes: Sequence[RetoldScene]) -> None:
    """Refuse to show what must not be shown; warn where nobody says whose it is."""
    simulated = any(scene.simulated for scene in scenes)
    for scene in scenes:
        if forbids_publishing(scene.licence):
            raise InputError(
                f"{scene.name}: its licence says {scene.licence!r:.160}, so that no figure of it may be"
                " published; ask whoever gave you the image"
            )
        if not scene.credit and not simulated:
            warnings.warn(
                f"{scene.name}: whose it is is not known; the figure says 'credit unknown'",
                ImageryDiffWarning,
                stacklevel=3,
            )


def caption(summary: Mapping[str, Any], told: Retold, pictures: Pictures, wanted: Wanted) -> str:
    """Write what must be said beside a figure: what, where, when, by what, how sure, whose, and under which licence."""
    tongue = tongue_of(wanted.lang)
    sensors, credit = tongue.foot(told, pictures)
    lines = [
        tongue.headline(summary),
        *(tongue.description(region, told) for region in told.kept if wanted.region in {None, region.id}),
        tongue.where_and_when(summary),
        sensors,
        *(tongue.caveat(doubt) for doubt in told.caveats),
        credit,
        *dict.fromkeys(tongue.licence(scene) for scene in told.images if not told.simulated),
    ]
    return "\n".join(lines) + "\n"


def _write(target: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a folder, all or none; nothing that is there is replaced by other content."""
    try:
        target.lstat()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise OutputError(
            f"cannot write to {target.name[:60]} ({error.strerror}); name another folder with -o"
        ) from error
    same = {name for name, content in files.items() if (target / name).is_file() and _is(target / name, content)}
    there = [name for name in files if name not in same and ((target / name).exists() or (target / name).is_symlink())]
    if there:
        raise OutputError(f"cannot write {there[0]}: it is in {target.name} already; name another folder with -o")
    made: list[Path] = []
    is_new = not target.exists()
    try:
        target.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target, prefix=".partial_") as staged:
            for name, content in files.items():
                (Path(staged) / name).write_bytes(content)
            for name in sorted(set(files) - same):
                made.append(target / name)
                shutil.move(Path(staged) / name, target / name)
    except OSError as error:
        for path in made:
            path.unlink(missing_ok=True)
        if is_new and target.is_dir():
            target.rmdir()
        raise OutputError(f"cannot write to {target.name} ({error.strerror}); name another folder with -o") from error


def _is(path: Path, content: bytes) -> bool:
    return path.stat().st_size == len(content) and path.read_bytes() == content
