"""A map to move about in, by folium: outlines with their sentences, both dates laid on the ground.

Names, notes and sentences may be hostile. folium's own popups are HTML in JavaScript in a Jinja template, and branca
renders what a template has made as a template once more, in which ``{{ }}`` would be run here. So no text goes that
way: it stands in the page as JSON whose texts hold no such sign, and a script writes it into the page as text.
"""

from __future__ import annotations

import html
import io
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import numpy as np
import shapely
from affine import Affine
from PIL import Image
from shapely.geometry import mapping

from imagery_diff import mark
from imagery_diff.aoi import WGS84, reproject
from imagery_diff.errors import InputError, InputNotFoundError, MissingExtraError
from imagery_diff.write.drawing import COLOURS, MARKS, Canvas
from imagery_diff.write.geojson import wgs84_geometry
from imagery_diff.write.model import summary as summary_of_pair
from imagery_diff.write.model import zone_title
from imagery_diff.write.report.page import data_uri
from imagery_diff.write.retold import SIDES
from imagery_diff.write.words import clean, moment_of, stamp
from imagery_diff.write.zone_sentences import describe_zone

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from imagery_diff.result import Comparison
    from imagery_diff.result_series import Timeline
    from imagery_diff.write.pictures import Picture

_MERCATOR = "EPSG:3857"
_MOST_PIXELS = 1_200_000
"""Of one date on the map; more would make the page larger than a notebook bears."""
_HALF_TURN = 180.0
_DASHES = {"appeared": None, "disappeared": "8 4", "changed": "2.5 3"}
_ZONE = {"colour": "#FFFFFF", "dash": None, "width": 1.5}
_SEARCH_AREA = {"colour": "#FFFFFF", "dash": "2 5", "width": 1.5}
_STRIPE_PX = 4
_BRACE = chr(0xE000)
"""Stands for a brace until the JSON is written; of private use, so that it means nothing in a text."""
_CAME, _WENT = ("arrived", "appeared", "grew"), ("departed", "disappeared", "shrank")

_LAYER = """
{% macro script(this, kwargs) %}
(function () {
  function words(lines) {
    var box = document.createElement("div");
    lines.forEach(function (line) {
      var part = document.createElement("p");
      part.textContent = line;
      box.appendChild(part);
    });
    return box;
  }
  var rows = {{ this.rows }};
  var look = function (row) {
    var p = row.properties;
    return {color: p.colour, weight: p.width, dashArray: p.dash, fillOpacity: 0.01, opacity: 1};
  };
  var under = function (row) {
    return {color: "#000", weight: row.properties.width + 2, opacity: 0.6, fill: false, interactive: false};
  };
  var into = {{ this._parent.get_name() }};
  L.geoJSON(rows, {style: under}).addTo(into);
  L.geoJSON(rows, {style: look, onEachFeature: function (row, layer) {
    layer.bindPopup(words(row.properties.lines), {maxHeight: 320});
    var mark = row.properties.mark;
    layer.bindTooltip(words([mark || row.properties.lines[0]]), mark
      ? {permanent: true, direction: "right", className: "mark"} : {sticky: true});
  }}).addTo(into);
})();
{% endmacro %}
"""
_NOTES = """
{% macro html(this, kwargs) %}
<style>
.leaflet-container { background: #3a3a3a; }
.leaflet-popup-content p { margin: 0 0 .5em; }
.leaflet-popup-content p:first-child, .told .lacking + p { font-weight: 700; }
.leaflet-tooltip p { margin: 0; }
.leaflet-tooltip.mark { padding: 0 4px; font-weight: 700; opacity: 1; }
.told { position: absolute; left: 8px; bottom: 52px; z-index: 1000; max-width: min(560px, 70%); max-height: 40%;
  overflow: auto; box-sizing: border-box; padding: 6px 10px; background: #fff; color: #111; font: 13px/1.35
  system-ui, sans-serif; border-radius: 4px; }
.told p { margin: 0 0 .3em; }
.told summary { cursor: pointer; }
</style>
<div class="told"><p class="lacking" hidden>The map itself is not here: Leaflet, which draws it, could not be fetched.
explore(leaflet=FOLDER) writes it into the page.</p>{{ this.told }}</div>
<script>if (!window.L) { document.querySelector(".lacking").hidden = false; }</script>
{% endmacro %}
"""
_SCRIPTS = """
{% macro header(this, kwargs) %}
<style>{{ this.style }}</style>
<script>{{ this.script }}</script>
{% endmacro %}
"""


