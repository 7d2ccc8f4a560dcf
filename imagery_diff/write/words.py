"""Sentences: the same words in the table, the JSON, the GeoJSON and the page.

Never "nothing changed": what was not flagged may have been missed, and what was not seen is unknown.
"""

from __future__ import annotations

import html
import math
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from imagery_diff.mark import ALTERED

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from imagery_diff.aoi import AOI, Zone
    from imagery_diff.result import Comparison, Floor, LookAt, Region, ZoneState
    from imagery_diff.scene import SceneInfo

RENDERED = "RENDERED, NOT A SATELLITE IMAGE"
NOUNS = {
    "vessel": "vessel-like object",
    "containers": "container-like object",
    "rail_cars": "line like rail cars",
    "stockpile": "stockpile-like area",
    "cover": "cover-like area",
    "equipment": "equipment-like object",
    "construction": "construction-like change",
    "other": "change of unclear kind",
}
THINGS = {"vessel": "vessel-like object", "containers": "container-like object", "rail_cars": "line like rail cars"}
"""What floors are about."""
_VERBS = {
    "appeared": "visible {place} on the after image and not on the before image",
    "disappeared": "no longer visible {place}",
    "changed": "different {place}",
}
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


def local_time(time: dt.datetime, timezone: str | None) -> str:
    """Write a moment as ``17 October 2023 02:12 UTC (11:12 local)``."""
    text = f"{time.day} {MONTHS[time.month - 1]} {time:%Y %H:%M} UTC"
    return f"{text} ({time.astimezone(ZoneInfo(timezone)):%H:%M} local)" if timezone else text


def moment_words(info: SceneInfo, timezone: str | None) -> str:
    """Write when an image was taken, and that it is a guess where it is one."""
    if info.acquired is None:
        return "time not known"
    guess = ", guessed from its name" if "guess" in (info.time_source or "") else ""
    return local_time(info.acquired, timezone) + guess


def window_of(before: SceneInfo, after: SceneInfo, timezone: str | None) -> str:
    """Write between which moments something happened."""
    if before.acquired is None or after.acquired is None:
        return f"between the image {before.name} and the image {after.name} (times not known)"
    first, last = sorted((before.acquired, after.acquired))
    return f"between {local_time(first, timezone)} and {local_time(last, timezone)}"


def describe_region(region: Region, before: SceneInfo, after: SceneInfo, aoi: AOI | None) -> str:
    """Say in one hedged sentence what was flagged, where, how long, and between when."""
    zone = next((z for z in aoi.zones if z.name == region.zone), None) if aoi else None
    timezone = aoi.timezone_of(zone) if aoi else None
    unit = "m" if before.grid.crs else "pixels"
    at_least = "at least " if region.length_is_lower_bound else "about "
    colour = f"{region.colour} " if region.colour else ""
    what = f"a {colour}{NOUNS[region.activity]}"
    size = f"{at_least}{region.length_m:.0f} {unit} long and {region.width_m:.0f} {unit} wide"
    if region.under_way:
        size = "under way, so that its length is not told"
    seen = _VERBS[region.direction].format(place=_place(zone, aoi))
    return f"{what[0].upper()}{what[1:]}, {size}, {seen}, {window_of(before, after, timezone)}."


def _place(zone: Zone | None, aoi: AOI | None) -> str:
    """Where, with its preposition."""
    if aoi is None:
        return "on the images' common ground"
    if zone is None:
        return f"at {aoi.title or aoi.name}, outside its zones"
    return f"at {zone.title or zone.name}" + ("" if zone.located else " (a search area, not a located outline)")


MISSED = "What was too small, too faint or not seen can still have changed."


def pixel_words(info: SceneInfo) -> str:
    """Write the size of a pixel on the ground; both sides where it is not square."""
    if info.grid.crs is None:
        return "no georeference"
    width, height = info.grid.pixel_size_m
    square = abs(width / height - 1) < 0.02  # noqa: PLR2004 - the rounding of a UTM zone's scale
    return f"{width:.3g} m pixels" if square else f"{width:.3g} x {height:.3g} m pixels"


def clear_words(images: Sequence[SceneInfo]) -> str | None:
    """Say what "clear" rests on where no mask came with an image; None where masks came with all."""
    bare = [info.name for info in images if not info.cloud_masked and not info.level.radar]
    if not bare:
        return None
    return f"Clear means that no cloud was recognised: no cloud mask came with {' and '.join(bare)}."


