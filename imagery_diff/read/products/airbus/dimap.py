"""What a DIMAP v2 file (``DIM_….XML``) of Airbus says of its image.

Element names held against deliveries that others keep as test data: Pleiades, SPOT 6 and 7 and Pleiades Neo in
Terradue/Stars ``AIRBUS``, GDAL ``autotest/gdrivers/data/dimap2``.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imagery_diff.errors import InputError
from imagery_diff.geometry import Sun, View
from imagery_diff.read.products.times import utc_time
from imagery_diff.read.products.toa import per_radiance
from imagery_diff.read.tiles import refuse_many
from imagery_diff.read.xml import Node, read_xml
from imagery_diff.scene import Band, Level

if TYPE_CHECKING:
    import datetime as dt

    from imagery_diff.read.assets import Asset

NAMES = {
    "P": "pan",
    "PAN": "pan",
    "B0": "blue",
    "B1": "green",
    "B2": "red",
    "B3": "nir",
    "B": "blue",
    "G": "green",
    "R": "red",
    "NIR": "nir",
    "RE": "rededge",
    "DB": "coastal",
}
"""BAND_ID -> common name; deep blue (416 to 457 nm) is what others call coastal."""
_CHANNELS = ("RED_CHANNEL", "GREEN_CHANNEL", "BLUE_CHANNEL", "ALPHA_CHANNEL")
_SOUTH_DEG = 180.0
_AGREE_DEG = 20.0
_SAME_PASS_S = 600.0
_MICROMETRES = 10.0
"""A wavelength below this is in micrometres, whatever its unit says."""


@dataclass(frozen=True)
class TilePart:
    """One file of the image."""

    href: str
    row: int
    """From 1, counted in tiles."""
    col: int


@dataclass(frozen=True)
class Group:
    """Files that hold the same bands beside each other; Pleiades Neo has two, RGB and NED."""

    parts: tuple[TilePart, ...]
    bands: tuple[str, ...]
    """BAND_ID in the order of the file."""
    nodata: float | None


@dataclass(frozen=True)
class Dimap:
    """A DIMAP file; what it says is read where it is asked for."""

    asset: Asset
    root: Node

    @property
    def profile(self) -> str:
        """``PHR_ORTHO``, ``S6_ORTHO``, ``S7_ORTHO``, ``PNEO_ORTHO``."""
        return (self.root.text_of("METADATA_PROFILE") or "").upper()

    @property
    def level(self) -> str:
        """How far it was processed: ``ORTHO``, ``SENSOR``, …."""
        return (self.root.text_of("Product_Settings/PROCESSING_LEVEL") or "").upper()

    @property
    def spectral(self) -> str:
        """Which bands: ``MS``, ``PMS``, ``P``, ``MS-FS``, …."""
        return (self.root.text_of("SPECTRAL_PROCESSING") or "").upper()

    @property
    def code(self) -> str | None:
        """EPSG code of the image."""
        name = self.root.text_of("PROJECTED_CRS_CODE") or self.root.text_of("GEODETIC_CRS_CODE") or ""
        last = name.rpartition(":")[2]
        return last if _natural(last) else None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the whole image."""
        rows, cols = self._whole("Raster_Dimensions/NROWS"), self._whole("Raster_Dimensions/NCOLS")
        if rows is None or cols is None:
            raise self.broken("no NROWS and NCOLS")
        return rows, cols

    @property
    def tile_size(self) -> tuple[int, int]:
        """Rows and columns of a tile; the whole image where it is not cut."""
        size = self.root.first("NTILES_SIZE")
        if size is None:
            return self.shape
        rows, cols = _natural(size.attribute("nrows")), _natural(size.attribute("ncols"))
        if rows is None or cols is None:
            raise self.broken("tiles without a size")
        for node in (*self.root.all("OVERLAP_ROW"), *self.root.all("OVERLAP_COL")):
            if node.text not in {"", "0"}:
                raise self.broken("tiles that overlap, which are not read; order them without")
        return rows, cols

    def broken(self, what: str) -> InputError:
        """Return the error of a file that does not say what it must."""
        return InputError(f"{self.asset.name}: is no DIMAP file that can be read ({what}); download it again")

    def _whole(self, path: str) -> int | None:
        return _natural(self.root.text_of(path))


