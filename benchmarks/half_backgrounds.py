"""Real two-date images as backgrounds: what they show, where nothing is known to have changed, how they see.

They are found at ``$IMAGERY_DIFF_DATA`` or ``../shared/data`` and are never copied into the repository. What is laid
down by hand here (open ground, tracks, writing on an image) was read off the images and stands in pixels.
"""

from __future__ import annotations

import json
import math
import os
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from affine import Affine
from pyproj import Transformer
from rasterio.features import rasterize
from scipy.ndimage import binary_dilation, binary_opening, gaussian_filter, median_filter, uniform_filter
from scipy.ndimage import label as label_pieces
from shapely.geometry import LineString, Polygon, shape

from imagery_diff.aoi import reproject
from imagery_diff.geometry import Sun, sun_position
from imagery_diff.synthetic.optics import (
    NOISE_CORRELATION,
    RISE_OF_SIGMA,
    Camera,
    Tone,
    draw_noise,
    measure_edges,
    measure_noise,
    spread_that_measures,
    stretched,
)
from imagery_diff.synthetic.texture import rng_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from imagery_diff.synthetic.optics import Image

    Mask = NDArray[np.bool_]

GUARD_M = 30.0
"""Ground this near a labelled or listed change is not quiet: labels are drawn by hand. At least two pixels."""
SMOOTH = 0.10
"""Deviation over mean in 5 x 5 px below which ground is called open and even, on both dates."""
ALIKE = 2.0
"""Robust deviations by which the two dates may differ on ground that a thing is put on, after one gain and offset."""
GREEN_TINT = 0.12
"""Twice green less red and blue, over their sum, from which a picture without near infrared shows plants."""
PLANTS_INDEX = 0.35
"""Vegetation index of the numbers, less the darkest, from which ground is under plants."""
SFBAY_WATER, SENTINEL_WATER, LAKE = 105.0, 900.0, 0.10
"""Water is below: 8-bit red level of the bay (its water lies at 44 to 94, of the land a twentieth below 91 and 106 on
the two dates, in pieces too small to count), near infrared number of Sentinel-2 (reflectance .09 above the air), near
infrared reflectance of the lake; read off the histograms."""
GREY = 6.0
"""8-bit levels between bands up to which an image is one picture three times, plus noise."""
COLOURS = ("blue", "green", "red", "nir")
OPEN_WATER_M = 30.0
"""Water this far from any shore is open."""
WATER_KM2 = 0.3
"""Least water a ship is put on: not a basin, a pond, a shadow."""
PLANETSCOPE_NOISE = 2.7
"""8-bit levels, measured on the water of the real PlanetScope pair; given to the averaged aerial images."""
PLANETSCOPE_RISE_PX = 2.5
"""10-90 % rise of edges as delivered and as `edges` measures it: median 2.5 px over seven lossless real scenes."""


@dataclass(frozen=True, kw_only=True)
class Sensor:
    """What is stated of a sensor where an image cannot tell."""

    rise_px: float
    """10-90 % rise of edges as `edges` measures it, for images with too few straight ones."""
    noise: float
    """Greatest noise: on busy ground the calmest blocks still hold texture."""


AT_3_M = Sensor(rise_px=PLANETSCOPE_RISE_PX, noise=1.2 * PLANETSCOPE_NOISE)
SENTINEL_2 = Sensor(rise_px=2.1, noise=20.0)
"""Edges as measured at the one pair with enough of them (73 edges); noise as on its water."""
ETM = Sensor(rise_px=2.1, noise=1.5)
TM_NIR = Sensor(rise_px=2.1, noise=0.005)


@dataclass(frozen=True, kw_only=True, eq=False)
class Background:
    """Two real images of one place on one grid."""

    name: str
    images: tuple[NDArray[np.generic], NDArray[np.generic]]
    """(band, row, col), their own numbers."""
    bands: tuple[str, ...]
    transform: Affine
    crs: str
    cameras: tuple[Camera, Camera]
    ignore: Mask
    """(row, col): ground where something is known, or not known not, to have changed; with a guard."""
    barred: Mask
    """(row, col): labelled or listed changes, with a guard: no thing is put there."""
    wet: Mask
    """(row, col): water on both dates, up to the shore."""
    water: Mask
    """(row, col): of that, what is open in all directions."""
    open: Mask
    """(row, col): even ground without plants, alike on both dates."""
    lines: tuple[LineString, ...]
    """Tracks and straight roads, map metres."""
    told: dict[str, Any]
    """What was assumed, for people."""

    @property
    def pixel_m(self) -> float:
        """Side of a pixel."""
        return float(self.transform.a)


