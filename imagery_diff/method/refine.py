"""The shift to a hundredth of a pixel: the linearised brightness constancy by robust least squares, band by band.

Both images are moved by half the shift (the symmetric, second-order form of Lucas and Kanade 1981 after Benhimane and
Malis 2004, 10.1109/IROS.2004.1389474). Each band has a shift and a contrast of its own: bands are taken moments apart
and are registered to each other to some tenths of a pixel, so that a sum over bands would lean to whichever has the
strongest edges; and what a wrong contrast leaves along a shore looks like a shift.

Assumption: within a band, sharp edges on the ground moved together. Broken by: what leans or casts a shadow. A shadow
that moved by a part of a pixel is no outlier to robust weights, and pulls all windows alike; so does one whose ground
turned dark or white beside a roof that did not. So what is dark and narrow, as shadows beside things are, is left out;
the rest that leans is a bias (:mod:`imagery_diff.method.coregister`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from imagery_diff.method import blocks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Doubles = NDArray[np.float64]
    Bools = NDArray[np.bool_]

_BLUR_PX = 0.7
"""Gaussian before gradients are taken: differences of neighbours then measure the slope of what was seen."""
HIGH_PASS_PX = (5, 9)
"""Side of the local mean taken away: little more than the 2 to 3 px over which edges of delivered images rise. What a
wider mean leaves of ground that darkened (damp, snow, haze, crops) stands as an offset beside each edge and looks like
a shift: on wet design scenes 9 px are off by .040 px in the middle, 7 by .027, 5 by .019. The second is for pairs that
5 px leave unsure: of winter's ground the larger forms are what snow leaves in common."""
MOST_SHADE_PX = 7
"""Widest shadow told, pixels: the margin of a window holds no more."""
_SHADE_DEPTH = 0.1
"""By how much it is darker than what surrounds it, in ranges of the image: a shadow takes half of the range from
concrete, and a quarter of that shows where a quarter of a pixel lies in it. Measured on 56 design scenes: .07, .1 and
.15 do alike."""
_START_ERROR_PX = 0.35
"""Standard error (length) of the first value, from the coarse search; method.md section 3."""
_PULLED = 2.5
"""Shadows left in pull all windows alike: by so many times their scatter (16 design scenes under snow)."""
_JITTERS_PX = (1.0, 0.45, 0.45, 0.15)
"""Misplacement granted to an edge when residuals are weighed, round by round: as the shift becomes known, down to what
is left of standing edges (method.md section 3)."""
_TUKEYS = (2.2, 4.685)
"""Tukey's biweight (Holland and Welsch 1977, 10.1080/03610927708827533): strict, and where that throws out so much that
nothing is held (snow on one date), as it is efficient under a normal law."""
_SURE_PX = 0.04
"""Where the windows leave the shift less sure than this (standard error), the wider cut is tried as well, and the surer
of both is taken: what each holds is told by the pair itself."""
_FEWEST = 3
"""Fewer windows have no scatter to speak of."""
_WINDOW_NOISE_FLOOR = 0.3
"""A window's noise is taken as at least this share of the whole's: one of still water must not decide alone."""
_ROUNDS = 10
_SETTLED_PX = 5e-3
"""A step is a fifth of the one before, so that a thousandth of a pixel is left."""
_LEAST_AGREEMENT = 0.7
"""Over the root of the number of windows: the share of their slopes that images must have in common, or what was found
is chance. Measured: at most .2 (over the root) on images of different places, .5 on the one wrong peak of 430 (13 % of
it clear), 1.4 and more on right ones (the least under snow)."""
_LOCAL_INFORMATION = 400.0
"""Least information of a window along its weaker direction, 1 / pixels squared: a twentieth of a pixel."""
_MIN_LOCAL_SHARE = 0.04
_FAR_PX = 3.0
"""A window that ends further from the mean than this has lost its way."""
_CHUNK = 12
"""Windows looked at together: what does not leave the processor's cache is fast."""
_MANY, _PART = 200, 4
"""So many windows are solved on every so-manieth of them first."""
_THIN = 5
"""Every so many pixels tell the middle size of the residual."""
_SUMS = 21
_PRODUCT_PX = 6000
"""Pixels of six terms by six: more would wake BLAS's own threads."""
_KEPT = 5
"""Pixels around a window that moving by under a pixel and a gradient need."""
_MARGIN = _KEPT + 3 + 2
"""Pixels cut around a window at first: the Gaussian reaches 3, the local mean half its side, a shadow's closing 6."""
_FARTHEST = 5
"""What lies further out of a band's range is glint or paint."""
_ERODE = 4
"""Pixels so near to one that was not seen are left out: the kernels reached it."""
_MIN_PIXELS = 400
"""Fewer usable pixels carry no registration."""
_MIN_EIGEN_SHARE = 0.01
"""The smaller eigenvalue must be such a share of the larger, or one direction only is held (a single straight quay)."""
_TIE_PX = 0.2
"""How far bands of one image lie apart: a prior, some tenths of a pixel in pushframe cameras. Bands known better than
this count alike."""
_STRAY_PX = 1.0
"""A band that ends so far from the middle of the others has found something else, unless its windows agree on it to a
twentieth of that: bands of a moving camera may lie apart so far."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Refined:
    """A shift, and how each window would have moved it."""

    shift: Doubles
    """(2,) rows and cols, mean of the bands."""
    bands: Doubles
    """(band, 2), each band's own shift less the mean, drawn towards it as far as it is uncertain."""
    influence: Doubles
    """(window, 2), what each window adds to the error of the mean, pixels; they sum to 0."""
    took: Bools
    """(window,), whether it took part."""

    @property
    def variance(self) -> float:
        """Of the length of the error, pixels squared, by the scatter of the windows."""
        return _variance(self.influence, self.took)

    @property
    def sure(self) -> bool:
        """Whether enough windows tell the shift so well that nothing else need be tried."""
        return bool(np.count_nonzero(self.took) >= _FEWEST and self.variance < _SURE_PX**2)


