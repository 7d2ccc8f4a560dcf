"""What each zone shows on each look: yes, no or unknown, and why unknown.

Section 5 of docs/explanation/timeline.md, as :mod:`imagery_diff.series` asks for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from shapely import union_all

from imagery_diff import pair_result
from imagery_diff.method import zones
from imagery_diff.pair_missed import HALF, reported_m
from imagery_diff.pair_places import KINDS as THINGS
from imagery_diff.pair_places import NARROWEST_STACK_M
from imagery_diff.result_series import KINDS, NA, NO, UNKNOWN, YES, Cell, Thing
from imagery_diff.series_trials import Missed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from imagery_diff.aoi import Zone
    from imagery_diff.grid import Grid
    from imagery_diff.params import Params
    from imagery_diff.result import Comparison, Region, ZoneState
    from imagery_diff.series_trials import Trials

ASKED = {"berth": "vessel", "anchorage": "vessel", "yard": "cargo", "stockpile": "cargo", "rail": "rail"}
"""Kind of zone -> what it is asked for."""
_KIND_OF = {
    "vessel": "vessel",
    "containers": "cargo",
    "cover": "cargo",
    "stockpile": "cargo",
    "rail_cars": "rail",
}
"""Class -> what it counts as; the rest is unclear: it neither is cargo nor leaves its zone empty."""


LASTING = "lasting"
"""What came and stayed: a building rather than goods (:mod:`imagery_diff.series_lasting`)."""
_EMPTY_SHARE, CLEAR_SHARE = 0.2, 0.8
"""A place is empty where no more of it lies under what stands there, and so much was clear (house.md section 6)."""
WEAKER = 0.5
"""And where no more than this share of the thing's own difference is left: what flickers about a threshold neither came
nor went."""
_MOSTLY = 0.5
REACHES = 0.1
"""Share of a thing in a zone from which that zone is not empty, in whatever zone the thing is counted."""


Apart = Callable[[int, tuple[slice, slice]], "NDArray[np.float32]"]
"""Number of a look, and a window of the frame -> by how much the look differs there from the empty place in common
numbers, (band, row, col)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sight:
    """What each look saw clearly and searched on the frame, how it differs, and all that it tells."""

    grid: Grid
    clear: dict[int, NDArray[np.bool_]]
    """Number of the look -> (row, col)."""
    apart: Apart
    told: dict[int, tuple[BaseGeometry, ...]]
    """Number of the look -> outlines of all that stands on it, in whatever zone it is counted."""
    loose: Mapping[int, float] = field(default_factory=dict)
    """Number of a look that does not lie surely on the frame -> by how much three looks fail to close, metres."""

    @classmethod
    def of(cls, found: Mapping[int, Comparison], grid: Grid, apart: Apart, loose: Mapping[int, float]) -> Sight:
        """Take it from the comparisons; number of the look -> comparison."""
        return cls(
            grid=grid,
            loose=loose,
            clear={n: (c.layers.flags == 0) & ~c.layers.blind for n, c in found.items()},
            apart=apart,
            told={n: tuple(r.geometry for r in c.regions if r.direction != "disappeared") for n, c in found.items()},
        )

    def is_empty(self, look: int, where: BaseGeometry, seen: int) -> bool:
        """Say whether a look saw a place clearly, tells nothing on it, and shows less than half of what stood there.

        How much of it a look shows is the share of the thing's own difference from the empty place, d, that is found
        in the look's difference x over its outline: the least squares r = sum(x d) / sum(d d), bands and pixels alike.
        A look whose noise is larger, or that cloud veils, shows weaker evidence and yet most of d.

        Parameters
        ----------
        look
            Asked of whether the place was empty.
        where, seen
            The outline of a thing, and the look that shows it there.

        """
        inside = zones.inside(where, self.grid)
        if look not in self.clear or look in self.loose or not inside.any():
            return False
        covered = sum(outline.intersection(where).area for outline in self.told[look])
        if covered > _EMPTY_SHARE * where.area or self.clear_share(look, where) < CLEAR_SHARE:
            return False
        window = zones.around(inside)
        # The look that tells the thing may do so under haze; what this one hides is no sign of anything.
        shown = (inside & self.clear[look])[window]
        own, now = (self.apart(n, window)[:, shown] for n in (seen, look))
        return bool(np.sum(own * now) <= WEAKER * np.sum(own * own))

    def clear_share(self, look: int, where: BaseGeometry) -> float:
        """Return which share of a place a look shows clearly and was searched on it."""
        return float(np.mean(self.clear[look][zones.inside(where, self.grid)]))