@dataclass(frozen=True, kw_only=True)
class _Told:
    """What a map is made of."""

    layers: Mapping[str, Sequence[dict[str, Any] | None]]
    """Name -> features, WGS84."""
    notes: Sequence[str]
    place: BaseGeometry
    """In ``crs``; what is shown first."""
    crs: str
    pictures: Sequence[tuple[str, bytes, tuple[float, float, float, float]]] = field(default=())
    """Name, PNG in web Mercator, west, south, east, north."""


def explore_pair(result: Comparison, *, tiles: Any = None, leaflet: str | Path | None = None) -> Any:
    """Return a comparison as a folium map; see :meth:`imagery_diff.result.Comparison.explore`."""
    crs = _crs_of(result.grid.crs, f"{result.before.name} and {result.after.name}")
    folium = _folium()
    told = summary_of_pair(result)
    rows = [
        _row(region.geometry, crs, _region_look(region.direction), _mark(region.direction, region.id), lines)
        for region in result.regions
        for lines in [(f"{region.id}, {region.activity}, {region.direction}", region.description, *region.doubts)]
    ]
    zones = [
        _row(s.zone.polygon, crs, _ZONE if s.zone.located else _SEARCH_AREA, "", lines)
        for s in result.zones
        for lines in [(f"{zone_title(s.zone)}: {s.state}", f"{s.zone.kind}", describe_zone(s))]
    ]
    place = result.aoi.polygon if result.aoi else shapely.box(*result.grid.bounds)
    moments = [moment_of(told[side], told["aoi"]["timezone"]) for side in SIDES]
    pictures = _pictures(result, crs, [f"{side}: {moment}" for side, moment in zip(SIDES, moments, strict=True)])
    notes = [
        *_stamps(result.simulated, result.credit, told["headline"]),
        _legend(),
        "Zones: white; dotted where they are search areas. Striped: not seen.",
        "Pictures are laid on the map by their nearest pixels; report.html shows them as delivered.",
    ]
    drawn = {"Zones": zones, "Regions": rows}
    return _map(folium, _Told(layers=drawn, notes=notes, place=place, crs=crs, pictures=pictures), tiles, leaflet)


def explore_series(found: Timeline, *, tiles: Any = None, leaflet: str | Path | None = None) -> Any:
    """Return a series as a folium map; see :meth:`imagery_diff.result_series.Timeline.explore`."""
    from imagery_diff.write.report.series import headline_of_series  # noqa: PLC0415 - loads jinja2
    from imagery_diff.write.timeline import event_rows, summary  # noqa: PLC0415

    crs = _crs_of(found.grid.crs, found.name)
    folium = _folium()
    told, events = summary(found), event_rows(found)
    rows: list[dict[str, Any] | None] = []
    for number, (event, row) in enumerate(zip(found.events, events, strict=True), start=1):
        if event.geometry is None:
            continue
        direction = _direction(row["event"])
        since = row["not_before"] or "no look shows the state before"
        lines = (f"E{number} {row['event'].replace('_', ' ')}", f"{since} to {row['not_after']}", row["description"])
        rows.append(_row(event.geometry, crs, _region_look(direction), _mark(direction, f"E{number}"), lines))
    zones = []
    for state in told["zones"]:
        zone = found.aoi.zone(state["zone"])
        counts = ", ".join(f"{state['states'].count(value)} {value}" for value in ("yes", "no", "unknown"))
        why = [f"unknown on {number}: {reason}" for reason, number in state["unknown_reasons"].items()]
        asked = f"{state['asked_for'] or 'nothing asked for'}: {counts} of {len(found.looks)} looks"
        said = (zone_title(zone), f"{zone.kind}, {asked}", *why, state["quiet"] or "", state["fill"] or "")
        zones.append(_row(zone.polygon, crs, _ZONE if zone.located else _SEARCH_AREA, "", said))
    unplaced = len(events) - len(rows)
    notes = [
        *_stamps(found.simulated, found.credit, headline_of_series(told, events)),
        *([f"{unplaced} of {len(events)} changes have no outline and are not on the map."] if unplaced else []),
        _legend(),
        "Zones: white; dotted where they are search areas. Pictures of each look stand in contact_sheet.png.",
    ]
    drawn = {"Zones": zones, "Changes of state": rows}
    return _map(folium, _Told(layers=drawn, notes=notes, place=found.aoi.polygon, crs=crs), tiles, leaflet)


