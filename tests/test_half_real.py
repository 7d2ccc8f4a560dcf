"""Things put into real images: in their place, with the image's sharpness, shadow and noise; nothing else touched."""

import importlib
import math
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.features import rasterize
from scipy.ndimage import gaussian_filter
from shapely import union_all
from shapely.affinity import translate
from shapely.geometry import LineString, box

from imagery_diff import open_scene
from imagery_diff.geometry import Sun, View, shadow_m
from imagery_diff.mark import ALTERED
from imagery_diff.read.aois import load_aoi
from imagery_diff.synthetic import Look, cover, optics, random_harbour, render, ship, stack
from imagery_diff.synthetic.insert import insert
from imagery_diff.synthetic.rises import edges

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
PIXEL_M = 3.0
HIGH_SUN = Sun(azimuth_deg=180.0, elevation_deg=89.0)
LOW_SUN = Sun(azimuth_deg=150.0, elevation_deg=30.0)


@pytest.fixture(scope="module")
def half():
    """Import the scripts as they import each other: from their own folder."""
    sys.path.insert(0, str(BENCHMARKS))
    names = (
        "half_visible",
        "half_places",
        "half_backgrounds",
        "half_real",
        "half_tables",
        "scenes",
    )
    yield SimpleNamespace(**{n: importlib.import_module(n) for n in names})
    sys.path.remove(str(BENCHMARKS))


@pytest.fixture(scope="module")
def camera():
    """Make a camera whose numbers are reflectance times 10,000."""

    def make(spread, sun=HIGH_SUN, noise=0.0, bands=3):
        eye = ((0.0, 0.0, 1.0, 0.0), (0.0, 1.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))
        return optics.Camera(
            spread=spread,
            noise=np.full(bands, noise),
            tone=optics.Tone(reflectance=((0.0, 1.0),) * bands, number=((0.0, 10_000.0),) * bands),
            mix=eye[:bands],
            sun=sun,
            shadow_light=(0.3, 0.3, 0.3, 0.3),
        )

    return make


@pytest.fixture(scope="module")
def scenery():
    """Return red, green and blue of a rendered harbour, and its transform."""
    harbour = random_harbour(11, side_m=600.0)
    seen = render(harbour.world, Look(time=datetime(2023, 6, 1, 2, 10, tzinfo=UTC), seed=3))
    return seen.data[[2, 1, 0]], seen.grid.transform


def middle_of(scenery):
    data, transform = scenery
    return transform @ (data.shape[2] / 2 + 0.3, data.shape[1] / 2 + 0.1)


def flat(size=120, level=900.0, bands=3):
    return np.full((bands, size, size), level, np.float32), Affine(PIXEL_M, 0, 5000, 0, -PIXEL_M, 9000)


def put(background, thing, camera):
    data, transform = background
    return insert(data, transform, thing, camera, np.random.default_rng(4))


# --- optics ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rise", "over"), [(2.0, 0.0), (2.5, 0.03), (3.1, 0.05)])
def test_a_point_spread_is_found_that_rises_and_overshoots_as_asked(rise, over):
    edge = optics.PointSpread.of_edge(rise, over).edge()
    assert edge == pytest.approx((rise, over), abs=0.06)


def test_what_is_sampled_is_every_nth_of_what_is_blurred():
    fine = np.random.default_rng(5).random((2, 60, 45))
    blurred = gaussian_filter(fine, (0.0, 4.5, 4.5), mode="nearest", truncate=3.0)
    np.testing.assert_allclose(optics.PointSpread(sigma_px=0.9).sample(fine, 5), blurred[:, 2::5, 2::5], rtol=1e-9)


def test_a_tone_is_undone_by_its_inverse_also_beyond_its_knots():
    tone = optics.Tone(reflectance=((0.05, 0.2, 0.3),), number=((60.0, 200.0, 250.0),))
    numbers = np.array([[20.0, 60.0, 131.0, 240.0, 300.0]])
    np.testing.assert_allclose(tone.numbers(tone.reflectances(numbers)), numbers)


def test_a_tone_that_falls_is_refused():
    with pytest.raises(ValueError, match="must rise"):
        optics.Tone(reflectance=((0.05, 0.2),), number=((60.0, 50.0),))


