"""manifest.json: what went in, what came out, with which numbers and libraries: so that a result can be verified."""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib.metadata
import json
import platform
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
import shapely
from shapely.geometry import mapping

import imagery_diff
from imagery_diff import threads
from imagery_diff.result import SCHEMA_VERSION
from imagery_diff.write.model import plain, scene_summary, shift_summary, summary, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from imagery_diff.result import Comparison

NAME = "manifest.json"
_CHUNK = 1 << 20
_AWAY = "read in parts from its address, so there is no digest of the whole"


def manifest(result: Comparison, outputs: Mapping[str, bytes], *, created: dt.datetime | None = None) -> dict[str, Any]:
    """Return the manifest of a result; docs/reference/schemas/manifest.schema.json.

    Everything but ``created`` follows from the inputs; ``content_sha256`` is the hash of everything but ``created``.

    Parameters
    ----------
    outputs
        File name -> content of every other file of the result folder.
    created
        When the result was written, UTC; now by default.

    """
    told = summary(result)
    sides = {"before": result.before.files, "after": result.after.files}
    document: dict[str, Any] = plain(
        {
            "schema_version": SCHEMA_VERSION,
            "product": "imagery_diff comparison",
            "simulated": result.simulated,
            "credit": result.credit,
            "aoi": {"name": result.name, "sha256": _aoi_sha256(result)},
            "detect": result.detect,
            "scenes": {"before": scene_summary(result.before), "after": scene_summary(result.after)},
            "inputs": inputs_of(sides),
            "outputs": outputs_of(outputs),
            "parameters": result.params.as_dict(),
            "shift": shift_summary(result),
            "fit": told["fit"],
            "relative_gain": told["relative_gain"],
            "relative_blur": told["relative_blur"],
            "thresholds": told["thresholds"],
            "usable_fraction": {zone["name"]: zone["usable_fraction"] for zone in told["zones"]},
            "software": versions(),
        }
    )
    return sealed(document, created)


def sealed(document: Mapping[str, Any], created: dt.datetime | None = None) -> dict[str, Any]:
    """Return a manifest with the hash of what it says, the moment it was written, and the hash of both.

    ``content_sha256`` is the same for every run that says the same; ``document_sha256`` is of this very document.
    """
    moment = (created or dt.datetime.now(dt.UTC)).astimezone(dt.UTC)
    full = {**document, "content_sha256": content_sha256(document), "created": moment.strftime("%Y-%m-%dT%H:%M:%SZ")}
    return full | {"document_sha256": document_sha256(full)}


def is_whole(content: bytes, document: Mapping[str, Any]) -> bool:
    """Say whether a manifest, as bytes and as what they say, is as it was written, to the last byte.

    One of an earlier version, which has no ``document_sha256``, is held to what it has.
    """
    if content != to_json(document) or document.get("content_sha256") != content_sha256(document):
        return False
    return "document_sha256" not in document or document["document_sha256"] == document_sha256(document)


def inputs_of(sides: Mapping[str, tuple[Path, ...]]) -> list[dict[str, Any]]:
    """Hash every file of every role."""
    return [entry for entries in threads.each(_inputs, [*sides.items()]) for entry in entries]


def outputs_of(outputs: Mapping[str, bytes]) -> list[dict[str, Any]]:
    """Hash every file that is written."""
    return [_entry(name, outputs[name]) for name in sorted(outputs)]


def manifest_json(result: Comparison, outputs: Mapping[str, bytes], *, created: dt.datetime | None = None) -> bytes:
    """Return the file manifest.json."""
    return to_json(manifest(result, outputs, created=created))


def content_sha256(document: Mapping[str, Any]) -> str:
    """SHA-256 of a manifest without the moment it was written, as canonical JSON (sorted keys, no spaces)."""
    return _sha256_without(document, {"created", "content_sha256", "document_sha256"})


def document_sha256(document: Mapping[str, Any]) -> str:
    """SHA-256 of all of a manifest but this very hash, as canonical JSON."""
    return _sha256_without(document, {"document_sha256"})


def _sha256_without(document: Mapping[str, Any], names: set[str]) -> str:
    return hashlib.sha256(_canonical({key: value for key, value in document.items() if key not in names})).hexdigest()


def versions() -> dict[str, str]:
    """Versions of everything whose change could change a result."""
    return {
        "imagery_diff": imagery_diff.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": importlib.metadata.version("scipy"),
        "scikit-image": importlib.metadata.version("scikit-image"),
        "shapely": shapely.__version__,
        "geos": shapely.geos_version_string,
        "rasterio": rasterio.__version__,
        "gdal": rasterio.__gdal_version__,
        "pyproj": importlib.metadata.version("pyproj"),
        "pillow": importlib.metadata.version("pillow"),
    }


def _inputs(side: tuple[str, tuple[Path, ...]]) -> list[dict[str, Any]]:
    """Hash every file a scene was read from, its role given; null for one that is gone by now."""
    role, files = side
    entries = []
    for path in files:
        entry: dict[str, Any] = {"role": role, "name": path.name, "size": None, "sha256": None}
        try:
            digest, size = hashlib.sha256(), 0
            with path.open("rb") as stream:
                while chunk := stream.read(_CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
            entry |= {"size": size, "sha256": digest.hexdigest()}
        except OSError:
            away = path.parts[:1] in (("http:",), ("https:",), ("s3:",))
            entry["note"] = _AWAY if away else "could not be read any more when the result was written"
        entries.append(entry)
    return entries


def _entry(name: str, content: bytes) -> dict[str, Any]:
    return {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _aoi_sha256(result: Comparison) -> str | None:
    """Hash the outlines as they were used; in WGS84 where they have a place on the earth."""
    aoi = result.aoi
    if aoi is None:
        return None
    if aoi.crs is not None:
        return hashlib.sha256(_canonical(plain(aoi.to_geojson()))).hexdigest()
    shapes = {"aoi": mapping(aoi.polygon), "zones": {zone.name: mapping(zone.polygon) for zone in aoi.zones}}
    return hashlib.sha256(_canonical(plain(shapes))).hexdigest()


def _canonical(document: Any) -> bytes:
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return text.encode("ascii")
