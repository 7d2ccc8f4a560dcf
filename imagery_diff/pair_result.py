"""What a pair's steps found -> the Comparison: regions in words, the state of every zone, and the caveats."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from imagery_diff.errors import ImageryDiffWarning, InputError
from imagery_diff.memory import at_half_precision
from imagery_diff.method import zones
from imagery_diff.method.activity import Activity
from imagery_diff.method.chance import Calibration
from imagery_diff.method.radiometry import Surface
from imagery_diff.method.regions import SURVEY, Direction
from imagery_diff.method.speckle import Scaling, may_be_radar
from imagery_diff.params import Params
from imagery_diff.read.calibration import read_calibration
from imagery_diff.read.scenes import NO_CLOUD_MASK
from imagery_diff.result import Layers, LookAt, Region, ZoneState
from imagery_diff.scene import DEGRADED, Flag, Level
from imagery_diff.threads import each
from imagery_diff.write.words import NO_TIME
from imagery_diff.write.yardstick import rank_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.aoi import AOI, Zone
    from imagery_diff.grid import Grid
    from imagery_diff.method.coregister import Shift
    from imagery_diff.method.describe import Described, Found, Placed
    from imagery_diff.method.regions import Scale
    from imagery_diff.method.second_stage import SecondStage
    from imagery_diff.method.sharpness import Sharpness
    from imagery_diff.method.speckle import Speckle
    from imagery_diff.overcast import Judged
    from imagery_diff.pair_scenes import Pair
    from imagery_diff.scene import Scene

_COLOURS = 3
"""Bands from which on a change of colour can be told from one of brightness."""


def in_zones(placed: Placed, ground: AOI | None, detect: str) -> bool:
    """Say whether a finding may be told by its zone: the alarm speaks of zones alone, nobody of what is ignored."""
    if ground is None:
        return True
    ignored = [z.name for z in ground.zones if z.kind == "ignore"]
    if any(placed.zone_shares.get(name, 0.0) >= 0.5 for name in ignored):  # noqa: PLR2004 - mostly in it
        return False
    return detect != "alarm" or placed.zone is not None


def reported(found: Found, ground: AOI | None, detect: str) -> bool:
    """Say whether a finding is told: the alarm speaks of zones, the map of all ground in the AOI."""
    inside = ground is None or detect == "alarm" or bool(found.shape.outline.intersects(ground.polygon))
    return inside and in_zones(found.placed, ground, detect)


@dataclass(frozen=True, kw_only=True)
class Odds:
    """How sure a region is, and whether it is told, where that was calibrated."""

    calibration: Calibration | None
    """What is stated comes from it. None for bands, units or pixel sizes that the design scenes do not have."""
    prior_events_per_km2: float
    stage: SecondStage | None = None
    """Ranks candidates; None where it has no say."""
    least_score: float | None = None
    """Of a region that is told. None where the levels alone decide: in the map, and where pixels or bands are such that
    a score means something else."""

    @classmethod
    def of(cls, pair: Pair, grid: Grid, detect: str, params: Params) -> Odds:
        """Take the shipped calibration where it holds for this pair, and its ranking where its traits mean the same.

        Raises
        ------
        InputError
            If a rate of false alarms was asked for that cannot be promised.

        """
        table, rate = Calibration.of_table(read_calibration()), params.false_alarms_per_km2
        scale = grid.crs is not None and table.pixel_m[0] <= grid.pixel_size_m[0] <= table.pixel_m[1]
        counted = scale and set(table.bands) <= set(pair.names)
        # The count is of surface reflectance; under the air's own light contrasts are lower.
        counted &= all(info.units == table.units and info.level is not Level.TOA for info in pair.infos)
        counted &= not any(info.secondary for info in pair.infos)
        # Colour takes three bands; strengths and lengths in pixels are those of pixels of that size.
        ranks = scale and len(pair.names) >= _COLOURS and not may_be_radar(pair.names)
        chooses = ranks and detect == "alarm"
        refuse_uncounted(rate)
        if not (counted and chooses):
            _refuse_uncalibrated(rate, pair)
        return cls(
            calibration=table if counted else None,
            prior_events_per_km2=params.prior_events_per_km2,
            stage=table.stage if counted or chooses else None,
            least_score=table.score_at(rate) if chooses else None,
        )

    def accepts(self, found: Found | Described) -> bool:
        """Say whether a candidate is told: unchanged ground looks as much like a change no oftener than was allowed."""
        if self.stage is None or self.least_score is None:
            return True
        return self.stage.score(found.traits) >= self.least_score

    def told_of(self, described: Described) -> dict[str, Any]:
        """Return the fields of a region that say how sure it is; None where that is not calibrated."""
        # Unchanged ground was counted in zones, and things, not areas of cover, were weighed.
        if self.calibration is None or described.zone is None or not described.traits:
            return {"why": described.why, "p_change": None, "false_alarms_per_km2": None}
        score = self.calibration.stage.score(described.traits)
        rate = self.calibration.false_alarms_per_km2(score)
        bound = "fewer than " if rate <= self.calibration.least_rate else ""
        words = f"{bound}{rate:.2g} unchanged regions like it per km2 of zones on rendered scenes"
        return {
            "why": (*described.why, words),
            "p_change": self.calibration.p_change(score, self.prior_events_per_km2),
            "false_alarms_per_km2": rate,
        }


def refuse_uncounted(rate: float) -> None:
    """Raise where a rate of false alarms was asked for that lies beyond what was counted on design scenes.

    Raises
    ------
    InputError
        With the rates that can be asked for.

    """
    table, usual = Calibration.of_table(read_calibration()), Params().false_alarms_per_km2
    if rate != usual and not table.least_rate <= rate <= table.most_rate:
        raise InputError(
            f"{rate:g} false regions per km2 of zones were asked for (--false-alarms); on design scenes"
            f" {table.least_rate:.2g} to {table.most_rate:.2g} were counted, and no other rate can be promised: ask for"
            f" one of those, or leave it out for {usual:g}"
        )


def _refuse_uncalibrated(rate: float, pair: Pair) -> None:
    """Raise where a rate of false alarms was asked for of a pair unlike those on which any was counted."""
    if rate != Params().false_alarms_per_km2:
        names = " with ".join(info.name for info in pair.infos)
        raise InputError(
            f"{rate:g} false regions per km2 of zones were asked for (--false-alarms), comparing {names}; they were"
            " counted only for the alarm in zones, in images of 2.4 to 3.75 m with blue, green, red and nir in"
            " reflectance: leave it out here"
        )


def in_order(described: list[Described], odds: Odds, ground: AOI | None) -> list[Described]:
    """Keep what is told, the likeliest change first, then the largest, then by zone: as an analyst should look at them.

    Likelihood goes by the steps of the yardstick: within a step two numbers are no different to a reader, and the
    larger thing comes first. What has no probability comes last; where nothing has one, size decides.
    """
    zones = [zone.name for zone in ground.zones] if ground else []

    def key(d: Described) -> tuple[int, float, int]:
        place = zones.index(d.zone.name) if d.zone else len(zones)
        measured = getattr(d, "measure", None) or d.shape
        return -rank_of(odds.told_of(d)["p_change"]), -measured.area_m2, place

    return sorted(filter(odds.accepts, described), key=key)


def regions(described: list[Described], odds: Odds) -> tuple[Region, ...]:
    """Name the regions in the order given."""
    return tuple(
        Region(
            id=f"R{number}",
            geometry=d.shape.outline,
            direction=str(d.direction),
            activity=str(d.activity),
            **_sizes(d),
            strength=d.strength,
            **odds.told_of(d),
            zone=d.zone.name if d.zone else None,
            zone_kind=d.zone.kind if d.zone else None,
            group=d.zone.group if d.zone else None,
            zone_shares=d.zone_shares,
            colour=d.colour,
            traits=d.traits,
            is_area=d.area,
            **_class_of(d),
        )
        for number, d in enumerate(described, start=1)
    )


def _sizes(d: Described) -> dict[str, Any]:
    """Return the fields of a region that say how large it is."""
    assert d.measure is not None
    m = d.measure
    return {
        "area_m2": m.area_m2,
        "length_m": m.length_m,
        "length_low_m": m.length_low_m,
        "length_high_m": m.length_high_m,
        "length_is_lower_bound": m.is_lower_bound,
        "width_m": m.width_m,
        "orientation_deg": m.orientation_deg,
        "area_low_m2": m.area_low_m2,
        "area_high_m2": m.area_high_m2,
        "height_low_m": m.height_m[0] if m.height_m else None,
        "height_high_m": m.height_m[1] if m.height_m else None,
        "several": m.several,
        "measured_by": m.shape,
    }


def _class_of(d: Described) -> dict[str, Any]:
    """Return the fields of a region that say what its class rests on, and how it relates to others."""
    named = d.classed
    same = named.same_colour
    return {
        "p_activity": named.shares.get(str(d.activity)),
        "shares": named.shares,
        "shares_without_zone": named.shares_without_zone,
        "class_traits": named.traits,
        "relation": named.relation,
        "relation_to": None if named.relation_to is None else f"R{named.relation_to + 1}",
        "same_colour": None if same is None else {**same, "region": f"R{int(same['region']) + 1}"},
    }


CLOUD_EDGE = "edge of cloud"
"""Cause: thin cloud or its shade was taken off, and with it a grey thing, if there was one."""
SNOW = "snow on one date"
"""Cause: snow was taken off, and with it a white thing, or what the snow hid."""
SOFT = "change without an edge"
"""Cause: cloud, haze or drying ground in no mask, and with it whatever they hide."""
MOVED_SHADOW = "shadow that moved"
"""Cause: lit on one date, and on the other in the shadow of something standing."""
TOO_LITTLE = "too little ground of its kind"
"""Cause: its scatter could not be measured."""
TOO_SMALL = "too small at this pixel"
"""Cause: what a zone is there for is smaller than a pixel can carry."""
NOT_SEARCHED = (CLOUD_EDGE, SNOW, SOFT, MOVED_SHADOW, TOO_LITTLE, TOO_SMALL)
"""Causes for which ground that was seen was not searched; those of ground not seen: :data:`method.zones.CAUSES`."""
REPORTED_M = {
    "berth": (60.0, 7.5),
    "anchorage": (60.0, 7.5),
    "yard": (60.0, 5.0),
    "rail": (100.0, 3.0),
    "stockpile": (25.0, 12.0),
    "road": (12.0, 2.5),
    "bridge": (12.0, 2.5),
}
"""Kind of zone -> length and width of the least thing that is to be reported there, metres: a ship of eight beams, two
rows of containers, rail cars, a heap, a lorry. Lengths of the first four are the house's reporting sizes."""
_FILLED = {"yard", "stockpile"}
"""Kinds of zones that fill with things."""
_SCALE = 0.98
"""Two per cent of a pixel's size are no difference: the scale of a UTM zone."""
_HALF_CONTRAST = 1.35
"""A strip so many standard deviations of a Gaussian wide keeps half of its contrast: erf(1.35 / sqrt 8)."""
_WIDTH_OF_POINT_PX = 2.0
"""Pixels over which a delivered image shows a point; the sampling that loses nothing."""
_OTHER_SUN_DEG = 10.0
"""The sun moves so far in the morning in half an hour; less moves no shadow one would see at 3 m."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sight:
    """What could be looked at."""

    flags: NDArray[np.uint8]
    """(row, col), bits of both dates together."""
    blind: dict[str, NDArray[np.bool_]]
    """Cause -> (row, col), True where the ground was seen but change was not looked for."""
    grid: Grid
    resolution_m: float = 0.0
    """What both images tell apart, where that is coarser than their pixels by design; 0 = not told."""

    @property
    def any_blind(self) -> NDArray[np.bool_]:
        """(row, col), True where change was not looked for, whatever the cause."""
        return np.asarray(np.logical_or.reduce(list(self.blind.values())), bool)

    @property
    def carrying_m(self) -> float:
        """Pixel of an optical image that would carry as much, metres.

        A point of an optical image is about two of its pixels wide, and what a pixel carries is counted in pixels. A
        radar that tells 22 m apart on a grid of 10 m is worth pixels of 11 m.
        """
        return max(*self.grid.pixel_size_m, self.resolution_m / _WIDTH_OF_POINT_PX)

    @property
    def searched(self) -> float:
        """Share of the grid that was clear on both dates and searched."""
        return float(np.mean((self.flags == 0) & ~self.any_blind))


def zone_states(
    ground: AOI | None, sight: Sight, described: list[Described], to_look_at: tuple[LookAt, ...], params: Params
) -> tuple[ZoneState, ...]:
    """Say of every zone what was searched of it and whether anything was flagged; too little is unknown."""
    states = []
    for zone in ground.zones if ground else ():
        clear, degraded, causes = zones.coverage(zone.polygon, sight.flags, sight.blind, sight.grid)
        if not carried(zone.kind, sight, params):
            # Looked at, but not with eyes that could have seen it: that is no "nothing flagged".
            causes, clear = {**causes, TOO_SMALL: clear}, 0.0
        ids = tuple(f"R{n}" for n, d in enumerate(described, start=1) if _touches(d, zone))
        hidden = tuple(look.id for look in to_look_at if look.zone == zone.name)
        if zone.kind == "ignore":
            state = "ignored"
        elif ids or hidden:
            state = "flagged" if ids else "look at this"
        else:
            state = "nothing flagged" if clear >= params.usable_fraction else "unknown"
        states.append(
            ZoneState(
                zone=zone,
                state=state,
                clear_fraction=clear,
                degraded_fraction=degraded,
                unknown=causes,
                regions=ids,
                look_at=hidden,
                fill_gained=_fill(zone, described, Direction.APPEARED, clear, sight.grid),
                fill_lost=_fill(zone, described, Direction.DISAPPEARED, clear, sight.grid),
            )
        )
    return tuple(states)


_GOODS = frozenset({Activity.CONTAINERS, Activity.STOCKPILE, Activity.COVER, Activity.RAIL_CARS})
"""What fills a yard; sheds, lorries, cranes and wet ground do not."""


def _fill(
    zone: Zone, described: list[Described], direction: Direction, clear: float, grid: Grid
) -> tuple[float, float] | None:
    """Share of a yard's clear ground that goods which came, or went, cover; None where that has no limits.

    How full a yard is a pair cannot tell: what stood there on both dates does not differ.
    """
    if zone.kind not in _FILLED or grid.crs is None or clear <= 0:
        return None
    (width, height), (width_m, height_m) = grid.pixel_size, grid.pixel_size_m
    usable_m2 = clear * zone.polygon.area * width_m * height_m / (width * height)
    low = high = 0.0
    for d in described:
        share = d.zone_shares.get(zone.name, 0.0)
        if d.direction != direction or share <= 0 or d.activity not in _GOODS:
            continue
        if d.measure is None or d.measure.area_low_m2 is None or d.measure.area_high_m2 is None:
            return None
        low, high = low + share * d.measure.area_low_m2, high + share * d.measure.area_high_m2
    return min(low / usable_m2, 1.0), min(high / usable_m2, 1.0)


def carried(kind: str, sight: Sight, params: Params) -> bool:
    """Say whether a pixel carries the least thing that is to be reported in a kind of zone."""
    if kind not in REPORTED_M or sight.grid.crs is None:
        return True
    length, width = REPORTED_M[kind]
    pixel = sight.carrying_m * _SCALE
    return width >= params.least_width_px * pixel and length >= params.least_length_px * pixel


def _touches(described: Described, zone: Zone) -> bool:
    """Say whether a region counts in a zone: it belongs to it, or a tenth of it lies in it; zones may overlap."""
    belongs = described.zone is not None and described.zone.name == zone.name
    return belongs or described.zone_shares.get(zone.name, 0.0) >= 0.1  # noqa: PLR2004


def threshold_table(scales: list[Scale]) -> dict[str, dict[str, float]]:
    """Levels by scale and surface class, for the manifest."""
    return {
        f"{Surface(s).name.lower()} at {scale.name} scale": {"seed": t.seed, "grow": t.grow, "blocks": float(t.blocks)}
        for scale in scales
        for s, t in scale.levels.items()
    }


def for_pictures(scenes: tuple[Scene, Scene]) -> tuple[Scene, Scene]:
    """Keep both images apart at half precision: these are only looked at."""
    before, after = each(lambda scene: replace(scene, data=at_half_precision(scene.data)), scenes)
    return before, after


def layers(
    scenes: tuple[Scene, Scene],
    scales: list[Scale],
    surface: NDArray[np.uint8],
    sight: Sight,
    drawn: NDArray[np.bool_],
) -> Layers:
    """Keep as the score what most regions are seeded by: the object-scale evidence, or the map's own score."""
    shown = next((scale for scale in scales if scale.name == SURVEY), scales[1])
    level = np.zeros(surface.shape, np.float32)
    for s, threshold in shown.levels.items():
        level[surface == s] = threshold.seed
    return Layers(
        before=scenes[0],
        after=scenes[1],
        strength=shown.strength,
        flags=scenes[0].flags | scenes[1].flags,
        level=level,
        blind=sight.any_blind,
        drawn=drawn,
    )