def test_drawn_noise_has_the_deviation_and_the_correlation_asked_for():
    noise = optics.draw_noise((3, 300, 300), np.array([1.0, 2.0, 4.0]), np.random.default_rng(1))
    np.testing.assert_allclose(noise.std(axis=(1, 2)), [1.0, 2.0, 4.0], rtol=0.08)
    band = noise[1] / noise[1].std()
    assert (band[:, 1:] * band[:, :-1]).mean() == pytest.approx(optics.NOISE_CORRELATION, abs=0.04)
    assert np.corrcoef(noise[0].ravel(), noise[2].ravel())[0, 1] == pytest.approx(0.9, abs=0.03)


def test_noise_is_measured_on_calm_ground_not_on_edges():
    rng = np.random.default_rng(2)
    image = rng.normal(100.0, 2.0, (1, 160, 160))
    image[:, :, 80:] += np.where(np.arange(80) % 8 < 4, 60.0, 0.0)
    assert optics.measure_noise(image)[0] == pytest.approx(2.0, abs=0.4)


# --- insertion -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rise", [2.1, 2.5, 3.2])
def test_edges_of_what_is_put_in_measure_as_the_images_own_edges_do(camera, rise):
    spread = optics.spread_that_measures(rise, 0.02)
    background = flat()
    box = cover("box", background[1] @ (60.2, 59.6), 17.0, (90.0, 84.0, 0.5), colour="white")
    box = flat_topped(box)
    seen = put(background, box, camera(spread)).data
    found = edges(seen[1].astype(float) / 16.0, 35.0)
    assert len(found.rise_px) > 10
    assert np.median(found.rise_px) == pytest.approx(rise, abs=0.1)


def flat_topped(thing):
    """Return the thing without unevenness of its own, so that only optics shape its edges."""
    return replace(thing, parts=tuple(replace(p, rough=0.0) for p in thing.parts))


@pytest.mark.parametrize("sun", [HIGH_SUN, LOW_SUN])
def test_nothing_is_touched_beyond_the_thing_its_shadow_and_the_blur(camera, scenery, sun):
    data, transform = scenery
    eye = camera(optics.PointSpread.of_edge(2.5, 0.03), sun, noise=20.0)
    box = stack("box", middle_of(scenery), 30.0, (60.0, 15.0), tiers=3, colours=("white",))
    done = put(scenery, box, eye)
    sweep = box.footprint.union(translate(box.footprint, *shadow_m(box.height_m, sun))).convex_hull
    near = sweep.buffer(eye.spread.reach_px * PIXEL_M)
    inside = rasterize([near], out_shape=data.shape[1:], transform=transform, all_touched=True) != 0
    changed = (done.data != data).any(axis=0)
    assert changed.any()
    assert not changed[~inside].any()
    assert not changed[~done.touched].any()


def test_a_thing_lies_where_it_was_put(camera, scenery):
    data, transform = scenery
    where = middle_of(scenery)
    box = cover("box", where, 40.0, (45.0, 24.0, 1.0), colour="white")
    done = put(scenery, box, camera(optics.PointSpread(sigma_px=1.0)))
    change = np.abs(done.data.astype(float) - data).sum(axis=0)
    # Relative to the ground it replaces, so that a quay below one half does not pull the centre.
    covered = np.clip(change / np.percentile(change[done.touched], 90), 0.0, 1.0)
    rows, cols = np.indices(covered.shape)
    col, row = ((covered * cols).sum() / covered.sum() + 0.5, (covered * rows).sum() / covered.sum() + 0.5)
    assert transform @ (col, row) == pytest.approx(where, abs=0.5 * PIXEL_M)


@pytest.mark.parametrize("azimuth", [0.0, 90.0, 200.0])
def test_a_tall_thing_leans_away_from_a_tilted_satellite_as_far_as_its_height_says(camera, azimuth):
    background = flat()
    where = background[1] @ (60.0, 60.0)
    box = flat_topped(cover("box", where, 0.0, (60.0, 60.0, 20.0), colour="white"))
    eye = camera(optics.PointSpread(sigma_px=0.7))
    far = {}
    for off_nadir in (0.0, 20.0):
        view = View(off_nadir_deg=off_nadir, azimuth_deg=azimuth)
        change = put(background, box, replace(eye, view=view)).data[1].astype(float) - 900.0
        rows, cols = np.nonzero(change > 0.5 * change.max())
        out = math.radians(azimuth + 180.0)
        far[off_nadir] = np.max(cols * math.sin(out) - rows * math.cos(out)) * PIXEL_M
    assert far[20.0] - far[0.0] == pytest.approx(20.0 * math.tan(math.radians(20.0)), abs=1.1 * PIXEL_M)


