"""What the page of a series shows: the calendar of states, cells with their chips, events, calls."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import imagery_diff
from imagery_diff.result_series import ALL_BERTHS, NA, NO, UNKNOWN, YES
from imagery_diff.write.drawing import to_pixels
from imagery_diff.write.report.doubts import sentence
from imagery_diff.write.report.page import render
from imagery_diff.write.report.svg import path_of
from imagery_diff.write.retold import REJECTED, UNREVIEWED
from imagery_diff.write.timeline_sentences import event_name
from imagery_diff.write.words import by_sentence, clean, licences_of, local_time, review_words, stamp_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shapely.geometry.base import BaseGeometry

    from imagery_diff.grid import Grid
    from imagery_diff.result_series import Timeline
    from imagery_diff.write.report.chips import Chips
    from imagery_diff.write.retold_series import RetoldCell, RetoldSeries

    Document = Mapping[str, Any]

_MARKS = {YES: "\N{BLACK CIRCLE}", NO: "\N{EN DASH}", UNKNOWN: "?", NA: ""}
_SAID = {
    YES: "seen",
    NO: "nothing of the reported size detected",
    UNKNOWN: "unknown",
    NA: "not asked for",
}
_BESIDE_PX = 1.5


def series_report(found: RetoldSeries, chips: Chips, inputs: Sequence[Document]) -> bytes:
    """Return the file report.html of a series.

    Parameters
    ----------
    found
        What its documents say.
    chips
        Its pictures.
    inputs
        As the manifest lists them.

    """
    return render("series.html.jinja", "series.js", _context(found, chips, inputs))


def _context(found: RetoldSeries, chips: Chips, inputs: Sequence[Document]) -> dict[str, Any]:
    summary, zones = found.summary, found.summary["zones"]
    used = sum(look.refused is None for look in found.looks)
    rows = [_row(found, name, chips) for name in found.asked]
    rejected = {track.id for track in found.tracks if track.review == REJECTED}
    ais = summary["ais"]
    return {
        "title": f"{found.place}: {used} looks",
        "place": found.place,
        "stamp": stamp_of(found.images) if found.simulated else "",
        "reviewed": review_words(found.reviews, found.reviewers, "findings"),
        "unreviewed": UNREVIEWED in found.reviews or not found.reviews,
        "headline": headline_of_series(summary, found.kept_events),
        "when": span_words(found),
        "worst": worst_words(found),
        "looks": [_look(found, number) for number in range(len(found.looks))],
        "rows": rows,
        "events": [_event(event, found) for event in found.events],
        "tracks": [_track(row, found) for row in summary["tracks"]],
        "calls": _calls(summary["visits"]),
        "quiet": by_sentence((found.title_of(row["zone"]), row["quiet"]) for row in zones if row["quiet"]),
        "fills": [(found.title_of(row["zone"]), row["fill"]) for row in zones if row["fill"]],
        "ais": ais and [finding["sentence"] for finding in ais["findings"] if finding["track"] not in rejected],
        "expected_false": summary["expected_false_things"],
        "hours": summary["local_hours"],
        "caveats": summary["caveats"],
        "credit": summary["credit"],
        "licences": [words] if (words := licences_of(found.images)) else [],
        "left_out": len(chips.left_out),
        "where": chips.where,
        "stretch": chips.stretch,
        "inputs": inputs,
        "aoi": summary["aoi"],
        "version": imagery_diff.__version__,
    }


def headline_of_series(summary: Document, events: Sequence[Document]) -> str:
    """Say in a sentence how much was seen to change; calls are lower bounds, and silence is only of what was seen.

    Parameters
    ----------
    summary
        ``summary.json`` of a series.
    events
        Rows of ``events.csv``.

    """
    place = summary["aoi"]["title"] or summary["aoi"]["name"]
    used = sum(look["refused"] is None for look in summary["looks"])
    number = len(events)
    changes = f"{number} change{'' if number == 1 else 's'} of state seen" if number else "no change of state was seen"
    calls = least_calls(summary["visits"])
    least = f"; at least {calls} call{'' if calls == 1 else 's'} of vessels of the class counted" if calls else ""
    said = f"{changes} at {place} in {used} usable look{'' if used == 1 else 's'}{least}"
    if not summary["simulated"]:
        return f"{said[0].upper()}{said[1:]}."
    return f"{'Altered images' if 'ALTERED' in summary['credit'] else 'Rendered scenes'}: {said}."


def least_calls(visits: Sequence[Document]) -> int:
    """Return the calls of all berths together: in a sum over groups a ship that shifted berth would count twice."""
    whole = [visit["at_least"] for visit in visits if visit["group"] == ALL_BERTHS]
    return int((whole or [max((visit["at_least"] for visit in visits), default=0)])[0])


def line_of_series(found: Timeline) -> str:
    """Say a series in a line, for a prompt and for what a notebook keeps beside the calendar."""
    from imagery_diff.write.timeline import event_rows, summary  # noqa: PLC0415 - what is said is made of its rows

    credit = f" [{stamp_of([look.info for look in found.looks])}]" if found.simulated else ""
    return f"<Timeline {clean(found.name)}: {headline_of_series(summary(found), event_rows(found))}{credit}>"


def _calls(visits: Sequence[Document]) -> list[dict[str, Any]]:
    """Gather groups of which the same is said, with the gaps they share."""
    rows: dict[str, dict[str, Any]] = {}
    for visit in visits:
        row = rows.setdefault(repr((visit["sentence"], visit["gaps"])), {**visit, "groups": []})
        row["groups"].append(visit["group"])
    return list(rows.values())


def span_words(found: RetoldSeries) -> str:
    """Say from when to when, and at which local hours anything was seen."""
    first, last = (local_time(look.time, found.timezone) for look in (found.looks[0], found.looks[-1]))
    local = found.summary["local_hours"]
    hours = f" Anything was seen {local}; what happened at other hours was not." if local else ""
    return f"From {first} to {last}.{hours}"


def worst_words(found: RetoldSeries) -> str:
    """Say how much of the calendar is unknown, and why mostly; that is what an editor must not take for silence."""
    cells = [cell for cell in found.cells.values() if cell.asked is not None]
    unknown = [cell.reason for cell in cells if cell.states[str(cell.asked)] == UNKNOWN]
    if not unknown:
        first = [sentence(caveat) for caveat in found.summary["caveats"][:1]]
        return first[0] if first else "What was too small or fell between looks was not seen."
    why, number = Counter(reason or "no reason given" for reason in unknown).most_common(1)[0]
    return (
        f"{len(unknown)} of {len(cells)} cells of the calendar are unknown, which is not empty; the most frequent"
        f" reason ({number} of them): {why}."
    )


def _look(found: RetoldSeries, index: int) -> dict[str, Any]:
    look = found.looks[index]
    return {
        "number": look.number,
        "day": f"{look.time.day} {look.time:%b %Y}",
        "hour": f"{look.time:%H:%M}",
        "moment": local_time(look.time, found.timezone),
        "scene": look.info.name,
        "sensor": look.info.product,
        "residual": look.residual_m,
        "closure": look.closure_m,
        "refused": look.refused,
    }


def _row(found: RetoldSeries, name: str, chips: Chips) -> dict[str, Any]:
    """Gather a zone's row of the calendar."""
    zone = found.zones[name]
    window = found.windows.get(name)
    outline = "" if window is None else path_of(to_pixels(zone.polygon, window))
    told = [_cell(found, found.cells[name, look.number], window, chips) for look in found.looks]
    return {
        "name": name,
        "title": found.title_of(name),
        "kind": zone.kind,
        "located": zone.located,
        "outline": outline,
        "shape": None if window is None else window.shape,
        "cells": told,
        "alike": _alike(told),
    }


