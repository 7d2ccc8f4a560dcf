"""What a comparison found: regions, the state of every zone, how it was done, and what speaks against it.

Numbers that do not exist are None, never NaN.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from imagery_diff import memory

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image
    from shapely.geometry.base import BaseGeometry

    from imagery_diff.aoi import AOI, Zone
    from imagery_diff.grid import Grid
    from imagery_diff.method.coregister import Shift
    from imagery_diff.method.sharpness import Sharpness
    from imagery_diff.pair_again import Known
    from imagery_diff.pair_fit import Fit
    from imagery_diff.params import Params
    from imagery_diff.scene import Scene, SceneInfo

SCHEMA_VERSION = "1.0"
SEED_OF_TRIALS = (0, "what would have been missed")
"""Where the places and sizes of the things that are put in come from: always the same, so that a rerun puts in the
same."""


@dataclass(frozen=True, kw_only=True)
class Region:
    """One flagged region. Units stand in the names; the fields are those of ``regions.geojson``."""

    id: str
    geometry: BaseGeometry
    """In the comparison's grid CRS (pixels without georeference)."""
    direction: str
    """``appeared``, ``disappeared`` or ``changed``."""
    activity: str
    """A first class, uncalibrated; ``other`` where unsure."""
    area_m2: float
    length_m: float
    width_m: float
    orientation_deg: float
    strength: float
    """Strongest evidence, in spreads of unchanged ground."""
    why: tuple[str, ...]
    relation: str = "unclear"
    zone: str | None = None
    zone_kind: str | None = None
    group: str | None = None
    zone_shares: dict[str, float] = field(default_factory=dict)
    """Share of the region's area in each zone it touches."""
    colour: str | None = None
    length_is_lower_bound: bool = False
    """True where the region touches ground that was not seen, or the edge."""
    description: str = ""
    traits: dict[str, float] = field(default_factory=dict)
    """What the second stage weighs; empty where it had no say."""
    under_way: bool = False
    """A vessel that the bands of its image show at different places: its length is not told."""
    p_change: float | None = None
    p_activity: float | None = None
    """Chance of its ``activity``, if it is a change; None where no table of classes holds."""
    false_alarms_per_km2: float | None = None
    length_low_m: float | None = None
    length_high_m: float | None = None
    area_low_m2: float | None = None
    area_high_m2: float | None = None
    """90 % limits of length and width together."""
    height_low_m: float | None = None
    height_high_m: float | None = None
    """Range of the height by its shadow, or, from nought, by a heap's breadth; None where neither tells."""
    several: bool = False
    """Possibly more than one vessel: its length is that of all together, without limits."""
    measured_by: str = "outline"
    """What was fitted to measure it: ``hull``, ``box``, ``line``, ``oval``, or nothing, ``outline``."""
    is_area: bool = False
    """An area of changed ground and no thing: of the map's own score."""
    side: str = ""
    """On which side of its zone it lies, a point of the compass; empty where the outlines do not allow it."""
    end: str = ""
    """At which end of its zone, the same."""
    length_class: str | None = None
    """Class of a vessel's length, by its limits; ``between classes``, or None where there is none."""
    counts_as_visit: bool | None = None
    """Whether a vessel is as long as ``Params.min_vessel_m``; None where its limits do not tell."""
    teu_low: float | None = None
    """Fewest twenty-foot containers a container-like object has room for; None of other classes."""
    teu_high: float | None = None
    """The most; None where its length is a lower bound."""
    tiers: tuple[int, int] | None = None
    """How few and how many containers stand on each other, by which the two were counted."""
    why_no_count: str | None = None
    """Why the cars of a train are not counted."""
    doubts: tuple[str, ...] = ()
    """What else it may be; they end its description."""
    location_accuracy_m: float | None = None
    """How far the region may lie from where it is said to lie on the earth, root mean square; None = not known."""
    relation_to: str | None = None
    """Id of the region that a moved vessel left or took up."""
    shares: dict[str, float] = field(default_factory=dict)
    """Class -> chance, if it is a change, the kind of zone known; empty where no table holds."""
    shares_without_zone: dict[str, float] = field(default_factory=dict)
    """The same by the pixels alone."""
    class_traits: dict[str, float] = field(default_factory=dict)
    """What they rest on."""
    same_colour: dict[str, Any] | None = None
    """``region``, ``angle_deg`` and ``chance``: a stack that left and what is now on a deck are near in colour."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How a result was asked for: with the images and the numbers of the method, all that a rerun needs."""

    aoi: AOI | None
    """As it was given, before it was laid on the images; None = all that they show."""
    options: Mapping[str, Any]
    """Option of the call -> what it was, as plain values."""

    @classmethod
    def of_pair(cls, aoi: AOI | None, *, despite: Sequence[str], shift: Shift | None, **options: Any) -> Asked:
        """Return how a comparison was asked for; a shift that was given stands in no file, but that it was does."""
        told = options | {"despite": sorted(despite), "shift": "measured" if shift is None else "given"}
        return cls(aoi=aoi, options=told)


