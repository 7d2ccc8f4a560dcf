"""Activity: classes by ground, size and zone, ``other`` where unsure; colours of known paint."""

import numpy as np
import pytest

from imagery_diff.method.activity import Activity, Candidate, basis_of, classify, most_coloured, name_colour

CONCRETE = {"red": 0.17, "green": 0.16, "blue": 0.15}


def activity(**what):
    length, width = what.get("length_m", 90.0), what.get("width_m", 21.0)
    plain = {
        "on_water": False,
        "zone_kind": "yard",
        "near_rail": False,
        "length_m": length,
        "width_m": width,
        "mean_width_m": width,
        "both_dates": False,
        "dark": False,
    }
    found, why = classify(Candidate(**(plain | what)))
    assert why
    assert all(why)
    return found


@pytest.mark.parametrize(
    ("what", "truth"),
    [
        ({"on_water": True, "zone_kind": "berth", "length_m": 115.0, "width_m": 20.0}, Activity.VESSEL),
        ({"on_water": True, "zone_kind": "yard", "length_m": 115.0, "width_m": 20.0}, Activity.VESSEL),
        ({"on_water": True, "zone_kind": "berth", "length_m": 8.0, "width_m": 4.0}, Activity.OTHER),
        ({"on_water": True, "zone_kind": "anchorage", "length_m": 300.0, "width_m": 200.0}, Activity.OTHER),
        ({}, Activity.CONTAINERS),
        ({"zone_kind": "berth"}, Activity.OTHER),
        ({"zone_kind": None}, Activity.OTHER),
        ({"length_m": 9.0, "width_m": 6.0}, Activity.OTHER),
        ({"length_m": 120.0, "width_m": 100.0}, Activity.OTHER),
        ({"both_dates": True}, Activity.OTHER),
        ({"zone_kind": "rail", "length_m": 240.0, "width_m": 7.0}, Activity.RAIL_CARS),
        ({"zone_kind": "rail", "length_m": 40.0, "width_m": 30.0}, Activity.OTHER),
        ({"zone_kind": "stockpile", "dark": True, "length_m": 40.0, "width_m": 30.0}, Activity.STOCKPILE),
        # Without a band that tells water from land the zone decides.
        ({"on_water": None, "zone_kind": "berth", "length_m": 100.0, "width_m": 18.0}, Activity.VESSEL),
        ({"on_water": None, "zone_kind": "yard"}, Activity.CONTAINERS),
    ],
)
def test_a_class_follows_from_ground_size_and_zone(what, truth):
    assert activity(**what) == truth


@pytest.mark.parametrize(
    ("paint", "truth"),
    [
        ({"red": 0.06, "green": 0.11, "blue": 0.22}, "blue"),
        ({"red": 0.30, "green": 0.08, "blue": 0.06}, "red"),
        ({"red": 0.07, "green": 0.20, "blue": 0.09}, "green"),
        ({"red": 0.42, "green": 0.26, "blue": 0.08}, "orange"),
        ({"red": 0.45, "green": 0.44, "blue": 0.43}, "white"),
        ({"red": 0.18, "green": 0.17, "blue": 0.16}, "grey"),
        ({"red": 0.04, "green": 0.04, "blue": 0.04}, "dark"),
        # Under half as bright as concrete, and red and green all the same.
        ({"red": 0.12, "green": 0.04, "blue": 0.04}, "red"),
        ({"red": 0.04, "green": 0.09, "blue": 0.05}, "green"),
        ({"red": 0.055, "green": 0.06, "blue": 0.065}, "dark"),
        ({"red": 0.24, "green": 0.20, "blue": 0.16}, "tan"),
        ({"red": 0.13, "green": 0.08, "blue": 0.05}, "brown"),
    ],
)
@pytest.mark.parametrize("scale", [1.0, 10_000.0])
def test_paint_of_a_known_colour_is_named_in_any_units(paint, truth, scale):
    scaled = [{n: v * scale for n, v in colours.items()} for colours in (paint, CONCRETE)]
    assert name_colour(*scaled) == truth


def test_without_three_colours_there_is_no_colour():
    assert name_colour({"red": 1.0, "green": 1.0}, CONCRETE) is None
    assert name_colour({"band1": 1.0}, {"band1": 1.0}) is None
    assert name_colour({"red": -0.1, "green": 0.0, "blue": 0.0}, CONCRETE) == "dark"


def test_a_red_deck_between_grey_hatches_is_what_has_most_colour():
    deck, hatches = (0.30, 0.08, 0.06), (0.18, 0.17, 0.16)
    pixels = np.array([deck] * 8 + [hatches] * 10).T
    bands = dict(zip(("red", "green", "blue"), pixels, strict=True))
    whole = {name: float(np.median(values)) for name, values in bands.items()}
    assert (name_colour(whole, CONCRETE), name_colour(most_coloured(bands), CONCRETE)) == ("grey", "red")


def test_the_basis_of_a_colour_names_its_bands_and_how_far_its_hue_is_from_the_grounds():
    blue = {"red": 0.06, "green": 0.11, "blue": 0.22}
    assert basis_of(blue, CONCRETE).startswith("red 0.06, green 0.11, blue 0.22; 3")
    assert "; 0 degrees" in basis_of({name: 2 * value for name, value in CONCRETE.items()}, CONCRETE)