def _alike(cells: Sequence[dict[str, Any]]) -> str:
    """Say what all looks tell of a zone alike, where nothing was told on any and its pictures may stay folded."""
    if any(cell["paths"] or cell["own_place"] for cell in cells) or len({cell["words"] for cell in cells}) > 1:
        return ""
    return f"on each of {len(cells)} looks: {cells[0]['words']}" if len(cells) > 1 else ""


def _cell(found: RetoldSeries, cell: RetoldCell, window: Grid | None, chips: Chips) -> dict[str, Any]:
    kind = cell.asked
    state = cell.states[kind] if kind else NA
    longest = cell.longest_m if state == YES else None
    floor = cell.floors.get(kind) if kind else None
    key = (cell.zone.name, cell.look)
    return {
        "id": f"{cell.zone.name}-{cell.look}",
        "look": cell.look,
        "state": state,
        "mark": _MARKS[state],
        "short": _MARKS[state] if longest is None else f"{longest:.0f}",
        "words": _SAID[state] + _lengths(cell, state),
        "own_place": _own_places(found, cell) if state == UNKNOWN else "",
        "tracks": list(dict.fromkeys(thing.track for thing in cell.things if thing.track)),
        "reason": cell.reason,
        "floor": None if floor is None else f"{floor:.0f} m",
        "clear": round(100 * cell.clear_fraction),
        "chip": chips.uris.get(key),
        "left_out": key in chips.left_out,
        "paths": [] if window is None else [path_of(_beside(thing.outline, window)) for thing in cell.things],
        "moment": local_time(found.looks[cell.look - 1].time, found.timezone),
    }


