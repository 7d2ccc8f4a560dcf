"""evidence.tif is cloud-optimised by the judgement of rio-cogeo, which is not ours; nothing is written beside it."""

import numpy as np
import pytest
import rasterio
from rasterio.enums import Resampling
from rio_cogeo import cog_validate

from imagery_diff.write.cog import evidence_tif
from tests.write.conftest import make_result

SHAPES = [
    (90, 120),
    (512, 512),
    (513, 512),
    (1300, 512),
    (512, 1300),
    (1300, 1024),
    (2100, 1023),
    (1600, 768),
    (700, 300),
    (1300, 1100),
    (520, 2100),
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_evidence_of_any_size_is_a_valid_cog_without_a_warning(shape, tmp_path):
    path = tmp_path / "evidence.tif"
    path.write_bytes(evidence_tif(make_result(shape=shape, count=0)))
    assert cog_validate(path, strict=True) == (True, [], [])
    with rasterio.open(path) as dataset:
        assert all(dataset.tags(band)["STATISTICS_MEAN"] for band in dataset.indexes)
    assert [p.name for p in tmp_path.iterdir()] == ["evidence.tif"]


@pytest.mark.parametrize("fault", ["no overviews", "overviews at the end", "strips"])
def test_the_validator_would_find_what_is_not_cloud_optimised(fault, tmp_path):
    path = tmp_path / "plain.tif"
    profile = {"driver": "GTiff", "count": 1, "height": 1300, "width": 1100, "dtype": "float32"}
    if fault != "strips":
        profile |= {"tiled": True, "blockxsize": 512, "blockysize": 512}
    profile |= {"crs": "EPSG:32652", "transform": make_result().grid.transform}
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(np.ones((1, 1300, 1100), np.float32))
    if fault == "overviews at the end":
        with rasterio.open(path, "r+") as dataset:
            dataset.build_overviews([2, 4], Resampling.nearest)
    assert not cog_validate(path, strict=True)[0]
