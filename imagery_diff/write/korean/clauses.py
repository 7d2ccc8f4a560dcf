"""Free texts that a run stores (caveats, reasons, doubts) in Korean, by a table of the forms they are written in.

A text that fits no form, or whose numbers would not all stand in its Korean, stays English and says so: nothing is
dropped, nothing is guessed.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

from imagery_diff.write.korean import words
from imagery_diff.write.korean.forms import forms
from imagery_diff.write.korean.particles import with_particle
from imagery_diff.write.words import NOUNS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_HOLE = re.compile(r"\{(\w+)(?::(\w+))?(?:/([^}]+))?\}")
STAND_IN = 0xE000
"""First of the private code points that stand for moments while the words around them are told; none is a digit."""
_NUMBER = r"-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?"

_INSIDE = {"n": _NUMBER, "moment": f"[{chr(STAND_IN)}-{chr(0xF8FF)}]"}
"""Kind of hole -> what may stand in it; anything in others."""


def clause(text: str) -> str:
    """Tell a clause in Korean; one that is not known stays English behind ``(영문)``.

    Examples
    --------
    >>> clause("zone kind yard")
    '구역 종류: 야적장'
    >>> clause("something nobody foresaw")
    '(영문) something nobody foresaw'

    """
    return told(text) or f"{words.ENGLISH} {text}"


def told(text: str) -> str | None:
    """Tell a clause in Korean; None where no form of it is known.

    A clause may be several that are joined by a semicolon, or stand behind whom it is of (``both images: ...``).
    """
    whole = _by_form(text)
    if whole is not None:
        return whole
    head, colon, rest = text.partition(": ")
    if colon and (said := told(rest)) is not None:
        if head == "both images":
            return f"두 영상: {said}"
        if of_looks := re.fullmatch(r"(\d+) looks", head):
            return f"관측 {of_looks[1]}회: {said}"
        # Only a name of a file stands before a colon: a sentence would be half told.
        return f"{head}: {said}" if re.fullmatch(r"\S+\.\w+|\w+_3B_\w+|\S*\d\S*", head) else None
    first, pause, rest = text.partition("; ")
    if pause and (one := told(first)) is not None and (other := told(rest)) is not None:
        return f"{one}; {other}"
    return None


def _by_form(text: str) -> str | None:
    for pattern, korean, kinds in _compiled():
        found = pattern.fullmatch(text)
        if found is None:
            continue
        said = _filled(korean, found.groupdict(), kinds)
        if said is not None and numbers_in(said) == numbers_in(text):
            return said
    return None


def numbers_in(text: str) -> Counter[str]:
    """Count the numbers of a text; the two of an area's unit is none."""
    bare = re.sub(r"\b(k?)m2\b", r"\1m²", text)
    return Counter(number.rstrip(".,") for number in re.findall(r"\d[\d.,]*", bare))


def _filled(korean: str, values: Mapping[str, str], kinds: Mapping[str, str | None]) -> str | None:
    """Fill a form; None where one of its words is not known."""
    known: dict[str, str] = {}
    for name, value in values.items():
        made = _KINDS[kinds[name] or "text"](value)
        if made is None:
            return None
        known[name] = made

    def put(hole: re.Match[str]) -> str:
        pair = hole[3]
        return with_particle(known[hole[1]], pair) if pair else known[hole[1]]

    return _HOLE.sub(put, korean)


def _listed(table: Mapping[str, str]) -> Callable[[str], str | None]:
    """Return what tells a list of words, all of them known."""

    def tell(text: str) -> str | None:
        made = [table.get(word.strip()) for word in re.split(r", | and ", text)]
        return None if None in made else ", ".join(str(word) for word in made)

    return tell


def _bands(text: str) -> str | None:
    """Tell bands with their numbers: ``blue 0.21, green 0.12``."""
    made = []
    for part in text.split(", "):
        name, _, value = part.partition(" ")
        made.append(f"{words.BANDS.get(name, name)} {value}".strip())
    return ", ".join(made)


def _limits(text: str) -> str | None:
    """Tell bands with limits: ``red 0.02 to 0.2, green ...``."""
    made = _bands(text)
    return made and made.replace(" to ", "~")


_GROUNDS = {"water": "물", "smooth": "매끈한 지면", "rough": "거친 지면", "vegetation": "식생"}
_FIELDS = {"measured_m": "잰 값(m)", "error_m": "표준오차(m)", "agreeing_fraction": "부합하는 비율"}
_WAYS = {"right": "오른쪽", "left": "왼쪽", "top": "위쪽", "bottom": "아래쪽", "ahead": "앞", "behind": "뒤"}
_KINDS: dict[str, Callable[[str], str | None]] = {
    "text": lambda text: text,
    "n": lambda text: text,
    "moment": lambda text: text,
    "clause": told,
    "class": lambda text: words.CLASSES.get(text.replace(" ", "_")),
    "noun": lambda text: next((words.noun(name) for name, said in NOUNS.items() if said == text), None),
    "kind": _listed(words.KINDS),
    "colour": words.COLOURS.get,
    "class_m": lambda text: text.removeprefix("about ").replace(" to ", "~"),
    "side": words.SIDES.get,
    "point": lambda text: words.POINTS.get(text) or _WAYS.get(text),
    "way": _WAYS.get,
    "bands": _bands,
    "names": _listed(words.BANDS),
    "limits": _limits,
    "share": words.share,
    "length": {"m": "m", "pixels": "화소"}.get,
    "word": words.YARDSTICK.get,
    "ground": _GROUNDS.get,
    "scaling": words.SCALINGS.get,
    "looks": lambda text: text.replace(" and ", ", "),
    "scale": {"pixel": "화소", "object": "물체"}.get,
    "field": _FIELDS.get,
    "level": words.LEVELS.get,
    "unit": lambda text: " / ".join(words.LEVELS.get(one, one) for one in text.split(" / ")),
}


@cache
def _compiled() -> tuple[tuple[re.Pattern[str], str, dict[str, str | None]], ...]:
    """Compile the table; the forms with most words of their own first, so that none swallows another."""
    ordered = sorted(forms().items(), key=lambda item: -len(_HOLE.sub("", item[0])))
    return tuple((_pattern(english), korean, _kinds(english)) for english, korean in ordered)


def _kinds(english: str) -> dict[str, str | None]:
    return {hole[1]: hole[2] for hole in _HOLE.finditer(english)}


def _pattern(english: str) -> re.Pattern[str]:
    parts, end = [], 0
    for hole in _HOLE.finditer(english):
        inside = _INSIDE.get(hole[2], ".+?")
        parts += [re.escape(english[end : hole.start()]), f"(?P<{hole[1]}>{inside})"]
        end = hole.end()
    return re.compile("".join([*parts, re.escape(english[end:])]), re.DOTALL)