@dataclass(frozen=True, kw_only=True, eq=False)
class Given:
    """What a reader knows of a pair; the rest is measured."""

    name: str
    images: tuple[NDArray[np.generic], NDArray[np.generic]]
    bands: tuple[str, ...]
    transform: Affine
    crs: str
    tones: tuple[Tone, Tone]
    suns: tuple[Sun, Sun]
    """From grid north."""
    sensor: Sensor
    changed: Mask
    """Labelled or listed changes."""
    doubtful: Mask
    """Where nothing may be taken as unchanged."""
    wet: Mask
    """Water on both dates."""
    ground: Mask
    """Where a thing may stand, if the ground is even and alike on both dates."""
    told: dict[str, Any]
    """What was assumed."""


def data_folder() -> Path:
    """Return where the real pairs lie."""
    given = os.environ.get("IMAGERY_DIFF_DATA")
    return (Path(given) if given else Path(__file__).resolve().parents[2] / "shared" / "data") / "pairs"


# --- what a person sees on the images, in pixels (column, row) of the image as used ---------------------------------

SFBAY_OPEN = (
    [
        *((690, 45), (745, 18), (762, 35), (800, 78), (845, 130), (860, 150), (890, 185), (868, 195), (845, 175)),
        *((800, 190), (760, 188), (735, 150), (712, 130), (690, 110), (650, 95), (655, 75), (690, 62)),
    ],
    [(565, 85), (590, 68), (610, 70), (640, 105), (660, 135), (655, 150), (625, 150), (600, 125), (565, 105)],
    [(610, 305), (650, 300), (690, 305), (692, 330), (660, 358), (640, 345), (612, 325)],
    [(165, 110), (185, 98), (208, 118), (190, 133)],
)
"""Pavement and bare ground of ``planet_sfbay``; even roofs look the same from above and are left out by hand."""
LINES: dict[str, tuple[tuple[tuple[float, float], tuple[float, float]], ...]] = {
    "planet_sfbay": (((142.0, 20.0), (119.0, 230.0)), ((375.0, 30.0), (540.0, 125.0)), ((512.0, 98.0), (600.0, 150.0))),
    "sztaki_szada_1": (
        ((303.0, 90.0), (362.0, 168.0)),
        ((100.0, 90.0), (175.0, 180.0)),
        ((372.0, 30.0), (455.0, 125.0)),
        ((184.0, 150.0), (198.0, 295.0)),
    ),
    "sztaki_szada_2": (
        ((80.0, 233.0), (145.0, 165.0)),
        ((255.0, 78.0), (340.0, 155.0)),
        ((350.0, 165.0), (440.0, 255.0)),
        ((82.0, 238.0), (150.0, 305.0)),
    ),
}
"""Tracks and straight roads, ends of each."""
WRITING: dict[str, tuple[tuple[int, int, int, int], ...]] = {
    "sztaki_archive": ((0, 320, 524, 362), (485, 0, 524, 40)),
}
"""Left, top, right, bottom of what a provider wrote on an image."""


# --- the groups -----------------------------------------------------------------------------------------------------


def sfbay(name: str, data: Path) -> Background:
    """Read real PlanetScope, 3 m, red, green, blue in 8 bits as the provider stretches them."""
    before, after, label, transform, crs = _read(data / name)
    listed = json.loads((data / name / "events.geojson").read_text(encoding="utf-8"))["features"]
    shapes = [reproject(shape(f["geometry"]), "EPSG:4326", crs) for f in listed]
    changed = (label == 1) | (_burnt(shapes, transform, label.shape))
    grey = [i.astype(float) for i in (before, after)]
    dark = [median_filter(g[0], 5) < SFBAY_WATER for g in grey]
    wet = dark[0] & dark[1]
    water = binary_opening(wet, iterations=10)
    drawn = _burnt([Polygon([transform @ p for p in ring]) for ring in SFBAY_OPEN], transform, label.shape)
    bands = ("red", "green", "blue")
    told = {"place": "position assumed, as delivered", "sun": "drawn at random, one for each image: time unknown"}
    return _background(
        Given(
            name=name,
            images=(before, after),
            bands=bands,
            transform=transform,
            crs=crs,
            tones=(_stretched(grey[0], bands, water), _stretched(grey[1], bands, water)),
            suns=_drawn_suns(name),
            sensor=AT_3_M,
            changed=changed,
            doubtful=label != 0,
            wet=wet,
            ground=drawn,
            told=told,
        )
    )


