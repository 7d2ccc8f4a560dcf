"""RapidEye as Planet delivers it: ``<tile>_<day>_RE<n>_3A_<product>.tif`` with XML, JSON and the old mask.

Names and files: https://docs.planet.com/data/imagery/rapideye/ and Planet's Combined Imagery Product Specification;
the XML is that of PlanetScope under another namespace. Bands 440-510, 520-590, 630-685, 690-730, 760-850 nm, and the
sun's irradiance in them, from that specification (as in ``sertit/eoreader`` ``re_product.py``).
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from imagery_diff.errors import InputError
from imagery_diff.read.products.found import Found, provenance
from imagery_diff.read.products.planet.metadata import Facts, read_facts
from imagery_diff.read.products.planet.udm import Udm, Udm2
from imagery_diff.read.products.toa import per_radiance
from imagery_diff.read.raster import RasterSource, open_raster, raster_grid
from imagery_diff.scene import Band, Level, Orbit, SceneInfo

if TYPE_CHECKING:
    from imagery_diff.grid import Grid
    from imagery_diff.read.assets import Asset, Delivery
    from imagery_diff.read.given import Given
    from imagery_diff.read.raster import MaskSource

_NAME = re.compile(
    r"(?P<id>(?P<tile>\d{7})_(?P<day>\d{4}-\d{2}-\d{2})_RE(?P<sat>\d))_(?P<level>1B|3A)(?:_(?P<product>.+?))?\.tiff?"
)
_BASIC = re.compile(r"(?P<id>(?P<day>\d{4}-\d{2}-\d{2})T\d{6}_RE\d)_1B-NAC_.+\.tiff?")
_ITEM = re.compile(r"(?P<day>\d{8})_\d{6}_(?P<tile>\d{7})_RapidEye-(?P<sat>\d)_metadata\.json")
_EDGES_NM = {"blue": (440, 510), "green": (520, 590), "red": (630, 685), "rededge": (690, 730), "nir": (760, 850)}
_IRRADIANCE = {"blue": 1997.8, "green": 1863.5, "red": 1560.4, "rededge": 1395.0, "nir": 1124.4}
"""Of the sun at one astronomical unit, W/(m2 um)."""
_RADIANCE_SCALE = 0.01
_REFLECTANCE_SCALE = 1e-4
_COARSEST = 10
"""The mask of older deliveries has pixels of 50 m for the image's 5 m."""
_RANKS = {Level.SURFACE: 0, Level.RADIANCE: 1, Level.DISPLAY: 2}


def find(delivery: Delivery) -> list[Found]:
    """Return the RapidEye products of a delivery."""
    found = []
    for asset, match in delivery.matching(_NAME):
        product = match["product"] or ""
        parts = set(product.lower().split("_"))
        if {"udm", "udm2", "browse"} & parts:
            continue
        mask, item, xml = _beside(delivery, asset, match)
        found.append(
            Found(
                scene=match["id"],
                product=f"RapidEye {product or 'ortho tile'}",
                rank=_RANKS[_level(product)] if match["level"] == "3A" else 100,
                images=(asset,),
                others=tuple(a for a in (item, xml) if a),
                masks=(mask,) if mask else (),
                open=partial(_open, delivery, asset, match),
            )
        )
    for asset, match in delivery.matching(_BASIC):
        found.append(
            Found(
                scene=match["id"],
                product="RapidEye basic",
                rank=100,
                images=(asset,),
                open=partial(_refuse_basic, asset),
            )
        )
    named = delivery.named
    lone = _NAME.fullmatch(named.name) if named is not None and not any(f.holds(named) for f in found) else None
    if named is not None and lone is not None and {"udm", "udm2"} & set((lone["product"] or "").split("_")):
        found.append(
            Found(scene=lone["id"], product="mask", rank=100, images=(named,), open=partial(_refuse_mask, named))
        )
    return found


def _level(product: str) -> Level:
    """Return what the numbers are as they stand in the file."""
    parts = set(product.lower().split("_"))
    if "visual" in parts:
        return Level.DISPLAY
    return Level.SURFACE if "sr" in parts else Level.RADIANCE


def _refuse_mask(asset: Asset, _given: Given) -> SceneInfo:
    raise InputError(f"{asset.name}: is a mask, not an image; give the image beside it, the mask is found by its name")


def _refuse_basic(asset: Asset, _given: Given | None = None) -> SceneInfo:
    raise InputError(
        f"{asset.name}: is a basic (1B) product, which is not orthorectified, so its pixels have no place on the "
        "ground; order analytic or analytic_sr of the REOrthoTile"
    )


def _beside(delivery: Delivery, asset: Asset, match: re.Match[str]) -> tuple[Asset | None, Asset | None, Asset | None]:
    """Find mask, item's JSON and XML of an image by their names."""
    stem = f"{match['id']}_{match['level']}"
    product = match["product"] or ""
    bare = product.removesuffix("_clip")
    clips = ("_clip", "") if product.endswith("_clip") else ("", "_clip")
    middles = dict.fromkeys((f"_{bare}" if bare else "", f"_{bare.removesuffix('_SR')}" if bare else "", ""))
    masks = [f"{stem}{m}_{g}{c}.tif" for g in ("udm2", "udm") for m in middles for c in clips]
    xmls = [f"{stem}{m}_metadata{c}.xml" for m in middles for c in clips]
    day = match["day"].replace("-", "")
    items = (
        a for a, m in delivery.matching(_ITEM) if (m["day"], m["tile"], m["sat"]) == (day, match["tile"], match["sat"])
    )
    item = delivery.beside(asset, f"{stem}_metadata.json", f"{match['id']}_metadata.json") or next(items, None)
    return delivery.beside(asset, *masks), item, delivery.beside(asset, *xmls)


