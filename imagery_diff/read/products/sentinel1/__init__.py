"""Sentinel-1: GRD in SAFE as Copernicus, Azure and AWS lay them out, and terrain-corrected products."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from imagery_diff.errors import InputError
from imagery_diff.read.products.found import Found, provenance
from imagery_diff.read.products.sentinel1.annotation import Manifest, read_annotation, read_manifest, relative_orbit
from imagery_diff.read.products.sentinel1.facts import caveats_of, credit, notes_of, resolution_m
from imagery_diff.read.products.sentinel1.geolocation import place
from imagery_diff.read.products.sentinel1.radiometry import Calibration, read_noise, read_sigma
from imagery_diff.read.products.sentinel1.rtc import find_corrected
from imagery_diff.read.products.sentinel1.source import Channel, RangeSource
from imagery_diff.read.raster import open_raster
from imagery_diff.scene import Band, Level, Orbit, SceneInfo

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imagery_diff.read.assets import Asset, Delivery
    from imagery_diff.read.given import Given
    from imagery_diff.read.products.sentinel1.annotation import Annotation

_MEASURED = re.compile(
    r"(?:s1[a-z]-)?(?P<swath>iw\d?|ew\d?|s[1-6]|wv\d?)-(?:(?P<kind>grd|slc)-)?(?P<pol>vv|vh|hh|hv)(?:-[0-9a-ft-]+)?\.tiff?",
    re.IGNORECASE,
)
"""``s1a-iw-grd-vv-20210809t173953-20210809t174018-039156-049f13-001.tiff``; on Azure and AWS ``iw-vv.tiff``."""
_PRODUCT = re.compile(
    r"(?P<mission>S1[A-Z])_(?P<mode>IW|EW|S[1-6]|WV)_(?P<kind>GRD[FHM]|SLC_)_1S(?P<pols>[SD][HV])_\w+"
)
_ORDER = ("vv", "hh", "vh", "hv")


def find(delivery: Delivery) -> list[Found]:
    """Return the Sentinel-1 scenes of a delivery."""
    return [*_safes(delivery), *find_corrected(delivery)]


def _safes(delivery: Delivery) -> Iterable[Found]:
    """Return the products whose ``measurement`` folders are there."""
    folders: dict[str, list[tuple[Asset, re.Match[str]]]] = {}
    for asset, match in delivery.matching(_MEASURED):
        parent, _, last = asset.folder.rpartition("/")
        if last == "measurement" or (not asset.folder and asset.root.name == "measurement"):
            folders.setdefault(parent, []).append((asset, match))
        elif match["kind"]:
            yield Found(
                scene=asset.name, product="Sentinel-1", rank=100, images=(asset,), open=partial(_refuse_lone, asset)
            )
    for folder, images in folders.items():
        ordered = sorted(images, key=lambda i: _ORDER.index(i[1]["pol"].lower()))
        inside = tuple(
            a for a in delivery.assets if a.folder == folder or a.folder.startswith(f"{folder}/" if folder else "")
        )
        measured = tuple(a for a, _ in ordered)
        others = tuple(a for a in inside if a not in measured)
        name = _name(delivery, folder, measured[0])
        product = _PRODUCT.match(name)
        kinds = {(m["kind"] or "").lower() for _, m in ordered} | ({product["kind"].lower()} if product else set())
        complex_ = any(k.startswith("slc") for k in kinds)
        yield Found(
            scene=name,
            product="Sentinel-1 SLC" if complex_ else "Sentinel-1 GRD",
            rank=100 if complex_ else 1,
            images=measured,
            others=others,
            open=partial(_refuse_complex, name) if complex_ else partial(_open, name, tuple(ordered), others),
            uses=frozenset({"height_m"}),
        )


def _name(delivery: Delivery, folder: str, image: Asset) -> str:
    """Return the product's name: that of its folder, of what was given, or of its first image."""
    for part in (folder.rpartition("/")[2], image.root.name if not folder else "", delivery.name):
        match = _PRODUCT.match(part)
        if match:
            return match[0]
    return folder.rpartition("/")[2] or image.name


def _refuse_lone(asset: Asset, _given: Given) -> SceneInfo:
    raise InputError(
        f"{asset.name}: its annotation and calibration are missing, without which its numbers mean nothing and lie "
        "nowhere; give the whole SAFE as delivered"
    )


def _refuse_complex(name: str, _given: Given) -> SceneInfo:
    raise InputError(
        f"{name}: is an SLC (complex, in slant range); order GRD of the same pass, or a terrain-corrected product (RTC)"
    )


