"""The files of a series: observations.csv, events.csv, events.geojson, summary.json, two pictures and the manifest."""

from __future__ import annotations

import importlib
import importlib.util
import textwrap
from typing import TYPE_CHECKING, Any

import shapely
from shapely.geometry import mapping

from imagery_diff.result import SCHEMA_VERSION, iso
from imagery_diff.result_series import KINDS, UNKNOWN
from imagery_diff.write import folder
from imagery_diff.write import manifest as manifests
from imagery_diff.write.geojson import bounding_box, wgs84_geometry
from imagery_diff.write.model import fit_summary, plain, rounded, scene_summary, to_json, zone_title
from imagery_diff.write.report.svg import SIMPLER_PX
from imagery_diff.write.retold_series import RetoldSeries, retold_series
from imagery_diff.write.table import columns, labelled
from imagery_diff.write.timeline_ais import ais_lines, ais_summary
from imagery_diff.write.timeline_contact import contact_sheet_png
from imagery_diff.write.timeline_figure import picture, timeline_png
from imagery_diff.write.timeline_rows import EVENT, OBSERVATION, OF_FILE, csv_bytes
from imagery_diff.write.words import by_sentence, clean, moment_words, stamp_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from PIL.Image import Image
    from shapely.geometry.base import BaseGeometry

    from imagery_diff.result_series import Cell, Event, Thing, Timeline, Track
    from imagery_diff.write.report.chips import Chips

OBSERVATION_COLUMNS, EVENT_COLUMNS = tuple(OBSERVATION), tuple(EVENT)
_WIDTH = 100


def observation_rows(found: Timeline) -> list[dict[str, Any]]:
    """Return the rows of observations.csv: one a zone and look, more where several objects stand in a zone."""
    tracks = {id(thing): track.id for track in found.tracks for _, thing in track.seen}
    rows = []
    for cell in found.cells:
        things: Sequence[Thing | None] = cell.things or (None,)
        rows += [_observation(found, cell, thing, n, tracks) for n, thing in enumerate(things, start=1)]
    return rows


def _observation(
    found: Timeline, cell: Cell, thing: Thing | None, number: int, tracks: Mapping[int, str]
) -> dict[str, Any]:
    info = found.looks[cell.look - 1].info
    region = thing.region if thing else None
    asked = next((kind for kind in KINDS if cell.states[kind] != "na"), None)
    row: dict[str, Any] = {
        "acquired": iso(info.acquired),
        "scene": info.name,
        "zone": cell.zone.name,
        "group": cell.zone.group,
        "object": number if thing else None,
        "clear_fraction": rounded(cell.clear_fraction, 4),
        "degraded_fraction": rounded(cell.degraded_fraction, 4),
        "unknown_reason": cell.reason,
        **cell.states,
        "vessel_length_m": _length(thing, "vessel"),
        "cargo_length_m": _length(thing, "cargo"),
        "cargo_area_m2": rounded(region.area_m2, 1) if region and thing and thing.kind == "cargo" else None,
        "rail_length_m": _length(thing, "rail"),
        "fill_fraction": rounded(sum(cell.fill) / 2, 4) if cell.fill else None,
        "fill_fraction_low": rounded(cell.fill[0], 4) if cell.fill else None,
        "fill_fraction_high": rounded(cell.fill[1], 4) if cell.fill else None,
        **{f"{kind}_floor_m": rounded(cell.floors[kind], 1) for kind in KINDS},
        "state_raw": cell.states[asked] if asked else None,
        "p_state_raw": rounded(cell.p_state_raw, 4),
        "p_state": rounded(cell.p_state, 4),
        "track": tracks.get(id(thing)) if thing else None,
        "activity": region.activity if region else None,
        "colour": region.colour if region else None,
        "length_low_m": rounded(region.length_low_m, 1) if region else None,
        "length_high_m": rounded(region.length_high_m, 1) if region else None,
        "review": "unreviewed",
        "simulated": found.simulated,
        "credit": found.credit,
    }
    return {name: row[name] for name in OBSERVATION_COLUMNS}


def _length(thing: Thing | None, kind: str) -> float | None:
    return rounded(thing.region.length_m, 1) if thing and thing.kind == kind else None


def event_rows(found: Timeline) -> list[dict[str, Any]]:
    """Return the rows of events.csv."""
    return [{name: _event(found, event)[name] for name in EVENT_COLUMNS} for event in found.events]


def event_rows_with_outlines(found: Timeline) -> list[dict[str, Any]]:
    """Return the rows of events.csv with ``wkt``, the outline in WGS84, None of an event that has none."""
    assert found.grid.crs is not None
    outlines = [None if e.geometry is None else wgs84_geometry(e.geometry, found.grid.crs) for e in found.events]
    rows = event_rows(found)
    return [{**row, "wkt": outline and outline.wkt} for row, outline in zip(rows, outlines, strict=True)]


