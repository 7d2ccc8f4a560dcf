"""Landsat's bands: their names, and how each sensor numbers them."""

from __future__ import annotations

from imagery_diff.scene import Band

_OLI = {
    1: ("coastal", 430, 450),
    2: ("blue", 450, 510),
    3: ("green", 530, 590),
    4: ("red", 640, 670),
    5: ("nir", 850, 880),
    6: ("swir1", 1570, 1650),
    7: ("swir2", 2110, 2290),
}
_ETM = {
    1: ("blue", 450, 520),
    2: ("green", 520, 600),
    3: ("red", 630, 690),
    4: ("nir", 770, 900),
    5: ("swir1", 1550, 1750),
    7: ("swir2", 2090, 2350),
}
_TM = _ETM | {4: ("nir", 760, 900), 7: ("swir2", 2080, 2350)}
BANDS = {"LC": _OLI, "LO": _OLI, "LE": _ETM, "LT": _TM}
"""Sensor -> number of a band -> name and where it begins and ends, nm (USGS, band designations). Thermal and cirrus
bands, and the panchromatic one of 15 m, are left out."""
INSTRUMENTS = {"LC": "OLI_TIRS", "LO": "OLI", "LE": "ETM", "LT": "TM"}


def band_of(sensor: str, number: int) -> Band:
    """Return a band by its number."""
    name, low, high = BANDS[sensor.upper()][number]
    return Band(name=name, wavelength_nm=(low + high) / 2, width_nm=float(high - low))
