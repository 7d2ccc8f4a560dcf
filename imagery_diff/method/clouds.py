"""What turned white as cloud on one date, where no mask says whether it is one.

A bare picture comes without a mask. Cloud is told from ground by what it does to it, with the other date for its clear
line (after Zhu and Woodcock 2014, 10.1016/j.rse.2014.06.012, with two dates and no thermal band): it is brighter than
nearly all ground, it is white, and it is broader than anything that comes or goes in a port, or in rags all over. What
darkens beside it lies in its shade, if it is broader than most heaps. With r the logarithm by which a date is brighter
than the other, less that of unchanged ground,

    white = r > .4, half as bright again as nine tenths of the ground, of no colour
    cloud = white, and what is brighter around it, if some of it, deep, is 60 m broad or there is plenty of it
    shade = r < -.15 and 30 m broad, if there is cloud.

Then all that turned white on that date is called cloud: a small one looks like a ship.

Assumption: the other date shows most of the ground clear. Broken by: snow and new roofs, which are white and broad too
(they are called unknown with the clouds); clouds on both dates at one place; a few clouds no broader than a ship, which
``method/edges.py`` knows if they are soft; haze and cirrus, which are not so white; shade over more ground than is lit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]

_VISIBLE = frozenset({"blue", "green", "red"})
"""Where cloud is white; what it is in others depends on its ice. All bands where none of these is known."""
_CELL_M = 9.0
"""Side of the cells that are looked at, metres."""
_BROAD_M = 60.0
"""What is broader is no ship, metres: the broadest have beams of 60 m."""
_WHITENED = 0.4
"""Rise, natural logarithm, of deep cloud: half as bright again."""
_BRIGHTER_THAN = 0.9
"""Share of the ground that deep cloud outshines."""
_OUTSHINES = 0.4
"""And by how much, natural logarithm."""
_DEEPLY = (0.7, 1.0)
"""By how much deep cloud outshines it, or rises: twice the light, for it reflects .6 and more, sand and concrete .3 and
less; or nearly three times that of the ground under it, where the numbers of an image end below cloud. On pairs without
cloud white ground (roofs, bare fields) outshone by 1.5 to 1.8 times and rose by .4 to .65 in the middle; on seven of
ten with cloud by 2.2 to 4.2 and by 1.3 to 2.5."""
_TINTS = (-0.1, 0.7)
"""By how much bluer than typical ground it may be, natural logarithm of blue over red. Sand and soil that dried are
redder; cloud is grey, at most half as blue again as ground, and what has twice its blue is paint."""
_PLENTY, _PLENTY_M2 = 0.005, 10_000.0
"""Deep white that is no broader anywhere is cloud too, in rags, if there is so much of it: a share of what was seen,
and at least so many square metres, more than a port's white ships and stacks."""
_THIN = 0.1
"""Rise to which a cloud goes on around what is white."""
_AROUND_M = 30.0
"""How far it goes on, metres: as far as at the edge of a mask (``Params.cloud_edge_m``)."""
_SHADED = 0.15
"""Fall, natural logarithm, in the shade of a cloud: somewhat more than ``Params.shadow_darkening``."""
_LEAST_CELLS = 50
"""Dry ground that must be in sight, cells."""
_LOOKED_AT, _TRIES = 2000, 400
"""Cells to which a line is fitted, and lines through two of them that are tried: if a quarter of the cells is unchanged
ground, one pair in sixteen is."""
_GOLDEN = (5**0.5 - 1) / 2
_NEAR = 0.06
"""How near a cell must lie to a line, shares of the image's contrast."""
_GAINS = (0.2, 5.0)
"""Gains that light, haze or another sensor explain."""
_SHADE_M = 30.0
"""How broad shade is at least, metres, on a date with cloud: a heap of coal is as dark, and seldom broader."""
_EIGHT = np.ones((3, 3), bool)


