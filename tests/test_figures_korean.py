"""Figures in Korean: letters that are there, the same credit, and one clear line where no font has Hangul."""

import re
import shutil
import warnings
from pathlib import Path

import matplotlib.axes
import matplotlib.figure
import pytest
from click.testing import CliRunner
from matplotlib.font_manager import FontProperties, findfont
from PIL import Image

from imagery_diff import pair_told
from imagery_diff.cli import main
from imagery_diff.errors import InputError, MissingExtraError
from imagery_diff.figures import figure
from imagery_diff.write.korean import fonts
from imagery_diff.write.print_sheet import SIZES, Wanted
from tests.test_figures import svg_texts
from tests.write.conftest import make_result

HANGUL = re.compile(r"[가-힣]")


@pytest.fixture(scope="module")
def told_run(tmp_path_factory):
    """Return the folder of a comparison whose regions are told."""
    return pair_told.told(make_result(count=3)).save(tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture
def written(monkeypatch):
    """Every text that is written on a figure."""
    said = []
    for owner in (matplotlib.axes.Axes, matplotlib.figure.Figure):
        text = owner.text

        def kept(self, x, y, words, *rest, _text=text, **style):
            said.append(words)
            return _text(self, x, y, words, *rest, **style)

        monkeypatch.setattr(owner, "text", kept)
    return said


@pytest.fixture
def no_font(monkeypatch):
    """Let no font have Hangul."""
    monkeypatch.setattr(fonts, "_of_package", dict)
    monkeypatch.setattr(fonts, "_of_system", dict)
    fonts._found.cache_clear()
    yield
    fonts._found.cache_clear()


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("region", [None, "R2"])
def test_every_letter_of_every_size_is_in_a_font(told_run, size, region, written, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of a glyph that is missing
        target = figure(
            told_run, Wanted(size=size, region=region, formats=("png", "pdf", "svg"), lang="ko"), tmp_path / "out"
        )
    assert len([words for words in written if HANGUL.search(words)]) >= 4
    ours = fonts.glyphs(fonts.hangul().normal) & fonts.glyphs(fonts.hangul().bold)
    latin = fonts.glyphs(Path(findfont(FontProperties(family="DejaVu Sans"))))
    assert {letter for words in written for letter in words if ord(letter) not in ours | latin} == set()
    assert {
        letter for words in written for letter in words if HANGUL.match(letter) and ord(letter) not in ours
    } == set()
    said = svg_texts(next(target.glob("*.svg")))
    for words in (
        "이전",
        "이후",
        "2023년 10월 20일 02:01 UTC(현지 11:01)",
        "출처: © Somebody 2023",
        "사람이 검토하지 않음",
    ):
        assert words in said
    assert "Before" not in said
    printed = next(target.glob("*.pdf")).read_bytes()
    assert fonts.hangul().family.encode() in printed
    assert b"/FontFile2" in printed


def test_no_korean_letter_leaves_the_figure(told_run, tmp_path):
    for region in (None, "R1"):
        target = figure(told_run, Wanted(size="4:5", region=region, lang="ko"), tmp_path / f"out{region}")
        with Image.open(next(target.glob("*.png"))) as image:
            grey = image.convert("L")
            width, height = grey.size
            rims = [(0, 0, width, 4), (0, height - 4, width, height), (0, 0, 4, height), (width - 4, 0, width, height)]
            assert min(grey.crop(rim).getextrema()[0] for rim in rims) > 250


def test_the_caption_says_it_all_in_korean(told_run, tmp_path):
    text = (figure(told_run, Wanted(region="R1", lang="ko"), tmp_path / "out") / "caption.txt").read_text("utf-8")
    assert "컨테이너로 보이는 파란색 물체" in text
    assert "A harbour, 2023년 10월 20일 02:01 ~ 06:43 UTC(현지 11:01 ~ 15:43) 사이." in text
    assert "주의: " in text
    assert "출처: © Somebody 2023" in text
    assert "before.tif의 이용 조건: 알 수 없음" in text
    # What nobody foresaw is not dropped.
    assert "주의: (영문) a caveat." in text
    assert text.count("(영문)") == 1
    english = (figure(told_run, Wanted(region="R1"), tmp_path / "en") / "caption.txt").read_text("utf-8")
    assert text.count("\n") == english.count("\n")


def test_the_stamp_stays_english_across_the_panels_and_has_a_line_beside_it(tmp_path, written):
    folder = pair_told.told(make_result(count=1, simulated=True)).save(tmp_path / "run")
    figure(folder, Wanted(lang="ko"))
    assert written.count("RENDERED, NOT A SATELLITE IMAGE") == 2
    assert "RENDERED, NOT A SATELLITE IMAGE (합성 화상이며 위성영상이 아님)" in written


def test_the_bytes_are_the_same_every_time(told_run, tmp_path):
    formats = ("png", "pdf", "svg")
    first, second = (figure(told_run, Wanted(formats=formats, lang="ko"), tmp_path / name) for name in "ab")
    assert [p.read_bytes() for p in sorted(first.iterdir())] == [p.read_bytes() for p in sorted(second.iterdir())]


@pytest.mark.usefixtures("no_font")
def test_without_a_font_one_line_says_what_to_install_and_nothing_is_written(told_run, tmp_path):
    with pytest.raises(MissingExtraError, match=re.escape("imagery-diff[korean]")):
        figure(told_run, Wanted(lang="ko"), tmp_path / "out")
    ran = CliRunner().invoke(main, ["figure", str(told_run), "--lang", "ko", "-o", str(tmp_path / "out")])
    assert ran.exit_code == 1
    assert len(ran.output.strip().splitlines()) == 1
    assert "fonts-nanum" in ran.output
    assert not (tmp_path / "out").exists()
    assert figure(told_run, Wanted(), tmp_path / "english").is_dir()


def test_a_font_of_the_system_is_found_where_no_package_brings_one(tmp_path, monkeypatch):
    there = tmp_path / "NanumGothic.ttf"
    shutil.copy(fonts.hangul().normal, there)
    monkeypatch.setattr(fonts, "_of_package", dict)
    monkeypatch.setattr("matplotlib.font_manager.findSystemFonts", lambda: [str(there)])
    fonts._found.cache_clear()
    found = fonts.hangul()
    assert (found.normal, found.bold) == (there, there)
    # What only bears the name of such a font is none.
    fonts._found.cache_clear()
    shutil.copy(findfont(FontProperties(family="DejaVu Sans")), there)
    with pytest.raises(MissingExtraError):
        fonts.hangul()
    fonts._found.cache_clear()


def test_a_language_that_is_not_known_is_refused(told_run):
    with pytest.raises(InputError, match="told in en, ko, not 'fr'"):
        figure(told_run, Wanted(lang="fr"))


def test_no_letter_is_complained_of(run, tmp_path, caplog):
    figure(run, Wanted(lang="ko", region="R1"), tmp_path / "out")
    assert [record.getMessage() for record in caplog.records if record.name.startswith("matplotlib")] == []
