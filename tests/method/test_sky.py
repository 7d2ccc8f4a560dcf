"""On one image without a mask cloud, haze, shade and snow are told from ports, and where they cannot be, it is said."""

import warnings
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
import rasterio
from scipy import ndimage

from imagery_diff.geometry import Sun
from imagery_diff.method.sky import find_sky, flags_of, grow_cloud
from imagery_diff.scene import Flag, Level
from imagery_diff.synthetic import Cloud, Look, random_harbour, render

NAMES = ("blue", "green", "red", "nir")
SHAPE = (420, 440)
PIXEL_M = 5.0
SEEN = np.ones(SHAPE, bool)
ROWS, COLS = np.mgrid[: SHAPE[0], : SHAPE[1]]
SUN = Sun(azimuth_deg=90.0, elevation_deg=45.0)
CLOUD = np.array([0.62, 0.62, 0.61, 0.60]).reshape(-1, 1, 1)
SNOW = np.array([0.80, 0.80, 0.79, 0.70]).reshape(-1, 1, 1)
HAZE = np.array([0.26, 0.24, 0.22, 0.20]).reshape(-1, 1, 1)


@pytest.fixture(scope="module")
def port():
    """Land with fields and yards beside water, as sharp as delivered; (band, row, col), surface reflectance."""
    rng = np.random.default_rng(11)
    plots = ndimage.gaussian_filter(rng.normal(size=SHAPE), 5.0)
    image = np.array([0.06, 0.08, 0.09, 0.22]).reshape(-1, 1, 1) * np.exp(0.3 * plots / plots.std())
    image[:, COLS < 180] = np.array([0.045, 0.05, 0.035, 0.015]).reshape(-1, 1)
    return image


def rectangle(row, col, height, width):
    return ((np.abs(ROWS - row) <= height / 2) & (np.abs(COLS - col) <= width / 2)).astype(float)


def puff(row, col, radius, soft=8.0):
    return np.clip((radius - np.hypot(ROWS - row, COLS - col)) / soft + 0.5, 0, 1)


def mixed(image, share, colour):
    return image + share * (colour - image)


def delivered(image, seed=1):
    noise = np.random.default_rng(seed).normal(0, 0.002, image.shape)
    return (ndimage.gaussian_filter(image, (0, 0.7, 0.7)) + noise).astype(np.float32)


def sky(image, **changes):
    arguments = {"seen": SEEN, "names": NAMES, "pixel_m": PIXEL_M, "level": Level.SURFACE, "sun": None} | changes
    return find_sky(delivered(image), **arguments)


def marked(found, flag):
    return (found.flags & flag.value) != 0


def test_a_clear_port_gets_no_flag_at_all(port):
    assert not sky(port).flags.any()


def test_a_broad_white_cloud_is_found_over_land_and_over_water(port):
    cloud = np.maximum(puff(110, 90, 30), puff(300, 330, 40))
    found = marked(sky(mixed(port, cloud, CLOUD)), Flag.CLOUD)
    assert found[cloud > 0.5].mean() > 0.99
    assert found[ndimage.distance_transform_edt(cloud == 0) > 20].mean() < 0.005


def test_ships_stacks_and_white_roofs_are_no_cloud(port):
    things = sum(
        rectangle(*where) for where in ((60, 60, 8, 50), (200, 100, 6, 40), (100, 300, 10, 60), (250, 260, 11, 11))
    )
    shed = rectangle(320, 320, 24, 40)
    image = mixed(mixed(port, np.minimum(things, 1), 0.7), shed, 0.6)
    assert not sky(image).flags.any()


def test_many_small_soft_clouds_are_found_and_a_few_are_not():
    rng = np.random.default_rng(8)
    places = [(60 + 70 * row, 220 + 50 * col) for row in range(5) for col in range(5)]
    few, many = (np.max([puff(r, c, 7, 8.0) for r, c in (places if n else places[:2])], axis=0) for n in (False, True))
    ground = 0.08 + 0.01 * rng.normal(size=(4, *SHAPE))
    assert marked(sky(mixed(ground, many, CLOUD)), Flag.CLOUD)[many > 0.6].mean() > 0.9
    assert not marked(sky(mixed(ground, few, CLOUD)), Flag.CLOUD).any()


