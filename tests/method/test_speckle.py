"""Radar: recognised by its speckle, silent where nothing changed, and right where something did."""

import numpy as np
import pytest
import rasterio
from scipy import ndimage, stats

from imagery_diff import open_scene, samples
from imagery_diff.method import speckle
from imagery_diff.method.regions import Direction, Patch, direction_of_bright
from imagery_diff.method.speckle import Scaling
from imagery_diff.synthetic.radar import SCALINGS, Speckled, backscatter, speckled_pair
from imagery_diff.synthetic.radar import speckle as draw_speckle

SHAPE = (200, 200)
SEEN = np.ones(SHAPE, bool)
AMPLITUDE = speckle.Radar(scaling=Scaling.MULTIPLICATIVE, reason="told", exponent=1.0, named=True)


def unchanged(seed, radar, shape=SHAPE):
    rng = np.random.default_rng(seed)
    place = backscatter(rng, shape)
    return tuple(x[None] for x in speckled_pair(rng, place, place, radar))


def even(seed, radar, shape=SHAPE):
    rng = np.random.default_rng(seed)
    return tuple(x[None] for x in speckled_pair(rng, np.ones(shape), np.ones(shape), radar))


@pytest.mark.parametrize("scaling", ["amplitude", "8-bit amplitude", "intensity", "decibels"])
@pytest.mark.parametrize("looks", [1, 4])
def test_speckle_is_recognised_without_a_name_whatever_the_scaling(scaling, looks):
    pair = unchanged(1, Speckled(looks=looks, scaling=scaling))
    found = speckle.recognise(*pair, SEEN, ("band1",))
    assert found is not None
    assert not found.named
    assert found.scaling == (Scaling.DECIBEL if scaling == "decibels" else Scaling.MULTIPLICATIVE)


def test_a_stretched_logarithm_is_told_by_noise_that_does_not_grow_with_brightness():
    pair = unchanged(2, Speckled(looks=1, scaling="8-bit logarithm"))
    assert speckle.recognise(*pair, SEEN, ("vv",)).scaling == Scaling.LOGARITHMIC


def test_calm_ground_and_shared_texture_are_no_radar():
    rng = np.random.default_rng(3)
    noise = rng.normal(size=(2, 1, *SHAPE))
    calm = 100 + 5 * noise
    texture = 100 * np.exp(0.3 * rng.normal(size=(1, *SHAPE)))
    assert speckle.recognise(*calm.astype(np.float32), SEEN, ("band1",)) is None
    assert speckle.recognise(*(texture + 5 * noise).astype(np.float32), SEEN, ("band1",)) is None


@pytest.mark.parametrize("names", [("nir",), ("red", "green", "blue"), ("pan",), ("band1", "band2", "band3")])
def test_bands_of_light_are_never_asked(names):
    pair = np.repeat(np.concatenate(unchanged(1, Speckled(looks=1)))[:, None], len(names), axis=1)
    assert speckle.recognise(*pair, SEEN, names) is None


@pytest.mark.parametrize("names", [("vv",), ("vv", "vh"), ("sigma0_vv",), ("hh", "hv"), ("amplitude",)])
def test_names_of_polarisations_say_radar(names):
    pair = np.repeat(np.concatenate(unchanged(1, Speckled(looks=30)))[:, None], len(names), axis=1)
    assert speckle.recognise(*pair, SEEN, names).named


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_no_optical_band_of_the_real_pairs_is_taken_for_radar_and_every_radar_pair_is(data_folder):
    for folder in sorted(p for p in (data_folder / "pairs").iterdir() if p.is_dir()):
        with rasterio.open(folder / "before.tif") as first, rasterio.open(folder / "after.tif") as second:
            count = min(first.count, second.count)
            shape = np.minimum(first.shape, second.shape).clip(max=400)
            window = rasterio.windows.Window(0, 0, int(shape[1]), int(shape[0]))
            before, after = (d.read(window=window).astype(np.float32) for d in (first, second))
        for i in range(count):
            seen = np.isfinite(before[i]) & np.isfinite(after[i])
            taken = speckle.recognise(before[i : i + 1], after[i : i + 1], seen, ("band1",)) is not None
            assert taken == folder.name.startswith("sar_"), f"{folder.name} band {i}"


