"""agreement.png: the score, and the map held against a label: hits, flagged in vain, missed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from imagery_diff.write.drawing import Sheet, fitted, measure
from imagery_diff.write.figure import to_png
from imagery_diff.write.words import stamp

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.result import Comparison

    Bools = NDArray[np.bool_]
    Colours = NDArray[np.float32]

_PANEL_PX = 1100
_MARGIN, _GUTTER, _HEAD, _FOOT = 36, 24, 130, 150
_TEXT, _SMALL = 25, 21
CLASSES = (
    ("hit", (0.0, 0.62, 0.45)),
    ("flagged in vain", (0.90, 0.62, 0.0)),
    ("missed", (0.0, 0.45, 0.70)),
    ("neither", (0.95, 0.95, 0.95)),
    ("not counted", (0.62, 0.62, 0.62)),
)
"""Okabe and Ito 2008, told apart by colour-blind eyes."""
_TOP_SHARE = 0.998
"""The score is white from this quantile on."""


def agreement_png(result: Comparison, score: NDArray[np.float32], called: Bools, label: NDArray[np.uint8]) -> bytes:
    """Draw the score beside the map's hits, false and missed pixels.

    Parameters
    ----------
    score, called, label
        (row, col) on the label's pixels: the score, the map, and 0 unchanged, 1 changed, 255 not counted.

    """
    step, zoom = _scale(label.shape[1])
    classes = outcome(called, label)
    shown = np.array([colour for _, colour in CLASSES], np.float32)[classes]
    panels = [_enlarged(grey(score), step, zoom), _enlarged(shown, step, zoom)]
    height, width = panels[0].shape[:2]
    full = (2 * _MARGIN + 2 * width + _GUTTER, _HEAD + height + _FOOT)
    sheet = Sheet(*full)
    room = full[0] - 2 * _MARGIN
    title = f"{result.before.name} and {result.after.name} against the label"
    sheet.text(fitted(title, room, 30), _MARGIN, 20, 30, weight="bold")
    for number, (name, panel) in enumerate(zip(("score", "map against label"), panels, strict=True)):
        left = _MARGIN + number * (width + _GUTTER)
        sheet.text(name, left, _HEAD - 40, _TEXT, weight="bold")
        with sheet.panel(panel, left, _HEAD) as drawn:
            if result.simulated:
                drawn.stamp(stamp(result))
    _legend(sheet, classes, _HEAD + height + 14, room)
    sheet.paragraph(f"Credit: {result.credit}", _MARGIN, _HEAD + height + 90, room, _SMALL, colour="#404040")
    return to_png(sheet.image, result, "agreement")


def outcome(called: Bools, label: NDArray[np.uint8]) -> NDArray[np.int_]:
    """(row, col), index in ``CLASSES``."""
    changed = label == 1
    kinds = [called & changed, called & (label == 0), ~called & changed, ~called & (label == 0)]
    return np.asarray(np.select(kinds, [0, 1, 2, 3], 4))


def grey(score: NDArray[np.float32]) -> Colours:
    """(row, col, 3), black at 0, white where few scores are higher; the square root shows the weak ones too."""
    top = max(float(np.quantile(score, _TOP_SHARE)), 1e-6)
    shade = np.sqrt(np.clip(score / top, 0, 1)).astype(np.float32)
    return np.repeat(shade[..., None], 3, axis=2)


def _scale(cols: int) -> tuple[int, int]:
    """Return which pixels are shown and how large: all enlarged, or every n-th of a large image."""
    return (1, max(1, _PANEL_PX // cols)) if cols <= _PANEL_PX else (-(-cols // _PANEL_PX), 1)


def _enlarged(image: Colours, step: int, zoom: int) -> Colours:
    return np.asarray(image[::step, ::step].repeat(zoom, axis=0).repeat(zoom, axis=1))


def _legend(sheet: Sheet, classes: NDArray[np.int_], top: float, room: float) -> None:
    """Name the colours with how many pixels each has."""
    counts = np.bincount(classes.ravel(), minlength=len(CLASSES))
    x, y = float(_MARGIN), float(top)
    for (name, colour), count in zip(CLASSES, counts, strict=True):
        words = f"{name} {count}"
        need = 34 + measure(words, _SMALL)[0] + 30
        if x > _MARGIN and x + need > _MARGIN + room:
            x, y = float(_MARGIN), y + 34
        swatch = np.broadcast_to(np.array(colour, np.float32), (22, 26, 3))
        sheet.swatch(swatch, round(x), round(y))
        sheet.text(words, x + 34, y, _SMALL)
        x += need
