"""A finished run as a STAC Item: ``item.json``, and beside it the files of the run that it names as assets.

STAC 1.1 (https://github.com/radiantearth/stac-spec), with the extensions projection 2.0.0, processing 1.2.0, file 2.1.0
and, where there is a raster, raster 2.0.0. Files are named relative to the item; images, which are not beside it, by
their hash (RFC 6920), since where they lie is nobody's business.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import rasterio
from affine import Affine
from rasterio.io import MemoryFile
from shapely import box
from shapely.affinity import affine_transform
from shapely.geometry import mapping, shape

from imagery_diff.errors import InputError, MissingExtraError
from imagery_diff.finished import doubted
from imagery_diff.grid import Grid
from imagery_diff.write import manifest as manifests
from imagery_diff.write.geojson import bounding_box, wgs84_geometry
from imagery_diff.write.model import plain, to_json
from imagery_diff.write.words import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imagery_diff.exporting_layers import Subject

NAME = "item.json"
RUN_MANIFEST = "run_manifest.json"
"""The manifest of the run under another name: ``manifest.json`` is that of the export."""
_SCHEMA = "https://stac-extensions.github.io/{}/schema.json"
PROJECTION, PROCESSING, FILE, RASTER = (
    _SCHEMA.format(part) for part in ("projection/v2.0.0", "processing/v1.2.0", "file/v2.1.0", "raster/v2.0.0")
)
_SHA2_256 = "1220"
"""What leads a SHA-256 as a multihash: its code, and that it is 32 bytes long."""
_MEDIA = {
    ".csv": "text/csv",
    ".geojson": "application/geo+json",
    ".gpkg": "application/geopackage+sqlite3",
    ".html": "text/html",
    ".json": "application/json",
    ".kml": "application/vnd.google-earth.kml+xml",
    ".parquet": "application/vnd.apache.parquet",
    ".png": "image/png",
    ".qgs": "application/x-qgis-project",
    ".qml": "application/xml",
    ".tif": "image/tiff; application=geotiff; profile=cloud-optimized",
}
_ASSETS = {
    "contact_sheet.png": ("Each zone on each look", "overview"),
    "evidence.tif": ("How strongly every pixel differs, and why some say nothing", "data"),
    "manifest.json": ("What was exported, with hashes", "metadata"),
    "overview.png": ("Before, after, and what is flagged", "overview"),
    "report.html": ("The page for readers", "metadata"),
    RUN_MANIFEST: ("What went in, what came out, and how", "metadata"),
    "summary.json": ("All that is said", "metadata"),
    "timeline.png": ("Zones as rows, time as the axis", "overview"),
}
"""File -> its title and role; all others are data."""
_ROLES = {".qml": "style", ".qgs": "style"}
_LINEAGE = {
    "comparison": "Two images were laid on each other, brought to common numbers and compared; what differs by more"
    " than unchanged ground does is told as regions",
    "timeline": "Many images were laid on one frame and held against what each zone looks like when nothing stands"
    " there; what stood where, came and went is told as states and events",
}


def item_files(subject: Subject, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return ``item.json``, and every file of the run that the export does not have under the same name.

    Parameters
    ----------
    subject
        The run.
    files
        Name -> content of what else is exported, which the item names too.

    Raises
    ------
    MissingExtraError
        If pystac is not installed.
    InputError
        If the time of an image is not known, or the run is not as this version writes it.

    """
    pystac = _pystac()
    run = subject.run
    kept = {name: run.read(name) for name in run.sha256 if name not in files}
    kept[RUN_MANIFEST] = to_json(dict(run.manifest))
    with doubted(run):
        document = _item(pystac, subject, {**files, **kept})
    return {**kept, NAME: to_json(plain(document))}


def _pystac() -> Any:
    try:
        import pystac  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise MissingExtraError(
            'a STAC item is written with pystac, which is an extra: pip install "imagery-diff[stac]"'
        ) from error
    return pystac


