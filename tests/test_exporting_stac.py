"""item.json is a STAC Item that validators accept, names its files truly, and tells nothing of the machine."""

import base64
import getpass
import hashlib
import json
import re
import shlex
import shutil
import socket
import sys
from dataclasses import replace
from pathlib import Path

import pystac
import pytest
import rasterio
from affine import Affine
from click.testing import CliRunner
from pyproj import Geod
from pystac.validation.stac_validator import JsonSchemaSTACValidator
from shapely import union_all
from shapely.geometry import shape

from imagery_diff import load_aoi, samples
from imagery_diff.cli import main
from imagery_diff.errors import InputError, MissingExtraError
from imagery_diff.exporting import Wanted, export
from imagery_diff.exporting_stac import FILE, PROCESSING, PROJECTION, RASTER
from imagery_diff.grid import Grid
from imagery_diff.series import timeline
from tests.write.conftest import TIMES, make_result

TOP = Path(__file__).resolve().parents[1]
STAC = Wanted(stac=True)
EXTENSIONS = {
    FILE: "file-v2.1.0.json",
    PROCESSING: "processing-v1.2.0.json",
    PROJECTION: "projection-v2.0.0.json",
    RASTER: "raster-v2.0.0.json",
}


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    """Return the folder of a timeline of two looks, on the second of which a ship and a stack stand."""
    port = load_aoi("najin")
    zones = tuple(port.zone(name) for name in ("pier2_sw_berth", "pier2_yard"))
    around = union_all([zone.polygon for zone in zones]).envelope.buffer(0.0003, join_style="mitre")
    place = replace(port, name="pier", polygon=around, zones=zones)
    images = [samples.path(f"najin_{day}") for day in ("20231016", "20231019")]
    return timeline(place, images).save(tmp_path_factory.mktemp("series") / "run")


@pytest.fixture
def valid(data_folder, monkeypatch):
    """Return a validator of items by the schemas of STAC and of its extensions, which may ask no network."""

    def refuse(*_, **__):
        raise AssertionError("it asks a network")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)
    validator = JsonSchemaSTACValidator()
    for uri, name in EXTENSIONS.items():
        schema = json.loads((data_folder.parent / "stac_schemas" / name).read_text(encoding="utf-8"))
        assert schema["$id"].rstrip("#") == uri
        validator.schema_cache[uri] = schema
    return lambda document: pystac.validation.validate_dict(document, validator=validator)


def read(folder):
    return json.loads((folder / "item.json").read_text(encoding="utf-8"))


def exported(result, folder, **changes):
    return read(export(make_result(**changes).save(folder / "run") if result is None else result, STAC))


def test_an_item_of_a_comparison_is_valid_by_stac_and_its_four_extensions(run, valid):
    item = read(export(run, Wanted(stac=True, csv=True, gpkg=True)))
    assert set(item["stac_extensions"]) == set(EXTENSIONS)
    assert set(valid(item)) >= set(EXTENSIONS)
    assert item["stac_version"] == "1.1.0"


def test_an_item_of_a_timeline_is_valid_and_has_no_raster(series, valid, tmp_path):
    item = read(export(series, Wanted(stac=True, csv=True), tmp_path / "out"))
    assert set(item["stac_extensions"]) == set(EXTENSIONS) - {RASTER}
    assert len(valid(item)) == 4
    assert item["properties"]["start_datetime"] == "2023-10-16T02:04:11Z"
    assert item["properties"]["end_datetime"] == "2023-10-19T02:07:50Z"
    assert {link["imagery_diff:role"] for link in item["links"]} == {"look 1", "look 2"}
    # The export's own table has the name of the run's: what the item says is of what lies there.
    table = (tmp_path / "out" / "events.csv").read_bytes()
    assert table.startswith(b"id,")
    assert item["assets"]["events.csv"]["file:checksum"] == "1220" + hashlib.sha256(table).hexdigest()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda i: i["properties"].pop("start_datetime"),
        lambda i: i["properties"].update({"proj:shape": ["90", 120]}),
        lambda i: i["properties"].update({"processing:software": {"imagery_diff": 1}}),
        lambda i: i["assets"]["evidence.tif"].update({"file:checksum": "SHA256"}),
        lambda i: i["assets"]["evidence.tif"]["bands"][0].update({"raster:sampling": "volume"}),
        lambda i: i["links"][0].pop("href"),
    ],
)
def test_the_validator_finds_what_is_spoilt(finished, valid, spoil, tmp_path):
    item = read(export(finished, STAC, tmp_path / "out"))
    # The fixture was read from no file: a link to be spoilt.
    item["links"].append({"rel": "derived_from", "href": "a"})
    valid(item)
    spoil(item)
    with pytest.raises(pystac.STACValidationError):
        valid(item)


