"""Panels of figures out of the pictures of a result: nearest neighbour, and what was not seen hatched over."""

from __future__ import annotations

import io
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from affine import Affine
from PIL import Image

from imagery_diff.scene import Flag
from imagery_diff.write.panels import hatch
from imagery_diff.write.pictures import MASKS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.write.panels import Frame, Pixels
    from imagery_diff.write.pictures import Picture, Pictures

_BITS = {"unseen": np.uint8(Flag.CLOUD), "degraded": np.uint8(Flag.HAZE)}
"""A flag that is hatched as the mask's are."""


class Shown:
    """The pictures of a comparison, decoded once."""

    def __init__(self, pictures: Pictures) -> None:
        self.pictures = pictures

    @cached_property
    def _arrays(self) -> dict[str, NDArray[np.uint8]]:
        return {picture.id: _decoded(picture) for picture in self.pictures.pictures}

    def panel(self, side: str, frame: Frame, *, close: str | None = None, uncovered: bool = False) -> Pixels:
        """Colours (height, width, 3), 0 to 1, of a frame of the grid; where it must shrink, by block means.

        Parameters
        ----------
        side
            ``before`` or ``after``.
        frame
            What is shown, and how large.
        close
            Id of a region whose own pixels are shown where they were kept.
        uncovered
            Whether what lies under the cloud mask is shown as it is.

        """
        whole = self.pictures.of(side)
        assert whole is not None
        colours, outside = self._looked_up(whole, frame)
        near = None if close is None else self.pictures.of(f"{side}-{close}")
        if near is not None:
            over, beyond = self._looked_up(near, frame)
            colours = np.where(beyond[..., None], colours, over)
            outside &= beyond
        flags = np.where(outside, np.uint8(Flag.OUTSIDE), np.uint8(0))
        return hatch(colours, flags if uncovered else flags | self.flags((side,), frame))

    def flags(self, sides: tuple[str, ...], frame: Frame) -> NDArray[np.uint8]:
        """Bits (height, width) that :func:`hatch` hatches, of one date or of both together."""
        found = np.zeros((frame.height, frame.width), np.uint8)
        for name, bit in _BITS.items():
            for side in sides:
                mask = self.pictures.of(f"{name}-{side}")
                if mask is not None:
                    cols, rows, outside = _places(mask, frame, 1)
                    set_there = self._arrays[mask.id][rows, cols] > 0
                    found[set_there & ~outside] |= bit
        return found

    def outside(self, side: str, frame: Frame) -> NDArray[np.bool_]:
        """Say, (height, width), where a frame shows ground that the picture does not."""
        whole = self.pictures.of(side)
        assert whole is not None
        return _places(whole, frame, 1)[2]

    def _looked_up(self, picture: Picture, frame: Frame) -> tuple[Pixels, NDArray[np.bool_]]:
        """Colours of a picture under a frame, and where it has none."""
        array = self._arrays[picture.id]
        scale = Affine(*_matrix(picture.to_grid)).column_vectors
        step = max(abs(scale[0][0]), abs(scale[0][1]))
        times = int(max(1, min(frame.rows / frame.height, frame.cols / frame.width) / step))
        cols, rows, outside = _places(picture, frame, times)
        if times > 1:
            # Whole blocks alone: the rest at the right and below would be of fewer pixels.
            high, wide = (max(1, n // times) for n in array.shape[:2])
            array = array[: high * times, : wide * times]
            array = array.reshape(high, -1, wide, min(times, array.shape[1]), 3).mean(axis=(1, 3))
            rows, cols = np.minimum(rows, high - 1), np.minimum(cols, wide - 1)
        return array[rows, cols].astype(np.float32) / np.float32(255), outside


def _matrix(values: tuple[float, ...]) -> tuple[float, ...]:
    """From the order of SVG to that of `affine`."""
    a, b, c, d, e, f = values
    return (a, c, e, b, d, f)


def _places(picture: Picture, frame: Frame, times: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
    """Column and row in a picture, in blocks of ``times``, under every pixel of a panel; and what lies outside it."""
    t = Affine.scale(1 / times) @ ~Affine(*_matrix(picture.to_grid)) @ frame.from_panel
    x, y = np.arange(frame.width)[None] + 0.5, np.arange(frame.height)[:, None] + 0.5
    cols, rows = np.broadcast_arrays(
        np.floor(t.a * x + t.b * y + t.c).astype(np.intp), np.floor(t.d * x + t.e * y + t.f).astype(np.intp)
    )
    wide, high = max(1, picture.width // times), max(1, picture.height // times)
    outside = (rows < 0) | (cols < 0) | (rows > high) | (cols > wide)
    if times == 1:
        outside |= (rows == high) | (cols == wide)
    return np.clip(cols, 0, wide - 1), np.clip(rows, 0, high - 1), outside


def _decoded(picture: Picture) -> NDArray[np.uint8]:
    """Read a picture, (row, col, 3); a mask, (row, col)."""
    with Image.open(io.BytesIO(picture.content), formats=("PNG",)) as image:
        # Asked before it is unpacked: a page may come from anywhere.
        if image.size != (picture.width, picture.height):
            raise ValueError(f"the picture {picture.id} is not as large as the page says")
        is_mask = picture.id.split("-", maxsplit=1)[0] in MASKS
        return np.asarray(image.convert("L" if is_mask else "RGB"))
