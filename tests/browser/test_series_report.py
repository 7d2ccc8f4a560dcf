"""report.html of a series: the calendar leads to its pictures, and zones can be chosen."""

import re

import pytest

from imagery_diff import samples, timeline
from imagery_diff.write.report.series import headline_of_series

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found():
    return timeline("najin", [samples.path(f"najin_202310{day}") for day in ("16", "17", "19")])


@pytest.fixture(scope="module")
def report(found, tmp_path_factory):
    return found.save(tmp_path_factory.mktemp("series") / "run") / "report.html"


def test_every_cell_has_its_picture_and_opens_it(report, found, open_page):
    page = open_page(report)
    links = page.locator(".states a")
    asked = {c.zone.name for c in found.cells if set(c.states.values()) != {"na"}}
    assert links.count() == len(asked) * len(found.looks)
    for href in {link.get_attribute("href") for link in links.all()}:
        assert page.locator(f'[id="{href[1:]}"]').count() == 1
    seen = page.locator("td.state-yes a").first
    seen.click()
    assert page.locator("#shown").is_visible()
    assert "seen" in page.inner_text("#shown figcaption")
    page.keyboard.press("Escape")
    assert not page.locator("#shown").is_visible()


def test_cells_are_opened_by_keyboard(report, open_page):
    page = open_page(report)
    page.locator("td.state-yes a").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("#shown").is_visible()


def test_a_zone_is_chosen(report, open_page):
    page = open_page(report)
    rows = page.locator(".states tbody tr")
    name = rows.first.get_attribute("data-zone")
    page.select_option("#filter", name)
    assert [row.get_attribute("data-zone") for row in rows.all() if row.is_visible()] == [name]
    page.select_option("#filter", "")
    assert all(row.is_visible() for row in rows.all())


def test_without_a_script_cells_lead_down_to_their_pictures(report, open_page):
    page = open_page(report, script=False)
    page.locator("td.state-yes a").first.click()
    assert "#chip-" in page.url
    assert not page.locator("#filter").is_visible()


def test_pictures_of_a_zone_without_anything_are_folded_and_open_with_their_cell(report, found, open_page):
    page = open_page(report, script=False)
    folded = page.locator("details.strip:not([open])")
    told = {cell.zone.name for cell in found.cells if cell.things}
    names = {strip.get_attribute("data-zone") for strip in folded.all()}
    assert names
    assert not names & told
    name = min(names)
    page.locator(f'.states tr[data-zone="{name}"] a').first.click()
    assert page.locator(f'details.strip[data-zone="{name}"]').get_attribute("open") is not None


def test_a_cell_that_is_unknown_names_the_things_whose_own_place_it_shows(report, found):
    page = report.read_text()
    for track in found.tracks:
        cell = next(c for c in found.cells if c.look == track.absent_before and c.zone.name == track.zone)
        if set(cell.states.values()) == {"unknown", "na"}:
            assert f"the place of {track.id} itself was seen, and is empty" in page
            break
    else:
        pytest.fail("no such cell to ask")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(report, open_page, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = open_page(report, width=width, scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page).response["violations"]
    assert [(v["id"], [n["html"][:120] for n in v["nodes"]][:3]) for v in found] == []


def test_it_stays_under_eight_megabytes_and_prints(report, open_page, tmp_path):
    assert report.stat().st_size < 8e6
    content = open_page(report).pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", content)) >= 2
    # Pictures that are folded on the screen are printed.
    unfolded = report.read_text().replace('<details class="strip"', '<details open class="strip"')
    (tmp_path / "unfolded.html").write_text(unfolded)
    whole = open_page(tmp_path / "unfolded.html").pdf(path=tmp_path / "whole.pdf", prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", content)) == len(re.findall(rb"/Type\s*/Page\b", whole))


def test_calls_of_all_berths_are_counted_once_not_once_a_group():
    visits = [{"group": name, "at_least": number} for name, number in (("all berths", 1), ("pier1", 1), ("pier2", 1))]
    summary = {
        "aoi": {"title": "A port", "name": "port"},
        "looks": [{"refused": None}, {"refused": None}],
        "visits": visits,
        "simulated": False,
        "credit": "",
    }
    assert headline_of_series(summary, []) == (
        "No change of state was seen at A port in 2 usable looks; at least 1 call of vessels of the class counted."
    )
