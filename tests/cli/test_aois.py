"""``imagery-diff aois`` and the AOI argument of every other verb."""

import json
import subprocess
import sys

import click
import pytest
import shapely
from click.testing import CliRunner

from imagery_diff.aoi import AOI, OSM_CREDIT, Zone
from imagery_diff.cli.aoi_argument import aoi_options, resolve_aoi
from imagery_diff.cli.aois import aois
from imagery_diff.errors import InputNotFoundError, UnknownNameError
from imagery_diff.read.aois import load_aoi


def run(*words):
    return CliRunner().invoke(aois, words, catch_exceptions=True)


@pytest.fixture
def port(tmp_path):
    """Save a file without a fault."""
    outline = shapely.box(130.28, 42.22, 130.29, 42.23)
    known = {"accuracy_m": 5, "source": "drawn"}
    quay = Zone(name="quay", kind="berth", polygon=shapely.box(130.283, 42.223, 130.286, 42.226), **known)
    path = tmp_path / "my_port.geojson"
    aoi = AOI(name="my_port", polygon=outline, zones=(quay,), timezone="Asia/Pyongyang", **known)
    path.write_text(json.dumps(aoi.to_geojson()), encoding="utf-8")
    return path


def test_list_names_every_aoi_with_what_is_only_a_search_area():
    result = run("list")
    assert result.exit_code == 0
    rows = {line.split()[0]: line for line in result.stdout.splitlines()[1:]}
    assert set(rows) == {"border_crossing", "dunay", "najin", "tikhoretsk", "vostochny"}
    assert "Asia/Pyongyang" in rows["najin"]


def test_list_as_json_is_one_document():
    document = json.loads(run("list", "--json").stdout)
    najin = next(aoi for aoi in document["aois"] if aoi["name"] == "najin")
    assert (najin["zones"], najin["unlocated"]) == (17, 4)


def test_show_says_plainly_what_could_not_be_located():
    text = run("show", "border_crossing").stdout
    assert "Could not be located: tumangang_station, tumangang_yard" in text
    assert "search area, not a located outline" in text
    khasan = next(line for line in text.splitlines() if line.startswith("khasan_station"))
    assert khasan.endswith("Asia/Vladivostok")


def test_show_gives_each_zone_its_kind_group_area_accuracy_and_source():
    text = run("show", "najin").stdout
    row = next(line for line in text.splitlines() if line.startswith("pier2_yard"))
    assert row.split()[1:] == ["yard", "pier2", "35,003", "25", "m", "yes"]
    assert OSM_CREDIT in text
    assert "Sources:" in text


def test_show_as_json_can_be_given_back_as_a_file(tmp_path):
    path = tmp_path / "copy.geojson"
    path.write_text(run("show", "najin", "--json").stdout, encoding="utf-8")
    assert load_aoi(path) == load_aoi("najin")
    feature = json.loads(path.read_text(encoding="utf-8"))["features"][2]
    assert feature["properties"]["area_m2"] == 35003


def test_show_of_a_bare_outline_says_that_it_has_no_zones(tmp_path):
    path = tmp_path / "bay.geojson"
    path.write_text(json.dumps(shapely.geometry.mapping(shapely.box(1, 2, 3, 4))), encoding="utf-8")
    assert "no zones: the whole AOI is one place" in run("show", str(path)).stdout


def test_show_makes_strips_of_lines(tmp_path):
    path = tmp_path / "quay.geojson"
    path.write_text('{"type": "LineString", "coordinates": [[1, 0], [1, 0.01]]}', encoding="utf-8")
    assert run("show", str(path), "--buffer", "20").exit_code == 0


def test_check_of_a_good_file_says_so_and_exits_0(port):
    result = run("check", str(port))
    assert (result.exit_code, result.stdout) == (0, "no fault found\n")