def _item(pystac: Any, subject: Subject, files: Mapping[str, bytes]) -> dict[str, Any]:
    manifest = subject.run.manifest
    first, last = _times(subject)
    outline = _outline(subject)
    place = str(subject.summary["aoi"]["name"])
    item = pystac.Item(
        id=f"{_plain(place)}_{first:%Y%m%dT%H%MZ}_{last:%Y%m%dT%H%MZ}_{manifest['content_sha256'][:12]}",
        geometry=mapping(outline),
        bbox=bounding_box([outline]),
        datetime=None,
        start_datetime=first,
        end_datetime=last,
        properties=_properties(subject),
        stac_extensions=[PROJECTION, PROCESSING, FILE],
    )
    for name in sorted([*files, manifests.NAME]):
        title, role = _ASSETS.get(name, (None, _ROLES.get(Path(name).suffix, "data")))
        # The manifest of the export lists the hash of the item, so that the item cannot hold that of the manifest.
        fields = _fields(name, files[name]) if name in files else {}
        href, media = f"./{quote(name, safe='')}", _MEDIA.get(Path(name).suffix)
        asset = pystac.Asset(href=href, title=title, media_type=media, roles=[role], extra_fields=fields)
        item.add_asset(name, asset)
    if any("bands" in asset.extra_fields for asset in item.assets.values()):
        item.stac_extensions.append(RASTER)
    for entry in manifest["inputs"]:
        item.add_link(_derived_from(pystac, entry, manifest["scenes"]))
    document: dict[str, Any] = item.to_dict(include_self_link=False, transform_hrefs=False)
    return document


def _scenes(subject: Subject) -> list[Mapping[str, Any]]:
    """Rows of the images, in their order."""
    summary = subject.summary
    if subject.run.kind == "comparison":
        return [summary["before"], summary["after"]]
    return [look["scene"] for look in summary["looks"]]


def _times(subject: Subject) -> tuple[dt.datetime, dt.datetime]:
    """First and last time of the images, whatever order they were given in."""
    moments = []
    for scene in _scenes(subject):
        if scene["acquired"] is None:
            raise InputError(
                f"{subject.run.folder.name}: the time of {clean(str(scene['file']))} is not known, and a STAC item has"
                " to say when; compare again with --before-time and --after-time"
            )
        moments.append(dt.datetime.fromisoformat(scene["acquired"]))
    return min(moments), max(moments)


def _outline(subject: Subject) -> Any:
    """Outline of the place as it was laid, of the common ground where there is no place; WGS84 after RFC 7946."""
    laid, crs = subject.run.manifest["aoi"]["laid"], "EPSG:4326"
    if laid is not None:
        geometry = shape(next(f["geometry"] for f in laid["features"] if f["properties"]["role"] == "aoi"))
    else:
        grid, crs = _grid(subject), subject.crs
        a, b, c, d, e, f = grid.transform[:6]
        geometry = affine_transform(box(0, 0, grid.shape[1], grid.shape[0]), [a, b, d, e, c, f])
    outline = wgs84_geometry(geometry, crs)
    if outline is None:
        raise ValueError("the place has no outline")
    return outline


def _grid(subject: Subject) -> Grid:
    grid = subject.summary["grid"]
    return Grid(crs=subject.crs, transform=Affine(*grid["transform"]), shape=tuple(grid["shape"]))


def _properties(subject: Subject) -> dict[str, Any]:
    """Say what the run says of itself; what is not known is left out, as STAC wants it."""
    manifest, summary, kind = subject.run.manifest, subject.summary, subject.run.kind
    first, last = _times(subject)
    place = summary["aoi"].get("title") or summary["aoi"]["name"]
    place = "common ground of the images" if manifest["aoi"]["laid"] is None else place
    title = f"{place}: {kind}, {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"
    told = (
        summary["headline"] if kind == "comparison" else f"{len(summary['looks'])} looks, {summary['events']} events."
    )
    if summary["simulated"]:
        # The first credit of all is what the images are instead of satellite images.
        stamp = summary["credit"].split("; ")[0]
        title, told = f"{stamp}: {title}", f"{stamp}. {told}"
    rows = subject.layer(subject.stem).rows
    version = str(manifest["software"]["imagery_diff"])
    licences = {clean(str(s["file"])): clean(str(s["licence"])) for s in _scenes(subject) if s["licence"]}
    properties: dict[str, Any] = {
        "title": clean(title),
        "description": clean(told),
        "created": manifest["created"],
        **_projection(_grid(subject)),
        "processing:level": "L4",
        "processing:lineage": f"{_LINEAGE[kind]} (imagery_diff {version}). Inputs by their hashes, parameters and every"
        f" estimate stand in {RUN_MANIFEST}.",
        "processing:software": dict(manifest["software"]),
        "processing:datetime": manifest["created"],
        "processing:version": version,
        "imagery_diff:simulated": summary["simulated"],
        "imagery_diff:credit": clean(summary["credit"]),
        "imagery_diff:caveats": [clean(text) for text in summary["caveats"]],
        "imagery_diff:licences": licences,
        "imagery_diff:unreviewed": sum(row["review"] == "unreviewed" for row in rows),
        "imagery_diff:content_sha256": manifest["content_sha256"],
    }
    credits_ = dict.fromkeys(clean(str(scene["credit"])) for scene in _scenes(subject) if scene["credit"])
    if credits_:
        # Who made an image and who gives the licence, its credit does not tell: no roles.
        properties["providers"] = [{"name": name, "description": "Credit of an image."} for name in credits_]
    if licences:
        # Pictures are among the assets, and the licences of images are no SPDX names.
        properties["license"] = "other"
    return properties