@dataclass(frozen=True, kw_only=True, eq=False)
class Windows:
    """Square pieces of both images at positions fixed to the grid, with their surroundings."""

    before: Floats
    """(band, window, row, col), blurred, less the local mean; `_KEPT` pixels of surroundings on each side."""
    after: Floats
    seen: Bools
    """(window, row, col), without the surroundings: what was seen on both dates."""
    shade: Bools
    """(window, row, col), what looks like the shadow beside something on either date."""
    shade_of_both: Bools
    """The same on both dates."""
    corners: NDArray[np.int_]
    """(window, 2), first row and column of each."""
    blur_px: tuple[float, float] = (0.0, 0.0)
    """Gaussian by which each image was blurred, that both be equally sharp."""

    @property
    def seen_around(self) -> Bools:
        """`seen` in the shape of the images, their surroundings not seen; (window, row, col)."""
        return np.pad(self.seen, ((0, 0), (_KEPT, _KEPT), (_KEPT, _KEPT)))

    @property
    def usable(self) -> Bools:
        """What was seen, less what looks like shadow; (window, row, col)."""
        return self.seen & ~self.shade

    def with_shade(self) -> Windows:
        """Leave in what looks like shadow."""
        return replace(self, shade=np.zeros_like(self.shade))

    def part(self, which: slice) -> Windows:
        """Return some of the windows."""
        return Windows(
            before=self.before[:, which],
            after=self.after[:, which],
            seen=self.seen[which],
            shade=self.shade[which],
            shade_of_both=self.shade_of_both[which],
            corners=self.corners[which],
            blur_px=self.blur_px,
        )


def refine(windows: Windows, start: Doubles) -> Refined | None:
    """Solve for the shift that remains, less than about a pixel, from a first value.

    Returns
    -------
    The shift, or None where the windows do not hold both directions in any band.

    """
    best: Refined | None = None
    for tukey in _TUKEYS:
        best = surer(best, _solve(windows, start, tukey), start)
        if best is not None and best.sure:
            return best
    return surer(best, refine_unsure(windows, start), start) if windows.shade.any() else best


def refine_unsure(windows: Windows, start: Doubles) -> Refined | None:
    """Solve where little stands on both dates: with more of the ground, and the wide cut."""
    if not windows.shade.any():
        return _solve(windows, start, _TUKEYS[-1])
    part = None
    if windows.shade_of_both.any():
        # What is dark on one date only may be what snow left bare.
        part = _solve(replace(windows, shade=windows.shade_of_both), start, _TUKEYS[-1])
    whole = _solve(windows.with_shade(), start, _TUKEYS[-1])
    return surer(part, whole and replace(whole, influence=_PULLED * whole.influence), start)