def _open(delivery: Delivery, asset: Asset, match: re.Match[str], _given: Given) -> SceneInfo:
    """Read what a product is.

    Raises
    ------
    InputError
        If it is not orthorectified, or one of its files is damaged.

    """
    mask_asset, item, xml = _beside(delivery, asset, match)
    facts = read_facts(item, xml)
    if match["level"] == "1B" or facts.level == "L1B":
        _refuse_basic(asset)
    with open_raster(asset) as dataset:
        grid, tags, dtype = raster_grid(asset, dataset), dataset.tags(), dataset.dtypes[0]
        count = dataset.count - sum(c.name == "alpha" for c in dataset.colorinterp)
    bands = _bands(count, dtype)
    level, scale, notes = _radiometry(match["product"] or "", dtype, facts, bands)
    mask = _mask(mask_asset, grid, tuple(b.name for b in bands))
    files = tuple(a for a in (asset, mask_asset, item, xml) if a)
    # In a picture of 8 bits the black of the ground may be 0 as well.
    nodata = None if dtype == "uint8" else 0
    year = facts.acquired.year if facts.acquired else int(match["day"][:4])
    return SceneInfo(
        name=asset.name,
        grid=grid,
        bands=bands,
        source=RasterSource(asset=asset, indexes=tuple(range(1, count + 1)), scale=scale, nodata=nodata, mask=mask),
        product=f"RapidEye {match['product'] or 'ortho tile'}",
        why="name of a RapidEye file" + (", metadata beside it" if item or xml else ""),
        level=level,
        platform=facts.platform or f"RE-{match['sat']}",
        instrument=facts.instrument,
        gsd_m=facts.gsd_m or 6.5,
        acquired=facts.acquired,
        time_source="metadata" if facts.acquired else None,
        sun=facts.sun,
        view=facts.view,
        orbit=Orbit(direction=facts.direction, strip=facts.strip),
        ground_control=facts.ground_control,
        scene_id=match["id"],
        masks=() if mask is None else (f"{type(mask).__name__.upper()}: {mask.tells}",),
        cloud_masked=mask is not None,
        licence=facts.licence,
        files=tuple(dict.fromkeys(a.file for a in files)),
        notes=tuple(notes),
        caveats=tuple(_caveats(asset, match, facts, mask)),
        **provenance(tags, f"Image © {year} Planet Labs PBC"),
    )


def _bands(count: int, dtype: str) -> tuple[Band, ...]:
    """Name the bands by their number."""
    if count == len(_EDGES_NM):
        return tuple(
            Band(name=n, wavelength_nm=(low + high) / 2, width_nm=float(high - low))
            for n, (low, high) in _EDGES_NM.items()
        )
    if count == 3 and dtype == "uint8":  # noqa: PLR2004 - a colour picture
        return tuple(Band(name=n) for n in ("red", "green", "blue"))
    return tuple(Band(name=f"band{i + 1}") for i in range(count))


def _radiometry(
    product: str, dtype: str, facts: Facts, bands: tuple[Band, ...]
) -> tuple[Level, float | tuple[float, ...], list[str]]:
    """Tell what the numbers are once scaled, by what, and what was assumed."""
    level = _level(product)
    if dtype != "uint16":  # 8 bits are a stretched picture whatever the name says
        return (Level.DISPLAY if dtype == "uint8" else Level.NUMBERS), 1.0, []
    if level is Level.SURFACE:
        return level, _REFLECTANCE_SCALE, []
    if level is Level.DISPLAY:
        return level, 1.0, []
    told = facts.reflectance_scale
    if told is not None and len(told) == len(bands):
        return Level.TOA, told, ["reflectance by the coefficients of the XML"]
    given = facts.radiance_scale
    radiance = given if given is not None and len(given) == len(bands) else (_RADIANCE_SCALE,) * len(bands)
    to = [per_radiance(_IRRADIANCE.get(b.name), facts.acquired, facts.sun) for b in bands]
    if not all(to):
        return Level.RADIANCE, radiance, ["radiance = number x 0.01; without time and sun there is no reflectance"]
    scale = tuple(r * t for r, t in zip(radiance, to, strict=True) if t)
    return (
        Level.TOA,
        scale,
        ["reflectance by radiance = number x 0.01 and the sun's irradiance in Planet's specification"],
    )


def _mask(asset: Asset | None, grid: Grid, bands: tuple[str, ...]) -> MaskSource | None:
    """Open the mask, which may have coarser pixels."""
    if asset is None:
        return None
    if "udm2" in asset.name.lower():
        return Udm2(asset, grid.shape, bands)
    with open_raster(asset) as dataset:
        step = min(max(round(grid.shape[0] / dataset.shape[0]), 1), _COARSEST)
    return Udm(asset, grid.shape, bands, step)


def _caveats(asset: Asset, match: re.Match[str], facts: Facts, mask: MaskSource | None) -> list[str]:
    """Say what about the scene is doubtful."""
    found = []
    if facts.acquired is None:
        found.append(
            f"{asset.name}: only the day is known ({match['day']}), by its name; the XML beside it has the time"
        )
    if isinstance(mask, Udm):
        found.append(f"{asset.name}: only the old UDM mask came with it, which knows cloud but no haze and no shadow")
    if facts.ground_control is False:
        found.append(f"{asset.name}: delivered with ground_control false, its position may be off by more than 10 m")
    return found
