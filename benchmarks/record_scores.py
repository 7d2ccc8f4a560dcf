"""States, events, lengths and calls that a series told, beside what was put there; intervals bootstrapped by series."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import beta

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

OBSERVABLE, CLEAR = 0.8, 0.95
"""Share of a zone that the rendered mask calls clear: where a state may be asked for, and what a clear look is."""
REPORTED_M = {"vessel": 60.0, "cargo": 60.0}
_CAME = {"vessel": "vessel_arrived", "cargo": "cargo_appeared"}
_WENT = {"vessel": "vessel_departed", "cargo": "cargo_disappeared"}
_TOLD = {
    *_CAME.values(),
    *_WENT.values(),
    *("cargo_grew", "cargo_shrank", "rail_appeared", "rail_disappeared", "stockpile_changed", "construction"),
}
"""Events of which each is true or false; ``vessel_moved`` and ``visit_inferred`` say no more than that it may be so."""


@dataclass
class OneSeries:
    """What one series told."""

    states: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """(kind, what is there, what was told) of observable cells."""
    hidden: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """The same of cells that cloud hides."""
    clear: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(zone, reason or state) on clear looks."""
    wrong: list[str] = field(default_factory=list)
    """Each wrong state."""
    asked: Counter[str] = field(default_factory=Counter)
    """Event -> how many there were to be told."""
    right: Counter[str] = field(default_factory=Counter)
    """Event -> how many were told with a window that holds the moment."""
    outside: Counter[str] = field(default_factory=Counter)
    """Event -> told of the thing, the moment outside the window."""
    false: list[str] = field(default_factory=list)
    """Events told of nothing."""
    unasked: list[str] = field(default_factory=list)
    """Events told beyond those asked for, and true."""
    missed: list[str] = field(default_factory=list)
    errors_m: list[tuple[str, float]] = field(default_factory=list)
    """(kind, length told less true)."""
    chances: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    """(said, true) of p_state_raw, of p_state where the state is known and where it is not, and of p_event."""
    by_pair: Counter[tuple[bool, bool]] = field(default_factory=Counter)
    """(told by the pair of its two looks too, true) of events."""
    calls: tuple[int, int] = (0, 0)
    """Told "at least", and true."""
    seconds: float = 0.0
    looks: int = 0


def score(told: Sequence[dict[str, Any]]) -> list[OneSeries]:
    """Score every series."""
    return [_score(one) for one in told]


def _score(one: dict[str, Any]) -> OneSeries:
    done = OneSeries(seconds=one["seconds"], looks=len(one["looks"]))
    times = [datetime.fromisoformat(look["time"]) for look in one["looks"]]
    stays = [
        s | {"from": datetime.fromisoformat(s["came"]), "to": datetime.fromisoformat(s["went"])} for s in one["truth"]
    ]
    for cell in one["cells"]:
        kind, k = cell["kind"], cell["look"] - 1
        if kind not in REPORTED_M or not cell["located"] or cell["zone_kind"] == "stockpile":
            continue
        there = any(s["kind"] == kind and s["zone"] == cell["zone"] and s["from"] <= times[k] < s["to"] for s in stays)
        truth, clear = "yes" if there else "no", one["clear"][k][cell["zone"]]
        (done.states if clear >= OBSERVABLE else done.hidden)[kind, truth, cell["state"]] += 1
        if cell.get("p_raw") is not None:
            done.chances["raw"].append((cell["p_raw"], float(there)))
        if cell.get("p") is not None:
            done.chances["hidden" if cell["state"] == "unknown" else "all"].append((cell["p"], float(there)))
        if cell["state"] in {"yes", "no"} and cell["state"] != truth:
            done.wrong.append(f"{one['seed']} {times[k]:%Y-%m-%d %H:%M} {cell['zone']}: {truth}, told {cell['state']}")
        if min(one["clear"][k].values()) >= CLEAR:
            done.clear[cell["zone"], cell["reason"] if cell["state"] == "unknown" else "known"] += 1
    _events(one, stays, times, done)
    calls = [s for s in stays if s["kind"] == "vessel" and s["from"] <= times[-1] and s["to"] > times[0]]
    done.calls = (one["visits"].get("all berths", 0), len(calls))
    return done


