"""Korean: every sentence that English can tell, with the same numbers and no word of English left; particles, forms."""

import ast
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

import imagery_diff
from imagery_diff import pair_told
from imagery_diff.mark import ALTERED
from imagery_diff.method.activity import name_colour
from imagery_diff.method.side import POINTS
from imagery_diff.method.speckle import Scaling
from imagery_diff.method.zones import CAUSES
from imagery_diff.pair_result import NOT_SEARCHED
from imagery_diff.scene import Level
from imagery_diff.write.geojson import regions_geojson
from imagery_diff.write.headline import headline as english_headline
from imagery_diff.write.korean import documents as korean
from imagery_diff.write.korean import sentences, words, zones
from imagery_diff.write.korean.clauses import _HOLE, clause, numbers_in, told
from imagery_diff.write.korean.forms import forms, pairs_in
from imagery_diff.write.korean.particles import with_particle
from imagery_diff.write.model import summary
from imagery_diff.write.retold import retold
from imagery_diff.write.words import MONTHS, NOUNS, RENDERED
from imagery_diff.write.yardstick import YARDSTICK
from tests.write import sentence_cases
from tests.write.conftest import TIMES, make_result

BOTH = "\x1f"
NAMES = ("Pier 2", "south-western side", "Rails on Pier 2", "A harbour", "before.tif", "after.tif", "AOI", "UTC")
"""Names, ids and codes that stay as they are; units are taken out by :func:`english_left`."""


def english_left(korean):
    """Words in Latin letters that are neither names, units, ids nor codes."""
    for name in sorted(NAMES, key=len, reverse=True):
        korean = korean.replace(name, " ")
    korean = re.sub(r"\d[\d,.]*\s?(m²|(m|km|px|dB)\b)|[RLC]\d+\b|\d [NSEW]\b|\bx\b", " ", korean, flags=re.ASCII)
    return re.findall(r"[A-Za-z]{1,}", korean)


def numbers(text):
    """Every number of a sentence; months by their number, the two of an area's unit and of names left out."""
    for number, month in enumerate(MONTHS, 1):
        text = text.replace(month, str(number))
    return numbers_in(text.replace("Pier 2", ""))


def both(english, korean):
    """Tell a thing in both tongues at once, so that every case of ``sentence_cases`` yields the pair."""
    return lambda *things: f"{english(*things)}{BOTH}{korean(*things)}"


@pytest.fixture
def cases(monkeypatch):
    """Every case of every sentence: name -> English, Korean."""
    tell = sentence_cases.told

    def told_twice(result):
        result = tell(result)
        twice = [
            replace(r, description=f"{r.description}{BOTH}{sentences.describe_region(r, result)}")
            for r in result.regions
        ]
        return replace(result, regions=tuple(twice))

    monkeypatch.setattr(sentence_cases, "told", told_twice)
    for name, place in (
        ("describe_zone", zones),
        ("describe_zones", zones),
        ("describe_looked_zone", zones),
        ("describe_candidate", sentences),
    ):
        monkeypatch.setattr(sentence_cases, name, both(getattr(sentence_cases, name), getattr(place, name)))
    found = {}
    for part in (sentence_cases.zones, sentence_cases.regions, sentence_cases.looked, sentence_cases.of_every_class):
        for name, sentence in part():
            found[f"{part.__name__}: {name}"] = tuple(sentence.split(BOTH))
    return found


def test_every_sentence_is_told_in_korean_without_a_word_of_english(cases):
    assert len(cases) > 230
    left = {name: english_left(korean) for name, (_, korean) in cases.items()}
    assert {name: found for name, found in left.items() if found} == {}
    assert not [name for name, (_, korean) in cases.items() if words.ENGLISH in korean]


def test_every_number_of_a_sentence_stands_in_its_korean_and_no_other(cases):
    wrong = {
        name: (english, korean) for name, (english, korean) in cases.items() if numbers(english) != numbers(korean)
    }
    assert wrong == {}


