"""A finished run: the folder of a result that was written earlier, hostile until parsed, never changed here.

What stands in its manifest is held against what stands in the folder; what does not agree is named, not guessed at.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagery_diff.errors import ImageryDiffError, InputError, InputNotFoundError
from imagery_diff.write import manifest as manifests
from imagery_diff.write.folder import REVIEWS, locked, put_aside
from imagery_diff.write.retold import BROKEN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PAGES = "jinja2"
"""What pages are made with; it fails in ways of its own, and is not loaded to name them."""
_PRODUCT = "imagery_diff "
_MANIFEST_BYTES = 64 << 20
_FILE_BYTES = 1 << 30
"""More than this no file of a result holds; a larger one is read by nobody."""
_DOCUMENT_BYTES = 64 << 20
"""The same of a document: that of a hundred looks of a port has a twentieth of it."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A result folder, by its manifest."""

    folder: Path
    manifest: Mapping[str, Any]
    sha256: Mapping[str, str]
    """Name -> digest of every other file of the result, as the manifest lists them."""
    manifest_is_whole: bool
    """Whether the manifest is as it was written, to the last byte."""

    @property
    def kind(self) -> str:
        """``comparison``, ``timeline``, ``look`` or ``sensitivity``."""
        return str(self.manifest["product"]).removeprefix(_PRODUCT)

    @property
    def unlisted(self) -> tuple[str, ...]:
        """Name what stands in the folder and is no part of the result; a review belongs there."""
        with os.scandir(self.folder) as entries:
            names = {entry.name for entry in entries}
        return tuple(sorted(names - {manifests.NAME, REVIEWS, *self.sha256}))

    def altered(self) -> tuple[str, ...]:
        """Name every file that is not there any more or has other bytes; the manifest first."""
        wrong = [] if self.manifest_is_whole else [manifests.NAME]
        return (*wrong, *(name for name, digest in self.sha256.items() if _sha256(self.folder / name) != digest))

    def check_manifest(self) -> None:
        """Refuse a run whose manifest is not as it was written: what it says of the others holds no more.

        Raises
        ------
        InputError
            If it is not.

        """
        if not self.manifest_is_whole:
            raise InputError(
                f"{self.folder.name}: its {manifests.NAME} was changed since it was written; make it again"
            )

    def read(self, name: str) -> bytes:
        """Return a file of the result.

        Raises
        ------
        InputError
            If the result has none of this name, or it was changed since.

        """
        if name not in self.sha256:
            raise InputError(f"{self.folder.name}: this {self.kind} has no {name}; make it again with this version")
        path = self.folder / name
        try:
            content = path.read_bytes() if _is_file(path) and path.stat().st_size <= _FILE_BYTES else None
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror}); make the result again") from error
        if content is None:
            raise InputError(f"{path}: is no file any more, though the manifest lists it; make the result again")
        if hashlib.sha256(content).hexdigest() != self.sha256[name]:
            raise InputError(
                f"{path}: was changed since the result was written (its SHA-256 is not that of {manifests.NAME}); put"
                " the original back, or make the result again"
            )
        return content

    def document(self, name: str) -> dict[str, Any]:
        """Return a JSON file of the result."""
        content = self.read(name)
        if len(content) > _DOCUMENT_BYTES:
            raise InputError(f"{self.folder / name}: is larger than any document of a result; make the result again")
        try:
            document = json.loads(content)
        except (ValueError, RecursionError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"{self.folder / name}: is no JSON; make the result again") from error
        if not isinstance(document, dict):
            raise InputError(f"{self.folder / name}: is no JSON object; make the result again")
        return document


@contextlib.contextmanager
def doubted(run: Run) -> Iterator[None]:
    """Make one line of whatever a run's documents break that are not as this version writes them.

    Whoever holds a folder can write files whose hashes agree.

    Raises
    ------
    InputError
        Of anything but an error of ours, which passes as it is.

    """
    try:
        yield
    except ImageryDiffError:
        raise
    except Exception as error:
        if not (isinstance(error, BROKEN) or type(error).__module__.startswith(_PAGES)):
            raise
        raise InputError(
            f"{run.folder.name}: its files are not as this version writes them ({type(error).__name__}); make it again"
        ) from error


def open_run(folder: str | Path) -> Run:
    """Open the folder of a result.

    Raises
    ------
    InputNotFoundError
        If there is no such folder.
    InputError
        If it is no result of ours, or its manifest cannot be read.

    """
    place = Path(os.path.abspath(folder))  # noqa: PTH100 - resolve() would follow a link to another place
    if not os.path.isdir(place):  # noqa: PTH112 - unlike Path's, False of a name that is too long, too
        if put_aside(place) is not None:
            raise InputNotFoundError(
                f"{folder}: a run was killed while it replaced this result; imagery-diff review {folder}, or the run"
                " again, puts it back"
            )
        there = os.path.exists(place)  # noqa: PTH110
        what = "is a file; the folder of a finished run is needed" if there else "does not exist"
        raise InputNotFoundError(f"{folder}: {what}; name a folder that imagery-diff wrote")
    path = place / manifests.NAME
    if not _is_file(path):
        raise InputError(f"{folder}: holds no {manifests.NAME}; name a folder that imagery-diff wrote")
    try:
        content = path.read_bytes() if path.stat().st_size <= _MANIFEST_BYTES else b"null"
        return _run(place, content)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(
            f"{path}: is no manifest of imagery-diff ({type(error).__name__}); name a folder that imagery-diff wrote"
        ) from error


@contextlib.contextmanager
def held(folder: str | Path) -> Iterator[Run]:
    """Open the folder of a result that no other process reviews or replaces meanwhile; what was put aside is put back.

    Raises
    ------
    InputNotFoundError, InputError
        As of :func:`open_run`.
    OutputError
        If nothing can be written beside it.

    """
    with locked(Path(os.path.abspath(folder))):  # noqa: PTH100 - resolve() would follow a link to another place
        yield open_run(folder)


def _run(folder: Path, content: bytes) -> Run:
    """Build it from a manifest; what is no manifest fails in one of many ways."""
    document: Any = json.loads(content)
    if not str(document["product"]).startswith(_PRODUCT):
        raise ValueError("of another program")
    outputs = {str(entry["name"]): str(entry["sha256"]) for entry in document["outputs"]}
    if any(name != Path(name).name or "\0" in name or name in {"", ".", "..", manifests.NAME} for name in outputs):
        raise ValueError("a name leads out of the folder")
    whole = manifests.is_whole(content, document)
    return Run(folder=folder, manifest=document, sha256=outputs, manifest_is_whole=whole)


def _is_file(path: Path) -> bool:
    """Say whether a plain file stands there; no link is followed."""
    return path.is_file() and not path.is_symlink()


def _sha256(path: Path) -> str | None:
    """Digest of a file; None where there is none that can be read."""
    if not _is_file(path):
        return None
    try:
        return manifests.file_sha256(path)
    except OSError:
        return None
