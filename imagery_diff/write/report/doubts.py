"""What speaks against a finding, and against all of them: what an editor must know before anything is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imagery_diff.write.retold import SIDES
from imagery_diff.write.words import MISSED, NO_TIME, NOUNS
from imagery_diff.write.yardstick import per_cent
from imagery_diff.write.zone_sentences import share_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    Document = Mapping[str, Any]

_NEXT_WORTH = 0.1
"""Chance, or share, from which on another class or zone is named against a region: one in ten."""
_FAR_M = 30.0
"""A place that is good to no better than this is a doubt of its own: ten pixels of three metres."""


def sentence(text: str) -> str:
    """Write a clause as a sentence."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def against(row: Document, summary: Document) -> list[str]:
    """Say what speaks against a region, the heaviest first.

    Parameters
    ----------
    row
        The region as ``summary.json`` holds it.
    summary
        The document it stands in.

    """
    said = []
    if row.get("added"):
        said.append("a reviewer drew it: the programme did not find it")
    elif row["p_change"] is None:
        said.append("how likely it is that anything changed here was not counted for images like these")
    else:
        odds = 100 - per_cent(row["p_change"])
        said.append(f"of 100 regions like it about {max(1, odds)} would be no change at all")
    first = (row.get("told") or {}).get("activity")
    if first is not None:
        said.append(f"its class is a reviewer's: the programme told a {NOUNS[first]}")
    elif row["p_activity"] is None and row["activity"] != "other" and not row.get("added"):
        said.append(
            "what it looks like is told by rules; how often they are right was not counted for images like these"
        )
    bare = row["length_m"] is not None and row["length_low_m"] is None and row["length_high_m"] is None
    if bare and not (row["length_is_lower_bound"] or row["several"] or row.get("added")):
        said.append("by how much its length may be off was not counted for images like these")
    others = sorted(((s, n) for n, s in row["shares"].items() if n != row["activity"]), reverse=True)
    if others and others[0][0] >= _NEXT_WORTH:
        said.append(f"it may be {others[0][1].replace('_', ' ')} instead ({per_cent(others[0][0])} in 100)")
    if row["activity"] == "other":
        said.append("it looks like none of the classes that are told")
    said += list(row["doubts"])
    if row["length_is_lower_bound"]:
        said.append("an end of it was not seen, so that its length is only a least one")
    said += _of_its_place(row, {zone["name"]: zone for zone in summary["zones"]})
    if row["simulated"]:
        said.append("no satellite saw it: an image is rendered or altered")
    return said


def _of_its_place(row: Document, zones: Mapping[str, Document]) -> list[str]:
    """Say what speaks against where it is said to lie."""
    said = []
    zone = zones.get(row["zone"])
    if zone is not None and not zone["located"]:
        said.append(f"{zone['title'] or zone['name']} is a search area, not a located outline")
    if zone is not None and zone["degraded_fraction"]:
        said.append(f"{share_words(zone['degraded_fraction'])} of the zone lay in haze, shadow or snow on a date")
    for name, share in row["zone_shares"].items():
        if name != row["zone"] and share >= _NEXT_WORTH:
            title = (zones[name]["title"] or name) if name in zones else name
            said.append(f"{share_words(share)} of it lies in {title} too")
    if (row["location_accuracy_m"] or 0) >= _FAR_M:
        said.append(f"its place on the earth is good to about {row['location_accuracy_m']:.0f} m only")
    return said


def worst_doubt(summary: Document) -> str:
    """Return the one doubt that an editor must know: what could make all of it wrong, before what blurs it.

    In this order: images that could not be laid on each other; times that are not known, so that what came may be what
    went; zones of which nothing can be said; outlines that may
    lie elsewhere; then the first of the caveats, which stand in the order in which the steps raised them.
    """
    if summary["shift"]["reason"] is not None:
        return f"The images could not be laid on each other by what they show: {summary['shift']['reason']}."
    if any(summary[side]["acquired"] is None for side in SIDES):
        return sentence(next((caveat for caveat in summary["caveats"] if caveat.startswith(NO_TIME)), NO_TIME))
    asked = [zone for zone in summary["zones"] if zone["state"] != "ignored"]
    unknown = [zone["title"] or zone["name"] for zone in asked if zone["state"] == "unknown"]
    if unknown and 2 * len(unknown) >= len(asked):
        return f"Of {len(unknown)} of {len(asked)} zones nothing can be said, for too little of them was seen."
    if unknown:
        return f"Nothing can be said of {', '.join(unknown)}: too little was seen."
    fit = summary["fit"]
    if fit is not None and (not fit["fitted"] or (fit["widened_m"] or 0) >= _FAR_M):
        raised = [caveat for caveat in summary["caveats"] if "outlines" in caveat]
        far = [caveat for caveat in raised if "may lie" in caveat]
        if raised:
            return sentence((far or raised)[0])
    return sentence(summary["caveats"][0]) if summary["caveats"] else MISSED
