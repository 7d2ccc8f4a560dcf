"""One changed area -> the things in it: a train and the stack beside it, a ship and the heap on the quay.

Things of a port are close to rectangles: hulls, stacks, trains, heaps. An area that falls into several parts when the
level is raised is several things if the parts fill their own rectangles clearly better than the area fills its one.
The parts are those of the component tree of the evidence (Jones 1999, Computer Vision and Image Understanding 75), and
each takes the ground that drains to it (watershed; Beucher and Lantuejoul 1979).

Assumption: between two things lies ground that changed less than either. Broken by: two things that touch, two of the
same length side by side.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from shapely import convex_hull, get_coordinates, multipoints
from skimage.segmentation import watershed

from imagery_diff.method.regions import Patch
from imagery_diff.method.shade import thrown_by
from imagery_diff.method.zones import around

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]
    Vector = tuple[float, float]

_EIGHT = np.ones((3, 3), bool)
_MOST_REMEMBERED = 256
"""Areas whose things are remembered: a pair has some dozens."""
_LARGEST_PX = 1 << 16
"""No larger area is: all of them together take 32 MB at most."""
_remembered: dict[bytes, NDArray[np.uint16] | None] = {}
"""A digest of an area -> the things in it: where things are put into a pair again and again most areas are those of the
pair as it is."""
_STEP = 1.2
"""Factor from one level to the next."""
_BETTER = 0.12
"""By how much more of their rectangles the parts must fill than the whole: the corner that a bow leaves empty."""
_HARDLY = 0.08
"""What two blurred edges leave of their step half-way between them falls to this where they stand four pixels apart
(two normal integrals of deviation 1.2 pixels, the delivered blur): more than a container that matches its ground."""
_OUTSIDE = 0.5
"""Below this share of a thing's typical difference lies what is not the thing: outlines are drawn there too."""
_NO_LINE_PX = 2.5
"""A piece whose middle lies deeper than this is no train: one pixel wide, blurred to three or four."""
_CASTER_SHARE = 0.25
"""How large the thing must be beside the shadow that is called its own: a low sun makes shadows four times as long."""
_THROWN = 0.7
"""Share of a dark area that a thing's shadow must cover to explain it; the rest is blur."""


def take_apart(
    patch: Patch,
    strength: Floats,
    shaded: tuple[Bools, Bools],
    reach_px: tuple[Vector, Vector] | None,
    *,
    least_px: int,
) -> tuple[list[Patch], Bools]:
    """Take the shadows of what came or went off a patch, and split the rest into things.

    Parameters
    ----------
    strength
        (row, col), evidence pixel on pixel.
    shaded
        (row, col) twice, in shade before and after.
    reach_px
        For both dates how far the highest thing's shadow reaches from it, (rows, cols); None = leave shadows alone.
    least_px
        Smallest thing, pixels.

    Returns
    -------
    things, shadows
        Patches, and (row, col) in the patch's window what was taken off.

    """
    window = patch.window
    field = np.maximum(strength[window], np.float32(1e-3))
    mask = patch.mask
    for dark, reach in zip(shaded, reach_px or (), strict=reach_px is not None):
        mask = without_own_shadow(mask, dark[window], field, reach)
    labels, count = ndimage.label(mask, _EIGHT)
    things = []
    for number in range(1, count + 1):
        part = labels == number
        if np.count_nonzero(part) >= least_px:
            things += separate(field, part, least_px=least_px)
    return [Patch(window=window, mask=m, strength=patch.strength) for m in things], patch.mask & ~mask


def without_own_shadow(mask: Bools, shaded: Bools, strength: Floats, reach_px: Vector) -> Bools:
    """Take a shadow off a changed area if a thing beside it, in the same area, throws it.

    A heap of coal is as dark as a shadow, but nothing stands sunwards of it.
    """
    shade = mask & shaded
    if not shade.any():
        return mask
    caster = mask & ~shade & (strength >= 0.5 * np.median(strength[shade]))
    caster = ndimage.binary_opening(caster, np.ones((2, 2), bool))
    large = np.count_nonzero(caster) >= _CASTER_SHARE * np.count_nonzero(shade)
    return mask & ~shade if large and thrown_by(caster, shade, reach_px) >= _THROWN else mask


def separate(strength: Floats, mask: Bools, *, least_px: int) -> list[Bools]:
    """Split a changed area into the things it holds.

    Parameters
    ----------
    strength
        (row, col), evidence.
    mask
        (row, col), one connected area.
    least_px
        Smallest part, pixels.

    Returns
    -------
    Masks (row, col), disjoint, their union the whole area.

    """
    answer = _remember(strength, mask, least_px) if mask.size <= _LARGEST_PX else _separated(strength, mask, least_px)
    return [mask] if answer is None else [answer == number for number in range(1, answer.max() + 1)]


