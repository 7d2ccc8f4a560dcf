"""Small bright things with edges that a mask of clouds lies on.

Containers, roofs, ships and whitewater are known to be taken for cloud. Their pixels stay unseen: no finding comes of
them. But a yard of which nothing was said because a row of white containers hides in the mask would read as if nothing
were there; so such a patch is told as something to look at. A patch of the mask is one if

- no disc 60 m across fits into what is bright of it: the broadest ships have beams of 60 m;
- nine tenths of the ring around the patch are clear: a cloud seldom comes alone in a clear yard;
- its brightest part rises above what the other date shows there, brought to one gain on the ring, by more than four
  times what the ring scatters so: what stands on both dates is no question. Where the other date hides the place too,
  it is held against the middle of the ring;
- it has edges: over half of its rim it rises over little more than a delivered edge does (``method/edges.py``).

Assumption: the mask is the provider's, and somewhat larger than what it names. Broken by: small hard-edged cumulus over
a clear yard (told, looked at, dismissed), and things beside real cloud (not told: unknown).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from imagery_diff.method.edges import DELIVERED_PX, rise_px, smooth
from imagery_diff.method.regions import Patch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]

BROAD_M = 60.0
"""What is broader is no thing of a port, metres."""
_LONG_M = 600.0
"""A patch of the mask that is longer or broader holds no single thing, metres: the longest ships have 400."""
_RING_M = 45.0
"""How far around a patch of the mask the ground must be clear, metres: a yard's width."""
_CLEAR = 0.9
_GAP_PX = 3
"""Ground beside the mask that its soft edge, or the resampling, may have touched."""
_STANDS_OUT = 4.0
_GAINS = (0.3, 3.0)
"""Gains between two dates that light and haze explain."""
_LEAST_PX = 6
_SOFTER = 1.3
"""By how much softer than a delivered edge it may be: masks lie on hazy images too."""
_TINY = 1e-9
_EIGHT = np.ones((3, 3), bool)


def find_masked(
    images: tuple[Floats, Floats], masked: Bools, clear: tuple[Bools, Bools], pixel_m: float
) -> list[Patch]:
    """Find small bright things under a mask of clouds.

    Parameters
    ----------
    images
        (band, row, col), the image that the mask belongs to, and the other date.
    masked
        (row, col), True where the mask says cloud.
    clear
        (row, col), True where nothing speaks against the one image, and the other.
    pixel_m
        Size of a pixel, metres.

    Returns
    -------
    A patch for each, its mask the bright part, its strength by how many scatters of the ring it stands out.

    """
    labels, _ = ndimage.label(masked, _EIGHT)
    reach = _GAP_PX + max(2, round(_RING_M / pixel_m))
    found = []
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        if not _LEAST_PX <= np.prod([s.stop - s.start for s in box]) <= (_LONG_M / pixel_m) ** 2:
            continue
        window = tuple(
            slice(max(0, s.start - reach), min(n, s.stop + reach)) for s, n in zip(box, masked.shape, strict=True)
        )
        here = labels[window] == number
        near = ndimage.binary_dilation(here, _EIGHT, iterations=_GAP_PX)
        ring = ndimage.binary_dilation(here, _EIGHT, iterations=reach) & ~near
        ground = ring & clear[0][window]
        if np.count_nonzero(ground) < max(_CLEAR * np.count_nonzero(ring), _LEAST_PX):
            continue
        date, other = (image[(slice(None), *window)] for image in images)
        expected = _expected(date, other, here, ground, clear[1][window])
        core, strength = _bright_part((date - expected).mean(axis=0), here, ground)
        if core is None or _broad(core, pixel_m):
            continue
        if rise_px(core, (smooth(expected), smooth(date))) <= _SOFTER * DELIVERED_PX:
            found.append(Patch(window=(window[0], window[1]), mask=core, strength=strength))
    return found


def _expected(date: Floats, other: Floats, here: Bools, ground: Bools, clear_other: Bools) -> Floats:
    """Return what the place would look like with nothing new on it, (band, row, col)."""
    both = ground & clear_other
    middle = np.median(date[:, ground], axis=1)[:, None, None]
    if np.mean(clear_other[here]) < _CLEAR or np.count_nonzero(both) < _LEAST_PX:
        return np.broadcast_to(middle, date.shape).astype(np.float32)
    here_and_there = [
        (np.median(image[:, both], axis=1), np.ptp(np.percentile(image[:, both], (10, 90), axis=1), axis=0))
        for image in (date, other)
    ]
    (level, spread), (level_other, spread_other) = here_and_there
    gain = np.clip(spread / np.maximum(spread_other, _TINY), *_GAINS)
    return np.asarray(level[:, None, None] + gain[:, None, None] * (other - level_other[:, None, None]), np.float32)


def _bright_part(raised: Floats, here: Bools, ground: Bools) -> tuple[Bools | None, float]:
    """Return the largest bright part of a patch, and by how many scatters of the ground it is; None where none is."""
    middle = float(np.median(raised[ground]))
    scatter = max(1.4826 * float(np.median(np.abs(raised[ground] - middle))), _TINY)
    rise = float(np.percentile(raised[here], 90)) - middle
    if rise <= _STANDS_OUT * scatter:
        return None, 0.0
    labels, count = ndimage.label(here & (raised > middle + rise / 2), _EIGHT)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    core = labels == int(sizes.argmax())
    return (core, rise / scatter) if count and np.count_nonzero(core) >= _LEAST_PX else (None, 0.0)


def _broad(core: Bools, pixel_m: float) -> bool:
    """Whether a disc as broad as no thing of a port fits into it."""
    return bool(2 * float(ndimage.distance_transform_edt(np.pad(core, 1)).max()) * pixel_m > BROAD_M)
