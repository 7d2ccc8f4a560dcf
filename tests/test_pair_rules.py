"""Each rule of pairs: when it refuses, when it tells, when it is silent; and the table in the docs has them all."""

import datetime as dt
import re
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from shapely import box

from imagery_diff import AOI, Zone, compare
from imagery_diff.errors import ImageryDiffWarning, InputError
from imagery_diff.geometry import Sun, View
from imagery_diff.grid import Grid
from imagery_diff.pair_register import _reach_m
from imagery_diff.pair_rules import RULES, WARNED, judge
from imagery_diff.pair_scenes import open_pair
from imagery_diff.params import Params
from imagery_diff.scene import Level, Orbit

TOP = Path(__file__).resolve().parents[1]
NOON = dt.datetime(2023, 10, 20, 2, 1, tzinfo=dt.UTC)
LATER = NOON + dt.timedelta(days=1)


@pytest.fixture
def pair(opened):
    """Return a maker of two opened images that differ as told: ``before`` and ``after`` are changes to each."""

    def make(before=None, after=None, **both):
        data = np.full((4, 20, 20), 0.1, np.float32)
        facts = {"level": Level.SURFACE, "acquired": NOON, "sun": Sun(azimuth_deg=160, elevation_deg=36)}
        first = opened(data, name="before.tif", **(facts | both | (before or {})))
        second = opened(data, name="after.tif", **(facts | {"acquired": LATER} | both | (after or {})))
        return first, second

    return make


def port(width=40.0):
    quay = Zone(
        name="quay", kind="berth", polygon=box(605_000, 4_676_900, 605_200, 4_676_900 + width), crs="EPSG:32652"
    )
    return AOI(name="port", polygon=box(604_900, 4_676_800, 605_300, 4_677_100), zones=(quay,), crs="EPSG:32652")


def told(infos, ground=None, **how):
    return judge(infos, ground, Params(), **how)


def test_a_pair_of_one_kind_is_not_doubted(pair):
    assert told(pair()) == {}


def test_rendered_and_real_are_refused_whatever_is_said(pair):
    infos = pair(after={"simulated": True})
    for despite in ((), ("simulated",)):
        with pytest.raises(InputError, match=r"after.tif is rendered or altered and before.tif is not"):
            told(infos, despite=despite)


def test_radar_and_optical_are_refused_whatever_is_said(pair):
    infos = pair(after={"level": Level.SIGMA0})
    for despite in ((), ("radar",)):
        with pytest.raises(InputError, match=r"after.tif is a radar image and before.tif an optical one"):
            told(infos, despite=despite)
    # Of numbers nobody knows it is not said.
    assert "radar" not in told(pair({"level": Level.NUMBERS}, {"level": Level.SIGMA0}))


@pytest.mark.parametrize(
    ("levels", "match"),
    [
        ((Level.SURFACE, Level.TOA), "the air is taken out of one"),
        ((Level.TOA, Level.RADIANCE), "matched by statistics only"),
        ((Level.SURFACE, Level.NUMBERS), "matched by statistics only"),
        ((Level.DISPLAY, Level.SURFACE), "matched by statistics only"),
    ],
)
def test_levels_are_not_mixed_silently(pair, levels, match):
    infos = pair({"level": levels[0]}, {"level": levels[1]})
    assert match in told(infos)["level"]
    assert all(str(level) in told(infos)["level"] for level in levels)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Orbit(relative=32, direction="ascending"), Orbit(relative=134, direction="descending")),
        (Orbit(relative=32, direction="ascending"), Orbit(relative=33, direction="ascending")),
        (Orbit(direction="ascending"), Orbit(direction="descending")),
    ],
)
def test_another_orbit_is_refused_for_radar_and_told_for_others(pair, first, second):
    radar = pair({"orbit": first}, {"orbit": second}, level=Level.SIGMA0, sun=None)
    with pytest.raises(InputError, match=r"laid over other ground.*--despite orbit"):
        told(radar)
    assert "despite the rule orbit" in told(radar, despite=("orbit",))["orbit"]
    assert "one orbit is better" in told(pair({"orbit": first}, {"orbit": second}))["orbit"]


def test_orbits_of_two_systems_say_nothing_together(pair):
    sentinel = {"orbit": Orbit(relative=103, direction="descending"), "product": "Sentinel-2 L2A"}
    landsat = {"orbit": Orbit(relative=114, direction="descending"), "product": "Landsat L2SP"}
    assert "orbit" not in told(pair(sentinel, landsat))
    assert "orbit" in told(pair(sentinel, sentinel | {"orbit": Orbit(relative=3, direction="descending")}))


def test_an_orbit_that_is_not_known_is_not_another(pair):
    assert told(pair({"orbit": Orbit(relative=32)}, {"orbit": Orbit()})) == {}
    assert told(pair({"orbit": Orbit(strip="1")}, {"orbit": Orbit(strip="2")})) == {}


def leaning(pair, degrees):
    views = [View(off_nadir_deg=d, azimuth_deg=a) for d, a in ((degrees, 90), (degrees, 270))]
    return pair({"view": views[0]}, {"view": views[1]})


