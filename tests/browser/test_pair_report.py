"""report.html of a comparison as a reader has it: swiped, zoomed, measured, printed, and without a script."""

import itertools
import math
import re
import time

import pytest
from pyproj import Geod
from shapely import MultiPoint
from shapely.geometry import mapping, shape

from imagery_diff import compare, samples
from imagery_diff.write import summary
from imagery_diff.write.pictures import pictures_of
from imagery_diff.write.report.stage import Stage
from tests.write.conftest import make_result

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def result():
    return compare("najin", *samples.pair("stack_appears"), sensitivity="quick")


@pytest.fixture(scope="module")
def report(result, tmp_path_factory):
    return result.save(tmp_path_factory.mktemp("report") / "run") / "report.html"


def swipe_of(page):
    return float(page.evaluate("document.getElementById('range').value"))


def box_of(page):
    return [float(v) for v in page.get_attribute("#map", "viewBox").split()]


def focus(page):
    page.locator("#stage").focus()


def stage_of(page):
    """Where the stage stands on the screen, after it was brought there."""
    page.locator("#stage").evaluate("stage => stage.scrollIntoView({block: 'center', behavior: 'instant'})")
    return page.locator("#stage").bounding_box()


def wait_until(condition, seconds=4.0):
    """Ask from outside: the page's policy lets nothing be evaluated within it."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.05)


def test_the_first_screen_holds_what_an_editor_needs(report, open_page):
    page = open_page(report)
    for words in (
        "Rendered scene: a container-like object appeared at Pier 2",
        "Not reviewed by a person",
        "First doubt",
    ):
        found = page.get_by_text(words).first
        assert found.is_visible()
        assert found.bounding_box()["y"] < 900
    for selector in (".pair figure >> nth=0", ".pair figure >> nth=1", "table.zones", ".pair >> text=Credit:"):
        assert page.locator(selector).first.bounding_box()["y"] < 860


def test_the_pictures_are_painted(report, open_page):
    page = open_page(report)
    for side in ("before", "after"):
        natural = page.evaluate(
            """async side => {
                const image = new Image();
                image.src = document.getElementById('px-' + side).getAttribute('href');
                await image.decode();
                return [image.naturalWidth, image.naturalHeight];
            }""",
            side,
        )
        drawn = [int(page.get_attribute(f"#px-{side}", name)) for name in ("width", "height")]
        assert natural == drawn
    # What is painted is no black panel: the colours of the middle differ from place to place.
    shot = page.locator(".pair .panel").first.screenshot()
    assert len(shot) > 20_000


def test_swipe_by_mouse(report, open_page):
    page = open_page(report)
    stage = stage_of(page)
    bar = page.locator("#bar").bounding_box()
    assert swipe_of(page) == 50
    x, y = bar["x"] + bar["width"] / 2, bar["y"] + bar["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(stage["x"] + 0.2 * stage["width"], y, steps=5)
    page.mouse.up()
    assert swipe_of(page) == pytest.approx(20, abs=1)
    left, _, width, _ = box_of(page)
    assert float(page.get_attribute("#swipe-rect", "x")) == pytest.approx(left + 0.2 * width, rel=0.02)


def test_swipe_by_keyboard_and_by_its_slider(report, open_page):
    page = open_page(report)
    focus(page)
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert swipe_of(page) == pytest.approx(60, abs=0.5)
    page.locator("#range").focus()
    page.keyboard.press("Home")
    assert swipe_of(page) == 0


def test_zoom_by_buttons_keys_and_wheel_keeps_the_place(report, open_page):
    page = open_page(report)
    whole = box_of(page)
    page.click("#in")
    assert box_of(page)[2] == pytest.approx(whole[2] / 1.5, rel=1e-6)
    page.click("#all")
    assert box_of(page) == pytest.approx(whole)
    focus(page)
    page.keyboard.press("+")
    assert box_of(page)[2] == pytest.approx(whole[2] / 1.25, rel=1e-6)
    stage = stage_of(page)
    x, y = stage["x"] + 0.25 * stage["width"], stage["y"] + 0.75 * stage["height"]

    def under():
        left, top, width, height = box_of(page)
        return left + 0.25 * width, top + 0.75 * height

    page.mouse.move(x, y)
    before = under()
    page.mouse.wheel(0, -300)
    wait_until(lambda: box_of(page)[2] < whole[2] / 1.3)
    assert under() == pytest.approx(before, abs=0.01 * whole[2])
    page.keyboard.press("0")
    assert box_of(page) == pytest.approx(whole)


def test_a_region_is_gone_to(report, open_page):
    page = open_page(report)
    page.select_option("#go", "0")
    left, top, width, height = box_of(page)
    label = page.locator("#regions-drawn text").first
    x, y = (float(label.get_attribute(name)) for name in "xy")
    assert left < x < left + width
    assert top < y < top + height
    assert width < 1000


def test_the_ruler_measures_within_a_hundredth(report, open_page):
    page = open_page(report)
    page.select_option("#go", "0")
    page.click("#measure")
    stage = stage_of(page)
    places = []
    for share in ((0.3, 0.35), (0.7, 0.6)):
        page.mouse.click(stage["x"] + share[0] * stage["width"], stage["y"] + share[1] * stage["height"])
        places.append([float(v) for v in re.findall(r"-?\d+\.\d{6}", page.inner_text("#readout"))[:2]])
    told = float(re.search(r"([\d.]+) m$", page.inner_text("#readout")).group(1))
    (lat0, lon0), (lat1, lon1) = places
    _, _, true = Geod(ellps="WGS84").inv(lon0, lat0, lon1, lat1)
    assert told == pytest.approx(true, rel=0.01)
    assert told > 50


def test_the_ruler_measures_between_places_whose_coordinates_are_known(result, report, open_page):
    """Two corners of a zone, by the coordinates of its outline; neither the page's read-out nor its scale is asked."""
    told = summary(result)
    outline = next(zone["geometry"] for zone in told["zones"] if zone["name"] == "pier3_yard")
    corners = shape(outline).exterior.coords
    (lon0, lat0), (lon1, lat1) = max(itertools.combinations(corners[:-1], 2), key=lambda pair: math.dist(*pair))
    places = Stage.of(told, pictures_of(result).frame).outline(mapping(MultiPoint([(lon0, lat0), (lon1, lat1)]))).geoms
    page = open_page(report)
    page.click("#measure")
    stage, (left, top, width, height) = stage_of(page), box_of(page)
    for place in places:
        x = stage["x"] + (place.x - left) / width * stage["width"]
        y = stage["y"] + (place.y - top) / height * stage["height"]
        page.mouse.click(x, y)
    told_m = float(re.search(r"([\d.]+) m$", page.inner_text("#readout")).group(1))
    _, _, true = Geod(ellps="WGS84").inv(lon0, lat0, lon1, lat1)
    assert told_m > 200
    assert told_m == pytest.approx(true, rel=0.01)


