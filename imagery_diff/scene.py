"""What an image is (SceneInfo, no pixels) and a piece of it (Scene, pixels with their flags)."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from imagery_diff.errors import InputError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from imagery_diff.geometry import Sun, View
    from imagery_diff.grid import Grid


class Flag(enum.IntFlag):
    """Why a pixel may not be trusted; the bits of ``Scene.flags`` (uint8).

    Of whole images ask by a member's ``value``: numpy takes the member itself for a number of 64 bits, and widens the
    image to that.
    """

    NODATA = 1
    CLOUD = 2
    SHADOW = 4
    HAZE = 8
    SNOW = 16
    SUSPECT = 32
    """Saturated, or marked as suspect by the provider."""
    EDGE = 64
    """Within the reach of the resampling kernel of a pixel that was not seen."""
    OUTSIDE = 128
    """Outside the image."""


UNSEEN = int(Flag.NODATA | Flag.CLOUD | Flag.SUSPECT | Flag.EDGE | Flag.OUTSIDE)
"""Pixels that say nothing: their state is unknown."""
DEGRADED = int(Flag.HAZE | Flag.SHADOW | Flag.SNOW)
"""Pixels in which something may be seen, but whose emptiness proves nothing."""


@dataclass(frozen=True, kw_only=True)
class Band:
    """One spectral band."""

    name: str
    """Common name: blue, green, red, nir, …; ``band1`` where nothing is known."""
    wavelength_nm: float | None = None
    """Centre wavelength in nanometres."""
    width_nm: float | None = None
    """Full width of the band in nanometres."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """Pixels on a grid with the reasons not to trust some of them."""

    data: NDArray[np.float32]
    """(band, row, col), in the units of ``SceneInfo.units``; undefined where a pixel is unseen."""
    flags: NDArray[np.uint8]
    """(row, col), bits of :class:`Flag`."""
    grid: Grid

    def __post_init__(self) -> None:
        if self.data.ndim != 3:  # noqa: PLR2004 - (band, row, col)
            raise InputError(f"scene data must be (band, row, col), got shape {self.data.shape}")
        if self.data.shape[1:] != self.grid.shape or self.flags.shape != self.grid.shape:
            shapes = f"data {self.data.shape}, flags {self.flags.shape} and grid {self.grid.shape}"
            raise InputError(f"a scene's {shapes} do not belong together")

    @property
    def unseen(self) -> NDArray[np.bool_]:
        """(row, col), True where nothing is known."""
        unseen: NDArray[np.bool_] = (self.flags & UNSEEN) != 0
        return unseen

    @property
    def clear(self) -> NDArray[np.bool_]:
        """(row, col), True where nothing speaks against the pixel."""
        return np.equal(self.flags, 0)


class Level(enum.StrEnum):
    """What the numbers of an image are."""

    SURFACE = "surface reflectance"
    TOA = "top-of-atmosphere reflectance"
    RADIANCE = "top-of-atmosphere radiance"
    SIGMA0 = "sigma nought"
    """Radar backscatter of a square metre of ground, linear."""
    GAMMA0 = "gamma nought"
    """The same of a square metre across the beam, linear."""
    DISPLAY = "display colours"
    """Stretched by the provider to be looked at."""
    NUMBERS = "digital numbers"
    """Nothing is known of them."""

    @property
    def units(self) -> str:
        """What a difference of two such images is counted in."""
        named = {Level.SURFACE: "reflectance", Level.TOA: "reflectance", Level.RADIANCE: "radiance"}
        return named.get(self, "digital numbers" if self is Level.DISPLAY else str(self))

    @property
    def radar(self) -> bool:
        """Whether it is the echo of a radar."""
        return self in {Level.SIGMA0, Level.GAMMA0}


_REFLECTANCE = (0.02, 0.6, 1.6)
"""Least and largest middle of an image of ground in reflectance, and what only glint and cloud exceed."""


def guessed_scale(values: NDArray[np.floating]) -> float | None:
    """Guess by what the numbers of an image are to be divided to be reflectance; None where they look like none.

    Parameters
    ----------
    values
        Seen pixels of one band, any shape but empty.

    Examples
    --------
    >>> guessed_scale(np.array([300.0, 900.0, 2500.0])), guessed_scale(np.array([30.0, 90.0, 250.0]))
    (10000.0, None)

    """
    middle, high = (float(v) for v in np.percentile(values, (50, 99)))
    least, most, highest = _REFLECTANCE
    fitting = (f for f in (1.0, 10_000.0) if least * f <= middle <= most * f and high <= highest * f)
    return next(fitting, None)


@dataclass(frozen=True, kw_only=True)
class Orbit:
    """From where a satellite looked: two images from one relative orbit share their view of everything with height."""

    relative: int | None = None
    """Number of the relative orbit (Sentinel), or of the path (Landsat)."""
    direction: str | None = None
    """``ascending`` or ``descending``."""
    strip: str | None = None
    """The provider's name of one pass, or of a strip of it."""


