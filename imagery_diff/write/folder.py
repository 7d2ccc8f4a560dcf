"""The result folder: written beside its place and renamed, so that it is there whole or not at all.

What stands in the way is replaced only if its manifest says that it is an unaltered result of ours.
"""

from __future__ import annotations

import contextlib
import errno
import glob
import hashlib
import json
import os
import re
import secrets
import shutil
import stat
import unicodedata
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagery_diff import threads
from imagery_diff.errors import ImageryDiffError, ImageryDiffWarning, OutputError
from imagery_diff.write import manifest as manifests
from imagery_diff.write.cog import evidence_tif, maybe_unreferenced
from imagery_diff.write.figure import overview_png
from imagery_diff.write.geojson import regions_geojson
from imagery_diff.write.model import summary, to_json
from imagery_diff.write.pictures import pictures_of
from imagery_diff.write.retold import BROKEN, retold
from imagery_diff.write.review_log import read_log
from imagery_diff.write.words import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from imagery_diff.result import Comparison
    from imagery_diff.scene import SceneInfo
    from imagery_diff.write.pictures import Pictures

try:
    import fcntl
except ImportError:  # pragma: no cover - not on every system
    fcntl = None  # type: ignore[assignment]

REVIEWS = "review.jsonl"
"""What people wrote about a result; it outlives a rerun."""
_PART_BYTES = 60
"""Longest part of a folder name; three of them and a suffix stay under the 255 bytes file systems allow."""
_MANIFEST_BYTES = 64 << 20
_OURS = "imagery_diff "
_ADVICE = "name another folder with -o, or move this one away"


def save(
    result: Comparison, folder: str | Path, more: Mapping[str, bytes] | None = None, *, report: bool = True
) -> Path:
    """Write a result folder, with ``more`` files (name -> content) if any; see `imagery_diff.write.save_comparison`."""
    target = check_target(folder)
    files = result_files(result, more, report=report)
    with locked(target):
        refuse_other_images(target, files[manifests.NAME])
        write_folder(target, with_review_of(target, files))
    return target


def with_review_of(target: Path, files: dict[str, bytes]) -> dict[str, bytes]:
    """Keep the review of the result that is replaced where its findings still are; say where they are not.

    The place must be held (:func:`locked`) until that is written, or what is reviewed meanwhile is lost.
    """
    path = target / REVIEWS
    log = path.read_bytes() if path.is_file() else b""
    if not log:
        return files
    try:
        told = after_review(files, log)
    except ImageryDiffError:
        raise
    except BROKEN as error:
        raise OutputError(
            f"cannot write to {target}: its {REVIEWS} cannot be laid over the new result ({type(error).__name__});"
            " put the original back, or name another folder with -o"
        ) from error
    for lost in json.loads(told[manifests.NAME])["review"]["lost"]:
        warnings.warn(
            f"the review of {lost['region']} ({lost['action']}, {lost['by']}) has no finding any more",
            ImageryDiffWarning,
            stacklevel=3,
        )
    return told | {REVIEWS: log}


def after_review(files: Mapping[str, bytes], log: bytes) -> dict[str, bytes]:
    """Return the files of a comparison or a timeline, name -> content, as they are after a review."""
    from imagery_diff.write import reviewed, reviewed_series  # noqa: PLC0415 - only after a review

    is_series = json.loads(files[manifests.NAME])["product"] == "imagery_diff timeline"
    return reviewed_series.with_review(files, log) if is_series else reviewed.with_review(files, log)


def check_target(folder: str | Path) -> Path:
    """Return the absolute path of a result folder; refuse one that cannot be made or holds what is not ours."""
    try:
        target = Path(os.path.abspath(folder))  # noqa: PTH100 - resolve() would follow a link to another place
    except FileNotFoundError as error:
        raise OutputError("the current folder does not exist any more; go to another one and run again") from error
    _check_place(target)
    if not os.path.lexists(target):
        refuse_within_result(target.parent)
    if REVIEWS in _check_replaceable(target):
        # Before anything is computed: no result takes the place of one whose review cannot be kept.
        read_log((target / REVIEWS).read_bytes())
    return target