def test_a_bright_thing_adds_as_much_light_as_its_area_holds(camera):
    background = flat()
    box = flat_topped(cover("box", background[1] @ (60.0, 60.0), 25.0, (60.0, 30.0, 0.1), colour="white"))
    done = put(background, box, camera(optics.PointSpread.of_edge(2.5, 0.04)))
    added = (done.data[1] - background[0][1]).sum()
    assert added == pytest.approx((4250.0 - 900.0) * 60.0 * 30.0 / PIXEL_M**2, rel=0.02)


def test_the_shadow_falls_away_from_the_sun_and_is_as_deep_as_asked(camera):
    background = flat(level=2000.0)
    box = flat_topped(cover("box", background[1] @ (60.0, 60.0), 0.0, (60.0, 60.0, 12.0), colour="white"))
    eye = camera(optics.PointSpread(sigma_px=0.8), Sun(azimuth_deg=180.0, elevation_deg=30.0))
    seen = put(background, box, eye).data[1]
    # 60 m box on 3 m pixels: rows 50 to 70; its shadow reaches 20.8 m to the north.
    assert seen[46, 60] == pytest.approx(0.3 * 2000.0, rel=0.03)
    assert seen[74, 60] == pytest.approx(2000.0, rel=0.01)


def test_a_shadow_on_water_is_less_deep_than_on_land(camera):
    background = flat(level=2000.0)
    eye = camera(optics.PointSpread(sigma_px=0.8), LOW_SUN)
    where = background[1] @ (60.0, 60.0)
    boat = ship("boat", where, 0.0, (120.0, 20.0))
    block = stack("block", where, 0.0, (120.0, 20.0), tiers=4, colours=("white",))
    darkest = [put(background, t, eye).data[1][:, :55].min() for t in (boat, block)]
    assert 2000.0 * 0.3 <= darkest[1] < darkest[0] < 2000.0


def test_a_thing_carries_noise_like_the_ground_beside_it(camera):
    background = flat()
    noise = optics.draw_noise(background[0].shape, np.full(3, 30.0), np.random.default_rng(9))
    noisy = ((background[0] + noise).astype(np.float32), background[1])
    box = flat_topped(cover("box", background[1] @ (60.0, 60.0), 0.0, (150.0, 150.0, 0.1), colour="white"))
    seen = put(noisy, box, camera(optics.PointSpread(sigma_px=1.0), noise=30.0)).data[1]
    assert seen[40:80, 40:80].std() == pytest.approx(30.0, rel=0.2)


def test_numbers_stay_in_their_type_and_are_never_nodata(camera):
    data = np.full((3, 120, 120), 9000, np.uint16)
    eye = camera(optics.PointSpread(sigma_px=1.0), noise=30_000.0)
    box = cover("box", flat()[1] @ (60.0, 60.0), 0.0, (90.0, 90.0, 2.0), colour="black")
    done = put((data, flat()[1]), box, eye).data
    assert done.dtype == np.uint16
    assert done.min() == 1
    assert done.max() == 65535


def test_what_reaches_over_the_edge_is_refused(camera):
    background = flat()
    box = cover("box", background[1] @ (3.0, 60.0), 0.0, (30.0, 30.0, 2.0))
    with pytest.raises(ValueError, match="over the edge"):
        put(background, box, camera(optics.PointSpread(sigma_px=1.0)))


def test_contrast_is_that_of_the_thing_over_its_ground(camera):
    background = flat(level=1000.0, bands=1)
    box = flat_topped(cover("box", background[1] @ (60.0, 60.0), 0.0, (60.0, 60.0, 0.1), colour="black"))
    done = put(background, box, camera(optics.PointSpread(sigma_px=1.0), bands=1))
    assert done.contrast == pytest.approx(abs(np.log(0.038 / 0.1)), abs=0.03)


# --- tables ----------------------------------------------------------------------------------------------------------


def row(**changed):
    event = {"id": "event0_vessel", "kind": "vessel", "length_m": 80.0, "found": "r1"}
    plain = {"case": "a", "null": False, "pixel_m": 3.0, "zone_km2": 2.0, "events": [event], "regions": []}
    return plain | changed


