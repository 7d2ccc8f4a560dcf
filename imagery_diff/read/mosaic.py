"""Several strips of one pass as one image: laid over each other in the order given, the seams kept out of the evidence.

A strip is what one shutter or one line of frames saw; its neighbours follow within seconds and differ in brightness
and, by a pixel or so, in place. So a seam has edges that no thing has: along it nothing is said.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from affine import Affine
from scipy import ndimage

from imagery_diff.errors import InputError
from imagery_diff.grid import Grid
from imagery_diff.read.raster import MAX_SIDE_PX
from imagery_diff.scene import Flag, Origin, Scene

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from imagery_diff.scene import PixelSource, SceneInfo

ONE_PASS_S = 300.0
"""Strips of one pass lie closer in time, seconds (house.md section 6)."""
SEAM_PX = 2
"""Pixels to each side of a seam of which nothing is said: two strips lie on each other to a pixel or two."""
_WHOLE_PX = 0.02
"""By how much of a pixel two strips may lie beside a common lattice."""
_BLANK = np.uint8(Flag.NODATA | Flag.OUTSIDE)


@dataclass(frozen=True, kw_only=True)
class MosaicSource:
    """The pixels of several sources on one lattice; where two overlap the first that shows something is taken."""

    parts: tuple[PixelSource, ...]
    grids: tuple[Grid, ...]
    corners: tuple[tuple[int, int], ...]
    """Where the first pixel of each part lies, row and column of the whole."""
    grid: Grid

    def read(self, row: int, col: int, shape: tuple[int, int], bands: tuple[int, ...]) -> Scene:
        """Read a rectangle inside the image; see :class:`imagery_diff.scene.PixelSource`."""
        # As far around as a seam reaches, so that a window knows the seams beside it.
        rows, cols = self.grid.shape
        top, left = max(row - SEAM_PX, 0), max(col - SEAM_PX, 0)
        size = (min(row + shape[0] + SEAM_PX, rows) - top, min(col + shape[1] + SEAM_PX, cols) - left)
        data = np.zeros((len(bands), *size), np.float32)
        flags = np.full(size, np.uint8(Flag.NODATA))
        owner = np.full(size, -1, np.int16)
        for number, part in enumerate(self.parts):
            self._lay(number, part, (top, left), bands, (data, flags, owner))
        flags[_seams(owner)] |= np.uint8(Flag.EDGE)
        inside = np.s_[row - top : row - top + shape[0], col - left : col - left + shape[1]]
        return Scene(data=data[:, inside[0], inside[1]], flags=flags[inside], grid=self.grid.window(row, col, shape))

    def as_stored(self) -> MosaicSource:
        """Return the same source in the files' own numbers, without their masks."""
        stored = [getattr(part, "as_stored", lambda part=part: part)() for part in self.parts]
        return replace(self, parts=tuple(stored))

    def _lay(
        self,
        number: int,
        part: PixelSource,
        corner: tuple[int, int],
        bands: tuple[int, ...],
        into: tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.int16]],
    ) -> None:
        """Lay one part where nothing lies yet."""
        data, flags, owner = into
        down, right = self.corners[number][0] - corner[0], self.corners[number][1] - corner[1]
        height, width = self.grids[number].shape
        first = (max(down, 0), max(right, 0))
        last = (min(down + height, flags.shape[0]), min(right + width, flags.shape[1]))
        if last[0] <= first[0] or last[1] <= first[1]:
            return
        here = np.s_[first[0] : last[0], first[1] : last[1]]
        free = owner[here] < 0
        if not free.any():
            return
        scene = part.read(first[0] - down, first[1] - right, free.shape, bands)
        taken = free & ((scene.flags & _BLANK) == 0)
        owner[here][taken] = number
        flags[here][taken] = scene.flags[taken]
        data[:, here[0], here[1]][:, taken] = scene.data[:, taken]