def test_every_file_of_the_export_is_an_asset_with_its_size_and_hash(run):
    target = export(run, Wanted(stac=True, csv=True, kml=True))
    item = pystac.Item.from_file(target / "item.json")
    names = {path.name for path in target.iterdir()} - {"item.json"}
    assert set(item.assets) == names
    for name, asset in item.assets.items():
        content = Path(asset.get_absolute_href()).read_bytes()
        assert asset.media_type
        if name != "manifest.json":
            assert asset.extra_fields["file:size"] == len(content)
            assert asset.extra_fields["file:checksum"] == "1220" + hashlib.sha256(content).hexdigest()
    for name in {path.name for path in run.iterdir()} - {"manifest.json"}:
        assert (target / name).read_bytes() == (run / name).read_bytes()
    assert (target / "run_manifest.json").read_bytes() == (run / "manifest.json").read_bytes()


def test_the_grid_and_the_bands_are_those_of_the_raster(run):
    target = export(run, STAC)
    item = read(target)
    with rasterio.open(target / "evidence.tif") as file:
        for fields in (item["properties"], item["assets"]["evidence.tif"]):
            assert fields["proj:code"] == str(file.crs)
            assert fields["proj:shape"] == list(file.shape)
            assert fields["proj:transform"] == list(file.transform[:6])
            assert fields["proj:bbox"] == list(file.bounds)
        score, flags = item["assets"]["evidence.tif"]["bands"]
        assert (score["name"], flags["name"]) == file.descriptions
        assert score["nodata"] == file.nodata
        values = file.read(1, masked=True)
        assert score["statistics"]["mean"] == pytest.approx(float(values.mean()), rel=1e-4)
    assert score["raster:spatial_resolution"] == pytest.approx(3.0, abs=0.01)


def test_the_span_is_from_the_older_to_the_newer_image_in_whatever_order(tmp_path):
    said = exported(None, tmp_path, times=TIMES[::-1])["properties"]
    assert (said["datetime"], said["start_datetime"], said["end_datetime"]) == (
        None,
        "2023-10-20T02:01:33Z",
        "2023-10-20T06:43:00Z",
    )


def test_without_a_time_there_is_no_item_and_one_line_says_so(tmp_path):
    folder = make_result(times=(TIMES[0], None)).save(tmp_path / "run")
    with pytest.raises(InputError, match=r"the time of after.tif is not known, .* --before-time"):
        export(folder, STAC)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_the_geometry_is_the_place_as_it_was_laid(run):
    aoi = make_result(count=3).aoi.in_crs("EPSG:4326").polygon
    item = read(export(run, STAC))
    assert shape(item["geometry"]).hausdorff_distance(aoi) < 1e-6
    assert item["bbox"] == pytest.approx(aoi.bounds, abs=1e-6)


def test_without_a_place_it_is_the_common_ground(tmp_path):
    item = exported(None, tmp_path, aoi=False)
    ground = shape(item["geometry"])
    grid = make_result().grid
    assert ground.area > 0
    assert item["id"].startswith("common_ground_")
    assert item["properties"]["title"].startswith("common ground of the images: comparison, 2023-10-20 02:01 to ")
    west, south, east, north = ground.bounds
    assert Geod(ellps="WGS84").inv(west, south, east, south)[2] == pytest.approx(3 * grid.shape[1], rel=0.05)
    assert Geod(ellps="WGS84").inv(west, south, west, north)[2] == pytest.approx(3 * grid.shape[0], rel=0.05)


def test_across_the_antimeridian_it_is_cut_there(tmp_path, valid):
    # At the equator zone 1 begins 334 km west of its middle, at 180 degrees.
    grid = Grid(crs="EPSG:32601", transform=Affine(3, 0, 165_850, 0, -3, 10_000), shape=(90, 120))
    result = replace(make_result(crs="EPSG:32601", aoi=False), grid=grid, regions=())
    item = exported(result.save(tmp_path / "run"), tmp_path)
    valid(item)
    assert item["geometry"]["type"] == "MultiPolygon"
    west, _, east, _ = item["bbox"]
    assert west > 179.9
    assert east < -179.9
    assert all(-180 <= x <= 180 for part in item["geometry"]["coordinates"] for x, _ in part[0])


@pytest.mark.parametrize("stamp", ["RENDERED, NOT A SATELLITE IMAGE", "ALTERED, NOT AS RECEIVED"])
def test_what_no_satellite_saw_says_so_first(tmp_path, stamp):
    credit = stamp if stamp.startswith("ALTERED") else None
    said = exported(None, tmp_path, simulated=True, credit=credit)["properties"]
    assert said["title"].startswith(stamp)
    assert said["description"].startswith(stamp)
    assert said["imagery_diff:simulated"] is True
    assert stamp in said["imagery_diff:credit"]


