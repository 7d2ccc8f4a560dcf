"""The files of a look at one image: candidates.geojson, summary.json, overview.png, manifest.json."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

import shapely
from shapely.geometry import mapping

from imagery_diff.result import SCHEMA_VERSION, iso
from imagery_diff.scene import DEGRADED, UNSEEN
from imagery_diff.write import drawing, folder
from imagery_diff.write import manifest as manifests
from imagery_diff.write.drawing import Sheet, fitted, wrapped
from imagery_diff.write.geojson import bounding_box, wgs84_geometry
from imagery_diff.write.model import plain, rounded, scene_summary, to_json, zone_summary, zone_title
from imagery_diff.write.panels import Frame, grid_panel, stretch_of
from imagery_diff.write.sentences import describe_candidate
from imagery_diff.write.table import columns, labelled
from imagery_diff.write.words import NOUNS, clean, clear_words, credits_of, moment_words, pixel_words, stamp_of
from imagery_diff.write.zone_sentences import describe_looked_zone

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

    from imagery_diff.result import Candidate, Look, ZoneState
    from imagery_diff.write.panels import Stretch

STATUS = "unconfirmed"
_WIDTH, _MARGIN, _GUTTER = 2400, 36, 24
_TEXT, _SMALL, _TITLE = 25, 21, 40
_MAX_HEIGHT = 1500
_CLOSE_UPS, _ACROSS, _CLOSE_HEIGHT = 8, 4, 380
_AROUND, _LEAST_HALF_M, _LEAST_HALF_PX = 1.4, 60.0, 20.0
_NOUNS = NOUNS | {"other": "object of unclear kind"}


def credit_of(found: Look) -> str:
    """Return the line that must stand beside every picture."""
    return credits_of((found.image, *found.references), found.aoi)


def stamp(found: Look) -> str | None:
    """Return what must stand across its pictures; None where satellites saw everything."""
    return stamp_of((found.image, *found.references)) if found.simulated else None


def properties(candidate: Candidate, found: Look) -> dict[str, Any]:
    """Return a candidate's properties, those of regions.geojson and its status."""
    placed = found.grid.crs is not None
    against = [iso(info.acquired) for info in found.references if info.name in candidate.against]
    return {
        "id": candidate.id,
        "status": STATUS,
        "direction": candidate.direction,
        "relation": "unclear",
        "activity": candidate.activity,
        "zone": candidate.zone,
        "zone_kind": candidate.zone_kind,
        "group": candidate.group,
        "p_change": None,
        "p_activity": None,
        "false_alarms_per_km2": None,
        "area_m2": rounded(candidate.area_m2, 1) if placed else None,
        "length_m": rounded(candidate.length_m, 1) if placed and not candidate.under_way else None,
        "length_low_m": None,
        "length_high_m": None,
        "length_is_lower_bound": candidate.length_is_lower_bound,
        "width_m": rounded(candidate.width_m, 1) if placed else None,
        "orientation_deg": rounded(candidate.orientation_deg, 1) if placed else None,
        "colour": candidate.colour,
        "why": list(candidate.why),
        "before": against[-1] if against else None,
        "after": iso(found.image.acquired),
        "review": "unreviewed",
        "note": None,
        "simulated": found.simulated,
        "description": describe_candidate(candidate, found),
        "zone_shares": {name: rounded(share, 3) for name, share in candidate.zone_shares.items()},
    }


def candidates_geojson(found: Look) -> dict[str, Any]:
    """Return candidates.geojson; docs/reference/schemas/candidates.schema.json."""
    assert found.grid.crs is not None
    geometries = [wgs84_geometry(c.geometry, found.grid.crs) for c in found.candidates]
    drawn = [g for g in geometries if g is not None]
    head: dict[str, Any] = {"type": "FeatureCollection", "schema_version": SCHEMA_VERSION}
    if drawn:
        head["bbox"] = bounding_box(drawn)
    features = [
        {
            "type": "Feature",
            "id": candidate.id,
            "geometry": None if geometry is None else mapping(geometry),
            "properties": properties(candidate, found),
        }
        for candidate, geometry in zip(found.candidates, geometries, strict=True)
    ]
    members = {
        "simulated": found.simulated,
        "aoi": found.name,
        "zones": [_zone(state) for state in found.zones],
        "caveats": list(found.caveats),
        "credit": credit_of(found),
        "features": features,
    }
    cleaned: dict[str, Any] = plain(head | members)
    return cleaned


