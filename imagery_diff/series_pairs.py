"""Two looks held against each other: whether their pair tells what the empty place tells of each.

Section 6 of docs/explanation/timeline.md, as :mod:`imagery_diff.series` asks for it. The empty place was learned from
the looks; a pair of looks knows nothing of it.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from imagery_diff.errors import ImageryDiffError, ImageryDiffWarning
from imagery_diff.method import zones
from imagery_diff.pair import compare
from imagery_diff.result_series import NO
from imagery_diff.series_states import CLEAR_SHARE, PART_OF_THE_PLACE, REACHES
from imagery_diff.series_tracks import are_one
from imagery_diff.write import timeline_sentences as words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shapely.geometry.base import BaseGeometry

    from imagery_diff.aoi import AOI
    from imagery_diff.params import Params
    from imagery_diff.result import Comparison
    from imagery_diff.result_series import Cell, Event, SeriesLook
    from imagery_diff.series_looks import Laid

_CAME = {"vessel_arrived", "cargo_appeared", "rail_appeared"}
_WENT = {"vessel_departed", "cargo_disappeared", "rail_disappeared"}
_MORE, _LESS = {"cargo_grew"}, {"cargo_shrank"}
_EITHER = {"stockpile_changed"}
_LIKELIER_THAN_NOT = 0.5
_FOLLOWED = _CAME | _WENT | _MORE | _LESS | _EITHER
"""Events that a pair of looks can tell too."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """Pairs of the looks of a series, each compared once."""

    laid: Laid
    place: AOI
    """As laid."""
    params: Params
    progress: Callable[[str], None]
    _kept: dict[tuple[int, int], Comparison | str] = field(default_factory=dict, repr=False)

    def between(self, one: int, other: int) -> Comparison | str:
        """Return what two looks tell of each other, by their numbers; why they cannot be compared, if they cannot."""
        if (one, other) not in self._kept:
            self.progress("comparing looks with each other")
            self._kept[one, other] = self._compared(one - 1, other - 1)
        return self._kept[one, other]

    def _compared(self, one: int, other: int) -> Comparison | str:
        try:
            # What is doubtful about two looks is said where each is held against the empty place.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ImageryDiffWarning)
                found = compare(
                    self.place,
                    self.laid.scene(one),
                    self.laid.scene(other),
                    detect="alarm",
                    fit=False,
                    notes=False,
                    shift=self.laid.shifts.get((one, other)),
                    params=self.params,
                )
        except ImageryDiffError as error:
            return str(error)
        self.laid.let_go()
        return replace(found, layers=found.layers.set_aside(self.laid.folder))


def not_denied(cells: Sequence[Cell], numbers: Sequence[int], pairs: Pairs, looks: Sequence[SeriesLook]) -> list[Cell]:
    """Leave no ``no`` standing of which the pair of two looks that follow each other says that something stood there.

    Parameters
    ----------
    cells
        By the empty place.
    numbers
        Of the looks that were compared with it, in the order of time.
    pairs, looks
        The looks against each other, and when each was.

    """
    denied: dict[tuple[int, str], str] = {}
    told: dict[int, list[BaseGeometry]] = {}
    for cell in cells:
        told.setdefault(cell.look, []).extend(thing.region.geometry for thing in cell.things)
    deniable = {cell.look for cell in cells if NO in cell.states.values()}
    for one, other in pairwise(numbers):
        if not deniable & {one, other}:
            continue  # clouds over both: there is nothing to deny
        found = pairs.between(one, other)
        if isinstance(found, str):
            continue
        for region in found.regions:
            if region.activity in PART_OF_THE_PLACE:
                continue
            for look, against in ((one, other), (other, one)):
                elsewhen = region.direction == ("appeared" if look == one else "disappeared")
                # What a pair gives no direction is explained by what either look shows there.
                there = told.get(look, []) + (told.get(against, []) if region.direction == "changed" else [])
                if elsewhen or any(are_one(outline, region.geometry) for outline in there):
                    continue
                text = words.denied_words(region, looks[against - 1], pairs.place.timezone)
                denied |= {(look, name): text for name, share in region.zone_shares.items() if share >= REACHES}

    whys = [denied.get((cell.look, cell.zone.name)) for cell in cells]
    return [cell if why is None else cell.with_no_denied(why) for cell, why in zip(cells, whys, strict=True)]


def with_pairs(events: Sequence[Event], pairs: Pairs, looks: Sequence[SeriesLook]) -> tuple[Event, ...]:
    """Say of each event, where the pair of its two looks does not tell it, what that pair tells instead.

    That goods grew or shrank is read from two outlines; where the pair tells another direction there, or does not show
    the place, it is not told. That a pair tells nothing is no denial: what was added may be shorter than what it would
    tell. Of all events one of both is asked: that the look which shows the thing best calls it likelier than not, or
    that the pair tells it too.
    """
    numbers = {look.time: look.number for look in looks}

    def with_pair(event: Event) -> Event | None:
        if event.event not in _FOLLOWED or event.not_before is None or event.geometry is None:
            return event
        found = pairs.between(numbers[event.not_before], numbers[event.not_after])
        if isinstance(found, str):
            why = words.not_comparable_words(found)
        else:
            there = [r for r in found.regions if _meet(r.geometry, event)]
            if any(r.direction in _directions(event, events) for r in there):
                return event
            clear = _clear_share(event, found)
            shown = bool(there) or clear >= CLEAR_SHARE
            if event.event in _MORE | _LESS and (there or not shown):
                return None
            why = words.pair_tells_words(there) if shown else words.pair_unseen_words(clear)
        if event.p_event is not None and event.p_event < _LIKELIER_THAN_NOT:
            return None
        return replace(event, description=f"{event.description}; {why}", borne_out=False)

    return tuple(told for event in events if (told := with_pair(event)) is not None)


def _clear_share(event: Event, found: Comparison) -> float:
    """Return which share of an event's place both looks of a pair show clearly and were searched."""
    assert event.geometry is not None
    inside = zones.inside(event.geometry, found.grid)
    clear = (found.layers.flags == 0) & ~found.layers.blind
    return float(np.mean(clear[inside])) if inside.any() else 0.0


def _meet(outline: BaseGeometry, event: Event) -> bool:
    assert event.geometry is not None
    grown = event.event in _MORE | _LESS
    return outline.intersects(event.geometry) if grown else are_one(outline, event.geometry)


def _directions(event: Event, events: Sequence[Event]) -> set[str]:
    """Return the directions by which a pair tells an event: where one thing took the place of another both changed."""
    if event.event in _EITHER:
        return {"appeared", "disappeared", "changed"}
    came = event.event in _CAME | _MORE
    told = {"appeared" if came else "disappeared"}
    others = _WENT if event.event in _CAME else _CAME
    replaced = any(
        e.event in others
        and e.not_after == event.not_after
        and e.geometry is not None
        and event.geometry is not None
        and e.geometry.intersects(event.geometry)
        for e in events
    )
    return told | ({"changed"} if replaced or event.event in _MORE | _LESS else set())