def test_credit_and_licence_are_told_as_far_as_they_are_known(run, tmp_path):
    said = read(export(run, STAC))["properties"]
    assert said["providers"] == [{"name": "© Somebody 2023", "description": "Credit of an image."}]
    assert "license" not in said
    result = make_result()
    licensed = replace(result, before=replace(result.before, licence="Internal use only"))
    said = exported(licensed.save(tmp_path / "licensed"), tmp_path)["properties"]
    assert said["license"] == "other"
    assert said["imagery_diff:licences"] == {"before.tif": "Internal use only"}
    assert "providers" not in exported(None, tmp_path, credit=None)["properties"]


def test_a_file_that_was_read_is_named_by_its_hash_and_never_by_its_place(tmp_path):
    image = tmp_path / "one #1 %41 \u202e?é.tif"
    image.write_bytes(b"pixels")
    item = exported(None, tmp_path, files=((image,), ()), names=(image.name, "after.tif"))
    (link,) = item["links"]
    method, digest = link["href"].split(";")
    assert method == "ni:///sha-256"
    assert base64.urlsafe_b64decode(digest + "=").hex() == hashlib.sha256(b"pixels").hexdigest()
    assert link["title"] == "before: one #1 %41 \N{REPLACEMENT CHARACTER}?é.tif (scene 20231020_020133_84_1234)"
    assert link["file:size"] == 6


def test_a_file_that_is_gone_is_named_by_its_bare_name(tmp_path):
    gone = tmp_path / "a b#?:..tif"
    item = exported(None, tmp_path, files=((gone,), ()))
    (link,) = item["links"]
    assert link["href"] == "a%20b%23%3F%3A..tif"
    assert "could not be read any more" in link["title"]
    assert "file:checksum" not in link


def test_no_place_name_of_the_machine_gets_into_it(tmp_path, valid):
    place = tmp_path / "secret place"
    place.mkdir()
    image = place / "x.tif"
    image.write_bytes(b"1")
    hostile = "<script>\x1b[31m\n../../etc\x00"
    result = make_result(files=((image,), (image,)), credit=f"© {hostile}")
    folder = replace(result, aoi=replace(result.aoi, title=hostile), caveats=(hostile,)).save(place / "run of mine")
    target = export(folder, STAC, place / "out")
    text = (target / "item.json").read_text(encoding="utf-8")
    for word in ("secret place", str(tmp_path), "run of mine", socket.gethostname(), f"/{getpass.getuser()}/"):
        assert word not in text
    item = json.loads(text)
    valid(item)
    assert all(c.isprintable() for value in re.findall(r'"((?:[^"\\]|\\.)*)"', text) for c in json.loads(f'"{value}"'))
    assert all(asset["href"].startswith("./") and "/" not in asset["href"][2:] for asset in item["assets"].values())


def test_a_forged_run_gives_one_line(run):
    from imagery_diff.write import manifest as manifests

    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    kept = {
        key: value for key, value in manifest.items() if key not in {"content_sha256", "created", "document_sha256"}
    }
    for forged in (
        {"software": {}},
        {"inputs": [{"role": "before"}]},
        {"inputs": [{"role": 1, "name": "", "sha256": "zz"}]},
    ):
        (run / "manifest.json").write_bytes(manifests.to_json(manifests.sealed({**kept, **forged})))
        with pytest.raises(InputError, match="make it again") as caught:
            export(run, STAC)
        assert "\n" not in str(caught.value)


def test_the_same_run_gives_the_same_item_and_a_review_another(run, tmp_path):
    first, second = (read(export(run, STAC, tmp_path / name)) for name in ("one", "two"))
    assert first == second
    assert first["properties"]["imagery_diff:unreviewed"] == 3
    done = CliRunner().invoke(main, ["review", str(run), "--accept", "R1", "--by", "AB"])
    assert done.exit_code == 0, done.output
    third = read(export(run, STAC, tmp_path / "three"))
    assert third["properties"]["imagery_diff:unreviewed"] == 2
    assert third["id"] != first["id"]


def test_without_pystac_the_extra_is_named(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "pystac", None)
    with pytest.raises(MissingExtraError, match=re.escape('pip install "imagery-diff[stac]"')):
        export(run, STAC)
    done = CliRunner().invoke(main, ["export", str(run), "--stac"])
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)


def test_the_commands_of_the_page_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(TOP / "sample_tiles", "sample_tiles")
    page = (TOP / "docs" / "how-to" / "stac.md").read_text(encoding="utf-8")
    commands = re.findall(r"^    imagery-diff (.*)$", page, re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        done = CliRunner().invoke(main, shlex.split(command))
        assert done.exit_code == 0, done.stderr
    assert len(read(Path("najin_pair_export"))["links"]) == 6
