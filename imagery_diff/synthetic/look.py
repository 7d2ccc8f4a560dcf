"""How a world is looked at: sensor, moment, weather, and everything else that differs between two passes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003 - dataclasses are read at run time by documentation tools
from typing import TYPE_CHECKING

from imagery_diff.errors import InputError
from imagery_diff.geometry import View

if TYPE_CHECKING:
    from imagery_diff.synthetic.materials import Reflectance


@dataclass(frozen=True, kw_only=True)
class Sensor:
    """A camera and what its provider does to the image before delivery."""

    name: str
    """For metadata."""
    delivered_m: float
    """Pixel of the delivered grid."""
    native_m: float
    """Spacing at which the detector samples the ground."""
    fine_m: float
    """Pixel at which the world is drawn before the sensor looks at it; at most half of ``native_m``."""
    blur_m: float
    """Standard deviation of the point spread: optics, detector, motion."""
    noise_dn: float
    """Noise of a native sample of a dark surface, in delivered numbers (reflectance times 10,000)."""
    noise_share: float
    """Noise that grows with the signal, as a share of it."""
    noise_bands: Reflectance = (1.15, 1.0, 0.9, 1.0)
    """Factor per band on the noise."""
    noise_common: float = 0.0
    """Share of the noise's variance that all bands have in common, 0 to 1."""
    smooth_px: float = 0.0
    """Standard deviation, delivered pixels, of the provider's smoothing (demosaicking, denoising)."""
    sharpen: float = 0.0
    """Strength of the provider's unsharp mask."""
    sharpen_px: float = 1.2
    """Standard deviation of its Gaussian, delivered pixels."""
    band_offset_px: float = 0.15
    """Typical misregistration between bands, native samples."""
    band_delay_s: float = 0.3
    """Time between one band and the next; what moves is elsewhere by then."""
    heading_deg: float = 0.0
    """Direction of the detector columns, clockwise from grid north."""

    def __post_init__(self) -> None:
        if self.fine_m * 2.0 > self.native_m:
            raise InputError(f"drawing at {self.fine_m} m is too coarse for samples of {self.native_m} m: at most half")


PLANETSCOPE = Sensor(
    name="PSB.SD",
    delivered_m=3.0,
    native_m=3.9,
    fine_m=1.0,
    blur_m=3.1,
    noise_dn=20.0,
    noise_share=0.010,
    noise_common=0.7,
    smooth_px=0.52,
    sharpen=0.95,
    sharpen_px=1.2,
    heading_deg=11.0,
)
"""SuperDove, tuned so that edges and noise are those measured on real 3 m scenes (docs/explanation/renderer.md)."""

SKYSAT = Sensor(
    name="SkySat",
    delivered_m=0.5,
    native_m=0.75,
    fine_m=0.25,
    blur_m=0.45,
    noise_dn=20.0,
    noise_share=0.012,
    noise_common=0.3,
    smooth_px=0.4,
    sharpen=0.8,
    sharpen_px=1.2,
    band_offset_px=0.10,
    heading_deg=-14.0,
)
"""SkySat ortho at 0.5 m; by analogy, not tuned on real SkySat."""


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """A cloud deck."""

    cover: float
    """Share of the sky, 0 to 1."""
    height_m: float = 1500.0
    """Of the deck above the ground: decides where its shadow falls."""
    size_m: float = 600.0
    """Of a cloud."""
    depth: float = 1.6
    """Optical depth where thickest; under 0.5 it is a veil."""
    seed: int = 0
    """Of its shape and place."""

    def __post_init__(self) -> None:
        if not 0.0 <= self.cover <= 1.0:
            raise InputError(f"cloud cover lies between 0 and 1, got {self.cover}")


@dataclass(frozen=True, kw_only=True)
class Look:
    """One pass over a world. Everything here may differ between two passes in which nothing happened."""

    time: datetime
    """UTC."""
    sensor: Sensor = PLANETSCOPE
    """What looks."""
    view: View = field(default_factory=lambda: View(off_nadir_deg=0.0, azimuth_deg=0.0))
    """From where."""
    pointing_error_m: tuple[float, float] = (0.0, 0.0)
    """East and north: where the image puts a thing minus where it is."""
    gain: Reflectance = (1.0, 1.0, 1.0, 1.0)
    """Per band: calibration and atmospheric correction are never quite right."""
    offset: Reflectance = (0.0, 0.0, 0.0, 0.0)
    """Per band, reflectance."""
    haze: float = 0.0
    """Optical depth of haze left after correction; 0.1 is visible, 0.4 heavy."""
    haze_colour: Reflectance = (0.26, 0.24, 0.22, 0.20)
    """Reflectance of deep haze."""
    shadow_light: Reflectance = (0.30, 0.25, 0.21, 0.14)
    """Light left in a cast shadow as a share of full light: the sky, more of it blue. Sets shadow depth and colour."""
    cloud: Cloud | None = None
    """Clouds, with their shadows."""
    glint: float = 0.0
    """Sun glint on waves, reflectance."""
    waves: float = 0.002
    """Standard deviation of the water's reflectance by waves."""
    greenness: float = 0.5
    """Season: 0 = all plants dry or bare, 1 = high summer."""
    wet: float = 0.0
    """How wet the ground is, 0 to 1."""
    snow: float = 0.0
    """Share of the ground under snow, 0 to 1."""
    extra_blur_m: float = 0.0
    """Blur beyond the sensor's own (focus, haze)."""
    noise_factor: float = 1.0
    """Factor on the sensor's noise."""
    seed: int = 0
    """Of noise, waves and whatever else is new in every pass."""

    def __post_init__(self) -> None:
        if self.time.tzinfo is None:
            raise InputError(f"the time of a look needs a time zone, got {self.time.isoformat()}")