def _event(found: Timeline, event: Event) -> dict[str, Any]:
    return {
        "event": event.event,
        "zone": event.zone,
        "group": event.group,
        "not_before": iso(event.not_before),
        "not_after": iso(event.not_after),
        "length_m": rounded(event.length_m, 1),
        "p_event": rounded(event.p_event, 4),
        "evidence": "; ".join(event.evidence),
        "unusable_between": event.unusable_between,
        "track": event.track,
        "description": _described(found, event),
        "review": "unreviewed",
        "simulated": found.simulated,
        "credit": found.credit,
    }


def _described(found: Timeline, event: Event) -> str:
    text = event.description[0].upper() + event.description[1:] + "."
    return f"Rendered scene: {text[0].lower()}{text[1:]}" if found.simulated else text


def frame_of(rows: list[dict[str, Any]]) -> Any:
    """Return rows as a data frame where pandas is installed, else as they are."""
    if importlib.util.find_spec("pandas") is None:
        return rows
    return importlib.import_module("pandas").DataFrame(rows)


def events_geojson(found: Timeline) -> dict[str, Any]:
    """Return events.geojson: RFC 7946, times as ISO 8601, which QGIS's temporal controller reads as fields."""
    assert found.grid.crs is not None
    shown = [(e, wgs84_geometry(e.geometry, found.grid.crs) if e.geometry is not None else None) for e in found.events]
    drawn = [g for _, g in shown if g is not None]
    head: dict[str, Any] = {"type": "FeatureCollection", "schema_version": SCHEMA_VERSION}
    if drawn:
        head["bbox"] = bounding_box(drawn)
    features = [
        {
            "type": "Feature",
            "id": f"E{number}",
            "geometry": None if geometry is None else mapping(geometry),
            "properties": {"id": f"E{number}", **_event(found, event), "evidence": list(event.evidence), "note": None},
        }
        for number, (event, geometry) in enumerate(shown, start=1)
    ]
    members = {
        "simulated": found.simulated,
        "aoi": found.name,
        "caveats": list(found.caveats),
        "credit": found.credit,
        "features": features,
    }
    cleaned: dict[str, Any] = plain(head | members)
    return cleaned


