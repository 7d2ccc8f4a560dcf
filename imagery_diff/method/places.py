"""Some pixels of an image laid out as one row, and the way from each to its neighbours."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]

_MOSTLY = 0.45
"""Where so much of a run is asked for, all of it is looked at: whole lines cost less than half of what it costs to pick
pixels."""
_STRETCH_PX = 1 << 14
"""Pixels of a stretch: four bands of it are a quarter of a megabyte, so that the dozen arrays of a step stay near."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Places:
    """Pixels of an image whose neighbours are asked for; beyond the image its border is repeated."""

    shape: tuple[int, int]
    """(rows, cols) of the image with ``rim`` more on each side."""
    rim: int
    """How far to a neighbour at most, pixels."""
    at: NDArray[np.intp] | slice
    """Where they lie in the image laid out as one row, line by line: each of them, or a run that holds them all."""
    own: NDArray[np.intp] | slice
    """Which of ``at`` were asked for."""
    at_border: bool
    """Whether any of those lies in the outermost lines of the image."""

    @classmethod
    def of(cls, where: Bools, rim: int) -> Places:
        """Take the pixels of a mask (row, col), at least one."""
        wide = np.pad(where, rim)
        at = np.flatnonzero(wide)
        first, last = int(at[0]), int(at[-1])
        shape = (wide.shape[0], wide.shape[1])
        border = bool(where[[0, -1]].any() or where[:, [0, -1]].any())
        if len(at) >= _MOSTLY * (last + 1 - first):
            return cls(shape=shape, rim=rim, at=slice(first, last + 1), own=at - first, at_border=border)
        return cls(shape=shape, rim=rim, at=at, own=slice(None), at_border=border)

    def stretches(self) -> list[Places]:
        """Cut ``at`` into pieces whose numbers stay in the processor's cache; of these all are asked for."""
        first, last = (self.at.start, self.at.stop) if isinstance(self.at, slice) else (0, len(self.at))
        pieces = [slice(at, min(at + _STRETCH_PX, last)) for at in range(first, last, _STRETCH_PX)]
        whole = slice(None)
        return [replace(self, at=p if isinstance(self.at, slice) else self.at[p], own=whole) for p in pieces]

    def laid_out(self, image: Floats) -> Floats:
        """Bring (component, row, col) to (component, place in the row)."""
        wide = np.empty((len(image), *self.shape), np.float32)
        wide[:, self.rim : -self.rim, self.rim : -self.rim] = image
        return self._framed(wide)

    def transformed(self, matrix: Floats, image: Floats) -> Floats:
        """Multiply each pixel of (band, row, col) by a matrix (component, band), and lay it out as above."""
        wide = np.empty((len(matrix), *self.shape), np.float32)
        inside = slice(self.rim, -self.rim)
        # Row by row: products so small stay on the thread they are asked for.
        np.matmul(matrix, image.transpose(1, 0, 2), out=wide[:, inside, inside].transpose(1, 0, 2))
        return self._framed(wide)

    def _framed(self, wide: Floats) -> Floats:
        """Repeat the border of the image in the rim, and lay all out as a row."""
        for axis, across in ((1, wide[:, :, self.rim : -self.rim]), (2, wide)):
            lines = across.swapaxes(0, axis)
            lines[: self.rim], lines[-self.rim :] = lines[self.rim], lines[-self.rim - 1]
        return wide.reshape(len(wide), -1)

    def near(self, row: Floats, down: int = 0, right: int = 0) -> Floats:
        """Return what lies so many pixels off, (component, pixel), of an image laid out."""
        step = down * self.shape[1] + right
        if isinstance(self.at, slice):
            return row[:, self.at.start + step : self.at.stop + step]
        return np.take(row, self.at + step, axis=1, mode="clip")

    def squared_rise(self, row: Floats) -> Floats:
        """Squared rise over two pixels, down plus right: four times the squared slope; (component, pixel).

        By central differences, at the border of the image by one-sided ones.
        """
        slopes = []
        for axis, step in enumerate(((1, 0), (0, 1))):
            slope = self.near(row, *step) - self.near(row, -step[0], -step[1])
            if self.at_border:
                slope *= self._spans[axis]
            slope *= slope
            slopes.append(slope)
        slopes[0] += slopes[1]
        return slopes[0]

    @cached_property
    def _spans(self) -> tuple[Floats, Floats]:
        """Two pixels over the distance of a pixel's neighbours down and to the right, (1, pixel) each."""
        spans = []
        for axis in (0, 1):
            span = np.ones(self.shape, np.float32)
            border = span.swapaxes(0, axis)
            border[self.rim] = border[-1 - self.rim] = 2
            spans.append(self.near(span.reshape(1, -1)))
        return spans[0], spans[1]
