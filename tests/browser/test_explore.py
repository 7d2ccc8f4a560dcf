"""The map to explore, in Chromium, with Debian's Leaflet written into its page: it asks for nothing."""

import re
from dataclasses import replace

import pytest

from tests.write.conftest import make_region, make_result
from tests.write.test_explore import HOSTILE
from tests.write.timelines import make_timeline


@pytest.fixture
def open_map(tmp_path, open_page):
    def opened(drawn, **options):
        drawn.save(str(tmp_path / "map.html"))
        page = open_page(tmp_path / "map.html", **options)
        page.on("dialog", lambda dialog: pytest.fail(dialog.message))
        page.locator("path.leaflet-interactive").first.wait_for()
        return page

    return opened


def test_dates_are_switched_and_regions_say_what_they_are(leaflet, open_map):
    page = open_map(make_result(count=1, simulated=True).explore(leaflet=leaflet))
    picture = page.locator("img.leaflet-image-layer")
    assert picture.count() == 1
    assert picture.evaluate("image => image.naturalWidth") > 100
    after = picture.get_attribute("src")
    page.get_by_label("before: 20 October 2023 02:01 UTC").check()
    assert page.locator("img.leaflet-image-layer").get_attribute("src") != after
    region = page.locator("path.leaflet-interactive").last
    inside, around = region.bounding_box(), page.locator("img.leaflet-image-layer").bounding_box()
    assert around["x"] < inside["x"]
    assert inside["x"] + inside["width"] < around["x"] + around["width"]
    assert page.locator(".leaflet-tooltip.mark").inner_text().strip().endswith("R1")
    region.click()
    assert "A thing, number 1." in page.inner_text(".leaflet-popup-content")
    told = page.inner_text(".told")
    assert "could not be fetched" not in told
    for words in ("Not reviewed by a person.", "No satellite saw this", "RENDERED, NOT A SATELLITE IMAGE"):
        assert words in told


def test_layers_are_taken_off(leaflet, open_map):
    page = open_map(make_result(count=2).explore(leaflet=leaflet))
    shown = page.locator("path").count()
    page.get_by_label("Zones").uncheck()
    assert page.locator("path").count() < shown
    page.get_by_label("Regions").uncheck()
    assert page.locator("path").count() == 0


@pytest.mark.parametrize("series", [False, True])
def test_hostile_texts_stay_texts(leaflet, open_map, series):
    if series:
        aoi = make_timeline().aoi
        zones = tuple(replace(zone, title=HOSTILE) for zone in aoi.zones)
        found = make_timeline(description=HOSTILE, credit=HOSTILE, aoi=replace(aoi, zones=zones))
        drawn = found.explore(leaflet=leaflet)
    else:
        outline = make_result().regions[0].geometry
        region = make_region(1, outline, description=HOSTILE, id="R1<b>{{ 7 * 7 }}")
        zones = tuple(replace(state, zone=replace(state.zone, title=HOSTILE)) for state in make_result().zones)
        drawn = make_result(regions=(region,), zones=zones, credit=HOSTILE).explore(leaflet=leaflet)
    page = open_map(drawn)
    page.locator("path.leaflet-interactive").last.click()
    assert HOSTILE[1:] in page.inner_text(".leaflet-popup-content")
    assert HOSTILE in page.inner_text(".told")
    page.keyboard.press("Escape")
    page.locator("path.leaflet-interactive").first.dispatch_event("click")
    page.locator(".leaflet-popup-content p:first-child", has_text=HOSTILE).wait_for(timeout=5000)
    assert page.locator("img[src=x]").count() == 0
    assert page.locator("b").count() == 0


def test_a_series_stands_on_a_narrow_screen(leaflet, open_map):
    page = open_map(make_timeline(simulated=True).explore(leaflet=leaflet), width=390)
    page.locator("path.leaflet-interactive").last.click()
    words = page.inner_text(".leaflet-popup-content")
    assert "2023-10-16T02:04:00Z to 2023-10-17T02:04:00Z" in words
    assert "RENDERED, NOT A SATELLITE IMAGE" in page.inner_text(".told")


def test_where_leaflet_cannot_be_fetched_the_page_says_so(tmp_path, browser):
    make_result().explore().save(str(tmp_path / "map.html"))
    context = browser.new_context()
    asked = []
    context.route(re.compile("^http"), lambda route: (asked.append(route.request.url), route.abort()))
    try:
        page = context.new_page()
        page.goto((tmp_path / "map.html").resolve().as_uri())
        words = page.inner_text(".told")
    finally:
        context.close()
    assert len(asked) == 2
    assert all("/leaflet@" in url for url in asked)
    assert "could not be fetched" in words
    assert "Not reviewed by a person." in words