def result_files(
    result: Comparison, more: Mapping[str, bytes] | None = None, *, report: bool = True
) -> dict[str, bytes]:
    """Every file of a result, name -> content, the manifest last."""
    inputs = manifests.inputs_of({"before": result.before, "after": result.after})
    told = summary(result)
    regions = regions_geojson(result) if result.grid.crs is not None else None
    pictures = pictures_of(result)
    # The longest first: GDAL and Pillow let go of the interpreter while they pack.
    packing: dict[str, Callable[[], bytes]] = {
        "overview.png": lambda: overview_png(retold(told, regions), pictures),
        "evidence.tif": lambda: evidence_tif(result),
    }
    with maybe_unreferenced():
        files = dict(zip(packing, threads.each(lambda name: packing[name](), list(packing)), strict=True))
    files |= {"summary.json": to_json(told)} | ({} if regions is None else {"regions.geojson": to_json(regions)})
    if report:
        files["report.html"] = page(told, regions, pictures, inputs)
    files |= more or {}
    return files | {manifests.NAME: manifests.manifest_json(result, files, inputs=inputs)}


def page(
    told: Mapping[str, Any], regions: Mapping[str, Any] | None, pictures: Pictures, inputs: Sequence[Mapping[str, Any]]
) -> bytes:
    """Write the page for readers."""
    from imagery_diff.write.report.pair import Told, pair_report  # noqa: PLC0415 - loads jinja2

    return pair_report(Told(summary=told, regions=regions, pictures=pictures, inputs=inputs))


def result_folder_name(result: Comparison) -> str:
    """Name of the folder a result goes to by default.

    AOI and both times, such as ``najin_20231020T0201Z_20231020T0643Z``; the stem of a file stands in for a time that is
    not known. Whatever the files are called, the name is one part of a path and no longer than a file system allows.
    """
    return "_".join(safe_part(part) for part in (result.name, _moment(result.before), _moment(result.after)))


def name_of(place: str, image: SceneInfo, what: str) -> str:
    """Name of a folder about one image, such as ``najin_20231020T0201Z_look``."""
    return "_".join(safe_part(part) for part in (place, _moment(image), what))


def name_of_series(place: str, first: SceneInfo, last: SceneInfo) -> str:
    """Name of a folder about many images, such as ``najin_20231016T0204Z_20231021T0209Z_timeline``."""
    return "_".join(safe_part(part) for part in (place, _moment(first), _moment(last), "timeline"))


@contextlib.contextmanager
def locked(target: Path) -> Iterator[None]:
    """Hold the place of a result alone: of two processes that review or replace it, the other waits.

    What is locked is a file beside it, for the folder itself is another one after each swap. What a process that was
    killed had put aside (:func:`_swap`) is put back first. Not to be nested.

    Raises
    ------
    OutputError
        If nothing can be written there.

    """
    if fcntl is None or not target.name or not target.parent.is_dir():
        yield
        return
    path = _beside(target, "lock")
    try:
        held = _held(path)
    except OSError as error:
        if os.path.lexists(path):
            raise OutputError(
                f"cannot write to {target}: {path.name} beside it cannot be locked ({error.strerror}); remove it if"
                " nobody writes there now"
            ) from error
        raise OutputError(_explained(error, target, 0)) from error
    try:
        _put_back(target)
        yield
    finally:
        # Whoever waits sees that the file he got is not the one that stands there, and takes a new one.
        path.unlink(missing_ok=True)
        os.close(held)


def _held(path: Path) -> int:
    """Open a lock that is ours alone and still stands under its name."""
    while True:
        held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        try:
            _lock(held)
            if path.exists() and os.path.samestat(os.fstat(held), path.stat()):
                return held
        except BaseException:
            os.close(held)
            raise
        os.close(held)


def _lock(held: int) -> None:
    """Wait until a file is ours alone; some file systems have no locks, and there a result is still to be written."""
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in {errno.ENOTSUP, errno.ENOSYS, errno.ENOLCK}:
            raise


def _put_back(target: Path) -> None:
    """Put a result back that was put aside by a process that was killed before the new one stood in its place."""
    left = put_aside(target)
    if left is None:
        return
    try:
        left.rename(target)
    except OSError as error:
        raise OutputError(_explained(error, target, 0)) from error
    warnings.warn(
        f"{target.name}: a run was killed while it replaced this result, which is put back as it was",
        ImageryDiffWarning,
        stacklevel=4,
    )


def put_aside(target: Path) -> Path | None:
    """Return what stood in a place where nothing stands, if it was put aside and is whole; the last of several."""
    if os.path.lexists(target):
        return None
    whole = []
    for old in target.parent.glob(glob.escape(_beside(target, "").name) + "*.old"):
        with contextlib.suppress(OutputError):
            if _check_replaceable(old):
                whole.append(old)
    return max(whole, key=lambda old: old.stat().st_ctime_ns, default=None)


