"""Registration: known shifts come back with their sign; nothing is claimed where nothing is seen."""

from dataclasses import replace

import numpy as np
import pytest
import rasterio
from scipy import ndimage
from shapely import box

from imagery_diff import AOI, compare
from imagery_diff.method import coregister
from imagery_diff.method import refine as refine_module
from imagery_diff.method.coregister import ErrorLaw, Shift, Standing, allow_for_standing, estimate_shift
from imagery_diff.method.refine import Local, Refined, Windows, translate
from imagery_diff.method.warp import Warp, estimate_warp

OPTIONS = {"max_shift_px": 20.0, "tile_px": 64, "sample_px": 1_500_000}
CUT = box(340_000, 5_838_000, 344_000, 5_842_000)
PLACES = {
    "planet_sfbay": (np.s_[:, 20:340, 900:1240], (1, 2, 3)),
    "oscd_bercy": (np.s_[:, :240, :240], (2, 3, 4, 8)),
    "oscd_hongkong": (np.s_[:, 200:500, 200:500], (2, 3, 4, 8)),
}


def found(before, after, stable=None, **changes):
    stable = np.ones(before.shape[1:], bool) if stable is None else stable
    shift = estimate_shift(before, after, stable, **(OPTIONS | changes))
    assert shift.reason is None
    return np.array([shift.rows, shift.cols])


def off(found_shift, truth):
    return float(np.abs(found_shift - truth).max())


def noise(shape, seed, size):
    return np.random.default_rng(seed).normal(0, size, shape).astype(np.float32)


@pytest.mark.parametrize("truth", [(0.0, 0.0), (0.37, -0.21), (-0.5, 0.5), (1.3, 2.7), (10.2, -7.6)])
def test_a_known_shift_is_found_to_a_twentieth_of_a_pixel_with_its_sign(town, moved, truth):
    before = town(bands=4, seed=3)
    after = moved(before, *truth)
    assert off(found(before, after), truth) < 0.05


