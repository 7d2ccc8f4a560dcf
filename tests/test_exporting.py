"""A finished run in other formats: what its files say, nothing more, beside it, and never over what a user made."""

import csv
import hashlib
import io
import json
import os
import re
import shlex
import shutil
import sqlite3
import time
import xml.etree.ElementTree as ET
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import fastkml.validator
import jsonschema
import numpy as np
import pyogrio
import pytest
import shapely
from click.testing import CliRunner
from shapely import box

from imagery_diff.cli import main
from imagery_diff.errors import InputError, OutputError
from imagery_diff.exporting import Wanted, export
from imagery_diff.write import geopackage
from tests.write.conftest import UTM, make_aoi, make_grid, make_region, make_result, on_grid

TOP = Path(__file__).resolve().parents[1]
HOSTILE = "<script>alert(1)</script> & ]]> \x1b[31m $[name]"


def listing(folder):
    return sorted(p.name for p in folder.iterdir())


def layer(path, name):
    info, _, geometry, values = pyogrio.raw.read(path, layer=name, datetime_as_string=True)
    return info, shapely.from_wkb(geometry), dict(zip(info["fields"], values, strict=True))


def test_the_aoi_of_a_run_is_the_one_its_manifest_has_the_hash_of(run):
    import hashlib

    said = json.loads((run / "manifest.json").read_text(encoding="utf-8"))["aoi"]
    text = json.dumps(said["laid"], sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(text.encode("ascii")).hexdigest() == said["sha256"]


def test_an_export_stands_beside_the_run_and_leaves_it_as_it_was(run):
    before = {p.name: p.read_bytes() for p in run.iterdir()}
    target = export(run, Wanted(gpkg=True, kml=True))
    assert target == run.with_name("run_export")
    assert listing(target) == ["manifest.json", "regions.geojson", "regions.gpkg", "regions.kml", "regions.qml"]
    assert {p.name: p.read_bytes() for p in run.iterdir()} == before
    assert listing(run.parent) == ["run", "run_export"]


def test_layers_hold_what_the_files_of_the_run_say_in_the_images_coordinates(run):
    target = export(run, Wanted(gpkg=True))
    features = json.loads((run / "regions.geojson").read_text(encoding="utf-8"))["features"]
    info, outlines, values = layer(target / "regions.gpkg", "regions")
    assert info["crs"] == UTM
    assert list(values["id"]) == [f["id"] for f in features]
    assert list(values["description"]) == [f["properties"]["description"] for f in features]
    np.testing.assert_allclose(values["length_m"], [f["properties"]["length_m"] for f in features])
    assert set(values["review"]) == {"unreviewed"}
    assert not values["simulated"].any()
    for outline, region in zip(outlines, make_result(count=3).regions, strict=True):
        # Seven decimals of a degree are a centimetre.
        assert outline.hausdorff_distance(region.geometry) < 0.02
    _, zones, values = layer(target / "regions.gpkg", "zones")
    assert list(values["state"]) == ["flagged", "unknown", "nothing flagged"]
    assert list(values["located"]) == [True, True, False]
    assert values["unknown"][1] == '{"cloud": 0.5, "haze": 0.25}'
    for outline, zone in zip(zones, make_aoi(make_grid()).zones, strict=True):
        assert outline.hausdorff_distance(zone.polygon) < 0.02
    assert len(layer(target / "regions.gpkg", "look_at")[1]) == 0


def test_a_geopackage_has_the_same_bytes_every_time(run, tmp_path):
    first = export(run, Wanted(gpkg=True, kml=True), tmp_path / "one")
    time.sleep(1.1)  # GDAL writes the second at which it wrote
    second = export(run, Wanted(gpkg=True, kml=True), tmp_path / "two")
    for name in ("regions.gpkg", "regions.kml"):
        ours, theirs = (first / name).read_bytes(), (second / name).read_bytes()
        # In words: the bytes of two files fill a log.
        differing = [at for at, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b][:50]
        assert (name, len(ours), differing) == (name, len(theirs), [])


def test_what_a_geopackage_says_makes_its_bytes_and_not_how_often_it_was_written_to(run, tmp_path, monkeypatch):
    first = export(run, Wanted(gpkg=True), tmp_path / "one")
    write_all = geopackage._write_all

    def write_more_often(pyogrio, path, layers, crs):
        write_all(pyogrio, path, layers, crs)
        for description in ("other", ""):
            with closing(sqlite3.connect(path)) as db, db:
                db.execute("UPDATE gpkg_contents SET description = ?", (description,))

    monkeypatch.setattr(geopackage, "_write_all", write_more_often)
    second = export(run, Wanted(gpkg=True), tmp_path / "two")
    ours, theirs = (hashlib.sha256((folder / "regions.gpkg").read_bytes()).hexdigest() for folder in (first, second))
    assert ours == theirs


def test_an_unaltered_export_is_replaced_and_an_edited_one_is_not(run):
    target = export(run, Wanted(gpkg=True))
    assert export(run, Wanted(gpkg=True, kml=True)) == target
    with sqlite3.connect(target / "regions.gpkg") as db:
        db.execute("CREATE TABLE mine (note TEXT)")
    with pytest.raises(OutputError, match=r"'regions.gpkg' in it was changed"):
        export(run, Wanted(gpkg=True))


def test_an_export_of_other_images_is_not_replaced(tmp_path):
    image = tmp_path / "one.tif"
    image.write_bytes(b"one")
    first = make_result(files=((image,), (image,))).save(tmp_path / "first")
    target = export(first, Wanted(kml=True), tmp_path / "out")
    second = make_result().save(tmp_path / "second")
    with pytest.raises(OutputError, match="other images"):
        export(second, Wanted(kml=True), target)


@pytest.mark.parametrize("where", ["run", "run/inside", "."])
def test_nothing_is_written_into_a_run(run, where):
    with pytest.raises((InputError, OutputError)):
        export(run, Wanted(kml=True), run.parent / where)
    assert "inside" not in listing(run)


def test_what_was_altered_is_not_exported(run):
    (run / "regions.geojson").write_bytes((run / "regions.geojson").read_bytes().replace(b"R1", b"R9"))
    with pytest.raises(InputError, match=r"regions.geojson: was changed since"):
        export(run, Wanted(kml=True))


def test_an_altered_manifest_is_not_believed(run):
    document = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    document["credit"] = "somebody else"
    (run / "manifest.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(InputError, match=r"its manifest.json was changed"):
        export(run, Wanted(kml=True))


def test_without_georeference_there_is_nothing_to_export(tmp_path):
    folder = make_result(crs=None, aoi=False).save(tmp_path / "run")
    with pytest.raises(InputError, match="no georeference"):
        export(folder, Wanted(kml=True))


def test_without_an_aoi_there_are_no_zones(tmp_path):
    target = export(make_result(aoi=False).save(tmp_path / "run"), Wanted(gpkg=True, kml=True))
    assert len(layer(target / "regions.gpkg", "zones")[1]) == 0
    assert len(layer(target / "regions.gpkg", "regions")[1]) == 1


def test_kml_is_valid_and_reads_back_with_the_outlines(run):
    target = export(run, Wanted(kml=True))
    assert fastkml.validator.validate(file_to_validate=target / "regions.kml")
    text = (target / "regions.kml").read_text(encoding="utf-8")
    assert "TimeSpan" not in text
    assert "<img" not in text
    features = json.loads((run / "regions.geojson").read_text(encoding="utf-8"))["features"]
    _, outlines, values = layer(target / "regions.kml", "regions")
    for outline, feature in zip(outlines, features, strict=True):
        assert shapely.force_2d(outline).hausdorff_distance(shapely.geometry.shape(feature["geometry"])) < 1e-7
    assert list(values["id"]) == [f["id"] for f in features]


def test_times_and_pictures_of_a_kml_are_there_if_wanted(run):
    target = export(run, Wanted(kml=True, times=True, pictures=True))
    assert fastkml.validator.validate(file_to_validate=target / "regions.kml")
    text = (target / "regions.kml").read_text(encoding="utf-8")
    assert "<begin>2023-10-20T02:01:33Z</begin>" in text
    assert '&lt;img src="overview.png"' in text
    assert (target / "overview.png").read_bytes() == (run / "overview.png").read_bytes()


def test_hostile_names_and_sentences_are_texts(tmp_path):
    grid = make_grid()
    aoi = make_aoi(grid)
    aoi = replace(aoi, title=HOSTILE, zones=tuple(replace(z, title=HOSTILE) for z in aoi.zones))
    region = make_region(1, on_grid(grid, box(30, 30, 40, 40)), description=HOSTILE, colour=HOSTILE)
    result = make_result(count=1)
    states = tuple(replace(s, zone=z) for s, z in zip(result.zones, aoi.zones, strict=True))
    hostile = replace(result, aoi=aoi, regions=(region,), zones=states, caveats=(HOSTILE,))
    target = export(hostile.save(tmp_path / "run"), Wanted(kml=True, gpkg=True))
    assert fastkml.validator.validate(file_to_validate=target / "regions.kml")
    text = (target / "regions.kml").read_text(encoding="utf-8")
    assert "<script" not in text
    assert "\x1b" not in text
    # Read as XML, a balloon is HTML: there it must be a text still.
    values = layer(target / "regions.kml", "regions")[2]
    assert "<script" not in (values.get("Description") if "Description" in values else values["description"])[0]
    assert "<script>alert(1)</script>" in values["colour"][0]
    assert layer(target / "regions.gpkg", "regions")[2]["description"][0] == HOSTILE


def test_a_comparison_that_was_rendered_says_so_in_every_file(tmp_path):
    target = export(make_result(simulated=True).save(tmp_path / "run"), Wanted(kml=True, gpkg=True))
    assert "(RENDERED, NOT A SATELLITE IMAGE)</name>" in (target / "regions.kml").read_text(encoding="utf-8")
    for name in ("regions", "zones"):
        assert layer(target / "regions.gpkg", name)[2]["simulated"].all()


@pytest.mark.parametrize("words", [[], ["--times", "--gpkg"], ["--pictures", "--gpkg"]])
def test_words_that_make_no_sense_are_refused_before_anything_is_read(words):
    assert CliRunner().invoke(main, ["export", "nowhere", *words]).exit_code == 2


def test_the_command_lists_what_it_wrote(run):
    result = CliRunner().invoke(main, ["export", str(run), "--kml"])
    assert result.exit_code == 0
    assert result.stdout.split() == ["manifest.json", "regions.kml"]
    missing = CliRunner().invoke(main, ["export", str(run / "none"), "--kml"])
    assert missing.exit_code == 1
    assert missing.stderr.count("\n") == 1


def reseal(run, name, content, **more):
    """Forge a file of a run so that every digest agrees."""
    from imagery_diff.write import manifest as manifests

    (run / name).write_bytes(content)
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8")) | more
    entry = next(o for o in manifest["outputs"] if o["name"] == name)
    entry.update(manifests.outputs_of({name: content})[0])
    manifest["content_sha256"] = manifests.content_sha256(manifest)
    manifest["document_sha256"] = manifests.document_sha256(manifest)
    (run / "manifest.json").write_bytes(manifests.to_json(manifest))


FORGED = {
    "an outline of no kind": lambda told: told["zones"][0].update(geometry={"type": "x", "coordinates": [0, 1]}),
    "a credit that is a number": lambda told: told.update(credit=3),
    "a grid of words": lambda told: told["grid"].update(transform=["a"] * 6),
    "zones of null": lambda told: told.update(zones=None),
}


@pytest.mark.parametrize("what", FORGED)
@pytest.mark.parametrize("words", [["export", "--qgis"], ["export", "--kml"], ["export", "--share"], ["figure"]])
def test_what_a_forged_summary_breaks_is_told_in_a_line(run, tmp_path, what, words):
    told = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    FORGED[what](told)
    reseal(run, "summary.json", json.dumps(told).encode())
    done = CliRunner().invoke(main, [words[0], str(run), *words[1:], "-o", str(tmp_path / "out")])
    assert isinstance(done.exception, SystemExit | None)
    if done.exit_code:
        assert (done.stderr.count("\n"), "make it again" in done.stderr) == (1, True)
        assert not (tmp_path / "out").exists()


def test_inputs_that_are_no_entries_are_told_in_a_line(tmp_path):
    run = make_result(simulated=True).save(tmp_path / "run")
    reseal(run, "summary.json", (run / "summary.json").read_bytes(), inputs=[{"role": "before", "name": "x"}])
    done = CliRunner().invoke(main, ["export", str(run), "--share", "-o", str(tmp_path / "out")])
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)


def test_a_document_larger_than_any_is_not_read(run, monkeypatch):
    from imagery_diff import finished

    monkeypatch.setattr(finished, "_DOCUMENT_BYTES", 1000)
    with pytest.raises(InputError, match="larger than any document"):
        export(run, Wanted(kml=True))


@pytest.mark.parametrize(
    "words", [["verify"], ["export", "--kml"], ["figure"], ["review", "--accept", "R1", "--by", "AB"]]
)
def test_a_name_longer_than_any_is_not_there(words):
    done = CliRunner().invoke(main, [words[0], "n" * 300, *words[1:]])
    assert (done.exit_code, "does not exist" in done.stderr, done.stderr.count("\n")) == (1, True, 1)


def test_an_export_replaces_no_run_and_a_run_no_export(run):
    other = Path(shutil.copytree(run, run.with_name("other")))
    before = {p.name: p.read_bytes() for p in other.iterdir()}
    for wanted in (Wanted(kml=True), Wanted(share=True)):
        with pytest.raises(OutputError, match="holds a result of another kind"):
            export(run, wanted, other)
    assert {p.name: p.read_bytes() for p in other.iterdir()} == before
    target = export(run, Wanted(kml=True))
    with pytest.raises(OutputError, match="holds a result of another kind"):
        make_result().save(target)


@pytest.mark.parametrize("words", [["export", "--share"], ["export", "--report"], ["figure"]])
def test_of_an_altered_manifest_nothing_is_made(run, words):
    document = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    (run / "manifest.json").write_text(json.dumps(document | {"inputs": []}), encoding="utf-8")
    done = CliRunner().invoke(main, [words[0], str(run), *words[1:]])
    assert (done.exit_code, "manifest.json was changed" in done.stderr) == (1, True)


def test_a_pipe_is_no_image_and_one_image_is_not_two(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for side in ("before", "after"):
        (folder / f"{side}.tif").write_bytes(side.encode())
    run = make_result(files=((folder / "before.tif",), (folder / "after.tif",))).save(tmp_path / "run")
    (folder / "before.tif").unlink()
    os.mkfifo(folder / "before.tif")
    with pytest.raises(FileNotFoundError, match="does not hold the before image"):
        export(run, Wanted(qgis=True, inputs=folder))


def test_the_command_of_a_page_can_be_pasted_whatever_the_images_are_called():
    from imagery_diff.write import summary
    from imagery_diff.write.report.pair import again_words

    told = summary(make_result())
    told["before"]["file"], told["after"]["file"] = "a b;rm -rf $HOME\n.tif", "-o.tif"
    said = again_words(told)
    assert "\n" not in said
    assert shlex.split(said)[-2:] == ["a b;rm -rf $HOME\ufffd.tif", "./-o.tif"]


def test_forged_files_give_one_line(run):
    document = json.loads((run / "regions.geojson").read_text(encoding="utf-8"))
    for forged in ({}, {**document, "features": 3}, {**document, "features": [{"geometry": {}, "properties": {}}]}):
        content = json.dumps(forged).encode()
        reseal(run, "regions.geojson", content)
        with pytest.raises(InputError, match="make it again") as caught:
            export(run, Wanted(kml=True))
        assert "\n" not in str(caught.value)


def check(name, document):
    schema = json.loads((TOP / "docs" / "reference" / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(document)


def test_styles_stand_in_the_geopackage_and_beside_the_geojson(run):
    target = export(run, Wanted(gpkg=True))
    with sqlite3.connect(target / "regions.gpkg") as db:
        rows = dict(db.execute("SELECT f_table_name, styleQML FROM layer_styles WHERE useAsDefault = 1"))
    assert set(rows) == {"regions", "zones", "look_at"}
    assert rows["regions"].encode() == (target / "regions.qml").read_bytes()
    assert (target / "regions.geojson").read_bytes() == (run / "regions.geojson").read_bytes()
    style = ET.fromstring(rows["regions"])  # noqa: S314 - our own text
    free = {f.get("name") for f in style.findall("editable/field") if f.get("editable") == "1"}
    assert free == {"review", "note"}
    assert style.find("fieldConfiguration/field[@name='review']/editWidget").get("type") == "ValueMap"


def test_a_project_names_no_folder_of_the_user(run):
    target = export(run, Wanted(qgis=True))
    root = ET.parse(target / "regions.qgs").getroot()  # noqa: S314 - our own text
    sources = [e.text for e in root.iter("datasource")]
    assert sources[-1] == "./evidence.tif"
    assert all(s.startswith("./regions.gpkg|layername=") for s in sources[:-1])
    assert (target / "evidence.tif").read_bytes() == (run / "evidence.tif").read_bytes()
    assert str(run.parent) not in (target / "regions.qgs").read_text(encoding="utf-8")


def test_images_are_found_by_name_and_digest_only(tmp_path):
    image = tmp_path / "images" / "before.tif"
    image.parent.mkdir()
    image.write_bytes(b"one")
    run = make_result(files=((image,), (image,))).save(tmp_path / "run")
    image.write_bytes(b"two")
    image.with_name("after.tif").write_bytes(b"two")
    with pytest.raises(InputError, match="its SHA-256 is another"):
        export(run, Wanted(qgis=True, inputs=image.parent))
    with pytest.raises(FileNotFoundError, match="holds neither"):
        export(run, Wanted(qgis=True, inputs=run))


def test_a_csv_has_the_outlines_and_no_formulas(tmp_path):
    region = make_region(1, on_grid(make_grid(), box(30, 30, 40, 40)), description="=1+1", side="")
    target = export(replace(make_result(), regions=(region,)).save(tmp_path / "run"), Wanted(csv=True))
    rows = list(csv.DictReader(io.StringIO((target / "regions.csv").read_text(encoding="utf-8"), newline="")))
    assert rows[0]["description"] == "'=1+1"
    assert shapely.from_wkt(rows[0]["wkt"]).is_valid
    assert rows[0]["side"] == ""


def test_the_manifest_of_an_export_fits_its_schema(run):
    target = export(run, Wanted(csv=True))
    check("export", json.loads((target / "manifest.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize(("name", "layer"), [("region_row", "REGION"), ("event_row", "EVENT")])
def test_the_schemas_of_rows_are_those_of_the_columns(name, layer):
    from imagery_diff import exporting_layers

    path = TOP / "docs" / "reference" / "schemas" / f"{name}.schema.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    assert list(schema["properties"]) == [*getattr(exporting_layers, layer), "wkt"]


def test_the_commands_of_the_page_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(TOP / "sample_tiles", "sample_tiles")
    page = (TOP / "docs" / "how-to" / "qgis.md").read_text(encoding="utf-8")
    commands = re.findall(r"^    imagery-diff (.*)$", page, re.MULTILINE)
    assert len(commands) == 4
    for command in commands:
        result = CliRunner().invoke(main, shlex.split(command))
        assert result.exit_code == 0, result.stderr
    root = ET.parse("najin_pair_export/regions.qgs").getroot()  # noqa: S314 - our own text
    shown = [e.text for e in root.iter("datasource") if e.text.startswith("../sample_tiles/")]
    assert len(shown) == 2
    for name, row in (("najin_pair_export", None), ("najin_series_export", "event_row")):
        check("export", json.loads(Path(name, "manifest.json").read_text(encoding="utf-8")))
        assert row is None or Path(name, "events.csv").stat().st_size
    assert fastkml.validator.validate(file_to_validate=Path("najin_series_export/events.kml"))


@pytest.mark.parametrize("inner", ["sub", "sub/sub"])
def test_no_link_leads_an_export_into_a_run(run, tmp_path, inner):
    other = shutil.copytree(run, tmp_path / "other")
    for folder in (run, other):
        link = tmp_path / f"link_{folder.name}"
        link.symlink_to(folder)
        before = listing(folder)
        with pytest.raises((InputError, OutputError), match=r"never in it|lies in a finished result|does not exist"):
            export(run, Wanted(kml=True), link / inner)
        assert listing(folder) == before


def test_no_export_takes_the_place_of_a_run(run, tmp_path):
    other = shutil.copytree(run, tmp_path / "other")
    before = {p.name: p.read_bytes() for p in other.iterdir()}
    with pytest.raises(OutputError, match=r"it holds a result of another kind \(comparison\)"):
        export(run, Wanted(kml=True), other)
    assert {p.name: p.read_bytes() for p in other.iterdir()} == before