def caveats_of_files(pair: Pair, speckle: Speckle | None) -> list[str]:
    """Keep what the files made doubtful; a radar looks through clouds."""
    return [c for c in pair.caveats if speckle is None or NO_CLOUD_MASK not in c]


def caveats(
    shift: Shift, sight: Sight, ground: AOI | None, pair: Pair, params: Params, speckle: Speckle | None
) -> list[str]:
    """Collect what was found on the way and a reader must know."""
    found = []
    if not shift.measured:
        found.append(f"the images could not be registered to each other ({shift.reason}); edges may show as change")
    elif shift.error_px is None:
        found.append("the registration could not be checked on independent windows; its error is not known")
    if shift.warp is not None:
        found.append(
            f"the images differ by more than one shift: a field ({shift.warp.model}) of {shift.warp.spread_px:.1f} px "
            f"was taken out ({shift.warp.why}); over open water it is a guess"
        )
    if sight.grid.crs is None:
        found.append("the images carry no georeference: lengths and areas are in pixels")
    if sight.searched < params.usable_fraction:
        found.append(f"only {sight.searched:.0%} of the ground compared was clear on both dates and searched")
    found += _veil_caveats(sight)
    found += _size_caveats(ground, sight, params)
    of_sensor = _radar_caveats(speckle, params) if speckle else _light_caveats(pair)
    return [*found, *of_sensor, *_order_caveats(pair), *_place_caveats(ground)]


