"""review.jsonl: what people said of a result, a line each, only ever added to; each holds the digest of the one before.

A line that was changed, left out or moved breaks the chain, and the log is refused.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from shapely.geometry import shape

from imagery_diff.errors import InputError
from imagery_diff.result_series import EVENTS
from imagery_diff.write.retold import ACCEPTED, BROKEN, REJECTED, UNREVIEWED
from imagery_diff.write.words import NOUNS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ACTIONS = ("accept", "reject", "relabel", "reopen", "note", "add")
STATES = {"accept": ACCEPTED, "reject": REJECTED, "relabel": ACCEPTED, "reopen": UNREVIEWED, "add": ACCEPTED}
DIRECTIONS = ("appeared", "disappeared", "changed")
MOST_BYTES = 64 << 20
_INITIALS = re.compile(r"[^\W\d_]{1,8}")
_ID = re.compile(r"[A-Z][1-9][0-9]{0,6}")
_NOTE_LENGTH = 2000


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line: who said what of which region, and what stood there before."""

    at: str
    """ISO 8601, UTC."""
    by: str
    """Initials."""
    action: str
    region: str
    """Its id, of a region, an event or a thing followed; of an added one the id it was given."""
    finding: Mapping[str, Any]
    """By which a rerun finds it: of a region its ``direction``, ``activity``, ``zone`` and ``geometry``; of an event
    its ``event``, ``zone``, ``not_before``, ``not_after`` and ``geometry``; of a thing its ``kind``, ``zone`` and the
    moments on which it was ``seen``."""
    before: Mapping[str, Any]
    """``review``, ``note`` and ``activity`` (of an event ``event``) as they stood."""
    findings_sha256: str
    """Of all findings as the programme told them when this was written."""
    activity: str | None = None
    """The class, or the event, it was relabelled to."""
    note: str | None = None


def check_initials(by: str) -> str:
    """Return initials as they are kept; refuse what is none."""
    if not _INITIALS.fullmatch(by.strip().upper()):
        raise InputError(f"initials are one to eight letters, not {by!r:.40}; give yours with --by")
    return by.strip().upper()


def check_note(note: str | None) -> str | None:
    """Return a note in one line; None where there is none."""
    if note is None:
        return None
    text = " ".join(note.split())
    if not text.isascii() and text != text.encode("utf-8", "replace").decode("utf-8"):
        raise InputError("a note is text, and this one holds bytes that are none; write it in UTF-8")
    control = next((c for c in note if unicodedata.category(c) == "Cc" and c not in "\n\r\t"), None)
    if control is not None:
        # It would steer the terminal, or the viewer, of whoever reads the files.
        raise InputError(f"a note is text, and this one holds a control character (U+{ord(control):04X}); leave it out")
    if len(text) > _NOTE_LENGTH:
        raise InputError(f"a note has at most {_NOTE_LENGTH} characters, this one {len(text)}; shorten it")
    return text or None


def now() -> str:
    """Return this moment, UTC, to the second."""
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def lines_of(entries: list[Entry], previous: bytes) -> bytes:
    """Write entries as lines that follow a log."""
    digest = _last_digest(previous)
    out = b""
    for entry in entries:
        row = {"schema_version": "1.0", **vars(entry), "previous": digest}
        line = json.dumps(row, ensure_ascii=False, allow_nan=False, sort_keys=True).encode() + b"\n"
        digest = hashlib.sha256(line).hexdigest()
        out += line
    return out


def _last_digest(log: bytes) -> str | None:
    lines = log.splitlines(keepends=True)
    return hashlib.sha256(lines[-1]).hexdigest() if lines else None


def read_log(content: bytes) -> tuple[Entry, ...]:
    """Read a log.

    Raises
    ------
    InputError
        If a line is none of ours, or was changed or moved; one is named.

    """
    entries, digest = [], None
    if content and not content.endswith(b"\n"):
        raise InputError("review.jsonl: its last line is cut off; remove that line, and review again what it said")
    for number, line in enumerate(content.splitlines(keepends=True), start=1):
        try:
            entries.append(_entry(json.loads(line), digest))
        except BROKEN as error:
            raise InputError(
                f"review.jsonl: line {number} is not as it was written ({error}); put the original file back"
            ) from error
        digest = hashlib.sha256(line).hexdigest()
    return tuple(entries)


def _entry(row: Any, digest: str | None) -> Entry:
    """Build an entry from a line; what is none fails in one of many ways."""
    if row["previous"] != digest:
        raise ValueError("it does not follow the line before it")
    values = {name: row[name] for name in Entry.__dataclass_fields__}
    texts = ("at", "by", "action", "region", "findings_sha256")
    if any(not isinstance(values[name], str) for name in texts) or values["action"] not in ACTIONS:
        raise ValueError("it says no action of ours")
    if not _INITIALS.fullmatch(values["by"]) or not _ID.fullmatch(values["region"]):
        raise ValueError("it names nobody, or nothing that can be reviewed")
    if values["action"] == "add" and not values["region"].startswith("P"):
        raise ValueError("what it adds has the id of a finding")
    classes = EVENTS if "event" in values["finding"] else NOUNS
    if values["activity"] is not None and values["activity"] not in classes:
        raise ValueError("it names a class there is not")
    if values["note"] is not None and not isinstance(values["note"], str):
        raise ValueError("its note is no text")
    if not _is_finding(values["finding"], values["action"]) or not _is_before(values["before"], values["action"]):
        raise ValueError("it does not say what was reviewed")
    return Entry(**values)


def _is_before(before: Any, action: str) -> bool:
    """Say whether that is what stood of a finding; of what was added nothing did."""
    if action == "add":
        return not before and isinstance(before, dict)
    return before["review"] in (ACCEPTED, REJECTED, UNREVIEWED) and isinstance(before["note"], str | None)


def _is_finding(finding: Mapping[str, Any], action: str) -> bool:
    """Say whether a finding is of a region, an event or a thing, with an outline if it needs one."""
    if "kind" in finding:
        return isinstance(finding["seen"], list) and isinstance(finding["zone"], str)
    if "event" in finding:
        return finding["event"] in EVENTS and isinstance(finding["zone"], str) and _is_outline(finding["geometry"])
    if action == "add" and finding["geometry"] is None:
        return False
    return finding["direction"] in DIRECTIONS and _is_outline(finding["geometry"])


def _is_outline(geometry: Any) -> bool:
    """Say whether that is a polygon, or None, as of what is smaller than a centimetre."""
    if geometry is None:
        return True
    outline = shape(dict(geometry))
    finite = bool(np.isfinite(shapely.get_coordinates(outline)).all())
    return finite and not outline.is_empty and outline.geom_type in ("Polygon", "MultiPolygon")


def lost_words(lost: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say which decisions have no finding any more."""
    if not lost:
        return []
    said = ", ".join(dict.fromkeys(f"{one['region']} ({one['action']}, {one['by']})" for one in lost))
    return [f"a review speaks of what this run did not find again: {said}"]
