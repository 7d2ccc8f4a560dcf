"""A series is drawn and told from its folder alone: the same calendar, the same page, to the byte."""

from __future__ import annotations

import json

import pytest

from imagery_diff.finished import open_run
from imagery_diff.write.report.chips import chips_in
from imagery_diff.write.retold_series import by_object, retold_series
from imagery_diff.write.timeline import told_files
from imagery_diff.write.timeline_rows import OBSERVATION, csv_rows


def parts(folder):
    run = open_run(folder)
    rows = csv_rows(run.read("observations.csv"), OBSERVATION)
    return run, run.document("summary.json"), run.document("events.geojson"), rows


def test_everything_a_review_tells_anew_comes_out_of_the_folder_to_the_byte(series_run):
    run, summary, events, rows = parts(series_run)
    page = run.read("report.html")
    again = told_files(summary, events, rows, chips_in(page), run.manifest["inputs"])
    assert {name for name, content in again.items() if content != run.read(name)} == set()
    assert set(run.sha256) - set(again) == {"contact_sheet.png"}


def test_cells_are_told_by_zone_and_look_whatever_number_of_things_stands_there(series_run):
    _, summary, events, rows = parts(series_run)
    told = retold_series(summary, events, rows)
    assert set(told.cells) == {(z["zone"], look["number"]) for z in summary["zones"] for look in summary["looks"]}
    for zone in summary["zones"]:
        if zone["asked_for"]:
            cells = [told.cells[zone["zone"], k + 1] for k in range(len(summary["looks"]))]
            assert [cell.states[zone["asked_for"]] for cell in cells] == zone["states"]
    seen = {(track, look) for row in summary["tracks"] for track in [row["id"]] for look in row["seen"]}
    things = {(t.track, cell.look) for cell in told.cells.values() for t in cell.things if t.track}
    assert things == seen


def test_rows_of_one_cell_are_one_cell():
    rows = [{"zone": "a", "object": n} for n in (None, 1, 2, 3, None, 1)]
    assert sorted(by_object(rows)) == [("a", 1, 1), ("a", 2, 1), ("a", 2, 2), ("a", 2, 3), ("a", 3, 1), ("a", 4, 1)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"data:image/png;base64,i", b"https://example.org/i"),
        (b"data:image/png;base64,i", b"data:image/png;base64,*"),
        (b'data-look="1"', b'data-look="one"'),
        (b"data-stretch", b"data-other"),
        # A PNG that says it is 2,000,000 pixels wide.
        (b"data:image/png;base64,", b"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAehIAAAAAg"),
    ],
)
def test_a_page_that_is_none_of_ours_is_refused(series_run, old, new):
    page = open_run(series_run).read("report.html")
    assert old in page
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it is, the caller makes one line of it
        chips_in(page.replace(old, new, 1))


def test_what_had_no_room_is_known_to_have_been_left_out(series_run):
    page = b'<p data-stretch="grey"><div data-of="pier &amp; 1" data-look="7">in contact_sheet.png</div>'
    assert chips_in(page).left_out == {("pier & 1", 7)}
    assert chips_in(page).png(("pier & 1", 7)) is None
    whole = chips_in(open_run(series_run).read("report.html"))
    key = next(iter(whole.uris))
    assert whole.png(key).startswith(b"\x89PNG")


def test_summary_lists_what_calls_are_counted_from(series_run):
    summary = json.loads((series_run / "summary.json").read_bytes())
    ships = {row["id"] for row in summary["tracks"] if row["kind"] == "vessel"}
    for visit in summary["visits"]:
        assert set(visit["tracks"]) | set(visit["tracks_perhaps"]) <= ships
        assert visit["at_least"] <= len(visit["tracks"])
        assert visit["at_least"] + visit["perhaps"] <= len(visit["tracks"]) + len(visit["tracks_perhaps"])