def twin_caveats(scenes: tuple[Scene, Scene], pair: Pair) -> list[str]:
    """Say that both images hold the same numbers: one image under two names."""
    known = any("given as both before and after" in caveat for caveat in pair.caveats)
    if known or not np.array_equal(scenes[0].data, scenes[1].data):
        return []
    names = " and ".join(info.name for info in pair.infos)
    words = f"{names} hold the same pixels: one image, delivered or copied twice; compared with itself it tells nothing"
    warnings.warn(words, ImageryDiffWarning, stacklevel=3)
    return [words]


def cloud_caveats(scenes: tuple[Scene, Scene], pair: Pair, judged: tuple[Judged, Judged]) -> list[str]:
    """Say of scenes without a mask what was taken for cloud by its look, by whom, and who could not."""
    words = []
    for info, scene, who in zip(pair.infos, scenes, judged, strict=True):
        share = float(np.mean((scene.flags & (Flag.CLOUD | DEGRADED).value) != 0))
        if (share > 0 or who.learned) and not info.cloud_masked:
            by = who.learned or "its look alone"
            words.append(
                f"{info.name}: {share:.0%} of the ground compared was taken for cloud, haze, snow or shade by {by}; it "
                "may be a new roof or muddy water, and its emptiness proves nothing"
            )
        words += [f"{info.name}: {who.why_not}"] if who.why_not else []
    return words


