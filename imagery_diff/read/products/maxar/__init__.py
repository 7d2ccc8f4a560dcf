"""Maxar's (DigitalGlobe's) georeferenced products: Ortho and OR Standard, as TIF or in tiles, with IMD, TIL and XML."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from imagery_diff.errors import InputError
from imagery_diff.geometry import Sun, View
from imagery_diff.read.products.found import Found, provenance
from imagery_diff.read.products.maxar.isd import Group, read_isd, read_text, tiles_of
from imagery_diff.read.products.maxar.radiometry import NAMES, Scaling, bands_of, scaling
from imagery_diff.read.products.times import utc_time
from imagery_diff.read.raster import RasterSource, open_raster
from imagery_diff.read.tiles import Place, Tile, TiledSource, lay_out
from imagery_diff.scene import Level, Orbit, SceneInfo

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from imagery_diff.read.assets import Asset, Delivery
    from imagery_diff.read.given import Given

_NAME = re.compile(
    r"(?P<time>\d{2}[A-Z]{3}\d{8})-(?P<kind>[MPSA])(?P<level>\d[A-Z]|1B)[A-Z0-9](?:_(?P<tile>R\d+C\d+))?"
    r"-(?P<order>\d+_\d+_P\d+)",
    re.IGNORECASE,
)
"""``16AUG31104614-S3DS_R1C1-056956784010_01_P001``: time, what and which level, tile, order and part."""
_TILE = re.compile(r"[_-]R\d+C\d+(?=-|$)", re.IGNORECASE)
_RASTERS = (".tif", ".tiff")
_RANKS = {"M": 0, "S": 1, "P": 2}
"""Multispectral before pan-sharpened before pan: its numbers are measured, and it has more bands."""
_NODATA = 0
_ABSURD_PX = 10**9
_VANTOR_SINCE = dt.datetime(2025, 10, 1, tzinfo=dt.UTC)
"""The day on which Maxar Intelligence took the name Vantor (``api-evangelist/vantor``)."""
_SAME_PASS_S = 600.0
"""Times further apart than this are of different passes."""
_SPELLED = {"RGB": ["R", "G", "B"], "NRG": ["N", "R", "G"], "BGRN": ["B", "G", "R", "N"]}
"""bandId -> bands in the order of the file, where it spells them; else the order of the IMD's groups."""


@dataclass(frozen=True)
class _Parts:
    """The files of one product, all in one folder."""

    stem: str
    images: tuple[Asset, ...]
    imd: Asset | None
    til: Asset | None
    xml: Asset | None

    @property
    def index(self) -> Asset:
        """What it is named after."""
        named = self.til or self.imd or self.xml
        return named if named is not None else self.images[0]


def find(delivery: Delivery) -> list[Found]:
    """Return the products of Maxar's in a delivery."""
    found = []
    for parts in _products(delivery):
        match = _NAME.match(parts.stem)
        kind = match["kind"].upper() if match else ""
        basic = bool(match and match["level"].upper() == "1B")
        found.append(
            Found(
                scene=match["order"] if match else parts.stem,
                product=f"Maxar {parts.stem}",
                rank=100 if basic else _RANKS.get(kind, 3),
                images=parts.images,
                others=tuple(a for a in (parts.til, parts.imd, parts.xml) if a),
                open=partial(_open, delivery, parts),
            )
        )
    return found


