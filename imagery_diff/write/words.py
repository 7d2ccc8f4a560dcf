"""Names, moments, credits and counts: the same words in the table, the JSON, the GeoJSON and the page."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

from imagery_diff.mark import ALTERED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from imagery_diff.aoi import AOI
    from imagery_diff.result import Comparison, Region
    from imagery_diff.scene import SceneInfo
    from imagery_diff.write.retold import Retold, RetoldScene

_UNFIT_FOR_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
RENDERED = "RENDERED, NOT A SATELLITE IMAGE"
NOUNS = {
    "vessel": "vessel-like object",
    "containers": "container-like object",
    "rail_cars": "line like rail cars",
    "stockpile": "stockpile-like area",
    "cover": "cover-like area",
    "equipment": "equipment-like object",
    "construction": "construction-like area",
    "other": "change of unclear kind",
}
"""Class -> what it looks like: hedged, always."""
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


class Dated(Protocol):
    """What a moment is told of: a scene, or its row in a document."""

    @property
    def name(self) -> str:
        """Name of its file."""

    @property
    def acquired(self) -> dt.datetime | None:
        """When it was taken, UTC; None where that is not known."""

    @property
    def time_source(self) -> str | None:
        """Where that time comes from."""


@dataclass(frozen=True)
class _Row:
    """A scene as ``summary.json`` holds it."""

    name: str
    acquired: dt.datetime | None
    time_source: str | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> _Row:
        acquired = row["acquired"]
        return cls(row["file"], acquired and dt.datetime.fromisoformat(acquired), row["time_source"])


def moment_of(row: Mapping[str, Any], timezone: str | None) -> str:
    """Write when an image was taken, from its row in a document; see :func:`moment_words`."""
    return moment_words(_Row.of(row), timezone)


def window_between(before: Mapping[str, Any], after: Mapping[str, Any], timezone: str | None) -> str:
    """Write between which moments something happened, from two rows of a document; see :func:`window_of`."""
    return window_of(_Row.of(before), _Row.of(after), timezone)


def local_time(time: dt.datetime, timezone: str | None) -> str:
    """Write a moment as ``17 October 2023 02:12 UTC (11:12 local)``."""
    text = f"{_day(time)} {time:%Y %H:%M} UTC"
    if timezone is None:
        return text
    there = time.astimezone(ZoneInfo(timezone))
    day = "" if there.date() == time.date() else f" on {_day(there)}"
    return f"{text} ({there:%H:%M} local{day})"


def moment_words(info: Dated, timezone: str | None) -> str:
    """Write when an image was taken, and that it is a guess where it is one."""
    if info.acquired is None:
        return "time not known"
    return local_time(info.acquired, timezone) + (", guessed from its name" if _is_guessed(info) else "")


def window_of(before: Dated, after: Dated, timezone: str | None) -> str:
    """Write between which moments something happened, in UTC and local: dates are windows, never moments."""
    if before.acquired is None and after.acquired is None:
        return f"between the image {before.name} and the image {after.name} (times not known)"
    if before.acquired is None or after.acquired is None:
        sides = (
            f"the image {info.name}, whose time is not known" if info.acquired is None else moment_words(info, timezone)
            for info in (before, after)
        )
        return f"between {' and '.join(sides)}"
    first, last = sorted((before.acquired, after.acquired))
    text = f"between {_span(first, last, 'UTC')}{_local_span(first, last, timezone)}"
    guessed = [name for info, name in ((before, "before"), (after, "after")) if _is_guessed(info)]
    if len(guessed) == 2:  # noqa: PLR2004 - both
        return f"{text}, both times guessed from the files' names"
    return f"{text}, the time of the {guessed[0]} image guessed from its name" if guessed else text


def _is_guessed(info: Dated) -> bool:
    return "guess" in (info.time_source or "")


def _day(moment: dt.datetime) -> str:
    return f"{moment.day} {MONTHS[moment.month - 1]}"


def _hours(moments: Sequence[dt.datetime]) -> list[str]:
    """Write hours and minutes, and seconds where two moments share the minute."""
    same = len({f"{moment:%Y%m%d%H%M}" for moment in moments}) == 1
    return [f"{moment:{'%H:%M:%S' if same else '%H:%M'}}" for moment in moments]


def _span(first: dt.datetime, last: dt.datetime, clock: str) -> str:
    """Write two moments of one clock; what they share once."""
    times, days = _hours((first, last)), [_day(first), _day(last)]
    if first.date() == last.date():
        return f"{times[0]} and {times[1]} {clock} on {days[0]} {first:%Y}"
    year = "" if first.year == last.year else f" {first:%Y}"
    return f"{days[0]}{year} {times[0]} and {days[1]} {last:%Y} {times[1]} {clock}"


def _local_span(first: dt.datetime, last: dt.datetime, timezone: str | None) -> str:
    """Write the same in local time, in brackets; without days where they are those of UTC."""
    if timezone is None:
        return ""
    there = [moment.astimezone(ZoneInfo(timezone)) for moment in (first, last)]
    if [moment.date() for moment in there] != [first.date(), last.date()]:
        return f" ({_span(there[0], there[1], 'local')})"
    return f" ({' and '.join(_hours(there))} local)"


NO_TIME = "the time of an image is not known"
"""How the caveat begins that says which image is taken for the earlier."""
STANDING = (
    '"Not detected" is of what came or left between the two images; what stands on both is not mentioned,'
    " however large."
)
"""Below what is said of zones: silence on a zone does not say that it is empty."""
MISSED = "What was too small, too faint or not seen can still have changed."


def pixel_words(info: SceneInfo) -> str:
    """Write the size of a pixel on the ground; both sides where it is not square."""
    if info.grid.crs is None:
        return "no georeference"
    return f"{size_of_pixels(*info.grid.pixel_size_m)} pixels"


def size_of_pixels(width: float, height: float) -> str:
    """Write the sides of a pixel, metres; once where it is square."""
    square = abs(width / height - 1) < 0.02  # noqa: PLR2004 - the rounding of a UTM zone's scale
    return f"{width:.3g} m" if square else f"{width:.3g} x {height:.3g} m"


def clear_words(images: Sequence[SceneInfo]) -> str | None:
    """Say what "clear" rests on where no mask came with an image; None where masks came with all."""
    return clear_words_of([info.name for info in images if not info.cloud_masked and not info.level.radar])


def clear_words_of(bare: Sequence[str]) -> str | None:
    """Say the same of images by their names: of those without a mask of clouds, which radar needs none of."""
    if not bare:
        return None
    return f"Clear means that no cloud was recognised: no cloud mask came with {' and '.join(bare)}."


def clean(text: str) -> str:
    """Replace characters that could steer a terminal or cannot be shown.

    Names come from files, which may be hostile.
    """
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def fit_for_xml(text: str) -> str:
    """Replace what no XML may hold, however it is escaped (XML 1.0, section 2.2)."""
    return _UNFIT_FOR_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def stamp(result: Comparison | Retold) -> str:
    """Return what must stand across a result of which no satellite saw everything."""
    return stamp_of((result.before, result.after))


def stamp_of(images: Sequence[SceneInfo | RetoldScene]) -> str:
    """Return what must stand across a picture of images of which no satellite saw everything."""
    simulated = [info for info in images if info.simulated]
    altered = simulated and all((info.credit or "").startswith(ALTERED) for info in simulated)
    return ALTERED if altered else RENDERED


def credit_line(result: Comparison) -> str:
    """Credits of both images and of the outlines; a rendered image carries no provider's name."""
    return credits_of((result.before, result.after), result.aoi)


