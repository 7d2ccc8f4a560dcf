"""How far the after image lies from the before image: one shift, to a hundredth of a pixel, and how sure that is.

Two steps. A coarse search correlates the *directions* of gradients (soft-normalised gradient correlation, after Fitch
et al. 2002, BMVC, and Argyriou and Vlachos 2003, 10.1049/el:20030666): edges count, brightness does not. The refinement
is in :mod:`imagery_diff.method.refine`; where windows disagree, :mod:`imagery_diff.method.warp` may fit a field. Both
images are moved by half the shift, so that swapping them only changes the sign.

Assumption: sharp edges on the ground moved together. Broken by: tall objects seen from two sides, moving shadows, snow.
What pulls all windows alike is no scatter: its law (:class:`ErrorLaw`) is fitted on pairs of known shift.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import fft

from imagery_diff.method import blocks
from imagery_diff.method.refine import (
    HIGH_PASS_PX,
    Cut,
    cut_windows,
    in_range,
    one_step,
    refine,
    refine_locally,
    refine_unsure,
    surer,
)
from imagery_diff.method.sharpness import sharpness_of_pieces
from imagery_diff.method.warp import disagreement, estimate_warp

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.method.refine import Refined, Windows
    from imagery_diff.method.warp import Warp

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]

_BACKGROUND_PX = 32
"""Half-side of the correlation surface against which a peak must stand out, pixels."""
_PEAK_SIGMA = 5.0
"""By how many robust deviations: the largest of 4,000 chance values reaches 3.6. Measured: 3.1 and 3.9 on images of
different places, 6.4 and more on all real pairs."""
_MIN_PIXELS = 400
"""Fewer usable pixels than this carry no registration."""
_MIN_WINDOWS = 3
"""A scatter needs three."""
_MOST_LEFT_PX = 0.4
"""A field that leaves held-out windows further off than this is none of the images': real warps leave a tenth, two
sensors three tenths (pixels, in the middle). Under two low suns a field of .9 px left .56."""
_AGREED_PX = 0.15
"""One step in each window shows about half of how far it lies: windows that agree so well are not looked at closer."""
_LOCAL_WINDOWS = 160
"""So many windows are enough for a field."""
_LEAST_WINDOWS = 25
"""Small images are cut into about so many windows, so that their scatter can be told."""
_LEAST_SIDE_PX = 24
_RANGE_PX = 200_000
"""Pixels from which ranges and the softness of gradients are taken, spread evenly."""
_PIECE_PX = 256
"""Side of the pieces over which the coarse search is summed, pixels."""
_COARSE_BLUR_PX = 1.0
"""Gaussian before gradients are taken in the coarse search."""
_LEAST_BLUR_PX = 0.5
"""Images that differ in sharpness by a Gaussian of so much, surely, are made equal: two good passes differ by less."""


@dataclass(frozen=True, kw_only=True)
class Shift:
    """A translation: what stands at ``x`` in the before image stands at ``x + (rows, cols)`` in the after image."""

    rows: float
    """Pixels downwards."""
    cols: float
    """Pixels to the right."""
    error_px: float | None
    """Standard error (length of the vector), pixels: the scatter of independent windows and what another sun and
    another view do to all of them alike; None where fewer than three windows could be used."""
    windows: int
    """Independent windows that took part."""
    interval_px: float | None = None
    """The true shift lies within this distance in nine of ten such pairs, pixels; None where not known."""
    bands: tuple[tuple[float, float], ...] = ()
    """(rows, cols) by which each band's own shift differs from that of their mean; empty where not measured."""
    warp: Warp | None = None
    """How the shift differs from place to place, where it does."""
    blur_px: float = 0.0
    """Gaussian by which the sharper image was blurred first, pixels; 0 where both are alike."""
    why: str | None = None
    """Why a translation or a field; None where nothing was measured."""
    reason: str | None = None
    """Why no shift could be measured (then it is 0, 0); None where it was."""

    @property
    def measured(self) -> bool:
        """Whether the images carried a registration."""
        return self.reason is None

    def in_whole_pixels(self) -> Shift:
        """Return the shift for images of speckle, which are not to be resampled.

        Between pixels speckle is interpolated into something smoother than speckle; and where a flood moved the shore,
        fractions of a pixel measure the flood.

        """
        return replace(self, rows=float(round(self.rows)), cols=float(round(self.cols)), bands=(), warp=None)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How differently the two dates show a thing one metre high: (rows, cols) after less before, pixels per metre."""

    shadow: tuple[float, float]
    """Where its top's shadow falls."""
    lean: tuple[float, float]
    """Where its top is seen."""


