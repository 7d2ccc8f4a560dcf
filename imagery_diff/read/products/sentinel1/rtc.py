"""Terrain-corrected Sentinel-1: ASF HyP3's RTC, and Microsoft Planetary Computer's (Catalyst).

Names of HyP3 as its own code makes them (``ASFHyP3/hyp3-gamma``, ``get_product_name``):
``S1A_IW_20191203T224518_DVP_RTC10_G_gpuned_54B9_VV.tif``; the six letters are gamma0 or sigma0; power, amplitude or
decibel; unmasked or water-masked; filtered or not; entire or clipped; dead reckoning or matched to the terrain. The
Planetary Computer's are ``measurement/iw-vv.rtc.tiff`` in a folder named by the GRD, gamma0, power, no data -32768; its
item is ``<GRD>_rtc.json``.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from imagery_diff.errors import InputError
from imagery_diff.read.products.found import Found, provenance
from imagery_diff.read.products.sentinel1.annotation import relative_orbit
from imagery_diff.read.products.sentinel1.facts import credit, resolution_m
from imagery_diff.read.products.times import utc_time
from imagery_diff.read.raster import RasterSource, StackSource, open_raster, raster_grid
from imagery_diff.scene import Band, Level, Orbit, SceneInfo

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imagery_diff.read.assets import Asset, Delivery
    from imagery_diff.read.given import Given
    from imagery_diff.scene import PixelSource, Scene

_HYP3 = re.compile(
    r"(?P<id>(?P<mission>S1[A-Z])_(?P<mode>IW|EW|S[1-6])_(?P<time>\d{8}T\d{6})_[SD][HV][PRO]_RTC(?P<size>\d+)_G_"
    r"(?P<level>[gs])(?P<scale>[pad])[uw](?P<filter>[fn])[ec][dm]_[0-9A-F]{4})_(?P<pol>VV|VH|HH|HV)\.tiff?"
)
_ITEM = (
    r"(?P<mission>S1[A-Z])_(?P<mode>IW|EW|S[1-6])_(?P<kind>GRD[FHM]|SLC_)_1S[SD][HV]_"
    r"(?P<start>\d{8}T\d{6})_(?P<stop>\d{8}T\d{6})_(?P<orbit>\d{6})_[0-9A-F]{6}"
)
_PLANETARY = re.compile(rf"(?P<id>{_ITEM})(?:_[0-9A-F]{{4}})?_rtc[_.-](?P<pol>vv|vh|hh|hv)\.tiff?", re.IGNORECASE)
_MEASURED = re.compile(r"(?:iw|ew|s[1-6])-(?P<pol>vv|vh|hh|hv)\.rtc\.tiff?", re.IGNORECASE)
_GRANULE = re.compile(_ITEM)
_ORDER = ("vv", "hh", "vh", "hv")
_MAX_TEXT_BYTES = 1_000_000
Scale = Literal["power", "amplitude", "decibels"]
_SCALES: dict[str, Scale] = {"p": "power", "a": "amplitude", "d": "decibels"}


@dataclass(frozen=True, kw_only=True)
class PowerSource:
    """Amplitudes or decibels as power."""

    source: PixelSource
    scale: Scale

    def read(self, row: int, col: int, shape: tuple[int, int], bands: tuple[int, ...]) -> Scene:
        """Read a rectangle inside the image; see :class:`imagery_diff.scene.PixelSource`."""
        scene = self.source.read(row, col, shape, bands)
        if self.scale == "amplitude":
            data = scene.data**2
        else:
            # No echo has 100 dB; what is written so is fill, and would swamp every sum.
            data = np.power(10.0, np.clip(scene.data, -100, 100) / 10, dtype=np.float32)
        return replace(scene, data=np.where(scene.unseen, np.float32(0), data))

    def as_stored(self) -> PixelSource:
        """Return the file's own numbers."""
        return self.source


@dataclass(frozen=True, kw_only=True)
class _Product:
    """The files of one terrain-corrected scene."""

    name: str
    by: str
    mission: str
    mode: str
    level: Level
    scale: Scale
    nodata: float
    filtered: bool
    images: tuple[tuple[Asset, str], ...]
    """With their polarisations."""
    text: Asset | None
    """Item (STAC) or README that names orbit and granule."""
    moment: re.Match[str] | None
    """Match of the granule's name, where a file or folder has it."""
    start: dt.datetime | None = None


