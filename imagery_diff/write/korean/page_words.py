"""What stands on the page of a comparison whatever it shows, in Korean: English as the template has it -> Korean."""

from __future__ import annotations

PAGE = {
    "Skip to the findings": "탐지 결과로 건너뛰기",
    "imagery-diff report": "imagery-diff 보고서",
    "Credit": "출처",
    "Credit: {0}": "출처: {0}",
    "Licence": "이용 조건",
    "Written by imagery-diff {0}. This page is one file: it asks nothing of any network.": (
        "imagery-diff {0}이(가) 작성함. 이 페이지는 파일 하나이며 네트워크에 아무것도 요청하지 않음."
    ),
    "What was found, at a glance": "한눈에 보는 탐지 결과",
    "Before": "이전",
    "After": "이후",
    "before": "이전",
    "after": "이후",
    "aoi": "관심 영역",
    "; what lies beyond is black or white. Not normalised: differences of light and haze are still in the pictures.": (
        "; 그 밖의 값은 검거나 희게 나타남. 정규화하지 않음: 빛과 연무의 차이가 그림에 그대로 남아 있음."
    ),
    "Hatched: not seen.": "빗금: 관측되지 않음.",
    "Thin light stripes: haze, shadow or snow.": "가늘고 밝은 줄: 연무, 그림자 또는 눈.",
    "First doubt": "먼저 알아야 할 의문",
    "Table of the zones": "구역 표",
    "What is known of each zone": "구역별로 알려진 것",
    "Zone": "구역",
    "State": "상태",
    "Measure, 90 % limits": "크기, 90 % 범위",
    "Missed at most 1 in 10 from, of the colours tested": "놓침 10에 1 이하인 길이(시험한 색에 한함)",
    "Not seen or searched": "관측되지 않았거나 탐색되지 않음",
    "missed at most 1 in 10 from": "놓침 10에 1 이하인 길이:",
    "not seen or searched:": "관측되지 않았거나 탐색되지 않음:",
    "search area": "탐색 구역",
    "search areas": "탐색 구역",
    "none": "해당 없음",
    "There are no zones: the ground that the images share was compared as a whole.": (
        "구역이 없음: 두 영상이 함께 담은 지면을 통째로 비교함."
    ),
    "Table of the regions": "탐지 영역 표",
    "What was flagged": "탐지된 것",
    "Region": "탐지 영역",
    "What it looks like": "무엇으로 보이는가",
    "Swipe between the dates": "두 날짜를 밀어서 비교",
    (
        "Both images, laid on each other. Left and right swipe, plus and minus zoom, shift with an arrow moves the "
        "picture, B blinks, M measures: then arrows move the cross and Enter sets a point."
    ): (
        "서로 겹쳐 놓은 두 영상. 좌우 화살표로 밀고, 더하기와 빼기로 확대·축소하고, Shift와 화살표로 그림을 옮기며, "
        "B로 번갈아 보고, M으로 거리를 잼: 이때 화살표로 십자를 옮기고 Enter로 점을 찍음."
    ),
    "Swipe: share of the picture that shows the before image": "밀기: '이전' 영상이 보이는 비율",
    "Tools of the picture": "그림 도구",
    "Blink": "번갈아 보기",
    "Zoom in": "확대",
    "Zoom out": "축소",
    "Whole place": "전체 보기",
    "Measure": "거리 재기",
    "Go to": "이동",
    "a region": "탐지 영역 선택",
    "Zones": "구역",
    "Regions": "탐지 영역",
    "Not seen": "관측되지 않음",
    "Copy latitude, longitude": "위도, 경도 복사",
    (
        "Drag the bar or the picture; with the picture focused, left and right swipe, + and \N{MINUS SIGN} zoom, "
        "shift with an arrow moves, B blinks, M measures (arrows move the cross, Enter sets a point), 0 shows the "
        "whole place."
    ): (
        "막대나 그림을 끌 것. 그림에 초점이 있을 때 좌우 화살표로 밀고, +와 \N{MINUS SIGN}로 확대·축소하고, "
        "Shift와 화살표로 옮기며, B로 번갈아 보고, M으로 거리를 재고(화살표로 십자를 옮기고 Enter로 점을 찍음), "
        "0으로 전체를 봄."
    ),
    "not reviewed": "검토되지 않음",
    "accepted by a reviewer": "검토자가 인정함",
    "rejected by a reviewer": "검토자가 기각함",
    "The pixels around {0} {1}, {2}": "{0} 주변의 화소, {1}, {2}",
    "The programme told": "프로그램의 서술",
    "Note of the reviewer": "검토자의 메모",
    "What speaks for it": "뒷받침하는 점",
    "its evidence alone": "변화의 증거뿐",
    "What speaks against it": "반대되는 점",
    "Numbers of {0}": "{0}의 수치",
    "Nothing was flagged.": "탐지된 것이 없다.",
    "To be looked at by eye": "눈으로 확인할 것",
    "What was seen of each zone, and what not": "구역마다 관측된 것과 관측되지 않은 것",
    "There are no zones.": "구역이 없음.",
    "Caveats": "주의할 점",
    "none was raised": "제기된 것이 없음",
    "How the images were brought together": "두 영상을 어떻게 맞추었는가",
    "The figures behind it": "그 바탕이 되는 수치",
    "Figures": "수치",
    "What the files said of themselves": "파일이 스스로에 대해 말한 것",
    "How to check it": "확인하는 방법",
    "The folder of this page holds": "이 비교의 결과 폴더에 있는",
    (
        ": every input and output with its SHA-256, every parameter, every version. With the same files the same "
        "findings come out:"
    ): (
        "에는 모든 입력과 출력의 SHA-256, 모든 매개변수, 모든 버전이 들어 있음. "
        "같은 파일로 다시 실행하면 같은 결과가 나옴:"
    ),
    "Table of the input files": "입력 파일 표",
    "Input files": "입력 파일",
    "Date": "날짜",
    "File": "파일",
    "Bytes": "바이트",
    "not known": "알 수 없음",
    "Outlines: {0}": "윤곽: {0}",
}
STATES = {
    "flagged": "탐지됨",
    "look by eye": "눈으로 확인",
    "unknown": "알 수 없음",
    "no detection": "탐지 없음",
    "left out": "제외됨",
}
PLACES = {
    "Common ground of two images": "두 영상이 함께 담은 지면",
    "outside the zones": "구역 밖",
    "the common ground": "두 영상이 함께 담은 지면",
}
HOW = {
    "Laid on each other": "서로 겹치기",
    "In one light": "빛 맞추기",
    "Equally sharp": "선명도 맞추기",
    "Outlines of the zones": "구역의 윤곽",
    "Looked for": "찾은 것",
}
READOUT = {"column": "열", "row": "행", "first": "첫 점을 찍을 것", "copied": "복사함"}
