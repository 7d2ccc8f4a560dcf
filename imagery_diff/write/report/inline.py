"""A comparison in a notebook's cell: the swipe and what must stand beside it, without a script, a server or a request.

Notebooks run no foreign script, or take it out. So the swipe is CSS: the picture before lies in a box whose lower right
corner is drawn. JupyterLab keeps of a notebook that it does not trust only styles that it knows: no other stands here.
Where styles are taken out too, the two pictures stand one below the other.
"""

from __future__ import annotations

import html
import io
import urllib.parse
from typing import TYPE_CHECKING

from PIL import Image

from imagery_diff.write.drawing import COLOURS, MARKS
from imagery_diff.write.geojson import regions_geojson
from imagery_diff.write.model import summary
from imagery_diff.write.overall import as_html
from imagery_diff.write.pictures import pictures_of
from imagery_diff.write.report.page import data_uri
from imagery_diff.write.report.stage import Stage
from imagery_diff.write.retold import SIDES, outlines_of
from imagery_diff.write.words import moment_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from imagery_diff.result import Comparison
    from imagery_diff.write.pictures import Picture, Pictures

MOST_BYTES = 1_800_000
"""Of both pictures as they stand in the cell; the sentences below them are far less."""
_MOST_AVERAGED = 32
_WIDTH, _HEIGHT = 760, 620
_DASHES = {"appeared": "", "disappeared": "8 4", "changed": "2.5 3"}
# The browser's own mark of a corner that can be drawn is a few grey pixels, which nobody sees on a picture.
_HANDLE = (
    '<span aria-hidden="true" style="position:absolute;right:0;bottom:0;box-sizing:border-box;width:24px;height:24px;'
    "padding:0;background:#fff;color:#000;font-size:16px;line-height:24px;text-align:center;border-top-left-radius:6px"
    '">\N{LEFT RIGHT ARROW}</span>'
)


def cell_of(result: Comparison) -> str:
    """Return what a notebook shows of a comparison: HTML under 2 MB; every name is escaped."""
    if not result.layers.before.data.size or not result.layers.after.data.size:
        return as_html(result)
    return _swipe(result) + as_html(result)


def _swipe(result: Comparison) -> str:
    told, pictures = summary(result), pictures_of(result)
    outlines = outlines_of(told, regions_geojson(result) if result.grid.crs is not None else None)
    told = {**told, "regions": [{**row, "geometry": outlines.get(row["id"])} for row in told["regions"]]}
    stage = Stage.of(told, pictures.frame)
    scale = min(_WIDTH / stage.width, _HEIGHT / stage.height)
    size = (max(1, round(stage.width * scale)), max(1, round(stage.height * scale)))
    drawn, times = _small_enough(told, pictures, stage, size)
    timezone = told["aoi"]["timezone"]
    moments = [moment_of(told[side], timezone) for side in SIDES]
    kind = "Rendered picture, no satellite saw it" if told["simulated"] else "Satellite image"
    tags = [
        f'<img src="{uri}" width="{size[0]}" height="{size[1]}" alt="{html.escape(f"{kind}; {side}, {moment}")}"'
        ' style="display:block;max-width:none;margin:0">'
        for uri, side, moment in zip(drawn, SIDES, moments, strict=True)
    ]
    reviewed = all(row["review"] != "unreviewed" for row in told["regions"]) and told["regions"]
    stamp = "" if reviewed else " <b>Not reviewed by a person.</b>"
    stretch = pictures.stretch[:1].upper() + pictures.stretch[1:]
    hatched = " Hatched: not seen." if pictures.has("unseen") else ""
    hatched += " Thin light stripes: haze, shadow or snow." if pictures.has("degraded") else ""
    averaged = f" {times} by {times} shown pixels averaged, to keep the notebook small." if times > 1 else ""
    return (
        f'<p style="font-size:1.15em;margin:.2em 0"><b>{html.escape(told["headline"])}</b>{stamp}</p>'
        f'<div style="position:relative;overflow:auto;max-width:{size[0]}px;background:#000">'
        '<div style="position:absolute;z-index:1;left:0;top:0;box-sizing:border-box;resize:horizontal;overflow:hidden;'
        f"width:{size[0] // 2}px;min-width:24px;max-width:{size[0]}px;height:{size[1]}px;"
        f'border-right:3px solid #fff">{tags[0]}{_HANDLE}</div>{tags[1]}</div>'
        f"<p><small>Left: before, {html.escape(moments[0])}. Right: after, {html.escape(moments[1])}. Draw the"
        f" arrow at the foot of the line to swipe. {html.escape(stretch)}.{hatched}{averaged}</small></p>"
    )


def _small_enough(
    told: Mapping[str, Any], pictures: Pictures, stage: Stage, size: tuple[int, int]
) -> tuple[list[str], int]:
    """Draw both dates; whole pixels are averaged until both are small enough."""
    times = 1
    while True:
        drawn = [_drawing(told, pictures, stage, side, (size, times)) for side in SIDES]
        if sum(map(len, drawn)) <= MOST_BYTES or times >= _MOST_AVERAGED:
            return drawn, times
        times += 1


