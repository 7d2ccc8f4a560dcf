"""The terminal's answer: plain lines of at most 100 columns for someone who has never seen the program.

It reads the same model as summary.json, so that the two cannot disagree.
"""

from __future__ import annotations

import textwrap
from itertools import groupby
from typing import TYPE_CHECKING

import shapely

from imagery_diff.write.diagnostics import laid_words
from imagery_diff.write.model import shift_summary, zone_title
from imagery_diff.write.overall import order_words, vessels_words
from imagery_diff.write.sentences import activity_words, direction_words, position_words
from imagery_diff.write.words import MISSED, STANDING, clean, clear_words, licences_of, moment_words, pixel_words, stamp
from imagery_diff.write.zone_sentences import describe_zone, describe_zones

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from imagery_diff.result import Comparison, Region, ZoneState
    from imagery_diff.scene import SceneInfo

WIDTH = 100
_GAP = "  "
_LABEL = 12
_ZONE_WIDTHS = (38, 60)
_MOST_SENTENCES = 12
"""Regions told in full; of a map with a hundred the rest stands in summary.json."""
_ORDER = {"flagged": 0, "look at this": 1, "unknown": 2, "nothing flagged": 3, "ignored": 4}
"""What was found comes first, then what could not be seen."""


def comparison_table(result: Comparison) -> str:
    """Return the answer as text: what was compared, what was flagged, what is known of each zone, and the caveats."""
    blocks = [
        _head(result),
        _regions(result),
        _to_look_at(result),
        _zones(result),
        _caveats(result),
        [*labelled("credit", result.credit), *_licence(result)],
    ]
    lines = [line.rstrip() for block in blocks if block for line in [*block, ""]]
    return "\n".join(clean(line) for line in lines[:-1])


def _head(result: Comparison) -> list[str]:
    """Say what was compared, and how far the images lay apart."""
    lines = [f"{stamp(result)}: no satellite saw what is shown here"] if result.simulated else []
    aoi = result.aoi
    title = f"{aoi.title or aoi.name} ({aoi.name})" if aoi and aoi.title else result.name
    place = title if aoi else "the images' common ground"
    operating = {"alarm": f"alarm, inside the zones{_zone_share(result)}", "map": "map, all ground"}[result.detect]
    lines += labelled("place", place)
    lines += labelled("before", _scene(result.before, result))
    lines += labelled("after", _scene(result.after, result))
    lines += labelled("shift", laid_words(shift_summary(result)))
    return lines + labelled("looked for", operating)


def _zone_share(result: Comparison) -> str:
    """Say which share of the AOI the zones are; outside them the alarm is silent."""
    if result.aoi is None or not result.zones or not result.aoi.polygon.area:
        return ""
    zones = shapely.union_all([state.zone.polygon for state in result.zones])
    share = zones.intersection(result.aoi.polygon).area / result.aoi.polygon.area
    return f" ({share:.0%} of the place; nothing outside them is reported, --detect map looks everywhere)"


def _scene(info: SceneInfo, result: Comparison) -> str:
    """When, by what, at which pixel size, from which file."""
    timezone = result.aoi.timezone if result.aoi else None
    return f"{moment_words(info, timezone)}; {info.product}, {pixel_words(info)}; {info.name}"


def _regions(result: Comparison) -> list[str]:
    """One row a region, in the order in which they should be looked at, and below what is said of each."""
    if not result.regions:
        return [f"Nothing was flagged. {MISSED}"]
    unit = "m" if result.grid.crs else "px"
    heads = ("id", "direction", "what it looks like", "where", f"size ({unit})", "colour")
    rows = [_region_row(region, result) for region in result.regions]
    count = len(rows)
    order = f", {order_words(result)}" if count > 1 else ""
    title = f"{count} flagged region{'s' if count > 1 else ''}{order}; length x width"
    lower = any(region.length_is_lower_bound for region in result.regions)
    note = ["> = at least: it reaches ground that was not seen, or the edge"] if lower else []
    title_lines = _wrapped(title)
    return [*title_lines, *columns(heads, rows, (5, 11, 22, 31, 11, 8)), *note, "", *_told(result), *_vessels(result)]


def _told(result: Comparison) -> list[str]:
    """Return what is said of each region, the same as in every file."""
    lines = []
    for region in result.regions[:_MOST_SENTENCES]:
        lines += _wrapped(region.description, first=f"{region.id}".ljust(5), indent=" " * 5)
    more = len(result.regions) - _MOST_SENTENCES
    return [*lines, f"What is said of {more} more stands in summary.json."] if more > 0 else lines


def _vessels(result: Comparison) -> list[str]:
    words = vessels_words(result)
    return ["", *labelled("vessels", words)] if words else []


def _region_row(region: Region, result: Comparison) -> tuple[str, ...]:
    size = f"{'>' if region.length_is_lower_bound else ''}{region.length_m:.0f} x {region.width_m:.0f}"
    size = "under way" if region.under_way else size
    zone = next((s.zone for s in result.zones if s.zone.name == region.zone), None)
    where = zone_title(zone) if zone else region.zone or _position(region, result)
    if zone is not None and not zone.located:
        where += " (search area)"
    return (region.id, direction_words(region), activity_words(region), where, size, region.colour or "-")


