"""The images of a result as pictures for pages: the pixels as delivered, each with the way to the result's grid.

A picture is 8 bits a colour, stretched linearly, the same for both dates; nothing is resampled. Where a place is too
large for a page, whole pixels are averaged two by two, three by three, and what was flagged is kept as delivered.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from affine import Affine
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from imagery_diff import mark
from imagery_diff.scene import DEGRADED, UNSEEN, Flag
from imagery_diff.write import drawing
from imagery_diff.write.panels import Frame, Stretch, delivered, stretch_of
from imagery_diff.write.retold import SIDES
from imagery_diff.write.words import clean

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.result import Comparison
    from imagery_diff.scene import SceneInfo

    Colours = NDArray[np.uint8]

MOST_PIXELS = 600_000
"""Of a picture of the whole place: two of them, as PNG in a page, are under 4 MB."""
_CLOSE_PIXELS = 40_000
_MOST_CLOSE = 8
MASKS = {"unseen": int(UNSEEN), "degraded": int(DEGRADED)}
"""Name of a mask -> bits of ``Flag``."""
_READ_PIXELS = 24_000_000
"""More than this is not read for a picture; the comparison's own pixels are shown instead."""
_AROUND, _LEAST_M, _LEAST_PX = 1.0, 60.0, 24.0


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One picture and where it lies."""

    id: str
    """``before``, ``after``; of one region ``before-R1``; masks ``unseen-before`` of what was not seen, and
    ``degraded-before`` of haze, shadow and snow."""
    content: bytes
    """PNG."""
    width: int
    height: int
    to_grid: tuple[float, float, float, float, float, float]
    """(x, y) of the picture, from its upper left corner, to (col, row) of the grid, as SVG writes a matrix."""
    averaged: int = 1
    """So many delivered pixels along a side make one of the picture."""
    delivered: bool = True
    """False where the image lies in another coordinate system than the result: then its pixels are the grid's."""


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """All pictures of a comparison, and how they are shown."""

    pictures: tuple[Picture, ...]
    stretch: str
    """In words, with its limits."""
    frame: tuple[float, float, float, float]
    """What they show of the grid: row, col, rows, cols."""

    def of(self, name: str) -> Picture | None:
        """Return the picture of that id."""
        return next((picture for picture in self.pictures if picture.id == name), None)

    def has(self, mask: str) -> bool:
        """Say whether a mask (``unseen``, ``degraded``) has anything on either date."""
        return any(self.of(f"{mask}-{side}") is not None for side in SIDES)


def pictures_of(result: Comparison) -> Pictures:
    """Make the pictures of a comparison, from its files where they can still be read, else from what it holds."""
    frame = drawing.whole_ground(result)
    row, col, rows, cols = frame
    shown = Frame(row=row, col=col, rows=rows, cols=cols, width=max(1, round(cols)), height=max(1, round(rows)))
    scenes = (result.layers.before, result.layers.after)
    stretch = stretch_of(scenes, list(result.relative_gain), shown)
    made: list[Picture] = []
    for date, side in enumerate(SIDES):
        whole = _whole(result, date, stretch, shown)
        made.append(whole)
        if whole.averaged > 1 or not whole.delivered:
            made += _close(result, date, stretch)
        masks = (_mask(scenes[date].flags, shown, f"{name}-{side}", bits) for name, bits in MASKS.items())
        made += [mask for mask in masks if mask is not None]
    units = " / ".join(dict.fromkeys([result.before.units, result.after.units]))
    return Pictures(pictures=tuple(made), stretch=stretch.words(units), frame=frame)


def _whole(result: Comparison, date: int, stretch: Stretch, frame: Frame) -> Picture:
    """Show the whole place on a date."""
    own = _delivered(result, date, stretch, frame)
    times = 1
    if own is None:
        scene = (result.layers.before, result.layers.after)[date]
        top, left = max(0, int(frame.row)), max(0, int(frame.col))
        bottom, right = math.ceil(frame.row + frame.rows), math.ceil(frame.col + frame.cols)
        values = scene.data[list(stretch.bands), top:bottom, left:right].astype(np.float32)
        to_grid, native = Affine.translation(left, top), False
    else:
        (values, to_grid), native = own, True
    times = max(1, math.ceil(math.sqrt(values.shape[1] * values.shape[2] / MOST_PIXELS)))
    values = _averaged(values, times)
    return _picture(SIDES[date], values, to_grid @ Affine.scale(times), (result, date, stretch), (times, native))


def _close(result: Comparison, date: int, stretch: Stretch) -> list[Picture]:
    """Show the ground around the first regions by the pixels as delivered."""
    made = []
    for region in result.regions[:_MOST_CLOSE]:
        frame = around(drawing.to_pixels(region.geometry, result.grid).bounds, result.grid.pixel_size_m)
        own = _delivered(result, date, stretch, frame)
        if own is None:
            continue
        values, to_grid = own
        if values.shape[1] * values.shape[2] > _CLOSE_PIXELS:
            continue
        made.append(_picture(f"{SIDES[date]}-{region.id}", values, to_grid, (result, date, stretch), (1, True)))
    return made