def _drawing(
    told: Mapping[str, Any], pictures: Pictures, stage: Stage, side: str, how: tuple[tuple[int, int], int]
) -> str:
    """Draw one date as an SVG that an ``img`` shows: no script runs in it, and nothing is fetched."""
    (width, height), times = how
    whole, unseen, degraded = (pictures.of(f"{name}{side}") for name in ("", "unseen-", "degraded-"))
    assert whole is not None
    parts = [_image(whole, stage, times)]
    step = max(stage.width / width, stage.height / height) * 8
    if unseen is not None:
        parts.append(_hatched(_image(unseen, stage, 1), step, "unseen"))
    if degraded is not None:
        parts.append(_hatched(_image(degraded, stage, 1), step, "degraded"))
    zones = [stage.path(stage.outline(row["geometry"])) for row in told["zones"]]
    parts += [f'<path d="{d}" fill="none" stroke="#fff" stroke-opacity=".7" {_line(1)}/>' for d in zones if d]
    letters = max(stage.width / width, stage.height / height) * 15
    for row in told["regions"]:
        drawn = stage.outline(row["geometry"])
        if drawn is None:
            continue
        around = stage.beside(drawn)
        colour, dashes = COLOURS[row["direction"]], _DASHES[row["direction"]]
        d = stage.path(around)
        parts.append(f'<path d="{d}" fill="none" stroke="#000" stroke-opacity=".65" {_line(4)}/>')
        parts.append(f'<path d="{d}" fill="none" stroke="{colour}" stroke-dasharray="{dashes}" {_line(2)}/>')
        label = html.escape(f"{MARKS[row['direction']]}{row['id']}")
        parts.append(f'<text x="{around.bounds[2]:.1f}" y="{around.bounds[1]:.1f}" {_letters(letters)}>{label}</text>')
    anchor = 'text-anchor="end" ' if side == "after" else ""
    x = stage.width - letters / 2 if side == "after" else letters / 2
    parts.append(f'<text x="{x:.1f}" y="{1.4 * letters:.1f}" {anchor}{_letters(letters)}>{side}</text>')
    if told["simulated"]:
        stamp = html.escape(str(told["credit"]).split(";", maxsplit=1)[0])
        # Above the handle, and on lines of their own: neither is covered, nor runs into the other.
        y = stage.height - (2.4 if side == "before" else 0.6) * letters
        parts.append(f'<text x="{x:.1f}" y="{y:.1f}" {anchor}{_letters(0.85 * letters)}>{stamp}</text>')
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        f' viewBox="0 0 {stage.width:.2f} {stage.height:.2f}" preserveAspectRatio="none">{"".join(parts)}</svg>'
    )
    return "data:image/svg+xml," + urllib.parse.quote(svg, safe="/:;,+=() '.@!*")


def _image(picture: Picture, stage: Stage, times: int) -> str:
    content, width, height, (a, b, c, d, e, f) = picture.content, picture.width, picture.height, picture.to_grid
    if times > 1:
        with Image.open(io.BytesIO(content)) as opened:
            small, out = opened.convert("RGBA" if "A" in opened.getbands() else "RGB").reduce(times), io.BytesIO()
        small.save(out, format="PNG", optimize=True)
        content, (width, height) = out.getvalue(), small.size
    matrix = stage.matrix((a * times, b * times, c * times, d * times, e, f))
    return (
        f'<image width="{width}" height="{height}" transform="matrix({matrix})" preserveAspectRatio="none"'
        f' style="image-rendering:pixelated" href="{data_uri(content)}"/>'
    )


def _hatched(mask: str, step: float, name: str) -> str:
    """Hatch what was not seen, or stripe what was degraded, thinly and the other way: the mask is white there."""
    big = 'x="-1e5" y="-1e5" width="1e6" height="1e6"'
    wide, angle, period = (step / 4, 45, step) if name == "unseen" else (step / 8, -45, 2 * step)
    return (
        f'<defs><mask id="m-{name}" maskUnits="userSpaceOnUse" {big}>{mask}</mask><pattern id="h-{name}"'
        f' width="{period:.2f}" height="{period:.2f}" patternUnits="userSpaceOnUse"'
        f' patternTransform="rotate({angle})"><rect width="{wide:.2f}" height="{period:.2f}" fill="#fff"/>'
        f'</pattern></defs><rect {big} fill="url(#h-{name})" fill-opacity=".6" mask="url(#m-{name})"/>'
    )


def _line(width: float) -> str:
    return f'stroke-width="{width}" vector-effect="non-scaling-stroke"'


def _letters(size: float) -> str:
    return (
        f'font-family="system-ui,sans-serif" font-weight="700" font-size="{size:.1f}" fill="#fff" stroke="#000"'
        f' stroke-width="{size / 5:.1f}" paint-order="stroke" stroke-linejoin="round"'
    )
