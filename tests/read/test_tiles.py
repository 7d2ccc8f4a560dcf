"""Tiles beside each other, and over each other, as one image."""

import numpy as np
import pytest
from affine import Affine

from imagery_diff.errors import InputError
from imagery_diff.grid import Grid
from imagery_diff.read.assets import Asset
from imagery_diff.read.raster import RasterSource
from imagery_diff.read.tiles import Place, Tile, TiledSource, lay_out
from imagery_diff.scene import Flag

GRID = Grid(crs="EPSG:32652", transform=Affine(3, 0, 605_001, 0, -3, 4_676_998), shape=(20, 30))


@pytest.fixture
def tile(write_image):
    """Return a maker of tiles of one value, at a place of the image; some rows of it without data."""

    def make(value, row, col, shape=(20, 20), empty=slice(0, 0)):
        data = np.full((1, *shape), value, np.uint16)
        data[:, empty] = 0
        corner = Affine(3, 0, 605_001 + 3 * col, 0, -3, 4_676_998 - 3 * row)
        path = write_image(f"t{value}.tif", data, transform=corner)
        source = RasterSource(asset=Asset.of(path), indexes=(1,), nodata=0)
        return Tile(source=source, row=row, col=col, shape=shape)

    return make


def test_where_tiles_overlap_the_first_is_taken_and_the_second_fills_what_it_did_not_see(tile):
    source = TiledSource(tiles=(tile(100, 0, 0, empty=slice(0, 5)), tile(200, 0, 10)), grid=GRID)
    scene = source.read(0, 0, (20, 30), (0,))
    assert (scene.data[0, 5:, :20] == 100).all()
    assert (scene.data[0, :, 20:] == 200).all()
    assert (scene.data[0, :5, 10:20] == 200).all()
    assert (scene.flags[:5, :10] == Flag.NODATA).all()
    assert np.count_nonzero(scene.flags) == 50


def test_a_window_without_a_tile_was_not_seen(tile):
    source = TiledSource(tiles=(tile(100, 0, 0, (5, 5)),), grid=GRID)
    scene = source.read(10, 10, (4, 6), (0,))
    assert (scene.flags == Flag.NODATA).all()
    assert scene.grid == GRID.window(10, 10, (4, 6))


def test_tiles_without_georeference_lie_where_the_index_says(write_image):
    asset = Asset.of(write_image("x.tif", np.ones((1, 20, 30), np.uint16), crs=None))
    places = [Place(asset=asset, row=0, col=0)]
    assert lay_out(asset, places, None, GRID)[0] == GRID
    grid, tiles = lay_out(asset, places, None)
    assert (grid.crs, grid.shape) == (None, (20, 30))
    assert tiles == [(places[0], (20, 30))]


def test_an_image_of_absurd_size_is_refused(write_image):
    asset = Asset.of(write_image("x.tif", np.ones((1, 20, 30), np.uint16)))
    with pytest.raises(InputError, match="more than 200000 a side"):
        lay_out(asset, [Place(asset=asset, row=0, col=0)], (10**9, 10))