def _zone(state: ZoneState) -> dict[str, Any]:
    told = zone_summary(state)
    told["candidates"] = told.pop("regions")
    of_a_pair = ("look_at", "floor_m", "floors", "fill_gained", "fill_lost", "fill_fraction", "description")
    return {key: value for key, value in told.items() if key not in of_a_pair}


def summary(found: Look) -> dict[str, Any]:
    """Return summary.json of a look; docs/reference/schemas/look.schema.json."""
    placed = found.grid.crs is not None
    document = {
        "schema_version": SCHEMA_VERSION,
        "kind": "look",
        "simulated": found.simulated,
        "aoi": found.name,
        "image": scene_summary(found.image),
        "references": [scene_summary(info) for info in found.references],
        "grid": {
            "crs": found.grid.crs,
            "shape": list(found.grid.shape),
            "pixel_size_m": [rounded(size, 4) for size in found.grid.pixel_size_m] if placed else None,
            "transform": list(found.grid.transform[:6]),
        },
        "usable_fraction": rounded(float((found.scene.flags == 0).mean()), 4),
        "water_km2": rounded(found.searched_km2, 4) if placed else None,
        "level": rounded(found.level, 3),
        "zones": [_zone(state) for state in found.zones],
        "candidates": [properties(c, found) | ({} if placed else {"pixels": _in_pixels(c)}) for c in found.candidates],
        "caveats": list(found.caveats),
        "credit": credit_of(found),
    }
    cleaned: dict[str, Any] = plain(document)
    return cleaned


def _in_pixels(candidate: Candidate) -> dict[str, Any]:
    outline = shapely.transform(candidate.geometry, lambda xy: xy.round(2))
    return {
        "area_px": rounded(candidate.area_m2, 1),
        "length_px": None if candidate.under_way else rounded(candidate.length_m, 1),
        "width_px": rounded(candidate.width_m, 1),
        "geometry": mapping(outline),
    }


def save_look(found: Look, target: str | Path) -> Path:
    """Write the result folder, all of it or nothing; see :func:`imagery_diff.write.save_comparison`."""
    place = folder.check_target(target)
    files = {"overview.png": _png(found), "summary.json": to_json(summary(found))}
    if found.grid.crs is not None:
        files["candidates.geojson"] = to_json(candidates_geojson(found))
    with folder.locked(place):
        folder.write_folder(place, files | {manifests.NAME: to_json(_manifest(found, files))})
    return place


def folder_name(found: Look) -> str:
    """Return the name of the folder a look goes to by default: AOI, time, ``look``."""
    return folder.name_of(found.name, found.image, "look")


def _manifest(found: Look, files: dict[str, bytes]) -> dict[str, Any]:
    references = {f"reference {k}": info for k, info in enumerate(found.references, start=1)}
    ran = manifests.Ran(
        product="look",
        images={"image": found.image, **references},
        aoi=found.aoi,
        asked=found.asked,
        params=found.params,
        credit=credit_of(found),
        trials=False,
    )
    scenes = {
        "image": scene_summary(found.image),
        "references": [scene_summary(info) for info in found.references],
    }
    return manifests.sealed(ran.document(files) | plain({"scenes": scenes}) | {"level": rounded(found.level, 4)})


def text(found: Look) -> str:
    """Return the terminal's answer."""
    head = [f"{mark}: no satellite saw what is shown here"] if (mark := stamp(found)) else []
    when = moment_words(found.image, found.aoi.timezone if found.aoi else None)
    head += labelled("place", (found.aoi.title or found.aoi.name) if found.aoi else "all of the image")
    head += labelled("image", f"{when}; {found.image.product}, {pixel_words(found.image)}; {found.image.name}")
    if found.references:
        head += labelled("against", ", ".join(info.name for info in found.references))
    else:
        head += labelled("looked at", f"{found.searched_km2:.2f} km2 of open water")
    head += labelled("hidden", _lost_words(found))
    blocks = [head, _candidate_lines(found), _zone_lines(found)]
    blocks.append(["caveats", *(line for c in found.caveats for line in _bullet(c))])
    blocks.append(labelled("credit", credit_of(found)))
    return "\n\n".join("\n".join(clean(line.rstrip()) for line in block) for block in blocks if block)


def _bullet(caveat: str) -> list[str]:
    return textwrap.wrap(caveat, 100, initial_indent="- ", subsequent_indent="  ")


