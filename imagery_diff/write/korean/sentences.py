"""The sentence of a region, of a candidate and of what is to be looked at, in Korean, from the fields of the English.

Built and not substituted: words stand in another order, and particles follow names. A sentence says what the English
one (:mod:`imagery_diff.write.sentences`) says, no more surely, with the same numbers; a test holds both together.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from imagery_diff.mark import ALTERED
from imagery_diff.write.korean import words
from imagery_diff.write.korean.clauses import clause
from imagery_diff.write.korean.particles import with_particle
from imagery_diff.write.korean.zones import missed_there
from imagery_diff.write.sentences import ANALOGY_M, TIERS_UNKNOWN, position_words, teu_words
from imagery_diff.write.words import stamp_of
from imagery_diff.write.yardstick import LIKELY, per_cent, rank_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imagery_diff.aoi import Zone
    from imagery_diff.result import Candidate, Comparison, Look, LookAt, Region
    from imagery_diff.scene import SceneInfo
    from imagery_diff.write.retold import Retold, RetoldScene

_AREAS = {"stockpile", "cover", "construction"}
"""Classes whose size is an area; of the others it is a length."""
_CUT = "관측되지 않은 곳이나 가장자리에 닿아 있음"
_STANDS_OUT = {
    "appeared": "'이후' 영상에서 더 두드러진다",
    "disappeared": "'이전' 영상에서 더 두드러진다",
    "changed": "두 영상에서 비슷하게 두드러진다",
}
_PART = ("{other/의} 일부였다", "나머지가 아직 보이는 어떤 것의 일부였다")
_EXTENDS = ("{other/의} 연장이다", "이미 거기 있던 것의 연장이다")
_REPLACES = ("{other/이/가} 있던 자리에 있다", "다른 것이 있던 자리에 있다")
_RELATIONS = {
    ("new", "appeared"): ("거기 있던 것의 연장이 아니라 새로운 것이다",) * 2,
    ("extends", "appeared"): _EXTENDS,
    ("extends", "changed"): _EXTENDS,
    ("shrinks", "disappeared"): _PART,
    ("shrinks", "changed"): _PART,
    ("replaces", "appeared"): _REPLACES,
    ("replaces", "changed"): _REPLACES,
    ("moved", "appeared"): (
        "{other/이/가} 이곳으로 옮겨 왔다고 보아도 모순되지 않는다",
        "무언가가 이곳까지 옮겨 왔다고 보아도 모순되지 않는다",
    ),
    ("moved", "disappeared"): (
        "{other/으로/로} 옮겨 갔다고 보아도 모순되지 않는다",
        "다른 곳으로 옮겨 갔다고 보아도 모순되지 않는다",
    ),
}
"""Relation and direction -> what is said where the other region is known, and where it is not; as in English."""
_WORTH_NAMING = 0.1
_ANALOGY = "유추: 80~100 m 길이의 더미에 대해 약 300개로 발표된 적이 있음"


def describe_region(region: Region, result: Comparison | Retold) -> str:
    """Say what was flagged, how long it is, where and between when, how sure that is, and what would be missed."""
    placed = result.grid.crs is not None
    subject = with_particle(f"{words.label(region)}({size_words(region, placed=placed)})", "이/가")
    first = [
        f"{_simulated((result.before, result.after))}{_doubtful(region)}{subject} {_event(region, result)}",
        _relation(region),
        clause(region.why_no_count) if region.why_no_count else "",
        _missed_there(region, result),
    ]
    doubts = [clause(doubt) for doubt in region.doubts]
    said = [*first, _sure(region), _same_colour(region), _containers(region), *doubts]
    return " ".join(f"{part}." for part in said if part)


def _simulated(images: Sequence[SceneInfo | RetoldScene]) -> str:
    """Begin the sentence by what the images are where no satellite took them: it may travel alone."""
    if not any(info.simulated for info in images):
        return ""
    return "변경된 영상: " if stamp_of(images) == ALTERED else "합성 장면: "


def _doubtful(region: Region) -> str:
    """Begin the sentence by how likely a change is where it is not likely."""
    if region.p_change is None or rank_of(region.p_change) >= LIKELY:
        return ""
    return f"{words.likelihood(region.p_change, '여기에서 무언가가 변했을')}. 만약 변했다면, "


def size_words(region: Region, *, placed: bool) -> str:
    """Say how large it is: a length with its limits, or an area; nothing single of what has no single length."""
    unit = "m" if placed else "화소"
    sides = f"{region.length_m:.0f} x {region.width_m:.0f} {unit}"
    if region.under_way:
        return "이동 중이므로 길이는 말하지 않음"
    if region.several:
        return f"선박이 두 척 이상일 수 있고 모두 합해 {sides}이므로 단일 길이는 말하지 않음"
    least, why = ("최소", f"; {_CUT}") if region.length_is_lower_bound else ("약", "")
    if region.activity in _AREAS or region.is_area:
        area = f"{least} {_round(region.area_m2)} {'m²' if placed else '제곱화소'}, {sides}{why}"
        return f"{area}{_height(region)}"
    if region.activity == "other":
        return f"{least} {sides}{why}"
    return _length(region, unit)


def _length(region: Region, unit: str) -> str:
    if region.length_is_lower_bound:
        known = region.length_m if region.length_low_m is None else region.length_low_m
        return f"길이 최소 {known:.0f} {unit}; {_CUT}"
    if region.length_low_m is None or region.length_high_m is None:
        return f"길이 약 {region.length_m:.0f} {unit}"
    limits = f"길이 {region.length_m:.0f} {unit}, 범위 {region.length_low_m:.0f}~{region.length_high_m:.0f} {unit}"
    return limits if region.length_class is None else f"{limits}, {length_class(region.length_class)}"


def length_class(name: str) -> str:
    """Name a class of lengths: ``about 70 m``, ``100 to 125 m``, ``between classes``."""
    if name.startswith("between"):
        return "길이 등급의 사이"
    return f"길이 등급 {name.replace('about ', '약 ').replace(' to ', '~')}"


def _height(region: Region) -> str:
    low, high = region.height_low_m, region.height_high_m
    if low is None or high is None or region.activity != "stockpile":
        return ""
    if low == 0:
        return f", 폭으로 보아 높이 {high:.0f} m 이하: 벌크 화물의 경사는 45도를 넘지 않음"
    return f", 그림자로 보아 높이 {low:.0f}~{high:.0f} m"


def _round(value: float) -> str:
    """Write a number to two figures."""
    digits = 1 - math.floor(math.log10(value)) if value > 0 else 0
    return f"{round(value, digits):,.0f}"


def _event(region: Region, result: Comparison | Retold) -> str:
    """Say what happened, where, and between when."""
    zone = next((s.zone for s in result.zones if s.zone.name == region.zone), None)
    timezone = result.aoi.timezone_of(zone) if result.aoi else None
    place = _place(region, zone, result)
    window = words.window_of(result.before, result.after, timezone)
    if region.activity == "other":
        bands = {band.name for band in result.before.bands} & {band.name for band in result.after.bands}
        weighed = "근적외선을 포함한 모든 밴드" if "nir" in bands else "모든 밴드"
        return f"{window}에 {place}에서 일어났다. {weighed}로 보아 {_STANDS_OUT[region.direction]}"
    if words.is_reversed(result.before, result.after):
        times = words.moments_of(result.before, result.after, timezone, ", ")
        images = f"두 영상의 촬영 시각은 {times}이다{words.guessed(result.before, result.after)}"
        return {
            "appeared": f"둘 중 더 이른 '이후' 영상에는 {place}에서 보이고 '이전' 영상에는 보이지 않는다. {images}",
            "disappeared": f"둘 중 더 늦은 '이전' 영상에는 {place}에서 보이고 '이후' 영상에는 보이지 않는다. {images}",
            "changed": f"{place}에서 겉모습이 서로 다르다. {images}",
        }[region.direction]
    return {
        "appeared": f"{window}에 {place}에서 나타났다",
        "disappeared": f"{place}에서 더 이상 보이지 않는다. {window}에 시야에서 사라졌다",
        "changed": f"{window}에 {place}에서 겉모습이 달라졌다",
    }[region.direction]


def _place(region: Region, zone: Zone | None, result: Comparison | Retold) -> str:
    """Where: as near as the outlines allow; outside the zones by its position."""
    if zone is None:
        where = "두 영상이 함께 담은 지면"
        if result.aoi is not None:
            where = (result.aoi.title or result.aoi.name) + ("의 구역 밖" if result.zones else "")
        if result.grid.crs is None:
            return where
        accuracy = region.location_accuracy_m
        good_to = f", 오차 약 {accuracy:.0f} m" if accuracy else ""
        return f"{where}({position_words(region, result.grid.crs)}{good_to})"
    name = zone.title or zone.name
    if not zone.located:
        return f"탐색 구역 {name}(윤곽의 위치가 확인되지 않음)"
    side, end = words.POINTS.get(region.side), words.POINTS.get(region.end)
    if side and end:
        return f"{name}의 {side}, 그 {end} 끝"
    return f"{name}의 {side}" if side else f"{name}의 {end} 끝" if end else name


def _relation(region: Region) -> str:
    named, unnamed = _RELATIONS.get((region.relation, region.direction), ("", ""))
    other = region.relation_to
    return filled(named, other) if other else unnamed


def filled(text: str, other: str) -> str:
    """Put a region's name with its particle into a phrase."""
    for pair in ("이/가", "으로/로"):
        text = text.replace(f"{{other/{pair}}}", with_particle(other, pair))
    return text.replace("{other/의}", f"{other}의")


