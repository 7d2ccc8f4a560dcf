"""Where vessels that send AIS were at a moment, how near a place, and which is which."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagery_diff.method.ais import assign, at_moment, near_to, offsets_m

MINUTE = 60.0
DEGREE_M = 111_319.49
"""A degree along the equator."""


def a_file(*rows):
    """Return columns of (mmsi, minutes, lat, lon), in order."""
    table = np.array(sorted(rows), float).reshape(-1, 4)
    return table[:, 0].astype(np.int64), table[:, 1] * MINUTE, table[:, 2], table[:, 3]


def test_between_two_positions_a_vessel_goes_straight_on():
    where = at_moment(*a_file((1, -10, 0, 0.0), (1, 20, 0, 0.3), (1, -99, 9, 9)), 0.0, 180 * MINUTE)
    assert where.lon_deg.tolist() == pytest.approx([0.1])
    assert (where.before_s.tolist(), where.after_s.tolist()) == ([10 * MINUTE], [20 * MINUTE])
    (near,) = near_to(where, 0.0, 0.1, 2000.0)
    assert near.offset_m == pytest.approx(0.0, abs=0.01)


def test_across_the_antimeridian_too():
    where = at_moment(*a_file((1, -10, 0, 179.99), (1, 10, 0, -179.99)), 0.0, 180 * MINUTE)
    assert abs(where.lon_deg[0]) == pytest.approx(180.0)
    assert len(near_to(where, 0.0, -179.999, 2000.0)) == 1
    assert len(near_to(at_moment(*a_file((1, -10, 0, 179.99)), 0.0, 600.0), 0.0, -179.999, 2000.0)) == 1


@pytest.mark.parametrize(("minutes", "before", "after"), [(-10, 600.0, None), (10, None, 600.0), (0, 0.0, None)])
def test_with_one_side_alone_the_nearest_in_time_stands(minutes, before, after):
    far = (1, 30 if minutes > 0 else -30, 0, 5.0)
    (near,) = near_to(at_moment(*a_file((1, minutes, 0, 0.01), far), 0.0, 180 * MINUTE), 0.0, 0.0, 2000.0)
    assert (near.before_s, near.after_s) == (before, after)
    assert near.offset_m == pytest.approx(0.01 * DEGREE_M, rel=1e-4)


def test_what_lies_beyond_the_limits_does_not_count():
    rows = [(1, -181, 0, 0.0), (2, 0, 0, 0.02), (3, 180, 0, 0.0)]
    where = at_moment(*a_file(*rows), 0.0, 180 * MINUTE)
    assert [n.mmsi for n in near_to(where, 0.0, 0.0, 2000.0)] == [3]
    assert offsets_m(where, 0.0, 0.0).tolist() == pytest.approx([0.02 * DEGREE_M, 0.0], rel=1e-4)


def test_of_no_positions_there_is_none():
    where = at_moment(*a_file((1, 500, 0, 0)), 0.0, 180 * MINUTE)
    assert near_to(where, 0.0, 0.0, 2000.0) == []
    assert offsets_m(where, 0.0, 0.0).size == 0


def test_a_vessel_that_passed_by_is_no_vessel_there_and_not_none_either():
    # There an hour before; two minutes after the look it is 20 km off.
    rows = [(1, -70, 0, 0.001), (1, -60, 0, 0.002), (1, 2, 0, 0.2), (2, 0, 0, 0.01)]
    there, passed = near_to(at_moment(*a_file(*rows), 0.0, 180 * MINUTE), 0.0, 0.0, 2000.0)
    assert (there.mmsi, there.at_moment_m) == (2, None)
    assert (passed.mmsi, passed.before_s) == (1, 60 * MINUTE)
    assert passed.offset_m == pytest.approx(0.002 * DEGREE_M, rel=1e-4)
    assert passed.at_moment_m > 15_000.0


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(-9, 9), st.integers(-3, 3)), min_size=1, max_size=20))
def test_each_vessel_is_where_its_own_positions_put_it_one_by_one(rows):
    # On the equator, where a geodesic is a line of longitude against time.
    where = at_moment(*a_file(*((m, t, 0.0, x) for m, t, x in sorted(rows))), 0.0, 6 * MINUTE)
    told = dict(zip(where.mmsi.tolist(), where.lon_deg.tolist(), strict=True))
    expected = {}
    for vessel in {m for m, _, _ in rows}:
        own = [(t, x) for m, t, x in sorted(rows) if m == vessel and abs(t) <= 6]
        before, after = [p for p in own if p[0] <= 0], [p for p in own if p[0] >= 0]
        if before and after and before[-1][0] < 0:
            (t0, x0), (t1, x1) = before[-1], after[0]
            expected[vessel] = x0 + (x1 - x0) * -t0 / (t1 - t0)
        elif own:
            expected[vessel] = before[-1][1] if before else after[0][1]
    assert told == pytest.approx(expected, abs=1e-6)


def test_one_that_passed_by_across_the_antimeridian_is_found_too():
    rows = [(1, -60, 0, 179.999), (1, -1, 0, 179.0)]
    (passed,) = near_to(at_moment(*a_file(*rows), 0.0, 180 * MINUTE), 0.0, -179.999, 2000.0)
    assert passed.at_moment_m > 100_000.0


def test_each_sender_goes_to_one_vessel_and_none_is_torn_from_its_own():
    assert assign([{1: 10.0, 2: 300.0}, {1: 20.0, 2: 900.0}], 2000.0) == [2, 1]
    assert assign([{1: 10.0, 2: 1900.0}, {1: 600.0}], 2000.0) == [1, None]
    assert assign([{}, {5: 3.0}], 2000.0) == [None, 5]
    assert assign([{}, {}], 2000.0) == [None, None]
    assert assign([], 2000.0) == []


@given(st.lists(st.dictionaries(st.integers(1, 5), st.floats(0, 2000, allow_subnormal=False), max_size=5), max_size=5))
def test_no_sender_is_given_twice_and_none_that_is_out_of_reach(offsets):
    given_ = assign(offsets, 2000.0)
    told = [m for m in given_ if m is not None]
    assert len(told) == len(set(told))
    assert all(m is None or m in near for m, near in zip(given_, offsets, strict=True))