def _beside(target: Path, what: str) -> Path:
    """Name what stands beside a folder for a moment; the digest keeps long names apart that begin alike."""
    digest = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:8]
    return target.with_name(f".{target.name[:40]}.{digest}.{what}")


def write_folder(target: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a new folder and put it in the place of ``target``.

    A log of a review that stands there is kept, unless ``files`` bring it.

    Raises
    ------
    OutputError
        If that is not possible; then, as after Ctrl-C, what stood there still stands and nothing else was left behind.

    """
    _refuse_other_kind(target, files)
    fresh = _beside(target, f"{secrets.token_hex(6)}.partial")
    try:
        fresh.mkdir()
        for name, content in files.items():
            (fresh / name).write_bytes(content)
        if REVIEWS in files:
            _to_disk(fresh / REVIEWS)
        _swap(fresh, target)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(_explained(error, target, sum(map(len, files.values())))) from error
    finally:
        # Also on KeyboardInterrupt; after a successful rename there is nothing here any more.
        if fresh.exists():
            shutil.rmtree(fresh, ignore_errors=True)


def _refuse_other_kind(target: Path, files: Mapping[str, bytes]) -> None:
    """Replace a result by one of its kind only: an export is no run, and a run that was reviewed is somebody's work."""
    old = target / manifests.NAME
    if manifests.NAME not in files or not old.is_file():
        return
    told = (old.read_bytes(), files[manifests.NAME])
    was, will = (str(json.loads(text)["product"]).removeprefix(_OURS) for text in told)
    if was != will:
        raise OutputError(f"cannot write to {target}: it holds a result of another kind ({clean(was)}); {_ADVICE}")


def _to_disk(path: Path) -> None:
    """Wait until a file is on the disk: what a person said cannot be computed again."""
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


def _swap(fresh: Path, target: Path) -> None:
    """Put the new folder in its place, the old one aside until that is done."""
    known = _check_replaceable(target)
    if not known:
        # An empty folder may stand there; rename replaces it, and refuses one that has been filled since.
        fresh.rename(target)
        return
    if REVIEWS in known and not (fresh / REVIEWS).exists():
        shutil.copy2(target / REVIEWS, fresh / REVIEWS, follow_symlinks=False)
    old = fresh.with_suffix(".old")
    try:
        target.rename(old)
        fresh.rename(target)
    except BaseException:
        if old.exists() and not target.exists():
            old.rename(target)
        raise
    _remove(old, known)


def _remove(old: Path, known: list[str]) -> None:
    """Delete the replaced result, file by file: what somebody put there meanwhile is not ours to delete."""
    with contextlib.suppress(OSError):
        for name in known:
            (old / name).unlink(missing_ok=True)
        old.rmdir()
    if old.exists():
        warnings.warn(
            f"the replaced result could not be removed altogether: {old.name}", ImageryDiffWarning, stacklevel=2
        )


def _check_place(target: Path) -> None:
    """Refuse a place where no folder can be made, before anything is computed."""
    try:
        linked, here = target.is_symlink(), Path.cwd()
    except FileNotFoundError as error:
        raise OutputError("the current folder does not exist any more; go to another one and run again") from error
    except OSError as error:
        raise OutputError(
            f"cannot write to {target.name[:60]} ({error.strerror}); name another folder with -o"
        ) from error
    if linked:
        raise OutputError(f"cannot write to {target}: it is a symbolic link; name the folder it points to")
    if here.is_relative_to(target):
        raise OutputError(f"cannot write to {target}: it holds the current folder; name a new folder in it with -o")
    parent = target.parent
    if not parent.is_dir():
        missing = next((p for p in (*reversed(parent.parents), parent) if not p.is_dir()), parent)
        what = "is not a folder" if missing.exists() else "does not exist"
        raise OutputError(f"cannot write to {target}: {missing} {what}; make it first, or name another folder with -o")


def _check_replaceable(target: Path) -> list[str]:
    """Return the files of the result that stands at ``target``, if any; refuse anything that is not ours."""
    try:
        if not os.path.lexists(target):
            return []
        if not stat.S_ISDIR(target.lstat().st_mode):
            raise OutputError(f"cannot write to {target}: it is a file, a folder is needed; {_ADVICE}")
        with os.scandir(target) as entries:
            found = {entry.name: entry.is_file(follow_symlinks=False) for entry in entries}
        if found:
            _refuse_foreign(target, found)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"cannot look into {target} ({error.strerror}); {_ADVICE}") from error
    return sorted(found)