def around(bounds: tuple[float, ...], pixel_size: tuple[float, float]) -> Frame:
    """Return the ground to be shown around a thing: its own size to each side, and never less than some metres.

    Parameters
    ----------
    bounds
        Left, top, right, bottom in (col, row) of the grid.
    pixel_size
        Width and height of a pixel, metres.

    """
    left, top, right, bottom = bounds
    across = _AROUND * math.hypot((right - left) * pixel_size[0], (bottom - top) * pixel_size[1])
    half = max(across, _LEAST_M, _LEAST_PX * max(pixel_size))
    width, height = 2 * half / pixel_size[0], 2 * half / pixel_size[1]
    x, y = (left + right) / 2, (top + bottom) / 2
    return Frame(
        row=y - height / 2,
        col=x - width / 2,
        rows=height,
        cols=width,
        width=max(1, round(width)),
        height=max(1, round(height)),
    )


def _delivered(
    result: Comparison, date: int, stretch: Stretch, frame: Frame
) -> tuple[NDArray[np.float32], Affine] | None:
    """Read an image's own pixels of a frame, (band, row, col), and the way from them to the grid; None if it cannot."""
    info = (result.before, result.after)[date]
    own = delivered(info, result, stretch.names, frame, half=(-0.5, 0.5)[date], most=_READ_PIXELS)
    if own is None:
        return None
    scene, to_window = own
    data = scene.data.astype(np.float32)
    data[:, (scene.flags & Flag.NODATA.value) != 0] = np.nan
    return data, ~to_window


def _averaged(values: NDArray[np.float32], times: int) -> NDArray[np.float32]:
    """Average whole pixels ``times`` by ``times``; the rest at the right and below is left out."""
    if times == 1:
        return values
    bands, rows, cols = values.shape
    rows, cols = rows // times, cols // times
    cut = values[:, : rows * times, : cols * times].reshape(bands, rows, times, cols, times)
    means: NDArray[np.float32] = cut.mean(axis=(2, 4))
    return means


def _picture(
    name: str,
    values: NDArray[np.float32],
    to_grid: Affine,
    shown: tuple[Comparison, int, Stretch],
    made: tuple[int, bool],
) -> Picture:
    """Stretch values (band, row, col) and write them as a PNG that says whose it is."""
    result, date, stretch = shown
    info: SceneInfo = (result.before, result.after)[date]
    colours = stretched(values, stretch.of(date))
    if info.simulated:
        colours = np.moveaxis(mark.stamp(np.moveaxis(colours, -1, 0)), 0, -1)
    t = to_grid
    return Picture(
        id=name,
        content=png_of(colours, info.credit or f"{info.name}: credit unknown", simulated=info.simulated),
        width=colours.shape[1],
        height=colours.shape[0],
        to_grid=(t.a, t.d, t.b, t.e, t.c, t.f),
        averaged=made[0],
        delivered=made[1],
    )


def stretched(values: NDArray[np.float32], stretch: Stretch) -> Colours:
    """Colours (row, col, 3) of values (band, row, col); what is not a number is black, all else at least 1."""
    low, span = stretch.low[:, None, None], (stretch.high - stretch.low)[:, None, None]
    lost = ~np.isfinite(values).all(axis=0)
    scaled = np.clip(np.nan_to_num((values - low) / span), 0.0, 1.0)
    colours = np.moveaxis(np.round(1 + 254 * scaled), 0, -1).astype(np.uint8)
    colours[lost] = 0
    return np.repeat(colours, 3, axis=-1) if colours.shape[-1] == 1 else colours


def png_of(colours: Colours, credit: str, *, simulated: bool) -> bytes:
    """Write colours (row, col, 3) as PNG with a credit, and whether no satellite saw them."""
    information = PngInfo()
    information.add_itxt("Copyright", clean(credit))
    if simulated:
        information.add_itxt("IMAGERY_DIFF_RENDERED", clean(credit))
    buffer = io.BytesIO()
    # A fixed level keeps the bytes the same.
    Image.fromarray(colours).save(buffer, format="png", compress_level=6, pnginfo=information)
    return buffer.getvalue()


def png_size(content: bytes) -> tuple[int, int]:
    """Read width and height from the head of a PNG, before anything is unpacked (PNG 3, section 11.2.1).

    Raises
    ------
    ValueError
        If it is none.

    """
    if content[:8] != b"\x89PNG\r\n\x1a\n" or content[12:16] != b"IHDR":
        raise ValueError("it is no PNG")
    return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")


def _mask(flags: NDArray[np.uint8], frame: Frame, name: str, bits: int) -> Picture | None:
    """White where a flag is set, as a mask; None where none is."""
    top, left = max(0, int(frame.row)), max(0, int(frame.col))
    cut = flags[top : math.ceil(frame.row + frame.rows), left : math.ceil(frame.col + frame.cols)]
    lost = (cut & bits) != 0
    if not lost.any():
        return None
    times = max(1, math.ceil(math.sqrt(lost.size / MOST_PIXELS)))
    # The mean would call an edge seen; one pixel in it that was not seen makes it unseen.
    rows, cols = (-(-n // times) for n in lost.shape)
    padded = np.pad(lost, ((0, rows * times - lost.shape[0]), (0, cols * times - lost.shape[1])))
    lost = padded.reshape(rows, times, cols, times).any(axis=(1, 3))
    buffer = io.BytesIO()
    Image.fromarray(lost).save(buffer, format="png", compress_level=9)
    return Picture(
        id=name,
        content=buffer.getvalue(),
        width=cols,
        height=rows,
        to_grid=(float(times), 0.0, 0.0, float(times), float(left), float(top)),
        averaged=times,
        delivered=False,
    )
