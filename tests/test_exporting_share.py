"""What is passed on holds no name of a file, a person or a machine, and of the images what their licences let."""

from __future__ import annotations

import base64
import getpass
import html
import io
import json
import re
import shutil
import socket
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from imagery_diff import samples
from imagery_diff.cli import main
from imagery_diff.exporting import Wanted, export
from imagery_diff.exporting_share import _is_public, _products
from imagery_diff.licences import FORBIDDEN, FREE, REDUCED, share_of
from imagery_diff.review import review
from imagery_diff.review_books import Decision
from tests.test_exporting import reseal
from tests.test_figures_series import forged
from tests.write.timelines import make_timeline

CODED = re.compile(rb"data:image/png;base64,([A-Za-z0-9+/=]+)")
USER = "zqx_anna_muster"
"""As people call their files."""


def everything(folder):
    """Every text of a folder as bytes: files, the pictures in pages taken out of their coding, texts of PNG."""
    parts = []
    for path in folder.iterdir():
        content = path.read_bytes()
        pictures = [content] if path.suffix == ".png" else []
        if path.suffix == ".html":
            pictures += [base64.b64decode(one) for one in CODED.findall(content)]
            # In the codes of a megabyte of pixels any few letters stand somewhere.
            content = CODED.sub(b"", content)
            content += html.unescape(content.decode("utf-8")).encode()
        parts += [path.name.encode(), b"" if path.suffix in {".png", ".tif"} else content]
        for one in pictures:
            with Image.open(io.BytesIO(one)) as image:
                image.load()
                parts += [json.dumps(dict(image.info), default=str).encode(), image.getexif().tobytes()]
    return b"\n".join(parts).lower()


def names_of_this_machine():
    """Home folder; host and user where they are long enough to be no word of any text."""
    return [str(Path.home()) + "/", *(name for name in (socket.gethostname(), getpass.getuser()) if len(name) > 5)]


def renamed(folder, tmp_path):
    """Copy a pair of images under names and folders that tell who made them, without their metadata."""
    pair = []
    for side, day in (("before", "20231016"), ("after", "20231017")):
        source = samples.path(f"najin_{day}")
        target = tmp_path / USER / f"{USER}_{side}.tif"
        target.parent.mkdir(exist_ok=True)
        shutil.copy(source if source.suffix == ".tif" else next(source.parent.glob("*SR_clip.tif")), target)
        pair.append(str(target))
    done = CliRunner().invoke(main, ["najin", *pair, "-o", str(folder), "--sensitivity", "off"])
    assert done.exit_code == 0, done.output
    return folder


def test_no_name_of_a_file_a_person_or_a_machine_is_in_what_is_shared(tmp_path):
    run = renamed(tmp_path / "run", tmp_path)
    assert USER.encode() in everything(run)
    left = review(run, [Decision(action="accept", region="R1", note="seen twice")], "ZQXAM")
    assert b"zqxam" in everything(run)
    target = export(run, Wanted(share=True))
    assert target.name == "run_share"
    found = everything(target)
    for name in (USER, "zqx", str(tmp_path), *names_of_this_machine()):
        assert name.lower().encode() not in found, name
    assert not (target / "review.jsonl").exists()
    # What was found, and that a person looked, is all there.
    told, original = (json.loads((d / "summary.json").read_bytes()) for d in (target, run))
    assert [r["id"] for r in told["regions"]] == [r["id"] for r in original["regions"]]
    assert told["regions"][0]["note"] == "seen twice"
    assert told["review"]["reviewers"] == []
    assert len(left) == len(told["regions"]) - 1
    assert b"before_1.tif" in found
    inputs = json.loads((target / "manifest.json").read_bytes())["inputs"]
    assert [i["sha256"] for i in inputs] == [
        i["sha256"] for i in json.loads((run / "manifest.json").read_bytes())["inputs"]
    ]


def test_names_that_a_provider_gives_stay(tmp_path, series_run):
    target = export(series_run, Wanted(share=True), tmp_path / "series")
    assert b"20231016_020411_37_0000_3B_AnalyticMS_SR_clip.tif" in (target / "observations.csv").read_bytes()
    assert (target / "observations.csv").read_bytes() == (series_run / "observations.csv").read_bytes()
    assert (target / "timeline.png").read_bytes() == (series_run / "timeline.png").read_bytes()
    assert not (target / "contact_sheet.png").exists()
    assert "Left out: contact_sheet.png." in (target / "share.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "public"),
    [
        ("20231017_021204_37_0000_3B_AnalyticMS_SR_8b_harmonized_clip.tif", True),
        ("20231017_021204_37_0000_3B_udm2_clip.tif", True),
        ("20231017_021204_37_0000_metadata.json", True),
        ("20231017_021204_37_0000_3B_AnalyticMS_SR_clip_JaneDoe.tif", False),
        ("JaneDoe_20231017_021204_37_0000.tif", False),
        ("20231017_021204_37_0000_3B_AnalyticMS_SR_clip (for Jane).tif", False),
    ],
)
def test_a_name_is_a_providers_only_to_its_last_word(name, public):
    assert _is_public(name, "20231017_021204_37_0000") is public


