"""What a notebook shows of a series: the calendar and its sentences; no script, under 2 MB, hostile names escaped."""

import base64
import html
import io
import re

import pytest
from PIL import Image

from imagery_diff.aoi import AOI
from imagery_diff.write.report import inline_series
from imagery_diff.write.report.series import worst_words
from imagery_diff.write.timeline import retell
from tests.write.timelines import make_timeline


def calendar(cell):
    (content,) = re.findall(r'src="data:image/png;base64,([^"]*)"', cell)
    return Image.open(io.BytesIO(base64.b64decode(content)))


@pytest.mark.parametrize("simulated", [False, True])
def test_the_calendar_the_headline_and_what_speaks_against_it_are_there(simulated):
    found = make_timeline(simulated=simulated)
    cell = found._repr_html_()
    assert calendar(cell).convert("RGB").tobytes() == found.plot().convert("RGB").tobytes()
    words = html.unescape(re.sub(r"<[^>]*>", " ", cell))
    assert "2 changes of state seen at A harbour in 3 usable looks" in words
    assert "Not reviewed by a person" in words
    assert "4 of 9 cells of the calendar are unknown, which is not empty" in words
    for sentence in ("A vessel-like object came", "at least 1 call", "silence of the pier says nothing", "a caveat"):
        assert sentence.lower() in words.lower()
    assert found.credit in words
    assert ("RENDERED, NOT A SATELLITE IMAGE" in words) == simulated
    assert ("no satellite saw them" in cell) == simulated
    assert len(cell) < 2e6


def test_nothing_runs_and_nothing_is_fetched():
    hostile = "</td><script>alert(1)</script><img src=x onerror=alert(1)>"
    found = make_timeline(description=hostile, credit=hostile, caveats=(hostile,), quiet={"pier": hostile})
    aoi = AOI(name="harbour", polygon=found.aoi.polygon, zones=found.aoi.zones, crs=found.aoi.crs, title=hostile)
    cell = make_timeline(description=hostile, credit=hostile, quiet={"pier": hostile}, aoi=aoi)._repr_html_()
    for told in (found._repr_html_(), cell):
        assert "<script" not in told
        assert told.count("<img ") == 1
        assert "&lt;script&gt;" in told


def test_too_large_a_calendar_is_averaged_and_says_so(monkeypatch):
    found = make_timeline()
    whole = found._repr_html_()
    monkeypatch.setattr(inline_series, "MOST_BYTES", 0.75 * len(whole))
    small = found._repr_html_()
    assert "averaged" in small
    assert "averaged" not in whole
    assert len(small) < len(whole)
    shown = 'width="1200"'
    assert shown in whole
    assert shown in small


def test_nothing_unknown_says_the_first_caveat_instead():
    found = make_timeline()
    known = tuple(cell for cell in found.cells if cell.zone.name == "berth")
    assert worst_words(retell(make_timeline(cells=known))) == "A caveat."


def test_at_a_prompt_it_is_a_line():
    told = repr(make_timeline(simulated=True))
    assert told.startswith("<Timeline harbour: Rendered scenes: 2 changes of state seen at A harbour in 3 usable looks")
    assert told.endswith("[RENDERED, NOT A SATELLITE IMAGE]>")
    assert "\n" not in told
