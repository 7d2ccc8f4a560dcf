"""GeoParquet as others read it: by an independent validator, and by pyarrow."""

import datetime as dt
import hashlib
import json
import sys

import geoparquet_validator
import pyarrow as pa
import pyproj
import pytest
import shapely
from pyarrow import parquet
from shapely import MultiPolygon, Polygon, box

from imagery_diff.errors import MissingExtraError
from imagery_diff.exporting import Wanted, export
from imagery_diff.write import geoparquet as module
from imagery_diff.write.geoparquet import geoparquet_bytes
from imagery_diff.write.layers import FLAG, REAL, TEXT, TIME, WHOLE, Layer
from tests.write.conftest import make_result

RING = Polygon([(0, 0), (0, 4), (4, 4), (4, 0)], [[(1, 1), (2, 1), (2, 2), (1, 2)]])
"""Outer ring clockwise, hole counterclockwise: the wrong way round."""
FIELDS = {"name": TEXT, "count": WHOLE, "length_m": REAL, "at": TIME, "simulated": FLAG}


def make_layer(outlines):
    rows = [{"name": "a", "count": 3, "length_m": 1.5, "at": "2023-10-20T02:01:33.250Z", "simulated": True}]
    rows += [dict.fromkeys(FIELDS) for _ in outlines[1:]]
    return Layer(name="things", fields=FIELDS, rows=rows[: len(outlines)], outlines=outlines)


def written(content):
    return parquet.read_table(pa.BufferReader(content))


def faults(content):
    """Return what the validator has against a file; nothing it skips may pass for a pass."""
    report = geoparquet_validator.check_bytes("layer.parquet", content)
    assert report["version"] == "1.1.0"
    states = {o["id"]: o["status"] for o in report["outcomes"]}
    asked = ("wkb", "geometry-types", "crs-projjson", "edges-value", "orientation-rings")
    assert {states[f"/conf/core/{name}"] for name in asked} == {"pass"}
    covering = {state for name, state in states.items() if name.startswith("/conf/covering/")}
    assert covering == {"pass"}
    # Without a box there are no statistics of boxes, whose lack is no fault of the file.
    boxes = written(content)["bbox"].drop_null()
    return [n for n, state in states.items() if state == "fail" and (boxes or n.split("/")[2] != "distribution")]


@pytest.mark.parametrize(
    "outlines",
    [
        [box(130, 42, 131, 43)],
        [box(130, 42, 131, 43), None],
        [RING, MultiPolygon([box(9, 9, 10, 10), box(11, 11, 12, 12)])],
        [MultiPolygon([box(179, 0, 180, 1), box(-180, 0, -179, 1)])],
        [None],
        [],
    ],
    ids=["one", "one without", "holes and parts", "antimeridian", "none", "empty"],
)
def test_a_validator_that_is_not_ours_finds_no_fault(outlines):
    content = geoparquet_bytes(make_layer(outlines), {})
    assert faults(content) == []
    found = shapely.from_wkb(written(content)["geometry"].to_pylist())
    for outline, own in zip(outlines, found, strict=True):
        assert (outline is None) == (own is None)
        assert outline is None or (own.equals(outline) and own.geom_type == outline.geom_type)


def test_the_validator_would_find_rings_that_turn_the_wrong_way(monkeypatch):
    monkeypatch.setattr(module, "_turned", lambda outline: outline)
    with pytest.raises(AssertionError):
        faults(geoparquet_bytes(make_layer([RING]), {}))


def test_the_metadata_say_what_the_specification_asks():
    geo = json.loads(written(geoparquet_bytes(make_layer([RING]), {})).schema.metadata[b"geo"])
    assert (geo["version"], geo["primary_column"], list(geo["columns"])) == ("1.1.0", "geometry", ["geometry"])
    column = geo["columns"]["geometry"]
    assert pyproj.CRS.from_json_dict(column.pop("crs")).equals(pyproj.CRS("OGC:CRS84"))
    assert column == {
        "encoding": "WKB",
        "geometry_types": ["Polygon"],
        "orientation": "counterclockwise",
        "edges": "planar",
        "bbox": [0, 0, 4, 4],
        "covering": {"bbox": {side: ["bbox", side] for side in ("xmin", "ymin", "xmax", "ymax")}},
    }


