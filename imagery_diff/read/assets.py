"""What a user gave, a file, a folder, a zip or a tar, as a list of named assets; no name in it is trusted.

An asset is one file of a delivery (STAC's word). Archives are read in place by GDAL's own file systems (``/vsizip/``,
``/vsitar/``), nothing is unpacked. Names that leave the delivery, links, and members that a few bytes would blow up to
gigabytes are refused before anything is opened.
"""

from __future__ import annotations

import os
import stat
import tarfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, Literal, Self

from imagery_diff.errors import InputError, InputNotFoundError
from imagery_diff.read.remote import RemoteStream, checked, is_url, remote, shown

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

MAX_ASSETS = 20_000
"""Files of one delivery; a Sentinel-2 SAFE holds about 120, a year of PlanetScope scenes some thousands."""
MAX_DEPTH = 8
"""Folders within folders of one delivery; a SAFE has five."""
MAX_TEXT_BYTES = 20_000_000
"""Largest metadata file that is read; the longest of Sentinel-1 (annotation) have 3 MB."""
MASK_FOLDERS = ("MASKS",)
"""Folders beside an image that hold its masks (DIMAP)."""
_TILE_FOLDERS = ("R10m", "R20m", "R60m", "qi")
_TILE_DOCUMENTS = ("metadata.xml", "tileInfo.json", "productInfo.json")
"""Folders and metadata of a Sentinel-2 tile as AWS holds it: the bands of L2A lie a folder below what tells of them."""
_MAX_LIST_BYTES = 100_000
_BOMB_BYTES, _BOMB_RATIO = 500_000_000, 200
"""A member of a zip that unfolds to more than this many bytes, and to more than this many times its size, is refused:
images of ground pack to a half or a tenth, those of nothing to a thousandth."""


@dataclass(frozen=True, order=True)
class Asset:
    """One file of a delivery: in a folder, or in an archive that is read in place.

    Examples
    --------
    >>> Asset.of("deliveries/20231020_020133_84_2259_3B_udm2.tif").name
    '20231020_020133_84_2259_3B_udm2.tif'

    """

    root: Path
    """The folder, or the archive."""
    relative: str
    """Where in it, with slashes."""
    store: Literal["folder", "zip", "tar", "url"] = "folder"
    url: str = field(default="", repr=False)
    """Of a file behind an address; it may hold a signature and is not shown."""

    @classmethod
    def of(cls, path: Path | str) -> Asset:
        """Return the asset of a file on disk."""
        path = Path(path)
        return cls(root=path.parent, relative=path.name)

    @classmethod
    def of_url(cls, url: str) -> Asset:
        """Return the asset of a file behind an address that the user typed."""
        checked(url)
        path = PurePosixPath(shown(url))
        return cls(root=Path(path.parent), relative=path.name, store="url", url=url)

    @property
    def name(self) -> str:
        """File name, without its folders."""
        return PurePosixPath(self.relative).name

    @property
    def folder(self) -> str:
        """Folder inside the delivery, "" at its top."""
        parent = PurePosixPath(self.relative).parent
        return "" if str(parent) == "." else str(parent)

    @property
    def file(self) -> Path:
        """The file that holds it: itself, or its archive; of an address what of it may be shown."""
        return self.root / self.relative if self.store in ("folder", "url") else self.root

    @property
    def missing(self) -> bool:
        """Whether there is no such file on disk, where it should be on one."""
        return self.store != "url" and not self.file.exists()

    @property
    def gdal_name(self) -> str:
        """What GDAL opens."""
        if self.store == "folder":
            # Whole, so that no file can be called like one of GDAL's own prefixes ("GTIFF_DIR:", "zip:").
            return str(self.file.absolute())
        # In braces an archive may be called what it likes.
        return f"/vsi{self.store}/{{{self.root}}}/{self.relative}"

    def head(self, size: int = 64) -> bytes:
        """Return the first bytes."""
        with self._opened() as stream:
            return stream.read(size)

    def read(self, limit: int = MAX_TEXT_BYTES) -> bytes:
        """Return the whole content of a small file.

        Raises
        ------
        InputError
            If it is larger than ``limit`` bytes, or cannot be read.

        """
        with self._opened() as stream:
            content = stream.read(limit + 1)
        if len(content) > limit:
            raise InputError(f"{self.name}: is larger than {limit} bytes, which no file of its kind is; remove it")
        return content

    def chunks(self, size: int = 1 << 20) -> Iterator[bytes]:
        """Yield the content piece by piece."""
        with self._opened() as stream:
            while chunk := stream.read(size):
                yield chunk

    def _opened(self) -> _Reading:
        return _Reading(self)


