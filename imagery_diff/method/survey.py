"""The map's score: how many times more a place differs than unchanged ground of this pair typically does.

A survey of cover asks another question than the alarm. The alarm asks whether anything unchanged could look like this,
and unlike materials under another light excuse nothing there. The survey ranks all ground, and what ranks it best is
not one distance but four that err apart: the whitened difference (colour that unchanged ground does not show), the
plain difference in units of the image's own contrast (change vector analysis), the loss of the local
pattern, and the change of local contrast (what was built has edges, what was cleared has none).

Each is taken as a logarithm, so that it is a factor and needs no scale of its own, and averaged over a neighbourhood
only then, a near and a wide one: a geometric mean, in which one parked car or glint does not carry its surroundings.
Half the sum of the four, less its median over what is not flagged, is the score: the logarithm of "times what unchanged
ground typically shows". The weights are equal halves because nothing is known that would favour one; the ranking hardly
depends on them.

A band that was measured in pixels twice as large says nothing about a place of a pixel's size, though the file has been
resampled to look as if. Only bands that carry the detail have a say in the three parts that know no noise.

The level is a stated factor, where that is within reach: on a pair whose unchanged ground differs nearly as much as
unlike places do, nothing can differ three times more. There it is half-way to what unlike places differ by, but never
what ground that differs less than typical suggests that unchanged ground would reach. Nothing is split in two.

Assumption: most of the ground did not change. Broken by: unmasked cloud, snow on one date.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imagery_diff.method import blocks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]

_TINY = 1e-3
"""Smallest amplitude a logarithm is taken of: a thousandth of what it is measured in."""
_SAMPLE = 7
"""Medians and percentiles are taken of every so-manieth pixel seen."""
_PARTS = 3
"""Difference, evidence, and pattern: its loss and the change of its contrast, which are only needed together."""
_SETTLED = 1e-3
_HALF_POWER = 0.5
"""A band carries the detail of the pixels if it holds so much of the power that the sharpest band holds."""
_FINE_PX, _COARSE_PX = 1, 4
"""Detail is what a pixel differs by from the mean of two neighbours so far off; its power is taken relative to that of
coarse detail, which larger pixels keep."""
_DETAIL_PX = 40_000
"""Pixels from which detail is measured."""
_OTHER_PLACES = (0.5, 1 / 3, 0.2)
"""Shares of the image by which places are moved to be compared with places they have nothing to do with."""
_WITHIN_REACH = 3.0
"""Times typical: wherever ground can differ so much, what is asked for is what is stated."""
_BY_CHANCE = 0.01
"""Share of what is called that unchanged ground may make, by the mirror image of what differs less than typical."""
_HALF_WAY = 0.5
_BELOW = 0.999
"""What is too weak to be called is scored at so much of the level at most."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """From where on ground is called changed."""

    level: float
    """The factor over what unchanged ground typically shows; lowered where it is out of reach (:func:`reachable`)."""
    share: float
    """The least evidence, spreads of unchanged ground for each of the level."""
    contrast: float
    """The least difference as a share of the image's own contrast: a copy of an image has a typical difference too, and
    three times nothing is nothing."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Survey:
    """All ground, ranked."""

    strength: Floats
    """(row, col), times what unchanged ground typically shows; 0 where not seen."""
    level: float
    """From where on it is called changed."""


