"""Where a picture lies on a reference image: features that both show, and the affine map most of them agree on.

Scale-invariant features (Lowe 2004, 10.1023/B:VISI.0000029664.99615.94) find each other whatever the size and turn of
the picture; RANSAC (Fischler and Bolles 1981, 10.1145/358669.358692) finds the map; the points that agree fit it by
least squares, and their root mean square is what is known of its error.

Assumption: the picture is the same ground, seen from above like the reference, so that an affine map carries it;
ground under neither cloud nor drawing is in both. Broken by: oblique photographs, another season over fields, water
everywhere. A wrong map would need a dozen features to agree by chance to two pixels; twelve that spread over a quarter
of each side are asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from skimage.feature import SIFT, match_descriptors
from skimage.measure import ransac
from skimage.transform import AffineTransform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]

LEAST_POINTS = 12
"""Points that must agree on the map."""
_SPREAD = 0.25
"""Share of the picture's width and height that they must span: a map from one corner means nothing at the other."""
_AGREE_PX = 2.0
"""Points agree if the map carries one to within so many pixels of the other: features are found to about one."""
_RATIO = 0.85
"""A match must be so much nearer than the next best (Lowe 2004: .8 for one object among many)."""
_TRIES = 4000
_MAX_SHEAR, _MAX_STRETCH = 0.2, 1.3
"""A view from above is turned and scaled, hardly sheared (radians) or stretched one way more than the other."""


@dataclass(frozen=True, kw_only=True)
class Match:
    """An affine map from a picture's pixels to the reference's; both (col, row) of pixel centres."""

    matrix: NDArray[np.float64]
    """(2, 3)."""
    rms_px: float
    """Root mean square by which the points disagree, pixels of the reference."""
    points: int


def find_affine(picture: Floats, reference: Floats, hidden: Bools | None = None) -> Match | None:
    """Find the map from a picture to a reference.

    Parameters
    ----------
    picture, reference
        (row, col), brightness, each on any scale.
    hidden
        (row, col) of the picture, True where nothing is to be looked for: what was drawn on it.

    Returns
    -------
    The map; None where too few features agree on one, or it is none of a view from above.

    """
    first, second = _features(picture, hidden), _features(reference, None)
    if first is None or second is None:
        return None
    pairs = match_descriptors(first[1], second[1], max_ratio=_RATIO, cross_check=True)
    if len(pairs) < LEAST_POINTS:
        return None
    source, target = first[0][pairs[:, 0]], second[0][pairs[:, 1]]
    model, agreeing = ransac(
        (source, target),
        AffineTransform,
        min_samples=3,
        residual_threshold=_AGREE_PX,
        max_trials=_TRIES,
        rng=0,
    )
    if model is None or agreeing is None or np.count_nonzero(agreeing) < LEAST_POINTS:
        return None
    source, target = source[agreeing], target[agreeing]
    if (np.ptp(source, axis=0) < _SPREAD * np.array(picture.shape[::-1])).any():
        return None
    design = np.column_stack([source, np.ones(len(source))])
    solution, *_ = np.linalg.lstsq(design, target, rcond=None)
    if not _from_above(solution.T):
        return None
    left = target - design @ solution
    rms = float(np.sqrt((left**2).sum() / (len(source) - 3)))
    return Match(matrix=solution.T, rms_px=rms, points=len(source))


def _features(image: Floats, hidden: Bools | None) -> tuple[NDArray[np.float64], NDArray[Any]] | None:
    """Return where features lie, (point, 2) as columns and rows, and their descriptors; None where there are none."""
    low, high = np.percentile(image, (1, 99))
    if not high > low:
        return None
    detector = SIFT(upsampling=1)
    try:
        detector.detect_and_extract(np.clip((image - low) / (high - low), 0, 1))
    except RuntimeError:  # none were found
        return None
    places = np.asarray(detector.positions, float)[:, ::-1]
    descriptors = np.asarray(detector.descriptors)
    if hidden is not None:
        rows, cols = np.rint(places[:, 1]).astype(int), np.rint(places[:, 0]).astype(int)
        seen = ~hidden[np.clip(rows, 0, hidden.shape[0] - 1), np.clip(cols, 0, hidden.shape[1] - 1)]
        places, descriptors = places[seen], descriptors[seen]
    return (places, descriptors) if len(places) else None


def _from_above(matrix: NDArray[np.float64]) -> bool:
    """Whether a map is a turn and a scale, hardly a shear, and no mirror image."""
    linear = matrix[:, :2]
    if np.linalg.det(linear) <= 0:
        return False
    stretches = np.linalg.svd(linear, compute_uv=False)
    axes = linear / np.linalg.norm(linear, axis=0)
    shear = abs(float(np.pi / 2 - np.arccos(np.clip(axes[:, 0] @ axes[:, 1], -1, 1))))
    return bool(stretches[0] / stretches[1] <= _MAX_STRETCH and shear <= _MAX_SHEAR)