def _lost_words(found: Look) -> str:
    """Say how much of what is shown was not seen, or not clearly."""
    flags = found.scene.flags
    unseen, degraded = float(((flags & UNSEEN) != 0).mean()), float(((flags & DEGRADED) != 0).mean())
    drawn = ", or looks drawn on the picture" if found.image.secondary else ""
    return f"{unseen:.0%} was not seen{drawn}, {degraded:.0%} seen through haze, shadow or snow"


def _none_words(found: Look) -> str:
    """Say that nothing stood out, or that nothing was looked for."""
    if found.references or (found.searched_km2 > 0 and found.level is not None):
        return "Nothing stood out"
    return "Nothing was looked for: no open water was told in this image, or too little to know how it scatters"


def _candidate_lines(found: Look) -> list[str]:
    if not found.candidates:
        return [f"{_none_words(found)}. What is too small, too faint, under cloud or alongside can still be there."]
    unit = "m" if found.grid.crs else "px"
    rows = [
        (
            c.id,
            c.direction or "-",
            _NOUNS[c.activity],
            c.zone or "-",
            _size(c),
            c.colour or "-",
        )
        for c in found.candidates
    ]
    heads = ("id", "direction", "what it looks like", "where", f"size ({unit})", "colour")
    count = len(rows)
    title = f"{count} candidate{'s' if count > 1 else ''}, unconfirmed, the strongest first; length x width"
    return [title, *columns(heads, rows, (5, 11, 24, 30, 11, 8))]


def _size(candidate: Candidate) -> str:
    if candidate.under_way:
        return "under way"
    return f"{'>' if candidate.length_is_lower_bound else ''}{candidate.length_m:.0f} x {candidate.width_m:.0f}"


def _zone_lines(found: Look) -> list[str]:
    if not found.zones:
        return []
    groups: dict[str, list[str]] = {}
    for state in found.zones:
        groups.setdefault(describe_looked_zone(state), []).append(zone_title(state.zone))
    rows = [("; ".join(names), words) for words, names in groups.items()]
    resting = clear_words((found.image,))
    below = ["", *textwrap.wrap(resting, 100)] if resting else []
    return [*columns(("zone", "what is known"), rows, (44, 54)), *below]