@dataclass(frozen=True, kw_only=True, eq=False)
class Clouds:
    """What looks like cloud on one date, and like its shade; (row, col)."""

    cloud: Bools
    shade: Bools


def find_clouds(
    images: tuple[Floats, Floats], seen: Bools, dry: Bools, names: tuple[str, ...], pixel_m: float
) -> tuple[Clouds | None, Clouds | None]:
    """Find what is white and broad on either date, and what is dark and broad with it.

    Parameters
    ----------
    images
        (band, row, col) before and after, each in its own numbers, on each other to a few pixels.
    seen
        (row, col), True where both dates may be looked at.
    dry
        (row, col), True where the ground is not open water, which changes with wind and sky.
    names
        Common names of the bands.
    pixel_m
        Size of a pixel, metres.

    Returns
    -------
    before and after; None on a date without.

    """
    side = max(1, round(_CELL_M / pixel_m))
    cells = _Cells.of(images, seen, dry, names, side)
    found: list[Clouds | None] = [None, None]
    # The cloudier date first: ground in the shade of its clouds is lit on the other, and no cloud for that.
    for date in sorted((0, 1), key=lambda d: -np.count_nonzero(cells.white(d))):
        other = found[1 - date]
        left = cells if other is None else replace(cells, seen=cells.seen & ~other.cloud & ~other.shade)
        found[date] = _find(left, date, side * pixel_m)
    before, after = (_laid_out(clouds, seen.shape, side) for clouds in found)
    return before, after


@dataclass(frozen=True, kw_only=True, eq=False)
class _Cells:
    """Both images averaged over cells; logarithms."""

    rise: Floats
    """(row, col), by how much after is brighter than before, less that of unchanged ground."""
    tint: tuple[Floats, Floats]
    """(row, col), blue over red less that of typical dry ground; 0 where these are not known."""
    level: tuple[Floats, Floats]
    """(row, col), brightness on one scale."""
    seen: Bools
    outshone: float
    """Brightness that nearly all dry ground stays below."""

    @classmethod
    def of(cls, images: tuple[Floats, Floats], seen: Bools, dry: Bools, names: tuple[str, ...], side: int) -> _Cells:
        """Average over cells of so many pixels."""
        share = _mean(seen.astype(np.float32), side)
        ok = share > 0.5  # noqa: PLR2004 - most of a cell
        before, after = (
            np.stack([_mean(np.where(seen, band, np.float32(0)), side) for band in image]) / np.maximum(share, 1e-3)
            for image in images
        )
        ground = ok & (_mean(dry.astype(np.float32), side) > 0.9)  # noqa: PLR2004 - no shore
        if np.count_nonzero(ground) < _LEAST_CELLS:
            none = np.zeros_like(share)
            return cls(rise=none, tint=(none, none), level=(none, none), seen=np.zeros_like(ok), outshone=0.0)
        expected = np.stack([_as_on(b, a, ground) for b, a in zip(before, after, strict=True)])
        least = 0.02 * float(np.median(after[:, ground]))
        logs = [np.log(np.maximum(m, max(least, 1e-6))) for m in (expected, after)]
        tint = tuple(np.zeros_like(share) for _ in logs)
        if {"blue", "red"} <= set(names):
            tint = tuple(log[names.index("blue")] - log[names.index("red")] for log in logs)
            usual = float(np.median(np.minimum(*tint)[ground]))
            tint = tuple(t - usual for t in tint)
        visible = [n for n, name in enumerate(names) if name in _VISIBLE] or list(range(len(names)))
        level = (logs[0][visible].mean(axis=0), logs[1][visible].mean(axis=0))
        outshone = float(np.quantile(np.minimum(*level)[ground], _BRIGHTER_THAN))
        return cls(rise=level[1] - level[0], tint=(tint[0], tint[1]), level=level, seen=ok, outshone=outshone)

    def white(self, date: int) -> Bools:
        """(row, col), True where a date is white against the other."""
        grey = (self.tint[date] > _TINTS[0]) & (self.tint[date] < _TINTS[1])
        whitened = ((self.rise if date else -self.rise) > _WHITENED) & grey
        return np.asarray(self.seen & whitened & (self.level[date] > self.outshone + _OUTSHINES))