def test_cloud_is_grown_by_as_much_as_its_own_edge_takes_to_fade(port):
    hard, soft = (sky(mixed(port, puff(210, 90, 45, width), CLOUD)) for width in (2.0, 30.0))
    assert hard.cloud_fade_m <= 20
    assert soft.cloud_fade_m >= hard.cloud_fade_m + 20
    reach = puff(210, 90, 45, 30.0) > 0.1
    assert marked(soft, Flag.CLOUD)[reach].mean() > 0.97


def test_a_mask_drawn_where_cloud_is_half_as_bright_is_grown_to_where_it_ends(port):
    cloud = puff(210, 90, 45, 30.0)
    mask, fade_m = grow_cloud(cloud > 0.5, delivered(mixed(port, cloud, CLOUD)), SEEN, NAMES, PIXEL_M)
    assert mask[cloud > 0.12].all()
    assert fade_m == pytest.approx(60, abs=20)
    assert not mask[puff(210, 90, 70) == 0].any()


def test_a_broad_cloud_remains_one_in_top_of_atmosphere_numbers_and_on_a_picture(port):
    cloud = puff(300, 330, 45)
    air = np.array([0.065, 0.035, 0.02, 0.008]).reshape(-1, 1, 1)
    above = mixed(port + air, cloud, CLOUD + air)
    assert marked(sky(above, level=Level.TOA), Flag.CLOUD)[cloud > 0.5].mean() > 0.99
    picture = np.clip(mixed(port, cloud, CLOUD)[[2, 1, 0]] / 0.4, 0, 1) * 255
    shown = sky(picture, names=("red", "green", "blue"), level=Level.DISPLAY)
    assert marked(shown, Flag.CLOUD)[cloud > 0.5].mean() > 0.95
    assert shown.asked == ("cloud", "shadow")


def test_a_clear_picture_of_a_port_has_no_cloud(port):
    picture = np.clip(mixed(port, rectangle(320, 320, 24, 40), 0.6)[[2, 1, 0]] / 0.4, 0, 1) * 255
    assert not sky(picture, names=("red", "green", "blue"), level=Level.DISPLAY).flags.any()


def test_haze_is_found_over_land_and_water_and_not_called_cloud(port):
    share = np.where(ROWS < 210, 0.35, 0.0)
    found = sky(mixed(port, ndimage.gaussian_filter(share, 10), HAZE))
    haze = marked(found, Flag.HAZE)
    assert haze[:180].mean() > 0.9
    assert haze[240:].mean() < 0.02
    assert not marked(found, Flag.CLOUD).any()


def test_a_muddy_sea_is_no_haze(port):
    muddy = port.copy()
    muddy[:, COLS < 180] = np.array([0.16, 0.19, 0.165, 0.09]).reshape(-1, 1)
    assert not sky(muddy).flags.any()


@pytest.mark.parametrize("sun", [SUN, None])
def test_the_shade_of_a_cloud_is_found_where_the_sun_throws_it(port, sun):
    cloud, shade = puff(210, 330, 34), puff(210, 250, 34)  # 80 pixels west: a base at 400 m
    image = mixed(port * (1 - 0.55 * shade * (1 - cloud)), cloud, CLOUD)
    found = sky(image, sun=sun)
    assert marked(found, Flag.SHADOW)[(shade > 0.6) & ~marked(found, Flag.CLOUD)].mean() > 0.85
    assert marked(found, Flag.SHADOW)[(shade == 0) & (cloud == 0)].mean() < 0.05
    assert found.offset.right_m == pytest.approx(-400, abs=60)
    if sun is not None:
        assert found.offset.base_m == pytest.approx(400, abs=60)