def _natural(text: str | None) -> int | None:
    """Return a whole number from 1 on; None for anything else."""
    number = int(text) if text and re.fullmatch(r"[0-9]{1,9}", text) else 0
    return number or None


def read_dimap(asset: Asset) -> Dimap:
    """Parse it.

    Raises
    ------
    InputError
        If it is none, or is of the first version.

    """
    root = read_xml(asset)
    dimap = Dimap(asset, root)
    if root.name != "Dimap_Document":
        raise dimap.broken(f"its root is {root.name[:40]!r}")
    version = root.first("METADATA_FORMAT")
    if version is None or not (version.attribute("version") or "").startswith("2"):
        raise dimap.broken("DIMAP version 2 is needed")
    return dimap


def groups_of(dimap: Dimap) -> tuple[Group, ...]:
    """Return the files of the image and their bands.

    Raises
    ------
    InputError
        If it names no files, or a file twice.

    """
    found = []
    for node in dimap.root.all("Data_Files"):
        parts = tuple(_part(dimap, n) for n in node.all("Data_File"))
        display = node.first("Raster_Display") or dimap.root.first("Raster_Display")
        refuse_many(dimap.asset, len(parts))
        if len({(p.row, p.col) for p in parts}) != len(parts):
            raise dimap.broken("two files for one tile")
        if parts:
            found.append(Group(parts, _band_ids(display), _nodata(display)))
    if not found:
        raise dimap.broken("no Data_File")
    return tuple(found)


def _part(dimap: Dimap, node: Node) -> TilePart:
    path = node.first("DATA_FILE_PATH")
    row, col = (_natural(node.attribute(k) or "1") for k in ("tile_R", "tile_C"))
    href = path.attribute("href") if path else None
    if not href or row is None or col is None:
        raise dimap.broken("a Data_File without href or place")
    return TilePart(href, row, col)


def _band_ids(display: Node | None) -> tuple[str, ...]:
    """Return the bands in the order of the file: by their index where it is told, else as red, green, blue, alpha."""
    if display is None:
        return ()
    listed = [(n.number("BAND_INDEX"), n.text_of("BAND_ID") or "") for n in display.all("Raster_Index")]
    if listed:
        if sorted(k or 0 for k, _ in listed) == list(range(1, len(listed) + 1)):
            listed.sort(key=lambda k: k[0] or 0)
        return tuple(name.upper() for _, name in listed)
    channels = [display.text_of(f"Band_Display_Order/{c}") for c in _CHANNELS]
    return tuple(dict.fromkeys(c.upper() for c in channels if c))


def _nodata(display: Node | None) -> float | None:
    for node in display.all("Special_Value") if display else ():
        if (node.text_of("SPECIAL_VALUE_TEXT") or "").upper() == "NODATA":
            return node.number("SPECIAL_VALUE_COUNT")
    return None


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What it tells of the moment; None where it does not."""

    acquired: dt.datetime | None = None
    time_source: str | None = None
    sun: Sun | None = None
    view: View | None = None
    gsd_m: float | None = None
    platform: str | None = None
    instrument: str | None = None
    strip: str | None = None
    copyright: str | None = None
    licence: str | None = None
    tied: bool | None = None
    """Whether it was tied to a reference on the ground."""
    caveats: tuple[str, ...] = ()


def facts_of(dimap: Dimap) -> Facts:
    """Read time, sun, view and origin.

    Raises
    ------
    InputError
        If a time or an angle is none.

    """
    root = dimap.root
    located = root.all("Located_Geometric_Values")
    centre = next((n for n in located if (n.text_of("LOCATION_TYPE") or "").lower() == "center"), None)
    strips = root.all("Strip_Source")
    mission, number = root.text_of("Strip_Source/MISSION"), root.text_of("Strip_Source/MISSION_INDEX")
    licence = root.text_of("Legal_Constraints/LICENSE")
    tied = (root.text_of("Geometric_Settings/GROUND_SETTING") or "").lower()
    try:
        times = [t for t in (_strip_time(n) for n in strips) if t]
        moment = _centre(centre, dimap.profile) if centre else {}
    except InputError as error:
        raise InputError(f"{dimap.asset.name}: {error}") from error
    if moment.get("acquired") is None and times:
        moment |= {"acquired": times[0], "time_source": "metadata (beginning of the strip)"}
    caveats = []
    if times and (max(times) - min(times)).total_seconds() > _SAME_PASS_S:
        told = f"{min(times):%Y-%m-%d %H:%M} to {max(times):%Y-%m-%d %H:%M} UTC"
        caveats.append(f"{dimap.asset.name}: is made of strips from {told}; which place is of which is not told")
        moment |= {"acquired": min(times), "time_source": "metadata (earliest strip)", "sun": None, "view": None}
    return Facts(
        platform=f"{mission} {number}" if mission and number else mission,
        instrument=root.text_of("Strip_Source/INSTRUMENT"),
        strip=_strip_id(root),
        copyright=root.text_of("Legal_Constraints/COPYRIGHT"),
        licence=licence if licence and licence.upper() != "NA" else root.text_of("Legal_Constraints/COPYRIGHT"),
        tied={"true": True, "false": False}.get(tied),
        caveats=tuple(caveats),
        **moment,
    )


def _strip_id(root: Node) -> str | None:
    """Return the strip's own name; ground and height have sources, too."""
    for node in root.all("Source_Identification"):
        if node.first("Strip_Source") is not None:
            return node.text_of("SOURCE_ID")
    return None