def sztaki(name: str, data: Path) -> Background:
    """Read aerial images of 1.5 m, averaged to what PlanetScope would deliver, 3 m, with its noise."""
    before, after, label, _, _ = _read(data / name)
    images = [_averaged(i.astype(float), rng_of(0, name, d)) for i, d in ((before, "before"), (after, "after"))]
    rows, cols = images[0].shape[1:]
    label = label[: 2 * rows, : 2 * cols].reshape(rows, 2, cols, 2).max(axis=(1, 3))
    changed = label != 0
    for left, top, right, bottom in WRITING.get(name, ()):
        changed[top:bottom, left:right] = True
    # The pairs carry no position: Szada, where two of them were taken, in the local zone.
    transform, crs = Affine(3.0, 0.0, 372_000.0, 0.0, -3.0, 5_278_000.0), "EPSG:32634"
    bands = ("red", "green", "blue")
    no_water = np.zeros(label.shape, dtype=bool)
    told = {
        "place": "made up: the files carry none; metres follow from 1.5 m a pixel averaged to 3 m",
        "resolution": f"averaged until edges rise over {PLANETSCOPE_RISE_PX} px of 3 m, noise of {PLANETSCOPE_NOISE} "
        f"levels correlated {NOISE_CORRELATION} added",
        "sun": "drawn at random, one for each image: time unknown",
    }
    return _background(
        Given(
            name=name,
            images=(images[0].astype(np.uint8), images[1].astype(np.uint8)),
            bands=bands,
            transform=transform,
            crs=crs,
            tones=(_stretched(images[0], bands, no_water), _stretched(images[1], bands, no_water)),
            suns=_drawn_suns(name),
            sensor=AT_3_M,
            changed=changed,
            doubtful=changed,
            wet=no_water,
            ground=_not_green(images, bands),
            told=told,
        )
    )


def oscd(name: str, data: Path) -> Background:
    """Read Sentinel-2 level 1C: blue, green, red, near infrared of 10 m, reflectance times 10,000."""
    before, after, label, old, _ = _read(data / name, (2, 3, 4, 8))
    meta = json.loads((data / name / "meta.json").read_text(encoding="utf-8"))
    changed = label != 0
    transform, crs, (lat, lon) = _square(old, label.shape)
    images = [i.astype(float) for i in (before, after)]
    wet = np.all([(median_filter(i[3], 3) < SENTINEL_WATER) & (i[1] > i[3]) for i in images], axis=0)
    told = {
        "place": "pixels of about 10 m on a geographic grid taken as squares of 10 m, north up, in the UTM zone",
        "sun": "of the date, 10:30 local solar time, as Sentinel-2 passes",
    }
    counts = (8500.0,) * 4
    return _background(
        Given(
            name=name,
            images=(before, after),
            bands=COLOURS,
            transform=transform,
            crs=crs,
            tones=(_calibrated(images[0], counts), _calibrated(images[1], counts)),
            suns=_morning_suns(meta["dates"], lat, lon),
            sensor=SENTINEL_2,
            changed=changed,
            doubtful=changed,
            wet=wet,
            ground=_bare(images),
            told=told,
        )
    )


