"""The map to explore: one clear line where it cannot be made, nothing hostile in its page, pictures where they lie."""

import base64
import io
import json
import re
import sys

import folium
import numpy as np
import pytest
from affine import Affine
from PIL import Image
from rasterio.warp import transform as moved

from imagery_diff import mark
from imagery_diff.errors import InputError, InputNotFoundError, MissingExtraError
from imagery_diff.write import explore
from imagery_diff.write.pictures import pictures_of
from tests.write.conftest import make_region, make_result
from tests.write.timelines import make_timeline

HOSTILE = "</script><img src=x onerror=alert(1)>{{ 7 * 7 }}${8 * 8}`{% for %}"


def rows_of(page):
    return [json.loads(text) for text in re.findall(r"var rows = (.*);", page)]


def test_zones_and_regions_stand_there_with_their_sentences():
    result = make_result(count=3, simulated=True)
    page = result.explore().get_root().render()
    zones, regions = rows_of(page)
    assert [row["properties"]["lines"][0] for row in zones["features"]][:2] == ["The pier: flagged", "berth: unknown"]
    assert [row["properties"]["mark"][-2:] for row in regions["features"]] == ["R1", "R2", "R3"]
    looks = {(p["colour"], p["dash"], p["mark"][0]) for row in regions["features"] for p in [row["properties"]]}
    assert len({colour for colour, _, _ in looks}) == len({dash for _, dash, _ in looks}) == len(looks) == 3
    assert "Not reviewed by a person." in page
    assert "No satellite saw this" in page
    assert f"Credit: {result.credit}" in page


def test_a_series_tells_windows_and_states():
    page = make_timeline().explore().get_root().render()
    zones, events = rows_of(page)
    (event,) = (row["properties"]["lines"] for row in events["features"])
    assert event[:2] == ["E1 vessel arrived", "2023-10-16T02:04:00Z to 2023-10-17T02:04:00Z"]
    assert "1 of 2 changes have no outline and are not on the map." in page
    said = {row["properties"]["lines"][0]: row["properties"]["lines"][1] for row in zones["features"]}
    assert said["berth"] == "berth, vessel: 1 yes, 2 no, 0 unknown of 3 looks"


@pytest.mark.parametrize("series", [False, True])
def test_hostile_texts_are_neither_markup_nor_script_nor_template(series):
    if series:
        page = make_timeline(description=HOSTILE, credit=HOSTILE, quiet={"pier": HOSTILE}).explore()
    else:
        region = make_region(1, make_result().regions[0].geometry, description=HOSTILE)
        page = make_result(regions=(region,), credit=HOSTILE).explore()
    page = page.get_root().render()
    assert "<img src=x" not in page
    assert "49" not in re.sub(r"data:image[^\"]*|[0-9a-f]{32}|\d+\.\d+", "", page)
    told = [line for layer in rows_of(page) for row in layer["features"] for line in row["properties"]["lines"]]
    assert any("{{ 7 * 7 }}${8 * 8}`{% for %}" in line for line in told)


def test_what_is_fetched_is_leaflet_alone_and_nothing_where_it_was_given(tmp_path):
    fetched = re.findall(r'(?:src|href)="(http[^"]*)"', make_result().explore().get_root().render())
    assert len(fetched) == 2
    assert all("/leaflet@" in address for address in fetched)
    (tmp_path / "leaflet.js").write_text("var a = '{{ 7 * 7 }}'; //# sourceMappingURL=leaflet.js.map")
    (tmp_path / "leaflet.css").write_text(".a { background-image: url(images/layers.png); }")
    page = make_result().explore(leaflet=tmp_path).get_root().render()
    assert not re.findall(r'(?:src|href)="(?:http[^"]*)"', page)
    assert "var a = '{{ 7 * 7 }}';" in page
    assert "layers.png" not in page
    assert "sourceMappingURL" not in page