def test_only_long_things_at_three_metres_and_only_false_regions_on_nulls_make_the_figures(half):
    missed = {"id": "event1_vessel_moored", "kind": "vessel", "length_m": 90.0, "found": None}
    short = {"id": "event2_cover", "kind": "cover", "length_m": 40.0, "found": None}
    false, ignored = {"status": "false"}, {"status": "ignored"}
    results = [
        row(),
        row(events=[missed, short], regions=[false]),
        row(case="b", pixel_m=10.0, events=[missed]),
        row(null=True, events=[], regions=[false, ignored]),
        row(case="b", null=True, pixel_m=10.0, events=[], zone_km2=8.0),
    ]
    text = half.half_tables.half_real(results)
    assert "things >= 60 m at 3 m a pixel found: 1/2 50%" in text
    assert "1 in 10.0 km2, 0.10 (0.00-0.56) per km2" in text
    kinds = [line.split()[:3] for line in text.splitlines() if line.startswith("vessel")]
    assert kinds == [["vessel", "1/1", "100%"], ["vessel,", "moored", "0/1"]]


# --- real pairs ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bay(half, data_folder):
    if not (data_folder / "pairs" / "planet_sfbay").is_dir():
        pytest.skip("real imagery is absent: no pairs/planet_sfbay")
    return half.half_backgrounds.sfbay("planet_sfbay", data_folder / "pairs")


def read(path):
    with rasterio.open(path) as file:
        return file.read(), file.transform


def pixels_of(geometry, shape, transform):
    return rasterize([geometry], out_shape=shape, transform=transform, all_touched=True) != 0


def test_an_event_scene_differs_from_the_real_pair_only_at_its_events_and_says_it_is_altered(half, bay, tmp_path):
    folder = half.half_real.event_scene(bay, 7, tmp_path)
    scene = half.scenes.Scene.load(folder)
    assert scene.events
    for name, date, real in (("before", "disappeared", bay.images[0]), ("after", "appeared", bay.images[1])):
        info = open_scene(folder / f"{name}.tif")
        assert info.simulated
        assert info.credit == ALTERED
        data, transform = read(folder / f"{name}.tif")
        col, row = (round(v) for v in ~bay.transform @ (transform.c, transform.f))
        changed = (data != real[:, row : row + data.shape[1], col : col + data.shape[2]]).any(axis=0)
        mine = [e for e in scene.events if e.direction == date]
        # The shadow of a mast or a funnel is longer than that of the height an event tells.
        reach = [e.outline.union(translate(e.outline, *e.shadow_m)).convex_hull.buffer(45.0) for e in mine]
        allowed = pixels_of(union_all(reach), changed.shape, transform) if mine else np.zeros(changed.shape, bool)
        assert changed.any() == bool(mine)
        assert not changed[~allowed].any()


def test_the_same_seed_puts_the_same_things_into_the_same_piece(half, bay, tmp_path):
    folders = [half.half_real.event_scene(bay, 11, tmp_path / run) for run in ("one", "two")]
    for name in ("scene.json", "aoi.geojson"):
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()
    for name in ("before.tif", "after.tif"):
        np.testing.assert_array_equal(read(folders[0] / name)[0], read(folders[1] / name)[0])


def test_things_are_put_on_fitting_ground_away_from_listed_changes(half, bay):
    rng = np.random.default_rng(3)
    puts = half.half_places.draw_and_place(bay, rng, 12)
    assert len(puts) >= 8
    for one in puts:
        under = pixels_of(one.thing.footprint, bay.water.shape, bay.transform)
        assert not bay.barred[under].any()
        if one.thing.kind == "vessel":
            assert bay.wet[under].mean() > (0.9 if one.thing.note else 0.999)
        elif one.thing.kind != "rail_cars":
            assert bay.open[under].mean() > 0.85
            assert not bay.water[under].any()


def test_a_moored_ship_lies_along_a_straight_shore_and_close_to_it(half):
    rows, cols = np.indices((200, 200))
    # A quay that runs from south-west to north-east, water to the south-east of it.
    wet = rows + 0.5 > 160.0 - 0.6 * cols
    ground = SimpleNamespace(wet=wet, pixel_m=PIXEL_M, transform=Affine(PIXEL_M, 0, 5000, 0, -PIXEL_M, 9000))
    boat = ship("boat", ground.transform @ (100.0, 100.0), 0.0, (120.0, 20.0))
    rng = np.random.default_rng(6)
    drawn = [half.half_places._alongside(boat, ground, rng) for _ in range(60)]
    moored = [d for d in drawn if d is not None]
    assert len(moored) > 20
    quay = LineString([ground.transform @ (0.0, 160.0), ground.transform @ (200.0, 40.0)])
    for one in moored:
        assert one.azimuth_deg % 180.0 == pytest.approx(np.degrees(np.arctan2(1.0, 0.6)), abs=1.5)
        assert 0.0 < one.footprint.distance(quay) < 9.0
        assert one.length_m == boat.length_m
        assert one.parts[0].polygon.area == pytest.approx(boat.parts[0].polygon.area)


