"""Traits of a thing: each measures what its name says, on drawn things of known size, height and paint."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from imagery_diff.method.class_traits import REACH_HEIGHT_M, Cut, Numbers, angle_deg, measure, of_fits, without_shade
from imagery_diff.method.silhouette import Fitted, Silhouette

NAMES = ("blue", "green", "red", "nir")
CONCRETE, BLUE, COAL = (0.15, 0.18, 0.20, 0.25), (0.20, 0.12, 0.07, 0.13), (0.035, 0.036, 0.038, 0.048)
SUN = (-14.0, 3.0)
"""(rows, cols) by which the shadow of 12 m reaches: a low sun."""
ROWS, COLS = slice(40, 52), slice(30, 60)


def drawn(paint=BLUE, *, height_m=0.0, bare=CONCRETE, where=None, noise=0.004, sun=SUN):
    """Return a thing drawn sharp, with its shadow, and blurred as an image is."""
    rng = np.random.default_rng(3)
    mask = np.zeros((90, 90), bool)
    mask[ROWS, COLS] = True
    mask = mask if where is None else where
    ground = np.array(bare)[:, None, None] * np.ones((4, 90, 90))
    steps = [np.asarray(sun) * height_m / REACH_HEIGHT_M * f for f in np.linspace(0, 1, 30)]
    shade = np.max([ndimage.shift(mask.astype(float), step, order=1) for step in steps], axis=0) * (height_m > 0)
    with_it = np.where(mask, np.array(paint)[:, None, None], ground * (1 - 0.72 * shade))
    images = [
        np.stack([ndimage.gaussian_filter(b, 1.0) for b in i]) + rng.normal(0, noise, i.shape)
        for i in (with_it, ground)
    ]
    dry = np.zeros(mask.shape, bool)
    return Cut(
        mask=mask,
        stood=images[0].astype(np.float32),
        bare=images[1].astype(np.float32),
        water=(dry, dry),
        seen=~dry,
        changed=mask,
        shadow_px=(sun, sun),
        names=NAMES,
        pixel_m=3.0,
    )


def traits(cut):
    return measure(cut, Numbers.of_mask(cut.mask, cut.pixel_m))


def test_sides_and_direction_are_those_of_the_pixels():
    numbers = Numbers.of_mask(drawn().mask, 3.0)
    assert (numbers.length_m, numbers.width_m, numbers.area_m2) == pytest.approx((90, 36, 3240))
    assert numbers.orientation_deg == pytest.approx(90)


@pytest.mark.parametrize("height_m", [2.6, 5.2, 7.8, 11.0])
def test_the_height_is_that_whose_shadow_lies_there(height_m):
    told = traits(drawn(height_m=height_m))
    assert 4 * told["height"] == pytest.approx(height_m, abs=1.9)
    assert told["shade"] > 0.5


def test_what_is_flat_throws_no_shade_and_a_roof_threw_one_before():
    flat = traits(drawn())
    assert flat["shade"] < 0.2
    shed = drawn(height_m=7.8)
    repainted = traits(replace(shed, bare=drawn((0.3, 0.3, 0.3, 0.3), height_m=7.8).stood))
    assert repainted["shade_without"] > 0.5 > flat["shade_without"]
    assert repainted["edge_before_it"] > 0.25 > flat["edge_before_it"]


def test_a_shadow_that_was_left_with_its_thing_is_taken_off_and_a_heap_of_coal_stays_whole():
    cut = drawn(height_m=9.0)
    both = replace(cut, mask=ndimage.binary_dilation(cut.mask) | (cut.stood[2] < 0.6 * cut.bare[2]))
    lit, numbers = without_shade(both, Numbers.of_mask(both.mask, 3.0))
    assert np.mean(lit.mask[cut.mask]) > 0.9
    assert numbers.width_m == pytest.approx(36, abs=9)
    assert Numbers.of_mask(both.mask, 3.0).width_m > 50
    coal = drawn(COAL)
    assert without_shade(coal, Numbers.of_mask(coal.mask, 3.0))[0] is coal


def test_paint_is_told_apart_from_the_ground_that_shows_between():
    told = traits(drawn())
    assert told["level"] == pytest.approx(np.mean(np.log(BLUE[:3])) + 2, abs=0.15)
    assert told["red_blue"] == pytest.approx(np.log(BLUE[2] / BLUE[0]), abs=0.2)


def test_boxes_have_corners_and_ovals_have_none():
    rows, cols = np.indices((90, 90))
    oval = ((rows - 45) / 9) ** 2 + ((cols - 45) / 18) ** 2 < 1
    assert traits(drawn())["corners"] > 0.8
    assert traits(drawn(where=oval))["corners"] < 0.3


def test_many_paints_are_uneven_and_one_is_not():
    one = drawn()
    rng = np.random.default_rng(1)
    blocks = np.kron(rng.normal(1, 0.3, (30, 30)), np.ones((3, 3)))
    many = replace(one, stood=np.where(one.mask, one.stood * blocks, one.stood).astype(np.float32))
    for name in ("unlike_one_paint", "fine", "uneven"):
        assert traits(many)[name] > traits(one)[name] + 0.1


def test_on_the_other_date_open_water_is_where_it_floats():
    cut = drawn()
    wet = np.ones(cut.mask.shape, bool)
    afloat = replace(cut, water=(~cut.mask, wet))
    assert (traits(afloat)["afloat"], traits(cut)["afloat"]) == (1.0, 0.0)


def test_numbers_are_finite_without_sun_without_water_and_for_the_smallest_thing():
    small = np.zeros((90, 90), bool)
    small[40:42, 40:43] = True
    for cut in (replace(drawn(), shadow_px=None, water=None), drawn(where=small), drawn(COAL, bare=(0.0,) * 4)):
        assert np.isfinite(list(traits(cut).values())).all()


def test_the_spectral_angle_is_of_hue_and_not_of_brightness():
    assert angle_deg(np.array(BLUE), 3 * np.array(BLUE)) == pytest.approx(0, abs=1e-4)
    assert angle_deg(np.array(BLUE), np.array(CONCRETE)) > 20


def test_without_fitted_silhouettes_their_traits_are_nought_and_finite_with_them():
    assert set(of_fits({}, 3.0).values()) == {0.0}
    box = Fitted(
        centre=(0.0, 0.0),
        azimuth=0.0,
        length_px=20.0,
        width_px=5.0,
        height_m=7.8,
        length_sd_px=0.1,
        height_sd_m=0.3,
        shade=0.9,
        pieces_apart=0.4,
        misfit=0.0,
    )
    oval = replace(box, height_m=None, height_sd_m=None, shade=0.0, misfit=0.3)
    told = of_fits({Silhouette.BOX: box, Silhouette.OVAL: oval}, 3.0)
    assert told["oval_less"] > 0
    assert told["box_height"] == 7.8
    assert told["box_width"] == pytest.approx(np.log(15.0))
    unsure = of_fits({Silhouette.BOX: replace(box, shade=0.1), Silhouette.OVAL: oval}, 3.0)
    assert (unsure["box_height"], unsure["box_height_seen"]) == (0.0, 0.0)