def overview(found: Look) -> Image:
    """Draw the image whole, with zones and candidates, and the pixels around the strongest candidates."""
    whole = _whole(found)
    names = [b.name for b in found.image.bands]
    stretch = stretch_of((found.scene,), names, whole)
    shown = found.candidates[:_CLOSE_UPS]
    lines = -(-len(shown) // _ACROSS)
    head = _MARGIN + 120 + (50 if found.simulated else 0)
    notes = [line for note in _notes(found, stretch) for line in wrapped(note, _WIDTH - 2 * _MARGIN, _SMALL)]
    foot = head + whole.height + 30 + lines * (_CLOSE_HEIGHT + 90)
    sheet = Sheet(_WIDTH, foot + 16 + round(1.4 * _SMALL * len(notes)) + _MARGIN)
    _title(sheet, found)
    left = (_WIDTH - whole.width) // 2
    with sheet.panel(grid_panel(found.scene, stretch, whole), left, head) as panel:
        if mark := stamp(found):
            panel.stamp(mark)
        _outlines(panel, found, whole)
        drawing.furniture(panel, found.grid, whole)
    for number, candidate in enumerate(shown):
        top = head + whole.height + 40 + (number // _ACROSS) * (_CLOSE_HEIGHT + 90)
        _close_up(sheet, found, candidate, stretch, (number % _ACROSS, top))
    y = foot + 16.0
    for note in notes:
        sheet.text(note, _MARGIN, y, _SMALL, colour="#404040")
        y += 1.4 * _SMALL
    return sheet.image


def _png(found: Look) -> bytes:
    from imagery_diff.write.figure import png_bytes  # noqa: PLC0415

    return png_bytes(overview(found), credit_of(found), "look", stamp(found))


def _whole(found: Look) -> Frame:
    """Return the ground shown: the AOI with a margin, or all."""
    rows, cols = (float(n) for n in found.grid.shape)
    row, col = 0.0, 0.0
    if found.aoi is not None:
        left, top, right, bottom = drawing.to_pixels(found.aoi.polygon, found.grid).bounds
        margin = 0.03 * max(right - left, bottom - top)
        row, col = max(0.0, top - margin), max(0.0, left - margin)
        rows, cols = min(rows, bottom + margin) - row, min(cols, right + margin) - col
    width_m, height_m = found.grid.pixel_size_m
    ratio = rows * height_m / (cols * width_m)
    width = _WIDTH - 2 * _MARGIN
    height = max(60, round(width * ratio))
    if height > _MAX_HEIGHT:
        width, height = max(60, round(width * _MAX_HEIGHT / height)), _MAX_HEIGHT
    return Frame(row=row, col=col, rows=rows, cols=cols, width=width, height=height)


def _title(sheet: Sheet, found: Look) -> None:
    y = _MARGIN - 8
    if mark := stamp(found):
        sheet.text(mark, _MARGIN, y, 34, colour="#B00020", weight="bold")
        y += 50
    place = (found.aoi.title or found.aoi.name) if found.aoi else found.image.name
    sheet.text(fitted(place, _WIDTH - 2 * _MARGIN, _TITLE), _MARGIN, y, _TITLE, weight="bold")
    when = moment_words(found.image, found.aoi.timezone if found.aoi else None)
    count = len(found.candidates)
    what = f"{count} candidate{'' if count == 1 else 's'}, unconfirmed: one image has no before"
    what = what if count else _none_words(found)
    line = f"{what}. {when[0].upper()}{when[1:]}"
    sheet.text(fitted(line, _WIDTH - 2 * _MARGIN, _TEXT), _MARGIN, y + 58, _TEXT, colour="#404040")


def _outlines(panel: drawing.Canvas, found: Look, frame: Frame) -> None:
    labels = drawing.Labels(panel, frame)
    for state in found.zones:
        drawing.zone_outline(panel, state.zone, found.grid, frame)
    shapes = [(c, drawing.to_pixels(c.geometry, found.grid)) for c in found.candidates]
    for candidate, shape in shapes:
        drawing.region_frame(panel, shape, candidate.direction or "look", frame)
        labels.keep_clear(shape)
    for candidate, shape in shapes:
        labels.look_at(candidate.id, shape)
    for state in found.zones:
        labels.zone(state.zone, drawing.to_pixels(state.zone.polygon, found.grid))


def _close_up(sheet: Sheet, found: Look, candidate: Candidate, stretch: Stretch, place: tuple[int, int]) -> None:
    """Draw the image's own pixels around a candidate, as bright as above: else the grain of water looks like things."""
    across, top = place
    width = (_WIDTH - 2 * _MARGIN - (_ACROSS - 1) * _GUTTER) // _ACROSS
    left = _MARGIN + across * (width + _GUTTER)
    shape = drawing.to_pixels(candidate.geometry, found.grid)
    west, north, east, south = shape.bounds
    metres = found.grid.pixel_size_m[0] if found.grid.crs else 1.0
    half = max(_LEAST_HALF_PX, _LEAST_HALF_M / metres, _AROUND * math.hypot(east - west, south - north) / 2)
    rows = 2 * half * _CLOSE_HEIGHT / width
    frame = Frame(
        row=(north + south) / 2 - rows / 2,
        col=(west + east) / 2 - half,
        rows=rows,
        cols=2 * half,
        width=width,
        height=_CLOSE_HEIGHT,
    )
    unit = "m" if found.grid.crs else "px"
    size = "under way" if candidate.under_way else f"{_size(candidate)} {unit}"
    words = f"{candidate.id}  {size}, {_NOUNS[candidate.activity]}"
    sheet.text(fitted(words, width, _SMALL), left, top, _SMALL, weight="bold")
    with sheet.panel(grid_panel(found.scene, stretch, frame), left, top + 36) as panel:
        if mark := stamp(found):
            panel.stamp(mark)
        drawing.region_frame(panel, shape, candidate.direction or "look", frame)
        drawing.furniture(panel, found.grid, frame)


def _notes(found: Look, stretch: Stretch) -> list[str]:
    """Lines below the pictures."""
    kind = "true colour" if len(stretch.bands) > 1 else "grey"
    more = len(found.candidates) - _CLOSE_UPS
    return [
        *([f"The first {_CLOSE_UPS} are shown close up; {more} more stand in summary.json."] if more > 0 else []),
        (
            f"{found.image.product}, {pixel_words(found.image)}, {found.image.name}; above in {kind}, linear: "
            f"{stretch.limits()} ({found.image.units}); all pictures in this stretch."
        ),
        f"Hatched: {_lost_words(found)}.",
        f"{len(found.caveats)} caveats: {'; '.join(found.caveats)}.",
        f"Credit: {credit_of(found)}",
    ]
