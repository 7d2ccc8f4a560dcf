"""The files of what would have been missed, and the terminal's answer."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from imagery_diff.params import Params
from imagery_diff.result import SCHEMA_VERSION
from imagery_diff.write import folder
from imagery_diff.write import manifest as manifests
from imagery_diff.write.drawing import Sheet, fitted, measure, wrapped
from imagery_diff.write.model import floor_summary, plain, rounded, scene_summary, to_json, zone_title
from imagery_diff.write.table import columns, labelled
from imagery_diff.write.words import NOUNS, clean, credits_of, moment_words, stamp_of
from imagery_diff.write.zone_sentences import floor_words

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

    from imagery_diff.result import Curve, Sensitivity, Trial

_MODEL = (
    "found = (1 - lapse) / (1 + exp(-slope ln(length / middle))); upper limits: 95 %, by the profile of the likelihood"
)
_WIDTH, _MARGIN, _PANEL, _GAP = 1800, 36, 420, 60
_TITLE, _TEXT, _SMALL = 36, 23, 19
_GREY, _LINE, _DOT = "#8a8a8a", "#0072B2", "#D55E00"
_TICKS = (10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700)
_BINS = 12
_WORDS = 100


def sensitivity_json(found: Sensitivity) -> dict[str, Any]:
    """Return sensitivity.json; docs/reference/schemas/sensitivity.schema.json."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "kind": "sensitivity",
        "simulated": found.simulated,
        "aoi": found.name,
        "before": scene_summary(found.before),
        "after": scene_summary(found.after),
        "how": found.how,
        "colours": list(found.colours),
        "model": _MODEL,
        "curves": [_curve(curve) for curve in found.curves],
        "zones": [
            {
                "name": state.zone.name,
                "title": state.zone.title,
                "kind": state.zone.kind,
                "usable_fraction": rounded(state.clear_fraction, 4),
                "floors": {thing: floor_summary(floor) for thing, floor in state.floors.items()},
            }
            for state in found.zones
        ],
        "caveats": list(found.caveats),
        "credit": _credit(found),
    }
    cleaned: dict[str, Any] = plain(document)
    return cleaned


def _credit(found: Sensitivity) -> str:
    return credits_of((found.before, found.after), found.aoi)


def _curve(curve: Curve) -> dict[str, Any]:
    """Return a curve with every trial behind it."""
    return {
        "zone_kind": curve.zone_kind,
        "thing": curve.floor.thing,
        "floor": floor_summary(curve.floor),
        "middle_m": rounded(curve.middle_m, 2),
        "slope": rounded(curve.slope, 3),
        "lapse": rounded(curve.lapse, 4),
        "colours": [
            {"colour": colour, "trials": len(own), "found": sum(t.found for t in own)}
            for colour, own in _by_colour(curve).items()
        ],
        "trials": [
            {
                "length_m": rounded(t.length_m, 1),
                "width_m": rounded(t.width_m, 1),
                "colour": t.colour,
                "date": t.date,
                "zone": t.zone,
                "found": t.found,
                "contrast": rounded(t.contrast, 3),
            }
            for t in curve.trials
        ],
    }


def _by_colour(curve: Curve) -> dict[str, list[Trial]]:
    return {c: [t for t in curve.trials if t.colour == c] for c in dict.fromkeys(t.colour for t in curve.trials)}


def save_sensitivity(found: Sensitivity, target: str | Path) -> Path:
    """Write the result folder, all of it or nothing; see :func:`imagery_diff.write.save_comparison`."""
    from imagery_diff.write.figure import png_bytes  # noqa: PLC0415

    place = folder.check_target(target)
    mark = stamp_of((found.before, found.after)) if found.simulated else None
    files = {
        "sensitivity.json": to_json(sensitivity_json(found)),
        "sensitivity.png": png_bytes(picture(found), _credit(found), "sensitivity", mark),
    }
    with folder.locked(place):
        folder.write_folder(place, files | {manifests.NAME: to_json(_manifest(found, files))})
    return place


def folder_name(found: Sensitivity) -> str:
    """Return the name of the folder it goes to by default: AOI, both times, ``sensitivity``."""
    before = folder.name_of(found.name, found.before, "")
    return folder.name_of(before, found.after, "sensitivity")


def _manifest(found: Sensitivity, files: dict[str, bytes]) -> dict[str, Any]:
    compared = found.compared
    ran = manifests.Ran(
        product="sensitivity",
        images={"before": found.before, "after": found.after},
        aoi=found.aoi,
        asked=compared.asked if compared else None,
        params=compared.params if compared else Params(),
        credit=_credit(found),
        trials=True,
    )
    scenes = {"before": scene_summary(found.before), "after": scene_summary(found.after)}
    estimated = manifests.estimates(compared) if compared else {}
    return manifests.sealed(ran.document(files) | plain({"scenes": scenes} | estimated))


