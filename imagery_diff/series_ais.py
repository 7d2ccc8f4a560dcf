"""Each vessel seen, held against AIS positions: a match with its offset, none near it, or a look that the file misses.

It changes nothing that was told. A position nearby is no proof that it is this vessel, and none is no proof of silence.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from imagery_diff.aoi import WGS84, reproject
from imagery_diff.method import ais as method
from imagery_diff.result_series import Ais, AisCandidate, AisFinding
from imagery_diff.write import timeline_ais as words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imagery_diff.method.ais import AtMoment, Near
    from imagery_diff.params import Params
    from imagery_diff.read.ais import AisPositions
    from imagery_diff.result import Region
    from imagery_diff.result_series import SeriesLook, Timeline

_SHOWN = 3
"""Candidates that are listed."""
_ROUNDED_M = 0.5
"""AIS tells lengths in whole metres."""
_DEGREE_KM = 110.5
_LEAST_COS = 0.01


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """A vessel on a look."""

    zone: str
    track: str | None
    region: Region
    lat: float
    lon: float
    near: tuple[Near, ...]

    @property
    def there(self) -> dict[int, float]:
        """Those that were within reach at the look -> their offset."""
        return {n.mmsi: n.offset_m for n in self.near if n.at_moment_m is None}


def held_against(found: Timeline, positions: AisPositions | None) -> Timeline:
    """Add to a timeline what AIS positions say of each vessel seen; without a file it stays as it is."""
    if positions is None:
        return found
    told = Ais(
        file=positions.name,
        size=positions.size,
        sha256=positions.sha256,
        positions=positions.mmsi.size,
        vessels=positions.vessels,
        first=positions.first,
        last=positions.last,
        findings=(),
        notes=positions.notes,
    )
    findings = [f for look in found.looks for f in _of_look(found, look, positions, told)]
    return replace(found, ais=replace(told, findings=tuple(findings)))


def _of_look(found: Timeline, look: SeriesLook, positions: AisPositions, told: Ais) -> list[AisFinding]:
    """Say of each vessel of a look what the file has of it."""
    params, moment = found.params, look.time.timestamp()
    where = method.at_moment(
        positions.mmsi, positions.time_s, positions.lat_deg, positions.lon_deg, moment, params.ais_h * 3600.0
    )
    seen = _seen(found, look, where)
    given = method.assign([s.there for s in seen], params.ais_km * 1000.0)
    findings = []
    for k, one in enumerate(seen):
        state = _state(k, seen, given, params)
        if state == "none":
            missing = _not_covered(one, moment, where, positions, params)
            state = "not_covered" if missing else state
        else:
            missing = None
        away = method.offsets_m(where, one.lat, one.lon)
        finding = AisFinding(
            look=look.number,
            zone=one.zone,
            track=one.track,
            state=state,
            candidates=_listed(one, given[k], positions, moment),
            within_reach=len(one.near),
            nearest_m=float(away.min()) if away.size else None,
            length_m=one.region.length_m,
            length_low_m=one.region.length_low_m,
            length_high_m=one.region.length_high_m,
            sentence="",
        )
        findings.append(replace(finding, sentence=words.finding_words(finding, told, params, missing)))
    return findings


def _seen(found: Timeline, look: SeriesLook, where: AtMoment) -> list[_Seen]:
    """Return the vessels of a look with what was near them."""
    tracks = {id(thing): track.id for track in found.tracks for _, thing in track.seen}
    seen = []
    for cell in found.cells:
        for thing in cell.things if cell.look == look.number else ():
            if thing.kind != "vessel":
                continue
            middle = reproject(thing.region.geometry.centroid, found.grid.crs, WGS84)
            near = method.near_to(where, middle.y, middle.x, found.params.ais_km * 1000.0)
            seen.append(
                _Seen(
                    zone=cell.zone.name,
                    track=tracks.get(id(thing)),
                    region=thing.region,
                    lat=middle.y,
                    lon=middle.x,
                    near=tuple(near),
                )
            )
    return seen


def _state(k: int, seen: Sequence[_Seen], given: Sequence[int | None], params: Params) -> str:
    """Say what the file has of a vessel, as if it covered the look."""
    one, mine = seen[k], given[k]
    if not one.near:
        return "none"
    if not one.there:
        return "elsewhere"
    if mine is None:
        return "ambiguous"
    alike = one.there[mine] + params.ais_alike_m + max(one.region.length_m, one.region.length_high_m or 0.0)
    others = any(off <= alike for mmsi, off in one.there.items() if mmsi != mine)
    # A vessel that is left without one may be its sender as well.
    unmatched = [s for s, other in zip(seen, given, strict=True) if other is None]
    wanted = any(s.there.get(mine, np.inf) <= alike for s in unmatched)
    return "ambiguous" if others or wanted else "match"


def _listed(one: _Seen, mine: int | None, positions: AisPositions, moment: float) -> tuple[AisCandidate, ...]:
    """Return the candidates that are told: the nearest, and the matched one whatever stands before it."""
    told = list(one.near[:_SHOWN])
    if mine is not None and mine not in {n.mmsi for n in told}:
        told[-1] = next(n for n in one.near if n.mmsi == mine)
    return tuple(_candidate(n, one.region, positions, moment, matched=n.mmsi == mine) for n in told)


def _candidate(near: Near, region: Region, positions: AisPositions, moment: float, *, matched: bool) -> AisCandidate:
    own = slice(*np.searchsorted(positions.mmsi, [near.mmsi, near.mmsi + 1]))
    lengths, times = positions.length_m[own], positions.time_s[own]
    said = np.flatnonzero(np.isfinite(lengths))
    # A vessel may say its length seldom, and correct it: what it says nearest to the look stands.
    length = float(lengths[said[np.argmin(np.abs(times[said] - moment))]]) if said.size else None
    return AisCandidate(
        mmsi=f"{near.mmsi:09d}",
        offset_m=near.offset_m,
        minutes_before=None if near.before_s is None else near.before_s / 60.0,
        minutes_after=None if near.after_s is None else near.after_s / 60.0,
        at_look_m=near.at_moment_m,
        length_m=length,
        length_agrees=_agrees(length, region),
        matched=matched,
    )


def _agrees(length: float | None, region: Region) -> bool | None:
    low, high = region.length_low_m, region.length_high_m
    if length is None or low is None or region.several or region.under_way:
        return None
    if region.length_is_lower_bound:
        # How much longer it is no image tells.
        return None if length + _ROUNDED_M >= low else False
    return None if high is None else low - _ROUNDED_M <= length <= high + _ROUNDED_M


def _not_covered(
    one: _Seen, moment: float, where: AtMoment, positions: AisPositions, params: Params
) -> words.Missing | None:
    """Say why the file cannot tell of a vessel that nothing in it is near; None where it can."""
    if not positions.time_s.min() <= moment <= positions.time_s.max():
        return "time"
    if not where.mmsi.size:
        return "gap"
    high = params.ais_km / _DEGREE_KM
    wide = high / max(float(np.cos(np.radians(one.lat))), _LEAST_COS)
    north, east = positions.lat_deg - one.lat, (positions.lon_deg - one.lon + 180.0) % 360.0 - 180.0
    around = north.min() <= high and north.max() >= -high and east.min() <= wide and east.max() >= -wide
    return None if around else "area"
