"""With nothing put in the frozen pair is the pair; with something, it is what a whole new comparison finds."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from shapely import union_all

from imagery_diff import compare, pair_missed, samples
from imagery_diff.method.radiometry import DRY, among
from imagery_diff.method.zones import inside
from imagery_diff.pair import put_things_in
from imagery_diff.pair_again import find_again
from imagery_diff.pair_optics import camera_of
from imagery_diff.pair_places import Grounds, Want, window_around
from imagery_diff.read.aois import load_aoi
from imagery_diff.synthetic import ship, stack
from imagery_diff.synthetic.insert import insert


@pytest.fixture
def known():
    result = compare("najin", *samples.pair("stack_appears"), sensitivity="later")
    return result, result.kept


def nothing(known):
    return tuple(np.zeros(picture.data.shape, np.float32) for picture in known.pictures)


def test_with_nothing_put_in_exactly_the_same_is_told(known):
    result, pair = known
    told, _ = find_again(pair.settled(), nothing(pair))
    assert len(told) == len(result.regions) > 0
    for again, region in zip(told, result.regions, strict=True):
        assert again.shape.outline.equals(region.geometry)
        assert again.strength == region.strength
        assert again.traits == region.traits


def test_what_is_drawn_holds_all_that_is_told(known):
    result, pair = known
    told, drawn = find_again(pair.settled(), nothing(pair))
    assert told
    assert all(np.mean(drawn[inside(d.shape.outline, pair.frame.grid)]) > 0.5 for d in told)
    assert np.array_equal(drawn, result.layers.drawn)


def test_with_nothing_put_in_the_same_is_told_on_a_window(known):
    result, pair = known
    window = window_around([z for z in pair.frame.ground.zones if z.located], pair)
    part = pair.settled().cut(window)
    assert part.frame.grid.shape != pair.frame.grid.shape
    told, _ = find_again(part, nothing(part))
    assert len(told) == len(result.regions) > 0
    for again, region in zip(told, result.regions, strict=True):
        # The grid's corner is another number, and so is the last bit of every corner.
        assert again.shape.outline.symmetric_difference(region.geometry).area < 1e-2  # of pixels of 9 m2: rounding
        assert again.strength == pytest.approx(region.strength, rel=1e-6)
        assert again.traits == pytest.approx(region.traits, rel=1e-5)


def test_a_strip_that_hides_no_stack_is_ground_for_stacks_where_that_is_asked(known):
    result, pair = known
    yard = next(s.zone for s in result.zones if s.zone.name == "pier1_yard")
    rows, cols = np.nonzero(inside(yard.polygon, pair.frame.grid) & ~pair.blind & (pair.matched.flags == 0))
    row = int(np.median(rows))
    strip = np.zeros_like(pair.blind)
    strip[row, cols[rows == row]] = True
    narrow, broad = (replace(pair, blind=pair.blind | m) for m in (strip, strip | np.roll(strip, 1, axis=0)))

    def share(some, broad_m):
        return np.mean(Grounds.of(some, [yard], broad_m).of_kind("yard")[0].free[strip])

    assert share(narrow, {"yard": 5.0}) > 0.9
    assert share(narrow, None) == 0
    assert share(broad, {"yard": 5.0}) < 0.1


def test_ships_lie_beside_a_quay_and_apart_from_each_other(known):
    _, pair = known
    states = [s for s in known[0].zones if s.zone.kind == "berth" and s.zone.located]
    study = pair_missed.Study.of(pair, states, np.random.default_rng(2))
    placed = []
    for k in range(12):
        want = Want(kind="berth", length_m=60.0, colour="rust", date=k % 2)
        one = study.grounds.place(want, placed, study.cameras, study.rng)
        placed += [one] if one else []
    assert len(placed) >= 3
    land = among(study.known.matched.cover.surface, DRY)
    for one in placed:
        foot = one.thing.footprint
        under = inside(foot, study.known.frame.grid)
        near = inside(foot.buffer(9), study.known.frame.grid)
        assert land[near].any()
        assert land[under].mean() < 0.6
        assert all(foot.distance(other.thing.footprint) >= 65 for other in placed if other is not one)


def things(known):
    """Return a ship in a berth and a stack on a yard, clear of all that was told."""
    aoi = known.frame.ground
    busy = union_all([d.shape.outline for d in known.told]).buffer(40)
    berth = max((z for z in aoi.zones if z.kind == "berth"), key=lambda z: z.polygon.difference(busy).area)
    yard = max((z for z in aoi.zones if z.kind == "yard"), key=lambda z: z.polygon.difference(busy).area)
    spots = [zone.polygon.difference(busy).representative_point() for zone in (berth, yard)]
    return (
        ship("put", spots[0].coords[0], 326.5, (90, 14), deck="rust"),
        stack("put", spots[1].coords[0], 326.5, (60, 12), colours=("orange",)),
    )


@pytest.mark.parametrize("date", [0, 1])
def test_what_stands_makes_no_difference_to_a_whole_new_comparison(known, opened, date):
    _, pair = known
    frame = pair.frame
    eye = camera_of(frame.pair.infos[date], pair.pictures[date], frame.pair.names, pair.matched.surface)
    data = [np.asarray(picture.data, np.float32) for picture in pair.pictures]
    bare = [d.copy() for d in data]
    for thing in things(pair):
        data[date] = insert(data[date], frame.grid.transform, thing, eye, np.random.default_rng(1)).data
    added = tuple(d - b for d, b in zip(data, bare, strict=True))
    touched = np.any(added[0] != 0, axis=0) | np.any(added[1] != 0, axis=0)
    beside = inside(union_all([thing.footprint for thing in things(pair)]).buffer(30), frame.grid)
    frozen, drawn = find_again(pair.settled(), added, among=touched, near=beside)
    whole, all_drawn = find_again(pair.settled(), added)
    asked = touched | beside
    assert np.array_equal(drawn[asked], all_drawn[asked])
    assert np.count_nonzero(drawn) < np.count_nonzero(all_drawn)  # what lies elsewhere was not looked at further
    put = union_all([thing.footprint for thing in things(pair)])
    near = [d for d in whole if d.shape.outline.intersects(put)]
    assert len(whole) > len(near) > 0  # what stood there before is not told of again
    assert [d.shape.outline for d in frozen if d.shape.outline.intersects(put)] == [d.shape.outline for d in near]

    def as_scene(k):
        info, picture = frame.pair.infos[k], pair.pictures[k]
        source = opened(data[k], picture.flags, names=frame.pair.names, grid=frame.grid).source
        changes = {"grid": frame.grid, "source": source, "bands": tuple(info.bands[i] for i in frame.pair.indexes[k])}
        return replace(info, **changes)

    whole = compare(load_aoi("najin"), as_scene(0), as_scene(1))
    for thing in things(pair):
        one, other = (
            max(shapes, key=lambda s: s.intersection(thing.footprint).area)
            for shapes in ([d.shape.outline for d in frozen], [r.geometry for r in whole.regions])
        )
        assert one.intersection(thing.footprint).area > 0.5 * thing.footprint.area
        assert one.intersection(other).area / one.union(other).area > 0.85


def test_things_put_in_later_out_of_a_file_tell_what_things_put_in_at_once_tell(known):
    result, pair = known
    kept = pickle.loads(pickle.dumps(pair_missed.worth_keeping(pair)))  # noqa: S301 - our own
    later = put_things_in(replace(result, kept=kept), how="reported")
    assert later.kept is None
    once = compare("najin", *samples.pair("stack_appears"), sensitivity="reported")
    assert [c.trials for c in later.sensitivity.curves] == [c.trials for c in once.sensitivity.curves]
    assert any(c.trials for c in later.sensitivity.curves)
    assert [z.floors for z in later.zones] == [z.floors for z in once.zones]
    assert [r.description for r in later.regions] == [r.description for r in once.regions]