def blur_caveats(sharpness: Sharpness | None, grid: Grid) -> list[str]:
    """Say that one image is softer, and what it therefore does not carry."""
    if sharpness is None or not sharpness.matched:
        return []
    sharper = "before" if sharpness.softer == "after" else "after"
    sigma = sharpness.sigma_px
    pixel, unit = (max(grid.pixel_size_m), "m") if grid.crs else (1.0, "px")
    words = (
        f"the {sharpness.softer} image is softer, by a Gaussian of {sigma:.1f} px: the {sharper} image was blurred to "
        f"match it; things narrower than {_HALF_CONTRAST * sigma * pixel:.1f} {unit} keep less than half of their "
        "contrast, and small ones are missed"
    )
    return [words]


def _veil_caveats(sight: Sight) -> list[str]:
    """Doubts from thin cloud and from snow that no mask holds."""
    words = {
        CLOUD_EDGE: "changed in brightness alone at the edge of flagged cloud or cloud shadow, as under thin cloud: a "
        "grey thing there is not found, and nothing is said of that ground",
        SNOW: "was whitened by snow on one date only: a white thing there, and what the snow hides, is not found, and "
        "nothing is said of that ground",
        SOFT: "changed without an edge, as under cloud or haze that no mask holds, or where ground dried: nothing is "
        "said of it",
    }
    shares = {c: float(np.mean(sight.blind[c] & (sight.flags == 0))) for c in words if c in sight.blind}
    return [f"{share:.1%} of the ground {words[cause]}" for cause, share in shares.items() if share > 0]