def surer(one: Refined | None, other: Refined | None, start: Doubles) -> Refined | None:
    """Return the likelier of two solutions: its windows scatter less, and the first value lies near it."""
    if one is None or other is None:
        return other if one is None else one

    def merit(refined: Refined) -> tuple[bool, float]:
        off = ((refined.shift - start) ** 2).sum() / (refined.variance + _START_ERROR_PX**2)
        enough = bool(np.count_nonzero(refined.took) >= _FEWEST)
        return enough, -float(np.log(max(refined.variance, 1e-12)) + 2 * off)

    return other if merit(other) > merit(one) else one


def _solve(windows: Windows, start: Doubles, tukey: float) -> Refined | None:
    """Solve with one cut; None where no band holds, or what was found is chance."""
    if np.count_nonzero(windows.usable) < _MIN_PIXELS:
        return None
    bands = [
        _Band(shift=start.copy(), gain=_first_gain(b, a, windows.usable), noise=np.inf)
        for b, a in zip(windows.before, windows.after, strict=True)
    ]
    first = 0
    if len(windows.seen) >= _MANY:
        # Where windows are many, an even part of them brings the solution so near that all need a round or two.
        part = [replace(band) for band in bands]
        _settle(windows.part(slice(None, None, _PART)), part, tukey, 0)
        if all(np.isfinite(band.gain) for band in part):
            bands, first = part, len(_JITTERS_PX) - 1
    _settle(windows, bands, tukey, first)
    solved = [_judge(band) for band in bands]
    found = [(k, s) for k, s in enumerate(solved) if s is not None]
    enough = _LEAST_AGREEMENT / np.sqrt(max(len(windows.seen), 1))
    if not found or _agreement([bands[k] for k, _ in found]) < enough:
        return None
    return _mean_of_bands(found, len(bands))


def _settle(windows: Windows, bands: list[_Band], tukey: float, first: int) -> None:
    """Move all bands round by round, from the ``first``, until none moves any more."""
    for number in range(first, _ROUNDS):
        may_be_last = number >= len(_JITTERS_PX)
        jitter = _JITTERS_PX[min(number, len(_JITTERS_PX) - 1)]
        far = _round(windows, bands, jitter, tukey, judged=may_be_last)
        if may_be_last and far < _SETTLED_PX:
            break


def _agreement(bands: list[_Band]) -> float:
    """Share of the mean image's slopes that both images have in common; 0 for images of different places."""
    mean, half = (sum(float(b.sums[:, part].sum()) for b in bands) for part in (slice(0, 2), slice(9, 11)))
    return (mean - half / 4) / mean if mean > 0 else 0.0


