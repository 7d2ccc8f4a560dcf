"""A figure for print or screen out of a finished timeline: one zone, or several, on one date after the other."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from imagery_diff.result_series import YES
from imagery_diff.write.drawing import measure, to_pixels, wrapped
from imagery_diff.write.panels import Frame
from imagery_diff.write.print_sheet import GAP_PX, Length, Origin, Print, Wanted, drawn, letters
from imagery_diff.write.retold import REJECTED
from imagery_diff.write.words import stamp_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from imagery_diff.write.report.chips import Chips
    from imagery_diff.write.retold_series import RetoldCell, RetoldLook, RetoldSeries, RetoldThing
    from imagery_diff.write.tongues import English

_MOST_LOOKS, _MOST_ZONES = {1: 8, 2: 6}, 4
"""Of one zone eight dates at most, of two six, of more five: letters must stay letters."""
_FEW_LOOKS = 5
_LINES = 2
_MARK = "#F0E442"
"""Okabe and Ito's yellow."""
_FINE_PX = 900
_LEAST_M = 80.0


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What of a series a figure shows."""

    zones: tuple[str, ...]
    looks: tuple[RetoldLook, ...]
    of: int
    """So many looks show these zones."""
    track: str | None
    """The thing it is cropped to; None = whole zones."""
    events: tuple[dict[str, Any], ...]
    """What is said above it."""


def shown(found: RetoldSeries, chips: Chips, name: str | None) -> Shown | None:
    """Choose what a figure shows.

    Parameters
    ----------
    name
        Id of an event or a thing, or the name of a zone; None = the zones in which something changed.

    Returns
    -------
    None where there is nothing of that name, or it was rejected, or no look shows it.

    """
    events = tuple(event for event in found.kept_events if name in {None, event["id"], event["track"], event["zone"]})
    tracks = [track for track in found.tracks if track.review != REJECTED]
    track = next(
        (t for t in tracks if name == t.id or any(e["id"] == name and e["track"] == t.id for e in events)), None
    )
    if track is not None:
        zones: list[str] = [track.zone]
    elif name in found.asked:
        zones = [str(name)]
    else:
        # Without a name the zones where something changed, else those where something was seen.
        seen = [key[0] for key, cell in found.cells.items() if cell.asked and cell.states[cell.asked] == YES]
        zones = [event["zone"] for event in events] or (seen if name is None else [])
    zones = [zone for zone in dict.fromkeys(zones) if zone in found.windows][:_MOST_ZONES]
    there = [look for look in found.looks if any((zone, look.number) in chips.uris for zone in zones)]
    if not there:
        return None
    most = _MOST_LOOKS.get(len(zones), _FEW_LOOKS)
    first = _worth(found, events, None if track is None else track.id)
    kept = sorted(there, key=lambda look: (first.get(look.number, math.inf), look.number))[:most]
    return Shown(
        zones=tuple(zones),
        looks=tuple(sorted(kept, key=lambda look: look.number)),
        of=len(there),
        track=None if track is None else track.id,
        events=events,
    )


def _worth(found: RetoldSeries, events: Sequence[dict[str, Any]], track: str | None) -> dict[int, int]:
    """Return looks by how much they show of what is told: those an event rests on, then those that show the thing."""
    times = {f"{look.time:%Y-%m-%dT%H:%M:%SZ}": look.number for look in found.looks}
    worth = {times[e[side]]: 0 for e in events for side in ("not_before", "not_after") if e[side] in times}
    for one in found.tracks:
        if one.id == track:
            worth = dict.fromkeys(range(one.first, one.last + 1), 1) | worth
    return worth


def figures(found: RetoldSeries, headline: str, chips: Chips, what: Shown, wanted: Wanted) -> dict[str, bytes]:
    """Draw a figure in every format that is wanted; format -> file."""
    stamp = stamp_of(found.images) if found.simulated else ""
    origin = Origin(credit=found.credit, stamp=stamp)
    return drawn(lambda figure: _Row(figure, found, chips, what, wanted).draw(headline), origin, wanted)


class _Row(Print):
    """One figure while it is drawn."""

    def __init__(self, figure: Figure, found: RetoldSeries, chips: Chips, what: Shown, wanted: Wanted) -> None:
        super().__init__(figure, wanted, stamp_of(found.images) if found.simulated else "")
        self.found, self.chips, self.what = found, chips, what

    def draw(self, headline: str) -> None:
        """Draw the head, the foot, and the dates in what is left between them."""
        y = self.margin * 0.7
        if self.stamp:
            y = self.paragraph(self.stamp, y, colour="#B00020", weight="bold")
            if beside := self.tongue.beside_stamp(self.stamp):
                y = self.paragraph(beside, y, colour="#B00020")
        if self.wanted.region is None or not self.what.events:
            y = self.paragraph(headline, y, size=1.5, weight="bold")
        bottom = self.foot(self.tongue.foot_of_series(self.found, self.chips.stretch, self.what.looks, self.what.of))
        for event in self.what.events if self.wanted.region is not None else ():
            said = self.tongue.event(event, self.found)
            lines = len(wrapped(said, (self.width - 2 * self.margin) * 0.97, self.letter, self.faces["normal"]))
            if y + 1.35 * self.letter * lines > self.height * 0.4:
                break
            y = self.paragraph(said, y)
        self._dates(y + 0.6 * self.letter, bottom)

    def _dates(self, top: float, bottom: float) -> None:
        """Lay out the panels: dates beside each other, of one zone in as many lines as make them largest."""
        zones, looks = self.what.zones, self.what.looks
        shape = max(self._aspect(zone) for zone in zones)
        number, gap = len(looks), 0.8 * self.letter
        title = 1.5 * self.letter if len(zones) > 1 else 0.0
        above, below = 1.6 * self.letter, (1.4 * _LINES + 0.4) * self.letter
        wide, high = self.width - 2 * self.margin, bottom - top - title * len(zones)

        def scale(columns: int) -> float:
            rows = math.ceil(number / columns) * len(zones)
            return min((wide - gap * (columns - 1)) / columns, (high / rows - above - below) / shape)

        choices = range(1, number + 1) if len(zones) == 1 else [number]
        columns = max(choices, key=scale)
        size = (scale(columns), scale(columns) * shape)
        left = self.margin + max(0.0, wide - columns * size[0] - (columns - 1) * gap) / 2
        for zone in zones:
            if title:
                self.text(self.found.title_of(zone), left, top, weight="bold")
                top += title
            for k, look in enumerate(looks):
                line = top + k // columns * (above + size[1] + below)
                self._date(zone, look, (left + (k % columns) * (size[0] + gap), line), size)
            top += math.ceil(number / columns) * (above + size[1] + below)

    def _aspect(self, zone: str) -> float:
        left, top, right, bottom = self._ground(zone)
        across, down = self.found.windows[zone].pixel_size_m
        return (bottom - top) * down / ((right - left) * across)

    def _date(self, zone: str, look: RetoldLook, place: tuple[float, float], size: tuple[float, float]) -> None:
        """Draw a zone on a look, its date above and what it shows below."""
        (left, top), (wide, high) = place, size
        cell = self.found.cells[zone, look.number]
        ways, face = self.tongue.days(look.time), self.faces["normal"]
        day = next((way for way in ways if measure(way, 0.9 * self.letter, face)[0] <= 0.86 * wide), ways[-1])
        self.text(day, left, top, size=0.9, weight="bold")
        axes = self.figure.add_axes(self.box(left, top + 1.6 * self.letter, wide, high))
        self._panel(axes, cell, size)
        said = self.tongue.state(cell, self.found)
        words = wrapped(f"{said[:1].upper()}{said[1:]}", wide, 0.85 * self.letter, face)
        if len(words) > _LINES:
            # All of it stands in the caption.
            words = [*words[: _LINES - 1], _begun(words[_LINES - 1], wide, 0.85 * self.letter, face)]
        for n, line in enumerate(words):
            self.text(line, left, top + (1.9 + 1.2 * n) * self.letter + high, size=0.85)

    def _panel(self, axes: Axes, cell: RetoldCell, size: tuple[float, float]) -> None:
        """Draw pixels, the zone's outline, things with their lengths, scale bar and north."""
        zone = cell.zone
        grid = self.found.windows[zone.name]
        frame = self._frame(zone.name, size)
        axes.set_facecolor("#d0d0d0")
        image = self._image(zone.name, cell.look)
        if image is None:
            unseen = self.tongue.not_seen()
            axes.text(frame.width / 2, frame.height / 2, unseen, ha="center", va="center", fontsize=self.points)
        else:
            corners = np.array([[0.0, 0.0], [grid.shape[1], grid.shape[0]]])
            (x0, y0), (x1, y1) = frame.to_panel(corners) - 0.5
            axes.imshow(image, interpolation="nearest", aspect="auto", extent=(x0, x1, y1, y0))
        if self.stamp:
            self.across(axes, frame)
        self.outline(axes, to_pixels(zone.polygon, grid), frame, ("white", 0.7, "-" if zone.located else (0, (4, 3))))
        for thing in cell.things:
            self._thing(axes, thing, frame, zone.name)
        self.scale(axes, frame, grid)
        self.north(axes, frame, grid)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_xlim(-0.5, frame.width - 0.5)
        axes.set_ylim(frame.height - 0.5, -0.5)

    def _image(self, zone: str, look: int) -> NDArray[np.uint8] | None:
        png = self.chips.png((zone, look))
        if png is None:
            return None
        with Image.open(io.BytesIO(png), formats=["PNG"]) as opened:
            if opened.size != self.found.windows[zone].shape[::-1]:
                raise ValueError("a picture is not as large as its zone")
            return np.asarray(opened.convert("RGB"))

    def _thing(self, axes: Axes, thing: RetoldThing, frame: Frame, zone: str) -> None:
        grid = self.found.windows[zone]
        shape = to_pixels(thing.outline, grid)
        self.outline(axes, shape.buffer(GAP_PX), frame, (_MARK, 1.5, "-"))
        corners = frame.to_panel(np.array([shape.bounds[:2]]))[0]
        if thing.track:
            style = letters(2, weight="bold", va="bottom", clip_on=True, zorder=6)
            axes.text(
                float(corners[0]), float(corners[1]), thing.track, color=_MARK, fontsize=0.9 * self.points, **style
            )
        if self.what.track == thing.track and thing.length_m and thing.length_high_m is not None:
            length = Length(told=thing.length_m, low=thing.length_low_m, high=thing.length_high_m)
            self.bar(axes, shape, length, frame, grid)

    def _ground(self, zone: str) -> tuple[float, float, float, float]:
        """Return what is shown, pixels: the whole zone, or the thing followed on all dates and as much around it."""
        grid = self.found.windows[zone]
        rows, cols = (float(side) for side in grid.shape)
        mine = [t for cell in self.found.cells.values() for t in cell.things if t.track == self.what.track]
        if self.what.track is None or not mine:
            return (0.0, 0.0, cols, rows)
        boxes = np.array([to_pixels(thing.outline, grid).bounds for thing in mine])
        (left, top), (right, bottom) = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
        across, down = grid.pixel_size_m
        half = max(1.1 * (right - left) * across, 1.1 * (bottom - top) * down, _LEAST_M / 2)
        x, y = (left + right) / 2, (top + bottom) / 2
        return (
            max(0.0, x - half / across),
            max(0.0, y - half / down),
            min(cols, x + half / across),
            min(rows, y + half / down),
        )

    def _frame(self, zone: str, size: tuple[float, float]) -> Frame:
        """Widen the ground to the shape of a panel."""
        grid = self.found.windows[zone]
        across, down = grid.pixel_size_m
        left, top, right, bottom = self._ground(zone)
        scale = max((right - left) * across / size[0], (bottom - top) * down / size[1])
        cols, rows = size[0] * scale / across, size[1] * scale / down
        fine = min(1.0, _FINE_PX / max(size))
        return Frame(
            row=(top + bottom - rows) / 2,
            col=(left + right - cols) / 2,
            rows=rows,
            cols=cols,
            width=max(1, round(size[0] * fine)),
            height=max(1, round(size[1] * fine)),
        )


def _begun(line: str, wide: float, letter: float, face: str) -> str:
    """Cut a line where its end does not fit, at a word."""
    while " " in line and measure(f"{line} \N{HORIZONTAL ELLIPSIS}", letter, face)[0] > wide:
        line = line.rsplit(" ", maxsplit=1)[0]
    return f"{line} \N{HORIZONTAL ELLIPSIS}"


def look_lines(found: RetoldSeries, what: Shown, tongue: English) -> list[str]:
    """Say of every date shown what it shows, for the caption."""
    return [
        f"{found.title_of(zone)}, {tongue.moment(look.time, found.zones[zone].timezone or found.timezone)}:"
        f" {tongue.state(found.cells[zone, look.number], found)}."
        for zone in what.zones
        for look in what.looks
    ]