def _missed_there(region: Region, result: Comparison | Retold) -> str:
    state = next((s for s in result.zones if s.zone.name == region.zone), None)
    return missed_there(state, region.activity) if state is not None else ""


def _sure(region: Region) -> str:
    """Say how likely it is that something changed, and that the class is right; nothing where neither is known."""
    likely = region.p_change is not None and rank_of(region.p_change) >= LIKELY
    changed = ""
    if region.p_change is not None and likely:
        changed = words.likelihood(region.p_change, "거기에서 무언가가 변했을")
    if region.p_activity is None:
        return changed
    what = (
        "다른 어느 부류에도 맞지 않을" if region.activity == "other" else f"부류가 '{words.CLASSES[region.activity]}'일"
    )
    named = words.likelihood(region.p_activity, what, _runner_up(region))
    return f"{changed}. 변화라면 {named}" if changed else f"거기에서 무언가가 변했다면, {named}"


def _runner_up(region: Region) -> str:
    others = {name: share for name, share in region.shares.items() if name != region.activity}
    if not others:
        return ""
    name = max(others, key=lambda one: others[one])
    return f"; 다음: {words.CLASSES[name]}, {per_cent(others[name])}%" if others[name] >= _WORTH_NAMING else ""


def _same_colour(region: Region) -> str:
    """Say whose colour it shares and how far; that this is one thing is never said."""
    same = region.same_colour
    if not same:
        return ""
    chance = same.get("chance")
    said = f"색이 {same['region']}의 색과 분광각 {same['angle_deg']:.1f}도까지 일치한다"
    if chance is None:
        return said
    few = " 미만" if chance < 0.01 else ""  # noqa: PLR2004 - one in a hundred
    number = max(1, math.ceil(100 * chance - 1e-9))
    return f"{said}. 지면 100곳 가운데 {number}곳{few}에 그만큼 가까운 것이 있다"


