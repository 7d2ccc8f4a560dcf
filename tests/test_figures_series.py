"""A figure of a timeline shows a zone on one date after the other, says what each shows, and nothing it does not."""

from __future__ import annotations

import json
import re
import warnings
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from imagery_diff.cli import main
from imagery_diff.errors import InputError
from imagery_diff.figures import figure
from imagery_diff.review import review
from imagery_diff.review_books import Decision
from imagery_diff.write import manifest as manifests
from imagery_diff.write.korean.clauses import numbers_in
from imagery_diff.write.korean.tongue import Korean
from imagery_diff.write.korean.words import ENGLISH
from imagery_diff.write.model import to_json
from imagery_diff.write.print_sheet import SIZES, Print, Wanted
from imagery_diff.write.timeline import retell
from tests.write.timelines import make_timeline


@pytest.fixture
def run(tmp_path):
    """Return the folder of a small timeline: a vessel on the second of three looks."""
    return make_timeline().save(tmp_path / "run")


def svg_texts(path):
    svg = ET.parse(path).iter("{http://www.w3.org/2000/svg}text")  # noqa: S314 - our own file
    return "\n".join("".join(e.itertext()) for e in svg)


def forged(run, name, change):
    """Change a document of a run so that its hashes agree."""
    document = json.loads((run / name).read_bytes())
    change(document)
    (run / name).write_bytes(to_json(document))
    manifest = json.loads((run / "manifest.json").read_bytes())
    outputs = {p.name: p.read_bytes() for p in run.iterdir() if p.name != "manifest.json"}
    kept = {k: v for k, v in manifest.items() if k not in {"content_sha256", "created", "document_sha256"}}
    (run / "manifest.json").write_bytes(to_json(manifests.sealed(kept | {"outputs": manifests.outputs_of(outputs)})))


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("region", [None, "E1", "T1", "pier2_sw_berth"])
def test_every_size_is_written_at_its_dots_and_says_whose_it_is(series_run, tmp_path, size, region):
    target = figure(series_run, Wanted(size=size, region=region, formats=("png", "svg")), tmp_path / "out")
    stem = f"figure_{region or 'place'}_{size.replace(':', 'x')}"
    dots = 300 if size == "print" else 150
    with Image.open(target / f"{stem}.png") as image:
        assert image.size == pytest.approx([side * dots for side in SIZES[size]], abs=1)
        assert image.info["IMAGERY_DIFF_RENDERED"] == "RENDERED, NOT A SATELLITE IMAGE"
        pixels = np.asarray(image.convert("L")).astype(int)
    rim = np.concatenate([pixels[:4].ravel(), pixels[-4:].ravel(), pixels[:, :4].ravel(), pixels[:, -4:].ravel()])
    assert rim.min() > 250
    said = svg_texts(target / f"{stem}.svg")
    for words in ("RENDERED, NOT A SATELLITE IMAGE", "Credit: ", "Not reviewed by a person", "What happened between"):
        assert words in said
    assert "16 Oct" in said
    assert "21 Oct" in said


def test_the_caption_says_of_every_date_what_it_shows(series_run, tmp_path):
    words = (figure(series_run, Wanted(region="pier2_sw_berth"), tmp_path / "out") / "caption.txt").read_text("utf-8")
    lines = [line for line in words.splitlines() if line.startswith("Pier 2, south-western side, ")]
    assert len(lines) == 6
    assert sum("seen: 10" in line and " to 11" in line for line in lines) == 2
    assert sum("nothing of the reported size detected" in line for line in lines) == 4
    assert "linear, one stretch for all looks" in words
    assert words.count("vessel-like object") == 2
    assert "Caveat: the outlines may lie up to 60 m off" in words


def test_unknown_is_never_empty(series_run, tmp_path):
    target = figure(series_run, Wanted(region="pier1_yard", formats=("svg",)), tmp_path / "out")
    words = (target / "caption.txt").read_text("utf-8")
    assert words.count("unknown, which is not empty: ") == 6
    assert svg_texts(next(target.glob("*.svg"))).count("Unknown, which is not empty") == 6


def test_the_bytes_are_the_same_every_time_and_the_run_is_left_alone(run, tmp_path):
    before = {p.name: p.read_bytes() for p in run.iterdir()}
    wanted = Wanted(region="E1", formats=("png", "pdf", "svg"))
    one, two = (figure(run, wanted, tmp_path / name) for name in ("one", "two"))
    for path in one.iterdir():
        assert path.read_bytes() == (two / path.name).read_bytes(), path.name
    assert {p.name: p.read_bytes() for p in run.iterdir()} == before


