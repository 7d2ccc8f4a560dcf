"""An image in pieces: functions that look no further than some pixels run on tiles that stay in the processor's cache.

What an array of a whole image costs is mostly its way to memory and back. A tile with its halo costs that once, two
tiles are worked on at the same time (numpy and scipy let go of the interpreter), and what a step needs in between is
never held for the whole image. Every pixel is computed from the same numbers whatever the tiling, and each tile writes
to its own place, so neither tiles nor threads change a result.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.lib.stride_tricks import as_strided

from imagery_diff import threads

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Doubles = NDArray[np.float64]
    Bools = NDArray[np.bool_]

Reals = TypeVar("Reals", "NDArray[np.float32]", "NDArray[np.float64]")
TILE_PX = (256, 512)
"""Rows and columns of a tile: four bands of it are two megabytes, what a processor's own cache holds. In smaller ones
two threads wait for each other: every step of numpy begins and ends with the interpreter."""
each = threads.each
"""Run something on every tile, two at a time."""
_RUN_PX, _PIECE_PX = 16, 128
"""Pixels along and beside a kernel that one product of matrices takes."""
_PRODUCT = 1 << 18
"""Multiplications in a product at most: for more, BLAS wakes threads of its own, which then wait on the processor that
others could use (8 s for 2)."""
_PIECE = 1 << 12
"""Pixels in a product of their bands: up to eight bands stay below that."""
_STRETCH_PX = 1 << 16
_TRUNCATE = 4.0
"""A Gaussian is cut off after so many standard deviations, as scipy does."""


@dataclass(frozen=True, kw_only=True)
class Tile:
    """A piece of an image, and the same with the surroundings that lie inside the image."""

    own: tuple[slice, slice]
    """Rows and columns."""
    wide: tuple[slice, slice]
    """With the halo, cut to the image."""
    inner: tuple[slice, slice]
    """``own`` as seen from ``wide``."""


def tiles(shape: tuple[int, ...], halo: int = 0, side: tuple[int, int] | None = None) -> list[Tile]:
    """Cut an image into tiles.

    Parameters
    ----------
    shape
        (rows, cols) of the image.
    halo
        Pixels of surroundings on each side.
    side
        Rows and columns of a tile; None for :data:`TILE_PX`.

    """
    made = []
    rows, cols = side or TILE_PX
    for row in range(0, shape[0], rows):
        for col in range(0, shape[1], cols):
            own = (slice(row, min(row + rows, shape[0])), slice(col, min(col + cols, shape[1])))
            made.append(tile_of(own, halo, shape))
    return made


def tile_of(own: tuple[slice, slice], halo: int, shape: tuple[int, ...]) -> Tile:
    """Return a rectangle of an image as a tile, with so many pixels of surroundings on each side."""
    wide = widened(own, halo, shape)
    rows, cols = (slice(o.start - w.start, o.stop - w.start) for o, w in zip(own, wide, strict=True))
    return Tile(own=own, wide=wide, inner=(rows, cols))


def widened(window: tuple[slice, slice], margin: int, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Return a window with a margin, cut to the image."""
    rows, cols = (slice(max(0, s.start - margin), min(n, s.stop + margin)) for s, n in zip(window, shape, strict=True))
    return rows, cols


