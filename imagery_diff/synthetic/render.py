"""Render a world of known truth as a sensor would deliver it: `render` tells the story, other files hold its steps."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from affine import Affine
from pyproj import Transformer
from rasterio.features import geometry_mask
from shapely.geometry import mapping
from shapely.geometry.polygon import orient

from imagery_diff.aoi import WGS84, reproject
from imagery_diff.errors import InputError
from imagery_diff.geometry import Sun, View, sun_position
from imagery_diff.grid import Grid
from imagery_diff.mark import stamp
from imagery_diff.synthetic.camera import photograph
from imagery_diff.synthetic.light import lit, seen
from imagery_diff.synthetic.paint import Fine, paint
from imagery_diff.synthetic.sky import through_air
from imagery_diff.synthetic.texture import noise, seed_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry import Polygon

    from imagery_diff.synthetic.look import Look
    from imagery_diff.synthetic.world import Thing, World

BANDS = ("blue", "green", "red", "nir")
SCALE = 10_000.0
"""Delivered number of reflectance 1."""
CREDIT = "RENDERED, NOT A SATELLITE IMAGE"
"""Stands in every file and across every picture."""


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A rendered pass."""

    data: NDArray[np.uint16]
    """(band, row, col): reflectance times 10,000, 0 = nodata, marked (see `imagery_diff.mark`)."""
    udm2: NDArray[np.uint8]
    """(8, row, col): the usable data mask that goes with it, version 2.0."""
    grid: Grid
    """Where it lies; thing and pixel agree up to the pointing error of the look."""
    sun: Sun
    """Where the sun stood, from true north."""
    world: World
    """What was rendered."""
    look: Look
    """How."""

    def truth(self) -> dict[str, Any]:
        """Return what is there as a GeoJSON FeatureCollection (WGS84)."""
        return truth(self.world, self.look)


def render(world: World, look: Look, grid: Grid | None = None, clip: Polygon | None = None) -> Rendered:
    """Render one pass over a world.

    Parameters
    ----------
    world : World
        What is there.
    look : Look
        Sensor, moment, weather and nuisances.
    grid : Grid, optional
        North-up, in the world's projection; the whole world at the delivered pixel if not given.
    clip : Polygon, optional
        Pixels outside become nodata; map metres.

    Returns
    -------
    Rendered
        The same for the same arguments (byte for byte with the same library versions).

    Raises
    ------
    InputError
        If the sun is not up, or the grid is not in the world's projection.

    """
    grid = grid or grid_of(world.bounds, world.crs, look.sensor.delivered_m)
    if grid.crs != world.crs:
        raise InputError(f"the world '{world.name}' is drawn in {world.crs}; the grid asked for is in {grid.crs}")
    sun = sun_over(world, look)
    if sun.elevation_deg < 5.0:
        raise InputError(
            f"at {look.time.isoformat()} the sun stands at {sun.elevation_deg:.1f} degrees; needs 5 or more"
        )
    turn = convergence_deg(world)
    sun_on_grid = replace(sun, azimuth_deg=sun.azimuth_deg - turn)
    view_on_grid = View(off_nadir_deg=look.view.off_nadir_deg, azimuth_deg=look.view.azimuth_deg - turn)
    # 1 what is there   2 light on it   3 seen at a tilt   4 through the air   5 by the camera   6 as delivered
    fine = _fine_around(grid, look.sensor.fine_m)
    moments = [replace(world, things=tuple(t.after(s) for t in world.things)) for s in _band_moments_s(world, look)]
    canvases = [paint(moment, fine, look) for moment in moments]
    tilted = [seen(c, lit(c, sun_on_grid, look.shadow_light), view_on_grid) for c in canvases]
    bands = tilted[0] if len(tilted) == 1 else np.stack([image[band] for band, image in enumerate(tilted)])
    above, depths = through_air(bands, look, fine, sun_on_grid)
    reflectance = photograph(above, fine, grid, look)
    inside = _inside(grid, clip)
    numbers = np.clip(np.rint(reflectance * SCALE), 1, 65535).astype(np.uint16)
    data = stamp(np.where(inside[None], numbers, np.uint16(0)))
    return Rendered(data=data, udm2=_udm2(depths, fine, grid, inside, look), grid=grid, sun=sun, world=world, look=look)


def _band_moments_s(world: World, look: Look) -> list[float]:
    """Return when each band is taken, around the time of the look; a single moment will do where nothing moves."""
    if not any(thing.speed_m_s > 0.0 for thing in world.things):
        return [0.0]
    middle = (len(BANDS) - 1) / 2.0
    return [look.sensor.band_delay_s * (band - middle) for band in range(len(BANDS))]


def grid_of(bounds: tuple[float, float, float, float], crs: str, pixel_m: float) -> Grid:
    """Return the north-up grid over ``bounds``, its corners at whole multiples of the pixel as providers deliver it."""
    left, top = math.floor(bounds[0] / pixel_m) * pixel_m, math.ceil(bounds[3] / pixel_m) * pixel_m
    cols, rows = math.ceil((bounds[2] - left) / pixel_m), math.ceil((top - bounds[1]) / pixel_m)
    return Grid(crs=crs, transform=Affine(pixel_m, 0.0, left, 0.0, -pixel_m, top), shape=(rows, cols))


