"""Where omnicloudmask and its weights are at hand it judges images without a mask, and who judged is always said.

The library is played by a stand-in (tests/conftest.py): thick cloud where red > .5, thin where green > .4, shadow where
near infrared < .02.
"""

import sys

import numpy as np
import pytest

from imagery_diff import compare, look
from imagery_diff.method.sky import find_sky
from imagery_diff.overcast import Judged, with_sky, words_of
from imagery_diff.params import Params
from imagery_diff.read import cloud_model
from imagery_diff.scene import Flag, Level

NAMES = ("blue", "green", "red", "nir", "swir1")
SHAPE = (320, 330)


@pytest.fixture(scope="module")
def image():
    """Ground with a cloud, a veil that only the stand-in tells, a black pond and a snow field; (band, row, col)."""
    rng = np.random.default_rng(4)
    image = np.array([0.06, 0.08, 0.09, 0.22, 0.2]).reshape(-1, 1, 1) * rng.uniform(0.9, 1.1, (5, *SHAPE))
    image[:, 30:120, 30:120] = 0.65
    image[1, 30:90, 200:290] = 0.45
    image[3, 200:260, 30:90] = 0.01
    image[:, 200:290, 200:290] = np.array([0.48, 0.39, 0.45, 0.6, 0.05]).reshape(-1, 1, 1)
    return image.astype(np.float32)


@pytest.fixture
def bare(image, opened):
    return opened(image, names=NAMES, name="a.tif", level=Level.SURFACE)


def judged(info, names=NAMES):
    scene, who = with_sky(info, info.read(), names, Params())
    return scene, who, words_of(info, who, scene)


def built_in(info, names=NAMES):
    scene = info.read()
    return find_sky(scene.data, ~scene.unseen, names, 3.0, info.level).flags


def test_without_the_extra_the_built_in_check_judges_and_says_it(bare, monkeypatch):
    monkeypatch.delenv(cloud_model.VARIABLE)
    monkeypatch.setitem(sys.modules, "omnicloudmask", None)
    scene, who, (words,) = judged(bare)
    assert np.array_equal(scene.flags, built_in(bare))
    assert who == Judged(asked=("cloud", "haze", "shadow", "snow"))
    assert "were judged by their look alone" in words


@pytest.mark.usefixtures("stand_in")
def test_with_weights_it_judges_cloud_haze_and_shadow_and_the_built_in_check_snow(bare):
    scene, who, (words,) = judged(bare)
    assert who.learned.startswith("omnicloudmask 1.8.1, weights 4.0 (sha256 ")
    middles = {Flag.CLOUD: (75, 75), Flag.HAZE: (60, 245), Flag.SHADOW: (230, 60), Flag.SNOW: (245, 245)}
    assert {flag: int(scene.flags[place]) for flag, place in middles.items()} == {flag: flag for flag in middles}
    assert words.startswith(f"a.tif: without a mask cloud, haze and shadow were judged by {who.learned}, snow by its")
    assert "alone" not in words.split(", snow")[0]


def test_without_weights_the_built_in_check_judges_and_why_is_said_once(bare, stand_in):
    (stand_in / cloud_model.WEIGHTS[1].name).unlink()
    scene, _, words = judged(bare)
    assert np.array_equal(scene.flags, built_in(bare))
    assert ["were judged by their look alone" in w for w in words] == [True, False]
    assert words[1].startswith("a.tif: omnicloudmask 1.8.1 was not asked: PM_model_OCM_7.97")
    assert "omnicloudmask" not in sys.modules


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize("failure", [MemoryError(), RuntimeError("broken"), ImportError("no kernel")])
def test_where_it_fails_the_built_in_check_judges_and_it_is_said(bare, failure):
    judged(bare)
    sys.modules["omnicloudmask"].failure.append(failure)
    scene, who, words = judged(bare)
    assert np.array_equal(scene.flags, built_in(bare))
    assert who.learned == ""
    assert words[1].startswith(f"a.tif: omnicloudmask failed ({type(failure).__name__}")


@pytest.mark.usefixtures("stand_in")
def test_what_it_cannot_judge_is_judged_by_the_built_in_check(bare):
    names = ("blue", "green", "red", "rededge", "swir1")
    scene, _, words = judged(bare, names)
    assert words[1] == "a.tif: omnicloudmask 1.8.1 was not asked: it needs nir"
    assert np.array_equal(scene.flags, built_in(bare, names))


@pytest.mark.usefixtures("stand_in")
def test_it_judges_bands_the_built_in_check_cannot(image, opened):
    info = opened(image[[3, 2, 1]], names=("nir", "red", "green"), name="spot.tif", level=Level.SURFACE)
    scene, who, (words,) = judged(info, ("nir", "red", "green"))
    assert scene.flags[75, 75] == Flag.CLOUD
    assert who.asked == ()
    assert "snow" not in words


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize("changes", [{"cloud_masked": True}, {"level": Level.SIGMA0}])
def test_a_mask_that_came_with_the_image_and_radar_leave_it_unasked(image, opened, changes):
    info = opened(image, names=NAMES, **({"level": Level.SURFACE} | changes))
    scene, who, words = judged(info)
    assert not scene.flags.any()
    assert (who, words) == (Judged(), ())
    assert "omnicloudmask" not in sys.modules


@pytest.mark.usefixtures("stand_in")
def test_a_look_at_one_image_says_who_judged(bare):
    caveats = look("-", bare).caveats
    assert sum("judged by omnicloudmask 1.8.1, weights 4.0" in c for c in caveats) == 1
    assert not any("by their look" in c for c in caveats)


@pytest.fixture
def pair(town, opened):
    """Two looks at a port; the second with a veil that only the stand-in tells."""
    looks = [town((330, 340), bands=4) / 8e3, town((330, 340), bands=4) / 8e3]
    looks[1][1, 60:150, 60:150] = 0.45
    return [opened(image, name=f"{k}.tif", level=Level.SURFACE) for k, image in enumerate(looks)]


def test_a_comparison_marks_what_it_judged_and_says_who_judged_each_date(pair, stand_in):
    result = compare("-", *pair)
    assert (result.layers.flags[105, 105] & Flag.HAZE.value) != 0
    told = [c for c in result.caveats if "omnicloudmask 1.8.1, weights 4.0" in c]
    assert [c.split(":")[0] for c in told] == ["0.tif", "1.tif"]
    assert "0% of the ground compared was taken for cloud" in told[0]
    assert not any("its look alone" in c for c in result.caveats)
    (stand_in / cloud_model.WEIGHTS[0].name).unlink()
    why = [c for c in compare("-", *pair).caveats if "omnicloudmask 1.8.1 was not asked" in c]
    assert [c.split(":")[0] for c in why] == ["both images"]
