"""The pictures of a series, zone by zone and look by look: made once, kept in its page, and read out of it again."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import numpy as np

from imagery_diff import mark
from imagery_diff.result_series import NA, NO, UNKNOWN, YES
from imagery_diff.write.panels import Stretch
from imagery_diff.write.pictures import png_of, png_size
from imagery_diff.write.report.page import data_uri
from imagery_diff.write.timeline_contact import shown_chip, stretch_of_series

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from imagery_diff.result_series import Cell, Timeline

    Key = tuple[str, int]
    """Zone and look."""

_MOST_BYTES = 4_500_000
"""Chips take no more of a page than this; what has no room stands in contact_sheet.png."""
_MOST_PIXELS = 20_000_000
"""Of one chip: more do not pack into as many bytes."""
_URI = "data:image/png;base64,"


@dataclass(frozen=True, kw_only=True)
class Chips:
    """Pictures at the frame's own pixels, under one stretch."""

    uris: Mapping[Key, str]
    """PNG, as it stands in the page."""
    left_out: frozenset[Key]
    """Those for which the page had no room."""
    stretch: str
    """In which colours and between which limits they are shown."""
    where: str = "in contact_sheet.png"
    """What stands in place of a picture that was left out."""

    def png(self, key: Key) -> bytes | None:
        """Return a picture as PNG; None where there is none."""
        uri = self.uris.get(key)
        return None if uri is None else base64.b64decode(uri.removeprefix(_URI), validate=True)


def chips_of(found: Timeline) -> Chips:
    """Make the pictures as far as there is room: what was seen first, then what is unknown, then the rest."""
    cells = {(cell.zone.name, cell.look): cell for cell in found.cells}
    stretch = stretch_of_series(found)
    keys = sorted((key for key in found.chips if key in cells), key=lambda key: (_rank(cells[key]), key[1]))
    made: dict[Key, str] = {}
    room = _MOST_BYTES
    for key in keys:
        colours = np.round(255 * shown_chip(found.chips[key], stretch, (0, 0), 1)).astype(np.uint8)
        info = found.looks[key[1] - 1].info
        if info.simulated:
            colours = np.moveaxis(mark.stamp(np.moveaxis(colours, -1, 0)), 0, -1)
        uri = data_uri(png_of(colours, info.credit or f"{info.name}: credit unknown", simulated=info.simulated))
        room -= len(uri)
        if room < 0:
            break
        made[key] = uri
    return Chips(uris=made, left_out=frozenset(set(keys) - set(made)), stretch=_words(found, stretch))


def _words(found: Timeline, stretch: tuple[NDArray[np.float32], NDArray[np.float32], list[int]]) -> str:
    """Say the limits of the stretch."""
    low, high, bands = stretch
    names = tuple(found.names[band] for band in bands)
    limits = Stretch(bands=tuple(bands), names=names, low=low.astype(float), high=high.astype(float)).limits()
    units = "; ".join(dict.fromkeys(look.info.units for look in found.looks if look.refused is None))
    kind = "true colour" if len(bands) > 1 else "grey"
    return f"{kind}, linear, one stretch for all looks, in the numbers of one of them: {limits} ({units})"


def _rank(cell: Cell) -> int:
    ranks = {YES: 0, UNKNOWN: 1, NO: 2}
    return min((ranks[state] for state in cell.states.values() if state != NA), default=3)


def chips_in(page: bytes) -> Chips:
    """Read the pictures of a series out of its page; nothing else of it is read, all is doubted.

    Raises
    ------
    ValueError
        If it is no page of a series as this version writes them.

    """
    reader = _Reader()
    reader.feed(page.decode("utf-8", errors="strict"))
    reader.close()
    if not reader.stretch:
        raise ValueError("it holds no pictures of a series")
    return Chips(uris=reader.uris, left_out=frozenset(reader.left_out), stretch=reader.stretch)


class _Reader(HTMLParser):
    """Collects the images that name a zone and a look."""

    def __init__(self) -> None:
        super().__init__()
        self.uris: dict[Key, str] = {}
        self.left_out: set[Key] = set()
        self.stretch = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a picture, or that it was left out."""
        values = {name: value or "" for name, value in attrs}
        self.stretch = values.get("data-stretch", self.stretch)
        if "data-look" not in values:
            return
        key = (values["data-of"], int(values["data-look"]))
        if tag == "image":
            self.uris[key] = _checked(values["href"], key)
        else:
            self.left_out.add(key)

    handle_startendtag = handle_starttag


def _checked(uri: str, key: Key) -> str:
    if not uri.startswith(_URI) or len(uri) > _MOST_BYTES:
        raise ValueError(f"its picture of {key[0]!r:.40} is none of ours")
    try:
        width, height = png_size(base64.b64decode(uri.removeprefix(_URI), validate=True))
    except binascii.Error as error:
        raise ValueError(f"its picture of {key[0]!r:.40} is damaged") from error
    if width * height > _MOST_PIXELS:
        raise ValueError(f"its picture of {key[0]!r:.40} is larger than any of ours")
    return uri
