"""Airbus' ortho products in DIMAP v2: Pleiades, Pleiades Neo, SPOT 6 and 7, as GeoTIFF or JPEG 2000, in tiles."""

from __future__ import annotations

import re
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.errors import CRSError

from imagery_diff.errors import InputError
from imagery_diff.grid import Grid
from imagery_diff.read.products.airbus.dimap import (
    Dimap,
    Facts,
    Group,
    Scaling,
    bands_of,
    facts_of,
    groups_of,
    read_dimap,
    scaling,
)
from imagery_diff.read.products.airbus.masks import MEANINGS, GmlMasks, read_masks
from imagery_diff.read.products.found import Found, provenance
from imagery_diff.read.raster import RasterSource, open_raster
from imagery_diff.read.tiles import GroupedSource, Place, Tile, TiledSource, lay_out
from imagery_diff.scene import Orbit, SceneInfo

if TYPE_CHECKING:
    from imagery_diff.read.assets import Asset, Delivery
    from imagery_diff.read.given import Given

_DIM = re.compile(r"DIM_(?P<stem>.+)\.XML", re.IGNORECASE)
_IMG = re.compile(r"IMG_(?P<stem>.+?)(?:_(?:RGB|NED|P))?(?:_R\d+C\d+)?\.(?:TIFF?|JP2)", re.IGNORECASE)
_STRIP = re.compile(r"(?P<sat>PHR1[AB]|PNEO\d|SPOT[67])_(?:(?P<kind>[A-Z-]+)_)?(?P<time>\d{15})", re.IGNORECASE)
"""``PHR1A_PMS_202108151541301_ORT_…``, ``PNEO4_202111151358313_MS-FS_ORT_…``: satellite, bands, UTC to .1 s."""
_KIND = re.compile(r"_(?P<kind>PMS|MS|PAN|P)(?:-[A-Z]+)?(?=_|$)", re.IGNORECASE)
_RANKS = {"MS": 0, "PMS": 1, "P": 2, "PAN": 2}
"""Multispectral before pan-sharpened before pan: its numbers are measured, and it has more bands."""
_CONTENTS = re.compile(r"(?:VOL_|SPOT_|PER_|INDEX).*\.(?:XML|HTM)", re.IGNORECASE)
"""Tables of contents of a delivery; they describe no image."""
_MASK_KIND = re.compile(r"\((?P<kind>[A-Z]{3})\)")


def find(delivery: Delivery) -> list[Found]:
    """Return the products of Airbus' in a delivery, by their DIM files; those of the lineage describe no image."""
    described = list(delivery.matching(_DIM))
    alone = Counter(a.folder for a, _ in described)
    pictures = list(delivery.matching(_IMG))
    found = []
    for asset, match in described:
        stem = match["stem"]
        # The only DIM file of a folder describes whatever images are there, whatever they are called.
        images = tuple(
            a
            for a, m in pictures
            if a.folder == asset.folder and (m["stem"].lower() == stem.lower() or alone[asset.folder] == 1)
        )
        strip, kind = _STRIP.match(stem), _KIND.search(stem)
        found.append(
            Found(
                scene=f"{strip['sat']}_{strip['time']}".upper() if strip else stem,
                product=f"Airbus {stem}",
                rank=100 if "_SEN_" in stem.upper() else _RANKS.get(kind["kind"].upper() if kind else "", 3),
                images=images,
                others=(asset,),
                open=partial(_open, delivery, asset, stem),
            )
        )
    named = delivery.named
    if named is not None and _CONTENTS.fullmatch(named.name):
        found.append(
            Found(
                scene=named.name, product="contents", rank=100, images=(named,), open=partial(_refuse_contents, named)
            )
        )
    return found


def _refuse_contents(asset: Asset, _given: Given) -> SceneInfo:
    raise InputError(f"{asset.name}: lists what was delivered and is no image; give its folder, or a DIM file in it")


