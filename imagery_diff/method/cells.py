"""An image averaged over cells of some metres, for what is looked at broadly and has no need of every pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]

EIGHT = np.ones((3, 3), bool)
_MOSTLY = 0.5
"""Share of a cell that must be seen."""


@dataclass(frozen=True, kw_only=True)
class Cells:
    """How pixels are laid together to cells."""

    shape: tuple[int, int]
    """Of the image, pixels."""
    side: int
    """Of a cell, pixels."""
    pixel_m: float
    """Size of a pixel, metres."""

    @classmethod
    def of(cls, shape: tuple[int, int], pixel_m: float, cell_m: float) -> Cells:
        """Lay pixels together to cells of about so many metres; a pixel as large stays alone."""
        return cls(shape=shape, side=max(1, round(cell_m / pixel_m)), pixel_m=pixel_m)

    @property
    def cell_m(self) -> float:
        """Side of a cell, metres."""
        return self.side * self.pixel_m

    def mean(self, band: NDArray[np.generic]) -> Floats:
        """Average a band, (row, col); what does not fill a cell at the far sides is filled up with its last pixels."""
        rows, cols = (-(-n // self.side) * self.side for n in self.shape)
        padded = np.pad(band, ((0, rows - self.shape[0]), (0, cols - self.shape[1])), mode="edge")
        blocks = padded.reshape(rows // self.side, self.side, cols // self.side, self.side)
        return np.asarray(blocks.mean(axis=(1, 3), dtype=np.float32), np.float32)

    def seen(self, seen: Bools) -> Bools:
        """Cells of which most was seen."""
        return np.asarray(self.mean(seen) > _MOSTLY, bool)

    def image(self, image: Floats, seen: Bools) -> Floats:
        """Average an image, (band, row, col), over what was seen; a cell that was not takes after the nearest one."""
        share = self.mean(seen)
        bands = np.stack([self.mean(np.where(seen, band, np.float32(0))) for band in image])
        out = bands / np.maximum(share, np.float32(1e-3))
        known = share > _MOSTLY
        if known.all() or not known.any():
            return np.asarray(out, np.float32)
        rows, cols = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
        return np.asarray(out[:, rows, cols], np.float32)

    def laid_out(self, cells: NDArray[np.generic]) -> NDArray[np.generic]:
        """Lay cells out as pixels, (row, col)."""
        tall = np.repeat(np.repeat(cells, self.side, axis=0), self.side, axis=1)
        return tall[: self.shape[0], : self.shape[1]]


def disc(across: float) -> Bools:
    """Return a disc of so many cells across, as a footprint; at least one cell."""
    reach = int(np.ceil(across / 2))
    rows, cols = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return np.asarray(np.hypot(rows, cols) <= max(across / 2, 0.5), bool)


def opened(band: Floats, across: float) -> Floats:
    """Cut off what stands higher than its surroundings and is narrower than a disc of so many cells."""
    return np.asarray(ndimage.grey_opening(band, footprint=disc(across)), np.float32)


def closed(band: Floats, across: float) -> Floats:
    """Fill up what lies lower than its surroundings and is narrower than a disc of so many cells."""
    return np.asarray(ndimage.grey_closing(band, footprint=disc(across)), np.float32)


def reach_of_fade(mask: Bools, signal: Floats, seen: Bools, cell_m: float, most_m: float) -> float:
    """Measure how far beyond a mask what it marks goes on, metres.

    Parameters
    ----------
    mask
        (row, col), what is marked.
    signal
        (row, col), what is high inside and fades outside: brightness for cloud, darkness for shade.
    seen
        (row, col), True where the signal is known.
    cell_m
        Size of a pixel of these arrays, metres.
    most_m
        As far as it is followed; what is twice as far is the ground it falls to.

    Returns
    -------
    Distance at which the signal has fallen to a tenth of what it is above that ground just inside the rim, or has
    ceased to fall, for ground near by may be brighter than ground far off; 0 where there is no such fall. Of each ring
    the lower quartile is asked: ground may be as bright as thin cloud.

    """
    away = ndimage.distance_transform_edt(~mask) * cell_m
    inside = mask & seen & (ndimage.distance_transform_edt(mask) <= 2)  # noqa: PLR2004 - the last two cells
    far = seen & (away > most_m) & (away <= 2 * most_m)
    if not inside.any() or not far.any():
        return 0.0
    ground = _low(signal[far])
    rim = _low(signal[inside])
    if rim <= ground:
        return 0.0
    before = rim
    for ring in range(1, int(most_m / cell_m) + 1):
        here = seen & (away > (ring - 1) * cell_m) & (away <= ring * cell_m)
        if not here.any():
            continue
        level = _low(signal[here])
        if level - ground < _TENTH * (rim - ground) or (ring > 1 and before - level < _LEVEL * (rim - level)):
            return (ring - 1) * cell_m
        before = level
    return int(most_m / cell_m) * cell_m


_TENTH, _LEVEL = 0.1, 0.02
"""Share of its step at which a fade has ended; and share of what it fell so far by which it falls no more in a ring."""


def _low(values: Floats) -> float:
    return float(np.percentile(values, 25))


def grown(mask: Bools, by: float) -> Bools:
    """Return a mask and what lies within so many pixels of it, (row, col)."""
    if not mask.any() or by <= 0:
        return mask
    return np.asarray(ndimage.distance_transform_edt(~mask) <= by, bool)
