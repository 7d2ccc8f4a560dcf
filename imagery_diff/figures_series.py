"""A picture for print out of a finished timeline: what it shows, and its caption."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagery_diff.errors import InputError
from imagery_diff.write.figure_series import Shown, figures, foot_lines, look_lines, shown
from imagery_diff.write.report.chips import chips_in
from imagery_diff.write.report.series import headline_of_series
from imagery_diff.write.retold_series import RetoldSeries, retold_series
from imagery_diff.write.timeline_rows import OBSERVATION, csv_rows

if TYPE_CHECKING:
    from imagery_diff.finished import Run
    from imagery_diff.write.print_sheet import Wanted
    from imagery_diff.write.report.chips import Chips
    from imagery_diff.write.retold import RetoldScene


def drawn_series(run: Run, wanted: Wanted) -> tuple[dict[str, bytes], str, tuple[RetoldScene, ...]]:
    """Draw a figure of a timeline.

    Returns
    -------
    Format -> file; its caption; and the images it shows.

    Raises
    ------
    InputError
        If there is nothing of that name to be shown, or it is asked for in a language it is not told in.

    """
    if wanted.lang != "en":
        raise InputError(f"{run.folder.name}: figures of timelines are told in English alone")
    rows = csv_rows(run.read("observations.csv"), OBSERVATION)
    found = retold_series(run.document("summary.json"), run.document("events.geojson"), rows)
    chips = chips_in(run.read("report.html"))
    what = shown(found, chips, wanted.region)
    if what is None:
        raise InputError(_why_not(found, wanted.region))
    headline = headline_of_series(found.summary, found.kept_events)
    words = _caption(found, chips, what, headline)
    return figures(found, headline, chips, what, wanted), words, tuple(look.info for look in what.looks)


def _why_not(found: RetoldSeries, name: str | None) -> str:
    if name is None:
        return "no look shows a zone in which anything was seen; name one with --region"
    if any(row["id"] == name for row in (*found.events, *found.summary["tracks"])):
        return f"{name}: was rejected by a reviewer, or no picture of it is kept; a figure of it would say it is there"
    kept = [event["id"] for event in found.kept_events]
    there = [*kept, *(track.id for track in found.tracks), *found.asked]
    return f"there is no event, thing or zone {name!r:.40} in this timeline; there are: {', '.join(there)}"


def _caption(found: RetoldSeries, chips: Chips, what: Shown, headline: str) -> str:
    """Write what must be said beside a figure: what, where, when, by what, how sure, whose, and under which licence."""
    scenes = [look.info for look in what.looks]
    licences = [
        f"Licence of {scene.name}: {scene.licence or 'not known: ask whoever gave you the image'}"
        for scene in scenes
        if not found.simulated
    ]
    sensors, credit = foot_lines(found, chips, what)
    notes = [f"Reviewer's note on {event['id']}: {event['note']}" for event in what.events if event["note"]]
    lines = [
        headline,
        *(event["description"] for event in what.events),
        *notes,
        *look_lines(found, what),
        sensors,
        *(f"Caveat: {doubt}." for doubt in found.summary["caveats"]),
        credit,
        *dict.fromkeys(licences),
    ]
    return "\n".join(lines) + "\n"
