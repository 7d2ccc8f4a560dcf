"""Digital numbers of Maxar's satellites -> radiance, and reflectance at the top of the atmosphere.

radiance = gain x number x absCalFactor / effectiveBandwidth + offset, W/(m2 sr um); both factors stand in the IMD.
Gain and offset (the vicarious adjustment) and the sun's irradiance E (Thuillier 2003): Maxar, Absolute Radiometric
Calibration data sheet 2018v0 (QuickBird-2 and WorldView-1 2016v0, WorldView-4 2017v0), as transcribed in
``sertit/eoreader`` ``maxar_product.py``; E of all but WorldView-4 agrees with ABSRADCAL_FLEET_2016v0 as quoted in
``rwspicer/iceroad``, that of WorldView-3 and gain and offset of WorldView-1 with the Charter's pages
(https://docs.disasterscharter.org/concepts/opt/worldview-3). Bands: Maxar's data sheets of the satellites.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imagery_diff.read.products.toa import per_radiance
from imagery_diff.scene import Band, Level

if TYPE_CHECKING:
    import datetime as dt

    from imagery_diff.geometry import Sun
    from imagery_diff.read.products.maxar.isd import Group

NAMES = {
    "P": "pan",
    "C": "coastal",
    "B": "blue",
    "G": "green",
    "Y": "yellow",
    "R": "red",
    "RE": "rededge",
    "N": "nir",
    "N2": "nir2",
}
"""Band of the IMD -> common name; NIR2 (860 to 1040 nm) is no other satellite's near infrared."""


class _Known(NamedTuple):
    """What is published of a band."""

    edges_nm: tuple[int, int]
    gain: float
    offset: float
    irradiance: float


_WV2 = {
    "P": _Known((450, 800), 0.949, -5.523, 1571.36),
    "C": _Known((400, 450), 1.203, -11.839, 1773.81),
    "B": _Known((450, 510), 1.002, -9.835, 2007.27),
    "G": _Known((510, 580), 0.953, -7.218, 1829.62),
    "Y": _Known((585, 625), 0.946, -5.675, 1701.85),
    "R": _Known((630, 690), 0.955, -5.046, 1538.85),
    "RE": _Known((705, 745), 0.980, -6.114, 1346.09),
    "N": _Known((770, 895), 0.966, -5.096, 1053.21),
    "N2": _Known((860, 1040), 1.01, -4.059, 856.599),
}
_WV3 = {
    "P": _Known((450, 800), 0.955, -5.505, 1574.41),
    "C": _Known((400, 450), 0.938, -13.099, 1757.89),
    "B": _Known((450, 510), 0.946, -9.409, 2004.61),
    "G": _Known((510, 580), 0.958, -7.771, 1830.18),
    "Y": _Known((585, 625), 0.979, -5.489, 1712.07),
    "R": _Known((630, 690), 0.969, -4.579, 1535.33),
    "RE": _Known((705, 745), 1.027, -5.552, 1348.08),
    "N": _Known((770, 895), 0.977, -6.508, 1055.94),
    "N2": _Known((860, 1040), 1.007, -3.699, 858.77),
}
_GE1 = {
    "P": _Known((450, 800), 1.001, 0.0, 1610.73),
    "B": _Known((450, 510), 1.041, 0.0, 1993.18),
    "G": _Known((510, 580), 0.972, 0.0, 1828.83),
    "R": _Known((655, 690), 0.979, 0.0, 1491.49),
    "N": _Known((780, 920), 0.951, 0.0, 1022.58),
}
_WV4 = {
    "P": _Known((450, 800), 1.0, 0.0, 1608.01),
    "B": _Known((450, 510), 1.0, 0.0, 2009.45),
    "G": _Known((510, 580), 1.0, 0.0, 1831.88),
    "R": _Known((655, 690), 1.0, 0.0, 1492.12),
    "N": _Known((780, 920), 1.0, 0.0, 937.8),
}
_QB2 = {
    "P": _Known((450, 900), 0.870, -1.491, 1370.92),
    "B": _Known((450, 520), 1.105, -2.820, 1949.59),
    "G": _Known((520, 600), 1.071, -3.338, 1823.64),
    "R": _Known((630, 690), 1.060, -2.954, 1553.78),
    "N": _Known((760, 900), 1.020, -4.722, 1102.85),
}
_WV1 = {"P": _Known((400, 900), 1.016, -1.824, 1478.62)}
_KNOWN = {"WV01": _WV1, "WV02": _WV2, "WV03": _WV3, "WV04": _WV4, "GE01": _GE1, "QB02": _QB2}


def bands_of(satellite: str | None, letters: list[str]) -> tuple[Band, ...]:
    """Name the bands, with their wavelengths where the satellite is known."""
    known = _KNOWN.get(satellite or "", {})
    bands: list[Band] = []
    for letter in letters:
        edges = known[letter].edges_nm if letter in known else None
        bands.append(
            Band(
                name=NAMES.get(letter, f"band{len(bands) + 1}"),
                wavelength_nm=sum(edges) / 2 if edges else None,
                width_nm=float(edges[1] - edges[0]) if edges else None,
            )
        )
    return tuple(bands)


class Scaling(NamedTuple):
    """What the numbers become, and how."""

    level: Level
    scale: float | tuple[float, ...] = 1.0
    offset: float | tuple[float, ...] = 0.0
    notes: tuple[str, ...] = ()


def scaling(
    imd: Group, satellite: str | None, letters: list[str], time: dt.datetime | None, sun: Sun | None
) -> Scaling:
    """Tell what numbers of 11 or 16 bits become: reflectance where all of it is known, else radiance, else nothing."""
    factors = []
    for letter in letters:
        group = imd.first(f"BAND_{letter}")
        calibration, width = group.number("ABSCALFACTOR"), group.number("EFFECTIVEBANDWIDTH")
        if calibration is None or width is None or calibration <= 0 or width <= 0:
            return Scaling(Level.NUMBERS, notes=("no absCalFactor for every band: the numbers stay as they are",))
        factors.append(calibration / width)
    known = _KNOWN.get(satellite or "", {})
    adjusted = [known.get(letter) for letter in letters]
    if not all(adjusted):
        note = (
            f"radiance by absCalFactor alone; no published adjustment of {satellite or 'the satellite'} is known here"
        )
        return Scaling(Level.RADIANCE, tuple(factors), 0.0, (note,))
    scale = [f * k.gain for f, k in zip(factors, adjusted, strict=True) if k]
    offset = [k.offset for k in adjusted if k]
    to_reflectance = [per_radiance(k.irradiance, time, sun) for k in adjusted if k]
    by = "by absCalFactor and Maxar's published gain and offset"
    if not all(to_reflectance):
        return Scaling(Level.RADIANCE, tuple(scale), tuple(offset), (f"radiance {by}; without time and sun no more",))
    return Scaling(
        Level.TOA,
        tuple(s * r for s, r in zip(scale, to_reflectance, strict=True) if r),
        tuple(o * r for o, r in zip(offset, to_reflectance, strict=True) if r),
        (f"reflectance {by} (2018v0), with the irradiance of Thuillier 2003",),
    )