def taizhou(name: str, data: Path) -> Background:
    """Read Landsat 7, 30 m: blue, green, red, near infrared in 8 bits."""
    before, after, label, transform, crs = _read(data / name, (1, 2, 3, 4))
    meta = json.loads((data / name / "meta.json").read_text(encoding="utf-8"))
    lon, lat = Transformer.from_crs(crs, 4326, always_xy=True).transform(transform.c + 6000.0, transform.f - 6000.0)
    suns = _morning_suns([day.replace("-", "") for day in meta["dates"]], lat, lon)
    images = [i.astype(float) for i in (before, after)]
    return _background(
        Given(
            name=name,
            images=(before, after),
            bands=COLOURS,
            transform=transform,
            crs=crs,
            tones=(_calibrated(images[0], _etm_counts(suns[0])), _calibrated(images[1], _etm_counts(suns[1]))),
            suns=suns,
            sensor=ETM,
            changed=label == 1,
            doubtful=label != 0,
            wet=np.all([i[1] > i[3] for i in images], axis=0),
            ground=_bare(images),
            told={"sun": "of the date, 10:30 local solar time"},
        )
    )


def sardinia(name: str, data: Path) -> Background:
    """Read a pair of Landsat TM, 30 m, near infrared alone, reflectance; a lake that rose is labelled. Nulls only."""
    before, after, label, _, _ = _read(data / name)
    images = [i.astype(float) for i in (before, after)]
    return _background(
        Given(
            name=name,
            images=(before, after),
            bands=("nir",),
            # No position is given: near Lake Mulargia, in its UTM zone.
            transform=Affine(30.0, 0.0, 515_000.0, 0.0, -30.0, 4_395_000.0),
            crs="EPSG:32632",
            tones=(_calibrated(images[0], (1.0,)), _calibrated(images[1], (1.0,))),
            suns=_morning_suns(["19950915", "19960715"], 39.6, 9.2),
            sensor=TM_NIR,
            changed=label != 0,
            doubtful=label != 0,
            wet=np.all([i[0] < LAKE for i in images], axis=0),
            ground=np.zeros(label.shape, dtype=bool),
            told={"place": "made up near the lake: the files carry none", "sun": "of the middle of the month, 10:30"},
        )
    )


GROUPS: dict[str, tuple[Callable[[str, Path], Background], tuple[str, ...]]] = {
    "sfbay": (sfbay, ("planet_sfbay",)),
    "sztaki": (sztaki, ("sztaki_szada_1", "sztaki_szada_2", "sztaki_archive")),
    "oscd": (
        oscd,
        ("oscd_aguasclaras", "oscd_bercy", "oscd_hongkong", "oscd_mumbai", "oscd_nantes", "oscd_paris", "oscd_rennes"),
    ),
    "taizhou": (taizhou, ("landsat_taizhou",)),
    "sardinia": (sardinia, ("landsat_sardinia",)),
}
"""Group -> how its pairs are read, and the pairs."""
NULLS_ONLY = ("sardinia",)
"""Groups nothing is put into: one band of near infrared tells no even ground from another."""


def backgrounds(groups: Iterable[str]) -> Iterable[Background]:
    """Read the pairs of some groups, one after the other; a pair that is not there is left out."""
    for group in groups:
        read, names = GROUPS[group]
        for name in names:
            if (data_folder() / name / "before.tif").exists():
                yield read(name, data_folder())


# --- steps ----------------------------------------------------------------------------------------------------------