def _as_on(before: Floats, after: Floats, ok: Bools) -> Floats:
    """Return one band of the image before as the light and haze of the one after would show it, (row, col).

    The straight line that most cells lie near (RANSAC: Fischler and Bolles 1981, 10.1145/358669.358692): clouds and
    their shade may be half of an image, and a fit to all of it would follow them.

    """
    x, y = before[ok].astype(float), after[ok].astype(float)
    some = np.unique(np.linspace(0, x.size - 1, _LOOKED_AT).astype(int))
    x, y = x[some], y[some]
    # Pairs spread evenly over all pairs (Weyl): chance has no part in what is found.
    tries = np.arange(_TRIES)
    first = tries * x.size // _TRIES
    second = (tries * _GOLDEN % 1.0 * x.size).astype(int)
    apart = x[second] - x[first]
    wide = np.abs(apart) > np.ptp(np.percentile(x, (5, 95))) / 4
    gain = np.divide(y[second] - y[first], apart, out=np.full(_TRIES, -1.0), where=wide)
    fair = (gain > _GAINS[0]) & (gain < _GAINS[1])
    if not fair.any():
        return before * np.float32(np.median(y) / max(float(np.median(x)), 1e-9))
    gain, first = gain[fair], first[fair]
    offset = y[first] - gain * x[first]
    near = np.abs(y - gain[:, None] * x - offset[:, None]) < _NEAR * np.ptp(np.percentile(y, (5, 95)))
    best = int(np.count_nonzero(near, axis=1).argmax())
    return np.asarray(before * gain[best] + offset[best], np.float32)


def _mean(band: Floats, side: int) -> Floats:
    """Mean over cells; what does not fill one at the far sides is filled up with its last pixels."""
    rows, cols = (-(-n // side) * side for n in band.shape)
    padded = np.pad(band, ((0, rows - band.shape[0]), (0, cols - band.shape[1])), mode="edge")
    return np.asarray(padded.reshape(rows // side, side, cols // side, side).mean(axis=(1, 3)), np.float32)


def _find(cells: _Cells, date: int, cell_m: float) -> Clouds | None:
    """Find the clouds of one date in cells."""
    white, rise = cells.white(date), cells.rise if date else -cells.rise
    deep = white & ((cells.level[date] > cells.outshone + _DEEPLY[0]) | (rise > _DEEPLY[1]))
    plenty = max(_PLENTY_M2 / cell_m**2, _PLENTY * np.count_nonzero(cells.seen))
    if np.count_nonzero(deep) < plenty and not _broad(deep, _BROAD_M / cell_m).any():
        return None
    near = ndimage.distance_transform_edt(~white) * cell_m <= _AROUND_M
    cloud = ndimage.binary_propagation(white, _EIGHT, mask=near & cells.seen & (rise > _THIN))
    shade = _broad(cells.seen & (rise < -_SHADED), _SHADE_M / cell_m)
    return Clouds(cloud=cloud, shade=ndimage.binary_dilation(shade, _EIGHT) & ~cloud)


def _broad(mask: Bools, cells: float) -> Bools:
    """Return the parts of a mask into which a disc of so many cells across fits."""
    reach = int(np.ceil(cells / 2))
    rows, cols = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return np.asarray(ndimage.binary_opening(mask, np.hypot(rows, cols) <= cells / 2), bool)


def _laid_out(found: Clouds | None, shape: tuple[int, int], side: int) -> Clouds | None:
    """Lay cells out as pixels."""
    if found is None:
        return None
    cloud, shade = (
        np.repeat(np.repeat(cells, side, axis=0), side, axis=1)[: shape[0], : shape[1]]
        for cells in (found.cloud, found.shade)
    )
    return Clouds(cloud=cloud, shade=shade)
