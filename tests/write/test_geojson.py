"""regions.geojson keeps to RFC 7946 whatever the outline."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from shapely import MultiPolygon, Polygon, box
from shapely.geometry import shape as geometry_of

from imagery_diff.aoi import WGS84
from imagery_diff.errors import InputError
from imagery_diff.write.geojson import bounding_box, regions_geojson, wgs84_geometry
from imagery_diff.write.model import to_json
from tests.write.conftest import make_result

SCHEMAS = Path(__file__).parents[2] / "docs" / "reference" / "schemas"
ORDER = [
    "id",
    "direction",
    "relation",
    "activity",
    "zone",
    "zone_kind",
    "group",
    "p_change",
    "p_activity",
    "false_alarms_per_km2",
    "area_m2",
    "area_low_m2",
    "area_high_m2",
    "length_m",
    "length_low_m",
    "length_high_m",
    "length_is_lower_bound",
    "length_class",
    "width_m",
    "height_low_m",
    "height_high_m",
    "several",
    "is_area",
    "measured_by",
    "orientation_deg",
    "location_accuracy_m",
    "side",
    "end",
    "colour",
    "why",
    "before",
    "after",
    "review",
    "note",
    "simulated",
    "description",
]
CLASSED = ["zone_shares", "relation_to", "shares", "shares_without_zone", "same_colour", "doubts"]


def check_rfc7946(geometry):
    """Rings closed, of four positions or more, right-handed, 7 decimals, in range, valid."""
    assert geometry.is_valid
    assert geometry.geom_type in {"Polygon", "MultiPolygon"}
    coordinates = shapely.get_coordinates(geometry)
    assert np.abs(coordinates[:, 0]).max() <= 180
    assert np.abs(coordinates[:, 1]).max() <= 90
    for number in coordinates.ravel():
        assert len(repr(float(number)).partition(".")[2]) <= 7 or abs(number) < 1e-3
        assert round(float(number), 7) == float(number)
    for part in shapely.get_parts(geometry):
        assert part.exterior.is_ccw
        assert not any(ring.is_ccw for ring in part.interiors)
        assert all(len(ring.coords) >= 4 for ring in (part.exterior, *part.interiors))


def test_fits_its_schema_and_carries_every_property_in_order(result):
    document = json.loads(to_json(regions_geojson(result)))
    schema = json.loads((SCHEMAS / "regions.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(document)
    properties = document["features"][0]["properties"]
    assert list(properties) == [*ORDER, *CLASSED, "teu_low", "teu_high", "tiers"]
    assert {k for k, v in properties.items() if v is None} >= {"p_change", "p_activity", "length_low_m", "teu_low"}
    assert (properties["before"], properties["after"]) == ("2023-10-20T02:01:33Z", "2023-10-20T06:43:00Z")
    assert "crs" not in document


def test_the_schema_refuses_a_missing_property_and_an_unknown_direction(result):
    validator = Draft202012Validator(json.loads((SCHEMAS / "regions.schema.json").read_text()))
    document = regions_geojson(result)
    document["features"][0]["properties"]["direction"] = "vanished"
    assert not validator.is_valid(document)
    document = regions_geojson(result)
    del document["features"][0]["properties"]["review"]
    assert not validator.is_valid(document)


def test_the_box_holds_every_region_and_is_absent_without_any():
    document = regions_geojson(make_result(count=9))
    drawn = shapely.union_all([geometry_of(f["geometry"]) for f in document["features"]])
    assert document["bbox"] == pytest.approx(drawn.bounds, abs=1e-9)
    assert "bbox" not in regions_geojson(make_result(count=0))


def test_zones_tell_what_was_seen_and_which_are_search_areas(result):
    zones = {zone["name"]: zone for zone in regions_geojson(result)["zones"]}
    assert zones["berth"]["state"] == "unknown"
    assert zones["berth"]["unknown"] == {"cloud": 0.5, "haze": 0.25}
    assert zones["berth"]["floor_m"] is None
    assert not zones["rails"]["located"]


def test_every_feature_of_a_rendered_pair_says_so():
    document = regions_geojson(make_result(simulated=True, count=4))
    assert document["simulated"]
    assert all(f["properties"]["simulated"] for f in document["features"])
    assert "RENDERED" in document["credit"]


def test_an_outline_lies_where_it_was_to_a_centimetre():
    outline = box(605000, 4676000, 605090, 4676020)
    there = wgs84_geometry(outline, "EPSG:32652")
    x, y = 130.2771, 42.226
    assert there.centroid.x == pytest.approx(x, abs=0.01)
    assert there.centroid.y == pytest.approx(y, abs=0.01)
    from imagery_diff.aoi import reproject

    assert reproject(there, WGS84, "EPSG:32652").hausdorff_distance(outline) < 0.02


def test_without_georeference_there_is_no_geojson():
    with pytest.raises(InputError, match=r"before\.tif and after\.tif.*summary\.json"):
        regions_geojson(make_result(crs=None, aoi=False))


def test_an_outline_across_the_antimeridian_is_cut_there():
    outline = box(-179.0, 10.0, -179.5, 11.0).union(box(179.5, 10.0, 180.0, 11.0)).union(box(-180, 10, -179.4, 11))
    near = shapely.transform(box(500000 + 300000, 1100000, 500000 + 360000, 1110000), lambda xy: xy)
    cut = wgs84_geometry(near, "EPSG:32660")
    check_rfc7946(cut)
    assert isinstance(cut, MultiPolygon)
    west, south, east, north = bounding_box([cut])
    assert west > east
    assert 179 < west < 180
    assert -180 < east < -179
    assert south < north
    check_rfc7946(wgs84_geometry(outline, WGS84))


def test_longitudes_beyond_180_degrees_are_brought_back():
    there = wgs84_geometry(box(190, 10, 191, 11), WGS84)
    assert there.bounds == (-170, 10, -169, 11)


def test_an_outline_round_the_pole_stays_an_area_there():
    ring = wgs84_geometry(
        Polygon([(2e6 + 1e5 * math.cos(a), 2e6 + 1e5 * math.sin(a)) for a in np.arange(0, 6.28, 0.1)]), "EPSG:32661"
    )
    check_rfc7946(ring)
    assert ring.bounds[3] == 90


def test_a_hair_thinner_than_the_last_decimal_is_left_out():
    assert wgs84_geometry(Polygon([(10, 10), (10.001, 10.0000000001), (10.002, 10)]), WGS84) is None


spots = st.tuples(st.floats(0, 1), st.floats(0, 1))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(spots, min_size=3, max_size=12),
    st.sampled_from([1e-7, 4e-7, 1e-6, 1e-4, 0.1]),
    st.sampled_from([(130.28, 42.22), (-0.00000005, 0.0), (179.99999995, -16.5), (-70.9, -33.4)]),
)
@example([(0.0, 0.0), (0.0, 1.0151220875088645e-194), (1.0, 0.0)], 1e-07, (-5e-08, 0.0))
def test_any_shape_of_any_size_comes_out_valid_or_not_at_all(corners, size, origin):
    """Self-crossing, repeated and nearly touching points included; sizes down to the last decimal."""
    drawn = Polygon([(origin[0] + size * x, origin[1] + size * y) for x, y in corners])
    geometry = wgs84_geometry(drawn, WGS84)
    if geometry is not None:
        check_rfc7946(geometry)
        assert geometry.area > 0


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["EPSG:32652", "EPSG:3857", "EPSG:32719"]))
def test_blobs_with_holes_and_pinches_keep_their_area(seed, crs):
    random = np.random.default_rng(seed)
    origin = {"EPSG:32652": (605000, 4676000), "EPSG:3857": (14500000, 5194000), "EPSG:32719": (340000, 6290000)}[crs]
    cells = [box(x, y, x + 1, y + 1) for x, y in np.argwhere(random.random((8, 8)) < 0.5)]
    blob = shapely.transform(shapely.union_all(cells), lambda xy: xy * 3 + origin)
    geometry = wgs84_geometry(blob, crs)
    if blob.is_empty:
        assert geometry is None
        return
    check_rfc7946(geometry)
    from imagery_diff.aoi import reproject

    assert reproject(geometry, WGS84, crs).area == pytest.approx(blob.area, rel=0.02)