def _read(
    folder: Path, bands: tuple[int, ...] | None = None
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.uint8], Affine, str]:
    """Return before, after, label, transform and CRS ("" where there is none) of a pair."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        for name in ("before", "after", "label"):
            with rasterio.open(folder / f"{name}.tif") as file:
                found.append(file.read(list(bands) if bands and name != "label" else None))
                transform, crs = file.transform, file.crs
    code = f"EPSG:{crs.to_epsg()}" if crs else ""
    return found[0], found[1], found[2][0], transform, code


def _background(given: Given) -> Background:
    """Measure both cameras and put everything together."""
    floats = [i.astype(float) for i in given.images]
    cameras = (_camera(floats[0], given, 0), _camera(floats[1], given, 1))
    guard = max(2, round(GUARD_M / given.transform.a))
    barred = binary_dilation(given.changed, iterations=guard)
    wet = _large(given.wet, WATER_KM2 * 1e6 / given.transform.a**2)
    even = np.all([_even(i) for i in floats], axis=0) & _alike(floats, ~wet & ~barred)
    said = {f"{d} {k}": v for d, c in zip(("before", "after"), cameras, strict=True) for k, v in _said(c).items()}
    return Background(
        name=given.name,
        images=given.images,
        bands=given.bands,
        transform=given.transform,
        crs=given.crs,
        cameras=cameras,
        ignore=barred | given.doubtful,
        barred=barred,
        wet=wet,
        water=binary_opening(wet, iterations=max(1, round(OPEN_WATER_M / given.transform.a))),
        open=given.ground & even & ~wet & ~barred,
        lines=tuple(LineString([given.transform @ end for end in line]) for line in LINES.get(given.name, ())),
        told=given.told | said,
    )


def _camera(image: Image, given: Given, number: int) -> Camera:
    """Measure what can be measured of an image, draw what cannot."""
    spread, said = measure_edges(image[:3], given.sensor.rise_px)
    depth = float(rng_of(0, given.name, number, "shadow").uniform(0.22, 0.45))
    # The sky is blue: more of its light is left in blue, less in near infrared.
    blue, green, red, nir = (depth * f for f in (1.12, 1.0, 0.93, 0.8))
    return Camera(
        spread=spread,
        noise=np.minimum(measure_noise(image), given.sensor.noise),
        tone=given.tones[number],
        mix=_mix(image, given.bands),
        sun=given.suns[number],
        shadow_light=(blue, green, red, nir),
        told=(said,),
    )


def _mix(image: Image, bands: tuple[str, ...]) -> tuple[tuple[float, float, float, float], ...]:
    """Return what each band sees: its own colour, or all visible light where the bands hardly differ (a grey film)."""
    if len(bands) == 3 and np.median(np.ptp(image, axis=0)) <= GREY:
        return ((1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0, 0.0),) * 3
    rows = np.eye(4)[[COLOURS.index(b) for b in bands]]
    return tuple((float(b), float(g), float(r), float(n)) for b, g, r, n in rows)


def _said(camera: Camera) -> dict[str, Any]:
    """Say of a camera what a person would ask."""
    return {
        "edges": camera.told[0],
        "spread": [round(camera.spread.sigma_px, 2), round(camera.spread.sharpen, 2)],
        "noise": [round(float(n), 2) for n in camera.noise],
        "sun": [round(camera.sun.azimuth_deg), round(camera.sun.elevation_deg)],
        "shadow light (drawn)": [round(v, 2) for v in camera.shadow_light],
    }


def _drawn_suns(name: str) -> tuple[Sun, Sun]:
    """Draw suns of mid-morning at 35 to 48 degrees north, one for each image of a pair."""
    rngs = [rng_of(0, name, number, "sun") for number in (0, 1)]
    first, second = (
        Sun(azimuth_deg=float(r.uniform(125.0, 165.0)), elevation_deg=float(r.uniform(28.0, 62.0))) for r in rngs
    )
    return first, second


def _morning_suns(days: list[str], lat: float, lon: float) -> tuple[Sun, Sun]:
    """Return the sun at 10:30 local solar time of two days (YYYYMMDD)."""
    midnights = [datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC) for day in days]
    morning = timedelta(hours=10.5 - lon / 15.0)
    return sun_position(midnights[0] + morning, lat, lon), sun_position(midnights[1] + morning, lat, lon)


def _stretched(image: Image, bands: tuple[str, ...], water: Mask) -> Tone:
    return stretched(image.reshape(len(image), -1), bands, water.ravel())


def _calibrated(image: Image, counts: tuple[float, ...]) -> Tone:
    """Map by known counts per unit of reflectance below the air; the darkest thousandth is a reflectance of 0.02."""
    reflectance, number = [], []
    for values, slope in zip(image, counts, strict=True):
        dark = float(np.percentile(values, 0.1))
        reflectance.append((0.02, 1.02))
        number.append((dark, dark + slope))
    return Tone(reflectance=tuple(reflectance), number=tuple(number))


def _etm_counts(sun: Sun) -> tuple[float, ...]:
    """Return the counts per unit of reflectance of ETM+ bands 1 to 4, high gain, where 0.85 of the light comes through.

    Irradiance and gains: Chander et al. 2009, doi:10.1016/j.rse.2009.01.007.
    """
    irradiance, gain = (1997.0, 1812.0, 1533.0, 1039.0), (0.779, 0.799, 0.622, 0.640)
    height = math.sin(math.radians(sun.elevation_deg))
    return tuple(0.85 * e * height / (math.pi * g) for e, g in zip(irradiance, gain, strict=True))


def _averaged(image: Image, rng: np.random.Generator) -> Image:
    """Blur an aerial image of 1.5 m to PlanetScope's sharpness, take 3 m, add its noise."""
    own = measure_edges(image, 2.0)[0].edge()[0] / RISE_OF_SIGMA
    wanted = 2.0 * spread_that_measures(PLANETSCOPE_RISE_PX).edge()[0] / RISE_OF_SIGMA
    # The mean of 2 x 2 below has a variance of a quarter of its own.
    soft = gaussian_filter(image, [0.0, *[math.sqrt(max(wanted**2 - own**2 - 0.25, 0.01))] * 2])
    rows, cols = (n - n % 2 for n in soft.shape[1:])
    # The mean of 2 x 2 keeps the middle of each 3 m pixel in the middle of four of 1.5 m.
    half = soft[:, :rows, :cols].reshape(soft.shape[0], rows // 2, 2, cols // 2, 2).mean(axis=(2, 4))
    noisy = half + draw_noise(half.shape, np.full(half.shape[0], PLANETSCOPE_NOISE), rng)
    whole: Image = np.clip(np.rint(noisy), 1.0, 255.0)
    return whole


def _square(old: Affine, size: tuple[int, int]) -> tuple[Affine, str, tuple[float, float]]:
    """Return a north-up UTM grid of 10 m with the upper left corner of a geographic one, its CRS, and its middle."""
    lon, lat = old @ (size[1] / 2.0, size[0] / 2.0)
    crs = f"EPSG:{(32600 if lat > 0 else 32700) + int((lon + 180.0) // 6.0) + 1}"
    left, top = Transformer.from_crs(4326, crs, always_xy=True).transform(old.c, old.f)
    return Affine(10.0, 0.0, round(left, -1), 0.0, -10.0, round(top, -1)), crs, (lat, lon)


def _even(image: Image) -> Mask:
    """Ground of low texture: deviation over mean in 5 x 5 px."""
    grey = image[:3].mean(axis=0)
    mean = uniform_filter(grey, 5)
    spread = np.sqrt(np.maximum(uniform_filter(grey * grey, 5) - mean * mean, 0.0))
    return np.asarray(spread < SMOOTH * np.maximum(mean, 1e-9))


def _alike(images: list[Image], where: Mask) -> Mask:
    """Ground that looks the same on both dates after one gain and offset: what a thing is put on did not change."""
    grey = [uniform_filter(i[:3].mean(axis=0), 5) for i in images]
    spans = [np.percentile(g[where], [16.0, 50.0, 84.0]) for g in grey]
    units = [(g - s[1]) / max(s[2] - s[0], 1e-9) for g, s in zip(grey, spans, strict=True)]
    off = units[1] - units[0]
    middle = np.median(off[where])
    spread = 1.4826 * np.median(np.abs(off[where] - middle))
    return np.asarray(np.abs(off - middle) < ALIKE * spread)


def _large(mask: Mask, least_px: float) -> Mask:
    """Keep the pieces of at least so many pixels."""
    labels, count = label_pieces(mask)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    keep = sizes >= least_px
    keep[0] = False
    return np.asarray(keep[labels])


def _not_green(images: list[Image], bands: tuple[str, ...]) -> Mask:
    """Ground without a green tint on either date."""
    r, g, b = (bands.index(c) for c in ("red", "green", "blue"))
    tints = [uniform_filter(2 * i[g] - i[r] - i[b], 5) / np.maximum(i.sum(axis=0), 1.0) for i in images]
    plain: Mask = np.all([t < GREEN_TINT for t in tints], axis=0)
    return plain


def _bare(images: list[Image]) -> Mask:
    """Ground without plants on either date: low vegetation index of the numbers less the darkest."""
    found = []
    for image in images:
        red, nir = (b - np.percentile(b, 0.1) for b in (image[2], image[3]))
        found.append((nir - red) / np.maximum(nir + red, 1.0) < PLANTS_INDEX)
    bare: Mask = np.all(found, axis=0)
    return bare


def _burnt(shapes: list[Any], transform: Affine, size: tuple[int, int]) -> Mask:
    burnt: NDArray[np.uint8] = rasterize(shapes, out_shape=size, transform=transform, all_touched=True, dtype="uint8")
    mask: Mask = burnt != 0
    return mask
