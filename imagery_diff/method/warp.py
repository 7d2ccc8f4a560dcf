"""A shift that differs from place to place: an affine or a smooth field, where the windows ask for one.

Orthorectified images differ by more than a translation where the elevation model, the attitude or the mosaic's seams
were off. A field can also follow noise, so it is taken only where it predicts windows that had no part in it: five-fold
cross-validation (Stone 1974, 10.1111/j.2517-6161.1974.tb00994.x). The smooth field is a thin-plate spline (Duchon 1977,
10.1007/BFb0086566), its smoothing chosen the same way; over water, where no window speaks, it goes on as a plane does.

Assumption: the field is smooth over some windows. Broken by: a seam of a mosaic, buildings taller than windows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy  # what few pairs need is loaded when it is first named
from scipy import ndimage

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from imagery_diff.method.refine import Local

    Doubles = NDArray[np.float64]
    Field = Callable[[Doubles], Doubles]
    Fit = Callable[[Doubles, Doubles, Doubles], Field]

_NODE_PX = 24
"""Spacing of the nodes a field is stored at, pixels; finer than any window it was fitted to."""
_LEAST_WINDOWS = 10
"""Fewer windows fix no field: a plane has six numbers, and some must be held out."""
_LEAST_SPREAD_PX = 0.3
"""Windows that agree better than this need no field (method.md, Q1)."""
_FOLDS = 5
_SMOOTHING = (0.3, 3.0, 30.0)
"""Smoothing of the thin plate, in variances of a window."""
_GAIN = {"affine": 0.9, "quadratic": 0.9, "smooth": 0.75}
"""A field must bring the held-out residual to this share of the next simpler one's, besides being significant. Of a
thin plate more is asked: between windows it bends as it likes."""
_SIGNIFICANT = 2.0
"""Standard errors by which held-out windows must on average be better."""
_OWN_PX = 0.05
"""What even the best window is off by on its own: roofs, shadows."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Warp:
    """How a shift differs from place to place, beside the one shift of all windows together."""

    model: str
    """``affine``, ``quadratic`` or ``smooth``."""
    why: str
    """What was found on windows that had no part in the fit."""
    nodes: Doubles
    """(2, row, col): rows and cols added to the shift at every node, pixels; node (0, 0) lies on the grid's corner."""
    spread_px: float
    """Root mean square of the field over the windows, pixels."""
    left_px: float
    """Median distance of held-out windows from it, pixels."""

    def over(self, shape: tuple[int, int]) -> Doubles:
        """Return (2, row, col): rows and cols to add to the shift at the middle of every pixel."""
        rows, cols = ((np.arange(n) + 0.5) / _NODE_PX for n in shape)
        at = np.meshgrid(rows, cols, indexing="ij")
        return np.stack([ndimage.map_coordinates(part, at, order=1, mode="nearest") for part in self.nodes])


def estimate_warp(local: Local, shape: tuple[int, int]) -> tuple[Warp | None, str]:
    """Choose between no field, an affine and a smooth one.

    Parameters
    ----------
    local
        Shift of each window beside the mean, with its variance and place.
    shape
        Of the grid.

    Returns
    -------
    warp, why
        None where the translation stands, and why.

    """
    if len(local.shift) < _LEAST_WINDOWS:
        return None, f"only {len(local.shift)} windows hold a shift of their own, too few for a field"
    spread = disagreement(local.shift)
    if spread <= _LEAST_SPREAD_PX:
        return None, f"windows agree to {spread:.2f} px"
    weight = 1 / (local.variance + _OWN_PX**2)
    base = _held_out(local, weight, _fit_constant)
    best: Fit = _fit_constant
    name, residual = "translation", base
    plates: list[tuple[Fit, str]] = [(_fit_plate(s), "smooth") for s in _SMOOTHING]
    for candidate, title in [(_fit_affine, "affine"), (_fit_quadratic, "quadratic"), *plates]:
        tried = _held_out(local, weight, candidate)
        if _better(tried, residual, weight, _GAIN[title]):
            best, name, residual = candidate, title, tried
    before, after = _typical(base, weight), _typical(residual, weight)
    if name == "translation":
        return None, f"windows disagree by {spread:.2f} px, but no field predicts held-out windows better"
    field = best(local.place, local.shift, weight)
    made = field(local.place)
    mean = np.average(made, axis=0, weights=weight)
    nodes = _at_nodes(field, shape)
    size = float(np.sqrt(np.average(((made - mean) ** 2).sum(axis=1), weights=weight)))
    why = f"held-out windows are off by {after:.2f} px with it, by {before:.2f} px with a translation"
    return Warp(model=name, why=why, nodes=nodes, spread_px=size, left_px=after), why


