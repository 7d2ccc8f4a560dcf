"""Where vessels that send AIS were at one moment, how near a place they were, and which of them is which of those seen.

Times are seconds on any one clock, places degrees of WGS84, distances metres on its ellipsoid (Karney 2013,
10.1007/s00190-012-0578-z, by pyproj).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pyproj import Geod
from scipy.optimize import linear_sum_assignment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_GEOD = Geod(ellps="WGS84")
_DEGREE_M = 110_500.0
"""A degree of latitude is nowhere shorter."""
_LEAST_COS = 0.01
"""Beyond 89 degrees north or south no meridian is told from another."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AtMoment:
    """Where each vessel was at a moment, as far as its positions around it tell; one entry a vessel.

    ``heard_*`` are all positions of the time looked at.
    """

    mmsi: NDArray[np.int64]
    lat_deg: NDArray[np.float64]
    lon_deg: NDArray[np.float64]
    before_s: NDArray[np.float64]
    """How long before the moment the position lies that was used, NaN where none was."""
    after_s: NDArray[np.float64]
    """How long after; where both stand the place lies between the two."""
    heard_mmsi: NDArray[np.int64]
    heard_s: NDArray[np.float64]
    """Time less the moment."""
    heard_lat_deg: NDArray[np.float64]
    heard_lon_deg: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Near:
    """A vessel that was, or had been, near a place."""

    mmsi: int
    offset_m: float
    """Of the place told for the moment or, with ``at_moment_m``, of the position nearest in time within reach."""
    before_s: float | None
    after_s: float | None
    at_moment_m: float | None = None
    """Only where a position lies within reach but the vessel, by those nearer to the moment, was out of it: how far
    off."""


def at_moment(
    mmsi: NDArray[np.int64],
    time_s: NDArray[np.float64],
    lat_deg: NDArray[np.float64],
    lon_deg: NDArray[np.float64],
    moment_s: float,
    within_s: float,
) -> AtMoment:
    """Say where each vessel was at a moment.

    Between its last position before and its first after it goes in a straight line (a geodesic) at a constant speed;
    where there is only one side, the position nearest in time stands. Positions farther off in time do not count.

    Parameters
    ----------
    mmsi, time_s, lat_deg, lon_deg
        Positions, ordered by vessel, then by time; shape (n,).
    moment_s, within_s
        The moment, and how far from it a position may lie, seconds.

    Examples
    --------
    >>> two = np.array([1, 1]), np.array([0.0, 60.0]), np.array([0.0, 0.0]), np.array([10.0, 10.2])
    >>> float(at_moment(*two, 30.0, 60.0).lon_deg[0].round(3))
    10.1

    """
    near = np.abs(time_s - moment_s) <= within_s
    who, when, lat, lon = mmsi[near], time_s[near] - moment_s, lat_deg[near], lon_deg[near]
    vessels, first = np.unique(who, return_index=True)
    if not vessels.size:
        none = np.empty(0)
        return AtMoment(
            mmsi=vessels,
            lat_deg=none,
            lon_deg=none,
            before_s=none,
            after_s=none,
            heard_mmsi=who,
            heard_s=when,
            heard_lat_deg=lat,
            heard_lon_deg=lon,
        )
    end = np.append(first[1:], who.size)
    n_before, n_after = np.add.reduceat(when <= 0.0, first, dtype=int), np.add.reduceat(when >= 0.0, first, dtype=int)
    # Without a position on one side the other stands for both, and the way between them is none.
    before = np.where(n_before > 0, first + n_before - 1, end - n_after)
    after = np.where(n_after > 0, end - n_after, before)
    # A position at the very moment needs no other.
    after = np.where(when[before] == 0.0, before, after)
    span = when[after] - when[before]
    share = np.divide(-when[before], span, out=np.zeros(span.shape), where=span > 0.0)
    azimuth, _, far = _GEOD.inv(lon[before], lat[before], lon[after], lat[after])
    there_lon, there_lat, _ = _GEOD.fwd(lon[before], lat[before], azimuth, np.asarray(far) * share)
    return AtMoment(
        mmsi=vessels,
        lat_deg=np.asarray(there_lat),
        lon_deg=np.asarray(there_lon),
        before_s=np.where(when[before] <= 0.0, np.abs(when[before]), np.nan),
        after_s=np.where(when[after] > 0.0, when[after], np.nan),
        heard_mmsi=who,
        heard_s=when,
        heard_lat_deg=lat,
        heard_lon_deg=lon,
    )


