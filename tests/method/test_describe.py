"""Describing: a patch gets the direction, place, colour and class of what was drawn there."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from shapely import box

from imagery_diff.aoi import AOI, Zone
from imagery_diff.method.describe import describe, find, ships_in
from imagery_diff.method.evidence import Threshold
from imagery_diff.method.radiometry import Surface
from imagery_diff.method.regions import TRAIN, Patch, Scale
from imagery_diff.method.views import Views
from imagery_diff.scene import Flag

NAMES = ("blue", "green", "red", "nir")
GROUND = np.array([1500, 1600, 1700, 1900.0])
PAINT = np.array([2300, 1100, 600, 1500.0])
ROWS, COLS = slice(40, 47), slice(30, 60)


@pytest.fixture
def blue_stack(scene_of):
    """Return a maker of a patch and its views: a blue stack of 90 x 21 m that appears on plain ground."""

    def make(flags=None, **changes):
        before = np.tile(GROUND[:, None, None], (1, 100, 100)).astype(np.float32)
        after = before.copy()
        after[:, ROWS, COLS] = PAINT[:, None, None]
        magnitude = np.abs(after - before).mean(axis=0) / 50
        nothing = np.zeros((100, 100), bool)
        views = {
            "whitening": {int(Surface.SMOOTH): np.eye(len(NAMES)) / 50},
            "surface": np.full((100, 100), Surface.SMOOTH, np.uint8),
            "brightness": (before, after),
            "magnitude": magnitude,
            "water": (nothing, nothing),
            "flags": np.zeros((100, 100), np.uint8) if flags is None else flags,
            "shaded": nothing,
            "changed": magnitude > 2,
            "names": NAMES,
            "grid": scene_of(before).grid,
        }
        window = (slice(36, 51), slice(26, 64))
        return Patch(window=window, mask=magnitude[window] > 2, strength=15.0), Views(**(views | changes))

    return make


def yard(grid, kind="yard", rows=(30, 60)):
    (left, top), (right, bottom) = grid.xy(rows[0], 20), grid.xy(rows[1], 80)
    polygon = box(left, bottom, right, top)
    return AOI(
        name="place", polygon=polygon, crs=grid.crs, zones=(Zone(name="one", kind=kind, polygon=polygon, crs=grid.crs),)
    )


def test_a_blue_stack_that_appears_on_a_yard_is_told_as_that(blue_stack):
    patch, views = blue_stack()
    said = describe(patch, views, yard(views.grid))
    assert (said.direction, said.activity, said.colour, said.zone.name) == ("appeared", "containers", "blue", "one")
    assert said.shape.length_m == pytest.approx(90, abs=3)
    assert said.shape.width_m == pytest.approx(21, abs=3)
    assert said.zone_shares == {"one": 1.0}
    assert not said.cut


def test_with_the_dates_exchanged_only_the_direction_turns(blue_stack):
    patch, views = blue_stack()
    patch, turned = blue_stack(brightness=views.brightness[::-1])
    one, two = describe(patch, views, yard(views.grid)), describe(patch, turned, yard(views.grid))
    assert two.direction == "disappeared"
    assert (one.activity, one.colour, one.shape) == (two.activity, two.colour, two.shape)


def test_on_open_water_it_is_a_vessel_whatever_the_zone(blue_stack):
    water = np.ones((100, 100), bool)
    closed = water.copy()
    closed[ROWS, COLS] = False
    patch, views = blue_stack(water=(water, closed))
    assert describe(patch, views, yard(views.grid)).activity == "vessel"


def test_on_water_the_outline_stands_at_the_edge_though_the_evidence_is_flatter_on_the_thing_than_beside_it(blue_stack):
    patch, views = blue_stack()
    sharp = views.brightness
    before, after = (np.stack([gaussian_filter(band, 1.2) for band in image]) for image in sharp)
    size = np.abs(after - before).mean(axis=0) / 50
    # Spread grows with texture, and a thing is its own texture: at its foot half of the evidence is soon reached.
    water = np.ones((100, 100), bool)
    patch, views = blue_stack(brightness=(before, after), magnitude=np.sqrt(size), water=(water, water))
    patch = replace(patch, mask=views.magnitude[patch.window] > 0.5)
    shape = describe(patch, views, None).shape
    # Square ends come out some 2 m too far each, which is what tapering ones come out short.
    assert shape.length_m == pytest.approx(90, abs=4.5)
    assert shape.width_m == pytest.approx(21, abs=4.5)


@pytest.mark.parametrize(("afloat", "length"), [(True, 90), (False, 68)])
def test_on_water_the_low_part_of_a_hull_belongs_to_it(blue_stack, afloat, length):
    _, views = blue_stack()
    before, after = (image.copy() for image in views.brightness)
    after[:, ROWS, 52:60] = before[:, ROWS, 52:60] + 0.4 * (after[:, ROWS, 52:60] - before[:, ROWS, 52:60])
    before, after = (np.stack([gaussian_filter(band, 0.7) for band in image]) for image in (before, after))
    size = np.abs(after - before).mean(axis=0) / 50
    water = np.full((2, 100, 100), afloat)
    patch, views = blue_stack(brightness=(before, after), magnitude=size, water=(water[0], water[1]))
    patch = replace(patch, mask=size[patch.window] > 0.5)
    assert describe(patch, views, None).shape.length_m == pytest.approx(length, abs=3)


def test_each_ground_is_measured_in_its_own_unit_so_that_a_shadow_on_a_quay_is_no_part_of_the_ship_beside_it(
    blue_stack,
):
    _, views = blue_stack()
    before = views.brightness[0].copy()
    after = before.copy()
    after[:, ROWS, COLS] += 100
    after[:, 36:40, COLS] -= 150
    surface = np.where(np.arange(100) >= 40, Surface.WATER, Surface.SMOOTH)[:, None] * np.ones((1, 100))
    unit = {int(Surface.WATER): np.eye(4) / 10, int(Surface.SMOOTH): np.eye(4) / 50}
    size = np.maximum(np.abs(after - before).mean(axis=0) / 10, 0.1)
    window = (slice(32, 51), slice(26, 64))
    _, views = blue_stack(
        brightness=(before, after),
        surface=surface.astype(np.uint8),
        whitening=unit,
        magnitude=size.astype(np.float32),
        water=(surface == Surface.WATER, surface == Surface.WATER),
    )
    patch = Patch(window=window, mask=size[window] > 2, strength=15.0)
    assert describe(patch, views, None).shape.width_m == pytest.approx(21, abs=3)


def test_what_is_not_looked_at_is_in_no_outline(blue_stack):
    patch, views = blue_stack()
    looked_at = np.where(np.arange(100) < 50, views.magnitude, np.float32(0))
    patch, views = blue_stack(magnitude=looked_at)
    assert describe(patch, views, None).shape.length_m == pytest.approx(60, abs=2)


def test_without_an_aoi_there_is_no_zone(blue_stack):
    said = describe(*blue_stack(), None)
    assert said.zone is None
    assert said.zone_shares == {}


def test_what_its_place_and_size_leave_out_is_looked_at_no_further(blue_stack, monkeypatch):
    """Most of what is drawn lies in no zone or is too small: its traits need not be known."""
    patch, views = blue_stack()
    aoi = yard(views.grid)
    told, seen = describe(patch, views, aoi), []
    found = find(patch, views, aoi, asked=lambda placed: seen.append(placed) is None)
    assert found.shape == told.shape
    assert found.traits == told.traits
    assert (seen[0].judged, seen[0].zone, seen[0].zone_shares) == (told.judged, told.zone, told.zone_shares)
    monkeypatch.setattr("imagery_diff.method.describe._traits", None)
    assert find(patch, views, aoi, asked=lambda placed: placed.zone is None) is None


def test_touching_what_was_not_seen_makes_the_length_a_lower_bound(blue_stack):
    flags = np.zeros((100, 100), np.uint8)
    flags[:, 61:] = Flag.CLOUD
    assert describe(*blue_stack(flags), None).cut
    flags[:, 61:] = Flag.HAZE
    assert not describe(*blue_stack(flags), None).cut


def test_nothing_left_at_half_height_is_nothing(blue_stack):
    patch, views = blue_stack(magnitude=np.zeros((100, 100), np.float32))
    assert describe(patch, views, None) is None


# --- beside shadows that moved


def test_a_dark_heap_beside_a_moved_shadow_is_told_unless_something_standing_could_have_shaded_it(blue_stack):
    """Sun in the north: the shadows of the highest thing fall 3 pixels down the image before, 12 after."""
    dark = (0.4 * GROUND)[:, None, None]
    before, after = (np.tile(GROUND[:, None, None], (1, 100, 100)).astype(np.float32) for _ in range(2))
    shadow = np.zeros((100, 100), bool)
    shadow[37:40, COLS] = shadow[47:50, COLS] = True
    after[:, 37:50, COLS] = dark
    views = {"brightness": (before, after), "shaded": shadow}
    patch, alone = blue_stack(**views, reach_px=((3.0, 0.0), (12.0, 0.0)))
    assert describe(patch, alone, None).direction == "appeared"
    assert describe(patch, blue_stack(**views)[1], None) is None
    for image in (before, after):
        image[:, 28:36, 20:80] = 1.5 * GROUND[:, None, None]
    assert describe(patch, alone, None) is None


@pytest.mark.parametrize(("stands_out", "told"), [(slice(30, 60), True), (slice(30, 50), True), (slice(30, 40), False)])
def test_a_dark_line_beside_a_moved_shadow_is_told_where_most_of_it_stands_out_of_its_track(
    blue_stack, stands_out, told
):
    dark = (0.4 * GROUND)[:, None, None]
    before, after = (np.tile(GROUND[:, None, None], (1, 100, 100)).astype(np.float32) for _ in range(2))
    shadow = np.zeros((100, 100), bool)
    shadow[45:50, COLS] = True
    after[:, 42:43, COLS] = after[:, 45:50, COLS] = dark
    size, train = np.zeros((2, 100, 100), np.float32)
    size[42, COLS] = 9.0
    train[42, stands_out] = 3.0
    level = Threshold(location=0.0, scale=1.0, blocks=0, seed=5.0, grow=3.0)
    levels = {int(Surface.SMOOTH): level}
    rails = Scale(strength=train, levels=levels, name=TRAIN, candidate=2.75)
    changes = {"brightness": (before, after), "shaded": shadow, "magnitude": size}
    window = (slice(36, 51), slice(26, 64))
    line = Patch(window=window, mask=size[window] > 0, strength=9.0)
    assert describe(line, blue_stack(**changes)[1], None) is None
    assert (describe(line, blue_stack(**changes, train=rails)[1], None) is not None) == told


@pytest.mark.parametrize(
    ("later", "said"), [(0.3, "appeared"), (-0.3, "disappeared"), (0.01, "changed"), (None, "changed")]
)
def test_a_line_whose_bed_does_not_tell_is_dated_by_when_it_stood_out_of_its_track(blue_stack, later, said):
    before, after = (np.tile(GROUND[:, None, None], (1, 100, 100)).astype(np.float32) for _ in range(2))
    before[:, 43, COLS] *= 0.8
    after[:, 43, COLS] *= 1.2
    size = np.zeros((100, 100), np.float32)
    size[43, COLS] = 9.0
    level = Threshold(location=0.0, scale=1.0, blocks=0, seed=5.0, grow=3.0)
    stood = None if later is None else np.where(size > 0, np.float32(later), np.float32(0))
    rails = Scale(strength=size, levels={int(Surface.SMOOTH): level}, name=TRAIN, candidate=2.75, later=stood)
    window = (slice(36, 51), slice(26, 64))
    line = Patch(window=window, mask=size[window] > 0, strength=9.0)
    views = blue_stack(brightness=(before, after), magnitude=size, changed=size > 0, train=rails)[1]
    assert describe(line, views, None).direction == said


def test_a_ship_that_left_beside_a_moved_shadow_is_told_and_a_sliver_of_shaded_quay_is_not(blue_stack):
    # Water where the ship lay is as dark as the shade that fell on the quay beside it.
    dark = (0.4 * GROUND)[:, None, None]
    after = np.tile(GROUND[:, None, None], (1, 100, 100)).astype(np.float32)
    before = after.copy()
    shadow, water = np.zeros((100, 100), bool), np.zeros((100, 100), bool)
    shadow[47:50, COLS], water[20:47] = True, True
    after[:, 20:50, COLS] = dark
    closed = water.copy()
    closed[42:47, COLS] = False
    size = np.zeros((100, 100), np.float32)
    size[42:47, COLS] = 9.0
    views = {"brightness": (before, after), "shaded": shadow, "water": (closed, water), "magnitude": size}
    window = (slice(36, 51), slice(26, 64))
    ship = Patch(window=window, mask=size[window] > 0, strength=15.0)
    assert describe(ship, blue_stack(**views)[1], None).direction == "disappeared"
    size = np.zeros((100, 100), np.float32)
    size[46, COLS] = 9.0
    strip = Patch(window=window, mask=size[window] > 0, strength=15.0)
    assert describe(strip, blue_stack(**views | {"magnitude": size})[1], None) is None


def test_a_strip_of_water_too_long_for_its_breadth_to_be_a_ship_is_not_told_beside_a_moved_shadow(blue_stack):
    dark = (0.4 * GROUND)[:, None, None]
    after = np.tile(GROUND[:, None, None], (1, 100, 100)).astype(np.float32)
    before = after.copy()
    along = slice(20, 80)
    shadow, water = np.zeros((100, 100), bool), np.zeros((100, 100), bool)
    shadow[47:50, along], water[20:47] = True, True
    after[:, 20:50, along] = dark
    window = (slice(36, 56), slice(10, 90))

    def told(columns):
        closed = water.copy()
        closed[44:47, columns] = False
        size = np.zeros((100, 100), np.float32)
        size[44:47, columns] = 9.0
        views = {"brightness": (before, after), "shaded": shadow, "water": (closed, water), "magnitude": size}
        return describe(Patch(window=window, mask=size[window] > 0, strength=15.0), blue_stack(**views)[1], None)

    assert told(slice(40, 60)) is not None  # three by twenty pixels
    assert told(along) is None  # three by sixty


def test_a_line_of_coloured_ships_that_darkens_beside_a_moved_shadow_is_told(blue_stack):
    """As long for its breadth as the strip above, but shade takes light of all bands and not of red alone."""
    before, after = (np.tile(GROUND[:, None, None], (1, 100, 100)).astype(np.float32) for _ in range(2))
    along, shadow, open_before = slice(20, 80), np.zeros((100, 100), bool), np.zeros((100, 100), bool)
    shadow[47:50, along], open_before[20:47] = True, True
    open_after = open_before.copy()
    open_after[44:47, along] = False
    after[:, 47:50, along] = (GROUND * [0.5, 0.44, 0.4, 0.34])[:, None, None]
    size = np.where(open_after == open_before, 0, 9).astype(np.float32)
    window = (slice(36, 56), slice(10, 90))
    line = Patch(window=window, mask=size[window] > 0, strength=15.0)

    def told(colour):
        after[:, 44:47, along] = np.array(colour)[:, None, None]
        views = {"brightness": (before, after), "shaded": shadow, "water": (open_before, open_after), "magnitude": size}
        return describe(line, blue_stack(**views)[1], None) is not None

    assert told(GROUND * [1.3, 1.2, 0.1, 0.1])
    assert not told(GROUND * [0.5, 0.44, 0.4, 0.34])


def test_a_dark_stack_that_came_with_its_own_shadow_is_no_rest_of_one_that_moved(blue_stack):
    """Shadows moved by two pixels; stack and shadow are nine broad, though something stands sunwards of them."""
    shade_left = np.array([0.5, 0.44, 0.4, 0.34])
    before, after = (np.tile(GROUND[:, None, None], (1, 100, 100)).astype(np.float32) for _ in range(2))
    for image in (before, after):  # a roof sunwards, so that the stack has a caster
        image[:, 34:39, 20:80] = 1.5 * GROUND[:, None, None]
    shadow = np.zeros((100, 100), bool)
    shadow[44:48, COLS] = True
    after[:, 39:48, COLS] = (GROUND * shade_left)[:, None, None]
    size = np.zeros((100, 100), np.float32)
    size[39:44, COLS] = 9.0
    window = (slice(33, 54), slice(26, 64))
    stack = Patch(window=window, mask=size[window] > 0, strength=15.0)
    views = {"brightness": (before, after), "shaded": shadow, "magnitude": size}
    assert describe(stack, blue_stack(**views, reach_px=((4.0, 0.0), (6.0, 0.0)))[1], None).direction == "appeared"
    assert describe(stack, blue_stack(**views, reach_px=((1.0, 0.0), (11.0, 0.0)))[1], None) is None


def on_water(blue_stack, *things, **changes):
    """Return the views of things that came to lie on open water, and all of it as one patch."""
    before = np.tile(np.array([300, 280, 200, 60.0])[:, None, None], (1, 100, 100)).astype(np.float32)
    after = before.copy()
    water, closed = np.ones((2, 100, 100), bool)
    for rows, cols in things:
        after[:, rows, cols] = PAINT[:, None, None]
        closed[rows, cols] = False
    before, after = (np.stack([gaussian_filter(band, 1.2) for band in image]) for image in (before, after))
    size = np.abs(after - before).mean(axis=0) / 50
    views = {"brightness": (before, after), "magnitude": size, "water": (water, closed)} | changes
    window = (slice(30, 60), slice(2, 98))
    return Patch(window=window, mask=size[window] > 1, strength=15.0), blue_stack(**views)[1]


@pytest.mark.parametrize("gap", [3, 4, 6])
def test_two_ships_bow_to_stern_are_two_ships(blue_stack, gap):
    patch, views = on_water(
        blue_stack, (slice(42, 46), slice(8, 46 - gap // 2)), (slice(42, 46), slice(46 - gap // 2 + gap, 90))
    )
    ships = ships_in(patch, views)
    lengths = [describe(ship, views, None).shape.length_m for ship in ships]
    assert lengths == pytest.approx([3 * (38 - gap // 2), 3 * (44 - gap + gap // 2)], abs=9)
    assert not (ships[0].mask & ships[1].mask).any()


@pytest.mark.parametrize("length", [20, 40, 44])
def test_a_ship_with_a_dark_hold_is_one_ship(blue_stack, length):
    # Up to eleven times as long as broad, and amidships it hardly differs from the water.
    patch, views = on_water(blue_stack, (slice(42, 46), slice(20, 20 + length)))
    before, after = views.brightness
    hold = slice(20 + length // 2 - 2, 20 + length // 2 + 2)
    after[:, :, hold] = before[:, :, hold] + 0.3 * (after[:, :, hold] - before[:, :, hold])
    assert ships_in(patch, views) == [patch]


def test_a_strip_no_ship_can_be_is_left_whole(blue_stack):
    patch, views = on_water(blue_stack, (slice(42, 44), slice(8, 90)))
    assert ships_in(patch, views) == [patch]


def test_a_jetty_with_a_broad_head_is_one_thing_and_loses_no_part(blue_stack):
    patch, views = on_water(blue_stack, (slice(44, 47), slice(4, 66)), (slice(41, 50), slice(66, 94)))
    assert ships_in(patch, views) == [patch]


def test_a_strip_of_quay_that_shade_freed_is_cut_off_the_ship_and_not_told(blue_stack):
    """A shed's shadow falls 8 pixels up the image before, 3 after; on the quay's rim it had passed for water."""
    before = np.tile(GROUND[:, None, None], (1, 100, 100)).astype(np.float32)
    before[:, 45:51] *= 1.3
    before[:, 51:62, 8:76] *= 1.5
    before[:, :45] = np.array([300, 280, 200, 60.0])[:, None, None]
    after = before.copy()
    before[:, 45:51, 8:76] *= np.array([0.5, 0.44, 0.4, 0.34])[:, None, None]
    after[:, 41:45, 50:76] = PAINT[:, None, None]
    before, after = (np.stack([gaussian_filter(band, 1.0) for band in image]) for image in (before, after))
    shade, open_before, open_after = np.zeros((3, 100, 100), bool)
    shade[48:51, 8:76] = open_before[:48] = open_after[:45] = True
    open_after[41:45, 50:76] = False
    size = np.where(shade, 0, np.abs(after - before).mean(axis=0) / 50)
    changes = {"brightness": (before, after), "magnitude": size, "shaded": shade, "water": (open_before, open_after)}
    views = blue_stack(**changes, reach_px=((-8.0, 0.0), (-3.0, 0.0)))[1]
    window = (slice(30, 52), slice(2, 98))  # patches come with a margin
    afloat = np.arange(30, 52)[:, None] < 48
    patch = Patch(window=window, mask=(size[window] > 2) & afloat, strength=15.0)
    (left,) = ships_in(patch, views)
    assert describe(patch, views, None).shape.length_m > 200
    # Two pixels of the strip beyond the cut are outlined with it.
    assert describe(left, views, None).shape.length_m == pytest.approx(78 + 6, abs=9)


@pytest.mark.parametrize(
    ("paint", "told"), [([300, 400, 1000, 1300.0], True), (GROUND * [0.5, 0.44, 0.4, 0.34], False)]
)
def test_beside_a_shadow_that_moved_only_what_shade_explains_is_its_rest(blue_stack, paint, told):
    patch, views = blue_stack()
    before, after = views.brightness
    after[:, ROWS, COLS] = np.array(paint)[:, None, None]
    shade = np.zeros((100, 100), bool)
    shade[45:57, 26:64] = True
    after[:, shade] = (GROUND * [0.5, 0.44, 0.4, 0.34])[:, None]
    # Unchanged ground differs in brightness more than in colour.
    white = GROUND / np.linalg.norm(GROUND)
    whitening = {int(Surface.SMOOTH): (np.eye(len(NAMES)) - 0.9 * np.outer(white, white)) / 50}
    patch, views = blue_stack(brightness=(before, after), shaded=shade, whitening=whitening)
    wide = Patch(window=(slice(36, 60), slice(26, 64)), mask=np.pad(patch.mask, ((0, 9), (0, 0))), strength=15.0)
    assert (describe(wide, views, None) is not None) == told


def test_when_a_thing_stood_there_is_asked_of_its_core_not_of_the_ground_a_low_level_has_grown_over(blue_stack):
    _, views = blue_stack()
    before, after = views.brightness
    # A patch that has grown as far as an edge that stands on both dates.
    grown = np.zeros((100, 100), bool)
    grown[34:53, 24:66] = True
    for image in (before, after):
        image[:, ~grown] *= 2.5
    _, views = blue_stack(brightness=(before, after))
    patch = Patch(window=(slice(34, 53), slice(24, 66)), mask=np.ones((19, 42), bool), strength=15.0)
    assert describe(patch, views, None).direction == "appeared"


def in_the_snow(blue_stack, colour, whitened, sun=(-6.0, 0.0), **changes):
    """Describe a strip of a colour, 21 m broad, that one date shows on land of which the other rows may lie in snow."""
    before = np.tile(GROUND[:, None, None], (1, 100, 100)).astype(np.float32)
    after = before.copy()
    after[:, ROWS, COLS] = np.array(colour)[:, None, None]
    # Shade takes light of all bands; unchanged ground differs in brightness more than in colour.
    white = GROUND / np.linalg.norm(GROUND)
    whitening = {int(Surface.SMOOTH): (np.eye(len(NAMES)) - 0.9 * np.outer(white, white)) / 50}
    views = {"brightness": (before, after), "whitening": whitening, "snow": (None, whitened), "reach_px": (sun, sun)}
    patch, views = blue_stack(**(views | changes))
    return describe(patch, views, None)


SHADE = GROUND * [0.3, 0.25, 0.2, 0.15]


def test_a_shadow_in_the_snow_is_drawn_with_as_much_ground_towards_the_sun_where_what_throws_it_stands(blue_stack):
    snow = np.ones((100, 100), bool)
    alone = in_the_snow(blue_stack, SHADE, None)
    found = in_the_snow(blue_stack, SHADE, snow)
    assert (alone.shape.length_m, alone.shape.width_m) == pytest.approx((90, 21), abs=4)
    assert (found.shape.length_m, found.shape.width_m) == pytest.approx((90, 42), abs=5)
    # Shadows fall towards lower rows, to the north: the sun and the thing are south of them.
    assert found.shape.outline.bounds[1] == pytest.approx(alone.shape.outline.bounds[1] - 21, abs=4)
    assert found.shape.outline.bounds[3] == pytest.approx(alone.shape.outline.bounds[3], abs=1)
    assert any("seen by its shadow" in reason for reason in found.why)
    assert found.colour is None
    assert found.traits == alone.traits


def test_what_is_no_shadow_or_has_bare_ground_or_water_towards_the_sun_is_drawn_as_it_is(blue_stack):
    snow, bare = np.ones((100, 100), bool), np.ones((100, 100), bool)
    bare[47:60] = False
    wide = 30  # a thing with the strip of ground sunwards of it would be 42 m broad
    assert in_the_snow(blue_stack, PAINT, snow).shape.width_m < wide
    assert in_the_snow(blue_stack, SHADE, bare).shape.width_m < wide
    afloat = (snow, snow)
    assert in_the_snow(blue_stack, SHADE, snow, water=afloat).shape.width_m < wide
    assert in_the_snow(blue_stack, SHADE, snow, reach_px=None).shape.width_m < wide
    assert in_the_snow(blue_stack, SHADE, snow, snow=(snow, None)).shape.width_m < wide, "it snowed on the other date"
    assert in_the_snow(blue_stack, SHADE, snow, sun=(-3.0, 0.0)).shape.width_m < wide, "broader than any shadow"


def test_what_is_drawn_with_a_thrower_is_judged_by_its_shadow(blue_stack):
    found = in_the_snow(blue_stack, SHADE, np.ones((100, 100), bool))
    assert found.judged.area_m2 == pytest.approx(90 * 21, rel=0.15)
    assert found.shape.area_m2 > 1.7 * found.judged.area_m2