def _position(region: Region, result: Comparison) -> str:
    """Say where something outside all zones lies."""
    if result.grid.crs is None:
        return "outside the zones" if result.zones else "-"
    return position_words(region, result.grid.crs)


def _to_look_at(result: Comparison) -> list[str]:
    """One row for each thing to look at."""
    if not result.look_at:
        return []
    unit = "m" if result.grid.crs else "px"
    heads = ("id", "date", "where", f"size ({unit})")
    names = {state.zone.name: zone_title(state.zone) for state in result.zones}
    rows = [
        (look.id, look.date, names.get(look.zone or "", "-"), f"{look.length_m:.0f} x {look.width_m:.0f}")
        for look in result.look_at
    ]
    title = "To look at by eye: bright and sharp, but under the cloud mask. No findings."
    return [title, *columns(heads, rows, (5, 11, 50, 11))]


def _zones(result: Comparison) -> list[str]:
    """One row a zone; search areas, and zones of which the same is said, share theirs."""
    if not result.zones:
        return []
    located = [state for state in result.zones if state.zone.located]
    located.sort(key=lambda state: _ORDER.get(state.state, 0))
    groups = _by_sentence(located)
    rows = [row for found in groups if not _are_quiet(found) for row in _zone_rows(found)]
    lines = columns(("zone", "what is known"), rows, _ZONE_WIDTHS) if rows else []
    for found in filter(_are_quiet, groups):
        names = "; ".join(zone_title(state.zone) for state in found)
        lines += [*([""] if lines else []), *_wrapped(f"In each of these {describe_zone(found[0])}: {names}.")]
    search = [state for state in result.zones if not state.zone.located]
    if search:
        lines += [
            *([""] if lines else []),
            *_wrapped("search areas: what they are named for was not located, so none is ever called empty"),
        ]
        lines += columns(("search area", "what is known"), _search_rows(search), _ZONE_WIDTHS)
    for words in (STANDING, clear_words((result.before, result.after))):
        lines += ["", *_wrapped(words)] if words else []
    return lines


def _search_rows(states: Sequence[ZoneState]) -> list[tuple[str, str]]:
    """Return a row for each area in which something was flagged, and one for all others of a kind and state."""
    told = {"flagged", "look at this", "ignored"}
    rows = [(zone_title(state.zone), describe_zone(state)) for state in states if state.state in told]
    groups: dict[tuple[str, str], list[ZoneState]] = {}
    for state in states:
        if state.state not in told:
            groups.setdefault((state.state, state.zone.kind), []).append(state)
    for _, found in sorted(groups.items(), key=lambda item: _ORDER.get(item[0][0], 0)):
        rows.append(("; ".join(zone_title(state.zone) for state in found), describe_zones(found)))
    return rows


def _by_sentence(states: Sequence[ZoneState]) -> list[list[ZoneState]]:
    """Put zones of which the same is said together, in the order of the first of each."""
    order: dict[str, int] = {}
    for state in states:
        order.setdefault(describe_zone(state), len(order))
    ranked = sorted(states, key=lambda state: order[describe_zone(state)])
    return [list(group) for _, group in groupby(ranked, key=describe_zone)]


def _are_quiet(states: Sequence[ZoneState]) -> bool:
    """Whether these are several zones in which nothing was flagged; a row each would drown what was."""
    return len(states) > 1 and states[0].state == "nothing flagged"


def _zone_rows(states: list[ZoneState]) -> Iterable[tuple[str, str]]:
    """Return a row for each zone, or one for all if they are unknown alike."""
    if states[0].state == "unknown" and len(states) > 1:
        return [("; ".join(zone_title(state.zone) for state in states), f"each {describe_zone(states[0])}")]
    return [(zone_title(state.zone), describe_zone(state)) for state in states]


def _caveats(result: Comparison) -> list[str]:
    if not result.caveats:
        return []
    return ["caveats", *(line for caveat in result.caveats for line in _wrapped(caveat, first="- ", indent="  "))]


def _licence(result: Comparison) -> list[str]:
    words = licences_of((result.before, result.after))
    return labelled("licence", words) if words else []


def columns(heads: Sequence[str], rows: Iterable[Sequence[str]], widths: Sequence[int]) -> list[str]:
    """Lay out rows in columns no wider than ``widths``, their cells wrapped; columns that need less take less."""
    table = [tuple(heads), *(tuple(row) for row in rows)]
    needed = [min(width, max(len(row[i]) for row in table)) for i, width in enumerate(widths)]
    lines = []
    for number, row in enumerate(table):
        cells = [textwrap.wrap(cell, width) or [""] for cell, width in zip(row, needed, strict=True)]
        for i in range(max(len(cell) for cell in cells)):
            parts = [(cell[i] if i < len(cell) else "").ljust(width) for cell, width in zip(cells, needed, strict=True)]
            lines.append(_GAP.join(parts).rstrip())
        if number == 0:
            lines.append(_GAP.join("-" * width for width in needed))
    return lines


def labelled(label: str, text: str) -> list[str]:
    """Wrap a text behind its label."""
    return _wrapped(text, first=label.ljust(_LABEL), indent=" " * _LABEL)


def _wrapped(text: str, *, first: str = "", indent: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=indent) or [first]
