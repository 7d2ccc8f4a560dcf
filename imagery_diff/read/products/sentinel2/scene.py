"""The files of a Sentinel-2 scene and what is known of it -> SceneInfo."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from imagery_diff.read.given import not_used
from imagery_diff.read.products.bare import open_bare
from imagery_diff.read.products.sentinel2 import names
from imagery_diff.read.products.sentinel2.masks import Classi, CloudOutlines, CloudProbability, Scl
from imagery_diff.read.products.sentinel2.metadata import Facts
from imagery_diff.read.products.sentinel2.offset import WITHOUT_BELOW, Darkest, darkest, decide
from imagery_diff.read.raster import SENTINEL2, RasterSource, StackSource, open_raster
from imagery_diff.read.stack import joined, lay_out, step_on
from imagery_diff.scene import Band, Level, Orbit, SceneInfo

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.read.assets import Asset
    from imagery_diff.read.given import Given
    from imagery_diff.read.products.sentinel2.parts import Parts
    from imagery_diff.read.raster import MaskSource
    from imagery_diff.read.stack import Layout

LICENCE = "free, full and open (Legal Notice on the use of Copernicus Sentinel Data)"
_LEVELS = {"L1C": Level.TOA, "L2A": Level.SURFACE}
_GSD_M = 10.0


@dataclass
class _Told:
    """What is found on the way."""

    notes: list[str] = field(default_factory=list)
    caveats: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Numbers:
    """The bands in their files' own numbers."""

    sources: dict[str, RasterSource]
    layout: Layout

    def darkest(self) -> Darkest:
        """Return the darkest hundredth of the infrared bands."""
        rows, cols = self.layout.grid.shape
        steps = dict(zip(self.sources, self.layout.steps, strict=True))
        return darkest(self._read, {b: (-(-rows // s), -(-cols // s)) for b, s in steps.items()})

    def _read(self, band: str, row: int, col: int, shape: tuple[int, int]) -> NDArray[np.float32]:
        return np.asarray(self.sources[band].numbers(row, col, shape, (0,))[0][0])


def make(parts: Parts, facts: Facts, offset: float | None, time_source: str = "metadata") -> SceneInfo:
    """Put a scene together."""
    files = parts.bands()
    layout = lay_out(list(files.values()))
    level = _LEVELS.get(facts.level or parts.level or "", Level.NUMBERS)
    sources = {b: RasterSource(asset=a, indexes=(1,), nodata=0.0) for b, a in files.items()}
    told = _Told()
    if level is Level.NUMBERS:
        told.caveats.append(f"{parts.name}: nothing tells whether it is L1C or L2A; its numbers stand as they are")
        told.notes += [not_used("offset")] if offset is not None else []
    else:
        scale = 1.0 / facts.quantification
        added = _added(parts.name, facts, offset, _Numbers(sources, layout), told)
        sources = {b: replace(s, scale=scale, offset=added[b] * scale) for b, s in sources.items()}
    masks = _masks(parts, layout, next(iter(files.values())))
    mask = joined(masks)
    _tell_time(facts, told)
    used = [*files.values(), *(m.asset for m in masks), parts.product, parts.granule, parts.item]
    return SceneInfo(
        name=parts.name,
        grid=layout.grid,
        bands=tuple(_band(b, facts) for b in files),
        source=StackSource(files=tuple(sources.values()), steps=layout.steps, grid=layout.grid, mask=mask),
        product=f"Sentinel-2 {facts.level or parts.level or 'bands'}",
        why=parts.why,
        level=level,
        platform=facts.platform,
        instrument="MSI",
        gsd_m=max(_GSD_M, round(layout.grid.pixel_size_m[0], 1)),
        acquired=facts.acquired,
        time_source=None if facts.acquired is None else time_source,
        sun=facts.sun,
        view=facts.view,
        orbit=facts.orbit,
        # Before 2016-12 a product held many tiles under one name.
        scene_id=facts.name if facts.name and (parts.item or names.PRODUCT.match(facts.name)) else parts.scene,
        masks=tuple(f"{type(m).__name__}: {m.tells}" for m in masks),
        cloud_masked=mask is not None,
        licence=LICENCE,
        **layout.provenance(_credit(facts)),
        files=tuple(dict.fromkeys(a.file for a in used if a is not None)),
        notes=tuple(told.notes),
        caveats=tuple(told.caveats),
    )


def _added(name: str, facts: Facts, offset: float | None, numbers: _Numbers, told: _Told) -> dict[str, float]:
    """Return what is added to each band's numbers, once: as was said, else by the metadata, else by the image."""
    bands = numbers.sources
    if offset is not None:
        told.notes.append(f"{offset:g} added to the numbers, as was said")
        return dict.fromkeys(bands, offset)
    if facts.offsets is None:
        guessed, note = decide(name, numbers.darkest())
        told.notes.append(note)
        return dict.fromkeys(bands, guessed)
    values = "/".join(f"{v:g}" for v in sorted({facts.offsets[b] for b in bands}))
    told.notes.append(f"{values} added to the numbers, by {facts.why_offset}")
    if facts.offsets_doubtful:
        dark = numbers.darkest()
        if any(n < WITHOUT_BELOW for n in dark.numbers.values()):
            told.caveats.append(
                f"{name}: {values} is added by {facts.why_offset}, but its darkest hundredth ({dark.told}) looks as if "
                "that had been done already; if so, say --offset 0"
            )
    return facts.offsets


def _masks(parts: Parts, layout: Layout, reference: Asset) -> list[MaskSource]:
    """Open the masks that know most: classes with the probability, else L1C's raster, else its outlines."""
    found: list[MaskSource] = []
    for layer, kind in (("SCL", Scl), ("CLD", CloudProbability)):
        for _, asset in sorted(parts.layers.get(layer, ())):
            step = step_on(layout.grid, asset, reference)
            if step is not None:
                found.append(kind(asset, layout.grid.shape, step))
                break
    if any(isinstance(m, Scl) for m in found):
        return found
    if parts.classi is not None and (step := step_on(layout.grid, parts.classi, reference)) is not None:
        return [Classi(parts.classi, layout.grid.shape, step), *found]
    if parts.outlines is not None:
        return [CloudOutlines(parts.outlines, layout.grid), *found]
    return found


def _tell_time(facts: Facts, told: _Told) -> None:
    if facts.acquired is not None and facts.of_datatake:
        told.notes.append(
            "the time is that of the data take's first line; the tile was seen up to some 20 minutes later"
        )


def _band(band: str, facts: Facts) -> Band:
    centre, width = facts.wavelengths.get(band, (SENTINEL2[band][1], None))
    return Band(name=names.BAND_NAMES[band], wavelength_nm=centre, width_nm=width)


def _credit(facts: Facts) -> str | None:
    """Return whose image it is, in the words of the Legal Notice for data that are worked on."""
    return None if facts.acquired is None else f"Contains modified Copernicus Sentinel data {facts.acquired.year}"


def open_stack(asset: Asset, given: Given) -> SceneInfo:
    """Read a raster of many bands that bears the name of a product.

    Its numbers may have been harmonised by whoever stacked them, so the baseline in the name decides nothing.
    """
    bare = open_bare(asset, given)
    match = names.PRODUCT.match(asset.name)
    assert match is not None
    facts = Facts(level=match["level"], acquired=names.time_of(match["time"]), of_datatake=True)
    told = _Told()
    told.notes += [n for n in bare.notes if n == not_used("crs")]
    _tell_time(facts, told)
    info = replace(
        bare,
        product=f"Sentinel-2 {match['level']} stack",
        why="name of a Sentinel-2 product",
        platform=f"Sentinel-{match['mission'][1:]}",
        instrument="MSI",
        gsd_m=_GSD_M,
        acquired=facts.acquired,
        time_source=None if facts.acquired is None else "file name",
        orbit=Orbit(relative=int(match["orbit"])),
        scene_id=match.group(),
        credit=bare.credit or (None if bare.simulated else _credit(facts)),
        licence=LICENCE,
    )
    with open_raster(asset) as dataset:
        described = [(d or "").strip().upper() for d in dataset.descriptions]
        whole = dataset.dtypes[0] in {"uint16", "int16"}
    own = {d: k for k, d in enumerate(described) if d in names.BAND_NAMES}
    if not own or not whole:
        told.caveats.append(f"{asset.name}: holds no numbers described as B02, B03, …; they stand as they are")
        told.notes += [not_used("offset")] if given.offset is not None else []
        return replace(info, notes=tuple(told.notes), caveats=tuple(told.caveats))
    told.notes += [not_used("bands")] if given.bands is not None else []
    return _calibrated(info, asset, described, (facts, given.offset), told)


def _calibrated(
    info: SceneInfo, asset: Asset, described: list[str], known: tuple[Facts, float | None], told: _Told
) -> SceneInfo:
    """Make reflectance of the bands of a stack, and flags of its scene classification where it holds one."""
    facts, offset = known
    own = {d: k for k, d in enumerate(described) if d in names.BAND_NAMES}
    one = RasterSource(asset=asset, indexes=tuple(k + 1 for k in own.values()), nodata=0.0)
    numbers = _Numbers({b: replace(one, indexes=(k + 1,)) for b, k in own.items()}, lay_out([asset] * len(own)))
    added = _added(asset.name, facts, offset, numbers, told)
    scale = 1.0 / facts.quantification
    mask = Scl(asset, info.grid.shape, band=described.index("SCL")) if "SCL" in described else None
    return replace(
        info,
        bands=tuple(_band(b, facts) for b in own),
        source=replace(one, scale=scale, offset=tuple(added[b] * scale for b in own), mask=mask),
        level=_LEVELS[facts.level or ""],
        masks=() if mask is None else (f"Scl: {mask.tells}",),
        cloud_masked=mask is not None,
        notes=tuple(told.notes),
        caveats=tuple(told.caveats),
    )
