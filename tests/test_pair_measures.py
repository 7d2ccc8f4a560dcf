"""Lengths of the rendered October against what was put there, and things no one ship can be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from shapely.affinity import rotate, scale
from shapely.geometry import Point

from imagery_diff import compare, samples
from imagery_diff.method.measure import Limits, _area_limits, _heap_height
from imagery_diff.read.aois import load_aoi
from imagery_diff.read.calibration import read_lengths
from imagery_diff.synthetic import Look, heap, ship, write_planetscope
from imagery_diff.synthetic.najin import najin
from imagery_diff.synthetic.render import grid_of, render

if TYPE_CHECKING:
    from pathlib import Path

    from imagery_diff.result import Comparison, Region
    from imagery_diff.synthetic import Harbour, Thing


def only(result: Comparison, activity: str, zone: str) -> Region:
    """Return the one region of a class in a group of zones."""
    (region,) = [r for r in result.regions if r.activity == activity and (r.zone or "").startswith(zone)]
    return region


@pytest.fixture(scope="module")
def october() -> dict[str, Comparison]:
    days = {
        d: samples.path(f"najin_{d}") for d in ("20231016", "20231017", "20231019", "20231020_0201", "20231020_0643")
    }
    return {
        "came": compare("najin", days["20231016"], days["20231017"]),
        "ship": compare("najin", days["20231017"], days["20231019"]),
        "low sun": compare("najin", days["20231020_0201"], days["20231020_0643"]),
    }


def test_the_stack_of_90_m_is_measured_and_its_limits_hold_it(october: dict[str, Comparison]) -> None:
    stack = only(october["came"], "containers", "pier2")
    assert stack.length_m == pytest.approx(90.0, abs=5.0)
    assert stack.width_m == pytest.approx(16.4, abs=3.0)
    assert stack.length_low_m is not None
    assert stack.length_high_m is not None
    assert stack.length_low_m < 90.0 < stack.length_high_m


def test_the_stack_is_as_high_as_its_shadow_says(october: dict[str, Comparison]) -> None:
    # Three containers of 2.59 m, the sun 36 degrees high.
    stack = only(october["came"], "containers", "pier2")
    assert stack.height_low_m is not None
    assert stack.height_high_m is not None
    assert stack.height_low_m <= 7.8 <= stack.height_high_m


def test_the_ship_of_115_m_is_measured(october: dict[str, Comparison]) -> None:
    vessel = only(october["ship"], "vessel", "pier2")
    assert vessel.length_m == pytest.approx(115.0, abs=6.0)
    assert not vessel.several


def test_a_low_sun_from_the_other_side_makes_the_stack_no_longer(october: dict[str, Comparison]) -> None:
    stack = only(october["low sun"], "containers", "pier2")
    assert stack.length_m == pytest.approx(90.0, abs=6.0)


def test_a_heap_is_as_long_as_its_foot_though_its_edge_fades(harbour: Harbour, tmp_path: Path) -> None:
    where, azimuth = (606000.0, 4675830.0), 147.0
    oval = rotate(scale(Point(*where).buffer(1.0), 9.0, 28.0), -azimuth)
    found = compared(harbour, [heap("coal", oval, 4.0)], tmp_path)
    (told,) = [r for r in found.regions if r.activity == "stockpile"]
    assert told.length_m == pytest.approx(56.0, abs=4.0)
    assert told.length_low_m is not None
    assert told.length_high_m is not None
    assert told.length_low_m < 56.0 < told.length_high_m


def test_limits_of_a_shape_that_was_not_counted_are_not_told() -> None:
    limits = Limits.of_table(read_lengths())
    assert limits.holds("hull", 3.0)
    assert not limits.holds("curve", 3.0)
    assert not limits.holds("hull", 30.0)


def test_limits_grow_with_the_pixel() -> None:
    limits = Limits.of_table(read_lengths())
    (near_low, near_high), (far_low, far_high) = (limits.of_length(100.0, "hull", pixel) for pixel in (2.5, 3.7))
    assert far_low < near_low < 100.0 < near_high < far_high


def test_no_limits_are_told_of_a_pair_unlike_those_they_were_counted_on(tmp_path: Path) -> None:
    # Three bands of eight bits: what real pictures of PlanetScope are.
    files = []
    for day in ("20231016", "20231017"):
        with rasterio.open(samples.path(f"najin_{day}")) as image:
            rgb = np.clip(image.read([3, 2, 1]) / 12.0, 1, 255).astype(np.uint8)
            profile = {"driver": "GTiff", "count": 3, "dtype": "uint8", "crs": image.crs, "transform": image.transform}
        files.append(tmp_path / f"rgb_{day}.tif")
        with rasterio.open(files[-1], "w", height=rgb.shape[1], width=rgb.shape[2], **profile) as image:
            image.write(rgb)
    found = compare("najin", *files)
    assert found.regions
    assert all(r.length_low_m is None and r.length_high_m is None for r in found.regions)
    assert any("lengths without limits are rough" in c for c in found.caveats)


@pytest.fixture(scope="module")
def harbour() -> Harbour:
    return najin(load_aoi("najin"))


def compared(harbour: Harbour, things: list[Thing], folder: Path) -> Comparison:
    """Compare the empty port with one in which things lie."""
    files = []
    for day, world in ((11, harbour.world), (12, harbour.world.with_things(*things))):
        look = Look(time=datetime(2023, 10, day, 2, 0, tzinfo=UTC), seed=day)
        grid = grid_of(world.bounds, world.crs, look.sensor.delivered_m)
        files.append(write_planetscope(render(world, look, grid), folder))
    return compare("najin", *files)


def test_ships_side_by_side_are_possibly_more_than_one_without_a_length(harbour: Harbour, tmp_path: Path) -> None:
    pier = harbour.pier("pier2")
    inner = pier.moor("inner", "right", 148.0, (95.0, 17.0), deck="grey")
    outer = ship("outer", pier.from_right(148.0, -27.0), pier.right_azimuth_deg, (95.0, 17.0), deck="grey")
    third = ship("third", pier.from_right(148.0, -45.0), pier.right_azimuth_deg, (95.0, 17.0), deck="grey")
    found = compared(harbour, [inner, outer, third], tmp_path)
    vessels = [r for r in found.regions if r.zone_kind == "berth" or r.activity == "vessel"]
    # Told apart they are two or more; as one they have no single length, and are no one vessel.
    assert len(vessels) > 1 or vessels[0].several or vessels[0].activity != "vessel"
    if len(vessels) == 1 and vessels[0].activity == "vessel":
        assert vessels[0].length_low_m is None
        assert "possibly more than one vessel" in vessels[0].description


def test_limits_of_an_area_are_those_of_its_sides_added_as_a_triangles_sides() -> None:
    low, high = _area_limits(1.0, (90.0, 110.0), (16.0, 24.0))
    assert (low, high) == pytest.approx((2000 * (1 - np.hypot(0.1, 0.2)), 2000 * (1 + np.hypot(0.1, 0.2))))
    assert low > 90 * 16
    assert high < 110 * 24


def test_a_heap_is_no_higher_than_half_its_breadth() -> None:
    assert _heap_height((18.0, 26.0)) == (0.0, 13.0)
    assert _heap_height(None) is None
