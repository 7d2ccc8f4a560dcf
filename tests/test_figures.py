"""Figures out of a finished run: from its own pictures, with everything beside them that a reader must know."""

import errno
import io
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import matplotlib.axes
import numpy as np
import pytest
from click.testing import CliRunner
from defusedxml import ElementTree
from PIL import Image

from imagery_diff.cli import main
from imagery_diff.errors import ImageryDiffWarning, InputError, OutputError
from imagery_diff.figures import figure
from imagery_diff.review import review
from imagery_diff.review_books import Decision
from imagery_diff.write.print_sheet import SIZES, Wanted
from tests.write.conftest import make_result


@pytest.fixture
def on_panels(monkeypatch):
    """Every text that is written on a panel; those have a rim, and are paths in an SVG."""
    said, text = [], matplotlib.axes.Axes.text

    def kept(axes, x, y, words, **style):
        said.append(words)
        return text(axes, x, y, words, **style)

    monkeypatch.setattr(matplotlib.axes.Axes, "text", kept)
    return said


@pytest.mark.parametrize("inner", ["", "sub"])
def test_no_figure_is_put_into_any_run(run, tmp_path, inner):
    other = shutil.copytree(run, tmp_path / "other")
    (tmp_path / "link").symlink_to(other)
    before = sorted(p.name for p in other.iterdir())
    for folder in (other, tmp_path / "link"):
        with pytest.raises(OutputError, match="lies in a finished result, other; name a folder beside it"):
            figure(run, Wanted(), folder / inner)
    assert sorted(p.name for p in other.iterdir()) == before


