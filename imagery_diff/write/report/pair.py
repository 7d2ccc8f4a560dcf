"""What the page of a comparison shows, gathered from its documents and pictures."""

from __future__ import annotations

import math
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import imagery_diff
from imagery_diff.write.diagnostics import laid_words, light_words, outlines_words, sharpness_words
from imagery_diff.write.drawing import MARKS
from imagery_diff.write.pictures import MASKS
from imagery_diff.write.report.doubts import against, sentence, worst_doubt
from imagery_diff.write.report.page import data_uri, render
from imagery_diff.write.report.stage import Stage
from imagery_diff.write.retold import SIDES, UNREVIEWED, outlines_of
from imagery_diff.write.sentences import direction_of
from imagery_diff.write.words import (
    MISSED,
    NOUNS,
    STANDING,
    clean,
    clear_words_of,
    moment_of,
    review_words,
    size_of_pixels,
    window_between,
)
from imagery_diff.write.yardstick import per_cent, word_of
from imagery_diff.write.zone_sentences import share_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from imagery_diff.write.pictures import Picture, Pictures

    Document = Mapping[str, Any]

_ORDER = {"flagged": 0, "look at this": 1, "unknown": 2, "nothing flagged": 3, "ignored": 4}
_STATES = {
    "flagged": ("flagged", "\N{BLACK UP-POINTING TRIANGLE}"),
    "look at this": ("look by eye", "!"),
    "unknown": ("unknown", "?"),
    "nothing flagged": ("no detection", "\N{EN DASH}"),
    "ignored": ("left out", "\N{MULTIPLICATION SIGN}"),
}

_FEW, _LABELLED = 6, 12
"""More regions than the first have smaller letters on the pictures at a glance; no more than the second have any."""
_WIDE = 2.5
"""Ground wider than this many times its height has its two pictures below each other."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """All that a page of a comparison is made of."""

    summary: Document
    """summary.json."""
    regions: Document | None
    """regions.geojson; None without georeference."""
    pictures: Pictures
    inputs: Sequence[Document]
    """As the manifest lists them."""


def pair_report(told: Told) -> bytes:
    """Return the file report.html of a comparison."""
    return render("pair.html.jinja", "pair.js", context_of(told))


def context_of(told: Told) -> dict[str, Any]:
    """Return all that the template shows, in English."""
    summary, pictures = told.summary, told.pictures
    stage = Stage.of(summary, pictures.frame)
    outlines = outlines_of(summary, told.regions)
    regions = [_region(told, stage, row, outlines.get(row["id"])) for row in summary["regions"]]
    letter = math.sqrt(stage.width * stage.height) / (22 if len(regions) <= _FEW else 34)
    drawn = [region for region in regions if region["outline"] is not None][:_LABELLED]
    spots = stage.spots([(region["id"], region["outline"]) for region in drawn], letter)
    spot_of = {region["id"]: spot for region, spot in zip(drawn, spots, strict=True)}
    open_ones = sum(row["review"] == UNREVIEWED for row in summary["regions"])
    zones = sorted((_zone(row, stage, summary) for row in summary["zones"]), key=lambda zone: zone["order"])
    timezone = summary["aoi"]["timezone"]
    window = window_between(summary["before"], summary["after"], timezone)
    moments = [moment_of(summary[side], timezone) for side in SIDES]
    return {
        "title": _title(summary),
        "place": _place(summary),
        "stamp": _stamp(summary),
        "reviewed": review_words([row["review"] for row in summary["regions"]], _reviewers(summary)),
        "unreviewed": open_ones > 0 or not summary["regions"],
        "headline": summary["headline"],
        "when": window[:1].upper() + window[1:],
        "sides": [_side(side, summary, pictures, moments[i]) for i, side in enumerate(SIDES)],
        "stretch": pictures.stretch,
        "frame": " ".join(map(repr, pictures.frame)),
        "stage": stage,
        "stacked": stage.width > _WIDE * stage.height,
        "letters": letter,
        "spots": spot_of,
        "images": [_image(picture, stage) for picture in pictures.pictures],
        "masks": [mask for mask in MASKS if pictures.has(mask)],
        "lost": {side: [m for m in MASKS if pictures.of(f"{m}-{side}") is not None] for side in SIDES},
        "zones": zones,
        **grouped(zones),
        "regions": regions,
        "look_at": [_look_at(row, stage) for row in summary["look_at"]],
        "worst": worst_doubt(summary),
        "standing": STANDING,
        "clear": clear_words_of(_without_mask(summary)),
        "missed": MISSED,
        "caveats": summary["caveats"],
        "credit": summary["credit"],
        "licences": _licences(summary),
        "how": _how(summary),
        "figures": _figures(summary),
        "notes": [(side, note) for side in SIDES for note in summary[side]["notes"]],
        "inputs": told.inputs,
        "again": again_words(summary),
        "aoi": summary["aoi"],
        "aoi_path": stage.path(stage.outline(summary["aoi"]["geometry"])),
        "version": imagery_diff.__version__,
        "page": {
            "width": stage.width,
            "height": stage.height,
            "unit": stage.unit,
            "words": {"column": "column", "row": "row", "first": "set the first point", "copied": "copied"},
            "fineness": stage.fineness,
            "lonlat": stage.lonlat(),
            "north": stage.grid.up_azimuth_deg,
            "regions": [{"id": region["id"], "box": region["box"]} for region in regions if region["box"]],
        },
    }


def _title(summary: Document) -> str:
    return f"{_place(summary)}: {summary['headline']}"


def _place(summary: Document) -> str:
    """Name the place for people."""
    aoi = summary["aoi"]
    return "Common ground of two images" if aoi["geometry"] is None else str(aoi["title"] or aoi["name"])


def _stamp(summary: Document) -> str:
    """Return what must stand on every picture; empty where satellites saw it all."""
    return str(summary["credit"]).split(";", maxsplit=1)[0] if summary["simulated"] else ""


def _reviewers(summary: Document) -> list[str]:
    """Return the initials of who reviewed it."""
    return list((summary.get("review") or {}).get("reviewers", ()))


def _without_mask(summary: Document) -> list[str]:
    """Return the images that came without a mask of clouds; of those in older files it is not known."""
    return [summary[side]["file"] for side in SIDES if summary[side].get("cloud_masked") is False]


def _side(side: str, summary: Document, pictures: Pictures, moment: str) -> dict[str, Any]:
    """Say what one date's picture is."""
    scene, picture = summary[side], pictures.of(side)
    assert picture is not None
    size = scene["pixel_size_m"]
    pixels = "no georeference" if size is None else f"{size_of_pixels(*size)} pixels"
    return {
        "name": side,
        "moment": moment,
        "sensor": scene["product"],
        "pixels": pixels,
        "file": scene["file"],
        "scene": scene["scene"],
        "shown": _shown(picture),
        "level": scene["level"],
        "sun": scene["sun"],
        "view": scene["view"],
        "alt": _alt(side, summary, moment),
    }