def offsets_m(where: AtMoment, lat_deg: float, lon_deg: float) -> NDArray[np.float64]:
    """Return how far each vessel was from a place at the moment, metres."""
    return _away_m(where.lat_deg, where.lon_deg, lat_deg, lon_deg)


def near_to(where: AtMoment, lat_deg: float, lon_deg: float, within_m: float) -> list[Near]:
    """Return every vessel that was within reach of a place or had a position there, by how far off it was.

    Those that were there at the moment come first. Of a vessel that was out of reach by its positions next to the
    moment, but had another within it, that one stands with ``at_moment_m``: it may not be said that there was none.
    """
    away = offsets_m(where, lat_deg, lon_deg)
    there = [
        Near(
            mmsi=int(where.mmsi[k]),
            offset_m=float(away[k]),
            before_s=_known(where.before_s[k]),
            after_s=_known(where.after_s[k]),
        )
        for k in np.flatnonzero(away <= within_m)
    ]
    known = where.mmsi[away <= within_m]
    elsewhere: dict[int, Near] = {}
    for index, off in _heard_within(where, known, (lat_deg, lon_deg), within_m):
        vessel, since = int(where.heard_mmsi[index]), float(where.heard_s[index])
        last = elsewhere.get(vessel)
        if last and abs(since) >= (last.before_s or 0.0) + (last.after_s or 0.0):
            continue
        elsewhere[vessel] = Near(
            mmsi=vessel,
            offset_m=off,
            before_s=abs(since) if since <= 0.0 else None,
            after_s=since if since > 0.0 else None,
            at_moment_m=float(away[np.searchsorted(where.mmsi, vessel)]),
        )
    return [near for group in (there, elsewhere.values()) for near in sorted(group, key=lambda n: (n.offset_m, n.mmsi))]


def _heard_within(
    where: AtMoment, known: NDArray[np.int64], place: tuple[float, float], within_m: float
) -> list[tuple[int, float]]:
    """Return index and offset of every position within reach of those that are not known to be there."""
    lat_deg, lon_deg = place
    high = within_m / _DEGREE_M
    wide = high / max(np.cos(np.radians(min(abs(lat_deg) + high, 90.0))), _LEAST_COS)
    east = (where.heard_lon_deg - lon_deg + 180.0) % 360.0 - 180.0
    # An ellipsoid's distance of everything on the earth would be slow.
    some = np.flatnonzero((np.abs(where.heard_lat_deg - lat_deg) <= high) & (np.abs(east) <= wide))
    some = some[~np.isin(where.heard_mmsi[some], known)]
    away = _away_m(where.heard_lat_deg[some], where.heard_lon_deg[some], lat_deg, lon_deg)
    return [(int(k), float(off)) for k, off in zip(some, away, strict=True) if off <= within_m]


def _away_m(
    lat_deg: NDArray[np.float64], lon_deg: NDArray[np.float64], from_lat: float, from_lon: float
) -> NDArray[np.float64]:
    if not lat_deg.size:
        return np.empty(0)
    _, _, away = _GEOD.inv(np.full(lon_deg.shape, from_lon), np.full(lat_deg.shape, from_lat), lon_deg, lat_deg)
    return np.asarray(away, np.float64)


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def assign(offsets: Sequence[Mapping[int, float]], most_m: float) -> list[int | None]:
    """Give each vessel seen one that sent, and each that sent to one seen, so that the offsets together are least.

    A vessel without one counts as one at the limit, so that no near one is torn from its own to give another a far one
    (Crouse 2016, 10.1109/TAES.2016.140952, by scipy).

    Parameters
    ----------
    offsets
        Of each vessel seen: those that sent within reach -> offset, metres.
    most_m
        The limit of the offsets.

    Examples
    --------
    >>> assign([{7: 10.0}, {7: 600.0}], 2000.0)
    [7, None]

    """
    senders = sorted({mmsi for near in offsets for mmsi in near})
    if not senders:
        return [None] * len(offsets)
    column = {mmsi: k for k, mmsi in enumerate(senders)}
    # Out of reach costs more than to have none; one column of "none" for each vessel seen.
    cost = np.full((len(offsets), len(senders) + len(offsets)), most_m)
    cost[:, : len(senders)] = 10.0 * most_m
    for row, near in enumerate(offsets):
        for mmsi, off in near.items():
            cost[row, column[mmsi]] = off
    rows, columns = linear_sum_assignment(cost)
    given: list[int | None] = [None] * len(offsets)
    for one, k in zip(rows.tolist(), columns.tolist(), strict=True):
        if k < len(senders) and senders[k] in offsets[one]:
            given[one] = senders[k]
    return given
