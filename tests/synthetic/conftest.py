"""Small worlds of known truth."""

from datetime import UTC, datetime

import pytest
from shapely.geometry import box

from imagery_diff.synthetic import PLANETSCOPE, Ground, Look, World

NOON = datetime(2023, 10, 17, 2, 12, tzinfo=UTC)


@pytest.fixture
def look():
    return Look(time=NOON, seed=1)


@pytest.fixture
def sharp(look):
    """Return a look without noise, waves, band errors: what is measured is the scene."""
    from dataclasses import replace

    sensor = replace(PLANETSCOPE, noise_dn=0.0, noise_share=0.0, band_offset_px=0.0)
    return replace(look, sensor=sensor, waves=0.0)


@pytest.fixture
def quay():
    """300 x 300 m: sea, and a square of even concrete in the middle."""
    left, bottom = 606_000.0, 4_675_800.0
    pier = Ground(polygon=box(left + 90, bottom + 90, left + 210, bottom + 210), material="concrete")
    return World(
        name="quay",
        crs="EPSG:32652",
        bounds=(left, bottom, left + 300, bottom + 300),
        ground=(pier,),
        texture=0.0,
        reflectances={"concrete": (0.2, 0.2, 0.2, 0.2)},
    )
