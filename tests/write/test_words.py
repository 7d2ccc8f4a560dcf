"""The same hedged words everywhere."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from imagery_diff.write.words import (
    ALTERED,
    RENDERED,
    as_html,
    credit_line,
    describe_region,
    describe_zone,
    flagged_words,
    moment_words,
    one_line,
    stamp,
)
from tests.write.conftest import make_result


def test_a_region_is_told_hedged_with_place_and_times(result):
    region = replace(result.regions[0], direction="disappeared")
    assert describe_region(region, result.before, result.after, result.aoi) == (
        "A blue container-like object, about 90 m long and 20 m wide, no longer visible at The pier, "
        "between 20 October 2023 02:01 UTC (11:01 local) and 20 October 2023 06:43 UTC (15:43 local)."
    )


@pytest.mark.parametrize(
    ("zone", "place"), [("rails", "(a search area, not a located outline)"), (None, "outside its zones")]
)
def test_the_place_says_how_well_it_is_known(result, zone, place):
    region = replace(result.regions[0], zone=zone)
    assert place in describe_region(region, result.before, result.after, result.aoi)


def test_without_georeference_lengths_are_pixels():
    result = make_result(crs=None, aoi=False, times=(None, None))
    text = describe_region(result.regions[0], result.before, result.after, None)
    assert "90 pixels long" in text
    assert "on the images' common ground" in text
    assert "times not known" in text


def test_zones_are_never_unchanged(result):
    words = [describe_zone(state) for state in result.zones]
    assert words[0] == "R1; 100% was clear and searched"
    assert words[1] == "unknown: only 25% was clear and searched (the rest: cloud 50%, haze 25%)"
    assert words[2] == "nothing was flagged in the 90% that was clear and searched"
    assert describe_zone(replace(result.zones[0], state="ignored")) == "left out, as the AOI asks"


def test_rendered_images_carry_no_providers_name():
    result = make_result(simulated=True)
    assert credit_line(result) == RENDERED
    assert RENDERED in one_line(result)


def test_altered_images_are_called_altered():
    result = make_result(simulated=True)
    altered = [replace(info, credit=ALTERED) for info in (result.before, result.after)]
    assert stamp(replace(result, before=altered[0], after=altered[1])) == ALTERED


def test_counts_read_as_sentences():
    assert flagged_words(make_result(count=0)) == "nothing was flagged"
    assert flagged_words(make_result(count=1)) == "1 region flagged (1 disappeared)"
    assert flagged_words(make_result(count=3)) == "3 regions flagged (1 appeared, 1 disappeared, 1 changed)"


def test_a_hostile_name_does_not_become_html():
    assert "<script>" not in as_html(make_result(names=("<script>alert(1)</script>.tif", "b.tif")))


def test_a_guessed_time_says_that_it_is_one(opened):
    moment = dt.datetime(2023, 10, 20, 2, 1, tzinfo=dt.UTC)
    data = np.full((1, 9, 9), 9, np.float32)
    known = opened(data, acquired=moment, time_source="metadata")
    guessed = opened(data, acquired=moment, time_source="file name, guessed to be UTC")
    assert moment_words(known, "Asia/Pyongyang") == "20 October 2023 02:01 UTC (11:01 local)"
    assert moment_words(guessed, None) == "20 October 2023 02:01 UTC, guessed from its name"
    assert moment_words(opened(data), None) == "time not known"