def test_the_bar_is_as_long_as_the_length_by_the_scale_bar(series_run, tmp_path, monkeypatch):
    bars, scales = [], []
    bar, scale = Print.bar, Print.scale

    def kept(self, axes, shape, length, frame, grid):
        before = len(axes.lines)
        bar(self, axes, shape, length, frame, grid)
        (x0, x1), (y0, y1) = axes.lines[-1].get_data()
        assert len(axes.lines) == before + 3
        bars.append((np.hypot(x1 - x0, y1 - y0), length.told))

    def drawn(self, axes, frame, grid):
        scale(self, axes, frame, grid)
        x0, x1 = axes.lines[-1].get_data()[0]
        scales.append((x1 - x0, float(re.match(r"[\d.]+", axes.texts[-1].get_text())[0])))

    monkeypatch.setattr(Print, "bar", kept)
    monkeypatch.setattr(Print, "scale", drawn)
    figure(series_run, Wanted(region="E1", size="print"), tmp_path / "out")
    (per_metre,) = {round(length / metres, 6) for length, metres in scales}
    assert len(bars) == 3
    assert [length / metres for length, metres in bars] == pytest.approx([per_metre] * 3, rel=0.01)


def test_a_figure_is_told_in_korean_with_the_same_numbers(series_run, tmp_path):
    """Whatever the six October looks say; names, ids and the credit stay."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of a letter that no font has
        target = figure(series_run, Wanted(lang="ko"), tmp_path / "ko")
    ours = (target / "caption.txt").read_text("utf-8")
    theirs = (figure(series_run, Wanted(), tmp_path / "en") / "caption.txt").read_text("utf-8")
    assert ENGLISH not in ours
    assert len(ours.splitlines()) == len(theirs.splitlines())
    for one, other in zip(ours.splitlines(), theirs.splitlines(), strict=True):
        # English names the month of a day, Korean numbers it, and writes the year of both days or of none.
        months = {"10", "2023"}
        assert set(numbers_in(one)) - months == set(numbers_in(other)) - months, one
    assert (target / "figure_place_16x9.png").is_file()


DENIED = (
    "compared with the look of 17 October 2023 02:04 UTC a vessel-like object shows there, which against the empty"
    " place is not told"
)
DENIED_KO = (
    "2023년 10월 17일 02:04 UTC의 관측과 비교하면 거기에 선박으로 보이는 물체가 보이나, 빈 상태와 비교하면"
    " 탐지되지 않음"
)


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("cloud", "구름"),
        ("a stretch of 112 m of it was not seen", "길이 112 m의 구간이 관측되지 않음"),
        (DENIED, DENIED_KO),
        ("the moon was in the way of 3 looks", "(영문) the moon was in the way of 3 looks"),
    ],
)
def test_why_a_look_says_nothing_is_told_in_korean_or_stays_english_and_says_so(reason, said):
    found = retell(make_timeline())
    cell = replace(found.cells["pier", 1], reason=reason)
    assert Korean().state(cell, found) == f"알 수 없음: {said}; 비어 있다는 뜻이 아님"


def test_what_a_reviewer_rejected_has_no_figure(run, tmp_path):
    review(run, [Decision(action="reject", region="T1")], "AB")
    for name in ("T1", "E1", "E2"):
        with pytest.raises(InputError, match=f"{name}: was rejected by a reviewer"):
            figure(run, Wanted(region=name), tmp_path / "out")
    words = (figure(run, Wanted(region="berth"), tmp_path / "out") / "caption.txt").read_text("utf-8")
    assert "what was told there was rejected by a reviewer" in words
    assert "vessel-like" not in words


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--region", "E9"], "there is no event, thing or zone 'E9' in this timeline"),
        (["--region", "../../x"], "there is no event, thing or zone"),
    ],
)
def test_what_is_wrong_is_said_in_a_line_and_nothing_is_written(run, tmp_path, words, why):
    there = set(tmp_path.iterdir())
    found = CliRunner().invoke(main, ["figure", str(run), *words])
    assert found.exit_code == 1, found.output
    assert why in found.output
    assert found.output.count("\n") == 1
    assert set(tmp_path.iterdir()) == there


def test_a_licence_that_lets_nobody_publish_blocks_it(run, tmp_path):
    forged(run, "summary.json", lambda d: d["looks"][1]["scene"].update(licence="for internal use only"))
    with pytest.raises(InputError, match="its licence says 'for internal use only'"):
        figure(run, Wanted(region="E1"), tmp_path / "out")


def test_a_zone_may_be_called_anything_and_stays_in_the_folder(run):
    def rename(document):
        text = json.dumps(document).replace('"zone": "berth"', '"zone": "../berth/x"')
        document.clear()
        document.update(json.loads(text))

    forged(run, "summary.json", rename)
    forged(run, "events.geojson", rename)
    rows = (run / "observations.csv").read_bytes()
    (run / "observations.csv").write_bytes(rows.replace(b",berth,", b",../berth/x,"))
    page = (run / "report.html").read_bytes()
    (run / "report.html").write_bytes(page.replace(b'data-of="berth"', b'data-of="../berth/x"'))
    forged(run, "summary.json", lambda _: None)
    target = figure(run, Wanted(region="../berth/x"))
    assert target.parent == run.parent
    assert {p.name for p in target.iterdir()} == {"caption.txt", "figure_berth_x_16x9.png"}


def test_a_picture_of_another_size_than_its_zone_is_refused(run, tmp_path):
    forged(run, "summary.json", lambda d: next(z for z in d["zones"] if z["window"])["window"].update(shape=[31, 20]))
    with pytest.raises(InputError, match="its files are not as this version writes them"):
        figure(run, Wanted(region="E1"), tmp_path / "out")