def _refuse_foreign(target: Path, found: dict[str, bool]) -> None:
    """Compare a folder's files with its manifest; anything more, less or different is not ours to replace."""
    if not found.get(manifests.NAME):
        name = min(found)
        raise OutputError(f"cannot write to {target}: it holds '{name}' and no manifest of ours; {_ADVICE}")
    listed = _listed_outputs(target / manifests.NAME)
    if listed is None:
        raise OutputError(f"cannot write to {target}: its {manifests.NAME} is not an unaltered one of ours; {_ADVICE}")
    for name in sorted(found):
        if name in {manifests.NAME, REVIEWS} and found[name]:
            continue
        if name not in listed or not found[name]:
            raise OutputError(f"cannot write to {target}: '{name}' in it is not part of the result; {_ADVICE}")
        if manifests.file_sha256(target / name) != listed[name]:
            raise OutputError(f"cannot write to {target}: '{name}' in it was changed since it was written; {_ADVICE}")


def refuse_other_images(target: Path, manifest: bytes) -> None:
    """Replace the result of the same images only: two products of one minute would share a folder's name."""
    old = target / manifests.NAME
    if not old.is_file():
        return
    inputs = [
        {(entry["role"], entry["sha256"]): entry["name"] for entry in json.loads(text)["inputs"]}
        for text in (old.read_bytes(), manifest)
    ]
    if inputs[0].keys() != inputs[1].keys():
        names = ", ".join(clean(str(name)) for name in list(inputs[0].values())[:2])
        raise OutputError(f"cannot write to {target}: it holds the result of other images ({names} …); {_ADVICE}")


def refuse_within_result(place: Path) -> None:
    """Refuse a place in a finished result, wherever links lead: with more in it, it is not ours to tell anew."""
    resolved = place.resolve()
    inside = next((folder for folder in (resolved, *resolved.parents) if says_it_is_ours(folder)), None)
    if inside is not None:
        raise OutputError(
            f"cannot write to {place}: it lies in a finished result, {inside.name}; name a folder beside it with -o"
        )


def says_it_is_ours(folder: Path) -> bool:
    """Say whether a folder calls itself a result of ours, altered or not; deliveries have a manifest.json too."""
    try:
        path = folder / manifests.NAME
        if not path.is_file() or path.stat().st_size > _MANIFEST_BYTES:
            return False
        return str(json.loads(path.read_bytes())["product"]).startswith("imagery_diff ")
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def _listed_outputs(path: Path) -> dict[str, str] | None:
    """Name -> SHA-256 of the outputs a manifest lists; None if it is not ours or was altered."""
    if path.stat().st_size > _MANIFEST_BYTES:
        return None
    try:
        document: Any = json.loads(path.read_bytes())
        if not str(document["product"]).startswith("imagery_diff "):
            return None
        if document["content_sha256"] != manifests.content_sha256(document):
            return None
        return {str(entry["name"]): str(entry["sha256"]) for entry in document["outputs"]}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _explained(error: OSError, target: Path, size: int) -> str:
    """Say in a line why a folder could not be written."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return (
            f"cannot write to {target}: the disk is full, the result needs {size / 1e6:.1f} MB; make room, or name a"
            " folder on another disk with -o"
        )
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return f"cannot write to {target}: no permission to write in {target.parent}; name another folder with -o"
    return f"cannot write to {target} ({error.strerror or error}); name another folder with -o"


def _moment(info: SceneInfo) -> str:
    return f"{info.acquired:%Y%m%dT%H%MZ}" if info.acquired else Path(info.name).stem


def safe_part(part: str) -> str:
    """Make a name harmless as part of a path: letters, digits, dot, dash and underscore, not led by a dot or dash."""
    text = unicodedata.normalize("NFC", part.encode("utf-8", errors="ignore").decode("utf-8"))
    text = "".join(c if c.isalnum() or c in "._-" else "_" for c in text)
    text = re.sub(r"_{2,}", "_", text).strip("._-")
    return text.encode("utf-8")[:_PART_BYTES].decode("utf-8", errors="ignore") or "image"
