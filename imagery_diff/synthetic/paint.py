"""Draw a world on a fine grid: reflectance in four bands, height, and what hangs above the ground."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from affine import Affine
from rasterio.features import rasterize
from scipy.ndimage import distance_transform_edt

from imagery_diff.synthetic.materials import FOAM, MATERIALS, PLANTS_DRY, PLANTS_GREEN, SNOW
from imagery_diff.synthetic.texture import noise, seed_of, slabs
from imagery_diff.synthetic.world import along, unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from imagery_diff.synthetic.look import Look
    from imagery_diff.synthetic.materials import Material
    from imagery_diff.synthetic.world import Ground, Part, Thing, World

    Image = NDArray[np.float32]

_SCALES_M = (60.0, 18.0, 6.0, 2.0)
"""Over which `Material.uneven` is given."""


@dataclass(frozen=True, kw_only=True)
class Fine:
    """A fine north-up grid."""

    left: float
    """Map x of the left edge."""
    top: float
    """Map y of the upper edge."""
    step_m: float
    """Pixel."""
    shape: tuple[int, int]
    """Rows, columns."""

    @property
    def transform(self) -> Affine:
        """From (col, row) to map (x, y)."""
        return Affine(self.step_m, 0.0, self.left, 0.0, -self.step_m, self.top)

    @property
    def xs(self) -> NDArray[np.float64]:
        """Map x of the pixel centres, by column."""
        centres: NDArray[np.float64] = np.float64(self.left) + (np.arange(self.shape[1]) + 0.5) * self.step_m
        return centres

    @property
    def ys(self) -> NDArray[np.float64]:
        """Map y of the pixel centres, by row."""
        centres: NDArray[np.float64] = np.float64(self.top) - (np.arange(self.shape[0]) + 0.5) * self.step_m
        return centres


@dataclass(frozen=True, kw_only=True)
class Canvas:
    """A drawn world, before light falls on it."""

    fine: Fine
    """Where its pixels lie."""
    reflectance: NDArray[np.float32]
    """(band, row, col)."""
    height: NDArray[np.float32]
    """(row, col), metres above the ground."""
    slope: NDArray[np.float32]
    """(2, row, col): rise towards east and north, metres per metre."""
    hanging: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]] | None
    """Underside, top (row, col) and reflectance (band, row, col) of what hangs; None where nothing does."""
    water: NDArray[np.bool_]
    """(row, col): open water with nothing on it."""


def burn(shapes: Sequence[tuple[BaseGeometry, int]], fine: Fine) -> NDArray[np.int32]:
    """Return for each pixel the number of the last shape that covers its centre; 0 where none does."""
    if not shapes:
        return np.zeros(fine.shape, dtype=np.int32)
    burnt: NDArray[np.int32] = rasterize(shapes, out_shape=fine.shape, transform=fine.transform, dtype="int32")
    return burnt


def paint(world: World, fine: Fine, look: Look) -> Canvas:
    """Draw the world as it is in the season and weather of the look."""
    ground, water = _ground(world, fine, look)
    parts = [*world.fixed, *(part for thing in world.things for part in thing.parts)]
    standing = sorted((p for p in parts if p.bottom_m <= 0.0), key=lambda p: p.top_m)
    index = burn([(p.polygon, k + 1) for k, p in enumerate(standing)], fine)
    slope = np.zeros((2, *fine.shape), dtype=np.float32)
    slope[0], slope[1] = np.where(water, 0.0, world.slope[0]), np.where(water, 0.0, world.slope[1])
    height = _canopy(world, fine)
    on = index > 0
    if on.any():
        pick = index[on] - 1
        height[on] = np.array([p.top_m for p in standing], dtype=np.float32)[pick]
        slope[:, on] = np.array([p.slope for p in standing], dtype=np.float32).T[:, pick]
        ground[:, on] = _tops(standing, pick, on, fine, look)
    canvas = Canvas(fine=fine, reflectance=ground, height=height, slope=slope, hanging=None, water=water & ~on)
    return _with_hanging(canvas, [p for p in parts if p.bottom_m > 0.0])


def paint_parts(parts: Sequence[Part], fine: Fine, look: Look) -> Canvas:
    """Draw parts alone, as :func:`paint` does, on black level ground; nothing hangs."""
    standing = sorted(parts, key=lambda p: p.top_m)
    index = burn([(p.polygon, k + 1) for k, p in enumerate(standing)], fine)
    on = index > 0
    canvas = Canvas(
        fine=fine,
        reflectance=np.zeros((4, *fine.shape), np.float32),
        height=np.zeros(fine.shape, np.float32),
        slope=np.zeros((2, *fine.shape), np.float32),
        hanging=None,
        water=np.zeros(fine.shape, bool),
    )
    if on.any():
        pick = index[on] - 1
        canvas.height[on] = np.array([p.top_m for p in standing], dtype=np.float32)[pick]
        canvas.slope[:, on] = np.array([p.slope for p in standing], dtype=np.float32).T[:, pick]
        canvas.reflectance[:, on] = _tops(standing, pick, on, fine, look)
    return canvas


def _tops(parts: list[Part], pick: NDArray[np.int32], on: NDArray[np.bool_], fine: Fine, look: Look) -> Image:
    """Reflectance of roofs and other tops: rough, and white under snow."""
    grain = (
        noise(fine.xs, fine.ys, 2.5, seed_of(7, "tops"))[on]
        + 0.5 * noise(fine.xs, fine.ys, 9.0, seed_of(8, "tops"))[on]
    )
    rough = np.array([p.rough for p in parts], dtype=np.float32)[pick]
    colour = np.array([p.reflectance for p in parts], dtype=np.float32).T[:, pick]
    colour = colour * np.exp(rough * grain * 0.8)
    if look.snow > 0.0:
        snow = np.array(SNOW, dtype=np.float32)[:, None]
        colour = colour + (snow - colour) * np.float32(min(1.0, look.snow) * 0.85)
    if look.wet > 0.0:
        colour = colour * np.float32(1.0 - 0.15 * look.wet)
    result: NDArray[np.float32] = colour.astype(np.float32)
    return result


def _ground(world: World, fine: Fine, look: Look) -> tuple[Image, NDArray[np.bool_]]:
    """Reflectance of the ground and where it is water."""
    kinds = [_kind(world, "sea"), *(_kind(world, g.material, g) for g in world.ground)]
    index = burn([(g.polygon, k + 1) for k, g in enumerate(world.ground)], fine)
    uneven = np.array([k.uneven for k in kinds], dtype=np.float32) * np.float32(world.texture)
    tone = np.zeros(fine.shape, dtype=np.float32)
    for k, scale in enumerate(_SCALES_M):
        if scale >= 0.8 * fine.step_m:
            tone += uneven[:, k][index] * noise(fine.xs, fine.ys, scale, seed_of(world.seed, "tone", scale))
    slab, stain = (np.array(v, dtype=np.float32)[index] for v in ([k.slab for k in kinds], [k.stains for k in kinds]))
    tone += np.float32(world.texture) * (slab * _pavement(world, fine) - stain * _stains(world, fine))
    tint = noise(fine.xs, fine.ys, 25.0, seed_of(world.seed, "tint")) * np.float32(0.035 * world.texture)
    red = np.linspace(-1.0, 1.0, 4, dtype=np.float32)
    image = np.array([k.reflectance for k in kinds], dtype=np.float32).T[:, index]
    image *= np.exp(tone[None] + red[:, None, None] * tint[None])
    image = _plants(image, np.array([k.cover for k in kinds], dtype=np.float32)[index], world, fine, look)
    image = _weathered(image, np.array([k.dries for k in kinds], dtype=np.float32)[index], world, fine, look)
    water = np.array([k.water for k in kinds])[index]
    return _sea(image, water, world, fine, look), water


def _kind(world: World, name: str, patch: Ground | None = None) -> Material:
    """Return the material of a patch, in the colour this world and this patch give it."""
    kind = MATERIALS[name]
    blue, green, red, nir = world.reflectances.get(name, kind.reflectance)
    if patch is None:
        return replace(kind, reflectance=(blue, green, red, nir))
    tone = patch.tone
    cover = kind.cover if patch.cover is None else patch.cover
    return replace(kind, reflectance=(blue * tone, green * tone, red * tone, nir * tone), cover=cover)


def _pavement(world: World, fine: Fine) -> Image:
    """Tone of each slab and of each bay of slabs, laid along the world's axis."""
    sin, cos = unit(world.axis_deg)
    x, y = np.meshgrid(fine.xs - world.bounds[0], fine.ys - world.bounds[1])
    u, v = (x * sin + y * cos).astype(np.float32), (x * cos - y * sin).astype(np.float32)
    large = slabs(u, v, (24.0, 14.0), seed_of(world.seed, "bays"))
    return 0.7 * large + 0.5 * slabs(u, v, (6.0, 4.0), seed_of(world.seed, "slabs"))