@pytest.mark.parametrize("name", ["quiet", "departure", "train_leaves"])
def test_no_rendered_panchromatic_pair_is_taken_for_radar(name):
    pair = [open_scene(path).read() for path in samples.pair(name)]
    seen = ~(pair[0].unseen | pair[1].unseen)
    for bands in (slice(0, 3), slice(3, 4), slice(0, 4)):
        pan = [scene.data[bands].mean(axis=0, keepdims=True) for scene in pair]
        assert speckle.recognise(*pan, seen, ("band1",)) is None


@pytest.mark.parametrize("looks", [1, 3, 10])
def test_looks_are_measured_from_the_pair(looks):
    pair = even(4, Speckled(looks=looks, point_spread_px=0))
    model = speckle.estimate_speckle(*pair, SEEN, AMPLITUDE)
    # A noise floor 20 dB below the ground takes some of the spread.
    assert model.looks[0.0][0] == pytest.approx(looks * 1.2, rel=0.15)


@pytest.mark.parametrize("spread", [0.0, 0.8, 1.5])
def test_correlation_of_speckle_is_measured_as_the_pixels_of_one_sample(spread):
    pair = even(5, Speckled(looks=4, point_spread_px=spread))
    model = speckle.estimate_speckle(*pair, SEEN, AMPLITUDE)
    # The field passes a Gaussian of s; its power correlates like one of s, so one sample covers 2 pi s^2 pixels.
    assert model.correlation_px2 == pytest.approx(max(1.0, 2 * np.pi * spread**2), rel=0.25)


def test_correlation_is_measured_where_the_ground_is_lit():
    where = np.zeros((1600, 2100), bool)
    where[900:1500, 1200:2000] = True
    rows, cols = speckle._fullest_window(where)
    assert where[rows, cols].sum() == where.sum()
    assert where[rows, cols].size <= 1024**2


def test_gain_between_the_dates_is_taken_out():
    before, after = even(6, Speckled(looks=4))
    model = speckle.estimate_speckle(before, 1.7 * after, SEEN, AMPLITUDE)
    assert np.exp(model.gain[0]) == pytest.approx(1.7, rel=0.02)


@pytest.mark.parametrize("looks", [0.6, 1.0, 5.0, 200.0])
def test_scores_have_the_tail_of_the_f_law(looks):
    log_ratio = np.linspace(0.1, 3, 20) * np.sqrt(2 / looks)
    deviation = np.sqrt(2 * stats.loggamma(looks).var())
    scores = speckle.normal_score((log_ratio / deviation).astype(np.float32), looks)
    tail = stats.f.sf(np.exp(log_ratio), 2 * looks, 2 * looks)
    assert stats.norm.sf(scores) == pytest.approx(tail, rel=0.02)


@pytest.mark.parametrize("radar", [Speckled(looks=1), Speckled(looks=4, point_spread_px=0)], ids=["1 look", "4 looks"])
@pytest.mark.parametrize("scaling", ["amplitude", "intensity"])
def test_scores_of_unchanged_ground_are_normal_in_the_middle_and_never_reach_the_level(radar, scaling):
    pair = unchanged(7, Speckled(looks=radar.looks, point_spread_px=radar.point_spread_px, scaling=scaling))
    model = speckle.estimate_speckle(*pair, SEEN, AMPLITUDE)
    weighed = speckle.weigh(*pair, SEEN, model)
    assert weighed.tolerant.max() < speckle.chance_level(model, 0.05)
    assert weighed.tolerant.max() > 3


