"""What lies between ground and satellite: haze, clouds, and the shadows of clouds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from imagery_diff.synthetic.texture import noise, seed_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.geometry import Sun
    from imagery_diff.synthetic.look import Cloud, Look
    from imagery_diff.synthetic.paint import Fine

    Image = NDArray[np.float32]

CLOUD_COLOUR = (0.62, 0.62, 0.61, 0.60)
"""Reflectance of a deep cloud."""


def optical_depth(cloud: Cloud, fine: Fine, offset_m: tuple[float, float] = (0.0, 0.0)) -> Image:
    """Return the optical depth of the deck over each pixel, read at ``offset_m`` (east, north) from it."""
    xs, ys = fine.xs + offset_m[0], fine.ys + offset_m[1]
    shape = sum(
        weight * noise(xs, ys, cloud.size_m * share, seed_of(cloud.seed, "cloud", share))
        for weight, share in ((0.85, 1.0), (0.48, 0.4), (0.32, 0.15), (0.22, 0.06), (0.14, 0.025))
    )
    # Of a normal field with deviation about 1.07 the share `cover` lies above this level.
    level = 1.07 * _normal_quantile(1.0 - cloud.cover)
    depth: Image = (cloud.depth * np.clip((np.asarray(shape) - level) / 0.9, 0.0, 1.3)).astype(np.float32)
    return depth


def cloud_shadow_offset_m(cloud: Cloud, sun: Sun) -> tuple[float, float]:
    """Return where, seen from a ground point, the deck crosses the line to the sun (east, north)."""
    reach = cloud.height_m / math.tan(math.radians(sun.elevation_deg))
    azimuth = math.radians(sun.azimuth_deg)
    return (reach * math.sin(azimuth), reach * math.cos(azimuth))


def through_air(image: Image, look: Look, fine: Fine, sun: Sun) -> tuple[Image, dict[str, Image]]:
    """Return the image above the air, and the optical depths of ``cloud``, ``shade`` (of clouds) and ``haze``."""
    zero = np.zeros(fine.shape, dtype=np.float32)
    cloud = shade = zero
    if look.cloud is not None and look.cloud.cover > 0.0:
        cloud = optical_depth(look.cloud, fine)
        shade = optical_depth(look.cloud, fine, cloud_shadow_offset_m(look.cloud, sun))
        # Under a cloud much of the light still comes, through it and from the bright sky around it.
        sky = np.array(look.shadow_light, dtype=np.float32)[:, None, None] * np.float32(1.5)
        image = image * (sky + (1.0 - sky) * np.exp(-1.1 * shade)[None])
    haze = zero + np.float32(look.haze)
    if look.haze > 0.0:
        haze = haze * np.clip(1.0 + 0.25 * noise(fine.xs, fine.ys, 400.0, seed_of(look.seed, "haze")), 0.2, 2.0)
        # Haze scatters more blue than near infrared (about the -1.3rd power of wavelength).
        for band, factor in enumerate((1.35, 1.1, 0.9, 0.65)):
            veil = 1.0 - np.exp(-haze * factor)
            image[band] += veil * (look.haze_colour[band] - image[band])
    if cloud.any():
        veil = 1.0 - np.exp(-1.8 * cloud)
        image = image + veil[None] * (np.array(CLOUD_COLOUR, dtype=np.float32)[:, None, None] - image)
    return image.astype(np.float32), {"cloud": cloud, "shade": shade, "haze": haze.astype(np.float32)}


def _normal_quantile(share: float) -> float:
    from scipy.special import ndtri  # noqa: PLC0415 - only looks with clouds need it

    return float(ndtri(min(0.9999, max(0.0001, share))))
