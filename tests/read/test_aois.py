"""Reading AOIs: the registry, files that people drew, and files that were made to hurt."""

import copy
import csv
import io
import json
import os
import re
import tracemalloc
import warnings
import zipfile
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import Geod

from imagery_diff.aoi import KINDS, OSM_CREDIT
from imagery_diff.errors import (
    ImageryDiffError,
    ImageryDiffWarning,
    InputError,
    InputNotFoundError,
    MissingExtraError,
    UnknownNameError,
)
from imagery_diff.read.aois import aoi_from_bbox, aoi_from_point, aoi_names, check_aoi, list_aois, load_aoi
from imagery_diff.read.aois.check import VERBS
from imagery_diff.read.aois.positions import KNOWN_WRONG, distance_m, known_wrong
from imagery_diff.shipped import shipped_folder

TOP = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("IMAGERY_DIFF_DATA", TOP.parent / "shared" / "data"))
RECORD = DATA.parent / "domain" / "record.csv"
SCHEMA = json.loads((TOP / "docs/reference/schemas/aoi.schema.json").read_text(encoding="utf-8"))

SQUARE = [[130.28, 42.22], [130.29, 42.22], [130.29, 42.23], [130.28, 42.23], [130.28, 42.22]]
INNER = [[130.283, 42.223], [130.286, 42.223], [130.286, 42.226], [130.283, 42.226], [130.283, 42.223]]
FAR = [[130.31, 42.22], [130.32, 42.22], [130.32, 42.23], [130.31, 42.23], [130.31, 42.22]]
BOW = [[130.28, 42.22], [130.29, 42.23], [130.29, 42.22], [130.28, 42.23], [130.28, 42.22]]
ZIGZAG = [[130 + i / 1e5, 42 + i % 2 / 1e4] for i in range(10_000)] + [[130.1, 41.0], [130.0, 42.0]]
LINE = {"type": "LineString", "coordinates": [[130.28, 42.22], [130.28, 42.225]]}


def area(*rings):
    return {"type": "Polygon", "coordinates": list(rings)}


def feature(geometry, **properties):
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def outline(ring=SQUARE, **properties):
    return feature(area(ring), **({"role": "aoi", "name": "my_port", "accuracy_m": 5, "source": "drawn"} | properties))


def zone(name="quay", ring=INNER, **properties):
    given = {"role": "zone", "name": name, "kind": "berth", "accuracy_m": 5, "source": "drawn"} | properties
    return feature(area(ring), **{key: value for key, value in given.items() if value is not None})


def collection(*features, **members):
    return {"type": "FeatureCollection", "features": list(features)} | members


def square(west, south, size=0.001):
    east, north = west + size, south + size
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def swap(ring):
    return [position[::-1] for position in ring]


@pytest.fixture
def save(tmp_path):
    """Write a document, text or bytes to a file and return its path."""

    def write(content, name="my_port.geojson"):
        path = tmp_path / name
        if isinstance(content, dict | list):
            content = json.dumps(content)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def kml(*placemarks, head='<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'):
    return f'<?xml version="1.0" encoding="UTF-8"?>{head}{"".join(placemarks)}</Document></kml>'


def placemark(name, ring, more=""):
    text = " ".join(f"{x},{y},0" for x, y in ring)
    return (
        f"<Placemark><name>{name}</name>{more}<Polygon><outerBoundaryIs><LinearRing><coordinates>\n {text} \n"
        "</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
    )


def kmz(text, name="doc.kml"):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return buffer.getvalue()


# The registry


@pytest.mark.parametrize("name", aoi_names())
def test_a_shipped_aoi_follows_the_published_schema_and_has_no_fault(name):
    path = shipped_folder("aois") / f"{name}.geojson"
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(path.read_text(encoding="utf-8")))
    assert check_aoi(name) == []
    aoi = load_aoi(name)
    assert aoi.name == path.stem
    assert name not in VERBS
    for part in aoi.zones:
        assert part.accuracy_m is not None
        assert part.source
        assert part.polygon.within(aoi.polygon)


def test_the_list_tells_what_loading_tells():
    for listed in list_aois():
        aoi = load_aoi(listed.name)
        assert (listed.zones, listed.unlocated) == (len(aoi.zones), len(aoi.unlocated))
        assert (listed.title, listed.timezone, listed.accuracy_m) == (aoi.title, aoi.timezone, aoi.accuracy_m)


def test_a_shipped_aoi_survives_being_written_and_read_again(save):
    for name in aoi_names():
        aoi = load_aoi(name)
        again = load_aoi(save(aoi.to_geojson(), f"{name}_copy.geojson"))
        assert again == aoi