def _products(delivery: Delivery) -> Iterable[_Parts]:
    """Group the files of a delivery by folder and stem."""
    groups: dict[tuple[str, str], dict[str, list[Asset]]] = {}
    for asset in delivery.assets:
        stem, _, ending = asset.name.rpartition(".")
        ending = ending.lower()
        own = ending in {"imd", "til"} or _NAME.fullmatch(stem)
        if ending not in {"imd", "til", "xml", "tif", "tiff"} or not (own or ending.startswith("tif")):
            continue
        whole = _TILE.sub("", stem)
        kinds = groups.setdefault((asset.folder, whole.lower()), {})
        kinds.setdefault("tif" if ending == "tiff" else ending, []).append(asset)
        kinds.setdefault("own", []).extend([asset] if own else [])
    for kinds in groups.values():
        if not kinds["own"]:
            continue
        one = {kind: kinds.get(kind, [None])[0] for kind in ("imd", "til", "xml")}
        first = kinds["own"][0].name.rpartition(".")[0]
        yield _Parts(_TILE.sub("", first), tuple(kinds.get("tif", ())), one["imd"], one["til"], one["xml"])


def _open(delivery: Delivery, parts: _Parts, _given: Given) -> SceneInfo:
    """Read what a product is.

    Raises
    ------
    InputError
        If it is not georeferenced, or one of its files is damaged or missing.

    """
    imd, til = _metadata(parts)
    _refuse_basic(parts, imd)
    places = _places(delivery, parts, til)
    rows, cols = (min(int(imd.number(k) or 0), _ABSURD_PX) for k in ("NUMROWS", "NUMCOLUMNS"))
    shape = (rows, cols) if len(places) > 1 and rows > 0 and cols > 0 else None
    grid, there = lay_out(parts.index, places, shape)
    seen = [place.asset for place, _ in there if place.asset is not None]
    with open_raster(seen[0]) as dataset:
        alpha = sum(c.name == "alpha" for c in dataset.colorinterp)
        count, dtype, tags = dataset.count - alpha, dataset.dtypes[0], dataset.tags()
    facts = _Facts.of(parts, imd)
    letters = _letters(imd, count)
    scaled = _scaling(imd, letters, dtype, facts)
    tiles = tuple(
        Tile(
            source=RasterSource(
                asset=place.asset,
                indexes=tuple(range(1, count + 1)),
                scale=scaled.scale,
                offset=scaled.offset,
                # In a picture of 8 bits the black of the ground may be 0 as well.
                nodata=None if dtype == "uint8" else _NODATA,
            ),
            row=place.row,
            col=place.col,
            shape=size,
        )
        for place, size in there
        if place.asset is not None
    )
    files = (*seen, *(a for a in (parts.imd, parts.til, parts.xml) if a))
    return SceneInfo(
        name=_shown(parts, places),
        grid=grid,
        bands=bands_of(facts.satellite, letters),
        source=TiledSource(tiles=tiles, grid=grid),
        product=f"Maxar {imd.text('IMAGEDESCRIPTOR') or imd.text('PRODUCTTYPE') or 'image'}",
        why="name of a Maxar file" + (", metadata beside it" if imd.values else ""),
        level=scaled.level,
        platform=facts.satellite,
        gsd_m=facts.gsd_m,
        acquired=facts.acquired,
        time_source=facts.time_source,
        sun=facts.sun,
        view=facts.view,
        orbit=Orbit(strip=facts.strip),
        scene_id=parts.stem,
        files=tuple(dict.fromkeys(a.file for a in files)),
        notes=(*scaled.notes, *facts.notes, "Maxar delivers no mask"),
        caveats=(*facts.caveats, *_caveats(parts, imd, places, facts)),
        **provenance(tags, _credit(facts.acquired)),
    )


def _credit(acquired: dt.datetime | None) -> str | None:
    """Return whose image it is, under the name its owner had when it was taken."""
    if acquired is None:
        return None
    owner = "Vantor" if acquired >= _VANTOR_SINCE else "Maxar Technologies"
    return f"Satellite image ©{acquired.year} {owner}"


def _metadata(parts: _Parts) -> tuple[Group, Group]:
    """Read the text files where they are, else the XML."""
    imd, til = Group(), Group()
    if parts.xml is not None and (parts.imd is None or parts.til is None):
        imd, til = read_isd(parts.xml)
    return read_text(parts.imd) if parts.imd else imd, read_text(parts.til) if parts.til else til