def test_the_ruler_by_keyboard(report, open_page):
    page = open_page(report)
    focus(page)
    page.keyboard.press("m")
    page.keyboard.press("Enter")
    for _ in range(4):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    width = box_of(page)[2]
    told = float(re.search(r"([\d.]+) m$", page.inner_text("#readout")).group(1))
    assert told == pytest.approx(4 * 0.05 * width, rel=0.01)
    page.keyboard.press("Escape")
    assert page.get_attribute("#measure", "aria-pressed") == "false"


def test_coordinates_are_copied_as_latitude_longitude(report, open_page):
    page = open_page(report)
    box = stage_of(page)
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.4 * box["height"])
    told = page.inner_text("#readout")
    lat, lon = (float(v) for v in told.split(","))
    assert 42.2 < lat < 42.25
    assert 130.25 < lon < 130.33
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.click("#copy")
    assert told.split()[0] in page.inner_text("#readout")


def test_blink_shows_one_date_after_the_other_and_stops(report, open_page):
    page = open_page(report)
    page.click("#blink")
    assert swipe_of(page) == 0
    wait_until(lambda: swipe_of(page) == 100)
    wait_until(lambda: swipe_of(page) == 0)
    page.click("#blink")
    assert swipe_of(page) == 50


def test_without_a_script_all_facts_and_pictures_are_there(report, open_page):
    page = open_page(report, script=False)
    assert not page.locator("section.closer").is_visible()
    assert page.locator("#region-R1 .sentence").is_visible()
    assert page.locator("#region-R1 .chips svg").count() == 2
    assert page.locator("table.zones").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1440, 900), (768, 1024), (390, 844)])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(report, open_page, width, height, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = open_page(report, width=width, height=height, scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # The page's own policy stops foreign scripts, axe's too, unless the browser itself runs them.
    found = Axe().run(page).response["violations"]
    assert [(v["id"], [n["html"][:120] for n in v["nodes"]][:3]) for v in found] == []


def test_it_prints_to_a_few_clean_pages(report, open_page, tmp_path):
    page = open_page(report)
    content = page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
    pages = len(re.findall(rb"/Type\s*/Page\b", content))
    assert 2 <= pages <= 8
    page.emulate_media(media="print")
    assert not page.locator("section.closer").is_visible()
    assert page.locator("#region-R1").is_visible()


def test_pages_of_every_kind_open_without_a_fault(open_page, tmp_path):
    kinds = ({"crs": None, "aoi": False}, {"count": 0}, {"count": 3, "simulated": True}, {"aoi": False})
    for number, options in enumerate(kinds):
        folder = make_result(**options).save(tmp_path / str(number))
        page = open_page(folder / "report.html")
        page.click("#in")
        assert page.locator("h1").is_visible()


def test_a_script_that_came_in_by_a_name_is_not_run(browser, tmp_path):
    """Were a template ever to forget to escape, the policy stands behind it."""
    text = (make_result().save(tmp_path / "run") / "report.html").read_text(encoding="utf-8")
    broken = tmp_path / "broken.html"
    broken.write_text(text.replace("<h1>", "<script>window.ran = true</script><h1>"), encoding="utf-8")
    said = []
    page = browser.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.goto(broken.as_uri())
    assert page.evaluate("window.ran === undefined")
    assert len(said) == 1
    assert "Content Security Policy" in said[0]
    page.close()
