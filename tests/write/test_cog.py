"""evidence.tif is a valid COG that nothing takes for an image."""

import numpy as np
import pytest
import rasterio
from rasterio.errors import RasterioDeprecationWarning
from rasterio.io import MemoryFile

from imagery_diff.scene import Flag
from imagery_diff.write.cog import NODATA, evidence_tif, maybe_unreferenced, statistics_tags
from tests.write.conftest import make_result


def test_score_comes_back_to_four_figures_and_flags_as_they_were(result):
    with MemoryFile(evidence_tif(result)) as memory, memory.open() as dataset:
        score, flags = dataset.read()
        assert dataset.descriptions == ("score", "flags")
        assert dataset.units == ("spreads of unchanged ground", "bits")
        assert dataset.nodata == NODATA
        assert dataset.crs.to_epsg() == 32652
        assert dataset.transform == result.grid.transform
    assert (score[:3] == NODATA).all()
    np.testing.assert_allclose(score[3:], result.layers.strength[3:], rtol=1e-4)  # four figures
    np.testing.assert_array_equal(flags, result.layers.flags)
    assert (flags[0] == Flag.CLOUD).all()


def test_it_is_cloud_optimised_with_overviews_whose_flags_are_still_flags():
    result = make_result(shape=(1300, 1100), count=0)
    with MemoryFile(evidence_tif(result)) as memory, memory.open() as dataset:
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert dataset.block_shapes[0] == (512, 512)
        assert dataset.overviews(1)
        small = dataset.read(2, out_shape=(325, 275))
    assert set(np.unique(small)) <= {0.0, float(Flag.CLOUD), float(Flag.HAZE)}


@pytest.mark.parametrize("simulated", [True, False])
def test_it_says_that_it_is_a_result_and_whether_it_was_rendered(simulated):
    with MemoryFile(evidence_tif(make_result(simulated=simulated))) as memory, memory.open() as dataset:
        tags = dataset.tags()
    assert tags["IMAGERY_DIFF_PRODUCT"] == "evidence"
    assert ("IMAGERY_DIFF_RENDERED" in tags) is simulated


def test_without_georeference_it_is_written_all_the_same():
    with (
        maybe_unreferenced(),
        MemoryFile(evidence_tif(make_result(crs=None, aoi=False))) as memory,
        memory.open() as dataset,
    ):
        assert dataset.crs is None
        assert dataset.shape == (90, 120)


def test_the_bytes_are_the_same_every_time(result):
    assert evidence_tif(result) == evidence_tif(result)


def test_no_score_is_nan_where_the_evidence_was(result):
    result.layers.strength[40, 40] = np.nan
    with rasterio.Env(), MemoryFile(evidence_tif(result)) as memory, memory.open() as dataset:
        assert dataset.read(1)[40, 40] == NODATA


def test_statistics_and_origin_stand_in_the_file_so_that_none_is_written_beside_it(tmp_path):
    result = make_result(shape=(700, 300))
    path = tmp_path / "evidence.tif"
    path.write_bytes(evidence_tif(result))
    with rasterio.open(path) as dataset:
        for band in (1, 2):
            values = dataset.read(band, masked=True)
            tags = dataset.tags(band)
            told = [float(tags[f"STATISTICS_{name}"]) for name in ("MINIMUM", "MAXIMUM", "MEAN", "STDDEV")]
            assert told == pytest.approx([values.min(), values.max(), values.mean(), values.std()], rel=1e-4)
            assert float(tags["STATISTICS_VALID_PERCENT"]) == pytest.approx(
                100 * values.count() / values.size, rel=1e-4
            )
            assert dataset.stats(indexes=band, approx=False)[0].mean == pytest.approx(told[2], rel=1e-4)
        tags = dataset.tags()
        assert tags["IMAGERY_DIFF_BEFORE"] == "before.tif, 2023-10-20T02:01:33Z"
        assert tags["IMAGERY_DIFF_AOI"] == result.name
    with rasterio.open(path) as dataset, pytest.warns(RasterioDeprecationWarning):
        # GDAL's own call: it writes evidence.tif.aux.xml beside a file that holds none, as QGIS does.
        dataset.statistics(1, approx=False)
    assert [p.name for p in tmp_path.iterdir()] == ["evidence.tif"]


def test_a_band_of_nothing_has_no_statistics():
    assert statistics_tags(np.full((3, 4), NODATA, np.float32)) == {}