def _open(delivery: Delivery, asset: Asset, stem: str, _given: Given) -> SceneInfo:
    """Read what a product is.

    Raises
    ------
    InputError
        If it is not orthorectified, or one of its files is damaged or missing.

    """
    dimap = read_dimap(asset)
    if dimap.level not in {"ORTHO", "MOSAIC"}:
        raise InputError(
            f"{asset.name}: is of level {dimap.level[:20] or 'unknown'}, which is not orthorectified, so its pixels "
            "have no place on the ground; order the same image as Ortho"
        )
    groups = groups_of(dimap)
    facts = facts_of(dimap)
    grid, laid = _lay_out(delivery, dimap, groups)
    first = next(p.asset for p, _ in laid[0] if p.asset is not None)
    with open_raster(first) as dataset:
        dtype, tags, placed = dataset.dtypes[0], dataset.tags(), dataset.crs is not None
    counted = [_counted(group, tiles) for group, tiles in zip(groups, laid, strict=True)]
    ids = tuple(name for group in counted for name in group)
    scaled = scaling(dimap, ids, dtype, facts)
    used, masks, doubts = _masks(delivery, dimap, grid)
    sources, begin = [], 0
    for group, names, tiles in zip(groups, counted, laid, strict=True):
        sources.append(_source(group, tiles, grid, scaled, slice(begin, begin + len(names))))
        begin += len(names)
    seen = [p.asset for tiles in laid for p, _ in tiles if p.asset is not None]
    return SceneInfo(
        name=first.name if len(seen) == 1 else asset.name,
        grid=grid,
        bands=bands_of(dimap, ids),
        source=GroupedSource(groups=tuple(sources), counts=tuple(map(len, counted)), grid=grid, mask=masks),
        product=f"{_family(dimap)} {dimap.spectral or 'image'} {dimap.level.lower()}",
        why=f"profile {dimap.profile[:20] or 'unknown'} of a DIMAP file",
        level=scaled.level,
        platform=facts.platform,
        instrument=facts.instrument,
        gsd_m=facts.gsd_m,
        acquired=facts.acquired,
        time_source=facts.time_source,
        sun=facts.sun,
        view=facts.view,
        orbit=Orbit(strip=facts.strip),
        ground_control=facts.tied or None,
        scene_id=stem,
        masks=(f"GML: {masks.tells}",) if masks else (),
        cloud_masked=masks is not None and masks.cloud,
        licence=facts.licence,
        files=tuple(dict.fromkeys(a.file for a in (*seen, asset, *used))),
        notes=(*scaled.notes, *_notes(facts)),
        caveats=(*facts.caveats, *doubts, *_placing(dimap, grid, placed=placed), *_caveats(dimap, groups, laid, masks)),
        **provenance(tags, _credit(dimap, facts)),
    )


def _lay_out(
    delivery: Delivery, dimap: Dimap, groups: tuple[Group, ...]
) -> tuple[Grid, list[list[tuple[Place, tuple[int, int]]]]]:
    """Find the grid of the image, and where the files of each group lie on it."""
    rows, cols = dimap.tile_size
    whole = any(len(g.parts) > 1 for g in groups)
    grid, laid = None, []
    for group in groups:
        places = [
            Place(
                asset=delivery.inside(dimap.asset, p.href),
                row=(p.row - 1) * rows if whole else 0,
                col=(p.col - 1) * cols if whole else 0,
            )
            for p in group.parts
        ]
        here, tiles = lay_out(dimap.asset, places, dimap.shape if whole else None, _by_index(dimap))
        if grid is not None and (here.shape != grid.shape or here.transform != grid.transform):
            raise InputError(f"{dimap.asset.name}: its files do not lie on each other; download them all again")
        grid = here
        laid.append([*tiles, *((p, (0, 0)) for p in places if p.asset is None)])
    assert grid is not None
    return grid, laid


def _by_index(dimap: Dimap) -> Grid | None:
    """Return where the image lies by the DIMAP file, for images that do not say it themselves."""
    numbers = [dimap.root.number(f"Geoposition_Insert/{k}") for k in ("ULXMAP", "ULYMAP", "XDIM", "YDIM")]
    if dimap.code is None or any(n is None for n in numbers):
        return None
    x, y, width, height = (n or 0.0 for n in numbers)
    try:
        # Within an environment GDAL logs, and does not print.
        with rasterio.Env():
            CRS.from_epsg(int(dimap.code))
    except CRSError as error:
        raise dimap.broken(f"no coordinate system EPSG:{dimap.code}") from error
    return Grid(crs=f"EPSG:{dimap.code}", transform=Affine(width, 0, x, 0, -height, y), shape=dimap.shape)


def _counted(group: Group, tiles: list[tuple[Place, tuple[int, int]]]) -> tuple[str, ...]:
    """Return the bands of a group's files; by number where the index names others than there are."""
    asset = next(p.asset for p, _ in tiles if p.asset is not None)
    with open_raster(asset) as dataset:
        count = int(dataset.count)
    if len(group.bands) == count:
        return group.bands
    return group.bands[:count] if len(group.bands) > count else tuple(str(i + 1) for i in range(count))


