"""What is told: in order, followed to its ends, classed and measured.

Sections 9 and 10 of docs/explanation/method.md, as :mod:`imagery_diff.pair` asks for them.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from imagery_diff import pair_classes, pair_result
from imagery_diff.method.line_ends import to_their_ends
from imagery_diff.method.measure import Limits, measure
from imagery_diff.read.calibration import read_lengths

if TYPE_CHECKING:
    from imagery_diff.method.describe import Described
    from imagery_diff.method.views import Views
    from imagery_diff.pair_find import Frame
    from imagery_diff.pair_match import Matched


_THE_SAME = 0.5
"""Share of an outline that lies in another from which both are one thing: most of it."""


def apart(told: list[Described]) -> list[Described]:
    """Leave out what lies mostly in something stronger that came, or went, with it: the rim of a ship is no second one.

    In the order given.
    """
    kept: list[Described] = []
    for one in sorted(told, key=lambda d: -d.strength):
        outline = one.shape.outline
        same = (d.shape.outline for d in kept if d.direction == one.direction)
        if not any(outline.intersection(other).area > _THE_SAME * outline.area for other in same):
            kept.append(one)
    ids = {id(one) for one in kept}
    return [one for one in told if id(one) in ids]


def said(told: list[Described], views: Views, matched: Matched, frame: Frame) -> list[Described]:
    """Say of everything that is told what it is and how large, in the order in which it should be looked at."""
    params = frame.params
    told = pair_result.in_order(apart(told), frame.odds, frame.ground)
    told = to_their_ends(told, views, gap_px=params.join_gap_m / frame.grid.pixel_size_m[0])
    views = replace(views, blur_px=math.hypot(params.delivered_blur_px, matched.added_blur_px))
    told = pair_classes.classed(told, views, frame.pair, frame.ground)
    # Counted on design scenes, as the chances were: of other bands, units or pixels nothing is known.
    limits = Limits.of_table(read_lengths()) if frame.odds.calibration else None
    return [replace(d, measure=measure(d, views, limits)) for d in told]
