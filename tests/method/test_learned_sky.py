"""What a judge of clouds says of cells of about 10 m lies on the pixels it was said of, by the right flag."""

import numpy as np
import pytest

from imagery_diff.errors import InputError
from imagery_diff.method.learned_sky import flags_of, unfit
from imagery_diff.scene import Flag

NAMES = ("blue", "green", "red", "nir")
SEEN = np.ones((300, 330), bool)


def port(seed=1):
    rng = np.random.default_rng(seed)
    level = np.array([0.06, 0.08, 0.1, 0.2]).reshape(-1, 1, 1)
    return (level * rng.uniform(0.8, 1.2, (4, *SEEN.shape))).astype(np.float32)


class Judge:
    """Says of every cell what it was told to say, and keeps what it was shown."""

    def __init__(self, said=None):
        self.said = said

    def __call__(self, shown):  # noqa: D102 - what the class says
        self.shown = shown
        return np.zeros(shown.shape[1:], np.uint8) if self.said is None else self.said


def test_it_is_shown_red_green_and_near_infrared_as_means_of_nine_metres():
    judge, image = Judge(), port()
    assert not flags_of(judge, image, SEEN, NAMES, 3.0).any()
    means = image[[2, 1, 3]].reshape(3, 100, 3, 110, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(judge.shown, means, rtol=1e-5)
    # Whatever the order of the file.
    flags_of(judge, image[::-1], SEEN, NAMES[::-1], 3.0)
    np.testing.assert_allclose(judge.shown, means, rtol=1e-5)


@pytest.mark.parametrize(
    ("pixel_m", "shape"), [(0.5, (15, 17)), (5.0, (150, 165)), (10.0, (300, 330)), (30.0, (300, 330))]
)
def test_fine_pixels_are_averaged_and_coarse_ones_left_as_they_are(pixel_m, shape):
    judge = Judge()
    flags_of(judge, port(), SEEN, NAMES, pixel_m)
    assert judge.shown.shape == (3, *shape)


def test_what_was_not_seen_is_shown_as_nothing_and_gets_no_flag():
    image, seen = port(), SEEN.copy()
    seen[:90], image[:, :90] = False, 1e9
    judge = Judge(np.ones((100, 110), np.uint8))
    flags = flags_of(judge, image, seen, NAMES, 3.0)
    assert np.isnan(judge.shown[:, :30]).all()
    assert np.isfinite(judge.shown[:, 30:]).all()
    assert not flags[:90].any()
    assert np.all(flags[90:] == Flag.CLOUD)


def test_each_class_is_its_flag_and_lies_where_it_was_told():
    classes = np.zeros((100, 110), np.uint8)
    classes[5:20, 5:20], classes[30:45, 50:70], classes[60:80, 80:100] = 1, 2, 3
    flags = flags_of(Judge(classes), port(), SEEN, NAMES, 3.0)
    for value, flag in ((1, Flag.CLOUD), (2, Flag.HAZE), (3, Flag.SHADOW)):
        assert np.array_equal(flags == flag, np.kron(classes == value, np.ones((3, 3), bool)))


def test_cloud_is_grown_by_its_fade_over_thin_cloud_and_shade_by_its_own():
    image = port()
    rows, cols = np.mgrid[:300, :330]
    away = np.hypot(rows - 100, cols - 100) * 3.0
    cloud = np.clip((240 - away) / 120, 0, 1)
    image += (0.6 - image) * cloud
    shade = np.clip((240 - np.hypot(rows - 100, cols - 230) * 3.0) / 120, 0, 1) * (cols > 175)
    image *= 1 - 0.6 * shade
    classes = np.zeros((100, 110), np.uint8)
    middle = (slice(1, None, 3), slice(1, None, 3))
    classes[(cloud > 0.1)[middle]], classes[(cloud > 0.9)[middle]], classes[(shade > 0.9)[middle]] = 2, 1, 3
    flags = flags_of(Judge(classes), image.astype(np.float32), SEEN, NAMES, 3.0)
    assert ((flags & Flag.CLOUD) != 0)[cloud > 0.5].mean() > 0.95
    assert ((flags & Flag.SHADOW) != 0)[shade > 0.6].mean() > 0.95
    assert not flags[cloud + shade == 0][away[cloud + shade == 0] > 330].any()
    # Under cloud nothing else is told.
    assert np.all(flags[(flags & Flag.CLOUD) != 0] == Flag.CLOUD)


def test_a_class_that_there_is_not_is_refused():
    with pytest.raises(InputError, match="class 4"):
        flags_of(Judge(np.full((100, 110), 4, np.uint8)), port(), SEEN, NAMES, 3.0)


@pytest.mark.parametrize(
    ("shape", "names", "pixel_m", "words"),
    [
        ((600, 600), ("blue", "green", "red"), 3.0, "it needs nir"),
        ((600, 600), ("pan",), 3.0, "it needs red and green and nir"),
        ((600, 600), NAMES, 60.0, "50 m at most"),
        ((600, 280), NAMES, 3.0, "96 x 96 cells of 9 m to tell, and 94 x 200 are shown"),
        ((60, 60), NAMES, 30.0, "96 x 96 cells of 30 m"),
        ((2500, 2500), NAMES, 10.0, "2500 x 2500 cells are more than 6 million"),
        ((288, 288), NAMES, 3.0, ""),
        ((5480, 5480), NAMES, 3.0, ""),
        ((600, 600), ("red", "green", "nir"), 50.0, ""),
    ],
)
def test_what_it_cannot_judge_is_said(shape, names, pixel_m, words):
    assert unfit(shape, names, pixel_m) == words if not words else words in unfit(shape, names, pixel_m)
