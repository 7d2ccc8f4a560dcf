"""One image of Planet's with what lies beside it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from imagery_diff.errors import InputError
from imagery_diff.read.products.found import Found, provenance
from imagery_diff.read.products.planet import names, order
from imagery_diff.read.products.planet.metadata import Facts, read_facts
from imagery_diff.read.products.planet.udm import Udm, Udm2
from imagery_diff.read.raster import RasterSource, open_raster, raster_grid
from imagery_diff.scene import Band, Level, Orbit, SceneInfo

if TYPE_CHECKING:
    from typing import Any

    from imagery_diff.read.assets import Asset, Delivery
    from imagery_diff.read.given import Given
    from imagery_diff.read.products.planet.names import Name

_REFLECTANCE_SCALE = 1e-4
"""Of surface reflectance, and of the reflectance that Planet's tool ``toar`` makes, unless it was told otherwise."""
_RADIANCE_SCALE = 0.01
"""Of analytic images, W/(m2 sr um)."""
_BANDS = {
    1: ("pan",),
    3: ("red", "green", "blue"),
    4: ("blue", "green", "red", "nir"),
    8: ("coastal", "blue", "greeni", "green", "yellow", "red", "rededge", "nir"),
}
"""By their number; where a visual image has four bands the last is transparency."""
_EDGES_NM = {
    "PSB.SD": {
        "coastal": (431, 452),
        "blue": (465, 515),
        "greeni": (513, 549),
        "green": (547, 583),
        "yellow": (600, 620),
        "red": (650, 680),
        "rededge": (697, 713),
        "nir": (845, 885),
    },
    "PS2.SD": {"blue": (464, 517), "green": (547, 585), "red": (650, 682), "nir": (846, 888)},
    "PS2": {"blue": (455, 515), "green": (500, 590), "red": (590, 670), "nir": (780, 860)},
    "SkySat": {"blue": (450, 515), "green": (515, 595), "red": (605, 695), "nir": (740, 900), "pan": (450, 900)},
}
"""Instrument -> band -> where it begins and ends, nm."""
_ORDER_INSTEAD = {
    "PlanetScope": "ortho_analytic_4b_sr or ortho_analytic_8b_sr",
    "SkySat": "ortho_analytic_sr or ortho_pansharpened",
}


def find(delivery: Delivery) -> list[Found]:
    """Return the scenes of Planet's in a delivery, every product of each."""
    found = []
    for asset in delivery.assets:
        name = names.parse(asset.name)
        if name is None or name.is_mask:
            continue
        mask, item, xml = _beside(delivery, asset, name)
        found.append(
            Found(
                scene=name.id,
                product=f"{name.sensor} {name.product}",
                rank=name.rank if name.rectified else 100,
                images=(asset,),
                others=tuple(a for a in (item, xml) if a),
                masks=(mask,) if mask else (),
                open=partial(_open, delivery, asset, name),
            )
        )
    return found


def _beside(delivery: Delivery, asset: Asset, name: Name) -> tuple[Asset | None, Asset | None, Asset | None]:
    """Find the mask, the item's JSON and the XML of an image by Planet's naming."""
    stem = f"{name.id}_3B" if name.sensor == "PlanetScope" else name.id
    clips = ("_clip", "") if "clip" in name.parts else ("", "_clip")
    product = name.product.removesuffix("_file_format")
    bare = product.removesuffix("_clip")
    generations = [f"{stem}_udm2{clip}.tif" for clip in clips]
    base = bare.removesuffix("_harmonized").removesuffix("_harmonize")
    for one in dict.fromkeys((bare, base, base.removesuffix("_8b"), base.removesuffix("_SR"))):
        generations += [f"{stem}_{one}_DN_udm{clip}.tif" for clip in clips]
        generations += [f"{stem}_{one}_udm{clip}.tif" for clip in clips]
    descriptions = [
        f"{stem}_{one}_metadata{clip}.xml"
        for one in dict.fromkeys((bare, base, base.replace("_SR", ""), base.replace("_SR_8b", "_8b")))
        for clip in clips
    ]
    return (
        delivery.beside(asset, *generations),
        delivery.beside(asset, f"{name.id}_metadata.json"),
        delivery.beside(asset, *descriptions),
    )


