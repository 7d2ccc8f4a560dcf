"""Moments, windows, credits and counts."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from imagery_diff.write.words import (
    ALTERED,
    RENDERED,
    credit_line,
    flagged_words,
    licences_of,
    moment_words,
    one_line,
    stamp,
    window_of,
)
from tests.write.conftest import make_result


def test_rendered_images_carry_no_providers_name():
    result = make_result(simulated=True)
    assert credit_line(result) == RENDERED
    assert RENDERED in one_line(result)


def test_altered_images_are_called_altered():
    result = make_result(simulated=True)
    altered = [replace(info, credit=ALTERED) for info in (result.before, result.after)]
    assert stamp(replace(result, before=altered[0], after=altered[1])) == ALTERED


def test_counts_read_as_sentences():
    assert flagged_words(make_result(count=0).regions) == "nothing was flagged"
    assert flagged_words(make_result(count=1).regions) == "1 region flagged (1 no longer visible)"
    assert flagged_words(make_result(count=3).regions) == (
        "3 regions flagged (1 appeared, 1 no longer visible, 1 changed in appearance)"
    )


def test_a_guessed_time_says_that_it_is_one(opened):
    moment = dt.datetime(2023, 10, 20, 2, 1, tzinfo=dt.UTC)
    data = np.full((1, 9, 9), 9, np.float32)
    known = opened(data, acquired=moment, time_source="metadata")
    guessed = opened(data, acquired=moment, time_source="file name, guessed to be UTC")
    assert moment_words(known, "Asia/Pyongyang") == "20 October 2023 02:01 UTC (11:01 local)"
    assert moment_words(guessed, None) == "20 October 2023 02:01 UTC, guessed from its name"
    assert moment_words(opened(data), None) == "time not known"


def moments(*times):
    return [dt.datetime.fromisoformat(time).replace(tzinfo=dt.UTC) for time in times]


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (
            "2023-10-16T02:04:11",
            "2023-10-17T02:12:04",
            "between 16 October 02:04 and 17 October 2023 02:12 UTC (11:04 and 11:12 local)",
        ),
        (
            "2023-10-20T02:01:33",
            "2023-10-20T06:43:00",
            "between 02:01 and 06:43 UTC on 20 October 2023 (11:01 and 15:43 local)",
        ),
        (
            "2023-12-30T02:01:33",
            "2024-01-02T02:00:00",
            "between 30 December 2023 02:01 and 2 January 2024 02:00 UTC (11:01 and 11:00 local)",
        ),
        (
            "2023-10-20T02:01:05",
            "2023-10-20T02:01:35",
            "between 02:01:05 and 02:01:35 UTC on 20 October 2023 (11:01:05 and 11:01:35 local)",
        ),
        # At night it is another day there.
        (
            "2023-10-20T14:00:00",
            "2023-10-20T22:30:00",
            "between 14:00 and 22:30 UTC on 20 October 2023 (20 October 23:00 and 21 October 2023 07:30 local)",
        ),
    ],
)
@pytest.mark.parametrize("swapped", [False, True])
def test_a_window_says_what_its_ends_share_once(result, first, last, said, swapped):
    times = moments(first, last)[:: -1 if swapped else 1]
    before, after = (replace(info, acquired=t) for info, t in zip((result.before, result.after), times, strict=True))
    assert window_of(before, after, "Asia/Pyongyang") == said
    assert window_of(before, after, None) == said.partition(" (")[0]


def test_a_window_says_which_of_its_ends_are_guessed_or_not_known(result):
    before, after = result.before, result.after
    guess = "file name, guessed to be UTC"
    assert window_of(before, replace(after, time_source=guess), None).endswith(
        "2023, the time of the after image guessed from its name"
    )
    both = window_of(replace(before, time_source=guess), replace(after, time_source=guess), None)
    assert both.endswith("2023, both times guessed from the files' names")
    one = window_of(before, replace(after, acquired=None), None)
    assert one == "between 20 October 2023 02:01 UTC and the image after.tif, whose time is not known"


def test_a_moment_at_night_says_the_day_it_is_there(result):
    late = replace(result.before, acquired=moments("2023-10-20T22:30:00")[0])
    assert moment_words(late, "Asia/Pyongyang") == "20 October 2023 22:30 UTC (07:30 local on 21 October)"


def test_a_licence_is_said_once_where_it_is_the_same_and_never_of_rendered_images(result):
    free, bound = (replace(result.before, licence=words, name=f"{words}.tif") for words in ("CC0", "bound"))
    assert licences_of((free, free)) == "CC0"
    assert licences_of((free, bound)) == "CC0.tif: CC0; bound.tif: bound"
    assert "not known" in licences_of((result.before, result.after))
    assert licences_of((replace(free, simulated=True), free)) == ""
