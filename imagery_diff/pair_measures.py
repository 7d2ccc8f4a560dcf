"""What is told, followed to its ends and measured.

Section 10 of docs/explanation/method.md, as :mod:`imagery_diff.pair` asks for it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from imagery_diff.method import line_ends
from imagery_diff.method.measure import Limits, measure
from imagery_diff.read.calibration import read_lengths

if TYPE_CHECKING:
    from imagery_diff.method.describe import Described
    from imagery_diff.method.views import Views
    from imagery_diff.pair_match import Matched
    from imagery_diff.params import Params


def to_their_ends(told: list[Described], views: Views, params: Params) -> list[Described]:
    """Follow lines to their ends, and join what turns out to be one."""
    return line_ends.to_their_ends(told, views, gap_px=params.join_gap_m / views.grid.pixel_size_m[0])


def measured(told: list[Described], views: Views, matched: Matched, params: Params) -> list[Described]:
    """Say how large everything is, in the order given."""
    limits = Limits.of_table(read_lengths())
    views = replace(views, blur_px=math.hypot(params.delivered_blur_px, matched.added_blur_px))
    return [replace(d, measure=measure(d, views, limits)) for d in told]