def svg_texts(path):
    """Every text of an SVG."""
    return "\n".join("".join(e.itertext()) for e in ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text"))


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("region", [None, "R2"])
def test_every_size_and_format_is_written_at_its_dots_and_says_whose_it_is(run, size, region, on_panels):
    before = {p.name: p.read_bytes() for p in run.iterdir()}
    target = figure(run, Wanted(size=size, region=region, formats=("png", "pdf", "svg")))
    stem = f"figure_{region or 'place'}_{size.replace(':', 'x')}"
    assert {p.name for p in target.iterdir()} == {f"{stem}.png", f"{stem}.pdf", f"{stem}.svg", "caption.txt"}
    dots = 300 if size == "print" else 150
    with Image.open(target / f"{stem}.png") as image:
        assert image.size == pytest.approx([side * dots for side in SIZES[size]], abs=1)
        assert "© Somebody 2023" in image.info["Copyright"]
    said = svg_texts(target / f"{stem}.svg")
    for words in ("Before", "After", "20 October 2023 02:01 UTC", "Credit: © Somebody 2023", "Not reviewed"):
        assert words in said
    assert on_panels.count("N") == 2
    assert [on_panels.count(words) for words in set(on_panels) if re.fullmatch(r"[125]0* m", words)] == [2]
    assert any(words[1:] == (region or "R2") for words in on_panels)
    printed = (target / f"{stem}.pdf").read_bytes()
    box = [float(v) for v in re.search(rb"/MediaBox \[ ([\d. ]+) \]", printed).group(1).split()]
    assert box == pytest.approx([0, 0, *(72 * side for side in SIZES[size])], abs=0.5)
    # Its letters are letters: fonts are in it, and no path for each.
    assert b"/Type /Font" in printed
    assert {p.name: p.read_bytes() for p in run.iterdir()} == before


def test_no_letter_leaves_the_figure(tmp_path):
    result = make_result(count=2, shape=(371, 2333))
    long = replace(result.regions[0], description="A very long sentence of a region indeed. " * 12)
    run = replace(result, regions=(long, result.regions[1])).save(tmp_path / "run")
    for region in (None, "R1"):
        target = figure(run, Wanted(size="4:5", region=region), tmp_path / f"out{region}")
        with Image.open(next(target.glob("*.png"))) as image:
            pixels = np.asarray(image.convert("L")).astype(int)
        rim = np.concatenate([pixels[:4].ravel(), pixels[-4:].ravel(), pixels[:, :4].ravel(), pixels[:, -4:].ravel()])
        assert rim.min() > 250


def test_the_bytes_are_the_same_every_time(run, tmp_path):
    wanted = Wanted(region="R1", formats=("png", "pdf", "svg"))
    one, two = (figure(run, wanted, tmp_path / name) for name in ("one", "two"))
    for path in one.iterdir():
        assert path.read_bytes() == (two / path.name).read_bytes(), path.name


def test_the_length_is_drawn_as_long_as_it_is_told(run, on_panels):
    """The bar beside a thing against the scale bar, both as the SVG holds them."""
    target = figure(run, Wanted(region="R1", size="1:1", formats=("svg",)))
    text = next(target.glob("*.svg")).read_text()
    told = next(r for r in json.loads((run / "summary.json").read_bytes())["regions"] if r["id"] == "R1")
    # That of the scale stands on both panels, that of the thing on one.
    metres = float(next(w for w in on_panels if re.fullmatch(r"\d+ m", w) and on_panels.count(w) == 2)[:-2])
    lines = [
        np.array([[float(v) for v in xy.split()] for xy in re.findall(r"[ML] ([\d.-]+ [\d.-]+)", path)])
        for path in re.findall(r'<path d="(M [^"]*)"', text)
    ]
    short = [line for line in lines if len(line) == 2]
    short = [line for line in lines if len(line) == 2]
    lengths = [round(float(np.hypot(*(line[1] - line[0]))), 3) for line in short]
    level = [n for n, line in zip(lengths, short, strict=True) if abs(line[0][1] - line[1][1]) < 1e-6]
    # On both panels, each with its rim; the bar of the thing is on one.
    scales, bars = ({n for n in line if line.count(n) == times} for line, times in ((level, 4), (lengths, 2)))
    assert any(bar * metres / scale == pytest.approx(told["length_m"], rel=0.01) for bar in bars for scale in scales)


def test_rendered_stands_across_both_panels_and_in_the_file(tmp_path, on_panels):
    run = make_result(simulated=True).save(tmp_path / "run")
    target = figure(run, Wanted(formats=("png", "svg")))
    assert on_panels.count("RENDERED, NOT A SATELLITE IMAGE") == 2
    assert svg_texts(next(target.glob("*.svg"))).count("RENDERED, NOT A SATELLITE IMAGE") == 2
    with Image.open(next(target.glob("*.png"))) as image:
        assert image.info["IMAGERY_DIFF_RENDERED"] == "RENDERED, NOT A SATELLITE IMAGE"
    assert "RENDERED, NOT A SATELLITE IMAGE" in (target / "caption.txt").read_text()


def test_the_caption_says_what_where_when_how_sure_and_whose(run):
    caption = (figure(run, Wanted(region="R1")) / "caption.txt").read_text()
    summary = json.loads((run / "summary.json").read_bytes())
    for words in (
        summary["headline"],
        summary["regions"][0]["description"],
        "A harbour, between",
        "What was too small, too faint or not seen can still have changed.",
        "a caveat",
        "Not reviewed by a person",
        "© Somebody 2023",
        "licence",
    ):
        assert words.lower() in caption.lower()
    assert summary["regions"][1]["description"] not in caption


@pytest.mark.parametrize(
    ("licence", "blocked"),
    [
        ("For internal use only", True),
        ("Planet: internal business purposes", True),
        ("Internal use, except for press", True),
        ("international waters, free use", False),
        ("Evaluation only, not for publication", True),
        ("May not be redistributed", True),
        ("CC BY-NC 4.0", False),
        (None, False),
    ],
)
def test_a_licence_that_lets_nobody_publish_blocks_it_with_the_reason(tmp_path, licence, blocked):
    result = make_result()
    run = replace(result, after=replace(result.after, licence=licence)).save(tmp_path / "run")
    if not blocked:
        assert figure(run, Wanted()).is_dir()
        return
    with pytest.raises(InputError, match=re.escape(licence)):
        figure(run, Wanted())
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_unknown_credit_is_warned_of_and_printed(tmp_path):
    run = make_result(credit=None).save(tmp_path / "run")
    with pytest.warns(ImageryDiffWarning, match="credit unknown"):
        target = figure(run, Wanted(formats=("svg",)))
    assert "credit unknown" in svg_texts(next(target.glob("*.svg")))


def test_nothing_that_is_there_is_replaced(run):
    target = figure(run, Wanted())
    figure(run, Wanted())
    path = next(target.glob("*.png"))
    path.write_bytes(b"mine")
    with pytest.raises(OutputError, match=path.name):
        figure(run, Wanted())
    assert path.read_bytes() == b"mine"
    assert not list(target.glob(".partial*"))


def test_figures_of_several_regions_and_sizes_stand_beside_each_other(run):
    made = [figure(run, Wanted(size=size, region=region)) for size in ("1:1", "4:5") for region in ("R1", "R2", None)]
    assert [path.name for path in made[:3]] == ["run_figure_R1", "run_figure_R2", "run_figure_place"]
    assert sorted(p.name for p in made[0].iterdir()) == ["caption.txt", "figure_R1_1x1.png", "figure_R1_4x5.png"]


def test_a_disk_that_is_full_leaves_nothing_behind(run, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="No space left"):
        figure(run, Wanted())
    assert [p.name for p in run.parent.iterdir()] == ["run"]


def test_a_review_is_kept_to(run, tmp_path, on_panels):
    review(run, [Decision(action="reject", region="R1"), Decision(action="accept", region="R2")], "AB")
    with pytest.raises(InputError, match="rejected by a reviewer"):
        figure(run, Wanted(region="R1"))
    target = figure(run, Wanted(formats=("svg",)), tmp_path / "out")
    said = svg_texts(next(target.glob("*.svg")))
    assert "2 of 3 regions reviewed by a person (AB), 1 not" in said
    assert {words[1:] for words in on_panels if words[1:] in {"R1", "R2", "R3"}} == {"R2", "R3"}


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (["--region", "R9"], 1, "no region 'R9'"),
        (["--dpi", "5000"], 1, "50 to 1200"),
        (["--size", "3:2"], 2, "3:2"),
        (["--format", "gif"], 2, "gif"),
    ],
)
def test_what_is_wrong_is_said_in_a_line_and_nothing_is_written(run, words, code, why):
    found = CliRunner().invoke(main, ["figure", str(run), *words])
    assert found.exit_code == code
    assert why in found.output
    assert [p.name for p in run.parent.iterdir()] == ["run"]


def test_a_run_without_pictures_and_one_that_was_altered_are_refused(tmp_path):
    bare = make_result().save(tmp_path / "bare", report=False)
    with pytest.raises(InputError, match="--no-report"):
        figure(bare, Wanted())
    run = make_result().save(tmp_path / "run")
    (run / "report.html").write_bytes(b"")
    with pytest.raises(InputError, match=r"report\.html"):
        figure(run, Wanted())


def test_without_georeference_it_is_in_pixels_and_has_no_north(tmp_path, on_panels):
    run = make_result(crs=None, aoi=False).save(tmp_path / "run")
    figure(run, Wanted(region="R1"))
    assert any(words.endswith(" pixels") for words in on_panels)
    assert "N" not in on_panels


def test_the_verb_names_what_it_wrote(run):
    found = CliRunner().invoke(main, ["figure", str(run), "--size", "print"])
    assert found.exit_code == 0, found.output
    assert found.stdout.splitlines() == ["caption.txt", "figure_place_print.png"]
    assert Image.open(io.BytesIO((run.parent / "run_figure_place" / "figure_place_print.png").read_bytes())).info["dpi"]
