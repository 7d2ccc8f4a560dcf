"""What AIS says of the vessels of a series, in words, for the terminal and for summary.json.

A ship is never said to have been silent: absence from a file is not absence of a signal.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from imagery_diff.result import iso
from imagery_diff.write.model import rounded, zone_title
from imagery_diff.write.words import local_time, moment_words

if TYPE_CHECKING:
    import datetime as dt

    from imagery_diff.params import Params
    from imagery_diff.result_series import Ais, AisCandidate, AisFinding, Timeline

Missing: TypeAlias = Literal["time", "gap", "area"]
"""Why a file does not cover a look."""
PROOF = (
    "a position nearby is no proof that it is this vessel, and none in a file is no proof that nothing was sent: files"
    " hold what somebody received and passed on, and what a sender says of itself may be wrong"
)
_HOUR = 60
_KM = 1000.0


def finding_words(finding: AisFinding, ais: Ais, params: Params, missing: Missing | None) -> str:
    """Say what the file has of one vessel on one look."""
    limits = f"{params.ais_km:g} km and {params.ais_h:g} h"
    if missing is not None:
        return f"the file does not cover this look: {_missing_words(missing, ais, params)}"
    if finding.state == "none":
        return (
            f"no AIS position within {limits} in the file given ({_held(ais)}); absence from a file is not absence of a"
            " signal"
        )
    words = [_candidate_words(c) for c in finding.candidates]
    rest = finding.within_reach - len(words)
    words += [f"and {rest} more"] if rest else []
    if finding.state == "match":
        # No other is as near, so the matched one stands first.
        also = f"; also within {limits}: {'; '.join(words[1:])}" if words[1:] else ""
        return f"consistent with {words[0]}{also}"
    told = "; ".join(words)
    if finding.state == "elsewhere":
        return (
            f"within {limits} only positions of vessels that by those nearer to the look in time were elsewhere at it:"
            f" {told}"
        )
    if any(c.matched for c in finding.candidates):
        return f"ambiguous, more than one may be it, or it may be another vessel seen: {told}"
    return f"ambiguous, matched to other vessels of this look that are nearer: {told}"


def _held(ais: Ais) -> str:
    return (
        f"{ais.positions:,} position{'s' if ais.positions != 1 else ''} of {ais.vessels:,}"
        f" vessel{'s' if ais.vessels != 1 else ''}, {_moment(ais.first)} to {_moment(ais.last)}"
    )


def _moment(time: dt.datetime) -> str:
    return local_time(time, None)


def _missing_words(missing: Missing, ais: Ais, params: Params) -> str:
    if missing == "time":
        return f"its positions are from {_moment(ais.first)} to {_moment(ais.last)}"
    if missing == "gap":
        return f"it holds no position of any vessel within {params.ais_h:g} h of it"
    return f"this place lies beyond all its positions by more than {params.ais_km:g} km"


def _candidate_words(one: AisCandidate) -> str:
    before, after = (_minutes(m) for m in (one.minutes_before, one.minutes_after))
    if before and after:
        when = f"at the look, interpolated between positions {before} before and {after} after"
    else:
        when = f"{before} before the look" if before else f"{after} after the look"
    text = f"MMSI {one.mmsi}, {one.offset_m:.0f} m from the middle of its outline {when}"
    if one.at_look_m is not None:
        text += f", {one.at_look_m / _KM:.1f} km off at the look"
    if one.length_m is None:
        return f"{text}, length not given"
    agrees = {True: ", within the limits by the image", False: ", outside the limits by the image", None: ""}
    return f"{text}, {one.length_m:.0f} m long by its own word{agrees[one.length_agrees]}"


def _minutes(minutes: float | None) -> str | None:
    if minutes is None:
        return None
    whole = round(minutes)
    return f"{whole} min" if whole < _HOUR else f"{whole // _HOUR} h {whole % _HOUR:02d} min"


def ais_summary(found: Timeline) -> dict[str, Any] | None:
    """Return ``ais`` of summary.json; None where no file was given."""
    if found.ais is None:
        return None
    ais = found.ais
    return {
        "file": ais.file,
        "positions": ais.positions,
        "vessels": ais.vessels,
        "first": iso(ais.first),
        "last": iso(ais.last),
        "within_km": found.params.ais_km,
        "within_h": found.params.ais_h,
        "findings": [_finding(found, finding) for finding in ais.findings],
        "notes": [*ais.notes, PROOF],
    }


def _finding(found: Timeline, finding: AisFinding) -> dict[str, Any]:
    return {
        "look": finding.look,
        "acquired": iso(found.looks[finding.look - 1].time),
        "zone": finding.zone,
        "track": finding.track,
        "state": finding.state,
        "candidates": [
            {
                "mmsi": c.mmsi,
                "offset_m": rounded(c.offset_m, 1),
                "interpolated": c.interpolated,
                "minutes_before": rounded(c.minutes_before, 1),
                "minutes_after": rounded(c.minutes_after, 1),
                "at_look_m": rounded(c.at_look_m, 1),
                "length_m": rounded(c.length_m, 1),
                "length_agrees": c.length_agrees,
                "matched": c.matched,
            }
            for c in finding.candidates
        ],
        "within_reach": finding.within_reach,
        "nearest_m": rounded(finding.nearest_m, 1),
        "length_m": rounded(finding.length_m, 1),
        "length_low_m": rounded(finding.length_low_m, 1),
        "length_high_m": rounded(finding.length_high_m, 1),
        "sentence": finding.sentence,
        "simulated": found.simulated,
    }


def ais_lines(found: Timeline, width: int) -> list[str]:
    """Return the block of the terminal's answer; empty where no file was given."""
    if found.ais is None:
        return []
    told = []
    for finding in found.ais.findings:
        zone = found.aoi.zone(finding.zone)
        when = moment_words(found.looks[finding.look - 1].info, zone.timezone)
        told.append(f"{zone_title(zone)}, {finding.length_m:.0f} m, {when}: {finding.sentence}")
    told = told or ["no look shows a vessel that could be held against it"]
    lines = [line for text in [*told, *found.ais.notes, PROOF] for line in _bullet(text, width)]
    return [*textwrap.wrap(f"AIS of {found.ais.file}: {_held(found.ais)}", width), *lines]


def _bullet(sentence: str, width: int) -> list[str]:
    return textwrap.wrap(sentence, width, initial_indent="- ", subsequent_indent="  ")
