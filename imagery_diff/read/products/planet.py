"""Planet's orthorectified products as delivered: PlanetScope and SkySat, their metadata and their UDM2 mask.

Names, band orders and mask bands follow Planet's documentation (https://docs.planet.com/data/imagery/planetscope/psscene/,
https://docs.planet.com/data/imagery/udm/).
"""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from imagery_diff.errors import InputError
from imagery_diff.geometry import Sun, View
from imagery_diff.mark import ALTERED, ALTERED_TAG
from imagery_diff.read.raster import MaskSource, RasterSource, open_raster, raster_grid
from imagery_diff.scene import Band, Flag, SceneInfo

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_PLANETSCOPE = re.compile(
    r"^(?P<id>(?P<day>\d{8})_(?P<time>\d{6})(?:_\d{2})?_(?P<sat>[0-9a-f]{4}))_3B_(?P<product>.+)\.tiff?$"
)
_SKYSAT = re.compile(
    r"^(?P<id>(?P<day>\d{8})_(?P<time>\d{6})_(?P<sat>ssc\d+(?:d\d)?(?:_[0-9a-zA-Z]+)?))_(?P<product>.+)\.tiff?$"
)
_MAX_METADATA_BYTES = 5_000_000

_BANDS = {
    3: ("red", "green", "blue"),
    4: ("blue", "green", "red", "nir"),
    8: ("coastal", "blue", "greeni", "green", "yellow", "red", "rededge", "nir"),
}
# Centres of the SuperDove bands (PSB.SD), nm.
_WAVELENGTHS = {
    "coastal": 441.5,
    "blue": 490.0,
    "greeni": 531.0,
    "green": 565.0,
    "yellow": 610.0,
    "red": 665.0,
    "rededge": 705.0,
    "nir": 865.0,
}
_REFLECTANCE_SCALE = 1e-4
_UDM1_BANDS = {
    2: {"blue"},
    3: {"green"},
    4: {"red"},
    5: {"rededge"},
    6: {"nir"},
    7: {"coastal", "greeni", "yellow"},
}
"""Bit of the UDM1 band -> the bands it doubts."""
_RENDERED_SATELLITES = {"0000", "ssc0_0000"}
"""Ids no satellite carries: ours."""
_UNRECTIFIED = re.compile(r"_1B_|(^|_)basic_")


class Udm2(MaskSource):
    """Usable data mask 2.0 and 2.1: clear, snow, shadow, light and heavy haze, cloud, confidence, UDM1 bits.

    A pixel is suspect if the provider doubts it in a band the image has. In two real masks a fifth of the clear pixels
    are doubted in some band, half of them only in bands that a 4-band image lacks.
    """

    def __init__(self, path: Path, shape: tuple[int, int], bands: tuple[str, ...]) -> None:
        super().__init__(path, shape)
        # Bit 0 is blackfill and bit 1 the old cloud class, which is band 6 now.
        self.suspect_bits = sum(1 << bit for bit, names in _UDM1_BANDS.items() if names & set(bands))

    def decode(self, mask: NDArray[Any]) -> NDArray[np.uint8]:
        """Translate the eight bands; in UDM2.1 haze is band 4 alone and band 5 is 0, so ``4 or 5`` serves both."""
        if mask.shape[0] < 8:  # noqa: PLR2004 - UDM2 has eight bands
            raise InputError(f"{self.path.name}: a UDM2 mask has 8 bands, this file has {mask.shape[0]}; order udm2")
        _, snow, shadow, light, heavy, cloud, _, udm1 = mask[:8]
        flags = np.zeros(mask.shape[1:], np.uint8)
        causes = (
            (Flag.SNOW, snow != 0),
            (Flag.SHADOW, shadow != 0),
            (Flag.HAZE, (light != 0) | (heavy != 0)),
            (Flag.CLOUD, cloud != 0),
            (Flag.NODATA, (udm1 & 1) != 0),
            (Flag.SUSPECT, (udm1 & self.suspect_bits) != 0),
        )
        for flag, where in causes:
            flags[where] |= np.uint8(flag)
        return flags


def open_planet(path: Path) -> SceneInfo | None:
    """Return the scene of a Planet file, or None if the name is not one of Planet's.

    Raises
    ------
    InputError
        If it is Planet's but not usable: not orthorectified, a mask, a metadata file that is damaged.

    """
    if _UNRECTIFIED.search(path.name):
        raise InputError(
            f"{path.name}: is a basic (1B) product, which is not orthorectified, so its pixels have no place on the "
            "ground; order ortho_analytic_4b_sr or ortho_analytic_8b_sr of the same scene"
        )
    for pattern, sensor, credit in (
        (_PLANETSCOPE, "PlanetScope", "Planet Labs PBC"),
        (_SKYSAT, "SkySat", "Planet Labs PBC"),
    ):
        match = pattern.match(path.name)
        if match:
            return _open(path, match, sensor, credit)
    return None