def summary(found: Timeline) -> dict[str, Any]:
    """Return summary.json of a series; docs/reference/schemas/timeline.schema.json."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "kind": "timeline",
        "simulated": found.simulated,
        "aoi": {"name": found.name, "title": found.aoi.title, "timezone": found.aoi.timezone},
        "grid": {
            "crs": found.grid.crs,
            "shape": list(found.grid.shape),
            "pixel_size_m": [rounded(size, 4) for size in found.grid.pixel_size_m],
            "transform": list(found.grid.transform[:6]),
        },
        "looks": [
            {
                "number": look.number,
                "scene": scene_summary(look.info),
                "east_m": rounded(look.east_m, 2),
                "north_m": rounded(look.north_m, 2),
                "residual_m": rounded(look.residual_m, 2),
                "closure_m": rounded(look.closure_m, 2),
                "refused": look.refused,
            }
            for look in found.looks
        ],
        "local_hours": found.local_hours,
        "zones": [
            _zone(found, name) | _placed(found, name) for name in dict.fromkeys(c.zone.name for c in found.cells)
        ],
        "tracks": [_track(track) for track in found.tracks],
        "things": list(_things(found)),
        "visits": [
            {
                "group": v.group,
                "at_least": v.at_least,
                "perhaps": v.perhaps,
                "beside_stockpile": v.beside_stockpile,
                "inferred": v.inferred,
                "tracks": list(v.tracks),
                "tracks_perhaps": list(v.tracks_perhaps),
                "length_classes": list(v.their_classes),
                "usable_looks": v.usable_looks,
                "looks": v.looks,
                "gaps": [
                    {"after": iso(g.after), "before": iso(g.before), "hours": rounded(g.hours, 1)} for g in v.gaps
                ],
                "sentence": v.sentence,
            }
            for v in found.visits
        ],
        "events": len(found.events),
        "expected_false_things": rounded(found.expected_false, 3),
        "ais": ais_summary(found),
        "caveats": list(found.caveats),
        "credit": found.credit,
    }
    cleaned: dict[str, Any] = plain(document)
    return cleaned


def _zone(found: Timeline, name: str) -> dict[str, Any]:
    cells = [c for c in found.cells if c.zone.name == name]
    asked = next((kind for kind in KINDS if cells[0].states[kind] != "na"), None)
    states = [c.states[asked] if asked else "na" for c in cells]
    reasons: dict[str, int] = {}
    for cell, state in zip(cells, states, strict=True):
        if state == UNKNOWN and cell.reason:
            reasons[cell.reason] = reasons.get(cell.reason, 0) + 1
    return {
        "zone": name,
        "title": cells[0].zone.title,
        "kind": cells[0].zone.kind,
        "group": cells[0].zone.group,
        "asked_for": asked,
        "states": states,
        "unknown_reasons": reasons,
        "quiet": found.quiet.get(name),
        "fill": found.fills.get(name),
    }


def _placed(found: Timeline, name: str) -> dict[str, Any]:
    """Say where a zone lies, as laid, and on which grid its pictures stand."""
    zone, window = found.aoi.zone(name), found.windows.get(name)
    return {
        "located": zone.located,
        "timezone": zone.timezone,
        "geometry": _outline(zone.polygon, found),
        "window": window and {"transform": list(window.transform[:6]), "shape": list(window.shape)},
    }


def _track(track: Track) -> dict[str, Any]:
    return {
        "id": track.id,
        "kind": track.kind,
        "zone": track.zone,
        "group": track.group,
        "seen": [look for look, _ in track.seen],
        "absent_before": track.absent_before,
        "absent_after": track.absent_after,
        "review": "unreviewed",
        "note": None,
    }


def _things(found: Timeline) -> Iterator[dict[str, Any]]:
    """Say where each thing stands on each look, in the order of observations.csv."""
    tracks = {id(thing): track.id for track in found.tracks for _, thing in track.seen}
    # Corners nearer to a line than a pixel's seventh are not drawn: a hundred looks would be a large file.
    fine = SIMPLER_PX * max(found.grid.pixel_size)
    for cell in found.cells:
        for number, thing in enumerate(cell.things, start=1):
            yield {
                "look": cell.look,
                "zone": cell.zone.name,
                "object": number,
                "kind": thing.kind,
                "track": tracks.get(id(thing)),
                "length_m": rounded(thing.region.length_m, 1),
                "geometry": _outline(shapely.simplify(thing.region.geometry, fine), found),
            }


def _outline(polygon: BaseGeometry, found: Timeline) -> dict[str, Any] | None:
    assert found.grid.crs is not None
    outline = wgs84_geometry(polygon, found.grid.crs)
    return None if outline is None else mapping(outline)


def retell(found: Timeline) -> RetoldSeries:
    """Read a series back from what its documents will say."""
    return retold_series(summary(found), events_geojson(found), observation_rows(found))


def calendar(found: Timeline) -> Image:
    """Draw the calendar."""
    return picture(retell(found))


def folder_name(found: Timeline) -> str:
    """Return the name of the folder a series goes to by default: AOI, first and last time."""
    first, last = found.looks[0].info, found.looks[-1].info
    return folder.name_of_series(found.name, first, last)


def save_timeline(found: Timeline, target: str | Path) -> Path:
    """Write the result folder, all of it or nothing; see :func:`imagery_diff.write.save_comparison`."""
    from imagery_diff.write.report.chips import chips_of  # noqa: PLC0415 - draws every chip

    place = folder.check_target(target)
    inputs, told = _inputs(found), summary(found)
    files = told_files(told, events_geojson(found), observation_rows(found), chips_of(found), inputs)
    files["contact_sheet.png"] = contact_sheet_png(found)
    files |= {manifests.NAME: to_json(_manifest(found, files, inputs))}
    with folder.locked(place):
        folder.write_folder(place, folder.with_review_of(place, files))
    return place


def told_files(
    told: Mapping[str, Any],
    events: Mapping[str, Any],
    observations: Sequence[Mapping[str, Any]],
    chips: Chips,
    inputs: Sequence[Mapping[str, Any]],
) -> dict[str, bytes]:
    """Write the files of a series that a review tells anew, name -> content.

    Parameters
    ----------
    told, events, observations
        What its documents say; the calendar and the page are made of nothing else.
    chips
        The pictures of the page.
    inputs
        As the manifest lists them.

    """
    from imagery_diff.write.report.series import series_report  # noqa: PLC0415 - loads jinja2

    series = retold_series(told, events, observations)
    rows = [row | {"evidence": "; ".join(row["evidence"])} for row in series.events]
    return {
        "observations.csv": csv_bytes(observations, OBSERVATION_COLUMNS),
        "events.csv": csv_bytes(rows, (*EVENT_COLUMNS, *OF_FILE)),
        "events.geojson": to_json(events),
        "summary.json": to_json(told),
        "timeline.png": timeline_png(series),
        "report.html": series_report(series, chips, inputs),
    }


def _manifest(found: Timeline, files: dict[str, bytes], inputs: list[dict[str, Any]]) -> dict[str, Any]:
    ran = manifests.Ran(
        product="timeline",
        images={f"look {look.number}": look.info for look in found.looks},
        aoi=found.aoi,
        asked=found.asked,
        params=found.params,
        credit=found.credit,
        trials=True,
    )
    told = summary(found)
    estimated = {
        "scenes": {f"look {look.number}": scene_summary(look.info) for look in found.looks},
        "looks": [{name: value for name, value in look.items() if name != "scene"} for look in told["looks"]],
        "fit": found.fit and fit_summary(found.fit),
    }
    return manifests.sealed(ran.document(files, inputs) | plain(estimated))


def _inputs(found: Timeline) -> list[dict[str, Any]]:
    """List the files of every look, of one that an archive keeps as they were when it was read; and the AIS file."""
    entries = manifests.inputs_of({f"look {k.number}": k.info for k in found.looks if k.kept_files is None})
    note = "not opened: the look is kept in the archive, these are the size and digest that it had"
    entries += [
        {"role": f"look {look.number}", "name": file.name, "size": file.size, "sha256": file.sha256, "note": note}
        for look in found.looks
        for file in look.kept_files or ()
    ]
    entries.sort(key=lambda entry: int(entry["role"].split()[1]))
    if found.ais:
        entries.append({"role": "ais", "name": found.ais.file, "size": found.ais.size, "sha256": found.ais.sha256})
    return entries


# --- the terminal's answer -------------------------------------------------------------------------------------------

_MARKS = {"yes": "Y", "no": "-", "unknown": "?", "na": " "}


def text(found: Timeline) -> str:
    """Return the terminal's answer: the table of states, the events, the calls, and what silence says."""
    zone = found.aoi.timezone
    head = (
        [f"{stamp_of([look.info for look in found.looks])}: no satellite saw what is shown here"]
        if found.simulated
        else []
    )
    head += labelled("place", found.aoi.title or found.aoi.name)
    used = sum(look.refused is None for look in found.looks)
    head += labelled("looks", f"{used} of {len(found.looks)} used, {found.local_hours or 'none usable'}")
    head += labelled("first", moment_words(found.looks[0].info, zone))
    head += labelled("last", moment_words(found.looks[-1].info, zone))
    blocks = [head, _state_lines(found), _event_lines(found)]
    blocks.append(["calls", *_sentences((v.group, v.sentence) for v in found.visits)])
    if found.quiet:
        silent = ((zone_title(found.aoi.zone(name)), sentence) for name, sentence in found.quiet.items())
        blocks.append(["quiet", *_sentences(silent)])
    if found.fills:
        filled = ((zone_title(found.aoi.zone(name)), sentence) for name, sentence in found.fills.items())
        blocks.append(["fill", *_sentences(filled)])
    blocks.append(ais_lines(found, _WIDTH))
    if found.expected_false is not None:
        blocks.append(labelled("false", f"{found.expected_false:.1f} things of all looks are expected to be false"))
    blocks.append(["caveats", *(line for c in found.caveats for line in _bullet(c))])
    blocks.append(labelled("credit", found.credit))
    return "\n\n".join("\n".join(clean(line.rstrip()) for line in block) for block in blocks if block)