def sampled(mask: Bools, most: int) -> NDArray[np.intp]:
    """Return flat places of at most so many pixels of a mask, evenly; of all of them where they are no more."""
    return places(mask, max(1, -(-int(np.count_nonzero(mask)) // most)))


def places(mask: Bools, every: int) -> NDArray[np.intp]:
    """Return flat places of every so-manieth pixel of a mask, without ever listing all of them."""
    flat, count = mask.reshape(-1), 0
    taken = [np.zeros(0, np.intp)]
    for first in range(0, flat.size, _STRETCH_PX):
        here = np.flatnonzero(flat[first : first + _STRETCH_PX])
        taken.append(here[-count % every :: every] + first)
        count += len(here)
    return np.concatenate(taken)


def lowest(values: NDArray[np.floating[Any]], share: float) -> Bools:
    """Say which values are no higher than the quantile ``share``, ten times as fast as numpy tells that."""
    last = int(share * (len(values) - 1))
    return np.asarray(values <= np.partition(values, last)[last], bool)


def products(one: Doubles, other: Doubles) -> Doubles:
    """Sum products of rows, (i, n) and (j, n) -> (i, j), in pieces that BLAS takes on the thread it is asked on."""
    whole = one.shape[1] // _PIECE * _PIECE
    pieces = np.matmul(_in_pieces(one[:, :whole]), _in_pieces(other[:, :whole]).swapaxes(1, 2))
    return np.asarray(pieces.sum(axis=0) + np.matmul(one[:, whole:], other[:, whole:].T))


def rotated(matrix: Doubles, values: Doubles) -> Doubles:
    """Multiply (i, j) by (j, n), in pieces as :func:`products`."""
    whole = values.shape[1] // _PIECE * _PIECE
    out = np.empty((len(matrix), values.shape[1]))
    np.matmul(matrix, _in_pieces(values[:, :whole]), out=_in_pieces(out[:, :whole]))
    np.matmul(matrix, values[:, whole:], out=out[:, whole:])
    return out


def _in_pieces(values: Doubles) -> Doubles:
    """View (row, n) as (piece, row, place)."""
    return values.reshape(len(values), values.shape[1] // _PIECE, _PIECE).swapaxes(0, 1)


def grown(mask: Bools, reach: int) -> Bools:
    """Where a pixel of (row, col) lies within a square of side ``2 * reach + 1`` around one of the mask.

    What scipy's morphology does, whole lines at a time: a tenth of its time.
    """
    out = mask
    for axis in (0, 1):
        near, out = out, out.copy()
        for step in range(1, min(reach, mask.shape[axis] - 1) + 1):
            _join(out, near, axis, step)
    return out


def grown_by_steps(mask: Bools, steps: int) -> Bools:
    """Where a pixel of (row, col) lies within so many steps along rows and columns from one of the mask."""
    out = mask
    for _ in range(steps):
        near, out = out, out.copy()
        for axis in (0, 1):
            _join(out, near, axis, 1)
    return out


def _join(out: Bools, near: Bools, axis: int, step: int) -> None:
    """Add to a mask what another, moved both ways along an axis, holds."""
    low, high = ((slice(None),) * axis + (part,) for part in (slice(None, -step), slice(step, None)))
    out[low] |= near[high]
    out[high] |= near[low]


def shrunk(mask: Bools, reach: int) -> Bools:
    """Where the whole square of side ``2 * reach + 1`` lies in the image and in the mask."""
    return _inside(grown(~mask, reach), reach)


def shrunk_by_steps(mask: Bools, steps: int) -> Bools:
    """Where all that so many steps along rows and columns lead to lies in the image and in the mask."""
    return _inside(grown_by_steps(~mask, steps), steps)


def _inside(outside: Bools, reach: int) -> Bools:
    """Turn a mask over, without the image's rim."""
    out = ~outside
    out[:reach] = out[-reach:] = False
    out[:, :reach] = out[:, -reach:] = False
    return out


def kernel(sigma: float) -> Floats:
    """Return the taps of a Gaussian from the middle outwards; with both sides they sum to 1."""
    reach = int(_TRUNCATE * sigma + 0.5)
    taps = np.exp(-0.5 * (np.arange(reach + 1) / sigma) ** 2)
    return np.asarray(taps / (2 * taps.sum() - taps[0]), np.float32)


def reach_of(sigma: float) -> int:
    """Pixels to which :func:`smooth` looks."""
    return len(kernel(sigma)) - 1


def smooth(image: Reals, tile: Tile, taps: Reals) -> Reals:
    """Weighted mean on a tile and what lies around it.

    Parameters
    ----------
    image
        (..., row, col) of ``tile.wide``, whose halo is the kernel's reach or more.
    tile
        Where that lies; beyond the edge of the image the image is mirrored, as scipy does.
    taps
        From :func:`kernel`: from the middle outwards, the same to both sides.

    Returns
    -------
    (..., row, col) of ``tile.own``.

    """
    out = image
    for axis in (-2, -1):
        out = correlate(_mirrored(out, tile, len(taps) - 1, axis), np.concatenate([taps[:0:-1], taps]), axis)
    return out


def _mirrored(image: Reals, tile: Tile, reach: int, axis: int) -> Reals:
    """Cut an axis to the tile's own pixels and ``reach`` more on both sides, mirrored at the edge of the image."""
    inner = tile.inner[axis]
    low, high = inner.start - reach, inner.stop + reach
    size = image.shape[axis]
    if low >= 0 and high <= size:
        return image[..., low:high, :] if axis == -2 else image[..., low:high]  # noqa: PLR2004
    index = np.arange(low, high) % (2 * size)
    return np.asarray(np.take(image, np.minimum(index, 2 * size - 1 - index), axis=axis))


def mean_over(image: Reals, tile: Tile, size: int) -> Reals:
    """Mean over a square of odd ``size`` on a tile, as :func:`smooth`."""
    reach = size // 2
    return smooth(image, tile, np.full(reach + 1, 1 / (2 * reach + 1), image.dtype))


def correlate(image: Reals, taps: Reals, axis: int) -> Reals:
    """Correlate with a kernel along one of the last two axes; the result is shorter by all taps but one.

    A run of pixels is multiplied by a band matrix that holds the kernel once for each of its outputs. Processors
    multiply matrices so much faster than numpy adds images that the zeros in it cost nothing.

    Parameters
    ----------
    image
        (..., row, col), finite.
    taps
        (tap,), of the image's type.

    """
    along = image if axis == -2 else image.swapaxes(-1, -2)  # noqa: PLR2004
    kept = along.shape[-2] - len(taps) + 1
    out = np.empty([kept if n == axis % image.ndim else m for n, m in enumerate(image.shape)], image.dtype)
    into = out if axis == -2 else out.swapaxes(-1, -2)  # noqa: PLR2004
    # Each row begins one place further right.
    rows = np.tile(np.concatenate([taps, np.zeros(_RUN_PX, image.dtype)]), _RUN_PX)
    band = rows[: _RUN_PX * (_RUN_PX + len(taps) - 1)].reshape(_RUN_PX, -1)
    # Laid out as the image is: BLAS copies small matrices that it must turn round.
    band = band if axis == -2 else np.asfortranarray(band)  # noqa: PLR2004
    for first, runs, run in _parts(kept, _RUN_PX):
        for left, pieces, piece in _parts(along.shape[-1], min(_PIECE_PX, max(1, _PRODUCT // band.size))):
            from_ = _cut_up(along[..., first:, left:], (runs, run, run + len(taps) - 1), (pieces, piece))
            np.matmul(
                band[:run, : from_.shape[-2]],
                from_,
                out=_cut_up(into[..., first:, left:], (runs, run, run), (pieces, piece)),
            )
    return out


def _parts(size: int, step: int) -> list[tuple[int, int, int]]:
    """Cut a length into runs of ``step`` and what is left; of each kind where it begins, how many and how long."""
    whole, rest = divmod(size, step)
    return [part for part in ((0, whole, step), (whole * step, 1, rest)) if part[1] and part[2]]


def _cut_up(image: Reals, down: tuple[int, int, int], across: tuple[int, int]) -> Reals:
    """View (..., row, col) as (..., run, piece, row, col).

    ``down`` says how many runs there are, at which distance they begin and how long they are; ``across`` how many
    pieces there are side by side, and how wide.
    """
    (runs, step, length), (pieces, width) = down, across
    *lead, by_row, by_col = image.strides
    shape = (*image.shape[:-2], runs, pieces, length, width)
    return as_strided(image, shape, (*lead, by_row * step, by_col * width, by_row, by_col))