def test_check_exits_1_at_a_fault_and_0_at_a_doubt(port):
    document = json.loads(port.read_text(encoding="utf-8"))
    del document["features"][1]["properties"]["source"]
    port.write_text(json.dumps(document), encoding="utf-8")
    result = run("check", str(port))
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0].startswith("warning: feature 2 'quay': no source")
    assert result.stdout.splitlines()[-1] == "no fault found"
    document["features"][1]["properties"]["kind"] = "dock"
    port.write_text(json.dumps(document), encoding="utf-8")
    result = run("check", str(port))
    assert result.exit_code == 1
    assert "fault: feature 2 'quay': the kind 'dock' is not known" in result.stdout
    assert "no fault found" not in result.stdout


def test_check_as_json_is_one_document(port):
    assert json.loads(run("check", str(port), "--json").stdout) == {
        "schema_version": "1.0",
        "faults": 0,
        "findings": [],
    }
    port.write_text("{", encoding="utf-8")
    result = run("check", str(port), "--json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert document["faults"] == 1
    assert document["findings"][0]["level"] == "fault"


def test_errors_are_ours_for_the_command_line_to_print():
    assert isinstance(run("show", "najni").exception, UnknownNameError)
    assert isinstance(run("check", "nowhere.geojson").exception, InputNotFoundError)


def test_listing_loads_no_heavy_library():
    """At most 0.15 s of CPU over bare Python: nothing that computes may be imported."""
    code = (
        "import sys; from imagery_diff.cli.aois import aois; aois(['list'], standalone_mode=False);"
        "print(*sorted({m.partition('.')[0] for m in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    heavy = {"numpy", "shapely", "pyproj", "rasterio", "scipy", "skimage", "matplotlib", "pyogrio", "defusedxml"}
    assert "najin" in done.stdout
    assert heavy & set(done.stderr.split()) == set()


# The AOI argument


def test_each_way_to_say_an_aoi_gives_that_aoi(port):
    assert resolve_aoi("najin").name == "najin"
    assert resolve_aoi(str(port)).name == "my_port"
    assert resolve_aoi(None, bbox=(130.28, 42.22, 130.29, 42.23)).polygon.bounds == (130.28, 42.22, 130.29, 42.23)
    round_ = resolve_aoi(None, at=(42.227, 130.284), radius=500.0)
    assert round_.area_m2 == pytest.approx(785_398, rel=0.01)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"text": None}, "none of them"),
        ({"text": "najin", "bbox": (1, 2, 3, 4)}, "AOI and --bbox"),
        ({"text": None, "bbox": (1, 2, 3, 4), "at": (1, 2), "radius": 5}, "--bbox and --at"),
        ({"text": None, "at": (42, 130)}, "go together"),
        ({"text": "najin", "radius": 5.0}, "go together"),
        ({"text": None, "bbox": (3, 2, 1, 4)}, "W S E N"),
        ({"text": None, "at": (130.2, 42.2), "radius": 5.0}, "swapped"),
        ({"text": None, "bbox": (1, 2, 3, 4), "buffer_m": 5.0}, "--buffer"),
    ],
)
def test_words_that_cannot_be_meant_are_a_usage_error_with_exit_code_2(words, says):
    with pytest.raises(click.UsageError, match=says) as caught:
        resolve_aoi(**words)
    assert caught.value.exit_code == 2


def test_the_options_reach_a_verb_under_these_names():
    @click.command()
    @aoi_options
    def verb(**options):
        click.echo(json.dumps(options))

    result = CliRunner().invoke(verb, ["--at", "42.2", "130.3", "--radius", "50"])
    assert json.loads(result.stdout) == {"bbox": None, "at": [42.2, 130.3], "radius": 50.0, "buffer_m": None}
    result = CliRunner().invoke(verb, ["--bbox", "-1", "-2", "3", "4", "--buffer", "5"])
    assert json.loads(result.stdout) == {"bbox": [-1.0, -2.0, 3.0, 4.0], "at": None, "radius": None, "buffer_m": 5.0}
