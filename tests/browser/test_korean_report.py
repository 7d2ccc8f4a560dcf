"""The Korean page in a real browser: nothing is broken, its tools speak Korean, axe-core finds nothing."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from imagery_diff import pair_told
from imagery_diff.exporting import Wanted, export
from tests.write.conftest import make_result


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    folder = pair_told.told(make_result(count=3)).save(tmp_path_factory.mktemp("runs") / "run")
    return export(folder, Wanted(report=True, lang="ko")) / "report.ko.html"


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(open_page, page_file, width, scheme):
    page = open_page(page_file, width=width, scheme=scheme)
    found = Axe().run(page).response["violations"]
    assert [violation["id"] for violation in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_tools_work_and_speak_korean(open_page, page_file):
    page = open_page(page_file)
    page.get_by_role("button", name="거리 재기").click()
    assert "첫 점을 찍을 것" in page.locator("#readout").inner_text()
    page.keyboard.press("Escape")
    page.locator("#stage").focus()
    before = page.locator("#range").input_value()
    page.keyboard.press("ArrowRight")
    assert float(page.locator("#range").input_value()) > float(before)
    page.locator("#go").select_option("0")
    assert page.locator("html").get_attribute("lang") == "ko"


def test_a_phone_reads_what_the_columns_are_in_korean(open_page, page_file):
    page = open_page(page_file, width=390)
    shown = page.eval_on_selector_all(
        ".zones td[data-head]", "cells => cells.map(cell => getComputedStyle(cell, '::before').content)"
    )
    assert shown
    assert not any("missed" in words or "not seen" in words for words in shown)