def convergence_deg(world: World) -> float:
    """Return the angle from true north to grid north at the middle of the world, clockwise."""
    lon, lat = _centre_lonlat(world)
    x, y = Transformer.from_crs("EPSG:4326", world.crs, always_xy=True).transform([lon, lon], [lat, lat + 1e-3])
    return -math.degrees(math.atan2(x[1] - x[0], y[1] - y[0]))


def truth(world: World, look: Look) -> dict[str, Any]:
    """Return the things of a world as GeoJSON features (WGS84, right-hand rule, 7 decimals)."""
    features = [_feature(thing, world, look) for thing in world.things]
    return {
        "type": "FeatureCollection",
        "credit": CREDIT,
        "simulated": True,
        "world": world.name,
        "acquired": look.time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "features": features,
    }


def _feature(thing: Thing, world: World, look: Look) -> dict[str, Any]:
    outline = orient(reproject(thing.footprint, world.crs, WGS84), 1.0)
    properties = {
        "id": thing.id,
        "kind": thing.kind,
        "colour": thing.colour,
        "length_m": round(thing.length_m, 1),
        "width_m": round(thing.width_m, 1),
        "height_m": round(thing.height_m, 1),
        "azimuth_deg": round((thing.azimuth_deg + convergence_deg(world)) % 360.0, 1),
        "area_m2": round(thing.footprint.area, 1),
        "clutter": thing.clutter,
        "moving": thing.speed_m_s > 0.0,
        "acquired": look.time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "simulated": True,
        "note": thing.note,
    }
    geometry = mapping(outline)
    rings = [[[round(x, 7), round(y, 7)] for x, y, *_ in ring] for ring in geometry["coordinates"]]
    return {
        "type": "Feature",
        "id": thing.id,
        "properties": properties,
        "geometry": {"type": "Polygon", "coordinates": rings},
    }


def sun_over(world: World, look: Look) -> Sun:
    """Return where the sun stands over the middle of the world, from true north."""
    lon, lat = _centre_lonlat(world)
    return sun_position(look.time, lat, lon)


def _centre_lonlat(world: World) -> tuple[float, float]:
    left, bottom, right, top = world.bounds
    lon, lat = Transformer.from_crs(world.crs, "EPSG:4326", always_xy=True).transform(
        (left + right) / 2, (bottom + top) / 2
    )
    return float(lon), float(lat)


def _fine_around(grid: Grid, step_m: float, margin_m: float = 90.0) -> Fine:
    """Return a fine grid that reaches beyond the delivered one, for shadows, leans and blurs from outside."""
    left, bottom, right, top = grid.bounds
    shape = (math.ceil((top - bottom + 2 * margin_m) / step_m), math.ceil((right - left + 2 * margin_m) / step_m))
    return Fine(left=left - margin_m, top=top + margin_m, step_m=step_m, shape=shape)


def _inside(grid: Grid, clip: Polygon | None) -> NDArray[np.bool_]:
    if clip is None:
        return np.ones(grid.shape, dtype=bool)
    mask: NDArray[np.bool_] = geometry_mask([clip], out_shape=grid.shape, transform=grid.transform, invert=True)
    return mask


def _udm2(
    depths: dict[str, NDArray[np.float32]], fine: Fine, grid: Grid, inside: NDArray[np.bool_], look: Look
) -> NDArray[np.uint8]:
    """Usable data mask, version 2.0: clear, snow, shadow, light haze, heavy haze, cloud, confidence, UDM1 bits."""
    cols = np.clip(
        ((_centres(grid)[0] - fine.left - look.pointing_error_m[0]) / fine.step_m).astype(int), 0, fine.shape[1] - 1
    )
    rows = np.clip(
        ((fine.top - _centres(grid)[1] + look.pointing_error_m[1]) / fine.step_m).astype(int), 0, fine.shape[0] - 1
    )
    cloud, shade, haze = (depths[name][np.ix_(rows, cols)] for name in ("cloud", "shade", "haze"))
    mask = np.zeros((8, *grid.shape), dtype=np.uint8)
    is_cloud = cloud > 0.45
    is_shadow = (shade > 0.45) & ~is_cloud
    veil = np.where(is_cloud, 0.0, haze + 1.5 * cloud)
    is_heavy = (veil > 0.45) & ~is_shadow
    is_light = (veil > 0.22) & ~is_heavy & ~is_shadow & ~is_cloud
    is_snow = np.full(grid.shape, look.snow > 0.6) & ~is_cloud & ~is_shadow & ~is_heavy & ~is_light
    for layer, where in ((1, is_snow), (2, is_shadow), (3, is_light), (4, is_heavy), (5, is_cloud)):
        mask[layer] = where & inside
    mask[0] = inside & ~mask[1:6].any(axis=0)
    near = np.abs(cloud - 0.45) + np.abs(shade - 0.45)
    wander = noise(*_centres(grid), 60.0, seed_of(look.seed, "confidence"))
    mask[6] = np.where(inside, np.clip(92 + 3 * wander - 40 * np.exp(-6.0 * near) * (cloud + shade > 0.02), 5, 99), 0)
    mask[7] = np.where(inside, np.where(is_cloud, 2, 0), 1)
    return mask


def _centres(grid: Grid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rows, cols = grid.shape
    t = grid.transform
    xs: NDArray[np.float64] = (t.c + (np.arange(cols) + 0.5) * t.a).astype(np.float64)
    ys: NDArray[np.float64] = (t.f + (np.arange(rows) + 0.5) * t.e).astype(np.float64)
    return xs, ys