def _refuse_basic(parts: _Parts, imd: Group) -> None:
    match = _NAME.match(parts.stem)
    level = (imd.text("PRODUCTLEVEL") or (f"LV{match['level']}" if match else "")).upper()
    if level and not level.startswith(("LV2", "LV3")):
        raise InputError(
            f"{parts.index.name}: is of level {level[:10]} (Basic, System-Ready), which is not orthorectified, so its "
            "pixels have no place on the ground; order the same image as Ortho (Map-Ready, LV3) or OR Standard "
            "(View-Ready, LV2A)"
        )


def _places(delivery: Delivery, parts: _Parts, til: Group) -> list[Place]:
    """Return the tiles the index names, or the one image there is."""
    index = parts.til or parts.xml
    if index is not None and til.groups:
        return [Place(asset=delivery.inside(index, t.name), row=t.row, col=t.col) for t in tiles_of(index, til)]
    if len(parts.images) != 1:
        raise InputError(
            f"{parts.index.name}: {len(parts.images)} image files of it are here and no TIL that says how they lie; "
            "give the folder as it was delivered"
        )
    return [Place(asset=parts.images[0], row=0, col=0)]


def _shown(parts: _Parts, places: list[Place]) -> str:
    """Return what people know the product by: its image, or the index of its tiles."""
    only = places[0].asset if len(places) == 1 else None
    return (only or parts.index).name


def _letters(imd: Group, count: int) -> list[str]:
    """Return the bands of the file in its order, by Maxar's letters; numbers where they are not told."""
    spelled = _SPELLED.get((imd.text("BANDID") or "").upper())
    groups = [name.removeprefix("BAND_") for name, _ in imd.named(r"BAND_\w+")]
    for letters in (spelled, groups):
        if letters and len(letters) == count and set(letters) <= set(NAMES):
            return letters
    return [str(i + 1) for i in range(count)]


def _scaling(imd: Group, letters: list[str], dtype: str, facts: _Facts) -> Scaling:
    """Tell what the numbers become."""
    enhanced = (imd.text("RADIOMETRICENHANCEMENT") or "Off").lower()
    if dtype == "uint8" or imd.number("BITSPERPIXEL") == 8:  # noqa: PLR2004 - stretched to be looked at
        return Scaling(Level.DISPLAY, notes=("8 bits: stretched to be looked at (DRA)",))
    if enhanced not in {"off", "none"} or dtype != "uint16":
        return Scaling(
            Level.NUMBERS, notes=(f"radiometricEnhancement {enhanced!r}: what its numbers are is not known",)
        )
    return scaling(imd, facts.satellite, letters, facts.acquired, facts.sun)


@dataclass(frozen=True, kw_only=True)
class _Facts:
    """What the metadata tell of the moment; None where they do not."""

    satellite: str | None = None
    strip: str | None = None
    gsd_m: float | None = None
    acquired: dt.datetime | None = None
    time_source: str | None = None
    sun: Sun | None = None
    view: View | None = None
    notes: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()

    @classmethod
    def of(cls, parts: _Parts, imd: Group) -> _Facts:
        """Read them; a time or an angle that is none ends in one line."""
        try:
            return cls(**_moment(parts, imd))
        except InputError as error:
            raise InputError(f"{(parts.imd or parts.xml or parts.index).name}: {error}") from error


