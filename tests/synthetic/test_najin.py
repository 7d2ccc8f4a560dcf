"""Najin, by its outlines."""

import pytest

from imagery_diff.read.aois import load_aoi
from imagery_diff.synthetic.najin import najin, stack_place


@pytest.fixture(scope="module")
def port():
    return najin(load_aoi("najin"))


def test_the_piers_are_those_of_the_domain_notes(port):
    """Lengths and azimuths of section 3.1: 345, 298 and 451 m towards 146 to 147 degrees (grid north 0.9 less)."""
    assert [p.length_m for p in port.piers] == pytest.approx([345, 298, 451], abs=3)
    assert [p.azimuth_deg for p in port.piers] == pytest.approx([146.2 - 0.9, 146.6 - 0.9, 146.6 - 0.9], abs=1.0)


def test_a_ship_at_pier_2_lies_in_the_berth_the_aoi_names(port):
    berths = {z.name: z.polygon for z in load_aoi("najin").in_crs(port.world.crs).zones}
    vessel = port.pier("pier2").moor("v", "right", 148.0, (115.0, 18.0)).footprint
    assert vessel.intersection(berths["pier2_sw_berth"]).area > 0.95 * vessel.area


def test_the_place_of_the_stacks_is_empty_and_on_the_pier(port):
    pier = port.pier("pier2")
    place = stack_place(pier, 140.0, 200.0, 28.0)
    assert pier.outline.contains(place)
    assert not any(t.footprint.intersects(place) for t in port.world.things)
    assert not any(p.polygon.intersects(place) for p in port.world.fixed)


def test_pier_1_carries_a_warehouse_of_about_300_m(port):
    pier = port.pier("pier1")
    halves = [p for p in port.world.fixed if p.polygon.intersection(pier.outline).area > 0.8 * p.polygon.area]
    assert max(p.polygon.length / 2 for p in halves) == pytest.approx(296 + 16, abs=3)


def test_no_building_stands_in_the_water(port):
    land = [g.polygon for g in port.world.ground if g.material != "sea"]
    for part in port.world.fixed:
        assert any(g.contains(part.polygon.centroid) for g in land)


def test_whatever_stands_on_any_day_is_clutter(port):
    assert all(t.clutter for t in port.world.things)
    assert {t.kind for t in port.world.things} >= {"equipment", "stockpile", "containers", "lorry"}