class _Reading:
    """Open an asset as bytes, whatever can go wrong told in one line."""

    def __init__(self, asset: Asset) -> None:
        self.asset = asset
        self.archive: zipfile.ZipFile | tarfile.TarFile | None = None
        self.stream: BinaryIO | None = None

    def __enter__(self) -> Self:
        try:
            self.stream = self._open()
        except OSError as error:
            raise InputError(
                f"{self.asset.name}: cannot be read ({error.strerror or error}); check its permissions"
            ) from error
        return self

    def _open(self) -> BinaryIO:
        asset = self.asset
        if asset.store == "url":
            return RemoteStream(remote(asset.url))  # type: ignore[return-value]
        if asset.store == "zip":
            self.archive = _open_zip(asset.root)
            try:
                return self.archive.open(asset.relative)  # type: ignore[return-value] # reads as a BinaryIO does
            except (RuntimeError, NotImplementedError, zipfile.BadZipFile, KeyError) as error:
                raise _damaged(asset.root, error) from error
        if asset.store == "tar":
            self.archive = _open_tar(asset.root)
            stream = self.archive.extractfile(asset.relative)
            if stream is None:
                raise InputError(f"{asset.name}: is no regular file in {asset.root.name}; unpack it yourself")
            return stream  # type: ignore[return-value]
        # A pipe would be waited for, a device may never end.
        if asset.file.exists() and not asset.file.is_file():
            raise InputError(f"{asset.name}: is not a file (a folder, a pipe or a device); give a file")
        return asset.file.open("rb")

    def read(self, size: int) -> bytes:
        """Return up to so many bytes."""
        assert self.stream is not None
        try:
            return self.stream.read(size)
        except (OSError, EOFError, zipfile.BadZipFile, zipfile.zlib.error) as error:  # type: ignore[attr-defined]
            raise _damaged(self.asset.file, error) from error

    def __exit__(self, *_: object) -> None:
        for opened in (self.stream, self.archive):
            if opened is not None:
                opened.close()


@dataclass(frozen=True)
class Delivery:
    """Everything that came with what a user gave."""

    name: str
    """What the user gave, without its folders."""
    assets: tuple[Asset, ...]
    named: Asset | None = None
    """The one file the user gave; the others lie beside it. None = all of them were given."""

    def matching(self, pattern: re.Pattern[str]) -> Iterator[tuple[Asset, re.Match[str]]]:
        """Yield the assets whose file name matches from beginning to end."""
        for asset in self.assets:
            match = pattern.fullmatch(asset.name)
            if match:
                yield asset, match

    def beside(self, asset: Asset, *names: str) -> Asset | None:
        """Return the first of these names in the same folder, else anywhere in a folder or archive that was given."""
        for name in names:
            here = [a for a in self.assets if a.name == name]
            near = [a for a in here if a.folder == asset.folder]
            if near or len(here) == 1:
                return (near or here)[0]
        return None

    def inside(self, index: Asset, name: str) -> Asset | None:
        """Return the file that an index (TIL, DIMAP) names, in its own folder or one below; None where it is missing.

        Raises
        ------
        InputError
            If the name leads out of the index's folder, by a path, a drive letter, an address or a link.

        """
        plain = PurePosixPath(name)
        odd = "\\" in name or ":" in name or any(ord(c) < 32 for c in name)  # noqa: PLR2004 - control characters
        if odd or plain.is_absolute() or ".." in plain.parts or not plain.parts:
            raise InputError(
                f"{index.name}: names a file outside its folder ({name[:80]!r}), which is not opened; download it again"
            )
        wanted = str(PurePosixPath(index.folder) / plain)
        found = self.at(wanted)
        if found is None:
            # Windows does not care how it is written, and archives are repacked there.
            found = next((a for a in self.assets if a.relative.lower() == wanted.lower()), None)
        if found and found.store == "folder" and not found.file.resolve().is_relative_to(found.root.resolve()):
            raise InputError(
                f"{found.name}: is a link out of the folder of {index.name}, which is not opened; copy it there"
            )
        return found

    def at(self, relative: str) -> Asset | None:
        """Return the asset of a path inside the delivery; None where there is none."""
        wanted = str(PurePosixPath(relative))
        return next((a for a in self.assets if a.relative == wanted), None)


