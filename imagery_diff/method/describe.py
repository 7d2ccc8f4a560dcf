"""A patch of changed pixels -> what is said of it: direction, outline, ground, colour, class and the reasons."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from imagery_diff.method import hulls
from imagery_diff.method.activity import Activity, Candidate, Classed, basis_of, classify, most_coloured, name_colour
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
)
from imagery_diff.method.rests import is_along_shade, is_rest, is_strip, share_shaded, thrower
from imagery_diff.method.traits import measure
from imagery_diff.method.views import on_water, whitening_of
from imagery_diff.method.zones import share_on, zone_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from imagery_diff.aoi import AOI, Zone
    from imagery_diff.method.measure import Measure
    from imagery_diff.method.silhouette import Fitted, Silhouette
    from imagery_diff.method.views import Views

    Floats = NDArray[np.float32]


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
_LEAST_INNER_PX = 6
"""Pixels without the rim, which is mixed with the ground, from which a colour is taken."""
_NO_SHIP = 1 / 3
"""Where more than this of a thing on water can be no ship and lies along no shade, it is a jetty, boom or shore."""
_BY_SHADOW = "seen by its shadow alone, itself as white as the snow or hidden by it: drawn as broad towards the sun"


@dataclass(frozen=True, kw_only=True)
class Placed:
    """How large a patch is and where: what most of what is drawn is left out by, too small or in no zone."""

    judged: Shape
    zone: Zone | None
    zone_shares: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Found:
    """A patch with what says whether it is told, and not yet what is said of it."""

    patch: Patch
    placed: Placed
    shape: Shape
    """As :class:`Described` has it."""
    traits: dict[str, float]

    @property
    def strength(self) -> float:
        """Of the patch."""
        return self.patch.strength


@dataclass(frozen=True, kw_only=True)
class Described:
    """What is said of a patch."""

    shape: Shape
    judged: Shape
    """What was found, by which it is placed, classed and told; ``shape`` may be drawn larger than that."""
    direction: Direction
    activity: Activity
    why: tuple[str, ...]
    """What was seen; reasons for the class are added with it (:mod:`imagery_diff.pair_classes`)."""
    rules: tuple[str, ...]
    """Why the rules call it what they call it."""
    colour: str | None
    zone: Zone | None
    zone_shares: dict[str, float]
    cut: bool
    """It touches ground that was not seen, or the edge of the grid."""
    strength: float
    area: bool = False
    """An area of the map's own score, and no thing."""
    traits: dict[str, float] = field(default_factory=dict)
    """What the second stage weighs; empty for an area of cover, and where it has no say."""
    fits: dict[Silhouette, Fitted] = field(default_factory=dict, repr=False)
    """Silhouettes that were fitted to it."""
    measure: Measure | None = None
    """How large it is; measured of what is told."""
    patch: Patch | None = field(default=None, repr=False)
    """What it was drawn from."""
    classed: Classed = field(default_factory=Classed)
    """What its class rests on, and how it relates to others; as if nothing were known where no table holds."""


def ships_in(patch: Patch, views: Views) -> list[Patch]:
    """Cut what lies on water and is too slender for a ship into the ships in it; all else stays as it is."""
    if patch.area or views.radar is not None or views.grid.crs is None or not on_water(patch, views):
        return [patch]
    shape = _outline(patch, views)
    if shape is None or not hulls.too_slender(shape.length_m, shape.area_m2) or is_rest(patch, shape, views):
        return [patch]
    size = _difference(patch, views)
    level = half_height(patch, np.where(patch.mask, size, 0.0), _WEAKER_PART)
    pieces = hulls.cut(patch, size, level, views.grid.pixel_size_m[0])
    left = replace(patch, mask=patch.mask & ~np.logical_or.reduce([piece.mask for piece in pieces]))
    if np.sum(size[left.mask]) > _NO_SHIP * np.sum(size[patch.mask]) and not is_along_shade(left, views):
        return [patch]
    return [piece for piece in pieces if piece is patch or not is_strip(piece, views)]


def describe(patch: Patch, views: Views, aoi: AOI | None) -> Described | None:
    """Measure, place and class a patch; None if nothing is left of it at half height."""
    found = find(patch, views, aoi)
    return None if found is None else say(found, views, aoi)


def find(
    patch: Patch, views: Views, aoi: AOI | None, *, asked: Callable[[Placed], bool] = lambda _: True
) -> Found | None:
    """Measure and place a patch, and weigh what tells it from what unchanged ground leaves over.

    Parameters
    ----------
    patch, views, aoi
        The patch, the pair, and the zones.
    asked
        Whether a thing of that size in that place is looked at further.

    Returns
    -------
    None if nothing is left of it at half height, if it is not asked for, or if it is what shade or weather left.

    """
    shape = _outline(patch, views)
    if shape is None:
        return None
    zone, shares = zone_of(shape.outline, aoi) if aoi else (None, {})
    placed = Placed(judged=shape, zone=zone, zone_shares=shares)
    if not asked(placed) or (not patch.area and is_rest(patch, shape, views)) or _is_weather(patch, views):
        return None
    return Found(
        patch=patch,
        placed=placed,
        shape=thrower(patch, shape, views) or shape,
        traits=_traits(patch, shape, views),
    )