@dataclass(eq=False)
class _Band:
    """What is known of one band so far; the only thing here that changes."""

    shift: Doubles
    gain: float
    """Log of the after image's contrast over the before image's; NaN once the band holds nothing."""
    noise: float
    """Spread of the residual over all windows, last round."""
    sums: Doubles = field(default_factory=lambda: np.zeros((0, _SUMS)))
    """(window, 15), see :func:`_window_sums`; with :func:`_falling_sums` 6 more."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Local:
    """What windows say by themselves."""

    shift: Doubles
    """(window, 2), beside the mean of all."""
    variance: Doubles
    """(window,), of one axis, pixels squared."""
    place: Doubles
    """(window, 2), row and column of its middle, pixels."""


def one_step(windows: Windows, refined: Refined) -> Doubles:
    """Return (window, 2): one more step in every window that can tell, edges granted a whole pixel.

    It shows about half of how far a window lies from the rest: enough to know whether to look closer.
    """
    bands = _known(windows, refined)
    _round(windows, bands, _JITTERS_PX[0], _TUKEYS[1])
    matrix, right = (np.sum(part, axis=0) for part in zip(*(_system(b.sums) for b in bands), strict=True))
    steps = [np.linalg.solve(m[:2, :2], r[:2]) for m, r in zip(matrix, right, strict=True) if _holds(m)]
    return np.array(steps).reshape(-1, 2)


def refine_locally(windows: Windows, refined: Refined, at_most: int) -> Local:
    """Solve for each window alone, from the shift of all."""
    found = []
    known = _known(windows, refined)
    start = np.array([b.shift for b in known])
    for i in range(0, len(windows.seen), max(1, -(-len(windows.seen) // at_most))):
        piece = slice(i, i + 1)
        alone = windows.part(piece)
        if np.count_nonzero(alone.usable) < _MIN_PIXELS / 2:
            continue
        bands = [replace(band) for band in known]
        for jitter in (*_JITTERS_PX[:-1], *_JITTERS_PX[-2:-1] * 2):
            _round(alone, bands, jitter, _TUKEYS[1])
        live = [k for k, b in enumerate(bands) if np.isfinite(b.gain)]
        if not live:
            continue
        moved = np.array([bands[k].shift - start[k] for k in live])
        matrix = np.sum([_system(bands[k].sums)[0][0] for k in live], axis=0)
        if not _holds(matrix) or np.abs(np.median(moved, axis=0)).max() > _FAR_PX:
            continue
        middle = windows.corners[i] + windows.seen.shape[1] / 2
        scatter = moved.var(axis=0).sum() / 2 / max(len(live) - 1, 1)
        variance = np.trace(np.linalg.inv(matrix[:2, :2])) / 2 + scatter
        found.append((np.median(moved, axis=0), variance, middle))
    return Local(
        shift=np.array([f[0] for f in found]).reshape(-1, 2),
        variance=np.array([f[1] for f in found]),
        place=np.array([f[2] for f in found]).reshape(-1, 2),
    )


def _known(windows: Windows, refined: Refined) -> list[_Band]:
    return [
        _Band(shift=refined.shift + own, gain=_first_gain(b, a, windows.usable), noise=np.inf)
        for b, a, own in zip(windows.before, windows.after, refined.bands, strict=True)
    ]


def _holds(matrix: Doubles) -> bool:
    """Say whether a window's (3, 3) matrix fixes both directions."""
    values = np.linalg.eigvalsh(matrix[:2, :2])
    return bool(values[0] > _LOCAL_INFORMATION and values[0] >= _MIN_LOCAL_SHARE * values[1])


def _first_gain(before: Floats, after: Floats, usable: Bools) -> float:
    """Return the log ratio of spreads; NaN for a band without any."""
    core = slice(_KEPT, -_KEPT)
    spread = [float(np.std(image[:, core, core][usable], dtype=np.float64)) for image in (before, after)]
    return float(np.log(spread[1] / spread[0])) if min(spread) > 0 else np.nan


def _round(windows: Windows, bands: list[_Band], jitter: float, tukey: float, *, judged: bool = False) -> float:
    """Move every band one step; return how far the furthest went.

    Sums by which the error of a solution is judged (:func:`_judge`) are made only where it may be asked for.
    """
    live = [k for k, band in enumerate(bands) if np.isfinite(band.gain)]

    def look(chunk: slice) -> tuple[list[Doubles], list[Floats]]:
        views = [_differences(windows.before[k, chunk], windows.after[k, chunk], bands[k]) for k in live]
        usable = windows.seen[chunk] & ~windows.shade[chunk]
        far, variances = _weights(views, usable, [bands[k].noise for k in live], (jitter, tukey))
        near = 1 - far
        weight, falling = near**2, near * (1 - 5 * far) if judged else None
        sums = [_window_sums(view, weight / v) for view, v in zip(views, variances, strict=True)]
        if falling is not None:
            falls = [_falling_sums(view, falling / v) for view, v in zip(views, variances, strict=True)]
            sums = [np.concatenate(both, axis=1) for both in zip(sums, falls, strict=True)]
        return sums, [np.abs(v.residual[usable][::_THIN]) for v in views]

    chunks = [slice(at, at + _CHUNK) for at in range(0, len(windows.seen) if live else 0, _CHUNK)]
    looks = blocks.each(look, chunks)
    went = 0.0
    for n, k in enumerate(live):
        band = bands[k]
        band.sums = np.concatenate([sums[n] for sums, _ in looks])
        band.noise = 1.4826 * float(np.median(np.concatenate([sizes[n] for _, sizes in looks])))
        step = _step(band.sums)
        if step is None:
            band.gain = np.nan
            continue
        band.shift = band.shift + np.clip(step[:2], -1, 1)
        band.gain -= float(np.clip(step[2], -0.5, 0.5))
        went = max(went, float(np.abs(step[:2]).max()))
    return went


