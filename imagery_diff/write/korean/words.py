"""Korean words for classes, colours, causes, places, probabilities, moments: one fixed equivalent for each English one.

docs/reference/words.md holds the table of the yardstick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from imagery_diff.mark import ALTERED
from imagery_diff.write.korean.particles import with_particle
from imagery_diff.write.words import RENDERED
from imagery_diff.write.yardstick import per_cent, word_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from imagery_diff.result import Region
    from imagery_diff.write.words import Dated

ENGLISH = "(영문)"
"""Stands before what is printed in English because no Korean of it is known."""
UNKNOWN = "알 수 없음"
NOUNS = {
    "vessel": ("선박으로 보이는", "물체"),
    "containers": ("컨테이너로 보이는", "물체"),
    "rail_cars": ("철도 차량으로 보이는", "긴 줄"),
    "stockpile": ("야적 더미로 보이는", "영역"),
    "cover": ("덮어 놓은 화물로 보이는", "영역"),
    "equipment": ("장비로 보이는", "물체"),
    "construction": ("공사로 보이는", "영역"),
    "other": ("종류가 불분명한", "변화"),
}
"""Class -> what it looks like, and what that is: hedged, always; a colour stands between the two."""
CLASSES = {
    "vessel": "선박",
    "containers": "컨테이너",
    "rail_cars": "철도 차량",
    "stockpile": "야적 더미",
    "cover": "덮어 놓은 화물",
    "equipment": "장비",
    "construction": "공사",
    "other": "기타",
}
KINDS = {
    "berth": "선석",
    "anchorage": "묘박지",
    "yard": "야적장",
    "rail": "철도",
    "stockpile": "더미 야적지",
    "road": "도로",
    "bridge": "교량",
    "none": "없음",
}
"""Kind of zone -> its Korean name."""
COLOURS = {
    "grey": "회색",
    "white": "흰색",
    "dark": "어두운 색",
    "red": "빨간색",
    "orange": "주황색",
    "brown": "갈색",
    "tan": "황갈색",
    "green": "초록색",
    "blue": "파란색",
}
BANDS = {
    "blue": "청색",
    "green": "녹색",
    "red": "적색",
    "nir": "근적외선",
    "near infrared": "근적외선",
    "grey": "회색조",
}
LEVELS = {
    "surface reflectance": "지표 반사율",
    "top-of-atmosphere reflectance": "대기 상단 반사율",
    "top-of-atmosphere radiance": "대기 상단 복사휘도",
    "sigma nought": "시그마 노트",
    "gamma nought": "감마 노트",
    "display colours": "표시용 색",
    "digital numbers": "디지털 값",
    "reflectance": "반사율",
    "radiance": "복사휘도",
}
"""What the numbers of an image are, and what a difference of two is counted in."""
SCALINGS = {
    "amplitude, intensity or a root of them": "진폭, 세기 또는 그 제곱근",
    "power": "세기",
    "decibels": "데시벨",
    "a logarithm of unknown unit": "단위를 알 수 없는 로그",
}
"""How the numbers of a radar image follow from the backscatter."""
CAUSES = {
    "no data": "자료 없음",
    "cloud": "구름",
    "cloud shadow": "구름 그림자",
    "haze": "연무",
    "snow": "눈",
    "suspect pixels": "의심스러운 화소",
    "edge of what was seen": "관측된 곳의 가장자리",
    "outside the image": "영상 밖",
    "outside the images": "영상 밖",
    "edge of cloud": "구름 가장자리",
    "snow on one date": "한 날짜에만 있는 눈",
    "change without an edge": "경계 없는 변화",
    "shadow that moved": "움직인 그림자",
    "too little ground of its kind": "같은 종류의 지면이 너무 적음",
    "too small at this pixel": "이 화소에는 너무 작음",
}
"""Why ground was not seen or not searched -> the same."""
POINTS = {
    "north": "북쪽",
    "north-east": "북동쪽",
    "east": "동쪽",
    "south-east": "남동쪽",
    "south": "남쪽",
    "south-west": "남서쪽",
    "west": "서쪽",
    "north-west": "북서쪽",
}
SIDES = {"before": "이전", "after": "이후"}
DIRECTIONS = {"appeared": "나타남", "disappeared": "더 이상 보이지 않음", "changed": "겉모습이 달라짐"}
MORE_ON = {"appeared": "'이후' 영상에서 더 두드러짐", "disappeared": "'이전' 영상에서 더 두드러짐", "changed": "달라짐"}
"""The same of what fits no class: only on which image it stands out more."""
YARDSTICK = {
    "remote chance": "희박함",
    "highly unlikely": "매우 낮음",
    "unlikely": "낮음",
    "realistic possibility": "현실적으로 있음",
    "likely": "높음",
    "highly likely": "매우 높음",
    "almost certain": "거의 확실함",
}
"""Word of the yardstick -> what is said of a likelihood (가능성)."""
COUNTERS = ("", "한", "두", "세", "네", "다섯", "여섯")
STANDING = (
    "'탐지되지 않음'은 두 영상 사이에 나타나거나 떠난 것에 관한 말이며,"
    " 두 영상 모두에 있는 것은 아무리 커도 언급되지 않는다."
)
MISSED = "너무 작거나 희미한 것, 관측되지 않은 것은 이와 별개로 변했을 수 있다."
STAMPS = {RENDERED: "합성 화상이며 위성영상이 아님", ALTERED: "변경된 영상이며 받은 그대로가 아님"}
"""Stamp, which stays English across a picture -> the line beside it."""


def noun(activity: str, colour: str | None = None) -> str:
    """Name what something looks like, with its colour.

    Examples
    --------
    >>> noun("containers", "blue"), noun("other")
    ('컨테이너로 보이는 파란색 물체', '종류가 불분명한 변화')

    """
    like, thing = NOUNS[activity]
    return f"{like} {COLOURS[colour]} {thing}" if colour else f"{like} {thing}"


def direction(activity: str, way: str) -> str:
    """Name a direction, for a table."""
    return (MORE_ON if activity == "other" else DIRECTIONS)[way]


def share(words: str) -> str:
    """Turn a share as English writes it (:func:`imagery_diff.write.zone_sentences.share_words`)."""
    if words in {"all", "none"}:
        return {"all": "전부", "none": "없음"}[words]
    return f"{words.removeprefix('under ')} 미만" if words.startswith("under ") else words


def number_of(probability: float) -> str:
    """Write a probability in per cent; 0 and 100 are never said."""
    if probability > 0.99:  # noqa: PLR2004 - as in English
        return "99% 초과"
    return "1% 미만" if probability < 0.01 else f"{per_cent(probability)}%"  # noqa: PLR2004 - the same


def likelihood(probability: float, what: str, beside: str = "") -> str:
    """Say how likely something is; ``what`` leads to 가능성, such as ``거기에서 무언가가 변했을``."""
    return f"{what} 가능성: {YARDSTICK[str(word_of(probability))]}({number_of(probability)}{beside})"


def moment(time: dt.datetime) -> str:
    """Write a day and a time as ``2023년 10월 17일 02:12``."""
    return f"{day(time)} {time:%H:%M}"


def day(time: dt.datetime, *, year: bool = True) -> str:
    """Write a day, with its year or without."""
    said = f"{time.month}월 {time.day}일"
    return f"{time.year}년 {said}" if year else said


def local_time(time: dt.datetime, timezone: str | None) -> str:
    """Write a moment as ``2023년 10월 17일 02:12 UTC(현지 11:12)``."""
    text = f"{moment(time)} UTC"
    if timezone is None:
        return text
    there = time.astimezone(ZoneInfo(timezone))
    other = "" if there.date() == time.date() else f"{day(there, year=False)} "
    return f"{text}(현지 {other}{there:%H:%M})"


def moment_words(info: Dated, timezone: str | None) -> str:
    """Write when an image was taken, and that it is a guess where it is one."""
    if info.acquired is None:
        return "촬영 시각 알 수 없음"
    return local_time(info.acquired, timezone) + (", 파일 이름에서 추정" if is_guessed(info) else "")


def window_of(before: Dated, after: Dated, timezone: str | None) -> str:
    """Write between which moments something happened; dates are windows, never moments."""
    if before.acquired is None and after.acquired is None:
        return f"{before.name} 영상과 {after.name} 영상 사이(촬영 시각 알 수 없음)"
    if before.acquired is None or after.acquired is None:
        sides = [
            f"{info.name} 영상(촬영 시각 알 수 없음)"
            if info.acquired is None
            else f"{moment_words(info, timezone)}의 영상"
            for info in (before, after)
        ]
        return f"{sides[0]}과 {sides[1]} 사이"
    return f"{moments_of(before, after, timezone, ' ~ ')} 사이{guessed(before, after)}"


def moments_of(before: Dated, after: Dated, timezone: str | None, between: str) -> str:
    """Write two known moments, the earlier first, in UTC and local; what they share once."""
    assert before.acquired is not None
    assert after.acquired is not None
    first, last = sorted((before.acquired, after.acquired))
    text = f"{_span(first, last, between)} UTC"
    if timezone is None:
        return text
    there = [time.astimezone(ZoneInfo(timezone)) for time in (first, last)]
    if [time.date() for time in there] != [first.date(), last.date()]:
        return f"{text}(현지 {_span(there[0], there[1], between)})"
    return f"{text}(현지 {between.join(_hours(there))})"


def guessed(before: Dated, after: Dated) -> str:
    """Say in brackets which of two times is a guess."""
    names = [SIDES[name] for info, name in ((before, "before"), (after, "after")) if is_guessed(info)]
    if len(names) == 2:  # noqa: PLR2004 - both
        return "(두 시각 모두 파일 이름에서 추정)"
    return f"('{names[0]}' 영상의 시각은 파일 이름에서 추정)" if names else ""


def is_guessed(info: Dated) -> bool:
    """Whether a time is a guess."""
    return "guess" in (info.time_source or "")


def _hours(moments: Sequence[dt.datetime]) -> list[str]:
    same = len({f"{time:%Y%m%d%H%M}" for time in moments}) == 1
    return [f"{time:{'%H:%M:%S' if same else '%H:%M'}}" for time in moments]


def _span(first: dt.datetime, last: dt.datetime, between: str) -> str:
    times = _hours((first, last))
    if first.date() == last.date():
        return f"{day(first)} {times[0]}{between}{times[1]}"
    return f"{day(first)} {times[0]}{between}{day(last, year=first.year != last.year)} {times[1]}"


def pixels(width: float, height: float) -> str:
    """Write the sides of a pixel, metres; once where it is square."""
    square = abs(width / height - 1) < 0.02  # noqa: PLR2004 - the rounding of a UTM zone's scale
    return f"화소 {width:.3g} m" if square else f"화소 {width:.3g} x {height:.3g} m"


def review_words(reviews: Sequence[str], reviewers: Sequence[str] = (), what: str = "탐지 영역") -> str:
    """Say what people have said of the findings."""
    who = f"({', '.join(reviewers)})" if reviewers else ""
    number, open_ones = len(reviews), sum(review == "unreviewed" for review in reviews)
    if not number:
        return f"사람이 검토하지 않음: {with_particle(f'검토할 {what}', '이/가')} 없음"
    if open_ones == number:
        return "사람이 검토하지 않음"
    rejected = sum(review == "rejected" for review in reviews)
    refused = f"; {rejected}개 기각" if rejected else ""
    if open_ones:
        seen = number - open_ones
        return f"{what} {number}개 중 {seen}개를 사람이 검토함{who}, {open_ones}개는 검토하지 않음{refused}"
    return f"모든 {with_particle(what, '을/를')} 사람이 검토함{who}{refused}"


def is_reversed(before: Dated, after: Dated) -> bool:
    """Whether the older image was given as AFTER: then nothing came or went."""
    return before.acquired is not None and after.acquired is not None and after.acquired < before.acquired


def label(region: Region) -> str:
    """Name a region by what it looks like, with its colour; ground that changed has none."""
    return noun(region.activity, None if region.activity == "other" else region.colour)