def test_no_two_english_sentences_are_one_in_korean(cases):
    """What English tells apart (a hedge, a direction, a relation) Korean tells apart."""
    seen = {}
    for english, ours in cases.values():
        seen.setdefault(ours, set()).add(english)
    assert [many for many in seen.values() if len(many) > 1] == []


HEDGES = (
    ("-like", "로 보이는"),
    ("of unclear kind", "불분명한"),
    ("no longer visible", "더 이상 보이지 않는다"),
    ("at least", "최소"),
    ("at most one time in ten", "많아야 열 번에 한 번"),
    ("of the colours tested", "시험한 색"),
    ("consistent with", "모순되지 않는다"),
    ("cannot be said", "말할 수 없다"),
    ("is not known", "알 수 없"),
    ("times not known", "알 수 없음"),
    ("was detected", "탐지되지 않았다"),
    ("what looks like", "보이는"),
    ("guessed", "추정"),
    ("reaches what was not seen", "관측되지 않은"),
    ("not a located outline", "확인되지 않음"),
    ("rendered scene", "합성 장면"),
    ("altered image", "변경된 영상"),
    ("if these are containers", "이것이 컨테이너라면"),
    ("if something changed", "변했다면"),
    ("possibly more than one", "두 척 이상일 수 있고"),
    ("unconfirmed", "미확인"),
    ("analogy", "유추"),
    ("it is no finding", "탐지 결과가 아니"),
    ("about", "약"),
)
"""A hedge in English, and what stands for it in Korean wherever it is said."""


def test_no_hedge_is_lost(cases):
    lost = []
    for name, (english, ours) in cases.items():
        said = english.lower().replace("about as much", "")
        lost += [(name, hedge) for hedge, kept in HEDGES if hedge in said and kept not in ours]
        lost += [(name, word) for word, _, _ in YARDSTICK if f" {word} (" in said and words.YARDSTICK[word] not in ours]
    assert lost == []
    english_all = " ".join(english.lower() for english, _ in cases.values())
    assert [hedge for hedge, _ in HEDGES if hedge not in english_all and hedge != "it is no finding"] == []


def test_what_was_not_seen_is_never_called_absent(cases):
    """``없다`` is said only of ground that was seen, and of a length or a look; never that a thing is not there."""
    for english, ours in cases.values():
        assert not re.search(r"(물체|선박|차량|더미|화물)[은는이가] 없다|비어 있다(?!고)", ours), english
        assert "아무것도 변하지" not in ours