@dataclass(frozen=True, kw_only=True)
class ErrorLaw:
    """How large the error of a shift is, from what is known of a pair; fitted by benchmarks/registration.py."""

    scatter: float
    """Times the scatter of the windows."""
    floor_px: float
    """Error of a pair seen under one sun from one side, per axis."""
    shadow_m: float
    """Height of things whose moved shadows pull the shift, metres; its sign is not known."""
    lean_m: float
    """Mean height of what the shift holds on to, metres: leaning roofs pull it, and this much is put back."""
    lean_spread_m: float
    """How that height varies between places, metres."""
    blur: float
    """Share of the Gaussian by which the images differ in sharpness that is left in the shift, per axis."""
    interval: float
    """Radius that holds nine of ten errors, in standard errors."""


def allow_for_standing(shift: Shift, standing: Standing, law: ErrorLaw) -> Shift:
    """Put back the mean pull of what leans, and state the error that sun and view add to the windows' scatter."""
    if shift.error_px is None:
        return shift
    pull = law.lean_m * np.array(standing.lean)
    axis = law.floor_px**2 + (law.blur * shift.blur_px) ** 2
    axis += (law.shadow_m * np.hypot(*standing.shadow)) ** 2 / 2 + (
        law.lean_spread_m * np.hypot(*standing.lean)
    ) ** 2 / 2
    error = float(np.sqrt((law.scatter * shift.error_px) ** 2 + 2 * axis))
    return replace(
        shift,
        rows=shift.rows - float(pull[0]),
        cols=shift.cols - float(pull[1]),
        error_px=error,
        interval_px=law.interval * error,
    )


def estimate_shift(
    before: Floats,
    after: Floats,
    stable: Bools,
    *,
    max_shift_px: float,
    tile_px: int,
    sample_px: int,
    shade_px: int = 1,
) -> Shift:
    """Measure the translation between two images on one grid.

    Parameters
    ----------
    before, after
        (band, row, col), the same bands, any linear scaling.
    stable
        (row, col), True where both images were seen and the ground is worth trusting (no cloud, no plants).
    max_shift_px
        Largest shift believed, pixels per axis.
    tile_px, sample_px
        Side of the independent windows, and how many pixels are looked at in all.
    shade_px
        What is darker than its surroundings and narrower than this is left out as the shadow beside something; 1: none.

    """
    if np.count_nonzero(stable) < _MIN_PIXELS:
        return _not_measured("too little ground was seen on both dates")
    first, second = blocks.each(lambda image: _ranges(image, stable), (before, after))
    ranges = (first, second)
    start = _coarse((before, after), ranges, stable, max_shift_px, sample_px)
    if start is None:
        return _not_measured("no common structure was found within the search")
    whole = np.round(start).astype(int)
    if np.any(np.abs(whole) >= stable.shape):
        return _not_measured("the shift found is larger than the images")
    side = int(np.clip(np.sqrt(stable.size / _LEAST_WINDOWS), _LEAST_SIDE_PX, tile_px))
    *shared, usable = _overlap(before, after, stable, whole)
    how = Cut(side=side, sample_px=sample_px, shade_px=shade_px)
    windows, refined = _refined((shared[0], shared[1]), ranges, usable, start - whole, how)
    if refined is None:
        return _not_measured("the ground common to both carries too few edges")
    shift = refined.shift + whole
    if np.abs(shift - start).max() > 2 or np.abs(shift).max() > max_shift_px + 1:  # noqa: PLR2004 - method.md section 3
        # The refinement left its basin; the coarse value is good to about a third of a pixel.
        return Shift(rows=float(start[0]), cols=float(start[1]), error_px=None, windows=0)
    count = int(np.count_nonzero(refined.took))
    error = float(np.sqrt(refined.variance)) if count >= _MIN_WINDOWS else None
    warp, why = _find_warp(windows, refined, stable.shape, whole)
    believed = warp if warp is None or warp.left_px <= _MOST_LEFT_PX else None
    if believed is not warp:
        why += ": no field leaves so much, and shadows that moved do; the translation stands, as unsure as that"
    return Shift(
        rows=float(shift[0]),
        cols=float(shift[1]),
        # The scatter about a translation is what the field explains; what it leaves is what counts, believed or not.
        error_px=error if error is None or warp is None else warp.left_px,
        windows=count,
        bands=tuple((float(r), float(c)) for r, c in refined.bands),
        warp=believed,
        blur_px=max(windows.blur_px),
        why=why,
    )