def credits_of(images: Sequence[SceneInfo], aoi: AOI | None) -> str:
    """Return the line that must stand beside every picture of these images."""
    if any(info.simulated for info in images):
        credited = [stamp_of(images)]
    else:
        credited = [info.credit or f"{info.name}: credit unknown" for info in images]
    outline = [f"outlines {aoi.credit}"] if aoi and aoi.credit else []
    return "; ".join(dict.fromkeys([*credited, *outline]))


def licences_of(images: Sequence[SceneInfo | RetoldScene]) -> str:
    """Say under which licence the images came, once where it is the same; nothing of what no satellite saw."""
    if any(info.simulated for info in images):
        return ""
    licences = [info.licence or "not known: ask whoever gave you the image" for info in images]
    if len(set(licences)) == 1:
        return licences[0]
    return "; ".join(f"{info.name}: {licence}" for info, licence in zip(images, licences, strict=True))


def by_sentence(told: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Say each sentence once: from (of whom, sentence) to (of all of whom, sentence), in the order given.

    Examples
    --------
    >>> by_sentence([("Pier 1", "unknown"), ("Pier 2", "empty"), ("Pier 3", "unknown")])
    [('Pier 1; Pier 3', 'unknown'), ('Pier 2', 'empty')]

    """
    groups: dict[str, list[str]] = {}
    for name, sentence in told:
        groups.setdefault(sentence, []).append(name)
    return [("; ".join(names), sentence) for sentence, names in groups.items()]


UNCLEAR = "unclear"
"""What a region of no told class did, in a count."""
DID = {
    "appeared": "appeared",
    "disappeared": "no longer visible",
    "changed": "changed in appearance",
    UNCLEAR: "of unclear kind",
}
"""Direction -> what that is in a count."""


def what_they_did(regions: Iterable[tuple[str, str]]) -> list[tuple[str, int]]:
    """Count directions, from (activity, direction) of each, in the order of :data:`DID`; no class, no direction."""
    counts = Counter(UNCLEAR if activity == "other" else direction for activity, direction in regions)
    return [(name, counts[name]) for name in DID if counts[name]]


def counted(regions: Sequence[Region]) -> str:
    """Count regions by direction: ``2 appeared, 1 changed in appearance``; empty if there is none."""
    return ", ".join(f"{n} {DID[d]}" for d, n in what_they_did((r.activity, r.direction) for r in regions))


def flagged_words(regions: Sequence[Region]) -> str:
    """Say how much was flagged, as the beginning of a sentence."""
    number = len(regions)
    if not number:
        return "nothing was flagged"
    return f"{number} region{'s' if number > 1 else ''} flagged ({counted(regions)})"


def review_words(reviews: Sequence[str], reviewers: Sequence[str] = (), what: str = "regions") -> str:
    """Say what people have said of the findings, from the ``review`` of each and their initials."""
    who = f" ({', '.join(reviewers)})" if reviewers else ""
    number, open_ones = len(reviews), sum(review == "unreviewed" for review in reviews)
    if not number:
        return "Not reviewed by a person: nothing was flagged that could be"
    if open_ones == number:
        return "Not reviewed by a person"
    rejected = sum(review == "rejected" for review in reviews)
    refused = f"; {rejected} rejected" if rejected else ""
    if open_ones:
        return f"{number - open_ones} of {number} {what} reviewed by a person{who}, {open_ones} not{refused}"
    return f"Every {what.removesuffix('s')} was reviewed by a person{who}{refused}"


def one_line(result: Comparison) -> str:
    """Sum a comparison up in a line."""
    found = counted(result.regions) or "nothing flagged"
    unknown = sum(z.state == "unknown" for z in result.zones)
    known = f"; {unknown} of {len(result.zones)} zones unknown" if unknown else ""
    rendered = f" [{stamp(result)}]" if result.simulated else ""
    return f"{result.name}: {result.before.name} -> {result.after.name}: {found}{known}{rendered}"
