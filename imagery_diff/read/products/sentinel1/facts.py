"""What is true of every Sentinel-1 image of a mode, and what a reader must know of one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imagery_diff.read.products.sentinel1.annotation import Annotation
    from imagery_diff.read.products.sentinel1.geolocation import Placement
    from imagery_diff.read.products.sentinel1.source import Channel

_RESOLUTION_M = {
    ("SM", "H"): (23, 23),
    ("SM", "M"): (84, 84),
    ("SM", "F"): (9, 9),
    ("IW", "H"): (20, 22),
    ("IW", "M"): (88, 87),
    ("EW", "H"): (50, 50),
    ("EW", "M"): (93, 87),
}
"""Along range and azimuth, by mode and class (ESA, Sentinel-1 Product Definition,
S1-RS-MDA-52-7440, table of GRD products)."""
_SHIP_M_S = 5.0
"""Ten knots."""


def resolution_m(mode: str, kind: str, spacing_m: float) -> float:
    """Return what a GRD tells apart; where the mode is not known twice its pixels, as in the others.

    Examples
    --------
    >>> resolution_m("IW", "GRDH", 10.0), resolution_m("S3", "GRDH", 10.0), resolution_m("", "GRD", 40.0)
    (22.0, 23.0, 80.0)

    """
    known = _RESOLUTION_M.get((_mode(mode), kind[3:4]))
    return float(max(known)) if known else 2 * spacing_m


def _mode(mode: str) -> str:
    """Return the mode of a beam: stripmap has six."""
    return "SM" if mode.startswith("S") else mode


def credit(year: int) -> str:
    """Return the wording of the Copernicus licence."""
    return f"Contains modified Copernicus Sentinel data {year}"


def notes_of(
    told: Annotation, placement: Placement, channels: Sequence[Channel], height_m: float, version: str | None
) -> list[str]:
    """Say what was taken for granted, or checked."""
    angles = told.points.incidence_deg
    taken = "thermal noise was taken off by its table; where that leaves less than nothing it stays so"
    if told.noise_removed:
        taken = "thermal noise was taken off before delivery, and not again"
    elif any(c.calibration.noise is None for c in channels):
        taken = "no table of thermal noise for every band"
    notes = [
        f"sigma nought by the calibration table; {taken}" + (f" (IPF {version.lstrip('0')})" if version else ""),
        (
            f"laid on UTM by its {angles.size} geolocation points brought to {height_m:.0f} m above the ellipsoid (its "
            f"low ground lies at {told.points.low_m:.0f} m): points left out are met to {placement.rms_m:.2g} m (root "
            f"mean square; worst {placement.worst_m:.2g} m)"
        ),
        f"incidence {angles.min():.0f} to {angles.max():.0f} degrees",
        "samples in range and azimuth interpolated linearly in power",
    ]
    if told.beam is not None:
        ghosts = ", ".join(f"{n} {d / 1000:.2f} km" for n, d in told.beam.ambiguities_m.items())
        notes.append(f"azimuth ambiguities of bright targets lie before and behind them by: {ghosts}")
    return notes


def caveats_of(
    name: str, told: Annotation, channels: Sequence[Channel], height_m: float, kind: str, *, old_noise: bool
) -> list[str]:
    """Say what about the scene is doubtful."""
    angles = told.points.incidence_deg
    # Of both dates of a pair alike: told once.
    what = f"Sentinel-1 {told.mode} {kind}"
    lean = [1 / math.tan(math.radians(float(a))) for a in (angles.max(), angles.min())]
    found = [
        (
            f"{what}: not corrected for terrain: laid on {height_m:.0f} m above the ellipsoid, what stands higher is "
            f"shown too near to the satellite by {lean[0]:.1f} to {lean[1]:.1f} times as much (layover), and hides "
            "what lies behind it; the file's own heights count from the sea, which lies tens of metres off the "
            "ellipsoid: --height gives the place's, that above the sea and the geoid's together"
        )
    ]
    known = _RESOLUTION_M.get((_mode(told.mode), kind[3:4]))
    if known:
        found.append(
            f"{what}: tells about {known[0]} x {known[1]} m apart (range x azimuth), whatever its pixels of "
            f"{max(told.spacing_m):g} m"
        )
    if told.beam is not None:
        drift = _SHIP_M_S * float(told.beam.ranges_m.mean()) / told.beam.speed_m_s
        found.append(
            f"{what}: a ship under way is shown beside its place, along the flight: about {drift:.0f} m at "
            f"{_SHIP_M_S:g} m/s towards or from the radar"
        )
    if not told.noise_removed and any(c.calibration.noise is None for c in channels):
        found.append(
            f"{name}: thermal noise could not be taken off: dark water is too bright, more so between sub-swaths"
        )
    elif old_noise:
        found.append(
            f"{name}: noise is of the old kind (IPF before 2.90), without azimuth: weak stripes may be left on "
            "water, and noise along the borders of the image"
        )
    return found
