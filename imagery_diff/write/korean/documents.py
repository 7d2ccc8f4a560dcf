"""What is said of a whole comparison in Korean, from its documents.

A sentence is told in Korean only where the same fields tell the English one that is stored; one that was written by
another version, or by hand, stays English and says so.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from imagery_diff.mark import ALTERED
from imagery_diff.write.headline import headline as english_headline
from imagery_diff.write.korean import words
from imagery_diff.write.korean.clauses import clause, told
from imagery_diff.write.korean.particles import with_particle
from imagery_diff.write.korean.sentences import describe_region
from imagery_diff.write.korean.zones import describe_zone
from imagery_diff.write.retold import REJECTED, SIDES
from imagery_diff.write.sentences import describe_region as english_region
from imagery_diff.write.words import UNCLEAR, what_they_did
from imagery_diff.write.yardstick import LIKELY, rank_of
from imagery_diff.write.zone_sentences import describe_zone as english_zone
from imagery_diff.write.zone_sentences import share_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from imagery_diff.result import Region, ZoneState
    from imagery_diff.write.retold import Retold

    Row = Mapping[str, Any]

_HALF_STEP = 0.05
"""Half of the last digit that a row holds of a measure, metres."""
_HAPPENED = {
    "appeared": ("나타났다", "나타났을 수도 있다"),
    "disappeared": ("더 이상 보이지 않는다", "더 이상 보이지 않는 것일 수도 있다"),
    "changed": ("겉모습이 달라졌다", "겉모습이 달라졌을 수도 있다"),
}
"""Direction -> what happened; and the same where that is less than likely."""
_REVERSED = {
    "appeared": ("더 이른 영상에만 보인다", "더 이른 영상에만 보이는 것일 수도 있다"),
    "disappeared": ("더 늦은 영상에만 보인다", "더 늦은 영상에만 보이는 것일 수도 있다"),
    "changed": ("겉모습이 서로 다르다", "겉모습이 서로 다를 수도 있다"),
}
_COUNTED_REVERSED = {
    "appeared": "더 이른 영상에만 보임",
    "disappeared": "더 늦은 영상에만 보임",
    "changed": "겉모습이 서로 다름",
}


def region_words(region: Region, told_again: Retold, stored: str | None = None) -> str:
    """Tell a region's sentence, with what a reviewer added behind it.

    Parameters
    ----------
    region
        As it is retold.
    told_again
        The comparison it is of.
    stored
        Its English sentence; that of the region if None.

    """
    stored = region.description if stored is None else stored
    same = next((one for one in _readings(region) if stored.startswith(english_region(one, told_again))), None)
    if same is None:
        return f"{words.ENGLISH} {stored}"
    added = stored.removeprefix(english_region(same, told_again)).strip()
    said = describe_region(same, told_again)
    return said if not added else f"{said} {clause(added.rstrip('.'))}."


_MEASURES = ("length_m", "width_m", "length_low_m", "length_high_m")


def _readings(region: Region) -> Iterator[Region]:
    """Yield the regions a row may have been written from, as it stands first.

    It holds measures to a tenth: what is written to the whole metre may have been rounded from either side of a half.
    """
    steps = []
    for name in _MEASURES:
        value = getattr(region, name)
        half = value is not None and math.isclose(abs(value - math.trunc(value)), 0.5, abs_tol=1e-6)
        steps.append((0.0, -_HALF_STEP, _HALF_STEP) if half else (0.0,))
    for moves in itertools.product(*steps):
        moved = {name: getattr(region, name) + move for name, move in zip(_MEASURES, moves, strict=True) if move}
        yield replace(region, **moved)


def zone_words(state: ZoneState, stored: str) -> str:
    """Tell a zone's sentence, with what a review added behind it."""
    english = english_zone(state)
    added = stored.removeprefix(english).removeprefix("; ") if stored.startswith(english) else None
    if added is None or (added and told(added) is None):
        return f"{words.ENGLISH} {stored}"
    return describe_zone(state) + (f". {clause(added)}" if added else "")


