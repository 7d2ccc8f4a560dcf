"""What the page of a series shows: the calendar of states, cells with their chips, events, calls."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import imagery_diff
from imagery_diff import mark
from imagery_diff.result_series import ALL_BERTHS, KINDS, NA, NO, UNKNOWN, YES
from imagery_diff.write.drawing import to_pixels
from imagery_diff.write.model import zone_title
from imagery_diff.write.pictures import png_of
from imagery_diff.write.report.doubts import sentence
from imagery_diff.write.report.page import data_uri, render
from imagery_diff.write.report.svg import path_of
from imagery_diff.write.timeline_contact import shown_chip, stretch_of_series
from imagery_diff.write.words import by_sentence, clean, licences_of, local_time, stamp_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shapely.geometry.base import BaseGeometry

    from imagery_diff.grid import Grid
    from imagery_diff.result_series import Cell, Timeline

    Document = Mapping[str, Any]

_MARKS = {YES: "\N{BLACK CIRCLE}", NO: "\N{EN DASH}", UNKNOWN: "?", NA: ""}
_SAID = {
    YES: "seen",
    NO: "nothing of the reported size detected",
    UNKNOWN: "unknown",
    NA: "not asked for",
}
_CHIP_BYTES = 4_500_000
"""Chips take no more of a page than this; what has no room stands in contact_sheet.png."""
_BESIDE_PX = 1.5


@dataclass(frozen=True, kw_only=True)
class ToldSeries:
    """All that the page of a series is made of."""

    found: Timeline
    summary: Document
    """summary.json."""
    events: Sequence[Document]
    """Rows of events.csv."""
    inputs: Sequence[Document]
    """As the manifest lists them."""


def series_report(told: ToldSeries) -> bytes:
    """Return the file report.html of a series."""
    return render("series.html.jinja", "series.js", _context(told))


def _context(told: ToldSeries) -> dict[str, Any]:
    found, summary = told.found, told.summary
    zone_names = [row["zone"] for row in summary["zones"] if row["asked_for"]]
    cells = {(cell.zone.name, cell.look): cell for cell in found.cells}
    chips = _chips(found, cells)
    images = [look.info for look in found.looks]
    used = sum(look.refused is None for look in found.looks)
    rows = [_row(found, name, cells, chips) for name in zone_names]
    place = found.aoi.title or found.aoi.name
    return {
        "title": f"{place}: {used} looks",
        "place": place,
        "stamp": stamp_of(images) if found.simulated else "",
        "reviewed": "Not reviewed by a person",
        "unreviewed": True,
        "headline": headline_of_series(summary, told.events),
        "when": span_words(found),
        "worst": worst_words(found),
        "looks": [_look(found, number) for number in range(len(found.looks))],
        "rows": rows,
        "events": [_event(event, number, found) for number, event in enumerate(told.events, start=1)],
        "calls": _calls(summary["visits"]),
        "quiet": by_sentence((zone_title(found.aoi.zone(name)), words) for name, words in found.quiet.items()),
        "fills": [(zone_title(found.aoi.zone(name)), words) for name, words in found.fills.items()],
        "ais": summary["ais"],
        "expected_false": summary["expected_false_things"],
        "hours": summary["local_hours"],
        "caveats": summary["caveats"],
        "credit": summary["credit"],
        "licences": [words] if (words := licences_of(images)) else [],
        "left_out": sum(cell["chip"] is None and cell["had"] for row in rows for cell in row["cells"]),
        "inputs": told.inputs,
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
    # Of all berths together: a ship that shifted berth would count twice in a sum over groups.
    counted = [visit["at_least"] for visit in summary["visits"]]
    whole = [visit["at_least"] for visit in summary["visits"] if visit["group"] == ALL_BERTHS]
    calls = (whole or [max(counted, default=0)])[0]
    least = f"; at least {calls} call{'' if calls == 1 else 's'} of vessels of the class counted" if calls else ""
    said = f"{changes} at {place} in {used} usable look{'' if used == 1 else 's'}{least}"
    if not summary["simulated"]:
        return f"{said[0].upper()}{said[1:]}."
    return f"{'Altered images' if 'ALTERED' in summary['credit'] else 'Rendered scenes'}: {said}."


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


def span_words(found: Timeline) -> str:
    """Say from when to when, and at which local hours anything was seen."""
    first, last = (local_time(look.time, found.aoi.timezone) for look in (found.looks[0], found.looks[-1]))
    hours = (
        f" Anything was seen {found.local_hours}; what happened at other hours was not." if found.local_hours else ""
    )
    return f"From {first} to {last}.{hours}"


def worst_words(found: Timeline) -> str:
    """Say how much of the calendar is unknown, and why mostly; that is what an editor must not take for silence."""
    asked = ((cell, next((kind for kind in KINDS if cell.states[kind] != NA), None)) for cell in found.cells)
    states = [(cell.states[kind], cell.reason) for cell, kind in asked if kind is not None]
    unknown = [reason for state, reason in states if state == UNKNOWN]
    if not unknown:
        return sentence(found.caveats[0]) if found.caveats else "What was too small or fell between looks was not seen."
    why, number = Counter(reason or "no reason given" for reason in unknown).most_common(1)[0]
    return (
        f"{len(unknown)} of {len(states)} cells of the calendar are unknown, which is not empty; mostly ({number})"
        f" because: {why}."
    )


def _look(found: Timeline, index: int) -> dict[str, Any]:
    look = found.looks[index]
    return {
        "number": look.number,
        "day": f"{look.time.day} {look.time:%b %Y}",
        "hour": f"{look.time:%H:%M}",
        "moment": local_time(look.time, found.aoi.timezone),
        "scene": look.info.name,
        "sensor": look.info.product,
        "residual": look.residual_m,
        "closure": look.closure_m,
        "refused": look.refused,
    }


def _row(
    found: Timeline, name: str, cells: Mapping[tuple[str, int], Cell], chips: Mapping[tuple[str, int], str]
) -> dict[str, Any]:
    """Gather a zone's row of the calendar."""
    zone = found.aoi.zone(name)
    window = found.windows.get(name)
    outline = "" if window is None else path_of(to_pixels(zone.polygon, window))
    told = [_cell(found, cells[name, look.number], window, chips) for look in found.looks]
    return {
        "name": name,
        "title": zone_title(zone),
        "kind": zone.kind,
        "located": zone.located,
        "outline": outline,
        "shape": None if window is None else window.shape,
        "cells": told,
        "counts": Counter(cell["state"] for cell in told),
    }