def test_no_ship_is_moored_where_no_shore_is_straight(half):
    rows, cols = np.indices((200, 200))
    wet = np.hypot(rows - 100, cols - 100) > 25
    ground = SimpleNamespace(wet=wet, pixel_m=PIXEL_M, transform=Affine(PIXEL_M, 0, 5000, 0, -PIXEL_M, 9000))
    boat = ship("boat", (5300.0, 8700.0), 0.0, (120.0, 20.0))
    rng = np.random.default_rng(6)
    assert not any(half.half_places._alongside(boat, ground, rng) for _ in range(40))


def test_the_five_listed_vessels_stand_on_barred_ground(bay, data_folder):
    label, _ = read(data_folder / "pairs" / "planet_sfbay" / "label.tif")
    assert bay.barred[label[0] == 1].all()


def test_null_scenes_are_the_real_pair_untouched_in_pieces_that_do_not_overlap(half, bay, tmp_path):
    folders = list(half.half_real.null_scenes(bay, tmp_path))
    seen = np.zeros(bay.water.shape, int)
    for folder in folders:
        scene = half.scenes.Scene.load(folder)
        assert scene.null
        assert not scene.events
        for name, real in (("before", bay.images[0]), ("after", bay.images[1])):
            data, transform = read(folder / f"{name}.tif")
            col, row = (round(v) for v in ~bay.transform @ (transform.c, transform.f))
            cut = (slice(row, row + data.shape[1]), slice(col, col + data.shape[2]))
            np.testing.assert_array_equal(data, real[(slice(None), *cut)])
        seen[cut] += 1
        zones = load_aoi(str(folder / scene.aoi)).in_crs(scene.crs).zones
        zoned = union_all([z.polygon for z in zones])
        assert zoned.intersection(scene.ignore).area < 0.01 * zoned.area if scene.ignore else True
        assert scene.zone_km2 == pytest.approx(zoned.area / 1e6, rel=0.01)
    assert seen.max() == 1


def test_averaged_aerial_images_are_as_sharp_as_planetscope_delivers(half, data_folder):
    pair = half.half_backgrounds.sztaki("sztaki_szada_1", data_folder / "pairs")
    rises = [edges(i.astype(float).mean(axis=0), 30.0).rise_px for i in pair.images]
    rises = np.concatenate(rises)
    assert len(rises) > 5
    assert np.median(rises) == pytest.approx(half.half_backgrounds.PLANETSCOPE_RISE_PX, abs=0.5)


# --- whether a thing can be seen


@pytest.mark.parametrize("amount", [0.0, 4.0])
def test_a_thing_is_visible_if_its_footprint_stands_out_of_its_surround_as_few_others_do(half, amount):
    rng = np.random.default_rng(4)
    bands, transform = rng.normal(0, 1, (3, 200, 200)), Affine(PIXEL_M, 0, 0, 0, -PIXEL_M, 600)
    thing = box(240, 270, 330, 288)
    on = half.half_visible.covered(thing, transform, (200, 200))
    bands[:, on] += amount
    # Lorries that came here and there: strength tells the thing no more, its shape still does.
    lorries = bands.copy()
    for row, col in rng.integers(0, 196, (12, 2)):
        lorries[:, row : row + 3, col : col + 3] += 20
    nothing = np.zeros((200, 200), bool)
    seen = {}
    for name, change in (("alone", bands), ("among lorries", lorries)):
        known = half.half_visible.Change(bands=change, spoilt=on, wet=nothing, transform=transform)
        event = SimpleNamespace(outline=thing)
        seen[name] = (
            half.half_visible.rank(known, event)[0] > half.half_visible.VISIBLE,
            half.half_visible.stronger_per_km2(known, event, PIXEL_M) < 1,
        )
    there = amount > 0
    assert seen == {"alone": (there, there), "among lorries": (there, False)}


def test_one_gain_and_middle_of_untouched_ground_leave_only_what_changed(half):
    rng = np.random.default_rng(5)
    before = rng.normal(100, 10, (3, 50, 50))
    after, spoilt = 1.4 * before + 7, np.zeros((50, 50), bool)
    spoilt[10:20, 10:20] = True
    after[:, spoilt] += 30
    change = half.half_visible.at_one_gain((before, after), ~spoilt)
    assert np.abs(change[:, ~spoilt]).max() == pytest.approx(0, abs=1e-6)
    assert change[:, spoilt].mean() == pytest.approx(30, abs=1e-6)