def _size_caveats(ground: AOI | None, sight: Sight, params: Params) -> list[str]:
    """Name the kinds of zones whose things the pixel does not carry; without zones, say so of trains."""
    kinds = dict.fromkeys(z.kind for z in ground.zones) if ground and ground.zones else {"rail": None}
    small = [k for k in kinds if not carried(k, sight, params)]
    if not small:
        return []
    pixel = sight.carrying_m
    by = f"a pixel of {pixel:.3g} m"
    if pixel > max(sight.grid.pixel_size_m):
        by = f"a resolution of {sight.resolution_m:.3g} m, worth pixels of {pixel:.3g} m,"
    zoned = bool(ground and ground.zones)
    silent = f"nothing is said of zones of the kind {', '.join(small)}" if zoned else "no train is found"
    narrow, short = params.least_width_px * pixel, params.least_length_px * pixel
    return [f"{by} carries nothing narrower than {narrow:.3g} m or shorter than {short:.3g} m: {silent}"]


def _light_caveats(pair: Pair) -> list[str]:
    """Doubts from sun and bands."""
    found = []
    before, after = pair.infos
    if before.sun is None or after.sun is None:
        found.append("the sun's position is not known for both dates: shadows that moved may be taken for change")
    elif abs((after.sun.azimuth_deg - before.sun.azimuth_deg + 180) % 360 - 180) > _OTHER_SUN_DEG:
        found.append(
            f"the sun moved from azimuth {before.sun.azimuth_deg:.0f}, elevation {before.sun.elevation_deg:.0f} to "
            f"{after.sun.azimuth_deg:.0f}, {after.sun.elevation_deg:.0f} degrees: ground in a shadow that moved was "
            "not searched, and a dark thing beside one is missed"
        )
    if "nir" not in pair.names:
        coloured = {"blue", "red"} <= set(pair.names)
        shadows = "shadows by their blue alone, if the AOI draws water" if coloured else "shadows not at all"
        found.append(
            f"no near infrared: plants are not told from change, {shadows}, and water only by the colour of the AOI's "
            "berths and anchorages, if it has any"
        )
    return found