def say(found: Found, views: Views, aoi: AOI | None) -> Described:
    """Say when it stood there, of what colour and of which class it is."""
    patch, placed = found.patch, found.placed
    shape, zone, shares = placed.judged, placed.zone, placed.zone_shares
    direction = _direction(patch, shape, views)
    casting = found.shape is not shape
    colour, dark, basis = (None, False, "") if casting else _look(patch, views, direction)
    activity, rules = classify(
        Candidate(
            on_water=on_water(patch, views),
            zone_kind="stockpile" if share_on("stockpile", shares, aoi) >= 0.5 else zone.kind if zone else None,  # noqa: PLR2004
            near_rail=aoi is not None and any(z.kind == "rail" and z.name in shares for z in aoi.zones),
            length_m=shape.length_m,
            width_m=shape.width_m,
            mean_width_m=shape.area_m2 / max(shape.length_m, 1e-6),
            both_dates=direction == Direction.CHANGED,
            dark=dark,
        )
    )
    return Described(
        shape=found.shape,
        judged=shape,
        direction=direction,
        activity=activity,
        why=(
            f"differs by {patch.strength:.0f} times the scatter (standard deviation) of unchanged ground of its kind",
            *((_BY_SHADOW,) if casting else ()),
            *_echo(patch, views),
            *((basis,) if basis else ()),
        ),
        rules=rules,
        colour=colour,
        zone=zone,
        zone_shares=shares,
        cut=_is_cut(patch, views.seen),
        strength=patch.strength,
        area=patch.area,
        traits=found.traits,
        patch=patch,
    )


def _outline(patch: Patch, views: Views) -> Shape | None:
    """Draw a patch at half of its own difference; in radar, whose patches speckle frays, at the level of the scene."""
    if patch.area and views.cover is not None:
        return outline_at(patch, views.cover, 1.0, views.grid)
    if views.radar is None:
        if on_water(patch, views):
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
    whitening = whitening_of(patch, views)
    if views.radar is not None:
        return direction_of_bright(patch, views.brightness, whitening, views.quiet)
    if is_line(shape, views.grid) and not on_water(patch, views):
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


def _traits(patch: Patch, shape: Shape, views: Views) -> dict[str, float]:
    """Measure what the second stage weighs; nothing of an area of cover, and where it has no say."""
    if views.around is None or patch.area:
        return {}
    return measure(patch, shape, views.around, as_shade=share_shaded(patch, views))


def _look(patch: Patch, views: Views, direction: Direction) -> tuple[str | None, bool, str]:
    """Colour of the object against the ground beneath it on the other date, whether it is dark, and the colour's basis.

    ``changed`` has no empty date: the colour is that of the later image and the ground that of the earlier.
    """
    bare, filled = views.brightness if direction != Direction.DISAPPEARED else views.brightness[::-1]
    # The patch reaches down the flanks of a strong object onto bare ground; its colour is that of its core.
    size = views.magnitude[patch.window]
    core = patch.mask & (size >= 0.5 * np.percentile(size[patch.mask], 80))
    inner = ndimage.binary_erosion(core, np.ones((3, 3), bool))
    core = inner if np.count_nonzero(inner) >= _LEAST_INNER_PX else core
    own, ground = (
        {n: float(np.median(image[i][patch.window][core])) for i, n in enumerate(views.names)}
        for image in (filled, bare)
    )
    afloat = on_water(patch, views)
    if afloat:
        # Whether a ship is light or dark is not to be judged against black water.
        ground = views.bright_ground
    colour = name_colour(own, ground)
    if afloat and colour in {"grey", "white"}:
        # On the whole a ship is of many colours; a deck of one hue is named.
        deck = most_coloured({n: filled[i][patch.window][core] for i, n in enumerate(views.names)})
        hue = name_colour(deck, ground)
        own, colour = (deck, hue) if hue in {"red", "green", "blue"} else (own, colour)
    basis = f"{colour}: {basis_of(own, ground)}" if colour else ""
    return colour, colour == "dark", basis


def _is_cut(patch: Patch, seen: NDArray[np.bool_]) -> bool:
    """Whether a patch touches what was not seen."""
    rows, cols = patch.window
    touching = ndimage.binary_dilation(patch.mask, iterations=2)
    at_edge = rows.start == 0 and patch.mask[:2].any()
    at_edge |= cols.start == 0 and patch.mask[:, :2].any()
    at_edge |= rows.stop == seen.shape[0] and patch.mask[-2:].any()
    at_edge |= cols.stop == seen.shape[1] and patch.mask[:, -2:].any()
    return bool(at_edge or (~seen[patch.window][touching]).any())
