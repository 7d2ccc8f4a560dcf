"""The tables of a series as CSV: their columns, how they are written, and how they are read back."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from imagery_diff.write.layers import FLAG, REAL, TEXT, TIME, WHOLE
from imagery_diff.write.words import clean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OBSERVATION = {
    "acquired": TIME,
    **dict.fromkeys(("scene", "zone", "group"), TEXT),
    "object": WHOLE,
    **dict.fromkeys(("clear_fraction", "degraded_fraction"), REAL),
    **dict.fromkeys(("unknown_reason", "vessel", "cargo", "rail"), TEXT),
    **dict.fromkeys(("vessel_length_m", "cargo_length_m", "cargo_area_m2", "rail_length_m"), REAL),
    **dict.fromkeys(("fill_fraction", "fill_fraction_low", "fill_fraction_high"), REAL),
    **dict.fromkeys(("vessel_floor_m", "cargo_floor_m", "rail_floor_m"), REAL),
    "state_raw": TEXT,
    **dict.fromkeys(("p_state_raw", "p_state"), REAL),
    **dict.fromkeys(("track", "activity", "colour"), TEXT),
    **dict.fromkeys(("length_low_m", "length_high_m"), REAL),
    "review": TEXT,
    "simulated": FLAG,
    "credit": TEXT,
}
"""Columns of observations.csv: those of house.md section 6, ``object`` from 1, and what was told of the object."""
EVENT = {
    **dict.fromkeys(("event", "zone", "group"), TEXT),
    **dict.fromkeys(("not_before", "not_after"), TIME),
    **dict.fromkeys(("length_m", "p_event"), REAL),
    "evidence": TEXT,
    "unusable_between": WHOLE,
    **dict.fromkeys(("track", "description", "review"), TEXT),
    "simulated": FLAG,
    "credit": TEXT,
}
"""Columns of an event."""
OF_FILE = ("id", "note")
"""What events.csv has beside them: how a review calls an event, and what it remarks."""
_UNSAFE = ("=", "+", "-", "@", "\t", "\r")
"""First characters by which a spreadsheet takes a text for a formula."""


def csv_bytes(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> bytes:
    """Write rows as CSV (RFC 4180), UTF-8; texts that a spreadsheet would take for formulas are led by a quote."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows([_cell(row[name]) for name in names] for row in rows)
    return stream.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        text = clean(value)
        return f"'{text}" if text.startswith(_UNSAFE) else text
    return str(value)


def csv_rows(content: bytes, fields: Mapping[str, str]) -> list[dict[str, Any]]:
    """Read rows as :func:`csv_bytes` writes them.

    Raises
    ------
    KeyError, ValueError
        If they are none of ours.

    """
    rows = csv.DictReader(io.StringIO(content.decode("utf-8"), newline=""))
    return [{name: _typed(text, fields.get(name, TEXT)) for name, text in row.items()} for row in rows]


def _typed(text: str, kind: str) -> Any:
    if text == "":
        return None
    if kind == FLAG:
        return {"true": True, "false": False}[text]
    if kind in {REAL, WHOLE}:
        return float(text) if kind == REAL else int(text)
    return text[1:] if text.startswith("'") and text[1:].startswith(_UNSAFE) else text
