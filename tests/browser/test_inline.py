"""The swipe of a notebook's cell, in a page that has no script of its own."""

import pytest

from tests.write.conftest import make_result


def test_the_corner_is_drawn_and_the_other_date_appears(tmp_path, open_page):
    path = tmp_path / "cell.html"
    cell = make_result(count=2)._repr_html_()
    path.write_text(f"<!doctype html><meta charset=utf-8><title>A cell</title><body>{cell}", encoding="utf-8")
    page = open_page(path)
    left = page.locator("div[style*='resize']")
    sizes = page.locator("img").evaluate_all("images => images.map(image => image.naturalWidth)")
    assert len(sizes) == 2
    assert min(sizes) > 100
    box = left.bounding_box()
    shown = left.locator("..").screenshot()
    x, y = box["x"] + box["width"] - 8, box["y"] + box["height"] - 5
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 60, y, steps=5)
    page.mouse.up()
    assert left.bounding_box()["width"] == pytest.approx(box["width"] - 60, abs=5)
    assert left.locator("..").screenshot() != shown
