"""The page of a comparison in Korean: all that the English one shows, the same numbers; what is hostile stays text."""

import html
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files

import pytest
from click.testing import CliRunner

from imagery_diff import pair_told
from imagery_diff.cli import main
from imagery_diff.errors import InputError
from imagery_diff.exporting import Wanted, export
from imagery_diff.finished import open_run
from imagery_diff.result import Floor
from imagery_diff.review import Decision, review
from imagery_diff.write.korean.page_words import HOW, PAGE, PLACES, STATES
from imagery_diff.write.report import pair
from tests.test_exporting import reseal
from tests.write.conftest import make_result
from tests.write.test_korean import RESULTS, numbers

ASSETS = files("imagery_diff.write.report") / "assets"
VOID = {"meta", "br", "input", "link", "img"}
KEPT = (
    r"A harbour|The pier|berth|rails|pier|\b(before|after|scene)\.tif|© Somebody \d+|PlanetScope AnalyticMS_SR"
    r"|imagery-diff|manifest\.json|SHA-256|UTC|AOI|Enter|Shift|RENDERED, NOT A SATELLITE IMAGE|\bvv\b|\d \d+(\.\d+)?"
)
"""Names, codes and keys that stay as they are."""


class Text(HTMLParser):
    """Collects what a reader sees or hears of a page: text, labels, titles; no code, no script, no drawing."""

    def __init__(self):
        super().__init__()
        self.said, self.stack = [], []

    def handle_starttag(self, tag, attrs):  # noqa: D102
        if tag not in VOID:
            self.stack.append(tag)
        if not {"script", "style"} & set(self.stack):
            self.said += [value for name, value in attrs if name in {"aria-label", "data-head"} and value]

    def handle_endtag(self, tag):  # noqa: D102
        while self.stack and self.stack.pop() != tag:
            pass

    def handle_data(self, data):  # noqa: D102
        if not {"script", "style", "code", "text"} & set(self.stack) and data.strip():
            self.said.append(data.strip())


def seen(page):
    reader = Text()
    reader.feed(page.decode())
    return reader.said


def run_of(folder, **options):
    """Return a finished comparison whose regions are told."""
    result = pair_told.told(make_result(**options))
    floors = {"containers": Floor(thing="containers", d90_high_m=34.1)}
    zones = tuple(replace(state, floors=floors) if state.zone.kind == "yard" else state for state in result.zones)
    return pair_told.told(replace(result, zones=zones, caveats=())).save(folder / "run")


def korean_of(folder):
    return (export(folder, Wanted(report=True, lang="ko")) / "report.ko.html").read_bytes()


def without_names(text):
    return re.sub(KEPT, " ", text, flags=re.ASCII)


@pytest.mark.parametrize("options", RESULTS)
def test_no_word_of_english_is_left_on_the_page(options, tmp_path):
    page = korean_of(run_of(tmp_path, **options))
    assert '<html lang="ko">' in page.decode()
    text = [without_names(part) for part in seen(page)]
    units = r"\b(m|km|px|dB|R\d+|L\d+|[BMNSEWx])\b"
    left = [part for part in text if re.search("[A-Za-z]", re.sub(units, "", part, flags=re.ASCII))]
    assert left == []
    assert not [part for part in text if "(영문)" in part and "뒤에 영어 그대로" not in part]


@pytest.mark.parametrize("options", RESULTS)
def test_every_number_of_the_english_page_stands_on_the_korean_one(options, tmp_path):
    folder = run_of(tmp_path, **options)
    english, korean = ("\n".join(seen(page)) for page in ((folder / "report.html").read_bytes(), korean_of(folder)))
    korean = re.sub(r"저장된 문구 \d+개 가운데 \d+개", "", korean)
    assert numbers(korean) == numbers(english)


def test_every_text_of_the_template_has_its_korean_and_no_korean_is_without_its_text():
    asked = set()
    for name in ("base.html.jinja", "pair.html.jinja"):
        source = (ASSETS / name).read_text(encoding="utf-8")
        asked |= {text for _, text in re.findall(r"""\bt\((["'])(.+?)\1\)""", source)}
    by_value = {"Before", "After", "before", "after", "aoi"}
    assert asked - set(PAGE) == set()
    assert set(PAGE) - asked - by_value == set()
    assert set(STATES) == {said for said, _ in pair._STATES.values()}
    english = " ".join((ASSETS / ".." / "pair.py").read_text(encoding="utf-8").split())
    for text in (*HOW, *PLACES):
        assert f'"{text}"' in english