@dataclass(frozen=True, kw_only=True)
class Cut:
    """How windows are cut."""

    side: int
    """Of a window, pixels."""
    sample_px: int
    """How many pixels of the images the windows hold in all."""
    shade_px: int
    """Side of the square, at most `MOST_SHADE_PX`, that a dark thing must hold not to be taken for a shadow."""
    blur_px: tuple[float, float] = (0.0, 0.0)
    """Gaussian by which each image is blurred, that both be equally sharp."""
    high_pass_px: int = HIGH_PASS_PX[0]
    """Side of the local mean taken away."""


def cut_windows(images: tuple[Floats, Floats], ranges: tuple[Doubles, Doubles], usable: Bools, how: Cut) -> Windows:
    """Cut windows out of two images of one shape, thinned evenly.

    Parameters
    ----------
    images
        (band, row, col) each. Each band is brought to its range (:func:`in_range`), what is not usable to its middle.
    ranges
        (band, 2) each, middle and width.
    usable
        (row, col), seen on both dates.
    how
        Sides, and what is done to them.

    """
    side = how.side
    inner = blocks.shrunk(usable, _ERODE)
    tiles = _tiles(inner, side, 0)
    rows, cols = tiles.shape[:2]
    every = max(1, round(usable.size / how.sample_px))
    chosen = np.zeros(rows * cols, bool)
    chosen[::every] = True
    chosen &= tiles.any(axis=(2, 3)).ravel()
    where = np.nonzero(chosen.reshape(rows, cols))
    mask = _tiles(usable, side, _MARGIN)[where]
    share = np.maximum(_local_mean(mask.astype(np.float32), how.high_pass_px), 1e-3)

    def prepare(what: tuple[Floats, Doubles, float]) -> list[Floats]:
        image, own, blur = what
        sigma = np.hypot(_BLUR_PX, blur)

        def of_band(k: int) -> Floats:
            pieces = in_range(_tiles(image[k], side, _MARGIN)[where], own[k], mask)
            return blocks.smooth(pieces, _all_of(pieces), blocks.kernel(sigma))

        return blocks.each(of_band, range(len(image)))

    blurred = [prepare(what) for what in zip(images, ranges, how.blur_px, strict=True)]
    before, after = (
        np.stack(blocks.each(lambda b: _less_mean(b, mask, share, how.high_pass_px), bands)) for bands in blurred
    )
    shades = [_shade(bands, how.shade_px) for bands in blurred]
    return Windows(
        before=before,
        after=after,
        seen=tiles[where],
        shade=shades[0] | shades[1],
        shade_of_both=shades[0] & shades[1],
        corners=np.stack(where, axis=1) * side,
        blur_px=how.blur_px,
    )


def in_range(image: Floats, own: Doubles, usable: Bools) -> Floats:
    """Bring pixels of a band to its range, (middle, width), so that no band dominates; 0 where not usable."""
    out: Floats = (image - np.float32(own[0])).astype(np.float32)
    out *= np.float32(1 / own[1])
    np.clip(out, -_FARTHEST, _FARTHEST, out=out)
    out *= usable
    return out


def _tiles(image: NDArray[Any], side: int, margin: int) -> NDArray[Any]:
    """Return a view (tile row, tile col, row, col) of all windows with a margin; edges are repeated, masks are not."""
    how: dict[str, Any] = {"mode": "constant"} if image.dtype == bool else {"mode": "edge"}
    padded = np.pad(image, [(margin, margin + -n % side) for n in image.shape], **how)
    views = np.lib.stride_tricks.sliding_window_view(padded, (side + 2 * margin,) * 2)
    return views[::side, ::side]