def test_bright_roofs_and_the_edge_do_not_pass_for_many_looks():
    """The mean of a window that one roof fills has one pixel's looks: measured, it scattered up to 13 deviations."""
    rng = np.random.default_rng(8)
    place = np.ones(SHAPE)
    place[5::20, 5::20] = 500.0
    kind = Speckled(looks=1, point_spread_px=0, scaling="intensity")
    pair = tuple(x[None] for x in speckled_pair(rng, place, place, kind))
    model = speckle.estimate_speckle(*pair, SEEN, AMPLITUDE)
    assert speckle.weigh(*pair, SEEN, model).tolerant.max() < speckle.chance_level(model, 0.05)


def test_the_chance_level_counts_the_maxima_of_a_smooth_field():
    """On fields of Gaussian noise the level for one scene in two is passed by about one in two, for one scale."""
    rng = np.random.default_rng(9)
    model = speckle.estimate_speckle(*even(9, Speckled(point_spread_px=0)), SEEN, AMPLITUDE)
    # All scales are added up, so the true share is less than the nominal one, but not by much.
    level = speckle.chance_level(model, 0.5)
    passed = 0
    for _ in range(40):
        noise = rng.normal(size=SHAPE)
        top = 0.0
        for sigma in speckle.SCALES_PX:
            field = ndimage.gaussian_filter(noise, sigma, mode="wrap")
            top = max(top, float(np.abs(field / field.std()).max()))
        passed += top > level
    assert 4 <= passed <= 28


def test_swapping_the_images_changes_nothing():
    before, after = unchanged(10, Speckled(looks=4))
    after[:, 50:80, 50:90] *= 3
    forth, back = (
        speckle.weigh(*pair, SEEN, speckle.estimate_speckle(*pair, SEEN, AMPLITUDE))
        for pair in ((before, after), (after, before))
    )
    np.testing.assert_allclose(forth.tolerant, back.tolerant, atol=1e-3)
    np.testing.assert_allclose(forth.plain, back.plain, atol=1e-3)


def test_amplitude_and_its_square_find_the_same_change():
    rng = np.random.default_rng(11)
    place = np.ones(SHAPE)
    later = place.copy()
    later[60:90, 60:100] *= 8
    power = [p * draw_speckle(rng, SHAPE, Speckled(looks=4)) for p in (place, later)]
    marks = []
    for name in ("amplitude", "intensity"):
        pair = tuple(SCALINGS[name](p).astype(np.float32)[None] for p in power)
        model = speckle.estimate_speckle(*pair, SEEN, AMPLITUDE)
        weighed = speckle.weigh(*pair, SEEN, model)
        seeded = weighed.tolerant >= speckle.chance_level(model, 0.05)
        marks.append(speckle.enclosed(weighed.plain >= speckle.half_way(weighed.plain, seeded), seeded))
    truth = later > 1
    for mark in marks:
        # What lies beyond the outline by half a pixel of its 140 is 70 pixels.
        assert np.count_nonzero(mark & truth) > 0.95 * np.count_nonzero(truth)
        assert np.count_nonzero(mark & ~truth) < 0.1 * np.count_nonzero(truth)


def test_two_polarisations_see_what_one_misses():
    rng = np.random.default_rng(12)
    later = np.ones(SHAPE)
    later[90:98, 90:98] *= 10 ** (-0.4)
    kind = Speckled(looks=4)
    pairs = [speckled_pair(rng, np.ones(SHAPE), later, kind) for _ in range(2)]
    both = tuple(np.stack(images) for images in zip(*pairs, strict=True))
    one = tuple(image[:1] for image in both)
    scores = []
    for pair in (one, both):
        weighed = speckle.weigh(*pair, SEEN, speckle.estimate_speckle(*pair, SEEN, AMPLITUDE))
        scores.append(float(weighed.tolerant[92:96, 92:96].mean()))
    assert scores[1] > 1.2 * scores[0]