def _refined(
    images: tuple[Floats, Floats],
    ranges: tuple[NDArray[np.float64], NDArray[np.float64]],
    usable: Bools,
    start: NDArray[np.float64],
    how: Cut,
) -> tuple[Windows, Refined | None]:
    """Cut windows and refine; where one image is clearly the softer, the other is blurred as much before."""
    windows = cut_windows(images, ranges, usable, how)
    blur = sharpness_of_pieces((windows.before, windows.after), windows.seen_around)
    if blur.matters(_LEAST_BLUR_PX):
        how = replace(how, blur_px=(blur.sigma_px, 0.0) if blur.variance_px2 > 0 else (0.0, blur.sigma_px))
        windows = cut_windows(images, ranges, usable, how)
    refined = refine(windows, start)
    if refined is not None and refined.sure:
        return windows, refined
    wide = cut_windows(images, ranges, usable, replace(how, high_pass_px=HIGH_PASS_PX[1]))
    other = refine_unsure(wide, start)
    return (windows, refined) if surer(refined, other, start) is refined else (wide, other)


def _find_warp(
    windows: Windows, refined: Refined, shape: tuple[int, ...], whole: NDArray[np.int_]
) -> tuple[Warp | None, str]:
    """Look closer where windows seem to disagree.

    Shadows pull by hundredths, a field is of tenths, and a single window needs all edges it has.
    """
    windows = windows.with_shade()
    steps = one_step(windows, refined)
    if len(steps) < _MIN_WINDOWS:
        return None, "too few windows hold a shift of their own for more than a translation"
    if disagreement(steps) <= _AGREED_PX:
        return None, f"windows agree to {2 * disagreement(steps):.2f} px"
    local = refine_locally(windows, refined, _LOCAL_WINDOWS)
    # Places in the frame half-way between both images: the overlap begins half the whole-pixel shift in.
    local = replace(local, place=local.place + np.abs(whole) / 2)
    return estimate_warp(local, (shape[0], shape[1]))


def _not_measured(reason: str) -> Shift:
    return Shift(rows=0.0, cols=0.0, error_px=None, windows=0, reason=reason)


def _ranges(image: Floats, stable: Bools) -> NDArray[np.float64]:
    """Middle and width of every band's range, (band, 2), over stable pixels.

    The range is wide: where nine tenths are water, what stands out of the middle half is the land.
    """
    sample = blocks.sampled(stable, _RANGE_PX)
    low, middle, high = np.percentile(image.reshape(len(image), -1)[:, sample], [1, 50, 99], axis=1)
    return np.stack([middle, np.maximum(high - low, 1e-12)], axis=1)


def _coarse(
    images: tuple[Floats, Floats],
    ranges: tuple[NDArray[np.float64], NDArray[np.float64]],
    stable: Bools,
    max_shift_px: float,
    sample_px: int,
) -> NDArray[np.float64] | None:
    """Find the whole-pixel shift with a parabola on top, from the correlation of gradient directions.

    It is summed over square pieces of the image before, each with what of the image after lies within the search; of
    large images an even part of the pieces is looked at.
    """
    reach = int(np.ceil(max_shift_px))
    # The surroundings of the peak are looked at further than a shift is believed: they say what chance gives.
    wide = max(reach, _BACKGROUND_PX)
    inner = blocks.shrunk_by_steps(stable, 4)
    pieces = _even_part(inner, wide, max(1, round(stable.size / sample_px)))
    if not pieces:
        return None
    slopes = blocks.each(
        lambda piece: (
            _gradient(images[0], ranges[0], stable, piece.own),
            _gradient(images[1], ranges[1], stable, piece.wide),
        ),
        pieces,
    )
    soft = [
        _softness([both[0][inner[piece.own]] for piece, both in zip(pieces, slopes, strict=True)]),
        _softness([both[1][piece.inner][inner[piece.own]] for piece, both in zip(pieces, slopes, strict=True)]),
    ]
    if not all(soft):
        return None
    shape = [fft.next_fast_len(_PIECE_PX + 2 * wide)] * 2

    def correlate(number: int) -> NDArray[np.complex64]:
        piece = pieces[number]
        spectra = []
        for field, window, softness in zip(slopes[number], (piece.own, piece.wide), soft, strict=True):
            padded = np.zeros(shape, np.complex64)
            at = tuple(
                slice(w.start - o.start + wide, w.stop - o.start + wide) for w, o in zip(window, piece.own, strict=True)
            )
            padded[at] = field * (inner[window] / (np.abs(field) + softness))
            spectra.append(fft.fft2(padded, overwrite_x=True))
        np.conj(spectra[0], out=spectra[0])
        return np.asarray(spectra[0] * spectra[1], np.complex64)

    total = np.sum(blocks.each(correlate, range(len(pieces))), axis=0)
    span = np.arange(-wide, wide + 1)
    background = fft.ifft2(total, overwrite_x=True).real[np.ix_(span, span)]
    margin = wide - reach
    window = background[margin : len(span) - margin, margin : len(span) - margin]
    span = np.arange(-reach, reach + 1)
    row, col = np.unravel_index(np.argmax(window), window.shape)
    scatter = 1.4826 * float(np.median(np.abs(background - np.median(background))))
    if window[row, col] - np.median(background) <= _PEAK_SIGMA * scatter:
        return None
    return np.array([span[row] + _vertex(window[:, col], int(row)), span[col] + _vertex(window[row], int(col))])