def test_najin_has_the_published_measures():
    """Quay lengths and places as published; a berth strip is as long as its quay and 45 m wide."""
    najin = load_aoi("najin")
    groups = {"pier1", "pier2", "pier3", "inner12", "inner23"}
    assert {z.group for z in najin.zones} == groups
    berths = [z for z in najin.zones if z.kind == "berth"]
    assert len(berths) == 8
    # The strips are 45 m wide, so their area gives the length of quay: 2.43 km as measured, 2,515 m as published.
    assert sum(z.area_m2 for z in berths) / 45 == pytest.approx(2430, rel=0.02)
    pier2 = najin.zone("pier2_yard").in_crs("EPSG:32652").polygon
    corners = [(605969.7, 4676006.1), (606137.7, 4675759.9), (606069.9, 4675654.4), (605899.5, 4675897.3)]
    assert shapely.hausdorff_distance(shapely.Polygon(corners), pier2) < 1.0
    assert najin.zones[0].name == "pier1_yard"
    assert najin.credit == OSM_CREDIT


def test_najins_berths_lie_in_the_water_beside_their_piers():
    najin = load_aoi("najin")
    land = shapely.union_all([z.polygon for z in najin.zones if z.kind == "yard"])
    for berth in (z for z in najin.zones if z.kind == "berth"):
        assert berth.polygon.intersection(land).area < 0.08 * berth.polygon.area, berth.name


def test_a_pile_of_coal_on_pier_3_is_told_from_the_pier_and_a_stack_on_pier_2_from_the_rails():
    najin = load_aoi("najin")
    coal = shapely.centroid(najin.zone("pier3_yard").polygon).buffer(1e-4)
    stack = shapely.centroid(najin.zone("pier2_yard").polygon).buffer(1e-4)
    assert najin.zone_shares(coal)[0][0].name == "coal_pier3"
    assert najin.zone_shares(stack)[0][0].name == "pier2_yard"


def test_what_no_map_shows_is_a_search_area():
    for name in ("border_crossing", "dunay", "vostochny", "tikhoretsk"):
        assert not any(z.located for z in load_aoi(name).zones), name
    assert {z.name for z in load_aoi("najin").unlocated} == {"rail_pier1", "rail_pier2", "rail_pier3", "rail_q23"}


def test_khasan_is_an_hour_ahead_of_tumangang():
    crossing = load_aoi("border_crossing")
    assert crossing.timezone_of("tumangang_yard") == "Asia/Pyongyang"
    assert crossing.timezone_of("khasan_station") == "Asia/Vladivostok"


def test_search_areas_hold_every_published_point():
    crossing = load_aoi("border_crossing")
    points = {
        "tumangang_station": [(130.6081, 42.4214)],
        "tumangang_yard": [(130.620, 42.416)],
        "friendship_bridge": [(130.641056, 42.415167)],
        "khasan_station": [(130.644917, 42.430056), (130.6453, 42.4281)],
    }
    for name, places in points.items():
        for place in places:
            assert shapely.intersects_xy(crossing.zone(name).polygon, *place), name
    west, south, east, north = load_aoi("vostochny").polygon.bounds
    for lon, lat in ((133.0833, 42.75), (133.05, 42.7333), (133.05, 42.77)):
        assert west < lon < east
        assert south < lat < north
    assert shapely.intersects_xy(load_aoi("tikhoretsk").zone("depot").polygon, 40.04236, 45.88842)
    assert shapely.intersects_xy(load_aoi("dunay").polygon, 132.33750, 42.88028)


