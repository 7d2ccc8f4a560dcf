"""What is said of regions and zones: as it stands on the page that was read by eye, and never what cannot be known."""

import itertools
import re
from dataclasses import replace
from pathlib import Path

import pytest

from imagery_diff.write.overall import as_html, order_words, vessels_words
from imagery_diff.write.sentences import ANALOGY_M, teu_words
from imagery_diff.write.yardstick import YARDSTICK
from tests.write.conftest import make_result
from tests.write.sentence_cases import (
    LIMITS,
    ONE_DAY,
    PAGE,
    floor,
    looked,
    of_every_class,
    page,
    region_of,
    regions,
    result_of,
    say,
    zones,
)

TOP = Path(__file__).resolve().parents[2]
FORBIDDEN = re.compile(
    r"nothing (?:has |had )?(?:changed|appeared)|would have been seen|no change (?:has |had )?occurred|unchanged ship",
    re.IGNORECASE,
)
"""What no result may claim: not what was not seen, and not that all would have been."""
NEVER_KNOWN = re.compile(
    r"\b(unloaded|unloading|loaded|loading|cargo|munition|weapon|ammunition|empty|Angara|Maria|Maia|\d+ cars|"
    r"\d+ containers|name|owner|flag of)\b",
    re.IGNORECASE,
)
CASES = [*zones(), *regions(), *looked(), *of_every_class()]


def test_the_page_of_sentences_is_what_is_said_today():
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m tests.write.sentence_cases, then read it by eye"


@pytest.mark.parametrize(("name", "sentence"), CASES, ids=[name for name, _ in CASES])
def test_a_sentence_is_whole_and_claims_nothing_that_cannot_be_known(name, sentence):
    assert not FORBIDDEN.search(sentence)
    assert not NEVER_KNOWN.search(sentence.replace("guessed from its name", "").replace("what they hold", ""))
    assert not re.search(r"None|nan|  | ,|\(\)|\.\.|;\s*;|\{|\}", sentence), name


@pytest.mark.parametrize("sentence", [s for _, s in regions()])
def test_a_region_is_told_in_sentences_that_begin_and_end_as_such(sentence):
    assert sentence[0].isupper()
    assert sentence.endswith(".")


def test_nothing_in_the_package_and_its_pages_says_what_is_forbidden():
    files = [
        *TOP.glob("imagery_diff/**/*.py"),
        *TOP.glob("docs/**/*.md"),
        *TOP.glob("docs/**/*.json"),
        *TOP.glob("notebooks/*.ipynb"),
        *TOP.glob("*.md"),
    ]
    # A page may say what is never said.
    said = [
        f"{path.name}: {line.strip()[:120]}"
        for path in files
        for line in path.read_text(encoding="utf-8").splitlines()
        if FORBIDDEN.search(line) and "never" not in line.lower()
    ]
    assert said == []


def words_in(sentence):
    return [word for word, _, _ in YARDSTICK if re.search(rf"\b{word}\b", sentence)]


def test_no_word_of_the_yardstick_stands_without_its_number():
    for activity, p_change, p_activity in itertools.product(
        ("containers", "vessel", "other"), (None, 0.03, 0.3, 0.5, 0.7, 0.97), (None, 0.2, 0.6, 0.9)
    ):
        sentence = say(region_of(activity, p_change=p_change, p_activity=p_activity))
        if p_change is None and p_activity is None:
            assert not words_in(sentence)
        numbers = re.findall(r"\((?:over |under )?\d+%\)", sentence)
        assert len(numbers) == (p_change is not None) + (p_activity is not None)


def test_the_model_sentence_of_the_issue():
    said = say(region_of(**LIMITS), floors={"containers": floor(34.2)}, timezone=None)
    assert said.startswith(
        "A container-like object, 90 m (81 to 97) long, appeared on the south-west side of Pier 2 between 16 October "
        "02:04 and 17 October 2023 02:12 UTC; one of 35 m or more, of the colours tested, would be missed there at "
        "most one time in ten."
    )


def test_a_floor_is_never_said_smaller_than_it_is():
    assert "one of 35 m or more" in say(region_of(), floors={"containers": floor(34.01)})
    assert "one of 34 m or more" in say(region_of(), floors={"containers": floor(34.0)})


def test_a_floor_of_another_class_is_not_said():
    assert "missed" not in say(region_of(), floors={"vessel": floor(34.2)})


