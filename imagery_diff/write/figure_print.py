"""A figure for print or screen out of a finished comparison: two panels, what they show, and whose they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from imagery_diff.write import drawing
from imagery_diff.write.drawing import COLOURS, MARKS, wrapped
from imagery_diff.write.panels import Frame
from imagery_diff.write.print_sheet import GAP_PX, GREY, Length, Origin, Print, Wanted, drawn, halo, letters
from imagery_diff.write.retold import SIDES, Retold
from imagery_diff.write.shown import Shown
from imagery_diff.write.words import stamp

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from imagery_diff.result import Region
    from imagery_diff.write.pictures import Pictures

_DASHES: dict[str, Any] = {"appeared": "-", "disappeared": (0, (5, 2)), "changed": (0, (1.2, 1.4))}
_RULED = {"appeared": ("after",), "disappeared": ("before",), "changed": SIDES}
"""Direction -> dates on which a thing stands, so that its length can be drawn beside it."""
_PANEL_PX = 1600
"""Side of the grid a panel is looked up on, at most: more than any of its formats shows."""


def figures(told: Retold, headline: str, pictures: Pictures, wanted: Wanted) -> dict[str, bytes]:
    """Draw a figure in every format that is wanted.

    Returns
    -------
    dict
        Format -> file; the same bytes for the same documents, pictures and libraries.

    """
    origin = Origin(credit=told.credit, stamp=stamp(told) if told.simulated else "")
    return drawn(lambda figure: _Pair(figure, told, Shown(pictures), wanted).draw(headline), origin, wanted)


class _Pair(Print):
    """One figure while it is drawn."""

    def __init__(self, figure: Figure, told: Retold, shown: Shown, wanted: Wanted) -> None:
        super().__init__(figure, wanted, stamp(told) if told.simulated else "")
        self.told, self.shown = told, shown
        self.regions: tuple[Region, ...] = told.kept
        if wanted.region is not None:
            self.regions = tuple(r for r in told.regions if r.id == wanted.region)

    def draw(self, headline: str) -> None:
        """Draw it all: the head, the foot, and the panels in what is left between them."""
        top = self._head(headline)
        bottom = self._foot()
        room = (self.margin, top, self.width - 2 * self.margin, bottom - top - 1.9 * self.letter)
        frame, places = self._laid(room)
        for side, (left, upper, wide, high) in zip(SIDES, places, strict=True):
            timezone = self.told.aoi.timezone if self.told.aoi else None
            dated = self.tongue.dated(side, getattr(self.told, side), timezone)
            self.text(dated, left, upper, weight="bold")
            axes = self.figure.add_axes(self.box(left, upper + 1.7 * self.letter, wide, high))
            self._panel(axes, side, frame)
            if side == SIDES[0] and self.wanted.region is not None:
                self._inset(axes, frame)
        left, upper, wide, high = places[-1]
        if self.wanted.region is None:
            self._below(upper + high + 2.7 * self.letter, bottom)

    def _below(self, top: float, bottom: float) -> None:
        """Say of regions what there is room for below the panels, whole sentences alone."""
        for region in self.regions:
            words = f"{MARKS[region.direction]}{region.id}  {self.tongue.description(region, self.told)}"
            lines = len(wrapped(words, (self.width - 2 * self.margin) * 0.97, self.letter, self.faces["normal"]))
            if top + 1.35 * self.letter * lines > bottom - self.letter:
                return
            top = self.paragraph(words, top) + 0.5 * self.letter

    def _head(self, headline: str) -> float:
        y = self.margin * 0.7
        if self.told.simulated:
            words = self.stamp
            beside = self.tongue.beside_stamp(words)
            words += f" ({beside})" if beside else ""
            y = self.paragraph(words, y, colour="#B00020", weight="bold")
        if self.wanted.region is not None:
            return self.paragraph(self.tongue.description(self.regions[0], self.told), y) + 0.5 * self.letter
        return self.paragraph(headline, y, size=1.5, weight="bold") + 0.5 * self.letter

    def _foot(self) -> float:
        """Write what must stand below; return where it begins."""
        lines = self.tongue.foot(self.told, self.shown.pictures)
        size = 0.8
        room = (self.width - 2 * self.margin) * 0.97
        rows = [row for line in lines for row in wrapped(line, room, size * self.letter, self.faces["normal"])]
        top = self.height - self.margin * 0.7 - 1.35 * size * self.letter * len(rows)
        for number, row in enumerate(rows):
            y = top + 1.35 * size * self.letter * number
            self.text(row, self.margin, y, size=size, colour=GREY)
        return top - 0.6 * self.letter

    def _laid(self, room: tuple[float, float, float, float]) -> tuple[Frame, list[tuple[float, float, float, float]]]:
        """Set two panels side by side, or below each other where they are larger then; the ground fills them."""
        left, top, wide, high = room
        gap, label = 1.2 * self.letter, 1.9 * self.letter
        beside = ((wide - gap) / 2, high)
        below = (wide, (high - label - gap) / 2)
        ground = self._ground()
        aspect = ground[3] / ground[2]

        def fits(panel: tuple[float, float]) -> float:
            return min(panel[0], panel[1] / aspect)

        stacked = fits(below) > fits(beside)
        panel = below if stacked else beside
        if self.wanted.region is None:
            scale = fits(panel)
            panel = (scale, scale * aspect)
        frame = self._frame(ground, panel)
        step = (0.0, panel[1] + label + gap) if stacked else (panel[0] + gap, 0.0)
        left += max(0.0, wide - panel[0] - step[0]) / 2
        return frame, [(left + n * step[0], top + n * step[1], *panel) for n in (0, 1)]

    def _ground(self) -> tuple[float, float, float, float]:
        """Return what is shown, metres: middle x and y in pixels of the grid, width and height on the ground."""
        across, down = self.told.grid.pixel_size_m
        if self.wanted.region is None:
            row, col, rows, cols = self.shown.pictures.frame
            return (col + cols / 2, row + rows / 2, cols * across, rows * down)
        left, top, right, bottom = drawing.to_pixels(self.regions[0].geometry, self.told.grid).bounds
        wide = max((right - left) * across, (bottom - top) * down)
        side = max(2.2 * wide, 80.0 if self.told.grid.crs else 40.0)
        return ((left + right) / 2, (top + bottom) / 2, side, side)

    def _frame(self, ground: tuple[float, float, float, float], panel: tuple[float, float]) -> Frame:
        """Widen the ground to the shape of a panel."""
        across, down = self.told.grid.pixel_size_m
        x, y, wide, high = ground
        scale = max(wide / panel[0], high / panel[1])
        cols, rows = panel[0] * scale / across, panel[1] * scale / down
        fine = min(1.0, _PANEL_PX / max(panel))
        return Frame(
            row=y - rows / 2,
            col=x - cols / 2,
            rows=rows,
            cols=cols,
            width=max(1, round(panel[0] * fine)),
            height=max(1, round(panel[1] * fine)),
        )

    def _panel(self, axes: Axes, side: str, frame: Frame) -> None:
        """Draw a date: its pixels, outlines, labels and lengths, scale bar and north."""
        close = self.wanted.region
        axes.imshow(self.shown.panel(side, frame, close=close), interpolation="nearest", aspect="auto")
        axes.set_xticks([])
        axes.set_yticks([])
        if self.told.simulated:
            self.across(axes, frame)
        for state in self.told.zones if close is None else ():
            self.outline(axes, drawing.to_pixels(state.zone.polygon, self.told.grid), frame, ("white", 0.6, "-"))
        for region in self.regions:
            self._region(axes, region, side, frame)
        self.scale(axes, frame, self.told.grid)
        self.north(axes, frame, self.told.grid)
        axes.set_xlim(-0.5, frame.width - 0.5)
        axes.set_ylim(frame.height - 0.5, -0.5)

    def _region(self, axes: Axes, region: Region, side: str, frame: Frame) -> None:
        """Draw a region a little outside its pixels, its mark and id, and its length where it stands."""
        shape = drawing.to_pixels(region.geometry, self.told.grid)
        parts = shapely.get_parts(shape.buffer(3 * GAP_PX).buffer(-2 * GAP_PX))
        around: Any = shapely.union_all([shapely.Polygon(part.exterior) for part in parts])
        colour = COLOURS[region.direction]
        self.outline(axes, around, frame, (colour, 1.6, _DASHES[region.direction]))
        corners = frame.to_panel(shapely.get_coordinates(around))
        x, y = corners[np.argmin(corners[:, 1])]
        style = letters(2, weight="bold", va="bottom", clip_on=True, zorder=6)
        label = f"{MARKS[region.direction]}{region.id}"
        axes.text(float(x), float(y), label, color=colour, fontsize=self.points, **style)
        one = not (region.under_way or region.several or region.length_is_lower_bound)
        if one and side in _RULED[region.direction] and self.wanted.region is not None:
            length = Length(told=region.length_m, low=region.length_low_m, high=region.length_high_m)
            self.bar(axes, shape, length, frame, self.told.grid)

    def _inset(self, axes: Axes, frame: Frame) -> None:
        """Show in a corner where in the place the crop lies."""
        row, col, rows, cols = self.shown.pictures.frame
        across, down = self.told.grid.pixel_size_m
        ratio = rows * down / (cols * across)
        box = axes.get_position()
        wide = 0.28 * box.width * min(1.0, 1 / ratio)
        high = wide * self.width * ratio / self.height
        inset = self.figure.add_axes((box.x1 - wide - 0.006, box.y0 + 0.01, wide, high))
        whole = Frame(row=row, col=col, rows=rows, cols=cols, width=400, height=max(1, round(400 * ratio)))
        inset.imshow(self.shown.panel("after", whole), interpolation="nearest", aspect="auto")
        corners = np.array([[frame.col, frame.row], [frame.col + frame.cols, frame.row + frame.rows]])
        (x0, y0), (x1, y1) = whole.to_panel(corners)
        inset.plot([x0, x1, x1, x0, x0], [y0, y0, y1, y1, y0], color="#F0E442", linewidth=1.4, path_effects=halo(1))
        inset.set_xlim(-0.5, whole.width - 0.5)
        inset.set_ylim(whole.height - 0.5, -0.5)
        inset.set_xticks([])
        inset.set_yticks([])
        for spine in inset.spines.values():
            spine.set(color="white", linewidth=1.5)