def _folium() -> Any:
    try:
        import folium  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise MissingExtraError(
            'explore() draws its map by folium, which is not installed: pip install "imagery-diff[explore]";'
            " plot() and report.html work without"
        ) from error
    return folium


def _crs_of(crs: str | None, what: str) -> str:
    if crs is None:
        raise InputError(
            f"explore() of {what}: a map needs a place on the earth and these images carry no georeference; plot() and"
            " report.html work without"
        )
    return crs


def _stamps(simulated: bool, credit: str, headline: str) -> list[str]:  # noqa: FBT001 - private
    rendered = ["No satellite saw this: the images are rendered or altered."] if simulated else []
    return [headline, *rendered, "Not reviewed by a person.", f"Credit: {credit}"]


def _legend() -> str:
    lines = {"appeared": "full line", "disappeared": "dashed", "changed": "dotted"}
    return ", ".join(f"{MARKS[direction]} {direction} ({line})" for direction, line in lines.items()) + "."


def _direction(event: str) -> str:
    return "appeared" if event.endswith(_CAME) else "disappeared" if event.endswith(_WENT) else "changed"


def _region_look(direction: str) -> dict[str, Any]:
    return {"colour": COLOURS[direction], "dash": _DASHES[direction], "width": 3}


def _mark(direction: str, name: str) -> str:
    return f"{MARKS[direction]} {name}"


def _row(
    geometry: BaseGeometry, crs: str, look: Mapping[str, Any], mark: str, lines: Iterable[str]
) -> dict[str, Any] | None:
    """Write an outline as a feature: its look, its mark and what is said of it, all of it data."""
    outline = wgs84_geometry(geometry, crs)
    if outline is None:
        return None
    told = {**look, "mark": clean(mark), "lines": [clean(line) for line in lines if line]}
    return {"type": "Feature", "geometry": mapping(outline), "properties": told}


def _map(folium: Any, told: _Told, tiles: Any, leaflet: str | Path | None) -> Any:
    west, south, east, north = _bounds(told.place, told.crs)
    drawn = folium.Map(
        location=[(south + north) / 2, (west + east) / 2], tiles=tiles, control_scale=True, max_zoom=22, zoom_snap=0.25
    )
    # Of what folium fetches by default a map without its markers and popups needs Leaflet alone.
    drawn.default_js = [pair for pair in drawn.default_js if pair[0] == "leaflet"]
    drawn.default_css = [pair for pair in drawn.default_css if pair[0] == "leaflet_css"]
    if leaflet is not None:
        script, style = _leaflet(Path(leaflet))
        drawn.default_js, drawn.default_css = [], []
        drawn.add_child(_element(folium, _SCRIPTS, script=_as_it_is(script), style=_as_it_is(style)))
    for name, content, (left, bottom, right, top) in told.pictures:
        picture = folium.raster_layers.ImageOverlay(
            np.zeros((1, 1, 4), np.uint8),
            [[bottom, left], [top, right]],
            name=name,
            # Without tiles one of the two is shown at a time; else both lie on them.
            overlay=tiles is not None,
            show=name.startswith(SIDES[1]),
        )
        # As it is: written by folium, it would not say any more whose it is.
        picture.url = data_uri(content)
        picture.add_to(drawn)
    for name, rows in told.layers.items():
        group = folium.FeatureGroup(name=name).add_to(drawn)
        shown = [row for row in rows if row is not None]
        group.add_child(_element(folium, _LAYER, rows=_json({"type": "FeatureCollection", "features": shown})))
    drawn.add_child(_element(folium, _NOTES, told=_box(told.notes)))
    folium.LayerControl(collapsed=False).add_to(drawn)
    drawn.fit_bounds([[south, west], [north, east]])
    return drawn