@dataclass(frozen=True, kw_only=True)
class RadarLook:
    """How a radar looked at one place."""

    flight: tuple[float, float]
    """Direction of flight on the map, (x, y) of length one; later lines lie there."""
    away: tuple[float, float]
    """Direction away from the satellite on the map, of length one."""
    incidence_deg: float
    """Between the vertical and the satellite, at the ground."""
    ambiguity_m: float
    """How far before and behind a bright target, along the flight, its ghosts lie."""
    drift_s: float
    """Metres along the flight by which a target is shown beside its place, for each metre a second that it moves
    towards the satellite."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """How a scene was come by: with the content of its files, all that is needed to open it in the same way again."""

    kind: str
    """``file`` (an archive is one) or ``folder``, as it was given; ``address``; ``strips`` joined in their order."""
    path: Path = field(repr=False)
    """What was given, or the image of a strip; of an address what may be shown."""
    files: tuple[Path, ...] = field(repr=False)
    """What the delivery itself holds of the scene: no mask of the user's own, no reference."""
    said: Mapping[str, Any] = field(default_factory=dict)
    """What the user said of it, as plain values: time, bands, credit, crs, height_m, offset."""
    mask: Path | None = field(default=None, repr=False)
    """Of the user's own."""
    strips: tuple[Origin, ...] = ()
    reference: Origin | None = None
    """What a picture without a place was laid on."""


class RadarView(Protocol):
    """How a radar looked at a scene."""

    def at(self, x: float, y: float) -> RadarLook:
        """Return how it looked at a place, map units of the scene's grid."""
        ...


class PixelSource(Protocol):
    """Where a SceneInfo gets its pixels from."""

    def read(self, row: int, col: int, shape: tuple[int, int], bands: tuple[int, ...]) -> Scene:
        """Read a rectangle inside the image at its own resolution; ``bands`` are indexes from 0."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class SceneInfo:
    """What a file is, before any pixel is read."""

    name: str
    """File name shown to people, without its folder."""
    grid: Grid
    bands: tuple[Band, ...]
    source: PixelSource
    product: str = "picture"
    """What the file was recognised as."""
    why: str = ""
    """By what it was recognised."""
    level: Level = Level.NUMBERS
    """What its numbers are."""
    platform: str | None = None
    """Which satellite, by the provider's name or number."""
    instrument: str | None = None
    gsd_m: float | None = None
    """Size of a pixel as the instrument saw it, metres; the grid may be finer."""
    resolution_m: float | None = None
    """What the instrument tells apart, metres, where that is coarser than its pixels by design (radar); None = not
    told."""
    acquired: dt.datetime | None = None
    """UTC, aware; None = not known."""
    time_source: str | None = None
    """Where the time comes from: ``metadata``, ``file name``, …; None = not known."""
    sun: Sun | None = None
    sun_source: str | None = None
    """``metadata``, or ``time and place`` where it was computed."""
    view: View | None = None
    """Of an optical image."""
    radar_view: RadarView | None = field(default=None, repr=False)
    """Of a radar image; None where it is not told."""
    orbit: Orbit = Orbit()
    secondary: bool = False
    """A picture of an image, not the image as delivered: a screenshot, a scan, what a news site printed."""
    placement_rms_m: float | None = None
    """By how much the points disagree that a picture was placed by, metres; None where it needed none, or all."""
    laid_on_m: float | None = None
    """Height above the ellipsoid on which a radar image was laid; None where it lies on the terrain, or is optical."""
    ground_control: bool | None = None
    """Whether the provider tied it to the ground; None = not told."""
    scene_id: str | None = None
    masks: tuple[str, ...] = ()
    """Which masks came with it, and what they tell."""
    cloud_masked: bool = False
    """Whether the provider's mask of clouds came with it."""
    simulated: bool = False
    """Rendered or altered: never to be shown as what a satellite saw."""
    credit: str | None = None
    """In the wording the provider asks for; None = not known."""
    licence: str | None = None
    """What the provider says of its use; None = not told."""
    files: tuple[Path, ...] = field(default=(), repr=False)
    """Every file the scene was read from, the image first."""
    origin: Origin | None = field(default=None, repr=False)
    """How it was opened; None where it was made from arrays, or kept in an archive of ours."""
    notes: tuple[str, ...] = ()
    """What was taken for granted, or checked, on opening."""
    caveats: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.bands:
            raise InputError(f"{self.name}: a scene needs at least one band")
        if self.acquired is not None and self.acquired.tzinfo is None:
            raise InputError(f"{self.name}: the time {self.acquired} has no time zone; UTC is needed")

    @property
    def units(self) -> str:
        """``reflectance``, ``digital numbers``, or what else the numbers are."""
        return self.level.units

    @property
    def shadow_masked(self) -> bool:
        """Whether a mask that came with it knows the shadow of clouds; one of the user's own is taken to."""
        return any("shadow" in mask or "the user" in mask for mask in self.masks)

    def sun_from_top(self, grid: Grid) -> Sun | None:
        """Return the sun with its azimuth from the top of a grid, clockwise; None where it is not known."""
        up = grid.up_azimuth_deg
        if self.sun is None or up is None:
            return None
        return replace(self.sun, azimuth_deg=(self.sun.azimuth_deg - up) % 360.0)

    def view_from_top(self, grid: Grid) -> View | None:
        """Return the view with its azimuth from the top of a grid, clockwise; None where it is not known."""
        up = grid.up_azimuth_deg
        if self.view is None or up is None:
            return None
        return replace(self.view, azimuth_deg=(self.view.azimuth_deg - up) % 360.0)

    def read(self, row: int = 0, col: int = 0, shape: tuple[int, int] | None = None) -> Scene:
        """Read a rectangle of pixels of all bands at the image's own resolution."""
        shape = shape or (self.grid.shape[0] - row, self.grid.shape[1] - col)
        return self.source.read(row, col, shape, tuple(range(len(self.bands))))