def test_what_is_hostile_stays_text(tmp_path):
    bad = "<script>alert(1)</script>"
    result = make_result(count=1)
    aoi = replace(result.aoi, title=bad)
    page = korean_of(pair_told.told(replace(result, aoi=aoi, caveats=(bad,))).save(tmp_path / "run"))
    assert bad.encode() not in page
    assert f"(영문) {html.escape(bad)}".encode() in page
    assert page.count(b"<script") == 2


def test_a_review_is_told_too(tmp_path):
    folder = run_of(tmp_path, count=3)
    decisions = [
        Decision(action="accept", region="R1"),
        Decision(action="reject", region="R2", note="a shadow"),
        Decision(action="relabel", region="R3", activity="vessel"),
    ]
    review(folder, decisions, by="AB")
    said = "\n".join(seen(korean_of(folder)))
    assert "모든 탐지 영역을 사람이 검토함(AB)" in said
    assert "검토자가 기각함" in said
    assert "a shadow" in said
    assert "선박으로 보이는 파란색 물체" in said
    assert "검토자가 그렇게 부름; 프로그램은 '컨테이너로 보이는 물체'라고 함." in said
    assert "부류는 검토자가 정함: 프로그램은 '컨테이너로 보이는 물체'라고 함" in said
    assert "프로그램의 서술" in said
    assert "검토자가 기각함: R2" in said
    assert "(영문) " not in said


def test_what_the_fields_do_not_tell_again_stays_english(tmp_path):
    result = make_result(count=1)
    page = "\n".join(seen(korean_of(result.save(tmp_path / "run"))))
    assert "(영문) A thing, number 1." in page


def test_the_run_stays_as_it_is_and_its_own_page_can_be_asked_for(tmp_path):
    folder = run_of(tmp_path, count=1)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    ran = CliRunner().invoke(main, ["export", str(folder), "--report", "--lang", "ko", "--csv"])
    assert ran.exit_code == 0, ran.output
    made = {path.name for path in (tmp_path / "run_export").iterdir()}
    assert made == {"manifest.json", "regions.csv", "report.ko.html"}
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    again = export(folder, Wanted(report=True), tmp_path / "english")
    assert (again / "report.html").read_bytes() == before["report.html"]
    assert open_run(again).altered() == ()


def test_a_page_that_cannot_be_told_is_refused_in_a_line(tmp_path):
    folder = run_of(tmp_path, count=1)
    for arguments, words in (
        (["--csv", "--lang", "ko"], "give --report too"),
        (["--report", "--lang", "fr"], "'fr'"),
    ):
        ran = CliRunner().invoke(main, ["export", str(folder), *arguments])
        assert ran.exit_code == 2
        assert words in ran.output
    with pytest.raises(InputError, match="one of en, ko"):
        Wanted(csv=True, lang="ko")
    document = json.loads((folder / "summary.json").read_bytes())
    del document["zones"][0]["floors"]
    reseal(folder, "summary.json", json.dumps(document).encode())
    ran = CliRunner().invoke(main, ["export", str(folder), "--report", "--lang", "ko"])
    assert ran.exit_code == 1
    assert "not as this version writes them (KeyError)" in ran.output
    assert not (tmp_path / "run_export").exists()


def test_without_its_page_a_run_has_no_pictures_to_show(tmp_path):
    folder = pair_told.told(make_result(count=1)).save(tmp_path / "run", report=False)
    with pytest.raises(InputError, match="made with --no-report"):
        export(folder, Wanted(report=True, lang="ko"))


@pytest.mark.parametrize(("kind", "words"), [("timeline", "only reports of comparisons"), ("look", "is a look")])
def test_what_has_no_korean_page_is_refused(kind, words, tmp_path, monkeypatch):
    folder = run_of(tmp_path, count=1)
    run = open_run(folder)
    other = replace(run, manifest={**run.manifest, "product": f"imagery_diff {kind}"})
    monkeypatch.setattr("imagery_diff.exporting.open_run", lambda _: other)
    with pytest.raises(InputError, match=words):
        export(folder, Wanted(report=True, lang="ko"))
    assert not (tmp_path / "run_export").exists()
