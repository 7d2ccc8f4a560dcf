"""report.html as a file: whole without a network or a script, its own policy, and hostile names are text."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import combinations

import numpy as np
import pytest
import shapely

from imagery_diff.grid import Grid
from imagery_diff.write import summary
from imagery_diff.write.geojson import regions_geojson
from imagery_diff.write.pictures import pictures_of
from imagery_diff.write.report.doubts import against, worst_doubt
from imagery_diff.write.report.pair import Told, pair_report
from imagery_diff.write.report.stage import Stage
from tests.write.conftest import make_grid, make_result

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{ 7*7 }}"


def page_of(result, summary_change=lambda told: told):
    placed = result.grid.crs is not None
    told = Told(
        summary=summary_change(summary(result)),
        regions=regions_geojson(result) if placed else None,
        pictures=pictures_of(result),
        inputs=[{"role": "before", "name": HOSTILE, "size": 3, "sha256": None, "note": HOSTILE}],
    )
    return pair_report(told).decode()


class Elements(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        """Keep it."""
        self.found.append((tag, dict(attributes)))

    handle_startendtag = handle_starttag


@pytest.fixture(scope="module")
def page():
    return page_of(make_result(count=3))


def test_nothing_is_loaded_from_anywhere(page):
    for tag, attributes in Elements(page).found:
        for name in ("src", "href", "action", "data", "poster", "srcset"):
            address = attributes.get(name) or ""
            assert not address or address.startswith(("data:image/png;base64,", "#")), (tag, name, address[:60])
    assert "@import" not in page
    assert "url(" not in re.sub(r"url\(#[a-z-]+\)", "", page)


def test_the_policy_names_the_one_script_and_the_one_style_and_lets_nothing_else_in(page):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page).group(1).replace("&#39;", "'")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, flags=re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    # A style attribute or a handler would be stopped by it, silently.
    for _, attributes in Elements(page).found:
        assert not [name for name in attributes if name == "style" or name.startswith("on")]


def test_names_notes_and_files_are_text():
    def hostile(told):
        told["aoi"]["title"] = told["credit"] = told["headline"] = HOSTILE
        told["before"]["file"] = told["after"]["product"] = HOSTILE
        told["zones"][0]["title"] = told["zones"][0]["description"] = HOSTILE
        told["regions"][0] |= {"note": HOSTILE, "description": HOSTILE, "why": [HOSTILE], "doubts": [HOSTILE]}
        told["caveats"] = [HOSTILE]
        told["before"]["notes"] = [HOSTILE]
        return told

    found = Elements(page_of(make_result(count=1), hostile)).found
    assert [tag for tag, _ in found if tag == "script"] == ["script", "script"]
    assert "img" not in {tag for tag, _ in found}
    assert not [name for _, attributes in found for name in attributes if name == "onerror"]


def test_all_facts_are_there_without_a_script():
    result = make_result(count=3)
    text = re.sub(r"<script.*?</script>", "", page_of(result), flags=re.DOTALL)
    for region in result.regions:
        assert f"region-{region.id}" in text
    told = summary(result)
    assert told["headline"] in text.replace("&#39;", "'")
    for caveat in told["caveats"]:
        assert caveat in text.replace("&#39;", "'").replace("&#34;", '"')


def test_it_says_that_nobody_reviewed_it_until_somebody_did(page):
    assert "Not reviewed by a person" in page

    def reviewed(told):
        for region in told["regions"]:
            region["review"] = "accepted"
        return told

    assert "Every region was reviewed by a person" in page_of(make_result(count=2), reviewed)
    assert "nothing was flagged that could be" in page_of(make_result(count=0))


def test_a_rejected_region_is_not_drawn_on_the_place_and_stays_readable():
    def rejected(told):
        told["regions"][0] |= {"review": "rejected", "note": "a crane"}
        return told

    text = page_of(make_result(count=1), rejected)
    assert "rejected by a reviewer" in text
    assert "a crane" in text
    assert text.count('class="line under"') == 4  # its two close-ups, the ruler and the cross


@pytest.mark.parametrize(
    "options", [{}, {"crs": None, "aoi": False}, {"aoi": False}, {"count": 0}, {"simulated": True}]
)
def test_every_kind_of_result_has_a_page_under_eight_megabytes(options):
    assert len(page_of(make_result(**options))) < 8e6


def test_without_zones_the_regions_stand_at_a_glance_and_what_fits_no_class_neither_came_nor_went():
    def unclear(told):
        told["regions"][0] |= {"activity": "other", "direction": "disappeared"}
        return told

    text = page_of(make_result(count=15, aoi=False), unclear)
    assert "There are no zones" in text
    glance = text[text.index("Table of the regions") : text.index("Swipe between")]
    assert "</a> more before</th>" in glance
    assert glance.count("<tr>") == 16
    assert "outside the zones" not in text
    # No picture at a glance is buried under letters.
    first = text[text.index('<div class="pair') : text.index('<div class="known')]
    assert first.count('class="label"') == 2 * 12


def test_a_rendered_scene_is_stamped_on_every_picture():
    text = page_of(make_result(count=2, simulated=True))
    panels = text.count('<div class="panel">') + text.count('id="stage"')
    assert text.count('class="across"') == panels
    assert "Satellite image of" not in text


def test_a_length_on_the_page_is_a_length_on_the_ground():
    result = make_result()
    told = summary(result)
    stage = Stage.of(told, pictures_of(result).frame)
    (feature,) = regions_geojson(result)["features"][:1]
    drawn = stage.outline(feature["geometry"])
    assert drawn.area == pytest.approx(result.regions[0].geometry.area, rel=0.01)


@pytest.mark.parametrize("crs", ["EPSG:32652", "EPSG:4326", "EPSG:3857"])
def test_coordinates_are_read_off_to_a_metre_over_fifty_kilometres(crs):
    from affine import Affine
    from pyproj import Geod, Transformer

    step = {"EPSG:4326": 3e-4, "EPSG:32652": 30.0, "EPSG:3857": 40.0}[crs]
    x, y = Transformer.from_crs(4326, crs, always_xy=True).transform(130.2, 42.3)
    grid = Grid(crs=crs, transform=Affine(step, 0, x, 0, -step, y), shape=(1600, 1600))
    across, down = grid.pixel_size_m
    stage = Stage(grid=grid, row=0.0, col=0.0, width=1600 * across, height=1600 * down)
    told = stage.lonlat()
    to_lonlat = Transformer.from_crs(crs, 4326, always_xy=True)
    for u, v in np.random.default_rng(4).random((40, 2)):
        terms = [1, u, v, u * u, u * v, v * v]
        lon, lat = (sum(c * t for c, t in zip(told[axis], terms, strict=True)) for axis in ("lon", "lat"))
        true = to_lonlat.transform(*grid.xy(1600 * v, 1600 * u))
        assert Geod(ellps="WGS84").inv(lon, lat, *true)[2] < 1.0


def test_names_beside_regions_that_crowd_each_other_cover_none_of_them():
    stage = Stage(grid=make_grid(), row=0, col=0, width=1000.0, height=300.0)
    boxes = [
        ("R1", (500, 20, 520, 60)),
        ("R2", (505, 30, 525, 70)),
        ("R3", (510, 25, 530, 65)),
        ("R4", (985, 5, 999, 9)),
    ]
    spots = stage.spots([(name, shapely.box(*box)) for name, box in boxes], 20.0)
    taken = [(x - 28 * (end == "end"), y - 20, x + 28 * (end == "start"), y) for x, y, end in spots]
    assert all(shapely.box(*one).disjoint(shapely.box(*other)) for one, other in combinations(taken, 2))
    assert all(shapely.box(0, 0, 1000, 300).contains(shapely.box(*one)) for one in taken)


def test_the_first_doubt_is_the_one_that_could_make_all_of_it_wrong():
    told = summary(make_result(count=1))
    told["caveats"] = ["the outlines may lie up to 60 m off", "something small"]
    told["zones"] = [told["zones"][0] | {"state": "nothing flagged"}]
    told["fit"] = {"fitted": False, "widened_m": 50}
    assert worst_doubt(told) == "The outlines may lie up to 60 m off."
    told["zones"] = [told["zones"][0] | {"state": "unknown", "title": "Pier 9"}]
    assert worst_doubt(told).startswith("Of 1 of 1 zones nothing can be said")
    told["shift"]["reason"] = "too few windows"
    assert worst_doubt(told).startswith("The images could not be laid on each other")
    told["shift"]["reason"] = None
    told["before"]["acquired"] = None
    told["caveats"].append("the time of an image is not known: which is earlier is taken from the order")
    assert worst_doubt(told) == "The time of an image is not known: which is earlier is taken from the order."


def test_a_length_without_limits_is_never_written_as_exact():
    bare = make_result(count=1)
    assert ">about 90 m<" in page_of(bare)
    assert "by how much its length may be off was not counted for images like these" in page_of(bare)
    region = replace(bare.regions[0], length_low_m=84.0, length_high_m=97.0)
    limited = page_of(replace(bare, regions=(region,)))
    assert "90 m (84 to 97)" in limited
    assert "about 90 m<" not in limited
    assert "by how much its length" not in limited


def test_a_region_always_has_something_against_it():
    result = make_result(count=3)
    told = summary(replace(result))
    for row in told["regions"]:
        assert against(row, told)
    row = told["regions"][0] | {"shares": {"containers": 0.6, "cover": 0.4}, "p_change": 0.97, "activity": "containers"}
    assert any("told by rules" in words for words in against(row | {"p_activity": None}, told))
    said = against(row | {"p_activity": 0.9}, told)
    assert not any("told by rules" in words for words in said)
    assert said[0] == "of 100 regions like it about 3 would be no change at all"
    assert "it may be cover instead (40 in 100)" in said