@dataclass(frozen=True, kw_only=True)
class LookAt:
    """Something to look at by eye: small, bright, sharp, and under the provider's mask of clouds. Never a finding."""

    id: str
    geometry: BaseGeometry
    """In the comparison's grid CRS (pixels without georeference)."""
    date: str
    """``before`` or ``after``: the image that shows it."""
    zone: str | None
    length_m: float
    width_m: float


@dataclass(frozen=True, kw_only=True)
class Floor:
    """The smallest thing of a kind that a pair would have shown, metres; None where that cannot be said, with why."""

    thing: str
    """``vessel``, ``containers`` or ``rail_cars``."""
    d50_m: float | None = None
    """Length of which one in two is found, of the worst colour tested."""
    d90_m: float | None = None
    """Nine in ten."""
    d99_m: float | None = None
    d50_high_m: float | None = None
    """Upper limit, 95 %."""
    d90_high_m: float | None = None
    """The same: what is stated. One so long or longer would be missed at most one time in ten."""
    d99_high_m: float | None = None
    colour: str | None = None
    """The worst of the colours tested, in words."""
    reason: str | None = None
    """Why ``d90_high_m`` is None."""
    how: str = "full"
    """``full`` or ``quick``."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A thing that was put into a pair, and whether it was told."""

    length_m: float
    width_m: float
    colour: str
    date: str
    """``before`` or ``after``: the image it was put into."""
    zone: str
    found: bool
    contrast: float
    """Median over its footprint of |log(thing / ground)|, root mean square over bands."""
    drawn: bool = False
    """Whether a piece of change was drawn on half of its length or more, told or held for none."""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """How often things of a kind are found in zones of a kind, by length."""

    zone_kind: str
    floor: Floor
    trials: tuple[Trial, ...]
    middle_m: float | None = None
    """Length at which half of those are found that do not lapse; None where nothing was fitted."""
    slope: float | None = None
    """Of the logit, per unit of ln length."""
    lapse: float | None = None
    """Share that is missed at any length."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sensitivity:
    """What a pair would have missed: things put into its images, and how often they were told."""

    aoi: AOI | None
    before: SceneInfo
    after: SceneInfo
    how: str
    """``full`` or ``quick``."""
    curves: tuple[Curve, ...]
    zones: tuple[ZoneState, ...]
    """With their floors."""
    colours: tuple[str, ...]
    """In words, those tested."""
    caveats: tuple[str, ...]
    compared: Comparison | None = field(default=None, repr=False)
    """The comparison it rests on, without pictures."""
    seconds: float = field(default=0.0, repr=False)
    """What it took; in no file."""

    @property
    def name(self) -> str:
        """What the result is about: the AOI's name, or ``common-ground``."""
        return self.aoi.name if self.aoi else "common-ground"

    @property
    def simulated(self) -> bool:
        """Whether an image is rendered or altered, so that nothing here was seen by a satellite."""
        return self.before.simulated or self.after.simulated

    def plot(self) -> Image:
        """Draw the curves."""
        from imagery_diff.write.sensitivity import picture  # noqa: PLC0415 - a lazy delegate to `write`

        return picture(self)

    def save(self, folder: str | Path) -> Path:
        """Write ``sensitivity.json`` and ``sensitivity.png`` into ``folder``."""
        from imagery_diff.write.sensitivity import save_sensitivity  # noqa: PLC0415

        return save_sensitivity(self, folder)


