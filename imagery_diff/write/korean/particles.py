"""Particles that depend on how the word before them ends, by its last sound (Standard Korean Orthography, 1988).

Of a name in Latin letters, or one that ends in a number behind them ("Pier 2"), nobody can say how a reader speaks it:
both forms stand there, as Korean documents write them.
"""

from __future__ import annotations

import re

_FIRST, _LAST = 0xAC00, 0xD7A3
_FINALS, _L = 28, 8
_DIGITS = {"0": 21, "1": _L, "2": 0, "3": 16, "4": 0, "5": 0, "6": 1, "7": _L, "8": _L, "9": 0}
"""Digit -> final consonant of its Sino-Korean name; what ends in nought ends in a consonant as ten and hundred do."""
_UNITS = {"m": 0, "km": 0, "m²": 0, "km²": 0, "%": 0, "px": _L, "dB": _L, "TEU": 0, "UTC": 0, "°": 0}
"""Unit -> the final consonant of its Korean name."""
_BRACKETS = re.compile(r"\s*\([^()]*\)$")
PAIRS = {
    "은/는": ("은", "는", "은(는)"),
    "이/가": ("이", "가", "이(가)"),
    "을/를": ("을", "를", "을(를)"),
    "과/와": ("과", "와", "과(와)"),
    "으로/로": ("으로", "로", "(으)로"),
}
"""Pair -> after a consonant, after a vowel, after what can be spoken either way."""


def with_particle(word: str, pair: str) -> str:
    """Write a word with the form of a particle that its last sound asks for; brackets behind it are not spoken.

    Parameters
    ----------
    word
        A word or a name.
    pair
        A key of ``PAIRS``.

    Examples
    --------
    >>> with_particle("물체", "이/가"), with_particle("영상", "이/가"), with_particle("부두 2", "은/는")
    ('물체가', '영상이', '부두 2는')
    >>> with_particle("Pier 2", "은/는"), with_particle("서울", "으로/로"), with_particle("35 m", "을/를")
    ('Pier 2은(는)', '서울로', '35 m를')

    """
    closed, opened, either = PAIRS[pair]
    final = _final(word)
    if final is None:
        return word + either
    # A final rieul takes the short form of "towards".
    return word + (opened if final == 0 or (pair == "으로/로" and final == _L) else closed)


def _final(word: str) -> int | None:
    """Return the number of the final consonant of what is spoken last, 0 for a vowel; None where nobody can say."""
    spoken = word.strip()
    while (shorter := _BRACKETS.sub("", spoken)) != spoken and shorter:
        spoken = shorter
    spoken = spoken.rstrip("'\"\u2019\u201d」』>.,")
    if not spoken:
        return None
    number = re.search(r"(?P<before>.*?)(?P<digits>\d)[\d.,]*\s*(?P<unit>[^\d\s]*)$", spoken)
    if number and number["unit"] in _UNITS:
        return _UNITS[number["unit"]]
    last = spoken[-1]
    if _FIRST <= ord(last) <= _LAST:
        return (ord(last) - _FIRST) % _FINALS
    if last in _DIGITS and not re.search(r"[^\W\d_가-힣][\s\-]*[\d.,]*$", spoken):
        return _DIGITS[last]
    return None