# --- the terminal's answer -------------------------------------------------------------------------------------------


def text(found: Sensitivity) -> str:
    """Return the terminal's answer."""
    timezone = found.aoi.timezone if found.aoi else None
    lines = [f"{stamp_of((found.before, found.after))}: no satellite saw what is shown here"] if found.simulated else []
    lines += labelled("place", (found.aoi.title or found.aoi.name) if found.aoi else "the images' common ground")
    lines += labelled("before", f"{moment_words(found.before, timezone)}; {found.before.name}")
    lines += labelled("after", f"{moment_words(found.after, timezone)}; {found.after.name}")
    trials = sum(len(curve.trials) for curve in found.curves)
    lines += labelled("put in", f"{trials} rendered things, of each kind in {', '.join(found.colours)}")
    rows = [_row(curve) for curve in found.curves]
    heads = ("zones", "what", "1 in 2 (m)", "9 in 10 (m)", "99 in 100 (m)", "worst colour")
    blocks = [lines, columns(heads, rows, (10, 22, 12, 12, 13, 22)) if rows else []]
    blocks.append(
        textwrap.wrap(
            "Length of which so many are told, of the worst colour tested; in brackets what it does not exceed, 95 %.",
            _WORDS,
        )
    )
    groups: dict[str, list[str]] = {}
    for state in found.zones:
        for floor in state.floors.values():
            groups.setdefault(floor_words(floor), []).append(zone_title(state.zone))
    said = [("; ".join(names), words) for words, names in groups.items()]
    blocks.append(
        columns(("zone", "what would have been missed"), said, (38, 60)) if said else ["No zone is asked for things."]
    )
    blocks.append(
        [line for c in found.caveats for line in textwrap.wrap(c, _WORDS, initial_indent="- ", subsequent_indent="  ")]
    )
    blocks.append(labelled("credit", _credit(found)))
    return "\n\n".join("\n".join(clean(line.rstrip()) for line in block) for block in blocks if block)


def _row(curve: Curve) -> tuple[str, ...]:
    floor = curve.floor

    def cell(length: float | None, limit: float | None) -> str:
        known = "-" if length is None else f"{length:.0f}"
        return f"{known} ({'-' if limit is None else f'{limit:.0f}'})"

    return (
        curve.zone_kind,
        NOUNS[floor.thing],
        cell(floor.d50_m, floor.d50_high_m),
        cell(floor.d90_m, floor.d90_high_m),
        cell(floor.d99_m, floor.d99_high_m),
        floor.colour or "-",
    )


# --- the picture -----------------------------------------------------------------------------------------------------


def picture(found: Sensitivity) -> Image:
    """Draw a panel for each kind of zone: how many were told by length, the fitted curve, and the lengths stated."""
    head = _MARGIN + 130 + (46 if found.simulated else 0)
    notes = [line for note in _notes(found) for line in wrapped(note, _WIDTH - 2 * _MARGIN, _SMALL)]
    foot = head + max(1, len(found.curves)) * (_PANEL + _GAP)
    sheet = Sheet(_WIDTH, foot + round(1.4 * _SMALL * len(notes)) + _MARGIN)
    y = float(_MARGIN - 8)
    if found.simulated:
        sheet.text(stamp_of((found.before, found.after)), _MARGIN, y, 32, colour="#B00020", weight="bold")
        y += 46
    place = (found.aoi.title or found.aoi.name) if found.aoi else "the images' common ground"
    sheet.text(
        fitted(f"What would have been missed: {place}", _WIDTH - 2 * _MARGIN, _TITLE), _MARGIN, y, _TITLE, weight="bold"
    )
    timezone = found.aoi.timezone if found.aoi else None
    when = f"{moment_words(found.before, timezone)} and {moment_words(found.after, timezone)}"
    sheet.text(fitted(when, _WIDTH - 2 * _MARGIN, _TEXT), _MARGIN, y + 52, _TEXT, colour="#404040")
    for number, curve in enumerate(found.curves):
        _panel(sheet, curve, head + number * (_PANEL + _GAP))
    y = float(foot)
    for note in notes:
        sheet.text(note, _MARGIN, y, _SMALL, colour="#404040")
        y += 1.4 * _SMALL
    return sheet.image


def _notes(found: Sensitivity) -> list[str]:
    return [
        (
            "Dots: things of the worst colour put into the images, a twelfth of them each, with the 95 % interval of "
            "the share that was told. Line: the fitted curve. Upright lines: lengths of which one in two, nine in ten "
            "and 99 in 100 are told; dashed, their upper limits of 95 %."
        ),
        f"Colours tested: {', '.join(found.colours)}. {'; '.join(found.caveats)}",
        f"Credit: {_credit(found)}",
    ]