def places_table():
    text = (shipped_folder("aois") / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(.+)` \| (\w+: .+) \|$", text, flags=re.MULTILINE)
    return {place.replace("\\|", "|"): cell for place, cell in rows}


def test_every_aoi_and_zone_in_the_table_of_places_exists():
    table = places_table()
    assert len(table) >= 20
    for cell in table.values():
        for part in cell.split("; "):
            name, zones = part.split(": ")
            aoi = load_aoi(name)
            for wanted in zones.split(", "):
                assert wanted == "*" or aoi.zone(wanted)


@pytest.mark.skipif(not RECORD.is_file(), reason="needs ../shared/domain/record.csv beside ../shared/data")
def test_the_table_maps_every_place_of_the_record():
    with RECORD.open(encoding="utf-8", newline="") as stream:
        places = {row["place"] for row in csv.DictReader(stream)}
    assert places == set(places_table())


def test_the_schemas_kinds_and_verbs_are_the_codes():
    defs = SCHEMA["$defs"]
    assert tuple(defs["zone"]["properties"]["properties"]["properties"]["kind"]["enum"]) == KINDS
    assert tuple(defs["aoi"]["properties"]["properties"]["properties"]["name"]["not"]["enum"]) == VERBS


def test_the_example_of_the_reference_page_is_right(save):
    page = (TOP / "docs/reference/aoi_files.md").read_text(encoding="utf-8")
    example = re.search(r"```json\n(.*?)```", page, flags=re.DOTALL)[1]
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(example))
    path = save(example)
    assert check_aoi(path) == []
    assert load_aoi(path).zone("north_quay").kind == "berth"


@pytest.mark.parametrize("text", ["najin", "Najin", "NAJIN"])
def test_a_name_is_found_in_any_case(text):
    assert load_aoi(text).name == "najin"


def test_a_hyphen_may_stand_for_an_underscore():
    assert load_aoi("border-crossing").name == "border_crossing"


def test_a_mistyped_name_gets_the_nearest_and_all_names():
    with pytest.raises(UnknownNameError, match=r"did you mean 'najin'\?.*border_crossing, dunay"):
        load_aoi("najni")
    with pytest.raises(LookupError, match="known names"):
        load_aoi("zzz")


@pytest.mark.parametrize("text", ["nowhere.geojson", "a/b", "x.kml"])
def test_a_path_to_nothing_is_a_missing_file_not_an_unknown_name(text):
    with pytest.raises(InputNotFoundError, match="no such file"):
        load_aoi(text)


@pytest.mark.parametrize("text", ["", "a\0b", "x" * 100_000, "\x1b[31mred"])
def test_a_text_that_can_be_no_path_is_an_error_of_one_printable_line(text):
    with pytest.raises(ImageryDiffError) as caught:
        load_aoi(text)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1000


def test_a_name_of_the_registry_comes_before_a_file_and_a_path_reaches_the_file(save, monkeypatch):
    path = save(collection(outline(name="other")), "najin")
    monkeypatch.chdir(path.parent)
    assert load_aoi("najin").name == "najin"
    assert load_aoi("./najin").name == "other"
    assert load_aoi(Path("najin")).name == "other"


# Our files


def test_a_file_of_ours_says_all_it_says(save):
    document = collection(
        outline(timezone="Asia/Pyongyang", title="Port", credit="me"),
        zone(group="g", located=False, timezone="Asia/Seoul"),
    )
    aoi = load_aoi(save(document))
    assert (aoi.name, aoi.title, aoi.timezone, aoi.accuracy_m, aoi.credit) == (
        "my_port",
        "Port",
        "Asia/Pyongyang",
        5,
        "me",
    )
    quay = aoi.zone("quay")
    assert (quay.kind, quay.group, quay.located, quay.timezone, quay.source) == (
        "berth",
        "g",
        False,
        "Asia/Seoul",
        "drawn",
    )
    assert shapely.equals(quay.polygon, shapely.Polygon(INNER))


def test_a_credit_of_the_whole_file_reaches_the_aoi(save):
    assert load_aoi(save(collection(outline(), credit=OSM_CREDIT))).credit == OSM_CREDIT


def test_a_byte_order_mark_and_utf16_are_read(save):
    text = json.dumps(collection(outline(title="라진")), ensure_ascii=False)
    for raw in (text.encode("utf-8-sig"), text.encode("utf-16"), b"\n " + text.encode()):
        assert load_aoi(save(raw)).title == "라진"


@pytest.mark.parametrize(
    ("features", "says"),
    [
        ([outline(), outline()], "2 features with the role 'aoi'"),
        ([outline(), zone(kind=None)], "no 'kind'"),
        ([outline(), zone(kind="dock")], "unknown kind 'dock'"),
        ([outline(), zone(name=None)], "no 'name'"),
        ([outline(), zone(), zone()], "two zones named 'quay'"),
        ([outline(), zone(located="no")], "must be true or false"),
        ([outline(), zone(title=5)], "not text"),
        ([outline(), zone(accuracy_m="near")], "must be metres"),
        ([outline(BOW)], "Self-intersection"),
        ([outline(timezone="Mars/Olympus")], "unknown timezone"),
        ([outline(), feature(LINE, role="zone", name="q", kind="berth")], "--buffer"),
        ([outline(), feature(None, role="zone", name="q", kind="berth")], "no outline"),
    ],
)
def test_a_fault_is_refused_by_load_and_found_by_check(save, features, says):
    path = save(collection(*features))
    with pytest.raises(InputError, match=re.escape(says)) as caught:
        load_aoi(path)
    assert "my_port.geojson" in str(caught.value)
    assert "aois check" in str(caught.value)
    assert check_aoi(path) != []


# Any other file


def test_a_single_polygon_is_the_aoi_itself(save):
    for document in (area(SQUARE), feature(area(SQUARE)), collection(feature(area(SQUARE), name="x"))):
        aoi = load_aoi(save(document, "my bay.json"))
        assert aoi.zones == ()
        assert shapely.equals(aoi.polygon, shapely.Polygon(SQUARE))
        assert (aoi.name, aoi.title) == ("my_bay", "my bay")


def test_several_polygons_are_zones_in_a_box_with_100_m_of_ground(save):
    document = collection(feature(area(SQUARE), name="a", kind="Berth"), feature(area(FAR), id=7), feature(area(INNER)))
    aoi = load_aoi(save(document))
    assert [(z.name, z.kind) for z in aoi.zones] == [("a", "berth"), ("7", "yard"), ("zone3", "yard")]
    west, south, _, _ = aoi.polygon.bounds
    geod = Geod(ellps="WGS84")
    assert geod.inv(west, 42.225, 130.28, 42.225)[2] == pytest.approx(100, rel=0.01)
    assert geod.inv(130.3, south, 130.3, 42.22)[2] == pytest.approx(100, rel=0.01)


def test_a_polygon_around_all_others_is_the_aoi(save):
    aoi = load_aoi(save(collection(feature(area(INNER), name="quay"), feature(area(SQUARE), name="port"))))
    assert [z.name for z in aoi.zones] == ["quay"]
    assert shapely.equals(aoi.polygon, shapely.Polygon(SQUARE))


def test_names_that_repeat_are_told_apart(save):
    aoi = load_aoi(save(collection(*(feature(area(ring), name="x") for ring in (SQUARE, FAR, INNER)))))
    assert [z.name for z in aoi.zones] == ["x", "x-2", "x-3"]


def test_a_multipolygon_and_a_collection_are_kept_whole(save):
    multi = {"type": "MultiPolygon", "coordinates": [[SQUARE], [FAR]]}
    gathered = {"type": "GeometryCollection", "geometries": [area(SQUARE), area(FAR)]}
    for geometry in (multi, gathered):
        assert load_aoi(save(geometry)).polygon.geom_type == "MultiPolygon"


def test_holes_stay_holes(save):
    assert load_aoi(save(area(SQUARE, INNER))).area_m2 < load_aoi(save(area(SQUARE))).area_m2


def test_heights_are_dropped(save):
    flat = load_aoi(save(area([[*p, 17.0] for p in SQUARE])))
    assert not flat.polygon.has_z


def test_a_line_becomes_a_strip_of_its_length_and_twice_the_buffer(save):
    path = save(collection(feature(LINE, name="quay", kind="berth")))
    with pytest.raises(InputError, match="--buffer METRES"):
        load_aoi(path)
    length = Geod(ellps="WGS84").line_length([130.28, 130.28], [42.22, 42.225])
    quay = load_aoi(path, buffer_m=20).zone("quay")
    assert quay.area_m2 == pytest.approx(length * 40, rel=0.002)


def test_a_point_needs_a_radius_or_a_buffer(save):
    path = save({"type": "Point", "coordinates": [130.28, 42.22]})
    with pytest.raises(InputError, match="--at LAT LON"):
        load_aoi(path)
    assert load_aoi(path, buffer_m=100).area_m2 == pytest.approx(np.pi * 100**2, rel=0.01)


def test_pins_beside_polygons_are_left_out_aloud(save):
    path = save(
        collection(feature(area(SQUARE)), feature({"type": "Point", "coordinates": [130.28, 42.22]}, name="pin"))
    )
    with pytest.warns(ImageryDiffWarning, match="'pin' is a Point beside polygons and was left out"):
        aoi = load_aoi(path)
    assert aoi.zones == ()


def test_a_buffer_that_would_do_nothing_is_refused(save):
    with pytest.raises(InputError, match="only polygons"):
        load_aoi(save(area(SQUARE)), buffer_m=10)
    with pytest.raises(InputError, match="only polygons"):
        load_aoi("najin", buffer_m=10)
    for width in (0, -5, float("nan")):
        with pytest.raises(InputError, match="metres above 0"):
            load_aoi(save(LINE), buffer_m=width)


@pytest.mark.parametrize("name", ["EPSG:32652", "urn:ogc:def:crs:EPSG::32652"])
def test_an_old_crs_member_is_converted_and_reported(save, name):
    from imagery_diff.aoi import reproject

    metres = reproject(shapely.Polygon(SQUARE), "EPSG:4326", "EPSG:32652")
    ring = [list(p) for p in metres.exterior.coords]
    path = save(area(ring) | {"crs": {"type": "name", "properties": {"name": name}}})
    assert shapely.hausdorff_distance(load_aoi(path).polygon, shapely.Polygon(SQUARE)) < 1e-7
    assert any("declares EPSG:32652" in str(finding) for finding in check_aoi(path))


@pytest.mark.parametrize("name", ["urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326", "urn:ogc:def:crs:EPSG::4326"])
def test_a_crs_member_that_says_wgs84_changes_nothing(save, name):
    path = save(area(SQUARE) | {"crs": {"type": "name", "properties": {"name": name}}})
    assert shapely.equals(load_aoi(path).polygon, shapely.Polygon(SQUARE))


@pytest.mark.parametrize(
    "crs", [5, {"type": "link"}, {"properties": {"name": "+proj=pipeline +step +init=x"}}, "EPSG:1"]
)
def test_any_other_crs_member_is_refused(save, crs):
    with pytest.raises(InputError, match="save it as WGS84"):
        load_aoi(save(area(SQUARE) | {"crs": crs}))


# KML and KMZ


def test_kml_placemarks_become_zones_with_their_names_and_kinds(save):
    kind = '<ExtendedData><Data name="kind"><value>berth</value></Data></ExtendedData>'
    text = kml(placemark("Pier 1", SQUARE), f"<Folder>{placemark('부두', FAR, kind)}</Folder>")
    for path in (save(text, "a.kml"), save(kmz(text), "a.kmz"), save(kmz(text, "files/other.KML"), "b.kmz")):
        aoi = load_aoi(path)
        assert [(z.name, z.kind) for z in aoi.zones] == [("Pier 1", "yard"), ("부두", "berth")]
        assert shapely.equals(aoi.zones[0].polygon, shapely.Polygon(SQUARE))


def test_kml_without_a_namespace_with_holes_and_lines_is_read(save):
    inner = " ".join(f"{x},{y}" for x, y in INNER)
    holed = placemark("x", SQUARE).replace(
        "</Polygon>",
        f"<innerBoundaryIs><LinearRing><coordinates>{inner}</coordinates></LinearRing></innerBoundaryIs></Polygon>",
    )
    aoi = load_aoi(save(kml(holed, head="<kml><Document>"), "a.kml"))
    assert len(aoi.polygon.interiors) == 1
    line = "<Placemark><LineString><coordinates>130.28,42.22 130.28,42.225</coordinates></LineString></Placemark>"
    assert load_aoi(save(kml(line), "b.kml"), buffer_m=10).area_m2 == pytest.approx(555 * 20, rel=0.01)


def test_a_kml_that_only_links_elsewhere_says_so(save):
    path = save(kml("<NetworkLink><Link><href>http://example.org/x.kml</href></Link></NetworkLink>"), "a.kml")
    with pytest.raises(InputError, match="links to other files"):
        load_aoi(path)


# GeoPackage and Shapefile


def write_vector(path, crs="EPSG:32652"):
    pyogrio = pytest.importorskip("pyogrio")
    from imagery_diff.aoi import reproject

    polygons = [reproject(shapely.Polygon(ring), "EPSG:4326", crs or "EPSG:4326") for ring in (SQUARE, FAR)]
    fields = [np.array(["Pier 1", None], dtype=object), np.array(["berth", "yard"], dtype=object)]
    given = {"geometry_type": "Polygon", "crs": crs} if crs else {"geometry_type": "Polygon"}
    pyogrio.raw.write(path, np.array(shapely.to_wkb(polygons), dtype=object), fields, ["name", "kind"], **given)
    return path


@pytest.mark.parametrize("name", ["a.gpkg", "a.shp"])
def test_geopackage_and_shapefile_are_read_in_their_own_coordinate_system(tmp_path, name):
    aoi = load_aoi(write_vector(tmp_path / name))
    assert [(z.name, z.kind) for z in aoi.zones] == [("Pier 1", "berth"), ("zone2", "yard")]
    assert shapely.hausdorff_distance(aoi.zones[0].polygon, shapely.Polygon(SQUARE)) < 1e-7


def test_a_geopackage_without_the_extra_names_the_extra(tmp_path, monkeypatch):
    path = write_vector(tmp_path / "a.gpkg")
    monkeypatch.setitem(__import__("sys").modules, "pyogrio", None)
    for read in (load_aoi, check_aoi):
        with pytest.raises(MissingExtraError, match=re.escape('pip install "imagery-diff[vector]"')):
            read(path)


def test_a_damaged_geopackage_is_an_error_of_one_line(save, tmp_path):
    pytest.importorskip("pyogrio")
    whole = write_vector(tmp_path / "whole.gpkg").read_bytes()
    for raw in (b"SQLite format 3\0" + b"\0" * 200, whole[:100] + b"\0" * 5000, whole[:5000]):
        with pytest.raises(InputError) as caught:
            load_aoi(save(raw, "broken.gpkg"))
        assert "\n" not in str(caught.value)


# Boxes and circles


def test_a_box_is_west_south_east_north():
    assert aoi_from_bbox(130.28, 42.22, 130.29, 42.23).polygon.bounds == (130.28, 42.22, 130.29, 42.23)


@pytest.mark.parametrize(
    "box", [(130.29, 42.22, 130.28, 42.23), (0, 0, 0, 1), (170, 0, -170, 1), (0, 0, 1, 91), (float("nan"), 0, 1, 1)]
)
def test_a_box_that_is_none_is_refused(box):
    with pytest.raises(InputError, match="--bbox"):
        aoi_from_bbox(*box)


def test_every_corner_of_a_circle_lies_at_its_radius():
    circle = aoi_from_point(42.227, 130.284, 750).polygon
    geod = Geod(ellps="WGS84")
    for lon, lat in circle.exterior.coords:
        assert geod.inv(130.284, 42.227, lon, lat)[2] == pytest.approx(750, abs=0.01)


@pytest.mark.parametrize(
    ("at", "says"),
    [
        ((130.284, 42.227, 500), "swapped"),
        ((0, 200, 500), "not on the earth"),
        ((42, 130, 0), "radius"),
        ((42, 130, 1e9), "radius"),
        ((42, 130, float("nan")), "radius"),
        ((float("nan"), 130, 5), "not on the earth"),
        ((0, 179.999, 5000), "date line"),
        ((89.999, 0, 5000), "pole"),
    ],
)
def test_a_circle_that_is_none_is_refused(at, says):
    with pytest.raises(InputError, match=says):
        aoi_from_point(*at)


# Positions known to be wrong


def test_the_world_port_index_is_14_hundred_metres_from_pier_2():
    wrong = known_wrong(130.30, 42.2333)
    assert wrong is KNOWN_WRONG[0]
    assert distance_m((130.30, 42.2333), wrong.right) == pytest.approx(1400, abs=50)


def test_an_aoi_around_a_wrong_position_is_warned_of(save):
    with pytest.warns(ImageryDiffWarning, match="World Port Index 60510"):
        aoi_from_point(42.2333, 130.3000, 500)
    with pytest.warns(ImageryDiffWarning, match="worldports"):
        aoi_from_bbox(130.299, 42.249, 130.301, 42.251)
    pin = save({"type": "Point", "coordinates": [130.30, 42.2333]})
    assert "World Port Index 60510" in "\n".join(str(f) for f in check_aoi(pin) if f.level == "fault")


def test_a_large_aoi_that_holds_the_port_is_not_warned_of():
    assert aoi_from_point(42.2333, 130.3000, 4000).zones == ()


# check


def faults(findings):
    return [finding for finding in findings if finding.level == "fault"]


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (collection(outline(BOW)), "crosses itself at longitude 130.285000, latitude 42.225000"),
        (collection(outline(swap(SQUARE)), zone(ring=swap(INNER))), "swapped"),
        (collection(outline(), zone(ring=swap(INNER))), "latitude and longitude are swapped"),
        (collection(outline([[x * 1e4, y * 1e5] for x, y in SQUARE])), "wrong coordinate system"),
        (collection(outline(), zone(ring=FAR)), "outside the AOI (100% of it)"),
        (collection(outline(), zone(), zone()), "2 zones are named 'quay'"),
        (collection(outline(name="timeline"), zone()), "a verb of the command line"),
        (collection(outline(), zone(kind="dock")), "the kind 'dock' is not known"),
        (collection(outline(), zone(kind=None)), "the zone has no 'kind'"),
        (collection(outline(timezone="Nowhere/Else"), zone()), "'Nowhere/Else' is not known"),
        (collection(outline(), zone(timezone=9)), "'9' is not known"),
        (collection(outline(), feature(None, role="zone", name="q", kind="yard")), "no outline"),
        (collection(outline(name=None)), "no 'name'"),
        (collection(), "no shape in it"),
        (collection(outline(), outline()), "2 features have the role 'aoi'"),
        (area(ZIGZAG), "10,002 vertices"),
        (collection(outline(square(130.2995, 42.2328))), "World Port Index 60510"),
        (collection(outline([[-179, 0], [179, 0], [179, 1], [-179, 1], [-179, 0]])), "half the earth"),
    ],
)
def test_a_fault_is_explained_in_one_line(save, document, says):
    found = faults(check_aoi(save(document)))
    assert found
    lines = [str(finding) for finding in found]
    assert any(says in line for line in lines), lines
    assert all(line.isprintable() for line in lines)


def test_one_fault_gives_one_line(save):
    """Swapping a whole file, the commonest fault, is said once and not for every zone."""
    path = save(collection(outline(swap(SQUARE)), zone("a", swap(INNER)), zone("b", swap(INNER))))
    assert [finding.where for finding in check_aoi(path)] == ["the file"]


@pytest.mark.parametrize("timezone", [None, "Europe/Moscow"])
def test_a_swap_that_stays_on_the_earth_is_found_near_a_known_aoi(save, timezone):
    depot = [[45.88, 40.03], [45.88, 40.05], [45.90, 40.05], [45.90, 40.03], [45.88, 40.03]]
    found = faults(check_aoi(save(collection(outline(depot, timezone=timezone), zone(ring=depot)))))
    assert "tikhoretsk" in found[0].message


def test_a_swap_that_stays_on_the_earth_is_found_by_the_clock(save):
    """12.9 N 80.3 E, Chennai; swapped it lies at 80.3 N, north of Norway, whose noon is not India's."""
    chennai = [[80.29, 12.9], [80.30, 12.9], [80.30, 12.91], [80.29, 12.91], [80.29, 12.9]]
    right, wrong = (outline(ring, timezone="Asia/Kolkata") for ring in (chennai, swap(chennai)))
    assert "does not have the time of Asia/Kolkata" in str(check_aoi(save(collection(wrong))))
    assert faults(check_aoi(save(collection(right)))) == []


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (collection(outline()), "no zones"),
        (collection(outline(), zone(accuracy_m=None)), "no accuracy_m"),
        (collection(outline(source=""), zone()), "no source"),
        (collection(outline(), zone(), feature(area(INNER), name="x")), "left out"),
        (collection(outline(name="najin"), zone()), "one of the package's"),
        (collection(feature(area(SQUARE)), feature(area(FAR), kind="dock")), "'dock' is not known and read as 'yard'"),
        (area(SQUARE), "no feature has the role 'aoi'"),
        (collection(outline(), zone(ring=square(130.2894, 42.223))), "40% of the zone"),
    ],
)
def test_a_doubt_is_a_warning_and_the_file_still_loads(save, document, says):
    path = save(document)
    found = check_aoi(path)
    assert faults(found) == []
    assert any(says in str(finding) for finding in found), [str(finding) for finding in found]
    assert load_aoi(path).polygon.area > 0


def test_a_good_file_has_nothing_to_be_said_of(save):
    assert check_aoi(save(collection(outline(timezone="Asia/Pyongyang"), zone()))) == []


def test_a_file_named_like_a_verb_is_a_fault_where_its_name_would_be_the_aois(save):
    assert "verb" in str(faults(check_aoi(save(area(SQUARE), "look.geojson"))))


# Files made to hurt


HOSTILE = {
    "empty": b"",
    "blank": b"  \n",
    "text": b"hello",
    "binary": bytes(range(256)),
    "tiff": b"II*\0" + b"\0" * 50,
    "number": b"[1, 2]",
    "scalar": b"{}",
    "cut": b'{"type": "FeatureCollection", "features": [',
    "nested lists": b'{"type": "Polygon", "coordinates": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "nested objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "nested collections": (
        b'{"type":"GeometryCollection","geometries":[' * 200 + b'{"type":"Point","coordinates":[0,0]}' + b"]}" * 200
    ),
    "nan": b'{"type": "Polygon", "coordinates": [[[NaN, 0], [1, 0], [1, 1], [NaN, 0]]]}',
    "infinity": b'{"type": "Polygon", "coordinates": [[[1e999, 0], [1, 0], [1, 1], [1e999, 0]]]}',
    "huge integer": b'{"type": "Point", "coordinates": [1' + b"0" * 4000 + b", 0]}",
    "longer integer": b'{"type": "Point", "coordinates": [1' + b"0" * 9000 + b", 0]}",
    "strings": b'{"type": "Polygon", "coordinates": [[["a", "b"], [1, 0], [1, 1], [0, 0]]]}',
    "wrong nesting": b'{"type": "Polygon", "coordinates": [[0, 0], [1, 0], [1, 1]]}',
    "two corners": b'{"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [0, 0]]]}',
    "one position": b'{"type": "LineString", "coordinates": [[0, 0]]}',
    "no coordinates": b'{"type": "Polygon", "coordinates": []}',
    "no geometry": b'{"type": "Feature", "properties": null, "geometry": null}',
    "geometry a list": b'{"type": "Feature", "properties": [], "geometry": [1]}',
    "features a map": b'{"type": "FeatureCollection", "features": {"a": 1}}',
    "features of numbers": b'{"type": "FeatureCollection", "features": [1, 2]}',
    "a type that is a list": b'{"type": ["Polygon"], "coordinates": []}',
    "topojson": b'{"type": "Topology", "objects": {}}',
    "bad utf-8": b'{"type": "\xff\xfe"}',
    "html": b"<html><body>404</body></html>",
    "xml cut": b"<kml><Document><Placemark>",
    "entities": b'<!DOCTYPE k [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><kml>&b;</kml>',
    "external entity": b'<!DOCTYPE k [<!ENTITY a SYSTEM "file:///etc/passwd">]><kml><Placemark><name>&a;</name></Placemark></kml>',
    "deep xml": b"<kml>" + b"<Folder>" * 50_000 + b"</Folder>" * 50_000 + b"</kml>",
    "unknown encoding": b'<?xml version="1.0" encoding="klingon"?><kml/>',
    "kml words": kml(placemark("x", [("a", "b"), ("c", "d"), ("e", "f")])).encode(),
    "kml nan": kml(placemark("x", [("nan", "0"), ("1", "0"), ("1", "1")])).encode(),
    "kml empty": b"<kml/>",
    "zip of nothing": kmz("x", "readme.txt"),
    "zip cut": kmz(kml(placemark("x", SQUARE)))[:60],
    "zip damaged": kmz(kml(placemark("x", SQUARE)) * 50).replace(b"\x00\x00\x00", b"\x07\x07\x07", 3),
    "sqlite": b"SQLite format 3\0" + b"\0" * 100,
    "shapefile cut": b"\0\0\x27\x0a" + b"\0" * 20,
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_one_clear_line(save, name):
    path = save(HOSTILE[name], "evil.bin")
    with pytest.raises(ImageryDiffError) as caught:
        load_aoi(path)
    message = str(caught.value)
    assert message.isprintable()
    assert "evil.bin" in message
    assert len(message) < 500
    assert faults(check_aoi(path))


# Values and words a fuzzed document is made of: right ones, so that it gets deep, and wrong ones in their place.
KEYS = st.sampled_from(["type", "coordinates", "geometries", "properties", "name", "kind", "crs", "role", "id"])
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-200, 200), st.floats(-1e308, 1e308), st.text(max_size=5), st.just("aoi"),
    st.sampled_from(["zone", "berth", "Polygon", "LineString", "FeatureCollection", "Feature", "Asia/Seoul", "../x"]),
)  # fmt: skip
MUTANTS = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4))


@st.composite
def mutated(draw):
    """Draw a good file in which one to three values, at any depth, are something else."""
    good = collection(outline(), zone(timezone="Asia/Seoul"), feature(LINE, name="x"), credit="me")
    document = copy.deepcopy(good)
    for _ in range(draw(st.integers(1, 3))):
        node = document
        while True:
            place = draw(st.sampled_from(list(node) if isinstance(node, dict) else range(len(node))))
            deeper = isinstance(node[place], dict | list) and node[place]
            if not deeper or draw(st.integers(0, 3)) == 0:
                break
            node = node[place]
        node[place] = draw(MUTANTS)
    return document


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=mutated())
def test_whatever_is_changed_in_a_file_it_loads_or_is_refused_in_one_line(save, document):
    path = save(document)
    findings = check_aoi(path)
    assert all(str(finding).isprintable() for finding in findings)
    refused = ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImageryDiffWarning)
        try:
            load_aoi(path)
        except ImageryDiffError as error:
            refused = str(error)
    assert refused.isprintable()
    assert findings or not refused, f"check finds nothing wrong, but loading says {refused}"


def test_an_external_entity_is_never_opened(save, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("hunter2", encoding="utf-8")
    text = f'<!DOCTYPE k [<!ENTITY a SYSTEM "{secret.as_uri()}">]><kml><Placemark><name>&a;</name></Placemark></kml>'
    with pytest.raises(InputError) as caught:
        load_aoi(save(text, "x.kml"))
    assert "hunter2" not in str(caught.value)


def test_a_zip_bomb_is_refused_without_unpacking_it(save):
    path = save(kmz(b"<kml>" + b" " * 300_000_000), "bomb.kmz")
    assert path.stat().st_size < 1_000_000
    tracemalloc.start()
    with pytest.raises(InputError, match="unpacks to more than 20 MB"):
        load_aoi(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000_000


def test_a_file_above_the_limit_is_refused(save):
    with pytest.raises(InputError, match="larger than 20 MB"):
        load_aoi(save(b"{" + b" " * 20_000_001, "big.geojson"))


def test_too_many_shapes_are_refused(save):
    document = collection(*[feature({"type": "Point", "coordinates": [0, 0]})] * 5001)
    with pytest.raises(InputError, match="at most 5000"):
        load_aoi(save(document))


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="the system has no /dev/zero")
def test_a_device_and_a_folder_are_no_files(tmp_path):
    for path in (Path("/dev/zero"), tmp_path):
        with pytest.raises(InputError, match="not a file of outlines"):
            load_aoi(path)


def test_control_characters_of_a_file_never_reach_the_terminal(save):
    aoi = load_aoi(save(collection(feature(area(SQUARE), name="\x1b[2Jgone\n"), feature(area(FAR), name="b" * 9999))))
    assert [z.name for z in aoi.zones] == ["[2Jgone", "b" * 100]


@pytest.mark.skipif(not (DATA / "pairs/planet_sfbay").is_dir(), reason="needs ../shared/data/pairs/planet_sfbay")
def test_the_zones_of_the_real_planet_pair_load():
    path = DATA / "pairs/planet_sfbay/aoi.geojson"
    assert [z.name for z in load_aoi(path).zones] == ["quiet1", "pier96", "quay"]
    assert faults(check_aoi(path)) == []
