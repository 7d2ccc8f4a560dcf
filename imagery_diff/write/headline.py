"""The one sentence that stands above everything: hedged, and never that nothing changed.

It is told from rows as they stand in ``summary.json``, so that it can be told again after a review.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imagery_diff.mark import ALTERED
from imagery_diff.write.retold import REJECTED
from imagery_diff.write.words import DID, NOUNS, what_they_did
from imagery_diff.write.yardstick import LIKELY, rank_of
from imagery_diff.write.zone_sentences import share_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Row = Mapping[str, Any]

_HAPPENED = {
    "appeared": ("appeared", "may have appeared"),
    "disappeared": ("is no longer visible", "may be no longer visible"),
    "changed": ("changed in appearance", "may have changed in appearance"),
}
"""Direction -> what happened; and the same where that is less than likely."""
_REVERSED = {
    "appeared": ("is visible on the earlier image only", "may be visible on the earlier image only"),
    "disappeared": ("is visible on the later image only", "may be visible on the later image only"),
    "changed": ("differs in appearance", "may differ in appearance"),
}
_COUNTED_REVERSED = {
    "appeared": "on the earlier image only",
    "disappeared": "on the later image only",
    "changed": "different in appearance",
}
"""What differs from :data:`imagery_diff.write.words.DID` where the older image was given as AFTER."""


def headline(document: Mapping[str, Any]) -> str:
    """Say in a sentence what was flagged, or that nothing was in what could be searched.

    Parameters
    ----------
    document
        ``summary.json`` of a comparison; regions that a reviewer rejected are left out.

    """
    aoi = document["aoi"]
    place = "on the images' common ground" if aoi["geometry"] is None else f"at {aoi['title'] or aoi['name']}"
    regions, zones = document["regions"], document["zones"]
    kept = [region for region in regions if region["review"] != REJECTED]
    if kept:
        titles = {zone["name"]: zone["title"] or zone["name"] for zone in zones}
        backward = _is_reversed(document)
        said = _told(kept[0], _at(titles.get(kept[0]["zone"])) or place, _REVERSED if backward else _HAPPENED)
        said += _more(kept[1:], _COUNTED_REVERSED if backward else {})
    else:
        dropped = f"; {_counted(len(regions), 'region')} rejected by a reviewer" if regions else ""
        said = f"nothing was flagged {place}{_searched(zones)}{dropped}"
    if not document["simulated"]:
        return f"{said[0].upper()}{said[1:]}."
    return f"{'Altered image' if ALTERED in document['credit'] else 'Rendered scene'}: {said}."


def _is_reversed(document: Mapping[str, Any]) -> bool:
    """Say whether the older image was given as AFTER: then nothing came or went."""
    before, after = document["before"]["acquired"], document["after"]["acquired"]
    return before is not None and after is not None and after < before


def _told(region: Row, where: str, happened: Mapping[str, tuple[str, str]]) -> str:
    """Say of one region what happened where, no more surely than its number."""
    noun = NOUNS[region["activity"]]
    doubtful = region["p_change"] is not None and rank_of(region["p_change"]) < LIKELY
    if region["activity"] == "other":
        return f"a {noun} {'may have been seen' if doubtful else 'was flagged'} {where}"
    article = "an" if noun[0] in "aeio" else "a"
    return f"{article} {noun} {happened[region['direction']][doubtful]} {where}"


def _more(regions: Sequence[Row], words: Mapping[str, str]) -> str:
    """Say how many more regions there are and what they did: what went is as much news as what came."""
    if not regions:
        return ""
    words = {**DID, **words}
    did = what_they_did((region["activity"], region["direction"]) for region in regions)
    if len(did) == 1:
        told = f"{'all ' if len(regions) > 1 else ''}{words[did[0][0]]}"
    else:
        told = ", ".join(f"{number} {words[name]}" for name, number in did)
    return f"; {_counted(len(regions), 'more region')} flagged ({told})"


def _at(title: str | None) -> str:
    return f"at {title}" if title else ""


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _searched(zones: Sequence[Row]) -> str:
    """Say how much of the zones was clear and searched, and how many of them stay unknown."""
    asked = [zone for zone in zones if zone["state"] != "ignored"]
    if not asked:
        return ""
    shares = [zone["usable_fraction"] or 0.0 for zone in asked]
    least, most = share_words(min(shares)), share_words(max(shares))
    span = least if least == most else f"{least} to {most.replace('all', '100%')}"
    unknown = sum(zone["state"] == "unknown" for zone in asked)
    known = f"; {unknown} of {len(asked)} zones unknown" if unknown else ""
    return f" in what was clear and searched ({span} of each zone{known})"