def _element(folium: Any, template: str, **values: Any) -> Any:
    """Make a part of the page: what is put into a template is a value, never a part of the template."""
    element = folium.MacroElement()
    element._template = jinja2.Template(template)  # noqa: SLF001 - as folium's own are; no text comes in here
    for name, value in values.items():
        setattr(element, name, value)
    return element


def _json(document: Mapping[str, Any]) -> str:
    r"""Write JSON that neither a page nor a template reads as anything else: no ``<``, ``>``, ``&``, ``{`` in a text.

    Examples
    --------
    >>> _json({"a": "{{ 1 }}</script>"})
    '{"a": "\\u007b\\u007b 1 }}\\u003c/script\\u003e"}'

    """

    def guarded(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace("{", _BRACE)
        if isinstance(value, dict):
            return {name: guarded(inner) for name, inner in value.items()}
        return [guarded(inner) for inner in value] if isinstance(value, list | tuple) else value

    text = json.dumps(guarded(document), allow_nan=False).replace(f"\\u{ord(_BRACE):04x}", "\\u007b")
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _box(notes: Sequence[str]) -> str:
    """Write what always stands on the map, and below the legend what may be folded away."""
    fold = next(i for i, note in enumerate(notes) if note == _legend())
    always, folded = ("".join(f"<p>{_markup(note)}</p>" for note in part) for part in (notes[:fold], notes[fold + 1 :]))
    return f"{always}<details><summary>{_markup(notes[fold])}</summary>{folded}</details>"


def _markup(text: str) -> str:
    return html.escape(clean(text)).replace("{", "&#123;")


def _as_it_is(text: str) -> str:
    """Keep a script or a style of the user's own from being read as a template."""
    return f"{{% raw %}}{text}{{% endraw %}}"


def _leaflet(folder: Path) -> tuple[str, str]:
    """Read Leaflet from a folder, to stand in the page; the pictures that its style names would lie beside it."""
    texts = []
    for name in ("leaflet.js", "leaflet.css"):
        path = folder / name
        if not path.is_file():
            raise InputNotFoundError(
                f"explore(leaflet=...): {name} is not in {folder.name}; give the folder that holds leaflet.js and"
                " leaflet.css, as Debian's libjs-leaflet and Leaflet's own archive have them"
            )
        texts.append(path.read_text(encoding="utf-8"))
    script = re.sub(r"//# sourceMappingURL=\S*", "", texts[0]).replace("</script", "<\\/script")
    return script, re.sub(r"url\([^)]*\)", "none", texts[1]).replace("</style", "")


def _bounds(place: BaseGeometry, crs: str) -> tuple[float, float, float, float]:
    outline = wgs84_geometry(place, crs)
    if outline is None or outline.bounds[2] - outline.bounds[0] > _HALF_TURN:
        raise InputError(
            "explore(): the place lies across the antimeridian or has no area, which a map by folium cannot show;"
            " report.html can"
        )
    west, south, east, north = outline.bounds
    return west, south, east, north


def _pictures(
    result: Comparison, crs: str, names: Sequence[str]
) -> list[tuple[str, bytes, tuple[float, float, float, float]]]:
    """Lay both dates on the map's own projection; what was not seen is striped."""
    from imagery_diff.write.pictures import pictures_of, png_of  # noqa: PLC0415

    if not result.layers.before.data.size or not result.layers.after.data.size:
        return []
    pictures, made = pictures_of(result), []
    for side, name in zip(SIDES, names, strict=True):
        whole, unseen = pictures.of(side), pictures.of(f"unseen-{side}")
        assert whole is not None
        place = result.grid.transform
        target = _frame(whole, place, crs)
        colours = _laid(whole, "RGB", place, crs, target)
        inside = colours[3] > 0
        if unseen is not None:
            mask = _laid(unseen, "L", place, crs, target)[0] > 0
            rows, cols = np.indices(mask.shape) // _STRIPE_PX
            colours[:3, mask & ((rows + cols) % 3 == 0)] = 255
        colours[3] = np.where(inside, 255, 0)
        info = result.before if side == SIDES[0] else result.after
        credit = info.credit or f"{info.name}: credit unknown"
        if result.simulated:
            colours[:3] = _stamped(colours[:3], stamp(result))
        content = png_of(np.moveaxis(colours, 0, -1), credit, simulated=info.simulated)
        made.append((name, content, _corners(target)))
    return made


def _stamped(colours: NDArray[np.uint8], words: str) -> NDArray[np.uint8]:
    """Write across a picture, and into its pixels, that no satellite saw it: a part of the map may be cut out."""
    image = Image.fromarray(np.ascontiguousarray(np.moveaxis(colours, 0, -1)))
    Canvas(image, (0, 0), []).stamp(words)
    return mark.stamp(np.moveaxis(np.asarray(image), -1, 0))


def _affine(picture: Picture, place: Affine) -> Affine:
    """Give the way from a picture's pixels to map units."""
    a, d, b, e, c, f = picture.to_grid
    whole: Affine = place @ Affine(a, b, c, d, e, f)
    return whole


def _frame(picture: Picture, place: Affine, crs: str) -> tuple[Affine, int, int]:
    """Choose the rectangle of web Mercator that holds a picture, its pixels about as large: transform, rows, cols."""
    way = _affine(picture, place)
    corners = [way @ xy for xy in ((0, 0), (picture.width, 0), (picture.width, picture.height), (0, picture.height))]
    outline = reproject(shapely.Polygon(corners), crs, _MERCATOR)
    left, bottom, right, top = outline.bounds
    size = float(np.sqrt(outline.area / min(picture.width * picture.height, _MOST_PIXELS)))
    rows, cols = max(1, round((top - bottom) / size)), max(1, round((right - left) / size))
    return Affine((right - left) / cols, 0, left, 0, -(top - bottom) / rows, top), rows, cols


def _laid(picture: Picture, mode: str, place: Affine, crs: str, target: tuple[Affine, int, int]) -> NDArray[np.uint8]:
    """Return a picture on the map's grid, nearest pixels, (band, row, col); the last band tells where it is."""
    from rasterio import warp  # noqa: PLC0415
    from rasterio.enums import Resampling  # noqa: PLC0415 - loads GDAL

    with Image.open(io.BytesIO(picture.content)) as opened:
        values = np.asarray(opened.convert(mode))
    bands = np.moveaxis(np.atleast_3d(values), -1, 0)
    source = np.concatenate([bands, np.full((1, *bands.shape[1:]), 255, np.uint8)])
    transform, rows, cols = target
    out = np.zeros((len(source), rows, cols), np.uint8)
    warp.reproject(
        source,
        out,
        src_transform=_affine(picture, place),
        src_crs=crs,
        dst_transform=transform,
        dst_crs=_MERCATOR,
        resampling=Resampling.nearest,
    )
    return out


def _corners(target: tuple[Affine, int, int]) -> tuple[float, float, float, float]:
    """West, south, east, north in degrees; a rectangle of web Mercator is one of longitudes and latitudes."""
    transform, rows, cols = target
    left, top = transform @ (0, 0)
    right, bottom = transform @ (cols, rows)
    west, south, east, north = reproject(shapely.box(left, bottom, right, top), _MERCATOR, WGS84).bounds
    return west, south, east, north