def find_corrected(delivery: Delivery) -> list[Found]:
    """Return the terrain-corrected scenes of a delivery."""
    return [
        Found(
            scene=product.name,
            product=f"Sentinel-1 RTC ({product.by})",
            rank=0,
            images=tuple(a for a, _ in product.images),
            others=(product.text,) if product.text else (),
            masks=tuple(_beside(delivery, product)),
            open=partial(_open, product),
        )
        for product in (*_hyp3(delivery), *_planetary(delivery))
    ]


def _beside(delivery: Delivery, product: _Product) -> Iterable[Asset]:
    """Return HyP3's other rasters: layover and shadow, incidence, height, area."""
    for asset in delivery.assets:
        if asset.name.startswith(f"{product.name}_") and re.search(
            r"_(ls_map|inc_map|dem|area|rgb)\.tiff?$", asset.name
        ):
            yield asset


def _hyp3(delivery: Delivery) -> Iterable[_Product]:
    groups: dict[str, list[tuple[Asset, re.Match[str]]]] = {}
    for asset, match in delivery.matching(_HYP3):
        groups.setdefault(match["id"], []).append((asset, match))
    for name, found in groups.items():
        first = found[0][1]
        text = delivery.beside(found[0][0], f"{name}.README.md.txt")
        yield _Product(
            name=name,
            by="ASF HyP3",
            mission=first["mission"],
            mode=first["mode"],
            level=Level.GAMMA0 if first["level"] == "g" else Level.SIGMA0,
            scale=_SCALES[first["scale"]],
            nodata=0.0,
            filtered=first["filter"] == "f",
            images=_ordered(found),
            text=text,
            moment=None,
            start=_moment(first["time"]),
        )


def _planetary(delivery: Delivery) -> Iterable[_Product]:
    groups: dict[str, list[tuple[Asset, re.Match[str]]]] = {}
    granules: dict[str, re.Match[str]] = {}
    for asset, match in delivery.matching(_PLANETARY):
        groups.setdefault(match["id"].upper(), []).append((asset, match))
        granules[match["id"].upper()] = match
    for asset, match in delivery.matching(_MEASURED):
        above = [*reversed(asset.folder.split("/")), *reversed(asset.root.absolute().parts), delivery.name]
        granule = next((m for part in above if (m := _GRANULE.match(part))), None)
        name = granule[0] if granule else asset.folder or asset.name
        groups.setdefault(name, []).append((asset, match))
        if granule:
            granules[name] = granule
    for name, found in groups.items():
        moment = granules.get(name)
        yield _Product(
            name=f"{name}_rtc",
            by="Planetary Computer",
            mission=moment["mission"].upper() if moment else "S1",
            mode=moment["mode"].upper() if moment else "IW",
            level=Level.GAMMA0,
            scale="power",
            nodata=-32768.0,
            filtered=False,
            images=_ordered(found),
            text=_item(delivery, name),
            moment=moment,
        )


def _item(delivery: Delivery, name: str) -> Asset | None:
    """Return the STAC item beside the images."""
    wanted = {f"{name}_rtc.json".lower(), "item.json"}
    return next((a for a in delivery.assets if a.name.lower() in wanted), None)


def _ordered(found: list[tuple[Asset, re.Match[str]]]) -> tuple[tuple[Asset, str], ...]:
    by_pol = {match["pol"].lower(): asset for asset, match in reversed(found)}
    return tuple((by_pol[pol], pol) for pol in _ORDER if pol in by_pol)