def _shown(picture: Picture) -> str:
    """Say what was done to the pixels that are shown."""
    if not picture.delivered:
        return (
            "pixels resampled once to the comparison's grid: the image lies in another coordinate system, or its own"
            " pixels could not be read again"
        )
    if picture.averaged > 1:
        return f"{picture.averaged} by {picture.averaged} pixels as delivered averaged; close-ups as delivered"
    return "pixels as delivered, not resampled"


def _alt(side: str, summary: Document, moment: str) -> str:
    """Say what is seen on a picture of the whole place."""
    there = {"before": ("disappeared", "changed"), "after": ("appeared", "changed")}[side]
    seen = [
        f"{row['id']}, a {NOUNS[row['activity']]}{_at(row, summary)}"
        for row in summary["regions"]
        if row["direction"] in there
    ]
    gone = [row["id"] for row in summary["regions"] if row["direction"] not in there]
    place = _place(summary)
    words = f"Satellite image of {place}, {moment}."
    if summary["simulated"]:
        words = f"Rendered picture of {place}, {moment}; no satellite saw it."
    words += f" Outlined: {'; '.join(seen)}." if seen else ""
    return words + (f" Outlined, and seen on the other date: {', '.join(gone)}." if gone else "")


def _at(row: Document, summary: Document) -> str:
    titles = {zone["name"]: zone["title"] or zone["name"] for zone in summary["zones"]}
    return f" at {titles.get(row['zone'], row['zone'])}" if row["zone"] else ""


def _image(picture: Picture, stage: Stage) -> dict[str, Any]:
    return {
        "id": picture.id,
        "width": picture.width,
        "height": picture.height,
        "matrix": stage.matrix(picture.to_grid),
        # To the last digit: figures are drawn from the pictures of a page.
        "to_grid": " ".join(map(repr, picture.to_grid)),
        "averaged": picture.averaged,
        "delivered": "true" if picture.delivered else "false",
        "uri": data_uri(picture.content),
        "shown": _shown(picture),
    }