def _stains(world: World, fine: Fine) -> Image:
    """Dark patches and streaks: 0 mostly, up to about 1.5."""
    patch = noise(fine.xs, fine.ys, 11.0, seed_of(world.seed, "stain")) + 0.6 * noise(
        fine.xs, fine.ys, 4.0, seed_of(world.seed, "stain", 2)
    )
    sin, cos = unit(world.axis_deg)
    sheared = noise(fine.xs * sin + 0.0, fine.ys * cos + 0.0, 3.0, seed_of(world.seed, "streak"))
    stained: NDArray[np.float32] = np.clip(patch - 1.2, 0.0, 1.5) + 0.25 * np.clip(sheared - 0.8, 0.0, 1.5)
    return stained


def _plants(image: Image, cover: Image, world: World, fine: Fine, look: Look) -> Image:
    """Mix plants into the ground, in patches, in the colour of the season."""
    patches = (
        0.7 * noise(fine.xs, fine.ys, 140.0, seed_of(world.seed, "plants"))
        + 0.4 * noise(fine.xs, fine.ys, 45.0, seed_of(world.seed, "plants", 1))
        + 0.4 * noise(fine.xs, fine.ys, 12.0, seed_of(world.seed, "plants", 2))
        + 0.5 * noise(fine.xs, fine.ys, 3.5, seed_of(world.seed, "plants", 3))
    )
    # The sum has deviation about 1.08; a logistic of it covers on average the share asked for.
    edge = np.log(np.clip(cover, 1e-4, 1 - 1e-4) / (1 - np.clip(cover, 1e-4, 1 - 1e-4))) * 0.62
    share = np.where(cover > 0.0, 1.0 / (1.0 + np.exp(-2.2 * (patches + edge))), 0.0).astype(np.float32)
    vigour = np.clip(look.greenness + 0.12 * noise(fine.xs, fine.ys, 30.0, seed_of(world.seed, "vigour")), 0.0, 1.0)
    green, dry = np.array(PLANTS_GREEN, dtype=np.float32), np.array(PLANTS_DRY, dtype=np.float32)
    grain = np.exp(0.14 * noise(fine.xs, fine.ys, 2.5, seed_of(world.seed, "leaves")))
    for band in range(4):
        plants = (dry[band] + (green[band] - dry[band]) * vigour) * grain
        image[band] += share * (plants - image[band])
    return image


