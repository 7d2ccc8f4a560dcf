"""The page of a comparison in Korean: what :mod:`imagery_diff.write.report.pair` shows in English, told again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imagery_diff.write.korean import words
from imagery_diff.write.korean.clauses import clause, told
from imagery_diff.write.korean.documents import headline, region_words, shares_told, zone_words
from imagery_diff.write.korean.page_words import HOW, PAGE, PLACES, READOUT, STATES
from imagery_diff.write.korean.sentences import look_words
from imagery_diff.write.korean.tongue import credit, pixels_of
from imagery_diff.write.korean.zones import cause
from imagery_diff.write.report.page import render
from imagery_diff.write.report.pair import context_of, grouped
from imagery_diff.write.retold import SIDES, outlines_of, region_of, retold
from imagery_diff.write.sentences import look_words as english_look_words
from imagery_diff.write.zone_sentences import share_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imagery_diff.write.report.pair import Told
    from imagery_diff.write.retold import Retold

    Shown = dict[str, Any]


def korean_report(told_run: Told) -> bytes:
    """Return the page of a comparison in Korean.

    Raises
    ------
    KeyError, TypeError, ValueError
        If its documents are not as this version writes them.

    """
    return render("pair.html.jinja", "pair.js", _context(told_run))


def translated(text: str) -> str:
    """Return Korean of what always stands on the page; what is not known stays English, and says so."""
    return PAGE.get(text) or f"{words.ENGLISH} {text}"


def _context(told_run: Told) -> Shown:
    summary, shown = told_run.summary, context_of(told_run)
    again = retold(summary, told_run.regions)
    place = PLACES.get(shown["place"], shown["place"]) if summary["aoi"]["geometry"] is None else shown["place"]
    head = headline(summary)
    zones = [_zone(zone, again, summary) for zone in shown["zones"]]
    return {
        **shown,
        "t": translated,
        "lang": "ko",
        "title": f"{place}: {head}",
        "place": place,
        "beside_stamp": words.STAMPS.get(shown["stamp"], ""),
        "of_the_language": _of_the_language(summary),
        "reviewed": words.review_words(list(again.reviews.values()), again.reviewers),
        "headline": head,
        "when": words.window_of(*again.images, summary["aoi"]["timezone"]),
        "sides": [_side(side, again, summary, place) for side in shown["sides"]],
        "stretch": clause(shown["stretch"]),
        "zones": zones,
        **grouped(zones),
        "regions": [_region(region, again, told_run) for region in shown["regions"]],
        "look_at": [_look_at(row, again) for row in shown["look_at"]],
        "worst": _sentence(shown["worst"]),
        "clear": shown["clear"] and _sentence(shown["clear"]),
        "missed": words.MISSED,
        "standing": words.STANDING,
        "caveats": [clause(caveat) for caveat in shown["caveats"]],
        "credit": credit(shown["credit"]),
        "licences": [clause(line) if line.endswith("gave you the image") else line for line in shown["licences"]],
        "how": [(HOW[name], _sentence(text)) for name, text in shown["how"]],
        "figures": [(clause(name), _figure(value)) for name, value in shown["figures"]],
        "notes": [(side, clause(note)) for side, note in shown["notes"]],
        "inputs": [{**row, "note": row.get("note") and clause(row["note"])} for row in shown["inputs"]],
        "page": shown["page"] | {"words": READOUT, "unit": {"pixels": "화소"}.get(shown["page"]["unit"], "m")},
    }


def _of_the_language(summary: Mapping[str, Any]) -> str:
    """Say what this page is beside the English one, and how much of it is not Korean."""
    ours, all_ = shares_told(summary)
    left = f" 저장된 문구 {all_}개 가운데 {ours}개를 한국어로 옮김; 나머지는 '{words.ENGLISH}' 뒤에 영어 그대로 둠."
    return (
        "이 페이지는 끝난 비교의 문서에서 한국어로 다시 쓴 것임. "
        "결과 폴더의 파일은 영어이며, 서로 다르면 그것이 원본임."
        f"{left if all_ else ''}"
    )


def _figure(value: str) -> str:
    """Tell a figure: a bare number stays."""
    return words.UNKNOWN if value == "None" else told(value) or value


def _sentence(text: str) -> str:
    """Tell a sentence that may have been a clause before it got its capital and its full stop."""
    bare = text.rstrip(".")
    said = told(bare) or told(bare[:1].lower() + bare[1:])
    return f"{said or clause(bare)}."


def _side(shown: Shown, again: Retold, summary: Mapping[str, Any], place: str) -> Shown:
    scene = again.before if shown["name"] == SIDES[0] else again.after
    moment = words.moment_words(scene, summary["aoi"]["timezone"])
    return shown | {
        "moment": moment,
        "pixels": pixels_of(scene.pixel_size_m),
        "shown": clause(shown["shown"]),
        "alt": _alt(shown["name"], summary, f"{place}, {moment}"),
    }


def _alt(side: str, summary: Mapping[str, Any], what: str) -> str:
    """Say what is seen on a picture of the whole place."""
    there = {"before": ("disappeared", "changed"), "after": ("appeared", "changed")}[side]
    titles = {zone["name"]: zone["title"] or zone["name"] for zone in summary["zones"]}
    seen, gone = [], []
    for row in summary["regions"]:
        where = f", {titles.get(row['zone'], row['zone'])}" if row["zone"] else ""
        if row["direction"] in there:
            seen.append(f"{row['id']}({words.noun(row['activity'])}{where})")
        else:
            gone.append(row["id"])
    said = f"위성영상: {what}."
    if summary["simulated"]:
        said = f"합성 화상: {what}; 위성이 관측한 것이 아님."
    said += f" 윤곽을 그린 것: {', '.join(seen)}." if seen else ""
    return said + (f" 윤곽을 그렸으나 다른 날짜에 보이는 것: {', '.join(gone)}." if gone else "")


def _zone(shown: Shown, again: Retold, summary: Mapping[str, Any]) -> Shown:
    state = next(state for state in again.zones if state.zone.name == shown["name"])
    rows = {row["id"]: row for row in summary["regions"]}
    titles = {zone["name"]: zone["title"] or zone["name"] for zone in summary["zones"]}
    causes = [(cause(name), part) for name, part in shown["unknown"].items()]
    measures = []
    for name, text in zip((name for name in rows if name in shown["regions"]), shown["measures"], strict=True):
        row = rows[name]
        if row["zone"] == shown["name"]:
            measures.append(f"{name} {words.noun(row['activity'])}, {size(text.rsplit(', ', 1)[-1])}")
        else:
            at = f"{titles.get(row['zone'], row['zone'])} 항목에서" if row["zone"] else "따로"
            measures.append(f"{name}, {at} 다룸")
    return shown | {
        "said": STATES.get(shown["said"], f"{words.ENGLISH} {shown['said']}"),
        "description": zone_words(state, shown["description"]),
        "measures": measures,
        "floor": size(shown["floor"]),
        "why_no_floor": shown["why_no_floor"] and clause(shown["why_no_floor"]),
        "lost": "없음" if shown["lost"] == "nothing" else words.share(shown["lost"]),
        "causes": ", ".join(f"{name} {words.share(share_words(part))}" for name, part in causes if part >= 0.005),  # noqa: PLR2004
    }


def size(text: str) -> str:
    """Tell a measure as tables write it: ``90 m (81 to 97)``, ``at least 81 m``, ``not told``; a bare one stays."""
    bare = text.replace(" pixels", " px")
    return told(bare) or bare


def _region(shown: Shown, again: Retold, told_run: Told) -> Shown:
    region = next(region for region in again.regions if region.id == shown["id"])
    first = shown["told"]
    if first and "description" in first:
        row = next(row for row in told_run.summary["regions"] if row["id"] == shown["id"])
        outline = outlines_of(told_run.summary, told_run.regions).get(shown["id"])
        before = region_of({**row, **first}, outline, again.grid)
        first = first | {"description": region_words(before, again, first["description"])}
    return shown | {
        "noun": words.noun(region.activity),
        "happened": words.direction(region.activity, region.direction),
        "where": shown["where"] if shown["zone"] else PLACES.get(shown["where"], shown["where"]),
        "size": size(shown["size"]),
        "numbers": [(clause(name), size(value)) for name, value in shown["numbers"]],
        "against": [clause(doubt) for doubt in shown["against"]],
        "why": [clause(reason) for reason in shown["why"]],
        "description": region_words(region, again),
        "told": first,
    }


def _look_at(shown: Shown, again: Retold) -> Shown:
    look = next(look for look in again.look_at if look.id == shown["id"])
    same = english_look_words(look) == shown["description"]
    return shown | {"description": look_words(look) if same else f"{words.ENGLISH} {shown['description']}"}
