"""agreement.png: every pixel of the label is told as what it is."""

import io

import numpy as np
import pytest
from PIL import Image

from imagery_diff.write.agreement import CLASSES, agreement_png, grey, outcome
from tests.write.conftest import make_result


def test_each_pixel_is_one_of_five():
    called = np.array([[True, True, False, False, True, False]])
    label = np.array([[1, 0, 1, 0, 255, 255]], np.uint8)
    assert outcome(called, label).tolist() == [[0, 1, 2, 3, 4, 4]]
    assert [name for name, _ in CLASSES] == ["hit", "flagged in vain", "missed", "neither", "not counted"]


def test_a_higher_score_is_never_darker():
    shade = grey(np.linspace(0, 9, 50, dtype=np.float32)[None])
    assert (np.diff(shade[0, :, 0]) >= 0).all()
    assert (shade.min(), shade.max()) == (0, 1)


@pytest.mark.parametrize("shape", [(40, 60), (30, 2500), (300, 20)])
def test_the_picture_shows_the_classes_and_says_who_took_it_not(shape):
    label = np.zeros(shape, np.uint8)
    label[:, : shape[1] // 2] = 1
    called = np.zeros(shape, bool)
    called[: shape[0] // 2] = True
    png = agreement_png(make_result(simulated=True), np.ones(shape, np.float32), called, label)
    image = Image.open(io.BytesIO(png))
    assert image.text["IMAGERY_DIFF_PRODUCT"] == "agreement"
    assert "RENDERED" in image.text["IMAGERY_DIFF_RENDERED"]
    seen = {tuple(colour) for _, colour in image.getcolors(1 << 20)}
    for _, colour in CLASSES[:3]:
        assert any(np.allclose(np.array(s) / 255, colour, atol=0.005) for s in seen)
    assert image.width < 2500
