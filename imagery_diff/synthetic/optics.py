"""What a real image does to things: its point spread, its noise, its numbers, its light. Measured or stated.

Everything here is learned from the image itself where the image can tell (edges, calm ground, quantiles), and stated
as a named number where it cannot.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from imagery_diff.synthetic.materials import MATERIALS, ROOFS
from imagery_diff.synthetic.rises import edges

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from imagery_diff.geometry import Sun, View

    Image = NDArray[np.float64]

RISE_OF_SIGMA = 2.563
"""10-90 % rise of a Gaussian-blurred edge over its standard deviation."""
RULER_PX = 1.12
"""What `edges` itself adds to a rise, in quadrature (it interpolates linearly and averages lines): measured on boxes of
known blur, 1.05 to 1.15."""
NOISE_CORRELATION = 0.6
"""Of neighbouring pixels in real delivered images, on water (shared measurement: 0.6, 0.17, 0.07 at 1, 2, 3 px)."""
NOISE_SHARED = 0.9
"""Share of the noise's variance that all bands have in common: bands of real scenes correlate 0.88."""
_ACROSS = np.linspace(-12.0, 12.0, 2401)
"""Pixels from an edge at which its profile is asked."""
SHARPEN_PX = 1.2
"""Scale of a provider's unsharp mask, as in the renderer."""
COLOURLESS = 60.0
"""8-bit levels between the highest and the lowest band of what is called colourless."""
_COLOURS = ("blue", "green", "red", "nir")
SHADOW_LIGHT = (0.30, 0.25, 0.21, 0.14)
"""Light left in a cast shadow where nothing else is known, as of a `Look`."""
LEAST_EDGES = 10
"""Fewer straight edges than this say nothing about an image's sharpness."""


@dataclass(frozen=True, kw_only=True)
class PointSpread:
    """A Gaussian, sharpened by an unsharp mask: what providers deliver. Sampling is part of it."""

    sigma_px: float
    """Standard deviation of the Gaussian."""
    sharpen: float = 0.0
    """Strength of the unsharp mask."""

    def sample(self, fine: NDArray[np.floating], oversample: int) -> Image:
        """Return an array (…, row, col) drawn an odd number of times finer, blurred and sampled at the pixels' middles.

        Rows that no pixel's middle lies in are not blurred along: half of the work.

        """
        soft = _gauss_sampled(fine, self.sigma_px * oversample, oversample)
        if self.sharpen == 0.0:
            return soft
        wide = math.hypot(self.sigma_px, SHARPEN_PX) * oversample
        return soft + self.sharpen * (soft - _gauss_sampled(fine, wide, oversample))

    @property
    def reach_px(self) -> int:
        """How far it spreads anything."""
        return math.ceil(3.0 * math.hypot(self.sigma_px, SHARPEN_PX if self.sharpen else 0.0)) + 1

    def edge(self) -> tuple[float, float]:
        """Return the 10-90 % rise of a straight edge in pixels, and its overshoot as a share of the step."""
        profile = special.ndtr(_ACROSS / self.sigma_px)
        if self.sharpen:
            soft = special.ndtr(_ACROSS / math.hypot(self.sigma_px, SHARPEN_PX))
            profile = profile + self.sharpen * (profile - soft)
        centre = len(profile) // 2
        up = centre + int(np.argmax(profile[centre:] >= 0.9))
        down = centre - int(np.argmax(profile[centre::-1] <= 0.1))
        return float(_ACROSS[up] - _ACROSS[down]), float(profile.max() - 1.0)

    @classmethod
    def of_edge(cls, rise_px: float, overshoot: float = 0.0) -> PointSpread:
        """Return the point spread whose edges rise and overshoot so."""
        sharpen = 0.0
        for _ in range(8):
            spread = _with_rise(rise_px, sharpen)
            if overshoot < 0.005 or abs(spread.edge()[1] - overshoot) < 0.002:
                break
            sharpen += 6.0 * (overshoot - spread.edge()[1])
            sharpen = min(max(sharpen, 0.0), 2.0)
        return _with_rise(rise_px, sharpen)