def _projection(grid: Grid) -> dict[str, Any]:
    """Return the fields of the projection extension."""
    crs = str(grid.crs)
    code: dict[str, Any] = {"proj:code": crs} if crs.startswith("EPSG:") else {"proj:code": None, "proj:wkt2": crs}
    return {
        **code,
        "proj:shape": list(grid.shape),
        "proj:transform": list(grid.transform[:6]),
        "proj:bbox": list(grid.bounds),
    }


def _fields(name: str, content: bytes) -> dict[str, Any]:
    """Return size and checksum of a file, and of a raster its grid and bands."""
    fields: dict[str, Any] = {
        "file:size": len(content),
        "file:checksum": _SHA2_256 + hashlib.sha256(content).hexdigest(),
    }
    return fields | (_raster(content) if name.endswith(".tif") else {})


def _raster(content: bytes) -> dict[str, Any]:
    with rasterio.Env(GDAL_PAM_ENABLED="NO"), MemoryFile(content) as held, held.open(driver="GTiff") as file:
        crs = file.crs.to_authority()
        grid = Grid(crs=":".join(crs) if crs else file.crs.to_wkt(), transform=file.transform, shape=file.shape)
        assert grid.pixel_size_m is not None
        bands = [
            {
                "name": file.descriptions[i] or f"band {i + 1}",
                "data_type": file.dtypes[i],
                **({} if file.nodatavals[i] is None else {"nodata": file.nodatavals[i]}),
                **({"unit": file.units[i]} if file.units[i] else {}),
                **_statistics(file.tags(i + 1)),
                "raster:sampling": "area",
                "raster:spatial_resolution": round(sum(grid.pixel_size_m) / 2, 4),
            }
            for i in range(file.count)
        ]
        return {**_projection(grid), "bands": bands}


def _statistics(tags: Mapping[str, str]) -> dict[str, Any]:
    """Return the statistics of a band as far as its file holds them."""
    names = ("MINIMUM", "MAXIMUM", "MEAN", "STDDEV", "VALID_PERCENT")
    found = {name.lower(): float(tags[f"STATISTICS_{name}"]) for name in names if f"STATISTICS_{name}" in tags}
    return {"statistics": found} if found else {}


def _derived_from(pystac: Any, entry: Mapping[str, Any], scenes: Mapping[str, Any]) -> Any:
    """Link to a file that was read: by its hash, or where that is not known by its bare name."""
    role, name, digest = str(entry["role"]), str(entry["name"]), entry["sha256"]
    scene = scenes.get(role) or {}
    about = f" (scene {scene['scene']})" if scene.get("file") == name and scene.get("scene") else ""
    note = f"; {entry['note']}" if "note" in entry else ""
    fields = {"imagery_diff:role": role, "imagery_diff:file": clean(name)}
    if digest is None:
        href = quote(name, safe="")
    else:
        encoded = base64.urlsafe_b64encode(bytes.fromhex(digest)).decode("ascii").rstrip("=")
        href = f"ni:///sha-256;{encoded}"
        fields |= {"file:size": entry["size"], "file:checksum": _SHA2_256 + digest}
    title = clean(f"{role}: {name}{about}{note}")
    return pystac.Link(rel="derived_from", target=href, title=title, extra_fields=fields)


def _plain(text: str) -> str:
    """Make a name harmless as part of an id: ASCII letters, digits and underscores."""
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in text)[:60]
