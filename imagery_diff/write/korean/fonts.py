"""A font with Hangul for pictures: of a package, or of the system. matplotlib's own has none."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from imagery_diff.errors import MissingExtraError

_BOLD = 700
_PACKAGE = "koreanize_matplotlib"
_KNOWN = (
    ("NanumGothic.ttf", "NanumGothicBold.ttf"),
    ("NanumBarunGothic.ttf", "NanumBarunGothicBold.ttf"),
    ("malgun.ttf", "malgunbd.ttf"),
    ("UnDotum.ttf", "UnDotumBold.ttf"),
    ("AppleGothic.ttf", ""),
    ("NotoSansKR-Regular.ttf", "NotoSansKR-Bold.ttf"),
    ("NotoSansKR-Regular.otf", "NotoSansKR-Bold.otf"),
    ("NotoSansCJK-Regular.ttc", "NotoSansCJK-Bold.ttc"),
    ("NotoSansCJKkr-Regular.otf", "NotoSansCJKkr-Bold.otf"),
    ("AppleSDGothicNeo.ttc", ""),
)
"""Files of fonts with Hangul and of their bold letters; TrueType first, whose letters a PDF can hold as letters."""
_TESTED = "가힣관측되지않음"


@dataclass(frozen=True, kw_only=True)
class Fonts:
    """Files of one font with Hangul."""

    normal: Path
    bold: Path
    """The same as ``normal`` where it has no bold letters."""
    family: str


def hangul() -> Fonts:
    """Find a font with Hangul: one that the extra ``korean`` brought, else one of the system.

    Raises
    ------
    MissingExtraError
        If there is none.

    """
    found = _found()
    if found is None:
        raise MissingExtraError(
            "no font with Hangul was found, so that a Korean picture would show boxes; install imagery-diff[korean],"
            " which brings NanumGothic, or a font of the system, such as Debian's fonts-nanum"
        )
    return found


@cache
def _found() -> Fonts | None:
    """Look through the package first: its font is the same everywhere, and so are the bytes of a picture."""
    for files in (_of_package(), _of_system()):
        for normal, bold in _KNOWN:
            path = files.get(normal.lower())
            if path is not None and (family := _family(path)):
                heavy = files.get(bold.lower())
                return Fonts(normal=path, bold=heavy if heavy and _family(heavy) == family else path, family=family)
    return None


def _of_package() -> dict[str, Path]:
    """Files of the package, name in small letters -> path; it is not imported, as that would change every figure."""
    spec = importlib.util.find_spec(_PACKAGE)
    folders = (spec.submodule_search_locations or []) if spec else []
    return {path.name.lower(): path for folder in folders for path in sorted((Path(folder) / "fonts").glob("*.ttf"))}


def _of_system() -> dict[str, Path]:
    """Files of the system, looked for anew: matplotlib's own list may be older than a font."""
    from matplotlib.font_manager import findSystemFonts  # noqa: PLC0415 - takes half a second

    paths = [Path(name) for name in findSystemFonts()]  # OpenType too
    return {path.name.lower(): path for path in sorted(paths, reverse=True)}


def _family(path: Path) -> str:
    """Name the font of a file; empty if it lacks a letter or cannot be read."""
    letters = glyphs(path)
    if any(ord(letter) not in letters for letter in _TESTED):
        return ""
    from matplotlib.ft2font import FT2Font  # noqa: PLC0415 - the same

    return str(FT2Font(str(path)).family_name)


def glyphs(path: Path) -> frozenset[int]:
    """Return the code points that a font can show; none of one that cannot be read."""
    from matplotlib.ft2font import FT2Font  # noqa: PLC0415 - the same

    try:
        return frozenset(FT2Font(str(path)).get_charmap())
    except (OSError, RuntimeError):
        return frozenset()


def announce(fonts: Fonts) -> None:
    """Let matplotlib know the files; none is told twice."""
    from matplotlib.font_manager import fontManager  # noqa: PLC0415 - the same

    known = {entry.fname for entry in fontManager.ttflist}
    for path in dict.fromkeys((fonts.normal, fonts.bold)):
        if str(path) not in known:
            fontManager.addfont(str(path))
    if fonts.bold == fonts.normal:
        return
    # Nanum's bold calls itself 600, which matplotlib takes for bold, and says so at every letter.
    for place, entry in enumerate(fontManager.ttflist):
        if entry.fname == str(fonts.bold) and entry.weight != _BOLD:
            fontManager.ttflist[place] = replace(entry, weight=_BOLD)
