"""Outlines as SVG paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import shapely

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

SIMPLER_PX = 0.15
"""Corners nearer to a line than this, pixels, are left out of what is drawn."""


def path_of(drawn: BaseGeometry | None, *, pixel: float = 1.0, digits: int = 1) -> str:
    """Write the polygons of an outline as the ``d`` of an SVG path; nothing for none.

    Parameters
    ----------
    drawn
        In the units of the drawing.
    pixel
        Size of an image's pixel in those units.
    digits
        Decimals that are written.

    """
    if drawn is None or drawn.is_empty:
        return ""
    rings = [
        ring
        for part in shapely.get_parts(shapely.simplify(drawn, SIMPLER_PX * pixel))
        if part.geom_type == "Polygon"
        for ring in (part.exterior, *part.interiors)
    ]
    return " ".join(
        "M" + "L".join(f"{x:.{digits}f} {y:.{digits}f}" for x, y in ring.coords[:-1]) + "Z" for ring in rings
    )
