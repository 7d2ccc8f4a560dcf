"""A patch of changed pixels -> what is said of it: direction, outline, ground, colour, class and the reasons."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from imagery_diff.method import hulls
from imagery_diff.method.activity import Activity, Candidate, classify, name_colour
from imagery_diff.method.line import direction_of_line, is_line
from imagery_diff.method.regions import (
    Direction,
    Patch,
    Shape,
    core_of,
    direction_of,
    direction_of_bright,
    half_height,
    outline_at,
    outline_of,
    swept,
)
from imagery_diff.method.shade import SKY_SHARE, light_left, share_explained, share_too_broad, share_without_caster
from imagery_diff.method.snowed import way_to_thrower
from imagery_diff.method.traits import Around, measure
from imagery_diff.method.zones import zone_of
from imagery_diff.scene import UNSEEN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery_diff.aoi import AOI, Zone
    from imagery_diff.grid import Grid
    from imagery_diff.method.regions import Scale
    from imagery_diff.method.shade import Vector

    Floats = NDArray[np.float32]


_RIM_PX = 3.5
"""Widest rim of a shadow, pixels: the delivered edge rises over 2.5 px, and 4.5 for the softest tenth (method.md)."""
_RIM_ALIKE = 0.95
"""Cosine between the colour changes of a rim and of the shadow beside it."""
_BLUR_PX = 0.7
"""Smoothing of the difference that outlines are drawn in, pixels: that of ``Params.evidence_blur_px``."""
_SMOOTHED_PX = 4
"""Reach of that smoothing, pixels."""
_WEAKER_PART = 25.0
"""Percentile of a patch's differences at half of which it is outlined on water; on land it is the middle. A hull has
parts (a white house, dark hatches, a low bow), and the edge of each stands at half of its own step; water is even
enough to look there for the weaker. On land, whose paint and texture reach as far, stacks came out 2 m longer."""
_LEAST_SHARE = 0.1
"""What is smoothed from less than this share of ground that was seen is made no more of."""
_BY_SIDES = 0.05
"""By how much more a line must stand out of its track on one date to say when it stood there, spreads of calm unchanged
ground: a quarter of what bare noise reaches along a track (``Params.train_least``)."""
_BY_SHADOW = "seen by its shadow alone, itself as white as the snow or hidden by it: drawn as broad towards the sun"
_AS_DARK = 1.3
"""Shaded ground of another paint is up to so many times as bright as the shade beside it."""


@dataclass(frozen=True, kw_only=True)
class Echo:
    """Levels at which radar is described."""

    outline: float
    """``Views.magnitude`` at which change is outlined."""
    least_rise: float
    """Natural logarithm of brightness that rain and growth change by themselves."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Views:
    """The pair as the describing steps see it; arrays are (band, row, col) or (row, col) on one grid."""

    whitening: dict[int, NDArray[np.float64]]
    """Surface class -> (component, band)."""
    surface: NDArray[np.uint8]
    brightness: tuple[Floats, Floats]
    """Before and after on one scale of brightness."""
    magnitude: Floats
    """Size of the whitened difference, moved shadows and unseen pixels 0."""
    water: tuple[NDArray[np.bool_], NDArray[np.bool_]] | None
    """Open water before and after; None where that is not known."""
    flags: NDArray[np.uint8]
    """Bits of either date."""
    changed: NDArray[np.bool_]
    """(row, col), in any patch: no ground to hold another patch against."""
    shaded: NDArray[np.bool_]
    """(row, col), lit on one date and on the other in the shadow of something standing."""
    names: tuple[str, ...]
    """Of the bands."""
    grid: Grid
    reach_px: tuple[Vector, Vector] | None = None
    """(rows, cols) by which the shadow of the highest thing reaches away from it before and after; None where the sun
    is not known."""
    radar: Echo | None = None
    """What is said of radar only: ``brightness`` is then a natural logarithm, and things are brighter than the ground
    they stand on. None for light."""
    cover: Floats | None = None
    """(row, col), the map's score: areas of cover end where it is 1. None without a map."""
    snow: NDArray[np.bool_] | None = None
    """(row, col), whitened by snow on one date; None where none lies."""
    train: Scale | None = None
    """What stands out of a track on one date only; None where no track is drawn."""
    around: Around | None = None
    """What the second stage looks at; None where it has no say."""

    @cached_property
    def light_left(self) -> tuple[Floats | None, Floats | None]:
        """(band,) before and after: the share of light that shadows that moved leave; None where too few did."""
        return light_left(self.shaded, self.brightness)

    @cached_property
    def shade_of(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """(row, col) before and after: in the shadow of something standing on that date, and lit on the other."""
        before, after = (image.mean(axis=0) for image in self.brightness)
        return self.shaded & (before < after), self.shaded & (after < before)

    @cached_property
    def seen(self) -> NDArray[np.bool_]:
        """(row, col), True where something is known of both dates."""
        return np.asarray((self.flags & UNSEEN) == 0)

    @cached_property
    def quiet(self) -> NDArray[np.bool_]:
        """(row, col), True on ground that was seen and in no patch."""
        return self.seen & ~self.changed

    @cached_property
    def bright_ground(self) -> dict[str, float]:
        """Brightness that 70 % of the scene do not reach, by band: what a ship is light or dark against."""
        return {
            n: float(np.mean([np.percentile(image[i], 70) for image in self.brightness]))
            for i, n in enumerate(self.names)
        }


@dataclass(frozen=True, kw_only=True)
class Described:
    """What is said of a patch."""

    shape: Shape
    direction: Direction
    activity: Activity
    why: tuple[str, ...]
    colour: str | None
    zone: Zone | None
    zone_shares: dict[str, float]
    cut: bool
    """It touches ground that was not seen, or the edge of the grid."""
    strength: float
    traits: dict[str, float] = field(default_factory=dict)
    """What the second stage weighs; empty for an area of cover, and where it has no say."""


def ships_in(patch: Patch, views: Views) -> list[Patch]:
    """Cut what lies on water and is too slender for a ship into the ships in it; all else stays as it is."""
    if patch.area or views.radar is not None or not _on_water(patch, views):
        return [patch]
    shape = _outline(patch, views)
    if shape is None or not hulls.too_slender(shape.length_m, shape.area_m2) or _is_shadow_rest(patch, shape, views):
        return [patch]
    size = _difference(patch, views)
    level = half_height(patch, np.where(patch.mask, size, 0.0), _WEAKER_PART)
    pieces = hulls.cut(patch, size, level, views.grid.pixel_size_m[0])
    return [piece for piece in pieces if not _is_strip_of_shade(piece, views)] or [patch]


def _is_strip_of_shade(piece: Patch, views: Views) -> bool:
    """Whether a piece cut off a ship is the rim of a quay, lit on one date only: shaded ground passes for water."""
    date = _darkens_with_shade(piece, views)
    return date is not None and _is_explained(piece, views, date)


def describe(patch: Patch, views: Views, aoi: AOI | None) -> Described | None:
    """Measure, place and class a patch; None if nothing is left of it at half height."""
    shape = _outline(patch, views)
    if shape is None:
        return None
    direction = _direction(patch, shape, views)
    if (not patch.area and _is_shadow_rest(patch, shape, views)) or _is_weather(patch, views):
        return None
    thrower = _thrower(patch, shape, views)
    zone, shares = zone_of((thrower or shape).outline, aoi) if aoi else (None, {})
    colour, dark = (None, False) if thrower else _look(patch, views, direction)
    activity, why = classify(
        Candidate(
            on_water=_on_water(patch, views),
            zone_kind=zone.kind if zone else None,
            near_rail=aoi is not None and any(z.kind == "rail" and z.name in shares for z in aoi.zones),
            length_m=shape.length_m,
            width_m=shape.width_m,
            mean_width_m=shape.area_m2 / max(shape.length_m, 1e-6),
            both_dates=direction == Direction.CHANGED,
            dark=dark,
        )
    )
    return Described(
        shape=thrower or shape,
        direction=direction,
        activity=activity,
        why=(
            f"differs by {patch.strength:.0f} times the scatter of unchanged ground of its kind",
            *((_BY_SHADOW,) if thrower else ()),
            *_echo(patch, views),
            *why,
        ),
        colour=colour,
        zone=zone,
        zone_shares=shares,
        cut=_is_cut(patch, views.seen),
        strength=patch.strength,
        traits=_traits(patch, shape, views),
    )


def _outline(patch: Patch, views: Views) -> Shape | None:
    """Draw a patch at half of its own difference; in radar, whose patches speckle frays, at the level of the scene."""
    if patch.area and views.cover is not None:
        return outline_at(patch, views.cover, 1.0, views.grid)
    if views.radar is None:
        if _on_water(patch, views):
            return outline_of(patch, _difference(patch, views), views.grid, percentile=_WEAKER_PART)
        return outline_of(patch, views.magnitude[patch.window], views.grid)
    strong = patch.mask & (views.magnitude[patch.window] >= views.radar.outline)
    # Wide weak change is seeded at a coarse scale and may nowhere reach the level of the stronger.
    typical = float(np.median(views.magnitude[patch.window][patch.mask]))
    level = views.radar.outline if strong.any() else 0.5 * typical
    return outline_at(patch, views.magnitude, level, views.grid)


def _difference(patch: Patch, views: Views) -> Floats:
    """Return how much a patch and its rim differ between the dates, (row, col) in its window, one unit for each ground.

    The evidence divides by what unchanged ground of a pixel's texture scatters. But an edge is texture: its flanks lie
    lower than they should and its foot higher, and the level half-way up is no longer where the edge stands. So on
    water, which has no texture of its own, what is measured is the whitened difference itself, where the evidence says
    that anything is looked for.

    """
    wide = tuple(
        slice(max(0, s.start - _SMOOTHED_PX), min(n, s.stop + _SMOOTHED_PX))
        for s, n in zip(patch.window, views.surface.shape, strict=True)
    )
    own = tuple(slice(s.start - w.start, s.stop - w.start) for s, w in zip(patch.window, wide, strict=True))
    seen = views.seen[wide]
    change = np.where(seen, views.brightness[1][:, *wide] - views.brightness[0][:, *wide], 0)
    share = np.maximum(ndimage.gaussian_filter(seen.astype(np.float32), _BLUR_PX)[own], _LEAST_SHARE)
    change = np.stack([ndimage.gaussian_filter(band, _BLUR_PX)[own] for band in change]) / share
    size, kinds = np.zeros(change.shape[1:], np.float32), views.surface[patch.window]
    for kind in set(np.unique(kinds).tolist()) & set(views.whitening):
        here = (kinds == kind) & (views.magnitude[patch.window] > 0)
        size[here] = np.sqrt(np.mean((views.whitening[kind] @ change[:, here]) ** 2, axis=0))
    return size


def _direction(patch: Patch, shape: Shape, views: Views) -> Direction:
    """Tell when something stood there: a line by its bed, else by the step at the rim; in radar by what is brighter."""
    whitening = _whitening(patch, views)
    if views.radar is not None:
        return direction_of_bright(patch, views.brightness, whitening, views.quiet)
    if is_line(shape, views.grid) and not _on_water(patch, views):
        said = direction_of_line(patch, views.brightness, whitening, views.quiet)
        if said is not None:
            return said if said != Direction.CHANGED else _direction_by_sides(patch, views)
    # What began at a low level has grown over ground that hardly differs; the thing ends where its core does.
    core = core_of(patch, views.magnitude)
    thing = replace(patch, mask=core) if core.any() else patch
    return direction_of(thing, views.brightness, whitening, views.quiet, views.water)


def _direction_by_sides(patch: Patch, views: Views) -> Direction:
    """Tell when a line stood out of both sides of its track; ``changed`` off the tracks, or if it is about as much.

    Asked where the bed beyond the line's ends does not tell: of another train beyond them it is no bed.

    """
    core = core_of(patch, views.magnitude)
    if views.train is None or views.train.later is None or not core.any():
        return Direction.CHANGED
    later = float(np.mean(views.train.later[patch.window][core]))
    if abs(later) < _BY_SIDES:
        return Direction.CHANGED
    return Direction.APPEARED if later > 0 else Direction.DISAPPEARED


def _rise(patch: Patch, views: Views) -> float:
    """Median rise of a patch's log brightness, of the band in which it changed most."""
    before, after = (image[:, *patch.window][:, patch.mask] for image in views.brightness)
    rises = np.median(after - before, axis=1)
    return float(rises[np.argmax(np.abs(rises))])


def _echo(patch: Patch, views: Views) -> tuple[str, ...]:
    """Say of radar how much stronger the echo is on one date, in the numbers of the image."""
    if views.radar is None:
        return ()
    rise = _rise(patch, views)
    return (f"{np.exp(abs(rise)):.1f} times as bright {'after' if rise > 0 else 'before'}, in the image's own numbers",)


def _is_weather(patch: Patch, views: Views) -> bool:
    """Whether the echo of a patch changed no more than rain on soil or growing plants change it."""
    return views.radar is not None and abs(_rise(patch, views)) < views.radar.least_rise


def _is_shadow_rest(patch: Patch, shape: Shape, views: Views) -> bool:
    """Whether a patch is what the colour rule left over of a shadow that moved, not an object.

    It is dark along with a shadow (:func:`_darkens_with_shade`). Then it is a rest if it is as dark as that shade (the
    shadow fell on paint or clutter), or if it is no wider than the blur and changes colour in the same direction (the
    shadow's half-dark rim); and if light that is taken away as that shadow takes it explains most of what changed. The
    price: a dark, colourless thing that comes or goes right beside a shadow that moved is missed, unless it stands out
    of its track all along (:mod:`imagery_diff.method.trains`, which weighs shade and its caster against it): a train is
    as dark, and its darkest cars are what was called shade. On water darkness says nothing, for water is as dark as
    shade: there only what is as narrow as the shaded rim of a quay is a rest, or longer than a ship can be for its
    beam.

    """
    date = _darkens_with_shade(patch, views)
    if date is None:
        return False
    width_px = shape.area_m2 / max(shape.length_m, 1e-6) / views.grid.pixel_size_m[0]
    if _on_water(patch, views):
        return width_px < hulls.SLIVER_PX or hulls.too_slender(shape.length_m, shape.area_m2)
    beside, (here, there) = _shade_beside(patch, views)
    dark = views.brightness[date][:, *patch.window]
    as_dark = np.median(dark[:, patch.mask]) < _AS_DARK * np.median(dark[:, beside])
    alike = float(here @ there) / max(float(np.linalg.norm(here) * np.linalg.norm(there)), 1e-12) > _RIM_ALIKE
    return bool(as_dark or (width_px < _RIM_PX and alike)) and _is_explained(patch, views, date)


def _darkens_with_shade(patch: Patch, views: Views) -> int | None:
    """Return the date (0 before, 1 after) on which a patch may be dark because a shadow moved; None if it cannot be.

    It lies along shaded ground, darkens on the same date as the shade beside it, is with that shade no broader than
    shadows moved, and something standing can have shaded it.

    """
    near = ndimage.binary_dilation(views.shaded[patch.window], iterations=3)
    if np.mean(near[patch.mask]) < 0.5:  # noqa: PLR2004 - a majority
        return None
    _, (here, there) = _shade_beside(patch, views)
    if here.mean() * there.mean() <= 0:
        return None
    date = 1 if there.mean() < 0 else 0
    other = _is_train(patch, views) or _is_too_broad(patch, views, date) or _stands_alone(patch, views, date)
    return None if other else date


def _shade_beside(patch: Patch, views: Views) -> tuple[NDArray[np.bool_], tuple[Floats, Floats]]:
    """Return the shade along a patch, (row, col) in its window, and how patch and shade changed, (band,) each."""
    beside = views.shaded[patch.window] & ndimage.binary_dilation(patch.mask, iterations=6)
    before, after = (image[:, *patch.window] for image in views.brightness)
    here, there = (np.median(after[:, m] - before[:, m], axis=1) for m in (patch.mask, beside))
    return beside, (here, there)


def _is_explained(patch: Patch, views: Views, date: int) -> bool:
    """Whether shade on a date is most of what changed, by the shadows that moved on this pair."""
    left = views.light_left[date]
    if left is None:
        return True
    lit, dark = (image[:, *patch.window][:, patch.mask] for image in views.brightness[:: 1 if date else -1])
    return share_explained(lit, dark, left, _whitening(patch, views)) > 0.5  # noqa: PLR2004 - most of it


def _thrower(patch: Patch, shape: Shape, views: Views) -> Shape | None:
    """Outline a thing as white as the snow around it with its shadow; None if the patch is no shadow in snow."""
    if views.snow is None or views.reach_px is None or patch.area or _on_water(patch, views):
        return None
    core = core_of(patch, views.magnitude)
    before, after = (image[:, *patch.window][:, core] for image in views.brightness)
    date = int(float(np.mean(after - before)) < 0)
    lit, dark = (before, after) if date else (after, before)
    explained = share_explained(lit, dark, _light_left(views, date), _whitening(patch, views))
    if explained <= 0.5:  # noqa: PLR2004 - most of it
        return None
    way = way_to_thrower(core, patch.window, views.snow, views.reach_px[date])
    return None if way is None else swept(shape, way, views.grid)


def _light_left(views: Views, date: int) -> Floats:
    """Share of light that shade leaves on a date, (band,): of shadows that moved, or the prior where too few did."""
    left = views.light_left[date]
    if left is None:
        left = np.asarray([SKY_SHARE.get(name, SKY_SHARE["nir"]) for name in views.names], np.float32)
    return left


def _traits(patch: Patch, shape: Shape, views: Views) -> dict[str, float]:
    """Measure what the second stage weighs; nothing of an area of cover, and where it has no say."""
    if views.around is None or patch.area:
        return {}
    return measure(patch, shape, views.around, as_shade=_share_shaded(patch, views))


def _share_shaded(patch: Patch, views: Views) -> float:
    """Share of a patch's difference that shade explains, as far as something standing can have thrown it."""
    core = core_of(patch, views.magnitude)
    before, after = (image[:, *patch.window][:, core] for image in views.brightness)
    dark_after = float(np.mean(after - before)) < 0
    left = _light_left(views, int(dark_after))
    lit, dark = (before, after) if dark_after else (after, before)
    explained = max(share_explained(lit, dark, left, _whitening(patch, views)), 0.0)
    if views.reach_px is None:
        return explained
    ways = views.reach_px[::-1] if dark_after else views.reach_px
    images = views.brightness[::-1] if dark_after else views.brightness
    return explained * (1 - share_without_caster(core, patch.window, *images, ways))


def _is_train(patch: Patch, views: Views) -> bool:
    """Whether a patch stands out of its track along most of it, as far as candidates for trains do."""
    scale = views.train
    if scale is None or scale.candidate is None:
        return False
    return bool(np.median(scale.strength[patch.window][patch.mask]) >= scale.candidate)


def _stands_alone(patch: Patch, views: Views, date: int) -> bool:
    """Whether nothing standing can have shaded most of a patch that is dark on a date (0 before, 1 after)."""
    if views.reach_px is None:
        return False
    dark, lit = views.brightness[date], views.brightness[1 - date]
    reach = (views.reach_px[date], views.reach_px[1 - date])
    return share_without_caster(patch.mask, patch.window, dark, lit, reach) > 0.5  # noqa: PLR2004 - a majority


def _is_too_broad(patch: Patch, views: Views, date: int) -> bool:
    """Whether most of a patch that is dark on a date is, with the shade beside it, broader than shadows moved."""
    if views.reach_px is None:
        return False
    share = share_too_broad(patch.mask, patch.window, views.shade_of[date], views.reach_px)
    return share > 0.5  # noqa: PLR2004 - a majority


def _on_water(patch: Patch, views: Views) -> bool | None:
    """Whether most of the patch was open water on a date or both; None where that is not known."""
    if views.water is None:
        return None
    before, after = (water[patch.window][patch.mask] for water in views.water)
    return bool(np.mean(before | after) > 0.5)  # noqa: PLR2004 - majority


def _whitening(patch: Patch, views: Views) -> NDArray[np.float64]:
    """Whitening of the class of ground that most of a patch lies on."""
    classes, counts = np.unique(views.surface[patch.window][patch.mask], return_counts=True)
    for s in classes[np.argsort(-counts)]:
        if int(s) in views.whitening:
            return views.whitening[int(s)]
    return np.eye(len(views.names))


def _look(patch: Patch, views: Views, direction: Direction) -> tuple[str | None, bool]:
    """Colour of the object against the ground beneath it on the other date, and whether it is dark and colourless.

    ``changed`` has no empty date: the colour is that of the later image and the ground that of the earlier.
    """
    bare, filled = views.brightness if direction != Direction.DISAPPEARED else views.brightness[::-1]
    # The patch reaches down the flanks of a strong object onto bare ground; its colour is that of its core.
    size = views.magnitude[patch.window]
    core = patch.mask & (size >= 0.5 * np.percentile(size[patch.mask], 80))
    means = [
        {n: float(np.median(image[i][patch.window][core])) for i, n in enumerate(views.names)}
        for image in (filled, bare)
    ]
    if _on_water(patch, views):
        # Whether a ship is light or dark is not to be judged against black water.
        means[1] = views.bright_ground
    colour = name_colour(*means)
    return colour, colour == "dark"


def _is_cut(patch: Patch, seen: NDArray[np.bool_]) -> bool:
    """Whether a patch touches what was not seen."""
    rows, cols = patch.window
    touching = ndimage.binary_dilation(patch.mask, iterations=2)
    at_edge = rows.start == 0 and patch.mask[:2].any()
    at_edge |= cols.start == 0 and patch.mask[:, :2].any()
    at_edge |= rows.stop == seen.shape[0] and patch.mask[-2:].any()
    at_edge |= cols.stop == seen.shape[1] and patch.mask[:, -2:].any()
    return bool(at_edge or (~seen[patch.window][touching]).any())
