"""The headline hedges, counts, and never says that nothing changed."""

import pytest

from imagery_diff.write import summary
from imagery_diff.write.headline import headline
from tests.write.conftest import make_result


@pytest.fixture
def told():
    document = summary(make_result(count=3))
    for region in document["regions"]:
        region |= {"p_change": 0.97}
    return document


def test_the_first_region_is_named_and_the_others_counted(told):
    assert headline(told) == (
        "A container-like object is no longer visible at The pier; 2 more regions flagged (1 appeared, 1 changed"
        " in appearance)."
    )


def test_what_the_others_did_is_said_as_news_of_what_came_is_half_of_it(told):
    for region, name in zip(told["regions"][1:], ("other", "vessel"), strict=True):
        region |= {"activity": name, "direction": "appeared"}
    assert headline(told).endswith("; 2 more regions flagged (1 appeared, 1 of unclear kind).")
    told["regions"][1] |= {"activity": "vessel"}
    assert headline(told).endswith("; 2 more regions flagged (all appeared).")
    told["regions"][0]["review"] = "rejected"
    assert headline(told).endswith("; 1 more region flagged (appeared).")


def test_what_is_less_than_likely_is_said_so(told):
    told["regions"][0]["p_change"] = 0.4
    assert "may be no longer visible" in headline(told)


def test_rejected_regions_are_left_out_and_counted_where_none_stays(told):
    told["regions"][0]["review"] = "rejected"
    assert "1 more region flagged" in headline(told)
    for region in told["regions"]:
        region["review"] = "rejected"
    assert headline(told).startswith("Nothing was flagged at ")
    assert headline(told).endswith("; 3 regions rejected by a reviewer.")


def test_silence_is_of_what_could_be_searched_and_names_the_unknown(told):
    told["regions"] = []
    told["zones"] = [told["zones"][0] | {"state": "unknown", "usable_fraction": 0.3}]
    assert "in what was clear and searched (30% of each zone; 1 of 1 zones unknown)" in headline(told)


def test_where_the_older_image_came_second_nothing_came_or_went(told):
    told["before"]["acquired"], told["after"]["acquired"] = told["after"]["acquired"], told["before"]["acquired"]
    assert headline(told).startswith("A container-like object is visible on the later image only")


def test_a_rendered_scene_says_so_first():
    assert summary(make_result(simulated=True))["headline"].startswith("Rendered scene: ")