def _moment(parts: _Parts, imd: Group) -> dict[str, Any]:
    """Read time, sun and view; of strips of several passes none of them is that of a place."""
    images = [group for _, group in imd.named(r"IMAGE(_\d+)?")]
    first = images[0] if images else Group()
    mapped = imd.first("MAP_PROJECTED_PRODUCT")
    span = [t for t in (utc_time(mapped.text(k)) for k in ("EARLIESTACQTIME", "LATESTACQTIME")) if t]
    lines = [t for t in (utc_time(i.text("FIRSTLINETIME") or i.text("TLCTIME")) for i in images) if t]
    every = [*span, *lines]
    mixed = bool(every) and (max(every) - min(every)).total_seconds() > _SAME_PASS_S
    named = _time_of_name(parts.stem)
    found: dict[str, Any] = {
        "satellite": first.text("SATID"),
        "strip": first.text("CATID") if len(images) == 1 else None,
        "gsd_m": first.number("MEANCOLLECTEDGSD") or mapped.number("PRODUCTGSD"),
    }
    if mixed:
        earliest, latest = min(every), max(every)
        told = f"{earliest:%Y-%m-%d %H:%M} to {latest:%Y-%m-%d %H:%M} UTC"
        caveat = f"{parts.index.name}: is made of strips from {told}; which place is of which is not told"
        return found | {"acquired": earliest, "time_source": "metadata (earliest strip)", "caveats": (caveat,)}
    if span:
        # Of one strip both are the moment of the middle of its image, which its name carries too.
        found |= {"acquired": min(span) + (max(span) - min(span)) / 2, "time_source": "metadata (acquisition time)"}
    elif lines:
        found |= {"acquired": min(lines), "time_source": "metadata (first line)"}
    elif named:
        found |= {"acquired": named, "time_source": "file name"}
    sun, view = (first.number("MEANSUNAZ"), first.number("MEANSUNEL")), (first.number("MEANSATAZ"), _incidence(first))
    if sun[0] is not None and sun[1] is not None:
        found["sun"] = Sun(azimuth_deg=sun[0], elevation_deg=sun[1])
    if view[0] is not None and view[1] is not None:
        found |= {
            "view": View(off_nadir_deg=view[1], azimuth_deg=view[0]),
            "notes": ("view angle is that at the ground, 90 - meanSatEl",),
        }
    return found


def _incidence(image: Group) -> float | None:
    """Return the angle between the vertical and the satellite at the ground; off-nadir, at the satellite, is less."""
    elevation = image.number("MEANSATEL")
    return None if elevation is None else 90.0 - elevation


def _time_of_name(stem: str) -> dt.datetime | None:
    match = _NAME.match(stem)
    months = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
    if match is None or match["time"][2:5].upper() not in months:
        return None
    year, month, rest = match["time"][:2], months.index(match["time"][2:5].upper()) + 1, match["time"][5:]
    try:
        return dt.datetime.strptime(f"20{year}{month:02}{rest}", "%Y%m%d%H%M%S").replace(tzinfo=dt.UTC)
    except ValueError:
        return None


def _caveats(parts: _Parts, imd: Group, places: list[Place], facts: _Facts) -> list[str]:
    """Say what about the product is doubtful."""
    name = _shown(parts, places)
    found = []
    missing = sum(p.asset is None for p in places)
    if missing:
        found.append(f"{name}: {missing} of the {len(places)} tiles it lists are missing; their ground was not seen")
    mapped = imd.first("MAP_PROJECTED_PRODUCT")
    descriptor = (imd.text("IMAGEDESCRIPTOR") or "").upper()
    if (mapped.text("DEMCORRECTION") or "").lower() == "base elevation" or descriptor.startswith("ORSTANDARD"):
        lean = (
            f" by {math.tan(math.radians(facts.view.off_nadir_deg)):.2f} m for each metre of height"
            if facts.view
            else ""
        )
        found.append(
            f"{name}: is laid on one height, not on the terrain (OR Standard): ground above or below lies off{lean}; "
            "Ortho (Map-Ready, LV3) is better"
        )
    if (imd.text("PANSHARPENALGORITHM") or "None").lower() != "none":
        found.append(f"{name}: is pan-sharpened: its colours are spread over finer pixels, reflectance is but about")
    if not imd.values:
        found.append(f"{name}: no IMD or XML beside it; satellite, bands, sun and view are not known")
    return found