def test_views_that_a_zone_cannot_carry_are_refused_and_wide_ones_told(pair):
    # 12 m at 45 degrees from either side: 24 m apart.
    assert "quay" in told(leaning(pair, 45), port(40))["off-nadir"]
    assert "off-nadir" not in told(leaning(pair, 45), port(60))
    with pytest.raises(InputError, match=r"leans 24 m apart.*--despite off-nadir"):
        told(leaning(pair, 45), port(20))
    assert told(leaning(pair, 45), port(20), despite=("off-nadir",))
    # Without zones, from two containers' height on.
    assert "off-nadir" in told(leaning(pair, 20))
    assert "off-nadir" not in told(leaning(pair, 5))


@pytest.mark.parametrize(("ratio", "outcome"), [(1.4, None), (2.0, "averaged"), (11.0, "refused")])
def test_resolutions_far_apart(pair, ratio, outcome):
    coarse = Grid(crs="EPSG:32652", transform=Affine(3 * ratio, 0, 605_001, 0, -3 * ratio, 4_676_998), shape=(20, 20))
    infos = pair(after={"grid": coarse})
    if outcome == "refused":
        with pytest.raises(InputError, match="more than 10 times as coarse"):
            told(infos)
    else:
        assert (outcome or "") in told(infos).get("resolution", "")
        assert bool(outcome) == ("resolution" in told(infos))


def test_two_instruments_are_told(pair):
    assert "PS2 and PSB.SD" in told(pair({"instrument": "PS2"}, {"instrument": "PSB.SD"}))["instrument"]
    assert "instrument" not in told(pair({"instrument": "PS2"}, {"instrument": None}))


def test_two_strips_of_one_pass_can_only_show_what_moves(pair):
    soon = {"acquired": NOON + dt.timedelta(seconds=1)}
    strip = {"orbit": Orbit(strip="3602746")}
    assert "two images of one strip, 1 seconds apart" in told(pair(strip, soon | strip))["one-pass"]
    assert "two images of one pass" in told(pair({}, soon))["one-pass"]
    assert "one-pass" not in told(pair({}, {"acquired": NOON + dt.timedelta(minutes=5)}))


def test_one_scene_given_twice_is_told_and_not_called_one_pass(pair):
    found = told(pair(scene_id="x", acquired=NOON))
    assert set(found) == {"same-image"}


def test_one_image_under_two_names_is_told_by_its_pixels(opened, town):
    image = town((120, 140))
    with pytest.warns(ImageryDiffWarning, match=r"a\.tif and b\.tif hold the same pixels"):
        result = compare("-", opened(image, name="a.tif"), opened(image.copy(), name="b.tif"))
    assert any("tells nothing" in c for c in result.caveats)
    other = image + np.float32(0.5) * (np.indices(image.shape)[2] % 2).astype(np.float32)
    assert not any("same pixels" in c for c in compare("-", opened(image), opened(other)).caveats)


def test_years_and_nights_are_told(pair):
    assert "2.0 years" in told(pair({}, {"acquired": NOON + dt.timedelta(days=730)}))["years"]
    assert "years" not in told(pair({}, {"acquired": NOON + dt.timedelta(days=360)}))
    night = told(pair({}, {"sun": Sun(azimuth_deg=0, elevation_deg=-40)}))["night"]
    assert "40 degrees below the horizon at 02:01 UTC" in night
    assert "local time" in night


def test_without_ground_control_the_search_is_wider_and_it_is_told(pair):
    infos = pair({}, {"ground_control": False})
    assert "150 m" in told(infos)["ground-control"]
    loose, tied = open_pair(*infos), open_pair(*pair(ground_control=True))
    assert (_reach_m(loose, Params()), _reach_m(tied, Params())) == (150.0, 45.0)


def test_an_image_sixty_metres_off_is_found_where_it_is_not_tied_to_the_ground(opened, town):
    base = town((260, 260))
    moved = np.roll(base, (20, -12), axis=(1, 2))
    names = ("red",)
    looks = [opened(image, name=f"{k}.tif", names=names, ground_control=False) for k, image in enumerate((base, moved))]
    result = compare("-", *looks)
    assert (round(result.shift.rows), round(result.shift.cols)) == (20, -12)
    assert any("ground_control false" in c for c in result.caveats)


def test_a_rule_that_is_none_is_refused(pair):
    with pytest.raises(InputError, match="no rule of pairs is called 'orbits'; they are simulated, radar"):
        told(pair(), despite=("orbits",))


def test_rules_reach_the_result_and_the_worst_are_warned_of(pair):
    infos = pair({"acquired": LATER}, {"acquired": NOON})
    with pytest.warns(ImageryDiffWarning, match="is older than before"):
        open_pair(*infos)
    caveats = open_pair(*pair({"instrument": "PS2"}, {"instrument": "PSB.SD"})).caveats
    assert any("two instruments" in c for c in caveats)


def test_the_table_in_the_docs_has_every_rule_and_no_other():
    text = (TOP / "docs" / "reference" / "pairs.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w-]+)`( †)? ", text, re.MULTILINE)
    assert list(dict.fromkeys(name for name, _ in rows)) == [rule.name for rule in RULES]
    assert {name for name, mark in rows if mark} == WARNED


def test_two_pictures_without_a_place_and_with_nothing_in_common_are_refused(town, opened):
    grid = Grid(crs=None, transform=Affine.identity(), shape=(200, 220))
    looks = [opened(town(seed=k, bands=3), names=("red", "green", "blue"), name=f"{k}.png", grid=grid) for k in (1, 2)]
    with pytest.raises(InputError, match="may not show the same ground"):
        compare("-", *looks)
    assert compare("-", *looks, despite=("placement",)).shift.measured is False