def test_two_copies_of_one_polarisation_are_no_more_than_one():
    """Bands whose speckle is the same say a thing once."""
    pair = unchanged(13, Speckled(looks=2))
    twice = tuple(np.concatenate([image, image]) for image in pair)
    one, two = (speckle.weigh(*p, SEEN, speckle.estimate_speckle(*p, SEEN, AMPLITUDE)) for p in (pair, twice))
    assert two.tolerant.max() < one.tolerant.max() + 0.5


def test_weak_wide_change_beside_a_strong_one_may_speak_at_the_coarse_scale():
    plain = np.zeros((60, 60), np.float32)
    plain[5:15, 5:15], plain[30:50, 30:50] = 10, 2
    seeded = plain > 0
    level = speckle.half_way(plain, plain > 5)
    assert level == pytest.approx(5)
    assert speckle.borne_out(plain, seeded, level)[40, 40]
    assert not speckle.borne_out(plain, seeded & (plain > 5), level)[40, 40]


def test_a_flood_does_not_raise_its_own_threshold():
    """Where a quarter changed, blocks with change are left out; where nothing did, nearly all are kept."""
    rng = np.random.default_rng(14)
    plain = np.abs(rng.normal(size=(240, 240))).astype(np.float32)
    everywhere = np.ones(plain.shape, bool)
    assert speckle.unchanged_blocks(plain, everywhere).all()
    plain[:, :60] += 12
    kept = speckle.unchanged_blocks(plain, everywhere)
    assert not kept[:, :60].any()
    assert kept[:, 72:].all()


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (0.0, 3.0, Direction.APPEARED),
        (3.0, 0.0, Direction.DISAPPEARED),
        (0.0, -3.0, Direction.CHANGED),
        (-3.0, 0.0, Direction.CHANGED),
        (3.0, 2.9, Direction.CHANGED),
    ],
    ids=["a ship came", "a ship left", "water came", "water left", "two things"],
)
def test_in_radar_things_are_bright_and_dark_ground_is_cover(before, after, said):
    images = tuple(np.zeros((1, 40, 40), np.float32) for _ in range(2))
    for image, level in zip(images, (before, after), strict=True):
        image[0, 15:25, 15:25] = level
    mask = np.zeros((20, 20), bool)
    mask[5:15, 5:15] = True
    patch = Patch(window=(slice(10, 30), slice(10, 30)), mask=mask, strength=9.0)
    assert direction_of_bright(patch, images, np.eye(1), np.ones((40, 40), bool)) == said


def test_unseen_pixels_say_nothing_and_disturb_nothing():
    before, after = unchanged(15, Speckled(looks=4))
    seen = SEEN.copy()
    seen[:, 120:] = False
    seen[40:60, 40:60] = False
    for image in (before, after):
        image[:, ~seen] = np.nan
    found = speckle.recognise(before, after, seen, ("band1",))
    model = speckle.estimate_speckle(before, after, seen, found)
    weighed = speckle.weigh(before, after, seen, model)
    assert np.isfinite(weighed.tolerant).all()
    assert (weighed.tolerant[~seen] == 0).all()
    assert weighed.tolerant.max() < speckle.chance_level(model, 0.05)


def test_two_bands_that_are_lit_in_different_places_are_still_compared():
    before, after = unchanged(16, Speckled(looks=4))
    left, right = np.ones(SHAPE), np.ones(SHAPE)
    left[:, :100], right[:, 100:] = 1e-4, 1e-4
    pair = tuple(np.concatenate([image * left, image * right]).astype(np.float32) for image in (before, after))
    model = speckle.estimate_speckle(*pair, SEEN, AMPLITUDE)
    assert np.isfinite(speckle.weigh(*pair, SEEN, model).tolerant).all()
    assert speckle.lit_ground(*pair, SEEN, model).all()