def disagreement(shifts: Doubles) -> float:
    """Return the distance from the middle that four windows in five keep; (window, 2) in pixels."""
    return float(np.quantile(np.hypot(*(shifts - np.median(shifts, axis=0)).T), 0.8))


def _typical(residual: Doubles, weight: Doubles) -> float:
    """Weighted median."""
    order = np.argsort(residual)
    share = np.cumsum(weight[order]) / weight.sum()
    return float(residual[order][np.searchsorted(share, 0.5)])


def _better(tried: Doubles, known: Doubles, weight: Doubles, share: float) -> bool:
    """Say whether held-out windows are closer on the whole, by more than chance, outliers bounded."""
    limit = 4 * max(_typical(known, weight), 1e-9)
    gain = np.minimum(known, limit) - np.minimum(tried, limit)
    mean = np.average(gain, weights=weight)
    error = np.sqrt(np.sum((weight / weight.sum()) ** 2 * (gain - mean) ** 2))
    return bool(_typical(tried, weight) < share * _typical(known, weight) and mean > _SIGNIFICANT * error)


def _held_out(local: Local, weight: Doubles, fit: Fit) -> Doubles:
    """Distance of each window from a field fitted without it and a fifth of the others."""
    fold = np.arange(len(weight)) % _FOLDS
    out = np.zeros(len(weight))
    for k in range(_FOLDS):
        use = fold != k
        field = fit(local.place[use], local.shift[use], weight[use])
        out[~use] = np.hypot(*(local.shift[~use] - field(local.place[~use])).T)
    return out


def _fit_constant(place: Doubles, shift: Doubles, weight: Doubles) -> Field:
    return _robust_polynomial(place, shift, weight, terms=1)


def _fit_affine(place: Doubles, shift: Doubles, weight: Doubles) -> Field:
    return _robust_polynomial(place, shift, weight, terms=3)


def _fit_quadratic(place: Doubles, shift: Doubles, weight: Doubles) -> Field:
    return _robust_polynomial(place, shift, weight, terms=6)


def _robust_polynomial(place: Doubles, shift: Doubles, weight: Doubles, terms: int) -> Field:
    """Weighted least squares of a polynomial with Tukey's weights."""
    origin, scale = place.mean(axis=0), max(float(place.std()), 1.0)

    def design(at: Doubles) -> Doubles:
        row, col = ((at - origin) / scale).T
        return np.column_stack([np.ones(len(at)), row, col, row * row, row * col, col * col])[:, :terms]

    root: Doubles = np.sqrt(weight)
    numbers: Doubles = np.zeros((terms, 2))
    for _ in range(8):
        numbers = np.asarray(
            np.linalg.lstsq(design(place) * root[:, None], shift * root[:, None], rcond=None)[0], float
        )
        size = np.hypot(*(shift - design(place) @ numbers).T)
        root = np.sqrt(weight) * _tukey(size)
    return lambda at: design(at) @ numbers


def _tukey(size: Doubles) -> Doubles:
    limit = 4.685 * 1.4826 * max(float(np.median(size)), 1e-6)
    weight: Doubles = 1 - np.minimum(size / limit, 1) ** 2
    return np.maximum(weight, 1e-3)


def _fit_plate(smoothing: float) -> Fit:
    """Return a fit of thin plates through windows, those far from a smoother one left out."""

    def fit(place: Doubles, shift: Doubles, weight: Doubles) -> Field:
        scale = max(float(place.std()), 1.0)
        use = np.ones(len(weight), bool)
        plate = None
        for _ in range(2):
            variance = 1 / weight[use] / np.median(1 / weight)
            plate = scipy.interpolate.RBFInterpolator(
                place[use] / scale, shift[use], smoothing=smoothing * variance, kernel="thin_plate_spline"
            )
            size = np.hypot(*(shift - plate(place / scale)).T)
            kept = size <= 5 * max(float(np.median(size)), 0.02)
            if kept.sum() < _LEAST_WINDOWS / 2:
                break
            use = kept
        assert plate is not None
        final = plate
        return lambda at: final(at / scale)

    return fit


def _at_nodes(field: Field, shape: tuple[int, int]) -> Doubles:
    """(2, row, col) of a field at nodes that reach beyond the grid."""
    axes = [np.arange(-(-n // _NODE_PX) + 1) * float(_NODE_PX) for n in shape]
    rows, cols = np.meshgrid(*axes, indexing="ij")
    made = field(np.column_stack([rows.ravel(), cols.ravel()]))
    return np.ascontiguousarray(made.T.reshape(2, *rows.shape))
