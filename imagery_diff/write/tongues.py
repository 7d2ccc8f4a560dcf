"""The languages in which a finished comparison is told again: what a figure and its caption ask of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imagery_diff.result_series import NO, YES
from imagery_diff.write.words import MISSED, local_time, moment_words, review_words, window_between

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from imagery_diff.result import Region
    from imagery_diff.write.pictures import Pictures
    from imagery_diff.write.retold import Retold, RetoldScene
    from imagery_diff.write.retold_series import RetoldCell, RetoldLook, RetoldSeries, RetoldThing

LANGUAGES = ("en", "ko")
_ENGLISH_FACES = {"normal": "normal", "bold": "bold"}


class English:
    """What is stored, as it is stored."""

    lang = "en"

    def families(self) -> list[str]:
        """Return the fonts a figure is written in, the first before the next."""
        return ["DejaVu Sans"]

    def faces(self) -> Mapping[str, str]:
        """Weight -> what :func:`imagery_diff.write.drawing.measure` calls the letters it is measured by."""
        return _ENGLISH_FACES

    def headline(self, summary: Mapping[str, Any]) -> str:
        """Return the one sentence above everything."""
        return str(summary["headline"])

    def description(self, region: Region, told: Retold) -> str:
        """Return a region's sentence."""
        del told
        return region.description

    def dated(self, side: str, scene: RetoldScene, timezone: str | None) -> str:
        """Name a date above its panel."""
        return f"{side.capitalize()}  {moment_words(scene, timezone)}"

    def beside_stamp(self, stamp: str) -> str:
        """Return what stands beside a stamp, which is English in every language; empty if nothing does."""
        del stamp
        return ""

    def length(self, number: str, unit: str, limits: tuple[str, str] | None = None) -> str:
        """Write a length, of a scale bar or of a thing, with its limits; ``unit`` is ``m``, ``km`` or ``pixels``."""
        return f"{number} {unit}{f' ({limits[0]} to {limits[1]})' if limits else ''}"

    def foot(self, told: Retold, pictures: Pictures) -> list[str]:
        """Return what must stand below any figure: sensors, stretch, the doubt, who looked at it, whose it is."""
        sensors = "; ".join(dict.fromkeys(f"{scene.product}, {scene.pixels}" for scene in told.images))
        return [
            f"{sensors}. Shown in {pictures.stretch}. {MISSED}",
            f"{review_words(list(told.reviews.values()), told.reviewers)}. Credit: {told.credit}",
        ]

    def where_and_when(self, summary: Mapping[str, Any]) -> str:
        """Name the place and the window of time."""
        place = summary["aoi"]["title"] or summary["aoi"]["name"]
        return f"{place}, {window_between(summary['before'], summary['after'], summary['aoi']['timezone'])}."

    def headline_of_series(self, found: RetoldSeries) -> str:
        """Return the same of a series."""
        from imagery_diff.write.report.series import headline_of_series  # noqa: PLC0415 - the page asks this module

        return headline_of_series(found.summary, found.kept_events)

    def event(self, event: Mapping[str, Any], found: RetoldSeries) -> str:
        """Return an event's sentence."""
        del found
        return str(event["description"])

    def note(self, event: Mapping[str, Any]) -> str:
        """Write what a reviewer noted."""
        return f"Reviewer's note on {event['id']}: {event['note']}"

    def days(self, time: dt.datetime) -> Sequence[str]:
        """Name a look above its panel, the longest way first."""
        short = f"{time.day} {time:%b}"
        return f"{short} {time:%Y %H:%M} UTC", f"{short} {time:%H:%M} UTC", f"{short} {time:%H:%M}"

    def moment(self, time: dt.datetime, timezone: str | None) -> str:
        """Write when a look was, in UTC and local."""
        return local_time(time, timezone)

    def not_seen(self) -> str:
        """Say that a look shows nothing of a zone."""
        return "not seen"

    def state(self, cell: RetoldCell, found: RetoldSeries) -> str:
        """Say what a look shows of a zone, hedged."""
        del found
        state = cell.states[str(cell.asked)]
        if state == YES:
            longest = longest_of(cell)
            return "seen" if longest is None else f"seen: {self.length_of(longest)}"
        if state == NO:
            return "nothing of the reported size detected"
        return f"unknown, which is not empty: {cell.reason or 'no reason given'}"

    def length_of(self, thing: RetoldThing) -> str:
        """Write a thing's length with its limits."""
        if thing.length_low_m is None:
            return f"{thing.length_m:.0f} m"
        if thing.length_high_m is None:
            return f"{thing.length_low_m:.0f} m or more"
        return self.length(f"{thing.length_m:.0f}", "m", (f"{thing.length_low_m:.0f}", f"{thing.length_high_m:.0f}"))

    def foot_of_series(self, found: RetoldSeries, stretch: str, looks: Sequence[RetoldLook], of: int) -> list[str]:
        """Return what must stand below any figure of a series; ``of``: so many looks show what it shows."""
        sensors = "; ".join(dict.fromkeys(f"{look.info.product}, {look.info.pixels}" for look in looks))
        some = "" if len(looks) == of else f" {len(looks)} of {of} looks are shown."
        shown_in = f"{sensors}. Shown in {stretch}. Yellow: what was told; white: the zone. Times are UTC.{some}"
        return [
            f"{shown_in} {MISSED} What happened between looks was not seen.",
            f"{review_words(found.reviews, found.reviewers, 'findings')}. Credit: {found.credit}",
        ]

    def caveat(self, doubt: str) -> str:
        """Write a caveat."""
        return f"Caveat: {doubt}."

    def licence(self, scene: RetoldScene) -> str:
        """Say under which licence an image came."""
        return f"Licence of {scene.name}: {scene.licence or 'not known: ask whoever gave you the image'}"


def tongue_of(lang: str) -> English:
    """Return what tells in a language of ``LANGUAGES``.

    Raises
    ------
    ValueError
        If there is no such language.

    """
    if lang == "en":
        return English()
    if lang == "ko":
        from imagery_diff.write.korean.tongue import Korean  # noqa: PLC0415 - only where it is asked for

        return Korean()
    raise ValueError(f"there is no language {lang!r}; there are: {', '.join(LANGUAGES)}")


def longest_of(cell: RetoldCell) -> RetoldThing | None:
    """Return the longest thing of the kind a zone is asked for; None where none has a length."""
    longest = max((t for t in cell.things if t.kind == cell.asked), key=lambda t: t.length_m or 0.0, default=None)
    return None if longest is None or longest.length_m is None else longest
