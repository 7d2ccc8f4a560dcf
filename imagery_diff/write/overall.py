"""What is said of a comparison as a whole: the order of its regions, its vessels, and all of it for a notebook."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from imagery_diff.write.words import by_sentence, one_line
from imagery_diff.write.zone_sentences import describe_zone

if TYPE_CHECKING:
    from imagery_diff.result import Comparison


def order_words(result: Comparison) -> str:
    """Say in which order the regions stand."""
    told = [region.p_change is not None for region in result.regions]
    if not any(told):
        return "the largest first (no probability is stated)"
    rest = "" if all(told) else "; those without a stated probability last"
    return f"the likeliest changes first, of the same likelihood the largest{rest}"


def vessels_words(result: Comparison) -> str:
    """Say how many vessels came or went that are long enough for a visit; nothing where none was flagged."""
    if not any(region.activity == "vessel" for region in result.regions) or result.grid.crs is None:
        return ""
    counts = vessels_of_class(result)
    parts = []
    for direction, verb in (("appeared", "appeared"), ("disappeared", "no longer visible")):
        least, most = counts[direction]
        parts.append(f"{least if least == most else f'{least} to {most}'} {verb}")
    return f"of {result.params.min_vessel_m:g} m or more: {', '.join(parts)}"


def vessels_of_class(result: Comparison) -> dict[str, tuple[int, int]]:
    """Count vessels as long as a visit's (``Params.min_vessel_m``) by direction: surely, and at most."""
    counts = {}
    for direction in ("appeared", "disappeared"):
        found = [r.counts_as_visit for r in result.regions if r.activity == "vessel" and r.direction == direction]
        counts[direction] = (sum(f is True for f in found), sum(f is not False for f in found))
    return counts


def as_html(result: Comparison) -> str:
    """Return the sentences for a notebook; every name is escaped."""
    rows = "".join(
        f"<tr><td>{html.escape(r.id)}</td><td style='text-align:left'>{html.escape(r.description)}</td></tr>"
        for r in result.regions
    )
    told = by_sentence((s.zone.title or s.zone.name, describe_zone(s)) for s in result.zones)
    zones = "".join(
        f"<tr><td style='text-align:left;vertical-align:top;width:35%'>{html.escape(names)}</td>"
        f"<td style='text-align:left;vertical-align:top'>{html.escape(sentence)}</td></tr>"
        for names, sentence in told
    )
    caveats = "".join(f"<li>{html.escape(c)}</li>" for c in result.caveats)
    tables = "".join(f"<table>{part}</table>" for part in (rows, zones) if part)
    return (
        f"<p style='overflow-wrap:break-word'><b>{html.escape(one_line(result))}</b></p>{tables}<ul>{caveats}</ul>"
        f"<p><small>{html.escape(result.credit)}</small></p>"
    )