def _sentences(told: Iterable[tuple[str, str]]) -> list[str]:
    return [line for names, sentence in by_sentence(told) for line in _bullet(f"{names}: {sentence}")]


def _bullet(sentence: str) -> list[str]:
    return textwrap.wrap(sentence, _WIDTH, initial_indent="- ", subsequent_indent="  ")


def _state_lines(found: Timeline) -> list[str]:
    rows = []
    for name in dict.fromkeys(c.zone.name for c in found.cells):
        told = _zone(found, name)
        if told["asked_for"] is None:
            continue
        why = max(told["unknown_reasons"].items(), key=lambda r: r[1], default=("", 0))[0]
        rows.append(
            (zone_title(found.aoi.zone(name)), "".join(_MARKS[s] for s in told["states"]), told["asked_for"], why)
        )
    wide = max(8, len(found.looks))
    heads = ("zone", "looks", "what", "why unknown, mostly")
    title = "Each look in the order of time: Y seen, - nothing of the reported size, ? unknown"
    return [title, *columns(heads, rows, (34, wide, 8, max(20, _WIDTH - 48 - wide)))]


def _event_lines(found: Timeline) -> list[str]:
    if not found.events:
        return ["No change of state was seen between looks that show a place both ways."]
    lines = [f"{len(found.events)} events, each with the window in which it must have happened"]
    for number, event in enumerate(found.events, start=1):
        lines += textwrap.wrap(
            f"E{number} {_described(found, event)}", _WIDTH, initial_indent="", subsequent_indent="   "
        )
    return lines