def open_delivery(path: str | Path) -> Delivery:
    """List what a path stands for.

    Parameters
    ----------
    path
        A file (those beside it may belong to it), a folder, a ``.zip`` or an uncompressed ``.tar``; or, as text, the
        address of one raster file, ``https://…`` or ``s3://…``.

    Raises
    ------
    InputNotFoundError
        If there is no such path.
    InputError
        If the folder or archive cannot be listed, or holds what no delivery holds.

    """
    if is_url(path):
        asset = Asset.of_url(str(path))
        return Delivery(name=asset.name, assets=(asset,), named=asset)
    path = Path(path)
    if not path.exists():
        raise InputNotFoundError(f"{path}: no such file; check the path")
    if path.is_dir():
        return Delivery(name=path.name, assets=tuple(_inside_safe(path) or _walk(_tile_above(path) or path)))
    if not path.is_file():
        raise InputError(f"{path.name}: is a pipe or a device; copy what it holds to a file and give that")
    kind = _archive_kind(path)
    if kind == "zip":
        return Delivery(name=path.name, assets=tuple(_list_zip(path)))
    if kind == "tar":
        return Delivery(name=path.name, assets=tuple(_list_tar(path)))
    safe = _safe_above(path)
    if safe is not None:
        named = Asset(root=safe, relative=path.absolute().relative_to(safe).as_posix())
        return Delivery(name=path.name, assets=tuple(_walk(safe)), named=named)
    tile = _tile_above(path.parent)
    named = Asset.of(path) if tile is None else Asset(root=tile, relative=f"{path.absolute().parent.name}/{path.name}")
    return Delivery(name=path.name, assets=(named, *_siblings(named)), named=named)


def _tile_above(folder: Path) -> Path | None:
    """Return the folder of the tile of AWS's that a folder of bands or masks is of."""
    folder = folder.absolute()
    told = folder.name in _TILE_FOLDERS and any((folder.parent / name).is_file() for name in _TILE_DOCUMENTS)
    return folder.parent if told else None


def _safe_above(path: Path) -> Path | None:
    """Return the SAFE a file or folder lies in."""
    return next((p for p in path.absolute().parents if p.name.upper().endswith(".SAFE")), None)


def _inside_safe(path: Path) -> list[Asset] | None:
    """List the whole of a SAFE for a folder inside it, of its granules that one alone; None where it lies in none."""
    safe = _safe_above(path)
    if safe is None:
        return None
    parts = path.absolute().relative_to(safe).parts
    if len(parts) < 2 or parts[0].upper() != "GRANULE":  # noqa: PLR2004 - GRANULE and the granule
        return list(_walk(safe))
    own = f"{parts[0]}/{parts[1]}/"
    return [a for a in _walk(safe) if not a.relative.startswith(f"{parts[0]}/") or a.relative.startswith(own)]


