"""A picture for print out of a finished timeline: what it shows, and its caption."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagery_diff.errors import InputError
from imagery_diff.write.figure_series import Shown, figures, look_lines, shown
from imagery_diff.write.report.chips import chips_in
from imagery_diff.write.retold_series import RetoldSeries, retold_series
from imagery_diff.write.timeline_rows import OBSERVATION, csv_rows
from imagery_diff.write.tongues import tongue_of

if TYPE_CHECKING:
    from imagery_diff.finished import Run
    from imagery_diff.write.print_sheet import Wanted
    from imagery_diff.write.report.chips import Chips
    from imagery_diff.write.retold import RetoldScene
    from imagery_diff.write.tongues import English


def drawn_series(run: Run, wanted: Wanted) -> tuple[dict[str, bytes], str, tuple[RetoldScene, ...]]:
    """Draw a figure of a timeline.

    Returns
    -------
    Format -> file; its caption; and the images it shows.

    Raises
    ------
    InputError
        If there is nothing of that name to be shown.

    """
    rows = csv_rows(run.read("observations.csv"), OBSERVATION)
    found = retold_series(run.document("summary.json"), run.document("events.geojson"), rows)
    chips = chips_in(run.read("report.html"))
    what = shown(found, chips, wanted.region)
    if what is None:
        raise InputError(_why_not(found, wanted.region))
    tongue = tongue_of(wanted.lang)
    headline = tongue.headline_of_series(found)
    words = _caption(found, chips, what, tongue)
    return figures(found, headline, chips, what, wanted), words, tuple(look.info for look in what.looks)


def _why_not(found: RetoldSeries, name: str | None) -> str:
    if name is None:
        return "no look shows a zone in which anything was seen; name one with --region"
    if any(row["id"] == name for row in (*found.events, *found.summary["tracks"])):
        return f"{name}: was rejected by a reviewer, or no picture of it is kept; a figure of it would say it is there"
    kept = [event["id"] for event in found.kept_events]
    there = [*kept, *(track.id for track in found.tracks), *found.asked]
    return f"there is no event, thing or zone {name!r:.40} in this timeline; there are: {', '.join(there)}"


def _caption(found: RetoldSeries, chips: Chips, what: Shown, tongue: English) -> str:
    """Write what must be said beside a figure: what, where, when, by what, how sure, whose, and under which licence."""
    licences = [tongue.licence(look.info) for look in what.looks if not found.simulated]
    sensors, credit = tongue.foot_of_series(found, chips.stretch, what.looks, what.of)
    lines = [
        tongue.headline_of_series(found),
        *(tongue.event(event, found) for event in what.events),
        *(tongue.note(event) for event in what.events if event["note"]),
        *look_lines(found, what, tongue),
        sensors,
        *(tongue.caveat(doubt) for doubt in found.summary["caveats"]),
        credit,
        *dict.fromkeys(licences),
    ]
    return "\n".join(lines) + "\n"
