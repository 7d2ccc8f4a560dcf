"""The answer on the terminal: at most 100 columns, plain, and never 'nothing changed'."""

from dataclasses import replace

import pytest

from imagery_diff.method.coregister import Shift
from imagery_diff.pair_told import told
from imagery_diff.write import comparison_table
from imagery_diff.write.table import WIDTH, columns
from tests.write.conftest import make_result

LONG = "a very long name of a place that goes on and on " * 4


@pytest.mark.parametrize(
    "result",
    [
        make_result(),
        make_result(count=0),
        make_result(count=60),
        make_result(simulated=True),
        make_result(crs=None, aoi=False),
        make_result(times=(None, None)),
        make_result(names=("x" * 240 + ".tif", LONG), caveats=(LONG, "y" * 300)),
    ],
)
def test_no_line_is_wider_than_100_columns(result):
    lines = comparison_table(result).split("\n")
    assert max(map(len, lines)) <= WIDTH
    assert not any(line != line.rstrip() for line in lines)
    assert "nothing changed" not in comparison_table(result).lower()
    assert "\n\n\n" not in comparison_table(result)


def test_it_says_what_was_compared_found_and_not_seen(result):
    text = comparison_table(result)
    assert "20 October 2023 02:01 UTC (11:01 local)" in text
    assert "the after image lay 6.1 m to the east and 4.4 m to the north" in text
    assert "container-like object" in text
    assert "90 x 20" in text
    assert "unknown: only 25% of the zone was clear and searched" in text
    assert "cloud" in text
    assert "© Somebody 2023" in text


def test_search_areas_are_named_as_such_under_one_heading(result):
    text = comparison_table(result)
    assert text.count("search areas:") == 1
    assert "none is ever called empty" in text
    assert text.index("search areas:") < text.index("rails")


def test_many_search_areas_share_a_line():
    result = make_result()
    rails = result.zones[2]
    copies = [
        replace(rails, zone=replace(rails.zone, name=f"rails{i}"), clear_fraction=0.9 + i / 100) for i in range(5)
    ]
    text = " ".join(comparison_table(replace(result, zones=(*result.zones[:2], *copies))).split())
    assert "rails0; rails1" in text
    assert (
        "no line like rail cars was detected in the 90% to 94% of the search area that was clear and searched" in text
    )


def test_rendered_stands_in_the_first_line():
    assert comparison_table(make_result(simulated=True)).startswith("RENDERED, NOT A SATELLITE IMAGE")
    assert "RENDERED" not in comparison_table(make_result())


def test_nothing_flagged_is_not_nothing_changed():
    assert "can still have changed" in comparison_table(make_result(count=0))


def test_a_length_that_ends_in_the_unseen_is_a_lower_bound():
    result = make_result()
    cut = replace(result.regions[0], length_is_lower_bound=True)
    text = comparison_table(told(replace(result, regions=(cut,))))
    assert ">90 x 20" in text
    assert "at least" in text


def test_each_region_is_told_in_the_local_time_of_its_zone():
    result = make_result(count=2)
    zones = tuple(replace(z, timezone="Asia/Vladivostok") if z.name == "berth" else z for z in result.aoi.zones)
    regions = (result.regions[0], replace(result.regions[1], zone="berth"))
    states = tuple(replace(state, zone=zone) for state, zone in zip(result.zones, zones, strict=True))
    text = comparison_table(told(replace(result, aoi=replace(result.aoi, zones=zones), zones=states, regions=regions)))
    assert "(11:01 and 15:43 local)" in text
    assert "(12:01 and 16:43 local)" in text


def test_a_pair_that_could_not_be_registered_says_why():
    shift = Shift(rows=0.0, cols=0.0, error_px=None, windows=0, reason="no texture")
    assert "not measured: no texture" in comparison_table(make_result(shift=shift))


def test_a_hostile_file_name_cannot_steer_the_terminal():
    text = comparison_table(make_result(names=("\x1b[2Jevil\r.tif", "b\u202e.tif")))
    assert "\x1b" not in text
    assert "\r" not in text
    assert "\u202e" not in text
    assert "evil" in text


def test_columns_wrap_and_shrink():
    assert columns(("a", "b"), [("x", "one two three")], (5, 7)) == ["a  b", "-  -------", "x  one two", "   three"]