def _open(
    name: str, images: tuple[tuple[Asset, re.Match[str]], ...], others: tuple[Asset, ...], given: Given
) -> SceneInfo:
    """Read what a GRD is.

    Raises
    ------
    InputError
        If its annotation, its calibration or its geolocation grid are missing or damaged.

    """
    parts = [_Part(name, asset, match["pol"].lower(), others) for asset, match in images]
    told = [read_annotation(part.annotation) for part in parts]
    first = told[0]
    for part, other in zip(parts, told, strict=True):
        _refuse_unlike(name, first, other)
        with open_raster(part.image) as dataset:
            tags = dataset.tags()
            if dataset.shape != first.shape or dataset.dtypes[0] != "uint16":
                raise InputError(
                    f"{part.image.name}: holds {dataset.shape[1]} x {dataset.shape[0]} pixels of {dataset.dtypes[0]}, "
                    f"its annotation says {first.shape[1]} x {first.shape[0]} of uint16; give it as delivered"
                )
    safe = next((a for a in others if a.name == "manifest.safe"), None)
    manifest = read_manifest(safe) if safe else Manifest(Orbit(), None)
    height = float(round(first.points.low_m)) if given.height_m is None else given.height_m
    try:
        placement = place(first.points, first.shape, first.spacing_m, height)
    except InputError as error:
        raise InputError(f"{parts[0].annotation.name}: {error}") from error
    channels, old = _channels(parts, told)
    product = _PRODUCT.match(name)
    kind = product["kind"] if product else "GRD"
    return SceneInfo(
        name=name,
        grid=placement.grid,
        bands=tuple(Band(name=part.pol) for part in parts),
        source=RangeSource(channels=channels, placement=placement, shape=first.shape),
        product=f"Sentinel-1 {first.mode} {kind}",
        why="measurement and annotation of a SAFE" + ("" if safe else ", without its manifest"),
        level=Level.SIGMA0,
        platform=first.mission,
        instrument="C-SAR",
        gsd_m=max(first.spacing_m),
        resolution_m=resolution_m(first.mode, kind, max(first.spacing_m)),
        acquired=first.middle,
        time_source="metadata",
        radar_view=first.beam,
        orbit=_orbit(manifest, first),
        placement_rms_m=placement.rms_m,
        laid_on_m=height,
        scene_id=name,
        files=tuple(dict.fromkeys(a.file for a in (*(p.image for p in parts), *others))),
        notes=tuple(notes_of(first, placement, channels, height, manifest.version)),
        caveats=tuple(caveats_of(name, first, channels, height, kind, old_noise=old)),
        **provenance(tags, credit(first.start.year)),
    )


class _Part:
    """The files of one polarisation."""

    def __init__(self, product: str, image: Asset, pol: str, others: tuple[Asset, ...]) -> None:
        self.image, self.pol = image, pol
        stem = image.name.rpartition(".")[0].lower()
        named = {a.name.lower(): a for a in others if a.folder.rpartition("/")[2] in {"annotation", "calibration"}}

        def needed(prefix: str, what: str) -> Asset:
            found = named.get(f"{prefix}{stem}.xml")
            if found is None:
                raise InputError(f"{product}: {prefix}{stem}.xml ({what}) is missing; give the whole SAFE as delivered")
            return found

        self.annotation = needed("", "its annotation")
        self.sigma = needed("calibration-", "its calibration")
        self.noise = named.get(f"noise-{stem}.xml")


def _refuse_unlike(name: str, first: Annotation, other: Annotation) -> None:
    apart = abs((other.start - first.start).total_seconds())
    if other.shape != first.shape or other.spacing_m != first.spacing_m or apart > 1:
        raise InputError(f"{name}: its polarisations are of different images; give one SAFE as delivered")


def _channels(parts: list[_Part], told: list[Annotation]) -> tuple[tuple[Channel, ...], bool]:
    """Read the tables of each polarisation; also whether the noise is of the old kind."""
    channels, old = [], False
    for part, annotation in zip(parts, told, strict=True):
        noise = None
        if part.noise is not None and not annotation.noise_removed:
            noise, early = read_noise(part.noise)
            old = old or early
        channels.append(Channel(asset=part.image, calibration=Calibration(sigma=read_sigma(part.sigma), noise=noise)))
    return tuple(channels), old


def _orbit(manifest: Manifest, first: Annotation) -> Orbit:
    """Take the orbit from the manifest, else from the annotation."""
    relative = manifest.orbit.relative
    if relative is None:
        relative = relative_orbit(first.mission, first.absolute_orbit, f"{first.start:%Y-%m-%d}")
    strip = f"{first.mission} orbit {first.absolute_orbit}" if first.absolute_orbit else None
    return Orbit(relative=relative, direction=first.direction or manifest.orbit.direction, strip=strip)
