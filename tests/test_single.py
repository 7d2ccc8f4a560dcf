"""One image: what stands on open water is found and unconfirmed; what one image cannot tell is not told."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from scipy import ndimage
from shapely import box
from shapely.geometry import shape

from imagery_diff import AOI, Zone, compare, look, samples
from imagery_diff.aoi import reproject
from imagery_diff.cli import main
from imagery_diff.errors import InputError
from imagery_diff.mark import ALTERED
from imagery_diff.method.regions import Patch
from imagery_diff.method.standing import Water, find_standing, find_water, part_of_land
from imagery_diff.scene import Flag, Level
from imagery_diff.write import comparison_table
from imagery_diff.write.look import candidates_geojson, summary, text
from imagery_diff.write.words import RENDERED

TOP = Path(__file__).resolve().parents[1]
NAMES = ("blue", "green", "red", "nir")
WATER, LAND = (0.06, 0.07, 0.045, 0.02), (0.15, 0.17, 0.2, 0.28)
SHIP = (slice(100, 105), slice(100, 140))


def harbour(*things, seed=1, shape=(220, 300), land=60):
    """Return water with land on the left; things are (rows, cols), rise of all bands."""
    rng = np.random.default_rng(seed)
    image = np.empty((4, *shape), np.float64)
    image[:] = np.array(WATER)[:, None, None]
    texture = ndimage.zoom(rng.normal(0, 1, (shape[0] // 4, land // 4)), 4, order=0)
    image[:, :, :land] = np.array(LAND)[:, None, None] * (1 + 0.3 * texture)
    for where, rise in things:
        image[(slice(None), *where)] += rise
    image = np.stack([ndimage.gaussian_filter(band, 0.98) for band in image])
    return (image + rng.normal(0, 0.001, image.shape)).astype(np.float32)


def schema(name):
    return Draft202012Validator(json.loads((TOP / "docs" / "reference" / "schemas" / name).read_text()))


def standing(image, names=NAMES, drawn=None):
    water = find_water(image, np.ones(image.shape[1:], bool), names, 3.0, drawn)
    return water, find_standing(image, water, 3.0, least_px=18)


@pytest.mark.parametrize("names", [NAMES, ("blue", "green", "red")])
def test_water_is_told_from_land_with_and_without_near_infrared(names):
    water, _ = standing(harbour()[: len(names)], names)
    assert water.wet[:, 70:].mean() > 0.99
    assert not water.wet[:, :55].any()


@pytest.mark.parametrize("rise", [0.1, -0.03])
@pytest.mark.parametrize("names", [NAMES, ("blue", "green", "red")])
def test_a_ship_on_open_water_is_found_bright_or_dark_as_large_as_it_is(names, rise):
    _, found = standing(harbour((SHIP, rise))[: len(names)], names)
    (patch,) = found.patches
    rows, cols = np.nonzero(patch.mask)
    assert abs(np.ptp(rows) + 1 - 5) <= 2
    assert abs(np.ptp(cols) + 1 - 40) <= 2


@pytest.mark.parametrize("seed", range(6))
def test_empty_water_is_empty(seed):
    assert standing(harbour(seed=seed))[1].patches == []


def test_a_soft_slick_and_a_broad_shoal_are_no_things():
    image = harbour()
    image += 0.05 * np.exp(-((np.mgrid[:220, :300][0] - 100) ** 2 + (np.mgrid[:220, :300][1] - 180) ** 2) / 2 / 12**2)
    assert standing(image)[1].patches == []
    assert standing(harbour(((slice(60, 110), slice(150, 210)), 0.05)))[1].patches == []


def test_a_ship_beside_what_was_not_seen_or_at_the_edge_of_the_image_is_found():
    image = harbour(((slice(100, 105), slice(240, 280)), 0.1), ((slice(214, 219), slice(150, 190)), 0.1))
    seen = np.ones(image.shape[1:], bool)
    seen[:, 282:] = False
    image[:, :, 282:] = 0.0
    water = find_water(image, seen, NAMES[:3], 3.0, None)
    found = find_standing(image[:3], water, 3.0, least_px=18).patches
    assert sorted(p.window[0].start > 150 for p in found) == [False, True]


@pytest.mark.parametrize("inside", [30, 36])
def test_a_ship_cut_by_the_edge_of_the_image_is_told_as_no_longer_than_it_is_seen(opened, inside):
    image = harbour(((slice(100, 105), slice(300 - inside, 300)), 0.1))
    (found,) = look(None, opened(image, names=NAMES)).candidates
    assert found.length_is_lower_bound
    assert found.length_m <= 3.0 * inside + 6.0
    assert any("a ship, or a pier" in why for why in found.why)


def test_a_roof_on_an_island_is_part_of_land_and_a_raft_is_not():
    wet = np.ones((200, 300), bool)
    wet[60:160, 120:260] = False
    wet[20:30, 20:32] = False
    nothing = np.zeros_like(wet)
    water = Water(wet=wet, domain=~nothing, drawn=nothing, land=nothing)
    roof, raft = (
        Patch(window=np.s_[r : r + 10, c : c + 12], mask=np.ones((10, 12), bool), strength=9.0)
        for r, c in ((80, 140), (20, 20))
    )
    assert part_of_land(roof, water)
    assert not part_of_land(raft, water)


@pytest.mark.parametrize("rise", [0.1, 0.02])
def test_a_ship_is_as_long_and_broad_as_its_hull_and_not_as_its_blur(opened, rise):
    found = look(None, opened(harbour((SHIP, rise)), names=NAMES)).candidates
    assert [c.activity for c in found] == ["vessel"]
    assert found[0].length_m == pytest.approx(120, abs=5)
    assert found[0].width_m == pytest.approx(15, abs=3)


def test_what_touches_land_is_left_out_unless_the_aoi_draws_water_there():
    alongside = (slice(100, 140), slice(60, 66))
    image = harbour((alongside, 0.3))
    assert standing(image)[1].patches == []
    drawn = np.zeros((220, 300), bool)
    drawn[80:160, 60:80] = True
    (patch,) = standing(image, drawn=drawn)[1].patches
    rows, _ = np.nonzero(patch.mask)
    assert abs(np.ptp(rows) + 1 - 40) <= 2


def test_a_strip_of_quay_in_a_berths_outline_is_no_ship():
    drawn = np.zeros((220, 300), bool)
    drawn[80:160, 50:80] = True
    assert standing(harbour(), drawn=drawn)[1].patches == []


def test_land_alone_and_bands_that_cannot_tell_have_no_water():
    image = harbour(land=300)
    assert find_water(image, np.ones(image.shape[1:], bool), NAMES, 3.0, None) is None
    assert find_water(harbour()[:1], np.ones((220, 300), bool), ("pan",), 3.0, None) is None


@pytest.fixture
def port(opened):
    """Return a look at a harbour with an anchorage, a berth and a yard, and a ship at anchor."""

    def make(*things, flags=None, references=()):
        def zone(name, kind, left, right):
            outline = box(605_001 + 3 * left, 4_676_998 - 3 * 200, 605_001 + 3 * right, 4_676_998 - 3 * 20)
            return Zone(name=name, kind=kind, polygon=outline, crs="EPSG:32652")

        zones = (zone("yard", "yard", 5, 50), zone("quay", "berth", 60, 75), zone("roads", "anchorage", 90, 280))
        place = AOI(name="port", polygon=box(605_001, 4_676_350, 605_890, 4_676_998), zones=zones, crs="EPSG:32652")
        return look(place, opened(harbour(*things), flags, name="a.tif"), references=references)

    return make


def test_a_candidate_is_unconfirmed_and_says_where_and_how_long_it_is(port):
    found = port((SHIP, 0.1))
    (candidate,) = found.candidates
    assert (candidate.zone, candidate.activity, candidate.direction) == ("roads", "vessel", None)
    assert candidate.length_m == pytest.approx(120, abs=8)
    assert "Unconfirmed" in summary(found)["candidates"][0]["description"]


def test_of_each_zone_it_is_said_what_one_image_can_tell(port):
    assert [z.state for z in port((SHIP, 0.1)).zones] == ["not told", "not told", "candidates"]
    empty = port()
    assert [z.state for z in empty.zones] == ["not told", "not told", "nothing stood out"]
    assert any("one image has no before" in c for c in empty.caveats)


def test_under_cloud_nothing_is_told(port):
    flags = np.zeros((220, 300), np.uint8)
    flags[:, 150:] = 2
    assert port(flags=flags).zones[2].state == "unknown"


def test_an_image_of_which_nothing_was_seen_is_refused(port):
    with pytest.raises(InputError, match=r"a\.tif: nothing of the place was seen \(cloud on 100%\)"):
        port(flags=np.full((220, 300), 2, np.uint8))


def test_against_references_what_most_bear_out_is_told_with_its_direction(port, opened):
    references = [opened(harbour(seed=k), name=f"r{k}.tif") for k in (2, 3)]
    found = port((SHIP, 0.1), references=references)
    (candidate,) = found.candidates
    assert (candidate.direction, candidate.against) == ("appeared", ("r2.tif", "r3.tif"))
    assert any("unconfirmed" in c for c in found.caveats)
    # A ship that was there before is no news; half of the references are not most.
    there = opened(harbour((SHIP, 0.1), seed=4), name="r4.tif")
    assert port((SHIP, 0.1), references=[there, references[0]]).candidates == ()


def test_files_fit_their_schemas_and_nothing_claims_a_before(port, tmp_path):
    found = port((SHIP, 0.1))
    folder = found.save(tmp_path / "out")
    assert sorted(p.name for p in folder.iterdir()) == [
        "candidates.geojson",
        "manifest.json",
        "overview.png",
        "summary.json",
    ]
    document = json.loads((folder / "candidates.geojson").read_text())
    schema("candidates.schema.json").validate(document)
    schema("manifest.schema.json").validate(json.loads((folder / "manifest.json").read_text()))
    schema("look.schema.json").validate(json.loads((folder / "summary.json").read_text()))
    properties = document["features"][0]["properties"]
    assert (properties["status"], properties["direction"], properties["p_change"]) == ("unconfirmed", None, None)
    assert document == candidates_geojson(found) | {}
    # A rerun replaces what is unaltered, and nothing else.
    found.save(tmp_path / "out")
    (folder / "summary.json").write_text("{}")
    with pytest.raises(OSError, match=r"summary\.json"):
        found.save(tmp_path / "out")


def test_a_rendered_image_says_so_on_every_file():
    found = look("najin", samples.path("najin_20231019"))
    assert found.simulated
    assert summary(found)["credit"].startswith("RENDERED, NOT A SATELLITE IMAGE")
    assert all(c["simulated"] for c in summary(found)["candidates"])
    (ship,) = [c for c in found.candidates if c.zone == "pier2_sw_berth"]
    assert ship.length_m == pytest.approx(115, abs=16)


def test_an_image_of_another_place_is_refused_in_the_singular():
    elsewhere = AOI(name="elsewhere", polygon=box(129.0, 35.0, 129.1, 35.1))
    with pytest.raises(InputError, match="the image does not show the AOI"):
        look(elsewhere, samples.path("najin_20231019"))


def test_an_image_without_water_says_that_nothing_was_looked_for(opened):
    land = np.random.default_rng(3).uniform(0.1, 0.4, (4, 150, 150)).astype(np.float32)
    land[3] += 0.3
    found = look("-", opened(land, name="a.tif"))
    assert found.candidates == ()
    assert "Nothing was looked for" in text(found)
    assert "0% was not seen, 0% seen through haze, shadow or snow" in text(found)
    assert "stood out" not in text(found)


@pytest.mark.parametrize("masked", [True, False])
def test_clear_is_not_claimed_of_an_image_without_a_mask(opened, masked):
    info = opened(harbour((SHIP, 0.1)), name="a.tif", cloud_masked=masked)
    left, bottom, right, top = info.grid.bounds
    zone = Zone(name="roads", kind="anchorage", polygon=box(left, bottom, right, top), crs=info.grid.crs)
    place = AOI(name="port", polygon=zone.polygon, zones=(zone,), crs=info.grid.crs)
    assert ("no cloud mask came with a.tif" in text(look(place, info))) is not masked
    later = opened(harbour((SHIP, 0.1)) * np.float32(1.01), name="b.tif", cloud_masked=masked)
    result = compare(place, info, later)
    assert ("no cloud mask came with a.tif and b.tif" in comparison_table(result)) is not masked


def test_a_ship_part_of_which_was_not_seen_is_not_taken_for_land(opened):
    image = harbour((SHIP, 0.1))
    flags = np.zeros(image.shape[1:], np.uint8)
    flags[98:103, 104:112] = Flag.SUSPECT
    found = look("-", opened(image, flags, name="a.tif"))
    assert any(c.activity == "vessel" for c in found.candidates)


def test_an_altered_image_is_called_altered_and_not_rendered(opened):
    found = look("-", opened(harbour((SHIP, 0.1)), name="a.tif", simulated=True, credit=ALTERED))
    assert summary(found)["credit"] == ALTERED
    assert ALTERED in text(found)
    assert RENDERED not in text(found)


def test_without_georeference_measures_are_in_pixels_and_no_geojson_is_written(opened, tmp_path):
    from affine import Affine

    from imagery_diff.grid import Grid

    image = harbour((SHIP, 0.1))
    grid = Grid(crs=None, transform=Affine.identity(), shape=image.shape[1:])
    found = look("-", opened(image, name="a.png", grid=grid))
    document = summary(found)
    schema("look.schema.json").validate(document)
    assert document["candidates"][0]["length_m"] is None
    assert document["candidates"][0]["pixels"]["length_px"] == pytest.approx(40, abs=3)
    assert not (found.save(tmp_path / "out") / "candidates.geojson").exists()
    with pytest.raises(InputError, match="without a georeference"):
        look("najin", opened(image, name="a.png", grid=grid))


def test_on_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sample = str(samples.path("najin_20231019"))
    shown = CliRunner().invoke(main, ["look", "najin", sample])
    assert shown.exit_code == 0, shown.output
    assert "unconfirmed, the strongest first" in shown.stdout
    assert (tmp_path / "najin_20231019T0207Z_look" / "overview.png").stat().st_size > 10_000
    told = CliRunner().invoke(main, ["look", "najin", sample, "--json", "-o", str(tmp_path / "x")])
    schema("look.schema.json").validate(json.loads(told.stdout))
    reference = str(samples.path("najin_20231017"))
    against = CliRunner().invoke(main, ["look", "najin", sample, "--reference", reference, "-o", str(tmp_path / "y")])
    assert "appeared" in against.stdout
    for words in (["look"], ["look", "najin"], ["look", "najin", sample, sample]):
        assert CliRunner().invoke(main, words).exit_code == 2


def test_headings_of_the_explanation_are_the_numbered_comments_of_look():
    story = (TOP / "imagery_diff" / "single.py").read_text(encoding="utf-8")
    page = (TOP / "docs" / "explanation" / "look.md").read_text(encoding="utf-8")
    assert re.findall(r"^    # (\d+\. .*)$", story, re.MULTILINE) == re.findall(r"^## (\d+\. .*)$", page, re.MULTILINE)


def test_on_real_pictures_ships_at_anchor_are_found(data_folder):
    """Counted by eye before: eight ships at anchor (benchmarks/look.py has all nine pictures)."""
    from shapely import Point

    found = look("-", data_folder / "unlabelled" / "planetscope_visual" / "sfbay_1.png")
    ships = [(847, 162), (1102, 166), (1398, 198), (1216, 574), (927, 654), (1038, 906), (1366, 939), (1674, 987)]
    assert sum(any(c.geometry.distance(Point(s)) <= 15 for c in found.candidates) for s in ships) >= 7


def test_lengths_of_real_ships_at_anchor_are_those_of_the_marks(data_folder):
    folder = data_folder / "pairs" / "planet_sfbay"
    if not folder.is_dir():
        pytest.skip("real imagery is absent: no pairs/planet_sfbay")
    marked = [f for f in json.loads((folder / "events.geojson").read_text())["features"] if f["properties"]["must"]]
    off = []
    for name, sign in (("before", "disappeared"), ("after", "appeared")):
        seen = look(None, folder / f"{name}.tif")
        for mark in (m for m in marked if m["properties"]["sign"] == sign):
            place = reproject(shape(mark["geometry"]), "EPSG:4326", seen.grid.crs)
            off += [c.length_m - mark["properties"]["length"] for c in seen.candidates if c.geometry.intersects(place)]
    assert len(off) == 4
    assert np.abs(off).max() <= 6


def test_without_a_mask_cloud_is_judged_by_its_look_and_it_is_said(opened):
    image = harbour()
    rows, cols = np.mgrid[:220, :300]
    cloud = np.clip(1.6 - np.hypot(rows - 110, cols - 190) / 40, 0, 1)
    image += ((0.65 - image) * cloud).astype(np.float32)
    found = look("-", opened(image, name="a.tif", level=Level.SURFACE))
    middle = found.scene.flags[80:140, 160:220]
    assert np.mean((middle & Flag.CLOUD) != 0) > 0.9
    assert any("judged by their look alone" in c for c in found.caveats)
    # What a provider's mask calls clear is not called cloud by its look.
    masked = look("-", opened(image, name="a.tif", level=Level.SURFACE, cloud_masked=True))
    assert not masked.scene.flags.any()
    assert not any("by their look" in c for c in masked.caveats)