def test_the_tables_are_whole():
    assert set(words.NOUNS) == set(words.CLASSES) == set(NOUNS)
    assert set(words.YARDSTICK) == {word for word, _, _ in YARDSTICK}
    assert len(set(words.YARDSTICK.values())) == len(words.YARDSTICK)
    assert set(words.POINTS) == set(POINTS)
    assert {str(scaling) for scaling in Scaling} == set(words.SCALINGS)
    assert {text for level in Level for text in (str(level), level.units)} == set(words.LEVELS)
    assert {*CAUSES.values(), *NOT_SEARCHED} <= set(words.CAUSES)
    source = ast.parse(Path(name_colour.__code__.co_filename).read_text(encoding="utf-8"))
    named = {
        node.value
        for function in ast.walk(source)
        if isinstance(function, ast.FunctionDef) and function.name in {"name_colour", "_between_red_and_green"}
        for returned in ast.walk(function)
        if isinstance(returned, ast.Return)
        for node in ast.walk(returned)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert named == set(words.COLOURS)


@pytest.mark.parametrize(
    ("word", "pair", "said"),
    [
        ("부두", "은/는", "부두는"),
        ("야적장", "은/는", "야적장은"),
        ("물체(길이 90 m)", "이/가", "물체(길이 90 m)가"),
        ("영상", "과/와", "영상과"),
        ("북쪽", "으로/로", "북쪽으로"),
        ("서울", "으로/로", "서울로"),
        ("부두 1", "을/를", "부두 1을"),
        ("부두 2", "을/를", "부두 2를"),
        ("부두 1", "으로/로", "부두 1로"),
        ("부두 3", "으로/로", "부두 3으로"),
        ("10", "이/가", "10이"),
        ("5%", "을/를", "5%를"),
        ("3.5 m", "은/는", "3.5 m는"),
        ("4 px", "이/가", "4 px이"),
        ("Pier 2", "은/는", "Pier 2은(는)"),
        ("R4", "이/가", "R4이(가)"),
        ("Najin", "을/를", "Najin을(를)"),
        ("R2", "으로/로", "R2(으)로"),
        ("부두 (남쪽)", "이/가", "부두 (남쪽)가"),
        ("", "은/는", "은(는)"),
        ("(", "은/는", "(은(는)"),
        ("()()", "은/는", "()()은(는)"),
    ],
)
def test_a_particle_follows_the_last_sound(word, pair, said):
    assert with_particle(word, pair) == said


def strings_in_source():
    """Every text of the package, f-strings with a bar at each hole."""
    found = []
    for path in Path(imagery_diff.__file__).parent.rglob("*.py"):
        if "korean" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
            elif isinstance(node, ast.JoinedStr):
                found.append("".join(p.value if isinstance(p, ast.Constant) else "\x00" for p in node.values))
    return "\n".join(found)


JOINED = (
    ("snow or shade by", "its look alone"),
    ("of the ground", "changed in brightness alone at the edge of flagged cloud or cloud shadow"),
    ("of the ground", "was whitened by snow on one date only"),
    ("of the ground", "changed without an edge"),
    ("effective looks", "if amplitudes"),
    ("look like reflectance", "times"),
    ("m", "carries nothing narrower than"),
    ("m away", "along the flight"),
    ("m away", "in range"),
    ("times as bright", "after"),
    ("times as bright", "before"),
    ("the outlines were", "not fitted to the images"),
    ("changes", "per km2 of zones between two looks"),
    ("change", "per km2 of zones between two looks"),
    ("error", "not known"),
    ("on the earlier look its own place", "is empty"),
    ("on the later look its own place", "is empty"),
    ("A reviewer", "calls it so"),
    ("A reviewer", "drew it and calls it so"),
)
"""Words of a form of which a hole of the source holds the one part."""


def test_every_form_is_one_that_is_written_somewhere():
    """A form whose English was changed would never be met again: its own words stand in the source."""
    source = strings_in_source()
    joined = {" ".join(parts): parts for parts in JOINED}
    pieces = {
        piece.strip()
        for form in forms()
        for piece in re.split(r"[;:(),]|\x00", _HOLE.sub("\x00", form))
        if len(piece.strip()) > 12 and "the ghost of" not in piece  # a doubt made up by the cases
    }
    assert set(joined) <= pieces
    assert [piece for piece in pieces if not all(part in source for part in joined.get(piece, (piece,)))] == []


def test_every_form_keeps_its_numbers_and_its_holes():
    for english, ours in forms().items():
        assert numbers_in(_HOLE.sub("", english)) == numbers_in(_HOLE.sub("", ours)), english
        assert {hole[1] for hole in _HOLE.finditer(english)} == {hole[1] for hole in _HOLE.finditer(ours)}, english
        assert not re.search(
            r"[A-Za-z]{4,}", re.sub(r"http|AOI|PlanetScope|Sentinel|Latin|--empty|p_state", "", _HOLE.sub("", ours))
        )


def test_what_is_not_known_stays_english_and_says_so():
    assert clause("the moon was in the way") == "(영문) the moon was in the way"
    assert told("zone kind moonbase") is None
    assert clause("both images: credit unknown") == "두 영상: 출처 알 수 없음"
    assert clause("a.tif: credit unknown") == "a.tif: 출처 알 수 없음"
    assert clause("a.tif: the moon was in the way") == "(영문) a.tif: the moon was in the way"
    # A number that the Korean would lose.
    assert told("in a quick trial 3 of 3 put in were found") is not None
    assert told("the images have no near infrared 7 band") is None


RESULTS = [
    {"count": 3},
    {"count": 1, "simulated": True},
    {"count": 2, "crs": None, "aoi": False},
    {"count": 0, "bands": ("vv",)},
    {"count": 1, "times": (None, None)},
    {"count": 2, "times": TIMES[::-1]},
]


def documents(**options):
    """Return summary, regions and what is retold of a comparison whose regions are told."""
    result = pair_told.told(make_result(**options))
    document, regions = summary(result), regions_geojson(result) if result.grid.crs else None
    return json.loads(json.dumps(document)), retold(document, regions)


@pytest.mark.parametrize("options", RESULTS)
def test_a_headline_is_told_with_the_same_numbers(options):
    document, _ = documents(**options)
    said = korean.headline(document)
    assert words.ENGLISH not in said
    assert numbers(said.replace("A harbour", "")) == numbers(document["headline"])
    assert english_left(said.replace("The pier", "")) == []


def test_what_a_headline_leaves_unknown_korean_leaves_unknown():
    document, _ = documents(count=0)
    assert "1 of 3 zones unknown" in document["headline"]
    assert "구역 3개 중 1개는 알 수 없음" in korean.headline(document)
    document, _ = documents(count=1)
    row = document["regions"][0] | {"p_change": 0.2}
    doubtful = document | {"regions": [row]}
    doubtful["headline"] = english_headline(doubtful)
    assert "may" in doubtful["headline"]
    assert "수도 있다" in korean.headline(doubtful)


@pytest.mark.parametrize("options", RESULTS)
def test_regions_and_zones_of_a_finished_run_are_told_in_korean(options):
    document, told_again = documents(**options)
    for region in told_again.regions:
        said = korean.region_words(region, told_again)
        assert words.ENGLISH not in said
        assert numbers(said) == numbers(region.description)
    for state, row in zip(told_again.zones, document["zones"], strict=True):
        assert words.ENGLISH not in korean.zone_words(state, row["description"])


def test_a_sentence_that_was_not_told_by_this_version_stays_english():
    document, told_again = documents(count=1)
    region = replace(told_again.regions[0], description="Somebody wrote this by hand.")
    assert korean.region_words(region, told_again) == "(영문) Somebody wrote this by hand."
    assert korean.zone_words(told_again.zones[0], "all is well") == "(영문) all is well"
    assert korean.headline(document | {"headline": "War!"}) == "(영문) War!"
    noted = told_again.regions[0].description + " A reviewer drew it; the programme did not find it."
    assert korean.region_words(told_again.regions[0], told_again, noted).endswith("프로그램은 찾지 못함.")


@pytest.mark.parametrize("changes", [{"is_area": True}, {"length_m": 90.47}, {"width_m": 20.46, "length_m": 89.54}])
def test_a_sentence_is_told_again_though_its_row_holds_less_than_it_was_told_from(changes):
    result = make_result(count=1)
    result = pair_told.told(replace(result, regions=(replace(result.regions[0], **changes),)))
    document = json.loads(json.dumps(summary(result)))
    told_again = retold(document, regions_geojson(result))
    said = korean.region_words(told_again.regions[0], told_again)
    assert said == sentences.describe_region(result.regions[0], result)
    assert numbers(said) == numbers(result.regions[0].description)


def test_stamps_of_every_kind_have_a_line_beside_them():
    assert set(words.STAMPS) == {RENDERED, ALTERED}


def test_the_file_of_forms_is_of_pairs():
    with pytest.raises(ValueError, match="unpack"):
        pairs_in("one\ntwo\nthree")
    with pytest.raises(ValueError, match="twice"):
        pairs_in("one\n하나\n\none\n둘")


def test_the_yardstick_of_the_docs_is_that_of_the_code():
    page = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "words.md").read_text(encoding="utf-8")
    told_there = dict(re.findall(r"^\| ([a-z ]+) \| \d+ to \d+ \|[^|]*\| ([^|]+) \|$", page, re.MULTILINE))
    assert told_there == words.YARDSTICK
