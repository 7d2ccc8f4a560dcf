"""Every tunable number, once: unit, default, and where the default comes from.

Scales of objects, light and pointing are metres, with least sizes in pixels where fewer carry no statistics. The
numbers are design choices or come from the source named. Constants of a single step (an iteration's limit, a
quantile) stand beside that step. The rules for shadows were shaped while looking at the sample pairs, so those are no
test of them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from imagery_diff.errors import InputError

METHODS = ("alarm", "map")
"""Operating points: alarm = few false regions, inside zones; map = a survey of all ground."""


@dataclass(frozen=True, kw_only=True)
class Params:
    """The numbers of a comparison.

    Examples
    --------
    >>> Params(family_error=0.05).family_error
    0.05

    """

    context_m: float = 300.0
    """Ground read around the AOI for registration and statistics, metres; about the length of a pier."""
    max_pixels: int = 30_000_000
    """Largest grid compared at once, pixels; beyond it the answer is to name a smaller AOI."""
    max_shift_m: float = 45.0
    """Largest shift looked for, metres: three standard deviations of two scenes of 10 m RMSE each (PlanetScope's
    bound)."""
    max_shift_px: float = 32.0
    """Largest shift looked for without a georeference, pixels."""
    registration_sample_px: int = 1_500_000
    """Pixels the registration looks at; more tiles than this holds are thinned out evenly."""
    registration_clear_fraction: float = 0.08
    """The registration looks at ground that is clear on both dates if that is at least this share of the grid, else at
    all that was seen (method.md section 1)."""
    registration_tile_px: int = 64
    """Largest side of the independent windows from whose scatter the registration error is stated, pixels; small
    images get smaller ones."""
    registration_scatter: float = 1.15
    """Times the scatter of the windows that is its share of the registration's error. This and the next five were
    fitted on rendered design seeds by ``python benchmarks/registration.py fit``."""
    registration_floor_px: float = 0.001
    """Registration error under one sun from one side, pixels per axis."""
    registration_shadow_m: float = 0.001
    """Height whose moved shadow pulls the registration, metres: none could be measured, robust weights see to it."""
    registration_lean_m: float = 0.22
    """Mean height of what the registration holds on to, metres: its lean in two views is put back."""
    registration_lean_spread_m: float = 0.24
    """How far that height differs from place to place, metres."""
    registration_interval: float = 1.9
    """Radius about the shift that holds the true one in nine of ten pairs, standard errors."""
    unknown_shadow: float = 0.3
    """Difference of the shadows of a thing one metre high, metres, where the sun is not known: two hours apart at
    mid-latitude, or two months."""
    unknown_pixel_m: float = 3.0
    """Size of a pixel where it is not known, metres: PlanetScope's."""
    noise_block_m: float = 75.0
    """Side of the blocks whose strongest unchanged response sets the threshold, metres: a small ship, a short stack."""
    texture_m: float = 30.0
    """Neighbourhood in which standing structure is measured, metres: shadows and parallax of port structures reach so
    far."""
    relative_floor: float = 0.02
    """Two calibrated looks at one unchanged surface agree at best to this share of its brightness (facts.md 4.1: 0.7
    to 13 % by band between PlanetScope and Sentinel-2)."""
    facet_tilt: float = 0.037
    """How unknown slopes of roofs and ground change brightness under another sun: by this times the difference of the
    two shadow vectors of a thing one metre high. A slope of 3 degrees rms (a prior) at a random azimuth: 0.052 /
    sqrt(2)."""
    shed_height_m: float = 10.0
    """Height of the standing things whose shadows move, metres: a warehouse."""
    lean_height_m: float = 2.6
    """Height of standing clutter that may lean differently in two views, metres: one container."""
    max_tolerance_px: int = 5
    """Never look further than this for a pixel's like."""
    jitter_px: float = 0.15
    """Displacement of a standing edge that is not the scene's shift: bands taken moments apart, resampling, slight
    lean."""
    unregistered_px: float = 1.0
    """The same where the images could not be registered to each other."""
    tolerance_px: float = 1.0
    """How far a pixel may look for its like on the other date, pixels (local co-registration adjustment), where both
    dates were seen from one direction; leaning clutter adds to it."""
    evidence_blur_px: float = 0.7
    """Gaussian smoothing of the evidence, pixels; about the point spread of a delivered pixel."""
    object_blur_px: float = 1.5
    """The same at the scale of an object: single sharpened noise peaks fall away, what is four pixels wide stays."""
    drift_m: float = 250.0
    """Scale of slow radiometric drift (haze), metres; objects of the port are smaller."""
    family_error: float = 0.01
    """Chance that an unchanged scene raises one false region, per stratum, alarm; before calibration a nominal
    figure."""
    family_error_map: float = 0.5
    """The same for the map."""
    floor_sigma: float = 6.0
    """The least strength a region must reach, whatever the scene says. It keeps noise copies and small clutter
    silent, and on a calm pair it is the threshold that acts. The strength is a root mean square over bands after the
    tolerance, so six is more than six standard deviations of one band."""
    min_region_m2: float = 120.0
    """Smallest region kept, square metres on the ground: eight 20-foot containers side by side (8 x 14.8 m2)."""
    min_region_px: int = 6
    """Smallest region kept, pixels; fewer cannot be told from one sharpened noise peak."""
    bridge_sigma: float = 1.5
    """Evidence that is enough to bridge a gap between two pieces, spreads of unchanged ground."""
    join_gap_m: float = 60.0
    """Longest gap across which pieces in one line are one object, metres: three rail cars that match their ground."""
    line_width_m: float = 30.0
    """Widest thing that is still a line, metres: two trains side by side with their shadow."""
    usable_fraction: float = 0.8
    """Share of a zone that must be clear on both dates before anything is said to be absent (house rule)."""
    shadow_darkening: float = 0.12
    """Smallest mean log darkening that can be a cast shadow (method.md section 1)."""
    vegetation_ndvi: float = 0.3
    """NDVI above which ground is vegetation and left out of the alarm."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not value > 0:
                raise InputError(f"the parameter {field.name} must be positive, got {value}")

    def as_dict(self) -> dict[str, Any]:
        """Return name and value of every number, for the manifest."""
        return asdict(self)
