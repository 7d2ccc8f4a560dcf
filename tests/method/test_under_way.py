"""A vessel that moved between the bands of one image is under way; what lies still is not, whatever its colours."""

import re

import numpy as np
import pytest
from scipy import ndimage

from imagery_diff import compare, look, samples
from imagery_diff.method.under_way import course_of, standing_shifts
from imagery_diff.write import comparison_table, summary

NAMES = ("blue", "green", "red", "nir")
WATER = (0.06, 0.07, 0.045, 0.02)
WINDOW = (slice(60, 70), slice(60, 110))
STILL = np.zeros((4, 2))


def scene(step=(0.0, 0.0), *, seed=1, colours=(0.15, 0.15, 0.15, 0.15), bridge=0.1, noise=0.001):
    """Return a ship 40 pixels long whose bands each lie a step further, after a point spread and with noise."""
    rng = np.random.default_rng(seed)
    image = np.empty((4, 130, 170))
    for k, level in enumerate(WATER):
        fine = np.zeros((130 * 4, 170 * 4))
        rows = slice(round(4 * (62 + k * step[0])), round(4 * (68 + k * step[0])))
        fine[rows, round(4 * (65 + k * step[1])) : round(4 * (105 + k * step[1]))] = colours[k]
        fine[rows, round(4 * (65 + k * step[1])) : round(4 * (71 + k * step[1]))] += bridge
        coarse = ndimage.gaussian_filter(fine, 4).reshape(130, 4, 170, 4).mean(axis=(1, 3))
        image[k] = level + coarse
    return (image + rng.normal(0, noise, image.shape)).astype(np.float32)


def course(image, standing=STILL):
    mask = np.zeros((130, 170), bool)
    mask[61:69, 63:108] = True
    return course_of(image, mask[WINDOW], WINDOW, standing, NAMES)


@pytest.mark.parametrize("per_band", [0.5, 1.0, -1.5])
def test_a_ship_that_moved_along_its_length_between_bands_is_under_way(per_band):
    found = course(scene((0.0, per_band)))
    assert found.shift_px == pytest.approx(3 * abs(per_band), abs=0.4)
    assert set(found.bands) == {"blue", "nir"}


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("colours", [(0.15, 0.15, 0.15, 0.15), (0.01, 0.02, 0.2, 0.2), (0.2, 0.1, 0.0, 0.05)])
def test_a_ship_that_lies_still_is_not_whatever_the_colours_of_its_deck_and_bridge(seed, colours):
    assert course(scene(seed=seed, colours=colours, bridge=0.15)) is None


def test_what_the_bands_of_the_image_do_themselves_is_no_course():
    moved = np.array([[0.0, k * 1.0] for k in range(4)])
    assert course(scene((0.0, 1.0)), moved) is None


def test_a_shift_across_its_length_is_none_a_vessel_makes():
    assert course(scene((0.7, 0.0))) is None


def test_noise_and_empty_water_have_no_course():
    assert course(scene(colours=(0, 0, 0, 0), bridge=0.0)) is None
    assert course(scene((0.0, 1.0), noise=0.2)) is None


def test_how_the_bands_lie_on_standing_ground_is_measured(town, moved):
    base = town((200, 240), bands=1, seed=5)[0]
    image = np.stack([moved(base[None], 0.0, 0.6 * k)[0] for k in range(3)])
    found = standing_shifts(image, np.ones(base.shape, bool))
    assert np.allclose(found, [[0, 0], [0, 0.6], [0, 1.2]], atol=0.1)
    assert not standing_shifts(image, np.zeros(base.shape, bool)).any()


@pytest.fixture
def arrival(opened):
    """Return a comparison in which a ship comes that its bands show a step apart."""

    def make(step):
        rng = np.random.default_rng(9)
        before, after = scene(colours=(0, 0, 0, 0), bridge=0.0, seed=7), scene((0.0, step), seed=8)
        land = ndimage.gaussian_filter(rng.uniform(0.1, 0.4, (130, 60)), 1.2)
        for image in (before, after):
            image[:, :, :50] = np.array([1, 1.1, 1.2, 1.5])[:, None, None] * land[None, :, :50]
        return compare("-", *(opened(i, name=f"{k}.tif") for k, i in enumerate((before, after))))

    return make


def test_in_a_comparison_it_is_told_under_way_and_its_length_is_null(arrival):
    result = arrival(1.0)
    (region,) = [r for r in result.regions if r.activity == "vessel"]
    assert region.under_way
    told = next(r for r in summary(result)["regions"] if r["id"] == region.id)
    assert told["length_m"] is None
    assert any("under way" in w for w in told["why"])
    assert "its length is not told" in told["description"]
    assert "under way" in comparison_table(result)


def test_a_ship_that_lies_still_keeps_its_length(arrival):
    (region,) = [r for r in arrival(0.0).regions if r.activity == "vessel"]
    assert not region.under_way


@pytest.mark.parametrize("apart", [0.0, 0.5])
def test_how_far_the_bands_of_each_scene_lie_apart_is_told(town, moved, opened, apart):
    base = town((200, 240), bands=1, seed=5)[0]
    image = np.stack([moved(base[None], 0.0, apart * k)[0] for k in range(4)])
    looks = [opened(image + k, name=f"{k}.tif") for k in (0, 1)]
    result = compare("-", *looks)
    notes = [[n for n in info.notes if "bands lie" in n] for info in (result.before, result.after)]
    told = [float(re.search(r"lie ([\d.]+) pixels apart", *note)[1]) for note in notes]
    assert told == pytest.approx([3 * apart] * 2, abs=0.15)
    assert any("bands lie" in n for n in look("-", looks[0]).image.notes)


def test_no_rendered_ship_is_under_way():
    """The samples' bands are taken at once."""
    result = compare("najin", *samples.pair("ship_arrives"))
    assert any(r.activity == "vessel" for r in result.regions)
    assert not any(r.under_way for r in result.regions)