def test_columns_have_types_and_what_does_not_exist_is_null():
    table = written(geoparquet_bytes(make_layer([box(1, 2, 3, 4), None]), {}))
    utc = pa.timestamp("us", tz="UTC")
    told = [pa.string(), pa.int64(), pa.float64(), utc, pa.bool_(), pa.binary()]
    assert table.schema.types[:-1] == told
    assert table.schema.names == [*FIELDS, "geometry", "bbox"]
    first, second = table.to_pylist()
    assert first["at"] == dt.datetime(2023, 10, 20, 2, 1, 33, 250_000, tzinfo=dt.UTC)
    assert (first["count"], first["length_m"], first["simulated"]) == (3, 1.5, True)
    assert first["bbox"] == {"xmin": 1, "ymin": 2, "xmax": 3, "ymax": 4}
    assert set(second.values()) == {None}


def test_a_moment_of_another_zone_is_written_as_utc():
    layer = Layer(name="x", fields={"at": TIME}, rows=[{"at": "2023-10-20T11:01:33+09:00"}], outlines=[box(0, 0, 1, 1)])
    assert written(geoparquet_bytes(layer, {}))["at"][0].as_py() == dt.datetime(2023, 10, 20, 2, 1, 33, tzinfo=dt.UTC)


def test_hostile_texts_are_texts():
    text = "<b>\udc80\x00 '; DROP"
    layer = Layer(name="x", fields={"name": TEXT}, rows=[{"name": text}], outlines=[box(0, 0, 1, 1)])
    table = written(geoparquet_bytes(layer, {"credit": text}))
    assert table["name"][0].as_py() == text.replace("\udc80", "?")
    assert json.loads(table.schema.metadata[b"imagery_diff"])["credit"] == text.replace("\udc80", "?")


def test_an_export_holds_a_file_for_each_layer_that_says_what_it_was_made_from(run):
    target = export(run, Wanted(parquet=True))
    names = ["look_at.parquet", "manifest.json", "regions.parquet", "zones.parquet"]
    assert sorted(p.name for p in target.iterdir()) == names
    features = json.loads((run / "regions.geojson").read_text(encoding="utf-8"))["features"]
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    for path in target.glob("*.parquet"):
        assert faults(path.read_bytes()) == []
        told = json.loads(parquet.read_schema(path).metadata[b"imagery_diff"])
        assert told["run"]["content_sha256"] == manifest["content_sha256"]
        assert (told["simulated"], told["credit"]) == (False, manifest["credit"])
        assert told["caveats"] == ["a caveat"]
    rows = parquet.read_table(target / "regions.parquet").to_pylist()
    assert [row["id"] for row in rows] == [f["id"] for f in features]
    for row, feature in zip(rows, features, strict=True):
        assert shapely.from_wkb(row["geometry"]).equals(shapely.geometry.shape(feature["geometry"]))
        assert row["length_m"] == feature["properties"]["length_m"]
        assert row["before"] == dt.datetime.fromisoformat(feature["properties"]["before"])
    zones = parquet.read_table(target / "zones.parquet").to_pylist()
    assert [zone["state"] for zone in zones] == ["flagged", "unknown", "nothing flagged"]
    assert not parquet.read_table(target / "look_at.parquet").num_rows


def test_what_was_rendered_says_so_in_each_row_and_in_the_metadata(tmp_path):
    target = export(make_result(simulated=True).save(tmp_path / "run"), Wanted(parquet=True))
    table = parquet.read_table(target / "regions.parquet")
    assert set(table["simulated"].to_pylist()) == {True}
    assert set(table["credit"].to_pylist()) == {"RENDERED, NOT A SATELLITE IMAGE"}
    told = json.loads(table.schema.metadata[b"imagery_diff"])
    assert (told["simulated"], told["credit"]) == (True, "RENDERED, NOT A SATELLITE IMAGE")


def test_the_bytes_are_the_same_every_time(run, tmp_path):
    first, second = (export(run, Wanted(parquet=True), tmp_path / name) for name in ("one", "two"))
    digests = [
        {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.glob("*.parquet")}
        for folder in (first, second)
    ]
    assert digests[0] == digests[1]


def test_without_the_extra_one_line_says_how_to_get_it_and_nothing_is_written(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r'pip install "imagery-diff\[parquet\]"'):
        export(run, Wanted(parquet=True))
    assert not run.with_name("run_export").exists()
