"""Goods that left a yard while a vessel was at its quay: whether her deck shows a colour as theirs.

Section 7 of docs/explanation/timeline.md, as :mod:`imagery_diff.series` asks for it. The comparison is that of a pair
(:func:`imagery_diff.method.relation.same_colour`); both looks are held against each other in the numbers of the frame's
look. That a colour agrees never says that what is on deck is what stood on the quay.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from imagery_diff import series_history
from imagery_diff.method import radiometry, relation, zones
from imagery_diff.method.class_traits import Cut
from imagery_diff.series_chances import chance_of
from imagery_diff.write import timeline_sentences as words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from imagery_diff.aoi import AOI
    from imagery_diff.result import Comparison, Region
    from imagery_diff.result_series import Event, SeriesLook, Thing, Track
    from imagery_diff.series_history import Empty
    from imagery_diff.series_looks import Laid

    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float32]

_AROUND_PX = 5
"""Around a thing its cut reaches, pixels; pieces of a deck are three wide."""


@dataclass(frozen=True, kw_only=True)
class Alike:
    """Goods that left, and a vessel whose deck shows a colour as near to theirs as little ground does."""

    goods: str
    """Id of their track."""
    vessel: str
    shown: int
    """Look that shows the goods best."""
    aboard: int
    """Look that shows the vessel best after they were last seen."""
    angle_deg: float
    chance: float


def may_have_loaded(goods: Track, vessel: Track) -> bool:
    """Say whether a vessel may have been at the quay of a yard while goods left it, and was seen after that."""
    if goods.kind != "cargo" or vessel.kind != "vessel" or goods.group is None or goods.group != vessel.group:
        return False
    gone = goods.absent_after
    if gone is None or vessel.last <= goods.last:
        return False
    return vessel.absent_before is None or vessel.absent_before < gone


def same_colours(
    tracks: Sequence[Track],
    found: Mapping[int, Comparison],
    laid: Laid,
    lines: Mapping[int, NDArray[np.float64]],
    history: Empty,
) -> list[Alike]:
    """Hold goods that left against the decks of vessels that may have loaded them; of several the nearest is kept.

    Parameters
    ----------
    found
        Number of the look -> it against the empty place.
    lines
        Index of the look -> what brings it to common numbers.

    """
    alike = []
    for goods in tracks:
        pairs = [(goods, vessel) for vessel in tracks if may_have_loaded(goods, vessel)]
        if not pairs:
            continue
        n, stack = _best(goods, 0)
        if stack.activity != "containers" or n - 1 not in lines:
            continue
        colour_of = _cut(stack, n, laid, lines, history)
        held = []
        for _, vessel in pairs:
            m, hull = _best(vessel, goods.last)
            if m - 1 not in lines or hull.under_way or colour_of is None:
                continue
            deck = _cut(hull, m, laid, lines, history)
            if deck is None:
                continue
            image = series_history.in_common(laid, m - 1, lines[m - 1])
            same = relation.same_colour(colour_of, deck, image, _ground(image, found[m], laid, history))
            if same is not None:
                held.append(
                    Alike(
                        goods=goods.id,
                        vessel=vessel.id,
                        shown=n,
                        aboard=m,
                        angle_deg=same.angle_deg,
                        chance=same.chance,
                    )
                )
        alike += sorted(held, key=lambda a: (a.angle_deg, a.chance))[:1]
    return alike


def _best(track: Track, after: int) -> tuple[int, Region]:
    """Return the look that shows a thing best, of those after another, and the thing on it."""

    def sure(one: tuple[int, Thing]) -> tuple[float, float]:
        return chance_of(one[1].region) or 0.0, one[1].region.strength

    number, thing = max(((n, thing) for n, thing in track.seen if n > after), key=sure)
    return number, thing.region


def _cut(region: Region, look: int, laid: Laid, lines: Mapping[int, NDArray[np.float64]], history: Empty) -> Cut | None:
    """Cut a thing out of a look in common numbers; None where none of its pixels was seen clearly."""
    grid = laid.grid
    mask = zones.inside(region.geometry, grid) & laid.clear[look - 1]
    if not mask.any():
        return None
    window = tuple(
        slice(max(0, s.start - _AROUND_PX), min(n, s.stop + _AROUND_PX))
        for s, n in zip(zones.around(mask), grid.shape, strict=True)
    )
    rows, cols = window
    clear = laid.clear[look - 1][rows, cols]
    return Cut(
        mask=mask[rows, cols],
        stood=series_history.in_common(laid, look - 1, lines[look - 1], (rows, cols)),
        bare=history.data[:, rows, cols],
        water=None,
        seen=np.asarray(clear),
        changed=np.zeros(clear.shape, bool),
        shadow_px=None,
        names=laid.names,
        pixel_m=grid.pixel_size_m[0],
    )


def _ground(image: Floats, result: Comparison, laid: Laid, history: Empty) -> Bools:
    """Return dry ground that was seen and holds nothing told, (row, col): pieces of it cannot be the stack."""
    seen = (result.layers.flags == 0) & (history.flags == 0)
    quiet = seen.copy()
    for region in result.regions:
        quiet &= ~zones.inside(region.geometry.buffer(2 * laid.grid.pixel_size_m[0]), laid.grid)
    drawn = zones.drawn_water(result.aoi, laid.grid)
    # Without near infrared the drawn berths alone tell where water lies; no texture is asked.
    flat = np.zeros(seen.shape, np.float32)
    wet = radiometry.water_masks(history.data, image, seen, laid.names, flat, drawn)
    if wet is not None:
        quiet &= ~wet[0] & ~wet[1]
    return np.asarray(quiet if drawn is None else quiet & ~drawn, bool)


def with_colours(
    events: Sequence[Event], alike: Sequence[Alike], tracks: Sequence[Track], looks: Sequence[SeriesLook], place: AOI
) -> tuple[Event, ...]:
    """Say of goods that left and of the vessel whose colour it is that they agree, and how often ground does."""
    by_id, by_number = {t.id: t for t in tracks}, {look.number: look for look in looks}
    said: dict[tuple[str, str], str] = {}
    # Of several the nearest is said last, and stands.
    for one in sorted(alike, key=lambda a: -a.angle_deg):
        for track, event, other, look in (
            (one.goods, "cargo_disappeared", one.vessel, one.aboard),
            (one.vessel, "vessel_arrived", one.goods, one.shown),
        ):
            seen = by_id[other]
            said[track, event] = words.colour_words(
                seen.kind, place.zone(seen.zone), by_number[look], one.angle_deg, one.chance
            )
    return tuple(
        replace(e, description=f"{e.description}; {said[e.track, e.event]}")
        if e.track is not None and (e.track, e.event) in said
        else e
        for e in events
    )
