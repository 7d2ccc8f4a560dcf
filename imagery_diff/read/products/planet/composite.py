"""Composites that Planet's tool ``composite`` makes of an order's scenes: one image, the scenes' metadata beside it.

The name tells nothing but that it is one (``composite.tif``, or ``<group>_composite.tif`` where the order was grouped
by strip). When it was taken, under which sun, and what its numbers are follows from the items that came with it, if
they agree.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from imagery_diff.errors import InputError
from imagery_diff.read.mosaic import ONE_PASS_S
from imagery_diff.read.products.found import Found, provenance
from imagery_diff.read.products.planet import names, order
from imagery_diff.read.products.planet.metadata import read_facts
from imagery_diff.read.products.planet.opening import bands_of, credit_of, mask_of
from imagery_diff.read.raster import RasterSource, open_raster, raster_grid
from imagery_diff.scene import Level, Orbit, SceneInfo

if TYPE_CHECKING:
    import datetime as dt

    from imagery_diff.read.assets import Asset, Delivery
    from imagery_diff.read.given import Given
    from imagery_diff.read.products.planet.metadata import Facts

_REFLECTANCE_SCALE = 1e-4


def find(delivery: Delivery) -> list[Found]:
    """Return the composites in a delivery."""
    found = []
    for asset, match in delivery.matching(names.COMPOSITE):
        stem = asset.name[: asset.name.index("composite") + len("composite")]
        mask = delivery.beside(asset, f"{stem}_udm2{match['tail']}.tif", f"{stem}_udm2.tif")
        items = tuple(a for a, _ in delivery.matching(names.ITEM) if delivery.named is None or a.folder == asset.folder)
        found.append(
            Found(
                scene=match["group"] or "composite",
                product="Planet composite",
                rank=0,
                images=(asset,),
                others=items,
                masks=(mask,) if mask else (),
                open=partial(_open, delivery, asset, mask, items),
            )
        )
    return found


def _open(delivery: Delivery, asset: Asset, mask_asset: Asset | None, items: tuple[Asset, ...], _: Given) -> SceneInfo:
    """Read what a composite is."""
    facts = [read_facts(item, None) for item in items]
    with open_raster(asset) as dataset:
        grid, count, dtype = raster_grid(asset, dataset), dataset.count, dataset.dtypes[0]
        tags = dataset.tags()
        alpha = [c for c in dataset.colorinterp if c.name == "alpha"]
    one = _agreed(facts)
    years = [f.acquired.year for f in facts if f.acquired is not None]
    bands = bands_of("PlanetScope", count - len(alpha), one.instrument if one else None)
    level, scale, doubt = _radiometry(delivery, asset, dtype)
    mask = mask_of(mask_asset, grid.shape, tuple(b.name for b in bands))
    acquired, untimed = _time([f.acquired for f in facts if f.acquired is not None], len(facts))
    files = tuple(a for a in (asset, mask_asset, *items) if a)
    checked, differing = order.check(delivery, files)
    caveats = [*([f"{asset.name}: {doubt}"] if doubt else []), *([f"{asset.name}: {untimed}"] if untimed else [])]
    return SceneInfo(
        name=asset.name,
        grid=grid,
        bands=bands,
        source=RasterSource(asset=asset, indexes=tuple(range(1, len(bands) + 1)), scale=scale, mask=mask),
        product="Planet composite",
        why=f"its name, and {len(items)} metadata files beside it",
        level=level,
        platform=one.platform if one else None,
        instrument=one.instrument if one else None,
        gsd_m=one.gsd_m if one else None,
        acquired=acquired,
        time_source="metadata of its scenes" if acquired else None,
        sun=facts[0].sun if acquired and facts else None,
        view=facts[0].view if acquired and len(facts) == 1 else None,
        orbit=Orbit(strip=one.strip if one else None),
        ground_control=_tied(facts),
        scene_id="+".join(item.name.removesuffix("_metadata.json") for item in items[:4]) or None,
        masks=() if mask is None else (f"{type(mask).__name__.upper()}: {mask.tells}",),
        cloud_masked=mask is not None,
        **provenance(tags, credit_of(max(years)) if years else None),
        files=tuple(dict.fromkeys(a.file for a in files)),
        notes=(*checked, "a composite carries no seams: where two scenes meet is not known"),
        caveats=(*caveats, *differing),
    )


def _agreed(facts: list[Facts]) -> Facts | None:
    """Return what is known of all its scenes alike: the first's, where satellite and instrument are the same."""
    same = len({(f.platform, f.instrument, f.strip) for f in facts}) == 1
    return facts[0] if same else None


def _tied(facts: list[Facts]) -> bool | None:
    told = {f.ground_control for f in facts}
    return False if False in told else True if told == {True} else None


def _time(times: list[dt.datetime], count: int) -> tuple[dt.datetime | None, str | None]:
    """Return the middle of its scenes' times if they are one pass, and what is doubtful otherwise."""
    if not times or len(times) < count:
        return None, "a composite; without the metadata of its scenes nobody knows when it was taken"
    first, last = min(times), max(times)
    if (last - first).total_seconds() < ONE_PASS_S:
        return first + (last - first) / 2, None
    return None, (
        f"a composite of {count} scenes taken between {first:%Y-%m-%d %H:%M} and {last:%Y-%m-%d %H:%M} UTC: it shows "
        "no one moment; order the scenes one by one, or a composite of each strip"
    )


def _radiometry(delivery: Delivery, asset: Asset, dtype: str) -> tuple[Level, float, str | None]:
    """Tell what its numbers are by the bundle in the order's manifest."""
    if dtype == "uint8":
        return Level.DISPLAY, 1.0, None
    bundles = _bundles(delivery, asset)
    if dtype == "uint16" and bundles and all("_sr" in bundle for bundle in bundles):
        return Level.SURFACE, _REFLECTANCE_SCALE, None
    return Level.NUMBERS, 1.0, "which product the composite was made of is not told, so its numbers have no unit"


def _bundles(delivery: Delivery, asset: Asset) -> set[str]:
    """Return the bundles that the manifest names."""
    manifest = order.manifest_of(delivery, asset)
    if manifest is None:
        return set()
    try:
        files = json.loads(manifest.read().decode("utf-8-sig"))["files"]
        notes = [f.get("annotations") or {} for f in files]
        return {n["planet/bundle_type"] for n in notes if isinstance(n.get("planet/bundle_type"), str)}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        return set()
