"""Pictures for pages show delivered pixels, say where they lie, and carry what they must."""

import io

import numpy as np
import pytest
from PIL import Image

from imagery_diff.mark import carries_mark
from imagery_diff.write import pictures as module
from imagery_diff.write.pictures import pictures_of
from tests.write.conftest import make_result


def pixels_of(picture):
    return np.asarray(Image.open(io.BytesIO(picture.content)).convert("RGB"))


def test_the_pixels_are_those_of_the_file_one_for_one():
    result = make_result()
    found = pictures_of(result)
    picture = found.of("before")
    assert picture.delivered
    assert picture.averaged == 1
    # The picture's corner lies on a corner of the file's pixels, moved by half of the shift.
    left = picture.to_grid[4] - result.shift.cols / 2
    top = picture.to_grid[5] - result.shift.rows / 2
    assert (left, top) == pytest.approx((round(left), round(top)), abs=1e-6)
    red = list(result.relative_gain).index("red")
    window = round(top), round(left), (picture.height, picture.width)
    cut = result.before.source.read(*window, (red,)).data[0]
    shown = pixels_of(picture)[..., 0].astype(float)
    inner = (shown > 1) & (shown < 255)
    assert np.corrcoef(cut[inner], shown[inner])[0, 1] > 0.999


def test_a_large_place_is_averaged_in_whole_pixels_and_regions_stay_as_delivered(monkeypatch):
    monkeypatch.setattr(module, "MOST_PIXELS", 2000)
    found = pictures_of(make_result(count=2))
    whole = found.of("after")
    assert whole.averaged >= 2
    assert whole.width * whole.height <= 2000
    close = found.of("after-R1")
    assert close.averaged == 1
    assert abs(close.to_grid[0]) == pytest.approx(1.0)


def test_a_file_that_is_gone_is_shown_from_what_the_comparison_holds(monkeypatch):
    result = make_result()

    def gone(*_):
        raise FileNotFoundError("gone")

    monkeypatch.setattr(result.before.source, "read", gone, raising=False)
    picture = pictures_of(result).of("before")
    assert not picture.delivered
    assert picture.width > 1


def test_rendered_pixels_keep_their_mark_and_real_ones_their_credit():
    rendered = pictures_of(make_result(simulated=True)).of("after")
    assert carries_mark(np.moveaxis(pixels_of(rendered), -1, 0))
    real = pictures_of(make_result()).of("after")
    assert not carries_mark(np.moveaxis(pixels_of(real), -1, 0))
    assert Image.open(io.BytesIO(real.content)).text["Copyright"] == "© Somebody 2023"
