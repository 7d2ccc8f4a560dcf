"""Ships of the real Sentinel-2 pair of Hong Kong: pixels of 10 m, six of ten bands softer than the others."""

import warnings

import pytest

from imagery_diff import compare


@pytest.fixture(scope="module")
def hong_kong(benchmark):
    return benchmark("hong_kong")


@pytest.fixture(scope="module")
def found(hong_kong, data_folder):
    folder = data_folder / "pairs" / "oscd_hongkong"
    if not folder.is_dir():
        pytest.skip("real imagery is absent: no pairs/oscd_hongkong")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = compare(None, folder / "before.tif", folder / "after.tif", detect="map")
    listed = hong_kong.read_listed(folder, str(result.grid.crs))
    return [(one, hong_kong.overlapping(one, result.regions)) for one in listed]


def test_most_listed_ships_that_are_found_are_called_vessels_with_beams_of_ships(found):
    told = {r.id: r for _, r in found if r is not None}
    vessels = [r for r in told.values() if r.activity == "vessel"]
    assert len(found) == 29
    assert len(vessels) >= 12
    assert sum(r.width_m <= 32 for r in vessels) >= len(vessels) - 1


def test_the_table_counts_what_it_lists(hong_kong, found):
    said = hong_kong.report(found)
    assert said.count("not found") == sum(r is None for _, r in found)
    assert f"of {len(found)} (" in said