def headline(document: Row) -> str:
    """Say in a sentence what was flagged, or that nothing was in what could be searched."""
    stored = str(document["headline"])
    return _headline(document) if english_headline(document) == stored else f"{words.ENGLISH} {stored}"


def _headline(document: Row) -> str:
    aoi = document["aoi"]
    place = "두 영상이 함께 담은 지면" if aoi["geometry"] is None else str(aoi["title"] or aoi["name"])
    regions, zones = document["regions"], document["zones"]
    kept = [region for region in regions if region["review"] != REJECTED]
    if kept:
        titles = {zone["name"]: zone["title"] or zone["name"] for zone in zones}
        said = _told(kept[0], titles.get(kept[0]["zone"]) or place, _REVERSED if _is_reversed(document) else _HAPPENED)
        said += _more(kept[1:], backward=_is_reversed(document))
    else:
        said = f"{place}: {_searched(zones)}탐지된 것이 없다"
        said += f". 검토자가 탐지 영역 {len(regions)}개를 기각함" if regions else ""
    if not document["simulated"]:
        return f"{said}."
    return f"{'변경된 영상' if ALTERED in document['credit'] else '합성 장면'}: {said}."


def _is_reversed(document: Row) -> bool:
    before, after = document["before"]["acquired"], document["after"]["acquired"]
    return before is not None and after is not None and after < before


def _more(regions: Sequence[Row], *, backward: bool) -> str:
    """Say how many more regions there are and what they did."""
    if not regions:
        return ""
    names = {**(_COUNTED_REVERSED if backward else words.DIRECTIONS), UNCLEAR: "종류 불명"}
    did = what_they_did((region["activity"], region["direction"]) for region in regions)
    told = ", ".join(f"{names[name]} {number}개" for name, number in did)
    if len(did) == 1:
        told = f"{'모두 ' if len(regions) > 1 else ''}{names[did[0][0]]}"
    return f". 그 밖에 탐지 영역 {len(regions)}개({told})"


def _told(region: Row, where: str, happened: Mapping[str, tuple[str, str]]) -> str:
    """Say of one region what happened where, no more surely than its number."""
    doubtful = region["p_change"] is not None and rank_of(region["p_change"]) < LIKELY
    subject = with_particle(words.noun(region["activity"]), "이/가")
    if region["activity"] == "other":
        return f"{where}에서 {subject} {'있었을 수도 있다' if doubtful else '탐지되었다'}"
    return f"{where}에서 {subject} {happened[region['direction']][doubtful]}"


def _searched(zones: Sequence[Row]) -> str:
    """Say how much of the zones was clear and searched, and how many of them stay unknown."""
    asked = [zone for zone in zones if zone["state"] != "ignored"]
    if not asked:
        return ""
    shares = [zone["usable_fraction"] or 0.0 for zone in asked]
    least, most = share_words(min(shares)), share_words(max(shares))
    span = words.share(least)
    if least != most:
        span = f"{words.share(least)}~{words.share(most) if most != 'all' else '100%'}"
    unknown = sum(zone["state"] == "unknown" for zone in asked)
    known = f"; 구역 {len(asked)}개 중 {unknown}개는 알 수 없음" if unknown else ""
    return f"맑게 관측되어 탐색된 곳(각 구역의 {span}{known})에서는 "


def shares_told(summary: Row) -> tuple[int, int]:
    """Count the free texts of a comparison that are told in Korean, and all of them."""
    texts = [*summary["caveats"], *(note for side in SIDES for note in summary[side]["notes"])]
    for region in summary["regions"]:
        texts += [*region["why"], *region["doubts"]]
    for zone in summary["zones"]:
        texts += [floor["reason"] for floor in zone["floors"].values() if floor["reason"]]
    return sum(told(text) is not None for text in texts), len(texts)
