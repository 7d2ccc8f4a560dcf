"""manifest.json: what went in, what came out, with which numbers and libraries: so that a result can be verified."""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib.metadata
import importlib.util
import json
import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import rasterio
import shapely
from PIL import features
from shapely.geometry import mapping

import imagery_diff
from imagery_diff import threads
from imagery_diff.result import SCHEMA_VERSION, SEED_OF_TRIALS
from imagery_diff.write.model import plain, scene_summary, summary, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from imagery_diff.aoi import AOI
    from imagery_diff.params import Params
    from imagery_diff.result import Asked, Comparison
    from imagery_diff.scene import Origin, SceneInfo

NAME = "manifest.json"
_CHUNK = 1 << 20
_AWAY = "read in parts from its address, so there is no digest of the whole"


def manifest(
    result: Comparison,
    outputs: Mapping[str, bytes],
    *,
    inputs: list[dict[str, Any]] | None = None,
    created: dt.datetime | None = None,
) -> dict[str, Any]:
    """Return the manifest of a comparison; docs/reference/schemas/manifest.schema.json.

    Parameters
    ----------
    outputs
        File name -> content of every other file of the result folder.
    inputs
        What :func:`inputs_of` returned for them, where that was asked already.
    created
        When the result was written, UTC; now by default.

    """
    ran = Ran(
        product="comparison",
        images={"before": result.before, "after": result.after},
        aoi=result.aoi,
        asked=result.asked,
        params=result.params,
        credit=result.credit,
        trials=result.sensitivity is not None,
    )
    return sealed(
        ran.document(outputs, inputs) | {"detect": result.detect, "scenes": _both(result)} | estimates(result), created
    )


def _both(result: Comparison) -> dict[str, Any]:
    return {"before": scene_summary(result.before), "after": scene_summary(result.after)}


