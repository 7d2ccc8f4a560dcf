"""Write a rendered pass as its provider would deliver it: image, usable data mask, metadata, truth."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from shapely.geometry import box, mapping

from imagery_diff.aoi import WGS84, reproject
from imagery_diff.synthetic.render import BANDS, CREDIT

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from imagery_diff.synthetic.render import Rendered

TAG = "IMAGERY_DIFF_RENDERED"
"""TIFF tag that says so; `TIFFTAG_IMAGEDESCRIPTION` says it to every viewer."""
SATELLITE = "0000"
"""No satellite has this id."""
_UDM2_LAYERS = ("clear", "snow", "shadow", "light_haze", "heavy_haze", "cloud", "confidence", "udm1")


def write_planetscope(rendered: Rendered, folder: Path) -> Path:
    """Write a pass in the layout of a PlanetScope 4-band surface reflectance scene, into a folder of its own.

    Parameters
    ----------
    rendered : Rendered
        The pass.
    folder : Path
        In which ``<id>/`` is made; files of the same name are replaced.

    Returns
    -------
    Path
        Of the image.

    """
    scene = f"{rendered.look.time:%Y%m%d_%H%M%S}_{rendered.look.time.microsecond // 10000:02d}_{SATELLITE}"
    names = (f"{scene}_3B_AnalyticMS_SR_clip.tif", f"{scene}_3B_udm2_clip.tif", f"{scene}_metadata.json")
    properties = _planetscope_properties(rendered)
    return _write(rendered, folder / scene, names, _item(rendered, scene, properties))


def write_skysat(rendered: Rendered, folder: Path) -> Path:
    """Write a pass in the layout of a SkySat analytic surface reflectance scene; otherwise as `write_planetscope`."""
    scene = f"{rendered.look.time:%Y%m%d_%H%M%S}_ssc0_{SATELLITE}"
    names = (f"{scene}_analytic_SR_clip.tif", f"{scene}_udm2_clip.tif", f"{scene}_metadata.json")
    properties = _common_properties(rendered) | {
        "item_type": "SkySatScene",
        "instrument": "SkySat",
        "provider": "imagery_diff (rendered)",
        "gsd": rendered.look.sensor.native_m,
        "pixel_resolution": rendered.look.sensor.delivered_m,
        "ground_control_ratio": 1.0,
        "camera_id": "d0",
    }
    return _write(rendered, folder / scene, names, _item(rendered, scene, properties))


def _write(rendered: Rendered, folder: Path, names: tuple[str, str, str], item: dict[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    _write_tif(folder / names[0], rendered.data, rendered, BANDS)
    _write_tif(folder / names[1], rendered.udm2, rendered, _UDM2_LAYERS)
    _write_json(folder / names[2], item)
    _write_json(folder / "truth.geojson", rendered.truth())
    return folder / names[0]


def _write_tif(path: Path, data: NDArray[np.generic], rendered: Rendered, bands: tuple[str, ...]) -> None:
    """Tiled, deflated; the nodata value only for the image, in a mask 0 is an answer."""
    profile = {
        "driver": "GTiff",
        "dtype": data.dtype.name,
        "count": data.shape[0],
        "height": data.shape[1],
        "width": data.shape[2],
        "crs": rendered.grid.crs,
        "transform": rendered.grid.transform,
        "tiled": True,
        "blockxsize": 256,
        "blockysize": 256,
        "compress": "deflate",
        "zlevel": 9,
        "predictor": 2,
        "interleave": "band",
    }
    if data.dtype == np.uint16:
        profile["nodata"] = 0
    with rasterio.open(path, "w", **profile) as image:
        image.write(data)
        image.update_tags(**{TAG: CREDIT, "TIFFTAG_IMAGEDESCRIPTION": CREDIT})
        for k, name in enumerate(bands, start=1):
            image.set_band_description(k, name)


def _write_json(path: Path, document: dict[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _item(rendered: Rendered, scene: str, properties: dict[str, Any]) -> dict[str, Any]:
    """Return the Feature that Planet delivers as ``*_metadata.json``, with a property that says it is not theirs."""
    outline = box(*rendered.grid.bounds)
    geometry = mapping(reproject(outline, rendered.world.crs, WGS84))
    ring = [[round(x, 7), round(y, 7)] for x, y in geometry["coordinates"][0]]
    return {
        "id": scene,
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def _common_properties(rendered: Rendered) -> dict[str, Any]:
    look = rendered.look
    acquired = look.time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    usable = _percentages(rendered)
    return {
        "rendered": CREDIT,
        "simulated": True,
        "acquired": acquired,
        "published": acquired,
        "updated": acquired,
        "satellite_id": SATELLITE,
        "strip_id": SATELLITE,
        "publishing_stage": "finalized",
        "quality_category": "standard",
        "sun_azimuth": round(rendered.sun.azimuth_deg, 1),
        "sun_elevation": round(rendered.sun.elevation_deg, 1),
        "satellite_azimuth": round(look.view.azimuth_deg, 1),
        "view_angle": round(look.view.off_nadir_deg, 1),
        **usable,
    }


def _planetscope_properties(rendered: Rendered) -> dict[str, Any]:
    return _common_properties(rendered) | {
        "item_type": "PSScene",
        "instrument": rendered.look.sensor.name,
        "provider": "imagery_diff (rendered)",
        "gsd": rendered.look.sensor.native_m,
        "pixel_resolution": int(rendered.look.sensor.delivered_m),
        "ground_control": True,
    }


def _percentages(rendered: Rendered) -> dict[str, Any]:
    """Per cent of the valid pixels in each class of the mask, as the metadata of a delivery gives it."""
    valid = (rendered.udm2[7] & 1) == 0
    share = {
        name: round(100.0 * float(rendered.udm2[k][valid].mean())) if valid.any() else 0
        for k, name in enumerate(_UDM2_LAYERS[:6])
    }
    return {
        "clear_percent": share["clear"],
        "snow_ice_percent": share["snow"],
        "shadow_percent": share["shadow"],
        "light_haze_percent": share["light_haze"],
        "heavy_haze_percent": share["heavy_haze"],
        "cloud_percent": share["cloud"],
        "cloud_cover": round(share["cloud"] / 100.0, 2),
        "visible_percent": 100 - share["cloud"] - share["heavy_haze"],
        "clear_confidence_percent": round(float(rendered.udm2[6][valid].mean())) if valid.any() else 0,
        "anomalous_pixels": 0,
    }
