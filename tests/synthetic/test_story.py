"""The passes of the sample tiles, before they are rendered."""

from datetime import UTC, datetime

import pytest

from imagery_diff.read.aois import load_aoi
from imagery_diff.synthetic.readme import PAIRS
from imagery_diff.synthetic.story import passes


@pytest.fixture(scope="module")
def story():
    return {p.name: p for p in passes(load_aoi("najin"))}


def test_every_pair_names_passes_that_exist_in_order_of_time(story):
    for before, after in PAIRS.values():
        assert story[before].look.time < story[after].look.time


def test_two_looks_fall_on_the_minutes_of_the_record(story):
    """N12 and N13: 11:01 and 15:43 KST on 20 October."""
    minutes = [
        story[n].look.time.replace(second=0, microsecond=0) for n in ("najin_20231020_0201", "najin_20231020_0643")
    ]
    assert minutes == [datetime(2023, 10, 20, 2, 1, tzinfo=UTC), datetime(2023, 10, 20, 6, 43, tzinfo=UTC)]


def test_in_the_quiet_pair_nothing_comes_or_goes(story):
    assert story["najin_quiet_before"].world == story["najin_quiet_after"].world
    assert story["najin_quiet_before"].look != story["najin_quiet_after"].look


def test_ship_and_stack_touch_neither_each_other_nor_what_stays(story):
    for one in story.values():
        things = [t for t in one.world.things if not t.clutter]
        for thing in things:
            others = [t for t in one.world.things if t.id != thing.id]
            assert not any(t.footprint.intersects(thing.footprint) for t in others), (one.name, thing.id)


def test_every_pass_has_a_pointing_error_and_noise_of_its_own(story):
    looks = [p.look for p in story.values()]
    assert len({look.seed for look in looks}) == len(looks)
    assert len({look.pointing_error_m for look in looks}) == len(looks)
    assert max(sum(e**2 for e in look.pointing_error_m) ** 0.5 for look in looks) < 7.0