def _containers(region: Region) -> str:
    """Say for how many containers there is room; two limits, and beside them what was published."""
    if region.teu_low is None:
        return ""
    low = teu_words(region.teu_low, region.teu_low)[0]
    count = f"이십 피트 컨테이너 약 {low}개 이상"
    if region.teu_high is not None:
        count = f"이십 피트 컨테이너 약 {low}~{teu_words(region.teu_low, region.teu_high)[1]}개"
    room = f"이것이 컨테이너라면 {with_particle(count, '이/가')} 들어갈 자리이다({_tiers(region)})"
    least, most = (round(limit or region.length_m) for limit in (region.length_low_m, region.length_high_m))
    alike = not region.length_is_lower_bound and least <= ANALOGY_M[1] and most >= ANALOGY_M[0]
    return f"{room}. 무엇이 들어 있는지는 알 수 없다{f'({_ANALOGY})' if alike else ''}"


def _tiers(region: Region) -> str:
    if region.tiers is None or region.tiers == TIERS_UNKNOWN:
        return "한 단에서 세 단 높이"
    low, high = (words.COUNTERS[n] for n in region.tiers)
    return f"그림자로 보아 {low} 단 높이" if low == high else f"그림자로 보아 {low} 단에서 {high} 단 높이"


def look_words(look: LookAt) -> str:
    """Say what is to be looked at, and why nothing is concluded from it."""
    where = f"{look.zone}에서 " if look.zone else ""
    date = words.SIDES.get(look.date, look.date)
    return (
        f"'{date}' 영상의 구름 마스크 아래에 가장자리가 뚜렷한 밝은 물체가 {where}보인다. 눈으로 직접 확인하라. "
        "이는 탐지 결과가 아니며, 그 구역을 비어 있다고 해서는 안 된다."
    )


def describe_candidate(candidate: Candidate, found: Look) -> str:
    """Say what stands on one image: unconfirmed, for one image has no before."""
    unit = "m" if found.grid.crs else "화소"
    name = "종류가 불분명한 물체" if candidate.activity == "other" else words.noun(candidate.activity)
    if candidate.colour:
        head, _, tail = name.rpartition(" ")
        name = f"{head} {words.COLOURS[candidate.colour]} {tail}"
    cut = candidate.length_is_lower_bound
    size = f"길이 {'최소' if cut else '약'} {candidate.length_m:.0f} {unit}{f'; {_CUT}' if cut else ''}"
    if candidate.under_way:
        size = "이동 중이므로 길이는 말하지 않음"
    zone = next((state.zone for state in found.zones if state.zone.name == candidate.zone), None)
    place = f"{zone.title or zone.name}에서 " if zone else ""
    when = words.moment_words(found.image, found.aoi.timezone_of(zone) if found.aoi else None)
    image = "촬영 시각을 알 수 없는 영상" if found.image.acquired is None else f"{when}의 영상"
    against = f"더 이른 영상 {len(found.references)}장 가운데 {len(candidate.against)}장"
    event = {
        None: f"{place}{image} 한 장에 있다",
        "appeared": f"{place}{image}에는 보이고 {against}에는 보이지 않는다",
        "disappeared": f"{place}{against}에는 보이고 {image}에는 보이지 않는다",
        "changed": f"{place}{image}에서 {against}과 겉모습이 다르다",
    }[candidate.direction]
    drawn = _simulated((found.image, *found.references)).removesuffix(": ")
    return f"미확인{f', {drawn}' if drawn else ''}: {with_particle(f'{name}({size})', '이/가')} {event}."