def score(
    brightness: tuple[Floats, Floats],
    tolerant: Floats,
    seen: Bools,
    *,
    bounds: Bounds,
    blurs_px: tuple[float, ...],
    window_px: int,
) -> Survey:
    """Rank all ground by how much more it differs than unchanged ground does.

    Parameters
    ----------
    brightness
        (band, row, col) before and after, in common numbers.
    tolerant
        (row, col), evidence in spreads of unchanged ground (:func:`imagery_diff.method.evidence.weigh`).
    seen
        (row, col), True where both dates were seen.
    bounds
        From where on ground is called changed; what reaches the level does not count as typical.
    blurs_px
        Gaussian smoothings of the logarithms, pixels; their mean is taken.
    window_px
        Side of the neighbourhood of pattern and local contrast, pixels.

    """
    places = blocks.places(seen, _SAMPLE)
    if not places.size:
        return Survey(strength=np.zeros(seen.shape, np.float32), level=bounds.level)
    sharp = resolved(brightness, seen)
    brightness = (brightness[0][sharp], brightness[1][sharp]) if len(sharp) < len(brightness[0]) else brightness
    measure = _Measure.of(brightness, seen, places, window_px)
    kernels = [blocks.kernel(blur) for blur in blurs_px]
    pieces = blocks.tiles(seen.shape, max(map(len, kernels)) - 1)

    total, allowed = np.empty((2, *seen.shape), np.float32)
    sampled = np.empty((_PARTS, len(places)), np.float32)

    def fill(tile: blocks.Tile) -> None:
        images = [image[:, *tile.wide] for image in brightness]
        parts = _smoothed(measure.logs(images, tolerant, tile), seen, tile, kernels)
        # The level that the evidence bears out; none where the difference is too small.
        allowed[tile.own] = np.where(parts[0] < np.log(bounds.contrast), -np.inf, parts[1] - np.log(bounds.share))
        total[tile.own] = np.float32(0.5) * parts.sum(axis=0)
        _gather(parts, tile, places, sampled, seen.shape[1])

    blocks.each(fill, pieces)
    sums, middle = np.float32(0.5) * sampled.sum(axis=0), np.median(sampled, axis=1)
    usual = np.float32(0.5 * middle.sum())
    usual += np.float32(typical(sums - usual, float(np.log(bounds.level))))
    level = bounds.level * reachable(sums - usual, measure.unlike(middle))
    # Just below the level and no lower: what is too weak to be called still ranks above what is not even unusual.
    below = np.float32(np.log(_BELOW * level))

    def finish(tile: blocks.Tile) -> None:
        here = total[tile.own]
        here -= usual
        np.minimum(here, below, out=here, where=allowed[tile.own] < np.log(level))
        np.exp(here, out=here)
        here *= seen[tile.own]

    blocks.each(finish, pieces)
    return Survey(strength=total, level=level)


def resolved(brightness: tuple[Floats, Floats], seen: Bools) -> list[int]:
    """Return the bands that were measured in pixels as small as the image's, as far as the images show it.

    Detail that both dates share is of the ground and not noise. A band of twice the pixel, brought to this one, holds
    a third and less of the power that the sharpest holds at the scale of a pixel, each relative to coarse detail.

    Parameters
    ----------
    brightness
        (band, row, col) before and after, co-registered.
    seen
        (row, col)

    Returns
    -------
    Numbers of the bands; all of them where too little is shared to tell.

    """
    inside = np.zeros_like(seen)
    margin = (slice(_COARSE_PX, -_COARSE_PX),) * 2
    inside[margin] = seen[margin]
    for axis in (0, 1):
        for step in (-_COARSE_PX, -_FINE_PX, _FINE_PX, _COARSE_PX):
            inside &= np.roll(seen, step, axis)
    places = blocks.sampled(inside, _DETAIL_PX)
    bands = range(len(brightness[0]))
    if len(bands) == 1 or not places.size:
        return list(bands)
    power = np.array(
        blocks.each(lambda b: [_shared_detail(brightness, b, places, step) for step in (_FINE_PX, _COARSE_PX)], bands)
    )
    sharpness = np.divide(power[:, 0], power[:, 1], out=np.zeros(len(power)), where=(power > 0).all(axis=1))
    return [b for b in bands if sharpness[b] >= _HALF_POWER * sharpness.max()]


def _shared_detail(brightness: tuple[Floats, Floats], band: int, places: NDArray[np.intp], step: int) -> float:
    """Covariance between the dates of what pixels differ by from the mean of two neighbours ``step`` off."""
    images = [image[band] for image in brightness]
    width = images[0].shape[1]
    shared = 0.0
    for off in (step, step * width):
        before, after = (i.ravel()[places] - (i.ravel()[places - off] + i.ravel()[places + off]) / 2 for i in images)
        shared += float(np.mean(before.astype(np.float64) * after))
    return shared


