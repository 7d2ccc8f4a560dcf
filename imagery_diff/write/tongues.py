"""The languages in which a finished comparison is told again: what a figure and its caption ask of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imagery_diff.write.words import MISSED, moment_words, review_words, window_between

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imagery_diff.result import Region
    from imagery_diff.write.pictures import Pictures
    from imagery_diff.write.retold import Retold, RetoldScene

LANGUAGES = ("en", "ko")
_ENGLISH_FACES = {"normal": "normal", "bold": "bold"}


class English:
    """What is stored, as it is stored."""

    lang = "en"

    def families(self) -> list[str]:
        """Return the fonts a figure is written in, the first before the next."""
        return ["DejaVu Sans"]

    def faces(self) -> Mapping[str, str]:
        """Weight -> what :func:`imagery_diff.write.drawing.measure` calls the letters it is measured by."""
        return _ENGLISH_FACES

    def headline(self, summary: Mapping[str, Any]) -> str:
        """Return the one sentence above everything."""
        return str(summary["headline"])

    def description(self, region: Region, told: Retold) -> str:
        """Return a region's sentence."""
        del told
        return region.description

    def dated(self, side: str, scene: RetoldScene, timezone: str | None) -> str:
        """Name a date above its panel."""
        return f"{side.capitalize()}  {moment_words(scene, timezone)}"

    def beside_stamp(self, stamp: str) -> str:
        """Return what stands beside a stamp, which is English in every language; empty if nothing does."""
        del stamp
        return ""

    def length(self, number: str, unit: str, limits: tuple[str, str] | None = None) -> str:
        """Write a length, of a scale bar or of a thing, with its limits; ``unit`` is ``m``, ``km`` or ``pixels``."""
        return f"{number} {unit}{f' ({limits[0]} to {limits[1]})' if limits else ''}"

    def foot(self, told: Retold, pictures: Pictures) -> list[str]:
        """Return what must stand below any figure: sensors, stretch, the doubt, who looked at it, whose it is."""
        sensors = "; ".join(dict.fromkeys(f"{scene.product}, {scene.pixels}" for scene in told.images))
        return [
            f"{sensors}. Shown in {pictures.stretch}. {MISSED}",
            f"{review_words(list(told.reviews.values()), told.reviewers)}. Credit: {told.credit}",
        ]

    def where_and_when(self, summary: Mapping[str, Any]) -> str:
        """Name the place and the window of time."""
        place = summary["aoi"]["title"] or summary["aoi"]["name"]
        return f"{place}, {window_between(summary['before'], summary['after'], summary['aoi']['timezone'])}."

    def caveat(self, doubt: str) -> str:
        """Write a caveat."""
        return f"Caveat: {doubt}."

    def licence(self, scene: RetoldScene) -> str:
        """Say under which licence an image came."""
        return f"Licence of {scene.name}: {scene.licence or 'not known: ask whoever gave you the image'}"


def tongue_of(lang: str) -> English:
    """Return what tells in a language of ``LANGUAGES``.

    Raises
    ------
    ValueError
        If there is no such language.

    """
    if lang == "en":
        return English()
    if lang == "ko":
        from imagery_diff.write.korean.tongue import Korean  # noqa: PLC0415 - only where it is asked for

        return Korean()
    raise ValueError(f"there is no language {lang!r}; there are: {', '.join(LANGUAGES)}")
