"""The quays an AOI draws, from outlines of known shape."""

import numpy as np
import pytest
from affine import Affine
from shapely import box

from imagery_diff.aoi import AOI, Zone
from imagery_diff.grid import Grid
from imagery_diff.method.quays import drawn_quays

CRS = "EPSG:32652"
GRID = Grid(crs=CRS, transform=Affine(3, 0, 500_000, 0, -3, 4_600_600), shape=(200, 200))


def drawn(*zones):
    made = [
        Zone(name=f"z{k}", kind=kind, polygon=shape, crs=CRS, **(more[0] if more else {}))
        for k, (kind, shape, *more) in enumerate(zones)
    ]
    return drawn_quays(AOI(name="x", polygon=box(500_000, 4_600_000, 500_600, 4_600_600), zones=made, crs=CRS), GRID)


def yard(gap=0.0):
    return ("yard", box(500_100, 4_600_100, 500_200 - gap, 4_600_400))


BERTH = ("berth", box(500_200, 4_600_100, 500_245, 4_600_400))


def test_a_quay_lies_between_berth_and_yard_and_its_normal_points_to_the_water():
    stretches = drawn(yard(), BERTH)
    assert sum(s.length for s in stretches) == pytest.approx(300, abs=6)
    for stretch in stretches:
        assert stretch.normal == pytest.approx((1, 0))
        assert stretch.points[:, 0] == pytest.approx(500_200, abs=0.1)
        assert stretch.spread == 0
        assert 20 <= stretch.length <= 40
    assert len({s.side for s in stretches}) == 1


def test_of_a_gap_the_middle_is_taken_and_its_width_is_the_doubt():
    stretches = drawn(yard(gap=9), BERTH)
    assert np.concatenate([s.points[:, 0] for s in stretches]) == pytest.approx(500_195.5, abs=1.6)
    assert stretches[0].spread == pytest.approx(9 / np.sqrt(12), abs=0.5)


@pytest.mark.parametrize(("gap", "told"), [(1.0, 3.0), (4.0, 6.0), (8.5, 9.0), (11.0, 12.0)])
def test_a_gap_is_told_in_steps_of_a_pixel_rounded_up(gap, told):
    (edge,) = {round(float(x), 1) for s in drawn(yard(gap), BERTH) for x in s.points[:, 0]}
    assert edge == pytest.approx(500_200 - gap + told / 2, abs=0.2)


@pytest.mark.parametrize(
    "zones",
    [
        (yard(),),
        (BERTH,),
        (yard(gap=20), BERTH),
        (("bridge", yard()[1]), BERTH),
        ((*yard(), {"located": False}), BERTH),
        (yard(), (*BERTH, {"located": False})),
    ],
    ids=["yard alone", "berth alone", "too far apart", "bridge", "search area of land", "search area of water"],
)
def test_nothing_else_draws_a_quay(zones):
    assert drawn(*zones) == ()


def test_sides_that_meet_at_a_corner_are_two():
    stretches = drawn(yard(), BERTH, ("berth", box(500_100, 4_600_055, 500_200, 4_600_100)))
    normals = {s.side: np.round(s.normal).tolist() for s in stretches}
    assert sorted(normals.values()) == [[0, -1], [1, 0]]


def test_land_drawn_over_water_is_water():
    over = ("yard", box(500_100, 4_600_100, 500_230, 4_600_400))
    assert {round(float(s.points[0, 0])) for s in drawn(over, BERTH)} == {500_200}