def test_no_middle_number_of_containers_is_said_and_the_analogy_only_of_its_lengths():
    for length in (30.0, ANALOGY_M[0] - 0.3, *ANALOGY_M, 140.0):
        sentence = say(region_of(length_m=length, area_m2=17 * length))
        assert ("300" in sentence) == (ANALOGY_M[0] <= round(length) <= ANALOGY_M[1])
        units = re.search(r"room for about (\d+) to (\d+) twenty-foot units", sentence)
        assert int(units[1]) < 0.2 * int(units[2])


def test_the_analogy_is_said_where_the_limits_of_the_length_reach_its_lengths():
    assert "300" in say(region_of(length_m=79.0, length_low_m=75.0, length_high_m=96.0, area_m2=1300.0))
    assert "300" not in say(region_of(length_m=70.0, length_low_m=66.0, length_high_m=77.0, area_m2=1100.0))


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(42.0, 418.3, ("40", "420")), (4.2, 11.0, ("4", "20")), (0.2, 0.7, ("1", "1")), (812.0, 4120.0, ("810", "4,200"))],
)
def test_limits_of_containers_are_rounded_outwards(low, high, said):
    assert teu_words(low, high) == said


def test_cars_are_refused_at_3_m_and_the_length_is_told():
    sentence = say(region_of("rail_cars", length_low_m=455.0, length_high_m=505.0))
    assert "480 m (455 to 505) long" in sentence
    assert "cars are not counted at 3 m pixels" in sentence


def test_places_follow_the_outlines_and_their_accuracy():
    assert "on the south-west side of Pier 2" in say(region_of())
    assert "on the north-east side of Pier 2" in say(region_of(at=(0.0, 31.0)))
    assert "appeared at Pier 2 between" in say(region_of(location_accuracy_m=40.0))
    assert "appeared at Pier 2 between" in say(region_of(at=(0.0, -9.0)))
    assert "not a located outline" in say(region_of("rail_cars"), located=False)


def test_vessels_long_enough_for_a_visit_are_counted_by_their_limits():
    sure = region_of("vessel", length_low_m=104.0, length_high_m=119.0)
    perhaps = region_of("vessel", length_m=100.0, length_low_m=93.0, length_high_m=107.0)
    short = region_of("vessel", length_m=70.0, length_low_m=64.0, length_high_m=76.0)
    for region, counts in ((sure, True), (perhaps, None), (short, False)):
        assert result_of(region).regions[0].counts_as_visit is counts
    base = result_of(sure)
    three = replace(base, regions=tuple(result_of(r).regions[0] for r in (sure, perhaps, short)))
    assert vessels_words(three) == "of 100 m or more: 1 to 2 appeared, 0 no longer visible"
    lower = replace(three, params=replace(three.params, min_vessel_m=60.0))
    assert "of 60 m or more" in vessels_words(lower)
    assert vessels_words(result_of(region_of())) == ""


def test_a_vessel_under_way_or_of_several_hulls_has_no_class_and_may_count():
    for changes in ({"under_way": True}, {"several": True}):
        region = result_of(region_of("vessel", length_low_m=104.0, length_high_m=119.0, **changes)).regions[0]
        assert region.length_class is None
        assert region.counts_as_visit is None
        assert "112 m (104" not in region.description


def test_the_order_is_said():
    likely = [region_of(p_change=0.9), region_of(p_change=0.6)]
    base = make_result()
    assert order_words(replace(base, regions=tuple(likely))).endswith("of the same likelihood the largest")
    assert "last" in order_words(replace(base, regions=(*likely, region_of())))
    assert order_words(replace(base, regions=(region_of(),))) == "the largest first (no probability is stated)"


def test_the_same_sentence_stands_in_every_surface():
    result = result_of(region_of(colour="blue", p_change=0.97), times=ONE_DAY, floors={"containers": floor(34.2)})
    from imagery_diff.write import comparison_table, regions_geojson, summary

    sentence = result.regions[0].description
    assert sentence in " ".join(comparison_table(result).split())
    assert regions_geojson(result)["features"][0]["properties"]["description"] == sentence
    assert summary(result)["regions"][0]["description"] == sentence
    assert sentence in as_html(result)


def test_a_hostile_name_does_not_become_html():
    assert "<script>" not in as_html(make_result(names=("<script>alert(1)</script>.tif", "b.tif")))
