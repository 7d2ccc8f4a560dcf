"""AOI and Zone: areas and coordinates against published truth, and what they refuse to be."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from imagery_diff.aoi import AOI, KINDS, OSM_CREDIT, Zone, area_m2, reproject, utm_crs
from imagery_diff.errors import InputError, UnknownNameError

SQUARE = shapely.box(130.28, 42.22, 130.29, 42.23)


def zone(name="a", **changes):
    return Zone(**({"name": name, "kind": "yard", "polygon": SQUARE} | changes))


def test_an_aoi_is_built_from_shapely_polygons_alone():
    aoi = AOI(name="x", polygon=SQUARE, zones=[zone("a"), zone("b")])
    assert aoi.zones[1].polygon is SQUARE
    assert isinstance(aoi.zones, tuple)
    assert aoi == AOI(name="x", polygon=SQUARE, zones=(zone("a"), zone("b")))


def test_from_polygons_makes_a_zone_of_each_and_an_outline_around_all():
    aoi = AOI.from_polygons("x", [SQUARE, shapely.box(130.30, 42.24, 130.31, 42.25)], kind="berth")
    assert [z.name for z in aoi.zones] == ["zone1", "zone2"]
    assert {z.kind for z in aoi.zones} == {"berth"}
    assert aoi.polygon.bounds == (130.28, 42.22, 130.31, 42.25)
    with pytest.raises(InputError, match="give at least one"):
        AOI.from_polygons("x", [])


def test_the_area_of_a_whole_degree_cell_on_the_equator_is_that_of_the_ellipsoid():
    # Area between parallels: integral of M(phi) N(phi) cos(phi), done here numerically from the WGS84 constants.
    a, e2 = 6378137.0, 0.00669437999014
    phi = np.radians((np.arange(20000) + 0.5) / 20000)
    strip = a * a * (1 - e2) * np.cos(phi) / (1 - e2 * np.sin(phi) ** 2) ** 2
    truth = float(strip.mean()) * math.radians(1) ** 2
    # Edges of constant latitude, so straight in degrees, not great circles.
    assert area_m2(shapely.box(10, 0, 11, 1), "EPSG:4326") == pytest.approx(truth, rel=1e-6)


def test_a_hole_takes_its_area_away():
    hole = shapely.box(130.282, 42.222, 130.284, 42.224)
    holed = shapely.Polygon(SQUARE.exterior.coords, [hole.exterior.coords])
    assert area_m2(holed, "EPSG:4326") == pytest.approx(
        area_m2(SQUARE, "EPSG:4326") - area_m2(hole, "EPSG:4326"), rel=1e-9
    )


def test_area_does_not_depend_on_the_coordinate_system_it_is_held_in():
    aoi = AOI(name="x", polygon=SQUARE, zones=(zone(),))
    for crs in ("EPSG:32652", "EPSG:3857", "EPSG:5179"):
        assert aoi.in_crs(crs).area_m2 == pytest.approx(aoi.area_m2, rel=1e-6)
        assert aoi.in_crs(crs).zones[0].area_m2 == pytest.approx(aoi.area_m2, rel=1e-6)


@settings(max_examples=25, deadline=None)
@given(lon=st.floats(-175, 175), lat=st.floats(-75, 75), size=st.floats(0.001, 0.2))
def test_there_and_back_moves_nothing(lon, lat, size):
    square = shapely.box(lon, lat, lon + size, lat + size)
    aoi = AOI(name="x", polygon=square)
    back = aoi.in_crs(aoi.utm_crs).in_crs("EPSG:4326")
    assert shapely.hausdorff_distance(back.polygon, square) < 1e-7


def test_a_long_edge_is_bent_as_the_projection_asks():
    # 3 degrees along a parallel: in UTM the middle lies kilometres off the chord of the ends.
    wide = shapely.box(129.0, 42.0, 132.0, 42.01)
    moved = reproject(wide, "EPSG:4326", "EPSG:32652")
    middle = reproject(shapely.Point(130.5, 42.0), "EPSG:4326", "EPSG:32652")
    assert moved.exterior.distance(middle) < 1.0


def test_the_utm_zone_is_that_of_the_centroid():
    assert utm_crs(-180, 10) == "EPSG:32601"
    assert utm_crs(180, -10) == "EPSG:32760"
    assert utm_crs(0, -85) == "EPSG:32761"
    assert AOI(name="x", polygon=SQUARE).in_crs("EPSG:3857").utm_crs == "EPSG:32652"


def test_distances_survive_in_metres():
    west, south, east, _ = SQUARE.bounds
    _, _, truth = Geod(ellps="WGS84").inv(west, south, east, south)
    left, _, right, _ = AOI(name="x", polygon=SQUARE).in_crs("EPSG:32652").polygon.bounds
    assert right - left == pytest.approx(truth, rel=0.02)


def test_without_a_coordinate_system_everything_is_in_pixels():
    aoi = AOI(name="x", polygon=shapely.box(0, 0, 500, 400), crs=None)
    assert aoi.area_m2 == 200_000
    assert aoi.in_crs(None) is aoi
    with pytest.raises(InputError, match="pixels"):
        aoi.in_crs("EPSG:4326")
    with pytest.raises(InputError, match="common ground"):
        AOI(name="y", polygon=SQUARE).in_crs(None)


@pytest.mark.parametrize(
    ("polygon", "says"),
    [
        (shapely.Polygon(), "empty"),
        (shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), "Self-intersection"),
        (shapely.box(42.22, 130.28, 42.23, 130.29), "swapped"),
        (shapely.box(605000, 4676000, 606000, 4677000), "projected"),
        (shapely.Point(1, 2), "got Point"),
        ("POLYGON EMPTY", "got str"),
        (shapely.box(0, 0, math.inf, 1), "not finite"),
        (shapely.Polygon([(0, 0), (1, 1), (2, 2)]), "not a valid polygon|area is zero"),
    ],
)
def test_what_is_not_an_outline_on_the_earth_is_refused(polygon, says):
    with pytest.raises(InputError, match=says):
        AOI(name="x", polygon=polygon)
    with pytest.raises(ValueError, match=says):
        zone(polygon=polygon)


def test_an_unknown_kind_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match=r"dock.*berth, anchorage"):
        zone(kind="dock")
    assert [zone(kind=kind).kind for kind in KINDS] == list(KINDS)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\x1b[31m", None])
def test_a_name_that_cannot_be_printed_is_refused(name):
    with pytest.raises(InputError, match="printable"):
        zone(name=name)


@pytest.mark.parametrize("name", ["../x", "a/b", "a\\b", ".hidden", "-x", "a:b"])
def test_an_aoi_whose_name_cannot_be_a_folder_is_refused(name):
    with pytest.raises(InputError, match="file name"):
        AOI(name=name, polygon=SQUARE)


def test_two_zones_of_one_name_are_refused():
    with pytest.raises(InputError, match="two zones named 'a'"):
        AOI(name="x", polygon=SQUARE, zones=(zone("a"), zone("a")))


def test_a_zone_in_another_coordinate_system_is_refused():
    with pytest.raises(InputError, match="in EPSG:4326 but its zone 'a' in EPSG:32652"):
        AOI(name="x", polygon=SQUARE, zones=(zone().in_crs("EPSG:32652"),))


@pytest.mark.parametrize("accuracy", [-1, math.nan, math.inf, "25", True])
def test_an_accuracy_that_is_no_length_is_refused(accuracy):
    with pytest.raises(InputError, match="accuracy_m"):
        zone(accuracy_m=accuracy)


@pytest.mark.parametrize("crs", ["EPSG:999999", "nonsense", "32652m"])
def test_an_unknown_coordinate_system_is_refused(crs):
    with pytest.raises(InputError, match="not known"):
        AOI(name="x", polygon=SQUARE).in_crs(crs)
    with pytest.raises(InputError, match="not known"):
        AOI(name="x", polygon=SQUARE, crs=crs)


def test_a_coordinate_system_that_does_not_reach_the_aoi_is_refused():
    elsewhere = AOI(name="x", polygon=shapely.box(38.5, -1, 39.5, 1))
    with pytest.raises(InputError, match="does not reach"):
        elsewhere.in_crs("EPSG:32652")


def test_a_zones_time_zone_overrides_the_aois():
    aoi = AOI(
        name="x",
        polygon=SQUARE,
        timezone="Asia/Pyongyang",
        zones=(zone("west"), zone("east", timezone="Asia/Vladivostok")),
    )
    assert aoi.timezone_of("west") == aoi.timezone_of(None) == "Asia/Pyongyang"
    assert aoi.timezone_of(aoi.zone("east")) == "Asia/Vladivostok"
    with pytest.raises(InputError, match="Pyongjang"):
        zone(timezone="Asia/Pyongjang")


def test_an_unknown_zone_is_named_with_those_there_are():
    with pytest.raises(UnknownNameError, match="its zones are: a"):
        AOI(name="x", polygon=SQUARE, zones=(zone("a"),)).zone("b")
    with pytest.raises(UnknownNameError, match="none at all"):
        AOI(name="x", polygon=SQUARE).zone("b")


def test_a_region_belongs_first_to_the_zone_that_holds_most_of_it():
    left, right = shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)
    aoi = AOI(name="x", polygon=shapely.box(0, 0, 2, 1), zones=(zone("l", polygon=left), zone("r", polygon=right)))
    shares = aoi.zone_shares(shapely.box(0.75, 0.2, 1.5, 0.4))
    assert [(z.name, round(share, 6)) for z, share in shares] == [("r", 0.666667), ("l", 0.333333)]
    assert aoi.zone_shares(shapely.box(5, 5, 6, 6)) == []
    assert aoi.zone_shares(shapely.Polygon()) == []


def test_of_equal_shares_a_located_zone_wins_and_then_the_smaller():
    deck, pile = shapely.box(0, 0, 1, 1), shapely.box(0.1, 0.1, 0.9, 0.9)
    zones = (
        zone("rails", polygon=pile, kind="rail", located=False),
        zone("deck", polygon=deck),
        zone("pile", polygon=pile, kind="stockpile"),
    )
    aoi = AOI(name="x", polygon=deck, zones=zones)
    assert [z.name for z, _ in aoi.zone_shares(shapely.box(0.4, 0.4, 0.5, 0.5))] == ["pile", "deck", "rails"]
    assert [z.name for z in aoi.unlocated] == ["rails"]


def test_geojson_says_all_that_is_known_and_nothing_else():
    aoi = AOI(name="x", polygon=SQUARE, zones=(zone("a", group="g", accuracy_m=5),), credit=OSM_CREDIT)
    document = aoi.in_crs("EPSG:32652").to_geojson()
    outline, part = document["features"]
    assert outline["properties"] == {"role": "aoi", "name": "x", "credit": OSM_CREDIT}
    assert part["properties"] == {
        "role": "zone",
        "name": "a",
        "kind": "yard",
        "located": True,
        "group": "g",
        "accuracy_m": 5,
    }
    ring = shapely.Polygon(part["geometry"]["coordinates"][0])
    assert ring.exterior.is_ccw, "RFC 7946: outer rings run counter-clockwise"
    assert shapely.hausdorff_distance(ring, SQUARE) < 2e-7
