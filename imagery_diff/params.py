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
    uncontrolled_shift_m: float = 150.0
    """The same where the provider did not tie an image to the ground, metres: then orbit and attitude alone place it,
    to some tens of metres (a prior; Planet states no bound)."""
    fit_reach_m: float = 60.0
    """How far outlines may lie off, metres: drawn to 10 to 50 m (a prior, the files' own ``accuracy_m``)."""
    fit_band_m: float = 30.0
    """Width of the water, and of the land, beside a drawn quay that is looked at, metres: a large ship's beam. An edge
    that lies further off has no say in where the outlines are looked for."""
    max_shift_px: float = 32.0
    """Largest shift looked for without a georeference, pixels."""
    registration_sample_px: int = 1_000_000
    """Pixels the registration looks at; more tiles than this holds are thinned out evenly. Some 250 windows of 64 x 64:
    their scatter tells the shift to a two-hundredth of a pixel."""
    registration_clear_fraction: float = 0.08
    """The registration looks at ground that is clear on both dates if that is at least this share of the grid, else at
    all that was seen (method.md section 3)."""
    registration_snow_least: float = 0.005
    """Share of all that was seen that must turn as white as deep snow before the registration asks what lies bare: a
    quarter of ``snow_share``, which is of dry ground, for three quarters of a harbour may be water."""
    registration_snow_share: float = 0.15
    """Share of a pixel under snow, of one date, from which its edges may be the snow's and are left out."""
    registration_snow_m: float = 0.5
    """By how much snow on one date pulls the registration of ground that it covers, metres per axis: root mean square
    on rendered design scenes. It counts by the share of the ground it covers."""
    registration_shade_m: float = 21.0
    """What is darker than its surroundings and narrower than this is left out as the shadow beside something, metres:
    that of a shed of 10 m under a sun of 25 degrees. At most seven pixels."""
    registration_tile_px: int = 64
    """Largest side of the independent windows from whose scatter the registration error is stated, pixels; small
    images get smaller ones."""
    registration_scatter: float = 0.73
    """Times the scatter of the windows that is its share of the registration's error. This and the next six were
    fitted on rendered design seeds by ``python benchmarks/registration.py fit``."""
    registration_floor_px: float = 0.0012
    """Registration error under one sun from one side, pixels per axis."""
    registration_shadow_m: float = 0.001
    """Height whose moved shadow pulls the registration, metres: none could be measured, robust weights see to it."""
    registration_lean_m: float = 0.14
    """Mean height of what the registration holds on to, metres: its lean in two views is put back."""
    registration_lean_spread_m: float = 0.074
    """How far that height differs from place to place, metres."""
    registration_blur: float = 0.0062
    """Share of the Gaussian by which two images differ in sharpness that is left in their shift, per axis, once both
    are made equal."""
    registration_interval: float = 1.89
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
    shed_height_m: float = 12.0
    """Height of the standing things whose shadows move, metres: the ridge of a warehouse. What is as dark as a shadow
    and reaches further than such a thing throws one is not taken for shadow."""
    moved_shadow_share: float = 0.02
    """Where the sun is not known: share of dry ground that must have the colour of shade on one date only before
    shadows are said to have moved. As much as ten things of 2000 m2 on each square kilometre, more than a port
    shifts."""
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
    least_blur_px: float = 0.5
    """Relative blur of the two images, standard deviation in pixels, from which the sharper one is blurred to match. A
    Gaussian of s more changes the edge of a delivered image (one of 1.2 px) by at most 0.084 s2 of its step: 0.5 px by
    2 %, which ``relative_floor`` allows two looks anyway. Good passes of one sensor differ by up to that."""
    drift_m: float = 1000.0
    """Scale of slow radiometric drift (haze), metres; at a quarter of that, clouds without a mask and changes of whole
    terminals were taken for drift."""
    family_error: float = 0.01
    """Chance that an unchanged scene raises one false region, per stratum, alarm; before calibration a nominal
    figure."""
    family_error_map: float = 0.5
    """The same for the map."""
    speckle_error: float = 0.05
    """Chance that speckle alone raises a region anywhere in an unchanged radar pair, at most; the usual level of a
    test."""
    radar_weather_db: float = 4.0
    """Change of backscatter that is not told, decibels: bare soil wetted by 20 % of its volume at 0.2 dB per cent
    (Ulaby, Batlivala and Dobson 1978, IEEE Trans. Geosci. Electron. 16, 286). Ships and floods change by 10 and
    more."""
    floor_sigma: float = 5.0
    """The least strength a region must reach, whatever the scene says; on a calm pair it is the threshold that acts,
    on a restless one the level from the pair's own block maxima lies above it. Chosen on rendered design scenes
    (benchmarks/accuracy.py): 102 of 112 unchanged scenes raised nothing in their zones, of those without snow 98 of
    104; at 4.2 it was 96 of 112, at 6 109, and 5 of 79 events were lost. A choice seen to work:
    the strength is a root mean square over bands after the tolerance and the smoothing, so it is no number of standard
    deviations of one band. Where the calibration holds it is one of what the second stage weighs."""
    candidate_sigma: float = 2.3
    """The strength from which the alarm looks at a region at all, spreads of unchanged ground, where its calibration
    holds; which of these candidates are told ``false_alarms_per_km2`` decides. Chosen so that unchanged design scenes
    raise some ten candidates a square kilometre, the largest rate that is counted."""
    candidate_error: float = 0.99
    """The same as a chance, on a restless pair: the level that unchanged ground passes between four and five times a
    stratum (Poisson)."""
    false_alarms_per_km2: float = 0.1
    """Alarm: a region is told if unchanged ground raises one as much like a change no oftener than this per square
    kilometre of zones, by the count in ``calibration.json``: one in fifty pairs of a harbour of 0.2 km2. What
    ``--false-alarms`` moves. Of three bands or other units the count does not hold and no rate is stated, but regions
    are told from the same score on; where the second stage has no say, ``floor_sigma`` and ``family_error`` decide."""
    track_mean_m: float = 24.0
    """Standard deviation of the mean along a track, metres: five or six cars, half of the shortest train asked for."""
    track_gain: float = 2.0
    """What the mean evidence along a track is worth in the evidence of a pixel: on 104 unchanged design scenes, 28 of
    them under another sun, it stays below 2.5, which this brings to ``floor_sigma``."""
    train_least: float = 0.3
    """By how much more must speak for a train than against it, spreads of calm unchanged ground (``method/trains.py``).
    Bare noise on flat ground reaches 0.23, since its own direction is what is looked at."""
    train_doubt: float = 0.45
    """Where the calibration holds, a line that falls so far short of ``train_least`` is still a candidate, and the
    second stage decides. What stood on both dates counts against a line, so unchanged tracks lie below nought: on
    design scenes one in forty rises above -0.15."""
    prior_events_per_km2: float = 1.0
    """Changes of cargo expected per square kilometre of zones between two looks: a ship or a stack in a harbour the
    size of Najin, every other look. A prior, stated; p_change moves with it."""
    map_times: float = 3.0
    """Map: ground is called changed that differs this many times more than unchanged ground of the pair typically does.
    A round number; on labelled pairs of 1.5 to 30 m the best factor lay between 2.6 and 3.6 on ten of fourteen. This
    number moves the map: 1.25 times lower calls about twice as much unchanged ground, and finds more. On a pair where
    so much is out of reach it is lowered, by a root of 3 at most (:func:`imagery_diff.method.survey.reachable`)."""
    map_least_share: float = 0.4
    """Map: the least smoothed evidence, spreads of unchanged ground for each of ``map_times``: 1.2, whatever the pair
    typically shows."""
    map_seed_share: float = 0.8
    """Map: what an area must somewhere reach at the scale of an object, spreads of unchanged ground for each of
    ``map_times``: 2.4; haze, season and wet ground on rendered pairs without change stay below."""
    map_least_contrast: float = 0.5
    """Map: the least difference, shares of the image's own contrast (half its 16 to 84 % range): less than half of what
    unlike materials of the image differ by is no change of cover. Copies of an image reach 0.42."""
    map_near_px: float = 1.0
    """Near smoothing of the map's score, pixels: six independent pixels, about the point spread of a delivered one."""
    map_wide_px: float = 4.0
    """Wide smoothing of the map's score, pixels: fifty independent pixels. Of both the mean is taken. What is smaller
    than the near one is a matter of the alarm. Pixels and not metres, because they average the noise of pixels."""
    map_window_px: int = 3
    """Side of the neighbourhood in which pattern and local contrast are compared before smoothing, pixels: the least
    that has a pattern."""
    min_region_m2: float = 120.0
    """Smallest region kept, square metres on the ground: eight 20-foot containers side by side (8 x 14.8 m2). Its
    outline is larger (:func:`imagery_diff.pair_regions.is_large`)."""
    delivered_blur_px: float = 0.98
    """Standard deviation of a delivered image's point spread, pixels: its edges rise from 10 to 90 % over 2.5 px
    (method.md), 2.563 standard deviations of a Gaussian."""
    outline_blur_px: float = 3.5
    """Width of a point by its outline, pixels: a delivered edge rises from 10 to 90 % over 2.5 px (method.md), a
    Gaussian of 0.98 px; with the smoothing of the evidence 1.2 px; and outlines lie at about 0.35 of a point's
    peak."""
    lorry_length_m: float = 16.5
    """An articulated lorry, metres (the longest of Directive 96/53/EC). Two of them side by side, too near each other
    to be told apart, are no cargo, and what looks no larger is not told."""
    lorry_width_m: float = 2.55
    """Its width, metres."""
    min_region_px: int = 6
    """Smallest region kept, pixels; fewer cannot be told from one sharpened noise peak."""
    bridge_sigma: float = 1.5
    """Evidence that is enough to bridge a gap between two pieces, spreads of unchanged ground."""
    join_gap_m: float = 60.0
    """Longest gap across which pieces in one line are one object, metres: three rail cars that match their ground."""
    line_width_m: float = 30.0
    """Widest thing that is still a line, metres: two trains side by side with their shadow."""
    least_width_px: float = 0.5
    """Shorter side of the narrowest thing that a pixel carries, pixels: under a point spread of a pixel it keeps under
    half of its contrast."""
    least_length_px: float = 3.0
    """Longer side of the same, pixels; what is shorter has no shape."""
    min_vessel_m: float = 100.0
    """Least length of a vessel that counts as a visit, metres: the class in which visits to Najin were counted (facts
    N05: ships of 100 m or more). What ``--min-vessel`` moves."""
    reported_thing_m: float = 60.0
    """Series: ``no`` says that nothing of this length stood there, metres: ships and blocks of goods (house rule)."""
    reported_train_m: float = 100.0
    """The same of trains, metres (house rule)."""
    most_missed: float = 0.01
    """Series: share of things of that length that may be missed where ``no`` is said (house rule)."""
    reported_trials: int = 120
    """Things of that length that are put into each zone, all looks of a series together. Of fifty all found the
    share missed is below 0.01 in the middle of what is then believed (Jeffreys); not all find room."""
    vessel_share: float = 0.06
    """Series: share of the time that a berth holds a vessel, before any look: a ship on 49 of 109 imaged days at one of
    eight berths (facts N29). With the stay, the habit of :mod:`imagery_diff.method.occupancy`."""
    vessel_stay_h: float = 48.0
    """Mean stay of a vessel, hours: calls last one to three days (facts N05)."""
    cargo_share: float = 0.25
    """Share of the time that a yard holds goods: a stated prior; stacks last 1 to 5 days and come with every call."""
    cargo_stay_h: float = 72.0
    """Mean stay of goods, hours (facts 2.2)."""
    train_share: float = 0.25
    """Share of the time that a track holds a train: a stated prior."""
    train_stay_h: float = 48.0
    """Mean stay of a train, hours: a stated prior; one of 790 m stayed three days (facts T14)."""
    stays_h: float = 720.0
    """Goods that came and were never seen to go again in so long may be a building, hours: thirty days, ten times the
    mean stay of goods."""
    building_years: float = 5.0
    """Time between two buildings that go up in one zone, years: a stated prior."""
    goods_alike: float = 0.05
    """Chance that other goods on the same ground end within 3 m of where the first did and have their colour, a stated
    prior: of stacks whose middles scatter over 50 m one in eight lies within 3 m, half have the usual length, four in
    five one colour (facts N10 to N45). Of larger pixels it grows as they do."""
    lasting_least: float = 0.95
    """Chance from which what came and stayed is told as construction and counted as goods no more."""
    call_h: float = 24.0
    """A gap between looks as long as this can hide a whole call, hours: calls last one to three days (facts 2.1)."""
    inferred_h: float = 12.0
    """Goods that left a quay in a shorter gap are not said to be consistent with a call that nobody saw, hours."""
    ais_km: float = 2.0
    """AIS: how far from the middle of a vessel's outline a position may lie, kilometres: a stated limit. Outlines lie
    up to 60 m off, a ship is some hundred metres long, and what sends every few minutes to hours moves meanwhile: 2 km
    are 6 minutes at 11 knots."""
    ais_h: float = 3.0
    """And how far from the look in time, hours: a stated limit. Ships at anchor and moored send every 3 minutes (ITU-R
    M.1371), but satellites hear them once a pass, hours apart."""
    ais_alike_m: float = 60.0
    """Offsets that differ by no more than this and the vessel's own length do not tell two AIS vessels apart, metres:
    so far may a place lie off; an antenna stands anywhere along the hull."""
    usable_fraction: float = 0.8
    """Share of a zone that must be clear on both dates before anything is said to be absent (house rule)."""
    softest_edge_px: float = 4.0
    """Alarm: where even the sharpest tenth of a rim rises over more than this there is no edge, and no thing but cloud,
    haze, drying ground (``method/edges.py``). A third more than a delivered edge; the softest of the changes on
    ``planet_sfbay`` rises over 3.4 so, of 121 things on design scenes over 3.1."""
    softer_than_standing: float = 1.2
    """And where that is more, over so many times what the strong edges rise that stand in the images: of a pair that
    is soft as a whole no sharper edges are asked. Delivered scenes read 2.9 to 3.6 px, of one blurred date 4.2."""
    cloud_edge_m: float = 30.0
    """How far beyond flagged cloud, haze and cloud shadow a change of brightness alone is taken for theirs, metres: ten
    pixels of PlanetScope, in which the edge of a cumulus falls from half its depth to nothing."""
    veil_share: float = 0.08
    """Share of the ground that such a veil must hide before the ground counts as not searched: on concrete the contrast
    of a grey thing that is the least one asked for."""
    snow_share: float = 0.02
    """Share of the dry ground that must turn as white as deep snow before snow is said to lie on one date only: more
    than all white things of a port together, and what a cover of a seventh of the ground shows."""
    shadow_darkening: float = 0.12
    """Smallest mean log darkening that can be a cast shadow (method.md section 5)."""
    vegetation_ndvi: float = 0.3
    """NDVI above which ground is vegetation: a class with a scatter and a threshold of its own."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not value > 0:
                raise InputError(f"the parameter {field.name} must be positive, got {value}")

    def as_dict(self) -> dict[str, Any]:
        """Return name and value of every number, for the manifest."""
        return asdict(self)
