"""What a notebook shows of a comparison: no script, no request, under 2 MB, hostile names escaped, the review told."""

import re
import urllib.parse
import xml.etree.ElementTree as ET

import pytest

from imagery_diff.write.report import inline
from tests.write.conftest import make_result

SVG = "{http://www.w3.org/2000/svg}"


def drawings(cell):
    """Parse the pictures of a cell, as a browser does."""
    uris = re.findall(r'<img src="data:image/svg\+xml,([^"]*)"', cell)
    return [ET.fromstring(urllib.parse.unquote(uri)) for uri in uris]  # noqa: S314 - our own


@pytest.mark.parametrize("options", [{}, {"count": 0}, {"count": 3, "simulated": True}, {"crs": None, "aoi": False}])
def test_both_dates_are_there_with_every_region_outlined(options):
    result = make_result(**options)
    cell = result._repr_html_()
    drawn = drawings(cell)
    assert len(drawn) == 2
    for svg, side in zip(drawn, ("before", "after"), strict=True):
        texts = [element.text for element in svg.iter(f"{SVG}text")]
        assert side in texts
        assert [text[-2:] for text in texts if re.search(r"R\d$", text)] == [region.id for region in result.regions]
        assert any("RENDERED" in text for text in texts) == result.simulated
    assert "Not reviewed by a person" in cell
    assert result.credit.split(";")[0] in cell


def test_nothing_runs_and_nothing_is_fetched():
    cell = make_result(names=("<script>alert(1)</script>.tif", '"><img src=x onerror=alert(1)>.tif'))._repr_html_()
    assert "<script" not in cell
    assert "<img src=x" not in cell
    assert cell.count("<img ") == 2
    assert {uri.split(",")[0] for uri in re.findall(r'(?:src|href)="([^"]*)"', cell)} == {"data:image/svg+xml"}
    for svg in drawings(cell):
        assert all(image.get("href").startswith("data:image/png;base64,") for image in svg.iter(f"{SVG}image"))
        assert not list(svg.iter(f"{SVG}script"))


def test_too_large_a_picture_is_averaged_and_says_so(monkeypatch):
    whole = make_result()._repr_html_()
    assert len(whole) < 2e6
    assert "averaged, to keep the notebook small" not in whole
    monkeypatch.setattr(inline, "MOST_BYTES", 0.75 * sum(len(uri) for uri in re.findall(r'src="([^"]*)"', whole)))
    small = make_result()._repr_html_()
    assert "averaged, to keep the notebook small" in small
    assert len(small) < len(whole)


def test_what_was_not_seen_is_hatched_and_haze_is_striped_on_its_date_alone():
    cell = make_result()._repr_html_()
    before, after = ({element.get("id") for element in svg.iter(f"{SVG}pattern")} for svg in drawings(cell))
    assert (before, after) == (set(), {"h-unseen", "h-degraded"})
    assert "Hatched: not seen. Thin light stripes: haze, shadow or snow." in cell


def test_the_handle_covers_no_stamp():
    before, _ = drawings(make_result(simulated=True)._repr_html_())
    (stamp,) = (element for element in before.iter(f"{SVG}text") if "RENDERED" in element.text)
    shown, drawn = float(before.get("height")), float(before.get("viewBox").split()[3])
    # 24 pixels high; what hangs below the line of the letters is a fifth of them.
    low = float(stamp.get("y")) + 0.2 * float(stamp.get("font-size"))
    assert (drawn - low) / drawn * shown > 24
