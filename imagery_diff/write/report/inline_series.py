"""A series in a notebook's cell: the calendar as a picture, and what it says in sentences; no script, no request."""

from __future__ import annotations

import base64
import html
import io
from typing import TYPE_CHECKING

from PIL import Image

from imagery_diff.write.report.series import headline_of_series, span_words, worst_words
from imagery_diff.write.timeline import retell
from imagery_diff.write.timeline_figure import timeline_png
from imagery_diff.write.words import by_sentence

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imagery_diff.result_series import Timeline
    from imagery_diff.write.retold_series import RetoldSeries

MOST_BYTES = 1_500_000
"""Of the calendar as it stands in the cell."""
_MOST_AVERAGED = 8
_NAMES = ";width:35%"
"""Of a column with the names of many zones, which would else leave no room for what is said of them."""
_SHOWN_PX = 1200
"""Half of the pixels that are drawn: letters stay large enough to be read, and a fine screen shows all of them."""


def cell_of_series(found: Timeline) -> str:
    """Return what a notebook shows of a series: HTML under 2 MB; every name is escaped."""
    told = retell(found)
    zones = told.summary["zones"]
    looks = f"{len(told.looks)} look{'' if len(told.looks) == 1 else 's'}"
    kind = "Calendar of rendered scenes, no satellite saw them" if told.simulated else "Calendar"
    alt = f"{kind}: what stood where at {told.place}, {looks}. The sentences below say what it shows."
    content, size, times = _calendar(told)
    uri = f"data:image/png;base64,{base64.b64encode(content).decode()}"
    averaged = f" {times} by {times} pixels averaged, to keep the notebook small." if times > 1 else ""
    changes = _table((event["id"], event["description"]) for event in told.events)
    calls = _table(by_sentence((visit["group"], visit["sentence"]) for visit in told.summary["visits"]), _NAMES)
    quiet = _table(by_sentence((told.title_of(row["zone"]), row["quiet"]) for row in zones if row["quiet"]), _NAMES)
    fills = _table((told.title_of(row["zone"]), row["fill"]) for row in zones if row["fill"])
    ais = "".join(f"<li>{html.escape(finding.sentence)}</li>" for finding in (found.ais.findings if found.ais else ()))
    caveats = "".join(f"<li>{html.escape(caveat)}</li>" for caveat in found.caveats)
    return (
        f'<p style="font-size:1.15em;margin:.2em 0"><b>{html.escape(headline_of_series(told.summary, told.events))}</b>'
        " <b>Not reviewed by a person.</b></p>"
        f"<p>{html.escape(span_words(told))} {html.escape(worst_words(told))}</p>"
        f'<div style="overflow:auto;max-width:{size[0]}px;background:#fff"><img src="{uri}" width="{size[0]}"'
        f' height="{size[1]}" alt="{html.escape(alt)}" style="display:block;max-width:none;margin:0"></div>'
        f"<p><small>The calendar of states. Unknown is not empty.{averaged}</small></p>"
        f"{_part('Changes of state', changes)}{_part('Calls of vessels', calls)}"
        f"{_part('Where nothing was seen', quiet)}{_part('How full', fills)}"
        f"{_part('By the AIS file', ais and f'<ul>{ais}</ul>')}{_part('What speaks against it', f'<ul>{caveats}</ul>')}"
        f"<p><small>{html.escape(found.credit)}</small></p>"
    )


def _calendar(found: RetoldSeries) -> tuple[bytes, tuple[int, int], int]:
    """Draw it; whole pixels are averaged until it is small enough. PNG, size at which it is shown, how many."""
    content = whole = timeline_png(found)
    with Image.open(io.BytesIO(whole)) as opened:
        drawn = opened.convert("RGB")
    times = 1
    while len(content) * 4 / 3 > MOST_BYTES and times < _MOST_AVERAGED:
        times += 1
        out = io.BytesIO()
        drawn.reduce(times).save(out, format="PNG", optimize=True)
        content = out.getvalue()
    width = min(_SHOWN_PX, drawn.width)
    return content, (width, round(drawn.height * width / drawn.width)), times


def _table(rows: Iterable[tuple[str, str]], first: str = "") -> str:
    """Write rows of what is spoken of and what is said; ``first`` is style of the first column."""
    told = "".join(
        f"<tr><td style='text-align:left;vertical-align:top{first}'>{html.escape(name)}</td>"
        f"<td style='text-align:left;vertical-align:top'>{html.escape(words)}</td></tr>"
        for name, words in rows
    )
    return told and f"<table>{told}</table>"


def _part(title: str, content: str) -> str:
    return content and f"<p><b>{title}</b></p>{content}"