def _centre(node: Node, profile: str) -> dict[str, Any]:
    """Read what is told of the centre of the image."""
    azimuth, elevation = node.number("SUN_AZIMUTH"), node.number("SUN_ELEVATION")
    across, along = node.number("GSD_ACROSS_TRACK"), node.number("GSD_ALONG_TRACK")
    acquired = utc_time(node.text_of("TIME"))
    return {
        "acquired": acquired,
        "time_source": "metadata" if acquired else None,
        "sun": None if azimuth is None or elevation is None else Sun(azimuth_deg=azimuth, elevation_deg=elevation),
        "view": _view(node, profile),
        "gsd_m": math.sqrt(across * along) if across and along and across > 0 and along > 0 else None,
    }


def _view(node: Node, profile: str) -> View | None:
    """Return where the satellite stands, seen from the ground.

    Incidence along and across the lines of the image, which in an ortho image run south: the azimuth is 180 - atan2(tan
    across, tan along) (Orfeo ToolBox, ``PleiadesNeoImageMetadataInterface``; in real files of Pleiades 1A and SPOT 7
    within a degree of the direction to the strip's nadir point). AZIMUTH_ANGLE is that azimuth in SPOT and Pleiades
    Neo, and the direction of the lines (180) in Pleiades 1A and 1B.
    """
    incidence, told = node.number("INCIDENCE_ANGLE"), node.number("AZIMUTH_ANGLE")
    along, across = node.number("INCIDENCE_ANGLE_ALONG_TRACK"), node.number("INCIDENCE_ANGLE_ACROSS_TRACK")
    if incidence is None:
        return None
    if along is None or across is None:
        return None if told is None or profile.startswith("PHR") else _looked(incidence, told)
    turn = math.degrees(math.atan2(math.tan(math.radians(across)), math.tan(math.radians(along))))
    azimuth = (_SOUTH_DEG - turn) % 360.0
    if told is not None and not profile.startswith("PHR") and abs((told - azimuth + 180) % 360 - 180) < _AGREE_DEG:
        azimuth = told
    return _looked(incidence, azimuth)


def _looked(incidence: float, azimuth: float) -> View:
    return View(off_nadir_deg=abs(incidence), azimuth_deg=azimuth % 360.0)


def _strip_time(node: Node) -> dt.datetime | None:
    day, time = node.text_of("IMAGING_DATE"), node.text_of("IMAGING_TIME")
    return utc_time(f"{day}T{time}") if day and time else None


