"""How steeply the straight edges of an image rise: what tells its point spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates, maximum_filter, uniform_filter

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    Values = NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Edges:
    """Straight strong edges of an image."""

    rise_px: Values
    """From 10 to 90 % of the step, per edge."""
    overshoot: Values
    """Beyond the bright side, share of the step, per edge."""
    undershoot: Values
    """Below the dark side."""
    profile: Values
    """Median profile, step from 0 to 1, at `OFFSETS_PX`."""


OFFSETS_PX = np.arange(-8.0, 8.01, 0.1)


def edges(grey: Values, minimum: float = 35.0, most: int = 4000) -> Edges:
    """Measure straight edges whose step is at least ``minimum`` grey levels, at so many places at most."""
    rows, cols, normals = _edge_points(grey, minimum, most)
    rise, over, under, profiles = [], [], [], []
    for row, col, (ny, nx) in zip(rows, cols, normals, strict=True):
        profile = _profile(grey, row, col, ny, nx)
        dark, bright = profile[(OFFSETS_PX < -4) & (OFFSETS_PX > -7.5)], profile[(OFFSETS_PX > 4) & (OFFSETS_PX < 7.5)]
        step = np.median(bright) - np.median(dark)
        if step < minimum or max(dark.std(), bright.std()) > 0.07 * step:
            continue
        unit = (profile - np.median(dark)) / step
        centre = int(np.argmin(np.abs(unit - 0.5) + 0.05 * np.abs(OFFSETS_PX)))
        up = np.flatnonzero(unit[centre:] >= 0.9)
        down = np.flatnonzero(unit[: centre + 1] <= 0.1)
        if not len(up) or not len(down):
            continue
        rise.append((centre + up[0] - down[-1]) * 0.1)
        over.append(unit[centre : centre + 45].max() - 1.0)
        under.append(-unit[max(0, centre - 45) : centre].min())
        profiles.append(np.interp(OFFSETS_PX, OFFSETS_PX - OFFSETS_PX[centre], unit))
    curve = np.median(profiles, axis=0) if profiles else np.full(OFFSETS_PX.shape, np.nan)
    return Edges(rise_px=np.array(rise), overshoot=np.array(over), undershoot=np.array(under), profile=curve)


def _edge_points(grey: Values, minimum: float, most: int) -> tuple[Values, Values, list[tuple[float, float]]]:
    """Ridge points of the gradient where its direction holds over 11 px; evenly thinned to ``most``."""
    smooth = gaussian_filter(grey, 1.0)
    gy, gx = np.gradient(smooth)
    xx, yy, xy = (uniform_filter(p, 11) for p in (gx * gx, gy * gy, gx * gy))
    coherence = np.hypot(xx - yy, 2 * xy) / np.maximum(xx + yy, 1e-6)
    size = np.hypot(gx, gy)
    good = (coherence > 0.96) & (size > minimum / 6.0) & (size >= maximum_filter(size, 3))
    good[:12], good[-12:], good[:, :12], good[:, -12:] = False, False, False, False
    rows, cols = np.nonzero(good)
    keep = np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(int) if len(rows) else np.array([], int)
    rows, cols = rows[keep], cols[keep]
    return rows, cols, [(gy[r, c] / size[r, c], gx[r, c] / size[r, c]) for r, c in zip(rows, cols, strict=True)]


def _profile(grey: Values, row: int, col: int, ny: float, nx: float) -> Values:
    """Along the gradient, averaged over seven parallel lines one pixel apart (the normal from a longer base line)."""
    along = np.arange(-3, 4)[:, None]
    y = row + ny * OFFSETS_PX[None] + nx * along
    x = col + nx * OFFSETS_PX[None] - ny * along
    return np.asarray(map_coordinates(grey, [y, x], order=1, mode="nearest").mean(axis=0))
