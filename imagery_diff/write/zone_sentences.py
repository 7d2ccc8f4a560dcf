"""What is said of a zone: absence is only of a detection, in what was clear, beside what would be missed how seldom."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from imagery_diff.write.words import NOUNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imagery_diff.result import Floor, ZoneState

SOUGHT = {
    "berth": "vessel",
    "anchorage": "vessel",
    "yard": "containers",
    "rail": "rail_cars",
    "stockpile": "stockpile",
}
"""Kind of zone -> class of the things it is there for."""


def describe_zone(state: ZoneState) -> str:
    """Say what is known of a zone; absence is only ever of a detection, and only in the share that was clear."""
    return _zone(state, share_words(state.clear_fraction), _lost(state))


def _lost(state: ZoneState) -> str:
    """Say why the rest was not seen or not searched."""
    lost = ", ".join(f"{cause} {part:.0%}" for cause, part in state.unknown.items() if part >= 0.005)  # noqa: PLR2004
    return f" (the rest: {lost})" if lost else ""


def share_words(share: float) -> str:
    """Write a share in whole per cent; neither all but all nor next to nothing is rounded away."""
    if share > 1 - 1e-9:
        return "all"
    if share < 0.005:  # noqa: PLR2004 - rounds to nought
        return "under 1%" if share > 0 else "none"
    return f"{min(0.99, share):.0%}"


def describe_zones(states: Sequence[ZoneState]) -> str:
    """Say the same of several zones of one state and kind, with the span of what was clear; causes are left out."""
    if len(states) == 1:
        return describe_zone(states[0])
    least, most = (share_words(end(state.clear_fraction for state in states)) for end in (min, max))
    span = least if least == most else f"{least} to {most.replace('all', '100%')}"
    return _zone(widest(states), span, "")


def widest(states: Sequence[ZoneState]) -> ZoneState:
    """Return the one of several that is told of all: whose own thing is missed at the greatest length."""
    return max(states, key=_floor_m)


def _floor_m(state: ZoneState) -> float:
    """Length that is stated of a zone's own thing, infinite where none is."""
    floor = state.floors.get(SOUGHT.get(state.zone.kind, ""))
    return math.inf if floor is None or floor.d90_high_m is None else floor.d90_high_m


def _zone(state: ZoneState, share: str, lost: str) -> str:
    """Say it of a share that was clear and searched, and of why the rest was not."""
    area = "zone" if state.zone.located else "search area"
    seen = f"{share} of the {area} was clear and searched{lost}"
    sought = SOUGHT.get(state.zone.kind)
    under = f"look by eye at {', '.join(state.look_at)}, which the cloud mask hides; " if state.look_at else ""
    if state.state in {"flagged", "look at this"}:
        ids = f"{', '.join(state.regions)}{'; ' if state.regions else ''}"
        return f"{ids}{under}{seen}{_filled(state)}{_missed(state, one=False)}"
    if state.state == "ignored":
        return "left out, as the AOI asks"
    if state.state == "unknown":
        return f"unknown: {'' if share == 'none' else 'only '}{seen}"
    then = _missed(state, one=True)
    thing = f"no {NOUNS[sought] if sought else 'change'} was detected in the"
    if share == "all":
        return f"{thing} {area}, all of which was clear and searched{then}"
    return f"{thing} {share} of the {area} that was clear and searched{lost}{then}"


def _filled(state: ZoneState) -> str:
    """Say what share of a yard's clear ground came under things, or was cleared of them; two limits."""
    said = []
    for limits, words in (
        (state.fill_gained, "what looks like goods and appeared covers"),
        (state.fill_lost, "what looked like goods and went had covered"),
    ):
        if limits is not None and limits[1] > 0:
            low, high = math.floor(100 * limits[0]), math.ceil(100 * limits[1] - 1e-9)
            said.append(f"; {words} {low} to {high}% of its clear ground")
    return "".join(said)


def _missed(state: ZoneState, *, one: bool) -> str:
    """Say of each thing that was put into a zone how large one would be missed; ``one``: the zone's own was named."""
    own = SOUGHT.get(state.zone.kind)
    ordered = sorted(state.floors.items(), key=lambda item: item[0] != own)
    words = [floor_words(floor, "one" if one and thing == own else f"a {NOUNS[thing]}") for thing, floor in ordered]
    return "".join(f"; {said}" for said in words)


def floor_words(floor: Floor, what: str | None = None) -> str:
    """Say how large something must be to be missed at most one time in ten; or why that cannot be said.

    Parameters
    ----------
    floor
        With ``d90_high_m``, the upper limit of that length, and ``reason``, why it is None.
    what
        ``one``, or the noun with its article; by default that of ``floor.thing``.

    """
    what = what or f"a {NOUNS[floor.thing]}"
    if floor.d90_high_m is None:
        return f"how small {what} would be missed cannot be said: {floor.reason or 'no reason given'}"
    long = math.ceil(floor.d90_high_m - 1e-6)
    return f"{what} of {long} m or more, of the colours tested, would be missed at most one time in ten"


def missed_there(state: ZoneState, activity: str) -> str:
    """Say how large a thing of a region's class would be missed there; nothing where it cannot be said."""
    floor = state.floors.get(activity)
    if floor is None or floor.d90_high_m is None:
        return ""
    return floor_words(floor, "one").replace("would be missed", "would be missed there")


def describe_looked_zone(state: ZoneState) -> str:
    """Say what one image showed of a zone."""
    lost = _lost(state)
    area = "zone" if state.zone.located else "search area"
    share = share_words(state.clear_fraction)
    seen = f"{share} of the {area} was clear{lost}"
    return {
        "candidates": f"{', '.join(state.regions)}; {seen}",
        "nothing stood out": f"nothing stood out of its water; {seen}",
        "not told": f"one image cannot tell; {seen}",
        "unknown": f"unknown: {'' if share == 'none' else 'only '}{seen}",
        "ignored": "left out, as the AOI asks",
    }[state.state]