def _radar_caveats(model: Speckle, params: Params) -> list[str]:
    """Say that a pair was taken for radar, how its numbers were read, and what a radar cannot tell."""
    radar = model.radar
    looks = " and ".join(f"{n:.1f}" for n in model.looks[0.0])
    weather = f"changes of less than {params.radar_weather_db:g} dB are not told, rain on soil makes as much"
    if radar.scaling == Scaling.LOGARITHMIC:
        scale = "its noise does not grow with brightness, so the numbers were taken for a logarithm of unknown unit"
        weather = "rain on soil may be taken for change"
    else:
        unknown = "; which of these is not known, so no ratio is given in decibels"
        scale = f"its numbers were read as {radar.scaling}{unknown if radar.scaling == Scaling.MULTIPLICATIVE else ''}"
        read = "" if radar.scaling == Scaling.POWER else " if amplitudes"
        scale += f"; {looks} effective looks{read}, from the pair itself"
    return [
        f"taken for radar: {radar.reason}",
        f"{scale}; probabilities are not given",
        f"radar: {weather}; wind on water, ploughing and harvest may be taken for change",
    ]


def _order_caveats(pair: Pair) -> list[str]:
    """Doubts from times and products."""
    found = []
    before, after = pair.infos
    if before.acquired is None or after.acquired is None:
        found.append(f"{NO_TIME}: which is earlier is taken from the order they were given in")
    if before.product.split()[0] != after.product.split()[0]:
        found.append(f"two different products ({before.product}, {after.product}): their sharpness differs")
    return found


def _place_caveats(ground: AOI | None) -> list[str]:
    """Doubts about where the outlines lie."""
    if ground is None:
        return []
    found = []
    worst = max((a for a in (ground.accuracy_m, *(z.accuracy_m for z in ground.zones)) if a), default=None)
    if worst:
        found.append(f"the outlines may lie up to {worst:.0f} m off; which of two zones a thing is in is no surer")
    if ground.unlocated:
        names = ", ".join(z.title or z.name for z in ground.unlocated)
        found.append(f"search areas, not located outlines (nothing there is ever called empty): {names}")
    return found
