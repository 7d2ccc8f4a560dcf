"""``manifest.json`` of an order from Planet: what was delivered, and the digests by which it can be checked.

https://docs.planet.com/develop/apis/orders/delivery
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from imagery_diff.errors import InputError

if TYPE_CHECKING:
    from imagery_diff.read.assets import Asset, Delivery

NAME = "manifest.json"


@dataclass(frozen=True)
class Entry:
    """What the manifest says of one file."""

    size: int | None
    digest: tuple[str, str] | None
    """Name of the algorithm and digest in hexadecimal digits; SHA-256 where both are given."""


def manifest_of(delivery: Delivery, asset: Asset) -> Asset | None:
    """Return the manifest that speaks of a file: the nearest one above it."""
    folders = [asset.folder, *(str(p) for p in PurePosixPath(asset.folder).parents)] if asset.folder else [""]
    for folder in folders:
        at = "" if folder == "." else folder
        found = delivery.at(f"{at}/{NAME}".lstrip("/"))
        if found is not None:
            return found
    return None


def read_manifest(manifest: Asset) -> dict[str, Entry]:
    """Return relative path -> entry; empty where the file is not an order's manifest.

    Raises
    ------
    InputError
        If it is no JSON.

    """
    try:
        document = json.loads(manifest.read().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{manifest.name}: is no JSON ({type(error).__name__}); download the order again") from error
    files = document.get("files") if isinstance(document, dict) else None
    if not isinstance(files, list):
        return {}
    return {f["path"]: _entry(f) for f in files if isinstance(f, dict) and isinstance(f.get("path"), str)}


def _entry(file: dict[str, Any]) -> Entry:
    size, digests = file.get("size"), file.get("digests")
    digests = digests if isinstance(digests, dict) else {}
    known = [(k, digests[k].lower()) for k in ("sha256", "md5") if isinstance(digests.get(k), str)]
    plain = isinstance(size, int) and not isinstance(size, bool)
    return Entry(size=size if plain else None, digest=known[0] if known else None)


def check(delivery: Delivery, assets: tuple[Asset, ...]) -> tuple[list[str], list[str]]:
    """Hold files against the order's manifest.

    Returns
    -------
    notes, caveats
        What was checked and agrees; what differs, and what the manifest does not speak of.

    Raises
    ------
    InputError
        If the manifest is no JSON.

    """
    manifest = manifest_of(delivery, assets[0])
    if manifest is None:
        return [], []
    entries = read_manifest(manifest)
    if not entries:
        return [], [f"{manifest.name}: holds no list of files, so nothing could be checked against it"]
    checked, unknown, caveats = [], [], []
    for asset in assets:
        entry = _entry_of(entries, manifest, asset)
        if entry is None or entry.digest is None:
            unknown.append(asset.name)
        elif (difference := _difference(asset, entry)) is not None:
            caveats.append(f"{asset.name}: is not as it was delivered ({difference}); download it again")
        else:
            checked.append((asset.name, entry.digest[0]))
    notes = []
    if checked:
        kinds = "/".join(dict.fromkeys(kind for _, kind in checked))
        notes.append(f"{len(checked)} of {len(assets)} files agree with the digests ({kinds}) of the order's manifest")
    if unknown:
        caveats.append(f"{', '.join(unknown)}: not in the order's manifest, or without a digest there")
    return notes, caveats


def _entry_of(entries: dict[str, Entry], manifest: Asset, asset: Asset) -> Entry | None:
    """Find a file's entry: by its path from the manifest, else by its name alone where only one bears it."""
    prefix = f"{manifest.folder}/" if manifest.folder else ""
    exact = entries.get(asset.relative.removeprefix(prefix))
    if exact is not None:
        return exact
    named = [e for path, e in entries.items() if PurePosixPath(path).name == asset.name]
    return named[0] if len(named) == 1 else None


def _difference(asset: Asset, entry: Entry) -> str | None:
    """Say how a file's content differs from what the manifest says; None where it does not."""
    assert entry.digest is not None
    kind, wanted = entry.digest
    digest, size = hashlib.new(kind, usedforsecurity=False), 0
    for chunk in asset.chunks():
        digest.update(chunk)
        size += len(chunk)
    if entry.size is not None and size != entry.size:
        return f"{size} bytes where the order's manifest says {entry.size}"
    return None if digest.hexdigest() == wanted else f"its {kind} is not the one of the order's manifest"