def _events(one: dict[str, Any], stays: list[dict[str, Any]], times: list[datetime], done: OneSeries) -> None:
    told = [
        e
        | {"from": datetime.fromisoformat(e["not_before"]), "to": datetime.fromisoformat(e["not_after"]), "used": False}
        for e in one["events"]
        if e["not_before"] and e["event"] in _TOLD
    ]
    for stay in stays:
        for name, moment in _asked(stay, stays, one, times):
            done.asked[name] += 1
            alike = [e for e in told if e["event"] == name and e["zone"] == stay["zone"] and not e["used"]]
            holds = [e for e in alike if e["from"] <= moment <= e["to"]]
            near = holds or [e for e in alike if e["from"] <= stay["to"] and e["to"] >= stay["from"]]
            if not near:
                done.missed.append(f"{one['seed']} {name} {stay['id']}")
                continue
            event = near[0]
            event["used"] = True
            (done.right if holds else done.outside)[name] += 1
            if event["length_m"] is not None:
                done.errors_m.append((stay["kind"], event["length_m"] - stay["length_m"]))
    for event in told:
        true = event["used"] or _is_true(event, stays)
        done.by_pair["its two looks" not in event["description"], true] += 1
        if event.get("p") is not None:
            done.chances["event"].append((event["p"], float(true)))
        if not event["used"]:
            line = f"{one['seed']} {event['event']} {event['zone']} {event['from']:%m-%d}..{event['to']:%m-%d}"
            # What cloud left little of was not asked for; it is right all the same where it is true.
            (done.unasked if _is_true(event, stays) else done.false).append(f"{line} {event['length_m'] or 0:.0f} m")


def _is_true(event: dict[str, Any], stays: list[dict[str, Any]]) -> bool:
    """Say whether a thing of this kind came, or went, in this zone within the window."""
    for stay in stays:
        moments = {_CAME[stay["kind"]]: stay["from"], _WENT[stay["kind"]]: stay["to"]}
        moment = moments.get(event["event"])
        if stay["zone"] == event["zone"] and moment is not None and event["from"] <= moment <= event["to"]:
            return True
    return False


def _asked(
    stay: dict[str, Any], stays: list[dict[str, Any]], one: dict[str, Any], times: list[datetime]
) -> list[tuple[str, datetime]]:
    """Return the events of a stay that the clear looks can tell: it was seen, and its place was seen without it."""
    shown = [t for k, t in enumerate(times) if one["clear"][k][stay["zone"]] >= CLEAR]
    if not any(stay["from"] <= t < stay["to"] for t in shown):
        return []
    others = [s for s in stays if s is not stay and s["zone"] == stay["zone"] and s["kind"] == stay["kind"]]

    def bare(after: datetime, before: datetime) -> bool:
        """Say whether a look in between shows the zone with nothing of the kind."""
        return any(after <= t < before and not any(o["from"] <= t < o["to"] for o in others) for t in shown)

    found = []
    if stay["grows_from"]:
        found.append(("cargo_grew", stay["from"]))
    elif bare(max([o["to"] for o in others if o["to"] <= stay["from"]], default=times[0]), stay["from"]):
        found.append((_CAME[stay["kind"]], stay["from"]))
    carried = any(o["grows_from"] == stay["id"] for o in others)
    end = min([o["from"] for o in others if o["from"] >= stay["to"]], default=times[-1])
    if not carried and any(stay["to"] <= t <= end for t in shown):
        found.append((_WENT[stay["kind"]], stay["to"]))
    return found


def bootstrapped(scores: Sequence[OneSeries], share: Callable[[Sequence[OneSeries]], float]) -> tuple[float, float]:
    """Return 95 % limits of a share, series drawn with replacement."""
    rng = np.random.default_rng(0)
    drawn = [share([scores[i] for i in rng.integers(len(scores), size=len(scores))]) for _ in range(1000)]
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def highest(k: int, n: int) -> float:
    """Return the 95 % upper bound of a share (Clopper and Pearson 1934, 10.1093/biomet/26.4.404)."""
    return 1.0 if k >= n else float(beta.ppf(0.95, k + 1, n - k))