_RIM_PX = 2
"""What is drawn reaches so far beyond the outline that is told of it."""
_BESIDE_M = 30.0
"""From a quay on which a ship's shadow falls, metres: one of 16 m under a sun of 28 degrees. No thing that is put in to
count what is missed comes so near to what is told."""
PART_OF_THE_PLACE = {"construction", "equipment"}
"""What disappears of these is a roof in another light, or a crane that turned: no goods, no vessel."""


def lacked(regions: Iterable[Region]) -> list[Region]:
    """Return what a look lacks of goods, vessels, trains, and of what has no class, that the empty place shows."""
    return [r for r in regions if r.direction == "disappeared" and r.activity not in PART_OF_THE_PLACE]


def things_of(regions: Iterable[Region]) -> list[Thing]:
    """Return what stands on a look and not in the empty place; what changed without a direction stays unclear."""
    told = []
    for region in regions:
        if region.direction == "disappeared":
            continue
        kind = _KIND_OF.get(region.activity, "unclear") if region.direction == "appeared" else "unclear"
        told.append(Thing(kind=kind, region=region))
    return told


def looks_built(thing: Thing) -> bool:
    """Say whether a thing looks like a building on its look; as goods do, it may be followed."""
    return thing.kind == "unclear" and thing.region.direction == "appeared" and thing.region.activity == "construction"


