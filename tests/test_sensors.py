"""Variants of a scene hold what their sensor would have seen of it."""

import numpy as np
import pytest


@pytest.fixture(scope="module")
def sensors(benchmark):
    return benchmark("sensors")


def test_every_variant_has_the_bands_it_names_and_keeps_no_data(sensors):
    image = np.full((4, 32, 32), 1000, np.uint16) + np.arange(4, dtype=np.uint16)[:, None, None] * 250
    image[:, :16] = 0
    for name, (change, bands) in sensors.VARIANTS.items():
        varied = change(image)
        assert len(varied) == len(bands), name
        assert (varied[:, :16] == 0).all(), name
        assert (varied[:, 16:] > 0).all(), name
    assert sensors.colour_only(image)[:, 20, 0].tolist() == [1500, 1250, 1000]
    assert sensors.one_band(image)[0, 20, 0] == 1375
    assert np.abs(sensors.quick_look(image)[:, 28, 16].astype(int) - [153, 127, 102]).max() <= 4
