"""How a radar looked at a place: along which direction its ghosts lie, and how far.

A bright target shows again, some 25 to 30 dB weaker, where its Doppler frequency is that of another place plus or minus
the pulse rate: lambda PRF R / (2 V) along the line of flight (Curlander and McDonough 1991, section 6.5; for
Sentinel-1 some 5 km). A ship that moves towards the radar with v is shown R / V times v beside its place, along the
line of flight (Raney 1971, 10.1109/TAES.1971.310292).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from imagery_diff.scene import RadarLook

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.read.products.sentinel1.geolocation import TiePoints


@dataclass(frozen=True, kw_only=True)
class Swath:
    """One sub-swath of an image."""

    name: str
    first: float
    """First sample."""
    last: float
    prf_hz: float
    """Pulses a second."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Beam:
    """See :class:`imagery_diff.scene.RadarView`."""

    wavelength_m: float
    speed_m_s: float
    """Of the satellite."""
    swaths: tuple[Swath, ...]
    to_line: NDArray[np.float64]
    """(3,), of 1, x, y: the line, to some hundred metres."""
    to_pixel: NDArray[np.float64]
    pixels: NDArray[np.float64]
    """(n,), samples at which ``ranges_m`` and ``incidences_deg`` are known."""
    ranges_m: NDArray[np.float64]
    incidences_deg: NDArray[np.float64]

    @classmethod
    def of(cls, points: TiePoints, wavelength_m: float, speed_m_s: float, swaths: tuple[Swath, ...]) -> Self:
        """Take the geometry from the tie points."""
        x, y = points.laid_at(points.low_m)
        design = np.stack([np.ones(x.size), x.ravel(), y.ravel()], axis=1)
        to_line, to_pixel = (
            np.asarray(np.linalg.lstsq(design, v.ravel(), rcond=None)[0], np.float64)
            for v in (points.line, points.pixel)
        )
        return cls(
            wavelength_m=wavelength_m,
            speed_m_s=speed_m_s,
            swaths=swaths,
            to_line=to_line,
            to_pixel=to_pixel,
            pixels=np.median(points.pixel, axis=0),
            ranges_m=np.median(points.slant_range_m, axis=0),
            incidences_deg=np.median(points.incidence_deg, axis=0),
        )

    def at(self, x: float, y: float) -> RadarLook:
        """Return how the radar looked at a place of the scene's map."""
        pixel = float(self.to_pixel @ (1.0, x, y))
        reach = float(np.interp(pixel, self.pixels, self.ranges_m))
        return RadarLook(
            flight=_unit(self.to_line[1:]),
            away=_unit(self.to_pixel[1:]),
            incidence_deg=float(np.interp(pixel, self.pixels, self.incidences_deg)),
            ambiguity_m=self.wavelength_m * self._swath(pixel).prf_hz * reach / (2 * self.speed_m_s),
            drift_s=reach / self.speed_m_s,
        )

    def _swath(self, pixel: float) -> Swath:
        return min(self.swaths, key=lambda s: max(s.first - pixel, pixel - s.last, 0.0))

    @property
    def ambiguities_m(self) -> dict[str, float]:
        """Sub-swath -> how far a ghost lies from its target at the middle of it."""
        found = {}
        for swath in self.swaths:
            reach = float(np.interp((swath.first + swath.last) / 2, self.pixels, self.ranges_m))
            found[swath.name] = self.wavelength_m * swath.prf_hz * reach / (2 * self.speed_m_s)
        return found


def _unit(vector: NDArray[np.float64]) -> tuple[float, float]:
    size = float(np.hypot(*vector))
    return (float(vector[0]) / size, float(vector[1]) / size) if size > 0 else (0.0, 0.0)