def _weathered(image: Image, dries: Image, world: World, fine: Fine, look: Look) -> Image:
    """Darken what is wet, in puddles first; whiten what lies under snow, in hollows first."""
    if look.wet > 0.0:
        damp = np.clip(look.wet * (1.0 + 0.5 * noise(fine.xs, fine.ys, 15.0, seed_of(world.seed, "damp"))), 0.0, 1.0)
        image = image * (1.0 - damp * (1.0 - dries))[None]
    if look.snow > 0.0:
        lie = 0.7 * noise(fine.xs, fine.ys, 22.0, seed_of(world.seed, "snow")) + 0.5 * noise(
            fine.xs, fine.ys, 6.0, seed_of(world.seed, "snow", 2)
        )
        edge = np.log(np.clip(look.snow, 1e-3, 1 - 1e-3) / (1 - np.clip(look.snow, 1e-3, 1 - 1e-3))) * 0.6
        share = np.where(dries < 1.0, 1.0 / (1.0 + np.exp(-5.0 * (lie + edge))), 0.0)
        image = image + share[None] * (np.array(SNOW, dtype=np.float32)[:, None, None] - image)
    result: NDArray[np.float32] = image.astype(np.float32)
    return result


def _sea(image: Image, water: NDArray[np.bool_], world: World, fine: Fine, look: Look) -> Image:
    """Turbid shallows along the shore, long streaks, wakes, and the waves of the day."""
    if not water.any():
        return image
    if water.all():
        shallow = np.zeros(fine.shape, dtype=np.float32)
    else:
        shallow = np.exp(-distance_transform_edt(water).astype(np.float32) * (fine.step_m / 35.0))
    streaks = noise(fine.xs, fine.ys, 220.0, seed_of(look.seed, "streaks"))
    turbid = np.array((0.006, 0.011, 0.010, 0.003), dtype=np.float32)
    swell = 0.4 * noise(fine.xs, fine.ys, 6.0, seed_of(look.seed, "waves")) + 0.9 * noise(
        fine.xs, fine.ys, 2.5, seed_of(look.seed, "waves", 2)
    )
    sparkle = np.clip(swell, 0.0, None) ** 2 * look.glint + 0.5 * look.glint
    foam = _wakes(world, fine)
    for band in range(4):
        surface = image[band] * (1.0 + 0.05 * streaks) + turbid[band] * shallow * (0.8 + 0.3 * streaks)
        surface = surface + look.waves * swell * (1.0 if band < 3 else 0.8) + sparkle
        surface = surface + foam * (FOAM[band] - surface)
        image[band] = np.where(water, np.clip(surface, 0.001, None), image[band])
    return image