def test_what_is_dark_where_no_cloud_can_throw_shade_is_ground(port):
    cloud, field = puff(210, 300, 34), puff(90, 330, 30)  # dark, but not west of the cloud
    image = mixed(port * (1 - 0.55 * field), cloud, CLOUD)
    assert marked(sky(image, sun=SUN), Flag.SHADOW)[field > 0.5].mean() < 0.05


def snowed():
    lies = ndimage.gaussian_filter(np.random.default_rng(3).normal(size=SHAPE), 6.0)
    return (lies > 0.3 * lies.std()) & (COLS >= 182)


def test_snow_on_things_is_told_from_cloud_by_its_sharp_rims(port):
    lies = snowed()
    found = sky(mixed(port, lies.astype(float), SNOW))
    assert marked(found, Flag.SNOW)[ndimage.binary_erosion(lies, iterations=2)].mean() > 0.9
    assert marked(found, Flag.CLOUD).mean() < 0.01


def test_short_wave_infrared_tells_snow_from_cloud(port):
    lies, cloud = puff(120, 320, 50), puff(320, 320, 50)
    names = (*NAMES, "swir1")
    image = np.concatenate([port, 0.15 + 0 * port[:1]])
    for share, colour, swir in ((lies, SNOW, 0.08), (cloud, CLOUD, 0.45)):
        image = mixed(image, share, np.concatenate([colour, np.full((1, 1, 1), swir)]))
    found = sky(image, names=names)
    assert marked(found, Flag.SNOW)[lies > 0.9].mean() > 0.98
    assert not marked(found, Flag.CLOUD)[lies > 0.9].any()
    assert marked(found, Flag.CLOUD)[cloud > 0.5].mean() > 0.98


def test_what_was_not_seen_gets_no_flag_and_does_no_harm(port):
    cloud, seen = puff(210, 300, 40), COLS < 300
    image = np.where(seen, mixed(port, cloud, CLOUD), np.nan)
    flags = find_sky(image.astype(np.float32), seen, NAMES, PIXEL_M, Level.SURFACE).flags
    assert not flags[~seen].any()
    assert (flags[(cloud > 0.5) & seen] & Flag.CLOUD.value != 0).mean() > 0.97


@pytest.mark.parametrize(
    ("names", "level"), [(("nir",), Level.SURFACE), (("vv",), Level.SIGMA0), (("red", "nir"), Level.TOA)]
)
def test_nothing_is_asked_of_bands_that_cannot_tell(names, level):
    found = find_sky(np.ones((len(names), 50, 60), np.float32), np.ones((50, 60), bool), names, 10.0, level)
    assert found.asked == ()
    assert not found.flags.any()


def test_one_band_stored_three_times_has_no_colours_to_ask(port):
    grey = np.repeat(mixed(port, CLOUD, rectangle(200, 300, 60, 60))[3:], 3, axis=0)
    assert find_sky(grey, SEEN, NAMES[:3], PIXEL_M, Level.NUMBERS).asked == ()


@pytest.mark.parametrize(("scale", "asked"), [(10_000, True), (255 / 0.7, True), (120_000, False)])
def test_numbers_are_asked_by_the_scale_they_look_like_or_not_at_all(port, scale, asked):
    cloud = puff(200, 300, 40)
    found = sky(mixed(port, cloud, CLOUD) * scale, level=Level.NUMBERS)
    assert found.asked == (("cloud", "shadow") if asked else ())
    assert bool(marked(found, Flag.CLOUD)[cloud > 0.5].mean() > 0.95) is asked


@pytest.mark.parametrize(
    ("level", "scale"), [(Level.NUMBERS, 255 / 0.7), (Level.DISPLAY, 255 / 0.7), (Level.NUMBERS, 8000)]
)
@pytest.mark.parametrize("share", [0.55, 1.0])
def test_an_overcast_image_is_overcast_in_any_numbers(port, level, scale, share):
    cloud = np.clip((share * SHAPE[1] - COLS) / 20 + 0.5, 0, 1) if share < 1 else np.ones(SHAPE)
    image = delivered(mixed(port, cloud, CLOUD)) * scale
    if scale < 1000:
        image = np.clip(image, 0, 255).round()
    found = find_sky(image.astype(np.float32), SEEN, NAMES, PIXEL_M, level)
    assert found.asked
    assert marked(found, Flag.CLOUD)[cloud > 0.9].mean() > 0.95