@dataclass(frozen=True, kw_only=True)
class ZoneState:
    """What could be seen of a zone on both dates, and whether anything was flagged there."""

    zone: Zone
    state: str
    """``flagged``, ``look at this``, ``nothing flagged`` or ``unknown``; the last wherever too little was clear to say
    ``nothing flagged``, which is not said either where something is to be looked at."""
    clear_fraction: float
    """Share of the zone's area clear on both dates and searched for change, 0 to 1."""
    degraded_fraction: float
    """Share seen through haze, shadow or snow on either date: something may be seen there, absence may not be
    claimed."""
    unknown: dict[str, float]
    """Share of the zone by cause: each pixel is counted once, under the first cause in the order of ``Flag``."""
    regions: tuple[str, ...] = ()
    """Ids of the regions that belong to the zone."""
    look_at: tuple[str, ...] = ()
    """Ids of what is to be looked at there."""
    fill_gained: tuple[float, float] | None = None
    """Yards and stockpiles: share of the clear ground that goods which appeared cover, 90 % limits, 0 to 1; None of
    other zones and where a thing has no limits."""
    fill_lost: tuple[float, float] | None = None
    """The same of goods that went."""
    floors: dict[str, Floor] = field(default_factory=dict)
    """Thing -> the smallest that would have been told there; empty where that was not asked."""

    @property
    def fill_fraction(self) -> dict[str, tuple[float, float]] | None:
        """``before`` and ``after`` -> the least and the most of the clear ground that may have been filled, 0 to 1.

        What came or went stood there on one date and left its ground bare on the other; of all else a pair does not
        tell whether it is ground or goods that stayed.
        """
        if self.fill_gained is None or self.fill_lost is None:
            return None
        gained, lost = self.fill_gained[0], self.fill_lost[0]
        return {"before": (lost, max(1.0 - gained, lost)), "after": (gained, max(1.0 - lost, gained))}