def reachable(logs: Floats, unlike: float) -> float:
    """Return what share of the stated level is to be asked for on a pair where so much is out of reach.

    Parameters
    ----------
    logs
        (place,), log score of an even sample.
    unlike
        Log score of places compared with places they have nothing to do with.

    Returns
    -------
    1 where :data:`_WITHIN_REACH` is at most half-way, as a factor, from no change to other ground, or no more than what
    unchanged ground would reach as often as :data:`_BY_CHANCE` of all that reaches it; else the larger of the two over
    it, but never less than its root over it. The mirror image of what scores less than typical stands for unchanged
    ground (the null is taken of the data: Efron 2004, 10.1198/016214504000000089).

    """
    mirrored = np.sort(-logs[logs < 0])[::-1]
    as_high = logs.size - np.searchsorted(np.sort(logs), mirrored)
    too_many = np.arange(1, mirrored.size + 1) > _BY_CHANCE * as_high
    chance = float(mirrored[np.argmax(too_many)]) if too_many.any() else 0.0
    most = float(np.log(_WITHIN_REACH))
    return float(np.exp(np.clip(max(chance, _HALF_WAY * unlike), most / 2, most) - most))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Measure:
    """What the four parts of the score are measured in."""

    units: tuple[float, ...]
    """Own contrast of each band."""
    pattern: Floats
    """(row, col), loss plus step of pattern."""
    other: tuple[float, float]
    """Mean log difference, and loss and step of pattern, of places compared with places unrelated to them."""

    @classmethod
    def of(cls, brightness: tuple[Floats, Floats], seen: Bools, places: NDArray[np.intp], window_px: int) -> _Measure:
        """Take contrast, middle and usual variance of the pixels at flat ``places``."""
        units = tuple(blocks.each(lambda band: own_contrast(band, places), list(zip(*brightness, strict=True))))
        middle = float(np.median(_grey(brightness[0].reshape(len(units), -1)[:, places], units)))
        moments = [np.empty(seen.shape, np.float32) for _ in range(3)]

        def fill(tile: blocks.Tile) -> None:
            before, after = (_grey(image[:, *tile.wide], units) for image in brightness)
            found = _moments(before, after, seen[tile.wide], middle, (tile, window_px))
            for into, part in zip(moments, found, strict=True):
                into[tile.own] = part

        blocks.each(fill, blocks.tiles(seen.shape, window_px // 2))
        sampled = np.stack([part.ravel()[places] for part in moments[:2]])
        damp = _usual(sampled)

        def finish(tile: blocks.Tile) -> None:
            var_b, var_a, shared = (part[tile.own] for part in moments)
            lost, step = _compared(var_b, var_a, shared, damp)
            np.add(lost, step, out=shared)  # in its place: three maps are enough

        blocks.each(finish, blocks.tiles(seen.shape))
        pattern = moments.pop()
        moments.clear()
        other = _elsewhere([image.reshape(len(units), -1)[:, places] for image in brightness], sampled, units, damp)
        return cls(units=units, pattern=pattern, other=other)

    def unlike(self, middle: Floats) -> float:
        """Log score of places that have nothing to do with each other, (part,) the median logs being ``middle``.

        How far the evidence would go is taken from the difference: both are sizes of a difference.
        """
        difference, pattern = np.subtract(self.other, middle[[0, 2]])
        return float(0.5 * (2 * difference + pattern))

    def logs(self, images: list[Floats], tolerant: Floats, tile: blocks.Tile) -> Floats:
        """Return the logarithms of difference and evidence, and loss plus step of pattern; (part, row, col), wide."""
        difference = _difference(images[0], images[1], self.units)
        logs = [np.log(np.maximum(part, _TINY)) for part in (difference, tolerant[tile.wide])]
        return np.stack([*logs, self.pattern[tile.wide]])


def _gather(parts: Floats, tile: blocks.Tile, places: NDArray[np.intp], into: Floats, width: int) -> None:
    """Copy (part, row, col) of a tile at flat places of an image so many pixels wide into (part, place)."""
    rows, cols = tile.own
    first, last = np.searchsorted(places, (rows.start * width, rows.stop * width))
    row, col = np.divmod(places[first:last], width)
    mine = np.flatnonzero((col >= cols.start) & (col < cols.stop))
    into[:, first + mine] = parts[:, row[mine] - rows.start, col[mine] - cols.start]


def _elsewhere(images: list[Floats], variances: Floats, units: tuple[float, ...], damp: float) -> tuple[float, float]:
    """Compare places with places they have nothing to do with; images (band, place), variances (date, place)."""

    def apart(share: float) -> list[float]:
        off = int(share * variances.shape[1])
        moved, var_a = np.roll(images[1], off, axis=1), np.roll(variances[1], off)
        lost, step = _compared(variances[0], var_a, np.zeros_like(var_a), damp)
        difference = np.log(np.maximum(_difference(images[0], moved, units), _TINY))
        return [float(np.mean(part, dtype=np.float64)) for part in (difference, lost + step)]

    difference, pattern = np.mean(blocks.each(apart, _OTHER_PLACES), axis=0)
    return float(difference), float(pattern)


def _smoothed(parts: Floats, seen: Bools, tile: blocks.Tile, kernels: list[Floats]) -> Floats:
    """Mean of the Gaussian means over the pixels seen; (part, row, col), from wide to own."""
    there = seen[tile.wide]
    known = parts if there.all() else np.where(there, parts, np.float32(0))
    total = np.zeros((len(parts), *seen[tile.own].shape), np.float32)
    for taps in kernels:
        mean = blocks.smooth(known, tile, taps)
        if not there.all():
            mean /= np.maximum(blocks.smooth(there.astype(np.float32), tile, taps), np.float32(1e-6))
        total += mean
    total /= np.float32(len(kernels))
    return total


def typical(logs: Floats, above: float) -> float:
    """Return the median of what does not lie ``above`` beyond it: change of a third of the ground does not move it."""
    middle = float(np.median(logs))
    while True:
        last, middle = middle, float(np.median(logs[logs <= middle + above]))
        # Said so that it ends where there is no number to settle at.
        if not last - middle >= _SETTLED:
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
    whole = blocks.tiles(seen.shape, 0, seen.shape)[0]
    moments = _moments(before, after, seen, float(np.median(before[seen][::_SAMPLE])), (whole, window_px))
    return _compared(*moments, _usual(np.stack([m[seen][::_SAMPLE] for m in moments[:2]])))


def _usual(variances: Floats) -> float:
    """Median local variance of both dates, (2, place)."""
    return max(float(np.median(variances)), 1e-9)


def _moments(
    before: Floats, after: Floats, seen: Bools, middle: float, window: tuple[blocks.Tile, int]
) -> tuple[Floats, Floats, Floats]:
    """Local variance of both grey images and their covariance over a window on a tile; (row, col) each."""
    # Unseen pixels take the middle of the image and count as flat ground; they would be an edge otherwise.
    b, a = (np.where(seen, image - np.float32(middle), np.float32(0)) for image in (before, after))
    mean_b, mean_a, square_b, square_a, both = blocks.mean_over(np.stack([b, a, b * b, a * a, b * a]), *window)
    var_b, var_a = (np.maximum(s - m * m, 0) for s, m in ((square_b, mean_b), (square_a, mean_a)))
    return var_b, var_a, both - mean_b * mean_a


def _compared(var_b: Floats, var_a: Floats, shared: Floats, damp: float) -> tuple[Floats, Floats]:
    """Loss of correlation and log ratio of deviations, a pattern of variance ``damp`` thought into both."""
    var_b, var_a = var_b + np.float32(damp), var_a + np.float32(damp)
    lost = 1 - (shared + np.float32(damp)) / np.sqrt(var_b * var_a)
    return lost, np.abs(np.log(var_b / var_a)) / 2