def describe_zone(state: ZoneState) -> str:
    """Say what is known of a zone; absence is only ever of a flag, and only in the share that was clear."""
    share = f"{state.clear_fraction:.0%}"
    seen = f"{share} was clear and searched"
    lost = ", ".join(f"{cause} {part:.0%}" for cause, part in state.unknown.items() if part >= 0.005)  # noqa: PLR2004
    lost = f" (the rest: {lost})" if lost else ""
    under = f"look at {', '.join(state.look_at)} by eye, which the cloud mask hides; " if state.look_at else ""
    if state.state in {"flagged", "look at this"}:
        return f"{', '.join(state.regions)}{'; ' if state.regions else ''}{under}{seen}{lost}{_floors(state)}"
    if state.state == "ignored":
        return "left out, as the AOI asks"
    if state.state == "unknown":
        return f"unknown: only {seen}{lost}"
    return f"nothing was flagged in the {share} that was clear and searched{lost}{_floors(state)}"


def floor_words(floor: Floor) -> str:
    """Say how small a thing may be to be missed one time in ten; or why that cannot be said."""
    noun = THINGS[floor.thing]
    if floor.d90_high_m is None:
        return f"how small a {noun} would have been missed cannot be said: {floor.reason}"
    return (
        f"a {noun} of {math.ceil(floor.d90_high_m)} m or more, of the colours tested, would be missed at most one time "
        "in ten"
    )


def _floors(state: ZoneState) -> str:
    """Return what is said of a zone's floors, behind what is known of it; that quick trials do not suffice is not."""
    told = [f for f in state.floors.values() if f.how == "full" or f.d90_high_m is not None]
    return "".join(f"; {floor_words(floor)}" for floor in told)


def look_words(look: LookAt) -> str:
    """Say what is to be looked at, and why nothing is concluded from it."""
    where = f" in {look.zone}" if look.zone else ""
    return (
        f"A bright object with sharp edges{where} on the {look.date} image lies under its cloud mask: look "
        "at it by eye. It is no finding, and its zone is not to be called empty."
    )


def clean(text: str) -> str:
    """Replace characters that could steer a terminal or cannot be shown.

    Names come from files, which may be hostile.
    """
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def stamp(result: Comparison) -> str:
    """Return what must stand across a result of which no satellite saw everything."""
    return stamp_of((result.before, result.after))


def stamp_of(images: Sequence[SceneInfo]) -> str:
    """Return what must stand across a picture of images of which no satellite saw everything."""
    simulated = [info for info in images if info.simulated]
    altered = simulated and all((info.credit or "").startswith(ALTERED) for info in simulated)
    return ALTERED if altered else RENDERED


def activity_words(region: Region) -> str:
    """Name what a region looks like, hedged: ``container-like object``."""
    return NOUNS[region.activity]


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


def counted(result: Comparison) -> str:
    """Count regions by direction: ``2 appeared, 1 changed``; empty if there is none."""
    counts = {d: sum(r.direction == d for r in result.regions) for d in ("appeared", "disappeared", "changed")}
    return ", ".join(f"{n} {d}" for d, n in counts.items() if n)


def flagged_words(result: Comparison) -> str:
    """Say how much was flagged, as the beginning of a sentence."""
    number = len(result.regions)
    if not number:
        return "nothing was flagged"
    return f"{number} region{'s' if number > 1 else ''} flagged ({counted(result)})"


def one_line(result: Comparison) -> str:
    """Sum a comparison up in a line."""
    found = counted(result) or "nothing flagged"
    unknown = sum(z.state == "unknown" for z in result.zones)
    known = f"; {unknown} of {len(result.zones)} zones unknown" if unknown else ""
    rendered = f" [{stamp(result)}]" if result.simulated else ""
    return f"{result.name}: {result.before.name} -> {result.after.name}: {found}{known}{rendered}"


def as_html(result: Comparison) -> str:
    """Small table for a notebook; every name is escaped."""

    def length(region: Region) -> str:
        return "under way" if region.under_way else f"{region.length_m:.0f}"

    rows = "".join(
        f"<tr><td>{html.escape(r.id)}</td><td>{html.escape(r.direction)}</td><td>{html.escape(r.activity)}</td>"
        f"<td>{html.escape(r.zone or '')}</td><td>{length(r)}</td><td>{r.width_m:.0f}</td></tr>"
        for r in result.regions
    )
    head = "<tr><th>id</th><th>direction</th><th>activity</th><th>zone</th><th>length m</th><th>width m</th></tr>"
    caveats = "".join(f"<li>{html.escape(c)}</li>" for c in result.caveats)
    return (
        f"<p><b>{html.escape(one_line(result))}</b></p><table>{head}{rows}</table><ul>{caveats}</ul>"
        f"<p><small>{html.escape(result.credit)}</small></p>"
    )
