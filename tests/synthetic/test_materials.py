"""Colours are reflectances."""

import pytest

from imagery_diff.synthetic.materials import MATERIALS, PAINTS, PLANTS_GREEN, ROOFS


@pytest.mark.parametrize("colour", [*(m.reflectance for m in MATERIALS.values()), *PAINTS.values(), *ROOFS.values()])
def test_every_reflectance_has_four_bands_between_0_and_1(colour):
    assert len(colour) == 4
    assert all(0.0 < band < 1.0 for band in colour)


def test_water_is_darkest_and_plants_brightest_in_the_near_infrared():
    assert MATERIALS["sea"].reflectance[3] == min(MATERIALS["sea"].reflectance)
    assert PLANTS_GREEN[3] > 3 * PLANTS_GREEN[2]


def test_container_blue_is_blue_and_coal_is_dark_and_grey():
    blue, coal = PAINTS["blue"], PAINTS["black"]
    assert blue[0] > 1.4 * blue[1] > 1.4 * blue[2]
    assert max(coal) < 0.05