def test_tiles_are_for_those_who_ask():
    assert "tileLayer" not in make_result().explore().get_root().render()
    assert "tileLayer" in make_result().explore(tiles="OpenStreetMap").get_root().render()


def test_both_dates_lie_where_their_pixels_lie():
    result = make_result(shape=(90, 120))
    (name, content, (west, south, east, north)), _ = explore._pictures(result, result.grid.crs, ["before", "after"])
    assert name == "before"
    laid = np.asarray(Image.open(io.BytesIO(content)))
    whole, way = layers_of(result)
    left, right = (moved("EPSG:4326", "EPSG:3857", [lon], [north])[0][0] for lon in (west, east))
    bottom, top = (moved("EPSG:4326", "EPSG:3857", [west], [lat])[1][0] for lat in (south, north))
    across, down = (right - left) / laid.shape[1], (top - bottom) / laid.shape[0]
    # Middles of pixels of the image, sent to the map by another way, find the colour of their pixel there.
    places = [(row, col) for row in range(20, whole.shape[0] - 5, 7) for col in range(5, whole.shape[1] - 5, 7)]
    found = 0
    for row, col in places:
        (x,), (y,) = moved(result.grid.crs, "EPSG:3857", *([value] for value in way @ (col + 0.5, row + 0.5)))
        at_row, at_col = int((top - y) / down), int((x - left) / across)
        around = laid[at_row - 1 : at_row + 2, at_col - 1 : at_col + 2, :3]
        found += bool((around == whole[row, col]).all(axis=-1).any())
    # Of pixels that are turned a nearest neighbour leaves out a few.
    assert found >= 0.99 * len(places)
    # A rectangle of UTM is turned on this map: its corners hold nothing.
    assert (laid[0, 0, 3], laid[laid.shape[0] // 2, laid.shape[1] // 2, 3]) == (0, 255)


def layers_of(result):
    """Colours of the image before, and the way from its pixels to map units."""
    picture = pictures_of(result).of("before")
    a, d, b, e, c, f = picture.to_grid
    colours = np.asarray(Image.open(io.BytesIO(picture.content)).convert("RGB"))
    return colours, result.grid.transform @ Affine(a, b, c, d, e, f)


def test_where_it_cannot_be_made_one_line_says_why(monkeypatch, tmp_path):
    with pytest.raises(InputError, match="no georeference"):
        make_result(crs=None, aoi=False).explore()
    with pytest.raises(InputNotFoundError, match=r"leaflet\.js is not in"):
        make_result().explore(leaflet=tmp_path)
    monkeypatch.setitem(sys.modules, "folium", None)
    for made in (make_result(), make_timeline()):
        with pytest.raises(MissingExtraError, match=re.escape('pip install "imagery-diff[explore]"')) as raised:
            made.explore()
        assert "\n" not in str(raised.value)


def test_it_is_a_map_of_folium():
    assert isinstance(make_result().explore(), folium.Map)


def test_a_rendered_picture_is_stamped_across_and_marked_in_its_pixels():
    drawn = {}
    for simulated in (True, False):
        result = make_result(count=1, simulated=simulated, shape=(300, 300))
        page = result.explore().get_root().render()
        content = re.findall(r"data:image/png;base64,([A-Za-z0-9+/=]+)", page)
        assert len(content) >= 2
        with Image.open(io.BytesIO(base64.b64decode(content[0]))) as opened:
            drawn[simulated] = np.moveaxis(np.asarray(opened.convert("RGB")), -1, 0)
    # The stamp lies over the middle, from corner to corner.
    unlike = np.abs(drawn[True].astype(int) - drawn[False]).max(axis=0) > 40
    rows, cols = unlike.shape
    assert unlike[rows // 3 : 2 * rows // 3, cols // 3 : 2 * cols // 3].mean() > 0.02
    assert mark.carries_mark(drawn[True])
    assert not mark.carries_mark(drawn[False])
