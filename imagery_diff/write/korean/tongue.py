"""What a figure and its caption say, in Korean."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from imagery_diff.write.korean import fonts, series, words
from imagery_diff.write.korean.clauses import clause
from imagery_diff.write.korean.documents import headline, region_words
from imagery_diff.write.retold import RetoldScene
from imagery_diff.write.tongues import English, longest_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from imagery_diff.result import Region
    from imagery_diff.write.pictures import Pictures
    from imagery_diff.write.retold import Retold
    from imagery_diff.write.retold_series import RetoldCell, RetoldLook, RetoldSeries, RetoldThing


class Korean(English):
    """The same in Korean; names, units, ids, codes, credits and stamps stay as they are."""

    lang = "ko"

    @cached_property
    def _fonts(self) -> fonts.Fonts:
        return fonts.hangul()

    def families(self) -> list[str]:  # noqa: D102 - as in English
        fonts.announce(self._fonts)
        return [self._fonts.family, "DejaVu Sans"]

    def faces(self) -> Mapping[str, str]:  # noqa: D102
        return {"normal": str(self._fonts.normal), "bold": str(self._fonts.bold)}

    def headline(self, summary: Mapping[str, Any]) -> str:  # noqa: D102
        return headline(summary)

    def description(self, region: Region, told: Retold) -> str:  # noqa: D102
        return region_words(region, told)

    def dated(self, side: str, scene: RetoldScene, timezone: str | None) -> str:  # noqa: D102
        return f"{words.SIDES[side]}  {words.moment_words(scene, timezone)}"

    def beside_stamp(self, stamp: str) -> str:  # noqa: D102
        return words.STAMPS.get(stamp, "")

    def length(self, number: str, unit: str, limits: tuple[str, str] | None = None) -> str:  # noqa: D102
        unit = {"pixels": "화소"}.get(unit, unit)
        return f"{number} {unit}{f' ({limits[0]}~{limits[1]})' if limits else ''}"

    def foot(self, told: Retold, pictures: Pictures) -> list[str]:  # noqa: D102
        sensors = "; ".join(dict.fromkeys(f"{scene.product}, {pixels_of(scene.pixel_size_m)}" for scene in told.images))
        return [
            f"{sensors}. 표시: {clause(pictures.stretch)}. {words.MISSED}",
            f"{words.review_words(list(told.reviews.values()), told.reviewers)}. 출처: {credit(told.credit)}",
        ]

    def where_and_when(self, summary: Mapping[str, Any]) -> str:  # noqa: D102
        place = summary["aoi"]["title"] or summary["aoi"]["name"]
        before, after = (RetoldScene.of(summary[side]) for side in ("before", "after"))
        return f"{place}, {words.window_of(before, after, summary['aoi']['timezone'])}."

    def headline_of_series(self, found: RetoldSeries) -> str:  # noqa: D102
        return series.headline(found)

    def event(self, event: Mapping[str, Any], found: RetoldSeries) -> str:  # noqa: D102
        return series.event_words(event, found)

    def note(self, event: Mapping[str, Any]) -> str:  # noqa: D102
        return f"{event['id']}에 대한 검토자의 메모: {event['note']}"

    def days(self, time: dt.datetime) -> Sequence[str]:  # noqa: D102
        return f"{words.moment(time)} UTC", f"{words.day(time, year=False)} {time:%H:%M} UTC", f"{time:%m-%d %H:%M}"

    def moment(self, time: dt.datetime, timezone: str | None) -> str:  # noqa: D102
        return words.local_time(time, timezone)

    def not_seen(self) -> str:  # noqa: D102
        return "관측되지 않음"

    def state(self, cell: RetoldCell, found: RetoldSeries) -> str:  # noqa: D102
        longest = longest_of(cell)
        return series.state_words(cell, found, None if longest is None else self.length_of(longest))

    def length_of(self, thing: RetoldThing) -> str:  # noqa: D102
        return super().length_of(thing).replace(" or more", " 이상")

    def foot_of_series(self, found: RetoldSeries, stretch: str, looks: Sequence[RetoldLook], of: int) -> list[str]:  # noqa: D102
        sensors = "; ".join(
            dict.fromkeys(f"{look.info.product}, {pixels_of(look.info.pixel_size_m)}" for look in looks)
        )
        some = "" if len(looks) == of else f" 관측 {of}회 가운데 {len(looks)}회를 표시함."
        shown = f"{sensors}. 표시: {clause(stretch)}. 노란색: 탐지된 것; 흰색: 구역. 시각은 UTC.{some}"
        return [
            f"{shown} {words.MISSED} 관측 사이에 일어난 일은 관측되지 않았다.",
            f"{words.review_words(found.reviews, found.reviewers, '탐지 결과')}. 출처: {credit(found.credit)}",
        ]

    def caveat(self, doubt: str) -> str:  # noqa: D102
        return f"주의: {clause(doubt)}."

    def licence(self, scene: RetoldScene) -> str:  # noqa: D102
        return f"{scene.name}의 이용 조건: {scene.licence or '알 수 없음, 영상을 준 쪽에 물어볼 것'}"


def pixels_of(size: tuple[float, float] | None) -> str:
    """Write the size of a pixel."""
    return "좌표 정보 없음" if size is None else words.pixels(*size)


def credit(text: str) -> str:
    """Keep a credit as its owner wants it written; only what the programme wrote in it is told."""
    return text.replace("credit unknown", "출처 알 수 없음").replace("; outlines ", "; 윤곽 ")