def _open(delivery: Delivery, asset: Asset, name: Name, _: Given) -> SceneInfo:
    """Read what a scene is.

    Raises
    ------
    InputError
        If it is not orthorectified, or one of its files is damaged.

    """
    if not name.rectified:
        _refuse_unrectified(asset, name)
    mask_asset, item, xml = _beside(delivery, asset, name)
    facts = read_facts(item, xml)
    if facts.level == "L1B":
        _refuse_unrectified(asset, name)
    with open_raster(asset) as dataset:
        grid, count, dtype = raster_grid(asset, dataset), dataset.count, dataset.dtypes[0]
        tags = dataset.tags()
        alpha = [i for i, c in enumerate(dataset.colorinterp) if c.name == "alpha"]
    bands = bands_of(name.sensor, count - len(alpha), facts.instrument)
    level, scale, notes = _radiometry(name, dtype, facts, bands)
    mask = mask_of(mask_asset, grid.shape, tuple(b.name for b in bands))
    files = tuple(a for a in (asset, mask_asset, item, xml) if a)
    checked, doubts = order.check(delivery, files)
    acquired = facts.acquired or names.time_of(name)
    whose = provenance(tags, credit_of(acquired.year), rendered=name.satellite in names.RENDERED_SATELLITES)
    return SceneInfo(
        name=asset.name,
        grid=grid,
        bands=bands,
        source=RasterSource(asset=asset, indexes=tuple(range(1, len(bands) + 1)), scale=scale, mask=mask),
        product=f"{name.sensor} {name.product}",
        why="its name" + (" and the metadata beside it" if item or xml else ""),
        level=level,
        platform=facts.platform or name.satellite,
        instrument=facts.instrument,
        gsd_m=facts.gsd_m,
        acquired=acquired,
        time_source="metadata" if facts.acquired else "file name",
        sun=facts.sun,
        view=facts.view,
        orbit=Orbit(direction=facts.direction, strip=facts.strip),
        ground_control=facts.ground_control,
        scene_id=name.id,
        masks=() if mask is None else (f"{type(mask).__name__.upper()}: {mask.tells}",),
        cloud_masked=mask is not None,
        **whose,
        licence=facts.licence,
        files=tuple(dict.fromkeys(a.file for a in files)),
        notes=(
            *notes,
            *checked,
            *(() if mask else ("no UDM2 beside it: a bundle with udm2 tells cloud, haze, shadow",)),
            *(() if whose["simulated"] else _view_notes(facts)),
        ),
        caveats=(*_caveats(asset, facts, mask), *doubts),
    )


def _view_notes(facts: Facts) -> tuple[str, ...]:
    """Say what the view's angle is, and that its direction is lacking."""
    if facts.view:
        return ("view angle is that at the ground; view_angle of the file is that at the satellite",)
    if facts.incidence_deg is None:
        return ()
    seen = f"seen {facts.incidence_deg:.1f} degrees from the vertical at the ground"
    return (f"{seen}; its metadata do not tell from which side, so that leaning things are not reckoned with",)


def _refuse_unrectified(asset: Asset, name: Name) -> None:
    raise InputError(
        f"{asset.name}: is a basic (1B) product, which is not orthorectified, so its pixels have no place on the "
        f"ground; order {_ORDER_INSTEAD[name.sensor]} of the same scene"
    )


def bands_of(sensor: str, count: int, instrument: str | None) -> tuple[Band, ...]:
    """Name the bands by their number and the instrument's table."""
    known = _BANDS.get(count)
    if known is None:
        return tuple(Band(name=f"band{i + 1}") for i in range(count))
    if sensor == "SkySat":
        instrument = "SkySat"
    elif instrument is None and count == len(_BANDS[8]):
        instrument = "PSB.SD"
    edges: dict[str, Any] = _EDGES_NM.get(instrument or "", {})
    return tuple(
        Band(name=n, wavelength_nm=sum(edges[n]) / 2, width_nm=float(edges[n][1] - edges[n][0]))
        if n in edges
        else Band(name=n)
        for n in known
    )


def _radiometry(
    name: Name, dtype: str, facts: Facts, bands: tuple[Band, ...]
) -> tuple[Level, float | tuple[float, ...], list[str]]:
    """Tell what the numbers are once scaled, by what, and what was assumed."""
    level = name.level
    if dtype != "uint16":  # 8 bits are a stretched picture whatever the name says
        return (Level.DISPLAY if dtype == "uint8" else Level.NUMBERS), 1.0, []
    if level is Level.SURFACE:
        return level, _REFLECTANCE_SCALE, []
    if level is Level.TOA:
        return level, _REFLECTANCE_SCALE, ["reflectance = number / 10000, the default of Planet's tool toar, assumed"]
    return (level, 1.0, []) if level is not Level.RADIANCE else _of_radiance(facts, len(bands))


def _of_radiance(facts: Facts, bands: int) -> tuple[Level, float | tuple[float, ...], list[str]]:
    """Tell what radiance at the sensor can be turned into."""
    reflectance, radiance = facts.reflectance_scale, facts.radiance_scale
    if reflectance is not None and len(reflectance) == bands:
        return Level.TOA, reflectance, ["reflectance by the coefficients of the XML"]
    if radiance is not None and len(radiance) == bands:
        return Level.RADIANCE, radiance, ["radiance by the factors of the XML"]
    return Level.RADIANCE, _RADIANCE_SCALE, ["radiance = number x 0.01; without the XML there is no reflectance"]


def mask_of(asset: Asset | None, shape: tuple[int, int], bands: tuple[str, ...]) -> Udm | Udm2 | None:
    """Open a mask of either generation, told by its name."""
    if asset is None:
        return None
    generation = Udm2 if "udm2" in asset.name.lower() else Udm
    return generation(asset, shape, bands)


def credit_of(year: int) -> str:
    """Return whose image it is, as Planet asks."""
    return f"Image © {year} Planet Labs PBC"


def _caveats(asset: Asset, facts: Facts, mask: Udm | Udm2 | None) -> list[str]:
    """Say what about the scene is doubtful."""
    found = []
    if isinstance(mask, Udm):
        found.append(f"{asset.name}: only the old UDM mask came with it, which knows cloud but no haze and no shadow")
    if facts.ground_control is False:
        found.append(f"{asset.name}: delivered with ground_control false, its position may be off by more than 10 m")
    if facts.test_quality:
        found.append(f"{asset.name}: Planet marks it as of test quality")
    return found
