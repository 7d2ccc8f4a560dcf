"""From a fine image to the delivered one: point spread, native samples, noise, resampling, sharpening."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

from imagery_diff.synthetic.texture import rng_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.grid import Grid
    from imagery_diff.synthetic.look import Look
    from imagery_diff.synthetic.paint import Fine

    Image = NDArray[np.float32]


def photograph(image: Image, fine: Fine, grid: Grid, look: Look) -> Image:
    """Return the fine image as the sensor's provider delivers it.

    Parameters
    ----------
    image : float32 array (band, row, col)
        Reflectance above the air, on ``fine``.
    fine : Fine
        Must reach at least 20 native samples beyond ``grid``, else edges are repeated.
    grid : Grid
        Of the delivered image.
    look : Look
        Sensor, pointing error, calibration, noise.

    Returns
    -------
    float32 array (band, row, col)
        Reflectance on ``grid``, noise included.

    """
    errors = band_errors_px(look, image.shape[0])
    return np.stack([_band(image[band], band, errors[band], fine, grid, look) for band in range(image.shape[0])])


def band_errors_px(look: Look, bands: int) -> NDArray[np.float64]:
    """Return by how many native rows and columns each band is off: none on average, so the pointing error holds."""
    errors = rng_of(look.seed, "bands").normal(0.0, look.sensor.band_offset_px, size=(bands, 2))
    centred: NDArray[np.float64] = errors - errors.mean(axis=0)
    return centred


def _band(image: Image, band: int, error: NDArray[np.float64], fine: Fine, grid: Grid, look: Look) -> Image:
    """One band, through its own part of the focal plane."""
    sensor = look.sensor
    blur = math.hypot(sensor.blur_m, look.extra_blur_m) / fine.step_m
    sharp = gaussian_filter(image, blur, mode="nearest", truncate=3.0)
    columns, rows, shape = _native_of_delivered(grid, look)
    x, y = _map_of_native(grid, look, shape)
    rng = rng_of(look.seed, "camera", band)
    native = map_coordinates(
        sharp, [(fine.top - y) / fine.step_m - 0.5, (x - fine.left) / fine.step_m - 0.5], order=1, mode="nearest"
    )
    native = native * look.gain[band] + look.offset[band]
    spread = np.hypot(sensor.noise_dn * 1e-4, sensor.noise_share * np.abs(native)) * sensor.noise_bands[band]
    common = rng_of(look.seed, "camera").standard_normal(shape, dtype=np.float32)
    own = rng.standard_normal(shape, dtype=np.float32)
    grain = math.sqrt(sensor.noise_common) * common + math.sqrt(1.0 - sensor.noise_common) * own
    noisy = native + (spread * look.noise_factor) * grain
    delivered = map_coordinates(noisy, [rows + error[0], columns + error[1]], order=3, mode="nearest")
    return _finish(delivered.astype(np.float32), look)


def _finish(image: Image, look: Look) -> Image:
    """Smooth and sharpen as the provider does."""
    sensor = look.sensor
    if sensor.smooth_px > 0.0:
        image = gaussian_filter(image, sensor.smooth_px, mode="nearest")
    if sensor.sharpen > 0.0:
        image = image + np.float32(sensor.sharpen) * (image - gaussian_filter(image, sensor.sharpen_px, mode="nearest"))
    return image


def _native_of_delivered(grid: Grid, look: Look) -> tuple[Image, Image, tuple[int, int]]:
    """Native column and row of each delivered pixel, and the native shape."""
    rows, cols = grid.shape
    pixel, native = grid.pixel_size[0], look.sensor.native_m
    angle = math.radians(look.sensor.heading_deg)
    dx, dy = np.meshgrid((np.arange(cols) + 0.5 - cols / 2.0) * pixel, (np.arange(rows) + 0.5 - rows / 2.0) * pixel)
    u = (dx * math.cos(angle) + dy * math.sin(angle)) / native
    v = (-dx * math.sin(angle) + dy * math.cos(angle)) / native
    margin = 6
    shape = (2 * (math.ceil(float(np.abs(v).max())) + margin), 2 * (math.ceil(float(np.abs(u).max())) + margin))
    return u + (shape[1] - 1) / 2.0, v + (shape[0] - 1) / 2.0, shape


def _map_of_native(grid: Grid, look: Look, shape: tuple[int, int]) -> tuple[Image, Image]:
    """Map x and y that each native sample really sees: where the image says, less the pointing error."""
    left, bottom, right, top = grid.bounds
    angle, native = math.radians(look.sensor.heading_deg), look.sensor.native_m
    u, v = np.meshgrid(
        (np.arange(shape[1]) - (shape[1] - 1) / 2.0) * native, (np.arange(shape[0]) - (shape[0] - 1) / 2.0) * native
    )
    dx, dy = u * math.cos(angle) - v * math.sin(angle), u * math.sin(angle) + v * math.cos(angle)
    x = (left + right) / 2.0 + dx - look.pointing_error_m[0]
    y = (bottom + top) / 2.0 - dy - look.pointing_error_m[1]
    return x, y
