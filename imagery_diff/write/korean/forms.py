"""The forms in which caveats, reasons and doubts are written in English, and each in Korean: ``forms.txt``."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@cache
def forms() -> Mapping[str, str]:
    """Return English form -> Korean form."""
    text = (files("imagery_diff.write.korean") / "forms.txt").read_text(encoding="utf-8")
    return pairs_in(text)


def pairs_in(text: str) -> dict[str, str]:
    r"""Read blocks of two lines, English and Korean; lines that begin with ``#`` say something of the file.

    Raises
    ------
    ValueError
        If a block is not of two lines, or an English line stands twice.

    Examples
    --------
    >>> pairs_in("# colours\n\nradar\n레이더\n")
    {'radar': '레이더'}

    """
    pairs: dict[str, str] = {}
    for block in text.split("\n\n"):
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        if not lines:
            continue
        english, korean = lines
        if english in pairs:
            raise ValueError(f"stands twice: {english}")
        pairs[english] = korean
    return pairs
