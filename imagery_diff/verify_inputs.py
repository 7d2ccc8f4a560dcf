"""The images that a run read, found again by name and hash, and copied to where they can be opened as they were.

Names in a manifest are judged before they become paths; links are not followed; nothing is written beside the images.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagery_diff.errors import InputError, InputNotFoundError
from imagery_diff.read.assets import Asset, open_delivery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MAX_FILES = 200_000
"""So many files at most are looked through."""
_ARCHIVES = {".zip", ".tar"}
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME_BYTES = 255


@dataclass(frozen=True, kw_only=True)
class Input:
    """A file that a manifest says was read."""

    role: str
    name: str
    within: str
    """Where it lay in its delivery, its name included."""
    size: int | None
    sha256: str | None
    """None where none was taken."""
    note: str


@dataclass(frozen=True, kw_only=True)
class Located:
    """What was found of it."""

    wanted: Input
    state: str
    """``intact``, ``altered``, ``missing`` or ``not checked``."""
    note: str = ""
    asset: Asset | None = None
    """Where it lies; of one that is intact."""


def listed(manifest: Mapping[str, Any]) -> tuple[Input, ...]:
    """Return the inputs that a manifest lists.

    Raises
    ------
    InputError
        If it lists them in no form of ours, or a name leads elsewhere.

    """
    try:
        return tuple(_input(entry) for entry in manifest["inputs"])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"manifest.json: lists its inputs in no form of ours ({type(error).__name__})") from error


def _input(entry: Any) -> Input:
    name, size, digest = entry["name"], entry["size"], entry["sha256"]
    within = entry.get("within", name)
    for path in (name, within):
        if not isinstance(path, str) or not all(_is_name(part) for part in path.split("/")):
            raise InputError(
                f"manifest.json: lists the input {path!r:.80}, which leads elsewhere; it is not looked for"
            )
    if "/" in name or within.split("/")[-1] != name:
        raise InputError(f"manifest.json: lists the input {name!r:.80}, which is no file name; it is not looked for")
    if digest is not None and not _SHA256.fullmatch(digest):
        raise InputError(f"manifest.json: the hash of {name!r:.80} is no SHA-256")
    if size is not None and (not isinstance(size, int) or size < 0):
        raise InputError(f"manifest.json: the size of {name!r:.80} is no number of bytes")
    role, note = str(entry["role"]), str(entry.get("note", ""))
    return Input(role=role, name=name, within=within, size=size, sha256=digest, note=note)


def _is_name(part: str) -> bool:
    odd = "\\" in part or any(ord(c) < 32 for c in part)  # noqa: PLR2004 - control characters
    return not odd and part not in {"", ".", ".."} and len(part.encode("utf-8", "replace")) <= _NAME_BYTES


def find(wanted: tuple[Input, ...], folder: Path, progress: Callable[[str], None]) -> tuple[Located, ...]:
    """Look for files below a folder, by name and hash; also in the archives there.

    Raises
    ------
    InputError
        If there is no such folder, or too much is in it.

    """
    if not folder.is_dir():
        raise InputNotFoundError(f"{folder}: is no folder; name the one that holds the images (--inputs DIR)")
    shelf = _Shelf.of(folder)
    found = []
    for one in wanted:
        progress(f"reading {one.name}")
        found.append(shelf.locate(one))
    return tuple(found)


class _Shelf:
    """What lies below a folder; a file is hashed once."""

    def __init__(self, assets: list[Asset], odd: dict[str, str]) -> None:
        self.assets = assets
        self.odd = odd
        """Name -> what it is instead of a file."""
        self._digests: dict[Asset, str] = {}
        self._packed: list[Asset] | None = None

    @classmethod
    def of(cls, folder: Path) -> _Shelf:
        assets, odd = [], {}
        for path in _walked(folder):
            kind = path.lstat().st_mode
            if stat.S_ISREG(kind):
                assets.append(Asset(root=folder, relative=path.relative_to(folder).as_posix()))
            else:
                odd[path.name] = "a link, which is not followed" if stat.S_ISLNK(kind) else "a pipe or a device"
            if len(assets) > MAX_FILES:
                raise InputError(f"{folder.name}: holds more than {MAX_FILES} files; name the folder of the images")
        return cls(assets, odd)

    def locate(self, one: Input) -> Located:
        if one.sha256 is None:
            return Located(wanted=one, state="not checked", note=one.note or "no digest was taken of it")
        named = [a for a in self.assets if a.name == one.name]
        # The same content under another name is the same input; of other sizes nothing need be read.
        others = [a for a in self.assets if a.name != one.name and _size(a) == one.size]
        for asset in (*named, *others):
            if self._digest(asset) == one.sha256:
                note = "" if asset.name == one.name else f"found as {asset.name}"
                return Located(wanted=one, state="intact", asset=asset, note=note)
        for asset in self._in_archives():
            if asset.name == one.name and self._digest(asset) == one.sha256:
                return Located(wanted=one, state="intact", asset=asset, note=f"found in {asset.root.name}")
        if named:
            return Located(wanted=one, state="altered", note="other bytes than the run read")
        if one.name in self.odd:
            return Located(wanted=one, state="missing", note=f"there is {self.odd[one.name]}; put the file there")
        return Located(wanted=one, state="missing", note="not in the folder named")

    def _digest(self, asset: Asset) -> str:
        if asset not in self._digests:
            digest = hashlib.sha256()
            try:
                for chunk in asset.chunks():
                    digest.update(chunk)
            except (InputError, OSError):
                return "cannot be read"
            self._digests[asset] = digest.hexdigest()
        return self._digests[asset]

    def _in_archives(self) -> list[Asset]:
        """List what the archives hold; one that is damaged or hostile holds nothing."""
        if self._packed is None:
            self._packed = []
            for asset in self.assets:
                if Path(asset.name).suffix.lower() in _ARCHIVES:
                    try:
                        self._packed += [a for a in open_delivery(asset.file).assets if a.store != "folder"]
                    except (InputError, OSError):
                        continue
        return self._packed


def _walked(folder: Path) -> Iterator[Path]:
    for top, folders, files in os.walk(folder):
        folders.sort()
        yield from (Path(top) / name for name in sorted(files))


def _size(asset: Asset) -> int | None:
    try:
        return asset.file.stat().st_size
    except OSError:
        return None


def copied(found: tuple[Located, ...], target: Path) -> dict[str, list[Path]]:
    """Copy what is intact into a folder for each role, as it lay in its delivery; return role -> files in their order.

    What is opened then are the very bytes that were hashed, and whatever a library writes beside an image is written
    there.

    Raises
    ------
    InputError
        If a file changes meanwhile.
    OSError
        If there is no room.

    """
    places: dict[str, list[Path]] = {}
    for number, one in enumerate(found):
        assert one.asset is not None
        own = places.setdefault(one.wanted.role, [])
        path = target / f"role{list(places).index(one.wanted.role)}" / one.wanted.within
        if path.exists():
            # Two files of one name, such as a mask of the user's own beside the provider's.
            path = target / f"file{number}" / one.wanted.name
        path.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        with path.open("xb") as stream:
            for chunk in one.asset.chunks():
                digest.update(chunk)
                stream.write(chunk)
        if digest.hexdigest() != one.wanted.sha256:
            raise InputError(f"{one.wanted.name}: changed while it was read; run again")
        own.append(path)
    return places