def _lies_beside(thing: Thing, zone: Zone) -> bool:
    return thing.kind == "vessel" and bool(thing.region.geometry.distance(zone.polygon) < _BESIDE_M)


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of a zone from all looks together."""

    trials: Trials | None
    """Of things put into zones of its kind; None where nothing was."""
    ambiguous: str | None
    """Why the empty place is not known to be empty there; None where it is."""
    loose: Mapping[int, float] = field(default_factory=dict)
    """As :attr:`Sight.loose`."""
    bare: bool = False
    """Whether the user says which look shows the zone empty, so that all that stands there is told, or missed."""
    doubtful_m2: float = 0.0
    """So much of that ground is not bare after all: looks lack what it shows there."""

    def counted(self, look: int, zone: Zone, result: Comparison, params: Params) -> Missed | None:
        """Count what is missed in a zone on a look; in a yard in which nothing was drawn, what would not be drawn.

        What is drawn and then held for shade or ground is not told, and yet it is a sign: where there is none, a stack
        that would have left one did not stand there.
        """
        if self.trials is None:
            return None
        counted = self.trials.of(zone.name, look)
        if zone.kind == "yard" and counted.share > params.most_missed and not _anything_drawn(zone, result, params):
            return self.trials.overlooked().of(zone.name, look)
        return counted

    def loosely(self, look: int) -> str | None:
        """Say that a look does not lie surely on the frame; None where it does."""
        if look not in self.loose:
            return None
        return f"it does not lie surely on the frame: three looks fail to close by {self.loose[look]:.0f} m"


def cell_of(look: int, state: ZoneState, result: Comparison, known: Known, params: Params) -> Cell:
    """Say what one zone shows on one look.

    ``no`` is said only where most of the zone was clear, no unseen run is longer than half the floor, a thing of the
    reported length would hardly be missed, and the empty place is known to be empty (house.md section 6).
    """
    zone = state.zone
    kind = ASKED.get(zone.kind)
    told = things_of(result.regions)
    own = tuple(t for t in told if t.region.zone == zone.name)
    # What is counted in another zone, or in none, may reach into this one.
    reaching = [t for t in told if t.region.zone_shares.get(zone.name, 0.0) >= REACHES]
    floor = next(iter(state.floors.values()), None)
    run = _longest_unseen_m(state, result) if zone.kind in THINGS else 0.0
    length = floor.d90_high_m if floor else None
    counted = known.counted(look, zone, result, params)
    unsearched = known.loosely(look) or _why_not_searched(state, run, length, counted, params)
    doubt = unsearched or known.ambiguous
    if doubt is None and any(t.kind != kind or t not in own for t in (*own, *reaching)):
        doubt = "something of unclear or other kind, or of the next zone, stands in it"
    if doubt is None and any(r.zone_shares.get(zone.name, 0.0) >= REACHES for r in lacked(result.regions)):
        doubt = "it differs there from the empty place, and which of the two shows a thing is not known"
    if doubt is None and kind == "cargo" and any(_lies_beside(t, zone) for t in told):
        doubt = "something like a vessel lies beside it: goods may be told as one piece with it, or stand in its shadow"
    there = any(t.kind == kind for t in own)
    states = dict.fromkeys(KINDS, NA)
    if kind is not None:
        states[kind] = YES if there else UNKNOWN if doubt else NO
    return Cell(
        look=look,
        zone=zone,
        clear_fraction=state.clear_fraction,
        degraded_fraction=state.degraded_fraction,
        states=states,
        usable=kind is not None and unsearched is None,
        reason=doubt if kind is not None else None,
        floors={name: length and floor_beside(run, length) if name == kind else None for name in KINDS},
        things=own,
        fill=_fill(look, state, told, known, params) if kind == "cargo" else None,
        missed=counted.share if counted and kind is not None and unsearched is None else None,
    )


def _anything_drawn(zone: Zone, result: Comparison, params: Params) -> bool:
    """Say whether something was drawn in a zone, half as long as what is reported or longer, that is not told."""
    pixel = max(result.grid.pixel_size_m)
    told = union_all([r.geometry for r in result.regions]).buffer(_RIM_PX * result.grid.pixel_size[0])
    left = result.layers.drawn & zones.inside_again(zone.polygon, result.grid) & ~zones.inside(told, result.grid)
    return zones.longest_px(left) * pixel >= HALF * reported_m(zone.kind, params)


def _fill(look: int, state: ZoneState, told: list[Thing], known: Known, params: Params) -> tuple[float, float] | None:
    """Return the least and the most of a yard's clear ground under goods, 0 to 1; None where that is not known.

    Where the empty place is not known to be bare there it is that of goods which stand on what it shows bare, and only
    where some were told. Else it may be more by a thing of the floor that was missed, as narrow as is put in (the
    narrower, the sooner it is missed); by what is of unclear kind; and by what the look that is said to show the zone
    empty shows there.
    """
    zone, gained = state.zone, state.fill_gained
    own = any(t.kind == "cargo" and t.region.zone == zone.name for t in told)
    if gained is None or not known.bare:
        return gained if own else None
    usable_m2 = state.clear_fraction * zone.area_m2
    if look in known.loose or state.clear_fraction < params.usable_fraction or any(_lies_beside(t, zone) for t in told):
        return None  # what was missed there has no bound
    if zone.kind == "stockpile":
        return None  # heaps that darken the ground are told after the ground that is gained was measured
    floor = next(iter(state.floors.values()), None)
    long_m = (floor.d90_high_m if floor else None) or params.reported_thing_m
    unclear = sum(t.region.zone_shares.get(zone.name, 0.0) * t.region.area_m2 for t in told if t.kind == "unclear")
    more = (long_m * NARROWEST_STACK_M + unclear + known.doubtful_m2) / usable_m2
    return gained[0], min(gained[1] + more, 1.0)


def bare_in_doubt_m2(zone: Zone, gone: Iterable[Region]) -> float:
    """Return how much of a zone looks lack that the empty place shows there, m2: the largest thing mostly in it."""
    own = [r for r in gone if r.zone == zone.name and r.zone_shares.get(zone.name, 0.0) >= _MOSTLY]
    return max((r.area_m2 for r in own), default=0.0)


def unseen_cell(look: int, zone: Zone, reason: str) -> Cell:
    """Say that a look shows nothing of a zone, and why."""
    kind = ASKED.get(zone.kind)
    return Cell(
        look=look,
        zone=zone,
        clear_fraction=0.0,
        degraded_fraction=0.0,
        states={name: UNKNOWN if name == kind else NA for name in KINDS},
        usable=False,
        reason=reason if kind is not None else None,
        floors=dict.fromkeys(KINDS),
        things=(),
        fill=None,
    )


def _why_not_searched(
    state: ZoneState, run: float, floor_m: float | None, counted: Missed | None, params: Params
) -> str | None:
    """Say why a thing of the reported length could have stood there untold; None where it could not."""
    zone = state.zone
    cause = max(state.unknown.items(), key=lambda one: one[1], default=("not clear", 0.0))[0]
    reasons = {
        cause: state.clear_fraction < params.usable_fraction,
        "a search area: where in it things would stand is not known": not zone.located,
        "what would be missed there is not known": zone.kind not in THINGS,
    }
    found = next((reason for reason, holds in reasons.items() if holds), None)
    if found is not None:
        return found
    long = reported_m(zone.kind, params)
    tried = counted or Missed(missed=0, put=0)
    elsewhere = tried.usual is not None and tried.usual > params.most_missed
    few = (
        f"floor too large: of things of {long:.0f} m put in {tried.missed} of {tried.put} were missed"
        if tried.missed
        else f"floor too large: of things of {long:.0f} m put into all zones of its kind {tried.usual:.1%} were missed"
        if elsewhere
        else f"floor not known: only {tried.put} things of {long:.0f} m found room, too few to say one in a hundred"
    )
    # Where so few of that length are missed, nine in ten of that length are told, whatever the quick limit says.
    least = min(long, floor_m or long)
    reasons = {
        few: tried.share > params.most_missed,
        f"a stretch of {run:.0f} m of it was not seen": floor_beside(run, least) > long,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def floor_beside(run_m: float, floor_m: float) -> float:
    """Return the length that would be missed at most one time in ten though a run was not seen, metres.

    No run may be longer than half of it (house.md section 6), and of a thing that lies across the run so much must show
    as would be missed at most one time in ten by itself.

    >>> floor_beside(14.0, 30.0), floor_beside(20.0, 30.0), floor_beside(40.0, 30.0)
    (30.0, 50.0, 80.0)

    """
    return floor_m if run_m <= floor_m / 2 else max(floor_m + run_m, 2 * run_m)


def _longest_unseen_m(state: ZoneState, result: Comparison) -> float:
    """Return how long the longest run is in which the least thing could lie unseen, metres."""
    inside = zones.inside_again(state.zone.polygon, result.grid)
    if not inside.any():
        return 0.0
    pixel, broad = max(result.grid.pixel_size_m), pair_result.REPORTED_M[state.zone.kind][1]
    rim = math.ceil(broad / pixel) + 1
    rows, cols = (slice(max(0, s.start - rim), s.stop + rim) for s in zones.around(inside))
    unseen = (result.layers.flags[rows, cols] != 0) | result.layers.blind[rows, cols]
    pieces, count = ndimage.label(inside[rows, cols] & zones.hiding(unseen, broad, pixel), np.ones((3, 3)))
    if not count:
        return 0.0
    sides = [np.hypot(*(s.stop - s.start for s in piece)) for piece in ndimage.find_objects(pieces)]
    return float(max(sides)) * pixel


def ambiguous(zone: Zone, gone: Iterable[Region], stands_m: float | None, *, given: bool) -> str | None:
    """Say why no look is known to show a zone empty; None where one is.

    Parameters
    ----------
    gone
        What looks lack that the empty place shows.
    stands_m
        Length of what the empty place itself may show there.
    given
        Whether the user says which image shows it empty.

    """
    kind = ASKED.get(zone.kind)
    own = (r for r in gone if _KIND_OF.get(r.activity, kind) == kind)
    if any(r.zone_shares.get(zone.name, 0.0) >= REACHES for r in own):
        return "ambiguous background: something is missing on some looks that the empty place shows"
    if given:
        return None
    if stands_m is not None:
        return f"present or permanent: something {stands_m:.0f} m long stands there on every look"
    if kind != "vessel":
        return "present or permanent: no look is known to show its ground bare (one can be named with --empty)"
    return None