class _Axes:
    """A panel's way from lengths and shares to pixels."""

    def __init__(self, span_m: tuple[float, float], top: float) -> None:
        self.low, self.high = (math.log(m) for m in span_m)
        self.left, self.right, self.top, self.bottom = (
            _MARGIN + 90.0,
            _WIDTH - _MARGIN - 20.0,
            top + 44,
            top + _PANEL - 36,
        )

    def x(self, length_m: float) -> float:
        share = (math.log(length_m) - self.low) / (self.high - self.low)
        return self.left + min(max(share, 0.0), 1.0) * (self.right - self.left)

    def y(self, share: float) -> float:
        return self.bottom - share * (self.bottom - self.top)


def _panel(sheet: Sheet, curve: Curve, top: float) -> None:
    """Draw one kind of zone."""
    words = f"{curve.zone_kind}: {floor_words(curve.floor)}"
    lines = wrapped(f"{words[0].upper()}{words[1:]}", 0.88 * (_WIDTH - 2 * _MARGIN), _TEXT)[:2]
    for number, line in enumerate(lines):
        sheet.text(line, _MARGIN, top + 30 * number, _TEXT, weight="bold")
    top += 30 * (len(lines) - 1)
    own = [t for t in curve.trials if t.colour == curve.floor.colour]
    if not own:
        return
    lengths = [t.length_m for t in own]
    axes = _Axes((min(lengths) / 1.05, max(lengths) * 1.05), top)
    for share in (0.0, 0.5, 0.9, 1.0):
        sheet.line([(axes.left, axes.y(share)), (axes.right, axes.y(share))], "#d9d9d9", 1.5)
        label = f"{share:.0%}"
        sheet.text(label, axes.left - 12 - measure(label, _SMALL)[0], axes.y(share) - 12, _SMALL)
    for tick in _TICKS:
        if axes.low < math.log(tick) < axes.high:
            sheet.line([(axes.x(tick), axes.bottom), (axes.x(tick), axes.bottom + 8)], _GREY, 2)
            sheet.text(f"{tick} m", axes.x(tick) - 22, axes.bottom + 12, _SMALL)
    _stated(sheet, curve, axes)
    if curve.middle_m and curve.slope is not None and curve.lapse is not None:
        x = np.exp(np.linspace(axes.low, axes.high, 200))
        p = (1 - curve.lapse) / (1 + np.exp(-curve.slope * np.log(x / curve.middle_m)))
        sheet.line([(axes.x(float(m)), axes.y(float(s))) for m, s in zip(x, p, strict=True)], _LINE, 4)
    _dots(sheet, own, axes)


def _stated(sheet: Sheet, curve: Curve, axes: _Axes) -> None:
    floor = curve.floor
    for number, (name, length, limit) in enumerate(
        (
            ("50 %", floor.d50_m, floor.d50_high_m),
            ("90 %", floor.d90_m, floor.d90_high_m),
            ("99 %", floor.d99_m, floor.d99_high_m),
        )
    ):
        if length is not None:
            sheet.line([(axes.x(length), axes.top), (axes.x(length), axes.bottom)], _GREY, 2)
        if limit is not None:
            sheet.line([(axes.x(limit), axes.top), (axes.x(limit), axes.bottom)], _GREY, 2, dashes=(5, 4))
        shown = ("-" if length is None else f"{length:.0f} m") + (
            f", at most {limit:.0f} m" if limit is not None else ""
        )
        sheet.text(f"{name} told: {shown}", axes.right - 360, axes.bottom - 120 + 34 * number, _SMALL)


def _dots(sheet: Sheet, own: list[Trial], axes: _Axes) -> None:
    """Draw the share told of each twelfth of the things, by length."""
    ordered = sorted(own, key=lambda t: t.length_m)
    for part in np.array_split(np.arange(len(ordered)), min(_BINS, len(ordered))):
        chosen = [ordered[i] for i in part]
        n, k = len(chosen), sum(t.found for t in chosen)
        x = axes.x(float(np.exp(np.mean([math.log(t.length_m) for t in chosen]))))
        low, high = _wilson(k, n)
        sheet.line([(x, axes.y(low)), (x, axes.y(high))], _DOT, 2)
        y = axes.y(k / n)
        corners = np.linspace(0, 2 * np.pi, 25)
        sheet.area([(x + 8 * math.cos(a), y + 8 * math.sin(a)) for a in corners], _DOT)


def _wilson(hits: int, trials: int, z: float = 1.959964) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson 1927, 10.1080/01621459.1927.10502953)."""
    share, wide = hits / trials, z * z / trials
    centre = (share + wide / 2) / (1 + wide)
    half = z * math.sqrt(share * (1 - share) / trials + wide / (4 * trials)) / (1 + wide)
    return max(0.0, centre - half), min(1.0, centre + half)