def _moment(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.strptime(text, "%Y%m%dT%H%M%S").replace(tzinfo=dt.UTC)
    except ValueError:
        return None


def _open(product: _Product, _given: Given) -> SceneInfo:
    """Read what a terrain-corrected scene is.

    Raises
    ------
    InputError
        If its files do not lie on each other, or carry no georeference.

    """
    tags: dict[str, str] = {}
    first, files = None, []
    for asset, _ in product.images:
        with open_raster(asset) as dataset:
            grid, tags = raster_grid(asset, dataset), tags | dataset.tags()
            if dataset.count != 1:
                raise InputError(
                    f"{asset.name}: holds {dataset.count} bands, one polarisation is needed; give it as delivered"
                )
        first = first or grid
        if grid != first or grid.crs is None:
            raise InputError(
                f"{asset.name}: does not lie on the other polarisation, or nowhere; give the files as delivered"
            )
        files.append(RasterSource(asset=asset, indexes=(1,), nodata=product.nodata))
    assert first is not None
    source: PixelSource = StackSource(files=tuple(files), steps=(1,) * len(files), grid=first)
    if product.scale != "power":
        source = PowerSource(source=source, scale=product.scale)
    facts = _facts(product)
    acquired = facts["acquired"]
    spacing = max(first.pixel_size_m)
    return SceneInfo(
        name=product.name,
        grid=first,
        bands=tuple(Band(name=pol) for _, pol in product.images),
        source=source,
        product=f"Sentinel-1 {product.mode} RTC ({product.by})",
        why="name of a terrain-corrected file" + (f", {product.text.name} beside it" if product.text else ""),
        level=product.level,
        platform=product.mission,
        instrument="C-SAR",
        gsd_m=spacing,
        resolution_m=max(resolution_m(product.mode, "GRDH", 10.0), spacing),
        scene_id=product.name,
        files=tuple(
            dict.fromkeys(a.file for a in (*(a for a, _ in product.images), *((product.text,) if product.text else ())))
        ),
        notes=(
            f"{product.level} in {product.scale}" + ("" if product.scale == "power" else ", turned to power"),
            "corrected for terrain by its maker",
        ),
        caveats=tuple(_caveats(product, facts)),
        **facts,
        **provenance(tags, credit(acquired.year) if acquired else None),
    )


def _facts(product: _Product) -> dict[str, Any]:
    """Return moment and orbit: by the item, by the granule's name, by the file's name."""
    moment, said = product.moment or _granule(product.text), _properties(product.text)
    acquired, source = product.start, "file name (first line)"
    relative = direction = strip = None
    if moment is not None:
        start, stop = _moment(moment["start"].upper()), _moment(moment["stop"].upper())
        if start and stop and start <= stop:
            acquired, source = start + (stop - start) / 2, "name of the granule"
        relative = relative_orbit(product.mission, int(moment["orbit"]), f"{acquired:%Y-%m-%d}") if acquired else None
        strip = f"{product.mission} orbit {int(moment['orbit'])}"
    begin, end = said.get("start_datetime"), said.get("end_datetime")
    times = [utc_time(t) for t in (begin, end) if isinstance(t, str)] or [
        utc_time(t) for t in (said.get("datetime"),) if isinstance(t, str)
    ]
    told = [t for t in times if t is not None]
    if told:
        acquired, source = told[0] + (told[-1] - told[0]) / 2, "metadata"
    number = said.get("sat:relative_orbit")
    if isinstance(number, int) and not isinstance(number, bool):
        relative = number
    if said.get("sat:orbit_state") in {"ascending", "descending"}:
        direction = str(said["sat:orbit_state"])
    return {
        "acquired": acquired,
        "time_source": source if acquired else None,
        "orbit": Orbit(relative=relative, direction=direction, strip=strip),
    }


def _granule(asset: Asset | None) -> re.Match[str] | None:
    """Find the name of the granule in HyP3's README."""
    if asset is None or not asset.name.endswith(".txt"):
        return None
    return _GRANULE.search(asset.read(_MAX_TEXT_BYTES).decode("utf-8", "replace"))


def _properties(asset: Asset | None) -> dict[str, Any]:
    """Return the properties of a STAC item; none of anything else."""
    if asset is None or not asset.name.lower().endswith(".json"):
        return {}
    try:
        item = json.loads(asset.read(_MAX_TEXT_BYTES))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{asset.name}: is not JSON that can be read; download it again") from error
    properties = item.get("properties") if isinstance(item, dict) else None
    return properties if isinstance(properties, dict) else {}


def _caveats(product: _Product, facts: dict[str, Any]) -> list[str]:
    found = []
    if facts["orbit"].relative is None:
        beside = f" ({product.name}.README.md.txt beside it tells)" if product.by == "ASF HyP3" else ""
        found.append(
            f"{product.name}: the relative orbit is not known{beside}: of another orbit, what stands up would "
            "be read as change"
        )
    found.append(
        f"{product.name}: ghosts and sidelobes of bright ships are not looked for: a terrain-corrected file does not "
        "tell how the radar looked"
    )
    if product.filtered:
        found.append(f"{product.name}: speckle was filtered by its maker: small things are blurred or gone")
    return found
