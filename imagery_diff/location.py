"""How far something may lie from where an image says it lies on the earth.

Root mean square distances, both directions together. What a provider states as a circle holding so many of a hundred
is brought to that by the law of Rayleigh.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imagery_diff.aoi import AOI
    from imagery_diff.pair_fit import Fit
    from imagery_diff.scene import SceneInfo

_CE95 = 1.731
"""Radius of the circle that holds 95 of 100, times the root mean square: sqrt(-ln 0.05)."""
_STATED_M = {"PlanetScope": 10.0, "Sentinel-2": 20.0 / _CE95}
"""Beginning of a product's name -> its location, metres. PlanetScope: at most 10 m RMSE
(https://support.planet.com/hc/en-us/articles/360016420313). Sentinel-2: 20 m for 95 of 100 without control points,
12.5 m with (ESA's mission requirements, GMES-GSEG-EOPG-TN-09-0008); a product does not say which, so the former. Of
others nothing is stated that we have seen."""


def of_image(info: SceneInfo) -> float | None:
    """Return how far an image may lie off, metres; None where its provider states nothing, or did not tie it."""
    if info.secondary or info.ground_control is False or info.level.radar:
        return None
    return next((m for name, m in _STATED_M.items() if info.product.startswith(name)), None)


def of_findings(infos: Sequence[SceneInfo], ground: AOI | None, fit: Fit | None) -> float | None:
    """Return how far what was found in some images may lie from where it is said to lie, metres; None = not known.

    Either the images tell, or the outlines they were fitted to do: of both the better. The images of a pair meet half
    way, and what is wrong with them may be wrong with both, so their errors are not averaged away.
    """
    if any(info.grid.crs is None for info in infos):
        return None
    images = [of_image(info) for info in infos]
    known = [m for m in images if m is not None]
    ways = [math.sqrt(sum(m**2 for m in known) / len(known))] if known and len(known) == len(images) else []
    if fit is not None and fit.fitted and fit.open_deg is None and ground is not None and ground.accuracy_m is not None:
        ways.append(math.hypot(ground.accuracy_m, fit.residual_m or 0.0, fit.error_m or 0.0))
    return min(ways, default=None)