def _lengths(cell: RetoldCell, state: str) -> str:
    """Write the length of the longest thing of a cell with its limits, as that look by itself shows it."""
    if state != YES or cell.longest_m is None:
        return ""
    longest = next(thing for thing in cell.things if thing.length_m == cell.longest_m)
    low, high = longest.length_low_m, longest.length_high_m
    limits = "" if low is None or high is None else f" ({low:.0f} to {high:.0f})"
    return f", {cell.longest_m:.0f} m{limits}"


def _own_places(found: RetoldSeries, cell: RetoldCell) -> str:
    """Name the things whose own place a look shows empty, though of the whole zone it does not tell."""
    seen = [
        track.id
        for track in found.tracks
        if track.zone == cell.zone.name
        and cell.look in {track.absent_before, track.absent_after}
        and track.review != REJECTED
    ]
    if not seen:
        return ""
    return f"That is of the zone as a whole: the place of {' and of '.join(seen)} itself was seen, and is empty."


def _beside(geometry: BaseGeometry, window: Grid) -> BaseGeometry:
    return to_pixels(geometry, window).buffer(_BESIDE_PX)


def _short(moment: str | None) -> str:
    """Write ``2023-10-16T02:04:11Z`` for a narrow column."""
    return "" if moment is None else f"{moment[:10]} {moment[11:16]} UTC"


def _event(event: Document, found: RetoldSeries) -> dict[str, Any]:
    return {
        **event,
        "title": clean(found.title_of(str(event["zone"]))),
        "kind": event_name(str(event["event"])),
        "from": _short(event["not_before"]) or "no look shows the state before",
        "to": _short(event["not_after"]),
        "chance": "not stated" if event["p_event"] is None else f"{100 * event['p_event']:.0f} %",
    }


def _track(row: Document, found: RetoldSeries) -> dict[str, Any]:
    first, last = (found.looks[number - 1] for number in (row["seen"][0], row["seen"][-1]))
    number = len(row["seen"])
    return {
        **row,
        "title": clean(found.title_of(row["zone"])),
        "looks": f"{number} look{'' if number == 1 else 's'}",
        "from": f"{first.time:%Y-%m-%d %H:%M} UTC",
        "to": f"{last.time:%Y-%m-%d %H:%M} UTC",
    }