def _region(told: Told, stage: Stage, row: Document, geometry: Any) -> dict[str, Any]:
    """Gather what is shown of one region."""
    drawn = stage.outline(geometry)
    close = [told.pictures.of(f"{side}-{row['id']}") for side in SIDES]
    around = None if drawn is None else stage.beside(drawn)
    return {
        **row,
        "noun": NOUNS[row["activity"]],
        "happened": direction_of(row["activity"], row["direction"]),
        "mark": MARKS[row["direction"]],
        "where": _at(row, told.summary).removeprefix(" at ")
        or ("outside the zones" if told.summary["zones"] else "the common ground"),
        "size": _size(row, stage),
        "path": "" if drawn is None else stage.path(drawn),
        "around": "" if around is None else stage.path(around),
        "label": None if drawn is None else (drawn.bounds[2], drawn.bounds[1]),
        "outline": drawn,
        "box": "" if drawn is None else stage.close_up(drawn),
        "close": [picture.id if picture else side for picture, side in zip(close, SIDES, strict=True)],
        "numbers": _numbers(row, stage),
        "against": against(row, told.summary),
        "told": row.get("told"),
    }


def _size(row: Document, stage: Stage) -> str:
    """Write a region's measure with its limits, as the zone table shows it."""
    if row["length_m"] is None:
        measures = row.get("pixels") or {}
        return f"{measures['length_px']:.0f} px" if measures.get("length_px") else "not told"
    low, high = row["length_low_m"], row["length_high_m"]
    if row["length_is_lower_bound"]:
        return f"at least {row['length_m'] if low is None else low:.0f} {stage.unit}"
    if low is None or high is None:
        # A bare number would be read as exact.
        return f"about {row['length_m']:.0f} {stage.unit}"
    return f"{row['length_m']:.0f} {stage.unit} ({low:.0f} to {high:.0f})"


def _numbers(row: Document, stage: Stage) -> list[tuple[str, str]]:
    """Gather a region's numbers, each with what it is; none that is not known."""
    square = "m\N{SUPERSCRIPT TWO}"
    limited = row["length_low_m"] is not None and not row["length_is_lower_bound"]
    told = [("Length, 90 % limits" if limited else "Length", _size(row, stage))]
    if row["width_m"] is not None:
        told.append(("Width", f"{row['width_m']:.0f} m"))
    if row["area_m2"] is not None:
        limits = f" ({row['area_low_m2']:,.0f} to {row['area_high_m2']:,.0f})" if row["area_low_m2"] is not None else ""
        told.append(("Area, 90 % limits" if limits else "Area", f"{row['area_m2']:,.0f} {square}{limits}"))
    if row["orientation_deg"] is not None:
        told.append(("Long axis, from north", f"{row['orientation_deg']:.0f}\N{DEGREE SIGN}"))
    if row["p_change"] is not None:
        told.append(("Something changed", f"{word_of(row['p_change'])} ({per_cent(row['p_change'])} %)"))
    else:
        told.append(("Something changed", "no probability is stated"))
    for name, share in sorted(row["shares"].items(), key=lambda item: -item[1])[:3]:
        told.append((f"If so, {name.replace('_', ' ')}", f"{per_cent(share)} %"))
    if row["false_alarms_per_km2"] is not None:
        rate = f"{row['false_alarms_per_km2']:.2g}"
        told.append((f"False regions as strong, per k{square} of zones", rate))
    if row["location_accuracy_m"] is not None:
        told.append(("Its place on the earth is good to about", f"{row['location_accuracy_m']:.0f} m"))
    return told


def _zone(row: Document, stage: Stage, summary: Document) -> dict[str, Any]:
    """Gather a zone's row."""
    state, mark = _STATES.get(row["state"], (row["state"], ""))
    found = [region for region in summary["regions"] if region["id"] in row["regions"]]
    unseen = max(0.0, 1.0 - (row["usable_fraction"] or 0.0))
    causes = ", ".join(f"{cause} {share_words(part)}" for cause, part in row["unknown"].items() if part >= 0.005)  # noqa: PLR2004 - rounds to nought
    floor = row["floors"] and next(iter(row["floors"].values()))
    drawn = stage.outline(row["geometry"])
    return {
        **row,
        "title": row["title"] or row["name"],
        "order": (_ORDER.get(row["state"], len(_ORDER)), not row["located"]),
        "said": state,
        "class": state.replace(" ", "-"),
        "mark": mark,
        "measures": [
            f"{region['id']} {NOUNS[region['activity']]}, {_size(region, stage)}"
            if region["zone"] == row["name"]
            else f"{region['id']}, listed{_at(region, summary).replace(' at ', ' under ', 1)}"
            for region in found
        ],
        "floor": _floor(row, floor),
        # That a search area is none is said beside its name.
        "why_no_floor": floor["reason"] if floor and row["floor_m"] is None and row["located"] else None,
        "lost": share_words(unseen) if unseen > 1e-9 else "nothing",  # noqa: PLR2004 - rounding
        "causes": causes,
        "path": stage.path(drawn),
        "label": None if drawn is None else (drawn.representative_point().x, drawn.representative_point().y),
        "size": 0.0 if drawn is None else max(drawn.bounds[2] - drawn.bounds[0], drawn.bounds[3] - drawn.bounds[1]),
    }