def _open(path: Path, match: re.Match[str], sensor: str, credit: str) -> SceneInfo:
    product = match["product"]
    if "udm" in product.lower():
        raise InputError(
            f"{path.name}: is a mask, not an image; give the image beside it, the mask is found by its name"
        )
    with open_raster(path) as dataset:
        grid, count, dtype = raster_grid(path, dataset), dataset.count, dataset.dtypes[0]
        rendered = bool(dataset.tags().get("IMAGERY_DIFF_RENDERED"))
        altered = bool(dataset.tags().get(ALTERED_TAG))
    names = _BANDS.get(count) or tuple(f"band{i + 1}" for i in range(count))
    reflectance = "SR" in product.split("_") and dtype == "uint16"
    mask_path, metadata_path = _beside(path, match)
    metadata = _read_metadata(metadata_path)
    acquired = _acquired(path, match, metadata)
    caveats = [] if mask_path else [f"{path.name}: no UDM2 mask beside it; cloud, haze and shadow are not masked"]
    if metadata.get("ground_control") is False:
        caveats.append(f"{path.name}: delivered with ground_control false, its position may be off by more than 10 m")
    rendered |= match["sat"] in _RENDERED_SATELLITES
    return SceneInfo(
        name=path.name,
        grid=grid,
        bands=tuple(Band(name=n, wavelength_nm=_WAVELENGTHS.get(n)) for n in names),
        source=RasterSource(
            path=path,
            indexes=tuple(range(1, len(names) + 1)),
            scale=_REFLECTANCE_SCALE if reflectance else 1.0,
            mask=Udm2(mask_path, grid.shape, names) if mask_path else None,
        ),
        product=f"{sensor} {product}",
        units="reflectance" if reflectance else "digital numbers",
        acquired=acquired,
        sun=_angles(metadata, "sun_azimuth", "sun_elevation", Sun),
        view=_view(metadata),
        scene_id=match["id"],
        cloud_masked=mask_path is not None,
        simulated=rendered or altered,
        credit=_credit(f"Image © {acquired.year} {credit}", rendered=rendered, altered=altered),
        files=tuple(p for p in (path, mask_path, metadata_path) if p),
        caveats=tuple(caveats),
    )


def _credit(provider: str, *, rendered: bool, altered: bool) -> str | None:
    """Return whose image it is; never a provider's name on what the provider did not deliver."""
    if rendered:
        return None
    return ALTERED if altered else provider


def _beside(path: Path, match: re.Match[str]) -> tuple[Path | None, Path | None]:
    """Find the UDM2 and the metadata of an image by Planet's naming."""
    separator = "_3B_" if "_3B_" in path.name else "_"
    masks = [path.with_name(f"{match['id']}{separator}udm2{clip}.tif") for clip in ("_clip", "")]
    if "_clip" not in match["product"]:
        masks.reverse()
    metadata = path.with_name(f"{match['id']}_metadata.json")
    return next((m for m in masks if m.is_file()), None), metadata if metadata.is_file() else None


def _read_metadata(path: Path | None) -> dict[str, Any]:
    """Return the properties of a Planet metadata file, {} where there is none."""
    if path is None:
        return {}
    if path.stat().st_size > _MAX_METADATA_BYTES:
        raise InputError(f"{path.name}: larger than {_MAX_METADATA_BYTES} bytes, no metadata of Planet's is; remove it")
    try:
        properties = json.loads(path.read_text(encoding="utf-8"))["properties"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(
            f"{path.name}: is not a Planet metadata file ({type(error).__name__}); download it again"
        ) from error
    if not isinstance(properties, dict):
        raise InputError(f"{path.name}: its 'properties' are no JSON object; download it again")
    return properties


def _acquired(path: Path, match: re.Match[str], metadata: dict[str, Any]) -> dt.datetime:
    """Return the time of the metadata, else of the name; both are UTC."""
    text = metadata.get("acquired")
    try:
        if isinstance(text, str):
            time = dt.datetime.fromisoformat(text)
            return time.astimezone(dt.UTC) if time.tzinfo else time.replace(tzinfo=dt.UTC)
        return dt.datetime.strptime(match["day"] + match["time"], "%Y%m%d%H%M%S").replace(tzinfo=dt.UTC)
    except ValueError as error:
        raise InputError(f"{path.name}: its acquisition time {text or match['day']!r} is no time") from error


def _number(metadata: dict[str, Any], key: str) -> float | None:
    value = metadata.get(key)
    if isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value):
        return float(value)
    return None


def _angles(metadata: dict[str, Any], azimuth: str, elevation: str, kind: type[Sun]) -> Sun | None:
    az, el = _number(metadata, azimuth), _number(metadata, elevation)
    return None if az is None or el is None else kind(azimuth_deg=az, elevation_deg=el)


def _view(metadata: dict[str, Any]) -> View | None:
    off_nadir, azimuth = _number(metadata, "view_angle"), _number(metadata, "satellite_azimuth")
    return None if off_nadir is None or azimuth is None else View(off_nadir_deg=off_nadir, azimuth_deg=azimuth)