def test_words_that_people_add_are_taken_out_of_products():
    scenes = {"before": {"product": "PlanetScope AnalyticMS_SR_clip_JaneDoe"}, "after": {"product": "GeoTIFF"}}
    assert _products(scenes) == {"PlanetScope AnalyticMS_SR_clip_JaneDoe": "PlanetScope AnalyticMS_SR_clip"}


def test_folders_of_a_delivery_are_not_passed_on(run, tmp_path):
    document = json.loads((run / "manifest.json").read_text())
    inputs = [{**entry, "within": f"JaneTop/{entry['name']}"} for entry in document["inputs"]]
    reseal(run, "summary.json", (run / "summary.json").read_bytes(), inputs=inputs)
    target = export(run, Wanted(share=True), tmp_path / "shared")
    assert b"janetop" not in everything(target)


@pytest.mark.parametrize(
    ("licence", "level", "names"),
    [
        ("CC BY 4.0", FREE, {"overview.png", "report.html"}),
        (None, REDUCED, {"overview_small.png"}),
        ("low-resolution previews only", REDUCED, {"overview_small.png"}),
        ("For internal use only", FORBIDDEN, set()),
    ],
)
def test_pictures_go_as_the_licence_lets_them(run, tmp_path, licence, level, names):
    assert share_of(licence) == level
    forged(run, "summary.json", lambda d: [d[side].update(licence=licence) for side in ("before", "after")])
    if level:
        forged(run, "summary.json", lambda d: d["before"].update(licence="CC BY 4.0"))
    target = export(run, Wanted(share=True), tmp_path / "out")
    documents = {"summary.json", "regions.geojson", "manifest.json", "share.txt"}
    assert {p.name for p in target.iterdir()} == documents | names
    if level == REDUCED:
        with Image.open(target / "overview_small.png") as image:
            assert max(image.size) <= 480
            assert "© Somebody 2023" in image.info["Copyright"]


@pytest.mark.parametrize(("licence", "chips"), [("CC BY 4.0", 2), (None, 0), ("confidential", 0)])
def test_a_timeline_keeps_its_calendar_and_its_chips_as_the_licence_lets_them(tmp_path, licence, chips):
    run = make_timeline().save(tmp_path / "run")
    forged(run, "summary.json", lambda d: [look["scene"].update(licence=licence) for look in d["looks"]])
    target = export(run, Wanted(share=True), tmp_path / "out")
    page = (target / "report.html").read_text("utf-8")
    assert page.count("<image ") == chips
    # What was left out was seen.
    assert page.count(">left out, see share.txt</div>") == 2 - chips
    assert page.count(">not seen</div>") == (run / "report.html").read_text("utf-8").count(">not seen</div>")
    assert (target / "timeline.png").is_file()
    # Names that no provider gave are replaced, where they stand in a sentence too.
    assert b"look1.tif" not in everything(target)
    assert b"look_1_1.tif" in everything(target)


def test_the_pixels_that_are_kept_are_those_of_the_run(tmp_path):
    run = make_timeline().save(tmp_path / "run")
    forged(run, "summary.json", lambda d: [look["scene"].update(licence="CC0") for look in d["looks"]])
    target = export(run, Wanted(share=True), tmp_path / "out")

    def pixels(page):
        return [np.asarray(Image.open(io.BytesIO(base64.b64decode(one)))) for one in CODED.findall(page)]

    old, new = (pixels((folder / "report.html").read_bytes()) for folder in (run, target))
    assert len(old) == len(new) == 2
    assert all(np.array_equal(a, b) for a, b in zip(old, new, strict=True))


def test_what_is_shared_is_no_run_and_stands_by_itself(run, tmp_path):
    target = export(run, Wanted(share=True), tmp_path / "out")
    for verb, words in (("review", ["--accept", "R1", "--by", "AB"]), ("figure", []), ("export", ["--csv"])):
        found = CliRunner().invoke(main, [verb, str(target), *words])
        assert found.exit_code == 1, found.output
        assert "is a share" in found.output
    found = CliRunner().invoke(main, ["export", str(run), "--share", "--csv"])
    assert found.exit_code == 1
    assert "by itself" in found.output