def read_list(path: Path) -> list[Path] | None:
    """Return the paths in a list file, those that are relative seen from it; None if it is none.

    A list is a ``.txt`` with a path a line; empty lines and those that begin with ``#`` are passed over. A text of
    which no line is a path that exists is no list.

    Raises
    ------
    InputError
        If it lists a path that does not exist beside others that do, a list again, or more than are ever one date.

    """
    if path.suffix.lower() != ".txt" or not path.is_file():
        return None
    try:
        text = Asset.of(path).read(_MAX_LIST_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    lines = [line.strip() for line in text.splitlines()]
    named = [path.parent / line for line in lines if line and not line.startswith("#") and "\0" not in line]
    try:
        there = [p.exists() for p in named]
    except OSError:  # a line longer than a name can be
        return None
    if not any(there):
        return None
    missing = [p for p, exists in zip(named, there, strict=True) if not exists]
    if missing:
        raise InputNotFoundError(
            f"{path.name}: lists {missing[0].name[:80]}, which does not exist; check the paths in it"
        )
    if any(p.suffix.lower() == ".txt" for p in named):
        raise InputError(f"{path.name}: lists a text file; list images, folders or archives")
    return named


def _archive_kind(path: Path) -> str | None:
    """Tell an archive by its first bytes; a compressed tar is refused, for it can only be read from its beginning."""
    try:
        with path.open("rb") as stream:
            head = stream.read(265)
    except OSError as error:
        raise InputError(f"{path.name}: cannot be read ({error.strerror}); check its permissions") from error
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if head[257:262] == b"ustar":
        return "tar"
    packed = head.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0"))
    if packed:
        raise InputError(f"{path.name}: is a compressed archive; unpack it (tar xf {path.name}) and give the folder")
    return None


def _walk(root: Path) -> Iterator[Asset]:
    """List the files of a folder; a link that leads out of it is left alone."""
    top = root.resolve()
    count = 0
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        folders.sort()
        if len(here.relative_to(root).parts) >= MAX_DEPTH:
            folders.clear()
        for name in sorted(files):
            path = here / name
            if (path.is_symlink() and not path.resolve().is_relative_to(top)) or not path.is_file():
                continue
            count += 1
            if count > MAX_ASSETS:
                raise InputError(
                    f"{root.name}: holds more than {MAX_ASSETS} files; give the folder of one delivery, or the image"
                )
            yield Asset(root=root, relative=path.relative_to(root).as_posix())


def belongs(named: Asset, path: Path) -> bool:
    """Tell whether a file beside the one named is one, in this folder or in that in which the named one really lies.

    Links are followed from the delivery to the delivery only: what someone else packed must not reach further.
    """
    if not path.is_file():
        return False
    return not path.is_symlink() or _at_home(named, path)


def _at_home(named: Asset, path: Path) -> bool:
    real = path.resolve()
    return any(real.is_relative_to(home) for home in (named.root.resolve(), named.file.resolve().parent))


def _siblings(named: Asset) -> Iterator[Asset]:
    """List the files beside one, and in the folders that belong to it; a folder that cannot be listed holds none."""
    tile = any((named.root / name).is_file() for name in _TILE_DOCUMENTS)
    for folder in ("", *MASK_FOLDERS, *(_TILE_FOLDERS if tile else ())):
        if folder and not _at_home(named, named.root / folder):
            continue
        try:
            entries = sorted(e.name for e in os.scandir(named.root / folder) if belongs(named, Path(e.path)))
        except OSError:
            continue
        for relative in (f"{folder}/{name}" if folder else name for name in entries):
            if relative != named.relative:
                yield Asset(root=named.root, relative=relative)


def _list_zip(path: Path) -> list[Asset]:
    with _open_zip(path) as archive:
        members = [m for m in archive.infolist() if not m.is_dir()]
    _refuse_many(path, len(members))
    seen = set()
    for member in members:
        _refuse_name(path, member.filename)
        if stat.S_ISLNK(member.external_attr >> 16):
            raise _linked(path, member.filename)
        if member.flag_bits & 1:
            raise InputError(f"{path.name}: is locked by a password; unpack it and give the folder")
        if member.file_size > max(_BOMB_BYTES, _BOMB_RATIO * member.compress_size):
            raise InputError(
                f"{path.name}: {member.filename[:80]!r} would unfold from {member.compress_size} to {member.file_size} "
                "bytes; if you trust it, unpack it and give the folder"
            )
        if member.filename in seen:
            raise InputError(f"{path.name}: holds {member.filename[:80]!r} twice; unpack it and give the folder")
        seen.add(member.filename)
    return sorted(Asset(root=path, relative=m.filename, store="zip") for m in members)


def _list_tar(path: Path) -> list[Asset]:
    names = []
    with _open_tar(path) as archive:
        try:
            for member in archive:
                if member.isdir():
                    continue
                _refuse_name(path, member.name)
                if not member.isreg():
                    raise _linked(path, member.name)
                names.append(member.name)
                _refuse_many(path, len(names))
        except (tarfile.TarError, OSError, EOFError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            raise _damaged(path, error) from error
    return sorted(Asset(root=path, relative=str(PurePosixPath(n)), store="tar") for n in dict.fromkeys(names))


def _linked(path: Path, name: str) -> InputError:
    return InputError(f"{path.name}: holds a link or a device ({name[:80]!r}); no delivery does, it is not opened")


def _refuse_many(path: Path, count: int) -> None:
    if count > MAX_ASSETS:
        raise InputError(f"{path.name}: holds more than {MAX_ASSETS} files; give the archive of one delivery")


def _refuse_name(path: Path, name: str) -> None:
    """Refuse an archive with a member whose name leads out of it."""
    odd = "\\" in name or ":" in name or any(ord(c) < 32 for c in name)  # noqa: PLR2004 - control characters
    if odd or name.startswith("/") or ".." in PurePosixPath(name).parts:
        raise InputError(f"{path.name}: holds a name that leads out of it ({name[:80]!r}); it is not opened")


def _open_zip(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise _damaged(path, error) from error


def _open_tar(path: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(path, "r:")
    except (tarfile.TarError, OSError, ValueError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> InputError:
    reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
    return InputError(f"{path.name}: breaks off or is damaged ({reason}); copy or download it again")
