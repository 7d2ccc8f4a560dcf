"""The pictures of a comparison out of its page, where they are kept; nothing else of a page is read, all is doubted."""

from __future__ import annotations

import base64
import binascii
import re
from html.parser import HTMLParser
from typing import Any

from imagery_diff.write.pictures import MOST_PIXELS, Picture, Pictures, png_size
from imagery_diff.write.retold import SIDES

_ID = re.compile(r"(before|after)(-[A-Za-z]?\d{1,6})?|(unseen|degraded)-(before|after)")
_URI = "data:image/png;base64,"


def pictures_in(page: bytes) -> Pictures:
    """Read the pictures of report.html.

    Raises
    ------
    ValueError
        If it is no page of a comparison as this version writes them.

    """
    reader = _Reader()
    reader.feed(page.decode("utf-8", errors="strict"))
    reader.close()
    if reader.store is None or any(side not in reader.found for side in SIDES):
        raise ValueError("it holds no pictures of a comparison")
    row, col, rows, cols = _numbers(reader.store["data-frame"], 4)
    return Pictures(
        pictures=tuple(reader.found.values()),
        stretch=str(reader.store["data-stretch"]),
        frame=(row, col, rows, cols),
    )


class _Reader(HTMLParser):
    """Collects the images of the store at the head of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.store: dict[str, Any] | None = None
        self.found: dict[str, Picture] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the store and its images."""
        values = dict(attrs)
        if tag == "svg" and "data-frame" in values:
            self.store = dict(values)
        if tag == "image" and "data-picture" in values:
            picture = _picture({name: value or "" for name, value in values.items()})
            self.found[picture.id] = picture

    handle_startendtag = handle_starttag


def _picture(values: dict[str, str]) -> Picture:
    name, uri = values["data-picture"], values["href"]
    width, height = int(values["width"]), int(values["height"])
    if not _ID.fullmatch(name) or not uri.startswith(_URI):
        raise ValueError("it holds a picture that is none of ours")
    # An edge of one pixel on each side is more than any picture of ours has.
    if not (width > 0 and height > 0 and width * height <= 2 * MOST_PIXELS):
        raise ValueError(f"its picture {name} is larger than any of ours")
    try:
        content = base64.b64decode(uri.removeprefix(_URI), validate=True)
    except binascii.Error as error:
        raise ValueError(f"its picture {name} is damaged") from error
    if png_size(content) != (width, height):
        raise ValueError(f"its picture {name} is not as large as the page says")
    a, b, c, d, e, f = _numbers(values["data-grid"], 6)
    return Picture(
        id=name,
        content=content,
        width=width,
        height=height,
        to_grid=(a, b, c, d, e, f),
        averaged=int(values["data-averaged"]),
        delivered=values["data-delivered"] == "true",
    )


def _numbers(text: str, count: int) -> list[float]:
    numbers = [float(part) for part in text.split()]
    if len(numbers) != count:
        raise ValueError("it says no place of a picture")
    return numbers
