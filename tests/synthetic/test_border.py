"""The crossing, with its assumed track."""

import pytest

from imagery_diff.read.aois import load_aoi
from imagery_diff.synthetic.border import border_crossing, standing_train


def test_the_train_stands_on_its_track_inside_the_reported_yard():
    harbour = border_crossing()
    train = standing_train(harbour)
    assert train.footprint.buffer(0.5).contains(train.footprint)
    assert harbour.rails[0].buffer(2.0).contains(train.footprint)
    yard = next(z for z in load_aoi("border_crossing").in_crs(harbour.world.crs).zones if z.name == "tumangang_yard")
    assert yard.polygon.contains(train.footprint)
    assert train.length_m == pytest.approx(24 * 14.3, abs=10)


def test_the_track_is_said_to_be_assumed():
    assert "assumed" in standing_train(border_crossing()).note


def test_the_wagons_that_stay_do_not_touch_the_train():
    harbour = border_crossing()
    train = standing_train(harbour).footprint
    assert not any(t.footprint.intersects(train) for t in harbour.world.things)