def _remember(strength: Floats, mask: Bools, least_px: int) -> NDArray[np.uint16] | None:
    """Return what :func:`_separated` answers, or answered before."""
    key = _key_of(strength, mask, least_px)
    answer = _remembered.get(key, ...)
    if answer is ...:
        answer = _separated(strength, mask, least_px)
        for oldest in list(_remembered)[: len(_remembered) + 1 - _MOST_REMEMBERED]:
            _remembered.pop(oldest, None)
        _remembered[key] = answer
    return answer


def _key_of(strength: Floats, mask: Bools, least_px: int) -> bytes:
    digest = blake2b(repr((mask.shape, least_px)).encode(), digest_size=16)
    digest.update(strength.tobytes())
    digest.update(mask.tobytes())
    return digest.digest()


def _separated(strength: Floats, mask: Bools, least_px: int) -> NDArray[np.uint16] | None:
    """Return the number of the thing that each pixel of an area belongs to, (row, col); None where it is one thing."""
    parts = _leaves(strength, mask, float(strength[mask].min()), least_px)
    if len(parts) < 2:  # noqa: PLR2004 - one thing
        return None
    markers = np.zeros(mask.shape, np.int32)
    for number, part in enumerate(parts, start=1):
        markers[part] = number
    return np.asarray(watershed(-strength, markers, connectivity=_EIGHT, mask=mask), np.uint16)


def _leaves(strength: Floats, mask: Bools, level: float, least_px: int) -> list[Bools]:
    """Return the parts an area is best described by; nothing but the rectangle that holds it is looked at."""
    window = around(mask)
    own = mask[window]
    leaves = _leaves_of(strength[window], own, level, least_px)
    if len(leaves) == 1 and leaves[0] is own:
        return [mask]
    laid = np.zeros((len(leaves), *mask.shape), bool)
    laid[:, *window] = leaves
    return list(laid)


def _leaves_of(strength: Floats, mask: Bools, level: float, least_px: int) -> list[Bools]:
    top = float(strength[mask].max())
    inner, lowest = mask, float(strength[mask].min())
    while level * _STEP < top:
        level *= _STEP
        if level <= lowest:  # it takes nothing off
            continue
        labels, _ = ndimage.label(inner & (strength >= level), _EIGHT)
        sizes = np.bincount(labels.ravel())[1:]
        numbers = 1 + np.flatnonzero(sizes >= least_px)
        if len(numbers) == 0:
            break
        pieces = [labels == n for n in numbers]
        if len(pieces) > 1:
            weaker = min(float(np.percentile(strength[piece], 80)) for piece in pieces)
            if level <= _HARDLY * weaker and not any(_is_line(piece) for piece in pieces):
                return [leaf for piece in pieces for leaf in _leaves(strength, piece, level, least_px)]
            parts = [leaf for piece in pieces for leaf in _leaves(strength, piece, level, least_px)]
            filled = np.average([_fill(p) for p in parts], weights=[np.count_nonzero(p) for p in parts])
            # Ground between things is no part of either; what a level takes off within one thing is.
            whole = inner if level < _OUTSIDE * weaker else mask
            if filled > _fill(whole) + _BETTER:
                return parts
            # The parts of one thing: a ship's house and holds, a train's cars. Its strongest part says no more.
            return [mask]
        inner = pieces[0]
        lowest = float(strength[inner].min())
    return [mask]


def _is_line(piece: Bools) -> bool:
    """Whether a piece is so thin that others in its line may be cars of the same train, however far the next."""
    return float(ndimage.distance_transform_edt(np.pad(piece, 1)).max()) < _NO_LINE_PX


def _fill(mask: Bools) -> float:
    """Share of the smallest rectangle, at any angle, that the pixels fill."""
    rows = np.flatnonzero(mask.any(axis=1))
    # The hull touches no pixel of a row but its first and its last.
    first, last = mask[rows].argmax(axis=1), mask.shape[1] - mask[rows, ::-1].argmax(axis=1)
    corners = np.concatenate([np.column_stack([rows + r, c]) for r in (0, 1) for c in (first, last)]).astype(float)
    hull = get_coordinates(convex_hull(multipoints(corners)))
    edges = np.diff(hull, axis=0)
    edges /= np.hypot(edges[:, 0], edges[:, 1])[:, None]
    along = hull @ edges.T
    across = hull @ np.column_stack([-edges[:, 1], edges[:, 0]]).T
    return float(np.count_nonzero(mask) / np.min(np.ptp(along, axis=0) * np.ptp(across, axis=0)))