def bands_of(dimap: Dimap, ids: tuple[str, ...]) -> tuple[Band, ...]:
    """Name the bands, with the wavelengths of the file."""
    bands = []
    for place, name in enumerate(ids, start=1):
        node = _of_band(dimap.root, "Band_Spectral_Range", name)
        low, high = (node.number("MIN"), node.number("MAX")) if node else (None, None)
        known = low is not None and high is not None and high > low > 0
        unit = 1000.0 if known and (high or 0) < _MICROMETRES else 1.0
        bands.append(
            Band(
                name=NAMES.get(name, f"band{place}"),
                wavelength_nm=((low or 0) + (high or 0)) / 2 * unit if known else None,
                width_nm=((high or 0) - (low or 0)) * unit if known else None,
            )
        )
    return tuple(bands)


@dataclass(frozen=True)
class Scaling:
    """What the numbers become, and how, by band."""

    level: Level
    scale: tuple[float, ...]
    offset: tuple[float, ...]
    notes: tuple[str, ...] = ()


def scaling(dimap: Dimap, ids: tuple[str, ...], dtype: str, facts: Facts) -> Scaling:
    """Tell what the numbers become, by RADIOMETRIC_PROCESSING and the file's own gains."""
    processing = (dimap.root.text_of("Radiometric_Settings/RADIOMETRIC_PROCESSING") or "").upper()
    plain = (1.0,) * len(ids), (0.0,) * len(ids)
    if dtype == "uint8" or processing in {"DISPLAY", "LINEAR_STRETCH", "SEAMLESS"}:
        return Scaling(Level.DISPLAY, *plain)
    if dtype != "uint16" or processing not in {"BASIC", "REFLECTANCE"}:
        return Scaling(Level.NUMBERS, *plain, (f"radiometric processing {processing[:20]!r}: not known",))
    if processing == "REFLECTANCE":
        return _of_reflectance(dimap, ids)
    gains = [_gain(dimap, "Band_Radiance", name) for name in ids]
    if not all(gains):
        return Scaling(Level.NUMBERS, *plain, ("no gain for every band: the numbers stay as they are",))
    scale, offset = [1 / g[0] for g in gains if g], [g[1] for g in gains if g]
    to = [per_radiance(_irradiance(dimap, name), facts.acquired, facts.sun) for name in ids]
    if not all(to):
        return Scaling(Level.RADIANCE, tuple(scale), tuple(offset), ("radiance = number / GAIN + BIAS",))
    return Scaling(
        Level.TOA,
        tuple(s * t for s, t in zip(scale, to, strict=True) if t),
        tuple(o * t for o, t in zip(offset, to, strict=True) if t),
        ("reflectance by the file's own GAIN, BIAS and solar irradiance",),
    )


def _of_reflectance(dimap: Dimap, ids: tuple[str, ...]) -> Scaling:
    """Return the scaling of REFLECTANCE, which is corrected for the scattering of the air unless the file says NONE."""
    gains = [_gain(dimap, "Band_Reflectance", name) for name in ids]
    setting = (dimap.root.text_of("ATMOSPHERIC_RADIOMETRIC_SETTING") or "").upper()
    level = Level.TOA if setting == "NONE" else Level.SURFACE
    notes = [] if setting == "NONE" else ["corrected for the air's own scattering (Rayleigh), not for haze"]
    if all(gains):
        found = [1 / g[0] for g in gains if g], [g[1] for g in gains if g]
        notes.append("reflectance = number / GAIN + BIAS of the file")
    else:
        found = [1e-4] * len(ids), [0.0] * len(ids)
        notes.append("reflectance = number / 10000, assumed; the file has no gain for every band")
    return Scaling(level, tuple(found[0]), tuple(found[1]), tuple(notes))


def _gain(dimap: Dimap, kind: str, name: str) -> tuple[float, float] | None:
    """Return gain and bias of ``number / gain + bias``."""
    node = _of_band(dimap.root, kind, name)
    gain, bias = (node.number("GAIN"), node.number("BIAS")) if node else (None, None)
    return (gain, bias) if gain is not None and gain > 0 and bias is not None else None


def _irradiance(dimap: Dimap, name: str) -> float | None:
    node = _of_band(dimap.root, "Band_Solar_Irradiance", name)
    return node.number("VALUE") if node else None


def _of_band(root: Node, kind: str, name: str) -> Node | None:
    return next((n for n in root.all(kind) if (n.text_of("BAND_ID") or "").upper() == name), None)
