"""How likely it is that something stood in a zone on a look: by that look alone, and by all looks together.

Section 8 of docs/explanation/timeline.md, as :mod:`imagery_diff.series` asks for it. Neither changes a state, and of
what is unknown no chance is stated: on rendered series one above .8 was right 11 times in 66.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from imagery_diff.method.occupancy import Habit, chance, ratio_of, smoothed
from imagery_diff.result_series import NO, YES
from imagery_diff.series_states import ASKED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from imagery_diff.params import Params
    from imagery_diff.result import Region
    from imagery_diff.result_series import Cell, SeriesLook


def habit_of(kind: str, params: Params) -> Habit:
    """Return how often and for how long a zone holds what it is asked for, as is believed before any look."""
    share, stay = {
        "vessel": (params.vessel_share, params.vessel_stay_h),
        "cargo": (params.cargo_share, params.cargo_stay_h),
        "rail": (params.train_share, params.train_stay_h),
    }[kind]
    return Habit(share=share, stay_h=stay)


def with_chances(
    cells: Sequence[Cell], looks: Sequence[SeriesLook], false_share: Mapping[str, float], params: Params
) -> list[Cell]:
    """Give each cell its chances.

    Parameters
    ----------
    cells, looks
        What each zone shows on each look.
    false_share
        Zone -> chance that unchanged ground raises something there on a look; zones without are given none.

    """
    hours = {look.number: look.time.timestamp() / 3600.0 for look in looks}
    by_zone: dict[str, list[Cell]] = {}
    for cell in cells:
        by_zone.setdefault(cell.zone.name, []).append(cell)
    done: dict[tuple[str, int], Cell] = {}
    for name, cells_of in by_zone.items():
        kind = ASKED.get(cells_of[0].zone.kind)
        if kind is None or name not in false_share:
            continue
        habit = habit_of(kind, params)
        own = sorted(cells_of, key=lambda c: c.look)
        ratios = [_ratio(cell, kind, habit, false_share[name]) for cell in own]
        together = smoothed([hours[c.look] for c in own], [1.0 if r is None else r for r in ratios], habit)
        for cell, ratio, p in zip(own, ratios, together, strict=True):
            if ratio is not None:
                done[name, cell.look] = replace(cell, p_state_raw=chance(ratio, habit), p_state=float(p))
    return [done.get((cell.zone.name, cell.look), cell) for cell in cells]


def _ratio(cell: Cell, kind: str, habit: Habit, false_share: float) -> float | None:
    """Return by how much likelier what a look shows is if something stood there; None where it shows nothing of it."""
    if cell.states[kind] == YES:
        told = [p for thing in cell.things if thing.kind == kind and (p := chance_of(thing.region)) is not None]
        # A class is told with a chance of its own; where none is counted, things are told as often as ground is.
        return ratio_of(max(told), habit) if told else (1.0 - (cell.missed or 0.0)) / max(false_share, 1e-6)
    if cell.states[kind] == NO and cell.missed is not None:
        return cell.missed / (1.0 - false_share)
    return None


def chance_of(region: Region) -> float | None:
    """Return the chance that something is there and is what it is called; None where either is not known."""
    if region.p_change is None or region.p_activity is None:
        return None
    return region.p_change * region.p_activity
