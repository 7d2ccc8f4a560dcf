"""A shadow in the snow leads to what throws it, where there is snow, and no further than a shadow can fall."""

import numpy as np
import pytest

from imagery_diff.method.snowed import way_to_thrower

SNOW = np.ones((60, 80), bool)
NORTHWARD = (-6.0, 0.0)
"""The shadow of the highest thing falls six pixels towards lower rows: the sun stands in the south."""


def strip(rows, cols):
    """Return a shadow as a mask in its window."""
    return np.ones((rows.stop - rows.start, cols.stop - cols.start), bool), (rows, cols)


@pytest.mark.parametrize(
    ("reach", "way"), [(NORTHWARD, (4.0, 0.0)), ((6.0, 0.0), (-4.0, 0.0)), ((-3.0, 0.0), (4.0, 0.0))]
)
def test_the_way_leads_towards_the_sun_by_as_much_as_the_shadow_extends_along_the_light(reach, way):
    assert way_to_thrower(*strip(slice(20, 24), slice(10, 50)), SNOW, reach) == pytest.approx(way)


def test_what_extends_further_along_the_light_than_any_shadow_falls_is_none():
    assert way_to_thrower(*strip(slice(20, 28), slice(10, 50)), SNOW, NORTHWARD) == pytest.approx((8.0, 0.0))
    assert way_to_thrower(*strip(slice(20, 29), slice(10, 50)), SNOW, NORTHWARD) is None


def test_no_way_leads_out_of_the_image_or_over_bare_ground_or_under_a_high_sun():
    shadow = strip(slice(54, 58), slice(10, 50))
    assert way_to_thrower(*shadow, SNOW, NORTHWARD) is None
    assert way_to_thrower(*shadow, SNOW, (6.0, 0.0)) is not None
    bare = SNOW.copy()
    bare[:, 22:] = False  # a third of the way and less is white
    assert way_to_thrower(*strip(slice(20, 24), slice(10, 50)), bare, NORTHWARD) is None
    bare[:, 22:30] = True
    assert way_to_thrower(*strip(slice(20, 24), slice(10, 50)), bare, NORTHWARD) is not None
    assert way_to_thrower(*strip(slice(20, 24), slice(10, 50)), SNOW, (0.0, 1e-16)) is None
