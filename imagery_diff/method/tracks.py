"""Evidence along railway tracks: a train is one pixel wide and a hundred long.

A car three metres wide under a point spread of the same size keeps a third of its contrast, less than standing ground
may differ by. But a train differs all along its track, and an unchanged track does so only here and there: the mean of
the evidence along the track tells them apart (a matched filter, as in road detection; Fischler, Tenenbaum and Wolf
1981, 10.1016/0146-664X(81)90056-9).

Assumption: tracks are drawn, as zones whose long sides run along them. Broken by: a train much shorter than the filter;
a shadow that moved along a track.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import scipy  # scipy.signal takes a fifth of a second to load, and few pairs have tracks
from shapely import LineString, distance, get_coordinates, points

from imagery_diff.method.zones import inside

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from imagery_diff.grid import Grid

    Floats = NDArray[np.float32]
    Places = NDArray[np.intp]

_ACROSS_PX = 0.7
"""Standard deviation across the track, pixels: the evidence of one pixel, blurred."""
_MOST = 10.0
"""Evidence counts no higher, or one white van were a train."""
_BIN_DEG = 5.0
"""Tracks closer in direction than this share a filter."""


def along_tracks(strength: Floats, tracks: Iterable[BaseGeometry], grid: Grid, *, sigma_px: float) -> Floats:
    """Average the evidence along the tracks.

    Parameters
    ----------
    strength
        (row, col), evidence.
    tracks
        Outlines of rail zones, map units; the sides of each run along its tracks.
    grid
        Of the evidence.
    sigma_px
        Standard deviation of the Gaussian mean along the track, pixels.

    Returns
    -------
    (row, col), 0 off the tracks.

    """
    clipped = np.minimum(strength, np.float32(_MOST))
    out = np.zeros(strength.shape, np.float32)
    for run in runs_along(tracks, grid):
        mean = _mean_along(clipped, (run.rows, run.cols), run.angle, sigma_px)
        out[run.rows, run.cols] = np.maximum(out[run.rows, run.cols], mean)
    return out


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """Pixels of a track that run one way."""

    rows: Places
    cols: Places
    """(pixel,)"""
    angle: float
    """Radians, from columns to rows."""


def runs_along(tracks: Iterable[BaseGeometry], grid: Grid) -> Iterator[Run]:
    """Take outlines of rail zones, map units, apart into runs of pixels that go one way."""
    for track in tracks:
        rows, cols = np.nonzero(inside(track, grid))
        if not rows.size:
            continue
        bins = _direction_bins(track, rows, cols, grid)
        for b in np.unique(bins):
            here = bins == b
            yield Run(rows=rows[here], cols=cols[here], angle=float(np.radians(b * _BIN_DEG)))


def _direction_bins(track: BaseGeometry, rows: Places, cols: Places, grid: Grid) -> NDArray[np.int_]:
    """Return for every pixel the direction of the nearest long side of its zone, in bins, (pixel,)."""
    sides = []
    for part in getattr(track, "geoms", [track]):
        width = 2.0 * part.area / max(part.length, 1e-9)
        corners = get_coordinates(part.exterior.simplify(width / 4))
        # The ends of a strip are as long as it is wide; they do not run along the track.
        found = [(a, b) for a, b in pairwise(corners) if np.hypot(*(b - a)) > 1.2 * width]
        sides += found or list(pairwise(corners))
    t = grid.transform
    centres = points(t.c + (cols + 0.5) * t.a + (rows + 0.5) * t.b, t.f + (cols + 0.5) * t.d + (rows + 0.5) * t.e)
    nearest = np.argmin([distance(LineString([a, b]), centres) for a, b in sides], axis=0)
    # In pixels: columns run east, rows the way the grid's lines run.
    steps = np.array([((b - a)[0] / t.a, (b - a)[1] / t.e) for a, b in sides])
    angles = np.degrees(np.arctan2(steps[:, 1], steps[:, 0])) % 180.0
    bins: NDArray[np.int_] = np.round(angles / _BIN_DEG).astype(int) % round(180.0 / _BIN_DEG)
    return np.asarray(bins[nearest])


def _mean_along(image: Floats, at: tuple[Places, Places], angle: float, sigma_px: float) -> NDArray[np.float32]:
    """Gaussian mean along a direction (columns to rows), read at some pixels."""
    reach = int(np.ceil(3 * sigma_px))
    window = tuple(slice(max(0, int(i.min()) - reach), int(i.max()) + reach + 1) for i in at)
    down, right = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    along = right * np.cos(angle) + down * np.sin(angle)
    across = down * np.cos(angle) - right * np.sin(angle)
    kernel = np.exp(-0.5 * (along / sigma_px) ** 2 - 0.5 * (across / _ACROSS_PX) ** 2)
    smooth = scipy.signal.oaconvolve(image[window], (kernel / kernel.sum()).astype(np.float32), mode="same")
    read: NDArray[np.float32] = smooth[at[0] - window[0].start, at[1] - window[1].start].astype(np.float32)
    return read