def _with_rise(rise_px: float, sharpen: float) -> PointSpread:
    """Return the sigma that gives the rise at a strength of sharpening, by bisection."""
    low, high = 0.2, 4.0
    for _ in range(14):
        middle = (low + high) / 2.0
        if PointSpread(sigma_px=middle, sharpen=sharpen).edge()[0] < rise_px:
            low = middle
        else:
            high = middle
    return PointSpread(sigma_px=(low + high) / 2.0, sharpen=sharpen)


def _gauss(image: Image, sigma: float) -> Image:
    """Blur the last two axes."""
    pad = [0.0] * (image.ndim - 2)
    return gaussian_filter(image, [*pad, sigma, sigma], mode="nearest", truncate=3.0)


def _gauss_sampled(fine: NDArray[np.floating], sigma: float, step: int) -> Image:
    """Blur the last two axes and take the middle of each ``step``."""
    middle = slice(step // 2, None, step)
    rows = gaussian_filter1d(fine, sigma, axis=-2, mode="nearest", truncate=3.0)[..., middle, :]
    return gaussian_filter1d(rows, sigma, axis=-1, mode="nearest", truncate=3.0)[..., middle]


def spread_that_measures(rise_px: float, overshoot: float = 0.0) -> PointSpread:
    """Return the point spread of an image whose edges measure so by `imagery_diff.synthetic.rises.edges`."""
    return PointSpread.of_edge(math.sqrt(max(rise_px**2 - RULER_PX**2, 0.5**2)), overshoot)


def measure_edges(image: Image, stated_rise_px: float, most: int = 4000) -> tuple[PointSpread, str]:
    """Return the point spread of an image (band, row, col), and how it was learned.

    The lower quartile of the measured rises is taken, not the middle: a kerb or roof that is not quite straight only
    ever makes an edge look softer than the optics do.
    """
    grey = image.mean(axis=0)
    low, high = np.percentile(grey, [1.0, 99.0])
    found = edges(np.clip((grey - low) / (high - low) * 200.0, -50.0, 255.0), most=most)
    if len(found.rise_px) < LEAST_EDGES:
        return spread_that_measures(stated_rise_px), f"stated: rises over {stated_rise_px} px"
    rise = float(np.percentile(found.rise_px, 25.0))
    over = float(np.clip(np.median(found.overshoot), 0.0, 0.08))
    return spread_that_measures(rise, over), f"measured on {len(found.rise_px)} edges: {rise:.2f} px, over {over:.3f}"


def measure_noise(image: Image, block_px: int = 8) -> NDArray[np.float64]:
    """Return the noise of each band (band,): what a 3-px high-pass leaves on the calmest tenth of small blocks."""
    rest = image - _gauss(image, 3.0)
    bands, rows, cols = rest.shape
    rows, cols = rows - rows % block_px, cols - cols % block_px
    cut = rest[:, :rows, :cols].reshape(bands, rows // block_px, block_px, cols // block_px, block_px)
    spread = cut.std(axis=(2, 4)).reshape(bands, -1)
    return np.array([np.percentile(s[s > 0.0], 10.0) if (s > 0.0).any() else 0.0 for s in spread])


def draw_noise(
    shape: tuple[int, int, int], deviation: NDArray[np.float64], rng: Generator, correlation: float = NOISE_CORRELATION
) -> Image:
    """Return noise (band, row, col) of a deviation per band, correlated between neighbours and between bands."""
    sigma = math.sqrt(-1.0 / (4.0 * math.log(correlation)))
    bands, rows, cols = shape
    white = rng.standard_normal((bands + 1, rows + 16, cols + 16))
    smooth = _gauss(white, sigma)[:, 8:-8, 8:-8] * (2.0 * math.sqrt(math.pi) * sigma)
    mixed = math.sqrt(NOISE_SHARED) * smooth[:1] + math.sqrt(1.0 - NOISE_SHARED) * smooth[1:]
    return mixed * deviation[:, None, None]


@dataclass(frozen=True, kw_only=True)
class Tone:
    """The image's numbers against reflectance, per band: straight lines between knots, and beyond the last."""

    reflectance: tuple[tuple[float, ...], ...]
    """(band, knot), rising."""
    number: tuple[tuple[float, ...], ...]
    """(band, knot), rising."""

    def __post_init__(self) -> None:
        for knots in (*self.reflectance, *self.number):
            if len(knots) < 2 or np.any(np.diff(knots) <= 0.0):
                raise ValueError(f"knots of a tone must rise, got {knots}")

    def numbers(self, reflectance: Image) -> Image:
        """Return numbers of reflectances (band, …)."""
        lines = zip(reflectance, self.reflectance, self.number, strict=True)
        return np.stack([_line(v, x, y) for v, x, y in lines])

    def reflectances(self, numbers: Image) -> Image:
        """Return reflectances of numbers (band, …)."""
        lines = zip(numbers, self.number, self.reflectance, strict=True)
        return np.stack([_line(v, x, y) for v, x, y in lines])


def _line(value: Image, x: tuple[float, ...], y: tuple[float, ...]) -> Image:
    """Interpolate, and go on straight beyond both ends."""
    inside = np.interp(value, x, y)
    below = y[0] + (value - x[0]) * (y[1] - y[0]) / (x[1] - x[0])
    above = y[-1] + (value - x[-1]) * (y[-1] - y[-2]) / (x[-1] - x[-2])
    return np.where(value < x[0], below, np.where(value > x[-1], above, inside))


def stretched(image: Image, bands: tuple[str, ...], water: NDArray[np.bool_]) -> Tone:
    """Map a picture of unknown stretch by three levels of which the reflectance is roughly known.

    Dark: the middle of the water (else the darkest half per cent of the land, deep shadow); middle: bright colourless
    land, as concrete; bright: the brightest 2 % of the land, as light roofs.

    Parameters
    ----------
    image
        (band, pixel), what was seen of it.
    bands
        Names; others than blue, green, red and nir count as green.
    water
        (pixel,)

    """
    sea, hard, light = MATERIALS["sea"].reflectance, MATERIALS["concrete"].reflectance, ROOFS["roof_light"]
    land = image[:, ~water] if not water.all() else image
    grey = land.mean(axis=0)
    span = np.ptp(land, axis=0)
    # A quarter of the range from black to white is no colour, as in 8 bits 60 levels are.
    limit = COLOURLESS * float(np.percentile(grey, 99.5)) / 255.0 if grey.max() > 255.0 else COLOURLESS
    colourless = land[:, (grey > np.percentile(grey, 60.0)) & (span < limit)]
    colourless = colourless if colourless.shape[1] else land
    reflectance, number = [], []
    for values, own, pale, band in zip(image, land, colourless, bands, strict=True):
        k = _COLOURS.index(band) if band in _COLOURS else 1
        dark = float(np.median(values[water])) if water.any() else float(np.percentile(own, 0.5))
        middle = max(float(np.median(pale)), dark + 1.0)
        reflectance.append((sea[k] + 0.01, hard[k], light[k]))
        number.append((dark, middle, max(float(np.percentile(own, 98.0)), middle + 1.0)))
    return Tone(reflectance=tuple(reflectance), number=tuple(number))


@dataclass(frozen=True, kw_only=True)
class Camera:
    """Everything about one image that an object in it must share."""

    spread: PointSpread
    noise: NDArray[np.float64]
    """(band,), in the image's numbers."""
    tone: Tone
    mix: tuple[tuple[float, float, float, float], ...]
    """Per band of the image: its shares of blue, green, red and near infrared."""
    sun: Sun
    """From grid north."""
    shadow_light: tuple[float, float, float, float]
    """Share of light left in a cast shadow: blue, green, red, near infrared."""
    view: View | None = None
    """From the top of the grid; None where it is not known, which is taken for straight down."""
    told: tuple[str, ...] = ()
    """How it was learned, in words."""
