"""How a thing that came or went relates to what stands beside it, and to what came or went elsewhere.

`extends`, `shrinks`: beyond one of its four sides lies, on both dates, what has the thing's colour rather than that of
the ground it stood on: it is a part of a thing that was there before or is there still. `replaces`: something with an
edge of its own stood in its place on both dates. `moved`: a vessel of the same length, within limits, and of the same
colour lies elsewhere along the same line on the other date. `new`: it came, and none of these. `unclear`: all else; of
a whole thing that went nothing more is to be said, and there is no other word for it.

Assumption: a thing is of one colour on the whole, and the ground beside it is that under it. Broken by: a stack beside
a shed of its colour; a stack that grew in other colours than it had; a ship that moved by less than its length, whose
two ends are two regions; two sisters, one of which came as the other went.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from imagery_diff.method.class_traits import Cut, angle_deg, edge_before_it
from imagery_diff.method.regions import Direction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from imagery_diff.method.class_traits import Numbers

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]

_FLOOR = 2e-3
_BESIDE_PX = (2.0, 5.0)
"""How far beyond the outline what lies beside it is looked at, pixels: beyond the point spread, and no further than a
row of containers."""
_LEAST_PX = 6
_MUCH_NEARER = 0.5
"""What lies beside it is part of it if its colour is half as far from the thing's as from the bare ground's."""
_STOOD = 1 / 3
"""Share of the edge that lies there without it, of both dates' edges together, from which something stood there."""
_LENGTH_SHARE, _LENGTH_PX = 0.10, 4.0
"""Two hulls are as long as each other within a tenth, or four pixels: each end is good to one (facts.md 2.6)."""
_SAME_ANGLE_DEG = 6.0
_SAME_LEVEL = 0.3
"""Same colour: spectral angle and log brightness of one hull on two dates; calibration and sun change both a little."""
_TURN_DEG = 15.0
_ASIDE_BEAMS = 1.5
"""Along the same quay: no further off its line than this many beams, for a berth may be taken on a fender."""
_REACH_M = 1000.0
"""The longest quay of the place, and some."""
_WINDOW_PX = 3
"""Side of the smallest piece whose colour is compared, pixels: what is on a deck must fill one."""
_NEAR_DEG = 10.0
"""Spectral angle beyond which two things are of other colours, degrees: blue and grey paint are 25 apart, two coats of
one blue 3, and a piece of three pixels is mixed with the deck around it."""
MOST_CHANCE = 0.1
"""Of ground pieces as near in colour; more, and nothing is said."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Whole:
    """A region as it is held against others."""

    place: tuple[float, float]
    """Middle, map metres."""
    numbers: Numbers
    direction: Direction
    activity: str
    cut: Cut


def own_relation(thing: Whole) -> str:
    """Say how a thing relates to what stands in its place and beside it."""
    if thing.direction == Direction.CHANGED:
        return "replaces" if edge_before_it(thing.cut) >= _STOOD else "unclear"
    if thing.activity != "vessel" and stands_beside(thing.cut, thing.numbers):
        return "extends" if thing.direction == Direction.APPEARED else "shrinks"
    return "new" if thing.direction == Direction.APPEARED else "unclear"


def _logs(image: Floats, mask: Bools) -> NDArray[np.float64]:
    """Return (band,), log of the median reflectance on a mask."""
    return np.asarray(np.log(np.maximum(np.median(image[:, mask], axis=1), _FLOOR)), np.float64)


def stands_beside(cut: Cut, numbers: Numbers) -> bool:
    """Whether what lies beyond one of its sides has, on both dates, its colour rather than that of its bare ground.

    A side counts where most of it has the colour: what merely touches a corner is no part of it.

    """
    own, ground = _logs(cut.stood, cut.mask), _logs(cut.bare, cut.mask)
    apart = float(np.sqrt(np.mean((own - ground) ** 2)))
    if apart <= 0:
        return False
    for beside in _sides(cut, numbers):
        if np.count_nonzero(beside) < _LEAST_PX:
            continue
        there = [_logs(image, beside) for image in (cut.stood, cut.bare)]
        to_own, to_ground = (
            max(float(np.sqrt(np.mean((value - colour) ** 2))) for value in there)
            if colour is own
            else min(float(np.sqrt(np.mean((value - colour) ** 2))) for value in there)
            for colour in (own, ground)
        )
        if to_own < _MUCH_NEARER * to_ground and to_own < _MUCH_NEARER * apart:
            return True
    return False


def _sides(cut: Cut, numbers: Numbers) -> list[Bools]:
    """Return what lies beyond each of the four sides, (row, col): as far as the thing is broad there."""
    rows, cols = np.indices(cut.mask.shape)
    azimuth = np.radians(numbers.orientation_deg)
    ahead = -rows * np.cos(azimuth) + cols * np.sin(azimuth)
    aside = rows * np.sin(azimuth) + cols * np.cos(azimuth)
    sides = []
    for along, across in ((ahead, aside), (aside, ahead)):
        first, last = np.percentile(along[cut.mask], (2, 98))
        low, high = np.percentile(across[cut.mask], (10, 90))
        within = (across >= low) & (across <= high) & cut.seen & ~cut.mask
        sides += [
            within & (beyond >= _BESIDE_PX[0]) & (beyond <= _BESIDE_PX[1]) for beyond in (along - last, first - along)
        ]
    return sides


def moved_pairs(things: Sequence[Whole], pixel_m: float) -> dict[int, int]:
    """Return, for each vessel that left one place and took another along the same line, the place of its other region.

    Each is paired once, the nearest in colour first; where two are as likely neither is (a tenth of a degree apart).

    """
    gone = [k for k, t in enumerate(things) if t.activity == "vessel" and t.direction == Direction.DISAPPEARED]
    come = [k for k, t in enumerate(things) if t.activity == "vessel" and t.direction == Direction.APPEARED]
    found = [(a, g, c) for g in gone for c in come if (a := _as_one_hull(things[g], things[c], pixel_m)) is not None]
    pairs: dict[int, int] = {}
    for angle, g, c in sorted(found):
        rivals = [a for a, other, that in found if (other == g) != (that == c)]
        if g not in pairs and c not in pairs and all(a > angle + 0.1 for a in rivals):
            pairs[g], pairs[c] = c, g
    return pairs


def _as_one_hull(one: Whole, other: Whole, pixel_m: float) -> float | None:
    """Return by what angle two vessels differ in colour, degrees; None where they are not one that moved along."""
    lengths = (one.numbers.length_m, other.numbers.length_m)
    if abs(lengths[0] - lengths[1]) > max(_LENGTH_PX * pixel_m, _LENGTH_SHARE * max(lengths)):
        return None
    turn = abs((one.numbers.orientation_deg - other.numbers.orientation_deg + 90) % 180 - 90)
    step = np.subtract(other.place, one.place)
    if turn > _TURN_DEG or float(np.hypot(*step)) > _REACH_M:
        return None
    azimuth = np.radians(one.numbers.orientation_deg)
    aside = abs(float(step[0] * np.cos(azimuth) - step[1] * np.sin(azimuth)))
    if aside > _ASIDE_BEAMS * max(one.numbers.width_m, other.numbers.width_m):
        return None
    colours = [np.exp(_logs(t.cut.stood, inside(t.cut.mask))) for t in (one, other)]
    level = abs(float(np.mean(np.log(colours[0])) - np.mean(np.log(colours[1]))))
    angle = angle_deg(*colours)
    return angle if angle <= _SAME_ANGLE_DEG and level <= _SAME_LEVEL else None


@dataclass(frozen=True, kw_only=True)
class SameColour:
    """A stack that is gone and something on a deck, as near in colour as little else is."""

    angle_deg: float
    """Least spectral angle between the stack and a piece of three by three pixels of the deck."""
    chance: float
    """Share of pieces of dry ground as large as the deck that hold anything as near; no probability of being one."""


def same_colour(gone: Cut, deck: Cut, image: Floats, ground: Bools) -> SameColour | None:
    """Compare a stack that is gone with what a deck shows on the other date.

    Parameters
    ----------
    image
        (band, row, col), the image that shows the deck.
    ground
        (row, col), dry ground without regions, seen: where pieces are taken that cannot be the stack.

    Returns
    -------
    None where nothing on the deck is near, or where a tenth of the ground holds what is as near, or more.

    """
    colour = np.exp(_logs(gone.stood, inside(gone.mask)))
    on_deck = _angles(deck.stood, colour)[inside(deck.mask)]
    if not len(on_deck):
        return None
    least = float(on_deck.min())
    side = max(_WINDOW_PX, round(np.sqrt(np.count_nonzero(deck.mask))))
    nearest = ndimage.minimum_filter(np.where(ground, _angles(image, colour), np.inf), size=side)
    whole = ndimage.uniform_filter(ground.astype(np.float32), size=side) > 0.9  # noqa: PLR2004 - all but a rim
    if least > _NEAR_DEG:
        return None
    pieces = nearest[::side, ::side][whole[::side, ::side]]
    if not len(pieces):
        return None
    # One more on both sides: none of few pieces is no proof that there are none.
    chance = float((np.count_nonzero(pieces <= least) + 1) / (len(pieces) + 1))
    return SameColour(angle_deg=least, chance=chance) if chance <= MOST_CHANCE else None


def _angles(image: Floats, colour: NDArray[np.float64]) -> Floats:
    """Return the spectral angle of each pixel with its neighbours to a colour, degrees; (row, col)."""
    mean = np.stack([ndimage.uniform_filter(band, size=_WINDOW_PX) for band in image])
    cosine = np.tensordot(colour, mean, 1) / np.maximum(
        np.linalg.norm(mean, axis=0) * float(np.linalg.norm(colour)), 1e-12
    )
    return np.asarray(np.degrees(np.arccos(np.clip(cosine, -1, 1))), np.float32)


def inside(mask: Bools) -> Bools:
    """Return a mask without its rim, which is mixed with the ground; all of it where nothing would be left."""
    inner = ndimage.binary_erosion(mask, np.ones((3, 3), bool))
    return np.asarray(inner if np.count_nonzero(inner) >= _LEAST_PX else mask)
