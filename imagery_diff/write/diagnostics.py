"""How two images were brought together, in words: laid on each other, in one light, equally sharp.

Everything is told from the documents of a result (``summary.json``), so that the terminal, the page and a finished run
say the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    Document = Mapping[str, Any]

_SAME_CONTRAST = 0.02
"""Contrasts that differ by less are called the same."""


def laid_words(shift: Document) -> str:
    """Say how far the after image lay off, in metres where there are any."""
    if shift["reason"] is not None:
        return f"not measured: {shift['reason']}"
    if shift["east_m"] is None:
        steps = _way(shift["cols"], "pixels", "right", "left"), _way(shift["rows"], "pixels", "bottom", "top")
        error, unit = shift["error_px"], "pixels"
    else:
        steps = _way(shift["east_m"], "m", "east", "west"), _way(shift["north_m"], "m", "north", "south")
        error, unit = shift["error_m"], "m"
    known = "not known" if error is None else f"{error:.2g} {unit}, from {shift['windows']} windows"
    return f"the after image lay {steps[0]} and {steps[1]}; both were moved to fit (error {known})"


def _way(value: float, unit: str, positive: str, negative: str) -> str:
    return f"{abs(value):.1f} {unit} to the {positive if value >= 0 else negative}"


def light_words(gains: Mapping[str, float | None]) -> str:
    """Say how the contrast of the two dates compares on ground that did not change."""
    known = {band: gain for band, gain in gains.items() if gain is not None}
    if not known:
        return "contrast was not compared"
    told = ", ".join(f"{band} {gain:.2f}" for band, gain in known.items())
    if all(abs(gain - 1) < _SAME_CONTRAST for gain in known.values()):
        return f"unchanged ground has the same contrast on both dates (after over before: {told})"
    return (
        f"unchanged ground has another contrast on the after image than on the before image ({told} times), which was"
        " taken out before anything was flagged"
    )


def sharpness_words(blur: Document | None) -> str:
    """Say whether one image is softer, and whether that was matched."""
    if blur is None:
        return "sharpness was not compared, as it means nothing of radar"
    if blur["interval_px"] is None:
        return "which image is the softer could not be measured"
    if blur["softer"] is None:
        return "neither image is measurably softer than the other"
    size = f"{blur['sigma_px']:.2g} pixels"
    then = "the sharper one was blurred to match" if blur["matched"] else "that was left as it is"
    return f"the {blur['softer']} image is the softer, by a blur of {size} (standard deviation); {then}"


def outlines_words(fit: Document | None) -> str:
    """Say where the outlines of the zones were laid."""
    return "there are no outlines to lay" if fit is None else str(fit["how"])