def _shade(bands: list[Floats], narrow_px: int) -> Bools:
    """Say what is darker than its surroundings and narrow, as shadows beside things are; (window, row, col)."""
    core = slice(_MARGIN, -_MARGIN)
    dark = np.zeros_like(bands[0][:, core, core], bool)
    if narrow_px <= 1:
        return dark
    rim = _MARGIN - (narrow_px - 1) - 1

    def fill(chunk: slice) -> None:
        grey = np.mean([band[chunk, rim : -rim or None, rim : -rim or None] for band in bands], axis=0)
        # The surroundings fill what is narrow (a closing); its edges, a pixel further out, go with it.
        filled = _extreme(np.minimum, _extreme(np.maximum, grey, narrow_px), narrow_px)
        deep = filled - grey[:, narrow_px - 1 : 1 - narrow_px, narrow_px - 1 : 1 - narrow_px]
        np.greater(_extreme(np.maximum, deep, 3), _SHADE_DEPTH, out=dark[chunk])

    blocks.each(fill, [slice(at, at + _CHUNK) for at in range(0, len(dark), _CHUNK)])
    return dark


def _extreme(of_two: np.ufunc, image: Floats, side: int) -> Floats:
    """Largest or smallest of squares of an odd side; (window, row, col), smaller by side - 1 each way."""
    for axis in (1, 2):
        have = 1
        while have < side:
            step = min(have, side - have)
            near = [slice(None)] * 3
            far = [slice(None)] * 3
            near[axis], far[axis] = slice(None, -step), slice(step, None)
            image = of_two(image[tuple(near)], image[tuple(far)])
            have += step
    return image


def _less_mean(blurred: Floats, mask: Bools, share: Floats, side: int) -> Floats:
    """Take the local mean of what was seen away, and cut off the margin that it and the blur have spoilt."""
    near = slice(_MARGIN - _KEPT, _KEPT - _MARGIN)
    seen = blurred * mask
    mean = _local_mean(seen, side)[:, near, near] / share[:, near, near]
    return np.asarray((seen[:, near, near] - mean) * mask[:, near, near], np.float32)


def _local_mean(pieces: Floats, side: int) -> Floats:
    return blocks.mean_over(pieces, _all_of(pieces), side)


def _all_of(pieces: Floats) -> blocks.Tile:
    rows, cols = pieces.shape[-2:]
    return blocks.tile_of((slice(0, rows), slice(0, cols)), 0, (rows, cols))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Solved:
    """One band."""

    shift: Doubles
    """(2,)"""
    influence: Doubles
    """(window, 2)"""
    took: Bools
    """(window,)"""

    @property
    def variance(self) -> float:
        """Of one axis, by the scatter of the windows."""
        return _variance(self.influence, self.took) / 2

    @property
    def sure(self) -> bool:
        """Whether enough windows agree to a twentieth of what is a stray."""
        return bool(np.count_nonzero(self.took) >= _FEWEST and self.variance < (_STRAY_PX / 20) ** 2)


def _variance(influence: Doubles, took: Bools) -> float:
    """Return the variance of the error's length from what each of n windows adds to it (a jackknife)."""
    count = int(np.count_nonzero(took))
    return float((influence**2).sum()) * count / max(count - 1, 1)


def _judge(band: _Band) -> _Solved | None:
    """Say what each window did to a band's solution."""
    if not np.isfinite(band.gain):
        return None
    matrix, right = _system(band.sums, falling=True)
    total = matrix.sum(axis=0)
    values = np.linalg.eigvalsh(total[:2, :2])
    if not values[0] > 0:
        return None
    influence = np.linalg.solve(total, right.T).T[:, :2]
    took: Bools = np.asarray(matrix.any(axis=(1, 2)))
    return _Solved(shift=band.shift, influence=(influence - influence[took].mean(axis=0)) * took[:, None], took=took)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Differences:
    """What the moved images have in common and what they differ by."""

    terms: Floats
    """(window, term, row, col): slopes of the mean along rows and columns, slopes of the residual, mean, residual."""

    @property
    def squared_slope(self) -> Floats:
        """Of the mean; (window, row, col)."""
        return np.asarray(self.terms[:, 0] ** 2 + self.terms[:, 1] ** 2)

    @property
    def residual(self) -> Floats:
        """Of both images; (window, row, col)."""
        return self.terms[:, 5]