def _even_part(inner: Bools, halo: int, every: int) -> list[blocks.Tile]:
    """Cut an image into pieces that show something, and take every so-manieth, spread along diagonals."""
    pieces = [t for t in blocks.tiles(inner.shape, halo, (_PIECE_PX, _PIECE_PX)) if inner[t.own].any()]
    pieces.sort(key=lambda t: sum(o.start // _PIECE_PX for o in t.own) % every)
    return pieces[: -(-len(pieces) // every)]


def _gradient(
    image: Floats, ranges: NDArray[np.float64], stable: Bools, window: tuple[slice, slice]
) -> NDArray[np.complex64]:
    """Complex gradient, across and down, of the mean of the bands in a window, each in its own range.

    So no band and no gap dominates. The image's outermost pixels, which are never inner, have none.
    """
    taps = blocks.kernel(_COARSE_BLUR_PX)
    near = blocks.widened(window, 1, stable.shape)
    tile = blocks.tile_of(near, len(taps) - 1, stable.shape)
    bands = zip(image[:, *tile.wide], ranges, strict=True)
    grey = np.mean([in_range(band, own, stable[tile.wide]) for band, own in bands], axis=0)
    smooth = blocks.smooth(grey, tile, taps)
    gradient = np.zeros([w.stop - w.start for w in window], np.complex64)
    at = tuple(slice(n.start + 1 - w.start, n.stop - 1 - w.start) for n, w in zip(near, window, strict=True))
    # Sobel's slopes.
    across, down = smooth[:, 2:] - smooth[:, :-2], smooth[2:] - smooth[:-2]
    gradient.real[at] = across[:-2] + 2 * across[1:-1] + across[2:]
    gradient.imag[at] = down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:]
    return gradient


def _softness(slopes: list[NDArray[np.complex64]]) -> np.float32:
    """Return the constant that is added to the size of gradients before they are divided by it; 0 where there are none.

    Divided so, strong edges count alike and noise hardly.
    """
    every = max(1, -(-sum(map(len, slopes)) // _RANGE_PX))
    return np.float32(np.quantile(np.concatenate([np.abs(part[::every]) for part in slopes]), 0.98))


def _vertex(values: Floats, peak: int) -> float:
    """Offset of a parabola's top from the middle of three values around ``peak``."""
    if not 0 < peak < len(values) - 1:
        return 0.0
    left, middle, right = (float(v) for v in values[peak - 1 : peak + 2])
    curvature = left - 2 * middle + right
    return 0.0 if curvature >= 0 else float(np.clip(0.5 * (left - right) / curvature, -0.5, 0.5))


def _overlap(before: Floats, after: Floats, stable: Bools, whole: NDArray[np.int_]) -> tuple[Floats, Floats, Bools]:
    """Cut both images to the ground they share once a whole-pixel shift is taken out."""
    (r, c), (rows, cols) = whole, stable.shape
    b = np.s_[max(0, -r) : rows - max(0, r), max(0, -c) : cols - max(0, c)]
    a = np.s_[max(0, r) : rows - max(0, -r), max(0, c) : cols - max(0, -c)]
    return before[:, b[0], b[1]], after[:, a[0], a[1]], stable[b] & stable[a]