def test_a_band_that_is_saturated_throughout_divides_by_nothing(port):
    image = np.clip(port * 600, 0, 255).astype(np.float32)
    image[2] = 255
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        find_sky(image, SEEN, NAMES, PIXEL_M, Level.NUMBERS)


def test_a_bright_desert_in_numbers_is_no_cloud_for_being_the_brightest_there(port):
    sand = np.array([0.17, 0.24, 0.31, 0.38]).reshape(-1, 1, 1) / port[:, 200:, 200:].mean(axis=(1, 2), keepdims=True)
    desert = np.where(COLS >= 180, port * sand, port)
    for level, scale in ((Level.SURFACE, 1), (Level.NUMBERS, 10_000), (Level.NUMBERS, 400), (Level.DISPLAY, 400)):
        assert not marked(sky(desert * scale, level=level), Flag.CLOUD).any()


def test_an_image_without_a_seen_pixel_gets_no_flag():
    nothing = np.full((4, 20, 30), np.nan, np.float32)
    assert not flags_of(nothing, np.zeros((20, 30), bool), NAMES, 3.0, Level.SURFACE).any()


def test_a_rendered_harbour_is_clear_until_haze_or_cloud_drifts_over_it():
    world = random_harbour(3, side_m=700.0).world
    clear = Look(time=datetime(2023, 10, 17, 2, 12, tzinfo=UTC), seed=1)
    drifting = Cloud(cover=0.35, height_m=800.0, size_m=400.0, depth=2.0, seed=4)
    for look, flag, layers in (
        (clear, 0, ()),
        (replace(clear, haze=0.45), Flag.HAZE, (3, 4)),
        (replace(clear, cloud=drifting), Flag.CLOUD, (5,)),
    ):
        rendered = render(world, look)
        image = rendered.data.astype(np.float32) / 1e4
        flags = flags_of(image, np.ones(image.shape[1:], bool), NAMES, 3.0, Level.SURFACE, rendered.sun)
        if not layers:
            assert (flags != 0).mean() < 0.002
            continue
        true = rendered.udm2[list(layers)].any(axis=0)
        assert true.mean() > 0.1
        assert ((flags & flag.value) != 0)[true].mean() > 0.85


@pytest.mark.parametrize(("name", "recall", "precision"), [("adwp", 0.70, 0.90), ("aeey", 0.83, 0.98)])
def test_labelled_clouds_of_sentinel_2_are_found(data_folder, name, recall, precision):
    folder = data_folder / "masks" / "s2_clouds_drivendata"
    with rasterio.open(folder / f"{name}_image.tif") as image, rasterio.open(folder / f"{name}_cloud.tif") as label:
        flags = flags_of(image.read().astype(np.float32) / 1e4, SEEN_512, NAMES, 10.0, Level.SURFACE)
        cloud, true = (flags & Flag.CLOUD.value) != 0, label.read(1) > 0
    assert (cloud & true).sum() > recall * true.sum()
    assert (cloud & true).sum() > precision * cloud.sum()


SEEN_512 = np.ones((512, 512), bool)


def test_real_cloud_free_images_of_cities_get_no_cloud(data_folder):
    for place in ("aguasclaras", "hongkong", "nantes"):
        with rasterio.open(data_folder / "pairs" / f"oscd_{place}" / "after.tif") as file:
            image = file.read([2, 3, 4, 8]).astype(np.float32) / 1e4
        flags = flags_of(image, np.ones(image.shape[1:], bool), NAMES, 10.0, Level.TOA)
        assert not (flags & Flag.CLOUD.value).any(), place
