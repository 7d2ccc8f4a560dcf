"""The map's score: how many times more a place differs than unchanged ground of this pair typically does.

A survey of cover asks another question than the alarm. The alarm asks whether anything unchanged could look like this,
and unlike materials under another light excuse nothing there. The survey ranks all ground, and what ranks it best is
not one distance but four that err apart: the whitened difference (colour that unchanged ground does not show), the
plain difference in units of the image's own contrast (change vector analysis), the loss of the local
pattern, and the change of local contrast (what was built has edges, what was cleared has none).

Each is taken as a logarithm, so that it is a factor and needs no scale of its own, and averaged over a neighbourhood
only then: a geometric mean, in which one parked car or glint does not carry its surroundings. Half the sum of the four,
less its median over what is not flagged, is the score: the logarithm of "times what unchanged ground typically shows".
The weights are equal halves because nothing is known that would favour one; the ranking hardly depends on them.

No split of the histogram: the level is a stated factor. Where nothing changed, nothing reaches it.

Assumption: most of the ground did not change. Broken by: unmasked cloud, snow on one date.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from imagery_diff.method import blocks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]

_TINY = 1e-3
"""Smallest amplitude a logarithm is taken of: a thousandth of what it is measured in."""
_SAMPLE = 7
"""Medians and percentiles are taken of every so-manieth pixel seen."""
_PARTS = 4
_SETTLED = 1e-3
_BELOW = 0.999
"""What is too weak to be called is scored at so much of the level at most."""


def score(
    brightness: tuple[Floats, Floats],
    tolerant: Floats,
    seen: Bools,
    *,
    level: float,
    least: tuple[float, float],
    blur_px: float,
    window_px: int,
) -> Floats:
    """Rank all ground by how much more it differs than unchanged ground does.

    Parameters
    ----------
    brightness
        (band, row, col) before and after, in common numbers.
    tolerant
        (row, col), evidence in spreads of unchanged ground (:func:`imagery_diff.method.evidence.weigh`).
    seen
        (row, col), True where both dates were seen.
    level
        The factor from which ground is called changed; what reaches it does not count as typical.
    least
        At ``level`` the evidence must be at least so many spreads, and the difference at least this share of the
        image's own contrast: a copy of an image has a typical difference too, and three times nothing is nothing.
    blur_px
        Gaussian smoothing of the logarithms, pixels.
    window_px
        Side of the neighbourhood of pattern and local contrast, pixels.

    Returns
    -------
    (row, col), times what unchanged ground typically shows; 0 where not seen.

    """
    places = np.flatnonzero(seen)[::_SAMPLE].copy()  # a view would hold on to all of them
    if not places.size:
        return np.zeros(seen.shape, np.float32)
    measure = _Measure.of(brightness, seen, places, window_px)
    taps = blocks.kernel(blur_px)
    halo = len(taps) - 1 + window_px // 2
    pieces = blocks.tiles(seen.shape, halo)

    total, weak = np.empty(seen.shape, np.float32), np.empty(seen.shape, bool)
    sampled = np.empty((_PARTS, len(places)), np.float32)

    def fill(tile: blocks.Tile) -> None:
        images = [image[:, *tile.wide] for image in brightness]
        parts = _smoothed(measure.logs(images, tolerant, seen, tile), seen, tile, taps)
        weak[tile.own] = (parts[0] < np.log(least[1])) | (parts[1] < np.log(least[0]))
        total[tile.own] = np.float32(0.5) * parts.sum(axis=0)
        _gather(parts, tile, places, sampled, seen.shape[1])

    blocks.each(fill, pieces)
    usual = np.float32(0.5 * np.median(sampled, axis=1).sum())
    usual += np.float32(typical(np.float32(0.5) * sampled.sum(axis=0) - usual, float(np.log(level))))
    # Just below the level and no lower: what is too weak to be called still ranks above what is not even unusual.
    below = np.float32(np.log(_BELOW * level))

    def finish(tile: blocks.Tile) -> None:
        here = total[tile.own]
        here -= usual
        np.minimum(here, below, out=here, where=weak[tile.own])
        np.exp(here, out=here)
        here *= seen[tile.own]

    blocks.each(finish, pieces)
    return total


@dataclass(frozen=True, kw_only=True, eq=False)
class _Measure:
    """What the four parts of the score are measured in."""

    units: tuple[float, ...]
    """Own contrast of each band."""
    middle: float
    """Of the grey image before, in units of contrast."""
    damp: float
    """Variance of the pattern that is thought into both images."""
    window_px: int

    @classmethod
    def of(cls, brightness: tuple[Floats, Floats], seen: Bools, places: NDArray[np.intp], window_px: int) -> _Measure:
        """Take contrast, middle and usual variance of the pixels at flat ``places``."""
        units = tuple(own_contrast(band, places) for band in zip(*brightness, strict=True))
        middle = float(np.median(_grey(brightness[0].reshape(len(units), -1)[:, places], units)))
        sampled = np.empty((2, len(places)), np.float32)

        def fill(tile: blocks.Tile) -> None:
            greys = [_grey(image[:, *tile.wide], units) for image in brightness]
            moments = _moments(greys[0], greys[1], seen[tile.wide], middle, window_px)
            _gather(np.stack(moments[:2])[:, *tile.inner], tile, places, sampled, seen.shape[1])

        blocks.each(fill, blocks.tiles(seen.shape, window_px // 2))
        return cls(units=units, middle=middle, damp=_usual(sampled), window_px=window_px)

    def logs(self, images: list[Floats], tolerant: Floats, seen: Bools, tile: blocks.Tile) -> Floats:
        """Return the logarithms of difference and evidence, and loss and step of pattern; (4, row, col), wide."""
        greys = [_grey(image, self.units) for image in images]
        moments = _moments(greys[0], greys[1], seen[tile.wide], self.middle, self.window_px)
        difference = _difference(images[0], images[1], self.units)
        logs = [np.log(np.maximum(part, _TINY)) for part in (difference, tolerant[tile.wide])]
        return np.stack([*logs, *_compared(*moments, self.damp)])


def _gather(parts: Floats, tile: blocks.Tile, places: NDArray[np.intp], into: Floats, width: int) -> None:
    """Copy (part, row, col) of a tile at flat places of an image so many pixels wide into (part, place)."""
    rows, cols = tile.own
    first, last = np.searchsorted(places, (rows.start * width, rows.stop * width))
    row, col = np.divmod(places[first:last], width)
    mine = np.flatnonzero((col >= cols.start) & (col < cols.stop))
    into[:, first + mine] = parts[:, row[mine] - rows.start, col[mine] - cols.start]


def _smoothed(parts: Floats, seen: Bools, tile: blocks.Tile, taps: Floats) -> Floats:
    """Gaussian mean over the pixels seen; (part, row, col), from wide to own."""
    there = seen[tile.wide]
    if there.all():
        return blocks.smooth(parts, tile, taps)
    share = np.maximum(blocks.smooth(there.astype(np.float32), tile, taps), np.float32(1e-6))
    return np.asarray(blocks.smooth(np.where(there, parts, np.float32(0)), tile, taps) / share)


def typical(logs: Floats, above: float) -> float:
    """Return the median of what does not lie ``above`` beyond it: change of a third of the ground does not move it."""
    middle = float(np.median(logs))
    while True:
        last, middle = middle, float(np.median(logs[logs <= middle + above]))
        if last - middle < _SETTLED:
            return middle


def own_contrast(band: tuple[Floats, Floats], places: NDArray[np.intp]) -> float:
    """Half the 16 to 84 % range of a band over both dates: what unlike materials of this image differ by."""
    ranges = [np.subtract(*np.percentile(image.ravel()[places], [84, 16])) / 2 for image in band]
    return max(float(np.mean(ranges)), 1e-9)


def _difference(before: Floats, after: Floats, units: tuple[float, ...]) -> Floats:
    """Root mean square difference over the bands, each in its own unit; (row, col)."""
    squared = np.zeros(before.shape[1:], np.float32)
    for b, a, unit in zip(before, after, units, strict=True):
        squared += ((a - b) / np.float32(unit)) ** 2
    return np.asarray(np.sqrt(squared / len(units)))


def _grey(image: Floats, units: tuple[float, ...]) -> Floats:
    """Mean of the bands in their own units; (band, ...) -> (...)."""
    mean = np.zeros(image.shape[1:], np.float32)
    for band, unit in zip(image, units, strict=True):
        mean += band * np.float32(1 / (unit * len(units)))
    return mean


def structure(before: Floats, after: Floats, seen: Bools, window_px: int) -> tuple[Floats, Floats]:
    """Compare the local pattern and the local contrast of two grey images.

    Flat ground has no pattern but noise, whose correlation is nil without any change. So a pattern of the image's
    median variance is thought into both, the same: what is flat on both dates then agrees.

    Parameters
    ----------
    before, after
        (row, col), in units of the image's contrast.
    seen
        (row, col)
    window_px
        Side of the neighbourhood, pixels.

    Returns
    -------
    lost, step
        (row, col) twice: 1 - correlation, 0 to 2, near 0 where both are flat; and the size of the log ratio of the
        local standard deviations.

    """
    moments = _moments(before, after, seen, float(np.median(before[seen][::_SAMPLE])), window_px)
    return _compared(*moments, _usual(np.stack([m[seen][::_SAMPLE] for m in moments[:2]])))


def _usual(variances: Floats) -> float:
    """Median local variance of both dates, (2, place)."""
    return max(float(np.median(variances)), 1e-9)


def _moments(
    before: Floats, after: Floats, seen: Bools, middle: float, window_px: int
) -> tuple[Floats, Floats, Floats]:
    """Local variance of both grey images and their covariance; (row, col) each."""
    # Unseen pixels take the middle of the image and count as flat ground; they would be an edge otherwise.
    b, a = (np.where(seen, image - np.float32(middle), np.float32(0)) for image in (before, after))
    mean_b, mean_a = (ndimage.uniform_filter(image, window_px) for image in (b, a))
    var_b, var_a = (
        np.maximum(ndimage.uniform_filter(image * image, window_px) - mean * mean, 0)
        for image, mean in ((b, mean_b), (a, mean_a))
    )
    return var_b, var_a, ndimage.uniform_filter(b * a, window_px) - mean_b * mean_a


def _compared(var_b: Floats, var_a: Floats, shared: Floats, damp: float) -> tuple[Floats, Floats]:
    """Loss of correlation and log ratio of deviations, a pattern of variance ``damp`` thought into both."""
    var_b, var_a = var_b + np.float32(damp), var_a + np.float32(damp)
    lost = 1 - (shared + np.float32(damp)) / np.sqrt(var_b * var_a)
    return lost, np.abs(np.log(var_b / var_a)) / 2