def _differences(before: Floats, after: Floats, band: _Band) -> _Differences:
    """Move both by half the shift, to common contrast."""
    moved_b = translate(before, -band.shift / 2, _KEPT - 1)
    moved_a = translate(after, band.shift / 2, _KEPT - 1)
    moved_b *= np.float32(np.exp(band.gain / 2))
    moved_a *= np.float32(np.exp(-band.gain / 2))
    residual: Floats = moved_a - moved_b
    moved_a += moved_b
    moved_a *= np.float32(0.5)
    count, rows, cols = residual.shape
    terms = np.empty((count, 6, rows - 2, cols - 2), np.float32)
    for first, image in ((0, moved_a), (2, residual)):
        # Central differences along rows and columns, one pixel in from the rim.
        np.subtract(image[:, 2:, 1:-1], image[:, :-2, 1:-1], out=terms[:, first])
        np.subtract(image[:, 1:-1, 2:], image[:, 1:-1, :-2], out=terms[:, first + 1])
    terms[:, :4] *= np.float32(0.5)
    terms[:, 4], terms[:, 5] = moved_a[:, 1:-1, 1:-1], residual[:, 1:-1, 1:-1]
    return _Differences(terms=terms)


def _window_sums(view: _Differences, weight: Floats) -> Doubles:
    """Sum the terms of the normal equations over each window: (window, 15), as :func:`_system` reads them."""
    all_ = _summed_products(weight[:, None] * view.terms, view.terms)
    gy, gx, hy, hx, mean, rest = range(6)
    pairs = [(gy, gy), (gx, gx), (mean, mean), (gy, gx), (gy, mean), (gx, mean)]
    pairs += [(rest, gy), (rest, gx), (rest, mean)]
    pairs += [(hy, hy), (hx, hx), (rest, rest), (hy, hx), (hy, rest), (hx, rest)]
    return np.stack([all_[:, i, k] for i, k in pairs], axis=1).astype(np.float64)


def _falling_sums(view: _Differences, falling: Floats) -> Doubles:
    """Sum what the solution's own error is judged by over each window: (window, 6), as :func:`_system` reads them.

    ``falling`` is the slope of weight times residual: where much is thrown out, less is known than the weights say.
    """
    slopes = view.terms[:, :4]
    falls = _summed_products(falling[:, None] * slopes, slopes)
    gy, gx, hy, hx = range(4)
    pairs = [(gy, gy), (gx, gx), (gy, gx), (hy, hy), (hx, hx), (hy, hx)]
    return np.stack([falls[:, i, k] for i, k in pairs], axis=1).astype(np.float64)


def _summed_products(one: Floats, other: Floats) -> Floats:
    """Sum the products of all terms over each window, (window, term, row, col) twice -> (window, term, term).

    In pieces of so many pixels that BLAS multiplies them on the thread it is asked on.
    """
    one, other = (terms.reshape(*terms.shape[:2], -1) for terms in (one, other))
    pieces = [slice(at, at + _PRODUCT_PX) for at in range(0, one.shape[2], _PRODUCT_PX)]
    return np.asarray(sum(np.matmul(one[..., p], other[..., p].swapaxes(1, 2)) for p in pieces))


def _weights(
    views: list[_Differences], usable: Bools, noises: list[float], allowance: tuple[float, float]
) -> tuple[Floats, list[Floats]]:
    """Weigh by Tukey over the variance expected: noise of the window, and an edge misplaced by the jitter.

    How far out a pixel lies is asked of all bands together: what changed in one is not trusted in another.

    Returns
    -------
    far, variances
        (window, row, col), how far out a pixel lies: its square over that from which on it is thrown out, 1 there and
        where nothing is usable; and per band (window, row, col) the variance expected. A pixel weighs (1 - far)^2 over
        the variance.

    """
    jitter, tukey = allowance
    far = np.zeros(usable.shape, np.float32)
    pixels = np.maximum(usable.sum(axis=(1, 2)), 1)
    variances = []
    for view, whole in zip(views, noises, strict=True):
        # The mean of what is not far out, times what makes a normal law's mean size its standard deviation.
        inside = np.minimum(np.abs(view.residual), np.float32(4 * whole))
        local = 1.2533 * np.einsum("nij,nij->n", inside, usable) / pixels
        floor = _WINDOW_NOISE_FLOOR * whole if np.isfinite(whole) else 0.0
        noise2 = (np.maximum(local, floor)[:, None, None] ** 2).astype(np.float32)
        variance = np.maximum(noise2 + np.float32(jitter**2) * view.squared_slope, np.float32(1e-20))
        far += view.residual**2 / variance
        variances.append(variance)
    far = np.where(usable, np.minimum(far / np.float32(len(views) * tukey**2), np.float32(1)), np.float32(1))
    return far, variances