def _wakes(world: World, fine: Fine) -> Image:
    """Share of foam behind moving vessels."""
    foam = np.zeros(fine.shape, dtype=np.float32)
    for thing in world.things:
        if thing.speed_m_s > 0.0:
            foam = np.maximum(foam, _wake(thing, fine))
    return foam


def _wake(ship: Thing, fine: Fine) -> Image:
    """Return a streak astern that fades over some lengths, and the two arms of a Kelvin wedge (19.5 degrees)."""
    stern = along((ship.footprint.centroid.x, ship.footprint.centroid.y), ship.azimuth_deg, -0.45 * ship.length_m)
    sin, cos = ship.direction
    x, y = np.meshgrid(fine.xs - stern[0], fine.ys - stern[1])
    behind, aside = -(x * sin + y * cos), np.abs(x * cos - y * sin)
    reach = 60.0 * ship.speed_m_s
    fade = np.where(behind > 0.0, np.exp(-behind / reach), 0.0)
    streak = fade * np.exp(-((aside / (0.35 * ship.width_m + 0.02 * np.clip(behind, 0.0, None))) ** 2))
    arm = fade**2 * np.exp(-(((aside - 0.354 * np.clip(behind, 0.0, None)) / 5.0) ** 2))
    broken = 0.75 + 0.35 * noise(fine.xs, fine.ys, 5.0, seed_of(0, "foam", ship.id))
    foam: NDArray[np.float32] = np.clip((0.55 * streak + 0.18 * arm) * broken, 0.0, 1.0).astype(np.float32)
    return foam


def _canopy(world: World, fine: Fine) -> Image:
    """Height of trees: crowns a few metres wide."""
    height = np.zeros(fine.shape, dtype=np.float32)
    woods = [(g.polygon, 1 + (MATERIALS[g.material].trees_m > 0.0)) for g in world.ground]
    wooded = burn(woods, fine) == 2
    if wooded.any():
        mean = max(MATERIALS[g.material].trees_m for g in world.ground)
        crowns = 0.5 * noise(fine.xs, fine.ys, 4.0, seed_of(world.seed, "crowns")) + 0.6 * noise(
            fine.xs, fine.ys, 23.0, seed_of(world.seed, "stand")
        )
        height[wooded] = np.clip(mean * (1.0 + 0.35 * crowns[wooded]), 0.0, None)
    return height


def _with_hanging(canvas: Canvas, parts: list[Part]) -> Canvas:
    """Add booms and the like as a layer of their own."""
    if not parts:
        return canvas
    index = burn([(p.polygon, k + 1) for k, p in enumerate(parts)], canvas.fine)
    bottom = np.array([np.inf, *(p.bottom_m for p in parts)], dtype=np.float32)[index]
    top = np.array([-np.inf, *(p.top_m for p in parts)], dtype=np.float32)[index]
    colour = np.array([(0.0,) * 4, *(p.reflectance for p in parts)], dtype=np.float32).T[:, index]
    return replace(canvas, hanging=(bottom, top, colour))
