"""STAC items that lie beside the files they are of: what is the same whatever they describe.

Nothing an item points at is fetched; of each ``href`` only the file name is used, and only where such a file lies
beside the item.
"""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from imagery_diff.read.assets import Asset

_MAX_BYTES = 5_000_000
MAX_DOCUMENTS = 200
"""JSON files of one folder that are looked into."""


def read_document(asset: Asset) -> dict[str, Any] | None:
    """Read a JSON document; None if it is none."""
    try:
        content = json.loads(asset.read(_MAX_BYTES).decode("utf-8-sig"))
    except (ValueError, RecursionError):  # an InputError is a ValueError: too large, or not to be read
        return None
    return content if isinstance(content, dict) else {}


def is_document(asset: Asset) -> bool:
    """Whether a file is called like one."""
    return asset.name.lower().endswith((".json", ".geojson"))


def file_name(entry: object) -> str:
    """Return the last part of an asset's link or path; "" where there is none.

    Examples
    --------
    >>> file_name({"href": "s3://bucket/a/B02.tif"})
    'B02.tif'

    """
    href = entry.get("href") if isinstance(entry, dict) else None
    try:
        return PurePosixPath(unquote(urlsplit(href).path)).name if isinstance(href, str) else ""
    except ValueError:  # no link at all
        return ""