def _system(sums: Doubles, *, falling: bool = False) -> tuple[Doubles, Doubles]:
    """Lay (window, 21) sums out as matrices (window, 3, 3) and right sides (window, 3).

    The matrix holds products of one image's slopes with the other's, mean * mean - difference * difference / 4: the
    noise of one image does not know that of the other, so still water carries no information, as it should. Products
    of the mean alone would count noise as edges and shorten every step. With ``falling`` it is the slope of the right
    side itself, for judging errors.
    """
    both = sums[:, :6] - sums[:, 9:15] / 4
    # Where a window shows noise only, its share of the information is noise as well: it counts as far as both agree.
    agree = both[:, :2].sum(axis=1) / np.maximum(sums[:, :2].sum(axis=1), 1e-30)
    trust = np.clip(agree, 0, 1)[:, None]
    yy, xx, mm, yx, ym, xm = (both * trust).T
    if falling:
        yy, xx, yx = ((sums[:, 15:18] - sums[:, 18:21] / 4) * trust).T
    matrix = np.stack([yy, yx, ym, yx, xx, xm, ym, xm, mm], axis=1).reshape(-1, 3, 3)
    return matrix, -sums[:, 6:9] * trust


def _step(sums: Doubles) -> Doubles | None:
    """Return the step (rows, cols, contrast), or None where one direction at most is held."""
    matrix, right = (part.sum(axis=0) for part in _system(sums))
    values = np.linalg.eigvalsh(matrix[:2, :2])
    if not values[1] > 0 or values[0] < _MIN_EIGEN_SHARE * values[1] or not matrix[2, 2] > 0:
        return None
    step: Doubles = np.linalg.solve(matrix, right)
    return step


def _mean_of_bands(found: list[tuple[int, _Solved]], count: int) -> Refined:
    """Weigh bands by 1 / (their own variance + what they lie apart anyway), so that good ones count alike."""
    middle = np.median([s.shift for _, s in found], axis=0)
    near = [(k, s) for k, s in found if s.sure or np.abs(s.shift - middle).max() <= _STRAY_PX]
    kept = near or found[:1]
    tie = _TIE_PX**2
    weight = np.array([1 / (s.variance + tie) for _, s in kept])
    weight /= weight.sum()
    mean = np.einsum("k,ki->i", weight, [s.shift for _, s in kept])
    bands = np.zeros((count, 2))
    for k, s in kept:
        bands[k] = (s.shift - mean) * tie / (tie + s.variance)
    influence = np.einsum("k,kwi->wi", weight, [s.influence for _, s in kept])
    took: Bools = np.any([s.took for _, s in kept], axis=0)
    return Refined(shift=mean, bands=bands, influence=influence, took=took)


def translate(image: Floats, shift: Doubles, cut: int = 0) -> Floats:
    """Sample (..., row, col) at ``x + shift`` by a seven-tap windowed sinc (Lanczos), edges repeated.

    ``cut`` pixels on each side are left out; nothing is repeated where they hold all that is asked for.
    """
    whole = np.floor(shift + 0.5).astype(int)
    more = max(0, 3 + int(np.abs(whole).max()) - cut)
    out = np.pad(image, [(0, 0)] * (image.ndim - 2) + [(more, more)] * 2, mode="edge") if more else image
    for axis, step, fraction in zip((-2, -1), whole, shift - whole, strict=True):
        x = np.arange(-3, 4) - fraction
        kernel = np.sinc(x) * np.sinc(x / 3.5) * (np.abs(x) < 3.5)  # noqa: PLR2004 - the window ends with the taps
        rim = cut + more - 3
        run = slice(rim + step, out.shape[axis] - rim + step)
        part = out[..., run, :] if axis == -2 else out[..., run]  # noqa: PLR2004
        out = blocks.correlate(part, (kernel / kernel.sum()).astype(image.dtype), axis)
    return out