def _source(
    group: Group, tiles: list[tuple[Place, tuple[int, int]]], grid: Grid, scaled: Scaling, bands: slice
) -> TiledSource:
    """Return the pixels of a group, its bands being those of the image at ``bands``."""
    scale, offset = scaled.scale[bands], scaled.offset[bands]
    parts = tuple(
        Tile(
            source=RasterSource(
                asset=place.asset,
                indexes=tuple(range(1, len(scale) + 1)),
                scale=scale,
                offset=offset,
                nodata=group.nodata,
            ),
            row=place.row,
            col=place.col,
            shape=shape,
        )
        for place, shape in tiles
        if place.asset is not None
    )
    return TiledSource(tiles=parts, grid=grid)


def _masks(delivery: Delivery, dimap: Dimap, grid: Grid) -> tuple[list[Asset], GmlMasks | None, list[str]]:
    """Read the masks the DIMAP file names; return their files, what they tell, and what is doubtful."""
    assets, doubts = {}, []
    for node in dimap.root.all("Imaging_Quality_Measurement"):
        kind = _MASK_KIND.search(node.text_of("MEASURE_NAME") or "")
        path = node.first("COMPONENT_PATH")
        href = path.attribute("href") if path else None
        if kind is None or kind["kind"] not in MEANINGS or not href:
            continue
        mask = delivery.inside(dimap.asset, href)
        if mask is None:
            doubts.append(f"{dimap.asset.name}: its mask {href[:80]!r} is missing; what it tells is not known")
        else:
            assets[kind["kind"]] = mask
    masks, unused = read_masks(assets, grid, dimap.code)
    return list(assets.values()), masks, [*doubts, *unused]


def _family(dimap: Dimap) -> str:
    families = {"PHR": "Pleiades", "PNEO": "Pleiades Neo", "S6": "SPOT 6", "S7": "SPOT 7"}
    return families.get(dimap.profile.partition("_")[0], "Airbus")


def _credit(dimap: Dimap, facts: Facts) -> str | None:
    """Return whose image it is, by the year it was taken: Pleiades is CNES', the others are Airbus'."""
    if facts.acquired is None:
        return facts.copyright
    year = facts.acquired.year
    if dimap.profile.startswith("PHR"):
        return f"Pléiades © CNES {year}, Distribution Airbus DS"
    return f"© Airbus DS {year}"


def _notes(facts: Facts) -> list[str]:
    found = []
    if facts.view is not None:
        found.append("view angle is that at the ground, INCIDENCE_ANGLE of the centre")
    if facts.tied is not None:
        found.append("tied to a reference on the ground" if facts.tied else "not tied to a reference on the ground")
    return found


def _placing(dimap: Dimap, grid: Grid, *, placed: bool) -> list[str]:
    """Say what is doubtful about where it lies."""
    name = dimap.asset.name
    found = []
    if grid.shape != dimap.shape:
        there, told = (f"{s[1]} x {s[0]}" for s in (grid.shape, dimap.shape))
        found.append(f"{name}: tells of {told} pixels, the image has {there}: it was changed after delivery")
    if not placed:
        # Its corner is that of the first pixel in SPOT 7, and its centre in Pleiades 1A.
        found.append(f"{name}: its images carry no georeference; it is taken from this file, to half a pixel")
    return found


def _caveats(
    dimap: Dimap,
    groups: tuple[Group, ...],
    laid: list[list[tuple[Place, tuple[int, int]]]],
    masks: GmlMasks | None,
) -> list[str]:
    """Say what about the product is doubtful."""
    name = dimap.asset.name
    found = []
    listed, missing = sum(len(g.parts) for g in groups), sum(p.asset is None for tiles in laid for p, _ in tiles)
    if missing:
        found.append(f"{name}: {missing} of the {listed} tiles it lists are missing; their ground was not seen")
    if masks is not None and masks.cloud:
        found.append(f"{name}: its mask knows cloud, in broad outlines, but no haze and no shadow")
    if dimap.spectral.startswith("PMS"):
        found.append(f"{name}: is pan-sharpened: its colours are spread over finer pixels, reflectance is but about")
    if dimap.level == "MOSAIC":
        found.append(f"{name}: is a mosaic; its colours were made to fit")
    return found