def estimates(result: Comparison) -> dict[str, Any]:
    """Return all that was estimated of a pair."""
    told = summary(result)
    names = ("shift", "fit", "relative_gain", "relative_blur", "thresholds")
    usable = {zone["name"]: zone["usable_fraction"] for zone in told["zones"]}
    return {name: told[name] for name in names} | {"usable_fraction": usable}


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What every manifest tells of a run, whatever it was."""

    product: str
    """``comparison``, ``timeline``, ``look`` or ``sensitivity``."""
    images: Mapping[str, SceneInfo]
    """Role -> scene."""
    aoi: AOI | None
    """As it was laid."""
    asked: Asked | None
    params: Params
    credit: str
    trials: bool
    """Whether things were put in, at places that random numbers choose."""

    def document(self, outputs: Mapping[str, bytes], inputs: list[dict[str, Any]] | None = None) -> dict[str, Any]:
        """Return what a manifest says of it; of a series the inputs are told apart.

        Everything follows from what went in, the versions and the kind of machine; nothing tells whose it is.
        """
        seeds = {"things put in": dict(zip(("seed", "name"), SEED_OF_TRIALS, strict=True))} if self.trials else {}
        told: dict[str, Any] = plain(
            {
                "schema_version": SCHEMA_VERSION,
                "product": f"imagery_diff {self.product}",
                "simulated": any(info.simulated for info in self.images.values()),
                "credit": self.credit,
                "aoi": _aoi(self.aoi, self.asked),
                "asked": None if self.asked is None else dict(self.asked.options),
                "opened": {role: info.origin and _opened(info.origin) for role, info in self.images.items()},
                "inputs": inputs_of(self.images) if inputs is None else inputs,
                "outputs": outputs_of(outputs),
                "parameters": self.params.as_dict(),
                "random_seeds": seeds,
                "software": versions(),
                "platform": kind_of_machine(),
            }
        )
        return told


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


def inputs_of(images: Mapping[str, SceneInfo]) -> list[dict[str, Any]]:
    """Hash every file of every scene, by its role."""
    roles = [(role, info.files, _places(info.origin)) for role, info in images.items()]
    return [entry for entries in threads.each(_inputs, roles) for entry in entries]


def outputs_of(outputs: Mapping[str, bytes]) -> list[dict[str, Any]]:
    """Hash every file that is written."""
    return [_entry(name, outputs[name]) for name in sorted(outputs)]


def manifest_json(
    result: Comparison, outputs: Mapping[str, bytes], *, inputs: list[dict[str, Any]] | None = None
) -> bytes:
    """Return the file manifest.json."""
    return to_json(manifest(result, outputs, inputs=inputs))


def content_sha256(document: Mapping[str, Any]) -> str:
    """SHA-256 of a manifest without the moment it was written, as canonical JSON (sorted keys, no spaces)."""
    return _sha256_without(document, {"created", "content_sha256", "document_sha256"})


def document_sha256(document: Mapping[str, Any]) -> str:
    """SHA-256 of all of a manifest but this very hash, as canonical JSON."""
    return _sha256_without(document, {"document_sha256"})


def _sha256_without(document: Mapping[str, Any], names: set[str]) -> str:
    return hashlib.sha256(_canonical({key: value for key, value in document.items() if key not in names})).hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, read piece by piece."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def versions() -> dict[str, str]:
    """Versions of everything whose change could change a result."""
    judge = importlib.util.find_spec("omnicloudmask") is not None
    learned = [name for name in ("omnicloudmask", "torch") if judge and importlib.util.find_spec(name) is not None]
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
        "proj": pyproj.proj_version_str,
        "pillow": importlib.metadata.version("pillow"),
        "freetype": features.version("freetype2") or "none",
        "matplotlib": importlib.metadata.version("matplotlib"),
    } | {name: importlib.metadata.version(name) for name in learned}


def kind_of_machine() -> dict[str, Any]:
    """Say what of the machine can change a result, and nothing that tells whose it is."""
    extensions: Any = np.show_config(mode="dicts")
    return {
        "os": platform.system(),
        "architecture": platform.machine(),
        "python": platform.python_implementation(),
        "simd": list(extensions.get("SIMD Extensions", {}).get("found", ())),
    }


def _opened(origin: Origin) -> dict[str, Any]:
    """Say how a scene was opened, so that it can be again; files by their names."""
    return {
        "as": origin.kind,
        "name": None if origin.kind in {"folder", "strips"} else origin.path.name,
        "said": dict(origin.said),
        "mask": origin.mask and origin.mask.name,
        "strips": [_opened(strip) for strip in origin.strips],
        "reference": origin.reference and _opened(origin.reference),
    }


def _places(origin: Origin | None) -> dict[Path, str]:
    """File -> where it lies below the folder that holds all of its delivery, where that is not at its top.

    Of a SAFE its own name is kept, by which it is known; of folders above the delivery nothing is told.
    """
    if origin is None:
        return {}
    places = _places(origin.reference)
    kept = [file for file in origin.files if not _is_away(file)]
    if not kept:
        return places
    parts = [file.absolute().parts for file in kept]
    top = min(len(own) - 1 for own in parts)
    top = next((n for n in range(top) if len({own[n] for own in parts}) > 1), top)
    top = next((n for n, part in enumerate(parts[0][:top]) if part.upper().endswith(".SAFE")), top)
    inside = {file: "/".join(own[top:]) for file, own in zip(kept, parts, strict=True)}
    return places | {file: place for file, place in inside.items() if place != file.name}


def _is_away(path: Path) -> bool:
    return path.parts[:1] in (("http:",), ("https:",), ("s3:",))


def _inputs(side: tuple[str, tuple[Path, ...], Mapping[Path, str]]) -> list[dict[str, Any]]:
    """Hash every file a scene was read from, its role given; null for one that is gone by now."""
    role, files, places = side
    entries = []
    for path in files:
        entry: dict[str, Any] = {"role": role, "name": path.name, "size": None, "sha256": None}
        if path in places:
            entry["within"] = places[path]
        try:
            digest, size = hashlib.sha256(), 0
            with path.open("rb") as stream:
                while chunk := stream.read(_CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
            entry |= {"size": size, "sha256": digest.hexdigest()}
        except OSError:
            entry["note"] = _AWAY if _is_away(path) else "could not be read any more when the result was written"
        entries.append(entry)
    return entries


def _entry(name: str, content: bytes) -> dict[str, Any]:
    return {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _aoi(laid: AOI | None, asked: Asked | None) -> dict[str, Any]:
    """Name and outlines of a place: the hash of those as laid, and those that were given in full, with theirs."""
    given = asked.aoi if asked else None
    # All decimals: a rerun is to be given the same outlines.
    full = plain(given.to_geojson(decimals=None)) if given is not None and given.crs is not None else None
    return {
        "name": laid.name if laid else "common-ground",
        "laid": None if laid is None or laid.crs is None else laid.to_geojson(),
        "sha256": _aoi_sha256(laid),
        "given": full,
        "given_sha256": full and hashlib.sha256(_canonical(full)).hexdigest(),
    }


def _aoi_sha256(aoi: AOI | None) -> str | None:
    """Hash outlines; in WGS84 where they have a place on the earth."""
    if aoi is None:
        return None
    if aoi.crs is not None:
        return hashlib.sha256(_canonical(plain(aoi.to_geojson()))).hexdigest()
    shapes = {"aoi": mapping(aoi.polygon), "zones": {zone.name: mapping(zone.polygon) for zone in aoi.zones}}
    return hashlib.sha256(_canonical(plain(shapes))).hexdigest()


def _canonical(document: Any) -> bytes:
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return text.encode("ascii")