def _floor(row: Document, floor: Document | None) -> str:
    """Write the length that would be missed at most one time in ten; why there is none is said below the table."""
    if row["floor_m"] is not None:
        # Up, as the sentences write it: no length is promised that was not reached.
        return f"{math.ceil(row['floor_m'] - 1e-6)} m"
    return "not known" if floor else "not measured"


_OF_A_ROW = ("said", "mark", "measures", "floor", "why_no_floor", "lost", "causes", "located")
"""What must be alike of zones that share a row."""


def grouped(zones: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of the table of zones, and what is said of them, each said once."""
    return {
        "zone_rows": _grouped(zones, _OF_A_ROW),
        "zone_words": _grouped(zones, ("description", "mark")),
    }


def _grouped(zones: Sequence[dict[str, Any]], keys: tuple[str, ...]) -> list[dict[str, Any]]:
    """Put zones of which the same is said into one row, their titles beside each other."""
    rows: dict[str, dict[str, Any]] = {}
    for zone in zones:
        same = repr([zone[key] for key in keys])
        rows.setdefault(same, {**zone, "titles": []})["titles"].append(zone["title"])
    return list(rows.values())


def _look_at(row: Document, stage: Stage) -> dict[str, Any]:
    drawn = stage.outline(row["geometry"])
    assert drawn is not None
    return {**row, "path": stage.path(stage.beside(drawn)), "box": stage.close_up(drawn)}


def _licences(summary: Document) -> list[str]:
    if summary["simulated"]:
        return []
    return [
        f"{summary[side]['file']}: {summary[side]['licence'] or 'licence not known: ask whoever gave you the image'}"
        for side in SIDES
    ]


def again_words(summary: Document) -> str:
    """Write the command that compares the same files, to be pasted: names come from files, which may be hostile."""
    name = summary["aoi"]["name"] if summary["aoi"]["geometry"] else "-"
    words = ["imagery-diff", name, *(summary[side]["file"] for side in SIDES)]
    more = ["--detect", "map"] if summary["detect"] == "map" and summary["aoi"]["geometry"] else []
    # A name that begins with a dash would be read as an option.
    return shlex.join(f"./{word}" if word[:1] == "-" != word else word for word in map(clean, map(str, words))) + (
        f" {shlex.join(more)}" if more else ""
    )


def _how(summary: Document) -> list[tuple[str, str]]:
    """Say how the two images were brought together."""
    return [
        ("Laid on each other", sentence(laid_words(summary["shift"]))),
        ("In one light", sentence(light_words(summary["relative_gain"]))),
        ("Equally sharp", sentence(sharpness_words(summary["relative_blur"]))),
        ("Outlines of the zones", sentence(outlines_words(summary["fit"]))),
        (
            "Looked for",
            "Few false regions, inside the zones only; outside them nothing is reported."
            if summary["detect"] == "alarm"
            else "Changes on all ground, more of them false.",
        ),
    ]


def _figures(summary: Document) -> list[tuple[str, str]]:
    """Gather the numbers behind those words."""
    shift, told = summary["shift"], []
    told.append(("shift down, right (pixels)", f"{shift['rows']}, {shift['cols']}"))
    told.append(("windows that measured it", f"{shift['windows']}"))
    told.append(("its standard error (pixels)", f"{shift['error_px']}"))
    told += [(f"contrast after over before, {band}", f"{gain}") for band, gain in summary["relative_gain"].items()]
    fit = summary["fit"] or {}
    told += [
        (f"outlines: {name}", f"{fit[name]}") for name in ("measured_m", "error_m", "agreeing_fraction") if name in fit
    ]
    told += [(f"threshold, {name}", f"{row['seed']} spreads") for name, row in summary["thresholds"].items()]
    return told