@pytest.mark.parametrize("every", [2, 4])
def test_an_even_part_of_a_large_image_finds_the_same_shift(town, moved, monkeypatch, every):
    monkeypatch.setattr("imagery_diff.method.coregister._PIECE_PX", 64)
    before = town(bands=2, seed=3)
    after = moved(before, 10.2, -7.6)
    part = found(before, after, sample_px=before[0].size // every)
    assert off(part, (10.2, -7.6)) < 0.05
    assert part == pytest.approx(found(before, after), abs=0.02)


@pytest.mark.parametrize("place", list(PLACES))
@pytest.mark.parametrize("truth", [(0.37, -0.21), (-1.45, 0.62)])
def test_real_ground_moved_by_a_known_shift(data_folder, moved, place, truth):
    window, bands = PLACES[place]
    with rasterio.open(data_folder / "pairs" / place / "before.tif") as file:
        before = file.read(bands).astype(np.float32)[window]
    assert off(found(before, moved(before, *truth)), truth) < 0.05


def test_swapping_the_images_gives_the_exact_negative(town, moved):
    before = town(bands=2, seed=4)
    after = moved(before, 0.83, -1.37) * 1.2 + noise(before.shape, 5, 30)
    assert found(before, after) == pytest.approx(-found(after, before), abs=2e-3)


def test_light_and_haze_do_not_move_the_ground(town, moved):
    before = town(bands=4, seed=6)
    gain = np.array([0.6, 0.8, 1.3, 2.0]).reshape(-1, 1, 1)
    haze = np.linspace(0, 400, before.shape[2])
    after = (moved(before, -0.62, 0.44) * gain + 300 + haze).astype(np.float32)
    assert off(found(before, after), (-0.62, 0.44)) < 0.05


def test_noise_does_not_move_the_ground(town, moved):
    before = town((260, 280), bands=4, seed=7)
    spread = float(before.std())
    one, two = (noise(before.shape, seed, 0.1 * spread) for seed in (1, 2))
    assert off(found(before + one, moved(before, 0.31, 0.77) + two), (0.31, 0.77)) < 0.05


def test_water_over_two_thirds_of_the_image_does_no_harm(town, moved):
    land = town((300, 300), bands=4, seed=8)
    after = moved(land, 0.4, -0.6)
    # Water without structure, with the sensor's noise of each date.
    for image in (land, after):
        image[:, :, 105:] = 500
    land, after = land + noise(land.shape, 1, 10), after + noise(after.shape, 2, 10)
    # The shore itself does not move in this picture, so it is left out.
    stable = np.ones(land.shape[1:], bool)
    stable[:, 95:112] = False
    assert off(found(land, after, stable), (0.4, -0.6)) < 0.05


def test_a_masked_cloud_does_no_harm(town, moved):
    before = town(bands=4, seed=9)
    after = moved(before, -0.7, 0.2)
    after[:, 60:130, 40:150] = 9000 + noise((4, 70, 110), 3, 800)
    stable = np.ones(before.shape[1:], bool)
    stable[60:130, 40:150] = False
    assert off(found(before, after, stable), (-0.7, 0.2)) < 0.05


def test_a_quarter_of_real_change_does_no_harm(town, moved):
    before = town(bands=4, seed=10)
    after = moved(before, 0.25, -0.75)
    after[:, :100, :110] = town((100, 110), bands=4, seed=11)
    assert off(found(before, after), (0.25, -0.75)) < 0.05


def test_the_stated_error_is_of_the_size_of_the_error(town, moved):
    errors, stated = [], []
    for seed in range(8):
        before = town((256, 256), bands=2, seed=20 + seed)
        after = moved(before, 0.4, 0.3) + noise(before.shape, seed, 150)
        shift = estimate_shift(before, after, np.ones((256, 256), bool), **OPTIONS)
        errors.append(np.hypot(shift.rows - 0.4, shift.cols - 0.3))
        stated.append(shift.error_px)
        assert shift.windows >= 3
    ratio = np.sqrt(np.mean(np.square(errors))) / np.median(stated)
    assert 0.2 < ratio < 3


@pytest.mark.parametrize(
    ("image", "stable"),
    [
        (np.full((1, 80, 80), 7.0, np.float32), np.ones((80, 80), bool)),
        (np.zeros((3, 80, 80), np.float32), np.ones((80, 80), bool)),
        (noise((1, 80, 80), 1, 5), np.zeros((80, 80), bool)),
        (noise((1, 80, 80), 1, 5), np.arange(6400).reshape(80, 80) < 300),
    ],
    ids=["flat", "zero", "all masked", "hardly anything seen"],
)
def test_nothing_is_measured_where_nothing_can_be(image, stable):
    shift = estimate_shift(image, image.copy(), stable, **OPTIONS)
    assert not shift.measured
    assert shift.reason
    assert (shift.rows, shift.cols, shift.error_px) == (0, 0, None)


def test_a_single_straight_edge_holds_one_direction_only_and_is_not_believed_in_the_other():
    image = np.zeros((1, 120, 120), np.float32)
    image[:, :, 60:] = 1000
    shift = estimate_shift(
        image + noise(image.shape, 1, 2), image + noise(image.shape, 2, 2), np.ones((120, 120), bool), **OPTIONS
    )
    assert not shift.measured or abs(shift.rows) < 1


def test_the_published_shift_of_a_sentinel_2_pair_is_found(data_folder):
    folder = data_folder / "coreg" / "s2a_t33uuu_arosics"
    shift = compare(
        AOI(name="cut", polygon=CUT, crs="EPSG:32633"), folder / "ref_20160608.jp2", folder / "tgt_20160529.jp2"
    ).shift
    # Published: +1.81 rows, -0.64 columns to bring the target back; ours is where the ground lies in the target.
    assert shift.rows == pytest.approx(-1.82, abs=0.15)
    assert shift.cols == pytest.approx(0.6, abs=0.15)


def test_translate_samples_at_x_plus_shift(town, moved):
    image = town()
    out = translate(image[0], np.array([1.25, -0.5]))
    truth = moved(image, -1.25, 0.5)[0]
    inner = np.s_[10:-10, 10:-10]
    assert np.abs(out - truth)[inner].max() < 0.02 * np.ptp(image)


def test_what_is_cut_off_a_translated_image_changes_nothing_of_the_rest(town):
    image = town((60, 50), bands=2, seed=3)
    for shift in ([0.4, -0.3], [2.3, -3.8], [0.0, 6.6]):
        whole = translate(image, np.array(shift))
        np.testing.assert_allclose(translate(image, np.array(shift), 4), whole[:, 4:-4, 4:-4], rtol=1e-5)


def test_images_of_different_places_carry_no_shift(town):
    """The best of chance matches is still chance: nothing is measured, rather than the edge of the search."""
    for seed in range(5):
        before, after = town(seed=seed), town(seed=seed + 100)
        stable = np.ones(before.shape[1:], bool)
        shift = estimate_shift(before, after, stable, max_shift_px=15, tile_px=128, sample_px=1_500_000)
        assert not shift.measured
        assert (shift.rows, shift.cols) == (0, 0)


def test_a_shift_for_speckle_is_one_of_whole_pixels():
    shift = Shift(rows=1.9, cols=-0.44, error_px=0.1, windows=9).in_whole_pixels()
    assert (shift.rows, shift.cols, shift.error_px) == (2.0, 0.0, 0.1)


def off_by_band(image, moved, own, truth):
    """Move every band by the shift and its own offset."""
    return np.concatenate([moved(image[[k]], truth[0] + r, truth[1] + c) for k, (r, c) in enumerate(own)])


def test_bands_count_alike_however_strong_their_edges_are(town, moved):
    before = town((260, 280), bands=4, seed=31)
    own = [(0.2, -0.1), (-0.1, 0.2), (0.1, -0.3), (-0.2, 0.2)]
    after = off_by_band(before, moved, own, (0.4, -0.3))
    for weak in (before, after):
        weak[:3] *= 0.05
    shift = estimate_shift(before, after, np.ones(before.shape[1:], bool), **OPTIONS)
    assert off(np.array([shift.rows, shift.cols]), (0.4, -0.3)) < 0.02
    assert np.array(shift.bands) == pytest.approx(np.array(own), abs=0.02)


def test_a_band_that_lies_a_pixel_from_the_others_counts_where_its_windows_agree_on_it(town, moved):
    before = town((260, 280), bands=4, seed=33)
    own = [(1.05, 0.0), (-0.35, 0.1), (-0.3, 0.0), (-0.4, -0.1)]
    after = off_by_band(before, moved, own, (0.2, -0.3))
    shift = estimate_shift(before, after, np.ones(before.shape[1:], bool), **OPTIONS)
    assert off(np.array([shift.rows, shift.cols]), (0.2, -0.3)) < 0.02


@pytest.mark.parametrize(
    ("scatter", "taken", "asked", "shady"),
    [
        ((0.01, 0.001), 0, 1, "never"),
        ((0.2, 0.05), 1, 2, "never"),
        ((0.05, 0.2), 0, 2, "never"),
        ((None, 0.3), 1, 2, "never"),
        ((0.2, 0.3, 0.1, 0.06), 2, 4, "both"),
        ((0.2, 0.3, None, 0.01), 3, 4, "both"),
        ((0.2, 0.02, 0.01), 1, 2, "both"),
        # What is shade on one date only, on all the ground: solved once, and counted as less sure.
        ((0.2, 0.3, 0.06), 2, 3, "once"),
        ((0.2, 0.3, 0.1), 0, 3, "once"),
    ],
)
def test_where_windows_leave_the_shift_unsure_the_surest_of_cuts_and_shades_is_taken(
    monkeypatch, scatter, taken, asked, shady
):
    tried = []

    def solve(windows, _start, cut):
        size = scatter[len(tried)]
        tried.append(cut / 1e3 + len(tried) / 1e2)
        whole.append(shady != "never" and not windows.shade.any())
        influence = np.array([[size, 0.0], [-size, 0.0], [0.0, 0.0]]) if size else None
        took = np.ones(3, bool)
        return size and Refined(shift=np.full(2, tried[-1]), bands=np.zeros((1, 2)), influence=influence, took=took)

    whole = []
    monkeypatch.setattr(refine_module, "_solve", solve)
    seen = np.ones((2, 64, 64), bool)
    shade = np.eye(64, dtype=bool)[None] & seen & (shady != "never")
    images = np.zeros((1, 2, 74, 74), np.float32)
    windows = Windows(
        before=images,
        after=images,
        seen=seen,
        shade=shade,
        shade_of_both=shade & (shady == "both"),
        corners=np.zeros((2, 2), int),
    )
    found = refine_module.refine(windows, np.zeros(2))
    assert len(tried) == asked
    assert found.shift[0] == tried[taken]
    # What holds but with shadows among it counts as less sure than it looks.
    assert np.abs(found.influence).max() == pytest.approx(scatter[taken] * (2.5 if whole[taken] else 1))


def sheds(shape, height_px, sun):
    """Return roofs on even ground with the shadows they cast along ``sun``, (rows, cols) per pixel of height."""
    rng = np.random.default_rng(7)
    ground = np.full([4 * n for n in shape], 600.0)
    ground += 60 * ndimage.gaussian_filter(rng.standard_normal(ground.shape), 6) * 12
    lit = ground.copy()
    for _ in range(90):
        row, col = (int(rng.uniform(0, n - 60)) for n in ground.shape)
        tall, wide = (int(v) for v in rng.uniform(20, 50, 2))
        for step in np.arange(0, 4 * height_px, 0.5):
            r, c = (round(at + step * by) for at, by in zip((row, col), sun, strict=True))
            lit[max(r, 0) : r + tall, max(c, 0) : c + wide] = 160
        lit[row : row + tall, col : col + wide] = rng.uniform(400, 1100)
    seen = ndimage.gaussian_filter(lit, 4.5)
    return seen.reshape(shape[0], 4, shape[1], 4).mean(axis=(1, 3))[None].astype(np.float32)


def test_shadows_that_moved_by_a_part_of_a_pixel_do_not_move_the_ground(moved):
    before = sheds((300, 300), 4.0, (0.9, 0.5))
    after = moved(sheds((300, 300), 4.0, (0.95, 0.55)), 0.3, -0.2)
    off = [np.hypot(*(found(before, after, shade_px=narrow) - [0.3, -0.2])) for narrow in (1, 7)]
    assert off[1] < 0.012
    assert off[1] < 0.7 * off[0]


@pytest.mark.parametrize("sigma", [1.3, 1.6])
def test_blur_of_one_image_does_not_move_the_ground(moved, sigma):
    before = sheds((300, 300), 2.0, (0.9, 0.5))
    after = moved(before, 0.3, -0.2)
    soft = ndimage.gaussian_filter(after, (0, sigma, sigma))
    shift = estimate_shift(before, soft, np.ones(soft.shape[1:], bool), shade_px=7, **OPTIONS)
    assert np.hypot(shift.rows - 0.3, shift.cols + 0.2) < 0.02
    assert shift.blur_px == pytest.approx(sigma, rel=0.15)


def test_open_water_around_a_small_pier_neither_holds_the_start_nor_makes_the_error_small(town, moved):
    errors, stated = [], []
    for seed in range(6):
        land = town((220, 220), bands=4, seed=40 + seed)
        after = moved(land, 0.9, -0.8)
        for image in (land, after):
            image[:, :150] = image[:, :, 120:] = 300
        # The pier's own rim does not move in this picture.
        stable = np.ones(land.shape[1:], bool)
        stable[140:160, :130] = stable[140:, 110:130] = False
        one, two = (noise(land.shape, n, 60) for n in (seed, seed + 50))
        shift = estimate_shift(land + one, after + two, stable, **OPTIONS)
        errors.append(np.hypot(shift.rows - 0.9, shift.cols + 0.8))
        stated.append(shift.error_px)
    assert max(errors) < 0.1
    assert 0.2 < np.sqrt(np.mean(np.square(errors))) / np.median(stated) < 3


def warped(image, field):
    """Show at x + field what the image shows at x, as far as a field of half a pixel is its own inverse."""
    rows, cols = np.mgrid[: image.shape[1], : image.shape[2]].astype(float)
    at = [rows - field[0], cols - field[1]]
    return np.stack([ndimage.map_coordinates(band, at, order=3, mode="nearest") for band in image])


def smooth_field(shape, *, quadratic, rms):
    """(2, row, col): a plane, or a plane and a bowl, of mean 0."""
    row, col = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij")
    field = np.stack([row + 0.5 * col, 0.3 * row - col])
    if quadratic:
        field += np.stack([col * col, 1.2 * row * col - row * row])
    field -= field.mean(axis=(1, 2), keepdims=True)
    return field * rms / np.sqrt((field**2).sum(axis=0).mean())


@pytest.mark.parametrize("quadratic", [False, True])
def test_a_smooth_warp_of_four_tenths_is_found_to_one_and_swaps_its_sign(town, quadratic):
    before = town((400, 400), bands=2, seed=50)
    field = smooth_field((400, 400), quadratic=quadratic, rms=0.4)
    after = warped(before, field) + noise(before.shape, 1, 30)
    stable = np.ones((400, 400), bool)
    shift = estimate_shift(before, after, stable, **OPTIONS)
    assert shift.warp is not None
    assert "held-out" in shift.why
    found_field = shift.warp.over((400, 400)) + np.array([shift.rows, shift.cols])[:, None, None]
    left = (found_field - field)[:, 20:-20, 20:-20]
    assert np.sqrt((left**2).sum(axis=0).mean()) < 0.1
    back = estimate_shift(after, before, stable, **OPTIONS)
    assert back.warp is not None
    swapped = back.warp.over((400, 400)) + np.array([back.rows, back.cols])[:, None, None]
    assert np.abs(found_field + swapped)[:, 20:-20, 20:-20].max() < 0.02


def test_no_field_is_fitted_to_what_windows_agree_on_or_to_noise(town, moved):
    before = town((320, 320), bands=2, seed=51)
    calm = estimate_shift(before, moved(before, 0.3, 0.4), np.ones((320, 320), bool), **OPTIONS)
    assert calm.warp is None
    assert "agree" in calm.why
    rng = np.random.default_rng(3)
    place = np.stack(np.meshgrid(np.arange(32, 320, 64), np.arange(32, 320, 64)), -1).reshape(-1, 2).astype(float)
    scattered = Local(shift=rng.normal(0, 0.5, (len(place), 2)), variance=np.full(len(place), 0.01), place=place)
    warp, why = estimate_warp(scattered, (320, 320))
    assert warp is None
    assert "no field predicts" in why


@pytest.mark.parametrize(("left_px", "believed"), [(0.1, True), (0.56, False)])
def test_a_field_that_leaves_windows_far_off_is_not_believed_but_the_shift_is_as_unsure(
    town, moved, monkeypatch, left_px, believed
):
    before = town((320, 320), bands=2, seed=51)
    field = Warp(model="affine", why="so", nodes=np.zeros((2, 2, 2)), spread_px=0.9, left_px=left_px)
    monkeypatch.setattr(coregister, "_find_warp", lambda *_: (field, "so"))
    shift = estimate_shift(before, moved(before, 0.3, 0.4), np.ones((320, 320), bool), **OPTIONS)
    assert (shift.warp is field) == believed
    assert shift.error_px == left_px
    assert ("the translation stands" in shift.why) != believed


def test_what_leans_is_put_back_and_sun_view_and_blur_widen_the_stated_error():
    law = ErrorLaw(scatter=1.0, floor_px=0.01, shadow_m=0.1, lean_m=0.5, lean_spread_m=0.3, blur=0.02, interval=2.0)
    shift = Shift(rows=1.0, cols=2.0, error_px=0.02, windows=9)
    still = allow_for_standing(shift, Standing(shadow=(0.0, 0.0), lean=(0.0, 0.0)), law)
    assert (still.rows, still.cols) == (1.0, 2.0)
    assert still.error_px == pytest.approx(np.hypot(0.02, 0.01 * np.sqrt(2)))
    assert still.interval_px == pytest.approx(2 * still.error_px)
    leaning = allow_for_standing(shift, Standing(shadow=(0.0, 0.0), lean=(0.2, -0.1)), law)
    assert (leaning.rows, leaning.cols) == pytest.approx((0.9, 2.05))
    sunny = allow_for_standing(shift, Standing(shadow=(0.3, 0.4), lean=(0.0, 0.0)), law)
    assert leaning.error_px > still.error_px
    assert sunny.error_px == pytest.approx(np.sqrt(still.error_px**2 + 0.05**2))
    soft = allow_for_standing(replace(shift, blur_px=1.5), Standing(shadow=(0.0, 0.0), lean=(0.0, 0.0)), law)
    assert (soft.rows, soft.cols) == (1.0, 2.0)
    assert soft.error_px == pytest.approx(np.sqrt(still.error_px**2 + 2 * 0.03**2))