def _seams(owner: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Return what lies within reach of a pixel of another part; (row, col)."""
    seen = owner >= 0
    side = 2 * SEAM_PX + 1
    highest = ndimage.maximum_filter(owner, side, mode="nearest")
    lowest = ndimage.minimum_filter(np.where(seen, owner, np.int16(np.iinfo(np.int16).max)), side, mode="nearest")
    return np.asarray(seen & (highest != lowest))


def join(infos: Sequence[SceneInfo], name: str) -> SceneInfo:
    """Join strips of one pass.

    Parameters
    ----------
    infos
        In the order in which they are laid: the first lies on top.
    name
        Of what the user gave, for messages.

    Raises
    ------
    InputError
        If they are not of one product and one pass, or do not lie on one lattice.

    """
    first = infos[0]
    _refuse_unlike(infos, name)
    grid, corners = _lattice([info.grid for info in infos], name)
    times = [info.acquired for info in infos if info.acquired is not None]
    order = " over ".join(info.scene_id or info.name for info in infos)
    return replace(
        first,
        name=name,
        grid=grid,
        source=MosaicSource(
            parts=tuple(info.source for info in infos),
            grids=tuple(info.grid for info in infos),
            corners=tuple(corners),
            grid=grid,
        ),
        acquired=_middle(times) if len(times) == len(infos) else None,
        scene_id=first.scene_id,
        ground_control=_all_tied(infos),
        cloud_masked=all(info.cloud_masked for info in infos),
        simulated=first.simulated,
        credit=first.credit if len({info.credit for info in infos}) == 1 else None,
        files=tuple(dict.fromkeys(file for info in infos for file in info.files)),
        origin=_origin(infos, name),
        notes=(
            *dict.fromkeys(note for info in infos for note in info.notes),
            f"{len(infos)} strips of one pass, laid {order}; {SEAM_PX} pixels to each side of a seam count as not seen",
        ),
        caveats=tuple(dict.fromkeys(caveat for info in infos for caveat in info.caveats)),
    )


def _origin(infos: Sequence[SceneInfo], name: str) -> Origin | None:
    """Say how strips were come by; None where that is not known of one."""
    known = tuple(info.origin for info in infos if info.origin is not None)
    if len(known) != len(infos):
        return None
    files = tuple(dict.fromkeys(file for one in known for file in one.files))
    return Origin(kind="strips", path=Path(name), files=files, strips=known)


def of_one_pass(infos: Sequence[SceneInfo]) -> bool:
    """Say whether scenes were taken within minutes of each other; False where a time is not known."""
    times = [info.acquired for info in infos]
    known = [t for t in times if t is not None]
    return len(known) == len(times) and (max(known) - min(known)).total_seconds() < ONE_PASS_S


def _refuse_unlike(infos: Sequence[SceneInfo], name: str) -> None:
    """Refuse strips whose numbers or times differ."""
    first = infos[0]
    for info in infos[1:]:
        unlike = [
            word
            for word, same in (
                ("bands", [b.name for b in info.bands] == [b.name for b in first.bands]),
                ("level", info.level is first.level),
                ("being rendered", info.simulated == first.simulated),
                ("coordinate system", info.grid.crs == first.grid.crs),
            )
            if not same
        ]
        if unlike:
            raise InputError(
                f"{name}: {first.name} and {info.name} differ in {' and '.join(unlike)} and cannot be one image; "
                "give strips of one product"
            )
    if not of_one_pass(infos):
        times = ", ".join(
            f"{i.name} {i.acquired:%Y-%m-%d %H:%M:%S}" if i.acquired else f"{i.name} ?" for i in infos[:4]
        )
        raise InputError(
            f"{name}: holds {len(infos)} images that are not known to be of one pass ({times}); one date is one pass, "
            "within five minutes: name the image, or list the strips of one pass"
        )


def _lattice(grids: Sequence[Grid], name: str) -> tuple[Grid, list[tuple[int, int]]]:
    """Return the grid that holds all, and where each begins in it."""
    first = grids[0]
    places = []
    for grid in grids:
        t, u = grid.transform, first.transform
        row, col = first.rowcol(*grid.xy(0.0, 0.0))
        alike = all(math.isclose(getattr(t, k), getattr(u, k), rel_tol=1e-6, abs_tol=1e-9) for k in "abde")
        if not alike or max(abs(row - round(row)), abs(col - round(col))) > _WHOLE_PX:
            raise InputError(
                f"{name}: the strips do not lie on one lattice of pixels; order them in one coordinate system, or join "
                "them yourself (in QGIS: Raster, Merge)"
            )
        places.append((round(row), round(col)))
    top, left = min(p[0] for p in places), min(p[1] for p in places)
    rows = max(p[0] + g.shape[0] for p, g in zip(places, grids, strict=True)) - top
    cols = max(p[1] + g.shape[1] for p, g in zip(places, grids, strict=True)) - left
    if max(rows, cols) > MAX_SIDE_PX:
        raise InputError(f"{name}: the strips lie {cols} x {rows} pixels apart; give those of one place")
    t = first.transform
    x, y = first.xy(top, left)
    whole = Grid(crs=first.crs, transform=Affine(t.a, t.b, x, t.d, t.e, y), shape=(rows, cols))
    return whole, [(row - top, col - left) for row, col in places]


def _middle(times: Sequence[dt.datetime]) -> dt.datetime:
    """Return the moment halfway between the first and the last."""
    return min(times) + (max(times) - min(times)) / 2


def _all_tied(infos: Sequence[SceneInfo]) -> bool | None:
    """Say whether all strips were tied to the ground; None where that is not told of one."""
    told = [info.ground_control for info in infos]
    if False in told:
        return False
    return None if None in told else True