@dataclass(frozen=True, kw_only=True, eq=False)
class Layers:
    """The arrays behind a comparison, all on its grid."""

    before: Scene
    """As the image was read, moved by half the shift; numbers to a two-thousandth of themselves."""
    after: Scene
    strength: NDArray[np.float32]
    """(row, col), smoothed evidence."""
    flags: NDArray[np.uint8]
    """(row, col), bits of ``Flag`` of either date."""
    level: NDArray[np.float32]
    """(row, col), the strength that seeds a region there; 0 where none is looked for."""
    blind: NDArray[np.bool_]
    """(row, col), True where the ground was seen but change was not looked for."""
    drawn: NDArray[np.bool_]
    """(row, col), True where a piece of change was drawn, told or held for none."""

    def without_pictures(self) -> Layers:
        """Return what was seen and searched alone, where many comparisons are kept."""
        before, after = (replace(s, data=s.data[:0].copy(), flags=self.flags) for s in (self.before, self.after))
        strength, level = self.strength[:0, :0].copy(), self.level[:0, :0].copy()
        return replace(self, before=before, after=after, strength=strength, level=level)

    def set_aside(self, folder: Path) -> Layers:
        """Return what was seen and searched alone, kept in files, where very many comparisons are kept."""
        return replace(
            self,
            flags=memory.set_aside(self.flags, folder),
            blind=memory.set_aside(self.blind, folder),
            drawn=memory.set_aside(self.drawn, folder),
        ).without_pictures()

    def let_go(self) -> None:
        """Give back the memory of what is kept in files."""
        memory.let_go(self.flags, self.blind, self.drawn)


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """The result of comparing two images."""

    aoi: AOI | None
    """In the grid's CRS; None = the images' common ground."""
    before: SceneInfo
    after: SceneInfo
    grid: Grid
    shift: Shift
    relative_gain: dict[str, float]
    """Band -> contrast of the after image over that of the before image on unchanged ground."""
    relative_blur: Sharpness | None
    """How much softer one image is than the other, and whether that was matched; None for radar."""
    thresholds: dict[str, dict[str, float]]
    """Surface class -> seed, grow, blocks."""
    detect: str
    """``alarm`` or ``map``."""
    params: Params
    regions: tuple[Region, ...]
    zones: tuple[ZoneState, ...]
    caveats: tuple[str, ...]
    look_at: tuple[LookAt, ...] = ()
    """What the provider's mask calls cloud and looks like a thing."""
    fit: Fit | None = None
    """Where the outlines were laid, and how well that is known; None without an AOI. ``aoi`` and ``zones`` are as
    laid."""
    sensitivity: Sensitivity | None = field(default=None, repr=False)
    """What would have been missed; None where that was not asked."""
    asked: Asked | None = field(default=None, repr=False)
    layers: Layers = field(repr=False)
    kept: Known | None = field(default=None, repr=False)
    """All that was estimated, where things are to be put in later (:func:`imagery_diff.pair.put_things_in`)."""

    @property
    def name(self) -> str:
        """What the result is about: the AOI's name, or ``common-ground``."""
        return self.aoi.name if self.aoi else "common-ground"

    @property
    def simulated(self) -> bool:
        """Whether an image is rendered or altered, so that nothing here was seen by a satellite."""
        return self.before.simulated or self.after.simulated

    @property
    def credit(self) -> str:
        """The line that must stand beside every picture."""
        from imagery_diff.write.words import credit_line  # noqa: PLC0415 - a lazy delegate to `write`

        return credit_line(self)

    def __repr__(self) -> str:
        from imagery_diff.write.words import one_line  # noqa: PLC0415

        return f"<Comparison {one_line(self)}>"

    def _repr_html_(self) -> str:
        from imagery_diff.write.report.inline import cell_of  # noqa: PLC0415

        return cell_of(self)

    def to_geojson(self) -> dict[str, Any]:
        """Return the flagged regions as a GeoJSON FeatureCollection (RFC 7946)."""
        from imagery_diff.write.geojson import regions_geojson  # noqa: PLC0415

        return regions_geojson(self)

    def plot(self) -> Image:
        """Draw before, after and what was flagged, side by side."""
        from imagery_diff.write.figure import overview  # noqa: PLC0415

        return overview(self)

    def explore(self, *, tiles: Any = None, leaflet: str | Path | None = None) -> Any:
        """Return a map to move about in: zones and regions with their sentences, both dates laid on the ground.

        Parameters
        ----------
        tiles
            None for no base map, as nothing is fetched unless it is asked for; else what ``folium.Map`` takes, such as
            ``"OpenStreetMap"``: the browser then tells that server which place is looked at.
        leaflet
            A folder with ``leaflet.js`` and ``leaflet.css``, which are then written into the page, so that it opens
            without a network. Without it **the browser that shows the map fetches Leaflet from a public server**.

        Returns
        -------
        folium.Map
            A notebook shows it by itself; ``.save("map.html")`` writes it. Pictures are laid on web Mercator by their
            nearest pixels, at most 1.2 million each.

        Raises
        ------
        MissingExtraError
            If folium is not installed: ``pip install "imagery-diff[explore]"``.
        InputError
            If the images carry no georeference, or the place lies across the antimeridian.
        InputNotFoundError
            If ``leaflet`` does not hold these files.

        """
        from imagery_diff.write.explore import explore_pair  # noqa: PLC0415

        return explore_pair(self, tiles=tiles, leaflet=leaflet)

    def save(self, folder: str | Path, *, report: bool = True) -> Path:
        """Write every file of the result into ``folder``; see :func:`imagery_diff.write.save_comparison`."""
        from imagery_diff.write import save_comparison  # noqa: PLC0415

        return save_comparison(self, folder, report=report)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """Something that stands on one image, unconfirmed: one image has no before."""

    id: str
    geometry: BaseGeometry
    """In the grid's CRS (pixels without georeference)."""
    activity: str
    """``vessel`` or ``other``; with references what a comparison with them says."""
    area_m2: float
    length_m: float
    width_m: float
    orientation_deg: float
    strength: float
    """By how many spreads it differs from the water around it, or from the references."""
    why: tuple[str, ...]
    direction: str | None = None
    """None without references; against them ``appeared``, ``disappeared`` or ``changed``."""
    zone: str | None = None
    zone_kind: str | None = None
    group: str | None = None
    zone_shares: dict[str, float] = field(default_factory=dict)
    colour: str | None = None
    length_is_lower_bound: bool = False
    under_way: bool = False
    against: tuple[str, ...] = ()
    """Names of the references that bear it out."""
    description: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Look:
    """What one image shows of a place."""

    aoi: AOI | None
    """In the grid's CRS; None = all of the image."""
    image: SceneInfo
    references: tuple[SceneInfo, ...]
    grid: Grid
    params: Params
    candidates: tuple[Candidate, ...]
    zones: tuple[ZoneState, ...]
    """``state`` is ``candidates``, ``nothing stood out``, ``not told`` or ``unknown``; ``regions`` holds ids."""
    level: float | None
    """From which something stands out from water; None where water was not told."""
    searched_km2: float
    """Open water that was looked at."""
    caveats: tuple[str, ...]
    scene: Scene = field(repr=False)
    """As read, on the grid."""
    asked: Asked | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """What the result is about: the AOI's name, or ``common-ground``."""
        return self.aoi.name if self.aoi else "common-ground"

    @property
    def simulated(self) -> bool:
        """Whether an image is rendered or altered, so that nothing here was seen by a satellite."""
        return self.image.simulated or any(info.simulated for info in self.references)

    def plot(self) -> Image:
        """Draw the image with its zones and candidates."""
        from imagery_diff.write.look import overview  # noqa: PLC0415 - a lazy delegate to `write`

        return overview(self)

    def save(self, folder: str | Path) -> Path:
        """Write ``candidates.geojson``, ``summary.json``, ``overview.png`` and ``manifest.json`` into ``folder``."""
        from imagery_diff.write.look import save_look  # noqa: PLC0415

        return save_look(self, folder)


def iso(time: dt.datetime | None) -> str | None:
    """Return a UTC time as ISO 8601 with ``Z``, None for None."""
    return None if time is None else time.strftime("%Y-%m-%dT%H:%M:%SZ")