def _cell(found: Timeline, cell: Cell, window: Grid | None, chips: Mapping[tuple[str, int], str]) -> dict[str, Any]:
    kind = next((kind for kind in KINDS if cell.states[kind] != NA), None)
    state = cell.states[kind] if kind else NA
    things = [thing for thing in cell.things if thing.kind == kind]
    longest = max((thing.region.length_m for thing in things), default=None)
    paths = [] if window is None else [path_of(_beside(thing.region.geometry, window)) for thing in cell.things]
    floor = cell.floors.get(kind) if kind else None
    words = _SAID[state] + (f", {longest:.0f} m" if state == YES and longest is not None else "")
    key = (cell.zone.name, cell.look)
    return {
        "id": f"{cell.zone.name}-{cell.look}",
        "look": cell.look,
        "state": state,
        "mark": _MARKS[state],
        "short": f"{longest:.0f}" if state == YES and longest is not None else _MARKS[state],
        "words": words,
        "reason": cell.reason,
        "floor": None if floor is None else f"{floor:.0f} m",
        "clear": round(100 * cell.clear_fraction),
        "chip": chips.get(key),
        "had": key in found.chips,
        "paths": paths,
        "moment": local_time(found.looks[cell.look - 1].time, found.aoi.timezone),
    }


def _chips(found: Timeline, cells: Mapping[tuple[str, int], Cell]) -> dict[tuple[str, int], str]:
    """Zone and look -> picture, as far as there is room: what was seen first, then what is unknown, then the rest."""
    stretch = stretch_of_series(found)
    rank = {YES: 0, UNKNOWN: 1, NO: 2}

    def order(key: tuple[str, int]) -> tuple[int, int]:
        states = [state for state in cells[key].states.values() if state != NA]
        return (min((rank[state] for state in states), default=3), key[1])

    made: dict[tuple[str, int], str] = {}
    room = _CHIP_BYTES
    for key in sorted((key for key in found.chips if key in cells), key=order):
        colours = np.round(255 * shown_chip(found.chips[key], stretch, (0, 0), 1)).astype(np.uint8)
        info = found.looks[key[1] - 1].info
        if info.simulated:
            colours = np.moveaxis(mark.stamp(np.moveaxis(colours, -1, 0)), 0, -1)
        uri = data_uri(png_of(colours, info.credit or f"{info.name}: credit unknown", simulated=info.simulated))
        room -= len(uri)
        if room < 0:
            break
        made[key] = uri
    return made


def _beside(geometry: BaseGeometry, window: Grid) -> BaseGeometry:
    return to_pixels(geometry, window).buffer(_BESIDE_PX)


def _short(moment: str | None) -> str:
    """Write ``2023-10-16T02:04:11Z`` for a narrow column."""
    return "" if moment is None else f"{moment[:10]} {moment[11:16]} UTC"


def _event(event: Document, number: int, found: Timeline) -> dict[str, Any]:
    zone = found.aoi.zone(event["zone"]) if event["zone"] in {zone.name for zone in found.aoi.zones} else None
    return {
        **event,
        "id": f"E{number}",
        "title": zone_title(zone) if zone else clean(str(event["zone"])),
        "kind": str(event["event"]).replace("_", " "),
        "from": _short(event["not_before"]) or "no look shows the state before",
        "to": _short(event["not_after"]),
        "chance": "not stated" if event["p_event"] is None else f"{100 * event['p_event']:.0f} %",
    }
