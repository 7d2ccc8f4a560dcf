"""What is said of a zone: absence is only of a detection, in what was clear, beside what would be missed how seldom."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from imagery_diff.write.words import NOUNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imagery_diff.result import Floor, ZoneState

_SOUGHT = {
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
    worst = max(states, key=lambda state: (floor_of(state, _SOUGHT.get(state.zone.kind)) or (0.0, ""))[0] or math.inf)
    return _zone(worst, span, "")


def _zone(state: ZoneState, share: str, lost: str) -> str:
    """Say it of a share that was clear and searched, and of why the rest was not."""
    area = "zone" if state.zone.located else "search area"
    seen = f"{share} of the {area} was clear and searched{lost}"
    sought = _SOUGHT.get(state.zone.kind)
    missed = missed_words(state, sought or "")
    then = f"; {missed}" if missed else ""
    under = f"look by eye at {', '.join(state.look_at)}, which the cloud mask hides; " if state.look_at else ""
    if state.state in {"flagged", "look at this"}:
        then = then.replace("; one of", f"; a {NOUNS[sought]} of") if sought else then
        return f"{', '.join(state.regions)}{'; ' if state.regions else ''}{under}{seen}{then}"
    if state.state == "ignored":
        return "left out, as the AOI asks"
    if state.state == "unknown":
        return f"unknown: {'' if share == 'none' else 'only '}{seen}"
    thing = f"no {NOUNS[sought] if sought else 'change'} was detected in the"
    if share == "all":
        return f"{thing} {area}, all of which was clear and searched{then}"
    return f"{thing} {share} of the {area} that was clear and searched{lost}{then}"


def missed_words(state: ZoneState, activity: str, there: str = "") -> str:
    """Say of a zone how large a thing would be missed at most one time in ten; or why that is not known."""
    floor = floor_of(state, activity)
    if floor is None:
        return ""
    length, reason = floor
    if length is None:
        return f"how large one must be to be missed seldom is not known{there}: {reason}"
    return (
        f"one of {math.ceil(length - 1e-6)} m or more, of the colours tested, would be missed{there} at most one time "
        "in ten"
    )


def floor_words(floor: Floor) -> str:
    """Say how small a thing may be to be missed one time in ten; or why that cannot be said."""
    noun = NOUNS[floor.thing]
    if floor.d90_high_m is None:
        return f"how small a {noun} would have been missed cannot be said: {floor.reason}"
    return (
        f"a {noun} of {math.ceil(floor.d90_high_m)} m or more, of the colours tested, would be missed at most one time "
        "in ten"
    )


def floor_of(state: ZoneState, activity: str | None) -> tuple[float | None, str] | None:
    """Return the length missed at most one time in ten, or None and the reason; None where it was not asked."""
    floors: dict[str, Any] = getattr(state, "floors", None) or {}
    floor = floors.get(activity or "")
    if floor is None:
        return None
    # The upper limit alone: what was found in the middle is found by half of all trials to be too small.
    return getattr(floor, "d90_high_m", None), (getattr(floor, "reason", None) or "no reason was given")


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
