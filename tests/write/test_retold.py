"""A comparison read back from its files: its pictures are drawn and its zones told again as they were."""

import json
from dataclasses import replace

import pytest

from imagery_diff.result import Floor
from imagery_diff.write.figure import overview_png
from imagery_diff.write.geojson import regions_geojson
from imagery_diff.write.model import summary
from imagery_diff.write.pictures import pictures_of
from imagery_diff.write.report.reading import pictures_in
from imagery_diff.write.retold import retold
from imagery_diff.write.sentences import describe_region
from imagery_diff.write.zone_sentences import describe_zone
from tests.write.conftest import make_result

RESULTS = [
    {"count": 3},
    {"count": 1, "simulated": True},
    {"count": 12, "shape": (371, 2333)},
    {"count": 2, "shape": (1500, 900)},
    {"count": 2, "crs": None, "aoi": False},
    {"count": 0, "bands": ("vv",)},
    {"count": 1, "times": (None, None)},
]


@pytest.mark.parametrize("options", RESULTS)
def test_the_overview_is_drawn_from_the_files_of_the_folder_alone(options, tmp_path):
    folder = make_result(**options).save(tmp_path / "run")
    told, page = json.loads((folder / "summary.json").read_bytes()), (folder / "report.html").read_bytes()
    path = folder / "regions.geojson"
    regions = json.loads(path.read_bytes()) if path.exists() else None
    assert overview_png(retold(told, regions), pictures_in(page)) == (folder / "overview.png").read_bytes()


@pytest.mark.parametrize("options", RESULTS)
def test_pictures_come_out_of_a_page_as_they_went_in(options, tmp_path):
    result = make_result(**options)
    folder = result.save(tmp_path / "run")
    assert pictures_in((folder / "report.html").read_bytes()) == pictures_of(result)


def changed(page, old, new):
    assert old in page
    return page.replace(old, new, 1)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b'data-picture="before"', b'data-picture="../before"', "none of ours"),
        (b'data-picture="before"', b'data-picture="other-R1"', "none of ours"),
        (b"data:image/png;base64,", b"https://example.org/", "none of ours"),
        (b"data:image/png;base64,", b"data:image/png;base64,!", "damaged"),
        (b'data-grid="', b'data-grid="1 ', "no place"),
        (b'data-frame="', b'data-other="', "no pictures"),
        (b'id="px-before" width="', b'id="px-before" width="99999', "larger than any"),
        (b'id="px-before" width="', b'id="px-before" width="-', "larger than any"),
    ],
)
def test_a_page_that_was_tampered_with_is_refused(old, new, why, tmp_path):
    page = (make_result().save(tmp_path / "run") / "report.html").read_bytes()
    with pytest.raises(ValueError, match=why):
        pictures_in(changed(page, old, new))


def test_zones_are_told_again_in_the_same_words():
    result = make_result(count=2)
    floor = Floor(thing="containers", d90_high_m=34.1, colour="grey")
    states = [replace(state, floors={"containers": floor}, unknown={"cloud": 0.25}) for state in result.zones]
    result = replace(result, zones=tuple(states))
    again = retold(summary(result), regions_geojson(result))
    assert [describe_zone(state) for state in again.zones] == [describe_zone(state) for state in states]
    assert [row["description"] for row in summary(result)["zones"]] == [describe_zone(s) for s in again.zones]


@pytest.mark.parametrize("options", RESULTS)
def test_regions_are_told_again_in_the_same_words(options):
    result = make_result(**options)
    told = retold(summary(result), regions_geojson(result) if result.grid.crs else None)
    for ours, theirs in zip(result.regions, told.regions, strict=True):
        assert describe_region(theirs, told) == describe_region(ours, result)


def test_a_zone_is_told_again_in_its_own_time():
    result = make_result(count=1)
    zone = next(s for s in result.zones if s.zone.name == result.regions[0].zone)
    moved = replace(zone, zone=replace(zone.zone, timezone="Asia/Vladivostok"))
    result = replace(result, zones=tuple(moved if s is zone else s for s in result.zones))
    again = retold(summary(result), regions_geojson(result))
    assert "(12:01 and 16:43 local)" in describe_region(again.regions[0], again)
    assert describe_region(again.regions[0], again) == describe_region(result.regions[0], result)
